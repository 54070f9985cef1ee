/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of tests to the service, from their sending until nothing more can come of them. */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "guest/guest.h"
#include "guest/memory_client.h"
#include "http/uri.h"
#include "runner/js/bodies.h"
#include "runner/js/session.h"
#include "runner/trace_text.h"
#include "world/client.h"

enum { TIMELINE_EVENTS_SHOWN = 20, TIMELINE_BYTES_MAX = 64 << 10 };

struct js_exchange {
	struct list link; /* of its frame; in none: it was closed */
	struct js_session *session;
	struct test_frame *frame;
	struct world *world;           /* the service's, in the frame */
	struct invocation *invocation; /* NULL: closed */
	struct http_request request;
	struct invocation_request asked;
	struct arena arena;
	struct watcher on_change, on_fetch;
	struct js_ref self; /* JavaScript's object for it, until it has been told of the end */
	bool told, over, stuck;
	uint64_t begun_ns, real_ns; /* on the real clock */
};

/* ---- following it ---- */

static void progress(struct js_exchange *x);

static void changed(struct task *t)
{
	progress(container_of(t, struct js_exchange, on_change.task));
}

static void fetch_came(struct task *t)
{
	progress(container_of(t, struct js_exchange, on_fetch.task));
}

/* Calls a function of prelude/service.ts that js_exchanges_listen() was given. */
static void tell(struct js_exchange *x, enum exchange_news what, size_t count, const JSValueRef *news)
{
	const struct js_ref *f = &x->session->on_exchange[what];
	JSValueRef args[5] = { x->self.value };
	CHECK(f->value && count < COUNT_OF(args));
	for (size_t i = 0; i < count; i++)
		args[i + 1] = news[i];
	realm_call(x->session->realm, (JSObjectRef)f->value, count + 1, args);
}

static JSValueRef failure(struct js_exchange *x)
{
	const struct invocation *i = x->invocation;
	struct realm *r = x->session->realm;
	struct str why = x->stuck ? STR("the service waits for what never comes") : i->failure;
	JSObjectRef error = js_error(r->ctx, why.len ? why : str_from(outcome_name(i->outcome)));
	js_set(r->ctx, error, "outcome", js_cstring(r->ctx, outcome_name(i->outcome)));
	js_set(r->ctx, error, "report", js_string(r->ctx, i->report));
	js_set(r->ctx, error, "exitCode", js_number(r->ctx, i->exit_code));
	return error;
}

static void tell_response(struct js_exchange *x)
{
	struct realm *r = x->session->realm;
	struct http_response *response = &x->invocation->response;
	x->told = true;
	if (!x->invocation->responded) {
		JSValueRef error = failure(x);
		tell(x, EXCHANGE_FAILED, 1, &error);
		return;
	}
	const JSValueRef news[] = {
		js_number(r->ctx, response->status),
		js_string(r->ctx, response->reason.len ? response->reason : http_reason(response->status)),
		js_headers_value(r->ctx, &response->headers),
		js_body_value(r, take(response->body)),
	};
	tell(x, EXCHANGE_ANSWERED, COUNT_OF(news), news);
}

static void tell_end(struct js_exchange *x)
{
	const struct invocation *i = x->invocation;
	x->over = true;
	x->real_ns = clock_monotonic(x->session->real) - x->begun_ns;
	bool well = i->outcome == OUTCOME_OK || (i->outcome == OUTCOME_EXIT && i->exit_code == 0);
	JSValueRef error = well ? js_undefined(x->session->realm->ctx) : failure(x);
	tell(x, EXCHANGE_ENDED, 1, &error);
	js_unref(&x->self);
}

static void go_on(struct js_exchange *x)
{
	struct invocation *i = x->invocation;
	struct event *unsettled;
	session_enter(x->session, x->frame);
	if (!x->told && (i->responded || i->ended))
		tell_response(x);
	if (x->invocation != i)
		return; /* JavaScript has closed the frame */
	if (!i->ended)
		watcher_start(&x->on_change, &i->changed, changed);
	else if ((unsettled = invocation_unsettled(i)))
		watcher_start(&x->on_fetch, unsettled, fetch_came);
	else if (!x->over)
		tell_end(x);
}

static void progress(struct js_exchange *x)
{
	/* Its frame may be closed by what JavaScript does then: it is here until that is over. */
	struct js_ref self = js_ref(x->session->realm, x->self.value);
	go_on(x);
	js_unref(&self);
}

static void stop_watching(struct js_exchange *x)
{
	watcher_stop(&x->on_change);
	watcher_stop(&x->on_fetch);
}

bool js_exchanges_give_up(struct test_frame *f)
{
	bool any = false;
	list_each(it, &f->exchanges) {
		struct js_exchange *x = container_of(it, struct js_exchange, link);
		if (x->over || x->stuck)
			continue;
		x->stuck = any = true;
		invocation_cancel(x->invocation);
	}
	return any;
}

