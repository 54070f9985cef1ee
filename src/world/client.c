/* SPDX-License-Identifier: Apache-2.0 */
#include "world/client.h"

#include <stddef.h>
#include <string.h>

static const struct setting rows[] = {
#define X(id, word) " " word
#define CLIENT(kind, member, name, doc) \
	{ STR_INIT(name), SETTING_##kind, offsetof(struct client, member), doc, &CERT_VERDICTS(X)[1] },
#include "world/client.def"
#undef X
};

const struct settings client_settings = { "a client", rows, COUNT_OF(rows) };

bool client_has_address(const struct client *c, const uint8_t *ip, size_t ip_len)
{
	static const uint8_t loopback[4] = { 127, 0, 0, 1 };
	if (c->address.ip_len)
		return ip_len == c->address.ip_len && memcmp(ip, c->address.ip, ip_len) == 0;
	return ip_len == sizeof loopback && memcmp(ip, loopback, ip_len) == 0;
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
