/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of HTTP/2 and the responses to them, frame by frame. */
#include "h2_client.h"
#include "http/uri.h"

#define H2_DATE ";date=Thu, 01 Jan 1970 00:00:00 GMT;"

/* ---- what reaches the handler ---- */

TEST(a_request_is_handed_over_and_answered)
{
	struct fixture f;
	h2_begin(&f, handle_dump);
	add_head(1, END_STREAM, ":method=GET;:scheme=http;:path=/a?b=c;:authority=a.example:81;x-one=1");
	send_frames(&f);
	expect_heard(&f, "HEADERS 1 :status=200;content-length=42" H2_DATE "\n"
			 "DATA 1 GET http://a.example:81/a?b=c 2|x-one=1;|| END\n");
	h2_end(&f);
}

TEST(a_body_and_its_trailers_are_handed_over)
{
	struct fixture f;
	h2_begin(&f, handle_dump);
	add_head(1, 0, POST_HEAD);
	add(DATA, 0, 1, STR("hel"));
	add(DATA, PADDED, 1, STR("\2lo\0\0"));
	add_head(1, END_STREAM, "x-sum=5");
	send_frames(&f);
	expect_heard(&f, "HEADERS 1 :status=200;content-length=40" H2_DATE "\n"
			 "DATA 1 POST http://a.example/ 2||hello|x-sum=5; END\n");
	h2_end(&f);
}

TEST(it_does_not_matter_in_what_pieces_bytes_come)
{
	struct fault_options o = FAULT_OPTIONS_INIT;
	for (size_t piece = 1; piece < 40; piece += 7) {
		struct fixture f = { .options = http_server_defaults };
		o.read.piece_bytes = o.write.piece_bytes = piece;
		h2_begin_with(&f, handle_dump, &o);
		buf_add(&frames, STR(PREFACE));
		add(SETTINGS, 0, 0, STR(""));
		add_head(1, 0, POST_HEAD);
		add(DATA, END_STREAM, 1, STR("hello"));
		send_frames(&f);
		expect_heard(&f, "HEADERS 1 :status=200;content-length=32" H2_DATE "\n"
				 "DATA 1 POST http://a.example/ 2||hello| END\n");
		h2_end(&f);
	}
}

TEST(the_pieces_of_a_cookie_are_one_field)
{
	struct fixture f;
	h2_begin(&f, handle_later);
	add_head(1, END_STREAM, GET_HEAD ";cookie=a=1;x-in-between=y;cookie=b=2;cookie=c=3");
	send_frames(&f);
	const struct headers *h = &f.handled[0].x->request.headers;
	assert_int_equal(h->count, 2);
	assert_str(headers_get(h, STR("cookie")), "a=1; b=2; c=3");
	assert_str(h->at[0].name, "cookie");
	h2_end(&f);
}

TEST(host_stands_for_the_authority_and_must_not_contradict_it)
{
	struct fixture f;
	h2_begin(&f, handle_dump);
	add_head(1, END_STREAM, ":method=GET;:scheme=https;:path=/;host=h.example");
	send_frames(&f);
	expect_heard(&f, "HEADERS 1 :status=200;content-length=42" H2_DATE "\n"
			 "DATA 1 GET https://h.example/ 2|host=h.example;|| END\n");
	add_head(3, END_STREAM, GET_HEAD ";host=b.example");
	send_frames(&f);
	expect_heard(&f, "HEADERS 3 :status=400;content-length=0" H2_DATE " END\n");
	h2_end(&f);
}

TEST(an_asterisk_is_the_server_as_a_whole)
{
	struct fixture f;
	h2_begin(&f, handle_dump);
	add_head(1, END_STREAM, ":method=OPTIONS;:scheme=http;:path=*;:authority=a.example");
	send_frames(&f);
	expect_heard(&f, "HEADERS 1 :status=200;content-length=29" H2_DATE "\n"
			 "DATA 1 OPTIONS http://a.example 2||| END\n");
	h2_end(&f);
}

