"""Tests in JavaScript and TypeScript as `backlot test` runs them: Vitest's API, modules, snapshots, and what is wrong.

What can be said in such tests themselves is in tests/e2e/javascript; here is what their authors see.
"""

import glob
import json
import os
import subprocess

from clients import debian, run as run_client
from harness import ROOT, assert_between, assert_equal, assert_in, assert_matches, assert_not_in, test
from results import Summary

IT = 'import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";\n'
OK = IT + 'it("holds", () => expect(1).toBe(1));\n'


def run(t, *args, **options):
    return t.run("test", "--service", t.guest("rust-hello"), *args, **options)


def write(t, name, body):
    t.write(name, IT + body)


def fixtures(t):
    t.copy("tests/e2e/javascript", "js")
    package = "js/node_modules/old-package/"
    t.write(package + "package.json", '{ "name": "old-package", "version": "1.0.0", "main": "main" }')
    t.write(package + "main.js", "module.exports = (n) => n * 2;\nmodule.exports.half = (n) => n / 2;\n")
    package = "js/node_modules/new-package/"
    t.write(package + "package.json", json.dumps({
        "name": "new-package", "version": "1.0.0", "type": "module",
        "exports": {".": {"import": "./lib/index.js", "require": "./lib/index.cjs"}, "./sub/*": "./lib/sub-*.js"},
    }))
    t.write(package + "lib/index.js", 'export const kind = "esm";\nexport default 7;\n')
    t.write(package + "lib/index.cjs", 'exports.kind = "cjs";\n')
    t.write(package + "lib/sub-one.js", 'export const sub = "one";\n')


# ---- what holds ----


def fixture(t, name, passed):
    fixtures(t)
    assert_equal(Summary(run(t, "js/" + name, code=0)).counts, (passed, 0))


@test
def groups_hooks_and_rows(t):
    fixtures(t)
    done = run(t, "js/groups.test.ts", code=0)
    assert_in("13 passed, 0 failed, 3 skipped, 1 todo", done.out)


@test
def objects_of_the_platform_are_compared_and_shown_by_what_can_be_observed(t):
    fixture(t, "platform.test.ts", 21)
    write(t, "a.test.ts", "it('differs', () => expect(new Headers({ a: 'b' })).toEqual(new Headers({ a: 'c' })));\n")
    out = run(t, "a.test.ts", code=1).out
    for line in ('-   "a": "c",', '+   "a": "b",'):
        assert_in(line, out)


@test
def a_difference_of_megabytes_shows_where_it_is(t):
    write(t, "a.test.ts", "const a = 'x'.repeat(3e6);\nit('differs', () => expect({ in: a + 'here' }).toEqual({ in: a + 'there' }));\n"
          "it('throws', () => { throw new Error(a + 'end'); });\nit('has lines', () => expect('x\\n'.repeat(1e5)).toBe(''));\n")
    out = run(t, "a.test.ts", code=1).out
    assert_between(1000, len(out), 30000)
    for words in ("xxxhere", "xxxthere", "(299", "more characters)", "more lines"):
        assert_in(words, out)


@test
def matchers_of_every_kind(t):
    fixture(t, "matchers.test.ts", 8)


@test
def functions_modules_and_time_that_are_made_up(t):
    fixture(t, "vi.test.ts", 13)


@test
def what_a_file_waits_for_while_it_is_loaded_comes(t):
    # Time and chance of the file itself: they are the same for each, whatever the worker has run before.
    body = """
const begun = Date.now(), chance = Math.random();
await new Promise((resolve) => setTimeout(resolve, 3_000_000));
describe("later", async () => {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  it(`${Date.now() - begun} ms, ${chance}`, () => expect(Date.now() - begun).toBe(3_001_000));
});
"""
    write(t, "a.test.js", body)
    write(t, "b.test.js", body)
    done = run(t, "--jobs", "1", "--seed", "7", "--list", "a.test.js", "b.test.js", code=0)
    names = [line.partition("later > ")[2] for line in done.out.splitlines() if "later > " in line]
    assert_equal((len(names), len(set(names))), (2, 1))
    assert_equal(Summary(run(t, "a.test.js", "b.test.js", code=0)).counts, (2, 0))


@test
def modules_that_are_mocked_without_a_factory(t):
    fixture(t, "automock.test.ts", 1)
    assert_equal(Summary(run(t, "js/autospy.test.ts", code=0)).counts, (1, 0))


@test
def modules_that_are_mocked_by_import_and_spied_on(t):
    fixture(t, "mock_import.test.ts", 5)
    assert_equal(Summary(run(t, "js/mock_awaits.test.ts", code=0)).counts, (2, 0))


@test
def packages_that_a_file_of_the_project_stands_in_for(t):
    package = "node_modules/some-ids/"
    t.write(package + "package.json", '{ "name": "some-ids", "version": "1.0.0", "main": "main.js" }')
    t.write(package + "main.js", 'exports.id = () => "real";\n')
    t.write("__mocks__/some-ids.ts", 'export const id = (): string => "made up";\n')
    t.write("__mocks__/os.ts", 'export const hostname = (): string => "made up";\n')
    write(t, "tests/a.test.ts", 'import { hostname } from "node:os";\nimport { id } from "some-ids";\nvi.mock("some-ids");\n'
          'vi.mock("node:os");\nit("is used", () => expect([id(), hostname()]).toEqual(["made up", "made up"]));\n')
    assert_equal(Summary(run(t, "tests/a.test.ts", code=0)).counts, (1, 0))


@test
def modules_and_typescript(t):
    fixture(t, "modules.test.tsx", 12)


@test
def modules_below_a_package_of_modules(t):
    fixtures(t)
    t.write("js/package.json", '{"type": "module"}')
    assert_equal(Summary(run(t, "js/modules.test.tsx", code=0)).counts, (12, 0))


@test
def modules_of_node(t):
    fixtures(t)
    os.symlink("/etc/passwd", t.path("js/link"))
    done = run(t, "js/node.test.ts", env={"FROM_OUTSIDE": "yes"}, code=0)
    assert_equal(Summary(done).counts, (17, 0))


@test
def streams_of_node(t):
    fixture(t, "node_streams.test.ts", 6)


