/* SPDX-License-Identifier: Apache-2.0 */
/* Prefixes as text. */
#include "world/acl.h"

#include <stdio.h>
#include <string.h>

bool acl_parse_prefix(struct str text, struct acl_entry *out, struct error *e)
{
	struct str rest = text, address = str_split(&rest, '/');
	uint64_t bits;
	if (!rest.ptr)
		return FAIL(e, INVALID,
			    "'" STR_FMT "' has no prefix length; write ADDRESS/BITS, like 192.0.2.0/24",
			    STR_ARG(text));
	if (!ip_parse(address, out->ip, &out->ip_len))
		return FAIL(e, INVALID,
			    "'" STR_FMT "' is not an IP address; write ADDRESS/BITS, like 192.0.2.0/24",
			    STR_ARG(address));
	if (!str_to_u64(rest, 8u * out->ip_len, &bits))
		return FAIL(e, INVALID,
			    "'" STR_FMT
			    "' is not a prefix length for this address; write a number from 0 to %d",
			    STR_ARG(rest), 8 * out->ip_len);
	out->bits = (uint8_t)bits;
	for (unsigned i = 0; i < out->ip_len; i++) {
		unsigned kept = bits > 8 * i ? MIN((unsigned)bits - 8 * i, 8u) : 0;
		out->ip[i] &= (uint8_t)(0xff00u >> kept);
	}
	return true;
}

void acl_print_prefix(const struct acl_entry *entry, char *out)
{
	char address[IP_TEXT_BYTES];
	ip_print(entry->ip, entry->ip_len, address);
	snprintf(out, IP_TEXT_BYTES, "%s/%d", address, (int)entry->bits);
}
