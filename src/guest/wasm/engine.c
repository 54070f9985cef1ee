/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/engine.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/str.h"
#include "guest/wasm/component/run.h"
#include "guest/wasm/stack_pool.h"
#include "guest/wasm/wasm_image.h"
#include "loop/clock.h"

/*
 * Where Wasmtime's own pool is used, nothing of a guest's linear memory stays mapped between two invocations:
 * by the C API it cannot ask the kernel which pages were written, so what stays is cleared or copied anew as
 * a whole. docs/performance.md has the numbers.
 */
enum { RESIDENT_BYTES = 0 };

/* Wasm frames may use this much; the rest of a fiber's stack is for host calls. */
enum { WASM_STACK_BYTES = 1 << 20, FIBER_STACK_BYTES = 2 << 20 };

struct ticker {
	pthread_t thread;
	wasm_engine_t *engine;
	uint64_t period_ns;
	struct crew *crew;
	pthread_mutex_t lock; /* of `stop` */
	pthread_cond_t stopped;
	bool stop;
};

void engine_fingerprint(const struct engine_options *o, bool own_memory, char *out, size_t cap)
{
	snprintf(out, cap,
		 "wasmtime-" WASMTIME_VERSION "-stack%d-exceptions%d-gc%d-debug%d-lines%d-profile%d-%s",
		 WASM_STACK_BYTES, o->wasm_exceptions, o->wasm_gc, o->debug_info, o->lines, o->profile,
		 own_memory ? WASM_IMAGE_VERSION : "whole");
}

size_t engine_clean(char *text, size_t len)
{
	struct str hint = STR("\nnote: using the `WASMTIME_BACKTRACE_DETAILS=1`");
	size_t at = str_find((struct str){ text, len }, hint);
	if (at != STR_NONE) {
		size_t line = str_find_char(str_sub((struct str){ text, len }, at + 1, len), '\n');
		size_t end = line == STR_NONE ? len : at + 1 + line;
		memmove(text + at, text + end, len - end);
		len -= end - at;
	}
	while (len && (text[len - 1] == '\0' || text[len - 1] == '\n'))
		len--;
	return len;
}

bool engine_error(struct error *e, wasmtime_error_t *taken, const char *doing)
{
	wasm_name_t text;
	wasmtime_error_message(taken, &text);
	text.size = engine_clean(text.data, text.size);
	FAIL(e, INVALID, "%s: %.*s", doing, (int)text.size, text.data);
	wasm_name_delete(&text);
	wasmtime_error_delete(taken);
	return false;
}

static void set_pool(wasm_config_t *config, const struct engine_options *o)
{
	wasmtime_pooling_allocation_config_t *pool = wasmtime_pooling_allocation_config_new();
	wasmtime_pooling_allocation_config_total_core_instances_set(
		pool, o->instances_max * (o->component ? COMPONENT_INSTANCES_MAX : 1));
	/*
	 * Beside its own, a guest needs one for what is collected. External references are, by default, too.
	 */
	wasmtime_pooling_allocation_config_total_memories_set(
		pool, o->instances_max * (o->component ? COMPONENT_MEMORIES_MAX + 1u : 2u));
	wasmtime_pooling_allocation_config_total_tables_set(pool, o->instances_max *
									  (o->component ? COMPONENT_TABLES_MAX
											: 1));
	wasmtime_pooling_allocation_config_total_component_instances_set(pool,
									 o->component ? o->instances_max : 0);
	wasmtime_pooling_allocation_config_total_stacks_set(pool, o->instances_max);
	wasmtime_pooling_allocation_config_total_gc_heaps_set(pool, o->instances_max);
	wasmtime_pooling_allocation_config_max_memory_size_set(pool, o->memory_bytes_max);
	wasmtime_pooling_allocation_config_table_elements_set(pool, o->table_elements_max);
	wasmtime_pooling_allocation_config_max_core_instance_size_set(pool, 1 << 20);
	wasmtime_pooling_allocation_config_max_tables_per_module_set(pool, 1);
	wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool, RESIDENT_BYTES);
	wasmtime_pooling_allocation_config_table_keep_resident_set(pool, 1 << 20);
	wasmtime_pooling_allocation_config_async_stack_keep_resident_set(pool, 64 << 10);
	wasmtime_pooling_allocation_config_decommit_batch_size_set(pool, 16);
	wasmtime_pooling_allocation_strategy_set(config, pool);
	wasmtime_pooling_allocation_config_delete(pool);
}

/* Our memories and stacks, for an engine that is given its instances one by one. */
static void set_own_memory(wasm_config_t *config, struct engine *self)
{
	wasmtime_memory_creator_t memories = memory_pool_creator(self->memories);
	wasmtime_stack_creator_t stacks = stack_pool_creator(self->stacks);
	wasmtime_config_memory_init_cow_set(config, false); /* they come initialised */
	wasmtime_config_host_memory_creator_set(config, &memories);
	wasmtime_config_host_stack_creator_set(config, &stacks);
}

