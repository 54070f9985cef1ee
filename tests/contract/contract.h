/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A contract suite says each promise once and runs it over every implementation of an interface, each run a
 * test of its own: "a_promise_memory", "a_promise_slow", … A suite defines, before its first CONTRACT():
 *
 *	struct subject { … };                       what a promise is about
 *	static … memory(struct subject *s) { … }    one function for each implementation
 *	#define EVERY_IMPLEMENTATION(X, promise)    X(promise, memory) X(promise, slow) …
 *	static void begin(struct subject *s, … (*make)(struct subject *));
 *	static void end(struct subject *s);
 */
#ifndef CONTRACT_CONTRACT_H
#define CONTRACT_CONTRACT_H

#include "support/test.h"

#define CONTRACT_WITH(promise, implementation) \
	TEST(promise##_##implementation)       \
	{                                      \
		struct subject s;              \
		begin(&s, implementation);     \
		promise(&s);                   \
		end(&s);                       \
	}

#define CONTRACT(promise)                            \
	static void promise(struct subject *s);      \
	EVERY_IMPLEMENTATION(CONTRACT_WITH, promise) \
	static void promise(struct subject *s)

#endif
