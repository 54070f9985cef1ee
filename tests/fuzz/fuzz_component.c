/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A component that calls any function of its world with any values. Wasmtime says what values are
 * well-formed, and links by name, so a value of any type may come in any place: half of them are what a
 * function's row asks for. Resources are numbers that were given before, or others.
 */
#include "../support/abi.h"

#include "guest/wasm/component/door.h"
#include "guest/wasm/component/names.h"
#include "guest/wasm/component/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 128, REPS_KEPT = 16, DEPTH_MAX = 4, WAIT_S = 5 };

struct guest {
	struct abi_harness h;
	struct component component;
	wasmtime_context_t *context;
	const uint8_t *at, *end; /* of the program */
	uint32_t reps[REPS_KEPT];
	uint32_t reps_given;
};

static uint8_t next_byte(struct guest *g)
{
	return g->at < g->end ? *g->at++ : 0;
}

static struct wasmtime_component_val any_val(struct guest *g, unsigned depth);

/* As val_settle() leaves a resource. */
static struct wasmtime_component_val any_resource(struct guest *g)
{
	uint8_t b = next_byte(g);
	uint32_t rep = b < 2 * REPS_KEPT ? g->reps[b % REPS_KEPT] : b % 8;
	return val_u64(UINT64_C(0x7265736f) << 32 | rep);
}

static struct str any_words(struct guest *g)
{
	static const struct str words[] = {
		STR_INIT("settings"), STR_INIT("greeting"), STR_INIT("vault"),
		STR_INIT("token"),    STR_INIT("books"),    STR_INIT("ba"),
		STR_INIT("list"),     STR_INIT("origin"),   STR_INIT("gone"),
		STR_INIT("dyn"),      STR_INIT("a:81"),     STR_INIT("http://www.example/hello"),
		STR_INIT("GET"),      STR_INIT("X-One"),    STR_INIT("one\0"),
		STR_INIT("x\0y\0"),   STR_INIT("3"),        STR_INIT(""),
		STR_INIT("a\nb\n"),   STR_INIT("Phone/1"),
	};
	return words[next_byte(g) % COUNT_OF(words)];
}

static uint64_t any_number(struct guest *g)
{
	static const uint64_t numbers[] = { 0,    1,     2,       3,         10,         200,
					    4096, 65536, 1 << 20, INT32_MAX, UINT32_MAX, UINT64_MAX };
	uint8_t b = next_byte(g);
	return b < COUNT_OF(numbers) ? numbers[b] : b;
}

static struct wasmtime_component_val any_name(struct guest *g)
{
	const char *const *const sets[] = { names_http_version,  names_framing_mode, names_pending_kind,
					    names_insert_mode,   names_list_mode,    names_replace_strategy,
					    names_cache_override };
	const char *const *names = sets[next_byte(g) % COUNT_OF(sets)];
	size_t count = 0;
	while (names[count])
		count++;
	return val_enum(names[next_byte(g) % count]);
}

static struct wasmtime_component_val any_option(struct guest *g, unsigned depth)
{
	return next_byte(g) & 1 ? val_some(any_val(g, depth + 1)) : val_none();
}

/* Of every field that any record of options has. */
static struct wasmtime_component_val any_record(struct guest *g, unsigned depth)
{
	static const char *const fields[] = {
		"request-headers",
		"always-use-requested-range",
		"replace-strategy",
		"max-age-ns",
		"vary-rule",
		"initial-age-ns",
		"stale-while-revalidate-ns",
		"stale-if-error-ns",
		"surrogate-keys",
		"length",
		"user-metadata",
		"edge-max-age-ns",
		"sensitive-data",
		"from",
		"to",
		"override-key",
		"backend",
		"mode",
		"background-fetch",
		"if-generation-match",
		"metadata",
		"time-to-live-sec",
		"cursor",
		"limit",
		"prefix",
		"timeout-ms",
		"soft-purge",
		"ttl",
		"stale-while-revalidate",
		"pci",
		"surrogate-key",
		"extra",
		"sdk-claims-opts",
		"corp",
		"workspace",
		"override-client-ip",
	};
	struct wasmtime_component_val v = val_record(COUNT_OF(fields));
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		struct wasmtime_component_val field =
			strcmp(fields[i], "mode") == 0 ? any_name(g)
			: strstr(fields[i], "-data") || strstr(fields[i], "soft") ||
					strstr(fields[i], "pci") || strstr(fields[i], "always") ||
					strstr(fields[i], "background")
				? val_bool(next_byte(g) & 1)
			: strcmp(fields[i], "max-age-ns") == 0 ? val_u64(any_number(g))
							       : any_option(g, depth);
		val_field(&v, i, fields[i], field);
	}
	return v;
}

