/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_http_req: request objects and dynamic backends. Sending is in test_abi_http_req_send.c. */
#include <string.h>

#include "support/abi_check.h"

#define MODULE "fastly_http_req"

static uint32_t new_request(struct abi_harness *h)
{
	uint32_t out = abi_room(h, 4);
	assert_status(abi_call(h, MODULE, "new", out), ABI_OK);
	return abi_u32(h, out);
}

/* ---- the client's request ---- */

TEST(the_clients_request_is_there_from_the_start)
{
	struct abi_harness h;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	headers_add(&h.request.headers, &h.arena, STR("Accept"), STR("text/html"));
	h.request.method = STR("PURGE");
	abi_start(&h);
	uint32_t out = abi_room(&h, 8);
	assert_status(CALL("body_downstream_get", out, out + 4), ABI_OK);
	uint32_t request = abi_u32(&h, out);
	assert_str(check_bytes(&h, ABI_OK, MODULE, "method_get", request), "PURGE");
	assert_str(check_bytes(&h, ABI_OK, MODULE, "uri_get", request), "https://www.example/path?query");
	assert_str(check_values(&h, MODULE, "header_names_get", request), "Accept");
	assert_str(check_body(&h, abi_u32(&h, out + 4)), "");
	uint32_t again = abi_room(&h, 8);
	assert_status(CALL("body_downstream_get", again, again + 4), ABI_OK);
	assert_int_equal(abi_u32(&h, again), request);
	abi_fini(&h);
}

TEST(the_guest_changes_its_own_copy)
{
	struct abi_harness h;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	headers_add(&h.request.headers, &h.arena, STR("Accept"), STR("text/html"));
	abi_start(&h);
	uint32_t request = h.sandbox->request_handle;
	assert_status(CALL("header_remove", request, TEXT("accept")), ABI_OK);
	assert_status(CALL("header_insert", request, TEXT("x"), TEXT("1")), ABI_OK);
	assert_int_equal(h.request.headers.count, 1);
	assert_str(headers_get(&h.request.headers, STR("accept")), "text/html");
	assert_status(CALL("close", request), ABI_OK);
	assert_status(CALL("close", request), ABI_BADF);
	abi_fini(&h);
}

/* ---- parts of a request ---- */

TEST(a_new_request_is_get_of_the_root)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_request(&h), out = abi_room(&h, 4);
	assert_str(check_bytes(&h, ABI_OK, MODULE, "method_get", r), "GET");
	assert_str(check_bytes(&h, ABI_OK, MODULE, "uri_get", r), "/");
	assert_str(check_values(&h, MODULE, "header_names_get", r), "");
	assert_status(CALL("version_get", r, out), ABI_OK);
	assert_int_equal(abi_u32(&h, out), HTTP_1_1);
	abi_fini(&h);
}

TEST(a_method_is_a_token)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_request(&h), long_one = abi_room(&h, 2000);
	memset(h.memory + long_one, 'M', 2000);
	assert_status(CALL("method_set", r, TEXT("M-SEARCH")), ABI_OK);
	assert_str(check_bytes(&h, ABI_OK, MODULE, "method_get", r), "M-SEARCH");
	assert_status(CALL("method_set", r, TEXT("")), ABI_ERROR);
	assert_status(CALL("method_set", r, TEXT("GET /")), ABI_ERROR);
	assert_status(CALL("method_set", r, TEXT("GET\r\n")), ABI_ERROR);
	assert_status(CALL("method_set", r, TEXT("\xff")), ABI_ERROR);
	assert_status(CALL("method_set", r, long_one, 2000), ABI_ERROR);
	assert_str(check_bytes(&h, ABI_OK, MODULE, "method_get", r), "M-SEARCH");
	abi_fini(&h);
}

TEST(a_uri_reads_back_as_it_was_set)
{
	static const char *const uris[] = { "http://a.example/", "https://a.example:8443/b?c=d&e",
					    "/only/a/path?q", "http://[::1]:80/x",
					    "https://a.example/%20?%zz" };
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_request(&h);
	for (size_t i = 0; i < COUNT_OF(uris); i++) {
		struct str uri = str_from(uris[i]);
		assert_status(CALL("uri_set", r, abi_place(&h, uri), uri.len), ABI_OK);
		assert_str(check_bytes(&h, ABI_OK, MODULE, "uri_get", r), uris[i]);
	}
	assert_status(CALL("uri_set", r, TEXT("http://a.example")), ABI_OK);
	assert_str(check_bytes(&h, ABI_OK, MODULE, "uri_get", r), "http://a.example/");
	assert_status(CALL("uri_set", r, TEXT("http://a.example?q=1")), ABI_OK);
	assert_str(check_bytes(&h, ABI_OK, MODULE, "uri_get", r), "http://a.example/?q=1");
	abi_fini(&h);
}

