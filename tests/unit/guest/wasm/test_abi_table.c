/* SPDX-License-Identifier: Apache-2.0 */
/* The table of host calls as a whole: complete, true to the ABI's signatures, and checked against bad
 * pointers. */
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "support/abi_check.h"

/* How many are done stands in docs/reference/abi.md, which the table prints. */
enum { FUNCTIONS = 255, ALIASES = 50 };

static const char expected_list[] = "tests/unit/guest/wasm/abi-signatures.txt";

static bool is_fastly(const struct hostcall *call)
{
	return !call->wasi;
}

TEST(no_function_stands_twice)
{
	for (size_t i = 0; i < hostcalls_count; i++) {
		const struct hostcall *call = &hostcalls[i];
		assert_ptr_equal(hostcall_find(str_from(call->module), str_from(call->name)), call);
	}
}

TEST(no_function_is_missing)
{
	int functions = 0;
	for (size_t i = 0; i < hostcalls_count; i++)
		functions += is_fastly(&hostcalls[i]);
	assert_int_equal(functions, FUNCTIONS);
	assert_int_equal(hostcall_aliases_count, ALIASES);
}

TEST(signatures_are_those_of_the_abi)
{
	char line[200], module[64], name[80], signature[32], ours[HOSTCALL_PARAMS_MAX + 1];
	int found = 0, wrong = 0;
	FILE *f = fopen(expected_list, "r");
	if (!f)
		fail_msg("%s is missing: run from the top folder of the project", expected_list);
	while (fgets(line, sizeof line, f)) {
		if (line[0] == '#')
			continue;
		assert_int_equal(sscanf(line, "%63s %79s %31s", module, name, signature), 3);
		const struct hostcall *call = hostcall_find(str_from(module), str_from(name));
		if (!call) {
			print_error("%s.%s is missing\n", module, name);
			wrong++;
			continue;
		}
		hostcall_signature(call, ours);
		if (strcmp(ours, signature) != 0) {
			print_error("%s.%s is %s, and should be %s\n", module, name, ours, signature);
			wrong++;
		}
		found++;
	}
	fclose(f);
	assert_int_equal(wrong, 0);
	assert_int_equal(found, FUNCTIONS);
}

TEST(what_is_not_there_is_not_found)
{
	assert_null(hostcall_find(STR("fastly_kv_store"), STR("open_sesame")));
	assert_null(hostcall_find(STR("fastly_kv_stores"), STR("open")));
	assert_null(hostcall_find(STR(""), STR("")));
}

/* What an old name says: xqd_req_send is fastly_http_req.send. */
static const struct {
	const char *old, *module, *name;
} families[] = {
	{ "xqd_init", "fastly_abi", "init" },
	{ "xqd_body_close_downstream", "fastly_http_body", "close" },
	{ "xqd_body_", "fastly_http_body", "" },
	{ "xqd_log_", "fastly_log", "" },
	{ "xqd_pending_req_", "fastly_http_req", "pending_req_" },
	{ "xqd_req_", "fastly_http_req", "" },
	{ "xqd_resp_", "fastly_http_resp", "" },
};

TEST(old_names_stand_for_functions_that_work)
{
	for (size_t i = 0; i < hostcall_aliases_count; i++) {
		const struct hostcall_alias *alias = &hostcall_aliases[i];
		char expected[80];
		size_t f = 0;
		assert_string_equal(alias->module, "env");
		while (f < COUNT_OF(families) &&
		       !str_starts(str_from(alias->name), str_from(families[f].old)))
			f++;
		assert_true(f < COUNT_OF(families));
		snprintf(expected, sizeof expected, "%s%s", families[f].name,
			 alias->name + strlen(families[f].old));
		assert_string_equal(alias->call->module, families[f].module);
		assert_string_equal(alias->call->name, expected);
		assert_ptr_equal(hostcall_find(STR("env"), str_from(alias->name)), alias->call);
		if (!alias->call->done)
			fail_msg("%s stands for a stub", alias->name);
	}
}

TEST(every_function_says_what_it_does)
{
	for (size_t i = 0; i < hostcalls_count; i++) {
		struct str summary = str_from(hostcalls[i].summary);
		if (summary.len < 10 || !str_ends(summary, STR(".")))
			fail_msg("%s.%s: the summary is '%s'", hostcalls[i].module, hostcalls[i].name,
				 hostcalls[i].summary);
	}
}

TEST(kinds_have_words_and_directions)
{
	bool in;
	const struct hostcall *call = hostcall_find(STR("fastly_config_store"), STR("get"));
	assert_string_equal(hostcall_param_text(&call->params[0], &in), "handle");
	assert_true(in);
	assert_string_equal(hostcall_param_text(&call->params[2], &in), "bytes");
	assert_false(in);
}

TEST(stubs_answer_unsupported)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	for (size_t i = 0; i < hostcalls_count; i++) {
		uint64_t args[HOSTCALL_PARAMS_MAX];
		const struct hostcall *call = &hostcalls[i];
		if (call->done)
			continue;
		abi_clear(&h);
		size_t count = abi_harmless(&h, call, HANDLE_INVALID, args);
		assert_status(abi_call_with(&h, call->module, call->name, args, count), ABI_UNSUPPORTED);
	}
	abi_fini(&h);
}

/*
 * A function that works is called by a test with success: the last test of each of these modules' files sees
 * to that. A module that begins to work needs such a file, and a line here.
 */
