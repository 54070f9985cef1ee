/* SPDX-License-Identifier: Apache-2.0 */
/* What stands under `origin`: answers, and below each its headers, its delay and a fenced body. */
#include "script/grow.h"
#include "script/nearest.h"
#include "script/parse_priv.h"
#include "script/token.h"

/* ---- the origin itself ---- */

void parse_origin(struct parser *p, struct str word, struct str name)
{
	struct script *script = p->script;
	bool own = p->test && !p->test_implied;
	struct script_origin **origins = own ? &p->test->origins : &script->origins;
	size_t *count = own ? &p->test->origin_count : &script->origin_count;
	p->block = BLOCK_BAD;
	if (name.len == 0 || str_find_char(name, ' ') != STR_NONE || str_find_char(name, '\t') != STR_NONE) {
		diagnostics_error(p->d, name.len ? name : word, STR("write: origin catalog"),
				  "an origin's name is one word");
		return;
	}
	if (p->test && p->test->request_count)
		diagnostics_error(p->d, word,
				  STR("move it above the test's first request: it answers all of them"),
				  "an origin below a request");
	if (*count == SCRIPT_ORIGINS_MAX) {
		diagnostics_error(p->d, name, STR("use fewer"), "there are at most %d origins",
				  SCRIPT_ORIGINS_MAX);
		return;
	}
	p->block = BLOCK_ORIGIN;
	p->indent = p->indent_inner = (struct str){ NULL, 0 };
	for (size_t i = 0; i < *count; i++) {
		p->origin = &(*origins)[i];
		if (str_eq(p->origin->name, name))
			return;
	}
	p->origin = GROW(p->arena, *origins, *count);
	*p->origin = (struct script_origin){ .name = name, .line = p->line };
}

/* ---- rules that can never match ---- */

/*
 * Does the pattern match whatever the other one does? The other's '*' is taken as a character that only a '*'
 * of ours matches, which never says yes wrongly. Steps are counted because two long patterns full of '*'
 * could take for ever.
 */
static bool glob_covers(struct str pattern, struct str other, unsigned *steps_left)
{
	size_t at = 0, star = STR_NONE, star_took = 0;
	for (size_t i = 0; i < other.len;) {
		if ((*steps_left)-- <= 1) {
			*steps_left = 1;
			return false;
		}
		if (at < pattern.len && pattern.ptr[at] == '*') {
			star = at++;
			star_took = i;
		} else if (at < pattern.len && pattern.ptr[at] == other.ptr[i] && other.ptr[i] != '*') {
			at++;
			i++;
		} else if (star != STR_NONE) {
			at = star + 1;
			i = ++star_took;
		} else {
			return false;
		}
	}
	while (at < pattern.len && pattern.ptr[at] == '*')
		at++;
	return at == pattern.len;
}

static bool path_covers(struct str path, struct str other, unsigned *steps_left)
{
	size_t query = str_find_char(other, '?');
	bool exact = str_find_char(path, '?') != STR_NONE;
	if (exact || query == STR_NONE)
		return (!exact || query != STR_NONE) && glob_covers(path, other, steps_left);
	/*
	 * `path` ignores the query and `other` has one, so only the other's path counts. Where that has a
	 * '*', the '*' could run over the '?', too: then nothing behind it is certain, and only "…*" covers
	 * it.
	 */
	other.len = query;
	size_t star = str_find_char(other, '*');
	if (star == STR_NONE)
		return glob_covers(path, other, steps_left);
	return str_find_char(path, '*') == path.len - 1 &&
	       str_starts(str_sub(other, 0, star), str_sub(path, 0, path.len - 1));
}

static void check_reachable(struct parser *p, const struct script_rule *rule, struct str text)
{
	for (size_t i = 0; i + 1 < p->origin->rule_count; i++) {
		const struct script_rule *above = &p->origin->rules[i];
		if (!str_eq(above->method, STR("*")) && !str_eq(above->method, rule->method))
			continue;
		if (!path_covers(above->path, rule->path, &p->cover_steps_left))
			continue;
		diagnostics_error(p->d, text,
				  arena_printf(p->arena,
					       "take it out, or move it above line %zu: the first rule that "
					       "matches answers",
					       above->line),
				  "this rule can never match: the one in line %zu always does first",
				  above->line);
		return;
	}
}

