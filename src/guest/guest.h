/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every kind of service must do (Wasm guest, Worker, native handler, VCL): handle one event at a time in
 * a world, and say how it went. Callers (server, test runner, other services) know this header and no engine.
 */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "http/fetch.h"
#include "http/message.h"
#include "http/server.h"
#include "loop/loop.h"
#include "world/client.h"
#include "world/trace.h"
#include "world/world.h"

enum outcome {
	OUTCOME_RUNNING,
	OUTCOME_OK,        /* returned, or exited with 0 */
	OUTCOME_EXIT,      /* proc_exit with another code */
	OUTCOME_TRAP,      /* unreachable, out of bounds, stack overflow, a fatal host call … */
	OUTCOME_LIMIT,     /* CPU time, wall time or host memory used up */
	OUTCOME_CANCELLED, /* nobody wants it any more */
	OUTCOME_FAILED,    /* could not be started */
};

const char *outcome_name(enum outcome o);

/* A request that a service sent to an origin, kept for reports. */
struct subrequest {
	struct subrequest *next;
	struct backend *backend;     /* a reference */
	struct http_request request; /* as sent, without its body */
	struct str path;             /* on the wire */
	struct fetch *fetch;         /* a reference; its response's body has gone to the service */
	uint64_t wall_ns;            /* when it was sent */
};

enum handoff_kind { HANDOFF_WEBSOCKET, HANDOFF_GRIP };

/*
 * The client's request was given to a backend, or to the GRIP proxy, and the answer to that is the response:
 * a 101 with the connection in `fetch`, or any other.
 */
struct handoff {
	enum handoff_kind kind;
	struct subrequest *sent;
};

const char *handoff_kind_name(enum handoff_kind kind); /* "websocket", "grip" */

struct log_entry {
	struct log_entry *next;
	struct str endpoint, message;
};

/* A limit that was exceeded, once for each limit of an invocation. */
struct limit_breach {
	struct limit_breach *next;
	enum limit limit;
	uint64_t bound, reached; /* `reached`: the largest number */
	bool enforced;           /* false: it was only noted, and went on */
	struct trace_event *event;
};

/* An interim response: early hints. */
struct interim {
	struct interim *next;
	uint16_t status;
	struct headers headers;
};

/*
 * One event handled by a service. The response may be there long before the end. Made by service_invoke(),
 * freed by invocation_destroy(). Everything it points at lives as long as it does.
 */
struct invocation {
	struct service *service;
	struct world *world;
	struct arena arena;
	uint64_t number;      /* of this world, from 0 */
	uint32_t nth;         /* of its instance, from 1: beyond that, an instance handles another request */
	struct event changed; /* fired when it responded, informed or ended */

	bool responded;
	bool answered;                 /* by the service: the response is not the host's, for want of one */
	struct http_response response; /* the body is a reference for whoever asked: take it */
	struct handoff *handoff;       /* NULL: the service answers itself */
	struct watcher handed_off;
	bool keep_framing;                         /* the response's framing headers are the guest's own */
	struct interim *interims, **interims_last; /* 103s, in order */

	bool ended;
	enum outcome outcome;
	int exit_code;
	struct str report;  /* what went wrong, with a symbolised backtrace, for people; empty when OK */
	struct str failure; /* in a line: report_words() */

	struct log_entry *logs, **logs_last;
	struct subrequest *subrequests, **subrequests_last;
	uint32_t subrequest_count;
	struct limit_breach *breaches, **breaches_last;
	struct list readthroughs; /* struct readthrough: requests that are on their way through the cache */
	struct list stored;       /* what it put into the cache, to be measured: limit.h */
	struct trace trace;

	uint64_t started_ns, ended_ns; /* on the world's monotonic clock */
	uint64_t log_bytes, cache_lookups;
	uint64_t cpu_ns;       /* the guest's own */
	uint64_t memory_bytes; /* linear memory at its largest */
	uint64_t hostcalls;
};

/* A word of a guest's memory that is set before it starts. */
struct guest_word {
	uint32_t address, value;
};

/*
 * How one invocation's program is started, where that is not the service's business. All borrowed as the
 * request is.
 */
struct guest_program {
	const char *const *args;      /* argv behind the program's name; NULL-ended */
	const char *const *variables; /* "NAME=value", beside those every guest has; NULL-ended; NULL: none */
	const struct guest_word *words;
	size_t word_count;
};

struct invocation_request {
	const struct http_request
		*http;        /* borrowed until the invocation is destroyed; its body is referenced */
	struct client client; /* what it points at is borrowed for as long */
	const struct guest_program *program; /* NULL: as the service is started always */
};

struct service {
	const struct service_ops *ops;
};

struct service_ops {
	const char *kind;
	struct invocation *(*invoke)(struct service *, struct world *, const struct invocation_request *);
	void (*cancel)(struct invocation *);
	void (*free_invocation)(struct invocation *);
	void (*destroy)(struct service *);
};

/*
 * Starts handling a request in a world. Never fails here: the invocation's outcome may. Both outlive it. The
 * service may run before this returns, so look at the invocation before waiting for it to change.
 */
must_use struct invocation *service_invoke(struct service *s, struct world *w,
					   const struct invocation_request *request);

/* Ends it with outcome CANCELLED when it still runs. Not to be called while its service is running on the
 * stack. */
void invocation_cancel(struct invocation *i);

/* Ends what still runs (outcome CANCELLED), frees all of it, leaves NULL; NULL is fine. */
void invocation_destroy(struct invocation **pi);

void service_destroy(struct service **ps); /* leaves NULL; NULL is fine */

/* Has the service done all it will, and the client its answer? */
static inline bool invocation_over(const struct invocation *i)
{
	return i->ended && i->responded;
}

/*
 * Fired when a request that is still under way, to an origin or through the cache, settles; NULL when there
 * is none. A service may end without waiting for what it sent; whoever destroys the invocation then cancels
 * it, so a server waits for this first.
 */
struct event *invocation_unsettled(struct invocation *i);

/* ---- for implementations ---- */

void invocation_init(struct invocation *i, struct service *s, struct world *w);
void invocation_fini(struct invocation *i); /* may be called again, after more was sent */
void invocation_respond(struct invocation *i, struct http_response response);
void invocation_inform(struct invocation *i, uint16_t status, const struct headers *headers);
void invocation_end(struct invocation *i, enum outcome outcome, struct str report);
/*
 * What a report comes down to: what Wasmtime calls the trap, or the cause, or the first line; borrowed of it.
 */
struct str report_words(struct str report);
void invocation_log(struct invocation *i, struct str endpoint, struct str message);
/* Sends to the world's origins and keeps the record. `request` is copied but for its body, which goes along.
 */
struct fetch *invocation_send(struct invocation *i, struct backend *backend, struct str path,
			      const struct http_request *request);
/*
 * The same in place of a response: it comes from there. What goes wrong is a 503 when there was no
 * connection, else a 502, and so is a 101 to a client that did not ask for it.
 */
void invocation_hand_off(struct invocation *i, enum handoff_kind kind, struct backend *backend,
			 struct str path, const struct http_request *request);

#endif
