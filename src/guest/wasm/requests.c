/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests of a sandbox, each an invocation: begun, ended, and followed by another one when the guest
 * asks for it (fastly_http_downstream.next_request).
 *
 * An invocation ends when its guest does. It also ends, though the guest goes on, when the guest waits after
 * its response with nothing but its next request in mind: in next_request_wait, in a select over nothing but
 * the promise, or in whatever it does to wait once it saw by is_ready that nothing has come of that. The
 * sandbox is between requests then, a resident of its world.
 */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "guest/wasm/sandbox.h"
#include "guest/wasm/wasm_service.h"

/* Beyond this an instance gets no more requests: what handles stand for is only freed with it. */
enum { HOST_BYTES_AN_INSTANCE_MAX = 64 << 20 };

static const struct http_request no_http;
static const struct invocation_request no_request = { .http = &no_http };

static void dispatch(struct wasm_invocation *i);

static struct wasm_invocation *of(struct invocation *i)
{
	return container_of(i, struct wasm_invocation, super);
}

/* ---- invocations ---- */

static void start_due(struct task *t)
{
	dispatch(container_of(t, struct wasm_invocation, start));
}

struct wasm_invocation *requests_new(struct wasm_service *s, struct world *w,
				     const struct invocation_request *request)
{
	struct wasm_invocation *i = s->free_invocations;
	if (i) {
		s->free_invocations = i->next_free;
		struct arena arena = i->super.arena;
		memset(i, 0, sizeof *i);
		i->super.arena = arena;
	} else {
		i = NEW(struct wasm_invocation);
	}
	invocation_init(&i->super, &s->super, w);
	i->asked = request;
	i->start.run = start_due;
	return i;
}

static void free_when_unneeded(struct wasm_invocation *i)
{
	struct wasm_service *s = (struct wasm_service *)i->super.service;
	if (i->wanted || i->sandbox)
		return;
	invocation_fini(&i->super);
	arena_reset(&i->super.arena);
	i->next_free = s->free_invocations;
	s->free_invocations = i;
}

void requests_pool_free(struct wasm_service *s)
{
	while (s->free_invocations) {
		struct wasm_invocation *i = s->free_invocations;
		s->free_invocations = i->next_free;
		arena_fini(&i->super.arena);
		mem_free(i);
	}
}

/* For a guest that did not. */
static void respond(struct invocation *i, uint16_t status, struct str text)
{
	struct http_response response = { .status = status, .version = HTTP_1_1 };
	response.body = body_new(i->world->loop);
	body_write(response.body, text);
	body_end(response.body);
	invocation_respond(i, response);
}

/* ---- one request of a sandbox ---- */

static void open_downstream(struct sandbox *sb)
{
	struct arena *a = sandbox_arena(sb);
	const struct http_request *asked = sb->asked->http;
	struct guest_request *r = ARENA_NEW(a, struct guest_request);
	r->http = *asked;
	r->http.method = arena_str(a, asked->method); /* the handle may outlive the request */
	r->http.uri = arena_str(a, asked->uri);
	r->http.headers = headers_copy(&asked->headers, a);
	r->http.body = NULL;
	r->downstream = true;
	sb->downstream = r;
	struct guest_body *b = ARENA_NEW(a, struct guest_body);
	b->body = asked->body ? body_ref(asked->body) : body_new(sandbox_loop(sb));
	if (!asked->body)
		body_end(b->body);
	sb->request_handle = handles_open(&sb->handles, HANDLE_REQUEST, r);
	sb->body_handle = handles_open(&sb->handles, HANDLE_BODY, b);
}

static void leave_invocation(struct sandbox *sb)
{
	struct invocation *last = take(sb->invocation);
	if (!last)
		return;
	of(last)->sandbox = NULL;
	free_when_unneeded(of(last));
}

static void leave_residence(struct sandbox *sb)
{
	list_remove(&sb->resident.link);
	list_remove(&sb->between);
}

void requests_begin(struct sandbox *sb, struct wasm_invocation *i)
{
	leave_residence(sb);
	leave_invocation(sb);
	if (sb->requests++ == 0)
		event_init(&sb->next.changed);
	sb->invocation = &i->super;
	i->sandbox = sb;
	i->super.nth = sb->requests;
	sb->asked = i->asked;
	sb->sent = sb->body_closed = false;
	sb->config_lookups = 0;
	sb->cpu_before_ns = sandbox_cpu_ns(sb);
	open_downstream(sb);
	sandbox_start_wall_time(sb);
	struct trace_event *ev = trace_add(&i->super.trace, "ecp-start");
	trace_number(&i->super.trace, ev, "instanceRequests", sb->requests);
	trace_bool(&i->super.trace, ev, "reused", sb->requests > 1);
}

