/* SPDX-License-Identifier: Apache-2.0 */
/* component.def as data, and the linker's definitions made of it. */
#include <string.h>

#include "base/check.h"
#include "guest/wasm/component/handlers.h"
#include "guest/wasm/engine.h"

const struct door_row door_rows[] = {
#define RESOURCE(...)
#define WIT(in, na, mod, cn, ar, re, r0, r1) \
	{ .interface = (in),                 \
	  .name = (na),                      \
	  .module = (mod),                   \
	  .call_name = (cn),                 \
	  .args = (ar),                      \
	  .result = (re),                    \
	  .resources = { RESOURCE_##r0, RESOURCE_##r1 } },
#define WITH(in, na, ha, wa, nu, r0, r1) \
	{ .interface = (in),             \
	  .name = (na),                  \
	  .handler = door_##ha,          \
	  .waits = (wa),                 \
	  .number = (nu),                \
	  .resources = { RESOURCE_##r0, RESOURCE_##r1 } },
#include "guest/wasm/component/component.def"
};
const size_t door_rows_count = COUNT_OF(door_rows);

static const struct door_type {
	const char *interface, *name;
	uint32_t id;
	enum abi_status (*drop)(struct door *d, uint32_t rep);
} types[] = {
#define RESOURCE(in, na, id, dr) { (in), (na), RESOURCE_##id, door_drop_##dr },
#define WIT(...)
#define WITH(...)
#include "guest/wasm/component/component.def"
};

static const char *const type_interfaces[] = {
#define TYPES(interface) interface,
#define RESOURCE(...)
#define WIT(...)
#define WITH(...)
#include "guest/wasm/component/component.def"
};

/*
 * Is `have`, of the table, the interface that a guest calls `asked`: the same but for the last part of a
 * version?
 */
static bool is_interface(const char *have, struct str asked)
{
	struct str h = str_from(have);
	if (str_eq(h, asked))
		return true;
	size_t version = str_find(h, STR("@0.2."));
	return version != STR_NONE && str_starts(asked, str_sub(h, 0, version + strlen("@0.2.")));
}

bool door_knows(struct str interface, struct str name)
{
	for (size_t i = 0; i < door_rows_count; i++) {
		if (is_interface(door_rows[i].interface, interface) &&
		    (str_eq(str_from(door_rows[i].name), name) || name.len == 0))
			return true;
	}
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		if (is_interface(types[i].interface, interface) &&
		    (str_eq(str_from(types[i].name), name) || name.len == 0))
			return true;
	}
	for (size_t i = 0; i < COUNT_OF(type_interfaces); i++) {
		if (name.len == 0 && is_interface(type_interfaces[i], interface))
			return true;
	}
	return false;
}

/* ---- what the linker calls ---- */

static wasmtime_error_t *drop_resource(void *data, wasmtime_context_t *context, uint32_t rep)
{
	const struct door_type *type = data;
	struct sandbox *sb = wasmtime_context_get_data(context);
	sb->door->context = context;
	crew_enter(sandbox_crew(sb));
	enum abi_status status = type->drop(sb->door, rep);
	crew_leave(sandbox_crew(sb));
	return status == ABI_TRAP ? wasmtime_error_new(sb->trap_text.ptr) : NULL;
}

static bool row_waits(const struct door_row *row)
{
	if (row->handler)
		return row->waits;
	const struct hostcall *call = hostcall_find(str_from(row->module), str_from(row->call_name));
	CHECK(call);
	return call->waits;
}

static bool define_row(wasmtime_component_linker_instance_t *instance, const struct door_row *row,
		       struct error *e)
{
	wasmtime_error_t *failed;
	if (row_waits(row))
		failed =
			wasmtime_component_linker_instance_add_func_async(instance, row->name,
									  strlen(row->name), door_enter_waits,
									  (void *)row, NULL);
	else
		failed = wasmtime_component_linker_instance_add_func(instance, row->name, strlen(row->name),
								     door_enter_now, (void *)row, NULL);
	return !failed || engine_error(e, failed, row->name);
}

static bool define_type(wasmtime_component_linker_instance_t *instance, const struct door_type *type,
			struct error *e)
{
	wasmtime_component_resource_type_t *host = wasmtime_component_resource_type_new_host(type->id);
	wasmtime_error_t *failed =
		wasmtime_component_linker_instance_add_resource(instance, type->name, strlen(type->name),
								host, drop_resource, (void *)type, NULL);
	wasmtime_component_resource_type_delete(host);
	return !failed || engine_error(e, failed, type->name);
}

/* All of one interface. A type that it has from another one (`use`) is linked there. */
static bool define_interface(wasmtime_component_linker_instance_t *root, const char *interface,
			     struct error *e)
{
	wasmtime_component_linker_instance_t *instance;
	bool ok = true;
	wasmtime_error_t *failed =
		wasmtime_component_linker_instance_add_instance(root, interface, strlen(interface),
								&instance);
	if (failed)
		return engine_error(e, failed, interface);
	for (size_t i = 0; ok && i < COUNT_OF(types); i++) {
		if (strcmp(types[i].interface, interface) == 0)
			ok = define_type(instance, &types[i], e);
	}
	for (size_t i = 0; ok && i < door_rows_count; i++) {
		if (strcmp(door_rows[i].interface, interface) == 0)
			ok = define_row(instance, &door_rows[i], e);
	}
	wasmtime_component_linker_instance_delete(instance);
	return ok;
}

bool door_define_all(wasmtime_component_linker_t *linker, struct error *e)
{
	const char *last = "";
	bool ok = true;
	wasmtime_component_linker_instance_t *root = wasmtime_component_linker_root(linker);
	for (size_t i = 0; ok && i < COUNT_OF(types); i++) {
		bool has_rows = false; /* an interface of types alone */
		for (size_t j = 0; j < door_rows_count && !has_rows; j++)
			has_rows = strcmp(types[i].interface, door_rows[j].interface) == 0;
		if (!has_rows)
			ok = define_interface(root, types[i].interface, e);
	}
	for (size_t i = 0; ok && i < door_rows_count; i++) {
		if (strcmp(door_rows[i].interface, last) != 0)
			ok = define_interface(root, door_rows[i].interface, e);
		last = door_rows[i].interface;
	}
	wasmtime_component_linker_instance_delete(root);
	return ok;
}
