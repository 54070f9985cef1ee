// SPDX-License-Identifier: Apache-2.0
// The bundle `performance`: marks and measures (User Timing), in the world's time.

import { idl, needs } from "./define";

export class PerformanceEntry {
  #name: string;
  #type: string;
  #start: number;
  #duration: number;
  constructor(...made: [name?: string, type?: string, start?: number, duration?: number]) {
    const [name, type = "", start = 0, duration = 0] = made;
    if (name === undefined) throw new TypeError("Illegal constructor: entries come from performance.mark() and measure()");
    this.#name = name;
    this.#type = type;
    this.#start = start;
    this.#duration = duration;
  }
  get name(): string {
    return this.#name;
  }
  get entryType(): string {
    return this.#type;
  }
  get startTime(): number {
    return this.#start;
  }
  get duration(): number {
    return this.#duration;
  }
  toJSON(): object {
    return { name: this.#name, entryType: this.#type, startTime: this.#start, duration: this.#duration };
  }
}
idl(PerformanceEntry);

interface MarkOptions {
  startTime?: unknown;
  detail?: unknown;
}

export class PerformanceMark extends PerformanceEntry {
  #detail: unknown;
  constructor(name: unknown, options: MarkOptions = {}) {
    needs(1, arguments.length, "performance.mark()");
    if (options !== null && typeof options !== "object" && typeof options !== "function")
      throw new TypeError("a mark's second argument must be an object");
    const start = options?.startTime === undefined ? host.clock.monotonic() : Number(options.startTime);
    if (!(start >= 0)) throw new TypeError("a mark's startTime is a number of milliseconds, 0 or more");
    super(String(name), "mark", start, 0);
    this.#detail = options?.detail === undefined ? null : structuredClone(options.detail);
  }
  get detail(): unknown {
    return this.#detail;
  }
  override toJSON(): object {
    return { ...super.toJSON(), detail: this.#detail };
  }
}
idl(PerformanceMark);

const illegal = Symbol("new PerformanceMeasure");

export class PerformanceMeasure extends PerformanceEntry {
  #detail: unknown;
  constructor(...made: unknown[]) {
    const [by, name, start, duration, detail] = made as [symbol, string, number, number, unknown];
    if (by !== illegal) throw new TypeError("Illegal constructor: measures come from performance.measure()");
    super(name, "measure", start, duration);
    this.#detail = detail;
  }
  get detail(): unknown {
    return this.#detail;
  }
  override toJSON(): object {
    return { ...super.toJSON(), detail: this.#detail };
  }
}
idl(PerformanceMeasure);

let entries: PerformanceEntry[] = [];

function timeOf(mark: unknown): number {
  if (typeof mark === "number") {
    if (!(mark >= 0)) throw new TypeError("a measure's times are numbers of milliseconds, 0 or more");
    return mark;
  }
  for (let i = entries.length - 1; i >= 0; i--)
    if (entries[i]!.entryType === "mark" && entries[i]!.name === String(mark)) return entries[i]!.startTime;
  throw new DOMException(`there is no mark ${JSON.stringify(String(mark))}`, "SyntaxError");
}

interface MeasureOptions {
  start?: unknown;
  end?: unknown;
  duration?: unknown;
  detail?: unknown;
}

/** The options, or the marks that stand in their place. */
function measured(options: unknown, endMark: unknown): MeasureOptions {
  const given = typeof options === "object" && options !== null ? (options as MeasureOptions) : undefined;
  const used = given && ["start", "end", "duration", "detail"].some((name) => given[name as keyof MeasureOptions] !== undefined);
  if (!used) return { start: given || options === null ? undefined : options, end: endMark };
  if (endMark !== undefined) throw new TypeError("a measure with options has no third argument");
  if (given!.start === undefined && given!.end === undefined) throw new TypeError("a measure's options have a start or an end");
  if (given!.start !== undefined && given!.end !== undefined && given!.duration !== undefined)
    throw new TypeError("a measure's options have two of start, end and duration at most");
  return given!;
}

function measure(name: unknown, options?: unknown, endMark?: unknown): PerformanceMeasure {
  const o = measured(options, endMark);
  const duration = o.duration === undefined ? undefined : Number(o.duration);
  const end = o.end !== undefined ? timeOf(o.end)
    : duration !== undefined && o.start !== undefined ? timeOf(o.start) + duration : host.clock.monotonic();
  const start = o.start !== undefined ? timeOf(o.start) : duration !== undefined ? end - duration : 0;
  const detail: unknown = o.detail === undefined ? null : structuredClone(o.detail);
  return new PerformanceMeasure(illegal, String(name), start, end - start, detail);
}

// ---- those who look on (Performance Timeline) ----

type Observed = (list: PerformanceObserverEntryList, observer: PerformanceObserver) => unknown;

const TYPES = Object.freeze(["mark", "measure"]);
const observers = new Set<PerformanceObserver>();
let tell: (observer: PerformanceObserver, entry: PerformanceEntry) => void;
let deliver: (observer: PerformanceObserver) => void;
let telling = false;

const among = (list: PerformanceEntry[], name?: string, type?: string): PerformanceEntry[] =>
  list.filter((e) => (name === undefined || e.name === name) && (type === undefined || e.entryType === type));

export class PerformanceObserverEntryList {
  #entries: PerformanceEntry[];
  constructor(...made: unknown[]) {
    if (made[0] !== illegal) throw new TypeError("Illegal constructor: an observer is given its list");
    this.#entries = (made[1] as PerformanceEntry[]).sort((a, b) => a.startTime - b.startTime);
  }
  getEntries(): PerformanceEntry[] {
    return [...this.#entries];
  }
  getEntriesByType(type: unknown): PerformanceEntry[] {
    needs(1, arguments.length, "getEntriesByType()");
    return among(this.#entries, undefined, String(type));
  }
  getEntriesByName(name: unknown, type: unknown = undefined): PerformanceEntry[] {
    needs(1, arguments.length, "getEntriesByName()");
    return among(this.#entries, String(name), type === undefined ? undefined : String(type));
  }
}
idl(PerformanceObserverEntryList);

function sequence(value: unknown): string[] {
  if (typeof value !== "object" || value === null || !(Symbol.iterator in value)) throw new TypeError("entryTypes is an array");
  return [...(value as Iterable<unknown>)].map(String);
}

export class PerformanceObserver {
  #callback: Observed;
  #types = new Set<string>();
  /** Which member observe() was called with: each call with `type` adds one. */
  #by = "";
  #waiting: PerformanceEntry[] = [];
  constructor(callback: Observed) {
    needs(1, arguments.length, "new PerformanceObserver()");
    if (typeof callback !== "function") throw new TypeError("a PerformanceObserver takes a function");
    this.#callback = callback;
  }
  static get supportedEntryTypes(): readonly string[] {
    return TYPES;
  }
  observe(options: { entryTypes?: unknown; type?: unknown; buffered?: unknown } = {}): void {
    const { entryTypes, type } = options;
    if ((entryTypes === undefined) === (type === undefined)) throw new TypeError("observe() takes entryTypes or type");
    const by = type === undefined ? "entryTypes" : "type";
    if (this.#by && this.#by !== by) throw new DOMException(`this observer was given ${this.#by} before`, "InvalidModificationError");
    const wanted = (type === undefined ? sequence(entryTypes) : [String(type)]).filter((one) => TYPES.includes(one));
    if (!wanted.length) return;
    this.#by = by;
    if (by === "entryTypes") this.#types.clear();
    for (const one of wanted) this.#types.add(one);
    observers.add(this);
    if (by === "type" && options.buffered) for (const entry of among(entries, undefined, wanted[0])) tell(this, entry);
  }
  disconnect(): void {
    observers.delete(this);
    this.#waiting = [];
    this.#types.clear();
    this.#by = "";
  }
  takeRecords(): PerformanceEntry[] {
    return this.#waiting.splice(0);
  }
  static {
    tell = (observer, entry) => {
      if (!observer.#types.has(entry.entryType)) return;
      observer.#waiting.push(entry);
      if (telling) return;
      telling = true;
      host.timers.start(() => {
        telling = false;
        for (const one of [...observers]) deliver(one);
      }, 0, false);
    };
    deliver = (observer) => {
      const list = observer.#waiting.splice(0);
      if (!list.length) return;
      try {
        observer.#callback.call(observer, new PerformanceObserverEntryList(illegal, list), observer);
      } catch (error) {
        host.console.uncaught(error);
      }
    };
  }
}
idl(PerformanceObserver);

function keep<T extends PerformanceEntry>(entry: T): T {
  for (const observer of observers) tell(observer, entry);
  let at = entries.length;
  while (at && entries[at - 1]!.startTime > entry.startTime) at--;
  entries.splice(at, 0, entry);
  return entry;
}

host.web.timing = {
  mark: (name, options) => keep(new PerformanceMark(name, options as MarkOptions)),
  measure: (name, options, end) => keep(measure(name, options, end)),
  entries: (name, type) => among(entries, name, type),
  clear: (type, name) => void (entries = entries.filter((e) => e.entryType !== type || (name !== undefined && e.name !== name))),
};
host.web.provide({ PerformanceEntry, PerformanceMark, PerformanceMeasure, PerformanceObserver, PerformanceObserverEntryList });
