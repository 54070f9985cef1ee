/* SPDX-License-Identifier: Apache-2.0 */
#include "net/fault.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"

enum { HELD_BYTES_MAX = 1024 * 1024 };

/* One direction: how much has passed, and what makes the next piece move. */
struct flow {
	struct fault_direction rule;
	uint64_t passed;
	struct task step;
	struct timer delay;
};

struct fault {
	struct stream super;
	struct loop *loop;
	struct stream *below; /* NULL after a cut */
	struct stream_reader reader;
	struct stream_write write;
	struct flow in, out;
	struct buf held; /* read from below, not handed up yet */
	size_t held_at;
	bool ended; /* below */
	enum stream_error end_error;
	struct str parts[STREAM_PARTS_MAX]; /* rest of the write under way */
	size_t part, part_count;
	size_t in_flight; /* bytes of it that below is writing */
	struct task finish;
	stream_closed_fn *closed;
	void *closed_data;
};

_Static_assert(offsetof(struct fault, super) == 0, "a stream is the first member of its kinds");

static void flow_wake(struct fault *f, struct flow *flow)
{
	if (flow->rule.delay_ns)
		timer_start(f->loop, &flow->delay, flow->rule.delay_ns);
	else
		loop_post(f->loop, &flow->step);
}

static void flow_stop(struct fault *f, struct flow *flow)
{
	timer_stop(f->loop, &flow->delay);
	task_cancel(&flow->step);
}

/* How many of `len` bytes may pass now. */
static size_t flow_allows(const struct flow *flow, size_t len)
{
	uint64_t end = MIN(flow->rule.cut_after, flow->rule.stall_after);
	uint64_t left = end - MIN(end, flow->passed);
	if (flow->rule.piece_bytes)
		len = MIN(len, flow->rule.piece_bytes);
	return (size_t)MIN((uint64_t)len, left);
}

static bool flow_cuts(const struct flow *flow)
{
	return flow->passed >= flow->rule.cut_after;
}

static void cut(struct fault *f)
{
	if (f->below)
		stream_close(&f->below, true, NULL, NULL);
	flow_stop(f, &f->in);
	flow_stop(f, &f->out);
	stream_tell_written(&f->super, STREAM_RESET);
	if (!f->super.closing)
		stream_tell_ended(&f->super, STREAM_RESET);
}

/* ---- reading ---- */

static void read_step(struct task *t)
{
	struct fault *f = container_of(t, struct fault, in.step);
	if (!f->super.reader)
		return;
	if (flow_cuts(&f->in)) {
		cut(f);
		return;
	}
	size_t left = f->held.len - f->held_at;
	size_t n = flow_allows(&f->in, left);
	if (left == 0 && f->ended) {
		stream_tell_ended(&f->super, f->end_error);
		return;
	}
	if (left && n == 0)
		return; /* stalled */
	struct str view = { f->held.ptr + f->held_at, n };
	f->held_at += n;
	f->in.passed += n;
	if (n)
		stream_tell_data(&f->super, view);
	if (f->super.closing)
		return;
	if (f->held_at == f->held.len) {
		buf_reset(&f->held);
		f->held_at = 0;
		if (!f->ended && f->below && !flow_cuts(&f->in))
			stream_read_start(f->below, &f->reader);
	}
	if (f->held.len || f->ended || flow_cuts(&f->in))
		flow_wake(f, &f->in);
}

static void read_later(struct timer *t)
{
	struct fault *f = container_of(t, struct fault, in.delay);
	loop_post(f->loop, &f->in.step);
}

static void below_data(struct stream_reader *r, struct str bytes)
{
	struct fault *f = container_of(r, struct fault, reader);
	buf_add(&f->held, bytes);
	CHECK(!f->held.full);
	stream_read_stop(f->below); /* until these are handed up */
	flow_wake(f, &f->in);
}

static void below_ended(struct stream_reader *r, enum stream_error why)
{
	struct fault *f = container_of(r, struct fault, reader);
	f->ended = true;
	f->end_error = why;
	flow_wake(f, &f->in);
}

static void fault_read_start(struct stream *s)
{
	struct fault *f = (struct fault *)s;
	if (!f->below || f->held.len || f->ended || flow_cuts(&f->in))
		flow_wake(f, &f->in);
	else
		stream_read_start(f->below, &f->reader);
}

static void fault_read_stop(struct stream *s)
{
	struct fault *f = (struct fault *)s;
	flow_stop(f, &f->in);
	if (f->below)
		stream_read_stop(f->below);
}

