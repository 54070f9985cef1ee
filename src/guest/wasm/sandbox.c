/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/sandbox.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "guest/wasm/component/door.h"
#include "guest/wasm/component/run.h"
#include "guest/wasm/engine.h"
#include "guest/wasm/hostcalls/cache_calls.h"
#include "guest/wasm/hostcalls/http_cache_calls.h"
#include "guest/wasm/hostcalls/kv_calls.h"
#include "guest/wasm/profile.h"
#include "guest/wasm/wasm_service.h"

/* One event that a parked guest waits for. */
struct waiter {
	struct watcher watcher; /* first: container of the task that wakes */
	struct sandbox *sandbox;
	struct waiter *next;
	bool used;
};

enum { LINE_BYTES_MAX = 64 << 10 };
enum { HOST_BYTES_A_GUEST_MAX = 512 << 20, HELD_BYTES_A_GUEST_MAX = 1 << 30 };

static void run_guest(struct sandbox *sb);
static void finish(struct sandbox *sb, enum outcome outcome, struct str report);

/* ---- memory and text ---- */

uint8_t *sandbox_memory(struct sandbox *sb, uint32_t offset, uint64_t len)
{
	if (offset > sb->size || len > sb->size - offset)
		return NULL;
	return sb->base + offset;
}

bool sandbox_str(struct sandbox *sb, uint32_t offset, uint32_t len, struct str *out)
{
	*out = (struct str){ (const char *)sandbox_memory(sb, offset, len), len };
	return out->ptr != NULL;
}

enum abi_status sandbox_trap(struct sandbox *sb, const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	sb->trap_text = arena_str(sandbox_arena(sb), str_from(text));
	return ABI_TRAP;
}

bool sandbox_hold(struct sandbox *sb, uint64_t bytes)
{
	if (bytes > HELD_BYTES_A_GUEST_MAX - sb->held_bytes)
		return false;
	sb->held_bytes += bytes;
	return true;
}

void sandbox_let_go(struct sandbox *sb, uint64_t bytes)
{
	sb->held_bytes -= MIN(bytes, sb->held_bytes);
}

/* ---- handles ---- */

enum abi_status sandbox_open(struct sandbox *sb, enum handle_kind kind, void *object, uint32_t *handle)
{
	if (!invocation_within(sb->invocation, LIMIT_handles, sb->handles.open + 1))
		return ABI_LIMITEXCEEDED;
	*handle = handles_open(&sb->handles, kind, object);
	return *handle == HANDLES_FULL ? ABI_LIMITEXCEEDED : ABI_OK;
}

enum abi_status sandbox_open_body(struct sandbox *sb, struct body *taken, uint32_t *handle)
{
	struct guest_body *b = ARENA_NEW(sandbox_arena(sb), struct guest_body);
	b->body = taken;
	taken->limit = MIN(taken->limit, sb->world->limits.body_bytes);
	enum abi_status status = sandbox_open(sb, HANDLE_BODY, b, handle);
	if (status != ABI_OK)
		body_unref(&taken);
	return status;
}

enum abi_status sandbox_put(struct sandbox *sb, enum handle_kind kind, void *object, struct guest_ptr out)
{
	uint32_t handle;
	enum abi_status status = sandbox_open(sb, kind, object, &handle);
	if (status == ABI_OK)
		put_u32(out, handle);
	return status;
}

struct body *sandbox_take_body(struct sandbox *sb, uint32_t h)
{
	struct guest_body *b = sandbox_body(sb, h);
	if (!b || b->streaming)
		return NULL;
	handles_take(&sb->handles, h, HANDLE_BODY);
	if (!b->body->streaming)
		body_end(b->body); /* a body that the guest wrote is complete now; others end by themselves */
	return take(b->body);
}

struct body *sandbox_stream_body(struct sandbox *sb, uint32_t h)
{
	struct guest_body *b = sandbox_body(sb, h);
	if (!b || b->streaming)
		return NULL;
	struct body *through = body_new(sandbox_loop(sb));
	through->streaming = true;
	through->length_untold = true;
	through->limit = UINT64_MAX; /* what was read by then is gone: the limit is on what is held */
	if (b->body->source && !b->body->ended) {
		/* It is still being filled by somebody else: what the guest adds comes behind that. */
		b->body->limit = UINT64_MAX;
	}
	if (!b->body->streaming)
		body_end(b->body);
	body_append(through, take(b->body));
	b->body = through;
	b->streaming = true;
	return body_ref(through);
}

