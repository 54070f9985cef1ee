/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP header fields in the order and the case in which they came; names compare without case (RFC
 * 9110, 5.1). The same struct holds trailers. Memory comes from the arena that each changing call names: the
 * message's.
 */
#ifndef HTTP_HEADERS_H
#define HTTP_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

struct header {
	struct str name, value;
};

struct headers {
	struct header *at;
	size_t count, cap;
};

/* The first value of that name; ptr NULL when there is none (an empty value has a ptr). */
struct str headers_get(const struct headers *h, struct str name);
bool headers_has(const struct headers *h, struct str name);

/* The next field of that name at or after index `*from`, which is moved behind it; NULL at the end. Start
 * with 0. */
const struct header *headers_next(const struct headers *h, struct str name, size_t *from);

/* Adds a field at the end. Name and value are copied into the arena. */
void headers_add(struct headers *h, struct arena *a, struct str name, struct str value);
/* The same without copying: the bytes must live as long as the arena. */
void headers_add_borrowed(struct headers *h, struct arena *a, struct str name, struct str value);
/* Replaces all fields of that name by one, which stands where the first of them stood, else at the end. */
void headers_set(struct headers *h, struct arena *a, struct str name, struct str value);
/* How many fields of that name there were. */
size_t headers_remove(struct headers *h, struct str name);
/* A copy in `a`, bytes included. */
struct headers headers_copy(const struct headers *h, struct arena *a);

/* Bytes on the wire in HTTP/1: "name: value\r\n" each. */
size_t headers_bytes(const struct headers *h);

bool header_name_valid(struct str name);   /* a token: RFC 9110, 5.6.2 */
bool header_value_valid(struct str value); /* no control characters but tab: RFC 9110, 5.5 */

/* Is `token` one of the comma-separated elements of any field of that name? Without case; `Connection: a,
 * close`. */
bool headers_list_has(const struct headers *h, struct str name, struct str token);

#endif
