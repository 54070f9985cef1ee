/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running test files: worker processes, one a core, take files from a shared queue and run each test in a
 * frame of its own. A worker that dies or hangs costs one test, which is named, and is replaced.
 */
#ifndef RUNNER_RUN_H
#define RUNNER_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "guest/deployed.h"
#include "http/client.h"
#include "manifest/limits_file.h"
#include "runner/filter.h"
#include "runner/interrupt.h"
#include "runner/project.h"
#include "runner/reporter.h"
#include "runner/run_net.h"
#include "runner/timings.h"

/* Which snapshots are written: none, those that are not there yet, all that differ. */
enum run_snapshots { SNAPSHOTS_NONE, SNAPSHOTS_NEW, SNAPSHOTS_ALL };

struct run_options {
	unsigned jobs; /* worker processes; 0: one a core */
	uint64_t seed;
	uint64_t timeout_ns;       /* of real time, for one test */
	uint64_t memory_bytes_max; /* of a worker process; 0: any */
	uint32_t retry;            /* a test that fails is run so often again, each time with the next seed */
	uint32_t repeat;           /* each test so often, with seeds one after another; 0 is 1 */
	bool shuffle;              /* a file's tests in an order that the seed decides */
	bool check_determinism;    /* each test twice with the same seed: what happened must be the same */
	bool bail;                 /* stop after the first failure */
	bool strict;               /* a check that passes only because its target is undefined fails */
	enum run_net net;          /* where requests go that no origin of a test answers */
	struct http_trust trust;   /* of backends that are asked for real */
	/* The service is there, and tests see its outside; without a URL it is a project's. */
	struct deployment_target target;
	struct str redact; /* what a cassette must not hold, beside what it never does: see cassette.h */
	bool without_http_cache;          /* requests to backends pass the cache by */
	const struct test_filter *filter; /* NULL: all tests */

	struct timings *timings; /* how long files took, to be asked and told; borrowed; NULL: not known */
	struct interrupt *interrupt; /* what ends the run early; borrowed; NULL: nothing does */
	/* "backlot test …" with what changes how tests run, for a shell; NULL: failures do not show one. */
	const char *command;
	const struct limits_choice *limits; /* what the user says of them; borrowed */

	enum run_snapshots snapshots;
	/*
	 * For tests in JavaScript: the path of esbuild, which may not be there, and a folder for what it
	 * compiled.
	 */
	const char *esbuild, *js_cache, *js_spare;

	/* Opens a compiled service: the runner knows no engine. Called in worker processes. */
	bool (*open_service)(void *data, const char *path, uint64_t memory_bytes_max, struct service **out,
			     struct error *e);
	/* The results of a file's tests depend on that path. Called in this process; NULL: nobody asks. */
	void (*depends)(void *data, const struct test_file *file, struct str path);
	/* The environment, for manifests that name variables. */
	const char *(*env)(void *data, const char *name);
	void *data;
};

/* Runs everything; the totals say how it went. An error: nothing could be run (no processes). */
must_use bool run_tests(const struct test_files *files, const struct run_options *options,
			struct reporter *reporter, struct run_totals *totals, struct error *e);

/* Tells the reporter of every test, as passed, without running any. No guest is opened. */
void run_list(const struct test_files *files, const struct run_options *options, struct reporter *reporter,
	      struct run_totals *totals);

/* What is said of a test that took too long: "took longer than 5 s and was stopped (--timeout)". */
struct str run_late_words(const struct run_options *options, struct arena *a);

#endif
