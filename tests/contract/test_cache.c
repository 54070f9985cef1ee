/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of world/cache.h, kept by every implementation, by frames of frames and under faults. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "contract/contract.h"
#include "world/cache.h"

#define WALL_NS (UINT64_C(1000000) * NS_PER_S)
enum { FAR_AWAY = 1000000000, WAITERS = 100 };

struct subject {
	struct clock *clock;
	struct loop loop;
	struct cache *cache;
	struct cache *parents[2]; /* of a fork */
	struct arena arena;       /* of headers and texts */
};

/* ---- the implementations ---- */

static struct cache *memory(struct subject *s)
{
	(void)s;
	return cache_memory_new(CACHE_BYTES_MAX, CACHE_OBJECTS_MAX);
}

static struct cache *fork_of_a_fork(struct subject *s)
{
	s->parents[0] = memory(s);
	s->parents[1] = cache_fork(s->parents[0]);
	return cache_fork(s->parents[1]);
}

static struct cache *failing_later(struct subject *s)
{
	return cache_failing_new(memory(s), FAR_AWAY);
}

static struct cache *fork_of_failing(struct subject *s)
{
	s->parents[0] = failing_later(s);
	return cache_fork(s->parents[0]);
}

#define EVERY_IMPLEMENTATION(X, promise) \
	X(promise, memory)               \
	X(promise, fork_of_a_fork)       \
	X(promise, failing_later)        \
	X(promise, fork_of_failing)

static void begin(struct subject *s, struct cache *(*make)(struct subject *))
{
	*s = (struct subject){ .clock = clock_virtual_new(WALL_NS) };
	loop_init(&s->loop, s->clock);
	arena_init(&s->arena);
	s->cache = make(s);
}

static void end(struct subject *s)
{
	cache_destroy(&s->cache);
	cache_destroy(&s->parents[1]);
	cache_destroy(&s->parents[0]);
	arena_fini(&s->arena);
	loop_fini(&s->loop);
	clock_destroy(&s->clock);
}

/* ---- saying what to do ---- */

static void turn(struct subject *s)
{
	bool never = false;
	assert_int_equal(loop_run(&s->loop, &never, UINT64_MAX), LOOP_STUCK);
}

static void pass(struct subject *s, uint64_t ns)
{
	assert_true(clock_jump(s->clock, clock_monotonic(s->clock) + ns));
}

/* "name: value, name: value"; NULL: none. */
static const struct headers *headers_of(struct subject *s, const char *text)
{
	struct headers *h = ARENA_NEW(&s->arena, struct headers);
	if (!text)
		return NULL;
	for (struct str rest = str_from(text); rest.len;) {
		struct str field = str_split(&rest, ','), name = str_split(&field, ':');
		headers_add(h, &s->arena, str_trim(name), str_trim(field));
	}
	return h;
}

static void start(struct subject *s, struct cache_op *op, enum cache_op_kind kind, const char *key,
		  const char *headers)
{
	cache_op_init(op, kind, str_from(key), headers_of(s, headers));
	cache_start(s->cache, op, &s->loop);
}

static struct cache_write for_seconds(unsigned seconds)
{
	return (struct cache_write){ .max_age_ns = seconds * NS_PER_S,
				     .edge_max_age_ns = seconds * NS_PER_S };
}

/* Stores and leaves the body open. */
static struct cache_object *store(struct subject *s, const char *key, const char *headers,
				  const struct cache_write *w)
{
	struct cache_op op;
	cache_op_init(&op, CACHE_LOOKUP, str_from(key), headers_of(s, headers));
	struct cache_object *o = cache_insert(s->cache, &op, w, &s->loop);
	assert_non_null(o);
	cache_op_fini(&op);
	return o;
}

static void finish(struct cache_object *o, const char *body)
{
	struct body *in = body_ref(cache_object_input(o));
	body_write(in, str_from(body));
	body_end(in);
	body_unref(&in);
	assert_true(cache_object_complete(o));
	cache_object_unref(&o);
}

static void put_with(struct subject *s, const char *key, const char *headers, const char *body,
		     const struct cache_write *w)
{
	finish(store(s, key, headers, w), body);
}

static void put(struct subject *s, const char *key, const char *body, unsigned seconds)
{
	struct cache_write w = for_seconds(seconds);
	put_with(s, key, NULL, body, &w);
}

static struct str read_body(struct subject *s, struct body *b)
{
	scoped(buf_fini) struct buf text = BUF_INIT(1 << 24);
	struct str bytes;
	enum body_state state;
	while ((state = body_peek(b, &bytes)) == BODY_DATA || state == BODY_WAIT) {
		buf_add(&text, bytes);
		body_consume(b, bytes.len);
		if (state == BODY_WAIT) {
			turn(s);
			if (body_peek(b, &bytes) == BODY_WAIT) {
				buf_add(&text, STR(" …"));
				break;
			}
		}
	}
	if (state == BODY_FAILED)
		buf_add(&text, STR(" failed"));
	return arena_str(&s->arena, buf_str(&text));
}

static struct str read_range(struct subject *s, struct cache_object *o, const struct cache_range *r)
{
	struct body *b;
	enum cache_open opened = cache_object_open(o, r, &s->loop, &b);
	if (opened != CACHE_OPENED)
		return opened == CACHE_OPEN_WAIT ? STR("(wait)") : STR("(failed)");
	struct str text = read_body(s, b);
	body_unref(&b);
	return text;
}

static struct str read_object(struct subject *s, struct cache_object *o)
{
	return read_range(s, o, &(struct cache_range){ 0 });
}

/* "F" found, "S" stale, "O" obliged, "-" waits; then the body. */
static struct str describe(struct subject *s, const struct cache_op *op)
{
	if (!op->done)
		return STR("-");
	unsigned state = cache_op_state(op, &s->loop);
	assert_int_equal((state & CACHE_FOUND) != 0, (state & CACHE_USABLE) != 0);
	return arena_printf(&s->arena, "%s%s%s%s" STR_FMT, state & CACHE_FOUND ? "F" : "",
			    state & CACHE_STALE ? "S" : "", state & CACHE_MUST_INSERT_OR_UPDATE ? "O" : "",
			    state & CACHE_FOUND ? " " : "",
			    STR_ARG(state & CACHE_FOUND ? read_object(s, op->found) : STR("")));
}

static struct str look(struct subject *s, enum cache_op_kind kind, const char *key, const char *headers)
{
	struct cache_op op;
	start(s, &op, kind, key, headers);
	struct str text = describe(s, &op);
	cache_op_fini(&op);
	return text;
}

#define assert_op(op, expected) assert_str(describe(s, (op)), (expected))
#define assert_found(key, headers, expected) assert_str(look(s, CACHE_LOOKUP, (key), (headers)), (expected))

/* What a transaction's owner does: stores under its obligation. */
static void provide(struct subject *s, struct cache_op *op, const char *body, unsigned seconds)
{
	struct cache_write w = for_seconds(seconds);
	struct cache_object *o = cache_insert(s->cache, op, &w, &s->loop);
	assert_non_null(o);
	finish(o, body);
}

static uint64_t purge(struct subject *s, const char *key, bool soft)
{
	uint64_t count;
	assert_true(cache_purge(s->cache, key ? str_from(key) : (struct str){ NULL, 0 }, soft, &count));
	return count;
}

/* ---- what is stored is found ---- */

CONTRACT(nothing_is_found_in_an_empty_cache)
{
	assert_found("k", NULL, "");
	struct cache_item item = { 0 };
	assert_false(cache_next(s->cache, &item));
}

CONTRACT(what_was_stored_is_found_under_its_key_alone)
{
	put(s, "k", "hello", 10);
	assert_found("k", NULL, "F hello");
	assert_found("K", NULL, "");
	assert_found("", NULL, "");
	put(s, "", "empty key", 10);
	assert_found("", NULL, "F empty key");
}

CONTRACT(keys_may_be_any_bytes)
{
	struct cache_op op;
	struct cache_write w = for_seconds(10);
	char *longest = arena_alloc(&s->arena, CACHE_KEY_BYTES_MAX);
	memset(longest, 0, CACHE_KEY_BYTES_MAX);
	cache_op_init(&op, CACHE_LOOKUP, (struct str){ longest, CACHE_KEY_BYTES_MAX }, NULL);
	finish(cache_insert(s->cache, &op, &w, &s->loop), "zeros");
	cache_start(s->cache, &op, &s->loop);
	assert_op(&op, "F zeros");
	cache_op_fini(&op);
}

CONTRACT(the_newest_of_two_is_found)
{
	put(s, "k", "old", 10);
	put(s, "k", "new", 10);
	assert_found("k", NULL, "F new");
}

CONTRACT(metadata_comes_back_as_it_was_given)
{
	struct cache_op op;
	struct cache_write w = for_seconds(10);
	w.user_metadata = STR("about\0it");
	w.edge_max_age_ns = 3;
	w.swr_ns = 5;
	w.sensitive = true;
	w.surrogate_keys = STR(" b  a b ");
	put_with(s, "k", NULL, "", &w);
	start(s, &op, CACHE_LOOKUP, "k", NULL);
	assert_true(str_eq(blob_str(op.found->user_metadata), STR("about\0it")));
	assert_int_equal(op.found->max_age_ns, 10 * NS_PER_S);
	assert_int_equal(op.found->edge_max_age_ns, 3);
	assert_int_equal(op.found->swr_ns, 5);
	assert_true(op.found->sensitive);
	assert_str(blob_str(op.found->surrogate_keys), "a b");
	cache_op_fini(&op);
}

CONTRACT(an_object_that_was_found_stays_whatever_happens_to_the_cache)
{
	struct cache_op op;
	put(s, "k", "old", 10);
	start(s, &op, CACHE_LOOKUP, "k", NULL);
	put(s, "k", "new", 10);
	assert_int_equal(purge(s, NULL, false), 1);
	assert_op(&op, "F old");
	cache_op_fini(&op);
}

