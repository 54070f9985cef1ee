/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl's codes are coarse; where one stands for several errors, errno or libcurl's own words tell them
 * apart. */
#include "http/client_curl_priv.h"

#include <errno.h>
#include <string.h>

static bool says(const struct transfer *t, const char *words)
{
	return strstr(t->error, words) != NULL;
}

static long os_error(const struct transfer *t)
{
	long number = 0;
	t->api->curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &number);
	return number;
}

static enum fetch_error connect_error(const struct transfer *t)
{
	switch (os_error(t)) {
	case ECONNREFUSED:
		return FETCH_CONNECTION_REFUSED;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
		return FETCH_DESTINATION_IP_UNROUTABLE;
	case ETIMEDOUT:
		return FETCH_CONNECTION_TIMEOUT;
	case ECONNRESET:
		return FETCH_CONNECTION_TERMINATED;
	default:
		return FETCH_DESTINATION_UNAVAILABLE;
	}
}

/* Our own time-outs do not come here: this is libcurl's for resolving and connecting. */
static enum fetch_error timeout_error(const struct transfer *t)
{
	curl_off_t resolved_us = 0;
	t->api->curl_easy_getinfo(t->easy, CURLINFO_NAMELOOKUP_TIME_T, &resolved_us);
	return resolved_us == 0 && !t->name_is_address ? FETCH_DNS_TIMEOUT : FETCH_CONNECTION_TIMEOUT;
}

static enum fetch_error tls_error(const struct transfer *t)
{
	if (says(t, "alert"))
		return FETCH_TLS_ALERT_RECEIVED;
	/* The connection broke during the handshake. */
	if (says(t, "SYSCALL") || says(t, "reset by peer") || says(t, "unexpected eof"))
		return FETCH_CONNECTION_TERMINATED;
	/*
	 * A signature in the certificate that does not fit: libcurl knows only OpenSSL's first error, from
	 * deep below TLS.
	 */
	if (says(t, " routines:") && !says(t, "SSL routines:"))
		return FETCH_TLS_CERTIFICATE_ERROR;
	return FETCH_TLS_PROTOCOL_ERROR;
}

static enum fetch_error receive_error(const struct transfer *t)
{
	if (says(t, "alert"))
		return FETCH_TLS_ALERT_RECEIVED;
	if (says(t, "Too large response headers"))
		return FETCH_HTTP_RESPONSE_HEADER_SECTION_TOO_LARGE;
	return FETCH_CONNECTION_TERMINATED;
}

enum fetch_error transfer_error(const struct transfer *t, CURLcode code)
{
	if (t->timed_out)
		return FETCH_HTTP_RESPONSE_TIMEOUT;
	if (t->refused != FETCH_OK)
		return t->refused;
	switch (code) {
	case CURLE_OK:
		return FETCH_HTTP_INCOMPLETE_RESPONSE; /* the end came within the head */
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return FETCH_DNS_ERROR;
	case CURLE_COULDNT_CONNECT:
		return connect_error(t);
	case CURLE_OPERATION_TIMEDOUT:
		return timeout_error(t);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return FETCH_TLS_CERTIFICATE_ERROR;
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CRL_BADFILE:
	case CURLE_SSL_ENGINE_NOTFOUND:
	case CURLE_NOT_BUILT_IN:
		return FETCH_TLS_CONFIGURATION_ERROR;
	case CURLE_SSL_CONNECT_ERROR:
		return tls_error(t);
	case CURLE_RECV_ERROR:
		return receive_error(t);
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_SEND_FAIL_REWIND:
	case CURLE_ABORTED_BY_CALLBACK: /* the upload's writer gave up */
		return FETCH_CONNECTION_TERMINATED;
	case CURLE_PARTIAL_FILE:
		return FETCH_HTTP_INCOMPLETE_RESPONSE;
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_BAD_CONTENT_ENCODING:
		return FETCH_HTTP_PROTOCOL_ERROR;
	case CURLE_OUT_OF_MEMORY: /* what libcurl says of a header line beyond its own limit */
#if LIBCURL_VERSION_NUM >= 0x080600
	case CURLE_TOO_LARGE:
#endif
		return FETCH_HTTP_RESPONSE_HEADER_SECTION_TOO_LARGE;
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return FETCH_H2_ERROR;
	case CURLE_URL_MALFORMAT:
		return FETCH_HTTP_REQUEST_URI_INVALID;
	default:
		return FETCH_INTERNAL_ERROR;
	}
}

enum body_failure transfer_body_failure(const struct transfer *t, CURLcode code)
{
	if (t->timed_out)
		return BODY_FAILURE_TIMEOUT;
	if (says(t, "chunk") && code != CURLE_PARTIAL_FILE)
		return BODY_FAILURE_PROTOCOL;
	switch (code) {
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_BAD_CONTENT_ENCODING:
		return BODY_FAILURE_PROTOCOL;
	default:
		return BODY_FAILURE_INCOMPLETE;
	}
}
