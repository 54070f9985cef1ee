/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "loop/crew.h"

enum { THREADS = 4, JOBS = 400 };

struct crew_harness {
	struct clock *clock;
	struct loop loop;
	struct crew *crew;
	bool done;
	unsigned ended;
};

static struct crew_harness h;

static void open_crew(unsigned threads)
{
	h = (struct crew_harness){ .clock = clock_system_new() };
	loop_init(&h.loop, h.clock);
	h.crew = crew_new(&h.loop, threads);
	assert_ptr_equal(h.loop.crew, h.crew);
}

static void close_crew(void)
{
	crew_destroy(&h.crew);
	assert_null(h.loop.crew);
	loop_fini(&h.loop);
	clock_destroy(&h.clock);
}

static void end_one_of(unsigned all)
{
	h.done = ++h.ended == all;
}

/* ---- jobs ---- */

static pthread_barrier_t together;

static void meet_others(struct job *j)
{
	(void)j;
	crew_leave(h.crew);
	pthread_barrier_wait(&together); /* each thread has one */
	crew_enter(h.crew);
	end_one_of(THREADS);
}

TEST(jobs_run_at_the_same_time)
{
	struct job jobs[THREADS] = { 0 };
	open_crew(THREADS);
	pthread_barrier_init(&together, NULL, THREADS);
	for (size_t i = 0; i < THREADS; i++) {
		jobs[i].run = meet_others;
		crew_post(h.crew, &jobs[i]);
		crew_post(h.crew, &jobs[i]); /* once all the same */
	}
	assert_int_equal(crew_run(h.crew, &h.done, UINT64_MAX), LOOP_DONE);
	assert_int_equal(h.ended, THREADS);
	pthread_barrier_destroy(&together);
	close_crew();
}

static unsigned counted; /* by everybody, without an atomic in sight */

static void count_together(struct job *j)
{
	(void)j;
	for (int i = 0; i < 100; i++) {
		unsigned was = counted;
		counted = was + 1;
		crew_leave(h.crew);
		crew_enter(h.crew);
	}
	end_one_of(JOBS);
}

TEST(the_lock_guards_what_is_shared)
{
	static struct job jobs[JOBS];
	for (unsigned threads = 1; threads <= THREADS; threads += 3) {
		open_crew(threads);
		counted = 0;
		for (size_t i = 0; i < JOBS; i++) {
			jobs[i] = (struct job){ .run = count_together };
			crew_post(h.crew, &jobs[i]);
		}
		assert_int_equal(crew_run(h.crew, &h.done, UINT64_MAX), LOOP_DONE);
		assert_int_equal(counted, JOBS * 100);
		close_crew();
	}
}

/* ---- timers and tasks from jobs, while somebody waits for I/O ---- */

static struct timer soon, late;
static struct task then;

static void is_over(struct task *t)
{
	(void)t;
	h.done = true;
}

static void post_task(struct timer *t)
{
	(void)t;
	loop_post(&h.loop, &then);
}

static void never(struct timer *t)
{
	(void)t;
	fail_msg("nobody noticed the earlier timer");
}

static void start_timer(struct job *j)
{
	(void)j;
	crew_leave(h.crew);
	usleep(20 * 1000); /* the others wait for I/O, until the late timer */
	crew_enter(h.crew);
	timer_start(&h.loop, &soon, 5 * NS_PER_MS);
}

TEST(a_timer_of_a_job_is_heard_by_who_waits)
{
	for (unsigned threads = 1; threads <= THREADS; threads++) {
		struct job job = { .run = start_timer };
		open_crew(threads);
		soon = (struct timer){ .fire = post_task };
		late = (struct timer){ .fire = never };
		then = (struct task){ .run = is_over };
		timer_start(&h.loop, &late, 60 * NS_PER_S);
		crew_post(h.crew, &job);
		assert_int_equal(crew_run(h.crew, &h.done, UINT64_MAX), LOOP_DONE);
		timer_stop(&h.loop, &late);
		close_crew();
	}
}

/* ---- I/O beside a job that takes long ---- */