CONTRACT(hits_are_counted)
{
	put(s, "k", "x", 10);
	for (uint64_t i = 1; i <= 3; i++) {
		struct cache_op op;
		start(s, &op, i == 2 ? CACHE_TRANSACTION : CACHE_LOOKUP, "k", NULL);
		assert_int_equal(op.hits, i);
		cache_op_fini(&op);
	}
	put(s, "k", "y", 10);
	struct cache_op op;
	start(s, &op, CACHE_LOOKUP, "k", NULL);
	assert_int_equal(op.hits, 1);
	cache_op_fini(&op);
}

CONTRACT(everything_is_listed)
{
	struct cache_write w = for_seconds(10);
	w.vary = STR("a");
	w.has_vary = true;
	put(s, "one", "1", 10);
	put_with(s, "two", "A: 1", "22", &w);
	put_with(s, "two", "A: 2", "333", &w);
	unsigned items = 0, twos = 0;
	uint64_t bytes = 0;
	for (struct cache_item i = { 0 }; cache_next(s->cache, &i); items++) {
		twos += str_eq(i.key, STR("two"));
		bytes += cache_object_bytes(i.object);
		assert_true(i.variant.len > 0 && i.hits == 0 && !i.purged);
	}
	assert_int_equal(items, 3);
	assert_int_equal(twos, 2);
	assert_int_equal(bytes, 6);
}

/* ---- what tests do to a cache ---- */

CONTRACT(what_is_removed_is_gone_under_its_key_alone)
{
	uint64_t count;
	struct cache_write w = for_seconds(10);
	w.vary = STR("a");
	w.has_vary = true;
	put_with(s, "k", "A: 1", "1", &w);
	put_with(s, "k", "A: 2", "2", &w);
	put(s, "k2", "other", 10);
	put(s, "", "empty", 10);
	assert_true(cache_remove(s->cache, STR("k"), &count));
	assert_int_equal(count, 2);
	assert_found("k", "A: 1", "");
	assert_found("k", "A: 2", "");
	assert_found("k2", NULL, "F other");
	assert_found("", NULL, "F empty");
	assert_true(cache_remove(s->cache, STR("k"), &count));
	assert_int_equal(count, 0);
	put(s, "k", "again", 10);
	assert_found("k", NULL, "F again");
}

CONTRACT(a_key_is_purged_softly_with_all_its_variants)
{
	uint64_t count;
	struct cache_write w = for_seconds(10);
	w.vary = STR("a");
	w.has_vary = true;
	w.swr_ns = 5 * NS_PER_S;
	put_with(s, "k", "A: 1", "1", &w);
	put_with(s, "k", "A: 2", "2", &w);
	put(s, "k2", "other", 10);
	assert_true(cache_purge_key(s->cache, STR("k"), true, &count));
	assert_int_equal(count, 2);
	for (struct cache_item i = { 0 }; cache_next(s->cache, &i);)
		assert_int_equal(i.purged, str_eq(i.key, STR("k")));
	assert_found("k2", NULL, "F other");
}

CONTRACT(what_is_aged_is_older_by_so_much)
{
	uint64_t count;
	struct cache_op op;
	struct cache_write w = for_seconds(10);
	w.swr_ns = 5 * NS_PER_S;
	put_with(s, "k", NULL, "body", &w);
	put(s, "k2", "other", 10);
	pass(s, NS_PER_S);
	assert_true(cache_age(s->cache, STR("k"), 8 * NS_PER_S, &count));
	assert_int_equal(count, 1);
	start(s, &op, CACHE_LOOKUP, "k", NULL);
	assert_int_equal(cache_object_age_ns(op.found, &s->loop), 9 * NS_PER_S);
	assert_op(&op, "F body");
	assert_true(cache_age(s->cache, STR("k"), NS_PER_S, &count));
	assert_op(&op, "F body"); /* as it was found */
	cache_op_fini(&op);
	assert_found("k", NULL, "FS body");
	assert_found("k2", NULL, "F other");
	assert_true(cache_age(s->cache, (struct str){ NULL, 0 }, 9 * NS_PER_S, &count));
	assert_int_equal(count, 2);
	assert_found("k", NULL, "");
	assert_found("k2", NULL, "");
	assert_true(cache_age(s->cache, STR("k"), UINT64_MAX, &count));
	assert_found("k", NULL, "");
}

CONTRACT(what_is_still_written_may_age_and_is_then_complete)
{
	uint64_t count;
	struct cache_write w = for_seconds(10);
	struct cache_object *o = store(s, "k", NULL, &w);
	assert_true(cache_age(s->cache, STR("k"), 3 * NS_PER_S, &count));
	assert_int_equal(count, 1);
	finish(o, "whole");
	assert_found("k", NULL, "F whole");
	assert_true(cache_age(s->cache, STR("k"), 7 * NS_PER_S, &count));
	assert_found("k", NULL, "");
}

CONTRACT(what_a_frame_ages_or_removes_is_its_own_affair)
{
	uint64_t count;
	put(s, "k", "body", 10);
	put(s, "l", "body", 10);
	struct cache *own = s->cache;
	s->cache = cache_fork(own);
	assert_true(cache_age(s->cache, STR("k"), 20 * NS_PER_S, &count));
	assert_true(cache_remove(s->cache, STR("l"), &count));
	assert_found("k", NULL, "");
	assert_found("l", NULL, "");
	cache_destroy(&s->cache);
	s->cache = own;
	assert_found("k", NULL, "F body");
	assert_found("l", NULL, "F body");
}

CONTRACT(aging_and_removing_may_fail_and_then_nothing_has_changed)
{
	uint64_t count;
	put(s, "k", "body", 10);
	struct cache *own = s->cache;
	s->cache = cache_failing_new(cache_fork(own), 0);
	assert_false(cache_age(s->cache, STR("k"), 20 * NS_PER_S, &count));
	assert_found("k", NULL, "F body");
	cache_destroy(&s->cache);
	s->cache = cache_failing_new(cache_fork(own), 0);
	assert_false(cache_remove(s->cache, STR("k"), &count));
	assert_found("k", NULL, "F body");
	cache_destroy(&s->cache);
	s->cache = own;
}

/* ---- time ---- */

CONTRACT(age_goes_by_the_clock)
{
	struct cache_op op;
	struct cache_write w = for_seconds(10);
	w.initial_age_ns = 3 * NS_PER_S;
	put_with(s, "k", NULL, "x", &w);
	pass(s, 4 * NS_PER_S);
	start(s, &op, CACHE_LOOKUP, "k", NULL);
	assert_int_equal(cache_object_age_ns(op.found, &s->loop), 7 * NS_PER_S);
	assert_op(&op, "F x");
	pass(s, 3 * NS_PER_S - 1);
	assert_op(&op, "F x");
	pass(s, 1);
	assert_op(&op, ""); /* a handle from before sees the end of its time, too */
	cache_op_fini(&op);
	assert_found("k", NULL, "");
}

CONTRACT(a_clock_set_back_makes_nothing_younger_than_it_came)
{
	struct cache_op op;
	struct cache_write w = for_seconds(10);
	w.initial_age_ns = 3 * NS_PER_S;
	put_with(s, "k", NULL, "x", &w);
	clock_virtual_set_wall(s->clock, 5);
	start(s, &op, CACHE_LOOKUP, "k", NULL);
	assert_int_equal(cache_object_age_ns(op.found, &s->loop), 3 * NS_PER_S);
	cache_op_fini(&op);
}

CONTRACT(the_longest_times_do_not_wrap)
{
	struct cache_write w = { .max_age_ns = UINT64_MAX, .swr_ns = UINT64_MAX };
	put_with(s, "k", NULL, "x", &w);
	pass(s, NS_PER_S * 1000000);
	assert_found("k", NULL, "F x");
	w.initial_age_ns = UINT64_MAX - 1;
	put_with(s, "old", NULL, "x", &w);
	pass(s, NS_PER_S);
	assert_found("old", NULL, "");
}

CONTRACT(what_was_never_fresh_is_never_found)
{
	put(s, "k", "x", 0);
	assert_found("k", NULL, "");
	assert_str(look(s, CACHE_TRANSACTION, "k", NULL), "O");
}

CONTRACT(stale_while_revalidate_is_found_stale)
{
	struct cache_write w = for_seconds(10);
	w.swr_ns = 5 * NS_PER_S;
	put_with(s, "k", NULL, "x", &w);
	pass(s, 10 * NS_PER_S);
	assert_found("k", NULL, "FS x");
	pass(s, 5 * NS_PER_S - 1);
	assert_found("k", NULL, "FS x");
	pass(s, 1);
	assert_found("k", NULL, "");
}

/* ---- variants ---- */

static void put_varied(struct subject *s, const char *vary, const char *headers, const char *body)
{
	struct cache_write w = for_seconds(10);
	w.has_vary = true;
	w.vary = str_from(vary);
	put_with(s, "k", headers, body, &w);
}

CONTRACT(a_variant_is_for_requests_that_have_the_same_in_what_it_varies_by)
{
	put_varied(s, "Accept", "accept: text, other: 1", "text");
	assert_found("k", NULL, "");
	assert_found("k", "ACCEPT: text", "F text");
	assert_found("k", "accept: html", "");
	put_varied(s, "accept", "accept: html", "html");
	assert_found("k", "accept: text", "F text");
	assert_found("k", "accept: html, other: 2", "F html");
}

CONTRACT(what_is_absent_is_a_value_too)
{
	put_varied(s, "a", NULL, "none");
	assert_found("k", NULL, "F none");
	assert_found("k", "a:", "");
	assert_found("k", "b: 1", "F none");
}

CONTRACT(several_values_are_not_one_and_have_an_order)
{
	put_varied(s, "a", "a: 1, a: 2", "both");
	assert_found("k", "a: 1, b: 0, a: 2", "F both");
	assert_found("k", "a: 2, a: 1", "");
	assert_found("k", "a: 1", "");
	assert_found("k", "a: 12", "");
}

