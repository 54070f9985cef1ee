/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>
#ifdef __linux__
#include <sys/epoll.h>
#else
#include <poll.h>
#endif

#include <uv.h>

#include "loop/loop.h"

#include "base/attr.h"
#include "base/check.h"
#include "base/mem.h"

/* A long run of ready tasks must not keep sockets waiting. */
enum { TASKS_A_TURN_MAX = 256 };

void loop_init(struct loop *l, struct clock *clock)
{
	*l = (struct loop){ .clock = clock };
	list_init(&l->ready);
}

static void waker_closed(uv_handle_t *h)
{
	mem_free(h);
}

/* Waiting for a handle that nobody closes would be for ever. */
static void check_closing(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (!uv_is_closing(h))
		fprintf(stderr, "backlot: a libuv handle was left open: %s\n",
			uv_handle_type_name(uv_handle_get_type(h)));
	CHECK(uv_is_closing(h));
}

void loop_fini(struct loop *l)
{
	CHECK(list_empty(&l->ready));
	CHECK(l->timers == 0);
	mem_free(l->heap);
	if (l->uv) {
		uv_close((uv_handle_t *)l->waker, waker_closed);
		uv_walk(l->uv, check_closing, NULL);
		uv_run(l->uv, UV_RUN_DEFAULT); /* what is closing, and work that threads have under way */
		CHECK(uv_loop_close(l->uv) == 0);
		mem_free(l->uv);
	}
	*l = (struct loop){ 0 };
}

uv_loop_t *loop_uv(struct loop *l)
{
	if (!l->uv) {
		l->uv = NEW(uv_loop_t);
		CHECK(uv_loop_init(l->uv) == 0);
		l->waker = NEW(uv_timer_t);
		CHECK(uv_timer_init(l->uv, l->waker) == 0);
		uv_unref((uv_handle_t *)l->waker); /* it alone must not keep the loop alive */
	}
	return l->uv;
}

/* There is something to do: libuv, when it runs, is not to wait. */
static void wake(struct loop *l)
{
	if (l->in_uv)
		uv_stop(l->uv);
}

void loop_post(struct loop *l, struct task *t)
{
	if (list_linked(&t->link))
		return;
	list_push(&l->ready, &t->link);
	wake(l);
}

void task_cancel(struct task *t)
{
	list_remove(&t->link);
}

/* ---- timers: a binary heap ---- */

