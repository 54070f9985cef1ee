/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words for a request that no rule matches: the rule that comes nearest, field by field, the next ones in
 * a line each, and which origins there are.
 */
#include "base/buf.h"
#include "world/origins_priv.h"

enum { SHOWN_MAX = 5, ORIGINS_SHOWN_MAX = 20, PART_BYTES_MAX = 200, TEXT_BYTES_MAX = 16384 };

struct near {
	const struct origin_rule *rule;
	unsigned differs, distance;
};

/*
 * Fewer parts that differ come first, then likeness of the paths; another backend is the least likely slip.
 * Among equals the newer rule.
 */
static unsigned distance_of(const struct origin_rule *rule, unsigned differs, struct str path)
{
	unsigned distance = 1000 * (unsigned)__builtin_popcount(differs);
	distance += differs & DIFFERS_BACKEND ? 500 : 0;
	return distance + (differs & DIFFERS_PATH ? str_distance(rule->path, path) : 0);
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

void origins_add_field(struct buf *out, bool differs, const char *name, struct str wanted, struct str sent)
{
	if (!differs) {
		buf_printf(out, "\n      %-8s " STR_FMT, name, STR_ARG(cut(wanted)));
		return;
	}
	if (wanted.ptr)
		buf_printf(out, "\n    - %-8s " STR_FMT, name, STR_ARG(cut(wanted)));
	else
		buf_printf(out, "\n    - %-8s (none)", name);
	if (sent.ptr)
		buf_printf(out, "\n    + %-8s " STR_FMT, name, STR_ARG(cut(sent)));
	else
		buf_printf(out, "\n    + %-8s (none)", name);
}

void origin_rule_print(const struct origin_rule *rule, struct buf *out)
{
	struct str method = rule->method.len ? rule->method : STR("*");
	buf_printf(out, STR_FMT " " STR_FMT, STR_ARG(cut(method)), STR_ARG(cut(rule->path)));
	if (rule->backend.len)
		buf_printf(out, " of '" STR_FMT "'", STR_ARG(cut(rule->backend)));
}

/* ---- the nearest rule ---- */

/* A rule that goes by the query too has it as a field of its own. */
static void add_path(struct buf *out, const struct near *n, struct str sent)
{
	struct str wanted = n->rule->path;
	bool differs = n->differs & DIFFERS_PATH;
	if (!differs || str_find_char(wanted, '?') == STR_NONE) {
		origins_add_field(out, differs, "path", wanted, sent);
		return;
	}
	struct str wanted_path = str_split(&wanted, '?'), sent_path = str_split(&sent, '?');
	origins_add_field(out, !origin_pattern_matches(wanted_path, sent_path), "path", wanted_path,
			  sent_path);
	origins_add_field(out, !sent.ptr || !origin_pattern_matches(wanted, sent), "query", wanted, sent);
}

static void add_conditions(struct buf *out, const struct origin_rule *rule, const struct origin_request *r)
{
	scoped(arena_fini) struct arena a = { 0 };
	for (const struct origin_condition *c = rule->conditions; c; c = c->next) {
		if (c->part == ORIGIN_BODY) {
			scoped(buf_fini) struct buf shown = BUF_INIT(8 * PART_BYTES_MAX);
			buf_add_json(&shown, cut(r->body));
			origins_add_field(out, !origin_condition_holds(c, r), "body", c->value,
					  buf_str(&shown));
			continue;
		}
		const char *part = c->part == ORIGIN_HEADER ? "header" : "query";
		struct str sent = origin_request_part(r, c->part, c->name, &a);
		struct str name = cut(c->name), wanted = cut(c->value);
		origins_add_field(out, !origin_condition_holds(c, r), part,
				  arena_printf(&a, STR_FMT ": " STR_FMT, STR_ARG(name), STR_ARG(wanted)),
				  sent.ptr ? arena_printf(&a, STR_FMT ": " STR_FMT, STR_ARG(name),
							  STR_ARG(sent))
					   : sent);
	}
}

/* The request's backend by what the rule goes by: its URL, or its name. */
static struct str backend_sent(const struct origin_rule *rule, const struct backend *b, struct arena *a)
{
	return str_find(rule->backend, STR("://")) == STR_NONE ? b->name : origin_backend_url(b, a);
}

static void add_nearest(struct buf *out, const struct near *n, const struct origin_request *r)
{
	const struct origin_rule *rule = n->rule;
	struct str any = STR("*");
	scoped(arena_fini) struct arena a = { 0 };
	buf_add(out, STR("\n  the nearest rule"));
	if (rule->place.len)
		buf_printf(out, ", " STR_FMT ",", STR_ARG(rule->place));
	buf_add(out, STR(" wants (-), and what the service sent (+):"));
	origins_add_field(out, n->differs & DIFFERS_BACKEND, "backend",
			  rule->backend.len ? rule->backend : any, backend_sent(rule, r->backend, &a));
	origins_add_field(out, n->differs & DIFFERS_METHOD, "method", rule->method.len ? rule->method : any,
			  r->method);
	add_path(out, n, r->path);
	add_conditions(out, rule, r);
}

static void add_other(struct buf *out, const struct near *n, struct str separator)
{
	static const struct {
		unsigned part;
		const char *name;
	} names[] = { { DIFFERS_BACKEND, "backend" },
		      { DIFFERS_METHOD, "method" },
		      { DIFFERS_PATH, "path" },
		      { DIFFERS_CONDITION, "header, query or body" } };
	const char *and = "";
	buf_add(out, separator);
	origin_rule_print(n->rule, out);
	if (n->rule->place.len)
		buf_printf(out, " (" STR_FMT ")", STR_ARG(n->rule->place));
	buf_add(out, STR(": "));
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (!(n->differs & names[i].part))
			continue;
		buf_printf(out, "%s%s", and, names[i].name);
		and = " and ";
	}
	buf_printf(out, " %s", __builtin_popcount(n->differs) == 1 ? "differs" : "differ");
}