@test
def files_that_a_test_requires_while_it_runs(t):
    fixtures(t)
    t.write("js/data.json", '{ "n": 7 }')
    t.write("js/late.js", 'module.exports = { at: __filename.split("/").at(-1), half: require("./data.json").n / 2 };\n')
    t.write("js/awaits.mjs", "await 0;\nexport const x = 1;\n")
    write(t, "js/require.test.js", """import { builtinModules, createRequire, isBuiltin } from "node:module";
const require = createRequire(import.meta.url), name = (text) => text + "";
it("files, packages and modules of Node.js", () => {
  expect(require(name("./late"))).toEqual({ at: "late.js", half: 3.5 });
  expect(require(name("./late.js"))).toBe(require(name("./late")));
  expect(require(name("old-package"))(4)).toBe(8);
  expect(require(name("node:path"))).toBe(require(name("path")));
  expect(require.resolve(name("./data.json"))).toMatch(/\\/js\\/data\\.json$/);
  expect(() => require(name("./awaits.mjs"))).toThrow("import() it");
  expect(() => require(name("./nowhere"))).toThrow("nowhere");
  expect(() => createRequire("here")).toThrow(TypeError);
  expect([isBuiltin("fs"), isBuiltin("node:fs"), isBuiltin("old-package"), builtinModules.includes("zlib")]).toEqual([true, true, false, true]);
});
it("packages that import() is given by a name", async () => {
  expect((await import(name("old-package"))).half(4)).toBe(2);
});
""")
    assert_equal(Summary(run(t, "js/require.test.js", code=0)).counts, (2, 0))


@test
def modules_of_node_are_mocked_by_either_name(t):
    write(t, "a.test.ts", """import { readFileSync } from "fs";
import * as spied from "node:path";
vi.mock("node:fs", () => ({ readFileSync: () => "made up" }));
vi.mock("path", { spy: true });
it("is not read", () => expect(readFileSync("/etc/passwd", "utf8")).toBe("made up"));
it("is watched", () => {
  expect(spied.join("a", "b")).toBe("a/b");
  expect(spied.join).toHaveBeenCalledWith("a", "b");
});
""")
    assert_equal(Summary(run(t, "a.test.ts", code=0)).counts, (2, 0))


@test
def modules_that_are_not_there_say_what_to_use_instead(t):
    t.write("helper.ts", 'import * as it from "node:test";\nexport const x = it;\n')
    write(t, "a.test.ts", 'import { x } from "./helper";\nit("x", () => void x);\n')
    done = run(t, "a.test.ts", code=2)
    assert_in("helper.ts:1:", done.out)
    assert_in("There is no module 'node:test' here, which helper.ts imports; import { test } from \"vitest\"", done.out)
    write(t, "a.test.ts", 'it("x", async () => { await import("node:" + "nonsense"); });\n')
    assert_in("There is no module 'node:nonsense' here, which a.test.ts imports\n", run(t, "a.test.ts", code=1).out)


@test
def modules_of_what_tests_have_not_are_imported_and_throw_when_used(t):
    write(t, "a.test.ts", """import * as http from "http";
import https from "node:https";
import { constants } from "http2";
import net from "net";
import tls from "tls";
import dns from "dns";
import { lookup } from "dns/promises";
import { exec } from "child_process";
import { isMainThread, Worker } from "worker_threads";
import cluster from "cluster";
import { createInterface } from "readline";
import repl from "repl";
import inspector from "inspector";
import v8 from "v8";
import { EventEmitter } from "events";
import { Readable, Writable } from "stream";

class Mine extends http.Agent { own = 1; }
function Old(this: object) { (http.IncomingMessage as any).call(this); }
Object.setPrototypeOf(Old.prototype, http.IncomingMessage.prototype);

it("has what packages read and extend", () => {
  expect([http.METHODS.includes("PATCH"), http.STATUS_CODES[404], constants.HTTP2_HEADER_STATUS]).toEqual([true, "Not Found", ":status"]);
  expect(new Mine()).toBeInstanceOf(EventEmitter);
  expect(new Mine().own).toBe(1);
  expect(new (Old as any)()).toBeInstanceOf(Readable);
  expect(new http.IncomingMessage(null as any)).toBeInstanceOf(Readable);
  expect(http.ServerResponse.prototype).toBeInstanceOf(Writable);
  expect(http.globalAgent).toBeInstanceOf(http.Agent);
  expect(["1.2.3.4", "::1", "1.2.3.256", "1.2.3", "1.2.3.4.", "a:b", "fe80::1%eth0", ""].map(net.isIP)).toEqual([4, 6, 0, 0, 0, 0, 6, 0]);
  expect([isMainThread, cluster.isPrimary, inspector.url(), dns.NOTFOUND]).toEqual([true, true, undefined, "ENOTFOUND"]);
  expect(dns.promises.lookup).toBe(lookup);
  expect(() => http.validateHeaderName("a b")).toThrow("valid HTTP token");
});
it.each<[string, () => unknown]>([
  ["http.request() reaches no network in tests: use service.fetch() and origin()", () => http.request("http://a")],
  ["https.get() reaches no network", () => https.get("https://a")],
  ["new http.ClientRequest() reaches no network", () => new http.ClientRequest("http://a")],
  ["new net.Socket() reaches no network", () => new net.Socket()],
  ["tls.connect() reaches no network", () => tls.connect(1)],
  ["dns.resolve4() reaches no network", () => dns.resolve4("a", () => {})],
  ["child_process.exec() is not there in tests: there are no other processes and threads", () => exec("ls")],
  ["new worker_threads.Worker() is not there in tests", () => new Worker("a.js")],
  ["readline.createInterface() is not there in tests: there is no terminal", () => createInterface(null as any)],
  ["repl.start() is not there in tests", () => repl.start()],
  ["v8.serialize() is not there in tests", () => v8.serialize(1)],
])("%s", (message, use) => expect(use).toThrow(message));
""")
    assert_equal(Summary(run(t, "a.test.ts", code=0)).counts, (12, 0))


@test
def small_modules_of_node(t):
    write(t, "a.test.ts", """import tty from "tty";
import vm from "vm";
import dc from "diagnostics_channel";
import punycode from "punycode";
import constants from "constants";
import os from "os";
import { formatWithOptions, parseArgs } from "util";
import { PerformanceObserver, performance as timing } from "perf_hooks";
import { Console } from "console";

it("tty, punycode, constants, os, perf_hooks, console", () => {
  expect([tty.isatty(1), punycode.toASCII("mañana.com"), constants.ENOENT, os.constants.signals.SIGTERM]).toEqual([false, "xn--maana-pta.com", 2, 15]);
  expect([timing, PerformanceObserver]).toEqual([performance, globalThis.PerformanceObserver]);
  const lines: string[] = [];
  new Console({ write: (line: string) => lines.push(line) } as any).log("%d", 1, "a");
  expect(lines).toEqual(["1 a\\n"]);
});
it("vm", () => {
  vm.runInThisContext("globalThis.made = 4");
  expect((globalThis as any).made).toBe(4);
  expect(new vm.Script("2 + 3").runInThisContext()).toBe(5);
  expect(() => new vm.Script("2 +")).toThrow(SyntaxError);
  expect(() => vm.createContext({})).toThrow("vm.createContext() is not there in tests: there is one realm");
});
it("diagnostics_channel", () => {
  const told: unknown[] = [], take = (message: unknown, name: string | symbol) => told.push([message, name]);
  dc.subscribe("a", take);
  dc.channel("a").publish(1);
  expect([dc.hasSubscribers("a"), dc.unsubscribe("a", take), dc.hasSubscribers("a")]).toEqual([true, true, false]);
  dc.channel("a").publish(2);
  expect(told).toEqual([[1, "a"]]);
  const traced: string[] = [], way = dc.tracingChannel("b");
  way.subscribe({ start: () => traced.push("start"), end: () => traced.push("end"), error: () => traced.push("error") } as any);
  expect(() => way.traceSync(() => { throw new Error("no"); })).toThrow("no");
  expect(traced).toEqual(["start", "error", "end"]);
});
it("what packages ask of Buffer and util", () => {
  expect(formatWithOptions({ colors: true }, "%d", 1, "a")).toBe("1 a");
  expect(new (Buffer.alloc as any)(2)).toEqual(Buffer.from([0, 0]));
});
it("util.parseArgs", () => {
  const options = { verbose: { type: "boolean", short: "v" }, out: { type: "string", short: "o", default: "-" }, not: { type: "string", multiple: true } } as const;
  expect(parseArgs({ args: ["-vofile", "a", "--not=1", "--not", "2", "--", "-v"], options, allowPositionals: true }))
    .toEqual({ values: { verbose: true, out: "file", not: ["1", "2"] }, positionals: ["a", "-v"] });
  expect(parseArgs({ args: [], options }).values).toEqual({ out: "-" });
  for (const args of [["--nowhere"], ["--out"], ["--verbose=1"], ["a"]]) expect(() => parseArgs({ args, options })).toThrow(TypeError);
});
""")
    assert_equal(Summary(run(t, "a.test.ts", code=0)).counts, (5, 0))


