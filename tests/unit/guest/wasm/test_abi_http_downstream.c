/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_http_downstream, and the calls of fastly_http_req that say the same of the request the guest was
 * started for. */
#include <string.h>

#include "support/abi_check.h"

#define DOWNSTREAM "fastly_http_downstream"
#define REQ "fastly_http_req"

/* A client that sent these headers. */
static void init_with(struct abi_harness *h, const char *const fields[][2], size_t count)
{
	abi_prepare(h, ABI_MEMORY_BYTES);
	abi_furnish(h);
	for (size_t i = 0; i < count; i++)
		headers_add(&h->request.headers, &h->arena, str_from(fields[i][0]), str_from(fields[i][1]));
	abi_start(h);
}

static const char *const usual[][2] = {
	{ "Host", "www.example" }, { "X-B", "1" }, { "x-b", "2" }, { "Accept", "*/*" }
};

static uint32_t number(struct abi_harness *h, const char *name)
{
	uint32_t out = abi_room(h, 4);
	abi_set_u32(h, out, 77);
	assert_status(abi_call(h, DOWNSTREAM, name, h->sandbox->request_handle, out), ABI_OK);
	return abi_u32(h, out);
}

static void no_number(struct abi_harness *h, const char *name, enum abi_status status)
{
	uint32_t out = abi_room(h, 4);
	abi_set_u32(h, out, 77);
	assert_status(abi_call(h, DOWNSTREAM, name, h->sandbox->request_handle, out), status);
	assert_int_equal(abi_u32(h, out), 77);
}

TEST(original_headers_are_those_the_client_sent)
{
	struct abi_harness h;
	init_with(&h, usual, COUNT_OF(usual));
	uint32_t request = h.sandbox->request_handle, out = abi_room(&h, 4);
	assert_status(abi_call(&h, REQ, "header_remove", request, ABI_TEXT(&h, "x-b")), ABI_OK);
	assert_str(check_values(&h, DOWNSTREAM, "downstream_original_header_names", request),
		   "Host|X-B|Accept");
	assert_str(check_values_alone(&h, REQ, "original_header_names_get"), "Host|X-B|Accept");
	assert_int_equal(number(&h, "downstream_original_header_count"), 4);
	assert_status(abi_call(&h, REQ, "original_header_count", out), ABI_OK);
	assert_int_equal(abi_u32(&h, out), 4);
	abi_fini(&h);
}

