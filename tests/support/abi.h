/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host calls without a Wasm engine: a sandbox on plain memory, in a world of fakes with a virtual clock,
 * so that a test (or a fuzzer) calls the ABI like a guest does, raw numbers and all.
 *
 *	struct abi_harness h;
 *	abi_init(&h, ABI_MEMORY_BYTES);
 *	uint32_t out = abi_room(&h, 4);
 *	assert_status(abi_call(&h, "fastly_kv_store", "open", ABI_TEXT(&h, "things"), out), ABI_OK);
 *	… abi_u32(&h, out) …
 *	abi_fini(&h);
 *
 * All of it stands in this header, so that a program that includes it, a fuzz target too, is linked with the
 * sources of src/ and nothing more.
 */
#ifndef SUPPORT_ABI_H
#define SUPPORT_ABI_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "guest/wasm/sandbox.h"
#include "guest/wasm/wasm_service.h"

enum { ABI_MEMORY_BYTES = 256 * 1024 };

/* Where the harness's clock starts: 2026-03-04 05:06:07 UTC. */
#define ABI_WALL_NS (UINT64_C(1772600767) * NS_PER_S)

struct abi_harness {
	struct clock *clock;
	struct loop loop;
	struct world *world;
	struct arena arena;          /* of the request and of what the helpers read */
	struct http_request request; /* GET https://www.example/path?query, without a body */
	struct invocation_request asked;
	struct wasm_service service; /* only what host calls look at */
	struct sandbox *sandbox;
	uint8_t *memory; /* exactly as long as the guest's memory, so that a sanitizer sees its ends */
	uint32_t used;   /* of it, by abi_place() and abi_room() */
	bool woken;
};

/* A world as abi_furnish() makes it, and an invocation under way in it. */
static inline void abi_init(struct abi_harness *h, uint32_t memory_bytes);

/* The same in two steps, for tests that want another request, other limits …; abi_start() begins the
 * invocation. */
static inline void abi_prepare(struct abi_harness *h, uint32_t memory_bytes);
static inline void abi_start(struct abi_harness *h);

static inline void abi_fini(struct abi_harness *h);

/*
 * What there is: config store "settings" (greeting = "hello", empty = ""), secret store "vault" (token =
 * "s3cret"), kv stores "things" (empty) and "books" (a, b, ba, c, each its own value; ba has the metadata
 * "blue"), ACL "list" (192.0.2.0/24 and 2001:db8::/32 blocked, 192.0.2.7/32 allowed), geo of 192.0.2.1 and
 * device of "Phone/1" ({"known":1}), the valid Fastly key "good-key"; and backends "slow" (answers "late"
 * after 2 s), "gone" (refuses), and "origin", which knows GET /hello, and with any method /many (203, fields
 * A, A, B), /gzip ("compressed\n") and /empty (204).
 */
static inline void abi_furnish(struct abi_harness *h);

/* ---- guest memory ---- */

/* Zeroed, 8-aligned. */
static inline uint32_t abi_room(struct abi_harness *h, uint32_t len);
static inline uint32_t abi_place(struct abi_harness *h, struct str bytes);
#define ABI_TEXT(h, literal) abi_place((h), STR(literal)), (sizeof literal - 1)
/* Forgets all that was placed. */
static inline void abi_clear(struct abi_harness *h);

static inline uint32_t abi_u32(const struct abi_harness *h, uint32_t at);
static inline uint64_t abi_u64(const struct abi_harness *h, uint32_t at);
static inline void abi_set_u32(struct abi_harness *h, uint32_t at, uint32_t value);
static inline void abi_set_u64(struct abi_harness *h, uint32_t at, uint64_t value);
/* Borrowed from guest memory; the length stands at `len_at`. */
static inline struct str abi_text(const struct abi_harness *h, uint32_t at, uint32_t len_at);

/* ---- calls ---- */

/* The status of a call that runs to its end; ABI_WAIT when it would wait for ever. Waiting moves virtual
 * time. */
#define abi_call(h, module, name, ...)                                          \
	abi_call_with((h), (module), (name), (const uint64_t[]){ __VA_ARGS__ }, \
		      sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))
static inline enum abi_status abi_call_with(struct abi_harness *h, const char *module, const char *name,
					    const uint64_t *args, size_t count);

