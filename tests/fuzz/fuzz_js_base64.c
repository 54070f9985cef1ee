/* SPDX-License-Identifier: Apache-2.0 */
/* host.encoding, against the same in JavaScript: base64 both ways, and where a piece of UTF-8 may be cut. */
#include "js_natives.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char program[] =
	"((host) => {\n"
	"  const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';\n"
	"  const from = (text) => {\n"
	"    let s = text.replace(/[\\t\\n\\f\\r ]/g, ''), bits = 0, count = 0, out = '';\n"
	"    if (s.length % 4 === 0) s = s.replace(/==?$/, '');\n"
	"    if (s.length % 4 === 1) return null;\n"
	"    for (const c of s) {\n"
	"      if (!DIGITS.includes(c)) return null;\n"
	"      bits = (bits << 6 | DIGITS.indexOf(c)) & 0xfff;\n"
	"      count += 6;\n"
	"      if (count >= 8) out += String.fromCharCode(bits >> (count -= 8) & 255);\n"
	"    }\n"
	"    return out;\n"
	"  };\n"
	"  const same = (what, a, b) => { if (a !== b) throw new Error(what + ': ' + JSON.stringify([a, b])); };\n"
	"  return (buffer) => {\n"
	"    const data = new Uint8Array(buffer), { encoding } = host;\n"
	"    const text = String.fromCharCode(...data.subarray(0, 10000)), wide = encoding.decode(data);\n"
	"    same('bytes', encoding.bytes(text), from(text));\n"
	"    same('bytes of wide text', encoding.bytes(wide), from(wide));\n"
	"    same('there and back', from(encoding.base64(text)), text);\n"
	"    same('and back', encoding.bytes(encoding.base64(text)), text);\n"
	"    same('base64 of wide text', encoding.base64(wide) === null, /[^\\0-\\xff]/.test(wide));\n"
	"    const whole = encoding.complete(data);\n"
	"    if (whole > data.length || data.length - whole > 3) throw new Error('complete: ' + whole);\n"
	"    same('in two pieces', encoding.decode(data.subarray(0, whole)) + encoding.decode(data.subarray(whole)), wide);\n"
	"    if (encoding.valid(data)) same('valid', new Uint8Array(encoding.encode(wide)).join(), data.join());\n"
	"  };\n"
	"})\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct natives natives;
	return natives_run(&natives, program, data, size);
}