TEST(addresses_are_those_of_the_connection)
{
	struct abi_harness h;
	init_with(&h, usual, 0);
	uint32_t request = h.sandbox->request_handle, ip = abi_room(&h, 24);
	memset(h.memory + ip, 0xff, 24);
	assert_status(abi_call(&h, DOWNSTREAM, "downstream_client_ip_addr", request, ip, ip + 16), ABI_OK);
	assert_int_equal(abi_u32(&h, ip + 16), 4);
	assert_memory_equal(h.memory + ip, "\x7f\0\0\1\xff", 5);
	memset(h.memory + ip, 0xff, 24);
	assert_status(abi_call(&h, REQ, "downstream_client_ip_addr", ip, ip + 16), ABI_OK);
	assert_int_equal(abi_u32(&h, ip + 16), 4);
	assert_memory_equal(h.memory + ip, "\x7f\0\0\1\xff", 5);
	assert_status(abi_call(&h, DOWNSTREAM, "downstream_server_ip_addr", request, ip, ip + 16), ABI_OK);
	assert_int_equal(abi_u32(&h, ip + 16), 16);
	assert_memory_equal(h.memory + ip, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	memset(h.memory + ip, 0xff, 24);
	assert_status(abi_call(&h, REQ, "downstream_server_ip_addr", ip, ip + 16), ABI_OK);
	assert_int_equal(abi_u32(&h, ip + 16), 16);
	assert_memory_equal(h.memory + ip, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	abi_fini(&h);
}

TEST(a_request_through_no_socket_comes_from_loopback)
{
	struct abi_harness h;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	h.asked.client = (struct client){ 0 };
	abi_start(&h);
	uint32_t ip = abi_room(&h, 24);
	assert_status(abi_call(&h, DOWNSTREAM, "downstream_client_ip_addr", h.sandbox->request_handle, ip,
			       ip + 16),
		      ABI_OK);
	assert_int_equal(abi_u32(&h, ip + 16), 4);
	assert_memory_equal(h.memory + ip, "\x7f\0\0\1", 4);
	abi_fini(&h);
}

TEST(the_request_id_counts)
{
	struct abi_harness h;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	h.world->invocations = 0x2a;
	abi_start(&h);
	assert_str(check_bytes(&h, ABI_OK, DOWNSTREAM, "downstream_client_request_id",
			       h.sandbox->request_handle),
		   "0000000000000000000000000000002a");
	assert_str(check_bytes_alone(&h, ABI_OK, REQ, "downstream_client_request_id"),
		   "0000000000000000000000000000002a");
	abi_fini(&h);
}

TEST(there_is_no_compliance_region_and_no_attack)
{
	struct abi_harness h;
	init_with(&h, usual, 0);
	uint32_t out = abi_room(&h, 4);
	assert_str(check_bytes(&h, ABI_OK, DOWNSTREAM, "downstream_compliance_region",
			       h.sandbox->request_handle),
		   "none");
	assert_str(check_bytes_alone(&h, ABI_OK, REQ, "downstream_compliance_region"), "none");
	assert_int_equal(number(&h, "downstream_client_ddos_detected"), 0);
	abi_set_u32(&h, out, 7);
	assert_status(abi_call(&h, REQ, "downstream_client_ddos_detected", out), ABI_OK);
	assert_int_equal(abi_u32(&h, out), 0);
	abi_fini(&h);
}

TEST(an_api_key_is_valid_when_the_world_says_so)
{
	static const struct {
		const char *key;
		uint32_t valid;
	} cases[] = { { "good-key", 1 }, { "Good-Key", 0 }, { "", 0 }, { NULL, 0 } };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct abi_harness h;
		const char *const field[][2] = { { "Fastly-Key", cases[i].key } };
		init_with(&h, field, cases[i].key ? 1 : 0);
		uint32_t out = abi_room(&h, 4);
		assert_int_equal(number(&h, "fastly_key_is_valid"), cases[i].valid);
		assert_status(abi_call(&h, REQ, "fastly_key_is_valid", out), ABI_OK);
		assert_int_equal(abi_u32(&h, out), cases[i].valid);
		abi_fini(&h);
	}
}

/* ---- what a plain HTTP/1 connection does not have ---- */

TEST(what_only_tls_and_http_2_have_is_none)
{
	static const char *const texts[] = {
		"downstream_client_h2_fingerprint",
		"downstream_client_oh_fingerprint",
		"downstream_tls_cipher_openssl_name",
		"downstream_tls_protocol",
		"downstream_tls_client_hello",
		"downstream_tls_raw_client_certificate",
		"downstream_tls_ja4",
	};
	struct abi_harness h;
	init_with(&h, usual, 0);
	uint32_t request = h.sandbox->request_handle, out = abi_room(&h, 24);
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		check_bytes(&h, ABI_NONE, DOWNSTREAM, texts[i], request);
		check_bytes_alone(&h, ABI_NONE, REQ, texts[i]);
	}
	check_bytes(&h, ABI_NONE, DOWNSTREAM, "downstream_tls_client_servername", request);
	assert_status(abi_call(&h, DOWNSTREAM, "downstream_tls_ja3_md5", request, out, out + 16), ABI_NONE);
	assert_status(abi_call(&h, REQ, "downstream_tls_ja3_md5", out, out + 16), ABI_NONE);
	no_number(&h, "downstream_tls_client_cert_verify_result", ABI_NONE);
	assert_status(abi_call(&h, REQ, "downstream_tls_client_cert_verify_result", out), ABI_NONE);
	abi_fini(&h);
}

TEST(nothing_is_known_of_proxies)
{
	static const char *const numbers[] = {
		"downstream_resvpnproxy_is_anonymous",         "downstream_resvpnproxy_is_anonymous_vpn",
		"downstream_resvpnproxy_is_hosting_provider",  "downstream_resvpnproxy_is_proxy_over_vpn",
		"downstream_resvpnproxy_is_public_proxy",      "downstream_resvpnproxy_is_relay_proxy",
		"downstream_resvpnproxy_is_residential_proxy", "downstream_resvpnproxy_is_smart_dns_proxy",
		"downstream_resvpnproxy_is_tor_exit_node",     "downstream_resvpnproxy_is_vpn_datacenter",
	};
	struct abi_harness h;
	init_with(&h, usual, 0);
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		no_number(&h, numbers[i], ABI_NONE);
	check_bytes(&h, ABI_NONE, DOWNSTREAM, "downstream_resvpnproxy_vpn_service_name",
		    h.sandbox->request_handle);
	abi_fini(&h);
}

