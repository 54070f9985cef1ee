/* SPDX-License-Identifier: Apache-2.0 */
/* What libcurl is told before a transfer starts: where to, how, and what to send. */
#include "http/client_curl_priv.h"

#include <string.h>

#include "base/check.h"
#include "http/uri.h"

enum { TRANSFER_BUFFER_BYTES = 64 * 1024 };

#define SET(t, option, value) CHECK((t)->api->curl_easy_setopt((t)->easy, (option), (value)) == CURLE_OK)

/* ---- the body ---- */

size_t transfer_read(char *out, size_t size, size_t count, void *data)
{
	struct transfer *t = data;
	size_t len;
	if (t->dead)
		return CURL_READFUNC_ABORT;
	switch (body_read(t->upload, out, size * count, &len)) {
	case BODY_DATA:
		return len;
	case BODY_ENDED:
		return 0;
	case BODY_WAIT:
		t->upload_paused = true;
		return CURL_READFUNC_PAUSE;
	case BODY_FAILED:
		break;
	}
	return CURL_READFUNC_ABORT;
}

static void append(struct transfer *t, struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = t->api->curl_slist_append(*list, line);
	CHECK(longer);
	*list = longer;
}

static void append_field(struct transfer *t, struct curl_slist **list, const struct header *f)
{
	/* A colon with nothing behind it would mean to libcurl: leave this one out. */
	struct str between = f->value.len ? STR(": ") : STR(";");
	if (!header_name_valid(f->name) || !header_value_valid(f->value))
		return;
	char *line = arena_alloc(&t->arena, f->name.len + between.len + f->value.len + 1), *at = line;
	at = mempcpy(at, f->name.ptr, f->name.len);
	at = mempcpy(at, between.ptr, between.len);
	if (f->value.len)
		at = mempcpy(at, f->value.ptr, f->value.len);
	*at = '\0';
	append(t, list, line);
}

int transfer_trailers(struct curl_slist **list, void *data)
{
	struct transfer *t = data;
	for (size_t i = 0; i < t->upload->trailers.count; i++)
		append_field(t, list, &t->upload->trailers.at[i]);
	return CURL_TRAILERFUNC_OK;
}

static bool wants_length(struct str method)
{
	return str_eq(method, STR("POST")) || str_eq(method, STR("PUT")) || str_eq(method, STR("PATCH"));
}

static void set_body(struct transfer *t, const struct http_request *r)
{
	uint64_t length = 0;
	bool known = body_final_length(r->body, &length) &&
		     (r->body->trailers.count == 0 || r->body->promised != UINT64_MAX);
	t->upload = body_ref(r->body);
	transfer_watch_upload(t);
	SET(t, CURLOPT_UPLOAD, 1L);
	SET(t, CURLOPT_READFUNCTION, transfer_read);
	SET(t, CURLOPT_READDATA, t);
	SET(t, CURLOPT_INFILESIZE_LARGE, known ? (curl_off_t)length : (curl_off_t)-1);
	SET(t, CURLOPT_TRAILERFUNCTION, transfer_trailers);
	SET(t, CURLOPT_TRAILERDATA, t);
}

static void set_method(struct transfer *t, const struct http_request *r)
{
	uint64_t length = 1;
	t->head_only = str_eq(r->method, STR("HEAD"));
	bool empty = !r->body ||
		     (body_final_length(r->body, &length) && length == 0 && r->body->trailers.count == 0);
	if (empty || t->head_only) {
		if (r->body)
			body_abandon(r->body);
		if (wants_length(r->method) || headers_has(&r->headers, STR("content-length")))
			append(t, &t->headers, "Content-Length: 0");
	} else {
		set_body(t, r);
	}
	if (t->head_only)
		SET(t, CURLOPT_NOBODY, 1L);
	SET(t, CURLOPT_CUSTOMREQUEST, arena_str(&t->arena, r->method).ptr);
}

/* ---- headers ---- */

/* What concerns one connection only, or is libcurl's to say. */
static bool is_own(struct str name)
{
	static const struct str names[] = {
		STR_INIT("content-length"), STR_INIT("transfer-encoding"), STR_INIT("connection"),
		STR_INIT("keep-alive"),     STR_INIT("proxy-connection"),  STR_INIT("upgrade"),
		STR_INIT("expect"),
	};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (str_eq_nocase(name, names[i]))
			return true;
	}
	return false;
}

static void set_headers(struct transfer *t, const struct http_request *r)
{
	for (size_t i = 0; i < r->headers.count; i++) {
		if (!is_own(r->headers.at[i].name))
			append_field(t, &t->headers, &r->headers.at[i]);
	}
	/* libcurl adds these unless it is told not to. */
	if (!headers_has(&r->headers, STR("accept")))
		append(t, &t->headers, "Accept:");
	append(t, &t->headers, "Expect:");
	SET(t, CURLOPT_HTTPHEADER, t->headers);
}

/* ---- TLS ---- */

/*
 * The name in the certificate is one thing, the name in SNI another, and libcurl takes both from the URL.
 * Where they differ, this tells OpenSSL what to look for in the certificate.
 */
