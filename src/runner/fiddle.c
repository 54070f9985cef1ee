/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/fiddle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "guest/limit.h"
#include "http/uri.h"
#include "runner/exchange.h"
#include "runner/fiddle_origins.h"
#include "runner/loaded.h"
#include "runner/outside.h"
#include "runner/run.h"
#include "runner/trace_text.h"
#include "script/script.h"

enum { TEXT_BYTES_MAX = 1 << 20, SHOWN_MAX = 20, REPORT_BYTES_SHOWN = 4096 };

struct fiddle {
	struct executor super;
	const struct run_options *options;
	struct loaded_projects *projects;
	struct buf text;   /* of the test under way */
	struct buf trace;  /* likewise, when it is asked for */
	struct arena test; /* likewise */
	bool wants_trace;
};

/* ---- files ---- */

static bool read_text(const char *path, struct arena *a, struct str *out, struct str *why)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok = fd >= 0 && fstat(fd, &st) == 0;
	if (ok && st.st_size > SCRIPT_FILE_BYTES_MAX) {
		*why = arena_printf(a, "%s: larger than %d MiB", path, SCRIPT_FILE_BYTES_MAX >> 20);
		close(fd);
		return false;
	}
	char *bytes = ok ? arena_alloc(a, (size_t)st.st_size + 1) : NULL;
	size_t len = 0;
	for (ssize_t n = 1; ok && n != 0 && len < (size_t)st.st_size; len += (size_t)MAX(n, 0)) {
		n = read(fd, bytes + len, (size_t)st.st_size - len);
		ok = n >= 0 || errno == EINTR;
	}
	if (!ok)
		*why = arena_printf(a, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	*out = (struct str){ bytes, len };
	return ok;
}

/* Reads and checks a file without running it; false: `text` (in the arena) says what is wrong. Warnings go to
 * `text` too. */
static bool parse_file(const struct test_file *file, struct arena *a, struct script *out, struct str *text)
{
	struct diagnostics d;
	struct str bytes;
	scoped(buf_fini) struct buf b = BUF_INIT(TEXT_BYTES_MAX);
	if (!read_text(file->path, a, &bytes, text))
		return false;
	bool ok = script_parse(a, str_from(file->path), bytes, &document_schema, out, &d);
	diagnostics_print(&d, &b);
	*text = arena_str(a, buf_str(&b));
	return ok;
}

/* ---- one test ---- */

static void add_place(struct fiddle *x, const struct script *s, size_t line)
{
	buf_add(&x->text, s->source.file);
	buf_printf(&x->text, ":%zu: ", line);
}

/* The first thing that failed is what the result names in a line. */
static void blame(struct fiddle *x, struct test_result *result, struct source_place at, struct str message)
{
	if (result->message.len)
		return;
	result->message = arena_str(&x->test, message);
	result->failed = (struct test_place){ .line = (uint32_t)at.line, .column = (uint32_t)at.column };
}

static void show_logs(struct fiddle *x, const struct invocation *i)
{
	int shown = 0;
	if (i->logs)
		buf_add(&x->text, STR("    logs:\n"));
	for (const struct log_entry *l = i->logs; l && shown < SHOWN_MAX; l = l->next, shown++) {
		buf_printf(&x->text, "      " STR_FMT ": ", STR_ARG(l->endpoint));
		source_add_clean(l->message, &x->text);
		buf_add_char(&x->text, '\n');
	}
}

static void show_breaches(struct fiddle *x, const struct invocation *i)
{
	if (i->breaches)
		buf_add(&x->text, STR("    limits:\n"));
	for (const struct limit_breach *b = i->breaches; b; b = b->next) {
		buf_add(&x->text, STR("      "));
		limit_breach_print(b, &x->text);
		buf_add_char(&x->text, '\n');
	}
}

/* What went wrong though no line asked about it: the service failed, or nobody answered it. */
static bool check_invocation(struct fiddle *x, const struct script *s, const struct script_request *r,
			     const struct run_exchange *ex, struct test_result *result)
{
	const struct invocation *i = ex->invocation;
	if (i->outcome == OUTCOME_OK)
		return true;
	const char *how = ex->asks.stuck                 ? "waits for something that never comes"
			  : i->outcome == OUTCOME_FAILED ? "could not be asked"
			  : i->outcome == OUTCOME_EXIT   ? "exited with an error"
			  : i->outcome == OUTCOME_LIMIT  ? "was stopped"
							 : "crashed";
	struct str what =
		arena_printf(&x->test, "the service %s%s", how, i->answered ? " after its response" : "");
	add_place(x, s, r->line);
	buf_add(&x->text, what);
	buf_add_char(&x->text, '\n');
	source_add_clean(str_sub(i->report, 0, REPORT_BYTES_SHOWN), &x->text);
	buf_add_char(&x->text, '\n');
	blame(x, result, (struct source_place){ r->line, 0 }, what);
	return false;
}

