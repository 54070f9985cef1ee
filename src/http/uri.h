/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URIs as HTTP uses them (RFC 9110, 4; RFC 3986): absolute ("http://host:80/path?query"), in origin form
 * ("/path?query"), an authority alone ("host:80"), or "*". Parts are borrowed from the text; nothing is
 * allocated or decoded.
 *
 * Which bytes path and query may hold is what clients send and Rust's http::Uri takes: beside RFC 3986's also
 * " { } | \ ^ [ ] in a path, { } | \ ^ [ ] ` in a query, and UTF-8 in both. Never controls, spaces, < or >.
 */
#ifndef HTTP_URI_H
#define HTTP_URI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

enum { URI_BYTES_MAX = 65534 };

struct uri {
	struct str scheme;    /* empty unless absolute */
	struct str authority; /* host[:port]; an IPv6 host in brackets */
	struct str host;      /* without brackets */
	uint32_t port;        /* 0: none given */
	struct str path;      /* may be empty */
	struct str query;     /* without the '?' */
	bool has_query;
};

/* Errors say which part is wrong. A fragment is dropped; user names are refused. */
must_use bool uri_parse(struct uri *out, struct str text, struct error *e);

/* The parts of a text that uri_parse() has accepted before. */
struct uri uri_split(struct str text);

/* What goes into a request line: path and query as they stand in the text, which uri_parse() has accepted.
 * Empty or without a '/' at its begin when the text is so. */
struct str uri_path_and_query(struct str text);

/* Is it host[:port], as a Host header has it? */
bool uri_authority_valid(struct str authority);

#endif
