/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of store/kv.h, kept by every implementation and decorator. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "contract/contract.h"
#include "store/kv.h"
#include "store/kv_pop.h"

enum { WALL_NS = 1000000000, FAR_AWAY = 1000000000 };

/* A store in its world of time. `kv` has one empty store, "s". */
struct subject {
	struct clock *clock;
	struct loop loop;
	struct kv *kv;
	struct kv *parents[2]; /* of a fork */
};

/* ---- the implementations ---- */

static struct kv *memory(struct subject *s)
{
	(void)s;
	struct kv *kv = kv_memory_new();
	kv_add_store(kv, STR("s"));
	return kv;
}

static struct kv *fork_of_a_fork(struct subject *s)
{
	s->parents[0] = memory(s);
	s->parents[1] = kv_fork(s->parents[0]);
	return kv_fork(s->parents[1]);
}

static struct kv *slow(struct subject *s)
{
	return kv_slow_new(memory(s), NS_PER_MS);
}

static struct kv *failing_later(struct subject *s)
{
	return kv_failing_new(memory(s), FAR_AWAY);
}

static struct kv *slow_fork_of_failing(struct subject *s)
{
	s->parents[0] = kv_slow_new(kv_failing_new(memory(s), FAR_AWAY), 1);
	return kv_fork(s->parents[0]);
}

static struct kv *pop(struct subject *s)
{
	struct kv_shared *shared = kv_shared_new(memory(s), &s->loop, NS_PER_S);
	struct kv *kv = kv_pop_new(shared);
	kv_shared_unref(&shared);
	return kv;
}

static struct kv *pop_at_once(struct subject *s)
{
	struct kv_shared *shared = kv_shared_new(memory(s), &s->loop, 0);
	struct kv *kv = kv_pop_new(shared);
	kv_shared_unref(&shared);
	return kv;
}

static struct kv *fork_of_pop(struct subject *s)
{
	s->parents[0] = pop(s);
	return kv_fork(s->parents[0]);
}

#define EVERY_IMPLEMENTATION(X, promise) \
	X(promise, memory)               \
	X(promise, fork_of_a_fork)       \
	X(promise, slow)                 \
	X(promise, failing_later)        \
	X(promise, slow_fork_of_failing) \
	X(promise, pop)                  \
	X(promise, pop_at_once)          \
	X(promise, fork_of_pop)

static void begin(struct subject *s, struct kv *(*make)(struct subject *))
{
	*s = (struct subject){ .clock = clock_virtual_new(WALL_NS) };
	loop_init(&s->loop, s->clock);
	s->kv = make(s);
}

static void end(struct subject *s)
{
	kv_destroy(&s->kv);
	kv_destroy(&s->parents[1]);
	kv_destroy(&s->parents[0]);
	loop_fini(&s->loop);
	clock_destroy(&s->clock);
}

/* ---- saying what to do ---- */

static enum kv_error run(struct subject *s, struct kv_op *op)
{
	kv_start(s->kv, op, &s->loop);
	if (!op->done)
		assert_int_equal(loop_run(&s->loop, &op->done, UINT64_MAX), LOOP_DONE);
	return op->error;
}

static enum kv_error insert_op(struct subject *s, struct kv_op *op, struct str value)
{
	op->value = blob_new(value);
	enum kv_error error = run(s, op);
	blob_unref(&op->value);
	return error;
}

static enum kv_error insert_as(struct subject *s, const char *key, const char *value,
			       enum kv_insert_mode mode)
{
	struct kv_op op;
	kv_op_init(&op, KV_INSERT, STR("s"), str_from(key));
	op.mode = mode;
	enum kv_error error = insert_op(s, &op, str_from(value));
	kv_op_fini(&op);
	return error;
}

static void put(struct subject *s, const char *key, const char *value)
{
	assert_int_equal(insert_as(s, key, value, KV_OVERWRITE), KV_OK);
}

