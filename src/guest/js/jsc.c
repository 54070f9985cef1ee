/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/js/jsc.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

struct jsc jsc;

/* The same library, built for other versions of GTK; any will do. */
static const char *const libraries[] = {
#ifdef __APPLE__
	"/System/Library/Frameworks/JavaScriptCore.framework/JavaScriptCore",
#else
	"libjavascriptcoregtk-4.1.so.0",
	"libjavascriptcoregtk-6.0.so.1",
	"libjavascriptcoregtk-4.0.so.18",
#endif
};

static void *open_library(struct error *e)
{
	for (size_t i = 0; i < COUNT_OF(libraries); i++) {
		void *library = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
		if (library)
			return library;
	}
	FAIL(e, UNSUPPORTED,
	     "JavaScript needs JavaScriptCore, which is not installed; on Debian: apt-get install "
	     "libjavascriptcoregtk-4.1-0");
	return NULL;
}

static bool loaded; /* a library is loaded once a process, whoever asks */

#if UNDER_ASAN
/*
 * LeakSanitizer asks at the end of the process. It falls over the threads of JavaScriptCore, so where that is
 * loaded leaks are not looked for.
 */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return loaded;
}
#endif

bool jsc_load(struct error *e)
{
	if (loaded)
		return true;
	void *library = open_library(e);
	if (!library)
		return false;
		/*
		 * POSIX has data and code share one kind of pointer; ISO C does not, so the address goes by
		 * its bytes.
		 */
#define X(name)                                                                               \
	{                                                                                     \
		void *address = dlsym(library, "JS" #name);                                   \
		if (!address)                                                                 \
			return FAIL(e, UNSUPPORTED,                                           \
				    "the installed JavaScriptCore has no function JS" #name); \
		memcpy(&jsc.name, &address, sizeof address);                                  \
	}
	JSC_FUNCTIONS(X)
#undef X
	/* Ends endless loops by a flag that they look at, not by signals, whose handlers are Wasmtime's. */
	setenv("JSC_usePollingTraps", "1", 1);
	/* Stack traces keep every caller. */
	setenv("JSC_useTailCalls", "0", 1);
	/* The URL standard's library asks for it. */
	setenv("JSC_useSharedArrayBuffer", "1", 1);
	/* A realm with Vitest in it is larger than what the first collection waits for by itself. */
	setenv("JSC_smallHeapSize", "16777216", 0);
	/* Tests are short: what is compiled with much effort is seldom run long enough to repay it. */
	setenv("JSC_thresholdForOptimizeAfterWarmUp", "20000", 0);
	setenv("JSC_thresholdForOptimizeSoon", "20000", 0);
	setenv("JSC_thresholdForFTLOptimizeAfterWarmUp", "1000000", 0);
	loaded = true;
	return true;
}
