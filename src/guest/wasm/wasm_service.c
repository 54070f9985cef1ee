/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/wasm_service.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "guest/wasm/adapt/adapt.h"
#include "guest/wasm/code_cache.h"
#include "guest/wasm/component/run.h"
#include "guest/wasm/engine.h"
#include "guest/wasm/sandbox.h"
#include "guest/wasm/wasm_file.h"
#include "guest/wasm/wasm_image.h"

enum { INSTANCES_DEFAULT = 64, TABLE_ELEMENTS_MAX = 98765, ERROR_IMPORTS_MAX = 20 };
#define MEMORY_BYTES_DEFAULT (UINT64_C(128) << 20)

static void notice(const struct wasm_options *o, enum wasm_notice kind, const char *text)
{
	if (o->notice)
		o->notice(o->notice_data, kind, text);
}

void wasm_service_warn(struct wasm_service *s, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	notice(&s->options, WASM_WARNING, text);
}

/* ---- linking ---- */

static wasm_functype_t *function_type(const struct hostcall *call)
{
	char signature[HOSTCALL_PARAMS_MAX + 1];
	wasm_valtype_t *types[HOSTCALL_PARAMS_MAX];
	wasm_valtype_vec_t params, results;
	size_t count = 0;
	hostcall_signature(call, signature);
	for (const char *s = signature; *s; s++)
		types[count++] = wasm_valtype_new(*s == 'I' ? WASM_I64 : WASM_I32);
	wasm_valtype_vec_new(&params, count, types);
	if (strcmp(call->name, "proc_exit") == 0) {
		wasm_valtype_vec_new_empty(&results);
	} else {
		types[0] = wasm_valtype_new(WASM_I32);
		wasm_valtype_vec_new(&results, 1, types);
	}
	return wasm_functype_new(&params, &results);
}

static bool define(wasmtime_linker_t *linker, struct str module, struct str name, const struct hostcall *call,
		   struct error *e)
{
	wasm_functype_t *type = function_type(call);
	wasmtime_error_t *failed;
	if (call->waits)
		failed = wasmtime_linker_define_async_func(linker, module.ptr, module.len, name.ptr, name.len,
							   type, sandbox_enter_waits, (void *)call, NULL);
	else
		failed = wasmtime_linker_define_func_unchecked(linker, module.ptr, module.len, name.ptr,
							       name.len, type, sandbox_enter_now,
							       (void *)call, NULL);
	wasm_functype_delete(type);
	return !failed || engine_error(e, failed, call->name);
}

struct linking {
	wasmtime_linker_t *linker;
	bool trap_unknown_imports;
	struct buf missing;
	size_t missing_count;
};

static void note_missing(struct linking *l, struct str module, struct str name, bool func)
{
	if (l->missing_count++ < ERROR_IMPORTS_MAX)
		buf_printf(&l->missing, "%s" STR_FMT "." STR_FMT "%s", l->missing_count > 1 ? ", " : "",
			   STR_ARG(module), STR_ARG(name), func ? "" : " (not a function)");
}

/* Defines what one import asks for. A module may import the same function twice: the second definition takes
 * the place of the first. */
static bool define_import(struct linking *l, const wasm_importtype_t *import, struct error *e)
{
	const wasm_name_t *m = wasm_importtype_module(import), *n = wasm_importtype_name(import);
	struct str module = { m->data, m->size }, name = { n->data, n->size };
	bool func = wasm_externtype_kind(wasm_importtype_type(import)) == WASM_EXTERN_FUNC;
	const struct hostcall *call = func ? hostcall_find(module, name) : NULL;
	if (call)
		return define(l->linker, module, name, call, e);
	note_missing(l, module, name, func);
	return true;
}

