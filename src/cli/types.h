/* SPDX-License-Identifier: Apache-2.0 */
/* The types of the modules that tests import, for editors and `tsc`: put into a project's folder of tests. */
#ifndef CLI_TYPES_H
#define CLI_TYPES_H

#include <stdio.h>

#include "base/attr.h"
#include "base/error.h"

/*
 * Writes backlot-test.d.ts into the folder, in place of an older one; backlot-vitest.d.ts, too, unless Vitest
 * is in a node_modules at or above it, whose own types are better (then one that is there is taken away); and
 * a tsconfig.json unless there is one at or above it. Says so, in a line.
 */
must_use bool types_write(const char *folder, FILE *out, struct error *e);

#endif
