// SPDX-License-Identifier: Apache-2.0
// origin(): what a service fetches from, answered by the test.

import { milliseconds } from "./duration";
import { test } from "./host";
import { scope, type Scope, scopes } from "./scope";
import { web } from "./web";

/** A request that an origin got. */
export interface Call {
  readonly backend: string;
  readonly method: string;
  readonly url: string;
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

/** Host, and path with query, of an absolute URL. */
const PARTS = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)([^#]*)/i;

class OriginCall implements Call {
  constructor(
    readonly backend: string,
    readonly request: Request,
  ) {}
  get method(): string {
    return this.request.method;
  }
  get url(): string {
    return this.request.url;
  }
  get path(): string {
    return PARTS.exec(this.request.url)![2]! || "/";
  }
  get headers(): Headers {
    return this.request.headers;
  }
  text(): Promise<string> {
    return this.request.clone().text();
  }
  json(): Promise<unknown> {
    return this.request.clone().json() as Promise<unknown>;
  }
}

function globToRegExp(glob: string): RegExp {
  return new RegExp(`^${glob.split("*").map((p) => p.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`);
}

type Step = { kind: "handler"; run: Handler } | { kind: "fault"; name: string; delay: number };

/** Whom to answer, and how. Later rules go before earlier ones; those of a test before those around it. */
export class Rule {
  private steps: Step[] = [];
  private expected: number | undefined;
  private wait = 0;
  readonly calls: Call[] = [];
  private readonly narrowed: Rule[] = [];

  constructor(
    readonly target: string | RegExp,
    readonly method = "*",
    readonly pathPattern: string | undefined = undefined,
  ) {}

  get description(): string {
    return `origin(${this.target instanceof RegExp ? this.target : JSON.stringify(this.target)})` +
      (this.pathPattern === undefined ? "" : `.on(${JSON.stringify(this.method)}, ${JSON.stringify(this.pathPattern)})`);
  }

  get answers(): boolean {
    return this.steps.length > 0;
  }

  /** How a request is not this rule's; empty when it is. */
  differences(call: Call): string[] {
    const found: string[] = [];
    const { target } = this;
    const matches = target instanceof RegExp ? target.test(call.url)
      : target === call.backend || target === "*" || (target.includes("://") && globToRegExp(target).test(call.url)) ||
        PARTS.exec(call.url)![1] === target;
    if (!matches) found.push(`backend: ${JSON.stringify(call.backend)} (${call.url}), not ${target}`);
    if (this.method !== "*" && this.method.toUpperCase() !== call.method) found.push(`method: ${call.method}, not ${this.method}`);
    if (this.pathPattern !== undefined) {
      const path = this.pathPattern.includes("?") ? call.path : call.path.split("?")[0]!;
      if (!globToRegExp(this.pathPattern).test(path)) found.push(`path: ${path}, not ${this.pathPattern}`);
    }
    return found;
  }

  on(method: string, path: string): Rule {
    const rule = new Rule(this.target, method, path);
    this.narrowed.push(rule);
    scope().rules.push(rule);
    return rule;
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
    this.steps = [{ kind: "handler", run }];
    return this;
  }

  /** Answers with these, one after another; the last again and again. */
  respond(...answers: (Response | Answer | string)[]): this {
    const list = answers.length ? answers : [{ status: 200 }];
    this.steps = list.map((answer) => ({
      kind: "handler",
      run: () => (answer instanceof Response ? answer.clone() : answer),
    }));
    return this;
  }

  /** No answer comes. */
  fail(fault: Fault): this {
    const name = FAULTS[fault];
    if (!name) throw new TypeError(`there is no fault ${JSON.stringify(fault)}: ${Object.keys(FAULTS).join(", ")}`);
    this.steps.push({ kind: "fault", name, delay: 0 });
    if (this.steps.length > 1 && this.steps[0]!.kind === "handler") this.steps = [this.steps.at(-1)!];
    return this;
  }

  /** Before each answer, on the world's clock. */
  delay(duration: number | string): this {
    this.wait = milliseconds(duration);
    return this;
  }

  /** The test fails unless exactly so many requests came. */
  expect(count: number): this {
    this.expected = count;
    return this;
  }

  unmet(): string | undefined {
    if (this.expected === undefined || this.calls.length === this.expected) return undefined;
    const got = this.calls.map((c) => `\n  ${c.method} ${c.url}`).join("");
    return `${this.description} expected ${this.expected} request${this.expected === 1 ? "" : "s"} and got ${this.calls.length}${got}`;
  }

  async answer(request: HostRequest, call: OriginCall): Promise<void> {
    this.calls.push(call);
    const step = this.steps[Math.min(this.calls.length, this.steps.length) - 1]!;
    if (this.wait) await sleep(this.wait);
    if (step.kind === "fault") {
      test.origins.fail(request, step.name, "");
      return;
    }
    // The handler may read the body; `calls` keeps one of its own.
    const given = call.request.clone();
    const answer = await step.run(given, call);
    if (answer instanceof Response) return sendResponse(request, answer, {});
    if (typeof answer === "string") return sendResponse(request, new Response(answer), {});
    if (answer === null || typeof answer !== "object")
      throw new TypeError(`${this.description}: the handler must return a Response, not ${String(answer)}`);
    return sendResponse(request, responseOf(answer), answer);
  }
}

function responseOf(answer: Answer): Response {
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

async function sendResponse(request: HostRequest, response: Response, answer: Answer): Promise<void> {
  if (answer.delay !== undefined) await sleep(milliseconds(answer.delay));
  const headers = web.flat(response).slice();
  const scripted = answer.after !== undefined || answer.then !== undefined || answer.drip !== undefined;
  const body = web.bytes(response);
  if (scripted) return script(request, response, headers, body === undefined ? await web.read(response) : body ?? new Uint8Array(), answer);
  if (body === undefined) return stream(request, response, headers);
  test.origins.answer(request, response.status, response.statusText, headers, body, false);
}

async function stream(request: HostRequest, response: Response, headers: Flat): Promise<void> {
  if (!test.origins.answer(request, response.status, response.statusText, headers, null, true)) return;
  const reader = response.body!.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!test.origins.write(request, value as Uint8Array)) return void reader.cancel();
    }
    test.origins.finish(request, "end");
  } catch {
    test.origins.finish(request, "reset");
  }
}