/* The same step by step: abi_begin() may answer ABI_WAIT, abi_go_on() waits until `deadline_ns` (monotonic)
 * at most. */
static inline enum abi_status abi_begin(struct abi_harness *h, const struct hostcall *call,
					const uint64_t *raw);
/*
 * Where BACKLOT_IDLE_CALL names a call as "module.name", that call does nothing and answers ABI_OK:
 * tools/abi-audit looks whether a test fails then.
 */
static inline enum abi_status abi_go_on(struct abi_harness *h, uint64_t deadline_ns);

/* What a wasm value of a call is: the kind of its parameter (enum hostcall_param_kind), and its place in
 * that. */
struct abi_value {
	uint8_t kind, nth;
	uint8_t align; /* of a pointer; 0: the value is no pointer */
	uint8_t bytes; /* that a pointer needs behind it whatever the other values are */
};
static inline size_t abi_values(const struct hostcall *call, struct abi_value out[HOSTCALL_PARAMS_MAX]);

/* Arguments that do no harm: `handle` for every handle, room behind every pointer, 0 for every length and
 * number. */
static inline size_t abi_harmless(struct abi_harness *h, const struct hostcall *call, uint32_t handle,
				  uint64_t *args);

/* How often a call was made in this process, and answered ABI_OK. */
static inline unsigned abi_calls_made(const struct hostcall *call);
static inline unsigned abi_calls_ok(const struct hostcall *call);

/* ================ bodies ================ */

enum { ABI_FIRST_OFFSET = 64, ABI_ROWS_MAX = 512 };

static unsigned abi_made[ABI_ROWS_MAX], abi_ok[ABI_ROWS_MAX];

/* ---- the world ---- */

static inline struct table *abi_new_table(struct tables *ts, struct str name)
{
	struct table *t = table_memory_new();
	tables_add(ts, name, t);
	return t;
}

static inline void abi_put(struct table *t, struct str key, struct str value)
{
	struct error e;
	CHECK(table_put(t, key, value, &e));
}

static inline void abi_put_book(struct abi_harness *h, struct str key, struct str metadata)
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

static inline void abi_add_entry(struct abi_harness *h, struct str prefix, bool allow)
{
	struct acl_entry entry = { .allow = allow };
	struct error e;
	CHECK(acl_parse_prefix(prefix, &entry, &e));
	CHECK(acl_add(h->world->acl, STR("list"), &entry));
}

static inline void abi_add_backend(struct abi_harness *h, struct str name, struct str url)
{
	struct error e;
	struct backend *b = backend_new(name);
	CHECK(backend_set_url(b, url, &e));
	world_add_backend(h->world, b);
}

static inline struct origin_rule *abi_new_rule(const char *backend, const char *method, const char *path,
					       uint16_t status)
{
	struct origin_rule *r = origin_rule_new();
	r->backend = arena_str(&r->arena, str_from(backend));
	r->method = arena_str(&r->arena, str_from(method));
	r->path = arena_str(&r->arena, str_from(path));
	r->answer.status = status;
	return r;
}

static inline void abi_add_rules(struct abi_harness *h)
{
	/* "compressed\n" */
	static const unsigned char gzip[] = { 0x1f, 0x8b, 8,    0,    0,    0,    0,    0,
					      0,    3,    0x4b, 0xce, 0xcf, 0x2d, 0x28, 0x4a,
					      0x2d, 0x2e, 0x4e, 0x4d, 0xe1, 2,    0,    0xbb,
					      0x6d, 0x4f, 0xc8, 11,   0,    0,    0 };
	struct origins *o = h->world->origins;
	struct origin_rule *r = abi_new_rule("origin", "GET", "/hello", 200);
	headers_add(&r->answer.headers, &r->arena, STR("Content-Type"), STR("text/plain"));
	r->answer.body = blob_new(STR("hello from the origin"));
	origins_rules_add(o, r);
	r = abi_new_rule("origin", "*", "/many", 203);
	headers_add(&r->answer.headers, &r->arena, STR("A"), STR("1"));
	headers_add(&r->answer.headers, &r->arena, STR("A"), STR("2"));
	headers_add(&r->answer.headers, &r->arena, STR("B"), STR("3"));
	origins_rules_add(o, r);
	r = abi_new_rule("origin", "*", "/gzip", 200);
	headers_add(&r->answer.headers, &r->arena, STR("Content-Encoding"), STR("gzip"));
	r->answer.body = blob_new((struct str){ (const char *)gzip, sizeof gzip });
	origins_rules_add(o, r);
	origins_rules_add(o, abi_new_rule("origin", "*", "/empty", 204));
	r = abi_new_rule("slow", "*", "*", 200);
	r->answer.delay_ns = 2 * NS_PER_S;
	r->answer.body = blob_new(STR("late"));
	origins_rules_add(o, r);
	r = abi_new_rule("gone", "*", "*", 0);
	r->answer.fault = ORIGIN_REFUSE;
	origins_rules_add(o, r);
}

