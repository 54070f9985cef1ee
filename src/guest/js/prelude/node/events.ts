// SPDX-License-Identifier: Apache-2.0
// node:events (events), with what the library lacks: on(), getEventListeners(), setMaxListeners().

import EventEmitter from "events";

type Emitter = InstanceType<typeof EventEmitter>;
type Listener = (...args: unknown[]) => void;

interface OnOptions {
  signal?: AbortSignal;
  close?: string[];
}

function listen(to: Emitter | EventTarget, name: string, listener: Listener, away = false): void {
  if (typeof (to as Emitter).on === "function") {
    if (away) (to as Emitter).removeListener(name, listener);
    else (to as Emitter).on(name, listener);
  } else if (away) (to as EventTarget).removeEventListener(name, listener as never);
  else (to as EventTarget).addEventListener(name, listener as never);
}

/** What is emitted, one after the other, until somebody stops asking. */
function on(emitter: Emitter | EventTarget, name: string, { signal, close = [] }: OnOptions = {}): AsyncIterableIterator<unknown[]> {
  const events: unknown[][] = [];
  const waiting: { resolve: (r: IteratorResult<unknown[]>) => void; reject: (e: unknown) => void }[] = [];
  let failure: { error: unknown } | undefined;
  let ended = false;
  const take: Listener = (...args) => (waiting.length ? waiting.shift()!.resolve({ value: args, done: false }) : void events.push(args));
  const fail = (error: unknown): void => {
    if (waiting.length) waiting.shift()!.reject(error);
    else failure = { error };
    end();
  };
  const aborted = (): void => fail(signal!.reason);
  const end = (): void => {
    if (ended) return;
    ended = true;
    listen(emitter, name, take, true);
    listen(emitter, "error", fail, true);
    for (const one of close) listen(emitter, one, end, true);
    signal?.removeEventListener("abort", aborted);
    for (const one of waiting.splice(0)) one.resolve({ value: undefined, done: true });
  };
  signal?.throwIfAborted();
  signal?.addEventListener("abort", aborted);
  listen(emitter, name, take);
  if (name !== "error") listen(emitter, "error", fail);
  for (const one of close) listen(emitter, one, end);
  return {
    next() {
      if (events.length) return Promise.resolve({ value: events.shift()!, done: false });
      if (failure) {
        const { error } = failure;
        failure = undefined;
        return Promise.reject(error as Error);
      }
      if (ended) return Promise.resolve({ value: undefined, done: true });
      return new Promise((resolve, reject) => void waiting.push({ resolve, reject }));
    },
    return() {
      end();
      return Promise.resolve({ value: undefined, done: true });
    },
    throw(error: unknown) {
      fail(error);
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

const more = {
  on,
  getEventListeners: (emitter: Emitter, name: string) => emitter.listeners(name),
  setMaxListeners(n: number, ...emitters: Emitter[]): void {
    for (const emitter of emitters) emitter.setMaxListeners?.(n);
  },
  errorMonitor: Symbol("events.errorMonitor"),
  captureRejectionSymbol: Symbol.for("nodejs.rejection"),
};
host.node.modules["events"] = Object.assign(EventEmitter, more);
