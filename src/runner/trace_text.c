/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/trace_text.h"

#include <string.h>

#include "script/source.h"

enum { EXACT_DIGITS = 17, SHOWN_DIGITS = 10 };
enum { LINE_BYTES_SHOWN = 400, TEXT_BYTES_SHOWN = 100, EVENT_BYTES_MAX = 1 << 16 };

/* `digits`: of a number. */
static void add_value(const struct trace_attrib *at, int digits, struct buf *out)
{
	switch (at->kind) {
	case TRACE_STR:
		buf_add_json(out, at->text);
		break;
	case TRACE_NUMBER:
		buf_printf(out, "%.*g", digits, at->number);
		break;
	case TRACE_BOOL:
		buf_add(out, at->truth ? STR("true") : STR("false"));
		break;
	}
}

static void add_event(const struct trace_event *ev, struct buf *out)
{
	buf_printf(out, "%llu.%09llu %s", (unsigned long long)(ev->wall_ns / NS_PER_S),
		   (unsigned long long)(ev->wall_ns % NS_PER_S), ev->type);
	for (const struct trace_attrib *at = ev->first; at; at = at->next) {
		if (strcmp(at->name, "vcpu_us") == 0)
			continue; /* real time */
		buf_printf(out, " %s=", at->name);
		add_value(at, EXACT_DIGITS, out);
	}
	buf_add_char(out, '\n');
}

void trace_text_add(const struct invocation *i, struct str body, struct buf *out)
{
	for (const struct trace_event *ev = i->trace.first; ev; ev = ev->next)
		add_event(ev, out);
	buf_printf(out, "response %u\n", (unsigned)i->response.status);
	for (size_t h = 0; h < i->response.headers.count; h++) {
		const struct header *header = &i->response.headers.at[h];
		buf_printf(out, "header " STR_FMT ": ", STR_ARG(header->name));
		buf_add_json(out, header->value);
		buf_add_char(out, '\n');
	}
	buf_add(out, STR("body "));
	buf_add_json(out, body);
	buf_add_char(out, '\n');
}

/* "    +0.020 s fetch backend=…": long texts are cut, as is what only a machine asks for. */
static void add_timeline_event(const struct trace_event *ev, uint64_t begin_ns, struct buf *out)
{
	uint64_t since = ev->wall_ns > begin_ns ? ev->wall_ns - begin_ns : 0;
	scoped(buf_fini) struct buf line = BUF_INIT(EVENT_BYTES_MAX);
	for (const struct trace_attrib *at = ev->first; at; at = at->next) {
		struct trace_attrib shown = *at;
		shown.text = str_sub(at->text, 0, TEXT_BYTES_SHOWN);
		buf_printf(&line, " %s=", at->name);
		add_value(&shown, SHOWN_DIGITS, &line);
		buf_add(&line, shown.text.len < at->text.len ? STR("…") : STR(""));
	}
	buf_printf(out, "      +%.6f s %s", (double)since / 1e9, ev->type);
	source_add_clean(buf_str(&line), out);
	buf_add_char(out, '\n');
}

void trace_timeline_print(const struct invocation *i, uint64_t begin_ns, uint32_t max, struct buf *out)
{
	uint32_t count = i->trace.count, n = 0, left_out = count > max ? count - max : 0;
	if (count)
		buf_add(out, STR("    timeline:\n"));
	for (const struct trace_event *ev = i->trace.first; ev; ev = ev->next, n++) {
		if (left_out && n == max / 2)
			buf_printf(out, "      … %u more …\n", left_out);
		if (n < max / 2 || n >= max / 2 + left_out)
			add_timeline_event(ev, begin_ns, out);
	}
}

/* A line of a trace, cut around the place where it differs. */
static void add_line(const char *label, struct str line, size_t at, struct buf *out)
{
	size_t from = at > LINE_BYTES_SHOWN / 2 ? at - LINE_BYTES_SHOWN / 2 : 0;
	struct str shown = str_sub(line, from, LINE_BYTES_SHOWN);
	buf_printf(out, "      %s%s" STR_FMT "%s\n", label, from ? "…" : "", STR_ARG(shown),
		   from + shown.len < line.len ? "…" : "");
}

void trace_text_difference(struct str first, struct str second, struct buf *out)
{
	struct str a = first, b = second;
	for (size_t number = 1; a.len || b.len; number++) {
		struct str line_a = str_split(&a, '\n'), line_b = str_split(&b, '\n');
		size_t at = 0;
		if (str_eq(line_a, line_b))
			continue;
		while (at < line_a.len && at < line_b.len && line_a.ptr[at] == line_b.ptr[at])
			at++;
		buf_printf(out, "    two runs with the same seed differ first in event %zu:\n", number);
		add_line("one:   ", line_a.len ? line_a : STR("(nothing more)"), line_a.len ? at : 0, out);
		add_line("other: ", line_b.len ? line_b : STR("(nothing more)"), line_b.len ? at : 0, out);
		return;
	}
}
