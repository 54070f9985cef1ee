/* SPDX-License-Identifier: Apache-2.0 */
#include "world/origins_cassette.h"

#include <string.h>

#include "base/mem.h"
#include "world/origins_priv.h"

struct origins_cassette {
	struct origins super;
	struct origins *real; /* NULL: replay */
	struct cassette_take *take;
	struct list exchanges;
};

/* One request: its body is gathered, then it is answered from the cassette, or by the real origin. */
struct tape_exchange {
	struct list link;
	struct origins_cassette *origins;
	struct loop *loop;
	struct fetch *fetch; /* borrowed; it is there as long as this is */
	struct backend *backend;
	struct str path;
	struct http_request request; /* copied; its body is `gathered` */
	struct cassette_entry *entry;
	struct buf gathered;
	struct body *reading; /* the request's, then the answer's; NULL: none is read */
	struct fetch *real;
	struct watcher watcher;
};

static void exchange_free(struct tape_exchange *x)
{
	list_remove(&x->link);
	watcher_stop(&x->watcher);
	if (x->reading)
		body_abandon(x->reading);
	body_unref(&x->reading);
	fetch_unref(&x->real);
	backend_unref(&x->backend);
	cassette_entry_unref(&x->entry);
	buf_fini(&x->gathered);
	mem_free(x);
}

static void asker_gone(struct fetch *f)
{
	exchange_free(f->answerer);
}

/* ---- the end ---- */

static void fail(struct tape_exchange *x, enum fetch_error error, struct str text)
{
	fetch_fail(x->fetch, error, text);
	exchange_free(x);
}

/* Answers as the entry says. */
static void answer(struct tape_exchange *x, const struct cassette_entry *e)
{
	struct fetch *f = x->fetch;
	if (e->error != FETCH_OK) {
		fail(x, e->error, x->real ? x->real->error_text : STR("as it was recorded"));
		return;
	}
	struct body *b = body_new(x->loop);
	for (size_t i = 0; i < e->trailers.count; i++)
		body_trailer_add(b, e->trailers.at[i].name, e->trailers.at[i].value);
	body_write(b, e->body);
	if (e->failure == BODY_FAILURE_NONE)
		body_end(b);
	else
		body_fail(b, e->failure);
	fetch_respond(f, (struct http_response){ .status = e->status,
						 .version = HTTP_1_1,
						 .headers = headers_copy(&e->headers, &f->arena),
						 .body = b });
	exchange_free(x);
}

/*
 * What came from a real origin is in the entry. Its asker gets all of it; whatever else becomes of it is
 * without secrets.
 */
static void keep(struct tape_exchange *x)
{
	struct cassette_take *t = x->origins->take;
	struct cassette_entry *e = x->entry;
	struct backend *backend = backend_ref(x->backend);
	rc_ref(&e->rc);
	answer(x, e);
	cassette_entry_redact(e, t->redact);
	const struct cassette_entry *old =
		t->mode == CASSETTE_VERIFY ? cassette_take_find(t, e, backend) : NULL;
	if (old)
		cassette_take_compare(t, old, e);
	if (t->mode == CASSETTE_RECORD) {
		cassette_add(&t->recorded, e);
		e = NULL;
	}
	cassette_entry_unref(&e);
	backend_unref(&backend);
}

/* ---- reading ---- */

/* False: there is more to come, and `then` is called when it has. */
static bool gather(struct tape_exchange *x, void (*then)(struct task *), enum body_failure *failure)
{
	struct str bytes;
	enum body_state state;
	while ((state = body_peek(x->reading, &bytes)) == BODY_DATA) {
		buf_add(&x->gathered, bytes);
		body_consume(x->reading, bytes.len);
	}
	if (state == BODY_WAIT && !x->gathered.full) {
		watcher_start(&x->watcher, &x->reading->readable, then);
		return false;
	}
	*failure = state == BODY_FAILED ? body_why(x->reading) : BODY_FAILURE_NONE;
	return true;
}

static void too_long(struct tape_exchange *x)
{
	cassette_take_problem(x->origins->take,
			      arena_printf(&x->fetch->arena,
					   "the body of " STR_FMT " " STR_FMT
					   " or of its answer has more than %d MiB: it cannot be recorded",
					   STR_ARG(x->request.method), STR_ARG(x->path),
					   CASSETTE_BODY_BYTES_MAX >> 20));
	fail(x, FETCH_INTERNAL_ERROR, STR("too long for a cassette"));
}

static void read_answer(struct task *task)
{
	struct tape_exchange *x = container_of(task, struct tape_exchange, watcher.task);
	struct cassette_entry *e = x->entry;
	if (!gather(x, read_answer, &e->failure))
		return;
	if (x->gathered.full) {
		too_long(x);
		return;
	}
	e->body = arena_str(&e->arena, buf_str(&x->gathered));
	e->trailers = headers_copy(&x->reading->trailers, &e->arena);
	keep(x);
}

static void real_settled(struct task *task)
{
	struct tape_exchange *x = container_of(task, struct tape_exchange, watcher.task);
	struct cassette_entry *e = x->entry;
	struct fetch *real = x->real, *f = x->fetch;
	e->error = real->error;
	memcpy(f->remote_ip, real->remote_ip, sizeof f->remote_ip);
	f->remote_ip_len = real->remote_ip_len;
	if (real->error != FETCH_OK) {
		keep(x);
		return;
	}
	e->status = real->response.status;
	e->headers = headers_copy(&real->response.headers, &e->arena);
	x->reading = take(real->response.body);
	buf_reset(&x->gathered);
	if (x->reading)
		read_answer(task);
	else
		keep(x);
}

