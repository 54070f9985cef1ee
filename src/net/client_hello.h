/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a TLS ClientHello (RFC 8446, 4.1.2) says about the client, as two fingerprints that others compute,
 * too: JA3 (Salesforce, 2017) and JA4 (FoxIO, 2023; the part for TLS over TCP).
 */
#ifndef NET_CLIENT_HELLO_H
#define NET_CLIENT_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

enum { JA3_BYTES = 16, JA4_BYTES = 36 };

/* Numbers in the order in which they came; the values of RFC 8701 (GREASE) are left out of all. */
struct client_hello_numbers {
	uint16_t at[200];
	size_t count;
};

struct client_hello {
	uint16_t legacy_version, version; /* the second: the highest one offered */
	struct client_hello_numbers ciphers, extensions, groups, point_formats, signatures;
	bool has_server_name;
	struct str alpn; /* the first name; borrowed from the message */
};

/* `message` begins with its type and length. False: it is none, or has more of something than any client
 * sends. */
must_use bool client_hello_parse(struct client_hello *out, struct str message);

/* MD5 over version, ciphers, extensions, groups and point formats. */
void client_hello_ja3(const struct client_hello *h, uint8_t out[JA3_BYTES]);
/* As in "t13d1516h2_8daaf6152771_b186095e22b6"; not NUL-ended. */
void client_hello_ja4(const struct client_hello *h, char out[JA4_BYTES]);

#endif