/* ---- what does not ---- */

TEST(what_breaks_the_protocol_is_reset)
{
	static const char *const heads[] = {
		GET_HEAD ";connection=close",
		GET_HEAD ";transfer-encoding=chunked",
		GET_HEAD ";te=gzip",
		GET_HEAD ";X-Upper=1",
		":method=GET;:scheme=http;:path=/",
		":method=GET;:scheme=http;:authority=a",
		"x=1;" GET_HEAD,
		GET_HEAD ";:path=/b",
		GET_HEAD ";:unknown=1",
		GET_HEAD ";bad name=1",
		GET_HEAD ";proxy-connection=close",
		GET_HEAD ";keep-alive=1",
		GET_HEAD ";content-length=1",
		GET_HEAD ";content-length=nine",
		GET_HEAD ";upgrade=h2c",
	};
	for (size_t i = 0; i < COUNT_OF(heads); i++) {
		struct fixture f;
		h2_begin(&f, handle_dump);
		add_head(1, END_STREAM, heads[i]);
		send_frames(&f);
		expect_heard(&f, "RST 1 1\n");
		assert_int_equal(f.exchanges, 0);
		get(&f, 3); /* the connection goes on */
		assert_true(str_starts(heard(&f), STR("HEADERS 3 :status=200")));
		h2_end(&f);
	}
}

TEST(a_body_of_another_length_than_was_said_fails)
{
	struct fixture f;
	h2_begin(&f, handle_dump);
	add_head(1, 0, POST_HEAD ";content-length=9");
	add(DATA, END_STREAM, 1, STR("hello"));
	send_frames(&f);
	expect_heard(&f, "RST 1 1\n");
	assert_int_equal(f.handled[0].why, BODY_FAILURE_INCOMPLETE);
	h2_end(&f);
}

TEST(heads_and_targets_have_limits)
{
	struct fixture f;
	struct buf b = BUF_INIT(1024 * 1024);
	static char path[URI_BYTES_MAX + 1];
	h2_begin(&f, handle_dump);
	for (int i = 0; i <= 100; i++)
		literal(&b, "x", STR("y"));
	struct buf whole = BUF_INIT(1024 * 1024);
	block(&whole, GET_HEAD);
	buf_add(&whole, buf_str(&b));
	add(HEADERS, END_STREAM | END_HEADERS, 1, buf_str(&whole));
	memset(path, 'x', sizeof path);
	path[0] = '/';
	buf_reset(&whole);
	block(&whole, ":method=GET;:scheme=http;:authority=a");
	literal(&whole, ":path", (struct str){ path, sizeof path });
	struct str all = buf_str(&whole);
	add(HEADERS, END_STREAM, 3, str_sub(all, 0, 16384));
	for (size_t at = 16384; at < all.len; at += 16384)
		add(CONTINUATION, at + 16384 >= all.len ? END_HEADERS : 0, 3, str_sub(all, at, 16384));
	send_frames(&f);
	expect_heard(&f, "HEADERS 1 :status=431;content-length=0" H2_DATE " END\n"
			 "HEADERS 3 :status=414;content-length=0" H2_DATE " END\n");
	assert_int_equal(f.exchanges, 0);
	buf_fini(&b);
	buf_fini(&whole);
	h2_end(&f);
}

TEST(more_streams_than_are_allowed_are_refused)
{
	struct fixture f = { .options = http_server_defaults };
	f.options.streams_max = 2;
	h2_begin_with(&f, handle_later, NULL);
	say_text(&f, PREFACE);
	add(SETTINGS, 0, 0, STR(""));
	for (uint32_t id = 1; id < 7; id += 2)
		add_head(id, END_STREAM, GET_HEAD);
	send_frames(&f);
	expect_heard(&f, "RST 5 7\n");
	assert_int_equal(f.exchanges, 2);
	h2_end(&f);
}

