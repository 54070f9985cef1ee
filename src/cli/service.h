/* SPDX-License-Identifier: Apache-2.0 */
/* What serve, run and test have in common: opening the service that was named. */
#ifndef CLI_SERVICE_H
#define CLI_SERVICE_H

#include "cli/cli.h"
#include "guest/wasm/wasm_service.h"
#include "manifest/limits_file.h"

/* The options for Wasm guests that the command line implies. */
struct wasm_options cli_wasm_options(const struct cli_options *o);

/* What the command line says about limits. */
must_use bool cli_limits_choice(const struct cli_options *o, struct limits_choice *c, struct error *e);

/* Opens a service of whatever kind the file is. */
must_use bool cli_open_service(struct service **out, const char *path, const struct wasm_options *wasm,
			       struct error *e);

#endif
