/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `serve` share. Everything is on the loop's thread; only a reload's compiling is not. */
#ifndef CLI_SERVE_PRIV_H
#define CLI_SERVE_PRIV_H

#include <uv.h>

#include "cli/access_log.h"
#include "cli/deployment.h"
#include "cli/service.h"
#include "cli/tls.h"
#include "cli/watch.h"
#include "http/server.h"
#include "runner/project.h"
#include "web/admin.h"

struct serving;

struct pop {
	struct serving *serving;
	struct http_server *server;
	bool stopped;
	struct admin_numbers numbers;
};

/* A new deployment that is being made in the background. */
struct reload {
	uv_work_t work;
	bool running;
	unsigned pending; /* which files are other than those that are served: bits of watch.h */
	unsigned taken;   /* of these, those that this one has in it */
	struct surroundings *around;
	struct wasm_options wasm;
	struct service *service;
	struct error error;
	bool ok;
	uint64_t started_ns;
};

struct serving {
	const struct cli_options *o;
	const char *guest, *manifest;
	struct edge edge;
	struct wasm_options wasm;
	struct deployment *current;
	struct list retired; /* deployments that end what they have begun */
	struct task sweep;
	struct pop pops[POPS_MAX];
	size_t pops_count;
	struct tls_context *tls; /* NULL: in the clear */
	struct access_log log;
	struct admin *admin;
	struct watch *watch;
	struct reload reload;
	uint64_t reloads;
	bool ending;  /* nothing new is accepted */
	bool drained; /* while ending: nothing is under way any more */
	bool hurry;   /* a second signal, or the time is over */
};

/* ---- serve_reload.c ---- */

/* Opens what is to be served at first, in the foreground. */
must_use bool serve_open(struct serving *s, struct error *e);
/* Watches the files from now on. Before serve_open(), so that no change is missed. */
void serve_watch(struct serving *s);
/* Waits for a reload that is under way, and drops it. */
void serve_stop_reloading(struct serving *s);
/* Frees deployments that have nothing under way any more. */
void serve_sweep(struct task *t);

/* ---- serve_report.c ---- */

/* Sets a front's callbacks. */
void serve_init_front(void *data, struct front *front, size_t pop);
must_use bool serve_open_admin(struct serving *s, struct error *e);

#endif
