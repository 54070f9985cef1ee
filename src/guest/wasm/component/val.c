/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/component/val.h"

#include <string.h>

#include "base/check.h"

struct wasmtime_component_val val_bool(bool v)
{
	return (struct wasmtime_component_val){ .kind = WASMTIME_COMPONENT_BOOL, .of.boolean = v };
}

struct wasmtime_component_val val_u8(uint8_t v)
{
	return (struct wasmtime_component_val){ .kind = WASMTIME_COMPONENT_U8, .of.u8 = v };
}

struct wasmtime_component_val val_u16(uint16_t v)
{
	return (struct wasmtime_component_val){ .kind = WASMTIME_COMPONENT_U16, .of.u16 = v };
}

struct wasmtime_component_val val_u32(uint32_t v)
{
	return (struct wasmtime_component_val){ .kind = WASMTIME_COMPONENT_U32, .of.u32 = v };
}

struct wasmtime_component_val val_u64(uint64_t v)
{
	return (struct wasmtime_component_val){ .kind = WASMTIME_COMPONENT_U64, .of.u64 = v };
}

static wasm_name_t new_name(struct str s)
{
	wasm_name_t name;
	wasm_name_new(&name, s.len, s.ptr);
	return name;
}

struct wasmtime_component_val val_string(struct str s)
{
	return (struct wasmtime_component_val){ .kind = WASMTIME_COMPONENT_STRING, .of.string = new_name(s) };
}

struct wasmtime_component_val val_list(size_t count)
{
	struct wasmtime_component_val v = { .kind = WASMTIME_COMPONENT_LIST };
	wasmtime_component_vallist_new_uninit(&v.of.list, count);
	return v;
}

struct wasmtime_component_val val_bytes(struct str s)
{
	struct wasmtime_component_val v = val_list(s.len);
	for (size_t i = 0; i < s.len; i++)
		v.of.list.data[i] = val_u8((uint8_t)s.ptr[i]);
	return v;
}

struct wasmtime_component_val val_enum(const char *name)
{
	return (struct wasmtime_component_val){ .kind = WASMTIME_COMPONENT_ENUM,
						.of.enumeration = new_name(str_from(name)) };
}

struct wasmtime_component_val val_none(void)
{
	return (struct wasmtime_component_val){ .kind = WASMTIME_COMPONENT_OPTION };
}

static struct wasmtime_component_val *boxed(const struct wasmtime_component_val *v)
{
	struct wasmtime_component_val moved = v ? *v : val_bool(false);
	return v ? wasmtime_component_val_new(&moved) : NULL;
}

struct wasmtime_component_val val_some(struct wasmtime_component_val inner)
{
	return (struct wasmtime_component_val){ .kind = WASMTIME_COMPONENT_OPTION,
						.of.option = boxed(&inner) };
}

struct wasmtime_component_val val_ok(const struct wasmtime_component_val *inner)
{
	return (struct wasmtime_component_val){ .kind = WASMTIME_COMPONENT_RESULT,
						.of.result = { .is_ok = true, .val = boxed(inner) } };
}

struct wasmtime_component_val val_err(const struct wasmtime_component_val *inner)
{
	return (struct wasmtime_component_val){ .kind = WASMTIME_COMPONENT_RESULT,
						.of.result = { .is_ok = false, .val = boxed(inner) } };
}

struct wasmtime_component_val val_case(const char *name, const struct wasmtime_component_val *inner)
{
	return (struct wasmtime_component_val){
		.kind = WASMTIME_COMPONENT_VARIANT,
		.of.variant = { .discriminant = new_name(str_from(name)), .val = boxed(inner) },
	};
}

struct wasmtime_component_val val_pair(struct wasmtime_component_val a, struct wasmtime_component_val b)
{
	struct wasmtime_component_val v = { .kind = WASMTIME_COMPONENT_TUPLE };
	wasmtime_component_valtuple_new_uninit(&v.of.tuple, 2);
	v.of.tuple.data[0] = a;
	v.of.tuple.data[1] = b;
	return v;
}

