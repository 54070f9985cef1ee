/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL between two streams. It reads what below has brought and writes into `next`; what it has written
 * goes below in one piece, and until that is taken nothing more is encrypted, so a slow peer is felt above.
 */
#include <uv.h>

#include "net/tls_priv.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"

enum {
	GATHER_BYTES = 64 * 1024,     /* encrypted at once */
	QUEUE_BYTES_MAX = 256 * 1024, /* answers to a peer that does not read; then it is not read from */
	BUFFER_BYTES_MAX = 2 * 1024 * 1024,
	IDLE_BYTES_MAX = 4 * 1024, /* kept in a buffer that is empty */
};

#define CLOSE_NS (2 * NS_PER_S) /* for the peer to take our last words */

struct tls {
	struct stream super;
	struct loop *loop;
	struct tls_context *context;
	struct stream *below; /* NULL once it is closing */
	SSL *ssl;
	struct tls_peer *peer; /* NULL until hands are shaken */

	/* coming in */
	struct stream_reader reader;
	struct str coming; /* what below just brought; borrowed for the call */
	struct buf kept;   /* what nobody wanted yet */
	size_t kept_at;
	struct buf hello; /* the client's, until hands are shaken */
	bool reading, below_ended, ended, broken;
	enum stream_error end_error;

	/* going out */
	struct str parts[STREAM_PARTS_MAX]; /* rest of the write under way */
	size_t part, part_count;
	struct buf out, next; /* being taken by below; to be sent behind it */
	struct stream_write write;
	bool writing, shutting;

	struct task step;
	struct timer timer; /* the handshake's, then the last words' */
	bool reset;
	stream_closed_fn *closed;
	void *closed_data;
};

_Static_assert(offsetof(struct tls, super) == 0, "a stream is the first member of its kinds");

static void advance(struct tls *t);

/* ---- OpenSSL's side ---- */

static size_t take_bytes(struct str *from, char *out, size_t cap)
{
	size_t n = MIN(from->len, cap);
	if (n)
		memcpy(out, from->ptr, n);
	*from = str_sub(*from, n, from->len);
	return n;
}

static int bio_read(BIO *bio, char *out, size_t cap, size_t *got)
{
	struct tls *t = BIO_get_data(bio);
	struct str kept = { t->kept.ptr ? t->kept.ptr + t->kept_at : NULL, t->kept.len - t->kept_at };
	BIO_clear_retry_flags(bio);
	*got = take_bytes(&kept, out, cap);
	t->kept_at += *got;
	if (t->kept_at == t->kept.len) {
		buf_reset(&t->kept);
		t->kept_at = 0;
		*got += take_bytes(&t->coming, out + *got, cap - *got);
	}
	if (*got)
		return 1;
	BIO_set_retry_read(bio);
	return 0;
}

static int bio_write(BIO *bio, const char *bytes, size_t len, size_t *taken)
{
	struct tls *t = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	buf_add(&t->next, (struct str){ bytes, len });
	*taken = len;
	return !t->next.full;
}

static long bio_control(BIO *bio, int what, long number, void *pointer)
{
	(void)bio, (void)number, (void)pointer;
	return what == BIO_CTRL_FLUSH;
}

static int bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

static BIO *make_bio(struct tls *t)
{
	struct tls_context *c = t->context;
	if (!c->bio) {
		c->bio = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "backlot stream");
		CHECK(c->bio && BIO_meth_set_read_ex(c->bio, bio_read) &&
		      BIO_meth_set_write_ex(c->bio, bio_write) && BIO_meth_set_ctrl(c->bio, bio_control) &&
		      BIO_meth_set_create(c->bio, bio_create));
	}
	BIO *bio = BIO_new(c->bio);
	CHECK(bio);
	BIO_set_data(bio, t);
	return bio;
}

