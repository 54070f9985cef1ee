// node:stream, string_decoder and zlib, as packages use them.
import { EventEmitter } from "node:events";
import Stream, { Duplex, finished, PassThrough, pipeline, Readable, Transform, Writable } from "node:stream";
import { finished as finishedLater, pipeline as pipelineLater } from "node:stream/promises";
import { StringDecoder } from "node:string_decoder";
import { promisify } from "node:util";
import zlib from "node:zlib";
import { expect, it } from "vitest";

const collect = async (from: AsyncIterable<unknown>): Promise<unknown[]> => {
  const all: unknown[] = [];
  for await (const piece of from) all.push(piece);
  return all;
};

it("reads, transforms and writes", async () => {
  const written: string[] = [];
  const upper = new Transform({
    transform: (piece, _encoding, done) => done(null, String(piece).toUpperCase()),
    flush(done) {
      this.push("!");
      done();
    },
  });
  const sink = new Writable({
    write(piece, _encoding, done) {
      written.push(piece.toString());
      setTimeout(done, 1000);
    },
  });
  await pipelineLater(Readable.from(["a", "b"]), upper, sink);
  expect(written).toEqual(["A", "B", "!"]);
  expect(sink.writableFinished).toBe(true);
  expect([upper instanceof Stream, upper instanceof EventEmitter, Stream.Readable === Readable]).toEqual([true, true, true]);
});

it("has buffers that are everybody's, and decodes characters in pieces", async () => {
  const through = new PassThrough();
  through.write("h\u00e9");
  through.end(Buffer.from([0xe2, 0x82, 0xac]));
  const pieces = await collect(through);
  expect(pieces.every((piece) => piece instanceof Buffer)).toBe(true);
  const text = new PassThrough();
  text.setEncoding("utf8");
  text.write(Buffer.from([0xe2, 0x82]));
  text.end(Buffer.from([0xac]));
  expect((await collect(text)).join("")).toBe("\u20ac");
  const decoder = new StringDecoder("utf8");
  expect([decoder.write(Buffer.from([0xf0, 0x9f])), decoder.write(Buffer.from([0x98, 0x80])), decoder.end(Buffer.from([0xc3]))])
    .toEqual(["", "\u{1f600}", "\ufffd"]);
  expect(new StringDecoder("base64").write(Buffer.from("ab"))).toBe("");
});

it("tells of what goes wrong, and of the end", async () => {
  const failing = new Readable({ read() { this.destroy(new Error("broken")); } });
  await expect(pipelineLater(failing, new PassThrough())).rejects.toThrow("broken");
  await expect(finishedLater(new PassThrough().destroy(new Error("gone")))).rejects.toThrow("gone");
  const done = await new Promise((resolve) => {
    const last = new PassThrough();
    finished(last, resolve);
    pipeline(Readable.from(["x"]), last, () => {});
    last.resume();
  });
  expect(done).toBeUndefined();
  const stop = new AbortController();
  const endless = new Readable({ read() {}, signal: stop.signal });
  stop.abort();
  await expect(collect(endless)).rejects.toMatchObject({ name: "AbortError" });
});

it("goes between Node's streams and the web's", async () => {
  const web = Readable.toWeb(Readable.from([Buffer.from("a"), Buffer.from("b")])) as ReadableStream;
  expect(await new Response(web).text()).toBe("ab");
  expect(Buffer.concat((await collect(Readable.fromWeb(new Response("body").body! as never))) as Buffer[]).toString()).toBe("body");
  const got: string[] = [];
  const writer = (Writable.toWeb(new Writable({ write: (piece, _, done) => done(void got.push(String(piece)) as never) })) as WritableStream).getWriter();
  await writer.write("one");
  await writer.close();
  const back = Writable.fromWeb(new WritableStream({ write: (piece) => void got.push(String(piece)) }) as never);
  await pipelineLater(Readable.from(["two"]), back);
  expect(got).toEqual(["one", "two"]);
  expect(Duplex.from(Readable.from(["x"])) instanceof Duplex).toBe(true);
});

it("compresses at once, later and in streams", async () => {
  const text = "compress me ".repeat(100);
  for (const [there, back] of [["gzip", "gunzip"], ["deflate", "inflate"], ["deflateRaw", "inflateRaw"], ["gzip", "unzip"], ["deflate", "unzip"]] as const) {
    const small = zlib[`${there}Sync`](text);
    expect(small.length).toBeLessThan(100);
    expect(zlib[`${back}Sync`](small).toString()).toBe(text);
    expect((await promisify(zlib[back] as never)(await promisify(zlib[there] as never)(text as never) as never) as Buffer).toString()).toBe(text);
  }
  const out = (await collect(Readable.from([text, text]).pipe(zlib.createGzip()).pipe(zlib.createGunzip()))) as Buffer[];
  expect(Buffer.concat(out).toString()).toBe(text + text);
  expect(await new Response(new Response(zlib.gzipSync(text)).body!.pipeThrough(new DecompressionStream("gzip"))).text()).toBe(text);
  expect(zlib.crc32("hello")).toBe(0x3610a686);
});

it("tells of what is not compressed", async () => {
  expect(() => zlib.gunzipSync("no such thing")).toThrow(expect.objectContaining({ code: "Z_DATA_ERROR", errno: -3 }));
  expect(() => zlib.inflateSync(zlib.deflateSync("cut off here").subarray(0, 8))).toThrow(expect.objectContaining({ code: "Z_BUF_ERROR" }));
  await expect(pipelineLater(Readable.from(["nonsense"]), zlib.createUnzip(), new PassThrough())).rejects.toMatchObject({ code: "Z_DATA_ERROR" });
});
