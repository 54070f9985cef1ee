// Config, secret and key-value stores.

import { ConfigStore } from "fastly:config-store";
import { KVStore } from "fastly:kv-store";
import { SecretStore } from "fastly:secret-store";
import { check, checkEqual, checkThrows, ok } from "../support.js";

async function configStore(event, url) {
  await checkThrows("a store that is not there", () => new ConfigStore("no-such-store"));
  const store = new ConfigStore("config");
  checkEqual("greeting", store.get("greeting"), "hello");
  checkEqual("empty", store.get("empty"), "");
  checkEqual("missing", store.get("missing"), null);
  const key = url.searchParams.get("key") ?? "greeting";
  return ok(`${key}: ${JSON.stringify(store.get(key))}`);
}

async function dictionary() {
  const dictionary = new Dictionary("config");
  checkEqual("greeting", dictionary.get("greeting"), "hello");
  checkEqual("missing", dictionary.get("missing"), null);
  return ok("greeting: hello");
}

async function secretStore() {
  await checkThrows("a store that is not there", () => new SecretStore("no-such-store"));
  const store = new SecretStore("secrets");
  const token = await store.get("token");
  checkEqual("token", token.plaintext(), "s3cr3t");
  checkEqual("token", [...token.rawBytes()], [..."s3cr3t"].map((letter) => letter.charCodeAt(0)));
  checkEqual("missing", await store.get("missing"), null);
  const made = SecretStore.fromBytes(new Uint8Array([109, 97, 100, 101]));
  checkEqual("a made secret", made.plaintext(), "made");
  return ok("token: 6 bytes");
}

async function kvStore() {
  await checkThrows("a store that is not there", () => new KVStore("no-such-store"));
  const store = new KVStore("things");
  const value = async (key) => (await store.get(key))?.text();
  checkEqual("existing", await value("existing"), "old value");
  for (const key of (await store.list({ prefix: "js/" })).list) await store.delete(key);
  checkEqual("a key that is not there", await store.get("js/absent"), null);

  await store.put("js/modes", "b", { mode: "add" });
  await checkThrows("add to something", () => store.put("js/modes", "z", { mode: "add" }));
  await store.put("js/modes", "c", { mode: "append" });
  await store.put("js/modes", "a", { mode: "prepend" });
  checkEqual("added, appended, prepended", await value("js/modes"), "abc");
  await store.put("js/modes", new TextEncoder().encode("bytes"));
  checkEqual("overwritten", await value("js/modes"), "bytes");

  await store.put("js/meta", JSON.stringify({ deep: [1, 2] }), { metadata: "a note", ttl: 3600 });
  const entry = await store.get("js/meta");
  checkEqual("metadata", entry.metadataText(), "a note");
  checkEqual("a value as JSON", await entry.json(), { deep: [1, 2] });
  await checkThrows("another generation", () => store.put("js/meta", "x", { gen: 1 }));

  for (let i = 0; i < 5; i++) await store.put(`js/list/${i}`, `${i}`);
  const first = await store.list({ prefix: "js/list/", limit: 2 });
  checkEqual("the first page", first.list, ["js/list/0", "js/list/1"]);
  check(first.cursor, "no cursor after the first page");
  const rest = await store.list({ prefix: "js/list/", limit: 10, cursor: first.cursor, noSync: true });
  checkEqual("the second page", rest.list, ["js/list/2", "js/list/3", "js/list/4"]);
  checkEqual("a cursor after the last page", rest.cursor, undefined);

  const five = await Promise.all([0, 1, 2, 3, 4].map((i) => value(`js/list/${i}`)));
  checkEqual("five values at once", five, ["0", "1", "2", "3", "4"]);
  await store.delete("js/list/0");
  checkEqual("a deleted key", await store.get("js/list/0"), null);
  return ok(`keys: ${rest.list.join(" ")}`);
}

export const routes = {
  "config-store": configStore,
  dictionary,
  "kv-store": kvStore,
  "secret-store": secretStore,
};
