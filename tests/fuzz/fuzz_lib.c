/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libbacklot under whatever is called in whatever order: each two bytes are a function and what it is called
 * with. Handles are freed at any time and in any order, and never used afterwards, as a language with a
 * collector does.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <backlot.h>

enum { SLOTS = 4, STEPS_MAX = 200 };

/* Sends its request to "api" and passes the answer on, or traps. */
static const char guest[] =
	"(module"
	" (import \"fastly_http_req\" \"body_downstream_get\" (func $get (param i32 i32) (result i32)))"
	" (import \"fastly_http_req\" \"send\" (func $send (param i32 i32 i32 i32 i32 i32) (result i32)))"
	" (import \"fastly_http_resp\" \"send_downstream\" (func $answer (param i32 i32 i32) (result i32)))"
	" (memory (export \"memory\") 1)"
	" (data (i32.const 64) \"api\")"
	" (func (export \"_start\")"
	"  (drop (call $get (i32.const 0) (i32.const 4)))"
	"  (if (call $send (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.const 64) (i32.const 3)"
	"       (i32.const 8) (i32.const 12)) (then unreachable))"
	"  (drop (call $answer (i32.load (i32.const 8)) (i32.load (i32.const 12)) (i32.const 0)))))";

struct handles {
	bl_world *worlds[SLOTS];
	bl_response *responses[SLOTS];
	bl_request *requests[SLOTS];
	bl_call *calls[SLOTS];
	bl_cache_list *lists[SLOTS];
	uint8_t mood; /* what the next origin does */
};

static bl_service *service;

static void open_guest(void)
{
	char path[] = "/tmp/backlot-fuzz-XXXXXX.wat";
	bl_service_options o = { .size = sizeof o, .cache_folder = "" };
	int fd = mkstemps(path, 4);
	if (fd < 0 || write(fd, guest, strlen(guest)) != (ssize_t)strlen(guest))
		abort();
	close(fd);
	service = bl_service_open(path, &o, NULL);
	unlink(path);
	if (!service)
		abort();
}

static void origin(void *data, bl_call *call)
{
	struct handles *h = data;
	bl_answer *a = bl_answer_new(h->mood & 1 ? 200 : 404);
	if (h->mood & 2)
		bl_answer_header(a, "cache-control", "max-age=60", NULL);
	if (h->mood & 4)
		bl_answer_fault(a, "connection_refused", "", NULL);
	bl_answer_body(a, guest, h->mood, NULL);
	bl_answer_step(a, (bl_step)(h->mood & 7), h->mood, h->mood >> 3, 1000, NULL);
	if (h->mood & 8) {
		bl_answer_free(a);
		return;
	}
	if (h->mood & 16) {
		bl_call **slot = &h->calls[h->mood & (SLOTS - 1)];
		bl_call_free(*slot);
		*slot = bl_call_keep(call);
		bl_answer_free(a);
		return;
	}
	if (h->mood & 32) /* what it may not do */
		bl_response_free(bl_fetch(bl_call_world(call), h->requests[0], NULL));
	if (h->mood & 64)
		bl_kv_put(bl_call_world(call), "store", "key", "v", 1, NULL);
	bl_call_answer(call, a, NULL);
}

static void put_world(bl_world **slot, bl_world *w)
{
	bl_world_free(*slot);
	*slot = w;
}

static void put_response(bl_response **slot, bl_response *r)
{
	bl_response_free(*slot);
	*slot = r;
}

