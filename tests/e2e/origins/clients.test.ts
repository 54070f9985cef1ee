// SPDX-License-Identifier: Apache-2.0
// What clients of the guest rust-mirror do beside reading all of a response.

import { clock, expect, it, origin, service } from "backlot:test";

it("leaves at once when its signal has aborted", async () => {
  const { calls } = origin("origin").respond("x");
  const signal = AbortSignal.abort(new Error("gone"));
  await expect(service.fetch("/proxy/", { signal })).rejects.toThrow("gone");
  await expect(service.fetch(new Request("http://localhost/proxy/", { signal }))).rejects.toThrow("gone");
  expect(calls).toHaveLength(0);
});

it("leaves when its time is up, and the service goes on", async () => {
  let over = false;
  const { calls } = origin("origin").handle(async () => {
    await new Promise((resolve) => setTimeout(resolve, 5000));
    over = true;
    return "late";
  });
  const before = clock.now();
  await expect(service.fetch("/proxy/", { signal: AbortSignal.timeout(1000) })).rejects.toMatchObject({ name: "TimeoutError" });
  expect(clock.now() - before).toBe(1000);
  await clock.advance("5s");
  expect([calls.length, over]).toEqual([1, true]);
});

it("leaves with a response that never came, or came too late", async () => {
  const controller = new AbortController();
  origin("origin").respond({ body: "x", delay: "5s" });
  const response = service.fetch("/proxy/", { signal: controller.signal });
  controller.abort("enough");
  await expect(response).rejects.toBe("enough");
});

it("reads no more of a response than has come in time", async () => {
  origin("origin").respond({ body: "x".repeat(10), drip: { bytes: 1, every: "1s" } });
  const response = await service.fetch("/proxy/", { signal: AbortSignal.timeout(3500) });
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toMatchObject({ name: "TimeoutError" });
});

it("reads all of one that comes in time", async () => {
  origin("origin").respond({ body: "x".repeat(10), drip: { bytes: 1, every: "1s" } });
  const response = await service.fetch("/proxy/", { signal: AbortSignal.timeout(60_000) });
  expect(await response.text()).toBe("x".repeat(10));
});

it("gets no body for a HEAD", async () => {
  const response = await service.fetch("/", { method: "HEAD" });
  expect([response.status, response.headers.get("content-type"), response.body, await response.text()]).toEqual([200, "application/json", null, ""]);
  origin("origin").respond({ body: "x".repeat(10), headers: { "content-length": "10" }, drip: { bytes: 1, every: "1s" } });
  const passed = await service.fetch("/proxy/", { method: "HEAD" });
  expect([passed.status, passed.headers.get("content-length"), await passed.text()]).toEqual([200, "10", ""]);
  await passed.done();
});

it("is not late when nobody waits for the clock", () => {
  void clock.advance("10s");
});

it("is not late when a service is asked meanwhile", async () => {
  void clock.advance("10s");
  await service.fetch("/");
});
