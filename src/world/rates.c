/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every implementation: bounds, and what is made of the four calls. */
#include "world/rates.h"

#include "loop/clock.h"

static bool check_name(struct str name, const char *what, struct error *e)
{
	return name.len <= RATES_NAME_BYTES_MAX ||
	       FAIL(e, INVALID, "the name of the %s has %zu bytes, more than %d", what, name.len,
		    RATES_NAME_BYTES_MAX);
}

static bool check_entry(struct str entry, struct error *e)
{
	return entry.len <= RATES_ENTRY_BYTES_MAX ||
	       FAIL(e, INVALID, "the entry has %zu bytes, more than %d", entry.len, RATES_ENTRY_BYTES_MAX);
}

static bool check_delta(uint32_t delta, struct error *e)
{
	return delta <= RATES_DELTA_MAX ||
	       FAIL(e, INVALID, "%u is no increment: it is from 0 to %d", delta, RATES_DELTA_MAX);
}

static bool check_rate_window(uint32_t window_s, struct error *e)
{
	return window_s == 1 || window_s == 10 || window_s == 60 ||
	       FAIL(e, INVALID, "%u is no window: it is 1, 10 or 60 seconds", window_s);
}

static bool check_ttl(uint32_t ttl_s, struct error *e)
{
	return (ttl_s >= RATES_PENALTY_S_MIN && ttl_s <= RATES_PENALTY_S_MAX) ||
	       FAIL(e, INVALID, "%u seconds is no penalty: it is from %d to %d", ttl_s, RATES_PENALTY_S_MIN,
		    RATES_PENALTY_S_MAX);
}

bool rates_add(struct rates *r, uint64_t now_ns, struct str counter, struct str entry, uint32_t delta,
	       struct error *e)
{
	return check_name(counter, "rate counter", e) && check_entry(entry, e) && check_delta(delta, e) &&
	       r->ops->add(r, now_ns, counter, entry, delta, e);
}

bool rates_count(struct rates *r, uint64_t now_ns, struct str counter, struct str entry, uint32_t window_s,
		 uint64_t *count, struct error *e)
{
	if (!check_name(counter, "rate counter", e) || !check_entry(entry, e))
		return false;
	if (window_s != 1 && (window_s % 10 != 0 || window_s == 0 || window_s > RATES_WINDOW_S_MAX))
		return FAIL(e, INVALID, "%u is no duration: it is 1, 10, 20, 30, 40, 50 or 60 seconds",
			    window_s);
	return r->ops->count(r, now_ns, counter, entry, window_s, count, e);
}

bool rates_rate(struct rates *r, uint64_t now_ns, struct str counter, struct str entry, uint32_t window_s,
		uint32_t *rate, struct error *e)
{
	uint64_t count;
	if (!check_rate_window(window_s, e) || !rates_count(r, now_ns, counter, entry, window_s, &count, e))
		return false;
	*rate = (uint32_t)MIN(count / window_s, (uint64_t)UINT32_MAX);
	return true;
}

bool rates_penalize(struct rates *r, uint64_t now_ns, struct str box, struct str entry, uint32_t ttl_s,
		    struct error *e)
{
	return check_name(box, "penalty box", e) && check_entry(entry, e) && check_ttl(ttl_s, e) &&
	       r->ops->penalize(r, now_ns, box, entry, ttl_s / 60 * 60 * NS_PER_S, e);
}

bool rates_penalized(struct rates *r, uint64_t now_ns, struct str box, struct str entry, uint64_t *left_ns,
		     struct error *e)
{
	return check_name(box, "penalty box", e) && check_entry(entry, e) &&
	       r->ops->penalized(r, now_ns, box, entry, left_ns, e);
}

bool rates_check(struct rates *r, uint64_t now_ns, struct rates_check *c, struct error *e)
{
	uint64_t left_ns;
	if (!check_name(c->counter, "rate counter", e) || !check_name(c->box, "penalty box", e) ||
	    !check_entry(c->entry, e) || !check_delta(c->delta, e) || !check_rate_window(c->window_s, e) ||
	    !check_ttl(c->ttl_s, e))
		return false;
	if (c->limit > RATES_LIMIT_MAX)
		return FAIL(e, INVALID, "%u is no limit: it is at most %d a second", c->limit,
			    RATES_LIMIT_MAX);
	if (!rates_add(r, now_ns, c->counter, c->entry, c->delta, e) ||
	    !rates_count(r, now_ns, c->counter, c->entry, c->window_s, &c->count, e))
		return false;
	c->over = c->count > (uint64_t)c->limit * c->window_s;
	if (c->over && !rates_penalize(r, now_ns, c->box, c->entry, c->ttl_s, e))
		return false;
	if (!rates_penalized(r, now_ns, c->box, c->entry, &left_ns, e))
		return false;
	c->blocked = left_ns > 0;
	return true;
}
