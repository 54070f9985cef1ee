/* SPDX-License-Identifier: Apache-2.0 */
/* Windows, time-outs, ends, and clients that mean ill: connections of HTTP/2. */
#include "h2_client.h"

#define H2_DATE ";date=Thu, 01 Jan 1970 00:00:00 GMT;"

enum { CALM = 11, FLOOD = 20000 };

static struct body *respond_streaming(struct fixture *f, size_t n)
{
	struct http_response r = { .status = 200, .body = body_new(&f->loop) };
	r.body->streaming = true;
	struct body *body = r.body;
	exchange_respond(f->handled[n].x, &r, false);
	return body;
}

static void write_many(struct body *body, size_t len)
{
	static char bytes[1000];
	memset(bytes, 'x', sizeof bytes);
	for (; len; len -= MIN(len, sizeof bytes))
		body_write(body, (struct str){ bytes, MIN(len, sizeof bytes) });
}

/* ---- windows ---- */

TEST(no_more_is_sent_than_the_clients_window_takes)
{
	struct fixture f;
	h2_begin(&f, handle_later);
	get(&f, 1);
	struct body *body = respond_streaming(&f, 0);
	write_many(body, 300 * 1000);
	body_end(body);
	settle(&f);
	heard(&f);
	assert_int_equal(data_bytes, 65535);
	assert_int_equal(body->buffered, 300 * 1000 - 65535);
	add_number(WINDOW_UPDATE, 0, 1000 * 1000);
	send_frames(&f);
	heard(&f);
	assert_int_equal(data_bytes, 0);
	add_number(WINDOW_UPDATE, 1, 1000 * 1000);
	send_frames(&f);
	heard(&f);
	assert_int_equal(data_bytes, 300 * 1000 - 65535);
	h2_end(&f);
}

TEST(a_client_that_gives_no_window_gives_its_stream_up)
{
	struct fixture f = { .options = http_server_defaults };
	f.options.write_timeout_ns = 1000 * NS_PER_MS;
	h2_begin_with(&f, handle_later, NULL);
	say_text(&f, PREFACE);
	add_setting(4, 0);
	add_head(1, END_STREAM, GET_HEAD);
	send_frames(&f);
	write_many(respond_streaming(&f, 0), 1000);
	settle(&f);
	expect_heard(&f, "HEADERS 1 :status=200" H2_DATE "\n");
	pass_ms(&f, 900);
	expect_heard(&f, "");
	pass_ms(&f, 1200);
	expect_heard(&f, "RST 1 8\n");
	assert_true(f.handled[0].x->gone);
	h2_end(&f);
}

TEST(a_response_that_nobody_writes_is_not_the_clients_fault)
{
	struct fixture f = { .options = http_server_defaults };
	f.options.write_timeout_ns = 1000 * NS_PER_MS;
	h2_begin_with(&f, handle_later, NULL);
	say_text(&f, PREFACE);
	add(SETTINGS, 0, 0, STR(""));
	add_head(1, END_STREAM, GET_HEAD);
	send_frames(&f);
	struct body *body = respond_streaming(&f, 0);
	settle(&f);
	heard(&f);
	pass_ms(&f, 5000);
	body_write(body, STR("late"));
	body_end(body);
	settle(&f);
	expect_heard(&f, "DATA 1 late END\n");
	h2_end(&f);
}

TEST(a_body_that_nobody_reads_is_not_sent_on)
{
	enum { WINDOW = 128 * 1024 };
	struct fixture f;
	static char bytes[16 * 1024];
	h2_begin(&f, handle_later);
	add_head(1, 0, POST_HEAD);
	for (int i = 0; i < WINDOW / (int)sizeof bytes; i++)
		add(DATA, 0, 1, (struct str){ bytes, sizeof bytes });
	send_frames(&f);
	struct body *body = f.handled[0].x->request.body;
	heard(&f);
	assert_int_equal(window_given, 0);
	assert_int_equal(body->buffered, WINDOW);
	struct str some;
	while (body_peek(body, &some) == BODY_DATA)
		body_consume(body, some.len);
	settle(&f);
	heard(&f);
	assert_int_equal(window_given, WINDOW);
	for (int i = 0; i <= WINDOW / (int)sizeof bytes; i++)
		add(DATA, 0, 1, (struct str){ bytes, sizeof bytes });
	send_frames(&f);                                           /* more than it may */
	assert_true(str_find(heard(&f), STR(" 3\n")) != STR_NONE); /* FLOW_CONTROL_ERROR */
	assert_true(body->buffered <= WINDOW + (int)sizeof bytes);
	h2_end(&f);
}

