/* SPDX-License-Identifier: Apache-2.0 */
/* What the server understands, what it refuses, and that it does not matter how the bytes arrive. */
#include <stdlib.h>

#include "server_fixture.h"

#define REFUSED(status) \
	"HTTP/1.1 " status "\r\ncontent-length: 0\r\nconnection: close\r\n" DATE "\r\n<closed>"
#define CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

/* What the client says, and what the handler was told: once, or in two exchanges. */
struct dialogue {
	const char *says, *told[2];
};

/* The whole answer of handle_dump(). */
static void add_answer(struct buf *out, const char *version, const char *more, const char *text)
{
	if (text)
		buf_printf(out, "%s 200 OK\r\ncontent-length: %zu\r\n%s" DATE "\r\n%s", version, strlen(text),
			   more, text);
}

static void check_answer(struct str says, const struct buf *expected)
{
	size_t exchanges;
	char *got = answer_to(says, NULL, 0, &exchanges);
	bool same = str_eq(str_from(got), buf_str(expected));
	if (!same)
		print_error("to: " STR_FMT "\nis: %s\n", STR_ARG(says), got);
	free(got);
	assert_true(same);
}

static void same_in_pieces(struct str input)
{
	size_t exchanges, other;
	char *whole = answer_to(input, NULL, 0, &exchanges);
	for (size_t at = 1; at < input.len; at++) {
		char *split = answer_to(input, NULL, at, &other);
		if (strcmp(whole, split) != 0)
			print_error("split at %zu: " STR_FMT "\n", at, STR_ARG(input));
		assert_str(str_from(split), whole);
		assert_int_equal(exchanges, other);
		free(split);
	}
	struct fault_options by_bytes[] = { FAULT_OPTIONS_INIT, FAULT_OPTIONS_INIT, FAULT_OPTIONS_INIT };
	by_bytes[0].read.piece_bytes = 1;
	by_bytes[1].write.piece_bytes = 1;
	by_bytes[2].read.piece_bytes = 3;
	by_bytes[2].write.piece_bytes = 7;
	by_bytes[2].read.delay_ns = by_bytes[2].write.delay_ns = 1;
	for (size_t i = 0; i < COUNT_OF(by_bytes); i++) {
		char *pieces = answer_to(input, &by_bytes[i], 0, &other);
		assert_str(str_from(pieces), whole);
		assert_int_equal(exchanges, other);
		free(pieces);
	}
	free(whole);
}

static void check(const struct dialogue *d, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct buf expected = BUF_INIT(4096);
		add_answer(&expected, "HTTP/1.1", "", d[i].told[0]);
		add_answer(&expected, "HTTP/1.1", "", d[i].told[1]);
		check_answer(str_from(d[i].says), &expected);
		buf_fini(&expected);
	}
}

static const struct dialogue good[] = {
	{ "GET /p?q HTTP/1.1\r\nHost: a.example:80\r\nX-Y: z\r\n\r\n",
	  { "GET http://a.example:80/p?q 1.1|Host=a.example:80;X-Y=z;||" } },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
	  { "POST http://a/ 1.1|Host=a;Content-Length=3;|abc|" } },
	{ CHUNKED "3\r\nabc\r\nA \t;x=y;z=\"1\"\r\n0123456789\r\n000\r\n\r\n",
	  { "POST http://a/ 1.1|Host=a;Transfer-Encoding=chunked;|abc0123456789|" } },
	{ CHUNKED "1\r\nx\r\n0\r\nX-T: 1\r\nx-u:\t2 \r\n\r\n",
	  { "POST http://a/ 1.1|Host=a;Transfer-Encoding=chunked;|x|X-T=1;x-u=2;" } },
	{ "FROB /x HTTP/1.1\r\nhOsT: a\r\n\r\n", { "FROB http://a/x 1.1|hOsT=a;||" } },
	{ "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", { "OPTIONS http://a 1.1|Host=a;||" } },
	{ "GET http://b.example/p HTTP/1.1\r\nHost: a\r\n\r\n", { "GET http://a/p 1.1|Host=a;||" } },
	{ "GET https://b.example/p HTTP/1.1\r\n\r\n", { "GET https://b.example/p 1.1|||" } },
	{ "GET http://b.example?q HTTP/1.1\r\nHost: a\r\n\r\n", { "GET http://a/?q 1.1|Host=a;||" } },
	{ "GET /a#fragment HTTP/1.1\r\nHost: a\r\n\r\n", { "GET http://a/a 1.1|Host=a;||" } },
	{ "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", { "GET http://[::1]:80/ 1.1|Host=[::1]:80;||" } },
	{ "GET /{\"a\":[1|2]}?{}^`\\ HTTP/1.1\r\nHost: a\r\n\r\n",
	  { "GET http://a/{\"a\":[1|2]}?{}^`\\ 1.1|Host=a;||" } },
	{ "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", { "GET http://a/\xc3\xa4 1.1|Host=a;||" } },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX:\r\nY: \xff\t \r\n\r\n",
	  { "GET http://a/ 1.1|Host=a;X=;Y=\xff;||" } },
	{ "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
	  { "GET http://a/ 1.1|Host=a;Upgrade=websocket;Connection=Upgrade;||" } },
	{ "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
	  { "GET http://a/1 1.1|Host=a;||", "GET http://a/2 1.1|Host=a;||" } },
	{ CHUNKED "1\r\nx\r\n0\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
	  { "POST http://a/ 1.1|Host=a;Transfer-Encoding=chunked;|x|", "GET http://a/2 1.1|Host=a;||" } },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxyGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
	  { "POST http://a/ 1.1|Host=a;Content-Length=2;|xy|", "GET http://a/2 1.1|Host=a;||" } },
};

