/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request and its answer from a rule. It lives until the answer was given and its body played to the end
 * (or nobody wants it any more) and the request's body was read, whichever comes last: a service that streams
 * its request must never wait for a reader.
 */
#include "base/check.h"
#include "base/mem.h"
#include "world/origin_ask.h"
#include "world/origins_priv.h"

/* Fastly's own time-outs, for faults that need one where the backend has none. */
static const uint64_t default_connect_ns = NS_PER_S, default_first_byte_ns = 15 * NS_PER_S,
		      default_between_bytes_ns = 10 * NS_PER_S;

enum fault_when { CONNECTING, CONNECT_OVER, ANSWERING, FIRST_BYTE_OVER };

static const struct {
	enum fetch_error error;
	enum fault_when when;
} faults[] = { [ORIGIN_ANSWERS] = { FETCH_OK, ANSWERING },
#define X(id, error, when) [ORIGIN_##id] = { FETCH_##error, when },
	       ORIGIN_FAULTS(X)
#undef X
};

struct rule_exchange {
	struct list link;
	struct loop *loop;
	struct fetch *fetch; /* borrowed; NULL once settled or dropped by the asker */
	struct origin_rule *rule;
	const struct origin_answer *answer; /* the rule's, or … */
	struct origin_rule *given;          /* … the first of what a responder gave; NULL: none did */
	struct origin_ask *ask;             /* while a responder may answer; a reference */
	struct task asking;
	uint64_t started_ns;
	struct timer timer;     /* for the head, then for the body's next bytes */
	enum fetch_error error; /* FETCH_OK: the answer's head */
	bool head;
	/* The answer's body, while it is played; borrowed, as it tells when it goes. NULL: it is over. */
	struct body *body;
	struct body_source source;
	size_t step;
	uint64_t sent, drip_bytes, drip_ns; /* drip_bytes 0: all that may come comes at once */
	uint64_t between_bytes_ns, last_byte_ns;
	enum body_failure failure; /* what the timer brings; BODY_FAILURE_NONE: the script goes on */
	bool playing;
	struct body *request_body; /* NULL once read */
	struct watcher readable;
	struct origin_call *call; /* where it is recorded, or NULL */
};

/* Nobody waits for a responder any more. */
static void drop_ask(struct rule_exchange *x)
{
	struct origin_ask *ask = take(x->ask);
	if (!ask)
		return;
	ask->over = true;
	ask->exchange = NULL;
	rc_unref(&ask->rc);
}

static void exchange_free(struct rule_exchange *x)
{
	list_remove(&x->link);
	timer_stop(x->loop, &x->timer);
	watcher_stop(&x->readable);
	task_cancel(&x->asking);
	drop_ask(x);
	origin_rule_unref(&x->given);
	if (x->request_body) {
		body_abandon(x->request_body);
		body_unref(&x->request_body);
	}
	if (x->call)
		rc_unref(&x->call->rc);
	origin_rule_unref(&x->rule);
	mem_free(x);
}

static void free_when_over(struct rule_exchange *x)
{
	if (!x->fetch && !x->body && !x->request_body && !x->playing)
		exchange_free(x);
}

/* ---- the request's body ---- */

static void drain(struct task *t);

static void drain_now(struct rule_exchange *x)
{
	struct str bytes;
	enum body_state state;
	while ((state = body_peek(x->request_body, &bytes)) == BODY_DATA) {
		if (x->call)
			buf_add(&x->call->body, bytes); /* what is beyond its cap is cut */
		body_consume(x->request_body, bytes.len);
	}
	if (state == BODY_WAIT) {
		watcher_start(&x->readable, &x->request_body->readable, drain);
		return;
	}
	if (x->call)
		x->call->complete = state == BODY_ENDED;
	body_unref(&x->request_body);
	if (x->ask)
		loop_post(x->loop, &x->asking);
}

static void drain(struct task *t)
{
	struct rule_exchange *x = container_of(t, struct rule_exchange, readable.task);
	drain_now(x);
	free_when_over(x);
}

/* ---- the answer's body, by its script ---- */

