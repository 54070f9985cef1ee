/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/wasm/dirty_pages.h"
#include "guest/wasm/memory_pool.h"
#include "guest/wasm/wasm_image.h"

enum {
	UNIT = WASM_IMAGE_UNIT,
	IMAGE_AT = UNIT,
	IMAGE_LEN = 3 * UNIT,
	BYTES = 8 * UNIT,
	BYTES_MAX = 64 * UNIT,
	RESERVED = 128 * UNIT,
	PAGE = 4096,
};

static const enum memory_reset ways[] = { MEMORY_RESET_BEST, MEMORY_RESET_RESCAN, MEMORY_RESET_REMAP };

static uint8_t expected[BYTES];

static struct memory_image new_image(void)
{
	struct memory_image image;
	for (size_t i = IMAGE_AT; i < IMAGE_AT + IMAGE_LEN; i++)
		expected[i] = (uint8_t)(1 + i % 251);
	struct str bytes = { (const char *)expected + IMAGE_AT, IMAGE_LEN };
	assert_true(memory_image_of(&image, bytes, IMAGE_AT));
	return image;
}

struct pool_harness {
	struct memory_image image;
	struct memory_pool *pool;
	wasmtime_memory_creator_t creator;
};

static void open_pool(struct pool_harness *h, enum memory_reset way, uint64_t resident_max)
{
	struct error e;
	h->image = new_image();
	h->pool = memory_pool_new(&(struct memory_pool_options){ .memories_max = 8,
								 .bytes = BYTES,
								 .bytes_max = BYTES_MAX,
								 .resident_max = resident_max,
								 .reset = way,
								 .image = h->image },
				  &e);
	assert_non_null(h->pool);
	h->creator = memory_pool_creator(h->pool);
}

static void close_pool(struct pool_harness *h)
{
	memory_pool_destroy(&h->pool);
	memory_image_fini(&h->image);
}

struct used {
	wasmtime_linear_memory_t linear;
	uint8_t *base;
	size_t size;
};

static void look(struct used *u)
{
	size_t capacity;
	u->base = u->linear.get_memory(u->linear.env, &u->size, &capacity);
}

static struct used acquire(struct pool_harness *h)
{
	struct used u;
	assert_null(h->creator.new_memory(h->creator.env, NULL, BYTES, BYTES_MAX, RESERVED, UNIT, &u.linear));
	look(&u);
	return u;
}

static void release(struct used *u)
{
	u->linear.finalizer(u->linear.env);
}

static void grow(struct used *u, size_t size)
{
	assert_null(u->linear.grow_memory(u->linear.env, size));
	look(u);
	assert_int_equal(u->size, size);
}

static bool reachable(const uint8_t *at)
{
	int pipe_fds[2];
	assert_int_equal(pipe(pipe_fds), 0);
	bool ok = write(pipe_fds[1], at, 1) == 1;
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	return ok;
}

static bool as_new(const struct used *u)
{
	return u->size == BYTES && memcmp(u->base, expected, BYTES) == 0;
}

static void must_be_as_new(const struct used *u)
{
	assert_true(as_new(u));
	assert_true(reachable(u->base + BYTES - 1));
	assert_false(reachable(u->base + BYTES));
	assert_false(reachable(u->base - 1));
}

TEST(a_memory_is_as_new_whatever_was_written)
{
	for (size_t w = 0; w < COUNT_OF(ways); w++) {
		struct pool_harness h;
		unsigned random = 1;
		open_pool(&h, ways[w], 0);
		for (int round = 0; round < 300; round++) {
			struct used u = acquire(&h);
			must_be_as_new(&u);
			for (int i = 0; i < round % 20; i++) {
				random = random * 1103515245 + 12345;
				memset(u.base + random % (BYTES - 9000), 0xff, random % 9000);
			}
			release(&u);
		}
		close_pool(&h);
	}
}

TEST(pages_that_stay_private_are_not_looked_for_again)
{
	struct pool_harness h;
	open_pool(&h, MEMORY_RESET_BEST, 0);
	if (dirty_pages_open() < 0) {
		close_pool(&h);
		skip();
	}
	for (int round = 0; round < 50; round++) {
		struct used u = acquire(&h);
		must_be_as_new(&u);
		memset(u.base + IMAGE_AT - 10, 0xaa, 20);
		u.base[BYTES - 1] = 1;
		if (round == 40)
			u.base[5 * PAGE] = 1; /* a page more: the kernel must be asked again */
		release(&u);
	}
	struct memory_pool_counts c = memory_pool_counts(h.pool);
	assert_int_equal(c.anew, 0);
	assert_int_equal(c.in_place, 50);
	assert_int_equal(c.memories, 1);
	assert_int_equal(c.resident, 4 * PAGE);
	struct used u = acquire(&h);
	must_be_as_new(&u);
	release(&u);
	close_pool(&h);
}

TEST(what_was_grown_is_zero_when_it_is_grown_again)
{
	for (size_t w = 0; w < COUNT_OF(ways); w++) {
		struct pool_harness h;
		open_pool(&h, ways[w], 0);
		/*
		 * Grown and written; not grown, and the kernel is asked; grown, written, without a new page.
		 */
		for (int round = 0; round < 40; round++) {
			struct used u = acquire(&h);
			must_be_as_new(&u);
			if (round % 4 == 1)
				u.base[(size_t)round * PAGE] = 1;
			if (round % 4 >= 2) {
				grow(&u, BYTES + UNIT);
				grow(&u, BYTES + 5 * UNIT);
				for (size_t i = BYTES; i < u.size; i++)
					assert_int_equal(u.base[i], 0);
				assert_false(reachable(u.base + u.size));
				memset(u.base + BYTES, 0xdd, u.size - BYTES);
			}
			release(&u);
		}
		close_pool(&h);
	}
}

