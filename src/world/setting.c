/* SPDX-License-Identifier: Apache-2.0 */
#include "world/setting.h"

#include <string.h>

#include "base/check.h"
#include "world/ip.h"

static bool set_ip(void *member, struct str value)
{
	struct net_address *address = member, read = { 0 };
	if (!ip_parse(value, read.ip, &read.ip_len))
		return false;
	read.port = address->port;
	*address = read;
	return true;
}

static int hex_digit(char c)
{
	c = ascii_lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool set_hex(void *member, struct arena *a, struct str value)
{
	char *bytes = arena_alloc(a, value.len / 2 + 1);
	if (value.len % 2)
		return false;
	for (size_t i = 0; i < value.len; i += 2) {
		int high = hex_digit(value.ptr[i]), low = hex_digit(value.ptr[i + 1]);
		if (high < 0 || low < 0)
			return false;
		bytes[i / 2] = (char)(high << 4 | low);
	}
	*(struct str *)member = (struct str){ bytes, value.len / 2 };
	return true;
}

static bool set_flag(void *member, struct str value)
{
	if (!str_eq(value, STR("true")) && !str_eq(value, STR("false")))
		return false;
	*(enum known *)member = str_eq(value, STR("true")) ? KNOWN_YES : KNOWN_NO;
	return true;
}

static bool set_count(void *member, struct str value)
{
	uint64_t number;
	if (!str_to_u64(value, UINT32_MAX, &number))
		return false;
	*(uint32_t *)member = (uint32_t)number;
	return true;
}

static bool set_choice(void *member, struct str words, struct str value)
{
	for (uint32_t place = 1; words.ptr; place++) {
		if (!str_eq(str_split(&words, ' '), value))
			continue;
		*(uint32_t *)member = place;
		return true;
	}
	return false;
}

/* ---- by name ---- */

static bool set(const struct setting *row, void *member, struct arena *a, struct str value)
{
	switch (row->kind) {
	case SETTING_IP:
		return set_ip(member, value);
	case SETTING_TEXT:
		*(struct str *)member = arena_str(a, value);
		return true;
	case SETTING_HEX:
		return set_hex(member, a, value);
	case SETTING_MD5:
		return value.len == 32 && set_hex(member, a, value);
	case SETTING_FLAG:
		return set_flag(member, value);
	case SETTING_COUNT:
		return set_count(member, value);
	case SETTING_CHOICE:
		return set_choice(member, str_from(row->words), value);
	}
	check_failed("a kind of setting", __FILE__, __LINE__);
}

/* The size of a member that is set, else 0. */
static size_t set_bytes(const struct setting *row, const void *member)
{
	switch (row->kind) {
	case SETTING_IP:
		return ((const struct net_address *)member)->ip_len ? sizeof(struct net_address) : 0;
	case SETTING_TEXT:
	case SETTING_HEX:
	case SETTING_MD5:
		return ((const struct str *)member)->ptr ? sizeof(struct str) : 0;
	case SETTING_FLAG:
		return *(const enum known *)member != NOT_KNOWN ? sizeof(enum known) : 0;
	case SETTING_COUNT:
	case SETTING_CHOICE:
		return *(const uint32_t *)member ? sizeof(uint32_t) : 0;
	}
	check_failed("a kind of setting", __FILE__, __LINE__);
}

static void print_word(struct str words, uint32_t place, struct buf *out)
{
	struct str word = { 0 };
	while (place--)
		word = str_split(&words, ' ');
	buf_add(out, word);
}

bool setting_print(const struct setting *row, const void *object, struct buf *out)
{
	const void *member = (const char *)object + row->offset;
	const struct str *text = member;
	const struct net_address *address = member;
	char ip[IP_TEXT_BYTES];
	if (!set_bytes(row, member))
		return false;
	switch (row->kind) {
	case SETTING_IP:
		ip_print(address->ip, address->ip_len, ip);
		buf_add(out, str_from(ip));
		return true;
	case SETTING_TEXT:
		buf_add(out, *text);
		return true;
	case SETTING_HEX:
	case SETTING_MD5:
		for (size_t i = 0; i < text->len; i++)
			buf_printf(out, "%02x", (unsigned char)text->ptr[i]);
		return true;
	case SETTING_FLAG:
		buf_add(out, *(const enum known *)member == KNOWN_YES ? STR("true") : STR("false"));
		return true;
	case SETTING_COUNT:
		buf_printf(out, "%u", *(const uint32_t *)member);
		return true;
	case SETTING_CHOICE:
		print_word(str_from(row->words), *(const uint32_t *)member, out);
		return true;
	}
	check_failed("a kind of setting", __FILE__, __LINE__);
}

void settings_overlay(const struct settings *s, void *object, const void *over)
{
	for (size_t i = 0; i < s->count; i++) {
		const void *member = (const char *)over + s->rows[i].offset;
		memcpy((char *)object + s->rows[i].offset, member, set_bytes(&s->rows[i], member));
	}
}

struct str setting_values(const struct setting *row, struct arena *a)
{
	static const struct str values[] = {
		[SETTING_IP] = STR_INIT("an IP address"),
		[SETTING_TEXT] = STR_INIT("text"),
		[SETTING_HEX] = STR_INIT("hexadecimal digits, two a byte"),
		[SETTING_MD5] = STR_INIT("32 hexadecimal digits"),
		[SETTING_FLAG] = STR_INIT("true or false"),
		[SETTING_COUNT] = STR_INIT("a whole number"),
	};
	return row->kind == SETTING_CHOICE ? arena_printf(a, "one of: %s", row->words) : values[row->kind];
}

static bool unknown_name(const struct settings *s, struct str name, struct error *e)
{
	const struct setting *nearest = &s->rows[0];
	for (size_t i = 1; i < s->count; i++) {
		if (str_distance(name, s->rows[i].name) < str_distance(name, nearest->name))
			nearest = &s->rows[i];
	}
	return FAIL(e, NOT_FOUND, "nothing of %s is called '" STR_FMT "'; did you mean " STR_FMT "?", s->of,
		    STR_ARG(name), STR_ARG(nearest->name));
}

bool settings_set(const struct settings *s, void *object, struct arena *a, struct str name, struct str value,
		  struct error *e)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct setting *row = &s->rows[i];
		if (!str_eq(row->name, name))
			continue;
		return set(row, (char *)object + row->offset, a, value) ||
		       FAIL(e, INVALID, "'" STR_FMT "' is no value of " STR_FMT "; write " STR_FMT,
			    STR_ARG(value), STR_ARG(name), STR_ARG(setting_values(row, a)));
	}
	return unknown_name(s, name, e);
}
