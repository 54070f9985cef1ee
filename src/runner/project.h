/* SPDX-License-Identifier: Apache-2.0 */
/* Finding things on disk: test files below the paths that were named, and the project each belongs to. */
#ifndef RUNNER_PROJECT_H
#define RUNNER_PROJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

/* A service and its manifest: what stands at or above a test file. */
struct project {
	struct project *next;
	const char *folder;   /* where the manifest is, else where the service is */
	const char *manifest; /* path of fastly.toml; NULL: there is none */
	const char *service;  /* path of the compiled service; NULL: not found, see `missing` */
	const char *missing;  /* why there is no service, and what to do */
};

struct executor_kind;

struct test_file {
	const char *path;
	const struct executor_kind *kind; /* who runs it */
	struct project *project;
};

struct test_path {
	struct test_path *next;
	const char *path;
};

struct test_files {
	struct arena arena; /* all strings and projects live here */
	struct test_file *at;
	size_t count, cap;
	struct project *projects;
	struct test_path *folders; /* that were looked through, in no order */
	struct test_path *orphans; /* files of snapshots whose test file is not there, in no order */
};

/* Where to look, and for what. Borrowed for the call, the kinds for as long as the list. */
struct test_search {
	const char *const *paths; /* files and folders; none: the current folder */
	size_t count;
	const char *manifest, *service; /* override what is found by looking; NULL: look */
	const struct executor_kind *const
		*kinds; /* of files, NULL-ended; a file is the first's that takes it */
};

/*
 * The test files at and below the paths, in the order of their names, each once. Hidden folders, node_modules
 * and target are passed over. Errors: a path that is not there, or a named file that is no test.
 */
must_use bool test_files_find(struct test_files *out, const struct test_search *search, struct error *e);
void test_files_fini(struct test_files *f);

/* The project at or above a folder; lives in the list's arena. */
struct project *test_files_project(struct test_files *f, const char *folder, const char *manifest,
				   const char *service);

/*
 * The project of one more service, by the path of its compiled code or of its project's folder; the manifest
 * is the one in the folder, or at or above the code. Lives in the arena. ERROR_NOT_FOUND: nothing of the kind
 * is there.
 */
must_use struct project *project_at(struct arena *a, const char *path, struct error *e);

#endif
