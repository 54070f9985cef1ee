/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors: a function that can fail returns `bool` (or a pointer) and takes `struct error *` last. On failure
 * it has filled the error exactly once; on success it has not touched it. Each layer may put what it was
 * doing in front with error_wrap(). The kind decides exit codes and HTTP statuses, the words are for people.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

#include "base/attr.h"

#define ERROR_KINDS(X)                  \
	X(NONE, "no error")             \
	X(NOT_FOUND, "not found")       \
	X(INVALID, "invalid input")     \
	X(LIMIT, "limit exceeded")      \
	X(IO, "i/o failure")            \
	X(TIMEOUT, "timed out")         \
	X(UNSUPPORTED, "not supported") \
	X(INTERNAL, "internal error")

enum error_kind {
#define X(name, text) ERROR_##name,
	ERROR_KINDS(X)
#undef X
};

enum { ERROR_TEXT_BYTES_MAX = 1024 };

struct error {
	enum error_kind kind;
	const char *file; /* place in our source, for debugging; the text says the place in the user's */
	int line;
	char text[ERROR_TEXT_BYTES_MAX]; /* NUL-ended; longer texts are cut and end with "..." */
};

/* `return FAIL(e, INVALID, "the greeting is empty");` yields false. */
#define FAIL(e, kind, ...) error_set((e), ERROR_##kind, __FILE__, __LINE__, __VA_ARGS__)

printf_like(5, 6) bool error_set(struct error *e, enum error_kind kind, const char *file, int line,
				 const char *format, ...);

/* Puts what we were doing in front of what went wrong: "WORDS: …"; kind and place stay. Yields false. */
printf_like(2, 3) bool error_wrap(struct error *e, const char *format, ...);

const char *error_kind_text(enum error_kind kind);

#endif
