/* SPDX-License-Identifier: Apache-2.0 */
#include "world/backend.h"

#include "base/mem.h"
#include "http/uri.h"
#include "world/ip.h"

static void backend_destroy(struct rc *r)
{
	struct backend *b = (struct backend *)r;
	backend_unref(&b->like);
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

struct backend *backend_new_like(struct backend *like)
{
	struct backend *b = NEW(struct backend);
	*b = *like;
	rc_init(&b->rc, backend_destroy);
	arena_init(&b->arena);
	b->like = backend_ref(like);
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

static bool has_scheme(struct str url, struct str scheme)
{
	return str_eq_nocase(str_sub(url, 0, scheme.len), scheme);
}

bool backend_set_url(struct backend *b, struct str url, struct error *e)
{
	struct uri u;
	uint8_t ip[16], ip_len;
	bool tls = has_scheme(url, STR("https://")) || has_scheme(url, STR("wss://"));
	if (!tls && !has_scheme(url, STR("http://")) && !has_scheme(url, STR("ws://")))
		return FAIL(e, INVALID, "it does not begin with http:// or https://");
	if (!uri_parse(&u, url, e))
		return false;
	if (u.has_query || str_find_char(url, '#') != STR_NONE)
		return FAIL(e, INVALID, "it holds a query or a fragment; a backend's URL ends with its path");
	if (str_starts(u.authority, STR("[")) && (!ip_parse(u.host, ip, &ip_len) || ip_len != 16))
		return FAIL(e, INVALID, "'" STR_FMT "' is not an IPv6 address", STR_ARG(u.host));
	if (str_ends(u.authority, STR(":0")))
		return FAIL(e, INVALID, "nothing can be sent to port 0");
	while (str_ends(u.path, STR("/")))
		u.path.len--;
	b->target.scheme = tls ? STR("https") : STR("http");
	b->target.host = arena_str(&b->arena, u.host);
	b->target.port = (uint16_t)(u.port ? u.port : tls ? 443 : 80);
	b->path_prefix = arena_str(&b->arena, u.path);
	return true;
}
