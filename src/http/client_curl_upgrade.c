/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that may switch protocols: libcurl resolves the name, connects and does the TLS, then the
 * connection is a stream like any other, and h1_client.h speaks HTTP over it.
 */
#include "http/client_curl_priv.h"

#include <sys/socket.h>

#include "base/check.h"
#include "base/mem.h"
#include "http/h1_client.h"
#include "net/stream.h"
#include "net/tcp.h"

enum { READ_BYTES = 16 * 1024, READS_IN_A_ROW = 16 };

/* ---- a connection as a stream ---- */

struct curl_stream {
	struct stream super;
	struct transfer *transfer; /* NULL once the client is gone */
	struct loop *loop;
	uv_poll_t poll;
	curl_socket_t fd;
	bool tls, ended;
	struct str parts[STREAM_PARTS_MAX]; /* what is left of the write under way */
	size_t part, part_count;
	struct task go_on;
	stream_closed_fn *closed;
	void *closed_data;
};

static void poll_ready(uv_poll_t *poll, int status, int events);

static void watch(struct curl_stream *s)
{
	int events = (s->super.reader && !s->ended ? UV_READABLE : 0) |
		     (s->part < s->part_count ? UV_WRITABLE : 0);
	if (s->super.closing || !s->transfer)
		return;
	if (events)
		uv_poll_start(&s->poll, events, poll_ready);
	else
		uv_poll_stop(&s->poll);
}

static void end(struct curl_stream *s, enum stream_error why)
{
	s->ended = true;
	stream_tell_ended(&s->super, why);
}

/* False: there is more, but others shall have their turn. */
static bool read_some(struct curl_stream *s)
{
	char bytes[READ_BYTES];
	for (int i = 0; i < READS_IN_A_ROW; i++) {
		size_t n = 0;
		if (!s->super.reader || s->ended || s->super.closing || !s->transfer)
			return true;
		CURLcode code = s->transfer->api->curl_easy_recv(s->transfer->easy, bytes, sizeof bytes, &n);
		if (code == CURLE_AGAIN)
			return true;
		if (code != CURLE_OK || n == 0)
			end(s, code == CURLE_OK ? STREAM_OK : STREAM_RESET);
		else
			stream_tell_data(&s->super, (struct str){ bytes, n });
	}
	return false;
}

/* STREAM_OK: all of it is out when `part == part_count`, else the rest must wait. */
static enum stream_error write_some(struct curl_stream *s)
{
	while (s->part < s->part_count) {
		struct str *p = &s->parts[s->part];
		size_t n = 0;
		CURLcode code =
			p->len ? s->transfer->api->curl_easy_send(s->transfer->easy, p->ptr, p->len, &n)
			       : CURLE_OK;
		if (code == CURLE_AGAIN)
			return STREAM_OK;
		if (code != CURLE_OK)
			return STREAM_RESET;
		*p = str_sub(*p, n, p->len);
		if (p->len == 0)
			s->part++;
	}
	return STREAM_OK;
}

static void finish_write(struct curl_stream *s)
{
	if (s->part == s->part_count || !s->transfer)
		return;
	enum stream_error error = write_some(s);
	if (error != STREAM_OK)
		s->part = s->part_count;
	if (s->part == s->part_count)
		stream_tell_written(&s->super, error);
}

static void work(struct curl_stream *s)
{
	if (!s->transfer)
		stream_tell_written(&s->super, STREAM_RESET);
	finish_write(s);
	if (!s->super.closing && !read_some(s))
		loop_post(s->loop, &s->go_on);
	watch(s);
}

static void poll_ready(uv_poll_t *poll, int status, int events)
{
	(void)status, (void)events; /* reading and writing tell */
	work(poll->data);
}

static void run_go_on(struct task *t)
{
	work(container_of(t, struct curl_stream, go_on));
}

static void curl_stream_read_start(struct stream *super)
{
	struct curl_stream *s = (struct curl_stream *)super;
	loop_post(s->loop, &s->go_on); /* TLS may hold bytes that the socket does not tell of */
}

static void curl_stream_read_stop(struct stream *super)
{
	watch((struct curl_stream *)super);
}

static bool curl_stream_lacks(const struct stream *super, uint64_t wanted)
{
	const struct curl_stream *s = (const struct curl_stream *)super;
	return !s->transfer || tcp_socket_lacks(s->fd, wanted);
}

static bool curl_stream_write(struct stream *super, const struct str *parts, size_t count)
{
	struct curl_stream *s = (struct curl_stream *)super;
	for (size_t i = 0; i < count; i++)
		s->parts[i] = parts[i];
	s->part = 0;
	s->part_count = count;
	if (s->transfer && write_some(s) == STREAM_OK && s->part == s->part_count)
		return true;
	loop_post(s->loop, &s->go_on); /* waits for the socket, or finds the error again */
	return false;
}

static size_t curl_stream_unwritten(const struct stream *super)
{
	const struct curl_stream *s = (const struct curl_stream *)super;
	size_t left = 0;
	for (size_t i = s->part; i < s->part_count; i++)
		left += s->parts[i].len;
	return left;
}