struct backend *sandbox_backend(struct sandbox *sb, struct str name)
{
	struct rc *dynamic = pmap_get(&sb->dynamic_backends, name);
	return dynamic ? container_of(dynamic, struct backend, rc) : world_backend(sb->world, name);
}

void sandbox_register_backend(struct sandbox *sb, struct backend *taken, struct str target)
{
	struct trace *trace = &sb->invocation->trace;
	struct trace_event *ev = trace_add(trace, "backend-register");
	trace_str(trace, ev, "name", taken->name);
	trace_str(trace, ev, "target", target);
	registration_unref(&sb->registration); /* of a call that nobody waits for any more */
	sb->registration = registration_start(sb->world->registrar, sb->world, taken);
}

/* What the SDKs tell apart. */
static enum abi_status refusal_status(enum refusal why)
{
	static const enum abi_status statuses[] = {
		[REFUSAL_NONE] = ABI_OK,
		[REFUSAL_DISALLOWED] = ABI_UNSUPPORTED,
		[REFUSAL_NAME_IN_USE] = ABI_ERROR,
		[REFUSAL_INVALID] = ABI_INVAL,
		[REFUSAL_TOO_MANY] = ABI_LIMITEXCEEDED,
	};
	return statuses[why];
}

enum abi_status sandbox_register_wait(struct sandbox *sb, enum abi_status started)
{
	struct registration *r = sb->registration;
	struct trace *trace = &sb->invocation->trace;
	if (started != ABI_OK)
		return started;
	sb->waiting.state = sb; /* it is not to be started again */
	if (!r->settled) {
		sandbox_wait_event(sb, &r->changed);
		return ABI_WAIT;
	}
	enum abi_status status = refusal_status(r->refused);
	if (r->refused)
		trace_str(trace, trace_add(trace, "backend-refuse"), "name", r->backend->name);
	else
		pmap_put(&sb->dynamic_backends, r->backend->name, &backend_ref(r->backend)->rc);
	registration_unref(&sb->registration);
	return status;
}

static void release_object(struct sandbox *sb, enum handle_kind kind, void *object)
{
	if (kind == HANDLE_BODY) {
		struct guest_body *b = object;
		if (b->streaming)
			body_fail(b->body, BODY_FAILURE_ABANDONED);
		body_unref(&b->body);
	} else if (kind == HANDLE_PENDING) {
		fetch_unref(&((struct guest_pending *)object)->fetch);
	} else if (kind == HANDLE_KV_OP) {
		kv_call_fini(object);
	} else if (kind == HANDLE_CACHE || kind == HANDLE_CACHE_REPLACE) {
		cache_call_fini(object);
	} else if (kind == HANDLE_HTTP_CACHE) {
		http_cache_call_fini(object);
	} else if (kind == HANDLE_CONFIG || kind == HANDLE_SECRETS) {
		table_unref(&((struct guest_name *)object)->table);
	}
	(void)sb;
}

void sandbox_release(struct sandbox *sb)
{
	for (uint32_t i = 0; i < sb->handles.count; i++) {
		struct handle_slot *slot = &sb->handles.slots[i];
		if (slot->kind != HANDLE_FREE)
			release_object(sb, (enum handle_kind)slot->kind, slot->object);
	}
	handles_reset(&sb->handles);
}

static struct body *whole_body(struct sandbox *sb, struct str text)
{
	struct body *body = body_new(sandbox_loop(sb));
	body_write(body, text);
	body_end(body);
	return body;
}

void sandbox_give_up_closed_body(struct sandbox *sb)
{
	if (sb->body_closed)
		body_abandon(sb->asked->http->body);
	sb->body_closed = false;
}

void sandbox_respond(struct sandbox *sb, const struct guest_response *r, struct body *taken)
{
	struct http_response response = r->http;
	if (!invocation_response_within(sb->invocation, &response.headers)) {
		response = (struct http_response){ .status = 503, .version = HTTP_1_1 };
		body_abandon(taken);
		body_unref(&taken);
		taken = whole_body(sb, STR("Header overflow"));
	}
	response.headers = headers_copy(&response.headers, &sb->invocation->arena);
	response.reason = arena_str(&sb->invocation->arena, response.reason);
	response.body = taken;
	sb->sent = true;
	sandbox_give_up_closed_body(sb);
	sb->invocation->keep_framing = r->manual_framing;
	sb->invocation->answered = true;
	invocation_respond(sb->invocation, response);
}

bool sandbox_may_log(struct sandbox *sb, size_t bytes)
{
	bool all = invocation_within(sb->invocation, LIMIT_log_bytes, sb->invocation->log_bytes + bytes);
	return invocation_within(sb->invocation, LIMIT_log_entry_bytes, bytes) && all;
}