static void add_end(struct invocation *i, enum outcome outcome)
{
	struct trace_event *ev = trace_add(&i->trace, "ecp-end");
	trace_str(&i->trace, ev, "outcome", str_from(outcome_name(outcome)));
	trace_number(&i->trace, ev, "vcpu_us", (double)i->cpu_ns / 1e3);
	trace_number(&i->trace, ev, "heap_bytes", (double)i->memory_bytes);
	trace_number(&i->trace, ev, "hostcalls", (double)i->hostcalls);
}

void requests_end(struct sandbox *sb, enum outcome outcome, struct str report)
{
	struct invocation *i = sb->invocation;
	if (i->ended) {
		if (outcome != OUTCOME_OK && outcome != OUTCOME_CANCELLED)
			wasm_service_warn(sb->service, "between two requests: " STR_FMT, STR_ARG(report));
		return;
	}
	if (!sb->sent && outcome == OUTCOME_OK)
		respond(i, 200, STR(""));
	else if (!sb->sent)
		respond(i, outcome == OUTCOME_LIMIT ? sb->limit_status : 500, report);
	sandbox_give_up_closed_body(sb);
	i->exit_code = sb->exit_code;
	i->cpu_ns = sandbox_cpu_ns(sb) - sb->cpu_before_ns;
	invocation_note(i, LIMIT_cpu_ns, i->cpu_ns);
	add_end(i, outcome);
	sb->downstream->downstream = false;
	sb->asked = &no_request;
	invocation_end(i, outcome, report);
}

/* ---- between requests ---- */

static void evict(struct resident *r)
{
	struct sandbox *sb = container_of(r, struct sandbox, resident);
	leave_residence(sb);
	sandbox_end(sb, OUTCOME_CANCELLED, STR(""));
}

bool requests_end_oldest(struct wasm_service *s)
{
	if (list_empty(&s->between_requests))
		return false;
	evict(&container_of(s->between_requests.next, struct sandbox, between)->resident);
	return true;
}

void requests_parked(struct sandbox *sb)
{
	if (!sb->next.sought || !sb->sent || sb->invocation->ended)
		return;
	sandbox_print_rest(sb);
	sandbox_note_memory(sb);
	timer_stop(sandbox_loop(sb), &sb->wall_timer);
	requests_end(sb, OUTCOME_OK, STR(""));
	sb->resident.evict = evict;
	list_push(&sb->world->residents, &sb->resident.link);
	list_push(&sb->service->between_requests, &sb->between);
}

/* ---- promises ---- */

static size_t waiting_in(const struct wasm_service *s, const struct world *w)
{
	size_t count = 0;
	for (const struct list *it = s->promises.next; it != &s->promises; it = it->next)
		count += container_of(it, struct sandbox, next.link)->world == w;
	return count;
}

/* The last one that asked; the guest that has not answered yet is not asked to handle another request. */
static struct sandbox *find_waiting(const struct wasm_service *s, const struct world *w)
{
	for (const struct list *it = s->promises.prev; it != &s->promises; it = it->prev) {
		struct sandbox *sb = container_of(it, struct sandbox, next.link);
		if (sb->world == w && sb->sent)
			return sb;
	}
	return NULL;
}

/* Gives a request to a sandbox: another that waits, or a new one. */
static void dispatch(struct wasm_invocation *i)
{
	struct wasm_service *s = (struct wasm_service *)i->super.service;
	struct sandbox *sb = find_waiting(s, i->super.world);
	if (!sb) {
		if (s->alive >= s->options.instances_max)
			(void)requests_end_oldest(s);
		sandbox_start(s, i);
		return;
	}
	i->sandbox = sb;
	sb->next.offered = i;
	list_remove(&sb->next.link);
	event_fire(&sb->next.changed, sandbox_loop(sb));
}

/* Takes back what was offered: it goes to another sandbox, but not on this one's stack. */
static void withdraw(struct sandbox *sb)
{
	struct wasm_invocation *i = take(sb->next.offered);
	list_remove(&sb->next.link);
	if (!i)
		return;
	i->sandbox = NULL;
	loop_post(sandbox_loop(sb), &i->start);
}

static void close_promise(struct sandbox *sb)
{
	withdraw(sb);
	timer_stop(sandbox_loop(sb), &sb->next.timer);
	sb->next.open = sb->next.sought = false;
}

static void promise_expired(struct timer *t)
{
	struct sandbox *sb = container_of(t, struct sandbox, next.timer);
	withdraw(sb);
	sb->next.over = true;
	if (sb->invocation->ended)
		sandbox_start_wall_time(sb);
	event_fire(&sb->next.changed, sandbox_loop(sb));
}

static bool may_have_more(struct sandbox *sb)
{
	return invocation_within(sb->invocation, LIMIT_instance_requests, sb->next.asked + 1) &&
	       sb->arena.used <= HOST_BYTES_AN_INSTANCE_MAX &&
	       waiting_in(sb->service, sb->world) < NEXT_REQUEST_WAITING_MAX;
}

