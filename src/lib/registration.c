/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backends that a service registers: a function is told of them, in a task of the loop and not on a guest's
 * stack.
 */
#include "base/mem.h"
#include "lib/lib_priv.h"
#include "world/registrar.h"

/* Counted by worlds and their forks. */
struct lib_registrar {
	struct registrar super;
	struct rc rc;
	bl_register_fn *registers;
	void *data;
	void (*release)(void *data);
};

struct lib_registering {
	struct task task;
	struct list link; /* of the world */
	struct registration *registration;
	struct lib_registrar *registrar;
};

struct bl_registration {
	struct registration *registration;
	struct arena arena;
	struct backend *instead;
	enum refusal refused;
};

/* ---- telling ---- */

static void registering_free(struct lib_registering *g)
{
	task_cancel(&g->task);
	list_remove(&g->link);
	registration_unref(&g->registration);
	lib_registrar_unref(&g->registrar);
	mem_free(g);
}

static void tell(struct task *t)
{
	struct lib_registering *g = container_of(t, struct lib_registering, task);
	struct bl_registration told = { .registration = g->registration };
	arena_init(&told.arena);
	g->registrar->registers(g->registrar->data, &told);
	if (told.refused)
		registration_refuse(g->registration, told.refused);
	else
		registration_accept(g->registration, take(told.instead));
	backend_unref(&told.instead);
	arena_fini(&told.arena);
	registering_free(g);
}

static void lib_registers(struct registrar *super, struct registration *r)
{
	struct lib_registering *g = NEW(struct lib_registering);
	struct bl_world *w = container_of(r->world->loop, struct bl_world, loop);
	g->registration = registration_ref(r);
	g->registrar = lib_registrar_ref((struct lib_registrar *)super);
	g->task.run = tell;
	list_push(&w->registering, &g->link);
	loop_post(&w->loop, &g->task);
}

void lib_registering_cancel(struct bl_world *w)
{
	while (!list_empty(&w->registering))
		registering_free(container_of(w->registering.next, struct lib_registering, link));
}

/* ---- who is told ---- */

static const struct registrar_ops lib_registrar_ops = { .name = "function", .registers = lib_registers };

static void registrar_destroy(struct rc *rc)
{
	struct lib_registrar *r = container_of(rc, struct lib_registrar, rc);
	if (r->release)
		r->release(r->data);
	mem_free(r);
}

struct lib_registrar *lib_registrar_ref(struct lib_registrar *r)
{
	if (r)
		rc_ref(&r->rc);
	return r;
}

void lib_registrar_unref(struct lib_registrar **pr)
{
	struct lib_registrar *r = take(*pr);
	if (r)
		rc_unref(&r->rc);
}

bool bl_on_register(bl_world *world, bl_register_fn *registers, void *data, void (*release)(void *data),
		    bl_error **error)
{
	if (!lib_given(world, "world", error))
		return false;
	lib_locked struct bl_service *s = lib_lock(world->service);
	if (!lib_changeable(world, error))
		return false;
	struct lib_registrar *r = registers ? NEW(struct lib_registrar) : NULL;
	if (r) {
		r->super.ops = &lib_registrar_ops;
		rc_init(&r->rc, registrar_destroy);
		r->registers = registers;
		r->data = data;
		r->release = release;
	}
	lib_registrar_unref(&world->registrar);
	world->registrar = r;
	world->world->registrar = r ? &r->super : NULL;
	return true;
}

/* ---- what it is told ---- */

const char *bl_registration_name(const bl_registration *registration)
{
	return registration ? registration->registration->backend->name.ptr : NULL;
}

const char *bl_registration_url(const bl_registration *registration)
{
	if (!registration)
		return NULL;
	const struct http_target *t = &registration->registration->backend->target;
	struct arena *a = (struct arena *)&registration->arena;
	bool v6 = str_find_char(t->host, ':') != STR_NONE;
	return arena_printf(a, STR_FMT "://%s" STR_FMT "%s:%u", STR_ARG(t->scheme), v6 ? "[" : "",
			    STR_ARG(t->host), v6 ? "]" : "", t->port)
		.ptr;
}

const char *bl_registration_host_override(const bl_registration *registration)
{
	if (!registration)
		return NULL;
	struct str host = registration->registration->backend->override_host;
	return host.len ? host.ptr : "";
}

bool bl_registration_refuse(bl_registration *registration, const char *why, bl_error **error)
{
	if (!lib_given(registration, "registration", error))
		return false;
	enum refusal refused = why ? refusal_find(str_from(why)) : REFUSAL_DISALLOWED;
	if (refused == REFUSAL_NONE)
		return lib_failf(
			error, ERROR_INVALID,
			"a backend cannot be refused as '%s': write disallowed, name-in-use, invalid or too-many",
			why);
	registration->refused = refused;
	return true;
}

bool bl_registration_redirect(bl_registration *registration, const char *url, bl_error **error)
{
	struct error e;
	if (!lib_given(registration, "registration", error) || !lib_given(url, "url", error))
		return false;
	struct backend *b = backend_new_like(registration->registration->backend);
	if (!backend_set_url(b, str_from(url), &e)) {
		backend_unref(&b);
		error_wrap(&e, "%s", url);
		return lib_fail(error, &e);
	}
	backend_unref(&registration->instead);
	registration->instead = b;
	return true;
}
