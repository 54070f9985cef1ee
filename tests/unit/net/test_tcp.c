/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/tcp.h"

/* ---- a listener, the newest stream it accepted, and a plain socket on the other side ---- */

struct fixture {
	struct clock *clock;
	struct loop loop;
	struct tcp_listener *listener;
	struct tcp_acceptor acceptor;
	unsigned accepted;
	struct stream *stream;
	struct stream_reader reader;
	struct stream_write write;
	struct buf got;
	bool ended, written, closed;
	enum stream_error why, error;
	int fd;
};

static void turn(struct fixture *f)
{
	bool never = false;
	loop_run(&f->loop, &never, clock_monotonic(f->clock) + NS_PER_MS);
}

#define WAIT_UNTIL(f, condition)                                      \
	for (int turn_ = 0; !(condition); turn_++) {                  \
		if (turn_ == 5000)                                    \
			fail_msg("it never came to: %s", #condition); \
		turn(f);                                              \
	}

static void on_accepted(struct tcp_acceptor *a, struct stream *taken)
{
	struct fixture *f = container_of(a, struct fixture, acceptor);
	f->accepted++;
	if (f->stream)
		stream_close(&f->stream, false, NULL, NULL);
	f->stream = taken;
}

static void on_data(struct stream_reader *r, struct str bytes)
{
	buf_add(&container_of(r, struct fixture, reader)->got, bytes);
}

static void on_ended(struct stream_reader *r, enum stream_error why)
{
	struct fixture *f = container_of(r, struct fixture, reader);
	f->ended = true;
	f->why = why;
}

static void on_written(struct stream_write *w, enum stream_error error)
{
	struct fixture *f = container_of(w, struct fixture, write);
	f->written = true;
	f->error = error;
}

static int connect_to(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static void begin(struct fixture *f)
{
	struct error e;
	*f = (struct fixture){ .clock = clock_system_new() };
	loop_init(&f->loop, f->clock);
	f->acceptor.accepted = on_accepted;
	f->reader = (struct stream_reader){ on_data, on_ended };
	f->write.done = on_written;
	buf_init(&f->got, 64 * 1024 * 1024);
	if (!tcp_listen(&f->listener, &f->loop, "127.0.0.1", 0, &f->acceptor, &e))
		fail_msg("%s", e.text);
	f->fd = connect_to(tcp_listener_port(f->listener));
	WAIT_UNTIL(f, f->stream);
	stream_read_start(f->stream, &f->reader);
}

static void end(struct fixture *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (f->stream)
		stream_close(&f->stream, false, NULL, NULL);
	tcp_listener_close(&f->listener);
	turn(f);
	buf_fini(&f->got);
	loop_fini(&f->loop);
	clock_destroy(&f->clock);
}

static ssize_t receive(struct fixture *f, char *out, size_t cap)
{
	ssize_t n;
	while ((n = recv(f->fd, out, cap, 0)) < 0 && errno == EAGAIN)
		turn(f);
	return n;
}

TEST(bytes_go_both_ways)
{
	struct fixture f;
	char out[16] = "";
	begin(&f);
	assert_int_equal(send(f.fd, "hello", 5, 0), 5);
	WAIT_UNTIL(&f, f.got.len == 5);
	assert_str(buf_str(&f.got), "hello");
	struct str parts[] = { STR("a"), STR(""), STR("bc"), { NULL, 0 } };
	assert_true(stream_write(f.stream, parts, COUNT_OF(parts), &f.write)); /* at once */
	assert_int_equal(receive(&f, out, sizeof out), 3);
	assert_string_equal(out, "abc");
	assert_true(stream_write(f.stream, parts, 0, &f.write));
	end(&f);
}

TEST(addresses_are_those_of_the_sockets)
{
	struct fixture f;
	struct net_address local, peer;
	begin(&f);
	stream_addresses(f.stream, &local, &peer);
	assert_int_equal(local.ip_len, 4);
	assert_memory_equal(local.ip, ((uint8_t[]){ 127, 0, 0, 1 }), 4);
	assert_int_equal(local.port, tcp_listener_port(f.listener));
	assert_int_equal(peer.ip_len, 4);
	assert_int_not_equal(peer.port, local.port);
	end(&f);
}

TEST(a_socket_that_is_not_read_tells_what_will_not_come)
{
	struct fixture f;
	struct linger now = { .l_onoff = 1 };
	begin(&f);
	stream_read_stop(f.stream);
	assert_int_equal(send(f.fd, "hello", 5, 0), 5);
	assert_false(stream_lacks(f.stream, 6));
	shutdown(f.fd, SHUT_WR);
	WAIT_UNTIL(&f, stream_lacks(f.stream, 6));
	assert_false(stream_lacks(f.stream, 5));
	setsockopt(f.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(f.fd);
	f.fd = -1;
	WAIT_UNTIL(&f, stream_lacks(f.stream, 0));
	end(&f);
}

TEST(what_the_kernel_does_not_take_is_written_later)
{
	enum { BYTES = 20 * 1024 * 1024 };
	struct fixture f;
	begin(&f);
	char *bytes = mem_alloc(BYTES), *back = mem_alloc(BYTES);
	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (char)(i * 13 + i / 255);
	struct str parts[] = { { bytes, 1000 }, { bytes + 1000, BYTES - 1000 } };
	assert_false(stream_write(f.stream, parts, 2, &f.write));
	assert_true(stream_unwritten(f.stream) > 0);
	size_t sum = 0;
	while (sum < BYTES) {
		ssize_t n = receive(&f, back + sum, BYTES - sum);
		assert_true(n > 0);
		sum += (size_t)n;
	}
	WAIT_UNTIL(&f, f.written);
	assert_int_equal(f.error, STREAM_OK);
	assert_int_equal(stream_unwritten(f.stream), 0);
	assert_memory_equal(back, bytes, BYTES);
	mem_free(bytes);
	mem_free(back);
	end(&f);
}

TEST(an_end_and_a_reset_are_told_apart)
{
	struct fixture f;
	begin(&f);
	shutdown(f.fd, SHUT_WR);
	WAIT_UNTIL(&f, f.ended);
	assert_int_equal(f.why, STREAM_OK);
	assert_true(stream_write(f.stream, &STR("bye"), 1, &f.write)); /* only its side has ended */
	end(&f);
	begin(&f);
	struct linger now = { .l_onoff = 1 };
	setsockopt(f.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(f.fd);
	f.fd = -1;
	WAIT_UNTIL(&f, f.ended);
	assert_int_equal(f.why, STREAM_RESET);
	assert_false(stream_write(f.stream, &STR("bye"), 1, &f.write));
	assert_false(f.written); /* not before the call has returned */
	WAIT_UNTIL(&f, f.written);
	assert_int_equal(f.error, STREAM_RESET);
	end(&f);
}

TEST(shutting_down_and_resetting_are_heard_by_the_peer)
{
	struct fixture f;
	char out[16];
	begin(&f);
	assert_true(stream_write(f.stream, &STR("bye"), 1, &f.write));
	stream_shutdown(f.stream);
	assert_int_equal(receive(&f, out, sizeof out), 3);
	assert_int_equal(receive(&f, out, sizeof out), 0);
	end(&f);
	begin(&f);
	stream_close(&f.stream, true, NULL, NULL);
	turn(&f);
	assert_int_equal(receive(&f, out, sizeof out), -1);
	assert_int_equal(errno, ECONNRESET);
	end(&f);
}

static void note_closed(void *data)
{
	*(bool *)data = true;
}

TEST(closing_cancels_the_write_under_way)
{
	enum { BYTES = 20 * 1024 * 1024 };
	struct fixture f;
	begin(&f);
	char *bytes = mem_zalloc(BYTES);
	assert_false(stream_write(f.stream, &(struct str){ bytes, BYTES }, 1, &f.write));
	stream_close(&f.stream, false, note_closed, &f.closed);
	WAIT_UNTIL(&f, f.closed);
	assert_true(f.written);
	assert_int_equal(f.error, STREAM_CANCELLED);
	mem_free(bytes);
	end(&f);
}

TEST(a_paused_listener_takes_nobody)
{
	struct fixture f;
	begin(&f);
	tcp_listener_pause(f.listener);
	int others[3];
	for (size_t i = 0; i < COUNT_OF(others); i++)
		others[i] = connect_to(tcp_listener_port(f.listener));
	for (int i = 0; i < 20; i++)
		turn(&f);
	assert_int_equal(f.accepted, 1);
	tcp_listener_resume(f.listener);
	assert_int_equal(f.accepted, 1); /* not before the call has returned */
	WAIT_UNTIL(&f, f.accepted == 4);
	for (size_t i = 0; i < COUNT_OF(others); i++)
		close(others[i]);
	end(&f);
}

TEST(a_place_where_nobody_can_listen_is_explained)
{
	struct fixture f;
	struct tcp_listener *other;
	struct error e;
	begin(&f);
	assert_false(
		tcp_listen(&other, &f.loop, "127.0.0.1", tcp_listener_port(f.listener), &f.acceptor, &e));
	assert_error(&e, IO, "another program uses this port");
	assert_false(tcp_listen(&other, &f.loop, "somewhere", 0, &f.acceptor, &e));
	assert_error(&e, INVALID, "'somewhere': not an IP address");
	assert_false(tcp_listen(&other, &f.loop, "192.0.2.1", 0, &f.acceptor, &e));
	assert_error(&e, IO, "no interface of this machine");
	end(&f);
}
