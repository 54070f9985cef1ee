/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/arena.h"
#include "support/test.h"

TEST(every_allocation_is_aligned_and_apart_from_the_others)
{
	struct arena a;
	char *last = NULL;
	arena_init(&a);
	for (size_t size = 0; size < 200; size++) {
		char *p = arena_alloc(&a, size);
		assert_non_null(p);
		assert_ptr_not_equal(p, last);
		assert_int_equal((uintptr_t)p % 16, 0);
		memset(p, 0xee, size);
		last = p;
	}
	arena_fini(&a);
}

TEST(nothing_is_something_also_as_the_first_allocation)
{
	struct arena a;
	arena_init(&a);
	assert_non_null(arena_alloc(&a, 0));
	assert_non_null(arena_zalloc(&a, 0));
	arena_fini(&a);
}

TEST(contents_survive_later_allocations_of_all_sizes)
{
	enum { N = 300 };
	struct arena a;
	unsigned char *p[N];
	size_t size[N];
	arena_init(&a);
	for (size_t i = 0; i < N; i++) {
		size[i] = i * i * 7 % 40000;
		p[i] = arena_alloc(&a, size[i]);
		memset(p[i], (int)(i % 251), size[i]);
	}
	for (size_t i = 0; i < N; i++) {
		for (size_t at = 0; at < size[i]; at++)
			assert_int_equal(p[i][at], i % 251);
	}
	arena_fini(&a);
}

TEST(a_large_allocation_does_not_cost_the_room_that_was_left)
{
	struct arena a;
	arena_init(&a);
	char *before = arena_alloc(&a, 16);
	memset(arena_alloc(&a, 1000000), 1, 1000000);
	char *after = arena_alloc(&a, 16);
	assert_ptr_equal(after, before + 16);
	arena_fini(&a);
}

TEST(a_reset_arena_starts_again_in_the_same_memory)
{
	struct arena a;
	arena_init(&a);
	for (int i = 0; i < 1000; i++)
		memset(arena_alloc(&a, 1000), i, 1000);
	assert_true(a.used >= 1000000);
	arena_reset(&a);
	assert_int_equal(a.used, 0);
	char *again = arena_alloc(&a, 100);
	arena_reset(&a);
	assert_ptr_equal(arena_alloc(&a, 100), again);
	arena_fini(&a);
}

TEST(a_reset_gives_large_blocks_back)
{
	struct arena a;
	arena_init(&a);
	memset(arena_alloc(&a, 5000000), 1, 5000000);
	arena_reset(&a);
	arena_reset(&a); /* an empty one, too */
	assert_non_null(arena_alloc(&a, 1));
	arena_fini(&a);
	arena_fini(&a);
}

TEST(zeroed_memory_is_zero_also_where_something_else_was)
{
	struct arena a;
	arena_init(&a);
	for (int round = 0; round < 2; round++) {
		unsigned char *p = arena_zalloc(&a, 5000);
		for (int i = 0; i < 5000; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, 5000);
		arena_reset(&a);
	}
	arena_fini(&a);
}

TEST(strings_are_copied_with_their_nul)
{
	struct arena a;
	arena_init(&a);
	char original[] = "text";
	struct str copy = arena_str(&a, str_from(original));
	original[0] = 'T';
	assert_string_equal(copy.ptr, "text");
	assert_int_equal(copy.len, 4);
	assert_string_equal(arena_str(&a, (struct str){ NULL, 0 }).ptr, "");
	assert_str(arena_printf(&a, "%s=%d", "n", 42), "n=42");
	struct str bytes = arena_str(&a, STR("a\0b"));
	assert_memory_equal(bytes.ptr, "a\0b", 4);
	arena_fini(&a);
}

TEST(what_was_handed_out_is_counted)
{
	struct arena a;
	arena_init(&a);
	assert_non_null(arena_alloc(&a, 1));
	assert_int_equal(a.used, 16);
	assert_non_null(arena_alloc(&a, 100000));
	assert_int_equal(a.used, 16 + 100000);
	arena_fini(&a);
}
