/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles of guests: taken by ourselves, a sample a period while the guest runs, and written in the format
 * of the Firefox profiler (https://profiler.firefox.com opens the files); or by a profiler of the system's,
 * which Wasmtime then tells about the compiled code.
 */
#ifndef GUEST_WASM_PROFILE_H
#define GUEST_WASM_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum profile_strategy { PROFILE_NONE, PROFILE_GUEST, PROFILE_JITDUMP, PROFILE_PERFMAP, PROFILE_VTUNE };

#define PROFILE_PERIOD_NS 50000 /* unless another one is asked for */

struct profile_options {
	enum profile_strategy strategy;
	struct str path; /* of the file, or of the folder, which is there, and gets a file an instance */
	bool folder;
	uint64_t period_ns;
};

struct sandbox;
struct wasm_service;
struct wasmtime_guestprofiler;

/* Of one instance, from before it is begun; NULL when guests are not profiled. */
struct wasmtime_guestprofiler *profile_begin(const struct wasm_service *s);

/* From the epoch's callback: notes where the guest is. */
void profile_sample(struct sandbox *sb);

/*
 * Writes it, named after the time and the number of the invocation, and ends it. What cannot be written is
 * told by the service's notice, and makes `profile_lost` true.
 */
void profile_end(struct sandbox *sb);

#endif
