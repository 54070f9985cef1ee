/* SPDX-License-Identifier: Apache-2.0 */
/* [local_server] kv_stores, with its older names object_stores and object_store. */
#include "base/check.h"
#include "manifest/fastly_toml_priv.h"
#include "store/json_members.h"

static const char store_example[] =
	"kv_stores.NAME = [ { key = \"k\", data = \"…\" } ] or { file = \"store.json\", format = \"json\" }";

/* One object of a store, wherever it was written. */
struct object {
	const struct toml_value *at; /* what messages point at */
	struct str key, metadata;
	struct str data, file; /* `file` counts when it has a ptr */
};

static bool insert(struct reader *r, const struct object *o, struct blob *value, struct error *e)
{
	struct kv_op op;
	kv_op_init(&op, KV_INSERT, r->name, o->key);
	op.value = value;
	op.metadata = o->metadata;
	kv_start(r->world->kv, &op, r->world->loop);
	if (!op.done)
		loop_run(r->world->loop, &op.done, UINT64_MAX);
	enum kv_error error = op.error;
	kv_op_fini(&op);
	if (error == KV_PAYLOAD_TOO_LARGE)
		return bad_value(r, o->at, e,
				 "the object '" STR_FMT
				 "' is too large: a value has at most %d bytes, metadata %d",
				 STR_ARG(o->key), KV_VALUE_BYTES_MAX, KV_METADATA_BYTES_MAX);
	return error == KV_OK ||
	       bad_value(r, o->at, e, "the store refuses the object '" STR_FMT "'", STR_ARG(o->key));
}

static bool add_object(struct reader *r, const struct object *o, struct error *e)
{
	const char *fault = kv_key_fault(o->key);
	scoped(blob_unref) struct blob *value = NULL;
	if (*fault)
		return bad_value(r, o->at, e, "the key '" STR_FMT "' %s; write another",
				 STR_ARG(str_sub(o->key, 0, 100)), fault);
	if (!o->file.ptr)
		value = blob_new(o->data);
	else if (!read_named_file(r, o->at, o->file, KV_VALUE_BYTES_MAX, &value, e))
		return false;
	return insert(r, o, value, e);
}

/* ---- an array of objects ---- */

enum { OBJECT_KEY, OBJECT_DATA, OBJECT_FILE, OBJECT_PATH, OBJECT_METADATA, OBJECT_KEYS };

static const struct key object_keys[OBJECT_KEYS] = {
	[OBJECT_KEY] = { STR_INIT("key"), TOML_STRING, KEY_REQUIRED, "key = \"k\"" },
	[OBJECT_DATA] = { STR_INIT("data"), TOML_STRING, 0, "data = \"…\"" },
	[OBJECT_FILE] = { STR_INIT("file"), TOML_STRING, 0, "file = \"value.txt\"" },
	[OBJECT_PATH] = { STR_INIT("path"), TOML_STRING, 0, "file = \"value.txt\"" },
	[OBJECT_METADATA] = { STR_INIT("metadata"), TOML_STRING, 0, "metadata = \"…\"" },
};

static bool read_object(struct reader *r, const struct toml_value *v, struct error *e)
{
	const struct toml_value *found[KEYS_MAX];
	if (v->kind != TOML_TABLE)
		return bad_value(r, v, e, "an object is %s, not a table; write { key = \"k\", data = \"…\" }",
				 toml_kind_text(v->kind));
	if (!read_keys(r, v, object_keys, OBJECT_KEYS, UNKNOWN_IS_WARNING, found, e))
		return false;
	const struct toml_value *file = found[OBJECT_FILE] ? found[OBJECT_FILE] : found[OBJECT_PATH];
	struct object o = { .at = v, .key = found[OBJECT_KEY]->text };
	if (!file == !found[OBJECT_DATA])
		return bad_value(r, v, e, "the object '" STR_FMT "' has %s; write one of them",
				 STR_ARG(o.key),
				 file ? "both 'file' and 'data'" : "neither 'file' nor 'data'");
	if (found[OBJECT_METADATA])
		o.metadata = found[OBJECT_METADATA]->text;
	if (file) {
		o.file = file->text;
		o.at = file;
	} else {
		o.data = found[OBJECT_DATA]->text;
	}
	return add_object(r, &o, e);
}

static bool read_array(struct reader *r, const struct toml_value *array, struct error *e)
{
	for (const struct toml_value *v = array->first; v; v = v->next) {
		if (!read_object(r, v, e))
			return false;
	}
	return true;
}

/* ---- a JSON file ---- */

static bool bad_member(const struct reader *r, const struct toml_value *file, struct str key, struct error *e,
		       const char *fault)
{
	return bad_value(r, file, e, STR_FMT ": the value under the key '" STR_FMT "' %s",
			 STR_ARG(file->text), STR_ARG(key), fault);
}

/* {"data"|"file": "…", "metadata": "…"} */
static bool read_member_table(const struct reader *r, const struct toml_value *file,
			      const struct json_member *m, struct object *o, struct error *e)
{
	struct json_member *first;
	if (!json_members(r->arena, m->text, &first, e))
		return bad_member(r, file, m->key, e, e->text);
	const struct json_member *data = json_member_of(first, STR("data"));
	const struct json_member *from = json_member_of(first, STR("file"));
	const struct json_member *metadata = json_member_of(first, STR("metadata"));
	if (data && from)
		return bad_member(r, file, m->key, e, "has both 'data' and 'file'; write one of them");
	if (!data && !from)
		return bad_member(r, file, m->key, e, "has neither 'data' nor 'file'; write one of them");
	if ((data && !data->is_string) || (from && !from->is_string) || (metadata && !metadata->is_string))
		return bad_member(r, file, m->key, e, "has a member that is not a string; write strings");
	if (data)
		o->data = data->string;
	if (from)
		o->file = from->string;
	if (metadata)
		o->metadata = metadata->string;
	return true;
}

static bool read_member(struct reader *r, const struct toml_value *file, const struct json_member *m,
			struct error *e)
{
	struct object o = { .at = file, .key = m->key };
	if (m->is_string)
		o.data = m->string;
	else if (*m->text.ptr != '{')
		return bad_member(r, file, m->key, e,
				  "is neither a string nor an object; write \"…\" or { \"data\": \"…\" }");
	else if (!read_member_table(r, file, m, &o, e))
		return false;
	return add_object(r, &o, e);
}

static bool read_file(struct reader *r, const struct toml_value *file, struct error *e)
{
	struct json_member *first;
	if (!read_json_file(r, file, &first, e))
		return false;
	for (const struct json_member *m = first; m; m = m->next) {
		if (!read_member(r, file, m, e))
			return false;
	}
	return true;
}

static bool read_store(struct reader *r, const struct toml_value *v, struct error *e)
{
	const struct toml_value *file;
	if (v->kind != TOML_ARRAY && v->kind != TOML_TABLE)
		return bad_value(r, v, e, "is %s, not an array of objects; write %s", toml_kind_text(v->kind),
				 store_example);
	if (kv_has_store(r->world->kv, v->key))
		return bad_key(r, v, e,
			       "is defined twice, under kv_stores and an older name of it; leave one");
	kv_add_store(r->world->kv, v->key);
	if (v->kind == TOML_ARRAY)
		return read_array(r, v, e);
	return read_file_reference(r, v, "KV store", &file, e) && read_file(r, file, e);
}

bool read_kv_stores(struct reader *r, const struct toml_value *section, struct error *e)
{
	return each_named(r, section, read_store, e);
}
