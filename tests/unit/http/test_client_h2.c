/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Origins that speak HTTP/2, over TLS where it is offered and in the clear where it is known; our own
 * server is one.
 */
#include <uv.h>

#include "support/test.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "http/client.h"
#include "http/server.h"
#include "net/tls.h"
#include "support/identity.h"

enum { GIVE_UP_S = 10, EXCHANGES = 64 };

struct fixture {
	struct clock *clock;
	struct loop loop;
	struct http_client *client;
	struct http_server *origin;
	struct tls_context *tls;
	struct identity authority, leaf;
	struct http_target target;
	struct arena arena;
	struct exchange *seen[EXCHANGES];
	size_t count;
	bool keeps; /* exchanges, for the test to answer */
};

static void answer(struct fixture *f, struct exchange *x, const char *text)
{
	struct http_response r = { .status = 200, .body = body_new(&f->loop) };
	body_write(r.body, str_from(text));
	body_end(r.body);
	exchange_respond(x, &r, false);
}

static void handle(void *data, struct exchange *x)
{
	struct fixture *f = data;
	assert_true(f->count < EXCHANGES);
	f->seen[f->count++] = x;
	if (!f->keeps)
		answer(f, x, x->request.version == HTTP_2 ? "over 2" : "over 1");
}

static void begin(struct fixture *f, bool tls, bool http2_only)
{
	struct error e;
	struct http_server_options o = http_server_defaults;
	*f = (struct fixture){ .clock = clock_system_new() };
	loop_init(&f->loop, f->clock);
	f->client = http_client_curl_new(&f->loop, NULL, &e);
	identity_make(&f->authority, NULL, NULL);
	identity_make(&f->leaf, "DNS:origin.example,IP:127.0.0.1", &f->authority);
	struct tls_server_options t = { .certificate_name = "certificate",
					.key_name = "key",
					.certificate_pem = str_from(f->leaf.certificate_pem),
					.key_pem = str_from(f->leaf.key_pem),
					.now_s = (uint64_t)time(NULL) };
	if (tls && !tls_server_context_new(&f->tls, &t, &e))
		fail_msg("%s", e.text);
	o.tls = f->tls;
	o.handle = handle;
	o.data = f;
	assert_true(http_server_listen(&f->origin, &f->loop, "127.0.0.1", 0, &o, &e));
	f->target = (struct http_target){ .scheme = tls ? STR("https") : STR("http"),
					  .host = STR("127.0.0.1"),
					  .port = http_server_port(f->origin),
					  .ca_pem = str_from(f->authority.certificate_pem),
					  .http2 = http2_only,
					  .use_sni = true,
					  .tls_min = TLS_ANY,
					  .tls_max = TLS_ANY };
}

static void end(struct fixture *f)
{
	bool never = false;
	for (size_t i = 0; i < f->count; i++)
		if (f->seen[i])
			exchange_release(f->seen[i]);
	http_client_destroy(&f->client);
	http_server_destroy(&f->origin);
	tls_context_unref(&f->tls);
	do
		loop_run(&f->loop, &never, clock_monotonic(f->clock) + NS_PER_MS);
	while (!list_empty(&f->loop.ready));
	loop_fini(&f->loop);
	clock_destroy(&f->clock);
	identity_free(&f->authority);
	identity_free(&f->leaf);
	arena_fini(&f->arena);
}

static void turn(struct fixture *f)
{
	bool never = false;
	loop_run(&f->loop, &never, clock_monotonic(f->clock) + NS_PER_MS);
}

