/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands behind the handles of include/backlot.h. All of one service's hangs together: it shares
 * reference counts that are not atomic, so it is all behind the service's one lock, which every function of
 * the interface takes. The lock is recursive, because callbacks call back.
 *
 * Handles are counted. The count of a world holds its handle, its forks, its responses and calls, and whoever
 * runs its loop; that of a service holds its handle and its worlds.
 */
#ifndef LIB_LIB_PRIV_H
#define LIB_LIB_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include <backlot.h>

#include "base/buf.h"
#include "base/error.h"
#include "guest/memory_client.h"
#include "guest/wasm/wasm_service.h"
#include "world/origin_ask.h"

enum { LIB_COMPLAINTS_BYTES_MAX = 64 << 10, LIB_TEXT_BYTES_MAX = 1 << 20 };

/* ---- errors (error.c); all yield false ---- */

bool lib_fail(bl_error **error, const struct error *e);
bool lib_fail_text(bl_error **error, enum error_kind kind, struct str text);
printf_like(3, 4) bool lib_failf(bl_error **error, enum error_kind kind, const char *format, ...);
/* What must be given was; `name` is how the header calls it. */
must_use bool lib_given(const void *argument, const char *name, bl_error **error);

must_use bl_data *lib_data(struct str bytes); /* a copy */
bl_bytes lib_bytes(struct str s);             /* borrowed; ptr NULL stays NULL */

/* ---- services (service.c) ---- */

struct lib_warning {
	struct lib_warning *next;
	struct str text;
};

struct bl_service {
	pthread_mutex_t lock; /* recursive; of everything that hangs on this service */
	size_t refs;
	pid_t process; /* that may run it */
	struct arena arena;
	struct service *service;
	const char *manifest, *folder; /* of its project; NULL: it has none */
	struct lib_warning *warnings, **last_warning;
};

const char *lib_environment(void *unused, const char *name); /* environment.c */

/*
 * `lib_locked struct bl_service *s = lib_lock(service);` until the end of the scope. Who holds the lock holds
 * a reference, too: the last one destroys the service when the lock is let go.
 */
struct bl_service *lib_lock(struct bl_service *s);
void lib_unlock(struct bl_service **ps);
#define lib_locked scoped(lib_unlock) __attribute__((unused))

void lib_add_warning(struct arena *a, struct lib_warning ***last, const char *text);
const char *lib_warning_at(const struct lib_warning *first, size_t index);

/* ---- worlds (world.c) ---- */

struct lib_registrar;

struct bl_world {
	struct bl_service *service;
	struct bl_world *parent;
	size_t refs, forks;
	bool running; /* somebody runs its loop */
	struct clock *clock;
	struct loop loop; /* by which callbacks find the world */
	struct world *world;
	struct arena arena;
	struct lib_warning *warnings, **last_warning;
	struct buf complaints; /* what callbacks did wrong so far, lines */
	struct lib_registrar *registrar;
	struct list registering; /* struct lib_registering: under way */
};

/* May it be changed? */
must_use bool lib_changeable(const struct bl_world *w, bl_error **error);
/* May its loop be run? Then it is, until lib_run_end(). */
must_use bool lib_run_begin(struct bl_world *w, bl_error **error);
void lib_run_end(struct bl_world *w);
void lib_world_ref(struct bl_world *w);
void lib_world_unref(struct bl_world *w);

/* ---- origins (origin.c, registration.c) ---- */

struct bl_answer {
	struct origin_rule *rule; /* whose first answer it is */
};

void lib_registrar_unref(struct lib_registrar **pr);
struct lib_registrar *lib_registrar_ref(struct lib_registrar *r);
void lib_registering_cancel(struct bl_world *w); /* all that is under way */

/* ---- requests (request.c) ---- */

/* Of no service, so its count is atomic. Responses borrow from it. */
struct bl_request {
	atomic_size_t refs;
	struct arena arena;
	struct str method, url;
	struct headers headers;
	bool has_body;
	struct str body;
	struct client client; /* what is set */
};

const bl_request *lib_request_ref(const bl_request *request);
/* For a world; `out->body` is a reference for the caller. */
void lib_request_make(const bl_request *request, struct http_request *out, struct loop *loop,
		      struct arena *a);

bl_bytes lib_header(const struct headers *h, const char *name);
bool lib_header_at(const struct headers *h, size_t index, bl_bytes *name, bl_bytes *value);
/* Adds a field, if it is one. */
must_use bool lib_header_add(struct headers *h, struct arena *a, const char *name, const char *value,
			     bl_error **error);

#endif
