/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any program as a Rust test program: what it answers, what stands in its memory, what it prints. Three texts
 * and a memory, ended by NUL; the last also as output, which must be either libtest's or the test's, to the
 * byte.
 */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "runner/libtest/output.h"
#include "runner/libtest/tests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *data, struct str bytes)
{
	*(size_t *)data += bytes.len;
}

static void check_output(struct str text, struct str name)
{
	struct libtest_output o;
	size_t printed = 0;
	libtest_output_init(&o, name, count, &printed);
	for (size_t at = 0, step = 1; at < text.len; at += step, step = step * 3 % 257)
		libtest_output_add(&o, str_sub(text, at, step));
	enum libtest_says says = libtest_output_end(&o);
	CHECK(printed <= text.len);
	CHECK(says != LIBTEST_SAYS_NOTHING || printed + name.len + 64 >= text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	struct str list = str_split(&rest, '\0'), ignored = str_split(&rest, '\0'),
		   modes = str_split(&rest, '\0');
	struct arena a;
	struct libtest_tests tests;
	struct libtest_plan plan;
	struct error e = { 0 };
	const struct libtest_segment segment = { 1024, rest };
	const struct libtest_image image = { &segment, 1 };
	arena_init(&a);
	libtest_recognise(&image);
	if (libtest_tests_read(&tests, list, &a, &e) && libtest_tests_read_ignored(&tests, ignored, &e) &&
	    libtest_tests_read_modes(&tests, modes, &a, &e)) {
		libtest_find_words(&tests, &image);
		for (size_t i = 0; i < tests.count; i++)
			CHECK(!tests.at[i].word || tests.at[i].should_panic);
		libtest_plan(&plan, &tests, &(struct libtest_options){ .shuffle = true }, &a);
		CHECK(plan.count == tests.count);
		libtest_modes_args(&tests, &a);
	} else {
		CHECK(e.text[0]);
	}
	check_output(rest, str_sub(list, 0, 20));
	arena_fini(&a);
	return 0;
}
