/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_client over libcurl's multi interface, driven by libuv. What is libcurl's business stays there: names,
 * connections and their pool, TLS, HTTP/1 and HTTP/2. Times run on the real clock, because the network does.
 */
#include "http/client_curl_priv.h"

#include "base/check.h"
#include "base/mem.h"

enum { HEAD_BYTES_MAX = 256 * 1024, HEADERS_MAX = 1000, POOLED_CONNECTIONS_MAX = 64 };

/* A socket that libcurl wants to be told about. */
struct watched_socket {
	uv_poll_t uv;
	int events;
	curl_socket_t fd;
	struct curl_client *client;
};

static void reap(struct curl_client *c);
static void upload_changed(struct task *task);

/* ---- libuv under libcurl ---- */

static void handle_closed(uv_handle_t *h)
{
	mem_free(h);
}

/* Lets libcurl work; all of its callbacks happen in here. */
static void drive(struct curl_client *c, curl_socket_t fd, int flags)
{
	int running;
	c->inside++;
	c->api->curl_multi_socket_action(c->multi, fd, flags, &running);
	c->inside--;
	reap(c);
}

static void socket_ready(uv_poll_t *uv, int status, int events)
{
	struct watched_socket *s = (struct watched_socket *)uv;
	int flags = 0;
	if (status < 0) {
		/*
		 * What came before the error is still to be read; libuv has stopped watching, and libcurl
		 * does not know.
		 */
		events = UV_READABLE | UV_WRITABLE;
		uv_poll_start(&s->uv, s->events, socket_ready);
	}
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	drive(s->client, s->fd, flags);
}

static void unwatch_socket(struct watched_socket *s)
{
	uv_poll_stop(&s->uv);
	uv_close((uv_handle_t *)&s->uv, handle_closed);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *known)
{
	struct curl_client *c = data;
	struct watched_socket *s = known;
	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		c->api->curl_multi_assign(c->multi, fd, NULL);
		if (s)
			unwatch_socket(s);
		return 0;
	}
	if (!s) {
		s = NEW(struct watched_socket);
		s->fd = fd;
		s->client = c;
		if (uv_poll_init_socket(loop_uv(c->loop), &s->uv, fd) != 0) {
			mem_free(s);
			return -1;
		}
		c->api->curl_multi_assign(c->multi, fd, s);
	}
	s->events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
	uv_poll_start(&s->uv, s->events, socket_ready);
	return 0;
}

static void timer_fired(uv_timer_t *timer)
{
	drive(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long after_ms, void *data)
{
	struct curl_client *c = data;
	(void)multi;
	if (after_ms < 0)
		uv_timer_stop(c->timer);
	else
		uv_timer_start(c->timer, timer_fired, (uint64_t)after_ms, 0);
	return 0;
}

/* ---- the end of a transfer ---- */

static void close_timer(uv_timer_t *timer)
{
	uv_timer_stop(timer);
	uv_close((uv_handle_t *)timer, handle_closed);
}

static void transfer_free(struct transfer *t)
{
	list_remove(&t->link);
	t->api->curl_multi_remove_handle(t->client->multi, t->easy);
	t->api->curl_easy_cleanup(t->easy);
	t->api->curl_slist_free_all(t->headers);
	t->api->curl_slist_free_all(t->connect_to);
	arena_fini(&t->arena);
	mem_free(t);
}

void transfer_give_up(struct transfer *t)
{
	struct body *upload = take(t->upload);
	struct curl_client *c = t->client;
	t->dead = true;
	t->fetch = NULL;
	transfer_drop_upgrade(t);
	t->download = NULL;
	task_cancel(&t->unpause);
	task_cancel(&t->over);
	if (t->timer)
		close_timer(take(t->timer));
	watcher_stop(&t->upload_watcher);
	list_remove(&t->link);
	list_push(&c->dead, &t->link);
	if (!c->inside)
		transfer_free(t);
	if (upload) {
		body_abandon(upload); /* which may give up another transfer, from which it came */
		body_unref(&upload);
	}
}

static void cancel_fetch(struct fetch *f)
{
	transfer_give_up(f->answerer);
}

static void cancel_download(struct body_source *source)
{
	transfer_give_up(container_of(source, struct transfer, source));
}

void transfer_note_remote(struct transfer *t)
{
	struct fetch *f = t->fetch;
	char *ip = NULL;
	long port = 0;
	t->api->curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &ip);
	t->api->curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_PORT, &port);
	f->remote_port = (uint16_t)port;
	if (ip && uv_inet_pton(AF_INET, ip, f->remote_ip) == 0)
		f->remote_ip_len = 4;
	else if (ip && uv_inet_pton(AF_INET6, ip, f->remote_ip) == 0)
		f->remote_ip_len = 16;
}

