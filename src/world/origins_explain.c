/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words for a request that no rule matches: the rule that comes nearest, field by field, the next ones in
 * a line each, and which origins there are.
 */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "world/origins_priv.h"

enum { SHOWN_MAX = 5, ORIGINS_SHOWN_MAX = 20, PART_BYTES_MAX = 200, TEXT_BYTES_MAX = 16384 };

struct near {
	struct origin_rule *rule;
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

struct making {
	struct origin_miss *miss;
	const struct origin_request *request;
	size_t cap;
};

static void field(struct making *m, bool differs, const char *name, struct str wanted, struct str sent)
{
	struct origin_miss *miss = m->miss;
	if (miss->field_count == m->cap) {
		m->cap = 2 * m->cap + 4;
		struct origin_field *more = arena_alloc(&miss->arena, m->cap * sizeof *more);
		if (miss->field_count)
			memcpy(more, miss->fields, miss->field_count * sizeof *more);
		miss->fields = more;
	}
	miss->fields[miss->field_count++] = (struct origin_field){
		.name = name,
		.differs = differs,
		.wanted = wanted.ptr ? arena_str(&miss->arena, cut(wanted)) : wanted,
		.sent = sent.ptr ? arena_str(&miss->arena, cut(sent)) : sent,
	};
}

/* A rule that goes by the query too has it as a field of its own. */
static void add_path(struct making *m, const struct origin_rule *rule, bool differs)
{
	struct str wanted = rule->path, sent = m->request->path;
	if (!differs || str_find_char(wanted, '?') == STR_NONE) {
		field(m, differs, "path", wanted, sent);
		return;
	}
	struct str wanted_path = str_split(&wanted, '?'), sent_path = str_split(&sent, '?');
	field(m, !origin_pattern_matches(wanted_path, sent_path), "path", wanted_path, sent_path);
	field(m, !sent.ptr || !origin_pattern_matches(wanted, sent), "query", wanted, sent);
}

static void add_condition(struct making *m, const struct origin_condition *c)
{
	struct arena *a = &m->miss->arena;
	bool differs = !origin_condition_holds(c, m->request);
	if (c->part == ORIGIN_BODY) {
		scoped(buf_fini) struct buf shown = BUF_INIT(8 * PART_BYTES_MAX);
		buf_add_json(&shown, cut(m->request->body));
		field(m, differs, "body", c->value, buf_str(&shown));
		return;
	}
	const char *part = c->part == ORIGIN_HEADER ? "header" : "query";
	struct str sent = origin_request_part(m->request, c->part, c->name, a);
	struct str name = cut(c->name), wanted = cut(c->value);
	if (sent.ptr)
		sent = arena_printf(a, STR_FMT ": " STR_FMT, STR_ARG(name), STR_ARG(sent));
	field(m, differs, part, arena_printf(a, STR_FMT ": " STR_FMT, STR_ARG(name), STR_ARG(wanted)), sent);
}

/* Whom the request was for, by what the rule goes by: a whole URL, the backend's URL, or its name. */
static struct str backend_sent(const struct origin_rule *rule, const struct origin_request *r,
			       struct arena *a)
{
	size_t at = str_find(rule->backend, STR("://"));
	bool whole =
		at != STR_NONE && str_find_char(str_sub(rule->backend, at + 3, SIZE_MAX), '/') != STR_NONE;
	if (r->uri.len && (rule->matcher || whole))
		return r->uri;
	return at == STR_NONE ? r->backend->name : origin_backend_url(r->backend, a);
}

static void add_fields(struct making *m, const struct near *n)
{
	const struct origin_rule *rule = n->rule;
	struct str any = STR("*");
	field(m, n->differs & DIFFERS_BACKEND, "backend", rule->backend.len ? rule->backend : any,
	      backend_sent(rule, m->request, &m->miss->arena));
	field(m, n->differs & DIFFERS_METHOD, "method", rule->method.len ? rule->method : any,
	      m->request->method);
	add_path(m, rule, n->differs & DIFFERS_PATH);
	for (const struct origin_condition *c = rule->conditions; c; c = c->next)
		add_condition(m, c);
}

static void print_nearest(struct buf *out, const struct origin_miss *miss)
{
	buf_add(out, STR("\n  the nearest rule"));
	if (miss->nearest->place.len)
		buf_printf(out, ", " STR_FMT ",", STR_ARG(miss->nearest->place));
	buf_add(out, STR(" wants (-), and what the service sent (+):"));
	for (size_t i = 0; i < miss->field_count; i++) {
		const struct origin_field *f = &miss->fields[i];
		origins_add_field(out, f->differs, f->name, f->wanted, f->sent);
	}
}

static void print_other(struct buf *out, const struct near *n, struct str separator)
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
		if (!l->rule->silent && str_eq(l->rule->backend, link->rule->backend))
			return true;
	}
	return false;
}

