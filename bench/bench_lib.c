/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests over libbacklot cost: opening a service that is in the code cache, a fork, and a test of four
 * requests with origin, cache and logs, one after the other and with a service a thread.
 *
 *	bench-lib GUEST      build/guests/rust-todo.wasm
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <backlot.h>

#include "loop/clock.h"

enum { FORKS = 20000, TESTS = 2000, THREADS = 2 };

static const char query[] = "{\"query\": \"query { todos { id } }\"}",
		  mutation[] = "{\"query\": \"mutation { deleteTodo }\"}";

static double now_us(void)
{
	struct clock *c = clock_system_new();
	double us = (double)clock_monotonic(c) / 1e3;
	clock_destroy(&c);
	return us;
}

static void origin(void *data, bl_call *call)
{
	bl_answer *answer = bl_answer_new(200);
	(void)data;
	bl_answer_body(answer, "{\"data\": []}", 12, NULL);
	bl_call_answer(call, answer, NULL);
}

static void ask(bl_world *w, const char *body)
{
	bl_request *q = bl_request_new("POST", "/graphql", NULL);
	bl_request_body(q, body, strlen(body), NULL);
	bl_response *r = bl_fetch(w, q, NULL);
	if (!bl_response_check(r, NULL))
		abort();
	bl_response_free(r);
	bl_request_free(q);
}

static void test(bl_world *base)
{
	bl_world *w = bl_world_fork(base, NULL);
	bl_origin(w, "todos", NULL, NULL, origin, NULL, NULL, NULL);
	ask(w, query);
	ask(w, query);
	ask(w, mutation);
	bl_cache_purge(w, "todos", false, NULL, NULL);
	ask(w, query);
	bl_world_free(w);
}

static bl_world *open_base(const char *file)
{
	bl_error *e = NULL;
	bl_service *s = bl_service_open(file, NULL, &e);
	bl_world *w = bl_world_new(s, "", &e);
	if (!w) {
		fprintf(stderr, "%s\n", bl_error_text(e));
		exit(1);
	}
	bl_world_trace(w, false, NULL);
	bl_backend_add(w, "todos", "https://todos.example", NULL);
	bl_service_free(s);
	return w;
}

static void *work(void *file)
{
	bl_world *base = open_base(file);
	for (int i = 0; i < TESTS; i++)
		test(base);
	bl_world_free(base);
	return NULL;
}

int main(int argc, char **argv)
{
	char *file = argc > 1 ? argv[1] : (char[]){ "build/guests/rust-todo.wasm" };
	pthread_t threads[THREADS];
	bl_world_free(open_base(file)); /* compiles it, if need be */
	double begun = now_us();
	bl_world *base = open_base(file);
	printf("open            %8.1f us\n", now_us() - begun);
	begun = now_us();
	for (int i = 0; i < FORKS; i++)
		bl_world_free(bl_world_fork(base, NULL));
	printf("fork and free   %8.2f us\n", (now_us() - begun) / FORKS);
	test(base);
	begun = now_us();
	for (int i = 0; i < TESTS; i++)
		test(base);
	printf("test of 4       %8.1f us\n", (now_us() - begun) / TESTS);
	bl_world_free(base);
	begun = now_us();
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, file);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("on %d threads    %8.1f us a test\n", THREADS, (now_us() - begun) / (TESTS * THREADS));
	return 0;
}
