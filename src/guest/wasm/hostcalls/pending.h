/* SPDX-License-Identifier: Apache-2.0 */
/* Requests under way, as a guest sees them. */
#ifndef GUEST_WASM_PENDING_H
#define GUEST_WASM_PENDING_H

#include "guest/wasm/sandbox.h"

enum {
	SEND_STREAMING = 1 << 0, /* the body's handle is left to the guest for writing */
	SEND_CACHED = 1 << 1,    /* through the readthrough cache, as the request's cache override says */
};

/*
 * Sends a request with its body to a backend. The handles are taken. `*out` lives in the arena and holds a
 * reference to the fetch.
 */
enum abi_status pending_send(struct sandbox *sb, uint32_t request, uint32_t body, struct str backend,
			     unsigned flags, struct guest_pending **out);

/*
 * What a settled request gives the guest: handles of response and body, or the error's status with the
 * details written
 * (`detail` may have no place). Lets the fetch go.
 */
enum abi_status pending_finish(struct sandbox *sb, struct guest_pending *p, struct guest_ptr detail,
			       struct guest_ptr response_out, struct guest_ptr body_out);

/* The same as a message for the client: an error becomes a 502 or 504. The body is a reference for the
 * caller. */
void pending_answer(struct sandbox *sb, struct guest_pending *p, struct guest_response **response,
		    struct body **body);

#endif
