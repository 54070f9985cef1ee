/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "world/purge_relay.h"

struct pops {
	struct clock *clock;
	struct loop loop;
	struct purge_relay *relay;
	struct cache *a, *b;
};

static void begin(struct pops *p, uint64_t delay_ns)
{
	*p = (struct pops){ .clock = clock_virtual_new(NS_PER_S) };
	loop_init(&p->loop, p->clock);
	p->relay = purge_relay_new(&p->loop, delay_ns);
	p->a = cache_memory_new(1 << 20, 100);
	p->b = cache_memory_new(1 << 20, 100);
	purge_relay_join(p->relay, p->a);
	purge_relay_join(p->relay, p->b);
}

static void end(struct pops *p)
{
	purge_relay_leave(p->relay, p->a);
	purge_relay_leave(p->relay, p->b);
	cache_destroy(&p->a);
	cache_destroy(&p->b);
	purge_relay_unref(&p->relay);
	loop_fini(&p->loop);
	clock_destroy(&p->clock);
}

static void store(struct pops *p, struct cache *c, const char *key)
{
	struct cache_op op;
	const struct cache_write w = { .max_age_ns = 1000 * NS_PER_S, .surrogate_keys = STR("k") };
	cache_op_init(&op, CACHE_LOOKUP, str_from(key), NULL);
	struct cache_object *o = cache_insert(c, &op, &w, &p->loop);
	assert_non_null(o);
	body_end(cache_object_input(o));
	assert_true(cache_object_complete(o));
	cache_object_unref(&o);
	cache_op_fini(&op);
}

static size_t count(struct cache *c)
{
	size_t n = 0;
	for (struct cache_item i = { 0 }; cache_next(c, &i);)
		n += !i.purged;
	return n;
}

static void pass(struct pops *p, uint64_t ns)
{
	bool done = false;
	uint64_t until = clock_monotonic(p->clock) + ns;
	(void)loop_run(&p->loop, &done, until);
	clock_jump(p->clock, until);
}

TEST(a_purge_is_at_once_where_it_is_made_and_later_elsewhere)
{
	struct pops p;
	uint64_t purged;
	begin(&p, 2 * NS_PER_S);
	store(&p, p.a, "1");
	store(&p, p.b, "1");
	assert_true(purge_relay_purge(p.relay, p.a, STR("k"), false, &purged));
	assert_int_equal(purged, 1);
	assert_int_equal(purge_relay_waiting(p.relay), 1);
	assert_int_equal(count(p.a), 0);
	assert_int_equal(count(p.b), 1);
	store(&p, p.a, "2"); /* it does not come back to where it was made */
	pass(&p, 3 * NS_PER_S);
	assert_int_equal(count(p.a), 1);
	assert_int_equal(count(p.b), 0);
	assert_int_equal(purge_relay_waiting(p.relay), 0);
	end(&p);
}

TEST(everything_can_be_purged_softly_everywhere_at_once)
{
	struct pops p;
	uint64_t purged;
	begin(&p, 0);
	store(&p, p.a, "1");
	store(&p, p.b, "1");
	assert_true(purge_relay_purge(p.relay, p.b, (struct str){ 0 }, true, &purged));
	assert_int_equal(count(p.a), 0);
	assert_int_equal(count(p.b), 0);
	end(&p);
}

TEST(a_key_is_purged_elsewhere_too)
{
	struct pops p;
	uint64_t purged;
	begin(&p, 2 * NS_PER_S);
	store(&p, p.a, "1");
	store(&p, p.b, "1");
	store(&p, p.b, "2");
	assert_true(purge_relay_purge_key(p.relay, p.a, STR("1"), false, &purged));
	assert_int_equal(purged, 1);
	pass(&p, 3 * NS_PER_S);
	assert_int_equal(count(p.b), 1);
	end(&p);
}

TEST(without_a_relay_a_cache_is_purged_alone)
{
	struct pops p;
	uint64_t purged;
	begin(&p, 0);
	store(&p, p.a, "1");
	store(&p, p.b, "1");
	assert_true(purge_relay_purge(NULL, p.a, STR("k"), false, &purged));
	assert_int_equal(count(p.b), 1);
	end(&p);
}

TEST(a_storm_is_bounded_and_what_leaves_is_left_alone)
{
	struct pops p;
	uint64_t purged;
	begin(&p, 1000 * NS_PER_S);
	store(&p, p.b, "1");
	for (int i = 0; i < PURGES_ON_THEIR_WAY_MAX; i++)
		assert_true(purge_relay_purge(p.relay, p.a, STR("k"), false, &purged));
	assert_int_equal(count(p.b), 1);
	assert_true(purge_relay_purge(p.relay, p.a, STR("k"), false, &purged));
	assert_int_equal(count(p.b), 0); /* the oldest came before its time */
	assert_int_equal(purge_relay_waiting(p.relay), PURGES_ON_THEIR_WAY_MAX);
	store(&p, p.b, "2");
	purge_relay_leave(p.relay, p.b);
	pass(&p, 1001 * NS_PER_S);
	assert_int_equal(count(p.b), 1);
	end(&p);
}
