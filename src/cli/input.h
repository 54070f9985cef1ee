/* SPDX-License-Identifier: Apache-2.0 */
/* The file (or folder) that a command is to work on, looked at while the command line is read, so that a slip
 * is a usage error. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stdbool.h>

#include "base/error.h"
#include "cli/cli.h"

/*
 * Is o->input there, and can it be Wasm (binary, text or component)? For `serve` it may also be a folder with
 * a fastly.toml, and is the current folder when none was given. Only the file's start is looked at: whatever
 * else may be wrong is found when it is loaded.
 */
must_use bool input_check(struct cli_options *o, struct error *e);

#endif
