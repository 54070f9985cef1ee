/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/loaded.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "manifest/manifest.h"
#include "runner/run.h"

struct loaded_projects {
	const struct run_options *options;
	struct arena arena;
	struct clock *clock;
	struct loop loop; /* of the projects' worlds */
	struct loaded *first;
};

struct loaded_projects *loaded_projects_new(const struct run_options *options)
{
	struct loaded_projects *l = NEW(struct loaded_projects);
	l->options = options;
	l->clock = clock_virtual_new(TEST_TIME_NS);
	loop_init(&l->loop, l->clock);
	return l;
}

void loaded_projects_destroy(struct loaded_projects **pl)
{
	struct loaded_projects *l = take(*pl);
	if (!l)
		return;
	for (struct loaded *p = l->first; p; p = p->next) {
		world_destroy(&p->world);
		service_destroy(&p->service);
	}
	loop_fini(&l->loop);
	clock_destroy(&l->clock);
	arena_fini(&l->arena);
	mem_free(l);
}

struct loaded_file {
	struct loaded_file *next;
	struct str path;
};

static void add_file(struct loaded_projects *l, struct loaded *p, const char *path)
{
	if (!path || !l->options->depends)
		return;
	struct loaded_file *file = ARENA_NEW(&l->arena, struct loaded_file);
	*file = (struct loaded_file){ p->files, arena_str(&l->arena, str_from(path)) };
	p->files = file;
}

static void load_manifest(struct loaded_projects *l, struct loaded *p, struct executor_listener *listener)
{
	struct error e;
	struct manifest manifest;
	struct manifest_options options = {
		.file_name = p->project->manifest,
		.base_dir = p->project->folder,
		.env = l->options->env,
		.env_data = l->options->data,
	};
	p->world = world_new(&l->loop, l->options->seed);
	p->world->stdio_by_line = true;
	p->world->http_cache = !l->options->without_http_cache;
	manifest_init(&manifest);
	if (p->project->manifest &&
	    !manifest_read_fastly(&manifest, p->project->manifest, &options, p->world, &e))
		p->failure = arena_str(&l->arena, str_from(e.text));
	limits_choose(p->world, &manifest.limits, l->options->limits);
	for (const struct manifest_warning *w = manifest.warnings; w; w = w->next)
		listener->warning(listener, w->text);
	for (const struct manifest_file *f = manifest.files; f; f = f->next)
		add_file(l, p, f->path);
	manifest_fini(&manifest);
}

/* Nothing of the project is looked at: what is deployed has been configured elsewhere. */
static void load_target(struct loaded_projects *l, struct loaded *p)
{
	struct error e;
	p->world = world_new(&l->loop, l->options->seed);
	if (!deployed_service_new(&p->service, &l->options->target, &e))
		p->failure = arena_str(&l->arena, str_from(e.text));
}

static struct loaded *load(struct loaded_projects *l, const struct project *project,
			   struct executor_listener *listener)
{
	struct error e;
	struct loaded *p = ARENA_NEW(&l->arena, struct loaded);
	p->project = project;
	p->next = l->first;
	l->first = p;
	if (l->options->target.url.len) {
		load_target(l, p);
		return p;
	}
	add_file(l, p, project->manifest);
	add_file(l, p, project->service);
	load_manifest(l, p, listener);
	if (p->failure.len)
		return p;
	if (!project->service) {
		p->failure = str_from(project->missing);
		return p;
	}
	listener->compiling(listener, true);
	if (!l->options->open_service(l->options->data, project->service,
				      limits_memory_room(&p->world->limits, p->world->limits_mode),
				      &p->service, &e))
		p->failure = arena_str(&l->arena, str_from(e.text));
	listener->compiling(listener, false);
	return p;
}

struct loaded *loaded_project(struct loaded_projects *l, const struct project *project,
			      struct executor_listener *listener)
{
	struct loaded *p = l->first;
	while (p && p->project != project)
		p = p->next;
	if (!p)
		p = load(l, project, listener);
	for (const struct loaded_file *file = p->files; file; file = file->next)
		listener->depends(listener, file->path);
	return p;
}

/* Whatever the two are called. */
static bool same_file(const char *a, const char *b)
{
	char real_a[PATH_MAX], real_b[PATH_MAX];
	if (!a || !b)
		return !a && !b;
	return realpath(a, real_a) && realpath(b, real_b) && strcmp(real_a, real_b) == 0;
}

struct loaded *loaded_service(struct loaded_projects *l, struct str path, struct executor_listener *listener,
			      struct error *e)
{
	const struct project *project = project_at(&l->arena, arena_str(&l->arena, path).ptr, e);
	if (!project)
		return NULL;
	for (const struct loaded *p = l->first; p; p = p->next) {
		if (same_file(p->project->service, project->service) &&
		    same_file(p->project->manifest, project->manifest))
			project = p->project;
	}
	struct loaded *p = loaded_project(l, project, listener);
	if (!p->failure.len)
		return p;
	FAIL(e, INVALID, STR_FMT, STR_ARG(p->failure));
	return NULL;
}
