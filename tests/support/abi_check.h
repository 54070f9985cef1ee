/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of the ABI assert, on top of abi.h and test.h. */
#ifndef SUPPORT_ABI_CHECK_H
#define SUPPORT_ABI_CHECK_H

#include <string.h>

#include "base/buf.h"
#include "support/abi.h"
#include "support/test.h"

/* In a file that has defined MODULE, where a `struct abi_harness h` is in sight. */
#define CALL(name, ...) abi_call(&h, MODULE, name, __VA_ARGS__)
#define TEXT(literal) ABI_TEXT(&h, literal)

/* Shows both names when they differ. */
#define assert_status(actual, expected) check_status((int)(actual), (int)(expected), __FILE__, __LINE__)
static inline void check_status(int actual, int expected, const char *file, int line);

/*
 * The value of a call whose last parameters are a buffer, its size and where to put the length; `args` are
 * those before. Checks the rule for short buffers on the way: every size that is too small answers BUFLEN,
 * says what is needed and leaves the buffer alone; the exact size is enough. `expected` is the status with
 * room enough.
 */
#define check_bytes(h, expected, module, name, ...)                                                 \
	check_bytes_with((h), (expected), (module), (name), (const uint64_t[]){ 0, __VA_ARGS__ },   \
			 sizeof((const uint64_t[]){ 0, __VA_ARGS__ }) / sizeof(uint64_t), __FILE__, \
			 __LINE__)
#define check_bytes_alone(h, expected, module, name)                                              \
	check_bytes_with((h), (expected), (module), (name), (const uint64_t[]){ 0 }, 1, __FILE__, \
			 __LINE__) /* of a call without parameters before the buffer */
static inline struct str check_bytes_with(struct abi_harness *h, int expected, const char *module,
					  const char *name, const uint64_t *args, size_t count,
					  const char *file, int line);

/*
 * All values of a call whose last parameters are a buffer, its size, a cursor, and where to put the next
 * cursor and the length, joined with '|'. Reads them once with room for all, once one by one with room for
 * the longest only, and checks that both agree and that a buffer too small for the first value answers BUFLEN
 * and what is needed.
 */
#define check_values(h, module, name, ...)                                                           \
	check_values_with((h), (module), (name), (const uint64_t[]){ 0, __VA_ARGS__ },               \
			  sizeof((const uint64_t[]){ 0, __VA_ARGS__ }) / sizeof(uint64_t), __FILE__, \
			  __LINE__)
#define check_values_alone(h, module, name) \
	check_values_with((h), (module), (name), (const uint64_t[]){ 0 }, 1, __FILE__, __LINE__)
static inline struct str check_values_with(struct abi_harness *h, const char *module, const char *name,
					   const uint64_t *args, size_t count, const char *file, int line);

/* A body with that content; the content of a body, read to its end. */
static inline uint32_t check_new_body(struct abi_harness *h, const char *content);
static inline struct str check_body(struct abi_harness *h, uint32_t body);

/*
 * For the last test of a file: every DONE function of the module has answered ABI_OK in this process, those
 * in `never` (separated by spaces) at least were called. _ONLY and _BUT: for a module whose tests are in
 * several files, by words that names begin with.
 */
#define assert_covered(module, never) check_covered((module), (never), "", true, __FILE__, __LINE__)
#define assert_covered_only(module, never, words) \
	check_covered((module), (never), (words), false, __FILE__, __LINE__)
#define assert_covered_but(module, never, words) \
	check_covered((module), (never), (words), true, __FILE__, __LINE__)
static inline void check_covered(const char *module, const char *never, const char *words, bool but,
				 const char *file, int line);

/*
 * Every function of the module answers ABI_BADF to a handle that never was, one that is closed and one of
 * another kind, whichever of its handles it is; functions in `except` (separated by spaces) are left out.
 */
#define assert_handles_checked(module, except) check_handles((module), (except), __FILE__, __LINE__)
static inline void check_handles(const char *module, const char *except, const char *file, int line);

/* ================ bodies ================ */

enum { CHECK_ROOM = 16 * 1024, CHECK_FILLER = 0xa5 };

/* ---- statuses ---- */

static const char *check_status_name(int status)
{
	return status == ABI_WAIT ? "waits for ever" : abi_status_name((enum abi_status)status);
}

static inline void check_status(int actual, int expected, const char *file, int line)
{
	if (actual == expected)
		return;
	print_error("is       %s (%d)\nexpected %s (%d)\n", check_status_name(actual), actual,
		    check_status_name(expected), expected);
	_fail(file, line);
}

/* ---- buffers ---- */

struct check_buffer {
	struct abi_harness *h;
	const char *module, *name;
	uint64_t args[HOSTCALL_PARAMS_MAX];
	size_t count;
	uint32_t buf, ending, written;
	uint32_t used_before;
};

