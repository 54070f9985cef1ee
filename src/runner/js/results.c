/* SPDX-License-Identifier: Apache-2.0 */
/* Which tests of a file are to run, and what came of them, between Vitest's runner and ours. */
#include <string.h>

#include "base/mem.h"
#include "runner/filter.h"
#include "runner/js/session.h"
#include "runner/run.h"

enum { SUITES_MAX = 64, TESTS_MAX = 1 << 20, SNAPSHOT_NAMES_BYTES_MAX = 1 << 20 };

/* A test as JavaScript tells of it: { index, name, suites, line, column }. Lives in `a`. */
static struct test_result identify(const struct js_session *s, JSObjectRef test, struct arena *a)
{
	JSContextRef ctx = s->realm->ctx;
	JSObjectRef suites = (JSObjectRef)js_get(ctx, test, "suites");
	struct test_result r = { .file = s->file->path, .name = js_get_str(ctx, test, "name", a) };
	r.index = (uint32_t)jsc.ValueToNumber(ctx, js_get(ctx, test, "index"), NULL);
	r.line = (uint32_t)jsc.ValueToNumber(ctx, js_get(ctx, test, "line"), NULL);
	r.column = (uint32_t)jsc.ValueToNumber(ctx, js_get(ctx, test, "column"), NULL);
	r.suite_count = MIN(js_length(ctx, suites), (size_t)SUITES_MAX);
	struct str *names = arena_alloc(a, r.suite_count * sizeof *names);
	for (size_t i = 0; i < r.suite_count; i++)
		names[i] = js_str(ctx, js_at(ctx, suites, i), a);
	r.suites = names;
	return r;
}

struct choice {
	const struct js_session *s;
	JSObjectRef tests;
};

static bool wants(void *data, uint32_t index)
{
	const struct choice *choice = data;
	const struct js_session *s = choice->s;
	scoped(arena_fini) struct arena a = { 0 };
	JSObjectRef test = (JSObjectRef)js_at(s->realm->ctx, choice->tests, index);
	struct test_result who = identify(s, test, &a);
	return test_filter_wants(s->options->filter, &who);
}

/* plan(tests) → the indices of those that are to run, in their order */
JS_FUNCTION(plan)
{
	struct js_session *s = session_of(c);
	JSObjectRef tests = (JSObjectRef)js_arg(c, 0);
	struct choice choice = { s, tests };
	size_t count, planned;
	if (jsc.ValueGetType(c->ctx, js_arg(c, 0)) != kJSTypeObject)
		return js_throw(c, "TypeError", "argument 1 is no list of tests");
	count = MIN(js_length(c->ctx, tests), (size_t)TESTS_MAX);
	const uint32_t *indices = executor_plan(s->pass, count, wants, &choice, &c->arena, &planned);
	size_t first = MIN(s->pass->first, planned);
	s->position = first;
	s->seed = s->pass->first_seed;
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	for (size_t i = first; i < planned; i++)
		jsc.ObjectSetPropertyAtIndex(c->ctx, array, (unsigned)(i - first),
					     js_number(c->ctx, indices[i]), NULL);
	return array;
}

void session_break(struct js_session *s, struct str why)
{
	if (!s->broken)
		s->listener->broken(s->listener, arena_printf(&s->arena, "%s: " STR_FMT "\n", s->file->path,
							      STR_ARG(why)));
	s->broken = true;
}

/* starts(test) → false: no more tests are to be begun */
JS_FUNCTION(starts)
{
	struct js_session *s = session_of(c);
	if (s->broken || s->listener->stop(s->listener))
		return js_bool(c->ctx, false);
	struct test_result who = identify(s, (JSObjectRef)js_arg(c, 0), &c->arena);
	s->listener->starts(s->listener, s->position, &who);
	js_vm_limit(s->realm->vm, 0);
	s->deadline.at_ns = real_time_ns() + s->options->timeout_ns;
	return js_bool(c->ctx, true);
}

static enum test_status status_of(struct str name)
{
	for (unsigned i = 0; i < TEST_STATUSES; i++) {
		if (str_eq(name, str_from(test_status_name((enum test_status)i))))
			return (enum test_status)i;
	}
	return TEST_FAILED;
}

