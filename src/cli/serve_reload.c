/* SPDX-License-Identifier: Apache-2.0 */
/* Opening what is served, at first and anew when a file has changed. */
#include <string.h>

#include "cli/serve_priv.h"

/* Bits of the watch. */
enum { GUEST_CHANGED = 1 << 0, WORLD_CHANGED = 1 << 1 };

static void deploy(struct serving *s, struct surroundings *around, struct service *service)
{
	struct deployment *before = s->current;
	s->current = deployment_new(around, service, serve_init_front, s);
	if (before)
		list_push(&s->retired, &before->link);
	loop_post(&s->edge.loop, &s->sweep);
}

void serve_sweep(struct task *t)
{
	struct serving *s = container_of(t, struct serving, sweep);
	for (struct list *l = s->retired.next, *next; l != &s->retired; l = next) {
		struct deployment *d = container_of(l, struct deployment, link);
		next = l->next;
		if (deployment_idle(d))
			deployment_destroy(&d);
	}
	if (s->ending && list_empty(&s->retired) && deployment_idle(s->current))
		s->drained = true;
}

static struct wasm_options options_for(const struct serving *s, const struct surroundings *around)
{
	struct wasm_options wasm = s->wasm;
	const struct world *w = around->worlds[0];
	wasm.memory_bytes_max = limits_memory_room(&w->limits, w->limits_mode);
	return wasm;
}

bool serve_open(struct serving *s, struct error *e)
{
	struct surroundings *around;
	struct service *service;
	if (!surroundings_new(&around, &s->edge, s->o, s->manifest, NULL, e))
		return false;
	struct wasm_options wasm = options_for(s, around);
	if (!cli_open_service(&service, s->guest, &wasm, e)) {
		surroundings_unref(&around);
		return false;
	}
	deploy(s, around, service);
	return true;
}

/* ---- in the background ---- */

static void start_reload(struct serving *s);

static void keep_on(const struct serving *s, const struct error *e)
{
	fprintf(s->o->env->err, "%s: warning: nothing is changed, what was served before goes on: %s\n",
		s->o->program, e->text);
	fflush(s->o->env->err);
}

/* On a thread of libuv's: touches nothing but the reload. */
static void compile(uv_work_t *work)
{
	struct reload *r = container_of(work, struct reload, work);
	const struct serving *s = container_of(r, struct serving, reload);
	r->ok = cli_open_service(&r->service, s->guest, &r->wasm, &r->error);
}

static void compiled(uv_work_t *work, int status)
{
	struct reload *r = container_of(work, struct reload, work);
	struct serving *s = container_of(r, struct serving, reload);
	r->running = false;
	(void)status; /* it is cancelled by nobody */
	if (!r->ok) {
		keep_on(s, &r->error);
		surroundings_unref(&r->around);
		r->pending |= r->taken &
			      ~(unsigned)GUEST_CHANGED; /* the guest is tried again when it changes again */
	} else if (s->ending) {
		service_destroy(&r->service);
		surroundings_unref(&r->around);
	} else {
		deploy(s, take(r->around), take(r->service));
		s->reloads++;
		fprintf(s->o->env->err, "%s: serves the changed %s since now (%.0f ms)\n", s->o->program,
			r->taken == GUEST_CHANGED ? "guest" : "service",
			(double)(clock_monotonic(s->edge.clock) - r->started_ns) / 1e6);
		fflush(s->o->env->err);
	}
	if (r->pending & GUEST_CHANGED && !s->ending)
		start_reload(s);
}

/* Worlds are made at once, which takes little; the guest may take seconds. */
static void start_reload(struct serving *s)
{
	struct reload *r = &s->reload;
	struct error e;
	r->started_ns = clock_monotonic(s->edge.clock);
	if (r->pending & ~(unsigned)GUEST_CHANGED) {
		if (!surroundings_new(&r->around, &s->edge, s->o, s->manifest, s->current->around, &e)) {
			keep_on(s, &e);
			return;
		}
	} else {
		rc_ref(&s->current->around->rc);
		r->around = s->current->around;
	}
	r->taken = r->pending;
	r->pending = 0;
	r->wasm = options_for(s, r->around);
	r->running = true;
	uv_queue_work(loop_uv(&s->edge.loop), &r->work, compile, compiled);
}

static void changed(void *data, unsigned which)
{
	struct serving *s = data;
	s->reload.pending |= which;
	if (s->reload.running)
		s->reload.pending |= GUEST_CHANGED; /* once more, after this one */
	else if (!s->ending)
		start_reload(s);
}

void serve_watch(struct serving *s)
{
	const char *profile = s->o->limits_profile;
	const struct watch_path paths[] = {
		{ s->guest, GUEST_CHANGED, WATCH_BUILD_QUIET_MS },
		{ s->manifest, WORLD_CHANGED, WATCH_BUILD_QUIET_MS },
		{ profile && strpbrk(profile, "/.") ? profile : NULL, WORLD_CHANGED, WATCH_BUILD_QUIET_MS },
	};
	if (s->o->watch)
		s->watch = watch_new(&s->edge.loop, paths, COUNT_OF(paths), changed, s);
}

void serve_stop_reloading(struct serving *s)
{
	watch_destroy(&s->watch);
	bool never = false;
	while (s->reload.running) /* Wasmtime cannot be told to stop compiling */
		(void)loop_run(&s->edge.loop, &never, clock_monotonic(s->edge.clock) + 10 * NS_PER_MS);
}
