/* SPDX-License-Identifier: Apache-2.0 */
/* Components made by hand: what no SDK makes, and what a hostile one would try. */
#include "support/guest.h"

#include <stdio.h>
#include <string.h>

#include "guest/wasm/adapt/adapt.h"
#include "guest/wasm/component/door.h"

/*
 * A component that is run by wasi:cli/run. `imports` are component imports and core functions made of them
 * (`$f`); `body` is what `run` does: it leaves 0 for success, 1 for failure, and may call $f. $memory has one
 * page, $realloc gives out what lies behind 1024.
 */
#define COMPONENT(imports, core_type, body)                                                          \
	"(component"                                                                                 \
	" (core module $libc (memory (export \"memory\") 1) (global $at (mut i32) (i32.const 1024))" \
	"  (func (export \"realloc\") (param i32 i32 i32 i32) (result i32)"                          \
	"   (global.get $at) (global.set $at (i32.add (global.get $at) (local.get 3)))))"            \
	" (core instance $libc (instantiate $libc))"                                                 \
	" (alias core export $libc \"memory\" (core memory $memory))"                                \
	" (alias core export $libc \"realloc\" (core func $realloc))" imports                        \
	" (core module $main (import \"\" \"f\" (func $f " core_type "))"                            \
	"  (func (export \"run\") (result i32) " body "))"                                           \
	" (core instance $main (instantiate $main (with \"\" (instance (export \"f\" (func $f))))))" \
	" (alias core export $main \"run\" (core func $run))"                                        \
	" (type $result (func (result (result))))"                                                   \
	" (func $lifted (type $result) (canon lift (core func $run)))"                               \
	" (instance $out (export \"run\" (func $lifted)))"                                           \
	" (export \"wasi:cli/run@0.2.3\" (instance $out)))"

/* One function of one interface, with any type, as $f. */
#define FUNCTION(interface, name, type)                                                  \
	"(import \"" interface "\" (instance $i (export \"" name "\" (func " type "))))" \
	" (alias export $i \"" name "\" (func $imported))"                               \
	" (core func $f (canon lower (func $imported) (memory $memory) (realloc $realloc)))"

static struct guest_result run(const char *wat, char *why, size_t cap)
{
	struct guest_harness h;
	guest_open(&h, wat, &(struct wasm_options){ .instances_max = 4 });
	struct invocation *i = service_invoke(&h.service->super, h.world, &h.asked);
	assert_int_not_equal(loop_run(&h.loop, &i->ended, UINT64_MAX), LOOP_STUCK);
	struct guest_result result = { .outcome = i->outcome, .exit_code = i->exit_code };
	snprintf(why, cap, STR_FMT, STR_ARG(i->report));
	invocation_destroy(&i);
	guest_close(&h);
	return result;
}

static void assert_runs(const char *wat)
{
	char why[2000];
	struct guest_result r = run(wat, why, sizeof why);
	if (r.outcome != OUTCOME_OK)
		fail_msg("%s", why);
}

static void assert_traps(const char *wat, const char *words)
{
	char why[4000];
	struct guest_result r = run(wat, why, sizeof why);
	assert_int_equal(r.outcome, OUTCOME_TRAP);
	if (!strstr(why, words))
		fail_msg("not \"%s\" but: %s", words, why);
}

TEST(a_command_answers_with_success_or_failure)
{
	char why[200];
	assert_runs(COMPONENT(FUNCTION("wasi:clocks/monotonic-clock@0.2.0", "now", "(result u64)"),
			      "(result i64)", "(drop (call $f)) (i32.const 0)"));
	struct guest_result r =
		run(COMPONENT(FUNCTION("wasi:clocks/monotonic-clock@0.2.9", "now", "(result u64)"),
			      "(result i64)", "(i32.const 1)"),
		    why, sizeof why);
	assert_int_equal(r.outcome, OUTCOME_EXIT);
	assert_int_equal(r.exit_code, 1);
}

TEST(exit_ends_with_its_code)
{
	char why[200];
	struct guest_result r =
		run(COMPONENT(FUNCTION("wasi:cli/exit@0.2.0", "exit", "(param \"status\" (result))"),
			      "(param i32)", "(call $f (i32.const 1)) unreachable"),
		    why, sizeof why);
	assert_int_equal(r.outcome, OUTCOME_EXIT);
	assert_int_equal(r.exit_code, 1);
}

