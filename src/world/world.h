/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world of a service: everything it can see or touch. A service has no other way out.
 *
 * A frame is a world forked from another one: it starts with all its parent has, and whatever is done to it
 * is gone when it is destroyed. Forking costs the same however much the world holds. A parent must not change
 * while it has frames, and outlives them.
 */
#ifndef WORLD_WORLD_H
#define WORLD_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/pmap.h"
#include "loop/loop.h"
#include "store/kv.h"
#include "store/table.h"
#include "world/acl.h"
#include "world/backend.h"
#include "world/cache.h"
#include "world/device.h"
#include "world/facts.h"
#include "world/geo.h"
#include "world/limits.h"
#include "world/log.h"
#include "world/origins.h"
#include "world/purge_relay.h"
#include "world/random.h"
#include "world/rates.h"
#include "world/registrar.h"

/* Something that lives in a world with nobody waiting for it; it ends with the world at the latest. */
struct resident {
	struct list link;
	void (*evict)(struct resident *); /* ends it, and takes it out of the list */
};

/* Guests that run on then, in real_time_ns(), are ended, with these words; 0: none is. */
struct deadline {
	uint64_t at_ns;
	struct str why;
};

struct world {
	struct loop *loop; /* borrowed; loop->clock is the world's clock */
	struct random *random;
	struct origins *origins;
	struct pmap backends; /* struct backend, by name: the manifest's */
	struct registrar
		*registrar; /* asked about backends that a service registers; NULL: nobody; borrowed */
	struct kv *kv;
	struct cache *cache;
	struct purge_relay *purges; /* to other POPs' caches; NULL: there are none, as in a frame */
	struct tables config;       /* config stores and dictionaries */
	struct tables secrets;
	struct acl *acl;
	struct rates *rates;
	struct geo *geo;
	struct device *device;
	struct facts *facts; /* changed behind facts_own() only */
	struct log_sink *log;
	/*
	 * For the raw bytes of a guest's own output; NULL: they are entries of `log`, endpoints "stdout" and
	 * "stderr".
	 */
	struct log_sink *raw_stdout, *raw_stderr;
	bool stdout_terminal, stderr_terminal; /* what a guest prints to them is seen on a terminal */
	bool stdio_by_line; /* an entry is a line, whatever the writes; else a write, as Viceroy has it */
	/*
	 * What a service may hand its client's request to: WebSockets to a backend, and anything to the GRIP
	 * proxy, which listens on `grip_port` of this machine; 0: there is none, and requests for it go to
	 * the backend itself, as in tests.
	 */
	struct {
		bool websocket, grip;
		uint16_t grip_port;
	} handoff;
	struct limits limits; /* what ends something; see limits.h */
	struct limits noted;  /* what is told of */
	enum limits_mode limits_mode;
	/* Which POP this is: FASTLY_POP, FASTLY_HOSTNAME and X-Served-By. Literals, or as long-lived. */
	struct str pop, hostname, served_by;
	const struct deadline *deadline; /* of guests; borrowed, NULL: there is none */
	struct pmap fastly_keys; /* for which fastly_key_is_valid answers yes; the values mean nothing */
	struct pmap shields;     /* struct shield_site by name */
	bool http_cache;         /* requests to backends go through the cache; else all of them go out */
	bool tracing;            /* invocations record their events */
	uint64_t invocations;    /* started so far: request ids and FASTLY_TRACE_ID count with it */
	struct list residents;   /* struct resident; of this world alone, whatever it was forked from */
};

/* A shielding site: this very POP, or somewhere that two URLs lead to. */
struct shield_site {
	struct rc rc;
	struct arena arena;
	bool local;
	struct str encrypted_url, unencrypted_url;
};

/* All fakes: seeded randomness, rules without a network, empty stores, captured logs, default limits. */
must_use struct world *world_new(struct loop *loop, uint64_t seed);

/* A frame on `parent`, on a loop of its own or the same one. */
must_use struct world *world_fork(const struct world *parent, struct loop *loop);

/* Evicts its residents first. Leaves NULL; NULL is fine. */
void world_destroy(struct world **pw);

/* The manifest's backend of that name; borrowed, NULL when there is none. */
struct backend *world_backend(const struct world *w, struct str name);
void world_add_backend(struct world *w, struct backend *taken); /* replaces one of the same name */

/* The API keys that fastly_key_is_valid accepts. */
bool world_fastly_key_valid(const struct world *w, struct str key);
void world_add_fastly_key(struct world *w, struct str key);

must_use struct shield_site *shield_site_new(void); /* remote, without URLs; its strings live in its arena */
/* Borrowed; NULL when there is none. */
struct shield_site *world_shield(const struct world *w, struct str name);
void world_add_shield(struct world *w, struct str name, struct shield_site *taken);

#endif
