/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WASI 0.2 by the host calls of WASI preview 1: what a guest sees of clocks, randomness and output is the
 * world's.
 */
#include <string.h>

#include "guest/wasm/component/handlers.h"
#include "loop/clock.h"

#define P1 "wasi_snapshot_preview1"

enum { CLOCK_WALL, CLOCK_MONOTONIC, FD_STDOUT = 1 };
enum { RANDOM_BYTES_MAX = 1 << 20, WRITE_BYTES_MAX = 1 << 16 };

static enum door_next too_much(struct door *d, const char *what, unsigned max)
{
	(void)sandbox_trap(d->sb, "%s %s: at most %u %s at once", d->row->interface, d->row->name, max, what);
	return DOOR_TRAP;
}

/* ---- randomness ---- */

static enum door_next get_random(struct door *d, uint64_t size)
{
	if (size > RANDOM_BYTES_MAX)
		return too_much(d, "bytes", RANDOM_BYTES_MAX);
	d->kept[0] = door_room(d, size);
	d->kept[1] = (uint32_t)size;
	door_prepare(d, P1, "random_get");
	door_arg(d, d->kept[0]);
	door_arg(d, size);
	return DOOR_CALL;
}

static uint64_t random_at(const struct door *d, size_t i)
{
	uint64_t v;
	memcpy(&v, d->scratch + d->kept[0] + i * sizeof v, sizeof v);
	return v;
}

enum door_next door_random_bytes(struct door *d)
{
	if (d->step == 0)
		return get_random(d, door_number(d, 0));
	return door_plain(d, val_bytes((struct str){ (char *)d->scratch + d->kept[0], d->kept[1] }));
}

enum door_next door_random_u64(struct door *d)
{
	return d->step == 0 ? get_random(d, 8) : door_plain(d, val_u64(random_at(d, 0)));
}

enum door_next door_random_seed(struct door *d)
{
	if (d->step == 0)
		return get_random(d, 16);
	return door_plain(d, val_pair(val_u64(random_at(d, 0)), val_u64(random_at(d, 1))));
}

/* ---- clocks ---- */

static enum door_next read_clock(struct door *d, uint32_t id)
{
	door_prepare(d, P1, "clock_time_get");
	door_arg(d, id);
	door_arg(d, 0);
	door_arg_cell(d);
	return DOOR_CALL;
}

static enum door_next lift_datetime(struct door *d)
{
	uint64_t ns = door_u64(d, 0);
	struct wasmtime_component_val v = val_record(2);
	val_field(&v, 0, "seconds", val_u64(ns / NS_PER_S));
	val_field(&v, 1, "nanoseconds", val_u32((uint32_t)(ns % NS_PER_S)));
	return door_plain(d, v);
}

enum door_next door_wall_now(struct door *d)
{
	return d->step == 0 ? read_clock(d, CLOCK_WALL) : lift_datetime(d);
}

enum door_next door_wall_resolution(struct door *d)
{
	if (d->step == 1)
		return lift_datetime(d);
	door_prepare(d, P1, "clock_res_get");
	door_arg(d, CLOCK_WALL);
	door_arg_cell(d);
	return DOOR_CALL;
}

/* ---- pollables ---- */

static enum door_next new_pollable(struct door *d, uint64_t ready_ns)
{
	uint32_t rep = door_object_new(d, OBJECT_POLLABLE);
	if (d->wrong)
		return DOOR_TRAP;
	d->objects[rep].of.ready_ns = ready_ns;
	return door_plain(d, door_resource_val(d, rep, 0));
}

/* At a time of the monotonic clock (number 0), or after so long (1). */
enum door_next door_subscribe(struct door *d)
{
	if (d->step == 0) {
		uint64_t ns = door_number(d, 0);
		if (d->row->number == 0 || ns == 0)
			return new_pollable(d, ns);
		d->kept[0] = (uint32_t)ns;
		d->kept[1] = (uint32_t)(ns >> 32);
		return read_clock(d, CLOCK_MONOTONIC);
	}
	uint64_t after = (uint64_t)d->kept[1] << 32 | d->kept[0], now = door_u64(d, 0);
	return new_pollable(d, after > UINT64_MAX - now ? UINT64_MAX : now + after);
}

/* Standard input, output and error are always ready. */
enum door_next door_stream_subscribe(struct door *d)
{
	return door_object(d, door_rep(d, 0), OBJECT_STREAM) ? new_pollable(d, 0) : DOOR_TRAP;
}

enum door_next door_pollable_ready(struct door *d)
{
	if (d->step == 0) {
		struct door_object *o = door_object(d, door_rep(d, 0), OBJECT_POLLABLE);
		if (!o)
			return DOOR_TRAP;
		d->kept[0] = (uint32_t)o->of.ready_ns;
		d->kept[1] = (uint32_t)(o->of.ready_ns >> 32);
		return read_clock(d, CLOCK_MONOTONIC);
	}
	return door_plain(d, val_bool(door_u64(d, 0) >= ((uint64_t)d->kept[1] << 32 | d->kept[0])));
}