static void fail(struct transfer *t, enum fetch_error error, const char *words)
{
	struct fetch *f = take(t->fetch);
	fetch_fail(f, error, str_from(words));
}

static const char *words_for(const struct transfer *t, CURLcode code)
{
	if (code == CURLE_ABORTED_BY_CALLBACK && t->upload &&
	    body_failing(t->upload) == BODY_FAILURE_INCOMPLETE)
		return "the request's body was not complete";
	return t->error[0] ? t->error : code ? t->api->curl_easy_strerror(code) : "";
}

static void transfer_done(struct transfer *t, CURLcode code)
{
	struct body *download = take(t->download);
	if (code == CURLE_COULDNT_RESOLVE_HOST && t->v4_first) {
		t->v4_first = false;
		t->api->curl_multi_remove_handle(t->client->multi, t->easy);
		CHECK(t->api->curl_easy_setopt(t->easy, CURLOPT_IPRESOLVE, (long)CURL_IPRESOLVE_WHATEVER) ==
		      CURLE_OK);
		CHECK(t->api->curl_multi_add_handle(t->client->multi, t->easy) == CURLM_OK);
		return;
	}
	if (t->upgrade && code == CURLE_OK) {
		if (transfer_connected(t))
			return;
		fail(t, FETCH_INTERNAL_ERROR, "the connection cannot be watched");
	} else if (download && code == CURLE_OK) {
		body_end(download);
	} else if (download) {
		body_fail(download, transfer_body_failure(t, code));
	} else if (t->fetch) {
		transfer_note_remote(t);
		fail(t, transfer_error(t, code), words_for(t, code));
	}
	transfer_give_up(t);
}

/* Ends what libcurl is done with, and what was given up meanwhile. */
static void reap(struct curl_client *c)
{
	int left;
	if (c->inside)
		return;
	while (!list_empty(&c->dead))
		transfer_free(container_of(c->dead.next, struct transfer, link));
	for (CURLMsg *m; (m = c->api->curl_multi_info_read(c->multi, &left));) {
		struct transfer *t = NULL;
		CURLcode code = m->data.result;
		if (m->msg != CURLMSG_DONE)
			continue;
		c->api->curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
		transfer_done(t, code);
	}
}

/* ---- time-outs ---- */

static void timed_out(uv_timer_t *timer)
{
	struct transfer *t = timer->data;
	t->timed_out = true;
	transfer_done(t, CURLE_OPERATION_TIMEDOUT);
}

static void restart_timer(struct transfer *t, uint64_t ns)
{
	if (!t->timer)
		return;
	uv_timer_stop(t->timer);
	if (ns)
		uv_timer_start(t->timer, timed_out, (ns + NS_PER_MS - 1) / NS_PER_MS, 0);
}

static void start_timer(struct transfer *t, const struct http_target *target)
{
	t->first_byte_ns = target->first_byte_timeout_ns;
	t->between_bytes_ns = target->between_bytes_timeout_ns;
	if (!t->first_byte_ns && !t->between_bytes_ns)
		return;
	t->timer = NEW(uv_timer_t);
	CHECK(uv_timer_init(loop_uv(t->client->loop), t->timer) == 0);
	t->timer->data = t;
	uv_update_time(
		loop_uv(t->client->loop)); /* a guest may have computed for long since libuv looked last */
	restart_timer(t, t->first_byte_ns);
}

/* ---- bytes in ---- */

static bool stop(struct transfer *t, enum fetch_error why)
{
	t->refused = why;
	return false;
}