static void put_for(struct subject *s, const char *key, uint64_t ttl_ns)
{
	struct kv_op op;
	kv_op_init(&op, KV_INSERT, STR("s"), str_from(key));
	op.ttl_ns = ttl_ns;
	assert_int_equal(insert_op(s, &op, STR("short-lived")), KV_OK);
	kv_op_fini(&op);
}

static enum kv_error look(struct subject *s, struct kv_op *op, const char *key)
{
	kv_op_init(op, KV_LOOKUP, STR("s"), str_from(key));
	return run(s, op);
}

static enum kv_error lookup_error(struct subject *s, const char *key)
{
	struct kv_op op;
	enum kv_error error = look(s, &op, key);
	kv_op_fini(&op);
	return error;
}

static void assert_holds(struct subject *s, const char *key, const char *value)
{
	struct kv_op op;
	assert_int_equal(look(s, &op, key), KV_OK);
	assert_str(blob_str(op.found), value);
	kv_op_fini(&op);
}

static uint64_t generation_of(struct subject *s, const char *key)
{
	struct kv_op op;
	assert_int_equal(look(s, &op, key), KV_OK);
	uint64_t generation = op.found_generation;
	kv_op_fini(&op);
	return generation;
}

static enum kv_error remove_key(struct subject *s, const char *key)
{
	struct kv_op op;
	kv_op_init(&op, KV_DELETE, STR("s"), str_from(key));
	enum kv_error error = run(s, &op);
	kv_op_fini(&op);
	return error;
}

/* The keys of one page, with blanks between; the next cursor comes back in `cursor` (at least 64 bytes). */
static void assert_page(struct subject *s, const char *prefix, char *cursor, uint32_t limit,
			const char *expected)
{
	struct kv_op op;
	char text[256] = "";
	kv_op_init(&op, KV_LIST, STR("s"), STR(""));
	op.prefix = str_from(prefix);
	op.cursor = str_from(cursor);
	op.limit = limit;
	assert_int_equal(run(s, &op), KV_OK);
	for (size_t i = 0; i < op.keys_count; i++) {
		strcat(text, i ? " " : "");
		strncat(text, op.keys[i].ptr, op.keys[i].len);
	}
	assert_string_equal(text, expected);
	if (cursor) {
		assert_true(op.next_cursor.len < 64);
		memcpy(cursor, op.next_cursor.ptr ? op.next_cursor.ptr : "", op.next_cursor.len);
		cursor[op.next_cursor.len] = '\0';
	}
	kv_op_fini(&op);
}

static void wait_ns(struct subject *s, uint64_t ns)
{
	clock_jump(s->clock, clock_monotonic(s->clock) + ns);
}

/* ---- one key ---- */

CONTRACT(an_inserted_value_is_found)
{
	struct kv_op op;
	put(s, "k", "value");
	assert_int_equal(look(s, &op, "k"), KV_OK);
	assert_str(blob_str(op.found), "value");
	assert_null(op.found_metadata);
	assert_true(op.found_generation > 0);
	kv_op_fini(&op);
}

CONTRACT(a_value_may_be_empty_and_hold_any_byte)
{
	struct kv_op op;
	kv_op_init(&op, KV_INSERT, STR("s"), STR("bytes"));
	assert_int_equal(insert_op(s, &op, (struct str){ "a\0\xff", 3 }), KV_OK);
	kv_op_fini(&op);
	assert_int_equal(look(s, &op, "bytes"), KV_OK);
	assert_int_equal(op.found->len, 3);
	assert_memory_equal(op.found->bytes, "a\0\xff", 3);
	kv_op_fini(&op);
	put(s, "empty", "");
	assert_holds(s, "empty", "");
}

CONTRACT(what_was_never_inserted_is_not_found)
{
	assert_int_equal(lookup_error(s, "nothing"), KV_NOT_FOUND);
}

