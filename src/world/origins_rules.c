/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Origins in memory. Rules are a list from the newest to the oldest, which is the order of the search; a fork
 * shares all of it and adds in front.
 */
#include "base/check.h"
#include "base/mem.h"
#include "base/pmap.h"
#include "world/origins_priv.h"

enum { NUMBER_BYTES = 4 };

struct origins_rules {
	struct origins super;
	struct origins *next;
	struct rule_link *newest;
	struct pmap unmatched; /* struct origin_miss by number_key() */
	struct pmap asked;     /* struct count by number_key() of the rule: how often it was asked */
	struct pmap calls;     /* struct origin_call by number_key(), when they are recorded */
	bool recording;
	struct exchanges exchanges;
	struct list gatherers; /* requests whose rule depends on their bodies */
};

struct count {
	struct rc rc;
	uint32_t n;
};

static const struct origins_ops origins_rules_ops;

static struct origins_rules *rules_of(struct origins *o)
{
	CHECK(o->ops == &origins_rules_ops);
	return (struct origins_rules *)o;
}

static const struct origins_rules *const_rules_of(const struct origins *o)
{
	CHECK(o->ops == &origins_rules_ops);
	return (const struct origins_rules *)o;
}

static void link_destroy(struct rc *r)
{
	struct rule_link *l = (struct rule_link *)r;
	/* Not by recursion: the list may be long. */
	while (l) {
		struct rule_link *older = take(l->older);
		origin_rule_unref(&l->rule);
		mem_free(l);
		l = older && older->rc.refs == 1 ? older : NULL;
		if (!l && older)
			rc_unref(&older->rc);
	}
}

static struct str number_key(char out[NUMBER_BYTES], size_t number)
{
	for (unsigned i = 0; i < NUMBER_BYTES; i++)
		out[i] = (char)(number >> 8 * (NUMBER_BYTES - 1 - i) & 255);
	return (struct str){ out, NUMBER_BYTES };
}

/* ---- who was asked how often ---- */

static void count_destroy(struct rc *r)
{
	mem_free(r);
}

static uint32_t times_asked(const struct origins_rules *self, uint32_t rule)
{
	char key[NUMBER_BYTES];
	const struct count *c = (const struct count *)pmap_get(&self->asked, number_key(key, rule));
	return c ? c->n : 0;
}

/* A new count each time: another frame may hold the old one. */
static uint32_t count_call(struct origins_rules *self, uint32_t rule)
{
	char key[NUMBER_BYTES];
	struct count *c = NEW(struct count);
	rc_init(&c->rc, count_destroy);
	uint32_t n = c->n = times_asked(self, rule) + 1;
	pmap_put(&self->asked, number_key(key, rule), &c->rc);
	return n;
}

void origins_unmet(const struct origins *o, origins_unmet_fn *unmet, void *data)
{
	const struct origins_rules *self = const_rules_of(o);
	for (const struct rule_link *l = self->newest; l; l = l->older) {
		uint32_t asked = l->rule->expects ? times_asked(self, l->rule->number) : 0;
		if (l->rule->expects && asked != l->rule->expected)
			unmet(data, l->rule, asked);
	}
}

void origins_unmet_print(const struct origin_rule *rule, uint32_t asked, struct buf *out)
{
	if (rule->place.len)
		buf_printf(out, STR_FMT ": ", STR_ARG(rule->place));
	buf_add(out, STR("the rule "));
	origin_rule_print(rule, out);
	buf_printf(out, " was expected to be asked %u time%s, and was asked %u time%s", rule->expected,
		   rule->expected == 1 ? "" : "s", asked, asked == 1 ? "" : "s");
}

/* ---- calls ---- */

void origins_record(struct origins *o, bool on)
{
	rules_of(o)->recording = on;
}

size_t origins_calls(const struct origins *o)
{
	return pmap_count(&const_rules_of(o)->calls);
}

const struct origin_call *origins_call(const struct origins *o, size_t i)
{
	char key[NUMBER_BYTES];
	return (const struct origin_call *)pmap_get(&const_rules_of(o)->calls, number_key(key, i));
}

/* NULL: nothing is recorded, or no more. */
static struct origin_call *record(struct origins_rules *self, const struct origin_request *request,
				  struct origin_rule *rule, uint32_t nth, const struct loop *loop)
{
	char key[NUMBER_BYTES];
	size_t count = pmap_count(&self->calls);
	if (!self->recording || count >= ORIGINS_CALLS_MAX)
		return NULL;
	struct origin_call *call = origin_call_new(request, rule, nth, clock_monotonic(loop->clock));
	pmap_put(&self->calls, number_key(key, count), &call->rc);
	return call;
}

/* ---- sending ---- */

static struct fetch *nobody(struct origins_rules *self, const struct origin_request *asked,
			    const struct http_request *request, struct loop *loop)
{
	struct fetch *f = fetch_new(loop);
	char key[NUMBER_BYTES];
	struct origin_miss *miss = origins_explain(self->newest, asked);
	struct str words = miss->text;
	const struct origin_call *call = record(self, asked, NULL, 0, loop);
	if (call)
		f->asked = rc_ref((struct rc *)&call->rc);
	if (request->body)
		body_abandon(request->body);
	fetch_fail(f, FETCH_DESTINATION_NOT_FOUND, str_split(&words, '\n'));
	if (pmap_count(&self->unmatched) < ORIGINS_UNMATCHED_MAX)
		pmap_put(&self->unmatched, number_key(key, pmap_count(&self->unmatched)), &miss->rc);
	else
		rc_unref(&miss->rc);
	return f;
}

