// Requests to backends.

import { Backend } from "fastly:backend";
import { CacheOverride } from "fastly:cache-override";
import { createFanoutHandoff } from "fastly:fanout";
import { createWebsocketHandoff } from "fastly:websocket";
import { Logger } from "fastly:logger";
import { check, checkEqual, checkThrows, json, ok, text } from "../support.js";

const pass = () => new CacheOverride("pass");

const ask = (path, backend, init) =>
  fetch(`http://origin.example${path}`, { backend, cacheOverride: pass(), ...init });

async function forward(event) {
  try {
    return await fetch(event.request, { backend: "origin", cacheOverride: pass() });
  } catch (error) {
    return text(String(error), { status: 502 });
  }
}

const proxy = (event) => forward(event);

/** One backend request and one line of JSON: what the benchmarks run. */
async function proxyLog(event, url) {
  const response = await forward(event);
  const line = { method: event.request.method, path: url.pathname, status: response.status };
  new Logger("access").log(JSON.stringify(line));
  return response;
}

/** What came back, for the test to compare with what its origin said. */
async function describe(response) {
  const kind = response.headers.get("content-type") ?? "none";
  return `status: ${response.status}\ncontent-type: ${kind}\nbody: ${await response.text()}`;
}

async function send(event, url) {
  const response = await ask(url.searchParams.get("path") ?? "/send", "origin", {
    method: url.searchParams.get("method") ?? "POST",
    headers: { "x-guest": "js", "x-many": "1" },
    body: await event.request.text(),
  });
  return ok(await describe(response));
}

async function parallel() {
  const order = [];
  const bodies = await Promise.all(
    [ask("/slow", "origin"), ask("/fast", "other")].map(async (pending) => {
      const response = await pending;
      order.push(new URL(response.url).pathname);
      return describe(response);
    }),
  );
  return ok(`${order.join(" then ")}\n${bodies.join("\n")}`);
}

/** The request's body is made while it is being sent. */
async function sendStreaming() {
  const encoder = new TextEncoder();
  let piece = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (piece === 3) return controller.close();
      controller.enqueue(encoder.encode(`piece ${piece++};`));
    },
  });
  return ok(await describe(await ask("/upload", "origin", { method: "POST", body, duplex: "half" })));
}

/** What becomes of a request that may fail before its answer's head or in its body. */
async function attempt(path) {
  let response;
  let bytes = 0;
  try {
    response = await ask(path, "origin");
  } catch (error) {
    return `origin: ${error}`;
  }
  try {
    const reader = response.body.getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) bytes += read.value.length;
    return `origin: ${response.status} with ${bytes} bytes`;
  } catch (error) {
    return `origin: ${response.status} with ${bytes} bytes, ${error}`;
  }
}

/** `?path=` adds what `origin` does with that path. */
async function sendError(event, url) {
  const nowhere = await checkThrows("an unknown backend", () => ask("/", "nowhere"));
  const refused = await checkThrows("a refused connection", () => ask("/", "refused"));
  const path = url.searchParams.get("path");
  return ok(`nowhere: ${nowhere}\nrefused: ${refused}${path ? `\n${await attempt(path)}` : ""}`);
}

async function backend(event, url) {
  checkEqual("nowhere exists", Backend.exists("nowhere"), false);
  const name = url.searchParams.get("name") ?? "origin";
  const backend = Backend.fromName(name);
  checkEqual("its name", backend.toName(), name);
  // The SDK throws for what the host has no value for.
  const maybe = (property) => {
    try {
      return backend[property];
    } catch {
      return null;
    }
  };
  return json({
    name: backend.name,
    dynamic: backend.isDynamic,
    target: backend.target,
    port: backend.port,
    ssl: backend.isSSL,
    health: backend.health(),
    host_override: maybe("hostOverride"),
    connect_timeout: maybe("connectTimeout"),
    first_byte_timeout: maybe("firstByteTimeout"),
    between_bytes_timeout: maybe("betweenBytesTimeout"),
    http_keepalive: maybe("httpKeepaliveTime"),
    tcp_keepalive: maybe("tcpKeepalive"),
    tls_min_version: maybe("tlsMinVersion"),
    tls_max_version: maybe("tlsMaxVersion"),
  });
}

