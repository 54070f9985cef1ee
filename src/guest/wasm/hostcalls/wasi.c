/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WASI preview 1 (github.com/WebAssembly/WASI, snapshot preview1): arguments, environment, clocks,
 * randomness, standard output. There are no files, so what is about files answers EBADF.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "guest/wasm/sandbox.h"
#include "guest/wasm/wasm_service.h"

/* Numbers of WASI's errno. */
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
enum { FD_STDOUT = 1, FD_STDERR = 2 };
enum { FILETYPE_UNKNOWN = 0, FILETYPE_CHARACTER_DEVICE = 2 };

#define RESULT(number) ((enum abi_status)(number))

/* ---- arguments and environment ---- */

typedef void string_fn(void *data, struct str s);

static void each_arg(struct sandbox *sb, string_fn *see, void *data)
{
	const struct wasm_options *o = &sb->service->options;
	see(data, o->program);
	for (const char *const *arg = sb->program ? sb->program->args : o->args; arg && *arg; arg++)
		see(data, str_from(*arg));
}

/* The variables Fastly sets; nothing of the host's own environment. Values as Viceroy gives them. */
static void each_variable(struct sandbox *sb, string_fn *see, void *data)
{
	struct arena *arena = sandbox_arena(sb);
	const struct world *w = sb->world;
	const struct str variables[] = {
		STR("FASTLY_CACHE_GENERATION=0"),
		STR("FASTLY_CUSTOMER_ID=0000000000000000000000"),
		arena_printf(arena, "FASTLY_POP=" STR_FMT, STR_ARG(w->pop)),
		STR("FASTLY_REGION=Somewhere"),
		STR("FASTLY_SERVICE_ID=0000000000000000000000"),
		STR("FASTLY_SERVICE_VERSION=0"),
		arena_printf(arena, "FASTLY_HOSTNAME=" STR_FMT, STR_ARG(w->hostname)),
		STR("FASTLY_IS_STAGING=0"),
		arena_printf(arena, "FASTLY_TRACE_ID=%032llx", (unsigned long long)sb->invocation->number),
	};
	for (size_t i = 0; i < COUNT_OF(variables); i++)
		see(data, variables[i]);
	for (const char *const *more = sb->program ? sb->program->variables : NULL; more && *more; more++)
		see(data, str_from(*more));
}

struct sizes {
	uint32_t count, bytes;
};

static void add_size(void *data, struct str s)
{
	struct sizes *sizes = data;
	sizes->count++;
	sizes->bytes += (uint32_t)s.len + 1;
}

struct writing {
	struct sandbox *sb;
	uint32_t pointers, bytes;
	bool fault;
};

static void write_string(void *data, struct str s)
{
	struct writing *w = data;
	uint8_t *pointer = sandbox_memory(w->sb, w->pointers, 4),
		*at = sandbox_memory(w->sb, w->bytes, s.len + 1);
	if (w->fault || !pointer || !at) {
		w->fault = true;
		return;
	}
	memcpy(pointer, &w->bytes, 4);
	if (s.len)
		memcpy(at, s.ptr, s.len);
	at[s.len] = '\0';
	w->pointers += 4;
	w->bytes += (uint32_t)s.len + 1;
}

enum abi_status hostcall_wasi_args_sizes_get(struct sandbox *sb, struct wasi_args_sizes_get_args *a)
{
	struct sizes sizes = { 0 };
	each_arg(sb, add_size, &sizes);
	put_u32(a->count, sizes.count);
	put_u32(a->bytes, sizes.bytes);
	return RESULT(E_SUCCESS);
}

enum abi_status hostcall_wasi_args_get(struct sandbox *sb, struct wasi_args_get_args *a)
{
	struct writing w = { sb, a->argv, a->argv_buf, false };
	each_arg(sb, write_string, &w);
	return RESULT(w.fault ? E_FAULT : E_SUCCESS);
}

