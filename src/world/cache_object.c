/* SPDX-License-Identifier: Apache-2.0 */
/* An object of a cache: its metadata, its bytes while they come, and those who read them. */
#include <string.h>

#include "base/mem.h"
#include "world/cache_priv.h"

enum { TAIL_FIRST_BYTES = 1024, TAIL_BYTES_MAX = 64 * 1024, CHUNK_BYTES_WORTH = 1024 };

/* ---- what is held ---- */

static void ledger_destroy(struct rc *r)
{
	mem_free(r);
}

struct cache_ledger *cache_ledger_new(uint64_t bytes_max)
{
	struct cache_ledger *l = NEW(struct cache_ledger);
	rc_init(&l->rc, ledger_destroy);
	l->bytes_max = bytes_max;
	return l;
}

static void hold(struct cache_content *c, uint64_t bytes)
{
	c->held = true;
	c->held_bytes += bytes;
	c->ledger->held_bytes += bytes;
}

static void let_go(struct cache_content *c)
{
	c->held = false;
	c->ledger->held_bytes -= c->held_bytes;
	c->held_bytes = 0;
}

void cache_object_enter(struct cache_object *o)
{
	struct cache_content *c = o->content;
	if (o->entries++)
		return;
	c->ledger->held_bytes -= o->held_bytes;
	o->held_bytes = 0;
	if (c->objects++ == 0 && c->held)
		let_go(c);
}

void cache_object_leave(struct cache_object *o)
{
	struct cache_content *c = o->content;
	if (--o->entries)
		return;
	o->held_bytes = sizeof *o + o->user_metadata->len + o->surrogate_keys->len + o->vary->len;
	c->ledger->held_bytes += o->held_bytes;
	if (--c->objects == 0)
		hold(c, c->bytes);
}

/* ---- the bytes ---- */

static void drop_chunks(struct cache_content *c)
{
	for (size_t i = 0; i < c->chunks_count; i++)
		blob_unref(&c->chunks[i].blob);
	mem_free(take(c->chunks));
	c->chunks_count = c->chunks_cap = 0;
	blob_unref(&c->tail);
}

static void content_destroy(struct rc *r)
{
	struct cache_content *c = (struct cache_content *)r;
	CHECK(c->state != CACHE_MAKING && !list_linked(&c->making));
	let_go(c);
	rc_unref(&c->ledger->rc);
	drop_chunks(c);
	blob_unref(&c->entry);
	arena_fini(&c->trailer_memory);
	mem_free(c);
}

/* Where the tail's bytes begin in the whole. */
static uint64_t sealed(const struct cache_content *c)
{
	const struct cache_chunk *last = c->chunks_count ? &c->chunks[c->chunks_count - 1] : NULL;
	return last ? last->begin + last->blob->len : 0;
}

static void add_chunk(struct cache_content *c, struct blob *taken)
{
	if (c->chunks_count == c->chunks_cap) {
		c->chunks_cap = MAX(2 * c->chunks_cap, (size_t)4);
		c->chunks = mem_realloc(c->chunks, c->chunks_cap * sizeof *c->chunks);
	}
	c->chunks[c->chunks_count] = (struct cache_chunk){ taken, sealed(c) };
	c->chunks_count++;
}

/* What readers may hold does not grow any more. */
static void seal_tail(struct cache_content *c)
{
	struct blob *tail = take(c->tail);
	if (!tail)
		return;
	if (c->tail_cap > tail->len)
		tail = mem_realloc(tail, sizeof *tail + tail->len + 1);
	add_chunk(c, tail);
}