/* The n-th call gets the n-th answer, and the last one for ever. */
static const struct origin_answer *nth_answer(const struct origin_rule *rule, uint32_t nth)
{
	const struct origin_answer *answer = &rule->answer;
	while (--nth > 0 && answer->next)
		answer = answer->next;
	return answer;
}

static struct fetch *answer_by(struct origins_rules *self, const struct rule_link *l,
			       const struct origin_request *asked, const struct http_request *request,
			       struct loop *loop)
{
	bool counts = l->rule->expects || l->rule->answer.next || self->recording;
	uint32_t nth = counts ? count_call(self, l->rule->number) : 1;
	const struct origin_answer *answer = nth_answer(l->rule, nth);
	struct origin_call *recorded = record(self, asked, l->rule, nth, loop), *call = recorded;
	if (!recorded && answer->responder) /* which is told of the call, whoever else wants it */
		call = origin_call_new(asked, l->rule, nth, clock_monotonic(loop->clock));
	struct fetch *f =
		rule_exchange_start(&self->exchanges, l->rule, answer, asked->backend, request, call, loop);
	if (call && !recorded)
		rc_unref(&call->rc);
	return f;
}

/* By the first rule that matches. NULL: that cannot be said before the body is known. */
static struct fetch *choose(struct origins_rules *self, struct backend *backend,
			    const struct origin_request *asked, const struct http_request *request,
			    struct loop *loop)
{
	for (struct rule_link *l = self->newest; l; l = l->older) {
		unsigned differs = origin_rule_differs(l->rule, asked);
		if (differs == DIFFERS_UNKNOWN)
			return NULL;
		if (differs == 0)
			return answer_by(self, l, asked, request, loop);
	}
	if (self->next)
		return origins_send(self->next, backend, asked->path, request, loop);
	return nobody(self, asked, request, loop);
}

static struct fetch *choose_knowing(void *data, struct backend *backend, const struct origin_request *asked,
				    const struct http_request *request, struct loop *loop)
{
	return choose(data, backend, asked, request, loop);
}

static struct fetch *origins_rules_send(struct origins *super, struct backend *backend, struct str path,
					const struct http_request *request, struct loop *loop)
{
	struct origins_rules *self = (struct origins_rules *)super;
	const struct origin_request asked = { .backend = backend,
					      .method = request->method,
					      .path = path,
					      .headers = &request->headers,
					      .body_known = !request->body,
					      .uri = request->uri };
	struct fetch *f = choose(self, backend, &asked, request, loop);
	return f ? f : gatherer_start(&self->gatherers, choose_knowing, self, backend, path, request, loop);
}

uint32_t origins_rules_add(struct origins *o, struct origin_rule *taken)
{
	struct origins_rules *self = rules_of(o);
	struct rule_link *l = NEW(struct rule_link);
	rc_init(&l->rc, link_destroy);
	l->rule = taken;
	l->older = self->newest; /* our reference becomes the link's */
	taken->number = l->older ? l->older->rule->number + 1 : 1;
	self->newest = l;
	return taken->number;
}

bool origins_rules_replace(struct origins *o, uint32_t number, struct origin_rule *taken)
{
	for (struct rule_link *l = rules_of(o)->newest; l; l = l->older) {
		if (l->rule->number != number)
			continue;
		origin_rule_unref(&l->rule);
		l->rule = taken;
		taken->number = number;
		return true;
	}
	origin_rule_unref(&taken);
	return false;
}

void origins_rules_set_next(struct origins *o, struct origins *next)
{
	struct origins_rules *self = rules_of(o);
	origins_destroy(&self->next);
	self->next = next;
}

size_t origins_unmatched(const struct origins *o)
{
	return pmap_count(&const_rules_of(o)->unmatched);
}

const struct origin_miss *origins_unmatched_at(const struct origins *o, size_t i)
{
	char key[NUMBER_BYTES];
	return (const struct origin_miss *)pmap_get(&const_rules_of(o)->unmatched, number_key(key, i));
}

static struct origins *origins_rules_fork(struct origins *super)
{
	const struct origins_rules *self = (const struct origins_rules *)super;
	struct origins *next = self->next ? origins_fork(self->next) : NULL;
	struct origins_rules *forked = (struct origins_rules *)origins_rules_new(next);
	forked->newest = self->newest;
	if (forked->newest)
		rc_ref(&forked->newest->rc);
	forked->unmatched = pmap_copy(&self->unmatched);
	forked->asked = pmap_copy(&self->asked);
	forked->calls = pmap_copy(&self->calls);
	forked->recording = self->recording;
	return &forked->super;
}

static void origins_rules_destroy(struct origins *super)
{
	struct origins_rules *self = (struct origins_rules *)super;
	gatherers_fini(&self->gatherers);
	exchanges_fini(&self->exchanges);
	origins_destroy(&self->next);
	if (self->newest)
		rc_unref(&self->newest->rc);
	pmap_fini(&self->unmatched);
	pmap_fini(&self->asked);
	pmap_fini(&self->calls);
	mem_free(self);
}

static const struct origins_ops origins_rules_ops = {
	.name = "rules",
	.send = origins_rules_send,
	.fork = origins_rules_fork,
	.destroy = origins_rules_destroy,
};

struct origins *origins_rules_new(struct origins *next)
{
	struct origins_rules *self = NEW(struct origins_rules);
	self->super.ops = &origins_rules_ops;
	self->next = next;
	exchanges_init(&self->exchanges);
	list_init(&self->gatherers);
	return &self->super;
}
