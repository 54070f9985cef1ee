/* SPDX-License-Identifier: Apache-2.0 */
/* What reading and writing share. */
#ifndef RUNNER_HAR_PRIV_H
#define RUNNER_HAR_PRIV_H

#include "http/body.h"

enum { HAR_ENDINGS = BODY_FAILURE_LIMIT + 1 };

/* What `_ending` says of a body, by enum body_failure. */
extern const char *const har_endings[HAR_ENDINGS];

#endif
