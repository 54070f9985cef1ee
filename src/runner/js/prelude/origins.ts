// SPDX-License-Identifier: Apache-2.0
// origin(): what a service fetches from, as a test describes it. The rules are C's (origins.c); plain answers are given
// there, and functions are asked from there.

import { about, nameOf, within } from "./about";
import { milliseconds } from "./duration";
import { test } from "./host";
import { checkMembers } from "./members";
import { scope, type Scope, scopeIfAny, scopes } from "./scope";
import { type OpenService, openServices, services } from "./services";
import { web } from "./web";

/** A request that an origin got. */
export interface Call {
  readonly backend: string;
  readonly method: string;
  readonly url: string;
  /** Path and query, as they went over the wire. */
  readonly path: string;
  readonly headers: Headers;
  readonly request: Request;
  text(): Promise<string>;
  json(): Promise<unknown>;
}

export type Handler = (request: Request, call: Call) => Response | Answer | string | Promise<Response | Answer | string>;

/** Where in an answer what goes wrong; times are the world's. */
export interface Answer {
  status?: number;
  headers?: HeadersInit;
  body?: BodyInit | null;
  json?: unknown;
  /** Before anything is answered. */
  delay?: number | string;
  /** After so many bytes of the body … */
  after?: number;
  /** … the connection is reset, nothing more comes, the body ends though more was announced, or a chunk is malformed. */
  then?: "reset" | "stall" | "truncate" | "bad chunk";
  /** The body comes in pieces of so many bytes, one at a time. */
  drip?: { bytes: number; every: number | string };
}

const MEMBERS = ["status", "headers", "body", "json", "delay", "after", "then", "drip"];

const FAULTS: Record<string, string> = {
  refuse: "connection_refused",
  "connection refused": "connection_refused",
  reset: "connection_terminated",
  "connection reset": "connection_terminated",
  dns: "dns_error",
  "dns error": "dns_error",
  "dns timeout": "dns_timeout",
  tls: "tls_certificate_error",
  "tls error": "tls_certificate_error",
  "connect timeout": "connection_timeout",
  timeout: "http_response_timeout",
  "first byte timeout": "http_response_timeout",
  "incomplete response": "http_incomplete_response",
  unreachable: "destination_ip_unroutable",
  unavailable: "destination_unavailable",
};

export type Fault = keyof typeof FAULTS & string;

/** Made of what C recorded, as far as somebody looks at it. */
class OriginCall implements Call {
  #request: Request | undefined;
  #handle: HostCall;
  constructor(
    handle: HostCall,
    readonly backend: string,
    readonly method: string,
    readonly url: string,
    readonly path: string,
  ) {
    this.#handle = handle;
  }
  get request(): Request {
    if (!this.#request) {
      const body = test.origins.body(this.#handle);
      const pieces = { read: () => Promise.reject(this.unread(body as false | undefined)), cancel() {} };
      this.#request = host.web.request(this.method, this.url, test.origins.headers(this.#handle),
        body === null ? null : body instanceof ArrayBuffer ? new Uint8Array(body) : pieces) as unknown as Request;
    }
    return this.#request;
  }
  private unread(body: false | undefined): Error {
    return new Error(`the body of ${this.method} ${this.url} ` + (body === undefined ? TOO_LONG
      : "has not come to its end: the service is still sending it, or gave up"));
  }
  get headers(): Headers {
    return this.request.headers;
  }
  async text(): Promise<string> {
    return this.request.clone().text();
  }
  async json(): Promise<unknown> {
    return this.request.clone().json() as Promise<unknown>;
  }
}

const TOO_LONG = "is longer than 16 MiB, which is what is kept of it";
const CALL_PARTS = 5;

type CallParts = [HostCall, string, string, string, string];

function callsFrom(parts: unknown[]): OriginCall[] {
  const calls: OriginCall[] = [];
  for (let i = 1; i < parts.length; i += CALL_PARTS) calls.push(new OriginCall(...(parts.slice(i, i + CALL_PARTS) as CallParts)));
  return calls;
}

let lastHandler = 0;

/** Whom to answer, and how. Later rules go before earlier ones; those of a test before those around it. */
export class Rule {
  private given: HostAnswer[] = [];
  private expected = -1;
  private wait = 0;
  private readonly number: number;
  private readonly scope: Scope;
  readonly asker = about();
  /** Of the frame that asked last. */
  private known: { frame: number; seen: number; list: Call[] } | undefined;
  private proxy: readonly Call[] | undefined;

  constructor(
    readonly target: string | RegExp,
    readonly method = "*",
    readonly pathPattern: string | undefined = undefined,
  ) {
    this.scope = scope();
    this.number = this.tell(0);
    this.scope.rules.push(this);
  }

  get description(): string {
    return `origin(${this.target instanceof RegExp ? this.target : JSON.stringify(this.target)})` +
      (this.pathPattern === undefined ? "" : `.on(${JSON.stringify(this.method)}, ${JSON.stringify(this.pathPattern)})`) +
      nameOf(this.asker);
  }