static void print_entry(struct sandbox *sb, struct str name, struct str bytes)
{
	if (str_ends(bytes, STR("\n")))
		bytes.len--;
	if (bytes.len && sandbox_may_log(sb, bytes.len))
		invocation_log(sb->invocation, name, bytes);
}

/*
 * Adds to the line that was begun and makes entries of those that are complete; a line of 64 KiB counts as
 * complete.
 */
static void print_lines(struct sandbox *sb, struct buf *line, struct str name, struct str bytes)
{
	line->max = LINE_BYTES_MAX;
	while (bytes.len) {
		size_t end = str_find_char(bytes, '\n');
		size_t len = MIN(end == STR_NONE ? bytes.len : end + 1, (size_t)LINE_BYTES_MAX - line->len);
		buf_add(line, str_sub(bytes, 0, len));
		bytes = str_sub(bytes, len, bytes.len);
		if (line->len < LINE_BYTES_MAX && !str_ends(buf_str(line), STR("\n")))
			return;
		print_entry(sb, name, buf_str(line));
		buf_reset(line);
	}
}

void sandbox_print_rest(struct sandbox *sb)
{
	for (int i = 0; i < 2; i++) {
		print_entry(sb, i == 0 ? STR("stdout") : STR("stderr"), buf_str(&sb->lines[i]));
		buf_fini(&sb->lines[i]);
	}
}

void sandbox_print(struct sandbox *sb, int fd, struct str bytes)
{
	struct world *w = sb->world;
	struct str name = fd == 1 ? STR("stdout") : STR("stderr");
	struct log_sink *raw = fd == 1 ? w->raw_stdout : w->raw_stderr;
	if (raw)
		log_write(raw, name, bytes);
	else if (w->stdio_by_line)
		print_lines(sb, &sb->lines[fd == 1 ? 0 : 1], name, bytes);
	else
		print_entry(sb, name, bytes);
}

/* ---- waiting ---- */

static void stop_waiting(struct sandbox *sb)
{
	for (struct waiter *w = sb->waiters; w; w = w->next) {
		if (w->used)
			watcher_stop(&w->watcher);
		w->used = false;
	}
}

void sandbox_stop(struct sandbox *sb)
{
	stop_waiting(sb);
	timer_stop(sandbox_loop(sb), &sb->timer);
	task_cancel(&sb->resume);
	list_remove(&sb->job.link);
}

static void woken(struct task *t)
{
	struct waiter *w = container_of(t, struct waiter, watcher.task);
	struct sandbox *sb = w->sandbox;
	stop_waiting(sb);
	sb->resume.run(&sb->resume);
}

static void resumed(struct task *t)
{
	struct sandbox *sb = container_of(t, struct sandbox, resume);
	if (sb->running) /* it has not come to rest yet: see end_slice() */
		sb->woken = true;
	else if (sandbox_crew(sb))
		crew_post(sandbox_crew(sb), &sb->job);
	else
		run_guest(sb);
}

void sandbox_wait_event(struct sandbox *sb, struct event *e)
{
	struct waiter *w = sb->waiters;
	while (w && w->used)
		w = w->next;
	if (!w) {
		w = ARENA_NEW(sandbox_arena(sb), struct waiter);
		w->sandbox = sb;
		w->next = sb->waiters;
		sb->waiters = w;
	}
	w->used = true;
	watcher_start(&w->watcher, e, woken);
}

static void time_is_over(struct timer *t)
{
	struct sandbox *sb = container_of(t, struct sandbox, timer);
	sb->timed_out = true;
	stop_waiting(sb);
	loop_post(sandbox_loop(sb), &sb->resume);
}

bool sandbox_wait_time(struct sandbox *sb, uint64_t after_ns)
{
	if (!sb->time_waited) {
		sb->time_waited = true;
		sb->timer.fire = time_is_over;
		timer_start(sandbox_loop(sb), &sb->timer, after_ns);
	}
	return sb->timed_out;
}

/* ---- host calls ---- */

static bool see_memory(struct sandbox *sb, wasmtime_caller_t *caller)
{
	if (!sb->has_memory) { /* a call from the start function: the instance is not ours yet */
		wasmtime_extern_t item;
		if (!wasmtime_caller_export_get(caller, "memory", 6, &item) ||
		    item.kind != WASMTIME_EXTERN_MEMORY)
			return false;
		sb->memory = item.of.memory;
		sb->context = wasmtime_caller_context(caller);
		sb->has_memory = true;
	}
	sb->base = wasmtime_memory_data(sb->context, &sb->memory);
	sb->size = wasmtime_memory_data_size(sb->context, &sb->memory);
	return true;
}

