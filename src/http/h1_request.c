/* SPDX-License-Identifier: Apache-2.0 */
#include <uv.h>

#include "http/h1_priv.h"

#include <string.h>

#include "base/check.h"
#include "http/uri.h"

/* ---- llhttp's callbacks ---- */

static struct h1_connection *connection_of(llhttp_t *p)
{
	return p->data;
}

static int on_field(llhttp_t *p, const char *at, size_t len)
{
	struct h1_connection *c = connection_of(p);
	headers_add_borrowed(c->fields, c->fields_arena, (struct str){ at, len }, STR(""));
	return 0;
}

static int on_value(llhttp_t *p, const char *at, size_t len)
{
	struct headers *fields = connection_of(p)->fields;
	/* A section is parsed as one piece, so the value is one piece, too. */
	fields->at[fields->count - 1].value = str_trim((struct str){ at, len });
	return 0;
}

static int on_headers_complete(llhttp_t *p)
{
	(void)p;
	return HPE_PAUSED;
}

static int on_body(llhttp_t *p, const char *at, size_t len)
{
	struct h1_connection *c = connection_of(p);
	if (c->body)
		body_write(c->body, (struct str){ at, len });
	else
		c->dropped += len;
	return 0;
}

static int on_chunk_header(llhttp_t *p)
{
	struct h1_connection *c = connection_of(p);
	h1_section_reset(&c->section, false);
	c->chunk_left = p->content_length;
	if (c->chunk_left > 0) {
		c->chunk = H1_CHUNK_DATA;
		return 0;
	}
	c->input = H1_TRAILERS;
	return HPE_PAUSED;
}

static int on_message_complete(llhttp_t *p)
{
	struct h1_connection *c = connection_of(p);
	struct body *body = take(c->body);
	c->input = H1_READ;
	if (body)
		body_end(body);
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_header_field = on_field,
	.on_header_value = on_value,
	.on_headers_complete = on_headers_complete,
	.on_body = on_body,
	.on_chunk_header = on_chunk_header,
	.on_message_complete = on_message_complete,
};

void h1_parser_init(struct h1_connection *c)
{
	llhttp_init(&c->parser, HTTP_REQUEST, &settings);
	c->parser.data = c;
	/* A Content-Length beside chunked does not count; a Transfer-Encoding without chunked is refused
	 * below. */
	llhttp_set_lenient_chunked_length(&c->parser, 1);
}

/* ---- the head ---- */

/*
 * METHOD SP TARGET SP VERSION. llhttp has a list of methods; clients may use any token. So this line is read
 * here, and llhttp gets one that it knows, of the same version.
 */
static bool read_request_line(struct http_request *r, struct str *target, struct str line)
{
	size_t space = str_find_char(line, ' ');
	r->method = str_sub(line, 0, space);
	if (space == STR_NONE || !header_name_valid(r->method))
		return false;
	line = str_sub(line, space + 1, line.len);
	space = str_find_char(line, ' ');
	*target = str_sub(line, 0, space);
	if (space == STR_NONE || target->len == 0)
		return false;
	line = str_sub(line, space + 1, line.len);
	if (!str_eq(line, STR("HTTP/1.1")) && !str_eq(line, STR("HTTP/1.0")))
		return false;
	r->version = line.ptr[7] == '1' ? HTTP_1_1 : HTTP_1_0;
	return true;
}

static bool fields_valid(const struct headers *h)
{
	for (size_t i = 0; i < h->count; i++) {
		if (!header_name_valid(h->at[i].name) || !header_value_valid(h->at[i].value))
			return false;
	}
	return true;
}

/* The authority of the request's URI; ptr NULL when the request must not be answered. */
static struct str choose_authority(struct h1_connection *c, struct server_exchange *x,
				   const struct uri *target)
{
	const struct headers *h = &x->super.request.headers;
	static const struct str name = STR_INIT("host"), none = { NULL, 0 };
	size_t from = 0;
	const struct header *host = headers_next(h, name, &from);
	if (host)
		return headers_next(h, name, &from) || !uri_authority_valid(host->value) ? none : host->value;
	if (target->authority.len)
		return target->authority;
	return x->super.request.version == HTTP_1_0 ? server_own_authority(&c->super, &x->arena) : none;
}

