/* SPDX-License-Identifier: Apache-2.0 */
/* Messages with places, tables of keys, paths. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "manifest/fastly_toml_priv.h"
#include "store/file.h"
#include "store/json_members.h"

enum { MESSAGE_BYTES_MAX = ERROR_TEXT_BYTES_MAX, JSON_BYTES_MAX = TOML_BYTES_MAX };

/* ---- messages ---- */

static bool bare(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = ascii_lower(name.ptr[i]);
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
			return false;
	}
	return name.len > 0;
}

static void add_place(const struct reader *r, uint32_t line, uint32_t column, struct buf *out)
{
	const char *quote = bare(r->name) ? "" : "\"";
	buf_printf(out, "%s:%u:%u: ", r->options->file_name, line, column);
	if (!r->section.len)
		return;
	buf_add(out, r->section);
	if (r->name.len)
		buf_printf(out, ".%s" STR_FMT "%s", quote, STR_ARG(str_sub(r->name, 0, 300)), quote);
	buf_add(out, STR(": "));
}

/* Control characters of the file are shown, not sent to the terminal. */
static void add_words(struct buf *out, const char *words)
{
	for (; *words; words++) {
		unsigned char c = (unsigned char)*words;
		if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_add_char(out, (char)c);
	}
}

static bool fail_at(const struct reader *r, uint32_t line, uint32_t column, struct error *e,
		    const char *words)
{
	scoped(buf_fini) struct buf text = BUF_INIT(8 * MESSAGE_BYTES_MAX);
	add_place(r, line, column, &text);
	add_words(&text, words);
	return FAIL(e, INVALID, "%s", text.ptr);
}

