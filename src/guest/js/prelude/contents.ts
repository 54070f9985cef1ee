// SPDX-License-Identifier: Apache-2.0
// What can be observed of the platform's own objects, whose state is private: to compare them by, and to show them.

type Any = Record<string, unknown>;
type Look = (value: Any) => Any | null;

const pick = (...names: string[]): Look => (value) => Object.fromEntries(names.map((name) => [name, value[name]]));
const itself: Look = () => null;

/** Texts as texts, anything else as bytes. */
function readable(bytes: Uint8Array): unknown {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes;
  }
}

/** Several values of one name are an array, in their order. */
function entries(value: Any): Any {
  const list: Any = {};
  for (const [name, item] of value as unknown as Iterable<[string, unknown]>) list[name] = Object.hasOwn(list, name) ? [list[name], item].flat() : item;
  return list;
}

/** Two bodies that are streams are the same when they are one. */
function message(value: Any, ...names: string[]): Any {
  const body = host.web.peek(value);
  const found = pick(...names)(value)!;
  for (const name of names) if (found[name] === "" || found[name] === DEFAULTS[name]) delete found[name];
  if (body !== null) found["body"] = body instanceof Uint8Array ? readable(body) : body;
  return found;
}

const DEFAULTS: Any = {
  cache: "default", credentials: "same-origin", keepalive: false, mode: "cors", redirect: "follow", redirected: false,
  referrer: "about:client", type: "default",
};

const blob = (...names: string[]): Look => (value) => ({ ...pick(...names)(value), content: readable((value as { bytesNow(): Uint8Array }).bytesNow()) });

/** When it was made is no part of what an event is. */
const event = (...names: string[]): Look => pick("type", "bubbles", "cancelable", "composed", "defaultPrevented", "target", ...names);

const request: Look = (value) => {
  const found = message(value, "method", "url", "headers", "redirect", "cache", "credentials", "integrity", "keepalive", "mode", "referrer");
  return (value["signal"] as { aborted: boolean }).aborted ? { ...found, signal: value["signal"] } : found;
};

const looks = new Map<string, Look>(Object.entries({
  AbortController: pick("signal"),
  AbortSignal: (value) => (value["aborted"] ? { aborted: true, reason: value["reason"] } : { aborted: false }),
  Blob: blob("type"),
  BroadcastChannel: itself,
  CloseEvent: event("code", "reason", "wasClean"),
  CompressionStream: itself,
  CryptoKey: itself,
  CustomEvent: event("detail"),
  DecompressionStream: itself,
  ErrorEvent: event("message", "filename", "lineno", "colno", "error"),
  Event: event(),
  File: blob("name", "type"),
  FileReader: pick("readyState", "result", "error"),
  FormData: entries,
  Headers: entries,
  MessageEvent: event("data", "origin", "lastEventId", "source", "ports"),
  MessagePort: itself,
  PerformanceEntry: pick("name", "entryType", "startTime", "duration"),
  PerformanceMark: pick("name", "entryType", "startTime", "duration", "detail"),
  PerformanceMeasure: pick("name", "entryType", "startTime", "duration", "detail"),
  ProgressEvent: event("lengthComputable", "loaded", "total"),
  PromiseRejectionEvent: event("promise", "reason"),
  ReadableStream: itself,
  Request: request,
  Response: (value) => message(value, "status", "statusText", "headers", "url", "type", "redirected"),
  TextDecoder: pick("encoding", "fatal", "ignoreBOM"),
  TransformStream: itself,
  URL: pick("href"),
  URLSearchParams: (value) => ({ text: String(value) }),
  WritableStream: itself,
} satisfies Record<string, Look>));

/** Of no object of the platform's own: undefined. null: it is equal to itself alone. Members of one's own are in it, too. */
export function contentsOf(value: object): Record<string, unknown> | null | undefined {
  const look = looks.get((value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag]!);
  if (!look) return undefined;
  try {
    const found = look(value as Any);
    return found && Object.defineProperty({ ...found, ...value }, "constructor", { value: value.constructor });
  } catch {
    return undefined; // something else of that name
  }
}
