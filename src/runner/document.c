/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields, types and units are those of Fastly Fiddle; `bodyText`, `originFetches[].reqBody` and `.error` are
 * ours.
 */
#include "runner/document.h"

#include "base/buf.h"
#include "world/ip.h"
#include "runner/settings.h"

enum { PREVIEW_BYTES = 1024, HEAD_BYTES_MAX = 16 << 20 };

/* ---- what lines may name ---- */

static const struct schema_type logs_type = { VALUE_ARRAY, .item = &schema_string };

static const struct schema_field handoff_fields[] = {
	{ "kind", &schema_string, SCHEMA_READY, "websocket or grip" },
	{ "backend", &schema_string, SCHEMA_READY, "the backend it was for" },
	{ 0 },
};
static const struct schema_type handoff_type = { VALUE_OBJECT, .fields = handoff_fields };

static const struct schema_field client_fields[] = {
	{ "req", &schema_string, SCHEMA_READY, "the request: its line, headers and body" },
	{ "resp", &schema_string, SCHEMA_READY, "the response's status line and headers" },
	{ "respType", &schema_string, SCHEMA_READY, "its media type, without parameters" },
	{ "isText", &schema_bool, SCHEMA_READY, "is the body text?" },
	{ "isImage", &schema_bool, SCHEMA_READY, "is the body an image?" },
	{ "status", &schema_number, SCHEMA_READY, "the response's status" },
	{ "bodyPreview", &schema_string, SCHEMA_READY, "the first 1024 bytes of the body" },
	{ "bodyText", &schema_string, SCHEMA_READY, "the whole body" },
	{ "bodyBytesReceived", &schema_number, SCHEMA_READY, "the body's length in bytes" },
	{ "bodyChunkCount", &schema_number, SCHEMA_READY, "in how many pieces it came" },
	{ "complete", &schema_bool, SCHEMA_READY, "did the response end as it should?" },
	{ "trailers", &schema_string, SCHEMA_READY, "the response's trailers" },
	{ "earlyHints", &logs_type, SCHEMA_READY, "the headers of each 103 before the response, in order" },
	{ "handoff", &handoff_type, SCHEMA_READY,
	  "what the request was handed over to, which then answered; undefined when the service did" },
	{ "instanceRequests", &schema_number, SCHEMA_READY,
	  "how many requests the instance that answered had handled by then, this one included" },
	{ 0 },
};
static const struct schema_type client_type = { VALUE_OBJECT, .fields = client_fields };

static const struct schema_field origin_fields[] = {
	{ "fetchID", &schema_string, SCHEMA_READY, "number of the fetch" },
	{ "traceID", &schema_string, SCHEMA_READY, "number of the invocation that made it" },
	{ "req", &schema_string, SCHEMA_READY, "the request's line and headers, as sent to the origin" },
	{ "reqBody", &schema_string, SCHEMA_READY,
	  "the body that the service sent to an origin of the file" },
	{ "resp", &schema_string, SCHEMA_READY, "the answer's status line and headers" },
	{ "status", &schema_number, SCHEMA_READY, "the answer's status; undefined when there was none" },
	{ "remoteAddr", &schema_string, SCHEMA_READY, "the origin's address, when it has one" },
	{ "remoteHost", &schema_string, SCHEMA_READY, "the backend's name" },
	{ "remotePort", &schema_number, SCHEMA_READY, "the origin's port, when it has one" },
	{ "elapsedTime", &schema_number, SCHEMA_READY,
	  "milliseconds until the answer's head, on the test's clock" },
	{ "error", &schema_string, SCHEMA_READY, "why there was no answer, e.g. connection_refused" },
	{ 0 },
};
static const struct schema_type origin_type = { VALUE_OBJECT, .fields = origin_fields };
static const struct schema_type origins_type = { VALUE_ARRAY, .item = &origin_type };