/* Wasmtime links by name: a function's type is the guest's word. */
TEST(another_type_than_the_hosts_ends_the_guest)
{
	static const char *const guests[] = {
		COMPONENT(FUNCTION("wasi:clocks/monotonic-clock@0.2.0", "now",
				   "(param \"x\" u64) (result u64)"),
			  "(param i64) (result i64)", "(drop (call $f (i64.const 1))) (i32.const 0)"),
		COMPONENT(FUNCTION("wasi:random/random@0.2.0", "get-random-bytes", "(result u64)"),
			  "(result i64)", "(drop (call $f)) (i32.const 0)"),
		COMPONENT(FUNCTION("wasi:random/random@0.2.0", "get-random-bytes",
				   "(param \"len\" string) (result u64)"),
			  "(param i32 i32) (result i64)",
			  "(drop (call $f (i32.const 0) (i32.const 4))) (i32.const 0)"),
		COMPONENT(FUNCTION("fastly:compute/http-body@0.1.0", "close", "(param \"body\" u32)"),
			  "(param i32)", "(call $f (i32.const 1)) (i32.const 0)"),
		COMPONENT(FUNCTION("fastly:compute/http-body@0.1.0", "read", "(param \"a\" string)"),
			  "(param i32 i32)", "(call $f (i32.const 0) (i32.const 8)) (i32.const 0)"),
		COMPONENT(FUNCTION("fastly:compute/geo@0.1.0", "lookup",
				   "(param \"a\" (tuple u8 u8)) (param \"b\" u64)"),
			  "(param i32 i32 i64)",
			  "(call $f (i32.const 0) (i32.const 8) (i64.const 9)) (i32.const 0)"),
		COMPONENT(FUNCTION("fastly:compute/async-io@0.1.0", "select",
				   "(param \"a\" (list u64)) (result u32)"),
			  "(param i32 i32) (result i32)",
			  "(drop (call $f (i32.const 0) (i32.const 2))) (i32.const 0)"),
		COMPONENT(FUNCTION("fastly:compute/kv-store@0.1.0", "await-insert", "(param \"a\" bool)"),
			  "(param i32)", "(call $f (i32.const 1)) (i32.const 0)"),
		COMPONENT(FUNCTION("wasi:io/poll@0.2.0", "poll",
				   "(param \"a\" (option u8)) (result (list u32))"),
			  "(param i32 i32 i32)",
			  "(call $f (i32.const 1) (i32.const 2) (i32.const 64)) (i32.const 0)"),
	};
	for (size_t i = 0; i < COUNT_OF(guests); i++)
		assert_traps(guests[i], "with another type than the host's");
}

/*
 * The number that stands for a resource inside of the host, said by a guest, is a handle like any other: not
 * open.
 */
TEST(a_forged_resource_is_no_resource)
{
	assert_runs(COMPONENT(FUNCTION("fastly:compute/kv-store@0.1.0", "await-insert", "(param \"a\" u64)"),
			      "(param i64)", "(call $f (i64.const 0x7265736f00000001)) (i32.const 0)"));
	assert_traps(COMPONENT(FUNCTION("fastly:compute/http-req@0.1.0", "upgrade-websocket",
					"(param \"a\" u64)"),
			       "(param i64)", "(call $f (i64.const 0x7265736f00000001)) (i32.const 0)"),
		     "with another type than the host's");
}

/* The result is of the type that the guest has said, or the guest ends. */
TEST(a_result_of_another_type_ends_the_guest)
{
	char why[400];
	struct guest_result r =
		run(COMPONENT(FUNCTION("wasi:clocks/monotonic-clock@0.2.0", "now", "(result string)"),
			      "(param i32)", "(call $f (i32.const 64)) (i32.const 0)"),
		    why, sizeof why);
	assert_int_equal(r.outcome, OUTCOME_TRAP);
}

TEST(what_is_asked_for_at_once_is_bounded)
{
	assert_runs(COMPONENT(FUNCTION("wasi:random/random@0.2.0", "get-random-bytes",
				       "(param \"len\" u64) (result (list u8))"),
			      "(param i64 i32)", "(call $f (i64.const 4096) (i32.const 64)) (i32.const 0)"));
	assert_traps(COMPONENT(FUNCTION("wasi:random/random@0.2.0", "get-random-bytes",
					"(param \"len\" u64) (result (list u8))"),
			       "(param i64 i32)", "(call $f (i64.const -1) (i32.const 64)) (i32.const 0)"),
		     "at most 1048576 bytes at once");
}

