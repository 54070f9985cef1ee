/* SPDX-License-Identifier: Apache-2.0 */
#include "net/client_hello.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/check.h"

enum {
	EXTENSION_SERVER_NAME = 0,
	EXTENSION_GROUPS = 10,
	EXTENSION_POINT_FORMATS = 11,
	EXTENSION_SIGNATURES = 13,
	EXTENSION_ALPN = 16,
	EXTENSION_VERSIONS = 43,
	HASH_CHARS = 12, /* of a SHA-256 in JA4 */
	TEXT_BYTES_MAX = 16 * 1024,
};

/* ---- reading ---- */

/* A number of `size` bytes off the front; false when there are fewer. */
static bool take_number(struct str *in, size_t size, uint32_t *out)
{
	if (in->len < size)
		return false;
	*out = 0;
	for (size_t i = 0; i < size; i++)
		*out = *out << 8 | (uint8_t)in->ptr[i];
	*in = str_sub(*in, size, in->len);
	return true;
}

/* Bytes behind their length, which takes `size` bytes. */
static bool take_vector(struct str *in, size_t size, struct str *out)
{
	uint32_t len;
	if (!take_number(in, size, &len) || in->len < len)
		return false;
	*out = str_sub(*in, 0, len);
	*in = str_sub(*in, len, in->len);
	return true;
}

static bool is_grease(uint32_t n)
{
	return (n & 0x0f0f) == 0x0a0a && n >> 8 == (n & 0xff);
}

static bool add_number(struct client_hello_numbers *to, uint32_t n)
{
	if (to->count == COUNT_OF(to->at))
		return false;
	to->at[to->count++] = (uint16_t)n;
	return true;
}

static bool take_numbers(struct str in, size_t size, struct client_hello_numbers *out)
{
	uint32_t n;
	while (in.len) {
		if (!take_number(&in, size, &n) || (!(size == 2 && is_grease(n)) && !add_number(out, n)))
			return false;
	}
	return true;
}

static bool read_versions(struct client_hello *h, struct str in)
{
	struct client_hello_numbers versions = { .count = 0 };
	struct str list;
	if (!take_vector(&in, 1, &list) || !take_numbers(list, 2, &versions))
		return false;
	if (versions.count)
		h->version = 0;
	for (size_t i = 0; i < versions.count; i++)
		h->version = MAX(h->version, versions.at[i]);
	return true;
}

static bool read_extension(struct client_hello *h, uint32_t type, struct str in)
{
	struct str list;
	switch (type) {
	case EXTENSION_SERVER_NAME:
		h->has_server_name = true;
		return true;
	case EXTENSION_GROUPS:
		return take_vector(&in, 2, &list) && take_numbers(list, 2, &h->groups);
	case EXTENSION_POINT_FORMATS:
		return take_vector(&in, 1, &list) && take_numbers(list, 1, &h->point_formats);
	case EXTENSION_SIGNATURES:
		return take_vector(&in, 2, &list) && take_numbers(list, 2, &h->signatures);
	case EXTENSION_ALPN:
		return take_vector(&in, 2, &list) && take_vector(&list, 1, &h->alpn);
	case EXTENSION_VERSIONS:
		return read_versions(h, in);
	default:
		return true;
	}
}

static bool read_extensions(struct client_hello *h, struct str in)
{
	while (in.len) {
		uint32_t type;
		struct str body;
		if (!take_number(&in, 2, &type) || !take_vector(&in, 2, &body) ||
		    (!is_grease(type) && !add_number(&h->extensions, type)) || !read_extension(h, type, body))
			return false;
	}
	return true;
}

bool client_hello_parse(struct client_hello *h, struct str message)
{
	uint32_t type, version;
	struct str body, ciphers, extensions = { NULL, 0 }, ignored;
	*h = (struct client_hello){ .version = 0 };
	if (!take_number(&message, 1, &type) || type != 1 || !take_vector(&message, 3, &body) ||
	    !take_number(&body, 2, &version) || body.len < 32)
		return false;
	body = str_sub(body, 32, body.len); /* random */
	h->legacy_version = h->version = (uint16_t)version;
	if (!take_vector(&body, 1, &ignored) || !take_vector(&body, 2, &ciphers) ||
	    !take_vector(&body, 1, &ignored) || !take_numbers(ciphers, 2, &h->ciphers))
		return false;
	return body.len == 0 || (take_vector(&body, 2, &extensions) && read_extensions(h, extensions));
}

