// SPDX-License-Identifier: Apache-2.0
// URL (URL standard). Plain ones are taken apart here, in a microsecond or two; the parser of the package whatwg-url is
// loaded when one comes that is not plain.

import { define, idl, needs } from "./define";
import { URLSearchParams, paramsOf, setParams } from "./url_params";

export interface Parts {
  scheme: string;
  username: string;
  password: string;
  /** As it is written; null for none. */
  host: string | null;
  port: string;
  path: string;
  /** The path is no list of segments: "mailto:x". */
  opaque: boolean;
  query: string | null;
  fragment: string | null;
}

/** Of the bundle `url`: null is that there is no such URL. */
export interface Parser {
  parse(input: string, base?: string): Parts | null;
  /** The URL with one of its members set. */
  set(href: string, member: string, value: string): Parts | null;
  origin(href: string): string;
}

function parser(): Parser {
  host.load("url");
  return host.web.url!;
}

const PATH = "[\\w\\-.~!$&'()*+,;=:@%/|\\[\\]]*";
const QUERY = "[\\w\\-.~!$&()*+,;=:@%/|\\[\\]?`{}\\\\^]*";
const FRAGMENT = "[\\w\\-.~!$&'()*+,;=:@%/|\\[\\]?{}\\\\^#]*";
/* What the standard leaves as it is, but for the case of the host and the default port. */
const PLAIN = new RegExp(`^(https?|wss?):\\/\\/([a-zA-Z][a-zA-Z0-9.-]*|\\d{1,3}(?:\\.\\d{1,3}){3})(?::(\\d{1,5}))?(\\/${PATH})?(?:\\?(${QUERY}))?(?:#(${FRAGMENT}))?$`);
const FILE = new RegExp(`^file:\\/\\/(\\/${PATH})(?:\\?(${QUERY}))?(?:#(${FRAGMENT}))?$`);
const RELATIVE = new RegExp(`^(\\/(?!\\/)${PATH})?(?:\\?(${QUERY}))?(?:#(${FRAGMENT}))?$`);
const DOTS = /\/\.|%2e/i;
const DRIVE = /^\/[a-zA-Z][:|]/;
/** The last label looks like a number: it may be an IPv4 address in another notation. */
const NUMBER = /(?:^|\.)(?:\d[^.]*|0[xX][^.]*)\.?$/;
const PORTS: Record<string, string> = { http: "80", https: "443", ws: "80", wss: "443" };

function plainHost(host: string): string | undefined {
  if (host.charCodeAt(0) < 58) {
    for (const part of host.split(".")) if (Number(part) > 255 || (part.length > 1 && part[0] === "0")) return undefined;
    return host;
  }
  if (NUMBER.test(host)) return undefined;
  const lower = /[A-Z]/.test(host) ? host.toLowerCase() : host;
  return lower.includes("xn--") || lower.length > 253 ? undefined : lower;
}

function parsePlain(input: string): Parts | undefined {
  const match = PLAIN.exec(input);
  if (!match) {
    const file = FILE.exec(input);
    if (!file || DOTS.test(file[1]!) || DRIVE.test(file[1]!)) return undefined;
    return { scheme: "file", username: "", password: "", host: "", port: "", path: file[1]!, opaque: false, query: file[2] ?? null, fragment: file[3] ?? null };
  }
  const scheme = match[1]!, host = plainHost(match[2]!), path = match[4] ?? "/";
  if (host === undefined || DOTS.test(path)) return undefined;
  let port = match[3] ?? "";
  if (port) {
    const number = Number(port);
    if (number > 65535) return undefined;
    port = String(number) === PORTS[scheme] ? "" : String(number);
  }
  return { scheme, username: "", password: "", host, port, path, opaque: false, query: match[5] ?? null, fragment: match[6] ?? null };
}

function resolvePlain(input: string, base: Parts): Parts | undefined {
  if (!(base.scheme in PORTS)) return undefined;
  const match = RELATIVE.exec(input);
  if (!match || (match[1] !== undefined && DOTS.test(match[1]))) return undefined;
  const query = match[2] ?? (match[1] === undefined ? base.query : null);
  return { ...base, path: match[1] ?? base.path, query, fragment: match[3] ?? null };
}

function parse(input: string, base?: string): Parts | null {
  const plain = parsePlain(input);
  if (base === undefined) return plain ?? parser().parse(input);
  const from = parsePlain(base);
  if (plain && from) return plain;
  return (from && resolvePlain(input, from)) ?? parser().parse(input, base);
}

function serialize(p: Parts): string {
  let text = p.scheme + ":";
  if (p.host !== null) {
    text += "//";
    if (p.username || p.password) text += p.username + (p.password ? ":" + p.password : "") + "@";
    text += p.host;
    if (p.port) text += ":" + p.port;
  } else if (!p.opaque && p.path.startsWith("//")) text += "/.";
  text += p.path;
  if (p.query !== null) text += "?" + p.query;
  return p.fragment === null ? text : text + "#" + p.fragment;
}

