/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/limit.h"

static struct limit_breach *find(struct invocation *i, enum limit limit)
{
	struct limit_breach *b = i->breaches;
	while (b && b->limit != limit)
		b = b->next;
	return b;
}

static struct limit_breach *add(struct invocation *i, enum limit limit)
{
	struct limit_breach *b = ARENA_NEW(&i->arena, struct limit_breach);
	b->limit = limit;
	b->bound = MIN(i->world->limits.at[limit], i->world->noted.at[limit]);
	*i->breaches_last = b;
	i->breaches_last = &b->next;
	b->event = trace_add(&i->trace, "limit");
	trace_str(&i->trace, b->event, "name", str_from(limit_rows[limit].name));
	trace_number(&i->trace, b->event, "bound", (double)b->bound);
	trace_number(&i->trace, b->event, "reached", 0);
	trace_bool(&i->trace, b->event, "enforced", false);
	return b;
}

bool invocation_exceeds(struct invocation *i, enum limit limit, uint64_t number)
{
	struct limit_breach *b = find(i, limit);
	bool enforced = number > i->world->limits.at[limit];
	if (!b)
		b = add(i, limit);
	b->reached = MAX(b->reached, number);
	b->enforced = b->enforced || enforced;
	trace_update_number(b->event, "reached", (double)b->reached);
	trace_update_bool(b->event, "enforced", b->enforced);
	return enforced;
}

bool invocation_request_within(struct invocation *i, const struct http_request *request, enum limit *limit)
{
	const struct {
		enum limit limit;
		uint64_t number;
	} numbers[] = {
		{ LIMIT_method_bytes, request->method.len },
		{ LIMIT_uri_bytes, request->uri.len },
		{ LIMIT_request_headers, request->headers.count },
		{ LIMIT_request_header_bytes, headers_bytes(&request->headers) },
	};
	bool ok = true;
	for (size_t n = 0; n < COUNT_OF(numbers); n++) {
		if (!invocation_within(i, numbers[n].limit, numbers[n].number) && ok) {
			*limit = numbers[n].limit;
			ok = false;
		}
	}
	return ok;
}

bool invocation_response_within(struct invocation *i, const struct headers *headers)
{
	bool count = invocation_within(i, LIMIT_response_headers, headers->count);
	return invocation_within(i, LIMIT_response_header_bytes, headers_bytes(headers)) && count;
}

/* Something in the cache, or on its way into it. */
struct stored {
	struct list link; /* in the invocation's list */
	struct invocation *invocation;
	struct cache_meter meter;
};

static void measured(struct cache_meter *m, uint64_t bytes, uint64_t rules)
{
	struct invocation *i = container_of(m, struct stored, meter)->invocation;
	invocation_note(i, LIMIT_cache_object_bytes, bytes);
	invocation_note(i, LIMIT_vary_rules, rules);
}

void invocation_measure(struct invocation *i, struct cache_write *w)
{
	struct stored *s = ARENA_NEW(&i->arena, struct stored);
	s->invocation = i;
	s->meter.measured = measured;
	s->meter.bytes_max = i->world->limits.cache_object_bytes;
	s->meter.rules_max = i->world->limits.vary_rules;
	list_push(&i->stored, &s->link);
	w->meter = &s->meter;
}

bool invocation_may_store(struct invocation *i, struct cache_write *w)
{
	invocation_measure(i, w);
	return !w->has_length || invocation_within(i, LIMIT_cache_object_bytes, w->length);
}

void invocation_forget_stored(struct invocation *i)
{
	for (struct list *l; (l = list_pop(&i->stored));)
		list_remove(&container_of(l, struct stored, link)->meter.link);
}

void limit_breach_print(const struct limit_breach *b, struct buf *out)
{
	buf_printf(out, "%s: ", limit_rows[b->limit].name);
	limit_print(b->limit, b->reached, out);
	buf_add(out, STR(", and the limit is "));
	limit_print(b->limit, b->bound, out);
}
