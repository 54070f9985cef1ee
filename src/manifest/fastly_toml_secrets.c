/* SPDX-License-Identifier: Apache-2.0 */
/* [local_server] secret_stores */
#include "base/check.h"
#include "manifest/fastly_toml_priv.h"
#include "store/json_members.h"

enum { SECRET_BYTES_MAX = 1024 * 1024, NAME_BYTES_MAX = 255 };

static const char store_example[] = "secret_stores.NAME = [ { key = \"k\", data = \"…\" } ] or { file = "
				    "\"secrets.json\", format = \"json\" }";

static bool name_valid(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = ascii_lower(name.ptr[i]);
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'))
			return false;
	}
	return name.len > 0 && name.len <= NAME_BYTES_MAX;
}

static bool add_secret(const struct reader *r, const struct toml_value *at, struct table *t, struct str name,
		       struct str value, struct error *e)
{
	if (!name_valid(name))
		return bad_value(r, at, e,
				 "'" STR_FMT
				 "' cannot be the name of a secret; write 1 to %d of A-Z a-z 0-9 _ - .",
				 STR_ARG(str_sub(name, 0, 100)), NAME_BYTES_MAX);
	return table_put(t, name, value, e) || bad_inner(r, at, e);
}

/* ---- an array of secrets ---- */

enum { SECRET_KEY, SECRET_FILE, SECRET_DATA, SECRET_ENV, SECRET_KEYS };

static const struct key secret_keys[SECRET_KEYS] = {
	[SECRET_KEY] = { STR_INIT("key"), TOML_STRING, KEY_REQUIRED, "key = \"k\"" },
	[SECRET_FILE] = { STR_INIT("file"), TOML_STRING, 0, "file = \"secret.txt\"" },
	[SECRET_DATA] = { STR_INIT("data"), TOML_STRING, 0, "data = \"…\"" },
	[SECRET_ENV] = { STR_INIT("env"), TOML_STRING, 0, "env = \"VARIABLE\"" },
};

/* A variable that is not set is an empty secret, as on Fastly's local server; that is seldom what was meant.
 */
static struct str from_environment(struct reader *r, const struct toml_value *env)
{
	const struct manifest_options *o = r->options;
	const char *value = o->env ? o->env(o->env_data, arena_str(r->arena, env->text).ptr) : NULL;
	if (!value)
		warn_key(r, env, "the environment has no variable '" STR_FMT "'; the secret is empty",
			 STR_ARG(env->text));
	return str_from(value);
}

static bool read_secret(struct reader *r, const struct toml_value *v, struct table *t, struct error *e)
{
	const struct toml_value *found[KEYS_MAX];
	scoped(blob_unref) struct blob *content = NULL;
	if (v->kind != TOML_TABLE)
		return bad_value(r, v, e, "a secret is %s, not a table; write { key = \"k\", data = \"…\" }",
				 toml_kind_text(v->kind));
	if (!read_keys(r, v, secret_keys, SECRET_KEYS, UNKNOWN_IS_WARNING, found, e))
		return false;
	struct str name = found[SECRET_KEY]->text;
	int sources = !!found[SECRET_FILE] + !!found[SECRET_DATA] + !!found[SECRET_ENV];
	if (sources != 1)
		return bad_value(r, v, e,
				 "the secret '" STR_FMT
				 "' has %s of 'file', 'data' and 'env'; write one of them",
				 STR_ARG(name), sources ? "more than one" : "none");
	if (found[SECRET_DATA])
		return add_secret(r, v, t, name, found[SECRET_DATA]->text, e);
	if (found[SECRET_ENV])
		return add_secret(r, v, t, name, from_environment(r, found[SECRET_ENV]), e);
	return read_named_file(r, found[SECRET_FILE], found[SECRET_FILE]->text, SECRET_BYTES_MAX, &content,
			       e) &&
	       add_secret(r, v, t, name, blob_str(content), e);
}

static bool read_array(struct reader *r, const struct toml_value *array, struct table *t, struct error *e)
{
	for (const struct toml_value *v = array->first; v; v = v->next) {
		if (!read_secret(r, v, t, e))
			return false;
	}
	return true;
}

/* ---- a JSON file ---- */

static bool read_file(struct reader *r, const struct toml_value *v, struct table *t, struct error *e)
{
	const struct toml_value *file;
	struct json_member *first;
	if (!read_file_reference(r, v, "secret store", &file, e) || !read_json_file(r, file, &first, e))
		return false;
	for (const struct json_member *m = first; m; m = m->next) {
		if (!m->is_string)
			return bad_value(r, file, e,
					 STR_FMT ": the value under the key '" STR_FMT "' is not a string",
					 STR_ARG(file->text), STR_ARG(m->key));
		if (!add_secret(r, file, t, m->key, m->string, e))
			return false;
	}
	return true;
}

static bool read_store(struct reader *r, const struct toml_value *v, struct error *e)
{
	if (!name_valid(v->key))
		return bad_key(r, v, e,
			       "cannot be the name of a secret store; write 1 to %d of A-Z a-z 0-9 _ - .",
			       NAME_BYTES_MAX);
	if (v->kind != TOML_ARRAY && v->kind != TOML_TABLE)
		return bad_value(r, v, e, "is %s, not an array of secrets; write %s", toml_kind_text(v->kind),
				 store_example);
	scoped(table_unref) struct table *t = table_memory_new();
	if (v->kind == TOML_ARRAY ? !read_array(r, v, t, e) : !read_file(r, v, t, e))
		return false;
	tables_add(&r->world->secrets, v->key, take(t));
	return true;
}

bool read_secret_stores(struct reader *r, const struct toml_value *section, struct error *e)
{
	return each_named(r, section, read_store, e);
}
