/* SPDX-License-Identifier: Apache-2.0 */
#include "http/fetch.h"

#include "base/check.h"
#include "base/mem.h"
#include "net/stream.h"

static const struct {
	const char *name, *text;
} names[] = {
#define X(name, lower, text) { #lower, text },
	FETCH_ERRORS(X)
#undef X
};

const char *fetch_error_text(enum fetch_error error)
{
	return (size_t)error < COUNT_OF(names) ? names[error].text : "unknown error";
}

const char *fetch_error_name(enum fetch_error error)
{
	return (size_t)error < COUNT_OF(names) ? names[error].name : "unknown";
}

static void fetch_destroy(struct rc *r)
{
	struct fetch *f = (struct fetch *)r;
	if (!f->settled && f->cancel)
		f->cancel(f);
	CHECK(list_empty(&f->changed.watchers));
	if (f->upgraded)
		stream_close(&f->upgraded, true, NULL, NULL);
	if (f->response.body) {
		body_abandon(f->response.body);
		body_unref(&f->response.body);
	}
	rc_unref(f->asked);
	arena_fini(&f->arena);
	mem_free(f);
}

struct fetch *fetch_new(struct loop *loop)
{
	struct fetch *f = NEW(struct fetch);
	rc_init(&f->rc, fetch_destroy);
	f->loop = loop;
	arena_init(&f->arena);
	event_init(&f->changed);
	f->started_ns = clock_monotonic(loop->clock);
	return f;
}

struct fetch *fetch_ref(struct fetch *f)
{
	rc_ref(&f->rc);
	return f;
}

void fetch_unref(struct fetch **pf)
{
	struct fetch *f = take(*pf);
	if (f)
		rc_unref(&f->rc);
}

static void settle(struct fetch *f, enum fetch_error error)
{
	CHECK(!f->settled);
	f->settled = true;
	f->error = error;
	f->settled_ns = clock_monotonic(f->loop->clock);
	event_fire(&f->changed, f->loop);
}

void fetch_respond(struct fetch *f, struct http_response response)
{
	f->response = response;
	settle(f, FETCH_OK);
}

void fetch_fail(struct fetch *f, enum fetch_error error, struct str text)
{
	CHECK(error > FETCH_OK);
	f->error_text = arena_str(&f->arena, text);
	settle(f, error);
}
