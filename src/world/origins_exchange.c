/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request and its answer from a rule. It lives until the answer was given (or nobody wants it any more)
 * and the request's body was read, whichever comes last: a service that streams its request must never wait
 * for a reader.
 */
#include "base/mem.h"
#include "world/origins_priv.h"

static const uint64_t default_timeout_ns = 15 * NS_PER_S; /* Fastly's own first-byte time-out */

struct rule_exchange {
	struct list link;
	struct loop *loop;
	struct fetch *fetch; /* borrowed; NULL once settled or dropped by the asker */
	struct origin_rule *rule;
	struct timer timer;     /* for the answer */
	enum fetch_error error; /* FETCH_OK: the rule's response */
	bool head;
	struct body *request_body; /* NULL once read */
	struct watcher readable;
};

static void exchange_free(struct rule_exchange *x)
{
	list_remove(&x->link);
	timer_stop(x->loop, &x->timer);
	watcher_stop(&x->readable);
	if (x->request_body) {
		body_abandon(x->request_body);
		body_unref(&x->request_body);
	}
	origin_rule_unref(&x->rule);
	mem_free(x);
}

static void free_when_over(struct rule_exchange *x)
{
	if (!x->fetch && !x->request_body)
		exchange_free(x);
}

/* ---- the request's body ---- */

static void drain(struct task *t);

static void drain_now(struct rule_exchange *x)
{
	struct str bytes;
	enum body_state state;
	while ((state = body_peek(x->request_body, &bytes)) == BODY_DATA)
		body_consume(x->request_body, bytes.len);
	if (state == BODY_WAIT)
		watcher_start(&x->readable, &x->request_body->readable, drain);
	else
		body_unref(&x->request_body);
}

static void drain(struct task *t)
{
	struct rule_exchange *x = container_of(t, struct rule_exchange, readable.task);
	drain_now(x);
	free_when_over(x);
}

/* ---- the answer ---- */

static struct body *response_body(const struct rule_exchange *x)
{
	struct body *b = body_new(x->loop);
	if (x->rule->body && !x->head && http_status_has_body(x->rule->status))
		body_write_blob(b, x->rule->body);
	body_end(b);
	return b;
}

static void respond(const struct rule_exchange *x, struct fetch *f)
{
	struct http_response response = {
		.status = x->rule->status,
		.version = HTTP_1_1,
		.headers = headers_copy(&x->rule->headers, &f->arena),
		.body = response_body(x),
	};
	/* The length that GET would have had, as an origin says it. */
	if (x->head && http_status_has_body(x->rule->status) &&
	    !headers_has(&response.headers, STR("Content-Length"))) {
		struct str len = arena_printf(&f->arena, "%zu", x->rule->body ? x->rule->body->len : 0);
		headers_add_borrowed(&response.headers, &f->arena, STR("Content-Length"), len);
	}
	fetch_respond(f, response);
}

static void settle(struct rule_exchange *x)
{
	struct fetch *f = take(x->fetch);
	if (x->error == FETCH_OK)
		respond(x, f);
	else
		fetch_fail(f, x->error, STR("as the origin's rule says"));
}

static void answer_due(struct timer *t)
{
	struct rule_exchange *x = container_of(t, struct rule_exchange, timer);
	settle(x);
	free_when_over(x);
}

/* The asker is gone: no answer, and nobody reads the request either. */
static void asker_gone(struct fetch *f)
{
	exchange_free(f->answerer);
}

/* What will happen, and when. */
static uint64_t plan(struct rule_exchange *x, const struct backend *backend)
{
	static const enum fetch_error errors[] = {
		[ORIGIN_ANSWERS] = FETCH_OK,
		[ORIGIN_REFUSES] = FETCH_CONNECTION_REFUSED,
		[ORIGIN_RESETS] = FETCH_CONNECTION_TERMINATED,
		[ORIGIN_TIMES_OUT] = FETCH_HTTP_RESPONSE_TIMEOUT,
	};
	uint64_t timeout = backend->target.first_byte_timeout_ns;
	x->error = errors[x->rule->fault];
	if (x->rule->fault == ORIGIN_TIMES_OUT)
		return timeout ? timeout : default_timeout_ns;
	if (timeout && x->rule->delay_ns >= timeout) {
		x->error = FETCH_HTTP_RESPONSE_TIMEOUT;
		return timeout;
	}
	return x->rule->delay_ns;
}

struct fetch *rule_exchange_start(struct exchanges *xs, struct origin_rule *rule,
				  const struct backend *backend, const struct http_request *request,
				  struct loop *loop)
{
	struct fetch *f = fetch_new(loop);
	struct rule_exchange *x = NEW(struct rule_exchange);
	x->loop = loop;
	x->fetch = f;
	x->rule = origin_rule_ref(rule);
	x->timer.fire = answer_due;
	x->head = str_eq(request->method, STR("HEAD"));
	list_push(&xs->all, &x->link);
	f->remote_host = arena_str(&f->arena, backend->target.host);
	f->remote_port = backend->target.port;
	uint64_t after = plan(x, backend);
	if (after == 0) {
		settle(x);
	} else {
		f->answerer = x;
		f->cancel = asker_gone;
		timer_start(loop, &x->timer, after);
	}
	if (request->body) {
		x->request_body = body_ref(request->body);
		drain_now(x);
	}
	free_when_over(x);
	return f;
}

void exchanges_init(struct exchanges *xs)
{
	list_init(&xs->all);
}

void exchanges_fini(struct exchanges *xs)
{
	while (!list_empty(&xs->all)) {
		struct rule_exchange *x = container_of(xs->all.next, struct rule_exchange, link);
		struct fetch *f = take(x->fetch);
		if (f)
			fetch_fail(f, FETCH_DESTINATION_UNAVAILABLE, STR("the world of the request ended"));
		exchange_free(x);
	}
}