static const struct dialogue lenient[] = {
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
	  { "POST http://a/ 1.1|Host=a;Transfer-Encoding=chunked;|abc|" } },
	{ "POST / HTTP/1.1\r\nHost: a\r\n"
	  "Transfer-Encoding: gzip, Chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
	  { "POST http://a/ 1.1|Host=a;Transfer-Encoding=gzip, Chunked;||" } },
	{ "\r\n\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", { "GET http://a/ 1.1|Host=a;||" } },
	{ "POST / HTTP/1.1\nHost: a\nContent-Length: 2\n\nxy",
	  { "POST http://a/ 1.1|Host=a;Content-Length=2;|xy|" } },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nX: y\r\ncontent-length:  2\r\n\r\nxy",
	  { "POST http://a/ 1.1|Host=a;Content-Length=2;X=y;|xy|" } },
	{ CHUNKED "1\r\nx\r\n0\r\nA: b\n\n",
	  { "POST http://a/ 1.1|Host=a;Transfer-Encoding=chunked;|x|A=b;" } },
};

/* Each must be answered so, whatever else the connection has sent. */
static const struct {
	const char *says, *status;
} refused[] = {
	{ "GARBAGE\r\n\r\n", "400 Bad Request" },
	{ "GET /\r\n\r\n", "400 Bad Request" },
	{ "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "400 Bad Request" },
	{ "GET / http/1.1\r\nHost: a\r\n\r\n", "400 Bad Request" },
	{ "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request" },
	{ "\x16\x03\x01\x02", "400 Bad Request" }, /* TLS on a plain port: before any line has ended */
	{ " GET / HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request" },
	{ "GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request" },
	{ "GET a.example HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request" },
	{ "GET *x HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request" },
	{ "GET http:///p HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request" },
	{ "GET http://u@b/ HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request" },
	{ "GET /<x> HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request" },
	{ "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request" },
	{ "GET /\xc3 HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX\x80: y\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX: a\x01\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX: a\x7f\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", "400 Bad Request" }, /* folded */
	{ "GET / HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", "400 Bad Request" }, /* a bare CR */
	{ "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\rHost: a\r\r", NULL },
	{ "GET / HTTP/1.1\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost:\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 1\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n", "400 Bad Request" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551617\r\n\r\n", "400 Bad Request" },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
	  "400 Bad Request" },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "400 Bad Request" },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", "400 Bad Request" },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n",
	  "400 Bad Request" },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", "400 Bad Request" },
	{ "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 Bad Request" },
};

