/* SPDX-License-Identifier: Apache-2.0 */
/* `host.compression`: zlib behind CompressionStream and DecompressionStream (Compression standard). */
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "guest/js/api/modules.h"
#include "guest/js/value.h"

/*
 * What one piece may come out as: a thousand times what went in fits a bomb, so there is a limit; whoever
 * needs more gives smaller pieces.
 */
enum { PIECE_BYTES_MAX = 256 << 20, STEP = 64 << 10 };

struct codec {
	z_stream z;
	bool inflates, gzip, ended;
};

static void release(void *thing)
{
	struct codec *codec = thing;
	if (codec->inflates)
		inflateEnd(&codec->z);
	else
		deflateEnd(&codec->z);
	mem_free(codec);
}

static struct js_kind codec_kind = { .name = "Codec", .release = release };

/* open(format, inflates) → a codec; null when there is no such format: "gzip", "deflate", "deflate-raw" */
JS_FUNCTION(open_codec)
{
	struct str format = js_arg_str(c, 0);
	int bits = str_eq(format, STR("gzip"))          ? MAX_WBITS + 16
		   : str_eq(format, STR("deflate"))     ? MAX_WBITS
		   : str_eq(format, STR("deflate-raw")) ? -MAX_WBITS
							: 0;
	if (*c->exception || bits == 0)
		return js_null(c->ctx);
	struct codec *codec = NEW(struct codec);
	codec->inflates = js_arg_bool(c, 1);
	int status = codec->inflates ? inflateInit2(&codec->z, bits)
				     : deflateInit2(&codec->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, bits, 8,
						    Z_DEFAULT_STRATEGY);
	if (status != Z_OK) {
		mem_free(codec);
		return js_throw(c, "RangeError", "there is no memory for the stream");
	}
	return js_wrap(c->ctx, &codec_kind, codec);
}

/* Runs what is in `z` through. False: it is not of the format, or there is too much of it. */
static bool run(struct codec *codec, int flush, struct buf *out)
{
	z_stream *z = &codec->z;
	int status = Z_OK;
	do {
		char *room = buf_room(out, STEP);
		if (!room)
			return false;
		z->next_out = (Bytef *)room;
		z->avail_out = STEP;
		status = codec->inflates ? inflate(z, Z_NO_FLUSH) : deflate(z, flush);
		if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
			return false;
		buf_grew(out, STEP - z->avail_out);
	} while (status != Z_STREAM_END && z->avail_out == 0);
	codec->ended = status == Z_STREAM_END;
	return true;
}

/*
 * push(codec, bytes, last) → what comes out. A TypeError: it is not of the format, or ends too early or late.
 */
JS_FUNCTION(push)
{
	struct str bytes;
	struct codec *codec = js_arg_thing(c, 0, &codec_kind);
	bool last = js_arg_bool(c, 2);
	if (!codec)
		return NULL;
	if (!js_bytes(c->ctx, js_arg(c, 1), &bytes))
		return js_throw(c, "TypeError", "a piece must be an ArrayBuffer or a view on one");
	if (codec->ended && bytes.len)
		return js_throw(c, "TypeError", "there are bytes behind the end of the compressed data");
	if (bytes.len > UINT32_MAX)
		return js_throw(c, "RangeError", "a piece of %zu bytes is too large", bytes.len);
	struct buf out = BUF_INIT(PIECE_BYTES_MAX);
	codec->z.next_in = (Bytef *)(bytes.ptr ? bytes.ptr : "");
	codec->z.avail_in = (uInt)bytes.len;
	bool ok = codec->ended || run(codec, last ? Z_FINISH : Z_NO_FLUSH, &out);
	bool much = !ok && out.len + STEP > PIECE_BYTES_MAX;
	bool late = ok && codec->ended && codec->z.avail_in > 0;
	bool early = ok && last && codec->inflates && !codec->ended;
	codec->z.next_in = NULL;
	codec->z.avail_in = 0;
	JSValueRef v = ok && !late && !early ? js_array_buffer(c->ctx, buf_str(&out)) : NULL;
	buf_fini(&out);
	if (v)
		return v;
	return much    ? js_throw(c, "RangeError", "a piece comes out as more than %d bytes", PIECE_BYTES_MAX)
	       : late  ? js_throw(c, "TypeError", "there are bytes behind the end of the compressed data")
	       : early ? js_throw(c, "TypeError", "the compressed data ends too early")
		       : js_throw(c, "TypeError", "the data is not compressed in this format");
}

static const struct js_function functions[] = { { "open", open_codec_callback }, { "push", push_callback } };
const struct js_module js_compression_module = { "compression", functions, COUNT_OF(functions) };
