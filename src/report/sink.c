/* SPDX-License-Identifier: Apache-2.0 */
#include "report/sink.h"

#include <errno.h>
#include <string.h>

#include "store/file_write.h"

void report_sink_stream(struct report_sink *s, FILE *stream)
{
	*s = (struct report_sink){ .pending = BUF_INIT(REPORT_BYTES_MAX), .stream = stream };
}

bool report_sink_file(struct report_sink *s, const char *path, struct error *e)
{
	*s = (struct report_sink){ .pending = BUF_INIT(REPORT_BYTES_MAX), .path = path };
	return file_write_check(path, e) || error_wrap(e, "the report cannot be written");
}

void report_sink_fini(struct report_sink *s)
{
	buf_fini(&s->pending);
}

void report_sink_flush(struct report_sink *s)
{
	if (!s->stream)
		return;
	fwrite(s->pending.ptr, 1, s->pending.len, s->stream);
	fflush(s->stream);
	buf_reset(&s->pending);
}

bool report_sink_commit(struct report_sink *s, struct error *e)
{
	if (s->pending.full)
		return FAIL(e, LIMIT, "the report is larger than %d MiB", REPORT_BYTES_MAX >> 20);
	if (s->path)
		return file_write(s->path, buf_str(&s->pending), e) ||
		       error_wrap(e, "the report was not written");
	report_sink_flush(s);
	return true; /* whether all of the standard output got out, cli_main() looks at */
}