static bool status_came(struct transfer *t, struct str line)
{
	uint64_t status;
	struct str rest = line, version = str_split(&rest, ' ');
	struct str digits = str_split(&rest, ' ');
	if (digits.len != 3 || !str_to_u64(digits, 999, &status) || status < 100)
		return stop(t, FETCH_HTTP_RESPONSE_STATUS_INVALID);
	if (t->http2_only && !str_starts(version, STR("HTTP/2")))
		return stop(t, FETCH_HTTP_PROTOCOL_ERROR);
	if (status == 101)
		return stop(t, FETCH_HTTP_UPGRADE_FAILED);
	t->head = (struct http_response){ .status = (uint16_t)status,
					  .reason = arena_str(&t->fetch->arena, rest) };
	t->head.version = str_starts(version, STR("HTTP/2"))   ? HTTP_2
			  : str_starts(version, STR("HTTP/3")) ? HTTP_3
			  : str_eq(version, STR("HTTP/1.0"))   ? HTTP_1_0
							       : HTTP_1_1;
	return true;
}

static void resume_download(struct body_source *source)
{
	struct transfer *t = container_of(source, struct transfer, source);
	if (t->download_paused)
		loop_post(t->client->loop, &t->unpause);
}

/* A gRPC call that failed at once: its trailers are its head, and nothing follows. */
static bool is_trailers_only(const struct transfer *t)
{
	return t->head.version == HTTP_2 && headers_has(&t->head.headers, STR("grpc-status"));
}

/* How much will come, when the origin said so. */
static uint64_t announced_length(const struct transfer *t)
{
	uint64_t length;
	if (t->head_only || !http_status_has_body(t->head.status) || is_trailers_only(t))
		return 0;
	if (headers_has(&t->head.headers, STR("transfer-encoding")) ||
	    !str_to_u64(headers_get(&t->head.headers, STR("content-length")), INT64_MAX, &length))
		return UINT64_MAX;
	return length;
}

/*
 * The reader need not wait until libcurl ends the transfer, which it does not do before the request's body
 * has been sent: the guest that writes it may be waiting for just this end. Over HTTP/2 nobody wants the rest
 * of that body, when the response is whole. Where the head is all there is, whoever sends it on is to know
 * that with the head, as gRPC's clients tell such a head from others by just that.
 */
static void end_download_if_complete(struct transfer *t)
{
	if (!t->download || t->download->expected != 0)
		return;
	if (t->head.version > HTTP_1_1) {
		if (t->upload && body_open(t->upload))
			loop_post(t->client->loop, &t->over);
		if (!is_trailers_only(t))
			return;
	}
	restart_timer(t, 0);
	body_end(take(t->download));
}

static void head_complete(struct transfer *t)
{
	if (t->head.status < 200)
		return; /* the final one follows */
	struct fetch *f = t->fetch;
	t->responded = true;
	t->download = body_new(t->client->loop);
	t->source = (struct body_source){ .resume = resume_download, .cancel = cancel_download };
	body_set_source(t->download, &t->source);
	t->download->expected = announced_length(t);
	t->head.body = t->download; /* the only reference */
	transfer_note_remote(t);
	restart_timer(t, t->between_bytes_ns);
	t->fetch = NULL;
	fetch_respond(f, t->head);
	end_download_if_complete(t);
}

/*
 * With its trailers a response over HTTP/2 is over, which libcurl before 8.0 does not tell before the
 * request's body has been sent; it hands over all of them in one go, when it learns that the origin has reset
 * the stream.
 */
static void trailer_came(struct transfer *t, struct str name, struct str value)
{
	body_trailer_add(t->download, name, value);
	if (t->head.version == HTTP_2 && t->client->before_8 && t->upload && body_open(t->upload))
		loop_post(t->client->loop, &t->over);
}

static void field_came(struct transfer *t, struct str line)
{
	struct str value = line, name = str_split(&value, ':');
	value = str_trim(value);
	if (!header_name_valid(name) || !header_value_valid(value))
		return; /* no reader of ours could do anything with it */
	if (t->download)
		trailer_came(t, name, value);
	else if (!t->responded)
		headers_add(&t->head.headers, &t->fetch->arena, name, value);
}

