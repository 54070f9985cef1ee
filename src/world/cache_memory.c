/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cache in memory. What it holds is an index of persistent maps; who waits for whom is a frame's own: for
 * each key that somebody is obliged to provide, a room with those who are and those who wait.
 */
#include <string.h>

#include "base/mem.h"
#include "world/cache_index_priv.h"

struct cache_memory {
	struct cache super;
	struct cache_index index;
	struct list making; /* struct cache_content, a reference each */
	struct pmap rooms;  /* struct room by key */
};

struct room {
	struct rc rc;
	struct list obliged, waiting; /* struct cache_op, in the order in which they came */
};

/* The names of variants hold the headers that a request varies by; more than this nobody can send. */
enum { NAME_BYTES_MAX = 64 << 20 };

static const struct cache_ops cache_memory_ops;

/* ---- rooms ---- */

static void room_destroy(struct rc *r)
{
	mem_free(r);
}

static struct room *find_room(const struct cache_memory *c, struct str key)
{
	return (struct room *)pmap_get(&c->rooms, key);
}

static struct room *need_room(struct cache_memory *c, struct str key)
{
	struct room *room = find_room(c, key);
	if (room)
		return room;
	room = NEW(struct room);
	rc_init(&room->rc, room_destroy);
	list_init(&room->obliged);
	list_init(&room->waiting);
	pmap_put(&c->rooms, key, &room->rc);
	return room;
}

static void leave_room(struct cache_memory *c, struct cache_op *op)
{
	list_remove(&op->link);
	blob_unref(&op->variant);
	op->release = NULL;
	op->work = NULL;
	struct room *room = find_room(c, op->key);
	if (list_empty(&room->obliged) && list_empty(&room->waiting)) {
		pmap_remove(&c->rooms, op->key);
		cache_index_trim(&c->index, op->key);
	}
}

/* Objects may go while others are on their way: what they vary by is kept for those who ask meanwhile. */
static bool key_is_pinned(void *owner, struct str key)
{
	return find_room(owner, key) != NULL;
}

static bool is_claimed(const struct room *room, struct str name)
{
	if (!room)
		return false;
	for (const struct list *l = room->obliged.next; l != &room->obliged; l = l->next) {
		const struct cache_op *op = container_of(l, struct cache_op, link);
		if (str_eq(blob_str(op->variant), name))
			return true;
	}
	return false;
}

static void wake_room(struct cache_memory *c, struct str key);

static void memory_release(struct cache_op *op)
{
	struct cache_memory *c = op->work;
	bool gave_up = op->done;
	leave_room(c, op);
	if (gave_up)
		wake_room(c, op->key);
}

static void wait_in_room(struct cache_memory *c, struct cache_op *op)
{
	if (list_linked(&op->link))
		return;
	list_push(&need_room(c, op->key)->waiting, &op->link);
	op->release = memory_release;
	op->work = c;
}

/* The op is the one who provides the variant of that name. */
static void claim(struct cache_memory *c, struct cache_op *op, struct str name)
{
	op->obliged = true;
	op->variant = blob_new(name);
	list_push(&need_room(c, op->key)->obliged, &op->link);
	op->release = memory_release;
	op->work = c;
}

/* ---- looking ---- */

/* What there is for a request; borrowed until the next change. */
struct view {
	struct cache_entry *fresh, *usable, *any;
	bool usable_claimed, any_claimed;
};

static void name_variant(struct buf *out, const struct cache_rules *rules, size_t i,
			 const struct cache_op *op)
{
	buf_reset(out);
	cache_variant_name(out, op->key, rules ? blob_str(rules->at[i]) : STR(""), op->request);
	CHECK(!out->full);
}

/* Takes over what was written by now, so that nothing changes while the objects are compared. */
static void pull_variants(struct cache_memory *c, const struct cache_op *op)
{
	scoped(buf_fini) struct buf name = BUF_INIT(NAME_BYTES_MAX);
	const struct cache_rules *rules;
	if (list_empty(&c->making))
		return;
	for (size_t i = 0; (rules = cache_index_rules(&c->index, op->key)) && i < rules->count; i++) {
		name_variant(&name, rules, i, op);
		struct cache_entry *e = cache_index_get(&c->index, buf_str(&name));
		if (!e)
			continue;
		struct cache_content *content = e->object->content;
		rc_ref(&content->rc);
		cache_content_pull(content);
		rc_unref(&content->rc);
	}
}

