/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_setup.h"

#include "cli/human.h"
#include "cli/inspection.h"
#include "wasm_setup.h"

/* `backlot inspect` on a module in text form. */
static struct ran inspect_text(const char *text, const char *option)
{
	const char *path = test_write("guest.wat", str_from(text));
	return run_argv((const char *const[]){ "backlot", "inspect", path, option, NULL },
			(struct cli_env){ 0 });
}

#define START " (memory (export \"memory\") 1) (func (export \"_start\")))"

TEST(a_guest_that_needs_nothing_is_supported)
{
	scoped(ran_free) struct ran r = inspect_text("(module" START, NULL);
	assert_int_equal(r.code, CLI_PASSED);
	assert_has(r.out, "module, in text form");
	assert_has(r.out, "64.0 KiB at the start");
	assert_has(r.out, "nothing of Fastly's");
	assert_has(r.out, "All it needs is supported.");
	assert_string_equal(r.err, "");
}

TEST(imports_are_grouped_by_module_with_their_state)
{
	scoped(ran_free) struct ran r = inspect_text(
		"(module (import \"fastly_http_body\" \"new\" (func (param i32) (result i32)))"
		" (import \"env\" \"xqd_init\" (func (param i64) (result i32)))"
		" (import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32)))"
		" (import \"fastly_http_body\" \"append\" (func (param i32 i32) (result i32)))" START,
		NULL);
	assert_int_equal(r.code, CLI_PASSED);
	assert_has(r.out, "4 imports from 3 modules: 4 done\n");
	assert_has(r.out, "  fastly_http_body\n    done      append\n    done      new\n");
	assert_has(r.out, "Fastly Compute 1, partly by its old names (env.xqd_*); WASI preview 1");
}

/* The first call that is still a stub, as an import; NULL when all is done. */
static const char *a_stub(struct arena *a)
{
	for (size_t i = 0; i < hostcalls_count; i++) {
		char signature[HOSTCALL_PARAMS_MAX + 1], params[256] = "";
		if (hostcalls[i].done)
			continue;
		hostcall_signature(&hostcalls[i], signature);
		for (const char *s = signature; *s; s++)
			snprintf(params + strlen(params), sizeof params - strlen(params), " %s",
				 *s == 'I' ? "i64" : "i32");
		return arena_printf(a, "(module (import \"%s\" \"%s\" (func (param%s) (result i32)))" START,
				    hostcalls[i].module, hostcalls[i].name, params)
			.ptr;
	}
	return NULL;
}

TEST(a_stub_is_not_supported)
{
	struct arena a;
	arena_init(&a);
	const char *text = a_stub(&a);
	if (text) {
		scoped(ran_free) struct ran r = inspect_text(text, NULL);
		assert_int_equal(r.code, CLI_FAILED);
		assert_has(r.out, "1 import from 1 module: 1 stub\n");
		assert_has(r.out, "Not supported:\n  1 import not supported yet");
	}
	arena_fini(&a);
}

TEST(an_import_that_nobody_defines_is_unknown)
{
	scoped(ran_free) struct ran r =
		inspect_text("(module (import \"fastly_abi\" \"nonsense\" (func))"
			     " (import \"env\" \"memory\" (memory 1)) (func (export \"_start\")))",
			     NULL);
	assert_int_equal(r.code, CLI_FAILED);
	assert_has(r.out, "    unknown   nonsense\n");
	assert_has(r.out, "    unknown   memory (memory)\n");
	assert_has(r.out, "2 imports that no host defines");
	assert_has(r.out, "--unknown-import-behavior=trap");
}

TEST(an_import_of_another_type_is_told)
{
	scoped(ran_free) struct ran r = inspect_text(
		"(module (import \"fastly_http_body\" \"new\" (func (param i64) (result i32)))"
		" (import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32) (result i32)))" START,
		NULL);
	assert_int_equal(r.code, CLI_FAILED);
	assert_has(r.out, "2 imports from 2 modules: 2 mistyped\n");
}

