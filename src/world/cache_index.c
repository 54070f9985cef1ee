/* SPDX-License-Identifier: Apache-2.0 */
#include "world/cache_index_priv.h"

#include <string.h>

#include "base/mem.h"

/* What an object costs beside its bytes and names, for the bound: nodes of four maps, and itself. */
enum { OBJECT_BYTES = 640, USE_BYTES = 8, NAME_BYTES_MAX = 65 << 20 };

/* ---- life ---- */

static void tokens_destroy(struct rc *r)
{
	mem_free(r);
}

static uint64_t new_token(struct cache_index *x)
{
	return ++x->tokens->last;
}

void cache_index_init(struct cache_index *x, uint64_t bytes_max, uint64_t objects_max, void *owner,
		      bool (*pinned)(void *owner, struct str key))
{
	*x = (struct cache_index){
		.bytes_max = bytes_max, .objects_max = objects_max, .owner = owner, .pinned = pinned
	};
	x->ledger = cache_ledger_new(bytes_max);
	x->tokens = NEW(struct cache_tokens);
	rc_init(&x->tokens->rc, tokens_destroy);
	x->token = new_token(x);
}

void cache_index_fini(struct cache_index *x)
{
	pmap_fini(&x->entries);
	pmap_fini(&x->rules);
	pmap_fini(&x->by_use);
	pmap_fini(&x->by_surrogate);
	rc_unref(&x->tokens->rc);
	rc_unref(&x->ledger->rc);
}

void cache_index_copy(struct cache_index *x, struct cache_index *out, void *owner)
{
	*out = *x;
	rc_ref(&x->tokens->rc);
	rc_ref(&x->ledger->rc);
	out->entries = pmap_copy(&x->entries);
	out->rules = pmap_copy(&x->rules);
	out->by_use = pmap_copy(&x->by_use);
	out->by_surrogate = pmap_copy(&x->by_surrogate);
	out->owner = owner;
	/* What is there by now is nobody's alone. */
	x->token = new_token(x);
	out->token = new_token(out);
}

/* ---- vary rules ---- */

static void rules_destroy(struct rc *r)
{
	struct cache_rules *rules = (struct cache_rules *)r;
	for (size_t i = 0; i < rules->count; i++)
		blob_unref(&rules->at[i]);
	mem_free(rules);
}

const struct cache_rules *cache_index_rules(const struct cache_index *x, struct str key)
{
	return (const struct cache_rules *)pmap_get(&x->rules, key);
}

/* To change; made when there are none. */
static struct cache_rules *own_rules(struct cache_index *x, struct str key)
{
	struct cache_rules *old = (struct cache_rules *)pmap_get(&x->rules, key);
	if (old && old->token == x->token)
		return old;
	struct cache_rules *own = NEW(struct cache_rules);
	if (old)
		*own = *old;
	for (size_t i = 0; i < own->count; i++)
		rc_ref(&own->at[i]->rc);
	rc_init(&own->rc, rules_destroy);
	own->token = x->token;
	pmap_put(&x->rules, key, &own->rc);
	return own;
}

void cache_index_trim(struct cache_index *x, struct str key)
{
	const struct cache_rules *rules = cache_index_rules(x, key);
	if (rules && rules->objects == 0)
		pmap_remove(&x->rules, key);
}

/* Puts a rule in front of all others; returns how many there are with it, before it forgets the last ones. */
static size_t prefer_rule(struct cache_rules *rules, struct blob *rule, size_t rules_max)
{
	size_t at = 0, count;
	while (at < rules->count && !str_eq(blob_str(rules->at[at]), blob_str(rule)))
		at++;
	count = MAX(rules->count, at + 1);
	rc_ref(&rule->rc);
	if (at < rules->count)
		blob_unref(&rules->at[at]);
	else if (at == CACHE_VARY_RULES_MAX)
		blob_unref(&rules->at[--at]);
	else
		rules->count++;
	memmove(&rules->at[1], &rules->at[0], at * sizeof rules->at[0]);
	rules->at[0] = rule;
	while (rules->count > rules_max)
		blob_unref(&rules->at[--rules->count]);
	return count;
}

/* ---- entries ---- */

static void entry_destroy(struct rc *r)
{
	struct cache_entry *e = (struct cache_entry *)r;
	cache_object_leave(e->object);
	cache_object_unref(&e->object);
	blob_unref(&e->name);
	mem_free(e);
}

static struct cache_entry *find(const struct cache_index *x, struct str name)
{
	return (struct cache_entry *)pmap_get(&x->entries, name);
}

bool cache_index_visible(const struct cache_index *x, const struct cache_entry *e)
{
	const struct cache_content *c = e->object->content;
	return c->state == CACHE_COMPLETE || (c->state == CACHE_MAKING && c->owner == x->owner);
}

