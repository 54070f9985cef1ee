/* SPDX-License-Identifier: Apache-2.0 */
#include "store/table.h"

static void table_destroy(struct rc *r)
{
	struct table *t = (struct table *)r;
	t->ops->destroy(t);
}

void table_init(struct table *t, const struct table_ops *ops)
{
	rc_init(&t->rc, table_destroy);
	t->ops = ops;
}

struct table *table_ref(struct table *t)
{
	rc_ref(&t->rc);
	return t;
}

void table_unref(struct table **pt)
{
	struct table *t = take(*pt);
	if (t)
		rc_unref(&t->rc);
}

void table_own(struct table **pt)
{
	if ((*pt)->rc.refs == 1)
		return;
	struct table *own = table_fork(*pt);
	table_unref(pt);
	*pt = own;
}

struct table *tables_find(const struct tables *ts, struct str name)
{
	return (struct table *)pmap_get(&ts->by_name, name);
}

void tables_add(struct tables *ts, struct str name, struct table *taken)
{
	pmap_put(&ts->by_name, name, &taken->rc);
}

/* Forking is O(1), so it need not be known whether somebody else holds the table or a node above it. */
struct table *tables_writable(struct tables *ts, struct str name)
{
	struct table *shared = tables_find(ts, name);
	if (!shared)
		return NULL;
	struct table *own = table_fork(shared);
	tables_add(ts, name, own);
	return own;
}

void tables_fini(struct tables *ts)
{
	pmap_fini(&ts->by_name);
}
