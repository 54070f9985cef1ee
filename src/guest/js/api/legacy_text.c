/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `host.legacy`: the encodings that are not Unicode's (Encoding standard, 4), by the C library's iconv. The
 * standard's own tables differ from it in a few characters of the Chinese, Japanese and Korean ones.
 */
#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "base/mem.h"
#include "guest/js/api/modules.h"
#include "guest/js/value.h"

enum { TEXT_BYTES_MAX = 256 << 20, STEP = 16 << 10 };

struct decoder {
	iconv_t iconv;
	bool fatal;
	bool controls; /* bytes from 0x80 to 0x9f that stand for nothing else are control characters */
};

static void release(void *thing)
{
	struct decoder *d = thing;
	iconv_close(d->iconv);
	mem_free(d);
}

static struct js_kind decoder_kind = { .name = "Decoder", .release = release };

/* open(encoding, fatal, controls) → a decoder; null: iconv has none of that name */
JS_FUNCTION(open_decoder)
{
	struct str name = js_arg_str(c, 0);
	bool fatal = js_arg_bool(c, 1), controls = js_arg_bool(c, 2);
	iconv_t iconv = *c->exception ? (iconv_t)-1 : iconv_open("UTF-8", name.ptr);
	if (iconv == (iconv_t)-1)
		return js_null(c->ctx);
	struct decoder *d = NEW(struct decoder);
	*d = (struct decoder){ iconv, fatal, controls };
	return js_wrap(c->ctx, &decoder_kind, d);
}

/* For a byte that is no character. False: that is fatal. */
static bool stand_in(const struct decoder *d, struct str *in, struct buf *out)
{
	unsigned char byte = (unsigned char)in->ptr[0];
	*in = str_sub(*in, 1, in->len);
	if (d->controls && byte >= 0x80 && byte < 0xa0) {
		const char control[] = { '\xc2', (char)byte };
		buf_add(out, (struct str){ control, sizeof control });
		return true;
	}
	buf_add(out, STR("\xef\xbf\xbd"));
	return !d->fatal;
}

/*
 * As much as can be, into `out`; what is left of `*in` is the start of a character. False: there are bytes
 * that are none, and they are fatal, or there is too much text.
 */
static bool decode_some(struct decoder *d, struct str *in, struct buf *out)
{
	while (in->len) {
		char *room = buf_room(out, STEP), *to = room, *from = (char *)in->ptr;
		size_t left = STEP, before = in->len;
		if (!room)
			return false;
		size_t status = iconv(d->iconv, &from, &in->len, &to, &left);
		int why = status == (size_t)-1 ? errno : 0;
		in->ptr += before - in->len;
		buf_grew(out, STEP - left);
		if (why == EINVAL)
			return true;
		if (why == EILSEQ && !stand_in(d, in, out))
			return false;
	}
	return true;
}

/* decode(decoder, bytes, more) → [text, how many bytes were used]; null: they are not of the encoding */
JS_FUNCTION(decode)
{
	struct str bytes;
	struct decoder *d = js_arg_thing(c, 0, &decoder_kind);
	bool more = js_arg_bool(c, 2);
	if (!d)
		return NULL;
	if (!js_bytes(c->ctx, js_arg(c, 1), &bytes))
		return js_throw(c, "TypeError", "argument 2 has no bytes");
	struct str rest = bytes;
	struct buf out = BUF_INIT(TEXT_BYTES_MAX);
	bool ok = decode_some(d, &rest, &out);
	if (ok && !more && rest.len) {
		ok = !d->fatal;
		buf_add(&out, STR("\xef\xbf\xbd"));
		rest.len = 0;
	}
	if (!more || !ok)
		iconv(d->iconv, NULL, NULL, NULL, NULL);
	JSValueRef v = js_null(c->ctx);
	if (ok) {
		const JSValueRef both[] = { js_string(c->ctx, buf_str(&out)),
					    js_number(c->ctx, (double)(bytes.len - rest.len)) };
		v = js_array(c->ctx, both, COUNT_OF(both));
	}
	buf_fini(&out);
	return v;
}

static const struct js_function functions[] = { { "open", open_decoder_callback },
						{ "decode", decode_callback } };
const struct js_module js_legacy_module = { "legacy", functions, COUNT_OF(functions) };
