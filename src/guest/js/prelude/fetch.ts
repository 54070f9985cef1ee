// SPDX-License-Identifier: Apache-2.0
// Request, Response and fetch() (Fetch standard). A body of bytes is read without a stream; one is made when somebody
// touches `body`, or the host brings a body whose end is not there yet.

import { type AbortSignal, dependentSignal, isSignal } from "./abort";
import { concat } from "./bytes";
import { cloneWith } from "./clone";
import { define, idl, needs, provide } from "./define";
import { DOMException } from "./dom_exception";
import { decode, encode } from "./encoding";
import { handler } from "./events";
import { flatOf, Headers, headersOf } from "./headers";
import { normalize } from "./url";

/** A body that comes in pieces from elsewhere; null is its end. */
export interface Pieces {
  read(): Promise<Uint8Array | null>;
  cancel(): void;
}

export interface HostWeb {
  /** For bundles that have what defineLazily() announced. */
  provide(values: Record<string, unknown>): void;
  /** The attribute on… of a class of theirs for an event. */
  handler: typeof handler;
  forms?: {
    encode(form: unknown): { bytes: Uint8Array; type: string };
    decode(bytes: Uint8Array, type: string): unknown;
    /** What data: and blob: URLs stand for; null: nothing. */
    local(url: string): { bytes: Uint8Array; type: string } | null;
    keep(blob: unknown): string;
    revoke(url: string): void;
  };
  /** Of the bundle `legacy`: a decoder by its label. */
  legacy?(label: string, fatal: boolean): import("./encoding").LegacyDecoder | undefined;
  clone: typeof cloneWith;
  /** Of the bundle `messages`. */
  ports?: { is(value: unknown): boolean; move(port: object): object };
  timing?: import("./time").Timing;
  /** Of the bundle `url`. */
  url?: import("./url").Parser;
  /** Of the bundle `inspect`. */
  inspect?: Pick<typeof import("./inspect"), "format" | "inspect" | "table">;
  /** crypto.subtle, once its bundle is loaded. */
  subtle?: unknown;
  /** Who answers the realm's fetch(); without one there is no network. */
  fetch?: (request: Request) => Promise<Response>;
  response(status: number, reason: string, headers: string[], body: Uint8Array | Pieces | null, url: string, as?: typeof Response): Response;
  request(method: string, url: string, headers: string[], body: Uint8Array | Pieces | null): Request;
  /** Names and values, in their order, names in lower case. */
  headers(of: Request | Response): string[];
  /** The bytes of a body that is here whole, null for none; undefined: it must be read. Reading it now uses it up. */
  take(of: Request | Response): Uint8Array | null | undefined;
  /** The bytes of a body, read or not, or what they come from; null: it has none. Throws for what is neither. */
  peek(of: object): object | null;
}

const TEXT = "text/plain;charset=UTF-8";

class Body {
  bytes: Uint8Array | null = null;
  pieces: Pieces | null = null;
  stream: ReadableStream | null = null;
  used = false;
  /** A stream made from the bytes or pieces was read from. */
  touched = false;
  type: string | null = null;

  get none(): boolean {
    return this.bytes === null && this.pieces === null && this.stream === null;
  }

  get disturbed(): boolean {
    return this.used || this.touched;
  }

  /** What may be given as a body (Fetch, 5.2 "BodyInit unions"). */
  static from(value: unknown): Body {
    const body = new Body();
    if (value === null || value === undefined) return body;
    if (typeof value === "string") {
      body.bytes = encode(value);
      body.type = TEXT;
    } else if (value instanceof ArrayBuffer) {
      body.bytes = new Uint8Array(value.slice(0));
    } else if (ArrayBuffer.isView(value)) {
      body.bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
    } else {
      body.fromObject(value as object);
    }
    return body;
  }

  private fromObject(value: object): void {
    switch (Object.prototype.toString.call(value)) {
      case "[object Blob]":
      case "[object File]": {
        const blob = value as { bytesNow(): Uint8Array; type: string };
        this.bytes = blob.bytesNow();
        this.type = blob.type || null;
        return;
      }
      case "[object FormData]": {
        const form = host.web.forms!.encode(value);
        this.bytes = form.bytes;
        this.type = form.type;
        return;
      }
      case "[object URLSearchParams]":
        this.bytes = encode(String(value));
        this.type = "application/x-www-form-urlencoded;charset=UTF-8";
        return;
      case "[object ReadableStream]":
        if ((value as ReadableStream).locked) throw new TypeError("the stream is being read by somebody else");
        this.stream = value as ReadableStream;
        return;
    }
    if (Symbol.asyncIterator in value) {
      this.stream = (ReadableStream as unknown as { from(from: unknown): ReadableStream }).from(value);
      return;
    }
    this.bytes = encode(String(value));
    this.type = TEXT;
  }