static const wasmtime_profiling_strategy_t profilers[] = {
	[PROFILE_NONE] = WASMTIME_PROFILING_STRATEGY_NONE,
	[PROFILE_GUEST] = WASMTIME_PROFILING_STRATEGY_NONE, /* that one is ours */
	[PROFILE_JITDUMP] = WASMTIME_PROFILING_STRATEGY_JITDUMP,
	[PROFILE_PERFMAP] = WASMTIME_PROFILING_STRATEGY_PERFMAP,
	[PROFILE_VTUNE] = WASMTIME_PROFILING_STRATEGY_VTUNE,
};

struct engine *engine_new(const struct engine_options *options, struct error *e)
{
	scoped(engine_destroy) struct engine *self = NEW(struct engine);
	self->options = *options;
	if (options->memory) {
		self->memories = memory_pool_new(options->memory, e);
		self->stacks = stack_pool_new();
		if (!self->memories)
			return NULL;
	}
	/* There is no other way by the C API; it is read when a configuration is made. */
	if (options->lines)
		setenv("WASMTIME_BACKTRACE_DETAILS", "1", true);
	else
		unsetenv("WASMTIME_BACKTRACE_DETAILS"); /* as a rule it is not set, and nothing is written */
	wasm_config_t *config = wasm_config_new();
	wasmtime_config_epoch_interruption_set(config, true);
	wasmtime_config_max_wasm_stack_set(config, WASM_STACK_BYTES);
	wasmtime_config_async_stack_size_set(config, FIBER_STACK_BYTES);
	wasmtime_config_wasm_relaxed_simd_deterministic_set(config, true);
	wasmtime_config_wasm_wide_arithmetic_set(config, true);
	wasmtime_config_wasm_exceptions_set(config, options->wasm_exceptions);
	wasmtime_config_wasm_gc_set(config, options->wasm_gc);
	wasmtime_config_debug_info_set(config, options->debug_info);
	wasmtime_config_profiler_set(config, profilers[options->profile]);
	if (options->component) {
		/*
		 * One host call at a time is what host calls are built on. (And with support for more, 50.0.1
		 * ends a guest as a bug of its own that passes two borrowed resources in one call.)
		 */
		wasmtime_config_wasm_component_model_async_set(config, false);
		wasmtime_config_concurrency_support_set(config, false);
	}
	if (self->memories)
		set_own_memory(config, self);
	else
		set_pool(config, options);
	self->options.memory = NULL;
	self->wasm = wasm_engine_new_with_config(config);
	if (!self->wasm) {
		FAIL(e, INTERNAL,
		     "the Wasm engine does not start; is the address space limited (ulimit -v)?");
		return NULL;
	}
	return take(self);
}

static void *tick(void *data)
{
	struct ticker *t = data;
	struct clock *clock = clock_system_new();
	uint64_t next_ns = clock_monotonic(clock);
	pthread_mutex_lock(&t->lock);
	if (t->period_ns < NS_PER_MS)
		prctl(PR_SET_TIMERSLACK, 1UL); /* the usual slack is as long as the period of samples */
	while (!t->stop) {
		next_ns = MAX(next_ns + t->period_ns, clock_monotonic(clock));
		const struct timespec next = { (time_t)(next_ns / NS_PER_S), (long)(next_ns % NS_PER_S) };
		pthread_cond_timedwait(&t->stopped, &t->lock, &next);
		wasmtime_engine_increment_epoch(t->engine);
		if (t->crew)
			crew_tick(t->crew);
	}
	pthread_mutex_unlock(&t->lock);
	clock_destroy(&clock);
	return NULL;
}

void engine_start_ticking(struct engine *e, struct crew *crew)
{
	if (e->ticker)
		return;
	e->ticker = NEW(struct ticker);
	e->ticker->engine = e->wasm;
	e->ticker->period_ns = e->options.tick_ns ? e->options.tick_ns : ENGINE_TICK_MS * NS_PER_MS;
	e->ticker->crew = crew;
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&e->ticker->lock, NULL);
	pthread_cond_init(&e->ticker->stopped, &monotonic);
	pthread_condattr_destroy(&monotonic);
	CHECK(pthread_create(&e->ticker->thread, NULL, tick, e->ticker) == 0);
}

void engine_destroy(struct engine **pe)
{
	struct engine *e = take(*pe);
	if (!e)
		return;
	if (e->ticker) {
		pthread_mutex_lock(&e->ticker->lock);
		e->ticker->stop = true;
		pthread_cond_signal(&e->ticker->stopped); /* it need not sleep its time out */
		pthread_mutex_unlock(&e->ticker->lock);
		pthread_join(e->ticker->thread, NULL);
		pthread_cond_destroy(&e->ticker->stopped);
		pthread_mutex_destroy(&e->ticker->lock);
		mem_free(e->ticker);
	}
	if (e->wasm)
		wasm_engine_delete(e->wasm);
	memory_pool_destroy(&e->memories);
	stack_pool_destroy(&e->stacks);
	mem_free(e);
}
