/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connected stream of bytes, whatever carries them: a socket, memory, or a filter that is stacked on
 * another stream and is itself one. Above, all look the same.
 *
 * Ownership. Who makes or accepts a stream owns it until stream_close(), which may be called at any time,
 * once; a filter owns the stream below it and closes it in turn. The stream's memory is freed by itself,
 * after `closed` was called. Reader and write belong to the caller; they must stay where they are until
 * `closed`, or until a write is done.
 *
 * No function here calls back before it has returned: all callbacks come from the loop. The reader's
 * callbacks may call anything, stream_close() too; nothing but `done` of a pending write and `closed` is
 * called after that.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "net/address.h"

enum stream_error {
	STREAM_OK,        /* no error; for a reader: the peer has orderly ended its side */
	STREAM_RESET,     /* the connection is broken: both directions are dead */
	STREAM_CANCELLED, /* stream_close() came first */
};

/* Who hears what arrives. */
struct stream_reader {
	/* Some bytes, at least one; the view is good for the call only. What is not used now must be copied.
	 */
	void (*data)(struct stream_reader *, struct str bytes);
	/* Nothing comes any more; called at most once. */
	void (*ended)(struct stream_reader *, enum stream_error why);
};

/* A write that could not be done at once. */
struct stream_write {
	void (*done)(struct stream_write *, enum stream_error error);
};

typedef void stream_closed_fn(void *data);

enum {
	STREAM_PARTS_MAX = 8, /* in one write */
};

struct stream {
	const struct stream_ops *ops;
	struct stream_reader *reader; /* NULL while nobody reads */
	struct stream_write *write;   /* the one under way, or NULL */
	bool closing;
};

/*
 * For implementers. The fields above are kept by the functions below, except that `reader` and `write` are
 * cleared by stream_tell_ended() and stream_tell_written(), through which all news go up.
 */
struct stream_ops {
	const char *name;
	void (*read_start)(struct stream *); /* `reader` is set; may be running already */
	void (*read_stop)(struct stream *);
	bool (*lacks)(const struct stream *, uint64_t wanted);
	/* As stream_write(); `write` is set, and stays so when the answer is false. */
	bool (*write)(struct stream *, const struct str *parts, size_t count);
	size_t (*unwritten)(const struct stream *);
	void (*shutdown)(struct stream *);
	void (*close)(struct stream *, bool reset, stream_closed_fn *closed, void *data);
	void (*addresses)(const struct stream *, struct net_address *local, struct net_address *peer);
};

/* Begins to tell `reader` what arrives; a second call only changes who is told. After `ended` nothing comes.
 */
void stream_read_start(struct stream *s, struct stream_reader *reader);
/*
 * Stops for now: a peer that sends on will find its way blocked before long. An end is not noticed meanwhile,
 * unless one looks for it by stream_lacks().
 */
void stream_read_stop(struct stream *s);
/*
 * Is it sure by now that fewer than `wanted` more bytes can be read, because the peer has broken the
 * connection, or has ended its side? Of a broken one that is so whatever is wanted. False where nobody knows.
 */
bool stream_lacks(const struct stream *s, uint64_t wanted);

/*
 * Sends the parts one after the other. True: all bytes are taken, `w` was not needed. False: they must stay
 * where they are until `w->done`, which also brings errors. One write at a time; the array of parts may go at
 * once.
 */
must_use bool stream_write(struct stream *s, const struct str *parts, size_t count, struct stream_write *w);
/* How many bytes of the write under way are not taken yet: shows whether a slow peer reads at all. */
size_t stream_unwritten(const struct stream *s);

/* Ends our side: the peer reads what was written, then the end. No write may be under way; none may follow.
 */
void stream_shutdown(struct stream *s);

/*
 * Gives the stream up and leaves NULL. What was taken by writes still arrives, unless `reset`: then the peer
 * sees a broken connection. `closed` is called last of all; NULL when nobody cares.
 */
void stream_close(struct stream **ps, bool reset, stream_closed_fn *closed, void *data);

/* Both ends; without IP where there is none. */
void stream_addresses(const struct stream *s, struct net_address *local, struct net_address *peer);

/* ---- for implementers ---- */

/* Nothing happens when nobody reads or no write is under way. */
void stream_tell_data(struct stream *s, struct str bytes);
void stream_tell_ended(struct stream *s, enum stream_error why);
void stream_tell_written(struct stream *s, enum stream_error error);

#endif
