/* SPDX-License-Identifier: Apache-2.0 */
/* Origins: answers, the rules that give them, and calls of functions that answer. */
#include "base/check.h"
#include "base/mem.h"
#include "lib/lib_priv.h"

/* ---- answers ---- */

bl_answer *bl_answer_new(int status)
{
	if (status < 100 || status > 999)
		return NULL;
	struct bl_answer *a = NEW(struct bl_answer);
	a->rule = origin_rule_new();
	a->rule->answer.status = (uint16_t)status;
	return a;
}

void bl_answer_free(bl_answer *answer)
{
	if (!answer)
		return;
	origin_rule_unref(&answer->rule);
	mem_free(answer);
}

/* The rule inside; the answer is no more. */
static struct origin_rule *answer_open(bl_answer *taken)
{
	struct origin_rule *rule = take(taken->rule);
	mem_free(taken);
	return rule;
}

bool bl_answer_header(bl_answer *answer, const char *name, const char *value, bl_error **error)
{
	return lib_given(answer, "answer", error) &&
	       lib_header_add(&answer->rule->answer.headers, &answer->rule->arena, name, value, error);
}

bool bl_answer_trailer(bl_answer *answer, const char *name, const char *value, bl_error **error)
{
	return lib_given(answer, "answer", error) &&
	       lib_header_add(&answer->rule->answer.trailers, &answer->rule->arena, name, value, error);
}

bool bl_answer_body(bl_answer *answer, const void *bytes, size_t len, bl_error **error)
{
	if (!lib_given(answer, "answer", error) || (len && !lib_given(bytes, "bytes", error)))
		return false;
	blob_unref(&answer->rule->answer.body);
	answer->rule->answer.body = blob_new((struct str){ bytes, len });
	return true;
}

bool bl_answer_delay(bl_answer *answer, uint64_t ns, bl_error **error)
{
	if (!lib_given(answer, "answer", error))
		return false;
	answer->rule->answer.delay_ns = ns;
	return true;
}

bool bl_answer_fault(bl_answer *answer, const char *name, const char *words, bl_error **error)
{
	if (!lib_given(answer, "answer", error) || !lib_given(name, "name", error))
		return false;
	if (!origin_fault_find(str_from(name), &answer->rule->answer.fault))
		return lib_failf(
			error, ERROR_INVALID,
			"no fault '%s'; there are connection_refused, connection_terminated, dns_error, "
			"http_response_timeout and others: see backlot.h",
			name);
	answer->rule->answer.words = arena_str(&answer->rule->arena, str_from(words));
	return true;
}

bool bl_answer_step(bl_answer *answer, bl_step step, uint64_t at, uint64_t bytes, uint64_t ns,
		    bl_error **error)
{
	static const enum origin_step_kind kinds[] = {
		[BL_STEP_PAUSE] = ORIGIN_PAUSE,       [BL_STEP_DRIP] = ORIGIN_DRIP,
		[BL_STEP_RESET] = ORIGIN_RESET_AT,    [BL_STEP_STALL] = ORIGIN_STALL,
		[BL_STEP_TRUNCATE] = ORIGIN_TRUNCATE, [BL_STEP_BAD_CHUNK] = ORIGIN_BAD_CHUNK,
	};
	if (!lib_given(answer, "answer", error))
		return false;
	struct origin_answer *a = &answer->rule->answer;
	if ((size_t)step >= COUNT_OF(kinds))
		return lib_failf(error, ERROR_INVALID, "there is no step %d", (int)step);
	if (step == BL_STEP_DRIP && bytes == 0)
		return lib_failf(error, ERROR_INVALID, "a drip of 0 bytes never ends");
	if (a->step_count && a->steps[a->step_count - 1].at > at)
		return lib_failf(error, ERROR_INVALID, "steps come in the order of their places");
	origin_answer_step(answer->rule, a, (struct origin_step){ kinds[step], at, bytes, ns });
	return true;
}

/* ---- rules ---- */

static bool fill_rule(struct origin_rule *rule, const char *backend, const char *method, const char *path,
		      bl_error **error)
{
	if (path && *path != '/' && *path != '*')
		return lib_failf(error, ERROR_INVALID, "the path '%s' begins neither with '/' nor with '*'",
				 path);
	rule->backend = arena_str(&rule->arena, str_from(backend));
	rule->method = arena_str(&rule->arena, str_from(method));
	if (path)
		rule->path = arena_str(&rule->arena, str_from(path));
	return true;
}

bool bl_origin_answer(bl_world *world, const char *backend, const char *method, const char *path,
		      bl_answer *taken, bl_error **error)
{
	if (!lib_given(taken, "taken", error))
		return false;
	struct origin_rule *rule = answer_open(taken);
	if (!lib_given(world, "world", error)) {
		origin_rule_unref(&rule);
		return false;
	}
	lib_locked struct bl_service *s = lib_lock(world->service);
	bool ok = lib_changeable(world, error) && fill_rule(rule, backend, method, path, error);
	if (ok)
		origins_rules_add(world->world->origins, rule);
	else
		origin_rule_unref(&rule);
	return ok;
}

