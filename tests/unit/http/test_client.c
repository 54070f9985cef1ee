/* SPDX-License-Identifier: Apache-2.0 */
#include <uv.h>

#include "support/test.h"

#include "base/buf.h"
#include "http/client.h"
#include "http/server.h"
#include "raw_origin.h"

enum { GIVE_UP_S = 10 };

/* ---- a loop, a client, an origin, and one fetch at a time ---- */

struct fixture {
	struct clock *clock;
	struct loop loop;
	struct http_client *client;
	struct raw_origin origin;
	bool has_origin;
	struct http_target target;
	struct arena arena;
	struct fetch *fetch;
	struct watcher watcher;
	struct body *body;
	struct buf read; /* what came of the body */
	enum body_state state;
	size_t read_max; /* per turn; 0: all there is */
	bool done;
};

static void set_up(struct fixture *f, const struct origin_step *steps)
{
	struct error e;
	*f = (struct fixture){ .clock = clock_system_new() };
	loop_init(&f->loop, f->clock);
	f->client = http_client_curl_new(&f->loop, NULL, &e);
	assert_non_null(f->client);
	buf_init(&f->read, 64 * 1024 * 1024);
	f->target = (struct http_target){
		.scheme = STR("http"), .host = STR("127.0.0.1"), .tls_min = TLS_ANY, .tls_max = TLS_ANY
	};
	if (steps) {
		f->has_origin = true;
		f->target.port = origin_start(&f->origin, &f->loop, steps);
	}
}

static void tear_down(struct fixture *f)
{
	watcher_stop(&f->watcher);
	body_unref(&f->body);
	fetch_unref(&f->fetch);
	if (f->has_origin)
		origin_stop(&f->origin);
	http_client_destroy(&f->client);
	bool never = false;
	while (loop_run(&f->loop, &never, clock_monotonic(f->clock)) == LOOP_LATE &&
	       !list_empty(&f->loop.ready))
		;
	loop_fini(&f->loop);
	clock_destroy(&f->clock);
	buf_fini(&f->read);
	arena_fini(&f->arena);
}

static void run(struct fixture *f)
{
	f->done = false;
	if (loop_run(&f->loop, &f->done, clock_monotonic(f->clock) + GIVE_UP_S * NS_PER_S) != LOOP_DONE)
		fail_msg("nothing happened in %d s", GIVE_UP_S);
}

