/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of world/random.h. */
#include <string.h>

#include "base/str.h"
#include "contract/contract.h"
#include "world/random.h"

struct subject {
	struct random *random;
};

static struct random *system_(void)
{
	return random_system_new();
}

static struct random *seeded(void)
{
	return random_seeded_new(42);
}

static struct random *fork_of_system(void)
{
	struct random *parent = random_system_new(), *r = random_fork(parent);
	random_destroy(&parent);
	return r;
}

static struct random *fork_of_seeded(void)
{
	struct random *parent = random_seeded_new(0);
	random_u64(parent);
	struct random *r = random_fork(parent);
	random_destroy(&parent);
	return r;
}

#define EVERY_IMPLEMENTATION(X, promise) \
	X(promise, system_)              \
	X(promise, fork_of_system)       \
	X(promise, seeded)               \
	X(promise, fork_of_seeded)

static void begin(struct subject *s, struct random *(*make)(void))
{
	s->random = make();
}

static void end(struct subject *s)
{
	random_destroy(&s->random);
}

CONTRACT(a_fill_writes_all_bytes_and_no_more)
{
	enum { LONGEST = 100 };
	for (size_t len = 0; len <= LONGEST; len++) {
		unsigned char bytes[LONGEST + 8], touched[LONGEST + 8] = { 0 };
		for (int round = 0; round < 20; round++) { /* a random byte may be the one that was there */
			memset(bytes, 0xee, sizeof bytes);
			random_fill(s->random, bytes, len);
			for (size_t i = 0; i < sizeof bytes; i++)
				touched[i] |= bytes[i] != 0xee;
		}
		for (size_t i = 0; i < sizeof bytes; i++)
			assert_int_equal(touched[i], i < len);
	}
}

CONTRACT(numbers_do_not_repeat)
{
	uint64_t seen[64];
	for (size_t i = 0; i < COUNT_OF(seen); i++) {
		seen[i] = random_u64(s->random);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(seen[i], seen[j]);
	}
}

CONTRACT(every_bit_is_as_often_0_as_1)
{
	enum { ROUNDS = 10000 };
	unsigned ones[64] = { 0 };
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t value = random_u64(s->random);
		for (unsigned bit = 0; bit < 64; bit++)
			ones[bit] += (unsigned)(value >> bit & 1);
	}
	for (unsigned bit = 0; bit < 64; bit++) /* ten standard deviations: never by chance */
		assert_in_range(ones[bit], ROUNDS / 2 - 500, ROUNDS / 2 + 500);
}

TEST(one_seed_is_one_stream)
{
	struct random *a = random_seeded_new(7), *b = random_seeded_new(7), *other = random_seeded_new(8);
	uint64_t first = random_u64(a);
	assert_int_equal(first, random_u64(b));
	assert_int_not_equal(first, random_u64(other));
	random_destroy(&a);
	random_destroy(&b);
	random_destroy(&other);
}

/* The generator's published values for state from splitmix64(0). */
TEST(the_stream_is_that_of_xoshiro256_starstar)
{
	static const uint64_t expected[] = { UINT64_C(11091344671253066420), UINT64_C(13793997310169335082),
					     UINT64_C(1900383378846508768), UINT64_C(7684712102626143532) };
	struct random *r = random_seeded_new(0);
	for (size_t i = 0; i < COUNT_OF(expected); i++)
		assert_int_equal(random_u64(r), expected[i]);
	random_destroy(&r);
}

TEST(the_stream_does_not_depend_on_how_it_is_cut)
{
	char whole[64], parts[64];
	struct random *a = random_seeded_new(1), *b = random_seeded_new(1);
	random_fill(a, whole, sizeof whole);
	for (size_t at = 0, len = 0; at < sizeof parts; at += len, len = (len + 1) % 11)
		random_fill(b, parts + at, len = MIN(len, sizeof parts - at));
	assert_memory_equal(whole, parts, sizeof whole);
	random_destroy(&a);
	random_destroy(&b);
}

TEST(a_fork_goes_on_with_the_same_stream_and_apart)
{
	struct random *parent = random_seeded_new(1), *twin = random_seeded_new(1);
	char skipped[3];
	random_fill(parent, skipped, sizeof skipped);
	random_fill(twin, skipped, sizeof skipped);
	struct random *child = random_fork(parent);
	uint64_t next = random_u64(twin);
	assert_int_equal(random_u64(child), next);
	random_u64(child);
	assert_int_equal(random_u64(parent), next);
	random_destroy(&child);
	random_destroy(&parent);
	random_destroy(&twin);
}