/* Behind CHUNKED; the handler sees the body fail, answers, and the connection ends. */
static const struct {
	const char *says, *body;
} bad_chunks[] = {
	{ "zz\r\nabc\r\n", "" },
	{ "\r\n3\r\nabc\r\n", "" },
	{ "-3\r\nabc\r\n", "" },
	{ "+3\r\nabc\r\n", "" },
	{ "0x3\r\nabc\r\n", "" },
	{ "3 3\r\nabc\r\n", "" },
	{ "fffffffffffffffff\r\nabc\r\n", "" },
	{ "3\nabc\r\n", "" },          /* a bare LF between chunks */
	{ "3\rabc\r\n0\r\n\r\n", "" }, /* a bare CR */
	{ "3;a\rb\r\nabc\r\n0\r\n\r\n", "" },
	{ "3\r\r\nabc\r\n0\r\n\r\n", "" },
	{ "3\r\nabcd\r\n0\r\n\r\n", "abc" },
	{ "3\r\nabc0\r\n\r\n", "abc" },
	{ "3\r\nabc\rX0\r\n\r\n", "abc" },
	{ "3\r\nabc\n0\r\n\r\n", "abc" },
	{ "1\r\nx\r\n0\r\nBad Name: x\r\n\r\n", "x" },
	{ "1\r\nx\r\n0\r\nX: a\rb\r\n\r\n", "x" },
	{ "1\r\nx\r\n0\r\nX: a\r\n b\r\n\r\n", "x" },
	{ "1\r\nx\r\n0\r\nno colon\r\n\r\n", "x" },
};

TEST(good_requests_arrive_whole)
{
	check(good, COUNT_OF(good));
}

TEST(what_servers_of_the_field_bear_is_borne)
{
	check(lenient, COUNT_OF(lenient));
}

TEST(what_is_no_request_is_refused_and_the_connection_ends)
{
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		char expected[256] = "";
		size_t exchanges;
		char *got = answer_to(str_from(refused[i].says), NULL, 0, &exchanges);
		if (refused[i].status)
			snprintf(expected, sizeof expected, REFUSED("%s"), refused[i].status);
		if (strcmp(got, expected) != 0)
			print_error("to: %s\n", refused[i].says);
		assert_str(str_from(got), expected);
		assert_int_equal(exchanges, 0);
		free(got);
	}
}

TEST(what_is_refused_behind_a_request_waits_for_the_answer_to_that)
{
	struct buf expected = BUF_INIT(4096);
	add_answer(&expected, "HTTP/1.1", "", "GET http://a/ 1.1|Host=a;||");
	buf_add(&expected, STR(REFUSED("400 Bad Request")));
	check_answer(STR("GET / HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n"), &expected);
	same_in_pieces(STR("GET / HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n"));
	buf_fini(&expected);
}

TEST(a_nul_is_refused_wherever_it_stands)
{
	static const char input[] = "GET /abc HTTP/1.1\r\nHost: abc\r\nX-Y: abc\r\n\r\n";
	for (size_t i = 0; i < sizeof input - 5; i++) {
		char with_nul[sizeof input];
		size_t exchanges;
		memcpy(with_nul, input, sizeof input);
		with_nul[i] = '\0';
		char *got = answer_to((struct str){ with_nul, sizeof input - 1 }, NULL, 0, &exchanges);
		assert_int_equal(exchanges, 0);
		assert_true(strcmp(got, REFUSED("400 Bad Request")) == 0 || strcmp(got, "<closed>") == 0 ||
			    with_nul[i + 1] == '\n' || input[i] == '\n');
		free(got);
	}
}

TEST(chunks_that_are_none_fail_the_body_and_end_the_connection)
{
	for (size_t i = 0; i < COUNT_OF(bad_chunks); i++) {
		struct buf expected = BUF_INIT(4096);
		char input[256], told[256];
		snprintf(input, sizeof input, CHUNKED "%s", bad_chunks[i].says);
		snprintf(told, sizeof told,
			 "POST http://a/ 1.1|Host=a;Transfer-Encoding=chunked;|%s||failed %d",
			 bad_chunks[i].body, BODY_FAILURE_PROTOCOL);
		add_answer(&expected, "HTTP/1.1", "connection: close\r\n", told);
		buf_add(&expected, STR("<closed>"));
		check_answer(str_from(input), &expected);
		buf_fini(&expected);
	}
}

/* ---- however the bytes arrive ---- */