/* Of all host functions there are, a guest imports a few dozen: only those are defined. */
static bool define_imports(struct linking *l, const wasmtime_module_t *module, const char *path,
			   struct error *e)
{
	wasm_importtype_vec_t imports;
	bool ok = true;
	wasmtime_linker_allow_shadowing(l->linker, true);
	wasmtime_module_imports(module, &imports);
	for (size_t i = 0; i < imports.size && ok; i++)
		ok = define_import(l, imports.data[i], e);
	wasm_importtype_vec_delete(&imports);
	if (!ok)
		return error_wrap(e, "%s", path);
	if (l->missing_count == 0 || l->trap_unknown_imports)
		return true;
	return FAIL(e, INVALID,
		    "%s: the guest imports what no host defines: " STR_FMT "%s; run with "
		    "--unknown-import-behavior=trap to start it all the same",
		    path, STR_ARG(buf_str(&l->missing)), l->missing_count > ERROR_IMPORTS_MAX ? " …" : "");
}

/*
 * A `_start` that cannot be called is refused here; one that is not there is found out when it is to be
 * called.
 */
static bool check_start(const wasmtime_module_t *module, const char *path, struct error *e)
{
	wasm_exporttype_vec_t exports;
	size_t params = 0, results = 0;
	bool func = true;
	wasmtime_module_exports(module, &exports);
	for (size_t i = 0; i < exports.size; i++) {
		const wasm_name_t *name = wasm_exporttype_name(exports.data[i]);
		const wasm_externtype_t *type = wasm_exporttype_type(exports.data[i]);
		if (!str_eq((struct str){ name->data, name->size }, STR("_start")))
			continue;
		func = wasm_externtype_kind(type) == WASM_EXTERN_FUNC;
		const wasm_functype_t *f = func ? wasm_externtype_as_functype_const(type) : NULL;
		params = f ? wasm_functype_params(f)->size : 0;
		results = f ? wasm_functype_results(f)->size : 0;
	}
	wasm_exporttype_vec_delete(&exports);
	if (!func)
		return FAIL(e, INVALID, "%s: the guest's `_start` is not a function", path);
	return (!params && !results) ||
	       FAIL(e, INVALID,
		    "%s: the guest's `_start` takes %zu parameters and gives %zu results; it is called without any",
		    path, params, results);
}

static bool link_guest(struct wasm_service *s, const char *path, struct error *e)
{
	if (s->component && s->options.profile.strategy == PROFILE_GUEST)
		return FAIL(
			e, UNSUPPORTED,
			"%s: --profile=guest: Wasmtime's C API takes profiles of core modules only, and this "
			"is a component",
			path);
	if (s->component)
		return component_link(s->component, s->engine, s->options.trap_unknown_imports, path, e);
	if (!check_start(s->module, path, e))
		return false;
	s->linker = wasmtime_linker_new(s->engine->wasm);
	struct linking l = { .linker = s->linker,
			     .trap_unknown_imports = s->options.trap_unknown_imports,
			     .missing = BUF_INIT(ERROR_TEXT_BYTES_MAX) };
	bool ok = define_imports(&l, s->module, path, e);
	buf_fini(&l.missing);
	if (!ok)
		return false;
	wasmtime_error_t *failed = NULL;
	if (l.missing_count)
		failed = wasmtime_linker_define_unknown_imports_as_traps(s->linker, s->module);
	if (!failed)
		failed = wasmtime_linker_instantiate_pre(s->linker, s->module, &s->pre);
	return !failed || engine_error(e, failed, path);
}

/* ---- loading ---- */

/* May modules be compiled without their data? Collected objects live in memories that the engine makes. */
static bool own_memory_wanted(const struct wasm_options *o)
{
	return o->memory != WASM_MEMORY_ENGINE && !o->wasm_exceptions && !o->wasm_gc;
}

