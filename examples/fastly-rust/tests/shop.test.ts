// SPDX-License-Identifier: Apache-2.0
// The shop, whole. The same tests hold for it in Rust and in JavaScript: they know nothing but its requests.

import { beforeEach, clock, config, describe, expect, it, kv, origin, service } from "backlot:test";

const mug = { name: "Mug", prices: { EUR: 1250, NOK: 14900 } };
const put = (cart: string, product: string, quantity: number) =>
  service.fetch(`/cart/${cart}`, { method: "POST", body: JSON.stringify({ product, quantity }) });

describe("the home page", () => {
  it("shows the banner that is set", async () => {
    config("settings").set("banner", "Buy <two>");
    const response = await service.fetch("/");
    expect(response.headers.get("content-type")).toContain("text/html");
    expect(await response.text()).toContain("Buy &lt;two&gt;");
  });

  it("logs one line of JSON", async () => {
    const response = await service.fetch("/");
    expect(response.logs("access").json()).toEqual([{ method: "GET", path: "/", status: 200, cart: null }]);
  });

  it("is closed for maintenance", async () => {
    config("settings").set("maintenance", "true");
    const response = await service.fetch("/");
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "120"]);
  });
});

describe("a product", () => {
  it.each([["EUR", 1250], ["NOK", 14900]])("costs so much in %s", async (currency, amount) => {
    config("settings").set("currency", currency);
    const catalog = origin("catalog").respond({ json: mug }).expect(1);
    const response = await service.fetch("/products/mug");
    expect(await response.json()).toEqual({ id: "mug", name: "Mug", price: { currency, amount } });
    expect(catalog.calls[0]!.path).toBe("/products/mug");
  });

  it.each(["refuse", "dns", "tls", "timeout"] as const)("is unavailable when the catalog fails: %s", async (fault) => {
    origin("catalog").fail(fault);
    expect((await service.fetch("/products/mug")).status).toBe(502);
  });

  it("is unavailable when the catalog stops in the middle", async () => {
    origin("catalog").respond({ json: mug, after: 10, then: "reset" });
    expect((await service.fetch("/products/mug")).status).toBe(502);
  });

  it("is awaited for as long as it takes, in no time", async () => {
    origin("catalog").respond({ json: mug, delay: "10s" });
    const before = clock.now();
    expect((await service.fetch("/products/mug")).status).toBe(200);
    expect(clock.now() - before).toBeGreaterThanOrEqual(10_000);
  });
});

describe("a cart", () => {
  beforeEach(() => void origin("checkout").handle(async (request) => {
    const { cart, items } = (await request.json()) as { cart: string; items: unknown[] };
    return Response.json({ order: `${cart}-${items.length}` }, { status: 201 });
  }));

  it("is kept from request to request, in the KV store", async () => {
    await put("ada", "mug", 2);
    await put("ada", "mug", 1);
    expect(await (await service.fetch("/cart/ada")).json()).toEqual({ id: "ada", items: [{ product: "mug", quantity: 3 }] });
    expect(kv("carts").list()).toEqual(["ada"]);
  });

  it("is empty in the next test", async () => {
    expect(await (await service.fetch("/cart/ada")).json()).toEqual({ id: "ada", items: [] });
  });

  it("becomes an order", async () => {
    await put("ada", "mug", 2);
    const response = await service.fetch("/checkout/ada", { method: "POST" });
    expect([response.status, await response.json()]).toEqual([201, { order: "ada-1" }]);
    expect(kv("carts").has("ada")).toBe(false);
  });

  it("stays when the checkout fails", async () => {
    origin("checkout").fail("refuse");
    await put("ada", "mug", 2);
    expect((await service.fetch("/checkout/ada", { method: "POST" })).status).toBe(502);
    expect(kv("carts").json("ada")).toEqual({ items: [{ product: "mug", quantity: 2 }] });
  });

  it.each([["text", "text"], ["nothing", "{}"], ["too many", '{"product":"mug","quantity":100}']])("refuses %s", async (_, body) => {
    expect((await service.fetch("/cart/ada", { method: "POST", body })).status).toBe(400);
  });
});