static const struct schema_field usage_fields[] = {
	{ "cpuTime", &schema_number, SCHEMA_READY, "the guest's own CPU time, in microseconds" },
	{ "wallTime", &schema_number, SCHEMA_READY,
	  "from its start to its end on the test's clock, in microseconds" },
	{ "memoryBytes", &schema_number, SCHEMA_READY, "the guest's memory at its largest" },
	{ "hostcalls", &schema_number, SCHEMA_READY, "how many host calls it made" },
	{ "subrequests", &schema_number, SCHEMA_READY, "how many requests it sent to backends" },
	{ "logBytes", &schema_number, SCHEMA_READY, "how many bytes it logged" },
	{ "logEntries", &schema_number, SCHEMA_READY, "in how many entries" },
	{ 0 },
};
static const struct schema_type usage_type = { VALUE_OBJECT, .fields = usage_fields };

static const struct schema_field limit_fields[] = {
	{ "name", &schema_string, SCHEMA_READY, "the limit's name, e.g. subrequests" },
	{ "bound", &schema_number, SCHEMA_READY, "the limit: bytes, nanoseconds, or a count" },
	{ "reached", &schema_number, SCHEMA_READY, "the largest number that was reached" },
	{ "enforced", &schema_bool, SCHEMA_READY, "was it enforced, or only warned of?" },
	{ 0 },
};
static const struct schema_type limit_type = { VALUE_OBJECT, .fields = limit_fields };
static const struct schema_type limits_type = { VALUE_ARRAY, .item = &limit_type };

static const struct schema_field roots[] = {
	{ "clientFetch", &client_type, SCHEMA_READY, "the request and what came back" },
	{ "originFetches", &origins_type, SCHEMA_READY, "what the service fetched, in order" },
	{ "logs", &logs_type, SCHEMA_READY, "every log message, in order" },
	{ "usage", &usage_type, SCHEMA_READY, "what the service used" },
	{ "limits", &limits_type, SCHEMA_READY, "the limits that it exceeded" },
	{ "events", &schema_any, SCHEMA_PLANNED, "everything that happened" },
	{ "insights", &schema_any, SCHEMA_PLANNED, "what could be done better" },
	{ 0 },
};
const struct schema document_schema = { .roots = roots, .shortcut = "attribs", .settings = settings_checks };

/* ---- building it ---- */

static void set(struct arena *a, struct value *object, const char *name, struct value *v)
{
	value_set(a, object, str_from(name), v);
}

static void add_headers(struct buf *b, const struct headers *h)
{
	for (size_t i = 0; i < h->count; i++) {
		buf_add(b, h->at[i].name);
		buf_add(b, STR(": "));
		buf_add(b, h->at[i].value);
		buf_add_char(b, '\n');
	}
}

/* The text of a buffer, copied into the arena. */
static struct value *keep(struct arena *a, struct buf *b)
{
	struct value *v = value_string(a, arena_str(a, buf_str(b)));
	buf_reset(b);
	return v;
}

static struct value *request_text(struct arena *a, struct buf *b, const struct http_request *r,
				  struct str target, struct str body)
{
	buf_add(b, r->method);
	buf_add_char(b, ' ');
	buf_add(b, target);
	buf_add(b, STR(" HTTP/1.1\n"));
	add_headers(b, &r->headers);
	if (body.len) {
		buf_add_char(b, '\n');
		buf_add(b, body);
	}
	return keep(a, b);
}

static struct value *response_text(struct arena *a, struct buf *b, const struct http_response *r)
{
	struct str reason = r->reason.len ? r->reason : http_reason(r->status);
	buf_add(b, STR("HTTP/1.1 "));
	buf_add_u64(b, r->status);
	if (reason.len)
		buf_add_char(b, ' ');
	buf_add(b, reason);
	buf_add_char(b, '\n');
	add_headers(b, &r->headers);
	return keep(a, b);
}

static struct str media_type(const struct http_response *r)
{
	struct str type = headers_get(&r->headers, STR("content-type"));
	return str_trim(str_sub(type, 0, str_find_char(type, ';')));
}