STORES = """import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
const store = new AsyncLocalStorage<number>();
"""


@test
def stores_follow_what_the_engine_tells_of(t):
    write(t, "a.test.ts", STORES + """
it("what runs at once, and callbacks", async () => {
  expect(store.getStore()).toBe(undefined);
  expect(store.run(1, () => [store.getStore(), store.run(2, () => store.getStore()), store.getStore()])).toEqual([1, 2, 1]);
  const bound = store.run(3, () => AsyncLocalStorage.bind(() => store.getStore()));
  const resource = store.run(4, () => new AsyncResource("mine"));
  expect([bound(), resource.runInAsyncScope(() => store.getStore()), store.getStore()]).toEqual([3, 4, undefined]);
  expect(await store.run(5, () => Promise.resolve().then(() => store.getStore()))).toBe(5);
  expect(await new Promise((done) => store.run(6, () => setTimeout(() => done(store.getStore()), 5)))).toBe(6);
});
it("says what it cannot know", async () => {
  const behind = store.run(1, async () => { await 0; return store.getStore(); });
  await expect(behind).rejects.toThrow("AsyncLocalStorage.getStore() cannot know its store behind a native await");
  expect(store.getStore()).toBe(undefined);
});
""")
    write(t, "b.test.ts", STORES + """
const behind = (n: number) => store.run(n, async () => { await 0; await new Promise((done) => setTimeout(done, 10 - n)); return store.getStore(); });
it.concurrent("holds behind await where it is compiled away", async () => {
  expect(await Promise.all([behind(1), behind(2), behind(3)])).toEqual([1, 2, 3]);
});
""")
    assert_equal(Summary(run(t, "a.test.ts", "b.test.ts", code=0)).counts, (3, 0))


@test
def files_of_a_package_are_required_by_paths_that_are_made(t):
    package = "node_modules/makes-paths/"
    t.write(package + "package.json", '{ "name": "makes-paths", "main": "main.js" }')
    t.write(package + "parts/one.js", "exports.one = require('../main').base + 1;\n")
    t.write(package + "main.js", "exports.base = 1;\nconst load = (name) => require('./parts/' + name);\nexports.all = () => load(['o', 'ne'].join(''));\n"
            "exports.none = () => load('two');\nexports.where = () => require.resolve('./parts/one');\n"
            "exports.caller = () => { const keep = Error.prepareStackTrace, o = {}; Error.prepareStackTrace = (_, sites) => sites; "
            "Error.captureStackTrace(o); Error.prepareStackTrace = keep; return o.stack.map((site) => site.getFileName()); };\n")
    write(t, "a.test.ts", 'import it_ from "makes-paths";\n'
          'it("are found", () => expect(it_.all()).toEqual({ one: 2 }));\n'
          'it("are named", () => expect(it_.where()).toMatch(/makes-paths.parts.one\\.js$/));\n'
          'it("or not", () => { expect(it_.none).toThrow("Cannot find module"); try { it_.none(); } catch (e: any) { expect(e.code).toBe("MODULE_NOT_FOUND"); } });\n'
          'it("call sites", () => expect(it_.caller()[0]).toMatch(/main\\.js$/));\n')
    assert_equal(Summary(run(t, "a.test.ts", code=0)).counts, (4, 0))


def openssl(t, *words):
    return run_client(t, debian(t, "openssl", "openssl"), *words)


