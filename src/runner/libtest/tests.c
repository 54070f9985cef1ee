/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/libtest/tests.h"

#include "world/random.h"

enum { TESTS_MAX = 1 << 20, SHOWN_BYTES_MAX = 120 };

static bool odd_line(struct str line, const char *what, struct error *e)
{
	line = str_sub(line, 0, SHOWN_BYTES_MAX);
	return FAIL(e, INVALID, "it answers %s with the line '" STR_FMT "'", what, STR_ARG(line));
}

/* "NAME: test" or "NAME: benchmark" */
static bool read_line(struct str line, struct libtest_test *out)
{
	static const struct str test = STR_INIT(": test"), bench = STR_INIT(": benchmark");
	*out = (struct libtest_test){ .bench = str_ends(line, bench) };
	if (!out->bench && !str_ends(line, test))
		return false;
	out->name = str_sub(line, 0, line.len - (out->bench ? bench : test).len);
	return out->name.len > 0;
}

static size_t count_lines(struct str text)
{
	size_t count = 0;
	while (text.len) {
		str_split(&text, '\n');
		count++;
	}
	return count;
}

bool libtest_tests_read(struct libtest_tests *out, struct str list, struct arena *a, struct error *e)
{
	struct str rest = arena_str(a, list);
	size_t lines = count_lines(rest);
	*out = (struct libtest_tests){ 0 };
	if (lines > TESTS_MAX)
		return FAIL(e, LIMIT, "it lists more than %d tests", TESTS_MAX);
	out->at = arena_alloc(a, (lines + 1) * sizeof *out->at);
	while (rest.len) {
		struct str line = str_split(&rest, '\n');
		struct libtest_test *test = &out->at[out->count];
		if (!read_line(line, test))
			return odd_line(line, "--list", e);
		out->benches += test->bench;
		out->count++;
	}
	return true;
}

/* The list of the ignored ones is a part of the list of all, in the same order. */
bool libtest_tests_read_ignored(struct libtest_tests *t, struct str list, struct error *e)
{
	size_t at = 0;
	while (list.len) {
		struct str line = str_split(&list, '\n');
		struct libtest_test named;
		if (!read_line(line, &named))
			return odd_line(line, "--list --ignored", e);
		while (at < t->count && !str_eq(t->at[at].name, named.name))
			at++;
		if (at == t->count)
			return odd_line(line, "--list --ignored", e);
		t->at[at++].ignored = true;
	}
	return true;
}

/* " - should panic ... ignored, why" behind a test's name */
static bool read_mode(struct str rest, struct libtest_test *test, struct arena *a)
{
	static const struct str panic = STR_INIT(" - should panic"), ignored = STR_INIT(" ... ignored"),
				mode = STR_INIT(" - "), why = STR_INIT(", ");
	size_t at = str_find(rest, ignored);
	if (at == STR_NONE || (at > 0 && !str_starts(rest, mode)))
		return false;
	test->should_panic = str_starts(rest, panic);
	rest = str_sub(rest, at + ignored.len, rest.len);
	if (test->ignored && str_starts(rest, why))
		test->ignored_why = arena_str(a, str_sub(rest, why.len, rest.len));
	return true;
}

bool libtest_tests_read_modes(struct libtest_tests *t, struct str modes, struct arena *a, struct error *e)
{
	static const struct str prefix = STR_INIT("test ");
	size_t at = 0;
	while (modes.len) {
		struct str line = str_split(&modes, '\n');
		while (at < t->count && t->at[at].bench)
			at++;
		if (at == t->count)
			return true;
		struct libtest_test *test = &t->at[at];
		struct str rest = str_sub(line, prefix.len, line.len);
		if (!str_starts(line, prefix) || !str_starts(rest, test->name))
			continue; /* a heading, or a reason of several lines */
		if (read_mode(str_sub(rest, test->name.len, rest.len), test, a))
			at++;
	}
	while (at < t->count && t->at[at].bench)
		at++;
	if (at == t->count)
		return true;
	return FAIL(e, INVALID, "it does not say whether the test '" STR_FMT "' should panic",
		    STR_ARG(str_sub(t->at[at].name, 0, SHOWN_BYTES_MAX)));
}

const char *const *libtest_modes_args(const struct libtest_tests *t, struct arena *a)
{
	static const char *const fixed[] = { "--bench",       "--include-ignored", "--exact",
					     "--color=never", "--test-threads=1",  "--format=pretty" };
	const char **args = arena_alloc(a, (COUNT_OF(fixed) + 2 * t->benches + 1) * sizeof *args);
	size_t count = 0;
	for (size_t i = 0; i < COUNT_OF(fixed); i++)
		args[count++] = fixed[i];
	for (size_t i = 0; i < t->count; i++) {
		if (!t->at[i].bench)
			continue;
		args[count++] = "--skip";
		args[count++] = arena_str(a, t->at[i].name).ptr;
	}
	args[count] = NULL;
	return args;
}

/* ---- the plan ---- */

static bool matches(struct str name, const struct libtest_words *words, bool exact)
{
	for (size_t i = 0; i < words->count; i++) {
		if (exact ? str_eq(name, words->at[i]) : str_find(name, words->at[i]) != STR_NONE)
			return true;
	}
	return false;
}

static bool wanted(const struct libtest_test *test, const struct libtest_options *o)
{
	if (o->filters.count && !matches(test->name, &o->filters, o->exact))
		return false;
	if (matches(test->name, &o->skips, o->exact))
		return false;
	if (o->exclude_should_panic && test->should_panic)
		return false;
	return !o->ignored || test->ignored;
}

/* The same seed, the same order. */
static void shuffle(struct libtest_plan *plan, uint64_t seed)
{
	struct random *random = random_seeded_new(seed);
	for (size_t i = plan->count; i > 1; i--) {
		size_t other = (size_t)(random_u64(random) % i);
		const struct libtest_test *last = plan->at[i - 1];
		plan->at[i - 1] = plan->at[other];
		plan->at[other] = last;
	}
	random_destroy(&random);
}

void libtest_plan(struct libtest_plan *out, const struct libtest_tests *t, const struct libtest_options *o,
		  struct arena *a)
{
	*out = (struct libtest_plan){ .at = arena_alloc(a, (t->count + 1) * sizeof(*out->at)) };
	for (size_t i = 0; i < t->count; i++) {
		if (wanted(&t->at[i], o))
			out->at[out->count++] = &t->at[i];
	}
	out->filtered_out = t->count - out->count;
	if (o->shuffle)
		shuffle(out, o->seed);
}

bool libtest_is_ignored(const struct libtest_test *test, const struct libtest_options *o)
{
	if (o->bench && !o->test)
		return !test->bench;
	return (test->ignored && !o->ignored && !o->include_ignored) || (test->should_panic && !test->word);
}
