/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "runner/run_priv.h"

#include <string.h>

static struct record *record_at(struct file_record *file, uint32_t index)
{
	if (index >= file->cap) {
		size_t cap = MAX((size_t)index + 1, 2 * file->cap);
		file->tests = mem_realloc(file->tests, cap * sizeof *file->tests);
		memset(file->tests + file->cap, 0, (cap - file->cap) * sizeof *file->tests);
		file->cap = cap;
	}
	file->count = MAX(file->count, (size_t)index + 1);
	return &file->tests[index];
}

/*
 * Is this result better to be shown than what is shown? The first that failed is, else one that has something
 * to say.
 */
static bool is_better(const struct record *record, const struct test_result *r, uint32_t work)
{
	const struct test_result *shown = &record->shown;
	bool failed = r->status == TEST_FAILED, shown_failed = shown->status == TEST_FAILED;
	if (!record->known || failed != shown_failed)
		return !record->known || failed;
	return failed ? work < record->shown_work : r->text.len > 0 && shown->text.len == 0;
}

struct ending *record_take(struct file_record *file, const struct test_result *r, uint32_t work, bool last,
			   struct arena *a)
{
	struct record *record = record_at(file, r->index);
	struct test_result *shown = &record->shown;
	bool failed = r->status == TEST_FAILED;
	uint32_t runs = shown->runs + 1, runs_failed = shown->runs_failed + failed;
	uint32_t requests = shown->requests + r->requests, checks = shown->checks + r->checks;
	if (is_better(record, r, work)) {
		*shown = test_result_copy(r, a);
		record->shown_work = work;
	}
	shown->runs = runs;
	shown->runs_failed = runs_failed;
	shown->requests = requests;
	shown->checks = checks;
	shown->ns = r->ns;
	record->known = true;
	record->failed = record->failed || (failed && last);
	record->flaky = record->flaky || (!failed && r->runs_failed);
	if (!last)
		return NULL;
	struct ending *o = ARENA_NEW(a, struct ending);
	*o = (struct ending){ .next = record->endings, .work = work, .failed = failed };
	o->trace = arena_str(a, r->trace);
	record->endings = o;
	return o;
}

void record_note(struct record *r, enum test_flake flake, struct str note, struct arena *a)
{
	struct str text = r->shown.text;
	r->shown.flake = flake;
	r->shown.text = arena_printf(a, STR_FMT "%s    " STR_FMT "\n", STR_ARG(text),
				     text.len == 0 || str_ends(text, STR("\n")) ? "" : "\n", STR_ARG(note));
}

struct test_result record_result(const struct record *r)
{
	struct test_result result = r->shown;
	if (result.status == TEST_FAILED && !r->failed)
		result.status = TEST_PASSED;
	if (r->flaky && result.flake == TEST_STEADY)
		result.flake = TEST_FLAKY;
	return result;
}

void file_record_fini(struct file_record *file)
{
	mem_free(file->tests);
	*file = (struct file_record){ 0 };
}
