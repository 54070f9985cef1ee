/* SPDX-License-Identifier: Apache-2.0 */
/* An origin's answers: status or fault, and below it headers, delay, a fenced body and what happens in it. */
#include "script/grow.h"
#include "script/nearest.h"
#include "script/parse_priv.h"
#include "script/token.h"

/* ---- STATUS [MEDIA-TYPE [BODY]], or a fault ---- */

static void read_fault(struct parser *p, struct str word, struct str rest, struct script_answer *answer)
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
			answer->fault = faults[i].fault;
	}
	if (answer->fault && rest.len)
		diagnostics_error(p->d, rest,
				  arena_printf(p->arena, "end the line behind " STR_FMT, STR_ARG(word)),
				  "a fault has no answer");
	else if (!answer->fault)
		diagnostics_error(p->d, word,
				  nearest.best.ptr
					  ? arena_printf(p->arena, "did you mean " STR_FMT "?",
							 STR_ARG(nearest.best))
					  : STR("write a status from 100 to 599, or a fault: refuse, reset, "
						"timeout, … (the manual has them all)"),
				  STR_FMT " is neither a status nor a fault", STR_ARG(source_brief(word)));
}

void parse_answer(struct parser *p, struct str rest, struct script_answer *answer)
{
	uint64_t number;
	struct str status = token_word(&rest);
	if (!str_to_u64(status, UINT32_MAX, &number)) {
		read_fault(p, status, rest, answer);
		return;
	}
	if (number < 100 || number > 599) {
		diagnostics_error(p->d, status, STR("write a status from 100 to 599"),
				  "there is no status " STR_FMT, STR_ARG(source_brief(status)));
		return;
	}
	answer->status = (unsigned)number;
	if (rest.len == 0)
		return;
	struct str before = rest;
	answer->type = token_media_type(&rest);
	size_t slash = str_find_char(answer->type, '/');
	if (slash == STR_NONE || !token_is_http(str_sub(answer->type, 0, slash))) {
		diagnostics_error(p->d, answer->type,
				  arena_printf(p->arena, "write text/plain " STR_FMT,
					       STR_ARG(source_brief(before))),
				  "the media type is missing in front of the body");
		return;
	}
	answer->body = rest;
	if (rest.len && rest.ptr[0] == '"' && !parse_string_body(p, rest, &answer->body))
		answer->body = STR("");
}

/* ---- times and places ---- */

/* "200ms", "2s", "1m": at most a day. */
static bool read_time(struct str amount, uint64_t *ms)
{
	static const struct {
		struct str unit;
		uint64_t ms;
	} units[] = { { STR_INIT("ms"), 1 }, { STR_INIT("s"), 1000 }, { STR_INIT("m"), 60000 } };
	struct str unit = amount;
	while (unit.len && unit.ptr[0] >= '0' && unit.ptr[0] <= '9')
		unit = str_sub(unit, 1, unit.len);
	struct str digits = str_sub(amount, 0, amount.len - unit.len);
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (!str_eq(unit, units[i].unit))
			continue;
		bool known = str_to_u64(digits, SCRIPT_DELAY_MS_MAX / units[i].ms, ms);
		*ms *= known ? units[i].ms : 1;
		return known;
	}
	return false;
}

static void read_delay(struct parser *p, struct str text, struct str amount, struct script_answer *answer)
{
	if (!read_time(amount, &answer->delay_ms))
		diagnostics_error(p->d, amount.len ? amount : text,
				  STR("write delay 200ms, delay 2s or delay 1m; a day at most"),
				  "a delay is a whole number and ms, s or m");
	else if (answer->delayed)
		diagnostics_error(p->d, text, STR("write one delay"), "this answer has a delay already");
	answer->delayed = true;
}

/* ---- what happens in a body ---- */

static const struct {
	struct str word;
	const char *example;
} steps[] = {
#define X(id, word, example, doc) [SCRIPT_STEP_##id] = { STR_INIT(word), word " " example },
	SCRIPT_STEPS(X)
#undef X
};

/* Does it end the body? */
static bool ends(enum script_step_kind kind)
{
	return kind != SCRIPT_STEP_PAUSE && kind != SCRIPT_STEP_DRIP;
}

/* "after N"; nothing where that may be left out, as at the body's beginning. */
static bool read_after(struct str rest, bool optional, uint64_t *after)
{
	struct str word = token_word(&rest);
	if (word.len == 0)
		return optional;
	return str_eq(word, STR("after")) && str_to_u64(rest, UINT32_MAX, after);
}

static bool read_step_words(struct script_step *s, struct str rest)
{
	if (s->kind == SCRIPT_STEP_PAUSE)
		return read_time(token_word(&rest), &s->ms) && read_after(rest, true, &s->after);
	if (s->kind != SCRIPT_STEP_DRIP)
		return read_after(rest, false, &s->after);
	return str_to_u64(token_word(&rest), UINT32_MAX, &s->bytes) && s->bytes > 0 &&
	       str_eq(token_word(&rest), STR("every")) && read_time(token_word(&rest), &s->ms) &&
	       read_after(rest, true, &s->after);
}

