/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load generator for a server on this machine: GET requests over connections that are kept alive, each
 * sends its next request when it has the last one's response. It shares the cores with what it measures, so
 * it does little: one thread, a read and a write a request, and a wait when there is more than one
 * connection.
 *
 *   bench-load PORT PATH CONNECTIONS seconds N     for N seconds, after N/10 that do not count
 *   bench-load PORT PATH CONNECTIONS requests N    that many in all
 *
 * Waits until somebody listens. Prints one line of JSON; times in µs.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "answer.h"
#include "peer.h"

enum { CONNECTIONS_MAX = 1024, EVENTS_MAX = 64, SLOTS = 4 * 1000 * 1000, READ_BYTES = 64 << 10 };

static const uint64_t PATIENCE_NS = 120 * PEER_NS_PER_S;

struct connection {
	int fd;
	uint64_t sent_ns;
	struct answer answer;
};

struct load {
	uint16_t port;
	char request[1024];
	size_t request_len;
	int epoll; /* -1: one connection, so reading is waiting */
	unsigned connections;
	uint64_t counted_from_ns, until_ns, requests_left;
	uint64_t done, failed, bytes, last_ns;
	bool over;
};

static struct connection connections[CONNECTIONS_MAX];
static uint32_t slots[SLOTS]; /* requests by how many µs they took */

static void open_connection(struct load *l, struct connection *c)
{
	c->fd = peer_connect_patiently(l->port, PATIENCE_NS);
	if (c->fd < 0)
		peer_die("port %u: %s", l->port, strerror(errno));
	if (l->epoll < 0)
		return;
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
	if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
		peer_die("epoll: %s", strerror(errno));
}

static void ask(struct load *l, struct connection *c, uint64_t now)
{
	if (l->requests_left == 0) {
		l->over = true;
		return;
	}
	l->requests_left--;
	answer_init(&c->answer);
	c->sent_ns = now;
	if (write(c->fd, l->request, l->request_len) != (ssize_t)l->request_len)
		peer_die("port %u: a request could not be written: %s", l->port, strerror(errno));
}

static void count(struct load *l, const struct connection *c, uint64_t now)
{
	uint64_t us = (now - c->sent_ns) / 1000;
	if (c->answer.status != 200)
		l->failed++;
	if (c->sent_ns < l->counted_from_ns)
		return;
	l->done++;
	l->last_ns = now;
	slots[us < SLOTS ? us : SLOTS - 1]++;
}

static void reopen(struct load *l, struct connection *c)
{
	l->failed++;
	if (l->failed > 1000)
		peer_die("port %u: more than 1000 requests failed", l->port);
	close(c->fd);
	open_connection(l, c);
	ask(l, c, peer_now_ns());
}

static void read_some(struct load *l, struct connection *c)
{
	static char bytes[READ_BYTES];
	ssize_t n = read(c->fd, bytes, sizeof bytes);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		reopen(l, c);
		return;
	}
	l->bytes += (uint64_t)n;
	switch (answer_feed(&c->answer, bytes, (size_t)n)) {
	case ANSWER_HEAD:
	case ANSWER_BODY:
		break;
	case ANSWER_DONE: {
		uint64_t now = peer_now_ns();
		count(l, c, now);
		if (now >= l->until_ns)
			l->over = true;
		else
			ask(l, c, now);
		break;
	}
	case ANSWER_BAD:
		reopen(l, c);
		break;
	}
}

static void run(struct load *l)
{
	struct epoll_event events[EVENTS_MAX];
	while (!l->over) {
		if (l->epoll < 0) {
			read_some(l, &connections[0]);
			continue;
		}
		int n = epoll_wait(l->epoll, events, EVENTS_MAX, -1);
		for (int i = 0; i < n && !l->over; i++)
			read_some(l, events[i].data.ptr);
	}
}

/* The last requests of a fixed number are still under way on other connections. */
static void run_to_the_last(struct load *l, uint64_t wanted)
{
	l->over = false;
	while (l->done < wanted) {
		run(l);
		l->over = false;
	}
}

static double quantile(uint64_t of, double q)
{
	uint64_t wanted = (uint64_t)((double)of * q), seen = 0;
	for (size_t us = 0; us < SLOTS; us++) {
		seen += slots[us];
		if (seen > wanted)
			return (double)us;
	}
	return SLOTS;
}

static void report(const struct load *l)
{
	struct rusage used;
	getrusage(RUSAGE_SELF, &used);
	double seconds = (double)(l->last_ns - l->counted_from_ns) / 1e9;
	double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
		     (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
	printf("{\"requests\": %llu, \"failed\": %llu, \"seconds\": %.6f, \"per_second\": %.1f, \"p50\": %.0f, "
	       "\"p99\": %.0f, \"max\": %.0f, \"bytes\": %llu, \"own_cpu\": %.3f}\n",
	       (unsigned long long)l->done, (unsigned long long)l->failed, seconds,
	       seconds > 0 ? (double)l->done / seconds : 0, quantile(l->done, 0.5), quantile(l->done, 0.99),
	       quantile(l->done, 0.999999), (unsigned long long)l->bytes, cpu);
}

int main(int argc, char **argv)
{
	struct load l = { .epoll = -1, .until_ns = UINT64_MAX, .requests_left = UINT64_MAX };
	if (argc != 6 || (strcmp(argv[4], "seconds") != 0 && strcmp(argv[4], "requests") != 0))
		peer_die("usage: bench-load PORT PATH CONNECTIONS seconds|requests N");
	l.port = (uint16_t)peer_number(argv[1], UINT16_MAX);
	l.connections = (unsigned)peer_number(argv[3], CONNECTIONS_MAX);
	l.request_len = peer_request(l.request, sizeof l.request, l.port, argv[2]);
	uint64_t n = peer_number(argv[5], UINT32_MAX);
	bool timed = strcmp(argv[4], "seconds") == 0;
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	if (l.connections > 1)
		l.epoll = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned i = 0; i < l.connections; i++)
		open_connection(&l, &connections[i]);
	uint64_t start = peer_now_ns();
	l.counted_from_ns = timed ? start + n * PEER_NS_PER_S / 10 : start;
	l.until_ns = timed ? l.counted_from_ns + n * PEER_NS_PER_S : UINT64_MAX;
	l.requests_left = timed ? UINT64_MAX : n;
	for (unsigned i = 0; i < l.connections && !l.over; i++)
		ask(&l, &connections[i], start);
	if (timed)
		run(&l);
	else
		run_to_the_last(&l, n);
	report(&l);
	return l.failed ? 1 : 0;
}