static void make(struct handles *h, uint8_t what, uint8_t arg)
{
	unsigned at = arg & (SLOTS - 1), other = arg >> 2 & (SLOTS - 1);
	static const char *const urls[] = { "/a", "https://b.example/?q", "not a url", "/c" };
	switch (what) {
	case 0:
		put_world(&h->worlds[at], bl_world_new(service, "", NULL));
		bl_backend_add(h->worlds[at], "api", "http://api.example", NULL);
		break;
	case 1:
		put_world(&h->worlds[at], bl_world_fork(h->worlds[other], NULL));
		break;
	case 2:
		bl_request_free(h->requests[at]);
		h->requests[at] = bl_request_new(arg & 16 ? "GET" : "POST", urls[other], NULL);
		break;
	case 3:
		put_response(&h->responses[at], bl_fetch(h->worlds[other], h->requests[at], NULL));
		break;
	case 4:
		put_response(&h->responses[at], bl_fetch_start(h->worlds[other], h->requests[at], NULL));
		break;
	case 5:
		bl_origin(h->worlds[at], arg & 16 ? "api" : NULL, NULL, NULL, origin, h, NULL, NULL);
		break;
	case 6:
		bl_origin_answer(h->worlds[at], NULL, NULL, urls[other], bl_answer_new(200 + arg), NULL);
		break;
	default:
		bl_cache_list_free(h->lists[at]);
		h->lists[at] = arg & 16 ? bl_cache_look(h->worlds[other], NULL)
					: bl_cache_find(h->worlds[other], h->requests[at], NULL);
		break;
	}
}

static void use(struct handles *h, uint8_t what, uint8_t arg)
{
	unsigned at = arg & (SLOTS - 1);
	bl_error *e = NULL;
	bl_cache_write write = { .size = sizeof write, .max_age_ns = arg, .surrogate_keys = "a b" };
	switch (what) {
	case 0:
		bl_response_wait(h->responses[at], (bl_until)(arg >> 2 & 7), &e);
		break;
	case 1:
		bl_call_answer(h->calls[at], bl_answer_new(200), &e);
		break;
	case 2:
		bl_clock_advance(h->worlds[at], UINT64_C(1) << (arg >> 2), &e);
		break;
	case 3:
		bl_response_check(h->responses[at], &e);
		bl_data_free(bl_response_trace(h->responses[at], NULL));
		break;
	case 4:
		bl_cache_put(h->worlds[at], guest, arg, guest, arg, &write, &e);
		bl_cache_purge(h->worlds[at], arg & 16 ? "a" : NULL, arg & 32, NULL, NULL);
		break;
	case 5:
		bl_cache_age(h->worlds[at], arg & 16 ? guest : NULL, arg, arg, NULL, &e);
		break;
	case 6:
		bl_cache_put_response(h->worlds[at], h->requests[arg >> 2 & (SLOTS - 1)], bl_answer_new(200),
				      &write, &e);
		break;
	default:
		bl_request_body(h->requests[at], guest, arg, &e);
		h->mood = arg;
		break;
	}
	bl_error_free(e);
}

static void drop(struct handles *h, uint8_t what, uint8_t arg)
{
	unsigned at = arg & (SLOTS - 1);
	switch (what & 3) {
	case 0:
		put_world(&h->worlds[at], NULL);
		break;
	case 1:
		put_response(&h->responses[at], NULL);
		break;
	case 2:
		bl_call_free(h->calls[at]);
		h->calls[at] = NULL;
		break;
	default:
		h->mood = arg;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct handles h = { .mood = 1 };
	if (!service)
		open_guest();
	for (size_t i = 0; i + 1 < size && i < 2 * STEPS_MAX; i += 2) {
		if (data[i] >> 6 == 0 || data[i] >> 6 == 3)
			make(&h, data[i] & 7, data[i + 1]);
		else if (data[i] >> 6 == 1)
			use(&h, data[i] & 7, data[i + 1]);
		else
			drop(&h, data[i], data[i + 1]);
	}
	for (unsigned i = 0; i < SLOTS; i++) {
		put_world(&h.worlds[i], NULL);
		bl_request_free(h.requests[i]);
		bl_cache_list_free(h.lists[i]);
	}
	for (unsigned i = 0; i < SLOTS; i++) {
		put_response(&h.responses[i], NULL);
		bl_call_free(h.calls[i]);
	}
	return 0;
}
