/* SPDX-License-Identifier: Apache-2.0 */
#include "world/firewall.h"

enum { STATUS_ALLOWED = 200, STATUS_BLOCKED = 406 };

#define ROW(kind, member, name, doc)                                                         \
	{                                                                                    \
		STR_INIT(name), SETTING_##kind, offsetof(struct firewall, member), doc, NULL \
	}

static const struct setting rows[] = {
	ROW(TEXT, verdict, "verdict",
	    "`allow`, `block` or `unauthorized`, or a word that the SDKs do not know"),
	ROW(COUNT, status, "status", "the status that goes with it; else 406 for `block`, or 200"),
	ROW(TEXT, tags, "tags", "the signals it found, separated by blanks, such as `SQLI XSS`"),
	ROW(TEXT, redirect_url, "redirectUrl", "where to send the client that is blocked"),
	ROW(COUNT, decision_ms, "decisionMs", "how long it says that it took, in milliseconds"),
};

const struct settings firewall_settings = { "the firewall", rows, COUNT_OF(rows) };

struct str firewall_verdict(const struct firewall *f)
{
	return f->verdict.ptr ? f->verdict : STR("allow");
}

uint32_t firewall_status(const struct firewall *f)
{
	if (f->status)
		return f->status;
	return str_eq(firewall_verdict(f), STR("block")) ? STATUS_BLOCKED : STATUS_ALLOWED;
}

void firewall_add_json(const struct firewall *f, struct buf *out)
{
	const char *comma = "";
	buf_printf(out, "{\"waf_response\":%u,\"redirect_url\":", firewall_status(f));
	buf_add_json(out, f->redirect_url);
	buf_add(out, STR(",\"tags\":["));
	for (struct str rest = f->tags; rest.ptr;) {
		struct str tag = str_split(&rest, ' ');
		if (tag.len == 0)
			continue;
		buf_printf(out, "%s", comma);
		buf_add_json(out, tag);
		comma = ",";
	}
	buf_add(out, STR("],\"verdict\":"));
	buf_add_json(out, firewall_verdict(f));
	buf_printf(out, ",\"decision_ms\":%u}", f->decision_ms);
}
