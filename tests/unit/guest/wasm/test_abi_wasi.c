/* SPDX-License-Identifier: Apache-2.0 */
/* wasi_snapshot_preview1, as guests of the Fastly ABI use it. */
#include <string.h>

#include "support/abi_check.h"

#define MODULE "wasi_snapshot_preview1"

enum {
	E_SUCCESS = 0,
	E_BADF = 8,
	E_FAULT = 21,
	E_INVAL = 28,
	E_NOTDIR = 54,
	E_NOTSOCK = 57,
	E_NOTSUP = 58,
	E_SPIPE = 70
};
enum { REALTIME, MONOTONIC, PROCESS_CPU, THREAD_CPU };

#define assert_errno(actual, expected) assert_int_equal((int)(actual), (expected))

/* ---- arguments and environment ---- */

/* All strings of args_get or environ_get, joined with '|'; checks the pointers and the announced sizes. */
static struct str strings(struct abi_harness *h, const char *sizes_call, const char *get_call)
{
	struct str all = STR("");
	uint32_t out = abi_room(h, 8);
	assert_errno(abi_call(h, MODULE, sizes_call, out, out + 4), E_SUCCESS);
	uint32_t count = abi_u32(h, out), bytes = abi_u32(h, out + 4);
	uint32_t pointers = abi_room(h, 4 * count + 4), at = abi_room(h, bytes + 1);
	abi_set_u32(h, pointers + 4 * count, 0xdddddddd);
	h->memory[at + bytes] = 0xdd;
	assert_errno(abi_call(h, MODULE, get_call, pointers, at), E_SUCCESS);
	assert_int_equal(abi_u32(h, pointers + 4 * count), 0xdddddddd);
	assert_int_equal(h->memory[at + bytes], 0xdd);
	for (uint32_t i = 0, expected = at; i < count; i++) {
		const char *s = (const char *)h->memory + abi_u32(h, pointers + 4 * i);
		assert_int_equal(abi_u32(h, pointers + 4 * i), expected);
		expected += (uint32_t)strlen(s) + 1;
		all = arena_printf(&h->arena, STR_FMT "%s%s", STR_ARG(all), i ? "|" : "", s);
	}
	return all;
}

TEST(arguments_are_the_program_and_what_follows)
{
	static const char *const args[] = { "--exact", "", "a b", NULL };
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	h.service.options.program = STR("compute-app");
	assert_str(strings(&h, "args_sizes_get", "args_get"), "compute-app");
	h.service.options.args = args;
	assert_str(strings(&h, "args_sizes_get", "args_get"), "compute-app|--exact||a b");
	abi_fini(&h);
}

TEST(the_environment_is_fastlys_and_nothing_is_inherited)
{
	struct abi_harness h;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	h.world->invocations = 0xbeef;
	abi_start(&h);
	assert_str(strings(&h, "environ_sizes_get", "environ_get"),
		   "FASTLY_CACHE_GENERATION=0|"
		   "FASTLY_CUSTOMER_ID=0000000000000000000000|"
		   "FASTLY_POP=XXX|"
		   "FASTLY_REGION=Somewhere|"
		   "FASTLY_SERVICE_ID=0000000000000000000000|"
		   "FASTLY_SERVICE_VERSION=0|"
		   "FASTLY_HOSTNAME=localhost|"
		   "FASTLY_IS_STAGING=0|"
		   "FASTLY_TRACE_ID=0000000000000000000000000000beef");
	abi_fini(&h);
}

TEST(strings_that_do_not_fit_into_memory_are_a_fault)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t end = ABI_MEMORY_BYTES;
	assert_errno(CALL("environ_get", end - 8, 64), E_FAULT);
	assert_errno(CALL("environ_get", 64, end - 100), E_FAULT);
	assert_errno(CALL("environ_get", UINT32_MAX, 64), E_FAULT);
	assert_errno(CALL("args_get", end, 64), E_FAULT);
	assert_errno(CALL("args_get", 64, UINT32_MAX), E_FAULT);
	abi_fini(&h);
}

/* ---- clocks and randomness ---- */

