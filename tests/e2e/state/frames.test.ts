// SPDX-License-Identifier: Apache-2.0
// A file, a group and a test have a frame each: what is written in one is seen inside of it, and gone with it.
import { acl, afterAll, beforeAll, beforeEach, cache, config, describe, expect, geo, kv, penalty, rate, secret, test } from "backlot:test";

/** Writes to every kind of store. */
async function write(word: string): Promise<void> {
  kv("s").set(word, word);
  config("s").set(word, word);
  secret("s").set(word, word);
  acl("s").set("192.0.2.1", "block");
  geo.set("192.0.2.1", { city: word });
  rate("s").add(word);
  penalty("s").add(word, "1m");
  await cache.insert(word, word, { ttl: "1h" });
}

function written(): string[][] {
  const there = [kv.names().length ? kv("s").list() : [], config.names().length ? config("s").list() : []];
  there.push(secret.names().length ? secret("s").list() : [], rate("s").list(), penalty("s").list());
  there.push(cache.list().map((entry) => entry.key).sort());
  there.push(acl.names().length ? [String(geo.get("192.0.2.1")!.city)] : []);
  return there;
}

const every = (...words: string[]) => [...Array(6).fill([...words].sort()), words.slice(-1)];

beforeAll(() => write("file"));
// The frames inside are closed again, so what they wrote is gone here.
afterAll(() => expect(written()).toEqual(every("file")));

test("one test writes", async () => {
  expect(written()).toEqual(every("file"));
  await write("one");
  expect(written()).toEqual(every("file", "one"));
});

test("another one does not see it", async () => {
  expect(written()).toEqual(every("file"));
  await write("other");
});

describe("a group", () => {
  beforeAll(() => write("group"));
  beforeEach(() => write("each"));
  afterAll(() => expect(written()).toEqual(every("file", "group")));

  test("sees what was written around it", () => expect(written()).toEqual(every("file", "group", "each")));

  test("takes away what is around it, for itself", () => {
    kv("s").clear();
    config("s").clear();
    secret("s").clear();
    rate("s").clear();
    penalty("s").clear();
    cache.clear();
    expect(written().slice(0, 6)).toEqual(Array(6).fill([]));
  });

  test("and it is there again", () => expect(written()).toEqual(every("file", "group", "each")));
});

let attempts = 0;
test("an attempt that failed leaves nothing to the next one", { retry: 2 }, async () => {
  expect(written()).toEqual(every("file"));
  await write("attempt");
  expect(++attempts).toBe(3);
});

test("behind the group nothing of it is left", () => expect(written()).toEqual(every("file")));
