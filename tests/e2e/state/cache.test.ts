// SPDX-License-Identifier: Apache-2.0
// The cache, over the guest rust-cache-proxy: the service sends every request on to `origin`, through the cache.
import { cache, clock, expect, origin, service, test } from "backlot:test";

const ask = async (path: string, headers = {}) => (await service.fetch(`http://origin.example${path}`, { headers })).text();

test("what the service cached is there, as what it is", async () => {
  const asked = origin("origin").respond({ body: "v1", headers: { "cache-control": "max-age=60", "surrogate-key": "a b", "x-kept": "yes" } });
  expect(cache.list()).toEqual([]);
  expect(await ask("/page")).toBe("v1");
  expect(await ask("/page")).toBe("v1");
  expect(asked.calls).toHaveLength(1);
  const entry = cache.list()[0]!;
  expect(cache.list()).toHaveLength(1);
  expect(entry).toMatchObject({ status: 200, state: "fresh", age: 0, ttl: 60_000, hits: 1, surrogateKeys: ["a", "b"], complete: true, pass: false });
  expect(entry.url).toContain("/page");
  expect(entry.headers!.get("x-kept")).toBe("yes");
  expect(entry.text()).toBe("v1");
  expect([...entry.bytes()]).toEqual([118, 49]);
  expect(cache.get(entry.url!)!.text()).toBe("v1");
});

test("objects age, and with the clock, too", async () => {
  const asked = origin("origin").respond({ body: "v1", headers: { "cache-control": "max-age=60" } }, { body: "v2" });
  await ask("/page");
  expect(cache.age("59s")).toBe(1);
  expect(await ask("/page")).toBe("v1");
  await clock.advance("1s");
  expect(cache.list()[0]).toMatchObject({ state: "expired", age: 60_000 });
  expect(await ask("/page")).toBe("v2");
  expect(asked.calls).toHaveLength(2);
});

test("objects are purged by surrogate key, softly, by URL, and all together", async () => {
  const answers = ["v1", "v2", "v3", "v4", "v5"].map((body) => ({ body, headers: { "cache-control": "max-age=60, stale-while-revalidate=60", "surrogate-key": "k" } }));
  origin("origin").respond(...answers);
  expect(await ask("/")).toBe("v1");
  expect(cache.purge("other")).toBe(0);
  expect(await ask("/")).toBe("v1");
  expect(cache.purge("k")).toBe(1);
  expect(await ask("/")).toBe("v2");
  expect(cache.purge("k", { soft: true })).toBe(1);
  expect(cache.list()[0]).toMatchObject({ purged: true, state: "stale" });
  expect(await ask("/")).toBe("v2");
  await clock.advance("1ms"); // it is renewed behind the response
  expect(await ask("/")).toBe("v3");
  expect(cache.delete(cache.list()[0]!.url!)).toBe(1);
  expect(await ask("/")).toBe("v4");
  expect(cache.clear()).toBe(1);
  expect(await ask("/")).toBe("v5");
});

test("what a test inserts is what the service finds", async () => {
  origin("origin").respond("from the origin").expect(1);
  await ask("/page");
  const url = cache.list()[0]?.url ?? "http://origin.example/page";
  cache.clear();
  await cache.insert(url, new Response("planted", { headers: { "cache-control": "max-age=10" } }));
  expect(await ask("/page")).toBe("planted");
});

test("variants are apart", async () => {
  origin("origin").handle((request) => new Response(request.headers.get("accept-language"), { headers: { vary: "Accept-Language", "cache-control": "max-age=60" } }));
  expect(await ask("/", { "accept-language": "fr" })).toBe("fr");
  expect(await ask("/", { "accept-language": "nb" })).toBe("nb");
  expect(cache.list().map((entry) => entry.text()).sort()).toEqual(["fr", "nb"]);
  expect(cache.list()[0]!.vary).toEqual(["accept-language"]);
});

test("objects of the core cache", async () => {
  await cache.insert("greeting", "hello", { ttl: "1m", surrogateKeys: ["a", "b"], metadata: "m", staleWhileRevalidate: "1m" });
  const entry = cache.get("greeting")!;
  expect(entry).toMatchObject({ key: "greeting", state: "fresh", age: 0, ttl: 60_000, surrogateKeys: ["a", "b"], metadata: "m", length: 5 });
  expect(entry.url).toBe(undefined);
  expect(entry.text()).toBe("hello");
  entry.makeOlder("61s");
  expect(cache.get("greeting")).toMatchObject({ state: "stale", age: 61_000 });
  cache.age("60s", "greeting");
  expect(cache.get("greeting")).toMatchObject({ state: "expired" });
  expect(cache.purge("b")).toBe(1);
  expect(cache.get("greeting")).toBe(undefined);
});

test("what cannot be done is said", async () => {
  const url = "http://origin.example/";
  await expect(cache.insert(url, new Response("x", { headers: { "cache-control": "no-store" } }))).rejects.toThrow("not to be cached");
  await expect(cache.insert("key", "value")).rejects.toThrow("needs a ttl");
  await expect(cache.insert("key", "value", { ttl: "soon" })).rejects.toThrow('"soon" is no duration');
  await expect(cache.insert("key", "value", { ttl: 1, vary: "a  b" })).rejects.toThrow("no header names");
  expect(() => cache.purge("")).toThrow("no surrogate key");
  expect(cache.list()).toEqual([]);
});
