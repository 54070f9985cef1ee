/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/libtest/output.h"

#include <string.h>

/* A result is some hundred bytes; of a test that failed with a message some more. */
enum { HELD_BYTES_MAX = 64 << 10, RESULT_BYTES_MAX = 16 << 10 };

/* How a result begins, and the line it ends with. */
static const struct result {
	struct str begin, end;
	enum libtest_says says;
} results[] = {
	{ STR_INIT("ok\n\n"), STR_INIT("test result: ok. 1 passed; 0 failed;"), LIBTEST_SAYS_OK },
	{ STR_INIT("FAILED\n\nfailures:\n"), STR_INIT("\ntest result: FAILED. 0 passed; 1 failed;"),
	  LIBTEST_SAYS_FAILED },
};

void libtest_output_init(struct libtest_output *o, struct str test, void (*print)(void *, struct str),
			 void *data)
{
	*o = (struct libtest_output){ .held = BUF_INIT(HELD_BYTES_MAX),
				      .head = BUF_INIT(HELD_BYTES_MAX),
				      .print = print,
				      .data = data };
	buf_printf(&o->head, "\nrunning 1 test\ntest " STR_FMT, STR_ARG(test));
}

static void let_go(struct libtest_output *o, size_t len)
{
	if (len)
		o->print(o->data, str_sub(buf_str(&o->held), 0, len));
	o->held.len -= len;
	if (o->held.len)
		memmove(o->held.ptr, o->held.ptr + len, o->held.len);
}

/* The heading is the test's name and dots, with the mode between them when libtest will not run it. */
static void take_head(struct libtest_output *o)
{
	static const struct str dots = STR_INIT(" ... "), none = STR_INIT("\nrunning 0 tests\n");
	struct str held = buf_str(&o->held), head = buf_str(&o->head);
	size_t common = MIN(held.len, head.len);
	if (!str_eq(str_sub(held, 0, common), str_sub(head, 0, common))) {
		o->none = str_starts(held, none);
		o->headed = o->none || !str_starts(none, held); /* something else */
		return;
	}
	if (held.len < head.len)
		return;
	struct str rest = str_sub(held, head.len, held.len);
	size_t at = str_find(rest, dots);
	if (at == STR_NONE && str_find_char(rest, '\n') == STR_NONE)
		return;
	o->headed = true;
	if (at == STR_NONE)
		return;
	o->mode = at > 0;
	size_t gone = head.len + at + dots.len;
	o->held.len -= gone;
	memmove(o->held.ptr, o->held.ptr + gone, o->held.len);
}

/* Is this how a result begins, as far as it has come? */
static bool may_be_result(struct str s)
{
	for (size_t i = 0; i < COUNT_OF(results); i++) {
		size_t common = MIN(s.len, results[i].begin.len);
		if (str_eq(str_sub(s, 0, common), str_sub(results[i].begin, 0, common)))
			return s.len <= RESULT_BYTES_MAX;
	}
	return false;
}

static void take_text(struct libtest_output *o)
{
	struct str held = buf_str(&o->held);
	size_t at = 0;
	if (o->mode || o->none)
		o->held.len = held.len = 0; /* nothing of it is the test's */
	while (at < held.len) {
		if ((held.ptr[at] == 'o' || held.ptr[at] == 'F') &&
		    may_be_result(str_sub(held, at, held.len)))
			break;
		at++;
	}
	let_go(o, at);
}

void libtest_output_add(struct libtest_output *o, struct str bytes)
{
	while (bytes.len) {
		size_t len = MIN(bytes.len, (size_t)HELD_BYTES_MAX / 2);
		buf_add(&o->held, str_sub(bytes, 0, len));
		bytes = str_sub(bytes, len, bytes.len);
		if (!o->headed)
			take_head(o);
		if (!o->headed && o->held.len > HELD_BYTES_MAX / 2)
			o->headed = true;
		if (o->headed)
			take_text(o);
	}
}

/* Is this a whole result, and nothing behind it? */
static bool is_result(struct str s, const struct result *r)
{
	if (!str_starts(s, r->begin))
		return false;
	s = str_sub(s, r->begin.len, s.len);
	size_t at = str_find(s, r->end);
	if (at == STR_NONE || (at > 0 && r->says == LIBTEST_SAYS_OK))
		return false;
	s = str_sub(s, at + r->end.len, s.len);
	str_split(&s, '\n');
	return str_eq(s, STR("\n"));
}

static enum libtest_says find_result(struct libtest_output *o)
{
	struct str held = buf_str(&o->held);
	if (o->mode)
		return LIBTEST_SAYS_IGNORED;
	if (o->none)
		return LIBTEST_SAYS_NONE;
	for (size_t at = 0; o->headed && at < held.len; at++) {
		for (size_t i = 0; i < COUNT_OF(results); i++) {
			if (!is_result(str_sub(held, at, held.len), &results[i]))
				continue;
			let_go(o, at);
			return results[i].says;
		}
	}
	let_go(o, held.len);
	return LIBTEST_SAYS_NOTHING;
}

enum libtest_says libtest_output_end(struct libtest_output *o)
{
	enum libtest_says says = find_result(o);
	buf_fini(&o->held);
	buf_fini(&o->head);
	return says;
}
