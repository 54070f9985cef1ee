/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/abi.h"

#include <string.h>

const char *abi_status_name(enum abi_status s)
{
	static const char *const names[] = {
		"ok",
		"error",
		"inval",
		"badf",
		"buflen",
		"unsupported",
		"badalign",
		"httpinvalid",
		"httpuser",
		"httpincomplete",
		"none",
		"httpheadtoolarge",
		"httpinvalidstatus",
		"limitexceeded",
		"again",
	};
	return (size_t)s < COUNT_OF(names) ? names[s] : s == ABI_TRAP ? "trap" : "?";
}

void put_u16(struct guest_ptr p, uint16_t value)
{
	memcpy(p.at, &value, sizeof value);
}

void put_u32(struct guest_ptr p, uint32_t value)
{
	memcpy(p.at, &value, sizeof value);
}

void put_u64(struct guest_ptr p, uint64_t value)
{
	memcpy(p.at, &value, sizeof value);
}

enum abi_status put_bytes(const struct guest_buf *out, struct str s)
{
	put_u32(out->len, (uint32_t)MIN(s.len, (size_t)UINT32_MAX));
	if (s.len > out->cap)
		return ABI_BUFLEN;
	if (s.len)
		memcpy(out->at, s.ptr, s.len);
	return ABI_OK;
}

void put_ip(const struct guest_ip *out, const uint8_t *bytes, uint32_t len)
{
	if (len)
		memcpy(out->at, bytes, len);
	put_u32(out->len, len);
}

uint32_t guest_handle(const struct guest_handles *hs, uint32_t i)
{
	uint32_t h;
	memcpy(&h, hs->at + 4 * (size_t)i, sizeof h);
	return h;
}

struct multi_writer multi_begin(const struct guest_multi *out)
{
	return (struct multi_writer){ .out = out };
}

bool multi_add(struct multi_writer *w, struct str value)
{
	if (w->index < w->out->cursor) {
		w->index++;
		return true;
	}
	if (value.len + 1 > w->out->cap - w->written) {
		w->full = true;
		w->needed = (uint32_t)MIN(value.len + 1, (size_t)UINT32_MAX);
		return false;
	}
	if (value.len)
		memcpy(w->out->at + w->written, value.ptr, value.len);
	w->out->at[w->written + value.len] = 0;
	w->written += (uint32_t)value.len + 1;
	w->index++;
	return true;
}

enum abi_status multi_end(struct multi_writer *w)
{
	if (w->full && w->written == 0) {
		put_u64(w->out->ending_cursor, (uint64_t)-1);
		put_u32(w->out->len, w->needed);
		return ABI_BUFLEN;
	}
	put_u64(w->out->ending_cursor, w->full ? w->index : (uint64_t)-1);
	put_u32(w->out->len, w->written);
	return ABI_OK;
}
