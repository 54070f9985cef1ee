/* SPDX-License-Identifier: Apache-2.0 */
/* [local_server.backends.NAME] */
#include "manifest/fastly_toml_priv.h"

enum {
	KEY_URL,
	KEY_OVERRIDE_HOST,
	KEY_CERT_HOST,
	KEY_USE_SNI,
	KEY_GRPC,
	KEY_FIRST_BYTE,
	KEY_BETWEEN_BYTES,
	KEY_HEALTH,
	KEY_CA,
	KEY_CLIENT_CERTIFICATE,
	KEYS_COUNT
};

static const struct key keys[KEYS_COUNT] = {
	[KEY_URL] = { STR_INIT("url"), TOML_STRING, KEY_REQUIRED | KEY_NOT_EMPTY,
		      "url = \"http://127.0.0.1:8080\"" },
	[KEY_OVERRIDE_HOST] = { STR_INIT("override_host"), TOML_STRING, KEY_NOT_EMPTY,
				"override_host = \"example.com\"" },
	[KEY_CERT_HOST] = { STR_INIT("cert_host"), TOML_STRING, KEY_NOT_EMPTY,
			    "cert_host = \"example.com\"" },
	[KEY_USE_SNI] = { STR_INIT("use_sni"), TOML_BOOL, 0, "use_sni = true" },
	[KEY_GRPC] = { STR_INIT("grpc"), TOML_BOOL, 0, "grpc = false" },
	[KEY_FIRST_BYTE] = { STR_INIT("first_byte_timeout_ms"), TOML_INTEGER, 0,
			     "first_byte_timeout_ms = 15000" },
	[KEY_BETWEEN_BYTES] = { STR_INIT("between_bytes_timeout_ms"), TOML_INTEGER, 0,
				"between_bytes_timeout_ms = 10000" },
	[KEY_HEALTH] = { STR_INIT("health"), TOML_STRING, 0,
			 "health = \"unknown\", \"healthy\" or \"unhealthy\"" },
	[KEY_CA] = { STR_INIT("ca_certificate"), TOML_STRING, KEY_ANY_KIND, "" },
	[KEY_CLIENT_CERTIFICATE] = { STR_INIT("client_certificate"), TOML_TABLE, 0,
				     "client_certificate = { certificate_file = \"client.crt\", key_file = "
				     "\"client.key\" }" },
};

static bool set_override_host(const struct reader *r, struct backend *b, const struct toml_value *v,
			      struct error *e)
{
	if (!v)
		return true;
	for (size_t i = 0; i < v->text.len; i++) {
		unsigned char c = (unsigned char)v->text.ptr[i];
		if (c <= ' ' || c == 0x7f)
			return bad_value(r, v, e,
					 "'override_host' holds a blank or a control character; write %s",
					 keys[KEY_OVERRIDE_HOST].example);
	}
	b->override_host = arena_str(&b->arena, v->text);
	return true;
}

static bool set_timeout(const struct reader *r, const struct toml_value *v, int64_t *ms, uint64_t *ns,
			struct error *e)
{
	if (!v)
		return true;
	if (v->integer < 0)
		return bad_value(r, v, e, "'" STR_FMT "' is %lld; write milliseconds, or 0 for no limit",
				 STR_ARG(v->key), (long long)v->integer);
	*ms = MIN(v->integer, (int64_t)UINT32_MAX); /* 49 days, the most that the ABI can say */
	*ns = (uint64_t)*ms * NS_PER_MS;
	return true;
}

static bool set_health(const struct reader *r, struct backend *b, const struct toml_value *v, struct error *e)
{
	static const struct {
		struct str name;
		enum backend_health health;
	} names[] = {
		{ STR_INIT("unknown"), BACKEND_UNKNOWN },
		{ STR_INIT("healthy"), BACKEND_HEALTHY },
		{ STR_INIT("unhealthy"), BACKEND_UNHEALTHY },
	};
	for (size_t i = 0; v && i < COUNT_OF(names); i++) {
		if (str_eq_nocase(v->text, names[i].name)) {
			b->health = names[i].health;
			return true;
		}
	}
	return !v || bad_value(r, v, e, "'health' is '" STR_FMT "'; write %s", STR_ARG(v->text),
			       keys[KEY_HEALTH].example);
}

static bool set_tls(struct reader *r, struct backend *b, const struct toml_value *const *found,
		    struct error *e)
{
	struct http_target *t = &b->target;
	if (found[KEY_USE_SNI])
		t->use_sni = found[KEY_USE_SNI]->truth;
	if (found[KEY_CERT_HOST]) /* the name that is asked for is the name that is checked */
		t->sni = t->certificate_host = arena_str(&b->arena, found[KEY_CERT_HOST]->text);
	if (found[KEY_CA] && !read_ca_certificates(r, found[KEY_CA], &b->arena, &t->ca_pem, e))
		return false;
	return !found[KEY_CLIENT_CERTIFICATE] ||
	       read_client_certificate(r, found[KEY_CLIENT_CERTIFICATE], &b->arena, &t->client_cert_pem,
				       &t->client_key_pem, e);
}

static bool fill_backend(struct reader *r, struct backend *b, const struct toml_value *const *found,
			 struct error *e)
{
	const struct toml_value *url = found[KEY_URL];
	if (!backend_set_url(b, url->text, e))
		return error_wrap(e, "'" STR_FMT "' is not a URL for a backend", STR_ARG(url->text)) ||
		       bad_inner(r, url, e);
	if (found[KEY_GRPC])
		b->grpc = b->target.http2 = found[KEY_GRPC]->truth;
	return set_override_host(r, b, found[KEY_OVERRIDE_HOST], e) &&
	       set_timeout(r, found[KEY_FIRST_BYTE], &b->first_byte_timeout_ms,
			   &b->target.first_byte_timeout_ns, e) &&
	       set_timeout(r, found[KEY_BETWEEN_BYTES], &b->between_bytes_timeout_ms,
			   &b->target.between_bytes_timeout_ns, e) &&
	       set_health(r, b, found[KEY_HEALTH], e) && set_tls(r, b, found, e);
}

static bool read_backend(struct reader *r, const struct toml_value *v, struct error *e)
{
	const struct toml_value *found[KEYS_MAX];
	if (v->kind != TOML_TABLE)
		return bad_value(r, v, e, "is %s, not a table; write { %s }", toml_kind_text(v->kind),
				 keys[KEY_URL].example);
	if (!read_keys(r, v, keys, COUNT_OF(keys), UNKNOWN_IS_ERROR, found, e))
		return false;
	scoped(backend_unref) struct backend *b = backend_new(v->key);
	if (!fill_backend(r, b, found, e))
		return false;
	world_add_backend(r->world, take(b));
	return true;
}

bool read_backends(struct reader *r, const struct toml_value *section, struct error *e)
{
	return each_named(r, section, read_backend, e);
}
