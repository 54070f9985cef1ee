/* SPDX-License-Identifier: Apache-2.0 */
/* What is a table of strings in the end: config stores (dictionaries), geolocation, device detection. */
#include "base/buf.h"
#include "manifest/fastly_toml_priv.h"

enum { CONFIG_KEY_CHARS_MAX = 256, CONFIG_VALUE_CHARS_MAX = 8000 };

enum { FORMAT_INLINE, FORMAT_JSON };
static const char *const formats[] = { "inline-toml", "json", NULL };
static const char format_example[] = "format = \"inline-toml\" or \"json\"";

/* A table in a file that is read again when it changes. */
static bool open_file(const struct reader *r, const struct toml_value *file, bool json_values,
		      table_check_fn *check, struct table **out, struct error *e)
{
	const char *path;
	if (!resolve_path(r, file, file->text, &path, e))
		return false;
	return table_file_open(out, path, json_values, check, e) || bad_file(r, file, file->text, e);
}

/* ---- config stores ---- */

static size_t count_chars(struct str utf8)
{
	size_t count = 0;
	for (size_t i = 0; i < utf8.len; i++)
		count += ((unsigned char)utf8.ptr[i] & 0xc0) != 0x80;
	return count;
}

static bool check_config_entry(struct arena *a, struct str *key, struct str *value, struct error *e)
{
	(void)a;
	if (count_chars(*key) > CONFIG_KEY_CHARS_MAX)
		return FAIL(e, INVALID, "the key '" STR_FMT "…' is longer than %d characters",
			    STR_ARG(str_sub(*key, 0, 40)), CONFIG_KEY_CHARS_MAX);
	if (count_chars(*value) > CONFIG_VALUE_CHARS_MAX)
		return FAIL(e, INVALID, "the value of '" STR_FMT "' is longer than %d characters",
			    STR_ARG(*key), CONFIG_VALUE_CHARS_MAX);
	return true;
}

static bool add_contents(const struct reader *r, const struct toml_value *contents, struct table *t,
			 struct error *e)
{
	for (const struct toml_value *v = contents->first; v; v = v->next) {
		struct str key = v->key, value = v->text;
		if (v->kind != TOML_STRING)
			return bad_value(r, v, e,
					 "the value of '" STR_FMT "' is %s, not a string; write " STR_FMT
					 " = \"…\"",
					 STR_ARG(v->key), toml_kind_text(v->kind), STR_ARG(v->key));
		if (!check_config_entry(r->arena, &key, &value, e))
			return bad_inner(r, v, e);
		if (!table_put(t, key, value, e))
			return bad_inner(r, v, e);
	}
	return true;
}

static bool add_config_store(struct reader *r, struct table **pt)
{
	tables_add(&r->world->config, r->name, take(*pt));
	return true;
}

static bool read_inline_dictionary(struct reader *r, const struct toml_value *v, struct error *e)
{
	static const struct key keys[] = {
		{ STR_INIT("format"), TOML_STRING, 0, format_example },
		{ STR_INIT("contents"), TOML_TABLE, KEY_REQUIRED, "contents = { key = \"value\" }" },
	};
	const struct toml_value *found[KEYS_MAX];
	if (!read_keys(r, v, keys, COUNT_OF(keys), UNKNOWN_IS_ERROR, found, e))
		return false;
	scoped(table_unref) struct table *t = table_memory_new();
	return add_contents(r, found[1], t, e) && add_config_store(r, &t);
}

static bool read_json_dictionary(struct reader *r, const struct toml_value *v, struct error *e)
{
	static const struct key keys[] = {
		{ STR_INIT("format"), TOML_STRING, 0, format_example },
		{ STR_INIT("file"), TOML_STRING, KEY_REQUIRED | KEY_NOT_EMPTY, "file = \"dictionary.json\"" },
	};
	const struct toml_value *found[KEYS_MAX];
	if (!read_keys(r, v, keys, COUNT_OF(keys), UNKNOWN_IS_ERROR, found, e))
		return false;
	scoped(table_unref) struct table *t = NULL;
	return open_file(r, found[1], false, check_config_entry, &t, e) && add_config_store(r, &t);
}

