// What the SDK's documentation promises of the core cache and the simple one: `/core-cache/CHECK`, `/simple-cache/CHECK`.

import { CacheEntry, CoreCache, SimpleCache, TransactionCacheEntry } from "fastly:cache";
import { purgeSurrogateKey } from "fastly:compute";
import { check, checkEqual, checkThrows, ok } from "../support.js";

const minute = 60_000;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const read = (stream) => new Response(stream).text();

function fill(body, text) {
  body.append(text);
  body.close();
}

const put = (key, text, options) => fill(CoreCache.insert(key, { maxAge: minute, ...options }), text);

const core = {
  async keys() {
    const longest = "k".repeat(8135);
    put(longest, "x");
    check(CoreCache.lookup(longest) instanceof CacheEntry, "a key of 8135 characters is not found");
    for (const key of ["", "k".repeat(8136), Symbol()]) await checkThrows("a bad key", () => CoreCache.lookup(key));
    checkEqual("what is not there", CoreCache.lookup("nothing"), null);
  },

  async metadata() {
    put("m", "hello", { initialAge: 10_000, staleWhileRevalidate: 5000, userMetadata: "mine", sensitive: true });
    await sleep(2000);
    const entry = CoreCache.lookup("m");
    checkEqual("maxAge", entry.maxAge(), minute);
    checkEqual("age", Math.floor(entry.age() / 1000), 12);
    checkEqual("swr", entry.staleWhileRevalidate(), 5000);
    checkEqual("length", entry.length(), 5);
    checkEqual("metadata", new TextDecoder().decode(entry.userMetadata()), "mine");
    checkEqual("hits", entry.hits(), 1);
    const state = entry.state();
    checkEqual("state", [state.found(), state.usable(), state.stale(), state.mustInsertOrUpdate()], [true, true, false, false]);
    checkEqual("body", await read(entry.body()), "hello");
  },

  async stale() {
    put("s", "x", { maxAge: 3000, staleWhileRevalidate: 3000 });
    put("short", "x", { maxAge: 3000 });
    await sleep(4000);
    const state = CoreCache.lookup("s").state();
    checkEqual("state", [state.found(), state.usable(), state.stale()], [true, true, true]);
    checkEqual("what has no stale time", CoreCache.lookup("short"), null);
    await sleep(2000);
    checkEqual("what is past all use", CoreCache.lookup("s"), null);
  },

  async vary() {
    for (const tongue of ["fr", "de"]) put("v", tongue, { vary: ["accept-language"], headers: { "accept-language": tongue } });
    for (const tongue of ["fr", "de"]) {
      checkEqual("body", await read(CoreCache.lookup("v", { headers: { "Accept-Language": tongue } }).body()), tongue);
    }
    checkEqual("another language", CoreCache.lookup("v", { headers: { "accept-language": "en" } }), null);
  },

  async streams() {
    const writer = CoreCache.insert("st", { maxAge: minute });
    const entry = CoreCache.lookup("st");
    checkEqual("the length of what comes", entry.length(), null);
    const stream = entry.body();
    await checkThrows("a second stream", () => entry.body());
    fill(writer, "whole");
    checkEqual("body", await read(stream), "whole");
    checkEqual("a part", await read(CoreCache.lookup("st").body({ start: 1, end: 3 })), "hol");
    const promised = CoreCache.insert("pr", { maxAge: minute, length: 5 });
    checkEqual("the promised length", CoreCache.lookup("pr").length(), 5);
    fill(promised, "hello");
  },

  async purging() {
    put("p1", "x", { surrogateKeys: ["one", "both", "caf\u00e9"] });
    put("p2", "x", { surrogateKeys: ["two", "both"] });
    purgeSurrogateKey("one");
    checkEqual("what was purged", CoreCache.lookup("p1"), null);
    checkEqual("what was not", CoreCache.lookup("p2").state().stale(), false);
    purgeSurrogateKey("both", true);
    checkEqual("softly", CoreCache.lookup("p2").state().stale(), true);
  },

  async collapsing() {
    const leader = CoreCache.transactionLookup("c");
    check(leader instanceof TransactionCacheEntry, "not a transaction");
    check(leader.state().mustInsertOrUpdate() && !leader.state().found(), "the first is not to insert");
    const pending = CoreCache.transactionLookupAsync("c");
    checkEqual("the second waits", pending.pending(), true);
    const [writer, back] = leader.insertAndStreamBack({ maxAge: minute });
    checkEqual("for metadata alone", pending.pending(), false);
    const second = await pending.wait();
    await checkThrows("waiting twice", () => pending.wait());
    checkEqual("the second is not to insert", second.state().mustInsertOrUpdate(), false);
    await checkThrows("inserting what is not owed", () => second.insert({ maxAge: minute }));
    fill(writer, "once");
    checkEqual("the first", await read(back.body()), "once");
    checkEqual("the second", await read(second.body()), "once");
  },

  async cancelling() {
    const leader = CoreCache.transactionLookup("x");
    const next = CoreCache.transactionLookupAsync("x");
    await checkThrows("a time-out", () => CoreCache.transactionLookupAsync("x").wait(2000));
    leader.cancel();
    checkEqual("the next is obliged", (await next.wait()).state().mustInsertOrUpdate(), true);
  },

  async renewing() {
    put("r", "body", { maxAge: 3000, staleWhileRevalidate: minute, userMetadata: "old" });
    await sleep(4000);
    const [one, other] = [CoreCache.transactionLookup("r"), CoreCache.transactionLookup("r")];
    checkEqual("one is obliged", [one, other].map((t) => t.state().mustInsertOrUpdate()), [true, false]);
    checkEqual("both have it", [one, other].map((t) => t.state().usable() && t.state().stale()), [true, true]);
    one.update({ maxAge: minute });
    const fresh = CoreCache.lookup("r");
    checkEqual("it is fresh", [fresh.state().stale(), Math.floor(fresh.age())], [false, 0]);
    checkEqual("metadata that was not said again", fresh.userMetadata().byteLength, 0);
    checkEqual("its body", await read(fresh.body()), "body");
  },
};

