/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A filter that makes trouble, for tests: bytes come and go in small pieces, late, not at all, or the
 * connection breaks after so many of them. Times are the loop's clock's.
 */
#ifndef NET_FAULT_H
#define NET_FAULT_H

#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"
#include "net/stream.h"

struct fault_direction {
	size_t piece_bytes;   /* at most so many at once; 0: as they come */
	uint64_t delay_ns;    /* before each piece */
	uint64_t cut_after;   /* the connection breaks, for both sides, when so many bytes have passed;
				 FAULT_NEVER */
	uint64_t stall_after; /* later bytes never arrive, and nobody is told; FAULT_NEVER */
};

#define FAULT_NEVER UINT64_MAX
#define FAULT_DIRECTION_INIT                                         \
	{                                                            \
		.cut_after = FAULT_NEVER, .stall_after = FAULT_NEVER \
	}

struct fault_options {
	struct fault_direction read, write; /* as seen by whoever uses the filter */
};

/* No fault at all. */
#define FAULT_OPTIONS_INIT                                                  \
	{                                                                   \
		.read = FAULT_DIRECTION_INIT, .write = FAULT_DIRECTION_INIT \
	}

/* Stacks the filter on `taken`. */
must_use struct stream *fault_new(struct loop *loop, struct stream *taken,
				  const struct fault_options *options);

#endif
