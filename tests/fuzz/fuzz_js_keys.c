/* SPDX-License-Identifier: Apache-2.0 */
/* host.keys: DER, raw bytes and numbers into keys, and what can be asked of a key that was made of them. */
#include "js_natives.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char program[] =
	"((host) => {\n"
	"  const RAW = ['ED25519', 'X25519'], CURVES = ['P-256', 'P-384', 'P-521', 'secp256k1', 'no-such-curve'];\n"
	"  const NUMBERS = ['n', 'e', 'd', 'rsa-factor1', 'rsa-factor2', 'rsa-exponent1', 'rsa-exponent2', 'rsa-coefficient1'];\n"
	"  const PARTS = [...NUMBERS, 'qx', 'qy', 'priv', 'p', 'q', 'g'];\n"
	"  const pieces = (data) => {\n"
	"    const out = [];\n"
	"    for (let at = 0; at < data.length && out.length < 8;) {\n"
	"      const n = data[at++];\n"
	"      out.push(data.subarray(at, at += n));\n"
	"    }\n"
	"    return out;\n"
	"  };\n"
	"  const make = (how, data) => {\n"
	"    const { keys } = host, secret = Boolean(how & 1), list = pieces(data);\n"
	"    switch (how >> 1 & 3) {\n"
	"      case 0: return keys.read(data, secret);\n"
	"      case 1: return keys.fromRaw(RAW[how >> 3 & 1], data, secret);\n"
	"      case 2: return keys.fromParts('RSA', list.flatMap((bytes, i) => [NUMBERS[i], bytes]), secret);\n"
	"      default: return keys.fromParts('EC', ['group', CURVES[(how >> 3) % 5], 'pub', list[0] ?? data, ...secret ? ['priv', list[1] ?? data] : []], secret);\n"
	"    }\n"
	"  };\n"
	"  return (buffer) => {\n"
	"    const data = new Uint8Array(buffer), { keys } = host;\n"
	"    const key = data.length > 1 && make(data[0], data.subarray(1));\n"
	"    if (!key) return;\n"
	"    const [kind] = keys.kind(key);\n"
	"    for (const part of PARTS) keys.part(key, part, data[0]);\n"
	"    for (const secret of [false, true]) {\n"
	"      keys.raw(key, secret);\n"
	"      const der = keys.write(key, secret);\n"
	"      const again = der && keys.read(new Uint8Array(der), secret);\n"
	"      if (again && keys.kind(again)[0] !== kind) throw new Error('it was ' + kind + ', and is ' + keys.kind(again)[0]);\n"
	"    }\n"
	"  };\n"
	"})\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct natives natives;
	return natives_run(&natives, program, data, size);
}
