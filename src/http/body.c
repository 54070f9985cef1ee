/* SPDX-License-Identifier: Apache-2.0 */
#include "http/body.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum { CHUNK_FIRST_BYTES = 1024, CHUNK_BYTES_MAX = 64 * 1024 };

/* Bytes that belong to this body and may still grow at the end, or a part of somebody's blob, or a body. */
struct piece {
	struct list link;
	struct body *body; /* appended body, or NULL */
	struct blob *blob; /* shared bytes, or NULL */
	size_t begin, end; /* unread part of the bytes */
	size_t cap;        /* room in own bytes; 0 when shared */
	char bytes[];
};

static struct piece *first_piece(const struct body *b)
{
	return list_empty(&b->pieces) ? NULL : container_of(b->pieces.next, struct piece, link);
}

static const char *piece_bytes(const struct piece *p)
{
	return p->blob ? p->blob->bytes : p->bytes;
}

static void piece_free(struct piece *p)
{
	list_remove(&p->link);
	blob_unref(&p->blob);
	if (p->body) {
		p->body->parent = NULL;
		body_abandon(p->body);
		body_unref(&p->body);
	}
	mem_free(p);
}

static void drop_pieces(struct body *b)
{
	while (!list_empty(&b->pieces))
		piece_free(first_piece(b));
	b->buffered = 0;
	b->appended = 0;
}

/* Tells a producer that nobody wants to hear from it any more. */
static void cancel_source(struct body *b)
{
	struct body_source *source = take(b->source);
	if (source)
		source->cancel(source);
}

static void body_destroy(struct rc *r)
{
	struct body *b = (struct body *)r;
	CHECK(list_empty(&b->readable.watchers));
	CHECK(list_empty(&b->writable.watchers));
	cancel_source(b);
	drop_pieces(b);
	arena_fini(&b->trailer_memory);
	mem_free(b);
}

struct body *body_new(struct loop *loop)
{
	struct body *b = NEW(struct body);
	rc_init(&b->rc, body_destroy);
	b->loop = loop;
	b->limit = UINT64_MAX;
	b->expected = UINT64_MAX;
	b->promised = UINT64_MAX;
	list_init(&b->pieces);
	event_init(&b->readable);
	event_init(&b->writable);
	return b;
}

struct body *body_ref(struct body *b)
{
	rc_ref(&b->rc);
	return b;
}

void body_unref(struct body **pb)
{
	struct body *b = take(*pb);
	if (b)
		rc_unref(&b->rc);
}

/* Fails on somebody else's behalf than the writer's, who learns of it in every way there is. */
static void break_off(struct body *b, enum body_failure why)
{
	struct body_source *source = take(b->source);
	body_fail(b, why);
	b->failure = why; /* an ended body too, when what was appended to it fails */
	if (source)
		source->cancel(source);
	event_fire(&b->writable, b->loop);
}

/* Whoever reads this body may read it through the bodies it was appended to. */
static void tell_reader(struct body *b)
{
	for (; b; b = b->parent)
		event_fire(&b->readable, b->loop);
}

/* ---- writing ---- */

bool body_open(const struct body *b)
{
	return !b->ended && b->failure == BODY_FAILURE_NONE;
}

static bool admit(struct body *b, size_t len)
{
	if (!body_open(b) || b->abandoned)
		return false;
	if (len > b->limit - MIN(b->limit, b->total)) {
		break_off(b, BODY_FAILURE_LIMIT);
		return false;
	}
	b->total += len;
	return len > 0;
}

/* What stands behind everything else is what the source said would come. */
static void count_at_end(struct body *b, size_t len)
{
	b->buffered += len;
	if (b->expected != UINT64_MAX)
		b->expected -= MIN(b->expected, len);
	tell_reader(b);
}

static struct piece *new_piece(size_t cap)
{
	struct piece *p = mem_alloc(sizeof *p + cap);
	*p = (struct piece){ .cap = cap };
	return p;
}

void body_write(struct body *b, struct str bytes)
{
	if (!admit(b, bytes.len))
		return;
	struct piece *last = list_empty(&b->pieces) ? NULL : container_of(b->pieces.prev, struct piece, link);
	size_t fits = last ? MIN(last->cap - MIN(last->cap, last->end), bytes.len) : 0;
	if (fits) {
		memcpy(last->bytes + last->end, bytes.ptr, fits);
		last->end += fits;
	}
	if (fits < bytes.len) {
		size_t left = bytes.len - fits;
		size_t grown = last ? MIN(2 * last->cap, (size_t)CHUNK_BYTES_MAX) : 0;
		struct piece *p = new_piece(MAX(left, MAX(grown, (size_t)CHUNK_FIRST_BYTES)));
		memcpy(p->bytes, bytes.ptr + fits, left);
		p->end = left;
		list_push(&b->pieces, &p->link);
	}
	count_at_end(b, bytes.len);
}

