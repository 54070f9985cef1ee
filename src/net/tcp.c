/* SPDX-License-Identifier: Apache-2.0 */
#include <uv.h>

#include "net/tcp.h"

#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/rc.h"

enum { READ_BYTES = 64 * 1024, BACKLOG = 1024 };

/* One buffer for all connections of a listener: libuv fills it and hands it up in the same breath. */
struct read_buffer {
	struct rc rc;
	char bytes[READ_BYTES];
};

static void read_buffer_destroy(struct rc *r)
{
	mem_free(r);
}

/* ---- a connection ---- */

struct tcp {
	struct stream super;
	struct loop *loop;
	uv_tcp_t handle;
	uv_write_t write_request;
	uv_shutdown_t shutdown_request;
	struct task failed; /* brings the error of a write that failed at once */
	struct read_buffer *buffer;
	stream_closed_fn *closed;
	void *closed_data;
};

_Static_assert(offsetof(struct tcp, super) == 0, "a stream is the first member of its kinds");

static uv_stream_t *uv_of(struct tcp *t)
{
	return (uv_stream_t *)&t->handle;
}

static void give_room(uv_handle_t *h, size_t suggested, uv_buf_t *out)
{
	struct tcp *self = h->data;
	(void)suggested;
	*out = uv_buf_init(self->buffer->bytes, READ_BYTES);
}

static void have_read(uv_stream_t *u, ssize_t n, const uv_buf_t *buffer)
{
	struct tcp *self = u->data;
	if (n > 0) {
		stream_tell_data(&self->super, (struct str){ buffer->base, (size_t)n });
	} else if (n < 0) {
		uv_read_stop(u);
		stream_tell_ended(&self->super, n == UV_EOF ? STREAM_OK : STREAM_RESET);
	}
}

static void tcp_read_start(struct stream *s)
{
	struct tcp *self = (struct tcp *)s;
	int code = uv_read_start(uv_of(self), give_room, have_read);
	CHECK(code == 0 || code == UV_EALREADY);
}

static void tcp_read_stop(struct stream *s)
{
	uv_read_stop(uv_of((struct tcp *)s));
}

bool tcp_socket_lacks(int fd, uint64_t wanted)
{
	struct pollfd look = { .fd = fd, .events = POLLRDHUP };
	int unread = 0;
	if (poll(&look, 1, 0) != 1)
		return false;
	if (look.revents & (POLLERR | POLLHUP | POLLNVAL))
		return true;
	return ioctl(fd, FIONREAD, &unread) == 0 && (uint64_t)unread < wanted;
}

static bool tcp_lacks(const struct stream *s, uint64_t wanted)
{
	uv_os_fd_t fd;
	const struct tcp *self = (const struct tcp *)s;
	return uv_fileno((const uv_handle_t *)&self->handle, &fd) == 0 && tcp_socket_lacks(fd, wanted);
}

static void have_written(uv_write_t *request, int code)
{
	struct tcp *self = request->data;
	enum stream_error error = code == 0              ? STREAM_OK
				  : code == UV_ECANCELED ? STREAM_CANCELLED
							 : STREAM_RESET;
	stream_tell_written(&self->super, error);
}

static void tell_failed(struct task *t)
{
	stream_tell_written(&container_of(t, struct tcp, failed)->super, STREAM_RESET);
}

static bool tcp_write(struct stream *s, const struct str *parts, size_t count)
{
	struct tcp *self = (struct tcp *)s;
	uv_buf_t bufs[STREAM_PARTS_MAX];
	unsigned n = 0;
	for (size_t i = 0; i < count; i++) {
		if (parts[i].len)
			bufs[n++] =
				(uv_buf_t){ .base = (char *)(uintptr_t)parts[i].ptr, .len = parts[i].len };
	}
	if (n == 0)
		return true;
	int code = uv_try_write(uv_of(self), bufs, n);
	size_t taken = code > 0 ? (size_t)code : 0;
	unsigned from = 0;
	for (; from < n && taken >= bufs[from].len; from++)
		taken -= bufs[from].len;
	if (from == n)
		return true;
	bufs[from].base += taken;
	bufs[from].len -= taken;
	if (code >= 0 || code == UV_EAGAIN) {
		self->write_request.data = self;
		code = uv_write(&self->write_request, uv_of(self), bufs + from, n - from, have_written);
	}
	if (code < 0)
		loop_post(self->loop, &self->failed);
	return false;
}

