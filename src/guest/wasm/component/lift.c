/* SPDX-License-Identifier: Apache-2.0 */
/* From what a host call has written to a WIT function's result. */
#include <string.h>

#include "base/check.h"
#include "guest/wasm/component/door.h"
#include "guest/wasm/component/names.h"
#include "http/fetch.h"

enum door_next door_plain(struct door *d, struct wasmtime_component_val v)
{
	d->result = v;
	return DOOR_DONE;
}

enum door_next door_ok(struct door *d)
{
	return door_plain(d, val_ok(NULL));
}

enum door_next door_ok_val(struct door *d, struct wasmtime_component_val v)
{
	return door_plain(d, val_ok(&v));
}

enum door_next door_err_val(struct door *d, struct wasmtime_component_val v)
{
	return door_plain(d, val_err(&v));
}

struct wasmtime_component_val door_error_val(const struct door *d, enum abi_status status)
{
	static const char *const names[] = {
		[ABI_ERROR] = "generic-error",
		[ABI_INVAL] = "invalid-argument",
		[ABI_BADF] = "auxiliary-error",
		[ABI_BUFLEN] = "buffer-len",
		[ABI_UNSUPPORTED] = "unsupported",
		[ABI_BADALIGN] = "generic-error",
		[ABI_HTTPINVALID] = "http-invalid",
		[ABI_HTTPUSER] = "http-user",
		[ABI_HTTPINCOMPLETE] = "http-incomplete",
		[ABI_NONE] = "cannot-read",
		[ABI_HTTPHEADTOOLARGE] = "http-head-too-large",
		[ABI_HTTPINVALIDSTATUS] = "http-invalid-status",
		[ABI_LIMITEXCEEDED] = "limit-exceeded",
		[ABI_AGAIN] = "generic-error",
	};
	CHECK(status > ABI_OK && status < (int)COUNT_OF(names));
	if (status != ABI_BUFLEN)
		return val_case(names[status], NULL);
	uint32_t needed = 0;
	if (d->out.raw)
		memcpy(&needed, d->scratch + d->out.len, sizeof needed);
	struct wasmtime_component_val v = val_u64(needed);
	return val_case(names[status], &v);
}

enum door_next door_error(struct door *d, enum abi_status status)
{
	return door_err_val(d, door_error_val(d, status));
}

enum door_next door_open_error(struct door *d, enum abi_status status)
{
	const char *name = status == ABI_NONE || status == ABI_BADF ? "not-found"
			   : status == ABI_INVAL                    ? "invalid-syntax"
			   : status == ABI_UNSUPPORTED              ? "unsupported"
			   : status == ABI_LIMITEXCEEDED            ? "limit-exceeded"
								    : "generic-error";
	return door_err_val(d, val_enum(name));
}

enum door_next door_fail(struct door *d)
{
	(void)sandbox_trap(d->sb, "%s %s: %s", d->row->interface, d->row->name, abi_status_name(d->status));
	return DOOR_TRAP;
}

static enum door_next trailer_error(struct door *d)
{
	if (d->status == ABI_AGAIN)
		return door_err_val(d, val_case("not-available-yet", NULL));
	struct wasmtime_component_val inner = door_error_val(d, d->status);
	return door_err_val(d, val_case("error", &inner));
}

/* ---- error-with-detail ---- */

static struct wasmtime_component_val some_number(bool given, struct wasmtime_component_val v)
{
	return given ? val_some(v) : val_none();
}

static struct wasmtime_component_val detail_val(const struct abi_send_error_detail *s)
{
	enum { HAS_RCODE = 1 << 1, HAS_INFO_CODE = 1 << 2, HAS_ALERT = 1 << 3, HAS_H2 = 1 << 4 };
	const char *name = names_send_error[s->tag - FETCH_DNS_TIMEOUT];
	struct wasmtime_component_val record;
	if (s->tag == FETCH_DNS_ERROR) {
		record = val_record(2);
		val_field(&record, 0, "rcode", some_number(s->mask & HAS_RCODE, val_u16(s->dns_error_rcode)));
		val_field(&record, 1, "info-code",
			  some_number(s->mask & HAS_INFO_CODE, val_u16(s->dns_error_info_code)));
	} else if (s->tag == FETCH_TLS_ALERT_RECEIVED) {
		record = val_record(1);
		val_field(&record, 0, "id", some_number(s->mask & HAS_ALERT, val_u8(s->tls_alert_id)));
	} else if (s->tag == FETCH_H2_ERROR) {
		record = val_record(2);
		val_field(&record, 0, "frame-type", val_u8(s->h2_error_frame));
		val_field(&record, 1, "error-code", val_u32(s->h2_error_code));
	} else {
		return val_case(name, NULL);
	}
	return val_case(name, &record);
}

static enum door_next send_error(struct door *d)
{
	struct abi_send_error_detail detail;
	memcpy(&detail, d->scratch + d->detail, sizeof detail);
	struct wasmtime_component_val v = val_record(2);
	bool known = detail.tag >= FETCH_DNS_TIMEOUT && detail.tag <= FETCH_H2_ERROR;
	val_field(&v, 0, "detail", known ? val_some(detail_val(&detail)) : val_none());
	val_field(&v, 1, "error", door_error_val(d, d->status));
	return door_err_val(d, v);
}

