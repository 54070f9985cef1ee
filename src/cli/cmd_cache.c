/* SPDX-License-Identifier: Apache-2.0 */
/* `backlot cache`: the compiled code that is kept between runs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/human.h"
#include "guest/wasm/code_cache.h"
#include "loop/clock.h"

struct listing {
	struct code_cache_entry *at;
	size_t count, cap;
	uint64_t bytes;
};

static void note(void *data, const struct code_cache_entry *entry)
{
	struct listing *l = data;
	if (l->count == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->at = mem_realloc(l->at, l->cap * sizeof *l->at);
	}
	l->at[l->count++] = *entry;
	l->bytes += entry->bytes;
}

static int newest_first(const void *a, const void *b)
{
	const struct code_cache_entry *x = a, *y = b;
	if (x->used_s != y->used_s)
		return x->used_s > y->used_s ? -1 : 1;
	return strcmp(x->key, y->key);
}

static void print_listing(const struct cli_options *o, const struct listing *l)
{
	FILE *out = o->env->out;
	struct clock *clock = clock_system_new();
	uint64_t now_s = clock_wall(clock) / NS_PER_S;
	clock_destroy(&clock);
	for (size_t i = 0; i < l->count; i++)
		fprintf(out, "%.16s  %10s  %s\n", l->at[i].key, human_bytes(l->at[i].bytes).text,
			human_age(l->at[i].used_s, now_s).text);
	fprintf(out, "%s: " HUMAN_COUNT_FMT ", %s of at most %s\n", o->env->cache_folder,
		HUMAN_COUNT_ARG(l->count, "guest"), human_bytes(l->bytes).text,
		human_bytes(CODE_CACHE_BYTES_MAX).text);
}

static void print_json(const struct cli_options *o, const struct listing *l)
{
	FILE *out = o->env->out;
	fputs("{\n  \"folder\": ", out);
	json_string(out, str_from(o->env->cache_folder));
	fprintf(out, ",\n  \"bytes\": %llu,\n  \"entries\": [", (unsigned long long)l->bytes);
	for (size_t i = 0; i < l->count; i++)
		fprintf(out, "%s\n    {\"key\": \"%s\", \"bytes\": %llu, \"used_s\": %llu}", i ? "," : "",
			l->at[i].key, (unsigned long long)l->at[i].bytes,
			(unsigned long long)l->at[i].used_s);
	fputs("]\n}\n", out);
}

static int list(const struct cli_options *o)
{
	struct error e;
	struct stat st;
	struct listing l = { 0 };
	const char *folder = o->env->cache_folder;
	/* A folder that was never made is an empty one. */
	bool ok = (stat(folder, &st) != 0 && errno == ENOENT) || code_cache_each(folder, note, &l, &e);
	if (ok && l.count)
		qsort(l.at, l.count, sizeof *l.at, newest_first);
	if (ok)
		(o->json ? print_json : print_listing)(o, &l);
	mem_free(l.at);
	return ok ? CLI_PASSED : cli_error(o, CLI_USAGE, &e);
}

static int clear(const struct cli_options *o)
{
	struct error e;
	size_t entries;
	uint64_t bytes;
	if (!code_cache_clear(o->env->cache_folder, &entries, &bytes, &e))
		return cli_error(o, CLI_USAGE, &e);
	fprintf(o->env->out, "removed " HUMAN_COUNT_FMT ", %s\n", HUMAN_COUNT_ARG(entries, "guest"),
		human_bytes(bytes).text);
	return CLI_PASSED;
}

int cmd_cache(const struct cli_options *o)
{
	struct error e;
	const char *what = o->operand_count ? o->operands[0] : "ls";
	bool listing = strcmp(what, "ls") == 0;
	if (o->json && !listing) {
		FAIL(&e, INVALID, "--json is for 'cache ls'");
		return cli_error(o, CLI_USAGE, &e);
	}
	if (!o->env->cache_folder) {
		FAIL(&e, NOT_FOUND,
		     "no compiled code is kept, as neither XDG_CACHE_HOME nor HOME names a folder; set one "
		     "of them");
		return cli_error(o, CLI_USAGE, &e);
	}
	if (strcmp(what, "path") == 0) {
		fprintf(o->env->out, "%s\n", o->env->cache_folder);
		return CLI_PASSED;
	}
	return listing ? list(o) : clear(o);
}
