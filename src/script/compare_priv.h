/* SPDX-License-Identifier: Apache-2.0 */
/* What comparisons.def names besides the bodies in compare.c: how failures are explained. Bodies in
 * explain.c. */
#ifndef SCRIPT_COMPARE_PRIV_H
#define SCRIPT_COMPARE_PRIV_H

#include "script/compare.h"

struct str explain_nothing(const struct comparison_input *in, bool negated);
struct str explain_includes(const struct comparison_input *in, bool negated);
struct str explain_matches(const struct comparison_input *in, bool negated);
struct str explain_one_of(const struct comparison_input *in, bool negated);

#endif
