/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_uap. */
#include "support/abi_check.h"

#define MODULE "fastly_uap"

struct parts {
	enum abi_status status;
	struct str part[4];
};

static struct parts parse(struct abi_harness *h, const char *text, uint32_t room)
{
	struct parts p;
	uint32_t at[4], len[4];
	struct str agent = str_from(text);
	for (int i = 0; i < 4; i++) {
		at[i] = abi_room(h, 64);
		len[i] = abi_room(h, 4);
	}
	p.status = abi_call(h, MODULE, "parse", abi_place(h, agent), agent.len, at[0], room, len[0], at[1],
			    room, len[1], at[2], room, len[2], at[3], room, len[3]);
	for (int i = 0; i < 4; i++)
		p.part[i] = abi_text(h, at[i], len[i]);
	return p;
}

TEST(a_user_agent_is_taken_apart)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct parts p = parse(&h, "curl/8.5.0", 64);
	assert_status(p.status, ABI_OK);
	assert_str(p.part[0], "curl");
	assert_str(p.part[1], "8");
	assert_str(p.part[2], "5");
	assert_str(p.part[3], "0");
	p = parse(&h, "curl/8.5.0", 4);
	assert_status(p.status, ABI_OK);
	p = parse(&h, "curl/8.5.0", 3);
	assert_status(p.status, ABI_BUFLEN);
	assert_int_equal(p.part[0].len, 4);
	assert_int_equal(p.part[3].len, 1);
	assert_status(parse(&h, "\xff", 64).status, ABI_INVAL);
	abi_fini(&h);
}

TEST(every_function_was_called)
{
	assert_covered(MODULE, "");
}
