/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What services ask origins is answered by JavaScript. A request comes while its guest runs, on a fiber,
 * where no JavaScript may run: it is queued, and a task on the frame's loop hands it over.
 */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "http/fetch.h"
#include "runner/js/bodies.h"
#include "runner/js/session.h"
#include "world/origins_handler.h"

/* One a frame. */
struct js_origins {
	struct origins_handler super;
	struct js_session *session;
	struct test_frame *frame;
	struct list asked; /* struct question: not answered yet */
};

struct question {
	struct list link; /* of the frame's; in none: answered, given up, or its frame was closed */
	struct js_origins *of;
	struct loop *loop;
	struct task task;
	struct fetch *fetch;  /* a bare pointer, NULL once it was answered or given up */
	struct body *writing; /* the answer's body, while JavaScript writes it */
	struct arena arena;
	struct str backend, method, url, path;
	struct headers headers;
	struct body *body;
	bool held; /* JavaScript has it, and frees it */
};

static void let_go(struct question *q)
{
	list_remove(&q->link);
	task_cancel(&q->task);
	q->fetch = NULL;
	if (q->writing) {
		body_fail(q->writing, BODY_FAILURE_INCOMPLETE);
		body_unref(&q->writing);
	}
	if (q->body) {
		body_abandon(q->body);
		body_unref(&q->body);
	}
}

static void release(void *thing)
{
	struct question *q = thing;
	if (q->fetch)
		fetch_fail(q->fetch, FETCH_INTERNAL_ERROR, STR("nobody answers it any more"));
	let_go(q);
	arena_fini(&q->arena);
	mem_free(q);
}

static struct js_kind question_kind = { .name = "OriginRequest", .release = release };

/* The service has lost interest. */
static void cancelled(struct fetch *f)
{
	struct question *q = f->answerer;
	let_go(q);
	if (!q->held)
		release(q);
}

static void hand_over(struct task *t)
{
	struct question *q = container_of(t, struct question, task);
	struct js_session *s = q->of->session;
	struct realm *r = s->realm;
	q->held = true;
	const JSValueRef args[] = {
		js_wrap(r->ctx, &question_kind, q),    js_string(r->ctx, q->backend),
		js_string(r->ctx, q->method),          js_string(r->ctx, q->url),
		js_headers_value(r->ctx, &q->headers), js_body_value(r, take(q->body)),
	};
	CHECK(s->on_request.value);
	session_enter(s, q->of->frame);
	realm_call(r, (JSObjectRef)s->on_request.value, COUNT_OF(args), args);
}

static struct fetch *ask(struct origins_handler *super, struct backend *backend, struct str path,
			 const struct http_request *request, struct loop *loop)
{
	struct js_origins *o = (struct js_origins *)super;
	struct question *q = NEW(struct question);
	struct fetch *f = fetch_new(loop);
	q->of = o;
	q->loop = loop;
	q->fetch = f;
	q->backend = arena_str(&q->arena, backend->name);
	q->method = arena_str(&q->arena, request->method);
	q->url = arena_str(&q->arena, request->uri);
	q->path = arena_str(&q->arena, path);
	q->headers = headers_copy(&request->headers, &q->arena);
	q->body = request->body ? body_ref(request->body) : NULL;
	f->answerer = q;
	f->cancel = cancelled;
	list_push(&o->asked, &q->link);
	q->task.run = hand_over;
	loop_post(loop, &q->task);
	return f;
}

static const struct origins_handler_ops js_origins_ops;

static struct js_origins *origins_new(struct js_session *s)
{
	struct js_origins *o = NEW(struct js_origins);
	o->super.ops = &js_origins_ops;
	o->session = s;
	list_init(&o->asked);
	return o;
}

static struct origins_handler *js_origins_fork(struct origins_handler *super)
{
	return &origins_new(((struct js_origins *)super)->session)->super;
}

static void js_origins_destroy(struct origins_handler *super)
{
	struct js_origins *o = (struct js_origins *)super;
	list_each(it, &o->asked) {
		struct question *q = container_of(it, struct question, link);
		struct fetch *f = take(q->fetch);
		bool held = q->held;
		let_go(q);
		if (f)
			fetch_fail(f, FETCH_INTERNAL_ERROR, STR("its test has ended"));
		if (!held)
			release(q);
	}
	mem_free(o);
}

static const struct origins_handler_ops js_origins_ops = {
	.name = "javascript",
	.send = ask,
	.fork = js_origins_fork,
	.destroy = js_origins_destroy,
};

struct js_origins *js_origins_install(struct js_session *s, struct world *w)
{
	struct js_origins *o = origins_new(s);
	w->origins = origins_handler_new(&o->super, take(w->origins));
	return o;
}

struct js_origins *js_origins_of(struct world *w)
{
	CHECK(origins_is_handler(w->origins));
	return (struct js_origins *)origins_handler_of(w->origins);
}

void js_origins_set_frame(struct js_origins *o, struct test_frame *f)
{
	o->frame = f;
}

/* ---- answering ---- */

/* listen(function): is called with every request: (request, backend, method, url, headers, body) */
JS_FUNCTION(listen)
{
	struct js_session *s = session_of(c);
	JSObjectRef function = js_arg_function(c, 0);
	if (!function)
		return NULL;
	js_unref(&s->on_request);
	s->on_request = js_ref(s->realm, function);
	return NULL;
}

