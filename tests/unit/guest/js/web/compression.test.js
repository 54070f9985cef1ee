// SPDX-License-Identifier: Apache-2.0
// CompressionStream and DecompressionStream.

const through = (bytes, stream) => new Response(new Blob([bytes]).stream().pipeThrough(stream)).bytes();

test("each format comes out as it went in", async () => {
  const bytes = utf8("hello ".repeat(10000));
  for (const format of ["gzip", "deflate", "deflate-raw"]) {
    const packed = await through(bytes, new CompressionStream(format));
    ok(packed.length < 1000, format);
    equal(hex(await through(packed, new DecompressionStream(format))) === hex(bytes), true, format);
    equal((await through(new Uint8Array(), new CompressionStream(format))).length > 0, true);
  }
});

test("what others packed, byte by byte", async () => {
  const packed = unhex("1f8b08000000000000034bcccb2fc94805 00".replace(/ .*/, ""));
  const zlib = unhex("789ccb48cdc9c907 00062c0215");
  const source = new ReadableStream({
    start(c) {
      for (const byte of zlib) c.enqueue(Uint8Array.of(byte));
      c.close();
    },
  });
  equal(await new Response(source.pipeThrough(new DecompressionStream("deflate"))).text(), "hello");
  await rejects(through(packed, new DecompressionStream("gzip")), "TypeError", "too early");
});

test("what is not of the format is a TypeError", async () => {
  await rejects(through(utf8("not packed at all"), new DecompressionStream("gzip")), "TypeError");
  const packed = await through(utf8("x"), new CompressionStream("gzip"));
  await rejects(through(packed.slice(0, -1), new DecompressionStream("gzip")), "TypeError", "too early");
  await rejects(through(Uint8Array.of(...packed, 0), new DecompressionStream("gzip")), "TypeError", "behind the end");
  packed[packed.length - 1] ^= 1;
  await rejects(through(packed, new DecompressionStream("gzip")), "TypeError");
  throws(() => new CompressionStream("br"), "TypeError", "gzip, deflate, deflate-raw");
  throws(() => new DecompressionStream(), "TypeError");
  const text = new ReadableStream({ start(c) { c.enqueue("text"); c.close(); } });
  await rejects(new Response(text.pipeThrough(new CompressionStream("gzip"))).bytes(), "TypeError");
});