/* The first of `args` is not one: it is there because C knows no empty lists. */
static inline struct check_buffer check_buffer_begin(struct abi_harness *h, const char *module,
						     const char *name, const uint64_t *args, size_t count)
{
	struct check_buffer c = {
		.h = h, .module = module, .name = name, .count = count - 1, .used_before = h->used
	};
	memcpy(c.args, args + 1, c.count * sizeof *args);
	c.buf = abi_room(h, CHECK_ROOM);
	c.ending = abi_room(h, 8);
	c.written = abi_room(h, 4);
	return c;
}

static inline void check_fill(const struct check_buffer *c)
{
	memset(c->h->memory + c->buf, CHECK_FILLER, CHECK_ROOM);
	abi_set_u32(c->h, c->written, 0xdddddddd);
}

static inline bool check_untouched(const struct check_buffer *c, size_t from)
{
	for (size_t i = from; i < CHECK_ROOM; i++) {
		if (c->h->memory[c->buf + i] != CHECK_FILLER)
			return false;
	}
	return true;
}

static inline int check_call_bytes(struct check_buffer *c, uint32_t cap)
{
	check_fill(c);
	c->args[c->count] = c->buf;
	c->args[c->count + 1] = cap;
	c->args[c->count + 2] = c->written;
	return (int)abi_call_with(c->h, c->module, c->name, c->args, c->count + 3);
}

static inline struct str check_bytes_with(struct abi_harness *h, int expected, const char *module,
					  const char *name, const uint64_t *args, size_t count,
					  const char *file, int line)
{
	struct check_buffer c = check_buffer_begin(h, module, name, args, count);
	check_status(check_call_bytes(&c, CHECK_ROOM), expected, file, line);
	h->used = c.used_before;
	if (expected != ABI_OK)
		return (struct str){ NULL, 0 };
	struct str value = arena_str(&h->arena, abi_text(h, c.buf, c.written));
	uint32_t step = value.len > 64 ? (uint32_t)value.len / 8 : 1;
	for (uint32_t cap = 0; cap < value.len; cap += step) {
		check_status(check_call_bytes(&c, cap), ABI_BUFLEN, file, line);
		if (abi_u32(h, c.written) != value.len || !check_untouched(&c, 0)) {
			print_error("room for %u of %zu bytes: says %u%s\n", cap, value.len,
				    abi_u32(h, c.written), check_untouched(&c, 0) ? "" : ", and wrote");
			_fail(file, line);
		}
	}
	check_status(check_call_bytes(&c, (uint32_t)value.len), ABI_OK, file, line);
	if (!str_eq(abi_text(h, c.buf, c.written), value) || !check_untouched(&c, value.len))
		_fail(file, line);
	return value;
}

/* ---- lists ---- */

static inline int check_call_values(struct check_buffer *c, uint32_t cap, uint32_t cursor)
{
	check_fill(c);
	c->args[c->count] = c->buf;
	c->args[c->count + 1] = cap;
	c->args[c->count + 2] = cursor;
	c->args[c->count + 3] = c->ending;
	c->args[c->count + 4] = c->written;
	return (int)abi_call_with(c->h, c->module, c->name, c->args, c->count + 5);
}

/* Adds what stands in the buffer; returns the longest value's size with its NUL. */
static inline uint32_t check_add_values(const struct check_buffer *c, struct buf *out)
{
	struct str rest = abi_text(c->h, c->buf, c->written);
	uint32_t longest = 0;
	while (rest.len) {
		size_t end = str_find_char(rest, '\0');
		assert_true(end != STR_NONE);
		if (out->len)
			buf_add_char(out, '|');
		buf_add(out, str_sub(rest, 0, end));
		longest = MAX(longest, (uint32_t)end + 1);
		rest = str_sub(rest, end + 1, rest.len);
	}
	return longest;
}

static inline uint32_t check_first_size(const struct check_buffer *c)
{
	return (uint32_t)str_find_char(abi_text(c->h, c->buf, c->written), '\0') + 1;
}

static inline struct str check_values_with(struct abi_harness *h, const char *module, const char *name,
					   const uint64_t *args, size_t count, const char *file, int line)
{
	scoped(buf_fini) struct buf all = BUF_INIT(1 << 20), single = BUF_INIT(1 << 20);
	struct check_buffer c = check_buffer_begin(h, module, name, args, count);
	check_status(check_call_values(&c, CHECK_ROOM, 0), ABI_OK, file, line);
	h->used = c.used_before;
	if (abi_u64(h, c.ending) != UINT64_MAX || !check_untouched(&c, abi_u32(h, c.written)))
		_fail(file, line);
	uint32_t first = abi_u32(h, c.written) ? check_first_size(&c) : 0;
	uint32_t longest = check_add_values(&c, &all);
	for (uint64_t cursor = 0, turns = 0; first && cursor != UINT64_MAX;
	     cursor = abi_u64(h, c.ending), turns++) {
		check_status(check_call_values(&c, longest, (uint32_t)cursor), ABI_OK, file, line);
		check_add_values(&c, &single);
		if (turns == 1000 || !check_untouched(&c, longest))
			_fail(file, line);
	}
	if (first && !str_eq(buf_str(&all), buf_str(&single))) {
		print_error("at once %s\none by one %s\n", all.ptr, single.ptr);
		_fail(file, line);
	}
	if (first) {
		check_status(check_call_values(&c, first - 1, 0), ABI_BUFLEN, file, line);
		if (abi_u32(h, c.written) != first || !check_untouched(&c, 0))
			_fail(file, line);
	}
	return arena_str(&h->arena, buf_str(&all));
}