TEST(a_body_that_was_abandoned_is_drunk_up)
{
	struct fixture f;
	static char bytes[16 * 1024];
	h2_begin(&f, handle_later);
	add_head(1, 0, POST_HEAD);
	send_frames(&f);
	body_abandon(f.handled[0].x->request.body);
	for (int i = 0; i < 64; i++) {
		add(DATA, 0, 1, (struct str){ bytes, sizeof bytes });
		send_frames(&f);
	}
	heard(&f);
	assert_true(window_given > 800 * 1000);
	h2_end(&f);
}

/* ---- time ---- */

TEST(a_reader_does_not_wait_for_ever)
{
	struct fixture f = { .options = http_server_defaults };
	f.options.body_timeout_ns = 1000 * NS_PER_MS;
	h2_begin_with(&f, handle_dump, NULL);
	say_text(&f, PREFACE);
	add(SETTINGS, 0, 0, STR(""));
	add_head(1, 0, POST_HEAD);
	add(DATA, 0, 1, STR("hel"));
	send_frames(&f);
	pass_ms(&f, 900);
	add(DATA, 0, 1, STR("lo"));
	send_frames(&f);
	pass_ms(&f, 900);
	expect_heard(&f, "");
	pass_ms(&f, 1100);
	assert_true(str_find(heard(&f), STR("||hello||failed 3")) != STR_NONE);
	h2_end(&f);
}

TEST(a_head_that_does_not_end_ends_the_connection)
{
	struct fixture f = { .options = http_server_defaults };
	f.options.head_timeout_ns = 1000 * NS_PER_MS;
	h2_begin_with(&f, handle_dump, NULL);
	say_text(&f, PREFACE);
	add(SETTINGS, 0, 0, STR(""));
	add(HEADERS, END_STREAM, 1, STR("\202"));
	send_frames(&f);
	pass_ms(&f, 500);
	add(CONTINUATION, 0, 1, STR("\206"));
	send_frames(&f);
	pass_ms(&f, 600);
	expect_heard(&f, "GOAWAY 1 11\n");
	assert_true(f.client.ended);
	assert_int_equal(f.exchanges, 0);
	h2_end(&f);
}

TEST(a_preface_that_does_not_end_ends_the_connection)
{
	struct fixture f = { .options = http_server_defaults };
	f.options.head_timeout_ns = 1000 * NS_PER_MS;
	h2_begin_with(&f, handle_dump, NULL);
	say_text(&f, "PRI * HTTP/2.0\r\n\r\nSM");
	pass_ms(&f, 2000);
	expect_heard(&f, "GOAWAY 0 11\n");
	assert_true(f.client.ended);
	h2_end(&f);
}

TEST(a_connection_without_streams_is_closed_after_a_while)
{
	struct fixture f = { .options = http_server_defaults };
	f.options.idle_timeout_ns = 1000 * NS_PER_MS;
	h2_begin_with(&f, handle_dump, NULL);
	say_text(&f, PREFACE);
	add(SETTINGS, 0, 0, STR(""));
	add_head(1, END_STREAM, GET_HEAD);
	send_frames(&f);
	heard(&f);
	pass_ms(&f, 900);
	assert_false(f.client.ended);
	get(&f, 3);
	heard(&f);
	pass_ms(&f, 900);
	assert_false(f.client.ended);
	pass_ms(&f, 1000);
	expect_heard(&f, "GOAWAY 3 0\n");
	assert_true(f.client.ended);
	h2_end(&f);
}

/* ---- the end ---- */

TEST(stopping_lets_streams_end_and_takes_no_more)
{
	struct fixture f;
	bool stopped = false;
	h2_begin(&f, handle_later);
	get(&f, 1);
	http_server_stop(f.server, &stopped);
	settle(&f);
	expect_heard(&f, "GOAWAY 2147483647 0\nPING\n");
	get(&f, 3); /* was under way */
	add(PING, ACK, 0, STR("\0\0\0\0\0\0\0\0"));
	send_frames(&f);
	expect_heard(&f, "GOAWAY 3 0\n");
	get(&f, 5);
	assert_int_equal(f.exchanges, 2);
	assert_false(stopped);
	for (size_t i = 0; i < 2; i++) {
		respond_text(f.handled[i].x, &f.loop, 200, STR("bye"));
		exchange_release(take(f.handled[i].x));
	}
	settle(&f);
	assert_true(str_find(heard(&f), STR("DATA 3 bye END\n")) != STR_NONE);
	assert_true(f.client.ended);
	disconnect_client(&f);
	assert_true(stopped);
	h2_end(&f);
}