static bool start_engine(struct wasm_service *s, const struct code_key *key, bool own_memory, struct error *e)
{
	static const enum memory_reset resets[] = {
		[WASM_MEMORY_BEST] = MEMORY_RESET_BEST,
		[WASM_MEMORY_RESCAN] = MEMORY_RESET_RESCAN,
		[WASM_MEMORY_REMAP] = MEMORY_RESET_REMAP,
		[WASM_MEMORY_ENGINE] = MEMORY_RESET_BEST,
	};
	const struct wasm_options *o = &s->options;
	struct memory_pool_options memory = {
		.memories_max = o->instances_max,
		.bytes = key->initial_memory,
		.bytes_max = o->memory_bytes_max,
		.reset = resets[o->memory],
		.image = s->image,
	};
	struct engine_options options = {
		.instances_max = o->instances_max,
		.memory_bytes_max = o->memory_bytes_max,
		.table_elements_max = TABLE_ELEMENTS_MAX,
		.wasm_exceptions = o->wasm_exceptions,
		.wasm_gc = o->wasm_gc,
		.debug_info = o->debug_info,
		.lines = o->lines,
		.profile = o->profile.strategy,
		.tick_ns = o->profile.strategy == PROFILE_GUEST ? o->profile.period_ns : 0,
		.component = key->component,
		.memory = own_memory ? &memory : NULL,
	};
	if (key->initial_memory > o->memory_bytes_max)
		return FAIL(e, LIMIT, "the guest starts with %llu MiB of memory and may have %llu",
			    (unsigned long long)key->initial_memory >> 20,
			    (unsigned long long)o->memory_bytes_max >> 20);
	s->engine = engine_new(&options, e);
	return s->engine != NULL;
}

/*
 * Wasm or its text form to the bytes of a module or component; `*converted` is to be freed when it is used.
 */
static bool module_bytes(struct str in, wasm_byte_vec_t *converted, struct str *out, struct error *e)
{
	*converted = (wasm_byte_vec_t){ 0 };
	*out = in;
	switch (wasm_format(in)) {
	case WASM_MODULE:
		return true;
	case WASM_COMPONENT:
		if (in.ptr[6] != 1) /* the layer, behind the version */
			return FAIL(e, INVALID, "Expected a valid Wasm file: its version is not known (%d)",
				    in.ptr[4]);
		return true;
	case WASM_TEXT:
		break;
	case WASM_UNKNOWN:
		return FAIL(
			e, INVALID,
			"Expected a valid Wasm file: it starts neither with the bytes \\0asm nor with `(`");
	}
	wasmtime_error_t *failed = wasmtime_wat2wasm(in.ptr, in.len, converted);
	if (failed)
		return engine_error(e, failed, "Expected a valid Wasm file");
	*out = (struct str){ converted->data, converted->size };
	return true;
}

/* What the engine says of a guest that needs what is off unless it is asked for, and the option. */
static bool refused(struct error *e, wasmtime_error_t *why)
{
	static const struct {
		const char *words, *hint;
	} off[] = {
		{ "exceptions proposal", "; --wasm-exceptions allows it" },
		{ "gc feature", "; --wasm-gc allows it" },
		{ "gc proposal", "; --wasm-gc allows it" },
	};
	engine_error(e, why, "Expected a valid Wasm file");
	for (size_t i = 0; i < COUNT_OF(off); i++) {
		size_t used = strlen(e->text);
		if (strstr(e->text, off[i].words))
			snprintf(e->text + used, sizeof e->text - used, "%s", off[i].hint);
	}
	return false;
}

static bool compile(struct wasm_service *s, const char *path, struct str module, struct error *e)
{
	wasmtime_error_t *failed;
	notice(&s->options, WASM_COMPILING, path);
	if (wasm_format(module) == WASM_COMPONENT) {
		s->component = NEW(struct component);
		s->component->initial_memory = wasm_component_memory(module);
		failed = wasmtime_component_new(s->engine->wasm, (const uint8_t *)module.ptr, module.len,
						&s->component->code);
	} else {
		failed = wasmtime_module_new(s->engine->wasm, (const uint8_t *)module.ptr, module.len,
					     &s->module);
	}
	notice(&s->options, WASM_COMPILED, path);
	return !failed || refused(e, failed);
}

/* Starts the engine, with the image of the guest's memory if it could be taken, and compiles what is left. */
static bool load_anew(struct wasm_service *s, const char *path, struct str module, const struct code_key *key,
		      struct wasm_image *image, bool *own_memory, struct error *e)
{
	*own_memory = own_memory_wanted(&s->options) && !key->component &&
		      wasm_image_take(image, module, TABLE_ELEMENTS_MAX);
	if (*own_memory && !memory_image_of(&s->image, image->bytes, image->at)) {
		wasm_image_fini(image);
		*own_memory = false;
	}
	return start_engine(s, key, *own_memory, e) &&
	       compile(s, path, *own_memory ? image->module : module, e);
}

