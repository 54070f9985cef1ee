/* SPDX-License-Identifier: Apache-2.0 */
#include <uv.h>

#include "http/h1_priv.h"

#include <string.h>

#include "base/check.h"

enum {
	STATUS_LINE_BYTES = 64,
	OWN_FIELDS_BYTES = 128,
	INTERIM_BYTES_MAX = 64 * 1024, /* kept for a client that does not read; more are dropped */
};

/* ---- pieces of a head ---- */

static char *put(char *at, struct str s)
{
	if (s.len)
		memcpy(at, s.ptr, s.len);
	return at + s.len;
}

static char *put_u64(char *at, uint64_t value)
{
	char digits[20];
	size_t n = sizeof digits;
	do {
		digits[--n] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	return put(at, (struct str){ digits + n, sizeof digits - n });
}

static char *put_status_line(char *at, enum http_version version, uint16_t status, struct str reason)
{
	at = put(at, version == HTTP_1_0 ? STR("HTTP/1.0 ") : STR("HTTP/1.1 "));
	at = put_u64(at, status);
	*at++ = ' ';
	at = put(at, reason.len && header_value_valid(reason) ? reason : http_reason(status));
	return put(at, STR("\r\n"));
}

/* Fields whose meaning is the server's to give: a name that is one of these does not go out as it is. */
static bool is_framing(struct str name)
{
	switch (name.len) {
	case 10:
		return str_eq_nocase(name, STR("connection"));
	case 14:
		return str_eq_nocase(name, STR("content-length"));
	case 17:
		return str_eq_nocase(name, STR("transfer-encoding"));
	default:
		return false;
	}
}

static bool field_valid(const struct header *f)
{
	return header_name_valid(f->name) && header_value_valid(f->value);
}

static char *put_field(char *at, const struct header *f)
{
	at = put(at, f->name);
	at = put(at, STR(": "));
	at = put(at, f->value);
	return put(at, STR("\r\n"));
}

static char *put_fields(char *at, const struct headers *h, bool *has_date)
{
	for (size_t i = 0; i < h->count; i++) {
		const struct header *f = &h->at[i];
		if (is_framing(f->name) || !field_valid(f))
			continue;
		if (f->name.len == 4 && str_eq_nocase(f->name, STR("date")))
			*has_date = true;
		at = put_field(at, f);
	}
	return at;
}

static char *put_date(struct http_server *s, char *at)
{
	at = put(at, STR("date: "));
	at = put(at, server_date(s));
	return put(at, STR("\r\n"));
}

/* ---- framing ---- */

static bool wished_length(struct h1_response *out, const struct http_response *r)
{
	struct str length = headers_get(&r->headers, STR("content-length"));
	if (!str_to_u64(str_trim(length), INT64_MAX, &out->left))
		return false;
	out->framing = H1_LENGTH;
	return true;
}

/* The handler's own wish. False: it has none that could be obeyed. */
static bool wished_framing(struct h1_response *out, const struct http_response *r, bool http_1_1)
{
	if (!http_1_1 || !headers_list_has(&r->headers, STR("transfer-encoding"), STR("chunked")))
		return wished_length(out, r);
	out->framing = H1_CHUNKED;
	return true;
}

static void choose_framing(struct h1_connection *c, const struct http_response *r, bool keep_framing)
{
	struct h1_response *out = &c->response;
	bool http_1_1 = c->x->super.request.version == HTTP_1_1;
	if (r->status == 204 || (c->x->connect && r->status < 300))
		out->framing = H1_NO_BODY;
	else if (c->x->head_only &&
		 (!r->body || (r->body->ended && body_final_length(r->body, &out->left) && out->left == 0)))
		out->framing =
			wished_length(out, r) ? H1_LENGTH : H1_NO_BODY; /* only an origin can know it */
	else if (keep_framing && wished_framing(out, r, http_1_1))
		return;
	else if (body_final_length(r->body, &out->left))
		out->framing = r->status == 304 ? H1_NO_BODY : H1_LENGTH;
	else
		out->framing = http_1_1 ? H1_CHUNKED : H1_UNTIL_CLOSE;
}

static char *put_framing(struct h1_connection *c, char *at)
{
	bool http_1_1 = c->x->super.request.version == HTTP_1_1;
	if (c->response.framing == H1_LENGTH) {
		at = put(at, STR("content-length: "));
		at = put_u64(at, c->response.left);
		at = put(at, STR("\r\n"));
	} else if (c->response.framing == H1_CHUNKED) {
		at = put(at, STR("transfer-encoding: chunked\r\n"));
	}
	if (!c->keep_alive && http_1_1)
		at = put(at, STR("connection: close\r\n"));
	else if (c->keep_alive && !http_1_1)
		at = put(at, STR("connection: keep-alive\r\n"));
	return at;
}

/* ---- responses ---- */

/* False: it is a 500 instead. */
static bool begin(struct h1_connection *c, const struct http_response *r, bool keep_framing)
{
	struct h1_response *out = &c->response;
	bool has_date = false;
	choose_framing(c, r, keep_framing);
	if (out->framing == H1_UNTIL_CLOSE || c->x->connect || c->super.server->stopped ||
	    headers_list_has(&r->headers, STR("connection"), STR("close")))
		c->keep_alive = false;
	size_t room = STATUS_LINE_BYTES + r->reason.len + headers_bytes(&r->headers) + OWN_FIELDS_BYTES;
	char *start = buf_room(&c->next, room), *at = start;
	if (!start) {
		/* A head that no client would take. What is in the buffer already is little, so this one
		 * fits. */
		c->next.full = false;
		begin(c, &(struct http_response){ .status = 500 }, false);
		return false;
	}
	at = put_status_line(at, c->x->super.request.version, r->status, r->reason);
	at = put_fields(at, &r->headers, &has_date);
	at = put_framing(c, at);
	if (!has_date)
		at = put_date(c->super.server, at);
	at = put(at, STR("\r\n"));
	CHECK((size_t)(at - start) <= room);
	buf_grew(&c->next, (size_t)(at - start));
	out->begun = true;
	return true;
}

void h1_begin_response(struct h1_connection *c, const struct http_response *r, bool keep_framing)
{
	struct body *body = r->body;
	struct http_response refused = { .status = 500 };
	/* A response that goes on streaming while the request's body is still held may well be made from it.
	 */
	if (c->wants_continue && !c->sent_continue && c->body && body && !body->ended)
		h1_send_continue(c);
	bool usable = r->status >= 200 && r->status <= 999;
	usable = begin(c, usable ? r : &refused, keep_framing) && usable;
	bool sent = usable && http_status_has_body(r->status) && !c->x->head_only &&
		    c->response.framing != H1_NO_BODY;
	if (body && !sent) {
		body_abandon(body);
		body_unref(&body);
	}
	c->response.body = body;
	if (!body && (c->x->head_only || !http_status_has_body(r->status)))
		c->response.left = 0; /* the length was only said */
}

void h1_begin_upgrade(struct h1_connection *c, const struct http_response *r)
{
	bool has_date = false;
	size_t room = STATUS_LINE_BYTES + r->reason.len + headers_bytes(&r->headers) + OWN_FIELDS_BYTES;
	char *start = buf_room(&c->next, room);
	CHECK(start); /* no client of ours takes in a head that would not fit */
	char *at = put_status_line(start, HTTP_1_1, 101, r->reason);
	at = put(at, STR("connection: upgrade\r\n"));
	at = put_fields(at, &r->headers, &has_date);
	at = put(at, STR("\r\n"));
	CHECK((size_t)(at - start) <= room);
	buf_grew(&c->next, (size_t)(at - start));
	c->response.begun = true;
	c->response.framing = H1_NO_BODY;
}

void h1_write_interim(struct h1_connection *c, uint16_t status, const struct headers *headers)
{
	static const struct headers none;
	bool has_date = false;
	headers = headers ? headers : &none;
	size_t room = STATUS_LINE_BYTES + headers_bytes(headers) + 2;
	if (c->next.len + room > INTERIM_BYTES_MAX)
		return;
	char *start = buf_room(&c->next, room);
	CHECK(start);
	char *at = put_status_line(start, HTTP_1_1, status, STR(""));
	at = put_fields(at, headers, &has_date);
	at = put(at, STR("\r\n"));
	CHECK((size_t)(at - start) <= room);
	buf_grew(&c->next, (size_t)(at - start));
}

void h1_send_continue(struct h1_connection *c)
{
	c->sent_continue = true;
	h1_write_interim(c, 100, NULL);
}

void h1_refuse(struct h1_connection *c, uint16_t status)
{
	char *start = buf_room(&c->next, STATUS_LINE_BYTES + OWN_FIELDS_BYTES);
	CHECK(start);
	c->keep_alive = false;
	char *at = put_status_line(start, HTTP_1_1, status, STR(""));
	at = put(at, STR("content-length: 0\r\nconnection: close\r\n"));
	at = put_date(c->super.server, at);
	at = put(at, STR("\r\n"));
	buf_grew(&c->next, (size_t)(at - start));
}
