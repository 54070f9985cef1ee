/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "world/device.h"

struct device_table {
	struct device super;
	struct table *records;
};

bool device_check_record(struct arena *a, struct str *key, struct str *value, struct error *e)
{
	(void)a;
	return str_starts(*value, STR("{")) ||
	       FAIL(e, INVALID, "the record of '" STR_FMT "' is not a JSON object", STR_ARG(*key));
}

static bool device_table_lookup(struct device *super, struct str user_agent, struct arena *a,
				struct str *json, struct error *e)
{
	return table_get(((struct device_table *)super)->records, user_agent, a, json, e) ||
	       error_wrap(e, "device detection");
}

static bool device_table_put(struct device *super, struct str user_agent, struct str json, struct error *e)
{
	struct device_table *self = (struct device_table *)super;
	table_own(&self->records);
	return table_put(self->records, user_agent, json, e);
}

static struct table *device_table_records(struct device *super)
{
	struct device_table *self = (struct device_table *)super;
	table_own(&self->records);
	return self->records;
}

static struct device *device_table_fork(struct device *super)
{
	return device_table_new(table_ref(((struct device_table *)super)->records));
}

static void device_table_destroy(struct device *super)
{
	struct device_table *self = (struct device_table *)super;
	table_unref(&self->records);
	mem_free(self);
}

static const struct device_ops device_table_ops = {
	.name = "table",
	.lookup = device_table_lookup,
	.put = device_table_put,
	.records = device_table_records,
	.fork = device_table_fork,
	.destroy = device_table_destroy,
};

struct device *device_table_new(struct table *records)
{
	struct device_table *self = NEW(struct device_table);
	self->super.ops = &device_table_ops;
	self->records = records;
	return &self->super;
}
