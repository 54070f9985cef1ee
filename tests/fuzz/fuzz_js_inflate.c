/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.compression: what is decompressed in pieces comes out as in one, and what was compressed comes back.
 */
#include "js_natives.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char program[] =
	"((host) => {\n"
	"  const FORMATS = ['gzip', 'deflate', 'deflate-raw'];\n"
	"  const join = (parts) => {\n"
	"    const out = new Uint8Array(parts.reduce((n, p) => n + p.byteLength, 0));\n"
	"    let at = 0;\n"
	"    for (const p of parts) { out.set(new Uint8Array(p), at); at += p.byteLength; }\n"
	"    return out;\n"
	"  };\n"
	"  /* The bytes, or the error; an error may come in another piece, and behind some output. */\n"
	"  const run = (format, inflates, data, size) => {\n"
	"    const codec = host.compression.open(format, inflates), parts = [];\n"
	"    try {\n"
	"      for (let at = 0; at < data.length; at += size) parts.push(host.compression.push(codec, data.subarray(at, at + size), false));\n"
	"      parts.push(host.compression.push(codec, new Uint8Array(), true));\n"
	"      return join(parts);\n"
	"    } catch (e) {\n"
	"      if (!(e instanceof TypeError)) throw e;\n"
	"      return e;\n"
	"    }\n"
	"  };\n"
	"  const same = (what, a, b) => {\n"
	"    if (a instanceof Error !== b instanceof Error) throw new Error(what + ': ' + a + ' / ' + b);\n"
	"    if (!(a instanceof Error) && (a.length !== b.length || a.some((x, i) => x !== b[i]))) throw new Error(what + ' differs');\n"
	"  };\n"
	"  return (buffer) => {\n"
	"    const data = new Uint8Array(buffer);\n"
	"    if (data.length < 2) return;\n"
	"    const format = FORMATS[data[0] % 3], size = data[1] % 64 + 1, input = data.subarray(2);\n"
	"    same('in pieces', run(format, true, input, size), run(format, true, input, input.length || 1));\n"
	"    same('there and back', run(format, true, run(format, false, input, size), size), input);\n"
	"  };\n"
	"})\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct natives natives;
	return natives_run(&natives, program, data, size);
}