async function script(request: HostRequest, response: Response, headers: Flat, body: Uint8Array, answer: Answer): Promise<void> {
  const end = Math.min(answer.after ?? body.length, body.length);
  if (answer.then === "truncate" && !response.headers.has("content-length"))
    headers.push("content-length", String(body.length));
  if (!test.origins.answer(request, response.status, response.statusText, headers, null, true)) return;
  const step = answer.drip?.bytes ?? end;
  for (let at = 0; at < end; at += step) {
    if (at > 0 && answer.drip) await sleep(milliseconds(answer.drip.every));
    if (!test.origins.write(request, body.slice(at, Math.min(at + step, end)))) return;
  }
  if (answer.then === "stall") return;
  test.origins.finish(request, answer.then === "bad chunk" ? "protocol" : answer.then === undefined && end === body.length ? "end" : "reset");
}

export function origin(target: string | RegExp): Rule {
  if (typeof target !== "string" && !(target instanceof RegExp))
    throw new TypeError("origin() takes the name of a backend, a URL with * in it, or a regular expression");
  if (typeof target === "string" && !target.includes("://") && target !== "*") test.origins.define(target);
  const rule = new Rule(target);
  scope().rules.push(rule);
  return rule;
}

function nearest(call: Call): string {
  const rules = [...scopes()].flatMap((s) => s.rules).filter((r) => r.answers);
  if (rules.length === 0) return "no origin() is described";
  const best = rules.map((rule) => ({ rule, differences: rule.differences(call) }))
    .reduce((a, b) => (b.differences.length < a.differences.length ? b : a));
  const others = rules.length > 1 ? `\n  all origins: ${rules.map((r) => r.description).join(", ")}` : "";
  return `the nearest is ${best.rule.description}, but\n    ${best.differences.join("\n    ")}${others}`;
}

export function listen(): void {
  test.origins.listen((request, backend, method, url, headers, body) => {
    const call = new OriginCall(backend, web.request(method, url, headers, body));
    for (const s of scopes()) {
      for (let i = s.rules.length - 1; i >= 0; i--) {
        const rule = s.rules[i]!;
        if (!rule.answers || rule.differences(call).length > 0) continue;
        rule.answer(request, call).catch((error: unknown) => {
          test.origins.fail(request, "internal_error", String(error));
          host.console.uncaught(error);
        });
        return;
      }
    }
    const text = `${method} ${url} to backend ${JSON.stringify(backend)}: nobody answers it; ${nearest(call)}`;
    scope().unmatched.push(Object.assign(new Error(text), { stack: "" }));
    test.origins.fail(request, "destination_not_found", text);
  });
}

/** What the origins of a frame have to complain of. */
export function originErrors({ rules, unmatched }: Scope): Error[] {
  const unmet = rules.map((rule) => rule.unmet()).filter((text) => text !== undefined);
  return [...unmatched, ...unmet.map((text) => Object.assign(new Error(text), { stack: "" }))];
}
