/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of net/stream.h, over memory and through filters. What sockets do of their own is in
 * unit/net/test_tcp.c.
 */
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "contract/contract.h"
#include "net/fault.h"
#include "net/pipe.h"
#include "net/tls.h"
#include "support/identity.h"

/* ---- two parties, who note all that they hear ---- */

struct party {
	struct stream *stream;
	struct stream_reader reader;
	struct stream_write write;
	struct buf got;
	unsigned ended, written, closed;
	enum stream_error why, error;
	bool closes; /* itself, when it hears something */
};

struct subject {
	struct clock *clock;
	struct loop loop;
	struct party a, b;
	void (*make)(struct subject *);
};

static void settle(struct subject *s)
{
	bool never = false;
	do
		loop_run(&s->loop, &never,
			 clock_monotonic(s->clock) + NS_PER_S); /* for those that take their time */
	while (!list_empty(&s->loop.ready));
}

static void on_closed(void *data)
{
	struct party *p = data;
	assert_int_equal(p->closed++, 0);
}

static void hang_up(struct party *p, bool reset)
{
	if (p->stream)
		stream_close(&p->stream, reset, on_closed, p);
}

static void on_data(struct stream_reader *r, struct str bytes)
{
	struct party *p = container_of(r, struct party, reader);
	assert_non_null(p->stream); /* nothing comes after stream_close() */
	assert_int_equal(p->ended, 0);
	assert_true(bytes.len > 0);
	buf_add(&p->got, bytes);
	if (p->closes)
		hang_up(p, false);
}

static void on_ended(struct stream_reader *r, enum stream_error why)
{
	struct party *p = container_of(r, struct party, reader);
	assert_non_null(p->stream);
	assert_int_equal(p->ended++, 0);
	p->why = why;
}

static void on_written(struct stream_write *w, enum stream_error error)
{
	struct party *p = container_of(w, struct party, write);
	assert_int_equal(p->closed, 0); /* `closed` is the last word */
	p->written++;
	p->error = error;
}

static void take_stream(struct party *p, struct stream *s)
{
	*p = (struct party){ .stream = s, .reader = { on_data, on_ended }, .write = { on_written } };
	buf_init(&p->got, 16 * 1024 * 1024);
}

/* ---- what is tried ---- */

static void memory(struct subject *s)
{
	struct stream *a, *b;
	pipe_new(&s->loop, 0, &a, &b);
	take_stream(&s->a, a);
	take_stream(&s->b, b);
}

static void narrow_memory(struct subject *s)
{
	struct stream *a, *b;
	pipe_new(&s->loop, 7, &a, &b);
	take_stream(&s->a, a);
	take_stream(&s->b, b);
}

static void filter(struct subject *s, size_t piece_bytes, uint64_t delay_ns)
{
	struct fault_options o = FAULT_OPTIONS_INIT;
	o.read.piece_bytes = o.write.piece_bytes = piece_bytes;
	o.read.delay_ns = o.write.delay_ns = delay_ns;
	s->a.stream = fault_new(&s->loop, s->a.stream, &o);
}

static void filtered(struct subject *s)
{
	memory(s);
	filter(s, 0, 0);
}

static void filtered_in_pieces(struct subject *s)
{
	narrow_memory(s);
	filter(s, 3, 0);
}

static void filtered_in_late_pieces(struct subject *s)
{
	memory(s);
	filter(s, 1000, 10);
}

static void filtered_twice(struct subject *s)
{
	filtered_in_pieces(s);
	filter(s, 2, 1);
}