static CURLcode set_certificate_host(CURL *easy, void *ssl_ctx, void *data)
{
	const struct transfer *t = data;
	X509_VERIFY_PARAM *param = t->api->SSL_CTX_get0_param(ssl_ctx);
	(void)easy;
	if (t->api->X509_VERIFY_PARAM_set1_ip_asc(param, t->certificate_host.ptr) == 1)
		return CURLE_OK;
	t->api->X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (t->api->X509_VERIFY_PARAM_set1_host(param, t->certificate_host.ptr, t->certificate_host.len) == 1)
		return CURLE_OK;
	return CURLE_SSL_CERTPROBLEM;
}

static bool set_blob(struct transfer *t, CURLoption option, struct str pem)
{
	struct curl_blob blob = { .data = (void *)(uintptr_t)pem.ptr,
				  .len = pem.len,
				  .flags = CURL_BLOB_COPY };
	return pem.len == 0 || t->api->curl_easy_setopt(t->easy, option, &blob) == CURLE_OK;
}

/* libcurl could take a connection from its pool that was checked for another name, so these have one each. */
static bool check_certificate_ourselves(struct transfer *t, struct str name)
{
	t->certificate_host = arena_str(&t->arena, name);
	SET(t, CURLOPT_SSL_VERIFYHOST, 0L);
	SET(t, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	SET(t, CURLOPT_FRESH_CONNECT, 1L);
	SET(t, CURLOPT_FORBID_REUSE, 1L);
	return t->api->curl_easy_setopt(t->easy, CURLOPT_SSL_CTX_FUNCTION, set_certificate_host) ==
		       CURLE_OK &&
	       t->api->curl_easy_setopt(t->easy, CURLOPT_SSL_CTX_DATA, t) == CURLE_OK;
}

/* `url_host` is what libcurl would look for in the certificate by itself. */
static bool set_tls(struct transfer *t, const struct http_target *target, struct str url_host)
{
	static const long least[] = { CURL_SSLVERSION_TLSv1_0, CURL_SSLVERSION_TLSv1_1,
				      CURL_SSLVERSION_TLSv1_2, CURL_SSLVERSION_TLSv1_3,
				      CURL_SSLVERSION_DEFAULT };
	static const long most[] = { CURL_SSLVERSION_MAX_TLSv1_0, CURL_SSLVERSION_MAX_TLSv1_1,
				     CURL_SSLVERSION_MAX_TLSv1_2, CURL_SSLVERSION_MAX_TLSv1_3,
				     CURL_SSLVERSION_MAX_DEFAULT };
	struct str name = target->certificate_host.len ? target->certificate_host : target->host;
	bool good = target->tls_min <= TLS_ANY && target->tls_max <= TLS_ANY &&
		    t->api->curl_easy_setopt(t->easy, CURLOPT_SSLVERSION,
					     least[target->tls_min] | most[target->tls_max]) == CURLE_OK;
	if (target->ca_pem.len) {
		SET(t, CURLOPT_CAPATH, NULL); /* else the system's certificates are trusted, too */
		good = good && set_blob(t, CURLOPT_CAINFO_BLOB, target->ca_pem);
	} else if (t->client->trust.file || t->client->trust.folder) {
		SET(t, CURLOPT_CAINFO, t->client->trust.file);
		SET(t, CURLOPT_CAPATH, t->client->trust.folder);
	}
	good = good && set_blob(t, CURLOPT_SSLCERT_BLOB, target->client_cert_pem) &&
	       set_blob(t, CURLOPT_SSLKEY_BLOB, target->client_key_pem);
	if (target->ciphers.len)
		SET(t, CURLOPT_SSL_CIPHER_LIST, arena_str(&t->arena, target->ciphers).ptr);
	return good && (str_eq_nocase(name, url_host) || check_certificate_ourselves(t, name));
}

/* ---- where to ---- */

static bool is_address(struct str host)
{
	char text[64];
	uint8_t ip[16];
	if (host.len == 0 || host.len >= sizeof text)
		return false;
	memcpy(text, host.ptr, host.len);
	text[host.len] = '\0';
	return uv_inet_pton(AF_INET, text, ip) == 0 || uv_inet_pton(AF_INET6, text, ip) == 0;
}

/* host:port with the brackets that an IPv6 address needs. */
static struct str host_and_port(struct arena *a, struct str host, uint16_t port)
{
	bool v6 = str_find_char(host, ':') != STR_NONE;
	return arena_printf(a, v6 ? "[" STR_FMT "]:%u" : STR_FMT ":%u", STR_ARG(host), (unsigned)port);
}

/*
 * libcurl sends the URL's host as SNI, and none for an address; where to connect to is then said by
 * CONNECT_TO. The target on the request line goes out as it is.
 */
static bool set_url(struct transfer *t, const struct http_target *target, struct str path)
{
	static const struct str nobody = STR_INIT("0.0.0.0");
	bool tls = str_eq(target->scheme, STR("https"));
	struct str url_host = target->host;
	if (tls && target->use_sni && target->sni.len)
		url_host = target->sni;
	else if (tls && !target->use_sni && !is_address(target->host))
		url_host = nobody;
	struct str there = host_and_port(&t->arena, target->host, target->port);
	struct str url = arena_printf(&t->arena, "%s://" STR_FMT "/", tls ? "https" : "http",
				      STR_ARG(host_and_port(&t->arena, url_host, target->port)));
	SET(t, CURLOPT_REQUEST_TARGET, arena_str(&t->arena, path).ptr);
	if (!str_eq(url_host, target->host)) {
		append(t, &t->connect_to, arena_printf(&t->arena, "::" STR_FMT, STR_ARG(there)).ptr);
		SET(t, CURLOPT_CONNECT_TO, t->connect_to);
	}
	t->name_is_address = is_address(target->host);
	return t->api->curl_easy_setopt(t->easy, CURLOPT_URL, url.ptr) == CURLE_OK &&
	       (!tls || set_tls(t, target, url_host));
}

static void set_keepalive(struct transfer *t, const struct http_target *target)
{
	if (target->keepalive_ns)
		SET(t, CURLOPT_MAXAGE_CONN, (long)((target->keepalive_ns + NS_PER_S - 1) / NS_PER_S));
	if (!target->tcp_keepalive)
		return;
	SET(t, CURLOPT_TCP_KEEPALIVE, 1L);
	if (target->tcp_keepalive_time_s)
		SET(t, CURLOPT_TCP_KEEPIDLE, (long)target->tcp_keepalive_time_s);
	if (target->tcp_keepalive_interval_s)
		SET(t, CURLOPT_TCP_KEEPINTVL, (long)target->tcp_keepalive_interval_s);
#if LIBCURL_VERSION_NUM >= 0x080900
	if (target->tcp_keepalive_probes)
		SET(t, CURLOPT_TCP_KEEPCNT, (long)target->tcp_keepalive_probes);
#endif
}

static void set_connection(struct transfer *t, const struct http_target *target)
{
	bool tls = str_eq(target->scheme, STR("https"));
	long version = tls             ? CURL_HTTP_VERSION_2TLS
		       : target->http2 ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
				       : CURL_HTTP_VERSION_1_1;
	SET(t, CURLOPT_HTTP_VERSION, version);
	t->http2_only = target->http2;
	bool alone = target->dont_pool || (target->http2 && !tls && t->client->before_8);
	if (target->http2 && !alone)
		SET(t, CURLOPT_PIPEWAIT, 1L); /* one connection serves them all */
	if (target->connect_timeout_ns)
		SET(t, CURLOPT_CONNECTTIMEOUT_MS,
		    (long)((target->connect_timeout_ns + NS_PER_MS - 1) / NS_PER_MS));
	if (target->prefer_ipv4 && str_find_char(target->host, ':') == STR_NONE) {
		SET(t, CURLOPT_IPRESOLVE, (long)CURL_IPRESOLVE_V4);
		t->v4_first = true;
	}
	set_keepalive(t, target);
	if (alone) {
		SET(t, CURLOPT_FRESH_CONNECT, 1L);
		SET(t, CURLOPT_FORBID_REUSE, 1L);
	}
}

static void set_always(struct transfer *t)
{
	SET(t, CURLOPT_PRIVATE, t);
	SET(t, CURLOPT_ERRORBUFFER, t->error);
	SET(t, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(t, CURLOPT_PROXY, ""); /* whatever the environment says */
	SET(t, CURLOPT_NOSIGNAL, 1L);
	SET(t, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	SET(t, CURLOPT_BUFFERSIZE, (long)TRANSFER_BUFFER_BYTES);
	SET(t, CURLOPT_HEADERFUNCTION, transfer_header);
	SET(t, CURLOPT_HEADERDATA, t);
	SET(t, CURLOPT_WRITEFUNCTION, transfer_write);
	SET(t, CURLOPT_WRITEDATA, t);
#if LIBCURL_VERSION_NUM >= 0x075700
	SET(t, CURLOPT_QUICK_EXIT, 1L); /* giving up must not wait for a thread that resolves a name */
#endif
}

static bool path_valid(struct str path)
{
	struct uri u;
	struct error ignored;
	return uri_parse(&u, path, &ignored) && u.authority.len == 0;
}

bool transfer_set_up(struct transfer *t, const struct http_target *target, struct str path,
		     const struct http_request *request, enum fetch_error *why)
{
	*why = FETCH_HTTP_REQUEST_URI_INVALID;
	if (!path_valid(path) || !header_name_valid(request->method))
		return false;
	*why = FETCH_DESTINATION_NOT_FOUND;
	if (!uri_authority_valid(host_and_port(&t->arena, target->host, target->port)))
		return false;
	*why = FETCH_TLS_CONFIGURATION_ERROR;
	set_always(t);
	set_connection(t, target);
	if (!set_url(t, target, path))
		return false;
	set_method(t, request);
	set_headers(t, request);
	return true;
}
