/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "world/ip.h"

enum { LINE_BYTES_MAX = 256 << 10, FILE_MODE = 0644 };

static bool open_file(const char *path, int *fd, struct error *e)
{
	*fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, FILE_MODE);
	return *fd >= 0 || FAIL(e, IO, "--access-log %s: %s", path, strerror(errno));
}

bool access_log_open(struct access_log *l, enum access_format format, const char *path, struct error *e)
{
	*l = (struct access_log){ .format = format, .fd = STDERR_FILENO };
	if (!path)
		return true;
	l->fd = STDOUT_FILENO;
	if (strcmp(path, "-") == 0)
		return true;
	l->path = path;
	return open_file(path, &l->fd, e);
}

bool access_log_reopen(struct access_log *l, struct error *e)
{
	int fd;
	if (!l->path)
		return true;
	if (!open_file(l->path, &fd, e))
		return false;
	close(l->fd);
	l->fd = fd;
	l->failed = false;
	return true;
}

void access_log_close(struct access_log *l)
{
	if (l->path)
		close(l->fd);
	*l = (struct access_log){ .fd = -1 };
}

/* "2026-03-04T05:06:07.089Z" */
static void add_time(struct buf *b, uint64_t wall_ns)
{
	char text[64];
	struct tm t;
	time_t s = (time_t)(wall_ns / NS_PER_S);
	gmtime_r(&s, &t);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &t);
	buf_printf(b, "%s.%03uZ", text, (unsigned)(wall_ns % NS_PER_S / NS_PER_MS));
}

static double ms(uint64_t ns)
{
	return (double)ns / (double)NS_PER_MS;
}

/*
 * What a client sent is shown without what would act on a terminal, and without blanks that would make a
 * field two.
 */
static void add_clean(struct buf *b, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c > 0x20 && c < 0x7f)
			buf_add_char(b, (char)c);
		else
			buf_printf(b, "\\x%02x", c);
	}
}

static void add_text(struct buf *b, const struct front_record *r, struct str pop, const char *client)
{
	buf_printf(b, " %s%s" STR_FMT " ", client, pop.len ? " " : "", STR_ARG(pop));
	add_clean(b, r->request->method);
	buf_add_char(b, ' ');
	add_clean(b, r->request->uri);
	buf_printf(
		b,
		" %u %llu %.3f ms (guest %.3f ms, %.1f MiB, %llu host calls, %llu subrequests, %llu cache lookups",
		r->status, (unsigned long long)r->sent, ms(r->ns), ms(r->cpu_ns),
		(double)r->memory_bytes / (1 << 20), (unsigned long long)r->hostcalls,
		(unsigned long long)r->subrequests, (unsigned long long)r->cache_lookups);
	if (r->nth > 1)
		buf_printf(b, ", request %u of its instance", r->nth);
	buf_printf(b, ") %s%s\n", outcome_name(r->outcome), r->cut ? ", client gone" : "");
}

static void add_json(struct buf *b, const struct front_record *r, struct str pop, const char *client)
{
	const struct {
		const char *name;
		uint64_t number;
	} numbers[] = {
		{ "bytes", r->sent },
		{ "memory_bytes", r->memory_bytes },
		{ "hostcalls", r->hostcalls },
		{ "subrequests", r->subrequests },
		{ "cache_lookups", r->cache_lookups },
		{ "log_bytes", r->log_bytes },
		{ "request_of_instance", r->nth },
		{ "limits_exceeded", r->breaches },
	};
	buf_printf(b, "\",\"client\":\"%s\",", client);
	if (pop.len) {
		buf_add(b, STR("\"pop\":"));
		buf_add_json(b, pop);
		buf_add_char(b, ',');
	}
	buf_add(b, STR("\"method\":"));
	buf_add_json(b, r->request->method);
	buf_add(b, STR(",\"url\":"));
	buf_add_json(b, r->request->uri);
	buf_printf(b, ",\"status\":%u,\"ms\":%.3f,\"cpu_ms\":%.3f", r->status, ms(r->ns), ms(r->cpu_ns));
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		buf_printf(b, ",\"%s\":%llu", numbers[i].name, (unsigned long long)numbers[i].number);
	buf_printf(b, ",\"outcome\":\"%s\",\"client_gone\":%s}\n", outcome_name(r->outcome),
		   r->cut ? "true" : "false");
}

bool access_log_write(struct access_log *l, const struct front_record *r, struct str pop, uint64_t wall_ns)
{
	char client[IP_TEXT_BYTES] = "-";
	scoped(buf_fini) struct buf b = BUF_INIT(LINE_BYTES_MAX);
	if (l->fd < 0)
		return true;
	if (r->client.ip_len)
		ip_print(r->client.ip, r->client.ip_len, client);
	if (l->format == ACCESS_JSON) {
		buf_add(&b, STR("{\"time\":\""));
		add_time(&b, wall_ns);
		add_json(&b, r, pop, client);
	} else {
		add_time(&b, wall_ns);
		add_text(&b, r, pop, client);
	}
	return write(l->fd, b.ptr, b.len) == (ssize_t)b.len;
}
