/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/memory_pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "guest/wasm/dirty_pages.h"
#include "guest/wasm/wasm_image.h"

enum {
	RUNS_MAX = 4096, /* of private pages in one memory; with more it is mapped anew */
	RUNS_A_LOOK = 256,
	/*
	 * Pages that only one guest in many writes to would be copied for ever after: start over now and
	 * then.
	 */
	RESETS_IN_PLACE_MAX = 1024,
	RESIDENT_BYTES_DEFAULT = 32 << 20, /* of one memory */
	RESIDENT_BYTES_TOTAL_MAX = 128 << 20,
};

/* One memory, free or in use. */
struct memory {
	struct memory_pool *pool;
	struct memory *next; /* of all, or of the free ones */
	uint8_t *mapping, *base;
	size_t mapping_len, reserved;
	size_t size;           /* that the guest sees; all of it, and nothing behind it, is accessible */
	size_t size_max;       /* since it was last mapped anew */
	struct page_run *runs; /* the private pages, if known: at least all of these */
	size_t run_count, run_cap;
	bool runs_known;
	uint64_t faults; /* of the process when it was last known */
	uint64_t resident;
	unsigned resets;
};

struct memory_pool {
	struct memory_pool_options options;
	uint8_t *image;       /* mapped for reading; NULL: none */
	pthread_mutex_t lock; /* of all below */
	struct memory *free;
	struct memory_pool_counts counts;
	uint32_t in_use;
	int pagemap;     /* -1: cannot tell */
	uint8_t *opened; /* a byte that reads as 0 in a child of fork(): the page map is the parent's then */
};

static _Thread_local uint64_t allowed_bytes = UINT64_MAX, refused_bytes;

void memory_pool_allow(uint64_t bytes)
{
	allowed_bytes = bytes;
	refused_bytes = 0;
}

uint64_t memory_pool_refused(void)
{
	return refused_bytes;
}

/* ---- images ---- */