CONTRACT(a_value_cannot_look_like_another_header)
{
	put_varied(s, "a b", "a: x, b: y", "right");
	assert_found("k", "b: y, a: x", "F right");
	assert_found("k", "a: xb=y", "");
	assert_found("k", "a: x;b=y", "");
}

CONTRACT(rules_name_the_same_in_any_order_and_case)
{
	put_varied(s, "b A b", "a: 1, b: 2", "first");
	put_varied(s, "a B", "a: 1, b: 2", "second");
	assert_found("k", "a: 1, b: 2", "F second");
	unsigned items = 0;
	for (struct cache_item i = { 0 }; cache_next(s->cache, &i);)
		items++;
	assert_int_equal(items, 1);
}

CONTRACT(of_several_that_match_the_newest_rule_wins)
{
	put_varied(s, "a", "a: 1", "by a");
	put_varied(s, "b", "b: 1", "by b");
	put_varied(s, "c", NULL, "by c");
	assert_found("k", "a: 1, b: 1", "F by c");
	assert_found("k", "a: 1, c: 1", "F by a");
	put_varied(s, "a", "a: 1", "by a again");
	assert_found("k", "a: 1, b: 1", "F by a again");
}

CONTRACT(what_is_fresh_is_preferred_to_what_is_newer_and_stale)
{
	put_varied(s, "a", "a: 1", "fresh");
	put(s, "k", "stale", 0);
	assert_found("k", "a: 1", "F fresh");
	assert_str(look(s, CACHE_TRANSACTION, "k", "a: 1"), "F fresh");
}

CONTRACT(a_key_with_many_rules_forgets_the_oldest)
{
	char vary[32], headers[40];
	for (int i = 0; i <= CACHE_VARY_RULES_MAX; i++) {
		snprintf(vary, sizeof vary, "h%d", i);
		snprintf(headers, sizeof headers, "h%d: x", i);
		put_varied(s, vary, headers, vary);
	}
	assert_found("k", "h0: x", "");
	assert_found("k", "h1: x", "F h1");
}

TEST(words_are_checked)
{
	static const char *const bad_rules[] = {
		"", " ", "a  b", "a ", " a", "a\nb", "a,b", "\xc3\xa9", "a:"
	};
	for (size_t i = 0; i < COUNT_OF(bad_rules); i++)
		assert_false(cache_vary_valid(str_from(bad_rules[i])));
	assert_true(cache_vary_valid(STR("Accept x-y")));
	assert_true(cache_surrogate_keys_valid(STR("")));
	assert_true(cache_surrogate_keys_valid(STR("  a  b ")));
	assert_false(cache_surrogate_keys_valid(STR("a\tb")));
	assert_false(cache_surrogate_keys_valid(STR("\xc3\xa9")));
	char *longest = mem_alloc(CACHE_SURROGATE_KEYS_BYTES_MAX + 1);
	memset(longest, 'a', CACHE_SURROGATE_KEYS_BYTES_MAX + 1);
	assert_true(cache_surrogate_keys_valid((struct str){ longest, CACHE_SURROGATE_KEY_BYTES_MAX }));
	assert_false(cache_surrogate_keys_valid((struct str){ longest, CACHE_SURROGATE_KEY_BYTES_MAX + 1 }));
	memset(longest, ' ', CACHE_SURROGATE_KEYS_BYTES_MAX + 1);
	assert_true(cache_surrogate_keys_valid((struct str){ longest, CACHE_SURROGATE_KEYS_BYTES_MAX }));
	assert_false(cache_surrogate_keys_valid((struct str){ longest, CACHE_SURROGATE_KEYS_BYTES_MAX + 1 }));
	mem_free(longest);
}

/* ---- bodies under construction ---- */

CONTRACT(readers_of_a_body_under_construction_each_begin_at_its_start)
{
	struct cache_write w = for_seconds(10);
	struct cache_object *o = store(s, "k", NULL, &w);
	struct body *in = body_ref(cache_object_input(o)), *early, *late;
	struct str bytes;
	assert_int_equal(cache_object_open(o, &(struct cache_range){ 0 }, &s->loop, &early), CACHE_OPENED);
	assert_int_equal(body_peek(early, &bytes), BODY_WAIT);
	body_write(in, STR("hello "));
	turn(s);
	assert_int_equal(body_peek(early, &bytes), BODY_DATA);
	assert_str(bytes, "hello ");
	assert_int_equal(cache_object_open(o, &(struct cache_range){ 0 }, &s->loop, &late), CACHE_OPENED);
	body_write(in, STR("world"));
	assert_found("k", NULL, "F hello world …");
	body_trailer_add(in, STR("T"), STR("1"));
	body_end(in);
	assert_str(read_body(s, early), "hello world");
	assert_str(headers_get(&early->trailers, STR("t")), "1");
	body_unref(&early);
	assert_str(read_body(s, late), "hello world");
	body_unref(&late);
	body_unref(&in);
	cache_object_unref(&o);
	assert_found("k", NULL, "F hello world");
}

/* `count` pieces of 10 kB. */
static void write_pieces(struct body *in, int count)
{
	static char piece[10000];
	for (int i = 0; i < count; i++) {
		memset(piece, 'a' + i % 26, sizeof piece);
		body_write(in, (struct str){ piece, sizeof piece });
	}
}

CONTRACT(a_slow_reader_slows_nobody_down_and_misses_nothing)
{
	struct cache_write w = for_seconds(10);
	struct cache_object *o = store(s, "k", NULL, &w);
	struct body *in = body_ref(cache_object_input(o)), *slow;
	struct str bytes;
	assert_int_equal(cache_object_open(o, &(struct cache_range){ 0 }, &s->loop, &slow), CACHE_OPENED);
	for (int i = 0; i < 100; i++) {
		write_pieces(in, 20);
		turn(s);
		assert_true(body_has_room(in));
	}
	assert_true(slow->buffered < 2 * BODY_ROOM_BYTES); /* the object holds the rest, once */
	assert_int_equal(cache_object_bytes(o), 20000000);
	body_end(in);
	uint64_t read = 0;
	enum body_state state;
	while ((state = body_peek(slow, &bytes)) == BODY_DATA || state == BODY_WAIT) {
		if (state == BODY_WAIT)
			turn(s);
		for (size_t i = 0; i < bytes.len; i++)
			assert_int_equal(bytes.ptr[i], 'a' + (read + i) / 10000 % 20);
		read += bytes.len;
		body_consume(slow, bytes.len);
	}
	assert_int_equal(state, BODY_ENDED);
	assert_int_equal(read, 20000000);
	body_unref(&slow);
	body_unref(&in);
	cache_object_unref(&o);
}

CONTRACT(a_body_written_a_byte_at_a_time_and_read_meanwhile_stays_whole)
{
	struct cache_write w = for_seconds(10);
	struct cache_object *o = store(s, "k", NULL, &w);
	struct body *in = body_ref(cache_object_input(o)), *reader;
	assert_int_equal(cache_object_open(o, &(struct cache_range){ 0 }, &s->loop, &reader), CACHE_OPENED);
	scoped(buf_fini) struct buf expected = BUF_INIT(1 << 20);
	for (int i = 0; i < 3000; i++) {
		char c = (char)('a' + i % 26);
		buf_add_char(&expected, c);
		body_write(in, (struct str){ &c, 1 });
		turn(s);
	}
	body_end(in);
	assert_str(read_body(s, reader), expected.ptr);
	assert_str(read_object(s, o), expected.ptr);
	body_unref(&reader);
	body_unref(&in);
	cache_object_unref(&o);
}

CONTRACT(what_its_writer_gives_up_is_found_no_more_and_its_readers_are_told)
{
	struct cache_write w = for_seconds(10);
	struct cache_object *o = store(s, "k", NULL, &w);
	struct body *in = body_ref(cache_object_input(o)), *reader;
	assert_int_equal(cache_object_open(o, &(struct cache_range){ 0 }, &s->loop, &reader), CACHE_OPENED);
	body_write(in, STR("half"));
	assert_found("k", NULL, "F half …");
	body_fail(in, BODY_FAILURE_ABANDONED);
	assert_found("k", NULL, "");
	assert_str(read_body(s, reader), "half failed");
	assert_int_equal(body_why(reader), BODY_FAILURE_ABANDONED);
	body_unref(&reader);
	assert_null(cache_object_input(o));
	assert_int_equal(
		cache_object_open(o, &(struct cache_range){ .has_from = true, .from = 9, .always = true },
				  &s->loop, &reader),
		CACHE_OPEN_FAILED);
	body_unref(&in);
	cache_object_unref(&o);
}

CONTRACT(a_body_that_is_not_as_long_as_was_said_fails)
{
	static const char *const bodies[] = { "123", "12345" };
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct cache_write w = for_seconds(10);
		w.has_length = true;
		w.length = 4;
		struct cache_object *o = store(s, "k", NULL, &w);
		struct body *in = body_ref(cache_object_input(o));
		uint64_t length;
		assert_true(cache_object_length(o, &length));
		assert_int_equal(length, 4);
		body_write(in, str_from(bodies[i]));
		body_end(in);
		assert_false(cache_object_complete(o));
		assert_true(str_ends(read_object(s, o), STR("failed")));
		assert_found("k", NULL, "");
		body_unref(&in);
		cache_object_unref(&o);
	}
}

CONTRACT(what_nobody_can_read_any_more_is_not_kept)
{
	struct cache_write w = for_seconds(10);
	struct cache_object *o = store(s, "k", NULL, &w);
	struct body *in = body_ref(cache_object_input(o));
	cache_object_unref(&o);
	assert_int_equal(purge(s, NULL, false), 1);
	for (int i = 0; i < 10; i++) {
		write_pieces(in, 20);
		turn(s);
		assert_true(body_has_room(in));
	}
	body_end(in);
	body_unref(&in);
	turn(s);
	assert_found("k", NULL, "");
}

