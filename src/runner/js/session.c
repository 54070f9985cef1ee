/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/js/session.h"

#include "base/check.h"
#include "base/mem.h"
#include "runner/run.h"

/*
 * How far a loop may run in virtual time before the others are looked at; doubled while nothing else happens.
 */
#define SLICE_NS (60 * NS_PER_S)
#define SLICE_NS_MAX (UINT64_C(1) << 60)
/* The same while real I/O is under way, when it is real time. */
#define SLICE_IO_NS (50 * NS_PER_MS)
/* What waits for longer outside of all frames does so for ever: an interval there would go on without end. */
#define OUTSIDE_NS_MAX (60 * 60 * NS_PER_S)

/* ---- frames ---- */

/* A clock that shows what `from` shows, and goes its own way. */
static struct clock *fork_clock(const struct clock *from)
{
	uint64_t monotonic = clock_monotonic(from);
	struct clock *c = clock_virtual_new(clock_wall(from));
	CHECK(clock_jump(c, monotonic));
	clock_virtual_set_wall(c, clock_wall(from));
	clock_virtual_set_real(c, clock_virtual_is_real(from));
	return c;
}

void session_begin(struct js_session *s)
{
	s->clock =
		s->options->target.url.len ? clock_system_new() : fork_clock(s->project->world->loop->clock);
	s->random = random_seeded_new(s->seed);
	loop_init(&s->loop, s->clock);
	s->patience_ns = clock_monotonic(s->clock) + OUTSIDE_NS_MAX;
}

void session_end(struct js_session *s)
{
	loop_fini(&s->loop);
	random_destroy(&s->random);
	clock_destroy(&s->clock);
}

void session_enter(struct js_session *s, struct test_frame *f)
{
	s->frame = f;
	s->realm->loop = f ? &f->loop : &s->loop;
	s->realm->random = f ? f->world->random : s->random;
}

void session_enter_loop(void *data, struct loop *loop)
{
	struct js_session *s = data;
	session_enter(s, loop == &s->loop ? NULL : container_of(loop, struct test_frame, loop));
}

struct world *session_fork_world(struct js_session *s, const struct world *around, struct loop *loop)
{
	struct world *w = world_fork(around, loop);
	w->tracing = true;
	w->deadline = &s->deadline;
	w->registrar = &s->registrar;
	random_destroy(&w->random);
	w->random = random_seeded_new(s->seed);
	origins_record(w->origins, true);
	return w;
}

struct test_frame *session_open_frame(struct js_session *s, struct test_frame *parent, struct str name,
				      struct error *e)
{
	struct test_frame *f = NEW(struct test_frame);
	const struct world *around = parent ? parent->world : s->project->world;
	f->id = ++s->next_frame;
	f->parent = parent;
	f->clock = s->options->target.url.len ? clock_system_new()
					      : fork_clock(parent ? parent->clock : s->clock);
	f->advanced_ns = parent ? parent->advanced_ns : 0;
	f->begun_ns = clock_monotonic(s->real);
	loop_init(&f->loop, f->clock);
	list_init(&f->exchanges);
	list_init(&f->others);
	f->world = session_fork_world(s, around, &f->loop);
	f->unanswered_before = origins_unmatched(f->world->origins);
	if (parent)
		parent->children++;
	list_push(&s->frames, &f->link);
	session_enter(s, f);
	s->yield = true;
	if (js_net_open(s, f, name, e))
		return f;
	session_close_frame(s, f);
	return NULL;
}

void session_close_frame(struct js_session *s, struct test_frame *f)
{
	CHECK(f->children == 0);
	js_bodies_close(s, &f->loop);
	js_origins_close(s, &f->loop);
	js_exchanges_close(f);
	js_registrations_close(s, f);
	realm_leave_loop(s->realm, &f->loop);
	if (f->parent)
		f->parent->children--;
	if (s->frame == f)
		session_enter(s, f->parent);
	s->yield = true;
	list_remove(&f->link);
	session_close_others(f);
	world_destroy(&f->world);
	outside_close(&f->outside);
	loop_fini(&f->loop);
	clock_destroy(&f->clock);
	mem_free(f);
}

