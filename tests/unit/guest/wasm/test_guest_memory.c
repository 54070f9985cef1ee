/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guests that look for what others left, and leave as much as they can, with each way there is to put a
 * memory back.
 */
#include "support/guest.h"

#include <stdio.h>
#include <string.h>

#include "guest/wasm/engine.h"

static const enum wasm_memory ways[] = { WASM_MEMORY_ENGINE, WASM_MEMORY_BEST, WASM_MEMORY_RESCAN,
					 WASM_MEMORY_REMAP };

/*
 * Exits with a hash of all its memory, a global and a table before its first write. Then does, as chance has
 * it, much that could be seen later: stores, grows, fills, copies, initialises, drops, sets. What it grows by
 * must be zero.
 */
static const char scribbler[] =
	"(module"
	" (import \"wasi_snapshot_preview1\" \"random_get\" (func $random (param i32 i32) (result i32)))"
	" (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))"
	" (memory (export \"memory\") 5 40)"
	" (table 4 funcref)"
	" (elem declare func $nothing)"
	" (global $global (mut i32) (i32.const 7))"
	" (data (i32.const 65530) \"0123456789abcdef\")"
	" (data $passive \"passive bytes\")"
	" (data (i32.const 131072) \"\\01\\02\\03\")"
	" (data (i32.const 131073) \"over\")"
	" (func $nothing)"
	" (func $hash (result i32) (local $at i32) (local $h i32)"
	"  (loop $next"
	"   (local.set $h (i32.add (i32.mul (local.get $h) (i32.const 31)) (i32.load (local.get $at))))"
	"   (local.set $at (i32.add (local.get $at) (i32.const 4)))"
	"   (br_if $next (i32.lt_u (local.get $at) (i32.shl (memory.size) (i32.const 16)))))"
	"  (local.set $h (i32.add (local.get $h) (global.get $global)))"
	"  (local.set $h (i32.add (local.get $h) (ref.is_null (table.get 0 (i32.const 2)))))"
	"  (i32.and (local.get $h) (i32.const 0x7fffffff)))"
	" (func $byte (result i32)"
	"  (drop (call $random (i32.const 0) (i32.const 4)))"
	"  (i32.load8_u (i32.const 0)))"
	" (func $grow (local $at i32)"
	"  (local.set $at (memory.grow (i32.and (call $byte) (i32.const 7))))"
	"  (if (i32.eq (local.get $at) (i32.const -1)) (then (return)))"
	"  (local.set $at (i32.shl (local.get $at) (i32.const 16)))"
	"  (block $end (loop $next"
	"   (br_if $end (i32.ge_u (local.get $at) (i32.shl (memory.size) (i32.const 16))))"
	"   (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))"
	"   (if (i32.and (call $byte) (i32.const 1)) (then"
	"    (i64.store offset=8 (local.get $at) (i64.const -1))))"
	"   (local.set $at (i32.add (local.get $at) (i32.const 1024)))"
	"   (br $next))))"
	" (func $scribble (local $n i32)"
	"  (local.set $n (i32.and (call $byte) (i32.const 63)))"
	"  (loop $next"
	"   (drop (call $random (i32.const 0) (i32.const 4)))"
	"   (i32.store16 (i32.rem_u (i32.load (i32.const 0)) (i32.const 327678)) (i32.const 0xffff))"
	"   (local.set $n (i32.sub (local.get $n) (i32.const 1)))"
	"   (br_if $next (i32.gt_s (local.get $n) (i32.const 0)))))"
	" (func (export \"_start\") (local $h i32) (local $what i32)"
	"  (local.set $h (call $hash))"
	"  (local.set $what (call $byte))"
	"  (if (i32.and (local.get $what) (i32.const 1)) (then (call $grow)))"
	"  (if (i32.and (local.get $what) (i32.const 2)) (then (call $scribble)))"
	"  (if (i32.and (local.get $what) (i32.const 4)) (then"
	"   (memory.fill (i32.const 60000) (i32.const 0xee) (i32.const 80000))))"
	"  (if (i32.and (local.get $what) (i32.const 8)) (then"
	"   (memory.copy (i32.const 200000) (i32.const 65000) (i32.const 70000))))"
	"  (if (i32.and (local.get $what) (i32.const 16)) (then"
	"   (memory.init $passive (i32.const 131070) (i32.const 0) (i32.const 13))"
	"   (data.drop $passive)))"
	"  (if (i32.and (local.get $what) (i32.const 32)) (then"
	"   (global.set $global (i32.const 99))"
	"   (table.set 0 (i32.const 2) (ref.func $nothing))))"
	"  (if (i32.and (local.get $what) (i32.const 64)) (then (call $grow) (call $grow)))"
	"  (if (i32.eq (i32.and (local.get $what) (i32.const 0x83)) (i32.const 0x83)) (then unreachable))"
	"  (call $exit (local.get $h))))";