bool bad_value(const struct reader *r, const struct toml_value *at, struct error *e, const char *format, ...)
{
	char words[MESSAGE_BYTES_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(words, sizeof words, format, args);
	va_end(args);
	return fail_at(r, at->line, at->column, e, words);
}

bool bad_key(const struct reader *r, const struct toml_value *at, struct error *e, const char *format, ...)
{
	char words[MESSAGE_BYTES_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(words, sizeof words, format, args);
	va_end(args);
	return fail_at(r, at->key_line, at->key_column, e, words);
}

bool bad_inner(const struct reader *r, const struct toml_value *at, struct error *e)
{
	char words[ERROR_TEXT_BYTES_MAX];
	memcpy(words, e->text, sizeof words);
	return fail_at(r, at->line, at->column, e, words);
}

void warn_key(struct reader *r, const struct toml_value *at, const char *format, ...)
{
	char words[MESSAGE_BYTES_MAX];
	scoped(buf_fini) struct buf text = BUF_INIT(8 * MESSAGE_BYTES_MAX);
	struct manifest_warning *w = ARENA_NEW(r->arena, struct manifest_warning);
	va_list args;
	va_start(args, format);
	vsnprintf(words, sizeof words, format, args);
	va_end(args);
	add_place(r, at->key_line, at->key_column, &text);
	add_words(&text, words);
	w->text = arena_str(r->arena, buf_str(&text));
	*r->manifest->last_warning = w;
	r->manifest->last_warning = &w->next;
}

bool each_named(struct reader *r, const struct toml_value *section, section_fn *read, struct error *e)
{
	if (section->kind != TOML_TABLE)
		return bad_value(r, section, e, "is %s, not a table; write [local_server." STR_FMT "]",
				 toml_kind_text(section->kind), STR_ARG(r->section));
	for (const struct toml_value *v = section->first; v; v = v->next) {
		r->name = v->key;
		if (!read(r, v, e))
			return false;
		r->name = STR("");
	}
	return true;
}

/* ---- tables of keys ---- */

struct str did_you_mean(struct arena *a, struct str name, const struct key *keys, size_t count)
{
	const struct key *nearest = NULL;
	unsigned least = (unsigned)name.len / 3 + 1; /* further away it is another word */
	scoped(buf_fini) struct buf out = BUF_INIT(MESSAGE_BYTES_MAX);
	for (size_t i = 0; i < count; i++) {
		unsigned distance = str_distance(name, keys[i].name);
		if (distance <= least && (!nearest || distance < least)) {
			nearest = &keys[i];
			least = distance;
		}
	}
	if (nearest)
		return arena_printf(a, "; did you mean '" STR_FMT "'?", STR_ARG(nearest->name));
	for (size_t i = 0; i < count; i++)
		buf_printf(&out, "%s" STR_FMT, i ? ", " : "; known keys: ", STR_ARG(keys[i].name));
	return arena_str(a, buf_str(&out));
}

static bool check_key(const struct reader *r, const struct toml_value *table, const struct key *k,
		      const struct toml_value *v, struct error *e)
{
	if (!v && (k->flags & KEY_REQUIRED))
		return bad_value(r, table, e, "'" STR_FMT "' is missing; write %s", STR_ARG(k->name),
				 k->example);
	if (!v || (k->flags & KEY_ANY_KIND))
		return true;
	if (v->kind != k->kind)
		return bad_value(r, v, e, "'" STR_FMT "' is %s, not %s; write %s", STR_ARG(k->name),
				 toml_kind_text(v->kind), toml_kind_text(k->kind), k->example);
	if ((k->flags & KEY_NOT_EMPTY) && str_trim(v->text).len == 0)
		return bad_value(r, v, e, "'" STR_FMT "' is empty; write %s%s", STR_ARG(k->name), k->example,
				 k->flags & KEY_REQUIRED ? "" : " or leave it out");
	return true;
}

static bool check_unknown(struct reader *r, const struct toml_value *v, const struct key *keys, size_t count,
			  enum unknown_keys unknown, struct error *e)
{
	struct str hint = did_you_mean(r->arena, v->key, keys, count);
	if (unknown == UNKNOWN_IS_ERROR)
		return bad_key(r, v, e, "there is no key '" STR_FMT "'" STR_FMT, STR_ARG(v->key),
			       STR_ARG(hint));
	warn_key(r, v, "the key '" STR_FMT "' means nothing" STR_FMT, STR_ARG(v->key), STR_ARG(hint));
	return true;
}

bool read_keys(struct reader *r, const struct toml_value *table, const struct key *keys, size_t count,
	       enum unknown_keys unknown, const struct toml_value **found, struct error *e)
{
	CHECK(count <= KEYS_MAX && table->kind == TOML_TABLE);
	for (size_t i = 0; i < count; i++)
		found[i] = toml_get(table, keys[i].name);
	for (const struct toml_value *v = table->first; v; v = v->next) {
		bool known = false;
		for (size_t i = 0; i < count; i++)
			known = known || found[i] == v;
		if (!known && unknown != UNKNOWN_IS_IGNORED && !check_unknown(r, v, keys, count, unknown, e))
			return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!check_key(r, table, &keys[i], found[i], e))
			return false;
	}
	return true;
}

/* ---- formats, files ---- */

bool read_format(const struct reader *r, const struct toml_value *format, const char *const *formats,
		 const char *of, size_t *index, struct error *e)
{
	scoped(buf_fini) struct buf known = BUF_INIT(MESSAGE_BYTES_MAX);
	for (size_t i = 0; formats[i]; i++) {
		if (str_eq(format->text, str_from(formats[i]))) {
			*index = i;
			return true;
		}
		buf_printf(&known, "%s\"%s\"", i ? " or " : "", formats[i]);
	}
	return bad_value(r, format, e, "'" STR_FMT "' is not a format of a %s; write format = %s",
			 STR_ARG(format->text), of, known.ptr);
}

bool resolve_path(const struct reader *r, const struct toml_value *at, struct str path, const char **out,
		  struct error *e)
{
	const char *base = r->options->base_dir;
	if (path.len == 0)
		return bad_value(r, at, e, "the path of the file is empty");
	if (str_find_char(path, '\0') != STR_NONE)
		return bad_value(r, at, e, "the path of the file holds a NUL");
	if (*path.ptr == '/' || !base || !*base)
		*out = arena_str(r->arena, path).ptr;
	else
		*out = arena_printf(r->arena, "%s/" STR_FMT, base, STR_ARG(path)).ptr;
	if (r->manifest) {
		struct manifest_file *file = ARENA_NEW(r->arena, struct manifest_file);
		*file = (struct manifest_file){ r->manifest->files, *out };
		r->manifest->files = file;
	}
	return true;
}

bool bad_file(const struct reader *r, const struct toml_value *at, struct str path, struct error *e)
{
	const char *base = r->options->base_dir;
	if (e->kind == ERROR_IO && *path.ptr != '/') {
		size_t used = strlen(e->text);
		snprintf(e->text + used, sizeof e->text - used, "; paths are relative to %s",
			 base && *base ? base : "the working directory");
	}
	return bad_inner(r, at, e);
}

bool read_named_file(const struct reader *r, const struct toml_value *at, struct str path, size_t max,
		     struct blob **out, struct error *e)
{
	const char *resolved;
	if (!resolve_path(r, at, path, &resolved, e))
		return false;
	return file_read(out, resolved, max, NULL, e) || bad_file(r, at, path, e);
}

bool read_file_reference(struct reader *r, const struct toml_value *v, const char *of,
			 const struct toml_value **file, struct error *e)
{
	static const struct key keys[] = {
		{ STR_INIT("file"), TOML_STRING, KEY_REQUIRED | KEY_NOT_EMPTY,
		  "both file = \"store.json\" and format = \"json\"" },
		{ STR_INIT("format"), TOML_STRING, KEY_REQUIRED | KEY_NOT_EMPTY,
		  "both file = \"store.json\" and format = \"json\"" },
	};
	static const char *const formats[] = { "json", NULL };
	const struct toml_value *found[KEYS_MAX];
	size_t json;
	if (!read_keys(r, v, keys, COUNT_OF(keys), UNKNOWN_IS_WARNING, found, e) ||
	    !read_format(r, found[1], formats, of, &json, e))
		return false;
	*file = found[0];
	return true;
}

/* ---- JSON ---- */

bool read_json_file(const struct reader *r, const struct toml_value *file, struct json_member **first,
		    struct error *e)
{
	scoped(blob_unref) struct blob *content = NULL;
	if (!read_named_file(r, file, file->text, FILE_BYTES_MAX, &content, e))
		return false;
	if (json_members(r->arena, arena_str(r->arena, blob_str(content)), first, e))
		return true;
	/* "3:14: '}' expected" is a place in that file, "is not a JSON object" a sentence about it. */
	bool place = e->text[0] >= '0' && e->text[0] <= '9';
	char words[ERROR_TEXT_BYTES_MAX];
	memcpy(words, e->text, sizeof words);
	return bad_value(r, file, e, STR_FMT ":%s%s", STR_ARG(file->text), place ? "" : " ", words);
}

/* The shortest decimal that reads back as the same number: 37.77869 stays 37.77869. */
static void add_number(struct buf *out, double number)
{
	char text[40];
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	buf_add(out, str_from(text));
}

static bool add_json_table(const struct reader *r, const struct toml_value *table, struct buf *out,
			   struct error *e)
{
	buf_add_char(out, '{');
	for (const struct toml_value *v = table->first; v; v = v->next) {
		buf_add_json(out, v->key);
		buf_add_char(out, ':');
		if (!add_json(r, v, true, out, e))
			return false;
		if (v->next)
			buf_add_char(out, ',');
	}
	buf_add_char(out, '}');
	return true;
}

bool add_json(const struct reader *r, const struct toml_value *v, bool nested, struct buf *out,
	      struct error *e)
{
	if (v->kind == TOML_STRING) {
		buf_add_json(out, v->text);
	} else if (v->kind == TOML_INTEGER) {
		buf_printf(out, "%lld", (long long)v->integer);
	} else if (v->kind == TOML_FLOAT && isfinite(v->number)) {
		add_number(out, v->number);
	} else if (v->kind == TOML_BOOL) {
		buf_add(out, v->truth ? STR("true") : STR("false"));
	} else if (v->kind == TOML_TABLE && nested) {
		return add_json_table(r, v, out, e);
	} else {
		return bad_value(r, v, e, "'" STR_FMT "' is %s; write a string, a finite number%s",
				 STR_ARG(v->key),
				 v->kind == TOML_FLOAT ? "infinite or not a number" : toml_kind_text(v->kind),
				 nested ? ", a boolean or a table of these" : " or a boolean");
	}
	return true;
}