static enum door_next lift_error(struct door *d, char letter)
{
	switch (letter) {
	case 'e':
		return door_error(d, d->status);
	case 'n':
		return door_open_error(d, d->status);
	case 'm': /* the ABI has one status for names that are bad and for stores that are not there */
		return door_open_error(d, d->status == ABI_INVAL ? ABI_NONE : d->status);
	case 't':
		return trailer_error(d);
	case 'd':
		return send_error(d);
	default:
		return door_fail(d);
	}
}

/* ---- values ---- */

struct wasmtime_component_val door_resource_val(struct door *d, uint32_t rep, unsigned which)
{
	return val_resource(d->context, rep, d->row->resources[which]);
}

static struct wasmtime_component_val ip_val(const struct str bytes)
{
	const uint8_t *b = (const uint8_t *)bytes.ptr;
	struct wasmtime_component_val v = { .kind = WASMTIME_COMPONENT_TUPLE };
	bool six = bytes.len == 16;
	size_t count = six ? 8 : 4;
	wasmtime_component_valtuple_new_uninit(&v.of.tuple, count);
	for (size_t i = 0; i < count; i++)
		v.of.tuple.data[i] = six ? val_u16((uint16_t)(b[2 * i] << 8 | b[2 * i + 1])) : val_u8(b[i]);
	return val_case(names_ip[six], &v);
}

static struct wasmtime_component_val cursor_val(const struct door *d)
{
	uint64_t next = door_u64(d, 0);
	return next > UINT32_MAX ? val_none() : val_some(val_u32((uint32_t)next)); /* -1: it was the last */
}

static const char *name_at(const char *const *names, uint32_t index)
{
	for (uint32_t i = 0; names[i]; i++) {
		if (i == index)
			return names[i];
	}
	return names[0];
}

static struct wasmtime_component_val bot_val(struct door *d)
{
	uint32_t kind = door_u32(d, 0), count = 0;
	while (names_bot_category[count])
		count++;
	if (kind < count)
		return val_case(names_bot_category[kind], NULL);
	struct wasmtime_component_val extra = door_resource_val(d, kind, 0);
	return val_case("extra", &extra);
}

static struct wasmtime_component_val number_val(const struct door *d, char letter)
{
	switch (letter) {
	case 'u':
		return val_u32(door_u32(d, 0));
	case 'U':
		return val_u64(door_u64(d, 0));
	case 'V':
		return val_u64(door_u32(d, 0));
	case 'w':
	case 'W':
		return val_u16((uint16_t)door_u32(d, 0));
	case 'z':
		return val_bool(door_u32(d, 0) != 0);
	case 'v':
		return val_enum(name_at(names_http_version, door_u32(d, 0)));
	case 'x':
		return val_enum(name_at(names_certificate, door_u32(d, 0)));
	case 'y':
		return val_enum(name_at(names_health, door_u32(d, 0)));
	default:
		CHECK(letter == 'l');
		return val_flags(names_lookup_state, door_u32(d, 0));
	}
}

static struct wasmtime_component_val lift_value(struct door *d, char letter)
{
	switch (letter) {
	case 'h':
		return door_resource_val(d, door_u32(d, 0), 0);
	case 'T':
	case 'R':
		return val_pair(door_resource_val(d, door_u32(d, 0), 0),
				door_resource_val(d, door_u32(d, 1), 1));
	case 'P':
		return val_pair(val_enum(name_at(names_storage_action, door_u32(d, 0))),
				door_resource_val(d, door_u32(d, 1), 0));
	case 'S':
		return val_string(door_out(d));
	case 'L':
	case 'M':
		return val_bytes(door_out(d));
	case 'C':
		return val_pair(val_string(door_out(d)), cursor_val(d));
	case 'D':
		return val_pair(val_bytes(door_out(d)), cursor_val(d));
	case 'I':
		return ip_val(door_out(d));
	case 'k':
		return bot_val(d);
	default:
		return number_val(d, letter);
	}
}

/* Is there nothing, though the call has succeeded? */
static bool is_absent(const struct door *d, char letter)
{
	if (letter == 'h' || letter == 'R')
		return door_u32(d, 0) == HANDLE_INVALID;
	size_t len = letter == 'I' ? door_out(d).len : 4;
	return len != 4 && len != 16;
}

enum door_next door_lift(struct door *d, const char *spec)
{
	char frame = spec[0], error = spec[1], letter = spec[2];
	bool option = frame != 'r' && frame != 'p', result = frame != 'p' && frame != 'q';
	if (d->status == ABI_OK && (letter == 'S' || letter == 'C') && !str_is_utf8(door_out(d)))
		d->status = ABI_INVAL; /* it is a string in WIT, and cannot be one */
	bool none = option && (d->status == ABI_NONE || (d->status != ABI_OK && frame == 'q') ||
			       (d->status == ABI_INVAL && frame == 'O') ||
			       (d->status == ABI_OK && is_absent(d, letter)));
	if (d->status != ABI_OK && !none)
		return lift_error(d, error);
	if (letter == '_')
		return result ? door_ok(d) : DOOR_DONE;
	struct wasmtime_component_val v = none ? val_none() : lift_value(d, letter);
	if (option && !none)
		v = val_some(v);
	return result ? door_ok_val(d, v) : door_plain(d, v);
}
