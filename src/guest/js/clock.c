/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time and randomness of the world: Date.now(), performance.now(), Math.random(), crypto.getRandomValues().
 */
#include "guest/js/realm_priv.h"
#include "guest/js/value.h"

/* wall() → ms since 1970 */
JS_FUNCTION(wall)
{
	return js_number(c->ctx, (double)(clock_wall(c->realm->loop->clock) / NS_PER_MS));
}

/* monotonic() → ms since the realm began, with its fraction */
JS_FUNCTION(monotonic)
{
	uint64_t now = clock_monotonic(c->realm->loop->clock), start = c->realm->started_ns;
	return js_number(c->ctx, now > start ? (double)(now - start) / 1e6 : 0);
}

/* random() → 0 ≤ n < 1, 53 bits of it */
JS_FUNCTION(random)
{
	return js_number(c->ctx, (double)(random_u64(c->realm->random) >> 11) / 9007199254740992.0);
}

/* fill(view): random bytes */
JS_FUNCTION(fill)
{
	struct str bytes;
	if (!js_bytes(c->ctx, js_arg(c, 0), &bytes))
		return js_throw(c, "TypeError", "argument 1 has no bytes");
	random_fill(c->realm->random, (char *)bytes.ptr, bytes.len);
	return NULL;
}

static const struct js_function functions[] = {
	{ "wall", wall_callback },
	{ "monotonic", monotonic_callback },
	{ "random", random_callback },
	{ "fill", fill_callback },
};
const struct js_module js_clock_module = { "clock", functions, COUNT_OF(functions) };