static inline void abi_furnish(struct abi_harness *h)
{
	static const uint8_t known[] = { 192, 0, 2, 1 };
	struct world *w = h->world;
	struct error e;
	struct table *settings = abi_new_table(&w->config, STR("settings"));
	abi_put(settings, STR("greeting"), STR("hello"));
	abi_put(settings, STR("empty"), STR(""));
	abi_put(abi_new_table(&w->secrets, STR("vault")), STR("token"), STR("s3cret"));
	kv_add_store(w->kv, STR("things"));
	kv_add_store(w->kv, STR("books"));
	abi_put_book(h, STR("a"), STR(""));
	abi_put_book(h, STR("b"), STR(""));
	abi_put_book(h, STR("ba"), STR("blue"));
	abi_put_book(h, STR("c"), STR(""));
	abi_add_entry(h, STR("192.0.2.0/24"), false);
	abi_add_entry(h, STR("192.0.2.7/32"), true);
	abi_add_entry(h, STR("2001:db8::/32"), false);
	CHECK(geo_put(w->geo, known, sizeof known, STR("{\"known\":1}"), &e));
	CHECK(device_put(w->device, STR("Phone/1"), STR("{\"known\":1}"), &e));
	world_add_fastly_key(w, STR("good-key"));
	abi_add_backend(h, STR("origin"), STR("http://origin.example:8080"));
	abi_add_backend(h, STR("slow"), STR("https://slow.example/prefix"));
	abi_add_backend(h, STR("gone"), STR("http://gone.example"));
	abi_add_rules(h);
}

/* ---- life ---- */

static inline void abi_woken(struct task *t)
{
	struct sandbox *sb = container_of(t, struct sandbox, resume);
	struct abi_harness *h = container_of(sb->service, struct abi_harness, service);
	h->woken = true;
}

static inline void abi_prepare(struct abi_harness *h, uint32_t memory_bytes)
{
	*h = (struct abi_harness){ .used = ABI_FIRST_OFFSET };
	h->clock = clock_virtual_new(ABI_WALL_NS);
	loop_init(&h->loop, h->clock);
	h->world = world_new(&h->loop, 1);
	arena_init(&h->arena);
	h->request = (struct http_request){ .method = STR("GET"),
					    .uri = STR("https://www.example/path?query"),
					    .version = HTTP_1_1 };
	h->asked.http = &h->request;
	h->asked.client.address = (struct net_address){ .ip = { 127, 0, 0, 1 }, .ip_len = 4, .port = 4711 };
	h->asked.client.server = (struct net_address){ .ip = { [15] = 1 }, .ip_len = 16, .port = 443 };
	sandbox_pool_init(&h->service);
	h->memory = mem_zalloc(memory_bytes);
	h->sandbox = NEW(struct sandbox);
	h->sandbox->base = h->memory;
	h->sandbox->size = memory_bytes;
}

static inline void abi_start(struct abi_harness *h)
{
	sandbox_init(h->sandbox, &h->service, h->world, &h->asked);
	h->sandbox->resume.run = abi_woken;
}

static inline void abi_init(struct abi_harness *h, uint32_t memory_bytes)
{
	abi_prepare(h, memory_bytes);
	abi_furnish(h);
	abi_start(h);
}

static inline void abi_fini(struct abi_harness *h)
{
	struct sandbox *sb = h->sandbox;
	sandbox_stop(sb);
	sandbox_release(sb);
	sandbox_fini(sb);
	handles_fini(&sb->handles);
	arena_fini(&sb->arena);
	mem_free(sb);
	sandbox_pool_free(&h->service);
	mem_free(h->memory);
	world_destroy(&h->world);
	arena_fini(&h->arena);
	loop_fini(&h->loop);
	clock_destroy(&h->clock);
}

/* ---- guest memory ---- */