TEST(a_bad_uri_is_an_error_and_a_long_one_over_the_limit)
{
	static const char *const uris[] = { "",
					    "http://",
					    "http:// a/",
					    "://a/",
					    "http://a:99999/",
					    "http://a b/",
					    "http://a/\r\nx",
					    "http://a/b c" };
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_request(&h);
	for (size_t i = 0; i < COUNT_OF(uris); i++) {
		struct str uri = str_from(uris[i]);
		assert_status(CALL("uri_set", r, abi_place(&h, uri), uri.len), ABI_ERROR);
	}
	uint32_t at = abi_room(&h, 101);
	memset(h.memory + at, 'a', 101);
	h.memory[at] = '/';
	h.world->limits.uri_bytes = 100;
	assert_status(CALL("uri_set", r, at, 100), ABI_OK);
	assert_status(CALL("uri_set", r, at, 101), ABI_LIMITEXCEEDED);
	abi_fini(&h);
}

TEST(a_version_is_one_of_five)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_request(&h), out = abi_room(&h, 4);
	assert_status(CALL("version_set", r, HTTP_2), ABI_OK);
	assert_status(CALL("version_get", r, out), ABI_OK);
	assert_int_equal(abi_u32(&h, out), HTTP_2);
	assert_status(CALL("version_set", r, HTTP_3 + 1), ABI_INVAL);
	abi_fini(&h);
}

TEST(headers_work_as_those_of_responses)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_request(&h);
	assert_status(CALL("header_append", r, TEXT("A"), TEXT("1")), ABI_OK);
	assert_status(CALL("header_append", r, TEXT("a"), TEXT("2")), ABI_OK);
	assert_status(CALL("header_insert", r, TEXT("B"), TEXT("3")), ABI_OK);
	assert_str(check_values(&h, MODULE, "header_names_get", r), "A|B");
	assert_str(check_values(&h, MODULE, "header_values_get", r, TEXT("a")), "1|2");
	assert_str(check_bytes(&h, ABI_OK, MODULE, "header_value_get", r, TEXT("b")), "3");
	check_bytes(&h, ABI_INVAL, MODULE, "header_value_get", r, TEXT("c"));
	assert_status(CALL("header_values_set", r, TEXT("a"), TEXT("x\0y\0")), ABI_OK);
	assert_str(check_values(&h, MODULE, "header_values_get", r, TEXT("a")), "x|y");
	assert_status(CALL("header_remove", r, TEXT("A")), ABI_OK);
	assert_status(CALL("header_remove", r, TEXT("A")), ABI_INVAL);
	assert_status(CALL("header_append", r, TEXT("a b"), TEXT("1")), ABI_ERROR);
	abi_fini(&h);
}

/* ---- how to send and cache ---- */

TEST(cache_overrides_are_kept_for_the_cache)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_request(&h);
	assert_status(CALL("cache_override_set", r, 2, 60, 30), ABI_OK);
	const struct guest_request *request = sandbox_request(h.sandbox, r);
	assert_int_equal(request->cache_ttl, 60);
	assert_int_equal(request->cache_swr, 30);
	assert_status(CALL("cache_override_v2_set", r, 6, 61, 31, TEXT("key-1 key-2")), ABI_OK);
	assert_int_equal(request->cache_override, 6);
	assert_str(request->surrogate_keys, "key-1 key-2");
	struct abi_cache_override o = { .ttl = 62,
					.surrogate_keys = abi_place(&h, STR("key-3")),
					.surrogate_keys_len = 5 };
	uint32_t at = abi_place(&h, (struct str){ (const char *)&o, sizeof o });
	assert_status(CALL("cache_override_v3_set", r, 0x12, at), ABI_OK);
	assert_int_equal(request->cache_ttl, 62);
	assert_str(request->surrogate_keys, "key-3");
	abi_fini(&h);
}