CONTRACT(the_length_is_known_from_the_start_or_from_the_end)
{
	struct cache_op during, after;
	struct cache_write w = for_seconds(10);
	struct cache_object *o = store(s, "k", NULL, &w);
	start(s, &during, CACHE_LOOKUP, "k", NULL);
	assert_false(during.has_length);
	finish(o, "hello");
	assert_false(during.has_length); /* what was found is as it was */
	start(s, &after, CACHE_LOOKUP, "k", NULL);
	assert_true(after.has_length);
	assert_int_equal(after.length, 5);
	cache_op_fini(&during);
	cache_op_fini(&after);
}

/* ---- ranges ---- */

#define FROM(f)                                               \
	&(struct cache_range)                                 \
	{                                                     \
		.has_from = true, .from = (f), .always = true \
	}
#define TO(t)                                             \
	&(struct cache_range)                             \
	{                                                 \
		.has_to = true, .to = (t), .always = true \
	}
#define FROM_TO(f, t)                                                                    \
	&(struct cache_range)                                                            \
	{                                                                                \
		.has_from = true, .from = (f), .has_to = true, .to = (t), .always = true \
	}

CONTRACT(a_range_is_a_part_of_the_body)
{
	struct cache_op op;
	put(s, "k", "hello beautiful world", 10);
	start(s, &op, CACHE_LOOKUP, "k", NULL);
	assert_str(read_range(s, op.found, FROM_TO(6, 14)), "beautiful");
	assert_str(read_range(s, op.found, FROM_TO(6, 6)), "b");
	assert_str(read_range(s, op.found, FROM(16)), "world");
	assert_str(read_range(s, op.found, FROM(20)), "d");
	assert_str(read_range(s, op.found, TO(5)), "world");
	assert_str(read_range(s, op.found, TO(21)), "hello beautiful world");
	struct cache_range *const absurd[] = { FROM(21),
					       TO(0),
					       TO(22),
					       FROM_TO(6, 5),
					       FROM_TO(6, 21),
					       FROM(UINT64_MAX),
					       FROM_TO(0, UINT64_MAX) };
	for (size_t i = 0; i < COUNT_OF(absurd); i++)
		assert_str(read_range(s, op.found, absurd[i]), "hello beautiful world");
	cache_op_fini(&op);
}

CONTRACT(a_range_of_what_is_being_written_needs_a_known_length_or_to_be_insisted_on)
{
	struct cache_write w = for_seconds(10);
	struct cache_object *o = store(s, "k", NULL, &w);
	struct body *whole, *part, *in = body_ref(cache_object_input(o));
	struct cache_range range = { .has_from = true, .from = 6, .has_to = true, .to = 14 };
	assert_int_equal(cache_object_open(o, &range, &s->loop, &whole), CACHE_OPENED);
	range.always = true;
	body_write(in, STR("hello "));
	assert_int_equal(cache_object_open(o, &range, &s->loop, &part), CACHE_OPEN_WAIT);
	body_write(in, STR("b"));
	assert_int_equal(cache_object_open(o, &range, &s->loop, &part), CACHE_OPENED);
	assert_str(read_range(s, o, TO(3)), "(wait)");
	assert_str(read_range(s, o, FROM_TO(2, 3)), "ll");
	assert_str(read_range(s, o, FROM_TO(0, 100)), "hello b …");
	body_write(in, STR("eautiful world"));
	assert_str(read_body(s, part), "beautiful");
	body_end(in);
	assert_str(read_body(s, whole), "hello beautiful world");
	assert_str(read_range(s, o, TO(5)), "world");
	body_unref(&whole);
	body_unref(&part);
	body_unref(&in);
	cache_object_unref(&o);
}

CONTRACT(a_range_behind_what_comes_fails)
{
	struct cache_write w = for_seconds(10);
	struct cache_object *o = store(s, "k", NULL, &w);
	struct body *part;
	body_write(cache_object_input(o), STR("hello"));
	assert_int_equal(cache_object_open(o, FROM_TO(1, 9), &s->loop, &part), CACHE_OPENED);
	body_end(cache_object_input(o));
	assert_str(read_body(s, part), "ello failed");
	body_unref(&part);
	cache_object_unref(&o);
}

CONTRACT(a_range_of_a_known_length_is_given_before_it_is_there)
{
	struct cache_write w = for_seconds(10);
	w.has_length = true;
	w.length = 11;
	struct cache_object *o = store(s, "k", NULL, &w);
	struct body *part;
	uint64_t length;
	assert_int_equal(cache_object_open(o, FROM_TO(6, 8), &s->loop, &part), CACHE_OPENED);
	assert_true(body_known_length(part, &length));
	assert_int_equal(length, 3);
	struct body *in = body_ref(cache_object_input(o));
	body_write(in, STR("hello world"));
	assert_str(read_body(s, part), "wor");
	body_end(in);
	turn(s);
	body_unref(&part);
	body_unref(&in);
	cache_object_unref(&o);
}

/* ---- collapsing ---- */

CONTRACT(the_first_is_obliged_and_the_others_wait_for_it)
{
	struct cache_op leader, waiters[WAITERS];
	start(s, &leader, CACHE_TRANSACTION, "k", NULL);
	assert_op(&leader, "O");
	for (int i = 0; i < WAITERS; i++) {
		start(s, &waiters[i], CACHE_TRANSACTION, "k", NULL);
		assert_op(&waiters[i], "-");
	}
	assert_found("k", NULL, ""); /* a lookup does not wait */
	assert_str(look(s, CACHE_TRANSACTION, "other", NULL), "O");
	provide(s, &leader, "hello", 10);
	assert_op(&leader, "");
	for (int i = 0; i < WAITERS; i++) {
		assert_op(&waiters[i], "F hello");
		cache_op_fini(&waiters[i]);
	}
	cache_op_fini(&leader);
	assert_str(look(s, CACHE_TRANSACTION, "k", NULL), "F hello");
}

CONTRACT(who_waits_is_woken_by_the_metadata_and_reads_along)
{
	struct cache_op leader, waiter;
	struct cache_write w = for_seconds(10);
	start(s, &leader, CACHE_TRANSACTION, "k", NULL);
	start(s, &waiter, CACHE_TRANSACTION, "k", NULL);
	struct cache_object *o = cache_insert(s->cache, &leader, &w, &s->loop);
	assert_op(&waiter, "F  …");
	finish(o, "hello");
	assert_op(&waiter, "F hello");
	cache_op_fini(&leader);
	cache_op_fini(&waiter);
}

CONTRACT(obligations_are_inherited_in_order)
{
	struct cache_op ops[WAITERS];
	for (int i = 0; i < WAITERS; i++)
		start(s, &ops[i], CACHE_TRANSACTION, "k", NULL);
	cache_op_fini(&ops[2]); /* one in line loses patience */
	for (int i = 0; i < WAITERS; i++) {
		if (i == 2)
			continue;
		assert_op(&ops[i], "O");
		for (int j = i + 1; j < WAITERS; j++)
			assert_true(j == 2 || !ops[j].done);
		if (i == WAITERS / 2)
			break;
		if (i % 2)
			assert_true(cache_op_cancel(&ops[i]));
		else
			cache_op_fini(&ops[i]); /* as when its guest dies */
	}
	provide(s, &ops[WAITERS / 2], "at last", 10);
	for (int i = 0; i < WAITERS; i++) {
		if (i > WAITERS / 2)
			assert_op(&ops[i], "F at last");
		cache_op_fini(&ops[i]);
	}
}

CONTRACT(an_obligation_is_given_up_once)
{
	struct cache_op op;
	start(s, &op, CACHE_TRANSACTION, "k", NULL);
	assert_true(cache_op_cancel(&op));
	assert_op(&op, "");
	assert_false(cache_op_cancel(&op));
	cache_op_fini(&op);
	assert_str(look(s, CACHE_TRANSACTION, "k", NULL), "O");
	assert_str(look(s, CACHE_TRANSACTION, "k", NULL), "O");
}

CONTRACT(a_plain_insert_serves_those_who_wait)
{
	struct cache_op leader, waiter;
	start(s, &leader, CACHE_TRANSACTION, "k", NULL);
	start(s, &waiter, CACHE_TRANSACTION, "k", NULL);
	put(s, "k", "from aside", 10);
	assert_op(&waiter, "F from aside");
	assert_op(&leader, "O");
	provide(s, &leader, "late", 10);
	assert_found("k", NULL, "F late");
	cache_op_fini(&leader);
	cache_op_fini(&waiter);
}

CONTRACT(what_is_stored_and_stale_at_once_obliges_the_next)
{
	struct cache_op ops[3];
	for (int i = 0; i < 3; i++)
		start(s, &ops[i], CACHE_TRANSACTION, "k", NULL);
	provide(s, &ops[0], "x", 0);
	assert_op(&ops[1], "O");
	assert_op(&ops[2], "-");
	for (int i = 0; i < 3; i++)
		cache_op_fini(&ops[i]);
}

CONTRACT(stale_is_for_everybody_while_one_renews_it)
{
	struct cache_op first, second, third;
	struct cache_write w = for_seconds(10);
	w.swr_ns = 100 * NS_PER_S;
	put_with(s, "k", NULL, "old", &w);
	pass(s, 11 * NS_PER_S);
	start(s, &first, CACHE_TRANSACTION, "k", NULL);
	start(s, &second, CACHE_TRANSACTION, "k", NULL);
	assert_op(&first, "FSO old");
	assert_op(&second, "FS old");
	assert_true(cache_op_cancel(&first));
	start(s, &third, CACHE_TRANSACTION, "k", NULL);
	assert_op(&third, "FSO old");
	provide(s, &third, "new", 10);
	assert_found("k", NULL, "F new");
	assert_op(&second, "FS old");
	cache_op_fini(&first);
	cache_op_fini(&second);
	cache_op_fini(&third);
}

