/* SPDX-License-Identifier: Apache-2.0 */
/* TextDecoder for encodings that are not Unicode's: in pieces as in one. */
#include "js_natives.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char program[] =
	"(() => {\n"
	"  const LABELS = ['big5', 'euc-jp', 'euc-kr', 'gb18030', 'gbk', 'ibm866', 'iso-2022-jp', 'iso-8859-2', 'iso-8859-8-i', 'koi8-u',\n"
	"    'macintosh', 'shift_jis', 'windows-1252', 'windows-1255', 'windows-1258', 'windows-874', 'x-mac-cyrillic', 'utf-16le', 'utf-16be'];\n"
	"  const decode = (label, options, data, size) => {\n"
	"    const decoder = new TextDecoder(label, options);\n"
	"    try {\n"
	"      let text = '';\n"
	"      for (let at = 0; at < data.length; at += size) text += decoder.decode(data.subarray(at, at + size), { stream: true });\n"
	"      return text + decoder.decode();\n"
	"    } catch (e) {\n"
	"      if (!options.fatal || !(e instanceof TypeError)) throw e;\n"
	"      return null;\n"
	"    }\n"
	"  };\n"
	"  return (buffer) => {\n"
	"    const data = new Uint8Array(buffer);\n"
	"    if (data.length < 2) return;\n"
	"    const label = LABELS[data[0] % LABELS.length], size = data[1] % 16 + 1, input = data.subarray(2);\n"
	"    const text = decode(label, {}, input, input.length || 1), pieces = decode(label, {}, input, size);\n"
	"    if (text !== pieces) throw new Error(label + ': ' + JSON.stringify([text, pieces]));\n"
	"    const fatal = decode(label, { fatal: true }, input, size);\n"
	"    if (fatal !== null && fatal !== text) throw new Error(label + ', fatal: ' + JSON.stringify([text, fatal]));\n"
	"    if (fatal === null && !text.includes('\\ufffd')) throw new Error(label + ': fatal, but all of it is text: ' + JSON.stringify(text));\n"
	"  };\n"
	"})\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct natives natives;
	return natives_run(&natives, program, data, size);
}