struct world *session_world(struct js_call *c)
{
	struct js_session *s = session_of(c);
	if (s->frame)
		return session_world_in(s, s->frame);
	js_throw(c, "Error", "this is called outside of a test, a hook or a group of tests");
	return NULL;
}

void session_advance(struct js_session *s, uint64_t ns)
{
	struct test_frame *f = s->frame;
	f->advanced_ns += ns;
	realm_shift_patient(s->realm, &f->loop, ns);
}

/* ---- running ---- */

static uint64_t slice(const struct test_frame *f, unsigned quiet)
{
	uint64_t ns = f->loop.uv ? SLICE_IO_NS : SLICE_NS << MIN(quiet, 24u);
	uint64_t now = clock_monotonic(f->clock);
	return ns > SLICE_NS_MAX || now > UINT64_MAX - ns ? UINT64_MAX : now + ns;
}

/* What the file has begun in no frame, while its frames wait. */
static bool turn_outside(struct js_session *s)
{
	if (!loop_has_something(&s->loop) || clock_monotonic(s->clock) >= s->patience_ns)
		return false;
	session_enter(s, NULL);
	(void)loop_run(&s->loop, &s->yield, s->patience_ns);
	s->yield = false;
	return true;
}

/*
 * Lets the frames' loops run, the newest first: one that got somewhere is followed by the newest again.
 * False: nothing can happen on any of them.
 */
static bool turn(struct js_session *s, unsigned *quiet)
{
	for (struct list *it = s->frames.prev; it != &s->frames; it = it->prev) {
		struct test_frame *f = container_of(it, struct test_frame, link);
		if (!loop_has_something(&f->loop))
			continue;
		session_enter(s, f);
		enum loop_result r = loop_run(&f->loop, &s->yield, slice(f, *quiet));
		if (r == LOOP_LATE) {
			++*quiet;
			return true;
		}
		s->yield = false;
		*quiet = 0;
		return true;
	}
	return turn_outside(s);
}

bool session_run(struct js_session *s)
{
	unsigned quiet = 0;
	while (!s->over) {
		if (js_vm_stopped(s->realm->vm))
			return false;
		if (turn(s, &quiet))
			continue;
		bool gave_up = false;
		for (struct list *it = s->frames.prev; it != &s->frames && !gave_up; it = it->prev)
			gave_up = js_exchanges_give_up(container_of(it, struct test_frame, link));
		if (!gave_up)
			return false;
	}
	return true;
}

/* ---- for JavaScript ---- */

struct test_frame *session_frame_arg(struct js_call *c, size_t i)
{
	double id = js_arg_number(c, i);
	if (id == 0 || *c->exception)
		return NULL;
	list_each(it, &session_of(c)->frames) {
		struct test_frame *f = container_of(it, struct test_frame, link);
		if (f->id == id)
			return f;
	}
	js_throw(c, "Error", "this test has ended");
	return NULL;
}

/* open(number of the frame around it, or 0; name) → the frame's number */
JS_FUNCTION(open_frame)
{
	struct error e;
	struct test_frame *parent = session_frame_arg(c, 0);
	struct str name = js_arg_str(c, 1);
	if (*c->exception)
		return NULL;
	const struct test_frame *f = session_open_frame(session_of(c), parent, name, &e);
	return f ? js_number(c->ctx, f->id) : js_throw(c, "Error", "%s", e.text);
}

/* enter(number, or 0) */
JS_FUNCTION(enter_frame)
{
	struct test_frame *f = session_frame_arg(c, 0);
	if (!*c->exception)
		session_enter(session_of(c), f);
	return NULL;
}

/* close(number) */
JS_FUNCTION(close_frame)
{
	struct test_frame *f = session_frame_arg(c, 0);
	if (f && f->children)
		return js_throw(c, "Error", "frames are open in this one");
	if (f)
		session_close_frame(session_of(c), f);
	return NULL;
}

