/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One invocation of a Wasm guest: its store and instance, its memory, its handles, and whatever it waits for.
 * Host call bodies see this header.
 */
#ifndef GUEST_WASM_SANDBOX_H
#define GUEST_WASM_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include <wasmtime.h>

#include "base/buf.h"
#include "guest/guest.h"
#include "guest/limit.h"
#include "guest/wasm/abi.h"
#include "guest/wasm/handles.h"
#include "guest/wasm/hostcalls/hostcall.h"

struct wasm_service;
struct waiter;

/* ---- what handles stand for ---- */

struct guest_request {
	struct http_request http; /* the body is a handle of its own */
	bool downstream;          /* the request this invocation is about */
	bool manual_framing;
	bool gunzip;             /* auto_decompress_response */
	uint32_t cache_override; /* tag bits; what they say is for the cache */
	uint32_t cache_ttl, cache_swr;
	struct str surrogate_keys;
};

struct guest_response {
	struct http_response http;
	bool manual_framing;
	bool no_keepalive;
	uint8_t remote_ip[16], remote_ip_len; /* of the origin, when it came from one */
	uint16_t remote_port;
};

struct guest_body {
	struct body *body; /* a reference */
	bool streaming;    /* somebody reads it already: the guest may only write */
};

struct guest_pending {
	struct fetch *fetch; /* a reference */
	bool gunzip;
	struct headers response_headers[3]; /* insert, append and remove that wait for the response */
	struct headers error_headers[3];
};

struct guest_secret {
	struct str plaintext;
};

struct guest_kv_op {
	struct kv_op op;
	struct body *value;        /* an insert that still reads it; a reference */
	struct blob *bytes;        /* what is being inserted; a reference */
	size_t bytes_cap;          /* room in it while it is read */
	uint32_t handle;           /* its own */
	struct trace_event *event; /* until its end was noted in it */
};

struct guest_cache {
	struct cache_op *op; /* NULL: waited for, so that it is behind another handle now */
	bool always_range;
	uint32_t body;             /* handle of the last one that was opened to read */
	struct trace_event *event; /* until its end was noted in it */
};

struct guest_endpoint {
	struct str name;
	uint32_t handle;
	struct guest_endpoint *next;
};

/* A store or list that was opened by name. */
struct guest_name {
	struct str name;
	struct table *table; /* config and secret stores */
};

struct sandbox {
	struct invocation super;
	struct wasm_service *service;
	const struct invocation_request *asked;

	wasmtime_store_t *store;
	wasmtime_context_t *context;
	wasmtime_instance_t instance;
	wasmtime_memory_t memory;
	bool has_memory;
	uint8_t *base; /* of the guest's memory, with `size`; good during one host call */
	size_t size;

	struct handles handles;
	uint32_t request_handle, body_handle; /* of the downstream request */
	struct guest_request *downstream;
	struct pmap dynamic_backends;
	struct guest_endpoint *endpoints; /* all that were opened */
	uint64_t config_lookups;
	struct buf lines[2];   /* of stdout and stderr, not yet ended; when the world wants lines */
	uint64_t held_bytes;   /* see sandbox_hold() */
	bool sent;             /* the guest has answered */
	uint16_t limit_status; /* what a client gets that was not answered yet when a limit ended the guest */

	/* Running and waiting. */
	wasmtime_call_future_t *future;
	wasm_trap_t *trap;
	wasmtime_error_t *error;
	bool starting, limit_hit;
	bool no_start; /* there is no `_start` to call */
	struct task resume;
	struct timer timer, wall_timer;
	bool timed_out;         /* the timer of sandbox_wait_time() has fired */
	bool time_waited;       /* it was set for this host call */
	struct waiter *waiters; /* in the arena; the first `waiting_on` of the list wait */
	struct {
		const struct hostcall *call;
		union hostcall_args args;
		wasmtime_val_t *result;
		wasm_trap_t **trap;
		bool parked;     /* the body returned ABI_WAIT */
		void *state;     /* for bodies: NULL at the first call */
		uint32_t handle; /* for bodies: of `state`, so that it is released if the guest is ended
				    meanwhile */
	} waiting;
	bool exited;
	int exit_code;
	struct str trap_text;    /* why ABI_TRAP */
	uint64_t cpu_started_ns; /* of the current poll */
	struct sandbox *next_free;
};

/* ---- for host call bodies ---- */

/* Parks the guest until the event fires. May be called for several events; any of them wakes. */
void sandbox_wait_event(struct sandbox *sb, struct event *e);
/*
 * Parks the guest for so long, on the world's clock; only the first call of one host call counts. True: the
 * time is over. A body writes `if (sandbox_wait_time(sb, ns)) return …timed out…; return ABI_WAIT;` after its
 * other conditions.
 */
bool sandbox_wait_time(struct sandbox *sb, uint64_t after_ns);

/* Ends the guest with this text: `return sandbox_trap(sb, "…");` */
printf_like(2, 3) enum abi_status sandbox_trap(struct sandbox *sb, const char *format, ...);

