/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule is and which requests it matches. */
#include "base/mem.h"
#include "world/origins.h"
#include "world/origins_priv.h"

static void rule_destroy(struct rc *r)
{
	struct origin_rule *rule = (struct origin_rule *)r;
	blob_unref(&rule->body);
	arena_fini(&rule->arena);
	mem_free(rule);
}

struct origin_rule *origin_rule_new(void)
{
	struct origin_rule *rule = NEW(struct origin_rule);
	rc_init(&rule->rc, rule_destroy);
	arena_init(&rule->arena);
	rule->path = STR("*");
	rule->status = 200;
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

/*
 * '*' stands for any run of characters. Only the last one met is ever tried again, which is enough: what an
 * earlier one could take more of, the last one can take too. So this is quadratic at worst, whatever the
 * pattern.
 */
static bool pattern_matches(struct str pattern, struct str text)
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
	return pattern_matches(pattern, path);
}

unsigned origin_rule_differs(const struct origin_rule *rule, struct str backend, struct str method,
			     struct str path)
{
	unsigned parts = 0;
	if (rule->backend.len && !str_eq(rule->backend, backend))
		parts |= DIFFERS_BACKEND;
	if (rule->method.len && !str_eq(rule->method, STR("*")) && !str_eq(rule->method, method))
		parts |= DIFFERS_METHOD;
	if (!path_matches(rule->path, path))
		parts |= DIFFERS_PATH;
	return parts;
}

bool origin_rule_matches(const struct origin_rule *rule, struct str backend, struct str method,
			 struct str path)
{
	return origin_rule_differs(rule, backend, method, path) == 0;
}
