/* SPDX-License-Identifier: Apache-2.0 */
/* Help in all its forms, each made from options.def. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "cli/cli.h"

/* What Backlot is, in a sentence. */
extern const char help_intro[];

/* "Usage: backlot run [OPTIONS] WASM [ARGS…]": of o->command, or of all when none was named. */
void help_usage(const struct cli_options *o, FILE *to);

/* What -h and --help (more) print: of the command, or of all when none was named and no operand is there. */
void help_print(const struct cli_options *o, FILE *to);

void help_man(FILE *to);
void help_markdown(FILE *to);
void help_completion(enum cli_completion shell, FILE *to);

#endif
