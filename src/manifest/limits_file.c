/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/limits_file.h"

#include <string.h>

#include "base/buf.h"
#include "base/quantity.h"
#include "manifest/fastly_toml_priv.h"
#include "store/file.h"

static const char *const unit_examples[] = {
	[LIMIT_IN_BYTES] = "\"64KiB\", or a number of bytes",
	[LIMIT_IN_TIME] = "\"50ms\"",
	[LIMIT_IN_COUNT] = "32",
};

/* ---- profiles by name ---- */

static bool unknown_profile(struct str name, struct error *e)
{
	struct str best = { 0 };
	unsigned least = 4;
	for (struct str rest = str_from(limits_profile_names), one; rest.ptr;) {
		one = str_split(&rest, '|');
		if (str_distance(name, one) < least) {
			best = one;
			least = str_distance(name, one);
		}
	}
	if (best.ptr)
		return FAIL(e, INVALID, "there is no profile '" STR_FMT "'; did you mean '" STR_FMT "'?",
			    STR_ARG(name), STR_ARG(best));
	return FAIL(e, INVALID,
		    "there is no profile '" STR_FMT
		    "'; there are fastly, fastly-trial and none, and files of your own (limits.toml)",
		    STR_ARG(name));
}

static bool find_profile(struct str name, struct limits *out, struct error *e)
{
	/* The guards are no profile to choose: they are what is there without one. */
	const struct limits *found = str_eq(name, STR("guard")) ? NULL : limits_profile(name);
	if (!found)
		return unknown_profile(name, e);
	*out = *found;
	return true;
}

/* ---- settings ---- */

/* A string: of what is counted it is "none" at most. */
static bool read_text(const struct reader *r, enum limit limit, const struct toml_value *v, uint64_t *number,
		      struct error *e)
{
	const struct limit_row *row = &limit_rows[limit];
	struct error why;
	bool counted = row->unit == LIMIT_IN_COUNT && !str_eq(v->text, STR("none"));
	if (!counted && limit_parse(limit, v->text, number, &why))
		return true;
	return bad_value(r, v, e, "'%s': %s; write %s = %s", row->name,
			 counted ? "it is counted, and a string is no number" : why.text, row->name,
			 unit_examples[row->unit]);
}

static bool read_number(const struct reader *r, enum limit limit, const struct toml_value *v,
			uint64_t *number, struct error *e)
{
	const struct limit_row *row = &limit_rows[limit];
	struct error why;
	if (v->kind == TOML_STRING) {
		if (!read_text(r, limit, v, number, e))
			return false;
	} else if (v->kind != TOML_INTEGER || v->integer < 0 || row->unit == LIMIT_IN_TIME) {
		return bad_value(r, v, e, "'%s' is %s%s; write %s = %s", row->name, toml_kind_text(v->kind),
				 v->kind != TOML_INTEGER ? ""
				 : v->integer < 0        ? " below 0"
							 : " without a unit",
				 row->name, unit_examples[row->unit]);
	} else {
		*number = (uint64_t)v->integer;
	}
	return limit_check(limit, *number, &why) || bad_value(r, v, e, "'%s': %s", row->name, why.text);
}

static bool unknown_key(struct reader *r, const struct toml_value *v, bool in_manifest, struct error *e)
{
	struct key names[LIMITS + 2] = { { .name = STR("profile") }, { .name = STR("mode") } };
	size_t count = in_manifest ? 2 : 1;
	for (size_t i = 0; i < LIMITS; i++)
		names[count++].name = str_from(limit_rows[i].name);
	struct str hint = did_you_mean(r->arena, v->key, names, count);
	return bad_key(r, v, e, "there is no limit '" STR_FMT "'" STR_FMT, STR_ARG(v->key), STR_ARG(hint));
}