CONTRACT(a_found_value_outlives_its_key)
{
	struct kv_op op;
	put(s, "k", "value");
	assert_int_equal(look(s, &op, "k"), KV_OK);
	put(s, "k", "other");
	assert_int_equal(remove_key(s, "k"), KV_OK);
	assert_str(blob_str(op.found), "value");
	kv_op_fini(&op);
}

CONTRACT(metadata_and_value_are_replaced_together)
{
	struct kv_op op;
	kv_op_init(&op, KV_INSERT, STR("s"), STR("k"));
	op.metadata = STR("about it");
	assert_int_equal(insert_op(s, &op, STR("one")), KV_OK);
	kv_op_fini(&op);
	assert_int_equal(look(s, &op, "k"), KV_OK);
	assert_str(blob_str(op.found_metadata), "about it");
	kv_op_fini(&op);
	put(s, "k", "two");
	assert_int_equal(look(s, &op, "k"), KV_OK);
	assert_str(blob_str(op.found), "two");
	assert_null(op.found_metadata);
	kv_op_fini(&op);
}

CONTRACT(a_deleted_key_is_gone_and_cannot_be_deleted_again)
{
	put(s, "k", "value");
	assert_int_equal(remove_key(s, "k"), KV_OK);
	assert_int_equal(lookup_error(s, "k"), KV_NOT_FOUND);
	assert_int_equal(remove_key(s, "k"), KV_NOT_FOUND);
}

/* ---- modes ---- */

CONTRACT(add_makes_a_key_but_never_replaces_one)
{
	assert_int_equal(insert_as(s, "k", "first", KV_ADD), KV_OK);
	assert_int_equal(insert_as(s, "k", "second", KV_ADD), KV_PRECONDITION_FAILED);
	assert_holds(s, "k", "first");
}

CONTRACT(append_and_prepend_extend_what_is_there)
{
	put(s, "k", "b");
	assert_int_equal(insert_as(s, "k", "c", KV_APPEND), KV_OK);
	assert_int_equal(insert_as(s, "k", "a", KV_PREPEND), KV_OK);
	assert_holds(s, "k", "abc");
}

CONTRACT(append_and_prepend_make_a_key_that_is_not_there)
{
	assert_int_equal(insert_as(s, "a", "x", KV_APPEND), KV_OK);
	assert_int_equal(insert_as(s, "p", "y", KV_PREPEND), KV_OK);
	assert_holds(s, "a", "x");
	assert_holds(s, "p", "y");
}

CONTRACT(a_value_may_not_grow_over_its_limit)
{
	struct kv_op op;
	char *big = mem_zalloc(KV_VALUE_BYTES_MAX);
	kv_op_init(&op, KV_INSERT, STR("s"), STR("k"));
	assert_int_equal(insert_op(s, &op, (struct str){ big, KV_VALUE_BYTES_MAX }), KV_OK);
	kv_op_fini(&op);
	mem_free(big);
	assert_int_equal(insert_as(s, "k", "x", KV_APPEND), KV_PAYLOAD_TOO_LARGE);
	assert_int_equal(insert_as(s, "k", "x", KV_PREPEND), KV_PAYLOAD_TOO_LARGE);
	assert_int_equal(look(s, &op, "k"), KV_OK);
	assert_int_equal(op.found->len, KV_VALUE_BYTES_MAX);
	kv_op_fini(&op);
}

/* ---- generations ---- */

CONTRACT(every_write_has_a_larger_generation_and_says_which)
{
	struct kv_op op;
	uint64_t last = 0;
	for (int i = 0; i < 5; i++) {
		kv_op_init(&op, KV_INSERT, STR("s"), i % 2 ? STR("a") : STR("b"));
		assert_int_equal(insert_op(s, &op, STR("x")), KV_OK);
		assert_true(op.found_generation > last);
		last = op.found_generation;
		assert_int_equal(generation_of(s, i % 2 ? "a" : "b"), last);
		kv_op_fini(&op);
	}
}

