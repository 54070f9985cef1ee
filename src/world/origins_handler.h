/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Origins that somebody else's code answers: a function in JavaScript, a callback of an embedding program.
 * The handler is asked first; what it says is not its own goes on to the next origins.
 *
 * A handler that has taken a request answers with a fetch, now or later:
 *
 *	struct fetch *f = fetch_new(loop);
 *	f->answerer = mine; f->cancel = forget_it;      the asker may lose interest before the answer
 *	… fetch_respond(f, response), or fetch_fail(f, FETCH_CONNECTION_REFUSED, STR("")) …
 *
 * It is called on the guest's own stack: what must not run there (an interpreter that looks at its stack,
 * code that needs much of it) posts a task. The one reference is the asker's, so a handler that answers later
 * keeps a bare pointer and drops it in `cancel`. The request's strings are borrowed for the call; a body is
 * read by whoever takes a reference, and must be read to its end or abandoned, or the service that streams it
 * waits for ever.
 */
#ifndef WORLD_ORIGINS_HANDLER_H
#define WORLD_ORIGINS_HANDLER_H

#include "world/origins.h"

struct origins_handler {
	const struct origins_handler_ops *ops;
};

struct origins_handler_ops {
	const char *name;
	/* As origins_send(); NULL: not mine, and neither the request nor its body was touched. */
	struct fetch *(*send)(struct origins_handler *, struct backend *, struct str path,
			      const struct http_request *, struct loop *);
	/*
	 * The handler of a frame, in O(1). It may be another one that begins with what this one has, or one
	 * that shares everything with it, counted; the frame's is destroyed first.
	 */
	struct origins_handler *(*fork)(struct origins_handler *);
	/* Fails what it has not answered yet: its world ends. */
	void (*destroy)(struct origins_handler *);
};

/*
 * Takes the handler, and `next`, which is asked when the handler does not want a request (NULL: such a
 * request fails with FETCH_DESTINATION_NOT_FOUND). A fork forks both.
 */
must_use struct origins *origins_handler_new(struct origins_handler *handler, struct origins *next);

/* Is it one of these? Only then the others may be called. */
bool origins_is_handler(const struct origins *o);
/* The handler of these origins, of a frame the frame's own; borrowed. */
struct origins_handler *origins_handler_of(struct origins *o);
/* What is asked next; borrowed, NULL when there is none. */
struct origins *origins_handler_next(struct origins *o);

#endif
