/* SPDX-License-Identifier: Apache-2.0 */
#include "http/h1_client.h"

#include <string.h>

#include "base/buf.h"
#include "net/pipe.h"
#include "support/test.h"

/* A request on its way, and the origin's end of its connection. */
struct talk {
	struct clock *clock;
	struct loop loop;
	struct arena arena;
	struct http_request request;
	struct fetch *fetch;
	struct stream *origin;
	struct stream_reader reader;
	struct stream_write write;
	struct buf got;
	bool ended;
};

static void settle(struct talk *t)
{
	bool never = false;
	do
		loop_run(&t->loop, &never, clock_monotonic(t->clock));
	while (!list_empty(&t->loop.ready));
}

static void pass_ms(struct talk *t, uint64_t ms)
{
	bool never = false;
	uint64_t then = clock_monotonic(t->clock) + ms * NS_PER_MS;
	loop_run(&t->loop, &never, then);
	clock_jump(t->clock, then);
	settle(t);
}

static void origin_data(struct stream_reader *r, struct str bytes)
{
	buf_add(&container_of(r, struct talk, reader)->got, bytes);
}

static void origin_ended(struct stream_reader *r, enum stream_error why)
{
	(void)why;
	container_of(r, struct talk, reader)->ended = true;
}

static void origin_written(struct stream_write *w, enum stream_error error)
{
	(void)w, (void)error;
}

static void prepare(struct talk *t)
{
	*t = (struct talk){ .reader = { origin_data, origin_ended }, .write = { origin_written } };
	t->clock = clock_virtual_new(0);
	loop_init(&t->loop, t->clock);
	buf_init(&t->got, 4 << 20);
	t->request = (struct http_request){ .method = STR("GET"), .version = HTTP_1_1 };
	headers_add(&t->request.headers, &t->arena, STR("Host"), STR("a.example"));
	headers_add(&t->request.headers, &t->arena, STR("Connection"), STR("Upgrade"));
	headers_add(&t->request.headers, &t->arena, STR("Upgrade"), STR("x"));
}

static void start(struct talk *t, uint64_t first_byte_ms, uint64_t between_ms)
{
	struct stream *ours;
	const struct h1_client_times times = { first_byte_ms * NS_PER_MS, between_ms * NS_PER_MS };
	pipe_new(&t->loop, 0, &ours, &t->origin);
	stream_read_start(t->origin, &t->reader);
	t->fetch = fetch_new(&t->loop);
	h1_client_start(t->fetch, ours, &t->request, STR("/path?q"), &times);
	settle(t);
}

static void begin(struct talk *t)
{
	prepare(t);
	start(t, 0, 0);
}

static void say(struct talk *t, struct str bytes)
{
	assert_true(stream_write(t->origin, &bytes, 1, &t->write));
	settle(t);
}

static void hang_up(struct talk *t, bool reset)
{
	if (t->origin)
		stream_close(&t->origin, reset, NULL, NULL);
	settle(t);
}

static void end(struct talk *t)
{
	fetch_unref(&t->fetch);
	settle(t);
	hang_up(t, false);
	body_unref(&t->request.body);
	buf_fini(&t->got);
	arena_fini(&t->arena);
	loop_fini(&t->loop);
	clock_destroy(&t->clock);
}

/* What there is of the response's body, and how it stands. */
static enum body_state content(struct talk *t, struct buf *out)
{
	struct body *body = t->fetch->response.body;
	struct str bytes;
	enum body_state state;
	buf_init(out, 4 << 20);
	while ((state = body_peek(body, &bytes)) == BODY_DATA) {
		buf_add(out, bytes);
		body_consume(body, bytes.len);
	}
	return state;
}

static void expect_content(struct talk *t, const char *text, enum body_state state)
{
	scoped(buf_fini) struct buf got;
	assert_int_equal(content(t, &got), state);
	assert_str(buf_str(&got), text);
}

static void expect_error(struct talk *t, enum fetch_error error)
{
	assert_true(t->fetch->settled);
	assert_string_equal(fetch_error_name(t->fetch->error), fetch_error_name(error));
}

#define SWITCH "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"

