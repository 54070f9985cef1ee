/* SPDX-License-Identifier: Apache-2.0 */
#include "script/diagnostics.h"

#include <stdarg.h>
#include <stdio.h>

#include "script/grow.h"

void diagnostics_init(struct diagnostics *d, struct arena *a, const struct source *source)
{
	*d = (struct diagnostics){ .arena = a, .source = source };
}

static void add(struct diagnostics *d, struct diagnostic item, const char *format, va_list args)
{
	size_t *count = item.severity == SEVERITY_ERROR ? &d->errors : &d->warnings;
	if ((*count)++ >= DIAGNOSTICS_KEPT_MAX)
		return;
	char text[512];
	int len = vsnprintf(text, sizeof text, format, args);
	item.text = arena_str(d->arena, (struct str){ text, MIN((size_t)MAX(len, 0), sizeof text - 1) });
	*GROW(d->arena, d->items, d->count) = item;
}

void diagnostics_error(struct diagnostics *d, struct str at, struct str advice, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add(d, (struct diagnostic){ SEVERITY_ERROR, .at = at, .advice = advice }, format, args);
	va_end(args);
}

void diagnostics_warn(struct diagnostics *d, struct str at, struct str advice, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add(d, (struct diagnostic){ SEVERITY_WARNING, .at = at, .advice = advice }, format, args);
	va_end(args);
}

void diagnostics_sort(struct diagnostics *d)
{
	for (size_t i = 1; i < d->count; i++) {
		struct diagnostic item = d->items[i];
		size_t to = i;
		for (; to > 0 && d->items[to - 1].at.ptr > item.at.ptr; to--)
			d->items[to] = d->items[to - 1];
		d->items[to] = item;
	}
}

void diagnostic_print(const struct diagnostic *item, const struct source *source, struct buf *out)
{
	source_add_place(source, item->at, out);
	buf_add(out, item->severity == SEVERITY_WARNING ? STR("warning: ") : STR(""));
	source_add_clean(item->text, out);
	buf_add_char(out, '\n');
	source_add_quote(source, item->at, out);
	if (item->advice.len) {
		buf_add(out, STR("    "));
		source_add_clean(item->advice, out);
		buf_add_char(out, '\n');
	}
}

static void print_rest(size_t all, const char *what, struct buf *out)
{
	if (all > DIAGNOSTICS_KEPT_MAX)
		buf_printf(out, "and %zu more %s%s\n", all - DIAGNOSTICS_KEPT_MAX, what,
			   all - DIAGNOSTICS_KEPT_MAX == 1 ? "" : "s");
}

void diagnostics_print(const struct diagnostics *d, struct buf *out)
{
	for (size_t i = 0; i < d->count; i++)
		diagnostic_print(&d->items[i], d->source, out);
	print_rest(d->errors, "error", out);
	print_rest(d->warnings, "warning", out);
}
