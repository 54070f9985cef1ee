/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of world/geo.h. Every subject knows 192.0.2.1 and 2001:db8::1. */
#include "contract/contract.h"
#include "world/geo.h"
#include "world/ip.h"

enum { FAR_AWAY = 1000000000 };

struct subject {
	struct geo *geo, *parent;
	struct arena arena;
};

static void put(struct geo *geo, const char *address, const char *json)
{
	uint8_t ip[16], ip_len;
	struct error e;
	assert_true(ip_parse(str_from(address), ip, &ip_len));
	assert_true(geo_put(geo, ip, ip_len, str_from(json), &e));
}

static struct geo *over(struct table *records)
{
	struct geo *g = geo_table_new(records, true);
	put(g, "192.0.2.1", "{\"city\":\"A\"}");
	put(g, "2001:db8::1", "{\"city\":\"B\"}");
	return g;
}

static struct geo *memory(struct subject *s)
{
	(void)s;
	return over(table_memory_new());
}

static struct geo *file(struct subject *s)
{
	struct error e;
	struct table *records;
	(void)s;
	const char *path = test_write("geo.json", STR("{\"192.0.2.1\":{\"city\":\"A\"},"
						      "\"2001:0db8:0:0:0:0:0:1\":{\"city\":\"B\"}}"));
	assert_true(table_file_open(&records, path, true, geo_check_record, &e));
	return geo_table_new(records, true);
}

static struct geo *fork_of_memory(struct subject *s)
{
	s->parent = memory(s);
	return geo_fork(s->parent);
}

static struct geo *failing_later(struct subject *s)
{
	(void)s;
	return over(table_failing_new(table_memory_new(), FAR_AWAY));
}

#define EVERY_IMPLEMENTATION(X, promise) \
	X(promise, memory)               \
	X(promise, file)                 \
	X(promise, fork_of_memory)       \
	X(promise, failing_later)

static void begin(struct subject *s, struct geo *(*make)(struct subject *))
{
	*s = (struct subject){ 0 };
	arena_init(&s->arena);
	s->geo = make(s);
}

static void end(struct subject *s)
{
	geo_destroy(&s->geo);
	geo_destroy(&s->parent);
	arena_fini(&s->arena);
}

static bool look(struct subject *s, struct geo *geo, const char *address, struct str *json, struct error *e)
{
	uint8_t ip[16], ip_len;
	assert_true(ip_parse(str_from(address), ip, &ip_len));
	return geo_lookup(geo, ip, ip_len, &s->arena, json, e);
}

static void assert_city(struct subject *s, struct geo *geo, const char *address, const char *json)
{
	struct error e;
	struct str found;
	assert_true(look(s, geo, address, &found, &e));
	assert_str(found, json);
}

CONTRACT(known_addresses_have_their_record)
{
	assert_city(s, s->geo, "192.0.2.1", "{\"city\":\"A\"}");
	assert_city(s, s->geo, "2001:db8::1", "{\"city\":\"B\"}");
	assert_city(s, s->geo, "2001:DB8:0:0::1", "{\"city\":\"B\"}");
}

CONTRACT(an_unknown_address_is_not_found_and_named)
{
	struct error e = { 0 };
	struct str json;
	assert_false(look(s, s->geo, "198.51.100.7", &json, &e));
	assert_error(&e, NOT_FOUND, "198.51.100.7");
}

CONTRACT(loopback_addresses_have_a_default_record)
{
	struct error e;
	struct str json;
	static const char *const addresses[] = { "127.0.0.1", "127.255.0.9", "::1" };
	for (size_t i = 0; i < COUNT_OF(addresses); i++) {
		assert_true(look(s, s->geo, addresses[i], &json, &e));
		assert_true(str_find(json, STR("\"city\":\"San Francisco\"")) != STR_NONE);
		assert_true(str_find(json, STR("\"latitude\":37.77869")) != STR_NONE);
	}
	put(s->geo, "127.0.0.1", "{\"city\":\"here\"}");
	assert_city(s, s->geo, "127.0.0.1", "{\"city\":\"here\"}");
}

CONTRACT(a_fork_and_its_origin_do_not_see_each_others_writes)
{
	struct geo *child = geo_fork(s->geo);
	put(child, "192.0.2.1", "{\"city\":\"child's\"}");
	assert_city(s, s->geo, "192.0.2.1", "{\"city\":\"A\"}");
	put(s->geo, "2001:db8::1", "{\"city\":\"parent's\"}");
	assert_city(s, child, "2001:db8::1", "{\"city\":\"B\"}");
	assert_city(s, child, "192.0.2.1", "{\"city\":\"child's\"}");
	geo_destroy(&child);
	assert_city(s, s->geo, "192.0.2.1", "{\"city\":\"A\"}");
}

TEST(the_default_record_can_be_switched_off)
{
	struct error e = { 0 };
	struct str json;
	struct subject s = { .geo = geo_table_new(table_memory_new(), false) };
	assert_false(look(&s, s.geo, "127.0.0.1", &json, &e));
	assert_error(&e, NOT_FOUND, "127.0.0.1");
	end(&s);
}

TEST(a_table_that_cannot_be_read_is_not_mistaken_for_an_unknown_address)
{
	struct error e = { 0 };
	struct str json;
	struct subject s;
	begin(&s, memory);
	geo_destroy(&s.geo);
	s.geo = geo_table_new(table_failing_new(table_memory_new(), 0), true);
	assert_false(look(&s, s.geo, "127.0.0.1", &json, &e));
	assert_error(&e, IO, "fault injected");
	assert_true(look(&s, s.geo, "127.0.0.1", &json, &e));
	end(&s);
}

TEST(a_file_with_a_bad_address_or_record_is_refused)
{
	struct error e = { 0 };
	struct table *records;
	const char *path = test_write("geo.json", STR("{\"192.0.2.300\":{}}"));
	assert_false(table_file_open(&records, path, true, geo_check_record, &e));
	assert_error(&e, INVALID, "'192.0.2.300' is not an IP address");
	path = test_write("geo.json", STR("{\"192.0.2.3\":\"{}\"}"));
	assert_false(table_file_open(&records, path, true, geo_check_record, &e));
	assert_error(&e, INVALID, "the record of '192.0.2.3' is not a JSON object");
}

CONTRACT(what_is_known_is_a_table_that_no_fork_sees)
{
	struct error e = { 0 };
	struct str json;
	struct table_item i = { 0 };
	struct geo *child = geo_fork(s->geo);
	assert_true(table_next(geo_records(child), &i));
	assert_str(i.key, "192.0.2.1");
	assert_true(table_remove(geo_records(child), STR("192.0.2.1"), &e));
	assert_false(look(s, child, "192.0.2.1", &json, &e));
	assert_city(s, s->geo, "192.0.2.1", "{\"city\":\"A\"}");
	geo_destroy(&child);
}