static void end_body(struct rule_exchange *x, enum body_failure why)
{
	struct body *b = take(x->body);
	if (why == BODY_FAILURE_NONE)
		body_end(b);
	else
		body_fail(b, why);
}

/*
 * Nothing comes for so long. Where the backend's between-bytes time-out is over by then, that comes instead:
 * it counts from the last byte, or the head, on.
 */
static void wait(struct rule_exchange *x, uint64_t ns)
{
	uint64_t now = clock_monotonic(x->loop->clock), quiet = now - x->last_byte_ns;
	if (x->between_bytes_ns && quiet + ns >= x->between_bytes_ns) {
		x->failure = BODY_FAILURE_TIMEOUT;
		ns = x->between_bytes_ns - MIN(quiet, x->between_bytes_ns);
	}
	timer_start(x->loop, &x->timer, ns);
}

static void stall(struct rule_exchange *x)
{
	if (!x->between_bytes_ns)
		x->between_bytes_ns = default_between_bytes_ns;
	wait(x, x->between_bytes_ns);
}

/* Bytes up to that place of the body. False: there are more to come later. */
static bool send_up_to(struct rule_exchange *x, uint64_t end)
{
	uint64_t len = end - x->sent;
	if (x->drip_bytes)
		len = MIN(len, x->drip_bytes);
	if (len == 0)
		return true;
	struct str bytes = str_sub(blob_str(x->answer->body), x->sent, len);
	x->sent += len;
	x->last_byte_ns = clock_monotonic(x->loop->clock);
	body_write(x->body, bytes); /* which may be too much for the reader: then body is NULL now */
	if (!x->body || x->sent == end)
		return true;
	wait(x, x->drip_ns);
	return false;
}

/* False: the timer goes on with it, or it is over. */
static bool play_step(struct rule_exchange *x, const struct origin_step *s)
{
	switch (s->kind) {
	case ORIGIN_PAUSE:
		wait(x, s->ns);
		return false;
	case ORIGIN_DRIP:
		x->drip_bytes = s->bytes;
		x->drip_ns = s->ns;
		return true;
	case ORIGIN_STALL:
		stall(x);
		return false;
	case ORIGIN_RESET_AT:
	case ORIGIN_TRUNCATE:
		end_body(x, BODY_FAILURE_INCOMPLETE);
		return false;
	case ORIGIN_BAD_CHUNK:
		end_body(x, BODY_FAILURE_PROTOCOL);
		return false;
	}
	return false;
}

static void play(struct rule_exchange *x)
{
	const struct origin_answer *a = x->answer;
	uint64_t len = a->body ? a->body->len : 0;
	x->playing = true;
	for (bool on = true; on && x->body;) {
		const struct origin_step *s = x->step < a->step_count ? &a->steps[x->step] : NULL;
		on = send_up_to(x, s ? MAX(MIN(s->at, len), x->sent) : len);
		if (!on || !x->body)
			break;
		if (s) {
			x->step++;
			on = play_step(x, s);
		} else {
			end_body(x, BODY_FAILURE_NONE);
		}
	}
	x->playing = false;
}

static void nothing(struct body_source *s)
{
	(void)s;
}

static void reader_gone(struct body_source *s)
{
	struct rule_exchange *x = container_of(s, struct rule_exchange, source);
	x->body = NULL;
	timer_stop(x->loop, &x->timer);
	free_when_over(x);
}

static bool is_chunked(const struct origin_answer *a)
{
	for (size_t i = 0; i < a->step_count; i++) {
		if (a->steps[i].kind == ORIGIN_BAD_CHUNK)
			return true;
	}
	return false;
}

/* ---- the answer ---- */

static bool has_body(const struct rule_exchange *x)
{
	return !x->head && http_status_has_body(x->answer->status);
}

static void add_trailers(struct body *b, const struct headers *trailers)
{
	for (size_t i = 0; i < trailers->count; i++)
		body_trailer_add(b, trailers->at[i].name, trailers->at[i].value);
}