export class URL {
  #parts: Parts;
  #href: string | undefined;
  #params: URLSearchParams | undefined;

  constructor(input: unknown, base: unknown = undefined) {
    needs(1, arguments.length, "new URL()");
    const text = String(input).toWellFormed();
    const parts = parse(text, base === undefined ? undefined : String(base).toWellFormed());
    if (!parts) throw new TypeError(base === undefined ? `Invalid URL: ${text}` : `Invalid URL: ${text} with the base ${String(base)}`);
    this.#parts = parts;
  }
  static parse(input: unknown, base?: unknown): URL | null {
    needs(1, arguments.length, "URL.parse()");
    try {
      return new URL(input, base);
    } catch (error) {
      if (error instanceof TypeError && error.message.startsWith("Invalid URL")) return null;
      throw error;
    }
  }
  static createObjectURL(blob: unknown): string {
    needs(1, arguments.length, "URL.createObjectURL()");
    host.load("forms");
    return host.web.forms!.keep(blob);
  }
  static revokeObjectURL(url: unknown): void {
    needs(1, arguments.length, "URL.revokeObjectURL()");
    host.load("forms");
    host.web.forms!.revoke(String(url));
  }
  static canParse(input: unknown, base: unknown = undefined): boolean {
    needs(1, arguments.length, "URL.canParse()");
    return parse(String(input).toWellFormed(), base === undefined ? undefined : String(base).toWellFormed()) !== null;
  }
  #set(member: string, value: unknown): void {
    const parts = parser().set(this.href, member, String(value).toWellFormed());
    if (parts) this.#take(parts);
  }
  #take(parts: Parts): void {
    this.#parts = parts;
    this.#href = undefined;
    if (this.#params) setParams(this.#params, parts.query ?? "");
  }
  get href(): string {
    return (this.#href ??= serialize(this.#parts));
  }
  set href(value) {
    const parts = parse(String(value).toWellFormed());
    if (!parts) throw new TypeError(`Invalid URL: ${value}`);
    this.#take(parts);
  }
  get origin(): string {
    const { scheme, host, port } = this.#parts;
    if (scheme in PORTS || scheme === "ftp") return `${scheme}://${host}${port && ":" + port}`;
    return scheme === "blob" ? parser().origin(this.href) : "null";
  }
  get protocol(): string {
    return this.#parts.scheme + ":";
  }
  set protocol(value) {
    this.#set("protocol", value);
  }
  get username(): string {
    return this.#parts.username;
  }
  set username(value) {
    this.#set("username", value);
  }
  get password(): string {
    return this.#parts.password;
  }
  set password(value) {
    this.#set("password", value);
  }
  get host(): string {
    const { host, port } = this.#parts;
    return host === null ? "" : port ? `${host}:${port}` : host;
  }
  set host(value) {
    this.#set("host", value);
  }
  get hostname(): string {
    return this.#parts.host ?? "";
  }
  set hostname(value) {
    this.#set("hostname", value);
  }
  get port(): string {
    return this.#parts.port;
  }
  set port(value) {
    this.#set("port", value);
  }
  get pathname(): string {
    return this.#parts.path;
  }
  set pathname(value) {
    const text = String(value), match = this.#parts.scheme in PORTS ? RELATIVE.exec(text) : null;
    if (match && match[1] === text && !DOTS.test(text)) this.#take({ ...this.#parts, path: text });
    else this.#set("pathname", text);
  }
  get search(): string {
    return this.#parts.query ? "?" + this.#parts.query : "";
  }
  set search(value) {
    const text = String(value), match = this.#parts.scheme in PORTS ? RELATIVE.exec(text[0] === "?" ? text : "?" + text) : null;
    if (text === "") this.#take({ ...this.#parts, query: null });
    else if (match && match[2] !== undefined && match[3] === undefined) this.#take({ ...this.#parts, query: match[2] });
    else this.#set("search", text);
  }
  get searchParams(): URLSearchParams {
    return (this.#params ??= paramsOf(this.#parts.query ?? "", (query) => {
      this.#parts = { ...this.#parts, query: query || null };
      this.#href = undefined;
    }));
  }
  get hash(): string {
    return this.#parts.fragment ? "#" + this.#parts.fragment : "";
  }
  set hash(value) {
    const text = String(value);
    if (text === "") this.#take({ ...this.#parts, fragment: null });
    else this.#set("hash", text);
  }
  toString(): string {
    return (this.#href ??= serialize(this.#parts));
  }
  toJSON(): string {
    return (this.#href ??= serialize(this.#parts));
  }
}
idl(URL);
define({ URL, URLSearchParams });

/** The text of a request's URL as the standard writes it; it throws a TypeError for what is none. */
export function normalize(input: string): string {
  const parts = parse(input.toWellFormed());
  if (!parts) throw new TypeError(`Invalid URL: ${input}`);
  if (parts.username || parts.password) throw new TypeError(`${input}: the URL of a request has no user name or password in it`);
  return parts.fragment === null ? serialize(parts) : serialize({ ...parts, fragment: null });
}