/* Both ends speak TLS over what is there already, and have shaken hands. */
static void secure(struct subject *s)
{
	struct identity authority, server;
	struct tls_context *ours, *theirs;
	struct error e;
	identity_make(&authority, NULL, NULL);
	identity_make(&server, "DNS:server.example", &authority);
	struct tls_server_options o = { .certificate_pem = str_from(server.certificate_pem),
					.key_pem = str_from(server.key_pem),
					.certificate_name = "certificate",
					.key_name = "key",
					.now_s = (uint64_t)time(NULL) };
	assert_true(tls_server_context_new(&ours, &o, &e));
	assert_true(tls_client_context_new(&theirs, str_from(authority.certificate_pem), STR(""), &e));
	s->b.stream = tls_server_new(&s->loop, s->b.stream, ours);
	s->a.stream = tls_client_new(&s->loop, s->a.stream, theirs, "server.example");
	tls_context_unref(&ours);
	tls_context_unref(&theirs);
	identity_free(&authority);
	identity_free(&server);
	settle(s);
	assert_non_null(tls_peer_of(s->a.stream));
	assert_non_null(tls_peer_of(s->b.stream));
}

static void secured(struct subject *s)
{
	memory(s);
	secure(s);
}

static void secured_in_pieces(struct subject *s)
{
	memory(s);
	filter(s, 700, 0);
	secure(s);
}

#define EVERY_IMPLEMENTATION(X, promise)    \
	X(promise, memory)                  \
	X(promise, narrow_memory)           \
	X(promise, filtered)                \
	X(promise, filtered_in_pieces)      \
	X(promise, filtered_in_late_pieces) \
	X(promise, filtered_twice)          \
	X(promise, secured)                 \
	X(promise, secured_in_pieces)

static void begin(struct subject *s, void (*make)(struct subject *))
{
	*s = (struct subject){ .clock = clock_virtual_new(0), .make = make };
	loop_init(&s->loop, s->clock);
	make(s);
}

static void end(struct subject *s)
{
	hang_up(&s->a, false);
	hang_up(&s->b, false);
	settle(s);
	assert_int_equal(s->a.closed + s->b.closed, 2);
	buf_fini(&s->a.got);
	buf_fini(&s->b.got);
	loop_fini(&s->loop);
	clock_destroy(&s->clock);
}

/* True: done at once. */
static bool write_text(struct party *p, const char *one, const char *two)
{
	struct str parts[] = { str_from(one), { NULL, 0 }, str_from(two) };
	return stream_write(p->stream, parts, COUNT_OF(parts), &p->write);
}

/* ---- promises ---- */

CONTRACT(bytes_arrive_in_order_both_ways)
{
	stream_read_start(s->a.stream, &s->a.reader);
	stream_read_start(s->b.stream, &s->b.reader);
	bool at_once = write_text(&s->a, "one two ", "three");
	write_text(&s->b, "four ", "five");
	assert_int_equal(s->a.written + s->b.written + s->a.got.len + s->b.got.len,
			 0); /* nobody was called back yet */
	settle(s);
	assert_int_equal(s->a.written, at_once ? 0 : 1);
	assert_int_equal(s->a.error, STREAM_OK);
	assert_int_equal(stream_unwritten(s->a.stream), 0);
	assert_str(buf_str(&s->b.got), "one two three");
	assert_str(buf_str(&s->a.got), "four five");
}

CONTRACT(a_reader_can_stop_and_go_on)
{
	stream_read_start(s->b.stream, &s->b.reader);
	stream_read_stop(s->b.stream);
	write_text(&s->a, "one ", "two");
	settle(s);
	assert_int_equal(s->b.got.len, 0);
	stream_read_start(s->b.stream, &s->b.reader);
	settle(s);
	assert_str(buf_str(&s->b.got), "one two");
}

CONTRACT(more_than_fits_waits_for_the_reader)
{
	enum { BYTES = 300 * 1000 };
	static char bytes[BYTES];
	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (char)(i * 7 + i / 255);
	assert_false(stream_write(s->a.stream, &(struct str){ bytes, BYTES }, 1, &s->a.write));
	settle(s);
	assert_int_equal(s->a.written, 0);
	assert_true(stream_unwritten(s->a.stream) > 0);
	stream_read_start(s->b.stream, &s->b.reader);
	settle(s);
	assert_int_equal(s->a.written, 1);
	assert_int_equal(s->b.got.len, BYTES);
	assert_memory_equal(s->b.got.ptr, bytes, BYTES);
}

