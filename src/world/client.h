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

#include "base/arena.h"
#include "base/error.h"
#include "net/address.h"

enum known { NOT_KNOWN, KNOWN_NO, KNOWN_YES };

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
#define CLIENT_VERDICT enum cert_verdict
#define CLIENT(kind, member, name, doc) CLIENT_##kind member;
#include "world/client.def"
};

enum client_kind {
	CLIENT_KIND_IP,
	CLIENT_KIND_TEXT,
	CLIENT_KIND_HEX,
	CLIENT_KIND_MD5,
	CLIENT_KIND_FLAG,
	CLIENT_KIND_COUNT,
	CLIENT_KIND_VERDICT,
};

/* The rows of client.def, for readers and manuals. */
struct client_row {
	struct str name;
	enum client_kind kind;
	size_t offset; /* in struct client */
	const char *doc;
};
extern const struct client_row client_rows[];
extern const size_t client_rows_count;

/* What can be written there: "true or false". */
const char *client_row_values(const struct client_row *row);

/*
 * Sets one member by its name in client.def. The value is copied into the arena where that is needed. An
 * unknown name is ERROR_NOT_FOUND with the nearest one, a bad value ERROR_INVALID with what to write; neither
 * changes anything.
 */
must_use bool client_set(struct client *c, struct arena *a, struct str name, struct str value,
			 struct error *e);

/* The number that the ABI has for a bot's category, by its name or that number; false: there is none. */
must_use bool client_bot_category(struct str category, uint32_t *kind);

#endif
