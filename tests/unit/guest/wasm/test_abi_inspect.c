/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_http_req.inspect. */
#include <string.h>

#include "support/abi_check.h"

#define MODULE "fastly_http_req"

enum { CORP = 1 << 1, WORKSPACE = 1 << 2, CLIENT_IP = 1 << 3 };

struct inspected {
	enum abi_status status;
	struct str answer;
};

static struct inspected inspect(struct abi_harness *h, uint32_t request, uint32_t body, uint32_t mask,
				struct abi_inspect_info info, uint32_t room)
{
	uint32_t at = abi_place(h, (struct str){ (const char *)&info, sizeof info }), out = abi_room(h, room),
		 len = abi_room(h, 4);
	enum abi_status status = abi_call(h, MODULE, "inspect", request, body, mask, at, out, room, len);
	return (struct inspected){ status, abi_text(h, out, len) };
}

static struct abi_inspect_info named(struct abi_harness *h)
{
	return (struct abi_inspect_info){ .corp = abi_place(h, STR("corp")),
					  .corp_len = 4,
					  .workspace = abi_place(h, STR("lab")),
					  .workspace_len = 3 };
}

TEST(the_verdict_is_the_worlds)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = h.sandbox->request_handle, b = h.sandbox->body_handle;
	struct inspected i = inspect(&h, r, b, CORP | WORKSPACE, named(&h), 200);
	assert_status(i.status, ABI_OK);
	assert_str(i.answer, "{\"waf_response\":200,\"redirect_url\":\"\",\"tags\":[],\"verdict\":\"allow\","
			     "\"decision_ms\":0}");
	h.world->facts->firewall.verdict = STR("block");
	i = inspect(&h, r, b, CORP | WORKSPACE, named(&h), 200);
	assert_true(str_find(i.answer, STR("\"waf_response\":406")) != STR_NONE);
	abi_fini(&h);
}

TEST(a_short_buffer_is_told_what_is_needed)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	struct inspected i = inspect(&h, h.sandbox->request_handle, h.sandbox->body_handle, CORP | WORKSPACE,
				     named(&h), 81);
	assert_status(i.status, ABI_BUFLEN);
	assert_int_equal(i.answer.len, 82);
	abi_fini(&h);
}

TEST(corp_and_workspace_must_be_there)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = h.sandbox->request_handle, b = h.sandbox->body_handle;
	struct abi_inspect_info info = named(&h);
	assert_status(inspect(&h, r, b, CORP, info, 200).status, ABI_INVAL);
	assert_status(inspect(&h, r, b, WORKSPACE, info, 200).status, ABI_INVAL);
	assert_status(inspect(&h, r, b, CORP | WORKSPACE | 1, info, 200).status, ABI_INVAL);
	assert_status(inspect(&h, r, b, CORP | WORKSPACE | 16, info, 200).status, ABI_INVAL);
	info.corp_len = 0;
	assert_status(inspect(&h, r, b, CORP | WORKSPACE, info, 200).status, ABI_INVAL);
	info.corp_len = ABI_MEMORY_BYTES;
	assert_status(inspect(&h, r, b, CORP | WORKSPACE, info, 200).status, ABI_INVAL);
	info = named(&h);
	info.workspace = abi_place(&h, STR("\xff\xff\xff"));
	assert_status(inspect(&h, r, b, CORP | WORKSPACE, info, 200).status, ABI_INVAL);
	abi_fini(&h);
}

TEST(an_address_has_4_or_16_bytes)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = h.sandbox->request_handle, b = h.sandbox->body_handle;
	struct abi_inspect_info info = named(&h);
	info.override_client_ip = abi_room(&h, 16);
	for (uint32_t len = 0; len < 20; len++) {
		info.override_client_ip_len = len;
		assert_status(inspect(&h, r, b, CORP | WORKSPACE | CLIENT_IP, info, 200).status,
			      len == 4 || len == 16 ? ABI_OK : ABI_INVAL);
	}
	info.override_client_ip_len = 4;
	info.override_client_ip = ABI_MEMORY_BYTES - 3;
	assert_status(inspect(&h, r, b, CORP | WORKSPACE | CLIENT_IP, info, 200).status, ABI_INVAL);
	abi_fini(&h);
}

TEST(both_handles_are_checked)
{
	struct abi_harness h;
	abi_init(&h, ABI_MEMORY_BYTES);
	uint32_t r = h.sandbox->request_handle, b = h.sandbox->body_handle;
	assert_status(inspect(&h, b, b, CORP | WORKSPACE, named(&h), 200).status, ABI_BADF);
	assert_status(inspect(&h, r, r, CORP | WORKSPACE, named(&h), 200).status, ABI_BADF);
	abi_fini(&h);
}

TEST(every_function_was_called)
{
	assert_covered_only(MODULE, "", "inspect");
}
