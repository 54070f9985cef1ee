/* SPDX-License-Identifier: Apache-2.0 */
/* Looking into a Rust test program's memory: is it one, and where does it say which tests should panic? */
#include <string.h>

#include "base/mem.h"
#include "runner/libtest/tests.h"

/* A descriptor is some 70 bytes; its words are looked for this far before and behind the name in it. */
enum { WORD_BYTES = 4, REACH_BYTES = 128 };
enum { PANIC_NO, PANIC_YES, PANIC_WITH_MESSAGE };

bool libtest_recognise(const struct libtest_image *image)
{
	static const struct str marks[] = {
		STR_INIT("exclude-should-panic"),
		STR_INIT("force-run-in-process"),
		STR_INIT("RUST_TEST_THREADS"),
	};
	for (size_t m = 0; m < COUNT_OF(marks); m++) {
		bool found = false;
		for (size_t i = 0; i < image->count && !found; i++)
			found = str_find(image->at[i].bytes, marks[m]) != STR_NONE;
		if (!found)
			return false;
	}
	return true;
}

/* The bytes there; empty when not all of them are in one segment. */
static struct str bytes_at(const struct libtest_image *image, uint64_t address, uint64_t len)
{
	for (size_t i = 0; i < image->count; i++) {
		const struct libtest_segment *s = &image->at[i];
		if (address >= s->address && len <= s->bytes.len &&
		    address - s->address <= s->bytes.len - len)
			return str_sub(s->bytes, (size_t)(address - s->address), (size_t)len);
	}
	return (struct str){ 0 };
}

/* Memory behind what the segments fill is zero. */
static uint32_t word_at(const struct libtest_image *image, uint64_t address)
{
	uint32_t word = 0;
	struct str bytes = bytes_at(image, address, WORD_BYTES);
	if (bytes.len)
		memcpy(&word, bytes.ptr, WORD_BYTES);
	return word;
}

/* ---- the names' places ---- */

/* Where the descriptor of each test points at its name; 0: not found. */
struct places {
	const struct libtest_tests *tests;
	uint32_t *at;
	size_t name_len_max;
};

/* Tests are in the order of their names. */
static size_t find_test(const struct libtest_tests *t, struct str name)
{
	size_t low = 0, high = t->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = str_cmp(t->at[middle].name, name);
		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return t->count;
}

static void look_at(struct places *p, const struct libtest_image *image, uint32_t address, const char *words)
{
	uint32_t pointer, len;
	memcpy(&pointer, words, WORD_BYTES);
	memcpy(&len, words + WORD_BYTES, WORD_BYTES);
	if (len == 0 || len > p->name_len_max)
		return;
	struct str name = bytes_at(image, pointer, len);
	size_t test = name.len ? find_test(p->tests, name) : p->tests->count;
	if (test < p->tests->count && !p->at[test])
		p->at[test] = address;
}

static void find_names(struct places *p, const struct libtest_image *image)
{
	for (size_t i = 0; i < p->tests->count; i++)
		p->name_len_max = MAX(p->name_len_max, p->tests->at[i].name.len);
	for (size_t i = 0; i < image->count; i++) {
		const struct libtest_segment *s = &image->at[i];
		size_t at = (WORD_BYTES - s->address % WORD_BYTES) % WORD_BYTES;
		for (; at + 2 * WORD_BYTES <= s->bytes.len; at += WORD_BYTES)
			look_at(p, image, s->address + (uint32_t)at, s->bytes.ptr + at);
	}
}

/* ---- the words ---- */

static bool word_fits(const struct libtest_image *image, const struct libtest_test *test, int64_t address)
{
	uint32_t word = word_at(image, (uint64_t)address);
	if (!test->should_panic)
		return word == PANIC_NO;
	if (word == PANIC_YES)
		return true;
	uint32_t len = word_at(image, (uint64_t)address + 2 * WORD_BYTES);
	return word == PANIC_WITH_MESSAGE &&
	       (len == 0 || bytes_at(image, word_at(image, (uint64_t)address + WORD_BYTES), len).len == len);
}

/* Does the word at this distance from its name say of each test what the program says of it? */
static bool distance_fits(const struct places *p, const struct libtest_image *image, int64_t distance)
{
	for (size_t i = 0; i < p->tests->count; i++) {
		if (!p->at[i] || (int64_t)p->at[i] + distance < WORD_BYTES ||
		    !word_fits(image, &p->tests->at[i], p->at[i] + distance))
			return false;
	}
	return true;
}

/*
 * With few tests another word may fit by chance (a line number, say), so the layout of today's compilers
 * wins, and else there must be no doubt.
 */
static bool find_distance(const struct places *p, const struct libtest_image *image, int64_t *out)
{
	enum { TODAY = -16 };
	size_t fitting = 0;
	*out = TODAY;
	if (distance_fits(p, image, TODAY))
		return true;
	for (int64_t d = -REACH_BYTES; d <= REACH_BYTES; d += WORD_BYTES) {
		if (!distance_fits(p, image, d))
			continue;
		*out = d;
		fitting++;
	}
	return fitting == 1;
}

static void take_word(struct libtest_test *test, const struct libtest_image *image, uint32_t address)
{
	test->word = address;
	test->expects = word_at(image, address) == PANIC_WITH_MESSAGE;
	if (test->expects)
		test->expected = bytes_at(image, word_at(image, address + WORD_BYTES),
					  word_at(image, address + 2 * WORD_BYTES));
}

void libtest_find_words(struct libtest_tests *t, const struct libtest_image *image)
{
	int64_t distance;
	bool any = false;
	for (size_t i = 0; i < t->count; i++)
		any = any || t->at[i].should_panic;
	if (!any)
		return;
	struct places p = { .tests = t, .at = mem_zalloc(t->count * sizeof *p.at) };
	find_names(&p, image);
	if (find_distance(&p, image, &distance)) {
		for (size_t i = 0; i < t->count; i++) {
			if (t->at[i].should_panic)
				take_word(&t->at[i], image, (uint32_t)(p.at[i] + distance));
		}
	}
	mem_free(p.at);
}
