/* SPDX-License-Identifier: Apache-2.0 */
#include "http/gunzip.h"

#include <stdbool.h>
#include <zlib.h>

#include "base/check.h"
#include "base/mem.h"

enum { GZIP_ONLY = 16 + MAX_WBITS, STEP_BYTES = 16 * 1024 };

struct gunzip {
	struct body_source source;
	struct body *src; /* a reference */
	struct body *out; /* borrowed: it tells us when it goes */
	struct watcher watcher;
	z_stream stream;
	bool inside; /* of a gzip member */
};

static void gunzip_free(struct gunzip *g)
{
	watcher_stop(&g->watcher);
	inflateEnd(&g->stream);
	body_abandon(g->src);
	body_unref(&g->src);
	mem_free(g);
}

static void gunzip_cancel(struct body_source *source)
{
	gunzip_free(container_of(source, struct gunzip, source));
}

static void fail(struct gunzip *g, enum body_failure why)
{
	body_fail(g->out, why);
	gunzip_free(g);
}

static void end(struct gunzip *g)
{
	if (g->inside) {
		fail(g, BODY_FAILURE_INCOMPLETE);
		return;
	}
	for (size_t i = 0; i < g->src->trailers.count; i++)
		body_trailer_add(g->out, g->src->trailers.at[i].name, g->src->trailers.at[i].value);
	body_end(g->out);
	gunzip_free(g);
}

/* Decodes some of `bytes`; false: they are not gzip. */
static bool step(struct gunzip *g, struct str bytes)
{
	char out[STEP_BYTES];
	g->stream.next_in = (unsigned char *)bytes.ptr;
	g->stream.avail_in = (unsigned)MIN(bytes.len, (size_t)STEP_BYTES);
	g->stream.next_out = (unsigned char *)out;
	g->stream.avail_out = sizeof out;
	if (!g->inside && inflateReset(&g->stream) != Z_OK)
		return false;
	g->inside = true;
	int result = inflate(&g->stream, Z_NO_FLUSH);
	if (result == Z_STREAM_END)
		g->inside = false;
	else if (result != Z_OK && result != Z_BUF_ERROR)
		return false;
	body_consume(g->src, (size_t)((const char *)g->stream.next_in - bytes.ptr));
	body_write(g->out, (struct str){ out, sizeof out - g->stream.avail_out });
	return true;
}

static void pump(struct gunzip *g);

static void readable(struct task *t)
{
	pump(container_of(t, struct gunzip, watcher.task));
}

static void pump(struct gunzip *g)
{
	while (body_has_room(g->out)) {
		struct str bytes;
		switch (body_peek(g->src, &bytes)) {
		case BODY_DATA:
			if (step(g, bytes))
				continue;
			fail(g, BODY_FAILURE_PROTOCOL);
			return;
		case BODY_ENDED:
			end(g);
			return;
		case BODY_FAILED:
			fail(g, body_why(g->src));
			return;
		case BODY_WAIT:
			watcher_start(&g->watcher, &g->src->readable, readable);
			return;
		}
	}
}

static void gunzip_resume(struct body_source *source)
{
	struct gunzip *g = container_of(source, struct gunzip, source);
	/* Not at once: the reader is in the middle of reading. */
	g->watcher.task.run = readable;
	if (!list_linked(&g->watcher.link))
		loop_post(g->out->loop, &g->watcher.task);
}

struct body *body_gunzip(struct body *src)
{
	struct gunzip *g = NEW(struct gunzip);
	struct body *out = body_new(src->loop);
	g->source = (struct body_source){ .resume = gunzip_resume, .cancel = gunzip_cancel };
	g->src = src;
	g->out = out;
	CHECK(inflateInit2(&g->stream, GZIP_ONLY) == Z_OK);
	body_set_source(out, &g->source);
	pump(g);
	return out;
}
