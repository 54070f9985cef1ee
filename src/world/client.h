/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a client: where it is, what its connection looked like, what detection made of it. A
 * server fills in what it sees (addresses, TLS), a test what it likes. A plain value; `{ 0 }` knows nothing.
 * Its strings are borrowed from whoever filled it in, for as long as an invocation may ask.
 */
#ifndef WORLD_CLIENT_H
#define WORLD_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "world/setting.h"

/* What the check of a client's certificate came to, in the order of the ABI's numbers. */
#define CERT_VERDICTS(X)                      \
	X(OK, "ok")                           \
	X(BAD_CERTIFICATE, "bad-certificate") \
	X(REVOKED, "certificate-revoked")     \
	X(EXPIRED, "certificate-expired")     \
	X(UNKNOWN_CA, "unknown-ca")           \
	X(MISSING, "certificate-missing")     \
	X(UNKNOWN, "certificate-unknown")

enum cert_verdict {
	CERT_NOT_KNOWN,
#define X(id, word) CERT_##id,
	CERT_VERDICTS(X)
#undef X
};

struct client {
#define CLIENT_IP struct net_address
#define CLIENT_TEXT struct str /* ptr NULL: absent; it may be empty */
#define CLIENT_HEX struct str  /* the bytes */
#define CLIENT_MD5 struct str  /* 16 bytes */
#define CLIENT_FLAG enum known
#define CLIENT_COUNT uint32_t
#define CLIENT_CHOICE uint32_t /* enum cert_verdict */
#define CLIENT(kind, member, name, doc) CLIENT_##kind member;
#include "world/client.def"
#undef CLIENT_IP
#undef CLIENT_TEXT
#undef CLIENT_HEX
#undef CLIENT_MD5
#undef CLIENT_FLAG
#undef CLIENT_COUNT
#undef CLIENT_CHOICE
};

extern const struct settings client_settings; /* the rows of client.def */

/* Is it this client's? Its address is 127.0.0.1 where nobody said another. */
bool client_has_address(const struct client *c, const uint8_t *ip, size_t ip_len);

/* The number that the ABI has for a bot's category, by its name or that number; false: there is none. */
must_use bool client_bot_category(struct str category, uint32_t *kind);

#endif
