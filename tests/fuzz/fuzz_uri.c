/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a URI: what is accepted has parts that stand in it, in order, with nothing that could end a
 * line.
 */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "http/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *check_part(struct str part, struct str text, const char *from)
{
	if (part.len == 0)
		return from;
	CHECK(part.ptr >= from && part.ptr + part.len <= text.ptr + text.len);
	for (size_t i = 0; i < part.len; i++)
		CHECK((unsigned char)part.ptr[i] > 0x20 && part.ptr[i] != 0x7f);
	return part.ptr + part.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct uri u;
	struct error e = { 0 };
	if (!uri_parse(&u, text, &e)) {
		CHECK(e.text[0]);
		return 0;
	}
	const char *at = check_part(u.scheme, text, text.ptr);
	check_part(u.host, u.authority, u.authority.ptr);
	at = check_part(u.authority, text, at);
	at = check_part(u.path, text, at);
	check_part(u.query, text, at);
	check_part(uri_path_and_query(text), text, text.ptr);
	CHECK(u.port <= 65535 && (u.scheme.len == 0 || u.host.len > 0));
	CHECK(u.authority.len == 0 || uri_authority_valid(u.authority));
	struct uri again = uri_split(text);
	CHECK(str_eq(again.host, u.host) && again.port == u.port && str_eq(again.path, u.path) &&
	      str_eq(again.query, u.query));
	return 0;
}
