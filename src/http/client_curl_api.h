/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl, loaded when the first request is sent. It brings some thirty libraries along, which take 4 ms to
 * load: longer than a whole test run that needs no network. OpenSSL's functions come from the very library
 * that libcurl uses.
 */
#ifndef HTTP_CLIENT_CURL_API_H
#define HTTP_CLIENT_CURL_API_H

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/error.h"

/* curl.h checks the types of options by macros, under these names. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#define CURL_FUNCTIONS(X)                \
	X(curl_global_init)              \
	X(curl_version_info)             \
	X(curl_easy_init)                \
	X(curl_easy_setopt)              \
	X(curl_easy_getinfo)             \
	X(curl_easy_pause)               \
	X(curl_easy_recv)                \
	X(curl_easy_send)                \
	X(curl_easy_strerror)            \
	X(curl_easy_cleanup)             \
	X(curl_multi_init)               \
	X(curl_multi_setopt)             \
	X(curl_multi_assign)             \
	X(curl_multi_add_handle)         \
	X(curl_multi_remove_handle)      \
	X(curl_multi_socket_action)      \
	X(curl_multi_info_read)          \
	X(curl_multi_cleanup)            \
	X(curl_slist_append)             \
	X(curl_slist_free_all)           \
	X(SSL_shutdown)                  \
	X(SSL_CTX_get0_param)            \
	X(X509_VERIFY_PARAM_set1_ip_asc) \
	X(X509_VERIFY_PARAM_set1_host)   \
	X(X509_VERIFY_PARAM_set_hostflags)

struct curl_api {
#define X(function) __typeof__(&function) function;
	CURL_FUNCTIONS(X)
#undef X
};

/*
 * The functions, loaded on the first call; NULL and an error when there is no libcurl to load. Never
 * unloaded.
 */
const struct curl_api *curl_api_load(struct error *e);

#endif
