/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a peer may cost. Memory is bounded by limits of their own (streams, heads, windows, what is queued to
 * be sent); here it is work: frames that bring neither a request nor data are counted against a budget that
 * fills up again with time. Whoever overdraws it gets GOAWAY with ENHANCE_YOUR_CALM, and the connection ends.
 * So do streams that are opened and reset (CVE-2023-44487) and heads that never end (CVE-2024-27316 and its
 * kind).
 */
#include <uv.h>

#include "http/h2_priv.h"

enum {
	CONTROL_BURST = 1000, /* PING, SETTINGS, PRIORITY, empty DATA */
	CONTROL_PER_S = 200,
	RESETS_BURST = 500, /* RST_STREAM */
	RESETS_PER_S = 33,
	CONTINUATIONS_MAX = 16, /* of one head */
};

void h2_guard_init(struct h2_connection *c)
{
	c->control = (struct h2_budget){ CONTROL_BURST, h2_now(c) };
	c->resets = (struct h2_budget){ RESETS_BURST, h2_now(c) };
}

static bool spend(struct h2_connection *c, struct h2_budget *b, uint32_t burst, uint32_t per_s)
{
	uint64_t passed_ns = h2_now(c) - b->filled_ns;
	uint64_t filled = MIN(passed_ns, 3600 * NS_PER_S) * per_s / NS_PER_S;
	if (filled) {
		b->left = (uint32_t)MIN((uint64_t)burst, b->left + filled);
		b->filled_ns = h2_now(c);
	}
	if (b->left == 0)
		return false;
	b->left--;
	return true;
}

void h2_guard_served(struct h2_connection *c)
{
	c->resets.left = MIN(c->resets.left + 1, (uint32_t)RESETS_BURST);
}

bool h2_guard_frame(struct h2_connection *c, const nghttp2_frame_hd *hd)
{
	switch (hd->type) {
	case NGHTTP2_HEADERS:
		c->continuations = 0;
		return true;
	case NGHTTP2_CONTINUATION:
		return ++c->continuations <= CONTINUATIONS_MAX;
	case NGHTTP2_WINDOW_UPDATE:
		return true;
	case NGHTTP2_DATA:
		return hd->length > 0 || hd->flags & NGHTTP2_FLAG_END_STREAM ||
		       spend(c, &c->control, CONTROL_BURST, CONTROL_PER_S);
	case NGHTTP2_RST_STREAM:
		return spend(c, &c->resets, RESETS_BURST, RESETS_PER_S);
	default:
		return spend(c, &c->control, CONTROL_BURST, CONTROL_PER_S);
	}
}