static void print_origins(struct buf *out, const struct rule_link *newest)
{
	size_t shown = 0;
	buf_add(out, STR("\n  origins with rules:"));
	for (const struct rule_link *l = newest; l && shown <= ORIGINS_SHOWN_MAX; l = l->older) {
		if (l->rule->silent || named_before(newest, l))
			continue;
		struct str name = l->rule->backend.len ? l->rule->backend : STR("any");
		if (shown++ == ORIGINS_SHOWN_MAX)
			buf_add(out, STR(", …"));
		else
			buf_printf(out, "%s" STR_FMT, shown > 1 ? ", " : " ", STR_ARG(cut(name)));
	}
}

static void miss_destroy(struct rc *r)
{
	struct origin_miss *miss = (struct origin_miss *)r;
	origin_rule_unref(&miss->nearest);
	arena_fini(&miss->arena);
	mem_free(miss);
}

static struct origin_miss *miss_new(const struct origin_request *r)
{
	struct origin_miss *miss = NEW(struct origin_miss);
	rc_init(&miss->rc, miss_destroy);
	arena_init(&miss->arena);
	miss->method = arena_str(&miss->arena, r->method);
	miss->uri = arena_str(&miss->arena, r->uri);
	miss->backend = arena_str(&miss->arena, r->backend->name);
	return miss;
}

/* The rules that come nearest, in order; how many rules there are at all. */
static size_t find_nearest(const struct rule_link *newest, const struct origin_request *r,
			   struct near nearest[SHOWN_MAX], size_t *shown)
{
	size_t rules = 0;
	*shown = 0;
	for (const struct rule_link *l = newest; l; l = l->older) {
		if (l->rule->silent)
			continue;
		unsigned differs = origin_rule_differs(l->rule, r);
		keep(nearest, shown,
		     (struct near){ l->rule, differs, distance_of(l->rule, differs, r->path) });
		rules++;
	}
	return rules;
}

struct origin_miss *origins_explain(const struct rule_link *newest, const struct origin_request *r)
{
	struct near nearest[SHOWN_MAX];
	struct making m = { .miss = miss_new(r), .request = r };
	size_t shown, rules = find_nearest(newest, r, nearest, &shown);
	scoped(buf_fini) struct buf out = BUF_INIT(TEXT_BYTES_MAX);
	buf_printf(&out, "no origin answers " STR_FMT " " STR_FMT " of backend '" STR_FMT "'",
		   STR_ARG(cut(r->method)), STR_ARG(cut(r->path)), STR_ARG(cut(r->backend->name)));
	if (rules == 0) {
		buf_add(&out, STR(": no origin is defined"));
	} else {
		m.miss->nearest = origin_rule_ref(nearest[0].rule);
		add_fields(&m, &nearest[0]);
		print_nearest(&out, m.miss);
		for (size_t i = 1; i < shown; i++)
			print_other(&out, &nearest[i], i == 1 ? STR("\n  others: ") : STR("\n          "));
		if (rules > shown)
			buf_printf(&out, "\n          and %zu more", rules - shown);
		print_origins(&out, newest);
	}
	m.miss->text = arena_str(&m.miss->arena, buf_str(&out));
	return m.miss;
}
