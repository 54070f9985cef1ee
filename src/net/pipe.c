/* SPDX-License-Identifier: Apache-2.0 */
#include "net/pipe.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"

struct pipe_end {
	struct stream super;
	struct loop *loop;
	struct pipe_end *peer; /* NULL once that one is closed */
	size_t room;
	struct buf inbox; /* arrived, not read */
	struct buf lent;  /* what the reader is looking at; empty outside of its callback */
	bool inbox_ended; /* nothing will follow what is in the inbox */
	enum stream_error inbox_error;
	struct str parts[STREAM_PARTS_MAX]; /* rest of the write under way */
	size_t part, part_count;
	bool shut_down;
	struct task deliver; /* to our reader */
	struct task written; /* to our writer */
	struct task finish;  /* after close */
	enum stream_error written_error;
	stream_closed_fn *closed;
	void *closed_data;
};

_Static_assert(offsetof(struct pipe_end, super) == 0, "a stream is the first member of its kinds");

/* Moves what fits from a writer's parts into the peer's inbox; true when all of it is there. */
static bool push(struct pipe_end *from)
{
	struct pipe_end *to = from->peer;
	bool moved = false;
	for (; from->part < from->part_count; from->part++) {
		struct str *part = &from->parts[from->part];
		size_t fits = MIN(to->room - MIN(to->room, to->inbox.len), part->len);
		buf_add(&to->inbox, str_sub(*part, 0, fits));
		moved |= fits > 0;
		*part = str_sub(*part, fits, part->len);
		if (part->len)
			break;
	}
	if (moved)
		loop_post(to->loop, &to->deliver);
	return from->part == from->part_count;
}

static void finish_write(struct pipe_end *end, enum stream_error error)
{
	if (!end->super.write)
		return;
	end->written_error = error;
	end->part = end->part_count = 0;
	loop_post(end->loop, &end->written);
}

static void run_written(struct task *t)
{
	struct pipe_end *self = container_of(t, struct pipe_end, written);
	stream_tell_written(&self->super, self->written_error);
}

static void run_deliver(struct task *t)
{
	struct pipe_end *self = container_of(t, struct pipe_end, deliver);
	if (!self->super.reader)
		return;
	if (self->inbox.len) {
		/* The reader may close us or our peer; so its view must not be in the inbox, to which a peer
		 * may write. */
		struct buf view = self->inbox;
		self->inbox = self->lent;
		self->lent = view;
		stream_tell_data(&self->super, buf_str(&view));
		buf_reset(&self->lent);
		if (self->peer && self->peer->super.write && push(self->peer))
			finish_write(self->peer, STREAM_OK);
	}
	if (self->super.reader && (self->inbox.len || self->inbox_ended))
		loop_post(self->loop, &self->deliver);
	if (self->super.reader && self->inbox.len == 0 && self->inbox_ended)
		stream_tell_ended(&self->super, self->inbox_error);
}

static void pipe_read_start(struct stream *s)
{
	struct pipe_end *self = (struct pipe_end *)s;
	if (self->inbox.len || self->inbox_ended)
		loop_post(self->loop, &self->deliver);
}

static void pipe_read_stop(struct stream *s)
{
	task_cancel(&((struct pipe_end *)s)->deliver);
}

static bool pipe_lacks(const struct stream *s, uint64_t wanted)
{
	const struct pipe_end *self = (const struct pipe_end *)s;
	return self->inbox_ended && (self->inbox_error != STREAM_OK || self->inbox.len < wanted);
}

static bool pipe_write(struct stream *s, const struct str *parts, size_t count)
{
	struct pipe_end *self = (struct pipe_end *)s;
	CHECK(!self->shut_down);
	for (size_t i = 0; i < count; i++)
		self->parts[i] = parts[i];
	self->part = 0;
	self->part_count = count;
	if (!self->peer || self->inbox_error == STREAM_RESET) {
		finish_write(self, STREAM_RESET);
		return false;
	}
	return push(self);
}

static size_t pipe_unwritten(const struct stream *s)
{
	const struct pipe_end *self = (const struct pipe_end *)s;
	size_t sum = 0;
	for (size_t i = self->part; i < self->part_count; i++)
		sum += self->parts[i].len;
	return sum;
}

static void end_inbox(struct pipe_end *end, enum stream_error why)
{
	if (end->inbox_ended && why == STREAM_OK)
		return;
	end->inbox_ended = true;
	end->inbox_error = why;
	loop_post(end->loop, &end->deliver);
}

static void pipe_shutdown(struct stream *s)
{
	struct pipe_end *self = (struct pipe_end *)s;
	self->shut_down = true;
	if (self->peer)
		end_inbox(self->peer, STREAM_OK);
}

static void run_finish(struct task *t)
{
	struct pipe_end *self = container_of(t, struct pipe_end, finish);
	stream_tell_written(&self->super, STREAM_CANCELLED);
	self->closed(self->closed_data);
	buf_fini(&self->inbox);
	buf_fini(&self->lent);
	mem_free(self);
}

static void pipe_close(struct stream *s, bool reset, stream_closed_fn *closed, void *data)
{
	struct pipe_end *self = (struct pipe_end *)s;
	struct pipe_end *peer = self->peer;
	self->closed = closed;
	self->closed_data = data;
	if (peer) {
		peer->peer = self->peer = NULL;
		if (reset)
			buf_reset(&peer->inbox);
		end_inbox(peer, reset ? STREAM_RESET : STREAM_OK);
		finish_write(peer, STREAM_RESET);
	}
	task_cancel(&self->deliver);
	task_cancel(&self->written);
	loop_post(self->loop, &self->finish);
}

static void pipe_addresses(const struct stream *s, struct net_address *local, struct net_address *peer)
{
	(void)s, (void)local, (void)peer;
}

static const struct stream_ops pipe_ops = {
	.name = "pipe",
	.read_start = pipe_read_start,
	.read_stop = pipe_read_stop,
	.lacks = pipe_lacks,
	.write = pipe_write,
	.unwritten = pipe_unwritten,
	.shutdown = pipe_shutdown,
	.close = pipe_close,
	.addresses = pipe_addresses,
};

static struct pipe_end *end_new(struct loop *loop, size_t room)
{
	struct pipe_end *end = NEW(struct pipe_end);
	end->super.ops = &pipe_ops;
	end->loop = loop;
	end->room = room ? room : PIPE_ROOM_BYTES;
	buf_init(&end->inbox, end->room);
	buf_init(&end->lent, end->room);
	end->deliver.run = run_deliver;
	end->written.run = run_written;
	end->finish.run = run_finish;
	return end;
}

void pipe_new(struct loop *loop, size_t room, struct stream **a, struct stream **b)
{
	struct pipe_end *x = end_new(loop, room), *y = end_new(loop, room);
	x->peer = y;
	y->peer = x;
	*a = &x->super;
	*b = &y->super;
}
