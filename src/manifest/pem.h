/* SPDX-License-Identifier: Apache-2.0 */
/* Whether certificates and keys in PEM are what they should be. */
#ifndef MANIFEST_PEM_H
#define MANIFEST_PEM_H

#include "base/error.h"
#include "base/str.h"

/* Certificates in a PEM text; an error when there are none or one cannot be parsed. The text says why,
 * without a place. */
must_use bool pem_check_certificates(struct str pem, struct error *e);
/* The one private key of the texts belongs to the first certificate of `chain`. */
must_use bool pem_check_pair(struct str chain, struct str key, struct error *e);

#endif