/* ---- one rule: METHOD PATH -> … ---- */

static bool read_fault(struct parser *p, struct str word, struct str rest, struct script_rule *rule)
{
	static const struct {
		struct str word;
		enum script_fault fault;
	} faults[] = {
#define X(id, word, doc) { STR_INIT(word), SCRIPT_FAULT_##id },
		SCRIPT_FAULTS(X)
#undef X
	};
	struct nearest nearest = { .word = word };
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		nearest_try(&nearest, faults[i].word);
		if (str_eq(faults[i].word, word))
			rule->fault = faults[i].fault;
	}
	if (rule->fault && rest.len == 0)
		return true;
	if (rule->fault)
		diagnostics_error(p->d, rest,
				  arena_printf(p->arena, "end the line behind " STR_FMT, STR_ARG(word)),
				  "a fault has no answer");
	else
		diagnostics_error(
			p->d, word,
			nearest.best.ptr
				? arena_printf(p->arena, "did you mean " STR_FMT "?", STR_ARG(nearest.best))
				: STR("write a status from 100 to 599, or one of refuse, reset, timeout"),
			STR_FMT " is neither a status nor a fault", STR_ARG(source_brief(word)));
	return false;
}

static bool read_answer(struct parser *p, struct str status, struct str rest, struct script_rule *rule)
{
	uint64_t number;
	if (!str_to_u64(status, UINT32_MAX, &number))
		return read_fault(p, status, rest, rule);
	if (number < 100 || number > 599) {
		diagnostics_error(p->d, status, STR("write a status from 100 to 599"),
				  "there is no status " STR_FMT, STR_ARG(source_brief(status)));
		return false;
	}
	rule->status = (unsigned)number;
	if (rest.len == 0)
		return true;
	struct str before = rest;
	rule->type = token_media_type(&rest);
	size_t slash = str_find_char(rule->type, '/');
	if (slash == STR_NONE || !token_is_http(str_sub(rule->type, 0, slash))) {
		diagnostics_error(p->d, rule->type,
				  arena_printf(p->arena, "write text/plain " STR_FMT,
					       STR_ARG(source_brief(before))),
				  "the media type is missing in front of the body");
		return false;
	}
	rule->body = rest;
	return rest.len == 0 || rest.ptr[0] != '"' || parse_string_body(p, rest, &rule->body);
}

static enum line_kind read_rule(struct parser *p, struct str text)
{
	struct str rest = text, method = token_word(&rest), path = token_word(&rest),
		   arrow = token_word(&rest);
	struct str answer = token_word(&rest);
	if (p->origin->rule_count == SCRIPT_RULES_MAX) {
		diagnostics_error(p->d, text, STR("use '*' in paths"), "an origin has at most %d rules",
				  SCRIPT_RULES_MAX);
		return LINE_BAD;
	}
	struct script_rule *rule = GROW(p->arena, p->origin->rules, p->origin->rule_count);
	*rule = (struct script_rule){ .method = method, .path = path, .line = p->line };
	p->indent_inner = (struct str){ NULL, 0 };
	if (!token_is_http(method))
		diagnostics_error(p->d, method, STR("write GET, POST, …, or * for any"),
				  STR_FMT " is no request method", STR_ARG(source_brief(method)));
	else if (path.len == 0 || (path.ptr[0] != '/' && path.ptr[0] != '*'))
		diagnostics_error(p->d, path.len ? path : source_behind(method),
				  STR("write METHOD PATH -> STATUS, as in: GET /products/* -> 200"),
				  "a path that begins with / or * is missing behind the method");
	else if (!str_eq(arrow, STR("->")) || answer.len == 0)
		diagnostics_error(p->d, arrow.len ? arrow : source_behind(path),
				  arena_printf(p->arena, "write " STR_FMT " " STR_FMT " -> 200",
					       STR_ARG(source_brief(method)), STR_ARG(source_brief(path))),
				  "an answer, -> and a status, is missing behind the path");
	else if (read_answer(p, answer, rest, rule))
		check_reachable(p, rule, text);
	return LINE_RULE;
}