static bool is_text(struct str type, struct str body)
{
	static const struct str texts[] = { STR_INIT("application/json"), STR_INIT("application/javascript"),
					    STR_INIT("application/xml"), STR_INIT("image/svg+xml"),
					    STR_INIT("application/x-www-form-urlencoded") };
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		if (str_eq_nocase(type, texts[i]))
			return true;
	}
	if (type.len == 0)
		return str_is_utf8(body);
	return str_starts(type, STR("text/")) || str_ends(type, STR("+json")) || str_ends(type, STR("+xml"));
}

/* At most so many bytes, and no half character at the end. */
static struct str preview(struct str body)
{
	size_t len = MIN(body.len, (size_t)PREVIEW_BYTES);
	while (len > 0 && len < body.len && (body.ptr[len] & 0xc0) == 0x80)
		len--;
	return str_sub(body, 0, len);
}

static struct str path_of(struct str uri)
{
	size_t scheme = str_find(uri, STR("://"));
	struct str rest = scheme == STR_NONE ? uri : str_sub(uri, scheme + 3, uri.len);
	size_t slash = scheme == STR_NONE ? 0 : str_find_char(rest, '/');
	return slash == STR_NONE ? STR("/") : str_sub(rest, slash, rest.len);
}

static struct value *handoff_value(const struct handoff *h, struct arena *a)
{
	struct value *v = value_object(a);
	set(a, v, "kind", value_string(a, str_from(handoff_kind_name(h->kind))));
	set(a, v, "backend", value_string(a, h->sent->backend->name));
	return v;
}

static struct value *client_value(const struct client_fetch *f, struct arena *a, struct buf *b)
{
	struct value *v = value_object(a);
	const struct http_response *r = &f->invocation->response;
	struct str type = media_type(r);
	set(a, v, "req", request_text(a, b, f->request, path_of(f->request->uri), f->request_body));
	set(a, v, "resp", response_text(a, b, r));
	set(a, v, "respType", value_string(a, type));
	set(a, v, "isText", value_bool(a, is_text(type, f->body)));
	set(a, v, "isImage", value_bool(a, str_starts(type, STR("image/"))));
	set(a, v, "status", value_number(a, r->status));
	set(a, v, "bodyPreview", value_string(a, preview(f->body)));
	set(a, v, "bodyText", value_string(a, f->body));
	set(a, v, "bodyBytesReceived", value_number(a, (double)f->body.len));
	set(a, v, "bodyChunkCount", value_number(a, f->chunks));
	set(a, v, "complete", value_bool(a, f->complete));
	if (r->body)
		add_headers(b, &r->body->trailers);
	set(a, v, "trailers", keep(a, b));
	struct value *hints = value_array(a);
	for (const struct interim *hint = f->invocation->interims; hint; hint = hint->next) {
		add_headers(b, &hint->headers);
		value_push(a, hints, keep(a, b));
	}
	set(a, v, "earlyHints", hints);
	if (f->invocation->handoff)
		set(a, v, "handoff", handoff_value(f->invocation->handoff, a));
	set(a, v, "instanceRequests", value_number(a, f->invocation->nth));
	return v;
}

static struct value *origin_value(const struct subrequest *s, uint64_t number, size_t index, struct arena *a,
				  struct buf *b)
{
	struct value *v = value_object(a);
	const struct fetch *f = s->fetch;
	set(a, v, "fetchID", value_string(a, arena_printf(a, "%zu", index)));
	set(a, v, "traceID", value_string(a, arena_printf(a, "%llu", (unsigned long long)number)));
	set(a, v, "req", request_text(a, b, &s->request, s->path, STR("")));
	if (f->asked)
		set(a, v, "reqBody",
		    value_string(a, arena_str(a, buf_str(&((const struct origin_call *)f->asked)->body))));
	set(a, v, "remoteHost", value_string(a, s->backend->name));
	if (f->remote_ip_len) {
		char text[IP_TEXT_BYTES];
		ip_print(f->remote_ip, f->remote_ip_len, text);
		set(a, v, "remoteAddr", value_string(a, arena_str(a, str_from(text))));
		set(a, v, "remotePort", value_number(a, f->remote_port));
	}
	if (f->settled) {
		set(a, v, "elapsedTime", value_number(a, (double)(f->settled_ns - f->started_ns) / 1e6));
		if (f->error == FETCH_OK) {
			set(a, v, "resp", response_text(a, b, &f->response));
			set(a, v, "status", value_number(a, f->response.status));
		} else {
			set(a, v, "error", value_string(a, str_from(fetch_error_name(f->error))));
		}
	}
	return v;
}

