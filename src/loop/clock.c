/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/clock.h"

#include <time.h>

#include "base/check.h"
#include "base/mem.h"

static uint64_t read_clock(clockid_t id)
{
	struct timespec t;
	CHECK(clock_gettime(id, &t) == 0);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

uint64_t cpu_time_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t real_time_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/* ---- system ---- */

static uint64_t system_monotonic(const struct clock *c)
{
	(void)c;
	return real_time_ns();
}

static uint64_t system_wall(const struct clock *c)
{
	(void)c;
	return read_clock(CLOCK_REALTIME);
}

static bool system_jump(struct clock *c, uint64_t monotonic_ns)
{
	(void)c, (void)monotonic_ns;
	return false;
}

static void plain_destroy(struct clock *c)
{
	mem_free(c);
}

static const struct clock_ops system_ops = {
	.name = "system",
	.monotonic = system_monotonic,
	.wall = system_wall,
	.jump = system_jump,
	.destroy = plain_destroy,
};

struct clock *clock_system_new(void)
{
	struct clock *c = NEW(struct clock);
	c->ops = &system_ops;
	return c;
}

/* ---- virtual ---- */

struct clock_virtual {
	struct clock super;
	uint64_t monotonic_ns;
	uint64_t wall_minus_monotonic; /* wraps, so that wall may be set to before the start */
	uint64_t real_since_ns; /* the system's time at `monotonic_ns`, which it goes with; 0: it stands */
};

static uint64_t virtual_monotonic(const struct clock *c)
{
	const struct clock_virtual *self = (const struct clock_virtual *)c;
	uint64_t went = self->real_since_ns ? real_time_ns() - self->real_since_ns : 0;
	return self->monotonic_ns + went;
}

static uint64_t virtual_wall(const struct clock *c)
{
	const struct clock_virtual *self = (const struct clock_virtual *)c;
	return virtual_monotonic(c) + self->wall_minus_monotonic;
}

static bool virtual_jump(struct clock *c, uint64_t monotonic_ns)
{
	struct clock_virtual *self = (struct clock_virtual *)c;
	if (self->real_since_ns)
		return false;
	self->monotonic_ns = MAX(self->monotonic_ns, monotonic_ns);
	return true;
}

static const struct clock_ops virtual_ops = {
	.name = "virtual",
	.monotonic = virtual_monotonic,
	.wall = virtual_wall,
	.jump = virtual_jump,
	.destroy = plain_destroy,
};

struct clock *clock_virtual_new(uint64_t wall_ns)
{
	struct clock_virtual *self = NEW(struct clock_virtual);
	self->super.ops = &virtual_ops;
	self->monotonic_ns = NS_PER_S; /* not 0, which some guests take for "no time" */
	clock_virtual_set_wall(&self->super, wall_ns);
	return &self->super;
}

void clock_virtual_set_wall(struct clock *c, uint64_t wall_ns)
{
	struct clock_virtual *self = (struct clock_virtual *)c;
	CHECK(c->ops == &virtual_ops);
	self->wall_minus_monotonic = wall_ns - virtual_monotonic(c);
}

void clock_virtual_set_real(struct clock *c, bool real)
{
	struct clock_virtual *self = (struct clock_virtual *)c;
	CHECK(c->ops == &virtual_ops);
	self->monotonic_ns = virtual_monotonic(c);
	self->real_since_ns = real ? real_time_ns() : 0;
}

bool clock_virtual_is_real(const struct clock *c)
{
	return c->ops == &virtual_ops && ((const struct clock_virtual *)c)->real_since_ns;
}

void clock_virtual_skip(struct clock *c, uint64_t ns)
{
	CHECK(c->ops == &virtual_ops);
	((struct clock_virtual *)c)->monotonic_ns += ns;
}
