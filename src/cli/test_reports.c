/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/test_reports.h"

#include <string.h>

struct wanted {
	enum report_id id;
	const char *file;
};

/* What a report that goes to standard output shares it with: annotations are lines between others. */
static bool takes_the_output(const struct wanted *w)
{
	return !w->file && w->id != REPORT_GITHUB;
}

static bool has(const struct wanted *list, size_t count, enum report_id id)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].id == id && !list[i].file)
			return true;
	}
	return false;
}

static bool check(const struct wanted *list, size_t count, struct error *e)
{
	static const char *const names[] = {
#define X(id, name) name,
		REPORTS(X)
#undef X
	};
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < i; k++) {
			if (list[i].file && list[k].file && strcmp(list[i].file, list[k].file) == 0)
				return FAIL(e, INVALID,
					    "--reporter %s=%s: the file has another report already",
					    names[list[i].id], list[i].file);
			if (takes_the_output(&list[i]) && takes_the_output(&list[k]))
				return FAIL(
					e, INVALID,
					"--reporter %s and --reporter %s would mix on standard output; name a file for "
					"one: --reporter %s=FILE",
					names[list[k].id], names[list[i].id], names[list[i].id]);
		}
	}
	return true;
}

/* What is asked for, and what goes without saying. */
static size_t choose(const struct cli_options *o, struct wanted *list)
{
	const char *actions = o->env->lookup("GITHUB_ACTIONS");
	size_t count = 0;
	bool taken = false;
	for (size_t i = 0; i < o->reports.count; i++) {
		list[count] = (struct wanted){ o->reports.at[i].id, o->reports.at[i].file };
		taken = taken || takes_the_output(&list[count]);
		count++;
	}
	if (!taken)
		list[count++] = (struct wanted){ REPORT_PRETTY, NULL };
	if (has(list, count, REPORT_PRETTY) && !has(list, count, REPORT_GITHUB) && actions &&
	    strcmp(actions, "true") == 0)
		list[count++] = (struct wanted){ REPORT_GITHUB, NULL };
	return count;
}

static struct reporter *make(const struct cli_options *o, const struct wanted *w, struct report_sink *sink)
{
	const char *term = o->env->lookup("TERM");
	bool terminal = o->env->out_terminal && !(term && strcmp(term, "dumb") == 0);
	return report_new(w->id, sink,
			  &(struct report_options){
				  .color = o->color_out && (!w->file || o->color == COLOR_ALWAYS),
				  .verbose = o->verbose > 0,
				  .live = terminal && !w->file,
				  .root = o->env->lookup("GITHUB_WORKSPACE"),
				  .folder = o->env->folder,
			  });
}

bool test_reports_open(struct test_reports *r, const struct cli_options *o, struct error *e)
{
	struct wanted list[REPORTS_MAX + 2];
	struct reporter *made[REPORTS_MAX + 2];
	size_t count = choose(o, list);
	*r = (struct test_reports){ 0 };
	if (o->list) {
		report_sink_stream(&r->sinks[r->count++], o->env->out);
		r->reporter = report_list_new(&r->sinks[0]);
		return true;
	}
	if (!check(list, count, e))
		return false;
	for (size_t i = 0; i < count; i++, r->count++) {
		if (!list[i].file)
			report_sink_stream(&r->sinks[i], o->env->out);
		else if (!report_sink_file(&r->sinks[i], list[i].file, e))
			return false;
	}
	for (size_t i = 0; i < count; i++)
		made[i] = make(o, &list[i], &r->sinks[i]);
	r->reporter = report_many_new(made, count);
	return true;
}

bool test_reports_commit(struct test_reports *r, struct error *e)
{
	bool ok = true;
	for (size_t i = 0; i < r->count; i++) {
		struct error other;
		if (!report_sink_commit(&r->sinks[i], ok ? e : &other))
			ok = false;
	}
	return ok;
}

void test_reports_close(struct test_reports *r)
{
	reporter_destroy(&r->reporter);
	for (size_t i = 0; i < r->count; i++)
		report_sink_fini(&r->sinks[i]);
}
