/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands behind the origins of a frame (--net): the network on the frame's own loop, or the file's
 * cassette, in which each frame has a take of its own.
 */
#include "runner/js/session.h"

#include "runner/run.h"

static enum run_net net_of(const struct js_session *s)
{
	return s->listing ? RUN_NET_NONE : s->options->net;
}

bool js_net_open_file(struct js_session *s, struct error *e)
{
	enum run_net net = net_of(s);
	bool ok = tape_open(&s->tape, net, s->file->path, s->options->redact, e);
	if (s->tape.path.len && net != RUN_NET_RECORD) /* which changes it itself */
		s->listener->depends(s->listener, s->tape.path);
	return ok;
}

bool js_net_open(struct js_session *s, struct test_frame *f, struct str name, struct error *e)
{
	struct origins *next;
	if (!outside_open(&f->outside, net_of(s), &s->options->trust, &s->tape, arena_str(&s->arena, name),
			  &f->loop, &next, e))
		return false;
	if (next)
		origins_rules_set_next(f->world->origins, next);
	return true;
}

/*
 * problems(frame, whether all went well) → what is wrong with its cassette; its recording is kept now. Once.
 */
JS_FUNCTION(problems)
{
	struct test_frame *f = session_frame_arg(c, 0);
	bool passed = js_arg_bool(c, 1);
	if (!f)
		return NULL;
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	if (!f->outside.tape)
		return array;
	unsigned at = 0;
	outside_end(&f->outside, passed && !f->outside.take.problems);
	for (const struct cassette_problem *p = f->outside.take.problems; p; p = p->next)
		js_push(c->ctx, array, &at, js_string(c->ctx, p->text));
	return array;
}

static const struct js_function functions[] = { { "problems", problems_callback } };
const struct js_module js_net_module = { "net", functions, COUNT_OF(functions) };
