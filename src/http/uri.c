/* SPDX-License-Identifier: Apache-2.0 */
#include "http/uri.h"

enum { SCHEME_BYTES_MAX = 64 };

/*
 * Where a byte may stand, by ASCII code: 'a' everywhere, letters and digits; 'h' host, path and query; 's'
 * those and a scheme; 'b' path and query; 'p' path alone; 'q' query alone.
 */
static const char uses[] = "                                "
			   " hp hbhhhhhshssbaaaaaaaaaabh h q"
			   "baaaaaaaaaaaaaaaaaaaaaaaaaabbbbh"
			   "qaaaaaaaaaaaaaaaaaaaaaaaaaabbbh ";

static char use_of(char c)
{
	unsigned char u = (unsigned char)c;
	return u >= 0x80 ? ' ' : uses[u];
}

static bool scheme_valid(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char use = use_of(s.ptr[i]);
		if (use != 'a' && (use != 's' || i == 0))
			return false;
	}
	return s.len > 0 && s.len <= SCHEME_BYTES_MAX;
}

static bool bytes_valid(struct str s, char own)
{
	bool ascii = true;
	for (size_t i = 0; i < s.len; i++) {
		char use = use_of(s.ptr[i]);
		if ((unsigned char)s.ptr[i] >= 0x80)
			ascii = false;
		else if (use == ' ' || ((use == 'p' || use == 'q') && use != own))
			return false;
	}
	return ascii || str_is_utf8(s);
}

static bool host_valid(struct str host, bool bracketed)
{
	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i], use = use_of(c);
		if (use != 'a' && use != 'h' && use != 's' && !(bracketed && (c == ':' || c == '%')))
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
		return FAIL(e, INVALID, "the host '" STR_FMT "' is no host name or address",
			    STR_ARG(u->host));
	if (port.len && !str_to_u64(port, UINT16_MAX, &number))
		return FAIL(e, INVALID, "the port '" STR_FMT "' is no number up to 65535", STR_ARG(port));
	u->port = port.len ? (uint32_t)number : 0;
	return true;
}

bool uri_authority_valid(struct str authority)
{
	struct uri u = { .authority = authority };
	struct error ignored;
	return parse_authority(&u, &ignored);
}

/* The first of the bytes, or the length. */
static size_t find_any(struct str s, const char *bytes)
{
	for (size_t i = 0; i < s.len; i++) {
		for (const char *b = bytes; *b; b++) {
			if (s.ptr[i] == *b)
				return i;
		}
	}
	return s.len;
}

/* Where "://" begins; only a scheme may stand before it. STR_NONE when there is none. */
static size_t scheme_end(struct str text)
{
	size_t colon = find_any(text, ":/?#");
	return str_starts(str_sub(text, colon, text.len), STR("://")) ? colon : STR_NONE;
}

/* Cuts the text into parts without looking into them. */
static void cut(struct uri *u, struct str text)
{
	*u = (struct uri){ 0 };
	if (text.len && *text.ptr != '/' && *text.ptr != '*') {
		size_t scheme = scheme_end(text);
		if (scheme != STR_NONE) {
			u->scheme = str_sub(text, 0, scheme);
			text = str_sub(text, scheme + 3, text.len);
		}
		size_t end = find_any(text, "/?#");
		u->authority = str_sub(text, 0, end);
		text = str_sub(text, end, text.len);
	}
	text = str_sub(text, 0, str_find_char(text, '#'));
	size_t query = str_find_char(text, '?');
	u->path = str_sub(text, 0, query);
	if (query != STR_NONE) {
		u->has_query = true;
		u->query = str_sub(text, query + 1, text.len);
	}
}

struct uri uri_split(struct str text)
{
	struct uri u;
	struct error ignored;
	cut(&u, text);
	if (u.authority.len && !parse_authority(&u, &ignored))
		u.host = STR("");
	return u;
}

struct str uri_path_and_query(struct str text)
{
	struct uri u;
	cut(&u, text);
	if (u.path.len == 0)
		return u.has_query ? (struct str){ u.query.ptr - 1, u.query.len + 1 } : u.path;
	return (struct str){ u.path.ptr, u.path.len + (u.has_query ? 1 + u.query.len : 0) };
}

bool uri_parse(struct uri *out, struct str text, struct error *e)
{
	cut(out, text);
	if (text.len == 0)
		return FAIL(e, INVALID, "the URI is empty");
	if (text.len > URI_BYTES_MAX)
		return FAIL(e, LIMIT, "the URI is longer than %d bytes", URI_BYTES_MAX);
	if (out->scheme.len && !scheme_valid(out->scheme))
		return FAIL(e, INVALID, "the scheme '" STR_FMT "' is no scheme", STR_ARG(out->scheme));
	if (!bytes_valid(out->path, 'p'))
		return FAIL(e, INVALID, "the path has a byte that must be percent-encoded");
	if (!bytes_valid(out->query, 'q'))
		return FAIL(e, INVALID, "the query has a byte that must be percent-encoded");
	if (*text.ptr == '/' || str_eq(text, STR("*")))
		return true;
	if (out->scheme.len == 0 && (out->path.len || out->has_query))
		return FAIL(e, INVALID, "a URI starts with a scheme (https://…) or with a '/'");
	return parse_authority(out, e);
}