static bool check_origins(struct fiddle *x, const struct script *s, const struct script_request *r,
			  struct world *w, size_t *known, struct test_result *result)
{
	size_t count = origins_unmatched(w->origins);
	bool ok = *known == count;
	for (; *known < count; ++*known) {
		add_place(x, s, r->line);
		struct str text = origins_unmatched_text(w->origins, *known);
		buf_add(&x->text, text);
		blame(x, result, (struct source_place){ r->line, 0 },
		      str_sub(text, 0, str_find_char(text, '\n')));
		buf_add_char(&x->text, '\n');
	}
	return ok;
}

static void blame_check(struct fiddle *x, const struct script *s, const struct check_result *c,
			struct test_result *result)
{
	scoped(buf_fini) struct buf message = BUF_INIT(TEXT_BYTES_MAX);
	source_add_clean(c->label, &message);
	buf_add(&message, STR(": actual "));
	source_add_clean(c->actual, &message);
	blame(x, result, source_place_of(&s->source, c->at), buf_str(&message));
}

struct unmet {
	struct fiddle *x;
	const struct script_test *test;
	struct test_result *result;
};

static void blame_unmet(void *data, const struct origin_rule *rule, uint32_t asked)
{
	const struct unmet *u = data;
	size_t begin = u->x->text.len;
	origins_unmet_print(rule, asked, &u->x->text);
	blame(u->x, u->result, (struct source_place){ u->test->line, 0 },
	      str_sub(buf_str(&u->x->text), begin, SIZE_MAX));
	buf_add_char(&u->x->text, '\n');
	u->result->status = TEST_FAILED;
}

static bool run_checks(struct fiddle *x, const struct script *s, const struct script_request *r,
		       const struct value *document, struct arena *a, struct test_result *result)
{
	bool ok = true;
	for (size_t i = 0; i < r->check_count; i++) {
		struct check_result c = check_run(&r->checks[i], document, a);
		bool pass = c.pass && !(c.vacuous && x->options->strict);
		result->checks++;
		result->checks_failed += !pass;
		ok = ok && pass;
		if (!pass)
			blame_check(x, s, &c, result);
		if (!pass || c.vacuous)
			check_result_print(&c, &s->source, &x->text);
	}
	return ok;
}

static bool run_request(struct fiddle *x, const struct script *s, const struct script_request *r,
			struct loaded *p, struct world *w, struct test_result *result)
{
	struct arena arena;
	struct run_exchange ex;
	size_t unmatched = origins_unmatched(w->origins);
	arena_init(&arena);
	run_exchange(&ex, p->service, w, r, &arena);
	result->requests++;
	bool ok = check_invocation(x, s, r, &ex, result);
	ok = check_origins(x, s, r, w, &unmatched, result) && ok;
	ok = run_checks(x, s, r, document_new(&ex.client, r->checks, r->check_count, &arena), &arena,
			result) &&
	     ok;
	if (!ok) {
		show_breaches(x, ex.invocation);
		show_logs(x, ex.invocation);
		trace_timeline_print(ex.invocation, TEST_TIME_NS, SHOWN_MAX, &x->text);
	}
	if (x->wants_trace)
		trace_text_add(ex.invocation, ex.client.body, &x->trace);
	run_exchange_fini(&ex);
	arena_fini(&arena);
	return ok;
}

/* Puts the network or the cassette behind the file's origins. False: there is no network to be had. */
static bool open_outside(struct fiddle *x, struct outside *o, struct tape *tape, struct world *w,
			 struct str test)
{
	struct error e;
	struct origins *next;
	if (!outside_open(o, x->options->net, &x->options->trust, tape, test, w->loop, &next, &e)) {
		buf_printf(&x->text, "%s\n", e.text);
		return false;
	}
	if (next)
		origins_rules_set_next(w->origins, next);
	return true;
}

/* What went wrong with the cassette, each problem once. */
static bool check_take(struct fiddle *x, struct cassette_take *take, size_t line, struct test_result *result)
{
	bool ok = !take->problems;
	for (const struct cassette_problem *p = take->problems; p; p = p->next) {
		buf_add(&x->text, p->text);
		buf_add_char(&x->text, '\n');
		blame(x, result, (struct source_place){ line, 0 },
		      str_sub(p->text, 0, str_find_char(p->text, '\n')));
	}
	take->problems = NULL;
	take->problems_last = &take->problems;
	return ok;
}