static void look(struct cache_memory *c, const struct cache_op *op, struct view *v)
{
	scoped(buf_fini) struct buf name = BUF_INIT(NAME_BYTES_MAX);
	pull_variants(c, op);
	const struct cache_rules *rules = cache_index_rules(&c->index, op->key);
	const struct room *room = find_room(c, op->key);
	bool all = op->kind == CACHE_REPLACE_WAIT; /* it asks for claims, too */
	*v = (struct view){ 0 };
	for (size_t i = 0; i < (rules ? rules->count : 1) && (all || !v->fresh); i++) {
		name_variant(&name, rules, i, op);
		bool claimed = is_claimed(room, buf_str(&name));
		struct cache_entry *e = cache_index_get(&c->index, buf_str(&name));
		v->any_claimed |= claimed;
		if (e && !v->fresh && cache_object_fresh(e->object, e->purged, op->loop))
			v->fresh = e;
		if (e && e->object->pass)
			continue; /* of a mark there is nothing to use or to renew */
		if (e && !v->usable && cache_object_usable(e->object, op->loop)) {
			v->usable = e;
			v->usable_claimed = claimed;
		}
		if (e && !v->any)
			v->any = e;
	}
}

/* The op is done and has found the entry, or nothing. The entry is not good any more afterwards. */
static void settle(struct cache_memory *c, struct cache_op *op, struct cache_entry *e)
{
	if (e && e->object->pass) {
		op->pass = true;
		e = NULL;
	}
	struct cache_object *object = e ? e->object : NULL;
	if (e) {
		rc_ref(&object->rc);
		op->purged = e->purged;
		op->hits = e->hits;
		if (cache_object_usable(object, op->loop))
			op->hits = cache_index_hit(&c->index, blob_str(e->name));
	}
	cache_op_settle(op, object);
	cache_object_unref(&object);
}

/* Stops waiting, for what comes next. */
static void stop_waiting(struct cache_memory *c, struct cache_op *op)
{
	if (op->release)
		leave_room(c, op);
}

/* What is to come is expected to vary by what the newest object does. */
static void claim_newest(struct cache_memory *c, struct cache_op *op)
{
	scoped(buf_fini) struct buf name = BUF_INIT(NAME_BYTES_MAX);
	name_variant(&name, cache_index_rules(&c->index, op->key), 0, op);
	claim(c, op, buf_str(&name));
}

static void transact(struct cache_memory *c, struct cache_op *op, struct view *v)
{
	struct cache_entry *e = v->fresh ? v->fresh : v->usable;
	if (!e && v->any_claimed) {
		wait_in_room(c, op);
		return;
	}
	stop_waiting(c, op);
	if (!e && op->past_use)
		e = v->any;
	if (!e)
		claim_newest(c, op);
	else if (!v->fresh && !(e == v->usable && v->usable_claimed))
		claim(c, op, blob_str(e->name));
	settle(c, op, e);
}

/* What a request that comes later would find is gone. */
static void hide_variants(struct cache_memory *c, const struct cache_op *op)
{
	scoped(buf_fini) struct buf name = BUF_INIT(NAME_BYTES_MAX);
	const struct cache_rules *rules;
	for (size_t i = 0; (rules = cache_index_rules(&c->index, op->key)) && i < rules->count;) {
		name_variant(&name, rules, i, op);
		if (!cache_index_remove(&c->index, buf_str(&name)))
			i++;
	}
}

static void replace(struct cache_memory *c, struct cache_op *op, struct view *v)
{
	struct cache_entry *e = v->fresh && !v->fresh->object->pass ? v->fresh : v->usable;
	if (op->kind == CACHE_REPLACE_WAIT && v->any_claimed) {
		wait_in_room(c, op);
		return;
	}
	stop_waiting(c, op);
	if (op->kind != CACHE_REPLACE && !v->any_claimed && e)
		claim(c, op, blob_str(e->name));
	else if (op->kind != CACHE_REPLACE && !v->any_claimed)
		claim_newest(c, op);
	op->obliged = true;
	settle(c, op, e);
	if (op->kind == CACHE_REPLACE_FORCE)
		hide_variants(c, op);
}

/* Decides what becomes of an op, for the first time or again. */
static void examine(struct cache_memory *c, struct cache_op *op)
{
	struct view v;
	look(c, op, &v);
	switch (op->kind) {
	case CACHE_LOOKUP:
		settle(c, op, v.fresh ? v.fresh : v.usable ? v.usable : v.any);
		break;
	case CACHE_TRANSACTION:
		transact(c, op, &v);
		break;
	case CACHE_REPLACE:
	case CACHE_REPLACE_FORCE:
	case CACHE_REPLACE_WAIT:
		replace(c, op, &v);
		break;
	}
}

