/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/deployment.h"

#include "base/check.h"
#include "base/mem.h"
#include "store/kv_pop.h"
#include "world/purge_relay.h"

/* ---- names ---- */

/* Places that Fastly has POPs at. */
static const struct {
	struct str name, hostname;
} places[POPS_MAX] = {
#define PLACE(upper, lower) { STR_INIT(upper), STR_INIT("cache-" lower "1-" upper) },
	PLACE("AMS", "ams") PLACE("FRA", "fra") PLACE("LHR", "lhr") PLACE("IAD", "iad") PLACE("SJC", "sjc")
		PLACE("NRT", "nrt") PLACE("SYD", "syd") PLACE("GRU", "gru") PLACE("CDG", "cdg")
			PLACE("ORD", "ord") PLACE("LAX", "lax") PLACE("SIN", "sin") PLACE("BOM", "bom")
				PLACE("JNB", "jnb") PLACE("YYZ", "yyz") PLACE("MAD", "mad")
#undef PLACE
};

struct str pop_name(size_t i, size_t count)
{
	return count > 1 ? places[i].name : STR("XXX");
}

/* ---- surroundings ---- */

static void surroundings_destroy(struct rc *rc)
{
	struct surroundings *s = (struct surroundings *)rc;
	for (size_t i = 0; i < s->count; i++)
		world_destroy(&s->worlds[i]);
	manifest_fini(&s->manifest);
	mem_free(s);
}

void surroundings_unref(struct surroundings **ps)
{
	struct surroundings *s = take(*ps);
	if (s)
		rc_unref(&s->rc);
}

/* Puts one store behind the KV stores of all POPs. */
static void share_kv(struct surroundings *s, struct edge *edge, uint64_t delay_ns)
{
	struct kv_shared *shared = kv_shared_new(take(s->worlds[0]->kv), &edge->loop, delay_ns);
	for (size_t i = 0; i < s->count; i++) {
		kv_destroy(&s->worlds[i]->kv);
		s->worlds[i]->kv = kv_pop_new(shared);
	}
	kv_shared_unref(&shared);
}

static void relay_purges(struct surroundings *s, struct edge *edge, uint64_t delay_ns)
{
	struct purge_relay *relay = purge_relay_new(&edge->loop, delay_ns);
	for (size_t i = 0; i < s->count; i++) {
		purge_relay_join(relay, s->worlds[i]->cache);
		s->worlds[i]->purges = purge_relay_ref(relay);
	}
	purge_relay_unref(&relay);
}

static void take_over(struct world *w, const struct world *before)
{
	cache_destroy(&w->cache);
	w->cache = cache_fork(before->cache);
	w->invocations = before->invocations;
}

bool surroundings_new(struct surroundings **out, struct edge *edge, const struct cli_options *o,
		      const char *manifest, const struct surroundings *before, struct error *e)
{
	scoped(surroundings_unref) struct surroundings *s = NEW(struct surroundings);
	rc_init(&s->rc, surroundings_destroy);
	manifest_init(&s->manifest);
	for (; s->count < o->pops; s->count++) {
		struct manifest again; /* says the same to each POP */
		manifest_init(&again);
		bool ok = edge_world(edge, o, manifest, s->count ? &again : &s->manifest,
				     &s->worlds[s->count], e);
		manifest_fini(&again);
		if (!ok)
			return false;
		struct world *w = s->worlds[s->count];
		w->pop = pop_name(s->count, o->pops);
		if (o->pops > 1)
			w->hostname = w->served_by = places[s->count].hostname;
		if (before)
			take_over(w, before->worlds[s->count]);
	}
	edge_print_warnings(o, &s->manifest);
	if (s->count > 1) {
		share_kv(s, edge, o->kv_delay_ns);
		relay_purges(s, edge, o->purge_delay_ns);
	}
	*out = take(s);
	return true;
}

/* ---- deployments ---- */

struct deployment *deployment_new(struct surroundings *around, struct service *service,
				  void (*init)(void *data, struct front *front, size_t pop), void *data)
{
	struct deployment *d = NEW(struct deployment);
	d->around = around;
	d->service = service;
	for (size_t i = 0; i < around->count; i++) {
		front_init(&d->fronts[i], service, around->worlds[i], GUESTS_MAX);
		init(data, &d->fronts[i], i);
	}
	return d;
}

bool deployment_idle(const struct deployment *d)
{
	for (size_t i = 0; i < d->around->count; i++) {
		if (!front_idle(&d->fronts[i]))
			return false;
	}
	return true;
}

void deployment_destroy(struct deployment **pd)
{
	struct deployment *d = take(*pd);
	if (!d)
		return;
	list_remove(&d->link);
	for (size_t i = 0; i < d->around->count; i++)
		front_fini(&d->fronts[i]);
	service_destroy(&d->service);
	surroundings_unref(&d->around);
	mem_free(d);
}
