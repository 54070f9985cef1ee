/* SPDX-License-Identifier: Apache-2.0 */
#include "net/splice.h"

#include "base/check.h"

enum { PASSED_BYTES_MAX = 1 << 20 }; /* more than any stream gives at once, or leaves from before */

static struct splice_side *other(struct splice_side *side)
{
	struct splice *s = side->splice;
	return side == &s->sides[0] ? &s->sides[1] : &s->sides[0];
}

static void end(struct splice *s, bool broken)
{
	if (s->is_over)
		return;
	s->is_over = true;
	s->broken = broken;
	loop_post(s->loop, &s->tell);
}

static void tell_over(struct task *t)
{
	struct splice *s = container_of(t, struct splice, tell);
	s->over(s, s->broken);
}

/* All that its peer sent was passed on: so is the end of that. */
static void pass_end_on(struct splice_side *side)
{
	if (!other(side)->ended || side->shut || side->writing)
		return;
	side->shut = true;
	stream_shutdown(side->stream);
	if (other(side)->shut)
		end(side->splice, false);
}

static void write_out(struct splice_side *side)
{
	struct str bytes = buf_str(&side->out);
	side->writing = bytes.len && !stream_write(side->stream, &bytes, 1, &side->write);
	if (!side->writing)
		buf_reset(&side->out);
}

static void have_data(struct stream_reader *r, struct str bytes)
{
	struct splice_side *from = container_of(r, struct splice_side, reader), *to = other(from);
	if (from->splice->is_over)
		return;
	from->received += bytes.len;
	buf_add(&to->out, bytes);
	if (to->out.full) {
		end(from->splice, true);
		return;
	}
	write_out(to);
	if (to->writing)
		stream_read_stop(from->stream);
}

static void have_end(struct stream_reader *r, enum stream_error why)
{
	struct splice_side *from = container_of(r, struct splice_side, reader);
	from->ended = true;
	if (why != STREAM_OK)
		end(from->splice, true);
	else if (!from->splice->is_over)
		pass_end_on(other(from));
}

static void have_written(struct stream_write *w, enum stream_error error)
{
	struct splice_side *to = container_of(w, struct splice_side, write);
	to->writing = false;
	buf_reset(&to->out);
	if (to->splice->closing || to->splice->is_over)
		return;
	if (error != STREAM_OK) {
		end(to->splice, true);
		return;
	}
	if (!other(to)->ended)
		stream_read_start(other(to)->stream, &other(to)->reader);
	pass_end_on(to);
}

void splice_start(struct splice *s, struct loop *loop, struct stream *a, struct str from_a, struct stream *b,
		  struct str from_b, void (*over)(struct splice *, bool broken))
{
	const struct str first[2] = { from_b, from_a };
	*s = (struct splice){ .loop = loop, .over = over, .tell.run = tell_over };
	s->sides[0].stream = a;
	s->sides[1].stream = b;
	for (int i = 0; i < 2; i++) {
		struct splice_side *side = &s->sides[i];
		side->splice = s;
		side->reader = (struct stream_reader){ have_data, have_end };
		side->write.done = have_written;
		buf_init(&side->out, PASSED_BYTES_MAX);
		buf_add(&side->out, first[i]);
		other(side)->received = first[i].len;
	}
	for (int i = 0; i < 2; i++) {
		write_out(&s->sides[i]);
		if (!s->sides[i].writing)
			stream_read_start(other(&s->sides[i])->stream, &other(&s->sides[i])->reader);
	}
}

static void side_closed(void *data)
{
	struct splice_side *side = data;
	struct splice *s = side->splice;
	buf_fini(&side->out);
	if (--s->closing == 0 && s->closed)
		s->closed(s->closed_data);
}

void splice_close(struct splice *s, bool reset, stream_closed_fn *closed, void *data)
{
	CHECK(!s->closing && s->sides[0].stream);
	s->is_over = true;
	s->closing = 2;
	s->closed = closed;
	s->closed_data = data;
	task_cancel(&s->tell);
	for (int i = 0; i < 2; i++)
		stream_close(&s->sides[i].stream, reset, side_closed, &s->sides[i]);
}
