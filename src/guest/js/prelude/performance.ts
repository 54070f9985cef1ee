// SPDX-License-Identifier: Apache-2.0
// The bundle `performance`: marks and measures (User Timing), in the world's time.

import { idl, needs } from "./define";

export class PerformanceEntry {
  #name: string;
  #type: string;
  #start: number;
  #duration: number;
  constructor(name: string, type: string, start: number, duration: number) {
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
    const start = options?.startTime === undefined ? host.clock.monotonic() : Number(options.startTime);
    if (!(start >= 0)) throw new TypeError("a mark's startTime is a number of milliseconds, 0 or more");
    super(String(name), "mark", start, 0);
    this.#detail = options?.detail === undefined ? null : structuredClone(options.detail);
  }
  get detail(): unknown {
    return this.#detail;
  }
}
idl(PerformanceMark);

export class PerformanceMeasure extends PerformanceEntry {
  #detail: unknown;
  constructor(name: string, start: number, duration: number, detail: unknown) {
    super(name, "measure", start, duration);
    this.#detail = detail;
  }
  get detail(): unknown {
    return this.#detail;
  }
}
idl(PerformanceMeasure);

let entries: PerformanceEntry[] = [];

function timeOf(mark: unknown): number {
  if (typeof mark === "number") return mark;
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

function measure(name: unknown, options?: unknown, endMark?: unknown): PerformanceMeasure {
  const o: MeasureOptions = typeof options === "object" && options !== null ? options : { start: options, end: endMark };
  const duration = o.duration === undefined ? undefined : Number(o.duration);
  const end = o.end !== undefined ? timeOf(o.end)
    : duration !== undefined && o.start !== undefined ? timeOf(o.start) + duration : host.clock.monotonic();
  const start = o.start !== undefined ? timeOf(o.start) : duration !== undefined ? end - duration : 0;
  const detail: unknown = o.detail === undefined ? null : structuredClone(o.detail);
  return new PerformanceMeasure(String(name), start, end - start, detail);
}

function keep<T extends PerformanceEntry>(entry: T): T {
  let at = entries.length;
  while (at && entries[at - 1]!.startTime > entry.startTime) at--;
  entries.splice(at, 0, entry);
  return entry;
}

host.web.timing = {
  mark: (name, options) => keep(new PerformanceMark(name, options as MarkOptions)),
  measure: (name, options, end) => keep(measure(name, options, end)),
  entries: (name, type) => entries.filter((e) => (name === undefined || e.name === name) && (type === undefined || e.entryType === type)),
  clear: (type, name) => void (entries = entries.filter((e) => e.entryType !== type || (name !== undefined && e.name !== name))),
};
host.web.provide({ PerformanceEntry, PerformanceMark, PerformanceMeasure });
