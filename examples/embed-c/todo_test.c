/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of a whole service, in C: a GraphQL cache in front of an origin that a function of this file is.
 * Nothing listens on a port, and nothing sleeps. README.md says how to build and run it.
 */
#include <backlot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

static const char query[] = "{\"query\":\"query { todos { id title __typename } }\"}";
static const char mutation[] = "{\"query\":\"mutation { deleteTodo(id: 1) { id } }\"}";
static const char todos[] = "{\"data\":{\"todos\":[{\"id\":\"1\",\"title\":\"title1\",\"__typename\":\"Todo\"}]}}";
static const char deleted[] = "{\"data\":{\"deleteTodo\":{\"id\":\"1\",\"__typename\":\"Todo\"}}}";

static int failures;

static void check(bool holds, const char *what, int line)
{
	if (!holds) {
		fprintf(stderr, "todo_test.c:%d: %s does not hold\n", line, what);
		failures++;
	}
}
#define CHECK(holds) check((holds), #holds, __LINE__)

/* What goes wrong in the harness itself ends it. */
static void *must(void *made, bl_error *error)
{
	if (!made) {
		fprintf(stderr, "todo_test: %s\n", bl_error_text(error));
		exit(1);
	}
	return made;
}

static bool equals(bl_bytes bytes, const char *text)
{
	return bytes.data && bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

/* ---- an origin ---- */

struct origin {
	const char *answer; /* NULL: the origin is down */
	int calls;
};

static void answer(void *data, bl_call *call)
{
	struct origin *origin = data;
	bl_answer *a = bl_answer_new(200);
	origin->calls++;
	if (origin->answer) {
		bl_answer_header(a, "content-type", "application/json", NULL);
		bl_answer_body(a, origin->answer, strlen(origin->answer), NULL);
	} else {
		bl_answer_fault(a, "connection_refused", NULL, NULL);
	}
	CHECK(bl_call_answer(call, a, NULL));
}

/* ---- a harness of a few lines ---- */

static bl_response *ask(bl_world *world, const char *path, const char *body)
{
	bl_error *error = NULL;
	bl_request *request = must(bl_request_new(body ? "POST" : "GET", path, &error), error);
	if (body)
		bl_request_body(request, body, strlen(body), NULL);
	bl_response *response = must(bl_fetch(world, request, &error), error);
	bl_request_free(request);
	return response;
}

/* One GraphQL request, which must go well; `cache` is what its header says of the cache. */
static void gql(bl_world *world, const char *body, const char *expected, const char *cache)
{
	bl_error *error = NULL;
	bl_response *response = ask(world, "/graphql", body);
	if (!bl_response_check(response, &error))
		fprintf(stderr, "%s\n", bl_error_text(error));
	CHECK(!error);
	CHECK(bl_response_status(response) == 200);
	CHECK(equals(bl_response_body(response), expected));
	CHECK(!cache || equals(bl_response_header(response, "x-cache"), cache));
	bl_error_free(error);
	bl_response_free(response);
}

/* ---- the tests; each has a fork of the base world for itself ---- */

static void the_cache_is_carried_from_one_request_to_the_next(bl_world *world)
{
	struct origin origin = { .answer = todos };
	bl_bytes line;
	uint64_t purged;
	CHECK(bl_origin(world, "todos", "POST", "/graphql", answer, &origin, NULL, NULL));
	gql(world, query, todos, "MISS");
	gql(world, query, todos, "HIT");
	CHECK(origin.calls == 1);

	bl_cache_list *cached = bl_cache_look(world, NULL);
	CHECK(bl_cache_list_count(cached) == 1);
	CHECK(equals(bl_cache_list_at(cached, 0)->surrogate_keys, "todos"));
	CHECK(equals(bl_cache_list_at(cached, 0)->body, todos));
	bl_cache_list_free(cached);

	/* The service logs what is to be purged, and the test does it. */
	origin.answer = deleted;
	bl_response *response = ask(world, "/graphql", mutation);
	CHECK(bl_response_log(response, "purges", 0, &line, NULL));
	CHECK(equals(line, "{\"purge\":[\"todos\"]}"));
	CHECK(bl_response_log(response, "access", 0, &line, NULL));
	CHECK(equals(line, "{\"operation\":\"mutation\",\"status\":200}"));
	CHECK(!bl_response_log(response, "access", 1, &line, NULL));
	bl_response_free(response);
	CHECK(bl_cache_purge(world, "todos", false, &purged, NULL) && purged == 1);

	origin.answer = todos;
	gql(world, query, todos, "MISS");
	CHECK(origin.calls == 3);
}

static void what_is_cached_grows_old(bl_world *world)
{
	struct origin origin = { .answer = todos };
	CHECK(bl_origin(world, "todos", NULL, NULL, answer, &origin, NULL, NULL));
	gql(world, query, todos, "MISS");
	CHECK(bl_clock_advance(world, 59 * SECOND, NULL));
	gql(world, query, todos, "HIT");
	CHECK(bl_clock_advance(world, 2 * SECOND, NULL));
	gql(world, query, todos, "MISS");
}

static void an_origin_may_be_down(bl_world *world)
{
	struct origin origin = { .answer = NULL };
	bl_bytes line;
	CHECK(bl_origin(world, "todos", NULL, NULL, answer, &origin, NULL, NULL));
	bl_response *response = ask(world, "/graphql", query);
	CHECK(bl_response_status(response) == 502);
	CHECK(bl_response_log(response, "errors", 0, &line, NULL));
	bl_response_free(response);
}

static void a_panic_behind_the_response_is_seen(bl_world *world)
{
	bl_error *error = NULL;
	bl_response *response = ask(world, "/late", NULL);
	CHECK(bl_response_status(response) == 200);
	CHECK(equals(bl_response_body(response), "all is well\n"));
	CHECK(!bl_response_check(response, &error));
	CHECK(strstr(bl_error_text(error), "crashed after its response"));
	bl_error_free(error);
	bl_response_free(response);
}

static void registered(void *data, bl_registration *registration)
{
	char *seen = data;
	const char *url = bl_registration_url(registration);
	snprintf(seen, 100, "%s at %s", bl_registration_name(registration), url);
	CHECK(!bl_registration_refuse(registration, "for no reason that there is", NULL));
	if (strstr(url, "forbidden"))
		CHECK(bl_registration_refuse(registration, "disallowed", NULL));
}

static void backends_that_the_service_registers_are_seen(bl_world *world)
{
	char seen[100] = "";
	CHECK(bl_on_register(world, registered, seen, NULL, NULL));
	CHECK(bl_origin_answer(world, "https://dynamic.example", NULL, NULL, bl_answer_new(204), NULL));
	bl_response *response = ask(world, "/dynamic?host=dynamic.example", NULL);
	CHECK(bl_response_status(response) == 204);
	CHECK(strcmp(seen, "registered at https://dynamic.example:443") == 0);
	bl_response_free(response);
	response = ask(world, "/dynamic?host=forbidden.example", NULL);
	CHECK(bl_response_status(response) == 403);
	bl_response_free(response);
}

int main(int argc, char **argv)
{
	static void (*const tests[])(bl_world *) = {
		the_cache_is_carried_from_one_request_to_the_next,
		what_is_cached_grows_old,
		an_origin_may_be_down,
		a_panic_behind_the_response_is_seen,
		backends_that_the_service_registers_are_seen,
	};
	const size_t count = sizeof tests / sizeof tests[0];
	const char *file = argc > 1 ? argv[1] : "../../build/guests/rust-todo.wasm";
	bl_error *error = NULL;
	bl_service *service = must(bl_service_open(file, NULL, &error), error);
	bl_world *base = must(bl_world_new(service, NULL, &error), error);
	CHECK(bl_backend_add(base, "todos", "https://todos.example", NULL));
	for (size_t i = 0; i < count; i++) {
		bl_world *world = must(bl_world_fork(base, &error), error);
		tests[i](world);
		bl_world_free(world);
	}
	bl_world_free(base);
	bl_service_free(service);
	printf("%zu tests, %d failures\n", count, failures);
	return failures > 0;
}
