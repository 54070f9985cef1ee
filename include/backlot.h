/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libbacklot: compiled edge services in memory, from any language that can call C. docs/libbacklot.md is the
 * guide; this header is the reference. It is C99 and C++.
 *
 *   service    a compiled guest, opened once: from the code cache that takes a millisecond
 *   world      everything that a service can see: clock, randomness, origins, stores, cache
 *   fork       a world that begins with all that its parent has, for a few microseconds, and keeps what is
 *              done to it to itself: a test's own
 *   response   what became of one request: head, body, logs, trace, and how the guest ended
 *
 * Strings. What goes in is NUL-ended UTF-8, or bytes with their length; it is copied. What comes out as
 * bl_bytes is borrowed from the object that was asked, until that is freed or changed; a NUL stands behind it
 * that is not counted.
 *
 * Errors. A function that can fail returns NULL or false, and then, where `error` is not NULL, leaves a
 * bl_error there for the caller to free; else it leaves it alone. Nothing prints, exits, or aborts over its
 * arguments: NULL where an object is needed is an error (BL_ERROR_INVALID). Only running out of memory for
 * the library's own small structures ends the process.
 *
 * Threads. Any thread may call anything. Calls on one service, its worlds and all that comes from them take
 * turns, each for as long as it runs. Services of their own run side by side, though short invocations gain
 * more from processes (docs/libbacklot.md has numbers). A request or an answer that was not sent yet belongs
 * to no service, and is one thread's at a time. A callback comes on the thread that is in bl_fetch(),
 * bl_fetch_start(), bl_response_wait() or bl_clock_advance(), and may call everything but these and
 * bl_world_fork() on the world that it is called for, which is an error then. In a process that has forked, a
 * service that was opened before answers BL_ERROR_UNSUPPORTED: open it in the child. A callback returns: no
 * exception, and no longjmp(), may leave it.
 *
 * Signals. The Wasm engine takes hold of SIGSEGV, SIGBUS, SIGILL and SIGFPE, by which its traps come, and
 * passes on what is not its own. While a guest runs, a thread of its own measures the time that it uses.
 *
 * Life. Objects may be freed in any order: what another one still needs lives on, unseen, until that is
 * freed. NULL may be freed. While a world has forks it can be looked at, and not changed or asked.
 *
 * Time is virtual. A world's clock stands still until somebody waits: then it jumps to when that is due. It
 * begins at 2025-01-01 00:00 UTC. Times are nanoseconds.
 *
 * Stability. Before version 1 a minor version may change what is here, and then the library's name (its
 * SONAME) changes; structs grow at their end alone.
 */
#ifndef BACKLOT_H
#define BACKLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define BL_API __attribute__((visibility("default")))
#else
#define BL_API
#endif

BL_API const char *bl_version(void); /* "0.1.0" */

/* ---- errors and bytes ---- */

typedef enum bl_error_kind {
	BL_ERROR_NONE,
	BL_ERROR_NOT_FOUND,
	BL_ERROR_INVALID,
	BL_ERROR_LIMIT,
	BL_ERROR_IO,
	BL_ERROR_TIMEOUT,
	BL_ERROR_UNSUPPORTED,
	BL_ERROR_INTERNAL
} bl_error_kind;

typedef struct bl_error bl_error;
BL_API const char *bl_error_text(const bl_error *error);      /* NULL: "" */
BL_API bl_error_kind bl_error_kind_of(const bl_error *error); /* NULL: BL_ERROR_NONE */
BL_API void bl_error_free(bl_error *error);

typedef struct bl_bytes {
	const char *data; /* NULL: there is nothing, where that differs from being empty */
	size_t len;
} bl_bytes;

/* Bytes that the caller owns. */
typedef struct bl_data bl_data;
BL_API bl_bytes bl_data_bytes(const bl_data *data);
BL_API void bl_data_free(bl_data *data);

/* ---- services ---- */

