/* SPDX-License-Identifier: Apache-2.0 */
/* Entries in a persistent map by their number, so that a fork is one reference count. */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/pmap.h"
#include "world/log.h"

enum { NUMBER_BYTES = 8 };

struct log_capture {
	struct log_sink super;
	struct pmap entries; /* struct entry by number_key() */
};

struct entry {
	struct rc rc;
	size_t endpoint_len, message_len;
	char bytes[]; /* endpoint, message */
};

static const struct log_sink_ops log_capture_ops;

static void entry_destroy(struct rc *r)
{
	mem_free(r);
}

/* Highest byte first, so that the order of keys is the order of numbers. */
static struct str number_key(char out[NUMBER_BYTES], uint64_t number)
{
	for (unsigned i = 0; i < NUMBER_BYTES; i++)
		out[i] = (char)(number >> 8 * (NUMBER_BYTES - 1 - i) & 255);
	return (struct str){ out, NUMBER_BYTES };
}

static void log_capture_write(struct log_sink *super, struct str endpoint, struct str message)
{
	struct log_capture *self = (struct log_capture *)super;
	struct entry *en = mem_alloc(sizeof *en + endpoint.len + message.len);
	char key[NUMBER_BYTES];
	rc_init(&en->rc, entry_destroy);
	en->endpoint_len = endpoint.len;
	en->message_len = message.len;
	if (endpoint.len)
		memcpy(en->bytes, endpoint.ptr, endpoint.len);
	if (message.len)
		memcpy(en->bytes + endpoint.len, message.ptr, message.len);
	pmap_put(&self->entries, number_key(key, pmap_count(&self->entries)), &en->rc);
}

size_t log_capture_count(const struct log_sink *s)
{
	CHECK(s->ops == &log_capture_ops);
	return pmap_count(&((const struct log_capture *)s)->entries);
}

bool log_capture_get(const struct log_sink *s, size_t i, struct str *endpoint, struct str *message)
{
	const struct log_capture *self = (const struct log_capture *)s;
	char key[NUMBER_BYTES];
	CHECK(s->ops == &log_capture_ops);
	const struct entry *en = (const struct entry *)pmap_get(&self->entries, number_key(key, i));
	if (!en)
		return false;
	*endpoint = (struct str){ en->bytes, en->endpoint_len };
	*message = (struct str){ en->bytes + en->endpoint_len, en->message_len };
	return true;
}

static struct log_sink *log_capture_fork(struct log_sink *super)
{
	const struct log_capture *self = (const struct log_capture *)super;
	struct log_capture *forked = NEW(struct log_capture);
	forked->super = self->super;
	forked->entries = pmap_copy(&self->entries);
	return &forked->super;
}

static void log_capture_destroy(struct log_sink *super)
{
	struct log_capture *self = (struct log_capture *)super;
	pmap_fini(&self->entries);
	mem_free(self);
}

static const struct log_sink_ops log_capture_ops = {
	.name = "capture",
	.write = log_capture_write,
	.fork = log_capture_fork,
	.destroy = log_capture_destroy,
};

struct log_sink *log_capture_new(void)
{
	struct log_capture *self = NEW(struct log_capture);
	self->super.ops = &log_capture_ops;
	return &self->super;
}
