/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests read and write of the world's tables: config stores and dictionaries, secret stores, and what is
 * known of addresses and of devices. A function names the kind first; where the kind has stores, the store
 * next. Of a store that is not there comes undefined: the TypeScript above says so.
 */
#include "runner/js/session.h"
#include "world/ip.h"

/* The stores of that kind; NULL: it is one of those that are a single table. */
static struct tables *stores_of(struct world *w, struct str kind)
{
	return str_eq(kind, STR("config")) ? &w->config : str_eq(kind, STR("secret")) ? &w->secrets : NULL;
}

/* The table of arguments 0 and 1; NULL: there is none, or no test is under way, which was thrown then. */
static struct table *table_arg(struct js_call *c, bool write)
{
	struct world *w = session_world(c);
	struct str kind = js_arg_str(c, 0), name = js_arg_str(c, 1);
	if (!w)
		return NULL;
	struct tables *stores = stores_of(w, kind);
	if (stores)
		return write ? tables_writable(stores, name) : tables_find(stores, name);
	return str_eq(kind, STR("geo")) ? geo_records(w->geo) : device_records(w->device);
}

/* Argument 2: a key of the table. Addresses are spelled in one way. False: it has thrown. */
static bool key_arg(struct js_call *c, struct str *key)
{
	uint8_t ip[16], ip_len;
	char text[IP_TEXT_BYTES];
	*key = js_arg_str(c, 2);
	if (*c->exception)
		return false;
	if (!str_eq(js_arg_str(c, 0), STR("geo")))
		return true;
	if (!ip_parse(*key, ip, &ip_len)) {
		js_throw(c, "TypeError", "'" STR_FMT "' is not an IP address", STR_ARG(*key));
		return false;
	}
	ip_print(ip, ip_len, text);
	*key = arena_str(&c->arena, str_from(text));
	return true;
}

/* names(kind) → its stores */
JS_FUNCTION(names)
{
	struct world *w = session_world(c);
	if (!w)
		return NULL;
	const struct tables *stores = stores_of(w, js_arg_str(c, 0));
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	unsigned at = 0;
	for (struct pmap_entry e = { 0 }; stores && pmap_each(&stores->by_name, &e);)
		js_push(c->ctx, array, &at, js_string(c->ctx, e.key));
	return array;
}

/* create(kind, store): an empty one, unless it is there */
JS_FUNCTION(create)
{
	struct world *w = session_world(c);
	struct tables *stores = w ? stores_of(w, js_arg_str(c, 0)) : NULL;
	struct str name = js_arg_str(c, 1);
	if (stores && !*c->exception && !tables_find(stores, name))
		tables_add(stores, name, table_memory_new());
	return NULL;
}

/* get(kind, store, key) → the value as text; null: there is none; undefined: there is no such store */
JS_FUNCTION(get)
{
	struct error e = { 0 };
	struct str key, value;
	struct table *t = table_arg(c, false);
	if (!t || !key_arg(c, &key))
		return NULL;
	bool is_geo = str_eq(js_arg_str(c, 0), STR("geo"));
	uint8_t ip[16], ip_len = 0;
	bool found = is_geo && ip_parse(key, ip, &ip_len)
			     ? geo_lookup(session_world(c)->geo, ip, ip_len, &c->arena, &value, &e)
			     : table_get(t, key, &c->arena, &value, &e);
	if (found)
		return js_string(c->ctx, value);
	return e.kind == ERROR_NOT_FOUND ? js_null(c->ctx) : js_throw(c, "Error", "%s", e.text);
}

/* set(kind, store, key, value): false: there is no such store */
JS_FUNCTION(set)
{
	struct error e;
	struct str key, value;
	struct table *t = table_arg(c, true);
	if (!t || !key_arg(c, &key))
		return js_bool(c->ctx, false);
	if (!js_bytes(c->ctx, js_arg(c, 3), &value))
		value = js_arg_str(c, 3);
	if (*c->exception)
		return NULL;
	return table_put(t, key, value, &e) ? js_bool(c->ctx, true) : js_throw(c, "Error", "%s", e.text);
}

/* remove(kind, store, key) → whether it was there; undefined: there is no such store */
JS_FUNCTION(remove_key)
{
	struct error e = { 0 };
	struct str key;
	struct table *t = table_arg(c, true);
	if (!t || !key_arg(c, &key))
		return NULL;
	bool removed = table_remove(t, key, &e);
	if (!removed && e.kind != ERROR_NOT_FOUND)
		return js_throw(c, "Error", "%s", e.text);
	return js_bool(c->ctx, removed);
}

/* list(kind, store) → [key, value, …] by key; undefined: there is no such store */
JS_FUNCTION(list)
{
	struct table *t = table_arg(c, false);
	if (!t)
		return NULL;
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	unsigned at = 0;
	for (struct table_item i = { 0 }; table_next(t, &i);) {
		js_push(c->ctx, array, &at, js_string(c->ctx, i.key));
		js_push(c->ctx, array, &at, js_string(c->ctx, i.value));
	}
	return array;
}

static const struct js_function functions[] = {
	{ "names", names_callback }, { "create", create_callback }, { "get", get_callback },
	{ "set", set_callback },     { "list", list_callback },     { "remove", remove_key_callback },
};
const struct js_module js_tables_module = { "tables", functions, COUNT_OF(functions) };
