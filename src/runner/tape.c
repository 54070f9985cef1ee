/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/tape.h"

#include "runner/har.h"
#include "store/file.h"
#include "store/file_write.h"

static bool read_cassette(struct tape *t, struct error *e)
{
	struct blob *text;
	if (!file_read(&text, t->path.ptr, HAR_BYTES_MAX, NULL, e))
		return false;
	bool ok = har_read(&t->cassette, blob_str(text), e);
	blob_unref(&text);
	return ok || FAIL(e, INVALID, "%s:%s; record it anew with --net record, or take the file away",
			  t->path.ptr, arena_str(&t->arena, str_from(e->text)).ptr);
}

bool tape_open(struct tape *t, enum run_net net, const char *test_file, struct str redact, struct error *e)
{
	struct file_stamp stamp;
	*t = (struct tape){ .redact = redact };
	arena_init(&t->arena);
	if (net == RUN_NET_NONE || net == RUN_NET_REAL)
		return true;
	t->mode = net == RUN_NET_RECORD   ? CASSETTE_RECORD
		  : net == RUN_NET_REPLAY ? CASSETTE_REPLAY
					  : CASSETTE_VERIFY;
	t->path = arena_printf(&t->arena, "%s.har", test_file);
	if (file_look(t->path.ptr, &stamp))
		return read_cassette(t, e);
	if (t->mode == CASSETTE_RECORD)
		return true;
	return FAIL(e, NOT_FOUND, "%s: there is no cassette; record one with --net record", t->path.ptr);
}

void tape_close(struct tape *t)
{
	cassette_fini(&t->cassette);
	arena_fini(&t->arena);
}

void tape_begin(struct tape *t, struct cassette_take *take, struct str test)
{
	cassette_take_init(take, t->mode, test, &t->cassette);
	take->file = t->path;
	take->redact = t->redact;
}

bool tape_end(struct tape *t, struct cassette_take *take, bool passed, struct error *e)
{
	if (passed && t->mode == CASSETTE_VERIFY)
		cassette_take_compare_rest(take);
	if (!passed || t->mode != CASSETTE_RECORD)
		return true;
	scoped(buf_fini) struct buf text = BUF_INIT(HAR_BYTES_MAX);
	size_t before = t->cassette.count;
	cassette_replace(&t->cassette, take->test, &take->recorded);
	if (before == 0 && t->cassette.count == 0)
		return true; /* no test of the file has asked anybody yet: it may need no cassette */
	har_write(&t->cassette, &text);
	if (text.full)
		return FAIL(e, LIMIT, "%s: a cassette has at most %d MiB", t->path.ptr, HAR_BYTES_MAX >> 20);
	return file_write(t->path.ptr, buf_str(&text), e);
}
