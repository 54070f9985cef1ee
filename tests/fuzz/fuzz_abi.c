/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that makes any host calls with any arguments. The input is its program: each step is two bytes
 * that name a call that works, or one for something that happens outside the guest, and a byte or a few for
 * every argument. Half of what can be said is half sensible (handles the guest was given, strings that mean
 * something, pointers with room behind them), because wholly random calls end at their first check. The
 * guest's memory is a block of its own, so that a sanitizer sees a byte read or written outside of it.
 * Waiting is bounded by virtual time.
 */
#include "../support/abi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	STEPS_MAX = 256,
	KINDS = 32,       /* more than there are */
	HANDLES_KEPT = 4, /* of each kind */
	HANDLES_OPEN_MAX = 64,
	WAIT_S = 5,
	SCRATCH_BYTES = 64,
	SLOTS = 16, /* of scratch memory, SCRATCH_BYTES each */
};

/* What means something in the world of abi_furnish(), or to a parser. */
static const struct str words[] = {
	STR_INIT("settings"),
	STR_INIT("greeting"),
	STR_INIT("vault"),
	STR_INIT("token"),
	STR_INIT("books"),
	STR_INIT("things"),
	STR_INIT("a"),
	STR_INIT("ba"),
	STR_INIT("list"),
	STR_INIT("\xc0\x00\x02\x07"),
	STR_INIT("Phone/1"),
	STR_INIT("access"),
	STR_INIT("origin"),
	STR_INIT("slow"),
	STR_INIT("gone"),
	STR_INIT("dyn"),
	STR_INIT("dyn.example:81"),
	STR_INIT("http://www.example/hello"),
	STR_INIT("/many?a=b"),
	STR_INIT("https://x.example/gzip"),
	STR_INIT("GET"),
	STR_INIT("POST"),
	STR_INIT("X-One"),
	STR_INIT("x-two"),
	STR_INIT("one\0two\0"),
	STR_INIT("Content-Length"),
	STR_INIT("3"),
	STR_INIT("key #1"),
	STR_INIT("YmE="),
	STR_INIT("\xff"),
	STR_INIT(""),
	STR_INIT("message\nin lines\n"),
};

struct guest {
	struct abi_harness h;
	const uint8_t *at, *end; /* of the program */
	const struct hostcall *calls[ABI_ROWS_MAX];
	size_t calls_count;
	uint32_t word_at[COUNT_OF(words)];
	uint32_t scratch_at;
	uint32_t handles[KINDS][HANDLES_KEPT];
	uint32_t handles_given[KINDS];
	struct body *client; /* the request's body, as its sender sees it */
};

/* ---- reading the program ---- */

static uint8_t next_byte(struct guest *g)
{
	return g->at < g->end ? *g->at++ : 0;
}

static uint32_t next_u32(struct guest *g)
{
	uint32_t value = 0;
	for (int i = 0; i < 4; i++)
		value = value << 8 | next_byte(g);
	return value;
}

static uint32_t memory_size(const struct guest *g)
{
	return (uint32_t)g->h.sandbox->size;
}

/* ---- arguments ---- */

static uint32_t some_number(struct guest *g)
{
	uint8_t how = next_byte(g);
	if (how < 0x80)
		return how % 0x40;
	if (how < 0xc0)
		return how % 8u * 100u + how / 8u % 8u; /* like a status */
	return how < 0xe0   ? next_u32(g)
	       : how < 0xf0 ? UINT32_C(1) << (how & 15) * 2
			    : UINT32_MAX - (how & 15);
}

static uint64_t some_long_number(struct guest *g)
{
	uint8_t how = next_byte(g);
	if (how < 0x80)
		return how;
	return how < 0xc0 ? (uint64_t)next_u32(g) << 32 | next_u32(g) : UINT64_MAX - (how & 63);
}

