/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens in an answer's body, and before it, by the world's clock; sequences, expectations and calls.
 */
#include <stdio.h>
#include <string.h>

#include "support/test.h"
#include "world/origin_ask.h"
#include "world/origins.h"

struct setup {
	struct clock *clock;
	uint64_t began_ns;
	struct loop loop;
	struct backend *backend;
	struct origins *origins;
	struct origin_rule *rule; /* not added yet, or the origins' */
};

/* One rule with a body of ten bytes. */
static void begin(struct setup *s)
{
	s->clock = clock_virtual_new(0);
	s->began_ns = clock_monotonic(s->clock);
	loop_init(&s->loop, s->clock);
	s->backend = backend_new(STR("api"));
	s->origins = origins_rules_new(NULL);
	s->rule = origin_rule_new();
	s->rule->answer.body = blob_new(STR("0123456789"));
}

static void end(struct setup *s)
{
	bool never = false;
	origins_destroy(&s->origins);
	loop_run(&s->loop, &never, UINT64_MAX);
	backend_unref(&s->backend);
	loop_fini(&s->loop);
	clock_destroy(&s->clock);
}

static void step(struct setup *s, enum origin_step_kind kind, uint64_t at, uint64_t bytes, uint64_t ms)
{
	origin_answer_step(s->rule, &s->rule->answer,
			   (struct origin_step){ kind, at, bytes, ms * NS_PER_MS });
}

static struct fetch *ask_with(struct setup *s, const char *method, struct body *body)
{
	struct http_request request = { .method = str_from(method), .uri = STR("http://a/"), .body = body };
	return origins_send(s->origins, s->backend, STR("/"), &request, &s->loop);
}

static struct fetch *ask(struct setup *s)
{
	return ask_with(s, "GET", NULL);
}

/* ---- a reader that writes down when it got what ---- */

struct reader {
	struct loop *loop;
	uint64_t began_ns;
	struct body *body;
	struct watcher readable;
	bool done;
	char text[512];
};

static void note(struct reader *r, const char *what, struct str bytes)
{
	size_t len = strlen(r->text);
	snprintf(r->text + len, sizeof r->text - len, "%s%llu %s" STR_FMT, len ? ", " : "",
		 (unsigned long long)((clock_monotonic(r->loop->clock) - r->began_ns) / NS_PER_MS), what,
		 STR_ARG(bytes));
}

static void readable(struct task *t)
{
	struct reader *r = container_of(t, struct reader, readable.task);
	static const char *const whys[] = {
		"none", "abandoned", "incomplete", "timeout", "protocol", "limit"
	};
	for (;;) {
		struct str bytes;
		switch (body_peek(r->body, &bytes)) {
		case BODY_DATA:
			note(r, "", bytes);
			body_consume(r->body, bytes.len);
			continue;
		case BODY_WAIT:
			watcher_start(&r->readable, &r->body->readable, readable);
			return;
		case BODY_ENDED:
			note(r, "end", STR(""));
			break;
		case BODY_FAILED:
			note(r, whys[body_why(r->body)], STR(""));
			break;
		}
		r->done = true;
		return;
	}
}

/* What came of a body, with the milliseconds at which it came. */
static void assert_comes(struct setup *s, const char *expected)
{
	origins_rules_add(s->origins, s->rule);
	struct fetch *f = ask(s);
	if (!f->settled)
		assert_int_equal(loop_run(&s->loop, &f->settled, UINT64_MAX), LOOP_DONE);
	assert_int_equal(f->error, FETCH_OK);
	struct reader r = { .loop = &s->loop, .began_ns = s->began_ns, .body = take(f->response.body) };
	readable(&r.readable.task);
	if (!r.done)
		assert_int_equal(loop_run(&s->loop, &r.done, UINT64_MAX), LOOP_DONE);
	assert_string_equal(r.text, expected);
	body_unref(&r.body);
	fetch_unref(&f);
	end(s);
}

