/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share of the engine. */
#ifndef GUEST_JS_REALM_PRIV_H
#define GUEST_JS_REALM_PRIV_H

#include "guest/js/realm.h"

struct js_vm {
	JSContextGroupRef group;
	struct list realms;
	void *garbage;  /* struct thing, see value.c */
	unsigned depth; /* of calls from C into JavaScript */
	bool stopped;   /* JavaScript ran into the limit */
	struct arena arena;
	struct str stopped_at; /* where it was then; in the arena */
};

void **js_vm_garbage(struct js_vm *vm);
/* Releases the C things whose JavaScript objects were collected. */
void js_reap(struct js_vm *vm);

/* The modules that every realm has; NULL-ended. */
extern const struct js_module js_clock_module, js_console_module, js_encoding_module, js_timers_module;

/* Stops all that JavaScript started and has not ended. */
void js_timers_stop(struct realm *r);

#endif
