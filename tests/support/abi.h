/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host calls without a Wasm engine: a sandbox on plain memory, in a world of fakes with a virtual clock,
 *so that a test (or a fuzzer) calls the ABI like a guest does, raw numbers and all.
 *
 *	struct abi_harness h;
 *	abi_init(&h, ABI_MEMORY_BYTES);
 *	uint32_t out = abi_room(&h, 4);
 *	assert_status(abi_call(&h, "fastly_kv_store", "open", ABI_TEXT(&h, "things"), out), ABI_OK);
 *	… abi_u32(&h, out) …
 *	abi_fini(&h);
 */
#ifndef SUPPORT_ABI_H
#define SUPPORT_ABI_H

#include "guest/wasm/sandbox.h"
#include "guest/wasm/wasm_service.h"

enum { ABI_MEMORY_BYTES = 256 * 1024 };

/* Where the harness's clock starts: 2026-03-04 05:06:07 UTC. */
#define ABI_WALL_NS (UINT64_C(1772600767) * NS_PER_S)

struct abi_harness {
	struct clock *clock;
	struct loop loop;
	struct world *world;
	struct arena arena;          /* of the request and of what the helpers read */
	struct http_request request; /* GET https://www.example/path?query, without a body */
	struct invocation_request asked;
	struct wasm_service service; /* only what host calls look at */
	struct sandbox *sandbox;
	uint8_t *memory; /* exactly as long as the guest's memory, so that a sanitizer sees its ends */
	uint32_t used;   /* of it, by abi_place() and abi_room() */
	bool woken;
};

/* A world as abi_furnish() makes it, and an invocation under way in it. */
void abi_init(struct abi_harness *h, uint32_t memory_bytes);

/* The same in two steps, for tests that want another request, other limits …; abi_start() begins the
 * invocation. */
void abi_prepare(struct abi_harness *h, uint32_t memory_bytes);
void abi_start(struct abi_harness *h);

void abi_fini(struct abi_harness *h);

/*
 * What there is: config store "settings" (greeting = "hello", empty = ""), secret store "vault" (token =
 * "s3cret"), kv stores "things" (empty) and "books" (a, b, ba, c, each its own value; ba has the metadata
 * "blue"), ACL "list" (192.0.2.0/24 and 2001:db8::/32 blocked, 192.0.2.7/32 allowed), geo of 192.0.2.1 and
 * device of "Phone/1" ({"known":1}), the valid Fastly key "good-key"; and backends "slow" (answers "late"
 * after 2 s), "gone" (refuses), and "origin", which knows GET /hello, and with any method /many (203, fields
 * A, A, B), /gzip ("compressed\n") and /empty (204).
 */
void abi_furnish(struct abi_harness *h);

/* ---- guest memory ---- */

/* Zeroed, 8-aligned. */
uint32_t abi_room(struct abi_harness *h, uint32_t len);
uint32_t abi_place(struct abi_harness *h, struct str bytes);
#define ABI_TEXT(h, literal) abi_place((h), STR(literal)), (sizeof literal - 1)
/* Forgets all that was placed. */
void abi_clear(struct abi_harness *h);

uint32_t abi_u32(const struct abi_harness *h, uint32_t at);
uint64_t abi_u64(const struct abi_harness *h, uint32_t at);
void abi_set_u32(struct abi_harness *h, uint32_t at, uint32_t value);
void abi_set_u64(struct abi_harness *h, uint32_t at, uint64_t value);
/* Borrowed from guest memory; the length stands at `len_at`. */
struct str abi_text(const struct abi_harness *h, uint32_t at, uint32_t len_at);

/* ---- calls ---- */

/* The status of a call that runs to its end; ABI_WAIT when it would wait for ever. Waiting moves virtual
 * time. */
#define abi_call(h, module, name, ...)                                          \
	abi_call_with((h), (module), (name), (const uint64_t[]){ __VA_ARGS__ }, \
		      sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))
enum abi_status abi_call_with(struct abi_harness *h, const char *module, const char *name,
			      const uint64_t *args, size_t count);

/* The same step by step: abi_begin() may answer ABI_WAIT, abi_go_on() waits until `deadline_ns` (monotonic)
 * at most. */
enum abi_status abi_begin(struct abi_harness *h, const struct hostcall *call, const uint64_t *raw);
enum abi_status abi_go_on(struct abi_harness *h, uint64_t deadline_ns);

/* What a wasm value of a call is: the kind of its parameter (enum hostcall_param_kind), and the how manieth
 * of it. */
struct abi_value {
	uint8_t kind, nth;
	uint8_t align; /* of a pointer; 0: the value is no pointer */
	uint8_t bytes; /* that a pointer needs behind it whatever the other values are */
};
size_t abi_values(const struct hostcall *call, struct abi_value out[HOSTCALL_PARAMS_MAX]);

/* Arguments that do no harm: `handle` for every handle, room behind every pointer, 0 for every length and
 * number. */
size_t abi_harmless(struct abi_harness *h, const struct hostcall *call, uint32_t handle, uint64_t *args);

/* How often a call was made in this process, and answered ABI_OK. */
unsigned abi_calls_made(const struct hostcall *call);
unsigned abi_calls_ok(const struct hostcall *call);

#endif
