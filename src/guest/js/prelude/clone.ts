// SPDX-License-Identifier: Apache-2.0
// structuredClone() (HTML, 2.7 "Safe passing of structured data").

import { define, needs } from "./define";
import { DOMException } from "./dom_exception";

const ERRORS: Record<string, ErrorConstructor> = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

function refuse(value: unknown): never {
  const shown = typeof value === "symbol" ? value.toString() : typeof value === "function" ? `function ${value.name}` : String(value);
  throw new DOMException(`${shown} cannot be cloned`, "DataCloneError");
}

const isPort = (value: unknown): value is object => !!host.web.ports?.is(value);

function cloneBuffer(buffer: ArrayBuffer, transferred: Set<unknown>): ArrayBuffer {
  if (!transferred.has(buffer)) return buffer.slice(0);
  return (buffer as unknown as { transfer(): ArrayBuffer }).transfer();
}

function clone(value: unknown, seen: Map<unknown, unknown>, transferred: Set<unknown>): unknown {
  if (typeof value === "symbol" || typeof value === "function") refuse(value);
  if (typeof value !== "object" || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  const keep = <T>(copy: T): T => {
    seen.set(value, copy);
    return copy;
  };
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (Array.isArray(value)) return members(value, keep(new Array(value.length) as object), seen, transferred);
  if (value instanceof ArrayBuffer) return keep(cloneBuffer(value, transferred));
  if (ArrayBuffer.isView(value)) {
    const buffer = clone(value.buffer, seen, transferred) as ArrayBuffer;
    const View = value.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => object;
    return keep(new View(buffer, value.byteOffset, "length" in value ? (value as Uint8Array).length : value.byteLength));
  }
  switch (tag) {
    case "Date":
      return keep(new Date((value as Date).getTime()));
    case "RegExp":
      return keep(new RegExp((value as RegExp).source, (value as RegExp).flags));
    case "Boolean":
    case "Number":
    case "String":
    case "BigInt":
      return keep(Object((value as { valueOf(): unknown }).valueOf()));
    case "Map": {
      const copy = keep(new Map());
      for (const [key, item] of [...(value as Map<unknown, unknown>)]) copy.set(clone(key, seen, transferred), clone(item, seen, transferred));
      return copy;
    }
    case "Set": {
      const copy = keep(new Set());
      for (const item of [...(value as Set<unknown>)]) copy.add(clone(item, seen, transferred));
      return copy;
    }
  }
  if (value instanceof Error) {
    const copy = keep(new (ERRORS[value.name] ?? Error)(value.message));
    for (const name of ["stack", "cause"] as const)
      if (Object.prototype.hasOwnProperty.call(value, name))
        Object.defineProperty(copy, name, { value: clone(value[name], seen, transferred), writable: true, configurable: true });
    return copy;
  }
  if (transferred.has(value) && isPort(value)) return keep(host.web.ports!.move(value));
  if (tag === "File") {
    const file = value as File;
    return keep(new File([file], file.name, { type: file.type, lastModified: file.lastModified }));
  }
  if (tag === "Blob") return keep((value as Blob).slice(0, (value as Blob).size, (value as Blob).type));
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (tag !== "Object" && tag !== "Arguments" && prototype !== null) refuse(value);
  return members(value, keep({}), seen, transferred);
}

function members(from: object, to: object, seen: Map<unknown, unknown>, transferred: Set<unknown>): object {
  for (const key of Object.keys(from))
    Object.defineProperty(to, key, {
      value: clone((from as Record<string, unknown>)[key], seen, transferred),
      writable: true, enumerable: true, configurable: true,
    });
  return to;
}

/** A copy, what is transferred moved into it; `ports` are the new ones, in the order of `transfer`. */
export function cloneWith(value: unknown, transfer: readonly unknown[]): { copy: unknown; ports: unknown[] } {
  const transferred = new Set(transfer), seen = new Map<unknown, unknown>();
  const refused = transferred.size !== transfer.length ? "something is transferred twice"
    : transfer.some((one) => !(one instanceof ArrayBuffer) && !isPort(one)) ? "only an ArrayBuffer and a MessagePort can be transferred"
    : transfer.some((one) => (one as { detached?: boolean }).detached) ? "what is transferred is gone already" : "";
  if (refused) throw new DOMException(refused, "DataCloneError");
  const copy = clone(value, seen, transferred);
  for (const one of transfer) if (!seen.has(one)) clone(one, seen, transferred);
  return { copy, ports: transfer.filter(isPort).map((port) => seen.get(port)) };
}

export function structuredClone(value: unknown, options: { transfer?: unknown[] } | undefined = undefined): unknown {
  needs(1, arguments.length, "structuredClone()");
  return cloneWith(value, [...(options?.transfer ?? [])]).copy;
}

define({ structuredClone });