/* ---- JA3 ---- */

static void print_decimal(struct buf *out, const struct client_hello_numbers *n)
{
	for (size_t i = 0; i < n->count; i++)
		buf_printf(out, "%s%u", i ? "-" : "", (unsigned)n->at[i]);
}

static void digest(const struct buf *text, const EVP_MD *kind, uint8_t *out)
{
	CHECK(!text->full && EVP_Digest(text->ptr ? text->ptr : "", text->len, out, NULL, kind, NULL) == 1);
}

void client_hello_ja3(const struct client_hello *h, uint8_t out[JA3_BYTES])
{
	const struct client_hello_numbers *lists[] = { &h->ciphers, &h->extensions, &h->groups,
						       &h->point_formats };
	struct buf text = BUF_INIT(TEXT_BYTES_MAX);
	buf_printf(&text, "%u", (unsigned)h->legacy_version);
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		buf_add_char(&text, ',');
		print_decimal(&text, lists[i]);
	}
	digest(&text, EVP_md5(), out);
	buf_fini(&text);
}

/* ---- JA4 ---- */

static int by_number(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static void print_hex(struct buf *out, const struct client_hello_numbers *n)
{
	for (size_t i = 0; i < n->count; i++)
		buf_printf(out, "%s%04x", i ? "," : "", (unsigned)n->at[i]);
}

static const char *version_text(uint16_t version)
{
	switch (version) {
	case 0x0304:
		return "13";
	case 0x0303:
		return "12";
	case 0x0302:
		return "11";
	case 0x0301:
		return "10";
	case 0x0300:
		return "s3";
	case 0x0002:
		return "s2";
	default:
		return "00";
	}
}

static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

/* First and last character of the first name; of its bytes in hex when they are none. */
static void alpn_text(struct str alpn, char out[2])
{
	static const char hex[] = "0123456789abcdef";
	if (alpn.len == 0) {
		memcpy(out, "00", 2);
		return;
	}
	char first = alpn.ptr[0], last = alpn.ptr[alpn.len - 1];
	bool plain = is_alphanumeric(first) && is_alphanumeric(last);
	out[0] = plain ? first : hex[(uint8_t)first >> 4];
	out[1] = plain ? last : hex[(uint8_t)last & 15];
}

static void short_hash(const struct buf *text, char *out)
{
	uint8_t sum[32];
	memset(out, '0', HASH_CHARS);
	if (text->len == 0)
		return;
	digest(text, EVP_sha256(), sum);
	for (size_t i = 0; i < HASH_CHARS; i++)
		out[i] = "0123456789abcdef"[i % 2 ? sum[i / 2] & 15 : sum[i / 2] >> 4];
}

static void hash_extensions(const struct client_hello *h, char *out)
{
	struct client_hello_numbers sorted = { .count = 0 };
	struct buf text = BUF_INIT(TEXT_BYTES_MAX);
	for (size_t i = 0; i < h->extensions.count; i++) {
		uint16_t type = h->extensions.at[i];
		if (type != EXTENSION_SERVER_NAME && type != EXTENSION_ALPN)
			sorted.at[sorted.count++] = type;
	}
	qsort(sorted.at, sorted.count, sizeof *sorted.at, by_number);
	print_hex(&text, &sorted);
	if (h->signatures.count) {
		buf_add_char(&text, '_');
		print_hex(&text, &h->signatures);
	}
	short_hash(&text, out);
	buf_fini(&text);
}

void client_hello_ja4(const struct client_hello *h, char out[JA4_BYTES])
{
	struct client_hello_numbers sorted = h->ciphers;
	struct buf text = BUF_INIT(TEXT_BYTES_MAX);
	char head[32];
	snprintf(head, sizeof head, "t%s%c%02zu%02zu", version_text(h->version),
		 h->has_server_name ? 'd' : 'i', MIN(h->ciphers.count, (size_t)99),
		 MIN(h->extensions.count, (size_t)99));
	memcpy(out, head, 8);
	alpn_text(h->alpn, out + 8);
	out[10] = out[11 + HASH_CHARS] = '_';
	qsort(sorted.at, sorted.count, sizeof *sorted.at, by_number);
	print_hex(&text, &sorted);
	short_hash(&text, out + 11);
	hash_extensions(h, out + 12 + HASH_CHARS);
	buf_fini(&text);
}