/* One subscription of poll_oneoff: 48 bytes, on the monotonic clock, at an absolute time. */
static void put_subscription(uint8_t *at, uint64_t index, uint64_t ready_ns)
{
	const uint32_t clock = CLOCK_MONOTONIC;
	const uint16_t absolute = 1;
	memset(at, 0, 48);
	memcpy(at, &index, sizeof index);
	memcpy(at + 16, &clock, sizeof clock);
	memcpy(at + 24, &ready_ns, sizeof ready_ns);
	memcpy(at + 40, &absolute, sizeof absolute);
}

enum { POLLED_MAX = 4096, SUBSCRIPTION_BYTES = 48, EVENT_BYTES = 32 };

static enum door_next poll_all(struct door *d, const struct wasmtime_component_val *pollables, size_t count)
{
	if (count == 0 || count > POLLED_MAX)
		return too_much(d, "pollables, and one at least,", POLLED_MAX);
	uint32_t in = door_room(d, count * SUBSCRIPTION_BYTES);
	d->kept[0] = door_room(d, count * EVENT_BYTES);
	for (size_t i = 0; i < count; i++) {
		uint32_t rep = val_rep(&pollables[i], &d->wrong);
		struct door_object *o = door_object(d, rep, OBJECT_POLLABLE);
		if (!o)
			return DOOR_TRAP;
		put_subscription(d->scratch + in + i * SUBSCRIPTION_BYTES, i, o->of.ready_ns);
	}
	door_prepare(d, P1, "poll_oneoff");
	door_arg(d, in);
	door_arg(d, d->kept[0]);
	door_arg(d, count);
	door_arg_cell(d);
	return DOOR_CALL;
}

enum door_next door_poll(struct door *d)
{
	if (d->step == 0) {
		const struct wasmtime_component_val *list = door_val(d, 0);
		if (list->kind != WASMTIME_COMPONENT_LIST) {
			d->wrong = true;
			return DOOR_TRAP;
		}
		return poll_all(d, list->of.list.data, list->of.list.size);
	}
	uint32_t count = door_u32(d, 0);
	struct wasmtime_component_val v = val_list(count);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t index;
		memcpy(&index, d->scratch + d->kept[0] + (size_t)i * EVENT_BYTES, sizeof index);
		v.of.list.data[i] = val_u32((uint32_t)index);
	}
	return door_plain(d, v);
}

enum door_next door_pollable_block(struct door *d)
{
	return d->step == 0 ? poll_all(d, door_val(d, 0), 1) : DOOR_DONE;
}

/* ---- streams ---- */

enum door_next door_cli_stream(struct door *d)
{
	uint32_t rep = door_object_new(d, OBJECT_STREAM);
	if (d->wrong)
		return DOOR_TRAP;
	d->objects[rep].of.fd = d->row->number;
	return door_plain(d, door_resource_val(d, rep, 0));
}

/* Standard input has ended from the beginning; and nothing can be spliced from it. */
enum door_next door_stream_closed(struct door *d)
{
	return door_err_val(d, val_case("closed", NULL));
}

enum door_next door_stream_room(struct door *d)
{
	return door_ok_val(d, val_u64(WRITE_BYTES_MAX));
}

enum door_next door_stream_flush(struct door *d)
{
	return door_ok(d);
}

static enum door_next write_bytes(struct door *d, uint32_t at, uint32_t len)
{
	struct door_object *o = door_object(d, door_rep(d, 0), OBJECT_STREAM);
	if (!o)
		return DOOR_TRAP;
	if (len > WRITE_BYTES_MAX)
		return too_much(d, "bytes", WRITE_BYTES_MAX);
	const uint32_t iov[2] = { at, len };
	door_prepare(d, P1, "fd_write");
	door_arg(d, (uint64_t)o->of.fd);
	door_arg_record(d, iov, sizeof iov);
	door_arg(d, 1);
	door_arg_cell(d);
	return DOOR_CALL;
}

enum door_next door_stream_write(struct door *d)
{
	if (d->step == 1)
		return d->status == ABI_OK ? door_ok(d) : door_stream_closed(d);
	uint32_t len, at = door_copy_val(d, door_val(d, 1), &len);
	return write_bytes(d, at, len);
}

enum door_next door_stream_zeroes(struct door *d)
{
	if (d->step == 1)
		return d->status == ABI_OK ? door_ok(d) : door_stream_closed(d);
	uint64_t len = door_number(d, 1);
	if (len > WRITE_BYTES_MAX)
		return too_much(d, "bytes", WRITE_BYTES_MAX);
	return write_bytes(d, door_room(d, len), (uint32_t)len);
}

/* There is never an error to ask about: a stream closes without one. */
enum door_next door_io_error_text(struct door *d)
{
	return door_plain(d, val_string(STR("")));
}

/* ---- the command line ---- */