CONTRACT(an_update_renews_the_metadata_and_keeps_the_body)
{
	struct cache_op op;
	struct cache_write w = for_seconds(10);
	w.swr_ns = 100 * NS_PER_S;
	w.surrogate_keys = STR("old");
	put_with(s, "k", NULL, "body", &w);
	pass(s, 11 * NS_PER_S);
	start(s, &op, CACHE_TRANSACTION, "k", NULL);
	w = for_seconds(20);
	w.user_metadata = STR("version 2");
	w.surrogate_keys = STR("new");
	assert_true(cache_update(s->cache, &op, &w, &s->loop, NULL));
	assert_false(cache_op_cancel(&op));
	cache_op_fini(&op);
	start(s, &op, CACHE_LOOKUP, "k", NULL);
	assert_op(&op, "F body");
	assert_str(blob_str(op.found->user_metadata), "version 2");
	assert_int_equal(cache_object_age_ns(op.found, &s->loop), 0);
	assert_int_equal(op.hits, 2); /* it is the same object still */
	cache_op_fini(&op);
	assert_int_equal(purge(s, "old", false), 0);
	assert_int_equal(purge(s, "new", false), 1);
}

CONTRACT(an_update_keeps_the_vary_rule_or_changes_it)
{
	struct cache_op op;
	struct cache_write w = for_seconds(10);
	w.swr_ns = 100 * NS_PER_S;
	w.has_vary = true;
	w.vary = STR("a");
	put_with(s, "k", "a: 1", "body", &w);
	pass(s, 11 * NS_PER_S);
	start(s, &op, CACHE_TRANSACTION, "k", "a: 1");
	struct cache_write plain = for_seconds(10);
	plain.swr_ns = w.swr_ns;
	assert_true(cache_update(s->cache, &op, &plain, &s->loop, NULL));
	cache_op_fini(&op);
	assert_found("k", "a: 1", "F body");
	assert_found("k", "a: 2", "");
	pass(s, 11 * NS_PER_S);
	start(s, &op, CACHE_TRANSACTION, "k", "a: 1");
	w.vary = STR("b");
	assert_true(cache_update(s->cache, &op, &w, &s->loop, NULL));
	cache_op_fini(&op);
	assert_found("k", "a: 2", "F body");
	assert_found("k", "b: 2", "");
}

CONTRACT(what_is_still_being_written_can_be_updated)
{
	struct cache_op op;
	struct cache_write w = { .swr_ns = 100 * NS_PER_S }, renewed = for_seconds(10);
	struct cache_object *o = store(s, "k", NULL, &w);
	start(s, &op, CACHE_TRANSACTION, "k", NULL);
	assert_true(op.found && op.obliged);
	assert_true(cache_update(s->cache, &op, &renewed, &s->loop, NULL));
	cache_op_fini(&op);
	finish(o, "hello");
	assert_found("k", NULL, "F hello");
}

CONTRACT(requests_for_different_variants_do_not_wait_for_each_other)
{
	struct cache_op foo, bar, bar_too;
	struct cache_write w = for_seconds(0);
	w.has_vary = true;
	w.vary = STR("a");
	put_with(s, "k", "a: foo", "", &w);
	put_with(s, "k", "a: bar", "", &w);
	start(s, &foo, CACHE_TRANSACTION, "k", "a: foo");
	start(s, &bar, CACHE_TRANSACTION, "k", "a: bar");
	start(s, &bar_too, CACHE_TRANSACTION, "k", "a: bar");
	assert_op(&foo, "O");
	assert_op(&bar, "O");
	assert_op(&bar_too, "-");
	provide(s, &foo, "for all", 10); /* without a vary rule */
	assert_op(&bar_too, "F for all");
	assert_op(&bar, "O");
	cache_op_fini(&foo);
	cache_op_fini(&bar);
	cache_op_fini(&bar_too);
}

CONTRACT(collapsing_survives_a_purge_of_all_that_told_variants_apart)
{
	struct cache_op one, two, other;
	struct cache_write w = for_seconds(0);
	w.has_vary = true;
	w.vary = STR("a");
	put_with(s, "k", "a: 1", "", &w);
	start(s, &one, CACHE_TRANSACTION, "k", "a: 1");
	assert_int_equal(purge(s, NULL, false), 1);
	start(s, &two, CACHE_TRANSACTION, "k", "a: 1");
	start(s, &other, CACHE_TRANSACTION, "k", "a: 2");
	assert_op(&two, "-");
	assert_op(&other, "O");
	cache_op_fini(&one);
	assert_op(&two, "O");
	cache_op_fini(&two);
	cache_op_fini(&other);
}

struct waiter {
	struct watcher watcher;
	bool woken;
};

static void wake(struct task *t)
{
	container_of(t, struct waiter, watcher.task)->woken = true;
}

CONTRACT(whoever_watches_is_woken_when_it_is_done)
{
	struct cache_op leader, waiting;
	struct waiter w = { 0 };
	start(s, &leader, CACHE_TRANSACTION, "k", NULL);
	start(s, &waiting, CACHE_TRANSACTION, "k", NULL);
	watcher_start(&w.watcher, &waiting.changed, wake);
	cache_op_fini(&leader);
	assert_int_equal(loop_run(&s->loop, &w.woken, UINT64_MAX), LOOP_DONE);
	assert_op(&waiting, "O");
	cache_op_fini(&waiting);
}

/* ---- replacing ---- */

CONTRACT(replacing_at_once_leaves_what_is_there_to_others)
{
	struct cache_op op, race;
	put(s, "k", "old", 10);
	start(s, &op, CACHE_REPLACE, "k", NULL);
	assert_op(&op, "FO old");
	assert_str(look(s, CACHE_TRANSACTION, "k", NULL), "F old");
	start(s, &race, CACHE_REPLACE, "k", NULL);
	assert_op(&race, "FO old");
	provide(s, &race, "new", 10);
	provide(s, &op, "newer", 10);
	assert_found("k", NULL, "F newer");
	cache_op_fini(&op);
	cache_op_fini(&race);
	assert_str(look(s, CACHE_REPLACE, "nothing", NULL), "O");
	assert_str(look(s, CACHE_TRANSACTION, "nothing", NULL), "O");
}

CONTRACT(replacing_by_force_makes_others_wait)
{
	struct cache_op op, waiter;
	put(s, "k", "old", 10);
	start(s, &op, CACHE_REPLACE_FORCE, "k", NULL);
	assert_op(&op, "FO old");
	assert_found("k", NULL, "");
	start(s, &waiter, CACHE_TRANSACTION, "k", NULL);
	assert_op(&waiter, "-");
	provide(s, &op, "new", 10);
	assert_op(&waiter, "F new");
	cache_op_fini(&op);
	cache_op_fini(&waiter);
}

CONTRACT(replacing_in_line_waits_for_those_who_are_at_it)
{
	struct cache_op leader, first, second;
	start(s, &leader, CACHE_TRANSACTION, "k", NULL);
	start(s, &first, CACHE_REPLACE_WAIT, "k", NULL);
	start(s, &second, CACHE_REPLACE_WAIT, "k", NULL);
	assert_op(&first, "-");
	provide(s, &leader, "old", 10);
	assert_op(&first, "FO old");
	assert_op(&second, "-");
	assert_str(look(s, CACHE_TRANSACTION, "k", NULL), "F old");
	provide(s, &first, "new", 10);
	assert_op(&second, "FO new");
	cache_op_fini(&leader);
	cache_op_fini(&first);
	cache_op_fini(&second);
}

/* ---- purging ---- */

static void put_tagged(struct subject *s, const char *key, const char *keys)
{
	struct cache_write w = for_seconds(10);
	w.surrogate_keys = str_from(keys);
	put_with(s, key, NULL, key, &w);
}

CONTRACT(a_purge_takes_what_has_the_surrogate_key)
{
	put_tagged(s, "1", "a b");
	put_tagged(s, "2", "a");
	put_tagged(s, "3", "b bb");
	assert_int_equal(purge(s, "b", false), 2);
	assert_found("1", NULL, "");
	assert_found("2", NULL, "F 2");
	assert_found("3", NULL, "");
	assert_int_equal(purge(s, "b", false), 0);
	assert_int_equal(purge(s, "", false), 0);
	put_tagged(s, "2", "c"); /* replaced, it has other keys */
	assert_int_equal(purge(s, "a", false), 0);
	assert_int_equal(purge(s, NULL, false), 1);
	assert_found("2", NULL, "");
}

CONTRACT(a_soft_purge_makes_stale)
{
	struct cache_op before;
	put_tagged(s, "1", "a");
	start(s, &before, CACHE_LOOKUP, "1", NULL);
	assert_int_equal(purge(s, "a", true), 1);
	assert_op(&before, "F 1");
	assert_found("1", NULL, "FS 1");
	assert_str(look(s, CACHE_TRANSACTION, "1", NULL), "FSO 1");
	pass(s, 10 * NS_PER_S);
	assert_found("1", NULL, "");
	put_tagged(s, "1", "a");
	assert_found("1", NULL, "F 1");
	put_tagged(s, "2", "");
	assert_int_equal(purge(s, NULL, true), 2);
	assert_found("2", NULL, "FS 2");
	cache_op_fini(&before);
}

CONTRACT(a_purge_takes_single_variants)
{
	struct cache_write w = for_seconds(10);
	w.has_vary = true;
	w.vary = STR("h");
	w.surrogate_keys = STR("a");
	put_with(s, "k", "h: 1", "one", &w);
	w.surrogate_keys = STR("b");
	put_with(s, "k", "h: 2", "two", &w);
	assert_int_equal(purge(s, "a", false), 1);
	assert_found("k", "h: 1", "");
	assert_found("k", "h: 2", "F two");
}

CONTRACT(a_purge_does_not_touch_obligations)
{
	struct cache_op op, waiter;
	start(s, &op, CACHE_TRANSACTION, "k", NULL);
	start(s, &waiter, CACHE_TRANSACTION, "k", NULL);
	assert_int_equal(purge(s, NULL, false), 0);
	assert_op(&waiter, "-");
	provide(s, &op, "stored afterwards", 10);
	assert_op(&waiter, "F stored afterwards");
	cache_op_fini(&op);
	cache_op_fini(&waiter);
}