typedef struct bl_service bl_service;

/* What is zero has its default. */
typedef struct bl_service_options {
	size_t size;               /* sizeof(bl_service_options) */
	const char *cache_folder;  /* of compiled code; NULL: the command line's; "": none is kept */
	uint64_t memory_bytes_max; /* of one guest; 128 MiB */
	bool trap_unknown_imports; /* instead of refusing the guest */
	bool adapt;                /* make a component of a core module first */
	bool lines; /* backtraces name lines of source, where the guest has them; makes traps slow */
	bool wasm_exceptions, wasm_gc;
} bl_service_options;

/*
 * Opens a compiled service: a .wasm or .wat file, or a project, named by its fastly.toml or its folder, whose
 * service is where the Fastly CLI leaves it (bin/main.wasm). Compiles it unless the code cache has its code;
 * that takes seconds for a large guest, once. `options` may be NULL.
 */
BL_API bl_service *bl_service_open(const char *path, const bl_service_options *options, bl_error **error);
BL_API const char *bl_service_manifest(
	const bl_service *service); /* path of the project's; NULL: there is none */
/*
 * What does not work as it should, and is no error: that compiled code cannot be kept, say. NULL at the end.
 */
BL_API const char *bl_service_warning(const bl_service *service, size_t index);
BL_API void bl_service_free(bl_service *service);

/* ---- worlds ---- */

typedef struct bl_world bl_world;

/*
 * A world for the service, as a fastly.toml describes it in [local_server]. `manifest`: its path; NULL: the
 * project's, if there is one; "": none. Relative paths in it begin at its folder.
 */
BL_API bl_world *bl_world_new(bl_service *service, const char *manifest, bl_error **error);
/* What the manifest's reader warns of; NULL at the end. */
BL_API const char *bl_world_warning(const bl_world *world, size_t index);
/*
 * A frame on the world, with a clock of its own that begins at its parent's time. The cost does not depend on
 * what the world holds.
 */
BL_API bl_world *bl_world_fork(bl_world *parent, bl_error **error);
BL_API void bl_world_free(bl_world *world);

/*
 * What is random derives from it: a service's random bytes, ids. A fork goes on where its parent is. The
 * default is 0.
 */
BL_API bool bl_world_seed(bl_world *world, uint64_t seed, bl_error **error);
/* Are responses to have a trace? On at first; without one, calls of the host are a little faster. */
BL_API bool bl_world_trace(bl_world *world, bool on, bl_error **error);
/*
 * `mode`: "enforce", "warn" or "off"; `profile`: "fastly", "fastly-trial", "none", or the path of a file with
 * limits.
 */
BL_API bool bl_world_limits(bl_world *world, const char *mode, const char *profile, bl_error **error);

/* ---- time ---- */

BL_API uint64_t bl_clock_now(const bl_world *world); /* wall time, since 1970 */
/* Lets so much time pass: caches age, values expire, and what is under way goes on. */
BL_API bool bl_clock_advance(bl_world *world, uint64_t ns, bl_error **error);
/* Sets the wall time, backwards too. Nothing that waits is woken. */
BL_API bool bl_clock_set(bl_world *world, uint64_t wall_ns, bl_error **error);

/* ---- stores; what is not there yet is made ---- */

BL_API bool bl_kv_put(bl_world *world, const char *store, const char *key, const void *value, size_t len,
		      bl_error **error);
/* With metadata, and `ttl_ns` to live; 0: it does not expire. */
BL_API bool bl_kv_put_with(bl_world *world, const char *store, const char *key, const void *value, size_t len,
			   const char *metadata, uint64_t ttl_ns, bl_error **error);
BL_API bl_data *bl_kv_get(bl_world *world, const char *store, const char *key, bl_error **error);
BL_API bool bl_kv_delete(bl_world *world, const char *store, const char *key, bl_error **error);
/* All keys that begin with `prefix`, as a JSON array. */
BL_API bl_data *bl_kv_list(bl_world *world, const char *store, const char *prefix, bl_error **error);