TEST(what_is_imported_twice_counts_once_by_its_worse_state)
{
	scoped(ran_free) struct ran r =
		inspect_text("(module (import \"fastly_http_body\" \"new\" (func (param i32) (result i32)))"
			     " (import \"fastly_http_body\" \"new\" (func (param i32) (result i32)))"
			     " (import \"fastly_log\" \"write\" (func (param i32 i32 i32 i32) (result i32)))"
			     " (import \"fastly_log\" \"write\" (func (param i32) (result i32)))" START,
			     NULL);
	assert_has(r.out, "2 imports from 2 modules: 1 done, 1 mistyped\n");
}

TEST(a_guest_without_start_is_told)
{
	scoped(ran_free) struct ran r =
		inspect_text("(module (func (export \"main\")) (global (export \"_start\") i32"
			     " (i32.const 0)))",
			     NULL);
	assert_int_equal(r.code, CLI_FAILED);
	assert_has(r.out, "no exported function _start");
	assert_has(r.out, "memory   none");
}

TEST(too_much_memory_is_told)
{
	scoped(ran_free) struct ran r =
		inspect_text("(module (memory 4096 8192) (func (export \"_start\")))", NULL);
	assert_int_equal(r.code, CLI_FAILED);
	assert_has(r.out, "256.0 MiB at the start, at most 512.0 MiB");
	assert_has(r.out, "it starts with 256.0 MiB of memory and may have 128.0 MiB");
}

TEST(a_component_says_what_it_is)
{
	scoped(ran_free) struct ran r =
		inspect_text("(component (import \"fastly:compute/http-req\" (instance)) (core module))",
			     NULL);
	assert_int_equal(r.code, CLI_FAILED);
	assert_has(r.out, "format   component");
	assert_has(r.out, "1 core module in it");
	assert_has(r.out, "  unknown   fastly:compute/http-req\n");
	assert_has(r.out, "1 import that no host defines");
	assert_has(r.out, "no export fastly:compute/http-incoming@0.1 or wasi:cli/run@0.2");
}

TEST(a_component_that_has_all_it_needs)
{
	scoped(ran_free) struct ran r =
		inspect_text("(component (import \"fastly:compute/log@0.1.0\" (instance))"
			     " (import \"wasi:cli/stdout@0.2.3\" (instance)) (instance $i)"
			     " (export \"fastly:compute/http-incoming@0.1.0\" (instance $i)))",
			     NULL);
	assert_int_equal(r.code, CLI_PASSED);
	assert_has(r.out, "  exports  fastly:compute/http-incoming@0.1.0\n");
	assert_has(r.out, "  done      fastly:compute/log@0.1.0\n");
	assert_has(r.out, "  done      wasi:cli/stdout@0.2.3\n");
	assert_has(r.out, "All it needs is supported.");
}

TEST(names_cannot_act_on_the_terminal)
{
	scoped(ran_free) struct ran r = inspect_text(
		"(module (import \"m\\1b[31m\" \"f\\u{9b}2J\\07\" (func)) (func (export \"a\\nb\")))", NULL);
	assert_has(r.out, "  m\\x1b[31m\n");
	assert_has(r.out, "f\\xc2\\x9b2J\\x07");
	assert_has(r.out, "a\\x0ab (func)");
	assert_has_not(r.out, "\033");
}

TEST(names_are_shown_with_what_is_odd_escaped)
{
	char *text;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	human_name(to, STR("a\033[2J\n\x7f\xc2\x9b\xff\xc3\xa9/z"));
	fclose(to);
	assert_string_equal(text, "a\\x1b[2J\\x0a\\x7f\\xc2\\x9b\\xff\xc3\xa9/z");
	free(text);
}

/* ---- whose SDK ---- */

static void assert_sdk(const char *producers, const char *id)
{
	char text[512], wanted[64];
	snprintf(text, sizeof text, "(module %s" START, producers);
	snprintf(wanted, sizeof wanted, "\"sdk\": \"%s\"", id);
	scoped(ran_free) struct ran r = inspect_text(text, "--json");
	assert_has(r.out, wanted);
}

