/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of world/log.h: whatever the sink, its entries can be read as "ENDPOINT :: MESSAGE" lines. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "contract/contract.h"
#include "world/log.h"

struct subject {
	struct log_sink *sink, *parent;
	bool captured;
	int fd; /* a file, for sinks that print */
};

static void capture(struct subject *s)
{
	s->captured = true;
	s->sink = log_capture_new();
}

static void print(struct subject *s)
{
	s->fd = open(test_path("log"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(s->fd >= 0);
	s->sink = log_fd_new(s->fd);
}

static void fork_of(struct subject *s)
{
	s->parent = s->sink;
	s->sink = log_fork(s->parent);
}

static void fork_of_capture(struct subject *s)
{
	capture(s);
	fork_of(s);
}

static void fork_of_print(struct subject *s)
{
	print(s);
	fork_of(s);
}

#define EVERY_IMPLEMENTATION(X, promise) \
	X(promise, capture)              \
	X(promise, print)                \
	X(promise, fork_of_capture)      \
	X(promise, fork_of_print)

static void begin(struct subject *s, void (*make)(struct subject *))
{
	*s = (struct subject){ .fd = -1 };
	make(s);
}

static void end(struct subject *s)
{
	log_destroy(&s->sink);
	log_destroy(&s->parent);
	if (s->fd >= 0)
		close(s->fd);
}

static void read_captured(const struct log_sink *sink, struct buf *out)
{
	struct str endpoint, message;
	for (size_t i = 0; log_capture_get(sink, i, &endpoint, &message); i++) {
		buf_add(out, endpoint);
		buf_add(out, STR(" :: "));
		for (size_t j = 0; j < message.len; j++)
			buf_add(out, message.ptr[j] == '\n' ? STR("\\n") : str_sub(message, j, 1));
		buf_add_char(out, '\n');
	}
}

static void assert_log(struct subject *s, const char *expected)
{
	struct buf text = BUF_INIT(1 << 20);
	char part[4096];
	ssize_t got;
	if (s->captured) {
		read_captured(s->sink, &text);
	} else {
		assert_int_equal(lseek(s->fd, 0, SEEK_SET), 0);
		while ((got = read(s->fd, part, sizeof part)) > 0)
			buf_add(&text, (struct str){ part, (size_t)got });
	}
	assert_str(buf_str(&text), expected);
	buf_fini(&text);
}

CONTRACT(nothing_was_logged_at_first)
{
	assert_log(s, "");
}

CONTRACT(entries_keep_their_order)
{
	log_write(s->sink, STR("b"), STR("one"));
	log_write(s->sink, STR("a"), STR("two"));
	log_write(s->sink, STR("b"), STR("three"));
	assert_log(s, "b :: one\na :: two\nb :: three\n");
}

CONTRACT(one_write_is_one_entry_whatever_is_in_it)
{
	log_write(s->sink, STR("e"), STR("line 1\nline 2\n"));
	log_write(s->sink, STR("e"), STR(""));
	log_write(s->sink, STR(""), STR(" :: "));
	log_write(s->sink, STR("e"), STR("\xff\x01 bytes"));
	assert_log(s, "e :: line 1\\nline 2\\n\ne :: \n ::  :: \ne :: \xff\x01 bytes\n");
}

CONTRACT(messages_may_be_long)
{
	enum { LEN = 300000 };
	char *text = mem_alloc(LEN + 1);
	struct buf expected = BUF_INIT(1 << 20);
	memset(text, 'x', LEN);
	text[LEN] = '\0';
	log_write(s->sink, STR("e"), (struct str){ text, LEN });
	log_write(s->sink, STR("e"), STR("short"));
	buf_printf(&expected, "e :: %s\ne :: short\n", text);
	assert_log(s, expected.ptr);
	buf_fini(&expected);
	mem_free(text);
}

TEST(a_fork_of_a_capture_starts_with_its_parents_entries_and_keeps_its_own)
{
	struct subject s, child = { .captured = true, .fd = -1 };
	begin(&s, capture);
	log_write(s.sink, STR("e"), STR("before"));
	child.sink = log_fork(s.sink);
	log_write(child.sink, STR("e"), STR("in the fork"));
	assert_log(&child, "e :: before\ne :: in the fork\n");
	assert_log(&s, "e :: before\n");
	log_write(s.sink, STR("e"), STR("after"));
	assert_log(&child, "e :: before\ne :: in the fork\n");
	assert_int_equal(log_capture_count(child.sink), 2);
	end(&child);
	assert_log(&s, "e :: before\ne :: after\n");
	end(&s);
}

TEST(a_captured_entry_is_borrowed_until_the_sink_goes)
{
	struct subject s;
	struct str endpoint, message;
	begin(&s, capture);
	log_write(s.sink, STR("e"), STR("first"));
	assert_true(log_capture_get(s.sink, 0, &endpoint, &message));
	for (int i = 0; i < 100; i++)
		log_write(s.sink, STR("e"), STR("more"));
	assert_str(endpoint, "e");
	assert_str(message, "first");
	assert_false(log_capture_get(s.sink, 101, &endpoint, &message));
	end(&s);
}

TEST(forks_of_a_printing_sink_print_to_one_place_and_count_losses_together)
{
	struct subject s;
	begin(&s, print);
	struct log_sink *child = log_fork(s.sink);
	log_write(s.sink, STR("e"), STR("1"));
	log_write(child, STR("e"), STR("2"));
	assert_log(&s, "e :: 1\ne :: 2\n");
	assert_int_equal(log_fd_lost(child), 0);
	log_destroy(&child);
	end(&s);
}

TEST(a_descriptor_that_fails_loses_entries_and_says_so)
{
	struct log_sink *full = log_fd_new(open("/dev/full", O_WRONLY | O_CLOEXEC)), *closed;
	log_write(full, STR("e"), STR("lost"));
	struct log_sink *child = log_fork(full);
	log_write(child, STR("e"), STR("lost, too"));
	assert_int_equal(log_fd_lost(full), 2);
	log_destroy(&child);
	log_destroy(&full);

	int pipe_ends[2];
	assert_int_equal(pipe(pipe_ends), 0);
	close(pipe_ends[0]);
	signal(SIGPIPE, SIG_IGN);
	closed = log_fd_new(pipe_ends[1]);
	log_write(closed, STR("e"), STR("lost"));
	assert_int_equal(log_fd_lost(closed), 1);
	log_destroy(&closed);
	close(pipe_ends[1]);
}

TEST(a_reader_that_takes_nothing_for_long_loses_entries_but_does_not_hang)
{
	int pipe_ends[2];
	assert_int_equal(pipe2(pipe_ends, O_NONBLOCK | O_CLOEXEC), 0);
	struct log_sink *sink = log_fd_new(pipe_ends[1]);
	char text[70000];
	memset(text, 'x', sizeof text);
	log_write(sink, STR("e"), (struct str){ text, sizeof text }); /* a pipe holds 64 KiB */
	assert_int_equal(log_fd_lost(sink), 1);
	log_destroy(&sink);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

TEST(a_raw_sink_writes_the_bytes_as_they_are)
{
	struct subject s;
	begin(&s, print);
	struct log_sink *raw = log_raw_new(s.fd), *child = log_fork(raw);
	log_write(raw, STR("stdout"), STR("a\nb"));
	log_write(child, STR("stdout"), STR("c\n"));
	assert_log(&s, "a\nbc\n");
	log_destroy(&child);
	log_destroy(&raw);
	end(&s);
}