CONTRACT(what_is_purged_while_it_is_written_is_read_to_its_end)
{
	struct cache_op op;
	struct cache_write w = for_seconds(10);
	w.surrogate_keys = STR("a");
	struct cache_object *o = store(s, "k", NULL, &w);
	start(s, &op, CACHE_LOOKUP, "k", NULL);
	assert_int_equal(purge(s, "a", false), 1);
	finish(o, "hello");
	assert_op(&op, "F hello");
	assert_found("k", NULL, "");
	cache_op_fini(&op);
}

/* ---- frames ---- */

static void begin_frame(struct subject *frame, struct subject *s)
{
	*frame = (struct subject){ .clock = s->clock, .cache = cache_fork(s->cache) };
	loop_init(&frame->loop, s->clock);
	arena_init(&frame->arena);
}

static void end_frame(struct subject *frame)
{
	cache_destroy(&frame->cache);
	arena_fini(&frame->arena);
	loop_fini(&frame->loop);
}

#define assert_found_in(who, key, expected) assert_str(look((who), CACHE_LOOKUP, (key), NULL), (expected))

CONTRACT(a_frame_begins_with_what_there_is_and_leaves_nothing_behind)
{
	struct subject frame;
	put_tagged(s, "shared", "a");
	put_tagged(s, "purged", "b");
	put_tagged(s, "softly", "c");
	begin_frame(&frame, s);
	assert_found_in(&frame, "shared", "F shared");
	put(&frame, "shared", "the frame's", 10);
	put(&frame, "new", "the frame's", 10);
	assert_int_equal(purge(&frame, "b", false), 1);
	assert_int_equal(purge(&frame, "c", true), 1);
	assert_found_in(&frame, "softly", "FS softly");
	assert_found_in(s, "shared", "F shared");
	assert_found_in(s, "new", "");
	assert_found_in(s, "purged", "F purged");
	assert_found_in(s, "softly", "F softly");
	end_frame(&frame);
	assert_found_in(s, "shared", "F shared");
	assert_int_equal(purge(s, NULL, false), 3);
}

CONTRACT(hits_in_a_frame_are_the_frames)
{
	struct subject frame;
	struct cache_op op;
	put(s, "k", "x", 10);
	assert_found("k", NULL, "F x");
	begin_frame(&frame, s);
	start(&frame, &op, CACHE_LOOKUP, "k", NULL);
	assert_int_equal(op.hits, 2);
	cache_op_fini(&op);
	end_frame(&frame);
	start(s, &op, CACHE_LOOKUP, "k", NULL);
	assert_int_equal(op.hits, 2);
	cache_op_fini(&op);
}

CONTRACT(what_is_under_way_belongs_to_its_frame)
{
	struct subject frame;
	struct cache_op leader;
	struct cache_write w = for_seconds(10);
	struct cache_object *o = store(s, "written", NULL, &w);
	start(s, &leader, CACHE_TRANSACTION, "owed", NULL);
	begin_frame(&frame, s);
	assert_found_in(&frame, "written", "");
	assert_str(look(&frame, CACHE_TRANSACTION, "written", NULL), "O");
	assert_str(look(&frame, CACHE_TRANSACTION, "owed", NULL), "O");
	struct cache_item item = { 0 };
	assert_false(cache_next(frame.cache, &item));
	put(&frame, "written", "by the frame", 10);
	assert_found_in(&frame, "written", "F by the frame");
	end_frame(&frame);
	finish(o, "by the parent");
	assert_found("written", NULL, "F by the parent");
	cache_op_fini(&leader);
}

CONTRACT(what_was_written_by_the_time_of_a_fork_is_in_the_frame)
{
	struct subject frame;
	struct cache_write w = for_seconds(10);
	struct cache_object *o = store(s, "k", NULL, &w);
	body_write(cache_object_input(o), STR("hello"));
	body_end(cache_object_input(o));
	begin_frame(&frame, s);
	assert_found_in(&frame, "k", "F hello");
	end_frame(&frame);
	cache_object_unref(&o);
}

CONTRACT(a_frame_that_ends_fails_what_it_writes)
{
	struct subject frame;
	struct cache_op leader, waiter;
	struct cache_write w = for_seconds(10);
	begin_frame(&frame, s);
	struct cache_object *o = store(&frame, "k", NULL, &w);
	struct body *in = body_ref(cache_object_input(o)), *reader;
	assert_int_equal(cache_object_open(o, &(struct cache_range){ 0 }, &frame.loop, &reader),
			 CACHE_OPENED);
	start(&frame, &leader, CACHE_TRANSACTION, "other", NULL);
	start(&frame, &waiter, CACHE_TRANSACTION, "other", NULL);
	cache_destroy(&frame.cache);
	assert_true(waiter.done && !waiter.obliged && !leader.obliged);
	assert_str(read_body(&frame, reader), " failed");
	assert_true(body_abandoned(in));
	body_unref(&in);
	body_unref(&reader);
	cache_object_unref(&o);
	cache_op_fini(&waiter);
	cache_op_fini(&leader);
	end_frame(&frame);
}

/* ---- past all use, errors, marks ---- */

static struct cache_write for_seconds_or_errors(unsigned seconds, unsigned sie_seconds)
{
	struct cache_write w = for_seconds(seconds);
	w.sie_ns = sie_seconds * NS_PER_S;
	return w;
}

static void start_past_use(struct subject *s, struct cache_op *op, const char *key, const char *headers)
{
	cache_op_init(op, CACHE_TRANSACTION, str_from(key), headers_of(s, headers));
	op->past_use = true;
	cache_start(s->cache, op, &s->loop);
}

CONTRACT(what_is_past_all_use_is_found_by_who_asks_for_it_and_is_obliged)
{
	struct cache_op plain, leader, waiter;
	struct cache_object *renewed;
	struct cache_write w = for_seconds_or_errors(10, 20);
	put(s, "k", "old", 10);
	pass(s, 10 * NS_PER_S);
	start(s, &plain, CACHE_TRANSACTION, "k", NULL);
	assert_true(plain.obliged && !plain.found);
	cache_op_fini(&plain);
	start_past_use(s, &leader, "k", NULL);
	start_past_use(s, &waiter, "k", NULL);
	assert_true(leader.obliged && leader.found && !waiter.done);
	assert_int_equal(cache_op_state(&leader, &s->loop), CACHE_MUST_INSERT_OR_UPDATE);
	assert_int_equal(leader.hits, 0);
	assert_true(cache_update(s->cache, &leader, &w, &s->loop, &renewed));
	assert_str(read_object(s, renewed), "old");
	assert_int_equal(renewed->sie_ns, 20 * NS_PER_S);
	assert_true(waiter.found == renewed && !waiter.obliged);
	cache_object_unref(&renewed);
	cache_op_fini(&leader);
	cache_op_fini(&waiter);
}

CONTRACT(in_place_of_an_error_all_who_wait_get_what_is_stale)
{
	struct cache_op leader, waiters[3], other, next;
	struct cache_write w = for_seconds_or_errors(10, 60);
	w.has_vary = true;
	w.vary = STR("a");
	put_with(s, "k", "a: 1", "old", &w);
	pass(s, 30 * NS_PER_S);
	start_past_use(s, &leader, "k", "a: 1");
	assert_int_equal(cache_op_state(&leader, &s->loop),
			 CACHE_MUST_INSERT_OR_UPDATE | CACHE_USABLE_IF_ERROR);
	for (size_t i = 0; i < COUNT_OF(waiters); i++)
		start_past_use(s, &waiters[i], "k", "a: 1");
	start_past_use(s, &other, "k", "a: 2");
	assert_true(cache_choose_stale(s->cache, &leader));
	assert_false(leader.obliged);
	assert_op(&leader, "FS old");
	for (size_t i = 0; i < COUNT_OF(waiters); i++) {
		assert_int_equal(cache_op_state(&waiters[i], &s->loop),
				 CACHE_FOUND | CACHE_USABLE | CACHE_STALE | CACHE_USABLE_IF_ERROR);
		assert_op(&waiters[i], "FS old");
		cache_op_fini(&waiters[i]);
	}
	assert_true(other.obliged && !other.found);
	start_past_use(s, &next, "k", "a: 1");
	assert_true(next.obliged && !next.if_error);
	cache_op_fini(&next);
	cache_op_fini(&other);
	cache_op_fini(&leader);
}

CONTRACT(stale_if_error_ends_and_does_not_count_while_it_is_usable_otherwise)
{
	struct cache_op op;
	struct cache_write w = for_seconds_or_errors(10, 60);
	w.swr_ns = 20 * NS_PER_S;
	put_with(s, "k", NULL, "old", &w);
	pass(s, 15 * NS_PER_S);
	start_past_use(s, &op, "k", NULL);
	assert_op(&op, "FSO old");
	assert_false(cache_op_state(&op, &s->loop) & CACHE_USABLE_IF_ERROR);
	cache_op_fini(&op);
	pass(s, 55 * NS_PER_S);
	start_past_use(s, &op, "k", NULL);
	assert_true(op.obliged && op.found);
	assert_int_equal(cache_op_state(&op, &s->loop), CACHE_MUST_INSERT_OR_UPDATE);
	cache_op_fini(&op);
}

CONTRACT(what_was_purged_meanwhile_is_not_handed_over)
{
	struct cache_op leader, waiter;
	struct cache_write w = for_seconds_or_errors(10, 60);
	put_with(s, "k", NULL, "old", &w);
	pass(s, 30 * NS_PER_S);
	start_past_use(s, &leader, "k", NULL);
	start_past_use(s, &waiter, "k", NULL);
	assert_int_equal(purge(s, NULL, false), 1);
	assert_true(cache_choose_stale(s->cache, &leader));
	assert_true(waiter.done && waiter.obliged && !waiter.found);
	cache_op_fini(&waiter);
	cache_op_fini(&leader);
}

static void put_mark(struct subject *s, struct cache_op *op, unsigned seconds, const char *vary)
{
	struct cache_write w = for_seconds(seconds);
	w.pass = true;
	w.has_vary = vary != NULL;
	w.vary = str_from(vary);
	struct cache_object *o = cache_insert(s->cache, op, &w, &s->loop);
	assert_non_null(o);
	assert_null(cache_object_input(o));
	cache_object_unref(&o);
}