static wasmtime_error_t *load_code(struct wasm_service *s, const struct code_key *key, const char *path)
{
	if (!key->component)
		return wasmtime_module_deserialize_file(s->engine->wasm, path, &s->module);
	wasmtime_component_t *code;
	wasmtime_error_t *failed = wasmtime_component_deserialize_file(s->engine->wasm, path, &code);
	if (!failed) {
		s->component = NEW(struct component);
		s->component->code = code;
		s->component->initial_memory = key->initial_memory;
	}
	return failed;
}

static bool load_cached(struct wasm_service *s, const struct code_key *key)
{
	struct code_found found;
	struct error ignored;
	if (!code_cache_find(s->options.cache_folder, key, &found))
		return false;
	s->image = found.image;
	bool started = start_engine(s, key, found.own_memory, &ignored);
	wasmtime_error_t *failed = started ? load_code(s, key, found.path) : NULL;
	if (started && !failed)
		return true;
	engine_destroy(&s->engine);
	memory_image_fini(&s->image);
	if (failed) { /* damaged, or of an engine that says it has the same version: make it anew */
		wasmtime_error_delete(failed);
		code_cache_drop(s->options.cache_folder, key);
	}
	return false;
}

static void keep_code(struct wasm_service *s, const struct code_key *key, const struct wasm_image *image)
{
	wasm_byte_vec_t code;
	struct error e;
	wasmtime_error_t *failed = s->component ? wasmtime_component_serialize(s->component->code, &code)
						: wasmtime_module_serialize(s->module, &code);
	if (failed) {
		engine_error(&e, failed, "the compiled code cannot be kept");
		notice(&s->options, WASM_WARNING, e.text);
		return;
	}
	if (!code_cache_store(s->options.cache_folder, key, (struct str){ code.data, code.size }, image,
			      &e)) {
		error_wrap(&e, "the compiled code cannot be kept, so the next start compiles again");
		notice(&s->options, WASM_WARNING, e.text);
	}
	wasm_byte_vec_delete(&code);
}

/* Compiles the bytes, or takes what is kept for the same bytes. */
static bool load_bytes(struct wasm_service *s, const char *path, struct str bytes, const char *fingerprint,
		       struct error *e)
{
	struct code_key key = { 0 };
	struct str module;
	wasm_byte_vec_t converted;
	scoped(buf_fini) struct buf adapted = BUF_INIT(SIZE_MAX);
	int lock = -1;
	if (!module_bytes(bytes, &converted, &module, e))
		return error_wrap(e, "%s", path);
	if (s->options.adapt && wasm_format(module) == WASM_MODULE) {
		bool made = adapt_module(module, adapter_bytes(), &adapted, e);
		wasm_byte_vec_delete(&converted);
		converted = (wasm_byte_vec_t){ 0 };
		if (!made)
			return error_wrap(e, "%s", path);
		module = buf_str(&adapted);
	}
	key.component = wasm_format(module) == WASM_COMPONENT;
	key.initial_memory = key.component ? wasm_component_memory(module) : wasm_initial_memory(module);
	bool caching = s->options.cache_folder != NULL, found = false;
	if (caching) {
		code_cache_key(bytes, fingerprint, &key);
		found = load_cached(s, &key);
		if (!found) {
			lock = code_cache_lock(s->options.cache_folder, &key);
			found = load_cached(s, &key); /* somebody may have made it while we waited */
		}
	}
	struct wasm_image image = { .at = 0 };
	bool own_memory = false;
	bool ok = found || load_anew(s, path, module, &key, &image, &own_memory, e);
	if (!ok)
		error_wrap(e, "%s", path);
	if (ok && caching && !found)
		keep_code(s, &key, own_memory ? &image : NULL);
	if (ok && caching)
		code_cache_remember(s->options.cache_folder, path, fingerprint, &key);
	code_cache_unlock(lock);
	wasm_image_fini(&image);
	wasm_byte_vec_delete(&converted);
	return ok;
}

