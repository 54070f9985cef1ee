/* SPDX-License-Identifier: Apache-2.0 */
#include "world/client.h"

#include <stddef.h>
#include <string.h>

#include "world/ip.h"

typedef bool set_fn(void *member, struct arena *a, struct str value);

static bool set_ip(void *member, struct arena *a, struct str value)
{
	struct net_address *address = member, read = { 0 };
	(void)a;
	if (!ip_parse(value, read.ip, &read.ip_len))
		return false;
	read.port = address->port;
	*address = read;
	return true;
}

static bool set_text(void *member, struct arena *a, struct str value)
{
	*(struct str *)member = arena_str(a, value);
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

static bool set_md5(void *member, struct arena *a, struct str value)
{
	return value.len == 32 && set_hex(member, a, value);
}

static bool set_flag(void *member, struct arena *a, struct str value)
{
	(void)a;
	if (!str_eq(value, STR("true")) && !str_eq(value, STR("false")))
		return false;
	*(enum known *)member = str_eq(value, STR("true")) ? KNOWN_YES : KNOWN_NO;
	return true;
}

static bool set_count(void *member, struct arena *a, struct str value)
{
	uint64_t number;
	(void)a;
	if (!str_to_u64(value, UINT32_MAX, &number))
		return false;
	*(uint32_t *)member = (uint32_t)number;
	return true;
}

static bool set_verdict(void *member, struct arena *a, struct str value)
{
	static const struct str words[] = { STR_INIT(""),
#define X(id, word) STR_INIT(word),
					    CERT_VERDICTS(X)
#undef X
	};
	(void)a;
	for (size_t i = 1; i < COUNT_OF(words); i++) {
		if (!str_eq(words[i], value))
			continue;
		*(enum cert_verdict *)member = (enum cert_verdict)i;
		return true;
	}
	return false;
}

/* ---- by name ---- */

static const struct {
	set_fn *set;
	const char *values;
} kinds[] = {
	[CLIENT_KIND_IP] = { set_ip, "an IP address" },
	[CLIENT_KIND_TEXT] = { set_text, "text" },
	[CLIENT_KIND_HEX] = { set_hex, "hexadecimal digits, two a byte" },
	[CLIENT_KIND_MD5] = { set_md5, "32 hexadecimal digits" },
	[CLIENT_KIND_FLAG] = { set_flag, "true or false" },
	[CLIENT_KIND_COUNT] = { set_count, "a whole number" },
#define X(id, word) " " word
	[CLIENT_KIND_VERDICT] = { set_verdict, "one of:" CERT_VERDICTS(X) },
#undef X
};

const struct client_row client_rows[] = {
#define CLIENT(kind, member, name, doc) \
	{ STR_INIT(name), CLIENT_KIND_##kind, offsetof(struct client, member), doc },
#include "world/client.def"
};
const size_t client_rows_count = COUNT_OF(client_rows);

const char *client_row_values(const struct client_row *row)
{
	return kinds[row->kind].values;
}

static bool unknown_name(struct str name, struct error *e)
{
	const struct client_row *nearest = &client_rows[0];
	for (size_t i = 1; i < client_rows_count; i++) {
		if (str_distance(name, client_rows[i].name) < str_distance(name, nearest->name))
			nearest = &client_rows[i];
	}
	return FAIL(e, NOT_FOUND, "nothing of a client is called '" STR_FMT "'; did you mean " STR_FMT "?",
		    STR_ARG(name), STR_ARG(nearest->name));
}

bool client_set(struct client *c, struct arena *a, struct str name, struct str value, struct error *e)
{
	for (size_t i = 0; i < client_rows_count; i++) {
		const struct client_row *row = &client_rows[i];
		if (!str_eq(row->name, name))
			continue;
		return kinds[row->kind].set((char *)c + row->offset, a, value) ||
		       FAIL(e, INVALID, "'" STR_FMT "' is no value of " STR_FMT "; write %s", STR_ARG(value),
			    STR_ARG(name), kinds[row->kind].values);
	}
	return unknown_name(name, e);
}

/* ---- bots ---- */

bool client_bot_category(struct str category, uint32_t *kind)
{
	static const struct str names[] = {
		STR_INIT("none"),
		STR_INIT("suspected"),
		STR_INIT("accessibility"),
		STR_INIT("ai-crawler"),
		STR_INIT("ai-fetcher"),
		STR_INIT("content-fetcher"),
		STR_INIT("monitoring-site-tools"),
		STR_INIT("online-marketing"),
		STR_INIT("page-preview"),
		STR_INIT("platform-integration"),
		STR_INIT("research"),
		STR_INIT("search-engine-crawler"),
		STR_INIT("search-engine-optimization"),
		STR_INIT("security-tools"),
		STR_INIT("headless"),
	};
	uint64_t number;
	if (str_to_u64(category, UINT32_MAX, &number)) { /* it stands for itself */
		*kind = (uint32_t)number;
		return true;
	}
	for (uint32_t i = 0; i < COUNT_OF(names); i++) {
		if (!str_eq_nocase(names[i], category))
			continue;
		*kind = i;
		return true;
	}
	return false;
}