static wasm_trap_t *new_trap(struct sandbox *sb)
{
	return wasmtime_trap_new(sb->trap_text.ptr, sb->trap_text.len);
}

enum { WASI_FAULT = 21 };

/* Ended from outside while it ran: it must not come to its next request any more. */
static enum abi_status stopped(struct sandbox *sb)
{
	return sandbox_trap(sb, "the guest was stopped");
}

/* Runs the body of the call under way, for the first time or again. */
enum abi_status sandbox_call_step(struct sandbox *sb)
{
	enum abi_status status = sb->stopping ? stopped(sb) : sb->waiting.call->body(sb, &sb->waiting.args);
	sb->waiting.parked = status == ABI_WAIT;
	if (sb->waiting.parked) {
		requests_parked(sb);
	} else {
		stop_waiting(sb);
		if (sb->time_waited)
			timer_stop(sandbox_loop(sb), &sb->timer);
	}
	return status;
}

/* Ends the guest, with this text, for having used too much. */
static void over_limit(struct sandbox *sb, uint16_t status, struct str why)
{
	sb->limit_hit = true;
	sb->limit_status = status;
	sb->trap_text = why;
}

static uint64_t memory_room(const struct sandbox *sb)
{
	return limits_memory_room(&sb->world->limits, sb->world->limits_mode);
}

/* A guest that grew over its limit since it was looked at last, or wanted to. */
static bool memory_within(struct sandbox *sb)
{
	const uint64_t most = sb->world->limits.memory_bytes;
	uint64_t wanted = MAX(sb->memory_wanted, memory_pool_refused());
	/* Where there is no room beyond the limit, it is no end that -1 was the answer. */
	uint64_t bytes = wanted && memory_room(sb) > most ? MAX(sb->size, wanted) : sb->size;
	if (sb->door) /* what is seen here is the door's memory; a component's own are bounded by Wasmtime */
		return true;
	if (invocation_within(sb->invocation, LIMIT_memory_bytes, bytes))
		return true;
	over_limit(sb, 500,
		   arena_printf(sandbox_arena(sb),
				"the guest %s %.1f MiB of memory, and the limit is %.1f MiB",
				bytes > sb->size ? "asked for" : "uses", (double)bytes / (1 << 20),
				(double)most / (1 << 20)));
	return false;
}

static enum abi_status decode(struct sandbox *sb, const struct hostcall *call, union hostcall_args *args,
			      const uint64_t *raw)
{
	sb->invocation->hostcalls++;
	if (sb->stopping)
		return stopped(sb);
	if (sandbox_arena(sb)->used > HOST_BYTES_A_GUEST_MAX)
		return sandbox_trap(
			sb, "the guest made its host hold more than %d MiB of headers, names and handles",
			HOST_BYTES_A_GUEST_MAX >> 20);
	if (!memory_within(sb))
		return ABI_TRAP;
	enum abi_status status = call->decode(sb, args, raw);
	return status != ABI_OK && call->wasi ? (enum abi_status)WASI_FAULT : status;
}

enum abi_status sandbox_call(struct sandbox *sb, const struct hostcall *call, const uint64_t *raw)
{
	if (!call->waits) {
		union hostcall_args args;
		enum abi_status status = decode(sb, call, &args, raw);
		if (status == ABI_OK)
			status = call->body(sb, &args);
		CHECK(status != ABI_WAIT);
		return status;
	}
	sb->waiting.call = call;
	sb->waiting.state = NULL;
	sb->timed_out = sb->time_waited = false;
	enum abi_status status = decode(sb, call, &sb->waiting.args, raw);
	return status == ABI_OK ? sandbox_call_step(sb) : status;
}

static enum abi_status no_memory(struct sandbox *sb, const struct hostcall *call)
{
	return sandbox_trap(sb, "the guest calls %s.%s but exports no memory", call->module, call->name);
}

wasm_trap_t *sandbox_enter_now(void *row, wasmtime_caller_t *caller, wasmtime_val_raw_t *values, size_t count)
{
	const struct hostcall *call = row;
	struct sandbox *sb = wasmtime_context_get_data(wasmtime_caller_context(caller));
	uint64_t raw[HOSTCALL_PARAMS_MAX];
	for (size_t i = 0; i < count && i < COUNT_OF(raw); i++)
		raw[i] = (uint64_t)values[i].i64;
	crew_enter(sandbox_crew(sb));
	enum abi_status status = see_memory(sb, caller) ? sandbox_call(sb, call, raw) : no_memory(sb, call);
	crew_leave(sandbox_crew(sb));
	if (status == ABI_TRAP)
		return new_trap(sb);
	if (count)
		values[0].i64 = (int64_t)(uint32_t)status;
	return NULL;
}