static void ask_real(struct tape_exchange *x)
{
	struct http_request request = x->request;
	if (request.body) {
		request.body = body_new(x->loop);
		body_write(request.body, x->entry->request_body);
		body_end(request.body);
	}
	x->real = origins_send(x->origins->real, x->backend, x->path, &request, x->loop);
	if (request.body)
		body_unref(&request.body);
	if (x->real->settled)
		real_settled(&x->watcher.task);
	else
		watcher_start(&x->watcher, &x->real->changed, real_settled);
}

static void request_read(struct tape_exchange *x)
{
	struct origins_cassette *o = x->origins;
	struct cassette_entry *e = x->entry;
	struct origin_request asked = { .backend = x->backend,
					.method = x->request.method,
					.path = x->path,
					.headers = &x->request.headers };
	struct origin_call *call = origin_call_new(&asked, NULL, 0, clock_monotonic(x->loop->clock));
	buf_add(&call->body, buf_str(&x->gathered));
	call->complete = true;
	x->fetch->asked = &call->rc;
	e->request_body = arena_str(&e->arena, buf_str(&x->gathered));
	if (o->take->mode != CASSETTE_REPLAY) {
		ask_real(x);
		return;
	}
	cassette_entry_redact(e, o->take->redact);
	const struct cassette_entry *found = cassette_take_find(o->take, e, x->backend);
	if (found)
		answer(x, found);
	else
		fail(x, FETCH_DESTINATION_NOT_FOUND, STR("the cassette has no answer to it"));
}

static void read_request(struct task *task)
{
	struct tape_exchange *x = container_of(task, struct tape_exchange, watcher.task);
	enum body_failure failure;
	if (!gather(x, read_request, &failure))
		return;
	if (x->gathered.full) {
		too_long(x);
	} else if (failure != BODY_FAILURE_NONE) {
		fail(x, FETCH_CONNECTION_TERMINATED, STR("the request was given up"));
	} else {
		body_unref(&x->reading);
		request_read(x);
	}
}

/* ---- sending ---- */

static struct fetch *upgrade(struct origins_cassette *self, struct backend *backend, struct str path,
			     const struct http_request *request, struct loop *loop)
{
	if (self->real)
		return origins_send(self->real, backend, path, request, loop);
	struct fetch *f = fetch_new(loop);
	if (request->body)
		body_abandon(request->body);
	fetch_fail(f, FETCH_HTTP_UPGRADE_FAILED, STR("upgrades are not recorded"));
	return f;
}

/* What an entry has of a request; its body is still to be read. */
static struct cassette_entry *entry_of(const struct cassette_take *t, const struct backend *backend,
				       struct str path, const struct http_request *request, struct loop *loop)
{
	struct cassette_entry *e = cassette_entry_new();
	struct str base = origin_backend_url(backend, &e->arena);
	e->test = arena_str(&e->arena, t->test);
	e->backend = arena_str(&e->arena, backend->name);
	e->method = arena_str(&e->arena, request->method);
	e->url = arena_printf(&e->arena, STR_FMT STR_FMT, STR_ARG(base), STR_ARG(path));
	e->request_headers = headers_copy(&request->headers, &e->arena);
	e->wall_ns = clock_wall(loop->clock);
	return e;
}

static struct fetch *origins_cassette_send(struct origins *super, struct backend *backend, struct str path,
					   const struct http_request *request, struct loop *loop)
{
	struct origins_cassette *self = (struct origins_cassette *)super;
	if (request->upgrade)
		return upgrade(self, backend, path, request, loop);
	struct fetch *f = fetch_new(loop);
	struct tape_exchange *x = NEW(struct tape_exchange);
	x->origins = self;
	x->loop = loop;
	x->fetch = f;
	x->backend = backend_ref(backend);
	x->entry = entry_of(self->take, backend, path, request, loop);
	x->path = arena_str(&x->entry->arena, path);
	x->request = *request;
	x->request.method = x->entry->method;
	x->request.uri = arena_str(&x->entry->arena, request->uri);
	x->request.headers = x->entry->request_headers;
	x->reading = request->body ? body_ref(request->body) : NULL;
	buf_init(&x->gathered, CASSETTE_BODY_BYTES_MAX);
	list_push(&self->exchanges, &x->link);
	f->remote_host = arena_str(&f->arena, backend->target.host);
	f->remote_port = backend->target.port;
	f->answerer = x;
	f->cancel = asker_gone;
	if (x->reading)
		read_request(&x->watcher.task);
	else
		request_read(x);
	return f;
}

static struct origins *origins_cassette_fork(struct origins *super)
{
	const struct origins_cassette *self = (const struct origins_cassette *)super;
	return origins_cassette_new(self->take, self->real ? origins_fork(self->real) : NULL);
}

static void origins_cassette_destroy(struct origins *super)
{
	struct origins_cassette *self = (struct origins_cassette *)super;
	while (!list_empty(&self->exchanges))
		fail(container_of(self->exchanges.next, struct tape_exchange, link),
		     FETCH_DESTINATION_UNAVAILABLE, STR("the world of the request ended"));
	origins_destroy(&self->real);
	mem_free(self);
}

static const struct origins_ops origins_cassette_ops = {
	.name = "cassette",
	.send = origins_cassette_send,
	.fork = origins_cassette_fork,
	.destroy = origins_cassette_destroy,
};

struct origins *origins_cassette_new(struct cassette_take *take, struct origins *real)
{
	struct origins_cassette *self = NEW(struct origins_cassette);
	self->super.ops = &origins_cassette_ops;
	self->take = take;
	self->real = real;
	list_init(&self->exchanges);
	return &self->super;
}
