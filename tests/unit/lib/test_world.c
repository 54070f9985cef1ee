/* SPDX-License-Identifier: Apache-2.0 */
/* Services, worlds and their forks, stores, time, and what may not be done. */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_setup.h"

/* ---- opening ---- */

TEST(what_cannot_be_opened_says_why)
{
	bl_error *e = NULL;
	bl_service_options bad = { .size = 1 }, o = { .size = sizeof o, .cache_folder = "" };
	assert_null(bl_service_open(NULL, NULL, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "path is NULL");
	assert_null(bl_service_open("x.wasm", &bad, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "sizeof(bl_service_options)");
	assert_null(bl_service_open(test_path("none.wasm"), &o, &e));
	assert_bl_error(e, BL_ERROR_NOT_FOUND, "none.wasm");
	assert_null(bl_service_open(test_write("bad.wasm", STR("not Wasm")), &o, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "bad.wasm");
	assert_null(bl_service_open(test_path("none.wasm"), &o, NULL));
	const char *toml = test_write("fastly.toml", STR("manifest_version = 3\n"));
	assert_null(bl_service_open(toml, &o, &e));
	assert_bl_error(e, BL_ERROR_NOT_FOUND, "bin/main.wasm");
}

TEST(a_project_is_opened_by_its_folder_or_its_manifest)
{
	bl_error *e = NULL;
	bl_service_options o = { .size = sizeof o, .cache_folder = "" };
	const char *toml = test_write("fastly.toml", STR("manifest_version = 3\n"
							 "[local_server.backends.api]\n"
							 "url = \"http://api.example\"\n"
							 "[local_server.kv_stores]\n"
							 "things = [{ key = \"a\", data = \"1\" }]\n"));
	test_write("main.wasm", str_from(proxy_wat));
	for (int by_folder = 0; by_folder < 2; by_folder++) {
		bl_service *s = bl_service_open(by_folder ? test_dir() : toml, &o, &e);
		assert_non_null(s);
		assert_non_null(strstr(bl_service_manifest(s), "fastly.toml"));
		assert_null(bl_service_warning(s, 0));
		bl_world *w = bl_world_new(s, NULL, &e), *empty = bl_world_new(s, "", &e);
		bl_data *value = bl_kv_get(w, "things", "a", &e);
		assert_bytes(bl_data_bytes(value), "1");
		bl_data_free(value);
		assert_null(bl_kv_get(empty, "things", "a", &e));
		assert_bl_error(e, BL_ERROR_INVALID, "things");
		bl_world_free(w);
		bl_world_free(empty);
		bl_service_free(s);
	}
}

TEST(a_manifest_that_is_wrong_says_where)
{
	bl_error *e = NULL;
	bl_service *s = open_wat(proxy_wat);
	const char *toml = test_write("bad.toml", STR("[local_server.backends.api]\nurl = 5\n"));
	assert_null(bl_world_new(s, toml, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "bad.toml:2:");
	assert_null(bl_world_new(NULL, NULL, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "service is NULL");
	bl_service_free(s);
}

/* ---- forks ---- */

static void assert_kv(bl_world *w, const char *key, const char *expected)
{
	bl_data *d = bl_kv_get(w, "store", key, NULL);
	if (!expected) {
		assert_null(d);
		return;
	}
	assert_non_null(d);
	assert_bytes(bl_data_bytes(d), expected);
	bl_data_free(d);
}

TEST(a_fork_begins_with_its_parents_and_keeps_its_own)
{
	bl_error *e = NULL;
	bl_world *base = proxy_world();
	assert_true(bl_origin_answer(base, NULL, NULL, NULL, bl_answer_new(203), &e));
	assert_true(bl_kv_put(base, "store", "a", "base", 4, &e));
	assert_true(bl_clock_advance(base, 5 * NS_PER_S, &e));
	bl_world *one = bl_world_fork(base, &e), *two = bl_world_fork(base, &e),
		 *deep = bl_world_fork(two, &e);
	assert_int_equal(bl_clock_now(one), bl_clock_now(base));
	assert_true(bl_kv_put(one, "store", "a", "one", 3, &e));
	assert_true(bl_kv_put(deep, "store", "b", "deep", 4, &e));
	assert_true(bl_clock_advance(one, NS_PER_S, &e));
	assert_int_equal(bl_clock_now(one), bl_clock_now(two) + NS_PER_S);
	assert_kv(one, "a", "one");
	assert_kv(two, "a", "base");
	assert_kv(two, "b", NULL);
	assert_kv(deep, "b", "deep");
	bl_response *r = fetch(deep, "GET", "/", NULL);
	assert_int_equal(bl_response_status(r), 203);
	/* In no order. */
	bl_world_free(base);
	bl_world_free(two);
	bl_world_free(deep);
	assert_int_equal(bl_response_status(r), 203);
	bl_response_free(r);
	assert_kv(one, "a", "one");
	bl_world_free(one);
}

TEST(a_world_with_forks_does_not_change)
{
	bl_error *e = NULL;
	bl_world *base = proxy_world(), *fork = bl_world_fork(base, &e);
	bl_request *q = bl_request_new("GET", "/", &e);
	assert_false(bl_kv_put(base, "store", "a", "1", 1, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "has 1 fork");
	assert_false(bl_origin_answer(base, NULL, NULL, NULL, bl_answer_new(200), &e));
	assert_bl_error(e, BL_ERROR_INVALID, "fork");
	assert_null(bl_fetch(base, q, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "fork");
	bl_world_free(fork);
	assert_true(bl_kv_put(base, "store", "a", "1", 1, &e));
	bl_request_free(q);
	bl_world_free(base);
}

/* ---- stores ---- */

TEST(stores_are_read_and_written)
{
	bl_error *e = NULL;
	uint64_t count;
	bl_world *w = proxy_world();
	assert_true(bl_kv_put_with(w, "store", "gone", "x", 1, "meta", NS_PER_S, &e));
	assert_kv(w, "gone", "x");
	assert_true(bl_clock_advance(w, 2 * NS_PER_S, &e));
	assert_kv(w, "gone", NULL);
	assert_true(bl_kv_put(w, "store", "k\"1", "", 0, &e));
	assert_true(bl_kv_put(w, "store", "k2", "", 0, &e));
	bl_data *keys = bl_kv_list(w, "store", "k", &e);
	assert_bytes(bl_data_bytes(keys), "[\"k\\\"1\", \"k2\"]");
	bl_data_free(keys);
	assert_true(bl_kv_delete(w, "store", "k2", &e));
	assert_false(bl_kv_delete(w, "store", "k2", &e));
	assert_bl_error(e, BL_ERROR_NOT_FOUND, "k2");
	assert_false(bl_kv_put(w, "store", "", "", 0, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "key is empty");

	assert_true(bl_config_put(w, "settings", "currency", "EUR", 3, &e));
	bl_data *d = bl_config_get(w, "settings", "currency", &e);
	assert_bytes(bl_data_bytes(d), "EUR");
	bl_data_free(d);
	assert_null(bl_config_get(w, "settings", "none", &e));
	assert_bl_error(e, BL_ERROR_NOT_FOUND, "config store 'settings': none");
	assert_null(bl_secret_get(w, "keys", "none", &e));
	assert_bl_error(e, BL_ERROR_NOT_FOUND, "no secret store 'keys'");
	assert_true(bl_secret_put(w, "keys", "api", "s3cret", 6, &e));
	d = bl_secret_get(w, "keys", "api", &e);
	assert_bytes(bl_data_bytes(d), "s3cret");
	bl_data_free(d);

	assert_true(bl_acl_add(w, "blocked", "192.0.2.0/24", false, &e));
	assert_false(bl_acl_add(w, "blocked", "300.0.0.1/8", false, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "300.0.0.1/8");
	assert_true(bl_geo_put(w, "192.0.2.1", "{\"city\": \"Oslo\"}", &e));
	assert_false(bl_geo_put(w, "192.0.2.1", "[]", &e));
	assert_bl_error(e, BL_ERROR_INVALID, "not a JSON object");
	assert_false(bl_geo_put(w, "here", "{}", &e));
	assert_bl_error(e, BL_ERROR_INVALID, "not an IP address");
	assert_false(bl_device_put(w, "phone", "{", &e));
	assert_bl_error(e, BL_ERROR_INVALID, "not JSON");
	assert_true(bl_device_put(w, "phone", "{}", &e));
	assert_true(bl_rate_add(w, "rc", "1.2.3.4", 3, &e));
	assert_true(bl_rate_count(w, "rc", "1.2.3.4", 10, &count, &e));
	assert_int_equal(count, 3);
	assert_false(bl_rate_count(w, "rc", "1.2.3.4", 11, &count, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "");
	assert_false(bl_backend_add(w, "b", "ftp://x", &e));
	assert_bl_error(e, BL_ERROR_INVALID, "ftp://x");
	assert_true(bl_world_client(w, "ip", "192.0.2.9", &e));
	assert_false(bl_world_client(w, "ipp", "192.0.2.9", &e));
	assert_bl_error(e, BL_ERROR_NOT_FOUND, "ip");
	assert_false(bl_world_limits(w, "loosely", NULL, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "enforce, warn or off");
	bl_world_free(w);
}

/* ---- time ---- */

TEST(time_is_the_worlds_own)
{
	bl_error *e = NULL;
	bl_world *w = proxy_world();
	assert_int_equal(bl_clock_now(w), UINT64_C(1735689600) * NS_PER_S);
	assert_true(bl_clock_set(w, 77, &e));
	assert_int_equal(bl_clock_now(w), 77);
	assert_true(bl_clock_advance(w, 3, &e));
	assert_int_equal(bl_clock_now(w), 80);
	assert_false(bl_clock_advance(w, UINT64_MAX, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "so much time");
	assert_true(bl_world_seed(w, 5, &e));
	bl_world_free(w);
}

/* ---- arguments ---- */

TEST(nothing_given_is_an_error_and_no_crash)
{
	bl_error *e = NULL;
	bl_bytes bytes;
	bl_sent sent;
	assert_false(bl_kv_put(NULL, "s", "k", "", 0, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "world is NULL");
	assert_null(bl_request_new("GET", NULL, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "url is NULL");
	assert_null(bl_request_new("G T", "/", &e));
	assert_bl_error(e, BL_ERROR_INVALID, "not a method");
	assert_null(bl_request_new("GET", "shop", &e));
	assert_bl_error(e, BL_ERROR_INVALID, "shop");
	bl_request *q = bl_request_new("GET", "/", &e);
	assert_false(bl_request_header(q, "a b", "c", &e));
	assert_bl_error(e, BL_ERROR_INVALID, "'a b'");
	assert_false(bl_request_header(q, "a", "b\r\nc: d", &e));
	assert_bl_error(e, BL_ERROR_INVALID, "value of 'a'");
	assert_false(bl_request_client(q, "ip", "somewhere", &e));
	assert_bl_error(e, BL_ERROR_INVALID, "ip");
	assert_null(bl_fetch(NULL, q, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "world is NULL");
	bl_request_free(q);
	assert_null(bl_answer_new(99));
	assert_false(bl_call_answer(NULL, bl_answer_new(200), &e));
	assert_bl_error(e, BL_ERROR_INVALID, "call is NULL");
	assert_false(bl_origin_answer(NULL, NULL, NULL, NULL, bl_answer_new(200), NULL));
	bl_answer *a = bl_answer_new(200);
	assert_false(bl_answer_fault(a, "boredom", NULL, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "no fault 'boredom'");
	assert_false(bl_answer_step(a, (bl_step)99, 0, 0, 0, &e));
	assert_bl_error(e, BL_ERROR_INVALID, "no step 99");
	bl_answer_free(a);
	assert_int_equal(bl_response_status(NULL), 0);
	assert_int_equal(bl_response_body(NULL).len, 0);
	assert_false(bl_response_log(NULL, NULL, 0, &bytes, &bytes));
	assert_false(bl_response_sent(NULL, 0, &sent));
	assert_null(bl_response_trace(NULL, &e));
	bl_error_free(e);
	assert_int_equal(bl_cache_list_count(NULL), 0);
	assert_null(bl_cache_list_at(NULL, 0));
	bl_world_free(NULL);
	bl_service_free(NULL);
	bl_response_free(NULL);
	bl_call_free(NULL);
	bl_answer_free(NULL);
	bl_request_free(NULL);
	bl_data_free(NULL);
	bl_error_free(NULL);
	bl_cache_list_free(NULL);
	assert_string_equal(bl_error_text(NULL), "");
}

/* ---- threads and processes ---- */

enum { THREADS = 4, FETCHES = 50 };

struct job {
	bl_service *service; /* shared, or NULL: the thread's own */
	const char *file;
	bl_world *base;
	unsigned good;
};

static void *work(void *data)
{
	struct job *j = data;
	bl_service_options o = { .size = sizeof o, .cache_folder = "" };
	bl_service *own = j->service ? NULL : bl_service_open(j->file, &o, NULL);
	bl_world *base = j->base ? j->base : bl_world_new(own, "", NULL);
	if (!j->base) {
		bl_backend_add(base, "api", "http://api.example", NULL);
		bl_origin_answer(base, NULL, NULL, NULL, bl_answer_new(200), NULL);
	}
	for (int i = 0; i < FETCHES; i++) {
		bl_world *w = bl_world_fork(base, NULL);
		bl_request *q = bl_request_new("GET", "/", NULL);
		bl_response *r = bl_fetch(w, q, NULL);
		j->good += bl_response_status(r) == 200 && bl_response_check(r, NULL);
		bl_world_free(w);
		bl_response_free(r);
		bl_request_free(q);
	}
	if (!j->base)
		bl_world_free(base);
	bl_service_free(own);
	return NULL;
}

/* Forks of one world, and services of their own. */
TEST(threads_may_share_a_service_or_have_their_own)
{
	for (int shared = 0; shared < 2; shared++) {
		pthread_t threads[THREADS];
		struct job jobs[THREADS];
		bl_world *base = shared ? proxy_world() : NULL;
		const char *file = test_write("shared.wat", str_from(proxy_wat));
		if (shared)
			assert_true(bl_origin_answer(base, NULL, NULL, NULL, bl_answer_new(200), NULL));
		for (int i = 0; i < THREADS; i++) {
			jobs[i] = (struct job){ .base = base, .file = file };
			jobs[i].service = shared ? (bl_service *)1 : NULL; /* is not looked at */
			assert_int_equal(pthread_create(&threads[i], NULL, work, &jobs[i]), 0);
		}
		for (int i = 0; i < THREADS; i++) {
			pthread_join(threads[i], NULL);
			assert_int_equal(jobs[i].good, FETCHES);
		}
		bl_world_free(base);
	}
}

TEST(a_process_that_has_forked_is_told_to_open_its_own)
{
	bl_world *w = proxy_world();
	bl_request *q = bl_request_new("GET", "/", NULL);
	bl_response_free(bl_fetch(w, q, NULL)); /* from now on there is a thread that ticks */
	pid_t child = fork();
	if (child == 0) {
		bl_error *e = NULL;
		alarm(60);
		bl_response *r = bl_fetch(w, q, &e);
		bl_world_free(w); /* the last of its service, whose threads are the parent's */
		_exit(!r && bl_error_kind_of(e) == BL_ERROR_UNSUPPORTED ? 0 : 1);
	}
	int status = 1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	bl_request_free(q);
	bl_world_free(w);
}