TEST(a_101_hands_the_connection_on_with_what_came_behind)
{
	struct talk t;
	begin(&t);
	assert_str(buf_str(&t.got),
		   "GET /path?q HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
	say(&t, STR(SWITCH "and more"));
	expect_error(&t, FETCH_OK);
	assert_int_equal(t.fetch->response.status, 101);
	assert_str(headers_get(&t.fetch->response.headers, STR("upgrade")), "x");
	assert_non_null(t.fetch->upgraded);
	assert_str(t.fetch->upgraded_rest, "and more");
	struct str hello = STR("hello");
	buf_reset(&t.got);
	assert_true(stream_write(t.fetch->upgraded, &hello, 1, &t.write));
	settle(&t);
	assert_str(buf_str(&t.got), "hello");
	assert_false(t.ended);
	end(&t);
}

TEST(a_head_may_come_byte_by_byte_behind_other_1xx)
{
	struct talk t;
	begin(&t);
	static const char all[] = "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" SWITCH "!";
	for (size_t i = 0; i + 1 < sizeof all; i++)
		say(&t, (struct str){ all + i, 1 });
	assert_int_equal(t.fetch->response.status, 101);
	assert_false(headers_has(&t.fetch->response.headers, STR("link")));
	assert_str(t.fetch->upgraded_rest, "");
	end(&t);
}

TEST(another_answer_has_a_body_however_it_is_framed)
{
	static const struct {
		const char *bytes, *body;
		bool close;
		bool length_known; /* as soon as the head is there */
	} cases[] = {
		{ "HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\nnope", "nope", false, true },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nT: 1\r\n\r\n",
		  "abc", false, false },
		{ "HTTP/1.0 200 OK\r\n\r\nuntil the end", "until the end", true, false },
		{ "HTTP/1.1 204 No Content\r\n\r\n", "", false, true },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct talk t;
		begin(&t);
		size_t head = str_find(str_from(cases[i].bytes), STR("\r\n\r\n")) + 4;
		say(&t, (struct str){ cases[i].bytes, head });
		expect_error(&t, FETCH_OK);
		uint64_t length;
		assert_int_equal(body_final_length(t.fetch->response.body, &length), cases[i].length_known);
		if (cases[i].length_known)
			assert_int_equal(length, strlen(cases[i].body));
		if (cases[i].bytes[head])
			say(&t, str_from(cases[i].bytes + head));
		if (cases[i].close)
			hang_up(&t, false);
		expect_content(&t, cases[i].body, BODY_ENDED);
		if (i == 1)
			assert_str(headers_get(&t.fetch->response.body->trailers, STR("t")), "1");
		if (!cases[i].close)
			assert_true(t.ended); /* the connection is not kept */
		end(&t);
	}
}

TEST(what_breaks_the_head_is_told)
{
	static const struct {
		const char *bytes;
		enum fetch_error error;
	} cases[] = {
		{ "", FETCH_CONNECTION_TERMINATED },
		{ "HTTP/1.1 101 Sw", FETCH_CONNECTION_TERMINATED },
		{ "HTTP/1.1 101 Switching\r\nUpgrade: ", FETCH_HTTP_INCOMPLETE_RESPONSE },
		{ "SSH-2.0-OpenSSH\r\n", FETCH_HTTP_PROTOCOL_ERROR },
		{ "HTTP/1.1 abc\r\n\r\n", FETCH_HTTP_PROTOCOL_ERROR },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct talk t;
		begin(&t);
		if (*cases[i].bytes)
			say(&t, str_from(cases[i].bytes));
		if (!t.fetch->settled)
			hang_up(&t, false);
		expect_error(&t, cases[i].error);
		end(&t);
	}
}

TEST(a_head_that_never_ends_is_too_large)
{
	struct talk t;
	begin(&t);
	say(&t, STR("HTTP/1.1 101 Switching\r\nX: "));
	char many[4096];
	memset(many, 'x', sizeof many);
	for (int i = 0; i < 100 && !t.fetch->settled; i++)
		say(&t, (struct str){ many, sizeof many });
	expect_error(&t, FETCH_HTTP_RESPONSE_HEADER_SECTION_TOO_LARGE);
	end(&t);
}