/* A folded line goes on with the value of the field before it: RFC 9112, 5.2. */
static void value_goes_on(struct transfer *t, struct str line)
{
	struct headers *h = &t->head.headers;
	if (t->responded || h->count == 0 || !header_value_valid(line))
		return;
	struct str *value = &h->at[h->count - 1].value;
	*value =
		arena_printf(&t->fetch->arena, STR_FMT " " STR_FMT, STR_ARG(*value), STR_ARG(str_trim(line)));
}

/*
 * Two lengths that differ: nobody can tell where the message ends (RFC 9112, 6.3). libcurl takes the last
 * one.
 */
static bool lengths_differ(const struct headers *h)
{
	struct str first = headers_get(h, STR("content-length"));
	size_t from = 0;
	for (const struct header *f; (f = headers_next(h, STR("content-length"), &from));) {
		if (!str_eq(f->value, first))
			return true;
	}
	return false;
}

/*
 * Trailers without a head: an origin that answers before the request has ended may reset the stream behind
 * its answer (RFC 9113, 8.1). When that comes in one piece with the head, libcurl before 8.0 drops both the
 * head and the body, and would wait for the request to end.
 */
static bool head_line_came(struct transfer *t, struct str line)
{
	if (!t->responded && str_starts(line, STR("HTTP/")) &&
	    str_find_char(line, '/') < str_find_char(line, ':'))
		return status_came(t, line);
	if (line.len && (*line.ptr == ' ' || *line.ptr == '\t'))
		value_goes_on(t, line);
	else if (!t->head.status)
		return stop(t, FETCH_HTTP_INCOMPLETE_RESPONSE);
	else if (line.len)
		field_came(t, line);
	else if (!t->responded && lengths_differ(&t->head.headers))
		return stop(t, FETCH_HTTP_PROTOCOL_ERROR);
	else if (!t->responded)
		head_complete(t);
	return true;
}

size_t transfer_header(char *bytes, size_t size, size_t count, void *data)
{
	struct transfer *t = data;
	struct str line = { bytes, size * count };
	if (t->dead)
		return 0;
	t->head_bytes += line.len;
	const struct headers *fields = t->download ? &t->download->trailers : &t->head.headers;
	if (t->head_bytes > HEAD_BYTES_MAX || fields->count > HEADERS_MAX) {
		stop(t, FETCH_HTTP_RESPONSE_HEADER_SECTION_TOO_LARGE);
		return 0;
	}
	while (line.len && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
		line.len--;
	return head_line_came(t, line) ? size * count : 0;
}

size_t transfer_write(char *bytes, size_t size, size_t count, void *data)
{
	struct transfer *t = data;
	if (t->dead)
		return 0;
	if (!t->download)
		return size * count;
	if (!body_has_room(t->download)) {
		t->download_paused = true;
		restart_timer(t, 0); /* it is the reader who is slow */
		return CURL_WRITEFUNC_PAUSE;
	}
	restart_timer(t, t->between_bytes_ns);
	body_write(t->download, (struct str){ bytes, size * count });
	end_download_if_complete(t);
	return t->dead ? 0 : size * count;
}

/* ---- going on after a pause ---- */

static void run_unpause(struct task *task)
{
	struct transfer *t = container_of(task, struct transfer, unpause);
	struct curl_client *c = t->client;
	if (t->download_paused && t->download && body_has_room(t->download)) {
		t->download_paused = false;
		restart_timer(t, t->between_bytes_ns);
	}
	c->inside++;
	t->api->curl_easy_pause(t->easy, (t->download_paused ? CURLPAUSE_RECV : 0) |
						 (t->upload_paused ? CURLPAUSE_SEND : 0));
	c->inside--;
	reap(c);
}

void transfer_watch_upload(struct transfer *t)
{
	watcher_start(&t->upload_watcher, &t->upload->readable, upload_changed);
}

/* A body that has failed ends the request at once: libcurl may wait for an origin that does not read on. */
static void upload_changed(struct task *task)
{
	struct transfer *t = container_of(task, struct transfer, upload_watcher.task);
	bool paused = t->upload_paused;
	if (body_failing(t->upload) != BODY_FAILURE_NONE) {
		transfer_done(t, CURLE_ABORTED_BY_CALLBACK);
		return;
	}
	t->upload_paused = false;
	transfer_watch_upload(t);
	if (paused)
		loop_post(t->client->loop, &t->unpause);
}

/* The stream is closed, and nobody waits for the rest of the request. */
static void run_over(struct task *task)
{
	struct transfer *t = container_of(task, struct transfer, over);
	struct body *download = take(t->download);
	if (download)
		body_end(download);
	transfer_give_up(t);
}

/* ---- the client ---- */

/* Nothing of libcurl is there before somebody sends: most processes never do. */
static bool start(struct curl_client *c, struct error *e)
{
	if (c->multi)
		return true;
	c->api = curl_api_load(e);
	if (!c->api)
		return false;
	c->multi = c->api->curl_multi_init();
	CHECK(c->multi);
	c->before_8 = c->api->curl_version_info(CURLVERSION_NOW)->version_num < 0x080000;
	c->timer = NEW(uv_timer_t);
	CHECK(uv_timer_init(loop_uv(c->loop), c->timer) == 0);
	c->timer->data = c;
	c->api->curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	c->api->curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	c->api->curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	c->api->curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	c->api->curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)POOLED_CONNECTIONS_MAX);
	return true;
}

