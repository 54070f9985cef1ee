/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a test says of its frame's world as a whole: what is known of clients, the firewall's verdict,
 * products, API keys, limits.
 */
#include "runner/js/session.h"

/* ---- blocks of settings ---- */

/* Argument 0: the block's name. */
static const struct facts_block *block_arg(struct js_call *c)
{
	struct str name = js_arg_str(c, 0);
	const struct facts_block *block = facts_block_find(name);
	if (!block && !*c->exception)
		js_throw(c, "TypeError", "there are no settings '" STR_FMT "'", STR_ARG(name));
	return block;
}

/* set(block, name, value) */
JS_FUNCTION(set)
{
	struct error e;
	struct world *w = session_world(c);
	const struct facts_block *block = w ? block_arg(c) : NULL;
	struct str name = js_arg_str(c, 1), value = js_arg_str(c, 2);
	if (!block || *c->exception)
		return NULL;
	facts_own(&w->facts);
	struct facts *f = w->facts;
	if (settings_set(block->settings, facts_block_object(block, f), &f->arena, name, value, &e))
		return NULL;
	return js_throw(c, "TypeError", STR_FMT ": %s", STR_ARG(block->name), e.text);
}

/* get(block) → [name, value, …] of what is set */
JS_FUNCTION(get)
{
	struct world *w = session_world(c);
	const struct facts_block *block = w ? block_arg(c) : NULL;
	if (!block)
		return NULL;
	scoped(buf_fini) struct buf text = BUF_INIT(SIZE_MAX);
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	unsigned at = 0;
	for (size_t i = 0; i < block->settings->count; i++) {
		const struct setting *row = &block->settings->rows[i];
		buf_reset(&text);
		if (!setting_print(row, facts_block_object(block, w->facts), &text))
			continue;
		js_push(c->ctx, array, &at, js_string(c->ctx, row->name));
		js_push(c->ctx, array, &at, js_string(c->ctx, buf_str(&text)));
	}
	return array;
}

/* ---- limits ---- */

/* Argument 0: a limit's name; LIMITS: it has thrown. */
static enum limit limit_arg(struct js_call *c)
{
	struct str name = js_arg_str(c, 0);
	size_t best = 0;
	if (*c->exception)
		return LIMITS;
	if (limit_find(name) != LIMITS)
		return limit_find(name);
	for (size_t i = 1; i < LIMITS; i++) {
		if (str_distance(name, str_from(limit_rows[i].name)) <
		    str_distance(name, str_from(limit_rows[best].name)))
			best = i;
	}
	js_throw(c, "TypeError", "there is no limit '" STR_FMT "'; did you mean '%s'?", STR_ARG(name),
		 limit_rows[best].name);
	return LIMITS;
}

/* Argument 1: a bound: a number of ms, of bytes or of what is counted, or text. False: it has thrown. */
static bool bound_arg(struct js_call *c, enum limit limit, uint64_t *bound)
{
	struct error e = { 0 };
	JSValueRef v = js_arg(c, 1);
	bool good;
	if (jsc.ValueGetType(c->ctx, v) == kJSTypeNumber) {
		double n = js_arg_number(c, 1) * (limit_rows[limit].unit == LIMIT_IN_TIME ? 1e6 : 1);
		good = n >= 0 || FAIL(&e, INVALID, "it is below 0");
		*bound = n < 1.8e19 ? (uint64_t)MAX(n, 0.0) : limits_profile(STR("none"))->at[limit];
	} else {
		good = limit_parse(limit, js_arg_str(c, 1), bound, &e);
	}
	good = good && limit_check(limit, *bound, &e);
	if (!good && !*c->exception)
		js_throw(c, "TypeError", "limits: %s: %s", limit_rows[limit].name, e.text);
	return good && !*c->exception;
}

/* limit(name, bound, warn): from now on; `warn`: what exceeds it is only told of */
JS_FUNCTION(set_limit)
{
	uint64_t bound;
	struct world *w = session_world(c);
	enum limits_mode mode = js_arg_bool(c, 2) ? LIMITS_WARN : LIMITS_ENFORCE;
	enum limit limit = w ? limit_arg(c) : LIMITS;
	if (limit == LIMITS || !bound_arg(c, limit, &bound))
		return NULL;
	const struct world *opened = session_service(session_of(c))->world;
	uint64_t room = limits_memory_room(&opened->limits, opened->limits_mode);
	if (limit == LIMIT_memory_bytes && bound > room)
		return js_throw(
			c, "RangeError",
			"limits: memory: the service was loaded with room for %llu MiB; --limits-profile and "
			"[local_server.limits] can give it more",
			(unsigned long long)(room >> 20));
	limits_use_one(&w->limits, &w->noted, mode, limit, bound);
	if (limit == LIMIT_memory_bytes)
		w->limits_mode = mode;
	return NULL;
}

/* useLimits(profile, warn): all of them, by a profile's name */
JS_FUNCTION(use_limits)
{
	struct world *w = session_world(c);
	struct str name = js_arg_str(c, 0);
	const struct limits *profile = str_eq(name, STR("guard")) ? NULL : limits_profile(name);
	if (!w || *c->exception)
		return NULL;
	if (!profile)
		return js_throw(c, "TypeError", "there is no profile '" STR_FMT "'; there are: %s",
				STR_ARG(name), limits_profile_names);
	w->limits_mode = js_arg_bool(c, 1) ? LIMITS_WARN : LIMITS_ENFORCE;
	limits_use(&w->limits, &w->noted, w->limits_mode, profile);
	return NULL;
}

/* getLimit(name) → what is told of: of ms, bytes or what is counted; Infinity: there is no limit */
JS_FUNCTION(get_limit)
{
	struct world *w = session_world(c);
	enum limit limit = w ? limit_arg(c) : LIMITS;
	if (limit == LIMITS)
		return NULL;
	uint64_t bound = w->noted.at[limit];
	double n = bound == UNLIMITED ? __builtin_inf() : (double)bound;
	return js_number(c->ctx, limit_rows[limit].unit == LIMIT_IN_TIME ? n / 1e6 : n);
}

/* ---- API keys ---- */

/* addKey(key): the API key is valid */
JS_FUNCTION(add_key)
{
	struct world *w = session_world(c);
	struct str key = js_arg_str(c, 0);
	if (w && !*c->exception)
		world_add_fastly_key(w, key);
	return NULL;
}

/* removeKey(key) → was it valid? */
JS_FUNCTION(remove_key)
{
	struct world *w = session_world(c);
	struct str key = js_arg_str(c, 0);
	return w && !*c->exception ? js_bool(c->ctx, pmap_remove(&w->fastly_keys, key)) : NULL;
}

/* keys() → the valid ones */
JS_FUNCTION(keys)
{
	struct world *w = session_world(c);
	if (!w)
		return NULL;
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	unsigned at = 0;
	for (struct pmap_entry e = { 0 }; pmap_each(&w->fastly_keys, &e);)
		js_push(c->ctx, array, &at, js_string(c->ctx, e.key));
	return array;
}

static const struct js_function functions[] = {
	{ "set", set_callback },
	{ "get", get_callback },
	{ "limit", set_limit_callback },
	{ "useLimits", use_limits_callback },
	{ "getLimit", get_limit_callback },
	{ "addKey", add_key_callback },
	{ "removeKey", remove_key_callback },
	{ "keys", keys_callback },
};
const struct js_module js_facts_module = { "facts", functions, COUNT_OF(functions) };