struct wasmtime_component_val val_flags(const char *const *names, uint32_t bits)
{
	struct wasmtime_component_val v = { .kind = WASMTIME_COMPONENT_FLAGS };
	size_t count = 0, at = 0;
	for (size_t i = 0; names[i]; i++)
		count += bits >> i & 1;
	wasmtime_component_valflags_new_uninit(&v.of.flags, count);
	for (size_t i = 0; names[i]; i++) {
		if (bits >> i & 1)
			v.of.flags.data[at++] = new_name(str_from(names[i]));
	}
	return v;
}

struct wasmtime_component_val val_record(size_t fields)
{
	struct wasmtime_component_val v = { .kind = WASMTIME_COMPONENT_RECORD };
	wasmtime_component_valrecord_new_uninit(&v.of.record, fields);
	return v;
}

void val_field(struct wasmtime_component_val *record, size_t i, const char *name,
	       struct wasmtime_component_val v)
{
	record->of.record.data[i].name = new_name(str_from(name));
	record->of.record.data[i].val = v;
}

struct wasmtime_component_val val_resource(struct wasmtime_context *context, uint32_t rep, uint32_t type)
{
	struct wasmtime_component_val v = { .kind = WASMTIME_COMPONENT_RESOURCE };
	wasmtime_component_resource_host_t *host = wasmtime_component_resource_host_new(true, rep, type);
	wasmtime_error_t *failed = wasmtime_component_resource_host_to_any(context, host, &v.of.resource);
	CHECK(!failed);
	wasmtime_component_resource_host_delete(host);
	return v;
}

/* ---- reading ---- */

/*
 * Marks a u64 that val_settle() has put in a resource's place. A guest that makes one itself gains nothing:
 * what a number stands for is looked up, and checked, like any handle of a core module.
 */
#define REP_MARK (UINT64_C(0x7265736f) << 32)

static void settle_resource(struct wasmtime_context *context, struct wasmtime_component_val *v, bool *wrong)
{
	wasmtime_component_resource_host_t *host;
	wasmtime_error_t *failed = wasmtime_component_resource_any_to_host(context, v->of.resource, &host);
	if (failed) { /* a resource of the guest's own */
		wasmtime_error_delete(failed);
		*wrong = true;
		return;
	}
	uint32_t rep = wasmtime_component_resource_host_rep(host);
	wasmtime_component_resource_host_delete(host);
	wasmtime_component_resource_any_delete(v->of.resource);
	*v = val_u64(REP_MARK | rep);
}