  asStream(): ReadableStream | null {
    if (this.none) return null;
    this.stream ??= this.makeStream();
    return this.stream;
  }

  private makeStream(): ReadableStream {
    const { bytes, pieces } = this;
    const touch = (): void => void (this.touched = true);
    return new ReadableStream(
      {
        async pull(to) {
          touch();
          const piece = pieces ? await pieces.read() : bytes;
          if (piece?.length) to.enqueue(pieces ? piece : piece.slice());
          if (!pieces || piece === null) to.close();
        },
        cancel() {
          touch();
          pieces?.cancel();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** What `as` makes of all its bytes. A body that is here whole costs one promise. */
  consume<T>(as: (bytes: Uint8Array) => T): Promise<T> {
    if (this.disturbed || this.stream?.locked) throw new TypeError("the body was read already, or is being read");
    const { none, bytes, stream } = this;
    if (none) return Promise.resolve(as(new Uint8Array()));
    this.used = true;
    if (stream) return readStream(stream).then(as);
    return bytes ? Promise.resolve(as(bytes)) : this.readPieces().then(as);
  }

  private async readPieces(): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let piece = await this.pieces!.read(); piece !== null; piece = await this.pieces!.read()) parts.push(piece);
    return concat(parts);
  }

  clone(): Body {
    if (this.disturbed || this.stream?.locked) throw new TypeError("a body that was read cannot be cloned");
    const copy = new Body();
    copy.type = this.type;
    if (this.bytes && !this.stream) {
      copy.bytes = this.bytes;
    } else if (!this.none) {
      const [mine, theirs] = this.asStream()!.tee();
      this.stream = mine;
      this.bytes = null;
      this.pieces = null;
      this.touched = false;
      copy.stream = theirs;
    }
    return copy;
  }
}

async function readStream(stream: ReadableStream): Promise<Uint8Array> {
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return concat(parts);
    if (!(value instanceof Uint8Array)) throw new TypeError("a body is a stream of Uint8Arrays");
    parts.push(value);
  }
}

function whole(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer as ArrayBuffer;
}

let bodyOf: (of: object) => Body;
let setBody: (of: WithBody, body: Body) => void;

/** Rejects when it is called on something else, as Web IDL has it. */
function consume<T>(of: WithBody, as: (bytes: Uint8Array) => T): Promise<T> {
  try {
    return bodyOf(of).consume(as);
  } catch (error) {
    return Promise.reject(error as Error);
  }
}

/** What Request and Response have in common. */
abstract class WithBody {
  #body!: Body;
  abstract get headers(): Headers;
  get body(): ReadableStream | null {
    return this.#body.asStream();
  }
  get bodyUsed(): boolean {
    return this.#body.disturbed;
  }
  text(): Promise<string> {
    return consume(this, decode);
  }
  json(): Promise<unknown> {
    return consume(this, (bytes) => JSON.parse(decode(bytes)) as unknown);
  }
  arrayBuffer(): Promise<ArrayBuffer> {
    return consume(this, whole);
  }
  bytes(): Promise<Uint8Array> {
    return consume(this, (bytes) => bytes.slice());
  }
  blob(): Promise<Blob> {
    return consume(this, (bytes) => new Blob([bytes as never], { type: this.headers.get("content-type") ?? "" }));
  }
  formData(): Promise<FormData> {
    return consume(this, (bytes) => {
      host.load("forms");
      return host.web.forms!.decode(bytes, this.headers.get("content-type") ?? "") as FormData;
    });
  }
  static {
    bodyOf = (of) => {
      if (!(#body in of)) throw new TypeError("this is no Request and no Response");
      return of.#body;
    };
    setBody = (of, body) => void (of.#body = body);
  }
}

const METHODS = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function methodOf(given: unknown): string {
  const method = String(given);
  if (!TOKEN.test(method)) throw new TypeError(`${JSON.stringify(method)} is not a method`);
  const upper = method.toUpperCase();
  if (upper === "CONNECT" || upper === "TRACE" || upper === "TRACK") throw new TypeError(`a Request cannot have the method ${method}`);
  return METHODS.has(upper) ? upper : method;
}

interface RequestFields {
  method: string;
  url: string;
  headers: Headers;
  signal: AbortSignal | null;
  redirect: string;
  rest: Record<string, unknown>;
}

const fresh = Symbol("fields are given");
let fieldsOf: (request: Request) => RequestFields;

export class Request extends WithBody {
  #f: RequestFields;

  constructor(input: unknown, init: Record<string, unknown> = {}, made?: typeof fresh) {
    super();
    if (made === fresh) {
      this.#f = input as RequestFields;
      return;
    }
    needs(1, arguments.length, "new Request()");
    const from = typeof input === "object" && input !== null && #f in input ? (input as Request) : undefined;
    init ??= {} as never;
    this.#f = {
      method: init["method"] === undefined ? (from ? from.#f.method : "GET") : methodOf(init["method"]),
      url: from ? from.#f.url : urlOf(input),
      headers: new Headers(init["headers"] ?? from?.#f.headers),
      signal: null,
      redirect: String(init["redirect"] ?? from?.#f.redirect ?? "follow"),
      rest: from || Object.keys(init).length ? { ...from?.#f.rest, ...pick(init) } : NONE,
    };
    const signal = init["signal"] === undefined ? from?.#f.signal : (init["signal"] as AbortSignal | null);
    if (signal && !isSignal(signal)) throw new TypeError("a Request's signal is an AbortSignal");
    this.#f.signal = signal ?? null;
    this.#setBody(init["body"], from);
  }

  #setBody(given: unknown, from: Request | undefined): void {
    const { method, headers } = this.#f;
    if (given !== undefined && given !== null) {
      if (method === "GET" || method === "HEAD") throw new TypeError(`a ${method} request has no body`);
      const body = Body.from(given);
      if (body.type && !headers.has("content-type")) headers.set("content-type", body.type);
      setBody(this, body);
    } else if (from && given === undefined) {
      const body = bodyOf(from);
      if (body.disturbed) throw new TypeError("the Request's body was read already");
      const taken = Object.assign(new Body(), body);
      if (!body.none) body.used = true;
      setBody(this, taken);
    } else {
      setBody(this, new Body());
    }
  }

  get method(): string {
    return this.#f.method;
  }
  get url(): string {
    return this.#f.url;
  }
  get headers(): Headers {
    return this.#f.headers;
  }
  get signal(): AbortSignal {
    return (this.#f.signal ??= dependentSignal());
  }
  get redirect(): string {
    return this.#f.redirect;
  }
  get cache(): unknown {
    return this.#f.rest["cache"] ?? "default";
  }
  get credentials(): unknown {
    return this.#f.rest["credentials"] ?? "same-origin";
  }
  get integrity(): unknown {
    return this.#f.rest["integrity"] ?? "";
  }
  get keepalive(): boolean {
    return Boolean(this.#f.rest["keepalive"]);
  }
  get mode(): unknown {
    return this.#f.rest["mode"] ?? "cors";
  }
  get referrer(): unknown {
    return this.#f.rest["referrer"] ?? "about:client";
  }
  get destination(): string {
    return "";
  }
  get duplex(): string {
    return "half";
  }
  clone(): Request {
    const copy = new Request({ ...this.#f, headers: new Headers(this.#f.headers) }, {}, fresh);
    setBody(copy, bodyOf(this).clone());
    return copy;
  }
  static {
    fieldsOf = (request) => request.#f;
  }
}

const NONE = {};
const KEPT = ["cache", "credentials", "integrity", "keepalive", "mode", "referrer", "cf"];

function pick(init: Record<string, unknown>): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name of KEPT) if (init[name] !== undefined) found[name] = init[name];
  return found;
}

function urlOf(input: unknown): string {
  return normalize(typeof input === "string" ? input : String(input));
}

interface ResponseFields {
  status: number;
  statusText: string;
  headers: Headers;
  url: string;
  type: string;
  redirected: boolean;
}

const NULL_BODY = new Set([101, 103, 204, 205, 304]);

export class Response extends WithBody {
  #f: ResponseFields;

  constructor(body: unknown = null, init: Record<string, unknown> = {}, made?: typeof fresh) {
    super();
    if (made === fresh) {
      this.#f = init as unknown as ResponseFields;
      setBody(this, body as Body);
      return;
    }
    init ??= {} as never;
    const status = init["status"] === undefined ? 200 : Number(init["status"]);
    if (!(status >= 200 && status <= 599 && Number.isInteger(status)))
      throw new RangeError(`a Response has a status from 200 to 599, not ${String(init["status"])}`);
    const statusText = String(init["statusText"] ?? "");
    if (/[^\t\x20-\x7e\x80-\xff]/.test(statusText)) throw new TypeError("a Response's statusText is no reason phrase");
    const headers = new Headers(init["headers"]);
    const content = Body.from(body);
    if (!content.none && NULL_BODY.has(status)) throw new TypeError(`a Response with the status ${status} has no body`);
    if (content.type && !headers.has("content-type")) headers.set("content-type", content.type);
    this.#f = { status, statusText, headers, url: "", type: "default", redirected: false };
    setBody(this, content);
  }

  get status(): number {
    return this.#f.status;
  }
  get statusText(): string {
    return this.#f.statusText;
  }
  get ok(): boolean {
    return this.#f.status >= 200 && this.#f.status <= 299;
  }
  get headers(): Headers {
    return this.#f.headers;
  }
  get url(): string {
    return this.#f.url;
  }
  get type(): string {
    return this.#f.type;
  }
  get redirected(): boolean {
    return this.#f.redirected;
  }
  clone(): Response {
    return new Response(bodyOf(this).clone(), { ...this.#f, headers: new Headers(this.#f.headers) }, fresh);
  }
  static error(): Response {
    const fields = { status: 0, statusText: "", headers: headersOf([], "immutable"), url: "", type: "error", redirected: false };
    return new Response(new Body(), fields, fresh);
  }
  static json(value: unknown, init: Record<string, unknown> = {}): Response {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError("Response.json() takes what JSON has");
    const headers = new Headers(init["headers"]);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    return new Response(text, { ...init, headers });
  }
  static redirect(url: unknown, status: unknown = 302): Response {
    if (![301, 302, 303, 307, 308].includes(Number(status))) throw new RangeError(`${String(status)} is no status of a redirect`);
    return new Response(null, { status, headers: { location: normalize(String(url)) } });
  }
}

idl(WithBody);
idl(Request);
idl(Response);

function bodyFromHost(from: Uint8Array | Pieces | null): Body {
  const body = new Body();
  if (from instanceof Uint8Array) body.bytes = from;
  else body.pieces = from;
  return body;
}

host.web = {
  provide,
  handler,
  clone: cloneWith,
  response(status, reason, headers, body, url, as = Response) {
    const fields = { status, statusText: reason, headers: headersOf(headers, "none"), url, type: "default", redirected: false };
    return new as(bodyFromHost(body), fields, fresh);
  },
  request(method, url, headers, body) {
    const fields: RequestFields = { method, url, headers: headersOf(headers, "none"), signal: null, redirect: "follow", rest: NONE };
    const request = new Request(fields, {}, fresh);
    setBody(request, bodyFromHost(body));
    return request;
  },
  headers: (of) => flatOf(of.headers),
  peek(of) {
    const { bytes, stream, pieces } = bodyOf(of);
    return bytes ?? stream ?? pieces;
  },
  take(of) {
    const body = bodyOf(of);
    if (body.disturbed || body.stream?.locked) throw new TypeError("the body was read already, or is being read");
    if (body.none) return null;
    if (body.stream || !body.bytes) return undefined;
    body.used = true;
    return body.bytes;
  },
};

function fetchLocal({ url, method }: Request): Response {
  host.load("forms");
  const found = method === "GET" || url.startsWith("data:") ? host.web.forms!.local(url) : null;
  if (!found) throw new TypeError(`fetch(${JSON.stringify(url)}): there is nothing behind this URL`);
  const headers = found.type ? ["content-type", found.type] : [];
  return host.web.response(200, "OK", headers, method === "HEAD" ? null : found.bytes, url);
}

async function fetch(input: unknown, init?: Record<string, unknown>): Promise<Response> {
  const request = new Request(input, init);
  const { signal } = fieldsOf(request);
  if (signal?.aborted) throw signal.reason;
  if (/^(?:data|blob):/.test(request.url)) return fetchLocal(request);
  if (!host.web.fetch) throw new TypeError(`fetch(${JSON.stringify(request.url)}): there is no network here`);
  const answer = host.web.fetch(request);
  if (!signal) return answer;
  return Promise.race([
    answer,
    new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason ?? new DOMException("aborted", "AbortError")))),
  ]);
}

define({ Request, Response, fetch });