TEST(clocks_are_the_worlds)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 8);
	assert_errno(CALL("clock_time_get", REALTIME, 0, out), E_SUCCESS);
	assert_int_equal(abi_u64(&h, out), ABI_WALL_NS);
	assert_errno(CALL("clock_time_get", MONOTONIC, 1000, out), E_SUCCESS);
	uint64_t before = abi_u64(&h, out);
	clock_jump(h.clock, clock_monotonic(h.clock) + 5 * NS_PER_S);
	assert_errno(CALL("clock_time_get", MONOTONIC, 0, out), E_SUCCESS);
	assert_int_equal(abi_u64(&h, out), before + 5 * NS_PER_S);
	assert_errno(CALL("clock_time_get", REALTIME, 0, out), E_SUCCESS);
	assert_int_equal(abi_u64(&h, out), ABI_WALL_NS + 5 * NS_PER_S);
	abi_fini(&h);
}

TEST(there_are_four_clocks_of_one_ns)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 8);
	for (uint32_t id = 0; id < 6; id++) {
		int expected = id <= THREAD_CPU ? E_SUCCESS : E_INVAL;
		assert_errno(CALL("clock_time_get", id, 0, out), expected);
		abi_set_u64(&h, out, 0);
		assert_errno(CALL("clock_res_get", id, out), expected);
		assert_int_equal(abi_u64(&h, out), id <= THREAD_CPU);
	}
	abi_fini(&h);
}

TEST(random_bytes_are_the_worlds_and_repeat_with_its_seed)
{
	struct abi_harness h[2];
	uint32_t at[2];
	for (size_t i = 0; i < 2; i++) {
		abi_init(&h[i], ABI_MEMORY_BYTES);
		at[i] = abi_room(&h[i], 104);
		assert_errno(abi_call(&h[i], MODULE, "random_get", at[i], 100), E_SUCCESS);
		assert_errno(abi_call(&h[i], MODULE, "random_get", at[i] + 101, 0), E_SUCCESS);
		assert_memory_equal(h[i].memory + at[i] + 100, "\0\0\0\0", 4);
	}
	assert_memory_equal(h[0].memory + at[0], h[1].memory + at[1], 100);
	uint32_t next = abi_room(&h[0], 104);
	assert_errno(abi_call(&h[0], MODULE, "random_get", next, 100), E_SUCCESS);
	assert_memory_not_equal(h[0].memory + at[0], h[0].memory + next, 100);
	abi_fini(&h[0]);
	abi_fini(&h[1]);
}

TEST(yielding_changes_nothing)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_errno(abi_call_with(&h, MODULE, "sched_yield", NULL, 0), E_SUCCESS);
	abi_fini(&h);
}

/* ---- ending ---- */

TEST(proc_exit_ends_the_guest_with_its_code)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_status(CALL("proc_exit", 3), ABI_TRAP);
	assert_true(h.sandbox->exited);
	assert_int_equal(h.sandbox->exit_code, 3);
	abi_fini(&h);
}

TEST(there_are_no_signals)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_errno(CALL("proc_raise", 9), E_NOTSUP);
	abi_fini(&h);
}

/* ---- poll_oneoff ---- */

enum { ON_CLOCK, ON_READ, ON_WRITE, ABSTIME = 1 };

static uint32_t subscribe_clock(struct abi_harness *h, uint64_t userdata, uint32_t clock, uint64_t timeout_ns,
				uint16_t flags)
{
	uint32_t at = abi_room(h, 48);
	abi_set_u64(h, at, userdata);
	h->memory[at + 8] = ON_CLOCK;
	abi_set_u32(h, at + 16, clock);
	abi_set_u64(h, at + 24, timeout_ns);
	abi_set_u32(h, at + 40, flags);
	return at;
}

static uint32_t subscribe_fd(struct abi_harness *h, uint64_t userdata, uint8_t type, uint32_t fd)
{
	uint32_t at = abi_room(h, 48);
	abi_set_u64(h, at, userdata);
	h->memory[at + 8] = type;
	abi_set_u32(h, at + 16, fd);
	return at;
}

struct polled {
	uint32_t count;
	uint64_t userdata;
	uint16_t error;
	uint8_t type;
	uint64_t waited_ns;
};