enum abi_status hostcall_wasi_environ_sizes_get(struct sandbox *sb, struct wasi_environ_sizes_get_args *a)
{
	struct sizes sizes = { 0 };
	each_variable(sb, add_size, &sizes);
	put_u32(a->count, sizes.count);
	put_u32(a->bytes, sizes.bytes);
	return RESULT(E_SUCCESS);
}

enum abi_status hostcall_wasi_environ_get(struct sandbox *sb, struct wasi_environ_get_args *a)
{
	struct writing w = { sb, a->environ, a->environ_buf, false };
	each_variable(sb, write_string, &w);
	return RESULT(w.fault ? E_FAULT : E_SUCCESS);
}

/* ---- time and randomness ---- */

enum { CLOCK_ID_REALTIME, CLOCK_ID_MONOTONIC, CLOCK_ID_PROCESS_CPU, CLOCK_ID_THREAD_CPU };

static bool read_clock(struct sandbox *sb, uint32_t id, uint64_t *out)
{
	const struct clock *clock = sandbox_loop(sb)->clock;
	switch (id) {
	case CLOCK_ID_REALTIME:
		*out = clock_wall(clock);
		return true;
	case CLOCK_ID_MONOTONIC:
	case CLOCK_ID_PROCESS_CPU: /* not the host's CPU time: it would make guests differ from run to run */
	case CLOCK_ID_THREAD_CPU:
		*out = clock_monotonic(clock);
		return true;
	default:
		return false;
	}
}

enum abi_status hostcall_wasi_clock_res_get(struct sandbox *sb, struct wasi_clock_res_get_args *a)
{
	uint64_t now;
	if (!read_clock(sb, a->id, &now))
		return RESULT(E_INVAL);
	put_u64(a->resolution, 1);
	return RESULT(E_SUCCESS);
}

enum abi_status hostcall_wasi_clock_time_get(struct sandbox *sb, struct wasi_clock_time_get_args *a)
{
	uint64_t now;
	if (!read_clock(sb, a->id, &now))
		return RESULT(E_INVAL);
	put_u64(a->time, now);
	return RESULT(E_SUCCESS);
}

enum abi_status hostcall_wasi_random_get(struct sandbox *sb, struct wasi_random_get_args *a)
{
	random_fill(sb->world->random, (void *)a->buf.ptr, a->buf.len);
	return RESULT(E_SUCCESS);
}

enum abi_status hostcall_wasi_sched_yield(struct sandbox *sb, struct wasi_sched_yield_args *a)
{
	(void)sb, (void)a;
	return RESULT(E_SUCCESS);
}

/* ---- ending ---- */

enum abi_status hostcall_wasi_proc_exit(struct sandbox *sb, struct wasi_proc_exit_args *a)
{
	sb->exited = true;
	sb->exit_code = (int)a->code;
	return sandbox_trap(sb, "exit %d", sb->exit_code);
}

enum abi_status hostcall_wasi_proc_raise(struct sandbox *sb, struct wasi_proc_raise_args *a)
{
	(void)sb, (void)a;
	return RESULT(E_NOTSUP);
}

/* ---- descriptors 0, 1 and 2 ---- */

enum stdio { IS_CLOSED, IS_STDIN, IS_STDOUT, IS_STDERR };

/* What a descriptor stands for: itself, until the guest closes it or gives it another number. */
static enum stdio stdio_of(const struct sandbox *sb, uint32_t fd)
{
	if (fd >= COUNT_OF(sb->stdio))
		return IS_CLOSED;
	return sb->stdio[fd].changed ? (enum stdio)sb->stdio[fd].is : (enum stdio)(fd + 1);
}

static void set_stdio(struct sandbox *sb, uint32_t fd, enum stdio is)
{
	sb->stdio[fd].changed = true;
	sb->stdio[fd].is = (uint8_t)is;
}

static bool is_output(const struct sandbox *sb, uint32_t fd)
{
	enum stdio is = stdio_of(sb, fd);
	return is == IS_STDOUT || is == IS_STDERR;
}

