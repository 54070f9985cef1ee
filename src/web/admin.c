/* SPDX-License-Identifier: Apache-2.0 */
#include "web/admin.h"

#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "http/server.h"
#include "http/uri.h"
#include "world/ip.h"

enum { ANSWER_BYTES_MAX = 64 << 20, LISTED_DEFAULT = 100 };

struct admin {
	struct loop *loop;
	struct http_server *server;
	struct admin_source source;
	uint64_t started_ns;
	size_t token_len;
	char token[ADMIN_TOKEN_BYTES_MAX];
};

/* One request while it is answered. */
struct asked {
	struct admin *admin;
	const struct http_request *request;
	struct uri uri;
	struct arena *arena;
	uint16_t status;
	const char *allow; /* for 405 */
	struct buf body;
};

static void refuse(struct asked *a, uint16_t status, const char *why)
{
	a->status = status;
	buf_reset(&a->body);
	buf_add(&a->body, STR("{\"status\":\"error\",\"error\":"));
	buf_add_json(&a->body, str_from(why));
	buf_add(&a->body, STR("}\n"));
}

/* ---- who may ask ---- */

/* Takes as long for a token that is nearly right as for one that is not, of the same length. */
static bool same_secret(struct str given, struct str token)
{
	unsigned char difference = given.len != token.len;
	for (size_t i = 0; i < given.len; i++)
		difference |= (unsigned char)(given.ptr[i] ^ token.ptr[i % token.len]);
	return difference == 0;
}

static bool has_token(const struct asked *a)
{
	struct str token = { a->admin->token, a->admin->token_len };
	struct str bearer = headers_get(&a->request->headers, STR("authorization"));
	struct str key = headers_get(&a->request->headers, STR("fastly-key"));
	if (str_eq_nocase(str_sub(bearer, 0, 7), STR("bearer ")))
		return same_secret(str_trim(str_sub(bearer, 7, bearer.len)), token);
	return key.len && same_secret(key, token);
}

/* A name that somebody else's DNS could give this address is not ours. */
static bool host_is_here(const struct asked *a)
{
	uint8_t ip[16], ip_len;
	bool port = a->uri.port == http_server_port(a->admin->server);
	return port && (str_eq_nocase(a->uri.host, STR("localhost")) ||
			(ip_parse(a->uri.host, ip, &ip_len) && ip_is_loopback(ip, ip_len)));
}

static bool may_ask(struct asked *a)
{
	if (!host_is_here(a))
		refuse(a, 421, "the Host is not this endpoint; ask for it by its address");
	else if (headers_has(&a->request->headers, STR("origin")))
		refuse(a, 403, "web pages may not ask");
	else if (!has_token(a))
		refuse(a, 401, "the token is missing or wrong; send Authorization: Bearer TOKEN");
	else
		return true;
	return false;
}

/* ---- what is asked ---- */

