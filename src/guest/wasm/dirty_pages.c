/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/dirty_pages.h"

#ifdef __linux__

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* linux/fs.h has these from Linux 6.7 on; the headers of what we build on may be older. */
struct scan {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN_IOCTL _IOWR('f', 16, struct scan)
enum {
	PAGE_FILE = 1 << 2, /* of a file or shared: not private */
	PAGE_PRESENT = 1 << 3,
	PAGE_SWAPPED = 1 << 4,
	PAGE_ZERO = 1 << 5, /* was read, never written */
};

static atomic_bool faults_counted;

static uint64_t count_faults(void)
{
	struct rusage usage;
	if (getrusage(RUSAGE_SELF, &usage) != 0)
		return UINT64_MAX;
	return (uint64_t)usage.ru_minflt + (uint64_t)usage.ru_majflt;
}

uint64_t dirty_pages_faults(void)
{
	return atomic_load_explicit(&faults_counted, memory_order_relaxed) ? count_faults() : UINT64_MAX;
}

long dirty_pages_find(int fd, uint8_t *begin, uint8_t *end, struct page_run *runs, size_t cap, uint8_t **next)
{
	struct scan scan = {
		.size = sizeof scan,
		.start = (uintptr_t)begin,
		.end = (uintptr_t)end,
		.vec = (uintptr_t)runs,
		.vec_len = cap,
		.category_inverted = PAGE_FILE | PAGE_ZERO,
		.category_mask = PAGE_FILE | PAGE_ZERO,
		.category_anyof_mask = PAGE_PRESENT | PAGE_SWAPPED,
		.return_mask = PAGE_FILE,
	};
	long found = ioctl(fd, SCAN_IOCTL, &scan);
	*next = (uint8_t *)(uintptr_t)scan.walk_end;
	return found;
}

/* Of four pages of a file the second is written to, and no other but read. */
static bool tells_what_is_private(int fd, uint8_t *pages, size_t page)
{
	struct page_run runs[4];
	uint8_t *next;
	uint64_t before = count_faults();
	volatile uint8_t *p = pages;
	(void)p[0];
	p[page] = 1;
	(void)p[2 * page];
	uint64_t after = count_faults();
	atomic_store(&faults_counted, before != UINT64_MAX && after != UINT64_MAX && after > before);
	if (mprotect(pages, 2 * page, PROT_NONE) != 0) /* out of reach is not gone */
		return false;
	long n = dirty_pages_find(fd, pages, pages + 4 * page, runs, 4, &next);
	return n == 1 && next == pages + 4 * page && runs[0].begin == (uintptr_t)(pages + page) &&
	       runs[0].end == (uintptr_t)(pages + 2 * page);
}

/* The same on memory that no file stands behind. */
static bool try_out(int fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int file = memfd_create("backlot", MFD_CLOEXEC);
	bool ok = file >= 0 && ftruncate(file, (off_t)(4 * page)) == 0;
	for (int i = 0; ok && i < 2; i++) {
		int flags = i ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE;
		uint8_t *pages = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, flags, i ? -1 : file, 0);
		ok = pages != MAP_FAILED && tells_what_is_private(fd, pages, page);
		if (pages != MAP_FAILED)
			munmap(pages, 4 * page);
	}
	if (file >= 0)
		close(file);
	return ok;
}

int dirty_pages_open(void)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && !try_out(fd)) {
		close(fd);
		return -1;
	}
	return fd;
}

#else

int dirty_pages_open(void)
{
	return -1;
}

long dirty_pages_find(int fd, uint8_t *begin, uint8_t *end, struct page_run *runs, size_t cap, uint8_t **next)
{
	(void)fd, (void)begin, (void)end, (void)runs, (void)cap, (void)next;
	return -1;
}

uint64_t dirty_pages_faults(void)
{
	return UINT64_MAX;
}

#endif
