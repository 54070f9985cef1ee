/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rc.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

void rc_init(struct rc *r, void (*destroy)(struct rc *))
{
	r->refs = 1;
	r->destroy = destroy;
}

struct rc *rc_ref(struct rc *r)
{
	if (r) {
		CHECK(r->refs > 0 && r->refs < UINT32_MAX);
		r->refs++;
	}
	return r;
}

void rc_unref(struct rc *r)
{
	if (!r)
		return;
	CHECK(r->refs > 0);
	if (--r->refs == 0)
		r->destroy(r);
}

static void blob_destroy(struct rc *r)
{
	mem_free(r);
}

struct blob *blob_new(struct str s)
{
	struct blob *b = mem_alloc(sizeof *b + s.len + 1);
	rc_init(&b->rc, blob_destroy);
	b->len = s.len;
	if (s.len)
		memcpy(b->bytes, s.ptr, s.len);
	b->bytes[s.len] = '\0';
	return b;
}

struct str blob_str(const struct blob *b)
{
	return b ? (struct str){ b->bytes, b->len } : (struct str){ NULL, 0 };
}

void blob_unref(struct blob **pb)
{
	if (*pb)
		rc_unref(&(*pb)->rc);
	*pb = NULL;
}
