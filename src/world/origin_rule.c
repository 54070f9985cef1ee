/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule is and which requests it matches. */
#include "world/origin_rule.h"

#include <string.h>

#include "base/mem.h"
#include "world/origin_ask.h"
#include "world/origins_priv.h"

static void rule_destroy(struct rc *r)
{
	struct origin_rule *rule = (struct origin_rule *)r;
	for (struct origin_answer *a = &rule->answer; a; a = a->next) {
		blob_unref(&a->body);
		body_unref(&a->live);
		if (a->responder)
			rc_unref(&a->responder->rc);
	}
	if (rule->matcher)
		rc_unref(&rule->matcher->rc);
	arena_fini(&rule->arena);
	mem_free(rule);
}

struct origin_rule *origin_rule_new(void)
{
	struct origin_rule *rule = NEW(struct origin_rule);
	rc_init(&rule->rc, rule_destroy);
	arena_init(&rule->arena);
	rule->path = STR("*");
	rule->answer.status = 200;
	return rule;
}

struct origin_rule *origin_rule_ref(struct origin_rule *rule)
{
	rc_ref(&rule->rc);
	return rule;
}

void origin_rule_unref(struct origin_rule **prule)
{
	struct origin_rule *rule = take(*prule);
	if (rule)
		rc_unref(&rule->rc);
}

struct origin_answer *origin_rule_then(struct origin_rule *rule)
{
	struct origin_answer *last = &rule->answer;
	while (last->next)
		last = last->next;
	last->next = ARENA_NEW(&rule->arena, struct origin_answer);
	last->next->status = 200;
	return last->next;
}

void origin_answer_step(struct origin_rule *rule, struct origin_answer *answer, struct origin_step step)
{
	struct origin_step *steps = arena_alloc(&rule->arena, (answer->step_count + 1) * sizeof *steps);
	if (answer->step_count)
		memcpy(steps, answer->steps, answer->step_count * sizeof *steps);
	steps[answer->step_count++] = step;
	answer->steps = steps;
}

void origin_rule_condition(struct origin_rule *rule, enum origin_part part, struct str name, struct str value)
{
	struct origin_condition *c = ARENA_NEW(&rule->arena, struct origin_condition),
				**last = &rule->conditions;
	*c = (struct origin_condition){ .part = part,
					.name = arena_str(&rule->arena, name),
					.value = arena_str(&rule->arena, value) };
	while (*last)
		last = &(*last)->next;
	*last = c;
}

/* ---- matching ---- */

/*
 * '*' stands for any run of characters. Only the last one met is ever tried again, which is enough: what an
 * earlier one could take more of, the last one can take too. So this is quadratic at worst, whatever the
 * pattern.
 */
