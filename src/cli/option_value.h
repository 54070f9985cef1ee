/* SPDX-License-Identifier: Apache-2.0 */
/* Values of options: text to what a kind holds, checked. */
#ifndef CLI_OPTION_VALUE_H
#define CLI_OPTION_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/quantity.h"
#include "base/str.h"
#include "cli/options.h"
#include "net/address.h"

/* Reads `value` (NUL-ended behind its length) into the option's member. Errors say what is accepted, not
 * which option. */
must_use bool option_value_set(const struct option_row *row, struct cli_options *o, struct str value,
			       struct error *e);

/* "127.0.0.1:80", "[::1]:80". */
must_use bool address_parse(struct str text, struct net_address *out, struct error *e);

#endif