@test
def keys_signatures_and_ciphers_of_node(t):
    sec1 = openssl(t, "ecparam", "-name", "prime256v1", "-genkey", "-noout").strip()
    write(t, "a.test.ts", """import * as crypto from "node:crypto";
import { promisify } from "node:util";

const SEC1 = `%s`;
it("writes and reads keys", () => {
  const { publicKey, privateKey } = crypto.generateKeyPairSync("rsa", { modulusLength: 1024 });
  expect([publicKey.type, privateKey.asymmetricKeyType, publicKey.asymmetricKeyDetails]).toEqual(["public", "rsa", { modulusLength: 1024, publicExponent: 65537n }]);
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }), der = publicKey.export({ type: "spki", format: "der" });
  expect(pem).toMatch(/^-----BEGIN PRIVATE KEY-----\\n/);
  expect(crypto.createPrivateKey(pem).equals(privateKey)).toBe(true);
  expect(crypto.createPublicKey(pem).equals(publicKey)).toBe(true);
  expect(crypto.createPublicKey({ key: der, format: "der", type: "spki" }).equals(publicKey)).toBe(true);
  const jwk = privateKey.export({ format: "jwk" });
  expect(crypto.createPrivateKey({ key: jwk, format: "jwk" }).equals(privateKey)).toBe(true);
  expect(crypto.createPublicKey({ key: jwk, format: "jwk" }).type).toBe("public");
  expect(() => crypto.createPrivateKey("no key")).toThrow("DECODER");
  const secret = crypto.createSecretKey("a", "utf8");
  expect([secret instanceof crypto.KeyObject, secret.symmetricKeySize, secret.export({ format: "jwk" })]).toEqual([true, 1, { kty: "oct", k: "YQ" }]);
  expect(crypto.createHmac("sha256", secret).update("b").digest("hex")).toBe(crypto.createHmac("sha256", "a").update("b").digest("hex"));
});
it.each([["rsa", { modulusLength: 1024 }, {}], ["rsa", { modulusLength: 1024 }, { padding: 6 }], ["rsa", { modulusLength: 1024 }, { padding: 6, saltLength: -1 }],
  ["ec", { namedCurve: "P-256" }, {}], ["ec", { namedCurve: "secp521r1" }, { dsaEncoding: "ieee-p1363" }], ["ed25519", {}, {}]] as any[])("signs: %%s %%o %%o", (type, options, how) => {
  const { publicKey, privateKey } = crypto.generateKeyPairSync(type, options) as any, digest = type === "ed25519" ? null : "sha256";
  for (let i = 0; i < 20; i++) {
    const data = Buffer.from("data" + i), signature = crypto.sign(digest, data, { key: privateKey, ...how });
    expect(crypto.verify(digest, data, { key: publicKey, ...how }, signature)).toBe(true);
  }
  const signature = crypto.sign(digest, Buffer.from("a"), { key: privateKey, ...how });
  expect(crypto.verify(digest, Buffer.from("b"), { key: publicKey, ...how }, signature)).toBe(false);
  expect(crypto.verify(digest, Buffer.from("a"), { key: publicKey, ...how }, signature.subarray(0, -1))).toBe(false);
});
it("signs in pieces, with keys in older forms", async () => {
  const signature = crypto.createSign("RSA-SHA256").update("a").update("b").sign(SEC1, "base64");
  expect(crypto.createVerify("SHA256").update("ab").verify(crypto.createPublicKey(SEC1), signature, "base64")).toBe(true);
  const pair = await promisify(crypto.generateKeyPair)("rsa", { modulusLength: 1024 });
  expect(crypto.privateDecrypt(pair.privateKey, crypto.publicEncrypt(pair.publicKey, Buffer.from("a"))).toString()).toBe("a");
});
it.each(["aes-128-cbc", "aes-192-ctr", "aes-256-gcm", "aes-128-ecb"])("encrypts by %%s", (name) => {
  const key = Buffer.alloc(Number(name.split("-")[1]) / 8, 1), iv = name.endsWith("ecb") ? null : Buffer.alloc(name.endsWith("gcm") ? 12 : 16, 2);
  const to = crypto.createCipheriv(name as any, key, iv as any) as any, from = crypto.createDecipheriv(name as any, key, iv as any) as any;
  const sealed = Buffer.concat([to.update("a text that is longer ", "utf8"), to.update("than a block"), to.final()]);
  if (name.endsWith("gcm")) from.setAuthTag(to.getAuthTag());
  expect(from.update(sealed, undefined, "utf8") + from.final("utf8")).toBe("a text that is longer than a block");
});
it("knows NIST's vectors, and what it has not", () => {
  const cipher = crypto.createCipheriv("aes-128-ecb", Buffer.from("2b7e151628aed2a6abf7158809cf4f3c", "hex"), null);
  expect(cipher.update("6bc1bee22e409f96e93d7e117393172a", "hex", "hex") + cipher.final("hex")).toMatch(/^3ad77bb40d7a3660a89ecaf32466ef97/);
  expect(Buffer.from(crypto.hkdfSync("sha256", Buffer.alloc(22, 0x0b), Buffer.from("000102030405060708090a0b0c", "hex"), Buffer.from("f0f1f2f3f4f5f6f7f8f9", "hex"), 42)).toString("hex"))
    .toMatch(/^3cb25f25faacd57a90434f64d0362f2a/);
  expect(() => crypto.scryptSync("a", "b", 32)).toThrow("node:crypto has no scryptSync() in tests");
  expect(() => crypto.createCipheriv("rc4", "a", null)).toThrow("Unknown cipher");
});
""" % sec1)
    assert_equal(Summary(run(t, "a.test.ts", code=0)).counts, (13, 0))


@test
def packages_that_use_node_do_so(t):
    package = "node_modules/reads-itself/"
    t.write(package + "package.json", '{ "name": "reads-itself", "version": "1.2.3", "main": "main.js" }')
    t.write(package + "main.js", "const { readFileSync } = require('fs');\nconst { join } = require('path');\nconst { EventEmitter } = require('events');\n"
            "module.exports = class extends EventEmitter { get version() { return JSON.parse(readFileSync(join(__dirname, 'package.json'))).version; } };\n"
            "if (process.env.NODE_ENV !== 'production') module.exports.development = true;\n")
    write(t, "a.test.ts", 'import Package from "reads-itself";\n'
          'it("reads", () => expect([new Package().version, Package.development]).toEqual(["1.2.3", true]));\n')
    assert_equal(Summary(run(t, "a.test.ts", code=0)).counts, (1, 0))


@test
def the_fixtures_are_all_run(t):
    """A file that is added to the folder has a test here."""
    with open(__file__, encoding="utf-8") as f:
        source = f.read()
    for path in glob.glob(os.path.join(ROOT, "tests/e2e/javascript/*.test.*")):
        assert_in(os.path.basename(path), source)


@test
def lines_may_end_with_cr_lf_and_begin_with_a_byte_order_mark(t):
    t.write("a.test.ts", "\ufeff" + (IT + "it('joins', () => expect(`a\nb`).toBe('a\\nb'));\n").replace("\n", "\r\n"))
    assert_equal(Summary(run(t, "a.test.ts", code=0)).counts, (1, 0))


@test
def names_with_blanks_quotes_and_any_script(t):
    folder = "it's a \"größe\" 大きさ"
    t.write(folder + "/a b's.test.ts", IT + 'import { x } from "./大 x";\nit("größe \U0001f98a", () => expect(x).toBe("é"));\n')
    t.write(folder + "/大 x.ts", 'export const x: string = "é";\n')
    done = run(t, folder, "--list", code=0)
    assert_in("größe \U0001f98a", done.out)
    assert_equal(Summary(run(t, folder, code=0)).counts, (1, 0))
    assert_equal(Summary(run(t, ".", "--filter", "größe", code=0)).counts, (1, 0))


@test
def a_file_outside_of_the_folder(t):
    t.write("elsewhere/a.test.ts", OK)
    os.makedirs(t.path("here"))
    assert_equal(Summary(run(t, "../elsewhere/a.test.ts", cwd=t.path("here"), code=0)).counts, (1, 0))


@test
def ten_thousand_tests_in_a_file(t):
    write(t, "a.test.ts", "for (let i = 0; i < 10000; i++) it(`number ${i}`, () => expect(i).toBe(i));\n")
    assert_equal(Summary(run(t, "a.test.ts", code=0)).counts, (10000, 0))


@test
def a_file_of_ten_megabytes(t):
    write(t, "a.test.ts", 'const lines: string[] = [\n%s];\nit("is large", () => expect(lines).toHaveLength(100000));\n'
          % ('  "%s",\n' % ("x" * 95) * 100000))
    assert_equal(Summary(run(t, "a.test.ts", code=0)).counts, (1, 0))


# ---- what the author of a failing test sees ----


