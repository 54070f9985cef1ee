/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a request or a response: a stream of bytes from one writer to one reader, both of whom may be
 * slow, give up or fail, followed by trailers. Nobody calls anybody: a side that has to wait watches an
 * event.
 *
 *   writer: body_write… body_end | body_fail         waits on `writable` while !body_has_room
 *   reader: body_peek, body_consume… | body_abandon  waits on `readable` while BODY_WAIT
 *
 * Bytes are copied once when written and not again: body_append() and passing a body on move references.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"
#include "base/str.h"
#include "http/headers.h"
#include "loop/loop.h"

/* A streaming writer should wait when this much is unread. */
enum { BODY_ROOM_BYTES = 256 * 1024 };

enum body_state {
	BODY_DATA,   /* there are bytes to read */
	BODY_WAIT,   /* nothing now; watch `readable` */
	BODY_ENDED,  /* all was read; the trailers are final */
	BODY_FAILED, /* what is missing will never come */
};

/* Why a body failed; a failed response body ends an HTTP/1 connection, a guest gets an error status. */
enum body_failure {
	BODY_FAILURE_NONE,
	BODY_FAILURE_ABANDONED,  /* the writer gave up (fastly_http_body.abandon, dropped handle, trap) */
	BODY_FAILURE_INCOMPLETE, /* the peer closed too early or lied about the length */
	BODY_FAILURE_TIMEOUT,    /* between-bytes time-out */
	BODY_FAILURE_PROTOCOL,   /* bad chunk, bad compression */
	BODY_FAILURE_LIMIT,      /* more bytes than allowed */
};

/*
 * A writer that produces on demand, like a socket that is only read while the reader keeps up. `resume` is
 * called while the reader reads, so it must not write at once.
 */
struct body_source {
	void (*resume)(
		struct body_source *); /* the reader found nothing, or there is room again; may come often */
	void (*cancel)(
		struct body_source *); /* reader gone, limit passed, body freed: never call the body again */
};

struct body {
	struct rc rc;
	struct loop *loop;
	struct list pieces;  /* struct piece: bytes, or a whole body that was appended */
	struct body *parent; /* the body that this one was appended to */
	size_t appended;     /* pieces that are bodies */
	uint64_t buffered;   /* unread bytes in own pieces, appended bodies not counted */
	uint64_t total;      /* bytes ever written here, for reports and limits */
	uint64_t limit;      /* body_write beyond it fails the body with BODY_FAILURE_LIMIT */
	uint64_t expected;   /* bytes that the source says are still to come (Content-Length); UINT64_MAX: not
				known */
	uint64_t promised;   /* how long it is in all, says its writer; UINT64_MAX: it did not say */
	uint64_t taken;      /* bytes that were read */
	bool streaming;      /* the length is open until the end */
	bool length_untold;  /* and is not told even then: a message with it goes out chunked;
				so it is with what such a body is appended to */
	bool ended, abandoned;
	enum body_failure failure;
	struct headers trailers;
	struct arena trailer_memory;
	struct event readable, writable;
	struct body_source *source; /* not owned; forgotten after the end, a failure or `cancel` */
};

must_use struct body *body_new(struct loop *loop);
must_use struct body *body_ref(struct body *b);
void body_unref(struct body **pb); /* leaves NULL; NULL is fine */

/* ---- writing ---- */

/* Appends a copy of the bytes. Never waits; ask body_has_room() first to be polite. Dropped once nobody
 * reads. */
void body_write(struct body *b, struct str bytes);
/* The same without copying: keeps a reference to `blob`. */
void body_write_blob(struct body *b, struct blob *blob);
/* Puts the bytes before everything unread. The body must be open, as for the others: see body_reopen(). */
void body_write_front(struct body *b, struct str bytes);
bool body_has_room(const struct body *b);
/* Everything `src` holds and will hold comes next. Takes over the caller's reference, and the reading of
 * `src`. */
void body_append(struct body *dst, struct body *src);
/*
 * For whoever was given a body and wants to add to it: what is written to *pb from now on comes before or
 * behind all that its producer, who may not be done, has written and will write. Does nothing when *pb is
 * open and has no producer, else replaces it by a new body that holds it, whose reading is open until
 * body_end().
 */
void body_reopen(struct body **pb);
void body_trailer_add(struct body *b, struct str name, struct str value);
/*
 * The writer says how many bytes its reader gets in all, whatever they come from: the body ends behind them,
 * and what goes beyond is not read. One that ends before is INCOMPLETE.
 */
void body_promise(struct body *b, uint64_t length);
/*
 * How many of `len` bytes to be written the promise has room for, as far as is known: all where there is
 * none.
 */
size_t body_fitting(const struct body *b, size_t len);
void body_end(struct body *b);
void body_fail(struct body *b, enum body_failure why);
bool body_open(const struct body *b); /* neither ended nor failed: writing has a meaning */

/* ---- reading ---- */

/* A borrowed view of the next bytes, good until something is read or the body is abandoned; writing does not
 * move it. */
must_use enum body_state body_peek(struct body *b, struct str *bytes);
void body_consume(struct body *b, size_t len); /* no more than the last peek showed */
/* Copies up to `cap` bytes out. BODY_DATA: *len > 0. */
must_use enum body_state body_read(struct body *b, char *out, size_t cap, size_t *len);
/* The reader gives up; the writer learns of it by `writable` and body_abandoned(). */
void body_abandon(struct body *b);
bool body_abandoned(const struct body *b);
enum body_failure body_why(struct body *b); /* after BODY_FAILED */
/*
 * Why it will fail, for readers who cannot wait until they come to it: a producer, perhaps of what was
 * appended, has failed, though there are bytes to read before. `readable` tells.
 */
enum body_failure body_failing(const struct body *b);

/*
 * How many bytes are still to be read, when that is known by now. A body that is open and not `streaming`
 * counts as complete: its writer knows.
 */
bool body_known_length(const struct body *b, uint64_t *len);

/*
 * The length that a message with this body can announce; 0 for NULL. A body that may still be written to
 * without having said how long it will be has none yet.
 */
bool body_final_length(const struct body *b, uint64_t *len);

/* Names the producer; it is told to go on or to stop. */
void body_set_source(struct body *b, struct body_source *source);

#endif
