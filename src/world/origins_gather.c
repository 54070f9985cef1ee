/* SPDX-License-Identifier: Apache-2.0 */
/* A request whose rule depends on its body: that is read first, and what then answers is handed on. */
#include <string.h>

#include "base/mem.h"
#include "world/origins_priv.h"

struct gatherer {
	struct list link;
	struct loop *loop;
	origins_choose_fn *choose;
	void *data;
	struct fetch *fetch; /* borrowed; it is there as long as this is */
	struct backend *backend;
	struct arena arena; /* of the request's copy */
	struct str path;
	struct http_request request; /* without its body */
	struct body *reading;        /* NULL: it was read */
	struct buf body;
	struct fetch *inner; /* what answers it; NULL: nobody yet */
	struct watcher watcher;
};

static void gatherer_free(struct gatherer *g)
{
	list_remove(&g->link);
	watcher_stop(&g->watcher);
	if (g->reading)
		body_abandon(g->reading);
	body_unref(&g->reading);
	fetch_unref(&g->inner);
	backend_unref(&g->backend);
	buf_fini(&g->body);
	arena_fini(&g->arena);
	mem_free(g);
}

static void asker_gone(struct fetch *f)
{
	gatherer_free(f->answerer);
}

static void fail(struct gatherer *g, enum fetch_error error, struct str text)
{
	fetch_fail(g->fetch, error, text);
	gatherer_free(g);
}

/* The answer is there: it becomes that of the fetch which the service waits for. */
static void hand_on(struct gatherer *g)
{
	struct fetch *f = g->fetch, *inner = g->inner;
	f->asked = inner->asked ? rc_ref(inner->asked) : NULL;
	f->remote_host = arena_str(&f->arena, inner->remote_host);
	f->remote_port = inner->remote_port;
	memcpy(f->remote_ip, inner->remote_ip, sizeof f->remote_ip);
	f->remote_ip_len = inner->remote_ip_len;
	if (inner->error != FETCH_OK) {
		fail(g, inner->error, inner->error_text);
		return;
	}
	struct http_response r = { .status = inner->response.status,
				   .reason = arena_str(&f->arena, inner->response.reason),
				   .version = inner->response.version,
				   .headers = headers_copy(&inner->response.headers, &f->arena),
				   .body = take(inner->response.body) };
	fetch_respond(f, r);
	gatherer_free(g);
}

static void answered(struct task *t)
{
	hand_on(container_of(t, struct gatherer, watcher.task));
}

static void choose(struct gatherer *g)
{
	const struct origin_request asked = { .backend = g->backend,
					      .method = g->request.method,
					      .path = g->path,
					      .headers = &g->request.headers,
					      .body_known = true,
					      .body = buf_str(&g->body),
					      .uri = g->request.uri };
	struct http_request request = g->request;
	request.body = body_new(g->loop);
	body_write(request.body, buf_str(&g->body));
	body_end(request.body);
	g->inner = g->choose(g->data, g->backend, &asked, &request, g->loop);
	body_unref(&request.body);
	if (g->inner->settled)
		hand_on(g);
	else
		watcher_start(&g->watcher, &g->inner->changed, answered);
}

static void gather(struct task *t)
{
	struct gatherer *g = container_of(t, struct gatherer, watcher.task);
	struct str bytes;
	enum body_state state;
	while ((state = body_peek(g->reading, &bytes)) == BODY_DATA) {
		buf_add(&g->body, bytes);
		body_consume(g->reading, bytes.len);
	}
	if (g->body.full) {
		fail(g, FETCH_INTERNAL_ERROR, STR("the request's body is too long for a rule about it"));
	} else if (state == BODY_WAIT) {
		watcher_start(&g->watcher, &g->reading->readable, gather);
	} else if (state == BODY_FAILED) {
		fail(g, FETCH_CONNECTION_TERMINATED, STR("the request was given up"));
	} else {
		body_unref(&g->reading);
		choose(g);
	}
}

struct fetch *gatherer_start(struct list *all, origins_choose_fn *choose_rule, void *data,
			     struct backend *backend, struct str path, const struct http_request *request,
			     struct loop *loop)
{
	struct fetch *f = fetch_new(loop);
	struct gatherer *g = NEW(struct gatherer);
	arena_init(&g->arena);
	g->loop = loop;
	g->choose = choose_rule;
	g->data = data;
	g->fetch = f;
	g->backend = backend_ref(backend);
	g->path = arena_str(&g->arena, path);
	g->request = *request;
	g->request.method = arena_str(&g->arena, request->method);
	g->request.uri = arena_str(&g->arena, request->uri);
	g->request.headers = headers_copy(&request->headers, &g->arena);
	g->reading = body_ref(request->body);
	buf_init(&g->body, ORIGIN_CALL_BODY_BYTES_MAX);
	list_push(all, &g->link);
	f->answerer = g;
	f->cancel = asker_gone;
	gather(&g->watcher.task);
	return f;
}

void gatherers_fini(struct list *all)
{
	while (!list_empty(all))
		fail(container_of(all->next, struct gatherer, link), FETCH_DESTINATION_UNAVAILABLE,
		     STR("the world of the request ended"));
}