struct cache_entry *cache_index_get(const struct cache_index *x, struct str name)
{
	struct cache_entry *e = find(x, name);
	return e && cache_index_visible(x, e) ? e : NULL;
}

/* To change. */
static struct cache_entry *own_entry(struct cache_index *x, struct cache_entry *e)
{
	if (e->token == x->token)
		return e;
	struct cache_entry *own = NEW(struct cache_entry);
	*own = *e;
	rc_init(&own->rc, entry_destroy);
	own->token = x->token;
	rc_ref(&own->object->rc);
	cache_object_enter(own->object);
	rc_ref(&own->name->rc);
	pmap_put(&x->entries, blob_str(own->name), &own->rc);
	return own;
}

static size_t count_words(struct str words)
{
	size_t count = words.len > 0;
	for (size_t i = 0; i < words.len; i++)
		count += words.ptr[i] == ' ';
	return count;
}

static uint64_t charge(const struct cache_entry *e)
{
	const struct cache_object *o = e->object;
	size_t names = 3 + count_words(blob_str(o->surrogate_keys));
	return OBJECT_BYTES + names * e->name->len + 2 * o->surrogate_keys->len + o->vary->len +
	       o->user_metadata->len + o->content->bytes;
}

struct str cache_name_key(struct str name)
{
	const unsigned char *n = (const unsigned char *)name.ptr;
	size_t len = (size_t)n[0] << 24 | (size_t)n[1] << 16 | (size_t)n[2] << 8 | n[3];
	return str_sub(name, 4, len);
}

/* ---- the maps beside ---- */

static struct str use_key(uint64_t use, char out[USE_BYTES])
{
	for (int i = 0; i < USE_BYTES; i++)
		out[i] = (char)(use >> (8 * (USE_BYTES - 1 - i)));
	return (struct str){ out, USE_BYTES };
}

static void note_use(struct cache_index *x, struct cache_entry *e)
{
	char key[USE_BYTES];
	if (e->used)
		pmap_remove(&x->by_use, use_key(e->used, key));
	e->used = ++x->uses;
	rc_ref(&e->name->rc);
	pmap_put(&x->by_use, use_key(e->used, key), &e->name->rc);
}

static void index_surrogates(struct cache_index *x, const struct cache_entry *e, bool there)
{
	scoped(buf_fini) struct buf key = BUF_INIT(NAME_BYTES_MAX);
	for (struct str rest = blob_str(e->object->surrogate_keys); rest.len;) {
		buf_reset(&key);
		buf_add(&key, str_split(&rest, ' '));
		buf_add_char(&key, ' ');
		buf_add(&key, blob_str(e->name));
		if (there) {
			rc_ref(&e->name->rc);
			pmap_put(&x->by_surrogate, buf_str(&key), &e->name->rc);
		} else {
			pmap_remove(&x->by_surrogate, buf_str(&key));
		}
	}
}

/* ---- changes ---- */

/* The vary rules of its key stay when they are about to be used again. */
static void remove_entry(struct cache_index *x, struct cache_entry *e, bool keep_rules)
{
	char use[USE_BYTES];
	struct cache_content *content = e->object->content;
	struct str key = cache_name_key(blob_str(e->name));
	rc_ref(&e->rc);
	x->bytes -= MIN(x->bytes, charge(e));
	pmap_remove(&x->by_use, use_key(e->used, use));
	index_surrogates(x, e, false);
	if (content->owner && content->owner == x->owner)
		content->stored--;
	own_rules(x, key)->objects--;
	if (!keep_rules && !x->pinned(x->owner, key))
		cache_index_trim(x, key);
	pmap_remove(&x->entries, blob_str(e->name));
	rc_unref(&e->rc);
}

bool cache_index_remove(struct cache_index *x, struct str name)
{
	struct cache_entry *e = find(x, name);
	if (e)
		remove_entry(x, e, false);
	return e != NULL;
}

static bool is_over(const struct cache_index *x)
{
	return x->bytes + x->ledger->held_bytes > x->bytes_max || pmap_count(&x->entries) > x->objects_max;
}

/* Over the bounds, what was used longest ago goes; what is left when only one is left. */
static void evict(struct cache_index *x)
{
	while (pmap_count(&x->entries) > 1 && is_over(x)) {
		struct str key;
		struct rc *name;
		CHECK(pmap_next(&x->by_use, STR(""), true, &key, &name));
		CHECK(cache_index_remove(x, blob_str((struct blob *)name)));
	}
}

void cache_index_grew(struct cache_index *x, uint64_t bytes)
{
	x->bytes += bytes;
	evict(x);
}

