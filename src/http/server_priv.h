/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the HTTP/1 and the HTTP/2 side of the server share: the server, its connections, and their exchanges.
 *
 *   server.c   listener, connections, exchanges, and the functions of server.h
 *   h1_….c     connections that speak HTTP/1, see h1_priv.h
 *   h2_….c     connections that speak HTTP/2, see h2_priv.h
 *
 * Every connection begins as one of HTTP/1: the first line of an HTTP/2 client is no request of HTTP/1, and
 * then the connection is handed over.
 */
#ifndef HTTP_SERVER_PRIV_H
#define HTTP_SERVER_PRIV_H

#include "base/list.h"
#include "http/server.h"
#include "net/stream.h"
#include "net/tcp.h"

struct server_connection;
struct server_exchange;

/* What a version of HTTP does. The exchange is one that this kind of connection made and still carries. */
struct server_connection_ops {
	const char *name;
	void (*inform)(struct server_exchange *, uint16_t status, const struct headers *headers);
	void (*respond)(struct server_exchange *, const struct http_response *response, bool keep_framing);
	void (*abort)(struct server_exchange *);
	/* As exchange_upgrade(). False: this cannot be switched, and nothing was done. NULL: never. */
	bool (*upgrade)(struct server_exchange *, const struct http_response *response, struct stream *taken,
			struct str rest);
	/* Takes no further request; closes when those under way are answered, or at once. */
	void (*stop)(struct server_connection *);
	/* Closes now; whoever still works on an exchange of it learns that the client is gone. */
	void (*close)(struct server_connection *);
};

/* The first member of each kind of connection. */
struct server_connection {
	const struct server_connection_ops *ops;
	struct list link;
	struct http_server *server; /* NULL once that is destroyed */
	struct loop *loop;
	struct stream *stream; /* NULL once it is closing */
	struct net_address local, peer;
	bool secure; /* it is over TLS */
};

struct server_exchange {
	struct exchange super;
	struct list link;
	struct http_server *server; /* NULL once that is destroyed */
	struct loop *loop;
	const struct server_connection_ops *ops;
	void *carrier; /* the connection, or the stream of one; NULL once it is answered or gone */
	struct arena arena;
	bool released;  /* by the handler */
	bool head_only; /* HEAD */
	bool connect;   /* CONNECT: a 2xx has no body */
};

enum { SERVER_DATE_BYTES = 29 }; /* "Sun, 06 Nov 1994 08:49:37 GMT" */

struct http_server {
	struct loop *loop;
	struct http_server_options options;
	struct tcp_listener *listener;
	struct tcp_acceptor acceptor;
	struct list connections;
	size_t connection_count;
	struct list busy; /* exchanges that handlers hold */
	struct list idle; /* exchanges to be used again */
	size_t idle_count;
	bool *stopped; /* NULL until http_server_stop() */
	char date[SERVER_DATE_BYTES];
	uint64_t date_second;
};

/* Joins the server's list. */
void server_connection_init(struct server_connection *c, const struct server_connection_ops *ops,
			    struct http_server *s, struct stream *taken);
/* Takes the connection's place in the server, its stream included. */
void server_connection_replace(struct server_connection *c, const struct server_connection_ops *ops,
			       struct server_connection *old);
/* Leaves the list. Nothing happens to one that was replaced. */
void server_connection_closed(struct server_connection *c);

struct server_exchange *server_exchange_new(struct server_connection *c, void *carrier);
/* One that was never handed out. */
void server_exchange_free(struct server_exchange *x);
/* The connection has no more to do with it. */
void server_exchange_detach(struct server_exchange *x, bool gone);

/* The value of a Date field, good until the next call. */
struct str server_date(struct http_server *s);

/* "ip:port" of the server's own end, for requests that name no authority. */
struct str server_own_authority(const struct server_connection *c, struct arena *a);

#endif