static size_t tcp_unwritten(const struct stream *s)
{
	const struct tcp *self = (const struct tcp *)s;
	return self->handle.write_queue_size;
}

static void have_shut_down(uv_shutdown_t *request, int code)
{
	(void)request, (void)code; /* a peer that is gone is noticed by reading */
}

static void tcp_shutdown(struct stream *s)
{
	struct tcp *self = (struct tcp *)s;
	uv_shutdown(&self->shutdown_request, uv_of(self), have_shut_down);
}

static void have_closed(uv_handle_t *h)
{
	struct tcp *self = h->data;
	stream_tell_written(&self->super, STREAM_CANCELLED);
	self->closed(self->closed_data);
	rc_unref(&self->buffer->rc);
	mem_free(self);
}

static void tcp_close(struct stream *s, bool reset, stream_closed_fn *closed, void *data)
{
	struct tcp *self = (struct tcp *)s;
	task_cancel(&self->failed);
	self->closed = closed;
	self->closed_data = data;
	if (!reset || uv_tcp_close_reset(&self->handle, have_closed) != 0)
		uv_close((uv_handle_t *)&self->handle, have_closed);
}

static void address_from(struct net_address *out, const struct sockaddr_storage *from)
{
	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)from;
		memcpy(out->ip, &in->sin_addr, 4);
		out->ip_len = 4;
		out->port = ntohs(in->sin_port);
	} else if (from->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)from;
		memcpy(out->ip, &in->sin6_addr, 16);
		out->ip_len = 16;
		out->port = ntohs(in->sin6_port);
	}
}

static void tcp_addresses(const struct stream *s, struct net_address *local, struct net_address *peer)
{
	const struct tcp *self = (const struct tcp *)s;
	struct sockaddr_storage name;
	int len = sizeof name;
	if (uv_tcp_getsockname(&self->handle, (struct sockaddr *)&name, &len) == 0)
		address_from(local, &name);
	len = sizeof name;
	if (uv_tcp_getpeername(&self->handle, (struct sockaddr *)&name, &len) == 0)
		address_from(peer, &name);
}

static const struct stream_ops tcp_ops = {
	.name = "tcp",
	.read_start = tcp_read_start,
	.read_stop = tcp_read_stop,
	.lacks = tcp_lacks,
	.write = tcp_write,
	.unwritten = tcp_unwritten,
	.shutdown = tcp_shutdown,
	.close = tcp_close,
	.addresses = tcp_addresses,
};

/* ---- the listener ---- */

struct tcp_listener {
	uv_tcp_t handle;
	struct loop *loop;
	struct tcp_acceptor *acceptor;
	struct read_buffer *buffer;
	struct task resumed;
	bool paused, waiting; /* waiting: libuv holds a connection that we have not taken yet */
};

static void ignore_closed(void *data)
{
	(void)data;
}

static void accept_one(struct tcp_listener *l)
{
	struct tcp *t = NEW(struct tcp);
	t->super.ops = &tcp_ops;
	t->loop = l->loop;
	t->failed.run = tell_failed;
	t->buffer = (struct read_buffer *)rc_ref(&l->buffer->rc);
	t->handle.data = t;
	CHECK(uv_tcp_init(l->handle.loop, &t->handle) == 0);
	if (uv_accept((uv_stream_t *)&l->handle, uv_of(t)) != 0) {
		tcp_close(&t->super, false, ignore_closed, NULL);
		return;
	}
	uv_tcp_nodelay(&t->handle, 1);
	l->acceptor->accepted(l->acceptor, &t->super);
}

