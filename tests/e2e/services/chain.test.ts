// SPDX-License-Identifier: Apache-2.0
// Services that ask each other: this project's is a gateway (rust-proxy-log, backend `origin`); ../cache sends all on to its
// `origin` through its cache (rust-cache-proxy), ../shop is the example shop, which asks `catalog`.
import { beforeAll, cache, client, clock, config, describe, expect, it, kv, origin, service, services } from "backlot:test";

const shop = services.open("../shop");
const proxy = services.open("../cache/bin/main.wasm");
const text = async (url: string, init = {}) => (await service.fetch(url, init)).text();

it("answers with what another service does, in its own world", async () => {
  origin("origin").service("../shop").expect(1);
  const response = await service.fetch("/");
  expect(await response.text()).toContain("Free shipping this week");
  expect(response.logs("access").json()).toEqual([{ method: "GET", path: "/", status: 200 }]);

  expect(shop.calls).toHaveLength(1);
  const { method, path, response: answered } = shop.calls[0]!;
  expect([method, path, answered.status]).toEqual(["GET", "/", 200]);
  expect(await answered.text()).toContain("Free shipping this week");
  expect(answered.logs("access").json()).toEqual([{ method: "GET", path: "/", status: 200, cart: null }]);
  expect(answered.trace.map((event) => event.type)).toContain("config-get");
  expect(answered.timing).toMatchObject({ outcome: "ok", subrequests: 0 });
  await answered.done();
  expect(response.trace.map((event) => event.type)).not.toContain("config-get");
});

describe("with stores of its own", () => {
  beforeAll(() => {
    origin("origin").service(shop);
    shop.config("settings").set("banner", "Of the group");
  });

  it("reads what a test writes for it", async () => {
    expect(await text("/")).toContain("Of the group");
    shop.config("settings").set("banner", "Of the test").set({ currency: "USD" });
    expect(await text("/")).toContain("Of the group"); // the gateway has cached it
    cache.clear();
    expect(await text("/")).toContain("Of the test");
    expect(shop.config("settings").entries()).toMatchObject({ banner: "Of the test", currency: "USD" });
    expect(config.names()).toEqual([]);
    expect(() => config("settings").get("banner")).toThrow('there is no config store "settings"');
  });

  it("and nothing of another test", async () => expect(await text("/")).toContain("Of the group"));

  it("writes what a test reads, bodies going along", async () => {
    const body = JSON.stringify({ product: "mug", quantity: 2 });
    expect(JSON.parse(await text("/cart/ada", { method: "POST", body }))).toEqual({ id: "ada", items: [{ product: "mug", quantity: 2 }] });
    expect(shop.kv("carts").json("ada")).toEqual({ items: [{ product: "mug", quantity: 2 }] });
    expect(await shop.calls[0]!.request.text()).toBe(body);
    kv("carts").create();
    expect([kv("carts").list(), shop.kv("carts").list(), shop.kv.names()]).toEqual([[], ["ada"], ["carts"]]);
  });
});

it("forgets them behind the group", async () => {
  expect(shop.config("settings").get("banner")).toContain("Free shipping this week");
  expect(shop.calls).toEqual([]);
});

it("is one of several, whose backends may have one name", async () => {
  origin("origin").service(proxy);
  proxy.origin("origin").service(shop);
  const catalog = shop.origin("catalog").get("/products/*").respond({ json: { name: "Mug", prices: { EUR: 1250 } } }, { status: 404 });
  expect(JSON.parse(await text("/products/mug"))).toMatchObject({ name: "Mug", price: { amount: 1250 } });
  expect((await service.fetch("/products/none")).status).toBe(404);
  expect(catalog.calls.map((call) => call.path)).toEqual(["/products/mug", "/products/none"]);
  expect([proxy.calls.length, shop.calls.length]).toEqual([2, 2]);
});

it("has a cache of its own, on the same clock", async () => {
  origin("origin").service(proxy);
  const asked = proxy.origin("origin").respond({ body: "v1", headers: { "cache-control": "max-age=60" } }, { body: "v2" });
  const before = cache.list().length;
  expect([await text("/page"), await text("/page")]).toEqual(["v1", "v1"]);
  expect(proxy.cache.list()).toHaveLength(1);
  expect(proxy.cache.list()[0]!.text()).toBe("v1");
  proxy.cache.list()[0]!.makeOlder("30s");
  await clock.advance("29s");
  expect(proxy.cache.list()[0]).toMatchObject({ state: "fresh", age: 59_000 });
  await clock.advance("1s");
  expect(proxy.cache.list()[0]!.state).toBe("expired");
  await proxy.cache.insert("key", "value", { ttl: "1m" });
  expect([proxy.cache.get("key")!.text(), cache.get("key"), proxy.cache.delete("key")]).toEqual(["value", undefined, 1]);
  expect([asked.calls.length, before]).toEqual([1, 0]);
});

it("can be asked itself, and has facts, limits and backends", async () => {
  shop.client.set({ ip: "192.0.2.1" });
  expect(await (await shop.fetch("/")).text()).toContain("Free shipping this week");
  expect([shop.client.all(), client.all()]).toEqual([{ ip: "192.0.2.1" }, {}]);
  expect(shop.backends.names()).toEqual(["catalog", "checkout"]);
  shop.limits.set({ subrequests: 0 });
  expect((await shop.fetch("/products/mug")).limits).toMatchObject([{ name: "subrequests" }]);
  expect(shop.calls).toEqual([]); // those are what services have asked
});

it("is the same whatever its path is called, and this one is one, too", async () => {
  expect(services.open("../shop/bin/../bin/main.wasm")).toBe(shop);
  origin("origin").respond("from this one's origin");
  expect(await (await services.open(".").fetch("/")).text()).toBe("from this one's origin");
});

it("is said when it is not there", () => {
  expect(() => services.open("../nowhere")).toThrow(/nowhere: no service is there; write the path of compiled code, or of a project.s folder/);
  expect(() => services.open("../unbuilt")).toThrow(/unbuilt\/fastly.toml: the compiled service is not there; `fastly compute build` makes .*unbuilt\/bin\/main.wasm/);
  expect(() => services.open("../broken")).toThrow(/broken/);
  expect(() => services.open("")).toThrow("takes the path of a service");
  expect(() => origin("origin").service(7 as never)).toThrow();
});