/* ---- bodies ---- */

static inline uint32_t check_new_body(struct abi_harness *h, const char *content)
{
	uint32_t out = abi_room(h, 4);
	assert_status(abi_call(h, "fastly_http_body", "new", out), ABI_OK);
	uint32_t body = abi_u32(h, out), len = (uint32_t)strlen(content);
	assert_status(abi_call(h, "fastly_http_body", "write", body, abi_place(h, str_from(content)), len, 0,
			       out),
		      ABI_OK);
	assert_int_equal(abi_u32(h, out), len);
	return body;
}

static inline struct str check_body(struct abi_harness *h, uint32_t body)
{
	scoped(buf_fini) struct buf content = BUF_INIT(64 << 20);
	uint32_t used_before = h->used, at = abi_room(h, 4096), len = abi_room(h, 4);
	h->used = used_before;
	do {
		assert_status(abi_call(h, "fastly_http_body", "read", body, at, 4096, len), ABI_OK);
		buf_add(&content, abi_text(h, at, len));
	} while (abi_u32(h, len));
	return arena_str(&h->arena, buf_str(&content));
}

/* ---- all functions of a module ---- */

static inline bool check_listed(const char *list, const char *word)
{
	struct str rest = str_from(list);
	while (rest.ptr) {
		if (str_eq(str_split(&rest, ' '), str_from(word)))
			return true;
	}
	return false;
}

static inline bool check_begins(const char *words, const char *name)
{
	struct str rest = str_from(words);
	while (rest.ptr) {
		struct str word = str_split(&rest, ' ');
		if (word.len && str_starts(str_from(name), word))
			return true;
	}
	return false;
}

static inline void check_covered(const char *module, const char *never, const char *words, bool but,
				 const char *file, int line)
{
	unsigned missing = 0;
	for (size_t i = 0; i < hostcalls_count; i++) {
		const struct hostcall *call = &hostcalls[i];
		if (!call->done || strcmp(call->module, module) != 0 ||
		    check_begins(words, call->name) == but)
			continue;
		unsigned times = check_listed(never, call->name) ? abi_calls_made(call) : abi_calls_ok(call);
		if (times == 0) {
			print_error("no test calls %s.%s with success\n", module, call->name);
			missing++;
		}
	}
	if (missing)
		_fail(file, line);
}

static inline bool check_takes_handles(const struct hostcall *call)
{
	for (const struct hostcall_param *p = call->params; p->kind != PARAM_END; p++) {
		if (p->kind == PARAM_in_handle)
			return true;
	}
	return false;
}

static inline void check_handles(const char *module, const char *except, const char *file, int line)
{
	struct abi_harness h;
	static char nothing[64];
	abi_init(&h, ABI_MEMORY_BYTES);
	bool secrets = strcmp(module, "fastly_secret_store") == 0;
	enum handle_kind other = secrets ? HANDLE_ACL : HANDLE_SECRET;
	uint32_t closed = handles_open(&h.sandbox->handles, other, nothing);
	assert_non_null(handles_take(&h.sandbox->handles, closed, other));
	const uint32_t bad[] = { HANDLE_INVALID, UINT32_MAX, 0x000fffff, closed,
				 handles_open(&h.sandbox->handles, other, nothing) };
	for (size_t i = 0; i < hostcalls_count * COUNT_OF(bad); i++) {
		const struct hostcall *call = &hostcalls[i / COUNT_OF(bad)];
		uint64_t args[HOSTCALL_PARAMS_MAX];
		if (!call->done || strcmp(call->module, module) != 0 || !check_takes_handles(call) ||
		    check_listed(except, call->name))
			continue;
		abi_clear(&h);
		size_t count = abi_harmless(&h, call, bad[i % COUNT_OF(bad)], args);
		int status = (int)abi_call_with(&h, module, call->name, args, count);
		if (status != ABI_BADF)
			print_error("%s.%s takes %s\n", module, call->name,
				    (const char *[]){ "the handle that is none", "0xffffffff",
						      "a number that never was", "a closed handle",
						      "a handle of another kind" }[i % COUNT_OF(bad)]);
		check_status(status, ABI_BADF, file, line);
	}
	abi_fini(&h);
}

#endif