static bool sooner(const struct timer *a, const struct timer *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void heap_set(struct loop *l, size_t at, struct timer *t)
{
	l->heap[at] = t;
	t->heap_at = at + 1;
}

static void heap_up(struct loop *l, size_t at, struct timer *t)
{
	while (at > 0 && sooner(t, l->heap[(at - 1) / 2])) {
		heap_set(l, at, l->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_set(l, at, t);
}

static void heap_down(struct loop *l, size_t at, struct timer *t)
{
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= l->timers)
			break;
		if (child + 1 < l->timers && sooner(l->heap[child + 1], l->heap[child]))
			child++;
		if (!sooner(l->heap[child], t))
			break;
		heap_set(l, at, l->heap[child]);
		at = child;
	}
	heap_set(l, at, t);
}

void timer_stop(struct loop *l, struct timer *t)
{
	if (t->heap_at == 0)
		return;
	size_t at = t->heap_at - 1;
	struct timer *last = l->heap[--l->timers];
	t->heap_at = 0;
	if (last == t)
		return;
	if (at > 0 && sooner(last, l->heap[(at - 1) / 2]))
		heap_up(l, at, last);
	else
		heap_down(l, at, last);
}

void timer_start(struct loop *l, struct timer *t, uint64_t after_ns)
{
	uint64_t now = clock_monotonic(l->clock);
	timer_stop(l, t);
	t->at_ns = after_ns > UINT64_MAX - now ? UINT64_MAX : now + after_ns;
	t->order = l->timers_started++;
	if (l->timers == l->heap_cap) {
		l->heap_cap = l->heap_cap ? 2 * l->heap_cap : 8;
		l->heap = mem_realloc(l->heap, l->heap_cap * sizeof(*l->heap));
	}
	l->timers++;
	heap_up(l, l->timers - 1, t);
	wake(l);
}

bool timer_running(const struct timer *t)
{
	return t->heap_at != 0;
}

/* ---- running ---- */

static void run_ready(struct loop *l, const bool *done)
{
	for (int i = 0; i < TASKS_A_TURN_MAX && !*done; i++) {
		struct list *first = list_pop(&l->ready);
		if (!first)
			return;
		struct task *t = container_of(first, struct task, link);
		t->run(t);
	}
}

/* One at a time, so that what a timer sets off happens before the next one fires. */
static bool fire_first_due(struct loop *l, uint64_t now)
{
	if (l->timers == 0 || l->heap[0]->at_ns > now)
		return false;
	struct timer *t = l->heap[0];
	timer_stop(l, t);
	t->fire(t);
	return true;
}

/* Where that comes before the wait begins, because the clock has ticked, it must end it all the same. */
static void wake_up(uv_timer_t *t)
{
	uv_stop(t->loop);
}

/* A timer of libuv's may make something ready before it begins to wait: then it does not (loop_post()). */
static void run_once(struct loop *l)
{
	l->in_uv = true;
	uv_run(l->uv, UV_RUN_ONCE);
	l->in_uv = false;
}

/* Lets libuv wait for I/O, for `wait_ns` of real time at most; UINT64_MAX: until something happens. */
static void wait_for_io(struct loop *l, uint64_t wait_ns)
{
	uv_loop_t *uv = loop_uv(l);
	if (wait_ns == UINT64_MAX) {
		run_once(l);
		return;
	}
	uv_update_time(uv);
	uv_ref((uv_handle_t *)l->waker);
	CHECK(uv_timer_start(l->waker, wake_up, wait_ns / NS_PER_MS + (wait_ns % NS_PER_MS != 0), 0) == 0);
	run_once(l);
	uv_timer_stop(l->waker);
	uv_unref((uv_handle_t *)l->waker);
}

/*
 * Real I/O under a virtual clock: time stands still while I/O is answered, so that a test which talks to a
 * real database sees the same times in each run. But an I/O that is not answered must run into its time-out:
 * once as much real time was waited as there is to the next timer, the clock jumps to it after all.
 */
static void wait_for_io_or_jump(struct loop *l, uint64_t now, uint64_t next)
{
	if (l->waited_at_ns != now)
		l->waited_ns = 0;
	l->waited_at_ns = now;
	uint64_t wait = next == UINT64_MAX ? UINT64_MAX : next - now;
	if (wait <= l->waited_ns) {
		clock_jump(l->clock, next);
		return;
	}
	uint64_t begun = uv_hrtime();
	wait_for_io(l, wait == UINT64_MAX ? UINT64_MAX : wait - l->waited_ns);
	l->waited_ns += uv_hrtime() - begun;
}

/* Nothing is ready: waits, or jumps. False when there is nothing to wait for: UINT64_MAX is never. */
static bool idle(struct loop *l, uint64_t now, uint64_t deadline_ns)
{
	bool io = l->uv && uv_loop_alive(l->uv);
	uint64_t next = l->timers ? l->heap[0]->at_ns : UINT64_MAX;
	if (!io && next == UINT64_MAX)
		return false;
	next = MIN(next, deadline_ns);
	if (!clock_jump(l->clock, now))
		wait_for_io(l, next == UINT64_MAX ? UINT64_MAX : next - now);
	else if (io)
		wait_for_io_or_jump(l, now, next);
	else
		clock_jump(l->clock, next);
	return true;
}

enum loop_result loop_run(struct loop *l, const bool *done, uint64_t deadline_ns)
{
	for (;;) {
		run_ready(l, done);
		if (*done)
			return LOOP_DONE;
		uint64_t now = clock_monotonic(l->clock);
		if (now > deadline_ns)
			return LOOP_LATE;
		bool fired = fire_first_due(l, now);
		if (*done)
			return LOOP_DONE;
		if (fired || !list_empty(&l->ready)) {
			if (l->uv)
				uv_run(l->uv, UV_RUN_NOWAIT); /* however busy we are, I/O has its turn */
			continue;
		}
		if (now == deadline_ns) {
			if (l->uv)
				uv_run(l->uv, UV_RUN_NOWAIT);
			if (*done || !list_empty(&l->ready))
				continue;
			return LOOP_LATE;
		}
		if (!idle(l, now, deadline_ns))
			return LOOP_STUCK;
	}
}

bool loop_has_something(const struct loop *l)
{
	return loop_has_more_than(l, 0);
}

bool loop_has_more_than(const struct loop *l, size_t timers)
{
	return !list_empty(&l->ready) || l->timers > timers || (l->uv && uv_loop_alive(l->uv));
}

/* ---- the same in parts ---- */

bool loop_do_ready(struct loop *l, const bool *done)
{
	bool ready = !list_empty(&l->ready);
	run_ready(l, done);
	return (!*done && l->timers && fire_first_due(l, clock_monotonic(l->clock))) || ready;
}

void loop_do_io(struct loop *l)
{
	if (l->uv)
		uv_run(l->uv, UV_RUN_NOWAIT);
}

uint64_t loop_wait_ns(struct loop *l)
{
	uint64_t wait = UINT64_MAX;
	if (l->timers) {
		uint64_t now = clock_monotonic(l->clock);
		wait = l->heap[0]->at_ns > now ? l->heap[0]->at_ns - now : 0;
	}
	if (!l->uv || !uv_loop_alive(l->uv))
		return wait;
	uv_update_time(l->uv);
	int io_ms = uv_backend_timeout(l->uv);
	return io_ms < 0 ? wait : MIN(wait, (uint64_t)io_ms * NS_PER_MS);
}

bool loop_await_io(const struct loop *l, uint64_t wait_ns)
{
	uint64_t ms = wait_ns / NS_PER_MS + (wait_ns % NS_PER_MS != 0);
	int timeout = wait_ns == UINT64_MAX ? -1 : (int)MIN(ms, (uint64_t)INT_MAX);
#ifdef __linux__
	/* What is ready stays so until libuv sees it: it asks for levels, not for edges. */
	struct epoll_event ignored;
	return epoll_wait(uv_backend_fd(l->uv), &ignored, 1, timeout) > 0;
#else
	struct pollfd fd = { .fd = uv_backend_fd(l->uv), .events = POLLIN };
	return poll(&fd, 1, timeout) > 0;
#endif
}

/* ---- events ---- */

void event_init(struct event *e)
{
	list_init(&e->watchers);
}

void event_fire(struct event *e, struct loop *l)
{
	for (struct list *first; (first = list_pop(&e->watchers));)
		loop_post(l, &container_of(first, struct watcher, link)->task);
}

void watcher_start(struct watcher *w, struct event *e, void (*run)(struct task *))
{
	watcher_stop(w);
	w->task.run = run;
	list_push(&e->watchers, &w->link);
}

void watcher_stop(struct watcher *w)
{
	list_remove(&w->link);
	task_cancel(&w->task);
}
