/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs the tests of one kind of files: an interface, with an implementation a language. One lives in a
 * worker process and walks through one file after another. What may be run when, how often and with which
 * seed, is said from outside (struct test_pass); results are told as they come (struct executor_listener).
 */
#ifndef RUNNER_EXECUTOR_H
#define RUNNER_EXECUTOR_H

#include "base/arena.h"
#include "base/error.h"
#include "runner/project.h"
#include "runner/result.h"

struct run_options;

/* One walk through tests of a file. */
struct test_pass {
	uint64_t seed; /* of all that is random in a test and in its service */
	bool shuffled; /* in an order that the seed decides (executor_order()), else as they are written */
	const uint32_t *only; /* these tests by index, in this order; NULL: all that the filter wants */
	size_t only_count;
	size_t first; /* pass over so many of them: they were run before, in a process that is no more */
	uint64_t first_seed; /* of the first that is run, which may be a repetition */
	bool trace;          /* results have a trace */
};

/* Told of what happens; strings are borrowed for the call. */
struct executor_listener {
	/* A test begins; `position` counts the pass's tests. Of the result, who it is: index, suites, name,
	 * line, column. */
	void (*starts)(struct executor_listener *, size_t position, const struct test_result *);
	/* A test has ended, or was skipped (then nothing has begun). */
	void (*ended)(struct executor_listener *, const struct test_result *);
	/* Asked when a test has failed, and ended() was called: is it to be run again, anew in a frame of its
	 * own, and with which seed? */
	bool (*again)(struct executor_listener *, uint64_t *seed);
	/* The file cannot be run: why. No ended() follows. */
	void (*broken)(struct executor_listener *, struct str text);
	/* A service is being compiled, perhaps for a test that runs, whose time does not count meanwhile. */
	void (*compiling)(struct executor_listener *, bool begins);
	void (*warning)(struct executor_listener *, struct str text); /* about a project's manifest */
	/* The results depend on this file, too: a fixture, or what the file imports. */
	void (*depends)(struct executor_listener *, struct str path);
	/* All tests of the pass have ended. */
	void (*snapshots)(struct executor_listener *, const struct test_snapshots *);
	bool (*stop)(struct executor_listener *); /* asked before each test */
};

struct executor {
	const struct executor_ops *ops;
};

struct executor_ops {
	/* Runs a pass, and returns when it is at its end. */
	void (*run)(struct executor *, const struct test_file *, const struct test_pass *,
		    struct executor_listener *);
	/*
	 * Tells of each test that the filter wants, by ended(), as passed, without running any; or broken().
	 */
	void (*list)(struct executor *, const struct test_file *, struct executor_listener *);
	void (*destroy)(struct executor *);
};

/* A kind of test files. */
struct executor_kind {
	const char *name;                    /* "fiddle" */
	const char *files;                   /* which those are, for people: "files that end in .fiddle" */
	bool (*takes)(struct str file_name); /* without its folder */
	/* Options are borrowed, and were checked. Never NULL. */
	struct executor *(*executor_new)(const struct run_options *options);
};

static inline void executor_destroy(struct executor **px)
{
	if (*px)
		(*px)->ops->destroy(*px);
	*px = NULL;
}

/* Puts `count` indices in the order that the seed decides, the same everywhere. */
void executor_order(uint32_t *indices, size_t count, uint64_t seed);

/*
 * The tests of a pass by index, in their order, out of `count` that the file has and `wants` agrees to; in
 * the arena. `first` is not looked at.
 */
uint32_t *executor_plan(const struct test_pass *pass, size_t count, bool (*wants)(void *data, uint32_t index),
			void *data, struct arena *a, size_t *planned);

#endif
