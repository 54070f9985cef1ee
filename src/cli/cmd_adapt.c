/* SPDX-License-Identifier: Apache-2.0 */
/* `backlot adapt`: a core module made a component, with Fastly's adapter. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/human.h"
#include "guest/wasm/adapt/adapt.h"
#include "guest/wasm/engine.h"
#include "guest/wasm/wasm_file.h"

/* FOLDER/NAME.wasm to NAME.component.wasm, in the current folder; NUL-ended. */
static const char *output_path(const struct cli_options *o, char *room, size_t cap)
{
	if (o->output)
		return o->output;
	const char *slash = strrchr(o->input, '/');
	struct str name = str_from(slash ? slash + 1 : o->input);
	const char *dot = memrchr(name.ptr, '.', name.len);
	if (dot && dot > name.ptr)
		name.len = (size_t)(dot - name.ptr);
	snprintf(room, cap, STR_FMT ".component.wasm", STR_ARG(name));
	return room;
}

static bool adapt_bytes(const struct cli_options *o, struct str bytes, struct buf *out, struct error *e)
{
	wasm_byte_vec_t converted = { 0 };
	switch (wasm_format(bytes)) {
	case WASM_COMPONENT:
		return FAIL(e, INVALID, "%s: this is a component already", o->input);
	case WASM_UNKNOWN:
		return FAIL(e, INVALID,
			    "%s: Expected a valid Wasm file: it starts neither with the bytes \\0asm nor "
			    "with `(`",
			    o->input);
	case WASM_TEXT: {
		wasmtime_error_t *failed = wasmtime_wat2wasm(bytes.ptr, bytes.len, &converted);
		if (failed)
			return engine_error(e, failed, o->input);
		bytes = (struct str){ converted.data, converted.size };
		break;
	}
	case WASM_MODULE:
		break;
	}
	bool ok = adapt_module(bytes, adapter_bytes(), out, e) || error_wrap(e, "%s", o->input);
	wasm_byte_vec_delete(&converted);
	return ok;
}

static bool write_output(const char *path, struct str bytes, struct error *e)
{
	FILE *f = fopen(path, "wb");
	bool ok = f && fwrite(bytes.ptr, 1, bytes.len, f) == bytes.len;
	int code = errno;
	if (f && fclose(f) != 0) {
		ok = false;
		code = errno;
	}
	return ok || FAIL(e, IO, "%s: %s", path, strerror(code));
}

int cmd_adapt(const struct cli_options *o)
{
	struct error e;
	struct wasm_file file;
	char room[PATH_MAX];
	scoped(buf_fini) struct buf out = BUF_INIT(SIZE_MAX);
	if (!wasm_file_open(&file, o->input, &e))
		return cli_error(o, CLI_USAGE, &e);
	bool ok = adapt_bytes(o, file.bytes, &out, &e);
	const char *path = output_path(o, room, sizeof room);
	ok = ok && write_output(path, buf_str(&out), &e);
	wasm_file_close(&file);
	if (!ok)
		return cli_error(o, CLI_USAGE, &e);
	if (o->verbose)
		fprintf(o->env->err, "%s: %s: a component of %s, with the adapter of %s\n", o->program, path,
			human_bytes(out.len).text, adapter_version());
	return CLI_PASSED;
}
