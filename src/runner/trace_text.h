/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, as text that is the same whenever the same happens: for --check-determinism. */
#ifndef RUNNER_TRACE_TEXT_H
#define RUNNER_TRACE_TEXT_H

#include "base/buf.h"
#include "guest/guest.h"

/*
 * Adds an invocation's events, a line each with its virtual time, and what the client was sent. What is
 * measured in real time is left out. The invocation's world was tracing; `body` is the response's, as the
 * client read it.
 */
void trace_text_add(const struct invocation *i, struct str body, struct buf *out);

/*
 * "    timeline:" and its events, a line each with its time since `begin_ns` of the wall clock, for people;
 * of more than `max` the first and the last ones. Nothing when there are none.
 */
void trace_timeline_print(const struct invocation *i, uint64_t begin_ns, uint32_t max, struct buf *out);

/* Where two such texts differ first, for people; adds nothing when they are the same. */
void trace_text_difference(struct str first, struct str second, struct buf *out);

#endif