/* Lets time pass until it is so. */
#define WAIT_UNTIL(f, condition)                                      \
	for (int turn_ = 0; !(condition); turn_++) {                  \
		if (turn_ == GIVE_UP_S * 1000)                        \
			fail_msg("it never came to: %s", #condition); \
		turn(f);                                              \
	}

static void turn(struct fixture *f)
{
	bool never = false;
	loop_run(&f->loop, &never, clock_monotonic(f->clock) + NS_PER_MS);
}

static void settled(struct task *t)
{
	container_of(t, struct fixture, watcher.task)->done = true;
}

static void start(struct fixture *f, const char *method, struct body *body, const char *const fields[][2])
{
	struct http_request r = { .method = str_from(method), .body = body, .version = HTTP_1_1 };
	headers_add(&r.headers, &f->arena, STR("Host"), STR("origin.example"));
	for (size_t i = 0; fields && fields[i][0]; i++)
		headers_add(&r.headers, &f->arena, str_from(fields[i][0]), str_from(fields[i][1]));
	watcher_stop(&f->watcher);
	body_unref(&f->body);
	fetch_unref(&f->fetch);
	buf_reset(&f->read);
	f->fetch = http_client_send(f->client, &f->target, STR("/path?q=1"), &r);
	if (body)
		body_unref(&body);
}

static void wait_for_head(struct fixture *f)
{
	if (f->fetch->settled)
		return;
	watcher_start(&f->watcher, &f->fetch->changed, settled);
	run(f);
	assert_true(f->fetch->settled);
}

static void read_some(struct task *t)
{
	struct fixture *f = container_of(t, struct fixture, watcher.task);
	struct str bytes;
	while ((f->state = body_peek(f->body, &bytes)) == BODY_DATA) {
		if (f->read_max)
			bytes.len = MIN(bytes.len, f->read_max);
		buf_add(&f->read, bytes);
		body_consume(f->body, bytes.len);
	}
	if (f->state == BODY_WAIT)
		watcher_start(&f->watcher, &f->body->readable, read_some);
	else
		f->done = true;
}

static void read_body(struct fixture *f)
{
	f->body = take(f->fetch->response.body);
	assert_non_null(f->body);
	f->done = false;
	read_some(&f->watcher.task);
	if (!f->done)
		run(f);
}

static void get(struct fixture *f)
{
	start(f, "GET", NULL, NULL);
	wait_for_head(f);
}

static void expect_error(struct fixture *f, enum fetch_error error)
{
	if (f->fetch->error != error)
		fail_msg("%s (" STR_FMT "), expected %s", fetch_error_name(f->fetch->error),
			 STR_ARG(f->fetch->error_text), fetch_error_name(error));
}

/* The origin does the steps; the fetch must fail before a head. */
static void expect_fetch_fails(const struct origin_step *steps, enum fetch_error error)
{
	struct fixture f;
	set_up(&f, steps);
	get(&f);
	expect_error(&f, error);
	tear_down(&f);
}

static void expect_body_fails(const struct origin_step *steps, const char *read, enum body_failure why)
{
	struct fixture f;
	set_up(&f, steps);
	get(&f);
	expect_error(&f, FETCH_OK);
	read_body(&f);
	assert_int_equal(f.state, BODY_FAILED);
	assert_int_equal(body_why(f.body), why);
	assert_str(buf_str(&f.read), read);
	tear_down(&f);
}

static const char *received(struct fixture *f)
{
	return f->origin.received.ptr ? f->origin.received.ptr : "";
}

/* ---- good origins ---- */

TEST(a_response_arrives_with_its_fields_in_order_and_case)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_HEAD, 0, 0 },
					   { SEND,
					     "HTTP/1.1 203 Quite Fine\r\nX-One: 1\r\nx-two:  2 \r\n"
					     "X-ONE: 3\r\nEmpty:\r\nContent-Length: 5\r\n\r\nhello",
					     0 },
					   { END, 0, 0 } });
	get(&f);
	expect_error(&f, FETCH_OK);
	struct http_response *r = &f.fetch->response;
	assert_int_equal(r->status, 203);
	assert_int_equal(r->version, HTTP_1_1);
	assert_str(r->reason, "Quite Fine");
	assert_int_equal(r->headers.count, 5);
	assert_str(r->headers.at[0].name, "X-One");
	assert_str(r->headers.at[1].name, "x-two");
	assert_str(r->headers.at[1].value, "2");
	assert_str(r->headers.at[2].value, "3");
	assert_str(r->headers.at[3].value, "");
	uint64_t length = 0;
	assert_true(body_known_length(r->body, &length));
	assert_int_equal(length, 5);
	assert_int_equal(f.fetch->remote_ip_len, 4);
	assert_int_equal(f.fetch->remote_port, f.target.port);
	read_body(&f);
	assert_int_equal(f.state, BODY_ENDED);
	assert_str(buf_str(&f.read), "hello");
	tear_down(&f);
}

TEST(a_request_goes_out_as_it_is)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_HEAD, 0, 0 },
					   { SEND, "HTTP/1.1 204 No Content\r\n\r\n", 0 },
					   { END, 0, 0 } });
	start(&f, "FROB", NULL,
	      (const char *const[][2]){ { "x-b", "2" },
					{ "X-A", "1" },
					{ "x-B", "" },
					{ "Connection", "close" },
					{ "Expect", "100-continue" },
					{ "Bad Name", "x" },
					{ "Injected", "a\r\nX: y" },
					{ NULL, NULL } });
	wait_for_head(&f);
	assert_string_equal(
		received(&f),
		"FROB /path?q=1 HTTP/1.1\r\nHost: origin.example\r\nx-b: 2\r\nX-A: 1\r\nx-B:\r\n\r\n");
	read_body(&f);
	assert_int_equal(f.state, BODY_ENDED);
	tear_down(&f);
}

TEST(a_raw_target_is_not_touched)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_HEAD, 0, 0 },
					   { SEND, "HTTP/1.1 204 No Content\r\n\r\n", 0 },
					   { END, 0, 0 } });
	struct http_request r = { .method = STR("GET"), .version = HTTP_1_1 };
	headers_add(&r.headers, &f.arena, STR("Host"), STR("h"));
	f.fetch = http_client_send(f.client, &f.target, STR("/a/../b/./%7e?{\"x\":[1|2]}^`"), &r);
	wait_for_head(&f);
	assert_true(f.fetch->error != FETCH_OK); /* '"' may stand in a path only */
	fetch_unref(&f.fetch);
	f.fetch = http_client_send(f.client, &f.target, STR("/a/../b/./%7e\"?{x:[1|2]}^`/../c"), &r);
	wait_for_head(&f);
	expect_error(&f, FETCH_OK);
	assert_string_equal(received(&f), "GET /a/../b/./%7e\"?{x:[1|2]}^`/../c HTTP/1.1\r\nHost: h\r\n\r\n");
	tear_down(&f);
}

