/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two streams joined: whatever arrives at one is written to the other, both ways. A side is only read while
 * the other takes what came; its end is passed on, so that half a connection may be used for as long as its
 * peers like; what breaks one side breaks both.
 */
#ifndef NET_SPLICE_H
#define NET_SPLICE_H

#include "base/buf.h"
#include "loop/loop.h"
#include "net/stream.h"

struct splice;

struct splice_side {
	struct splice *splice;
	struct stream *stream; /* NULL once it is closing */
	struct stream_reader reader;
	struct stream_write write;
	struct buf out; /* being written to it */
	bool writing, ended /* it sends no more */, shut /* it was sent the end */;
	uint64_t received;
};

struct splice {
	struct loop *loop;
	struct splice_side sides[2];
	/*
	 * Called by the loop, once: both sides have ended, or one is broken. The owner then closes it, here
	 * or later. May be NULL until somebody cares.
	 */
	void (*over)(struct splice *, bool broken);
	bool is_over, broken;
	struct task tell;
	unsigned closing;
	stream_closed_fn *closed;
	void *closed_data;
};

/*
 * Joins the streams, which are taken. What came from each of them already goes first (copied). The splice
 * must stay where it is until `closed` of splice_close().
 */
void splice_start(struct splice *s, struct loop *loop, struct stream *a, struct str from_a, struct stream *b,
		  struct str from_b, void (*over)(struct splice *, bool broken));

/* Closes both sides, once. `over` is not called any more; `closed` is, from the loop, when all memory is free
 * to go. */
void splice_close(struct splice *s, bool reset, stream_closed_fn *closed, void *data);

#endif