@test
def a_stack_names_the_users_own_files(t):
    fixtures(t)
    t.write("js/trace.test.ts", IT + """import { fail } from "./lib/math";

interface Unused {
  a: number;
}
it("fails in an imported file", async () => {
  const typed: string = await Promise.resolve("x");
  if (typed) fail();
});
it("fails here", () => {
  expect({ a: 1 }).toEqual({ a: 2 });
});
it("has a cause", () => {
  throw new Error("outer", { cause: new TypeError("inner") });
});
""")
    done = run(t, "js/trace.test.ts", code=1)
    assert_matches(r"^js/lib/math\.ts:16:\d+: RangeError: broken deep$", done.out)
    assert_matches(r"^    > 16 \|   throw new RangeError\(`broken \$\{reason\}`\);$", done.out)
    assert_matches(r"^    at js/trace\.test\.ts:9:14$", done.out)
    assert_matches(r"^js/trace\.test\.ts:12:20: expected \{ a: 1 \} to deeply equal \{ a: 2 \}$", done.out)
    assert_in('-   "a": 2,\n    +   "a": 1,\n', done.out)
    assert_matches(r"^js/trace\.test\.ts:15:\d+: outer$", done.out)
    assert_matches(r"^js/trace\.test\.ts:15:\d+: caused by TypeError: inner$", done.out)


@test
def rejections_and_errors_that_nobody_handles_fail_their_own_test(t):
    write(t, "a.test.ts", """it("rejects", () => void Promise.reject(new Error("nobody handles this")));
it("is handled later", async () => { const p = Promise.reject(new Error("fine")); await Promise.resolve(); p.catch(() => {}); });
it("throws in a timer", async () => {
  setTimeout(() => { throw new TypeError("late"); }, 10);
  await new Promise((resolve) => setTimeout(resolve, 20));
});
it("is the last, and rejects", () => void Promise.reject("text alone"));
""")
    done = run(t, "a.test.ts", code=1)
    assert_equal(Summary(done).counts, (1, 3))
    assert_matches(r"FAILED a.test.ts:2: rejects .*?\na.test.ts:2:\d+: nobody handles this\n", done.out)
    assert_matches(r"FAILED a.test.ts:4: throws in a timer .*?\na.test.ts:5:\d+: TypeError: late\n", done.out)
    assert_matches(r"FAILED a.test.ts:8: is the last, and rejects .*?\na.test.ts: text alone\n", done.out)


@test
def whatever_is_thrown_is_told(t):
    write(t, "a.test.ts", """it("text", () => { throw "some text"; });
it("undefined", () => { throw undefined; });
it("null", () => { throw null; });
it("object", () => { throw { code: 7 }; });
it("symbol", () => { throw Symbol("sign"); });
""")
    done = run(t, "a.test.ts", code=1)
    assert_equal(Summary(done).counts, (0, 5))
    for words in ("some text", "undefined", "null", 'it threw {"code":7}', "Symbol(sign)"):
        assert_in("\na.test.ts: %s\n" % words, done.out)


@test
def files_as_their_text_and_what_vite_has_beside(t):
    t.write("lib/db.ts", "export const a: number = 1;\n")
    write(t, "a.test.ts", """import text from "./lib/db.ts?raw";
it("is text", async () => {
  expect(text).toBe("export const a: number = 1;\\n");
  expect((await import("./lib/db.ts?raw")).default).toBe(text);
  const name = "./lib/db.ts";
  expect((await import(name + "?raw")).default).toBe(text);
  await expect(import("./lib/db.ts?url")).rejects.toThrow(`a.test.ts imports 'lib/db.ts?url', and of such there is only "?raw" here`);
  await expect(import("./lib/no.ts?raw")).rejects.toThrow("Cannot find file 'lib/no.ts', which a.test.ts imports");
  expect(() => import.meta.glob("./lib/*.ts")).toThrow("there is no import.meta.glob() here");
});
""")
    assert_equal(Summary(run(t, "a.test.ts", code=0)).counts, (1, 0))
    t.write("b.test.ts", 'it("is global", () => {});\n')
    out = run(t, "b.test.ts", code=2).out
    assert_in("b.test.ts:1:", out)
    assert_in('ReferenceError: Can\'t find variable: it; Vitest\'s functions are no globals here: import { it } from "vitest".', out)


@test
def stacks_that_are_printed_are_the_users(t):
    write(t, "a.test.ts", """interface Unseen {
  a: number;
}
const make = (): Error => new Error("made");
it("prints", () => {
  console.log(make());
  console.log(make().stack);
  console.trace("here");
  expect(Promise.resolve(1)).resolves.toBe(1);
});
""")
    out = run(t, "a.test.ts", code=0).out
    assert_in("      Error: made\n          at make (a.test.ts:5:", out)
    assert_in("\n          at a.test.ts:7:", out)
    assert_in("\n          at a.test.ts:8:", out)
    assert_in("trace:     at a.test.ts:9:", out)
    assert_in("was not awaited", out)
    assert_in("warn:     at a.test.ts:10:", out)
    assert_not_in("backlot:", out.replace("backlot:test\"", ""))
    assert_not_in("@", out)


@test
def what_is_used_is_disposed_of_and_helpers_are_not_seen(t):
    write(t, "a.test.ts", """
it.concurrent("uses", async () => {
  {
    using info = vi.spyOn(console, "info");
    console.info("x");
    expect(info).toHaveBeenCalledOnce();
  }
  await Promise.resolve();
  expect(vi.isMockFunction(console.info)).toBe(false);
  const { log } = console;
  await using late = { async [Symbol.asyncDispose]() { log("late"); } };
});
it.concurrent("fails", async () => {
  await Promise.resolve();
  const deep = async () => {
    await Promise.resolve();
    throw new Error("deep");
  };
  await deep();
});
""")
    out = run(t, "a.test.ts", code=1).out
    assert_in("1 passed, 1 failed", out)
    assert_in("a.test.ts:18:15: deep\n", out)
    for helper in ("fulfilled", "__async", "step"):
        assert_not_in(helper, out)


@test
def what_a_failing_test_printed_is_shown(t):
    write(t, "a.test.ts", 'it("prints", () => { console.log("one", 2); console.warn("mind"); expect(1).toBe(2); });\n')
    done = run(t, "a.test.ts", code=1)
    assert_in("it printed:\n      one 2\n      warn: mind\n", done.out)


@test
def a_test_that_should_fail_and_passes(t):
    write(t, "a.test.ts", 'it.fails("passes", () => {});\n')
    assert_in("a.test.ts:2: it was expected to fail (it.fails), and passed\n", run(t, "a.test.ts", code=1).out)


# ---- which tests run ----


