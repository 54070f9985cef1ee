/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/fiddle_origins.h"

static enum origin_fault fault_of(enum script_fault fault)
{
	static const enum origin_fault faults[] = { [SCRIPT_FAULT_NONE] = ORIGIN_ANSWERS,
#define X(id, word, doc) [SCRIPT_FAULT_##id] = ORIGIN_##id,
						    SCRIPT_FAULTS(X)
#undef X
	};
	return faults[fault];
}

static void add_fields(struct headers *h, struct arena *a, const struct script_header *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		headers_add(h, a, fields[i].name, fields[i].value);
}

static void make_answer(struct origin_rule *rule, struct origin_answer *answer, const struct script_answer *a)
{
	static const enum origin_step_kind kinds[] = {
		[SCRIPT_STEP_PAUSE] = ORIGIN_PAUSE,       [SCRIPT_STEP_DRIP] = ORIGIN_DRIP,
		[SCRIPT_STEP_RESET] = ORIGIN_RESET_AT,    [SCRIPT_STEP_STALL] = ORIGIN_STALL,
		[SCRIPT_STEP_TRUNCATE] = ORIGIN_TRUNCATE, [SCRIPT_STEP_BAD_CHUNK] = ORIGIN_BAD_CHUNK,
	};
	answer->fault = fault_of(a->fault);
	answer->delay_ns = a->delay_ms * NS_PER_MS;
	answer->status = (uint16_t)a->status;
	if (a->type.len)
		headers_add(&answer->headers, &rule->arena, STR("Content-Type"), a->type);
	add_fields(&answer->headers, &rule->arena, a->headers, a->header_count);
	add_fields(&answer->trailers, &rule->arena, a->trailers, a->trailer_count);
	answer->body = blob_new(a->body);
	for (size_t i = 0; i < a->step_count; i++) {
		const struct script_step *s = &a->steps[i];
		origin_answer_step(rule, answer,
				   (struct origin_step){ kinds[s->kind], s->after, s->bytes,
							 s->ms * NS_PER_MS });
	}
}

static struct origin_rule *make_rule(struct str file, const struct script_origin *origin,
				     const struct script_rule *r)
{
	static const enum origin_part parts[] = {
		[SCRIPT_HEADER] = ORIGIN_HEADER, [SCRIPT_QUERY] = ORIGIN_QUERY, [SCRIPT_BODY] = ORIGIN_BODY
	};
	struct origin_rule *rule = origin_rule_new();
	rule->backend = arena_str(&rule->arena, origin->name);
	rule->method = arena_str(&rule->arena, r->method);
	rule->path = arena_str(&rule->arena, r->path);
	rule->place = arena_printf(&rule->arena, STR_FMT ":%zu", STR_ARG(file), r->line);
	rule->expects = r->expects;
	rule->expected = r->expected;
	for (size_t i = 0; i < r->condition_count; i++) {
		const struct script_condition *c = &r->conditions[i];
		origin_rule_condition(rule, parts[c->part], c->name, c->value);
	}
	for (size_t i = 0; i < r->answer_count; i++)
		make_answer(rule, i ? origin_rule_then(rule) : &rule->answer, &r->answers[i]);
	return rule;
}

void fiddle_add_origins(struct world *w, struct str file, const struct script_origin *origins, size_t count)
{
	for (size_t i = count; i-- > 0;) {
		for (size_t r = origins[i].rule_count; r-- > 0;)
			origins_rules_add(w->origins, make_rule(file, &origins[i], &origins[i].rules[r]));
	}
}

void fiddle_add_backends(struct world *w, const struct script_origin *origins, size_t count)
{
	struct error ignored;
	for (size_t i = 0; i < count; i++) {
		scoped(arena_fini) struct arena scratch = { 0 };
		bool by_url = str_find(origins[i].name, STR("://")) != STR_NONE;
		if (by_url || world_backend(w, origins[i].name))
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