const simple = {
  async setting() {
    checkEqual("before", SimpleCache.get("s"), null);
    let runs = 0;
    const set = async () => SimpleCache.getOrSet("s", async () => ({ value: `${++runs}`, ttl: 60 }));
    checkEqual("first", await (await set()).text(), "1");
    checkEqual("again", await (await set()).text(), "1");
    const entry = SimpleCache.get("s");
    checkEqual("unread", entry.bodyUsed, false);
    checkEqual("got", await entry.text(), "1");
    checkEqual("read", entry.bodyUsed, true);
    await sleep(minute);
    checkEqual("after its time", SimpleCache.get("s"), null);
    checkEqual("set again", await (await set()).text(), "2");
  },

  async values() {
    const make = (key, value) => SimpleCache.getOrSet(key, async () => ({ value, ttl: 60 }));
    checkEqual("JSON", await (await make("j", '{"a":1}')).json(), { a: 1 });
    checkEqual("bytes", (await (await make("b", new Uint8Array(3))).arrayBuffer()).byteLength, 3);
    await checkThrows("an error", () => SimpleCache.getOrSet("e", () => Promise.reject(new Error("no"))));
    checkEqual("after an error", SimpleCache.get("e"), null);
    checkEqual("set after it", await (await make("e", "x")).text(), "x");
    for (const ttl of [-1, NaN, Infinity]) {
      await checkThrows("a bad ttl", () => SimpleCache.getOrSet(`ttl ${ttl}`, async () => ({ value: "x", ttl })));
    }
  },

  async purging() {
    for (const scope of ["pop", "global"]) {
      await SimpleCache.getOrSet("p", async () => ({ value: "x", ttl: 60 }));
      SimpleCache.purge("p", { scope });
      checkEqual(scope, SimpleCache.get("p"), null);
    }
  },

  async "with-the-core"() {
    put("by core", "x");
    checkEqual("what the core has stored", await SimpleCache.get("by core").text(), "x");
  },
};

const family = (checks) => async (event, url) => {
  const name = url.pathname.split("/")[2];
  check(Object.hasOwn(checks, name), `there is no check ${name}`);
  await checks[name]();
  return ok(name);
};

export const routes = { "core-cache": family(core), "simple-cache": family(simple) };
