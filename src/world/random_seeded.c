/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xoshiro256** (Blackman and Vigna), its state filled by splitmix64 as its authors advise, so that near seeds
 * give far streams. Fast and even; not for secrets, which a test does not have.
 */

#include "base/attr.h"
#include "base/mem.h"
#include "world/random.h"

struct random_seeded {
	struct random super;
	uint64_t state[4];
	uint64_t word; /* whose last `left` bytes were not handed out yet */
	unsigned left;
};

static uint64_t rotate_left(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static uint64_t next_word(uint64_t s[4])
{
	uint64_t result = rotate_left(s[1] * 5, 7) * 9, shifted = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate_left(s[3], 45);
	return result;
}

static uint64_t splitmix(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static void random_seeded_fill(struct random *super, void *out, size_t len)
{
	struct random_seeded *self = (struct random_seeded *)super;
	for (char *at = out; len > 0;) {
		if (self->left == 0) {
			self->word = next_word(self->state);
			self->left = sizeof self->word;
		}
		size_t step = MIN(len, (size_t)self->left);
		for (size_t i = 0; i < step; i++) /* the same bytes on every machine */
			*at++ = (char)(self->word >> (8 * (8 - self->left--)));
		len -= step;
	}
}

static struct random *random_seeded_fork(struct random *super)
{
	struct random_seeded *forked = NEW(struct random_seeded);
	*forked = *(const struct random_seeded *)super;
	return &forked->super;
}

static void random_seeded_destroy(struct random *super)
{
	mem_free(super);
}

static const struct random_ops random_seeded_ops = {
	.name = "seeded",
	.fill = random_seeded_fill,
	.fork = random_seeded_fork,
	.destroy = random_seeded_destroy,
};

struct random *random_seeded_new(uint64_t seed)
{
	struct random_seeded *self = NEW(struct random_seeded);
	self->super.ops = &random_seeded_ops;
	for (size_t i = 0; i < COUNT_OF(self->state); i++)
		self->state[i] = splitmix(&seed);
	return &self->super;
}
