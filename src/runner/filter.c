/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/filter.h"

#include "base/mem.h"
#include "script/regex.h"

enum { TITLE_BYTES_MAX = 1 << 20 };

struct test_filter {
	struct arena arena;
	struct regex *regex;
};

bool test_filter_new(struct test_filter **out, struct str pattern, struct error *e)
{
	struct str at, why;
	*out = NULL;
	if (!pattern.len)
		return true;
	struct test_filter *f = NEW(struct test_filter);
	f->regex = regex_compile(pattern, &f->arena, &at, &why);
	if (!f->regex) {
		FAIL(e, INVALID, "--filter " STR_FMT ": " STR_FMT, STR_ARG(pattern), STR_ARG(why));
		test_filter_destroy(&f);
		return false;
	}
	*out = f;
	return true;
}

void test_filter_destroy(struct test_filter **pf)
{
	struct test_filter *f = take(*pf);
	if (!f)
		return;
	arena_fini(&f->arena);
	mem_free(f);
}

bool test_filter_wants(const struct test_filter *f, const struct test_result *r)
{
	if (!f)
		return true;
	scoped(buf_fini) struct buf title = BUF_INIT(TITLE_BYTES_MAX);
	buf_printf(&title, "%s: ", r->file);
	test_title_print(r, &title);
	return regex_search(f->regex, buf_str(&title), NULL) == REGEX_YES;
}
