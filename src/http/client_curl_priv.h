/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the libcurl client share. */
#ifndef HTTP_CLIENT_CURL_PRIV_H
#define HTTP_CLIENT_CURL_PRIV_H

#include <uv.h>

#include "base/arena.h"
#include "base/list.h"
#include "http/client.h"
#include "http/client_curl_api.h"

struct curl_client {
	struct http_client super;
	const struct curl_api *api;
	struct loop *loop;
	struct http_trust trust;
	CURLM *multi;
	uv_timer_t *timer;     /* libcurl's */
	struct list transfers; /* under way */
	struct list dead;      /* given up while libcurl was in the middle of one of them */
	/*
	 * Of libcurl before 8.0 two things are known: on a connection in the clear it begins HTTP/2 anew for
	 * each request, inside the HTTP/2 that is there, so all but the first would fail; and how it ends
	 * responses that have trailers, see trailer_came().
	 */
	bool before_8;
	unsigned inside; /* libcurl is running: it must not be asked to remove anything */
};

/*
 * A request under way: from http_client_send() until libcurl has no more to say, or nobody listens any more.
 * Before the head has come, that is up to the fetch; then, to the body.
 */
struct transfer {
	struct list link;
	struct curl_client *client;
	const struct curl_api *api;
	CURL *easy;
	struct arena arena; /* strings that libcurl borrows */
	struct curl_slist *headers, *connect_to;
	struct fetch *fetch; /* not a reference; NULL once it is settled */
	bool head_only;      /* HEAD */
	bool http2_only;
	bool dead;
	bool v4_first; /* IPv6 is tried when there is no IPv4 address */
	bool name_is_address;
	struct str certificate_host; /* checked by our own call to OpenSSL; empty: by libcurl */
	char error[CURL_ERROR_SIZE];
	enum fetch_error refused; /* FETCH_OK, or why one of our callbacks stopped libcurl */

	/* going out */
	struct body *upload; /* a reference, or NULL */
	struct watcher upload_watcher;
	bool upload_paused;

	/* coming in */
	struct http_response head;
	size_t head_bytes;
	bool responded;
	struct body *download; /* not a reference: it says when it goes */
	struct body_source source;
	bool download_paused;
	struct task unpause;
	struct task over; /* the response is whole, though libcurl does not know */

	/* a connection that is only made, and used by others: client_curl_upgrade.c */
	struct upgrade *upgrade;    /* NULL: an ordinary request */
	struct curl_stream *stream; /* once it is made */

	uint64_t first_byte_ns, between_bytes_ns;
	uv_timer_t *timer; /* NULL without these two */
	bool timed_out;
};

/* ---- client_curl_request.c ---- */

/* Tells libcurl what to send where. False: it cannot be sent, and the fetch's error is in `why`. */
must_use bool transfer_set_up(struct transfer *t, const struct http_target *target, struct str path,
			      const struct http_request *request, enum fetch_error *why);

/* libcurl's callbacks that feed it with the request's body. */
size_t transfer_read(char *out, size_t size, size_t count, void *data);
int transfer_trailers(struct curl_slist **list, void *data);

/* ---- client_curl_upgrade.c ---- */

/* The same for a request that may switch protocols; libcurl only connects. */
must_use bool transfer_set_up_upgrade(struct transfer *t, const struct http_target *target, struct str path,
				      const struct http_request *request, enum fetch_error *why);
/* The connection is there: sends the request over it, and the fetch has another answerer. */
must_use bool transfer_connected(struct transfer *t);
/* The request is not sent any more. */
void transfer_drop_upgrade(struct transfer *t);
/* The client goes, and the connection with it. */
void curl_stream_lose(struct curl_stream *s);

/* ---- client_curl_error.c ---- */

/* What it means when a transfer ends with `code` before its head, and within its body. */
enum fetch_error transfer_error(const struct transfer *t, CURLcode code);
enum body_failure transfer_body_failure(const struct transfer *t, CURLcode code);

/* ---- client_curl.c ---- */

void transfer_note_remote(struct transfer *t);
/* Nobody hears of this transfer any more. It is freed at once, or when libcurl has come out of it. */
void transfer_give_up(struct transfer *t);

size_t transfer_header(char *bytes, size_t size, size_t count, void *data);
size_t transfer_write(char *bytes, size_t size, size_t count, void *data);
void transfer_watch_upload(struct transfer *t);

#endif
