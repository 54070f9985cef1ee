/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/profile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <wasmtime.h>

#include "guest/wasm/engine.h"
#include "guest/wasm/sandbox.h"
#include "guest/wasm/wasm_service.h"
#include "loop/clock.h"

enum { PATH_BYTES_MAX = 4096 };

struct wasmtime_guestprofiler *profile_begin(const struct wasm_service *s)
{
	const struct profile_options *o = &s->options.profile;
	if (o->strategy != PROFILE_GUEST)
		return NULL;
	struct str program = o->folder ? STR("main") : s->options.program;
	const wasm_name_t name = { .size = program.len, .data = (char *)(uintptr_t)program.ptr };
	const wasmtime_guestprofiler_modules_t module = { &name, s->module };
	return wasmtime_guestprofiler_new(s->engine->wasm, &name, o->period_ns, &module, 1);
}

void profile_sample(struct sandbox *sb)
{
	uint64_t now_ns = sandbox_cpu_ns(sb);
	wasmtime_guestprofiler_sample(sb->profiler, sb->store, now_ns - sb->profiled_ns);
	sb->profiled_ns = now_ns;
}

static bool write_file(const char *path, struct str bytes, struct error *e)
{
	FILE *out = fopen(path, "we");
	if (!out)
		return FAIL(e, IO, "%s: %s", path, strerror(errno));
	bool ok = fwrite(bytes.ptr, 1, bytes.len, out) == bytes.len;
	ok = fflush(out) == 0 && ok;
	if (!ok)
		FAIL(e, IO, "%s: %s", path, strerror(errno));
	fclose(out);
	return ok;
}

static bool find_path(const struct sandbox *sb, char *path, struct error *e)
{
	const struct profile_options *o = &sb->service->options.profile;
	struct clock *clock = clock_system_new();
	unsigned long long now_s = clock_wall(clock) / NS_PER_S;
	clock_destroy(&clock);
	int len = o->folder ? snprintf(path, PATH_BYTES_MAX, STR_FMT "/%llu-%llu.json", STR_ARG(o->path), now_s,
				       (unsigned long long)sb->invocation->number)
			    : snprintf(path, PATH_BYTES_MAX, STR_FMT, STR_ARG(o->path));
	return len < PATH_BYTES_MAX || FAIL(e, INVALID, "%s: the path is too long", path);
}

static void lost(struct wasm_service *s, struct error *e)
{
	s->profile_lost = true;
	error_wrap(e, "the profile is lost");
	if (s->options.notice)
		s->options.notice(s->options.notice_data, WASM_WARNING, e->text);
}

void profile_end(struct sandbox *sb)
{
	char path[PATH_BYTES_MAX];
	struct error e;
	wasm_byte_vec_t bytes;
	if (!sb->profiler)
		return;
	wasmtime_error_t *failed = wasmtime_guestprofiler_finish(take(sb->profiler), &bytes);
	if (failed) {
		engine_error(&e, failed, "Wasmtime");
		lost(sb->service, &e);
		return;
	}
	const struct str text = { bytes.data, bytes.size };
	if (!find_path(sb, path, &e) || !write_file(path, text, &e))
		lost(sb->service, &e);
	wasm_byte_vec_delete(&bytes);
}
