/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/inspection.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cli/human.h"
#include "guest/wasm/component/door.h"
#include "guest/wasm/component/run.h"
#include "world/limits.h"

enum { PROBLEMS_MAX = 8 };

const char *import_state_name(enum import_state state)
{
	static const char *const names[] = {
#define X(id, name, meaning) name,
		IMPORT_STATES(X)
#undef X
	};
	return names[state];
}

/* ---- imports ---- */

/* As the linker defines it: what the table says, and a status as result; proc_exit has none. */
static bool same_signature(const struct hostcall *call, const char *signature)
{
	char params[HOSTCALL_PARAMS_MAX + 1];
	if (!signature)
		return true; /* not understood, so not judged */
	hostcall_signature(call, params);
	size_t len = strlen(params);
	return strncmp(signature, params, len) == 0 &&
	       strcmp(signature + len, strcmp(call->name, "proc_exit") == 0 ? ">" : ">i") == 0;
}

static void judge_import(struct inspected_import *out, const struct wasm_import *in)
{
	*out = (struct inspected_import){
		.module = in->module, .name = in->name, .kind = in->kind, .state = IMPORT_UNKNOWN
	};
	if (in->kind != WASM_KIND_FUNC)
		return;
	out->call = hostcall_find(in->module, in->name);
	if (out->call && !same_signature(out->call, in->signature))
		out->state = IMPORT_MISTYPED;
	else if (out->call)
		out->state = out->call->done ? IMPORT_DONE : IMPORT_STUB;
}

static int compare_imports(const void *a, const void *b)
{
	const struct inspected_import *x = a, *y = b;
	int by_module = str_cmp(x->module, y->module);
	return by_module ? by_module : str_cmp(x->name, y->name);
}

/* Guests may import a function twice: it is one then, in the worse of the two states. */
static void judge_imports(struct inspection *i, struct arena *a)
{
	const struct wasm_outline *o = &i->outline;
	struct inspected_import *all = arena_zalloc(a, (o->import_count + 1) * sizeof *all);
	i->imports = all;
	for (size_t n = 0; n < o->import_count; n++)
		judge_import(&all[n], &o->imports[n]);
	if (o->import_count)
		qsort(all, o->import_count, sizeof *all, compare_imports);
	for (size_t n = 0; n < o->import_count; n++) {
		struct inspected_import *last = i->import_count ? &all[i->import_count - 1] : NULL;
		if (last && compare_imports(last, &all[n]) == 0) {
			if (all[n].state > last->state)
				*last = all[n];
			continue;
		}
		i->module_count += !last || !str_eq(last->module, all[n].module);
		all[i->import_count++] = all[n];
	}
	for (size_t n = 0; n < i->import_count; n++) {
		i->states[all[n].state]++;
		i->fastly = i->fastly || str_starts(all[n].module, STR("fastly_"));
		i->xqd =
			i->xqd || (str_eq(all[n].module, STR("env")) && str_starts(all[n].name, STR("xqd_")));
		i->wasi = i->wasi || str_starts(all[n].module, STR("wasi_"));
	}
}

/* A component imports interfaces by their names; each is one that there is, or not. */
static void judge_interfaces(struct inspection *i, struct arena *a)
{
	const struct wasm_outline *o = &i->outline;
	i->imports = arena_zalloc(a, (o->import_count + 1) * sizeof *i->imports);
	for (size_t n = 0; n < o->import_count; n++) {
		bool known = door_knows(o->imports[n].name, STR(""));
		i->imports[n] = (struct inspected_import){ .name = o->imports[n].name,
							   .state = known ? IMPORT_DONE : IMPORT_UNKNOWN };
		i->states[i->imports[n].state]++;
	}
	i->import_count = o->import_count;
}

/* ---- the SDK ---- */

/* Rows in the order of what says most: a Rust or JavaScript guest has C in it, too. */
static const struct {
	const char *field, *starts; /* of a producer that tells it */
	const char *maker; /* what to name: the tool with this in its name; NULL: the producer itself */
	const char *id, *name;
} sdk_rows[] = {
	{ "sdk", "@fastly/js-compute", NULL, "js", "JavaScript" },
	{ "language", "JavaScript", NULL, "js", "JavaScript" },
	{ "processed-by", "TinyGo", NULL, "go", "Go" },
	{ "language", "Go", "Go", "go", "Go" },
	{ "language", "AssemblyScript", NULL, "as", "AssemblyScript" },
	{ "language", "Rust", "rustc", "rust", "Rust" },
	{ "language", "C_plus_plus", "clang", "c", "C++" },
	{ "language", "C", "clang", "c", "C" },
};

