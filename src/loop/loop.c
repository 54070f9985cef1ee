/* SPDX-License-Identifier: Apache-2.0 */
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

void loop_fini(struct loop *l)
{
	CHECK(list_empty(&l->ready));
	CHECK(l->timers == 0);
	mem_free(l->heap);
	if (l->uv) {
		uv_close((uv_handle_t *)l->waker, waker_closed);
		while (uv_run(l->uv, UV_RUN_NOWAIT) > 0)
			;
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

void loop_post(struct loop *l, struct task *t)
{
	if (!list_linked(&t->link))
		list_push(&l->ready, &t->link);
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

static void fire_due(struct loop *l)
{
	if (l->timers == 0)
		return;
	uint64_t now = clock_monotonic(l->clock);
	while (l->timers && l->heap[0]->at_ns <= now) {
		struct timer *t = l->heap[0];
		timer_stop(l, t);
		t->fire(t);
	}
}

static void wake_up(uv_timer_t *t)
{
	(void)t;
}

/* Lets libuv wait for I/O until `until_ns` of a clock that moves by itself. */
static void wait_for_io(struct loop *l, uint64_t until_ns)
{
	uint64_t now = clock_monotonic(l->clock);
	uint64_t wait_ms = until_ns <= now ? 0 : (until_ns - now + NS_PER_MS - 1) / NS_PER_MS;
	loop_uv(l);
	uv_update_time(l->uv);
	uv_ref((uv_handle_t *)l->waker);
	CHECK(uv_timer_start(l->waker, wake_up, wait_ms, 0) == 0);
	uv_run(l->uv, UV_RUN_ONCE);
	uv_timer_stop(l->waker);
	uv_unref((uv_handle_t *)l->waker);
}

/* Nothing is ready: waits, or jumps. False when there is nothing to wait for. */
static bool idle(struct loop *l, uint64_t deadline_ns)
{
	bool io = l->uv && uv_loop_alive(l->uv);
	uint64_t next = l->timers ? MIN(l->heap[0]->at_ns, deadline_ns) : deadline_ns;
	if (!io && l->timers == 0)
		return false;
	if (io && next == UINT64_MAX) {
		uv_run(l->uv, UV_RUN_ONCE);
	} else if (io && clock_jump(l->clock, 0)) {
		uv_run(l->uv, UV_RUN_ONCE); /* real I/O under a virtual clock: time stands still until it is done */
	} else if (!clock_jump(l->clock, next)) {
		wait_for_io(l, next);
	}
	return true;
}

enum loop_result loop_run(struct loop *l, const bool *done, uint64_t deadline_ns)
{
	for (;;) {
		run_ready(l, done);
		if (*done)
			return LOOP_DONE;
		if (l->uv && !list_empty(&l->ready))
			uv_run(l->uv, UV_RUN_NOWAIT);
		fire_due(l);
		if (*done)
			return LOOP_DONE;
		if (deadline_ns != UINT64_MAX && clock_monotonic(l->clock) >= deadline_ns)
			return LOOP_LATE;
		if (list_empty(&l->ready) && !idle(l, deadline_ns))
			return LOOP_STUCK;
	}
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