TEST(the_sdk_is_told_by_the_producers)
{
	assert_sdk("", "unknown");
	assert_sdk("(@producers (language \"C11\" \"\"))", "c");
	assert_sdk("(@producers (language \"C_plus_plus_14\" \"\"))", "c");
	assert_sdk("(@producers (language \"C11\" \"\") (language \"Rust\" \"\"))", "rust");
	assert_sdk("(@producers (language \"Go\" \"go1.26\"))", "go");
	assert_sdk("(@producers (language \"Rust\" \"\") (sdk \"@fastly/js-compute\" \"3\"))", "js");
	assert_sdk("(func $~lib/rt/__new)", "as");
	assert_sdk("(import \"env\" \"abort\" (func (param i32 i32 i32 i32)))", "as");
	assert_sdk("(@producers (language \"Klingon\" \"\"))", "unknown");
}

TEST(the_maker_is_shown)
{
	scoped(ran_free) struct ran r =
		inspect_text("(module (@producers (language \"Rust\" \"\") (processed-by \"clang\" \"9\")"
			     " (processed-by \"rustc\" \"1.90.0\"))" START,
			     NULL);
	assert_has(r.out, "SDK      Rust: rustc 1.90.0\n");
}

/* ---- JSON ---- */

TEST(json_holds_the_same)
{
	scoped(ran_free) struct ran r =
		inspect_text("(module (import \"fastly_http_body\" \"new\" (func (param i32) (result i32)))"
			     " (import \"m\\22\" \"f\" (func)) (memory (export \"memory\") 1 3)"
			     " (func (export \"_start\")))",
			     "--json");
	assert_int_equal(r.code, CLI_FAILED);
	assert_has(r.out, "\"format\": \"module\"");
	assert_has(r.out, "\"memory\": {\"initial_bytes\": 65536, \"maximum_bytes\": 196608}");
	assert_has(r.out,
		   "{\"module\": \"fastly_http_body\", \"name\": \"new\", \"kind\": \"func\", \"state\": "
		   "\"done\", \"summary\": ");
	assert_has(r.out, "{\"module\": \"m\\\"\", \"name\": \"f\", "
			  "\"kind\": \"func\", \"state\": \"unknown\"}");
	assert_has(r.out, "\"states\": {\"done\": 1, \"stub\": 0, \"mistyped\": 0, \"unknown\": 1}");
}

/* ---- numbers for people ---- */

TEST(bytes_are_rounded_to_a_unit)
{
	assert_string_equal(human_bytes(0).text, "0 B");
	assert_string_equal(human_bytes(1023).text, "1023 B");
	assert_string_equal(human_bytes(1024).text, "1.0 KiB");
	assert_string_equal(human_bytes(1536).text, "1.5 KiB");
	assert_string_equal(human_bytes((1 << 20) - 1).text, "1.0 MiB");
	assert_string_equal(human_bytes(UINT64_C(5) << 30).text, "5.0 GiB");
	assert_string_equal(human_bytes(UINT64_MAX).text, "16.0 EiB");
}

TEST(ages_are_told_in_their_largest_unit)
{
	assert_string_equal(human_age(100, 100).text, "now");
	assert_string_equal(human_age(100, 50).text, "now");
	assert_string_equal(human_age(100, 101).text, "1 second ago");
	assert_string_equal(human_age(0, 119).text, "1 minute ago");
	assert_string_equal(human_age(0, 7200).text, "2 hours ago");
	assert_string_equal(human_age(0, 200000).text, "2 days ago");
}

/* ---- files that are damaged ---- */

TEST(a_damaged_file_is_a_usage_error)
{
	const char *path = test_write("cut.wasm", STR("\0asm\1\0\0\0\2\5\1"));
	RUN(r, "inspect", path);
	assert_int_equal(r.code, CLI_USAGE);
	assert_has(r.err, "cut.wasm: damaged: the section that begins at byte 8");
	scoped(ran_free) struct ran text = inspect_text("(module", NULL);
	assert_int_equal(text.code, CLI_USAGE);
	assert_has(text.err, "Expected a valid Wasm file");
}
