/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/memory_client.h"

#include "base/check.h"
#include "http/uri.h"

void memory_request(struct http_request *out, struct str method, struct str target,
		    const struct headers *fields, struct body *body, struct arena *a)
{
	struct uri uri = uri_split(target);
	struct str named = headers_get(fields, STR("host"));
	struct str host = uri.authority.len ? uri.authority : named.ptr ? named : STR("localhost");
	*out = (struct http_request){ .method = method, .version = HTTP_1_1, .uri = target, .body = body };
	if (!named.ptr)
		headers_add_borrowed(&out->headers, a, STR("Host"), host);
	for (size_t i = 0; i < fields->count; i++)
		headers_add_borrowed(&out->headers, a, fields->at[i].name, fields->at[i].value);
	if (!uri.authority.len)
		out->uri = arena_printf(a, "http://" STR_FMT STR_FMT, STR_ARG(host), STR_ARG(target));
	if (body && !headers_has(&out->headers, STR("content-length")))
		headers_add_borrowed(&out->headers, a, STR("Content-Length"),
				     arena_printf(a, "%llu", (unsigned long long)body->total));
}

struct body *memory_body(struct loop *loop, struct str bytes)
{
	struct body *body = body_new(loop);
	body_write(body, bytes);
	body_end(body);
	return body;
}

static void progress(struct memory_client *c);

static void changed(struct task *t)
{
	progress(container_of(t, struct memory_client, on_change.task));
}

static void body_came(struct task *t)
{
	progress(container_of(t, struct memory_client, on_body.task));
}

static void fetch_came(struct task *t)
{
	progress(container_of(t, struct memory_client, on_fetch.task));
}

/* Reads what is there of the response; true when that was all. Of a HEAD nothing reaches the client. */
static bool read_response(struct memory_client *c)
{
	bool head = str_eq(c->asked.http->method, STR("HEAD"));
	struct body *body = c->invocation->response.body;
	struct str bytes;
	if (!c->invocation->responded)
		return false;
	if (!body) {
		c->complete = true;
		return true;
	}
	for (;;) {
		switch (body_peek(body, &bytes)) {
		case BODY_DATA:
			if (!head) {
				buf_add(&c->body, bytes);
				c->chunks++;
			}
			body_consume(body, bytes.len);
			break;
		case BODY_WAIT:
			watcher_start(&c->on_body, &body->readable, body_came);
			return false;
		case BODY_ENDED:
			c->complete = true;
			return true;
		case BODY_FAILED:
			return true;
		}
	}
}

static void progress(struct memory_client *c)
{
	struct invocation *i = c->invocation;
	struct event *unsettled;
	c->read = read_response(c);
	if (!invocation_over(i))
		watcher_start(&c->on_change, &i->changed, changed);
	else if ((unsettled = invocation_unsettled(i)))
		watcher_start(&c->on_fetch, unsettled, fetch_came);
	else
		c->done = c->read;
	event_fire(&c->changed, i->world->loop);
}

static void stop_watching(struct memory_client *c)
{
	watcher_stop(&c->on_change);
	watcher_stop(&c->on_body);
	watcher_stop(&c->on_fetch);
}

void memory_client_init(struct memory_client *c)
{
	*c = (struct memory_client){ 0 };
	buf_init(&c->body, MEMORY_CLIENT_BODY_BYTES_MAX);
	event_init(&c->changed);
}

void memory_client_start(struct memory_client *c, struct service *service, struct world *w)
{
	CHECK(!c->invocation);
	c->invocation = service_invoke(service, w, &c->asked);
	progress(c);
}

void memory_client_finish(struct memory_client *c)
{
	if (!c->done && loop_run(c->invocation->world->loop, &c->done, UINT64_MAX) == LOOP_STUCK) {
		c->stuck = !c->invocation->ended;
		memory_client_stop(c);
	}
}

void memory_client_stop(struct memory_client *c)
{
	invocation_cancel(c->invocation);
	c->read = read_response(c);
	stop_watching(c);
	c->done = true;
	event_fire(&c->changed, c->invocation->world->loop);
}

void memory_client_fini(struct memory_client *c)
{
	if (c->invocation)
		stop_watching(c);
	CHECK(list_empty(&c->changed.watchers));
	invocation_destroy(&c->invocation);
	buf_fini(&c->body);
}
