/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of the component model, as Wasmtime's C API has them: made and read in one line. A value that is
 * made belongs to whoever gets it; what is read of an argument is borrowed until the host call's first
 * return.
 */
#ifndef GUEST_WASM_COMPONENT_VAL_H
#define GUEST_WASM_COMPONENT_VAL_H

#include <stdbool.h>
#include <stdint.h>

#include <wasmtime.h>
#include <wasmtime/component.h>

#include "base/str.h"

struct wasmtime_component_val val_bool(bool v);
struct wasmtime_component_val val_u8(uint8_t v);
struct wasmtime_component_val val_u16(uint16_t v);
struct wasmtime_component_val val_u32(uint32_t v);
struct wasmtime_component_val val_u64(uint64_t v);
struct wasmtime_component_val val_string(struct str s); /* is UTF-8; the caller has looked */
struct wasmtime_component_val val_bytes(struct str s);  /* list<u8> */
struct wasmtime_component_val val_enum(const char *name);
struct wasmtime_component_val val_none(void);
struct wasmtime_component_val val_some(struct wasmtime_component_val inner);
struct wasmtime_component_val val_ok(const struct wasmtime_component_val *inner);  /* NULL: no payload */
struct wasmtime_component_val val_err(const struct wasmtime_component_val *inner); /* NULL: no payload */
struct wasmtime_component_val val_case(const char *name, const struct wasmtime_component_val *inner);
struct wasmtime_component_val val_pair(struct wasmtime_component_val a, struct wasmtime_component_val b);
struct wasmtime_component_val val_list(size_t count); /* its elements are to be set */
struct wasmtime_component_val val_flags(const char *const *names, uint32_t bits);
/* A record of so many fields, each to be set once, in the type's order. */
struct wasmtime_component_val val_record(size_t fields);
void val_field(struct wasmtime_component_val *record, size_t i, const char *name,
	       struct wasmtime_component_val v);
/* An owned resource of the host: `rep` is what it means, `type` one of enum door_resource. */
struct wasmtime_component_val val_resource(struct wasmtime_context *context, uint32_t rep, uint32_t type);

/*
 * ---- reading ----
 *
 * Wasmtime links functions by name alone: what a guest says their types are is only seen when it calls. So
 * all of these set `*wrong` when the value is not of the kind that is asked for, and then answer with
 * nothing.
 */

/*
 * First of all, and once: takes every resource that an argument holds out of Wasmtime's hands, which wants
 * each of them back before the call returns, and leaves what it stands for in its place.
 */
void val_settle(struct wasmtime_context *context, struct wasmtime_component_val *v, bool *wrong);
uint32_t val_rep(const struct wasmtime_component_val *resource, bool *wrong);
/* A bool or an unsigned integer. */
uint64_t val_number(const struct wasmtime_component_val *v, bool *wrong);
/* The name of an enum's or variant's case. */
struct str val_name(const struct wasmtime_component_val *v, bool *wrong);
/* Which of the NULL-ended names it is; none of them is wrong, too. */
uint32_t val_index(const struct wasmtime_component_val *v, const char *const *names, bool *wrong);
uint32_t val_bits(const struct wasmtime_component_val *flags, const char *const *names, bool *wrong);
/* What a variant's case carries. */
const struct wasmtime_component_val *val_payload(const struct wasmtime_component_val *variant, bool *wrong);
/* The field of that name; NULL and wrong when there is none. */
const struct wasmtime_component_val *val_get(const struct wasmtime_component_val *record, const char *name,
					     bool *wrong);
/* What is in an option; NULL: nothing. NULL is an option of nothing, too. */
const struct wasmtime_component_val *val_inner(const struct wasmtime_component_val *option, bool *wrong);
/* How many bytes a string or list<u8> has, and a copy of them. */
size_t val_size(const struct wasmtime_component_val *v, bool *wrong);
void val_copy(const struct wasmtime_component_val *v, uint8_t *out);
/* The elements of a tuple, or NULL when it has not so many. */
const struct wasmtime_component_val *val_elements(const struct wasmtime_component_val *tuple, size_t count,
						  bool *wrong);

#endif
