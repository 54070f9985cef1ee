/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses as bytes in network order: 4 for IPv4, 16 for IPv6. */
#ifndef WORLD_IP_H
#define WORLD_IP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { IP_TEXT_BYTES = 64 }; /* room for any printed address or prefix, NUL included */

/* An IP literal, IPv6 without brackets or zone; false when it is none. */
must_use bool ip_parse(struct str text, uint8_t ip[16], uint8_t *ip_len);
/* The shortest spelling (RFC 5952), NUL-ended, into at least IP_TEXT_BYTES. */
void ip_print(const uint8_t *ip, uint8_t ip_len, char *out);
bool ip_is_loopback(const uint8_t *ip, uint8_t ip_len);

#endif
