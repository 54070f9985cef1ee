/// <reference types="@fastly/js-compute" />
// The HTTP cache by the JavaScript SDK's own API: built with --enable-http-cache, so that hooks run and the guest
// drives the cache itself. The path's first segment is a way to send; the rest is what the origin is asked for.

import { CacheOverride } from "fastly:cache-override";
import { ok, failure, text } from "./support.js";

const passedOn = ["range", "if-none-match", "x-variant", "fastly-debug"];

const hooks = {
  plain: () => undefined,
  pass: () => new CacheOverride("pass"),
  override: () => new CacheOverride("override", { ttl: 50, swr: 5, surrogateKey: "red blue", pci: true }),
  before: () => new CacheOverride({ beforeSend: (request) => request.headers.set("x-before", "yes") }),
  after: () =>
    new CacheOverride({
      afterSend(response) {
        response.ttl = 50;
        response.swr = 5;
        response.staleIfError = 500;
        response.vary = ["x-variant"];
        response.surrogateKeys = ["red", "blue"];
        response.pci = true;
        response.headers.set("x-after", "yes");
        return { cache: true };
      },
    }),
  not: () => new CacheOverride({ afterSend: () => ({ cache: false }) }),
  never: () => new CacheOverride({ afterSend: () => ({ cache: "uncacheable" }) }),
  told: () =>
    new CacheOverride({
      afterSend(response) {
        response.headers.set("x-after", facts(response));
      },
    }),
  key: () => undefined,
  cacheIt: () => new CacheOverride({ afterSend: () => ({ cache: true }) }),
  throwBefore: () =>
    new CacheOverride({
      beforeSend() {
        throw new Error("not this one");
      },
    }),
  failBody: () =>
    new CacheOverride({
      afterSend: () => ({
        bodyTransformFn() {
          throw new Error("no body");
        },
      }),
    }),
  louder: () =>
    new CacheOverride({
      afterSend: () => ({
        bodyTransformFn: (bytes) => new TextEncoder().encode(new TextDecoder().decode(bytes).toUpperCase()),
      }),
    }),
  refuse5xx: () =>
    new CacheOverride({
      afterSend(response) {
        if (response.status >= 500) throw new Error("a 5xx");
      },
    }),
};

/** What the SDK tells of a response beside its headers, before it is stored and after. */
function facts({ cached, stale, ttl, age, swr, staleIfError, vary, surrogateKeys }) {
  return JSON.stringify({ cached, stale, ttl, age, swr, staleIfError, vary, surrogateKeys });
}

async function describe(response) {
  const lines = {
    status: response.status,
    "x-cache": `${response.headers.get("x-cache")} ${response.headers.get("x-cache-hits")}`,
    cached: response.cached,
    stale: response.stale,
    life: `${response.ttl} ${response.age} ${response.swr} ${response.staleIfError}`,
    "x-after": response.headers.get("x-after"),
    body: await response.text(),
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
}

async function handle(event) {
  const url = new URL(event.request.url);
  const [, way, ...path] = url.pathname.split("/");
  if (!Object.hasOwn(hooks, way)) return text(`no such way: ${way}`, { status: 404 });
  const headers = new Headers();
  for (const name of passedOn) {
    if (event.request.headers.has(name)) headers.set(name, event.request.headers.get(name));
  }
  const ask = () =>
    fetch(`http://origin.example/${path.join("/")}`, {
      backend: "origin",
      method: event.request.method,
      headers,
      cacheOverride: hooks[way](),
      ...(way === "key" && { cacheKey: "shared" }),
    });
  if (url.searchParams.has("facts")) return ok(facts(await ask()));
  const answers = [];
  for (let n = Number(url.searchParams.get("n") ?? 1); n > 0; n--) answers.push(await describe(await ask()));
  return ok(answers.join("\n"));
}

addEventListener("fetch", (event) => event.respondWith(handle(event).catch(failure)));