/* Something has changed for those who wait. */
static void wake_room(struct cache_memory *c, struct str key)
{
	struct room *room = find_room(c, key);
	if (!room)
		return;
	rc_ref(&room->rc);
	list_each(it, &room->waiting)
		examine(c, container_of(it, struct cache_op, link));
	rc_unref(&room->rc);
}

static void memory_start(struct cache *super, struct cache_op *op, struct loop *loop)
{
	(void)loop;
	examine((struct cache_memory *)super, op);
}

/* ---- storing ---- */

static void content_grew(struct cache_content *content, uint64_t by)
{
	struct cache_memory *c = content->owner;
	cache_index_grew(&c->index, by * content->stored);
}

static void content_ended(struct cache_content *content)
{
	struct cache_memory *c = content->owner;
	if (content->state == CACHE_FAILED && content->stored)
		cache_index_remove(&c->index, blob_str(content->entry));
	content->owner = NULL;
	list_remove(&content->making);
	rc_unref(&content->rc);
}

static struct cache_content *new_content(struct cache_memory *c, const struct cache_write *w,
					 struct loop *loop)
{
	struct cache_content *content = cache_content_new(w, c->index.ledger, loop);
	content->owner = c;
	content->grew = content_grew;
	content->ended = content_ended;
	rc_ref(&content->rc);
	list_push(&c->making, &content->making);
	return content;
}

/* Takes the object; the op's obligation is met. */
static void store(struct cache_memory *c, struct cache_op *op, struct cache_object *taken, uint64_t hits,
		  struct cache_meter *meter)
{
	uint64_t rules_max = meter ? MIN(meter->rules_max, CACHE_VARY_RULES_MAX) : CACHE_VARY_RULES_MAX;
	scoped(buf_fini) struct buf name = BUF_INIT(NAME_BYTES_MAX);
	cache_variant_name(&name, op->key, blob_str(taken->vary), op->request);
	CHECK(!name.full);
	op->obliged = false;
	if (op->release)
		leave_room(c, op);
	size_t rules = cache_index_put(&c->index, op->key, buf_str(&name), taken, hits, rules_max);
	if (meter)
		meter->measured(meter, 0, rules);
	wake_room(c, op->key);
}

static struct cache_object *memory_insert(struct cache *super, struct cache_op *op,
					  const struct cache_write *w, struct loop *loop)
{
	struct cache_memory *c = (struct cache_memory *)super;
	struct cache_content *content = new_content(c, w, loop);
	if (w->pass) {
		body_end(content->input);
		cache_content_pull(content);
	}
	struct cache_object *object =
		cache_object_new(content, w, cache_vary_canonical(w->vary),
				 cache_surrogate_keys_canonical(w->surrogate_keys), loop);
	rc_ref(&object->rc);
	store(c, op, object, 0, w->meter);
	return object;
}

static bool memory_update(struct cache *super, struct cache_op *op, const struct cache_write *w,
			  struct loop *loop, struct cache_object **renewed)
{
	struct cache_memory *c = (struct cache_memory *)super;
	struct cache_object *old = op->found;
	struct cache_content *content = old->content;
	cache_content_pull(content);
	if (content->state == CACHE_FAILED)
		return false;
	scoped(buf_fini) struct buf name = BUF_INIT(NAME_BYTES_MAX);
	cache_variant_name(&name, op->key, blob_str(old->vary), op->request);
	const struct cache_entry *e = cache_index_get(&c->index, buf_str(&name));
	uint64_t hits = op->hits;
	rc_ref(&content->rc);
	rc_ref(&old->vary->rc);
	struct blob *vary = w->has_vary ? cache_vary_canonical(w->vary) : old->vary;
	if (w->has_vary)
		rc_unref(&old->vary->rc);
	if (e && e->object == old) {
		hits = e->hits;
		cache_index_remove(&c->index, buf_str(&name));
	}
	struct cache_object *object =
		cache_object_new(content, w, vary, cache_surrogate_keys_canonical(w->surrogate_keys), loop);
	if (renewed) {
		rc_ref(&object->rc);
		*renewed = object;
	}
	store(c, op, object, hits, w->meter);
	return true;
}

