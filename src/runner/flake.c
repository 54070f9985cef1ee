/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a test's outcome is not always the same. What failed is run again as it was (an engine that is sound
 * gives the same outcome), alone, and in the order of the file; when that shows that it leans on others, it
 * is run behind each of them, so that the pair has a name.
 */
#include "base/mem.h"
#include "runner/run_priv.h"

enum { SUSPECTS_MAX = 64, PAIRS_MAX = 256, TIMES = 3 };

/* A test that is looked into. Probes by number; 0: there is none. */
struct suspect {
	uint32_t file, index;
	const struct ending *failed, *passed; /* one that failed; one that passed, or NULL */
	uint32_t again, alone;                /* the first of TIMES */
	uint32_t written;
	uint32_t pairs, pair_count; /* the first of the pairs, in the order of `others` */
	uint32_t *others;           /* by index */
	bool needs, spoiled;        /* it needs one to have run before it; one of them spoils it */
};

static uint32_t add_probe(struct supervisor *s, struct work w, uint32_t index)
{
	if (s->probe_count == s->probe_cap) {
		s->probe_cap = MAX(2 * s->probe_cap, (size_t)64);
		s->probes = mem_realloc(s->probes, s->probe_cap * sizeof *s->probes);
	}
	s->probes[s->probe_count++] = (struct probe){ .file = w.file, .index = index };
	w.probe = (uint32_t)s->probe_count;
	w.pass.trace = false;
	supervisor_add_work(s, w);
	return w.probe;
}

static const struct probe *probe_at(const struct supervisor *s, uint32_t number)
{
	return &s->probes[number - 1];
}

/* Does the probe say that the test fails, or passes? Neither when it came to nothing. */
static bool fails(const struct supervisor *s, uint32_t number)
{
	return number && probe_at(s, number)->known && probe_at(s, number)->failed;
}

static bool passes(const struct supervisor *s, uint32_t number)
{
	return number && probe_at(s, number)->known && !probe_at(s, number)->failed;
}

/* How many of TIMES probes fail, or pass. */
static int count_of(const struct supervisor *s, uint32_t first,
		    bool (*is)(const struct supervisor *, uint32_t))
{
	int count = 0;
	for (uint32_t i = 0; first && i < TIMES; i++)
		count += is(s, first + i);
	return count;
}

static struct record *record_of(struct supervisor *s, const struct suspect *x)
{
	return &s->records[x->file].tests[x->index];
}

/* ---- who is suspect ---- */

/* One that failed in one pass and passed in another, or that failed where the order is not the file's. */
static bool is_suspect(const struct supervisor *s, const struct record *r, struct suspect *x)
{
	for (const struct ending *o = r->endings; o; o = o->next) {
		if (o->failed && (!x->failed || o->work < x->failed->work))
			x->failed = o;
		else if (!o->failed)
			x->passed = o;
	}
	return x->failed && r->shown.flake == TEST_STEADY && (x->passed || s->options->shuffle);
}

static size_t find_suspects(struct supervisor *s, struct suspect *suspects)
{
	size_t count = 0;
	for (uint32_t file = 0; file < s->files->count; file++) {
		for (uint32_t i = 0; i < s->records[file].count && count < SUSPECTS_MAX; i++) {
			struct suspect x = { .file = file, .index = i };
			if (s->records[file].tests[i].known && is_suspect(s, &s->records[file].tests[i], &x))
				suspects[count++] = x;
		}
	}
	return count;
}

/* ---- what is tried ---- */

static struct work only(struct supervisor *s, const struct suspect *x, const uint32_t *indices, size_t count)
{
	struct work w = s->work[x->failed->work];
	uint32_t *list = arena_alloc(&s->arena, count * sizeof *list);
	for (size_t i = 0; i < count; i++)
		list[i] = indices[i];
	w.pass.only = list;
	w.pass.only_count = count;
	w.pass.shuffled = false;
	return w;
}

static void try_alone(struct supervisor *s, struct suspect *x)
{
	struct work as_it_was = s->work[x->failed->work], in_order = as_it_was;
	in_order.pass.shuffled = false;
	x->again = (uint32_t)s->probe_count + 1;
	for (int i = 0; i < TIMES; i++)
		add_probe(s, as_it_was, x->index);
	x->alone = (uint32_t)s->probe_count + 1;
	for (int i = 0; i < TIMES; i++)
		add_probe(s, only(s, x, &x->index, 1), x->index);
	if (as_it_was.pass.shuffled)
		x->written = add_probe(s, in_order, x->index);
}

static bool ran_before(const struct record *r, const struct ending *failed)
{
	for (const struct ending *o = r->endings; o; o = o->next) {
		if (o->work == failed->work)
			return o->sequence < failed->sequence;
	}
	return false;
}

