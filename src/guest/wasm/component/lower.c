/* SPDX-License-Identifier: Apache-2.0 */
/* From a WIT function's arguments to those of its host call. */
#include <string.h>

#include "base/check.h"
#include "guest/wasm/component/handlers.h"
#include "guest/wasm/component/names.h"

enum { IP4_BYTES = 4, IP6_GROUPS = 8 };

void door_lower_ip(struct door *d, const struct wasmtime_component_val *v)
{
	uint8_t bytes[2 * IP6_GROUPS] = { 0 };
	bool *wrong = &d->wrong;
	const struct wasmtime_component_val *payload = val_payload(v, wrong);
	bool six = val_index(v, names_ip, wrong) == 1;
	const struct wasmtime_component_val *parts =
		payload ? val_elements(payload, six ? IP6_GROUPS : IP4_BYTES, wrong) : NULL;
	for (size_t i = 0; parts && i < (six ? IP6_GROUPS : IP4_BYTES); i++) {
		uint64_t part = val_number(&parts[i], wrong);
		if (six) {
			bytes[2 * i] = (uint8_t)(part >> 8);
			bytes[2 * i + 1] = (uint8_t)part;
		} else {
			bytes[i] = (uint8_t)part;
		}
	}
	door_arg_bytes(d, (struct str){ (const char *)bytes, six ? sizeof bytes : IP4_BYTES });
}

static void lower_name(struct door *d, size_t arg)
{
	struct door_object *o = door_object(d, door_rep(d, arg), OBJECT_NAME);
	door_arg_bytes(d, o ? o->of.name : STR(""));
}

static void lower_multi(struct door *d, uint64_t max, uint64_t cursor)
{
	door_arg_buffer(d, max);
	uint64_t len = d->raw[--d->raws];
	door_arg(d, cursor);
	door_arg_cell(d);
	door_arg(d, len);
}

/* What is no parameter of the WIT function. False: it is one. */
static bool lower_constant(struct door *d, char letter)
{
	switch (letter) {
	case 'd':
		door_arg_detail(d);
		return true;
	case 'q':
	case 'w':
	case 'Q':
		door_arg_cell(d);
		return true;
	case 'p': /* 16 bytes, and how many of them count */
		d->out.cap = 16;
		d->out.at = door_room(d, d->out.cap);
		d->out.len = door_room(d, 8);
		door_arg(d, d->out.at);
		door_arg(d, d->out.len);
		return true;
	case '!':
		door_arg(d, 0);
		return true;
	case 'Z': /* no options: an empty mask and a record that nobody looks at */
		door_arg(d, 0);
		door_arg(d, door_room(d, 8));
		return true;
	default:
		if (letter < '0' || letter > '9')
			return false;
		door_arg(d, (uint64_t)(letter - '0'));
		return true;
	}
}

static uint32_t lower_mode(struct door *d, const struct wasmtime_component_val *v)
{
	return !str_eq(val_name(v, &d->wrong), STR("automatic"));
}

static void lower_arg(struct door *d, char letter, size_t arg)
{
	const struct wasmtime_component_val *v = door_val(d, arg);
	switch (letter) {
	case '-':
		break;
	case 'h':
		door_arg(d, door_rep(d, arg));
		break;
	case 'n':
		lower_name(d, arg);
		break;
	case 's':
		door_arg_val(d, v);
		break;
	case 'i':
		door_arg(d, door_number(d, arg));
		break;
	case 'v':
		door_arg(d, val_index(v, names_http_version, &d->wrong));
		break;
	case 'g':
		door_arg(d, lower_mode(d, v));
		break;
	case 'j':
		door_arg(d, val_index(v, names_pending_kind, &d->wrong));
		break;
	case 'f':
		door_arg(d, val_bits(v, names_encodings, &d->wrong));
		break;
	case 'a':
		door_lower_ip(d, v);
		break;
	case 'b':
		door_arg_buffer(d, door_number(d, arg));
		break;
	case 'B':
		door_arg_buffer(d, MIN(door_number(d, arg), (uint64_t)DOOR_BUFFER_BYTES));
		break;
	default:
		CHECK(door_lower_record(d, letter, v));
	}
}

void door_lower(struct door *d, const char *spec, size_t first)
{
	size_t arg = first;
	for (; *spec; spec++) {
		if (lower_constant(d, *spec))
			continue;
		if (*spec == 'c') {
			lower_multi(d, door_number(d, arg), door_number(d, arg + 1));
			arg += 2;
		} else {
			lower_arg(d, *spec, arg++);
		}
	}
	if (arg != d->args_count)
		d->wrong = true;
}