CONTRACT(a_mark_lets_everybody_pass_while_it_is_fresh)
{
	struct cache_op leader, waiters[3], op;
	start(s, &leader, CACHE_TRANSACTION, "k", NULL);
	for (size_t i = 0; i < COUNT_OF(waiters); i++)
		start_past_use(s, &waiters[i], "k", NULL);
	put_mark(s, &leader, 10, NULL);
	assert_false(leader.obliged);
	for (size_t i = 0; i < COUNT_OF(waiters); i++) {
		assert_true(waiters[i].done && waiters[i].pass && !waiters[i].obliged && !waiters[i].found);
		cache_op_fini(&waiters[i]);
	}
	cache_op_fini(&leader);
	start(s, &op, CACHE_LOOKUP, "k", NULL);
	assert_true(op.pass && !op.found);
	cache_op_fini(&op);
	pass(s, 10 * NS_PER_S);
	start_past_use(s, &op, "k", NULL);
	assert_true(op.obliged && !op.pass && !op.found);
	cache_op_fini(&op);
}

CONTRACT(a_mark_goes_by_its_vary_rule_and_gives_way_to_what_is_stored)
{
	struct cache_op op;
	start(s, &op, CACHE_TRANSACTION, "k", "a: 1");
	put_mark(s, &op, 10, "a");
	cache_op_fini(&op);
	start(s, &op, CACHE_TRANSACTION, "k", "a: 2");
	assert_true(op.obliged && !op.pass);
	cache_op_fini(&op);
	start(s, &op, CACHE_REPLACE_WAIT, "k", "a: 1");
	assert_true(op.obliged && !op.pass && !op.found);
	struct cache_write w = for_seconds(10);
	w.has_vary = true;
	w.vary = STR("a");
	finish(cache_insert(s->cache, &op, &w, &s->loop), "x");
	cache_op_fini(&op);
	assert_found("k", "a: 1", "F x");
}

CONTRACT(a_mark_is_purged_like_an_object)
{
	struct cache_op op;
	start(s, &op, CACHE_TRANSACTION, "k", NULL);
	put_mark(s, &op, 10, NULL);
	cache_op_fini(&op);
	assert_int_equal(purge(s, NULL, true), 1);
	start(s, &op, CACHE_TRANSACTION, "k", NULL);
	assert_true(op.obliged && !op.pass);
	cache_op_fini(&op);
}

CONTRACT(time_set_backwards_makes_nothing_older_or_younger_than_it_was_stored)
{
	struct cache_op op;
	struct cache_write w = for_seconds_or_errors(10, 10);
	w.initial_age_ns = 4 * NS_PER_S;
	put_with(s, "k", NULL, "x", &w);
	clock_virtual_set_wall(s->clock, WALL_NS - 1000 * NS_PER_S);
	start_past_use(s, &op, "k", NULL);
	assert_op(&op, "F x");
	assert_int_equal(cache_object_age_ns(op.found, &s->loop), 4 * NS_PER_S);
	cache_op_fini(&op);
}

/* ---- bounds ---- */

TEST(what_was_used_longest_ago_goes_first)
{
	struct subject subject, *s = &subject;
	begin(s, memory);
	cache_destroy(&s->cache);
	s->cache = cache_memory_new(CACHE_BYTES_MAX, 3);
	put(s, "1", "x", 10);
	put(s, "2", "x", 10);
	put(s, "3", "x", 10);
	assert_found("1", NULL, "F x");
	put(s, "4", "x", 10);
	assert_found("2", NULL, "");
	assert_found("1", NULL, "F x");
	assert_found("3", NULL, "F x");
	struct subject frame;
	begin_frame(&frame, s);
	put(&frame, "5", "x", 10);
	assert_found_in(&frame, "4", "");
	assert_found("4", NULL, "F x");
	end_frame(&frame);
	end(s);
}

TEST(bytes_are_bounded_while_they_are_written)
{
	struct subject subject, *s = &subject;
	begin(s, memory);
	cache_destroy(&s->cache);
	s->cache = cache_memory_new(1000000, CACHE_OBJECTS_MAX);
	for (int i = 0; i < 30; i++) {
		char key[8];
		struct cache_write w = for_seconds(10);
		snprintf(key, sizeof key, "%d", i);
		struct cache_object *o = store(s, key, NULL, &w);
		write_pieces(cache_object_input(o), 10);
		finish(o, "");
		assert_true(look(s, CACHE_LOOKUP, key, NULL).len > 100000);
	}
	unsigned items = 0;
	for (struct cache_item i = { 0 }; cache_next(s->cache, &i);)
		items++;
	assert_int_equal(items, 9);
	end(s);
}

enum { HELD = 9, OBJECT_BYTES = 100000 };

static unsigned count_items(struct subject *s)
{
	unsigned items = 0;
	for (struct cache_item i = { 0 }; cache_next(s->cache, &i);)
		items++;
	return items;
}

/* True: it fits; false: it failed, because there was no room for it. */
static bool put_large(struct subject *s, const char *key)
{
	struct cache_write w = for_seconds(10);
	/* The failure is the same whether the length was known or not. */
	w.has_length = strncmp(key, "announced", 9) == 0;
	w.length = w.has_length ? OBJECT_BYTES : 0;
	struct cache_object *o = store(s, key, NULL, &w);
	struct body *reader, *in = body_ref(cache_object_input(o));
	assert_int_equal(cache_object_open(o, &(struct cache_range){ 0 }, &s->loop, &reader), CACHE_OPENED);
	write_pieces(in, OBJECT_BYTES / 10000);
	body_end(in);
	body_unref(&in);
	bool fits = cache_object_complete(o);
	struct str bytes;
	enum body_state state;
	while ((state = body_peek(reader, &bytes)) == BODY_DATA || state == BODY_WAIT) {
		if (state == BODY_DATA)
			body_consume(reader, bytes.len);
		turn(s);
	}
	assert_int_equal(state, fits ? BODY_ENDED : BODY_FAILED);
	if (!fits)
		assert_int_equal(body_why(reader), BODY_FAILURE_LIMIT);
	body_unref(&reader);
	cache_object_unref(&o);
	return fits;
}

static void put_many_large(struct subject *s, unsigned first, unsigned count)
{
	char key[16];
	for (unsigned i = first; i < first + count; i++) {
		snprintf(key, sizeof key, "%u", i);
		assert_true(put_large(s, key));
	}
}

TEST(what_is_held_counts_after_it_was_evicted_and_is_read_whole)
{
	struct subject subject, *s = &subject;
	struct cache_op held[HELD / 2];
	char key[16];
	begin(s, memory);
	cache_destroy(&s->cache);
	s->cache = cache_memory_new(HELD * OBJECT_BYTES + OBJECT_BYTES / 2, CACHE_OBJECTS_MAX);
	put_many_large(s, 0, HELD);
	assert_int_equal(count_items(s), HELD);
	for (unsigned i = 0; i < HELD / 2; i++) {
		start(s, &held[i], CACHE_LOOKUP, arena_printf(&s->arena, "%u", i).ptr, NULL);
	}
	put_many_large(s, 100, 3 * HELD);
	assert_int_equal(count_items(s), HELD - HELD / 2);
	for (unsigned i = 0; i < HELD / 2; i++) {
		struct body *b;
		snprintf(key, sizeof key, "%u", i);
		assert_found(key, NULL, "");
		assert_int_equal(cache_object_open(held[i].found, &(struct cache_range){ 0 }, &s->loop, &b),
				 CACHE_OPENED);
		assert_int_equal(b->buffered, OBJECT_BYTES);
		body_unref(&b);
		cache_op_fini(&held[i]);
	}
	put_many_large(s, 200, HELD);
	assert_int_equal(count_items(s), HELD);
	end(s);
}

TEST(when_all_is_held_nothing_more_fits_until_it_is_let_go)
{
	struct subject subject, *s = &subject;
	struct cache_op held[HELD];
	uint64_t count;
	begin(s, memory);
	cache_destroy(&s->cache);
	s->cache = cache_memory_new(HELD * OBJECT_BYTES + OBJECT_BYTES / 2, CACHE_OBJECTS_MAX);
	put_many_large(s, 0, HELD);
	for (unsigned i = 0; i < HELD; i++) {
		start(s, &held[i], CACHE_LOOKUP, arena_printf(&s->arena, "%u", i).ptr, NULL);
	}
	assert_true(cache_purge(s->cache, (struct str){ NULL, 0 }, false, &count));
	assert_int_equal(count, HELD);
	assert_false(put_large(s, "one more"));
	assert_found("one more", NULL, "");
	put(s, "small", "x", 10);
	assert_found("small", NULL, "F x");
	struct subject frame;
	begin_frame(&frame, s);
	assert_false(put_large(&frame, "in a frame"));
	end_frame(&frame);
	/* Renewed, it can be found again, and counts once. */
	struct cache_write w = for_seconds(20);
	held[0].obliged = true;
	assert_true(cache_update(s->cache, &held[0], &w, &s->loop, NULL));
	assert_int_equal(count_items(s), 2);
	assert_int_equal(look(s, CACHE_LOOKUP, "0", NULL).len, 2 + OBJECT_BYTES);
	assert_false(put_large(s, "announced"));
	for (unsigned i = 0; i < HELD; i++)
		cache_op_fini(&held[i]);
	put_many_large(s, 100, HELD - 1);
	assert_int_equal(count_items(s), HELD - 1);
	end(s);
}

TEST(an_object_larger_than_the_cache_fails)
{
	struct subject subject, *s = &subject;
	begin(s, memory);
	cache_destroy(&s->cache);
	s->cache = cache_memory_new(100000, CACHE_OBJECTS_MAX);
	struct cache_write w = for_seconds(10);
	struct cache_object *o = store(s, "k", NULL, &w);
	write_pieces(cache_object_input(o), 11);
	assert_false(cache_object_complete(o));
	assert_found("k", NULL, "");
	cache_object_unref(&o);
	end(s);
}

