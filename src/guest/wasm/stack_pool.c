/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/stack_pool.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/check.h"
#include "base/mem.h"

/* Free stacks beyond so many give their pages back: a guest may have used a megabyte of each. */
enum { RESIDENT_STACKS_MAX = 16, GUARD_BYTES = 64 << 10 };

struct stack {
	struct stack_pool *pool;
	struct stack *next;
	uint8_t *mapping; /* a guard, then the stack */
	size_t len;       /* without the guard */
};

struct stack_pool {
	pthread_mutex_t lock;
	struct stack *free;
	unsigned free_count, in_use;
};

static uint8_t *get_stack(void *env, size_t *len)
{
	struct stack *s = env;
	*len = s->len;
	return s->mapping + GUARD_BYTES + s->len;
}

static void stack_released(void *env)
{
	struct stack *s = env;
	struct stack_pool *pool = s->pool;
	pthread_mutex_lock(&pool->lock);
	pool->in_use--;
	bool keep = pool->free_count < RESIDENT_STACKS_MAX;
	if (keep) {
		s->next = pool->free;
		pool->free = s;
		pool->free_count++;
	}
	pthread_mutex_unlock(&pool->lock);
	if (!keep) {
		munmap(s->mapping, GUARD_BYTES + s->len);
		mem_free(s);
	}
}

static struct stack *stack_new(struct stack_pool *pool, size_t len)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
	void *mapping = mmap(NULL, GUARD_BYTES + len, PROT_NONE, flags, -1, 0);
	if (mapping == MAP_FAILED)
		return NULL;
	if (mprotect((uint8_t *)mapping + GUARD_BYTES, len, PROT_READ | PROT_WRITE) != 0) {
		munmap(mapping, GUARD_BYTES + len);
		return NULL;
	}
	struct stack *s = NEW(struct stack);
	s->pool = pool;
	s->mapping = mapping;
	s->len = len;
	return s;
}

static wasmtime_error_t *new_stack(void *env, size_t size, bool zeroed, wasmtime_stack_memory_t *out)
{
	struct stack_pool *pool = env;
	(void)zeroed; /* never asked for: see the header */
	pthread_mutex_lock(&pool->lock);
	struct stack *s = pool->free;
	if (s && s->len == size) {
		pool->free = s->next;
		pool->free_count--;
	} else {
		s = NULL;
	}
	pool->in_use++;
	pthread_mutex_unlock(&pool->lock);
	if (!s)
		s = stack_new(pool, size);
	if (!s) {
		pthread_mutex_lock(&pool->lock);
		pool->in_use--;
		pthread_mutex_unlock(&pool->lock);
		return wasmtime_error_new("the system has no memory left for another guest's stack");
	}
	*out = (wasmtime_stack_memory_t){ .env = s,
					  .get_stack_memory = get_stack,
					  .finalizer = stack_released };
	return NULL;
}

struct stack_pool *stack_pool_new(void)
{
	struct stack_pool *pool = NEW(struct stack_pool);
	pthread_mutex_init(&pool->lock, NULL);
	return pool;
}

void stack_pool_destroy(struct stack_pool **pp)
{
	struct stack_pool *pool = take(*pp);
	if (!pool)
		return;
	CHECK(pool->in_use == 0);
	while (pool->free) {
		struct stack *s = pool->free;
		pool->free = s->next;
		munmap(s->mapping, GUARD_BYTES + s->len);
		mem_free(s);
	}
	pthread_mutex_destroy(&pool->lock);
	mem_free(pool);
}

wasmtime_stack_creator_t stack_pool_creator(struct stack_pool *pool)
{
	return (wasmtime_stack_creator_t){ .env = pool, .new_stack = new_stack };
}