static void curl_stream_shutdown(struct stream *super)
{
	struct curl_stream *s = (struct curl_stream *)super;
	struct curl_tlssessioninfo *session = NULL;
	if (!s->transfer)
		return;
	if (s->tls)
		s->transfer->api->curl_easy_getinfo(s->transfer->easy, CURLINFO_TLS_SSL_PTR, &session);
	if (session && session->internals)
		s->transfer->api->SSL_shutdown(session->internals); /* says the end, and goes on reading */
	shutdown(s->fd, SHUT_WR);
}

static void poll_closed(uv_handle_t *h)
{
	struct curl_stream *s = h->data;
	stream_tell_written(&s->super, STREAM_CANCELLED);
	s->closed(s->closed_data);
	mem_free(s);
}

static void curl_stream_close(struct stream *super, bool reset, stream_closed_fn *closed, void *data)
{
	struct curl_stream *s = (struct curl_stream *)super;
	struct linger at_once = { .l_onoff = 1 };
	struct transfer *t = take(s->transfer);
	s->closed = closed;
	s->closed_data = data;
	task_cancel(&s->go_on);
	uv_poll_stop(&s->poll);
	uv_close((uv_handle_t *)&s->poll, poll_closed);
	if (!t)
		return;
	if (reset)
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	t->stream = NULL;
	transfer_give_up(t); /* libcurl closes the socket */
}

static void curl_stream_addresses(const struct stream *super, struct net_address *local,
				  struct net_address *peer)
{
	(void)super;
	*local = *peer = (struct net_address){ .ip_len = 0 };
}

static const struct stream_ops curl_stream_ops = {
	.name = "curl",
	.read_start = curl_stream_read_start,
	.read_stop = curl_stream_read_stop,
	.lacks = curl_stream_lacks,
	.write = curl_stream_write,
	.unwritten = curl_stream_unwritten,
	.shutdown = curl_stream_shutdown,
	.close = curl_stream_close,
	.addresses = curl_stream_addresses,
};

void curl_stream_lose(struct curl_stream *s)
{
	s->transfer = NULL;
	uv_poll_stop(&s->poll);
	end(s, STREAM_RESET);
	loop_post(s->loop, &s->go_on);
}

/* NULL: libuv cannot watch the socket. */
static struct curl_stream *stream_new(struct transfer *t)
{
	struct curl_stream *s = NEW(struct curl_stream);
	char *scheme = NULL;
	s->super.ops = &curl_stream_ops;
	s->transfer = t;
	s->loop = t->client->loop;
	s->go_on.run = run_go_on;
	s->poll.data = s;
	t->api->curl_easy_getinfo(t->easy, CURLINFO_ACTIVESOCKET, &s->fd);
	t->api->curl_easy_getinfo(t->easy, CURLINFO_SCHEME, &scheme);
	s->tls = scheme && str_eq_nocase(str_from(scheme), STR("https"));
	if (s->fd == CURL_SOCKET_BAD || uv_poll_init_socket(loop_uv(s->loop), &s->poll, s->fd) != 0) {
		mem_free(s);
		return NULL;
	}
	return s;
}

/* ---- the request ---- */

/* What is sent when the connection is there. */
struct upgrade {
	struct http_request request; /* its body is a reference */
	struct str path;
	struct h1_client_times times;
};

bool transfer_connected(struct transfer *t)
{
	struct upgrade *u = t->upgrade;
	transfer_note_remote(t);
	struct curl_stream *s = stream_new(t);
	if (!s)
		return false;
	struct fetch *f = take(t->fetch);
	t->stream = s;
	h1_client_start(f, &s->super, &u->request, u->path, &u->times);
	body_unref(&u->request.body);
	return true;
}

void transfer_drop_upgrade(struct transfer *t)
{
	struct body *body = t->upgrade ? take(t->upgrade->request.body) : NULL;
	if (body) {
		body_abandon(body);
		body_unref(&body);
	}
}

bool transfer_set_up_upgrade(struct transfer *t, const struct http_target *target, struct str path,
			     const struct http_request *request, enum fetch_error *why)
{
	struct http_request plain = { .method = request->method, .version = HTTP_1_1 };
	struct http_target alone = *target;
	alone.http2 = false;
	alone.dont_pool = true;
	t->upgrade = ARENA_NEW(&t->arena, struct upgrade);
	t->upgrade->path = arena_str(&t->arena, path);
	t->upgrade->times =
		(struct h1_client_times){ target->first_byte_timeout_ns, target->between_bytes_timeout_ns };
	t->upgrade->request = (struct http_request){ .method = arena_str(&t->arena, request->method),
						     .headers = headers_copy(&request->headers, &t->arena),
						     .body = request->body ? body_ref(request->body) : NULL };
	/*
	 * No reuse would mean that it closes the connection as soon as it is made; of this kind it never
	 * reuses one.
	 */
	return transfer_set_up(t, &alone, path, &plain, why) &&
	       t->api->curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, 0L) == CURLE_OK &&
	       t->api->curl_easy_setopt(t->easy, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK;
}