#define WAIT_UNTIL(f, condition)                                      \
	for (int turn_ = 0; !(condition); turn_++) {                  \
		if (turn_ == GIVE_UP_S * 1000)                        \
			fail_msg("it never came to: %s", #condition); \
		turn(f);                                              \
	}

static struct fetch *ask(struct fixture *f, const char *method, struct body *body)
{
	struct http_request r = { .method = str_from(method), .body = body, .version = HTTP_1_1 };
	headers_add(&r.headers, &f->arena, STR("Host"), STR("any.example"));
	headers_add(&r.headers, &f->arena, STR("X-Case"), STR("kept"));
	headers_add(&r.headers, &f->arena, STR("TE"), STR("trailers"));
	return http_client_send(f->client, &f->target, STR("/a?b"), &r);
}

/* What has come of the body. */
static enum body_state drink(struct body *b, struct buf *out)
{
	struct str bytes;
	enum body_state state;
	while ((state = body_peek(b, &bytes)) == BODY_DATA) {
		buf_add(out, bytes);
		body_consume(b, bytes.len);
	}
	return state;
}

static void expect_answer(struct fixture *f, struct fetch *fetch, const char *text)
{
	struct buf got = BUF_INIT(1024 * 1024);
	WAIT_UNTIL(f, fetch->settled);
	if (fetch->error != FETCH_OK)
		fail_msg("%s: " STR_FMT, fetch_error_name(fetch->error), STR_ARG(fetch->error_text));
	WAIT_UNTIL(f, drink(fetch->response.body, &got) == BODY_ENDED);
	assert_str(buf_str(&got), text);
	buf_fini(&got);
}

TEST(http2_is_spoken_where_tls_offers_it)
{
	struct fixture f;
	begin(&f, true, false);
	for (int i = 0; i < 3; i++) {
		struct fetch *fetch = ask(&f, "GET", NULL);
		expect_answer(&f, fetch, "over 2");
		assert_int_equal(fetch->response.version, HTTP_2);
		fetch_unref(&fetch);
	}
	assert_int_equal(http_server_connections(f.origin), 1); /* used again */
	const struct http_request *r = &f.seen[0]->request;
	assert_str(r->uri, "https://any.example/a?b");
	assert_str(headers_get(&r->headers, STR("x-case")), "kept");
	assert_str(headers_get(&r->headers, STR("te")), "trailers");
	assert_str(f.seen[0]->tls->alpn, "h2");
	end(&f);
}

TEST(in_the_clear_http1_is_spoken_unless_http2_is_known)
{
	struct fixture f;
	begin(&f, false, false);
	struct fetch *fetch = ask(&f, "GET", NULL);
	expect_answer(&f, fetch, "over 1");
	fetch_unref(&fetch);
	end(&f);
	begin(&f, false, true);
	fetch = ask(&f, "GET", NULL);
	expect_answer(&f, fetch, "over 2");
	fetch_unref(&fetch);
	end(&f);
}

static void ask_many(bool tls)
{
	struct fixture f;
	struct fetch *fetches[20];
	begin(&f, tls, true);
	f.keeps = true;
	for (size_t i = 0; i < COUNT_OF(fetches); i++)
		fetches[i] = ask(&f, "GET", NULL);
	WAIT_UNTIL(&f, f.count == COUNT_OF(fetches));
	if (tls) /* in the clear libcurl has to be new enough */
		assert_int_equal(http_server_connections(f.origin), 1);
	for (size_t i = COUNT_OF(fetches); i-- > 0;) /* in another order */
		answer(&f, f.seen[i], "shared");
	for (size_t i = 0; i < COUNT_OF(fetches); i++) {
		expect_answer(&f, fetches[i], "shared");
		fetch_unref(&fetches[i]);
	}
	end(&f);
}

TEST(requests_at_once_share_a_connection)
{
	ask_many(true);
	ask_many(false);
}

TEST(a_grpc_call_streams_both_ways_and_ends_with_trailers)
{
	struct fixture f;
	struct buf up = BUF_INIT(1024), down = BUF_INIT(1024);
	begin(&f, false, true);
	f.keeps = true;
	struct body *request = body_new(&f.loop);
	request->streaming = true;
	body_write(request, STR("ping"));
	struct fetch *fetch = ask(&f, "POST", request);
	WAIT_UNTIL(&f, f.count == 1);
	struct exchange *x = f.seen[0];
	WAIT_UNTIL(&f, (drink(x->request.body, &up), up.len == 4));
	struct http_response r = { .status = 200, .body = body_new(&f.loop) };
	struct body *response = body_ref(r.body);
	response->streaming = true;
	exchange_respond(x, &r, false);
	WAIT_UNTIL(&f, fetch->settled); /* the head, while the request goes on */
	assert_int_equal(fetch->error, FETCH_OK);
	body_write(response, STR("pong"));
	WAIT_UNTIL(&f, (drink(fetch->response.body, &down), down.len == 4));
	body_write(request, STR("PING"));
	WAIT_UNTIL(&f, (drink(x->request.body, &up), up.len == 8));
	body_end(request);
	WAIT_UNTIL(&f, drink(x->request.body, &up) == BODY_ENDED);
	body_write(response, STR("PONG"));
	body_trailer_add(response, STR("grpc-status"), STR("0"));
	body_end(response);
	WAIT_UNTIL(&f, drink(fetch->response.body, &down) == BODY_ENDED);
	assert_str(buf_str(&up), "pingPING");
	assert_str(buf_str(&down), "pongPONG");
	assert_str(headers_get(&fetch->response.body->trailers, STR("grpc-status")), "0");
	body_unref(&request);
	body_unref(&response);
	fetch_unref(&fetch);
	buf_fini(&up);
	buf_fini(&down);
	end(&f);
}

/* Whoever sends it on can do so as the single head that it is. */
TEST(a_grpc_call_that_fails_at_once_has_ended_with_its_head)
{
	struct fixture f;
	begin(&f, false, true);
	f.keeps = true;
	struct fetch *fetch = ask(&f, "POST", NULL);
	WAIT_UNTIL(&f, f.count == 1);
	struct exchange *x = f.seen[0];
	struct http_response r = { .status = 200, .body = body_new(&f.loop) };
	headers_add(&r.headers, &f.arena, STR("grpc-status"), STR("9"));
	body_end(r.body);
	exchange_respond(x, &r, false);
	WAIT_UNTIL(&f, fetch->settled);
	assert_int_equal(fetch->error, FETCH_OK);
	assert_true(fetch->response.body->ended);
	fetch_unref(&fetch);
	end(&f);
}

/* An answer of a known length that comes while the request goes on: it does not wait for the rest of that. */
TEST(an_answer_that_ends_first_ends)
{
	struct fixture f;
	begin(&f, false, true);
	f.keeps = true;
	struct body *request = body_new(&f.loop);
	request->streaming = true;
	body_write(request, STR("ping"));
	struct fetch *fetch = ask(&f, "POST", request);
	WAIT_UNTIL(&f, f.count == 1);
	answer(&f, f.seen[0], "no");
	expect_answer(&f, fetch, "no");
	WAIT_UNTIL(&f, body_abandoned(request));
	body_unref(&request);
	fetch_unref(&fetch);
	end(&f);
}

TEST(a_promised_length_is_announced_and_kept)
{
	struct fixture f;
	struct buf up = BUF_INIT(1024);
	begin(&f, false, true);
	f.keeps = true;
	struct body *request = body_new(&f.loop);
	request->streaming = true;
	body_promise(request, 4);
	struct fetch *fetch = ask(&f, "POST", request);
	WAIT_UNTIL(&f, f.count == 1);
	assert_str(headers_get(&f.seen[0]->request.headers, STR("content-length")), "4");
	body_write(request, STR("pingpong"));
	WAIT_UNTIL(&f, drink(f.seen[0]->request.body, &up) == BODY_ENDED);
	assert_str(buf_str(&up), "ping");
	answer(&f, f.seen[0], "pong");
	expect_answer(&f, fetch, "pong");
	body_unref(&request);
	fetch_unref(&fetch);
	buf_fini(&up);
	end(&f);
}

TEST(a_body_shorter_than_promised_resets_the_stream)
{
	struct fixture f;
	struct buf up = BUF_INIT(1024);
	begin(&f, false, true);
	f.keeps = true;
	struct body *request = body_new(&f.loop);
	request->streaming = true;
	body_promise(request, 4);
	body_write(request, STR("pin"));
	struct fetch *fetch = ask(&f, "POST", request);
	WAIT_UNTIL(&f, f.count == 1);
	body_end(request);
	WAIT_UNTIL(&f, fetch->settled);
	assert_int_equal(fetch->error, FETCH_CONNECTION_TERMINATED);
	WAIT_UNTIL(&f, drink(f.seen[0]->request.body, &up) == BODY_FAILED);
	body_unref(&request);
	fetch_unref(&fetch);
	buf_fini(&up);
	end(&f);
}

TEST(a_stream_that_is_reset_is_an_incomplete_body)
{
	struct fixture f;
	struct buf down = BUF_INIT(1024);
	begin(&f, true, false);
	f.keeps = true;
	struct fetch *fetch = ask(&f, "GET", NULL);
	WAIT_UNTIL(&f, f.count == 1);
	struct http_response r = { .status = 200, .body = body_new(&f.loop) };
	struct body *response = body_ref(r.body);
	response->streaming = true;
	body_write(response, STR("half"));
	exchange_respond(f.seen[0], &r, false);
	WAIT_UNTIL(&f, fetch->settled);
	WAIT_UNTIL(&f, (drink(fetch->response.body, &down), down.len == 4));
	body_fail(response, BODY_FAILURE_ABANDONED);
	WAIT_UNTIL(&f, drink(fetch->response.body, &down) == BODY_FAILED);
	assert_int_equal(body_why(fetch->response.body), BODY_FAILURE_INCOMPLETE);
	body_unref(&response);
	fetch_unref(&fetch);
	buf_fini(&down);
	end(&f);
}

TEST(a_stream_that_is_reset_before_its_head_is_an_error_of_http2)
{
	struct fixture f;
	begin(&f, false, true);
	f.keeps = true;
	struct fetch *fetch = ask(&f, "GET", NULL);
	WAIT_UNTIL(&f, f.count == 1);
	exchange_abort(f.seen[0]);
	WAIT_UNTIL(&f, fetch->settled);
	assert_int_equal(fetch->error, FETCH_H2_ERROR);
	fetch_unref(&fetch);
	struct body *request = body_new(&f.loop); /* and the connection is as good as before */
	request->streaming = true;
	body_write(request, STR("ping"));
	fetch = ask(&f, "POST", request);
	WAIT_UNTIL(&f, f.count == 2 || fetch->settled);
	if (fetch->settled)
		fail_msg("%s: " STR_FMT, fetch_error_name(fetch->error), STR_ARG(fetch->error_text));
	answer(&f, f.seen[1], "fine");
	expect_answer(&f, fetch, "fine");
	body_unref(&request);
	fetch_unref(&fetch);
	end(&f);
}

TEST(a_big_body_goes_both_ways_with_back_pressure)
{
	enum { BYTES = 3 * 1000 * 1000 };
	struct fixture f;
	struct buf up = BUF_INIT(2 * BYTES), down = BUF_INIT(2 * BYTES);
	char *bytes = malloc(BYTES);
	memset(bytes, 'x', BYTES);
	begin(&f, true, false);
	f.keeps = true;
	struct body *request = body_new(&f.loop);
	body_write(request, (struct str){ bytes, BYTES });
	body_end(request);
	struct fetch *fetch = ask(&f, "PUT", request);
	WAIT_UNTIL(&f, f.count == 1);
	for (int i = 0; i < 50; i++)
		turn(&f);
	assert_true(f.seen[0]->request.body->buffered <= 256 * 1024); /* nobody has read */
	assert_str(headers_get(&f.seen[0]->request.headers, STR("content-length")), "3000000");
	WAIT_UNTIL(&f, drink(f.seen[0]->request.body, &up) == BODY_ENDED);
	assert_int_equal(up.len, BYTES);
	struct http_response r = { .status = 200, .body = body_new(&f.loop) };
	body_write(r.body, (struct str){ bytes, BYTES });
	body_end(r.body);
	exchange_respond(f.seen[0], &r, false);
	WAIT_UNTIL(&f, fetch->settled);
	for (int i = 0; i < 50; i++)
		turn(&f);
	assert_true(fetch->response.body->buffered <= 1024 * 1024);
	WAIT_UNTIL(&f, drink(fetch->response.body, &down) == BODY_ENDED);
	assert_int_equal(down.len, BYTES);
	body_unref(&request);
	fetch_unref(&fetch);
	buf_fini(&up);
	buf_fini(&down);
	free(bytes);
	end(&f);
}
