/* SPDX-License-Identifier: Apache-2.0 */
/* Two parties at the ends of a connection, who note everything that they hear. */
#ifndef TESTS_STREAM_FIXTURE_H
#define TESTS_STREAM_FIXTURE_H

#include <string.h>

#include "base/buf.h"
#include "loop/loop.h"
#include "net/stream.h"
#include "support/test.h"

struct party {
	struct stream *stream;
	struct stream_reader reader;
	struct stream_write write;
	struct party *other;
	struct buf got;
	unsigned pieces, ended, closed;
	enum stream_error why, error;
	bool written;
};

struct fixture {
	struct clock *clock;
	struct loop loop;
	struct party a, b;
};

static inline void settle(struct fixture *f)
{
	bool never = false;
	do
		loop_run(&f->loop, &never, clock_monotonic(f->clock));
	while (!list_empty(&f->loop.ready));
}

static inline void pass_ms(struct fixture *f, uint64_t ms)
{
	bool never = false;
	uint64_t then = clock_monotonic(f->clock) + ms * NS_PER_MS;
	loop_run(&f->loop, &never, then);
	clock_jump(f->clock, then);
	settle(f);
}

static inline void party_data(struct stream_reader *r, struct str bytes)
{
	struct party *p = container_of(r, struct party, reader);
	p->pieces++;
	assert_true(bytes.len > 0);
	buf_add(&p->got, bytes);
}

static inline void party_ended(struct stream_reader *r, enum stream_error why)
{
	struct party *p = container_of(r, struct party, reader);
	p->ended++;
	p->why = why;
}

static inline void party_written(struct stream_write *w, enum stream_error error)
{
	struct party *p = container_of(w, struct party, write);
	assert_int_equal(p->closed, 0);
	p->written = true;
	p->error = error;
}

static inline void party_closed(void *data)
{
	((struct party *)data)->closed++;
}

static inline void party_read(struct party *p)
{
	stream_read_start(p->stream, &p->reader);
}

/* Three parts in one write; true: done at once. */
static inline bool party_write(struct party *p, const char *one, const char *two, const char *three)
{
	struct str parts[] = { str_from(one), str_from(two), str_from(three) };
	p->written = false;
	return stream_write(p->stream, parts, COUNT_OF(parts), &p->write);
}

static inline void party_close(struct party *p, bool reset)
{
	if (p->stream)
		stream_close(&p->stream, reset, party_closed, p);
}

static inline void party_take(struct party *p, struct stream *s)
{
	p->stream = s;
}

static inline void party_init(struct party *p, struct party *other)
{
	*p = (struct party){ .reader = { party_data, party_ended },
			     .write = { party_written },
			     .other = other };
	buf_init(&p->got, 64 * 1024 * 1024);
}

static inline void fixture_begin(struct fixture *f)
{
	f->clock = clock_virtual_new(0);
	loop_init(&f->loop, f->clock);
	party_init(&f->a, &f->b);
	party_init(&f->b, &f->a);
}

static inline void fixture_end(struct fixture *f)
{
	party_close(&f->a, false);
	party_close(&f->b, false);
	settle(f);
	buf_fini(&f->a.got);
	buf_fini(&f->b.got);
	loop_fini(&f->loop);
	clock_destroy(&f->clock);
}

#endif
