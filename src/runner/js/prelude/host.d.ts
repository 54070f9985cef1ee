// SPDX-License-Identifier: Apache-2.0
// The C functions that a realm of tests has beside those of src/guest/js/prelude/host.d.ts.

type Flat = string[];
type HostBody = { readonly hostBody: unique symbol };
type HostExchange = { readonly hostExchange: unique symbol };
type HostRequest = { readonly hostRequest: unique symbol };
type HostResponse = [status: number, reason: string, headers: Flat, body: ArrayBuffer | HostBody | null];

interface TestWho {
  index: number;
  name: string;
  suites: string[];
  line: number;
  column: number;
}

interface TestOutcome {
  status: "passed" | "failed" | "skipped" | "todo";
  message?: string;
  text?: string;
  file?: string;
  line?: number;
  column?: number;
  checks?: number;
  trace?: string;
}

interface TestHost {
  frames: {
    open(): void;
    close(): void;
    now(): [wallMs: number, monotonicMs: number, patientMs: number];
    patient(): number;
    advance(ms: number): void;
    set(wallMs: number): void;
  };
  exchange: {
    fetch(
      method: string,
      url: string,
      headers: Flat,
      body: ArrayBufferView | ArrayBuffer | string | null,
      client: Flat | null,
    ): [exchange: HostExchange, response: Promise<HostResponse>, ended: Promise<void>];
    logs(exchange: HostExchange): Flat;
    trace(exchange: HostExchange): Record<string, unknown>[];
    timing(exchange: HostExchange): Record<string, number | string>;
    hints(exchange: HostExchange): (number | Flat)[];
  };
  bodies: {
    read(body: HostBody): Promise<ArrayBuffer | null>;
    cancel(body: HostBody): void;
  };
  origins: {
    listen(
      handler: (
        request: HostRequest,
        backend: string,
        method: string,
        url: string,
        headers: Flat,
        body: ArrayBuffer | HostBody | null,
      ) => void,
    ): void;
    answer(
      request: HostRequest,
      status: number,
      reason: string,
      headers: Flat,
      body: ArrayBufferView | ArrayBuffer | string | null,
      more: boolean,
    ): boolean;
    write(request: HostRequest, bytes: ArrayBufferView | ArrayBuffer | string): boolean;
    finish(request: HostRequest, how: "end" | "reset" | "timeout" | "protocol"): void;
    fail(request: HostRequest, error: string, text: string): boolean;
    backends(): string[];
    define(name: string): void;
  };
  results: {
    plan(tests: TestWho[]): number[];
    starts(test: TestWho): boolean;
    ended(test: TestWho, outcome: TestOutcome): boolean;
    broken(text: string): void;
    depends(path: string): void;
    over(): void;
    uncaught(listener: (error: unknown) => void): void;
  };
  run: (settings: Settings) => void;
  printed: (level: string, text: string) => void;
}

/** What javascript.c tells of the file that is to be run. */
interface Settings {
  path: string;
  /** As the user named it. */
  shown: string;
  folder: string;
  esbuild: string;
  cache: string;
  seed: number;
  shuffled: boolean;
  listing: boolean;
  trace: boolean;
  retry: number;
  /** Whether snapshots are written: "new", "all" or "none". */
  snapshots: string;
  /** Why there is no service; empty: there is one. */
  missing: string;
}