/* ---- what is known of a client ---- */

static void know(struct abi_harness *h, const char *name, const char *value)
{
	struct error e;
	if (!settings_set(&client_settings, &h->asked.client, &h->arena, str_from(name), str_from(value), &e))
		fail_msg("%s", e.text);
}

TEST(texts_that_are_known_are_told)
{
	static const struct {
		const char *name, *call;
		bool old_too;
		const char *value, *told;
	} cases[] = {
		{ "requestId", "downstream_client_request_id", true, "ab12", "ab12" },
		{ "region", "downstream_compliance_region", true, "eu", "eu" },
		{ "h2Fingerprint", "downstream_client_h2_fingerprint", true, "1:65536", "1:65536" },
		{ "ohFingerprint", "downstream_client_oh_fingerprint", true, "h,a", "h,a" },
		{ "tls.protocol", "downstream_tls_protocol", true, "TLSv1.3", "TLSv1.3" },
		{ "tls.cipher", "downstream_tls_cipher_openssl_name", true, "AES", "AES" },
		{ "tls.serverName", "downstream_tls_client_servername", false, "shop.example",
		  "shop.example" },
		{ "tls.clientHello", "downstream_tls_client_hello", true, "4142", "AB" },
		{ "tls.ja4", "downstream_tls_ja4", true, "t13d", "t13d" },
		{ "tls.certificate", "downstream_tls_raw_client_certificate", true, "-----BEGIN",
		  "-----BEGIN" },
		{ "bot.name", "downstream_bot_name", false, "Crawly", "Crawly" },
		{ "bot.category", "downstream_bot_category", false, "AI-CRAWLER", "AI-CRAWLER" },
		{ "proxy.vpnService", "downstream_resvpnproxy_vpn_service_name", false, "Hidey", "Hidey" },
	};
	struct abi_harness h;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		know(&h, cases[i].name, cases[i].value);
	abi_start(&h);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_str(check_bytes(&h, ABI_OK, DOWNSTREAM, cases[i].call, h.sandbox->request_handle),
			   cases[i].told);
		if (cases[i].old_too)
			assert_str(check_bytes_alone(&h, ABI_OK, REQ, cases[i].call), cases[i].told);
	}
	assert_int_equal(number(&h, "downstream_bot_category_kind"), 3);
	abi_fini(&h);
}