@test
def filters_lists_and_only(t):
    write(t, "a.test.ts", 'describe("outer", () => { it("one", () => {}); it("two", () => { throw new Error("not asked for"); }); });\n')
    assert_equal(run(t, "--list", "a.test.ts", code=0).out, "a.test.ts:2: outer > one\na.test.ts:2: outer > two\n")
    assert_equal(Summary(run(t, "--filter", "outer > one$", "a.test.ts", code=0)).counts, (1, 0))
    write(t, "b.test.ts", 'it.only("one", () => {});\nit("two", () => { throw new Error("not it"); });\n')
    assert_in("1 passed, 0 failed, 1 skipped", run(t, "b.test.ts", code=0).out)


@test
def bail_retry_and_repeat(t):
    write(t, "a.test.ts", 'it("one", () => {});\nit("two", () => expect(1).toBe(2));\nit("three", () => {});\n')
    assert_equal(Summary(run(t, "--bail", "a.test.ts", code=1)).counts, (1, 1))
    write(t, "b.test.ts", 'let n = 0;\nit("comes true", () => expect(++n).toBe(3));\n')
    done = run(t, "--retry", "2", "b.test.ts", code=0)
    assert_in("FLAKY b.test.ts:3: comes true", done.out)
    assert_in("1 passed, 0 failed, 1 flaky", done.out)
    assert_equal(run(t, "--retry", "1", "b.test.ts").code, 1)
    write(t, "c.test.ts", 'it("is so by chance", () => expect(Math.random()).toBeLessThan(0.5));\n')
    assert_in("seed-dependent", run(t, "--repeat", "20", "--seed", "1", "c.test.ts", code=1).out)


@test
def a_random_order_is_the_seeds(t):
    write(t, "a.test.ts", "".join('it("t%d", () => {});\n' % i for i in range(8)))

    def order(seed):
        run(t, "--order", "random", "--seed", seed, "--reporter", "tap=out.tap", "a.test.ts", code=0)
        return t.read("out.tap")

    assert_equal(order(1), order(1))


@test
def chance_is_the_seeds(t):
    write(t, "a.test.ts", 'it("draws", () => { expect([Math.random(), Math.random()]).toBe(0); });\n')
    first, again, other = (run(t, "--seed", seed, "a.test.ts", code=1).out.split("expected")[1].split("]")[0] for seed in (7, 7, 8))
    assert_equal(first, again)
    assert first != other
    write(t, "b.test.ts", 'it("steady", () => {});\n')
    assert_equal(Summary(run(t, "--check-determinism", "b.test.ts", code=0)).counts, (1, 0))


@test
def parts_of_the_files(t):
    for name in "abcd":
        t.write("%s.test.ts" % name, OK)
    parts = [Summary(run(t, "--shard", "%d/2" % i, ".", code=0)).passed for i in (1, 2)]
    assert_equal(sum(parts), 4)


@test
def reports(t):
    write(t, "a.test.ts", 'describe("group", () => { it("holds", () => {}); it.skip("not", () => {}); it("fails", () => expect(1).toBe(2)); });\n')
    run(t, "a.test.ts", "--reporter", "tap=out.tap", "--reporter", "junit=out.xml", "--reporter", "json=out.json", code=1)
    assert_matches(r"^\s*not ok \d+ - .*fails", t.read("out.tap"))
    assert_in("expected 1 to be 2", t.read("out.xml"))
    tests = json.loads(t.read("out.json"))["files"][0]["tests"]
    assert_equal(sorted(one["status"] for one in tests), ["failed", "passed", "skipped"])


# ---- snapshots ----

SNAPSHOTS = """it("values", () => { expect({ a: 1 }).toMatchSnapshot(); expect("second").toMatchSnapshot("named"); });
it("inline", () => { expect({ a: 1 }).toMatchInlineSnapshot(); });
it("files", async () => { await expect("content\\n").toMatchFileSnapshot("out/file.txt"); });
it("errors", () => expect(() => { throw new Error("boom"); }).toThrowErrorMatchingSnapshot());
"""


@test
def snapshots_are_written_compared_and_updated(t):
    write(t, "a.test.ts", SNAPSHOTS)
    file = "__snapshots__/a.test.ts.snap"
    run(t, "a.test.ts", code=0)
    assert_in("exports[`values > named 1`] = `\"second\"`;\n", t.read(file))
    assert_in("exports[`errors 1`] = `[Error: boom]`;\n", t.read(file))
    assert_equal(t.read("out/file.txt"), "content\n")
    assert_in("toMatchInlineSnapshot(`\n", t.read("a.test.ts"))
    before = t.read(file), t.read("a.test.ts")
    run(t, "a.test.ts", code=0)
    assert_equal((t.read(file), t.read("a.test.ts")), before)
    t.write("a.test.ts", t.read("a.test.ts").replace("second", "changed").replace("content", "other"))
    done = run(t, "a.test.ts", code=1)
    assert_in("Snapshot `values > named 1` mismatched", done.out)
    assert_in("    - content\n    + other\n", done.out)
    assert_equal(t.read(file), before[0])
    run(t, "--update", "a.test.ts", code=0)
    assert_in('"changed"', t.read(file))
    assert_equal(t.read("out/file.txt"), "other\n")


@test
def inline_snapshots_keep_the_ends_of_lines(t):
    body = IT + 'it("holds", () => {\n  expect({ a: 1 }).toMatchInlineSnapshot();\n});\n'
    with open(t.path("a.test.ts"), "w", newline="\r\n") as file:
        file.write(body)
    for _ in range(2):
        run(t, "a.test.ts", code=0)
        with open(t.path("a.test.ts"), newline="") as file:
            text = file.read()
        assert_in('toMatchInlineSnapshot(`\r\n    {\r\n      "a": 1,\r\n', text)
        assert_equal(text.count("\n"), text.count("\r\n"))


@test
def obsolete_snapshots_go_with_an_update(t):
    write(t, "a.test.ts", 'it("one", () => expect(1).toMatchSnapshot());\nit("two", () => expect(2).toMatchSnapshot());\n')
    run(t, "a.test.ts", code=0)
    write(t, "a.test.ts", 'it("one", () => expect(1).toMatchSnapshot());\n')
    done = run(t, "a.test.ts", "--reporter", "pretty", "--reporter", "json=out.json", code=0)
    assert_in("snapshots: 1 obsolete; no test asks for these, and --update removes them:\n    a.test.ts: two 1\n1 passed", done.out)
    assert_equal(json.loads(t.read("out.json"))["snapshots"],
                 {"written": 0, "updated": 0, "removed": 0, "obsolete": [{"file": "a.test.ts", "name": "two 1"}]})
    assert_in("exports[`two 1`]", t.read("__snapshots__/a.test.ts.snap"))
    done = run(t, "a.test.ts", env={"CI": "1"}, code=2)
    assert_in("Obsolete snapshots found when no snapshot update is expected.", done.out)
    assert_in("snapshots: 1 removed\n", run(t, "-u", "a.test.ts", code=0).out)
    assert_not_in("exports[`two 1`]", t.read("__snapshots__/a.test.ts.snap"))
    assert_not_in("snapshots:", run(t, "a.test.ts", code=0).out)


