/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host calls as data. From hostcalls.def and wasi.def come, per call: a struct of its checked arguments, the
 * prototype of its body, and a row of this table, which the linker, the trace, `backlot inspect` and the
 * reference page read.
 *
 * A body is written in the file of its module (http_req.c, kv_store.c …) and sees only checked arguments:
 *
 *	enum abi_status hostcall_secret_store_plaintext(struct sandbox *sb,
 *							 struct secret_store_plaintext_args *a)
 *
 * A WAITS body that cannot finish calls sandbox_wait_event() or sandbox_wait_time() and returns ABI_WAIT.
 * When it was woken it is called again with the same arguments: it looks at the state of things, not at why
 * it was woken. What it must remember between the calls stands in the objects behind its handles, or in
 * sb->waiting.
 */
#ifndef GUEST_WASM_HOSTCALL_H
#define GUEST_WASM_HOSTCALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "guest/wasm/abi.h"

struct sandbox;
struct wasmtime_linker;

#define KIND(name, type, wasm) typedef type abi_##name;
#define RECORD(name, bytes)                      \
	typedef struct abi_##name abi_in_##name; \
	typedef struct guest_ptr abi_out_##name;
#include "guest/wasm/hostcalls/abi_kinds.def"

/* Argument structs. */
#define IN(kind, name) abi_in_##kind name;
#define OUT(kind, name) abi_out_##kind name;
#define ALIAS(mod, wname, cname)
#define HOSTCALL(mod, wname, cname, mode, state, doc, ...) \
	struct cname##_args {                              \
		__VA_ARGS__                                \
	};
#include "guest/wasm/hostcalls/hostcalls.def"

#define IN(kind, name) abi_in_##kind name;
#define OUT(kind, name) abi_out_##kind name;
#define HOSTCALL(mod, wname, cname, mode, state, doc, ...) \
	struct cname##_args {                              \
		__VA_ARGS__                                \
	};
#include "guest/wasm/hostcalls/wasi.def"

/* Room for any call's arguments. */
union hostcall_args {
#define IN(kind, name)
#define OUT(kind, name)
#define ALIAS(mod, wname, cname)
#define HOSTCALL(mod, wname, cname, mode, state, doc, ...) struct cname##_args cname;
#include "guest/wasm/hostcalls/hostcalls.def"
#define IN(kind, name)
#define OUT(kind, name)
#define HOSTCALL(mod, wname, cname, mode, state, doc, ...) struct cname##_args cname;
#include "guest/wasm/hostcalls/wasi.def"
};

/* Prototypes of the bodies; a STUB has none. */
#define PROTOTYPE_DONE(cname) enum abi_status hostcall_##cname(struct sandbox *sb, struct cname##_args *a);
#define PROTOTYPE_STUB(cname)
#define IN(kind, name)
#define OUT(kind, name)
#define ALIAS(mod, wname, cname)
#define HOSTCALL(mod, wname, cname, mode, state, doc, ...) PROTOTYPE_##state(cname)
#include "guest/wasm/hostcalls/hostcalls.def"
#define IN(kind, name)
#define OUT(kind, name)
#define HOSTCALL(mod, wname, cname, mode, state, doc, ...) PROTOTYPE_##state(cname)
#include "guest/wasm/hostcalls/wasi.def"

enum hostcall_param_kind {
#define KIND(name, type, wasm) PARAM_##name,
#define RECORD(name, bytes) PARAM_in_##name, PARAM_out_##name,
#include "guest/wasm/hostcalls/abi_kinds.def"
	PARAM_END
};

struct hostcall_param {
	uint8_t kind; /* enum hostcall_param_kind; PARAM_END ends a list */
	const char *name;
};

struct hostcall {
	const char *module, *name, *summary;
	bool waits, done, wasi;
	const struct hostcall_param *params;
	/* Decodes and checks the raw wasm values; ABI_OK, or the status that the guest gets. */
	enum abi_status (*decode)(struct sandbox *, union hostcall_args *, const uint64_t *raw);
	enum abi_status (*body)(struct sandbox *, union hostcall_args *);
};

extern const struct hostcall hostcalls[];
extern const size_t hostcalls_count;

struct hostcall_alias {
	const char *module, *name;
	const struct hostcall *call;
};
extern const struct hostcall_alias hostcall_aliases[];
extern const size_t hostcall_aliases_count;

/* The call or what an alias stands for; NULL when the ABI has no such function. */
const struct hostcall *hostcall_find(struct str module, struct str name);

/* Its wasm parameters, e.g. "iiI"; `out` holds at least HOSTCALL_PARAMS_MAX + 1. */
enum { HOSTCALL_PARAMS_MAX = 20 };
void hostcall_signature(const struct hostcall *call, char *out);

/* Kind of a parameter as words for the reference page: "bytes", "handle" …, and whether the guest gives or
 * gets it. */
const char *hostcall_param_text(const struct hostcall_param *p, bool *in);

#endif