TEST(a_body_of_known_length_is_sent_with_its_length)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_UNTIL, "hello", 0 },
					   { SEND, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0 },
					   { END, 0, 0 } });
	struct body *body = body_new(&f.loop);
	body_write(body, STR("hello"));
	body_end(body);
	start(&f, "POST", body, NULL);
	wait_for_head(&f);
	expect_error(&f, FETCH_OK);
	assert_string_equal(
		received(&f),
		"POST /path?q=1 HTTP/1.1\r\nHost: origin.example\r\nContent-Length: 5\r\n\r\nhello");
	tear_down(&f);
}

TEST(a_post_without_a_body_says_so)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_HEAD, 0, 0 },
					   { SEND, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0 },
					   { END, 0, 0 } });
	start(&f, "POST", NULL, NULL);
	wait_for_head(&f);
	assert_string_equal(received(&f),
			    "POST /path?q=1 HTTP/1.1\r\nHost: origin.example\r\nContent-Length: 0\r\n\r\n");
	tear_down(&f);
}

TEST(a_body_is_sent_while_it_is_written_and_its_trailers_follow)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_UNTIL, "one", 0 },
					   { READ_UNTIL, "two", 0 },
					   { READ_UNTIL, "0\r\nX-Trailer: t\r\n\r\n", 0 },
					   { SEND, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0 },
					   { END, 0, 0 } });
	struct body *body = body_ref(body_new(&f.loop));
	body->streaming = true;
	body_write(body, STR("one"));
	start(&f, "PUT", body, NULL);
	WAIT_UNTIL(&f, strstr(received(&f), "one"));
	assert_non_null(strstr(received(&f), "Transfer-Encoding: chunked\r\n"));
	assert_null(strstr(received(&f), "two"));
	body_write(body, STR("two"));
	WAIT_UNTIL(&f, strstr(received(&f), "two"));
	body_trailer_add(body, STR("X-Trailer"), STR("t"));
	body_end(body);
	wait_for_head(&f);
	expect_error(&f, FETCH_OK);
	body_unref(&body); /* the one of body_new(): start() took the other */
	tear_down(&f);
}

TEST(a_streamed_body_whose_length_was_promised_goes_out_with_it)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_UNTIL, "onetwo", 0 },
					   { SEND, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0 },
					   { END, 0, 0 } });
	struct body *body = body_ref(body_new(&f.loop));
	body->streaming = true;
	body_promise(body, 6);
	body_write(body, STR("one"));
	start(&f, "PUT", body, NULL);
	WAIT_UNTIL(&f, strstr(received(&f), "one"));
	body_write(body, STR("twothree")); /* and is not ended */
	wait_for_head(&f);
	expect_error(&f, FETCH_OK);
	assert_string_equal(
		received(&f),
		"PUT /path?q=1 HTTP/1.1\r\nHost: origin.example\r\nContent-Length: 6\r\n\r\nonetwo");
	body_unref(&body);
	tear_down(&f);
}

TEST(a_body_that_ends_before_its_promised_length_ends_the_request)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_UNTIL, "one", 0 }, { END, 0, 0 } });
	struct body *body = body_ref(body_new(&f.loop));
	body->streaming = true;
	body_promise(body, 4);
	body_write(body, STR("one"));
	start(&f, "PUT", body, NULL);
	WAIT_UNTIL(&f, strstr(received(&f), "one"));
	body_end(body);
	wait_for_head(&f);
	expect_error(&f, FETCH_CONNECTION_TERMINATED);
	assert_str(f.fetch->error_text, "the request's body was not complete");
	WAIT_UNTIL(&f, f.origin.peer_ended);
	body_unref(&body);
	tear_down(&f);
}