  /** No URL, and no host. */
  get namesBackend(): boolean {
    return typeof this.target === "string" && !/[*:./]/.test(this.target);
  }

  get answers(): boolean {
    return this.given.length > 0;
  }

  private tell(number: number): number {
    return within(this.asker, () =>
      test.origins.put(this.scope.id, number, String(this.target), this.target instanceof RegExp, this.method.toUpperCase(),
        this.pathPattern ?? "*", this.description, this.expected, this.wait, this.given));
  }

  private change(answers = this.given): this {
    this.given = answers;
    this.tell(this.number);
    return this;
  }

  /** The requests that were made of it: in the test that asks, and in the hooks before it. */
  get calls(): readonly Call[] {
    return (this.proxy ??= new Proxy<Call[]>([], live(() => this.callsNow())));
  }

  private callsNow(): Call[] {
    const inside = [...scopes()].includes(this.scope);
    const frame = inside ? scopeIfAny()!.id : this.scope.id;
    if (this.known?.frame !== frame) this.known = { frame, seen: 0, list: [] };
    const { seen } = this.known;
    const parts = within(this.asker, () => test.origins.calls(frame, this.number, seen));
    this.known.seen = parts[0] as number;
    this.known.list.push(...callsFrom(parts));
    return this.known.list;
  }

  on(method: string, path: string): Rule {
    return within(this.asker, () => new Rule(this.target, method, path));
  }
  get(path: string): Rule {
    return this.on("GET", path);
  }
  head(path: string): Rule {
    return this.on("HEAD", path);
  }
  post(path: string): Rule {
    return this.on("POST", path);
  }
  put(path: string): Rule {
    return this.on("PUT", path);
  }
  patch(path: string): Rule {
    return this.on("PATCH", path);
  }
  delete(path: string): Rule {
    return this.on("DELETE", path);
  }

  /** Answers every request by a function. */
  handle(run: Handler): this {
    if (typeof run !== "function") throw new TypeError(`${this.description}.handle() takes a function`);
    return this.change([this.handler(run)]);
  }

  /** Answers with what another local service does: services.open(…), or its path. */
  service(other: OpenService | string): this {
    return this.handle((typeof other === "string" ? services.open(other) : other).handle);
  }

  private handler(run: Handler): HostAnswer {
    this.scope.handlers.set(++lastHandler, { rule: this, run });
    return [lastHandler];
  }

  /** Answers with these, one after another; the last again and again. */
  respond(...answers: (Response | Answer | string)[]): this {
    const list = answers.length ? answers : [{ status: 200 }];
    return this.change(list.map((answer) => plain(answer) ?? this.handler(() => (answer instanceof Response ? answer.clone() : answer))));
  }

  /** No answer comes. */
  fail(fault: Fault): this {
    const name = FAULTS[fault];
    if (!name) throw new TypeError(`there is no fault ${JSON.stringify(fault)}: ${Object.keys(FAULTS).join(", ")}`);
    const before = this.given.length > 0 && this.given[0]![1] ? this.given : [];
    return this.change([...before, failing(name)]);
  }

  /** Before each answer, on the world's clock. */
  delay(duration: number | string): this {
    this.wait = milliseconds(duration);
    return this.change();
  }

  /** The test fails unless exactly so many requests came. */
  expect(count: number): this {
    this.expected = count;
    return this.change();
  }

  /** Answers a request by a function. */
  async ask(request: HostRequest, run: Handler, given: Request, call: Call): Promise<void> {
    if (this.wait) await sleep(this.wait);
    const answer = await run(given, call);
    if (typeof answer !== "string" && (answer === null || typeof answer !== "object"))
      throw new TypeError(`${this.description}: the handler must return a Response, not ${String(answer)}`);
    const made = plain(answer);
    if (made) test.origins.answer(request, made, false);
    else await answerLater(request, answer);
  }
}

/** An array that is made anew whenever somebody looks at it. */
function live(now: () => Call[]): ProxyHandler<Call[]> {
  const fresh = (list: Call[]): Call[] => {
    const calls = now();
    if (calls.length !== list.length) list.splice(0, list.length, ...calls);
    return list;
  };
  return {
    get: (list, key) => Reflect.get(fresh(list), key) as unknown,
    has: (list, key) => Reflect.has(fresh(list), key),
    ownKeys: (list) => Reflect.ownKeys(fresh(list)),
    getOwnPropertyDescriptor: (list, key) => Reflect.getOwnPropertyDescriptor(fresh(list), key),
  };
}

function failing(name: string): HostAnswer {
  return [0, name, 0];
}

/** What C can answer with alone; undefined: its body must be awaited. */
function plain(given: Response | Answer | string): HostAnswer | undefined {
  const answer: Answer = given instanceof Response || typeof given === "string" ? {} : given;
  const response = given instanceof Response ? given : typeof given === "string" ? new Response(given) : responseOf(given);
  // What a test gives as a Response may be given again.
  const body = web.bytes(given instanceof Response ? given.clone() : response);
  return body === undefined ? undefined : answerOf(response, body, answer);
}

