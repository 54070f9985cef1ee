/* SPDX-License-Identifier: Apache-2.0 */
/* What can be known of a client: set by name, checked as it is set. */
#include <string.h>

#include "support/test.h"
#include "world/client.h"

static struct arena arena;

static void assert_refused(const char *name, const char *value, enum error_kind kind, const char *words)
{
	struct client c = { 0 };
	static const struct client nobody;
	struct error e;
	assert_false(settings_set(&client_settings, &c, &arena, str_from(name), str_from(value), &e));
	assert_int_equal(e.kind, kind);
	assert_non_null(strstr(e.text, words));
	assert_memory_equal(&c, &nobody, sizeof c);
}

TEST(a_value_must_be_of_its_kind)
{
	assert_refused("ip", "localhost", ERROR_INVALID, "write an IP address");
	assert_refused("tls.ja3", "00112233", ERROR_INVALID, "write 32 hexadecimal digits");
	assert_refused("tls.ja3", "0011223344556677889900112233445g", ERROR_INVALID, "hexadecimal");
	assert_refused("tls.clientHello", "abc", ERROR_INVALID, "two a byte");
	assert_refused("bot.detected", "yes", ERROR_INVALID,
		       "'yes' is no value of bot.detected; write true or false");
	assert_refused("visitsThisPop", "-1", ERROR_INVALID, "a whole number");
	assert_refused("tls.certificateVerdict", "fine", ERROR_INVALID, "unknown-ca");
}

TEST(an_unknown_name_is_told_with_the_nearest_one)
{
	assert_refused("tls.jb4", "x", ERROR_NOT_FOUND, "did you mean tls.ja4?");
	assert_refused("bot.anlyzed", "true", ERROR_NOT_FOUND, "did you mean bot.analyzed?");
	assert_refused("", "true", ERROR_NOT_FOUND, "nothing of a client is called ''");
}

TEST(every_row_can_be_set)
{
	struct client c = { 0 };
	struct error e;
	for (size_t i = 0; i < client_settings.count; i++) {
		const struct setting *row = &client_settings.rows[i];
		static const char *const values[] = {
			"192.0.2.1", "text", "00", "00112233445566778899001122334455", "true", "7", "ok"
		};
		if (!settings_set(&client_settings, &c, &arena, row->name, str_from(values[row->kind]), &e))
			fail_msg("%s", e.text);
	}
	assert_int_equal(c.visits_this_service, 7);
	struct buf printed = BUF_INIT(256);
	for (size_t i = 0; i < client_settings.count; i++) {
		const struct setting *row = &client_settings.rows[i];
		struct client again = { 0 };
		buf_reset(&printed);
		assert_false(setting_print(row, &again, &printed));
		assert_true(setting_print(row, &c, &printed));
		assert_true(settings_set(&client_settings, &again, &arena, row->name, buf_str(&printed), &e));
		buf_reset(&printed);
		assert_true(setting_print(row, &again, &printed));
	}
	assert_str(buf_str(&printed), "text");
	buf_fini(&printed);
	assert_str(c.bot_name, "text");
	assert_int_equal(c.tls_client_hello.len, 1);
	assert_int_equal(c.tls_certificate_verdict, CERT_OK);
	arena_fini(&arena);
}

TEST(a_client_is_asked_for_by_its_address)
{
	static const uint8_t loopback[16] = { 127, 0, 0, 1 }, other[16] = { 192, 0, 2, 1 };
	struct client c = { 0 };
	struct error e;
	assert_true(client_has_address(&c, loopback, 4));
	assert_false(client_has_address(&c, loopback, 16));
	assert_true(settings_set(&client_settings, &c, &arena, STR("ip"), STR("192.0.2.1"), &e));
	assert_true(client_has_address(&c, other, 4));
	assert_false(client_has_address(&c, loopback, 4));
	assert_false(client_has_address(&c, other, 16));
}

TEST(an_empty_text_is_there)
{
	struct client c = { 0 };
	struct error e;
	assert_true(settings_set(&client_settings, &c, &arena, STR("bot.name"), STR(""), &e));
	assert_non_null(c.bot_name.ptr);
	assert_int_equal(c.bot_name.len, 0);
	arena_fini(&arena);
}