/* The value of a parameter of the query, decoded; empty when it is not there. */
static int hex(char c)
{
	c = ascii_lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct str percent_decode(struct str s, struct arena *arena)
{
	char *out = arena_alloc(arena, s.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < s.len; i++) {
		bool coded =
			s.ptr[i] == '%' && i + 2 < s.len && hex(s.ptr[i + 1]) >= 0 && hex(s.ptr[i + 2]) >= 0;
		out[len++] = coded ? (char)(hex(s.ptr[i + 1]) * 16 + hex(s.ptr[i + 2])) : s.ptr[i];
		i += coded ? 2 : 0;
	}
	return (struct str){ out, len };
}

static struct str parameter(const struct asked *a, struct str name)
{
	for (struct str rest = a->uri.query, pair; rest.ptr;) {
		pair = str_split(&rest, '&');
		if (str_eq(str_split(&pair, '='), name))
			return pair.ptr ? percent_decode(pair, a->arena) : STR("");
	}
	return STR("");
}

static bool next_pop(const struct asked *a, size_t *i, struct admin_pop *out)
{
	struct str wanted = parameter(a, STR("pop"));
	while (a->admin->source.pop(a->admin->source.data, (*i)++, out)) {
		if (!wanted.len || str_eq_nocase(wanted, out->name))
			return true;
	}
	return false;
}

/* ---- answers ---- */

static void health(struct asked *a)
{
	uint64_t up = clock_monotonic(a->admin->loop->clock) - a->admin->started_ns;
	buf_printf(&a->body, "{\"status\":\"ok\",\"uptime_s\":%.3f,\"reloads\":%llu}\n",
		   (double)up / (double)NS_PER_S,
		   (unsigned long long)a->admin->source.reloads(a->admin->source.data));
}

static void add_numbers(struct buf *b, const struct admin_numbers *n)
{
	const struct {
		const char *name;
		uint64_t number;
	} rows[] = {
		{ "requests", n->requests },
		{ "failed", n->failed },
		{ "client_gone", n->cut },
		{ "over_limit", n->over_limit },
		{ "sent_bytes", n->sent_bytes },
		{ "subrequests", n->subrequests },
		{ "cache_lookups", n->cache_lookups },
		{ "log_bytes", n->log_bytes },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		buf_printf(b, ",\"%s\":%llu", rows[i].name, (unsigned long long)rows[i].number);
	buf_printf(b, ",\"cpu_ms\":%.3f,\"wall_ms\":%.3f,\"statuses\":{", (double)n->cpu_ns / 1e6,
		   (double)n->wall_ns / 1e6);
	for (size_t i = 1; i < COUNT_OF(n->by_class); i++)
		buf_printf(b, "%s\"%zuxx\":%llu", i > 1 ? "," : "", i, (unsigned long long)n->by_class[i]);
	buf_add_char(b, '}');
}

static void stats(struct asked *a)
{
	struct admin_pop pop;
	buf_printf(&a->body, "{\"reloads\":%llu,\"pops\":[",
		   (unsigned long long)a->admin->source.reloads(a->admin->source.data));
	for (size_t i = 0, n = 0; next_pop(a, &i, &pop); n++) {
		uint64_t objects = 0, bytes = 0;
		for (struct cache_item item = { 0 }; cache_next(pop.world->cache, &item); objects++)
			bytes += cache_object_bytes(item.object);
		buf_add(&a->body, n ? STR(",{\"pop\":") : STR("{\"pop\":"));
		buf_add_json(&a->body, pop.name);
		buf_printf(&a->body,
			   ",\"under_way\":%zu,\"in_line\":%zu,\"cached_objects\":%llu,\"cached_bytes\":%llu",
			   pop.under_way, pop.in_line, (unsigned long long)objects,
			   (unsigned long long)bytes);
		buf_printf(&a->body, ",\"purges_on_their_way\":%zu",
			   pop.world->purges ? purge_relay_waiting(pop.world->purges) : 0);
		add_numbers(&a->body, pop.numbers);
		buf_add_char(&a->body, '}');
	}
	buf_add(&a->body, STR("]}\n"));
}

static void add_object(struct buf *b, const struct admin_pop *pop, const struct cache_item *item)
{
	struct cache_object *o = item->object;
	uint64_t age = cache_object_age_ns(o, pop->world->loop);
	buf_add(b, STR("{\"pop\":"));
	buf_add_json(b, pop->name);
	buf_add(b, STR(",\"key\":"));
	buf_add_json(b, item->key);
	buf_add(b, STR(",\"vary\":"));
	buf_add_json(b, blob_str(o->vary));
	buf_add(b, STR(",\"surrogate_keys\":"));
	buf_add_json(b, blob_str(o->surrogate_keys));
	buf_printf(
		b,
		",\"bytes\":%llu,\"complete\":%s,\"hits\":%llu,\"age_s\":%.3f,\"max_age_s\":%.3f,\"fresh\":%s}",
		(unsigned long long)cache_object_bytes(o), cache_object_complete(o) ? "true" : "false",
		(unsigned long long)item->hits, (double)age / 1e9, (double)o->max_age_ns / 1e9,
		age < o->max_age_ns && !item->purged ? "true" : "false");
}

static void list_cache(struct asked *a)
{
	struct admin_pop pop;
	struct str text = parameter(a, STR("limit"));
	uint64_t limit = LISTED_DEFAULT, listed = 0, objects = 0;
	if (text.len && !str_to_u64(text, ADMIN_LISTED_MAX, &limit)) {
		refuse(a, 400, "limit is a number, 10000 at most");
		return;
	}
	buf_add(&a->body, STR("{\"objects\":["));
	for (size_t i = 0; next_pop(a, &i, &pop);) {
		for (struct cache_item item = { 0 }; cache_next(pop.world->cache, &item); objects++) {
			if (listed >= limit)
				continue;
			if (listed++)
				buf_add_char(&a->body, ',');
			add_object(&a->body, &pop, &item);
		}
	}
	buf_printf(&a->body, "],\"listed\":%llu,\"cached\":%llu}\n", (unsigned long long)listed,
		   (unsigned long long)objects);
}

static bool wants_soft(const struct asked *a)
{
	struct str soft = parameter(a, STR("soft")),
		   fastly = headers_get(&a->request->headers, STR("fastly-soft-purge"));
	return str_eq(soft, STR("1")) || str_eq(soft, STR("true")) || str_eq(fastly, STR("1"));
}

/* At the POP that is named, or the first, at once; the relay brings it to the others. */
static bool purge_one(struct asked *a, struct str key, uint64_t *purged)
{
	struct admin_pop pop;
	size_t i = 0;
	uint64_t count;
	if (!next_pop(a, &i, &pop)) {
		refuse(a, 404, "there is no such POP");
		return false;
	}
	if (!purge_relay_purge(pop.world->purges, pop.world->cache, key, wants_soft(a), &count)) {
		refuse(a, 500, "the cache failed");
		return false;
	}
	*purged += count;
	return true;
}

static void purge(struct asked *a, struct str key)
{
	struct str keys = headers_get(&a->request->headers, STR("surrogate-key"));
	uint64_t purged = 0;
	if (key.ptr && !cache_surrogate_key_valid(key)) {
		refuse(a, 400, "this is no surrogate key");
		return;
	}
	if (!key.ptr && (!keys.len || !cache_surrogate_keys_valid(keys))) {
		refuse(a, 400,
		       "no keys are given; POST /purge/KEY, or name them in the header Surrogate-Key");
		return;
	}
	if (key.ptr && !purge_one(a, key, &purged))
		return;
	for (struct str rest = key.ptr ? (struct str){ 0 } : keys, one; rest.ptr;) {
		one = str_split(&rest, ' ');
		if (one.len && !purge_one(a, one, &purged))
			return;
	}
	buf_printf(&a->body, "{\"status\":\"ok\",\"purged\":%llu}\n", (unsigned long long)purged);
}

static void purge_all(struct asked *a)
{
	uint64_t purged = 0;
	if (purge_one(a, (struct str){ 0 }, &purged))
		buf_printf(&a->body, "{\"status\":\"ok\",\"purged\":%llu}\n", (unsigned long long)purged);
}

/* ---- routes ---- */

static bool method_is(struct asked *a, const char *method)
{
	if (str_eq(a->request->method, str_from(method)))
		return true;
	a->allow = method;
	refuse(a, 405, "this is asked with another method");
	return false;
}

static void route(struct asked *a)
{
	struct str path = a->uri.path;
	if (str_starts(
		    path,
		    STR("/service/"))) { /* as for Fastly's API: the service is this one, whatever its name */
		path = str_sub(path, 9, path.len);
		path = str_sub(path, MIN(str_find_char(path, '/'), path.len), path.len);
	}
	if (str_eq(path, STR("/health"))) {
		if (method_is(a, "GET"))
			health(a);
	} else if (str_eq(path, STR("/stats"))) {
		if (method_is(a, "GET"))
			stats(a);
	} else if (str_eq(path, STR("/cache"))) {
		if (method_is(a, "GET"))
			list_cache(a);
	} else if (str_eq(path, STR("/purge_all"))) {
		if (method_is(a, "POST"))
			purge_all(a);
	} else if (str_eq(path, STR("/purge")) || str_starts(path, STR("/purge/"))) {
		bool named = path.len > 7;
		if (method_is(a, "POST"))
			purge(a, named ? percent_decode(str_sub(path, 7, path.len), a->arena)
				       : (struct str){ 0 });
	} else {
		refuse(a, 404, "there are /health, /stats, /cache, /purge/KEY and /purge_all");
	}
}

static void respond(struct asked *a, struct exchange *x)
{
	struct http_response r = { .status = a->status, .version = HTTP_1_1 };
	r.body = body_new(a->admin->loop);
	body_write(r.body, buf_str(&a->body));
	body_end(r.body);
	headers_add_borrowed(&r.headers, a->arena, STR("Content-Type"), STR("application/json"));
	headers_add_borrowed(&r.headers, a->arena, STR("Cache-Control"), STR("no-store"));
	headers_add_borrowed(&r.headers, a->arena, STR("X-Content-Type-Options"), STR("nosniff"));
	if (a->status == 401)
		headers_add_borrowed(&r.headers, a->arena, STR("WWW-Authenticate"), STR("Bearer"));
	if (a->allow)
		headers_add_borrowed(&r.headers, a->arena, STR("Allow"), str_from(a->allow));
	exchange_respond(x, &r, false);
}

static void handle(void *data, struct exchange *x)
{
	struct asked a = { .admin = data, .request = &x->request, .arena = x->arena, .status = 200 };
	a.uri = uri_split(x->request.uri);
	buf_init(&a.body, ANSWER_BYTES_MAX);
	if (may_ask(&a))
		route(&a);
	if (a.body.full)
		refuse(&a, 500, "the answer is too long; ask for less");
	respond(&a, x);
	buf_fini(&a.body);
	exchange_release(x);
}

bool admin_listen(struct admin **out, struct loop *loop, const struct net_address *address, struct str token,
		  const struct admin_source *source, struct error *e)
{
	char host[IP_TEXT_BYTES];
	CHECK(token.len > 0 && token.len <= ADMIN_TOKEN_BYTES_MAX);
	if (!ip_is_loopback(address->ip, address->ip_len))
		return FAIL(e, INVALID, "it is for this machine alone; write 127.0.0.1:PORT or [::1]:PORT");
	struct admin *a = NEW(struct admin);
	struct http_server_options options = http_server_defaults;
	a->loop = loop;
	a->source = *source;
	a->started_ns = clock_monotonic(loop->clock);
	a->token_len = token.len;
	memcpy(a->token, token.ptr, token.len);
	options.handle = handle;
	options.data = a;
	ip_print(address->ip, address->ip_len, host);
	if (!http_server_listen(&a->server, loop, host, address->port, &options, e)) {
		mem_free(a);
		return false;
	}
	*out = a;
	return true;
}

uint16_t admin_port(const struct admin *a)
{
	return http_server_port(a->server);
}

void admin_close(struct admin **pa)
{
	struct admin *a = take(*pa);
	if (!a)
		return;
	http_server_destroy(&a->server);
	mem_free(a);
}