TEST(good_requests_may_come_in_any_pieces)
{
	for (size_t i = 0; i < COUNT_OF(good); i++)
		same_in_pieces(str_from(good[i].says));
	for (size_t i = 0; i < COUNT_OF(lenient); i++)
		same_in_pieces(str_from(lenient[i].says));
}

TEST(bad_requests_are_refused_in_any_pieces)
{
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		same_in_pieces(str_from(refused[i].says));
}

TEST(bad_chunks_fail_in_any_pieces)
{
	for (size_t i = 0; i < COUNT_OF(bad_chunks); i++) {
		char input[256];
		snprintf(input, sizeof input, CHUNKED "%s", bad_chunks[i].says);
		same_in_pieces(str_from(input));
	}
}

/* ---- HTTP/1.0 ---- */

TEST(an_older_client_is_answered_in_its_version)
{
	static const struct {
		const char *says, *more, *told, *end;
	} old[] = {
		{ "GET / HTTP/1.0\r\n\r\n", "", "GET http://localhost/ 1.0|||", "<closed>" },
		{ "GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n", "connection: keep-alive\r\n",
		  "GET http://a/ 1.0|Host=a;Connection=Keep-Alive;||", "" },
		{ "POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy", "",
		  "POST http://a/ 1.0|Host=a;Content-Length=2;|xy|", "<closed>" },
	};
	for (size_t i = 0; i < COUNT_OF(old); i++) {
		struct buf expected = BUF_INIT(4096);
		add_answer(&expected, "HTTP/1.0", old[i].more, old[i].told);
		buf_add(&expected, str_from(old[i].end));
		check_answer(str_from(old[i].says), &expected);
		buf_fini(&expected);
	}
}

/* ---- limits ---- */

static char *long_request(size_t path, size_t fields, size_t value)
{
	struct buf b = BUF_INIT(4 * 1024 * 1024);
	buf_add(&b, STR("GET /"));
	for (size_t i = 0; i < path; i++)
		buf_add_char(&b, 'p');
	buf_add(&b, STR(" HTTP/1.1\r\nHost: a\r\n"));
	for (size_t i = 0; i < fields; i++)
		buf_printf(&b, "x%zu: %0*d\r\n", i, (int)value, 0);
	buf_add(&b, STR("\r\n"));
	return b.ptr;
}

static void expect_status(char *request, const char *status, bool handled)
{
	size_t exchanges;
	char *got = answer_to(str_from(request), NULL, 0, &exchanges);
	assert_int_equal(exchanges, handled);
	assert_true(strncmp(got, status, strlen(status)) == 0);
	assert_int_equal(strstr(got, "<closed>") != NULL, !handled);
	free(got);
	mem_free(request);
}

TEST(heads_have_limits)
{
	expect_status(long_request(1, 99, 1), "HTTP/1.1 200 ", true); /* and Host */
	expect_status(long_request(1, 100, 1), "HTTP/1.1 431 ", false);
	expect_status(long_request(65533, 0, 1), "HTTP/1.1 200 ", true);
	expect_status(long_request(65534, 0, 1), "HTTP/1.1 414 ", false);
	expect_status(long_request(200 * 1024, 0, 1), "HTTP/1.1 414 ", false);
	expect_status(long_request(1, 1, 120 * 1024), "HTTP/1.1 200 ", true);
	expect_status(long_request(1, 1, 200 * 1024), "HTTP/1.1 431 ", false);
	expect_status(long_request(1, 90, 10 * 1024), "HTTP/1.1 431 ", false);
}

TEST(chunk_extensions_and_trailers_have_limits)
{
	struct fixture f;
	struct buf b = BUF_INIT(1024 * 1024);
	set_up(&f, handle_dump);
	say_text(&f, CHUNKED "1;");
	for (int i = 0; i < 5000; i++)
		buf_add_char(&b, 'x');
	say(&f, buf_str(&b));
	assert_non_null(strstr(f.client.got.ptr, "|failed"));
	tear_down(&f);

	buf_reset(&b);
	buf_add(&b, STR(CHUNKED "0\r\n"));
	for (int i = 0; i < 101; i++)
		buf_printf(&b, "x%d: y\r\n", i);
	set_up(&f, handle_dump);
	say(&f, buf_str(&b));
	assert_non_null(strstr(f.client.got.ptr, "|failed"));
	tear_down(&f);
	buf_fini(&b);
}
