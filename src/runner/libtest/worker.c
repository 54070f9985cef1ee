/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/libtest/worker.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "guest/limit.h"

enum {
	ERRORS_BYTES_MAX = 1 << 20,
	WHY_BYTES_MAX = 64 << 10,
	TAIL_BYTES = 16 << 10,
	PIECE_BYTES_MAX = 1 << 20
};
/* Listing thousands of tests takes milliseconds. */
#define LISTING_NS_MAX (30 * NS_PER_S)

struct worker_side {
	const struct libtest_run *run;
	struct libtest_answers *answers;
	struct workers_shared *shared;
	struct worker *self;
	struct world *world;
	struct loop *loop;

	struct buf *listed; /* where standard output goes while a list is asked for; else NULL */
	struct libtest_output output;
	struct buf errors; /* the end of what the test printed to standard error */
	struct buf line, why, trace;
	uint64_t printed, dropped;
};

/* ---- telling ---- */

static void tell(struct worker_side *w, struct libtest_message m, struct str why, struct str text)
{
	m.why_len = (uint32_t)why.len;
	const struct str parts[] = { { (const char *)&m, sizeof m }, why, text };
	worker_send(w->self, parts, COUNT_OF(parts));
}

static void tell_output(struct worker_side *w, uint32_t fd, struct str bytes)
{
	if (!w->run->options->nocapture) {
		struct str kept = str_sub(bytes, 0, LIBTEST_CAPTURED_BYTES_MAX - (size_t)w->printed);
		w->dropped += bytes.len - kept.len;
		w->printed += kept.len;
		bytes = kept;
	}
	while (bytes.len) {
		struct str piece = str_sub(bytes, 0, PIECE_BYTES_MAX);
		tell(w, (struct libtest_message){ .kind = LIBTEST_TOLD_OUTPUT, .what = fd }, STR(""), piece);
		bytes = str_sub(bytes, piece.len, bytes.len);
	}
}

/* ---- what a test prints and logs, as sinks of its world ---- */

enum captured { STREAM_LOG, STREAM_OUT, STREAM_ERR };

struct capture {
	struct log_sink super;
	struct worker_side *worker;
	enum captured stream;
};

static struct log_sink *capture_new(struct worker_side *w, enum captured stream);

static void print(void *data, struct str bytes)
{
	tell_output(data, 1, bytes);
}

static void capture_error(struct worker_side *w, struct str bytes)
{
	if (w->errors.len + bytes.len > ERRORS_BYTES_MAX)
		buf_reset(&w->errors); /* what a panic says comes last */
	buf_add(&w->errors, bytes);
	tell_output(w, 2, bytes);
}

static void capture_write(struct log_sink *super, struct str endpoint, struct str message)
{
	const struct capture *self = (const struct capture *)super;
	struct worker_side *w = self->worker;
	if (w->listed) {
		if (self->stream == STREAM_OUT)
			buf_add(w->listed, message);
	} else if (self->stream == STREAM_OUT) {
		libtest_output_add(&w->output, message);
	} else if (self->stream == STREAM_ERR) {
		capture_error(w, message);
	} else {
		buf_reset(&w->line);
		log_line_add(&w->line, endpoint, message);
		tell_output(w, 1, buf_str(&w->line));
	}
}

static struct log_sink *capture_fork(struct log_sink *super)
{
	const struct capture *self = (const struct capture *)super;
	return capture_new(self->worker, self->stream);
}

static void capture_destroy(struct log_sink *super)
{
	mem_free(super);
}

static const struct log_sink_ops capture_ops = {
	.name = "test",
	.write = capture_write,
	.fork = capture_fork,
	.destroy = capture_destroy,
};

static struct log_sink *capture_new(struct worker_side *w, enum captured stream)
{
	struct capture *self = NEW(struct capture);
	self->super.ops = &capture_ops;
	self->worker = w;
	self->stream = stream;
	return &self->super;
}

static void replace_sink(struct log_sink **sink, struct worker_side *w, enum captured stream)
{
	log_destroy(sink);
	*sink = capture_new(w, stream);
}

/* ---- one run of the program ---- */

