/* SPDX-License-Identifier: Apache-2.0 */
#include "world/world.h"

#include "base/check.h"
#include "base/mem.h"

struct world *world_new(struct loop *loop, uint64_t seed)
{
	struct world *w = NEW(struct world);
	w->loop = loop;
	list_init(&w->residents);
	w->random = random_seeded_new(seed);
	w->origins = origins_rules_new(NULL);
	w->kv = kv_memory_new();
	w->cache = cache_memory_new(CACHE_BYTES_MAX, CACHE_OBJECTS_MAX);
	w->http_cache = true;
	w->acl = acl_memory_new();
	w->pop = STR("XXX");
	w->hostname = STR("localhost");
	w->served_by = STR("cache-xxx1-XXX");
	w->rates = rates_memory_new(RATES_ENTRIES_MAX);
	w->geo = geo_table_new(table_memory_new(), true);
	w->device = device_table_new(table_memory_new());
	w->facts = facts_new();
	w->log = log_capture_new();
	w->handoff.websocket = w->handoff.grip = true;
	w->limits = w->noted = *limits_profile(STR("guard"));
	w->limits_mode = LIMITS_OFF;
	return w;
}

struct world *world_fork(const struct world *parent, struct loop *loop)
{
	struct world *w = mem_alloc(sizeof *w);
	*w = *parent; /* limits, switches, counters; whatever is shared is replaced below */
	w->loop = loop;
	list_init(&w->residents);
	w->random = random_fork(parent->random);
	w->origins = origins_fork(parent->origins);
	w->backends = pmap_copy(&parent->backends);
	w->kv = kv_fork(parent->kv);
	w->cache = cache_fork(parent->cache);
	w->purges = NULL;
	w->config.by_name = pmap_copy(&parent->config.by_name);
	w->secrets.by_name = pmap_copy(&parent->secrets.by_name);
	w->acl = acl_fork(parent->acl);
	w->rates = rates_fork(parent->rates);
	w->geo = geo_fork(parent->geo);
	w->device = device_fork(parent->device);
	w->facts = facts_ref(parent->facts);
	w->log = log_fork(parent->log);
	w->raw_stdout = parent->raw_stdout ? log_fork(parent->raw_stdout) : NULL;
	w->raw_stderr = parent->raw_stderr ? log_fork(parent->raw_stderr) : NULL;
	w->fastly_keys = pmap_copy(&parent->fastly_keys);
	w->shields = pmap_copy(&parent->shields);
	return w;
}

void world_destroy(struct world **pw)
{
	struct world *w = take(*pw);
	if (!w)
		return;
	while (!list_empty(&w->residents)) {
		struct resident *r = container_of(w->residents.next, struct resident, link);
		r->evict(r);
		CHECK(!list_linked(&r->link));
	}
	random_destroy(&w->random);
	origins_destroy(&w->origins);
	pmap_fini(&w->backends);
	kv_destroy(&w->kv);
	if (w->purges)
		purge_relay_leave(w->purges, w->cache);
	purge_relay_unref(&w->purges);
	cache_destroy(&w->cache);
	tables_fini(&w->config);
	tables_fini(&w->secrets);
	acl_destroy(&w->acl);
	rates_destroy(&w->rates);
	geo_destroy(&w->geo);
	device_destroy(&w->device);
	facts_unref(&w->facts);
	log_destroy(&w->log);
	log_destroy(&w->raw_stdout);
	log_destroy(&w->raw_stderr);
	pmap_fini(&w->fastly_keys);
	pmap_fini(&w->shields);
	mem_free(w);
}

struct backend *world_backend(const struct world *w, struct str name)
{
	return (struct backend *)pmap_get(&w->backends, name);
}

void world_add_backend(struct world *w, struct backend *taken)
{
	pmap_put(&w->backends, taken->name, &taken->rc);
}

bool world_fastly_key_valid(const struct world *w, struct str key)
{
	return pmap_get(&w->fastly_keys, key) != NULL;
}

void world_add_fastly_key(struct world *w, struct str key)
{
	pmap_put(&w->fastly_keys, key, &blob_new(STR(""))->rc);
}

/* ---- shielding sites ---- */

static void shield_site_destroy(struct rc *r)
{
	struct shield_site *site = (struct shield_site *)r;
	arena_fini(&site->arena);
	mem_free(site);
}

struct shield_site *shield_site_new(void)
{
	struct shield_site *site = NEW(struct shield_site);
	rc_init(&site->rc, shield_site_destroy);
	arena_init(&site->arena);
	return site;
}

struct shield_site *world_shield(const struct world *w, struct str name)
{
	return (struct shield_site *)pmap_get(&w->shields, name);
}

void world_add_shield(struct world *w, struct str name, struct shield_site *taken)
{
	pmap_put(&w->shields, name, &taken->rc);
}