TEST(a_response_can_end_before_the_request_has)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_UNTIL, "one", 0 },
					   { SEND, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 0 },
					   { END, 0, 0 } });
	struct body *body = body_ref(body_new(&f.loop));
	body->streaming = true;
	body_write(body, STR("one"));
	start(&f, "PUT", body, NULL);
	wait_for_head(&f);
	expect_error(&f, FETCH_OK);
	read_body(&f);
	assert_int_equal(f.state, BODY_ENDED);
	assert_str(buf_str(&f.read), "ok");
	body_end(body);
	body_unref(&body);
	tear_down(&f);
}

TEST(chunks_are_decoded_and_trailers_kept)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_HEAD, 0, 0 },
					   { SEND,
					     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
					     "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-T: 1\r\nx-u: 2\r\n\r\n",
					     0 },
					   { END, 0, 0 } });
	get(&f);
	expect_error(&f, FETCH_OK);
	read_body(&f);
	assert_int_equal(f.state, BODY_ENDED);
	assert_str(buf_str(&f.read), "abcde");
	assert_int_equal(f.body->trailers.count, 2);
	assert_str(f.body->trailers.at[0].name, "X-T");
	assert_str(f.body->trailers.at[1].value, "2");
	tear_down(&f);
}

TEST(a_body_without_length_ends_with_the_connection)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_HEAD, 0, 0 },
					   { SEND, "HTTP/1.0 200 OK\r\n\r\nup to the end", 0 },
					   { CLOSE, 0, 0 } });
	get(&f);
	expect_error(&f, FETCH_OK);
	assert_int_equal(f.fetch->response.version, HTTP_1_0);
	read_body(&f);
	assert_int_equal(f.state, BODY_ENDED);
	assert_str(buf_str(&f.read), "up to the end");
	tear_down(&f);
}

TEST(interim_responses_are_dropped)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){
			   { READ_HEAD, 0, 0 },
			   { SEND,
			     "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
			     "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 0\r\n\r\n",
			     0 },
			   { END, 0, 0 } });
	get(&f);
	expect_error(&f, FETCH_OK);
	assert_int_equal(f.fetch->response.status, 200);
	assert_int_equal(f.fetch->response.headers.count, 2);
	tear_down(&f);
}

TEST(a_head_response_may_announce_a_length)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_HEAD, 0, 0 },
					   { SEND, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", 0 },
					   { END, 0, 0 } });
	start(&f, "HEAD", NULL, NULL);
	wait_for_head(&f);
	expect_error(&f, FETCH_OK);
	assert_str(headers_get(&f.fetch->response.headers, STR("content-length")), "100");
	read_body(&f);
	assert_int_equal(f.state, BODY_ENDED);
	tear_down(&f);
}

TEST(folded_fields_of_old_origins_are_joined)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){
			   { READ_HEAD, 0, 0 },
			   { SEND, "HTTP/1.1 200 OK\r\nX: a\r\n  b\r\nContent-Length: 0\r\n\r\n", 0 },
			   { END, 0, 0 } });
	get(&f);
	expect_error(&f, FETCH_OK);
	assert_str(headers_get(&f.fetch->response.headers, STR("x")), "a b");
	tear_down(&f);
}

TEST(a_slow_drip_is_a_response_like_any_other)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_HEAD, 0, 0 },
					   { DRIP,
					     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
					     "3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
					     1 },
					   { END, 0, 0 } });
	f.target.between_bytes_timeout_ns = 5 * NS_PER_S;
	get(&f);
	expect_error(&f, FETCH_OK);
	read_body(&f);
	assert_int_equal(f.state, BODY_ENDED);
	assert_str(buf_str(&f.read), "abc");
	assert_int_equal(f.body->trailers.count, 1);
	tear_down(&f);
}

TEST(connections_are_used_again_unless_told_otherwise)
{
	static const struct origin_step steps[] = { { READ_HEAD, 0, 0 },
						    { SEND, "HTTP/1.1 204 No Content\r\n\r\n", 0 },
						    { READ_HEAD, 0, 0 },
						    { SEND, "HTTP/1.1 204 No Content\r\n\r\n", 0 },
						    { END, 0, 0 } };
	struct fixture f;
	set_up(&f, steps);
	for (int i = 0; i < 2; i++) {
		get(&f);
		expect_error(&f, FETCH_OK);
		read_body(&f);
	}
	assert_int_equal(f.origin.connections, 1);
	f.target.dont_pool = true;
	for (int i = 0; i < 2; i++) {
		get(&f);
		expect_error(&f, FETCH_OK);
		read_body(&f);
	}
	assert_int_equal(f.origin.connections, 3);
	tear_down(&f);
}

