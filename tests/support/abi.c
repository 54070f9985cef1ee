/* SPDX-License-Identifier: Apache-2.0 */
#include "support/abi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum { FIRST_OFFSET = 64, ROWS_MAX = 512 };

static unsigned made[ROWS_MAX], ok[ROWS_MAX];

/* ---- the world ---- */

static struct table *new_table(struct tables *ts, struct str name)
{
	struct table *t = table_memory_new();
	tables_add(ts, name, t);
	return t;
}

static void put(struct table *t, struct str key, struct str value)
{
	struct error e;
	CHECK(table_put(t, key, value, &e));
}

static void put_book(struct abi_harness *h, struct str key, struct str metadata)
{
	struct kv_op op;
	struct blob *value = blob_new(key);
	kv_op_init(&op, KV_INSERT, STR("books"), key);
	op.value = value;
	op.metadata = metadata;
	kv_start(h->world->kv, &op, &h->loop);
	CHECK(op.done && op.error == KV_OK);
	kv_op_fini(&op);
	blob_unref(&value);
}

static void add_entry(struct abi_harness *h, struct str prefix, bool allow)
{
	struct acl_entry entry = { .allow = allow };
	struct error e;
	CHECK(acl_parse_prefix(prefix, &entry, &e));
	CHECK(acl_add(h->world->acl, STR("list"), &entry));
}

static void add_backend(struct abi_harness *h, struct str name, struct str url)
{
	struct error e;
	struct backend *b = backend_new(name);
	CHECK(backend_set_url(b, url, &e));
	world_add_backend(h->world, b);
}

static struct origin_rule *new_rule(const char *backend, const char *method, const char *path,
				    uint16_t status)
{
	struct origin_rule *r = origin_rule_new();
	r->backend = arena_str(&r->arena, str_from(backend));
	r->method = arena_str(&r->arena, str_from(method));
	r->path = arena_str(&r->arena, str_from(path));
	r->status = status;
	return r;
}

static void add_rules(struct abi_harness *h)
{
	/* "compressed\n" */
	static const unsigned char gzip[] = { 0x1f, 0x8b, 8,    0,    0,    0,    0,    0,
					      0,    3,    0x4b, 0xce, 0xcf, 0x2d, 0x28, 0x4a,
					      0x2d, 0x2e, 0x4e, 0x4d, 0xe1, 2,    0,    0xbb,
					      0x6d, 0x4f, 0xc8, 11,   0,    0,    0 };
	struct origins *o = h->world->origins;
	struct origin_rule *r = new_rule("origin", "GET", "/hello", 200);
	headers_add(&r->headers, &r->arena, STR("Content-Type"), STR("text/plain"));
	r->body = blob_new(STR("hello from the origin"));
	origins_rules_add(o, r);
	r = new_rule("origin", "*", "/many", 203);
	headers_add(&r->headers, &r->arena, STR("A"), STR("1"));
	headers_add(&r->headers, &r->arena, STR("A"), STR("2"));
	headers_add(&r->headers, &r->arena, STR("B"), STR("3"));
	origins_rules_add(o, r);
	r = new_rule("origin", "*", "/gzip", 200);
	headers_add(&r->headers, &r->arena, STR("Content-Encoding"), STR("gzip"));
	r->body = blob_new((struct str){ (const char *)gzip, sizeof gzip });
	origins_rules_add(o, r);
	origins_rules_add(o, new_rule("origin", "*", "/empty", 204));
	r = new_rule("slow", "*", "*", 200);
	r->delay_ns = 2 * NS_PER_S;
	r->body = blob_new(STR("late"));
	origins_rules_add(o, r);
	r = new_rule("gone", "*", "*", 0);
	r->fault = ORIGIN_REFUSES;
	origins_rules_add(o, r);
}

