/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An origin for servers that can only ask one over the network: answers every request on every connection
 * with the same 200. One thread and epoll.
 *
 *   bench-origin PORT     until it is killed
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

enum { FDS_MAX = 4096, EVENTS_MAX = 64 };

static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 15\r\n\r\n"
			     "from the origin";
static const char END[] = "\r\n\r\n";

static unsigned matched[FDS_MAX]; /* of END, by file descriptor */

static int listen_on(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int on = 1;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1024) != 0)
		peer_die("port %u: %s", port, strerror(errno));
	return fd;
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		peer_die("epoll: %s", strerror(errno));
}

static void take_connection(int epoll, int listener)
{
	int on = 1, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (fd >= FDS_MAX) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	matched[fd] = 0;
	watch(epoll, fd);
}

/* Answers each request whose head has come; requests have no bodies here. */
static void serve(int fd)
{
	char bytes[16 << 10];
	ssize_t n = read(fd, bytes, sizeof bytes);
	bool good = n > 0;
	for (ssize_t i = 0; good && i < n; i++) {
		matched[fd] = bytes[i] == END[matched[fd]] ? matched[fd] + 1 : bytes[i] == END[0];
		if (matched[fd] < sizeof END - 1)
			continue;
		matched[fd] = 0;
		good = write(fd, ANSWER, sizeof ANSWER - 1) == (ssize_t)sizeof ANSWER - 1;
	}
	if (!good)
		close(fd);
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS_MAX];
	if (argc != 2)
		peer_die("usage: bench-origin PORT");
	signal(SIGPIPE, SIG_IGN);
	int listener = listen_on((uint16_t)peer_number(argv[1], UINT16_MAX));
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(epoll, listener);
	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS_MAX, -1);
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listener)
				take_connection(epoll, listener);
			else
				serve(events[i].data.fd);
		}
	}
}