static struct wasmtime_component_val any_list(struct guest *g, unsigned depth)
{
	size_t count = next_byte(g) % 5;
	struct wasmtime_component_val v = val_list(count);
	bool resources = next_byte(g) & 1;
	for (size_t i = 0; i < count; i++)
		v.of.list.data[i] = resources ? any_resource(g) : any_val(g, depth + 1);
	return v;
}

static struct wasmtime_component_val any_ip(struct guest *g)
{
	struct wasmtime_component_val v = { .kind = WASMTIME_COMPONENT_TUPLE };
	bool six = next_byte(g) & 1;
	size_t count = six ? 8 : 4;
	wasmtime_component_valtuple_new_uninit(&v.of.tuple, count);
	for (size_t i = 0; i < count; i++)
		v.of.tuple.data[i] = six ? val_u16(next_byte(g)) : val_u8(next_byte(g));
	return val_case(names_ip[six ^ (next_byte(g) == 7)], &v);
}

/* NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX bounds it */
static struct wasmtime_component_val any_val(struct guest *g, unsigned depth)
{
	if (depth > DEPTH_MAX)
		return val_bool(true);
	switch (next_byte(g) % 16) {
	case 0:
		return val_bool(next_byte(g) & 1);
	case 1:
		return val_u32((uint32_t)any_number(g));
	case 2:
		return val_u64(any_number(g));
	case 3:
	case 4:
		return val_string(any_words(g));
	case 5:
		return val_bytes(any_words(g));
	case 6:
	case 7:
	case 8:
		return any_resource(g);
	case 9:
		return any_name(g);
	case 10:
		return any_option(g, depth);
	case 11:
		return any_list(g, depth);
	case 12:
		return depth < 2 ? any_record(g, depth) : val_u8(next_byte(g));
	case 13:
		return any_ip(g);
	case 14: {
		struct wasmtime_component_val inner = any_record(g, DEPTH_MAX);
		return val_case(names_cache_override[next_byte(g) % 3], &inner);
	}
	default:
		return val_ok(NULL);
	}
}

/* What the row wants, or anything. */
static struct wasmtime_component_val fitting_val(struct guest *g, char letter)
{
	if (next_byte(g) < 32)
		return any_val(g, 0);
	switch (letter) {
	case 'h':
	case 'n':
		return any_resource(g);
	case 's':
		return next_byte(g) & 1 ? val_string(any_words(g)) : val_bytes(any_words(g));
	case 'i':
	case 'b':
	case 'B':
	case 'c':
		return val_u64(any_number(g));
	case 'v':
	case 'g':
	case 'j':
		return any_name(g);
	case 'f':
		return val_flags(names_encodings, next_byte(g));
	case 'a':
		return any_ip(g);
	case 'K':
	case 'W':
	case 'G':
	case 'R':
	case 'X':
	case 'Y':
	case 'J':
	case 'L':
	case 'N':
		return any_record(g, 1);
	default:
		return any_val(g, 0);
	}
}

enum { ARGS_MAX = 10 };

