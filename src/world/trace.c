/* SPDX-License-Identifier: Apache-2.0 */
#include "world/trace.h"

#include <math.h>
#include <string.h>

void trace_off(struct trace *t)
{
	*t = (struct trace){ 0 };
}

void trace_on(struct trace *t, struct arena *arena, struct clock *clock)
{
	*t = (struct trace){ .arena = arena, .clock = clock, .last = &t->first };
}

struct trace_event *trace_add_event(struct trace *t, const char *type)
{
	if (t->count >= TRACE_EVENTS_MAX) {
		t->dropped++;
		return NULL;
	}
	struct trace_event *ev = ARENA_NEW(t->arena, struct trace_event);
	ev->type = type;
	ev->wall_ns = clock_wall(t->clock);
	ev->seq = t->count++;
	ev->last = &ev->first;
	*t->last = ev;
	t->last = &ev->next;
	return ev;
}

static struct trace_attrib *add_attrib(struct trace *t, struct trace_event *ev, const char *name,
				       enum trace_value_kind kind)
{
	struct trace_attrib *at = ARENA_NEW(t->arena, struct trace_attrib);
	at->name = name;
	at->kind = kind;
	*ev->last = at;
	ev->last = &at->next;
	return at;
}

void trace_str(struct trace *t, struct trace_event *ev, const char *name, struct str text)
{
	if (ev)
		add_attrib(t, ev, name, TRACE_STR)->text = arena_str(t->arena, text);
}

void trace_number(struct trace *t, struct trace_event *ev, const char *name, double number)
{
	if (ev)
		add_attrib(t, ev, name, TRACE_NUMBER)->number = number;
}

void trace_bool(struct trace *t, struct trace_event *ev, const char *name, bool truth)
{
	if (ev)
		add_attrib(t, ev, name, TRACE_BOOL)->truth = truth;
}

static struct trace_attrib *find_attrib(struct trace_event *ev, const char *name)
{
	struct trace_attrib *at = ev ? ev->first : NULL;
	while (at && strcmp(at->name, name) != 0)
		at = at->next;
	return at;
}

void trace_update_number(struct trace_event *ev, const char *name, double number)
{
	struct trace_attrib *at = find_attrib(ev, name);
	if (at)
		at->number = number;
}

void trace_update_bool(struct trace_event *ev, const char *name, bool truth)
{
	struct trace_attrib *at = find_attrib(ev, name);
	if (at)
		at->truth = truth;
}

static void print_attrib(const struct trace_attrib *at, struct buf *out)
{
	buf_add(out, STR(", "));
	buf_add_json(out, str_from(at->name));
	buf_add(out, STR(": "));
	switch (at->kind) {
	case TRACE_STR:
		buf_add_json(out, at->text);
		break;
	case TRACE_NUMBER:
		if (isfinite(at->number))
			buf_printf(out, "%.15g", at->number);
		else
			buf_add(out, STR("null"));
		break;
	case TRACE_BOOL:
		buf_add(out, at->truth ? STR("true") : STR("false"));
		break;
	}
}

void trace_print_json(const struct trace *t, struct buf *out)
{
	buf_add_char(out, '[');
	for (const struct trace_event *ev = t->first; ev; ev = ev->next) {
		buf_printf(out, "%s{\"seq\": %u, \"wallNs\": \"%llu\", \"type\": \"%s\"",
			   ev == t->first ? "" : ",\n ", ev->seq, (unsigned long long)ev->wall_ns, ev->type);
		for (const struct trace_attrib *at = ev->first; at; at = at->next)
			print_attrib(at, out);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}