/* Polls `count` subscriptions that stand one behind another; the first event is told. */
static struct polled poll_of(struct abi_harness *h, uint32_t in, uint32_t count)
{
	uint32_t events = abi_room(h, 32 * count), out = abi_room(h, 4);
	uint64_t start = clock_monotonic(h->clock);
	assert_errno(abi_call(h, MODULE, "poll_oneoff", in, events, count, out), E_SUCCESS);
	struct polled p = { .count = abi_u32(h, out), .waited_ns = clock_monotonic(h->clock) - start };
	p.userdata = abi_u64(h, events);
	memcpy(&p.error, h->memory + events + 8, 2);
	p.type = h->memory[events + 10];
	return p;
}

TEST(a_sleep_moves_the_worlds_clock)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct polled p = poll_of(&h, subscribe_clock(&h, 42, MONOTONIC, 1500, 0), 1);
	assert_int_equal(p.count, 1);
	assert_int_equal(p.userdata, 42);
	assert_int_equal(p.error, E_SUCCESS);
	assert_int_equal(p.type, ON_CLOCK);
	assert_int_equal(p.waited_ns, 1500);
	p = poll_of(&h, subscribe_clock(&h, 43, REALTIME, 100, 0), 1);
	assert_int_equal(p.waited_ns, 100);
	p = poll_of(&h, subscribe_clock(&h, 44, REALTIME, 0, 0), 1);
	assert_int_equal(p.waited_ns, 0);
	abi_fini(&h);
}

TEST(a_sleep_may_be_until_a_time_of_day)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_int_equal(
		poll_of(&h, subscribe_clock(&h, 1, REALTIME, ABI_WALL_NS + 77, ABSTIME), 1).waited_ns, 77);
	assert_int_equal(poll_of(&h, subscribe_clock(&h, 1, REALTIME, ABI_WALL_NS, ABSTIME), 1).waited_ns, 0);
	uint64_t now = clock_monotonic(h.clock);
	assert_int_equal(poll_of(&h, subscribe_clock(&h, 1, MONOTONIC, now + 9, ABSTIME), 1).waited_ns, 9);
	abi_fini(&h);
}

TEST(the_earliest_of_several_ends_the_wait)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t in = subscribe_clock(&h, 1, MONOTONIC, 3000, 0);
	subscribe_clock(&h, 2, MONOTONIC, 1000, 0);
	subscribe_clock(&h, 3, MONOTONIC, 1000, 0);
	uint32_t events = abi_room(&h, 96), out = abi_room(&h, 4);
	uint64_t start = clock_monotonic(h.clock);
	assert_errno(CALL("poll_oneoff", in, events, 3, out), E_SUCCESS);
	assert_int_equal(clock_monotonic(h.clock), start + 1000);
	assert_int_equal(abi_u32(&h, out), 2);
	assert_int_equal(abi_u64(&h, events), 2);
	assert_int_equal(abi_u64(&h, events + 32), 3);
	assert_int_equal(abi_u64(&h, events + 64), 0);
	abi_fini(&h);
}

TEST(descriptors_are_always_ready)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t in = subscribe_clock(&h, 1, MONOTONIC, NS_PER_S, 0);
	subscribe_fd(&h, 2, ON_WRITE, 1);
	struct polled p = poll_of(&h, in, 2);
	assert_int_equal(p.count, 1);
	assert_int_equal(p.userdata, 2);
	assert_int_equal(p.type, ON_WRITE);
	assert_int_equal(p.error, E_SUCCESS);
	assert_int_equal(p.waited_ns, 0);
	assert_int_equal(poll_of(&h, subscribe_fd(&h, 3, ON_READ, 0), 1).error, E_SUCCESS);
	assert_int_equal(poll_of(&h, subscribe_fd(&h, 3, ON_READ, 3), 1).error, E_BADF);
	abi_fini(&h);
}

TEST(an_unknown_clock_is_an_event_with_an_error)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct polled p = poll_of(&h, subscribe_clock(&h, 5, 99, 1000, 0), 1);
	assert_int_equal(p.error, E_INVAL);
	assert_int_equal(p.waited_ns, 0);
	abi_fini(&h);
}

TEST(subscriptions_must_be_there_and_not_too_many)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t in = subscribe_clock(&h, 1, MONOTONIC, 0, 0), out = abi_room(&h, 4), end = ABI_MEMORY_BYTES;
	assert_errno(CALL("poll_oneoff", in, in, 0, out), E_INVAL);
	assert_errno(CALL("poll_oneoff", end - 47, 64, 1, out), E_FAULT);
	assert_errno(CALL("poll_oneoff", in, end - 31, 1, out), E_FAULT);
	assert_errno(CALL("poll_oneoff", in, 64, UINT32_MAX, out), E_INVAL);
	assert_errno(CALL("poll_oneoff", UINT32_MAX, 64, 1, out), E_FAULT);
	abi_fini(&h);
}

