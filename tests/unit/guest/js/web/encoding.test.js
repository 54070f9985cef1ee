// SPDX-License-Identifier: Apache-2.0
// TextEncoder, TextDecoder, their streams, atob and btoa.

test("UTF-8 both ways", () => {
  equal(hex(utf8("a\u00e9\u20ac\ud83d\ude00\ud800\0")), "61c3a9e282acf09f9880efbfbd00");
  equal(new TextDecoder().decode(unhex("efbbbf61f09f9880ff")), "a\ud83d\ude00\ufffd");
  equal(new TextDecoder("utf8", { ignoreBOM: true }).decode(unhex("efbbbf61")), "\ufeffa");
  equal(new TextDecoder().decode(unhex("f09f98 41 e282 c3")), "\ufffdA\ufffd\ufffd");
  throws(() => new TextDecoder("utf-8", { fatal: true }).decode(unhex("c0")), "TypeError");
  equal(new TextDecoder().decode(), "");
  equal(new TextDecoder().decode(new DataView(utf8("xyz").buffer, 1)), "yz");
  const long = "0123456789".repeat(1000) + "\0" + "\u20ac".repeat(100);
  equal(new TextDecoder().decode(utf8(long)) === long, true);
});

test("characters over the edges of pieces", () => {
  const d = new TextDecoder();
  let text = "";
  for (const byte of utf8("\ufeffa\u20ac\ud83d\ude00")) text += d.decode(Uint8Array.of(byte), { stream: true });
  equal(text + d.decode(), "a\u20ac\ud83d\ude00");
  d.decode(unhex("f09f"), { stream: true });
  equal(d.decode(), "\ufffd");
});

test("encodeInto", () => {
  const into = new Uint8Array(5);
  equal(new TextEncoder().encodeInto("a\u20ac\u20ac", into), { read: 2, written: 4 });
  equal(hex(into), "61e282ac00");
  equal(new TextEncoder().encodeInto("abc", new Uint8Array(9)), { read: 3, written: 3 });
  equal(new TextEncoder().encodeInto("\ud83d\ude00", new Uint8Array(3)), { read: 0, written: 0 });
  throws(() => new TextEncoder().encodeInto("a", []), "TypeError");
});

test("other encodings by their labels", () => {
  const text = (label, bytes, options) => new TextDecoder(label, options).decode(unhex(bytes));
  equal(text("latin1", "80e9ff"), "\u20ac\u00e9\u00ff");
  equal(text(" UTF-16\n", "3dd800de4100"), "\ud83d\ude00A");
  equal(text("utf-16be", "0041"), "A");
  equal(text("iso-8859-2", "a1b1"), "\u0104\u0105");
  equal(text("koi8-r", "c1"), "\u0430");
  equal(text("windows-1251", "c0"), "\u0410");
  equal(text("cp1250", "8180"), "\x81\u20ac");
  equal(text("sjis", "82a0 41"), "\u3042A");
  equal(text("euc-jp", "a4a2"), "\u3042");
  equal(text("gbk", "c4e3"), "\u4f60");
  equal(text("big5", "a741"), "\u4f60");
  equal(text("euc-kr", "b0a1"), "\uac00");
  equal(text("iso-2022-jp", "1b2442 2422 1b2842 41"), "\u3042A");
  equal(new TextDecoder("csISOLatin2").encoding, "iso-8859-2");
  equal(new TextDecoder("iso8859-1").encoding, "windows-1252");
  equal(text("euc-kr", "ff41"), "\ufffdA");
  throws(() => text("euc-kr", "ff41", { fatal: true }), "TypeError");
  throws(() => new TextDecoder("klingon"), "RangeError", "klingon");
  throws(() => new TextDecoder(""), "RangeError");
  throws(() => new TextDecoder("__proto__"), "RangeError");
  const d = new TextDecoder("sjis");
  equal(d.decode(unhex("82"), { stream: true }) + d.decode(unhex("a0"), { stream: true }) + d.decode(unhex("82")), "\u3042\ufffd");
});

test("base64", () => {
  equal(btoa("hello \xff\0"), "aGVsbG8g/wA=");
  equal([btoa(""), btoa("a"), btoa("ab"), btoa("abc")], ["", "YQ==", "YWI=", "YWJj"]);
  equal(atob(" aGVs\nbG8g/wA= "), "hello \xff\0");
  equal([atob("YQ"), atob("YQ=="), atob("YWI"), atob("")], ["a", "a", "ab", ""]);
  for (const bad of ["a", "YQ=", "YQ===", "Y=Q=", "YWJj=", "YWJj==", "-_", "\u00e9", "===="]) throws(() => atob(bad), "InvalidCharacterError");
  throws(() => btoa("\u0100"), "InvalidCharacterError");
  throws(() => btoa("\ud83d\ude00"), "InvalidCharacterError");
  let all = "";
  for (let i = 0; i < 256; i++) all += String.fromCharCode(i);
  equal(atob(btoa(all)) === all, true);
});

test("streams of text", async () => {
  const halves = new ReadableStream({
    start(c) {
      for (const piece of ["a\ud83d", "\ude00", "\ud83d"]) c.enqueue(piece);
      c.close();
    },
  });
  const bytes = await new Response(halves.pipeThrough(new TextEncoderStream())).bytes();
  equal(hex(bytes), "61f09f9880efbfbd");
  const pieces = [];
  const source = new ReadableStream({
    start(c) {
      c.enqueue(unhex("61e2"));
      c.enqueue(unhex("82ac"));
      c.close();
    },
  });
  for await (const piece of source.pipeThrough(new TextDecoderStream())) pieces.push(piece);
  equal(pieces, ["a", "\u20ac"]);
});

test("what is no character of UTF-8 or UTF-16 is told of when it is seen, in pieces too", () => {
  const bytes = (...values) => new Uint8Array(values);
  const utf8 = new TextDecoder();
  equal([utf8.decode(bytes(0xf0, 0x80), { stream: true }), utf8.decode(bytes(0xe2, 0x82), { stream: true }), utf8.decode()], ["\ufffd\ufffd", "", "\ufffd"]);
  equal(utf8.decode(bytes(0xed, 0xa0), { stream: true }), "\ufffd\ufffd");
  const utf16 = new TextDecoder("utf-16le");
  equal([utf16.decode(bytes(0x3d, 0xd8), { stream: true }), utf16.decode(bytes(0x00, 0xde))], ["", "\u{1f600}"]);
  equal(utf16.decode(bytes(0x00, 0xd8, 0x61, 0x00)), "\ufffda");
  throws(() => new TextDecoder("unicodefffe", { fatal: true }).decode(bytes(0xdc, 0)), "TypeError");
  equal(new TextDecoder("x-user-defined").decode(bytes(0x41, 0x80, 0xff)), "A\uf780\uf7ff");
  equal(new TextDecoder("iso-2022-jp").decode(bytes(0x1b, 0x24, 0x50)), "\ufffd$P");
  equal(new TextDecoder("gb18030").decode(bytes(0x80)), "\u20ac");
  equal(new TextDecoder("macintosh").decode(bytes(198)), "\u2206");
  throws(() => new TextDecoder("hz-gb-2312"), "RangeError");
});
