/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's life: keep-alive, pipelining, unread bodies, slow and vanishing clients, time-outs, the
 * server's end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server_fixture.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n" DATE "\r\nok"

static struct exchange *nth(struct fixture *f, size_t i)
{
	assert_true(i < f->exchanges);
	return f->handled[i].x;
}

static void answer(struct fixture *f, size_t i)
{
	respond_text(nth(f, i), &f->loop, 200, STR("ok"));
	settle(f);
}

static void release(struct fixture *f, size_t i)
{
	exchange_release(nth(f, i));
	f->handled[i].x = NULL;
	settle(f);
}

/* ---- one request after the other ---- */

TEST(pipelined_requests_are_answered_in_order_one_at_a_time)
{
	struct fixture f;
	set_up(&f, handle_later);
	say_text(&f, GET GET GET);
	assert_int_equal(f.exchanges, 1);
	answer(&f, 0);
	expect_got(&f, OK);
	assert_int_equal(f.exchanges, 2);
	release(&f, 0);
	answer(&f, 1);
	assert_int_equal(f.exchanges, 3);
	answer(&f, 2);
	expect_got(&f, OK OK);
	assert_false(f.client.ended);
	tear_down(&f);
}

TEST(a_handler_is_never_called_while_another_answers)
{
	struct fixture f;
	set_up(&f, handle_later);
	say_text(&f, GET GET);
	respond_text(nth(&f, 0), &f.loop, 200, STR("ok"));
	assert_int_equal(f.exchanges, 1); /* only the loop brings the second */
	settle(&f);
	assert_int_equal(f.exchanges, 2);
	tear_down(&f);
}

TEST(thousands_of_pipelined_requests_are_no_recursion)
{
	struct fixture f;
	struct buf b = BUF_INIT(1024 * 1024);
	set_up(&f, handle_dump);
	for (int i = 0; i < 5000; i++)
		buf_add(&b, STR(GET));
	for (int i = 0; i < 5000; i += 10) {
		f.exchanges = 0;
		say(&f, str_sub(buf_str(&b), 0, 10 * strlen(GET)));
		assert_int_equal(f.exchanges, 10);
	}
	f.options.data = NULL;
	buf_fini(&b);
	tear_down(&f);
}

TEST(a_guest_may_go_on_after_its_response_while_the_next_request_is_served)
{
	struct fixture f;
	set_up(&f, handle_later);
	say_text(&f, GET);
	answer(&f, 0);
	say_text(&f, "GET /second HTTP/1.1\r\nHost: b\r\n\r\n");
	assert_str(nth(&f, 0)->request.uri, "http://a/"); /* its arena is its own */
	assert_str(nth(&f, 1)->request.uri, "http://b/second");
	answer(&f, 1);
	release(&f, 1);
	release(&f, 0);
	tear_down(&f);
}

