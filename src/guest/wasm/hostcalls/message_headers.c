/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/hostcalls/message_headers.h"

enum { NAME_BYTES_MAX = 65535, BLOOM_BITS = 4096 };

enum abi_status message_name_status(struct str name)
{
	if (name.len > NAME_BYTES_MAX)
		return ABI_INVAL;
	return header_name_valid(name) ? ABI_OK : ABI_ERROR;
}

enum abi_status message_field_status(struct str name, struct str value)
{
	enum abi_status status = message_name_status(name);
	if (status == ABI_OK && !header_value_valid(value))
		return ABI_ERROR;
	return status;
}

/* A bit for a name, whatever its case: two names with different bits differ, so most comparisons are spared.
 */
static uint32_t name_bit(struct str name)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (uint8_t)ascii_lower(name.ptr[i])) * 16777619u;
	return (hash ^ hash >> 16) % BLOOM_BITS;
}

static bool seen_before(const struct headers *h, size_t at)
{
	size_t from = 0;
	headers_next(h, h->at[at].name, &from);
	return from <= at;
}

enum abi_status message_names_get(const struct headers *h, const struct guest_multi *out)
{
	uint64_t bloom[BLOOM_BITS / 64] = { 0 };
	struct multi_writer w = multi_begin(out);
	for (size_t i = 0; i < h->count; i++) {
		uint32_t bit = name_bit(h->at[i].name);
		uint64_t mask = UINT64_C(1) << (bit % 64);
		if ((bloom[bit / 64] & mask) && seen_before(h, i))
			continue;
		bloom[bit / 64] |= mask;
		if (!multi_add(&w, h->at[i].name))
			break;
	}
	return multi_end(&w);
}

enum abi_status message_value_get(const struct headers *h, struct str name, const struct guest_buf *out)
{
	enum abi_status status = message_name_status(name);
	if (status != ABI_OK)
		return status;
	struct str value = headers_get(h, name);
	return value.ptr ? put_bytes(out, value) : ABI_INVAL;
}

enum abi_status message_values_get(const struct headers *h, struct str name, const struct guest_multi *out)
{
	enum abi_status status = message_name_status(name);
	if (status != ABI_OK)
		return status;
	struct multi_writer w = multi_begin(out);
	size_t from = 0;
	for (const struct header *f; (f = headers_next(h, name, &from));) {
		if (!multi_add(&w, f->value))
			break;
	}
	return multi_end(&w);
}

static bool room_for(struct sandbox *sb, const struct headers *h, struct str name, struct str value)
{
	bool count = invocation_within(sb->invocation, LIMIT_headers, h->count + 1);
	return invocation_within(sb->invocation, LIMIT_header_bytes, name.len + value.len) && count;
}

enum abi_status message_insert(struct sandbox *sb, struct headers *h, struct str name, struct str value)
{
	enum abi_status status = message_field_status(name, value);
	if (status != ABI_OK)
		return status;
	if (!room_for(sb, h, name, value))
		return ABI_LIMITEXCEEDED;
	headers_set(h, sandbox_arena(sb), name, value);
	return ABI_OK;
}

enum abi_status message_append(struct sandbox *sb, struct headers *h, struct str name, struct str value)
{
	enum abi_status status = message_field_status(name, value);
	if (status != ABI_OK)
		return status;
	if (!room_for(sb, h, name, value))
		return ABI_LIMITEXCEEDED;
	headers_add(h, sandbox_arena(sb), name, value);
	return ABI_OK;
}

enum abi_status message_values_set(struct sandbox *sb, struct headers *h, struct str name, struct str values)
{
	enum abi_status status = message_name_status(name);
	if (status != ABI_OK)
		return status;
	if (values.len && values.ptr[values.len - 1] != '\0')
		return ABI_INVAL;
	struct str all = str_sub(values, 0, values.len ? values.len - 1 : 0), rest = all;
	while (values.len && rest.ptr) { /* all are checked before any is set */
		if (!header_value_valid(str_split(&rest, '\0')))
			return ABI_ERROR;
	}
	headers_remove(h, name);
	rest = all;
	while (values.len && rest.ptr && status == ABI_OK)
		status = message_append(sb, h, name, str_split(&rest, '\0'));
	return status;
}

enum abi_status message_remove(struct headers *h, struct str name)
{
	enum abi_status status = message_name_status(name);
	if (status != ABI_OK)
		return status;
	return headers_remove(h, name) ? ABI_OK : ABI_INVAL;
}

enum abi_status message_version_set(enum http_version *version, uint32_t to)
{
	if (to > HTTP_3)
		return ABI_INVAL;
	*version = (enum http_version)to;
	return ABI_OK;
}
