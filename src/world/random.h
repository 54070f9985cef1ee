/* SPDX-License-Identifier: Apache-2.0 */
/* Randomness, as an interface: the system's, or a stream that a seed repeats. */
#ifndef WORLD_RANDOM_H
#define WORLD_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct random {
	const struct random_ops *ops;
};

struct random_ops {
	const char *name;
	void (*fill)(struct random *, void *out, size_t len);
	struct random *(*fork)(struct random *);
	void (*destroy)(struct random *);
};

static inline void random_fill(struct random *r, void *out, size_t len)
{
	r->ops->fill(r, out, len);
}

uint64_t random_u64(struct random *r);

/* A seeded one goes on from the same state. */
must_use static inline struct random *random_fork(struct random *r)
{
	return r->ops->fork(r);
}

static inline void random_destroy(struct random **pr)
{
	if (*pr)
		(*pr)->ops->destroy(*pr);
	*pr = NULL;
}

must_use struct random *random_system_new(void);
/* A stream of bytes that the seed alone decides, on every machine and however it is cut into fills. */
must_use struct random *random_seeded_new(uint64_t seed);

#endif
