/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's side of a run: takes work, has it done by the executor of its kind, and sends what comes of it.
 */
#include <unistd.h>

#include "base/check.h"
#include "runner/run_priv.h"

enum {
	KINDS_MAX = 8,
	TEXT_BYTES_MAX = WORKER_MESSAGE_BYTES_MAX / 4,
	NOTE_TEXT_BYTES_MAX = 1024,
};

struct side {
	struct executor_listener super;
	struct run_worker given;
	uint32_t work;
	uint32_t failed; /* so often has the test under way failed already */
	const struct executor_kind *kinds[KINDS_MAX];
	struct executor *executors[KINDS_MAX];
};

static void send_message(struct side *s, enum message_kind kind, struct str bytes)
{
	struct message m = { kind, s->work };
	const struct str parts[] = { { (const char *)&m, sizeof m }, bytes };
	worker_send(s->given.self, parts, COUNT_OF(parts));
}

static void side_starts(struct executor_listener *l, size_t position, const struct test_result *who)
{
	struct side *s = (struct side *)l;
	scoped(buf_fini) struct buf note = BUF_INIT(WORKER_NOTE_BYTES_MAX);
	struct test_result noted = *who;
	noted.runs_failed = s->failed;
	test_result_pack(&noted, NOTE_TEXT_BYTES_MAX, &note);
	if (note.full) { /* the groups have long names; its own must do */
		buf_reset(&note);
		noted.suite_count = 0;
		test_result_pack(&noted, NOTE_TEXT_BYTES_MAX, &note);
	}
	worker_note(s->given.self, buf_str(&note));
	worker_is_at(s->given.self, item_of(s->work, (uint32_t)position + 1), true);
}

static void side_ended(struct executor_listener *l, const struct test_result *r)
{
	struct side *s = (struct side *)l;
	scoped(buf_fini) struct buf packed =
		BUF_INIT(WORKER_MESSAGE_BYTES_MAX / 2 + WORKER_MESSAGE_BYTES_MAX / 4);
	struct test_result sent = *r;
	sent.runs_failed = s->failed;
	sent.seed = run_seed(&s->given.work[s->work], s->failed);
	test_result_pack(&sent, TEXT_BYTES_MAX, &packed);
	CHECK(!packed.full);
	send_message(s, MESSAGE_RESULT, buf_str(&packed));
	bool last = r->status != TEST_FAILED ||
		    s->failed >= run_retries(s->given.options, &s->given.work[s->work]);
	if (r->status == TEST_FAILED && last && s->given.options->bail && !s->given.work[s->work].probe)
		s->given.shared->stop = 1;
	if (last)
		s->failed = 0;
	else
		s->failed++;
}

static bool side_again(struct executor_listener *l, uint64_t *seed)
{
	struct side *s = (struct side *)l;
	*seed = run_seed(&s->given.work[s->work], s->failed);
	return s->failed > 0;
}

static void side_broken(struct executor_listener *l, struct str text)
{
	send_message((struct side *)l, MESSAGE_BROKEN, str_sub(text, 0, WORKER_MESSAGE_BYTES_MAX / 2));
}

static void side_compiling(struct executor_listener *l, bool begins)
{
	struct side *s = (struct side *)l;
	if (begins)
		worker_pause(s->given.self);
	else
		worker_resume(s->given.self);
}

static void side_warning(struct executor_listener *l, struct str text)
{
	send_message((struct side *)l, MESSAGE_WARNING, str_sub(text, 0, WORKER_MESSAGE_BYTES_MAX / 2));
}

static void side_depends(struct executor_listener *l, struct str path)
{
	send_message((struct side *)l, MESSAGE_DEPENDS, str_sub(path, 0, WORKER_MESSAGE_BYTES_MAX / 2));
}

static void side_snapshots(struct executor_listener *l, const struct test_snapshots *t)
{
	struct side *s = (struct side *)l;
	const uint32_t counts[] = { t->written, t->updated, t->removed };
	scoped(buf_fini) struct buf b = BUF_INIT(WORKER_MESSAGE_BYTES_MAX / 2);
	buf_add(&b, (struct str){ (const char *)counts, sizeof counts });
	buf_add(&b, str_sub(t->obsolete, 0, WORKER_MESSAGE_BYTES_MAX / 4));
	send_message(s, MESSAGE_SNAPSHOTS, buf_str(&b));
}

static bool side_stop(struct executor_listener *l)
{
	return ((struct side *)l)->given.shared->stop;
}

/* One a kind, made when the first file of it comes. */
static struct executor *executor_for(struct side *s, const struct executor_kind *kind)
{
	size_t i = 0;
	while (i < KINDS_MAX && s->kinds[i] && s->kinds[i] != kind)
		i++;
	CHECK(i < KINDS_MAX);
	if (!s->kinds[i]) {
		s->kinds[i] = kind;
		s->executors[i] = kind->executor_new(s->given.options);
	}
	return s->executors[i];
}

static void do_work(struct side *s, uint32_t work, const struct begin *begin)
{
	const struct work *w = &s->given.work[work];
	const struct test_file *file = &s->given.files->at[w->file];
	struct test_pass pass = w->pass;
	pass.first = begin->position;
	pass.first_seed = run_seed(w, begin->failed);
	s->work = work;
	s->failed = begin->failed;
	worker_is_at(s->given.self, item_of(work, 0), false);
	struct executor *x = executor_for(s, file->kind);
	x->ops->run(x, file, &pass, &s->super);
	worker_is_at(s->given.self, 0, false);
	send_message(s, MESSAGE_WORK_DONE, STR(""));
}

void run_worker(const struct run_worker *given)
{
	struct side s = {
		.super = { side_starts, side_ended, side_again, side_broken, side_compiling, side_warning,
			   side_depends, side_snapshots, side_stop },
		.given = *given,
	};
	if (given->begin.given)
		do_work(&s, given->begin.work, &given->begin);
	while (!given->shared->stop) {
		uint32_t next = atomic_fetch_add(&given->shared->next, 1);
		if (next >= given->queued)
			break;
		do_work(&s, given->queue[next], &(struct begin){ 0 });
	}
	_exit(0); /* all has been sent; taking the engine apart would only take time */
}
