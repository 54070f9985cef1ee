/* SPDX-License-Identifier: Apache-2.0 */
/* How a response goes out: its head, its framing, its body, and that no handler can break the message. */
#include "server_fixture.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

/* Asks once; the test answers f->handled[0].x. */
static struct exchange *asked(struct fixture *f, const char *request)
{
	set_up(f, handle_later);
	say_text(f, request);
	assert_int_equal(f->exchanges, 1);
	return f->handled[0].x;
}

static void respond(struct fixture *f, const struct http_response *r, bool keep_framing)
{
	exchange_respond(f->handled[0].x, r, keep_framing);
	settle(f);
}

static struct body *body_of(struct fixture *f, const char *text)
{
	struct body *b = body_new(&f->loop);
	body_write(b, str_from(text));
	body_end(b);
	return b;
}

static struct body *open_body(struct fixture *f)
{
	struct body *b = body_new(&f->loop);
	b->streaming = true;
	return b;
}

/* ---- heads ---- */

TEST(fields_go_out_in_order_and_case_with_a_length_and_a_date)
{
	struct fixture f;
	struct exchange *x = asked(&f, GET);
	struct http_response r = { .status = 200, .body = body_of(&f, "hello") };
	headers_add(&r.headers, x->arena, STR("X-B"), STR("2"));
	headers_add(&r.headers, x->arena, STR("x-a"), STR(""));
	headers_add(&r.headers, x->arena, STR("X-B"), STR("1"));
	respond(&f, &r, false);
	expect_got(&f,
		   "HTTP/1.1 200 OK\r\nX-B: 2\r\nx-a: \r\nX-B: 1\r\ncontent-length: 5\r\n" DATE "\r\nhello");
	tear_down(&f);
}

