/* SPDX-License-Identifier: Apache-2.0 */
#include "world/ip.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/check.h"

bool ip_parse(struct str text, uint8_t ip[16], uint8_t *ip_len)
{
	char copy[IP_TEXT_BYTES];
	if (text.len == 0 || text.len >= sizeof copy || memchr(text.ptr, '\0', text.len))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, ip) == 1) {
		*ip_len = 4;
		return true;
	}
	*ip_len = 16;
	return inet_pton(AF_INET6, copy, ip) == 1;
}

void ip_print(const uint8_t *ip, uint8_t ip_len, char *out)
{
	CHECK(ip_len == 4 || ip_len == 16);
	CHECK(inet_ntop(ip_len == 4 ? AF_INET : AF_INET6, ip, out, IP_TEXT_BYTES));
}

bool ip_is_loopback(const uint8_t *ip, uint8_t ip_len)
{
	static const uint8_t loopback6[16] = { [15] = 1 };
	return ip_len == 4 ? ip[0] == 127 : ip_len == 16 && memcmp(ip, loopback6, sizeof loopback6) == 0;
}