/* Hands a call's end to the guest that is parked in it, or that just made it. */
static void answer(struct sandbox *sb, enum abi_status status)
{
	if (status == ABI_TRAP)
		*sb->waiting.trap = new_trap(sb);
	*sb->waiting.result = (wasmtime_val_t){ .kind = WASMTIME_I32, .of.i32 = (int32_t)status };
}

static bool call_is_over(void *unused)
{
	(void)unused;
	return true;
}

static bool call_goes_on(void *data)
{
	struct sandbox *sb = data;
	crew_enter(sandbox_crew(sb));
	enum abi_status status = sandbox_call_step(sb);
	crew_leave(sandbox_crew(sb));
	if (status == ABI_WAIT)
		return false;
	answer(sb, status);
	return true;
}

void sandbox_enter_waits(void *row, wasmtime_caller_t *caller, const wasmtime_val_t *args, size_t args_count,
			 wasmtime_val_t *results, size_t results_count, wasm_trap_t **trap,
			 wasmtime_async_continuation_t *continuation)
{
	struct sandbox *sb = wasmtime_context_get_data(wasmtime_caller_context(caller));
	uint64_t raw[HOSTCALL_PARAMS_MAX];
	CHECK(results_count == 1);
	for (size_t i = 0; i < args_count && i < COUNT_OF(raw); i++)
		raw[i] = args[i].kind == WASMTIME_I64 ? (uint64_t)args[i].of.i64 : (uint32_t)args[i].of.i32;
	sb->waiting.result = results;
	sb->waiting.trap = trap;
	crew_enter(sandbox_crew(sb));
	enum abi_status status = see_memory(sb, caller) ? sandbox_call(sb, row, raw) : no_memory(sb, row);
	crew_leave(sandbox_crew(sb));
	if (status == ABI_WAIT) {
		*continuation = (wasmtime_async_continuation_t){ .callback = call_goes_on, .env = sb };
		return;
	}
	answer(sb, status);
	*continuation = (wasmtime_async_continuation_t){ .callback = call_is_over };
}

/* ---- running ---- */

static struct str limit_report(struct sandbox *sb, const char *what, uint64_t limit_ns)
{
	return arena_printf(&sb->invocation->arena, "the guest used up its %s of %.3f s", what,
			    (double)limit_ns / 1e9);
}

uint64_t sandbox_cpu_ns(const struct sandbox *sb)
{
	return sb->cpu_ns + (sb->running ? cpu_time_ns() - sb->cpu_started_ns : 0);
}

/*
 * After a tick's time of its own: ticks may come for samples only, or just after it began, or while its
 * thread was not running, and who yields early makes another guest start in a memory that is cold.
 */
static bool wants_to_yield(const struct sandbox *sb)
{
	return sb->service->options.yield && cpu_time_ns() - sb->cpu_started_ns >= ENGINE_TICK_MS * NS_PER_MS;
}

static bool is_over(const struct deadline *d)
{
	return d->at_ns && real_time_ns() >= d->at_ns;
}

/* May the guest go on? Otherwise the limit that it is over, or who ended it, has its words in `trap_text`. */
static bool may_go_on(struct sandbox *sb, const wasmtime_context_t *context)
{
	uint64_t cpu_ns = sandbox_cpu_ns(sb) - sb->cpu_before_ns;
	if (sb->has_memory)
		sb->size = wasmtime_memory_data_size(context, &sb->memory);
	if (sb->doomed)
		return false;
	if (sb->stopping)
		sb->trap_text = STR("the guest was stopped");
	else if (sb->world->deadline && is_over(sb->world->deadline))
		over_limit(sb, 503, sb->world->deadline->why);
	else if (!invocation_within(sb->invocation, LIMIT_cpu_ns, cpu_ns))
		over_limit(sb, 503, limit_report(sb, "CPU time", sb->world->limits.cpu_ns));
	else
		return memory_within(sb);
	return false;
}

