/* SPDX-License-Identifier: Apache-2.0 */
/* Words for what the compiler should check, and for ownership that ends with a scope. */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#define must_use __attribute__((warn_unused_result))
#define printf_like(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#define noreturn_fn __attribute__((noreturn))

/* 1 when AddressSanitizer looks on: gcc and clang say so in different ways. */
#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif
#ifndef UNDER_ASAN
#define UNDER_ASAN 0
#endif

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#undef MIN /* some system headers have their own */
#undef MAX
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* The struct that holds `ptr` as its member. */
/* clang-format off */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))
/* clang-format on */

/* `scoped(f) T x = …`: f(&x) runs when x goes out of scope. */
#define scoped(destroy) __attribute__((cleanup(destroy)))

/* Hands a pointer on: the scope it leaves no longer destroys it. */
#define take(p)                             \
	__extension__({                     \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})

#endif
