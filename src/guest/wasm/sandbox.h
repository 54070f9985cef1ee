/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instance of a Wasm guest: its store, its memory, its handles, and whatever it waits for. It handles one
 * request after another, each an invocation of its own, as long as the guest asks for more (requests.c).
 * Host call bodies see this header.
 *
 * What lives how long: handles and what they stand for, dynamic backends and log endpoints as long as the
 * sandbox, in its arena; response, logs, trace and counts as long as the invocation, in the invocation's.
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
#include "loop/crew.h"

struct door;
struct wasm_service;
struct waiter;

/* ---- what handles stand for ---- */

/* The bits of cache_override_tag. */
enum {
	REQUEST_CACHE_PASS = 1 << 0,
	REQUEST_CACHE_TTL = 1 << 1,
	REQUEST_CACHE_SWR = 1 << 2,
	REQUEST_CACHE_PCI = 1 << 3,
	REQUEST_CACHE_LOOKUP_TIMEOUT = 1 << 4,
	REQUEST_CACHE_ALL = (1 << 5) - 1,
};

struct guest_request {
	struct http_request http; /* the body is a handle of its own */
	bool downstream;          /* the request that is being handled */
	bool manual_framing;
	bool gunzip;             /* auto_decompress_response */
	uint32_t cache_override; /* tag bits; what they say is for the readthrough cache */
	uint32_t cache_ttl, cache_swr, cache_lookup_timeout_ms;
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
	bool passed; /* sent past the readthrough cache, which marks its response all the same */
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
	struct trace_event *event; /* until its end was noted in it, … */
	uint64_t invocation;       /* … of the invocation with this number, which may be gone by then */
};

struct guest_cache {
	struct cache_op *op; /* NULL: waited for, so that it is behind another handle now */
	bool always_range;
	uint32_t body;             /* handle of the last one that was opened to read */
	struct trace_event *event; /* until its end was noted in it, … */
	uint64_t invocation;       /* … of the invocation with this number, which may be gone by then */
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

/*
 * An invocation, and where its request is: with a sandbox (offered to it, or handled in it), or on its way to
 * one of its own. Freed when neither who asked for it nor a sandbox needs it any more.
 */
struct wasm_invocation {
	struct invocation super;
	const struct invocation_request *asked;
	struct sandbox *sandbox; /* NULL: none yet, or not any more */
	struct task start; /* gives it a sandbox, when the one that it was offered to has not taken it */
	bool wanted;       /* until invocation_destroy() */
	struct wasm_invocation *next_free;
};

/* The request after this one, which a guest asked for: one promise at a time. */
struct next_request {
	bool open;   /* the guest holds the promise, as `handle` */
	bool over;   /* nothing will come of it */
	bool sought; /* the guest has looked for it in vain: when it waits now, it waits for this */
	uint32_t handle;
	uint32_t asked;                  /* how often, all in all */
	struct wasm_invocation *offered; /* what has come of it; not yet taken */
	struct list link;                /* of the service's promises, while it may be offered a request */
	struct timer timer;
	struct event changed; /* fired when something was offered, and when it is over */
};

struct sandbox {
	struct wasm_service *service;
	struct world *world;
	struct arena arena;
	struct invocation *invocation; /* of the request under way; between requests of the last one, ended */
	const struct invocation_request *asked; /* of the request under way; empty between requests */
	uint32_t requests;                      /* so far, with the one under way */
	struct next_request next;
	struct resident resident;            /* in the world, between requests, and … */
	struct list between;                 /* … in the service */
	const struct guest_program *program; /* of the first request; may be NULL */

	wasmtime_store_t *store;
	wasmtime_context_t *context;
	wasmtime_instance_t instance;
	wasmtime_memory_t memory;
	bool has_memory;
	struct door *door; /* of a component; NULL: the guest is a core module */
	uint8_t *base;     /* of the guest's memory, with `size`; good during one host call */
	size_t size;