/* The clock may be set while a guest sleeps until a time of day. */
TEST(a_clock_that_is_set_back_makes_the_sleep_longer)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t in = subscribe_clock(&h, 1, REALTIME, ABI_WALL_NS + 1000, ABSTIME),
		 events = abi_room(&h, 32);
	uint32_t out = abi_room(&h, 4);
	uint64_t start = clock_monotonic(h.clock);
	uint64_t raw[] = { in, events, 1, out };
	assert_int_equal(abi_begin(&h, hostcall_find(STR(MODULE), STR("poll_oneoff")), raw), ABI_WAIT);
	clock_virtual_set_wall(h.clock, ABI_WALL_NS - 500);
	assert_int_equal(abi_go_on(&h, UINT64_MAX), E_SUCCESS);
	assert_int_equal(clock_monotonic(h.clock) - start, 1500);
	abi_fini(&h);
}

/* ---- standard input and output ---- */

static uint32_t place_iov(struct abi_harness *h, struct str bytes)
{
	uint32_t at = abi_place(h, bytes), iov = abi_room(h, 8);
	abi_set_u32(h, iov, at);
	abi_set_u32(h, iov + 4, (uint32_t)bytes.len);
	return iov;
}

TEST(what_a_guest_prints_is_logged)
{
	struct abi_harness h;
	struct str name, message;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 4);
	assert_errno(CALL("fd_write", 1, place_iov(&h, STR("hello\n")), 1, out), E_SUCCESS);
	assert_int_equal(abi_u32(&h, out), 6);
	assert_errno(CALL("fd_write", 2, place_iov(&h, STR("oops")), 1, out), E_SUCCESS);
	assert_true(log_capture_get(h.world->log, 0, &name, &message));
	assert_str(name, "stdout");
	assert_str(message, "hello");
	assert_true(log_capture_get(h.world->log, 1, &name, &message));
	assert_str(name, "stderr");
	assert_str(message, "oops");
	abi_fini(&h);
}

TEST(the_pieces_of_one_write_are_one_message)
{
	struct abi_harness h;
	struct str name, message;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t a = abi_place(&h, STR("one ")), b = abi_place(&h, STR("two\n")), iovs = abi_room(&h, 24),
		 out = abi_room(&h, 4);
	abi_set_u32(&h, iovs, a);
	abi_set_u32(&h, iovs + 4, 4);
	abi_set_u32(&h, iovs + 8, ABI_MEMORY_BYTES); /* an empty piece at the very end */
	abi_set_u32(&h, iovs + 16, b);
	abi_set_u32(&h, iovs + 20, 4);
	assert_errno(CALL("fd_write", 1, iovs, 3, out), E_SUCCESS);
	assert_int_equal(abi_u32(&h, out), 8);
	assert_int_equal(log_capture_count(h.world->log), 1);
	assert_true(log_capture_get(h.world->log, 0, &name, &message));
	assert_str(message, "one two");
	assert_errno(CALL("fd_write", 1, iovs, 0, out), E_SUCCESS);
	assert_int_equal(abi_u32(&h, out), 0);
	abi_fini(&h);
}

TEST(a_write_needs_a_descriptor_and_memory)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t iov = place_iov(&h, STR("x")), out = abi_room(&h, 4);
	assert_errno(CALL("fd_write", 0, iov, 1, out), E_BADF);
	assert_errno(CALL("fd_write", 3, iov, 1, out), E_BADF);
	assert_errno(CALL("fd_write", UINT32_MAX, iov, 1, out), E_BADF);
	assert_errno(CALL("fd_write", 1, ABI_MEMORY_BYTES - 4, 1, out), E_FAULT);
	assert_errno(CALL("fd_write", 1, iov, UINT32_MAX, out), E_INVAL);
	assert_errno(CALL("fd_write", 1, iov, 1, out + 1), E_FAULT); /* unaligned */
	abi_set_u32(&h, iov + 4, ABI_MEMORY_BYTES);
	assert_errno(CALL("fd_write", 1, iov, 1, out), E_FAULT);
	abi_set_u32(&h, iov + 4, UINT32_MAX);
	assert_errno(CALL("fd_write", 1, iov, 1, out), E_FAULT);
	assert_int_equal(log_capture_count(h.world->log), 0);
	abi_fini(&h);
}

