/* SPDX-License-Identifier: Apache-2.0 */
/* What serve, run and test have in common: opening the service that was named. */
#ifndef CLI_SERVICE_H
#define CLI_SERVICE_H

#include "cli/cli.h"
#include "guest/wasm/wasm_service.h"
#include "http/client.h"
#include "manifest/limits_file.h"

/* The options for Wasm guests that the command line implies. */
struct wasm_options cli_wasm_options(const struct cli_options *o);

/* What the command line says about limits. */
must_use bool cli_limits_choice(const struct cli_options *o, struct limits_choice *c, struct error *e);

/*
 * Fills in where guests' profiles go: a folder, which is made, for the command that runs many; else a file.
 * Nothing when they are not profiled.
 */
must_use bool cli_profile_place(const struct cli_options *o, struct wasm_options *wasm, struct error *e);
/* Could a profile not be written? That was said. */
bool cli_profile_lost(const struct service *s);

/*
 * esbuild, which compiles JavaScript and TypeScript: $BACKLOT_ESBUILD, or the installed one, or the build's.
 */
const char *cli_esbuild(const struct cli_options *o, struct arena *a);

/* Whom backends of TLS are checked by: what $SSL_CERT_FILE and $SSL_CERT_DIR say. */
struct http_trust cli_trust(const struct cli_options *o);

/*
 * Where compiled JavaScript is kept: a folder that may not be there yet; `spare`, when the user's own cannot
 * be written.
 */
const char *cli_js_cache(const struct cli_options *o, const char *spare, struct arena *a);
/* A folder for it that others cannot write. To be asked for once: it may be one that is made for this. */
const char *cli_js_spare(struct arena *a);

/* Opens a service of whatever kind the file is. */
must_use bool cli_open_service(struct service **out, const char *path, const struct wasm_options *wasm,
			       struct error *e);

#endif
