/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/component/door.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum { SCRATCH_START = 16, SCRATCH_KEPT_BYTES = 256 << 10, OBJECTS_MIN = 16 };

struct door *door_new(struct sandbox *sb)
{
	struct door *d = NEW(struct door);
	d->sb = sb;
	return d;
}

void door_free(struct door **pd)
{
	struct door *d = take(*pd);
	if (!d)
		return;
	for (size_t i = 0; i < COUNT_OF(d->start_args); i++)
		wasmtime_component_val_delete(&d->start_args[i]);
	wasmtime_component_val_delete(&d->start_result);
	mem_free(d->scratch);
	mem_free(d->objects);
	mem_free(d);
}

/* ---- scratch ---- */

/* Room for `size` bytes; what lies in it stays, but moves. */
static uint32_t take_room(struct door *d, size_t size, size_t align)
{
	uint64_t at = ((uint64_t)d->used + align - 1) / align * align, end = at + size;
	if (end > INT32_MAX) { /* no guest has so much memory as that */
		d->wrong = true;
		return SCRATCH_START;
	}
	if (end > d->cap) {
		d->cap = (uint32_t)MAX(end + end / 2, (uint64_t)4096);
		d->scratch = mem_realloc(d->scratch, d->cap);
	}
	d->used = (uint32_t)end;
	return (uint32_t)at;
}

static void reset_scratch(struct door *d)
{
	if (d->cap > SCRATCH_KEPT_BYTES) {
		mem_free(take(d->scratch));
		d->cap = 0;
	}
	d->used = SCRATCH_START;
	(void)take_room(d, 0, 1);
}

uint32_t door_room(struct door *d, size_t size)
{
	uint32_t at = take_room(d, size, 8);
	if (!d->wrong)
		memset(d->scratch + at, 0, size);
	return at;
}

uint32_t door_copy(struct door *d, const void *bytes, size_t size)
{
	uint32_t at = take_room(d, size, 8);
	if (size && !d->wrong)
		memcpy(d->scratch + at, bytes, size);
	return at;
}

uint32_t door_copy_val(struct door *d, const struct wasmtime_component_val *v, uint32_t *len)
{
	size_t size = val_size(v, &d->wrong);
	uint32_t at = take_room(d, size, 1);
	*len = d->wrong ? 0 : (uint32_t)size;
	if (!d->wrong)
		val_copy(v, d->scratch + at);
	return at;
}

/* ---- preparing a host call ---- */

void door_prepare(struct door *d, const char *module, const char *name)
{
	d->call = hostcall_find(str_from(module), str_from(name));
	CHECK(d->call);
	d->raws = 0;
	d->cells_count = 0;
	d->out.raw = 0;
	d->out.max = 0;
}

void door_arg(struct door *d, uint64_t raw)
{
	CHECK(d->raws < COUNT_OF(d->raw));
	d->raw[d->raws++] = raw;
}

void door_arg_bytes(struct door *d, struct str s)
{
	door_arg(d, door_copy(d, s.ptr, s.len));
	door_arg(d, s.len);
}

void door_arg_val(struct door *d, const struct wasmtime_component_val *v)
{
	uint32_t len;
	door_arg(d, door_copy_val(d, v, &len));
	door_arg(d, len);
}

uint32_t door_arg_cell(struct door *d)
{
	CHECK(d->cells_count < COUNT_OF(d->cells));
	uint32_t at = door_room(d, 8);
	d->cells[d->cells_count++] = at;
	door_arg(d, at);
	return at;
}

void door_arg_buffer(struct door *d, uint64_t max)
{
	d->out.max = max;
	d->out.cap = (uint32_t)MIN(max, (uint64_t)DOOR_BUFFER_BYTES);
	d->out.at = take_room(d, d->out.cap, 1);
	d->out.len = door_room(d, 8);
	d->out.raw = d->raws;
	door_arg(d, d->out.at);
	door_arg(d, d->out.cap);
	door_arg(d, d->out.len);
}

void door_arg_record(struct door *d, const void *record, size_t size)
{
	door_arg(d, door_copy(d, record, size));
}

void door_arg_detail(struct door *d)
{
	d->detail = door_room(d, sizeof(struct abi_send_error_detail));
	door_arg(d, d->detail);
}

/* ---- what it has written ---- */