/* The world is gone. */
static void close_outside(struct fiddle *x, struct outside *o, const struct script_test *t,
			  struct test_result *result)
{
	outside_end(o, result->status == TEST_PASSED);
	if (!check_take(x, &o->take, t->line, result))
		result->status = TEST_FAILED;
	outside_close(o);
}

/* Who the test is. */
static struct test_result identify(const struct test_file *file, const struct script *s, uint32_t index)
{
	return (struct test_result){
		.file = file->path,
		.index = index,
		.name = s->tests[index].name,
		.line = (uint32_t)s->tests[index].line,
	};
}

/* What a cassette calls the test: its name, and which of those of that name it is. */
static struct str test_key(struct fiddle *x, const struct script *s, const struct script_test *t)
{
	unsigned nth = 1;
	for (const struct script_test *other = s->tests; other < t; other++)
		nth += str_eq(other->name, t->name);
	return nth == 1 ? t->name : arena_printf(&x->test, STR_FMT " (%u)", STR_ARG(t->name), nth);
}

static void run_test(struct fiddle *x, const struct script *s, const struct script_test *t, struct loaded *p,
		     const struct world *file_world, struct tape *tape, uint64_t seed, bool trace,
		     struct test_result *result)
{
	struct outside outside;
	struct clock *real = clock_system_new(), *clock = clock_virtual_new(TEST_TIME_NS);
	struct loop loop;
	buf_reset(&x->text);
	buf_reset(&x->trace);
	arena_reset(&x->test);
	uint64_t start = clock_monotonic(real);
	loop_init(&loop, clock);
	struct world *w = world_fork(file_world, &loop);
	random_destroy(&w->random);
	w->random = random_seeded_new(seed);
	const struct deadline deadline = {
		start + x->options->timeout_ns,
		arena_printf(&x->test, "the test %s", run_late_words(x->options, &x->test).ptr),
	};
	w->deadline = &deadline;
	w->tracing = true; /* costs next to nothing, and a failure shows it */
	x->wants_trace = trace;
	if (!open_outside(x, &outside, tape, w, test_key(x, s, t)))
		result->status = TEST_FAILED;
	origins_record(w->origins, true);
	fiddle_add_origins(w, s->source.file, t->origins, t->origin_count);
	if (!p->project->manifest)
		fiddle_add_backends(w, t->origins, t->origin_count);
	for (size_t i = 0; i < t->request_count && (result->status == TEST_PASSED || result->requests); i++) {
		bool ok = run_request(x, s, &t->requests[i], p, w, result);
		ok = check_take(x, &outside.take, t->requests[i].line, result) && ok;
		if (!ok)
			result->status = TEST_FAILED;
	}
	origins_unmet(w->origins, blame_unmet, &(struct unmet){ x, t, result });
	world_destroy(&w);
	close_outside(x, &outside, t, result);
	loop_fini(&loop);
	result->ns = clock_monotonic(real) - start;
	result->text = buf_str(&x->text);
	result->trace = buf_str(&x->trace);
	clock_destroy(&clock);
	clock_destroy(&real);
}

/* What a test wants of a service's inside, in a word; empty: nothing. */
static struct str needs_inside(const struct script *s, const struct script_test *t)
{
	if (s->origin_count || t->origin_count)
		return STR("origin");
	for (size_t i = 0; i < t->request_count; i++) {
		const struct script_request *r = &t->requests[i];
		if (r->settings)
			return str_from(script_block_name(r->settings->block));
		for (size_t c = 0; c < r->check_count; c++) {
			if (document_is_inside(&r->checks[c].target))
				return path_prefix(&r->checks[c].target, r->checks[c].target.count);
		}
	}
	return STR("");
}

/* A service that is deployed is seen from outside: other tests are skipped. */
static bool skip_test(struct fiddle *x, const struct script *s, struct test_result *who,
		      struct executor_listener *l)
{
	struct str needs = x->options->target.url.len ? needs_inside(s, &s->tests[who->index]) : STR("");
	if (!needs.len)
		return false;
	arena_reset(&x->test);
	who->status = TEST_SKIPPED;
	who->message = arena_printf(&x->test, "needs the inside: " STR_FMT, STR_ARG(needs));
	l->ended(l, who);
	return true;
}

