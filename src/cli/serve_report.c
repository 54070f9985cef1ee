/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `serve` tells of what it handles: warnings, the access log, numbers, and the admin endpoint that shows
 * them.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/serve_priv.h"
#include "guest/limit.h"
#include "world/ip.h"

/* ---- each request ---- */

static void tell_of_ending(void *data, const struct http_request *request, const struct invocation *i)
{
	const struct pop *pop = data;
	const struct cli_options *o = pop->serving->o;
	if (i->outcome != OUTCOME_OK)
		fprintf(o->env->err,
			"%s: " STR_FMT " " STR_FMT ": the service's guest ended with a %s%s\n" STR_FMT "\n",
			o->program, STR_ARG(request->method), STR_ARG(request->uri), outcome_name(i->outcome),
			i->outcome == OUTCOME_EXIT ? " code" : "", STR_ARG(i->report));
	for (const struct limit_breach *b = i->breaches; b; b = b->next) {
		scoped(buf_fini) struct buf text = BUF_INIT(ERROR_TEXT_BYTES_MAX);
		limit_breach_print(b, &text);
		fprintf(o->env->err, "%s: warning: " STR_FMT " " STR_FMT ": %s\n", o->program,
			STR_ARG(request->method), STR_ARG(request->uri), text.ptr);
	}
}

static void count(struct admin_numbers *n, const struct front_record *r)
{
	n->requests++;
	n->failed += r->outcome != OUTCOME_OK;
	n->cut += r->cut;
	n->over_limit += r->breaches > 0;
	n->by_class[MIN((size_t)r->status / 100, COUNT_OF(n->by_class) - 1)]++;
	n->sent_bytes += r->sent;
	n->cpu_ns += r->cpu_ns;
	n->wall_ns += r->ns;
	n->subrequests += r->subrequests;
	n->cache_lookups += r->cache_lookups;
	n->log_bytes += r->log_bytes;
}

static void finished(void *data, const struct front_record *r)
{
	struct pop *pop = data;
	struct serving *s = pop->serving;
	count(&pop->numbers, r);
	struct str name = s->pops_count > 1 ? pop_name((size_t)(pop - s->pops), s->pops_count) : STR("");
	if (!access_log_write(&s->log, r, name, clock_wall(s->edge.clock)) && !s->log.failed) {
		s->log.failed = true; /* said once */
		fprintf(s->o->env->err, "%s: warning: the access log cannot be written: %s\n", s->o->program,
			strerror(errno));
	}
	if (s->ending || !list_empty(&s->retired))
		loop_post(&s->edge.loop, &s->sweep);
}

void serve_init_front(void *data, struct front *front, size_t pop)
{
	struct serving *s = data;
	front->ended = tell_of_ending;
	front->finished = finished;
	front->data = &s->pops[pop];
	front->show_pop = s->pops_count > 1;
}

/* ---- the admin endpoint ---- */

static bool admin_pop(void *data, size_t i, struct admin_pop *out)
{
	struct serving *s = data;
	if (i >= s->pops_count)
		return false;
	const struct front *front = &s->current->fronts[i];
	*out = (struct admin_pop){ .name = pop_name(i, s->pops_count),
				   .world = front->world,
				   .numbers = &s->pops[i].numbers,
				   .under_way = front->alive };
	for (const struct list *l = front->waiting.next; l != &front->waiting; l = l->next)
		out->in_line++;
	return true;
}

static uint64_t reloads(void *data)
{
	return ((const struct serving *)data)->reloads;
}

/* The first line of a file, without blanks around it. */
static bool read_token(const char *path, char *token, size_t *len, struct error *e)
{
	char text[ADMIN_TOKEN_BYTES_MAX + 64];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text) : -1;
	int why = errno;
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return FAIL(e, IO, "--admin-token-file %s: %s", path, strerror(why));
	struct str rest = { text, (size_t)n };
	struct str line = str_trim(str_split(&rest, '\n'));
	if (line.len == 0 || line.len > ADMIN_TOKEN_BYTES_MAX)
		return FAIL(e, INVALID,
			    "--admin-token-file %s: its first line is to be a token, of %d bytes at most",
			    path, ADMIN_TOKEN_BYTES_MAX);
	memcpy(token, line.ptr, line.len);
	*len = line.len;
	return true;
}

static void make_token(char *token, size_t *len)
{
	unsigned char bytes[16];
	struct random *r = random_system_new();
	random_fill(r, bytes, sizeof bytes);
	random_destroy(&r);
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(token + 2 * i, 3, "%02x", bytes[i]);
	*len = 2 * sizeof bytes;
}

bool serve_open_admin(struct serving *s, struct error *e)
{
	const struct cli_options *o = s->o;
	const struct admin_source source = { .pop = admin_pop, .reloads = reloads, .data = s };
	char token[ADMIN_TOKEN_BYTES_MAX + 1], host[IP_TEXT_BYTES];
	size_t len = 0;
	bool made = !o->admin_token_file;
	if (!cli_given(o, admin))
		return true;
	if (made)
		make_token(token, &len);
	else if (!read_token(o->admin_token_file, token, &len, e))
		return false;
	if (!admin_listen(&s->admin, &s->edge.loop, &o->admin, (struct str){ token, len }, &source, e))
		return error_wrap(e, "--admin");
	ip_print(o->admin.ip, o->admin.ip_len, host);
	bool v6 = strchr(host, ':') != NULL;
	fprintf(o->env->err, "%s: admin endpoint on http://%s%s%s:%u", o->program, v6 ? "[" : "", host,
		v6 ? "]" : "", admin_port(s->admin));
	if (made)
		fprintf(o->env->err, ", token %.*s", (int)len, token);
	fputc('\n', o->env->err);
	return true;
}