static bool read_dictionary(struct reader *r, const struct toml_value *v, struct error *e)
{
	static const struct key keys[] = {
		{ STR_INIT("format"), TOML_STRING, KEY_REQUIRED | KEY_NOT_EMPTY, format_example },
	};
	const struct toml_value *found[KEYS_MAX];
	size_t format;
	if (v->kind != TOML_TABLE)
		return bad_value(r, v, e,
				 "is %s, not a table; write { format = \"inline-toml\", contents = { key = "
				 "\"value\" } }",
				 toml_kind_text(v->kind));
	if (tables_find(&r->world->config, v->key))
		return bad_key(r, v, e, "is defined twice, under config_stores and dictionaries; leave one");
	if (!read_keys(r, v, keys, COUNT_OF(keys), UNKNOWN_IS_IGNORED, found, e) ||
	    !read_format(r, found[0], formats, "dictionary", &format, e))
		return false;
	return format == FORMAT_INLINE ? read_inline_dictionary(r, v, e) : read_json_dictionary(r, v, e);
}

bool read_dictionaries(struct reader *r, const struct toml_value *section, struct error *e)
{
	return each_named(r, section, read_dictionary, e);
}

/* ---- geolocation and device detection ---- */

/* What the two sections share: a format, and records in a table or in a file. */
enum { MAPPING_FORMAT, MAPPING_FILE, MAPPING_RECORDS, MAPPING_LOOPBACK, MAPPING_KEYS };

struct mapping {
	struct str called; /* in messages */
	const char *what;
	struct key keys[MAPPING_KEYS];
	size_t keys_count;
	bool nested; /* may records hold tables? */
	table_check_fn *check;
};

static const struct mapping geolocation = {
	.called = STR_INIT("geolocation (geolocation_mapping)"),
	.what = "geolocation mapping",
	.keys = {
		[MAPPING_FORMAT] = { STR_INIT("format"), TOML_STRING, KEY_NOT_EMPTY, format_example },
		[MAPPING_FILE] = { STR_INIT("file"), TOML_STRING, KEY_NOT_EMPTY,
			"file = \"geolocation.json\"" },
		[MAPPING_RECORDS] = { STR_INIT("addresses"), TOML_TABLE, 0,
			"addresses.\"192.0.2.1\" = { as_name = \"…\" }" },
		[MAPPING_LOOPBACK] = { STR_INIT("use_default_loopback"), TOML_BOOL, 0,
			"use_default_loopback = true" },
	},
	.keys_count = MAPPING_KEYS,
	.check = geo_check_record,
};

static const struct mapping device_detection = {
	.called = STR_INIT("device_detection (device_detection_mapping)"),
	.what = "device detection mapping",
	.keys = {
		[MAPPING_FORMAT] = { STR_INIT("format"), TOML_STRING, KEY_NOT_EMPTY, format_example },
		[MAPPING_FILE] = { STR_INIT("file"), TOML_STRING, KEY_NOT_EMPTY, "file = \"devices.json\"" },
		[MAPPING_RECORDS] = { STR_INIT("user_agents"), TOML_TABLE, 0,
			"user_agents.\"Mozilla/5.0\" = { device = { name = \"…\" } }" },
	},
	.keys_count = MAPPING_LOOPBACK,
	.nested = true,
	.check = device_check_record,
};