TEST(many_objects_come_and_go_in_frames)
{
	struct subject subject, *s = &subject;
	begin(s, memory);
	cache_destroy(&s->cache);
	s->cache = cache_memory_new(CACHE_BYTES_MAX, 1000);
	for (int frame = 0; frame < 5; frame++) {
		struct subject child;
		begin_frame(&child, s);
		for (int i = 0; i < 3000; i++) {
			char key[16];
			snprintf(key, sizeof key, "%d", i % 1500);
			put_tagged(i % 3 ? &child : s, key, i % 2 ? "odd all" : "even all");
		}
		assert_in_range(purge(&child, "odd", false), 100, 1000);
		assert_in_range(purge(&child, "all", false), 100, 1000);
		assert_int_equal(purge(&child, NULL, false), 0);
		end_frame(&child);
	}
	uint64_t softly = purge(s, "all", true);
	assert_int_equal(softly, purge(s, NULL, false));
	assert_int_equal(softly, 500);
	end(s);
}

/* ---- failures ---- */

enum { STEPS = 6 };

/* One step of a small story; true when it did what it should. */
static bool step(struct subject *s, int i, struct cache_op *op, struct cache_object **o)
{
	struct cache_write w = for_seconds(10);
	uint64_t count;
	switch (i) {
	case 0:
	case 3:
		start(s, op, CACHE_TRANSACTION, "k", NULL);
		return !op->failed;
	case 1:
		w.swr_ns = NS_PER_S;
		w.surrogate_keys = STR("a");
		*o = cache_insert(s->cache, op, &w, &s->loop);
		return *o != NULL;
	case 2:
		return cache_purge(s->cache, STR("a"), true, &count);
	case 4:
		w.surrogate_keys = STR("a");
		return cache_update(s->cache, op, &w, &s->loop, NULL);
	default:
		return cache_purge(s->cache, STR("a"), false, &count);
	}
}

TEST(a_failed_call_changes_nothing_and_later_ones_work)
{
	for (unsigned nth = 0; nth < STEPS; nth++) {
		struct subject subject, *s = &subject;
		begin(s, memory);
		s->cache = cache_failing_new(s->cache, nth);
		struct cache_op op;
		struct cache_object *o = NULL;
		for (int i = 0; i < STEPS; i++) {
			bool worked = step(s, i, &op, &o);
			assert_int_equal(worked, (unsigned)i != nth);
			if (!worked && i % 3 == 0)
				cache_op_fini(&op);
			if (!worked)
				assert_true(step(s, i, &op, &o));
			if (i == 1)
				finish(take(o), "x");
			if (i == 0)
				assert_op(&op, "O");
			if (i == 2)
				cache_op_fini(&op);
			if (i == 3)
				assert_op(&op, "FSO x");
		}
		assert_found("k", NULL, "");
		cache_op_fini(&op);
		end(s);
	}
}

/* ---- storms ---- */

enum { MANY_KEYS = 1000000, STORM_PURGES = 1000 };

/* Memory pressure: room for a small part of them. */
TEST(a_million_keys_leave_the_newest_within_the_bounds)
{
	struct subject subject, *s = &subject;
	char key[32];
	begin(s, memory);
	cache_destroy(&s->cache);
	s->cache = cache_memory_new(8 << 20, CACHE_OBJECTS_MAX);
	for (int i = 0; i < MANY_KEYS; i++) {
		struct cache_op op;
		struct cache_write w = for_seconds(10);
		snprintf(key, sizeof key, "key %d", i);
		cache_op_init(&op, CACHE_LOOKUP, str_from(key), NULL);
		struct cache_object *o = cache_insert(s->cache, &op, &w, &s->loop);
		body_write(cache_object_input(o), STR("0123456789"));
		body_end(cache_object_input(o));
		assert_true(cache_object_complete(o));
		cache_object_unref(&o);
		cache_op_fini(&op);
	}
	size_t left = 0;
	for (struct cache_item item = { 0 }; cache_next(s->cache, &item);)
		left++;
	assert_in_range(left, 1000, (8 << 20) / 600);
	assert_found(key, NULL, "F 0123456789");
	assert_found("key 0", NULL, "");
	end(s);
}

enum { PRESSURE_BYTES = 32 << 20, PRESSURE_OBJECT = 100000, PRESSURE_OBJECTS = 3000, PRESSURE_READERS = 8 };

/* Of memory that this process has now; 0: nobody knows, or the checks of a sanitizer keep what was freed. */
static size_t resident_bytes(void)
{
	unsigned long pages = 0;
	FILE *f = UNDER_ASAN ? NULL : fopen("/proc/self/statm", "r");
	if (!f)
		return 0;
	if (fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * 4096;
}

/* Ten times as much as there is room for: what is found, what is not, what is read, and what it costs. */
TEST(under_memory_pressure_hits_and_misses_and_readers_are_right_and_memory_is_bounded)
{
	struct subject subject, *s = &subject;
	struct body *readers[PRESSURE_READERS];
	struct cache_op op;
	begin(s, memory);
	cache_destroy(&s->cache);
	s->cache = cache_memory_new(PRESSURE_BYTES, CACHE_OBJECTS_MAX);
	put_many_large(s, 0, 300); /* so that allocators have what they need */
	size_t before = resident_bytes();
	for (unsigned i = 300; i < PRESSURE_OBJECTS; i++) {
		put_many_large(s, i, 1);
		if (i - 300 < PRESSURE_READERS) {
			start(s, &op, CACHE_LOOKUP, arena_printf(&s->arena, "%u", i).ptr, NULL);
			assert_int_equal(cache_object_open(op.found, &(struct cache_range){ 0 }, &s->loop,
							   &readers[i - 300]),
					 CACHE_OPENED);
			cache_op_fini(&op);
		}
		/* One that is asked for again and again stays. */
		start(s, &op, CACHE_LOOKUP, "300", NULL);
		assert_true(op.found && cache_object_bytes(op.found) == PRESSURE_OBJECT);
		cache_op_fini(&op);
	}
	size_t after = resident_bytes();
	assert_in_range(count_items(s), PRESSURE_BYTES / PRESSURE_OBJECT - 20,
			PRESSURE_BYTES / PRESSURE_OBJECT);
	for (unsigned i = 301; i < PRESSURE_OBJECTS; i++) {
		char key[16];
		snprintf(key, sizeof key, "%u", i);
		start(s, &op, CACHE_LOOKUP, key, NULL);
		bool newest = i >= PRESSURE_OBJECTS - (PRESSURE_BYTES / PRESSURE_OBJECT - 20);
		bool oldest = i < PRESSURE_OBJECTS - PRESSURE_BYTES / PRESSURE_OBJECT - 1;
		assert_true(op.found ? !oldest : !newest);
		cache_op_fini(&op);
	}
	for (unsigned i = 0; i < PRESSURE_READERS; i++) {
		assert_int_equal(read_body(s, readers[i]).len, PRESSURE_OBJECT);
		body_unref(&readers[i]);
	}
	if (before)
		assert_in_range(after, 0, before + PRESSURE_BYTES / 4);
	end(s);
}

CONTRACT(a_storm_of_purges_leaves_obligations_and_new_objects_alone)
{
	struct cache_op leader, waiter;
	char key[32];
	start(s, &leader, CACHE_TRANSACTION, "k", NULL);
	start(s, &waiter, CACHE_TRANSACTION, "k", NULL);
	for (int i = 0; i < STORM_PURGES; i++) {
		struct cache_write w = for_seconds(10);
		w.surrogate_keys = i % 2 ? STR("a b") : STR("a");
		snprintf(key, sizeof key, "object %d", i % 10);
		put_with(s, key, NULL, "x", &w);
		uint64_t purged = purge(s, i % 3 ? "a" : i % 2 ? "b" : NULL, i % 5 == 0);
		assert_in_range(purged, 1, 10);
		assert_true(!waiter.done && leader.obliged);
	}
	put(s, "object", "x", 10);
	struct cache_write w = for_seconds(10);
	finish(cache_insert(s->cache, &leader, &w, &s->loop), "at last");
	assert_op(&waiter, "F at last");
	assert_found("object", NULL, "F x");
	cache_op_fini(&waiter);
	cache_op_fini(&leader);
}

CONTRACT(who_waits_for_a_body_that_never_ends_reads_what_there_is_and_may_leave)
{
	struct cache_write w = for_seconds(10);
	struct cache_op leader, waiter;
	struct body *reader;
	start(s, &leader, CACHE_TRANSACTION, "k", NULL);
	start(s, &waiter, CACHE_TRANSACTION, "k", NULL);
	struct cache_object *o = cache_insert(s->cache, &leader, &w, &s->loop);
	body_write(cache_object_input(o), STR("half"));
	assert_true(waiter.done && waiter.found == o);
	assert_int_equal(cache_object_open(o, &(struct cache_range){ 0 }, &s->loop, &reader), CACHE_OPENED);
	assert_str(read_body(s, reader), "half …");
	body_abandon(reader);
	body_unref(&reader);
	pass(s, 9 * NS_PER_S);
	assert_found("k", NULL, "F half …"); /* whoever comes gets as much */
	cache_object_unref(&o);
	cache_op_fini(&waiter);
	cache_op_fini(&leader);
}

TEST(choosing_what_is_stale_may_fail_and_then_nothing_has_changed)
{
	struct subject subject, *s = &subject;
	struct cache_op leader, waiter;
	struct cache_write w = for_seconds_or_errors(10, 60);
	begin(s, memory);
	s->cache = cache_failing_new(s->cache, 3);
	put_with(s, "k", NULL, "old", &w);
	pass(s, 30 * NS_PER_S);
	start_past_use(s, &leader, "k", NULL);
	start_past_use(s, &waiter, "k", NULL);
	assert_false(cache_choose_stale(s->cache, &leader));
	assert_true(leader.obliged && !waiter.done);
	assert_true(cache_choose_stale(s->cache, &leader));
	assert_op(&waiter, "FS old");
	cache_op_fini(&waiter);
	cache_op_fini(&leader);
	end(s);
}