/* Config stores, which dictionaries are too, and secret stores. */
BL_API bool bl_config_put(bl_world *world, const char *store, const char *key, const void *value, size_t len,
			  bl_error **error);
BL_API bl_data *bl_config_get(bl_world *world, const char *store, const char *key, bl_error **error);
BL_API bool bl_secret_put(bl_world *world, const char *store, const char *key, const void *value, size_t len,
			  bl_error **error);
BL_API bl_data *bl_secret_get(bl_world *world, const char *store, const char *key, bl_error **error);

/* `prefix`: "192.0.2.0/24", "2001:db8::/32". */
BL_API bool bl_acl_add(bl_world *world, const char *list, const char *prefix, bool allow, bl_error **error);
/*
 * What geolocation says of an address, and device detection of a User-Agent: a JSON object as Fastly has it.
 */
BL_API bool bl_geo_put(bl_world *world, const char *address, const char *json, bl_error **error);
BL_API bool bl_device_put(bl_world *world, const char *user_agent, const char *json, bl_error **error);

/* Edge rate limiting: adds to a counter's entry; its count within a window of 1, 10, 20 … 60 seconds. */
BL_API bool bl_rate_add(bl_world *world, const char *counter, const char *entry, uint32_t delta,
			bl_error **error);
BL_API bool bl_rate_count(bl_world *world, const char *counter, const char *entry, uint32_t window_s,
			  uint64_t *count, bl_error **error);

/* A backend, beside the manifest's: its name, and "http(s)://host[:port][/prefix]". */
BL_API bool bl_backend_add(bl_world *world, const char *name, const char *url, bl_error **error);
/* What is known of clients whose requests do not say it: see bl_request_client(). */
BL_API bool bl_world_client(bl_world *world, const char *name, const char *value, bl_error **error);

/* ---- origins ---- */

/* What an origin answers: a status, 200 at first without anything else, or a fault. */
typedef struct bl_answer bl_answer;
BL_API bl_answer *bl_answer_new(int status); /* NULL: not from 100 to 999 */
BL_API bool bl_answer_header(bl_answer *answer, const char *name, const char *value, bl_error **error);
BL_API bool bl_answer_trailer(bl_answer *answer, const char *name, const char *value, bl_error **error);
BL_API bool bl_answer_body(bl_answer *answer, const void *bytes, size_t len, bl_error **error);
/* Before the head, or the fault. */
BL_API bool bl_answer_delay(bl_answer *answer, uint64_t ns, bl_error **error);
/*
 * Instead of a head. `name` is what the service is told: connection_refused, dns_error, dns_timeout,
 * destination_unavailable, destination_not_found, connection_timeout, connection_terminated,
 * tls_certificate_error, tls_protocol_error, http_response_timeout, http_incomplete_response,
 * http_protocol_error, internal_error … `words`, or NULL: more about it, for people. Time-outs take the time
 * that they take.
 */
BL_API bool bl_answer_fault(bl_answer *answer, const char *name, const char *words, bl_error **error);

typedef enum bl_step {
	BL_STEP_PAUSE,    /* nothing comes for `ns` */
	BL_STEP_DRIP,     /* from here on `bytes` bytes at a time, with `ns` between them */
	BL_STEP_RESET,    /* the connection breaks */
	BL_STEP_STALL,    /* nothing comes any more: the between-bytes time-out ends it */
	BL_STEP_TRUNCATE, /* the origin closes, though the body should have gone on */
	BL_STEP_BAD_CHUNK /* what comes next is no chunk */
} bl_step;
/* What happens in the body behind its first `at` bytes; steps are played in their order. */
BL_API bool bl_answer_step(bl_answer *answer, bl_step step, uint64_t at, uint64_t bytes, uint64_t ns,
			   bl_error **error);
