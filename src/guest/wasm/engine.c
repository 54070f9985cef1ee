/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/engine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/str.h"

/* Wasm frames may use this much; the rest of a fiber's stack is for host calls. */
enum { WASM_STACK_BYTES = 1 << 20, FIBER_STACK_BYTES = 2 << 20, RESIDENT_BYTES_MAX = 16 << 20 };

struct ticker {
	pthread_t thread;
	wasm_engine_t *engine;
	atomic_bool stop;
};

uint64_t engine_resident(uint64_t initial_bytes)
{
	/* Measured with js-compute (10 MB initial memory, touches most of it): docs/performance.md. */
	return MIN(initial_bytes + (1 << 20), (uint64_t)RESIDENT_BYTES_MAX);
}

void engine_fingerprint(const struct engine_options *o, char *out, size_t cap)
{
	snprintf(out, cap, "wasmtime-" WASMTIME_VERSION "-stack%d-exceptions%d-gc%d", WASM_STACK_BYTES,
		 o->wasm_exceptions, o->wasm_gc);
}

bool engine_error(struct error *e, wasmtime_error_t *taken, const char *doing)
{
	wasm_name_t text;
	wasmtime_error_message(taken, &text);
	FAIL(e, INVALID, "%s: %.*s", doing, (int)text.size, text.data);
	wasm_name_delete(&text);
	wasmtime_error_delete(taken);
	return false;
}

static void set_pool(wasm_config_t *config, const struct engine_options *o)
{
	wasmtime_pooling_allocation_config_t *pool = wasmtime_pooling_allocation_config_new();
	wasmtime_pooling_allocation_config_total_core_instances_set(pool, o->instances_max);
	wasmtime_pooling_allocation_config_total_memories_set(pool, o->instances_max);
	wasmtime_pooling_allocation_config_total_tables_set(pool, o->instances_max);
	wasmtime_pooling_allocation_config_total_stacks_set(pool, o->instances_max);
	wasmtime_pooling_allocation_config_total_gc_heaps_set(pool, o->wasm_gc ? o->instances_max : 0);
	wasmtime_pooling_allocation_config_max_memory_size_set(pool, o->memory_bytes_max);
	wasmtime_pooling_allocation_config_table_elements_set(pool, o->table_elements_max);
	wasmtime_pooling_allocation_config_max_core_instance_size_set(pool, 1 << 20);
	wasmtime_pooling_allocation_config_max_tables_per_module_set(pool, 1);
	wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool, o->resident_bytes);
	wasmtime_pooling_allocation_config_table_keep_resident_set(pool, 1 << 20);
	wasmtime_pooling_allocation_config_async_stack_keep_resident_set(pool, 64 << 10);
	wasmtime_pooling_allocation_config_decommit_batch_size_set(pool, 16);
	wasmtime_pooling_allocation_strategy_set(config, pool);
	wasmtime_pooling_allocation_config_delete(pool);
}

struct engine *engine_new(const struct engine_options *options, struct error *e)
{
	wasm_config_t *config = wasm_config_new();
	wasmtime_config_epoch_interruption_set(config, true);
	wasmtime_config_max_wasm_stack_set(config, WASM_STACK_BYTES);
	wasmtime_config_async_stack_size_set(config, FIBER_STACK_BYTES);
	wasmtime_config_wasm_relaxed_simd_deterministic_set(config, true);
	wasmtime_config_wasm_wide_arithmetic_set(config, true);
	wasmtime_config_wasm_exceptions_set(config, options->wasm_exceptions);
	wasmtime_config_wasm_gc_set(config, options->wasm_gc);
	set_pool(config, options);
	wasm_engine_t *wasm = wasm_engine_new_with_config(config);
	if (!wasm) {
		FAIL(e, INTERNAL,
		     "the Wasm engine does not start; is the address space limited (ulimit -v)?");
		return NULL;
	}
	struct engine *self = NEW(struct engine);
	self->wasm = wasm;
	self->options = *options;
	return self;
}

static void *tick(void *data)
{
	struct ticker *t = data;
	const struct timespec pause = { 0, ENGINE_TICK_MS * 1000 * 1000 };
	while (!atomic_load_explicit(&t->stop, memory_order_relaxed)) {
		nanosleep(&pause, NULL);
		wasmtime_engine_increment_epoch(t->engine);
	}
	return NULL;
}

void engine_start_ticking(struct engine *e)
{
	if (e->ticker)
		return;
	e->ticker = NEW(struct ticker);
	e->ticker->engine = e->wasm;
	CHECK(pthread_create(&e->ticker->thread, NULL, tick, e->ticker) == 0);
}

void engine_destroy(struct engine **pe)
{
	struct engine *e = take(*pe);
	if (!e)
		return;
	if (e->ticker) {
		atomic_store(&e->ticker->stop, true);
		pthread_join(e->ticker->thread, NULL);
		mem_free(e->ticker);
	}
	wasm_engine_delete(e->wasm);
	mem_free(e);
}
