/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: tasks that are ready, timers on a clock, and, only once somebody asks for it, libuv for
 * sockets and files. A loop without libuv is a few words of memory, so every test has its own.
 *
 * Nothing here calls back into the code that is running: posting a task or firing an event queues it, and the
 * loop runs it later. So a function may post while it holds half-changed state.
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "loop/clock.h"

typedef struct uv_loop_s uv_loop_t;
typedef struct uv_timer_s uv_timer_t;

struct crew;

struct task {
	struct list link;
	void (*run)(struct task *);
};

struct timer {
	void (*fire)(struct timer *);
	uint64_t at_ns; /* on the clock's monotonic time */
	uint64_t order; /* timers of the same instant fire in the order they were started */
	size_t heap_at; /* place in the heap + 1; 0: not running */
};

struct loop {
	struct clock *clock; /* borrowed */
	struct list ready;
	struct timer **heap;
	size_t timers, heap_cap;
	uint64_t timers_started;
	uv_loop_t *uv;         /* NULL until loop_uv() */
	uv_timer_t *waker;     /* ends a wait for I/O when a timer is due */
	bool in_uv;            /* libuv runs, and will wait: what it makes ready must keep it from that */
	uint64_t waited_at_ns; /* the virtual time at which … */
	uint64_t waited_ns;    /* … so much real time was spent waiting for I/O */
	struct crew *crew;     /* threads that take turns on it (crew.h); NULL: it is one thread's */
};

void loop_init(struct loop *l, struct clock *clock);
/* Everything on the loop must have been stopped before; open libuv handles are a bug of ours. */
void loop_fini(struct loop *l);

/* Queues a task behind those that are ready. A task that is queued already stays where it is. */
void loop_post(struct loop *l, struct task *t);
/* Takes a task out of the queue; nothing happens when it is not in it. */
void task_cancel(struct task *t);

/* (Re)starts a timer; it fires once, `after_ns` from now, or never when that is past the end of time. */
void timer_start(struct loop *l, struct timer *t, uint64_t after_ns);
void timer_stop(struct loop *l, struct timer *t);
bool timer_running(const struct timer *t);

enum loop_result {
	LOOP_DONE,  /* *done became true */
	LOOP_STUCK, /* nothing is ready, no timer runs, no I/O is open: waiting longer is for ever */
	LOOP_LATE,  /* the clock passed `deadline_ns` first */
};

/*
 * Runs until `*done`. Timers that are due fire one after the other, and what one of them made ready runs
 * before the next. With a virtual clock, when nothing is ready and no real I/O is under way, time jumps to
 * the next timer; while real I/O is under way it stands still, until as much real time was waited as there is
 * to the next timer. `deadline_ns`: monotonic time to give up at, once all that was to be done by then is
 * done; UINT64_MAX for never.
 */
enum loop_result loop_run(struct loop *l, const bool *done, uint64_t deadline_ns);

/*
 * The parts of loop_run(), for a crew. Runs tasks that are ready and a timer that is due; false: there was
 * none. Lets I/O that is ready have its turn. How long may be waited for I/O; 0: not at all, I/O has
 * something to do. Waits for so long at most, on a system's clock, and does nothing about what has come, but
 * says whether something has; it alone may be called while another thread does something else with the loop.
 */
bool loop_do_ready(struct loop *l, const bool *done);
void loop_do_io(struct loop *l);
uint64_t loop_wait_ns(struct loop *l);
bool loop_await_io(const struct loop *l, uint64_t wait_ns);

/* Is anything ready, waited for or under way? If not, loop_run() would be stuck. */
bool loop_has_something(const struct loop *l);
/* The same, where so many of its timers do not count. */
bool loop_has_more_than(const struct loop *l, size_t timers);

/* The libuv loop below, made on first use. Borrowed. */
uv_loop_t *loop_uv(struct loop *l);

/* Something that happens, and who waits for it. Firing wakes all watchers, each by its task, and forgets
 * them. */
struct event {
	struct list watchers;
};

struct watcher {
	struct task task; /* `task.run` is called after the event fired */
	struct list link;
};

void event_init(struct event *e);
void event_fire(struct event *e, struct loop *l);
void watcher_start(struct watcher *w, struct event *e, void (*run)(struct task *));
/* Stops waiting, also when the wake-up is queued already; nothing happens when it does not wait. */
void watcher_stop(struct watcher *w);

#endif
