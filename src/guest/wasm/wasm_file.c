/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/wasm_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/wasm/wasm_reader.h"

enum { SECTION_CORE_MODULE = 1, SECTION_MEMORY = 5, PAGE_BYTES = 64 * 1024 };

enum wasm_format wasm_format(struct str bytes)
{
	if (bytes.len >= 8 && memcmp(bytes.ptr, "\0asm", 4) == 0)
		return memcmp(bytes.ptr + 4, "\1\0\0\0", 4) == 0 ? WASM_MODULE : WASM_COMPONENT;
	struct str text = bytes;
	while (text.len && (str_starts(text, STR(";;")) || *text.ptr == ' ' || *text.ptr == '\n' ||
			    *text.ptr == '\t' || *text.ptr == '\r')) {
		size_t skip = *text.ptr == ';' ? MIN(str_find_char(text, '\n'), text.len) : 1;
		text = str_sub(text, skip, text.len);
	}
	return str_starts(text, STR("(")) ? WASM_TEXT : WASM_UNKNOWN;
}

uint64_t wasm_initial_memory(struct str module)
{
	struct wasm_reader r = wasm_reader_of(str_sub(module, 8, module.len));
	while (wasm_left(&r) && !r.bad) {
		uint8_t id = wasm_get_byte(&r);
		struct wasm_reader section = wasm_reader_of(wasm_get_name(&r));
		if (id != SECTION_MEMORY || wasm_get_leb(&section) == 0)
			continue;
		wasm_get_byte(&section); /* whether it has a largest size */
		uint64_t pages = wasm_get_leb(&section);
		return section.bad || pages > UINT32_MAX ? 0 : pages * PAGE_BYTES;
	}
	return 0;
}

uint64_t wasm_component_memory(struct str component)
{
	struct wasm_reader r = wasm_reader_of(str_sub(component, 8, component.len));
	uint64_t most = 0;
	while (wasm_left(&r) && !r.bad) {
		uint8_t id = wasm_get_byte(&r);
		struct str section = wasm_get_name(&r);
		if (id == SECTION_CORE_MODULE && !r.bad)
			most = MAX(most, wasm_initial_memory(section));
	}
	return most;
}

bool wasm_file_open(struct wasm_file *f, const char *path, struct error *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return FAIL(e, NOT_FOUND, "%s: %s", path, strerror(errno));
	bool ok = fstat(fd, &st) == 0;
	if (!ok) {
		FAIL(e, IO, "%s: %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		ok = FAIL(e, INVALID, "%s: not a file", path);
	} else if (st.st_size > WASM_FILE_BYTES_MAX) {
		ok = FAIL(e, LIMIT, "%s: %lld MB are too much; a guest may have %d MB", path,
			  (long long)st.st_size >> 20, WASM_FILE_BYTES_MAX >> 20);
	} else if (st.st_size == 0) {
		f->bytes = STR("");
	} else {
		void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		ok = map != MAP_FAILED;
		if (ok)
			f->bytes = (struct str){ map, (size_t)st.st_size };
		else
			FAIL(e, IO, "%s: %s", path, strerror(errno));
	}
	close(fd);
	return ok;
}

void wasm_file_close(struct wasm_file *f)
{
	if (f->bytes.len)
		munmap((void *)f->bytes.ptr, f->bytes.len);
	f->bytes = (struct str){ NULL, 0 };
}