/* What a handle must stand for so that a call gets far; HANDLE_FREE when anything may do. */
static enum handle_kind wanted_kind(const struct hostcall *call, const char *parameter)
{
	static const struct {
		const char *module, *parameter, *calls; /* by their beginnings */
		enum handle_kind kind;
	} rules[] = {
		{ "fastly_cache", "", "replace_", HANDLE_CACHE_REPLACE },
		{ "fastly_cache", "", "", HANDLE_CACHE },
		{ "fastly_http_body", "", "", HANDLE_BODY },
		{ "", "b", "", HANDLE_BODY },
		{ "fastly_http_req", "", "pending", HANDLE_PENDING },
		{ "fastly_http_req", "", "", HANDLE_REQUEST },
		{ "fastly_http_resp", "handle", "", HANDLE_PENDING },
		{ "fastly_http_resp", "", "", HANDLE_RESPONSE },
		{ "fastly_http_downstream", "req", "", HANDLE_REQUEST },
		{ "fastly_http_downstream", "", "", HANDLE_PROMISE },
		{ "fastly_config_store", "", "", HANDLE_CONFIG },
		{ "fastly_dictionary", "", "", HANDLE_CONFIG },
		{ "fastly_secret_store", "store", "", HANDLE_SECRETS },
		{ "fastly_secret_store", "", "", HANDLE_SECRET },
		{ "fastly_kv_store", "store", "", HANDLE_KV },
		{ "fastly_object_store", "store", "", HANDLE_KV },
		{ "fastly_kv_store", "", "", HANDLE_KV_OP },
		{ "fastly_object_store", "", "", HANDLE_KV_OP },
		{ "fastly_acl", "", "", HANDLE_ACL },
		{ "fastly_log", "", "", HANDLE_ENDPOINT },
	};
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		if (str_starts(str_from(call->module), str_from(rules[i].module)) &&
		    str_starts(str_from(parameter), str_from(rules[i].parameter)) &&
		    str_starts(str_from(call->name), str_from(rules[i].calls)))
			return rules[i].kind;
	}
	return HANDLE_FREE;
}

static uint32_t some_handle(struct guest *g, enum handle_kind kind)
{
	uint8_t how = next_byte(g);
	if (kind == HANDLE_FREE || how >= 0xe0) {
		kind = (enum handle_kind)(next_byte(g) % KINDS);
		for (int i = 0; i < KINDS && !g->handles_given[kind]; i++)
			kind = (enum handle_kind)((kind + 1) % KINDS);
	}
	if (how < 0xf0)
		return g->handles[kind][how % HANDLES_KEPT];
	return how < 0xf8 ? how & 7 : how == 0xff ? next_u32(g) : HANDLE_INVALID;
}

static uint32_t some_pointer(struct guest *g)
{
	uint8_t how = next_byte(g);
	if (how < 0xc0)
		return g->scratch_at + how % SLOTS * SCRATCH_BYTES;
	if (how < 0xe0)
		return memory_size(g) - (how & 31); /* near the end */
	return how < 0xf0 ? g->scratch_at + (how & 15) : how == 0xff ? next_u32(g) : UINT32_MAX - (how & 15);
}

/* A length or capacity for what stands at `pointer`. */
static uint32_t some_length(struct guest *g, uint32_t pointer)
{
	uint8_t how = next_byte(g);
	if (how < 0xd0)
		return how;
	if (how < 0xe0)
		return memory_size(g) - pointer + (how & 15) - 8; /* to the end, about */
	return how < 0xf0 ? UINT32_MAX - pointer + (how & 15) : next_u32(g);
}

/* Pointer and length of bytes to read: mostly a word. */
static void some_bytes(struct guest *g, uint64_t *args)
{
	uint8_t how = next_byte(g);
	if (how < 0xc0) {
		args[0] = g->word_at[how % COUNT_OF(words)];
		args[1] = words[how % COUNT_OF(words)].len;
		return;
	}
	args[0] = some_pointer(g);
	args[1] = some_length(g, (uint32_t)args[0]);
}