enum abi_status next_request_ask(struct sandbox *sb, uint64_t wait_ns, uint32_t *handle)
{
	struct next_request *n = &sb->next;
	if (n->open)
		return ABI_LIMITEXCEEDED;
	enum abi_status status = sandbox_open(sb, HANDLE_PROMISE, n, handle);
	if (status != ABI_OK)
		return status;
	n->asked++;
	n->open = true;
	n->handle = *handle;
	n->over = !may_have_more(sb);
	if (!n->over) {
		list_push(&sb->service->promises, &n->link);
		n->timer.fire = promise_expired;
		timer_start(sandbox_loop(sb), &n->timer, wait_ns);
		if (sb->invocation->ended)
			timer_stop(sandbox_loop(sb), &sb->wall_timer);
	}
	return ABI_OK;
}

bool next_request_ready(const struct sandbox *sb)
{
	return sb->next.offered || sb->next.over;
}

enum abi_status next_request_take(struct sandbox *sb, uint32_t handle)
{
	if (!handles_get(&sb->handles, handle, HANDLE_PROMISE))
		return ABI_BADF;
	if (!sb->sent)
		return ABI_UNSUPPORTED;
	if (!next_request_ready(sb)) {
		sb->next.sought = true;
		sandbox_wait_event(sb, &sb->next.changed);
		return ABI_WAIT;
	}
	struct wasm_invocation *i = take(sb->next.offered);
	handles_take(&sb->handles, handle, HANDLE_PROMISE);
	close_promise(sb);
	if (!i)
		return ABI_NONE;
	if (!sb->invocation->ended) {
		sandbox_print_rest(sb);
		sandbox_note_memory(sb);
		requests_end(sb, OUTCOME_OK, STR(""));
	}
	requests_begin(sb, i);
	return ABI_OK;
}

enum abi_status next_request_abandon(struct sandbox *sb, uint32_t handle)
{
	if (!handles_take(&sb->handles, handle, HANDLE_PROMISE))
		return ABI_BADF;
	close_promise(sb);
	if (sb->invocation->ended)
		sandbox_start_wall_time(sb);
	return ABI_OK;
}

/* ---- the ends ---- */

void requests_fini(struct sandbox *sb)
{
	leave_residence(sb);
	close_promise(sb);
	leave_invocation(sb);
}

/* A request that the platform would not hand to a guest ends here. */
static bool refuse(struct invocation *i, const struct wasm_service *s, const struct http_request *request)
{
	enum limit limit = LIMIT_package_bytes;
	if (invocation_within(i, limit, s->package_bytes) && invocation_request_within(i, request, &limit))
		return false;
	scoped(buf_fini) struct buf text = BUF_INIT(ERROR_TEXT_BYTES_MAX);
	uint16_t status = limit == LIMIT_package_bytes  ? 500
			  : limit == LIMIT_uri_bytes    ? 414
			  : limit == LIMIT_method_bytes ? 501
							: 503;
	buf_printf(&text, "%s (",
		   status == 503   ? "Header overflow"
		   : status == 500 ? "The guest's file is too large"
				   : http_reason(status).ptr);
	for (const struct limit_breach *b = i->breaches; b; b = b->next) {
		if (b->limit == limit)
			limit_breach_print(b, &text);
	}
	buf_add(&text, STR(")"));
	struct str report = arena_str(&i->arena, buf_str(&text));
	respond(i, status, report);
	invocation_end(i, OUTCOME_LIMIT, report);
	return true;
}

struct invocation *sandbox_invoke(struct wasm_service *s, struct world *w,
				  const struct invocation_request *request)
{
	struct wasm_invocation *i = requests_new(s, w, request);
	i->wanted = true;
	if (!refuse(&i->super, s, request->http))
		dispatch(i);
	return &i->super;
}

/* It was offered, or is on its way: no guest has seen it. */
static void cancel_unbegun(struct wasm_invocation *i)
{
	struct sandbox *sb = take(i->sandbox);
	struct str report = STR("the request was withdrawn before a guest took it");
	task_cancel(&i->start);
	if (sb) {
		sb->next.offered = NULL;
		list_push(&sb->service->promises, &sb->next.link);
	}
	respond(&i->super, 500, report);
	invocation_end(&i->super, OUTCOME_CANCELLED, report);
}

void sandbox_cancel(struct invocation *i)
{
	struct sandbox *sb = of(i)->sandbox;
	if (!sb || sb->invocation != i) {
		cancel_unbegun(of(i));
		return;
	}
	const char *what = sb->waiting.parked ? " while it waited in " : "";
	sandbox_end(sb, OUTCOME_CANCELLED,
		    arena_printf(&i->arena, "the guest was stopped%s%s%s%s", what,
				 *what ? sb->waiting.call->module : "", *what ? "." : "",
				 *what ? sb->waiting.call->name : ""));
}

void sandbox_free_invocation(struct invocation *i)
{
	if (!i->ended)
		sandbox_cancel(i);
	invocation_fini(i); /* though a sandbox may still hold it, nobody sees what is added now */
	of(i)->wanted = false;
	free_when_unneeded(of(i));
}
