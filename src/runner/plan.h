/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files a machine runs, and in which order they are begun: the longest first, so that the last ones to
 * end are short. How long a file takes is remembered (runner/timings.h); of one that nobody has run yet it is
 * guessed from its size. The same files and timings give the same plan everywhere.
 */
#ifndef RUNNER_PLAN_H
#define RUNNER_PLAN_H

#include "runner/project.h"
#include "runner/timings.h"

/*
 * How long each file's tests will take, in nanoseconds, or in bytes when nothing at all is known. `timings`
 * may be NULL.
 */
void plan_guess(const struct test_files *files, const struct timings *timings, uint64_t *out);

/* The files by index, the longest first; of equals the one whose name comes first. */
void plan_order(const uint64_t *guess, size_t count, uint32_t *order);

/* What is told of a shard. */
struct shard_plan {
	size_t index, count; /* from 1, and of how many; 0: there are no shards */
	size_t files, files_of_all;
	uint32_t fingerprint; /* the same on all machines that have the same plan */
};

/*
 * Leaves in the list the files of shard `index` (from 1) of `count`: each file goes to the shard that has
 * least to do so far, the longest first.
 */
struct shard_plan plan_shard(struct test_files *files, const struct timings *timings, size_t index,
			     size_t count);

#endif