static void note_message(int written, int version, int type, const void *bytes, size_t len, SSL *ssl,
			 void *data)
{
	struct tls *t = data;
	const uint8_t *message = bytes;
	(void)version, (void)ssl;
	if (!written && type == SSL3_RT_HANDSHAKE && len > 4 && *message == SSL3_MT_CLIENT_HELLO &&
	    t->hello.len == 0)
		buf_add(&t->hello, (struct str){ bytes, len });
}

/* ---- going out ---- */

/* Gives below what is to be sent. True: it has all of it. */
static bool flush(struct tls *t)
{
	while (!t->writing && t->below && t->next.len) {
		struct buf empty = t->out;
		t->out = t->next;
		t->next = empty;
		struct str part = buf_str(&t->out);
		t->writing = !stream_write(t->below, &part, 1, &t->write);
		if (!t->writing)
			buf_reset(&t->out);
	}
	return !t->writing && t->next.len == 0;
}

static bool has_parts(struct tls *t)
{
	while (t->part < t->part_count && t->parts[t->part].len == 0)
		t->part++;
	return t->part < t->part_count;
}

static void encrypt(struct tls *t)
{
	while (has_parts(t) && t->next.len < GATHER_BYTES && !t->broken) {
		struct str *part = &t->parts[t->part];
		size_t taken;
		ERR_clear_error();
		if (SSL_write_ex(t->ssl, part->ptr, MIN(part->len, (size_t)TLS_PLAIN_BYTES), &taken) == 1)
			*part = str_sub(*part, taken, part->len);
		else
			t->broken = true; /* there is nothing that it could wait for */
	}
}

/* True: what was written above is all below. */
static bool pump(struct tls *t)
{
	while (flush(t) && t->peer && !t->broken && has_parts(t))
		encrypt(t);
	return !t->writing && t->next.len == 0 && !has_parts(t);
}

static bool tls_write(struct stream *s, const struct str *parts, size_t count)
{
	struct tls *t = (struct tls *)s;
	memcpy(t->parts, parts, count * sizeof *parts);
	t->part = 0;
	t->part_count = count;
	if (!has_parts(t))
		return true;
	if (!t->broken && pump(t) && !t->broken)
		return true;
	if (t->broken)
		loop_post(t->loop, &t->step);
	return false;
}

static size_t tls_unwritten(const struct stream *s)
{
	const struct tls *t = (const struct tls *)s;
	size_t left = t->next.len + (t->below ? stream_unwritten(t->below) : 0);
	for (size_t i = t->part; i < t->part_count; i++)
		left += t->parts[i].len;
	return left;
}

