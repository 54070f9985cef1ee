/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a web application firewall says of a request that a service has it inspect. Nothing is inspected here:
 * the verdict is what a test or a manifest says it is. `{ 0 }` lets everything through.
 */
#ifndef WORLD_FIREWALL_H
#define WORLD_FIREWALL_H

#include <stdint.h>

#include "base/buf.h"
#include "world/setting.h"

struct firewall {
	struct str verdict;      /* ptr NULL: "allow" */
	uint32_t status;         /* 0: 406 for "block", else 200 */
	struct str redirect_url; /* ptr NULL: "" */
	struct str tags;         /* separated by blanks */
	uint32_t decision_ms;
};

extern const struct settings firewall_settings;

/* The JSON object that SDKs of Fastly read the answer from. */
void firewall_add_json(const struct firewall *f, struct buf *out);

struct str firewall_verdict(const struct firewall *f);
uint32_t firewall_status(const struct firewall *f);

#endif