/* ---- poll_oneoff ---- */

struct subscription { /* offsets of the ABI's struct, 48 bytes */
	uint64_t userdata;
	uint8_t type;
	uint8_t pad[7];
	uint32_t clock_or_fd, pad2;
	uint64_t timeout_ns, precision_ns;
	uint16_t flags, pad3[3];
};
_Static_assert(sizeof(struct subscription) == 48, "layout of WASI's subscription");

struct poll_event { /* 32 bytes */
	uint64_t userdata;
	uint16_t error;
	uint8_t type, pad[5];
	uint64_t bytes;
	uint16_t flags, pad2[3];
};
_Static_assert(sizeof(struct poll_event) == 32, "layout of WASI's event");

enum { ON_CLOCK, ON_READ, ON_WRITE, FLAG_ABSTIME = 1, POLLED_MAX = 4096 };

/* How long until a subscription has something to say, 0 for now; the wait began at `start_ns` of the
 * monotonic clock. */
static uint64_t time_left(struct sandbox *sb, const struct subscription *s, uint64_t start_ns)
{
	uint64_t now, waited = clock_monotonic(sandbox_loop(sb)->clock) - start_ns;
	if (s->type != ON_CLOCK || !read_clock(sb, s->clock_or_fd, &now))
		return 0; /* a descriptor is always ready, and an unknown clock is an error at once */
	if (!(s->flags & FLAG_ABSTIME))
		now = waited;
	return s->timeout_ns > now ? s->timeout_ns - now : 0;
}

static uint16_t subscription_error(struct sandbox *sb, const struct subscription *s)
{
	uint64_t now;
	if (s->type == ON_CLOCK)
		return read_clock(sb, s->clock_or_fd, &now) ? E_SUCCESS : E_INVAL;
	bool there =
		s->type == ON_READ ? stdio_of(sb, s->clock_or_fd) == IS_STDIN : is_output(sb, s->clock_or_fd);
	return there ? E_SUCCESS : E_BADF;
}

/* Writes an event for each subscription that is due; none is: how long until the next one. */
static uint32_t write_events(struct sandbox *sb, const uint8_t *in, uint8_t *out, uint32_t count,
			     uint64_t *nearest_ns)
{
	uint32_t happened = 0;
	*nearest_ns = UINT64_MAX;
	for (uint32_t i = 0; i < count; i++) {
		struct subscription s;
		memcpy(&s, in + i * sizeof s, sizeof s);
		uint64_t left = time_left(sb, &s, *(uint64_t *)sb->waiting.state);
		struct poll_event event = { .userdata = s.userdata,
					    .type = s.type,
					    .error = subscription_error(sb, &s) };
		*nearest_ns = MIN(*nearest_ns, left);
		if (left == 0)
			memcpy(out + happened++ * sizeof event, &event, sizeof event);
	}
	return happened;
}

enum abi_status hostcall_wasi_poll_oneoff(struct sandbox *sb, struct wasi_poll_oneoff_args *a)
{
	uint64_t nearest_ns;
	if (a->count == 0 || a->count > POLLED_MAX)
		return RESULT(E_INVAL);
	const uint8_t *in = sandbox_memory(sb, a->in, a->count * (uint64_t)sizeof(struct subscription));
	uint8_t *out = sandbox_memory(sb, a->events, a->count * (uint64_t)sizeof(struct poll_event));
	if (!in || !out)
		return RESULT(E_FAULT);
	if (!sb->waiting.state) {
		uint64_t *start_ns = arena_alloc(sandbox_arena(sb), sizeof *start_ns);
		*start_ns = clock_monotonic(sandbox_loop(sb)->clock);
		sb->waiting.state = start_ns;
	}
	uint32_t happened = write_events(sb, in, out, a->count, &nearest_ns);
	if (happened == 0) {
		sb->time_waited = sb->timed_out = false; /* a clock that was set back makes it wait again */
		(void)sandbox_wait_time(sb, nearest_ns);
		return ABI_WAIT;
	}
	put_u32(a->happened, happened);
	return RESULT(E_SUCCESS);
}