TEST(close_is_obeyed_on_either_side)
{
	struct fixture f;
	set_up(&f, handle_later);
	say_text(&f, "GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n");
	answer(&f, 0);
	expect_got(&f, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n" DATE "\r\nok");
	assert_true(f.client.ended);
	tear_down(&f);
	set_up(&f, handle_later);
	say_text(&f, GET);
	struct http_response r = { .status = 204 };
	headers_add(&r.headers, nth(&f, 0)->arena, STR("Connection"), STR("close"));
	exchange_respond(nth(&f, 0), &r, false);
	settle(&f);
	expect_got(&f, "HTTP/1.1 204 No Content\r\nconnection: close\r\n" DATE "\r\n");
	assert_true(f.client.ended);
	tear_down(&f);
}

TEST(what_follows_a_last_request_is_not_served)
{
	struct fixture f;
	set_up(&f, handle_later);
	say_text(&f, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" GET);
	answer(&f, 0);
	assert_int_equal(f.exchanges, 1);
	assert_true(f.client.ended);
	tear_down(&f);
}

/* ---- request bodies ---- */

TEST(a_body_can_be_read_while_it_comes)
{
	struct fixture f;
	struct str bytes;
	uint64_t length;
	set_up(&f, handle_later);
	say_text(&f, POST "01234");
	struct body *b = nth(&f, 0)->request.body;
	assert_true(body_known_length(b, &length));
	assert_int_equal(length, 10);
	assert_int_equal(body_peek(b, &bytes), BODY_DATA);
	assert_str(bytes, "01234");
	body_consume(b, 5);
	assert_int_equal(body_peek(b, &bytes), BODY_WAIT);
	say_text(&f, "56789");
	assert_int_equal(body_peek(b, &bytes), BODY_DATA);
	body_consume(b, 5);
	assert_int_equal(body_peek(b, &bytes), BODY_ENDED);
	answer(&f, 0);
	expect_got(&f, OK);
	tear_down(&f);
}

TEST(a_reader_that_is_slow_holds_the_client_back)
{
	struct fixture f;
	struct str bytes;
	static const char big[1024 * 1024];
	set_up(&f, handle_later);
	say_text(&f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n");
	struct body *b = nth(&f, 0)->request.body;
	say(&f, (struct str){ big, sizeof big });
	assert_true(f.client.writing); /* not all of it was taken */
	assert_true(b->buffered < 2 * BODY_ROOM_BYTES);
	for (uint64_t read = 0; read < BODY_ROOM_BYTES; read += bytes.len) {
		assert_int_equal(body_peek(b, &bytes), BODY_DATA);
		body_consume(b, bytes.len);
	}
	settle(&f);
	assert_false(f.client.writing);
	tear_down(&f);
}

TEST(an_unread_body_that_has_come_does_no_harm)
{
	struct fixture f;
	set_up(&f, handle_later);
	say_text(&f, POST "0123456789");
	answer(&f, 0);
	release(&f, 0);
	say_text(&f, GET);
	assert_int_equal(f.exchanges, 2);
	tear_down(&f);
}

TEST(a_small_body_that_nobody_wants_is_waited_for)
{
	struct fixture f;
	set_up(&f, handle_later);
	say_text(&f, POST "01234");
	answer(&f, 0);
	release(&f, 0);
	expect_got(&f, OK);
	say_text(&f, "56789" GET);
	assert_int_equal(f.exchanges, 2);
	answer(&f, 1);
	expect_got(&f, OK);
	tear_down(&f);
}

TEST(a_response_can_end_before_the_request_is_read)
{
	struct fixture f;
	struct str bytes;
	set_up(&f, handle_later);
	say_text(&f, POST "01234");
	answer(&f, 0);
	expect_got(&f, OK);
	say_text(&f, "56789" GET);
	struct body *b = nth(&f, 0)->request.body;
	assert_int_equal(body_peek(b, &bytes), BODY_DATA); /* the guest reads on, and gets it all */
	body_consume(b, bytes.len);
	assert_int_equal(body_peek(b, &bytes), BODY_ENDED);
	settle(&f);
	assert_int_equal(f.exchanges, 2);
	tear_down(&f);
}

TEST(a_big_body_that_nobody_wants_ends_the_connection_but_the_answer_arrives)
{
	struct fixture f;
	static const char big[1024 * 1024];
	set_up(&f, handle_later);
	say_text(&f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
	body_abandon(nth(&f, 0)->request.body);
	say(&f, (struct str){ big, sizeof big });
	assert_true(f.client.writing);
	answer(&f, 0);
	expect_got(&f, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n" DATE "\r\nok");
	assert_true(f.client.ended);
	assert_int_equal(f.client.how, STREAM_OK);
	assert_int_equal(http_server_connections(f.server),
			 1); /* lingers, so that the client can read that */
	client_hang_up(&f.client, false);
	settle(&f);
	assert_int_equal(http_server_connections(f.server), 0);
	tear_down(&f);
}

TEST(a_client_that_sends_for_ever_is_not_listened_to_for_ever)
{
	struct fixture f;
	set_up(&f, handle_later);
	say_text(&f, "BAD\r\n\r\n");
	assert_true(f.client.ended);
	static const char big[4 * 1024 * 1024];
	say(&f, (struct str){ big, sizeof big });
	settle(&f);
	assert_true(f.client.written_badly);
	tear_down(&f);
	set_up(&f, handle_later);
	say_text(&f, "BAD\r\n\r\n");
	assert_int_equal(http_server_connections(f.server), 1);
	pass_ms(&f, 2001);
	assert_int_equal(http_server_connections(f.server), 0);
	tear_down(&f);
}

/* ---- Expect ---- */

#define EXPECT "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 10\r\n\r\n"

TEST(continue_is_sent_when_the_body_is_first_read)
{
	struct fixture f;
	struct str bytes;
	set_up(&f, handle_later);
	say_text(&f, EXPECT);
	expect_got(&f, "");
	assert_int_equal(body_peek(nth(&f, 0)->request.body, &bytes), BODY_WAIT);
	settle(&f);
	expect_got(&f, "HTTP/1.1 100 Continue\r\n\r\n");
	assert_int_equal(body_peek(nth(&f, 0)->request.body, &bytes), BODY_WAIT);
	settle(&f);
	expect_got(&f, "");
	say_text(&f, "0123456789");
	answer(&f, 0);
	expect_got(&f, OK);
	release(&f, 0);
	say_text(&f, GET);
	assert_int_equal(f.exchanges, 2);
	tear_down(&f);
}

TEST(continue_is_not_sent_for_a_body_that_nobody_reads)
{
	struct fixture f;
	set_up(&f, handle_later);
	say_text(&f, EXPECT);
	answer(&f, 0);
	release(&f, 0);
	expect_got(&f, OK); /* but whether the body will come now, nobody knows */
	assert_true(f.client.ended);
	tear_down(&f);
}

TEST(continue_goes_before_a_response_that_may_be_made_from_the_body)
{
	struct fixture f;
	set_up(&f, handle_later);
	say_text(&f, EXPECT);
	struct http_response r = { .status = 200, .body = take(nth(&f, 0)->request.body) };
	exchange_respond(nth(&f, 0), &r, false);
	settle(&f);
	expect_got(&f, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 10\r\n" DATE "\r\n");
	say_text(&f, "0123456789");
	expect_got(&f, "0123456789");
	tear_down(&f);
}

TEST(other_expectations_and_older_clients_get_no_continue)
{
	static const char *const requests[] = {
		"POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 10\r\n\r\n",
	};
	for (size_t i = 0; i < COUNT_OF(requests); i++) {
		struct fixture f;
		struct str bytes;
		set_up(&f, handle_later);
		say_text(&f, requests[i]);
		assert_int_equal(body_peek(nth(&f, 0)->request.body, &bytes), BODY_WAIT);
		settle(&f);
		expect_got(&f, "");
		tear_down(&f);
	}
}

/* ---- clients that vanish ---- */

static void note_gone(struct task *t)
{
	container_of(t, struct handled, watcher.task)->state = BODY_FAILED;
}

TEST(a_client_that_vanishes_is_noticed_while_the_handler_thinks)
{
	for (int reset = 0; reset < 2; reset++) {
		struct fixture f;
		set_up(&f, handle_later);
		say_text(&f, GET);
		watcher_start(&f.handled[0].watcher, &nth(&f, 0)->changed, note_gone);
		client_hang_up(&f.client, reset);
		settle(&f);
		assert_true(nth(&f, 0)->gone);
		assert_int_equal(f.handled[0].state, BODY_FAILED);
		struct body *body = body_new(&f.loop), *kept = body_ref(body);
		exchange_respond(nth(&f, 0), &(struct http_response){ .status = 200, .body = body }, false);
		assert_true(body_abandoned(kept)); /* its writer learns that nobody reads */
		body_unref(&kept);
		tear_down(&f);
	}
}

TEST(a_client_that_vanishes_within_its_body_fails_it)
{
	static const char *const requests[] = {
		POST "01234", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n"
	};
	for (size_t i = 0; i < COUNT_OF(requests); i++) {
		struct fixture f;
		struct str bytes;
		set_up(&f, handle_later);
		say_text(&f, requests[i]);
		client_hang_up(&f.client, false);
		settle(&f);
		struct body *b = nth(&f, 0)->request.body;
		assert_int_equal(body_peek(b, &bytes), BODY_DATA); /* what came is still there */
		assert_str(bytes, "01234");
		body_consume(b, 5);
		assert_int_equal(body_peek(b, &bytes), BODY_FAILED);
		assert_int_equal(body_why(b), BODY_FAILURE_INCOMPLETE);
		assert_true(nth(&f, 0)->gone);
		tear_down(&f);
	}
}

TEST(a_client_that_vanishes_while_its_body_is_held_back_is_noticed_before_long)
{
	/* Of the last hundred bytes some came, and are not read. */
	static const struct {
		size_t more;
		bool reset, gone;
	} cases[] = { { 0, true, true }, { 99, true, true }, { 99, false, true }, { 100, false, false } };
	static const char big[BODY_ROOM_BYTES];
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fixture f;
		set_up(&f, handle_later);
		say_text(&f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 262244\r\n\r\n");
		struct body *b = nth(&f, 0)->request.body;
		say(&f, (struct str){ big, sizeof big });
		say(&f, (struct str){ big, cases[i].more });
		assert_int_equal(b->buffered, BODY_ROOM_BYTES); /* what is more is not read */
		client_hang_up(&f.client, cases[i].reset);
		settle(&f);
		assert_int_equal(body_failing(b), BODY_FAILURE_NONE);
		pass_ms(&f, 1000);
		assert_int_equal(body_failing(b),
				 cases[i].gone ? BODY_FAILURE_INCOMPLETE : BODY_FAILURE_NONE);
		assert_int_equal(nth(&f, 0)->gone, cases[i].gone);
		tear_down(&f);
	}
}

TEST(a_client_that_vanishes_within_the_response_is_noticed)
{
	struct fixture f;
	set_up(&f, handle_later);
	say_text(&f, GET);
	struct body *body = body_new(&f.loop);
	body->streaming = true;
	exchange_respond(nth(&f, 0), &(struct http_response){ .status = 200, .body = body_ref(body) }, false);
	body_write(body, STR("hello"));
	settle(&f);
	client_hang_up(&f.client, false);
	settle(&f);
	assert_true(nth(&f, 0)->gone);
	assert_true(body_abandoned(body));
	body_unref(&body);
	tear_down(&f);
}

TEST(a_client_that_vanishes_with_a_full_pipe_lets_everything_go)
{
	struct fixture f;
	static const char big[1024 * 1024];
	set_up(&f, handle_later);
	say_text(&f, GET);
	stream_read_stop(f.client.stream);
	struct body *body = body_new(&f.loop);
	body_write(body, (struct str){ big, sizeof big });
	body_end(body);
	exchange_respond(nth(&f, 0), &(struct http_response){ .status = 200, .body = body }, false);
	settle(&f);
	client_hang_up(&f.client, true);
	settle(&f);
	assert_true(nth(&f, 0)->gone);
	assert_int_equal(http_server_connections(f.server), 0);
	tear_down(&f);
}

TEST(half_a_head_and_then_nothing_harms_nobody)
{
	static const char head[] = GET;
	for (size_t i = 0; i < sizeof head - 1; i++) {
		struct fixture f;
		set_up(&f, handle_later);
		say(&f, (struct str){ head, i });
		client_hang_up(&f.client, false);
		settle(&f);
		assert_int_equal(f.exchanges, 0);
		assert_int_equal(http_server_connections(f.server), 0);
		tear_down(&f);
	}
}

TEST(a_client_that_has_ended_its_side_is_answered_where_that_is_wanted)
{
	for (int wanted = 0; wanted < 2; wanted++) {
		struct fixture f = { .options = http_server_defaults };
		f.options.half_close = wanted;
		set_up_with(&f, handle_later, NULL);
		say_text(&f, GET GET);
		stream_shutdown(f.client.stream);
		settle(&f);
		assert_int_equal(nth(&f, 0)->gone, !wanted);
		if (wanted) {
			answer(&f, 0);
			answer(&f, 1);
			expect_got(&f, OK OK);
		}
		assert_true(f.client.ended);
		tear_down(&f);
	}
}

TEST(an_exchange_that_is_released_unanswered_cuts_the_connection)
{
	for (int abort = 0; abort < 2; abort++) {
		struct fixture f;
		set_up(&f, handle_later);
		say_text(&f, POST);
		if (abort)
			exchange_abort(nth(&f, 0));
		release(&f, 0);
		expect_got(&f, "");
		assert_true(f.client.ended);
		assert_int_equal(f.client.how, STREAM_RESET);
		tear_down(&f);
	}
}

/* ---- time ---- */

TEST(a_head_has_its_time)
{
	struct fixture f = { .options = http_server_defaults };
	f.options.head_timeout_ns = 1000 * NS_PER_MS;
	set_up_with(&f, handle_later, NULL);
	pass_ms(&f, 5000); /* not begun */
	say_text(&f, "GET / HT");
	pass_ms(&f, 600);
	say_text(&f, "TP/1.1\r\n"); /* more bytes are no more time */
	pass_ms(&f, 399);
	expect_got(&f, "");
	pass_ms(&f, 1);
	assert_true(str_starts(
		buf_str(&f.client.got),
		STR("HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n")));
	assert_true(f.client.ended);
	assert_int_equal(f.exchanges, 0);
	tear_down(&f);
}

TEST(an_idle_connection_is_closed_but_not_a_busy_one)
{
	struct fixture f = { .options = http_server_defaults };
	f.options.idle_timeout_ns = 1000 * NS_PER_MS;
	set_up_with(&f, handle_later, NULL);
	pass_ms(&f, 999);
	say_text(&f, GET);
	pass_ms(&f, 100000); /* the handler may take its time */
	assert_false(f.client.ended);
	answer(&f, 0);
	expect_got(&f,
		   "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ndate: Thu, 01 Jan 1970 00:01:40 GMT\r\n\r\nok");
	pass_ms(&f, 999);
	assert_false(f.client.ended);
	pass_ms(&f, 1);
	assert_true(f.client.ended);
	expect_got(&f, "");
	tear_down(&f);
}

TEST(a_body_has_its_time_between_bytes)
{
	struct fixture f = { .options = http_server_defaults };
	struct str bytes;
	f.options.body_timeout_ns = 1000 * NS_PER_MS;
	set_up_with(&f, handle_later, NULL);
	say_text(&f, POST);
	for (int i = 0; i < 5; i++) {
		pass_ms(&f, 900);
		say_text(&f, "x");
	}
	struct body *b = nth(&f, 0)->request.body;
	pass_ms(&f, 999);
	assert_true(body_open(b));
	pass_ms(&f, 1);
	assert_int_equal(body_peek(b, &bytes), BODY_DATA);
	body_consume(b, bytes.len);
	assert_int_equal(body_peek(b, &bytes), BODY_FAILED);
	assert_int_equal(body_why(b), BODY_FAILURE_TIMEOUT);
	assert_false(nth(&f, 0)->gone); /* it can still be told so */
	respond_text(nth(&f, 0), &f.loop, 408, STR(""));
	settle(&f);
	assert_true(str_starts(buf_str(&f.client.got), STR("HTTP/1.1 408 ")));
	assert_true(f.client.ended);
	tear_down(&f);
}

TEST(a_client_that_reads_nothing_is_given_up_but_a_slow_one_is_not)
{
	struct fixture f = { .options = http_server_defaults };
	static const char big[200 * 1024];
	f.options.write_timeout_ns = 1000 * NS_PER_MS;
	set_up_with(&f, handle_later, NULL);
	disconnect_client(&f);
	connect_client(&f, NULL, 1024);
	say_text(&f, GET);
	stream_read_stop(f.client.stream);
	f.client.sips = true;
	struct body *body = body_new(&f.loop);
	body_write(body, (struct str){ big, sizeof big });
	body_end(body);
	exchange_respond(nth(&f, 0), &(struct http_response){ .status = 200, .body = body }, false);
	for (int i = 0; i < 20; i++) {
		pass_ms(&f, 900);
		size_t before = f.client.got.len;
		stream_read_start(f.client.stream, &f.client.reader);
		settle(&f);
		assert_true(f.client.got.len > before);
		assert_false(nth(&f, 0)->gone);
	}
	pass_ms(&f, 2001);
	assert_true(nth(&f, 0)->gone);
	tear_down(&f);
}

/* ---- the server's end ---- */

TEST(stopping_lets_what_is_under_way_end)
{
	struct fixture f;
	bool stopped;
	set_up(&f, handle_later);
	say_text(&f, GET);
	http_server_stop(f.server, &stopped);
	settle(&f);
	assert_false(stopped);
	answer(&f, 0);
	expect_got(&f, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n" DATE "\r\nok");
	assert_true(stopped);
	tear_down(&f);
}

TEST(stopping_closes_idle_connections)
{
	struct fixture f;
	bool stopped;
	set_up(&f, handle_later);
	say_text(&f, GET);
	answer(&f, 0);
	http_server_stop(f.server, &stopped);
	settle(&f);
	assert_true(stopped);
	assert_true(f.client.ended);
	tear_down(&f);
}

TEST(exchanges_may_outlive_the_server)
{
	struct fixture f;
	set_up(&f, handle_later);
	say_text(&f, POST "01234");
	http_server_destroy(&f.server);
	assert_true(nth(&f, 0)->gone);
	settle(&f);
	assert_true(f.client.ended);
	assert_str(nth(&f, 0)->request.method, "POST");
	answer(&f, 0);
	release(&f, 0);
	tear_down(&f);
}

static void handle_by_destroying(void *data, struct exchange *x)
{
	struct fixture *f = data;
	http_server_destroy(&f->server);
	assert_true(x->gone);
	exchange_release(x);
}

TEST(a_handler_may_destroy_the_server)
{
	struct fixture f;
	set_up(&f, handle_by_destroying);
	say_text(&f, GET GET);
	assert_true(f.client.ended);
	tear_down(&f);
}

/* ---- over TCP ---- */

static int connect_to(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static void run_until_readable(struct loop *l, int fd, char *out, size_t cap)
{
	bool never = false;
	ssize_t n = -1;
	for (int i = 0; i < 5000 && n < 0; i++) {
		loop_run(l, &never, clock_monotonic(l->clock) + NS_PER_MS);
		n = recv(fd, out, cap - 1, 0);
	}
	assert_true(n >= 0);
	out[n] = '\0';
}

static void ask(int fd)
{
	assert_int_equal(send(fd, GET, strlen(GET), 0), strlen(GET));
}

static void handle_with_addresses(void *data, struct exchange *x)
{
	assert_int_equal(x->client.ip_len, 4);
	assert_int_equal(x->client.ip[0], 127);
	assert_true(x->client.port > 0);
	assert_int_equal(x->server.ip_len, 4);
	assert_true(x->server.port > 0);
	respond_text(x, data, 200, STR("ok"));
	exchange_release(x);
}

TEST(sockets_are_served_up_to_a_number_at_a_time)
{
	struct clock *clock = clock_system_new();
	struct loop l;
	struct http_server *s;
	struct error e;
	char got[1000];
	bool stopped;
	struct http_server_options options = http_server_defaults;
	options.handle = handle_with_addresses;
	options.data = &l;
	options.connections_max = 1;
	loop_init(&l, clock);
	assert_true(http_server_listen(&s, &l, "127.0.0.1", 0, &options, &e));
	int first = connect_to(http_server_port(s)), second = connect_to(http_server_port(s));
	ask(first);
	ask(second);
	run_until_readable(&l, first, got, sizeof got);
	assert_non_null(strstr(got, "200 OK"));
	assert_int_equal(recv(second, got, sizeof got, 0), -1);
	assert_int_equal(http_server_connections(s), 1);
	close(first);
	run_until_readable(&l, second, got, sizeof got);
	assert_non_null(strstr(got, "200 OK"));
	http_server_stop(s, &stopped);
	loop_run(&l, &stopped, clock_monotonic(clock) + NS_PER_S);
	assert_true(stopped);
	run_until_readable(&l, second, got, sizeof got);
	assert_string_equal(got, ""); /* closed */
	close(second);
	http_server_destroy(&s);
	loop_fini(&l);
	clock_destroy(&clock);
}

TEST(a_port_that_is_taken_is_said_to_be)
{
	struct clock *clock = clock_system_new();
	struct loop l;
	struct http_server *s, *other;
	struct error e;
	struct http_server_options options = http_server_defaults;
	options.handle = handle_later;
	loop_init(&l, clock);
	assert_true(http_server_listen(&s, &l, "127.0.0.1", 0, &options, &e));
	assert_false(http_server_listen(&other, &l, "127.0.0.1", http_server_port(s), &options, &e));
	assert_error(&e, IO, "another program uses this port");
	assert_false(http_server_listen(&other, &l, "localhost", 0, &options, &e));
	assert_error(&e, INVALID, "not an IP address");
	assert_false(http_server_listen(&other, &l, "192.0.2.1", 0, &options, &e));
	assert_error(&e, IO, "cannot listen on 192.0.2.1:0");
	http_server_destroy(&s);
	loop_fini(&l);
	clock_destroy(&clock);
}