#define SCRIPT(promise, expected)                      \
	static void script_##promise(struct setup *s); \
	TEST(promise)                                  \
	{                                              \
		struct setup s;                        \
		begin(&s);                             \
		script_##promise(&s);                  \
		assert_comes(&s, expected);            \
	}                                              \
	static void script_##promise(struct setup *s)

SCRIPT(without_steps_all_is_there_at_once, "0 0123456789, 0 end")
{
	(void)s;
}

SCRIPT(a_pause_stands_behind_so_many_bytes, "0 012, 5000 3456789, 5000 end")
{
	step(s, ORIGIN_PAUSE, 3, 0, 5000);
}

SCRIPT(a_reset_lets_through_what_came_before, "0 0123, 0 incomplete")
{
	step(s, ORIGIN_RESET_AT, 4, 0, 0);
}

SCRIPT(a_reset_at_byte_0_leaves_the_head, "0 incomplete")
{
	step(s, ORIGIN_RESET_AT, 0, 0, 0);
}

SCRIPT(a_truncated_body_is_incomplete, "0 012345678, 0 incomplete")
{
	step(s, ORIGIN_TRUNCATE, 9, 0, 0);
}

SCRIPT(a_bad_chunk_breaks_the_protocol, "0 01, 0 protocol")
{
	step(s, ORIGIN_BAD_CHUNK, 2, 0, 0);
}

SCRIPT(a_stall_ends_with_fastlys_own_time_out, "0 01, 10000 timeout")
{
	step(s, ORIGIN_STALL, 2, 0, 0);
}

SCRIPT(a_stall_ends_with_the_backends_time_out, "0 01, 2500 timeout")
{
	s->backend->target.between_bytes_timeout_ns = 2500 * NS_PER_MS;
	step(s, ORIGIN_STALL, 2, 0, 0);
}

SCRIPT(a_pause_as_long_as_the_time_between_bytes_is_a_time_out, "0 01, 1999 23, 3999 timeout")
{
	s->backend->target.between_bytes_timeout_ns = 2000 * NS_PER_MS;
	step(s, ORIGIN_PAUSE, 2, 0, 1999);
	step(s, ORIGIN_PAUSE, 4, 0, 2000);
}

SCRIPT(pauses_at_one_place_add_up, "0 01, 2000 timeout")
{
	s->backend->target.between_bytes_timeout_ns = 2000 * NS_PER_MS;
	step(s, ORIGIN_PAUSE, 2, 0, 1500);
	step(s, ORIGIN_PAUSE, 2, 0, 1500);
}

SCRIPT(the_time_between_bytes_counts_from_the_head_on, "4000 timeout")
{
	s->backend->target.between_bytes_timeout_ns = NS_PER_S;
	s->rule->answer.delay_ns = 3 * NS_PER_S;
	step(s, ORIGIN_PAUSE, 0, 0, 1000);
}

SCRIPT(a_drip_comes_piece_by_piece, "0 0123, 100 4567, 200 89, 200 end")
{
	step(s, ORIGIN_DRIP, 0, 4, 100);
}

SCRIPT(a_drip_begins_anywhere_and_goes_on_to_the_fault, "0 0123, 100 45, 100 incomplete")
{
	step(s, ORIGIN_DRIP, 2, 2, 100);
	step(s, ORIGIN_RESET_AT, 6, 0, 0);
}

SCRIPT(a_drip_may_be_too_slow, "0 0, 1000 timeout")
{
	s->backend->target.between_bytes_timeout_ns = NS_PER_S;
	step(s, ORIGIN_DRIP, 0, 1, 1000);
}

SCRIPT(steps_behind_the_end_are_at_the_end, "0 0123456789, 500 incomplete")
{
	step(s, ORIGIN_PAUSE, 1000, 0, 500);
	step(s, ORIGIN_RESET_AT, 1000, 0, 0);
}

