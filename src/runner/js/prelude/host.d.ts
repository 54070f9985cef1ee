// SPDX-License-Identifier: Apache-2.0
// The C functions that a realm of tests has beside those of src/guest/js/prelude/host.d.ts.

type Flat = string[];
type HostBody = { readonly hostBody: unique symbol };
type HostExchange = { readonly hostExchange: unique symbol };
type HostRequest = { readonly hostRequest: unique symbol };
type HostCall = { readonly hostCall: unique symbol };
/** The number of a function that answers, or a fault, or an answer. */
type HostAnswer = [
  handler: number,
  fault?: string,
  delayMs?: number,
  status?: number,
  reason?: string,
  headers?: Flat,
  body?: ArrayBufferView | ArrayBuffer | string | null,
  after?: number,
  then?: string,
  dripBytes?: number,
  dripMs?: number,
];
type HostResponse = [status: number, reason: string, headers: Flat, body: ArrayBuffer | HostBody | null];

type HostRegistration = { readonly hostRegistration: unique symbol };
type HostCached = { readonly hostCached: unique symbol };

interface HostCacheItem {
  handle: HostCached;
  key: string;
  url?: string;
  status?: number;
  headers?: Flat;
  vary: string;
  surrogateKeys: string;
}

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
    open(outer: number, name: string): number;
    enter(id: number): void;
    close(id: number): void;
    current(): number;
    now(): [wallMs: number, monotonicMs: number, patientMs: number];
    patient(): number;
    idle(): boolean;
    advance(ms: number): number;
    set(wallMs: number): void;
    real(): void;
    virtual(): void;
  };
  exchange: {
    listen(
      answered: (exchange: object, status: number, reason: string, headers: Flat, body: ArrayBuffer | HostBody | null) => void,
      failed: (exchange: object, error: Error) => void,
      ended: (exchange: object, error: Error | undefined) => void,
    ): void;
    fetch(
      exchange: object,
      method: string,
      url: string,
      headers: Flat,
      body: ArrayBufferView | ArrayBuffer | string | null,
      client: Flat | null,
    ): HostExchange;
    logs(exchange: HostExchange): Flat;
    trace(exchange: HostExchange): Record<string, unknown>[];
    timeline(exchange: HostExchange): string;
    timing(exchange: HostExchange): Record<string, number | string>;
    hints(exchange: HostExchange): (number | Flat)[];
    breaches(exchange: HostExchange): (string | number | boolean)[];
  };
  bodies: {
    read(body: HostBody): Promise<ArrayBuffer | null>;
    cancel(body: HostBody): void;
  };
  net: {
    problems(frame: number, passed: boolean): string[];
  };
  origins: {
    /** What functions are to answer; body: undefined is one that is too long. */
    listen(
      handler: (
        handler: number,
        request: HostRequest,
        call: HostCall,
        backend: string,
        method: string,
        url: string,
        path: string,
        headers: Flat,
        body: ArrayBuffer | null | undefined,
      ) => void,
    ): void;
    put(
      frame: number,
      number: number,
      target: string,
      isPattern: boolean,
      method: string,
      path: string,
      description: string,
      expected: number,
      waitMs: number,
      answers: HostAnswer[],
    ): number;
    answer(request: HostRequest, answer: HostAnswer, more: boolean): boolean;
    write(request: HostRequest, bytes: ArrayBufferView | ArrayBuffer | string): boolean;
    finish(request: HostRequest, whole: boolean): void;
    calls(frame: number, number: number, since: number): [count: number, ...parts: (HostCall | string)[]];
    headers(call: HostCall): Flat;
    body(call: HostCall): ArrayBuffer | null | false | undefined;
    unanswered(frame: number): (string | null)[][];
    unmet(frame: number): (number | string)[];
    backends(): string[];
    define(name: string): void;
  };
  services: {
    open(path: string): number;
    about(service: number): void;
  };
  facts: {
    set(block: string, name: string, value: string): void;
    get(block: string): Flat;
    limit(name: string, bound: number | string, warn: boolean): void;
    useLimits(profile: string, warn: boolean): void;
    getLimit(name: string): number;
    addKey(key: string): void;
    removeKey(key: string): boolean;
    keys(): string[];
  };
  backends: {
    list(): import("./backends").Backend[];
    get(name: string): import("./backends").Backend | null;
    set(name: string, settings: object): void;
    remove(name: string): boolean;
    listen(listener: (registration: HostRegistration, backend: import("./backends").Backend, service: number) => void): void;
    settle(registration: HostRegistration, refusal: string | null, settings: object | null): import("./backends").Backend | undefined;
  };
  tables: {
    names(kind: string): string[];
    create(kind: string, store: string): void;
    get(kind: string, store: string, key: string): string | null | undefined;
    set(kind: string, store: string, key: string, value: ArrayBufferView | ArrayBuffer | string): boolean;
    remove(kind: string, store: string, key: string): boolean | undefined;
    list(kind: string, store: string): Flat | undefined;
  };
  kv: {
    names(): string[];
    create(store: string): void;
    get(
      store: string,
      key: string,
      bytes: boolean,
    ): [value: string | ArrayBuffer, metadata: string | null, generation: string, ttlMs: number | null] | null | undefined;
    set(
      store: string,
      key: string,
      value: ArrayBufferView | ArrayBuffer | string,
      metadata: string | null,
      ttlMs: number,
      mode: string,
      ifGeneration: string | null,
    ): string | null | undefined;
    remove(store: string, key: string): boolean | undefined;
    list(store: string, prefix: string): string[] | undefined;
  };
  acl: {
    names(): string[];
    create(list: string): void;
    set(list: string, prefix: string, allow: boolean): void;
    get(list: string, address: string): [prefix: string, action: string] | null | undefined;
    remove(list: string, prefix: string): boolean | undefined;
    list(list: string): Flat | undefined;
  };
  rates: {
    add(counter: string, entry: string, delta: number): void;
    count(counter: string, entry: string, windowSeconds: number): number;
    rate(counter: string, entry: string, windowSeconds: number): number;
    penalize(box: string, entry: string, seconds: number): void;
    left(box: string, entry: string): number;
    forget(box: boolean, name: string, entry: string): boolean;
    list(boxes: boolean, name: string): string[];
  };
  cache: {
    list(): HostCacheItem[];
    body(object: HostCached): ArrayBuffer | null;
    insert(key: string, headers: Flat, body: ArrayBufferView | ArrayBuffer | string, options: object): void;
    store(
      url: string,
      requestHeaders: Flat,
      status: number,
      headers: Flat,
      body: ArrayBufferView | ArrayBuffer | string,
      options: object,
    ): boolean;
    remove(object: HostCached): number;
    age(object: HostCached | null, ms: number): number;
    purge(surrogateKey: string | null, soft: boolean): number;
  };
  results: {
    plan(tests: TestWho[]): number[];
    starts(test: TestWho): boolean;
    ended(test: TestWho, outcome: TestOutcome): boolean;
    broken(text: string): void;
    depends(path: string): void;
    warn(text: string): void;
    snapshots(written: number, updated: number, removed: number, obsolete: string[]): void;
    over(): void;
    uncaught(listener: (error: unknown) => void): void;
  };
  run: (settings: Settings) => void;
  printed: (level: string, text: string) => void;
  /** JavaScript took too long, and was at `stack`: what is to be reported of that. */
  stopped: (message: string, stack: string) => string;
}

/** What javascript.c tells of the file that is to be run. */
interface Settings {
  path: string;
  /** As the user named it. */
  shown: string;
  folder: string;
  esbuild: string;
  cache: string;
  /** Where compiled modules are kept when that cannot be written. */
  spare: string;
  seed: number;
  shuffled: boolean;
  listing: boolean;
  trace: boolean;
  retry: number;
  /** The runner's own modules, when the service is one that is deployed; else null. */
  closed: string[] | null;
  /** Whether snapshots are written: "new", "all" or "none". */
  snapshots: string;
  /** Why there is no service; empty: there is one. */
  missing: string;
}
