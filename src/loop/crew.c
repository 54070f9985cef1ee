/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/crew.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <uv.h>

#include "base/check.h"
#include "base/mem.h"

enum { THREADS_MAX = 256, READY_ROUNDS_MAX = 8, SPINS_MAX = 200, RELAXES_A_SPIN = 8 };

static const uint64_t IO_EVERY_NS = 500 * 1000; /* I/O has its turn after so long, however many jobs wait */
/* Jobs that took so long of late are worth waking a thread for, that it may look after the I/O meanwhile. */
static const uint64_t LONG_JOB_NS = 150 * 1000;
/*
 * A core that falls asleep between a request and the next takes longer to wake than a small request to be
 * served. So who waited for less than this the last time looks on for as long before it sleeps; a pause costs
 * that once.
 */
static const uint64_t LOOK_ON_NS = 100 * 1000;
/* Another program wanted the core meanwhile: it is not kept busy for so many waits. */
enum { LOOK_ON_PAUSE = 256 };
/* I/O had come by the end of a job: for so many waits, long jobs are expected not to be alone. */
enum { COMPANY_LASTS = 16 };

struct crew {
	struct loop *loop;
	unsigned threads;
	pthread_mutex_t lock; /* of all below, and of everything that the loop's code touches */
	pthread_cond_t idle;  /* something is to be done */
	pthread_cond_t moved;
	struct list jobs;
	const bool *done;
	uint64_t deadline_ns;
	bool late;                  /* it has passed */
	unsigned sleeping, running; /* threads: that have nothing to do; that are in a job */
	bool polling;               /* one waits for I/O */
	uint64_t polls_until;
	bool in_turn; /* one runs the loop's code: it may have let go of the lock, in crew_pause() */
	bool readable;
	uint64_t io_at_ns, job_ns; /* when I/O last had its turn; how long jobs take, smoothed */
	uint64_t waited_ns;        /* for I/O, the last time */
	unsigned pause, company;   /* LOOK_ON_PAUSE, COMPANY_LASTS: how much of it is left */
	bool one_core;             /* is all there is, for who is waited for too */
	uv_async_t *kick;          /* ends a wait for I/O; there while it runs */
};

static uint64_t now_ns(const struct crew *c)
{
	return clock_monotonic(c->loop->clock);
}

/* ---- waking ---- */

static void kick(struct crew *c)
{
	uv_async_send(c->kick);
}

/*
 * There are jobs beyond the one that this thread takes, or the I/O is left alone for long: somebody else's
 * turn.
 */
static void wake_another(struct crew *c)
{
	bool work = !list_empty(&c->jobs);
	if (c->sleeping && (work || (!c->polling && c->company > 0 && c->job_ns > LONG_JOB_NS)))
		pthread_cond_signal(&c->idle);
	else if (work && c->polling)
		kick(c);
}

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* Who has the lock gives it back soon, most often: sleeping and being woken would take longer. */
void crew_lock(struct crew *c)
{
	for (int i = 0; i < SPINS_MAX; i++) {
		if (pthread_mutex_trylock(&c->lock) == 0)
			return;
		for (int n = 0; n < RELAXES_A_SPIN; n++)
			relax();
	}
	pthread_mutex_lock(&c->lock);
}

void crew_unlock(struct crew *c)
{
	pthread_mutex_unlock(&c->lock);
}

void crew_post(struct crew *c, struct job *j)
{
	if (!list_linked(&j->link))
		list_push(&c->jobs, &j->link);
}

void crew_pause(struct crew *c)
{
	bool in_turn = c->in_turn;
	pthread_cond_wait(&c->moved, &c->lock);
	c->in_turn = in_turn;
}

void crew_moved(struct crew *c)
{
	pthread_cond_broadcast(&c->moved);
}

bool crew_is_wanted(const struct crew *c)
{
	bool somebody_free = c->polling || c->sleeping; /* else nobody looks at the time either */
	return !list_empty(&c->jobs) || !somebody_free;
}

void crew_tick(struct crew *c)
{
	if (pthread_mutex_trylock(&c->lock) != 0)
		return; /* somebody is at it */
	if (!c->polling && c->sleeping && now_ns(c) - c->io_at_ns > IO_EVERY_NS)
		pthread_cond_signal(&c->idle);
	else if (c->polling && (!list_empty(&c->jobs) || !list_empty(&c->loop->ready)))
		kick(c);
	pthread_mutex_unlock(&c->lock);
}

/* ---- turns ---- */

static void turn(struct crew *c)
{
	struct loop *l = c->loop;
	c->in_turn = true;
	for (int i = 0; i < READY_ROUNDS_MAX && !*c->done && loop_do_ready(l, c->done); i++) {
		if (!list_empty(&c->jobs))
			break;
	}
	bool idle = list_empty(&c->jobs) && list_empty(&l->ready);
	if (!*c->done &&
	    (c->readable || (idle && loop_wait_ns(l) == 0) || now_ns(c) - c->io_at_ns > IO_EVERY_NS)) {
		c->readable = false;
		loop_do_io(l);
		c->io_at_ns = now_ns(c);
	}
	c->in_turn = false;
}

static void do_job(struct crew *c, struct job *j)
{
	uint64_t begun = now_ns(c);
	c->running++;
	wake_another(c);
	j->run(j);
	c->running--;
	c->job_ns = (7 * c->job_ns + (now_ns(c) - begun)) / 8;
}

/* How often this thread lost its core to another. */
static long preemptions(void)
{
#ifdef RUSAGE_THREAD
	struct rusage usage;
	if (getrusage(RUSAGE_THREAD, &usage) == 0)
		return usage.ru_nivcsw;
#endif
	return 0;
}

