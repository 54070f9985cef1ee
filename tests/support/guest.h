/* SPDX-License-Identifier: Apache-2.0 */
/* A real guest, written as text, in a world of fakes with a virtual clock: run as often as a test likes. */
#ifndef SUPPORT_GUEST_H
#define SUPPORT_GUEST_H

#include "support/test.h"

#include <signal.h>

#include "guest/wasm/wasm_service.h"

struct guest_harness {
	struct clock *clock;
	struct loop loop;
	struct world *world;
	struct wasm_service *service;
	struct http_request request;
	struct invocation_request asked;
};

/*
 * Wasmtime takes hold of the signals by which traps come when the first engine of the process starts; cmocka
 * takes them back at each test. They must be Wasmtime's while guests run.
 */
static inline void guest_signals(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE };
	static struct sigaction wasmtimes[COUNT_OF(signals)];
	static bool known;
	for (size_t i = 0; i < COUNT_OF(signals); i++)
		sigaction(signals[i], known ? &wasmtimes[i] : NULL, known ? NULL : &wasmtimes[i]);
	known = true;
}

struct guest_result {
	enum outcome outcome;
	int exit_code;
};

static inline void guest_open(struct guest_harness *h, const char *wat, const struct wasm_options *options)
{
	struct error e;
	*h = (struct guest_harness){ .clock = clock_virtual_new(UINT64_C(1772600767) * NS_PER_S) };
	loop_init(&h->loop, h->clock);
	h->world = world_new(&h->loop, 1);
	h->request = (struct http_request){ .method = STR("GET"),
					    .uri = STR("https://www.example/"),
					    .version = HTTP_1_1 };
	h->asked.http = &h->request;
	if (!wasm_service_from_bytes(&h->service, "guest.wat", str_from(wat), options, &e))
		fail_msg("%s", e.text);
	guest_signals();
}

static inline struct guest_result guest_run(struct guest_harness *h)
{
	struct invocation *i = service_invoke(&h->service->super, h->world, &h->asked);
	assert_int_not_equal(loop_run(&h->loop, &i->ended, UINT64_MAX), LOOP_STUCK);
	struct guest_result result = { .outcome = i->outcome, .exit_code = i->exit_code };
	invocation_destroy(&i);
	return result;
}

static inline void guest_close(struct guest_harness *h)
{
	struct service *s = &h->service->super;
	service_destroy(&s);
	world_destroy(&h->world);
	loop_fini(&h->loop);
	clock_destroy(&h->clock);
}

#endif