static void read_step(struct parser *p, struct str text, struct str rest, enum script_step_kind kind,
		      struct script_answer *answer)
{
	struct script_step s = { .kind = kind, .line = p->line };
	const struct script_step *last = answer->step_count ? &answer->steps[answer->step_count - 1] : NULL;
	if (!read_step_words(&s, rest))
		diagnostics_error(p->d, rest.len ? rest : text,
				  arena_printf(p->arena, "write %s; times are in ms, s or m, places in bytes",
					       steps[kind].example),
				  "this is not how a " STR_FMT " is written", STR_ARG(steps[kind].word));
	else if (answer->fault)
		diagnostics_error(p->d, text, STR("take it out, or write a status"), "a fault has no body");
	else if (last && ends(last->kind))
		diagnostics_error(p->d, text, STR("take one of the two out"),
				  "the body is over with line %zu", last->line);
	else if (last && last->after > s.after)
		diagnostics_error(p->d, text,
				  STR("write in their order what happens in a body, each with its place"),
				  "line %zu happens later, after %llu bytes", last->line,
				  (unsigned long long)last->after);
	else if (answer->step_count == SCRIPT_STEPS_MAX)
		diagnostics_error(p->d, text, STR("use drip"), "at most %d things happen in a body",
				  SCRIPT_STEPS_MAX);
	else
		*GROW(p->arena, answer->steps, answer->step_count) = s;
}

void parse_check_steps(struct parser *p, const struct script_answer *answer)
{
	for (size_t i = 0; i < answer->step_count; i++) {
		const struct script_step *s = &answer->steps[i];
		bool whole = s->kind == SCRIPT_STEP_TRUNCATE && s->after == answer->body.len;
		if (s->after > answer->body.len || whole)
			diagnostics_error(p->d, p->script->lines[s->line - 1].text,
					  STR("count the body's bytes; the answer's head does not count"),
					  whole ? "there is nothing to truncate: the body has %zu bytes"
						: "this place is behind the body, which has %zu bytes",
					  answer->body.len);
	}
}

/* ---- a line below an answer ---- */

static void read_inner_fence(struct parser *p, struct str indent, struct str text,
			     struct script_answer *answer)
{
	struct str body = { NULL, 0 };
	bool good = parse_fence(p, indent, text, &body);
	if (answer->fault)
		diagnostics_error(p->d, text, STR("take out the body, or write a status"),
				  "a fault has no body");
	else if (answer->body.ptr && answer->body.len)
		diagnostics_error(p->d, text, STR("write one of the two"), "this answer has a body already");
	else if (good)
		answer->body = body;
}

static enum line_kind read_field(struct parser *p, struct str text, struct script_answer *answer,
				 bool trailer)
{
	struct script_header header;
	if (!parse_header(p, text, &header))
		return LINE_BAD;
	if (answer->fault)
		diagnostics_error(p->d, text, STR("take it out, or write a status"),
				  "a fault has no headers");
	if (trailer)
		*GROW(p->arena, answer->trailers, answer->trailer_count) = header;
	else
		*GROW(p->arena, answer->headers, answer->header_count) = header;
	return LINE_ANSWER;
}

/* What is no word of ours and no header. */
static enum line_kind read_unknown(struct parser *p, struct str text, struct str word,
				   struct script_answer *answer)
{
	static const struct str others[] = { STR_INIT("delay"), STR_INIT("trailer"), STR_INIT("expect"),
					     STR_INIT("when"), STR_INIT("then") };
	struct nearest nearest = { .word = word };
	for (size_t i = 0; i < COUNT_OF(others); i++)
		nearest_try(&nearest, others[i]);
	for (size_t i = 0; i < COUNT_OF(steps); i++)
		nearest_try(&nearest, steps[i].word);
	if (str_eq(word, STR("then"))) {
		diagnostics_error(p->d, word, STR("write then -> 200, as far to the left as the rule"),
				  "the next answer of a rule stands below it, not in it");
		return LINE_ANSWER;
	}
	if (!nearest.best.ptr || str_find_char(text, ':') != STR_NONE)
		return read_field(p, text, answer, false);
	diagnostics_error(p->d, word,
			  arena_printf(p->arena, "did you mean " STR_FMT "?", STR_ARG(nearest.best)),
			  "unknown word " STR_FMT, STR_ARG(word));
	return LINE_ANSWER;
}

enum line_kind parse_answer_line(struct parser *p, struct str indent, struct str text,
				 struct script_answer *answer)
{
	struct str rest = text, word = token_word(&rest);
	if (str_starts(text, STR("```"))) {
		read_inner_fence(p, indent, text, answer);
		return LINE_FENCE;
	}
	if (str_eq(word, STR("delay"))) {
		read_delay(p, text, rest, answer);
		return LINE_ANSWER;
	}
	if (str_eq(word, STR("trailer")))
		return read_field(p, rest, answer, true);
	for (int i = 0; i < SCRIPT_STEP_COUNT; i++) {
		if (!str_eq(word, steps[i].word))
			continue;
		read_step(p, text, rest, (enum script_step_kind)i, answer);
		return LINE_ANSWER;
	}
	return read_unknown(p, text, word, answer);
}