static struct body *response_body(struct rule_exchange *x)
{
	const struct origin_answer *a = x->answer;
	if (a->live && has_body(x))
		return body_ref(a->live);
	if (a->live)
		body_abandon(a->live);
	struct body *b = body_new(x->loop);
	if (has_body(x))
		add_trailers(b, &a->trailers);
	if (has_body(x) && a->step_count) {
		x->source = (struct body_source){ .resume = nothing, .cancel = reader_gone };
		body_set_source(b, &x->source);
		if (is_chunked(a))
			b->length_untold = true;
		else
			b->expected = a->body ? a->body->len : 0;
		x->body = b;
		x->last_byte_ns = clock_monotonic(x->loop->clock);
		return b;
	}
	if (a->body && has_body(x))
		body_write_blob(b, a->body);
	body_end(b);
	return b;
}

/* Does its origin say the length, where the body itself does not show it? As that of GET for a HEAD. */
static bool says_length(const struct rule_exchange *x)
{
	const struct origin_answer *a = x->answer;
	return http_status_has_body(a->status) && !a->live && (x->head || (a->step_count && !is_chunked(a)));
}

static void respond(struct rule_exchange *x, struct fetch *f)
{
	const struct origin_answer *a = x->answer;
	struct http_response response = {
		.status = a->status,
		.version = HTTP_1_1,
		.reason = arena_str(&f->arena, a->reason),
		.headers = headers_copy(&a->headers, &f->arena),
		.body = response_body(x),
	};
	if (says_length(x) && !headers_has(&response.headers, STR("Content-Length"))) {
		struct str len = arena_printf(&f->arena, "%zu", a->body ? a->body->len : 0);
		headers_add_borrowed(&response.headers, &f->arena, STR("Content-Length"), len);
	}
	fetch_respond(f, response);
	if (x->body)
		play(x);
}

static void settle(struct rule_exchange *x)
{
	struct fetch *f = take(x->fetch);
	struct str words = x->ask ? STR("the origin's code did not answer in time") : x->answer->words;
	drop_ask(x);
	if (x->error == FETCH_OK)
		respond(x, f);
	else
		fetch_fail(f, x->error, words.len ? words : STR("as the origin's rule says"));
}

static void timer_due(struct timer *t)
{
	struct rule_exchange *x = container_of(t, struct rule_exchange, timer);
	if (x->fetch)
		settle(x);
	else if (x->failure != BODY_FAILURE_NONE)
		end_body(x, x->failure);
	else
		play(x);
	free_when_over(x);
}

/* The asker is gone: no answer, and nobody reads the request either. */
static void asker_gone(struct fetch *f)
{
	exchange_free(f->answerer);
}

/* What comes, and when: the rule's answer or fault, unless one of the backend's time-outs is over first. */
static uint64_t plan(struct rule_exchange *x, const struct http_target *target)
{
	const struct origin_answer *a = x->answer;
	enum fault_when when = faults[a->fault].when;
	uint64_t gone = clock_monotonic(x->loop->clock) - x->started_ns, due = gone + a->delay_ns,
		 connect = target->connect_timeout_ns, first = target->first_byte_timeout_ns;
	x->error = faults[a->fault].error;
	if (when == CONNECT_OVER)
		due = connect ? connect : default_connect_ns;
	if (when == FIRST_BYTE_OVER)
		due = first ? first : default_first_byte_ns;
	if (when == CONNECTING && connect && due >= connect) {
		x->error = FETCH_CONNECTION_TIMEOUT;
		due = connect;
	}
	if (when != FIRST_BYTE_OVER && first && due >= first) {
		x->error = FETCH_HTTP_RESPONSE_TIMEOUT;
		due = first;
	}
	return due - MIN(due, gone);
}

/* ---- answers that code gives ---- */

static void ask_destroy(struct rc *r)
{
	struct origin_ask *ask = (struct origin_ask *)r;
	rc_unref(&ask->call->rc);
	backend_unref(&ask->backend);
	mem_free(ask);
}

void origin_ask_unref(struct origin_ask **pa)
{
	struct origin_ask *ask = take(*pa);
	if (ask)
		rc_unref(&ask->rc);
}