static bool has_own_memory(struct guest_harness *h)
{
	return h->service->engine->memories != NULL;
}

TEST(no_guest_sees_what_another_left)
{
	int hash = 0;
	for (size_t w = 0; w < COUNT_OF(ways); w++) {
		struct guest_harness h;
		guest_open(&h, scribbler, &(struct wasm_options){ .memory = ways[w] });
		assert_int_equal(has_own_memory(&h), ways[w] != WASM_MEMORY_ENGINE);
		size_t traps = 0;
		for (int i = 0; i < 600; i++) {
			struct guest_result r = guest_run(&h);
			traps += r.outcome == OUTCOME_TRAP;
			if (r.outcome == OUTCOME_TRAP)
				continue;
			assert_int_equal(r.outcome, OUTCOME_EXIT);
			if (hash == 0)
				hash = r.exit_code;
			assert_int_equal(r.exit_code, hash);
		}
		assert_in_range(traps, 1, 200);
		guest_close(&h);
	}
}

TEST(many_alive_at_the_same_time_are_apart)
{
	for (size_t w = 0; w < COUNT_OF(ways); w++) {
		struct guest_harness h;
		struct invocation *alive[20];
		/* Exits with what it finds at an address after it has slept, having counted there before. */
		guest_open(
			&h,
			"(module"
			" (import \"wasi_snapshot_preview1\" \"poll_oneoff\""
			"  (func $poll (param i32 i32 i32 i32) (result i32)))"
			" (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))"
			" (memory (export \"memory\") 1)"
			" (data (i32.const 4096) \"\\05\")"
			" (func (export \"_start\")"
			"  (i32.store (i32.const 4096) (i32.add (i32.load (i32.const 4096)) (i32.const 1)))"
			"  (i32.store (i32.const 16) (i32.const 1))"
			"  (i64.store (i32.const 24) (i64.const 1000000))"
			"  (drop (call $poll (i32.const 0) (i32.const 512) (i32.const 1) (i32.const 256)))"
			"  (call $exit (i32.load (i32.const 4096)))))",
			&(struct wasm_options){ .memory = ways[w] });
		for (int round = 0; round < 5; round++) {
			for (size_t i = 0; i < COUNT_OF(alive); i++)
				alive[i] = service_invoke(&h.service->super, h.world, &h.asked);
			for (size_t i = 0; i < COUNT_OF(alive); i++) {
				assert_false(i == 0 && alive[i]->ended);
				if (!alive[i]->ended)
					loop_run(&h.loop, &alive[i]->ended, UINT64_MAX);
				assert_int_equal(alive[i]->exit_code, 6);
				invocation_destroy(&alive[i]);
			}
		}
		guest_close(&h);
	}
}