/* ---- bad origins ---- */

TEST(a_refused_connection_is_told_apart)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { END, 0, 0 } });
	origin_stop(&f.origin); /* nobody listens there any more */
	f.has_origin = false;
	get(&f);
	expect_error(&f, FETCH_CONNECTION_REFUSED);
	f.target.host = STR("::1");
	get(&f);
	assert_true(f.fetch->error == FETCH_CONNECTION_REFUSED ||
		    f.fetch->error == FETCH_DESTINATION_IP_UNROUTABLE);
	tear_down(&f);
}

TEST(a_name_that_is_none_is_told_apart)
{
	struct fixture f;
	set_up(&f, NULL);
	f.target.port = 80;
	f.target.host = STR("no such host");
	get(&f);
	expect_error(&f, FETCH_DESTINATION_NOT_FOUND);
	f.target.host = STR("nowhere.invalid");
	f.target.prefer_ipv4 = true;
	get(&f);
	assert_true(f.fetch->error == FETCH_DNS_ERROR || f.fetch->error == FETCH_DNS_TIMEOUT);
	tear_down(&f);
}

TEST(a_request_that_cannot_be_written_is_not_sent)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { END, 0, 0 } });
	static const char *const paths[] = { "", "no-slash", "/a b", "/a\r\nX: y", "http://other/", "/\x7f" };
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct http_request r = { .method = STR("GET") };
		f.fetch = http_client_send(f.client, &f.target, str_from(paths[i]), &r);
		expect_error(&f, FETCH_HTTP_REQUEST_URI_INVALID);
		fetch_unref(&f.fetch);
	}
	struct http_request r = { .method = STR("GET / HTTP/1.1\r\n"), .body = body_new(&f.loop) };
	f.fetch = http_client_send(f.client, &f.target, STR("/"), &r);
	expect_error(&f, FETCH_HTTP_REQUEST_URI_INVALID);
	assert_true(body_abandoned(r.body));
	body_unref(&r.body);
	assert_int_equal(f.origin.connections, 0);
	tear_down(&f);
}

TEST(origins_that_break_off_before_the_head)
{
	expect_fetch_fails((struct origin_step[]){ { READ_HEAD, 0, 0 }, { CLOSE, 0, 0 } },
			   FETCH_CONNECTION_TERMINATED);
	expect_fetch_fails((struct origin_step[]){ { READ_HEAD, 0, 0 }, { RESET, 0, 0 } },
			   FETCH_CONNECTION_TERMINATED);
	expect_fetch_fails((struct origin_step[]){ { READ_HEAD, 0, 0 },
						   { SEND, "HTTP/1.1 200 OK\r\nX: y\r\n", 0 },
						   { RESET, 0, 0 } },
			   FETCH_CONNECTION_TERMINATED);
	expect_fetch_fails((struct origin_step[]){ { READ_HEAD, 0, 0 },
						   { SEND, "HTTP/1.1 200 OK\r\nX: y\r\n", 0 },
						   { CLOSE, 0, 0 } },
			   FETCH_HTTP_INCOMPLETE_RESPONSE);
}

TEST(origins_that_speak_something_else)
{
	static const char *const answers[] = { "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 2xx OK\r\n\r\n",
					       "HTTP/7.1 200 OK\r\n\r\n", "<html>old</html>\r\n\r\n" };
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		struct origin_step steps[] = { { READ_HEAD, 0, 0 },
					       { SEND, answers[i], 0 },
					       { CLOSE, 0, 0 } };
		struct fixture f;
		set_up(&f, steps);
		get(&f);
		assert_true(f.fetch->error == FETCH_HTTP_PROTOCOL_ERROR ||
			    f.fetch->error == FETCH_HTTP_RESPONSE_STATUS_INVALID);
		tear_down(&f);
	}
}

TEST(two_lengths_that_differ_are_an_error)
{
	expect_fetch_fails((struct origin_step[]){ { READ_HEAD, 0, 0 },
						   { SEND,
						     "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
						     "Content-Length: 4\r\n\r\nabcd",
						     0 },
						   { CLOSE, 0, 0 } },
			   FETCH_HTTP_PROTOCOL_ERROR);
}