/*
 * Notes that the host keeps so many bytes more for this guest, outside of its arena: in bodies that it
 * filled, in stores. False, and nothing noted, when that would be too much for one guest. sandbox_let_go():
 * it keeps them no longer.
 */
must_use bool sandbox_hold(struct sandbox *sb, uint64_t bytes);
void sandbox_let_go(struct sandbox *sb, uint64_t bytes);

/* Guest memory at a pointer that came inside a record; NULL when it is not all inside the memory. */
uint8_t *sandbox_memory(struct sandbox *sb, uint32_t offset, uint64_t len);
/* The same as a borrowed string; false: out of bounds. */
bool sandbox_str(struct sandbox *sb, uint32_t offset, uint32_t len, struct str *out);

static inline struct guest_request *sandbox_request(struct sandbox *sb, uint32_t h)
{
	return handles_get(&sb->handles, h, HANDLE_REQUEST);
}

static inline struct guest_response *sandbox_response(struct sandbox *sb, uint32_t h)
{
	return handles_get(&sb->handles, h, HANDLE_RESPONSE);
}

static inline struct guest_body *sandbox_body(struct sandbox *sb, uint32_t h)
{
	return handles_get(&sb->handles, h, HANDLE_BODY);
}

/* A body that only the guest writes to. */
static inline bool guest_body_is_own(const struct guest_body *b)
{
	return !b->streaming && !b->body->streaming && !b->body->source;
}

/* Will nothing more come? Of an own body that took in one that is still arriving, there will. */
static inline bool guest_body_all_there(const struct guest_body *b)
{
	return guest_body_is_own(b) && list_empty(&b->body->pieces);
}

static inline struct arena *sandbox_arena(struct sandbox *sb)
{
	return &sb->super.arena;
}

static inline struct loop *sandbox_loop(struct sandbox *sb)
{
	return sb->super.world->loop;
}

/* New handles; ABI_LIMITEXCEEDED when the guest holds too many. A body reference is taken over in any case.
 */
must_use enum abi_status sandbox_open(struct sandbox *sb, enum handle_kind kind, void *object,
				      uint32_t *handle);
must_use enum abi_status sandbox_open_body(struct sandbox *sb, struct body *taken, uint32_t *handle);
/* sandbox_open() and put_u32() in one. */
must_use enum abi_status sandbox_put(struct sandbox *sb, enum handle_kind kind, void *object,
				     struct guest_ptr out);

/* Takes a body out of the table for good: no bytes will be written to it by the guest any more. NULL: bad
 * handle. */
struct body *sandbox_take_body(struct sandbox *sb, uint32_t h);
/* Hands a body to a reader while the guest goes on writing to it; a reference for the reader. NULL: bad
 * handle. */
struct body *sandbox_stream_body(struct sandbox *sb, uint32_t h);

/* The static or dynamic backend of that name, borrowed; NULL when there is none. */
struct backend *sandbox_backend(struct sandbox *sb, struct str name);

/* The guest's answer. */
void sandbox_respond(struct sandbox *sb, const struct guest_response *r, struct body *taken);

/* May so many bytes more be logged as one entry? */
must_use bool sandbox_may_log(struct sandbox *sb, size_t bytes);

/* Writes guest output (WASI stdout or stderr, an endpoint) as log entries, a line each. */
void sandbox_print(struct sandbox *sb, int fd, struct str bytes);

/* ---- for the service ---- */

struct invocation *sandbox_start(struct wasm_service *s, struct world *w,
				 const struct invocation_request *request);
void sandbox_cancel(struct invocation *i);
void sandbox_free(struct invocation *i);
void sandbox_pool_free(struct wasm_service *s);

/*
 * One host call, engine or not: arguments decoded from the raw wasm values and checked, body run. ABI_WAIT: a
 * call of a WAITS row is parked. `sb->resume` runs when it should go on, by sandbox_call_step() until that
 * answers something else.
 */
must_use enum abi_status sandbox_call(struct sandbox *sb, const struct hostcall *call, const uint64_t *raw);
must_use enum abi_status sandbox_call_step(struct sandbox *sb);

/*
 * All of an invocation but store and instance, which is all that host calls use: begins it in a zeroed
 * sandbox; at its end waits for nothing any more, then lets go of what handles stand for; and last of
 * everything, empties the arena.
 */
void sandbox_init(struct sandbox *sb, struct wasm_service *s, struct world *w,
		  const struct invocation_request *request);
void sandbox_stop(struct sandbox *sb);
void sandbox_release(struct sandbox *sb);
void sandbox_fini(struct sandbox *sb);

/* What the linker calls. */
wasm_trap_t *sandbox_enter_now(void *row, wasmtime_caller_t *caller, wasmtime_val_raw_t *values,
			       size_t count);
void sandbox_enter_waits(void *row, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t args_count,
			 wasmtime_val_t *results, size_t results_count, wasm_trap_t **trap,
			 wasmtime_async_continuation_t *continuation);

#endif
