/* SPDX-License-Identifier: Apache-2.0 */
/* Streams over TCP: the side that accepts. */
#ifndef NET_TCP_H
#define NET_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "loop/loop.h"
#include "net/stream.h"

struct tcp_listener;

/* What stream_lacks() says, of any connected socket. */
bool tcp_socket_lacks(int fd, uint64_t wanted);

/* Who gets the connections; must live until tcp_listener_close(). */
struct tcp_acceptor {
	void (*accepted)(struct tcp_acceptor *, struct stream *taken);
};

/*
 * Listens on `host`, an IP literal (IPv6 without brackets), and `port`, 0 for any that is free. An error
 * names the address and what to do about it.
 */
must_use bool tcp_listen(struct tcp_listener **out, struct loop *loop, const char *host, uint16_t port,
			 struct tcp_acceptor *acceptor, struct error *e);
uint16_t tcp_listener_port(const struct tcp_listener *l);

/* While paused, connections wait in the kernel's queue. */
void tcp_listener_pause(struct tcp_listener *l);
void tcp_listener_resume(struct tcp_listener *l);

/* Accepts nothing more; streams that were accepted live on. Leaves NULL; NULL is fine. Freed by the loop. */
void tcp_listener_close(struct tcp_listener **pl);

#endif