/* ---- responses ---- */

static void handle_no_body(void *data, struct exchange *x)
{
	struct http_response r = { .status = 304 };
	note(data, x);
	headers_add(&r.headers, x->arena, STR("ETag"), STR("\"1\""));
	headers_add(&r.headers, x->arena, STR("Connection"), STR("close"));
	headers_add(&r.headers, x->arena, STR("Keep-Alive"), STR("1"));
	headers_add(&r.headers, x->arena, STR("Transfer-Encoding"), STR("chunked"));
	headers_add(&r.headers, x->arena, STR("DATE"), STR("now"));
	headers_add(&r.headers, x->arena, STR("bad name"), STR("x"));
	exchange_respond(x, &r, false);
}

TEST(names_go_out_in_lower_case_and_what_concerns_a_connection_does_not)
{
	struct fixture f;
	h2_begin(&f, handle_no_body);
	get(&f, 1);
	expect_heard(&f, "HEADERS 1 :status=304;etag=\"1\";date=now; END\n");
	h2_end(&f);
}

TEST(head_is_answered_without_a_body)
{
	struct fixture f;
	h2_begin(&f, handle_dump);
	add_head(1, END_STREAM, ":method=HEAD;:scheme=http;:path=/;:authority=a");
	send_frames(&f);
	expect_heard(&f, "HEADERS 1 :status=200;content-length=19" H2_DATE " END\n");
	h2_end(&f);
}

TEST(a_body_that_goes_on_is_sent_as_it_comes_then_its_trailers)
{
	struct fixture f;
	h2_begin(&f, handle_later);
	get(&f, 1);
	struct exchange *x = f.handled[0].x;
	struct http_response r = { .status = 200, .body = body_new(&f.loop) };
	struct body *body = body_ref(r.body);
	body->streaming = true;
	exchange_respond(x, &r, false);
	settle(&f);
	expect_heard(&f, "HEADERS 1 :status=200" H2_DATE "\n");
	body_write(body, STR("one"));
	settle(&f);
	expect_heard(&f, "DATA 1 one\n");
	body_write(body, STR("two"));
	body_trailer_add(body, STR("Grpc-Status"), STR("0"));
	body_end(body);
	body_unref(&body);
	settle(&f);
	expect_heard(&f, "DATA 1 two\nHEADERS 1 grpc-status=0; END\n");
	assert_false(x->gone);
	h2_end(&f);
}

static void respond_with(struct fixture *f, const char *length, const char *text, bool keep_framing,
			 bool fails)
{
	struct exchange *x = f->handled[f->exchanges - 1].x;
	struct http_response r = { .status = 200, .body = body_new(&f->loop) };
	r.body->streaming = true;
	if (length)
		headers_add(&r.headers, x->arena, STR("Content-Length"), str_from(length));
	body_write(r.body, str_from(text));
	if (fails)
		body_fail(r.body, BODY_FAILURE_ABANDONED);
	else
		body_end(r.body);
	exchange_respond(x, &r, keep_framing);
	settle(f);
}

TEST(a_promised_length_is_kept_or_the_stream_is_reset)
{
	struct fixture f;
	h2_begin(&f, handle_later);
	get(&f, 1);
	respond_with(&f, "3", "hello", true, false);
	expect_heard(&f, "HEADERS 1 :status=200;content-length=3" H2_DATE "\nDATA 1 hel END\n");
	get(&f, 3);
	respond_with(&f, "9", "hello", true, false);
	assert_true(str_ends(heard(&f), STR("DATA 3 hello\nRST 3 2\n")));
	get(&f, 5);
	respond_with(&f, "9", "hello", false, false); /* the handler's length does not count */
	expect_heard(&f, "HEADERS 5 :status=200;content-length=5" H2_DATE "\nDATA 5 hello END\n");
	h2_end(&f);
}