static struct str concat(struct arena *a, const struct str *parts, size_t count)
{
	size_t len = 0;
	for (size_t i = 0; i < count; i++)
		len += parts[i].len;
	char *out = arena_alloc(a, len + 1), *at = out;
	for (size_t i = 0; i < count; i++) {
		memcpy(at, parts[i].ptr ? parts[i].ptr : "", parts[i].len);
		at += parts[i].len;
	}
	*at = '\0';
	return (struct str){ out, len };
}

static int make_uri(struct h1_connection *c, struct server_exchange *x, struct str target)
{
	struct uri u;
	struct error ignored;
	if (target.len > URI_BYTES_MAX)
		return 414;
	if (!uri_parse(&u, target, &ignored))
		return 400;
	if (u.scheme.len == 0 && u.authority.len && !x->connect)
		return 400;
	struct str authority = choose_authority(c, x, &u);
	if (!authority.ptr)
		return 400; /* RFC 9112, 3.2 */
	struct str path = uri_path_and_query(target);
	if (str_eq(path, STR("*")))
		path.len = 0; /* the server as a whole: RFC 9110, 7.1 */
	bool needs_slash = path.len && *path.ptr != '/';
	x->super.request.uri =
		concat(&x->arena,
		       (struct str[]){ u.scheme.len      ? u.scheme
				       : c->super.secure ? STR("https")
							 : STR("http"),
				       STR("://"), authority, needs_slash ? STR("/") : STR(""), path },
		       5);
	return 0;
}

static void begin_body(struct h1_connection *c, struct http_request *r, bool chunked)
{
	c->input = H1_READ;
	if (!chunked && c->section.length == 0)
		return;
	c->input = H1_BODY;
	r->body = c->body = body_new(c->super.loop);
	body_set_source(c->body, &c->source);
	c->chunk = chunked ? H1_CHUNK_LINE : H1_CHUNK_DATA;
	c->chunk_left = c->section.length;
	if (!chunked)
		c->body->expected = c->section.length;
	/* What came in chunks goes on in chunks, also when all of it is there before somebody looks. */
	c->body->length_untold = chunked;
	h1_section_reset(&c->section, false);
	c->wants_continue = r->version == HTTP_1_1 &&
			    str_eq_nocase(headers_get(&r->headers, STR("expect")), STR("100-continue"));
	llhttp_resume(&c->parser);
}

/* What the fields say about framing and the connection. */
static int read_fields(struct h1_connection *c, struct http_request *r)
{
	bool coded = c->parser.flags & F_TRANSFER_ENCODING, chunked = c->parser.flags & F_CHUNKED;
	if (!fields_valid(&r->headers) || (coded && (!chunked || r->version == HTTP_1_0)))
		return 400;
	if (coded)
		headers_remove(&r->headers, STR("content-length"));
	if (coded || !c->section.has_length)
		c->section.length = 0;
	c->keep_alive = llhttp_should_keep_alive(&c->parser) && !c->super.server->stopped;
	return 0;
}

static int parse_head(struct h1_connection *c, struct server_exchange *x)
{
	static const struct str first_lines[] = { STR_INIT("POST / HTTP/1.0\r\n"),
						  STR_INIT("POST / HTTP/1.1\r\n") };
	struct http_request *r = &x->super.request;
	struct str text = concat(&x->arena, (struct str[]){ buf_str(&c->section.text), STR("\r\n") }, 2);
	struct str line = str_sub(text, 0, str_find_char(text, '\r')), target;
	if (!read_request_line(r, &target, line))
		return 400;
	struct str first = first_lines[r->version == HTTP_1_1], rest = str_sub(text, line.len + 2, text.len);
	c->fields = &r->headers;
	c->fields_arena = &x->arena;
	llhttp_reset(&c->parser);
	if (llhttp_execute(&c->parser, first.ptr, first.len) != HPE_OK ||
	    llhttp_execute(&c->parser, rest.ptr, rest.len) != HPE_PAUSED)
		return 400;
	int status = read_fields(c, r);
	if (status == 0) {
		x->head_only = str_eq(r->method, STR("HEAD"));
		x->connect = str_eq(r->method, STR("CONNECT"));
		status = make_uri(c, x, target);
	}
	return status;
}