static wasmtime_error_t *epoch_ticked(const wasmtime_context_t *context, void *data, uint64_t *delta,
				      wasmtime_update_deadline_kind_t *kind)
{
	struct sandbox *sb = data;
	struct crew *crew = sandbox_crew(sb);
	crew_enter(crew);
	bool goes_on = may_go_on(sb, context);
	bool wanted = !crew || crew_is_wanted(crew);
	crew_leave(crew);
	*delta = 1;
	if (sb->profiler)
		profile_sample(sb);
	bool yields = wanted && wants_to_yield(sb);
	*kind = yields ? WASMTIME_UPDATE_DEADLINE_YIELD : WASMTIME_UPDATE_DEADLINE_CONTINUE;
	return goes_on ? NULL : wasmtime_error_new(sb->trap_text.ptr);
}

/* What went wrong, with Wasmtime's backtrace; frees both. */
static struct str take_report(struct sandbox *sb)
{
	wasm_byte_vec_t text = { 0 };
	if (sb->trap) {
		wasm_trap_message(sb->trap, &text);
		wasm_trap_delete(take(sb->trap));
	} else {
		wasmtime_error_message(sb->error, &text);
		wasmtime_error_delete(take(sb->error));
	}
	size_t len = engine_clean(text.data, text.size);
	struct str report = arena_str(&sb->invocation->arena, (struct str){ text.data, len });
	wasm_byte_vec_delete(&text);
	return report;
}

static void take_outcome(struct sandbox *sb)
{
	if (sb->no_start) {
		finish(sb, OUTCOME_FAILED, STR("the guest exports no function `_start`"));
		return;
	}
	if (!sb->trap && !sb->error) {
		if (sb->answered_error)
			sb->exit_code = 1;
		finish(sb, sb->answered_error ? OUTCOME_EXIT : OUTCOME_OK,
		       sb->answered_error ? STR("the component answered with an error") : STR(""));
		return;
	}
	struct str report = take_report(sb);
	if (sb->doomed)
		report = arena_str(&sb->invocation->arena, sb->trap_text);
	if (sb->exited && sb->exit_code == 0)
		finish(sb, OUTCOME_OK, STR(""));
	else if (sb->exited)
		finish(sb, OUTCOME_EXIT,
		       arena_printf(&sb->invocation->arena, "the guest exited with code %d", sb->exit_code));
	else
		finish(sb, sb->limit_hit ? OUTCOME_LIMIT : OUTCOME_TRAP, report);
}

/* Sets the words of memory that the program is to start with. */
static void set_words(struct sandbox *sb)
{
	const struct guest_program *p = sb->program;
	if (!p || !sb->has_memory)
		return;
	sb->base = wasmtime_memory_data(sb->context, &sb->memory);
	sb->size = wasmtime_memory_data_size(sb->context, &sb->memory);
	for (size_t i = 0; i < p->word_count; i++) {
		uint8_t *at = sandbox_memory(sb, p->words[i].address, sizeof p->words[i].value);
		if (at)
			memcpy(at, &p->words[i].value, sizeof p->words[i].value);
	}
}

/* The instance is there: calls its `_start`. False: there is none. */
static bool call_start(struct sandbox *sb)
{
	wasmtime_extern_t item;
	sb->starting = false;
	if (sb->door) {
		sb->future = component_call(sb);
		return true;
	}
	sb->has_memory = wasmtime_instance_export_get(sb->context, &sb->instance, "memory", 6, &item) &&
			 item.kind == WASMTIME_EXTERN_MEMORY;
	if (sb->has_memory)
		sb->memory = item.of.memory;
	set_words(sb);
	if (!wasmtime_instance_export_get(sb->context, &sb->instance, "_start", 6, &item) ||
	    item.kind != WASMTIME_EXTERN_FUNC) {
		sb->no_start = true;
		return false;
	}
	sb->future =
		wasmtime_func_call_async(sb->context, &item.of.func, NULL, 0, NULL, 0, &sb->trap, &sb->error);
	return true;
}

static void next_slice(struct timer *t)
{
	run_guest(container_of(t, struct sandbox, timer));
}

/*
 * A timer of no time and not loop_post(): the loop runs many tasks in a row, but looks at its sockets after
 * each timer.
 */
static void let_others_run(struct sandbox *sb)
{
	sb->timer.fire = next_slice;
	timer_start(sandbox_loop(sb), &sb->timer, 0);
}

/* Runs the instance's start and then the guest until it waits (false), or is over, or has nothing to run. */
static bool poll_guest(struct sandbox *sb)
{
	for (;;) {
		if (!wasmtime_call_future_poll(sb->future))
			return false;
		wasmtime_call_future_delete(take(sb->future));
		if (!sb->starting || sb->trap || sb->error || !call_start(sb))
			return true;
	}
}

