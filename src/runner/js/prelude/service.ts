// SPDX-License-Identifier: Apache-2.0
// service.fetch(): the compiled service handles a request in memory, in the world of the test that sends it.

import { type Breach, breachesOf, clientSettings, type Settings } from "./facts";
import { test } from "./host";
import { scope, type Scope } from "./scope";
import { web } from "./web";

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

export interface ServiceResponse extends Response {
  /** Messages of one endpoint, or of all of them. */
  logs(endpoint?: string): Logs;
  readonly trace: TraceEvent[];
  readonly timing: Timing;
  /** Those that were exceeded. */
  readonly limits: Breach[];
  /** Interim responses (103). */
  readonly hints: { status: number; headers: Headers }[];
  /** Resolves when the service has ended, and rejects with what went wrong in it late. */
  done(): Promise<void>;
}

export interface ServiceInit extends RequestInit {
  /** What is known of the client: `ip`, `tls.ja3`, … as in `client` blocks of .fiddle files. */
  client?: Settings;
}

export class Exchange {
  observed = false;
  response: Response | undefined;
  /** The response's end was not there yet when its head was. */
  streams = false;
  constructor(
    readonly handle: HostExchange,
    readonly ended: Promise<void>,
    readonly name: string,
  ) {
    ended.catch(() => {});
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

async function fetchService(input: RequestInfo | URL, init: ServiceInit = {}): Promise<ServiceResponse> {
  const place = new Error("service.fetch");
  const here = scope();
  const parts = await web.parts(new Request(relative(input), init));
  here.enter();
  const [handle, response, ended] = test.exchange.fetch(
    parts.method, parts.url, parts.headers, parts.body, init.client ? clientSettings(init.client) : null);
  const exchange = new Exchange(handle, ended, `${parts.method} ${parts.url}`);
  here.exchanges.push(exchange);
  let told: HostResponse;
  try {
    told = await response;
  } catch (error) {
    exchange.observed = true;
    throw at(place, error as Error);
  }
  const made = web.response(told, parts.url);
  exchange.response = made;
  exchange.streams = told[3] !== null && !(told[3] instanceof ArrayBuffer);
  Object.defineProperties(made, {
    logs: { value: (endpoint?: string) => exchange.logs(endpoint) },
    trace: { get: () => test.exchange.trace(handle) },
    timing: { get: () => test.exchange.timing(handle) },
    limits: { get: () => breachesOf(handle) },
    hints: { get: () => exchange.hints() },
    done: {
      value: async () => {
        exchange.observed = true;
        const called = new Error("done");
        try {
          await ended;
        } catch (error) {
          throw at(called, error as Error);
        }
      },
    },
  });
  return made as ServiceResponse;
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

export const service = { fetch: fetchService };

/** Waits until what was sent in a frame has ended; what went wrong and nobody has been told of. */
export async function settleExchanges(of: Scope): Promise<Error[]> {
  const errors: Error[] = [];
  for (const exchange of of.exchanges) {
    if (exchange.response && !exchange.response.bodyUsed && exchange.streams) web.cancelBody(exchange.response);
    try {
      await exchange.ended;
    } catch (error) {
      if (exchange.observed) continue;
      const failed = error as Error & { report?: string };
      const report = [...exchange.logs("stderr"), failed.report ?? ""].join("\n");
      errors.push(Object.assign(new Error(`${exchange.name}: ${failed.message}`), { report, stack: "" }));
    }
  }
  return errors;
}