static void settle_each(struct wasmtime_context *context, struct wasmtime_component_val *at, size_t count,
			bool *wrong)
{
	if (count && at[0].kind == WASMTIME_COMPONENT_U8)
		return; /* bytes, and perhaps many */
	for (size_t i = 0; i < count; i++)
		val_settle(context, &at[i], wrong);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the function's type, and Wasmtime bounds that. */
void val_settle(struct wasmtime_context *context, struct wasmtime_component_val *v, bool *wrong)
{
	switch (v->kind) {
	case WASMTIME_COMPONENT_RESOURCE:
		settle_resource(context, v, wrong);
		break;
	case WASMTIME_COMPONENT_LIST:
		settle_each(context, v->of.list.data, v->of.list.size, wrong);
		break;
	case WASMTIME_COMPONENT_TUPLE:
		settle_each(context, v->of.tuple.data, v->of.tuple.size, wrong);
		break;
	case WASMTIME_COMPONENT_RECORD:
		for (size_t i = 0; i < v->of.record.size; i++)
			val_settle(context, &v->of.record.data[i].val, wrong);
		break;
	case WASMTIME_COMPONENT_VARIANT:
		settle_each(context, v->of.variant.val, v->of.variant.val != NULL, wrong);
		break;
	case WASMTIME_COMPONENT_OPTION:
		settle_each(context, v->of.option, v->of.option != NULL, wrong);
		break;
	case WASMTIME_COMPONENT_RESULT:
		settle_each(context, v->of.result.val, v->of.result.val != NULL, wrong);
		break;
	case WASMTIME_COMPONENT_MAP: /* none of our functions takes one */
		*wrong = true;
		break;
	default:
		break;
	}
}

uint32_t val_rep(const struct wasmtime_component_val *resource, bool *wrong)
{
	if (resource->kind == WASMTIME_COMPONENT_U64 && resource->of.u64 >> 32 == REP_MARK >> 32)
		return (uint32_t)resource->of.u64;
	*wrong = true;
	return 0;
}

uint64_t val_number(const struct wasmtime_component_val *v, bool *wrong)
{
	switch (v->kind) {
	case WASMTIME_COMPONENT_BOOL:
		return v->of.boolean;
	case WASMTIME_COMPONENT_U8:
		return v->of.u8;
	case WASMTIME_COMPONENT_U16:
		return v->of.u16;
	case WASMTIME_COMPONENT_U32:
		return v->of.u32;
	case WASMTIME_COMPONENT_U64:
		return v->of.u64;
	default:
		*wrong = true;
		return 0;
	}
}

struct str val_name(const struct wasmtime_component_val *v, bool *wrong)
{
	const wasm_name_t *n = v->kind == WASMTIME_COMPONENT_VARIANT ? &v->of.variant.discriminant
			       : v->kind == WASMTIME_COMPONENT_ENUM  ? &v->of.enumeration
								     : NULL;
	if (!n) {
		*wrong = true;
		return STR("");
	}
	return (struct str){ n->data, n->size };
}

static uint32_t index_of(struct str name, const char *const *names, bool *wrong)
{
	for (uint32_t i = 0; names[i]; i++) {
		if (str_eq(name, str_from(names[i])))
			return i;
	}
	*wrong = true;
	return 0;
}

uint32_t val_index(const struct wasmtime_component_val *v, const char *const *names, bool *wrong)
{
	return index_of(val_name(v, wrong), names, wrong);
}

uint32_t val_bits(const struct wasmtime_component_val *flags, const char *const *names, bool *wrong)
{
	uint32_t bits = 0;
	if (flags->kind != WASMTIME_COMPONENT_FLAGS) {
		*wrong = true;
		return 0;
	}
	for (size_t i = 0; i < flags->of.flags.size; i++) {
		const wasm_name_t *n = &flags->of.flags.data[i];
		bits |= UINT32_C(1) << index_of((struct str){ n->data, n->size }, names, wrong);
	}
	return bits;
}

const struct wasmtime_component_val *val_payload(const struct wasmtime_component_val *variant, bool *wrong)
{
	if (variant->kind == WASMTIME_COMPONENT_VARIANT && variant->of.variant.val)
		return variant->of.variant.val;
	*wrong = true;
	return NULL;
}

const struct wasmtime_component_val *val_get(const struct wasmtime_component_val *record, const char *name,
					     bool *wrong)
{
	size_t count = record->kind == WASMTIME_COMPONENT_RECORD ? record->of.record.size : 0;
	for (size_t i = 0; i < count; i++) {
		const wasmtime_component_valrecord_entry_t *e = &record->of.record.data[i];
		if (str_eq((struct str){ e->name.data, e->name.size }, str_from(name)))
			return &e->val;
	}
	*wrong = true;
	return NULL;
}

const struct wasmtime_component_val *val_inner(const struct wasmtime_component_val *option, bool *wrong)
{
	if (!option)
		return NULL;
	if (option->kind != WASMTIME_COMPONENT_OPTION) {
		*wrong = true;
		return NULL;
	}
	return option->of.option;
}

static bool is_bytes(const struct wasmtime_component_val *v)
{
	return v->kind == WASMTIME_COMPONENT_LIST &&
	       (v->of.list.size == 0 || v->of.list.data[0].kind == WASMTIME_COMPONENT_U8);
}

size_t val_size(const struct wasmtime_component_val *v, bool *wrong)
{
	if (v->kind == WASMTIME_COMPONENT_STRING)
		return v->of.string.size;
	if (is_bytes(v))
		return v->of.list.size;
	*wrong = true;
	return 0;
}

void val_copy(const struct wasmtime_component_val *v, uint8_t *out)
{
	if (v->kind == WASMTIME_COMPONENT_STRING && v->of.string.size)
		memcpy(out, v->of.string.data, v->of.string.size);
	else if (is_bytes(v)) {
		for (size_t i = 0; i < v->of.list.size; i++)
			out[i] = v->of.list.data[i].of.u8;
	}
}

const struct wasmtime_component_val *val_elements(const struct wasmtime_component_val *tuple, size_t count,
						  bool *wrong)
{
	if (tuple->kind == WASMTIME_COMPONENT_TUPLE && tuple->of.tuple.size == count)
		return tuple->of.tuple.data;
	*wrong = true;
	return NULL;
}
