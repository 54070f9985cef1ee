// SPDX-License-Identifier: Apache-2.0
// Small modules of Node.js: node:console, node:tty, node:vm, node:diagnostics_channel, node:constants, node:punycode.

import punycode from "punycode/punycode.js";

type Exports = Record<string, unknown>;

function refused(what: string, why: string): () => never {
  return () => {
    throw new Error(`${what}() ${why}`);
  };
}

const TERMINAL = "is not there in tests: there is no terminal";
host.node.modules["tty"] = {
  isatty: () => false,
  ReadStream: refused("tty.ReadStream", TERMINAL),
  WriteStream: refused("tty.WriteStream", TERMINAL),
};

// ---- vm: code runs in the realm that there is ----

const REALM = "is not there in tests: there is one realm; vm.runInThisContext() runs code in it";
const run = (code: unknown): unknown => (0, eval)(String(code));
class Script {
  constructor(private readonly code: unknown) {
    new Function(String(code)); // what cannot be parsed is told at once
  }
  runInThisContext(): unknown {
    return run(this.code);
  }
}
Object.assign(Script.prototype, {
  runInContext: refused("vm.Script.runInContext", REALM),
  runInNewContext: refused("vm.Script.runInNewContext", REALM),
});
host.node.modules["vm"] = {
  Script,
  compileFunction: (code: string, params: string[] = []): unknown => new Function(...params, code),
  constants: {},
  createContext: refused("vm.createContext", REALM),
  isContext: () => false,
  runInContext: refused("vm.runInContext", REALM),
  runInNewContext: refused("vm.runInNewContext", REALM),
  runInThisContext: run,
};

// ---- diagnostics_channel ----

type Subscriber = (message: unknown, name: string | symbol) => void;

class Channel {
  private subscribers: Subscriber[] = [];
  constructor(readonly name: string | symbol) {}
  get hasSubscribers(): boolean {
    return this.subscribers.length > 0;
  }
  publish(message: unknown): void {
    for (const one of [...this.subscribers]) one(message, this.name);
  }
  subscribe(one: Subscriber): void {
    this.subscribers.push(one);
  }
  unsubscribe(one: Subscriber): boolean {
    const at = this.subscribers.indexOf(one);
    if (at >= 0) this.subscribers.splice(at, 1);
    return at >= 0;
  }
  bindStore = refused("Channel.bindStore", "is not there in tests");
  unbindStore = (): boolean => false;
  runStores(message: unknown, fn: (...args: unknown[]) => unknown, self?: unknown, ...args: unknown[]): unknown {
    this.publish(message);
    return fn.apply(self, args);
  }
}

const channels = new Map<string | symbol, Channel>();
function channel(name: string | symbol): Channel {
  let found = channels.get(name);
  if (!found) channels.set(name, (found = new Channel(name)));
  return found;
}

const EVENTS = ["start", "end", "asyncStart", "asyncEnd", "error"] as const;
type Event = (typeof EVENTS)[number];

function tracingChannel(given: string | Record<Event, Channel>): Exports {
  const parts = Object.fromEntries(EVENTS.map((event) =>
    [event, typeof given === "string" ? channel(`tracing:${given}:${event}`) : given[event]])) as Record<Event, Channel>;
  const each = (handlers: Partial<Record<Event, Subscriber>>, then: (part: Channel, one: Subscriber) => void): void => {
    for (const event of EVENTS) if (handlers[event]) then(parts[event], handlers[event]);
  };
  const traceSync = (fn: (...args: unknown[]) => unknown, context: Exports = {}, self?: unknown, ...args: unknown[]): unknown => {
    parts.start.publish(context);
    try {
      return (context["result"] = fn.apply(self, args));
    } catch (error) {
      context["error"] = error;
      parts.error.publish(context);
      throw error;
    } finally {
      parts.end.publish(context);
    }
  };
  return {
    ...parts,
    get hasSubscribers() {
      return EVENTS.some((event) => parts[event].hasSubscribers);
    },
    subscribe: (handlers: Partial<Record<Event, Subscriber>>) => each(handlers, (part, one) => part.subscribe(one)),
    unsubscribe: (handlers: Partial<Record<Event, Subscriber>>) => each(handlers, (part, one) => part.unsubscribe(one)),
    traceSync,
    tracePromise(fn: (...args: unknown[]) => unknown, context: Exports = {}, self?: unknown, ...args: unknown[]): Promise<unknown> {
      const settled = (name: string, value: unknown): void => {
        context[name] = value;
        if (name === "error") parts.error.publish(context);
        parts.asyncStart.publish(context);
        parts.asyncEnd.publish(context);
      };
      return Promise.resolve(traceSync(fn, context, self, ...args)).then(
        (value) => (settled("result", value), value),
        (error: unknown) => {
          settled("error", error);
          throw error;
        });
    },
  };
}

host.node.modules["diagnostics_channel"] = {
  Channel,
  channel,
  hasSubscribers: (name: string | symbol) => channel(name).hasSubscribers,
  subscribe: (name: string | symbol, one: Subscriber) => channel(name).subscribe(one),
  tracingChannel,
  unsubscribe: (name: string | symbol, one: Subscriber) => channel(name).unsubscribe(one),
};

// ---- console ----

interface Output {
  write(text: string): unknown;
}

/** A console that writes to streams. */
class Console {
  private readonly to: { stdout: Output; stderr: Output };
  constructor(options: Output | { stdout: Output; stderr?: Output }, stderr?: Output) {
    const stdout = "stdout" in options ? options.stdout : options;
    this.to = { stdout, stderr: ("stdout" in options ? options.stderr : stderr) ?? stdout };
    for (const name of ["debug", "dir", "error", "info", "log", "table", "trace", "warn"] as const)
      (this as Exports)[name] = (...args: unknown[]): void => {
        host.load("node_util");
        const format = host.node.modules["util"]!["format"] as (...all: unknown[]) => string;
        this.to[name === "error" || name === "warn" || name === "trace" ? "stderr" : "stdout"].write(`${format(...args)}\n`);
      };
  }
}
const whole: Exports = Object.create(console) as Exports;
for (const name of Object.keys(console)) whole[name] = (...args: unknown[]): unknown => (console as unknown as Record<string, (...all: unknown[]) => unknown>)[name]!(...args);
host.node.modules["console"] = Object.assign(whole, { Console });

// ---- constants, and punycode ----

/** What node:constants has is what the modules' own `constants` have, in one. */
function constants(): Exports {
  const all: Exports = {};
  for (const name of ["os", "fs"]) {
    host.load(name === "os" ? "node_process" : "node_fs");
    const own = (host.node.modules[name]!["constants"] ?? {}) as Exports;
    Object.assign(all, own, own["errno"], own["signals"]);
  }
  return all;
}
host.node.modules["constants"] = constants();
host.node.modules["punycode"] = punycode as unknown as Exports;