static bool fault_lacks(const struct stream *s, uint64_t wanted)
{
	const struct fault *f = (const struct fault *)s;
	size_t held = f->held.len - f->held_at;
	return !f->below || stream_lacks(f->below, wanted - MIN(wanted, held));
}

/* ---- writing ---- */

static void wrote(struct fault *f, size_t n)
{
	f->out.passed += n;
	f->parts[f->part] = str_sub(f->parts[f->part], n, SIZE_MAX);
	while (f->part < f->part_count && f->parts[f->part].len == 0)
		f->part++;
}

static void write_step(struct task *t)
{
	struct fault *f = container_of(t, struct fault, out.step);
	if (!f->below || flow_cuts(&f->out)) {
		cut(f);
		return;
	}
	if (f->part == f->part_count) {
		stream_tell_written(&f->super, STREAM_OK);
		return;
	}
	struct str piece = f->parts[f->part];
	piece.len = flow_allows(&f->out, piece.len);
	if (piece.len == 0)
		return; /* stalled */
	f->in_flight = piece.len;
	if (!stream_write(f->below, &piece, 1, &f->write))
		return;
	wrote(f, piece.len);
	flow_wake(f, &f->out);
}

static void write_later(struct timer *t)
{
	struct fault *f = container_of(t, struct fault, out.delay);
	loop_post(f->loop, &f->out.step);
}

static void below_written(struct stream_write *w, enum stream_error error)
{
	struct fault *f = container_of(w, struct fault, write);
	if (error == STREAM_CANCELLED)
		return;
	if (error != STREAM_OK) {
		stream_tell_written(&f->super, error);
		return;
	}
	wrote(f, f->in_flight);
	flow_wake(f, &f->out);
}

static bool fault_write(struct stream *s, const struct str *parts, size_t count)
{
	struct fault *f = (struct fault *)s;
	f->part = f->part_count = 0;
	for (size_t i = 0; i < count; i++) {
		if (parts[i].len)
			f->parts[f->part_count++] = parts[i];
	}
	flow_wake(f, &f->out);
	return false;
}

static size_t fault_unwritten(const struct stream *s)
{
	const struct fault *f = (const struct fault *)s;
	size_t sum = 0;
	for (size_t i = f->part; i < f->part_count; i++)
		sum += f->parts[i].len;
	return sum;
}

static void fault_shutdown(struct stream *s)
{
	struct fault *f = (struct fault *)s;
	if (f->below)
		stream_shutdown(f->below);
}

/* ---- the end ---- */

static void below_closed(void *data)
{
	struct fault *f = data;
	stream_tell_written(&f->super, STREAM_CANCELLED);
	f->closed(f->closed_data);
	buf_fini(&f->held);
	mem_free(f);
}

static void run_finish(struct task *t)
{
	below_closed(container_of(t, struct fault, finish));
}

static void fault_close(struct stream *s, bool reset, stream_closed_fn *closed, void *data)
{
	struct fault *f = (struct fault *)s;
	f->closed = closed;
	f->closed_data = data;
	flow_stop(f, &f->in);
	flow_stop(f, &f->out);
	if (f->below)
		stream_close(&f->below, reset, below_closed, f);
	else
		loop_post(f->loop, &f->finish);
}

static void fault_addresses(const struct stream *s, struct net_address *local, struct net_address *peer)
{
	const struct fault *f = (const struct fault *)s;
	if (f->below)
		stream_addresses(f->below, local, peer);
}

static const struct stream_ops fault_ops = {
	.name = "fault",
	.read_start = fault_read_start,
	.read_stop = fault_read_stop,
	.lacks = fault_lacks,
	.write = fault_write,
	.unwritten = fault_unwritten,
	.shutdown = fault_shutdown,
	.close = fault_close,
	.addresses = fault_addresses,
};

struct stream *fault_new(struct loop *loop, struct stream *taken, const struct fault_options *options)
{
	struct fault *f = NEW(struct fault);
	f->super.ops = &fault_ops;
	f->loop = loop;
	f->below = taken;
	f->reader = (struct stream_reader){ below_data, below_ended };
	f->write.done = below_written;
	f->in = (struct flow){ .rule = options->read, .step.run = read_step, .delay.fire = read_later };
	f->out = (struct flow){ .rule = options->write, .step.run = write_step, .delay.fire = write_later };
	f->finish.run = run_finish;
	buf_init(&f->held, HELD_BYTES_MAX);
	return &f->super;
}