BL_API void bl_answer_free(bl_answer *answer); /* one that was given away is not freed */

/*
 * A rule: which requests of a service's it is for, and what answers them. A later rule goes before an earlier
 * one; a request that no rule is for fails, with the nearest rules named, and makes bl_response_check() fail.
 *
 * `backend`: a backend's name, or with "://" in it a pattern of its URL ("https://api.*"); NULL: any
 * `method`   NULL: any
 * `path`     '*' matches any run of characters; without '?' any query does; NULL: any
 */
BL_API bool bl_origin_answer(bl_world *world, const char *backend, const char *method, const char *path,
			     bl_answer *taken, bl_error **error);

/* A request to an origin that a function is to answer. */
typedef struct bl_call bl_call;
/*
 * Called when all of the request has come. Answers by bl_call_answer(), before it returns or later: for later
 * it must bl_call_keep() the call. A call that it does neither with fails with internal_error, and makes
 * bl_response_check() fail. What is not answered before the backend's first-byte time-out (15 s without one),
 * by the world's clock, times out.
 */
typedef void bl_origin_fn(void *data, bl_call *call);
/* `release`, or NULL, is called with `data` when no world has the rule any more; forks have it, too. */
BL_API bool bl_origin(bl_world *world, const char *backend, const char *method, const char *path,
		      bl_origin_fn *answer, void *data, void (*release)(void *data), bl_error **error);

BL_API bl_world *bl_call_world(
	const bl_call *call); /* that of the service; borrowed, within the callback only */
BL_API const char *bl_call_backend(const bl_call *call);
BL_API const char *bl_call_method(const bl_call *call);
BL_API const char *bl_call_url(const bl_call *call);  /* as the service has it */
BL_API const char *bl_call_path(const bl_call *call); /* path and query, as they go over the wire */
/* The first field of that name, in any case; data NULL: there is none. */
BL_API bl_bytes bl_call_header(const bl_call *call, const char *name);
/* The fields in their order; false at the end. */
BL_API bool bl_call_header_at(const bl_call *call, size_t index, bl_bytes *name, bl_bytes *value);
BL_API bl_bytes bl_call_body(const bl_call *call);
/* False: it was answered already, or nobody waits any more. The answer is taken in any case. */
BL_API bool bl_call_answer(bl_call *call, bl_answer *taken, bl_error **error);
/* For later: a call that is to be freed. */
BL_API bl_call *bl_call_keep(bl_call *call);
BL_API void bl_call_free(bl_call *call);

/* ---- dynamic backends ---- */

/* A backend that a service is about to register. Good within the callback. */
typedef struct bl_registration bl_registration;
typedef void bl_register_fn(void *data, bl_registration *registration);
/* Is told of every registration; without more it is accepted. One function a world; NULL: none. */
BL_API bool bl_on_register(bl_world *world, bl_register_fn *registers, void *data,
			   void (*release)(void *data), bl_error **error);
BL_API const char *bl_registration_name(const bl_registration *registration);
BL_API const char *bl_registration_url(const bl_registration *registration); /* "https://host:port" */
BL_API const char *bl_registration_host_override(const bl_registration *registration); /* "": none */
/*
 * What the service is told: "disallowed" (it may have no dynamic backends), "name-in-use", "invalid" or
 * "too-many"; NULL: the first.
 */
BL_API bool bl_registration_refuse(bl_registration *registration, const char *why, bl_error **error);
/* The backend leads there instead; what else the service said of it stays. */
BL_API bool bl_registration_redirect(bl_registration *registration, const char *url, bl_error **error);

/* ---- requests ---- */

typedef struct bl_request bl_request;

/*
 * `url`: a whole one, or a path of the host that a Host field names, else of localhost. May be sent any
 * number of times.
 */