static void ask_responder(struct task *t)
{
	struct rule_exchange *x = container_of(t, struct rule_exchange, asking);
	struct origin_ask *ask = x->ask;
	struct origin_responder *responder = x->answer->responder;
	if (!ask->call->complete) { /* the service gave up in the middle */
		x->error = FETCH_CONNECTION_TERMINATED;
		settle(x);
		free_when_over(x);
		return;
	}
	rc_ref(&ask->rc);
	rc_ref(&responder->rc);
	responder->ops->respond(responder, ask);
	rc_unref(&responder->rc);
	rc_unref(&ask->rc);
}

/* The responder is asked when the request's body has come; until then and from then on, time may be over. */
static void prepare_ask(struct rule_exchange *x, const struct backend *backend, struct str uri)
{
	uint64_t timeout = backend->target.first_byte_timeout_ns;
	struct origin_ask *ask = NEW(struct origin_ask);
	rc_init(&ask->rc, ask_destroy);
	ask->call = (struct origin_call *)rc_ref(&x->call->rc);
	ask->backend = (struct backend *)rc_ref((struct rc *)&backend->rc);
	ask->uri = arena_str(&x->call->arena, uri);
	ask->loop = x->loop;
	ask->exchange = x;
	x->ask = ask;
	x->asking.run = ask_responder;
	x->error = FETCH_HTTP_RESPONSE_TIMEOUT;
	timer_start(x->loop, &x->timer, timeout ? timeout : default_first_byte_ns);
}

/* What was planned begins: at once, or when its time has come. */
static void begin_answer(struct rule_exchange *x, uint64_t after)
{
	if (after == 0)
		settle(x);
	else
		timer_start(x->loop, &x->timer, after);
}

bool origin_ask_answer(struct origin_ask *ask, struct origin_rule *taken)
{
	struct rule_exchange *x = ask->exchange;
	if (!x) {
		origin_rule_unref(&taken);
		return false;
	}
	struct backend *backend = backend_ref(ask->backend);
	drop_ask(x);
	timer_stop(x->loop, &x->timer);
	x->given = taken;
	x->answer = &taken->answer;
	begin_answer(x, plan(x, &backend->target));
	free_when_over(x);
	backend_unref(&backend);
	return true;
}

struct fetch *rule_exchange_start(struct exchanges *xs, struct origin_rule *rule,
				  const struct origin_answer *answer, const struct backend *backend,
				  const struct http_request *request, struct origin_call *call,
				  struct loop *loop)
{
	struct fetch *f = fetch_new(loop);
	struct rule_exchange *x = NEW(struct rule_exchange);
	x->loop = loop;
	x->fetch = f;
	x->rule = origin_rule_ref(rule);
	x->answer = answer;
	x->timer.fire = timer_due;
	x->head = str_eq(request->method, STR("HEAD"));
	x->between_bytes_ns = backend->target.between_bytes_timeout_ns;
	x->playing = true; /* it is not over before this function is */
	x->started_ns = clock_monotonic(loop->clock);
	list_push(&xs->all, &x->link);
	f->remote_host = arena_str(&f->arena, backend->target.host);
	f->remote_port = backend->target.port;
	if (call) {
		x->call = (struct origin_call *)rc_ref(&call->rc);
		f->asked = rc_ref(&call->rc);
	}
	f->answerer = x;
	f->cancel = asker_gone;
	if (answer->responder)
		prepare_ask(x, backend, request->uri);
	else
		begin_answer(x, plan(x, &backend->target));
	if (request->body) {
		x->request_body = body_ref(request->body);
		drain_now(x);
	} else if (call) {
		call->complete = true;
		if (x->ask)
			loop_post(loop, &x->asking);
	}
	x->playing = false;
	free_when_over(x);
	return f;
}

bool origin_fault_find(struct str name, enum origin_fault *out)
{
	for (size_t i = 1; i < COUNT_OF(faults); i++) {
		if (str_eq(name, str_from(fetch_error_name(faults[i].error)))) {
			*out = (enum origin_fault)i;
			return true;
		}
	}
	return false;
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
		if (x->body)
			end_body(x, BODY_FAILURE_ABANDONED);
		exchange_free(x);
	}
}
