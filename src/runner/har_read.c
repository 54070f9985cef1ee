/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A HAR, member by member. Where an entry begins is found in the text, so that an error says it; within an
 * entry the member's path has to do.
 */
#include <stdio.h>
#include <time.h>

#include "base/base64.h"
#include "base/quantity.h"
#include "http/uri.h"
#include "runner/har.h"
#include "runner/har_priv.h"
#include "script/value.h"
#include "store/json_members.h"

enum { ENTRIES_MAX = 1000000, FIELDS_MAX = 10000 };

/*
 * Reads one entry. Errors are put in `e` by the first member that is wrong; what is read after that is
 * nothing.
 */
struct reader {
	struct cassette_entry *entry;
	struct error *e;
	bool ok;
};

static bool wrong(struct reader *r, const char *path, const char *what)
{
	if (r->ok)
		FAIL(r->e, INVALID, "%s: %s", path, what);
	r->ok = false;
	return false;
}

static struct str copy(struct reader *r, struct str s)
{
	return arena_str(&r->entry->arena, s);
}

/* The string of that name; `optional`: ptr NULL when there is none. */
static struct str text_of(struct reader *r, const struct value *object, const char *name, const char *path,
			  bool optional)
{
	const struct value *v = value_get(object, str_from(name));
	if (v->type == VALUE_STRING)
		return copy(r, v->string);
	if (!optional || v->type != VALUE_UNDEFINED)
		wrong(r, path, "a string is wanted here");
	return (struct str){ NULL, 0 };
}

static void read_fields(struct reader *r, const struct value *object, const char *name, const char *path,
			struct headers *out)
{
	const struct value *fields = value_get(object, str_from(name));
	if (fields->type == VALUE_UNDEFINED)
		return;
	if (fields->type != VALUE_ARRAY || fields->array.count > FIELDS_MAX) {
		wrong(r, path, "an array of { \"name\": …, \"value\": … } is wanted here");
		return;
	}
	for (size_t i = 0; i < fields->array.count && r->ok; i++) {
		struct str field = text_of(r, value_at(fields, i), "name", path, false);
		struct str value = text_of(r, value_at(fields, i), "value", path, false);
		if (str_starts(field, STR(":")))
			continue; /* HTTP/2's own, as browsers write them */
		if (r->ok && (!header_name_valid(field) || !header_value_valid(value)))
			wrong(r, path, "this is no header");
		else if (r->ok)
			headers_add_borrowed(out, &r->entry->arena, field, value);
	}
}

/* The text of `content` or `postData`. */
static struct str read_body(struct reader *r, const struct value *object, const char *name,
			    const char *encoding, const char *path)
{
	const struct value *content = value_get(object, str_from(name));
	if (content->type == VALUE_UNDEFINED)
		return STR("");
	if (content->type != VALUE_OBJECT) {
		wrong(r, path, "an object is wanted here");
		return STR("");
	}
	struct str text = text_of(r, content, "text", path, true);
	struct str how = text_of(r, content, encoding, path, true), bytes;
	if (!how.ptr || !text.ptr)
		return text.ptr ? text : STR("");
	if (!str_eq(how, STR("base64")))
		wrong(r, path, "the encoding is base64, or none");
	else if (!base64_decode(&r->entry->arena, text, &bytes))
		wrong(r, path, "the text is not base64");
	else
		return bytes;
	return STR("");
}

static const struct value *object_of(struct reader *r, const struct value *entry, const char *name)
{
	const struct value *v = value_get(entry, str_from(name));
	if (v->type != VALUE_OBJECT)
		wrong(r, name, "an object is wanted here");
	return v;
}

static void read_request(struct reader *r, const struct value *request)
{
	struct cassette_entry *entry = r->entry;
	struct uri uri;
	struct error why;
	entry->method = text_of(r, request, "method", "request.method", false);
	entry->url = text_of(r, request, "url", "request.url", false);
	if (r->ok && !header_name_valid(entry->method))
		wrong(r, "request.method", "this is no method");
	if (r->ok && (!uri_parse(&uri, entry->url, &why) || uri.scheme.len == 0))
		wrong(r, "request.url", "a whole URL is wanted here, http://… or https://…");
	read_fields(r, request, "headers", "request.headers", &entry->request_headers);
	entry->request_body = read_body(r, request, "postData", "_encoding", "request.postData");
}

static void read_error(struct reader *r, const struct value *response)
{
	struct str name = text_of(r, response, "_error", "response._error", true);
	if (!name.ptr)
		return;
	for (int error = FETCH_OK + 1; error <= FETCH_H2_ERROR; error++) {
		if (str_eq(name, str_from(fetch_error_name((enum fetch_error)error))))
			r->entry->error = (enum fetch_error)error;
	}
	/* Others' words for an error, such as a browser's: there was no answer, whatever it was. */
	if (r->entry->error == FETCH_OK)
		r->entry->error = FETCH_INTERNAL_ERROR;
}

