/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/component/run.h"

#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "guest/wasm/component/door.h"
#include "guest/wasm/engine.h"
#include "guest/wasm/wasm_service.h"

/* ---- linking ---- */

enum { ERROR_IMPORTS_MAX = 20 };

struct missing {
	struct buf names;
	size_t count;
};

static void add_missing(struct missing *m, struct str interface, struct str name)
{
	if (m->count++ < ERROR_IMPORTS_MAX)
		buf_printf(&m->names, "%s" STR_FMT "%s" STR_FMT, m->count > 1 ? ", " : "", STR_ARG(interface),
			   name.len ? " " : "", STR_ARG(name));
}

/* Functions and resources of one interface that the table does not have. */
static void check_instance(const wasmtime_component_instance_type_t *type, const wasm_engine_t *engine,
			   struct str interface, struct missing *m)
{
	size_t count = wasmtime_component_instance_type_export_count(type, engine);
	for (size_t i = 0; i < count; i++) {
		struct str name;
		wasmtime_component_extern_t *what;
		wasmtime_component_item_t item;
		if (!wasmtime_component_instance_type_export_nth(type, engine, i, &name.ptr, &name.len,
								 &what))
			continue;
		wasmtime_component_extern_type(what, &item);
		if (item.kind == WASMTIME_COMPONENT_ITEM_COMPONENT_FUNC && !door_knows(interface, name))
			add_missing(m, interface, name);
		wasmtime_component_item_delete(&item);
		wasmtime_component_extern_delete(what);
	}
}

static void find_missing(const wasmtime_component_t *code, const wasm_engine_t *engine, struct missing *m)
{
	wasmtime_component_type_t *type = wasmtime_component_type(code);
	size_t count = wasmtime_component_type_import_count(type, engine);
	for (size_t i = 0; i < count; i++) {
		struct str name;
		wasmtime_component_extern_t *what;
		wasmtime_component_item_t item;
		if (!wasmtime_component_type_import_nth(type, engine, i, &name.ptr, &name.len, &what))
			continue;
		wasmtime_component_extern_type(what, &item);
		if (item.kind == WASMTIME_COMPONENT_ITEM_COMPONENT_INSTANCE)
			check_instance(item.of.component_instance, engine, name, m);
		else if (item.kind != WASMTIME_COMPONENT_ITEM_TYPE)
			add_missing(m, name, STR(""));
		wasmtime_component_item_delete(&item);
		wasmtime_component_extern_delete(what);
	}
	wasmtime_component_type_delete(type);
}

static bool check_imports(const struct component *c, const struct engine *engine, const char *path,
			  struct error *e)
{
	struct missing m = { .names = BUF_INIT(ERROR_TEXT_BYTES_MAX) };
	find_missing(c->code, engine->wasm, &m);
	bool ok = m.count == 0;
	if (!ok)
		FAIL(e, INVALID,
		     "%s: the component imports what no host defines: " STR_FMT "%s; run with "
		     "--unknown-import-behavior=trap to start it all the same",
		     path, STR_ARG(buf_str(&m.names)), m.count > ERROR_IMPORTS_MAX ? " …" : "");
	buf_fini(&m.names);
	return ok;
}

static const struct str incoming = STR_INIT("fastly:compute/http-incoming@0.1."),
			command = STR_INIT("wasi:cli/run@0.2.");

bool component_starts_by(struct str interface)
{
	return str_starts(interface, incoming) || str_starts(interface, command);
}

/* The function of an exported interface, by any version that starts so. */
static wasmtime_component_export_index_t *find_export(const struct component *c, const struct engine *engine,
						      struct str interface, const char *function)
{
	wasmtime_component_export_index_t *found = NULL;
	wasmtime_component_type_t *type = wasmtime_component_type(c->code);
	size_t count = wasmtime_component_type_export_count(type, engine->wasm);
	for (size_t i = 0; i < count && !found; i++) {
		struct str name;
		wasmtime_component_extern_t *what;
		if (!wasmtime_component_type_export_nth(type, engine->wasm, i, &name.ptr, &name.len, &what))
			continue;
		wasmtime_component_extern_delete(what);
		if (!str_starts(name, interface))
			continue;
		wasmtime_component_export_index_t *instance =
			wasmtime_component_get_export_index(c->code, NULL, name.ptr, name.len);
		if (instance) {
			found = wasmtime_component_get_export_index(c->code, instance, function,
								    strlen(function));
			wasmtime_component_export_index_delete(instance);
		}
	}
	wasmtime_component_type_delete(type);
	return found;
}

bool component_link(struct component *c, const struct engine *engine, bool trap_unknown, const char *path,
		    struct error *e)
{
	c->linker = wasmtime_component_linker_new(engine->wasm);
	if (!door_define_all(c->linker, e))
		return error_wrap(e, "%s", path);
	if (!trap_unknown && !check_imports(c, engine, path, e))
		return false;
	wasmtime_error_t *failed = NULL;
	if (trap_unknown)
		failed = wasmtime_component_linker_define_unknown_imports_as_traps(c->linker, c->code);
	if (failed)
		return engine_error(e, failed, path);
	c->start = find_export(c, engine, incoming, "handle");
	c->handles_requests = c->start != NULL;
	if (!c->start)
		c->start = find_export(c, engine, command, "run");
	if (!c->start)
		return FAIL(e, INVALID,
			    "%s: the component exports neither fastly:compute/http-incoming@0.1.0 nor "
			    "wasi:cli/run@0.2, so there is nothing to start",
			    path);
	return true;
}

void component_free(struct component **pc)
{
	struct component *c = take(*pc);
	if (!c)
		return;
	if (c->start)
		wasmtime_component_export_index_delete(c->start);
	if (c->linker)
		wasmtime_component_linker_delete(c->linker);
	if (c->code)
		wasmtime_component_delete(c->code);
	mem_free(c);
}

/* ---- running ---- */

wasmtime_call_future_t *component_instantiate(struct sandbox *sb)
{
	const struct component *c = sb->service->component;
	return wasmtime_component_linker_instantiate_async(c->linker, sb->context, c->code,
							   &sb->door->instance, &sb->error);
}

wasmtime_call_future_t *component_call(struct sandbox *sb)
{
	const struct component *c = sb->service->component;
	struct door *d = sb->door;
	size_t count = 0;
	CHECK(wasmtime_component_instance_get_func(&d->instance, sb->context, c->start, &d->start));
	if (c->handles_requests) {
		d->start_args[count++] = val_resource(sb->context, sb->request_handle, RESOURCE_REQUEST);
		d->start_args[count++] = val_resource(sb->context, sb->body_handle, RESOURCE_POLLABLE);
	}
	d->start_result = val_bool(false);
	return wasmtime_component_func_call_async(&d->start, sb->context, d->start_args, count,
						  &d->start_result, 1, &sb->error);
}

bool component_failed(struct sandbox *sb)
{
	const struct wasmtime_component_val *v = &sb->door->start_result;
	return v->kind == WASMTIME_COMPONENT_RESULT && !v->of.result.is_ok;
}
