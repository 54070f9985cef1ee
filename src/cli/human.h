/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and names as people read them. */
#ifndef CLI_HUMAN_H
#define CLI_HUMAN_H

#include <stdint.h>
#include <stdio.h>

#include "base/str.h"

/* "17 B", "1.4 KiB", "11.2 MiB". */
struct human_bytes {
	char text[16];
};
struct human_bytes human_bytes(uint64_t bytes);

/* "3 minutes ago", "2 days ago"; both are Unix times. */
struct human_age {
	char text[32];
};
struct human_age human_age(uint64_t then_s, uint64_t now_s);

/* "1 import", "2 imports". */
#define HUMAN_COUNT_FMT "%llu %s%s"
#define HUMAN_COUNT_ARG(n, noun) (unsigned long long)(n), (noun), (n) == 1 ? "" : "s"

/* A name from a file: what would act on a terminal (control characters, bytes that are not UTF-8) is shown as
 * \xNN. */
void human_name(FILE *to, struct str name);

/* As a JSON string, quotes included. */
void json_string(FILE *to, struct str text);

#endif