TEST(what_another_guest_grew_by_is_out_of_reach)
{
	for (size_t w = 0; w < COUNT_OF(ways); w++) {
		struct guest_harness h;
		guest_open(&h,
			   "(module"
			   " (import \"wasi_snapshot_preview1\" \"random_get\""
			   "  (func $random (param i32 i32) (result i32)))"
			   " (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))"
			   " (memory (export \"memory\") 1)"
			   " (func (export \"_start\")"
			   "  (drop (call $random (i32.const 0) (i32.const 4)))"
			   "  (if (i32.and (i32.load (i32.const 0)) (i32.const 1)) (then"
			   "   (drop (memory.grow (i32.const 9)))"
			   "   (i32.store (i32.const 65536) (i32.const 1))"
			   "   (call $exit (i32.const 1))))"
			   "  (drop (i32.load (i32.const 65536)))"
			   "  (call $exit (i32.const 2))))",
			   &(struct wasm_options){ .memory = ways[w] });
		int grew = 0, trapped = 0;
		for (int i = 0; i < 60; i++) {
			struct guest_result r = guest_run(&h);
			assert_false(r.outcome == OUTCOME_EXIT && r.exit_code == 2);
			grew += r.outcome == OUTCOME_EXIT;
			trapped += r.outcome == OUTCOME_TRAP;
		}
		assert_true(grew > 5 && trapped > 5);
		guest_close(&h);
	}
}

/* The outcome of a start function that does this, with an active segment of two bytes. */
static enum outcome outcome_of(enum wasm_memory way, const char *body)
{
	char wat[1024];
	struct guest_harness h;
	snprintf(wat, sizeof wat,
		 "(module (memory (export \"memory\") 1 3) (data $a (i32.const 8) \"ab\")"
		 " (data $p \"xyz\") (func (export \"_start\") %s))",
		 body);
	guest_open(&h, wat, &(struct wasm_options){ .memory = way });
	enum outcome outcome = guest_run(&h).outcome;
	assert_int_equal(guest_run(&h).outcome, outcome);
	guest_close(&h);
	return outcome;
}

TEST(segments_behave_as_the_standard_says)
{
	for (size_t w = 0; w < COUNT_OF(ways); w++) {
		assert_int_equal(outcome_of(ways[w],
					    "(memory.init $a (i32.const 0) (i32.const 0) (i32.const 0))"),
				 OUTCOME_OK);
		assert_int_equal(outcome_of(ways[w],
					    "(memory.init $a (i32.const 0) (i32.const 0) (i32.const 1))"),
				 OUTCOME_TRAP);
		assert_int_equal(outcome_of(ways[w], "(data.drop $a) (data.drop $a)"), OUTCOME_OK);
		assert_int_equal(outcome_of(ways[w],
					    "(memory.init $p (i32.const 0) (i32.const 1) (i32.const 2))"
					    "(if (i32.ne (i32.load16_u (i32.const 0))"
					    " (i32.const 0x7a79)) (then unreachable))"),
				 OUTCOME_OK);
		assert_int_equal(outcome_of(ways[w], "(if (i32.ne (i32.load16_u (i32.const 8))"
						     " (i32.const 0x6261)) (then unreachable))"),
				 OUTCOME_OK);
		assert_int_equal(outcome_of(ways[w], "(drop (i32.load (i32.const 65533)))"), OUTCOME_TRAP);
		assert_int_equal(outcome_of(ways[w], "(drop (i32.load offset=0xfffffff0 (i32.const -1)))"),
				 OUTCOME_TRAP);
		assert_int_equal(outcome_of(ways[w], "(drop (memory.grow (i32.const 2)))"
						     "(drop (i32.load (i32.const 196604)))"
						     "(if (i32.ne (memory.grow (i32.const 1)) (i32.const -1))"
						     " (then unreachable))"),
				 OUTCOME_OK);
		assert_int_equal(outcome_of(ways[w], "(drop (memory.grow (i32.const 2)))"
						     "(drop (i32.load (i32.const 196605)))"),
				 OUTCOME_TRAP);
	}
}

/*
 * Modules whose memory is Wasmtime's affair, and what becomes of them: they are run, or refused with its
 * words.
 */
