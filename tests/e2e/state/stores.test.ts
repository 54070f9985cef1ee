// SPDX-License-Identifier: Apache-2.0
// What a test writes is what the service reads, and the other way round: over the guest rust-abi, without a manifest.
import { acl, clock, config, device, dictionary, expect, geo, kv, penalty, rate, secret, service, test } from "backlot:test";

const text = async (url: string) => { const r = await service.fetch(url); const t = await r.text(); return `${r.status} ${t}`; };

test("kv: what a test wrote is what the service reads, and the other way round", async () => {
  expect(() => kv("things").get("a")).toThrow('there is no KV store "things"');
  const first = kv("things").set("existing", "old value", { metadata: "m", ttl: "1h" });
  expect(kv("things").entry("existing")).toEqual({ value: "old value", metadata: "m", generation: first, ttl: 3600000 });
  expect(await text("/kv-store")).toMatch(/^200 ok/);
  expect(kv("things").get("abi/modes")).toBe("newer");
  expect(kv("things").list("abi/list/")).toEqual([0, 1, 2, 3, 4].map((n) => `abi/list/${n}`));
  await clock.advance("59m");
  expect(kv("things").has("existing")).toBe(true);
  await clock.advance("1m");
  expect(kv("things").get("existing")).toBe(null);
  expect(kv("things").delete("abi/modes")).toBe(true);
  expect(kv("things").delete("abi/modes")).toBe(false);
  kv("things").set("j", { a: 1 });
  expect(kv("things").json("j")).toEqual({ a: 1 });
  kv("things").set("b", new Uint8Array([0, 255]));
  expect([...kv("things").bytes("b")!]).toEqual([0, 255]);
  expect(() => kv("things").set("j", "x", { mode: "add" })).toThrow("it is there already");
  expect(() => kv("things").set("", "x")).toThrow("is empty");
  expect(() => kv("things").set("j", "x", { ifGeneration: 7n })).toThrow("it has not the generation 7");
  kv("things").set("j", "x", { mode: "append" });
  kv("things").clear();
  expect(kv("things").list()).toEqual([]);
  kv("other").create();
  expect(kv.names()).toEqual(["other", "things"]);
  expect(() => kv("no").list()).toThrow('there is no KV store "no"; there are: "other", "things"');
});
test("config, acl, geo, device, secrets", async () => {
  expect(kv.names()).toEqual([]);
  config("config").set({ greeting: "hello", empty: "" }).set("x", "new");
  expect(await text("/config-store?key=x")).toContain('x: Some("new")');
  expect(dictionary("config").entries()).toEqual({ empty: "", greeting: "hello", x: "new" });
  expect(() => config("config").set("x", 5 as never)).toThrow('config().set("x"): values are text, not 5: write "5"');
  expect(() => kv("things").set("x", 5, { tll: 1 } as never)).toThrow('kv().set() has no "tll"; did you mean "ttl"?');
  config("config").delete("x");
  expect(await text("/config-store?key=x")).toContain("x: None");
  secret("secrets").set("token", "s3cr3t");
  expect(await text("/secret-store")).toMatch(/^200 ok/);
  acl("blocklist").set("192.0.2.1", "allow").set("192.0.2.0/24", "block").set("2001:db8::/32", "block");
  expect(await text("/acl?ip=192.0.2.77")).toContain("192.0.2.77: Block 192.0.2.0/24");
  expect(acl("blocklist").get("192.0.2.77")).toEqual({ prefix: "192.0.2.0/24", action: "block" });
  expect(() => acl("blocklist").get("x")).toThrow("'x' is not an IP address");
  expect(() => acl("blocklist").set("1.2.3.4/99", "block")).toThrow("1.2.3.4/99");
  expect(acl("blocklist").list().length).toBe(3);
  acl("blocklist").set("203.0.113.0/24", "block");
  expect(acl("blocklist").delete("203.0.113.0/24")).toBe(true);
  expect(acl("blocklist").get("203.0.113.4")).toBe(null);
  device.set("phone/2", { device: { name: "P2", is_mobile: true } });
  expect(await text("/device?ua=phone/2")).toContain("P2");
  expect(device.list()).toEqual(["phone/2"]);
  device.clear();
  expect(await text("/device?ua=phone/2")).toContain("none");
  geo.set("2001:0db8::1", { city: "X" });
  expect(await text("/geo?ip=2001:db8::1")).toContain("2001:db8::1: X");
  expect(geo.list()).toEqual(["2001:db8::1"]);
});
test("rates", async () => {
  rate("requests").add("client", 5);
  expect(await text("/rate?limit=5&window=10")).toContain("counts: 6 6 6 6 6 6");
  expect(rate("requests").count("client", 10)).toBe(6);
  expect(rate("requests").list()).toEqual(["client"]);
  expect(penalty("jail").has("client")).toBe(false);
  penalty("jail").add("client", "2m");
  expect(penalty("jail").left("client")).toBe(120000);
  expect(await text("/rate")).toContain("blocked: true");
  await clock.advance("2m");
  expect(penalty("jail").list()).toEqual([]);
  expect(rate("requests").list()).toEqual([]);
  expect(() => rate("requests").count("client", 7)).toThrow();
  penalty("jail").add("client", "2m");
  penalty("jail").clear();
  expect(penalty("jail").has("client")).toBe(false);
});