static atomic_bool heard, give_up;

static void on_async(uv_async_t *a)
{
	(void)a;
	atomic_store(&heard, true);
}

static void *send_and_tick(void *async)
{
	usleep(20 * 1000);
	uv_async_send(async);
	for (int i = 0; i < 1000 && !atomic_load(&heard); i++) {
		usleep(2 * 1000);
		crew_tick(h.crew);
	}
	atomic_store(&give_up, true);
	return NULL;
}

static void compute_until_heard(struct job *j)
{
	(void)j;
	crew_leave(h.crew);
	while (!atomic_load(&heard) && !atomic_load(&give_up))
		usleep(1000);
	crew_enter(h.crew);
	end_one_of(1);
}

static void closed(uv_handle_t *handle)
{
	(void)handle;
}

TEST(io_is_heard_while_a_job_computes)
{
	for (int round = 0; round < 3; round++) {
		uv_async_t async;
		pthread_t other;
		struct job job = { .run = compute_until_heard };
		open_crew(2);
		atomic_store(&heard, false);
		atomic_store(&give_up, false);
		uv_async_init(loop_uv(&h.loop), &async, on_async);
		crew_post(h.crew, &job);
		pthread_create(&other, NULL, send_and_tick, &async);
		assert_int_equal(crew_run(h.crew, &h.done, UINT64_MAX), LOOP_DONE);
		pthread_join(other, NULL);
		assert_true(atomic_load(&heard));
		uv_close((uv_handle_t *)&async, closed);
		close_crew();
	}
}

/* All threads compute, and give each other and the I/O a turn when they are wanted. */
static void compute_in_slices(struct job *j)
{
	crew_leave(h.crew);
	usleep(1000);
	crew_enter(h.crew);
	bool over = atomic_load(&heard) || atomic_load(&give_up);
	if (!over && !crew_is_wanted(h.crew))
		fail_msg("there are more jobs than threads");
	if (over)
		end_one_of(5);
	else
		crew_post(h.crew, j);
}

TEST(io_is_heard_though_all_threads_compute)
{
	uv_async_t async;
	pthread_t other;
	struct job jobs[5] = { 0 };
	open_crew(2);
	atomic_store(&heard, false);
	atomic_store(&give_up, false);
	uv_async_init(loop_uv(&h.loop), &async, on_async);
	for (size_t i = 0; i < 5; i++) {
		jobs[i].run = compute_in_slices;
		crew_post(h.crew, &jobs[i]);
	}
	pthread_create(&other, NULL, send_and_tick, &async);
	assert_int_equal(crew_run(h.crew, &h.done, UINT64_MAX), LOOP_DONE);
	pthread_join(other, NULL);
	assert_true(atomic_load(&heard));
	uv_close((uv_handle_t *)&async, closed);
	close_crew();
}

/* ---- waiting for I/O ---- */

static uint64_t cpu_us(void)
{
	struct rusage used;
	getrusage(RUSAGE_SELF, &used);
	return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static unsigned times;

static void once_more(struct timer *t)
{
	if (--times == 0)
		h.done = true;
	else
		timer_start(&h.loop, t, 10 * NS_PER_MS);
}

/* Now and then something to do: no core is kept awake for that. */
TEST(who_has_waited_for_long_sleeps)
{
	struct timer t = { .fire = once_more };
	open_crew(2);
	times = 40;
	timer_start(&h.loop, &t, 10 * NS_PER_MS);
	uint64_t before = cpu_us();
	assert_int_equal(crew_run(h.crew, &h.done, UINT64_MAX), LOOP_DONE);
	assert_true(cpu_us() - before < 100 * 1000); /* of 400 ms */
	close_crew();
}

static int ball[2];

static void *hit_back(void *count)
{
	char c;
	for (int i = 0; i < *(int *)count && read(ball[1], &c, 1) == 1; i++) {
		if (i % 100 == 99)
			usleep(2000); /* a pause, after which it goes on as before */
		(void)!write(ball[1], &c, 1);
	}
	return NULL;
}

static void on_ball(uv_poll_t *poll, int status, int events)
{
	char c;
	(void)poll;
	(void)events;
	assert_int_equal(status, 0);
	assert_int_equal(read(ball[0], &c, 1), 1);
	if (--times == 0)
		h.done = true;
	else
		(void)!write(ball[0], &c, 1);
}

TEST(io_that_follows_at_once_is_heard_as_after_a_pause)
{
	pthread_t other;
	int count = 1000;
	uv_poll_t poll;
	open_crew(2);
	times = (unsigned)count;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ball), 0);
	uv_poll_init(loop_uv(&h.loop), &poll, ball[0]);
	uv_poll_start(&poll, UV_READABLE, on_ball);
	pthread_create(&other, NULL, hit_back, &count);
	(void)!write(ball[0], "o", 1);
	assert_int_equal(crew_run(h.crew, &h.done, UINT64_MAX), LOOP_DONE);
	pthread_join(other, NULL);
	uv_close((uv_handle_t *)&poll, closed);
	close_crew();
	close(ball[0]);
	close(ball[1]);
}

