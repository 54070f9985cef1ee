/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several threads that take turns on one loop. All that the loop runs, and so all of our own state, is
 * guarded by one lock, as in interpreters that have one; what takes long and needs none of it (a guest's own
 * code) is a job, which lets go of the lock while it computes. Each thread does what is to be done next:
 * tasks and timers that are due, I/O, a job; one of those that have nothing to do waits for I/O, without the
 * lock, the others sleep. So a request that comes alone is served by one thread from its first byte to its
 * last, and nobody is woken for it. While I/O follows on I/O within some 100 us, who waits for it keeps its
 * core awake, unless somebody else wants that.
 *
 * Code that runs on a loop may be written as if it were alone: nothing else of the loop runs before it
 * returns, but for what jobs do between crew_enter() and crew_leave(), and that never while the code runs.
 */
#ifndef LOOP_CREW_H
#define LOOP_CREW_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/list.h"
#include "loop/loop.h"

/* Work for any thread, at its turn. `run` is called with the lock held and may let go of it. */
struct job {
	struct list link;
	void (*run)(struct job *);
};

/* A crew for the loop, on the system's clock; the loop knows of it from now on (`loop->crew`). */
must_use struct crew *crew_new(struct loop *l, unsigned threads);
/* Nobody runs it, no job is posted. Leaves NULL; NULL is fine. The loop is one thread's again. */
void crew_destroy(struct crew **pc);

/*
 * As loop_run(), with this thread as one of them, until `*done`, which is set under the lock, or until the
 * time. All threads have come out of their jobs then.
 */
enum loop_result crew_run(struct crew *c, const bool *done, uint64_t deadline_ns);

/* Queues a job; the lock is held. One that is queued stays where it is. */
void crew_post(struct crew *c, struct job *j);

/* Takes the lock; gives it back. NULL is fine: there is one thread alone, and nothing to do. */
void crew_lock(struct crew *c);
void crew_unlock(struct crew *c);
static inline void crew_enter(struct crew *c)
{
	if (c)
		crew_lock(c);
}
static inline void crew_leave(struct crew *c)
{
	if (c)
		crew_unlock(c);
}

/*
 * For code that is told by a job what it waits for: gives the lock away until some job called crew_moved().
 */
void crew_pause(struct crew *c);
void crew_moved(struct crew *c);

/* Is there something that no thread is free for? A job that takes long should then let others have a turn.
 * The lock is held. */
bool crew_is_wanted(const struct crew *c);

/*
 * Called now and then by somebody with a clock, without the lock: jobs that take long must not keep I/O
 * waiting.
 */
void crew_tick(struct crew *c);

#endif
