/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/front_client.h"

#include "net/tls.h"

_Static_assert((int)CERT_OK == TLS_VERDICT_OK + 1 && (int)CERT_UNKNOWN == TLS_VERDICT_UNKNOWN + 1,
	       "both count as the ABI does");

static struct str if_any(struct str s)
{
	return s.len ? s : (struct str){ NULL, 0 };
}

/*
 * Fastly has not published how it makes its own. This one is the 64-bit FNV-1a hash of the names in lower
 * case, as they came, with a comma behind each.
 */
static struct str headers_fingerprint(const struct exchange *x)
{
	const struct headers *h = &x->request.headers;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < h->count; i++) {
		struct str name = h->at[i].name;
		for (size_t k = 0; k <= name.len; k++) {
			hash ^= (uint8_t)(k < name.len ? ascii_lower(name.ptr[k]) : ',');
			hash *= UINT64_C(0x100000001b3);
		}
	}
	char *out = arena_alloc(x->arena, 16);
	for (size_t i = 0; i < 16; i++)
		out[i] = "0123456789abcdef"[hash >> (60 - 4 * i) & 15];
	return (struct str){ out, 16 };
}

static void add_tls(struct client *c, const struct tls_peer *p)
{
	c->tls_protocol = if_any(p->protocol);
	c->tls_cipher = if_any(p->cipher);
	c->tls_servername = if_any(p->server_name);
	c->tls_client_hello = if_any(p->client_hello);
	if (p->has_ja) {
		c->tls_ja3 = (struct str){ (const char *)p->ja3, sizeof p->ja3 };
		c->tls_ja4 = (struct str){ p->ja4, sizeof p->ja4 };
	}
	c->tls_certificate = if_any(p->certificate_pem);
	if (p->asked)
		c->tls_certificate_verdict = (enum cert_verdict)(p->verdict + 1);
}

struct client front_client(const struct exchange *x)
{
	struct client c = { .address = x->client, .server = x->server };
	c.h2_fingerprint = if_any(x->h2_fingerprint);
	c.oh_fingerprint = headers_fingerprint(x);
	if (x->tls)
		add_tls(&c, x->tls);
	return c;
}
