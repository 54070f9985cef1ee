/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "world/geo.h"
#include "world/ip.h"

struct geo_table {
	struct geo super;
	struct table *records;
	bool loopback_default;
};

/* What Fastly's local server says of a loopback address. */
static const struct str san_francisco = STR_INIT(
	"{\"as_name\":\"Fastly, Inc\",\"as_number\":54113,\"area_code\":415,\"city\":\"San Francisco\","
	"\"conn_speed\":\"broadband\",\"conn_type\":\"wired\",\"continent\":\"NA\",\"country_code\":\"US\","
	"\"country_code3\":\"USA\",\"country_name\":\"United States of America\",\"latitude\":37.77869,"
	"\"longitude\":-122.39557,\"metro_code\":0,\"postal_code\":\"94107\",\"proxy_description\":\"?\","
	"\"proxy_type\":\"?\",\"region\":\"CA\",\"utc_offset\":-700}");

bool geo_check_record(struct arena *a, struct str *key, struct str *value, struct error *e)
{
	uint8_t ip[16], ip_len;
	char text[IP_TEXT_BYTES];
	if (!ip_parse(*key, ip, &ip_len))
		return FAIL(e, INVALID, "'" STR_FMT "' is not an IP address", STR_ARG(*key));
	if (!str_starts(*value, STR("{")))
		return FAIL(e, INVALID, "the record of '" STR_FMT "' is not a JSON object", STR_ARG(*key));
	ip_print(ip, ip_len, text);
	*key = arena_str(a, str_from(text));
	return true;
}

static bool geo_table_lookup(struct geo *super, const uint8_t *ip, uint8_t ip_len, struct arena *a,
			     struct str *json, struct error *e)
{
	const struct geo_table *self = (const struct geo_table *)super;
	char key[IP_TEXT_BYTES];
	struct error why = { 0 };
	ip_print(ip, ip_len, key);
	if (table_get(self->records, str_from(key), a, json, &why))
		return true;
	if (why.kind == ERROR_NOT_FOUND && self->loopback_default && ip_is_loopback(ip, ip_len)) {
		*json = arena_str(a, san_francisco);
		return true;
	}
	if (why.kind == ERROR_NOT_FOUND)
		return FAIL(e, NOT_FOUND, "nothing is known of the address %s", key);
	*e = why;
	return false;
}

static bool geo_table_put(struct geo *super, const uint8_t *ip, uint8_t ip_len, struct str json,
			  struct error *e)
{
	struct geo_table *self = (struct geo_table *)super;
	char key[IP_TEXT_BYTES];
	ip_print(ip, ip_len, key);
	table_own(&self->records);
	return table_put(self->records, str_from(key), json, e);
}

static struct table *geo_table_records(struct geo *super)
{
	struct geo_table *self = (struct geo_table *)super;
	table_own(&self->records);
	return self->records;
}

static struct geo *geo_table_fork(struct geo *super)
{
	const struct geo_table *self = (const struct geo_table *)super;
	return geo_table_new(table_ref(self->records), self->loopback_default);
}

static void geo_table_destroy(struct geo *super)
{
	struct geo_table *self = (struct geo_table *)super;
	table_unref(&self->records);
	mem_free(self);
}

static const struct geo_ops geo_table_ops = {
	.name = "table",
	.lookup = geo_table_lookup,
	.put = geo_table_put,
	.records = geo_table_records,
	.fork = geo_table_fork,
	.destroy = geo_table_destroy,
};

struct geo *geo_table_new(struct table *records, bool loopback_default)
{
	struct geo_table *self = NEW(struct geo_table);
	self->super.ops = &geo_table_ops;
	self->records = records;
	self->loopback_default = loopback_default;
	return &self->super;
}