CONTRACT(an_end_comes_after_the_last_byte_and_only_once)
{
	stream_read_start(s->b.stream, &s->b.reader);
	stream_read_start(s->a.stream, &s->a.reader);
	write_text(&s->a, "last ", "words");
	settle(s);
	stream_shutdown(s->a.stream);
	settle(s);
	assert_str(buf_str(&s->b.got), "last words");
	assert_int_equal(s->b.ended, 1);
	assert_int_equal(s->b.why, STREAM_OK);
	write_text(&s->b, "an ", "answer");
	settle(s);
	assert_str(buf_str(&s->a.got), "an answer");
}

static void check_peer_of_closed(struct subject *s, bool reset)
{
	stream_read_start(s->b.stream, &s->b.reader);
	hang_up(&s->a, reset);
	settle(s);
	assert_int_equal(s->a.closed, 1);
	assert_int_equal(s->b.ended, 1);
	assert_int_equal(s->b.why, reset ? STREAM_RESET : STREAM_OK);
	assert_false(write_text(&s->b, "to ", "nobody"));
	assert_int_equal(s->b.written, 0);
	settle(s);
	assert_int_equal(s->b.written, 1);
	assert_int_equal(s->b.error, STREAM_RESET);
}

CONTRACT(closing_ends_the_peer)
{
	check_peer_of_closed(s, false);
}

CONTRACT(a_reset_is_told_from_an_end)
{
	check_peer_of_closed(s, true);
}

CONTRACT(who_does_not_read_can_look_whether_the_peer_is_there)
{
	stream_read_start(s->b.stream, &s->b.reader);
	settle(s);
	stream_read_stop(s->b.stream);
	assert_false(stream_lacks(s->b.stream, 0));
	assert_false(stream_lacks(s->b.stream, 1000));
	hang_up(&s->a, true);
	settle(s);
	assert_int_equal(s->b.ended, 0);
	assert_true(stream_lacks(s->b.stream, 0));
}

CONTRACT(the_end_of_a_peer_fails_what_is_being_written)
{
	static const char bytes[300 * 1000];
	stream_read_start(s->a.stream, &s->a.reader);
	assert_false(stream_write(s->a.stream, &(struct str){ bytes, sizeof bytes }, 1, &s->a.write));
	settle(s);
	hang_up(&s->b, false);
	settle(s);
	assert_int_equal(s->a.written, 1);
	assert_int_equal(s->a.error, STREAM_RESET);
}

CONTRACT(closing_cancels_the_write_under_way_before_it_says_closed)
{
	static const char bytes[300 * 1000];
	assert_false(stream_write(s->a.stream, &(struct str){ bytes, sizeof bytes }, 1, &s->a.write));
	hang_up(&s->a, false);
	assert_int_equal(s->a.written + s->a.closed, 0);
	settle(s);
	assert_int_equal(s->a.written, 1);
	assert_int_equal(s->a.error, STREAM_CANCELLED);
	assert_int_equal(s->a.closed, 1);
}

CONTRACT(a_reader_may_close_its_stream)
{
	s->a.closes = s->b.closes = true;
	stream_read_start(s->a.stream, &s->a.reader);
	stream_read_start(s->b.stream, &s->b.reader);
	write_text(&s->a, "0123456789", "0123456789");
	write_text(&s->b, "0123456789", "0123456789");
	settle(s);
	assert_true(s->a.closed + s->b.closed > 0);
}

/* Runs some of what is ready, task by task. */
static void run_steps(struct subject *s, unsigned steps)
{
	stream_read_start(s->a.stream, &s->a.reader);
	stream_read_start(s->b.stream, &s->b.reader);
	write_text(&s->a, "0123456789", "0123456789");
	write_text(&s->b, "0123456789", "0123456789");
	for (unsigned i = 0; i < steps && !list_empty(&s->loop.ready); i++) {
		struct task *t = container_of(list_pop(&s->loop.ready), struct task, link);
		t->run(t);
	}
}

CONTRACT(it_can_be_closed_after_any_number_of_steps)
{
	for (unsigned steps = 0; steps < 60; steps++) {
		run_steps(s, steps);
		end(s);
		begin(s, s->make);
	}
}