/* current() → the number of the frame that JavaScript is in, 0 for none */
JS_FUNCTION(current_frame)
{
	const struct test_frame *f = session_of(c)->frame;
	return js_number(c->ctx, f ? f->id : 0);
}

/* now() → [wall ms, monotonic ms, that without what tests have advanced] */
JS_FUNCTION(now)
{
	const struct test_frame *f = session_of(c)->frame;
	if (!f)
		return js_throw(c, "Error", "no frame is open");
	double monotonic = (double)clock_monotonic(f->clock) / 1e6;
	const JSValueRef values[] = {
		js_number(c->ctx, (double)(clock_wall(f->clock) / NS_PER_MS)),
		js_number(c->ctx, monotonic),
		js_number(c->ctx, monotonic - (double)f->advanced_ns / 1e6),
	};
	return js_array(c->ctx, values, COUNT_OF(values));
}

/*
 * patient() → ms of the frame's time, without what tests have advanced: less than 0 while that is still to
 * come
 */
JS_FUNCTION(patient)
{
	const struct test_frame *f = session_of(c)->frame;
	return js_number(c->ctx, f ? ((double)clock_monotonic(f->clock) - (double)f->advanced_ns) / 1e6 : 0);
}

static bool is_busy(const struct js_session *s, const struct loop *loop)
{
	return loop_has_more_than(loop, realm_count_patient(s->realm, loop));
}

/* idle() → can nothing happen any more, in any frame or outside of them, but that time-outs of tests come? */
JS_FUNCTION(idle)
{
	struct js_session *s = session_of(c);
	bool busy = is_busy(s, &s->loop);
	list_each(it, &s->frames)
		busy = busy || is_busy(s, &container_of(it, struct test_frame, link)->loop);
	return js_bool(c->ctx, !busy);
}

/* advance(ms) → ms that whoever calls it waits on the clock. Time-outs of tests do not count it. */
JS_FUNCTION(advance)
{
	double ms = js_arg_number(c, 0);
	if (*c->exception)
		return NULL;
	if (!(ms >= 0 && ms <= 1e14) || !session_of(c)->frame)
		return js_throw(c, "RangeError", "time can only be moved on, by less than 3,000 years");
	uint64_t ns = (uint64_t)(ms * 1e6);
	struct clock *clock = session_of(c)->frame->clock;
	session_advance(session_of(c), ns);
	if (!clock_virtual_is_real(clock))
		return js_number(c->ctx, ms);
	clock_virtual_skip(clock, ns);
	return js_number(c->ctx, 0);
}

/* set(wall ms): the wall clock alone */
JS_FUNCTION(set)
{
	double ms = js_arg_number(c, 0);
	if (*c->exception)
		return NULL;
	if (!(ms >= 0 && ms <= 8.64e15 / 1000) || !session_of(c)->frame)
		return js_throw(c, "RangeError", "the clock cannot be set to that");
	clock_virtual_set_wall(session_of(c)->frame->clock, (uint64_t)(ms * 1e6));
	return NULL;
}

static JSValueRef set_real(struct js_call *c, bool real)
{
	struct js_session *s = session_of(c);
	if (!s->frame)
		return js_throw(c, "Error", "this is called outside of a test, a hook or a group of tests");
	if (!s->options->target.url.len) /* there it is real, always */
		clock_virtual_set_real(s->frame->clock, real);
	return NULL;
}

/* real(): time goes by itself, in this frame and those that are opened in it */
JS_FUNCTION(real)
{
	return set_real(c, true);
}

/* virtual(): it stands still again while anything happens */
JS_FUNCTION(virtual)
{
	return set_real(c, false);
}

static const struct js_function functions[] = {
	{ "open", open_frame_callback },   { "close", close_frame_callback },
	{ "enter", enter_frame_callback }, { "current", current_frame_callback },
	{ "now", now_callback },           { "patient", patient_callback },
	{ "advance", advance_callback },   { "set", set_callback },
	{ "real", real_callback },         { "virtual", virtual_callback },
	{ "idle", idle_callback },
};
const struct js_module js_frames_module = { "frames", functions, COUNT_OF(functions) };
