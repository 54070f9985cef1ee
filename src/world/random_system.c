/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/random.h>

#include "base/check.h"
#include "base/mem.h"
#include "world/random.h"

static void random_system_fill(struct random *super, void *out, size_t len)
{
	(void)super;
	for (char *at = out; len > 0;) {
		ssize_t got = getrandom(at, len, 0);
		if (got < 0 && errno == EINTR)
			continue;
		CHECK(got > 0); /* the kernel's generator does not fail once it runs */
		at += got;
		len -= (size_t)got;
	}
}

static struct random *random_system_fork(struct random *super)
{
	(void)super;
	return random_system_new();
}

static void random_system_destroy(struct random *super)
{
	mem_free(super);
}

static const struct random_ops random_system_ops = {
	.name = "system",
	.fill = random_system_fill,
	.fork = random_system_fork,
	.destroy = random_system_destroy,
};

struct random *random_system_new(void)
{
	struct random *r = NEW(struct random);
	r->ops = &random_system_ops;
	return r;
}