static bool read_mode(const struct reader *r, const struct toml_value *v, struct limits_choice *c,
		      struct error *e)
{
	static const char *const modes[] = { "enforce", "warn", "off" };
	for (size_t i = 0; v->kind == TOML_STRING && i < COUNT_OF(modes); i++) {
		if (str_eq(v->text, str_from(modes[i]))) {
			c->mode = (enum limits_mode)i;
			c->has_mode = true;
			return true;
		}
	}
	return bad_value(r, v, e, "'mode' is none of \"enforce\", \"warn\" and \"off\"");
}

/* A profile that is begun with: by its name, and in a manifest a file, too. */
static bool read_base(struct reader *r, const struct toml_value *v, bool in_manifest, struct limits_choice *c,
		      struct error *e)
{
	const char *path;
	if (v->kind != TOML_STRING)
		return bad_value(r, v, e, "'profile' is %s, not a string; write profile = \"fastly\"",
				 toml_kind_text(v->kind));
	if (!in_manifest ||
	    (str_find_char(v->text, '/') == STR_NONE && str_find_char(v->text, '.') == STR_NONE))
		return find_profile(v->text, &c->profile, e) || bad_inner(r, v, e);
	return resolve_path(r, v, v->text, &path, e) &&
	       (limits_choice_open(c, path, e) || bad_inner(r, v, e));
}

static bool read_table(struct reader *r, const struct toml_value *table, bool in_manifest,
		       struct limits_choice *c, struct error *e)
{
	const struct toml_value *base = toml_get(table, STR("profile"));
	c->has_profile = true;
	c->profile = *limits_profile(STR("fastly"));
	if (base && !read_base(r, base, in_manifest, c, e))
		return false;
	for (const struct toml_value *v = table->first; v; v = v->next) {
		enum limit limit = limit_find(v->key);
		if (v == base)
			continue;
		if (in_manifest && str_eq(v->key, STR("mode"))) {
			if (!read_mode(r, v, c, e))
				return false;
		} else if (limit == LIMITS) {
			return unknown_key(r, v, in_manifest, e);
		} else if (!read_number(r, limit, v, &c->profile.at[limit], e)) {
			return false;
		}
	}
	return true;
}

bool read_limits(struct reader *r, const struct toml_value *section, struct error *e)
{
	if (section->kind != TOML_TABLE)
		return bad_value(r, section, e, "is %s, not a table; write [local_server.limits]",
				 toml_kind_text(section->kind));
	return read_table(r, section, true, &r->manifest->limits, e);
}

static bool read_file(const char *path, struct limits_choice *c, struct error *e)
{
	scoped(arena_fini) struct arena arena = { 0 };
	scoped(blob_unref) struct blob *text = NULL;
	const struct manifest_options options = { .file_name = path };
	const struct toml_value *root;
	struct reader r = { .options = &options, .arena = &arena };
	return file_read(&text, path, TOML_BYTES_MAX, NULL, e) &&
	       toml_parse(&arena, blob_str(text), str_from(path), &root, e) &&
	       read_table(&r, root, false, c, e);
}

bool limits_choice_open(struct limits_choice *c, const char *name_or_file, struct error *e)
{
	if (strpbrk(name_or_file, "/.")) {
		if (!read_file(name_or_file, c, e))
			return false;
	} else if (!find_profile(str_from(name_or_file), &c->profile, e)) {
		return false;
	}
	c->has_profile = true;
	return true;
}

void limits_choose(struct world *w, const struct limits_choice *manifest, const struct limits_choice *user)
{
	const struct limits_choice *by = user->has_profile ? user : manifest;
	const struct limits *profile = by->has_profile ? &by->profile : limits_profile(STR("fastly"));
	if (user->has_mode)
		w->limits_mode = user->mode;
	else if (manifest->has_mode)
		w->limits_mode = manifest->mode;
	else
		w->limits_mode = by->has_profile ? LIMITS_ENFORCE : LIMITS_OFF;
	limits_use(&w->limits, &w->noted, w->limits_mode, profile);
}
