/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: whatever is done to a fork is gone with it, and whatever is done to neither is seen by both. */
#include "support/test.h"
#include "world/world.h"

struct setup {
	struct clock *clock;
	struct loop loop;
	struct world *world;
};

static void begin(struct setup *s)
{
	s->clock = clock_virtual_new(NS_PER_S);
	loop_init(&s->loop, s->clock);
	s->world = world_new(&s->loop, 42);
}

static void end(struct setup *s)
{
	world_destroy(&s->world);
	assert_null(s->world);
	world_destroy(&s->world);
	loop_fini(&s->loop);
	clock_destroy(&s->clock);
}

/* ---- one mark in each part of a world ---- */

static void mark_kv(struct world *w, struct str value)
{
	struct kv_op op;
	struct blob *blob = blob_new(value);
	kv_add_store(w->kv, STR("store"));
	kv_op_init(&op, KV_INSERT, STR("store"), STR("mark"));
	op.value = blob;
	kv_start(w->kv, &op, w->loop);
	assert_int_equal(op.error, KV_OK);
	kv_op_fini(&op);
	blob_unref(&blob);
}

static void mark_tables(struct tables *ts, struct str value)
{
	struct error e;
	if (!tables_find(ts, STR("table")))
		tables_add(ts, STR("table"), table_memory_new());
	assert_true(table_put(tables_writable(ts, STR("table")), STR("mark"), value, &e));
}

static void mark_edge(struct world *w, struct str value)
{
	static const uint8_t ip[16] = { 192, 0, 2, 1 };
	struct error e;
	struct acl_entry entry = {
		.ip = { 192, 0, 2, 1 }, .ip_len = 4, .bits = 32, .allow = str_eq(value, STR("a"))
	};
	assert_true(acl_add(w->acl, STR("list"), &entry));
	assert_true(geo_put(w->geo, ip, 4, value, &e));
	assert_true(device_put(w->device, STR("mark"), value, &e));
	assert_true(rates_add(w->rates, 0, STR("counter"), value, 1, &e));
}

static void mark_origins(struct world *w, struct str value)
{
	struct origin_rule *rule = origin_rule_new();
	rule->answer.status = str_eq(value, STR("a")) ? 201 : 202;
	origins_rules_add(w->origins, rule);
	world_add_backend(w, backend_new(value));
}

/* Values are "a" and "b". */
static void mark(struct world *w, struct str value)
{
	struct shield_site *site = shield_site_new();
	site->local = str_eq(value, STR("a"));
	mark_kv(w, value);
	mark_tables(&w->config, value);
	mark_tables(&w->secrets, value);
	mark_edge(w, value);
	mark_origins(w, value);
	log_write(w->log, STR("mark"), value);
	world_add_fastly_key(w, value);
	world_add_shield(w, STR("site"), site);
	w->limits.subrequests = value.len + (unsigned char)*value.ptr;
	w->tracing = str_eq(value, STR("a"));
	w->invocations += 10;
}

/* ---- looking for it ---- */

static void assert_kv(struct world *w, const char *expected)
{
	struct kv_op op;
	kv_op_init(&op, KV_LOOKUP, STR("store"), STR("mark"));
	kv_start(w->kv, &op, w->loop);
	assert_str(blob_str(op.found), expected);
	kv_op_fini(&op);
}

static void assert_tables(struct world *w, const char *expected)
{
	static const uint8_t ip[16] = { 192, 0, 2, 1 };
	struct error e;
	struct str value;
	struct arena a;
	arena_init(&a);
	assert_true(table_get(tables_find(&w->config, STR("table")), STR("mark"), &a, &value, &e));
	assert_str(value, expected);
	assert_true(table_get(tables_find(&w->secrets, STR("table")), STR("mark"), &a, &value, &e));
	assert_str(value, expected);
	assert_true(geo_lookup(w->geo, ip, 4, &a, &value, &e));
	assert_str(value, expected);
	assert_true(device_lookup(w->device, STR("mark"), &a, &value, &e));
	assert_str(value, expected);
	arena_fini(&a);
}

static void assert_rates(struct world *w, const char *expected)
{
	struct error e;
	uint64_t count;
	assert_true(rates_count(w->rates, 0, STR("counter"), str_from(expected), 60, &count, &e));
	assert_true(count > 0);
}

static unsigned ask_status(struct world *w, const char *backend)
{
	struct http_request request = { .method = STR("GET"), .uri = STR("http://a/") };
	struct backend *b = backend_new(str_from(backend));
	struct fetch *f = origins_send(w->origins, b, STR("/"), &request, w->loop);
	unsigned status = f->error == FETCH_OK ? f->response.status : 0;
	fetch_unref(&f);
	backend_unref(&b);
	return status;
}