	struct { /* of descriptors 0 to 2, once the guest has closed or renumbered one */
		bool changed;
		uint8_t is;
	} stdio[3];
	struct handles handles;
	uint32_t request_handle, body_handle; /* of the downstream request, this one or the last */
	struct guest_request *downstream;
	struct pmap dynamic_backends;
	struct registration *registration; /* of a backend, under way; NULL: none */
	struct guest_endpoint *endpoints;  /* all that were opened */
	uint64_t config_lookups;
	struct buf lines[2];    /* of stdout and stderr, not yet ended; when the world wants lines */
	uint64_t memory_bytes;  /* of the guest's memory, when it was last noted */
	uint64_t memory_wanted; /* the largest size that it was refused since then; 0: none was */
	uint64_t held_bytes;    /* see sandbox_hold() */
	bool sent;              /* the guest has answered */
	bool body_closed;       /* it has closed its client's body, which is kept until it has answered */
	uint16_t limit_status; /* what a client gets that was not answered yet when a limit ended the guest */

	/* Running and waiting. */
	struct job job; /* its next slice, where a crew runs guests; no `run`: it never has an instance */
	bool running;   /* a poll is under way, maybe on another thread */
	bool woken;     /* meanwhile: what it was about to wait for has happened */
	bool stopping;  /* meanwhile: it was ended, with … */
	enum outcome stop_outcome;
	struct str stop_report;
	uint64_t serial; /* of its present life; 0: it has ended */
	wasmtime_call_future_t *future;
	wasm_trap_t *trap;
	wasmtime_error_t *error;
	bool starting, limit_hit;
	bool doomed;         /* to end as soon as it is noticed; `trap_text` says why */
	bool answered_error; /* a component, by what its start returned */
	bool no_start;       /* there is no `_start` to call */
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
	struct str trap_text;                    /* why ABI_TRAP */
	struct wasmtime_guestprofiler *profiler; /* NULL: it is not profiled */
	uint64_t profiled_ns;                    /* CPU time at the last sample */
	uint64_t cpu_ns;                         /* in all polls that are over */
	uint64_t cpu_started_ns;                 /* of the poll under way */
	uint64_t cpu_before_ns;                  /* of earlier requests */
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

/* The guest's CPU time so far, over all its requests. */
uint64_t sandbox_cpu_ns(const struct sandbox *sb);

static inline struct arena *sandbox_arena(struct sandbox *sb)
{
	return &sb->arena;
}

static inline struct loop *sandbox_loop(struct sandbox *sb)
{
	return sb->world->loop;
}

/* The threads that guests run on; NULL: they run on the loop's. */
static inline struct crew *sandbox_crew(struct sandbox *sb)
{
	return sb->world->loop->crew;
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
/*
 * Starts the registration of a dynamic backend, which the world's registrar may refuse. `target`: as the
 * guest has it, for the trace.
 */
void sandbox_register_backend(struct sandbox *sb, struct backend *taken, struct str target);
/*
 * The end of a call that does so. `started`: whether the registration was started; when it was not, that is
 * the call's answer. Waits. ABI_OK: it is there, and one of the same name has given way; else it was refused.
 */
must_use enum abi_status sandbox_register_wait(struct sandbox *sb, enum abi_status started);

/*
 * There is an answer, or none will come: a client's body that the guest closed is of no use to anybody now.
 */
void sandbox_give_up_closed_body(struct sandbox *sb);
/* The guest's answer. */
void sandbox_respond(struct sandbox *sb, const struct guest_response *r, struct body *taken);

/* May so many bytes more be logged as one entry? */
must_use bool sandbox_may_log(struct sandbox *sb, size_t bytes);

/* Writes guest output (WASI stdout or stderr, an endpoint) as log entries, a line each. */
void sandbox_print(struct sandbox *sb, int fd, struct str bytes);

/* ---- the next request, for host call bodies (requests.c) ---- */

enum { NEXT_REQUEST_WAITING_MAX = 5 }; /* promises that wait at the same time, in one world */
#define NEXT_REQUEST_WAIT_NS_MAX (10 * NS_PER_S)

/*
 * Makes a promise of another request. ABI_LIMITEXCEEDED: there is one already. A promise that nothing will
 * come of, because too many wait or the instance has handled enough, is made all the same.
 */
must_use enum abi_status next_request_ask(struct sandbox *sb, uint64_t wait_ns, uint32_t *handle);
/*
 * Ends the request under way and takes up the next one. ABI_UNSUPPORTED: it has no response yet. ABI_NONE:
 * there will be none; the promise is gone then. ABI_WAIT as ever.
 */
must_use enum abi_status next_request_take(struct sandbox *sb, uint32_t handle);
/* Gives the promise back; a request that was offered meanwhile goes to another sandbox. */
must_use enum abi_status next_request_abandon(struct sandbox *sb, uint32_t handle);
/* Has something come of the promise, or will nothing? */
must_use bool next_request_ready(const struct sandbox *sb);

/* ---- for the service ---- */

void sandbox_pool_init(struct wasm_service *s);
/* Ends the sandboxes that are between requests, and frees what is kept for later ones. */
void sandbox_pool_free(struct wasm_service *s);

/* A request goes to the sandbox of this world that last asked for another, or to one of its own. */
struct invocation *sandbox_invoke(struct wasm_service *s, struct world *w,
				  const struct invocation_request *request);
void sandbox_cancel(struct invocation *i);
void sandbox_free_invocation(struct invocation *i);

/*
 * One host call, engine or not: arguments decoded from the raw wasm values and checked, body run. ABI_WAIT: a
 * call of a WAITS row is parked. `sb->resume` runs when it should go on, by sandbox_call_step() until that
 * answers something else.
 */
must_use enum abi_status sandbox_call(struct sandbox *sb, const struct hostcall *call, const uint64_t *raw);
must_use enum abi_status sandbox_call_step(struct sandbox *sb);

/*
 * All of a sandbox but store and instance, which is all that host calls use: begins it, zeroed, with its
 * first request; at its end waits for nothing any more, then lets go of what handles stand for; and last of
 * everything, of its invocation and its arena.
 */
void sandbox_init(struct sandbox *sb, struct wasm_service *s, struct world *w,
		  const struct invocation_request *request);
void sandbox_stop(struct sandbox *sb);
void sandbox_release(struct sandbox *sb);
void sandbox_fini(struct sandbox *sb);

/* ---- between sandbox.c and requests.c ---- */

/* A new instance for it, which runs at once. */
void sandbox_start(struct wasm_service *s, struct wasm_invocation *first);
/*
 * Ends the sandbox, and its invocation when that is not over: now, and then the sandbox is gone; or, when the
 * guest runs on another thread, as soon as that notices.
 */
void sandbox_end(struct sandbox *sb, enum outcome outcome, struct str report);
/*
 * (Re)starts the time that a request, or what a guest does after one, may take; without an instance it has
 * none.
 */
void sandbox_start_wall_time(struct sandbox *sb);
/* What the guest printed last without ending the line. */
void sandbox_print_rest(struct sandbox *sb);
void sandbox_note_memory(struct sandbox *sb); /* its size, in the invocation */

must_use struct wasm_invocation *requests_new(struct wasm_service *s, struct world *w,
					      const struct invocation_request *request);
void requests_begin(struct sandbox *sb, struct wasm_invocation *i);
void requests_end(struct sandbox *sb, enum outcome outcome, struct str report);
/* The guest waits. Is its next request what it looks for? Then this one is over. */
void requests_parked(struct sandbox *sb);
/*
 * The sandbox is at its end: what it was offered goes to another one, and its invocation to who asked for it.
 */
void requests_fini(struct sandbox *sb);
/* Ends the sandbox that is between requests for longest; false: there is none. */
bool requests_end_oldest(struct wasm_service *s);
void requests_pool_free(struct wasm_service *s);

/* What the linker calls. */
wasm_trap_t *sandbox_enter_now(void *row, wasmtime_caller_t *caller, wasmtime_val_raw_t *values,
			       size_t count);
void sandbox_enter_waits(void *row, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t args_count,
			 wasmtime_val_t *results, size_t results_count, wasm_trap_t **trap,
			 wasmtime_async_continuation_t *continuation);

#endif
