/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words for a request that no rule matches: the rules that come nearest, and what keeps each from
 * matching.
 */
#include "base/buf.h"
#include "world/origins_priv.h"

enum { SHOWN_MAX = 5, PART_BYTES_MAX = 200, TEXT_BYTES_MAX = 4096 };

struct near {
	const struct origin_rule *rule;
	unsigned differs, distance;
};

/* Fewer parts that differ come first, then likeness of the paths; among equals the newer rule. */
static unsigned distance_of(const struct origin_rule *rule, unsigned differs, struct str path)
{
	unsigned parts = (unsigned)__builtin_popcount(differs);
	return parts * 1000 + (differs & DIFFERS_PATH ? str_distance(rule->path, path) : 0);
}

/* Keeps the SHOWN_MAX nearest, in order. */
static void keep(struct near *nearest, size_t *count, struct near n)
{
	size_t at = *count;
	while (at > 0 && nearest[at - 1].distance > n.distance)
		at--;
	if (at == SHOWN_MAX)
		return;
	*count = MIN(*count + 1, (size_t)SHOWN_MAX);
	for (size_t i = *count - 1; i > at; i--)
		nearest[i] = nearest[i - 1];
	nearest[at] = n;
}

static struct str cut(struct str s)
{
	return str_sub(s, 0, PART_BYTES_MAX);
}

static void add_rule(struct buf *out, const struct near *n)
{
	static const struct {
		unsigned part;
		const char *name;
	} names[] = { { DIFFERS_BACKEND, "backend" },
		      { DIFFERS_METHOD, "method" },
		      { DIFFERS_PATH, "path" } };
	struct str method = n->rule->method.len ? n->rule->method : STR("*");
	const char *separator = " (";
	buf_printf(out, STR_FMT " " STR_FMT, STR_ARG(cut(method)), STR_ARG(cut(n->rule->path)));
	if (n->differs & DIFFERS_BACKEND)
		buf_printf(out, " of '" STR_FMT "'", STR_ARG(cut(n->rule->backend)));
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (!(n->differs & names[i].part))
			continue;
		buf_printf(out, "%s%s", separator, names[i].name);
		separator = " and ";
	}
	buf_printf(out, " %s)", __builtin_popcount(n->differs) == 1 ? "differs" : "differ");
}

struct blob *origins_explain(const struct rule_link *newest, struct str backend, struct str method,
			     struct str path)
{
	struct near nearest[SHOWN_MAX];
	size_t shown = 0, rules = 0;
	scoped(buf_fini) struct buf out = BUF_INIT(TEXT_BYTES_MAX);
	for (const struct rule_link *l = newest; l; l = l->older, rules++) {
		unsigned differs = origin_rule_differs(l->rule, backend, method, path);
		keep(nearest, &shown, (struct near){ l->rule, differs, distance_of(l->rule, differs, path) });
	}
	buf_printf(&out, "no origin answers " STR_FMT " " STR_FMT " of backend '" STR_FMT "'",
		   STR_ARG(cut(method)), STR_ARG(cut(path)), STR_ARG(cut(backend)));
	buf_add(&out, rules ? STR("; nearest: ") : STR("; no origin is defined"));
	for (size_t i = 0; i < shown; i++) {
		buf_add(&out, i ? STR(", ") : STR(""));
		add_rule(&out, &nearest[i]);
	}
	if (rules > shown)
		buf_printf(&out, ", and %zu more", rules - shown);
	return blob_new(buf_str(&out));
}