/* In a frame of its own. Whatever it answers to the request, nobody reads. */
static struct invocation *run_program(struct worker_side *w, struct world *frame,
				      const struct guest_program *program, uint64_t limit_ns)
{
	const struct http_request request = { .method = STR("GET"),
					      .uri = STR("http://example.com/"),
					      .version = HTTP_1_1 };
	const struct invocation_request asked = { .http = &request, .program = program };
	replace_sink(&frame->log, w, STREAM_LOG);
	replace_sink(&frame->raw_stdout, w, STREAM_OUT);
	replace_sink(&frame->raw_stderr, w, STREAM_ERR);
	frame->stdout_terminal = frame->stdout_terminal && w->run->options->nocapture;
	frame->stderr_terminal = frame->stderr_terminal && w->run->options->nocapture;
	frame->limits.cpu_ns = MIN(frame->limits.cpu_ns, limit_ns);
	frame->limits.wall_ns = MIN(frame->limits.wall_ns, limit_ns);
	struct invocation *i = service_invoke(w->run->service, frame, &asked);
	loop_run(w->loop, &i->ended, UINT64_MAX);
	return i;
}

/* ---- asking for the tests ---- */

void libtest_answers_init(struct libtest_answers *a)
{
	*a = (struct libtest_answers){ .text = BUF_INIT(LIBTEST_LISTED_BYTES_MAX) };
	arena_init(&a->arena);
}

void libtest_answers_fini(struct libtest_answers *a)
{
	buf_fini(&a->text);
	arena_fini(&a->arena);
}

bool libtest_answers_take(struct libtest_answers *a, enum libtest_question question,
			  const struct libtest_run *run, struct error *e)
{
	bool ok = false;
	if (question == LIBTEST_ASK_ALL)
		ok = libtest_tests_read(&a->tests, buf_str(&a->text), &a->arena, e);
	else if (question == LIBTEST_ASK_IGNORED)
		ok = libtest_tests_read_ignored(&a->tests, buf_str(&a->text), e);
	else
		ok = libtest_tests_read_modes(&a->tests, buf_str(&a->text), &a->arena, e);
	buf_reset(&a->text);
	if (!ok || question != LIBTEST_ASK_MODES)
		return ok;
	libtest_find_words(&a->tests, run->image);
	libtest_plan(&a->plan, &a->tests, run->options, &a->arena);
	a->complete = true;
	return true;
}

static void tell_error(struct worker_side *w, enum libtest_ending ending, const char *text)
{
	tell(w, (struct libtest_message){ .kind = LIBTEST_TOLD_ERROR, .what = ending }, str_from(text),
	     STR(""));
}

static bool ask(struct worker_side *w, enum libtest_question question)
{
	static const char *const all[] = { "--list", "--format=terse", NULL };
	static const char *const ignored[] = { "--list", "--format=terse", "--ignored", NULL };
	struct libtest_answers *a = w->answers;
	struct error e;
	const struct guest_program program = { .args = question == LIBTEST_ASK_ALL ? all
						       : question == LIBTEST_ASK_IGNORED
							       ? ignored
							       : libtest_modes_args(&a->tests, &a->arena) };
	struct world *frame = world_fork(w->world, w->loop);
	w->listed = &a->text;
	struct invocation *i = run_program(w, frame, &program, LISTING_NS_MAX);
	bool ok = i->outcome == OUTCOME_OK;
	if (!ok)
		FAIL(&e, INVALID, "%s ends with: " STR_FMT, program.args[0], STR_ARG(i->failure));
	else if (a->text.full)
		ok = FAIL(&e, LIMIT, "it lists tests by more than %d MiB", LIBTEST_LISTED_BYTES_MAX >> 20);
	invocation_destroy(&i);
	world_destroy(&frame);
	w->listed = NULL;
	struct str text = ok ? buf_str(&a->text) : STR("");
	do {
		struct str piece = str_sub(text, 0, PIECE_BYTES_MAX);
		text = str_sub(text, piece.len, text.len);
		if (ok)
			tell(w,
			     (struct libtest_message){
				     .kind = LIBTEST_TOLD_LIST, .what = question, .last = text.len == 0 },
			     STR(""), piece);
	} while (text.len);
	ok = ok && libtest_answers_take(a, question, w->run, &e);
	if (!ok)
		tell_error(w, LIBTEST_NO_TESTS, e.text);
	return ok;
}

static bool ask_all(struct worker_side *w)
{
	for (int question = 0; question < LIBTEST_QUESTIONS; question++) {
		if (!ask(w, (enum libtest_question)question))
			return false;
	}
	return true;
}

/* ---- one test ---- */

