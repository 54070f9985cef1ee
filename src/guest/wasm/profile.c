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

enum { PATH_BYTES_MAX = 4096, NAMES_TRIED_MAX = 1000 };

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

static bool write_all(FILE *out, const char *path, struct str bytes, struct error *e)
{
	bool ok = fwrite(bytes.ptr, 1, bytes.len, out) == bytes.len;
	ok = fflush(out) == 0 && ok;
	if (!ok)
		FAIL(e, IO, "%s: %s", path, strerror(errno));
	fclose(out);
	return ok;
}

/*
 * A file of its own in the folder: POPs count their invocations apart, so a name may be taken within a
 * second.
 */
static FILE *open_in_folder(const struct sandbox *sb, char *path)
{
	const struct profile_options *o = &sb->service->options.profile;
	struct clock *clock = clock_system_new();
	unsigned long long now_s = clock_wall(clock) / NS_PER_S;
	clock_destroy(&clock);
	FILE *out = NULL;
	for (int i = 0; i < NAMES_TRIED_MAX && !out; i++) {
		char more[16] = "";
		if (i)
			snprintf(more, sizeof more, "-%d", i);
		snprintf(path, PATH_BYTES_MAX, STR_FMT "/%llu-%llu%s.json", STR_ARG(o->path), now_s,
			 (unsigned long long)sb->invocation->number, more);
		out = fopen(path, "wxe");
		if (!out && errno != EEXIST)
			break;
	}
	return out;
}

static bool write_file(const struct sandbox *sb, struct str bytes, struct error *e)
{
	const struct profile_options *o = &sb->service->options.profile;
	char path[PATH_BYTES_MAX];
	FILE *out;
	if (o->folder) {
		out = open_in_folder(sb, path);
	} else {
		snprintf(path, sizeof path, STR_FMT, STR_ARG(o->path));
		out = fopen(path, "we");
	}
	return out ? write_all(out, path, bytes, e) : FAIL(e, IO, "%s: %s", path, strerror(errno));
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
	if (!write_file(sb, (struct str){ bytes.data, bytes.size }, &e))
		lost(sb->service, &e);
	wasm_byte_vec_delete(&bytes);
}
