/* SPDX-License-Identifier: Apache-2.0 */
/* Access control lists as tests read and write them. */
#include "runner/js/session.h"

static const char *action_of(const struct acl_entry *entry)
{
	return entry->allow ? "allow" : "block";
}

static JSValueRef prefix_value(JSContextRef ctx, const struct acl_entry *entry)
{
	char text[IP_TEXT_BYTES];
	acl_print_prefix(entry, text);
	return js_cstring(ctx, text);
}

/* The prefix of argument 1, or a single address; false: it has thrown. */
static bool prefix_arg(struct js_call *c, struct acl_entry *out)
{
	struct error e;
	struct str text = js_arg_str(c, 1);
	*out = (struct acl_entry){ 0 };
	if (*c->exception)
		return false;
	if (ip_parse(text, out->ip, &out->ip_len)) {
		out->bits = (uint8_t)(8 * out->ip_len);
		return true;
	}
	if (acl_parse_prefix(text, out, &e))
		return true;
	js_throw(c, "TypeError", STR_FMT ": %s", STR_ARG(text), e.text);
	return false;
}

/* names() → the lists */
JS_FUNCTION(names)
{
	struct world *w = session_world(c);
	if (!w)
		return NULL;
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	unsigned at = 0;
	for (struct pmap_entry e = { 0 }; acl_next_list(w->acl, &e);)
		js_push(c->ctx, array, &at, js_string(c->ctx, e.key));
	return array;
}

/* create(list): an empty one, unless it is there */
JS_FUNCTION(create)
{
	struct world *w = session_world(c);
	struct str name = js_arg_str(c, 0);
	if (w && !*c->exception && !acl_add(w->acl, name, NULL))
		return js_throw(c, "Error", "access control lists cannot be written to");
	return NULL;
}

/* set(list, prefix, allow) */
JS_FUNCTION(set)
{
	struct world *w = session_world(c);
	struct acl_entry entry;
	struct str name = js_arg_str(c, 0);
	if (!w || !prefix_arg(c, &entry))
		return NULL;
	entry.allow = js_arg_bool(c, 2);
	if (!acl_add(w->acl, name, &entry))
		return js_throw(c, "Error", "access control lists cannot be written to");
	return NULL;
}

/* get(list, address) → [prefix, action] of the entry that holds for it, or null; undefined: no such list */
JS_FUNCTION(get)
{
	struct world *w = session_world(c);
	struct acl_entry found;
	uint8_t ip[16], ip_len;
	struct str name = js_arg_str(c, 0), text = js_arg_str(c, 1);
	if (!w || !acl_has(w->acl, name))
		return NULL;
	if (!ip_parse(text, ip, &ip_len))
		return js_throw(c, "TypeError", "'" STR_FMT "' is not an IP address", STR_ARG(text));
	if (!acl_lookup(w->acl, name, ip, ip_len, &found))
		return js_null(c->ctx);
	const JSValueRef values[] = { prefix_value(c->ctx, &found), js_cstring(c->ctx, action_of(&found)) };
	return js_array(c->ctx, values, COUNT_OF(values));
}

/* remove(list, prefix) → whether it was there; undefined: no such list */
JS_FUNCTION(remove_entry)
{
	struct world *w = session_world(c);
	struct acl_entry entry;
	struct str name = js_arg_str(c, 0);
	if (!w || !acl_has(w->acl, name) || !prefix_arg(c, &entry))
		return NULL;
	return js_bool(c->ctx, acl_remove(w->acl, name, &entry));
}

/* list(list) → [prefix, action, …]; undefined: no such list */
JS_FUNCTION(list)
{
	struct world *w = session_world(c);
	struct str name = js_arg_str(c, 0);
	if (!w || !acl_has(w->acl, name))
		return NULL;
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	unsigned at = 0;
	for (struct acl_item i = { 0 }; acl_next(w->acl, name, &i);) {
		js_push(c->ctx, array, &at, prefix_value(c->ctx, &i.entry));
		js_push(c->ctx, array, &at, js_cstring(c->ctx, action_of(&i.entry)));
	}
	return array;
}

static const struct js_function functions[] = {
	{ "names", names_callback }, { "create", create_callback },       { "set", set_callback },
	{ "get", get_callback },     { "remove", remove_entry_callback }, { "list", list_callback },
};
const struct js_module js_acl_module = { "acl", functions, COUNT_OF(functions) };
