/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_client over libcurl's multi interface, driven by libuv (libcurl-multi(3), "multi_socket"). What is
 * libcurl's business stays there: names, connections and their pool, TLS, HTTP/1 and HTTP/2. Time-outs other
 * than that for connecting run on real time, because the network does.
 */
#include <uv.h>

#include <errno.h>
#include <string.h>

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/list.h"
#include "base/mem.h"
#include "http/client.h"

enum { HEAD_BYTES_MAX = 256 * 1024, TRANSFER_BUFFER_BYTES = 64 * 1024 };

struct curl_client {
	struct http_client super;
	struct loop *loop;
	CURLM *multi;
	uv_timer_t *timer;
	struct list transfers;
};

struct poll_handle {
	uv_poll_t uv;
	curl_socket_t fd;
	struct curl_client *client;
};

/* A request under way. Lives until libcurl is done with it, or the fetch is cancelled. */
struct transfer {
	struct list link;
	struct curl_client *client;
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	struct arena arena;  /* strings that libcurl borrows */
	struct fetch *fetch; /* borrowed: it cancels us when it goes */
	struct body *upload; /* a reference, or NULL */
	struct watcher upload_watcher;
	struct body *download;     /* a reference, once the head has come */
	struct body_source source; /* of the download */
	struct task unpause;
	bool responded, upload_paused, download_paused;
	uint64_t first_byte_ns, between_bytes_ns;
	uv_timer_t *timer;
	bool timed_out;
	struct str certificate_host;
	/* The head that is coming in. */
	struct http_response head;
	size_t head_bytes;
	char error[CURL_ERROR_SIZE];
};

static void check_done(struct curl_client *c);

/* ---- libuv under libcurl ---- */

static void freed(uv_handle_t *h)
{
	mem_free(h);
}

static void socket_ready(uv_poll_t *uv, int status, int events)
{
	struct poll_handle *p = (struct poll_handle *)uv;
	struct curl_client *c = p->client;
	int flags = status < 0 ? CURL_CSELECT_ERR : 0, running;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	curl_multi_socket_action(c->multi, p->fd, flags, &running);
	check_done(c);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *known)
{
	struct curl_client *c = data;
	struct poll_handle *p = known;
	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (p) {
			uv_poll_stop(&p->uv);
			uv_close((uv_handle_t *)&p->uv, freed);
			curl_multi_assign(c->multi, fd, NULL);
		}
		return 0;
	}
	if (!p) {
		p = NEW(struct poll_handle);
		p->fd = fd;
		p->client = c;
		if (uv_poll_init_socket(loop_uv(c->loop), &p->uv, fd) != 0) {
			mem_free(p);
			return -1;
		}
		curl_multi_assign(c->multi, fd, p);
	}
	int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
	uv_poll_start(&p->uv, events, socket_ready);
	return 0;
}

static void timer_fired(uv_timer_t *t)
{
	struct curl_client *c = t->data;
	int running;
	curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	check_done(c);
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

static void transfer_free(struct transfer *t)
{
	list_remove(&t->link);
	watcher_stop(&t->upload_watcher);
	task_cancel(&t->unpause);
	curl_multi_remove_handle(t->client->multi, t->easy);
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	curl_slist_free_all(t->connect_to);
	if (t->upload) {
		body_abandon(t->upload);
		body_unref(&t->upload);
	}
	if (t->download) {
		t->download->source = NULL;
		body_unref(&t->download);
	}
	if (t->timer) {
		uv_timer_stop(t->timer);
		uv_close((uv_handle_t *)t->timer, freed);
	}
	arena_fini(&t->arena);
	mem_free(t);
}

static enum fetch_error connect_error(CURL *easy)
{
	long number = 0;
	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
	switch (number) {
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EADDRNOTAVAIL:
		return FETCH_DESTINATION_IP_UNROUTABLE;
	case ETIMEDOUT:
		return FETCH_CONNECTION_TIMEOUT;
	case ECONNREFUSED:
		return FETCH_CONNECTION_REFUSED;
	default:
		return number ? FETCH_DESTINATION_UNAVAILABLE : FETCH_CONNECTION_REFUSED;
	}
}

static enum fetch_error map_error(const struct transfer *t, CURLcode code)
{
	if (t->timed_out)
		return FETCH_HTTP_RESPONSE_TIMEOUT;
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return FETCH_DNS_ERROR;
	case CURLE_COULDNT_CONNECT:
		return connect_error(t->easy);
	case CURLE_OPERATION_TIMEDOUT:
		return FETCH_CONNECTION_TIMEOUT;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
		return FETCH_TLS_CERTIFICATE_ERROR;
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ENGINE_NOTFOUND:
	case CURLE_NOT_BUILT_IN:
		return FETCH_TLS_CONFIGURATION_ERROR;
	case CURLE_SSL_CONNECT_ERROR:
		return strstr(t->error, "alert") ? FETCH_TLS_ALERT_RECEIVED : FETCH_TLS_PROTOCOL_ERROR;
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return FETCH_CONNECTION_TERMINATED;
	case CURLE_PARTIAL_FILE:
		return FETCH_HTTP_INCOMPLETE_RESPONSE;
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_BAD_CONTENT_ENCODING:
		return FETCH_HTTP_PROTOCOL_ERROR;
#if LIBCURL_VERSION_NUM >= 0x080600
	case CURLE_TOO_LARGE:
#endif
	case CURLE_OUT_OF_MEMORY:
	case CURLE_WRITE_ERROR: /* our own header callback refused */
		return FETCH_HTTP_RESPONSE_HEADER_SECTION_TOO_LARGE;
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return FETCH_H2_ERROR;
	case CURLE_ABORTED_BY_CALLBACK: /* the upload's writer gave up */
		return FETCH_CONNECTION_TERMINATED;
	default:
		return FETCH_INTERNAL_ERROR;
	}
}