TEST(a_body_that_is_played_says_its_length_unless_it_is_chunked)
{
	struct setup s;
	begin(&s);
	step(&s, ORIGIN_TRUNCATE, 4, 0, 0);
	origins_rules_add(s.origins, s.rule);
	struct fetch *f = ask(&s);
	assert_str(headers_get(&f->response.headers, STR("content-length")), "10");
	fetch_unref(&f);
	s.rule = origin_rule_new();
	step(&s, ORIGIN_BAD_CHUNK, 0, 0, 0);
	origins_rules_add(s.origins, s.rule);
	f = ask(&s);
	assert_false(headers_has(&f->response.headers, STR("content-length")));
	uint64_t len;
	assert_false(body_known_length(f->response.body, &len));
	fetch_unref(&f);
	end(&s);
}

TEST(a_head_request_has_no_body_to_play)
{
	struct setup s;
	begin(&s);
	step(&s, ORIGIN_RESET_AT, 4, 0, 0);
	origins_rules_add(s.origins, s.rule);
	struct fetch *f = ask_with(&s, "HEAD", NULL);
	struct str bytes;
	assert_int_equal(body_peek(f->response.body, &bytes), BODY_ENDED);
	assert_str(headers_get(&f->response.headers, STR("content-length")), "10");
	fetch_unref(&f);
	end(&s);
}

TEST(trailers_come_at_the_end)
{
	struct setup s;
	begin(&s);
	step(&s, ORIGIN_PAUSE, 3, 0, 5);
	headers_add(&s.rule->answer.trailers, &s.rule->arena, STR("X-Sum"), STR("45"));
	origins_rules_add(s.origins, s.rule);
	struct fetch *f = ask(&s);
	struct reader r = { .loop = &s.loop, .began_ns = s.began_ns, .body = f->response.body };
	readable(&r.readable.task);
	assert_int_equal(loop_run(&s.loop, &r.done, UINT64_MAX), LOOP_DONE);
	assert_str(headers_get(&f->response.body->trailers, STR("x-sum")), "45");
	fetch_unref(&f);
	end(&s);
}

TEST(a_reader_that_goes_stops_the_script)
{
	struct setup s;
	begin(&s);
	step(&s, ORIGIN_DRIP, 0, 1, 1000);
	origins_rules_add(s.origins, s.rule);
	struct fetch *f = ask(&s);
	fetch_unref(&f);
	assert_int_equal(s.loop.timers, 0);
	end(&s);
}

TEST(a_reader_with_a_limit_stops_the_script)
{
	struct setup s;
	begin(&s);
	step(&s, ORIGIN_DRIP, 0, 4, 1000);
	origins_rules_add(s.origins, s.rule);
	struct fetch *f = ask(&s);
	bool never = false;
	f->response.body->limit = 6;
	loop_run(&s.loop, &never, UINT64_MAX);
	assert_int_equal(body_why(f->response.body), BODY_FAILURE_LIMIT);
	assert_int_equal(clock_monotonic(s.clock) - s.began_ns, NS_PER_S);
	fetch_unref(&f);
	end(&s);
}

TEST(origins_that_go_abandon_bodies_that_are_not_over)
{
	struct setup s;
	begin(&s);
	step(&s, ORIGIN_PAUSE, 5, 0, 1000);
	origins_rules_add(s.origins, s.rule);
	struct fetch *f = ask(&s);
	origins_destroy(&s.origins);
	assert_int_equal(body_why(f->response.body), BODY_FAILURE_ABANDONED);
	fetch_unref(&f);
	end(&s);
}

/* ---- faults ---- */

