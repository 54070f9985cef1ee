/* SPDX-License-Identifier: Apache-2.0 */
/* Worlds, their frames, and their time. */
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "lib/lib_priv.h"
#include "manifest/manifest.h"

/* As in `backlot test`: 2025-01-01 00:00:00 UTC. */
#define WORLD_TIME_NS (UINT64_C(1735689600) * NS_PER_S)

/* ---- life ---- */

/* Everything but the world inside. The service is locked. */
static struct bl_world *world_handle_new(struct bl_service *s, uint64_t monotonic_ns, uint64_t wall_ns)
{
	struct bl_world *w = NEW(struct bl_world);
	w->service = s;
	s->refs++;
	w->refs = 1;
	w->last_warning = &w->warnings;
	arena_init(&w->arena);
	buf_init(&w->complaints, LIB_COMPLAINTS_BYTES_MAX);
	list_init(&w->registering);
	w->clock = clock_virtual_new(wall_ns);
	clock_jump(w->clock, monotonic_ns);
	clock_virtual_set_wall(w->clock, wall_ns);
	loop_init(&w->loop, w->clock);
	return w;
}

void lib_world_ref(struct bl_world *w)
{
	w->refs++;
}

static void world_handle_destroy(struct bl_world *w)
{
	lib_registering_cancel(w);
	world_destroy(&w->world);
	loop_fini(&w->loop);
	clock_destroy(&w->clock);
	lib_registrar_unref(&w->registrar);
	buf_fini(&w->complaints);
	arena_fini(&w->arena);
	mem_free(w);
}

void lib_world_unref(struct bl_world *w)
{
	struct bl_service *s = w->service;
	for (struct bl_world *parent; w && --w->refs == 0; w = parent) {
		parent = w->parent;
		world_handle_destroy(w);
		s->refs--; /* never the last: that is whoever holds the lock */
		if (parent)
			parent->forks--;
	}
}

void bl_world_free(bl_world *world)
{
	if (!world)
		return;
	lib_locked struct bl_service *s = lib_lock(world->service);
	lib_world_unref(world);
}

/* ---- making ---- */

static bool read_manifest(struct bl_world *w, const char *path, const char *folder, bl_error **error)
{
	struct error e;
	struct manifest m;
	const struct limits_choice none = { 0 };
	struct manifest_options options = { .file_name = path, .base_dir = folder, .env = lib_environment };
	manifest_init(&m);
	bool ok = manifest_read_fastly(&m, path, &options, w->world, &e) || lib_fail(error, &e);
	if (ok)
		limits_choose(w->world, &m.limits, &none);
	for (const struct manifest_warning *warning = m.warnings; warning; warning = warning->next)
		lib_add_warning(&w->arena, &w->last_warning, warning->text.ptr);
	manifest_fini(&m);
	return ok;
}

static const char *folder_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return ".";
	return slash == path ? "/" : arena_str(a, (struct str){ path, (size_t)(slash - path) }).ptr;
}

bl_world *bl_world_new(bl_service *service, const char *manifest, bl_error **error)
{
	if (!lib_given(service, "service", error))
		return NULL;
	bool ok = true;
	lib_locked struct bl_service *s = lib_lock(service);
	struct bl_world *w = world_handle_new(s, 0, WORLD_TIME_NS);
	w->world = world_new(&w->loop, 0);
	w->world->stdio_by_line = true;
	w->world->tracing = true;
	if (!manifest && service->manifest)
		ok = read_manifest(w, service->manifest, service->folder, error);
	else if (manifest && *manifest)
		ok = read_manifest(w, manifest, folder_of(&w->arena, manifest), error);
	if (ok)
		return w;
	lib_world_unref(w);
	return NULL;
}

bl_world *bl_world_fork(bl_world *parent, bl_error **error)
{
	if (!lib_given(parent, "parent", error))
		return NULL;
	lib_locked struct bl_service *s = lib_lock(parent->service);
	if (parent->running) {
		lib_failf(error, ERROR_INVALID, "a world is not forked while a request is under way in it");
		return NULL;
	}
	struct bl_world *w = world_handle_new(s, clock_monotonic(parent->clock), clock_wall(parent->clock));
	w->world = world_fork(parent->world, &w->loop);
	w->registrar = lib_registrar_ref(parent->registrar);
	w->parent = parent;
	parent->forks++;
	lib_world_ref(parent);
	return w;
}

const char *bl_world_warning(const bl_world *world, size_t index)
{
	return world ? lib_warning_at(world->warnings, index) : NULL;
}

