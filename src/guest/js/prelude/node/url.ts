// SPDX-License-Identifier: Apache-2.0
// node:url, with the older functions that packages still use, and node:querystring.

import { fileUrl } from "./builtins";

function fileURLToPath(url: URL | string): string {
  const { protocol, hostname, pathname } = typeof url === "string" ? new URL(url) : url;
  if (protocol !== "file:") throw Object.assign(new TypeError("The URL must be of scheme file"), { code: "ERR_INVALID_URL_SCHEME" });
  if (hostname) throw Object.assign(new TypeError('File URL host must be "localhost" or empty'), { code: "ERR_INVALID_FILE_URL_HOST" });
  if (/%2f/i.test(pathname))
    throw Object.assign(new TypeError("File URL path must not include encoded / characters"), { code: "ERR_INVALID_FILE_URL_PATH" });
  return decodeURIComponent(pathname);
}

function pathToFileURL(path: string): URL {
  const full = path.startsWith("/") ? path : `${host.node.folder}/${path}`;
  return new URL(fileUrl(full.replace(/%/g, "%25")).replace(/%2525/g, "%25"));
}

// ---- what came before URL ----

interface UrlObject {
  protocol: string | null;
  slashes: boolean | null;
  auth: string | null;
  host: string | null;
  port: string | null;
  hostname: string | null;
  hash: string | null;
  search: string | null;
  query: unknown;
  pathname: string | null;
  path: string | null;
  href: string;
}

const PARTS = /^(?:([a-z][a-z0-9.+-]*:))?(\/\/)?([^?#]*)(\?[^#]*)?(#.*)?$/is;
const SLASHED = /^(?:https?|ftp|gopher|file|wss?):$/;

function parse(text: string, asQuery = false, slashesDenoteHost = false): UrlObject {
  const [, scheme, slashes, rest = "", search, hash] = PARTS.exec(text.trim())!;
  const protocol = scheme?.toLowerCase() ?? null;
  const hasHost = !!slashes && (protocol !== null || slashesDenoteHost);
  let pathname: string | null = hasHost ? rest : (slashes ?? "") + rest;
  let authority = "";
  if (hasHost) {
    const slash = rest.indexOf("/");
    authority = slash < 0 ? rest : rest.slice(0, slash);
    pathname = slash < 0 ? "" : rest.slice(slash);
  }
  if (!pathname && hasHost && protocol !== null && SLASHED.test(protocol)) pathname = "/";
  const at = authority.lastIndexOf("@");
  const host = authority.slice(at + 1).toLowerCase();
  const port = /:(\d+)$/.exec(host)?.[1] ?? null;
  const found = {
    protocol,
    slashes: hasHost || null,
    auth: at < 0 ? null : decodeURIComponent(authority.slice(0, at)),
    host: hasHost ? host : null,
    port,
    hostname: hasHost ? (port === null ? host : host.slice(0, -port.length - 1)).replace(/^\[(.*)\]$/, "$1") : null,
    hash: hash ?? null,
    search: search ?? (asQuery ? "" : null),
    query: asQuery ? decode(search?.slice(1) ?? "") : search?.slice(1) ?? null,
    pathname: pathname || null,
    path: (pathname || "") + (search ?? "") || null,
    href: "",
  };
  found.href = format(found);
  return found;
}

interface FormatOptions {
  auth?: boolean;
  fragment?: boolean;
  search?: boolean;
}

function format(url: Partial<UrlObject> | URL | string, options: FormatOptions = {}): string {
  if (typeof url === "string") return parse(url).href;
  if (url instanceof URL) {
    const copy = new URL(url.href);
    if (options.auth === false) copy.username = copy.password = "";
    if (options.fragment === false) copy.hash = "";
    if (options.search === false) copy.search = "";
    return copy.href;
  }
  const protocol = url.protocol ? url.protocol.replace(/:?$/, ":") : "";
  const auth = url.auth ? `${encodeURIComponent(url.auth).replace(/%3A/i, ":")}@` : "";
  const hostname = url.hostname?.includes(":") ? `[${url.hostname}]` : url.hostname;
  const authority = url.host ? auth + url.host : hostname ? auth + hostname + (url.port ? `:${url.port}` : "") : "";
  const slashes = url.slashes || (authority && (!protocol || SLASHED.test(protocol))) ? "//" : "";
  const query = url.query && typeof url.query === "object" ? encode(url.query as Record<string, unknown>) : "";
  const search = url.search ?? (query ? `?${query}` : "");
  const pathname = (url.pathname ?? "").replace(/[?#]/g, encodeURIComponent);
  return protocol + slashes + authority + (slashes && pathname && !pathname.startsWith("/") ? "/" : "") + pathname +
    (search && !search.startsWith("?") ? "?" : "") + search.replace("#", "%23") + (url.hash && !url.hash.startsWith("#") ? "#" : "") + (url.hash ?? "");
}

function resolve(from: string, to: string): string {
  const base = new URL(from, "resolve://resolve/"), url = new URL(to, base);
  return url.protocol === "resolve:" ? url.pathname + url.search + url.hash : url.href;
}

// ---- node:querystring ----

type Query = Record<string, string | string[]>;

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const escape = (text: unknown): string => encodeURIComponent(String(text));

function decode(text: string, between = "&", equals = "=", options: { decodeURIComponent?: (text: string) => string; maxKeys?: number } = {}): Query {
  const found = Object.create(null) as Query;
  const read = (part: string): string => (options.decodeURIComponent ?? unescape)(part.replace(/\+/g, " "));
  const max = options.maxKeys ?? 1000;
  for (const pair of text ? text.split(between).slice(0, max || undefined) : []) {
    if (!pair) continue;
    const at = pair.indexOf(equals);
    const name = read(at < 0 ? pair : pair.slice(0, at)), value = at < 0 ? "" : read(pair.slice(at + equals.length));
    found[name] = name in found ? [found[name]!, value].flat() : value;
  }
  return found;
}

function encode(query: Record<string, unknown>, between = "&", equals = "=", options: { encodeURIComponent?: (text: string) => string } = {}): string {
  const write = options.encodeURIComponent ?? escape;
  const text = (value: unknown): string => (["string", "number", "boolean", "bigint"].includes(typeof value) ? String(value) : "");
  return Object.entries(query ?? {})
    .flatMap(([name, value]) => [value].flat().map((one) => `${write(name)}${equals}${write(text(one))}`))
    .join(between);
}

host.node.modules["querystring"] = { parse: decode, decode, stringify: encode, encode, escape, unescape };
host.node.modules["url"] = {
  URL,
  URLSearchParams,
  domainToASCII: (name: string) => (URL.canParse(`ws://${name}`) ? new URL(`ws://${name}`).hostname : ""),
  fileURLToPath,
  format,
  parse,
  pathToFileURL,
  resolve,
  urlToHttpOptions: (url: URL) => ({
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    hash: url.hash,
    search: url.search,
    pathname: url.pathname,
    path: url.pathname + url.search,
    href: url.href,
    ...(url.port ? { port: Number(url.port) } : {}),
    ...(url.username || url.password ? { auth: `${unescape(url.username)}:${unescape(url.password)}` } : {}),
  }),
};
