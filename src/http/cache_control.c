/* SPDX-License-Identifier: Apache-2.0 */
#include "http/cache_control.h"

bool cache_seconds_parse(struct str text, uint32_t *out)
{
	uint64_t n = 0;
	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		n = MIN(n * 10 + (uint64_t)(text.ptr[i] - '0'), (uint64_t)CACHE_SECONDS_MAX);
	}
	*out = (uint32_t)n;
	return true;
}

/* The next element of a comma-separated list; a comma between quotes separates nothing. */
static struct str next_element(struct str *rest)
{
	struct str all = *rest;
	bool quoted = false;
	for (size_t i = 0; i < all.len; i++) {
		if (quoted && all.ptr[i] == '\\')
			i++;
		else if (all.ptr[i] == '"')
			quoted = !quoted;
		else if (all.ptr[i] == ',' && !quoted) {
			*rest = str_sub(all, i + 1, all.len);
			return str_trim(str_sub(all, 0, i));
		}
	}
	*rest = (struct str){ NULL, 0 };
	return str_trim(all);
}

static struct str unquote(struct str s)
{
	bool quoted = s.len >= 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"';
	return quoted ? str_sub(s, 1, s.len - 2) : s;
}

static void read_directive(struct cache_control *cc, struct str element)
{
	const struct {
		struct str name;
		struct cache_seconds *to;
	} numbers[] = {
		{ STR("max-age"), &cc->max_age },
		{ STR("s-maxage"), &cc->s_maxage },
		{ STR("stale-while-revalidate"), &cc->stale_while_revalidate },
		{ STR("stale-if-error"), &cc->stale_if_error },
	};
	struct str value = element, name = str_split(&value, '=');
	cc->no_store |= str_eq_nocase(name, STR("no-store"));
	cc->is_private |= str_eq_nocase(name, STR("private"));
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		struct cache_seconds *to = numbers[i].to;
		if (to->given || !str_eq_nocase(name, numbers[i].name))
			continue;
		to->given = true;
		if (!cache_seconds_parse(unquote(value), &to->value))
			to->value = 0;
	}
}

struct cache_control cache_control_read(const struct headers *h, struct str name)
{
	struct cache_control cc = { 0 };
	bool targeted = str_eq_nocase(name, STR("surrogate-control"));
	size_t from = 0;
	for (const struct header *f; (f = headers_next(h, name, &from));) {
		cc.present = true;
		for (struct str rest = f->value; rest.ptr;) {
			struct str element = next_element(&rest);
			/* There a directive may name the caches it is for; it is taken for all. */
			if (targeted)
				element = str_trim(str_split(&element, ';'));
			read_directive(&cc, element);
		}
	}
	return cc;
}
