/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "store/table.h"

struct table_memory {
	struct table super;
	struct pmap values; /* struct blob by key */
};

static const struct table_ops table_memory_ops;

static struct table *with_values(struct pmap values)
{
	struct table_memory *self = NEW(struct table_memory);
	table_init(&self->super, &table_memory_ops);
	self->values = values;
	return &self->super;
}

static bool table_memory_get(struct table *super, struct str key, struct arena *a, struct str *value,
			     struct error *e)
{
	const struct table_memory *self = (const struct table_memory *)super;
	const struct blob *found = (const struct blob *)pmap_get(&self->values, key);
	if (!found)
		return FAIL(e, NOT_FOUND, "there is no key '" STR_FMT "'", STR_ARG(key));
	*value = arena_str(a, blob_str(found));
	return true;
}

static bool table_memory_put(struct table *super, struct str key, struct str value, struct error *e)
{
	(void)e;
	pmap_put(&((struct table_memory *)super)->values, key, &blob_new(value)->rc);
	return true;
}

static bool table_memory_remove(struct table *super, struct str key, struct error *e)
{
	return pmap_remove(&((struct table_memory *)super)->values, key) ||
	       FAIL(e, NOT_FOUND, "there is no key '" STR_FMT "'", STR_ARG(key));
}

static bool table_memory_next(struct table *super, struct table_item *item)
{
	if (!pmap_each(&((struct table_memory *)super)->values, &item->at))
		return false;
	item->key = item->at.key;
	item->value = blob_str((const struct blob *)item->at.value);
	return true;
}

static struct table *table_memory_fork(struct table *super)
{
	return with_values(pmap_copy(&((struct table_memory *)super)->values));
}

static void table_memory_destroy(struct table *super)
{
	struct table_memory *self = (struct table_memory *)super;
	pmap_fini(&self->values);
	mem_free(self);
}

static const struct table_ops table_memory_ops = {
	.name = "memory",
	.get = table_memory_get,
	.put = table_memory_put,
	.remove = table_memory_remove,
	.next = table_memory_next,
	.fork = table_memory_fork,
	.destroy = table_memory_destroy,
};

struct table *table_memory_new(void)
{
	return with_values((struct pmap){ 0 });
}
