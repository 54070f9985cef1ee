// SPDX-License-Identifier: Apache-2.0
// Event and EventTarget (DOM, 2), without a tree: an event has one target. And the events of other standards.

import { constants, idl, needs } from "./define";
import { DOMException } from "./dom_exception";

type Listener = ((event: Event) => unknown) | { handleEvent(event: Event): unknown };
interface Registered {
  callback: Listener;
  capture: boolean;
  once: boolean;
  passive: boolean;
  removed: boolean;
}

let dispatch: (target: EventTarget, event: Event) => boolean;
let trust: (event: Event) => void;

export class Event {
  #type: string;
  #bubbles: boolean;
  #cancelable: boolean;
  #composed: boolean;
  #target: EventTarget | null = null;
  #current: EventTarget | null = null;
  #phase = 0;
  #stopped = false;
  #stoppedNow = false;
  #canceled = false;
  #passive = false;
  #dispatching = false;
  #trusted = false;
  #time = host.clock.monotonic();
  constructor(type: unknown, init?: { bubbles?: boolean; cancelable?: boolean; composed?: boolean } | null) {
    needs(1, arguments.length, "new Event()");
    this.#type = String(type);
    if (init !== undefined && init !== null && typeof init !== "object" && typeof init !== "function")
      throw new TypeError("an event's second argument must be an object");
    this.#bubbles = !!init?.bubbles;
    this.#cancelable = !!init?.cancelable;
    this.#composed = !!init?.composed;
  }
  get type(): string {
    return this.#type;
  }
  get target(): EventTarget | null {
    return this.#target;
  }
  get srcElement(): EventTarget | null {
    return this.#target;
  }
  get currentTarget(): EventTarget | null {
    return this.#current;
  }
  composedPath(): EventTarget[] {
    return this.#current ? [this.#current] : [];
  }
  get eventPhase(): number {
    return this.#phase;
  }
  stopPropagation(): void {
    this.#stopped = true;
  }
  get cancelBubble(): boolean {
    return this.#stopped;
  }
  set cancelBubble(value) {
    if (value) this.#stopped = true;
  }
  stopImmediatePropagation(): void {
    this.#stopped = this.#stoppedNow = true;
  }
  get bubbles(): boolean {
    return this.#bubbles;
  }
  get cancelable(): boolean {
    return this.#cancelable;
  }
  get returnValue(): boolean {
    return !this.#canceled;
  }
  set returnValue(value) {
    if (!value) this.preventDefault();
  }
  preventDefault(): void {
    if (this.#cancelable && !this.#passive) this.#canceled = true;
  }
  get defaultPrevented(): boolean {
    return this.#canceled;
  }
  get composed(): boolean {
    return this.#composed;
  }
  get isTrusted(): boolean {
    return this.#trusted;
  }
  get timeStamp(): number {
    return this.#time;
  }
  initEvent(type: unknown, bubbles = false, cancelable = false): void {
    needs(1, arguments.length, "initEvent()");
    if (this.#dispatching) return;
    this.#type = String(type);
    this.#bubbles = !!bubbles;
    this.#cancelable = !!cancelable;
    this.#stopped = this.#stoppedNow = this.#canceled = this.#trusted = false;
    this.#target = null;
  }
  static {
    trust = (event) => void (event.#trusted = true);
    dispatch = (target, event) => {
      if (event.#dispatching) throw new DOMException("the event is being dispatched", "InvalidStateError");
      event.#dispatching = true;
      event.#target = event.#current = target;
      event.#phase = 2;
      const list = listenersOf(target, event.#type);
      if (list && !event.#stopped) {
        const now = list.slice();
        for (let pass = 0; pass < 2 && !event.#stopped; pass++)
          for (let i = 0; i < now.length && !event.#stoppedNow; i++) {
            const one = now[i];
            if (one.removed || one.capture !== (pass === 0)) continue;
            if (one.once) forget(target, event.#type, one);
            event.#passive = one.passive;
            try {
              if (typeof one.callback === "function") one.callback.call(target, event);
              else {
                const handle = one.callback.handleEvent;
                if (typeof handle !== "function") throw new TypeError("an event listener has no function handleEvent");
                handle.call(one.callback, event);
              }
            } catch (error) {
              host.console.uncaught(error);
            }
            event.#passive = false;
          }
      }
      event.#dispatching = event.#stopped = event.#stoppedNow = false;
      event.#phase = 0;
      event.#current = null;
      return !event.#canceled;
    };
  }
}
idl(Event);
constants(Event, { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 });

let listenersOf: (target: EventTarget, type: string) => Registered[] | undefined;
let forget: (target: EventTarget, type: string, one: Registered) => void;

function optionsOf(options: unknown): { capture: boolean; once: boolean; passive: boolean; signal?: AbortSignalLike } {
  if (typeof options !== "object" || options === null) return { capture: !!options, once: false, passive: false };
  const o = options as { capture?: unknown; once?: unknown; passive?: unknown; signal?: unknown };
  const signal = o.signal;
  if (signal !== undefined && !(typeof signal === "object" && signal !== null && "aborted" in signal))
    throw new TypeError("an event listener's signal must be an AbortSignal");
  return { capture: !!o.capture, once: !!o.once, passive: !!o.passive, signal: signal as AbortSignalLike };
}

interface AbortSignalLike extends EventTarget {
  aborted: boolean;
}

export class EventTarget {
  #listeners: Map<string, Registered[]> | undefined;
  addEventListener(type: unknown, callback: Listener | null, options?: unknown): void {
    needs(2, arguments.length, "addEventListener()");
    const name = String(type);
    const { capture, once, passive, signal } = optionsOf(options);
    if (callback === null || callback === undefined) return void this.#listeners;
    if (typeof callback !== "function" && typeof callback !== "object")
      throw new TypeError("an event listener must be a function or an object");
    if (signal?.aborted) return;
    const all = (this.#listeners ??= new Map());
    let list = all.get(name);
    if (!list) all.set(name, (list = []));
    if (list.some((one) => one.callback === callback && one.capture === capture)) return;
    list.push({ callback, capture, once, passive, removed: false });
    signal?.addEventListener("abort", () => this.removeEventListener(name, callback, capture), { once: true });
  }
  removeEventListener(type: unknown, callback: Listener | null, options?: unknown): void {
    needs(2, arguments.length, "removeEventListener()");
    const name = String(type);
    const capture = typeof options === "object" && options !== null ? !!(options as { capture?: unknown }).capture : !!options;
    const one = this.#listeners?.get(name)?.find((l) => l.callback === callback && l.capture === capture);
    if (one) forget(this, name, one);
  }
  dispatchEvent(event: Event): boolean {
    needs(1, arguments.length, "dispatchEvent()");
    if (!(event instanceof Event)) throw new TypeError("dispatchEvent() takes an Event");
    void this.#listeners;
    return dispatch(this, event);
  }
  static {
    listenersOf = (target, type) => target.#listeners?.get(type);
    forget = (target, type, one) => {
      const list = target.#listeners!.get(type)!;
      one.removed = true;
      if (list.length === 1) target.#listeners!.delete(type);
      else list.splice(list.indexOf(one), 1);
    };
  }
}
idl(EventTarget);

/** An event of the platform's own. */
export function fire(target: EventTarget, event: Event): boolean {
  trust(event);
  return dispatch(target, event);
}

export function hasListeners(target: EventTarget, type: string): boolean {
  return !!listenersOf(target, type);
}

/** The attribute `on…` of a class for an event, as HTML has event handlers. */
export function handler(one: { prototype: EventTarget }, type: string): void {
  const handlers = new WeakMap<EventTarget, { value: unknown; listener: Listener }>();
  Object.defineProperty(one.prototype, "on" + type, {
    get(this: EventTarget) {
      return handlers.get(this)?.value ?? null;
    },
    set(this: EventTarget, value: unknown) {
      const now = handlers.get(this);
      const usable = typeof value === "function" || (typeof value === "object" && value !== null);
      if (!usable) {
        if (now) this.removeEventListener(type, now.listener);
        handlers.delete(this);
      } else if (now) now.value = value;
      else {
        const made = {
          value,
          listener: (event: Event): void => {
            if (typeof made.value === "function" && made.value.call(this, event) === false) event.preventDefault();
          },
        };
        handlers.set(this, made);
        this.addEventListener(type, made.listener);
      }
    },
    enumerable: true,
    configurable: true,
  });
}

export class CustomEvent extends Event {
  #detail: unknown;
  constructor(type: unknown, init?: { detail?: unknown }) {
    needs(1, arguments.length, "new CustomEvent()");
    super(type, init as object);
    this.#detail = init?.detail ?? null;
  }
  get detail(): unknown {
    return this.#detail;
  }
}

export class ErrorEvent extends Event {
  #init: Record<string, unknown>;
  constructor(type: unknown, init?: Record<string, unknown>) {
    super(type, init as object);
    this.#init = { ...init };
  }
  get message(): string {
    return String(this.#init.message ?? "");
  }
  get filename(): string {
    return String(this.#init.filename ?? "");
  }
  get lineno(): number {
    return Number(this.#init.lineno ?? 0);
  }
  get colno(): number {
    return Number(this.#init.colno ?? 0);
  }
  get error(): unknown {
    return this.#init.error;
  }
}

export class MessageEvent extends Event {
  #init: Record<string, unknown>;
  constructor(type: unknown, init?: Record<string, unknown>) {
    super(type, init as object);
    this.#init = { ...init };
  }
  get data(): unknown {
    return this.#init.data === undefined ? null : this.#init.data;
  }
  get origin(): string {
    return String(this.#init.origin ?? "");
  }
  get lastEventId(): string {
    return String(this.#init.lastEventId ?? "");
  }
  get source(): unknown {
    return this.#init.source ?? null;
  }
  get ports(): unknown[] {
    return (this.#init.ports as unknown[]) ?? [];
  }
}

export class CloseEvent extends Event {
  #init: Record<string, unknown>;
  constructor(type: unknown, init?: Record<string, unknown>) {
    super(type, init as object);
    this.#init = { ...init };
  }
  get code(): number {
    return Number(this.#init.code ?? 0);
  }
  get reason(): string {
    return String(this.#init.reason ?? "");
  }
  get wasClean(): boolean {
    return !!this.#init.wasClean;
  }
}

export class PromiseRejectionEvent extends Event {
  #promise: unknown;
  #reason: unknown;
  constructor(type: unknown, init: { promise: unknown; reason?: unknown }) {
    super(type, init as object);
    this.#promise = init.promise;
    this.#reason = init.reason;
  }
  get promise(): unknown {
    return this.#promise;
  }
  get reason(): unknown {
    return this.#reason;
  }
}
idl(CustomEvent, ErrorEvent, MessageEvent, CloseEvent, PromiseRejectionEvent);
