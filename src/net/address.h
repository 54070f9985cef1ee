/* SPDX-License-Identifier: Apache-2.0 */
/* Where an end of a connection is. */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <stdint.h>

struct net_address {
	uint8_t ip[16]; /* in network order; the first `ip_len` bytes count */
	uint8_t ip_len; /* 4, 16, or 0 when there is none (a memory pipe) */
	uint16_t port;
};

#endif
