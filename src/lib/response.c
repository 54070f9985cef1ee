/* SPDX-License-Identifier: Apache-2.0 */
/* Requests under way, and what became of them. */
#include "base/check.h"
#include "base/mem.h"
#include "lib/lib_priv.h"

struct bl_response {
	size_t refs; /* the handle's, and that of whoever waits for it */
	struct bl_world *world;
	const struct bl_request *request; /* a reference: strings of the invocation are its */
	struct facts *facts;              /* the same, of the client's */
	struct arena arena;
	struct http_request http;
	struct memory_client client;
	size_t unmatched, complaints; /* of the world, when it began */
	uint64_t real_ns;
};

/* ---- life ---- */

static void response_unref(struct bl_response *r)
{
	if (--r->refs)
		return;
	memory_client_fini(&r->client);
	body_unref(&r->http.body);
	facts_unref(&r->facts);
	bl_request_free((struct bl_request *)r->request);
	lib_world_unref(r->world);
	arena_fini(&r->arena);
	mem_free(r);
}

void bl_response_free(bl_response *response)
{
	if (!response)
		return;
	lib_locked struct bl_service *s = lib_lock(response->world->service);
	response_unref(response);
}

/* ---- under way ---- */

static uint64_t real_now_ns(void)
{
	struct clock *c = clock_system_new();
	uint64_t now = clock_monotonic(c);
	clock_destroy(&c);
	return now;
}

/* What is known of a client is the world's, and over it what the request says. */
static struct bl_response *response_new(struct bl_world *w, const bl_request *request)
{
	struct bl_response *r = NEW(struct bl_response);
	r->refs = 1;
	r->world = w;
	lib_world_ref(w);
	r->request = lib_request_ref(request);
	r->facts = facts_ref(w->world->facts);
	arena_init(&r->arena);
	memory_client_init(&r->client);
	r->unmatched = origins_unmatched(w->world->origins);
	r->complaints = w->complaints.len;
	lib_request_make(request, &r->http, &w->loop, &r->arena);
	r->client.asked.http = &r->http;
	r->client.asked.client = r->facts->client;
	settings_overlay(&client_settings, &r->client.asked.client, &request->client);
	return r;
}

/* The world is being run. */
static struct bl_response *start(bl_world *world, const bl_request *request, bl_error **error)
{
	if (!lib_given(world, "world", error) || !lib_given(request, "request", error) ||
	    !lib_run_begin(world, error))
		return NULL;
	struct bl_response *r = response_new(world, request);
	memory_client_start(&r->client, world->service->service, world->world);
	return r;
}

/* Runs what is ready, without time passing. */
static void turn(struct bl_world *w)
{
	const bool never = false;
	loop_run(&w->loop, &never, clock_monotonic(w->clock));
}

bl_response *bl_fetch(bl_world *world, const bl_request *request, bl_error **error)
{
	if (!lib_given(world, "world", error))
		return NULL;
	lib_locked struct bl_service *s = lib_lock(world->service);
	uint64_t began_ns = real_now_ns();
	struct bl_response *r = start(world, request, error);
	if (!r)
		return NULL;
	memory_client_finish(&r->client);
	lib_run_end(world);
	r->real_ns = real_now_ns() - began_ns;
	return r;
}

bl_response *bl_fetch_start(bl_world *world, const bl_request *request, bl_error **error)
{
	if (!lib_given(world, "world", error))
		return NULL;
	lib_locked struct bl_service *s = lib_lock(world->service);
	uint64_t began_ns = real_now_ns();
	struct bl_response *r = start(world, request, error);
	if (!r)
		return NULL;
	turn(world);
	lib_run_end(world);
	r->real_ns = real_now_ns() - began_ns;
	return r;
}

static const bool *flag_of(struct bl_response *r, bl_until until)
{
	switch (until) {
	case BL_UNTIL_HEAD:
		return &r->client.invocation->responded;
	case BL_UNTIL_BODY:
		return &r->client.read;
	case BL_UNTIL_END:
		return &r->client.done;
	case BL_UNTIL_NOW:
		break;
	}
	return NULL;
}

