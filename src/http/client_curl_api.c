/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client_curl_api.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#ifdef __APPLE__
#define LIBCURL "libcurl.4.dylib"
#else
#define LIBCURL "libcurl.so.4"
#endif

/*
 * POSIX has data and code share one kind of pointer; ISO C does not, so the address goes by way of its bytes.
 */
static bool find(void *library, const char *name, void *function, struct error *e)
{
	void *address = dlsym(library, name);
	if (!address)
		return FAIL(e, UNSUPPORTED,
			    "%s has no function %s: it must be built with OpenSSL (Debian: libcurl4)",
			    LIBCURL, name);
	memcpy(function, &address, sizeof address);
	return true;
}

static bool load(struct curl_api *api, struct error *e)
{
	void *library = dlopen(LIBCURL, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return FAIL(e, UNSUPPORTED,
			    "real requests need libcurl: %s; on Debian: apt-get install libcurl4", dlerror());
#define X(function)                                       \
	if (!find(library, #function, &api->function, e)) \
		return false;
	CURL_FUNCTIONS(X)
#undef X
	if (api->curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return FAIL(e, INTERNAL, "libcurl does not start");
	return true;
}

const struct curl_api *curl_api_load(struct error *e)
{
	static struct curl_api api; /* a library is loaded once a process, whoever asks */
	static bool loaded;
	if (!loaded && !load(&api, e))
		return NULL;
	loaded = true;
	return &api;
}