/* Our side's end, once all before it is encrypted. */
static void say_end(struct tls *t)
{
	ERR_clear_error();
	if (t->peer && !t->broken)
		(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}

static void tls_shutdown(struct stream *s)
{
	struct tls *t = (struct tls *)s;
	t->shutting = true;
	loop_post(t->loop, &t->step);
}

static void shut_down(struct tls *t)
{
	if (!t->peer || !t->shutting || has_parts(t))
		return;
	if (!(SSL_get_shutdown(t->ssl) & SSL_SENT_SHUTDOWN))
		say_end(t);
	if (!flush(t) || t->broken)
		return;
	t->shutting = false;
	stream_shutdown(t->below);
}

/* ---- coming in ---- */

static void update_reading(struct tls *t)
{
	bool wanted = !t->below_ended && !t->super.closing && !t->broken && (!t->peer || t->super.reader) &&
		      !(t->writing && t->next.len > QUEUE_BYTES_MAX);
	if (!t->below || wanted == t->reading)
		return;
	t->reading = wanted;
	if (wanted)
		stream_read_start(t->below, &t->reader);
	else if (!t->below_ended)
		stream_read_stop(t->below);
}

static void end(struct tls *t, enum stream_error why)
{
	if (!t->ended)
		t->end_error = why;
	t->ended = true;
}

static void break_off(struct tls *t)
{
	t->broken = true;
	end(t, STREAM_RESET);
}

static void shake_hands(struct tls *t)
{
	ERR_clear_error();
	int result = SSL_do_handshake(t->ssl);
	if (result == 1) {
		timer_stop(t->loop, &t->timer);
		SSL_set_msg_callback(t->ssl, NULL);
		t->peer = tls_peer_new(t->ssl, buf_str(&t->hello), t->context->asks);
		buf_fini(&t->hello);
	} else if (SSL_get_error(t->ssl, result) != SSL_ERROR_WANT_READ || t->below_ended) {
		break_off(t);
	}
	ERR_clear_error();
}

/* One record's worth; false: there is no more for now. */
static bool read_some(struct tls *t)
{
	size_t len;
	ERR_clear_error();
	int result = SSL_read_ex(t->ssl, t->context->plain, sizeof t->context->plain, &len);
	int error = SSL_get_error(t->ssl, result);
	ERR_clear_error();
	if (result == 1) {
		stream_tell_data(&t->super, (struct str){ t->context->plain, len });
		return true;
	}
	if (error == SSL_ERROR_ZERO_RETURN)
		end(t, STREAM_OK);
	else if (error != SSL_ERROR_WANT_READ)
		break_off(t);
	else if (t->below_ended)
		end(t, STREAM_RESET); /* cut off, for all that is known */
	return false;
}

static void keep_coming(struct tls *t)
{
	buf_add(&t->kept, t->coming);
	t->coming = (struct str){ NULL, 0 };
	if (t->kept.full)
		break_off(t);
	if (t->kept.len == 0 && t->kept.cap > IDLE_BYTES_MAX)
		buf_fini(&t->kept);
}

/* Does what can be done now, and tells what came of it. */
static void advance(struct tls *t)
{
	if (!t->peer && !t->broken)
		shake_hands(t);
	while (t->peer && t->super.reader && !t->ended && read_some(t) && !t->super.closing)
		;
	keep_coming(t);
	if (t->super.closing)
		return;
	bool written = pump(t);
	shut_down(t);
	if (t->super.write && (written || t->broken)) {
		t->part = t->part_count;
		stream_tell_written(&t->super, t->broken ? STREAM_RESET : STREAM_OK);
	}
	if (t->ended && !t->super.closing)
		stream_tell_ended(&t->super, t->end_error);
	if (!t->super.closing)
		update_reading(t);
}

static void step(struct task *task)
{
	advance(container_of(task, struct tls, step));
}

static void below_data(struct stream_reader *r, struct str bytes)
{
	struct tls *t = container_of(r, struct tls, reader);
	t->coming = bytes;
	advance(t);
}

static void below_ended(struct stream_reader *r, enum stream_error why)
{
	struct tls *t = container_of(r, struct tls, reader);
	t->below_ended = true;
	t->reading = false;
	if (why != STREAM_OK)
		break_off(t);
	advance(t);
}

static void tls_read_start(struct stream *s)
{
	struct tls *t = (struct tls *)s;
	loop_post(t->loop, &t->step); /* something may be here already */
}

static void tls_read_stop(struct stream *s)
{
	update_reading((struct tls *)s);
}

static bool tls_lacks(const struct stream *s, uint64_t wanted)
{
	const struct tls *t = (const struct tls *)s;
	uint64_t here = t->kept.len - t->kept_at + (uint64_t)SSL_pending(t->ssl);
	return t->broken || !t->below || stream_lacks(t->below, wanted - MIN(wanted, here));
}

/* ---- the end ---- */

static void below_closed(void *data)
{
	struct tls *t = data;
	stream_tell_written(&t->super, STREAM_CANCELLED);
	t->closed(t->closed_data);
	SSL_free(t->ssl);
	tls_peer_unref(&t->peer);
	tls_context_unref(&t->context);
	buf_fini(&t->kept);
	buf_fini(&t->hello);
	buf_fini(&t->out);
	buf_fini(&t->next);
	mem_free(t);
}

static void close_below(struct tls *t)
{
	timer_stop(t->loop, &t->timer);
	task_cancel(&t->step);
	if (t->below)
		stream_close(&t->below, t->reset, below_closed, t);
}

static void tls_close(struct stream *s, bool reset, stream_closed_fn *closed, void *data)
{
	struct tls *t = (struct tls *)s;
	bool whole = !reset && t->peer && !t->broken && !s->write;
	t->closed = closed;
	t->closed_data = data;
	t->reset = reset;
	task_cancel(&t->step);
	if (t->reading)
		stream_read_stop(t->below);
	t->reading = false;
	if (whole && !(SSL_get_shutdown(t->ssl) & SSL_SENT_SHUTDOWN))
		say_end(t);
	if (flush(t) || !whole)
		close_below(t);
	else
		timer_start(t->loop, &t->timer, CLOSE_NS);
}

static void below_written(struct stream_write *w, enum stream_error error)
{
	struct tls *t = container_of(w, struct tls, write);
	t->writing = false;
	if (!t->below)
		return; /* closing */
	buf_reset(&t->out);
	if (t->out.cap > IDLE_BYTES_MAX)
		buf_fini(&t->out);
	if (error != STREAM_OK)
		break_off(t);
	if (!t->super.closing)
		advance(t);
	else if (error != STREAM_OK || flush(t))
		close_below(t);
}

static void timer_fired(struct timer *timer)
{
	struct tls *t = container_of(timer, struct tls, timer);
	if (t->super.closing) {
		close_below(t);
		return;
	}
	break_off(t);
	advance(t);
}

static void tls_addresses(const struct stream *s, struct net_address *local, struct net_address *peer)
{
	const struct tls *t = (const struct tls *)s;
	if (t->below)
		stream_addresses(t->below, local, peer);
}

static const struct stream_ops tls_ops = {
	.name = "tls",
	.read_start = tls_read_start,
	.read_stop = tls_read_stop,
	.lacks = tls_lacks,
	.write = tls_write,
	.unwritten = tls_unwritten,
	.shutdown = tls_shutdown,
	.close = tls_close,
	.addresses = tls_addresses,
};

/* ---- the beginning ---- */

static struct tls *make(struct loop *loop, struct stream *taken, struct tls_context *c)
{
	struct tls *t = NEW(struct tls);
	t->super.ops = &tls_ops;
	t->loop = loop;
	t->context = tls_context_ref(c);
	t->below = taken;
	t->reader = (struct stream_reader){ below_data, below_ended };
	t->write.done = below_written;
	t->step.run = step;
	t->timer.fire = timer_fired;
	buf_init(&t->kept, BUFFER_BYTES_MAX);
	buf_init(&t->hello, BUFFER_BYTES_MAX);
	buf_init(&t->out, BUFFER_BYTES_MAX);
	buf_init(&t->next, BUFFER_BYTES_MAX);
	t->ssl = SSL_new(c->ssl);
	CHECK(t->ssl);
	BIO *bio = make_bio(t);
	SSL_set_bio(t->ssl, bio, bio);
	if (c->handshake_timeout_ns)
		timer_start(loop, &t->timer, c->handshake_timeout_ns);
	loop_post(loop, &t->step);
	return t;
}

struct stream *tls_server_new(struct loop *loop, struct stream *taken, struct tls_context *c)
{
	struct tls *t = make(loop, taken, c);
	SSL_set_accept_state(t->ssl);
	SSL_set_msg_callback(t->ssl, note_message);
	SSL_set_msg_callback_arg(t->ssl, t);
	return &t->super;
}

struct stream *tls_client_new(struct loop *loop, struct stream *taken, struct tls_context *c,
			      const char *server_name)
{
	struct tls *t = make(loop, taken, c);
	SSL_set_connect_state(t->ssl);
	CHECK(SSL_set_tlsext_host_name(t->ssl, server_name) == 1 && SSL_set1_host(t->ssl, server_name) == 1);
	return &t->super;
}

struct tls_peer *tls_peer_of(const struct stream *s)
{
	return s && s->ops == &tls_ops ? ((const struct tls *)s)->peer : NULL;
}
