/* SPDX-License-Identifier: Apache-2.0 */
#include "http/uri.h"

#include <string.h>

static bool is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool scheme_valid(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (!is_alnum(c) && (i == 0 || (c != '+' && c != '-' && c != '.')))
			return false;
	}
	return s.len > 0 && s.len <= 64;
}

/* What may stand unencoded in a path or query; '"', '{' and '}' should not, but clients send them. */
static bool path_byte_valid(unsigned char c, bool query)
{
	if (c >= 0x80)
		return true;
	if (c <= 0x20 || c == 0x7f || c == '#')
		return false;
	return query || (c != '<' && c != '>' && c != '`');
}

static bool bytes_valid(struct str s, bool query)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!path_byte_valid((unsigned char)s.ptr[i], query))
			return false;
	}
	return true;
}

static bool host_valid(struct str host, bool bracketed)
{
	for (size_t i = 0; i < host.len; i++) {
		unsigned char c = (unsigned char)host.ptr[i];
		if (is_alnum(c) || (c && strchr("-._~!$&'()*+,;=%", c)))
			continue;
		if (!bracketed || c != ':')
			return false;
	}
	return host.len > 0;
}

static bool parse_authority(struct uri *u, struct error *e)
{
	struct str rest = u->authority, port = STR("");
	uint64_t number;
	bool bracketed = str_starts(rest, STR("["));
	if (str_find_char(rest, '@') != STR_NONE)
		return FAIL(e, INVALID, "a user name in a URI is not allowed");
	if (bracketed) {
		size_t end = str_find_char(rest, ']');
		if (end == STR_NONE)
			return FAIL(e, INVALID, "the host has no closing bracket");
		u->host = str_sub(rest, 1, end - 1);
		rest = str_sub(rest, end + 1, rest.len);
		if (rest.len && *rest.ptr != ':')
			return FAIL(e, INVALID, "something stands behind the host's bracket");
		port = str_sub(rest, 1, rest.len);
	} else {
		size_t colon = str_find_char(rest, ':');
		u->host = str_sub(rest, 0, colon);
		port = colon == STR_NONE ? STR("") : str_sub(rest, colon + 1, rest.len);
	}
	if (!host_valid(u->host, bracketed))
		return FAIL(e, INVALID, "the host '" STR_FMT "' is no host name or address", STR_ARG(u->host));
	if (port.len && !str_to_u64(port, 65535, &number))
		return FAIL(e, INVALID, "the port '" STR_FMT "' is no number up to 65535", STR_ARG(port));
	u->port = port.len ? (uint32_t)number : 0;
	return true;
}

/* Cuts the text into parts without looking into them. */
static void cut(struct uri *u, struct str text)
{
	*u = (struct uri){ 0 };
	text = str_sub(text, 0, str_find_char(text, '#'));
	size_t query = str_find_char(text, '?');
	if (query != STR_NONE) {
		u->has_query = true;
		u->query = str_sub(text, query + 1, text.len);
		text = str_sub(text, 0, query);
	}
	size_t scheme = str_find(text, STR("://"));
	if (scheme != STR_NONE && scheme > 0 && *text.ptr != '/') {
		u->scheme = str_sub(text, 0, scheme);
		text = str_sub(text, scheme + 3, text.len);
		size_t slash = str_find_char(text, '/');
		u->authority = str_sub(text, 0, slash);
		text = slash == STR_NONE ? str_sub(text, text.len, 0) : str_sub(text, slash, text.len);
	}
	u->path = text;
}

struct uri uri_split(struct str text)
{
	struct uri u;
	struct error ignored;
	cut(&u, text);
	if (u.scheme.len && !parse_authority(&u, &ignored))
		u.host = STR("");
	return u;
}

bool uri_parse(struct uri *out, struct str text, struct error *e)
{
	cut(out, text);
	if (text.len == 0)
		return FAIL(e, INVALID, "the URI is empty");
	if (out->scheme.len && !scheme_valid(out->scheme))
		return FAIL(e, INVALID, "the scheme '" STR_FMT "' is no scheme", STR_ARG(out->scheme));
	if (!bytes_valid(out->path, false))
		return FAIL(e, INVALID, "the path has a byte that must be percent-encoded");
	if (!bytes_valid(out->query, true))
		return FAIL(e, INVALID, "the query has a byte that must be percent-encoded");
	if (out->scheme.len)
		return parse_authority(out, e);
	if (str_eq(out->path, STR("*")) || str_starts(out->path, STR("/")))
		return true;
	return FAIL(e, INVALID, "a URI starts with a scheme (https://…) or with a '/'");
}
