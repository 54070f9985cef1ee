/* SPDX-License-Identifier: Apache-2.0 */
#include "http/range.h"

/* The last `count` bytes. */
static enum range_kind suffix(struct str count, uint64_t length, uint64_t *first, uint64_t *last)
{
	uint64_t n;
	if (!str_to_u64(count, UINT64_MAX, &n))
		return RANGE_WHOLE;
	if (n == 0 || length == 0)
		return RANGE_UNSATISFIABLE;
	*first = length - MIN(n, length);
	*last = length - 1;
	return RANGE_PART;
}

enum range_kind range_parse(struct str value, uint64_t length, uint64_t *first, uint64_t *last)
{
	uint64_t from, to = UINT64_MAX;
	struct str spec = str_trim(value), unit = str_split(&spec, '=');
	if (!str_eq_nocase(unit, STR("bytes")) || !spec.ptr || str_find_char(spec, ',') != STR_NONE ||
	    str_find_char(spec, '-') == STR_NONE)
		return RANGE_WHOLE;
	struct str end = str_trim(spec), begin = str_split(&end, '-');
	if (begin.len == 0)
		return suffix(end, length, first, last);
	if (!str_to_u64(begin, UINT64_MAX, &from) || (end.len && !str_to_u64(end, UINT64_MAX, &to)) ||
	    to < from)
		return RANGE_WHOLE;
	if (from >= length)
		return RANGE_UNSATISFIABLE;
	*first = from;
	*last = MIN(to, length - 1);
	return RANGE_PART;
}