BL_API bl_request *bl_request_new(const char *method, const char *url, bl_error **error);
BL_API bool bl_request_header(bl_request *request, const char *name, const char *value, bl_error **error);
BL_API bool bl_request_body(bl_request *request, const void *bytes, size_t len, bl_error **error);
/*
 * What is known of its client: "ip", "tls.protocol", "tls.ja3", "bot.detected" … with a value as text. The
 * names are those of the `client` block in docs/reference/world.md.
 */
BL_API bool bl_request_client(bl_request *request, const char *name, const char *value, bl_error **error);
BL_API void bl_request_free(bl_request *request);

/* ---- responses ---- */

typedef struct bl_response bl_response;

/*
 * Has the world's service handle the request, to the end: the response is read, the guest has ended, and what
 * it sent is settled. A guest that waits for what never comes is stopped. How all that went is for the
 * response to say: NULL only when it could not be started.
 */
BL_API bl_response *bl_fetch(bl_world *world, const bl_request *request, bl_error **error);
/* The same, and returns when the service waits for the first time. */
BL_API bl_response *bl_fetch_start(bl_world *world, const bl_request *request, bl_error **error);

typedef enum bl_until {
	BL_UNTIL_NOW,  /* whatever can be done without time passing */
	BL_UNTIL_HEAD, /* there is a status */
	BL_UNTIL_BODY, /* the whole body is there */
	BL_UNTIL_END   /* the guest has ended, and what it sent is settled */
} bl_until;
/*
 * Goes on with what bl_fetch_start() began. BL_ERROR_TIMEOUT: the guest waits for what will never come by
 * itself, a call that was kept; it goes on waiting.
 */
BL_API bool bl_response_wait(bl_response *response, bl_until until, bl_error **error);
/* Frees it; a guest that still runs is stopped. */
BL_API void bl_response_free(bl_response *response);

BL_API int bl_response_status(const bl_response *response); /* 0: there is none yet */
BL_API bl_bytes bl_response_header(const bl_response *response, const char *name);
BL_API bool bl_response_header_at(const bl_response *response, size_t index, bl_bytes *name, bl_bytes *value);
BL_API bool bl_response_trailer_at(const bl_response *response, size_t index, bl_bytes *name,
				   bl_bytes *value);
BL_API bl_bytes bl_response_body(const bl_response *response); /* what has come by now */
BL_API bool bl_response_complete(const bl_response *response); /* did the body end as it should? */

/* How the guest ended. */
typedef enum bl_outcome {
	BL_RUNNING,
	BL_OK,        /* it returned, or exited with 0 */
	BL_EXIT,      /* it exited with another code */
	BL_TRAP,      /* unreachable, out of bounds, stack overflow … */
	BL_LIMIT,     /* it used up what it may */
	BL_CANCELLED, /* it was stopped, or waited for what never came */
	BL_FAILED     /* it could not be started */
} bl_outcome;
BL_API bl_outcome bl_response_outcome(const bl_response *response);
BL_API int bl_response_exit_code(const bl_response *response);
/* What went wrong, for people, with a backtrace; empty for BL_OK. */
BL_API bl_bytes bl_response_report(const bl_response *response);
/*
 * Is all well? False, with everything that is not in the error's text: the guest did not end with BL_OK
 * (after its response, maybe), the body broke off, a request was answered by no origin, a callback did not
 * answer.
 */
BL_API bool bl_response_check(const bl_response *response, bl_error **error);

/*
 * Log messages in their order: of one endpoint, or with NULL of all. False at the end. `endpoint_out` may be
 * NULL.
 */
BL_API bool bl_response_log(const bl_response *response, const char *endpoint, size_t index,
			    bl_bytes *message, bl_bytes *endpoint_out);

/* What the service sent to its origins, in order; false at the end. */
typedef struct bl_sent {
	bl_bytes backend, method, url, path;
	int status;     /* of the answer; 0: there was none */
	bl_bytes error; /* why, as bl_answer_fault() names it; data NULL: there was an answer, or none yet */
	bool dynamic;   /* the backend was registered by the service */
} bl_sent;
BL_API bool bl_response_sent(const bl_response *response, size_t index, bl_sent *out);

