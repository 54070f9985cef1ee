// SPDX-License-Identifier: Apache-2.0
// `vi`: functions that are watched, modules that are replaced, time that is made up.

import { afterEach, expect, it, vi } from "vitest";
import { add, Counter } from "./lib/math";
import { where } from "./lib/place";
import { named, sum } from "./lib/user";

const hoisted = vi.hoisted(() => ({ name: "hoisted" }));
vi.mock("./lib/math", async (importOriginal) => ({
  ...(await importOriginal<typeof import("./lib/math")>()),
  add: vi.fn(() => 100),
  default: () => hoisted.name,
}));
vi.mock("./lib/place");

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

it("mock replaces a module for all who import it", () => {
  expect([sum(), named()]).toEqual([100, "hoisted"]);
  expect(add).toHaveBeenCalledWith(1, 2);
  expect(vi.mocked(add).mock.calls).toEqual([[1, 2]]);
});

it("mock takes the file in __mocks__", () => expect(where).toBe("__mocks__"));

it("importActual and importMock", async () => {
  const actual = await vi.importActual<typeof import("./lib/math")>("./lib/math");
  expect(actual.add(1, 2)).toBe(3);
  const { next } = await vi.importMock<typeof import("./lib/counter")>("./lib/counter");
  expect(vi.isMockFunction(next)).toBe(true);
  expect(next()).toBeUndefined();
});

it("doMock and doUnmock", async () => {
  vi.doMock("./lib/counter", () => ({ next: () => "mocked" }));
  expect((await import("./lib/counter")).next()).toBe("mocked");
  vi.doUnmock("./lib/counter");
  expect((await import("./lib/counter")).next()).toBe(1);
});

it("resetModules", async () => {
  const before = await import("./lib/counter");
  before.next();
  vi.resetModules();
  const after = await import("./lib/counter");
  expect(after).not.toBe(before);
  expect(after.next()).toBe(1);
});

it("a factory's missing export is named", async () => {
  vi.doMock("./lib/counter", () => ({}));
  const mocked = await import("./lib/counter");
  expect(() => mocked.next).toThrow('No "next" export is defined on the "./lib/counter" mock');
  vi.doUnmock("./lib/counter");
});

it("fn", async () => {
  const f = vi.fn((n: number) => n + 1);
  expect([f(1), f(2)]).toEqual([2, 3]);
  f.mockReturnValueOnce(9).mockReturnValue(8);
  expect([f(0), f(0)]).toEqual([9, 8]);
  expect(f).toHaveBeenCalledTimes(4);
  expect(f).toHaveBeenNthCalledWith(2, 2);
  expect(f).toHaveBeenLastCalledWith(0);
  expect(f).toHaveReturnedWith(3);
  f.mockClear();
  expect(f).not.toHaveBeenCalled();
  const later = vi.fn().mockResolvedValueOnce(1).mockRejectedValueOnce(new Error("no"));
  await expect(later()).resolves.toBe(1);
  await expect(later()).rejects.toThrow("no");
});

it("spyOn", () => {
  const counter = new Counter();
  const spy = vi.spyOn(counter, "plus");
  counter.plus(2);
  expect(spy).toHaveBeenCalledWith(2);
  spy.mockImplementation(() => -1);
  expect(counter.plus(1)).toBe(-1);
  spy.mockRestore();
  expect(counter.plus(1)).toBe(3);
  const object = { get size() { return 1; } };
  vi.spyOn(object, "size", "get").mockReturnValue(5);
  expect(object.size).toBe(5);
});

it("useFakeTimers", async () => {
  vi.useFakeTimers();
  const f = vi.fn();
  setTimeout(f, 1000);
  setInterval(f, 400);
  vi.advanceTimersByTime(999);
  expect(f).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(1);
  expect(f).toHaveBeenCalledTimes(3);
  expect(vi.getTimerCount()).toBe(1);
  vi.clearAllTimers();
});

it("setSystemTime", () => {
  vi.useFakeTimers();
  vi.setSystemTime(new Date("2030-01-01T00:00:00Z"));
  expect(new Date().toISOString()).toBe("2030-01-01T00:00:00.000Z");
  vi.useRealTimers();
  expect(new Date().toISOString()).not.toBe("2030-01-01T00:00:00.000Z");
});

it("stubEnv and stubGlobal", () => {
  vi.stubEnv("MODE", "other");
  vi.stubGlobal("answer", 42);
  expect([import.meta.env.MODE, (globalThis as { answer?: number }).answer]).toEqual(["other", 42]);
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  expect([import.meta.env.MODE, "answer" in globalThis]).toEqual(["test", false]);
});

it("waitFor, waitUntil and expect.poll", async () => {
  let value = 0;
  setTimeout(() => (value = 7), 300);
  await vi.waitFor(() => {
    if (value === 0) throw new Error("not yet");
  });
  expect(await vi.waitUntil(() => value)).toBe(7);
  setTimeout(() => (value = 8), 300);
  await expect.poll(() => value).toBe(8);
});

it("timers that are not fake take no real time", async () => {
  const before = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 3_600_000));
  expect(Date.now() - before).toBeGreaterThanOrEqual(3_600_000);
}, 4_000_000);
