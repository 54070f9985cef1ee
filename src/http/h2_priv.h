/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the HTTP/2 server share (RFC 9113). nghttp2 reads and makes frames, keeps streams,
 * windows and header tables, and refuses what breaks the protocol; what is here joins it to exchanges and
 * bodies, and sets limits to what a peer may cost.
 *
 *   h2_connection.c   bytes in and out, time-outs, the end
 *   h2_guard.c        what a peer may cost: floods end the connection
 *   h2_request.c      frames → struct http_request and its body
 *   h2_response.c     struct http_response → frames
 *   h2_fingerprint.c  what a client's first frames say about it
 */
#ifndef HTTP_H2_PRIV_H
#define HTTP_H2_PRIV_H

#include <nghttp2/nghttp2.h>

#include "base/buf.h"
#include "http/h2_fingerprint.h"
#include "http/server_priv.h"

/* The response's half of a stream. */
struct h2_response {
	bool begun;    /* its head was submitted */
	bool deferred; /* nghttp2 waits until we say that the body goes on */
	bool ended;    /* END_STREAM was sent */
	bool bounded;  /* a Content-Length was said; `left` of it are to come */
	uint64_t left;
	struct body *body; /* a reference; NULL once it is all sent, or none */
	struct watcher readable;
	uint64_t moved_ns; /* when the client last took something, or it was our turn */
};

struct h2_stream {
	struct list link;
	struct h2_connection *connection;
	int32_t id;
	struct server_exchange *x;
	bool handed; /* x, to the handler */
	bool reset;  /* RST_STREAM was submitted */

	/* coming in */
	struct h2_head *head; /* while it is read */
	struct body *body;    /* the request's, while it is written and read; not a reference */
	struct body_source source;
	uint64_t received, consumed; /* bytes of it; the difference is what the client's window lacks */
	bool resumed;                /* its reader went on */
	bool remote_ended, refused;
	bool wants_continue, asked_continue, sent_continue; /* the client; the body's reader; we */
	uint64_t waits_since_ns;                            /* a reader waits for the client; 0: none */
	size_t trailers, trailer_bytes;

	struct h2_response response;
};

/* Work that brings no request nor data, and what is left of it: see h2_guard.c. */
struct h2_budget {
	uint32_t left;
	uint64_t filled_ns;
};

struct h2_connection {
	struct server_connection super;
	nghttp2_session *session;
	struct list streams;
	size_t stream_count;

	/* coming in */
	struct stream_reader reader;
	bool reading, read_ended, receiving;
	uint64_t dropped; /* bytes, once nothing that comes counts */
	unsigned continuations;
	struct h2_budget control, resets;
	struct h2_fingerprint fingerprint;

	/* going out */
	struct buf out;
	struct stream_write write;
	bool writing, sending;
	size_t unwritten; /* when the time of the write under way began */
	struct task again;

	bool stopping;   /* the client was told to send no further requests */
	bool going_away; /* … and which was the last that counts */
	bool failed;     /* the client was told why it is over */
	bool lingering;  /* nothing that comes counts; the client shall read our last words, then close */
	struct timer timer;
	uint64_t quiet_since_ns; /* no stream is open */
	uint64_t head_since_ns;  /* a head is coming, or the preface */
	uint64_t write_since_ns, stop_since_ns, ends_since_ns;
};

/* ---- h2_connection.c ---- */

/* Takes over a connection of HTTP/1 whose client has said what HTTP/2 begins with; `bytes` are what came. */
void h2_connection_new(struct server_connection *old, struct str preface, struct str bytes);
void h2_close(struct h2_connection *c, bool reset);
/* Says why in a GOAWAY, then closes. */
void h2_fail(struct h2_connection *c, uint32_t error_code);
/* Sends what nghttp2 has to send, as far as the stream takes it. Does nothing while bytes are coming in. */
void h2_flush(struct h2_connection *c);
/* Looks at the time-outs anew. */
void h2_rearm(struct h2_connection *c);
struct h2_stream *h2_stream_new(struct h2_connection *c, int32_t id);
/* Whatever of it is under way ends. */
void h2_stream_free(struct h2_stream *s, bool gone);
/* Says which request was the last that counts, when that was not said yet and we are stopping. */
void h2_go_away(struct h2_connection *c);
uint64_t h2_now(const struct h2_connection *c); /* never 0, which stands for "not at all" */

/* ---- h2_guard.c ---- */

void h2_guard_init(struct h2_connection *c);
/* False: the peer has gone too far. Called for each frame before it is read. */
must_use bool h2_guard_frame(struct h2_connection *c, const nghttp2_frame_hd *hd);
/* A request came and was answered, both whole: its client may reset it as well, as libcurl before 8 does. */
void h2_guard_served(struct h2_connection *c);

/* ---- h2_request.c ---- */

void h2_request_callbacks(nghttp2_session_callbacks *callbacks);
/* Nobody hears of the request's body any more. */
void h2_request_drop(struct h2_stream *s, enum body_failure why);
/* Gives the client's window what the readers of bodies have taken. */
void h2_request_resumed(struct h2_stream *s);

/* ---- h2_response.c ---- */

void h2_inform(struct server_exchange *x, uint16_t status, const struct headers *headers);
void h2_respond(struct server_exchange *x, const struct http_response *response, bool keep_framing);
/* An empty response to what is no request. */
void h2_refuse(struct h2_stream *s, uint16_t status);
void h2_send_continue(struct h2_stream *s);
void h2_response_drop(struct h2_stream *s);

#endif
