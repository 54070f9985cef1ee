/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JavaScriptCore's C API, loaded when the first JavaScript runs: it brings ICU and GLib along, which every
 * start of a program that needs none of it would pay for. Its functions are called as
 * `jsc.EvaluateScript(…)`.
 */
#ifndef GUEST_JS_JSC_H
#define GUEST_JS_JSC_H

#include <JavaScriptCore/JavaScript.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Exported by the library in all its versions, and missing in its installed headers. */
typedef bool (*JSShouldTerminateCallback)(JSContextRef ctx, void *context);
void JSContextGroupSetExecutionTimeLimit(JSContextGroupRef group, double seconds,
					 JSShouldTerminateCallback callback, void *context);
void JSContextGroupClearExecutionTimeLimit(JSContextGroupRef group);
void JSGlobalContextSetUnhandledRejectionCallback(JSGlobalContextRef ctx, JSObjectRef function,
						  JSValueRef *exception);
void JSSynchronousGarbageCollectForDebugging(JSContextRef ctx);
JSStringRef JSStringCreateWithCharactersNoCopy(const JSChar *text, size_t length);

#define JSC_FUNCTIONS(X)                              \
	X(ContextGroupCreate)                         \
	X(ContextGroupRelease)                        \
	X(ContextGroupSetExecutionTimeLimit)          \
	X(ContextGroupClearExecutionTimeLimit)        \
	X(GlobalContextCreateInGroup)                 \
	X(GlobalContextRelease)                       \
	X(GlobalContextSetUnhandledRejectionCallback) \
	X(ContextGetGlobalContext)                    \
	X(ContextGetGlobalObject)                     \
	X(EvaluateScript)                             \
	X(SynchronousGarbageCollectForDebugging)      \
	X(ClassCreate)                                \
	X(ObjectMake)                                 \
	X(ObjectMakeArray)                            \
	X(ObjectMakeArrayBufferWithBytesNoCopy)       \
	X(ObjectMakeDeferredPromise)                  \
	X(ObjectMakeError)                            \
	X(ObjectMakeFunctionWithCallback)             \
	X(ObjectCallAsConstructor)                    \
	X(ObjectCallAsFunction)                       \
	X(ObjectGetPrivate)                           \
	X(ObjectGetProperty)                          \
	X(ObjectGetPropertyAtIndex)                   \
	X(ObjectSetProperty)                          \
	X(ObjectSetPropertyAtIndex)                   \
	X(ObjectIsFunction)                           \
	X(ObjectGetArrayBufferByteLength)             \
	X(ObjectGetArrayBufferBytesPtr)               \
	X(ObjectGetTypedArrayByteLength)              \
	X(ObjectGetTypedArrayByteOffset)              \
	X(ObjectGetTypedArrayBytesPtr)                \
	X(StringCreateWithCharacters)                 \
	X(StringCreateWithCharactersNoCopy)           \
	X(StringCreateWithUTF8CString)                \
	X(StringGetCharactersPtr)                     \
	X(StringGetLength)                            \
	X(StringRelease)                              \
	X(ValueGetType)                               \
	X(ValueGetTypedArrayType)                     \
	X(ValueIsObjectOfClass)                       \
	X(ValueMakeBoolean)                           \
	X(ValueMakeNull)                              \
	X(ValueMakeNumber)                            \
	X(ValueMakeString)                            \
	X(ValueMakeUndefined)                         \
	X(ValueProtect)                               \
	X(ValueUnprotect)                             \
	X(ValueToBoolean)                             \
	X(ValueToNumber)                              \
	X(ValueToObject)                              \
	X(ValueToStringCopy)

struct jsc {
#define X(name) __typeof__(&JS##name) name;
	JSC_FUNCTIONS(X)
#undef X
};

/* The functions, once jsc_load() said true. */
extern struct jsc jsc;

/* Loads the library on the first call. False and an error that names the package: there is none to load. */
must_use bool jsc_load(struct error *e);

#endif
