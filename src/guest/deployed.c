/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/deployed.h"

#include "base/mem.h"
#include "http/uri.h"

/* Less than a test may take by itself, so that it is told of instead of stopped. */
#define CONNECT_TIMEOUT_NS (4 * NS_PER_S)

struct deployed {
	struct service super;
	struct backend *at;
	struct str url, authority;
};

struct deployed_invocation {
	struct invocation super;
	struct fetch *fetch;
	struct watcher watcher;
};

/* ---- the answer ---- */

static void settled(struct task *t)
{
	struct deployed_invocation *x = container_of(t, struct deployed_invocation, watcher.task);
	struct invocation *i = &x->super;
	const struct deployed *service = (const struct deployed *)i->service;
	struct fetch *f = x->fetch;
	if (!f->settled) {
		watcher_start(&x->watcher, &f->changed, settled);
	} else if (f->error != FETCH_OK) {
		const char *why = fetch_error_text(f->error);
		const char *colon = f->error_text.len ? ": " : "";
		invocation_end(i, OUTCOME_FAILED,
			       arena_printf(&i->arena, STR_FMT ": %s%s" STR_FMT, STR_ARG(service->url), why,
					    colon, STR_ARG(f->error_text)));
	} else {
		struct http_response response = f->response;
		response.body = take(f->response.body);
		i->answered = true;
		invocation_respond(i, response);
		invocation_end(i, OUTCOME_OK, STR(""));
	}
}

/* ---- the request ---- */

static struct http_request request_for(const struct deployed *self, const struct http_request *asked,
				       struct arena *a)
{
	struct http_request q = *asked;
	struct str own = uri_split(asked->uri).authority, host = headers_get(&asked->headers, STR("host"));
	q.headers = (struct headers){ 0 };
	headers_add_borrowed(&q.headers, a, STR("Host"),
			     host.len && !str_eq(host, own) ? host : self->authority);
	for (size_t i = 0; i < asked->headers.count; i++) {
		const struct header *h = &asked->headers.at[i];
		if (!str_eq_nocase(h->name, STR("host")))
			headers_add_borrowed(&q.headers, a, h->name, h->value);
	}
	return q;
}

static struct invocation *deployed_invoke(struct service *super, struct world *w,
					  const struct invocation_request *request)
{
	struct deployed *self = (struct deployed *)super;
	struct deployed_invocation *x = NEW(struct deployed_invocation);
	struct arena *a = &x->super.arena;
	struct str rest = uri_path_and_query(request->http->uri);
	invocation_init(&x->super, super, w);
	struct http_request sent = request_for(self, request->http, a);
	struct str path = arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(self->at->path_prefix),
				       str_starts(rest, STR("/")) ? "" : "/", STR_ARG(rest));
	x->fetch = origins_send(w->origins, self->at, path, &sent, w->loop);
	settled(&x->watcher.task);
	return &x->super;
}

static void stop(struct deployed_invocation *x)
{
	watcher_stop(&x->watcher);
	fetch_unref(&x->fetch);
}

static void deployed_cancel(struct invocation *i)
{
	stop((struct deployed_invocation *)i);
	invocation_end(i, OUTCOME_CANCELLED, STR("nobody waits for it any more"));
}

static void deployed_free_invocation(struct invocation *i)
{
	struct deployed_invocation *x = (struct deployed_invocation *)i;
	stop(x);
	invocation_fini(i);
	arena_fini(&i->arena);
	mem_free(x);
}

/* ---- the service ---- */

static void deployed_destroy(struct service *super)
{
	struct deployed *self = (struct deployed *)super;
	backend_unref(&self->at);
	mem_free(self);
}

static const struct service_ops deployed_ops = {
	.kind = "deployed",
	.invoke = deployed_invoke,
	.cancel = deployed_cancel,
	.free_invocation = deployed_free_invocation,
	.destroy = deployed_destroy,
};

bool deployed_service_new(struct service **out, const struct deployment_target *at, struct error *e)
{
	struct deployed *self = NEW(struct deployed);
	struct backend *b = self->at = backend_new(STR("the deployed service"));
	self->super.ops = &deployed_ops;
	self->url = arena_str(&b->arena, at->url);
	if (!backend_set_url(b, self->url, e)) {
		deployed_destroy(&self->super);
		return false;
	}
	self->authority = uri_split(self->url).authority;
	b->target.ca_pem = arena_str(&b->arena, at->ca_pem);
	b->target.connect_timeout_ns = CONNECT_TIMEOUT_NS;
	*out = &self->super;
	return true;
}
