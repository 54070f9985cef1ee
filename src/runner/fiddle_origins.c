/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/fiddle_origins.h"

static struct origin_rule *make_rule(const struct script_origin *origin, const struct script_rule *r)
{
	static const enum origin_fault faults[] = {
		[SCRIPT_FAULT_NONE] = ORIGIN_ANSWERS,
		[SCRIPT_FAULT_REFUSE] = ORIGIN_REFUSE,
		[SCRIPT_FAULT_RESET] = ORIGIN_RESET,
		[SCRIPT_FAULT_TIMEOUT] = ORIGIN_TIMEOUT,
	};
	struct origin_rule *rule = origin_rule_new();
	rule->backend = arena_str(&rule->arena, origin->name);
	rule->method = arena_str(&rule->arena, r->method);
	rule->path = arena_str(&rule->arena, r->path);
	rule->answer.fault = faults[r->fault];
	rule->answer.delay_ns = r->delay_ms * NS_PER_MS;
	rule->answer.status = (uint16_t)r->status;
	if (r->type.len)
		headers_add(&rule->answer.headers, &rule->arena, STR("Content-Type"), r->type);
	for (size_t i = 0; i < r->header_count; i++)
		headers_add(&rule->answer.headers, &rule->arena, r->headers[i].name, r->headers[i].value);
	rule->answer.body = blob_new(r->body);
	return rule;
}

void fiddle_add_origins(struct world *w, const struct script_origin *origins, size_t count)
{
	for (size_t i = count; i-- > 0;) {
		for (size_t r = origins[i].rule_count; r-- > 0;)
			origins_rules_add(w->origins, make_rule(&origins[i], &origins[i].rules[r]));
	}
}

void fiddle_add_backends(struct world *w, const struct script_origin *origins, size_t count)
{
	struct error ignored;
	for (size_t i = 0; i < count; i++) {
		scoped(arena_fini) struct arena scratch = { 0 };
		if (world_backend(w, origins[i].name))
			continue;
		struct backend *b = backend_new(origins[i].name);
		if (backend_set_url(b, arena_printf(&scratch, "http://" STR_FMT, STR_ARG(origins[i].name)),
				    &ignored) ||
		    backend_set_url(b, STR("http://origin.invalid"), &ignored))
			world_add_backend(w, b);
		else
			backend_unref(&b);
	}
}
