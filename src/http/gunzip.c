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
	struct body *out; /* not a reference: it says when it goes */
	struct watcher watcher;
	z_stream stream;
	bool inside; /* of a gzip member */
	bool holds;  /* zlib has more to give without having to be fed */
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

/* Decodes some of `bytes`, which may be none while zlib `holds` something; false: they are not gzip. */
static bool step(struct gunzip *g, struct str bytes)
{
	char out[STEP_BYTES];
	z_stream *z = &g->stream;
	z->next_in = (unsigned char *)(uintptr_t)bytes.ptr;
	z->avail_in = (unsigned)MIN(bytes.len, (size_t)STEP_BYTES);
	z->next_out = (unsigned char *)out;
	z->avail_out = sizeof out;
	unsigned fed = z->avail_in;
	if (!g->inside && inflateReset(z) != Z_OK)
		return false;
	int result = inflate(z, Z_NO_FLUSH);
	if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
		return false;
	g->inside = result != Z_STREAM_END;
	g->holds = g->inside && z->avail_out == 0;
	body_consume(g->src, fed - z->avail_in);
	body_write(g->out, (struct str){ out, sizeof out - z->avail_out });
	return true;
}

static void readable(struct task *t);

/* What to do next when there is room. False: nothing, or `g` is no more. */
static bool advance(struct gunzip *g)
{
	struct str bytes = { NULL, 0 };
	struct body *out = g->out;
	switch (g->holds ? BODY_DATA : body_peek(g->src, &bytes)) {
	case BODY_DATA:
		if (step(g, bytes))
			return body_open(out); /* else its limit was reached, and it has cancelled us */
		fail(g, BODY_FAILURE_PROTOCOL);
		return false;
	case BODY_ENDED:
		end(g);
		return false;
	case BODY_FAILED:
		fail(g, body_why(g->src));
		return false;
	case BODY_WAIT:
		watcher_start(&g->watcher, &g->src->readable, readable);
		return false;
	}
	return false;
}

static void pump(struct gunzip *g)
{
	while (body_has_room(g->out) && advance(g))
		;
}

static void readable(struct task *t)
{
	pump(container_of(t, struct gunzip, watcher.task));
}

static void gunzip_resume(struct body_source *source)
{
	struct gunzip *g = container_of(source, struct gunzip, source);
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
	g->watcher.task.run = readable;
	CHECK(inflateInit2(&g->stream, GZIP_ONLY) == Z_OK);
	body_set_source(out, &g->source);
	loop_post(src->loop, &g->watcher.task);
	return out;
}