/* ---- what may be done when ---- */

bool lib_changeable(const struct bl_world *w, bl_error **error)
{
	return w->forks == 0 ||
	       lib_failf(error, ERROR_INVALID,
			 "the world has %zu fork%s, and until they and their responses are freed it does not "
			 "change; change the fork",
			 w->forks, w->forks == 1 ? "" : "s");
}

bool lib_run_begin(struct bl_world *w, bl_error **error)
{
	if (w->running)
		return lib_failf(error, ERROR_INVALID, "this was called by a callback of the same world");
	if (w->service->process != getpid())
		return lib_failf(error, ERROR_UNSUPPORTED,
				 "the process has forked since the service was opened; open it in the child");
	if (!lib_changeable(w, error))
		return false;
	w->running = true;
	lib_world_ref(w);
	return true;
}

void lib_run_end(struct bl_world *w)
{
	w->running = false;
	lib_world_unref(w);
}

/* ---- settings ---- */

bool bl_world_seed(bl_world *world, uint64_t seed, bl_error **error)
{
	if (!lib_given(world, "world", error))
		return false;
	lib_locked struct bl_service *s = lib_lock(world->service);
	if (!lib_changeable(world, error))
		return false;
	random_destroy(&world->world->random);
	world->world->random = random_seeded_new(seed);
	return true;
}

bool bl_world_trace(bl_world *world, bool on, bl_error **error)
{
	if (!lib_given(world, "world", error))
		return false;
	lib_locked struct bl_service *s = lib_lock(world->service);
	world->world->tracing = on;
	return true;
}

static bool find_mode(const char *name, enum limits_mode *out)
{
	static const char *const modes[] = {
		[LIMITS_ENFORCE] = "enforce", [LIMITS_WARN] = "warn", [LIMITS_OFF] = "off"
	};
	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		if (strcmp(name, modes[i]) == 0) {
			*out = (enum limits_mode)i;
			return true;
		}
	}
	return false;
}

bool bl_world_limits(bl_world *world, const char *mode, const char *profile, bl_error **error)
{
	struct error e;
	const struct limits_choice none = { 0 };
	struct limits_choice choice = { .has_mode = true };
	if (!lib_given(world, "world", error) || !lib_given(mode, "mode", error))
		return false;
	lib_locked struct bl_service *s = lib_lock(world->service);
	if (!lib_changeable(world, error))
		return false;
	if (!find_mode(mode, &choice.mode))
		return lib_failf(error, ERROR_INVALID, "no mode '%s'; write enforce, warn or off", mode);
	if (profile && !limits_choice_open(&choice, profile, &e))
		return lib_fail(error, &e);
	limits_choose(world->world, &none, &choice);
	return true;
}

bool bl_world_client(bl_world *world, const char *name, const char *value, bl_error **error)
{
	struct error e;
	if (!lib_given(world, "world", error) || !lib_given(name, "name", error) ||
	    !lib_given(value, "value", error))
		return false;
	lib_locked struct bl_service *s = lib_lock(world->service);
	if (!lib_changeable(world, error))
		return false;
	facts_own(&world->world->facts);
	struct facts *f = world->world->facts;
	return settings_set(&client_settings, &f->client, &f->arena, str_from(name), str_from(value), &e) ||
	       lib_fail(error, &e);
}

/* ---- time ---- */

uint64_t bl_clock_now(const bl_world *world)
{
	if (!world)
		return 0;
	lib_locked struct bl_service *s = lib_lock(world->service);
	return clock_wall(world->clock);
}

bool bl_clock_advance(bl_world *world, uint64_t ns, bl_error **error)
{
	const bool never = false;
	if (!lib_given(world, "world", error))
		return false;
	lib_locked struct bl_service *s = lib_lock(world->service);
	uint64_t now = clock_monotonic(world->clock), until = now + ns;
	if (until < now || until == UINT64_MAX)
		return lib_failf(error, ERROR_INVALID, "so much time there is not");
	if (!lib_run_begin(world, error))
		return false;
	loop_run(&world->loop, &never, until);
	clock_jump(world->clock, until);
	lib_run_end(world);
	return true;
}

bool bl_clock_set(bl_world *world, uint64_t wall_ns, bl_error **error)
{
	if (!lib_given(world, "world", error))
		return false;
	lib_locked struct bl_service *s = lib_lock(world->service);
	if (!lib_changeable(world, error))
		return false;
	clock_virtual_set_wall(world->clock, wall_ns);
	return true;
}
