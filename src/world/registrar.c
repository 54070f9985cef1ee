/* SPDX-License-Identifier: Apache-2.0 */
#include "world/registrar.h"

#include "base/check.h"
#include "base/mem.h"
#include "world/world.h"

static void registration_destroy(struct rc *rc)
{
	struct registration *r = (struct registration *)rc;
	CHECK(list_empty(&r->changed.watchers));
	backend_unref(&r->backend);
	mem_free(r);
}

struct registration *registration_start(struct registrar *registrar, struct world *w, struct backend *taken)
{
	struct registration *r = NEW(struct registration);
	rc_init(&r->rc, registration_destroy);
	event_init(&r->changed);
	r->world = w;
	r->backend = taken;
	if (registrar)
		registrar->ops->registers(registrar, r);
	else
		registration_accept(r, NULL);
	return r;
}

struct registration *registration_ref(struct registration *r)
{
	rc_ref(&r->rc);
	return r;
}

void registration_unref(struct registration **pr)
{
	struct registration *r = take(*pr);
	if (r)
		rc_unref(&r->rc);
}

enum refusal refusal_find(struct str word)
{
	static const struct str words[] = {
#define X(id, word) STR_INIT(word),
		REFUSALS(X)
#undef X
	};
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (str_eq(word, words[i]))
			return (enum refusal)(i + 1);
	}
	return REFUSAL_NONE;
}

static void settle(struct registration *r, enum refusal refused)
{
	CHECK(!r->settled);
	r->settled = true;
	r->refused = refused;
	event_fire(&r->changed, r->world->loop);
}

void registration_accept(struct registration *r, struct backend *instead)
{
	if (instead) {
		CHECK(str_eq(instead->name, r->backend->name));
		backend_unref(&r->backend);
		r->backend = instead;
	}
	settle(r, REFUSAL_NONE);
}

void registration_refuse(struct registration *r, enum refusal why)
{
	CHECK(why != REFUSAL_NONE);
	settle(r, why);
}