bool bl_response_wait(bl_response *response, bl_until until, bl_error **error)
{
	if (!lib_given(response, "response", error))
		return false;
	struct bl_world *w = response->world;
	lib_locked struct bl_service *s = lib_lock(w->service);
	const bool *flag = flag_of(response, until);
	if (!flag && until != BL_UNTIL_NOW)
		return lib_failf(error, ERROR_INVALID, "nothing to wait for has the number %d", (int)until);
	if (!lib_run_begin(w, error))
		return false;
	uint64_t began_ns = real_now_ns();
	response->refs++;
	if (!flag)
		turn(w);
	else if (!*flag)
		loop_run(&w->loop, flag, UINT64_MAX);
	bool ok = !flag || *flag ||
		  lib_failf(error, ERROR_TIMEOUT,
			    "the service waits for something that does not come by itself");
	response->real_ns += real_now_ns() - began_ns;
	response_unref(response);
	lib_run_end(w);
	return ok;
}

/* ---- what the client sees ---- */

/* Another thread may be running it: whoever looks has the lock. */
static const struct http_response *head_of(const struct bl_response *r)
{
	static const struct http_response none;
	return r->client.invocation->responded ? &r->client.invocation->response : &none;
}

int bl_response_status(const bl_response *response)
{
	if (!response)
		return 0;
	lib_locked struct bl_service *s = lib_lock(response->world->service);
	return head_of(response)->status;
}

bl_bytes bl_response_header(const bl_response *response, const char *name)
{
	if (!response)
		return (bl_bytes){ NULL, 0 };
	lib_locked struct bl_service *s = lib_lock(response->world->service);
	return lib_header(&head_of(response)->headers, name);
}

bool bl_response_header_at(const bl_response *response, size_t index, bl_bytes *name, bl_bytes *value)
{
	if (!response)
		return false;
	lib_locked struct bl_service *s = lib_lock(response->world->service);
	return lib_header_at(&head_of(response)->headers, index, name, value);
}

bool bl_response_trailer_at(const bl_response *response, size_t index, bl_bytes *name, bl_bytes *value)
{
	if (!response)
		return false;
	lib_locked struct bl_service *s = lib_lock(response->world->service);
	const struct body *body = head_of(response)->body;
	return body && response->client.complete && lib_header_at(&body->trailers, index, name, value);
}

bl_bytes bl_response_body(const bl_response *response)
{
	if (!response)
		return (bl_bytes){ NULL, 0 };
	lib_locked struct bl_service *s = lib_lock(response->world->service);
	return lib_bytes(buf_str(&response->client.body));
}

static bool is_complete(const struct bl_response *r)
{
	return r->client.complete && !r->client.body.full;
}

bool bl_response_complete(const bl_response *response)
{
	if (!response)
		return false;
	lib_locked struct bl_service *s = lib_lock(response->world->service);
	return is_complete(response);
}

/* ---- how it ended ---- */

bl_outcome bl_response_outcome(const bl_response *response)
{
	static const bl_outcome outcomes[] = {
		[OUTCOME_RUNNING] = BL_RUNNING, [OUTCOME_OK] = BL_OK,
		[OUTCOME_EXIT] = BL_EXIT,       [OUTCOME_TRAP] = BL_TRAP,
		[OUTCOME_LIMIT] = BL_LIMIT,     [OUTCOME_CANCELLED] = BL_CANCELLED,
		[OUTCOME_FAILED] = BL_FAILED,
	};
	if (!response)
		return BL_FAILED;
	lib_locked struct bl_service *s = lib_lock(response->world->service);
	return outcomes[response->client.invocation->outcome];
}

int bl_response_exit_code(const bl_response *response)
{
	if (!response)
		return 0;
	lib_locked struct bl_service *s = lib_lock(response->world->service);
	return response->client.invocation->exit_code;
}

bl_bytes bl_response_report(const bl_response *response)
{
	if (!response)
		return (bl_bytes){ NULL, 0 };
	lib_locked struct bl_service *s = lib_lock(response->world->service);
	return lib_bytes(response->client.invocation->report);
}

