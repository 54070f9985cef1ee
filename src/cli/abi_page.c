/* SPDX-License-Identifier: Apache-2.0 */
/* docs/reference/abi.md: the table of host calls, for people. */
#include <string.h>

#include "base/attr.h"
#include "cli/inspection.h"

struct tally {
	size_t calls, done, waits;
};

static void count_call(struct tally *t, const struct hostcall *call)
{
	t->calls++;
	t->done += call->done;
	t->waits += call->waits;
}

/* Modules stand in the table one after another. */
static bool begins_module(size_t i)
{
	return i == 0 || strcmp(hostcalls[i].module, hostcalls[i - 1].module) != 0;
}

static struct tally tally_module(const char *module)
{
	struct tally t = { 0 };
	for (size_t i = 0; i < hostcalls_count; i++) {
		if (strcmp(hostcalls[i].module, module) == 0)
			count_call(&t, &hostcalls[i]);
	}
	return t;
}

static void print_counts(FILE *to)
{
	struct tally fastly = { 0 }, wasi = { 0 };
	for (size_t i = 0; i < hostcalls_count; i++)
		count_call(hostcalls[i].wasi ? &wasi : &fastly, &hostcalls[i]);
	fprintf(to,
		"**%zu host calls of Fastly's: %zu done, %zu stubs. %zu of WASI preview 1: %zu done, %zu "
		"stubs. %zu old names "
		"(`env.xqd_*`).**\n\n",
		fastly.calls, fastly.done, fastly.calls - fastly.done, wasi.calls, wasi.done,
		wasi.calls - wasi.done, hostcall_aliases_count);
	fputs("| Module | Calls | Done | Stubs | May wait |\n|---|---|---|---|---|\n", to);
	for (size_t i = 0; i < hostcalls_count; i++) {
		if (!begins_module(i))
			continue;
		struct tally t = tally_module(hostcalls[i].module);
		fprintf(to, "| [`%s`](#%s) | %zu | %zu | %zu | %zu |\n", hostcalls[i].module,
			hostcalls[i].module, t.calls, t.done, t.calls - t.done, t.waits);
	}
}

static void print_params(FILE *to, const struct hostcall *call)
{
	const char *separator = "";
	for (const struct hostcall_param *p = call->params; p->kind != PARAM_END; p++) {
		bool in;
		const char *kind = hostcall_param_text(p, &in);
		if (strcmp(kind, "nothing") == 0)
			continue;
		fprintf(to, "%s%s `%s` *%s*", separator, in ? "in" : "out", p->name, kind);
		separator = ", ";
	}
}

static void print_calls(FILE *to)
{
	for (size_t i = 0; i < hostcalls_count; i++) {
		const struct hostcall *call = &hostcalls[i];
		if (begins_module(i))
			fprintf(to,
				"\n## %s\n\n| Function | Parameters | | State | What it does |\n"
				"|---|---|---|---|---|\n",
				call->module);
		fprintf(to, "| `%s` | ", call->name);
		print_params(to, call);
		fprintf(to, " | %s | %s | %s |\n", call->waits ? "waits" : "now",
			call->done ? "done" : "**stub**", call->summary);
	}
}

static void print_kinds(FILE *to)
{
	static const struct {
		const char *name, *wasm;
	} kinds[] = {
#define KIND(name, type, wasm) { #name, (wasm) },
#define RECORD(name, bytes)
#include "guest/wasm/hostcalls/abi_kinds.def"
	};
	static const struct {
		const char *name;
		unsigned bytes;
	} records[] = {
#define KIND(name, type, wasm)
#define RECORD(name, size) { #name, (size) },
#include "guest/wasm/hostcalls/abi_kinds.def"
	};
	fputs("\n## Kinds of parameters\n\nA kind says what a parameter means; it stands for these values "
	      "of the Wasm function.\n\n"
	      "| Kind | Direction | Wasm |\n|---|---|---|\n",
	      to);
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		bool in = strncmp(kinds[i].name, "in_", 3) == 0;
		if (kinds[i].wasm[0] == '\0')
			continue;
		fprintf(to, "| *%s* | %s | ", kinds[i].name + (in ? 3 : 4), in ? "in" : "out");
		for (const char *w = kinds[i].wasm; *w; w++)
			fprintf(to, "%s%s", w > kinds[i].wasm ? " " : "", *w == 'I' ? "i64" : "i32");
		fputs(" |\n", to);
	}
	fputs("\nAnd records, each a pointer (i32) to a struct in the guest's memory:\n\n"
	      "| Record | Bytes |\n|---|---|\n",
	      to);
	for (size_t i = 0; i < COUNT_OF(records); i++)
		fprintf(to, "| *%s* | %u |\n", records[i].name, records[i].bytes);
}

static void print_aliases(FILE *to)
{
	fputs("\n## Old names\n\nGuests built with old SDKs import these instead; each is the same call.\n\n"
	      "| Name | Call |\n|---|---|\n",
	      to);
	for (size_t i = 0; i < hostcall_aliases_count; i++) {
		const struct hostcall_alias *alias = &hostcall_aliases[i];
		fprintf(to, "| `%s.%s` | `%s.%s` |\n", alias->module, alias->name, alias->call->module,
			alias->call->name);
	}
}

/* ---- stubs ---- */

/* Why a call is a stub for good. */
static const struct {
	const char *module, *name, *why;
} stub_reasons[] = {
	{ "fastly_http_req", "on_behalf_of",
	  "At Fastly this is for Fastly's own services alone; any other is answered with an error, as it is here. For the "
	  "same reason the option `service_id` of `fastly_cache`'s calls answers \"unsupported\"." },
};

static const char *stub_reason(const struct hostcall *call)
{
	for (size_t i = 0; i < COUNT_OF(stub_reasons); i++) {
		if (strcmp(stub_reasons[i].module, call->module) == 0 &&
		    strcmp(stub_reasons[i].name, call->name) == 0)
			return stub_reasons[i].why;
	}
	return NULL;
}

static void print_stubs(FILE *to)
{
	fputs("\n## Stubs\n\nThese answer \"unsupported\".\n\n| Call | Why |\n|---|---|\n", to);
	for (size_t i = 0; i < hostcalls_count; i++) {
		const char *why = stub_reason(&hostcalls[i]);
		if (!hostcalls[i].done)
			fprintf(to, "| `%s.%s` | %s |\n", hostcalls[i].module, hostcalls[i].name,
				why ? why : "It is not done yet: see the [roadmap](../roadmap.md).");
	}
}

void abi_page_print(FILE *to)
{
	fputs("# Host calls\n\n<!-- Printed by `backlot inspect --abi` from src/guest/wasm/hostcalls/*.def; "
	      "`make docs` prints it anew. "
	      "-->\n\n"
	      "Every function that a guest may import. *done*: works. *stub*: is there, and answers "
	      "\"unsupported\". *now*: answers at\n"
	      "once; *waits*: may park the guest, while others run. `backlot inspect WASM` shows which of "
	      "them a guest imports.\n\n"
	      "What is done has a unit test that fails when the call does nothing but answer \"ok\": `make "
	      "abi-audit` looks whether that is so,\n"
	      "one call after the other. Each of Fastly's is also made by a [guest of a real "
	      "SDK](../../tests/guests/README.md), and a test fails when\n"
	      "one is not.\n\n",
	      to);
	print_counts(to);
	print_stubs(to);
	print_calls(to);
	print_kinds(to);
	print_aliases(to);
}
