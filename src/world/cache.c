/* SPDX-License-Identifier: Apache-2.0 */
/* What all caches have in common: operations, names of variants, lists of keys. */
#include "world/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "world/cache_priv.h"

/* ---- operations ---- */

void cache_op_init(struct cache_op *op, enum cache_op_kind kind, struct str key,
		   const struct headers *request)
{
	*op = (struct cache_op){ .kind = kind, .key = key, .request = request };
	event_init(&op->changed);
}

void cache_op_settle(struct cache_op *op, struct cache_object *found)
{
	op->done = true;
	if (found) {
		rc_ref(&found->rc);
		op->found = found;
		op->has_length = cache_object_length(found, &op->length);
	}
	event_fire(&op->changed, op->loop);
}

bool cache_op_cancel(struct cache_op *op)
{
	bool obliged = op->obliged;
	op->obliged = false;
	if (op->release && op->done)
		op->release(op);
	return obliged;
}

void cache_op_fini(struct cache_op *op)
{
	if (op->release)
		op->release(op);
	op->obliged = false;
	cache_object_unref(&op->found);
}

unsigned cache_op_state(const struct cache_op *op, const struct loop *loop)
{
	unsigned state = op->obliged ? CACHE_MUST_INSERT_OR_UPDATE : 0;
	if (!op->found)
		return state;
	if (cache_object_usable(op->found, loop)) {
		state |= CACHE_FOUND | CACHE_USABLE;
		if (!cache_object_fresh(op->found, op->purged, loop))
			state |= CACHE_STALE;
	} else if (op->if_error) {
		state |= CACHE_FOUND | CACHE_USABLE | CACHE_STALE | CACHE_USABLE_IF_ERROR;
	} else if (op->obliged && cache_object_usable_if_error(op->found, loop)) {
		state |= CACHE_USABLE_IF_ERROR;
	}
	return state;
}

/* ---- lists of words ---- */

bool cache_vary_valid(struct str vary)
{
	for (struct str rest = vary; rest.ptr;) {
		if (!header_name_valid(str_split(&rest, ' ')))
			return false;
	}
	return vary.len > 0 && vary.len <= CACHE_VARY_BYTES_MAX;
}

bool cache_surrogate_key_valid(struct str key)
{
	for (size_t i = 0; i < key.len; i++) {
		if (key.ptr[i] <= ' ' || key.ptr[i] > '~')
			return false;
	}
	return key.len <= CACHE_SURROGATE_KEY_BYTES_MAX;
}

bool cache_surrogate_keys_valid(struct str keys)
{
	if (keys.len > CACHE_SURROGATE_KEYS_BYTES_MAX)
		return false;
	for (struct str rest = keys; rest.ptr;) {
		if (!cache_surrogate_key_valid(str_split(&rest, ' ')))
			return false;
	}
	return true;
}

struct str cache_surrogate_keys_good(struct str keys, struct arena *a)
{
	scoped(buf_fini) struct buf out = BUF_INIT(CACHE_SURROGATE_KEYS_BYTES_MAX);
	for (struct str rest = keys; rest.ptr;) {
		struct str key = str_split(&rest, ' ');
		if (key.len == 0 || !cache_surrogate_key_valid(key) || out.len + 1 + key.len > out.max)
			continue;
		if (out.len)
			buf_add_char(&out, ' ');
		buf_add(&out, key);
	}
	return arena_str(a, buf_str(&out));
}

static int compare_words(const void *a, const void *b)
{
	const struct str *left = a, *right = b;
	return str_cmp(*left, *right);
}

/* Sorts words that are separated by spaces, drops empty ones and doubles. */
static struct blob *sort_words(struct str text)
{
	scoped(buf_fini) struct buf out = BUF_INIT(text.len + 1);
	size_t count = 0;
	struct str *words = mem_alloc((text.len / 2 + 1) * sizeof *words);
	for (struct str rest = text; rest.ptr;) {
		struct str word = str_split(&rest, ' ');
		if (word.len)
			words[count++] = word;
	}
	if (count)
		qsort(words, count, sizeof *words, compare_words);
	for (size_t i = 0; i < count; i++) {
		if (i && str_eq(words[i], words[i - 1]))
			continue;
		if (out.len)
			buf_add_char(&out, ' ');
		buf_add(&out, words[i]);
	}
	mem_free(words);
	return blob_new(buf_str(&out));
}

struct blob *cache_surrogate_keys_canonical(struct str keys)
{
	return sort_words(keys);
}

struct blob *cache_vary_canonical(struct str vary)
{
	struct blob *lower = blob_new(vary);
	for (size_t i = 0; i < lower->len; i++)
		lower->bytes[i] = ascii_lower(lower->bytes[i]);
	struct blob *sorted = sort_words(blob_str(lower));
	blob_unref(&lower);
	return sorted;
}

/* ---- variants ---- */

static void add_counted(struct buf *out, struct str s)
{
	const uint32_t len = (uint32_t)s.len;
	const char bytes[] = { (char)(len >> 24), (char)(len >> 16), (char)(len >> 8), (char)len };
	buf_add(out, (struct str){ bytes, sizeof bytes });
	buf_add(out, s);
}

/* Everything with its length in front, so that no value can look like several, or like a name. */
void cache_variant_name(struct buf *out, struct str key, struct str vary, const struct headers *request)
{
	add_counted(out, key);
	for (struct str rest = vary; rest.len;) {
		struct str name = str_split(&rest, ' ');
		const struct header *field;
		size_t from = 0;
		add_counted(out, name);
		while (request && (field = headers_next(request, name, &from))) {
			buf_add_char(out, '=');
			add_counted(out, field->value);
		}
		buf_add_char(out, ';');
	}
}
