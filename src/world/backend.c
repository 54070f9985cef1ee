/* SPDX-License-Identifier: Apache-2.0 */
#include "world/backend.h"

#include "base/mem.h"
#include "world/ip.h"

static void backend_destroy(struct rc *r)
{
	struct backend *b = (struct backend *)r;
	arena_fini(&b->arena);
	mem_free(b);
}

struct backend *backend_new(struct str name)
{
	struct backend *b = NEW(struct backend);
	rc_init(&b->rc, backend_destroy);
	arena_init(&b->arena);
	b->name = arena_str(&b->arena, name);
	b->target.use_sni = true;
	b->target.tls_min = b->target.tls_max = TLS_ANY;
	b->connect_timeout_ms = b->first_byte_timeout_ms = b->between_bytes_timeout_ms = -1;
	b->keepalive_time_ms = b->tcp_keepalive_interval_s = b->tcp_keepalive_probes =
		b->tcp_keepalive_time_s = -1;
	b->tcp_keepalive_enable = -1;
	return b;
}

struct backend *backend_ref(struct backend *b)
{
	rc_ref(&b->rc);
	return b;
}

void backend_unref(struct backend **pb)
{
	struct backend *b = take(*pb);
	if (b)
		rc_unref(&b->rc);
}

/* ---- the URL ---- */

static bool host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '.' || c == '_';
}

static bool host_valid(struct str host)
{
	for (size_t i = 0; i < host.len; i++) {
		if (!host_char(host.ptr[i]))
			return false;
	}
	return host.len > 0 && host.len <= 253;
}

/* Takes the host off the front of `*rest`; what is left is empty or begins with ':'. */
static bool split_host(struct str *rest, struct str *host, struct error *e)
{
	uint8_t ip[16], ip_len;
	if (str_starts(*rest, STR("["))) {
		size_t end = str_find_char(*rest, ']');
		*host = str_sub(*rest, 1, end == STR_NONE ? 0 : end - 1);
		if (!ip_parse(*host, ip, &ip_len) || ip_len != 16)
			return FAIL(e, INVALID, "'" STR_FMT "' is not an IPv6 address in brackets",
				    STR_ARG(*rest));
		*rest = str_sub(*rest, end + 1, rest->len);
		return true;
	}
	size_t end = str_find_char(*rest, ':');
	*host = str_sub(*rest, 0, end);
	if (!host_valid(*host))
		return FAIL(e, INVALID,
			    host->len ? "'" STR_FMT "' is not a host name" : "there is no host name in it",
			    STR_ARG(*host));
	*rest = str_sub(*rest, end, rest->len);
	return true;
}

static bool set_authority(struct backend *b, struct str authority, struct error *e)
{
	struct str host;
	uint64_t port = str_eq(b->target.scheme, STR("https")) ? 443 : 80;
	if (str_find_char(authority, '@') != STR_NONE)
		return FAIL(e, INVALID, "it holds a user name; send an Authorization header instead");
	if (!split_host(&authority, &host, e))
		return false;
	if (authority.len > 1 &&
	    (*authority.ptr != ':' || !str_to_u64(str_sub(authority, 1, authority.len), 65535, &port)))
		return FAIL(e, INVALID, "'" STR_FMT "' is not a port; write a number from 1 to 65535",
			    STR_ARG(str_sub(authority, 1, authority.len)));
	if (port == 0)
		return FAIL(e, INVALID, "port 0 cannot be connected to; write a number from 1 to 65535");
	b->target.host = arena_str(&b->arena, host);
	b->target.port = (uint16_t)port;
	return true;
}

static bool set_prefix(struct backend *b, struct str path, struct error *e)
{
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.ptr[i];
		if (c <= ' ' || c >= 0x7f)
			return FAIL(e, INVALID,
				    "its path holds a blank, a control character or one that is not ASCII; "
				    "write %%XX for each such byte");
		if (c == '?' || c == '#')
			return FAIL(e, INVALID, "it holds a '%c'; a backend's URL ends with its path", c);
	}
	while (str_ends(path, STR("/")))
		path.len--;
	b->path_prefix = arena_str(&b->arena, path);
	return true;
}

bool backend_set_url(struct backend *b, struct str url, struct error *e)
{
	size_t colon = str_find(url, STR("://"));
	struct str scheme = str_sub(url, 0, colon == STR_NONE ? 0 : colon);
	bool tls = str_eq_nocase(scheme, STR("https"));
	if (!tls && !str_eq_nocase(scheme, STR("http")))
		return FAIL(e, INVALID, "it does not begin with http:// or https://");
	struct str rest = str_sub(url, colon + 3, url.len);
	size_t authority_len = 0;
	while (authority_len < rest.len && rest.ptr[authority_len] != '/' && rest.ptr[authority_len] != '?' &&
	       rest.ptr[authority_len] != '#')
		authority_len++;
	b->target.scheme = tls ? STR("https") : STR("http");
	return set_authority(b, str_sub(rest, 0, authority_len), e) &&
	       set_prefix(b, str_sub(rest, authority_len, rest.len), e);
}
