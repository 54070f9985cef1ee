/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certificate for development: for localhost, names below it, 127.0.0.1 and ::1, signed by an authority
 * that is made along with it and whose key is forgotten at once, so that whoever trusts the authority trusts
 * this one certificate and nothing else for ever.
 */
#ifndef NET_DEV_CERTIFICATE_H
#define NET_DEV_CERTIFICATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum { DEV_CERTIFICATE_DAYS = 397 }; /* longer, and browsers would not take it */

/*
 * Good from an hour before `now_s` (since 1970) on. `pem` gets key, certificate and authority,
 * `authority_pem` the last alone.
 */
must_use bool dev_certificate_make(struct buf *pem, struct buf *authority_pem, uint64_t now_s,
				   struct error *e);

#endif
