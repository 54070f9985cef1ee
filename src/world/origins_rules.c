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
	struct pmap unmatched; /* struct blob by number_key() */
	struct exchanges exchanges;
};

static const struct origins_ops origins_rules_ops;

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

static struct fetch *nobody(struct origins_rules *self, const struct backend *backend, struct str path,
			    const struct http_request *request, struct loop *loop)
{
	struct fetch *f = fetch_new(loop);
	char key[NUMBER_BYTES];
	struct blob *text = origins_explain(self->newest, backend->name, request->method, path);
	if (request->body)
		body_abandon(request->body);
	fetch_fail(f, FETCH_DESTINATION_NOT_FOUND, blob_str(text));
	if (pmap_count(&self->unmatched) < ORIGINS_UNMATCHED_MAX)
		pmap_put(&self->unmatched, number_key(key, pmap_count(&self->unmatched)), &text->rc);
	else
		blob_unref(&text);
	return f;
}

static struct fetch *origins_rules_send(struct origins *super, struct backend *backend, struct str path,
					const struct http_request *request, struct loop *loop)
{
	struct origins_rules *self = (struct origins_rules *)super;
	for (struct rule_link *l = self->newest; l; l = l->older) {
		if (origin_rule_matches(l->rule, backend->name, request->method, path))
			return rule_exchange_start(&self->exchanges, l->rule, backend, request, loop);
	}
	if (self->next)
		return origins_send(self->next, backend, path, request, loop);
	return nobody(self, backend, path, request, loop);
}

void origins_rules_add(struct origins *o, struct origin_rule *taken)
{
	struct origins_rules *self = (struct origins_rules *)o;
	struct rule_link *l = NEW(struct rule_link);
	CHECK(o->ops == &origins_rules_ops);
	rc_init(&l->rc, link_destroy);
	l->rule = taken;
	l->older = self->newest; /* our reference becomes the link's */
	self->newest = l;
}

size_t origins_unmatched(const struct origins *o)
{
	CHECK(o->ops == &origins_rules_ops);
	return pmap_count(&((const struct origins_rules *)o)->unmatched);
}

struct str origins_unmatched_text(const struct origins *o, size_t i)
{
	char key[NUMBER_BYTES];
	CHECK(o->ops == &origins_rules_ops);
	const struct origins_rules *self = (const struct origins_rules *)o;
	return blob_str((const struct blob *)pmap_get(&self->unmatched, number_key(key, i)));
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
	return &forked->super;
}

static void origins_rules_destroy(struct origins *super)
{
	struct origins_rules *self = (struct origins_rules *)super;
	exchanges_fini(&self->exchanges);
	origins_destroy(&self->next);
	if (self->newest)
		rc_unref(&self->newest->rc);
	pmap_fini(&self->unmatched);
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
	return &self->super;
}
