/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services beside the one that a file of tests is about. Each has a world of its own in every frame, forked
 * from what its manifest says or from the one in the frame around, on the frame's loop and clock. Tests say
 * which service they mean by its number (0: the file's own) before they call what reads or writes a world.
 */
#include "base/mem.h"
#include "runner/js/session.h"

/* What a frame has of a service. */
struct service_world {
	struct list link; /* of the frame's */
	unsigned service;
	struct world *world;
	size_t unanswered_before;
};

static struct service_world *find_in(const struct test_frame *f, unsigned service)
{
	list_each(it, &f->others) {
		struct service_world *o = container_of(it, struct service_world, link);
		if (o->service == service)
			return o;
	}
	return NULL;
}

static const struct service_world *find_around(const struct test_frame *f, unsigned service)
{
	const struct service_world *found = NULL;
	for (f = f->parent; f && !found; f = f->parent)
		found = find_in(f, service);
	return found;
}

struct loaded *session_service(const struct js_session *s)
{
	return s->services[s->about];
}

struct world *session_world_in(struct js_session *s, struct test_frame *f)
{
	if (s->about == 0)
		return f->world;
	struct service_world *o = find_in(f, s->about);
	if (o)
		return o->world;
	const struct service_world *around = find_around(f, s->about);
	o = NEW(struct service_world);
	o->service = s->about;
	o->world = session_fork_world(s, around ? around->world : session_service(s)->world, &f->loop);
	o->unanswered_before = origins_unmatched(o->world->origins);
	list_push(&f->others, &o->link);
	return o->world;
}

bool session_has_world(const struct js_session *s, const struct test_frame *f)
{
	return s->about == 0 || find_in(f, s->about);
}

size_t session_unanswered_before(const struct js_session *s, const struct test_frame *f)
{
	const struct service_world *o = s->about ? find_in(f, s->about) : NULL;
	return o ? o->unanswered_before : f->unanswered_before;
}

unsigned session_service_of(const struct test_frame *f, const struct world *w)
{
	list_each(it, &f->others) {
		struct service_world *o = container_of(it, struct service_world, link);
		if (o->world == w)
			return o->service;
	}
	return 0;
}

void session_close_others(struct test_frame *f)
{
	list_each(it, &f->others) {
		struct service_world *o = container_of(it, struct service_world, link);
		list_remove(&o->link);
		world_destroy(&o->world);
		mem_free(o);
	}
}

/* ---- for JavaScript ---- */

/* open(path of compiled code or of a project's folder) → the service's number */
JS_FUNCTION(open_service)
{
	struct error e;
	struct js_session *s = session_of(c);
	struct str path = js_arg_str(c, 0);
	if (*c->exception)
		return NULL;
	uint64_t begun_ns = real_time_ns();
	struct loaded *found = loaded_service(s->projects, path, s->listener, &e);
	if (s->deadline.at_ns) /* to compile a service takes as long as it takes */
		s->deadline.at_ns += real_time_ns() - begun_ns;
	if (!found)
		return js_throw(c, "Error", "%s", e.text);
	unsigned n = 0;
	while (n < s->service_count && s->services[n] != found)
		n++;
	if (n == SERVICES_MAX)
		return js_throw(c, "RangeError", "a file of tests may open %d services", SERVICES_MAX - 1);
	if (n == s->service_count)
		s->services[s->service_count++] = found;
	return js_number(c->ctx, n);
}

/* about(number): whose world is meant from now on */
JS_FUNCTION(set_about)
{
	struct js_session *s = session_of(c);
	double n = js_arg_number(c, 0);
	if (!(n >= 0 && n < s->service_count))
		return js_throw(c, "RangeError", "there is no such service");
	s->about = (unsigned)n;
	return NULL;
}

static const struct js_function functions[] = {
	{ "open", open_service_callback },
	{ "about", set_about_callback },
};
const struct js_module js_services_module = { "services", functions, COUNT_OF(functions) };