static enum kv_error insert_if(struct subject *s, const char *key, uint64_t generation)
{
	struct kv_op op;
	kv_op_init(&op, KV_INSERT, STR("s"), str_from(key));
	op.if_generation = true;
	op.generation = generation;
	enum kv_error error = insert_op(s, &op, STR("changed"));
	kv_op_fini(&op);
	return error;
}

CONTRACT(a_write_can_ask_for_the_generation_it_replaces)
{
	put(s, "k", "old");
	uint64_t generation = generation_of(s, "k");
	assert_int_equal(insert_if(s, "k", generation + 1), KV_PRECONDITION_FAILED);
	assert_int_equal(insert_if(s, "k", 1337), KV_PRECONDITION_FAILED);
	assert_holds(s, "k", "old");
	assert_int_equal(insert_if(s, "k", generation), KV_OK);
	assert_int_equal(insert_if(s, "k", generation), KV_PRECONDITION_FAILED);
	assert_holds(s, "k", "changed");
}

CONTRACT(generation_0_asks_for_a_key_that_is_not_there)
{
	assert_int_equal(insert_if(s, "k", 7), KV_PRECONDITION_FAILED);
	assert_int_equal(insert_if(s, "k", 0), KV_OK);
	assert_int_equal(insert_if(s, "k", 0), KV_PRECONDITION_FAILED);
}

/* ---- expiry ---- */

CONTRACT(a_value_expires_with_the_worlds_clock)
{
	put_for(s, "k", 10 * NS_PER_S);
	wait_ns(s, 9 * NS_PER_S);
	assert_int_equal(lookup_error(s, "k"), KV_OK);
	wait_ns(s, NS_PER_S);
	assert_int_equal(lookup_error(s, "k"), KV_NOT_FOUND);
	assert_int_equal(remove_key(s, "k"), KV_NOT_FOUND);
}

CONTRACT(what_is_found_says_how_long_it_is_still_there)
{
	struct kv_op op;
	put_for(s, "k", 10 * NS_PER_S);
	put(s, "always", "x");
	wait_ns(s, 4 * NS_PER_S);
	assert_int_equal(look(s, &op, "k"), KV_OK);
	assert_true(op.found_ttl_ns <= 6 * NS_PER_S && op.found_ttl_ns > 5 * NS_PER_S);
	kv_op_fini(&op);
	assert_int_equal(look(s, &op, "always"), KV_OK);
	assert_int_equal(op.found_ttl_ns, 0);
	kv_op_fini(&op);
}

CONTRACT(an_expired_key_is_as_if_it_had_never_been)
{
	put_for(s, "added", NS_PER_S);
	put_for(s, "appended", NS_PER_S);
	put_for(s, "deleted", NS_PER_S);
	put(s, "stays", "x");
	wait_ns(s, NS_PER_S);
	assert_page(s, "", NULL, 0, "stays");
	assert_int_equal(insert_if(s, "added", generation_of(s, "stays")), KV_PRECONDITION_FAILED);
	assert_int_equal(insert_as(s, "added", "new", KV_ADD), KV_OK);
	assert_int_equal(insert_as(s, "appended", "new", KV_APPEND), KV_OK);
	assert_int_equal(remove_key(s, "deleted"), KV_NOT_FOUND);
	assert_holds(s, "added", "new");
	assert_holds(s, "appended", "new");
}

CONTRACT(a_write_without_expiry_ends_an_earlier_ones)
{
	put_for(s, "k", NS_PER_S);
	put(s, "k", "for ever");
	wait_ns(s, 100 * NS_PER_S);
	assert_holds(s, "k", "for ever");
}

CONTRACT(the_longest_expiry_is_for_ever)
{
	put_for(s, "k", UINT64_MAX);
	wait_ns(s, 1000000 * NS_PER_S);
	assert_int_equal(lookup_error(s, "k"), KV_OK);
}

