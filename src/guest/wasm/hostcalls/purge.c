/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_purge. */
#include "guest/readthrough.h"
#include "guest/wasm/sandbox.h"

enum { PURGE_SOFT = 1 << 0, PURGE_RET_BUF = 1 << 1, PURGE_ALL = (1 << 2) - 1 };

/* Where the guest wants the answer. */
static enum abi_status read_ret_buf(struct sandbox *sb, const struct abi_purge_options *o,
				    struct guest_buf *out)
{
	out->at = sandbox_memory(sb, o->ret_buf, o->ret_buf_len);
	out->cap = o->ret_buf_len;
	out->len.at = sandbox_memory(sb, o->ret_buf_nwritten_out, sizeof(uint32_t));
	if (!out->at || !out->len.at)
		return ABI_INVAL;
	return o->ret_buf_nwritten_out % sizeof(uint32_t) ? ABI_BADALIGN : ABI_OK;
}

/* The answer is what the API for purging gives. When it does not fit, nothing is purged. */
enum abi_status hostcall_purge_purge_surrogate_key(struct sandbox *sb,
						   struct purge_purge_surrogate_key_args *a)
{
	struct guest_buf ret_buf;
	struct trace *trace = &sb->invocation->trace;
	enum abi_status status = ABI_OK;
	uint64_t count;
	bool soft = a->options_mask & PURGE_SOFT;
	if (a->options_mask & ~(uint32_t)PURGE_ALL || !cache_surrogate_key_valid(a->surrogate_key))
		return ABI_INVAL;
	if (a->options_mask & PURGE_RET_BUF) {
		status = read_ret_buf(sb, &a->options, &ret_buf);
		if (status != ABI_OK)
			return status;
		status = put_bytes(&ret_buf, readthrough_purge_text(sb->invocation));
	}
	if (status != ABI_OK)
		return status;
	struct trace_event *ev = trace_add(trace, "cache-purge");
	trace_str(trace, ev, "key", a->surrogate_key);
	trace_bool(trace, ev, "soft", soft);
	if (!purge_relay_purge(sb->world->purges, sb->world->cache, a->surrogate_key, soft, &count))
		return ABI_ERROR;
	trace_number(trace, ev, "count", (double)count);
	return ABI_OK;
}
