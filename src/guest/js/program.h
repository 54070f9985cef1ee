/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled JavaScript programs: a file and all that it imports, as esbuild and prelude/compile.ts made it,
 * kept in one file. Its lines are: "backlot-program VERSION INPUTS JSON-BYTES CODE-BYTES", a line "STAMP
 * PATH" for each of its inputs, then JSON that describes its modules, then their code. It is good as long as
 * every input has its stamp.
 */
#ifndef GUEST_JS_PROGRAM_H
#define GUEST_JS_PROGRAM_H

#include "guest/js/realm.h"

enum { PROGRAM_STAMP_BYTES = 64 };

/* For realms of Backlot's own that load programs; services never get them. */
extern const struct js_module js_files_module, js_programs_module;

/* What changes when a file changes, without blanks. False: it cannot be looked at. */
must_use bool program_stamp(const char *path, char out[PROGRAM_STAMP_BYTES]);

/*
 * Cuts a program's file into its parts, which are borrowed. False: it is not one of ours, was cut off, or an
 * input has changed since.
 */
must_use bool program_read(struct str bytes, struct str *json, struct str *code);

#endif
