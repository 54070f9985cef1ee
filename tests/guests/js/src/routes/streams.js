// Bodies as streams.

import { CacheOverride } from "fastly:cache-override";
import { ok } from "../support.js";

/** `?lines=N` (1000 unless given), and `?pause=MS` between them. */
function stream(event, url) {
  const lines = Number(url.searchParams.get("lines") ?? 1000);
  const pause = Number(url.searchParams.get("pause") ?? 0);
  const encoder = new TextEncoder();
  let line = 0;
  const body = new ReadableStream({
    async pull(controller) {
      if (line === lines) return controller.close();
      if (pause) await new Promise((done) => setTimeout(done, pause));
      controller.enqueue(encoder.encode(`line ${line++}\n`));
    },
  });
  return new Response(body, { headers: { "content-type": "text/plain" } });
}

/** Ten lines, then an error: the client must be able to tell that the body is incomplete. */
function streamError() {
  const encoder = new TextEncoder();
  let line = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (line === 10) return controller.error(new Error("this stream fails on purpose"));
      controller.enqueue(encoder.encode(`line ${line++}\n`));
    },
  });
  return new Response(body);
}

/** The origin's body in capitals, chunk by chunk. */
async function transform() {
  const response = await fetch("http://origin.example/part", {
    backend: "origin",
    cacheOverride: new CacheOverride("pass"),
  });
  const [decoder, encoder] = [new TextDecoder(), new TextEncoder()];
  const upper = new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(encoder.encode(decoder.decode(chunk, { stream: true }).toUpperCase()));
    },
  });
  return new Response(response.body.pipeThrough(upper));
}

/** Reads the request's body as it arrives. */
async function bodyStreaming(event) {
  let bytes = 0;
  if (event.request.body) {
    const reader = event.request.body.getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) bytes += read.value.length;
  }
  return ok(`bytes: ${bytes}`);
}

async function gzip() {
  const compressed = new Response("packed ".repeat(1000)).body.pipeThrough(new CompressionStream("gzip"));
  const text = await new Response(compressed.pipeThrough(new DecompressionStream("gzip"))).text();
  return ok(`characters: ${text.length}`);
}

/** The origin answers with gzip, the host unpacks it. */
async function unpack() {
  const response = await fetch("http://origin.example/gzip", { backend: "origin", fastly: { decompressGzip: true } });
  const headers = ["content-encoding", "content-length"].map((name) => response.headers.get(name));
  return ok(`${headers.join(" ")}body: ${await response.text()}`);
}

/**
 * A body of five bytes whose length the guest says itself, as a stream; `?manual=1`: and its word counts. `&of=request`:
 * one to the origin, whose answer is given back.
 */
async function framing(event, url) {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("12345"));
      controller.close();
    },
  });
  const headers = { "Content-Length": url.searchParams.get("length") ?? "5" };
  const manualFramingHeaders = url.searchParams.has("manual");
  if (url.searchParams.get("of") !== "request") return new Response(body, { headers, manualFramingHeaders });
  const request = new Request("http://origin.example/framing", { method: "POST", body, headers, manualFramingHeaders });
  return ok(await (await fetch(request, { backend: "origin" })).text());
}

export const routes = {
  "body-streaming": bodyStreaming,
  framing,
  gzip,
  stream,
  "stream-error": streamError,
  transform,
  unpack,
};