static enum body_failure body_error(const struct transfer *t, CURLcode code)
{
	if (t->timed_out)
		return BODY_FAILURE_TIMEOUT;
	return code == CURLE_HTTP2_STREAM || code == CURLE_RECV_ERROR || code == CURLE_PARTIAL_FILE
		       ? BODY_FAILURE_INCOMPLETE
		       : BODY_FAILURE_PROTOCOL;
}

static void transfer_done(struct transfer *t, CURLcode code)
{
	if (t->responded && code == CURLE_OK)
		body_end(t->download);
	else if (t->responded)
		body_fail(t->download, body_error(t, code));
	else if (code == CURLE_OK)
		fetch_fail(t->fetch, FETCH_HTTP_INCOMPLETE_RESPONSE,
			   STR("the connection ended within the head"));
	else
		fetch_fail(t->fetch, map_error(t, code),
			   str_from(t->error[0] ? t->error : curl_easy_strerror(code)));
	transfer_free(t);
}

static void check_done(struct curl_client *c)
{
	int left;
	for (CURLMsg *m; (m = curl_multi_info_read(c->multi, &left));) {
		struct transfer *t;
		if (m->msg != CURLMSG_DONE)
			continue;
		CURLcode code = m->data.result;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
		transfer_done(t, code);
	}
}

static void cancel_fetch(struct fetch *f)
{
	transfer_free(f->answerer);
}

static void cancel_download(struct body_source *source)
{
	transfer_free(container_of(source, struct transfer, source));
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
	if (ns)
		uv_timer_start(t->timer, timed_out, (ns + NS_PER_MS - 1) / NS_PER_MS, 0);
	else
		uv_timer_stop(t->timer);
}

/* ---- bytes in ---- */

static bool parse_status(struct transfer *t, struct str line)
{
	uint64_t status;
	struct str rest = line, version = str_split(&rest, ' ');
	if (!str_starts(version, STR("HTTP/")) || !str_to_u64(str_sub(rest, 0, 3), 999, &status) ||
	    status < 100)
		return false;
	t->head = (struct http_response){ .status = (uint16_t)status };
	t->head.version = str_starts(version, STR("HTTP/2")) ? HTTP_2
			  : str_eq(version, STR("HTTP/1.0")) ? HTTP_1_0
							     : HTTP_1_1;
	t->head.reason = arena_str(&t->fetch->arena, str_trim(str_sub(rest, 4, rest.len)));
	return true;
}

static void note_remote(struct transfer *t)
{
	char *ip = NULL;
	long port = 0;
	curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &ip);
	curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_PORT, &port);
	struct fetch *f = t->fetch;
	f->remote_port = (uint16_t)port;
	if (ip && uv_inet_pton(AF_INET, ip, f->remote_ip) == 0)
		f->remote_ip_len = 4;
	else if (ip && uv_inet_pton(AF_INET6, ip, f->remote_ip) == 0)
		f->remote_ip_len = 16;
}

static void resume_download(struct body_source *source)
{
	struct transfer *t = container_of(source, struct transfer, source);
	if (t->download_paused)
		loop_post(t->client->loop, &t->unpause);
}

