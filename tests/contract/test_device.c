/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of world/device.h. Every subject knows "Phone/1". */
#include "contract/contract.h"
#include "world/device.h"

enum { FAR_AWAY = 1000000000 };

struct subject {
	struct device *device, *parent;
	struct arena arena;
};

static void put(struct device *d, const char *user_agent, const char *json)
{
	struct error e;
	assert_true(device_put(d, str_from(user_agent), str_from(json), &e));
}

static struct device *over(struct table *records)
{
	struct device *d = device_table_new(records);
	put(d, "Phone/1", "{\"device\":1}");
	return d;
}

static struct device *memory(struct subject *s)
{
	(void)s;
	return over(table_memory_new());
}

static struct device *file(struct subject *s)
{
	struct error e;
	struct table *records;
	(void)s;
	const char *path = test_write("devices.json", STR("{\"Phone/1\" : {\"device\":1} }"));
	assert_true(table_file_open(&records, path, true, device_check_record, &e));
	return device_table_new(records);
}

static struct device *fork_of_memory(struct subject *s)
{
	s->parent = memory(s);
	return device_fork(s->parent);
}

static struct device *failing_later(struct subject *s)
{
	(void)s;
	return over(table_failing_new(table_memory_new(), FAR_AWAY));
}

#define EVERY_IMPLEMENTATION(X, promise) \
	X(promise, memory)               \
	X(promise, file)                 \
	X(promise, fork_of_memory)       \
	X(promise, failing_later)

static void begin(struct subject *s, struct device *(*make)(struct subject *))
{
	*s = (struct subject){ 0 };
	arena_init(&s->arena);
	s->device = make(s);
}

static void end(struct subject *s)
{
	device_destroy(&s->device);
	device_destroy(&s->parent);
	arena_fini(&s->arena);
}

static void assert_record(struct subject *s, struct device *d, const char *user_agent, const char *json)
{
	struct error e;
	struct str found;
	assert_true(device_lookup(d, str_from(user_agent), &s->arena, &found, &e));
	assert_str(found, json);
}

CONTRACT(a_known_device_has_its_record)
{
	assert_record(s, s->device, "Phone/1", "{\"device\":1}");
}

CONTRACT(another_device_is_not_found)
{
	static const char *const others[] = { "", "phone/1", "Phone/1 ", "Phone/2" };
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		struct error e = { 0 };
		struct str json;
		assert_false(device_lookup(s->device, str_from(others[i]), &s->arena, &json, &e));
		assert_int_equal(e.kind, ERROR_NOT_FOUND);
	}
}

CONTRACT(a_fork_and_its_origin_do_not_see_each_others_writes)
{
	struct device *child = device_fork(s->device);
	put(child, "Phone/1", "{\"device\":2}");
	assert_record(s, s->device, "Phone/1", "{\"device\":1}");
	put(s->device, "Phone/1", "{\"device\":3}");
	assert_record(s, child, "Phone/1", "{\"device\":2}");
	device_destroy(&child);
	assert_record(s, s->device, "Phone/1", "{\"device\":3}");
}

TEST(a_failure_is_clean_and_the_next_call_works)
{
	struct error e = { 0 };
	struct str json;
	struct subject s;
	begin(&s, memory);
	struct device *d = device_table_new(table_failing_new(table_memory_new(), 0));
	assert_false(device_put(d, STR("Phone/1"), STR("{}"), &e));
	assert_error(&e, IO, "fault injected");
	assert_false(device_lookup(d, STR("Phone/1"), &s.arena, &json, &e));
	assert_int_equal(e.kind, ERROR_NOT_FOUND);
	put(d, "Phone/1", "{}");
	assert_record(&s, d, "Phone/1", "{}");
	device_destroy(&d);
	end(&s);
}

CONTRACT(what_is_known_is_a_table_that_no_fork_sees)
{
	struct error e = { 0 };
	struct str json;
	struct device *child = device_fork(s->device);
	assert_true(table_remove(device_records(child), STR("Phone/1"), &e));
	assert_false(device_lookup(child, STR("Phone/1"), &s->arena, &json, &e));
	assert_int_equal(e.kind, ERROR_NOT_FOUND);
	assert_record(s, s->device, "Phone/1", "{\"device\":1}");
	device_destroy(&child);
}