static bool load_file(struct wasm_service *s, const char *path, struct error *e)
{
	char fingerprint[128];
	struct code_key key;
	struct stat st;
	if (stat(path, &st) == 0)
		s->package_bytes = (uint64_t)st.st_size;
	struct engine_options flags = { .wasm_exceptions = s->options.wasm_exceptions,
					.wasm_gc = s->options.wasm_gc,
					.debug_info = s->options.debug_info,
					.lines = s->options.lines,
					.profile = s->options.profile.strategy };
	engine_fingerprint(&flags, own_memory_wanted(&s->options), fingerprint, sizeof fingerprint);
	if (s->options.adapt) {
		size_t used = strlen(fingerprint);
		snprintf(fingerprint + used, sizeof fingerprint - used, "-adapted-%s", adapter_version());
	}
	if (s->options.cache_folder && !code_cache_open(s->options.cache_folder, e)) {
		error_wrap(e, "compiled code is not kept");
		notice(&s->options, WASM_WARNING, e->text);
		s->options.cache_folder = NULL;
	}
	if (s->options.cache_folder && code_cache_recall(s->options.cache_folder, path, fingerprint, &key) &&
	    load_cached(s, &key))
		return true;
	struct wasm_file file;
	if (!wasm_file_open(&file, path, e))
		return false;
	bool ok = load_bytes(s, path, file.bytes, fingerprint, e);
	wasm_file_close(&file);
	return ok;
}

/* ---- the service ---- */

static struct invocation *wasm_invoke(struct service *service, struct world *w,
				      const struct invocation_request *request)
{
	return sandbox_invoke((struct wasm_service *)service, w, request);
}

static void wasm_destroy(struct service *service)
{
	struct wasm_service *s = (struct wasm_service *)service;
	sandbox_pool_free(s);
	CHECK(s->alive == 0);
	component_free(&s->component);
	if (s->pre)
		wasmtime_instance_pre_delete(s->pre);
	if (s->module)
		wasmtime_module_delete(s->module);
	if (s->linker)
		wasmtime_linker_delete(s->linker);
	engine_destroy(&s->engine);
	memory_image_fini(&s->image);
	arena_fini(&s->arena);
	mem_free(s);
}

static const struct service_ops wasm_ops = {
	.kind = "wasm",
	.invoke = wasm_invoke,
	.cancel = sandbox_cancel,
	.free_invocation = sandbox_free_invocation,
	.destroy = wasm_destroy,
};

static void wasm_service_free(struct wasm_service **ps)
{
	if (*ps)
		wasm_destroy(&(*ps)->super);
	*ps = NULL;
}

static struct wasm_service *new_service(const struct wasm_options *options)
{
	struct wasm_service *s = NEW(struct wasm_service);
	s->super.ops = &wasm_ops;
	sandbox_pool_init(s);
	s->options = *options;
	s->image.fd = -1;
	s->options.program =
		arena_str(&s->arena, options->program.len ? options->program : STR("compute-app"));
	if (!s->options.instances_max)
		s->options.instances_max = INSTANCES_DEFAULT;
	if (!s->options.memory_bytes_max)
		s->options.memory_bytes_max = MEMORY_BYTES_DEFAULT;
	return s;
}

bool wasm_service_open(struct wasm_service **out, const char *path, const struct wasm_options *options,
		       struct error *e)
{
	scoped(wasm_service_free) struct wasm_service *s = new_service(options);
	if (!load_file(s, path, e) || !link_guest(s, path, e))
		return false;
	*out = take(s);
	return true;
}

bool wasm_service_from_bytes(struct wasm_service **out, const char *name, struct str wasm,
			     const struct wasm_options *options, struct error *e)
{
	scoped(wasm_service_free) struct wasm_service *s = new_service(options);
	s->options.cache_folder = NULL;
	s->package_bytes = wasm.len;
	if (!load_bytes(s, name, wasm, "", e) || !link_guest(s, name, e))
		return false;
	*out = take(s);
	return true;
}
