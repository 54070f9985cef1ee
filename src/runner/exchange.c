/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/exchange.h"

#include <string.h>

#include "base/check.h"
#include "http/uri.h"
#include "runner/settings.h"

static void make_request(struct run_exchange *ex, struct world *w, const struct script_request *r,
			 struct arena *a)
{
	struct uri uri = uri_split(r->target);
	struct http_request *q = &ex->request;
	bool has_host = false;
	*q = (struct http_request){ .method = r->method, .version = HTTP_1_1 };
	for (size_t i = 0; i < r->header_count; i++)
		has_host = has_host || str_eq_nocase(r->headers[i].name, STR("host"));
	struct str host = uri.authority.len ? uri.authority : STR("localhost");
	if (!has_host)
		headers_add_borrowed(&q->headers, a, STR("Host"), host);
	for (size_t i = 0; i < r->header_count; i++) {
		headers_add_borrowed(&q->headers, a, r->headers[i].name, r->headers[i].value);
		if (str_eq_nocase(r->headers[i].name, STR("host")) && !uri.authority.len)
			host = r->headers[i].value;
	}
	q->uri = uri.authority.len
			 ? r->target
			 : arena_printf(a, "http://" STR_FMT STR_FMT, STR_ARG(host), STR_ARG(r->target));
	if (r->has_body) {
		if (!headers_has(&q->headers, STR("content-length")))
			headers_add_borrowed(&q->headers, a, STR("Content-Length"),
					     arena_printf(a, "%zu", r->body.len));
		q->body = body_new(w->loop);
		body_write(q->body, r->body);
		body_end(q->body);
	}
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