/* ---- below a rule ---- */

static void read_delay(struct parser *p, struct str text, struct str amount, struct script_rule *rule)
{
	static const struct {
		struct str unit;
		uint64_t ms;
	} units[] = { { STR_INIT("ms"), 1 }, { STR_INIT("s"), 1000 }, { STR_INIT("m"), 60000 } };
	uint64_t number = 0;
	struct str unit = amount;
	while (unit.len && unit.ptr[0] >= '0' && unit.ptr[0] <= '9')
		unit = str_sub(unit, 1, unit.len);
	struct str digits = str_sub(amount, 0, amount.len - unit.len);
	bool known = false;
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (!str_eq(unit, units[i].unit))
			continue;
		known = str_to_u64(digits, SCRIPT_DELAY_MS_MAX / units[i].ms, &number);
		number *= units[i].ms;
	}
	if (!known)
		diagnostics_error(p->d, amount.len ? amount : text,
				  STR("write delay 200ms, delay 2s or delay 1m; a day at most"),
				  "a delay is a whole number and ms, s or m");
	else if (rule->delay_ms)
		diagnostics_error(p->d, text, STR("write one delay"), "this answer has a delay already");
	else
		rule->delay_ms = number;
}

static void read_inner_fence(struct parser *p, struct str indent, struct str text, struct script_rule *rule)
{
	struct str body = { NULL, 0 };
	bool good = parse_fence(p, indent, text, &body);
	if (rule->fault)
		diagnostics_error(p->d, text, STR("take out the body, or write a status"),
				  "a fault has no body");
	else if (rule->body.ptr && rule->body.len)
		diagnostics_error(p->d, text, STR("write one of the two"), "this answer has a body already");
	else if (good)
		rule->body = body;
}

static enum line_kind read_inner(struct parser *p, struct str indent, struct str text)
{
	struct script_rule *rule = &p->origin->rules[p->origin->rule_count - 1];
	if (!parse_same_blanks(p, p->indent_inner, indent))
		return LINE_BAD;
	p->indent_inner = indent;
	if (str_starts(text, STR("```"))) {
		read_inner_fence(p, indent, text, rule);
		return LINE_FENCE;
	}
	struct str rest = text, word = token_word(&rest);
	struct nearest nearest = { .word = word };
	nearest_try(&nearest, STR("delay"));
	if (str_eq(word, STR("delay"))) {
		read_delay(p, text, rest, rule);
	} else if (nearest.best.ptr && str_find_char(text, ':') == STR_NONE) {
		diagnostics_error(p->d, word, STR("did you mean delay?"), "unknown word " STR_FMT,
				  STR_ARG(word));
	} else {
		struct script_header header;
		if (!parse_header(p, text, &header))
			return LINE_BAD;
		if (rule->fault)
			diagnostics_error(p->d, text, STR("take it out, or write a status"),
					  "a fault has no headers");
		*GROW(p->arena, rule->headers, rule->header_count) = header;
	}
	return LINE_ANSWER;
}

enum line_kind parse_origin_line(struct parser *p, struct str indent, struct str text)
{
	if (!p->indent.ptr)
		p->indent = indent;
	if (str_eq(indent, p->indent))
		return read_rule(p, text);
	if (!parse_same_blanks(p, p->indent, indent))
		return LINE_BAD;
	if (indent.len < p->indent.len) {
		diagnostics_error(p->d, text, STR("begin each answer of an origin with the same blanks"),
				  "this line is indented less than the answers above");
		return LINE_BAD;
	}
	return p->origin->rule_count ? read_inner(p, indent, text) : LINE_BAD;
}
