/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Worker processes. They are forked from this one, so they know all that it knew then; they take work by a
 * counter in shared memory, and send messages through a pipe. What a worker is at stands in shared memory,
 * too: when it dies, or takes too long, that is what is to blame. They die with this process, however it
 * ends.
 */
#ifndef RUNNER_WORKERS_H
#define RUNNER_WORKERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "runner/interrupt.h"

enum { WORKERS_MAX = 256, WORKER_MESSAGE_BYTES_MAX = 4 << 20, WORKER_NOTE_BYTES_MAX = 4096 };

struct workers;
struct worker; /* a worker's own side */

/* What all processes of a run share. */
struct workers_shared {
	_Atomic uint32_t next; /* the work that is handed out next */
	_Atomic uint32_t stop; /* no more work is to be begun */
};

/* A worker process that has ended. */
struct worker_end {
	unsigned index;
	uint64_t item;   /* what it was at; 0: nothing */
	uint64_t ns;     /* how long it was at it */
	int status;      /* as waitpid() has it */
	bool late;       /* it was stopped for taking too long */
	bool fat;        /* it was stopped for taking too much memory */
	int crash;       /* of crash.h; borrowed for the call */
	struct str note; /* the last it took of itself; borrowed for the call */
};

struct workers_ops {
	/* In the worker process, which ends when this returns. */
	void (*work)(void *data, struct worker *self, unsigned index);
	/* In this process: a whole message of a worker; borrowed for the call. */
	void (*message)(void *data, unsigned index, struct str message);
	/* It may be started again from here. */
	must_use bool (*ended)(void *data, const struct worker_end *end, struct error *e);
	/* After the messages of each round, and several times a second when there are none. */
	void (*round)(void *data);
};

/*
 * An item that is timed may take `timeout_ns`, a worker so much memory (0: any). An interrupt (borrowed;
 * NULL: none is heard) ends workers_run(), with all workers killed and what they had sent heard.
 */
must_use struct workers *workers_new(const struct workers_ops *ops, void *data, uint64_t timeout_ns,
				     uint64_t memory_bytes, struct interrupt *interrupt);
/* Kills those that still run. Leaves NULL; NULL is fine. */
void workers_destroy(struct workers **pw);

struct workers_shared *workers_shared(struct workers *w);

/*
 * How many are wanted: `jobs`, or one a core when that is 0; at least one, and no more than there is work
 * for.
 */
unsigned workers_wanted(uint64_t jobs, size_t work);

/* Forks number `index`, which is not running. */
must_use bool workers_start(struct workers *w, unsigned index, struct error *e);

/* Until all have ended. */
must_use bool workers_run(struct workers *w, struct error *e);

/* How it ended, for people: " (Segmentation fault)", " (exit code 3)", or nothing. */
void worker_end_print(const struct worker_end *end, char *out, size_t cap);

/* ---- in the worker process ---- */

/* What it is at from now on; 0: nothing. */
void worker_is_at(struct worker *self, uint64_t item, bool timed);
/* Its time stands still until worker_resume(). */
void worker_pause(struct worker *self);
void worker_resume(struct worker *self);
/*
 * What is to be known of what it will be at next, should it die of it. What is longer than fits is not noted
 * at all.
 */
void worker_note(struct worker *self, struct str note);
/* One message of several parts. Ends the process when nobody hears it any more. */
void worker_send(struct worker *self, const struct str *parts, size_t count);

#endif