TEST(a_client_that_does_not_answer_the_ping_does_not_hold_a_stop_up)
{
	struct fixture f;
	bool stopped = false;
	h2_begin(&f, handle_later);
	get(&f, 1);
	http_server_stop(f.server, &stopped);
	settle(&f);
	heard(&f);
	pass_ms(&f, 1100);
	expect_heard(&f, "GOAWAY 1 0\n");
	h2_end(&f);
}

TEST(an_idle_connection_is_closed_by_a_stop)
{
	struct fixture f;
	bool stopped = false;
	h2_begin(&f, handle_later);
	http_server_stop(f.server, &stopped);
	settle(&f);
	expect_heard(&f, "GOAWAY 0 0\n");
	assert_true(f.client.ended);
	disconnect_client(&f);
	assert_true(stopped);
	h2_end(&f);
}

TEST(a_client_that_goes_away_is_told_to_who_works_for_it)
{
	struct fixture f;
	h2_begin(&f, handle_later);
	add_head(1, END_STREAM, GET_HEAD);
	add_head(3, 0, POST_HEAD);
	add_head(5, END_STREAM, GET_HEAD);
	add_number(RST_STREAM, 5, 8);
	send_frames(&f);
	assert_false(f.handled[0].x->gone);
	assert_true(f.handled[2].x->gone);
	client_hang_up(&f.client, false);
	settle(&f);
	assert_true(f.handled[0].x->gone);
	assert_true(f.handled[1].x->gone);
	assert_int_equal(body_why(f.handled[1].x->request.body), BODY_FAILURE_INCOMPLETE);
	h2_end(&f);
}

TEST(a_server_can_be_destroyed_while_streams_are_open)
{
	struct fixture f;
	h2_begin(&f, handle_later);
	get(&f, 1);
	get(&f, 3);
	write_many(respond_streaming(&f, 0), 100 * 1000);
	http_server_destroy(&f.server);
	assert_true(f.handled[0].x->gone && f.handled[1].x->gone);
	h2_end(&f);
}

/* ---- clients that mean ill ---- */

TEST(streams_that_are_opened_and_reset_end_the_connection)
{
	struct fixture f;
	h2_begin(&f, handle_dump);
	for (uint32_t id = 1; id < 2 * FLOOD && !f.client.ended; id += 2) {
		add_head(id, 0, POST_HEAD);
		add_number(RST_STREAM, id, 8);
		send_frames(&f);
		f.exchanges = 0;
		for (size_t i = 0; i < EXCHANGES_MAX; i++) {
			watcher_stop(&f.handled[i].watcher);
			if (f.handled[i].x)
				exchange_release(take(f.handled[i].x));
		}
		if (id > 2000)
			break;
	}
	pass_ms(&f, 100);
	assert_true(f.client.ended);
	assert_true(str_find(heard(&f), STR(" 11\n")) != STR_NONE);
	h2_end(&f);
}

/* As libcurl 7.88 does with each of its requests. */
TEST(streams_that_were_answered_may_be_reset)
{
	struct fixture f;
	h2_begin(&f, handle_dump);
	for (uint32_t id = 1; id < 4000; id += 2) {
		add_head(id, END_STREAM, GET_HEAD);
		send_frames(&f);
		add_number(RST_STREAM, id, 0);
		send_frames(&f);
		f.exchanges = 0;
	}
	pass_ms(&f, 100);
	assert_false(f.client.ended);
	h2_end(&f);
}

static void flood(uint8_t type, uint8_t flags, uint32_t stream, struct str payload)
{
	struct fixture f;
	h2_begin(&f, handle_later);
	add_head(1, 0, POST_HEAD);
	send_frames(&f);
	for (int i = 0; i < FLOOD && !f.client.ended && !f.client.written_badly; i++) {
		add(type, flags, stream, payload);
		if (i % 100 == 99)
			send_frames(&f);
	}
	pass_ms(&f, 3000);
	assert_true(f.client.ended);
	assert_true(str_find(heard(&f), STR("GOAWAY 1 11\n")) != STR_NONE);
	h2_end(&f);
}

TEST(a_flood_of_pings_ends_the_connection)
{
	flood(PING, 0, 0, STR("12345678"));
}

TEST(a_flood_of_settings_ends_the_connection)
{
	flood(SETTINGS, 0, 0, STR(""));
}

TEST(a_flood_of_priorities_ends_the_connection)
{
	flood(PRIORITY, 0, 1, STR("\0\0\0\0\1"));
}

TEST(a_flood_of_empty_data_ends_the_connection)
{
	flood(DATA, 0, 1, STR(""));
}