CONTRACT(time_set_backwards_ends_nothing_early_and_nothing_wraps)
{
	struct kv_op op;
	put_for(s, "k", 10 * NS_PER_S);
	put_for(s, "seen to end", NS_PER_S);
	wait_ns(s, 2 * NS_PER_S);
	assert_int_equal(lookup_error(s, "seen to end"), KV_NOT_FOUND);
	clock_virtual_set_wall(s->clock, WALL_NS / 2);
	put_for(s, "later", NS_PER_S);
	assert_int_equal(look(s, &op, "k"), KV_OK);
	assert_true(op.found_ttl_ns > 8 * NS_PER_S && op.found_ttl_ns <= 10 * NS_PER_S + WALL_NS);
	kv_op_fini(&op);
	assert_page(s, "l", NULL, 0, "later");
	wait_ns(s, NS_PER_S);
	assert_int_equal(lookup_error(s, "later"), KV_NOT_FOUND);
	wait_ns(s, WALL_NS + 10 * NS_PER_S);
	assert_int_equal(lookup_error(s, "k"), KV_NOT_FOUND);
}

/* ---- lists ---- */

CONTRACT(keys_are_listed_in_byte_order)
{
	static const char *const keys[] = { "b", "a", "aa", "Z", "\xc3\xa9", "~" };
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		put(s, keys[i], "x");
	assert_page(s, "", NULL, 0, "Z a aa b ~ \xc3\xa9");
}

CONTRACT(an_empty_store_has_an_empty_list)
{
	char cursor[64] = "";
	assert_page(s, "", cursor, 0, "");
	assert_string_equal(cursor, "");
}

CONTRACT(a_prefix_chooses_keys)
{
	static const char *const keys[] = { "a", "key1", "key2", "kez", "kex", "z" };
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		put(s, keys[i], "x");
	assert_page(s, "key", NULL, 0, "key1 key2");
	assert_page(s, "none", NULL, 0, "");
}

CONTRACT(pages_follow_each_other_without_gap_or_double)
{
	char cursor[64] = "";
	static const char *const keys[] = { "k1", "k2", "k3", "k4", "k5", "other" };
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		put(s, keys[i], "x");
	assert_page(s, "k", cursor, 2, "k1 k2");
	assert_string_not_equal(cursor, "");
	assert_page(s, "k", cursor, 2, "k3 k4");
	assert_page(s, "k", cursor, 2, "k5");
	assert_string_equal(cursor, "");
}

CONTRACT(a_page_that_is_exactly_full_is_the_last_one)
{
	char cursor[64] = "";
	put(s, "k1", "x");
	put(s, "k2", "x");
	assert_page(s, "", cursor, 2, "k1 k2");
	assert_string_equal(cursor, "");
}

CONTRACT(a_cursor_survives_changes_between_pages)
{
	char cursor[64] = "";
	put(s, "k1", "x");
	put(s, "k2", "x");
	put(s, "k4", "x");
	assert_page(s, "", cursor, 2, "k1 k2");
	assert_int_equal(remove_key(s, "k2"), KV_OK);
	put(s, "k0", "x");
	put(s, "k3", "x");
	assert_page(s, "", cursor, 2, "k3 k4");
}

CONTRACT(expired_keys_do_not_fill_a_page)
{
	char cursor[64] = "";
	put_for(s, "k1", 1);
	put(s, "k2", "x");
	put_for(s, "k3", 1);
	put(s, "k4", "x");
	wait_ns(s, 10);
	assert_page(s, "", cursor, 2, "k2 k4");
	assert_string_equal(cursor, "");
}

CONTRACT(a_cursor_that_no_page_gave_is_a_bad_request)
{
	static const char *const cursors[] = { "?", "a", "ab=c", "====", "a===", "aGVsbG8" };
	for (size_t i = 0; i < COUNT_OF(cursors); i++) {
		struct kv_op op;
		kv_op_init(&op, KV_LIST, STR("s"), STR(""));
		op.cursor = str_from(cursors[i]);
		assert_int_equal(run(s, &op), KV_BAD_REQUEST);
		kv_op_fini(&op);
	}
}

