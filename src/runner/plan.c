/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/plan.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"

static uint64_t size_of(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 1;
}

void plan_guess(const struct test_files *files, const struct timings *timings, uint64_t *out)
{
	double known_ns = 0, known_bytes = 0;
	for (size_t i = 0; i < files->count; i++) {
		out[i] = timings ? timings_get(timings, files->at[i].path) : 0;
		known_ns += (double)out[i];
		known_bytes += out[i] ? (double)size_of(files->at[i].path) : 0;
	}
	double rate = known_bytes > 0 ? known_ns / known_bytes : 1;
	for (size_t i = 0; i < files->count; i++) {
		if (!out[i])
			out[i] = (uint64_t)((double)size_of(files->at[i].path) * rate);
	}
}

struct guessed {
	uint64_t guess;
	uint32_t index;
};

static int longest_first(const void *a, const void *b)
{
	const struct guessed *x = a, *y = b;
	if (x->guess != y->guess)
		return x->guess > y->guess ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

void plan_order(const uint64_t *guess, size_t count, uint32_t *order)
{
	struct guessed *sorted = mem_alloc((count + 1) * sizeof *sorted);
	for (uint32_t i = 0; i < count; i++)
		sorted[i] = (struct guessed){ guess[i], i };
	qsort(sorted, count, sizeof *sorted, longest_first);
	for (size_t i = 0; i < count; i++)
		order[i] = sorted[i].index;
	mem_free(sorted);
}

/* FNV-1a over what decides who runs what. */
static uint32_t mix(uint32_t hash, const void *bytes, size_t len)
{
	for (const unsigned char *at = bytes, *end = at + len; at < end; at++)
		hash = (hash ^ *at) * UINT32_C(16777619);
	return hash;
}

struct shard_plan plan_shard(struct test_files *files, const struct timings *timings, size_t index,
			     size_t count)
{
	struct shard_plan plan = { index, count, 0, files->count, UINT32_C(2166136261) };
	uint64_t *guess = mem_alloc((files->count + 1) * sizeof *guess),
		 *load = mem_zalloc(count * sizeof *load);
	uint32_t *order = mem_alloc((files->count + 1) * sizeof *order);
	size_t *shard_of = mem_alloc((files->count + 1) * sizeof *shard_of);
	plan_guess(files, timings, guess);
	plan_order(guess, files->count, order);
	for (size_t i = 0; i < files->count; i++) {
		size_t lightest = 0;
		for (size_t k = 1; k < count; k++) {
			if (load[k] < load[lightest])
				lightest = k;
		}
		load[lightest] += guess[order[i]];
		shard_of[order[i]] = lightest;
	}
	for (size_t i = 0; i < files->count; i++) {
		uint32_t shard = (uint32_t)shard_of[i];
		struct str path = str_from(files->at[i].path);
		plan.fingerprint = mix(mix(plan.fingerprint, path.ptr, path.len + 1), &shard, sizeof shard);
		if (shard_of[i] == index - 1)
			files->at[plan.files++] = files->at[i];
	}
	files->count = plan.files;
	mem_free(guess);
	mem_free(load);
	mem_free(order);
	mem_free(shard_of);
	if (index != 1)
		files->orphans = NULL; /* they are told of once */
	return plan;
}