@test
def snapshots_of_a_test_file_that_is_gone_are_obsolete(t):
    one = 'it("one", () => expect(1).toMatchSnapshot());\n'
    write(t, "a.test.ts", one)
    write(t, "deep/b.test.ts", one)
    run(t, code=0)
    os.remove(t.path("deep/b.test.ts"))
    t.write("deep/__snapshots__/note.snap", "of nobody's test\n")
    assert_in("snapshots: 1 obsolete; no test asks for these, and --update removes them:\n"
              "    deep/__snapshots__/b.test.ts.snap: all of it: its test file is gone\n1 passed", run(t, code=0).out)
    assert_not_in("snapshots:", run(t, "a.test.ts", code=0).out)
    assert_not_in("snapshots:", run(t, "--filter", "one", code=0).out)
    assert_in("BROKEN deep/__snapshots__/b.test.ts.snap\nthe test file of these snapshots is gone", run(t, env={"CI": "1"}, code=2).out)
    assert_in("snapshots: 1 removed\n", run(t, "-u", code=0).out)
    assert_equal(sorted(os.listdir(t.path("deep/__snapshots__"))), ["note.snap"])
    assert_not_in("snapshots:", run(t, code=0).out)


@test
def snapshots_of_tests_that_did_not_end_are_not_obsolete(t):
    def body(one):
        write(t, "a.test.ts", """it("long name of the first one", () => { %s; expect(1).toMatchSnapshot(); });
describe("group", () => { it("two", () => expect(2).toMatchSnapshot("with a name")); });
it("three", () => expect(3).toMatchSnapshot());
""" % one)

    body("")
    assert_in("snapshots: 3 written\n", run(t, "a.test.ts", code=0).out)
    whole = t.read("__snapshots__/a.test.ts.snap")
    for one, args in (('throw new Error("no")', ()), ('throw new Error("no")', ("--bail",)), ("for (;;) {}", ("--timeout", "1")),
                      ("", ("--filter", "two"))):
        body(one)
        for more in ((), ("-u",)):
            assert_not_in("snapshots:", run(t, "a.test.ts", *args, *more).out)
            assert_equal(t.read("__snapshots__/a.test.ts.snap"), whole)
    write(t, "a.test.ts", 'it("a", () => { throw new Error("no"); });\n')
    done = run(t, "a.test.ts", code=1)
    assert_in("snapshots: 3 obsolete", done.out)


@test
def in_ci_snapshots_must_be_there(t):
    write(t, "a.test.ts", 'it("one", () => expect(1).toMatchSnapshot());\n')
    run(t, "a.test.ts", env={"CI": "1"}, code=1)
    assert not os.path.exists(t.path("__snapshots__"))


# ---- files that are wrong ----


def broken(t, body, *words, others=1):
    """A file that cannot be run says why; the other one is run all the same."""
    t.write("a.test.ts", body)
    t.write("b.test.ts", OK)
    done = run(t, "a.test.ts", "b.test.ts", code=2)
    assert_in("%d passed, 0 failed, 1 file could not be run" % others, done.out)
    for one in words:
        assert_in(one, done.out)
    return done


@test
def a_syntax_error_is_shown_in_its_place(t):
    broken(t, IT + 'it("x", () => {\n  let = ;\n});\n', "a.test.ts:3:9: Unexpected \";\"\n")


@test
def a_missing_module_is_told_with_who_imports_it(t):
    t.write("helper.ts", 'import left from "left-pad-not";\nexport const helper = () => left;\n')
    done = broken(t, IT + 'import { helper } from "./helper";\nit("x", () => helper());\n',
                  'helper.ts:1:18: Could not resolve "left-pad-not"\n')
    assert_not_in("bundle", done.out)


@test
def what_is_thrown_at_the_top_breaks_the_file(t):
    broken(t, 'const place: string = "top";\nthrow new Error(`at the ${place}`);\n', "a.test.ts:2:11: at the top\n")


@test
def a_group_that_throws_breaks_the_file(t):
    broken(t, IT + 'describe("d", () => {\n  throw new Error("in a group");\n});\n', "a.test.ts:3:13: in a group\n")


@test
def an_endless_loop_at_the_top_is_stopped(t):
    t.write("a.test.ts", "for (;;) {}\n")
    t.write("b.test.ts", OK)
    done = run(t, "--timeout", "1", "a.test.ts", "b.test.ts", code=2)
    assert_in("1 passed, 0 failed, 1 file could not be run", done.out)
    assert_in("JavaScript ran for longer than 1 s without coming back, and was stopped (--timeout)", done.out)


@test
def what_the_top_waits_for_may_never_come(t):
    broken(t, "await new Promise(() => {});\n" + OK, "the tests wait for something that can never come")
    broken(t, "setInterval(() => {}, 1000);\nawait new Promise(() => {});\n" + OK, "the tests wait for something that can never come")


@test
def hooks_that_fail_fail_what_they_are_for(t):
    write(t, "a.test.ts", """describe("all", () => { beforeAll(() => { throw new Error("all fails"); }); it("a", () => {}); it("b", () => {}); });
describe("each", () => { beforeEach(() => { throw new Error("each fails"); }); it("c", () => {}); });
describe("slow", () => { beforeAll(() => new Promise(() => {}), 100); it("d", () => {}); });
describe("after", () => { afterAll(() => { throw new Error("afterwards"); }); it("e", () => {}); });
it("is fine", () => {});
""")
    done = run(t, "a.test.ts", code=1)
    assert_equal(Summary(done).counts, (2, 5))
    for words in ("all > a", "all > b", "each > c", "slow > d", "the hook waits for what never comes", "FAILED a.test.ts:5: after > (afterAll)",
                  "a.test.ts:5:54: afterwards",
                  "--filter '^a\\.test\\.ts: after > ' a.test.ts"):
        assert_in(words, done.out)
    assert_equal(Summary(run(t, "--retry", "1", "--filter", "after > ", "a.test.ts", code=1)).counts, (1, 1))


@test
def snapshots_that_cannot_be_saved_are_a_failure(t):
    t.write("__snapshots__", "no folder")
    write(t, "a.test.ts", 'it("is kept", () => expect(1).toMatchSnapshot());\n')
    done = run(t, "a.test.ts", code=1, env={"CI": None})
    assert_equal(Summary(done).counts, (1, 1))
    assert_in("FAILED a.test.ts:1: (snapshots)", done.out)
    assert_in("cannot be written: ", done.out)
    assert_not_in("native code", done.out)


# ---- tests that are wrong ----


def one_fails(t, body, *words, args=()):
    """The test between two others fails, and they do not."""
    write(t, "a.test.ts", 'it("before", () => {});\n' + body + 'it("after", () => {});\n')
    done = run(t, *args, "a.test.ts", code=1)
    assert_equal(Summary(done).counts, (2, 1))
    for one in words:
        assert_in(one, done.out)
    return done


