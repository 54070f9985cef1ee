// SPDX-License-Identifier: Apache-2.0
// The bundle `messages`: MessageChannel, MessagePort and BroadcastChannel (HTML, 9.4 and 9.5), within a realm.

import { idl, needs } from "./define";

const key = Symbol("new MessagePort");
let entangle: (a: MessagePort, b: MessagePort) => void;

export class MessagePort extends EventTarget {
  #other: MessagePort | null = null;
  #started = false;
  #closed = false;
  #queue: { copy: unknown; ports: unknown[] }[] = [];
  #moved = false;
  #handler: ((event: Event) => unknown) | null = null;
  constructor(by?: symbol) {
    super();
    if (by !== key) throw new TypeError("Illegal constructor: a MessagePort comes from a MessageChannel");
  }
  postMessage(message: unknown, options?: unknown[] | { transfer?: unknown[] }): void {
    const transfer = Array.isArray(options) ? options : options?.transfer;
    if (transfer?.includes(this)) throw new DOMException("a MessagePort does not transfer itself", "DataCloneError");
    const made = host.web.clone(message, [...(transfer ?? [])]);
    const to = this.#other;
    if (!to || to.#closed) return;
    to.#queue.push(made);
    if (to.#started) to.#deliver();
  }
  /** Each message is a task of its own. */
  #deliver(): void {
    host.timers.start(() => {
      const next = this.#closed ? undefined : this.#queue.shift();
      if (next) this.dispatchEvent(new MessageEvent("message", { data: next.copy, ports: next.ports as never }));
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
  /** Another port takes its place, with what it has not delivered. */
  #move(): MessagePort {
    if (this.#moved) throw new DOMException("the MessagePort is gone already", "DataCloneError");
    const port = new MessagePort(key), other = this.#other;
    port.#queue = this.#queue;
    port.#other = other;
    if (other) other.#other = port;
    this.#queue = [];
    this.#other = null;
    this.#moved = this.#closed = true;
    return port;
  }
  static {
    host.web.ports = { is: (value) => typeof value === "object" && value !== null && #moved in value, move: (port) => (port as MessagePort).#move() };
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

/** In the order they were made. */
const channels = new Set<BroadcastChannel>();

export class BroadcastChannel extends EventTarget {
  #name: string;
  #closed = false;
  constructor(name: unknown) {
    needs(1, arguments.length, "new BroadcastChannel()");
    super();
    this.#name = String(name);
    channels.add(this);
  }
  get name(): string {
    return this.#name;
  }
  postMessage(message: unknown): void {
    needs(1, arguments.length, "BroadcastChannel.postMessage()");
    if (this.#closed) throw new DOMException("the BroadcastChannel is closed", "InvalidStateError");
    structuredClone(message);
    const origin = (globalThis as { location?: { origin?: string } }).location?.origin ?? "";
    for (const to of channels) {
      if (to === this || to.#name !== this.#name) continue;
      const data: unknown = structuredClone(message);
      host.timers.start(() => void (to.#closed || to.dispatchEvent(new MessageEvent("message", { data, origin }))), 0, false);
    }
  }
  close(): void {
    this.#closed = true;
    channels.delete(this);
  }
}
idl(BroadcastChannel);
for (const type of ["message", "messageerror"]) host.web.handler(BroadcastChannel as never, type);

host.web.provide({ BroadcastChannel, MessageChannel, MessagePort });