static void read_ending(struct reader *r, const struct value *response)
{
	struct str name = text_of(r, response, "_ending", "response._ending", true);
	bool known = !name.ptr;
	for (int i = 0; i < HAR_ENDINGS; i++) {
		if (!str_eq(name, str_from(har_endings[i])))
			continue;
		r->entry->failure = (enum body_failure)i;
		known = true;
	}
	if (!known)
		wrong(r, "response._ending",
		      "one of whole, abandoned, incomplete, timeout, protocol, limit is wanted here");
}

static void read_response(struct reader *r, const struct value *response)
{
	struct cassette_entry *entry = r->entry;
	const struct value *status = value_get(response, STR("status"));
	bool number = status->type == VALUE_NUMBER && status->number >= 0 && status->number <= 599;
	read_error(r, response);
	entry->status = number ? (uint16_t)status->number : 0;
	if (r->ok && entry->error == FETCH_OK && entry->status < 100)
		wrong(r, "response.status", "a status from 100 to 599 is wanted here");
	read_fields(r, response, "headers", "response.headers", &entry->headers);
	read_fields(r, response, "_trailers", "response._trailers", &entry->trailers);
	entry->body = read_body(r, response, "content", "encoding", "response.content");
	read_ending(r, response);
}

/*
 * "2025-01-31T12:00:00.000Z", or with "+01:00" at its end. It is kept for whoever reads the file, so what is
 * not understood is nothing worse than no time.
 */
static uint64_t read_time(struct str text)
{
	struct tm tm = { 0 };
	char zone[16] = "";
	int ms = 0, hours = 0, minutes = 0;
	if (text.len > 40 ||
	    sscanf(text.ptr ? text.ptr : "", "%4d-%2d-%2dT%2d:%2d:%2d.%3d%15s", &tm.tm_year, &tm.tm_mon,
		   &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms, zone) != 8)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	if (sscanf(zone, "%3d:%2d", &hours, &minutes) == 2)
		minutes = 60 * hours + (*zone == '-' ? -minutes : minutes);
	int64_t seconds = (int64_t)timegm(&tm) - 60 * minutes;
	return seconds >= 0 && ms >= 0 ? (uint64_t)seconds * NS_PER_S + (uint64_t)ms * NS_PER_MS : 0;
}

static bool read_entry(struct cassette_entry *entry, struct str text, struct error *e)
{
	struct arena a = { 0 };
	struct value *v = NULL;
	struct reader r = { entry, e, true };
	if (!value_from_json(&a, text, &v, NULL, NULL) || v->type != VALUE_OBJECT) {
		wrong(&r, "entry", "an object is wanted here");
	} else {
		entry->test = text_of(&r, v, "_test", "_test", true);
		entry->backend = text_of(&r, v, "_backend", "_backend", true);
		entry->wall_ns = read_time(text_of(&r, v, "startedDateTime", "startedDateTime", true));
		read_request(&r, object_of(&r, v, "request"));
		read_response(&r, object_of(&r, v, "response"));
	}
	arena_fini(&a);
	return r.ok;
}

/* ---- the whole text ---- */

static size_t line_of(struct str text, const char *at)
{
	size_t line = 1;
	for (const char *c = text.ptr; c < at; c++)
		line += *c == '\n';
	return line;
}

static const struct json_member *find(const struct json_member *first, const char *name, struct error *e)
{
	const struct json_member *m = json_member_of(first, str_from(name));
	if (!m)
		FAIL(e, INVALID, "1: this is no HAR: there is no \"%s\"", name);
	return m;
}

/* The elements of log.entries. */
static bool find_entries(struct arena *a, struct str text, struct json_member **first, struct error *e)
{
	struct json_member *root, *log;
	struct error why;
	const struct json_member *m;
	if (text.len == 0)
		return FAIL(e, INVALID, "1: the file is empty");
	if (!json_members(a, text, &root, e)) /* whose words have a place where it is not the first line */
		return e->text[0] >= '0' && e->text[0] <= '9' ? false : error_wrap(e, "1");
	if (!(m = find(root, "log", e)))
		return false;
	if (!json_members(a, m->text, &log, &why))
		return FAIL(e, INVALID, "%zu: log: %s", line_of(text, m->text.ptr), why.text);
	if (!(m = find(log, "entries", e)))
		return false;
	return json_elements(a, m->text, first, &why) ||
	       FAIL(e, INVALID, "%zu: log.entries: %s", line_of(text, m->text.ptr), why.text);
}

bool har_read(struct cassette *c, struct str text, struct error *e)
{
	struct arena a = { 0 };
	struct json_member *entries;
	struct cassette read = { 0 };
	bool ok = find_entries(&a, text, &entries, e);
	const char *counted = text.ptr;
	size_t line = 1;
	for (const struct json_member *m = ok ? entries : NULL; m && ok; m = m->next) {
		struct cassette_entry *entry = cassette_entry_new();
		cassette_add(&read, entry);
		for (; counted < m->text.ptr; counted++)
			line += *counted == '\n';
		entry->line = line;
		ok = read_entry(entry, m->text, e) || error_wrap(e, "%zu: entry %zu", line, read.count);
	}
	for (size_t i = 0; ok && i < read.count; i++) {
		rc_ref(&read.at[i]->rc);
		cassette_add(c, read.at[i]);
	}
	cassette_fini(&read);
	arena_fini(&a);
	return ok;
}