/* A list of handles in scratch memory. */
static void some_handles(struct guest *g, enum handle_kind kind, uint64_t *args)
{
	uint32_t count = next_byte(g);
	args[0] = g->scratch_at + SLOTS * SCRATCH_BYTES;
	args[1] = count;
	if (count >= 8) {
		args[0] = some_pointer(g);
		args[1] = some_length(g, (uint32_t)args[0]);
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		abi_set_u32(&g->h, (uint32_t)args[0] + 4 * i, some_handle(g, kind));
}

static void fill_arguments(struct guest *g, const struct hostcall *call, uint64_t *args)
{
	struct abi_value values[HOSTCALL_PARAMS_MAX];
	size_t count = abi_values(call, values);
	const struct hostcall_param *parameter = call->params;
	for (size_t i = 0; i < count; i++) {
		parameter += i > 0 && values[i].nth == 0;
		if (values[i].kind == PARAM_in_bytes)
			some_bytes(g, &args[i++]);
		else if (values[i].kind == PARAM_in_handles)
			some_handles(g, wanted_kind(call, parameter->name), &args[i++]);
		else if (values[i].kind == PARAM_in_handle)
			args[i] = some_handle(g, wanted_kind(call, parameter->name));
		else if (values[i].align)
			args[i] = some_pointer(g);
		else if (values[i].kind == PARAM_in_u64)
			args[i] = some_long_number(g);
		else if ((values[i].kind == PARAM_out_bytes || values[i].kind == PARAM_out_multi) &&
			 values[i].nth == 1)
			args[i] = some_length(g, (uint32_t)args[i - 1]);
		else
			args[i] = some_number(g);
	}
}

/* ---- results ---- */

static void keep_handle(struct guest *g, uint32_t handle)
{
	enum handle_kind kind = handles_kind(&g->h.sandbox->handles, handle);
	g->handles[kind][g->handles_given[kind]++ % HANDLES_KEPT] = handle;
}

static void keep_results(struct guest *g, const struct hostcall *call, const uint64_t *args)
{
	struct abi_value values[HOSTCALL_PARAMS_MAX];
	size_t count = abi_values(call, values);
	for (size_t i = 0; i < count; i++) {
		if (values[i].kind == PARAM_out_handle)
			keep_handle(g, abi_u32(&g->h, (uint32_t)args[i]));
	}
}

/* ---- what happens outside ---- */

static void read_answer(struct guest *g)
{
	struct body *body = g->h.sandbox->invocation->response.body;
	struct str bytes;
	while (body && body_peek(body, &bytes) == BODY_DATA)
		body_consume(body, bytes.len);
}

static void let_time_pass(struct guest *g, uint64_t ns)
{
	bool never = false;
	uint64_t now = clock_monotonic(g->h.clock);
	(void)loop_run(&g->h.loop, &never, now < UINT64_MAX - ns ? now + ns : UINT64_MAX);
}

enum { OUTSIDE = 0xf0, OUTSIDE_KINDS = 8 }; /* steps from OUTSIDE on are such */

static void happen_outside(struct guest *g, uint8_t what)
{
	switch (what % OUTSIDE_KINDS) {
	case 0:
		body_write(g->client, STR("from the client "));
		break;
	case 1:
		body_end(g->client);
		break;
	case 2:
		body_fail(g->client, BODY_FAILURE_INCOMPLETE);
		break;
	case 3:
		read_answer(g);
		break;
	case 4:
		if (g->h.sandbox->invocation->response.body)
			body_abandon(g->h.sandbox->invocation->response.body);
		break;
	case 5:
		let_time_pass(g, NS_PER_S);
		break;
	case 6:
		clock_virtual_set_wall(g->h.clock, ABI_WALL_NS + next_byte(g) * NS_PER_S);
		break;
	default: /* bytes of the program into scratch memory: records, subscriptions, lists */
		for (uint32_t slot = next_byte(g) % SLOTS, i = 0, n = next_byte(g) % SCRATCH_BYTES; i < n;
		     i++)
			g->h.memory[g->scratch_at + slot * SCRATCH_BYTES + i] = next_byte(g);
		break;
	}
}

/* ---- running ---- */

/* The status of the call; what it waits for is made to happen if time alone does not bring it. */
static enum abi_status make_call(struct guest *g, const struct hostcall *call, const uint64_t *args)
{
	uint64_t now = clock_monotonic(g->h.clock);
	uint64_t deadline = now < UINT64_MAX - WAIT_S * NS_PER_S ? now + WAIT_S * NS_PER_S : UINT64_MAX;
	enum abi_status status = abi_begin(&g->h, call, args);
	for (uint8_t what = 0; status == ABI_WAIT && what < 5; what++) {
		status = abi_go_on(&g->h, deadline);
		if (status == ABI_WAIT)
			happen_outside(g, (const uint8_t[]){ 0, 3, 1, 3, 4 }[what]);
	}
	return status;
}

static bool step(struct guest *g)
{
	uint64_t args[HOSTCALL_PARAMS_MAX] = { 0 };
	uint8_t op = next_byte(g);
	if (op >= OUTSIDE) {
		happen_outside(g, op);
		return true;
	}
	const struct hostcall *call = g->calls[(op * 256u + next_byte(g)) % g->calls_count];
	fill_arguments(g, call, args);
	enum abi_status status = make_call(g, call, args);
	if (status == ABI_OK)
		keep_results(g, call, args);
	return status != ABI_TRAP && status != ABI_WAIT; /* ABI_WAIT: for ever; a limit ends such a guest */
}

/* By module and name, so that a new row does not change what the corpus means more than it must. */
static int by_name(const void *a, const void *b)
{
	const struct hostcall *const *x = a, *const *y = b;
	int order = strcmp((*x)->module, (*y)->module);
	return order ? order : strcmp((*x)->name, (*y)->name);
}

/* A handle of nearly every kind, as a guest that got somewhere has them. */
static void open_things(struct guest *g)
{
	struct abi_harness *h = &g->h;
	uint32_t out = abi_room(h, 4), config = abi_room(h, 8), body = h->sandbox->body_handle;
	keep_handle(g, h->sandbox->request_handle);
	keep_handle(g, body);
#define OPENED(...) ((void)abi_call(h, __VA_ARGS__, out), keep_handle(g, abi_u32(h, out)))
	OPENED("fastly_config_store", "open", ABI_TEXT(h, "settings"));
	OPENED("fastly_secret_store", "open", ABI_TEXT(h, "vault"));
	OPENED("fastly_secret_store", "from_bytes", ABI_TEXT(h, "s3cret"));
	OPENED("fastly_acl", "open", ABI_TEXT(h, "list"));
	OPENED("fastly_log", "endpoint_get", ABI_TEXT(h, "access"));
	OPENED("fastly_http_downstream", "next_request", 0, config);
	for (int i = 0; i < 2; i++) {
		OPENED("fastly_http_resp", "new");
		OPENED("fastly_http_body", "new");
		body = abi_u32(h, out);
		OPENED("fastly_http_req", "new");
	}
	OPENED("fastly_http_req", "send_async", abi_u32(h, out), body, ABI_TEXT(h, "slow"));
	OPENED("fastly_http_req", "new");
	OPENED("fastly_kv_store", "open", ABI_TEXT(h, "books"));
	OPENED("fastly_kv_store", "lookup", abi_u32(h, out), ABI_TEXT(h, "ba"), 0, config);
	config = abi_room(h, 80);
	OPENED("fastly_cache", "transaction_lookup", ABI_TEXT(h, "k"), 0, config);
	OPENED("fastly_cache", "transaction_lookup_async", ABI_TEXT(h, "k"), 0, config);
	OPENED("fastly_cache", "replace", ABI_TEXT(h, "k"), 0, config);
#undef OPENED
}

static void start(struct guest *g)
{
	struct abi_harness *h = &g->h;
	uint8_t options = next_byte(g);
	abi_prepare(h, options & 1 ? 64 * 1024 : 4096);
	abi_furnish(h);
	if (options & 2) {
		kv_destroy(&h->world->kv);
		h->world->kv = kv_slow_new(kv_memory_new(), NS_PER_MS);
		kv_add_store(h->world->kv, STR("things"));
		kv_add_store(h->world->kv, STR("books"));
	}
	h->world->tracing = options & 4;
	h->world->limits.handles = HANDLES_OPEN_MAX;
	h->world->limits.headers = 64;
	h->world->limits.subrequests = 32;
	h->world->limits.log_bytes = 1 << 20;
	g->client = body_new(&h->loop);
	g->client->streaming = true;
	h->request.body = g->client;
	headers_add(&h->request.headers, &h->arena, STR("Host"), STR("www.example"));
	headers_add(&h->request.headers, &h->arena, STR("X-One"), STR("1"));
	abi_start(h);
	for (size_t i = 0; i < COUNT_OF(words); i++)
		g->word_at[i] = abi_place(h, words[i]);
	g->scratch_at = abi_room(h, (SLOTS + 1) * SCRATCH_BYTES);
	open_things(g);
	for (size_t i = 0; i < hostcalls_count; i++) {
		if (hostcalls[i].done)
			g->calls[g->calls_count++] = &hostcalls[i];
	}
	qsort(g->calls, g->calls_count, sizeof g->calls[0], by_name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct guest g; /* large; only one runs at a time */
	g = (struct guest){ .at = data, .end = data + size };
	start(&g);
	for (int steps = 0; steps < STEPS_MAX && g.at < g.end && step(&g); steps++)
		;
	sandbox_stop(g.h.sandbox);
	body_unref(&g.client);
	abi_fini(&g.h);
	return 0;
}
