/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second door: guests of the component model come in here, and go out through the same host calls as all
 * others.
 *
 * A row of component.def maps a WIT function to the host call that does what it says. Its arguments are
 * lowered into a memory of the host's (`scratch`) in the very shape in which a core module would have them in
 * its own, and the host call is made with that as the guest's memory: its checks and its body run unchanged.
 * What it wrote there is lifted into the function's result.
 *
 * Where one WIT function is several host calls, or none, the row names a handler; it runs step by step and
 * may make a call at the end of each.
 */
#ifndef GUEST_WASM_COMPONENT_DOOR_H
#define GUEST_WASM_COMPONENT_DOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/wasm/component/val.h"
#include "guest/wasm/sandbox.h"

struct door;

/* A buffer begins with this much room, and gets what is needed when the guest allows for more. */
enum { DOOR_BUFFER_BYTES = 64 << 10 };

/*
 * What a handler wants next: the call that it has prepared be made (then its next step is run), or to be
 * over, with `door->result` set; or the guest be ended, with sandbox_trap().
 */
enum door_next { DOOR_CALL, DOOR_DONE, DOOR_TRAP };
typedef enum door_next door_handler(struct door *d);

/* The bits of http_cache_write_options_mask. */
enum {
	DOOR_HTTP_VARY = 1 << 1,
	DOOR_HTTP_INITIAL_AGE = 1 << 2,
	DOOR_HTTP_SWR = 1 << 3,
	DOOR_HTTP_KEYS = 1 << 4,
	DOOR_HTTP_LENGTH = 1 << 5,
	DOOR_HTTP_SENSITIVE = 1 << 6,
	DOOR_HTTP_SIE = 1 << 7,
};

struct door_row {
	const char *interface, *name, *module, *call_name, *args, *result;
	door_handler *handler; /* NULL: the two specs say it all */
	uint8_t resources[2];  /* of the handles in its result */
	bool waits;            /* a handler whose calls may park the guest */
	uint8_t number;        /* for handlers that several rows share */
};

extern const struct door_row door_rows[];
extern const size_t door_rows_count;

/* Resource types, and what becomes of one that the guest drops. */
enum door_resource {
	RESOURCE_NONE,
#define RESOURCE(interface, name, id, drop) RESOURCE_##id,
#define WIT(...)
#define WITH(...)
#include "guest/wasm/component/component.def"
	RESOURCE_END
};

/* What a resource stands for that is no handle of the sandbox. */
enum door_kind {
	OBJECT_FREE,
	OBJECT_NAME,      /* a backend, rate counter or penalty box */
	OBJECT_BACKEND,   /* options of a dynamic backend */
	OBJECT_SHIELD,    /* options of a shield's backend */
	OBJECT_ENTRY,     /* of a key-value store */
	OBJECT_SUGGESTED, /* write options */
	OBJECT_POLLABLE,  /* of WASI */
	OBJECT_STREAM,
	OBJECT_TIMEOUT, /* more of a cache override */
	OBJECT_NOTHING, /* one that nobody can do anything with */
};

struct door_backend_options {
	uint32_t mask;
	struct abi_dynamic_backend_config config; /* its strings are in `texts` */
	struct str texts[7];
};

/* What a response's headers suggest for storing it. */
struct door_suggested {
	struct abi_http_cache_write_options options; /* its strings are `vary` and `keys` */
	struct str vary, keys;
	uint32_t mask;
};

struct door_object {
	uint8_t kind;
	uint32_t next_free; /* index + 1 */
	union {
		struct str name;                      /* in the arena */
		struct door_backend_options *backend; /* in the arena */
		struct {
			struct str cache_key;
			uint32_t mask, first_byte_ms, between_bytes_ms;
		} shield;
		struct {
			struct str metadata;
			uint64_t generation;
			uint32_t body;
			bool taken;
		} entry;
		struct door_suggested *suggested; /* in the arena */
		uint64_t ready_ns;                /* on the monotonic clock; 0: always ready */
		int fd;
		uint32_t timeout_ms;
	} of;
};

struct door {
	struct sandbox *sb;
	uint8_t *scratch; /* the memory that host calls see; offset 0 is never given out */
	uint32_t used, cap;
	struct door_object *objects;
	uint32_t objects_count, objects_cap, objects_free /* index + 1 */;