/* ---- which origins there are ---- */

static bool named_before(const struct rule_link *newest, const struct rule_link *link)
{
	for (const struct rule_link *l = newest; l != link; l = l->older) {
		if (str_eq(l->rule->backend, link->rule->backend))
			return true;
	}
	return false;
}

static void add_origins(struct buf *out, const struct rule_link *newest)
{
	size_t shown = 0;
	buf_add(out, STR("\n  origins with rules:"));
	for (const struct rule_link *l = newest; l && shown <= ORIGINS_SHOWN_MAX; l = l->older) {
		if (named_before(newest, l))
			continue;
		struct str name = l->rule->backend.len ? l->rule->backend : STR("any");
		if (shown++ == ORIGINS_SHOWN_MAX)
			buf_add(out, STR(", …"));
		else
			buf_printf(out, "%s" STR_FMT, shown > 1 ? ", " : " ", STR_ARG(cut(name)));
	}
}

struct blob *origins_explain(const struct rule_link *newest, const struct origin_request *r)
{
	struct near nearest[SHOWN_MAX];
	size_t shown = 0, rules = 0;
	scoped(buf_fini) struct buf out = BUF_INIT(TEXT_BYTES_MAX);
	for (const struct rule_link *l = newest; l; l = l->older, rules++) {
		unsigned differs = origin_rule_differs(l->rule, r);
		keep(nearest, &shown,
		     (struct near){ l->rule, differs, distance_of(l->rule, differs, r->path) });
	}
	buf_printf(&out, "no origin answers " STR_FMT " " STR_FMT " of backend '" STR_FMT "'",
		   STR_ARG(cut(r->method)), STR_ARG(cut(r->path)), STR_ARG(cut(r->backend->name)));
	if (rules == 0) {
		buf_add(&out, STR(": no origin is defined"));
		return blob_new(buf_str(&out));
	}
	add_nearest(&out, &nearest[0], r);
	for (size_t i = 1; i < shown; i++)
		add_other(&out, &nearest[i], i == 1 ? STR("\n  others: ") : STR("\n          "));
	if (rules > shown)
		buf_printf(&out, "\n          and %zu more", rules - shown);
	add_origins(&out, newest);
	return blob_new(buf_str(&out));
}
