// SPDX-License-Identifier: Apache-2.0
// Values as text for people, in the form that Node's util.inspect() has; and %-formats (Console standard, 2.2).

interface Options {
  depth: number;
  /** Objects that are being shown: those that contain themselves are told as [Circular *n]. */
  seen: object[];
  circular: Map<object, number>;
}

/** What an object says of itself instead. */
const custom = Symbol.for("nodejs.util.inspect.custom");
const WIDTH = 72;
const ITEMS_MAX = 100;
const TEXT_MAX = 10000;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** For classes whose state is private: what is to be shown of their objects. */
const shownAs = new Map<string, (value: object) => [prefix: string, members: Record<string, unknown>] | undefined>();

export function showClass(name: string, show: (value: object) => [string, Record<string, unknown>] | undefined): void {
  shownAs.set(name, show);
}

function quote(text: string): string {
  const mark = !text.includes("'") ? "'" : !text.includes('"') ? '"' : !text.includes("`") && !text.includes("${") ? "`" : "'";
  // eslint-disable-next-line no-control-regex
  const escaped = text.replace(/[\\\x00-\x1f\x7f-\x9f\ud800-\udfff]/gu, (c) => {
    const short = { "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v", "\\": "\\\\" }[c];
    return short ?? (c >= "\ud800" ? `\\u${c.charCodeAt(0).toString(16).toUpperCase()}` : `\\x${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
  });
  return mark + (mark === "'" ? escaped.replace(/'/g, "\\'") : escaped) + mark;
}

function showPrimitive(value: unknown, nested: boolean): string {
  if (typeof value === "string") {
    if (!nested) return value;
    return value.length > TEXT_MAX ? `${quote(value.slice(0, TEXT_MAX))}... ${value.length - TEXT_MAX} more characters` : quote(value);
  }
  if (typeof value === "bigint") return `${value}n`;
  if (Object.is(value, -0)) return "-0";
  return String(value);
}

const key = (name: string | symbol): string => (typeof name === "symbol" ? `[${String(name)}]` : IDENTIFIER.test(name) ? name : quote(name));

/** The name of the class of an object, null for one without prototype; what getters throw is no matter here. */
function className(value: object): string | null {
  try {
    for (let at: object | null = value; at; at = Object.getPrototypeOf(at) as object | null) {
      const made = Object.getOwnPropertyDescriptor(at, "constructor")?.value as unknown;
      if (typeof made === "function" && made.name) return made.name;
    }
  } catch {
    return "Object";
  }
  return null;
}

function tagOf(value: object): string {
  try {
    const tag = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
    return typeof tag === "string" ? tag : "";
  } catch {
    return "";
  }
}

function prefixOf(value: object, fallback: string, size?: number): string {
  const name = className(value), tag = tagOf(value);
  const count = size === undefined ? "" : `(${size})`;
  const shown = name === null ? `[${fallback}${count}: null prototype]` : `${name}${count}`;
  return tag && tag !== (name ?? fallback) && tag !== fallback ? `${shown} [${tag}] ` : `${shown} `;
}

/** Members beside each other where they fit a line, else below each other. */
function join(prefix: string, open: string, close: string, parts: string[]): string {
  if (!parts.length) return `${prefix}${open}${close}`;
  const length = parts.reduce((sum, part) => sum + part.length + 2, prefix.length);
  if (length <= WIDTH && !parts.some((part) => part.includes("\n"))) return `${prefix}${open} ${parts.join(", ")} ${close}`;
  return `${prefix}${open}\n${parts.map((part) => `  ${part.replace(/\n/g, "\n  ")}`).join(",\n")}\n${close}`;
}

/** Many short items of an array stand in columns. */
function columns(parts: string[]): string[] {
  if (parts.length <= 6 || parts.some((part) => part.length > 16 || part.includes("\n"))) return parts;
  const width = Math.max(...parts.map((part) => part.length)) + 2;
  const count = Math.min(Math.max(1, Math.round(Math.sqrt(2.5 * width * parts.length) / width)), Math.floor(80 / width), 15);
  if (count <= 1) return parts;
  const rows: string[] = [];
  for (let i = 0; i < parts.length; i += count) {
    const row = parts.slice(i, i + count);
    rows.push(row.map((part, n) => (n < row.length - 1 ? `${part}, `.padEnd(width) : part)).join("").trimEnd());
  }
  return rows;
}

function member(value: object, name: string | symbol, o: Options): string {
  const d = Object.getOwnPropertyDescriptor(value, name);
  if (!d) return "undefined";
  if (d.get) return d.set ? "[Getter/Setter]" : "[Getter]";
  if (d.set) return "[Setter]";
  return show(d.value, o, true);
}

function membersOf(value: object, o: Options, skip?: (name: string) => boolean): string[] {
  const names = Reflect.ownKeys(value).filter(
    (name) => Object.prototype.propertyIsEnumerable.call(value, name) && !(typeof name === "string" && skip?.(name)));
  const parts = names.slice(0, ITEMS_MAX).map((name) => `${key(name)}: ${member(value, name, o)}`);
  if (names.length > ITEMS_MAX) parts.push(`... ${names.length - ITEMS_MAX} more`);
  return parts;
}

const more = (length: number): string[] => (length > ITEMS_MAX ? [`... ${length - ITEMS_MAX} more item${length === ITEMS_MAX + 1 ? "" : "s"}`] : []);
const isIndex = (name: string): boolean => /^(?:0|[1-9]\d*)$/.test(name);

function showArray(value: unknown[], o: Options): string {
  const parts: string[] = [];
  let i = 0;
  for (; i < value.length && parts.length < ITEMS_MAX; i++) {
    if (Object.prototype.hasOwnProperty.call(value, i)) parts.push(member(value, String(i), o));
    else {
      const from = i;
      while (i + 1 < value.length && !Object.prototype.hasOwnProperty.call(value, i + 1)) i++;
      parts.push(`<${i - from + 1} empty item${i === from ? "" : "s"}>`);
    }
  }
  const rest = [...more(i < value.length ? value.length : 0), ...membersOf(value, o, isIndex)];
  const name = className(value);
  const prefix = name === "Array" ? "" : prefixOf(value, "Array", value.length);
  return join(prefix, "[", "]", [...columns(parts), ...rest]);
}

function showError(value: Error, o: Options): string {
  const own = (name: string): unknown => Object.getOwnPropertyDescriptor(value, name)?.value as unknown;
  let head: string;
  try {
    const name = String(value.name || className(value) || "Error"), message = String(value.message);
    const shown = name === "Error" && className(value) !== "Error" ? className(value) ?? name : name;
    head = message ? `${shown}: ${message}` : shown;
  } catch {
    head = "[Error]";
  }
  const stack = own("stack");
  if (typeof stack === "string" && stack) {
    const lines = stack.startsWith(head) ? stack.slice(head.length).trim() : stack;
    if (lines) head += `\n${lines.split("\n").map((line) => (line.startsWith("    at ") ? line : `    at ${line.trim()}`)).join("\n")}`;
  } else head = `[${head}]`;
  const parts = membersOf(value, o, (name) => ["line", "column", "sourceURL", "stack", "message", "name", "cause", "errors"].includes(name));
  if (Object.prototype.hasOwnProperty.call(value, "cause")) parts.push(`[cause]: ${show(own("cause"), o, true)}`);
  if (Array.isArray(own("errors"))) parts.push(`[errors]: ${show(own("errors"), o, true)}`);
  return parts.length ? `${head} {\n${parts.map((part) => `  ${part.replace(/\n/g, "\n  ")}`).join(",\n")}\n}` : head;
}

function showFunction(value: { name?: unknown }, o: Options): string {
  const text = Function.prototype.toString.call(value);
  const name = typeof value.name === "string" && value.name ? value.name : "";
  let shown: string;
  if (/^class\b/.test(text)) {
    const base = Object.getPrototypeOf(value) as { name?: string } | null;
    shown = `[class ${name || "(anonymous)"}${base?.name ? ` extends ${base.name}` : ""}]`;
  } else {
    const kind = tagOf(value) || "Function";
    shown = `[${kind}${name ? `: ${name}` : " (anonymous)"}]`;
  }
  const parts = membersOf(value, o);
  return parts.length ? join(`${shown} `, "{", "}", parts) : shown;
}

function showBytes(buffer: ArrayBuffer & { detached?: boolean }): string {
  if (buffer.detached) return "ArrayBuffer { (detached), byteLength: 0 }";
  const pairs: string[] = [];
  for (const byte of new Uint8Array(buffer, 0, Math.min(buffer.byteLength, 50))) pairs.push(byte.toString(16).padStart(2, "0"));
  const left = buffer.byteLength - pairs.length;
  return `ArrayBuffer { [Uint8Contents]: <${pairs.join(" ")}${left ? ` ... ${left} more byte${left === 1 ? "" : "s"}` : ""}>, byteLength: ${buffer.byteLength} }`;
}

/** Kinds of objects that have more to show than their members; undefined: it is none of them. */
function showBuiltIn(value: object, o: Options): string | undefined {
  if (Array.isArray(value)) return showArray(value, o);
  if (value instanceof Error) return showError(value, o);
  if (value instanceof Date) {
    const time = Date.prototype.getTime.call(value);
    return Number.isNaN(time) ? "Invalid Date" : Date.prototype.toISOString.call(value);
  }
  if (value instanceof RegExp) return RegExp.prototype.toString.call(value);
  if (value instanceof Map) {
    const items = [...Map.prototype.entries.call(value)] as [unknown, unknown][];
    const parts = items.slice(0, ITEMS_MAX).map(([k, v]) => `${show(k, o, true)} => ${show(v, o, true)}`);
    return join(prefixOf(value, "Map", items.length), "{", "}", [...parts, ...more(items.length), ...membersOf(value, o)]);
  }
  if (value instanceof Set) {
    const items = [...Set.prototype.values.call(value)] as unknown[];
    const parts = items.slice(0, ITEMS_MAX).map((v) => show(v, o, true));
    return join(prefixOf(value, "Set", items.length), "{", "}", [...parts, ...more(items.length), ...membersOf(value, o)]);
  }
  if (value instanceof ArrayBuffer) return showBytes(value);
  if (ArrayBuffer.isView(value)) {
    if (value instanceof DataView) return join("DataView ", "{", "}", [`byteLength: ${value.byteLength}`, `byteOffset: ${value.byteOffset}`, `buffer: ${showBytes(value.buffer as ArrayBuffer)}`]);
    const list = value as Uint8Array;
    const parts = Array.from(list.subarray(0, ITEMS_MAX), (item) => showPrimitive(item, true));
    return join(prefixOf(value, "TypedArray", list.length), "[", "]", [...columns(parts), ...more(list.length)]);
  }
  if (value instanceof Promise) return join(prefixOf(value, "Promise"), "{", "}", membersOf(value, o));
  if (value instanceof WeakMap || value instanceof WeakSet) return `${prefixOf(value, "Weak")}{ <items unknown> }`;
  for (const box of [String, Number, Boolean, Symbol, BigInt] as const)
    if (value instanceof box) {
      const shown = `[${box.name}: ${showPrimitive((box as { prototype: { valueOf(): unknown } }).prototype.valueOf.call(value), true)}]`;
      const parts = membersOf(value, o, isIndex);
      return parts.length ? join(`${shown} `, "{", "}", parts) : shown;
    }
  return undefined;
}

/** Objects of the platform: what their getters say. */
function showInterface(value: object, o: Options): string | undefined {
  const tag = tagOf(value);
  const special = shownAs.get(tag)?.(value);
  const parts = (of: Record<string, unknown>): string[] => Object.keys(of).map((name) => `${key(name)}: ${show(of[name], o, true)}`);
  if (special) return join(special[0] || prefixOf(value, tag), "{", "}", [...parts(special[1]), ...membersOf(value, o)]);
  return undefined;
}

function showObject(value: object, o: Options): string {
  const made = showBuiltIn(value, o) ?? showInterface(value, o);
  if (made !== undefined) return made;
  const tag = tagOf(value);
  const name = className(value);
  const plain = name === "Object" && !tag;
  return join(plain ? "" : prefixOf(value, "Object"), "{", "}", membersOf(value, o));
}

function show(value: unknown, o: Options, nested: boolean): string {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return showPrimitive(value, nested);
  if (o.seen.includes(value)) {
    if (!o.circular.has(value)) o.circular.set(value, o.circular.size + 1);
    return `[Circular *${o.circular.get(value)}]`;
  }
  if (o.seen.length > o.depth && typeof value === "object" && !(value instanceof Error) && !(value instanceof Date) && !(value instanceof RegExp)) {
    if (Array.isArray(value)) return "[Array]";
    return `[${className(value) ?? "Object: null prototype"}]`;
  }
  o.seen.push(value);
  try {
    const own = (value as { [custom]?: unknown })[custom];
    if (typeof own === "function") {
      const depth = o.depth - o.seen.length + 1;
      const made = own.call(value, depth, { depth }, inspect) as unknown;
      if (made !== value) return typeof made === "string" ? made.replace(/\n/g, "\n  ") : show(made, o, true);
    }
    const text = typeof value === "function" ? showFunction(value as never, o) : showObject(value, o);
    const number = o.circular.get(value);
    return number ? `<ref *${number}> ${text}` : text;
  } catch (error) {
    return `[what cannot be shown: ${error instanceof Error ? error.message : "its traps throw"}]`;
  } finally {
    o.seen.pop();
  }
}

export function inspect(value: unknown, options: { depth?: number | null } = {}): string {
  const depth = options.depth === undefined ? 2 : options.depth === null ? Infinity : Number(options.depth);
  return show(value, { depth, seen: [], circular: new Map() }, true);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : inspect(value);
}

function number(value: unknown, parse: (text: string) => number): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "symbol" || (typeof value === "object" && value !== null)) return "NaN";
  return showPrimitive(parse(String(value)), true);
}

function asString(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null) {
    const hasText = !(value instanceof Error) && typeof value.toString === "function" && value.toString !== Object.prototype.toString && !Array.isArray(value);
    return hasText && !showBuiltIn(value, { depth: 0, seen: [], circular: new Map() }) ? String(value) : inspect(value, { depth: 0 });
  }
  return showPrimitive(value, false);
}

/** The text of a call of console.log(). */
export function format(args: unknown[]): string {
  const first = args[0];
  if (typeof first !== "string") return args.map(text).join(" ");
  let at = 1;
  const out = first.replace(/%[sdifjoOc%]/g, (mark) => {
    if (mark === "%%") return args.length > 1 ? "%" : mark;
    if (at >= args.length) return mark;
    const value = args[at++];
    switch (mark) {
      case "%s": return asString(value);
      case "%d": return number(value, Number);
      case "%i": return number(value, (t) => parseInt(t, 10));
      case "%f": return number(value, parseFloat);
      case "%j": {
        try {
          return JSON.stringify(value) ?? "undefined";
        } catch {
          return "[Circular]";
        }
      }
      case "%o": return inspect(value, { depth: 4 });
      case "%O": return inspect(value);
      default: return "";
    }
  });
  return [out, ...args.slice(at).map(text)].join(" ");
}

// ---- console.table() ----

function box(head: string[], rows: string[][]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)) + 2);
  const line = (cells: string[]): string => `│${cells.map((cell, i) => ` ${cell}`.padEnd(widths[i]!)).join("│")}│`;
  const rule = (left: string, mid: string, right: string): string => left + widths.map((width) => "─".repeat(width)).join(mid) + right;
  return [rule("┌", "┬", "┐"), line(head), rule("├", "┼", "┤"), ...rows.map(line), rule("└", "┴", "┘")].join("\n");
}

/** undefined: it is no table. */
export function table(data: unknown, only?: unknown): string | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const cell = (value: unknown): string => inspect(value, { depth: 0 });
  const entries: [string, unknown][] = data instanceof Map ? [...data].map(([k, v], i) => [String(i), { Key: k as unknown, Values: v as unknown }])
    : data instanceof Set ? [...data].map((v, i) => [String(i), v])
      : Object.keys(data).map((name) => [name, (data as Record<string, unknown>)[name]]);
  const names = new Set<string>();
  let values = false;
  for (const [, row] of entries) {
    if (typeof row === "object" && row !== null) for (const name of Object.keys(row)) names.add(name);
    else values = true;
  }
  const shown = Array.isArray(only) ? only.map(String) : [...names];
  const head = ["(index)", ...shown, ...(values ? ["Values"] : [])];
  const rows = entries.map(([index, row]) => {
    const object = typeof row === "object" && row !== null ? (row as Record<string, unknown>) : undefined;
    const cells = shown.map((name) => (object && Object.prototype.hasOwnProperty.call(object, name) ? cell(object[name]) : ""));
    return [index, ...cells, ...(values ? [object ? "" : cell(row)] : [])];
  });
  return box(head, rows);
}
