/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URIs as HTTP uses them (RFC 9110, 4; RFC 3986): absolute ("http://host:80/path?query"), in origin form ("/path?query"),
 * or "*". Parts are borrowed from the text. As lenient about raw bytes in path and query as servers in the field are.
 */
#ifndef HTTP_URI_H
#define HTTP_URI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

struct uri {
	struct str scheme;    /* empty in origin form */
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

#endif
