/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of HTTP/2 for server_fixture.h that says exactly the frames it is told, right or wrong, and writes
 * down what comes back as lines: "HEADERS 1 :status=200;content-length=5;", "DATA 1 hello END", "RST 1 8".
 * SETTINGS and WINDOW_UPDATE are told only when they are asked for.
 */
#ifndef TESTS_H2_CLIENT_H
#define TESTS_H2_CLIENT_H

#include <nghttp2/nghttp2.h>

#include "server_fixture.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8 };

static nghttp2_hd_inflater *inflater;
static struct buf frames; /* collected, not said yet */
static struct buf lines;
static uint64_t window_given, data_bytes; /* by the server, since the last look */

/* ---- saying ---- */

static inline void frame_bytes(struct buf *out, uint8_t type, uint8_t flags, uint32_t stream,
			       struct str payload)
{
	const char head[9] = { (char)(payload.len >> 16),
			       (char)(payload.len >> 8),
			       (char)payload.len,
			       (char)type,
			       (char)flags,
			       (char)(stream >> 24),
			       (char)(stream >> 16),
			       (char)(stream >> 8),
			       (char)stream };
	buf_add(out, (struct str){ head, sizeof head });
	buf_add(out, payload);
}

static inline void add(uint8_t type, uint8_t flags, uint32_t stream, struct str payload)
{
	frame_bytes(&frames, type, flags, stream, payload);
}

static inline void send_frames(struct fixture *f)
{
	say(f, buf_str(&frames));
	buf_reset(&frames);
}

static inline void add_number(uint8_t type, uint32_t stream, uint32_t number)
{
	const char bytes[4] = { (char)(number >> 24), (char)(number >> 16), (char)(number >> 8),
				(char)number };
	add(type, 0, stream, (struct str){ bytes, 4 });
}

static inline void add_setting(uint16_t id, uint32_t value)
{
	const char bytes[6] = { (char)(id >> 8),     (char)id,           (char)(value >> 24),
				(char)(value >> 16), (char)(value >> 8), (char)value };
	add(SETTINGS, 0, 0, (struct str){ bytes, 6 });
}

static inline void add_length(struct buf *out, size_t len)
{
	if (len < 127) {
		buf_add_char(out, (char)len);
		return;
	}
	buf_add_char(out, 127);
	for (len -= 127; len >= 128; len /= 128)
		buf_add_char(out, (char)(len % 128 + 128));
	buf_add_char(out, (char)len);
}

/* A literal that is not put into the table. */
static inline void literal(struct buf *out, const char *name, struct str value)
{
	buf_add_char(out, 0);
	add_length(out, strlen(name));
	buf_add(out, str_from(name));
	add_length(out, value.len);
	buf_add(out, value);
}

/* "name=value;name=value;…"; a name may begin with a colon. */
static inline void block(struct buf *out, const char *fields)
{
	struct str rest = str_from(fields);
	while (rest.len) {
		struct str field = str_split(&rest, ';'), name = str_split(&field, '=');
		char text[64];
		snprintf(text, sizeof text, STR_FMT, STR_ARG(name));
		literal(out, text, field);
	}
}

#define GET_HEAD ":method=GET;:scheme=http;:path=/;:authority=a.example"
#define POST_HEAD ":method=POST;:scheme=http;:path=/;:authority=a.example"

static inline void add_head(uint32_t stream, uint8_t flags, const char *fields)
{
	struct buf b = BUF_INIT(1024 * 1024);
	block(&b, fields);
	add(HEADERS, flags | END_HEADERS, stream, buf_str(&b));
	buf_fini(&b);
}

static inline void get(struct fixture *f, uint32_t stream)
{
	add_head(stream, END_STREAM, GET_HEAD);
	send_frames(f);
}

/* ---- hearing ---- */

static inline uint32_t number_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void hear_fields(const uint8_t *at, size_t len)
{
	for (;;) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t n = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, at, len, 1);
		assert_true(n >= 0);
		at += n;
		len -= (size_t)n;
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			buf_printf(&lines, "%.*s=%.*s;", (int)nv.namelen, nv.name, (int)nv.valuelen,
				   nv.value);
		if (flags & NGHTTP2_HD_INFLATE_FINAL)
			break;
	}
	nghttp2_hd_inflate_end_headers(inflater);
}

static inline void hear_frame(uint8_t type, uint8_t flags, uint32_t stream, const uint8_t *p, size_t len)
{
	const char *end = flags & END_STREAM ? " END" : "";
	switch (type) {
	case DATA:
		data_bytes += len;
		buf_printf(&lines, "DATA %u %.*s%s\n", stream, len > 2000 ? 3 : (int)len,
			   len > 2000 ? "big" : (const char *)p, end);
		break;
	case HEADERS:
		buf_printf(&lines, "HEADERS %u ", stream);
		hear_fields(p, len);
		buf_printf(&lines, "%s\n", end);
		break;
	case RST_STREAM:
		buf_printf(&lines, "RST %u %u\n", stream, number_at(p));
		break;
	case GOAWAY:
		buf_printf(&lines, "GOAWAY %u %u\n", number_at(p), number_at(p + 4));
		break;
	case PING:
		buf_printf(&lines, "PING%s\n", flags & ACK ? " ACK" : "");
		break;
	case WINDOW_UPDATE:
		window_given += stream ? number_at(p) : 0;
		break;
	default:
		break;
	}
}

/* What came since the last time, as lines. */
static inline struct str heard(struct fixture *f)
{
	struct buf *got = &f->client.got;
	const uint8_t *at = (const uint8_t *)got->ptr, *end = at + got->len;
	buf_reset(&lines);
	window_given = data_bytes = 0;
	while (end - at >= 9) {
		size_t len = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
		if ((size_t)(end - at) < 9 + len)
			break;
		hear_frame(at[3], at[4], number_at(at + 5) & 0x7fffffff, at + 9, len);
		at += 9 + len;
	}
	assert_true(at == end); /* whole frames, and nothing else */
	buf_reset(got);
	return buf_str(&lines);
}

#define expect_heard(f, text) assert_str(heard(f), text)

/* ---- life ---- */

static inline void h2_begin_with(struct fixture *f, exchange_handler_fn *handle,
				 const struct fault_options *fault)
{
	buf_init(&frames, 64 * 1024 * 1024);
	buf_init(&lines, 64 * 1024 * 1024);
	assert_int_equal(nghttp2_hd_inflate_new(&inflater), 0);
	set_up_with(f, handle, fault);
}

/* Connects and says the preface. */
static inline void h2_begin(struct fixture *f, exchange_handler_fn *handle)
{
	*f = (struct fixture){ .options = http_server_defaults };
	h2_begin_with(f, handle, NULL);
	say_text(f, PREFACE);
	add(SETTINGS, 0, 0, STR(""));
	add(SETTINGS, ACK, 0, STR(""));
	send_frames(f);
	expect_heard(f, "");
}

static inline void h2_end(struct fixture *f)
{
	tear_down(f);
	nghttp2_hd_inflate_del(inflater);
	buf_fini(&frames);
	buf_fini(&lines);
}

#endif