static void have_connection(uv_stream_t *u, int code)
{
	struct tcp_listener *l = u->data;
	if (code != 0)
		return; /* no file descriptor left, or a client that is gone already */
	if (l->paused)
		l->waiting = true;
	else
		accept_one(l);
}

static void take_waiting(struct task *t)
{
	struct tcp_listener *l = container_of(t, struct tcp_listener, resumed);
	if (l->paused || !l->waiting)
		return;
	l->waiting = false;
	accept_one(l);
}

void tcp_listener_pause(struct tcp_listener *l)
{
	l->paused = true;
}

void tcp_listener_resume(struct tcp_listener *l)
{
	if (l->paused && l->waiting)
		loop_post(l->loop, &l->resumed);
	l->paused = false;
}

static void listener_closed(uv_handle_t *h)
{
	struct tcp_listener *l = h->data;
	rc_unref(&l->buffer->rc);
	mem_free(l);
}

void tcp_listener_close(struct tcp_listener **pl)
{
	struct tcp_listener *l = take(*pl);
	if (!l)
		return;
	task_cancel(&l->resumed);
	uv_close((uv_handle_t *)&l->handle, listener_closed);
}

static bool parse_address(struct sockaddr_storage *out, const char *host, uint16_t port, struct error *e)
{
	if (uv_ip4_addr(host, port, (struct sockaddr_in *)out) == 0 ||
	    uv_ip6_addr(host, port, (struct sockaddr_in6 *)out) == 0)
		return true;
	return FAIL(
		e, INVALID,
		"cannot listen on '%s': not an IP address; 127.0.0.1 is this machine alone, 0.0.0.0 all its "
		"addresses",
		host);
}

static bool explain(struct error *e, int code, const char *host, uint16_t port)
{
	const char *hint = "";
	if (code == UV_EADDRINUSE)
		hint = ": another program uses this port; end that, or choose another port";
	else if (code == UV_EACCES)
		hint = ": ports below 1024 need a permission; choose a higher one";
	else if (code == UV_EADDRNOTAVAIL)
		hint = ": no interface of this machine has this address";
	return FAIL(e, IO,
		    strchr(host, ':') ? "cannot listen on [%s]:%u: %s%s" : "cannot listen on %s:%u: %s%s",
		    host, (unsigned)port, uv_strerror(code), hint);
}

bool tcp_listen(struct tcp_listener **out, struct loop *loop, const char *host, uint16_t port,
		struct tcp_acceptor *acceptor, struct error *e)
{
	struct sockaddr_storage at;
	if (!parse_address(&at, host, port, e))
		return false;
	struct tcp_listener *l = NEW(struct tcp_listener);
	l->loop = loop;
	l->acceptor = acceptor;
	l->buffer = mem_alloc(sizeof *l->buffer);
	rc_init(&l->buffer->rc, read_buffer_destroy);
	l->resumed.run = take_waiting;
	l->handle.data = l;
	CHECK(uv_tcp_init(loop_uv(loop), &l->handle) == 0);
	int code = uv_tcp_bind(&l->handle, (struct sockaddr *)&at, 0);
	if (code == 0)
		code = uv_listen((uv_stream_t *)&l->handle, BACKLOG, have_connection);
	if (code != 0) {
		tcp_listener_close(&l);
		return explain(e, code, host, port);
	}
	*out = l;
	return true;
}

uint16_t tcp_listener_port(const struct tcp_listener *l)
{
	struct sockaddr_storage name;
	struct net_address address = { .port = 0 };
	int len = sizeof name;
	CHECK(uv_tcp_getsockname(&l->handle, (struct sockaddr *)&name, &len) == 0);
	address_from(&address, &name);
	return address.port;
}