/* For the instance. Nothing of this needs the crew's lock. */
static void begin_store(struct sandbox *sb)
{
	const struct world *w = sb->world;
	const struct component *component = sb->service->component;
	sb->store = wasmtime_store_new(sb->service->engine->wasm, sb, NULL);
	sb->context = wasmtime_store_context(sb->store);
	/* Memories of a pool are bounded by it, which tells how much they wanted. */
	wasmtime_store_limiter(sb->store, sb->service->engine->memories ? -1 : (int64_t)memory_room(sb),
			       (int64_t)w->limits.table_elements, component ? COMPONENT_INSTANCES_MAX : 1,
			       component ? COMPONENT_TABLES_MAX : 1, component ? COMPONENT_MEMORIES_MAX : 1);
	wasmtime_context_set_epoch_deadline(sb->context, 2);
	wasmtime_store_epoch_deadline_callback(sb->store, epoch_ticked, sb, NULL);
	sb->starting = true;
	sb->profiler = profile_begin(sb->service);
	if (component)
		sb->door = door_new(sb);
	sb->future = component
			     ? component_instantiate(sb)
			     : wasmtime_instance_pre_instantiate_async(sb->service->pre, sb->context,
								       &sb->instance, &sb->trap, &sb->error);
}

/* The same: the instance goes, and its memory is made as it was. */
static void end_store(struct sandbox *sb)
{
	if (sb->future)
		wasmtime_call_future_delete(take(sb->future));
	if (sb->has_memory)
		sb->memory_bytes = wasmtime_memory_data_size(sb->context, &sb->memory);
	if (sb->store)
		wasmtime_store_delete(take(sb->store));
	if (sb->door)
		sb->answered_error = component_failed(sb);
	door_free(&sb->door);
	sb->has_memory = false;
	sb->base = NULL;
	sb->size = 0;
}

void sandbox_note_memory(struct sandbox *sb)
{
	if (sb->has_memory)
		sb->memory_bytes = wasmtime_memory_data_size(sb->context, &sb->memory);
	if (!sb->memory_bytes)
		return;
	sb->invocation->memory_bytes = sb->memory_bytes;
	invocation_note(sb->invocation, LIMIT_memory_bytes, MAX(sb->memory_bytes, sb->memory_wanted));
	sb->memory_wanted = 0;
}

/* Runs the guest on, and takes the instance down when it is over (true). */
static bool run_slice(struct sandbox *sb)
{
	memory_pool_allow(memory_room(sb));
	if (!sb->store)
		begin_store(sb);
	bool over = poll_guest(sb);
	sb->memory_wanted = MAX(sb->memory_wanted, memory_pool_refused());
	if (over)
		end_store(sb);
	return over;
}

static void end_slice(struct sandbox *sb, bool over)
{
	struct crew *crew = sandbox_crew(sb);
	bool woken = sb->woken;
	sb->cpu_ns = sandbox_cpu_ns(sb);
	sb->running = false;
	sb->woken = false;
	if (sb->stopping)
		finish(sb, sb->stop_outcome, sb->stop_report);
	else if (over)
		take_outcome(sb);
	else if (crew && (woken || !sb->waiting.parked))
		crew_post(crew, &sb->job);
	else if (!sb->waiting.parked)
		let_others_run(sb);
}

static void run_guest(struct sandbox *sb)
{
	sb->cpu_started_ns = cpu_time_ns(); /* a system call: one pair for all that runs now */
	sb->running = true;
	end_slice(sb, run_slice(sb));
}

/* The same on a thread of a crew, where others may have the lock meanwhile. */
static void run_job(struct job *j)
{
	struct sandbox *sb = container_of(j, struct sandbox, job);
	struct crew *crew = sandbox_crew(sb);
	sb->cpu_started_ns = cpu_time_ns();
	sb->running = true;
	crew_leave(crew);
	bool over = run_slice(sb);
	crew_enter(crew);
	bool awaited = sb->stopping;
	end_slice(sb, over);
	if (awaited)
		crew_moved(crew);
}

/* ---- birth and death ---- */

void sandbox_init(struct sandbox *sb, struct wasm_service *s, struct world *w,
		  const struct invocation_request *request)
{
	sb->service = s;
	sb->world = w;
	requests_begin(sb, requests_new(s, w, request));
}

void sandbox_fini(struct sandbox *sb)
{
	requests_fini(sb);
	registration_unref(&sb->registration);
	pmap_fini(&sb->dynamic_backends);
	arena_reset(&sb->arena);
}

static void delete_report(struct sandbox *sb)
{
	if (sb->trap)
		wasm_trap_delete(take(sb->trap));
	if (sb->error)
		wasmtime_error_delete(take(sb->error));
}