/* ---- arguments ---- */

CONTRACT(a_store_that_is_not_there_is_a_bad_request)
{
	for (enum kv_kind kind = KV_LOOKUP; kind <= KV_LIST; kind++) {
		struct kv_op op;
		kv_op_init(&op, kind, STR("nowhere"), STR("k"));
		assert_int_equal(insert_op(s, &op, STR("x")), KV_BAD_REQUEST);
		kv_op_fini(&op);
	}
	assert_false(kv_has_store(s->kv, STR("nowhere")));
}

CONTRACT(stores_do_not_see_each_other)
{
	struct kv_op op;
	kv_add_store(s->kv, STR("t"));
	kv_add_store(s->kv, STR("t"));
	assert_true(kv_has_store(s->kv, STR("t")));
	put(s, "k", "in s");
	kv_op_init(&op, KV_LOOKUP, STR("t"), STR("k"));
	assert_int_equal(run(s, &op), KV_NOT_FOUND);
	kv_op_fini(&op);
}

CONTRACT(stores_come_in_the_order_of_their_names)
{
	static const char *const expected[] = { "a", "s", "z" };
	size_t at = 0;
	kv_add_store(s->kv, STR("z"));
	kv_add_store(s->kv, STR("a"));
	for (struct pmap_entry store = { 0 }; kv_next_store(s->kv, &store); at++) {
		assert_true(at < COUNT_OF(expected));
		assert_str(store.key, expected[at]);
	}
	assert_int_equal(at, COUNT_OF(expected));
}

CONTRACT(making_a_store_again_keeps_what_it_holds)
{
	put(s, "k", "value");
	kv_add_store(s->kv, STR("s"));
	assert_holds(s, "k", "value");
}

CONTRACT(keys_that_may_not_be_used_are_a_bad_request)
{
	static const char *const keys[] = { "",     ".",
					    "..",   "a/..",
					    "../a", "a/.",
					    "./a",  ".well-known/acme-challenge",
					    "a#",   ";",
					    "a?b",  "^",
					    "|",    "a\rb",
					    "a\nb", " ",
					    "\x01", "\xef\xbf\xbf",
					    "\xff", "\xc3" };
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		assert_string_not_equal(kv_key_fault(str_from(keys[i])), "");
		assert_int_equal(lookup_error(s, keys[i]), KV_BAD_REQUEST);
		assert_int_equal(insert_as(s, keys[i], "x", KV_OVERWRITE), KV_BAD_REQUEST);
		assert_int_equal(remove_key(s, keys[i]), KV_BAD_REQUEST);
	}
	static const char *const fine[] = { "a b", "...", "a..b", ".a", "a.", "/", "a/b", "\xc3\xa9", "  " };
	for (size_t i = 0; i < COUNT_OF(fine); i++)
		assert_string_equal(kv_key_fault(str_from(fine[i])), "");
}

/* A key of `len` bytes. */
static enum kv_error insert_long_key(struct subject *s, size_t len)
{
	char key[KV_KEY_BYTES_MAX + 2] = "";
	memset(key, 'k', len);
	return insert_as(s, key, "x", KV_OVERWRITE);
}

static enum kv_error insert_sized(struct subject *s, size_t value_len, size_t metadata_len)
{
	struct kv_op op;
	char *bytes = mem_zalloc(KV_VALUE_BYTES_MAX + 1);
	kv_op_init(&op, KV_INSERT, STR("s"), STR("k"));
	op.metadata = (struct str){ bytes, metadata_len };
	enum kv_error error = insert_op(s, &op, (struct str){ bytes, value_len });
	kv_op_fini(&op);
	mem_free(bytes);
	return error;
}

