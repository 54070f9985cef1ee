/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/guest.h"

#include "base/check.h"
#include "base/mem.h"
#include "guest/limit.h"
#include "guest/readthrough.h"

const char *outcome_name(enum outcome o)
{
	static const char *const names[] = {
		[OUTCOME_RUNNING] = "running", [OUTCOME_OK] = "ok",       [OUTCOME_EXIT] = "exit",
		[OUTCOME_TRAP] = "trap",       [OUTCOME_LIMIT] = "limit", [OUTCOME_CANCELLED] = "cancelled",
		[OUTCOME_FAILED] = "failed",
	};
	return names[o];
}

struct invocation *service_invoke(struct service *s, struct world *w,
				  const struct invocation_request *request)
{
	return s->ops->invoke(s, w, request);
}

void invocation_cancel(struct invocation *i)
{
	if (!i->ended)
		i->service->ops->cancel(i);
}

void invocation_destroy(struct invocation **pi)
{
	struct invocation *i = take(*pi);
	if (i)
		i->service->ops->free_invocation(i);
}

void service_destroy(struct service **ps)
{
	struct service *s = take(*ps);
	if (s)
		s->ops->destroy(s);
}

void invocation_init(struct invocation *i, struct service *s, struct world *w)
{
	i->service = s;
	i->world = w;
	i->number = w->invocations++;
	event_init(&i->changed);
	i->logs_last = &i->logs;
	i->interims_last = &i->interims;
	i->breaches_last = &i->breaches;
	i->started_ns = clock_monotonic(w->loop->clock);
	i->subrequests_last = &i->subrequests;
	list_init(&i->readthroughs);
	list_init(&i->stored);
	if (w->tracing)
		trace_on(&i->trace, &i->arena, w->loop->clock);
}

void invocation_fini(struct invocation *i)
{
	CHECK(list_empty(&i->changed.watchers));
	watcher_stop(&i->handed_off);
	readthroughs_cancel(i);
	invocation_forget_stored(i);
	for (struct subrequest *r = i->subrequests; r; r = r->next) {
		backend_unref(&r->backend);
		fetch_unref(&r->fetch);
	}
	i->subrequests = NULL;
	i->subrequests_last = &i->subrequests;
	if (i->response.body) {
		body_abandon(i->response.body);
		body_unref(&i->response.body);
	}
}

void invocation_respond(struct invocation *i, struct http_response response)
{
	CHECK(!i->responded);
	i->responded = true;
	i->response = response;
	event_fire(&i->changed, i->world->loop);
}

void invocation_inform(struct invocation *i, uint16_t status, const struct headers *headers)
{
	struct interim *interim = ARENA_NEW(&i->arena, struct interim);
	interim->status = status;
	interim->headers = headers_copy(headers, &i->arena);
	*i->interims_last = interim;
	i->interims_last = &interim->next;
	event_fire(&i->changed, i->world->loop);
}

struct event *invocation_unsettled(struct invocation *i)
{
	for (struct subrequest *r = i->subrequests; r; r = r->next) {
		if (!r->fetch->settled)
			return &r->fetch->changed;
	}
	return readthroughs_under_way(i);
}

struct str report_words(struct str report)
{
	static const struct str mark = STR_INIT("wasm trap: "),
				context = STR_INIT("error while executing at");
	size_t at = str_find(report, mark);
	if (at != STR_NONE)
		report = str_sub(report, at + mark.len, report.len);
	struct str line = str_split(&report, '\n');
	if (at == STR_NONE && str_starts(line, context)) {
		/* The cause stands last. */
		while (report.ptr) {
			struct str next = str_trim(str_split(&report, '\n'));
			line = next.len ? next : line;
		}
	}
	return str_trim(line);
}

void invocation_end(struct invocation *i, enum outcome outcome, struct str report)
{
	CHECK(!i->ended);
	i->ended = true;
	i->ended_ns = clock_monotonic(i->world->loop->clock);
	i->outcome = outcome;
	i->report = report;
	i->failure = report_words(report);
	event_fire(&i->changed, i->world->loop);
}

void invocation_log(struct invocation *i, struct str endpoint, struct str message)
{
	struct log_entry *entry = ARENA_NEW(&i->arena, struct log_entry);
	entry->endpoint = arena_str(&i->arena, endpoint);
	entry->message = arena_str(&i->arena, message);
	*i->logs_last = entry;
	i->logs_last = &entry->next;
	i->log_bytes += message.len;
	log_write(i->world->log, endpoint, message);
	struct trace_event *ev = trace_add(&i->trace, "log");
	trace_str(&i->trace, ev, "logName", endpoint);
	trace_str(&i->trace, ev, "content", message);
}

