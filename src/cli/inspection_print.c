/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/human.h"
#include "cli/inspection.h"

static const char *const colors[IMPORT_STATE_COUNT] = {
	[IMPORT_DONE] = "\033[32m",
	[IMPORT_STUB] = "\033[33m",
	[IMPORT_MISTYPED] = "\033[31m",
	[IMPORT_UNKNOWN] = "\033[31m",
};

static void print_facts(const struct inspection *i, FILE *to)
{
	const struct wasm_outline *o = &i->outline;
	const char *format = o->format == WASM_COMPONENT ? "component"
			     : i->was_text               ? "module, in text form"
							 : "module";
	fprintf(to, "  format   %s, %s", format, human_bytes(o->bytes).text);
	if (o->format == WASM_MODULE)
		fprintf(to, " (code %s, data %s, names and debug information %s)",
			human_bytes(o->code_bytes).text, human_bytes(o->data_bytes).text,
			human_bytes(o->debug_bytes).text);
	else
		fprintf(to, ", " HUMAN_COUNT_FMT " in it", HUMAN_COUNT_ARG(o->core_modules, "core module"));
	fprintf(to, "\n  SDK      %s", i->sdk.name);
	if (i->sdk.evidence.len) {
		fputs(": ", to);
		human_name(to, i->sdk.evidence);
	}
	if (i->sdk.version.len) {
		fputc(' ', to);
		human_name(to, i->sdk.version);
	}
	fputc('\n', to);
}

static void print_module_facts(const struct inspection *i, FILE *to)
{
	const struct wasm_outline *o = &i->outline;
	fputs("  memory   ", to);
	if (!o->has_memory)
		fputs("none", to);
	else if (o->memory_has_max)
		fprintf(to, "%s at the start, at most %s", human_bytes(o->memory_bytes).text,
			human_bytes(o->memory_bytes_max).text);
	else
		fprintf(to, "%s at the start", human_bytes(o->memory_bytes).text);
	fprintf(to, "\n  start    %s%s\n", i->has_start ? "_start" : "none: no function _start is exported",
		o->start_section ? ", after the module's own start function" : "");
	fprintf(to, "  ABI      %s", i->fastly || i->xqd ? "Fastly Compute 1" : "nothing of Fastly's");
	if (i->xqd)
		fputs(i->fastly ? ", partly by its old names (env.xqd_*)" : " by its old names (env.xqd_*)",
		      to);
	fprintf(to, "%s\n", i->wasi ? "; WASI preview 1" : "");
	fputs("  exports  ", to);
	for (size_t n = 0; n < o->export_count; n++) {
		fputs(n ? ", " : "", to);
		human_name(to, o->exports[n].name);
		fprintf(to, " (%s)", wasm_kind_name(o->exports[n].kind));
	}
	fputs(o->export_count ? "\n" : "none\n", to);
}

static void print_imports(const struct inspection *i, bool color, FILE *to)
{
	fprintf(to, "\n" HUMAN_COUNT_FMT " from " HUMAN_COUNT_FMT ":",
		HUMAN_COUNT_ARG(i->import_count, "import"), HUMAN_COUNT_ARG(i->module_count, "module"));
	const char *separator = " ";
	for (size_t state = 0; state < IMPORT_STATE_COUNT; state++) {
		if (!i->states[state])
			continue;
		fprintf(to, "%s%zu %s", separator, i->states[state],
			import_state_name((enum import_state)state));
		separator = ", ";
	}
	fputc('\n', to);
	for (size_t n = 0; n < i->import_count; n++) {
		const struct inspected_import *m = &i->imports[n];
		if (n == 0 || !str_eq(m->module, i->imports[n - 1].module)) {
			fputs("  ", to);
			human_name(to, m->module);
			fputc('\n', to);
		}
		fprintf(to, "    %s%-8s%s  ", color ? colors[m->state] : "", import_state_name(m->state),
			color ? "\033[0m" : "");
		human_name(to, m->name);
		fprintf(to, "%s%s%s\n", m->kind != WASM_KIND_FUNC ? " (" : "",
			m->kind != WASM_KIND_FUNC ? wasm_kind_name(m->kind) : "",
			m->kind != WASM_KIND_FUNC ? ")" : "");
	}
}

static void print_interfaces(const struct inspection *i, bool color, FILE *to)
{
	const struct wasm_outline *o = &i->outline;
	fputs("  exports  ", to);
	for (size_t n = 0; n < o->export_count; n++) {
		fputs(n ? ", " : "", to);
		human_name(to, o->exports[n].name);
	}
	fprintf(to, "%s\n" HUMAN_COUNT_FMT "\n", o->export_count ? "\n" : "none\n",
		HUMAN_COUNT_ARG(o->import_count, "import"));
	for (size_t n = 0; n < i->import_count; n++) {
		const struct inspected_import *m = &i->imports[n];
		fprintf(to, "  %s%-8s%s  ", color ? colors[m->state] : "", import_state_name(m->state),
			color ? "\033[0m" : "");
		human_name(to, m->name);
		fputc('\n', to);
	}
}