/* A pollable for each call of $f; $drop as the resource's. */
#define POLLABLES(drop)                                                                     \
	"(component (import \"wasi:io/poll@0.2.0\" (instance $p"                            \
	"  (export \"pollable\" (type (sub resource)))))"                                   \
	" (alias export $p \"pollable\" (type $pollable))"                                  \
	" (import \"wasi:clocks/monotonic-clock@0.2.0\" (instance $c"                       \
	"  (alias outer 1 $pollable (type $q)) (export \"pollable\" (type $r (eq $q)))"     \
	"  (export \"subscribe-duration\" (func (param \"when\" u64) (result (own $r))))))" \
	" (alias export $c \"subscribe-duration\" (func $s))"                               \
	" (core func $subscribe (canon lower (func $s)))"                                   \
	" (core func $drop (canon resource.drop $pollable))"                                \
	" (core module $main (import \"\" \"s\" (func $s (param i64) (result i32)))"        \
	"  (import \"\" \"d\" (func $d (param i32)))"                                       \
	"  (func (export \"run\") (result i32) (local $n i32) (local $p i32)"               \
	"   (loop $next (local.set $p (call $s (i64.const 5))) " drop                       \
	"    (local.set $n (i32.add (local.get $n) (i32.const 1)))"                         \
	"    (br_if $next (i32.lt_u (local.get $n) (i32.const 200000)))) (i32.const 0)))"   \
	" (core instance $main (instantiate $main (with \"\" (instance"                     \
	"  (export \"s\" (func $subscribe)) (export \"d\" (func $drop))))))"                \
	" (alias core export $main \"run\" (core func $run))"                               \
	" (type $result (func (result (result))))"                                          \
	" (func $lifted (type $result) (canon lift (core func $run)))"                      \
	" (instance $out (export \"run\" (func $lifted)))"                                  \
	" (export \"wasi:cli/run@0.2.3\" (instance $out)))"

TEST(resources_that_are_dropped_cost_nothing)
{
	assert_runs(POLLABLES("(call $d (local.get $p))"));
}

TEST(resources_that_are_kept_are_bounded)
{
	char why[2000];
	struct guest_result r = run(POLLABLES(""), why, sizeof why);
	assert_int_equal(r.outcome, OUTCOME_TRAP);
}

TEST(a_component_may_not_have_many_memories)
{
	char why[400];
	const char *many = "(component"
			   " (core module $m (memory 1)) (core instance (instantiate $m))"
			   " (core instance (instantiate $m)) (core instance (instantiate $m))"
			   " (core module $main (func (export \"run\") (result i32) (i32.const 0)))"
			   " (core instance $main (instantiate $main))"
			   " (alias core export $main \"run\" (core func $run))"
			   " (type $result (func (result (result))))"
			   " (func $lifted (type $result) (canon lift (core func $run)))"
			   " (instance $out (export \"run\" (func $lifted)))"
			   " (export \"wasi:cli/run@0.2.3\" (instance $out)))";
	struct guest_result r = run(many, why, sizeof why);
	assert_int_equal(r.outcome, OUTCOME_TRAP);
}

/* Every row names a host call that there is, and its letters fill in that call's arguments. */
TEST(rows_have_the_arguments_of_their_calls)
{
	for (size_t i = 0; i < door_rows_count; i++) {
		const struct door_row *row = &door_rows[i];
		if (row->handler)
			continue;
		const struct hostcall *call = hostcall_find(str_from(row->module), str_from(row->call_name));
		if (!call)
			fail_msg("%s %s: there is no %s.%s", row->interface, row->name, row->module,
				 row->call_name);
		char signature[HOSTCALL_PARAMS_MAX + 1];
		hostcall_signature(call, signature);
		size_t raws = 0;
		for (const char *s = row->args; *s; s++)
			raws += strchr("-", *s)                ? 0
				: strchr("snapKWGRXYJLNZ", *s) ? 2
				: strchr("bB", *s)             ? 3
				: *s == 'c'                    ? 5
							       : 1;
		if (raws != strlen(signature))
			fail_msg("%s %s: \"%s\" makes %zu arguments, and %s.%s takes %zu", row->interface,
				 row->name, row->args, raws, row->module, row->call_name, strlen(signature));
	}
}

/* Else the code cache would hand out components that this program could not make. */
TEST(an_adapter_that_is_not_there_has_no_name)
{
	assert_int_equal(adapter_bytes().len == 0, strcmp(adapter_version(), "none") == 0);
}
