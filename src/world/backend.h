/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend's definition: where an origin is and how to talk to it. Immutable once made, shared by reference.
 */
#ifndef WORLD_BACKEND_H
#define WORLD_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/rc.h"
#include "http/client.h"

enum backend_health { BACKEND_UNKNOWN, BACKEND_HEALTHY, BACKEND_UNHEALTHY }; /* the ABI's backend_health */

struct backend {
	struct rc rc;
	struct arena arena;   /* all strings live here, or in that of … */
	struct backend *like; /* … what it was made of, a reference; NULL: nothing */
	struct str name;
	struct http_target target; /* scheme, host, port, TLS, time-outs */
	struct str path_prefix;    /* of the URL, without a final '/'; often empty */
	struct str override_host;  /* Host header instead of the request's; empty: none */
	bool dynamic;              /* registered by the service, not by the manifest */
	bool grpc;
	bool dont_pool;
	enum backend_health health;
	/* As registered; -1: not given. The backend getters answer with these. */
	int64_t connect_timeout_ms, first_byte_timeout_ms, between_bytes_timeout_ms;
	int64_t keepalive_time_ms, tcp_keepalive_interval_s, tcp_keepalive_probes, tcp_keepalive_time_s;
	int tcp_keepalive_enable; /* -1: not given */
};

must_use struct backend *backend_new(struct str name); /* with the defaults of a manifest's backend */
/* The same again, to be changed before anybody sees it; it shares the other's strings, and keeps it. */
must_use struct backend *backend_new_like(struct backend *like);
must_use struct backend *backend_ref(struct backend *b);
void backend_unref(struct backend **pb);

/*
 * Sets scheme, host, port and path_prefix from "http(s)://host[:port][/prefix]". "ws" and "wss" mean "http"
 * and "https": every backend may be handed WebSockets, and Viceroy reads them so. Errors say what is wrong
 * with "it", the URL, for the caller to put in front. A user name, a query or a fragment is an error: nothing
 * would be done with it.
 */
must_use bool backend_set_url(struct backend *b, struct str url, struct error *e);

#endif