TEST(a_client_that_pings_at_leisure_is_borne)
{
	struct fixture f;
	h2_begin(&f, handle_later);
	for (int i = 0; i < 3000; i++) {
		add(PING, 0, 0, STR("12345678"));
		send_frames(&f);
		pass_ms(&f, 10);
	}
	assert_false(f.client.ended);
	h2_end(&f);
}

TEST(answers_that_nobody_takes_end_the_connection)
{
	struct fixture f;
	h2_begin(&f, handle_later);
	f.client.sips = true;
	for (int i = 0; i < 100 && !f.client.written_badly; i++) {
		for (int k = 0; k < 100; k++)
			add(PING, 0, 0, STR("12345678"));
		send_frames(&f);
	}
	stream_read_start(f.client.stream, &f.client.reader);
	f.client.sips = false;
	pass_ms(&f, 3000);
	assert_true(f.client.ended);
	h2_end(&f);
}

TEST(heads_that_go_on_for_ever_end_the_connection)
{
	struct fixture f;
	struct buf b = BUF_INIT(1024 * 1024);
	h2_begin(&f, handle_later);
	add(HEADERS, END_STREAM, 1, STR("\202"));
	for (int i = 0; i < FLOOD && !f.client.ended && !f.client.written_badly; i++) {
		buf_reset(&b);
		literal(&b, "x", STR("y"));
		add(CONTINUATION, 0, 1, buf_str(&b));
		send_frames(&f);
	}
	pass_ms(&f, 3000);
	assert_true(f.client.ended);
	assert_true(str_find(heard(&f), STR("GOAWAY 1 11\n")) != STR_NONE);
	assert_int_equal(f.exchanges, 0);
	buf_fini(&b);
	h2_end(&f);
}

TEST(a_head_that_unfolds_to_more_than_it_may_is_refused_or_the_end)
{
	struct fixture f;
	static char value[4000], indexed[16 * 1024 - 4200];
	struct buf b = BUF_INIT(1024 * 1024);
	memset(value, 'v', sizeof value);
	memset(indexed, '\276', sizeof indexed); /* the newest entry of the table */
	h2_begin(&f, handle_later);
	block(&b, GET_HEAD);
	buf_add(&b, STR("\100\1x")); /* into the table */
	add_length(&b, sizeof value);
	buf_add(&b, (struct str){ value, sizeof value });
	buf_add(&b, (struct str){ indexed, 60 });
	add(HEADERS, END_STREAM | END_HEADERS, 1, buf_str(&b));
	send_frames(&f);
	expect_heard(&f, "HEADERS 1 :status=431;content-length=0" H2_DATE " END\n");
	buf_reset(&b);
	block(&b, GET_HEAD);
	buf_add(&b, (struct str){ indexed, sizeof indexed }); /* some 48 MB */
	add(HEADERS, END_STREAM | END_HEADERS, 3, buf_str(&b));
	send_frames(&f);
	pass_ms(&f, 3000);
	assert_true(str_find(heard(&f), STR(" 11\n")) != STR_NONE);
	assert_true(f.client.ended);
	assert_int_equal(f.exchanges, 0);
	buf_fini(&b);
	h2_end(&f);
}

TEST(windows_that_overflow_are_an_error)
{
	struct fixture f;
	h2_begin(&f, handle_later);
	get(&f, 1);
	add_number(WINDOW_UPDATE, 1, 0x7fffffff);
	send_frames(&f);
	expect_heard(&f, "RST 1 3\n");
	add_number(WINDOW_UPDATE, 0, 0x7fffffff);
	send_frames(&f);
	assert_true(str_find(heard(&f), STR("GOAWAY 1 3\n")) != STR_NONE);
	h2_end(&f);
}

TEST(what_only_begins_like_http2_is_refused)
{
	struct fixture f;
	set_up(&f, handle_dump);
	say_text(&f, "PRI * HTTP/2.0\r\nHost: a\r\n\r\n");
	assert_true(str_starts(buf_str(&f.client.got), STR("HTTP/1.1 400 ")));
	tear_down(&f);
	set_up(&f, handle_dump);
	say_text(&f, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	buf_reset(&f.client.got);
	say_text(&f, PREFACE); /* not behind another request */
	assert_true(str_starts(buf_str(&f.client.got), STR("HTTP/1.1 400 ")));
	tear_down(&f);
}

TEST(an_upgrade_from_http1_is_not_taken)
{
	struct fixture f;
	set_up(&f, handle_dump);
	say_text(&f, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
		     "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
	assert_true(str_starts(buf_str(&f.client.got), STR("HTTP/1.1 200 OK\r\n")));
	tear_down(&f);
}
