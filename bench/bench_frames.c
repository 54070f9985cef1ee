/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a frame costs: pushing and popping one on a world that holds almost nothing, and on one that holds 100
 * MB in a KV store, thousands of keys everywhere else, and rules. The two must cost the same. Also the first
 * write into a frame, which copies a path of the store's map, and the memory of many worlds at once.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "world/world.h"

enum { ROUNDS = 200000, KEYS = 100000, VALUE_BYTES = 1000, WORLDS = 1000, GOAL_NS = 20000 };

static void put(struct world *w, const char *key, struct blob *value)
{
	struct kv_op op;
	kv_op_init(&op, KV_INSERT, STR("store"), str_from(key));
	op.value = value;
	kv_start(w->kv, &op, w->loop);
	kv_op_fini(&op);
}

static void fill(struct world *w)
{
	static char bytes[VALUE_BYTES];
	struct table *config = table_memory_new();
	struct error e;
	char key[32];
	for (unsigned i = 0; i < KEYS; i++) {
		struct blob *value = blob_new((struct str){ bytes, sizeof bytes });
		snprintf(key, sizeof key, "key-%u", i * 2654435761u);
		put(w, key, value);
		blob_unref(&value);
		if (i >= KEYS / 10)
			continue;
		struct acl_entry entry = { .ip_len = 4,
					   .bits = 32,
					   .ip = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } };
		if (!table_put(config, str_from(key), str_from(key), &e) ||
		    !acl_add(w->acl, STR("list"), &entry))
			abort();
		world_add_backend(w, backend_new(str_from(key)));
		origins_rules_add(w->origins, origin_rule_new());
		log_write(w->log, STR("log"), str_from(key));
	}
	tables_add(&w->config, STR("config"), config);
}

static double fork_and_destroy_ns(struct world *parent, struct blob *written)
{
	uint64_t before = cpu_time_ns();
	for (int i = 0; i < ROUNDS; i++) {
		struct world *frame = world_fork(parent, parent->loop);
		if (written)
			put(frame, "key-1", written);
		world_destroy(&frame);
	}
	return (double)(cpu_time_ns() - before) / ROUNDS;
}

static double bytes_a_world(struct world *parent, struct blob *written)
{
	struct world *worlds[WORLDS];
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
	for (int i = 0; i < WORLDS; i++) {
		worlds[i] = world_fork(parent, parent->loop);
		if (written)
			put(worlds[i], "key-1", written);
	}
	size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
	for (int i = 0; i < WORLDS; i++)
		world_destroy(&worlds[i]);
	return (double)(after - before) / WORLDS;
}

int main(void)
{
	struct clock *clock = clock_virtual_new(0);
	struct loop loop;
	struct blob *value = blob_new(STR("value"));
	loop_init(&loop, clock);
	struct world *w = world_new(&loop, 1);
	kv_add_store(w->kv, STR("store"));
	printf("frame on an empty world           %8.0f ns\n", fork_and_destroy_ns(w, NULL));
	fill(w);
	double full = fork_and_destroy_ns(w, NULL);
	printf("frame on a world that holds 100 MB %7.0f ns (goal: under %d)\n", full, GOAL_NS);
	printf("the same with one write in it      %7.0f ns\n", fork_and_destroy_ns(w, value));
	printf("each of %d worlds over 100 MB      %7.0f bytes\n", WORLDS, bytes_a_world(w, NULL));
	printf("the same with one write in each     %7.0f bytes\n", bytes_a_world(w, value));
	world_destroy(&w);
	blob_unref(&value);
	loop_fini(&loop);
	clock_destroy(&clock);
	return full < GOAL_NS ? 0 : 1;
}
