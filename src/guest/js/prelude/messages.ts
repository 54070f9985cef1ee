// SPDX-License-Identifier: Apache-2.0
// The bundle `messages`: MessageChannel and MessagePort (HTML, 9.4), within a realm.

import { idl } from "./define";

const key = Symbol("new MessagePort");
let entangle: (a: MessagePort, b: MessagePort) => void;

export class MessagePort extends EventTarget {
  #other: MessagePort | null = null;
  #started = false;
  #closed = false;
  #queue: unknown[] = [];
  #handler: ((event: Event) => unknown) | null = null;
  constructor(by?: symbol) {
    super();
    if (by !== key) throw new TypeError("Illegal constructor: a MessagePort comes from a MessageChannel");
  }
  postMessage(message: unknown, options?: unknown[] | { transfer?: unknown[] }): void {
    const transfer = Array.isArray(options) ? options : options?.transfer;
    const data: unknown = structuredClone(message, { transfer: (transfer ?? []) as never });
    const to = this.#other;
    if (!to || to.#closed) return;
    to.#queue.push(data);
    if (to.#started) to.#deliver();
  }
  /** Each message is a task of its own. */
  #deliver(): void {
    host.timers.start(() => {
      if (this.#closed || !this.#queue.length) return;
      this.dispatchEvent(new MessageEvent("message", { data: this.#queue.shift() }));
    }, 0, false);
  }
  start(): void {
    if (this.#started) return;
    this.#started = true;
    for (let i = 0; i < this.#queue.length; i++) this.#deliver();
  }
  close(): void {
    this.#closed = true;
    this.#queue = [];
  }
  get onmessage(): ((event: Event) => unknown) | null {
    return this.#handler;
  }
  set onmessage(handler) {
    if (!this.#handler && handler) this.addEventListener("message", (event) => void this.#handler?.call(this, event));
    this.#handler = typeof handler === "function" ? handler : null;
    this.start();
  }
  static {
    entangle = (a, b) => {
      a.#other = b;
      b.#other = a;
    };
  }
}
idl(MessagePort);

export class MessageChannel {
  #ports = [new MessagePort(key), new MessagePort(key)] as const;
  constructor() {
    entangle(...this.#ports);
  }
  get port1(): MessagePort {
    return this.#ports[0];
  }
  get port2(): MessagePort {
    return this.#ports[1];
  }
}
idl(MessageChannel);

host.web.provide({ MessageChannel, MessagePort });
