/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of world/acl.h. */
#include <stdio.h>

#include "contract/contract.h"
#include "world/acl.h"

struct subject {
	struct acl *acl;
};

static struct acl *memory(void)
{
	return acl_memory_new();
}

static struct acl *fork_of_a_fork(void)
{
	struct acl *parent = acl_memory_new(), *child = acl_fork(parent), *grandchild = acl_fork(child);
	acl_destroy(&parent);
	acl_destroy(&child);
	return grandchild;
}

#define EVERY_IMPLEMENTATION(X, promise) X(promise, memory) X(promise, fork_of_a_fork)

static void begin(struct subject *s, struct acl *(*make)(void))
{
	s->acl = make();
}

static void end(struct subject *s)
{
	acl_destroy(&s->acl);
}

static void add_to(struct acl *acl, struct str list, const char *prefix, bool allow)
{
	struct acl_entry entry = { .allow = allow };
	struct error e;
	assert_true(acl_parse_prefix(str_from(prefix), &entry, &e));
	assert_true(acl_add(acl, list, &entry));
}

static void block(struct subject *s, const char *prefix)
{
	add_to(s->acl, STR("l"), prefix, false);
}

static void allow(struct subject *s, const char *prefix)
{
	add_to(s->acl, STR("l"), prefix, true);
}

/* What holds for the address: "1.2.3.0/24 block", or "none". */
static void assert_found(struct acl *acl, const char *address, const char *expected)
{
	uint8_t ip[16], ip_len;
	struct acl_entry found;
	char prefix[IP_TEXT_BYTES], text[2 * IP_TEXT_BYTES] = "none";
	assert_true(ip_parse(str_from(address), ip, &ip_len));
	if (acl_lookup(acl, STR("l"), ip, ip_len, &found)) {
		acl_print_prefix(&found, prefix);
		snprintf(text, sizeof text, "%s %s", prefix, found.allow ? "allow" : "block");
	}
	assert_string_equal(text, expected);
}

CONTRACT(a_list_that_is_not_there_holds_nothing)
{
	assert_false(acl_has(s->acl, STR("l")));
	assert_found(s->acl, "1.2.3.4", "none");
}

CONTRACT(an_empty_list_is_there_and_holds_nothing)
{
	assert_true(acl_add(s->acl, STR("l"), NULL));
	assert_true(acl_has(s->acl, STR("l")));
	assert_found(s->acl, "1.2.3.4", "none");
	assert_found(s->acl, "::1", "none");
}

CONTRACT(making_a_list_again_keeps_its_entries)
{
	block(s, "1.2.3.4/32");
	assert_true(acl_add(s->acl, STR("l"), NULL));
	assert_found(s->acl, "1.2.3.4", "1.2.3.4/32 block");
}

CONTRACT(an_entry_holds_for_its_network_only)
{
	block(s, "192.0.2.0/25");
	assert_found(s->acl, "192.0.2.0", "192.0.2.0/25 block");
	assert_found(s->acl, "192.0.2.127", "192.0.2.0/25 block");
	assert_found(s->acl, "192.0.2.128", "none");
	assert_found(s->acl, "192.0.1.255", "none");
}

CONTRACT(the_longest_prefix_wins_in_any_order)
{
	allow(s, "10.1.2.0/24");
	block(s, "10.0.0.0/8");
	allow(s, "10.1.0.0/16");
	block(s, "10.1.2.3/32");
	assert_found(s->acl, "10.1.2.3", "10.1.2.3/32 block");
	assert_found(s->acl, "10.1.2.4", "10.1.2.0/24 allow");
	assert_found(s->acl, "10.1.3.4", "10.1.0.0/16 allow");
	assert_found(s->acl, "10.2.3.4", "10.0.0.0/8 block");
	assert_found(s->acl, "11.0.0.1", "none");
}

CONTRACT(of_equal_prefixes_the_last_one_counts)
{
	block(s, "10.0.0.0/8");
	allow(s, "10.9.9.9/8");
	assert_found(s->acl, "10.1.2.3", "10.0.0.0/8 allow");
	block(s, "10.0.0.0/8");
	assert_found(s->acl, "10.1.2.3", "10.0.0.0/8 block");
}

CONTRACT(bits_behind_the_prefix_do_not_count)
{
	struct acl_entry entry = { .ip = { 1, 2, 3, 255 }, .ip_len = 4, .bits = 23 };
	assert_true(acl_add(s->acl, STR("l"), &entry));
	assert_found(s->acl, "1.2.2.0", "1.2.2.0/23 block");
}

