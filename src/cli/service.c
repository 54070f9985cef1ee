/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/service.h"

#include <stdio.h>

static void tell(void *data, enum wasm_notice kind, const char *text)
{
	const struct cli_options *o = data;
	FILE *err = o->env->err;
	switch (kind) {
	case WASM_COMPILING:
		if (o->env->err_terminal)
			fprintf(err, "compiling %s (once; the next start takes milliseconds) …", text);
		break;
	case WASM_COMPILED:
		if (o->env->err_terminal)
			fprintf(err, "\r\033[K");
		break;
	case WASM_WARNING:
		fprintf(err, "%s: warning: %s\n", o->program, text);
		break;
	}
	fflush(err);
}

struct wasm_options cli_wasm_options(const struct cli_options *o)
{
	return (struct wasm_options){
		.trap_unknown_imports = o->unknown_imports == UNKNOWN_IMPORTS_TRAP,
		.wasm_exceptions = o->wasm_exceptions,
		.wasm_gc = o->wasm_gc,
		.cache_folder = o->env->cache_folder,
		.notice = tell,
		.notice_data = (void *)o,
	};
}

bool cli_limits_choice(const struct cli_options *o, struct limits_choice *c, struct error *e)
{
	*c = (struct limits_choice){ .has_mode = cli_given(o, limits), .mode = o->limits };
	if (!o->limits_profile || limits_choice_open(c, o->limits_profile, e))
		return true;
	return error_wrap(e, "--limits-profile");
}

bool cli_open_service(struct service **out, const char *path, const struct wasm_options *wasm,
		      struct error *e)
{
	struct wasm_service *s;
	if (!wasm_service_open(&s, path, wasm, e))
		return false;
	*out = &s->super;
	return true;
}