TEST(cache_overrides_that_make_no_sense_are_invalid)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_request(&h);
	assert_status(CALL("cache_override_set", r, 1 << 5, 0, 0), ABI_INVAL);
	assert_status(CALL("cache_override_set", r, 1u << 31, 0, 0), ABI_INVAL);
	assert_status(CALL("cache_override_v2_set", r, 0, 0, 0, TEXT("a\nb")), ABI_INVAL);
	struct abi_cache_override o = { .surrogate_keys = ABI_MEMORY_BYTES - 4, .surrogate_keys_len = 5 };
	uint32_t at = abi_place(&h, (struct str){ (const char *)&o, sizeof o });
	assert_status(CALL("cache_override_v3_set", r, 0, at), ABI_INVAL);
	abi_fini(&h);
}

TEST(modes_take_what_they_know)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = new_request(&h);
	for (uint32_t mode = 0; mode < 3; mode++) {
		assert_status(CALL("auto_decompress_response_set", r, mode), mode < 2 ? ABI_OK : ABI_INVAL);
		assert_status(CALL("framing_headers_mode_set", r, mode), mode < 2 ? ABI_OK : ABI_INVAL);
	}
	abi_fini(&h);
}

/* ---- dynamic backends ---- */

static int register_backend(struct abi_harness *h, const char *name, const char *target, uint32_t mask,
			    struct abi_dynamic_backend_config config)
{
	uint32_t name_at = abi_place(h, str_from(name)), target_at = abi_place(h, str_from(target));
	uint32_t config_at = abi_place(h, (struct str){ (const char *)&config, sizeof config });
	return (int)abi_call(h, MODULE, "register_dynamic_backend", name_at, strlen(name), target_at,
			     strlen(target), mask, config_at);
}

static struct backend *registered(struct abi_harness *h, const char *name)
{
	struct backend *b = sandbox_backend(h->sandbox, str_from(name));
	assert_non_null(b);
	return b;
}

#define NOTHING ((struct abi_dynamic_backend_config){ 0 })

TEST(a_backend_is_registered_by_name_and_address)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_status(register_backend(&h, "new", "10.0.0.1:81", 0, NOTHING), ABI_OK);
	struct backend *b = registered(&h, "new");
	assert_true(b->dynamic);
	assert_str(b->target.scheme, "http");
	assert_str(b->target.host, "10.0.0.1");
	assert_int_equal(b->target.port, 81);
	assert_status(register_backend(&h, "tls", "tls.example", BACKEND_USE_SSL, NOTHING), ABI_OK);
	assert_int_equal(registered(&h, "tls")->target.port, 443);
	assert_null(world_backend(h.world, STR("new"))); /* it is this invocation's own */
	abi_fini(&h);
}

TEST(a_name_is_given_once)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	assert_status(register_backend(&h, "origin", "a.example", 0, NOTHING), ABI_ERROR);
	assert_status(register_backend(&h, "new", "a.example", 0, NOTHING), ABI_OK);
	assert_status(register_backend(&h, "new", "b.example", 0, NOTHING), ABI_ERROR);
	assert_str(registered(&h, "new")->target.host, "a.example");
	abi_fini(&h);
}

TEST(bad_names_targets_and_masks_are_refused)
{
	static const char *const targets[] = {
		"", "a b", "user@a.example", "a.example:x", "a.example:0", "a.example?x", "\xff"
	};
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	for (size_t i = 0; i < COUNT_OF(targets); i++)
		assert_status(register_backend(&h, "new", targets[i], 0, NOTHING), ABI_ERROR);
	assert_status(register_backend(&h, "", "a.example", 0, NOTHING), ABI_INVAL);
	assert_status(register_backend(&h, "\xff", "a.example", 0, NOTHING), ABI_INVAL);
	assert_status(register_backend(&h, "new", "a.example", 1, NOTHING), ABI_INVAL);
	assert_status(register_backend(&h, "new", "a.example", BACKEND_HEALTHCHECK << 1, NOTHING), ABI_INVAL);
	assert_null(sandbox_backend(h.sandbox, STR("new")));
	abi_fini(&h);
}