/*
 * Looks for I/O again and again, without the lock; false: there is none yet. Says whether others wanted the
 * core.
 */
static bool look_on(const struct crew *c, uint64_t wait_ns, bool *disturbed)
{
	long before = preemptions();
	uint64_t now = now_ns(c), until = now + MIN(wait_ns, LOOK_ON_NS);
	bool came = false;
	for (; !came && now < until; now = now_ns(c))
		came = loop_await_io(c->loop, 0);
	*disturbed = preemptions() != before;
	return came;
}

static void wait_for_io(struct crew *c, uint64_t wait_ns)
{
	bool alone = c->running == 0 && !c->one_core, disturbed = false;
	bool looks_on = alone && c->waited_ns < LOOK_ON_NS && c->pause == 0;
	uint64_t begun = now_ns(c);
	c->polling = true;
	pthread_mutex_unlock(&c->lock);
	bool at_once = loop_await_io(c->loop, 0);
	if (!at_once && !(looks_on && look_on(c, wait_ns, &disturbed)))
		loop_await_io(c->loop, wait_ns);
	crew_lock(c);
	c->waited_ns = now_ns(c) - begun;
	c->pause = disturbed ? LOOK_ON_PAUSE : c->pause - (c->pause > 0);
	c->company = at_once ? COMPANY_LASTS : c->company - (c->company > 0);
	c->polling = false;
	c->readable = true;
}

/* There is nothing to do: waits for I/O, or, when somebody does that already, for being woken. */
static void rest(struct crew *c)
{
	uint64_t now = now_ns(c), left = c->deadline_ns > now ? c->deadline_ns - now : 0;
	uint64_t wait = MIN(loop_wait_ns(c->loop), left);
	uint64_t until = wait > UINT64_MAX - now ? UINT64_MAX : now + wait;
	if (!c->polling && !c->in_turn) {
		c->polls_until = until;
		wait_for_io(c, wait);
		return;
	}
	if (c->polling && until < c->polls_until) {
		c->polls_until = until;
		kick(c); /* it waits for longer than there is time now */
	}
	c->sleeping++;
	pthread_cond_wait(&c->idle, &c->lock);
	c->sleeping--;
}

static bool is_over(struct crew *c)
{
	c->late = c->late || (c->deadline_ns != UINT64_MAX && now_ns(c) > c->deadline_ns);
	return *c->done || c->late;
}

static void work(struct crew *c)
{
	while (!is_over(c)) {
		if (!c->in_turn)
			turn(c);
		if (is_over(c))
			break;
		struct list *first = list_pop(&c->jobs);
		if (first)
			do_job(c, container_of(first, struct job, link));
		else if (c->in_turn || (list_empty(&c->loop->ready) && loop_wait_ns(c->loop) > 0))
			rest(c);
	}
	pthread_cond_broadcast(&c->idle);
	kick(c); /* the others are to end, too */
}

static void *thread_main(void *data)
{
	struct crew *c = data;
	crew_lock(c);
	work(c);
	crew_unlock(c);
	return NULL;
}

static void kicked(uv_async_t *handle)
{
	(void)handle; /* it was only to end the waiting */
}

static void kick_closed(uv_handle_t *handle)
{
	mem_free(handle);
}

enum loop_result crew_run(struct crew *c, const bool *done, uint64_t deadline_ns)
{
	pthread_t threads[THREADS_MAX];
	unsigned started = 0;
	crew_lock(c);
	c->done = done;
	c->deadline_ns = deadline_ns;
	c->late = false;
	c->kick = NEW(uv_async_t);
	CHECK(uv_async_init(loop_uv(c->loop), c->kick, kicked) == 0);
	while (started + 1 < c->threads && pthread_create(&threads[started], NULL, thread_main, c) == 0)
		started++; /* with fewer it goes on as well */
	work(c);
	crew_unlock(c);
	while (started > 0)
		pthread_join(threads[--started], NULL);
	uv_close((uv_handle_t *)take(c->kick), kick_closed);
	return *done ? LOOP_DONE : LOOP_LATE;
}

/* ---- life ---- */

static bool has_one_core(void)
{
#ifdef CPU_COUNT
	cpu_set_t allowed;
	return sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) == 1;
#else
	return false;
#endif
}

struct crew *crew_new(struct loop *l, unsigned threads)
{
	struct crew *c = NEW(struct crew);
	pthread_mutexattr_t spins_a_little;
	c->loop = l;
	c->threads = MIN(threads, (unsigned)THREADS_MAX);
	c->one_core = has_one_core();
	c->waited_ns = UINT64_MAX;
	list_init(&c->jobs);
	pthread_mutexattr_init(&spins_a_little);
#ifdef PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
	pthread_mutexattr_settype(&spins_a_little, PTHREAD_MUTEX_ADAPTIVE_NP);
#endif
	pthread_mutex_init(&c->lock, &spins_a_little);
	pthread_mutexattr_destroy(&spins_a_little);
	pthread_cond_init(&c->idle, NULL);
	pthread_cond_init(&c->moved, NULL);
	l->crew = c;
	return c;
}

void crew_destroy(struct crew **pc)
{
	struct crew *c = take(*pc);
	if (!c)
		return;
	CHECK(list_empty(&c->jobs) && c->running == 0);
	c->loop->crew = NULL;
	pthread_cond_destroy(&c->moved);
	pthread_cond_destroy(&c->idle);
	pthread_mutex_destroy(&c->lock);
	mem_free(c);
}
