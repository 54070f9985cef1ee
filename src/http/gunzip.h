/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding gzip (RFC 1952) as it streams. */
#ifndef HTTP_GUNZIP_H
#define HTTP_GUNZIP_H

#include "http/body.h"

/*
 * A body that holds what `src` holds, decoded, no faster than it is read. Takes the reference to `src`. Bad
 * data fails it with BODY_FAILURE_PROTOCOL, a stream that ends too early with BODY_FAILURE_INCOMPLETE;
 * several gzip members in a row are one stream. Trailers go along.
 */
must_use struct body *body_gunzip(struct body *src);

#endif
