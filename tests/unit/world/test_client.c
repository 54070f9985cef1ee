/* SPDX-License-Identifier: Apache-2.0 */
/* What can be known of a client: set by name, checked as it is set. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "support/test.h"
#include "world/client.h"

static struct arena arena;

static void assert_refused(const char *name, const char *value, enum error_kind kind, const char *words)
{
	struct client c = { 0 };
	static const struct client nobody;
	struct error e;
	assert_false(client_set(&c, &arena, str_from(name), str_from(value), &e));
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
	for (size_t i = 0; i < client_rows_count; i++) {
		static const char *const values[] = {
			"192.0.2.1", "text", "00", "00112233445566778899001122334455", "true", "7", "ok"
		};
		if (!client_set(&c, &arena, client_rows[i].name, str_from(values[client_rows[i].kind]), &e))
			fail_msg("%s", e.text);
		assert_non_null(client_row_values(&client_rows[i]));
	}
	assert_int_equal(c.visits_this_service, 7);
	assert_str(c.bot_name, "text");
	assert_int_equal(c.tls_client_hello.len, 1);
	assert_int_equal(c.tls_certificate_verdict, CERT_OK);
	arena_fini(&arena);
}

TEST(an_empty_text_is_there)
{
	struct client c = { 0 };
	struct error e;
	assert_true(client_set(&c, &arena, STR("bot.name"), STR(""), &e));
	assert_non_null(c.bot_name.ptr);
	assert_int_equal(c.bot_name.len, 0);
	arena_fini(&arena);
}

/* Test programs run in the root of the source tree. */
TEST(the_manual_has_the_table)
{
	enum { MANUAL_BYTES_MAX = 1 << 20 };
	static char manual[MANUAL_BYTES_MAX];
	struct buf table = BUF_INIT(1 << 16);
	FILE *f = fopen("docs/reference/fiddle.md", "rb");
	assert_non_null(f);
	manual[fread(manual, 1, sizeof manual - 1, f)] = '\0';
	fclose(f);
	buf_add(&table, STR("| setting | value | what it is |\n|---|---|---|\n"));
	for (size_t i = 0; i < client_rows_count; i++)
		buf_printf(&table, "| `" STR_FMT "` | %s | %s |\n", STR_ARG(client_rows[i].name),
			   client_row_values(&client_rows[i]), client_rows[i].doc);
	if (!strstr(manual, table.ptr)) {
		fprintf(stderr, "docs/reference/fiddle.md should hold:\n%s", table.ptr);
		fail();
	}
	buf_fini(&table);
}