void body_write_blob(struct body *b, struct blob *blob)
{
	if (!admit(b, blob->len))
		return;
	struct piece *p = new_piece(0);
	rc_ref(&blob->rc);
	p->blob = blob;
	p->end = blob->len;
	list_push(&b->pieces, &p->link);
	count_at_end(b, blob->len);
}

void body_write_front(struct body *b, struct str bytes)
{
	if (!admit(b, bytes.len))
		return;
	struct piece *p = new_piece(bytes.len);
	memcpy(p->bytes, bytes.ptr, bytes.len);
	p->end = bytes.len;
	list_push(b->pieces.next, &p->link); /* before the first */
	b->buffered += bytes.len;
	tell_reader(b);
}

bool body_has_room(const struct body *b)
{
	return b->buffered < BODY_ROOM_BYTES || b->abandoned || b->failure != BODY_FAILURE_NONE;
}

static void list_move_all(struct list *to, struct list *from)
{
	struct list *first = from->next, *last = from->prev;
	if (list_empty(from))
		return;
	first->prev = to->prev;
	to->prev->next = first;
	last->next = to;
	to->prev = last;
	list_init(from);
}

/*
 * Moves everything out of a body that has ended to the end of another. So a body that was appended to a body
 * that was appended to a body … is never deep, however long a guest goes on with it.
 */
static void splice(struct body *dst, struct body *src)
{
	for (struct list *l = src->pieces.next; src->appended && l != &src->pieces; l = l->next) {
		struct piece *p = container_of(l, struct piece, link);
		if (p->body)
			p->body->parent = dst;
	}
	list_move_all(&dst->pieces, &src->pieces);
	for (size_t i = 0; i < src->trailers.count; i++)
		body_trailer_add(dst, src->trailers.at[i].name, src->trailers.at[i].value);
	dst->buffered += src->buffered;
	dst->appended += src->appended;
	src->buffered = src->appended = 0;
}

void body_append(struct body *dst, struct body *src)
{
	CHECK(src != dst && !src->parent);
	if (!body_open(dst) || dst->abandoned) {
		body_abandon(src);
		body_unref(&src);
		return;
	}
	dst->length_untold |= src->length_untold;
	if (src->ended && src->failure == BODY_FAILURE_NONE && !src->abandoned &&
	    src->promised == UINT64_MAX) {
		splice(dst, src);
		body_unref(&src);
	} else {
		struct piece *p = new_piece(0);
		p->body = src;
		src->parent = dst;
		list_push(&dst->pieces, &p->link);
		dst->appended++;
	}
	tell_reader(dst);
}

void body_reopen(struct body **pb)
{
	if (body_open(*pb) && !(*pb)->source)
		return;
	struct body *outer = body_new((*pb)->loop);
	outer->limit = (*pb)->limit;
	body_append(outer, *pb);
	*pb = outer;
}

void body_trailer_add(struct body *b, struct str name, struct str value)
{
	headers_add(&b->trailers, &b->trailer_memory, name, value);
}

void body_promise(struct body *b, uint64_t length)
{
	b->promised = length;
	b->length_untold = false;
}

void body_end(struct body *b)
{
	if (!body_open(b))
		return;
	if (b->expected != UINT64_MAX && b->expected > 0 && b->source) {
		body_fail(b, BODY_FAILURE_INCOMPLETE);
		return;
	}
	b->ended = true;
	b->source = NULL;
	tell_reader(b);
}

void body_fail(struct body *b, enum body_failure why)
{
	if (!body_open(b))
		return;
	b->failure = why;
	b->source = NULL;
	tell_reader(b);
}

/* ---- reading ---- */

/* An appended body that was read to its end hands its trailers over and goes. */
static void finish_appended(struct body *b, struct piece *p)
{
	for (size_t i = 0; i < p->body->trailers.count; i++)
		body_trailer_add(b, p->body->trailers.at[i].name, p->body->trailers.at[i].value);
	p->body->parent = NULL;
	body_unref(&p->body);
	piece_free(p);
	b->appended--;
}

/* Nothing to read, for now or for ever. */
static enum body_state state_when_empty(struct body *b)
{
	if (b->failure != BODY_FAILURE_NONE || b->abandoned)
		return BODY_FAILED;
	if (b->ended)
		return BODY_ENDED;
	if (b->source)
		b->source->resume(b->source);
	return BODY_WAIT;
}

