/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_erl: rate counters and penalty boxes, by name. */
#include "guest/wasm/sandbox.h"

static uint64_t now_ns(struct sandbox *sb)
{
	return clock_monotonic(sandbox_loop(sb)->clock);
}

static struct rates *rates_of(struct sandbox *sb)
{
	return sb->world->rates;
}

static enum abi_status status_of(bool ok, const struct error *e)
{
	return ok ? ABI_OK : e->kind == ERROR_INVALID ? ABI_INVAL : ABI_ERROR;
}

/* An event about an entry of a counter or a box; what is unknown yet is added to it. */
static struct trace_event *note(struct sandbox *sb, const char *type, const char *of, struct str name,
				struct str entry)
{
	struct trace *trace = &sb->invocation->trace;
	struct trace_event *ev = trace_add(trace, type);
	trace_str(trace, ev, of, name);
	trace_str(trace, ev, "entry", entry);
	return ev;
}

enum abi_status hostcall_erl_check_rate(struct sandbox *sb, struct erl_check_rate_args *a)
{
	struct error e;
	struct rates_check check = { .counter = a->rc,
				     .entry = a->entry,
				     .box = a->pb,
				     .delta = a->delta,
				     .window_s = a->window,
				     .limit = a->limit,
				     .ttl_s = a->ttl };
	struct trace *trace = &sb->invocation->trace;
	if (!rates_check(rates_of(sb), now_ns(sb), &check, &e))
		return status_of(false, &e);
	struct trace_event *ev = note(sb, "rate-check", "counter", a->rc, a->entry);
	trace_str(trace, ev, "box", a->pb);
	trace_number(trace, ev, "delta", a->delta);
	trace_number(trace, ev, "window", a->window);
	trace_number(trace, ev, "limit", a->limit);
	trace_number(trace, ev, "count", (double)check.count);
	trace_bool(trace, ev, "over", check.over);
	trace_bool(trace, ev, "blocked", check.blocked);
	put_u32(a->blocked, check.blocked);
	return ABI_OK;
}

enum abi_status hostcall_erl_ratecounter_increment(struct sandbox *sb,
						   struct erl_ratecounter_increment_args *a)
{
	struct error e;
	if (!rates_add(rates_of(sb), now_ns(sb), a->rc, a->entry, a->delta, &e))
		return status_of(false, &e);
	struct trace_event *ev = note(sb, "rate-increment", "counter", a->rc, a->entry);
	trace_number(&sb->invocation->trace, ev, "delta", a->delta);
	return ABI_OK;
}

enum abi_status hostcall_erl_ratecounter_lookup_rate(struct sandbox *sb,
						     struct erl_ratecounter_lookup_rate_args *a)
{
	struct error e;
	uint32_t rate;
	if (!rates_rate(rates_of(sb), now_ns(sb), a->rc, a->entry, a->window, &rate, &e))
		return status_of(false, &e);
	struct trace_event *ev = note(sb, "rate-lookup", "counter", a->rc, a->entry);
	trace_number(&sb->invocation->trace, ev, "window", a->window);
	trace_number(&sb->invocation->trace, ev, "rate", rate);
	put_u32(a->rate, rate);
	return ABI_OK;
}

enum abi_status hostcall_erl_ratecounter_lookup_count(struct sandbox *sb,
						      struct erl_ratecounter_lookup_count_args *a)
{
	struct error e;
	uint64_t count;
	if (a->duration == 1) /* a window that only rates have */
		return ABI_INVAL;
	if (!rates_count(rates_of(sb), now_ns(sb), a->rc, a->entry, a->duration, &count, &e))
		return status_of(false, &e);
	struct trace_event *ev = note(sb, "rate-lookup", "counter", a->rc, a->entry);
	trace_number(&sb->invocation->trace, ev, "duration", a->duration);
	trace_number(&sb->invocation->trace, ev, "count", (double)count);
	put_u32(a->count, (uint32_t)MIN(count, (uint64_t)UINT32_MAX));
	return ABI_OK;
}

enum abi_status hostcall_erl_penaltybox_add(struct sandbox *sb, struct erl_penaltybox_add_args *a)
{
	struct error e;
	if (!rates_penalize(rates_of(sb), now_ns(sb), a->pb, a->entry, a->ttl, &e))
		return status_of(false, &e);
	struct trace_event *ev = note(sb, "penalty-add", "box", a->pb, a->entry);
	trace_number(&sb->invocation->trace, ev, "ttl", a->ttl);
	return ABI_OK;
}

enum abi_status hostcall_erl_penaltybox_has(struct sandbox *sb, struct erl_penaltybox_has_args *a)
{
	struct error e;
	uint64_t left_ns;
	if (!rates_penalized(rates_of(sb), now_ns(sb), a->pb, a->entry, &left_ns, &e))
		return status_of(false, &e);
	struct trace_event *ev = note(sb, "penalty-lookup", "box", a->pb, a->entry);
	trace_bool(&sb->invocation->trace, ev, "has", left_ns > 0);
	put_u32(a->has, left_ns > 0);
	return ABI_OK;
}