static struct value *usage_value(const struct client_fetch *fetch, struct arena *a, struct buf *unused)
{
	struct value *v = value_object(a);
	const struct invocation *i = fetch->invocation;
	(void)unused;
	double entries = 0;
	for (const struct log_entry *l = i->logs; l; l = l->next)
		entries++;
	set(a, v, "cpuTime", value_number(a, (double)i->cpu_ns / 1e3));
	set(a, v, "wallTime", value_number(a, (double)(i->ended_ns - i->started_ns) / 1e3));
	set(a, v, "memoryBytes", value_number(a, (double)i->memory_bytes));
	set(a, v, "hostcalls", value_number(a, (double)i->hostcalls));
	set(a, v, "subrequests", value_number(a, i->subrequest_count));
	set(a, v, "logBytes", value_number(a, (double)i->log_bytes));
	set(a, v, "logEntries", value_number(a, entries));
	return v;
}

static struct value *limit_value(const struct limit_breach *b, struct arena *a)
{
	struct value *v = value_object(a);
	set(a, v, "name", value_string(a, str_from(limit_rows[b->limit].name)));
	set(a, v, "bound", value_number(a, (double)b->bound));
	set(a, v, "reached", value_number(a, (double)b->reached));
	set(a, v, "enforced", value_bool(a, b->enforced));
	return v;
}

static struct value *origins_value(const struct client_fetch *fetch, struct arena *a, struct buf *b)
{
	struct value *v = value_array(a);
	size_t index = 0;
	for (const struct subrequest *s = fetch->invocation->subrequests; s; s = s->next)
		value_push(a, v, origin_value(s, fetch->invocation->number, index++, a, b));
	return v;
}

static struct value *logs_value(const struct client_fetch *fetch, struct arena *a, struct buf *unused)
{
	struct value *v = value_array(a);
	(void)unused;
	for (const struct log_entry *l = fetch->invocation->logs; l; l = l->next)
		value_push(a, v, value_string(a, l->message));
	return v;
}

static struct value *limits_value(const struct client_fetch *fetch, struct arena *a, struct buf *unused)
{
	struct value *v = value_array(a);
	(void)unused;
	for (const struct limit_breach *l = fetch->invocation->breaches; l; l = l->next)
		value_push(a, v, limit_value(l, a));
	return v;
}

static bool is_asked_for(const char *root, const struct check *checks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (str_eq(checks[i].target.steps[0].name, str_from(root)))
			return true;
	}
	return false;
}

const struct value *document_new(const struct client_fetch *fetch, const struct check *checks, size_t count,
				 struct arena *a)
{
	static const struct {
		const char *root;
		struct value *(*make)(const struct client_fetch *, struct arena *, struct buf *);
	} parts[] = {
		{ "usage", usage_value },        { "limits", limits_value },
		{ "clientFetch", client_value }, { "originFetches", origins_value },
		{ "logs", logs_value },
	};
	scoped(buf_fini) struct buf b = BUF_INIT(HEAD_BYTES_MAX);
	struct value *document = value_object(a);
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		if (is_asked_for(parts[i].root, checks, count))
			set(a, document, parts[i].root, parts[i].make(fetch, a, &b));
	}
	return document;
}

bool document_is_inside(const struct path *target)
{
	static const char *const fields[] = { "earlyHints", "handoff", "instanceRequests" };
	if (!str_eq(target->steps[0].name, STR("clientFetch")))
		return true;
	for (size_t i = 0; i < COUNT_OF(fields) && target->count > 1; i++) {
		if (str_eq(target->steps[1].name, str_from(fields[i])))
			return true;
	}
	return false;
}
