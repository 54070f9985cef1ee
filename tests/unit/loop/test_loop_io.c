/* SPDX-License-Identifier: Apache-2.0 */
/* The loop with real I/O: pipes of libuv, on the system's clock and on a virtual one. */
#include <unistd.h>

#include <uv.h>

#include "loop/loop.h"
#include "support/test.h"

struct fixture {
	struct clock *clock;
	struct loop loop;
	uv_pipe_t pipe;
	int writer; /* the pipe's other end */
	char read[16];
	size_t read_len;
	bool done;
	int tasks, fired;
	struct task task;
	struct timer timer;
};

static void alloc_bytes(uv_handle_t *h, size_t suggested, uv_buf_t *out)
{
	struct fixture *f = h->data;
	(void)suggested;
	*out = uv_buf_init(f->read + f->read_len, (unsigned)(sizeof f->read - f->read_len));
}

static void read_bytes(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct fixture *f = s->data;
	(void)b;
	if (n <= 0)
		return;
	f->read_len += (size_t)n;
	f->done = true;
}

static struct fixture *open_fixture(struct clock *clock)
{
	static struct fixture f;
	uv_file ends[2];
	f = (struct fixture){ .clock = clock };
	loop_init(&f.loop, clock);
	assert_int_equal(uv_pipe(ends, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE), 0);
	assert_int_equal(uv_pipe_init(loop_uv(&f.loop), &f.pipe, 0), 0);
	assert_int_equal(uv_pipe_open(&f.pipe, ends[0]), 0);
	f.pipe.data = &f;
	f.writer = ends[1];
	assert_int_equal(uv_read_start((uv_stream_t *)&f.pipe, alloc_bytes, read_bytes), 0);
	return &f;
}

static void close_fixture(struct fixture *f)
{
	timer_stop(&f->loop, &f->timer);
	task_cancel(&f->task);
	uv_close((uv_handle_t *)&f->pipe, NULL);
	close(f->writer);
	loop_fini(&f->loop);
	clock_destroy(&f->clock);
}

static void send_byte(struct fixture *f)
{
	assert_int_equal(write(f->writer, "x", 1), 1);
}

static void fire_count(struct timer *t)
{
	container_of(t, struct fixture, timer)->fired++;
}

static void fire_send(struct timer *t)
{
	struct fixture *f = container_of(t, struct fixture, timer);
	f->fired++;
	send_byte(f);
}

static void run_for_ever(struct task *t)
{
	struct fixture *f = container_of(t, struct fixture, task);
	if (f->tasks++ == 1000)
		send_byte(f);
	loop_post(&f->loop, &f->task);
}

static void fire_for_ever(struct timer *t)
{
	struct fixture *f = container_of(t, struct fixture, timer);
	if (f->fired++ == 1000)
		send_byte(f);
	timer_start(&f->loop, &f->timer, 0);
}

TEST(bytes_wake_a_loop_that_waits)
{
	struct fixture *f = open_fixture(clock_system_new());
	f->timer.fire = fire_send;
	timer_start(&f->loop, &f->timer, 5 * NS_PER_MS);
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_DONE);
	assert_int_equal(f->read_len, 1);
	assert_int_equal(f->fired, 1);
	close_fixture(f);
}

TEST(a_timer_of_the_system_clock_is_never_early)
{
	struct fixture *f = open_fixture(clock_system_new());
	f->timer.fire = fire_send;
	uint64_t begun = clock_monotonic(f->clock);
	timer_start(&f->loop, &f->timer, 7 * NS_PER_MS + 1);
	loop_run(&f->loop, &f->done, UINT64_MAX);
	assert_true(clock_monotonic(f->clock) - begun >= 7 * NS_PER_MS + 1);
	close_fixture(f);
}

TEST(a_timer_of_the_system_clock_needs_no_io)
{
	scoped(clock_destroy) struct clock *clock = clock_system_new();
	struct fixture f = { .clock = clock, .timer.fire = fire_count };
	loop_init(&f.loop, clock);
	timer_start(&f.loop, &f.timer, 3 * NS_PER_MS);
	assert_int_equal(loop_run(&f.loop, &f.done, UINT64_MAX), LOOP_STUCK);
	assert_int_equal(f.fired, 1);
	loop_fini(&f.loop);
}

TEST(the_deadline_ends_a_wait_for_io)
{
	struct fixture *f = open_fixture(clock_system_new());
	uint64_t begun = clock_monotonic(f->clock);
	assert_int_equal(loop_run(&f->loop, &f->done, begun + 5 * NS_PER_MS), LOOP_LATE);
	assert_true(clock_monotonic(f->clock) >= begun + 5 * NS_PER_MS);
	close_fixture(f);
}

TEST(a_task_that_posts_itself_again_does_not_starve_io)
{
	struct fixture *f = open_fixture(clock_virtual_new(0));
	f->task.run = run_for_ever;
	loop_post(&f->loop, &f->task);
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_DONE);
	assert_in_range(f->tasks, 1000, 3000);
	close_fixture(f);
}

