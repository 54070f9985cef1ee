/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of JavaScript tests while it runs: its realm, the service it is about, and the frames that are open.
 *
 * The file, each `describe` and each run of a test have a frame: a fork of the world of the frame around it,
 * with a loop and a virtual clock of its own. What JavaScript starts belongs to the frame that it is in then,
 * and ends with it. The newest frame's loop runs first; only when nothing can happen on it any more are the
 * others looked at.
 */
#ifndef RUNNER_JS_SESSION_H
#define RUNNER_JS_SESSION_H

#include "guest/js/realm.h"
#include "guest/js/value.h"
#include "runner/executor.h"
#include "runner/loaded.h"
#include "runner/outside.h"
#include "world/origins.h"

/* That a file of tests may be about, its own one included. */
enum { SERVICES_MAX = 64 };

struct test_frame {
	struct list link; /* of the session's */
	uint32_t id;
	struct test_frame *parent;
	unsigned children; /* that are open */
	struct clock *clock;
	struct loop loop;
	struct world *world;
	struct outside outside; /* behind its origins */
	struct list others;     /* worlds of services beside the file's own: services.c */
	struct list exchanges;  /* struct js_exchange: requests to the service, until the frame is closed */
	uint64_t advanced_ns;   /* so far has the clock been moved by tests, not by waiting */
	uint64_t begun_ns;      /* on the real clock */
	uint32_t requests;
	size_t unanswered_before; /* requests to origins that nobody answered in the frames around it */
};

/* What JavaScript is told of a request to the service; these are the functions of prelude/service.ts. */
enum exchange_news { EXCHANGE_ANSWERED, EXCHANGE_FAILED, EXCHANGE_ENDED, EXCHANGE_NEWS };

struct js_session {
	struct realm *realm;
	struct loaded *project;
	struct loaded_projects *projects;
	struct loaded *services[SERVICES_MAX]; /* by number; 0 is `project` */
	unsigned service_count;
	unsigned about; /* whose world tests read and write: set around each call, so 0 elsewhere */
	const struct run_options *options;
	const struct test_file *file;
	const struct test_pass *pass;
	struct executor_listener *listener;
	struct arena arena;
	struct tape tape;
	struct clock *real;
	/* Time and chance of what runs in no frame: the file, while it is loaded. */
	struct clock *clock;
	struct loop loop;
	struct random *random;
	uint64_t patience_ns;     /* on that clock: what is not there by then never comes */
	struct list frames;       /* struct test_frame, all that are open, the newest last */
	uint32_t next_frame;      /* their numbers */
	struct test_frame *frame; /* where JavaScript is now; NULL: in none */
	struct list readers;      /* of bodies, by JavaScript */
	struct list writers;      /* struct js_ask: answers of origins that JavaScript is still writing */
	struct registrar registrar;
	struct list registrations; /* of backends, that JavaScript has not settled yet */
	struct js_ref on_request;  /* JavaScript that answers what services ask origins */
	struct js_ref on_register;
	struct js_ref on_exchange[EXCHANGE_NEWS];
	struct js_ref on_uncaught;
	bool yield; /* the frame changed, or all is over: the loop that runs must be left */
	bool over;  /* the file's promise was settled */
	size_t position;
	/*
	 * JavaScript that does not come back for so long while no test runs is ended. Tests are looked at
	 * from outside: with this limit every return to JavaScript costs a system call.
	 */
	uint64_t limit_ns;
	struct deadline deadline; /* of the test that runs */
	bool listing;             /* tests are told of, not run */
	bool broken;              /* that was told of, and nothing more is */
	uint64_t seed;
};

static inline struct js_session *session_of(const struct js_call *c)
{
	return c->realm->data;
}

/* What runs in no frame has time and chance of its own from here to the end. */
void session_begin(struct js_session *s);
/* After the realm's end. */
void session_end(struct js_session *s);

/*
 * Opens a frame inside of another (NULL: of the project's world), and enters it. `name` is what a cassette
 * calls it. NULL: there is no network to be had.
 */
must_use struct test_frame *session_open_frame(struct js_session *s, struct test_frame *parent,
					       struct str name, struct error *e);
/* JavaScript that runs from now on is in this one; NULL: in none. */
void session_enter(struct js_session *s, struct test_frame *f);
/* The same by its loop: for struct realm_ops. */
void session_enter_loop(void *data, struct loop *loop);
/* It has no frame inside of it any more. Who is in it is in its parent then. */
void session_close_frame(struct js_session *s, struct test_frame *f);

/*
 * Runs the loops until the file is over; false: it never will be, as everything waits for what cannot come.
 */
must_use bool session_run(struct js_session *s);

/*
 * Moves the time of the frame that JavaScript is in; what becomes due on the way is run. Time-outs of tests
 * do not count it.
 */
void session_advance(struct js_session *s, uint64_t ns);

/* ---- the other files of this folder ---- */

/* The file's cassette, where one is asked for; to be closed all the same. */
must_use bool js_net_open_file(struct js_session *s, struct error *e);
/* What is behind a new frame's origins. */
must_use bool js_net_open(struct js_session *s, struct test_frame *f, struct str name, struct error *e);

/* Breaks off the answers that JavaScript is writing on a loop. */
void js_origins_close(struct js_session *s, const struct loop *loop);

/* Ends the reading of bodies that are a loop's. */
void js_bodies_close(struct js_session *s, const struct loop *loop);

/* Ends requests that wait for ever; false: there was none. */
bool js_exchanges_give_up(struct test_frame *f);
/* Frees all requests of a frame. */
void js_exchanges_close(struct test_frame *f);

/* What tests begin with. */
void js_registrar_init(struct js_session *s);
/* Lets go what is a frame's. */
void js_registrations_close(struct js_session *s, const struct test_frame *f);

/* That whose world tests read and write now. */
struct loaded *session_service(const struct js_session *s);
/* The file cannot be run, a test has found: no test of it is told of or begun any more. */
void session_break(struct js_session *s, struct str why);
/* Its world in a frame; made when it is asked for first. */
struct world *session_world_in(struct js_session *s, struct test_frame *f);
/* Was it asked for yet? */
bool session_has_world(const struct js_session *s, const struct test_frame *f);
/* Requests of its to origins that nobody answered in the frames around that one. */
size_t session_unanswered_before(const struct js_session *s, const struct test_frame *f);
/* The number of the service whose world in the frame this is. */
unsigned session_service_of(const struct test_frame *f, const struct world *w);
/* Ends the worlds of services beside the file's own. */
void session_close_others(struct test_frame *f);
/* A world of a frame, as all of them are. */
must_use struct world *session_fork_world(struct js_session *s, const struct world *around,
					  struct loop *loop);

/* The open frame whose number argument `i` is; NULL: 0, or there is none and it has thrown. */
struct test_frame *session_frame_arg(struct js_call *c, size_t i);
/*
 * The current frame's world of the service that is meant, for a test to read and write; NULL: none is open,
 * which it has thrown.
 */
struct world *session_world(struct js_call *c);

extern const struct js_module js_frames_module, js_exchange_module, js_net_module, js_origins_module,
	js_results_module, js_tables_module, js_kv_module, js_acl_module, js_rates_module, js_cache_module,
	js_facts_module, js_backends_module, js_services_module;

#endif