static void assert_marked(struct world *w, const char *expected)
{
	static const uint8_t ip[16] = { 192, 0, 2, 1 };
	struct acl_entry entry;
	bool a = expected[0] == 'a';
	assert_kv(w, expected);
	assert_tables(w, expected);
	assert_rates(w, expected);
	assert_true(acl_lookup(w->acl, STR("list"), ip, 4, &entry));
	assert_int_equal(entry.allow, a);
	assert_int_equal(ask_status(w, "any"), a ? 201 : 202);
	assert_non_null(world_backend(w, str_from(expected)));
	assert_true(world_fastly_key_valid(w, str_from(expected)));
	assert_int_equal(world_shield(w, STR("site"))->local, a);
	assert_int_equal(w->limits.subrequests, 1 + (unsigned char)expected[0]);
	assert_int_equal(w->tracing, a);
}

TEST(a_new_world_is_empty_and_bounded)
{
	struct setup s;
	begin(&s);
	assert_null(world_backend(s.world, STR("b")));
	assert_false(world_fastly_key_valid(s.world, STR("key")));
	assert_null(world_shield(s.world, STR("site")));
	assert_false(kv_has_store(s.world->kv, STR("store")));
	assert_null(tables_find(&s.world->config, STR("c")));
	assert_int_equal(log_capture_count(s.world->log), 0);
	assert_int_equal(s.world->limits.memory_bytes, 128 * 1024 * 1024);
	assert_int_equal(ask_status(s.world, "b"), 0);
	assert_int_equal(origins_unmatched(s.world->origins), 1);
	end(&s);
}

TEST(a_fork_starts_with_all_its_parent_has)
{
	struct setup s;
	begin(&s);
	mark(s.world, STR("a"));
	struct world *child = world_fork(s.world, &s.loop);
	assert_marked(child, "a");
	assert_int_equal(child->invocations, 10);
	assert_int_equal(log_capture_count(child->log), 1);
	world_destroy(&child);
	end(&s);
}

TEST(what_is_done_to_a_fork_goes_with_it)
{
	struct setup s;
	begin(&s);
	mark(s.world, STR("a"));
	struct world *child = world_fork(s.world, &s.loop);
	mark(child, STR("b"));
	assert_marked(child, "b");
	assert_marked(s.world, "a");
	assert_false(world_fastly_key_valid(s.world, STR("b")));
	assert_null(world_backend(s.world, STR("b")));
	assert_int_equal(log_capture_count(s.world->log), 1);
	world_destroy(&child);
	assert_marked(s.world, "a");
	assert_int_equal(s.world->invocations, 10);
	end(&s);
}

TEST(frames_nest_and_siblings_are_apart)
{
	struct setup s;
	begin(&s);
	mark(s.world, STR("a"));
	struct world *outer = world_fork(s.world, &s.loop);
	mark(outer, STR("b"));
	struct world *inner = world_fork(outer, &s.loop), *sibling = world_fork(outer, &s.loop);
	mark(inner, STR("a"));
	assert_marked(inner, "a");
	assert_marked(sibling, "b");
	world_destroy(&inner);
	assert_marked(sibling, "b");
	world_destroy(&sibling);
	world_destroy(&outer);
	assert_marked(s.world, "a");
	end(&s);
}

TEST(a_fork_may_have_a_loop_and_a_clock_of_its_own)
{
	struct setup s;
	begin(&s);
	mark(s.world, STR("a"));
	struct clock *clock = clock_virtual_new(5 * NS_PER_S);
	struct loop loop;
	loop_init(&loop, clock);
	struct world *child = world_fork(s.world, &loop);
	assert_ptr_equal(child->loop, &loop);
	assert_marked(child, "a");
	world_destroy(&child);
	loop_fini(&loop);
	clock_destroy(&clock);
	end(&s);
}

TEST(every_fork_of_a_world_has_the_same_randomness)
{
	struct setup s;
	begin(&s);
	struct world *one = world_fork(s.world, &s.loop), *two = world_fork(s.world, &s.loop);
	assert_int_equal(random_u64(one->random), random_u64(two->random));
	world_destroy(&one);
	world_destroy(&two);
	end(&s);
}

TEST(a_world_with_raw_output_forks_it_too)
{
	struct setup s;
	begin(&s);
	s.world->raw_stdout = log_capture_new();
	struct world *child = world_fork(s.world, &s.loop);
	log_write(child->raw_stdout, STR("stdout"), STR("x"));
	assert_int_equal(log_capture_count(s.world->raw_stdout), 0);
	assert_int_equal(log_capture_count(child->raw_stdout), 1);
	world_destroy(&child);
	end(&s);
}