/* Arguments or environment: how many and how long; then the strings, each NUL-ended. */
static enum door_next get_strings(struct door *d, const char *sizes, const char *strings)
{
	if (d->step == 0) {
		door_prepare(d, P1, sizes);
		door_arg_cell(d);
		door_arg_cell(d);
		return DOOR_CALL;
	}
	d->kept[1] = door_u32(d, 0);
	uint32_t bytes = door_u32(d, 1);
	door_prepare(d, P1, strings);
	uint32_t pointers = door_room(d, d->kept[1] * sizeof(uint32_t));
	d->kept[0] = pointers;
	door_arg(d, pointers);
	door_arg(d, door_room(d, bytes));
	return DOOR_CALL;
}

static struct str string_at(const struct door *d, uint32_t i)
{
	uint32_t at;
	memcpy(&at, d->scratch + d->kept[0] + i * sizeof at, sizeof at);
	return str_from((const char *)d->scratch + at);
}

static struct wasmtime_component_val text_val(struct str s)
{
	return val_string(str_is_utf8(s) ? s : STR(""));
}

enum door_next door_cli_arguments(struct door *d)
{
	if (d->step < 2)
		return get_strings(d, "args_sizes_get", "args_get");
	struct wasmtime_component_val v = val_list(d->kept[1]);
	for (uint32_t i = 0; i < d->kept[1]; i++)
		v.of.list.data[i] = text_val(string_at(d, i));
	return door_plain(d, v);
}

enum door_next door_cli_environment(struct door *d)
{
	if (d->step < 2)
		return get_strings(d, "environ_sizes_get", "environ_get");
	struct wasmtime_component_val v = val_list(d->kept[1]);
	for (uint32_t i = 0; i < d->kept[1]; i++) {
		struct str value = string_at(d, i), name = str_split(&value, '=');
		v.of.list.data[i] = val_pair(text_val(name), text_val(value));
	}
	return door_plain(d, v);
}

/* fastly:compute/compute-runtime: what preview 1 has as variables. */
enum door_next door_runtime_variable(struct door *d)
{
	static const struct str names[] = {
		[RUNTIME_SANDBOX_ID] = STR_INIT("FASTLY_TRACE_ID"),
		[RUNTIME_HOSTNAME] = STR_INIT("FASTLY_HOSTNAME"),
		[RUNTIME_POP] = STR_INIT("FASTLY_POP"),
		[RUNTIME_REGION] = STR_INIT("FASTLY_REGION"),
		[RUNTIME_CACHE_GENERATION] = STR_INIT("FASTLY_CACHE_GENERATION"),
		[RUNTIME_CUSTOMER_ID] = STR_INIT("FASTLY_CUSTOMER_ID"),
		[RUNTIME_IS_STAGING] = STR_INIT("FASTLY_IS_STAGING"),
		[RUNTIME_SERVICE_ID] = STR_INIT("FASTLY_SERVICE_ID"),
		[RUNTIME_SERVICE_VERSION] = STR_INIT("FASTLY_SERVICE_VERSION"),
		[RUNTIME_NAMESPACE_ID] = STR_INIT("FASTLY_NAMESPACE_ID"),
	};
	unsigned which = d->row->number;
	if (d->step < 2)
		return get_strings(d, "environ_sizes_get", "environ_get");
	struct str found = STR("");
	uint64_t number = 0;
	for (uint32_t i = 0; i < d->kept[1]; i++) {
		struct str value = string_at(d, i), name = str_split(&value, '=');
		if (str_eq(name, names[which]))
			found = value;
	}
	if (which == RUNTIME_IS_STAGING)
		return door_plain(d, val_bool(str_eq(found, STR("1"))));
	if (which != RUNTIME_CACHE_GENERATION && which != RUNTIME_SERVICE_VERSION)
		return door_plain(d, text_val(found));
	if (!str_to_u64(found, UINT64_MAX, &number))
		number = 0;
	return door_plain(d, val_u64(number));
}

enum door_next door_cli_none(struct door *d)
{
	return door_plain(d, val_none());
}

static enum door_next exit_with(struct door *d, uint32_t code)
{
	door_prepare(d, P1, "proc_exit");
	door_arg(d, code);
	return DOOR_CALL;
}

enum door_next door_cli_exit(struct door *d)
{
	const struct wasmtime_component_val *v = door_val(d, 0);
	if (v->kind != WASMTIME_COMPONENT_RESULT) {
		d->wrong = true;
		return DOOR_TRAP;
	}
	return exit_with(d, v->of.result.is_ok ? 0 : 1);
}

enum door_next door_cli_exit_code(struct door *d)
{
	return exit_with(d, (uint32_t)door_number(d, 0));
}

/* ---- files ---- */

/* No guest can have a descriptor, as nothing gives one out. */
enum door_next door_never_open(struct door *d)
{
	(void)sandbox_trap(d->sb, "%s %s: there are no files", d->row->interface, d->row->name);
	return DOOR_TRAP;
}

enum door_next door_no_directories(struct door *d)
{
	return door_plain(d, val_list(0));
}
