/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_backend. */
#include <string.h>

#include "support/abi_check.h"

#define MODULE "fastly_backend"

static uint32_t number(struct abi_harness *h, const char *call, const char *backend)
{
	uint32_t out = abi_room(h, 4);
	assert_status(abi_call(h, MODULE, call, abi_place(h, str_from(backend)), strlen(backend), out),
		      ABI_OK);
	return abi_u32(h, out);
}

/* Registers "dyn" at dyn.example, TLS, with every number set. */
static void register_dynamic(struct abi_harness *h)
{
	struct abi_dynamic_backend_config c = {
		.connect_timeout_ms = 11,
		.first_byte_timeout_ms = 12,
		.between_bytes_timeout_ms = 13,
		.http_keepalive_time_ms = 14,
		.tcp_keepalive_enable = 1,
		.tcp_keepalive_interval_secs = 15,
		.tcp_keepalive_probes = 16,
		.tcp_keepalive_time_secs = 17,
		.ssl_min_version = 2,
		.ssl_max_version = 3,
		.host_override = abi_place(h, STR("over.example")),
		.host_override_len = 12,
	};
	uint32_t mask = BACKEND_CONNECT_TIMEOUT | BACKEND_FIRST_BYTE_TIMEOUT | BACKEND_BETWEEN_BYTES_TIMEOUT |
			BACKEND_KEEPALIVE | BACKEND_SSL_MIN_VERSION | BACKEND_SSL_MAX_VERSION |
			BACKEND_USE_SSL | BACKEND_HOST_OVERRIDE;
	assert_status(abi_call(h, "fastly_http_req", "register_dynamic_backend", ABI_TEXT(h, "dyn"),
			       ABI_TEXT(h, "dyn.example"), mask,
			       abi_place(h, (struct str){ (const char *)&c, sizeof c })),
		      ABI_OK);
}

TEST(a_backend_exists_when_it_was_configured_or_registered)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	register_dynamic(&h);
	assert_int_equal(number(&h, "exists", "origin"), 1);
	assert_int_equal(number(&h, "exists", "dyn"), 1);
	assert_int_equal(number(&h, "exists", "nowhere"), 0);
	assert_int_equal(number(&h, "exists", ""), 0);
	assert_int_equal(number(&h, "exists", "\xff"), 0);
	assert_int_equal(number(&h, "is_dynamic", "origin"), 0);
	assert_int_equal(number(&h, "is_dynamic", "dyn"), 1);
	abi_fini(&h);
}

TEST(health_is_what_the_configuration_says)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	for (uint32_t health = 0; health < 3; health++) {
		world_backend(h.world, STR("origin"))->health = (enum backend_health)health;
		assert_int_equal(number(&h, "is_healthy", "origin"), health);
	}
	abi_fini(&h);
}

TEST(an_address_has_host_port_and_tls)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	register_dynamic(&h);
	assert_str(check_bytes(&h, ABI_OK, MODULE, "get_host", TEXT("origin")), "origin.example");
	uint32_t out = abi_room(&h, 4);
	memset(h.memory + out, 0xff, 4);
	assert_status(CALL("get_port", TEXT("origin"), out), ABI_OK);
	assert_memory_equal(h.memory + out, "\x90\x1f\xff\xff", 4); /* 8080 in 16 bits */
	assert_status(CALL("get_port", TEXT("slow"), out), ABI_OK);
	assert_int_equal(abi_u32(&h, out) & 0xffff, 443);
	assert_status(CALL("get_port", TEXT("gone"), out), ABI_OK);
	assert_int_equal(abi_u32(&h, out) & 0xffff, 80);
	assert_int_equal(number(&h, "is_ssl", "origin"), 0);
	assert_int_equal(number(&h, "is_ssl", "slow"), 1);
	assert_int_equal(number(&h, "is_ssl", "dyn"), 1);
	abi_fini(&h);
}

TEST(an_override_of_the_host_is_given_or_none)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	register_dynamic(&h);
	assert_str(check_bytes(&h, ABI_OK, MODULE, "get_override_host", TEXT("dyn")), "over.example");
	check_bytes(&h, ABI_NONE, MODULE, "get_override_host", TEXT("origin"));
	abi_fini(&h);
}

TEST(numbers_are_those_registered_or_the_platforms)
{
	static const struct {
		const char *call;
		uint32_t registered, otherwise;
	} cases[] = {
		{ "get_connect_timeout_ms", 11, 1000 },        { "get_first_byte_timeout_ms", 12, 15000 },
		{ "get_between_bytes_timeout_ms", 13, 10000 }, { "get_http_keepalive_time", 14, 0 },
		{ "get_tcp_keepalive_enable", 1, 0 },          { "get_tcp_keepalive_interval", 15, 0 },
		{ "get_tcp_keepalive_probes", 16, 0 },         { "get_tcp_keepalive_time", 17, 0 },
	};
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	register_dynamic(&h);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(number(&h, cases[i].call, "dyn"), cases[i].registered);
		assert_int_equal(number(&h, cases[i].call, "origin"), cases[i].otherwise);
	}
	abi_fini(&h);
}

