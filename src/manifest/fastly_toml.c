/* SPDX-License-Identifier: Apache-2.0 */
/* fastly.toml: the top level, and the table of [local_server]'s sections. */
#include <stdio.h>
#include <string.h>

#include "manifest/fastly_toml_priv.h"
#include "store/file.h"

/*
 * Sections in the order in which they are read. Names with the same function are one section under several
 * names.
 */
static const struct section {
	struct str name;
	section_fn *read; /* NULL: belongs to other tools, and means nothing here */
} sections[] = {
	{ STR_INIT("acls"), read_acls },
	{ STR_INIT("backends"), read_backends },
	{ STR_INIT("client"), read_client },
	{ STR_INIT("config_stores"), read_dictionaries },
	{ STR_INIT("dictionaries"), read_dictionaries },
	{ STR_INIT("device_detection"), read_device_detection },
	{ STR_INIT("fake_valid_fastly_keys"), read_fastly_keys },
	{ STR_INIT("geolocation"), read_geolocation },
	{ STR_INIT("inspect"), read_inspect },
	{ STR_INIT("kv_stores"), read_kv_stores },
	{ STR_INIT("object_stores"), read_kv_stores },
	{ STR_INIT("object_store"), read_kv_stores },
	{ STR_INIT("limits"), read_limits },
	{ STR_INIT("products"), read_products },
	{ STR_INIT("secret_stores"), read_secret_stores },
	{ STR_INIT("shielding_sites"), read_shielding_sites },
	{ STR_INIT("pushpin"), NULL },
	{ STR_INIT("viceroy_version"), NULL },
};

void manifest_init(struct manifest *m)
{
	*m = (struct manifest){ 0 };
	arena_init(&m->arena);
	m->last_warning = &m->warnings;
}

void manifest_fini(struct manifest *m)
{
	arena_fini(&m->arena);
	manifest_init(m);
}

/* ---- [local_server] ---- */

static const struct section *find_section(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(sections); i++) {
		if (str_eq(sections[i].name, name))
			return &sections[i];
	}
	return NULL;
}

static void warn_unknown_section(struct reader *r, const struct toml_value *v)
{
	struct key names[COUNT_OF(sections)];
	for (size_t i = 0; i < COUNT_OF(sections); i++)
		names[i] = (struct key){ .name = sections[i].name };
	struct str hint = did_you_mean(r->arena, v->key, names, COUNT_OF(names));
	r->section = STR("local_server");
	warn_key(r, v, "the key '" STR_FMT "' means nothing" STR_FMT, STR_ARG(v->key), STR_ARG(hint));
}

static bool read_local_server(struct reader *r, const struct toml_value *local_server, struct error *e)
{
	r->section = STR("local_server");
	if (local_server->kind != TOML_TABLE)
		return bad_value(r, local_server, e, "is %s, not a table; write [local_server]",
				 toml_kind_text(local_server->kind));
	for (const struct toml_value *v = local_server->first; v; v = v->next) {
		const struct section *s = find_section(v->key);
		r->section = v->key;
		r->name = STR("");
		if (!s)
			warn_unknown_section(r, v);
		else if (s->read && !s->read(r, v, e))
			return false;
	}
	return true;
}

bool read_fastly_keys(struct reader *r, const struct toml_value *section, struct error *e)
{
	if (section->kind != TOML_ARRAY)
		return bad_value(r, section, e,
				 "is %s, not an array; write fake_valid_fastly_keys = [\"KEY\"]",
				 toml_kind_text(section->kind));
	for (const struct toml_value *v = section->first; v; v = v->next) {
		if (v->kind != TOML_STRING)
			return bad_value(r, v, e, "a key is %s, not a string; write [\"KEY\"]",
					 toml_kind_text(v->kind));
		world_add_fastly_key(r->world, v->text);
	}
	return true;
}

/* ---- the top level ---- */

enum { TOP_VERSION, TOP_NAME, TOP_DESCRIPTION, TOP_AUTHORS, TOP_LANGUAGE, TOP_LOCAL_SERVER, TOP_COUNT };