/* ---- standard input and output ---- */

enum { IOVS_MAX = 1024, PRINT_BYTES_MAX = 1 << 20 };

/* One write is one line of the log, so the pieces are put together first. */
static void print_pieces(struct sandbox *sb, int fd, const uint8_t *iovs, uint32_t count, size_t len)
{
	char *text = mem_alloc(len);
	size_t used = 0;
	for (uint32_t i = 0; i < count && used < len; i++) {
		uint32_t iov[2];
		memcpy(iov, iovs + 8 * (size_t)i, sizeof iov);
		size_t step = MIN((size_t)iov[1], len - used);
		if (step)
			memcpy(text + used, sandbox_memory(sb, iov[0], iov[1]), step);
		used += step;
	}
	sandbox_print(sb, fd, (struct str){ text, used });
	mem_free(text);
}

enum abi_status hostcall_wasi_fd_write(struct sandbox *sb, struct wasi_fd_write_args *a)
{
	if (!is_output(sb, a->fd))
		return RESULT(E_BADF);
	const int fd = stdio_of(sb, a->fd) == IS_STDOUT ? FD_STDOUT : FD_STDERR;
	if (a->iovs_len > IOVS_MAX)
		return RESULT(E_INVAL);
	const uint8_t *iovs = sandbox_memory(sb, a->iovs, 8 * (uint64_t)a->iovs_len);
	if (!iovs)
		return RESULT(E_FAULT);
	uint64_t total = 0;
	uint32_t iov[2] = { 0, 0 };
	for (uint32_t i = 0; i < a->iovs_len; i++) {
		memcpy(iov, iovs + 8 * (size_t)i, sizeof iov);
		if (!sandbox_memory(sb, iov[0], iov[1]))
			return RESULT(E_FAULT);
		total += iov[1];
	}
	size_t len = MIN(total, (uint64_t)PRINT_BYTES_MAX); /* a short write is allowed */
	if (a->iovs_len == 1)
		sandbox_print(sb, fd, (struct str){ (const char *)sandbox_memory(sb, iov[0], iov[1]), len });
	else
		print_pieces(sb, fd, iovs, a->iovs_len, len);
	put_u32(a->written, (uint32_t)len);
	return RESULT(E_SUCCESS);
}

enum abi_status hostcall_wasi_fd_read(struct sandbox *sb, struct wasi_fd_read_args *a)
{
	if (stdio_of(sb, a->fd) != IS_STDIN)
		return RESULT(E_BADF);
	put_u32(a->read, 0);
	return RESULT(E_SUCCESS);
}

/* A terminal is a character device; of what is none, nothing is known. Standard input is empty, and none. */
static uint8_t filetype(const struct sandbox *sb, enum stdio is)
{
	const struct world *w = sb->world;
	bool terminal = (is == IS_STDOUT && w->stdout_terminal) || (is == IS_STDERR && w->stderr_terminal);
	return terminal ? FILETYPE_CHARACTER_DEVICE : FILETYPE_UNKNOWN;
}

enum abi_status hostcall_wasi_fd_fdstat_get(struct sandbox *sb, struct wasi_fd_fdstat_get_args *a)
{
	uint8_t *out = sandbox_memory(sb, a->stat, 24);
	enum stdio is = stdio_of(sb, a->fd);
	if (is == IS_CLOSED)
		return RESULT(E_BADF);
	if (!out)
		return RESULT(E_FAULT);
	const uint64_t rights = is == IS_STDIN ? 1 << 1 : 1 << 6; /* fd_read, fd_write */
	memset(out, 0, 24);
	out[0] = filetype(sb, is);
	memcpy(out + 8, &rights, sizeof rights);
	memcpy(out + 16, &rights, sizeof rights); /* inherited */
	return RESULT(E_SUCCESS);
}