TEST(tls_versions_are_those_registered_or_none)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	register_dynamic(&h);
	uint32_t out = abi_room(&h, 4);
	assert_int_equal(number(&h, "get_ssl_min_version", "dyn"), 2);
	assert_int_equal(number(&h, "get_ssl_max_version", "dyn"), 3);
	assert_status(CALL("get_ssl_min_version", TEXT("slow"), out), ABI_NONE);
	assert_status(CALL("get_ssl_max_version", TEXT("slow"), out), ABI_NONE);
	abi_fini(&h);
}

TEST(an_unknown_backend_is_invalid)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	unsigned checked = 0;
	for (size_t i = 0; i < hostcalls_count; i++) {
		const struct hostcall *call = &hostcalls[i];
		uint64_t args[HOSTCALL_PARAMS_MAX];
		if (strcmp(call->module, MODULE) != 0 || strcmp(call->name, "exists") == 0)
			continue;
		abi_clear(&h);
		size_t count = abi_harmless(&h, call, 0, args);
		args[0] = abi_place(&h, STR("nowhere"));
		args[1] = 7;
		assert_status(abi_call_with(&h, MODULE, call->name, args, count), ABI_INVAL);
		checked++;
	}
	assert_int_equal(checked, 16);
	abi_fini(&h);
}

TEST(every_function_was_called)
{
	assert_covered(MODULE, "");
}

/* ---- who is asked about a registration ---- */

struct asked {
	struct registrar super;
	struct world *world;
	struct registration *kept;
	struct task task;
	bool refuses, replaces, later;
};

static void answer(struct asked *self, struct registration *r)
{
	struct error e;
	struct backend *instead = NULL;
	if (self->replaces) {
		instead = backend_new(STR("dyn"));
		instead->dynamic = true;
		assert_true(backend_set_url(instead, STR("http://instead.example:99"), &e));
	}
	if (self->refuses)
		registration_refuse(r, REFUSAL_DISALLOWED);
	else
		registration_accept(r, instead);
}

static void answer_later(struct task *t)
{
	struct asked *self = container_of(t, struct asked, task);
	answer(self, self->kept);
	registration_unref(&self->kept);
}

static void asked_registers(struct registrar *super, struct registration *r)
{
	struct asked *self = (struct asked *)super;
	assert_true(r->backend->dynamic);
	assert_str(r->backend->name, "dyn");
	assert_str(r->backend->target.host, "dyn.example");
	self->world = r->world;
	if (!self->later) {
		answer(self, r);
		return;
	}
	self->kept = registration_ref(r);
	self->task.run = answer_later;
	loop_post(r->world->loop, &self->task);
}

static const struct registrar_ops asked_ops = { .name = "asked", .registers = asked_registers };

TEST(a_registration_is_told_of_and_may_be_answered_with_another_backend)
{
	for (int later = 0; later < 2; later++) {
		struct abi_harness h;
		struct asked asked = { .super = { &asked_ops }, .replaces = true, .later = later };
		abi_init(&h, ABI_MEMORY_BYTES);
		h.world->registrar = &asked.super;
		register_dynamic(&h);
		assert_ptr_equal(asked.world, h.world);
		uint32_t out = abi_room(&h, 4);
		assert_status(abi_call(&h, MODULE, "get_port", ABI_TEXT(&h, "dyn"), out), ABI_OK);
		assert_int_equal(abi_u32(&h, out) & 0xffff, 99);
		assert_int_equal(number(&h, "is_dynamic", "dyn"), 1);
		abi_fini(&h);
	}
}

TEST(a_registration_may_be_refused)
{
	for (int later = 0; later < 2; later++) {
		struct abi_harness h;
		struct asked asked = { .super = { &asked_ops }, .refuses = true, .later = later };
		struct abi_dynamic_backend_config c = { 0 };
		abi_init(&h, ABI_MEMORY_BYTES);
		h.world->registrar = &asked.super;
		assert_status(abi_call(&h, "fastly_http_req", "register_dynamic_backend", ABI_TEXT(&h, "dyn"),
				       ABI_TEXT(&h, "dyn.example"), 0,
				       abi_place(&h, (struct str){ (const char *)&c, sizeof c })),
			      ABI_UNSUPPORTED);
		assert_int_equal(number(&h, "exists", "dyn"), 0);
		abi_fini(&h);
	}
}

TEST(a_guest_may_end_before_its_registration_is_settled)
{
	struct abi_harness h;
	struct asked asked = { .super = { &asked_ops }, .later = true };
	struct abi_dynamic_backend_config c = { 0 };
	abi_init(&h, ABI_MEMORY_BYTES);
	h.world->registrar = &asked.super;
	const uint64_t raw[] = { ABI_TEXT(&h, "dyn"), ABI_TEXT(&h, "dyn.example"), 0,
				 abi_place(&h, (struct str){ (const char *)&c, sizeof c }) };
	const struct hostcall *call = hostcall_find(STR("fastly_http_req"), STR("register_dynamic_backend"));
	assert_status(abi_begin(&h, call, raw), ABI_WAIT);
	struct registration *kept = asked.kept;
	assert_non_null(kept);
	task_cancel(&asked.task);
	abi_fini(&h);
	registration_unref(&kept); /* its last reference */
}