/* The question of argument 0, while somebody waits for its answer; NULL: nobody does, or it threw. */
static struct question *question_arg(struct js_call *c)
{
	struct question *q = js_arg_thing(c, 0, &question_kind);
	return q && q->fetch ? q : NULL;
}

/*
 * answer(request, status, reason, headers, body, more) → whether anybody waits for it; `more`: write() goes
 * on with it
 */
JS_FUNCTION(answer)
{
	struct question *q = question_arg(c);
	double status = js_arg_number(c, 1);
	struct str reason = js_arg_str(c, 2);
	bool more = js_arg_bool(c, 5);
	if (!q || *c->exception)
		return js_bool(c->ctx, false);
	if (!(status >= 100 && status <= 999))
		return js_throw(c, "RangeError", "%g is not a status", status);
	struct fetch *f = take(q->fetch);
	struct http_response response = { .status = (uint16_t)status, .version = HTTP_1_1 };
	response.reason = arena_str(&f->arena, reason);
	js_headers_from(c->ctx, js_arg(c, 3), &response.headers, &f->arena);
	if (more) {
		q->writing = body_new(q->loop);
		q->writing->streaming = true;
		response.body = body_ref(q->writing);
	} else {
		response.body = js_body_from(c, js_arg(c, 4), q->loop);
	}
	f->cancel = NULL;
	if (!more)
		list_remove(&q->link);
	fetch_respond(f, response);
	return js_bool(c->ctx, true);
}

/* write(request, bytes) → false when the service does not read it any more */
JS_FUNCTION(write_answer)
{
	struct question *q = js_arg_thing(c, 0, &question_kind);
	struct str bytes;
	if (!q || !q->writing)
		return js_bool(c->ctx, false);
	if (!js_bytes(c->ctx, js_arg(c, 1), &bytes))
		bytes = js_arg_str(c, 1);
	body_write(q->writing, bytes);
	return js_bool(c->ctx, !body_abandoned(q->writing));
}

/* finish(request, how): "end", or why the rest never comes: "reset", "timeout", "protocol" */
JS_FUNCTION(finish)
{
	struct question *q = js_arg_thing(c, 0, &question_kind);
	struct str how = js_arg_str(c, 1);
	if (!q || !q->writing)
		return NULL;
	if (str_eq(how, STR("end")))
		body_end(q->writing);
	else
		body_fail(q->writing, str_eq(how, STR("timeout"))    ? BODY_FAILURE_TIMEOUT
				      : str_eq(how, STR("protocol")) ? BODY_FAILURE_PROTOCOL
								     : BODY_FAILURE_INCOMPLETE);
	body_unref(&q->writing);
	list_remove(&q->link);
	return NULL;
}

/* fail(request, error, text): one of the names in FETCH_ERRORS */
JS_FUNCTION(fail_request)
{
	static const struct {
		const char *name;
		enum fetch_error error;
	} errors[] = {
#define X(name, lower, text) { #lower, FETCH_##name },
		FETCH_ERRORS(X)
#undef X
	};
	struct question *q = question_arg(c);
	struct str name = js_arg_str(c, 1), text = js_arg_str(c, 2);
	if (!q || *c->exception)
		return js_bool(c->ctx, false);
	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		if (!str_eq(name, str_from(errors[i].name)))
			continue;
		struct fetch *f = take(q->fetch);
		f->cancel = NULL;
		let_go(q);
		fetch_fail(f, errors[i].error, arena_str(&f->arena, text));
		return js_bool(c->ctx, true);
	}
	return js_throw(c, "TypeError", "there is no fault '" STR_FMT "'", STR_ARG(name));
}

/* define(name): a backend of that name, when the project has no manifest that would define it */
JS_FUNCTION(define_backend)
{
	struct error ignored;
	struct js_session *s = session_of(c);
	struct str name = js_arg_str(c, 0);
	if (*c->exception || !s->frame || s->project->project->manifest ||
	    world_backend(s->frame->world, name))
		return NULL;
	struct backend *b = backend_new(name);
	if (backend_set_url(b, arena_printf(&c->arena, "http://" STR_FMT, STR_ARG(name)), &ignored) ||
	    backend_set_url(b, STR("http://origin.invalid"), &ignored))
		world_add_backend(s->frame->world, b);
	else
		backend_unref(&b);
	return NULL;
}

/* backends() → the names of those that the manifest defines */
JS_FUNCTION(backends)
{
	const struct js_session *s = session_of(c);
	const struct world *w = s->frame ? s->frame->world : s->project->world;
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	unsigned at = 0;
	for (struct pmap_entry e = { 0 }; pmap_each(&w->backends, &e);)
		jsc.ObjectSetPropertyAtIndex(c->ctx, array, at++, js_string(c->ctx, e.key), NULL);
	return array;
}

static const struct js_function functions[] = {
	{ "listen", listen_callback },         { "answer", answer_callback },
	{ "write", write_answer_callback },    { "finish", finish_callback },
	{ "fail", fail_request_callback },     { "backends", backends_callback },
	{ "define", define_backend_callback },
};
const struct js_module js_origins_module = { "origins", functions, COUNT_OF(functions) };