static void head_complete(struct transfer *t)
{
	if (t->head.status < 200 && t->head.status != 101)
		return; /* an interim response: the final one follows */
	uint64_t length;
	t->responded = true;
	t->download = body_new(t->client->loop);
	t->source = (struct body_source){ .resume = resume_download, .cancel = cancel_download };
	body_set_source(t->download, &t->source);
	if (str_to_u64(headers_get(&t->head.headers, STR("content-length")), UINT64_MAX, &length) &&
	    http_status_has_body(t->head.status) && !headers_has(&t->head.headers, STR("transfer-encoding")))
		t->download->expected = length;
	note_remote(t);
	restart_timer(t, t->between_bytes_ns);
	t->head.body = body_ref(t->download);
	struct fetch *f = t->fetch;
	t->fetch = NULL; /* from here on the body tells us when nobody is interested any more */
	f->cancel = NULL;
	fetch_respond(f, t->head);
}

static size_t header_came(char *bytes, size_t size, size_t count, void *data)
{
	struct transfer *t = data;
	struct str line = str_trim((struct str){ bytes, size * count });
	t->head_bytes += size * count;
	if (t->head_bytes > HEAD_BYTES_MAX)
		return 0;
	if (!t->responded && str_starts(line, STR("HTTP/")) && str_find_char(line, ':') == STR_NONE)
		return parse_status(t, line) ? size * count : 0;
	if (line.len == 0) {
		if (!t->responded)
			head_complete(t);
		return size * count;
	}
	struct str rest = line, name = str_split(&rest, ':');
	if (t->responded)
		body_trailer_add(t->download, name, str_trim(rest));
	else
		headers_add(&t->head.headers, &t->fetch->arena, name, str_trim(rest));
	return size * count;
}

static size_t bytes_came(char *bytes, size_t size, size_t count, void *data)
{
	struct transfer *t = data;
	if (!body_has_room(t->download)) {
		t->download_paused = true;
		restart_timer(t, 0); /* it is the reader who is slow */
		return CURL_WRITEFUNC_PAUSE;
	}
	restart_timer(t, t->between_bytes_ns);
	body_write(t->download, (struct str){ bytes, size * count });
	return size * count;
}

/* ---- bytes out ---- */

static void run_unpause(struct task *task)
{
	struct transfer *t = container_of(task, struct transfer, unpause);
	struct curl_client *c = t->client;
	if (t->download_paused)
		restart_timer(t, t->between_bytes_ns);
	t->download_paused = t->upload_paused = false;
	curl_easy_pause(t->easy, CURLPAUSE_CONT);
	int running;
	curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	check_done(c);
}

static void upload_came(struct task *task)
{
	struct transfer *t = container_of(task, struct transfer, upload_watcher.task);
	if (t->upload_paused)
		loop_post(t->client->loop, &t->unpause);
}

static size_t bytes_wanted(char *out, size_t size, size_t count, void *data)
{
	struct transfer *t = data;
	size_t len;
	switch (body_read(t->upload, out, size * count, &len)) {
	case BODY_DATA:
		return len;
	case BODY_ENDED:
		return 0;
	case BODY_WAIT:
		t->upload_paused = true;
		watcher_start(&t->upload_watcher, &t->upload->readable, upload_came);
		return CURL_READFUNC_PAUSE;
	case BODY_FAILED:
		break;
	}
	return CURL_READFUNC_ABORT;
}

/* The trailers of a chunked upload; called when its last byte was read. */
static int trailers_wanted(struct curl_slist **list, void *data)
{
	struct transfer *t = data;
	for (size_t i = 0; i < t->upload->trailers.count; i++) {
		const struct header *f = &t->upload->trailers.at[i];
		*list = curl_slist_append(*list, arena_printf(&t->arena, STR_FMT ": " STR_FMT,
							      STR_ARG(f->name), STR_ARG(f->value))
							 .ptr);
	}
	return CURL_TRAILERFUNC_OK;
}

/* ---- setting up ---- */

static void add_header(struct transfer *t, struct str name, struct str value)
{
	struct str line =
		value.len ? arena_printf(&t->arena, STR_FMT ": " STR_FMT, STR_ARG(name), STR_ARG(value))
			  : arena_printf(&t->arena, STR_FMT ";", STR_ARG(name));
	t->headers = curl_slist_append(t->headers, line.ptr);
	CHECK(t->headers);
}

static bool wants_length(struct str method)
{
	return str_eq(method, STR("POST")) || str_eq(method, STR("PUT")) || str_eq(method, STR("PATCH"));
}