/* ---- waiting for a job ---- */

static bool job_runs, job_was_told;

static void run_until_told(struct job *j)
{
	(void)j;
	job_runs = true;
	while (!job_was_told) {
		crew_leave(h.crew);
		usleep(500);
		crew_enter(h.crew);
	}
	job_runs = false;
	crew_moved(h.crew);
}

static void wait_for_job(struct timer *t)
{
	assert_true(job_runs);
	job_was_told = true;
	while (job_runs)
		crew_pause(h.crew);
	h.done = true;
	(void)t;
}

TEST(a_task_may_wait_for_a_job)
{
	for (unsigned threads = 2; threads <= THREADS; threads++) {
		struct job job = { .run = run_until_told };
		open_crew(threads);
		job_runs = job_was_told = false;
		soon = (struct timer){ .fire = wait_for_job };
		timer_start(&h.loop, &soon, 10 * NS_PER_MS);
		crew_post(h.crew, &job);
		assert_int_equal(crew_run(h.crew, &h.done, UINT64_MAX), LOOP_DONE);
		assert_false(job_runs);
		close_crew();
	}
}

/* ---- the end ---- */

static unsigned out_of_jobs;

static void end_all(struct job *j)
{
	(void)j;
	h.done = true;
}

static void take_long(struct job *j)
{
	(void)j;
	crew_leave(h.crew);
	usleep(30 * 1000);
	crew_enter(h.crew);
	out_of_jobs++;
}

TEST(the_end_waits_for_jobs_under_way)
{
	struct job jobs[] = { { .run = take_long }, { .run = take_long }, { .run = end_all } };
	open_crew(3);
	out_of_jobs = 0;
	for (size_t i = 0; i < COUNT_OF(jobs); i++)
		crew_post(h.crew, &jobs[i]);
	assert_int_equal(crew_run(h.crew, &h.done, UINT64_MAX), LOOP_DONE);
	assert_true(h.done);
	assert_int_equal(out_of_jobs, 2);
	close_crew();
}

TEST(a_time_ends_it_too)
{
	for (unsigned threads = 1; threads <= THREADS; threads += 3) {
		struct job job = { .run = take_long };
		open_crew(threads);
		out_of_jobs = 0;
		uint64_t begun = clock_monotonic(h.clock);
		assert_int_equal(crew_run(h.crew, &h.done, begun + 10 * NS_PER_MS), LOOP_LATE);
		assert_true(clock_monotonic(h.clock) - begun >= 10 * NS_PER_MS);
		crew_post(h.crew, &job);
		assert_int_equal(crew_run(h.crew, &h.done, clock_monotonic(h.clock) + 5 * NS_PER_MS),
				 LOOP_LATE);
		assert_int_equal(out_of_jobs, 1);
		close_crew();
	}
}

TEST(without_a_crew_there_is_nothing_to_enter)
{
	crew_enter(NULL);
	crew_leave(NULL);
	struct crew *none = NULL;
	crew_destroy(&none);
}
