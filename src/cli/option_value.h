/* SPDX-License-Identifier: Apache-2.0 */
/* Values of options: text to what a kind holds, checked. */
#ifndef CLI_OPTION_VALUE_H
#define CLI_OPTION_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/quantity.h"
#include "base/str.h"
#include "cli/options.h"
#include "net/address.h"

/* Reads `value` (NUL-ended behind its length) into the option's member. Errors say what is accepted, not
 * which option. */
must_use bool option_value_set(const struct option_row *row, struct cli_options *o, struct str value,
			       struct error *e);

/* The option's value as it can be given again, quoted for a shell; of flags, counts and structs nothing. */
void option_value_print(const struct option_row *row, const struct cli_options *o, struct buf *out);

/* "127.0.0.1:80", "[::1]:80". */
must_use bool address_parse(struct str text, struct net_address *out, struct error *e);

#endif