static struct transfer *transfer_new(struct curl_client *c, struct fetch *f)
{
	struct transfer *t = NEW(struct transfer);
	t->client = c;
	t->api = c->api;
	t->fetch = f;
	t->refused = FETCH_OK;
	t->unpause.run = run_unpause;
	t->over.run = run_over;
	t->easy = c->api->curl_easy_init();
	CHECK(t->easy);
	f->answerer = t;
	f->cancel = cancel_fetch;
	list_push(&c->transfers, &t->link);
	return t;
}

static struct fetch *curl_client_send(struct http_client *client, const struct http_target *target,
				      struct str path, const struct http_request *request)
{
	struct curl_client *c = (struct curl_client *)client;
	struct fetch *f = fetch_new(c->loop);
	struct error e;
	enum fetch_error why;
	f->remote_host = arena_str(&f->arena, target->host);
	struct transfer *t = start(c, &e) ? transfer_new(c, f) : NULL;
	bool upgrade = request->upgrade;
	if (t && (upgrade ? transfer_set_up_upgrade : transfer_set_up)(t, target, path, request, &why)) {
		if (!upgrade)
			start_timer(t, target);
		CHECK(c->api->curl_multi_add_handle(c->multi, t->easy) == CURLM_OK);
		return f;
	}
	if (request->body)
		body_abandon(request->body);
	if (t) {
		fail(t, why, "");
		transfer_give_up(t);
	} else {
		fetch_fail(f, FETCH_INTERNAL_ERROR, str_from(e.text));
	}
	return f;
}

static void curl_client_destroy(struct http_client *client)
{
	struct curl_client *c = (struct curl_client *)client;
	CHECK(!c->inside);
	while (!list_empty(&c->transfers)) {
		struct transfer *t = container_of(c->transfers.next, struct transfer, link);
		struct body *download = take(t->download);
		if (t->stream)
			curl_stream_lose(take(t->stream));
		if (download)
			body_fail(download, BODY_FAILURE_INCOMPLETE);
		else if (t->fetch)
			fail(t, FETCH_INTERNAL_ERROR, "the client was shut down");
		transfer_give_up(t);
	}
	if (c->multi) {
		c->api->curl_multi_cleanup(c->multi);
		close_timer(c->timer);
	}
	mem_free(c);
}

static const struct http_client_ops curl_client_ops = {
	.name = "curl",
	.send = curl_client_send,
	.destroy = curl_client_destroy,
};

struct http_client *http_client_curl_new(struct loop *loop, const struct http_trust *trust, struct error *e)
{
	struct curl_client *c = NEW(struct curl_client);
	(void)e;
	if (trust)
		c->trust = *trust;
	c->super.ops = &curl_client_ops;
	c->loop = loop;
	list_init(&c->transfers);
	list_init(&c->dead);
	return &c->super;
}
