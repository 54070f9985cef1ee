/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RETRY_NS = 100 * 1000 };

uint64_t peer_now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * PEER_NS_PER_S + (uint64_t)t.tv_nsec;
}

int peer_connect(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int on = 1;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0) {
		int why = errno;
		close(fd);
		errno = why;
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

int peer_connect_patiently(uint16_t port, uint64_t patience_ns)
{
	const struct timespec pause = { 0, RETRY_NS };
	uint64_t until = peer_now_ns() + patience_ns;
	int fd;
	while ((fd = peer_connect(port)) < 0 && errno == ECONNREFUSED && peer_now_ns() < until)
		nanosleep(&pause, NULL);
	return fd;
}

size_t peer_request(char *out, size_t cap, uint16_t port, const char *path)
{
	int n = snprintf(out, cap, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", path, port);
	return n > 0 && (size_t)n < cap ? (size_t)n : 0;
}

uint64_t peer_number(const char *text, uint64_t most)
{
	char *end;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (errno || *end || end == text || n < 1 || n > most)
		peer_die("%s: expected a number from 1 to %llu", text, (unsigned long long)most);
	return n;
}

_Noreturn void peer_die(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}
