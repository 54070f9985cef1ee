/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/exchange.h"

#include <string.h>

#include "runner/settings.h"

static void make_request(struct run_exchange *ex, struct world *w, const struct script_request *r,
			 struct arena *a)
{
	struct http_request *q = &ex->request;
	struct headers fields = { 0 };
	for (size_t i = 0; i < r->header_count; i++)
		headers_add_borrowed(&fields, a, r->headers[i].name, r->headers[i].value);
	memory_request(q, r->method, r->target, &fields, r->has_body ? memory_body(w->loop, r->body) : NULL,
		       a);
	ex->client.request = q;
	ex->client.request_body = r->body;
	ex->asks.asked.http = q;
}

void run_exchange(struct run_exchange *ex, struct service *service, struct world *w,
		  const struct script_request *r, struct arena *a)
{
	struct memory_client *c = &ex->asks;
	memset(ex, 0, sizeof *ex);
	memory_client_init(c);
	make_request(ex, w, r, a);
	c->asked.client = w->facts->client;
	settings_apply(r->settings, &c->asked.client, w, a);
	memory_client_start(c, service, w);
	memory_client_finish(c);
	ex->invocation = c->invocation;
	ex->client.invocation = c->invocation;
	ex->client.body = buf_str(&c->body);
	ex->client.chunks = c->chunks;
	ex->client.complete = c->complete;
}

void run_exchange_fini(struct run_exchange *ex)
{
	memory_client_fini(&ex->asks);
	ex->invocation = NULL;
	body_unref(&ex->request.body);
}
