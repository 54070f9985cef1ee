/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/file_write.h"

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
		.adapt = o->adapt,
		.debug_info = o->debug_info,
		.profile = o->profile,
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

/* And the folders above it. */
static bool make_folder(struct str path, struct error *e)
{
	scoped(arena_fini) struct arena a = { 0 };
	if (file_make_folders(arena_printf(&a, STR_FMT "/", STR_ARG(path)).ptr, 0777, e))
		return true;
	return error_wrap(e, "--profile");
}

static bool is_folder(struct str path)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct stat st;
	return stat(arena_str(&a, path).ptr, &st) == 0 && S_ISDIR(st.st_mode);
}

bool cli_profile_place(const struct cli_options *o, struct wasm_options *wasm, struct error *e)
{
	struct profile_options *p = &wasm->profile;
	if (p->strategy != PROFILE_GUEST)
		return true;
	if (!p->path.len)
		p->path = STR("guest-profiles");
	if (o->command == COMMAND_SERVE && !make_folder(p->path, e))
		return false;
	p->folder = o->command == COMMAND_SERVE || is_folder(p->path);
	return true;
}

bool cli_profile_lost(const struct service *s)
{
	return strcmp(s->ops->kind, "wasm") == 0 && ((const struct wasm_service *)s)->profile_lost;
}

const char *cli_esbuild(const struct cli_options *o, struct arena *a)
{
	char program[4096];
	struct stat st;
	const char *named = o->env->lookup("BACKLOT_ESBUILD");
	ssize_t len = readlink("/proc/self/exe", program, sizeof program);
	if (named && *named)
		return named;
	if (len > 0 && (size_t)len < sizeof program) {
		struct str folder = { program, (size_t)len };
		while (folder.len && folder.ptr[folder.len - 1] != '/')
			folder.len--;
		struct str path =
			arena_printf(a, STR_FMT "../" BACKLOT_LIBDIR "/backlot/esbuild", STR_ARG(folder));
		if (stat(path.ptr, &st) == 0)
			return path.ptr;
	}
	return BACKLOT_BUILD_ESBUILD;
}

/* Can files be made in this folder, or it be made? */
static bool can_hold_files(const char *folder, struct arena *a)
{
	struct str path = arena_str(a, str_from(folder));
	struct stat st;
	while (stat(path.ptr, &st) != 0) {
		while (path.len && path.ptr[path.len - 1] != '/')
			path.len--;
		if (errno != ENOENT || path.len < 2)
			return false;
		path = arena_str(a, str_sub(path, 0, path.len - 1));
	}
	return S_ISDIR(st.st_mode) && access(path.ptr, W_OK | X_OK) == 0;
}

/* As what serves on OpenSSL or rustls has it, Viceroy among them. */
static const char *trusted(const struct cli_options *o, const char *variable)
{
	const char *path = o->env->lookup(variable);
	return path && *path ? path : NULL;
}

struct http_trust cli_trust(const struct cli_options *o)
{
	return (struct http_trust){ trusted(o, "SSL_CERT_FILE"), trusted(o, "SSL_CERT_DIR") };
}

/* Others must not be able to put programs there. */
const char *cli_js_spare(struct arena *a)
{
	struct stat st;
	const char *folder = arena_printf(a, "/tmp/backlot-%u", (unsigned)getuid()).ptr;
	bool there = lstat(folder, &st) == 0;
	if (there && (!S_ISDIR(st.st_mode) || st.st_uid != getuid() || (st.st_mode & 022)))
		folder = mkdtemp((char *)arena_printf(a, "/tmp/backlot-%u-XXXXXX", (unsigned)getuid()).ptr);
	return arena_printf(a, "%s/javascript", folder ? folder : "/tmp").ptr;
}

const char *cli_js_cache(const struct cli_options *o, const char *spare, struct arena *a)
{
	if (o->env->cache_folder && can_hold_files(o->env->cache_folder, a))
		return arena_printf(a, "%s/javascript", o->env->cache_folder).ptr;
	return spare;
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
