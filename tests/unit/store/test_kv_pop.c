/* SPDX-License-Identifier: Apache-2.0 */
/* What several POPs see of one store. */
#include <stdio.h>

#include "base/buf.h"
#include "store/kv_pop.h"
#include "support/test.h"

struct pops {
	struct clock *clock;
	struct loop loop;
	struct kv_shared *shared;
	struct kv *a, *b;
};

static void begin(struct pops *p, uint64_t delay_ns)
{
	*p = (struct pops){ .clock = clock_virtual_new(NS_PER_S) };
	loop_init(&p->loop, p->clock);
	struct kv *kv = kv_memory_new();
	kv_add_store(kv, STR("s"));
	p->shared = kv_shared_new(kv, &p->loop, delay_ns);
	p->a = kv_pop_new(p->shared);
	p->b = kv_pop_new(p->shared);
}

static void end(struct pops *p)
{
	kv_destroy(&p->a);
	kv_destroy(&p->b);
	kv_shared_unref(&p->shared);
	loop_fini(&p->loop);
	clock_destroy(&p->clock);
}

static enum kv_error put(struct pops *p, struct kv *kv, const char *key, const char *value)
{
	struct kv_op op;
	scoped(blob_unref) struct blob *blob = blob_new(str_from(value));
	kv_op_init(&op, KV_INSERT, STR("s"), str_from(key));
	op.value = blob;
	kv_start(kv, &op, &p->loop);
	assert_true(op.done);
	enum kv_error error = op.error;
	kv_op_fini(&op);
	return error;
}

static void assert_value(struct pops *p, struct kv *kv, const char *key, const char *expected)
{
	struct kv_op op;
	kv_op_init(&op, KV_LOOKUP, STR("s"), str_from(key));
	kv_start(kv, &op, &p->loop);
	assert_true(op.done);
	assert_int_equal(op.error, expected ? KV_OK : KV_NOT_FOUND);
	if (expected)
		assert_str(blob_str(op.found), expected);
	kv_op_fini(&op);
}

static size_t count_keys(struct pops *p, struct kv *kv)
{
	struct kv_op op;
	kv_op_init(&op, KV_LIST, STR("s"), STR(""));
	kv_start(kv, &op, &p->loop);
	size_t count = op.keys_count;
	kv_op_fini(&op);
	return count;
}

static void pass(struct pops *p, uint64_t ns)
{
	bool done = false;
	uint64_t until = clock_monotonic(p->clock) + ns;
	(void)loop_run(&p->loop, &done, until);
	clock_jump(p->clock, until);
}

TEST(a_pop_reads_its_own_writes_at_once_and_others_after_the_delay)
{
	struct pops p;
	begin(&p, 10 * NS_PER_S);
	assert_int_equal(put(&p, p.a, "k", "one"), KV_OK);
	assert_value(&p, p.a, "k", "one");
	assert_value(&p, p.b, "k", NULL);
	assert_int_equal(count_keys(&p, p.a), 1);
	assert_int_equal(count_keys(&p, p.b), 0);
	pass(&p, 9 * NS_PER_S);
	assert_value(&p, p.b, "k", NULL);
	pass(&p, 2 * NS_PER_S);
	assert_value(&p, p.b, "k", "one");
	assert_int_equal(count_keys(&p, p.b), 1);
	end(&p);
}

TEST(a_write_of_ones_own_is_not_unseen_when_anothers_older_one_arrives)
{
	struct pops p;
	begin(&p, 10 * NS_PER_S);
	assert_int_equal(put(&p, p.b, "k", "old"), KV_OK);
	pass(&p, 5 * NS_PER_S);
	assert_int_equal(put(&p, p.a, "k", "new"), KV_OK);
	pass(&p, 6 * NS_PER_S); /* b's has arrived, a's is on its way */
	assert_value(&p, p.a, "k", "new");
	assert_value(&p, p.b, "k", "old");
	pass(&p, 5 * NS_PER_S);
	assert_value(&p, p.b, "k", "new");
	end(&p);
}

TEST(writes_are_in_one_order_and_conditions_hold_for_all)
{
	struct pops p;
	begin(&p, 10 * NS_PER_S);
	assert_int_equal(put(&p, p.a, "k", "a"), KV_OK);
	struct kv_op op;
	scoped(blob_unref) struct blob *blob = blob_new(STR("b"));
	kv_op_init(&op, KV_INSERT, STR("s"), STR("k"));
	op.value = blob;
	op.mode = KV_ADD;
	kv_start(p.b, &op, &p.loop);
	assert_int_equal(op.error, KV_PRECONDITION_FAILED); /* though b does not see it yet */
	kv_op_fini(&op);
	kv_op_init(&op, KV_DELETE, STR("s"), STR("k"));
	kv_start(p.b, &op, &p.loop);
	assert_int_equal(op.error, KV_OK);
	kv_op_fini(&op);
	assert_value(&p, p.a, "k", "a");
	assert_value(&p, p.b, "k", NULL);
	pass(&p, 11 * NS_PER_S);
	assert_value(&p, p.a, "k", NULL);
	end(&p);
}

TEST(without_a_delay_all_see_the_same_at_once)
{
	struct pops p;
	begin(&p, 0);
	assert_int_equal(put(&p, p.a, "k", "a"), KV_OK);
	assert_value(&p, p.b, "k", "a");
	end(&p);
}

TEST(a_storm_of_writes_is_bounded)
{
	struct pops p;
	char value[32];
	begin(&p, 1000 * NS_PER_S);
	for (int i = 0; i <= KV_POP_WRITES_MAX; i++) {
		snprintf(value, sizeof value, "%d", i);
		assert_int_equal(put(&p, p.a, "k", value), KV_OK);
	}
	assert_value(&p, p.b, "k", "0"); /* the oldest came before its time */
	assert_value(&p, p.a, "k", value);
	end(&p);
}