/*
 * Everything that happened, in order, as a JSON array of objects: "seq", "wallNs" (a string), "type", and
 * what belongs to that.
 */
BL_API bl_data *bl_response_trace(const bl_response *response, bl_error **error);

typedef struct bl_timing {
	uint64_t virtual_ns; /* from the guest's start to its end, on the world's clock */
	uint64_t real_ns;    /* that this took */
	uint64_t cpu_ns;     /* the guest's own */
	uint64_t memory_bytes;
	uint64_t host_calls;
	uint64_t subrequests;
} bl_timing;
BL_API bl_timing bl_response_timing(const bl_response *response);

/* ---- the cache ---- */

/* What is in a world's cache at one time. */
typedef struct bl_cache_list bl_cache_list;
typedef struct bl_cache_item {
	bl_bytes key;            /* bytes; of a response that was cached for a request, a hash of that */
	bl_bytes url;            /* of that request; data NULL: something else was cached */
	int status;              /* of that response; 0: the same */
	bl_bytes surrogate_keys; /* separated by spaces */
	bl_bytes metadata;       /* of what a guest cached itself */
	bl_bytes body;           /* as far as it was written by then */
	uint64_t age_ns, max_age_ns, stale_while_revalidate_ns, stale_if_error_ns, hits;
	bool complete; /* all of the body is there */
	bool fresh;    /* neither too old nor softly purged */
} bl_cache_item;
BL_API bl_cache_list *bl_cache_look(bl_world *world, bl_error **error);
/* What a request for that URL would find, by key and by the fields that it varies by: at most one. */
BL_API bl_cache_list *bl_cache_find(bl_world *world, const bl_request *request, bl_error **error);
BL_API size_t bl_cache_list_count(const bl_cache_list *list);
BL_API const bl_cache_item *bl_cache_list_at(const bl_cache_list *list, size_t index); /* NULL: no such one */
BL_API bl_bytes bl_cache_list_header(const bl_cache_list *list, size_t index,
				     const char *name); /* of a response */
BL_API void bl_cache_list_free(bl_cache_list *list);

/* How something is stored; what is zero is not given. */
typedef struct bl_cache_write {
	size_t size; /* sizeof(bl_cache_write) */
	uint64_t max_age_ns, age_ns, stale_while_revalidate_ns, stale_if_error_ns;
	const char *surrogate_keys; /* separated by spaces */
	const char *vary;     /* names of request headers, separated by spaces; for bl_cache_put_response() */
	const void *metadata; /* for bl_cache_put() */
	size_t metadata_len;
} bl_cache_write;
/* As a guest's own insert into the core cache. */
BL_API bool bl_cache_put(bl_world *world, const void *key, size_t key_len, const void *body, size_t len,
			 const bl_cache_write *write, bl_error **error);
/* As if an origin had answered the request so. The answer is taken. */
BL_API bool bl_cache_put_response(bl_world *world, const bl_request *request, bl_answer *taken,
				  const bl_cache_write *write, bl_error **error);
/*
 * Purges by a surrogate key, or with NULL everything; softly: it becomes stale. `count`, or NULL: how many
 * there were.
 */
BL_API bool bl_cache_purge(bl_world *world, const char *surrogate_key, bool soft, uint64_t *count,
			   bl_error **error);
/* Takes away what is under a key, in all its variants. */
BL_API bool bl_cache_remove(bl_world *world, const void *key, size_t key_len, uint64_t *count,
			    bl_error **error);
/* Makes what is under a key, or with NULL everything, older by so much. */
BL_API bool bl_cache_age(bl_world *world, const void *key, size_t key_len, uint64_t ns, uint64_t *count,
			 bl_error **error);

#ifdef __cplusplus
}
#endif

#endif