/* 1024 pieces of nearly all memory each: the host does not put gigabytes together. */
TEST(a_huge_write_is_cut_short)
{
	struct abi_harness h;
	abi_init(&h, 4 << 20);
	uint32_t iovs = abi_room(&h, 8 * 1024), out = abi_room(&h, 4);
	for (uint32_t i = 0; i < 1024; i++)
		abi_set_u32(&h, iovs + 8 * i + 4, 4 << 20);
	assert_errno(CALL("fd_write", 1, iovs, 1024, out), E_SUCCESS);
	assert_int_equal(abi_u32(&h, out), 1 << 20);
	assert_errno(CALL("fd_write", 1, iovs, 1, out), E_SUCCESS);
	assert_int_equal(abi_u32(&h, out), 1 << 20);
	assert_errno(CALL("fd_write", 1, iovs, 1025, out), E_INVAL);
	abi_fini(&h);
}

TEST(standard_input_is_empty)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t iov = place_iov(&h, STR("untouched")), out = abi_room(&h, 4);
	abi_set_u32(&h, out, 7);
	assert_errno(CALL("fd_read", 0, iov, 1, out), E_SUCCESS);
	assert_int_equal(abi_u32(&h, out), 0);
	assert_memory_equal(h.memory + abi_u32(&h, iov), "untouched", 9);
	assert_errno(CALL("fd_read", 1, iov, 1, out), E_BADF);
	assert_errno(CALL("fd_read", 3, iov, 1, out), E_BADF);
	abi_fini(&h);
}

TEST(standard_descriptors_are_character_devices_when_they_are_terminals)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	h.sandbox->world->stdout_terminal = true;
	uint32_t at = abi_room(&h, 72);
	for (uint32_t fd = 0; fd < 4; fd++) {
		memset(h.memory + at, 0xff, 72);
		assert_errno(CALL("fd_fdstat_get", fd, at), fd < 3 ? E_SUCCESS : E_BADF);
		if (fd < 3) {
			assert_int_equal(h.memory[at], fd == 1 ? 2 : 0);
			assert_int_equal(abi_u64(&h, at + 16), abi_u64(&h, at + 8));
			assert_int_equal(abi_u64(&h, at + 8),
					 fd == 0 ? 2 : 64); /* may be read, may be written */
		}
		assert_int_equal(h.memory[at + 24], 0xff);
		assert_errno(CALL("fd_filestat_get", fd, at), fd < 3 ? E_SUCCESS : E_BADF);
		assert_int_equal(h.memory[at + 16], fd == 1 ? 2 : fd < 3 ? 0 : 0xff);
		assert_int_equal(h.memory[at + 64], 0xff);
	}
	assert_errno(CALL("fd_fdstat_get", 1, ABI_MEMORY_BYTES - 23), E_FAULT);
	assert_errno(CALL("fd_filestat_get", 1, ABI_MEMORY_BYTES - 63), E_FAULT);
	abi_fini(&h);
}

TEST(calls_on_files_know_standard_descriptors_and_no_others)
{
	static const struct {
		const char *name;
		int on_stdin, on_output;
	} calls[] = {
		{ "fd_fdstat_set_flags", E_BADF, E_BADF },
		{ "fd_fdstat_set_rights", E_BADF, E_BADF },
		{ "fd_advise", E_BADF, E_BADF },
		{ "fd_allocate", E_BADF, E_BADF },
		{ "fd_datasync", E_BADF, E_BADF },
		{ "fd_filestat_set_size", E_BADF, E_BADF },
		{ "fd_filestat_set_times", E_BADF, E_BADF },
		{ "fd_sync", E_BADF, E_BADF },
		{ "fd_readdir", E_BADF, E_BADF },
		{ "fd_prestat_get", E_BADF, E_BADF },
		{ "fd_prestat_dir_name", E_NOTDIR, E_NOTDIR },
		{ "fd_pread", E_SPIPE, E_BADF },
		{ "fd_pwrite", E_BADF, E_SPIPE },
		{ "fd_seek", E_SPIPE, E_SPIPE },
		{ "fd_tell", E_SPIPE, E_SPIPE },
		{ "sock_accept", E_NOTSOCK, E_NOTSOCK },
		{ "sock_recv", E_NOTSOCK, E_NOTSOCK },
		{ "sock_send", E_NOTSOCK, E_NOTSOCK },
		{ "sock_shutdown", E_NOTSOCK, E_NOTSOCK },
	};
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		const struct hostcall *call = hostcall_find(STR(MODULE), str_from(calls[i].name));
		const uint32_t fds[] = { 0, 1, 2, 3, 1000, UINT32_MAX };
		for (size_t f = 0; f < COUNT_OF(fds); f++) {
			uint64_t args[HOSTCALL_PARAMS_MAX];
			abi_clear(&h);
			size_t count = abi_harmless(&h, call, 0, args);
			args[0] = fds[f];
			assert_errno(abi_call_with(&h, MODULE, calls[i].name, args, count),
				     fds[f] == 0  ? calls[i].on_stdin
				     : fds[f] < 3 ? calls[i].on_output
						  : E_BADF);
		}
	}
	abi_fini(&h);
}