bool origin_pattern_matches(struct str pattern, struct str text)
{
	size_t p = 0, t = 0, star = STR_NONE, star_text = 0;
	while (t < text.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			star_text = t;
		} else if (p < pattern.len && pattern.ptr[p] == text.ptr[t]) {
			p++;
			t++;
		} else if (star != STR_NONE) {
			p = star + 1;
			t = ++star_text;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

static bool path_matches(struct str pattern, struct str path)
{
	if (str_find_char(pattern, '?') == STR_NONE)
		path = str_sub(path, 0, str_find_char(path, '?'));
	return origin_pattern_matches(pattern, path);
}

struct str origin_backend_url(const struct backend *b, struct arena *a)
{
	bool tls = str_eq(b->target.scheme, STR("https"));
	bool literal = str_find_char(b->target.host, ':') != STR_NONE;
	struct str port = STR("");
	if (b->target.port && b->target.port != (tls ? 443 : 80))
		port = arena_printf(a, ":%d", b->target.port);
	return arena_printf(a, STR_FMT "://%s" STR_FMT "%s" STR_FMT, STR_ARG(b->target.scheme),
			    literal ? "[" : "", STR_ARG(b->target.host), literal ? "]" : "", STR_ARG(port));
}

/* Host and port of a URL as they are written in it; empty: it has none. */
static struct str authority(struct str uri)
{
	size_t at = str_find(uri, STR("://")), end;
	struct str rest = at == STR_NONE ? STR("") : str_sub(uri, at + 3, SIZE_MAX);
	for (end = 0; end < rest.len && !memchr("/?#", rest.ptr[end], 3); end++)
		;
	return str_sub(rest, 0, end);
}

static bool backend_matches(const struct origin_rule *rule, const struct origin_request *request)
{
	struct str pattern = rule->backend;
	if (rule->matcher)
		return rule->matcher->matches(rule->matcher, request->uri);
	if (pattern.len == 0 || str_eq(pattern, request->backend->name))
		return true;
	if (str_find(pattern, STR("://")) == STR_NONE)
		return str_eq(pattern, authority(request->uri));
	scoped(arena_fini) struct arena scratch = { 0 };
	return origin_pattern_matches(pattern, origin_backend_url(request->backend, &scratch)) ||
	       origin_pattern_matches(pattern, request->uri);
}

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* As forms are written: '+' is a blank, %XX a byte; what is neither stays as it is. */
static struct str form_decode(struct str s, struct arena *a)
{
	char *out = arena_alloc(a, s.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < s.len; i++) {
		bool escape =
			s.ptr[i] == '%' && i + 2 < s.len && hex(s.ptr[i + 1]) >= 0 && hex(s.ptr[i + 2]) >= 0;
		out[len++] = escape            ? (char)(hex(s.ptr[i + 1]) << 4 | hex(s.ptr[i + 2]))
			     : s.ptr[i] == '+' ? ' '
					       : s.ptr[i];
		i += escape ? 2 : 0;
	}
	return (struct str){ out, len };
}

struct part_walk {
	const struct origin_request *request;
	struct str rest; /* of the query; ptr NULL at the end */
	size_t header;
};

static struct part_walk part_walk(const struct origin_request *request)
{
	struct str query = request->path;
	str_split(&query, '?');
	return (struct part_walk){ .request = request, .rest = query };
}

/* The next value of that name; false: there is no other. */
static bool next_part(struct part_walk *w, enum origin_part part, struct str name, struct str *value,
		      struct arena *a)
{
	if (part == ORIGIN_HEADER) {
		const struct header *h =
			w->request->headers ? headers_next(w->request->headers, name, &w->header) : NULL;
		if (h)
			*value = h->value;
		return h != NULL;
	}
	while (w->rest.ptr) {
		struct str pair = str_split(&w->rest, '&'), key = str_split(&pair, '=');
		if (!str_eq(form_decode(key, a), name))
			continue;
		*value = form_decode(pair, a);
		return true;
	}
	return false;
}

bool origin_condition_holds(const struct origin_condition *c, const struct origin_request *request)
{
	scoped(arena_fini) struct arena scratch = { 0 };
	struct part_walk w = part_walk(request);
	struct str value;
	if (c->part == ORIGIN_BODY)
		return origin_pattern_matches(c->value, request->body);
	while (next_part(&w, c->part, c->name, &value, &scratch)) {
		if (origin_pattern_matches(c->value, value))
			return true;
	}
	return false;
}

struct str origin_request_part(const struct origin_request *request, enum origin_part part, struct str name,
			       struct arena *a)
{
	struct part_walk w = part_walk(request);
	struct str all = { NULL, 0 }, value;
	while (next_part(&w, part, name, &value, a))
		all = all.ptr ? arena_printf(a, STR_FMT ", " STR_FMT, STR_ARG(all), STR_ARG(value))
			      : arena_str(a, value);
	return all;
}

unsigned origin_rule_differs(const struct origin_rule *rule, const struct origin_request *request)
{
	unsigned parts = rule->silent ? DIFFERS_SILENT : 0;
	if (!backend_matches(rule, request))
		parts |= DIFFERS_BACKEND;
	if (rule->method.len && !str_eq(rule->method, STR("*")) && !str_eq(rule->method, request->method))
		parts |= DIFFERS_METHOD;
	if (!path_matches(rule->path, request->path))
		parts |= DIFFERS_PATH;
	for (const struct origin_condition *c = rule->conditions; c; c = c->next) {
		if (c->part == ORIGIN_BODY && !request->body_known)
			parts |= DIFFERS_UNKNOWN;
		else if (!origin_condition_holds(c, request))
			parts |= DIFFERS_CONDITION;
	}
	return parts;
}

bool origin_rule_matches(const struct origin_rule *rule, const struct origin_request *request)
{
	return origin_rule_differs(rule, request) == 0;
}