TEST(every_module_that_works_has_its_tests)
{
	static const char tested[] =
		" fastly_abi fastly_acl fastly_async_io fastly_backend fastly_cache fastly_compute_runtime "
		"fastly_config_store fastly_device_detection fastly_dictionary fastly_geo fastly_http_cache "
		"fastly_erl fastly_http_body fastly_http_downstream fastly_http_req fastly_http_resp "
		"fastly_image_optimizer fastly_kv_store fastly_log fastly_object_store fastly_purge fastly_secret_store fastly_shielding fastly_uap "
		"wasi_snapshot_preview1 ";
	for (size_t i = 0; i < hostcalls_count; i++) {
		char word[80];
		snprintf(word, sizeof word, " %s ", hostcalls[i].module);
		if (hostcalls[i].done && !strstr(tested, word))
			fail_msg("%s has no file of tests", hostcalls[i].module);
	}
}

/* ---- pointers ---- */

/* Only decodes: the body must not run. */
static int decode(struct abi_harness *h, const struct hostcall *call, const uint64_t *raw)
{
	union hostcall_args args;
	return (int)call->decode(h->sandbox, &args, raw);
}

static void refuse(struct abi_harness *h, const struct hostcall *call, const uint64_t *raw, int expected,
		   const char *what)
{
	int status = decode(h, call, raw);
	if (status != expected)
		fail_msg("%s.%s with %s: %s", call->module, call->name, what,
			 abi_status_name((enum abi_status)status));
}

static void refuse_bad_pointer(struct abi_harness *h, const struct hostcall *call, size_t at,
			       const struct abi_value *value)
{
	uint64_t raw[HOSTCALL_PARAMS_MAX];
	abi_clear(h);
	abi_harmless(h, call, 0, raw);
	assert_int_equal(decode(h, call, raw), ABI_OK);
	uint32_t end = (uint32_t)h->sandbox->size;
	bool sized = value->kind == PARAM_in_bytes || value->kind == PARAM_in_handles ||
		     ((value->kind == PARAM_out_bytes || value->kind == PARAM_out_multi) && value->nth == 0);
	uint32_t unit = value->kind == PARAM_in_handles ? 4 : 1;

	raw[at] = end - value->bytes;
	assert_int_equal(decode(h, call, raw), ABI_OK); /* the last place that is good */
	raw[at] = end - value->bytes + value->align;
	refuse(h, call, raw, ABI_INVAL, "a pointer a step too far");
	raw[at] = UINT32_MAX - value->align + 1;
	refuse(h, call, raw, ABI_INVAL, "a pointer at the end of the address space");
	if (sized) {
		raw[at] = end - 8 * unit;
		raw[at + 1] = 8;
		assert_int_equal(decode(h, call, raw), ABI_OK);
		raw[at + 1] = 9;
		refuse(h, call, raw, ABI_INVAL, "a length that is one too much");
		raw[at + 1] = UINT32_MAX;
		refuse(h, call, raw, ABI_INVAL, "the largest length");
		raw[at + 1] = UINT32_MAX - (uint32_t)raw[at] + 2; /* wraps to 1 */
		refuse(h, call, raw, ABI_INVAL, "a length that wraps");
		raw[at + 1] = UINT32_C(1) << 30; /* times 4 it wraps to 0 */
		refuse(h, call, raw, ABI_INVAL, "a count that wraps");
	} else if (value->align > 1) {
		raw[at] = 64 + 1;
		refuse(h, call, raw, ABI_BADALIGN, "an odd pointer");
		raw[at] = 64 + value->align / 2;
		refuse(h, call, raw, ABI_BADALIGN, "a pointer aligned to half of what is needed");
	}
}

TEST(no_function_accepts_a_bad_pointer)
{
	struct abi_harness h;
	int pointers = 0;
	abi_init(&h, 64 * 1024);
	for (size_t i = 0; i < hostcalls_count; i++) {
		struct abi_value values[HOSTCALL_PARAMS_MAX];
		size_t count = abi_values(&hostcalls[i], values);
		for (size_t at = 0; at < count; at++) {
			if (!values[at].align)
				continue;
			refuse_bad_pointer(&h, &hostcalls[i], at, &values[at]);
			pointers++;
		}
	}
	assert_in_range(pointers, 400, 1000);
	abi_fini(&h);
}

/* A guest whose memory has no bytes at all: every pointer is bad, and an empty string is none either. */
TEST(a_memory_without_bytes_has_no_good_pointer)
{
	struct abi_harness h;
	uint64_t raw[HOSTCALL_PARAMS_MAX] = { 0 };
	abi_init(&h, 64 * 1024);
	h.sandbox->size = 0;
	for (size_t i = 0; i < hostcalls_count; i++) {
		struct abi_value values[HOSTCALL_PARAMS_MAX];
		size_t count = abi_values(&hostcalls[i], values), needed = 0;
		for (size_t at = 0; at < count; at++)
			needed += values[at].bytes;
		assert_int_equal(decode(&h, &hostcalls[i], raw), needed ? ABI_INVAL : ABI_OK);
	}
	abi_fini(&h);
}

TEST(a_wasi_call_with_a_bad_pointer_answers_fault)
{
	struct abi_harness h;
	abi_init(&h, 64 * 1024);
	assert_int_equal(abi_call(&h, "wasi_snapshot_preview1", "clock_time_get", 0, 0, 0xfffffff0), 21);
	abi_fini(&h);
}

TEST(a_guest_cannot_make_its_host_hold_everything)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 4), big = abi_room(&h, 128 * 1024);
	int status = ABI_OK, calls = 0;
	for (; status == ABI_OK && calls < 10000; calls++)
		status = (int)abi_call(&h, "fastly_secret_store", "from_bytes", big, 128 * 1024, out);
	assert_status(status, ABI_TRAP);
	assert_in_range(calls, 1000, 5000);
	assert_true(str_find(h.sandbox->trap_text, STR("512 MiB")) != STR_NONE);
	abi_fini(&h);
}