static void set_headers(struct transfer *t, const struct http_request *r)
{
	for (size_t i = 0; i < r->headers.count; i++)
		add_header(t, r->headers.at[i].name, r->headers.at[i].value);
	/* What libcurl would add by itself. */
	if (!headers_has(&r->headers, STR("accept")))
		t->headers = curl_slist_append(t->headers, "Accept:");
	if (!headers_has(&r->headers, STR("expect")))
		t->headers = curl_slist_append(t->headers, "Expect:");
	if (!r->body && wants_length(r->method) && !headers_has(&r->headers, STR("content-length")))
		add_header(t, STR("Content-Length"), STR("0"));
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
}

static void set_method(struct transfer *t, const struct http_request *r)
{
	uint64_t length;
	if (r->body) {
		t->upload = body_ref(r->body);
		curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, bytes_wanted);
		curl_easy_setopt(t->easy, CURLOPT_READDATA, t);
		bool known = body_known_length(r->body, &length) && r->body->trailers.count == 0;
		curl_easy_setopt(t->easy, CURLOPT_INFILESIZE_LARGE,
				 known ? (curl_off_t)length : (curl_off_t)-1);
		curl_easy_setopt(t->easy, CURLOPT_TRAILERFUNCTION, trailers_wanted);
		curl_easy_setopt(t->easy, CURLOPT_TRAILERDATA, t);
	} else if (str_eq(r->method, STR("HEAD"))) {
		curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
	}
	curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, arena_str(&t->arena, r->method).ptr);
}

/* Name checks are ours (VERIFYHOST is off): the certificate's name need not be the host's. */
static CURLcode set_certificate_host(CURL *easy, void *ssl_ctx, void *data)
{
	const struct transfer *t = data;
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ssl_ctx);
	(void)easy;
	if (X509_VERIFY_PARAM_set1_ip_asc(param, t->certificate_host.ptr) == 1)
		return CURLE_OK;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(param, t->certificate_host.ptr, t->certificate_host.len) == 1
		       ? CURLE_OK
		       : CURLE_SSL_CERTPROBLEM;
}

static void set_blob(struct transfer *t, CURLoption option, struct str pem)
{
	struct curl_blob blob = { .data = (void *)pem.ptr, .len = pem.len, .flags = CURL_BLOB_COPY };
	if (pem.len)
		curl_easy_setopt(t->easy, option, &blob);
}

static void set_tls(struct transfer *t, const struct http_target *target)
{
	static const long least[] = { CURL_SSLVERSION_TLSv1_0, CURL_SSLVERSION_TLSv1_1,
				      CURL_SSLVERSION_TLSv1_2, CURL_SSLVERSION_TLSv1_3,
				      CURL_SSLVERSION_DEFAULT };
	static const long most[] = { CURL_SSLVERSION_MAX_TLSv1_0, CURL_SSLVERSION_MAX_TLSv1_1,
				     CURL_SSLVERSION_MAX_TLSv1_2, CURL_SSLVERSION_MAX_TLSv1_3,
				     CURL_SSLVERSION_MAX_DEFAULT };
	t->certificate_host =
		arena_str(&t->arena, target->certificate_host.len ? target->certificate_host : target->host);
	curl_easy_setopt(t->easy, CURLOPT_SSLVERSION,
			 least[MIN(target->tls_min, TLS_ANY)] | most[MIN(target->tls_max, TLS_ANY)]);
	curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(t->easy, CURLOPT_SSL_CTX_FUNCTION, set_certificate_host);
	curl_easy_setopt(t->easy, CURLOPT_SSL_CTX_DATA, t);
	set_blob(t, CURLOPT_CAINFO_BLOB, target->ca_pem);
	set_blob(t, CURLOPT_SSLCERT_BLOB, target->client_cert_pem);
	set_blob(t, CURLOPT_SSLKEY_BLOB, target->client_key_pem);
	if (target->ciphers.len)
		curl_easy_setopt(t->easy, CURLOPT_SSL_CIPHER_LIST, arena_str(&t->arena, target->ciphers).ptr);
	/* A pooled connection was checked for the name of its first user. */
	if (target->certificate_host.len && !str_eq_nocase(target->certificate_host, target->host))
		curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, 1L);
}

/*
 * The URL's host is what libcurl sends as SNI: the name wanted there, or an address to send none. Where to
 * connect is said by CONNECT_TO, and the request's target goes out as it is.
 */