void abi_furnish(struct abi_harness *h)
{
	static const uint8_t known[] = { 192, 0, 2, 1 };
	struct world *w = h->world;
	struct error e;
	struct table *settings = new_table(&w->config, STR("settings"));
	put(settings, STR("greeting"), STR("hello"));
	put(settings, STR("empty"), STR(""));
	put(new_table(&w->secrets, STR("vault")), STR("token"), STR("s3cret"));
	kv_add_store(w->kv, STR("things"));
	kv_add_store(w->kv, STR("books"));
	put_book(h, STR("a"), STR(""));
	put_book(h, STR("b"), STR(""));
	put_book(h, STR("ba"), STR("blue"));
	put_book(h, STR("c"), STR(""));
	add_entry(h, STR("192.0.2.0/24"), false);
	add_entry(h, STR("192.0.2.7/32"), true);
	add_entry(h, STR("2001:db8::/32"), false);
	CHECK(geo_put(w->geo, known, sizeof known, STR("{\"known\":1}"), &e));
	CHECK(device_put(w->device, STR("Phone/1"), STR("{\"known\":1}"), &e));
	world_add_fastly_key(w, STR("good-key"));
	add_backend(h, STR("origin"), STR("http://origin.example:8080"));
	add_backend(h, STR("slow"), STR("https://slow.example/prefix"));
	add_backend(h, STR("gone"), STR("http://gone.example"));
	add_rules(h);
}

/* ---- life ---- */

static void woken(struct task *t)
{
	struct sandbox *sb = container_of(t, struct sandbox, resume);
	struct abi_harness *h = container_of(sb->service, struct abi_harness, service);
	h->woken = true;
}

void abi_prepare(struct abi_harness *h, uint32_t memory_bytes)
{
	*h = (struct abi_harness){ .used = FIRST_OFFSET };
	h->clock = clock_virtual_new(ABI_WALL_NS);
	loop_init(&h->loop, h->clock);
	h->world = world_new(&h->loop, 1);
	arena_init(&h->arena);
	h->request = (struct http_request){ .method = STR("GET"),
					    .uri = STR("https://www.example/path?query"),
					    .version = HTTP_1_1 };
	h->asked.http = &h->request;
	h->asked.client = (struct net_address){ .ip = { 127, 0, 0, 1 }, .ip_len = 4, .port = 4711 };
	h->asked.server = (struct net_address){ .ip = { [15] = 1 }, .ip_len = 16, .port = 443 };
	h->memory = mem_zalloc(memory_bytes);
	h->sandbox = NEW(struct sandbox);
	h->sandbox->base = h->memory;
	h->sandbox->size = memory_bytes;
}

void abi_start(struct abi_harness *h)
{
	sandbox_init(h->sandbox, &h->service, h->world, &h->asked);
	h->sandbox->resume.run = woken;
}

void abi_init(struct abi_harness *h, uint32_t memory_bytes)
{
	abi_prepare(h, memory_bytes);
	abi_furnish(h);
	abi_start(h);
}

void abi_fini(struct abi_harness *h)
{
	struct sandbox *sb = h->sandbox;
	sandbox_stop(sb);
	sandbox_release(sb);
	sandbox_fini(sb);
	handles_fini(&sb->handles);
	arena_fini(&sb->super.arena);
	mem_free(sb);
	mem_free(h->memory);
	world_destroy(&h->world);
	arena_fini(&h->arena);
	loop_fini(&h->loop);
	clock_destroy(&h->clock);
}

/* ---- guest memory ---- */

uint32_t abi_room(struct abi_harness *h, uint32_t len)
{
	uint32_t at = h->used;
	CHECK(len <= h->sandbox->size - at);
	memset(h->memory + at, 0, len);
	h->used = (at + len + 7) & ~UINT32_C(7);
	CHECK(h->used <= h->sandbox->size);
	return at;
}

uint32_t abi_place(struct abi_harness *h, struct str bytes)
{
	uint32_t at = abi_room(h, (uint32_t)bytes.len);
	if (bytes.len)
		memcpy(h->memory + at, bytes.ptr, bytes.len);
	return at;
}

void abi_clear(struct abi_harness *h)
{
	h->used = FIRST_OFFSET;
}

uint32_t abi_u32(const struct abi_harness *h, uint32_t at)
{
	uint32_t value;
	memcpy(&value, h->memory + at, sizeof value);
	return value;
}

uint64_t abi_u64(const struct abi_harness *h, uint32_t at)
{
	uint64_t value;
	memcpy(&value, h->memory + at, sizeof value);
	return value;
}

void abi_set_u32(struct abi_harness *h, uint32_t at, uint32_t value)
{
	memcpy(h->memory + at, &value, sizeof value);
}

void abi_set_u64(struct abi_harness *h, uint32_t at, uint64_t value)
{
	memcpy(h->memory + at, &value, sizeof value);
}

struct str abi_text(const struct abi_harness *h, uint32_t at, uint32_t len_at)
{
	return (struct str){ (const char *)h->memory + at, abi_u32(h, len_at) };
}

/* ---- calls ---- */

