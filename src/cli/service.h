/* SPDX-License-Identifier: Apache-2.0 */
/* What serve, run and test have in common: opening the service that was named. */
#ifndef CLI_SERVICE_H
#define CLI_SERVICE_H

#include "cli/cli.h"
#include "guest/wasm/wasm_service.h"

/* The options for Wasm guests that the command line implies. */
struct wasm_options cli_wasm_options(const struct cli_options *o);

/* Opens a service of whatever kind the file is. */
must_use bool cli_open_service(struct service **out, const char *path, const struct wasm_options *wasm,
			       struct error *e);

#endif
