// SPDX-License-Identifier: Apache-2.0
// How the prelude makes globals and classes as Web IDL has them.

/** Makes globals: writable and configurable; functions enumerable, classes not. */
export function define(values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values)) {
    const isClass = typeof value === "function" && /^[A-Z]/.test(name);
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: !isClass });
  }
}

const pending = new Map<string, object>();

/** Makes globals whose bundle is loaded when the first of them is touched; the bundle calls provide(). */
export function defineLazily(bundle: string, names: string[]): void {
  for (const name of names) {
    const get = (): unknown => {
      host.load(bundle);
      return (globalThis as Record<string, unknown>)[name];
    };
    const set = (value: unknown): void =>
      void Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
    pending.set(name, get);
    Object.defineProperty(globalThis, name, { get, set, configurable: true, enumerable: false });
  }
}

/** What defineLazily() announced; a global that somebody has replaced stays as it is. */
export function provide(values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values)) {
    const now = Object.getOwnPropertyDescriptor(globalThis, name);
    if (now?.get && now.get === pending.get(name)) define({ [name]: value });
    pending.delete(name);
  }
}

type Class = { readonly prototype: object; readonly name: string };

/** Methods and getters of a class are enumerable, and its objects say what they are. */
export function idl(...classes: Class[]): void {
  for (const one of classes) {
    for (const target of [one.prototype, one]) {
      for (const name of Object.getOwnPropertyNames(target)) {
        const d = Object.getOwnPropertyDescriptor(target, name)!;
        if (d.enumerable || name === "constructor") continue;
        if (target === one && !d.get && (typeof d.value !== "function" || name === "prototype")) continue;
        Object.defineProperty(target, name, { enumerable: true });
      }
    }
    // A class that names itself in its body is renamed by the bundler.
    const name = one.name.replace(/^_/, "");
    Object.defineProperty(one, "name", { value: name, configurable: true });
    Object.defineProperty(one.prototype, Symbol.toStringTag, { value: name, configurable: true });
  }
}

/** Numbers of a class, on it and on its prototype. */
export function constants(one: Class, values: Record<string, number>): void {
  for (const [name, value] of Object.entries(values))
    for (const target of [one, one.prototype]) Object.defineProperty(target, name, { value, enumerable: true });
}

export function needs(count: number, given: number, what: string): void {
  if (given < count) throw new TypeError(`${what} takes ${count} argument${count === 1 ? "" : "s"}, not ${given}`);
}

/** The methods of an iterator class as Web IDL has them. */
export function iteratorClass(one: { prototype: object }, name: string): void {
  const base = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
  Object.setPrototypeOf(one.prototype, base);
  delete (one.prototype as { constructor?: unknown }).constructor;
  Object.defineProperty(one.prototype, "next", { enumerable: true });
  Object.defineProperty(one.prototype, Symbol.toStringTag, { value: name, configurable: true });
}
