/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates of HTTP headers (RFC 9110, 5.6.7): the fixed form, and the two old ones that must still be read,
 * "Sunday, 06-Nov-94 08:49:37 GMT" and "Sun Nov  6 08:49:37 1994". Names compare without case; everything
 * else is strict.
 */
#ifndef HTTP_HTTP_DATE_H
#define HTTP_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Seconds since 1970 UTC, which may be negative. `now_s` is for a year of two digits: one that looks more
 * than 50 years ahead is the last past one. False: it is no date.
 */
must_use bool http_date_parse(struct str text, int64_t now_s, int64_t *out);

#endif
