/* SPDX-License-Identifier: Apache-2.0 */
/* setTimeout() and its kin, on the world's clock (HTML, 8.6 "Timers"). */
#include "base/mem.h"
#include "guest/js/realm_priv.h"
#include "guest/js/value.h"

/* Delays beyond this many ms are 1 ms, as everywhere: they do not fit 31 bits. */
#define DELAY_MS_MAX 2147483647.0

struct js_timer {
	struct list link;
	struct timer timer;
	struct realm *realm;
	struct loop *loop;
	struct js_ref function;
	uint64_t every_ns; /* 0: once */
	uint32_t number;
	bool patient;
};

static void timer_free(struct js_timer *t)
{
	timer_stop(t->loop, &t->timer);
	list_remove(&t->link);
	js_unref(&t->function);
	mem_free(t);
}

static void fire(struct timer *timer)
{
	struct js_timer *t = container_of(timer, struct js_timer, timer);
	struct realm *r = t->realm;
	struct js_ref function = js_ref(r, t->function.value);
	r->loop = t->loop;
	if (r->ops->enters)
		r->ops->enters(r->data, t->loop);
	if (t->every_ns)
		timer_start(t->loop, &t->timer, t->every_ns);
	else
		timer_free(t);
	realm_call(r, (JSObjectRef)function.value, 0, NULL);
	js_unref(&function);
}

/* start(function, ms, repeat, patient) → number */
JS_FUNCTION(start)
{
	JSObjectRef function = js_arg_function(c, 0);
	double ms = js_arg_number(c, 1);
	bool repeat = js_arg_bool(c, 2);
	if (!function || *c->exception)
		return NULL;
	if (!(ms >= 0))
		ms = 0;
	if (ms > DELAY_MS_MAX || (repeat && ms < 1))
		ms = 1;
	struct realm *r = c->realm;
	struct js_timer *t = NEW(struct js_timer);
	t->realm = r;
	t->loop = r->loop;
	t->function = js_ref(r, function);
	t->number = ++r->next_timer;
	t->timer.fire = fire;
	uint64_t ns = (uint64_t)(ms * 1e6);
	t->every_ns = repeat ? ns : 0;
	t->patient = js_arg_bool(c, 3);
	list_push(&r->timers, &t->link);
	timer_start(t->loop, &t->timer, ns);
	return js_number(c->ctx, t->number);
}

/* stop(number): nothing happens when there is none of that number. The newest are looked at first. */
JS_FUNCTION(stop)
{
	double number = js_arg_number(c, 0);
	for (struct list *it = c->realm->timers.prev; it != &c->realm->timers; it = it->prev) {
		struct js_timer *t = container_of(it, struct js_timer, link);
		if (t->number == number) {
			timer_free(t);
			break;
		}
	}
	return NULL;
}

static const struct js_function functions[] = { { "start", start_callback }, { "stop", stop_callback } };
const struct js_module js_timers_module = { "timers", functions, COUNT_OF(functions) };

void js_timers_stop(struct realm *r)
{
	list_each(it, &r->timers)
		timer_free(container_of(it, struct js_timer, link));
}

void realm_leave_loop(struct realm *r, struct loop *loop)
{
	list_each(it, &r->timers) {
		struct js_timer *t = container_of(it, struct js_timer, link);
		if (t->loop == loop)
			timer_free(t);
	}
}

void realm_shift_patient(struct realm *r, struct loop *loop, uint64_t ns)
{
	list_each(it, &r->timers) {
		struct js_timer *t = container_of(it, struct js_timer, link);
		if (t->loop == loop && t->patient)
			timer_start(loop, &t->timer, t->timer.at_ns + ns - clock_monotonic(loop->clock));
	}
}

size_t realm_count_patient(const struct realm *r, const struct loop *loop)
{
	size_t count = 0;
	for (const struct list *it = r->timers.next; it != &r->timers; it = it->next) {
		const struct js_timer *t = container_of(it, struct js_timer, link);
		count += t->loop == loop && t->patient;
	}
	return count;
}