TEST(a_body_that_fails_resets_its_stream_alone)
{
	struct fixture f;
	h2_begin(&f, handle_later);
	get(&f, 1);
	respond_with(&f, NULL, "hel", false, true);
	assert_true(str_ends(heard(&f), STR("DATA 1 hel\nRST 1 2\n")));
	get(&f, 3);
	exchange_abort(f.handled[1].x);
	settle(&f);
	expect_heard(&f, "RST 3 2\n");
	get(&f, 5);
	respond_with(&f, NULL, "fine", false, false);
	assert_true(str_ends(heard(&f), STR("DATA 5 fine END\n")));
	h2_end(&f);
}

TEST(interim_responses_come_before_the_response)
{
	struct fixture f;
	struct headers hints = { 0 };
	h2_begin(&f, handle_later);
	get(&f, 1);
	struct exchange *x = f.handled[0].x;
	headers_add(&hints, x->arena, STR("Link"), STR("</a.css>"));
	exchange_inform(x, 103, &hints);
	exchange_inform(x, 101, &hints);
	settle(&f);
	expect_heard(&f, "HEADERS 1 :status=103;link=</a.css>;\n");
	respond_with(&f, NULL, "done", false, false);
	exchange_inform(x, 103, &hints);
	assert_true(str_ends(heard(&f), STR("DATA 1 done END\n")));
	h2_end(&f);
}

TEST(a_client_that_waits_to_send_its_body_is_told_to_once_it_is_read)
{
	struct fixture f;
	h2_begin(&f, handle_dump);
	add_head(1, 0, POST_HEAD ";expect=100-continue");
	send_frames(&f);
	expect_heard(&f, "HEADERS 1 :status=100;\n");
	add(DATA, END_STREAM, 1, STR("x"));
	send_frames(&f);
	assert_true(str_ends(heard(&f), STR("expect=100-continue;|x| END\n")));
	h2_end(&f);
}

TEST(who_is_answered_before_the_body_is_sent_is_told_to_stop)
{
	struct fixture f;
	h2_begin(&f, handle_later);
	add_head(1, 0, POST_HEAD);
	send_frames(&f);
	respond_with(&f, NULL, "no", false, false);
	assert_true(str_ends(heard(&f), STR("DATA 1 no END\n")));
	exchange_release(take(f.handled[0].x));
	settle(&f);
	expect_heard(&f, "RST 1 0\n");
	h2_end(&f);
}

/* ---- what is known of the client ---- */

TEST(the_first_frames_are_a_fingerprint)
{
	struct fixture f = { .options = http_server_defaults };
	h2_begin_with(&f, handle_later, NULL);
	say_text(&f, PREFACE);
	add(SETTINGS, 0, 0, STR("\0\1\0\1\0\0\0\4\0\2\0\0\0\5\0\0\100\0"));
	add_number(WINDOW_UPDATE, 0, 12517377);
	add(PRIORITY, 0, 3, STR("\0\0\0\0\310"));
	add(PRIORITY, 0, 5, STR("\200\0\0\3\144"));
	add_head(7, END_STREAM, ":method=GET;:path=/;:authority=a;:scheme=http");
	add_number(WINDOW_UPDATE, 0, 5);
	add_head(9, END_STREAM, ":path=/;:authority=a;:scheme=http;:method=GET");
	send_frames(&f);
	for (size_t i = 0; i < 2; i++)
		assert_str(f.handled[i].x->h2_fingerprint,
			   "1:65536;4:131072;5:16384|12517377|3:0:0:201,5:1:3:101|m,p,a,s");
	h2_end(&f);
}

TEST(a_client_that_says_little_has_a_fingerprint_too)
{
	struct fixture f;
	h2_begin(&f, handle_later);
	get(&f, 1);
	assert_str(f.handled[0].x->h2_fingerprint, "|00|0|m,s,p,a");
	h2_end(&f);
}