/* What was found in place of an error, for one who waits: when it is what the chooser has, too. */
static void hand_over(struct cache_memory *c, struct cache_op *waiter, const struct cache_object *chosen)
{
	struct view v;
	look(c, waiter, &v);
	if (v.fresh || !v.any || v.any->object != chosen || waiter->kind != CACHE_TRANSACTION) {
		examine(c, waiter);
		return;
	}
	stop_waiting(c, waiter);
	waiter->if_error = true;
	settle(c, waiter, v.any);
}

static bool memory_choose_stale(struct cache *super, struct cache_op *op)
{
	struct cache_memory *c = (struct cache_memory *)super;
	struct room *room = find_room(c, op->key);
	op->obliged = false;
	op->if_error = true;
	if (!op->release)
		return true; /* in a race with all others: nobody waits for it */
	rc_ref(&room->rc);
	leave_room(c, op);
	list_each(it, &room->waiting)
		hand_over(c, container_of(it, struct cache_op, link), op->found);
	rc_unref(&room->rc);
	return true;
}

/* ---- the rest ---- */

static bool memory_purge(struct cache *super, struct str surrogate_key, bool soft, uint64_t *count)
{
	struct cache_memory *c = (struct cache_memory *)super;
	*count = cache_index_purge(&c->index, surrogate_key, soft);
	return true;
}

static bool memory_purge_key(struct cache *super, struct str key, bool soft, uint64_t *count)
{
	struct cache_memory *c = (struct cache_memory *)super;
	*count = cache_index_purge_key(&c->index, key, soft);
	return true;
}

static bool memory_age(struct cache *super, struct str key, uint64_t by_ns, uint64_t *count)
{
	struct cache_memory *c = (struct cache_memory *)super;
	*count = cache_index_age(&c->index, key, by_ns);
	return true;
}

static bool memory_next(struct cache *super, struct cache_item *item)
{
	struct cache_memory *c = (struct cache_memory *)super;
	while (pmap_each(&c->index.entries, &item->at)) {
		struct cache_entry *e = (struct cache_entry *)item->at.value;
		if (!cache_index_visible(&c->index, e))
			continue;
		item->key = cache_name_key(item->at.key);
		item->variant = item->at.key;
		item->object = e->object;
		item->hits = e->hits;
		item->purged = e->purged;
		return true;
	}
	return false;
}

static struct cache *memory_fork(struct cache *super)
{
	struct cache_memory *c = (struct cache_memory *)super, *child = NEW(struct cache_memory);
	child->super.ops = &cache_memory_ops;
	list_each(it, &c->making)
		cache_content_pull(container_of(it, struct cache_content, making));
	cache_index_copy(&c->index, &child->index, child);
	list_init(&child->making);
	return &child->super;
}

static void abandon_ops(struct list *ops)
{
	for (struct list *l; (l = list_pop(ops));) {
		struct cache_op *op = container_of(l, struct cache_op, link);
		op->release = NULL;
		op->work = NULL;
		op->obliged = false;
		blob_unref(&op->variant);
		if (!op->done)
			cache_op_settle(op, NULL);
	}
}

static void memory_destroy(struct cache *super)
{
	struct cache_memory *c = (struct cache_memory *)super;
	for (struct list *l; (l = list_pop(&c->making));) {
		struct cache_content *content = container_of(l, struct cache_content, making);
		cache_content_disown(content);
		rc_unref(&content->rc);
	}
	for (struct pmap_entry e = { 0 }; pmap_each(&c->rooms, &e);) {
		abandon_ops(&((struct room *)e.value)->obliged);
		abandon_ops(&((struct room *)e.value)->waiting);
	}
	pmap_fini(&c->rooms);
	cache_index_fini(&c->index);
	mem_free(c);
}

static const struct cache_ops cache_memory_ops = {
	.name = "memory",
	.start = memory_start,
	.insert = memory_insert,
	.update = memory_update,
	.choose_stale = memory_choose_stale,
	.purge = memory_purge,
	.purge_key = memory_purge_key,
	.age = memory_age,
	.next = memory_next,
	.fork = memory_fork,
	.destroy = memory_destroy,
};

struct cache *cache_memory_new(uint64_t bytes_max, uint64_t objects_max)
{
	struct cache_memory *c = NEW(struct cache_memory);
	c->super.ops = &cache_memory_ops;
	cache_index_init(&c->index, bytes_max, objects_max, c, key_is_pinned);
	list_init(&c->making);
	return &c->super;
}
