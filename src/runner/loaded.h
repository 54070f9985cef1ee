/* SPDX-License-Identifier: Apache-2.0 */
/* Projects as a worker process has them: the compiled service, and the world that the manifest describes. */
#ifndef RUNNER_LOADED_H
#define RUNNER_LOADED_H

#include "guest/guest.h"
#include "runner/executor.h"

/* Tests begin at a fixed time, 2025-01-01 00:00:00 UTC, so that they are the same every time. */
#define TEST_TIME_NS (UINT64_C(1735689600) * NS_PER_S)

struct loaded {
	struct loaded *next;
	const struct project *project;
	struct service *service;
	struct world *world;       /* nothing runs in it: fork it */
	struct str failure;        /* it could not be loaded: why */
	struct loaded_file *files; /* what it was made of, when somebody asks */
};

struct loaded_projects;

/* `options` are borrowed. */
must_use struct loaded_projects *loaded_projects_new(const struct run_options *options);
void loaded_projects_destroy(struct loaded_projects **pl); /* leaves NULL; NULL is fine */

/*
 * Loads it when it is asked for first; the listener is told what the manifest's reader warns of, and each
 * time which files it depends on. Borrowed.
 */
struct loaded *loaded_project(struct loaded_projects *l, const struct project *project,
			      struct executor_listener *listener);

/*
 * The same of a service beside the projects', by the path of its compiled code or of its project's folder;
 * one of the projects' when it is that. NULL and an error: there is none, or it could not be loaded.
 */
must_use struct loaded *loaded_service(struct loaded_projects *l, struct str path,
				       struct executor_listener *listener, struct error *e);

#endif