TEST(a_memory_grows_as_far_as_it_may)
{
	struct pool_harness h;
	open_pool(&h, MEMORY_RESET_BEST, 0);
	struct used u = acquire(&h);
	grow(&u, BYTES_MAX);
	u.base[BYTES_MAX - 1] = 1;
	wasmtime_error_t *refused = u.linear.grow_memory(u.linear.env, BYTES_MAX + UNIT);
	assert_non_null(refused);
	wasmtime_error_delete(refused);
	release(&u);
	close_pool(&h);
}

TEST(too_much_that_is_resident_is_given_back)
{
	struct pool_harness h;
	open_pool(&h, MEMORY_RESET_BEST, 2 * UNIT);
	for (int round = 0; round < 10; round++) {
		struct used u = acquire(&h);
		must_be_as_new(&u);
		memset(u.base, 1, round % 2 ? BYTES : UNIT);
		release(&u);
		assert_in_range(memory_pool_counts(h.pool).resident, 0, 2 * UNIT);
	}
	assert_in_range(memory_pool_counts(h.pool).anew, 5, 10);
	close_pool(&h);
}

TEST(memory_that_only_few_guests_touch_does_not_stay_for_ever)
{
	struct pool_harness h;
	open_pool(&h, MEMORY_RESET_BEST, 0);
	struct used u = acquire(&h);
	memset(u.base, 1, BYTES);
	release(&u);
	for (int round = 0; round < 2000; round++) {
		u = acquire(&h);
		u.base[0] = 1;
		release(&u);
	}
	assert_in_range(memory_pool_counts(h.pool).resident, 0, UNIT);
	close_pool(&h);
}

TEST(no_more_memories_than_allowed_are_in_use)
{
	struct pool_harness h;
	struct used u[8], none;
	open_pool(&h, MEMORY_RESET_BEST, 0);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < COUNT_OF(u); i++)
			u[i] = acquire(&h);
		wasmtime_error_t *refused = h.creator.new_memory(h.creator.env, NULL, BYTES, BYTES_MAX,
								 RESERVED, UNIT, &none.linear);
		assert_non_null(refused);
		wasmtime_error_delete(refused);
		for (size_t i = 0; i < COUNT_OF(u); i++)
			release(&u[i]);
	}
	assert_int_equal(memory_pool_counts(h.pool).memories, 8);
	close_pool(&h);
}

TEST(a_memory_of_another_size_is_refused)
{
	struct pool_harness h;
	struct used u;
	open_pool(&h, MEMORY_RESET_BEST, 0);
	wasmtime_error_t *refused =
		h.creator.new_memory(h.creator.env, NULL, UNIT, BYTES_MAX, RESERVED, UNIT, &u.linear);
	assert_non_null(refused);
	wasmtime_error_delete(refused);
	close_pool(&h);
}

/* Writes to two units from `first` on, and looks. 0: all is well. */
static int use_two_units(struct pool_harness *h, size_t first)
{
	for (int round = 0; round < 20; round++) {
		struct used u = acquire(h);
		if (!as_new(&u))
			return 1;
		memset(u.base + (first + (size_t)round % 2) * UNIT, 0x55, UNIT);
		u.linear.grow_memory(u.linear.env, BYTES + UNIT);
		memset(u.base + BYTES, 0x55, UNIT);
		release(&u);
	}
	return 0;
}

TEST(a_child_goes_on_with_its_own_pages)
{
	for (size_t w = 0; w < COUNT_OF(ways); w++) {
		struct pool_harness h;
		int status;
		open_pool(&h, ways[w], 0);
		assert_int_equal(use_two_units(&h, 0), 0);
		pid_t pid = fork();
		if (pid == 0) /* of these pages the parent's page map knows nothing */
			_exit(use_two_units(&h, 4));
		assert_int_equal(use_two_units(&h, 0), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		close_pool(&h);
	}
}

static atomic_int dirty_seen;

static void *use_again_and_again(void *data)
{
	struct pool_harness *h = data;
	for (unsigned round = 0; round < 400; round++) {
		struct used u = acquire(h);
		if (!as_new(&u))
			atomic_fetch_add(&dirty_seen, 1);
		memset(u.base + (round * 7919 % BYTES) / PAGE * PAGE, 0x77, PAGE);
		if (round % 3 == 0) {
			u.linear.grow_memory(u.linear.env, BYTES + UNIT);
			memset(u.base + BYTES, 0x77, UNIT);
		}
		release(&u);
	}
	return NULL;
}

TEST(threads_may_share_a_pool)
{
	for (size_t w = 0; w < COUNT_OF(ways); w++) {
		struct pool_harness h;
		pthread_t threads[4];
		open_pool(&h, ways[w], 0);
		for (size_t i = 0; i < COUNT_OF(threads); i++)
			assert_int_equal(pthread_create(&threads[i], NULL, use_again_and_again, &h), 0);
		for (size_t i = 0; i < COUNT_OF(threads); i++)
			pthread_join(threads[i], NULL);
		assert_int_equal(atomic_load(&dirty_seen), 0);
		close_pool(&h);
	}
}

TEST(an_image_must_fit_into_the_memory)
{
	struct error e;
	struct memory_image image = new_image();
	assert_null(memory_pool_new(&(struct memory_pool_options){ .memories_max = 1,
								   .bytes = 3 * UNIT,
								   .bytes_max = BYTES_MAX,
								   .image = image },
				    &e));
	assert_error(&e, INVALID, "larger than the memory");
	memory_image_fini(&image);
}