static const struct wasm_producer *tool(const struct wasm_outline *o, struct str maker)
{
	for (size_t n = 0; n < o->producer_count; n++) {
		const struct wasm_producer *p = &o->producers[n];
		if (str_eq(p->field, STR("processed-by")) && str_find(p->name, maker) != STR_NONE)
			return p;
	}
	return NULL;
}

static bool guess_by_producers(const struct wasm_outline *o, struct sdk_guess *guess)
{
	for (size_t n = 0; n < COUNT_OF(sdk_rows); n++) {
		for (size_t k = 0; k < o->producer_count; k++) {
			const struct wasm_producer *p = &o->producers[k];
			if (!str_eq(p->field, str_from(sdk_rows[n].field)) ||
			    !str_starts(p->name, str_from(sdk_rows[n].starts)))
				continue;
			const struct wasm_producer *t =
				sdk_rows[n].maker ? tool(o, str_from(sdk_rows[n].maker)) : p;
			*guess = (struct sdk_guess){ .id = sdk_rows[n].id, .name = sdk_rows[n].name };
			guess->evidence = (t ? t : p)->name;
			guess->version = (t ? t : p)->version;
			return true;
		}
	}
	return false;
}

static struct sdk_guess guess_sdk(const struct inspection *i)
{
	struct sdk_guess guess = { .id = "unknown", .name = "unknown" };
	const struct sdk_guess as = { .id = "as",
				      .name = "AssemblyScript",
				      .evidence = STR_INIT("by its functions' names") };
	if (guess_by_producers(&i->outline, &guess))
		return guess;
	if (i->outline.assemblyscript)
		return as;
	for (size_t n = 0; n < i->import_count; n++) {
		if (str_eq(i->imports[n].module, STR("env")) && str_eq(i->imports[n].name, STR("abort")))
			return as; /* only its runtime asks for that */
	}
	return guess;
}

/* ---- what is not supported ---- */

static void problem(struct inspection *i, const char *text)
{
	CHECK(i->problem_count < PROBLEMS_MAX);
	i->problems[i->problem_count++] = text;
}

static void count_problem(struct inspection *i, struct arena *a, enum import_state state, const char *text)
{
	if (i->states[state])
		problem(i, arena_printf(a, HUMAN_COUNT_FMT " %s", HUMAN_COUNT_ARG(i->states[state], "import"),
					text)
				   .ptr);
}

static void find_problems(struct inspection *i, struct arena *a)
{
	const struct wasm_outline *o = &i->outline;
	uint64_t memory_max = limits_profile(STR("guard"))->memory_bytes;
	i->problems = arena_zalloc(a, PROBLEMS_MAX * sizeof *i->problems);
	if (o->format == WASM_COMPONENT) {
		count_problem(i, a, IMPORT_UNKNOWN,
			      "that no host defines: the guest is refused, unless it is started with "
			      "--unknown-import-behavior=trap");
		if (!i->has_start)
			problem(i, "no export fastly:compute/http-incoming@0.1 or wasi:cli/run@0.2: there is "
				   "nothing to run");
		return;
	}
	count_problem(i, a, IMPORT_UNKNOWN,
		      "that no host defines: the guest is refused, unless it is started with "
		      "--unknown-import-behavior=trap");
	count_problem(i, a, IMPORT_MISTYPED, "of another type than the ABI's: the guest is refused");
	count_problem(i, a, IMPORT_STUB,
		      "not supported yet: the guest is told \"unsupported\" when it calls such a function");
	if (!i->has_start)
		problem(i, "no exported function _start: there is nothing to run");
	if (o->memory_bytes > memory_max)
		problem(i, arena_printf(a, "it starts with %s of memory and may have %s",
					human_bytes(o->memory_bytes).text, human_bytes(memory_max).text)
				   .ptr);
}

bool inspect(struct inspection *out, const char *path, struct str wasm, struct arena *a, struct error *e)
{
	*out = (struct inspection){ .path = path };
	if (!wasm_outline_read(&out->outline, wasm, a, e))
		return error_wrap(e, "%s", path);
	const struct wasm_outline *o = &out->outline;
	for (size_t n = 0; n < o->export_count; n++) {
		struct str name = o->exports[n].name;
		bool start = o->format == WASM_MODULE
				     ? o->exports[n].kind == WASM_KIND_FUNC && str_eq(name, STR("_start"))
				     : component_starts_by(name);
		out->has_start = out->has_start || start;
	}
	if (o->format == WASM_MODULE)
		judge_imports(out, a);
	else
		judge_interfaces(out, a);
	out->sdk = guess_sdk(out);
	find_problems(out, a);
	return true;
}