static void add_bytes(struct cache_content *c, struct str bytes)
{
	while (bytes.len) {
		size_t used = c->tail ? c->tail->len : 0;
		if (used == TAIL_BYTES_MAX) {
			seal_tail(c);
			continue;
		}
		size_t step = MIN(bytes.len, TAIL_BYTES_MAX - used);
		if (!c->tail) {
			c->tail = blob_new(STR(""));
			c->tail_cap = 0;
		}
		if (used + step > c->tail_cap) {
			c->tail_cap = MIN(MAX(used + step, MAX(2 * c->tail_cap, (size_t)TAIL_FIRST_BYTES)),
					  (size_t)TAIL_BYTES_MAX);
			c->tail = mem_realloc(c->tail, sizeof *c->tail + c->tail_cap + 1);
		}
		memcpy(c->tail->bytes + used, bytes.ptr, step);
		c->tail->len = used + step;
		c->tail->bytes[c->tail->len] = '\0';
		bytes = str_sub(bytes, step, bytes.len - step);
	}
}

/* Of something that was written and read in small steps, few chunks remain. */
static void compact(struct cache_content *c)
{
	seal_tail(c);
	if (c->chunks_count < 2 || c->bytes / c->chunks_count >= CHUNK_BYTES_WORTH)
		return;
	struct cache_chunk *old = take(c->chunks);
	size_t count = c->chunks_count;
	c->chunks_count = c->chunks_cap = 0;
	for (size_t i = 0; i < count; i++) {
		add_bytes(c, blob_str(old[i].blob));
		blob_unref(&old[i].blob);
	}
	mem_free(old);
	seal_tail(c);
}

/* ---- the writer's side ---- */

static void content_end(struct cache_content *c, int state, enum body_failure why)
{
	watcher_stop(&c->watcher);
	body_abandon(c->input);
	body_unref(&c->input);
	if (state == CACHE_COMPLETE)
		compact(c);
	while (list_pop(&c->meters))
		continue;
	c->state = state == CACHE_COMPLETE ? CACHE_COMPLETE : CACHE_FAILED;
	c->why = why;
	event_fire(&c->changed, c->loop);
	if (c->owner)
		c->ended(c);
}

static void input_ended(struct cache_content *c)
{
	if (c->has_length && c->bytes != c->length) {
		content_end(c, CACHE_FAILED, BODY_FAILURE_INCOMPLETE);
		return;
	}
	c->trailers = headers_copy(&c->input->trailers, &c->trailer_memory);
	content_end(c, CACHE_COMPLETE, BODY_FAILURE_NONE);
}

static void input_readable(struct task *t)
{
	struct cache_content *c = container_of(t, struct cache_content, watcher.task);
	cache_content_pull(c);
}

static void measure(struct cache_content *c, uint64_t bytes)
{
	list_each(it, &c->meters) {
		struct cache_meter *m = container_of(it, struct cache_meter, link);
		m->measured(m, bytes, 0);
	}
}

/* Is there room beside what cannot be evicted, because it is held? */
static bool has_room(const struct cache_content *c, uint64_t bytes)
{
	const struct cache_ledger *l = c->ledger;
	uint64_t kept = l->held_bytes + (c->held ? 0 : c->bytes);
	return bytes <= c->bytes_max - c->bytes && kept <= l->bytes_max && bytes <= l->bytes_max - kept;
}

/* Not NONE: it is more than may come, or than was announced. */
static enum body_failure take_input(struct cache_content *c, struct str bytes)
{
	measure(c, c->bytes + bytes.len);
	if (c->has_length && bytes.len > c->length - c->bytes)
		return BODY_FAILURE_INCOMPLETE;
	if (!has_room(c, bytes.len))
		return BODY_FAILURE_LIMIT;
	c->bytes += bytes.len;
	if (c->rc.refs > 1 + 1) { /* its list's, and cache_content_pull()'s: else nobody can ever read it */
		add_bytes(c, bytes);
		if (c->held)
			hold(c, bytes.len);
	}
	body_consume(c->input, bytes.len);
	if (c->owner)
		c->grew(c, bytes.len);
	return BODY_FAILURE_NONE;
}

