/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs that measure have in common: the clock, and a connection to a server on this machine. */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stddef.h>
#include <stdint.h>

#define PEER_NS_PER_S UINT64_C(1000000000)

uint64_t peer_now_ns(void);

/* A connection to 127.0.0.1, or -1 with errno. */
int peer_connect(uint16_t port);

/* The same, tried again every 100 µs until somebody listens; -1: nobody did for `patience_ns`. */
int peer_connect_patiently(uint16_t port, uint64_t patience_ns);

/* A GET request without more headers than need be; `out` is cut at `cap`. Gives its length. */
size_t peer_request(char *out, size_t cap, uint16_t port, const char *path);

/* A number of the command line between 1 and `most`; anything else ends the program. */
uint64_t peer_number(const char *text, uint64_t most);

_Noreturn void peer_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