TEST(every_text_of_the_configuration_counts)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct abi_dynamic_backend_config c = {
		.host_override = abi_place(&h, STR("host.example")),
		.host_override_len = 12,
		.cert_hostname = abi_place(&h, STR("cert.example")),
		.cert_hostname_len = 12,
		.sni_hostname = abi_place(&h, STR("sni.example")),
		.sni_hostname_len = 11,
		.ciphers = abi_place(&h, STR("HIGH")),
		.ciphers_len = 4,
		.ca_cert = abi_place(&h, STR("PEM")),
		.ca_cert_len = 3,
	};
	uint32_t mask = BACKEND_HOST_OVERRIDE | BACKEND_CERT_HOSTNAME | BACKEND_SNI_HOSTNAME |
			BACKEND_CIPHERS | BACKEND_CA_CERT | BACKEND_USE_SSL;
	assert_status(register_backend(&h, "new", "a.example", mask, c), ABI_OK);
	struct backend *b = registered(&h, "new");
	assert_str(b->override_host, "host.example");
	assert_str(b->target.certificate_host, "cert.example");
	assert_str(b->target.sni, "sni.example");
	assert_str(b->target.ciphers, "HIGH");
	assert_str(b->target.ca_pem, "PEM");
	c.sni_hostname_len = 0; /* given and empty: none */
	assert_status(register_backend(&h, "no-sni", "a.example", mask, c), ABI_OK);
	assert_false(registered(&h, "no-sni")->target.use_sni);
	abi_fini(&h);
}

TEST(a_text_must_be_there_when_its_bit_is_set)
{
	static const uint32_t masks[] = { BACKEND_HOST_OVERRIDE, BACKEND_CERT_HOSTNAME, BACKEND_CIPHERS,
					  BACKEND_CA_CERT };
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct abi_dynamic_backend_config outside = NOTHING, long_one = NOTHING, no_text = NOTHING;
	uint32_t end = ABI_MEMORY_BYTES - 2, x = abi_room(&h, 66000), bad = abi_place(&h, STR("\xff\xff"));
	outside.host_override = outside.cert_hostname = outside.ciphers = outside.ca_cert =
		outside.sni_hostname = end;
	outside.host_override_len = outside.cert_hostname_len = outside.ciphers_len = outside.ca_cert_len =
		outside.sni_hostname_len = 3;
	long_one.host_override = long_one.cert_hostname = long_one.ciphers = long_one.ca_cert = x;
	long_one.host_override_len = long_one.cert_hostname_len = long_one.ciphers_len = 1025;
	long_one.ca_cert_len = 64 * 1024 + 1;
	no_text.host_override = no_text.cert_hostname = no_text.ciphers = no_text.ca_cert = bad;
	no_text.host_override_len = no_text.cert_hostname_len = no_text.ciphers_len = no_text.ca_cert_len = 2;
	memset(h.memory + x, 'x', 66000);
	for (size_t i = 0; i < COUNT_OF(masks); i++) {
		assert_status(register_backend(&h, "new", "a.example", masks[i], NOTHING), ABI_INVAL);
		assert_status(register_backend(&h, "new", "a.example", masks[i], outside), ABI_INVAL);
		assert_status(register_backend(&h, "new", "a.example", masks[i], long_one), ABI_INVAL);
		assert_status(register_backend(&h, "new", "a.example", masks[i], no_text), ABI_INVAL);
	}
	assert_status(register_backend(&h, "new", "a.example", BACKEND_SNI_HOSTNAME, outside), ABI_INVAL);
	abi_fini(&h);
}

TEST(a_host_override_is_a_header_value)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct abi_dynamic_backend_config c = { .host_override = abi_place(&h, STR("a\r\nb: c")),
						.host_override_len = 7 };
	assert_status(register_backend(&h, "new", "a.example", BACKEND_HOST_OVERRIDE, c), ABI_INVAL);
	abi_fini(&h);
}