uint32_t door_u32(const struct door *d, unsigned cell)
{
	uint32_t v;
	memcpy(&v, d->scratch + d->cells[cell], sizeof v);
	return v;
}

uint64_t door_u64(const struct door *d, unsigned cell)
{
	uint64_t v;
	memcpy(&v, d->scratch + d->cells[cell], sizeof v);
	return v;
}

static uint32_t out_len(const struct door *d)
{
	uint32_t len;
	memcpy(&len, d->scratch + d->out.len, sizeof len);
	return len;
}

struct str door_out(const struct door *d)
{
	return (struct str){ (const char *)d->scratch + d->out.at, MIN(out_len(d), d->out.cap) };
}

/* ---- arguments ---- */

const struct wasmtime_component_val *door_val(struct door *d, size_t arg)
{
	static const struct wasmtime_component_val none = { .kind = UINT8_MAX };
	CHECK(d->step == 0); /* later, the values are gone */
	if (arg < d->args_count)
		return &d->args[arg];
	d->wrong = true;
	return &none;
}

uint64_t door_number(struct door *d, size_t arg)
{
	return val_number(door_val(d, arg), &d->wrong);
}

uint32_t door_rep(struct door *d, size_t arg)
{
	return val_rep(door_val(d, arg), &d->wrong);
}

struct str door_text(struct door *d, size_t arg)
{
	const struct wasmtime_component_val *v = door_val(d, arg);
	size_t size = val_size(v, &d->wrong);
	char *text = arena_alloc(sandbox_arena(d->sb), size + 1);
	if (!d->wrong)
		val_copy(v, (uint8_t *)text);
	text[size] = '\0';
	return (struct str){ text, d->wrong ? 0 : size };
}

/* ---- objects ---- */

uint32_t door_object_new(struct door *d, enum door_kind kind)
{
	uint32_t i;
	if (d->objects_free) {
		i = d->objects_free - 1;
		d->objects_free = d->objects[i].next_free;
	} else {
		if (d->objects_count >= MIN(d->sb->world->limits.handles, (uint64_t)HANDLES_MAX)) {
			d->wrong = true;
			(void)sandbox_trap(d->sb, "the guest holds more than %u resources", d->objects_count);
			return 0;
		}
		if (d->objects_count == d->objects_cap) {
			d->objects_cap = MAX(2 * d->objects_cap, (uint32_t)OBJECTS_MIN);
			d->objects = mem_realloc(d->objects, d->objects_cap * sizeof *d->objects);
		}
		i = d->objects_count++;
	}
	d->objects[i] = (struct door_object){ .kind = (uint8_t)kind };
	return i;
}

struct door_object *door_object(struct door *d, uint32_t rep, enum door_kind kind)
{
	if (rep < d->objects_count && d->objects[rep].kind == kind)
		return &d->objects[rep];
	d->wrong = true;
	return NULL;
}

void door_object_free(struct door *d, uint32_t rep)
{
	if (rep >= d->objects_count || d->objects[rep].kind == OBJECT_FREE)
		return;
	d->objects[rep] = (struct door_object){ .next_free = d->objects_free };
	d->objects_free = rep + 1;
}

/* ---- running ---- */

/* The value did not fit, but the guest allows for more: once more, with the room that was asked for. */
static bool enlarge_out(struct door *d)
{
	uint32_t needed = out_len(d);
	if (!d->out.raw || needed <= d->out.cap || needed > d->out.max)
		return false;
	d->out.cap = needed;
	d->out.at = take_room(d, needed, 1);
	d->raw[d->out.raw] = d->out.at;
	d->raw[d->out.raw + 1] = needed;
	return !d->wrong;
}

static enum door_next table_row(struct door *d)
{
	if (d->step == 0) {
		door_prepare(d, d->row->module, d->row->call_name);
		door_lower(d, d->row->args, 0);
		return DOOR_CALL;
	}
	if (d->status == ABI_BUFLEN && enlarge_out(d))
		return DOOR_CALL;
	return door_lift(d, d->row->result);
}

/* Makes the call that is prepared, or goes on with the one that was parked. */
static enum abi_status make_call(struct door *d)
{
	if (d->parked)
		return sandbox_call_step(d->sb);
	d->sb->base = d->scratch;
	d->sb->size = d->used;
	return sandbox_call(d->sb, d->call, d->raw);
}