TEST(a_task_that_posts_itself_again_does_not_starve_timers)
{
	struct fixture *f = open_fixture(clock_system_new());
	f->task.run = run_for_ever;
	f->tasks = 2000; /* it sends nothing */
	f->timer.fire = fire_send;
	loop_post(&f->loop, &f->task);
	timer_start(&f->loop, &f->timer, NS_PER_MS);
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_DONE);
	close_fixture(f);
}

TEST(a_timer_that_is_always_due_does_not_starve_io)
{
	struct fixture *f = open_fixture(clock_virtual_new(0));
	f->timer.fire = fire_for_ever;
	timer_start(&f->loop, &f->timer, 0);
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_DONE);
	assert_in_range(f->fired, 1000, 3000);
	close_fixture(f);
}

TEST(virtual_time_stands_still_while_io_is_answered)
{
	struct fixture *f = open_fixture(clock_virtual_new(0));
	uint64_t begun = clock_monotonic(f->clock);
	f->timer.fire = fire_count;
	timer_start(&f->loop, &f->timer, 3600 * NS_PER_S);
	send_byte(f);
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_DONE);
	assert_int_equal(f->fired, 0);
	assert_true(clock_monotonic(f->clock) == begun);
	close_fixture(f);
}

TEST(io_that_is_never_answered_runs_into_its_time_out_also_in_virtual_time)
{
	struct fixture *f = open_fixture(clock_virtual_new(0));
	uint64_t begun = clock_monotonic(f->clock), real = uv_hrtime();
	f->timer.fire = fire_send;
	timer_start(&f->loop, &f->timer, 10 * NS_PER_MS);
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_DONE);
	assert_int_equal(f->fired, 1);
	assert_true(clock_monotonic(f->clock) == begun + 10 * NS_PER_MS);
	assert_true(uv_hrtime() - real >= 10 * NS_PER_MS);
	close_fixture(f);
}

TEST(without_io_virtual_time_jumps_although_libuv_is_there)
{
	scoped(clock_destroy) struct clock *clock = clock_virtual_new(0);
	struct fixture f = { .clock = clock, .timer.fire = fire_count };
	uint64_t real = uv_hrtime();
	loop_init(&f.loop, clock);
	assert_non_null(loop_uv(&f.loop));
	timer_start(&f.loop, &f.timer, 3600 * NS_PER_S);
	assert_int_equal(loop_run(&f.loop, &f.done, UINT64_MAX), LOOP_STUCK);
	assert_int_equal(f.fired, 1);
	assert_true(uv_hrtime() - real < 60 * NS_PER_S);
	loop_fini(&f.loop);
}

static void closed_count(uv_handle_t *h)
{
	(*(int *)h->data)++;
}

TEST(handles_that_are_closing_are_waited_for_at_the_end)
{
	scoped(clock_destroy) struct clock *clock = clock_virtual_new(0);
	struct loop loop;
	uv_timer_t handle;
	int closed = 0;
	loop_init(&loop, clock);
	uv_timer_init(loop_uv(&loop), &handle);
	handle.data = &closed;
	uv_close((uv_handle_t *)&handle, closed_count);
	loop_fini(&loop);
	assert_int_equal(closed, 1);
}

/* As when the thread is not run for a while: the clock ticks while libuv looks at its timers. */
static void let_time_pass(uv_timer_t *t)
{
	uv_sleep(5);
	uv_update_time(t->loop);
}

/* What ends a wait may be due before the wait begins. One that is missed lasts until the next timer. */
TEST(a_short_wait_always_ends)
{
	struct fixture *f = open_fixture(clock_system_new());
	bool never = false;
	uv_timer_t soon;
	assert_int_equal(uv_timer_init(loop_uv(&f->loop), &soon), 0);
	uv_timer_start(&soon, let_time_pass, 0, 20 * 1000);
	uint64_t now = clock_monotonic(f->loop.clock);
	loop_run(&f->loop, &never, now + NS_PER_MS);
	assert_true(clock_monotonic(f->loop.clock) - now < 10 * NS_PER_S);
	uv_close((uv_handle_t *)&soon, NULL);
	close_fixture(f);
}

static void finish(struct task *t)
{
	container_of(t, struct fixture, task)->done = true;
}

static void post_task(uv_timer_t *t)
{
	struct fixture *f = t->data;
	f->task.run = finish;
	loop_post(&f->loop, &f->task);
}

/* libuv fires its timers, and then waits for I/O in the same turn. */
TEST(what_a_timer_of_libuv_makes_ready_is_not_waited_for)
{
	struct fixture *f = open_fixture(clock_virtual_new(0));
	uv_timer_t soon;
	assert_int_equal(uv_timer_init(loop_uv(&f->loop), &soon), 0);
	soon.data = f;
	uv_timer_start(&soon, post_task, 0, 0);
	uint64_t begun = uv_hrtime();
	f->timer.fire = NULL; /* an hour away: it does not fire */
	timer_start(&f->loop, &f->timer, 3600 * NS_PER_S);
	assert_int_equal(loop_run(&f->loop, &f->done, UINT64_MAX), LOOP_DONE);
	assert_true(uv_hrtime() - begun < 60 * NS_PER_S);
	uv_close((uv_handle_t *)&soon, NULL);
	close_fixture(f);
}