TEST(every_fault_has_its_error_and_its_time)
{
	static const struct {
		enum origin_fault fault;
		enum fetch_error error;
		uint64_t connect_ms, first_ms, delay_ms, after_ms;
	} rows[] = {
		{ ORIGIN_REFUSE, FETCH_CONNECTION_REFUSED, 0, 0, 0, 0 },
		{ ORIGIN_DNS_ERROR, FETCH_DNS_ERROR, 0, 0, 20, 20 },
		{ ORIGIN_DNS_TIMEOUT, FETCH_DNS_TIMEOUT, 0, 0, 0, 1000 },
		{ ORIGIN_DNS_TIMEOUT, FETCH_DNS_TIMEOUT, 300, 0, 0, 300 },
		{ ORIGIN_UNROUTABLE, FETCH_DESTINATION_IP_UNROUTABLE, 0, 0, 0, 0 },
		{ ORIGIN_UNAVAILABLE, FETCH_DESTINATION_UNAVAILABLE, 0, 0, 0, 0 },
		{ ORIGIN_CONNECTION_LIMIT, FETCH_CONNECTION_LIMIT_REACHED, 0, 0, 0, 0 },
		{ ORIGIN_CONNECT_TIMEOUT, FETCH_CONNECTION_TIMEOUT, 0, 0, 0, 1000 },
		{ ORIGIN_CONNECT_TIMEOUT, FETCH_CONNECTION_TIMEOUT, 2000, 0, 0, 2000 },
		{ ORIGIN_CONNECT_TIMEOUT, FETCH_HTTP_RESPONSE_TIMEOUT, 2000, 1500, 0, 1500 },
		{ ORIGIN_REFUSE, FETCH_CONNECTION_TIMEOUT, 500, 0, 500, 500 },
		{ ORIGIN_TLS_CERTIFICATE, FETCH_TLS_CERTIFICATE_ERROR, 0, 0, 0, 0 },
		{ ORIGIN_TLS_CONFIGURATION, FETCH_TLS_CONFIGURATION_ERROR, 0, 0, 0, 0 },
		{ ORIGIN_TLS_ALERT, FETCH_TLS_ALERT_RECEIVED, 0, 0, 0, 0 },
		{ ORIGIN_TLS_PROTOCOL, FETCH_TLS_PROTOCOL_ERROR, 0, 0, 0, 0 },
		{ ORIGIN_RESET, FETCH_CONNECTION_TERMINATED, 500, 0, 900, 900 },
		{ ORIGIN_TIMEOUT, FETCH_HTTP_RESPONSE_TIMEOUT, 0, 0, 0, 15000 },
		{ ORIGIN_TIMEOUT, FETCH_HTTP_RESPONSE_TIMEOUT, 0, 700, 0, 700 },
		{ ORIGIN_INCOMPLETE, FETCH_HTTP_INCOMPLETE_RESPONSE, 0, 0, 0, 0 },
		{ ORIGIN_HEADERS_TOO_LARGE, FETCH_HTTP_RESPONSE_HEADER_SECTION_TOO_LARGE, 0, 0, 0, 0 },
		{ ORIGIN_BAD_STATUS, FETCH_HTTP_RESPONSE_STATUS_INVALID, 0, 0, 0, 0 },
		{ ORIGIN_BAD_HTTP, FETCH_HTTP_PROTOCOL_ERROR, 0, 0, 0, 0 },
		{ ORIGIN_HTTP2_ERROR, FETCH_H2_ERROR, 0, 0, 0, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct setup s;
		begin(&s);
		s.backend->target.connect_timeout_ns = rows[i].connect_ms * NS_PER_MS;
		s.backend->target.first_byte_timeout_ns = rows[i].first_ms * NS_PER_MS;
		s.rule->answer.fault = rows[i].fault;
		s.rule->answer.delay_ns = rows[i].delay_ms * NS_PER_MS;
		origins_rules_add(s.origins, s.rule);
		struct fetch *f = ask(&s);
		if (!f->settled)
			assert_int_equal(loop_run(&s.loop, &f->settled, UINT64_MAX), LOOP_DONE);
		if (f->error != rows[i].error ||
		    clock_monotonic(s.clock) - s.began_ns != rows[i].after_ms * NS_PER_MS)
			fail_msg("row %zu: %s", i, fetch_error_name(f->error));
		fetch_unref(&f);
		end(&s);
	}
}

/* ---- sequences ---- */

static unsigned status_of(struct setup *s)
{
	struct fetch *f = ask(s);
	unsigned status = f->error == FETCH_OK ? f->response.status : 1000 + (unsigned)f->error;
	fetch_unref(&f);
	return status;
}

TEST(a_sequence_gives_one_answer_after_the_other_and_the_last_for_ever)
{
	struct setup s;
	begin(&s);
	s.rule->answer.status = 503;
	origin_rule_then(s.rule)->fault = ORIGIN_REFUSE;
	origin_rule_then(s.rule)->status = 201;
	origins_rules_add(s.origins, s.rule);
	assert_int_equal(status_of(&s), 503);
	assert_int_equal(status_of(&s), 1000 + FETCH_CONNECTION_REFUSED);
	assert_int_equal(status_of(&s), 201);
	assert_int_equal(status_of(&s), 201);
	end(&s);
}

TEST(a_frame_goes_on_with_its_parents_sequence_alone)
{
	struct setup s;
	begin(&s);
	for (uint16_t status = 201; status <= 203; status++)
		origin_rule_then(s.rule)->status = status;
	origins_rules_add(s.origins, s.rule);
	assert_int_equal(status_of(&s), 200);
	struct origins *parent = s.origins;
	for (int i = 0; i < 2; i++) {
		s.origins = origins_fork(parent);
		assert_int_equal(status_of(&s), 201);
		assert_int_equal(status_of(&s), 202);
		origins_destroy(&s.origins);
	}
	s.origins = parent;
	assert_int_equal(status_of(&s), 201);
	end(&s);
}

/* ---- expectations ---- */

static void add_text(void *data, const struct origin_rule *rule, uint32_t asked)
{
	buf_add(data, STR("["));
	origins_unmet_print(rule, asked, data);
	buf_add(data, STR("]"));
}

static void assert_unmet(struct setup *s, const char *text)
{
	struct buf b = BUF_INIT(4096);
	origins_unmet(s->origins, add_text, &b);
	assert_str(buf_str(&b), text);
	buf_fini(&b);
}

TEST(what_is_not_asked_as_often_as_expected_is_told)
{
	struct setup s;
	begin(&s);
	s.rule->expects = true;
	s.rule->expected = 2;
	s.rule->place = STR("x:7");
	s.rule->path = STR("/");
	origins_rules_add(s.origins, s.rule);
	assert_unmet(&s, "[x:7: the rule * / was expected to be asked 2 times, and was asked 0 times]");
	status_of(&s);
	assert_unmet(&s, "[x:7: the rule * / was expected to be asked 2 times, and was asked 1 time]");
	status_of(&s);
	assert_unmet(&s, "");
	status_of(&s);
	assert_unmet(&s, "[x:7: the rule * / was expected to be asked 2 times, and was asked 3 times]");
	end(&s);
}

TEST(a_rule_may_be_expected_never_to_be_asked)
{
	struct setup s;
	begin(&s);
	s.rule->expects = true;
	origins_rules_add(s.origins, s.rule);
	assert_unmet(&s, "");
	status_of(&s);
	assert_unmet(&s, "[the rule * * was expected to be asked 0 times, and was asked 1 time]");
	end(&s);
}

/* ---- calls ---- */

TEST(calls_are_kept_with_their_bodies)
{
	struct setup s;
	begin(&s);
	origins_rules_add(s.origins, s.rule);
	status_of(&s);
	assert_int_equal(origins_calls(s.origins), 0);
	origins_record(s.origins, true);
	struct body *body = body_new(&s.loop);
	struct fetch *f = ask_with(&s, "POST", body);
	const struct origin_call *call = origins_call(s.origins, 0);
	assert_int_equal(origins_calls(s.origins), 1);
	assert_ptr_equal(f->asked, call);
	assert_ptr_equal(call->rule, s.rule);
	assert_int_equal(call->nth, 1);
	assert_str(call->method, "POST");
	assert_str(call->backend, "api");
	assert_false(call->complete);
	body_write(body, STR("one "));
	body_write(body, STR("two"));
	body_end(body);
	bool never = false;
	loop_run(&s.loop, &never, UINT64_MAX);
	assert_str(buf_str(&call->body), "one two");
	assert_true(call->complete);
	body_unref(&body);
	fetch_unref(&f);
	struct origins *parent = s.origins;
	s.origins = origins_fork(parent);
	status_of(&s);
	assert_int_equal(origins_calls(s.origins), 2);
	assert_int_equal(origins_call(s.origins, 1)->nth, 2);
	assert_int_equal(origins_calls(parent), 1);
	origins_destroy(&s.origins);
	s.origins = parent;
	end(&s);
}

TEST(calls_that_nobody_answers_are_kept_too)
{
	struct setup s;
	begin(&s);
	s.rule->path = STR("/nope");
	origins_rules_add(s.origins, s.rule);
	origins_record(s.origins, true);
	status_of(&s);
	assert_int_equal(origins_calls(s.origins), 1);
	assert_null(origins_call(s.origins, 0)->rule);
	end(&s);
}

/* ---- answers that code gives ---- */

struct coded {
	struct origin_responder super;
	struct origin_ask *kept;
	unsigned asked;
	bool later;
	uint64_t delay_ns;
};

static void coded_destroy(struct rc *r)
{
	(void)r; /* it is the test's */
}

static struct origin_rule *coded_answer(const struct coded *self, const struct origin_ask *ask)
{
	struct origin_rule *r = origin_rule_new();
	r->answer.status = 201;
	r->answer.delay_ns = self->delay_ns;
	r->answer.body = blob_new(buf_str(&ask->call->body));
	return r;
}

static void coded_respond(struct origin_responder *super, struct origin_ask *ask)
{
	struct coded *self = (struct coded *)super;
	self->asked++;
	assert_str(ask->call->method, "POST");
	assert_str(ask->call->backend, "api");
	assert_str(ask->uri, "http://a/");
	assert_true(ask->call->complete);
	if (self->later)
		self->kept = (struct origin_ask *)rc_ref(&ask->rc);
	else
		assert_true(origin_ask_answer(ask, coded_answer(self, ask)));
}

static const struct origin_responder_ops coded_ops = { .name = "coded", .respond = coded_respond };

/* The setup's rule asks the code; the test has a reference, too. */
static void add_coded(struct setup *s, struct coded *c)
{
	*c = (struct coded){ .super = { .ops = &coded_ops } };
	rc_init(&c->super.rc, coded_destroy);
	s->rule->answer.responder = (struct origin_responder *)rc_ref(&c->super.rc);
	origins_rules_add(s->origins, s->rule);
}

static struct fetch *ask_in_two_parts(struct setup *s, struct coded *c)
{
	bool never = false;
	struct body *body = body_new(&s->loop);
	body->streaming = true;
	body_write(body, STR("half "));
	struct fetch *f = ask_with(s, "POST", body);
	loop_run(&s->loop, &never, clock_monotonic(s->clock));
	assert_int_equal(c->asked, 0);
	body_write(body, STR("and half"));
	body_end(body);
	body_unref(&body);
	assert_int_equal(c->asked, 0); /* not on this stack */
	return f;
}

TEST(code_is_asked_when_the_whole_request_has_come_and_may_take_its_time)
{
	for (int later = 0; later < 2; later++) {
		struct setup s;
		struct coded c;
		struct str bytes;
		bool never = false;
		begin(&s);
		add_coded(&s, &c);
		c.later = later;
		c.delay_ns = NS_PER_MS;
		struct fetch *f = ask_in_two_parts(&s, &c);
		if (later) {
			loop_run(&s.loop, &never, clock_monotonic(s.clock) + 5 * NS_PER_MS);
			assert_false(f->settled || c.kept->over);
			assert_true(origin_ask_answer(c.kept, coded_answer(&c, c.kept)));
			assert_true(c.kept->over);
			assert_false(origin_ask_answer(c.kept, coded_answer(&c, c.kept)));
			origin_ask_unref(&c.kept);
		}
		loop_run(&s.loop, &f->settled, UINT64_MAX);
		assert_int_equal(f->response.status, 201);
		assert_int_equal(f->settled_ns - s.began_ns, (later ? 6 : 1) * NS_PER_MS);
		assert_int_equal(body_peek(f->response.body, &bytes), BODY_DATA);
		assert_str(bytes, "half and half");
		assert_int_equal(c.asked, 1);
		fetch_unref(&f);
		end(&s);
		assert_int_equal(c.super.rc.refs, 1);
	}
}

TEST(code_that_does_not_answer_in_time_is_a_time_out)
{
	struct setup s;
	struct coded c;
	begin(&s);
	add_coded(&s, &c);
	c.later = true;
	s.backend->target.first_byte_timeout_ns = 3 * NS_PER_S;
	struct fetch *f = ask_with(&s, "POST", NULL);
	loop_run(&s.loop, &f->settled, UINT64_MAX);
	assert_int_equal(f->error, FETCH_HTTP_RESPONSE_TIMEOUT);
	assert_int_equal(f->settled_ns - s.began_ns, 3 * NS_PER_S);
	assert_true(c.kept->over);
	assert_false(origin_ask_answer(c.kept, coded_answer(&c, c.kept)));
	origin_ask_unref(&c.kept);
	fetch_unref(&f);
	end(&s);
}

TEST(code_whose_answer_comes_too_late_by_its_delay_is_a_time_out_too)
{
	struct setup s;
	struct coded c;
	bool never = false;
	begin(&s);
	add_coded(&s, &c);
	c.later = true;
	c.delay_ns = 2 * NS_PER_S;
	s.backend->target.first_byte_timeout_ns = 3 * NS_PER_S;
	struct fetch *f = ask_with(&s, "POST", NULL);
	loop_run(&s.loop, &never, clock_monotonic(s.clock) + 2 * NS_PER_S);
	assert_true(origin_ask_answer(c.kept, coded_answer(&c, c.kept)));
	origin_ask_unref(&c.kept);
	loop_run(&s.loop, &f->settled, UINT64_MAX);
	assert_int_equal(f->error, FETCH_HTTP_RESPONSE_TIMEOUT);
	assert_int_equal(f->settled_ns - s.began_ns, 3 * NS_PER_S);
	fetch_unref(&f);
	end(&s);
}

TEST(an_asker_or_a_world_that_goes_needs_no_answer)
{
	for (int world = 0; world < 2; world++) {
		struct setup s;
		struct coded c;
		bool never = false;
		begin(&s);
		add_coded(&s, &c);
		c.later = true;
		struct fetch *f = ask_with(&s, "POST", NULL);
		loop_run(&s.loop, &never, clock_monotonic(s.clock));
		if (world) {
			origins_destroy(&s.origins);
			assert_int_equal(f->error, FETCH_DESTINATION_UNAVAILABLE);
		}
		fetch_unref(&f);
		assert_true(c.kept->over);
		assert_false(origin_ask_answer(c.kept, coded_answer(&c, c.kept)));
		origin_ask_unref(&c.kept);
		end(&s);
	}
}

TEST(a_request_that_breaks_off_is_nobodys_to_answer)
{
	struct setup s;
	struct coded c;
	begin(&s);
	add_coded(&s, &c);
	struct body *body = body_new(&s.loop);
	struct fetch *f = ask_with(&s, "POST", body);
	body_fail(body, BODY_FAILURE_ABANDONED);
	body_unref(&body);
	loop_run(&s.loop, &f->settled, UINT64_MAX);
	assert_int_equal(f->error, FETCH_CONNECTION_TERMINATED);
	assert_int_equal(c.asked, 0);
	fetch_unref(&f);
	end(&s);
}

TEST(faults_have_the_names_of_their_errors)
{
	enum origin_fault fault;
	assert_true(origin_fault_find(STR("connection_refused"), &fault));
	assert_int_equal(fault, ORIGIN_REFUSE);
	assert_true(origin_fault_find(STR("http_response_timeout"), &fault));
	assert_int_equal(fault, ORIGIN_TIMEOUT);
	assert_false(origin_fault_find(STR("ok"), &fault));
	assert_false(origin_fault_find(STR(""), &fault));
}

/* ---- conditions on bodies ---- */

/* What a POST gets whose body comes later, in two pieces. */
static unsigned status_of_body(struct setup *s, const char *first, const char *second)
{
	struct body *body = body_new(&s->loop);
	struct fetch *f = ask_with(s, "POST", body);
	bool never = false;
	body_write(body, str_from(first));
	loop_run(&s->loop, &never, UINT64_MAX);
	body_write(body, str_from(second));
	body_end(body);
	if (!f->settled)
		assert_int_equal(loop_run(&s->loop, &f->settled, UINT64_MAX), LOOP_DONE);
	unsigned status = f->error == FETCH_OK ? f->response.status : 1000 + (unsigned)f->error;
	fetch_unref(&f);
	body_unref(&body);
	return status;
}

/* 201 for a body with "cart" in it, and above it 202 for one with "pay", else 200. */
static void add_rules_about_bodies(struct setup *s)
{
	origins_rules_add(s->origins, s->rule);
	static const char *const patterns[] = { "*cart*", "*pay*" };
	for (unsigned i = 0; i < COUNT_OF(patterns); i++) {
		struct origin_rule *r = origin_rule_new();
		origin_rule_condition(r, ORIGIN_BODY, STR(""), str_from(patterns[i]));
		r->method = STR("POST");
		r->answer.status = (uint16_t)(201 + i);
		origins_rules_add(s->origins, r);
	}
}

TEST(a_rule_may_go_by_the_body_which_is_waited_for)
{
	struct setup s;
	begin(&s);
	add_rules_about_bodies(&s);
	assert_int_equal(status_of_body(&s, "my ca", "rt"), 201);
	assert_int_equal(status_of_body(&s, "cart", " to pay"), 202);
	assert_int_equal(status_of_body(&s, "no", "thing"), 200);
	assert_int_equal(status_of(&s), 200);
	end(&s);
}

TEST(what_a_rule_about_the_body_answers_is_played_and_recorded)
{
	struct setup s;
	begin(&s);
	origins_record(s.origins, true);
	s.rule->path = STR("/nope");
	add_rules_about_bodies(&s);
	struct body *body = body_new(&s.loop);
	body_write(body, STR("cart"));
	body_end(body);
	struct fetch *f = ask_with(&s, "POST", body);
	assert_true(f->settled);
	assert_int_equal(f->response.status, 201);
	assert_int_equal(origins_calls(s.origins), 1);
	assert_ptr_equal(f->asked, origins_call(s.origins, 0));
	assert_str(buf_str(&origins_call(s.origins, 0)->body), "cart");
	fetch_unref(&f);
	body_unref(&body);
	assert_int_equal(status_of_body(&s, "tea\n", ""), 1000 + FETCH_DESTINATION_NOT_FOUND);
	assert_str(origins_unmatched_text(s.origins, 0),
		   "no origin answers POST / of backend 'api'\n"
		   "  the nearest rule wants (-), and what the service sent (+):\n"
		   "      backend  *\n"
		   "      method   POST\n"
		   "      path     *\n"
		   "    - body     *pay*\n"
		   "    + body     \"tea\\n\"\n"
		   "  others: POST *: header, query or body differs\n"
		   "          * /nope: path differs\n"
		   "  origins with rules: any");
	end(&s);
}

TEST(who_waits_for_a_body_may_lose_interest_or_be_left)
{
	struct setup s;
	begin(&s);
	add_rules_about_bodies(&s);
	struct body *body = body_new(&s.loop), *other = body_new(&s.loop);
	struct fetch *f = ask_with(&s, "POST", body);
	fetch_unref(&f);
	assert_true(body_abandoned(body));
	f = ask_with(&s, "POST", other);
	origins_destroy(&s.origins);
	assert_int_equal(f->error, FETCH_DESTINATION_UNAVAILABLE);
	fetch_unref(&f);
	body_unref(&body);
	body_unref(&other);
	end(&s);
}