static enum kv_error list_limit(struct subject *s, uint32_t limit)
{
	struct kv_op op;
	kv_op_init(&op, KV_LIST, STR("s"), STR(""));
	op.limit = limit;
	enum kv_error error = run(s, &op);
	kv_op_fini(&op);
	return error;
}

CONTRACT(every_limit_holds_at_its_value_and_not_one_above)
{
	assert_int_equal(insert_long_key(s, KV_KEY_BYTES_MAX), KV_OK);
	assert_int_equal(insert_long_key(s, KV_KEY_BYTES_MAX + 1), KV_BAD_REQUEST);
	assert_int_equal(insert_sized(s, 0, KV_METADATA_BYTES_MAX), KV_OK);
	assert_int_equal(insert_sized(s, 0, KV_METADATA_BYTES_MAX + 1), KV_PAYLOAD_TOO_LARGE);
	assert_int_equal(insert_sized(s, KV_VALUE_BYTES_MAX + 1, 0), KV_PAYLOAD_TOO_LARGE);
	assert_int_equal(list_limit(s, KV_LIST_LIMIT_MAX), KV_OK);
	assert_int_equal(list_limit(s, KV_LIST_LIMIT_MAX + 1), KV_BAD_REQUEST);
}

CONTRACT(a_list_without_a_limit_has_100_keys)
{
	char key[16];
	struct kv_op op;
	for (int i = 0; i <= KV_LIST_LIMIT_DEFAULT; i++) {
		snprintf(key, sizeof key, "k%d", i);
		put(s, key, "x");
	}
	kv_op_init(&op, KV_LIST, STR("s"), STR(""));
	assert_int_equal(run(s, &op), KV_OK);
	assert_int_equal(op.keys_count, KV_LIST_LIMIT_DEFAULT);
	assert_true(op.next_cursor.len > 0);
	kv_op_fini(&op);
}

/* ---- forks ---- */

CONTRACT(a_fork_and_its_origin_do_not_see_each_others_writes)
{
	put(s, "shared", "before");
	put(s, "gone", "before");
	struct subject child = { .clock = s->clock, .kv = kv_fork(s->kv) };
	loop_init(&child.loop, s->clock);
	assert_holds(&child, "shared", "before");
	put(&child, "shared", "child's");
	put(&child, "new", "child's");
	assert_int_equal(remove_key(&child, "gone"), KV_OK);
	kv_add_store(child.kv, STR("only the child's"));
	assert_holds(s, "shared", "before");
	assert_holds(s, "gone", "before");
	assert_int_equal(lookup_error(s, "new"), KV_NOT_FOUND);
	assert_false(kv_has_store(s->kv, STR("only the child's")));
	put(s, "shared", "parent's");
	assert_holds(&child, "shared", "child's");
	kv_destroy(&child.kv);
	loop_fini(&child.loop);
	assert_holds(s, "shared", "parent's");
}

CONTRACT(a_fork_goes_on_where_generations_were)
{
	put(s, "k", "x");
	uint64_t before = generation_of(s, "k");
	struct subject child = { .clock = s->clock, .kv = kv_fork(s->kv) };
	loop_init(&child.loop, s->clock);
	put(&child, "k", "y");
	assert_true(generation_of(&child, "k") > before);
	kv_destroy(&child.kv);
	loop_fini(&child.loop);
}

/* ---- time and order ---- */

CONTRACT(operations_take_effect_in_the_order_of_their_start)
{
	struct kv_op first, second, third;
	struct blob *one = blob_new(STR("1")), *two = blob_new(STR("2"));
	kv_op_init(&first, KV_INSERT, STR("s"), STR("k"));
	kv_op_init(&second, KV_INSERT, STR("s"), STR("k"));
	kv_op_init(&third, KV_LOOKUP, STR("s"), STR("k"));
	first.value = one;
	second.value = two;
	second.mode = KV_APPEND;
	kv_start(s->kv, &first, &s->loop);
	kv_start(s->kv, &second, &s->loop);
	kv_start(s->kv, &third, &s->loop);
	if (!third.done)
		assert_int_equal(loop_run(&s->loop, &third.done, UINT64_MAX), LOOP_DONE);
	assert_true(first.done && second.done);
	assert_str(blob_str(third.found), "12");
	kv_op_fini(&first);
	kv_op_fini(&second);
	kv_op_fini(&third);
	blob_unref(&one);
	blob_unref(&two);
}