/* Those that may spoil it ran before it when it failed; those it may need stand before it in the file. */
static void try_pairs(struct supervisor *s, struct suspect *x)
{
	const struct file_record *file = &s->records[x->file];
	bool again = count_of(s, x->again, fails) == TIMES;
	x->spoiled = again && count_of(s, x->alone, passes) == TIMES;
	x->needs = again && count_of(s, x->alone, fails) == TIMES && passes(s, x->written);
	x->others = arena_alloc(&s->arena, (file->count + 1) * sizeof *x->others);
	for (uint32_t i = 0; (x->spoiled || x->needs) && i < file->count && x->pair_count < PAIRS_MAX; i++) {
		if (i == x->index || !file->tests[i].known)
			continue;
		if (x->needs ? i > x->index : !ran_before(&file->tests[i], x->failed))
			continue;
		uint32_t pair[] = { i, x->index };
		uint32_t number = add_probe(s, only(s, x, pair, 2), x->index);
		x->pairs = x->pair_count ? x->pairs : number;
		x->others[x->pair_count++] = i;
	}
}

/* Does what was added since `from`. */
static bool probe_round(struct supervisor *s, size_t from, struct error *e)
{
	s->queued = 0;
	s->queue = arena_alloc(&s->arena, (s->work_count - from + 1) * sizeof *s->queue);
	for (size_t i = from; i < s->work_count; i++)
		s->queue[s->queued++] = (uint32_t)i;
	return s->queued == 0 || supervisor_round(s, e);
}

/* ---- what it means ---- */

static struct str name_of(struct supervisor *s, const struct suspect *x, uint32_t other)
{
	const struct test_result *r = &s->records[x->file].tests[other].shown;
	scoped(buf_fini) struct buf title = BUF_INIT(COMMAND_BYTES_MAX);
	test_title_print(r, &title);
	return arena_printf(&s->arena, "\"" STR_FMT "\" (%s:%u)", STR_ARG(buf_str(&title)), r->file,
			    MAX(r->line, 1u));
}

/* The one that makes the difference; -1: none does so by itself. */
static int64_t culprit(const struct supervisor *s, const struct suspect *x)
{
	for (uint32_t i = 0; i < x->pair_count; i++) {
		if (x->needs ? passes(s, x->pairs + i) : fails(s, x->pairs + i))
			return x->others[i];
	}
	return -1;
}

static struct str explain_order(struct supervisor *s, const struct suspect *x)
{
	int64_t other = culprit(s, x);
	struct str name = other >= 0 ? name_of(s, x, (uint32_t)other) : STR("");
	if (other >= 0 && x->needs)
		return arena_printf(&s->arena, "order-dependent: fails unless " STR_FMT " has run before it",
				    STR_ARG(name));
	if (other >= 0)
		return arena_printf(&s->arena,
				    "order-dependent: passes alone, fails when " STR_FMT " has run before it",
				    STR_ARG(name));
	if (x->needs)
		return STR(
			"order-dependent: passes in the order of the file, fails alone and in this order; no single "
			"test before it makes the difference");
	return arena_printf(
		&s->arena,
		"order-dependent: passes alone, fails after those that ran before it; none of these %u does it "
		"by itself",
		x->pair_count);
}

static void judge(struct supervisor *s, const struct suspect *x)
{
	struct record *r = record_of(s, x);
	uint64_t failed = s->work[x->failed->work].pass.seed;
	int alone_passes = count_of(s, x->alone, passes), alone_fails = count_of(s, x->alone, fails);
	bool wavers = count_of(s, x->again, passes) > 0 || (alone_passes && alone_fails);
	if (wavers && run_net_is_real(s->options->net))
		record_note(r, TEST_FLAKY,
			    STR("flaky: what comes from the network (--net real) no seed repeats"),
			    &s->arena);
	else if (wavers)
		record_note(r, TEST_ENGINE_BUG,
			    STR("engine-bug: the same seed and order gave another outcome; please report it"),
			    &s->arena);
	else if (x->spoiled || x->needs)
		record_note(r, TEST_ORDER_DEPENDS, explain_order(s, x), &s->arena);
	else if (x->passed && alone_fails == TIMES)
		record_note(r, TEST_SEED_DEPENDS,
			    arena_printf(&s->arena,
					 "seed-dependent: fails with --seed %llu, passes with --seed %llu",
					 (unsigned long long)failed,
					 (unsigned long long)s->work[x->passed->work].pass.seed),
			    &s->arena);
}

bool flakes_explain(struct supervisor *s, struct error *e)
{
	struct suspect *suspects = arena_zalloc(&s->arena, SUSPECTS_MAX * sizeof *suspects);
	size_t count = find_suspects(s, suspects), from = s->work_count;
	for (size_t i = 0; i < count; i++)
		try_alone(s, &suspects[i]);
	if (!probe_round(s, from, e))
		return false;
	from = s->work_count;
	for (size_t i = 0; i < count; i++)
		try_pairs(s, &suspects[i]);
	if (!probe_round(s, from, e))
		return false;
	for (size_t i = 0; i < count; i++)
		judge(s, &suspects[i]);
	return true;
}