size_t cache_index_put(struct cache_index *x, struct str key, struct str name, struct cache_object *taken,
		       uint64_t hits, size_t rules_max)
{
	struct cache_entry *old = find(x, name);
	if (old)
		remove_entry(x, old, true);
	struct cache_rules *rules = own_rules(x, key);
	size_t count = prefer_rule(rules, taken->vary, MAX(rules_max, (size_t)1));
	rules->objects++;
	struct cache_entry *e = NEW(struct cache_entry);
	rc_init(&e->rc, entry_destroy);
	e->token = x->token;
	e->object = taken;
	cache_object_enter(taken);
	e->name = blob_new(name);
	e->hits = hits;
	struct cache_content *content = taken->content;
	if (content->owner && content->owner == x->owner) {
		content->stored++;
		blob_unref(&content->entry);
		rc_ref(&e->name->rc);
		content->entry = e->name;
	}
	pmap_put(&x->entries, name, &e->rc);
	note_use(x, e);
	index_surrogates(x, e, true);
	x->bytes += charge(e);
	evict(x);
	return count;
}

uint64_t cache_index_hit(struct cache_index *x, struct str name)
{
	struct cache_entry *e = find(x, name);
	CHECK(e);
	e = own_entry(x, e);
	note_use(x, e);
	return ++e->hits;
}

/* ---- purging ---- */

/* Does it to one; 1 when it could be seen. */
static uint64_t purge_entry(struct cache_index *x, struct cache_entry *e, bool soft)
{
	uint64_t seen = cache_index_visible(x, e);
	if (soft)
		own_entry(x, e)->purged = true;
	else
		remove_entry(x, e, false);
	return seen;
}

static uint64_t purge_all(struct cache_index *x, bool soft)
{
	uint64_t count = 0;
	struct str key;
	struct rc *name;
	scoped(buf_fini) struct buf last = BUF_INIT(USE_BYTES);
	while (pmap_next(&x->by_use, buf_str(&last), false, &key, &name)) {
		buf_reset(&last);
		buf_add(&last, key);
		count += purge_entry(x, find(x, blob_str((struct blob *)name)), soft);
	}
	return count;
}

uint64_t cache_index_purge(struct cache_index *x, struct str surrogate_key, bool soft)
{
	uint64_t count = 0;
	struct str key;
	struct rc *name;
	scoped(buf_fini) struct buf prefix = BUF_INIT(NAME_BYTES_MAX), last = BUF_INIT(NAME_BYTES_MAX);
	if (!surrogate_key.ptr)
		return purge_all(x, soft);
	buf_add(&prefix, surrogate_key);
	buf_add_char(&prefix, ' ');
	buf_add(&last, buf_str(&prefix));
	while (pmap_next(&x->by_surrogate, buf_str(&last), false, &key, &name) &&
	       str_starts(key, buf_str(&prefix))) {
		buf_reset(&last);
		buf_add(&last, key);
		count += purge_entry(x, find(x, blob_str((struct blob *)name)), soft);
	}
	return count;
}

/* ---- all under one key ---- */

/* The first entry at or, when `above`, behind `name` that the prefix begins; NULL at the end. */
static struct cache_entry *next_under(const struct cache_index *x, struct str prefix, struct str name,
				      bool above)
{
	struct str found;
	struct rc *entry;
	if (!pmap_next(&x->entries, name, !above, &found, &entry) || !str_starts(found, prefix))
		return NULL;
	return (struct cache_entry *)entry;
}

uint64_t cache_index_purge_key(struct cache_index *x, struct str key, bool soft)
{
	uint64_t count = 0;
	struct cache_entry *e;
	scoped(buf_fini) struct buf prefix = BUF_INIT(NAME_BYTES_MAX), last = BUF_INIT(NAME_BYTES_MAX);
	cache_variant_name(&prefix, key, STR(""), NULL);
	buf_add(&last, buf_str(&prefix));
	for (bool above = false; (e = next_under(x, buf_str(&prefix), buf_str(&last), above)); above = true) {
		buf_reset(&last);
		buf_add(&last, blob_str(e->name));
		count += purge_entry(x, e, soft);
	}
	return count;
}

uint64_t cache_index_age(struct cache_index *x, struct str key, uint64_t by_ns)
{
	uint64_t count = 0;
	struct cache_entry *e;
	scoped(buf_fini) struct buf prefix = BUF_INIT(NAME_BYTES_MAX), last = BUF_INIT(NAME_BYTES_MAX);
	if (key.ptr)
		cache_variant_name(&prefix, key, STR(""), NULL);
	buf_add(&last, buf_str(&prefix));
	for (bool above = false; (e = next_under(x, buf_str(&prefix), buf_str(&last), above)); above = true) {
		buf_reset(&last);
		buf_add(&last, blob_str(e->name));
		count += cache_index_visible(x, e);
		e = own_entry(x, e);
		struct cache_object *old = e->object;
		e->object = cache_object_aged(old, by_ns);
		cache_object_enter(e->object);
		cache_object_leave(old);
		cache_object_unref(&old);
	}
	return count;
}
