/* SPDX-License-Identifier: Apache-2.0 */
/* The loop in virtual time, without libuv. */
#include "loop/loop.h"

#include <stdio.h>

#include "base/buf.h"
#include "support/test.h"

/* A loop and a record of what ran: letters, in order. */
struct fixture {
	struct clock *clock;
	struct loop loop;
	struct buf seen;
	bool done;
};

struct step {
	struct task task;
	struct timer timer;
	struct watcher watcher;
	struct fixture *f;
	char letter;
	int again;               /* how often it starts itself again … */
	uint64_t again_after_ns; /* … and after what time, when it is a timer */
	struct step *posts;      /* what it makes ready */
	struct step *stops;      /* what it takes back */
	bool ends;               /* sets `done` */
};

static struct fixture *open_fixture(void)
{
	static struct fixture f;
	f = (struct fixture){ .seen = BUF_INIT(100000) };
	f.clock = clock_virtual_new(0);
	loop_init(&f.loop, f.clock);
	return &f;
}

static void close_fixture(struct fixture *f)
{
	loop_fini(&f->loop);
	clock_destroy(&f->clock);
	buf_fini(&f->seen);
}

static uint64_t now(const struct fixture *f)
{
	return clock_monotonic(f->clock);
}

static void happen(struct step *s)
{
	buf_add_char(&s->f->seen, s->letter);
	if (s->posts)
		loop_post(&s->f->loop, &s->posts->task);
	if (s->stops) {
		task_cancel(&s->stops->task);
		timer_stop(&s->f->loop, &s->stops->timer);
		watcher_stop(&s->stops->watcher);
	}
	if (s->ends)
		s->f->done = true;
}

static void run_step(struct task *t)
{
	struct step *s = container_of(t, struct step, task);
	happen(s);
	if (s->again-- > 0)
		loop_post(&s->f->loop, &s->task);
}

static void fire_step(struct timer *t)
{
	struct step *s = container_of(t, struct step, timer);
	happen(s);
	if (s->again-- > 0)
		timer_start(&s->f->loop, &s->timer, s->again_after_ns);
}

static void wake_step(struct task *t)
{
	happen(container_of(t, struct step, watcher.task));
}

#define STEP(f_, letter_, ...)                   \
	((struct step){ .f = (f_),               \
			.letter = (letter_),     \
			.task.run = run_step,    \
			.timer.fire = fire_step, \
			__VA_ARGS__ })

TEST(tasks_run_in_the_order_they_were_posted)
{
	struct fixture *f = open_fixture();
	struct step a = STEP(f, 'a'), b = STEP(f, 'b'), c = STEP(f, 'c', .ends = true);
	loop_post(&f->loop, &a.task);
	loop_post(&f->loop, &b.task);
	loop_post(&f->loop, &a.task); /* it is queued already, and stays where it is */
	loop_post(&f->loop, &c.task);
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_DONE);
	assert_str(buf_str(&f->seen), "abc");
	close_fixture(f);
}

TEST(posting_runs_nothing_at_once)
{
	struct fixture *f = open_fixture();
	struct step b = STEP(f, 'b', .ends = true), a = STEP(f, 'a', .posts = &b);
	loop_post(&f->loop, &a.task);
	assert_str(buf_str(&f->seen), "");
	loop_run(&f->loop, &f->done, UINT64_MAX);
	assert_str(buf_str(&f->seen), "ab");
	close_fixture(f);
}

TEST(a_cancelled_task_does_not_run)
{
	struct fixture *f = open_fixture();
	struct step b = STEP(f, 'b'), a = STEP(f, 'a', .stops = &b);
	loop_post(&f->loop, &a.task);
	loop_post(&f->loop, &b.task);
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_STUCK);
	assert_str(buf_str(&f->seen), "a");
	task_cancel(&b.task); /* nothing happens */
	close_fixture(f);
}

TEST(when_all_is_done_nothing_more_runs)
{
	struct fixture *f = open_fixture();
	struct step a = STEP(f, 'a', .ends = true), b = STEP(f, 'b');
	loop_post(&f->loop, &a.task);
	loop_post(&f->loop, &b.task);
	loop_run(&f->loop, &f->done, UINT64_MAX);
	assert_str(buf_str(&f->seen), "a");
	f->done = false; /* it goes on where it was */
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_STUCK);
	assert_str(buf_str(&f->seen), "ab");
	close_fixture(f);
}