static const struct {
	const char *wat, *refused; /* NULL: is run */
} others[] = {
	{ "(module (func (export \"_start\")))", NULL },
	{ "(module (memory i64 1) (data (i64.const 0) \"a\") (func (export \"_start\")))", NULL },
	{ "(module (memory 1) (global i32 (i32.const 8))"
	  " (data (offset (i32.add (i32.const 4) (i32.const 4))) \"a\") (func (export \"_start\")))",
	  NULL },
	{ "(module (memory 600) (data (i32.const 0) \"a\") (data (i32.const 39000000) \"b\")"
	  " (func (export \"_start\")))",
	  NULL },
	{ "(module (memory 1) (memory 1) (func (export \"_start\")))", "memories" },
	{ "(module (memory 1) (table 1 funcref) (table 1 funcref) (func (export \"_start\")))", "tables" },
	{ "(module (memory 1) (table 98766 funcref) (func (export \"_start\")))", "98766" },
	{ "(module (import \"env\" \"memory\" (memory 1)) (func (export \"_start\")))", "env.memory" },
	{ "(module (memory 1 1 shared) (func (export \"_start\")))", "shared" },
};

TEST(where_the_memory_cannot_be_taken_out_the_engine_has_it)
{
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		struct error e;
		struct wasm_options options = { .cache_folder = NULL };
		struct wasm_service *s;
		if (!others[i].refused) {
			struct guest_harness h;
			guest_open(&h, others[i].wat, &options);
			assert_false(has_own_memory(&h));
			for (int n = 0; n < 3; n++)
				assert_int_equal(guest_run(&h).outcome, OUTCOME_OK);
			guest_close(&h);
			continue;
		}
		assert_false(wasm_service_from_bytes(&s, "guest.wat", str_from(others[i].wat), &options, &e));
		if (!strstr(e.text, others[i].refused))
			fail_msg("%s: %s", others[i].wat, e.text);
	}
}

TEST(a_segment_outside_of_the_memory_is_a_trap)
{
	for (size_t w = 0; w < COUNT_OF(ways); w++) {
		struct guest_harness h;
		guest_open(&h,
			   "(module (memory 1) (data (i32.const 65535) \"ab\") (func (export \"_start\")))",
			   &(struct wasm_options){ .memory = ways[w] });
		assert_int_equal(guest_run(&h).outcome, OUTCOME_TRAP);
		guest_close(&h);
	}
}

TEST(more_guests_than_there_may_be_are_refused)
{
	for (size_t w = 0; w < COUNT_OF(ways); w++) {
		struct guest_harness h;
		guest_open(
			&h,
			"(module"
			" (import \"wasi_snapshot_preview1\" \"poll_oneoff\""
			"  (func $poll (param i32 i32 i32 i32) (result i32)))"
			" (memory (export \"memory\") 1)"
			" (func (export \"_start\")"
			"  (i64.store (i32.const 24) (i64.const 1000000))"
			"  (drop (call $poll (i32.const 0) (i32.const 512) (i32.const 1) (i32.const 256)))))",
			&(struct wasm_options){ .memory = ways[w], .instances_max = 2 });
		struct invocation *alive[3];
		for (int round = 0; round < 3; round++) {
			for (size_t i = 0; i < COUNT_OF(alive); i++)
				alive[i] = service_invoke(&h.service->super, h.world, &h.asked);
			assert_true(alive[2]->ended && alive[2]->outcome == OUTCOME_TRAP);
			for (size_t i = 0; i < COUNT_OF(alive); i++) {
				if (!alive[i]->ended)
					loop_run(&h.loop, &alive[i]->ended, UINT64_MAX);
				assert_int_equal(alive[i]->outcome, i < 2 ? OUTCOME_OK : OUTCOME_TRAP);
				invocation_destroy(&alive[i]);
			}
		}
		guest_close(&h);
	}
}