TEST(an_upgrade_nobody_asked_for_fails)
{
	expect_fetch_fails((struct origin_step[]){ { READ_HEAD, 0, 0 },
						   { SEND,
						     "HTTP/1.1 101 Switching Protocols\r\n"
						     "Upgrade: x\r\nConnection: upgrade\r\n\r\n\x81\x01x",
						     0 },
						   { END, 0, 0 } },
			   FETCH_HTTP_UPGRADE_FAILED);
}

TEST(an_origin_that_does_not_speak_the_version_it_should)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_HEAD, 0, 0 },
					   { SEND, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0 },
					   { CLOSE, 0, 0 } });
	f.target.http2 = true;
	get(&f);
	assert_true(f.fetch->error == FETCH_H2_ERROR || f.fetch->error == FETCH_HTTP_PROTOCOL_ERROR ||
		    f.fetch->error == FETCH_CONNECTION_TERMINATED);
	tear_down(&f);
}

TEST(lies_about_the_length)
{
	expect_body_fails((struct origin_step[]){ { READ_HEAD, 0, 0 },
						  { SEND,
						    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", 0 },
						  { CLOSE, 0, 0 } },
			  "short", BODY_FAILURE_INCOMPLETE);
	expect_body_fails((struct origin_step[]){ { READ_HEAD, 0, 0 },
						  { SEND,
						    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", 0 },
						  { RESET, 0, 0 } },
			  "short", BODY_FAILURE_INCOMPLETE);
	struct fixture f; /* too much: only what was promised counts */
	set_up(&f,
	       (struct origin_step[]){ { READ_HEAD, 0, 0 },
				       { SEND, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\ntoo long", 0 },
				       { END, 0, 0 } });
	get(&f);
	read_body(&f);
	assert_int_equal(f.state, BODY_ENDED);
	assert_str(buf_str(&f.read), "to");
	tear_down(&f);
}

TEST(chunks_that_break_off_or_are_none)
{
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	expect_body_fails((struct origin_step[]){ { READ_HEAD, 0, 0 },
						  { SEND, CHUNKED "5\r\nab", 0 },
						  { CLOSE, 0, 0 } },
			  "ab", BODY_FAILURE_INCOMPLETE);
	expect_body_fails((struct origin_step[]){ { READ_HEAD, 0, 0 },
						  { SEND, CHUNKED "2\r\nab\r\n", 0 },
						  { CLOSE, 0, 0 } },
			  "ab", BODY_FAILURE_INCOMPLETE);
	expect_body_fails((struct origin_step[]){ { READ_HEAD, 0, 0 },
						  { SEND, CHUNKED "2\r\nab\r\nzz\r\n", 0 },
						  { END, 0, 0 } },
			  "ab", BODY_FAILURE_PROTOCOL);
}

TEST(heads_without_end_are_refused)
{
	struct fixture f;
	static char bomb[1024 * 1024], line[200 * 1024];
	memset(line, 'a', sizeof line - 1);
	snprintf(bomb, sizeof bomb, "HTTP/1.1 200 OK\r\nX: %s\r\n\r\n", line);
	set_up(&f, (struct origin_step[]){ { READ_HEAD, 0, 0 }, { SEND, bomb, 0 }, { END, 0, 0 } });
	get(&f);
	expect_error(&f, FETCH_HTTP_RESPONSE_HEADER_SECTION_TOO_LARGE);
	tear_down(&f);

	size_t at = (size_t)snprintf(bomb, sizeof bomb, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 1500; i++)
		at += (size_t)snprintf(bomb + at, sizeof bomb - at, "X-%d: y\r\n", i);
	set_up(&f, (struct origin_step[]){ { READ_HEAD, 0, 0 }, { SEND, bomb, 0 }, { END, 0, 0 } });
	get(&f);
	expect_error(&f, FETCH_HTTP_RESPONSE_HEADER_SECTION_TOO_LARGE);
	tear_down(&f);

	at = (size_t)snprintf(bomb, sizeof bomb, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 400; i++)
		at += (size_t)snprintf(bomb + at, sizeof bomb - at, "X-%d: %.1000s\r\n", i, line);
	set_up(&f, (struct origin_step[]){ { READ_HEAD, 0, 0 }, { SEND, bomb, 0 }, { END, 0, 0 } });
	get(&f);
	expect_error(&f, FETCH_HTTP_RESPONSE_HEADER_SECTION_TOO_LARGE);
	tear_down(&f);
}

/* ---- time ---- */

TEST(an_origin_that_says_nothing_runs_out_of_time)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_HEAD, 0, 0 }, { SEND, "HTTP/1.1 200", 0 }, { END, 0, 0 } });
	f.target.first_byte_timeout_ns = 20 * NS_PER_MS;
	get(&f);
	expect_error(&f, FETCH_HTTP_RESPONSE_TIMEOUT);
	tear_down(&f);
}

