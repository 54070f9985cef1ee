/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores in memory: a persistent map of stores, each a persistent map of entries, so that a fork is one
 * reference count. Nothing that a map holds is changed: a write makes a new entry, and a new store (a word
 * more than its map) around it.
 */
#include <string.h>

#include "base/mem.h"
#include "base/pmap.h"
#include "store/kv.h"
#include "store/kv_priv.h"

struct kv_memory {
	struct kv super;
	struct pmap stores; /* struct memory_store by name */
	uint64_t last_generation;
};

struct memory_store {
	struct rc rc;
	struct pmap entries; /* struct entry by key */
};

struct entry {
	struct rc rc;
	struct blob *value, *metadata; /* metadata: or NULL */
	uint64_t generation;
	uint64_t expires_ns; /* wall time; UINT64_MAX: never */
};

static void entry_destroy(struct rc *r)
{
	struct entry *en = (struct entry *)r;
	blob_unref(&en->value);
	blob_unref(&en->metadata);
	mem_free(en);
}

static void store_destroy(struct rc *r)
{
	struct memory_store *s = (struct memory_store *)r;
	pmap_fini(&s->entries);
	mem_free(s);
}

static struct memory_store *find_store(const struct kv_memory *self, struct str name)
{
	return (struct memory_store *)pmap_get(&self->stores, name);
}

/*
 * A store of that name that no fork sees, with all it had. The one before goes when nobody else holds it, and
 * with it the second reference to its entries, so that in the usual case nothing but the changed path is ever
 * copied.
 */
static struct memory_store *writable_store(struct kv_memory *self, struct str name)
{
	const struct memory_store *old = find_store(self, name);
	struct memory_store *s = NEW(struct memory_store);
	rc_init(&s->rc, store_destroy);
	if (old)
		s->entries = pmap_copy(&old->entries);
	pmap_put(&self->stores, name, &s->rc);
	return s;
}

/* NULL when the key is not there, or not any more. */
static const struct entry *live_entry(const struct kv_memory *self, const struct kv_op *op, uint64_t now)
{
	const struct entry *en =
		(const struct entry *)pmap_get(&find_store(self, op->store)->entries, op->key);
	return en && en->expires_ns > now ? en : NULL;
}

/* ---- operations ---- */

static enum kv_error lookup(struct kv_memory *self, struct kv_op *op, uint64_t now)
{
	const struct entry *en = live_entry(self, op, now);
	if (!en) {
		/* What has expired lets its bytes go. */
		if (pmap_get(&find_store(self, op->store)->entries, op->key))
			pmap_remove(&writable_store(self, op->store)->entries, op->key);
		return KV_NOT_FOUND;
	}
	rc_ref(&en->value->rc);
	op->found = en->value;
	if (en->metadata)
		rc_ref(&en->metadata->rc);
	op->found_metadata = en->metadata;
	op->found_generation = en->generation;
	op->found_ttl_ns = en->expires_ns == UINT64_MAX ? 0 : en->expires_ns - now;
	return KV_OK;
}

static void plain_destroy(struct rc *r)
{
	mem_free(r);
}

static struct blob *blob_of_size(size_t len)
{
	struct blob *b = mem_alloc(sizeof *b + len + 1);
	rc_init(&b->rc, plain_destroy);
	b->len = len;
	b->bytes[len] = '\0';
	return b;
}

/* NULL when the two are too long together. */
static struct blob *joined(const struct blob *first, const struct blob *second)
{
	if (first->len + second->len > KV_VALUE_BYTES_MAX)
		return NULL;
	struct blob *both = blob_of_size(first->len + second->len);
	memcpy(both->bytes, first->bytes, first->len);
	memcpy(both->bytes + first->len, second->bytes, second->len);
	return both;
}

static struct blob *new_value(const struct kv_op *op, const struct entry *before)
{
	if (before && op->mode == KV_APPEND)
		return joined(before->value, op->value);
	if (before && op->mode == KV_PREPEND)
		return joined(op->value, before->value);
	rc_ref(&op->value->rc);
	return op->value;
}

