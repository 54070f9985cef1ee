/* SPDX-License-Identifier: Apache-2.0 */
/* [local_server] acls and shielding_sites */
#include "manifest/fastly_toml_priv.h"
#include "store/json_members.h"

/* ---- access control lists ---- */

static const char acl_example[] = "acls.NAME = \"acl.json\" or { file = \"acl.json\" }";

static bool bad_entry(const struct reader *r, const struct toml_value *file, size_t number, struct error *e,
		      const char *fault)
{
	return bad_value(r, file, e, STR_FMT ": entry %zu: %s", STR_ARG(file->text), number, fault);
}

/*
 * {"op": …, "prefix": "192.0.2.0/24", "action": "BLOCK"}; `op` is of use only to the API that this is the
 * format of.
 */
static bool read_entry(struct reader *r, const struct toml_value *file, size_t number, struct str text,
		       struct error *e)
{
	struct json_member *first;
	struct acl_entry entry;
	if (!json_members(r->arena, text, &first, e))
		return bad_entry(r, file, number, e, e->text);
	const struct json_member *prefix = json_member_of(first, STR("prefix"));
	const struct json_member *action = json_member_of(first, STR("action"));
	if (!prefix || !prefix->is_string)
		return bad_entry(r, file, number, e,
				 "'prefix' is missing or not a string; write \"prefix\": \"192.0.2.0/24\"");
	if (!action || !action->is_string)
		return bad_entry(r, file, number, e,
				 "'action' is missing or not a string; write \"BLOCK\" or \"ALLOW\"");
	entry.allow = str_eq_nocase(action->string, STR("ALLOW"));
	if (!entry.allow && !str_eq_nocase(action->string, STR("BLOCK")))
		return bad_entry(r, file, number, e,
				 "'action' is something else than \"BLOCK\" or \"ALLOW\"");
	if (!acl_parse_prefix(prefix->string, &entry, e))
		return bad_entry(r, file, number, e, e->text);
	return acl_add(r->world->acl, r->name, &entry) ||
	       bad_entry(r, file, number, e, "these lists are read-only");
}

static bool read_acl_file(struct reader *r, const struct toml_value *file, struct error *e)
{
	struct json_member *first, *element;
	if (!read_json_file(r, file, &first, e))
		return false;
	const struct json_member *entries = json_member_of(first, STR("entries"));
	if (!entries || *entries->text.ptr != '[')
		return bad_value(r, file, e,
				 STR_FMT
				 ": 'entries' is missing or not an array; write { \"entries\": [ … ] }",
				 STR_ARG(file->text));
	if (!json_elements(r->arena, entries->text, &element, e))
		return bad_inner(r, file, e);
	if (!acl_add(r->world->acl, r->name, NULL))
		return bad_value(r, file, e, "these lists are read-only");
	for (size_t number = 1; element; element = element->next, number++) {
		if (!read_entry(r, file, number, element->text, e))
			return false;
	}
	return true;
}

static bool read_acl(struct reader *r, const struct toml_value *v, struct error *e)
{
	static const struct key keys[] = {
		{ STR_INIT("file"), TOML_STRING, KEY_REQUIRED | KEY_NOT_EMPTY, "file = \"acl.json\"" },
	};
	const struct toml_value *found[KEYS_MAX];
	if (v->kind == TOML_STRING)
		return read_acl_file(r, v, e);
	if (v->kind != TOML_TABLE)
		return bad_value(r, v, e, "is %s, neither a string nor a table; write %s",
				 toml_kind_text(v->kind), acl_example);
	return read_keys(r, v, keys, COUNT_OF(keys), UNKNOWN_IS_WARNING, found, e) &&
	       read_acl_file(r, found[0], e);
}

bool read_acls(struct reader *r, const struct toml_value *section, struct error *e)
{
	return each_named(r, section, read_acl, e);
}

/* ---- shielding sites ---- */

static const char shield_example[] =
	"NAME = \"local\" or { encrypted = \"https://…\", unencrypted = \"http://…\" }";

static bool set_url(const struct reader *r, const struct toml_value *v, struct arena *a, struct str *out,
		    struct error *e)
{
	scoped(backend_unref) struct backend *probe = backend_new(STR(""));
	if (!backend_set_url(probe, v->text, e))
		return error_wrap(e, "'" STR_FMT "' is not a URL", STR_ARG(v->text)) || bad_inner(r, v, e);
	*out = arena_str(a, v->text);
	return true;
}

static bool set_urls(struct reader *r, const struct toml_value *v, struct shield_site *site, struct error *e)
{
	static const struct key keys[] = {
		{ STR_INIT("encrypted"), TOML_STRING, KEY_REQUIRED, "encrypted = \"https://…\"" },
		{ STR_INIT("unencrypted"), TOML_STRING, KEY_REQUIRED, "unencrypted = \"http://…\"" },
	};
	const struct toml_value *found[KEYS_MAX];
	return read_keys(r, v, keys, COUNT_OF(keys), UNKNOWN_IS_ERROR, found, e) &&
	       set_url(r, found[0], &site->arena, &site->encrypted_url, e) &&
	       set_url(r, found[1], &site->arena, &site->unencrypted_url, e);
}

static void unref_site(struct shield_site **psite)
{
	if (*psite)
		rc_unref(&(*psite)->rc);
}

static bool read_site(struct reader *r, const struct toml_value *v, struct error *e)
{
	scoped(unref_site) struct shield_site *site = shield_site_new();
	if (v->kind == TOML_STRING) {
		site->local = str_eq_nocase(v->text, STR("local"));
		if (!site->local)
			return bad_value(r, v, e, "is '" STR_FMT "'; write %s", STR_ARG(v->text),
					 shield_example);
	} else if (v->kind != TOML_TABLE) {
		return bad_value(r, v, e, "is %s; write %s", toml_kind_text(v->kind), shield_example);
	} else if (!set_urls(r, v, site, e)) {
		return false;
	}
	world_add_shield(r->world, v->key, take(site));
	return true;
}

bool read_shielding_sites(struct reader *r, const struct toml_value *section, struct error *e)
{
	return each_named(r, section, read_site, e);
}
