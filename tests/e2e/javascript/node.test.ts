// Modules of Node.js, and its globals: what test files and the packages they use import most.
import assert, { AssertionError } from "node:assert";
import strict from "node:assert/strict";
import { Buffer as NodeBuffer, isUtf8 } from "node:buffer";
import { createHash, createHmac, randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import { EventEmitter, on, once } from "node:events";
import fs, { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import path, { basename, join } from "node:path";
import process from "node:process";
import querystring from "node:querystring";
import { setInterval as every, setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, format as formatUrl, parse as parseUrl, pathToFileURL, resolve as resolveUrl } from "node:url";
import util, { format, inspect, isDeepStrictEqual, promisify, types } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";

declare const Buffer: typeof NodeBuffer;
declare const global: typeof globalThis;
declare const __dirname: string;
declare const __filename: string;
declare const require: (name: string) => any;

describe("node:assert", () => {
  const thrown = (run: () => unknown): any => {
    try {
      run();
    } catch (error) {
      return error;
    }
    throw new Error("it did not throw");
  };

  it("holds what is so", () => {
    assert(true);
    assert.ok(1);
    assert.equal(1, "1");
    assert.notEqual(1, 2);
    assert.strictEqual(NaN, NaN);
    assert.notStrictEqual(0, -0);
    assert.deepEqual({ a: [1, "2"] }, { a: ["1", 2] });
    assert.deepStrictEqual(new Map([[{ k: 1 }, new Set([[1]])]]), new Map([[{ k: 1 }, new Set([[1]])]]));
    assert.notDeepStrictEqual([1, , 3], [1, undefined, 3]);
    assert.notDeepStrictEqual(new Date(1), new Date(2));
    assert.throws(() => { throw new TypeError("no"); }, TypeError);
    assert.throws(() => { throw new TypeError("no"); }, /^TypeError: no$/);
    assert.throws(() => { throw new TypeError("no"); }, { name: "TypeError", message: /n/ });
    assert.throws(() => { throw new TypeError("no"); }, (e: Error) => e.message === "no");
    assert.doesNotThrow(() => {});
    assert.match("abc", /b/);
    assert.doesNotMatch("abc", /d/);
    assert.ifError(null);
    strict.equal(1, 1);
    strict.deepEqual({ a: 1 }, { a: 1 });
    (assert as any).partialDeepStrictEqual({ a: 1, b: { c: 2, d: 3 } }, { b: { c: 2 } });
    expect(require("assert")).toBe(require("node:assert"));
    expect(assert.strict).toBe(strict);
  });

  it("says what is not so", () => {
    expect(thrown(() => assert.strictEqual(1, 2))).toMatchObject({
      name: "AssertionError", code: "ERR_ASSERTION", actual: 1, expected: 2, operator: "strictEqual", generatedMessage: true,
      message: "Expected values to be strictly equal:\n\n1 !== 2\n",
    });
    expect(thrown(() => assert(0))).toBeInstanceOf(AssertionError);
    expect(thrown(() => assert.equal(1, 2, "mine"))).toMatchObject({ message: "mine", generatedMessage: false });
    expect(thrown(() => assert.equal(1, 2, new RangeError("own")))).toBeInstanceOf(RangeError);
    expect(() => strict.equal(1, "1")).toThrow();
    expect(() => strict.deepEqual({ a: 1 }, { a: "1" })).toThrow("strictly deep-equal");
    expect(() => assert.throws(() => {})).toThrow("Missing expected exception.");
    expect(() => assert.throws(() => { throw new Error("a"); }, TypeError)).toThrow('instance of "TypeError"');
    expect(() => assert.throws(() => { throw new Error("a"); }, /b/)).toThrow("did not match");
    expect(() => assert.throws(() => { throw new Error("a"); }, { message: "b" })).toThrow('"message"');
    expect(() => assert.fail("now")).toThrow("now");
    expect(() => assert.ifError(new Error("e"))).toThrow("unwanted exception: e");
    expect(() => assert.deepStrictEqual(Object.create(null), {})).toThrow();
  });

  it("waits for what rejects", async () => {
    await assert.rejects(Promise.reject(new Error("late")), /late/);
    await assert.rejects(async () => { throw new TypeError(); }, TypeError);
    await assert.doesNotReject(async () => {});
    await expect(assert.rejects(Promise.resolve())).rejects.toThrow("Missing expected rejection.");
    await expect(assert.doesNotReject(Promise.reject(new Error("x")))).rejects.toThrow("Got unwanted rejection");
  });
});

it("compares deeply", () => {
  const loop = (n: number) => { const o: any = { n }; o.self = o; return o; };
  expect(isDeepStrictEqual(loop(1), loop(1))).toBe(true);
  expect(isDeepStrictEqual(loop(1), loop(2))).toBe(false);
  expect(isDeepStrictEqual(new Uint8Array([1]), new Uint8Array([1]))).toBe(true);
  expect(isDeepStrictEqual(new Uint8Array([1]), new Uint16Array([1]))).toBe(false);
  expect(isDeepStrictEqual(new Error("a"), new Error("b"))).toBe(false);
  expect(isDeepStrictEqual(Object(1), Object(2))).toBe(false);
  expect(isDeepStrictEqual({ [Symbol.for("s")]: 1 }, { [Symbol.for("s")]: 2 })).toBe(false);
  expect(isDeepStrictEqual(new Set([{ a: 1 }, { a: 1 }]), new Set([{ a: 1 }, { a: 2 }]))).toBe(false);
  expect(isDeepStrictEqual(/a/g, /a/i)).toBe(false);
});

it("has Buffer", () => {
  expect(Buffer).toBe(NodeBuffer);
  const b = Buffer.from("h\u00e9llo w\u00f6rld \u{1f98a}");
  expect(b).toBeInstanceOf(Uint8Array);
  expect(b.toString()).toBe("h\u00e9llo w\u00f6rld \u{1f98a}");
  expect(b.toString("hex")).toBe("68c3a96c6c6f2077c3b6726c6420f09fa68a");
  expect(b.toString("base64")).toBe("aMOpbGxvIHfDtnJsZCDwn6aK");
  expect(Buffer.from("aMOpbGxvIHfDtnJsZCDwn6aK", "base64").equals(b)).toBe(true);
  expect(Buffer.from([0xfb, 0xff, 0xfe]).toString("base64url")).toBe("-__-");
  expect(Buffer.from("-__-", "base64url")).toEqual(Buffer.from([0xfb, 0xff, 0xfe]));
  expect(Buffer.from("\u00e9", "latin1")).toEqual(Buffer.from([0xe9]));
  expect(Buffer.concat([Buffer.from("a"), Buffer.alloc(2, "bc")]).toString()).toBe("abc");
  expect(Buffer.byteLength("\u00e9")).toBe(2);
  expect(Buffer.isBuffer(b) && !Buffer.isBuffer(new Uint8Array())).toBe(true);
  expect(Buffer.from("abcdef").subarray(1, 3).toString()).toBe("bc");
  expect(Buffer.from("abcdef").toString("utf8", 2, 4)).toBe("cd");
  expect(Buffer.alloc(8).writeUInt32BE(0xdeadbeef, 2)).toBe(6);
  expect(JSON.stringify(Buffer.from([1, 2]))).toBe('{"type":"Buffer","data":[1,2]}');
  expect(inspect(Buffer.from("hi"))).toBe("<Buffer 68 69>");
  expect(isUtf8(Buffer.from([0xff]))).toBe(false);
  expect(Buffer.isEncoding("base64url")).toBe(true);
});

it("has digests, and chance that is the world's", () => {
  expect(createHash("sha256").update("a").update(Buffer.from("bc")).digest("hex"))
    .toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(createHash("md5").update("").digest("base64")).toBe("1B2M2Y8AsgTpgAmY7PhCfg==");
  expect(createHmac("sha1", "key").update("text").digest("hex")).toBe("369e2959eb49450338b212748f77d8ded74847bb");
  expect(() => createHash("nonsense")).toThrow();
  expect(randomBytes(16)).toHaveLength(16);
  expect(randomInt(5, 7)).toBeLessThan(7);
  expect(timingSafeEqual(Buffer.from("a"), Buffer.from("a"))).toBe(true);
});

it("has emitters", async () => {
  class Door extends EventEmitter {}
  const door = new Door();
  const rung: unknown[] = [];
  door.on("ring", (...args) => rung.push(args));
  door.once("ring", () => rung.push("once"));
  expect(door.emit("ring", 1, 2)).toBe(true);
  door.emit("ring");
  expect(rung).toEqual([[1, 2], "once", []]);
  expect(() => door.emit("error", new Error("nobody listens"))).toThrow("nobody listens");
  setTimeout(() => door.emit("open", "wide"), 10);
  expect(await once(door, "open")).toEqual(["wide"]);
  setTimeout(() => { door.emit("step", 1); door.emit("step", 2); }, 10);
  const steps: unknown[] = [];
  for await (const [step] of on(door, "step")) {
    steps.push(step);
    if (step === 2) break;
  }
  expect(steps).toEqual([1, 2]);
  expect(door.listenerCount("step")).toBe(0);
});

describe("node:fs", () => {
  it("reads fixtures beside the test", async () => {
    const file = join(__dirname, "lib", "data.json");
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(JSON.parse(await readFile(file, { encoding: "utf-8" })));
    expect(readFileSync(new URL("./lib/data.json", import.meta.url))).toBeInstanceOf(Buffer);
    expect(readFileSync(file, "hex").slice(0, 2)).toBe("7b");
    expect(existsSync(file) && !existsSync(`${file}.not`)).toBe(true);
    expect(readdirSync(join(__dirname, "lib"))).toContain("data.json");
    expect((await readdir(__dirname, { withFileTypes: true })).find((one) => one.name === "lib")!.isDirectory()).toBe(true);
    expect(readdirSync(__dirname, { recursive: true })).toContain("lib/data.json");
    expect(statSync(file).size).toBe(readFileSync(file).length);
    expect(statSync(file).isFile() && (await stat(__dirname)).isDirectory()).toBe(true);
    expect(statSync("nowhere", { throwIfNoEntry: false })).toBeUndefined();
    expect(fs.realpathSync(join(__dirname, "lib/../lib"))).toBe(join(__dirname, "lib"));
    expect(await promisify(fs.readFile)(file, "utf8")).toContain("{");
    expect(readFileSync(path.relative(process.cwd(), file), "utf8")).toContain("{");
  });

  it("says what is not there", async () => {
    expect(() => readFileSync("nowhere.json")).toThrow(expect.objectContaining({ code: "ENOENT", syscall: "open", path: "nowhere.json" }));
    await expect(readFile("nowhere.json")).rejects.toThrow("ENOENT: no such file or directory, open 'nowhere.json'");
    expect(() => readFileSync(__dirname)).toThrow("EISDIR");
    expect(() => readdirSync(__filename)).toThrow("ENOTDIR");
  });

  it("does not read what is elsewhere, and writes nothing", async () => {
    for (const elsewhere of ["/etc/passwd", "../../../../../../etc/passwd", join(__dirname, "link")])
      expect(() => readFileSync(elsewhere)).toThrow("EACCES: permission denied");
    expect(() => fs.writeFileSync("new.txt", "x")).toThrow("EROFS: read-only file system, writeFile 'new.txt': tests read files, and write none");
    await expect(fs.promises.rm("new.txt")).rejects.toThrow("EROFS");
    expect(() => fs.createWriteStream("new.txt")).toThrow("createWriteStream");
    expect(existsSync("new.txt")).toBe(false);
  });
});

it("has paths and URLs", () => {
  expect(path.normalize("/a/./b/../c")).toBe("/a/c");
  expect(path.resolve("x")).toBe(`${process.cwd()}/x`);
  expect([basename("/a/b.ts", ".ts"), path.extname("b.ts"), path.sep, path.posix === path]).toEqual(["b", ".ts", "/", true]);
  expect(fileURLToPath(import.meta.url)).toBe(__filename);
  expect([import.meta.dirname, import.meta.filename]).toEqual([__dirname, __filename]);
  expect(pathToFileURL("/a b/#c%").href).toBe("file:///a%20b/%23c%25");
  expect(fileURLToPath("file:///a%20b/%23c%25")).toBe("/a b/#c%");
  expect(() => fileURLToPath("https://a/")).toThrow("scheme file");
  expect(parseUrl("https://u:p@Ex.com:8080/p/a?q=1&r=2#h")).toMatchObject({
    protocol: "https:", auth: "u:p", host: "ex.com:8080", hostname: "ex.com", port: "8080", pathname: "/p/a", search: "?q=1&r=2", query: "q=1&r=2", hash: "#h",
    path: "/p/a?q=1&r=2", href: "https://u:p@ex.com:8080/p/a?q=1&r=2#h",
  });
  expect(parseUrl("/a?b=1&b=2", true).query).toEqual({ b: ["1", "2"] });
  expect(formatUrl({ protocol: "http", host: "a.b", pathname: "/c", query: { d: 1, e: ["x", "y z"] } })).toBe("http://a.b/c?d=1&e=x&e=y%20z");
  expect([resolveUrl("/one/two/three", "four"), resolveUrl("http://a.com/", "/b")]).toEqual(["/one/two/four", "http://a.com/b"]);
  expect(querystring.stringify(querystring.parse("a=1&b=%20&c&a=2"))).toBe("a=1&a=2&b=%20&c=");
});

it("has node:util", async () => {
  expect(format("%s is %d and %j", "a", 42, { b: 1 }, "more")).toBe('a is 42 and {"b":1} more');
  expect(inspect({ a: { b: { c: { d: 1 } } }, s: "t", m: new Map([["k", 1]]) })).toBe("{ a: { b: { c: [Object] } }, s: 't', m: Map(1) { 'k' => 1 } }");
  expect(inspect({ a: { b: { c: {} } } }, { depth: 0 })).toBe("{ a: [Object] }");
  expect(inspect({ [inspect.custom]: (depth: number) => `me at ${depth}` })).toBe("me at 2");
  expect(inspect([{ [inspect.custom]: () => ({ it: "is" }) }])).toBe("[ { it: 'is' } ]");
  const half = promisify((n: number, done: (error: Error | null, value?: number) => void) => (n % 2 ? done(new Error("odd")) : done(null, n / 2)));
  expect(await half(4)).toBe(2);
  await expect(half(3)).rejects.toThrow("odd");
  expect(await new Promise((resolve) => util.callbackify(async (n: number) => n + 1)(1, (_: unknown, n: unknown) => resolve(n)))).toBe(2);
  function Old() {}
  function Base() {}
  util.inherits(Old as any, Base as any);
  expect(new (Old as any)()).toBeInstanceOf(Base as any);
  expect([types.isDate(new Date()), types.isUint8Array(Buffer.alloc(0)), types.isAsyncFunction(async () => {}), types.isProxy({}), types.isRegExp(/a/)])
    .toEqual([true, true, true, false, true]);
  expect(util.stripVTControlCharacters("\x1b[31mred\x1b[0m")).toBe("red");
  expect(util.styleText("red", "x")).toBe("\x1b[31mx\x1b[39m");
});

it("waits in virtual time", async () => {
  const begun = Date.now();
  expect(await sleep(30_000, "slept")).toBe("slept");
  let ticks = 0;
  for await (const _ of every(1000)) if (++ticks === 3) break;
  expect(Date.now() - begun).toBe(33_000);
  await expect(sleep(1000, null, { signal: AbortSignal.timeout(10) })).rejects.toThrow(expect.objectContaining({ code: "ABORT_ERR" }));
});

describe("process", () => {
  afterEach(() => void vi.unstubAllEnvs());

  it("has an environment, of texts", () => {
    expect([process.env["NODE_ENV"], process.env["FROM_OUTSIDE"], process.env["NOT_SET"]]).toEqual(["test", "yes", undefined]);
    expect((import.meta as any).env.FROM_OUTSIDE).toBe("yes");
    process.env["NUMBER"] = 7 as never;
    expect(process.env["NUMBER"]).toBe("7");
    expect("NUMBER" in process.env && Object.keys(process.env).includes("FROM_OUTSIDE")).toBe(true);
    delete process.env["NUMBER"];
    expect(process.env["NUMBER"]).toBeUndefined();
    vi.stubEnv("FROM_OUTSIDE", "no");
    expect(process.env["FROM_OUTSIDE"]).toBe("no");
    vi.unstubAllEnvs();
    expect(process.env["FROM_OUTSIDE"]).toBe("yes");
  });

  it("is a global, as global and Buffer are", async () => {
    expect((globalThis as any).process).toBe(process);
    expect(global).toBe(globalThis);
    expect([process.platform, typeof process.cwd(), process.argv.length]).toEqual(["linux", "string", 2]);
    expect(existsSync(process.cwd())).toBe(true);
    const order: string[] = [];
    process.nextTick((word) => order.push(word), "tick");
    await Promise.resolve();
    expect(order).toEqual(["tick"]);
    const from = process.hrtime.bigint();
    await sleep(5);
    expect(process.hrtime.bigint() - from).toBe(5_000_000n);
  });

  it("is not ended", () => {
    expect(() => process.exit(3)).toThrow('process.exit unexpectedly called with "3"');
  });
});

it("decodes old encodings beside Buffer", () => {
  expect(new TextDecoder("iso-8859-2").decode(new Uint8Array([65, 0xb1]))).toBe("Aą");
  expect(new TextDecoder("shift_jis").decode(new Uint8Array([0x82, 0xa0]))).toBe("あ");
});
