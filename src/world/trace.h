/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened during an invocation, in order. Off by default: trace_add() on a trace that is off returns
 * NULL and the attribute functions ignore NULL, so a caller writes the event without asking, and it costs a
 * test of one pointer. Events live in the arena, which must outlive the trace. A trace that is on must not be
 * moved in memory.
 */
#ifndef WORLD_TRACE_H
#define WORLD_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "loop/clock.h"

enum trace_value_kind { TRACE_STR, TRACE_NUMBER, TRACE_BOOL };

struct trace_attrib {
	struct trace_attrib *next;
	const char *name;
	enum trace_value_kind kind;
	struct str text;
	double number;
	bool truth;
};

struct trace_event {
	struct trace_event *next;
	const char *type; /* "ecp-start", "fetch", "log", "kv-get", … */
	uint64_t wall_ns;
	uint32_t seq; /* from 0 within the trace */
	struct trace_attrib *first, **last;
};

struct trace {
	struct arena *arena; /* borrowed; NULL: off */
	struct clock *clock;
	struct trace_event *first, **last;
	uint32_t count, dropped; /* beyond TRACE_EVENTS_MAX events are only counted */
};

enum { TRACE_EVENTS_MAX = 100000 };

void trace_off(struct trace *t);
void trace_on(struct trace *t, struct arena *arena, struct clock *clock);

struct trace_event *trace_add_event(struct trace *t, const char *type);
static inline struct trace_event *trace_add(struct trace *t, const char *type)
{
	return t->arena ? trace_add_event(t, type) : NULL;
}

/* Names are literals; text is copied. */
void trace_str(struct trace *t, struct trace_event *ev, const char *name, struct str text);
void trace_number(struct trace *t, struct trace_event *ev, const char *name, double number);
void trace_bool(struct trace *t, struct trace_event *ev, const char *name, bool truth);

/* Changes an attribute that is there. */
void trace_update_number(struct trace_event *ev, const char *name, double number);
void trace_update_bool(struct trace_event *ev, const char *name, bool truth);

/*
 * Adds the events as a JSON array: {"seq": 0, "wallNs": "…", "type": "fetch", …attributes…}. Times are
 * strings, as they are too large for a JavaScript number.
 */
void trace_print_json(const struct trace *t, struct buf *out);

#endif
