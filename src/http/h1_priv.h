/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the HTTP/1 server share. One connection serves one exchange at a time, in steps:
 *
 *   h1_section.c     bytes → whole lines of a head or of trailers
 *   h1_request.c     a head → struct http_request; chunks → body (llhttp)
 *   h1_response.c    struct http_response → a head, and how its body is framed
 *   h1_upgrade.c     connections that have left HTTP
 *   h1_write.c       heads, bodies and trailers → the stream
 *   h1_connection.c  what the client sends, step by step; time-outs; the end
 */
#ifndef HTTP_H1_PRIV_H
#define HTTP_H1_PRIV_H

#include <llhttp.h>

#include "base/buf.h"
#include "http/server_priv.h"

/* ---- h1_section.c ---- */

enum h1_section_state {
	H1_SECTION_MORE,          /* its end has not come yet */
	H1_SECTION_DONE,          /* up to the empty line, which is not part of `text` */
	H1_SECTION_BAD,           /* 400 */
	H1_SECTION_LINE_TOO_LONG, /* 414 */
	H1_SECTION_TOO_LARGE,     /* 431 */
};

/*
 * The lines of a head or of trailers. What parsers disagree about is settled here, so that everything behind
 * sees the same: each line in `text` ends with CRLF whatever it came with, has no other CR, and begins a
 * field of its own; equal Content-Lengths are one.
 */
struct h1_section {
	struct buf text;
	size_t line_at; /* where the line under way begins */
	size_t fields;
	bool has_first_line; /* a head: the request line comes first */
	bool has_length;
	uint64_t length;
};

void h1_section_reset(struct h1_section *s, bool has_first_line);
/* Takes what belongs to the section off the front of `in`. */
enum h1_section_state h1_section_feed(struct h1_section *s, struct str *in, size_t fields_max);
/* Instead: one line alone, as they stand between chunks. When it is DONE, `text` is this line with its CRLF.
 */
enum h1_section_state h1_section_feed_line(struct h1_section *s, struct str *in);

enum { H1_CHUNK_LINE_BYTES_MAX = 4096 }; /* extensions included, which nobody reads */

/* ---- the connection ---- */

enum h1_input {
	H1_HEAD,     /* between requests, or in the middle of a head */
	H1_BODY,     /* llhttp reads it, but is shown no line end that it could misunderstand */
	H1_TRAILERS, /* the lines behind the last chunk */
	H1_READ,     /* the request is whole; what follows waits until it is answered */
	H1_LINGER, /* nothing that comes counts any more; the client shall read our last words, then close */
};

/* Where in a body we are; one with a Content-Length is all data. */
enum h1_chunk { H1_CHUNK_LINE, H1_CHUNK_DATA, H1_CHUNK_END };

enum h1_framing { H1_NO_BODY, H1_LENGTH, H1_CHUNKED, H1_UNTIL_CLOSE };

/* What a connection's only timer is for. */
enum h1_waiting {
	H1_FOR_NOTHING,
	H1_FOR_REQUEST,
	H1_FOR_HEAD,
	H1_FOR_BODY,
	H1_FOR_ROOM, /* nothing is read: now and then it is looked whether the client is still there */
	H1_FOR_WRITE,
	H1_FOR_CLOSE,
};

/* A response on its way out. */
struct h1_response {
	bool begun; /* its head was written */
	enum h1_framing framing;
	uint64_t left;     /* H1_LENGTH: bytes that are still to come */
	struct body *body; /* NULL once it is all in the buffers */
	struct watcher readable;
	bool cut_after; /* the body turned out to be too short: cut when this is out */
};

struct h1_connection {
	struct server_connection super;
	struct server_exchange *x; /* the one being answered */
	bool keep_alive, used;     /* used: it has brought a request */

	/* coming in */
	enum h1_input input;
	struct stream_reader reader;
	bool reading, read_ended, shut_down, advancing;
	struct h1_section section;
	llhttp_t parser;
	struct headers *fields; /* where llhttp's callbacks put what they find */
	struct arena *fields_arena;
	struct buf rest; /* received, but its time has not come */
	enum h1_chunk chunk;
	uint64_t chunk_left;
	struct body *body; /* the request's, while it is written and read; not a reference */
	struct body_source source;
	bool wants_continue, asked_continue, sent_continue; /* the client; the body's reader; we */
	uint64_t dropped;                                   /* bytes of a body that nobody reads */
	struct task again;

	/* going out */
	struct h1_response response;
	struct buf next; /* heads to send */
	struct buf head, copied,
		tail; /* in the write under way: heads, small pieces of the body, the end of a chunk */
	char chunk_size[24];
	size_t lent; /* bytes of the body's own memory in the write under way */
	struct stream_write write;
	bool writing;
	struct stream *upgrade; /* who gets the connection behind this response; NULL: nobody */
	struct buf upgrade_rest;

	struct timer timer;
	enum h1_waiting waiting;
	uint64_t deadline_ns;
	size_t unwritten; /* when the write's time began */
};

/* ---- h1_request.c ---- */

void h1_parser_init(struct h1_connection *c);
/* Makes c->x out of the section; the status to refuse it with, 0 when it is good. */
int h1_read_head(struct h1_connection *c);
/* Takes bytes of the body off `in`; false when they are malformed. Moves c->input on at its end. */
must_use bool h1_read_body(struct h1_connection *c, struct str *in);
must_use bool h1_read_trailers(struct h1_connection *c);

/* ---- h1_response.c ---- */

void h1_begin_response(struct h1_connection *c, const struct http_response *r, bool keep_framing);
/* A 101: its head, but for framing. */
void h1_begin_upgrade(struct h1_connection *c, const struct http_response *r);
void h1_write_interim(struct h1_connection *c, uint16_t status, const struct headers *headers);
void h1_send_continue(struct h1_connection *c);
/* An empty response to what is no request; the connection ends with it. */
void h1_refuse(struct h1_connection *c, uint16_t status);

/* ---- h1_write.c ---- */

/* Writes what there is to write, as far as the stream takes it. */
void h1_flush(struct h1_connection *c);
void h1_write_init(struct h1_connection *c);
void h1_drop_response(struct h1_connection *c);

/* ---- h1_upgrade.c ---- */

bool h1_upgrade(struct h1_connection *c, const struct http_response *response, struct stream *taken,
		struct str rest);
/* The 101 is out. */
void h1_hand_over(struct h1_connection *c);

/* ---- h1_connection.c ---- */

void h1_free(struct h1_connection *c);

void h1_connection_new(struct http_server *s, struct stream *taken);
/* Ends it at once; whoever still works on its exchange learns that the client is gone. */
void h1_close(struct h1_connection *c, bool reset);
void h1_response_done(struct h1_connection *c);
void h1_all_written(struct h1_connection *c);
void h1_rearm(struct h1_connection *c);

#endif