@test
def an_endless_loop_costs_one_test_and_is_found(t):
    one_fails(t, 'const spin = () => { for (;;) {} };\nit("loops", () => spin());\n',
              ": the test took longer than 1 s and was stopped (--timeout)\n", "    > 3 | const spin", "at a.test.ts:4:",
              args=("--timeout", "1"))


@test
def an_endless_loop_outside_of_tests_is_found(t):
    write(t, "a.test.ts", '(() => { for (;;); })();\nit("never", () => {});\n')
    write(t, "b.test.ts", 'it("others go on", () => {});\n')
    done = run(t, "--timeout", "1", "a.test.ts", "b.test.ts", code=2)
    assert_in("a.test.ts:2:2: JavaScript ran for longer than 1 s without coming back, and was stopped (--timeout)\n", done.out)
    assert_equal(Summary(done).counts, (1, 0))


@test
def an_endless_promise_costs_one_test_and_no_time(t):
    done = one_fails(t, 'it("waits", () => new Promise(() => {}));\n', "the test waits for what never comes: nothing is under way")
    assert_not_in("timed out", done.out)
    one_fails(t, 'it("waits", () => new Promise(() => setInterval(() => {}, 1000)));\n', "Test timed out in 60000ms")
    assert_between(0, Summary(done).milliseconds, 4000)


@test
def endless_microtasks_cost_one_test(t):
    one_fails(t, 'it("turns", async () => { for (;;) await null; });\n', "the test took longer than 1 s", args=("--timeout", "1"))


@test
def an_endless_recursion_costs_one_test(t):
    done = one_fails(t, 'it("deep", () => { const f = (): number => f() + 1; f(); });\n', "Maximum call stack size exceeded",
                     "… and ")
    assert_between(1, done.out.count("\n    at f "), 25)


@test
def a_process_is_not_ended_by_a_test(t):
    one_fails(t, 'it("exits", () => (globalThis as any).process.exit(3));\n', 'process.exit unexpectedly called with "3"')


@test
def what_a_test_does_to_the_language_stays_in_its_file(t):
    write(t, "a.test.ts", """it("breaks much", () => {
  (Object.prototype as any).extra = "everywhere";
  (globalThis as any).Date = class { static now() { return 1; } };
  (globalThis as any).setTimeout = () => { throw new Error("setTimeout"); };
  JSON.stringify = () => "nonsense";
});
it("is told of all the same", () => {});
""")
    t.write("b.test.ts", IT + """it("has a language of its own", () => {
  expect([1].map((n) => n + 1)).toEqual([2]);
  expect((({}) as any).extra).toBeUndefined();
  expect(new Date().getTime()).toBeGreaterThan(1000);
  expect(JSON.stringify({ a: 1 })).toBe('{"a":1}');
});
""")
    done = run(t, "--jobs", "1", "a.test.ts", "b.test.ts", code=0)
    assert_equal(Summary(done).counts, (3, 0))
    write(t, "a.test.ts", 'it("breaks the runner", () => { Array.prototype.map = Promise.prototype.finally = () => { throw new Error("map"); }; });\n')
    done = run(t, "--jobs", "1", "a.test.ts", "b.test.ts", code=2)
    assert_in("1 file could not be run", done.out)
    assert_not_in("FAILED b.test.ts", done.out)


@test
def two_files_with_one_file_snapshot_both_write_it_whole(t):
    for name in "ab":
        write(t, name + ".test.ts", 'it("writes", async () => { await expect("the same text\\n".repeat(1000)).toMatchFileSnapshot("shared.txt"); });\n')
    run(t, "a.test.ts", "b.test.ts", code=0)
    assert_equal(t.read("shared.txt"), "the same text\n" * 1000)


# ---- what is kept of compiled files ----


def programs(t):
    return glob.glob(os.path.join(t.cache, "backlot/javascript/*.js"))


@test
def a_changed_import_is_compiled_anew(t):
    t.fresh_cache()
    t.write("x.ts", "export const x = 1;\n")
    write(t, "a.test.ts", 'import { x } from "./x";\nit("one", () => expect(x).toBe(1));\n')
    run(t, "a.test.ts", code=0)
    run(t, "a.test.ts", code=0)
    t.write("x.ts", "export const x = 20;\n")
    assert_in("expected 20 to be 1", run(t, "a.test.ts", code=1).out)


@test
def programs_that_are_damaged_are_made_anew(t):
    t.fresh_cache()
    t.write("a.test.ts", OK)
    run(t, "a.test.ts", code=0)
    [path] = programs(t)
    with open(path, "rb") as f:
        whole = f.read()
    for damaged in (b"", b"nonsense", whole[:40], whole[:-30], whole[: len(whole) // 2], b"\0" * len(whole),
                    whole.replace(b'"code":[', b'"code":[9'), whole.replace(b'"modules"', b'"modulex"'),
                    whole.replace(b'"entry":0', b'"entry":7')):
        with open(path, "wb") as f:
            f.write(damaged)
        done = run(t, "a.test.ts")
        assert_equal((done.code, Summary(done).counts if done.code == 0 else done.output), (0, (1, 0)))


@test
def without_a_cache_that_can_be_written_tests_run_all_the_same(t):
    t.write("blocked", "a file where the folder should be")
    t.write("a.test.ts", OK)
    assert_equal(Summary(run(t, "a.test.ts", env={"XDG_CACHE_HOME": t.path("blocked")}, code=0)).counts, (1, 0))


@test
def where_nothing_can_be_written_compiled_tests_are_kept_elsewhere(t):
    t.write("a.test.ts", OK)
    for folder in ("/proc/nope", "/dev/full"):
        done = run(t, "a.test.ts", env={"XDG_CACHE_HOME": folder}, code=0)
        assert_equal(Summary(done).counts, (1, 0))


@test
def on_a_full_disk_compiled_tests_are_kept_elsewhere(t):
    t.write("a.test.ts", OK + 'globalThis.much = "%s";\n' % ("x" * 40000))
    t.write("small/keep", "")
    if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20k", "tmpfs", t.path("small")],
                                          capture_output=True).returncode:
        t.skip("it takes the right to mount a file system", optional=True)
    try:
        done = run(t, "a.test.ts", env={"XDG_CACHE_HOME": t.path("small")}, code=0)
        assert_equal(Summary(done).counts, (1, 0))
        assert_in("compiled JavaScript is kept in /tmp/backlot-", done.output)
        assert_in("No space left on device", done.output)
        left = [name for _, _, names in os.walk(t.path("small")) for name in names if ".js." in name]
        assert_equal(left, [])
    finally:
        subprocess.run(["umount", t.path("small")], check=True)


@test
def without_esbuild_it_is_said_what_is_missing(t):
    t.fresh_cache()
    t.write("a.test.ts", OK)
    done = run(t, "a.test.ts", env={"BACKLOT_ESBUILD": "/nowhere/esbuild"}, code=2)
    assert_in("/nowhere/esbuild cannot be run: No such file or directory", done.out)