static enum abi_status mistyped(struct door *d)
{
	if (d->sb->trap_text.len)
		return ABI_TRAP; /* something else is wrong, and said already */
	return sandbox_trap(d->sb, "the guest calls %s %s with another type than the host's",
			    d->row->interface, d->row->name);
}

static enum abi_status run(struct door *d)
{
	for (;;) {
		if (d->calling) {
			enum abi_status status = make_call(d);
			d->parked = status == ABI_WAIT;
			if (status == ABI_WAIT || status == ABI_TRAP)
				return status;
			d->status = status;
			d->calling = false;
			d->step++;
		}
		enum door_next next = d->row->handler ? d->row->handler(d) : table_row(d);
		if (d->wrong) {
			wasmtime_component_val_delete(&d->result);
			return mistyped(d);
		}
		if (next != DOOR_CALL)
			return next == DOOR_TRAP ? ABI_TRAP : ABI_OK;
		d->calling = true;
	}
}

static enum abi_status enter(struct door *d, const struct door_row *row, wasmtime_context_t *context,
			     struct wasmtime_component_val *args, size_t args_count,
			     struct wasmtime_component_val *results, size_t results_count)
{
	if (d->sb->doomed)
		return ABI_TRAP;
	d->row = row;
	d->context = context;
	d->args = args;
	d->args_count = args_count;
	d->results = results;
	d->results_count = results_count;
	d->result = val_bool(false);
	d->step = 0;
	d->calling = d->parked = d->wrong = false;
	reset_scratch(d);
	for (size_t i = 0; i < args_count; i++)
		val_settle(context, &args[i], &d->wrong);
	return d->wrong ? mistyped(d) : run(d);
}

static wasmtime_error_t *leave(struct door *d, enum abi_status status)
{
	if (status == ABI_OK && d->results_count == 1) {
		d->results[0] = d->result;
		return NULL;
	}
	if (status == ABI_OK && d->results_count == 0) {
		wasmtime_component_val_delete(&d->result);
		return NULL;
	}
	return wasmtime_error_new(status == ABI_TRAP ? d->sb->trap_text.ptr
						     : "a function of the host has one result at most");
}

wasmtime_error_t *door_enter_now(void *row, wasmtime_context_t *context,
				 const wasmtime_component_func_type_t *type, wasmtime_component_val_t *args,
				 size_t args_count, wasmtime_component_val_t *results, size_t results_count)
{
	struct sandbox *sb = wasmtime_context_get_data(context);
	(void)type;
	crew_enter(sandbox_crew(sb));
	enum abi_status status = enter(sb->door, row, context, args, args_count, results, results_count);
	crew_leave(sandbox_crew(sb));
	CHECK(status != ABI_WAIT);
	return leave(sb->door, status);
}

static bool is_over(void *unused)
{
	(void)unused;
	return true;
}

static bool goes_on(void *data)
{
	struct door *d = data;
	crew_enter(sandbox_crew(d->sb));
	enum abi_status status = run(d);
	crew_leave(sandbox_crew(d->sb));
	if (status == ABI_WAIT)
		return false;
	wasmtime_error_t *failed = leave(d, status);
	if (failed) {
		/*
		 * The C API takes an error of the first callback only. A result of no function's type ends
		 * the guest all the same; one without a result ends at its next call or tick.
		 */
		wasmtime_error_delete(failed);
		d->sb->doomed = true;
		if (d->results_count)
			d->results[0] = (struct wasmtime_component_val){ .kind = WASMTIME_COMPONENT_F64 };
	}
	return true;
}

void door_enter_waits(void *row, wasmtime_context_t *context, const wasmtime_component_func_type_t *type,
		      wasmtime_component_val_t *args, size_t args_count, wasmtime_component_val_t *results,
		      size_t results_count, wasmtime_error_t **error,
		      wasmtime_async_continuation_t *continuation)
{
	struct sandbox *sb = wasmtime_context_get_data(context);
	(void)type;
	crew_enter(sandbox_crew(sb));
	enum abi_status status = enter(sb->door, row, context, args, args_count, results, results_count);
	crew_leave(sandbox_crew(sb));
	if (status == ABI_WAIT) {
		*continuation = (wasmtime_async_continuation_t){ .callback = goes_on, .env = sb->door };
		return;
	}
	*error = leave(sb->door, status);
	*continuation = (wasmtime_async_continuation_t){ .callback = is_over };
}