TEST(reasons_are_the_handlers_or_the_usual_ones)
{
	static const struct {
		uint16_t status;
		const char *reason, *line;
	} cases[] = {
		{ 404, "", "HTTP/1.1 404 Not Found\r\n" },
		{ 404, "Gone Fishing", "HTTP/1.1 404 Gone Fishing\r\n" },
		{ 404, "Gone\r\nX: y", "HTTP/1.1 404 Not Found\r\n" },
		{ 799, "", "HTTP/1.1 799 \r\n" },
		{ 999, "", "HTTP/1.1 999 \r\n" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fixture f;
		asked(&f, GET);
		respond(&f,
			&(struct http_response){ .status = cases[i].status,
						 .reason = str_from(cases[i].reason) },
			false);
		assert_true(str_starts(buf_str(&f.client.got), str_from(cases[i].line)));
		tear_down(&f);
	}
}

TEST(a_handler_cannot_inject_fields_or_framing)
{
	static const char *const fields[][2] = {
		{ "X", "a\r\nSet-Cookie: b" },
		{ "X\r\nSet-Cookie", "b" },
		{ "X Y", "b" },
		{ "", "b" },
		{ "X:", "b" },
		{ "X", "a\nb" },
		{ "X", "a\rb" },
		{ "X", "\x01" },
		{ "Content-Length", "3" },
		{ "content-length", "999" },
		{ "Transfer-Encoding", "chunked" },
		{ "transfer-encoding", "gzip" },
		{ "Connection", "keep-alive" },
	};
	struct fixture f;
	struct exchange *x = asked(&f, GET);
	struct http_response r = { .status = 200, .body = body_of(&f, "hello") };
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		headers_add(&r.headers, x->arena, str_from(fields[i][0]), str_from(fields[i][1]));
	headers_add(&r.headers, x->arena, STR("X"), (struct str){ "a\0b", 3 });
	respond(&f, &r, false);
	expect_got(&f, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n" DATE "\r\nhello");
	tear_down(&f);
}

TEST(a_status_that_ends_no_request_becomes_500)
{
	static const uint16_t statuses[] = { 0, 99, 100, 101, 103, 199, 1000, 65535 };
	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		struct fixture f;
		asked(&f, GET);
		struct body *body = body_of(&f, "hello");
		struct body *kept = body_ref(body);
		respond(&f, &(struct http_response){ .status = statuses[i], .body = body }, false);
		expect_got(&f, "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n" DATE "\r\n");
		assert_true(body_abandoned(kept));
		body_unref(&kept);
		tear_down(&f);
	}
}

TEST(a_head_beyond_all_bounds_becomes_500)
{
	struct fixture f;
	struct exchange *x = asked(&f, GET);
	struct http_response r = { .status = 200 };
	char *value = mem_zalloc(100 * 1024);
	memset(value, 'v', 100 * 1024);
	for (int i = 0; i < 50; i++)
		headers_add_borrowed(&r.headers, x->arena, STR("X"), (struct str){ value, 100 * 1024 });
	respond(&f, &r, false);
	expect_got(&f, "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n" DATE "\r\n");
	mem_free(value);
	tear_down(&f);
}

TEST(the_date_is_the_clocks_and_the_handlers_goes_before)
{
	struct fixture f;
	asked(&f, GET);
	clock_virtual_set_wall(f.clock, 784111777 * NS_PER_S + 1);
	respond(&f, &(struct http_response){ .status = 204 }, false);
	expect_got(&f, "HTTP/1.1 204 No Content\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
	clock_virtual_set_wall(f.clock, 4107542400 * NS_PER_S);
	say_text(&f, GET);
	exchange_respond(f.handled[1].x, &(struct http_response){ .status = 204 }, false);
	settle(&f);
	expect_got(&f, "HTTP/1.1 204 No Content\r\ndate: Mon, 01 Mar 2100 00:00:00 GMT\r\n\r\n");
	say_text(&f, GET);
	struct http_response r = { .status = 204 };
	headers_add(&r.headers, f.handled[2].x->arena, STR("Date"), STR("today"));
	exchange_respond(f.handled[2].x, &r, false);
	settle(&f);
	expect_got(&f, "HTTP/1.1 204 No Content\r\nDate: today\r\n\r\n");
	tear_down(&f);
}

/* ---- bodies ---- */

TEST(a_body_that_is_still_written_goes_out_in_chunks)
{
	struct fixture f;
	asked(&f, GET);
	struct body *body = open_body(&f);
	respond(&f, &(struct http_response){ .status = 200, .body = body_ref(body) }, false);
	expect_got(&f, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n" DATE "\r\n");
	body_write(body, STR("hello"));
	settle(&f);
	expect_got(&f, "5\r\nhello\r\n");
	body_write(body, STR("0123456789"));
	body_write(body, STR("abcdef"));
	body_trailer_add(body, STR("X-T"), STR("1"));
	body_trailer_add(body, STR("Bad Name"), STR("1"));
	body_trailer_add(body, STR("X-U"), STR("1\r\n2"));
	body_end(body);
	settle(&f);
	expect_got(&f, "10\r\n0123456789abcdef\r\n0\r\nX-T: 1\r\n\r\n");
	body_unref(&body);
	tear_down(&f);
}

TEST(pieces_go_out_as_one_chunk_and_appended_bodies_with_them)
{
	struct fixture f;
	asked(&f, GET);
	struct body *body = open_body(&f), *inner = open_body(&f);
	body_write(body, STR("a"));
	body_write(inner, STR("b"));
	body_append(body, body_ref(inner));
	body_write(body, STR("d"));
	body_end(body);
	respond(&f, &(struct http_response){ .status = 200, .body = body }, false);
	expect_got(&f, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n" DATE "\r\n2\r\nab\r\n");
	body_write(inner, STR("c"));
	body_end(inner);
	settle(&f);
	expect_got(&f, "2\r\ncd\r\n0\r\n\r\n");
	body_unref(&inner);
	tear_down(&f);
}

TEST(an_older_client_gets_a_body_without_length_up_to_the_end)
{
	struct fixture f;
	asked(&f, "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
	struct body *body = open_body(&f);
	respond(&f, &(struct http_response){ .status = 200, .body = body_ref(body) }, false);
	body_write(body, STR("hello"));
	settle(&f);
	expect_got(&f, "HTTP/1.0 200 OK\r\n" DATE "\r\nhello");
	body_end(body);
	settle(&f);
	assert_true(f.client.ended);
	assert_int_equal(f.client.how, STREAM_OK);
	body_unref(&body);
	tear_down(&f);
}

TEST(a_body_that_fails_cuts_the_connection)
{
	static const struct {
		const char *request;
		enum stream_error how;
	} cases[] = { { GET, STREAM_OK }, { "GET / HTTP/1.0\r\nHost: a\r\n\r\n", STREAM_RESET } };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fixture f;
		asked(&f, cases[i].request);
		struct body *body = open_body(&f);
		respond(&f, &(struct http_response){ .status = 200, .body = body_ref(body) }, false);
		body_write(body, STR("hello"));
		settle(&f);
		body_fail(body, BODY_FAILURE_ABANDONED);
		settle(&f);
		assert_true(f.client.ended);
		assert_int_equal(f.client.how,
				 cases[i].how); /* without length or chunks only a reset can tell */
		assert_int_equal(str_find(buf_str(&f.client.got), STR("\r\n0\r\n")), STR_NONE);
		assert_true(f.handled[0].x->gone);
		body_unref(&body);
		tear_down(&f);
	}
}

TEST(a_promised_length_that_is_not_kept_cuts_the_connection)
{
	struct fixture f;
	asked(&f, GET);
	struct body *body = open_body(&f);
	body->expected = 10;
	respond(&f, &(struct http_response){ .status = 200, .body = body_ref(body) }, false);
	body_write(body, STR("hello"));
	body_end(body);
	settle(&f);
	expect_got(&f, "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n" DATE "\r\nhello");
	assert_true(f.client.ended);
	body_unref(&body);
	tear_down(&f);
}

TEST(what_has_no_body_sends_none)
{
	static const struct {
		const char *request;
		uint16_t status;
		const char *answer;
	} cases[] = {
		{ "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 200,
		  "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n" DATE "\r\n" },
		{ GET, 204, "HTTP/1.1 204 No Content\r\n" DATE "\r\n" },
		{ GET, 304, "HTTP/1.1 304 Not Modified\r\n" DATE "\r\n" },
		{ "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 200,
		  "HTTP/1.1 200 OK\r\nconnection: close\r\n" DATE "\r\n" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fixture f;
		asked(&f, cases[i].request);
		respond(&f,
			&(struct http_response){ .status = cases[i].status, .body = body_of(&f, "hello") },
			false);
		expect_got(&f, cases[i].answer);
		tear_down(&f);
	}
}

TEST(a_head_response_without_a_body_says_the_length_it_was_given)
{
	struct fixture f;
	struct exchange *x = asked(&f, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
	struct http_response r = { .status = 200, .body = body_of(&f, "") };
	headers_add(&r.headers, x->arena, STR("Content-Length"), STR("123"));
	respond(&f, &r, false);
	expect_got(&f, "HTTP/1.1 200 OK\r\ncontent-length: 123\r\n" DATE "\r\n");
	say_text(&f, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"); /* and the connection is still good */
	exchange_respond(f.handled[1].x, &(struct http_response){ .status = 200 }, false);
	settle(&f);
	expect_got(&f, "HTTP/1.1 200 OK\r\n" DATE "\r\n");
	tear_down(&f);
}

TEST(big_bodies_arrive_whole_however_the_client_reads)
{
	static const size_t rooms[] = { 100, 5000, 1000 * 1000 };
	enum { BYTES = 300 * 1000 };
	char *bytes = mem_alloc(BYTES);
	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	for (size_t i = 0; i < 2 * COUNT_OF(rooms); i++) {
		struct fixture f = { .options = http_server_defaults };
		set_up_with(&f, handle_later, NULL);
		disconnect_client(&f);
		connect_client(&f, NULL, rooms[i / 2]);
		say_text(&f, GET);
		struct body *body = body_new(&f.loop);
		body->streaming = i % 2;
		size_t step = 1;
		for (size_t at = 0; at < BYTES;
		     at += step, step = step * 2 % 40009) /* small pieces and big ones */
			body_write(body, str_sub((struct str){ bytes, BYTES }, at, step));
		if (i % 2 == 0)
			body_end(body);
		respond(&f, &(struct http_response){ .status = 200, .body = body_ref(body) }, false);
		if (i % 2 == 1)
			body_end(body);
		settle(&f);
		body_unref(&body);
		assert_true(f.client.got.len > BYTES);
		if (i % 2 == 0)
			assert_memory_equal(f.client.got.ptr + f.client.got.len - BYTES, bytes, BYTES);
		say_text(&f, GET);
		assert_int_equal(f.exchanges, 2); /* it ended properly */
		tear_down(&f);
	}
	mem_free(bytes);
}

TEST(a_client_that_does_not_read_holds_the_writer_back)
{
	struct fixture f = { .options = http_server_defaults };
	set_up_with(&f, handle_later, NULL);
	say_text(&f, GET);
	stream_read_stop(f.client.stream);
	struct body *body = open_body(&f);
	respond(&f, &(struct http_response){ .status = 200, .body = body_ref(body) }, false);
	static const char bytes[10000];
	size_t written = 0;
	for (; body_has_room(body); written += sizeof bytes) {
		assert_true(written < 4 * BODY_ROOM_BYTES);
		body_write(body, (struct str){ bytes, sizeof bytes });
		settle(&f);
	}
	stream_read_start(f.client.stream, &f.client.reader);
	settle(&f);
	assert_true(body_has_room(body));
	assert_true(f.client.got.len > written);
	body_end(body);
	body_unref(&body);
	tear_down(&f);
}

/* ---- framing as the handler wants it ---- */

TEST(wanted_framing_is_kept_where_it_can_be)
{
	static const struct {
		const char *name, *value, *body, *answer;
		bool closed;
	} cases[] = {
		{ "Content-Length", "5", "hello", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n" DATE "\r\nhello",
		  false },
		{ "Content-Length", "3", "hello", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n" DATE "\r\nhel",
		  false },
		{ "Content-Length", "9", "hello", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n" DATE "\r\nhello",
		  true },
		{ "Content-Length", "0", "hello", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n" DATE "\r\n",
		  false },
		{ "Content-Length", "x", "hello", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n" DATE "\r\nhello",
		  false },
		{ "Content-Length", "9", NULL, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n" DATE "\r\n", true },
		{ "Transfer-Encoding", "chunked", "hello",
		  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n" DATE "\r\n5\r\nhello\r\n0\r\n\r\n",
		  false },
		{ "Transfer-Encoding", "chunked", "",
		  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n" DATE "\r\n0\r\n\r\n", false },
		{ "Transfer-Encoding", "gzip", "hello",
		  "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n" DATE "\r\nhello", false },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fixture f;
		struct exchange *x = asked(&f, GET);
		struct http_response r = { .status = 200,
					   .body = cases[i].body ? body_of(&f, cases[i].body) : NULL };
		headers_add(&r.headers, x->arena, str_from(cases[i].name), str_from(cases[i].value));
		respond(&f, &r, true);
		expect_got(&f, cases[i].answer);
		assert_int_equal(f.client.ended, cases[i].closed);
		if (!cases[i].closed) {
			say_text(&f, GET);
			assert_int_equal(f.exchanges, 2);
		}
		tear_down(&f);
	}
}

TEST(a_body_that_goes_on_beyond_its_length_is_cut_off_there)
{
	struct fixture f;
	struct exchange *x = asked(&f, GET);
	struct body *body = open_body(&f);
	struct http_response r = { .status = 200, .body = body_ref(body) };
	headers_add(&r.headers, x->arena, STR("Content-Length"), STR("5"));
	respond(&f, &r, true);
	body_write(body, STR("hello"));
	settle(&f);
	body_write(body, STR(" world"));
	settle(&f);
	assert_true(body_abandoned(body));
	expect_got(&f, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n" DATE "\r\nhello");
	body_unref(&body);
	tear_down(&f);
}

/* A producer that has nothing more to say may yet have to do something after its last byte. */
struct producer {
	struct body_source source;
	bool cancelled;
};

static void ignore_resume(struct body_source *s)
{
	(void)s;
}

static void note_cancel(struct body_source *s)
{
	container_of(s, struct producer, source)->cancelled = true;
}

TEST(a_producer_that_kept_its_promise_may_end_by_itself)
{
	struct fixture f;
	struct producer p = { .source = { ignore_resume, note_cancel } };
	asked(&f, GET);
	struct body *body = body_new(&f.loop);
	body_set_source(body, &p.source);
	body->expected = 5;
	respond(&f, &(struct http_response){ .status = 200, .body = body_ref(body) }, false);
	body_write(body, STR("hello"));
	settle(&f);
	expect_got(&f, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n" DATE "\r\nhello");
	assert_false(p.cancelled);
	body_end(body);
	settle(&f);
	body_unref(&body);
	assert_false(p.cancelled);
	say_text(&f, GET);
	assert_int_equal(f.exchanges, 2);
	tear_down(&f);
}

/* ---- interim responses ---- */

TEST(interim_responses_go_before_the_final_one)
{
	struct fixture f;
	struct exchange *x = asked(&f, GET);
	struct headers h = { 0 };
	headers_add(&h, x->arena, STR("Link"), STR("</x>"));
	headers_add(&h, x->arena, STR("Bad Name"), STR("x"));
	exchange_inform(x, 103, &h);
	exchange_inform(x, 102, NULL);
	exchange_inform(x, 101, NULL); /* would end HTTP on this connection */
	exchange_inform(x, 200, NULL);
	settle(&f);
	expect_got(&f, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n");
	respond(&f, &(struct http_response){ .status = 204 }, false);
	exchange_inform(x, 103, &h);
	settle(&f);
	expect_got(&f, "HTTP/1.1 204 No Content\r\n" DATE "\r\n");
	tear_down(&f);
}

TEST(an_older_client_gets_no_interim_response)
{
	struct fixture f;
	exchange_inform(asked(&f, "GET / HTTP/1.0\r\nHost: a\r\n\r\n"), 103, NULL);
	settle(&f);
	expect_got(&f, "");
	tear_down(&f);
}

TEST(interim_responses_do_not_pile_up_for_a_client_that_does_not_read)
{
	struct fixture f;
	struct exchange *x = asked(&f, GET);
	stream_read_stop(f.client.stream);
	for (int i = 0; i < 100000; i++)
		exchange_inform(x, 103, NULL);
	settle(&f);
	respond(&f, &(struct http_response){ .status = 204 }, false);
	stream_read_start(f.client.stream, &f.client.reader);
	settle(&f);
	assert_true(f.client.got.len < 1024 * 1024);
	assert_true(str_ends(buf_str(&f.client.got), STR("HTTP/1.1 204 No Content\r\n" DATE "\r\n")));
	tear_down(&f);
}

/* ---- in one write ---- */

/* Counts what passes to the stream below. */
struct counter {
	struct stream super;
	struct stream *below;
	struct stream_reader reader;
	struct stream_write write;
	unsigned writes;
	stream_closed_fn *closed;
	void *closed_data;
};

static void counter_data(struct stream_reader *r, struct str bytes)
{
	stream_tell_data(&container_of(r, struct counter, reader)->super, bytes);
}

static void counter_ended(struct stream_reader *r, enum stream_error why)
{
	stream_tell_ended(&container_of(r, struct counter, reader)->super, why);
}

static void counter_written(struct stream_write *w, enum stream_error error)
{
	stream_tell_written(&container_of(w, struct counter, write)->super, error);
}

static void counter_read_start(struct stream *s)
{
	stream_read_start(((struct counter *)s)->below, &((struct counter *)s)->reader);
}

static void counter_read_stop(struct stream *s)
{
	stream_read_stop(((struct counter *)s)->below);
}

static bool counter_lacks(const struct stream *s, uint64_t wanted)
{
	return stream_lacks(((const struct counter *)s)->below, wanted);
}

static bool counter_write(struct stream *s, const struct str *parts, size_t count)
{
	struct counter *self = (struct counter *)s;
	self->writes++;
	return stream_write(self->below, parts, count, &self->write);
}

static size_t counter_unwritten(const struct stream *s)
{
	return stream_unwritten(((const struct counter *)s)->below);
}

static void counter_shutdown(struct stream *s)
{
	stream_shutdown(((struct counter *)s)->below);
}

static void counter_close(struct stream *s, bool reset, stream_closed_fn *closed, void *data)
{
	stream_close(&((struct counter *)s)->below, reset, closed, data);
}

static void counter_addresses(const struct stream *s, struct net_address *local, struct net_address *peer)
{
	stream_addresses(((const struct counter *)s)->below, local, peer);
}

static const struct stream_ops counter_ops = {
	.name = "counter",
	.read_start = counter_read_start,
	.read_stop = counter_read_stop,
	.lacks = counter_lacks,
	.write = counter_write,
	.unwritten = counter_unwritten,
	.shutdown = counter_shutdown,
	.close = counter_close,
	.addresses = counter_addresses,
};

TEST(a_small_response_is_one_write)
{
	struct fixture f;
	struct counter counter = { .super.ops = &counter_ops,
				   .reader = { counter_data, counter_ended },
				   .write = { counter_written } };
	set_up(&f, handle_dump);
	disconnect_client(&f);
	f.client = (struct client){ .reader = { client_data, client_ended }, .write.done = client_written };
	buf_init(&f.client.got, 1024 * 1024);
	pipe_new(&f.loop, 0, &f.client.stream, &counter.below);
	stream_read_start(f.client.stream, &f.client.reader);
	http_server_attach(f.server, &counter.super);
	say_text(&f, GET);
	assert_int_equal(counter.writes, 1);
	say_text(&f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
	assert_int_equal(counter.writes, 2);
	tear_down(&f);
}