/* The sandbox is gone then. */
static void finish(struct sandbox *sb, enum outcome outcome, struct str report)
{
	struct wasm_service *s = sb->service;
	timer_stop(sandbox_loop(sb), &sb->wall_timer);
	sandbox_stop(sb);
	profile_end(sb);
	end_store(sb);
	delete_report(sb); /* when it was stopped, nobody has looked at it */
	sandbox_note_memory(sb);
	s->alive--;
	sandbox_print_rest(sb);
	sandbox_release(sb);
	requests_end(sb, outcome, report);
	sandbox_fini(sb);
	sb->serial = 0;
	sb->next_free = s->free_sandboxes;
	s->free_sandboxes = sb;
}

/* The same from outside: now, or, when it runs on another thread, as soon as that notices. */
static void stop(struct sandbox *sb, enum outcome outcome, struct str report)
{
	if (!sb->running) {
		finish(sb, outcome, report);
	} else if (!sb->stopping) {
		sb->stopping = true;
		sb->stop_outcome = outcome;
		sb->stop_report = report;
	}
}

void sandbox_end(struct sandbox *sb, enum outcome outcome, struct str report)
{
	struct crew *crew = sandbox_crew(sb);
	uint64_t serial = sb->serial;
	stop(sb, outcome, report);
	while (serial && sb->serial == serial) /* it may have a new life by now */
		crew_pause(crew);
}

/* To the next bound that is not behind it. */
static void start_wall_timer(struct sandbox *sb, uint64_t used_ns)
{
	uint64_t noted = sb->world->noted.wall_ns, most = sb->world->limits.wall_ns;
	uint64_t next = noted > used_ns ? MIN(noted, most) : most;
	if (next != UNLIMITED)
		timer_start(sandbox_loop(sb), &sb->wall_timer, next > used_ns ? next - used_ns : 0);
}

static void wall_time_over(struct timer *t)
{
	struct sandbox *sb = container_of(t, struct sandbox, wall_timer);
	struct arena *a = &sb->invocation->arena;
	uint64_t used = clock_monotonic(sandbox_loop(sb)->clock) - sb->invocation->started_ns;
	if (invocation_within(sb->invocation, LIMIT_wall_ns,
			      used + 1)) { /* it goes on, beyond this very moment */
		start_wall_timer(sb, used);
		return;
	}
	struct str what = sb->waiting.parked ? arena_printf(a, " while it waited in %s.%s",
							    sb->waiting.call->module, sb->waiting.call->name)
					     : STR("");
	struct str limit = limit_report(sb, "wall time", sb->world->limits.wall_ns);
	sb->limit_status = 503;
	stop(sb, OUTCOME_LIMIT, arena_printf(a, STR_FMT STR_FMT, STR_ARG(limit), STR_ARG(what)));
}

void sandbox_start_wall_time(struct sandbox *sb)
{
	if (sb->job.run)
		start_wall_timer(sb, 0);
}

static struct sandbox *new_sandbox(struct wasm_service *s)
{
	struct sandbox *sb = s->free_sandboxes;
	if (!sb)
		return NEW(struct sandbox);
	s->free_sandboxes = sb->next_free;
	struct handles handles = sb->handles;
	struct arena arena = sb->arena;
	memset(sb, 0, sizeof *sb);
	sb->handles = handles;
	sb->arena = arena;
	return sb;
}

void sandbox_start(struct wasm_service *s, struct wasm_invocation *first)
{
	struct world *w = first->super.world;
	struct sandbox *sb = new_sandbox(s);
	sb->service = s;
	sb->world = w;
	sb->program = first->asked->program;
	sb->resume.run = resumed;
	sb->wall_timer.fire = wall_time_over;
	sb->job.run = run_job;
	sb->serial = ++s->started;
	s->alive++;
	requests_begin(sb, first);
	engine_start_ticking(s->engine, w->loop->crew);
	/* At once, or as soon as a thread is free: a guest that need not wait ends before the next one takes
	 * another, colder memory. */
	if (w->loop->crew)
		crew_post(w->loop->crew, &sb->job);
	else
		run_guest(sb);
}

void sandbox_pool_init(struct wasm_service *s)
{
	list_init(&s->promises);
	list_init(&s->between_requests);
}

void sandbox_pool_free(struct wasm_service *s)
{
	while (requests_end_oldest(s))
		;
	while (s->free_sandboxes) {
		struct sandbox *sb = s->free_sandboxes;
		s->free_sandboxes = sb->next_free;
		handles_fini(&sb->handles);
		arena_fini(&sb->arena);
		mem_free(sb);
	}
	requests_pool_free(s);
}
