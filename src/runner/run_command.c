/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runner/run_priv.h"
#include "runner/shell.h"

/* Text as a regular expression that matches nothing else. */
static void add_literal(struct buf *b, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (strchr("\\^$.|?*+()[]{}/", text.ptr[i]) && text.ptr[i])
			buf_add_char(b, '\\');
		buf_add_char(b, text.ptr[i]);
	}
}

/* Is it no test, but what failed when those of its group had ended? prelude/runner.ts has the names. */
static bool is_end_of_group(const struct test_result *r)
{
	return str_eq(r->name, STR("(afterAll)")) || str_eq(r->name, STR("(snapshots)"));
}

void run_command_print(const char *prefix, const struct test_result *r, bool shuffled, struct buf *out)
{
	scoped(buf_fini) struct buf title = BUF_INIT(COMMAND_BYTES_MAX), filter = BUF_INIT(COMMAND_BYTES_MAX);
	test_title_print(r, &title);
	buf_printf(out, "%s --seed %llu", prefix, (unsigned long long)r->seed);
	if (r->flake == TEST_ORDER_DEPENDS)
		buf_add(out, shuffled ? STR(" --order random") : STR(""));
	else if (title.len) {
		buf_add_char(&filter, '^');
		add_literal(&filter, str_from(r->file));
		buf_add(&filter, STR(": "));
		bool all = is_end_of_group(r);
		add_literal(&filter, str_sub(buf_str(&title), 0, title.len - (all ? r->name.len : 0)));
		buf_add(&filter, all ? STR("") : STR("$"));
		buf_add(out, STR(" --filter "));
		shell_quote(buf_str(&filter), out);
	}
	buf_add_char(out, ' ');
	if (r->file[0] == '-')
		buf_add(out, STR("./"));
	shell_quote(str_from(r->file), out);
}