static void describe_end(const struct bl_response *r, struct buf *out)
{
	const struct invocation *i = r->client.invocation;
	const char *how = r->client.stuck                   ? "waits for something that never comes"
			  : i->outcome == OUTCOME_RUNNING   ? "still runs"
			  : i->outcome == OUTCOME_EXIT      ? "exited with an error"
			  : i->outcome == OUTCOME_LIMIT     ? "was stopped by a limit"
			  : i->outcome == OUTCOME_CANCELLED ? "was stopped"
			  : i->outcome == OUTCOME_FAILED    ? "could not be started"
							    : "crashed";
	if (i->outcome == OUTCOME_OK)
		return;
	buf_printf(out, "the service %s%s\n", how, i->answered ? " after its response" : "");
	buf_add(out, i->report);
	if (i->report.len)
		buf_add_char(out, '\n');
}

/* What the world's origins could not answer since this request began. */
static void describe_origins(const struct bl_response *r, struct buf *out)
{
	const struct origins *o = r->world->world->origins;
	for (size_t i = r->unmatched; i < origins_unmatched(o); i++) {
		buf_add(out, origins_unmatched_text(o, i));
		buf_add_char(out, '\n');
	}
	struct str complaints = buf_str(&r->world->complaints);
	buf_add(out, str_sub(complaints, r->complaints, complaints.len));
}

bool bl_response_check(const bl_response *response, bl_error **error)
{
	if (!lib_given(response, "response", error))
		return false;
	lib_locked struct bl_service *s = lib_lock(response->world->service);
	scoped(buf_fini) struct buf text = BUF_INIT(LIB_TEXT_BYTES_MAX);
	describe_end(response, &text);
	if (response->client.invocation->responded && !is_complete(response))
		buf_add(&text, response->client.read ? STR("the response's body broke off\n")
						     : STR("the response's body has not ended\n"));
	describe_origins(response, &text);
	if (!text.len)
		return true;
	return lib_fail_text(error, ERROR_INTERNAL, str_sub(buf_str(&text), 0, text.len - 1));
}

/* ---- what happened ---- */

bool bl_response_log(const bl_response *response, const char *endpoint, size_t index, bl_bytes *message,
		     bl_bytes *endpoint_out)
{
	if (!response)
		return false;
	lib_locked struct bl_service *s = lib_lock(response->world->service);
	const struct log_entry *l = response->client.invocation->logs;
	for (; l; l = l->next) {
		if (endpoint && !str_eq(l->endpoint, str_from(endpoint)))
			continue;
		if (index-- == 0)
			break;
	}
	if (l && message)
		*message = lib_bytes(l->message);
	if (l && endpoint_out)
		*endpoint_out = lib_bytes(l->endpoint);
	return l != NULL;
}

bool bl_response_sent(const bl_response *response, size_t index, bl_sent *out)
{
	if (!response || !out)
		return false;
	lib_locked struct bl_service *s = lib_lock(response->world->service);
	const struct subrequest *sub = response->client.invocation->subrequests;
	while (sub && index-- > 0)
		sub = sub->next;
	if (!sub)
		return false;
	const struct fetch *f = sub->fetch;
	*out = (bl_sent){ .backend = lib_bytes(sub->backend->name),
			  .method = lib_bytes(sub->request.method),
			  .url = lib_bytes(sub->request.uri),
			  .path = lib_bytes(sub->path),
			  .dynamic = sub->backend->dynamic };
	if (f->settled && f->error == FETCH_OK)
		out->status = f->response.status;
	else if (f->settled)
		out->error = lib_bytes(str_from(fetch_error_name(f->error)));
	return true;
}

bl_data *bl_response_trace(const bl_response *response, bl_error **error)
{
	if (!lib_given(response, "response", error))
		return NULL;
	lib_locked struct bl_service *s = lib_lock(response->world->service);
	scoped(buf_fini) struct buf out = BUF_INIT(SIZE_MAX);
	trace_print_json(&response->client.invocation->trace, &out);
	return lib_data(buf_str(&out));
}

bl_timing bl_response_timing(const bl_response *response)
{
	if (!response)
		return (bl_timing){ 0 };
	lib_locked struct bl_service *s = lib_lock(response->world->service);
	const struct invocation *i = response->client.invocation;
	uint64_t until = i->ended ? i->ended_ns : clock_monotonic(response->world->clock);
	return (bl_timing){ .virtual_ns = until - i->started_ns,
			    .real_ns = response->real_ns,
			    .cpu_ns = i->cpu_ns,
			    .memory_bytes = i->memory_bytes,
			    .host_calls = i->hostcalls,
			    .subrequests = i->subrequest_count };
}