void inspection_print(const struct inspection *i, bool color, FILE *to)
{
	fprintf(to, "%s\n", i->path);
	print_facts(i, to);
	if (i->outline.format == WASM_MODULE) {
		print_module_facts(i, to);
		if (i->import_count)
			print_imports(i, color, to);
	} else {
		print_interfaces(i, color, to);
	}
	fprintf(to, "\n%s\n", i->problem_count ? "Not supported:" : "All it needs is supported.");
	for (size_t n = 0; n < i->problem_count; n++)
		fprintf(to, "  %s\n", i->problems[n]);
}

/* ---- JSON ---- */

static void json_cstr(FILE *to, const char *before, const char *text)
{
	fputs(before, to);
	json_string(to, str_from(text));
}

static void json_imports(const struct inspection *i, FILE *to)
{
	const struct wasm_outline *o = &i->outline;
	fputs(",\n  \"imports\": [", to);
	for (size_t n = 0; n < i->import_count; n++) {
		const struct inspected_import *m = &i->imports[n];
		fprintf(to, "%s\n    {\"module\": ", n ? "," : "");
		json_string(to, m->module);
		fputs(", \"name\": ", to);
		json_string(to, m->name);
		fprintf(to, ", \"kind\": \"%s\", \"state\": \"%s\"", wasm_kind_name(m->kind),
			import_state_name(m->state));
		if (m->call)
			json_cstr(to, ", \"summary\": ", m->call->summary);
		fputc('}', to);
	}
	if (o->format == WASM_COMPONENT) {
		for (size_t n = 0; n < o->import_count; n++) {
			fprintf(to, "%s\n    {\"name\": ", n ? "," : "");
			json_string(to, o->imports[n].name);
			fputc('}', to);
		}
	}
	fputs("]", to);
}

static void json_exports(const struct wasm_outline *o, FILE *to)
{
	fputs(",\n  \"exports\": [", to);
	for (size_t n = 0; n < o->export_count; n++) {
		fprintf(to, "%s{\"name\": ", n ? ", " : "");
		json_string(to, o->exports[n].name);
		fprintf(to, ", \"kind\": \"%s\"}", wasm_kind_name(o->exports[n].kind));
	}
	fputs("]", to);
}

static void json_producers(const struct wasm_outline *o, FILE *to)
{
	fputs(",\n  \"producers\": [", to);
	for (size_t n = 0; n < o->producer_count; n++) {
		fprintf(to, "%s\n    {\"field\": ", n ? "," : "");
		json_string(to, o->producers[n].field);
		fputs(", \"name\": ", to);
		json_string(to, o->producers[n].name);
		fputs(", \"version\": ", to);
		json_string(to, o->producers[n].version);
		fputc('}', to);
	}
	fputs("]", to);
}

static void json_memory(const struct wasm_outline *o, FILE *to)
{
	fputs(",\n  \"memory\": ", to);
	if (!o->has_memory)
		fputs("null", to);
	else
		fprintf(to, "{\"initial_bytes\": %llu", (unsigned long long)o->memory_bytes);
	if (o->has_memory && o->memory_has_max)
		fprintf(to, ", \"maximum_bytes\": %llu", (unsigned long long)o->memory_bytes_max);
	fputs(o->has_memory ? "}" : "", to);
}

void inspection_print_json(const struct inspection *i, FILE *to)
{
	const struct wasm_outline *o = &i->outline;
	json_cstr(to, "{\n  \"file\": ", i->path);
	fprintf(to,
		",\n  \"format\": \"%s\",\n  \"text\": %s,\n  \"bytes\": %llu,\n  \"code_bytes\": %llu,\n"
		"  \"data_bytes\": %llu",
		o->format == WASM_COMPONENT ? "component" : "module", i->was_text ? "true" : "false",
		(unsigned long long)o->bytes, (unsigned long long)o->code_bytes,
		(unsigned long long)o->data_bytes);
	json_cstr(to, ",\n  \"sdk\": ", i->sdk.id);
	fputs(",\n  \"sdk_version\": ", to);
	json_string(to, i->sdk.version);
	json_memory(o, to);
	fprintf(to, ",\n  \"start\": %s,\n  \"fastly_abi\": %s,\n  \"wasi_preview1\": %s",
		i->has_start ? "\"_start\"" : "null", i->fastly || i->xqd ? "1" : "null",
		i->wasi ? "true" : "false");
	json_producers(o, to);
	json_exports(o, to);
	json_imports(i, to);
	fputs(",\n  \"states\": {", to);
	for (size_t n = 0; n < IMPORT_STATE_COUNT; n++)
		fprintf(to, "%s\"%s\": %zu", n ? ", " : "", import_state_name((enum import_state)n),
			i->states[n]);
	fputs("},\n  \"not_supported\": [", to);
	for (size_t n = 0; n < i->problem_count; n++)
		json_cstr(to, n ? ", " : "", i->problems[n]);
	fputs("]\n}\n", to);
}
