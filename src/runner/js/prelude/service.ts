// SPDX-License-Identifier: Apache-2.0
// service.fetch(): the compiled service handles a request in memory, in the world of the test that sends it.

import { within } from "./about";
import { type Breach, breachesOf, clientSettings, type Settings } from "./facts";
import { test } from "./host";
import { scope, type Scope } from "./scope";
import { type Answered, web, whenAborted } from "./web";

/** An event of an invocation, in the order in which they came. */
export interface TraceEvent {
  type: string;
  /** ms since 1970, on the world's clock. */
  time: number;
  [attribute: string]: unknown;
}

export interface Timing {
  virtualUs: number;
  realUs: number;
  cpuUs: number;
  memoryBytes: number;
  hostcalls: number;
  subrequests: number;
  logBytes: number;
  cacheLookups: number;
  outcome: string;
}

/** What a service wrote to its log endpoints. */
export class Logs extends Array<string> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
  /** Every message as JSON. */
  json(): unknown[] {
    return [...this].map((message, i) => {
      try {
        return JSON.parse(message) as unknown;
      } catch {
        throw new SyntaxError(`log message ${i + 1} is not JSON: ${message}`);
      }
    });
  }
  text(): string {
    return [...this].join("\n");
  }
}

/** What the service answered, and what else it did. */
export class ServiceResponse extends Response {
  #exchange!: Exchange;
  /** Messages of one endpoint, or of all of them. */
  logs(endpoint?: string): Logs {
    return this.#exchange.logs(endpoint);
  }
  get trace(): TraceEvent[] {
    return test.exchange.trace(this.#exchange.handle) as TraceEvent[];
  }
  get timing(): Timing {
    return test.exchange.timing(this.#exchange.handle) as unknown as Timing;
  }
  /** Limits that were exceeded. */
  get limits(): Breach[] {
    return breachesOf(this.#exchange.handle);
  }
  /** Interim responses (103). */
  get hints(): { status: number; headers: Headers }[] {
    return this.#exchange.hints();
  }
  /** Resolves when the service has ended, and rejects with what went wrong in it late. */
  done(): Promise<void> {
    return this.#exchange.done();
  }
  static of(exchange: Exchange, answered: Answered): ServiceResponse {
    const response = web.response(answered, ServiceResponse) as ServiceResponse;
    response.#exchange = exchange;
    return response;
  }
}
Object.defineProperty(ServiceResponse, "name", { value: "Response" });

export interface ServiceInit extends RequestInit {
  /** What is known of the client: `ip`, `tls.ja3`, … as in `client` blocks of .fiddle files. */
  client?: Settings;
}

/** A request to the service, until its frame ends. */
export class Exchange {
  handle!: HostExchange;
  /** The test knows of its failure. */
  observed = false;
  over = false;
  failure: Error | undefined;
  response: Response | undefined;
  /** The response's end was not there yet when its head was. */
  streams = false;
  private waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(
    readonly method: string,
    readonly url: string,
    /** What is shown of the service, behind the request. */
    private readonly who: string,
    readonly resolve: (response: ServiceResponse) => void,
    readonly reject: (error: Error) => void,
    private readonly place: Error,
    private readonly signal: AbortSignal | undefined,
  ) {}

  get name(): string {
    return `${this.method} ${this.url}${this.who}`;
  }

  answered(status: number, reason: string, headers: Flat, body: ArrayBuffer | HostBody | null): void {
    const { url, signal } = this;
    if (this.method === "HEAD" || signal?.aborted) {
      void web.drain(body);
      body = null;
    }
    if (signal?.aborted) return;
    this.streams = body !== null && !(body instanceof ArrayBuffer);
    const answered = { status, reason, headers, body, url, signal };
    this.resolve((this.response = ServiceResponse.of(this, answered) as never) as never);
  }

  failed(error: Error): void {
    this.observed = true;
    this.reject(at(this.place, error));
  }

  end(error: Error | undefined): void {
    if (this.who && error?.message.startsWith("as many guests run")) error.message += ": do services ask each other in a circle?";
    this.over = true;
    this.failure = error;
    for (const { resolve, reject } of this.waiting.splice(0)) error ? reject(error) : resolve();
  }

  /** Until nothing more can come of it. */
  ended(): Promise<void> {
    if (this.over) return this.failure ? Promise.reject(this.failure) : Promise.resolve();
    return new Promise((resolve, reject) => void this.waiting.push({ resolve, reject }));
  }

  done(): Promise<void> {
    this.observed = true;
    if (this.over && !this.failure) return Promise.resolve();
    const called = new Error("done");
    return this.ended().catch((error) => {
      throw at(called, error as Error);
    });
  }

  logs(endpoint?: string): Logs {
    const flat = test.exchange.logs(this.handle);
    const logs = new Logs();
    for (let i = 0; i + 1 < flat.length; i += 2) if (endpoint === undefined || flat[i] === endpoint) logs.push(flat[i + 1]!);
    return logs;
  }

  hints(): { status: number; headers: Headers }[] {
    const flat = test.exchange.hints(this.handle);
    const hints = [];
    for (let i = 0; i + 1 < flat.length; i += 2)
      hints.push({ status: flat[i] as number, headers: web.headers(flat[i + 1] as Flat) });
    return hints;
  }
}

function send(
  service: number, who: string, here: Scope, request: Request, body: Uint8Array | null, init: ServiceInit, place: Error, signal: AbortSignal | null | undefined,
): Promise<ServiceResponse> {
  return new Promise((resolve, reject) => {
    const exchange = new Exchange(request.method, request.url, who, resolve, reject, place, signal ?? undefined);
    here.enter();
    if (signal) whenAborted(signal, () => reject(signal.reason as Error));
    const client = init.client ? clientSettings(init.client) : null;
    exchange.handle = within(service, () =>
      test.exchange.fetch(exchange, request.method, request.url, web.flat(request), body, client));
    here.exchanges.push(exchange);
  });
}

/** `who`: what is shown of the service, behind the request. */
export function fetchFrom(service: number, who: string, input: RequestInfo | URL, init: ServiceInit = {}): Promise<ServiceResponse> {
  try {
    const here = scope(), place = new Error("service.fetch");
    const signal = init.signal === undefined && input instanceof Request ? input.signal : init.signal;
    signal?.throwIfAborted();
    const request = new Request(relative(input), init), body = web.bytes(request);
    return body === undefined
      ? web.read(request).then((bytes) => send(service, who, here, request, bytes, init, place, signal))
      : send(service, who, here, request, body, init, place, signal);
  } catch (error) {
    return Promise.reject(error as Error);
  }
}

export function listenForExchanges(): void {
  test.exchange.listen(
    (exchange, ...answer) => (exchange as Exchange).answered(...answer),
    (exchange, error) => (exchange as Exchange).failed(error),
    (exchange, error) => (exchange as Exchange).end(error),
  );
}

/** Paths alone are on the service's own host. */
function relative(input: RequestInfo | URL): RequestInfo | URL {
  return typeof input === "string" && input.startsWith("/") ? `http://localhost${input}` : input;
}

/** The error, with the place in the test that asked. */
function at(place: Error, error: Error): Error {
  const stack = place.stack ?? "";
  Object.defineProperty(error, "stack", { value: stack, configurable: true, writable: true });
  return error;
}

export const service = {
  fetch: (input: RequestInfo | URL, init?: ServiceInit): Promise<ServiceResponse> => fetchFrom(0, "", input, init),
};

function failureOf(exchange: Exchange, failed: Error & { report?: string }): Error {
  const report = [...exchange.logs("stderr"), failed.report ?? ""].join("\n");
  return Object.assign(new Error(`${exchange.name}: ${failed.message}`), { report, stack: "" });
}

/** What has gone wrong until now and nobody has been told of. */
export function failedExchanges(of: Scope): Error[] {
  return of.exchanges.filter((x) => x.failure && !x.observed).map((x) => failureOf(x, x.failure!));
}

/** Waits until what was sent in a frame has ended; what went wrong and nobody has been told of. */
export async function settleExchanges(of: Scope): Promise<Error[]> {
  const errors: Error[] = [];
  for (const exchange of of.exchanges) {
    if (exchange.response && !exchange.response.bodyUsed && exchange.streams) web.cancelBody(exchange.response);
    try {
      if (!exchange.over || exchange.failure) await exchange.ended();
    } catch (error) {
      if (exchange.observed) continue;
      errors.push(failureOf(exchange, error as Error));
    }
  }
  return errors;
}

const TIMELINES_SHOWN = 3;

/** For a test that failed: what happened in the last requests of it, and when. */
export function timelines(of: Scope): string {
  return of.exchanges
    .slice(-TIMELINES_SHOWN)
    .map((exchange) => [exchange.name, test.exchange.timeline(exchange.handle)] as const)
    .map(([name, timeline]) => (timeline ? `    request: ${name}\n${timeline}` : ""))
    .join("");
}