void cache_content_pull(struct cache_content *c)
{
	uint64_t before = c->bytes;
	struct str bytes;
	if (c->state != CACHE_MAKING)
		return;
	enum body_state state = BODY_DATA;
	enum body_failure why = BODY_FAILURE_NONE;
	rc_ref(&c->rc);
	while (why == BODY_FAILURE_NONE && (state = body_peek(c->input, &bytes)) == BODY_DATA)
		why = take_input(c, bytes);
	if (c->bytes > before)
		event_fire(&c->changed, c->loop);
	if (why != BODY_FAILURE_NONE)
		content_end(c, CACHE_FAILED, why);
	else if (state == BODY_ENDED)
		input_ended(c);
	else if (state == BODY_FAILED)
		content_end(c, CACHE_FAILED, body_why(c->input));
	else if (!list_linked(&c->watcher.link))
		watcher_start(&c->watcher, &c->input->readable, input_readable);
	rc_unref(&c->rc);
}

struct cache_content *cache_content_new(const struct cache_write *w, struct cache_ledger *ledger,
					struct loop *loop)
{
	struct cache_content *c = NEW(struct cache_content);
	rc_init(&c->rc, content_destroy);
	arena_init(&c->trailer_memory);
	event_init(&c->changed);
	c->loop = loop;
	rc_ref(&ledger->rc);
	c->ledger = ledger;
	c->bytes_max = w->meter ? MIN(ledger->bytes_max, w->meter->bytes_max) : ledger->bytes_max;
	list_init(&c->meters);
	if (w->meter)
		list_push(&c->meters, &w->meter->link);
	c->has_length = w->has_length;
	c->length = w->length;
	c->input = body_new(loop);
	c->input->streaming = true;
	c->input->limit = ledger->bytes_max;
	watcher_start(&c->watcher, &c->input->readable, input_readable);
	return c;
}

void cache_content_disown(struct cache_content *c)
{
	c->owner = NULL;
	if (c->state == CACHE_MAKING)
		content_end(c, CACHE_FAILED, BODY_FAILURE_ABANDONED);
}

/* ---- readers of what is still being written ---- */

struct reader {
	struct body_source source;
	struct cache_content *content; /* a reference */
	struct body *out;              /* borrowed: it tells us when it goes */
	struct watcher watcher;
	uint64_t at, end;       /* UINT64_MAX: to the end */
	bool giving, cancelled; /* writing more than `out` may hold cancels from within */
};

static void reader_free(struct reader *r)
{
	watcher_stop(&r->watcher);
	rc_unref(&r->content->rc);
	mem_free(r);
}

static void reader_cancel(struct body_source *source)
{
	struct reader *r = container_of(source, struct reader, source);
	r->cancelled = true;
	if (!r->giving)
		reader_free(r);
}