static struct subrequest *send(struct invocation *i, struct backend *backend, struct str path,
			       const struct http_request *request)
{
	struct subrequest *r = ARENA_NEW(&i->arena, struct subrequest);
	r->backend = backend_ref(backend);
	r->request.method = arena_str(&i->arena, request->method);
	r->request.uri = arena_str(&i->arena, request->uri);
	r->request.version = request->version;
	r->request.upgrade = request->upgrade;
	r->request.headers = headers_copy(&request->headers, &i->arena);
	r->path = arena_str(&i->arena, path);
	r->wall_ns = clock_wall(i->world->loop->clock);
	*i->subrequests_last = r;
	i->subrequests_last = &r->next;
	i->subrequest_count++;
	struct http_request sent = r->request;
	sent.body = request->body;
	r->fetch = origins_send(i->world->origins, backend, r->path, &sent, i->world->loop);
	return r;
}

struct fetch *invocation_send(struct invocation *i, struct backend *backend, struct str path,
			      const struct http_request *request)
{
	struct trace_event *ev = trace_add(&i->trace, "fetch");
	trace_str(&i->trace, ev, "backend", backend->name);
	trace_str(&i->trace, ev, "method", request->method);
	trace_str(&i->trace, ev, "url", request->uri);
	return fetch_ref(send(i, backend, path, request)->fetch);
}

/* ---- hand-off ---- */

const char *handoff_kind_name(enum handoff_kind kind)
{
	return kind == HANDOFF_GRIP ? "grip" : "websocket";
}

/* Was there a connection at all? */
static bool connected(enum fetch_error error)
{
	switch (error) {
	case FETCH_CONNECTION_TERMINATED:
	case FETCH_HTTP_INCOMPLETE_RESPONSE:
	case FETCH_HTTP_RESPONSE_HEADER_SECTION_TOO_LARGE:
	case FETCH_HTTP_RESPONSE_TIMEOUT:
	case FETCH_HTTP_PROTOCOL_ERROR:
	case FETCH_HTTP_RESPONSE_STATUS_INVALID:
	case FETCH_HTTP_UPGRADE_FAILED:
		return true;
	default:
		return false;
	}
}

static void respond_failed(struct invocation *i, uint16_t status, const char *why, struct str more)
{
	const struct handoff *h = i->handoff;
	struct http_response response = { .status = status, .version = HTTP_1_1 };
	response.body = body_new(i->world->loop);
	body_write(response.body,
		   arena_printf(&i->arena, "Error: handing over to %s '" STR_FMT "' failed: %s%s" STR_FMT,
				h->kind == HANDOFF_GRIP ? "the GRIP proxy for" : "backend",
				STR_ARG(h->sent->backend->name), why, more.len ? ": " : "", STR_ARG(more)));
	body_end(response.body);
	invocation_respond(i, response);
}

static void handed_off(struct task *t)
{
	struct invocation *i = container_of(t, struct invocation, handed_off.task);
	struct subrequest *sent = i->handoff->sent;
	struct fetch *f = sent->fetch;
	if (!f->settled) {
		watcher_start(&i->handed_off, &f->changed, handed_off);
	} else if (f->error != FETCH_OK) {
		respond_failed(i, connected(f->error) ? 502 : 503, fetch_error_text(f->error), f->error_text);
	} else if (f->response.status == 101 && !headers_has(&sent->request.headers, STR("upgrade"))) {
		respond_failed(i, 502, "it switched protocols, which nobody asked for", STR(""));
	} else {
		struct http_response response = f->response;
		response.reason = arena_str(&i->arena, response.reason);
		response.headers = headers_copy(&response.headers, &i->arena);
		f->response.body = NULL; /* the reference goes along */
		i->answered = true;
		invocation_respond(i, response);
	}
}

void invocation_hand_off(struct invocation *i, enum handoff_kind kind, struct backend *backend,
			 struct str path, const struct http_request *request)
{
	CHECK(!i->handoff && !i->responded);
	struct http_request upgrade = *request;
	struct trace_event *ev = trace_add(&i->trace, "handoff");
	trace_str(&i->trace, ev, "kind", str_from(handoff_kind_name(kind)));
	trace_str(&i->trace, ev, "backend", backend->name);
	trace_str(&i->trace, ev, "method", request->method);
	trace_str(&i->trace, ev, "url", request->uri);
	upgrade.upgrade = true;
	i->handoff = ARENA_NEW(&i->arena, struct handoff);
	i->handoff->kind = kind;
	i->handoff->sent = send(i, backend, path, &upgrade);
	handed_off(&i->handed_off.task);
}
