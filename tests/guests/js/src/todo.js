/// <reference types="@fastly/js-compute" />
// A small GraphQL cache: queries are cached under the tag `todos`, mutations go to the origin and log what is to be purged.
// Each request logs a line of JSON to `access`. The same service in Rust is ../../rust/src/bin/todo.rs.
//
// `/late` answers and fails behind that; `/dynamic?host=HOST` asks a backend that it registers itself.

import { Backend } from "fastly:backend";
import { CoreCache } from "fastly:cache";
import { CacheOverride } from "fastly:cache-override";
import { Logger } from "fastly:logger";

const log = (endpoint, line) => new Logger(endpoint).log(JSON.stringify(line));

async function graphql(request) {
  const body = await request.text();
  const { query } = JSON.parse(body);
  if (query.startsWith("mutation")) {
    const response = await askOrigin(body);
    log("access", { operation: "mutation", status: response.status });
    log("purges", { purge: ["todos"] });
    return response;
  }
  const found = CoreCache.lookup(query);
  if (found && !found.state().stale()) {
    log("access", { operation: "query", cache: "HIT", hits: found.hits() });
    return new Response(await new Response(found.body()).text(), { headers: { "x-cache": "HIT" } });
  }
  const response = await askOrigin(body);
  log("access", { operation: "query", cache: "MISS", status: response.status });
  const text = await response.text();
  if (response.ok) {
    const out = CoreCache.insert(query, { maxAge: 60_000, surrogateKeys: ["todos"] });
    out.append(text);
    out.close();
  }
  const { status, headers } = response;
  headers.append("x-cache", "MISS");
  return new Response(text, { status, headers });
}

async function askOrigin(body) {
  try {
    return await fetch("https://todos.example/graphql", {
      method: "POST",
      backend: "todos",
      headers: { "content-type": "application/json" },
      cacheOverride: new CacheOverride("pass"),
      body,
    });
  } catch (error) {
    log("errors", { error: String(error) });
    return new Response(null, { status: 502 });
  }
}

async function dynamic(url) {
  const host = url.searchParams.get("host") ?? "dynamic.example";
  try {
    const backend = new Backend({ name: "registered", target: host, hostOverride: host, useSSL: true });
    return await fetch(`https://${host}/`, { backend });
  } catch (error) {
    return new Response(String(error), { status: 502 });
  }
}

/** The SDK itself keeps what is thrown behind a response; what fails in its body it cannot keep. */
function late() {
  let pieces = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (pieces++ > 0) return controller.error(new Error("a bug that shows when the client has its answer"));
      controller.enqueue(new TextEncoder().encode("all is well\n"));
    },
  });
  return new Response(body);
}

addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.pathname === "/late") return event.respondWith(late());
  if (url.pathname === "/dynamic") return event.respondWith(dynamic(url));
  if (url.pathname === "/graphql") return event.respondWith(graphql(event.request));
  event.respondWith(new Response(null, { status: 404 }));
});