int h1_read_head(struct h1_connection *c)
{
	struct server_exchange *x = server_exchange_new(&c->super, c);
	int status = parse_head(c, x);
	if (status != 0) {
		server_exchange_free(x);
		return status;
	}
	begin_body(c, &x->super.request, c->parser.flags & F_CHUNKED);
	c->x = x;
	return 0;
}

/* ---- the body ---- */

/* Feeds llhttp; false when it does not like it. */
static bool feed(struct h1_connection *c, struct str bytes)
{
	llhttp_errno_t result = llhttp_execute(&c->parser, bytes.ptr, bytes.len);
	return result == HPE_OK ||
	       result == HPE_PAUSED; /* where it pauses, nothing follows in what it was given */
}

/* The line with a chunk's size, or the empty one behind its bytes. */
static bool read_chunk_line(struct h1_connection *c, struct str *in)
{
	bool empty_wanted = c->chunk == H1_CHUNK_END;
	switch (h1_section_feed_line(&c->section, in)) {
	case H1_SECTION_MORE:
		return true;
	case H1_SECTION_DONE:
		break;
	default:
		return false;
	}
	struct str line = str_sub(buf_str(&c->section.text), 0, c->section.text.len - 2);
	if (empty_wanted != (line.len == 0))
		return false;
	c->chunk = H1_CHUNK_LINE;
	/* Extensions mean nothing to us, and versions of llhttp differ in what they take for one. */
	line = str_sub(line, 0, str_find_char(line, ';'));
	while (line.len && (line.ptr[line.len - 1] == ' ' || line.ptr[line.len - 1] == '\t'))
		line.len--;
	bool good = feed(c, line) && feed(c, STR("\r\n"));
	buf_reset(&c->section.text);
	return good;
}

bool h1_read_body(struct h1_connection *c, struct str *in)
{
	uint64_t left = c->chunk_left;
	switch (c->chunk) {
	case H1_CHUNK_LINE:
	case H1_CHUNK_END:
		return read_chunk_line(c, in);
	case H1_CHUNK_DATA:
		break;
	}
	struct str bytes = str_sub(*in, 0, left < in->len ? (size_t)left : in->len);
	*in = str_sub(*in, bytes.len, in->len);
	c->chunk_left -= bytes.len;
	if (c->chunk_left == 0)
		c->chunk = H1_CHUNK_END;
	return feed(c, bytes);
}

bool h1_read_trailers(struct h1_connection *c)
{
	struct headers nobodys = { 0 };
	struct arena scratch;
	arena_init(&scratch);
	c->fields = c->body ? &c->body->trailers : &nobodys;
	c->fields_arena = c->body ? &c->body->trailer_memory : &scratch;
	struct str text =
		concat(c->fields_arena, (struct str[]){ buf_str(&c->section.text), STR("\r\n") }, 2);
	llhttp_resume(&c->parser);
	/* The fields are checked when llhttp has seen them all, just before it ends the body. */
	bool good = llhttp_execute(&c->parser, text.ptr, text.len - 2) == HPE_OK && fields_valid(c->fields) &&
		    llhttp_execute(&c->parser, text.ptr + text.len - 2, 2) == HPE_PAUSED &&
		    c->input == H1_READ;
	arena_fini(&scratch);
	if (!good && c->body)
		c->body->trailers.count = 0;
	return good;
}
