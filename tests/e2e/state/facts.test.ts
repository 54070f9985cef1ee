// SPDX-License-Identifier: Apache-2.0
// What a test says of its whole frame: over the guest rust-abi, without a manifest.
import { beforeAll, client, describe, expect, fastlyKeys, inspect, limits, origin, products, service, test } from "backlot:test";

const text = async (url: string, init = {}) => (await service.fetch(url, init)).text();
const seen = async (init = {}) => JSON.parse(await text("/client", init)) as Record<string, unknown>;

describe("a browser behind a VPN", () => {
  beforeAll(() => {
    client.set({ ip: "2001:db8::7", region: "us", tls: { protocol: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256" } });
    client.set({ tls: { clientHello: "010203" }, "tls.ja3": "00112233445566778899aabbccddeeff", "tls.certificateVerdict": "certificate-expired", bot: { analyzed: true, detected: false }, visitsThisPop: 2 });
  });

  test("is what every request comes from", async () => {
    for (let i = 0; i < 2; i++)
      expect(await seen()).toMatchObject({
        client_ip: "2001:db8::7", tls_protocol: "TLSv1.3", tls_ja3_md5: "00112233445566778899aabbccddeeff", bot_analyzed: true, bot_detected: false,
        tls_verify_result: "CertificateExpired",
      });
    expect(client.all()).toEqual({
      ip: "2001:db8::7", region: "us", "tls.protocol": "TLSv1.3", "tls.cipher": "TLS_AES_128_GCM_SHA256", "tls.ja3": "00112233445566778899aabbccddeeff", "tls.clientHello": "010203",
      "tls.certificateVerdict": "certificate-expired", "bot.analyzed": "true", "bot.detected": "false", visitsThisPop: "2",
    });
  });

  test("but for what a request says itself", async () => {
    expect(await seen({ client: { ip: "192.0.2.1", tls: { protocol: "TLSv1.2" } } })).toMatchObject({
      client_ip: "192.0.2.1", tls_protocol: "TLSv1.2", tls_ja3_md5: "00112233445566778899aabbccddeeff",
    });
    expect(await seen()).toMatchObject({ client_ip: "2001:db8::7", tls_protocol: "TLSv1.3" });
  });
});

test("behind the group nobody is known", async () => {
  expect(await seen()).toMatchObject({ client_ip: "127.0.0.1", tls_protocol: null });
  expect(client.all()).toEqual({});
});

test("where it is, and what it browses with", async () => {
  const headers = { "user-agent": "browser/7" };
  client.set({ ip: "192.0.2.1", geo: { city: "Paris", country_code: "FR" }, device: { device: { name: "Teapot" } } });
  expect(await text("/geo")).toContain("192.0.2.1: Paris");
  expect(await text("/geo?ip=192.0.2.2")).toContain("192.0.2.2: none");
  expect(await text("/device?ua=browser/7", { headers })).toContain("Teapot");
  expect(await text("/device?ua=browser/8", { headers })).toContain("browser/8: none");
  expect(await text("/geo", { client: { geo: { city: "Rome" } } })).toContain("192.0.2.1: Rome");
  expect(await text("/geo", { client: { ip: "192.0.2.2" } })).not.toContain("Paris");
  expect(await text("/geo")).toContain("Paris");
});

test("the firewall's verdict", async () => {
  expect(await text("/inspect")).toContain("verdict: Allow");
  inspect.set({ verdict: "block", tags: ["SQLI", "XSS"], redirectUrl: "https://example.com/blocked", decisionMs: 7 });
  const told = await text("/inspect");
  for (const word of ["Block", "406", "SQLI", "XSS", "https://example.com/blocked"]) expect(told).toContain(word);
  expect(inspect.all()).toMatchObject({ verdict: "block", tags: "SQLI XSS" });
});

test("products", async () => {
  expect(await text("/runtime")).toContain("image optimizer: false\ndomain inspector: false");
  products.set({ imageOptimizer: true }).set({ domainInspector: true });
  expect(await text("/runtime")).toContain("image optimizer: true\ndomain inspector: true\norigin inspector: false");
});

test("API keys", async () => {
  const headers = { "fastly-key": "mine" };
  expect(await seen({ headers })).toMatchObject({ fastly_key_is_valid: false });
  fastlyKeys.add("mine", "other");
  expect(await seen({ headers })).toMatchObject({ fastly_key_is_valid: true });
  expect([fastlyKeys.list(), fastlyKeys.has("mine"), fastlyKeys.delete("mine"), fastlyKeys.delete("mine")]).toEqual([["mine", "other"], true, true, false]);
  expect(await seen({ headers })).toMatchObject({ fastly_key_is_valid: false });
  fastlyKeys.clear();
  expect(fastlyKeys.list()).toEqual([]);
});

test("limits end what exceeds them", async () => {
  origin("origin").respond("x");
  expect((await service.fetch("/send")).limits).toEqual([]);
  limits.set({ subrequests: 0, cpu: "20ms" });
  expect([limits.get("subrequests"), limits.get("cpu"), limits.get("body")]).toEqual([0, 20, Infinity]);
  const refused = await service.fetch("/send");
  expect(refused.status).toBe(500);
  expect(refused.limits).toEqual([{ name: "subrequests", bound: 0, reached: 1, enforced: true }]);
  const endless = await service.fetch("/loop");
  expect(endless.status).toBe(503);
  await expect(endless.done()).rejects.toMatchObject({ outcome: "limit", report: expect.stringContaining("CPU") });
  expect(endless.limits[0]).toMatchObject({ name: "cpu", bound: 20, enforced: true });
  expect(endless.limits[0]!.reached).toBeGreaterThan(20);
});

test("or only tell of it", async () => {
  limits.use("fastly-trial");
  expect([limits.get("subrequests"), limits.get("wall")]).toEqual([10, 60_000]);
  origin("origin").respond("x");
  limits.set({ subrequests: 0 }, { warn: true });
  const response = await service.fetch("/send");
  expect(response.status).toBe(200);
  expect(response.limits).toEqual([{ name: "subrequests", bound: 0, reached: 1, enforced: false }]);
});

test("memory, too", async () => {
  limits.set({ memory: "2MiB" });
  const response = await service.fetch("/grow?mib=8");
  expect(response.status).toBe(500);
  expect(response.limits[0]).toMatchObject({ name: "memory", bound: 2 * 2 ** 20 });
  await expect(response.done()).rejects.toMatchObject({ outcome: "limit", report: expect.stringContaining("the limit is 2.0 MiB") });
});

test("what cannot be said is refused, with what can be", () => {
  expect(() => client.set({ tls: { jb4: "x" } } as never)).toThrow("nothing of a client is called 'tls.jb4'; did you mean tls.ja4?");
  expect(() => client.set({ ip: "localhost" })).toThrow("client: 'localhost' is no value of ip; write an IP address");
  expect(() => inspect.set({ status: "many" } as never)).toThrow("a whole number");
  expect(() => products.set({ imageOptimiser: true } as never)).toThrow("did you mean imageOptimizer?");
  expect(() => limits.set({ subrequest: 1 } as never)).toThrow("there is no limit 'subrequest'; did you mean 'subrequests'?");
  expect(() => limits.set({ cpu: "50" })).toThrow("limits: cpu: '50' has no unit");
  expect(() => limits.set({ log: "3GiB" })).toThrow("the most that there can be is 1 GiB");
  expect(() => limits.set({ memory: "1GB" })).toThrow("room for 128 MiB");
  expect(() => limits.set({ url: -1 })).toThrow("below 0");
  expect(() => limits.use("fast" as never)).toThrow("there is no profile 'fast'; there are: fastly|fastly-trial|none");
});
