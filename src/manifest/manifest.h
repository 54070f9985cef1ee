/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A project's manifest, read into two things: facts about the service (struct manifest) and the world that
 * its [local_server] describes. Only fastly.toml for now; docs/reference/fastly-toml.md has every key.
 */
#ifndef MANIFEST_MANIFEST_H
#define MANIFEST_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "manifest/limits_file.h"
#include "world/world.h"

enum { MANIFEST_VERSION_MAX = 3 };

struct manifest_warning {
	struct manifest_warning *next;
	struct str text; /* one line: "fastly.toml:12:5: …" */
};

/* A file that the manifest names, which the world was made with. */
struct manifest_file {
	struct manifest_file *next;
	const char *path;
};

struct manifest {
	struct arena arena; /* everything below lives here */
	int64_t version;    /* 0: not given */
	struct str name, description, language;
	struct str *authors;
	size_t authors_count;
	struct limits_choice limits; /* [local_server.limits]; whoever made the world calls limits_choose() */
	struct manifest_file *files; /* in no order, and a file that is named twice is there twice */
	struct manifest_warning *warnings, **last_warning; /* in the order of the text */
};

/* How to read one; what is left zero has its default. Strings are borrowed for the call. */
struct manifest_options {
	/* How messages call the file; default "fastly.toml". */
	const char *file_name;
	/*
	 * Where relative paths begin. Default: the process's working directory, as Fastly's local server has
	 * it for `serve` and `run`; `test` names the manifest's own folder.
	 */
	const char *base_dir;
	/* The value of an environment variable, NULL when it is not set. Default: none is set. */
	const char *(*env)(void *data, const char *name);
	void *env_data;
};

void manifest_init(struct manifest *m);
void manifest_fini(struct manifest *m);

/*
 * Reads a fastly.toml and puts all of its [local_server] into the world. On an error the world may hold a
 * part of it and should be thrown away. Errors and warnings read "FILE:LINE:COLUMN: SECTION.NAME: what is
 * wrong; write …".
 */
must_use bool manifest_parse_fastly(struct manifest *m, struct str text,
				    const struct manifest_options *options, struct world *world,
				    struct error *e);

/* The same from a file; `options->file_name` defaults to the path. */
must_use bool manifest_read_fastly(struct manifest *m, const char *path,
				   const struct manifest_options *options, struct world *world,
				   struct error *e);

#endif