bool memory_image_of(struct memory_image *out, struct str bytes, uint64_t at)
{
	*out = (struct memory_image){ .fd = -1 };
	if (bytes.len == 0)
		return true;
	int fd = memfd_create("backlot-guest", MFD_CLOEXEC);
	if (fd < 0)
		return false;
	for (size_t done = 0; done < bytes.len;) {
		ssize_t n = write(fd, bytes.ptr + done, bytes.len - done);
		if (n <= 0 && errno != EINTR) {
			close(fd);
			return false;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	*out = (struct memory_image){ .fd = fd, .len = bytes.len, .at = at };
	return true;
}

void memory_image_fini(struct memory_image *image)
{
	if (image->fd >= 0)
		close(image->fd);
	*image = (struct memory_image){ .fd = -1 };
}

/* ---- mapping ---- */

/* A place that memory may be made accessible in later. What was there goes. */
static bool reserve(uint8_t *at, size_t len)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
	if (len == 0)
		return true;
	if (mmap(at, len, PROT_NONE, flags, -1, 0) == MAP_FAILED)
		return false;
	madvise(at, len, MADV_NOHUGEPAGE); /* pages are what is put back; without this it is only slower */
	return true;
}

/* All as it is before the first instruction. */
static bool map_anew(struct memory *m)
{
	const struct memory_image *image = &m->pool->options.image;
	size_t bytes = m->pool->options.bytes;
	m->run_count = 0;
	m->resident = 0;
	m->resets = 0;
	m->runs_known = m->pool->pagemap >= 0;
	if (!reserve(m->base, m->size_max))
		return false;
	m->size = m->size_max = bytes;
	if (bytes && mprotect(m->base, bytes, PROT_READ | PROT_WRITE) != 0)
		return false;
	return !m->pool->image ||
	       mmap(m->base + image->at, image->len, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, image->fd, (off_t)image->file_at) != MAP_FAILED;
}

/* Takes what lies behind the initial size out of reach. */
static bool shrink(struct memory *m)
{
	size_t bytes = m->pool->options.bytes;
	if (m->size > bytes && mprotect(m->base + bytes, m->size - bytes, PROT_NONE) != 0)
		return false;
	m->size = bytes;
	return true;
}

static void memory_free(struct memory *m)
{
	if (m->mapping)
		munmap(m->mapping, m->mapping_len);
	mem_free(m->runs);
	mem_free(m);
}

static struct memory *memory_new(struct memory_pool *pool, size_t reserved, size_t guard)
{
	struct memory *m = NEW(struct memory);
	m->pool = pool;
	m->reserved = MAX(reserved, (size_t)pool->options.bytes_max);
	m->mapping_len = guard + m->reserved + guard;
	void *mapping =
		mmap(NULL, m->mapping_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mapping != MAP_FAILED) {
		m->mapping = mapping;
		m->base = m->mapping + guard;
		madvise(m->base, m->reserved, MADV_NOHUGEPAGE);
		m->size_max = pool->options.bytes;
		if (map_anew(m))
			return m;
	}
	memory_free(m);
	return NULL;
}

/* ---- putting a memory back ---- */

/*
 * All private pages there are, also behind the present size: they are written without a fault when it grows.
 */
static bool find_private_pages(struct memory *m)
{
	uint8_t *at = m->base, *end = m->base + m->size_max;
	m->run_count = 0;
	m->resident = 0;
	m->runs_known = false;
	while (at < end) {
		if (m->run_cap - m->run_count < RUNS_A_LOOK) {
			if (m->run_cap >= RUNS_MAX)
				return false;
			m->run_cap += RUNS_A_LOOK;
			m->runs = mem_realloc(m->runs, m->run_cap * sizeof *m->runs);
		}
		uint8_t *next = at;
		long n = dirty_pages_find(m->pool->pagemap, at, end, m->runs + m->run_count, RUNS_A_LOOK,
					  &next);
		if (n < 0 || next <= at || next > end || n > RUNS_A_LOOK)
			return false;
		for (long i = 0; i < n; i++, m->run_count++)
			m->resident += m->runs[m->run_count].end - m->runs[m->run_count].begin;
		at = next;
	}
	m->runs_known = true;
	return true;
}

static void put_back(struct memory *m, size_t begin, size_t end)
{
	const struct memory_image *image = &m->pool->options.image;
	size_t image_begin = image->at, image_end = m->pool->image ? image->at + image->len : image->at;
	size_t b = MIN(MAX(begin, image_begin), image_end), e = MAX(MIN(end, image_end), image_begin);
	if (begin < MIN(end, image_begin))
		memset(m->base + begin, 0, MIN(end, image_begin) - begin);
	if (b < e)
		memcpy(m->base + b, m->pool->image + (b - image_begin), e - b);
	if (MAX(begin, image_end) < end)
		memset(m->base + MAX(begin, image_end), 0, end - MAX(begin, image_end));
}

static bool reset_in_place(struct memory *m, bool *asked)
{
	struct memory_pool *pool = m->pool;
	uint64_t faults = dirty_pages_faults();
	*asked = !m->runs_known || faults == UINT64_MAX || faults != m->faults ||
		 pool->options.reset == MEMORY_RESET_RESCAN;
	if (pool->pagemap < 0 || m->resets >= RESETS_IN_PLACE_MAX || (*asked && !find_private_pages(m)))
		return false;
	if (m->resident > pool->options.resident_max)
		return false;
	for (size_t i = 0; i < m->run_count; i++) {
		size_t begin = (size_t)(m->runs[i].begin - (uintptr_t)m->base);
		size_t end = (size_t)(m->runs[i].end - (uintptr_t)m->base);
		/*
		 * Behind its size the guest could not write: what is there was put back when it was in use.
		 */
		if (begin < m->size)
			put_back(m, begin, MIN(end, m->size));
	}
	m->resets++;
	return true;
}

/* In a child of fork() the page map that was opened is the parent's. */
static void notice_fork(struct memory_pool *pool)
{
	if (*pool->opened)
		return;
	if (pool->pagemap >= 0)
		close(pool->pagemap);
	pool->pagemap = pool->options.reset == MEMORY_RESET_REMAP ? -1 : dirty_pages_open();
	for (struct memory *m = pool->free; m; m = m->next)
		m->runs_known = false;
	*pool->opened = 1;
}

/* Makes it as it was at first. False: it must not be used any more. */
static bool reset(struct memory *m)
{
	struct memory_pool *pool = m->pool;
	bool asked = false, in_place = reset_in_place(m, &asked);
	pthread_mutex_lock(&pool->lock);
	in_place = in_place && pool->counts.resident + m->resident <= RESIDENT_BYTES_TOTAL_MAX;
	pool->counts.resident += in_place ? m->resident : 0;
	pool->counts.in_place += in_place;
	pool->counts.unasked += in_place && !asked;
	pool->counts.anew += !in_place;
	pthread_mutex_unlock(&pool->lock);
	return (in_place || map_anew(m)) && shrink(m);
}

/* ---- what Wasmtime calls ---- */

static uint8_t *get_memory(void *env, size_t *size, size_t *capacity)
{
	struct memory *m = env;
	*size = m->size;
	*capacity = m->reserved;
	return m->base;
}

static wasmtime_error_t *grow_memory(void *env, size_t size)
{
	struct memory *m = env;
	uint64_t most = MIN(m->pool->options.bytes_max, allowed_bytes);
	if (size > most)
		refused_bytes = MAX(refused_bytes, size);
	if (size < m->size || size > most || size > m->reserved)
		return wasmtime_error_new("the memory may not grow so far");
	if (size > m->size && mprotect(m->base + m->size, size - m->size, PROT_READ | PROT_WRITE) != 0)
		return wasmtime_error_new("the system has no memory left");
	m->size = size;
	m->size_max = MAX(m->size_max, size);
	return NULL;
}

static void memory_released(void *env)
{
	struct memory *m = env;
	struct memory_pool *pool = m->pool;
	bool usable = reset(m);
	pthread_mutex_lock(&pool->lock);
	pool->in_use--;
	if (usable) {
		m->next = pool->free;
		pool->free = m;
	} else {
		pool->counts.memories--;
		pool->counts.resident -= m->resident;
	}
	pthread_mutex_unlock(&pool->lock);
	if (!usable)
		memory_free(m);
}

static wasmtime_error_t *new_memory(void *env, const wasm_memorytype_t *type, size_t minimum, size_t maximum,
				    size_t reserved, size_t guard, wasmtime_linear_memory_t *out)
{
	struct memory_pool *pool = env;
	(void)type, (void)maximum;
	if (minimum != pool->options.bytes)
		return wasmtime_error_new("this memory is not the one the pool is for");
	pthread_mutex_lock(&pool->lock);
	notice_fork(pool);
	struct memory *m = pool->free;
	bool full = pool->in_use == pool->options.memories_max;
	if (!full) {
		pool->in_use++;
		pool->free = m ? m->next : NULL;
		pool->counts.resident -= m ? m->resident : 0;
		pool->counts.memories += !m;
	}
	pthread_mutex_unlock(&pool->lock);
	if (full)
		return wasmtime_error_new("as many guests run as may at the same time");
	if (!m)
		m = memory_new(pool, reserved, guard);
	if (!m) {
		pthread_mutex_lock(&pool->lock);
		pool->in_use--;
		pool->counts.memories--;
		pthread_mutex_unlock(&pool->lock);
		return wasmtime_error_new("the system has no memory left for another guest");
	}
	m->faults = dirty_pages_faults();
	*out = (wasmtime_linear_memory_t){
		.env = m, .get_memory = get_memory, .grow_memory = grow_memory, .finalizer = memory_released
	};
	return NULL;
}

wasmtime_memory_creator_t memory_pool_creator(struct memory_pool *pool)
{
	return (wasmtime_memory_creator_t){ .env = pool, .new_memory = new_memory };
}

/* ---- the pool ---- */

static bool map_image(struct memory_pool *pool, struct error *e)
{
	const struct memory_image *image = &pool->options.image;
	if (image->fd < 0 || image->len == 0)
		return true;
	if (image->at > pool->options.bytes || image->len > pool->options.bytes - image->at)
		return FAIL(e, INVALID, "the image of the guest's memory is larger than the memory");
	void *map = mmap(NULL, image->len, PROT_READ, MAP_PRIVATE, image->fd, (off_t)image->file_at);
	if (map == MAP_FAILED)
		return FAIL(e, IO, "the image of the guest's memory cannot be mapped: %s", strerror(errno));
	pool->image = map;
	return true;
}

struct memory_pool *memory_pool_new(const struct memory_pool_options *o, struct error *e)
{
	struct memory_pool *pool = NEW(struct memory_pool);
	pthread_mutex_init(&pool->lock, NULL);
	pool->options = *o;
	if (!pool->options.resident_max)
		pool->options.resident_max = RESIDENT_BYTES_DEFAULT;
	pool->pagemap = -1;
	void *opened = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(opened != MAP_FAILED);
	pool->opened = opened;
	if (madvise(opened, 1, MADV_WIPEONFORK) != 0) {
		pool->options.reset = MEMORY_RESET_REMAP; /* we would not notice a fork */
		*pool->opened = 1;
	}
	if (!map_image(pool, e))
		memory_pool_destroy(&pool);
	return pool;
}

void memory_pool_destroy(struct memory_pool **pp)
{
	struct memory_pool *pool = take(*pp);
	if (!pool)
		return;
	CHECK(pool->in_use == 0);
	while (pool->free) {
		struct memory *m = pool->free;
		pool->free = m->next;
		memory_free(m);
	}
	if (pool->image)
		munmap(pool->image, pool->options.image.len);
	if (pool->pagemap >= 0)
		close(pool->pagemap);
	munmap(pool->opened, 1);
	pthread_mutex_destroy(&pool->lock);
	mem_free(pool);
}

struct memory_pool_counts memory_pool_counts(struct memory_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	struct memory_pool_counts counts = pool->counts;
	pthread_mutex_unlock(&pool->lock);
	return counts;
}
