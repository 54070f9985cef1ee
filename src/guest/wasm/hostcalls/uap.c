/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_uap: deprecated, and wrapped by no SDK any more. */
#include "guest/wasm/sandbox.h"
#include "world/user_agent.h"

/* All four lengths are told, whichever buffer is too short. */
enum abi_status hostcall_uap_parse(struct sandbox *sb, struct uap_parse_args *a)
{
	(void)sb;
	if (!str_is_utf8(a->user_agent))
		return ABI_INVAL;
	const struct user_agent u = user_agent_parse(a->user_agent);
	const enum abi_status put[] = { put_bytes(&a->family, u.family), put_bytes(&a->major, u.major),
					put_bytes(&a->minor, u.minor), put_bytes(&a->patch, u.patch) };
	for (size_t i = 0; i < COUNT_OF(put); i++) {
		if (put[i] != ABI_OK)
			return put[i];
	}
	return ABI_OK;
}
