/* SPDX-License-Identifier: Apache-2.0 */
#include "http/headers.h"

#include <string.h>

const struct header *headers_next(const struct headers *h, struct str name, size_t *from)
{
	for (size_t i = *from; i < h->count; i++) {
		if (str_eq_nocase(h->at[i].name, name)) {
			*from = i + 1;
			return &h->at[i];
		}
	}
	*from = h->count;
	return NULL;
}

struct str headers_get(const struct headers *h, struct str name)
{
	size_t from = 0;
	const struct header *found = headers_next(h, name, &from);
	if (!found)
		return (struct str){ NULL, 0 };
	return found->value.ptr ? found->value : STR("");
}

bool headers_has(const struct headers *h, struct str name)
{
	return headers_get(h, name).ptr != NULL;
}

void headers_add_borrowed(struct headers *h, struct arena *a, struct str name, struct str value)
{
	if (h->count == h->cap) {
		size_t cap = h->cap ? 2 * h->cap : 16;
		struct header *at = arena_alloc(a, cap * sizeof *at);
		if (h->count)
			memcpy(at, h->at, h->count * sizeof *at);
		h->at = at;
		h->cap = cap;
	}
	h->at[h->count++] = (struct header){ name, value };
}

void headers_add(struct headers *h, struct arena *a, struct str name, struct str value)
{
	headers_add_borrowed(h, a, arena_str(a, name), arena_str(a, value));
}

/* Removes the fields of that name from index `from` on. */
static size_t remove_from(struct headers *h, struct str name, size_t from)
{
	size_t kept = from;
	for (size_t i = from; i < h->count; i++) {
		if (!str_eq_nocase(h->at[i].name, name))
			h->at[kept++] = h->at[i];
	}
	size_t removed = h->count - kept;
	h->count = kept;
	return removed;
}

void headers_set(struct headers *h, struct arena *a, struct str name, struct str value)
{
	for (size_t i = 0; i < h->count; i++) {
		if (!str_eq_nocase(h->at[i].name, name))
			continue;
		h->at[i] = (struct header){ arena_str(a, name), arena_str(a, value) };
		remove_from(h, h->at[i].name, i + 1);
		return;
	}
	headers_add(h, a, name, value);
}

size_t headers_remove(struct headers *h, struct str name)
{
	return remove_from(h, name, 0);
}

struct headers headers_copy(const struct headers *h, struct arena *a)
{
	struct headers copy = { 0 };
	for (size_t i = 0; i < h->count; i++)
		headers_add(&copy, a, h->at[i].name, h->at[i].value);
	return copy;
}

size_t headers_bytes(const struct headers *h)
{
	size_t bytes = 0;
	for (size_t i = 0; i < h->count; i++)
		bytes += h->at[i].name.len + h->at[i].value.len + 4;
	return bytes;
}

/* What a token may hold, by ASCII code: a table, because this runs over every byte of every head. */
static const char token_bytes[] = "                                "
				  " t ttttt  tt tt tttttttttt      "
				  " tttttttttttttttttttttttttt   tt"
				  "ttttttttttttttttttttttttttt t t ";

bool header_name_valid(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.ptr[i];
		if (c >= 0x80 || token_bytes[c] != 't')
			return false;
	}
	return name.len > 0;
}

bool header_value_valid(struct str value)
{
	bool bad = false; /* no early way out, so that the compiler may look at many bytes at once */
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];
		bad |= (c < 0x20 && c != '\t') || c == 0x7f;
	}
	return !bad;
}

bool headers_list_has(const struct headers *h, struct str name, struct str token)
{
	size_t from = 0;
	for (const struct header *f; (f = headers_next(h, name, &from));) {
		struct str rest = f->value;
		while (rest.ptr) {
			if (str_eq_nocase(str_trim(str_split(&rest, ',')), token))
				return true;
		}
	}
	return false;
}
