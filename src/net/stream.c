/* SPDX-License-Identifier: Apache-2.0 */
#include "net/stream.h"

#include "base/check.h"

void stream_read_start(struct stream *s, struct stream_reader *reader)
{
	CHECK(!s->closing && reader);
	s->reader = reader;
	s->ops->read_start(s);
}

void stream_read_stop(struct stream *s)
{
	CHECK(!s->closing);
	s->reader = NULL;
	s->ops->read_stop(s);
}

bool stream_lacks(const struct stream *s, uint64_t wanted)
{
	return s->ops->lacks(s, wanted);
}

bool stream_write(struct stream *s, const struct str *parts, size_t count, struct stream_write *w)
{
	CHECK(!s->closing && !s->write && count <= STREAM_PARTS_MAX);
	s->write = w;
	if (!s->ops->write(s, parts, count))
		return false;
	s->write = NULL;
	return true;
}

size_t stream_unwritten(const struct stream *s)
{
	return s->write ? s->ops->unwritten(s) : 0;
}

void stream_shutdown(struct stream *s)
{
	CHECK(!s->closing && !s->write);
	s->ops->shutdown(s);
}

static void nobody_cares(void *data)
{
	(void)data;
}

void stream_close(struct stream **ps, bool reset, stream_closed_fn *closed, void *data)
{
	struct stream *s = take(*ps);
	CHECK(!s->closing);
	s->closing = true;
	s->reader = NULL;
	s->ops->close(s, reset, closed ? closed : nobody_cares, data);
}

void stream_addresses(const struct stream *s, struct net_address *local, struct net_address *peer)
{
	*local = *peer = (struct net_address){ .port = 0 };
	s->ops->addresses(s, local, peer);
}

void stream_tell_data(struct stream *s, struct str bytes)
{
	if (s->reader)
		s->reader->data(s->reader, bytes);
}

void stream_tell_ended(struct stream *s, enum stream_error why)
{
	struct stream_reader *reader = take(s->reader);
	if (reader)
		reader->ended(reader, why);
}

void stream_tell_written(struct stream *s, enum stream_error error)
{
	struct stream_write *w = take(s->write);
	if (w)
		w->done(w, error);
}
