/* SPDX-License-Identifier: Apache-2.0 */
#include "world/random.h"

uint64_t random_u64(struct random *r)
{
	uint64_t value;
	random_fill(r, &value, sizeof value);
	return value;
}
