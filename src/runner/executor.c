/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/executor.h"

#include "world/random.h"

void executor_order(uint32_t *indices, size_t count, uint64_t seed)
{
	struct random *random = random_seeded_new(seed);
	for (size_t left = count; left > 1; left--) {
		size_t other = (size_t)(random_u64(random) % left);
		uint32_t last = indices[left - 1];
		indices[left - 1] = indices[other];
		indices[other] = last;
	}
	random_destroy(&random);
}

uint32_t *executor_plan(const struct test_pass *pass, size_t count, bool (*wants)(void *data, uint32_t index),
			void *data, struct arena *a, size_t *planned)
{
	uint32_t *plan = arena_alloc(a, (MAX(count, pass->only_count) + 1) * sizeof *plan);
	size_t n = 0;
	if (pass->only) {
		for (size_t i = 0; i < pass->only_count; i++) {
			if (pass->only[i] < count)
				plan[n++] = pass->only[i];
		}
	} else {
		for (uint32_t i = 0; i < count; i++) {
			if (wants(data, i))
				plan[n++] = i;
		}
	}
	if (pass->shuffled && !pass->only)
		executor_order(plan, n, pass->seed);
	*planned = n;
	return plan;
}