	/* The function call under way; there is never more than one. */
	const struct door_row *row;
	struct wasmtime_context *context;
	const struct wasmtime_component_val *args; /* good in the first step only */
	size_t args_count;
	struct wasmtime_component_val *results, result;
	size_t results_count;
	unsigned step;
	bool calling, parked, wrong;
	enum abi_status status; /* of the host call that was made last */
	const struct hostcall *call;
	uint64_t raw[HOSTCALL_PARAMS_MAX];
	unsigned raws;
	uint32_t cells[4], cells_count; /* offsets of results */
	struct {
		uint32_t at, cap, len; /* offsets of the buffer and of its length, the cursor behind it */
		unsigned raw;          /* which of `raw` */
		uint64_t max;          /* what the guest allowed */
	} out;
	uint32_t detail;
	uint32_t kept[2]; /* for handlers, between steps */

	/* What run.c calls. */
	wasmtime_component_instance_t instance;
	wasmtime_component_func_t start;
	struct wasmtime_component_val start_args[2], start_result;
};

/* ---- for handlers ---- */

/* The call that DOOR_CALL makes; then its arguments, in their order. */
void door_prepare(struct door *d, const char *module, const char *name);
void door_arg(struct door *d, uint64_t raw);
void door_arg_bytes(struct door *d, struct str s);                         /* a copy */
void door_arg_val(struct door *d, const struct wasmtime_component_val *v); /* string or list<u8> */
uint32_t door_arg_cell(struct door *d);                                    /* a result of 8 bytes at most */
void door_arg_buffer(struct door *d, uint64_t max);                        /* pointer, room, length */
void door_arg_record(struct door *d, const void *record, size_t size);
void door_arg_detail(struct door *d);
void door_lower_ip(struct door *d, const struct wasmtime_component_val *v); /* pointer, length */
/* Lowers by a spec, see component.def, from the argument `first` on. */
void door_lower(struct door *d, const char *spec, size_t first);

uint32_t door_copy(struct door *d, const void *bytes, size_t size); /* into the scratch; its offset */
uint32_t door_copy_val(struct door *d, const struct wasmtime_component_val *v, uint32_t *len);
uint32_t door_room(struct door *d, size_t size); /* zeroed, aligned to 8 */

/* What a call has written. */
uint32_t door_u32(const struct door *d, unsigned cell);
uint64_t door_u64(const struct door *d, unsigned cell);
struct str door_out(const struct door *d);

/* An argument, its number, its resource, its text: checked. */
const struct wasmtime_component_val *door_val(struct door *d, size_t arg);
uint64_t door_number(struct door *d, size_t arg);
uint32_t door_rep(struct door *d, size_t arg);
struct str door_text(struct door *d, size_t arg); /* a copy in the arena */

/* Objects. */
uint32_t door_object_new(struct door *d, enum door_kind kind);
struct door_object *door_object(struct door *d, uint32_t rep, enum door_kind kind); /* NULL: it is no such */
void door_object_free(struct door *d, uint32_t rep);

/* Results; each yields DOOR_DONE. */
enum door_next door_ok(struct door *d);
enum door_next door_ok_val(struct door *d, struct wasmtime_component_val v);
enum door_next door_plain(struct door *d, struct wasmtime_component_val v);
enum door_next door_error(struct door *d,
			  enum abi_status status); /* variant `error` of fastly:compute/types */
enum door_next door_open_error(struct door *d, enum abi_status status);
enum door_next door_err_val(struct door *d, struct wasmtime_component_val v);
struct wasmtime_component_val door_error_val(const struct door *d, enum abi_status status);
enum door_next door_fail(
	struct door *d); /* ends the guest: the call has failed where there is no error to give */
enum door_next door_mistyped(struct door *d);

/* Lifts by a spec, see component.def. */
enum door_next door_lift(struct door *d, const char *spec);

/* A resource of the row's first or second type. */
struct wasmtime_component_val door_resource_val(struct door *d, uint32_t rep, unsigned which);

/* ---- for the service and the sandbox ---- */

/* What the linker calls; `row` is of door_rows. */
wasmtime_error_t *door_enter_now(void *row, wasmtime_context_t *context,
				 const wasmtime_component_func_type_t *type, wasmtime_component_val_t *args,
				 size_t args_count, wasmtime_component_val_t *results, size_t results_count);
void door_enter_waits(void *row, wasmtime_context_t *context, const wasmtime_component_func_type_t *type,
		      wasmtime_component_val_t *args, size_t args_count, wasmtime_component_val_t *results,
		      size_t results_count, wasmtime_error_t **error,
		      wasmtime_async_continuation_t *continuation);

must_use bool door_define_all(wasmtime_component_linker_t *linker, struct error *e);
/* Is there such a function or resource? */
bool door_knows(struct str interface, struct str name);
struct door *door_new(struct sandbox *sb);
void door_free(struct door **pd);

#endif
