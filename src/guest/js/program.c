/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/js/program.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "guest/js/value.h"
#include "store/file.h"

enum { PROGRAM_BYTES_MAX = 256 << 20 };

/* Raised whenever the format or the rewriting of modules changes: older files are then made anew. */
#define PROGRAM_VERSION "4"

struct program {
	struct blob *bytes;
	struct str json, code;
};

static void release(void *thing)
{
	struct program *p = thing;
	blob_unref(&p->bytes);
	mem_free(p);
}

static struct js_kind program_kind = { .name = "Program", .release = release };

bool program_stamp(const char *path, char out[PROGRAM_STAMP_BYTES])
{
	struct file_stamp s;
	if (!file_look(path, &s))
		return false;
	snprintf(out, PROGRAM_STAMP_BYTES, "%llx.%llx.%llx", (unsigned long long)s.size,
		 (unsigned long long)s.seconds, (unsigned long long)s.nanoseconds);
	return true;
}

/* A line "STAMP PATH" that is still true. A file that is not there has the stamp "-". */
static bool still_true(struct str line, struct arena *a)
{
	char now[PROGRAM_STAMP_BYTES];
	struct str stamp = str_split(&line, ' '), path = arena_str(a, line);
	bool there = program_stamp(path.ptr, now);
	return there ? str_eq(stamp, str_from(now)) : str_eq(stamp, STR("-"));
}

bool program_read(struct str bytes, struct str *json_out, struct str *code_out)
{
	struct str rest = bytes, first = str_split(&rest, '\n');
	uint64_t inputs, json, code;
	scoped(arena_fini) struct arena a = { 0 };
	if (!str_eq(str_split(&first, ' '), STR("backlot-program")) ||
	    !str_eq(str_split(&first, ' '), STR(PROGRAM_VERSION)) ||
	    !str_to_u64(str_split(&first, ' '), 1 << 20, &inputs) ||
	    !str_to_u64(str_split(&first, ' '), PROGRAM_BYTES_MAX, &json) ||
	    !str_to_u64(first, PROGRAM_BYTES_MAX, &code))
		return false;
	for (uint64_t i = 0; i < inputs; i++) {
		if (!rest.ptr || !still_true(str_split(&rest, '\n'), &a))
			return false;
	}
	if (json > rest.len || rest.len - json != code)
		return false;
	*json_out = str_sub(rest, 0, json);
	*code_out = str_sub(rest, json, rest.len);
	return true;
}

/* open(path) → [program, its JSON]; null when it is not there or not good any more */
JS_FUNCTION(open_program)
{
	struct error e;
	struct program *p = NEW(struct program);
	struct str path = js_arg_str(c, 0);
	if (*c->exception || !file_read(&p->bytes, path.ptr, PROGRAM_BYTES_MAX, NULL, &e) ||
	    !program_read(blob_str(p->bytes), &p->json, &p->code)) {
		release(p);
		return js_null(c->ctx);
	}
	JSValueRef json = js_string(c->ctx, p->json);
	const JSValueRef result[] = { js_wrap(c->ctx, &program_kind, p), json };
	return js_array(c->ctx, result, COUNT_OF(result));
}

static bool cut(struct js_call *c, struct str *out)
{
	const struct program *p = js_arg_thing(c, 0, &program_kind);
	double from = js_arg_number(c, 1), len = js_arg_number(c, 2);
	if (!p)
		return false;
	if (!(from >= 0 && len >= 0 && from + len <= (double)p->code.len)) {
		js_throw(c, "RangeError", "the program has no such part");
		return false;
	}
	*out = str_sub(p->code, (size_t)from, (size_t)len);
	return true;
}

/*
 * evaluate(program, from, length, url, line) → the value of that part of its code, as the script `url` from
 * `line` on
 */
JS_FUNCTION(evaluate)
{
	struct str code, url = js_arg_str(c, 3);
	double line = js_arg_number(c, 4);
	if (*c->exception || !cut(c, &code))
		return NULL;
	return realm_evaluate(c->realm, code, url.ptr, (int)line, c->exception);
}

/* text(program, from, length): of that part, a source map for example */
JS_FUNCTION(text)
{
	struct str part;
	return cut(c, &part) ? js_string(c->ctx, part) : NULL;
}

/* version(): of the format, for whoever writes it */
JS_FUNCTION(version)
{
	return js_cstring(c->ctx, PROGRAM_VERSION);
}

static const struct js_function functions[] = {
	{ "open", open_program_callback },
	{ "evaluate", evaluate_callback },
	{ "text", text_callback },
	{ "version", version_callback },
};
const struct js_module js_programs_module = { "programs", functions, COUNT_OF(functions) };