TEST(numbers_of_the_configuration_are_kept)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct abi_dynamic_backend_config c = {
		.connect_timeout_ms = 1,
		.first_byte_timeout_ms = 2,
		.between_bytes_timeout_ms = UINT32_MAX,
		.http_keepalive_time_ms = 4,
		.tcp_keepalive_enable = 5,
		.tcp_keepalive_interval_secs = 6,
		.tcp_keepalive_probes = 7,
		.tcp_keepalive_time_secs = 8,
		.ssl_min_version = TLS_1_2,
		.ssl_max_version = TLS_1_3,
	};
	assert_status(register_backend(&h, "defaults", "a.example", 0, c), ABI_OK);
	assert_int_equal(registered(&h, "defaults")->connect_timeout_ms, -1);
	assert_int_equal(registered(&h, "defaults")->keepalive_time_ms, -1);
	uint32_t mask = BACKEND_CONNECT_TIMEOUT | BACKEND_FIRST_BYTE_TIMEOUT | BACKEND_BETWEEN_BYTES_TIMEOUT |
			BACKEND_KEEPALIVE | BACKEND_SSL_MIN_VERSION | BACKEND_SSL_MAX_VERSION |
			BACKEND_DONT_POOL | BACKEND_GRPC | BACKEND_PREFER_IPV4 | BACKEND_POOLING_LIMITS;
	assert_status(register_backend(&h, "new", "a.example", mask, c), ABI_OK);
	struct backend *b = registered(&h, "new");
	assert_int_equal(b->target.connect_timeout_ns, 1 * NS_PER_MS);
	assert_int_equal(b->first_byte_timeout_ms, 2);
	assert_int_equal(b->target.between_bytes_timeout_ns, UINT32_MAX * NS_PER_MS);
	assert_int_equal(b->keepalive_time_ms, 4);
	assert_int_equal(b->tcp_keepalive_enable, 1);
	assert_int_equal(b->tcp_keepalive_interval_s, 6);
	assert_int_equal(b->tcp_keepalive_probes, 7);
	assert_int_equal(b->tcp_keepalive_time_s, 8);
	assert_int_equal(b->target.tls_min, TLS_1_2);
	assert_int_equal(b->target.tls_max, TLS_1_3);
	assert_true(b->dont_pool && b->grpc && b->target.http2 && b->target.prefer_ipv4);
	abi_fini(&h);
}

TEST(tls_versions_are_four_and_in_order)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct abi_dynamic_backend_config c = { .ssl_min_version = 4, .ssl_max_version = 4 };
	assert_status(register_backend(&h, "new", "a.example", BACKEND_SSL_MIN_VERSION, c), ABI_INVAL);
	assert_status(register_backend(&h, "new", "a.example", BACKEND_SSL_MAX_VERSION, c), ABI_INVAL);
	c = (struct abi_dynamic_backend_config){ .ssl_min_version = TLS_1_3, .ssl_max_version = TLS_1_2 };
	uint32_t both = BACKEND_SSL_MIN_VERSION | BACKEND_SSL_MAX_VERSION;
	assert_status(register_backend(&h, "new", "a.example", both, c), ABI_INVAL);
	assert_status(register_backend(&h, "new", "a.example", BACKEND_SSL_MIN_VERSION, c), ABI_OK);
	abi_fini(&h);
}

TEST(a_client_certificate_needs_a_secret_for_its_key)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t out = abi_room(&h, 4);
	assert_status(abi_call(&h, "fastly_secret_store", "from_bytes", TEXT("KEY"), out), ABI_OK);
	struct abi_dynamic_backend_config c = { .client_certificate = abi_place(&h, STR("CERT")),
						.client_certificate_len = 4,
						.client_key = abi_u32(&h, out) };
	assert_status(register_backend(&h, "new", "a.example", BACKEND_CLIENT_CERT, c), ABI_OK);
	assert_str(registered(&h, "new")->target.client_key_pem, "KEY");
	assert_str(registered(&h, "new")->target.client_cert_pem, "CERT");
	c.client_certificate_len = 0;
	assert_status(register_backend(&h, "other", "a.example", BACKEND_CLIENT_CERT, c), ABI_INVAL);
	c.client_certificate_len = 4;
	c.client_key = h.sandbox->request_handle;
	assert_status(register_backend(&h, "other", "a.example", BACKEND_CLIENT_CERT, c), ABI_BADF);
	abi_fini(&h);
}

TEST(backends_are_limited_and_noted)
{
	struct abi_harness h;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	h.world->tracing = true;
	h.world->limits.dynamic_backends = 2;
	abi_start(&h);
	assert_status(register_backend(&h, "one", "a.example", 0, NOTHING), ABI_OK);
	assert_status(register_backend(&h, "two", "a.example", 0, NOTHING), ABI_OK);
	assert_status(register_backend(&h, "three", "a.example", 0, NOTHING), ABI_LIMITEXCEEDED);
	const struct trace_event *ev = h.sandbox->invocation->trace.first->next;
	assert_string_equal(ev->type, "backend-register");
	assert_str(ev->first->text, "one");
	abi_fini(&h);
}

TEST(too_many_handles_are_refused)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	h.world->limits.handles = h.sandbox->handles.open;
	assert_status(CALL("new", abi_room(&h, 4)), ABI_LIMITEXCEEDED);
	abi_fini(&h);
}

TEST(every_function_was_called_and_checks_its_handles)
{
	assert_handles_checked(MODULE, "");
	assert_covered_but(MODULE, "",
			   "send pending_req downstream_ original_ fastly_key redirect_ upgrade_ inspect");
}