/* A script's tests and which of them are wanted. */
struct choice {
	const struct run_options *options;
	const struct test_file *file;
	const struct script *script;
};

static bool wants(void *data, uint32_t index)
{
	const struct choice *c = data;
	struct test_result who = identify(c->file, c->script, index);
	return test_filter_wants(c->options->filter, &who);
}

static void run_pass(struct fiddle *x, const struct test_file *file, const struct script *s, struct loaded *p,
		     const struct test_pass *pass, struct tape *tape, struct arena *a,
		     struct executor_listener *l)
{
	size_t count;
	struct choice choice = { x->options, file, s };
	const uint32_t *plan = executor_plan(pass, s->test_count, wants, &choice, a, &count);
	struct world *w = world_fork(p->world, p->world->loop);
	fiddle_add_origins(w, s->source.file, s->origins, s->origin_count);
	if (!p->project->manifest)
		fiddle_add_backends(w, s->origins, s->origin_count);
	for (size_t i = pass->first; i < count && !l->stop(l); i++) {
		struct test_result who = identify(file, s, plan[i]);
		uint64_t seed = i == pass->first ? pass->first_seed : pass->seed;
		struct test_result result;
		if (skip_test(x, s, &who, l))
			continue;
		do {
			result = who;
			l->starts(l, i, &who);
			run_test(x, s, &s->tests[plan[i]], p, w, tape, seed, pass->trace, &result);
			l->ended(l, &result);
		} while (result.status == TEST_FAILED && l->again(l, &seed));
	}
	world_destroy(&w);
}

static void run_with_tape(struct fiddle *x, const struct test_file *file, const struct script *s,
			  struct loaded *p, const struct test_pass *pass, struct arena *a,
			  struct executor_listener *l)
{
	struct error e;
	struct tape tape;
	bool ok = tape_open(&tape, x->options->net, file->path, x->options->redact, &e);
	if (tape.path.len && x->options->net != RUN_NET_RECORD) /* which changes it itself */
		l->depends(l, tape.path);
	if (ok)
		run_pass(x, file, s, p, pass, &tape, a, l);
	else
		l->broken(l, arena_printf(a, "%s\n", e.text));
	tape_close(&tape);
}

static void fiddle_run(struct executor *super, const struct test_file *file, const struct test_pass *pass,
		       struct executor_listener *l)
{
	struct fiddle *x = (struct fiddle *)super;
	struct arena arena;
	struct script script;
	struct str text;
	arena_init(&arena);
	bool parsed = parse_file(file, &arena, &script, &text);
	struct loaded *p = parsed ? loaded_project(x->projects, file->project, l) : NULL;
	if (!parsed || p->failure.len)
		l->broken(l, parsed ? p->failure : text);
	else
		run_with_tape(x, file, &script, p, pass, &arena, l);
	arena_fini(&arena);
}

static void fiddle_list(struct executor *super, const struct test_file *file, struct executor_listener *l)
{
	struct fiddle *x = (struct fiddle *)super;
	struct arena arena;
	struct script script;
	struct str text;
	arena_init(&arena);
	bool parsed = parse_file(file, &arena, &script, &text);
	struct choice choice = { x->options, file, &script };
	if (!parsed)
		l->broken(l, text);
	for (uint32_t i = 0; parsed && i < script.test_count; i++) {
		struct test_result who = identify(file, &script, i);
		if (wants(&choice, i))
			l->ended(l, &who);
	}
	arena_fini(&arena);
}

static void fiddle_destroy(struct executor *super)
{
	struct fiddle *x = (struct fiddle *)super;
	loaded_projects_destroy(&x->projects);
	buf_fini(&x->text);
	buf_fini(&x->trace);
	arena_fini(&x->test);
	mem_free(x);
}

static const struct executor_ops fiddle_ops = {
	.run = fiddle_run,
	.list = fiddle_list,
	.destroy = fiddle_destroy,
};

static struct executor *fiddle_new(const struct run_options *options)
{
	struct fiddle *x = NEW(struct fiddle);
	x->super.ops = &fiddle_ops;
	x->options = options;
	buf_init(&x->text, TEXT_BYTES_MAX);
	buf_init(&x->trace, TEXT_BYTES_MAX);
	x->projects = loaded_projects_new(options);
	return &x->super;
}

static bool takes(struct str file_name)
{
	return str_ends(file_name, STR(".fiddle"));
}

const struct executor_kind fiddle_kind = {
	.name = "fiddle",
	.files = "files that end in .fiddle",
	.takes = takes,
	.executor_new = fiddle_new,
};
