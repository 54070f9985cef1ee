/* SPDX-License-Identifier: Apache-2.0 */
/* `--tls` and its kind: which certificate `serve` shows. */
#ifndef CLI_TLS_H
#define CLI_TLS_H

#include "cli/cli.h"
#include "net/tls.h"

/*
 * *out is NULL when TLS was not asked for. Without --tls-cert it is a certificate for localhost that is made
 * once and kept in the folder tls of the cache (or made for this run, where there is no such folder); what to
 * do to trust it is printed to o->env->err.
 */
must_use bool cli_tls_open(struct tls_context **out, const struct cli_options *o, uint64_t now_s,
			   struct error *e);

#endif
