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

void record_take(struct file_record *file, const struct test_result *r, bool last, struct arena *a)
{
	struct record *record = record_at(file, r->index);
	struct test_result *shown = &record->shown;
	bool failed = r->status == TEST_FAILED;
	uint32_t runs = shown->runs + 1, runs_failed = shown->runs_failed + failed;
	uint32_t requests = shown->requests + r->requests, checks = shown->checks + r->checks;
	if (!record->known || (shown->status != TEST_FAILED && (failed || r->text.len)))
		*shown = test_result_copy(r, a);
	shown->runs = runs;
	shown->runs_failed = runs_failed;
	shown->requests = requests;
	shown->checks = checks;
	shown->ns = r->ns;
	record->known = true;
	record->failed = record->failed || (failed && last);
	record->flaky = record->flaky || (!failed && runs_failed);
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