TEST(a_descriptor_that_was_closed_is_none_any_more)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t at = abi_room(&h, 72);
	assert_errno(CALL("fd_close", 3), E_BADF);
	assert_errno(CALL("fd_close", 1), E_SUCCESS);
	assert_errno(CALL("fd_close", 1), E_BADF);
	assert_errno(CALL("fd_fdstat_get", 1, at), E_BADF);
	assert_errno(CALL("fd_write", 1, at, 0, at), E_BADF);
	assert_errno(CALL("fd_seek", 1, 0, 0, at), E_BADF);
	assert_errno(CALL("fd_fdstat_get", 2, at), E_SUCCESS);
	abi_fini(&h);
}

TEST(a_descriptor_takes_the_place_of_another_one)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct str name, message;
	uint32_t iov = place_iov(&h, STR("said")), out = abi_room(&h, 4);
	assert_errno(CALL("fd_renumber", 1, 3), E_BADF);
	assert_errno(CALL("fd_renumber", 3, 1), E_BADF);
	assert_errno(CALL("fd_renumber", 1, 1), E_SUCCESS);
	assert_errno(CALL("fd_renumber", 2, 1), E_SUCCESS);
	assert_errno(CALL("fd_write", 2, iov, 1, out), E_BADF);
	assert_errno(CALL("fd_write", 1, iov, 1, out), E_SUCCESS);
	assert_true(log_capture_get(h.world->log, 0, &name, &message));
	assert_str(name, "stderr");
	assert_str(message, "said");
	abi_fini(&h);
}

TEST(no_directory_or_socket_is_ever_open)
{
	static const char *const calls[] = {
		"fd_prestat_get",    "fd_prestat_dir_name",
		"fd_readdir",        "path_create_directory",
		"path_filestat_get", "path_filestat_set_times",
		"path_link",         "path_open",
		"path_readlink",     "path_remove_directory",
		"path_rename",       "path_symlink",
		"path_unlink_file",  "sock_accept",
		"sock_recv",         "sock_send",
		"sock_shutdown",
	};
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		const struct hostcall *call = hostcall_find(STR(MODULE), str_from(calls[i]));
		for (uint32_t fd = 3; fd < 5; fd++) {
			uint64_t args[HOSTCALL_PARAMS_MAX];
			abi_clear(&h);
			size_t count = abi_harmless(&h, call, 0, args);
			args[0] = fd;
			assert_errno(abi_call_with(&h, MODULE, calls[i], args, count), E_BADF);
		}
	}
	abi_fini(&h);
}

TEST(every_function_was_called)
{
	static const char no_success[] =
		"proc_exit proc_raise fd_advise fd_allocate fd_datasync fd_filestat_set_size "
		"fd_filestat_set_times fd_fdstat_set_flags fd_fdstat_set_rights fd_pread fd_pwrite fd_seek fd_sync fd_tell "
		"fd_prestat_get fd_prestat_dir_name fd_readdir path_create_directory "
		"path_filestat_get path_filestat_set_times path_link path_open path_readlink "
		"path_remove_directory path_rename path_symlink path_unlink_file sock_accept "
		"sock_recv sock_send sock_shutdown";
	assert_covered(MODULE, no_success);
}