static enum libtest_verdict judge(struct worker_side *w, const struct libtest_test *test,
				  const struct invocation *i)
{
	const struct libtest_end end = {
		.test = test,
		.outcome = i->outcome,
		.exit_code = i->exit_code,
		.says = libtest_output_end(&w->output),
		.report = i->report,
		.errors = buf_str(&w->errors),
	};
	buf_reset(&w->why);
	buf_reset(&w->trace);
	enum libtest_verdict verdict = libtest_judge(&end, &w->why, &w->trace);
	uint64_t dropped = w->dropped;
	for (const struct limit_breach *b = i->breaches; b; b = b->next) {
		if (b->enforced)
			continue; /* that ended it, and is said as the reason */
		buf_add(&w->trace, STR("limit: "));
		limit_breach_print(b, &w->trace);
		buf_add_char(&w->trace, '\n');
	}
	w->printed = 0;
	if (dropped && verdict != LIBTEST_OK) {
		struct str errors = buf_str(&w->errors);
		size_t tail = MIN(errors.len, (size_t)TAIL_BYTES);
		buf_reset(&w->line);
		buf_printf(&w->line, "\n(%llu bytes of output more)\n", (unsigned long long)dropped);
		tell_output(w, 2, buf_str(&w->line));
		tell_output(w, 2, str_sub(errors, errors.len - tail, tail));
	}
	tell_output(w, 2, buf_str(&w->trace));
	return verdict;
}

static enum libtest_verdict run_test(struct worker_side *w, const struct libtest_test *test)
{
	scoped(arena_fini) struct arena a = { 0 };
	const char *args[8];
	size_t count = 0;
	args[count++] = "--exact";
	args[count++] = "--nocapture";
	args[count++] = "--color=never";
	args[count++] = "--test-threads=1";
	if (test->ignored)
		args[count++] = "--include-ignored";
	args[count++] = "--";
	args[count++] = arena_str(&a, test->name).ptr;
	args[count] = NULL;
	const struct guest_word word = { test->word, 0 };
	const struct guest_program program = { .args = args,
					       .words = &word,
					       .word_count = test->should_panic && test->word };
	libtest_output_init(&w->output, test->name, print, w);
	buf_reset(&w->errors);
	w->printed = w->dropped = 0;
	struct world *frame = world_fork(w->world, w->loop);
	struct invocation *i = run_program(w, frame, &program, w->run->timeout_ns);
	enum libtest_verdict verdict = judge(w, test, i);
	invocation_destroy(&i);
	world_destroy(&frame);
	return verdict;
}

static void do_test(struct worker_side *w, uint32_t number, struct clock *clock)
{
	const struct libtest_test *test = w->answers->plan.at[number];
	const struct libtest_options *o = w->run->options;
	enum libtest_verdict verdict = LIBTEST_IGNORED;
	uint64_t begun = clock_monotonic(clock);
	tell(w, (struct libtest_message){ .kind = LIBTEST_TOLD_BEGIN, .test = number }, STR(""), STR(""));
	worker_is_at(w->self, number + UINT64_C(1), true);
	buf_reset(&w->why);
	if (!libtest_is_ignored(test, o))
		verdict = run_test(w, test);
	uint64_t ns = clock_monotonic(clock) - begun;
	if (verdict == LIBTEST_OK && o->ensure_time && ns > o->critical_ms * NS_PER_MS)
		verdict = LIBTEST_LATE;
	if ((verdict == LIBTEST_FAILED || verdict == LIBTEST_LATE) && o->fail_fast)
		w->shared->stop = 1;
	tell(w,
	     (struct libtest_message){
		     .kind = LIBTEST_TOLD_RESULT, .test = number, .what = verdict, .ns = ns },
	     buf_str(&w->why), STR(""));
	worker_is_at(w->self, 0, false);
}

static void do_tests(struct worker_side *w)
{
	struct clock *clock = clock_system_new();
	while (!w->shared->stop) {
		uint32_t number = atomic_fetch_add(&w->shared->next, 1);
		if (number >= w->answers->plan.count)
			break;
		do_test(w, number, clock);
	}
	clock_destroy(&clock);
}

void libtest_work(const struct libtest_run *run, struct libtest_answers *answers,
		  struct workers_shared *shared, struct worker *self)
{
	struct error e;
	struct worker_side w = {
		.run = run,
		.answers = answers,
		.shared = shared,
		.self = self,
		.errors = BUF_INIT(ERRORS_BYTES_MAX),
		.line = BUF_INIT(LIBTEST_CAPTURED_BYTES_MAX),
		.why = BUF_INIT(WHY_BYTES_MAX),
		.trace = BUF_INIT(WHY_BYTES_MAX),
	};
	if (!run->open_world(run->data, &w.world, &e)) {
		tell_error(&w, LIBTEST_NO_RUN, e.text);
		return;
	}
	w.loop = w.world->loop;
	bool bench = run->options->bench;
	if ((answers->complete || ask_all(&w)) && !(bench && answers->tests.benches))
		do_tests(&w);
	run->close_world(run->data);
	buf_fini(&w.errors);
	buf_fini(&w.line);
	buf_fini(&w.why);
	buf_fini(&w.trace);
}
