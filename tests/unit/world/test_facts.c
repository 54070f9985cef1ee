/* SPDX-License-Identifier: Apache-2.0 */
/* What a world says of clients, by its firewall and of products; and the manual's tables of all that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "support/test.h"
#include "world/facts.h"

static struct arena arena;

static void set(const struct settings *s, void *object, const char *name, const char *value)
{
	struct error e;
	if (!settings_set(s, object, &arena, str_from(name), str_from(value), &e))
		fail_msg("%s", e.text);
}

static struct str json(const struct firewall *f)
{
	struct buf out = BUF_INIT(1 << 16);
	firewall_add_json(f, &out);
	struct str text = arena_str(&arena, buf_str(&out));
	buf_fini(&out);
	return text;
}

TEST(blocks_are_found_by_name)
{
	struct facts *f = facts_new();
	const struct facts_block *inspect = facts_block_find(STR("inspect"));
	assert_ptr_equal(inspect->settings, &firewall_settings);
	assert_ptr_equal(facts_block_object(inspect, f), &f->firewall);
	assert_ptr_equal(facts_block_object(facts_block_find(STR("client")), f), &f->client);
	assert_ptr_equal(facts_block_object(facts_block_find(STR("products")), f), &f->products);
	assert_null(facts_block_find(STR("firewall")));
	facts_unref(&f);
}

TEST(a_firewall_lets_through_unless_it_is_told_otherwise)
{
	struct firewall f = { 0 };
	assert_str(json(&f), "{\"waf_response\":200,\"redirect_url\":\"\",\"tags\":[],\"verdict\":\"allow\","
			     "\"decision_ms\":0}");
	set(&firewall_settings, &f, "verdict", "block");
	assert_int_equal(firewall_status(&f), 406);
	set(&firewall_settings, &f, "status", "302");
	set(&firewall_settings, &f, "tags", " SQLI  X\"SS ");
	set(&firewall_settings, &f, "redirectUrl", "https://shop.example/sorry");
	set(&firewall_settings, &f, "decisionMs", "7");
	assert_str(json(&f), "{\"waf_response\":302,\"redirect_url\":\"https://shop.example/sorry\","
			     "\"tags\":[\"SQLI\",\"X\\\"SS\"],\"verdict\":\"block\",\"decision_ms\":7}");
	arena_fini(&arena);
}

TEST(facts_are_shared_until_one_changes_them)
{
	struct facts *parent = facts_new(), *child = facts_ref(parent);
	facts_own(&parent);
	assert_ptr_not_equal(parent, child);
	parent->products.image_optimizer = KNOWN_YES;
	assert_int_equal(child->products.image_optimizer, NOT_KNOWN);
	struct facts *same = child;
	facts_unref(&parent);
	facts_own(&child);
	assert_ptr_equal(child, same);
	facts_unref(&child);
}

TEST(what_was_copied_keeps_its_strings)
{
	struct error e;
	struct facts *parent = facts_new();
	assert_true(settings_set(&client_settings, &parent->client, &parent->arena, STR("bot.name"),
				 STR("Crawly"), &e));
	struct facts *child = facts_ref(parent);
	facts_own(&child);
	facts_unref(&parent);
	assert_str(child->client.bot_name, "Crawly");
	facts_unref(&child);
}

/* ---- the manual ---- */

static const char *manual(void)
{
	enum { MANUAL_BYTES_MAX = 1 << 20 };
	static char text[MANUAL_BYTES_MAX];
	FILE *f = fopen("docs/reference/fiddle.md",
			"rb"); /* test programs run in the root of the source tree */
	assert_non_null(f);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	return text;
}

TEST(the_manual_has_the_tables)
{
	const struct settings *all[] = { &client_settings, &firewall_settings, &products_settings };
	bool there = true;
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		struct buf table = BUF_INIT(1 << 16);
		buf_add(&table, STR("| setting | value | what it is |\n|---|---|---|\n"));
		for (size_t r = 0; r < all[i]->count; r++) {
			const struct setting *row = &all[i]->rows[r];
			buf_printf(&table, "| `" STR_FMT "` | " STR_FMT " | %s |\n", STR_ARG(row->name),
				   STR_ARG(setting_values(row, &arena)), row->doc);
		}
		if (!strstr(manual(), table.ptr)) {
			fprintf(stderr, "docs/reference/fiddle.md should hold:\n%s\n", table.ptr);
			there = false;
		}
		buf_fini(&table);
	}
	arena_fini(&arena);
	assert_true(there);
}