/** A backend made at run time, which points where `origin` points. */
async function dynamicBackend() {
  const { target, port } = Backend.fromName("origin");
  const made = new Backend({
    name: "made",
    target: `${target.split(":")[0]}:${port}`,
    hostOverride: "made.example",
    connectTimeout: 1000,
    firstByteTimeout: 2000,
    betweenBytesTimeout: 3000,
    useSSL: false,
    httpKeepalive: 4000,
    tcpKeepalive: { timeSecs: 5, intervalSecs: 6, probes: 7 },
  });
  check(Backend.exists("made"), "the made backend does not exist");
  check(made.isDynamic, "the made backend is not dynamic");
  checkEqual("its override host", made.hostOverride, "made.example");
  const response = await fetch("http://shop.example/dynamic", { backend: made, cacheOverride: pass() });
  return ok(await describe(response));
}

/** Each way to say something about caching; what comes back is the origin's word. */
async function cacheOverride() {
  const ways = {
    none: new CacheOverride("none"),
    pass: pass(),
    ttl: new CacheOverride("override", { ttl: 60, swr: 30, surrogateKey: "one two" }),
    pci: new CacheOverride("override", { pci: true }),
  };
  const report = [];
  for (const [way, cacheOverride] of Object.entries(ways)) {
    const response = await fetch(`http://origin.example/${way}`, { backend: "origin", cacheOverride });
    report.push(`${way}: ${response.status}`);
  }
  return ok(report.join("\n"));
}

/**
 * One request through the host's readthrough cache, or `?n=` of the same at once: `?path=`, and `ttl`, `swr`, `key`,
 * `pci` or `pass` as overrides. The client's method, conditions and range go along.
 */
async function cached(event, url) {
  const { path = "/x", n = "1", pass: passed, ttl, swr, key, pci } = Object.fromEntries(url.searchParams);
  const headers = new Headers();
  for (const name of ["range", "if-none-match", "x-variant", "fastly-debug"]) {
    if (event.request.headers.has(name)) headers.set(name, event.request.headers.get(name));
  }
  const given = {
    ...(ttl && { ttl: Number(ttl) }),
    ...(swr && { swr: Number(swr) }),
    ...(key && { surrogateKey: key }),
    ...(pci && { pci: true }),
  };
  const cacheOverride = passed ? pass() : new CacheOverride("override", given);
  const one = async () => {
    try {
      const r = await ask(path, "origin", { method: event.request.method, headers, cacheOverride });
      const said = ["x-cache", "x-cache-hits", "age", "surrogate-key"].map((name) => r.headers.get(name));
      return `${[r.status, ...said].join(" ")} ${await r.text()}`;
    } catch (error) {
      return `error: ${error.name}`;
    }
  };
  return ok((await Promise.all(Array.from({ length: Number(n) }, one))).join("\n"));
}

/** The client has its answer; what the guest does after it must still happen and be seen. */
function lateSend(event) {
  event.respondWith(text("accepted", { status: 202 }));
  event.waitUntil(
    ask("/late", "origin", { method: "POST", body: "late" }).then(
      (response) => new Logger("late").log(`late: ${response.status}`),
      (error) => new Logger("late").log(`late: ${error}`),
    ),
  );
}

/** Which address has answered. */
async function backendAddress() {
  const { ip, port } = await ask("/", "origin");
  return ok(`${ip ?? "none"}:${port ?? "none"}`);
}

const fanout = (event) => createFanoutHandoff(event.request, "origin");
const websocket = (event) => createWebsocketHandoff(event.request, "origin");

export const routes = {
  backend,
  "backend-address": backendAddress,
  "cache-override": cacheOverride,
  cached,
  "dynamic-backend": dynamicBackend,
  fanout,
  "late-send": lateSend,
  parallel,
  proxy,
  "proxy-log": proxyLog,
  send,
  "send-error": sendError,
  "send-streaming": sendStreaming,
  websocket,
};