TEST(an_origin_that_stalls_within_the_body_runs_out_of_time)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_HEAD, 0, 0 },
					   { SEND, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", 0 },
					   { END, 0, 0 } });
	f.target.between_bytes_timeout_ns = 20 * NS_PER_MS;
	get(&f);
	expect_error(&f, FETCH_OK);
	read_body(&f);
	assert_int_equal(f.state, BODY_FAILED);
	assert_int_equal(body_why(f.body), BODY_FAILURE_TIMEOUT);
	assert_str(buf_str(&f.read), "short");
	tear_down(&f);
}

TEST(an_address_that_does_not_answer_runs_out_of_time)
{
	struct fixture f;
	set_up(&f, NULL);
	f.target.host = STR("192.0.2.1"); /* for documentation: nobody is there (RFC 5737) */
	f.target.port = 9;
	f.target.connect_timeout_ns = 50 * NS_PER_MS;
	get(&f);
	assert_true(f.fetch->error == FETCH_CONNECTION_TIMEOUT ||
		    f.fetch->error == FETCH_DESTINATION_IP_UNROUTABLE ||
		    f.fetch->error == FETCH_CONNECTION_REFUSED);
	tear_down(&f);
}

/* ---- giving up ---- */

TEST(a_fetch_can_be_dropped_at_any_time)
{
	static const struct origin_step steps[] = {
		{ READ_HEAD, 0, 0 },
		{ SLEEP, 0, 2 },
		{ SEND, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", 0 },
		{ END, 0, 0 }
	};
	for (unsigned turns = 0; turns < 40; turns++) {
		struct fixture f;
		set_up(&f, steps);
		start(&f, "GET", NULL, NULL);
		uv_update_time(loop_uv(&f.loop));
		for (unsigned i = 0; i < turns; i++)
			uv_run(loop_uv(&f.loop), UV_RUN_NOWAIT);
		fetch_unref(&f.fetch);
		tear_down(&f);
	}
}

TEST(a_dropped_fetch_ends_the_connection)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_HEAD, 0, 0 }, { END, 0, 0 } });
	start(&f, "GET", NULL, NULL);
	WAIT_UNTIL(&f, f.origin.at && f.origin.at->op == END);
	fetch_unref(&f.fetch);
	WAIT_UNTIL(&f, f.origin.peer_ended);
	tear_down(&f);
}

TEST(a_body_can_be_dropped_in_the_middle)
{
	for (int by_abandoning = 0; by_abandoning < 2; by_abandoning++) {
		struct fixture f;
		set_up(&f, (struct origin_step[]){
				   { READ_HEAD, 0, 0 },
				   { SEND, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", 0 },
				   { END, 0, 0 } });
		get(&f);
		struct body *body = take(f.fetch->response.body);
		if (by_abandoning)
			body_abandon(body);
		body_unref(&body);
		WAIT_UNTIL(&f, f.origin.peer_ended);
		tear_down(&f);
	}
}

TEST(a_limit_on_the_body_ends_the_transfer)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_HEAD, 0, 0 },
					   { SEND, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", 0 },
					   { SLEEP, 0, 5 },
					   { SEND, "0123456789", 0 },
					   { END, 0, 0 } });
	get(&f);
	f.fetch->response.body->limit = 5;
	read_body(&f);
	assert_int_equal(f.state, BODY_FAILED);
	assert_int_equal(body_why(f.body), BODY_FAILURE_LIMIT);
	WAIT_UNTIL(&f, f.origin.peer_ended);
	tear_down(&f);
}

TEST(an_upload_that_fails_ends_the_request)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_UNTIL, "one", 0 }, { END, 0, 0 } });
	struct body *body = body_ref(body_new(&f.loop));
	body->streaming = true;
	body_write(body, STR("one"));
	start(&f, "PUT", body, NULL);
	WAIT_UNTIL(&f, strstr(received(&f), "one"));
	body_fail(body, BODY_FAILURE_ABANDONED);
	wait_for_head(&f);
	expect_error(&f, FETCH_CONNECTION_TERMINATED);
	assert_null(strstr(received(&f), "0\r\n\r\n"));
	body_unref(&body);
	tear_down(&f);
}

