/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the tables to checked arguments: every pointer a guest passes is checked here and nowhere else.
 * Alignment is checked for results, as the ABI says (badalign); inputs are copied or borrowed byte-wise and
 * need none.
 */
#include "guest/wasm/hostcalls/hostcall.h"

#include <string.h>

#include "guest/wasm/sandbox.h"

/* ---- one reader a kind; `raw` moves on by the kind's wasm values ---- */

struct decoder {
	struct sandbox *sb;
	const uint64_t *raw;
	enum abi_status status;
};

static uint32_t next_u32(struct decoder *d)
{
	return (uint32_t)*d->raw++;
}

static uint8_t *checked(struct decoder *d, uint32_t offset, uint64_t len)
{
	uint8_t *at = sandbox_memory(d->sb, offset, len);
	if (!at)
		d->status = ABI_INVAL;
	return at;
}

static bool read_in_nothing(struct decoder *d, char *v)
{
	(void)d;
	*v = 0;
	return true;
}

static bool read_in_u32(struct decoder *d, uint32_t *v)
{
	*v = next_u32(d);
	return true;
}

static bool read_in_u64(struct decoder *d, uint64_t *v)
{
	*v = *d->raw++;
	return true;
}

static bool read_in_handle(struct decoder *d, uint32_t *v)
{
	*v = next_u32(d);
	return true;
}

static bool read_in_bytes(struct decoder *d, struct str *v)
{
	uint32_t offset = next_u32(d);
	v->len = next_u32(d);
	v->ptr = (const char *)checked(d, offset, v->len);
	return v->ptr != NULL;
}

static bool read_in_handles(struct decoder *d, struct guest_handles *v)
{
	uint32_t offset = next_u32(d);
	v->count = next_u32(d);
	v->at = checked(d, offset, 4 * (uint64_t)v->count);
	return v->at != NULL;
}

static bool read_record(struct decoder *d, void *out, size_t size)
{
	const uint8_t *at = checked(d, next_u32(d), size);
	if (at)
		memcpy(out, at, size);
	return at != NULL;
}

static bool read_out(struct decoder *d, struct guest_ptr *v, uint32_t size, uint32_t align)
{
	uint32_t offset = next_u32(d);
	v->at = checked(d, offset, size);
	if (v->at && offset % align != 0) {
		d->status = ABI_BADALIGN;
		return false;
	}
	return v->at != NULL;
}

static bool read_out_u16(struct decoder *d, struct guest_ptr *v)
{
	return read_out(d, v, 2, 2);
}

static bool read_out_u32(struct decoder *d, struct guest_ptr *v)
{
	return read_out(d, v, 4, 4);
}

static bool read_out_u64(struct decoder *d, struct guest_ptr *v)
{
	return read_out(d, v, 8, 8);
}

static bool read_out_handle(struct decoder *d, struct guest_ptr *v)
{
	return read_out(d, v, 4, 4);
}

static bool read_out_bytes(struct decoder *d, struct guest_buf *v)
{
	uint32_t offset = next_u32(d);
	v->cap = next_u32(d);
	v->at = checked(d, offset, v->cap);
	return v->at && read_out(d, &v->len, 4, 4);
}

static bool read_out_multi(struct decoder *d, struct guest_multi *v)
{
	uint32_t offset = next_u32(d);
	v->cap = next_u32(d);
	v->at = checked(d, offset, v->cap);
	v->cursor = next_u32(d);
	return v->at && read_out(d, &v->ending_cursor, 8, 8) && read_out(d, &v->len, 4, 4);
}

static bool read_out_ip(struct decoder *d, struct guest_ip *v)
{
	v->at = checked(d, next_u32(d), 16);
	return v->at && read_out(d, &v->len, 4, 4);
}

static bool read_out_md5(struct decoder *d, struct guest_ip *v)
{
	return read_out_ip(d, v);
}

#define KIND(name, type, wasm)
#define RECORD(name, bytes)                                                                         \
	__attribute__((unused)) static bool read_in_##name(struct decoder *d, struct abi_##name *v) \
	{                                                                                           \
		return read_record(d, v, sizeof *v);                                                \
	}                                                                                           \
	__attribute__((unused)) static bool read_out_##name(struct decoder *d, struct guest_ptr *v) \
	{                                                                                           \
		return read_out(d, v, (bytes), 4);                                                  \
	}
#include "guest/wasm/hostcalls/abi_kinds.def"

/* ---- expanded from the tables ---- */

#define ENTRY(cname, ...)                                                                    \
	static enum abi_status decode_##cname(struct sandbox *sb, union hostcall_args *args, \
					      const uint64_t *raw)                           \
	{                                                                                    \
		struct decoder d = { sb, raw, ABI_OK };                                      \
		struct cname##_args *a = &args->cname;                                       \
		return true __VA_ARGS__ ? ABI_OK : d.status;                                 \
	}
#define BODY_DONE(cname)                                                                   \
	static enum abi_status body_##cname(struct sandbox *sb, union hostcall_args *args) \
	{                                                                                  \
		return hostcall_##cname(sb, &args->cname);                                 \
	}
#define BODY_STUB(cname)                                                                   \
	static enum abi_status body_##cname(struct sandbox *sb, union hostcall_args *args) \
	{                                                                                  \
		(void)sb, (void)args;                                                      \
		return ABI_UNSUPPORTED;                                                    \
	}

