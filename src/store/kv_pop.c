/* SPDX-License-Identifier: Apache-2.0 */
#include "store/kv_pop.h"

#include "base/check.h"
#include "base/mem.h"
#include "store/kv_priv.h"

/* A write that other POPs do not see yet. */
struct on_its_way {
	struct list link;
	uint64_t by; /* the POP's number */
	struct blob *store, *key;
	struct kv *after; /* everything as it was after it */
	uint64_t due_ns;
};

struct kv_shared {
	struct rc rc;
	struct loop *loop;
	uint64_t delay_ns;
	struct kv *now;     /* the truth */
	struct kv *arrived; /* what everybody sees; the same when there is no delay */
	struct list writes; /* struct on_its_way, oldest first */
	size_t writes_count;
	struct timer timer;
	uint64_t pops; /* made so far */
};

struct kv_pop {
	struct kv super;
	struct kv_shared *shared;
	uint64_t number;
};

/* ---- what is on its way ---- */

static void write_free(struct kv_shared *s, struct on_its_way *w)
{
	list_remove(&w->link);
	s->writes_count--;
	blob_unref(&w->store);
	blob_unref(&w->key);
	kv_destroy(&w->after);
	mem_free(w);
}

static struct on_its_way *oldest(const struct kv_shared *s)
{
	return list_empty(&s->writes) ? NULL : container_of(s->writes.next, struct on_its_way, link);
}

static void arrive(struct kv_shared *s, struct on_its_way *w)
{
	kv_destroy(&s->arrived);
	s->arrived = take(w->after);
	write_free(s, w);
}

static void arrive_those_due(struct timer *t)
{
	struct kv_shared *s = container_of(t, struct kv_shared, timer);
	uint64_t now = clock_monotonic(s->loop->clock);
	struct on_its_way *w;
	while ((w = oldest(s)) && w->due_ns <= now)
		arrive(s, w);
	if (w)
		timer_start(s->loop, &s->timer, w->due_ns - now);
}

static void note_write(struct kv_pop *self, const struct kv_op *op)
{
	struct kv_shared *s = self->shared;
	struct on_its_way *w = NEW(struct on_its_way);
	if (s->writes_count >= KV_POP_WRITES_MAX)
		arrive(s, oldest(s));
	w->by = self->number;
	w->store = blob_new(op->store);
	w->key = blob_new(op->key);
	w->after = kv_fork(s->now);
	w->due_ns = clock_monotonic(s->loop->clock) + s->delay_ns;
	list_push(&s->writes, &w->link);
	s->writes_count++;
	if (!timer_running(&s->timer))
		timer_start(s->loop, &s->timer, s->delay_ns);
}

/* Where this POP reads. */
static struct kv *visible(const struct kv_pop *self, const struct kv_op *op)
{
	const struct kv_shared *s = self->shared;
	for (struct list *l = s->writes.prev; l != &s->writes; l = l->prev) {
		const struct on_its_way *w = container_of(l, struct on_its_way, link);
		if (w->by == self->number && str_eq(blob_str(w->store), op->store) &&
		    (op->kind == KV_LIST || str_eq(blob_str(w->key), op->key)))
			return w->after;
	}
	return s->arrived;
}

/* ---- what is shared ---- */

static void shared_destroy(struct rc *rc)
{
	struct kv_shared *s = (struct kv_shared *)rc;
	timer_stop(s->loop, &s->timer);
	while (oldest(s))
		write_free(s, oldest(s));
	kv_destroy(&s->arrived);
	kv_destroy(&s->now);
	mem_free(s);
}

struct kv_shared *kv_shared_new(struct kv *inner, struct loop *loop, uint64_t delay_ns)
{
	struct kv_shared *s = NEW(struct kv_shared);
	rc_init(&s->rc, shared_destroy);
	s->loop = loop;
	s->delay_ns = delay_ns;
	s->now = inner;
	s->arrived = kv_fork(inner);
	s->timer.fire = arrive_those_due;
	list_init(&s->writes);
	return s;
}

void kv_shared_unref(struct kv_shared **ps)
{
	struct kv_shared *s = take(*ps);
	if (s)
		rc_unref(&s->rc);
}

/* ---- one POP ---- */

static void kv_pop_start(struct kv *super, struct kv_op *op, struct loop *loop)
{
	struct kv_pop *self = (struct kv_pop *)super;
	struct kv_shared *s = self->shared;
	bool reads = op->kind == KV_LOOKUP || op->kind == KV_LIST;
	struct kv *at = reads && s->delay_ns ? visible(self, op) : s->now;
	at->ops->start(at, op, loop);
	CHECK(op->done);
	if (!reads && s->delay_ns && op->error == KV_OK)
		note_write(self, op);
}

static bool kv_pop_has_store(struct kv *super, struct str store)
{
	return kv_has_store(((struct kv_pop *)super)->shared->now, store);
}

static void kv_pop_add_store(struct kv *super, struct str store)
{
	struct kv_shared *s = ((struct kv_pop *)super)->shared;
	kv_add_store(s->now, store);
	kv_add_store(s->arrived, store);
}

static bool kv_pop_next_store(struct kv *super, struct pmap_entry *store)
{
	return kv_next_store(((struct kv_pop *)super)->shared->now, store);
}

static struct kv *kv_pop_fork(struct kv *super)
{
	const struct kv_shared *s = ((struct kv_pop *)super)->shared;
	struct kv_shared *alone = kv_shared_new(kv_fork(s->now), s->loop, s->delay_ns);
	struct kv *fork = kv_pop_new(alone);
	kv_shared_unref(&alone);
	return fork;
}

static void kv_pop_destroy(struct kv *super)
{
	struct kv_pop *self = (struct kv_pop *)super;
	kv_shared_unref(&self->shared);
	mem_free(self);
}

static const struct kv_ops kv_pop_ops = {
	.name = "pop",
	.has_store = kv_pop_has_store,
	.add_store = kv_pop_add_store,
	.next_store = kv_pop_next_store,
	.start = kv_pop_start,
	.fork = kv_pop_fork,
	.destroy = kv_pop_destroy,
};

struct kv *kv_pop_new(struct kv_shared *shared)
{
	struct kv_pop *self = NEW(struct kv_pop);
	self->super.ops = &kv_pop_ops;
	self->shared = shared;
	self->number = shared->pops++;
	rc_ref(&shared->rc);
	return &self->super;
}