TEST(an_upload_that_fails_ends_the_request_though_the_origin_does_not_read_on)
{
	static const char big[16 * 1024 * 1024];
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_HEAD, 0, 0 }, { END, 0, 0 } });
	struct body *body = body_new(&f.loop), *outer = body_new(&f.loop);
	outer->streaming = true;
	body_write(body, (struct str){ big, sizeof big });
	body_append(outer, body_ref(body));
	start(&f, "PUT", outer, NULL);
	WAIT_UNTIL(&f, strstr(received(&f), "\r\n\r\n"));
	stream_read_stop(f.origin.stream);
	for (uint64_t left = 0; left != body->buffered;) {
		left = body->buffered;
		for (int i = 0; i < 20; i++)
			turn(&f);
	}
	assert_true(body->buffered > 0);
	body_fail(body, BODY_FAILURE_INCOMPLETE);
	wait_for_head(&f);
	expect_error(&f, FETCH_CONNECTION_TERMINATED);
	assert_str(f.fetch->error_text, "the request's body was not complete");
	body_unref(&body);
	tear_down(&f);
}

TEST(shutting_the_client_down_settles_what_is_under_way)
{
	struct fixture f;
	set_up(&f, (struct origin_step[]){ { READ_HEAD, 0, 0 }, { END, 0, 0 } });
	start(&f, "GET", NULL, NULL);
	WAIT_UNTIL(&f, f.origin.at && f.origin.at->op == END);
	http_client_destroy(&f.client);
	assert_true(f.fetch->settled);
	expect_error(&f, FETCH_INTERNAL_ERROR);
	tear_down(&f);
}

/* ---- together with our own server ---- */

enum { BIG_BYTES = 3 * 1024 * 1024 };

static void echo(void *data, struct exchange *x)
{
	(void)data;
	struct http_response r = { .status = 200, .body = take(x->request.body) };
	exchange_respond(x, &r, false);
	exchange_release(x);
}

TEST(megabytes_go_there_and_back_past_slow_readers)
{
	struct fixture f;
	struct error e;
	struct http_server *server;
	struct http_server_options options = http_server_defaults;
	set_up(&f, NULL);
	options.handle = echo;
	assert_true(http_server_listen(&server, &f.loop, "127.0.0.1", 0, &options, &e));
	f.target.port = http_server_port(server);
	for (int chunked = 0; chunked < 2; chunked++) {
		struct body *body = body_new(&f.loop);
		char *bytes = mem_alloc(BIG_BYTES);
		for (size_t i = 0; i < BIG_BYTES; i++)
			bytes[i] = (char)(i * 7 + i / 251);
		body_write(body, (struct str){ bytes, BIG_BYTES });
		if (chunked)
			body_trailer_add(body, STR("X-End"), STR("yes"));
		body_end(body);
		start(&f, "POST", body, NULL);
		wait_for_head(&f);
		expect_error(&f, FETCH_OK);
		for (int i = 0; i < 20; i++)
			turn(&f); /* everything is full by now */
		assert_true(f.fetch->response.body->buffered < 2 * BODY_ROOM_BYTES);
		f.read_max = 1000;
		read_body(&f);
		assert_int_equal(f.state, BODY_ENDED);
		assert_int_equal(f.read.len, BIG_BYTES);
		assert_memory_equal(f.read.ptr, bytes, BIG_BYTES);
		assert_int_equal(f.body->trailers.count, chunked);
		mem_free(bytes);
	}
	http_server_destroy(&server);
	tear_down(&f);
}

TEST(a_proxied_body_is_cancelled_through_both_hops)
{
	struct fixture f;
	struct error e;
	struct http_server *server;
	struct http_server_options options = http_server_defaults;
	set_up(&f, (struct origin_step[]){ { READ_HEAD, 0, 0 },
					   { SEND, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", 0 },
					   { END, 0, 0 } });
	options.handle = echo;
	assert_true(http_server_listen(&server, &f.loop, "127.0.0.1", 0, &options, &e));
	get(&f);
	struct body *first = take(f.fetch->response.body);
	f.target.port = http_server_port(server);
	start(&f, "POST", first, NULL); /* what the origin still sends is the second request's body */
	wait_for_head(&f);
	expect_error(&f, FETCH_OK);
	fetch_unref(&f.fetch);
	WAIT_UNTIL(&f, f.origin.peer_ended);
	http_server_destroy(&server);
	tear_down(&f);
}