#define IN(kind, name) &&read_in_##kind(&d, &a->name)
#define OUT(kind, name) &&read_out_##kind(&d, &a->name)
#define ALIAS(mod, wname, cname)
#define HOSTCALL(mod, wname, cname, mode, state, doc, ...) ENTRY(cname, __VA_ARGS__) BODY_##state(cname)
#include "guest/wasm/hostcalls/hostcalls.def"
#define IN(kind, name) &&read_in_##kind(&d, &a->name)
#define OUT(kind, name) &&read_out_##kind(&d, &a->name)
#define HOSTCALL(mod, wname, cname, mode, state, doc, ...) ENTRY(cname, __VA_ARGS__) BODY_##state(cname)
#include "guest/wasm/hostcalls/wasi.def"

#define IN(kind, name) { PARAM_in_##kind, #name },
#define OUT(kind, name) { PARAM_out_##kind, #name },
#define ALIAS(mod, wname, cname)
#define HOSTCALL(mod, wname, cname, mode, state, doc, ...) \
	static const struct hostcall_param params_##cname[] = { __VA_ARGS__{ PARAM_END, NULL } };
#include "guest/wasm/hostcalls/hostcalls.def"
#define IN(kind, name) { PARAM_in_##kind, #name },
#define OUT(kind, name) { PARAM_out_##kind, #name },
#define HOSTCALL(mod, wname, cname, mode, state, doc, ...) \
	static const struct hostcall_param params_##cname[] = { __VA_ARGS__{ PARAM_END, NULL } };
#include "guest/wasm/hostcalls/wasi.def"

enum { MODE_NOW, MODE_WAITS, STATE_STUB = 0, STATE_DONE };

enum hostcall_index {
#define IN(kind, name)
#define OUT(kind, name)
#define ALIAS(mod, wname, cname)
#define HOSTCALL(mod, wname, cname, mode, state, doc, ...) INDEX_##cname,
#include "guest/wasm/hostcalls/hostcalls.def"
	INDEX_END
};

#define ROW(mod, wname, cname, mode, state, doc, is_wasi) \
	{ .module = (mod),                                \
	  .name = (wname),                                \
	  .summary = (doc),                               \
	  .waits = MODE_##mode,                           \
	  .done = STATE_##state,                          \
	  .wasi = (is_wasi),                              \
	  .params = params_##cname,                       \
	  .decode = decode_##cname,                       \
	  .body = body_##cname },

const struct hostcall hostcalls[] = {
#define IN(kind, name)
#define OUT(kind, name)
#define ALIAS(mod, wname, cname)
#define HOSTCALL(mod, wname, cname, mode, state, doc, ...) ROW(mod, wname, cname, mode, state, doc, false)
#include "guest/wasm/hostcalls/hostcalls.def"
#define IN(kind, name)
#define OUT(kind, name)
#define HOSTCALL(mod, wname, cname, mode, state, doc, ...) ROW(mod, wname, cname, mode, state, doc, true)
#include "guest/wasm/hostcalls/wasi.def"
};
const size_t hostcalls_count = COUNT_OF(hostcalls);

const struct hostcall_alias hostcall_aliases[] = {
#define IN(kind, name)
#define OUT(kind, name)
#define ALIAS(mod, wname, cname) { (mod), (wname), &hostcalls[INDEX_##cname] },
#define HOSTCALL(mod, wname, cname, mode, state, doc, ...)
#include "guest/wasm/hostcalls/hostcalls.def"
};
const size_t hostcall_aliases_count = COUNT_OF(hostcall_aliases);

/* ---- reading the table ---- */

static const struct {
	const char *text, *wasm;
	bool in;
} kinds[] = {
#define KIND(name, type, wasm_types) [PARAM_##name] = { #name, (wasm_types), false },
#define RECORD(name, bytes) \
	[PARAM_in_##name] = { "in_" #name, "i", true }, [PARAM_out_##name] = { "out_" #name, "i", false },
#include "guest/wasm/hostcalls/abi_kinds.def"
};

const char *hostcall_param_text(const struct hostcall_param *p, bool *in)
{
	const char *text = kinds[p->kind].text;
	*in = strncmp(text, "in_", 3) == 0;
	return text + (*in ? 3 : 4);
}

void hostcall_signature(const struct hostcall *call, char *out)
{
	size_t used = 0;
	for (const struct hostcall_param *p = call->params; p->kind != PARAM_END; p++) {
		for (const char *w = kinds[p->kind].wasm; *w && used < HOSTCALL_PARAMS_MAX; w++)
			out[used++] = *w;
	}
	out[used] = '\0';
}

/* Nearly all rows differ in the first letter, and a guest's start looks for dozens of names. */
static bool is_called(const char *row, struct str name)
{
	return name.len && *row == *name.ptr && str_eq(str_from(row), name);
}

const struct hostcall *hostcall_find(struct str module, struct str name)
{
	for (size_t i = 0; i < hostcalls_count; i++) {
		if (is_called(hostcalls[i].name, name) && is_called(hostcalls[i].module, module))
			return &hostcalls[i];
	}
	for (size_t i = 0; i < hostcall_aliases_count; i++) {
		if (is_called(hostcall_aliases[i].name, name) &&
		    is_called(hostcall_aliases[i].module, module))
			return hostcall_aliases[i].call;
	}
	return NULL;
}