static size_t chunk_at(const struct cache_content *c, uint64_t at)
{
	size_t low = 0, high = c->chunks_count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (c->chunks[middle].begin <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Gives what is there of the bytes from `at` to `end` as long as there is room; returns how far it came. */
static uint64_t give(struct cache_content *c, struct body *out, uint64_t at, uint64_t end, bool all)
{
	seal_tail(c);
	end = MIN(end, sealed(c));
	for (size_t i = chunk_at(c, at); at < end && (all || body_has_room(out)); i++) {
		const struct cache_chunk *chunk = &c->chunks[i];
		uint64_t chunk_end = chunk->begin + chunk->blob->len, stop = MIN(end, chunk_end);
		if (at == chunk->begin && stop == chunk_end)
			body_write_blob(out, chunk->blob);
		else
			body_write(out, str_sub(blob_str(chunk->blob), (size_t)(at - chunk->begin),
						(size_t)(stop - at)));
		at = stop;
	}
	return at;
}

static void give_trailers(const struct cache_content *c, struct body *out)
{
	for (size_t i = 0; i < c->trailers.count; i++)
		body_trailer_add(out, c->trailers.at[i].name, c->trailers.at[i].value);
}

static void pump(struct reader *r);

static void content_changed(struct task *t)
{
	pump(container_of(t, struct reader, watcher.task));
}

/* Nothing more will come of the reader's part. True: the reader is gone. */
static bool reader_ended(struct reader *r)
{
	struct cache_content *c = r->content;
	bool whole = r->end == UINT64_MAX;
	if (r->at < MIN(r->end, sealed(c)))
		return false;
	if (c->state == CACHE_FAILED) {
		body_fail(r->out, c->why);
	} else if (r->at == r->end || (c->state == CACHE_COMPLETE && whole)) {
		if (whole)
			give_trailers(c, r->out);
		body_end(r->out);
	} else if (c->state == CACHE_COMPLETE) {
		body_fail(r->out, BODY_FAILURE_INCOMPLETE); /* it is shorter than what was asked for */
	} else {
		return false;
	}
	reader_free(r);
	return true;
}

static void pump(struct reader *r)
{
	cache_content_pull(r->content);
	r->giving = true;
	r->at = give(r->content, r->out, r->at, r->end, false);
	r->giving = false;
	if (r->cancelled)
		reader_free(r);
	else if (!reader_ended(r) && r->at >= sealed(r->content) && !list_linked(&r->watcher.link))
		watcher_start(&r->watcher, &r->content->changed, content_changed);
}

static void reader_resume(struct body_source *source)
{
	struct reader *r = container_of(source, struct reader, source);
	/* Not at once: the reader is in the middle of reading. */
	r->watcher.task.run = content_changed;
	if (!list_linked(&r->watcher.link))
		loop_post(r->out->loop, &r->watcher.task);
}

static struct body *read_part(struct cache_content *c, uint64_t from, uint64_t end, struct loop *loop)
{
	struct body *out = body_new(loop);
	if (c->state == CACHE_COMPLETE && (end == UINT64_MAX || end <= c->bytes)) {
		give(c, out, from, end, true);
		if (end == UINT64_MAX)
			give_trailers(c, out);
		body_end(out);
		return out;
	}
	struct reader *r = NEW(struct reader);
	rc_ref(&c->rc);
	r->content = c;
	r->out = out;
	r->at = from;
	r->end = end;
	r->source = (struct body_source){ .resume = reader_resume, .cancel = reader_cancel };
	body_set_source(out, &r->source);
	if (c->has_length)
		out->expected = MIN(end, c->length) - MIN(from, c->length);
	pump(r);
	return out;
}

/* ---- objects ---- */

static void object_destroy(struct rc *r)
{
	struct cache_object *o = (struct cache_object *)r;
	CHECK(o->entries == 0);
	o->content->ledger->held_bytes -= o->held_bytes;
	rc_unref(&o->content->rc);
	blob_unref(&o->vary);
	blob_unref(&o->user_metadata);
	blob_unref(&o->surrogate_keys);
	mem_free(o);
}

struct cache_object *cache_object_new(struct cache_content *taken, const struct cache_write *w,
				      struct blob *vary, struct blob *surrogate_keys, const struct loop *loop)
{
	struct cache_object *o = NEW(struct cache_object);
	rc_init(&o->rc, object_destroy);
	o->content = taken;
	o->stored_ns = clock_wall(loop->clock);
	o->initial_age_ns = w->initial_age_ns;
	o->max_age_ns = w->max_age_ns;
	o->swr_ns = w->swr_ns;
	o->sie_ns = w->sie_ns;
	o->pass = w->pass;
	o->edge_max_age_ns = w->edge_max_age_ns;
	o->sensitive = w->sensitive;
	o->vary = vary;
	o->surrogate_keys = surrogate_keys;
	o->user_metadata = blob_new(w->user_metadata);
	return o;
}

static uint64_t add_times(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

struct cache_object *cache_object_aged(const struct cache_object *o, uint64_t by_ns)
{
	struct cache_object *aged = NEW(struct cache_object);
	*aged = *o;
	rc_init(&aged->rc, object_destroy);
	aged->entries = 0;
	aged->held_bytes = 0;
	aged->initial_age_ns = add_times(o->initial_age_ns, by_ns);
	rc_ref(&o->content->rc);
	rc_ref(&o->vary->rc);
	rc_ref(&o->user_metadata->rc);
	rc_ref(&o->surrogate_keys->rc);
	return aged;
}

void cache_object_unref(struct cache_object **po)
{
	struct cache_object *o = take(*po);
	if (o)
		rc_unref(&o->rc);
}

uint64_t cache_object_age_ns(const struct cache_object *o, const struct loop *loop)
{
	uint64_t now = clock_wall(loop->clock);
	return add_times(o->initial_age_ns, now - MIN(now, o->stored_ns));
}

bool cache_object_fresh(const struct cache_object *o, bool purged, const struct loop *loop)
{
	return !purged && cache_object_age_ns(o, loop) < o->max_age_ns;
}

bool cache_object_usable(const struct cache_object *o, const struct loop *loop)
{
	return cache_object_age_ns(o, loop) < add_times(o->max_age_ns, o->swr_ns);
}

bool cache_object_usable_if_error(const struct cache_object *o, const struct loop *loop)
{
	return cache_object_age_ns(o, loop) < add_times(o->max_age_ns, o->sie_ns);
}

bool cache_object_length(struct cache_object *o, uint64_t *len)
{
	struct cache_content *c = o->content;
	cache_content_pull(c);
	*len = c->state == CACHE_COMPLETE ? c->bytes : c->length;
	return c->state == CACHE_COMPLETE || c->has_length;
}

uint64_t cache_object_bytes(const struct cache_object *o)
{
	return o->content->bytes;
}

bool cache_object_complete(struct cache_object *o)
{
	cache_content_pull(o->content);
	return o->content->state == CACHE_COMPLETE;
}

struct event *cache_object_changed(struct cache_object *o)
{
	return &o->content->changed;
}

struct body *cache_object_input(const struct cache_object *o)
{
	return o->content->input;
}

/* ---- opening ---- */

/* Does an object of that length have such a range? */
static bool range_in(const struct cache_range *r, uint64_t length)
{
	if (!r->has_from)
		return !r->has_to || (r->to >= 1 && r->to <= length);
	return r->from < length && (!r->has_to || (r->to >= r->from && r->to < length));
}

/* A range of something whose length nobody knows by now; false: wait. */
static bool open_range(struct cache_content *c, const struct cache_range *r, struct loop *loop,
		       struct body **out)
{
	if (!r->has_from || c->bytes <= r->from)
		return false; /* for the end, from which it counts, or for its first byte */
	uint64_t end = !r->has_to            ? UINT64_MAX
		       : r->to < r->from     ? r->from
		       : r->to == UINT64_MAX ? r->to
					     : r->to + 1;
	*out = read_part(c, r->from, end, loop);
	return true;
}

enum cache_open cache_object_open(struct cache_object *o, const struct cache_range *r, struct loop *loop,
				  struct body **out)
{
	struct cache_content *c = o->content;
	uint64_t length;
	bool known = cache_object_length(o, &length), partial = r->has_from || r->has_to;
	if (partial && !known && r->always) {
		if (c->state == CACHE_FAILED)
			return CACHE_OPEN_FAILED;
		return open_range(c, r, loop, out) ? CACHE_OPENED : CACHE_OPEN_WAIT;
	}
	if (!partial || !known || !range_in(r, length))
		*out = read_part(c, 0, UINT64_MAX, loop);
	else if (!r->has_from)
		*out = read_part(c, length - r->to, UINT64_MAX, loop);
	else
		*out = read_part(c, r->from, r->has_to ? r->to + 1 : UINT64_MAX, loop);
	return CACHE_OPENED;
}