static void close_exchange(struct js_exchange *x)
{
	stop_watching(x);
	list_remove(&x->link);
	js_unref(&x->self);
	invocation_destroy(&x->invocation);
	body_unref(&x->request.body);
}

void js_exchanges_close(struct test_frame *f)
{
	list_each(it, &f->exchanges)
		close_exchange(container_of(it, struct js_exchange, link));
}

static void release(void *thing)
{
	struct js_exchange *x = thing;
	if (x->invocation)
		close_exchange(x);
	arena_fini(&x->arena);
	mem_free(x);
}

static struct js_kind exchange_kind = { .name = "Exchange", .release = release };

/* ---- the request ---- */

static void make_request(struct js_call *c, struct js_exchange *x)
{
	struct error e;
	struct uri uri;
	struct headers given = { 0 };
	struct str method = arena_str(&x->arena, js_arg_str(c, 1));
	struct str url = arena_str(&x->arena, js_arg_str(c, 2));
	if (!uri_parse(&uri, url, &e)) {
		js_throw(c, "TypeError", STR_FMT ": %s", STR_ARG(url), e.text);
		return;
	}
	js_headers_from(c->ctx, js_arg(c, 3), &given, &x->arena);
	memory_request(&x->request, method, url, &given, js_body_from(c, js_arg(c, 4), x->world->loop),
		       &x->arena);
	x->asked.http = &x->request;
	x->asked.client = x->world->facts->client;
}

/* Settings of the client for this request: [name, value, …], as the rows of client.def have them. */
static bool make_settings(struct js_call *c, struct js_exchange *x)
{
	struct error e;
	JSValueRef v = js_arg(c, 5);
	if (js_is_nullish(c->ctx, v))
		return true;
	JSObjectRef array = (JSObjectRef)v;
	size_t count = js_length(c->ctx, array);
	for (size_t i = 0; i + 1 < count; i += 2) {
		struct str name = js_str(c->ctx, js_at(c->ctx, array, i), &x->arena);
		struct str value = js_str(c->ctx, js_at(c->ctx, array, i + 1), &x->arena);
		if (!settings_set(&client_settings, &x->asked.client, &x->arena, name, value, &e)) {
			js_throw(c, "TypeError", "client." STR_FMT ": %s", STR_ARG(name), e.text);
			return false;
		}
	}
	return true;
}

/*
 * fetch(exchange, method, url, headers, body, client settings) → what stands for it in C. What becomes of it
 * is told from the loop, by the functions of listen().
 */
JS_FUNCTION(fetch_service)
{
	struct js_session *s = session_of(c);
	if (!s->frame)
		return js_throw(c, "Error", "service.fetch() is called outside of a test");
	struct service *service = session_service(s)->service;
	if (!service) {
		session_break(s, s->project->failure);
		return js_throw(c, "Error", "there is no service to test: " STR_FMT,
				STR_ARG(s->project->failure));
	}
	struct js_exchange *x = NEW(struct js_exchange);
	x->session = s;
	x->frame = s->frame;
	x->world = session_world_in(s, s->frame);
	make_request(c, x);
	if (*c->exception || !make_settings(c, x)) {
		body_unref(&x->request.body);
		arena_fini(&x->arena);
		mem_free(x);
		return NULL;
	}
	s->frame->requests++;
	x->begun_ns = clock_monotonic(s->real);
	list_push(&s->frame->exchanges, &x->link);
	x->self = js_ref(s->realm, js_arg(c, 0));
	x->invocation = service_invoke(service, x->world, &x->asked);
	/* It may have changed already; JavaScript is told from the loop, when it has returned. */
	x->on_change.task.run = changed;
	loop_post(&s->frame->loop, &x->on_change.task);
	return js_wrap(c->ctx, &exchange_kind, x);
}

/* listen(answered, failed, ended): see prelude/service.ts */
JS_FUNCTION(listen)
{
	struct js_session *s = session_of(c);
	for (size_t i = 0; i < EXCHANGE_NEWS; i++) {
		JSObjectRef f = js_arg_function(c, i);
		if (!f)
			return NULL;
		js_unref(&s->on_exchange[i]);
		s->on_exchange[i] = js_ref(s->realm, f);
	}
	return NULL;
}

/* ---- what came of it ---- */

static struct invocation *invocation_arg(struct js_call *c, struct js_exchange **out)
{
	struct js_exchange *x = js_arg_thing(c, 0, &exchange_kind);
	if (!x)
		return NULL;
	if (!x->invocation)
		js_throw(c, "Error",
			 "the test that sent this request has ended, and what it brought about is gone");
	if (out)
		*out = x;
	return x->invocation;
}

/* logs(exchange) → [endpoint, message, …] */
JS_FUNCTION(logs)
{
	const struct invocation *i = invocation_arg(c, NULL);
	if (!i)
		return NULL;
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	unsigned at = 0;
	for (const struct log_entry *l = i->logs; l; l = l->next) {
		js_push(c->ctx, array, &at, js_string(c->ctx, l->endpoint));
		js_push(c->ctx, array, &at, js_string(c->ctx, l->message));
	}
	return array;
}