TEST(time_jumps_from_timer_to_timer)
{
	struct fixture *f = open_fixture();
	uint64_t start = now(f);
	struct step day = STEP(f, 'd', .ends = true), hour = STEP(f, 'h'), ms = STEP(f, 'm');
	timer_start(&f->loop, &day.timer, 86400 * NS_PER_S);
	timer_start(&f->loop, &hour.timer, 3600 * NS_PER_S);
	timer_start(&f->loop, &ms.timer, NS_PER_MS);
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_DONE);
	assert_str(buf_str(&f->seen), "mhd");
	assert_true(now(f) == start + 86400 * NS_PER_S);
	close_fixture(f);
}

TEST(timers_of_one_instant_fire_in_the_order_they_were_started)
{
	struct fixture *f = open_fixture();
	struct step s[26];
	for (int i = 0; i < 26; i++) {
		s[i] = STEP(f, (char)('a' + i));
		timer_start(&f->loop, &s[i].timer, 5);
	}
	timer_start(&f->loop, &s[0].timer, 5); /* started anew: the last now */
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_STUCK);
	assert_str(buf_str(&f->seen), "bcdefghijklmnopqrstuvwxyza");
	close_fixture(f);
}

TEST(what_a_timer_sets_off_comes_before_the_next_timer_of_the_same_instant)
{
	struct fixture *f = open_fixture();
	/* An answer and its time-out in one instant: the answer was first, so it stops the time-out. */
	struct step timeout = STEP(f, '!'), taken = STEP(f, 't', .stops = &timeout),
		    answer = STEP(f, 'a', .posts = &taken);
	timer_start(&f->loop, &answer.timer, 5);
	timer_start(&f->loop, &timeout.timer, 5);
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_STUCK);
	assert_str(buf_str(&f->seen), "at");
	close_fixture(f);
}

TEST(tasks_come_before_timers)
{
	struct fixture *f = open_fixture();
	struct step late = STEP(f, 'l'), task = STEP(f, 't', .again = 3);
	timer_start(&f->loop, &late.timer, 0);
	loop_post(&f->loop, &task.task);
	loop_run(&f->loop, &f->done, UINT64_MAX);
	assert_str(buf_str(&f->seen), "ttttl");
	close_fixture(f);
}

TEST(a_timer_may_start_itself_again_as_it_fires)
{
	struct fixture *f = open_fixture();
	uint64_t start = now(f);
	struct step tick = STEP(f, 't', .again = 4, .again_after_ns = 10), other = STEP(f, 'o');
	timer_start(&f->loop, &tick.timer, 10);
	timer_start(&f->loop, &other.timer, 25);
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_STUCK);
	assert_str(buf_str(&f->seen), "ttottt");
	assert_true(now(f) == start + 50);
	assert_false(timer_running(&tick.timer));
	close_fixture(f);
}

TEST(a_timer_that_starts_itself_again_for_now_leaves_the_others_their_turn)
{
	struct fixture *f = open_fixture();
	struct step end = STEP(f, 'e', .ends = true);
	struct step tick = STEP(f, 't', .again = 1000000, .again_after_ns = 0),
		    other = STEP(f, 'o', .posts = &end);
	timer_start(&f->loop, &tick.timer, 10);
	timer_start(&f->loop, &other.timer, 10);
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_DONE);
	assert_str(buf_str(&f->seen), "toe");
	timer_stop(&f->loop, &tick.timer);
	close_fixture(f);
}

TEST(a_stopped_timer_does_not_fire)
{
	struct fixture *f = open_fixture();
	struct step b = STEP(f, 'b'), a = STEP(f, 'a', .stops = &b), never = STEP(f, 'n');
	timer_start(&f->loop, &a.timer, 1);
	timer_start(&f->loop, &b.timer, 2);
	timer_start(&f->loop, &never.timer, 0);
	assert_true(timer_running(&never.timer));
	timer_stop(&f->loop, &never.timer);
	timer_stop(&f->loop, &never.timer);
	assert_false(timer_running(&never.timer));
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_STUCK);
	assert_str(buf_str(&f->seen), "a");
	close_fixture(f);
}

TEST(a_timer_past_the_end_of_time_never_fires_and_moves_no_clock)
{
	struct fixture *f = open_fixture();
	uint64_t start = now(f);
	struct step never = STEP(f, 'n');
	timer_start(&f->loop, &never.timer, UINT64_MAX);
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_STUCK);
	assert_true(now(f) == start);
	timer_stop(&f->loop, &never.timer);
	close_fixture(f);
}

