// The guest that exercises the host through the AssemblyScript SDK: the first segment of the path
// chooses a route. `GET /` lists them. What the host must offer is in tests/guests/fastly.toml.
//
// This SDK is from before the host calls had second versions, which is what makes it worth having. The
// language has no closures and cannot catch: what it calls a thrown error ends the guest with a trap.

import { clockid, clock_time_get } from "bindings/wasi_snapshot_preview1";
import { Fastly, Headers, Request, Response } from "@fastly/as-compute";

const ROUTES =
  "/hello\n/abort\n/dictionary\n/echo\n/env\n/exit\n/log\n/loop\n/parallel\n/proxy\n/proxy-log\n/recurse\n/stream\n/time";

function text(body: string, status: i16 = 200): Response {
  const headers = new Headers();
  headers.set("content-type", "text/plain");
  return new Response(String.UTF8.encode(body + "\n"), { status, headers });
}

function ok(details: string): Response {
  return text("ok\n" + details);
}

function failed(why: string): Response {
  return text("failed: " + why, 500);
}

/** The path and query of a URL, which the SDK gives as a whole. */
function pathOf(url: string): string {
  const scheme = url.indexOf("://");
  const start = url.indexOf("/", scheme < 0 ? 0 : scheme + 3);
  return start < 0 ? "/" : url.substring(start);
}

function quoted(value: string): string {
  return '"' + value.replaceAll("\\", "\\\\").replaceAll('"', '\\"') + '"';
}

function or(value: string | null, otherwise: string): string {
  return value == null ? otherwise : value!;
}

function echo(request: Request): Response {
  const names = request.headers.keys();
  const headers = new Array<string>();
  for (let i = 0; i < names.length; i++) {
    const value = or(request.headers.get(names[i]), "");
    headers.push("[" + quoted(names[i]) + "," + quoted(value) + "]");
  }
  const body =
    '{"method":' + quoted(request.method) +
    ',"uri":' + quoted(request.url) +
    ',"headers":[' + headers.join(",") + "]" +
    ',"client_ip":' + quoted(Fastly.getClientIpAddressString()) +
    ',"body":' + quoted(request.text()) + "}";
  const type = new Headers();
  type.set("content-type", "application/json");
  return new Response(String.UTF8.encode(body), { status: 200, headers: type });
}

function pass(): Fastly.CacheOverride {
  const override = new Fastly.CacheOverride();
  override.setPass();
  return override;
}

function forward(request: Request): Response {
  return Fastly.fetch(request, { backend: "origin", cacheOverride: pass() }).wait();
}

/** One backend request and one line of JSON. */
function proxyLog(request: Request, path: string): Response {
  const response = forward(request);
  const line =
    '{"method":' + quoted(request.method) +
    ',"path":' + quoted(path) +
    ',"status":' + response.status.toString() + "}";
  Fastly.getLogEndpoint("access").log(line);
  return response;
}

function start(path: string, backend: string): Fastly.FastlyPendingUpstreamRequest {
  const override = new Fastly.CacheOverride();
  override.setTTL(60);
  override.setSWR(30);
  const request = new Request("http://origin.example" + path, {});
  return Fastly.fetch(request, { backend, cacheOverride: override });
}

/** Two requests at once; the report has them in the order in which they came back. */
function parallel(): Response {
  const pool = new Fastly.FetchPool();
  pool.push(start("/slow", "origin"));
  pool.push(start("/fast", "other"));
  const report = new Array<string>();
  const answers = pool.all();
  for (let i = 0; i < answers.length; i++) {
    const response = answers[i].response;
    report.push(answers[i].backend + ": " + response.status.toString() + " " + response.text());
  }
  return ok(report.join("\n"));
}

function dictionary(): Response {
  const store = new Fastly.Dictionary("config");
  const greeting = or(store.get("greeting"), "none");
  if (greeting != "hello") return failed("greeting is not hello");
  // This asks with no room for a value; get() throws for a key that is not there.
  if (!store.contains("greeting") || store.contains("missing")) return failed("contains");
  return ok("greeting: " + greeting);
}

function log(): Response {
  Fastly.getLogEndpoint("first").log("one");
  Fastly.getLogEndpoint("second").log("two");
  Fastly.getLogEndpoint("first").log("two\nlines");
  console.log("a line on stdout");
  console.error("a line on stderr");
  return ok("first second");
}

function env(): Response {
  const service = process.env.has("FASTLY_SERVICE_ID") ? process.env.get("FASTLY_SERVICE_ID") : "none";
  return ok("service: " + service + "\nargs: " + process.argv.join(" "));
}

/** Not Date.now(), which the language imports from a browser even here. */
function time(): Response {
  const nanoseconds = memory.data(8);
  if (clock_time_get(clockid.REALTIME, 1000, nanoseconds) != 0) return failed("clock_time_get");
  const milliseconds = load<u64>(nanoseconds) / 1000000;
  if (milliseconds < 946684800000) return failed("the clock stands before the year 2000");
  return ok("time: " + milliseconds.toString() + "\nrandom: " + Math.random().toString());
}

/** 1000 numbered lines, written after the head of the response. */
function stream(): void {
  const body = Fastly.respondWithStreaming(new Response(String.UTF8.encode("line 0\n"), {}));
  const writer = body.getWriter();
  if (writer == null) return;
  for (let i = 1; i < 1000; i++) writer.write(String.UTF8.encode("line " + i.toString() + "\n"));
  writer.close();
}

function deeper(depth: i32): i32 {
  return depth + deeper(depth + 1) * 2;
}

function main(): void {
  const request = Fastly.getClientRequest();
  const path = pathOf(request.url);
  const name = path.split("?")[0].split("/")[1];
  let response: Response;
  if (name == "") response = text(ROUTES);
  else if (name == "hello") response = new Response(String.UTF8.encode("Hello from AssemblyScript!"), {});
  else if (name == "dictionary") response = dictionary();
  else if (name == "echo") response = echo(request);
  else if (name == "env") response = env();
  else if (name == "log") response = log();
  else if (name == "parallel") response = parallel();
  else if (name == "proxy") response = forward(request);
  else if (name == "proxy-log") response = proxyLog(request, path.split("?")[0]);
  else if (name == "recurse") response = text(deeper(0).toString());
  else if (name == "time") response = time();
  else if (name == "stream") return stream();
  else if (name == "abort") throw new Error("this guest throws on purpose");
  else if (name == "exit") return process.exit(i32(parseInt(path.split("/")[2])));
  else if (name == "loop") {
    while (true) {}
  } else response = text("there is no route " + name + "; GET / lists them", 404);
  Fastly.respondWith(response);
}

main();