CONTRACT(an_operation_may_be_given_up_at_any_time)
{
	struct kv_op op;
	for (enum kv_kind kind = KV_LOOKUP; kind <= KV_LIST; kind++) {
		struct blob *value = blob_new(STR("x"));
		kv_op_init(&op, kind, STR("s"), STR("k"));
		op.value = value;
		kv_start(s->kv, &op, &s->loop);
		kv_op_fini(&op);
		blob_unref(&value);
	}
	put(s, "later", "works");
	assert_holds(s, "later", "works");
}

struct waiter {
	struct watcher watcher;
	bool woken;
};

static void wake(struct task *t)
{
	container_of(t, struct waiter, watcher.task)->woken = true;
}

CONTRACT(whoever_waits_is_woken_when_it_is_done)
{
	struct kv_op op;
	struct waiter w = { 0 };
	kv_op_init(&op, KV_LOOKUP, STR("s"), STR("k"));
	kv_start(s->kv, &op, &s->loop);
	if (!op.done) {
		watcher_start(&w.watcher, &op.changed, wake);
		assert_int_equal(loop_run(&s->loop, &w.woken, UINT64_MAX), LOOP_DONE);
		assert_true(op.done);
	}
	kv_op_fini(&op);
}

TEST(a_slow_store_takes_its_time_and_no_more)
{
	struct subject s;
	begin(&s, slow);
	uint64_t before = clock_monotonic(s.clock);
	assert_int_equal(lookup_error(&s, "k"), KV_NOT_FOUND);
	assert_int_equal(clock_monotonic(s.clock) - before, NS_PER_MS);
	end(&s);
}

TEST(the_same_writes_have_the_same_generations_in_every_run)
{
	uint64_t generations[2];
	for (int i = 0; i < 2; i++) {
		struct subject s;
		begin(&s, memory);
		put(&s, "a", "x");
		put(&s, "b", "x");
		generations[i] = generation_of(&s, "b");
		end(&s);
	}
	assert_int_equal(generations[0], generations[1]);
}

/* ---- failures ---- */

enum { STEPS = 5 };

/* One step of a small story; KV_OK only when the step did what it should. */
static enum kv_error step(struct subject *s, int i)
{
	struct kv_op op;
	static const struct {
		enum kv_kind kind;
		enum kv_insert_mode mode;
	} steps[STEPS] = { { KV_INSERT, KV_ADD },
			   { KV_LOOKUP, 0 },
			   { KV_INSERT, KV_APPEND },
			   { KV_LIST, 0 },
			   { KV_DELETE, 0 } };
	kv_op_init(&op, steps[i].kind, STR("s"), STR("k"));
	op.mode = steps[i].mode;
	enum kv_error error = insert_op(s, &op, STR("x"));
	kv_op_fini(&op);
	return error;
}

TEST(a_failed_operation_changes_nothing_and_later_ones_work)
{
	for (unsigned nth = 0; nth < STEPS; nth++) {
		struct subject s;
		begin(&s, memory);
		s.kv = kv_failing_new(s.kv, nth);
		for (int i = 0; i < STEPS; i++) {
			enum kv_error error = step(&s, i);
			if ((unsigned)i == nth) {
				assert_int_equal(error, KV_INTERNAL_ERROR);
				error = step(&s, i);
			}
			assert_int_equal(error, KV_OK);
		}
		assert_int_equal(lookup_error(&s, "k"), KV_NOT_FOUND);
		end(&s);
	}
}