static void set_url(struct transfer *t, const struct http_target *target, struct str path)
{
	bool tls = str_eq(target->scheme, STR("https")), v6 = str_find_char(target->host, ':') != STR_NONE;
	const char *open = v6 ? "[" : "", *close = v6 ? "]" : "";
	struct str name = !tls ? STR("") : !target->use_sni ? STR("0.0.0.0") : target->sni;
	bool other = name.len && !str_eq(name, target->host);
	struct str url =
		other ? arena_printf(&t->arena, STR_FMT "://" STR_FMT ":%u/", STR_ARG(target->scheme),
				     STR_ARG(name), target->port)
		      : arena_printf(&t->arena, STR_FMT "://%s" STR_FMT "%s:%u/", STR_ARG(target->scheme),
				     open, STR_ARG(target->host), close, target->port);
	curl_easy_setopt(t->easy, CURLOPT_URL, url.ptr);
	curl_easy_setopt(t->easy, CURLOPT_REQUEST_TARGET, arena_str(&t->arena, path).ptr);
	if (other) {
		struct str to = arena_printf(&t->arena, "::%s" STR_FMT "%s:%u", open, STR_ARG(target->host),
					     close, target->port);
		t->connect_to = curl_slist_append(NULL, to.ptr);
		curl_easy_setopt(t->easy, CURLOPT_CONNECT_TO, t->connect_to);
	}
	if (tls)
		set_tls(t, target);
}

static void set_plain(struct transfer *t, const struct http_target *target)
{
	bool tls = str_eq(target->scheme, STR("https"));
	long version = !target->http2 ? CURL_HTTP_VERSION_1_1
		       : tls          ? CURL_HTTP_VERSION_2TLS
				      : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(t->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, version);
	curl_easy_setopt(t->easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(t->easy, CURLOPT_BUFFERSIZE, (long)TRANSFER_BUFFER_BYTES);
	curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, header_came);
	curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, bytes_came);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	if (target->connect_timeout_ns)
		curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS,
				 (long)MAX(target->connect_timeout_ns / NS_PER_MS, 1u));
	if (target->prefer_ipv4)
		curl_easy_setopt(t->easy, CURLOPT_IPRESOLVE, (long)CURL_IPRESOLVE_V4);
}

static struct fetch *curl_send(struct http_client *client, const struct http_target *target, struct str path,
			       const struct http_request *request)
{
	struct curl_client *c = (struct curl_client *)client;
	struct fetch *f = fetch_new(c->loop);
	struct transfer *t = NEW(struct transfer);
	t->client = c;
	t->fetch = f;
	t->easy = curl_easy_init();
	CHECK(t->easy);
	t->unpause.run = run_unpause;
	t->first_byte_ns = target->first_byte_timeout_ns;
	t->between_bytes_ns = target->between_bytes_timeout_ns;
	set_plain(t, target);
	set_url(t, target, path);
	set_headers(t, request);
	set_method(t, request);
	if (t->first_byte_ns || t->between_bytes_ns) {
		t->timer = NEW(uv_timer_t);
		uv_timer_init(loop_uv(c->loop), t->timer);
		t->timer->data = t;
		restart_timer(t, t->first_byte_ns);
	}
	f->answerer = t;
	f->cancel = cancel_fetch;
	list_push(&c->transfers, &t->link);
	CHECK(curl_multi_add_handle(c->multi, t->easy) == CURLM_OK);
	return f;
}

static void curl_destroy(struct http_client *client)
{
	struct curl_client *c = (struct curl_client *)client;
	while (!list_empty(&c->transfers)) {
		struct transfer *t = container_of(c->transfers.next, struct transfer, link);
		if (t->responded)
			body_fail(t->download, BODY_FAILURE_INCOMPLETE);
		else
			fetch_fail(t->fetch, FETCH_INTERNAL_ERROR, STR("the client was shut down"));
		transfer_free(t);
	}
	curl_multi_cleanup(c->multi);
	uv_timer_stop(c->timer);
	uv_close((uv_handle_t *)c->timer, freed);
	mem_free(c);
}

static const struct http_client_ops curl_ops = {
	.name = "curl",
	.send = curl_send,
	.destroy = curl_destroy,
};

struct http_client *http_client_curl_new(struct loop *loop, struct error *e)
{
	static bool started; /* libcurl's own global state: once a process */
	if (!started && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		FAIL(e, INTERNAL, "libcurl does not start");
		return NULL;
	}
	started = true;
	struct curl_client *c = NEW(struct curl_client);
	c->super.ops = &curl_ops;
	c->loop = loop;
	list_init(&c->transfers);
	c->multi = curl_multi_init();
	CHECK(c->multi);
	c->timer = NEW(uv_timer_t);
	uv_timer_init(loop_uv(loop), c->timer);
	c->timer->data = c;
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	return &c->super;
}
