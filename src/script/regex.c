/* SPDX-License-Identifier: Apache-2.0 */
#include "script/regex.h"

#include <stdint.h>
#include <string.h>

#include "base/check.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* Enough for any sane pattern over a megabyte of text, and over in well under a second for the others. */
enum { REGEX_STEPS_MAX = 2000000, REGEX_HEAP_KIB_MAX = 16 * 1024 };

/* What makes PCRE2 read patterns and treat texts as JavaScript does, whatever the flags. */
enum {
	REGEX_ALWAYS = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_BSUX |
		       PCRE2_ALT_CIRCUMFLEX | PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF |
		       PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UCP,
};

struct regex {
	pcre2_code *code;
};

/* Compiled patterns go into the arena, so that they need no owner who destroys them. */
static void *arena_malloc(size_t size, void *arena)
{
	return arena_alloc(arena, size);
}

static void arena_no_free(void *ptr, void *arena)
{
	(void)ptr, (void)arena;
}

/* The options of a flag; false when it is none of JavaScript's. Those without an effect on one search have no
 * option. */
static bool flag_options(char flag, uint32_t *options)
{
	static const struct {
		char flag;
		uint32_t options;
	} flags[] = {
		{ 'd', 0 },
		{ 'g', 0 },
		{ 'i', PCRE2_CASELESS },
		{ 'm', PCRE2_MULTILINE },
		{ 's', PCRE2_DOTALL },
		{ 'u', 0 },
		{ 'v', 0 },
		{ 'y', PCRE2_ANCHORED },
	};
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		if (flags[i].flag == flag) {
			*options |= flags[i].options;
			return true;
		}
	}
	return false;
}

/* "/body/flags": the last slash with nothing but flags behind it. Anything else is a bare pattern. */
static bool split_delimited(struct str written, struct str *body, struct str *flags)
{
	size_t end = written.len;
	uint32_t ignored = 0;
	while (end > 0 && flag_options(written.ptr[end - 1], &ignored))
		end--;
	if (end < 2 || written.ptr[0] != '/' || written.ptr[end - 1] != '/')
		return false;
	*body = str_sub(written, 1, end - 2);
	*flags = str_sub(written, end, written.len);
	return true;
}

static pcre2_code *compile(struct arena *a, struct str body, uint32_t options, int *error, size_t *error_at)
{
	pcre2_general_context *general = pcre2_general_context_create(arena_malloc, arena_no_free, a);
	pcre2_compile_context *context = pcre2_compile_context_create(general);
	pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
	return pcre2_compile((PCRE2_SPTR)(body.len ? body.ptr : ""), body.len, options, error, error_at,
			     context);
}

struct regex *regex_compile(struct str written, struct arena *a, struct str *at, struct str *why)
{
	struct str body = written, flags = { NULL, 0 };
	uint32_t options = REGEX_ALWAYS;
	if (!split_delimited(written, &body, &flags))
		options |= PCRE2_DOTALL | PCRE2_MULTILINE | PCRE2_CASELESS;
	for (size_t i = 0; i < flags.len; i++) {
		flag_options(flags.ptr[i], &options);
		if (memchr(flags.ptr, flags.ptr[i], i)) {
			*at = str_sub(flags, i, 1);
			*why = STR("the same flag twice");
			return NULL;
		}
	}
	int error;
	size_t error_at;
	pcre2_code *code = compile(a, body, options, &error, &error_at);
	if (!code) {
		PCRE2_UCHAR words[160];
		pcre2_get_error_message(error, words, sizeof words);
		*at = str_sub(body, MIN(error_at, body.len), 1);
		*why = arena_str(a, str_from((char *)words));
		return NULL;
	}
	struct regex *r = ARENA_NEW(a, struct regex);
	r->code = code;
	return r;
}

enum regex_verdict regex_search(const struct regex *r, struct str text, struct str *found)
{
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	/* One pair is enough: what groups caught is of no interest. */
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	CHECK(context && data);
	pcre2_set_match_limit(context, REGEX_STEPS_MAX);
	pcre2_set_heap_limit(context, REGEX_HEAP_KIB_MAX);
	int count =
		pcre2_match(r->code, (PCRE2_SPTR)(text.len ? text.ptr : ""), text.len, 0, 0, data, context);
	const size_t *ends = pcre2_get_ovector_pointer(data);
	if (count >= 0 && found)
		*found = str_sub(text, ends[0], ends[1] > ends[0] ? ends[1] - ends[0] : 0);
	pcre2_match_data_free(data);
	pcre2_match_context_free(context);
	return count >= 0 ? REGEX_YES : count == PCRE2_ERROR_NOMATCH ? REGEX_NO : REGEX_GAVE_UP;
}
