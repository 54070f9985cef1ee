/* SPDX-License-Identifier: Apache-2.0 */
/* Text and bytes (Encoding standard; Infra, "forgiving base64"): UTF-8 both ways, and base64. */
#include <string.h>

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

/* Are these bytes a character without its end? */
static bool begins_character(const unsigned char *at, size_t len)
{
	unsigned char lead = at[0];
	size_t wants = lead < 0xc2 || lead > 0xf4 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	if (len >= wants)
		return false;
	unsigned char least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	unsigned char most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (len > 1 && (at[1] < least || at[1] > most))
		return false;
	return len < 3 || (at[2] & 0xc0) == 0x80;
}

/* complete(bytes) → how many of them end with a whole character: the rest may go on in the next piece */
JS_FUNCTION(complete)
{
	struct str bytes;
	if (!js_bytes(c->ctx, js_arg(c, 0), &bytes))
		return js_throw(c, "TypeError", "argument 1 has no bytes");
	for (size_t back = 1; back <= 3 && back <= bytes.len; back++) {
		if (begins_character((const unsigned char *)bytes.ptr + bytes.len - back, back))
			return js_number(c->ctx, (double)(bytes.len - back));
	}
	return js_number(c->ctx, (double)bytes.len);
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Text whose characters are bytes, as these bytes in its own place. False: there are others. */
static bool narrow(struct str *text)
{
	char *bytes = (char *)text->ptr;
	size_t len = 0;
	for (size_t i = 0; i < text->len; i++) {
		unsigned char c = (unsigned char)bytes[i];
		if (c > 0xc3)
			return false;
		bytes[len++] = c < 0x80 ? (char)c : (char)((c & 3) << 6 | (bytes[++i] & 0x3f));
	}
	text->len = len;
	return true;
}

/* base64(text whose characters are bytes) → its base64; null: there are other characters in it */
JS_FUNCTION(to_base64)
{
	struct str text = js_arg_str(c, 0);
	if (*c->exception || !narrow(&text))
		return js_null(c->ctx);
	char *out = arena_alloc(&c->arena, text.len / 3 * 4 + 5);
	size_t len = 0;
	for (size_t i = 0; i < text.len; i += 3) {
		uint32_t bits = 0;
		size_t count = MIN(text.len - i, (size_t)3);
		for (size_t n = 0; n < 3; n++)
			bits = bits << 8 | (n < count ? (unsigned char)text.ptr[i + n] : 0u);
		for (size_t n = 0; n < 4; n++)
			out[len++] = n <= count ? alphabet[bits >> (18 - 6 * n) & 63] : '=';
	}
	return js_string(c->ctx, (struct str){ out, len });
}

static int digit_of(char c)
{
	const char *at = c ? strchr(alphabet, c) : NULL;
	return at ? (int)(at - alphabet) : -1;
}

/*
 * Leaves out blanks, and at most two "=" at the end of a whole number of fours. False: the length is wrong.
 */
static bool trim_base64(struct str *text)
{
	char *out = (char *)text->ptr;
	size_t len = 0;
	for (size_t i = 0; i < text->len; i++) {
		if (!memchr("\t\n\f\r ", text->ptr[i], 5))
			out[len++] = text->ptr[i];
	}
	for (size_t whole = len; whole % 4 == 0 && len && len + 2 > whole && out[len - 1] == '=';)
		len--;
	text->len = len;
	return len % 4 != 1;
}

/* bytes(base64) → text whose characters are bytes; null: it is no base64, even forgivingly */
JS_FUNCTION(from_base64)
{
	struct str text = js_arg_str(c, 0);
	if (*c->exception || !trim_base64(&text))
		return js_null(c->ctx);
	char *out = arena_alloc(&c->arena, text.len * 2 + 1);
	size_t len = 0;
	uint32_t bits = 0;
	for (size_t i = 0, count = 0; i < text.len; i++) {
		int digit = digit_of(text.ptr[i]);
		if (digit < 0)
			return js_null(c->ctx);
		bits = bits << 6 | (uint32_t)digit;
		count += 6;
		if (count < 8)
			continue;
		count -= 8;
		unsigned char byte = (unsigned char)(bits >> count);
		if (byte >= 0x80)
			out[len++] = (char)(0xc0 | byte >> 6);
		out[len++] = (char)(byte < 0x80 ? byte : 0x80 | (byte & 0x3f));
	}
	return js_string(c->ctx, (struct str){ out, len });
}

static const struct js_function functions[] = {
	{ "base64", to_base64_callback }, { "bytes", from_base64_callback },
	{ "encode", encode_callback },    { "decode", decode_callback },
	{ "valid", valid_callback },      { "complete", complete_callback },
};
const struct js_module js_encoding_module = { "encoding", functions, COUNT_OF(functions) };
