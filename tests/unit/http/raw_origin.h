/* SPDX-License-Identifier: Apache-2.0 */
/* An origin that does, on real sockets, exactly what a list of steps says, however wrong that is. */
#ifndef TESTS_RAW_ORIGIN_H
#define TESTS_RAW_ORIGIN_H

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/tcp.h"
#include "support/test.h"

enum origin_op {
	END,        /* of the steps: does nothing more, but keeps the connection */
	READ_HEAD,  /* waits for an empty line */
	READ_UNTIL, /* waits until the text has come */
	SEND,
	DRIP,  /* sends the text byte by byte, `n` milliseconds apart */
	SLEEP, /* `n` milliseconds */
	CLOSE,
	RESET,
};

struct origin_step {
	enum origin_op op;
	const char *text;
	uint64_t n;
};

struct raw_origin {
	struct loop *loop;
	struct tcp_listener *listener;
	struct tcp_acceptor acceptor;
	const struct origin_step *steps; /* of each connection */
	const struct origin_step *at;
	size_t dripped;
	struct stream *stream; /* the newest connection; NULL: closed */
	struct stream_reader reader;
	struct stream_write write;
	struct timer timer;
	struct task step;
	struct buf received; /* of all connections, one after the other */
	size_t read_from;    /* where the next step that reads begins to look */
	unsigned connections;
	bool peer_ended;
};

static void origin_next(struct raw_origin *o)
{
	o->at++;
	o->dripped = 0;
	loop_post(o->loop, &o->step);
}

static void origin_end(struct raw_origin *o, bool reset)
{
	timer_stop(o->loop, &o->timer);
	if (o->stream)
		stream_close(&o->stream, reset, NULL, NULL);
}

static bool origin_has_read(struct raw_origin *o, struct str text)
{
	struct str rest = str_sub(buf_str(&o->received), o->read_from, SIZE_MAX);
	size_t at = str_find(rest, text);
	if (at == STR_NONE)
		return false;
	o->read_from += at + text.len;
	return true;
}

static void origin_send(struct raw_origin *o, struct str text)
{
	if (stream_write(o->stream, &text, 1, &o->write))
		origin_next(o);
}

static void origin_drip(struct raw_origin *o)
{
	struct str text = str_from(o->at->text);
	struct str byte = str_sub(text, o->dripped++, 1);
	assert_true(stream_write(o->stream, &byte, 1, &o->write));
	if (o->dripped == text.len)
		origin_next(o);
	else
		timer_start(o->loop, &o->timer, o->at->n * NS_PER_MS);
}

static void origin_run(struct raw_origin *o)
{
	if (!o->stream)
		return;
	switch (o->at->op) {
	case END:
		return;
	case READ_HEAD:
	case READ_UNTIL:
		if (origin_has_read(o, o->at->op == READ_HEAD ? STR("\r\n\r\n") : str_from(o->at->text)))
			origin_next(o);
		return;
	case SEND:
		origin_send(o, str_from(o->at->text));
		return;
	case DRIP:
		origin_drip(o);
		return;
	case SLEEP:
		timer_start(o->loop, &o->timer, o->at->n * NS_PER_MS);
		return;
	case CLOSE:
	case RESET:
		origin_end(o, o->at->op == RESET);
		return;
	}
}

static void origin_step_task(struct task *t)
{
	origin_run(container_of(t, struct raw_origin, step));
}

static void origin_timer(struct timer *t)
{
	struct raw_origin *o = container_of(t, struct raw_origin, timer);
	if (o->at->op == DRIP)
		origin_drip(o);
	else
		origin_next(o);
}

static void origin_data(struct stream_reader *r, struct str bytes)
{
	struct raw_origin *o = container_of(r, struct raw_origin, reader);
	buf_add(&o->received, bytes);
	if (o->at->op == READ_HEAD || o->at->op == READ_UNTIL)
		origin_run(o);
}

static void origin_ended(struct stream_reader *r, enum stream_error why)
{
	struct raw_origin *o = container_of(r, struct raw_origin, reader);
	(void)why;
	o->peer_ended = true;
	origin_end(o, false);
}

static void origin_written(struct stream_write *w, enum stream_error error)
{
	struct raw_origin *o = container_of(w, struct raw_origin, write);
	if (error == STREAM_OK)
		origin_next(o);
}

static void origin_accepted(struct tcp_acceptor *a, struct stream *taken)
{
	struct raw_origin *o = container_of(a, struct raw_origin, acceptor);
	origin_end(o, false);
	o->connections++;
	o->stream = taken;
	o->at = o->steps;
	o->dripped = 0;
	o->read_from = o->received.len;
	stream_read_start(taken, &o->reader);
	origin_run(o);
}

/* Returns the port. */
__attribute__((unused)) static uint16_t origin_start(struct raw_origin *o, struct loop *loop,
						     const struct origin_step *steps)
{
	struct error e;
	*o = (struct raw_origin){ .loop = loop, .steps = steps };
	o->acceptor.accepted = origin_accepted;
	o->reader = (struct stream_reader){ origin_data, origin_ended };
	o->write.done = origin_written;
	o->step.run = origin_step_task;
	o->timer.fire = origin_timer;
	buf_init(&o->received, 64 * 1024 * 1024);
	if (!tcp_listen(&o->listener, loop, "127.0.0.1", 0, &o->acceptor, &e))
		fail_msg("%s", e.text);
	return tcp_listener_port(o->listener);
}

__attribute__((unused)) static void origin_stop(struct raw_origin *o)
{
	origin_end(o, false);
	task_cancel(&o->step);
	tcp_listener_close(&o->listener);
	buf_fini(&o->received);
}

#endif
