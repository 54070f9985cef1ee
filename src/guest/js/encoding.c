/* SPDX-License-Identifier: Apache-2.0 */
/* Text and bytes (Encoding standard; Infra, "forgiving base64"): UTF-8 both ways, and base64. */
#include "guest/js/realm_priv.h"
#include "guest/js/value.h"

/* encode(text) → its UTF-8, as an ArrayBuffer */
JS_FUNCTION(encode)
{
	struct str text = js_arg_str(c, 0);
	return *c->exception ? NULL : js_array_buffer(c->ctx, text);
}

/* decode(bytes) → the text; what is not UTF-8 becomes U+FFFD */
JS_FUNCTION(decode)
{
	struct str bytes;
	if (!js_bytes(c->ctx, js_arg(c, 0), &bytes))
		return js_throw(c, "TypeError", "argument 1 has no bytes");
	return js_string(c->ctx, bytes);
}

/* valid(bytes) → are they UTF-8? */
JS_FUNCTION(valid)
{
	struct str bytes;
	if (!js_bytes(c->ctx, js_arg(c, 0), &bytes))
		return js_throw(c, "TypeError", "argument 1 has no bytes");
	return js_bool(c->ctx, str_is_utf8(bytes));
}

/* complete(bytes) → how many of them end with a whole character: the rest may go on in the next piece */
JS_FUNCTION(complete)
{
	struct str bytes;
	if (!js_bytes(c->ctx, js_arg(c, 0), &bytes))
		return js_throw(c, "TypeError", "argument 1 has no bytes");
	size_t len = bytes.len;
	for (size_t back = 1; back <= 3 && back <= len; back++) {
		unsigned char byte = (unsigned char)bytes.ptr[len - back];
		size_t wants = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
		if (wants > back) {
			len -= back;
			break;
		}
		if (byte < 0x80 || byte >= 0xc0)
			break;
	}
	return js_number(c->ctx, (double)len);
}

static const struct js_function functions[] = {
	{ "encode", encode_callback },
	{ "decode", decode_callback },
	{ "valid", valid_callback },
	{ "complete", complete_callback },
};
const struct js_module js_encoding_module = { "encoding", functions, COUNT_OF(functions) };
