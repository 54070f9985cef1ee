/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct str base64_encode(struct arena *a, struct str bytes)
{
	size_t len = (bytes.len + 2) / 3 * 4;
	char *out = arena_alloc(a, len + 1);
	for (size_t i = 0, o = 0; i < bytes.len; i += 3, o += 4) {
		size_t left = bytes.len - i;
		uint32_t bits = (uint32_t)(unsigned char)bytes.ptr[i] << 16;
		bits |= left > 1 ? (uint32_t)(unsigned char)bytes.ptr[i + 1] << 8 : 0;
		bits |= left > 2 ? (uint32_t)(unsigned char)bytes.ptr[i + 2] : 0;
		out[o] = digits[bits >> 18];
		out[o + 1] = digits[bits >> 12 & 63];
		out[o + 2] = left > 1 ? digits[bits >> 6 & 63] : '=';
		out[o + 3] = left > 2 ? digits[bits & 63] : '=';
	}
	return (struct str){ out, len };
}

bool base64_decode(struct arena *a, struct str text, struct str *out)
{
	size_t padding = str_ends(text, STR("==")) ? 2 : str_ends(text, STR("="));
	if (text.len % 4 != 0)
		return false;
	char *bytes = arena_alloc(a, text.len / 4 * 3 + 1);
	for (size_t i = 0, o = 0; i < text.len; i += 4, o += 3) {
		uint32_t bits = 0;
		for (size_t j = 0; j < 4; j++) {
			bool pad = i + j >= text.len - padding;
			const char *digit = text.ptr[i + j] ? strchr(digits, text.ptr[i + j]) : NULL;
			if (!pad && !digit)
				return false;
			bits = bits << 6 | (pad ? 0 : (uint32_t)(digit - digits));
		}
		bytes[o] = (char)(bits >> 16);
		bytes[o + 1] = (char)(bits >> 8 & 255);
		bytes[o + 2] = (char)(bits & 255);
	}
	*out = (struct str){ bytes, text.len / 4 * 3 - padding };
	return true;
}
