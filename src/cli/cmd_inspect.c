/* SPDX-License-Identifier: Apache-2.0 */
/* `backlot inspect`: what a guest is made of, and what of it is not supported. */
#include "cli/cli.h"
#include "cli/inspection.h"
#include "guest/wasm/engine.h"

static int show(const struct cli_options *o, struct str wasm, bool was_text)
{
	struct error e;
	struct inspection found;
	struct arena arena;
	int code;
	arena_init(&arena);
	if (!inspect(&found, o->input, wasm, &arena, &e)) {
		code = cli_error(o, CLI_USAGE, &e);
	} else {
		found.was_text = was_text;
		if (o->json)
			inspection_print_json(&found, o->env->out);
		else
			inspection_print(&found, o->color_out, o->env->out);
		code = found.problem_count ? CLI_FAILED : CLI_PASSED;
	}
	arena_fini(&arena);
	return code;
}

static int show_text(const struct cli_options *o, struct str text)
{
	struct error e;
	wasm_byte_vec_t wasm;
	wasmtime_error_t *failed = wasmtime_wat2wasm(text.ptr, text.len, &wasm);
	if (failed) {
		engine_error(&e, failed, "Expected a valid Wasm file");
		error_wrap(&e, "%s", o->input);
		return cli_error(o, CLI_USAGE, &e);
	}
	int code = show(o, (struct str){ wasm.data, wasm.size }, true);
	wasm_byte_vec_delete(&wasm);
	return code;
}

int cmd_inspect(const struct cli_options *o)
{
	struct error e;
	struct wasm_file file;
	if (o->abi) {
		abi_page_print(o->env->out);
		return CLI_PASSED;
	}
	if (!wasm_file_open(&file, o->input, &e))
		return cli_error(o, CLI_USAGE, &e);
	bool text = wasm_format(file.bytes) == WASM_TEXT;
	int code = text ? show_text(o, file.bytes) : show(o, file.bytes, false);
	wasm_file_close(&file);
	return code;
}