static const struct key top_keys[TOP_COUNT] = {
	[TOP_VERSION] = { STR_INIT("manifest_version"), TOML_INTEGER, 0, "manifest_version = 3" },
	[TOP_NAME] = { STR_INIT("name"), TOML_STRING, 0, "name = \"my-service\"" },
	[TOP_DESCRIPTION] = { STR_INIT("description"), TOML_STRING, 0, "description = \"…\"" },
	[TOP_AUTHORS] = { STR_INIT("authors"), TOML_ARRAY, 0, "authors = [\"me@example.com\"]" },
	[TOP_LANGUAGE] = { STR_INIT("language"), TOML_STRING, 0, "language = \"rust\"" },
	[TOP_LOCAL_SERVER] = { STR_INIT("local_server"), TOML_TABLE, 0, "[local_server]" },
};

static bool read_version(struct reader *r, const struct toml_value *v, struct error *e)
{
	if (!v)
		return true;
	if (v->integer < 0 || v->integer > MANIFEST_VERSION_MAX)
		return bad_value(r, v, e,
				 "unsupported manifest version %lld; max supported version is %d: write "
				 "manifest_version = %d",
				 (long long)v->integer, MANIFEST_VERSION_MAX, MANIFEST_VERSION_MAX);
	r->manifest->version = v->integer;
	return true;
}

static bool read_authors(struct reader *r, const struct toml_value *authors, struct error *e)
{
	struct manifest *m = r->manifest;
	if (!authors)
		return true;
	m->authors = arena_alloc(r->arena, authors->count * sizeof *m->authors);
	for (const struct toml_value *v = authors->first; v; v = v->next) {
		if (v->kind != TOML_STRING)
			return bad_value(r, v, e, "an author is %s, not a string; write %s",
					 toml_kind_text(v->kind), top_keys[TOP_AUTHORS].example);
		m->authors[m->authors_count++] = v->text;
	}
	return true;
}

static struct str text_or_empty(const struct toml_value *v)
{
	return v ? v->text : STR("");
}

/* Other tools keep their own keys at the top, so nothing is said of unknown ones. */
static bool read_top(struct reader *r, const struct toml_value *root, struct error *e)
{
	const struct toml_value *found[KEYS_MAX];
	if (!read_keys(r, root, top_keys, COUNT_OF(top_keys), UNKNOWN_IS_IGNORED, found, e))
		return false;
	r->manifest->name = text_or_empty(found[TOP_NAME]);
	r->manifest->description = text_or_empty(found[TOP_DESCRIPTION]);
	r->manifest->language = text_or_empty(found[TOP_LANGUAGE]);
	return read_version(r, found[TOP_VERSION], e) && read_authors(r, found[TOP_AUTHORS], e) &&
	       (!found[TOP_LOCAL_SERVER] || read_local_server(r, found[TOP_LOCAL_SERVER], e));
}

/* Behind the text of an error. Yields false. */
static bool add_words(struct error *e, const char *words)
{
	size_t used = strlen(e->text);
	snprintf(e->text + used, sizeof e->text - used, "%s", words);
	return false;
}

static bool parse_fastly(struct manifest *m, struct str text, struct manifest_options options,
			 struct world *world, struct error *e)
{
	const struct toml_value *root;
	struct reader r = { .manifest = m, .options = &options, .world = world, .arena = &m->arena };
	if (!options.file_name)
		options.file_name = "fastly.toml";
	if (!toml_parse(&m->arena, text, str_from(options.file_name), &root, e))
		return add_words(e, " (a fastly.toml is written in TOML 1.1)");
	return read_top(&r, root, e);
}

bool manifest_parse_fastly(struct manifest *m, struct str text, const struct manifest_options *options,
			   struct world *world, struct error *e)
{
	return parse_fastly(m, text, *options, world, e);
}

bool manifest_read_fastly(struct manifest *m, const char *path, const struct manifest_options *options,
			  struct world *world, struct error *e)
{
	scoped(blob_unref) struct blob *text = NULL;
	struct manifest_options named = *options;
	if (!named.file_name)
		named.file_name = path;
	return file_read(&text, path, TOML_BYTES_MAX, NULL, e) &&
	       parse_fastly(m, blob_str(text), named, world, e);
}