TEST(a_body_that_breaks_fails)
{
	struct talk t;
	begin(&t);
	say(&t, STR("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
	hang_up(&t, false);
	expect_content(&t, "half", BODY_FAILED);
	assert_int_equal(body_why(t.fetch->response.body), BODY_FAILURE_INCOMPLETE);
	end(&t);
	begin(&t);
	say(&t, STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"));
	expect_content(&t, "", BODY_FAILED);
	assert_int_equal(body_why(t.fetch->response.body), BODY_FAILURE_PROTOCOL);
	end(&t);
}

TEST(time_outs_are_for_the_head_and_between_bytes)
{
	struct talk t;
	prepare(&t);
	start(&t, 100, 50);
	pass_ms(&t, 99);
	assert_false(t.fetch->settled);
	pass_ms(&t, 1);
	expect_error(&t, FETCH_HTTP_RESPONSE_TIMEOUT);
	end(&t);
	prepare(&t);
	start(&t, 100, 50);
	say(&t, STR("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
	pass_ms(&t, 49);
	say(&t, STR("er"));
	pass_ms(&t, 50);
	expect_content(&t, "halfer", BODY_FAILED);
	assert_int_equal(body_why(t.fetch->response.body), BODY_FAILURE_TIMEOUT);
	end(&t);
}

TEST(a_slow_reader_stops_the_origin)
{
	struct talk t;
	begin(&t);
	say(&t, STR("HTTP/1.1 200 OK\r\n\r\n"));
	char many[32 * 1024];
	memset(many, 'x', sizeof many);
	struct str bytes = { many, sizeof many };
	size_t sent = 0;
	while (sent < (8 << 20) && stream_write(t.origin, &bytes, 1, &t.write)) {
		sent += sizeof many;
		settle(&t);
	}
	assert_true(sent < (1 << 20));
	scoped(buf_fini) struct buf got;
	assert_int_equal(content(&t, &got), BODY_WAIT);
	settle(&t);
	stream_shutdown(t.origin);
	settle(&t);
	struct buf rest;
	while (content(&t, &rest) == BODY_WAIT) {
		got.len += rest.len;
		buf_fini(&rest);
		settle(&t);
	}
	assert_int_equal(got.len + rest.len, sent + sizeof many);
	buf_fini(&rest);
	end(&t);
}

TEST(a_body_goes_along_with_its_length_or_in_chunks)
{
	struct talk t;
	prepare(&t);
	t.request.method = STR("POST");
	t.request.body = body_new(&t.loop);
	body_write(t.request.body, STR("whole"));
	body_end(t.request.body);
	start(&t, 0, 0);
	assert_true(str_ends(buf_str(&t.got), STR("Content-Length: 5\r\n\r\nwhole")));
	end(&t);
	prepare(&t);
	t.request.method = STR("POST");
	t.request.body = body_new(&t.loop);
	t.request.body->streaming = true;
	start(&t, 0, 0);
	body_write(t.request.body, STR("abc"));
	settle(&t);
	body_trailer_add(t.request.body, STR("T"), STR("1"));
	body_end(t.request.body);
	settle(&t);
	assert_true(str_ends(buf_str(&t.got),
			     STR("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n")));
	end(&t);
	prepare(&t);
	t.request.method = STR("POST");
	start(&t, 0, 0);
	assert_true(str_ends(buf_str(&t.got), STR("Content-Length: 0\r\n\r\n")));
	end(&t);
}

TEST(nobody_switches_in_the_middle_of_a_request)
{
	struct talk t;
	prepare(&t);
	t.request.body = body_new(&t.loop);
	t.request.body->streaming = true;
	start(&t, 0, 0);
	say(&t, STR(SWITCH));
	expect_error(&t, FETCH_HTTP_UPGRADE_FAILED);
	end(&t);
}

TEST(who_asked_may_go_at_any_time)
{
	struct talk t;
	begin(&t);
	end(&t); /* before the head */
	begin(&t);
	say(&t, STR("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
	end(&t); /* within the body */
	begin(&t);
	say(&t, STR(SWITCH));
	end(&t); /* with a connection that nobody took */
}
