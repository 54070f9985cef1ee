/* SPDX-License-Identifier: Apache-2.0 */
/*
 * [local_server] client, inspect and products: what the world says of clients, by its firewall, of products.
 * Keys are the names that .fiddle files set the same things by; a dot in one is a table in the other.
 */
#include "base/buf.h"
#include "manifest/fastly_toml_priv.h"

enum { VALUE_BYTES_MAX = 1 << 20 };

struct target {
	const struct settings *settings;
	void *object;
	struct arena *arena;
};

/* A value as a .fiddle file would have it: a list of strings has blanks between them. */
static bool to_text(const struct reader *r, const struct toml_value *v, struct str *out, struct error *e)
{
	scoped(buf_fini) struct buf words = BUF_INIT(VALUE_BYTES_MAX);
	switch (v->kind) {
	case TOML_STRING:
		*out = v->text;
		return true;
	case TOML_BOOL:
		*out = v->truth ? STR("true") : STR("false");
		return true;
	case TOML_INTEGER:
		*out = arena_printf(r->arena, "%lld", (long long)v->integer);
		return true;
	case TOML_ARRAY:
		for (const struct toml_value *item = v->first; item; item = item->next) {
			if (item->kind != TOML_STRING)
				return bad_value(r, item, e,
						 "an item is %s, not a string; write [\"A\", \"B\"]",
						 toml_kind_text(item->kind));
			buf_add(&words, item->text);
			buf_add(&words, item->next ? STR(" ") : STR(""));
		}
		*out = arena_str(r->arena, buf_str(&words));
		return true;
	default:
		return bad_value(r, v, e, "is %s; write a string, a whole number, or true or false",
				 toml_kind_text(v->kind));
	}
}

static bool read_members(struct reader *r, const struct toml_value *table, struct str prefix,
			 const struct target *t, struct error *e)
{
	for (const struct toml_value *v = table->first; v; v = v->next) {
		struct str name = arena_printf(r->arena, STR_FMT "%s" STR_FMT, STR_ARG(prefix),
					       prefix.len ? "." : "", STR_ARG(v->key)),
			   text;
		if (v->kind == TOML_TABLE) {
			if (!read_members(r, v, name, t, e))
				return false;
			continue;
		}
		r->name = name;
		if (!to_text(r, v, &text, e))
			return false;
		if (!settings_set(t->settings, t->object, t->arena, name, text, e))
			return bad_inner(r, v, e);
	}
	return true;
}

static bool read_settings(struct reader *r, const struct toml_value *section, const struct target *t,
			  struct error *e)
{
	if (section->kind != TOML_TABLE)
		return bad_value(r, section, e, "is %s, not a table; write [local_server." STR_FMT "]",
				 toml_kind_text(section->kind), STR_ARG(r->section));
	return read_members(r, section, STR(""), t, e);
}

bool read_client(struct reader *r, const struct toml_value *section, struct error *e)
{
	facts_own(&r->world->facts);
	struct facts *f = r->world->facts;
	return read_settings(r, section, &(struct target){ &client_settings, &f->client, &f->arena }, e);
}

bool read_inspect(struct reader *r, const struct toml_value *section, struct error *e)
{
	facts_own(&r->world->facts);
	struct facts *f = r->world->facts;
	return read_settings(r, section, &(struct target){ &firewall_settings, &f->firewall, &f->arena }, e);
}

bool read_products(struct reader *r, const struct toml_value *section, struct error *e)
{
	facts_own(&r->world->facts);
	struct facts *f = r->world->facts;
	return read_settings(r, section, &(struct target){ &products_settings, &f->products, &f->arena }, e);
}
