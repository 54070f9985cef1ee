/* SPDX-License-Identifier: Apache-2.0 */
/* Reference values: what stands behind the comparison of a test line. */
#ifndef SCRIPT_REFERENCE_H
#define SCRIPT_REFERENCE_H

#include "script/check.h"

/*
 * Reads what is left of a test line as the kind of reference that `out->comparison` takes, and fills in the
 * check's reference. False after an error was added.
 */
must_use bool reference_parse(struct str text, struct arena *a, struct diagnostics *d, struct check *out);

#endif
