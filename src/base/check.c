/* SPDX-License-Identifier: Apache-2.0 */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void check_failed(const char *expression, const char *file, int line)
{
	fprintf(stderr, "backlot: internal error: '%s' does not hold (%s:%d)\n", expression, file, line);
	abort();
}