static enum abi_status counted(const struct hostcall *call, enum abi_status status)
{
	ok[call - hostcalls] += status == ABI_OK;
	return status;
}

enum abi_status abi_begin(struct abi_harness *h, const struct hostcall *call, const uint64_t *raw)
{
	CHECK(hostcalls_count <= ROWS_MAX);
	made[call - hostcalls]++;
	h->sandbox->cpu_started_ns = cpu_time_ns();
	return counted(call, sandbox_call(h->sandbox, call, raw));
}

enum abi_status abi_go_on(struct abi_harness *h, uint64_t deadline_ns)
{
	for (;;) {
		h->woken = false;
		if (loop_run(&h->loop, &h->woken, deadline_ns) != LOOP_DONE)
			return ABI_WAIT;
		enum abi_status status = sandbox_call_step(h->sandbox);
		if (status != ABI_WAIT)
			return counted(h->sandbox->waiting.call, status);
	}
}

enum abi_status abi_call_with(struct abi_harness *h, const char *module, const char *name,
			      const uint64_t *args, size_t count)
{
	const struct hostcall *call = hostcall_find(str_from(module), str_from(name));
	char signature[HOSTCALL_PARAMS_MAX + 1];
	if (!call) {
		fprintf(stderr, "there is no host call %s.%s\n", module, name);
		abort();
	}
	hostcall_signature(call, signature);
	if (count != strlen(signature)) {
		fprintf(stderr, "%s.%s was called with %zu arguments: it takes %zu\n", module, name, count,
			strlen(signature));
		abort();
	}
	enum abi_status status = abi_begin(h, call, args);
	return status == ABI_WAIT ? abi_go_on(h, UINT64_MAX) : status;
}

/* ---- about calls ---- */

static const struct {
	const char *types;
	struct {
		uint8_t align, bytes;
	} pointers[5];
} kinds[] = {
	[PARAM_in_nothing] = { "", { { 0 } } },
	[PARAM_in_u32] = { "i", { { 0 } } },
	[PARAM_in_u64] = { "I", { { 0 } } },
	[PARAM_in_handle] = { "i", { { 0 } } },
	[PARAM_in_bytes] = { "ii", { { 1, 0 } } },
	[PARAM_in_handles] = { "ii", { { 1, 0 } } },
	[PARAM_out_u16] = { "i", { { 2, 2 } } },
	[PARAM_out_u32] = { "i", { { 4, 4 } } },
	[PARAM_out_u64] = { "i", { { 8, 8 } } },
	[PARAM_out_handle] = { "i", { { 4, 4 } } },
	[PARAM_out_bytes] = { "iii", { { 1, 0 }, { 0, 0 }, { 4, 4 } } },
	[PARAM_out_multi] = { "iiiii", { { 1, 0 }, { 0, 0 }, { 0, 0 }, { 8, 8 }, { 4, 4 } } },
	[PARAM_out_ip] = { "ii", { { 1, 16 }, { 4, 4 } } },
	[PARAM_out_md5] = { "ii", { { 1, 16 }, { 4, 4 } } },
#define KIND(name, type, wasm)
#define RECORD(name, size) \
	[PARAM_in_##name] = { "i", { { 1, (size) } } }, [PARAM_out_##name] = { "i", { { 4, (size) } } },
#include "guest/wasm/hostcalls/abi_kinds.def"
};

size_t abi_values(const struct hostcall *call, struct abi_value out[HOSTCALL_PARAMS_MAX])
{
	size_t n = 0;
	for (const struct hostcall_param *p = call->params; p->kind != PARAM_END; p++) {
		for (uint8_t nth = 0; kinds[p->kind].types[nth]; nth++)
			out[n++] = (struct abi_value){ p->kind, nth, kinds[p->kind].pointers[nth].align,
						       kinds[p->kind].pointers[nth].bytes };
	}
	return n;
}

size_t abi_harmless(struct abi_harness *h, const struct hostcall *call, uint32_t handle, uint64_t *args)
{
	struct abi_value values[HOSTCALL_PARAMS_MAX];
	size_t count = abi_values(call, values);
	for (size_t i = 0; i < count; i++)
		args[i] = values[i].kind == PARAM_in_handle ? handle : values[i].align ? abi_room(h, 128) : 0;
	return count;
}

unsigned abi_calls_made(const struct hostcall *call)
{
	return made[call - hostcalls];
}

unsigned abi_calls_ok(const struct hostcall *call)
{
	return ok[call - hostcalls];
}