enum abi_status hostcall_wasi_fd_filestat_get(struct sandbox *sb, struct wasi_fd_filestat_get_args *a)
{
	uint8_t *out = sandbox_memory(sb, a->stat, 64);
	enum stdio is = stdio_of(sb, a->fd);
	if (is == IS_CLOSED)
		return RESULT(E_BADF);
	if (!out)
		return RESULT(E_FAULT);
	memset(out, 0, 64);
	out[16] = filetype(sb, is);
	return RESULT(E_SUCCESS);
}

enum abi_status hostcall_wasi_fd_close(struct sandbox *sb, struct wasi_fd_close_args *a)
{
	if (stdio_of(sb, a->fd) == IS_CLOSED)
		return RESULT(E_BADF);
	set_stdio(sb, a->fd, IS_CLOSED);
	return RESULT(E_SUCCESS);
}

enum abi_status hostcall_wasi_fd_renumber(struct sandbox *sb, struct wasi_fd_renumber_args *a)
{
	enum stdio is = stdio_of(sb, a->fd);
	if (is == IS_CLOSED || stdio_of(sb, a->to) == IS_CLOSED)
		return RESULT(E_BADF);
	if (a->fd != a->to) {
		set_stdio(sb, a->to, is);
		set_stdio(sb, a->fd, IS_CLOSED);
	}
	return RESULT(E_SUCCESS);
}

/* Calls that only make sense on something else than standard input and output. */
#define ON_STDIO(name, stdin_error, output_error)                                                          \
	enum abi_status hostcall_wasi_##name(struct sandbox *sb, struct wasi_##name##_args *a)             \
	{                                                                                                  \
		enum stdio is = stdio_of(sb, a->fd);                                                       \
		return RESULT(is == IS_CLOSED ? E_BADF : is == IS_STDIN ? (stdin_error) : (output_error)); \
	}

ON_STDIO(fd_seek, E_SPIPE, E_SPIPE)
ON_STDIO(fd_tell, E_SPIPE, E_SPIPE)
ON_STDIO(fd_pread, E_SPIPE, E_BADF)
ON_STDIO(fd_pwrite, E_BADF, E_SPIPE)
ON_STDIO(fd_prestat_dir_name, E_NOTDIR, E_NOTDIR)
ON_STDIO(sock_accept, E_NOTSOCK, E_NOTSOCK)
ON_STDIO(sock_recv, E_NOTSOCK, E_NOTSOCK)
ON_STDIO(sock_send, E_NOTSOCK, E_NOTSOCK)
ON_STDIO(sock_shutdown, E_NOTSOCK, E_NOTSOCK)

/* Calls on directories and files: none is ever open. */
#define NEVER_OPEN(name)                                                                       \
	enum abi_status hostcall_wasi_##name(struct sandbox *sb, struct wasi_##name##_args *a) \
	{                                                                                      \
		(void)sb, (void)a;                                                             \
		return RESULT(E_BADF);                                                         \
	}

NEVER_OPEN(fd_prestat_get)
NEVER_OPEN(fd_readdir)
NEVER_OPEN(fd_fdstat_set_flags)
NEVER_OPEN(fd_fdstat_set_rights)
NEVER_OPEN(fd_advise)
NEVER_OPEN(fd_allocate)
NEVER_OPEN(fd_datasync)
NEVER_OPEN(fd_filestat_set_size)
NEVER_OPEN(fd_filestat_set_times)
NEVER_OPEN(fd_sync)
NEVER_OPEN(path_create_directory)
NEVER_OPEN(path_filestat_get)
NEVER_OPEN(path_filestat_set_times)
NEVER_OPEN(path_link)
NEVER_OPEN(path_open)
NEVER_OPEN(path_readlink)
NEVER_OPEN(path_remove_directory)
NEVER_OPEN(path_rename)
NEVER_OPEN(path_symlink)
NEVER_OPEN(path_unlink_file)
