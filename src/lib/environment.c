/* SPDX-License-Identifier: Apache-2.0 */
/* What the process's environment says; for the library what src/main.c is for the program. */
#include <stdlib.h>

#include "lib/lib_priv.h"

const char *lib_environment(void *unused, const char *name)
{
	(void)unused;
	return getenv(name);
}