static bool add_record(const struct reader *r, const struct mapping *map, const struct toml_value *v,
		       struct table *t, struct error *e)
{
	scoped(buf_fini) struct buf json = BUF_INIT(TOML_BYTES_MAX);
	if (v->kind != TOML_TABLE)
		return bad_value(r, v, e, "the record of '" STR_FMT "' is %s, not a table; write %s",
				 STR_ARG(v->key), toml_kind_text(v->kind),
				 map->keys[MAPPING_RECORDS].example);
	buf_add_char(&json, '{');
	for (const struct toml_value *field = v->first; field; field = field->next) {
		buf_add(&json, field == v->first ? STR("") : STR(","));
		buf_add_json(&json, field->key);
		buf_add_char(&json, ':');
		if (!add_json(r, field, map->nested, &json, e))
			return false;
	}
	buf_add_char(&json, '}');
	struct str key = v->key, record = buf_str(&json);
	if (!map->check(r->arena, &key, &record, e) || !table_put(t, key, record, e))
		return bad_inner(r, v, e);
	return true;
}

static bool add_records(const struct reader *r, const struct mapping *map, const struct toml_value *records,
			struct table *t, struct error *e)
{
	for (const struct toml_value *v = records->first; v; v = v->next) {
		if (!add_record(r, map, v, t, e))
			return false;
	}
	return true;
}

/* What stands there without having an effect is worth a word. */
static void warn_unused(struct reader *r, const struct toml_value *v, const char *needed)
{
	if (v)
		warn_key(r, v, "'" STR_FMT "' has no effect without format = \"%s\"", STR_ARG(v->key),
			 needed);
}

static bool read_mapping(struct reader *r, const struct mapping *map, const struct toml_value *const *found,
			 const struct toml_value *section, struct table **out, struct error *e)
{
	const struct toml_value *format = found[MAPPING_FORMAT], *file = found[MAPPING_FILE],
				*records = found[MAPPING_RECORDS];
	size_t which = FORMAT_INLINE;
	if (format && !read_format(r, format, formats, map->what, &which, e))
		return false;
	if (!format || which == FORMAT_INLINE)
		warn_unused(r, file, "json");
	if (!format || which == FORMAT_JSON)
		warn_unused(r, records, "inline-toml");
	const struct toml_value *needed = which == FORMAT_JSON ? file : records;
	const struct key *key = &map->keys[which == FORMAT_JSON ? MAPPING_FILE : MAPPING_RECORDS];
	if (format && !needed)
		return bad_value(r, section, e, "'" STR_FMT "' is missing; write %s", STR_ARG(key->name),
				 key->example);
	if (which == FORMAT_JSON)
		return open_file(r, file, true, map->check, out, e);
	scoped(table_unref) struct table *t = table_memory_new();
	if (format && !add_records(r, map, records, t, e))
		return false;
	*out = take(t);
	return true;
}

static bool read_mapping_section(struct reader *r, const struct mapping *map,
				 const struct toml_value *section, const struct toml_value **found,
				 struct table **out, struct error *e)
{
	struct str name = r->section;
	r->section = map->called;
	if (section->kind != TOML_TABLE)
		return bad_value(r, section, e, "is %s, not a table; write [local_server." STR_FMT "]",
				 toml_kind_text(section->kind), STR_ARG(name));
	return read_keys(r, section, map->keys, map->keys_count, UNKNOWN_IS_WARNING, found, e) &&
	       read_mapping(r, map, found, section, out, e);
}

bool read_geolocation(struct reader *r, const struct toml_value *section, struct error *e)
{
	const struct toml_value *found[KEYS_MAX];
	struct table *records;
	if (!read_mapping_section(r, &geolocation, section, found, &records, e))
		return false;
	const struct toml_value *loopback = found[MAPPING_LOOPBACK];
	geo_destroy(&r->world->geo);
	r->world->geo = geo_table_new(records, loopback ? loopback->truth : true);
	return true;
}

bool read_device_detection(struct reader *r, const struct toml_value *section, struct error *e)
{
	const struct toml_value *found[KEYS_MAX];
	struct table *records;
	if (!read_mapping_section(r, &device_detection, section, found, &records, e))
		return false;
	device_destroy(&r->world->device);
	r->world->device = device_table_new(records);
	return true;
}
