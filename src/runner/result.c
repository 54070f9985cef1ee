/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/result.h"

#include <string.h>

#include "base/check.h"

const char *test_status_name(enum test_status status)
{
	static const char *const names[TEST_STATUSES] = {
		[TEST_PASSED] = "passed",
		[TEST_FAILED] = "failed",
		[TEST_SKIPPED] = "skipped",
		[TEST_TODO] = "todo",
	};
	return names[status];
}

const char *test_flake_name(enum test_flake flake)
{
	static const char *const names[TEST_FLAKES] = {
		[TEST_STEADY] = "steady",
		[TEST_FLAKY] = "flaky",
		[TEST_SEED_DEPENDS] = "seed-dependent",
		[TEST_ORDER_DEPENDS] = "order-dependent",
		[TEST_ENGINE_BUG] = "engine-bug",
	};
	return names[flake];
}

void test_title_print(const struct test_result *r, struct buf *out)
{
	for (size_t i = 0; i < r->suite_count; i++) {
		buf_add(out, r->suites[i]);
		buf_add(out, i + 1 < r->suite_count || r->name.len ? STR(" > ") : STR(""));
	}
	buf_add(out, r->name);
}

/* All strings of a result but the suites' names. */
#define STRINGS(X, r)       \
	X((r)->name)        \
	X((r)->message)     \
	X((r)->text)        \
	X((r)->failed.file) \
	X((r)->trace)       \
	X((r)->command)

struct test_result test_result_copy(const struct test_result *r, struct arena *a)
{
	struct test_result copy = *r;
	struct str *suites = arena_alloc(a, (r->suite_count + 1) * sizeof *suites);
	for (size_t i = 0; i < r->suite_count; i++)
		suites[i] = arena_str(a, r->suites[i]);
	copy.suites = suites;
#define X(s) s = arena_str(a, s);
	STRINGS(X, &copy)
#undef X
	return copy;
}

/* ---- as bytes: the struct as it is, then every string with its length in front ---- */

static void pack_str(struct str s, struct buf *out)
{
	uint32_t len = (uint32_t)s.len;
	buf_add(out, (struct str){ (const char *)&len, sizeof len });
	buf_add(out, s);
}

void test_result_pack(const struct test_result *r, size_t text_bytes_max, struct buf *out)
{
	struct test_result plain = *r; /* its pointers mean nothing over there */
	plain.text = str_sub(r->text, 0, text_bytes_max);
	plain.trace = str_sub(r->trace, 0, text_bytes_max);
	plain.name = str_sub(r->name, 0, text_bytes_max);
	plain.message = str_sub(r->message, 0, text_bytes_max);
	buf_add(out, (struct str){ (const char *)&plain, sizeof plain });
#define X(s) pack_str(s, out);
	STRINGS(X, &plain)
#undef X
	for (size_t i = 0; i < r->suite_count; i++)
		pack_str(r->suites[i], out);
}

static bool unpack_str(struct str *rest, struct str *out)
{
	uint32_t len;
	if (rest->len < sizeof len)
		return false;
	memcpy(&len, rest->ptr, sizeof len);
	*rest = str_sub(*rest, sizeof len, rest->len);
	if (rest->len < len)
		return false;
	*out = str_sub(*rest, 0, len);
	*rest = str_sub(*rest, len, rest->len);
	return true;
}

bool test_result_unpack(struct str bytes, struct arena *a, struct test_result *out)
{
	if (bytes.len < sizeof *out)
		return false;
	memcpy(out, bytes.ptr, sizeof *out);
	out->file = NULL;
	struct str rest = str_sub(bytes, sizeof *out, bytes.len);
	bool ok = out->status < TEST_STATUSES && out->flake < TEST_FLAKES;
#define X(s) ok = ok && unpack_str(&rest, &s);
	STRINGS(X, out)
#undef X
	if (!ok || out->suite_count > rest.len / sizeof(uint32_t))
		return false;
	struct str *suites = arena_alloc(a, (out->suite_count + 1) * sizeof *suites);
	for (size_t i = 0; ok && i < out->suite_count; i++)
		ok = unpack_str(&rest, &suites[i]);
	out->suites = suites;
	return ok && rest.len == 0;
}
