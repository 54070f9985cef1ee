/* SPDX-License-Identifier: Apache-2.0 */
/* Rate counters and penalty boxes as tests read and write them. */
#include "runner/js/session.h"

/* Argument `i` as a whole number; what is none, or too large, is UINT32_MAX, which nothing allows. */
static uint32_t whole_arg(struct js_call *c, size_t i)
{
	double n = js_arg_number(c, i);
	return n >= 0 && n < (double)UINT32_MAX && n == (double)(uint32_t)n ? (uint32_t)n : UINT32_MAX;
}

static uint64_t now(const struct world *w)
{
	return clock_monotonic(w->loop->clock);
}

/* add(counter, entry, delta) */
JS_FUNCTION(add)
{
	struct error e;
	struct world *w = session_world(c);
	struct str counter = js_arg_str(c, 0), entry = js_arg_str(c, 1);
	uint32_t delta = whole_arg(c, 2);
	if (!w || *c->exception || rates_add(w->rates, now(w), counter, entry, delta, &e))
		return NULL;
	return js_throw(c, "RangeError", "%s", e.text);
}

/* count(counter, entry, window in s) */
JS_FUNCTION(count_entry)
{
	struct error e;
	uint64_t n;
	struct world *w = session_world(c);
	struct str counter = js_arg_str(c, 0), entry = js_arg_str(c, 1);
	uint32_t window = whole_arg(c, 2);
	if (!w || *c->exception)
		return NULL;
	if (!rates_count(w->rates, now(w), counter, entry, window, &n, &e))
		return js_throw(c, "RangeError", "%s", e.text);
	return js_number(c->ctx, (double)n);
}

/* rate(counter, entry, window in s) → a second */
JS_FUNCTION(rate)
{
	struct error e;
	uint32_t n;
	struct world *w = session_world(c);
	struct str counter = js_arg_str(c, 0), entry = js_arg_str(c, 1);
	uint32_t window = whole_arg(c, 2);
	if (!w || *c->exception)
		return NULL;
	if (!rates_rate(w->rates, now(w), counter, entry, window, &n, &e))
		return js_throw(c, "RangeError", "%s", e.text);
	return js_number(c->ctx, n);
}

/* penalize(box, entry, s) */
JS_FUNCTION(penalize)
{
	struct error e;
	struct world *w = session_world(c);
	struct str box = js_arg_str(c, 0), entry = js_arg_str(c, 1);
	uint32_t ttl = whole_arg(c, 2);
	if (!w || *c->exception || rates_penalize(w->rates, now(w), box, entry, ttl, &e))
		return NULL;
	return js_throw(c, "RangeError", "%s", e.text);
}

/* left(box, entry) → for how many ms it still is in there; 0: it is not */
JS_FUNCTION(left)
{
	struct error e;
	uint64_t ns;
	struct world *w = session_world(c);
	struct str box = js_arg_str(c, 0), entry = js_arg_str(c, 1);
	if (!w || *c->exception)
		return NULL;
	if (!rates_penalized(w->rates, now(w), box, entry, &ns, &e))
		return js_throw(c, "RangeError", "%s", e.text);
	return js_number(c->ctx, (double)ns / 1e6);
}

/* forget(box?, name, entry) → whether it was there */
JS_FUNCTION(forget)
{
	struct world *w = session_world(c);
	bool box = js_arg_bool(c, 0);
	struct str name = js_arg_str(c, 1), entry = js_arg_str(c, 2);
	return w && !*c->exception ? js_bool(c->ctx, rates_forget(w->rates, box, name, entry)) : NULL;
}

/* list(boxes?, name) → what there is of entries; their time may be over */
JS_FUNCTION(list)
{
	struct world *w = session_world(c);
	bool boxes = js_arg_bool(c, 0);
	struct str name = js_arg_str(c, 1);
	if (!w || *c->exception)
		return NULL;
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	unsigned at = 0;
	for (struct rates_item i = { 0 }; rates_next(w->rates, boxes, &i);) {
		if (str_eq(i.name, name))
			js_push(c->ctx, array, &at, js_string(c->ctx, i.entry));
	}
	return array;
}

static const struct js_function functions[] = {
	{ "add", add_callback },           { "count", count_entry_callback }, { "rate", rate_callback },
	{ "penalize", penalize_callback }, { "left", left_callback },         { "forget", forget_callback },
	{ "list", list_callback },
};
const struct js_module js_rates_module = { "rates", functions, COUNT_OF(functions) };
