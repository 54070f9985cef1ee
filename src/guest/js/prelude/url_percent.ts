// SPDX-License-Identifier: Apache-2.0
// In place of the package @exodus/bytes in whatwg-url (tools/bundle-js): queries here are always UTF-8, and its tables of
// other encodings are large.

export function percentEncodeAfterEncoding(_encoding: string, input: string, set: string, spaceAsPlus = false): string {
  let out = "";
  for (const byte of new TextEncoder().encode(input)) {
    const c = String.fromCharCode(byte);
    if (spaceAsPlus && byte === 32) out += "+";
    else if (byte < 32 || byte > 126 || set.includes(c)) out += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    else out += c;
  }
  return out;
}
