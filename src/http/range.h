/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a representation: the Range header of a request (RFC 9110, 14). */
#ifndef HTTP_RANGE_H
#define HTTP_RANGE_H

#include <stdint.h>

#include "base/str.h"

enum range_kind {
	RANGE_WHOLE,        /* no range, one that cannot be read, or several: the answer is the whole */
	RANGE_PART,         /* from *first to *last, both counted */
	RANGE_UNSATISFIABLE /* nothing of it is there: 416 */
};

/* What a Range header asks of `length` bytes. Other units than bytes are RANGE_WHOLE. */
enum range_kind range_parse(struct str value, uint64_t length, uint64_t *first, uint64_t *last);

#endif