TEST(flags_that_are_known_are_told)
{
	static const char *const cases[][2] = {
		{ "ddosDetected", "downstream_client_ddos_detected" },
		{ "fastlyKeyValid", "fastly_key_is_valid" },
		{ "bot.analyzed", "downstream_bot_analyzed" },
		{ "bot.detected", "downstream_bot_detected" },
		{ "bot.verified", "downstream_bot_verified" },
		{ "proxy.anonymous", "downstream_resvpnproxy_is_anonymous" },
		{ "proxy.anonymousVpn", "downstream_resvpnproxy_is_anonymous_vpn" },
		{ "proxy.hostingProvider", "downstream_resvpnproxy_is_hosting_provider" },
		{ "proxy.overVpn", "downstream_resvpnproxy_is_proxy_over_vpn" },
		{ "proxy.public", "downstream_resvpnproxy_is_public_proxy" },
		{ "proxy.relay", "downstream_resvpnproxy_is_relay_proxy" },
		{ "proxy.residential", "downstream_resvpnproxy_is_residential_proxy" },
		{ "proxy.smartDns", "downstream_resvpnproxy_is_smart_dns_proxy" },
		{ "proxy.torExit", "downstream_resvpnproxy_is_tor_exit_node" },
		{ "proxy.vpnDatacenter", "downstream_resvpnproxy_is_vpn_datacenter" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) { /* one at a time, so that no two are mixed up */
		for (uint32_t yes = 0; yes < 2; yes++) {
			struct abi_harness h;
			abi_prepare(&h, ABI_MEMORY_BYTES);
			know(&h, cases[i][0], yes ? "true" : "false");
			abi_start(&h);
			assert_int_equal(number(&h, cases[i][1]), yes);
			abi_fini(&h);
		}
	}
}

TEST(a_digest_a_verdict_and_addresses_that_are_known_are_told)
{
	struct abi_harness h;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	know(&h, "ip", "192.0.2.7");
	know(&h, "serverIp", "2001:db8::1");
	know(&h, "tls.ja3", "00112233445566778899aAbBcCdDeEfF");
	know(&h, "tls.certificateVerdict", "certificate-expired");
	abi_start(&h);
	uint32_t request = h.sandbox->request_handle, out = abi_room(&h, 24);
	assert_status(abi_call(&h, DOWNSTREAM, "downstream_tls_ja3_md5", request, out, out + 16), ABI_OK);
	assert_int_equal(abi_u32(&h, out + 16), 16);
	assert_memory_equal(h.memory + out,
			    "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16);
	assert_status(abi_call(&h, REQ, "downstream_tls_ja3_md5", out, out + 16), ABI_OK);
	assert_int_equal(number(&h, "downstream_tls_client_cert_verify_result"), 3);
	assert_status(abi_call(&h, REQ, "downstream_tls_client_cert_verify_result", out), ABI_OK);
	assert_int_equal(abi_u32(&h, out), 3);
	assert_status(abi_call(&h, DOWNSTREAM, "downstream_client_ip_addr", request, out, out + 16), ABI_OK);
	assert_int_equal(abi_u32(&h, out + 16), 4);
	assert_memory_equal(h.memory + out, "\xc0\0\x02\x07", 4);
	assert_status(abi_call(&h, REQ, "downstream_server_ip_addr", out, out + 16), ABI_OK);
	assert_int_equal(abi_u32(&h, out + 16), 16);
	abi_fini(&h);
}

TEST(a_client_is_known_better_than_by_what_its_headers_say)
{
	static const char *const bot[][2] = {
		{ "X-Fastly-Bot-Detected", "true" },
		{ "X-Fastly-Bot-Name", "Crawly" },
		{ "Fastly-Key", "good-key" },
	};
	struct abi_harness h;
	abi_prepare(&h, ABI_MEMORY_BYTES);
	know(&h, "bot.detected", "false");
	know(&h, "bot.name", "Other");
	know(&h, "fastlyKeyValid", "false");
	abi_furnish(&h);
	for (size_t i = 0; i < COUNT_OF(bot); i++)
		headers_add(&h.request.headers, &h.arena, str_from(bot[i][0]), str_from(bot[i][1]));
	abi_start(&h);
	assert_int_equal(number(&h, "downstream_bot_detected"), 0);
	assert_int_equal(number(&h, "fastly_key_is_valid"), 0);
	assert_str(check_bytes(&h, ABI_OK, DOWNSTREAM, "downstream_bot_name", h.sandbox->request_handle),
		   "Other");
	abi_fini(&h);
}

TEST(visits_are_none_unless_the_client_says_so)
{
	for (uint32_t times = 0; times < 3; times++) {
		struct abi_harness h;
		abi_prepare(&h, ABI_MEMORY_BYTES);
		h.asked.client.visits_this_service = times;
		h.asked.client.visits_this_pop = 2 * times;
		abi_start(&h);
		uint32_t out = abi_room(&h, 4);
		assert_status(abi_call(&h, DOWNSTREAM, "downstream_visits_this_service", out), ABI_OK);
		assert_int_equal(abi_u32(&h, out), times);
		assert_status(abi_call(&h, DOWNSTREAM, "downstream_visits_this_pop", out), ABI_OK);
		assert_int_equal(abi_u32(&h, out), 2 * times);
		abi_fini(&h);
	}
}

/* ---- bots ---- */

TEST(a_bot_is_what_the_requests_headers_say)
{
	static const char *const bot[][2] = {
		{ "X-Fastly-Bot-Analyzed", "true" },
		{ "X-Fastly-Bot-Detected", "true" },
		{ "X-Fastly-Bot-Verified", "true" },
		{ "X-Fastly-Bot-Name", "Crawly" },
		{ "X-Fastly-Bot-Category", "Search-Engine-Crawler" },
	};
	struct abi_harness h;
	init_with(&h, bot, COUNT_OF(bot));
	uint32_t request = h.sandbox->request_handle;
	assert_int_equal(number(&h, "downstream_bot_analyzed"), 1);
	assert_int_equal(number(&h, "downstream_bot_detected"), 1);
	assert_int_equal(number(&h, "downstream_bot_verified"), 1);
	assert_str(check_bytes(&h, ABI_OK, DOWNSTREAM, "downstream_bot_name", request), "Crawly");
	assert_str(check_bytes(&h, ABI_OK, DOWNSTREAM, "downstream_bot_category", request),
		   "Search-Engine-Crawler");
	assert_int_equal(number(&h, "downstream_bot_category_kind"), 11);
	abi_fini(&h);
}

TEST(without_those_headers_there_is_no_bot)
{
	struct abi_harness h;
	init_with(&h, usual, COUNT_OF(usual));
	assert_int_equal(number(&h, "downstream_bot_analyzed"), 0);
	assert_int_equal(number(&h, "downstream_bot_detected"), 0);
	no_number(&h, "downstream_bot_verified", ABI_NONE);
	no_number(&h, "downstream_bot_category_kind", ABI_NONE);
	check_bytes(&h, ABI_NONE, DOWNSTREAM, "downstream_bot_name", h.sandbox->request_handle);
	check_bytes(&h, ABI_NONE, DOWNSTREAM, "downstream_bot_category", h.sandbox->request_handle);
	abi_fini(&h);
}

TEST(a_category_is_a_known_word_or_a_number)
{
	static const struct {
		const char *text;
		int kind;
	} cases[] = { { "none", 0 }, { "HEADLESS", 14 },   { "7", 7 },
		      { "99", 99 },  { "4294967295", -1 }, { "crawler", -2 },
		      { "", -2 },    { "-1", -2 },         { "4294967296", -2 } };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct abi_harness h;
		const char *const field[][2] = { { "x-fastly-bot-category", cases[i].text } };
		init_with(&h, field, 1);
		if (cases[i].kind == -2)
			no_number(&h, "downstream_bot_category_kind", ABI_NONE);
		else
			assert_int_equal((int)number(&h, "downstream_bot_category_kind"), cases[i].kind);
		abi_fini(&h);
	}
}

/* ---- handles ---- */

TEST(a_request_of_the_guests_own_came_from_nobody)
{
	struct abi_harness h;
	init_with(&h, usual, 0);
	uint32_t out = abi_room(&h, 128);
	assert_status(abi_call(&h, REQ, "new", out), ABI_OK);
	uint32_t own = abi_u32(&h, out);
	unsigned checked = 0;
	for (size_t i = 0; i < hostcalls_count; i++) {
		const struct hostcall *call = &hostcalls[i];
		uint64_t args[HOSTCALL_PARAMS_MAX];
		bool about = strncmp(call->name, "downstream_", 11) == 0 ||
			     strcmp(call->name, "fastly_key_is_valid") == 0;
		if (!call->done || strcmp(call->module, DOWNSTREAM) != 0 || !about ||
		    call->params[0].kind != PARAM_in_handle) /* visits are asked of no handle */
			continue;
		abi_clear(&h);
		size_t count = abi_harmless(&h, call, own, args);
		assert_status(abi_call_with(&h, DOWNSTREAM, call->name, args, count), ABI_ERROR);
		checked++;
	}
	assert_int_equal(checked, 35);
	abi_fini(&h);
}

/* The old calls name no request, so it does not matter that the guest has sent or closed it. */
TEST(the_old_calls_answer_after_the_request_was_closed)
{
	struct abi_harness h;
	init_with(&h, usual, COUNT_OF(usual));
	uint32_t out = abi_room(&h, 4);
	assert_status(abi_call(&h, REQ, "close", h.sandbox->request_handle), ABI_OK);
	assert_status(abi_call(&h, REQ, "original_header_count", out), ABI_OK);
	assert_status(abi_call(&h, DOWNSTREAM, "downstream_original_header_count", h.sandbox->request_handle,
			       out),
		      ABI_BADF);
	abi_fini(&h);
}

TEST(every_function_was_called_and_checks_its_handles)
{
	assert_handles_checked(DOWNSTREAM, "");
	assert_covered_but(DOWNSTREAM, "", "next_request"); /* test_abi_next_request.c */
	assert_covered_only(REQ, "", "downstream_ original_ fastly_key");
}