CONTRACT(a_prefix_may_have_any_length)
{
	block(s, "0.0.0.0/0");
	allow(s, "::/0");
	assert_found(s->acl, "255.255.255.255", "0.0.0.0/0 block");
	assert_found(s->acl, "ffff::1", "::/0 allow");
	block(s, "2001:db8::/33");
	assert_found(s->acl, "2001:db8:7fff::1", "2001:db8::/33 block");
	assert_found(s->acl, "2001:db8:8000::1", "::/0 allow");
	allow(s, "2001:db8::1/128");
	assert_found(s->acl, "2001:db8::1", "2001:db8::1/128 allow");
}

CONTRACT(the_two_families_are_apart)
{
	block(s, "1.2.3.4/32");
	assert_found(s->acl, "::ffff:1.2.3.4", "none");
	block(s, "::ffff:5.6.7.8/128");
	assert_found(s->acl, "5.6.7.8", "none");
	assert_found(s->acl, "::ffff:5.6.7.8", "::ffff:5.6.7.8/128 block");
}

CONTRACT(lists_are_apart)
{
	add_to(s->acl, STR("other"), "1.2.3.4/32", true);
	assert_false(acl_has(s->acl, STR("l")));
	assert_found(s->acl, "1.2.3.4", "none");
}

CONTRACT(an_address_of_a_strange_length_is_in_no_list)
{
	struct acl_entry found;
	block(s, "0.0.0.0/0");
	assert_false(acl_lookup(s->acl, STR("l"), (const uint8_t[16]){ 0 }, 0, &found));
	assert_false(acl_lookup(s->acl, STR("l"), (const uint8_t[16]){ 0 }, 5, &found));
}

CONTRACT(a_fork_and_its_origin_do_not_see_what_is_added_to_the_other)
{
	block(s, "10.0.0.0/8");
	struct acl *child = acl_fork(s->acl);
	add_to(child, STR("l"), "10.1.0.0/16", true);
	add_to(child, STR("new"), "10.1.0.0/16", true);
	assert_found(child, "10.1.2.3", "10.1.0.0/16 allow");
	assert_found(s->acl, "10.1.2.3", "10.0.0.0/8 block");
	assert_false(acl_has(s->acl, STR("new")));
	allow(s, "10.1.2.0/24");
	assert_found(child, "10.1.2.3", "10.1.0.0/16 allow");
	acl_destroy(&child);
	assert_found(s->acl, "10.1.2.3", "10.1.2.0/24 allow");
}

CONTRACT(an_entry_that_is_removed_holds_no_more)
{
	struct acl_entry entry = { 0 };
	struct error e;
	block(s, "10.0.0.0/8");
	allow(s, "10.1.0.0/16");
	struct acl *child = acl_fork(s->acl);
	assert_true(acl_parse_prefix(STR("10.1.0.0/16"), &entry, &e));
	assert_true(acl_remove(child, STR("l"), &entry));
	assert_found(child, "10.1.2.3", "10.0.0.0/8 block");
	assert_found(s->acl, "10.1.2.3", "10.1.0.0/16 allow");
	assert_false(acl_remove(child, STR("l"), &entry));
	assert_false(acl_remove(child, STR("no-such-list"), &entry));
	acl_destroy(&child);
}

CONTRACT(lists_and_their_entries_can_be_gone_through)
{
	static const char *const expected[] = { "10.0.0.0/8 block", "10.1.0.0/16 allow",
						"2001:db8::/32 block" };
	char prefix[IP_TEXT_BYTES], text[2 * IP_TEXT_BYTES];
	size_t at = 0;
	block(s, "2001:db8::/32");
	allow(s, "10.1.0.0/16");
	block(s, "10.0.0.0/8");
	add_to(s->acl, STR("k"), "1.2.3.4/32", true);
	for (struct acl_item i = { 0 }; acl_next(s->acl, STR("l"), &i); at++) {
		assert_true(at < COUNT_OF(expected));
		acl_print_prefix(&i.entry, prefix);
		snprintf(text, sizeof text, "%s %s", prefix, i.entry.allow ? "allow" : "block");
		assert_string_equal(text, expected[at]);
	}
	assert_int_equal(at, COUNT_OF(expected));
	struct acl_item none = { 0 };
	assert_false(acl_next(s->acl, STR("no-such-list"), &none));
	struct pmap_entry list = { 0 };
	assert_true(acl_next_list(s->acl, &list));
	assert_str(list.key, "k");
	assert_true(acl_next_list(s->acl, &list));
	assert_str(list.key, "l");
	assert_false(acl_next_list(s->acl, &list));
}
