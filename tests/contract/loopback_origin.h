/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real HTTP server on a loopback port that answers by the rules of some origins: the network's end of a
 * contract.
 */
#ifndef CONTRACT_LOOPBACK_ORIGIN_H
#define CONTRACT_LOOPBACK_ORIGIN_H

#include <stdio.h>

#include "base/mem.h"
#include "http/server.h"
#include "http/uri.h"
#include "support/test.h"
#include "world/origins.h"

struct loopback_origin {
	struct http_server *server;
	struct loop *loop;
	struct origins *origins; /* borrowed; they answer at once */
	struct backend *backend; /* whose rules count */
	struct list exchanges;
	char last_path[64];
};

/* One exchange; it lives until the client has it all, so that the request's body is read to its end. */
struct loopback_exchange {
	struct list link;
	struct exchange *x;
	struct fetch *fetch;
};

static inline void loopback_answer(void *data, struct exchange *x)
{
	struct loopback_origin *o = data;
	struct loopback_exchange *le = NEW(struct loopback_exchange);
	struct uri uri = uri_split(x->request.uri);
	struct str path = { uri.path.ptr, (size_t)(x->request.uri.ptr + x->request.uri.len - uri.path.ptr) };
	snprintf(o->last_path, sizeof o->last_path, STR_FMT, STR_ARG(path));
	le->x = x;
	le->fetch = origins_send(o->origins, o->backend, path, &x->request, o->loop);
	list_push(&o->exchanges, &le->link);
	assert_true(le->fetch->settled && le->fetch->error == FETCH_OK);
	struct http_response response = le->fetch->response;
	response.body = body_ref(response.body);
	exchange_respond(x, &response, true); /* a HEAD's Content-Length is the rule's */
}

static inline void loopback_begin(struct loopback_origin *o, struct loop *loop, struct origins *origins)
{
	struct error e;
	struct http_server_options options = http_server_defaults;
	*o = (struct loopback_origin){ .loop = loop, .origins = origins, .backend = backend_new(STR("b")) };
	list_init(&o->exchanges);
	options.handle = loopback_answer;
	options.data = o;
	if (!http_server_listen(&o->server, loop, "127.0.0.1", 0, &options, &e))
		fail_msg("%s", e.text);
}

static inline void loopback_end(struct loopback_origin *o)
{
	if (!o->server)
		return;
	for (struct list *first; (first = list_pop(&o->exchanges));) {
		struct loopback_exchange *le = container_of(first, struct loopback_exchange, link);
		exchange_release(le->x);
		fetch_unref(&le->fetch);
		mem_free(le);
	}
	http_server_destroy(&o->server);
	backend_unref(&o->backend);
}

#endif
