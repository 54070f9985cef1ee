/* SPDX-License-Identifier: Apache-2.0 */
/* What stands under `origin`: rules, what they ask of a request, and where their answers begin. */
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

static void check_reachable(struct parser *p, const struct script_origin *origin,
			    const struct script_rule *rule, struct str text)
{
	if (!token_is_http(rule->method) || rule->path.len == 0 ||
	    !(rule->answers->status || rule->answers->fault))
		return; /* of a bad line enough was said */
	for (const struct script_rule *above = origin->rules; above < rule; above++) {
		if (above->condition_count)
			continue;
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

static struct script_rule *current_rule(const struct parser *p)
{
	return &p->origin->rules[p->origin->rule_count - 1];
}

static enum line_kind read_rule(struct parser *p, struct str text)
{
	struct str rest = text, method = token_word(&rest), path = token_word(&rest),
		   arrow = token_word(&rest);
	if (p->origin->rule_count == SCRIPT_RULES_MAX) {
		diagnostics_error(p->d, text, STR("use '*' in paths"), "an origin has at most %d rules",
				  SCRIPT_RULES_MAX);
		return LINE_BAD;
	}
	struct script_rule *rule = GROW(p->arena, p->origin->rules, p->origin->rule_count);
	*rule = (struct script_rule){ .method = method, .path = path, .line = p->line };
	*GROW(p->arena, rule->answers, rule->answer_count) = (struct script_answer){ .line = p->line };
	p->indent_inner = (struct str){ NULL, 0 };
	if (!token_is_http(method))
		diagnostics_error(p->d, method, STR("write GET, POST, …, or * for any"),
				  STR_FMT " is no request method", STR_ARG(source_brief(method)));
	else if (path.len == 0 || (path.ptr[0] != '/' && path.ptr[0] != '*'))
		diagnostics_error(p->d, path.len ? path : source_behind(method),
				  STR("write METHOD PATH -> STATUS, as in: GET /products/* -> 200"),
				  "a path that begins with / or * is missing behind the method");
	else if (!str_eq(arrow, STR("->")) || rest.len == 0)
		diagnostics_error(p->d, arrow.len ? arrow : source_behind(path),
				  arena_printf(p->arena, "write " STR_FMT " " STR_FMT " -> 200",
					       STR_ARG(source_brief(method)), STR_ARG(source_brief(path))),
				  "an answer, -> and a status, is missing behind the path");
	else
		parse_answer(p, rest, rule->answers);
	return LINE_RULE;
}

/* "then -> …": what the rule answers next. */
static enum line_kind read_then(struct parser *p, struct str text)
{
	struct str rest = text, then = token_word(&rest), arrow = token_word(&rest);
	if (p->origin->rule_count == 0) {
		diagnostics_error(p->d, text, STR("write a rule above it: GET /path -> 200"),
				  "there is no answer that this one could follow");
		return LINE_BAD;
	}
	struct script_rule *rule = current_rule(p);
	if (rule->answer_count == SCRIPT_ANSWERS_MAX) {
		diagnostics_error(p->d, then, STR("the last answer is given for ever"),
				  "a rule has at most %d answers", SCRIPT_ANSWERS_MAX);
		return LINE_BAD;
	}
	struct script_answer *answer = GROW(p->arena, rule->answers, rule->answer_count);
	*answer = (struct script_answer){ .line = p->line };
	p->indent_inner = (struct str){ NULL, 0 };
	if (rest.len == 0)
		diagnostics_error(p->d, source_behind(arrow), STR("write then -> 200"),
				  "a status or a fault is missing behind the arrow");
	else
		parse_answer(p, rest, answer);
	return LINE_THEN;
}

static bool is_then(struct str text)
{
	struct str rest = text, word = token_word(&rest);
	return str_eq(word, STR("then")) && str_eq(token_word(&rest), STR("->"));
}

/* ---- below a rule ---- */

/* "expect 2" */
static void read_expect(struct parser *p, struct str text, struct str amount)
{
	struct script_rule *rule = current_rule(p);
	uint64_t number;
	if (rule->expects)
		diagnostics_error(p->d, text, STR("write one expectation"),
				  "this rule has an expectation already");
	else if (!str_to_u64(amount, SCRIPT_EXPECTED_MAX, &number))
		diagnostics_error(p->d, amount.len ? amount : text,
				  STR("write how often the service asks: expect 2"),
				  "an expectation is a whole number, a million at most");
	else
		rule->expected = (unsigned)number;
	rule->expects = true;
}

/* "when body PATTERN", or a JSON string. */
static void read_when_body(struct parser *p, struct str part, struct str pattern)
{
	struct script_rule *rule = current_rule(p);
	struct script_condition c = {
		.part = SCRIPT_BODY, .name = STR(""), .value = pattern, .line = p->line
	};
	if (pattern.len == 0)
		diagnostics_error(p->d, part, STR("write when body PATTERN; * is any run of characters"),
				  "a pattern is missing");
	else if (pattern.ptr[0] != '"' || parse_string_body(p, pattern, &c.value))
		*GROW(p->arena, rule->conditions, rule->condition_count) = c;
}

/* "when header NAME: VALUE", "when query NAME: VALUE" */
static void read_when(struct parser *p, struct str text, struct str rest)
{
	struct script_rule *rule = current_rule(p);
	struct str part = token_word(&rest), value = rest, name = str_split(&value, ':');
	bool header = str_eq(part, STR("header"));
	name = str_trim(name);
	if (str_eq(part, STR("body")))
		read_when_body(p, part, rest);
	else if (!header && !str_eq(part, STR("query")))
		diagnostics_error(
			p->d, part.len ? part : text,
			STR("write when header NAME: VALUE, when query NAME: VALUE, or when body PATTERN"),
			"a condition is about a header, a query parameter or the body");
	else if (!value.ptr || name.len == 0 || (header && !token_is_http(name)))
		diagnostics_error(p->d, rest.len ? rest : part,
				  arena_printf(p->arena, "write when " STR_FMT " NAME: VALUE; * is any value",
					       STR_ARG(part)),
				  "a condition is a name, a colon and a value");
	else
		*GROW(p->arena, rule->conditions, rule->condition_count) =
			(struct script_condition){ header ? SCRIPT_HEADER : SCRIPT_QUERY, name,
						   str_trim(value), p->line };
}

static enum line_kind read_inner(struct parser *p, struct str indent, struct str text)
{
	struct script_rule *rule = current_rule(p);
	struct str rest = text, word = token_word(&rest);
	bool expect = str_eq(word, STR("expect")), when = str_eq(word, STR("when"));
	if (!parse_same_blanks(p, p->indent_inner, indent))
		return LINE_BAD;
	p->indent_inner = indent;
	if (!expect && !when)
		return parse_answer_line(p, indent, text, &rule->answers[rule->answer_count - 1]);
	if (rule->answer_count > 1)
		diagnostics_error(p->d, text, STR("move it above the first `then`"),
				  STR_FMT " is about the whole rule", STR_ARG(word));
	else if (expect)
		read_expect(p, text, rest);
	else
		read_when(p, text, rest);
	return LINE_ANSWER;
}

enum line_kind parse_origin_line(struct parser *p, struct str indent, struct str text)
{
	if (!p->indent.ptr)
		p->indent = indent;
	if (str_eq(indent, p->indent))
		return is_then(text) ? read_then(p, text) : read_rule(p, text);
	if (!parse_same_blanks(p, p->indent, indent))
		return LINE_BAD;
	if (indent.len < p->indent.len) {
		diagnostics_error(p->d, text, STR("begin each answer of an origin with the same blanks"),
				  "this line is indented less than the answers above");
		return LINE_BAD;
	}
	return p->origin->rule_count ? read_inner(p, indent, text) : LINE_BAD;
}

/* ---- what only the whole origin shows ---- */

static void check_rules(struct parser *p, struct script_origin *origin)
{
	const struct script *script = p->script;
	for (size_t i = 0; i < origin->rule_count; i++) {
		const struct script_rule *rule = &origin->rules[i];
		check_reachable(p, origin, rule, script->lines[rule->line - 1].text);
		for (size_t a = 0; a < rule->answer_count; a++)
			parse_check_steps(p, &rule->answers[a]);
	}
}

void parse_check_origins(struct parser *p)
{
	struct script *script = p->script;
	for (size_t i = 0; i < script->origin_count; i++)
		check_rules(p, &script->origins[i]);
	for (size_t t = 0; t < script->test_count; t++) {
		for (size_t i = 0; i < script->tests[t].origin_count; i++)
			check_rules(p, &script->tests[t].origins[i]);
	}
}
