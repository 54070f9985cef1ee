/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/exchange.h"

#include <string.h>

#include "base/check.h"
#include "http/uri.h"
#include "runner/settings.h"

enum { BODY_BYTES_MAX = 256 << 20 };

/* ---- the request ---- */

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
	ex->asked.http = q;
}

/* ---- following it ---- */

static void progress(struct run_exchange *ex);

static void changed(struct task *t)
{
	progress(container_of(t, struct run_exchange, on_change.task));
}

static void body_came(struct task *t)
{
	progress(container_of(t, struct run_exchange, on_body.task));
}

static void fetch_came(struct task *t)
{
	progress(container_of(t, struct run_exchange, on_fetch.task));
}

/* Reads what is there of the response; true when that was all. */
static bool read_response(struct run_exchange *ex)
{
	struct body *body = ex->invocation->response.body;
	struct str bytes;
	if (!ex->invocation->responded)
		return false;
	if (!body) {
		ex->client.complete = true;
		return true;
	}
	for (;;) {
		switch (body_peek(body, &bytes)) {
		case BODY_DATA:
			buf_add(&ex->body, bytes);
			ex->client.chunks++;
			body_consume(body, bytes.len);
			break;
		case BODY_WAIT:
			watcher_start(&ex->on_body, &body->readable, body_came);
			return false;
		case BODY_ENDED:
			ex->client.complete = true;
			return true;
		case BODY_FAILED:
			return true;
		}
	}
}

static void progress(struct run_exchange *ex)
{
	struct invocation *i = ex->invocation;
	struct event *unsettled;
	bool read = read_response(ex);
	if (i->responded && !i->ended)
		ex->responded_first = true;
	if (!invocation_over(i))
		watcher_start(&ex->on_change, &i->changed, changed);
	else if ((unsettled = invocation_unsettled(i)))
		watcher_start(&ex->on_fetch, unsettled, fetch_came);
	else
		ex->done = read;
}

static void stop_watching(struct run_exchange *ex)
{
	watcher_stop(&ex->on_change);
	watcher_stop(&ex->on_body);
	watcher_stop(&ex->on_fetch);
}

void run_exchange(struct run_exchange *ex, struct service *service, struct world *w,
		  const struct script_request *r, struct arena *a)
{
	memset(ex, 0, sizeof *ex);
	buf_init(&ex->body, BODY_BYTES_MAX);
	make_request(ex, w, r, a);
	ex->asked.client = w->facts->client;
	settings_apply(r->settings, &ex->asked.client, w, a);
	ex->invocation = service_invoke(service, w, &ex->asked);
	ex->client.invocation = ex->invocation;
	progress(ex);
	if (loop_run(w->loop, &ex->done, UINT64_MAX) == LOOP_STUCK) {
		ex->stuck = !ex->invocation->ended;
		invocation_cancel(ex->invocation);
		read_response(ex);
	}
	stop_watching(ex);
	ex->client.body = buf_str(&ex->body);
}

void run_exchange_fini(struct run_exchange *ex)
{
	stop_watching(ex);
	invocation_destroy(&ex->invocation);
	body_unref(&ex->request.body);
	buf_fini(&ex->body);
}