/* ---- functions that answer ---- */

struct lib_origin {
	struct origin_responder super;
	bl_origin_fn *answer;
	void *data;
	void (*release)(void *data);
};

struct bl_call {
	size_t refs;
	struct bl_world *world;
	struct origin_ask *ask;
	bool answered, kept;
};

static void call_unref(struct bl_call *call)
{
	if (--call->refs)
		return;
	lib_world_unref(call->world);
	origin_ask_unref(&call->ask);
	mem_free(call);
}

static void complain(struct bl_call *call)
{
	const struct origin_call *request = call->ask->call;
	struct origin_rule *rule = origin_rule_new();
	buf_printf(&call->world->complaints,
		   "the origin's function did not answer " STR_FMT " " STR_FMT " of backend '" STR_FMT "'\n",
		   STR_ARG(request->method), STR_ARG(request->path), STR_ARG(request->backend));
	rule->answer.fault = ORIGIN_BROKEN;
	rule->answer.words = STR("the origin's function did not answer");
	origin_ask_answer(call->ask, rule);
}

static void lib_origin_respond(struct origin_responder *super, struct origin_ask *ask)
{
	struct lib_origin *self = (struct lib_origin *)super;
	struct bl_call *call = NEW(struct bl_call);
	call->refs = 1;
	call->world = container_of(ask->loop, struct bl_world, loop);
	call->ask = (struct origin_ask *)rc_ref(&ask->rc);
	lib_world_ref(call->world);
	self->answer(self->data, call);
	if (!call->answered && !call->kept)
		complain(call);
	call_unref(call);
}

static const struct origin_responder_ops lib_origin_ops = { .name = "function",
							    .respond = lib_origin_respond };

static void lib_origin_destroy(struct rc *r)
{
	struct lib_origin *self = (struct lib_origin *)r;
	if (self->release)
		self->release(self->data);
	mem_free(self);
}

bool bl_origin(bl_world *world, const char *backend, const char *method, const char *path,
	       bl_origin_fn *answer, void *data, void (*release)(void *data), bl_error **error)
{
	if (!lib_given(world, "world", error))
		return false;
	if (!answer)
		return lib_failf(error, ERROR_INVALID, "answer is NULL");
	lib_locked struct bl_service *s = lib_lock(world->service);
	struct origin_rule *rule = origin_rule_new();
	if (!lib_changeable(world, error) || !fill_rule(rule, backend, method, path, error)) {
		origin_rule_unref(&rule);
		return false;
	}
	struct lib_origin *o = NEW(struct lib_origin);
	rc_init(&o->super.rc, lib_origin_destroy);
	o->super.ops = &lib_origin_ops;
	o->answer = answer;
	o->data = data;
	o->release = release;
	rule->answer.responder = &o->super;
	origins_rules_add(world->world->origins, rule);
	return true;
}

/* ---- calls ---- */

bl_world *bl_call_world(const bl_call *call)
{
	return call ? call->world : NULL;
}

const char *bl_call_backend(const bl_call *call)
{
	return call ? call->ask->call->backend.ptr : NULL;
}

const char *bl_call_method(const bl_call *call)
{
	return call ? call->ask->call->method.ptr : NULL;
}

const char *bl_call_url(const bl_call *call)
{
	return call ? call->ask->uri.ptr : NULL;
}

const char *bl_call_path(const bl_call *call)
{
	return call ? call->ask->call->path.ptr : NULL;
}

bl_bytes bl_call_header(const bl_call *call, const char *name)
{
	return call ? lib_header(&call->ask->call->headers, name) : (bl_bytes){ NULL, 0 };
}

bool bl_call_header_at(const bl_call *call, size_t index, bl_bytes *name, bl_bytes *value)
{
	return call && lib_header_at(&call->ask->call->headers, index, name, value);
}

bl_bytes bl_call_body(const bl_call *call)
{
	return call ? lib_bytes(buf_str(&call->ask->call->body)) : (bl_bytes){ NULL, 0 };
}

bool bl_call_answer(bl_call *call, bl_answer *taken, bl_error **error)
{
	if (!lib_given(taken, "taken", error))
		return false;
	struct origin_rule *rule = answer_open(taken);
	if (!lib_given(call, "call", error)) {
		origin_rule_unref(&rule);
		return false;
	}
	lib_locked struct bl_service *s = lib_lock(call->world->service);
	bool before = call->answered;
	call->answered = true;
	return origin_ask_answer(call->ask, rule) ||
	       lib_failf(
		       error, ERROR_TIMEOUT, "%s",
		       before ? "the call was answered before"
			      : "nobody waits for the answer any more: the service gave up, or its time was over");
}

bl_call *bl_call_keep(bl_call *call)
{
	if (!call)
		return NULL;
	lib_locked struct bl_service *s = lib_lock(call->world->service);
	call->kept = true;
	call->refs++;
	return call;
}

void bl_call_free(bl_call *call)
{
	if (!call)
		return;
	lib_locked struct bl_service *s = lib_lock(call->world->service);
	call_unref(call);
}
