/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What time it is, as an interface: the system's clock, or a virtual one that stands still until somebody
 * moves it. Everything that knows time (guest clocks, timers, time-outs, ages, expiry, windows) reads a clock
 * and nothing else. All times are nanoseconds.
 */
#ifndef LOOP_CLOCK_H
#define LOOP_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_US UINT64_C(1000)

struct clock {
	const struct clock_ops *ops;
};

struct clock_ops {
	const char *name;
	uint64_t (*monotonic)(const struct clock *);
	uint64_t (*wall)(const struct clock *);
	/* Moves time to `monotonic_ns` when it may be moved. False: this clock moves by itself. */
	bool (*jump)(struct clock *, uint64_t monotonic_ns);
	void (*destroy)(struct clock *);
};

/* Never goes backwards; its zero means nothing. Timers use it. */
static inline uint64_t clock_monotonic(const struct clock *c)
{
	return c->ops->monotonic(c);
}

/* Since 1970-01-01 UTC. May be set, so it may go backwards. */
static inline uint64_t clock_wall(const struct clock *c)
{
	return c->ops->wall(c);
}

/* Moves a virtual clock on to `monotonic_ns`, never back. False for a clock that moves by itself. */
static inline bool clock_jump(struct clock *c, uint64_t monotonic_ns)
{
	return c->ops->jump(c, monotonic_ns);
}

/* Takes the pointer's address, leaves NULL behind; NULL is fine. */
static inline void clock_destroy(struct clock **pc)
{
	if (*pc)
		(*pc)->ops->destroy(*pc);
	*pc = NULL;
}

struct clock *clock_system_new(void);

/* Starts at `wall_ns` and moves only by clock_jump() and clock_virtual_set_wall(). */
struct clock *clock_virtual_new(uint64_t wall_ns);

/* Sets the wall time of a virtual clock, backwards too. Its monotonic time and so every timer is left alone.
 */
void clock_virtual_set_wall(struct clock *c, uint64_t wall_ns);

/*
 * From now on a virtual clock goes as fast as the system's, from what it shows, and is moved by nobody but
 * clock_virtual_skip(); or it stands still again.
 */
void clock_virtual_set_real(struct clock *c, bool real);
bool clock_virtual_is_real(const struct clock *c); /* false for a clock that is not virtual, too */

/* Moves a virtual clock on by so much, whether it stands or goes. */
void clock_virtual_skip(struct clock *c, uint64_t ns);

/* The system's monotonic time. Not a world's clock: it is for what must not last in reality. */
uint64_t real_time_ns(void);

/* CPU time this thread has used, ns. Not a world's clock: it measures guests. */
uint64_t cpu_time_ns(void);

#endif