/* ended(test, { status, message, text, file, line, column, checks, trace }) → true: it is to be run again */
JS_FUNCTION(ended)
{
	struct js_session *s = session_of(c);
	JSContextRef ctx = c->ctx;
	if (s->broken)
		return js_bool(ctx, false);
	struct test_result r = identify(s, (JSObjectRef)js_arg(c, 0), &c->arena);
	JSObjectRef what = (JSObjectRef)js_arg(c, 1);
	r.status = status_of(js_get_str(ctx, what, "status", &c->arena));
	r.message = js_get_str(ctx, what, "message", &c->arena);
	r.text = js_get_str(ctx, what, "text", &c->arena);
	r.failed.file = js_get_str(ctx, what, "file", &c->arena);
	r.failed.line = (uint32_t)jsc.ValueToNumber(ctx, js_get(ctx, what, "line"), NULL);
	r.failed.column = (uint32_t)jsc.ValueToNumber(ctx, js_get(ctx, what, "column"), NULL);
	r.checks = (uint32_t)jsc.ValueToNumber(ctx, js_get(ctx, what, "checks"), NULL);
	r.trace = js_get_str(ctx, what, "trace", &c->arena);
	bool ran = r.status == TEST_PASSED || r.status == TEST_FAILED;
	if (ran && s->frame) {
		r.requests = s->frame->requests;
		r.ns = clock_monotonic(s->real) - s->frame->begun_ns;
	}
	if (r.status == TEST_FAILED)
		r.checks_failed = 1;
	r.checks = MAX(r.checks, r.checks_failed);
	s->listener->ended(s->listener, &r);
	js_vm_limit(s->realm->vm, s->limit_ns);
	s->deadline.at_ns = 0;
	uint64_t seed = s->pass->seed;
	bool again = r.status == TEST_FAILED && s->listener->again(s->listener, &seed);
	s->seed = again ? seed : s->pass->seed;
	if (ran && !again)
		s->position++;
	return js_bool(ctx, again);
}

/* broken(text): the file cannot be run */
JS_FUNCTION(broken)
{
	struct js_session *s = session_of(c);
	s->listener->broken(s->listener, js_arg_str(c, 0));
	return NULL;
}

/* depends(path): the file's results depend on that one */
JS_FUNCTION(depends)
{
	struct js_session *s = session_of(c);
	s->listener->depends(s->listener, js_arg_str(c, 0));
	return NULL;
}

/* warn(text): about what the run goes on without */
JS_FUNCTION(warn)
{
	struct js_session *s = session_of(c);
	s->listener->warning(s->listener, js_arg_str(c, 0));
	return NULL;
}

/* snapshots(written, updated, removed, names of obsolete ones) */
JS_FUNCTION(snapshots)
{
	struct js_session *s = session_of(c);
	struct test_snapshots t = { .written = (uint32_t)js_arg_number(c, 0),
				    .updated = (uint32_t)js_arg_number(c, 1),
				    .removed = (uint32_t)js_arg_number(c, 2) };
	scoped(buf_fini) struct buf names = BUF_INIT(SNAPSHOT_NAMES_BYTES_MAX);
	JSObjectRef list = jsc.ValueToObject(c->ctx, js_arg(c, 3), c->exception);
	if (*c->exception)
		return NULL;
	for (size_t i = 0, count = js_length(c->ctx, list); i < count; i++) {
		buf_add(&names, js_str(c->ctx, js_at(c->ctx, list, i), &c->arena));
		buf_add_char(&names, '\0');
	}
	t.obsolete = buf_str(&names);
	s->listener->snapshots(s->listener, &t);
	return NULL;
}

/* over() */
JS_FUNCTION(over)
{
	session_of(c)->over = session_of(c)->yield = true;
	return NULL;
}

/* uncaught(function): is told of what nobody caught */
JS_FUNCTION(on_uncaught)
{
	struct js_session *s = session_of(c);
	JSObjectRef function = js_arg_function(c, 0);
	if (!function)
		return NULL;
	js_unref(&s->on_uncaught);
	s->on_uncaught = js_ref(s->realm, function);
	return NULL;
}

static const struct js_function functions[] = {
	{ "plan", plan_callback },       { "starts", starts_callback },
	{ "ended", ended_callback },     { "broken", broken_callback },
	{ "over", over_callback },       { "uncaught", on_uncaught_callback },
	{ "depends", depends_callback }, { "snapshots", snapshots_callback },
	{ "warn", warn_callback },
};
const struct js_module js_results_module = { "results", functions, COUNT_OF(functions) };