static inline uint32_t abi_room(struct abi_harness *h, uint32_t len)
{
	uint32_t at = h->used;
	CHECK(len <= h->sandbox->size - at);
	memset(h->memory + at, 0, len);
	h->used = (at + len + 7) & ~UINT32_C(7);
	CHECK(h->used <= h->sandbox->size);
	return at;
}

static inline uint32_t abi_place(struct abi_harness *h, struct str bytes)
{
	uint32_t at = abi_room(h, (uint32_t)bytes.len);
	if (bytes.len)
		memcpy(h->memory + at, bytes.ptr, bytes.len);
	return at;
}

static inline void abi_clear(struct abi_harness *h)
{
	h->used = ABI_FIRST_OFFSET;
}

static inline uint32_t abi_u32(const struct abi_harness *h, uint32_t at)
{
	uint32_t value;
	memcpy(&value, h->memory + at, sizeof value);
	return value;
}

static inline uint64_t abi_u64(const struct abi_harness *h, uint32_t at)
{
	uint64_t value;
	memcpy(&value, h->memory + at, sizeof value);
	return value;
}

static inline void abi_set_u32(struct abi_harness *h, uint32_t at, uint32_t value)
{
	memcpy(h->memory + at, &value, sizeof value);
}

static inline void abi_set_u64(struct abi_harness *h, uint32_t at, uint64_t value)
{
	memcpy(h->memory + at, &value, sizeof value);
}

static inline struct str abi_text(const struct abi_harness *h, uint32_t at, uint32_t len_at)
{
	return (struct str){ (const char *)h->memory + at, abi_u32(h, len_at) };
}

/* ---- calls ---- */

static inline enum abi_status abi_counted(const struct hostcall *call, enum abi_status status)
{
	abi_ok[call - hostcalls] += status == ABI_OK;
	return status;
}

static inline bool abi_is_idle(const struct hostcall *call)
{
	const char *idle = getenv("BACKLOT_IDLE_CALL");
	size_t module = strlen(call->module);
	return idle && strncmp(idle, call->module, module) == 0 && idle[module] == '.' &&
	       strcmp(idle + module + 1, call->name) == 0;
}

static inline enum abi_status abi_begin(struct abi_harness *h, const struct hostcall *call,
					const uint64_t *raw)
{
	CHECK(hostcalls_count <= ABI_ROWS_MAX);
	abi_made[call - hostcalls]++;
	return abi_counted(call, abi_is_idle(call) ? ABI_OK : sandbox_call(h->sandbox, call, raw));
}

static inline enum abi_status abi_go_on(struct abi_harness *h, uint64_t deadline_ns)
{
	for (;;) {
		h->woken = false;
		if (loop_run(&h->loop, &h->woken, deadline_ns) != LOOP_DONE)
			return ABI_WAIT;
		enum abi_status status = sandbox_call_step(h->sandbox);
		if (status != ABI_WAIT)
			return abi_counted(h->sandbox->waiting.call, status);
	}
}

static inline enum abi_status abi_call_with(struct abi_harness *h, const char *module, const char *name,
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
} abi_kinds[] = {
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

static inline size_t abi_values(const struct hostcall *call, struct abi_value out[HOSTCALL_PARAMS_MAX])
{
	size_t n = 0;
	for (const struct hostcall_param *p = call->params; p->kind != PARAM_END; p++) {
		for (uint8_t nth = 0; abi_kinds[p->kind].types[nth]; nth++)
			out[n++] = (struct abi_value){ p->kind, nth, abi_kinds[p->kind].pointers[nth].align,
						       abi_kinds[p->kind].pointers[nth].bytes };
	}
	return n;
}

static inline size_t abi_harmless(struct abi_harness *h, const struct hostcall *call, uint32_t handle,
				  uint64_t *args)
{
	struct abi_value values[HOSTCALL_PARAMS_MAX];
	size_t count = abi_values(call, values);
	for (size_t i = 0; i < count; i++)
		args[i] = values[i].kind == PARAM_in_handle ? handle : values[i].align ? abi_room(h, 128) : 0;
	return count;
}

static inline unsigned abi_calls_made(const struct hostcall *call)
{
	return abi_made[call - hostcalls];
}

static inline unsigned abi_calls_ok(const struct hostcall *call)
{
	return abi_ok[call - hostcalls];
}

#endif