static enum kv_error insert(struct kv_memory *self, struct kv_op *op, uint64_t now)
{
	const struct entry *before = live_entry(self, op, now);
	if (op->if_generation && op->generation != (before ? before->generation : 0))
		return KV_PRECONDITION_FAILED;
	if (op->mode == KV_ADD && before)
		return KV_PRECONDITION_FAILED;
	struct blob *value = new_value(op, before);
	if (!value)
		return KV_PAYLOAD_TOO_LARGE;
	struct entry *en = NEW(struct entry);
	rc_init(&en->rc, entry_destroy);
	en->value = value;
	en->metadata = op->metadata.len ? blob_new(op->metadata) : NULL;
	en->generation = self->last_generation = MAX(self->last_generation + 1, now);
	en->expires_ns = op->ttl_ns && op->ttl_ns < UINT64_MAX - now ? now + op->ttl_ns : UINT64_MAX;
	op->found_generation = en->generation;
	pmap_put(&writable_store(self, op->store)->entries, op->key, &en->rc);
	return KV_OK;
}

static enum kv_error delete (struct kv_memory *self, struct kv_op *op, uint64_t now) {
	bool live = live_entry(self, op, now) != NULL;
	if (pmap_get(&find_store(self, op->store)->entries, op->key))
		pmap_remove(&writable_store(self, op->store)->entries, op->key);
	return live ? KV_OK : KV_NOT_FOUND;
}

static enum kv_error list(struct kv_memory *self, struct kv_op *op, uint64_t now)
{
	const struct pmap *entries = &find_store(self, op->store)->entries;
	struct str key = { NULL, 0 };
	struct rc *value;
	if (op->cursor.len && !kv_cursor_key(&op->memory, op->cursor, &key))
		return KV_BAD_REQUEST;
	bool from_prefix = str_cmp(key, op->prefix) < 0 || key.len == 0;
	if (from_prefix)
		key = op->prefix;
	bool more = pmap_next(entries, key, from_prefix, &key, &value);
	for (; more && str_starts(key, op->prefix); more = pmap_next(entries, key, false, &key, &value)) {
		if (((const struct entry *)value)->expires_ns <= now)
			continue;
		if (op->keys_count == op->limit) {
			op->next_cursor = kv_cursor_after(&op->memory, op->keys[op->limit - 1]);
			break;
		}
		kv_op_add_key(op, key);
	}
	return KV_OK;
}

static void kv_memory_start(struct kv *super, struct kv_op *op, struct loop *loop)
{
	static enum kv_error (*const work[])(struct kv_memory *, struct kv_op *, uint64_t now) = {
		[KV_LOOKUP] = lookup,
		[KV_INSERT] = insert,
		[KV_DELETE] = delete,
		[KV_LIST] = list,
	};
	kv_op_finish(op, work[op->kind]((struct kv_memory *)super, op, clock_wall(loop->clock)), loop);
}

/* ---- stores ---- */

static bool kv_memory_has_store(struct kv *super, struct str name)
{
	return find_store((struct kv_memory *)super, name) != NULL;
}

static void kv_memory_add_store(struct kv *super, struct str name)
{
	struct kv_memory *self = (struct kv_memory *)super;
	if (!find_store(self, name))
		writable_store(self, name);
}

static bool kv_memory_next_store(struct kv *super, struct pmap_entry *store)
{
	return pmap_each(&((struct kv_memory *)super)->stores, store);
}

static struct kv *kv_memory_fork(struct kv *super)
{
	const struct kv_memory *self = (const struct kv_memory *)super;
	struct kv_memory *forked = NEW(struct kv_memory);
	forked->super = self->super;
	forked->stores = pmap_copy(&self->stores);
	forked->last_generation = self->last_generation;
	return &forked->super;
}

static void kv_memory_destroy(struct kv *super)
{
	struct kv_memory *self = (struct kv_memory *)super;
	pmap_fini(&self->stores);
	mem_free(self);
}

static const struct kv_ops kv_memory_ops = {
	.name = "memory",
	.has_store = kv_memory_has_store,
	.add_store = kv_memory_add_store,
	.next_store = kv_memory_next_store,
	.start = kv_memory_start,
	.fork = kv_memory_fork,
	.destroy = kv_memory_destroy,
};

struct kv *kv_memory_new(void)
{
	struct kv_memory *self = NEW(struct kv_memory);
	self->super.ops = &kv_memory_ops;
	return &self->super;
}
