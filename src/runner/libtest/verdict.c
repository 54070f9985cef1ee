/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/libtest/verdict.h"

#include <string.h>

/* ---- backtraces ---- */

/* Takes all of ".MODULE!" up to the sign, "[…]" and "::h…" out of a frame's name: what tells builds apart. */
static void add_name(struct buf *out, struct str name)
{
	enum { HASH_CHARS = 16 };
	size_t module = str_find_char(name, '!');
	if (module != STR_NONE)
		name = str_sub(name, module + 1, name.len);
	if (name.len > HASH_CHARS + 3 && str_starts(str_sub(name, name.len - HASH_CHARS - 3, 3), STR("::h")))
		name = str_sub(name, 0, name.len - HASH_CHARS - 3);
	while (name.len) {
		size_t open = str_find_char(name, '[');
		struct str inside =
			open == STR_NONE ? (struct str){ 0 } : str_sub(name, open + 1, HASH_CHARS);
		bool hash = inside.len == HASH_CHARS &&
			    strspn(inside.ptr, "0123456789abcdef") == HASH_CHARS &&
			    inside.ptr[HASH_CHARS] == ']';
		size_t shown = open == STR_NONE ? name.len : open + !hash;
		buf_add(out, str_sub(name, 0, shown));
		name = str_sub(name, shown + (hash ? HASH_CHARS + 2 : 0), name.len);
	}
}

/* "    0:  0x1f3 - NAME": the name; empty when the line is no frame. */
static struct str frame_name(struct str line)
{
	static const struct str dash = STR_INIT(" - ");
	struct str rest = str_trim(line);
	size_t colon = str_find_char(rest, ':'), at = str_find(rest, dash);
	uint64_t unused;
	if (colon == STR_NONE || at == STR_NONE || !str_to_u64(str_sub(rest, 0, colon), UINT64_MAX, &unused))
		return (struct str){ 0 };
	return str_sub(rest, at + dash.len, rest.len);
}

static bool is_panicking(struct str name)
{
	return str_find(name, STR("panicking::")) != STR_NONE ||
	       str_find(name, STR("rust_begin_unwind")) != STR_NONE ||
	       str_find(name, STR("__rust_end_short_backtrace")) != STR_NONE;
}

/*
 * The number of frames up to the last one that belongs to the panic, which are the host's and Rust's own
 * business.
 */
static size_t panicking_frames(struct str report)
{
	size_t frames = 0, skipped = 0;
	while (report.ptr) {
		struct str name = frame_name(str_split(&report, '\n'));
		if (!name.len)
			continue;
		frames++;
		if (is_panicking(name))
			skipped = frames;
	}
	return skipped;
}

static void add_frames(struct buf *out, struct str report)
{
	size_t skip = panicking_frames(report), frame = 0, shown = 0;
	while (report.ptr) {
		struct str name = frame_name(str_split(&report, '\n'));
		if (!name.len || frame++ < skip)
			continue;
		if (str_find(name, STR("__rust_begin_short_backtrace")) != STR_NONE)
			break;
		if (shown == 0)
			buf_add(out, STR("backtrace:\n"));
		buf_printf(out, "%4zu: ", shown++);
		add_name(out, name);
		buf_add_char(out, '\n');
	}
}

/* ---- panics ---- */

/* The message of the last panic that was printed; false: there was none. */
static bool find_panic(struct str errors, struct str *message)
{
	static const struct str mark = STR_INIT(" panicked at "),
				note = STR_INIT("\nnote: run with `RUST_BACKTRACE");
	bool found = false;
	for (size_t at; (at = str_find(errors, mark)) != STR_NONE; found = true) {
		errors = str_sub(errors, at + mark.len, errors.len);
		*message = errors;
	}
	if (!found)
		return false;
	str_split(message, '\n'); /* the place */
	size_t end = str_find(*message, note);
	*message = str_sub(*message, 0, end == STR_NONE ? message->len : end);
	if (end == STR_NONE && str_ends(*message, STR("\n")))
		message->len--;
	return true;
}

static bool panicked(const struct libtest_end *end, struct str *message)
{
	*message = (struct str){ 0 };
	if (end->outcome != OUTCOME_TRAP)
		return false;
	return find_panic(end->errors, message) || panicking_frames(end->report) > 0;
}

static enum libtest_verdict judge_panic(const struct libtest_end *end, struct str message, struct buf *why)
{
	if (!end->test->expects || str_find(message, end->test->expected) != STR_NONE)
		return LIBTEST_OK;
	buf_add(why, STR("panic did not contain expected string\n      panic message: "));
	buf_add_json(why, message);
	buf_add(why, STR("\n expected substring: "));
	buf_add_json(why, end->test->expected);
	return LIBTEST_FAILED;
}

/* ---- all ways to end ---- */

static enum libtest_verdict judge_exit(const struct libtest_end *end, struct buf *why)
{
	if (end->says == LIBTEST_SAYS_OK && end->outcome == OUTCOME_OK) {
		if (!end->test->should_panic)
			return LIBTEST_OK;
		buf_add(why, STR("test did not panic as expected"));
	} else if (end->says == LIBTEST_SAYS_IGNORED) {
		return LIBTEST_IGNORED;
	} else if (end->says == LIBTEST_SAYS_NONE) {
		buf_add(why, STR("the test program lists this test, but has none of that name"));
	} else if (end->says == LIBTEST_SAYS_NOTHING) {
		buf_printf(why, "the test ended the program (exit code %d) before it was over",
			   end->exit_code);
	}
	return LIBTEST_FAILED;
}

enum libtest_verdict libtest_judge(const struct libtest_end *end, struct buf *why, struct buf *trace)
{
	struct str message;
	switch (end->outcome) {
	case OUTCOME_OK:
	case OUTCOME_EXIT:
		return judge_exit(end, why);
	case OUTCOME_TRAP:
		if (panicked(end, &message) && end->test->should_panic)
			return judge_panic(end, message, why);
		add_frames(trace, end->report);
		if (!panicked(end, &message)) {
			struct str words = report_words(end->report);
			buf_printf(why, "the test trapped: " STR_FMT, STR_ARG(words));
		}
		return LIBTEST_FAILED;
	default:
		add_frames(trace, end->report);
		buf_add(why, report_words(end->report));
		return LIBTEST_FAILED;
	}
}