static size_t make_args(struct guest *g, const struct door_row *row, struct wasmtime_component_val *args)
{
	size_t count = 0;
	if (!row->args) {
		count = next_byte(g) % 6;
		for (size_t i = 0; i < count; i++)
			args[i] = any_val(g, 0);
		return count;
	}
	for (const char *s = row->args; *s && count + 2 < ARGS_MAX; s++) {
		if (strchr("0123456789!dqwQpZ", *s))
			continue;
		args[count++] = fitting_val(g, *s);
		if (*s == 'c')
			args[count++] = fitting_val(g, 'i');
	}
	if (next_byte(g) == 1 && count) /* one too few */
		wasmtime_component_val_delete(&args[--count]);
	return count;
}

/* Keeps what resources there are in a result, for later. */
static void keep_reps(struct guest *g, struct wasmtime_component_val *v)
{
	bool wrong = false;
	val_settle(g->context, v, &wrong);
	struct wasmtime_component_val *at[8] = { v };
	size_t count = 1;
	while (count) {
		struct wasmtime_component_val *one = at[--count];
		bool other = false;
		uint32_t rep = val_rep(one, &other);
		if (!other)
			g->reps[g->reps_given++ % REPS_KEPT] = rep;
		if (one->kind == WASMTIME_COMPONENT_RESULT && one->of.result.val)
			at[count++] = one->of.result.val;
		if (one->kind == WASMTIME_COMPONENT_OPTION && one->of.option)
			at[count++] = one->of.option;
		for (size_t i = 0; one->kind == WASMTIME_COMPONENT_TUPLE && i < one->of.tuple.size && i < 2;
		     i++)
			at[count++] = &one->of.tuple.data[i];
	}
}

/* False: the guest has ended. */
static bool step(struct guest *g)
{
	uint32_t which = (uint32_t)next_byte(g) << 8 | next_byte(g);
	const struct door_row *row = &door_rows[which % door_rows_count];
	struct wasmtime_component_val args[ARGS_MAX], result = val_bool(false);
	wasmtime_error_t *error = NULL;
	wasmtime_async_continuation_t continuation = { 0 };
	size_t count = make_args(g, row, args);
	door_enter_waits((void *)row, g->context, NULL, args, count, &result, 1, &error, &continuation);
	for (size_t i = 0; i < count; i++)
		wasmtime_component_val_delete(&args[i]);
	bool over = error || continuation.callback(continuation.env);
	uint64_t deadline = clock_monotonic(g->h.clock) + WAIT_S * NS_PER_S;
	while (!over) {
		g->h.woken = false;
		if (loop_run(&g->h.loop, &g->h.woken, deadline) != LOOP_DONE)
			break;
		over = continuation.callback(continuation.env);
	}
	bool ended = error || !over || g->h.sandbox->doomed;
	if (error)
		wasmtime_error_delete(error);
	if (!ended)
		keep_reps(g, &result);
	if (!g->h.sandbox->doomed)
		wasmtime_component_val_delete(&result);
	return !ended;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static wasm_engine_t *engine;
	static struct guest g; /* only one runs at a time */
	if (!engine)
		engine = wasm_engine_new();
	g = (struct guest){ .at = data, .end = data + size };
	abi_init(&g.h, 0);
	g.component.initial_memory = 1 << 20;
	g.h.service.component = &g.component;
	wasmtime_store_t *store = wasmtime_store_new(engine, g.h.sandbox, NULL);
	g.context = wasmtime_store_context(store);
	g.h.sandbox->door = door_new(g.h.sandbox);
	g.reps[0] = g.h.sandbox->request_handle;
	g.reps[1] = g.h.sandbox->body_handle;
	g.reps_given = 2;
	for (int steps = 0; steps < STEPS_MAX && g.at < g.end && step(&g); steps++)
		;
	sandbox_stop(g.h.sandbox);
	door_free(&g.h.sandbox->door);
	wasmtime_store_delete(store);
	g.h.sandbox->base = NULL;
	g.h.sandbox->size = 0;
	abi_fini(&g.h);
	return 0;
}