function answerOf(response: Response, body: Uint8Array | null, { delay = 0, after = -1, then = undefined as string | undefined, drip }: Answer): HostAnswer {
  if (drip) checkMembers("drip", drip, ["bytes", "every"]);
  if (drip && !(drip.bytes >= 1)) throw new TypeError(`drip: ${drip.bytes} bytes at a time never come to an end`);
  return [0, "", milliseconds(delay), response.status, response.statusText, web.flat(response), body, after, then ?? "",
    drip?.bytes ?? 0, drip ? milliseconds(drip.every) : 0];
}

function responseOf(answer: Answer): Response {
  checkMembers("an answer", answer, MEMBERS);
  const headers = new Headers(answer.headers);
  let body = answer.body ?? null;
  if (answer.json !== undefined) {
    body = JSON.stringify(answer.json);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
  }
  return new Response(body, { status: answer.status ?? 200, headers });
}

/** In the frame that is current now. */
function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => void host.timers.start(resolve, ms, false));
}

async function answerLater(request: HostRequest, given: Response | Answer | string): Promise<void> {
  const answer = given instanceof Response || typeof given === "string" ? {} : given;
  const response = given instanceof Response ? given : responseOf(answer);
  if (answer.after !== undefined || answer.then !== undefined || answer.drip !== undefined) {
    const body = await web.read(response);
    test.origins.answer(request, answerOf(response, body, answer), false);
    return;
  }
  if (!test.origins.answer(request, answerOf(response, null, answer), true)) return;
  const reader = response.body!.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!test.origins.write(request, value as Uint8Array)) return void reader.cancel();
    }
    test.origins.finish(request, true);
  } catch {
    test.origins.finish(request, false);
  }
}

export function origin(target: string | RegExp): Rule {
  if (!(target instanceof RegExp) && (typeof target !== "string" || target === ""))
    throw new TypeError("origin() takes the name of a backend, a URL with * in it, or a regular expression");
  if (typeof target === "string" && !target.includes("://") && target !== "*") test.origins.define(target);
  return new Rule(target);
}

export function listen(): void {
  test.origins.listen((handler, request, handle, backend, method, url, path, headers, body) => {
    let found: { rule: Rule; run: Handler } | undefined;
    for (const s of scopes()) found ??= s.handlers.get(handler);
    const { rule, run } = found!;
    const failed = (error: unknown): void => {
      test.origins.answer(request, failing("internal_error"), false);
      host.console.uncaught(error);
    };
    if (body === undefined) return failed(new Error(`the body of ${method} ${url} ${TOO_LONG}`));
    rule.ask(request, run, web.request(method, url, headers, body), new OriginCall(handle, backend, method, url, path)).catch(failed);
  });
}

// ---- what the origins of a frame have to complain of ----

type Miss = [method: string, url: string, backend: string, nearest: string | null, ...differences: (string | null)[]];

function missError([method, url, backend, nearest, ...differences]: Miss): Error {
  const rules = [...scopes()].flatMap((s) => s.rules).filter((r) => r.answers && r.asker === about());
  let text = `${method} ${url} to backend ${JSON.stringify(backend)}${nameOf(about())}: nobody answers it; `;
  if (nearest === null) text += "no origin() is described";
  else text += `the nearest is ${nearest}, but`;
  for (let i = 0; i < differences.length; i += 3)
    text += `\n    ${differences[i]}: ${differences[i + 2] ?? "none"}, not ${differences[i + 1]}`;
  if (rules.length > 1) text += `\n  all origins: ${rules.map((r) => r.description).join(", ")}`;
  return Object.assign(new Error(text), { stack: "" });
}

function unmetError(frame: number, [number, description, expected, asked]: [number, string, number, number]): Error {
  const got = callsFrom(test.origins.calls(frame, number, 0)).map((c) => `\n  ${c.method} ${c.url}`).join("");
  const text = `${description} expected ${expected} request${expected === 1 ? "" : "s"} and got ${asked}${got}`;
  return Object.assign(new Error(text), { stack: "" });
}

function errorsOf(id: number): Error[] {
  const errors = (test.origins.unanswered(id) as Miss[]).map(missError);
  const unmet = test.origins.unmet(id);
  for (let i = unmet.length - 4; i >= 0; i -= 4) errors.push(unmetError(id, unmet.slice(i, i + 4) as [number, string, number, number]));
  return errors;
}

export function originErrors({ id }: Scope): Error[] {
  return openServices().flatMap((service) => within(service, () => errorsOf(id)));
}

/** For a test that failed: origins that nothing can have asked, as no backend has their name. */
export function strangeOrigins(of: Scope): string {
  const rules: Rule[] = [];
  for (let s: Scope | undefined = of; s; s = s.outer) rules.push(...s.rules);
  return rules.map((rule) => {
    const backends = within(rule.asker, () => test.origins.backends());
    if (!rule.answers || !rule.namesBackend || backends.includes(rule.target as string) || rule.calls.length > 0) return "";
    return `    note: nothing asked ${rule.description}, and there is no backend of that name` +
      ` (${backends.length ? `there are: ${backends.join(", ")}` : "fastly.toml has none"})\n`;
  }).join("");
}