TEST(with_nothing_left_to_wait_for_the_loop_says_so)
{
	struct fixture *f = open_fixture();
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_STUCK);
	assert_int_equal(loop_run(&f->loop, &f->done, now(f) + 100), LOOP_STUCK);
	close_fixture(f);
}

TEST(the_deadline_ends_the_run_at_its_instant)
{
	struct fixture *f = open_fixture();
	uint64_t start = now(f);
	struct step at = STEP(f, 'a'), after = STEP(f, 'z'), follow = STEP(f, 'f');
	at.posts = &follow;
	timer_start(&f->loop, &at.timer, 100);
	timer_start(&f->loop, &after.timer, 101);
	assert_int_equal(loop_run(&f->loop, &f->done, start + 100), LOOP_LATE);
	assert_str(buf_str(&f->seen), "af"); /* what was due by then has happened */
	assert_true(now(f) == start + 100);
	assert_int_equal(loop_run(&f->loop, &f->done, start + 100), LOOP_LATE);
	timer_stop(&f->loop, &after.timer);
	close_fixture(f);
}

TEST(a_deadline_in_the_past_is_late)
{
	struct fixture *f = open_fixture();
	struct step s = STEP(f, 's');
	timer_start(&f->loop, &s.timer, 5);
	assert_int_equal(loop_run(&f->loop, &f->done, 0), LOOP_LATE);
	timer_stop(&f->loop, &s.timer);
	close_fixture(f);
}

TEST(ten_thousand_timers_fire_in_order_whatever_is_stopped_in_between)
{
	enum { N = 10000 };
	static struct step s[N];
	struct fixture *f = open_fixture();
	uint32_t seed = 1;
	uint64_t last = 0;
	for (int i = 0; i < N; i++) {
		seed = seed * 1664525u + 1013904223u;
		s[i] = STEP(f, '.');
		timer_start(&f->loop, &s[i].timer, seed >> 12);
	}
	for (int i = 0; i < N; i += 3)
		timer_stop(&f->loop, &s[i].timer);
	for (int i = 1; i < N; i += 3)
		timer_start(&f->loop, &s[i].timer, (seed = seed * 1664525u + 1013904223u) >> 14);
	while (f->loop.timers) {
		struct timer *first = f->loop.heap[0];
		assert_true(first->at_ns >= last);
		last = first->at_ns;
		loop_run(&f->loop, &f->done, first->at_ns);
	}
	assert_int_equal(f->seen.len, N - (N + 2) / 3);
	close_fixture(f);
}

TEST(an_event_wakes_all_who_watch_it_once)
{
	struct fixture *f = open_fixture();
	struct event e;
	struct step a = STEP(f, 'a'), b = STEP(f, 'b'), c = STEP(f, 'c');
	event_init(&e);
	watcher_start(&a.watcher, &e, wake_step);
	watcher_start(&b.watcher, &e, wake_step);
	watcher_start(&c.watcher, &e, wake_step);
	watcher_start(&a.watcher, &e, wake_step); /* moves to the end */
	watcher_stop(&b.watcher);
	event_fire(&e, &f->loop);
	event_fire(&e, &f->loop); /* nobody watches now */
	assert_str(buf_str(&f->seen), "");
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_STUCK);
	assert_str(buf_str(&f->seen), "ca");
	close_fixture(f);
}

TEST(a_watcher_may_stop_although_its_event_has_fired)
{
	struct fixture *f = open_fixture();
	struct event e;
	struct step b = STEP(f, 'b'), a = STEP(f, 'a', .stops = &b);
	event_init(&e);
	watcher_start(&a.watcher, &e, wake_step);
	watcher_start(&b.watcher, &e, wake_step);
	event_fire(&e, &f->loop);
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_STUCK);
	assert_str(buf_str(&f->seen), "a");
	close_fixture(f);
}

static struct event pinged;

static void watch_again(struct task *t)
{
	struct step *s = container_of(t, struct step, watcher.task);
	happen(s);
	if (s->again-- > 0) {
		watcher_start(&s->watcher, &pinged, watch_again);
		event_fire(&pinged, &s->f->loop);
	}
}

TEST(a_watcher_may_watch_again_when_it_is_woken)
{
	struct fixture *f = open_fixture();
	struct step a = STEP(f, 'a', .again = 3);
	event_init(&pinged);
	watcher_start(&a.watcher, &pinged, watch_again);
	event_fire(&pinged, &f->loop);
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_STUCK);
	assert_str(buf_str(&f->seen), "aaaa");
	close_fixture(f);
}

TEST(a_loop_that_was_never_used_goes_quietly)
{
	struct fixture *f = open_fixture();
	close_fixture(f);
}
