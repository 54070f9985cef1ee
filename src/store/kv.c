/* SPDX-License-Identifier: Apache-2.0 */
/* What all implementations have in common: the checks before an operation, and the end of one. */
#include "store/kv.h"

#include <string.h>

#include "base/base64.h"
#include "base/check.h"
#include "store/kv_priv.h"

void kv_op_init(struct kv_op *op, enum kv_kind kind, struct str store, struct str key)
{
	*op = (struct kv_op){ .kind = kind, .store = store, .key = key };
	arena_init(&op->memory);
	event_init(&op->changed);
}

void kv_op_fini(struct kv_op *op)
{
	if (!op->done && op->cancel)
		op->cancel(op);
	op->cancel = NULL;
	CHECK(list_empty(&op->changed.watchers));
	blob_unref(&op->found);
	blob_unref(&op->found_metadata);
	arena_fini(&op->memory);
}

void kv_op_finish(struct kv_op *op, enum kv_error error, struct loop *loop)
{
	CHECK(!op->done);
	op->done = true;
	op->error = error;
	op->cancel = NULL;
	event_fire(&op->changed, loop);
}

void kv_op_add_key(struct kv_op *op, struct str key)
{
	if (!op->keys)
		op->keys = arena_alloc(&op->memory, op->limit * sizeof *op->keys);
	CHECK(op->keys_count < op->limit);
	op->keys[op->keys_count++] = arena_str(&op->memory, key);
}

/* ---- keys ---- */

/* Fastly refuses "." and "..", and these at the end of a path segment, "a./b" included. */
static bool contains_dot_segment(struct str key, struct str dots)
{
	char inside[4], at_end[4];
	memcpy(inside, dots.ptr, dots.len);
	inside[dots.len] = '/';
	at_end[0] = '/';
	memcpy(at_end + 1, dots.ptr, dots.len);
	return str_eq(key, dots) || str_find(key, (struct str){ inside, dots.len + 1 }) != STR_NONE ||
	       str_ends(key, (struct str){ at_end, dots.len + 1 });
}

/* Alone, these are no key: the characters up to the space, and U+FFFE and U+FFFF. */
static const char *lone_character_fault(struct str key)
{
	if (key.len == 1 && (unsigned char)key.ptr[0] <= ' ')
		return key.ptr[0] == ' ' ? "is a single space" : "is a single control character";
	if (str_eq(key, STR("\xef\xbf\xbe")) || str_eq(key, STR("\xef\xbf\xbf")))
		return "is a single character that is not a Unicode character";
	return "";
}

const char *kv_key_fault(struct str key)
{
	static const struct {
		char c;
		const char *fault;
	} forbidden[] = {
		{ '\r', "contains a carriage return" },
		{ '\n', "contains a line feed" },
		{ '#', "contains a '#'" },
		{ ';', "contains a ';'" },
		{ '?', "contains a '?'" },
		{ '^', "contains a '^'" },
		{ '|', "contains a '|'" },
	};
	if (key.len == 0)
		return "is empty";
	if (key.len > KV_KEY_BYTES_MAX)
		return "is longer than 1024 bytes";
	if (!str_is_utf8(key))
		return "is not UTF-8";
	if (str_starts(key, STR(".well-known/acme-challenge")))
		return "starts with '.well-known/acme-challenge'";
	if (contains_dot_segment(key, STR("..")))
		return "is or contains '..'";
	if (contains_dot_segment(key, STR(".")))
		return "is or contains '.' as a path segment";
	for (size_t i = 0; i < COUNT_OF(forbidden); i++) {
		if (str_find_char(key, forbidden[i].c) != STR_NONE)
			return forbidden[i].fault;
	}
	return lone_character_fault(key);
}

/* ---- checks ---- */

static enum kv_error arguments_fault(struct kv *kv, const struct kv_op *op)
{
	if (!kv_has_store(kv, op->store))
		return KV_BAD_REQUEST;
	if (op->kind != KV_LIST && *kv_key_fault(op->key))
		return KV_BAD_REQUEST;
	if (op->kind == KV_LIST && op->limit > KV_LIST_LIMIT_MAX)
		return KV_BAD_REQUEST;
	if (op->kind != KV_INSERT)
		return KV_OK;
	if ((op->value && op->value->len > KV_VALUE_BYTES_MAX) || op->metadata.len > KV_METADATA_BYTES_MAX)
		return KV_PAYLOAD_TOO_LARGE;
	return op->value && op->mode <= KV_PREPEND ? KV_OK : KV_BAD_REQUEST;
}

void kv_start(struct kv *kv, struct kv_op *op, struct loop *loop)
{
	CHECK(!op->done && !op->cancel);
	enum kv_error fault = arguments_fault(kv, op);
	if (fault != KV_OK) {
		kv_op_finish(op, fault, loop);
		return;
	}
	if (op->kind == KV_LIST && op->limit == 0)
		op->limit = KV_LIST_LIMIT_DEFAULT;
	kv->ops->start(kv, op, loop);
}

/* ---- cursors ---- */

struct str kv_cursor_after(struct arena *a, struct str last)
{
	return base64_encode(a, last);
}

bool kv_cursor_key(struct arena *a, struct str cursor, struct str *key)
{
	return cursor.len > 0 && base64_decode(a, cursor, key);
}