static void set_attrib(JSContextRef ctx, JSObjectRef event, const struct trace_attrib *a)
{
	JSValueRef v = a->kind == TRACE_STR      ? js_string(ctx, a->text)
		       : a->kind == TRACE_NUMBER ? js_number(ctx, a->number)
						 : js_bool(ctx, a->truth);
	js_set(ctx, event, a->name, v);
}

/* trace(exchange) → its events in their order, each with its type and time */
JS_FUNCTION(trace)
{
	const struct invocation *i = invocation_arg(c, NULL);
	if (!i)
		return NULL;
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	unsigned at = 0;
	for (const struct trace_event *e = i->trace.first; e; e = e->next) {
		JSObjectRef event = js_object(c->ctx);
		js_set(c->ctx, event, "type", js_cstring(c->ctx, e->type));
		js_set(c->ctx, event, "time", js_number(c->ctx, (double)e->wall_ns / 1e6));
		for (const struct trace_attrib *a = e->first; a; a = a->next)
			set_attrib(c->ctx, event, a);
		js_push(c->ctx, array, &at, event);
	}
	return array;
}

/* timeline(exchange) → its trace for people, or "" */
JS_FUNCTION(timeline)
{
	const struct invocation *i = invocation_arg(c, NULL);
	if (!i)
		return NULL;
	scoped(buf_fini) struct buf b = BUF_INIT(TIMELINE_BYTES_MAX);
	if (i->trace.first)
		trace_timeline_print(i, i->trace.first->wall_ns, TIMELINE_EVENTS_SHOWN, &b);
	return js_string(c->ctx, buf_str(&b));
}

/* timing(exchange) */
JS_FUNCTION(timing)
{
	struct js_exchange *x;
	const struct invocation *i = invocation_arg(c, &x);
	if (!i)
		return NULL;
	uint64_t now = clock_monotonic(x->frame->clock), end = i->ended ? i->ended_ns : now;
	const struct {
		const char *name;
		double value;
	} numbers[] = {
		{ "virtualUs", (double)(end - i->started_ns) / 1e3 },
		{ "realUs",
		  (double)(x->over ? x->real_ns : clock_monotonic(x->session->real) - x->begun_ns) / 1e3 },
		{ "cpuUs", (double)i->cpu_ns / 1e3 },
		{ "memoryBytes", (double)i->memory_bytes },
		{ "hostcalls", (double)i->hostcalls },
		{ "subrequests", i->subrequest_count },
		{ "logBytes", (double)i->log_bytes },
		{ "cacheLookups", (double)i->cache_lookups },
	};
	JSObjectRef object = js_object(c->ctx);
	for (size_t n = 0; n < COUNT_OF(numbers); n++)
		js_set(c->ctx, object, numbers[n].name, js_number(c->ctx, numbers[n].value));
	js_set(c->ctx, object, "outcome", js_cstring(c->ctx, outcome_name(i->outcome)));
	return object;
}

/* breaches(exchange) → [limit, bound, reached, whether it ended something, …]: times are ms */
JS_FUNCTION(breaches)
{
	const struct invocation *i = invocation_arg(c, NULL);
	if (!i)
		return NULL;
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	unsigned at = 0;
	for (const struct limit_breach *b = i->breaches; b; b = b->next) {
		const struct limit_row *row = &limit_rows[b->limit];
		double unit = row->unit == LIMIT_IN_TIME ? 1e6 : 1;
		const JSValueRef values[] = {
			js_cstring(c->ctx, row->name),
			js_number(c->ctx, (double)b->bound / unit),
			js_number(c->ctx, (double)b->reached / unit),
			js_bool(c->ctx, b->enforced),
		};
		for (size_t n = 0; n < COUNT_OF(values); n++)
			js_push(c->ctx, array, &at, values[n]);
	}
	return array;
}

/* hints(exchange) → [status, headers, …] of its interim responses */
JS_FUNCTION(hints)
{
	const struct invocation *i = invocation_arg(c, NULL);
	if (!i)
		return NULL;
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	unsigned at = 0;
	for (const struct interim *h = i->interims; h; h = h->next) {
		js_push(c->ctx, array, &at, js_number(c->ctx, h->status));
		js_push(c->ctx, array, &at, js_headers_value(c->ctx, &h->headers));
	}
	return array;
}

static const struct js_function functions[] = {
	{ "listen", listen_callback }, { "fetch", fetch_service_callback }, { "logs", logs_callback },
	{ "trace", trace_callback },   { "timeline", timeline_callback },   { "timing", timing_callback },
	{ "hints", hints_callback },   { "breaches", breaches_callback },
};
const struct js_module js_exchange_module = { "exchange", functions, COUNT_OF(functions) };