static enum body_state peek_pieces(struct body *b, struct str *bytes)
{
	for (struct piece *p; (p = first_piece(b));) {
		if (!p->body) {
			*bytes = (struct str){ piece_bytes(p) + p->begin, p->end - p->begin };
			return BODY_DATA;
		}
		enum body_state state = body_peek(p->body, bytes);
		if (state == BODY_FAILED && b->failure == BODY_FAILURE_NONE)
			break_off(b, body_why(p->body));
		if (state != BODY_ENDED)
			return state;
		finish_appended(b, p);
	}
	return state_when_empty(b);
}

enum body_state body_peek(struct body *b, struct str *bytes)
{
	*bytes = (struct str){ NULL, 0 };
	if (b->taken == b->promised && !b->abandoned)
		return BODY_ENDED;
	enum body_state state = peek_pieces(b, bytes);
	if (state == BODY_DATA) {
		bytes->len = (size_t)MIN(bytes->len, b->promised - b->taken);
	} else if (state == BODY_ENDED && b->promised != UINT64_MAX) {
		break_off(b, BODY_FAILURE_INCOMPLETE);
		state = BODY_FAILED;
	}
	return state;
}

void body_consume(struct body *b, size_t len)
{
	if (len == 0)
		return;
	struct piece *p = first_piece(b);
	CHECK(p);
	b->taken += len;
	if (p->body) {
		body_consume(p->body, len);
		return;
	}
	CHECK(len <= p->end - p->begin);
	p->begin += len;
	b->buffered -= len;
	if (p->begin == p->end)
		piece_free(p);
	if (b->buffered <= BODY_ROOM_BYTES / 2) {
		event_fire(&b->writable, b->loop);
		if (b->source)
			b->source->resume(b->source);
	}
}

enum body_state body_read(struct body *b, char *out, size_t cap, size_t *len)
{
	*len = 0;
	for (;;) {
		struct str bytes;
		enum body_state state = body_peek(b, &bytes);
		if (state != BODY_DATA || *len == cap)
			return *len ? BODY_DATA : state;
		size_t step = MIN(bytes.len, cap - *len);
		memcpy(out + *len, bytes.ptr, step);
		*len += step;
		body_consume(b, step);
	}
}

void body_abandon(struct body *b)
{
	if (b->abandoned)
		return;
	b->abandoned = true;
	cancel_source(b);
	drop_pieces(b);
	event_fire(&b->writable, b->loop);
}

bool body_abandoned(const struct body *b)
{
	return b->abandoned;
}

enum body_failure body_why(struct body *b)
{
	return b->failure == BODY_FAILURE_NONE && b->abandoned ? BODY_FAILURE_ABANDONED : b->failure;
}

enum body_failure body_failing(const struct body *b)
{
	enum body_failure why = b->failure;
	for (const struct list *l = b->pieces.next; !why && b->appended && l != &b->pieces; l = l->next) {
		const struct piece *p = container_of(l, struct piece, link);
		why = p->body ? body_failing(p->body) : BODY_FAILURE_NONE;
	}
	return why;
}

static bool known_length(const struct body *b, bool appended, uint64_t *len);

/* What is still to be read of its pieces. */
static bool pieces_length(const struct body *b, uint64_t *len)
{
	uint64_t sum = b->buffered;
	for (const struct list *l = b->pieces.next; b->appended && l != &b->pieces; l = l->next) {
		const struct piece *p = container_of(l, struct piece, link);
		uint64_t inner;
		if (!p->body)
			continue;
		if (!known_length(p->body, true, &inner))
			return false;
		sum += inner;
	}
	*len = sum;
	return true;
}

/* A body that was appended ends by itself, so until then its length is not what is there by now. */
static bool known_length(const struct body *b, bool appended, uint64_t *len)
{
	bool open = !b->ended && (b->streaming || appended);
	if (b->failure != BODY_FAILURE_NONE)
		return false;
	if (b->promised != UINT64_MAX) {
		*len = b->promised - b->taken;
		return true;
	}
	if ((open && b->expected == UINT64_MAX) || !pieces_length(b, len))
		return false;
	*len += open ? b->expected : 0;
	return true;
}

size_t body_fitting(const struct body *b, size_t len)
{
	uint64_t unread;
	if (b->promised == UINT64_MAX || !pieces_length(b, &unread))
		return len;
	return (size_t)MIN(len, b->promised - MIN(b->promised, b->taken + unread));
}

bool body_known_length(const struct body *b, uint64_t *len)
{
	return !b->length_untold && known_length(b, false, len);
}

bool body_final_length(const struct body *b, uint64_t *len)
{
	*len = 0;
	if (!b)
		return true;
	bool final = b->ended || b->expected != UINT64_MAX || b->promised != UINT64_MAX;
	return body_known_length(b, len) && final;
}

void body_set_source(struct body *b, struct body_source *source)
{
	b->source = source;
	b->streaming = true;
}
