/* SPDX-License-Identifier: Apache-2.0 */
/* A pair of connected streams in memory: what is written at one end is read at the other. No sockets, no
 * system calls. */
#ifndef NET_PIPE_H
#define NET_PIPE_H

#include <stddef.h>

#include "loop/loop.h"
#include "net/stream.h"

enum { PIPE_ROOM_BYTES = 64 * 1024 };

/*
 * Makes both ends. Each direction holds up to `room` unread bytes (0: PIPE_ROOM_BYTES); more than that is a
 * write that waits for the reader. An end that was closed reads as ended at the other, where writing then
 * fails.
 */
void pipe_new(struct loop *loop, size_t room, struct stream **a, struct stream **b);

#endif
