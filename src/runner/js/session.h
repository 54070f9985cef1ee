/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of JavaScript tests while it runs: its realm, the service it is about, and the frames that are open.
 *
 * The file, each `describe` and each run of a test have a frame: a fork of the world of the frame around it,
 * with a loop and a virtual clock of its own. What JavaScript starts belongs to the frame that is open then,
 * and ends with it. The innermost frame's loop runs; only when nothing can happen on it any more are those
 * around it looked at.
 */
#ifndef RUNNER_JS_SESSION_H
#define RUNNER_JS_SESSION_H

#include "guest/js/realm.h"
#include "guest/js/value.h"
#include "runner/executor.h"
#include "runner/loaded.h"
#include "world/origins.h"

struct js_origins;

struct test_frame {
	struct test_frame *parent;
	struct clock *clock;
	struct loop loop;
	struct world *world;
	struct js_origins *origins;
	struct list exchanges; /* struct js_exchange: requests to the service, until the frame is closed */
	uint64_t advanced_ns;  /* so far has the clock been moved by tests, not by waiting */
};

struct js_session {
	struct realm *realm;
	struct loaded *project;
	const struct run_options *options;
	const struct test_file *file;
	const struct test_pass *pass;
	struct executor_listener *listener;
	struct arena arena;
	struct clock *real;
	struct test_frame *frame; /* the innermost */
	struct list readers;      /* of bodies, by JavaScript */
	struct js_ref on_request; /* JavaScript that answers what services ask origins */
	struct js_ref on_register;
	struct js_ref on_uncaught;
	bool yield; /* the frame changed, or all is over: the loop that runs must be left */
	bool over;  /* the file's promise was settled */
	size_t position;
	uint64_t begun_ns; /* of the test under way, real time */
	bool listing;      /* tests are told of, not run */
	uint32_t requests, checks;
	uint64_t seed;
};

static inline struct js_session *session_of(const struct js_call *c)
{
	return c->realm->data;
}

/* Opens a frame inside of the innermost one; closes that. */
void session_open_frame(struct js_session *s);
void session_close_frame(struct js_session *s);

/*
 * Runs the loops until the file is over; false: it never will be, as everything waits for what cannot come.
 */
must_use bool session_run(struct js_session *s);

/*
 * Moves the innermost frame's time; what becomes due on the way is run. Time-outs of tests do not count it.
 */
void session_advance(struct js_session *s, uint64_t ns);

/* ---- the other files of this folder ---- */

/* A handler for the world's origins that asks the session's JavaScript. */
struct js_origins *js_origins_install(struct js_session *s, struct world *w);
/* That of a frame, whose world was forked. */
struct js_origins *js_origins_of(struct world *w);

/* Ends the reading of bodies that are a loop's. */
void js_bodies_close(struct js_session *s, const struct loop *loop);

/* Ends requests that wait for ever; false: there was none. */
bool js_exchanges_give_up(struct test_frame *f);
/* Frees all requests of a frame. */
void js_exchanges_close(struct test_frame *f);

/* The innermost frame's world, for a test to read and write; NULL: none is open, which it has thrown. */
struct world *session_world(struct js_call *c);

extern const struct js_module js_frames_module, js_exchange_module, js_origins_module, js_results_module,
	js_tables_module, js_kv_module, js_acl_module, js_rates_module, js_cache_module, js_facts_module;

#endif
