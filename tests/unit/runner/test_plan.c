/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/test.h"

enum { CAP = 1 << 20 };

/* ---- durations ---- */

TEST(durations_go_through_text_and_back)
{
	struct error e;
	struct timings *t = timings_new("/root/of/it"), *other = timings_new("/root/of/it");
	scoped(buf_fini) struct buf text = BUF_INIT(CAP);
	timings_put(t, "/root/of/it/b c", 18446744073709551615u);
	timings_put(t, "/root/of/it/a", 7);
	timings_put(t, "/elsewhere/a", 9);
	timings_put(t, "/root/of/it/line\nend", 9); /* cannot be written */
	timings_print(t, &text);
	assert_str(buf_str(&text), "backlot timings 1\n9 /elsewhere/a\n7 a\n18446744073709551615 b c\n");
	assert_true(timings_parse(other, buf_str(&text), &e));
	assert_true(timings_get(other, "/root/of/it/b c") == UINT64_MAX);
	assert_int_equal(timings_get(other, "/root/of/it/a"), 7);
	assert_int_equal(timings_get(other, "/elsewhere/a"), 9);
	assert_int_equal(timings_get(other, "/root/of/it/none"), 0);
	timings_destroy(&t);
	timings_destroy(&other);
}

TEST(what_is_no_list_of_durations_is_refused_as_a_whole)
{
	static const char *const texts[] = {
		"",
		"backlot timings 2\n7 a\n",
		"backlot timings 1\n7 a\nseven b\n",
		"backlot timings 1\n7 a\n8\n",
		"backlot timings 1\n7 a\n-8 b\n",
		"backlot timings 1\n7 a\n99999999999999999999 b\n",
		"backlot timings 1\n7 a\n\n8 b\n",
		"<html>\n",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct error e;
		struct timings *t = timings_new("/r");
		assert_false(timings_parse(t, str_from(texts[i]), &e));
		assert_int_equal(timings_get(t, "/r/a"), 0);
		timings_destroy(&t);
	}
}

TEST(files_that_are_gone_are_forgotten)
{
	struct error e;
	char folder[] = "/tmp/backlot-unit-XXXXXX", path[64], deep[64];
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/timings", folder);
	snprintf(deep, sizeof deep, "%s/made/timings", folder);
	struct timings *t = timings_new(folder), *other = timings_new(folder);
	assert_true(timings_read(t, path, &e)); /* none is fine */
	assert_true(timings_write(t, path, &e));
	timings_put(t, path, 5);
	timings_put(t, "/tmp/backlot-unit-gone", 6);
	assert_true(timings_write(t, deep, &e));
	assert_true(timings_read(other, deep, &e));
	assert_int_equal(timings_get(other, path), 5);
	assert_int_equal(timings_get(other, "/tmp/backlot-unit-gone"), 0);
	timings_destroy(&t);
	timings_destroy(&other);
	unlink(path);
	unlink(deep);
	*strrchr(deep, '/') = '\0';
	rmdir(deep);
	rmdir(folder);
}

/* ---- plans ---- */

enum { FILES = 10 };

static struct test_files make_files(struct test_file at[FILES], struct timings *t)
{
	static const char *const names[FILES] = { "/r/a", "/r/b", "/r/c", "/r/d", "/r/e",
						  "/r/f", "/r/g", "/r/h", "/r/i", "/r/j" };
	static const uint64_t ns[FILES] = { 10, 200, 30, 90, 50, 60, 70, 80, 40, 100 };
	for (size_t i = 0; i < FILES; i++) {
		at[i] = (struct test_file){ .path = names[i] };
		if (t)
			timings_put(t, names[i], ns[i]);
	}
	return (struct test_files){ .at = at, .count = FILES };
}

TEST(the_longest_is_first)
{
	struct test_file at[FILES];
	struct timings *t = timings_new("/r");
	struct test_files files = make_files(at, t);
	uint64_t guess[FILES];
	uint32_t order[FILES];
	plan_guess(&files, t, guess);
	plan_order(guess, FILES, order);
	static const uint32_t expected[FILES] = { 1, 9, 3, 7, 6, 5, 4, 8, 2, 0 };
	assert_memory_equal(order, expected, sizeof expected);
	plan_guess(&files, NULL, guess); /* nothing is known: all are as good */
	plan_order(guess, FILES, order);
	for (uint32_t i = 0; i < FILES; i++)
		assert_int_equal(order[i], i);
	timings_destroy(&t);
}

TEST(shards_have_every_file_once_and_take_equally_long)
{
	for (size_t count = 1; count <= 12; count++) {
		struct timings *t = timings_new("/r");
		size_t seen[FILES] = { 0 };
		uint64_t longest = 0, sum = 0;
		uint32_t fingerprint = 0;
		for (size_t index = 1; index <= count; index++) {
			struct test_file at[FILES];
			struct test_files files = make_files(at, t);
			struct shard_plan plan = plan_shard(&files, t, index, count);
			uint64_t takes = 0;
			for (size_t i = 0; i < files.count; i++) {
				seen[files.at[i].path[3] - 'a']++;
				takes += timings_get(t, files.at[i].path);
			}
			assert_int_equal(plan.files, files.count);
			assert_int_equal(plan.files_of_all, FILES);
			assert_true(index == 1 || plan.fingerprint == fingerprint);
			fingerprint = plan.fingerprint;
			longest = MAX(longest, takes);
			sum += takes;
		}
		for (size_t i = 0; i < FILES; i++)
			assert_int_equal(seen[i], 1);
		/* As good as the longest first always is: at most a third above what is possible. */
		assert_true(longest <= 4 * MAX(sum / count + 1, UINT64_C(200)) / 3);
		timings_destroy(&t);
	}
}

TEST(another_plan_has_another_fingerprint)
{
	struct test_file at[FILES];
	struct timings *t = timings_new("/r");
	struct test_files files = make_files(at, t);
	uint32_t known = plan_shard(&files, t, 1, 3).fingerprint;
	files = make_files(at, NULL);
	assert_true(plan_shard(&files, NULL, 1, 3).fingerprint != known);
	timings_destroy(&t);
}
