// SPDX-License-Identifier: Apache-2.0
// Modules of Node.js for what tests have not: a network, other processes, threads, a debugger. They can be imported, for
// packages do so without using them; what they have throws when it is used. TABLE says what that is, a module a row.

type Exports = Record<string, unknown>;
type Class = abstract new (...args: never[]) => object;

interface Row {
  /** Why using it throws, and what to use instead. */
  why: string;
  /** Classes by name, with what they extend; one with "!" behind it can be made, for it does nothing by itself. */
  classes?: string;
  /** Functions that throw when they are called. */
  functions?: string;
  /** What is as in Node.js. */
  values?: () => Exports;
}

const NETWORK = "reaches no network in tests: use service.fetch() and origin()";
const ALONE = "is not there in tests: there are no other processes and threads";
const ENGINE = "is not there in tests: it belongs to Node.js's own engine";
const TERMINAL = "is not there in tests: there is no terminal";

const METHODS = ("ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY OPTIONS PATCH " +
  "POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE").split(" ");

const STATUS_CODES: Record<number, string> = {
  100: "Continue", 101: "Switching Protocols", 102: "Processing", 103: "Early Hints",
  200: "OK", 201: "Created", 202: "Accepted", 203: "Non-Authoritative Information", 204: "No Content", 205: "Reset Content",
  206: "Partial Content", 207: "Multi-Status", 208: "Already Reported", 226: "IM Used",
  300: "Multiple Choices", 301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified", 305: "Use Proxy",
  307: "Temporary Redirect", 308: "Permanent Redirect",
  400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
  406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout", 409: "Conflict", 410: "Gone",
  411: "Length Required", 412: "Precondition Failed", 413: "Payload Too Large", 414: "URI Too Long", 415: "Unsupported Media Type",
  416: "Range Not Satisfiable", 417: "Expectation Failed", 418: "I'm a Teapot", 421: "Misdirected Request",
  422: "Unprocessable Entity", 423: "Locked", 424: "Failed Dependency", 425: "Too Early", 426: "Upgrade Required",
  428: "Precondition Required", 429: "Too Many Requests", 431: "Request Header Fields Too Large", 451: "Unavailable For Legal Reasons",
  500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
  505: "HTTP Version Not Supported", 506: "Variant Also Negotiates", 507: "Insufficient Storage", 508: "Loop Detected",
  509: "Bandwidth Limit Exceeded", 510: "Not Extended", 511: "Network Authentication Required",
};

function validateHeaderName(name: string): void {
  if (/^[\^_`a-zA-Z\-0-9!#$%&'*+.|~]+$/.test(name)) return;
  throw Object.assign(new TypeError(`Header name must be a valid HTTP token ["${name}"]`), { code: "ERR_INVALID_HTTP_TOKEN" });
}

function validateHeaderValue(name: string, value: unknown): void {
  if (value === undefined)
    throw Object.assign(new TypeError(`Invalid value "undefined" for header "${name}"`), { code: "ERR_HTTP_INVALID_HEADER_VALUE" });
  if (/[^\t\x20-\x7e\x80-\xff]/.test(String(value)))
    throw Object.assign(new TypeError(`Invalid character in header content ["${name}"]`), { code: "ERR_INVALID_CHAR" });
}

/** HTTP2_HEADER_… by the headers' names, and codes that clients of HTTP/2 compare with. */
function http2Constants(): Exports {
  const made: Exports = {};
  const name = (header: string): string => `HTTP2_HEADER_${header.replace(/^:/, "").replace(/-/g, "_").toUpperCase()}`;
  for (const header of ("accept accept-encoding accept-language authorization cache-control connection content-encoding content-length " +
    "content-type cookie date etag expect host http2-settings keep-alive last-modified location proxy-connection range referer " +
    "server set-cookie te trailer transfer-encoding upgrade user-agent vary via :authority :method :path :protocol :scheme :status").split(" "))
    made[name(header)] = header;
  ("NO_ERROR PROTOCOL_ERROR INTERNAL_ERROR FLOW_CONTROL_ERROR SETTINGS_TIMEOUT STREAM_CLOSED FRAME_SIZE_ERROR REFUSED_STREAM CANCEL " +
    "COMPRESSION_ERROR CONNECT_ERROR ENHANCE_YOUR_CALM INADEQUATE_SECURITY HTTP_1_1_REQUIRED").split(" ").forEach((code, number) => {
    made[`NGHTTP2_${code}`] = number;
  });
  for (const method of METHODS) made[`HTTP2_METHOD_${method.replace("-", "")}`] = method;
  return made;
}

const V4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
function isIP(text: unknown): number {
  const address = String(text);
  if (V4.test(address)) return 4;
  if (!/^[\da-f:.]+(?:%[\w.-]+)?$/i.test(address) || !address.includes(":")) return 0;
  try {
    new URL(`http://[${address.replace(/%.*/, "")}]/`);
    return 6;
  } catch {
    return 0;
  }
}

const http = { maxHeaderSize: 16384, METHODS, STATUS_CODES, validateHeaderName, validateHeaderValue, setMaxIdleHTTPParsers() {} };
const HTTP = "Agent:EventEmitter! Server:EventEmitter IncomingMessage:Readable! OutgoingMessage:Writable! ServerResponse:OutgoingMessage! ClientRequest:OutgoingMessage";
const RESOLVING = "lookup lookupService resolve resolve4 resolve6 resolveAny resolveCaa resolveCname resolveMx resolveNaptr resolveNs resolvePtr " +
  "resolveSoa resolveSrv resolveTxt reverse setServers getServers";
const DNS_ERRORS = ("NODATA FORMERR SERVFAIL NOTFOUND NOTIMP REFUSED BADQUERY BADNAME BADFAMILY BADRESP CONNREFUSED TIMEOUT EOF FILE NOMEM " +
  "DESTRUCTION BADSTR BADFLAGS NONAME BADHINTS NOTINITIALIZED LOADIPHLPAPI ADDRGETNETWORKPARAMS CANCELLED").split(" ");
const dnsValues = (): Exports => ({
  ...Object.fromEntries(DNS_ERRORS.map((name) => [name, name === "CANCELLED" ? "ECANCELLED" : `E${name}`])),
  ADDRCONFIG: 32, ALL: 16, V4MAPPED: 8, setDefaultResultOrder() {}, getDefaultResultOrder: () => "verbatim",
});

const TABLE: Record<string, Row> = {
  child_process: { why: ALONE, classes: "ChildProcess:EventEmitter", functions: "exec execFile execFileSync execSync fork spawn spawnSync" },
  cluster: {
    why: ALONE, classes: "Worker:EventEmitter", functions: "disconnect fork setupMaster setupPrimary",
    values: () => ({ isMaster: true, isPrimary: true, isWorker: false, workers: {}, settings: {}, SCHED_NONE: 1, SCHED_RR: 2, on() {}, once() {} }),
  },
  dgram: { why: NETWORK, classes: "Socket:EventEmitter", functions: "createSocket" },
  dns: { why: NETWORK, classes: "Resolver", functions: RESOLVING, values: () => ({ ...dnsValues(), promises: absent("dns/promises") }) },
  "dns/promises": { why: NETWORK, classes: "Resolver", functions: RESOLVING, values: dnsValues },
  http: { why: NETWORK, classes: HTTP, functions: "createServer get request", values: () => ({ ...http }) },
  https: { why: NETWORK, classes: "Agent:EventEmitter! Server:EventEmitter", functions: "createServer get request" },
  http2: {
    why: NETWORK, classes: "Http2ServerRequest:Readable Http2ServerResponse:Writable",
    functions: "connect createSecureServer createServer getDefaultSettings getPackedSettings getUnpackedSettings performServerHandshake",
    values: () => ({ constants: http2Constants(), sensitiveHeaders: Symbol("nodejs.http2.sensitiveHeaders") }),
  },
  inspector: { why: ENGINE, classes: "Session:EventEmitter", functions: "open waitForDebugger", values: () => ({ url: () => undefined, close() {}, console }) },
  net: {
    why: NETWORK, classes: "BlockList! Server:EventEmitter Socket:Duplex SocketAddress Stream:Duplex", functions: "connect createConnection createServer",
    values: () => ({
      isIP, isIPv4: (text: unknown) => isIP(text) === 4, isIPv6: (text: unknown) => isIP(text) === 6,
      getDefaultAutoSelectFamily: () => true, setDefaultAutoSelectFamily() {},
      getDefaultAutoSelectFamilyAttemptTimeout: () => 250, setDefaultAutoSelectFamilyAttemptTimeout() {},
    }),
  },
  readline: {
    why: TERMINAL, classes: "Interface:EventEmitter", functions: "createInterface emitKeypressEvents",
    values: () => ({ clearLine: () => true, clearScreenDown: () => true, cursorTo: () => true, moveCursor: () => true, promises: absent("readline/promises") }),
  },
  "readline/promises": { why: TERMINAL, classes: "Interface:EventEmitter Readline", functions: "createInterface" },
  repl: { why: TERMINAL, classes: "REPLServer:EventEmitter Recoverable", functions: "start", values: () => ({ builtinModules: [] }) },
  tls: {
    why: NETWORK, classes: "SecureContext Server:EventEmitter TLSSocket:Duplex",
    functions: "checkServerIdentity connect createSecureContext createSecurePair createServer getCiphers",
    values: () => ({ DEFAULT_ECDH_CURVE: "auto", DEFAULT_MAX_VERSION: "TLSv1.3", DEFAULT_MIN_VERSION: "TLSv1.2", rootCertificates: [] }),
  },
  v8: {
    why: ENGINE,
    functions: "deserialize getHeapSnapshot getHeapSpaceStatistics getHeapStatistics serialize setFlagsFromString takeCoverage writeHeapSnapshot",
    values: () => ({ startupSnapshot: { isBuildingSnapshot: () => false } }),
  },
  worker_threads: {
    why: ALONE, classes: "Worker:EventEmitter", functions: "getEnvironmentData moveMessagePortToContext postMessageToThread receiveMessageOnPort setEnvironmentData",
    values: () => ({
      isMainThread: true, isInternalThread: false, parentPort: null, workerData: null, threadId: 0, resourceLimits: {}, SHARE_ENV: Symbol.for("nodejs.worker_threads.SHARE_ENV"),
      BroadcastChannel: globalThis.BroadcastChannel, MessageChannel: globalThis.MessageChannel, MessagePort: globalThis.MessagePort,
      isMarkedAsUntransferable: () => false, markAsUncloneable() {}, markAsUntransferable() {},
    }),
  },
};

function loaded(bundle: string, name: string): Exports {
  host.load(bundle);
  return host.node.modules[name]!;
}

/** What the classes here extend: each other, or those of the modules that are there. */
function baseOf(name: string | undefined, made: Exports): Class | undefined {
  if (!name) return undefined;
  const own = made[name] ?? (name === "EventEmitter" ? loaded("node_events", "events") : loaded("node_stream", "stream")[name]);
  return own as Class;
}

/** A class that packages extend; its objects are made of functions of old, too: Base.call(this). */
function makeClass(name: string, base: Class | undefined, refusal: string | undefined): unknown {
  const made = function (this: object, ...args: never[]): object {
    if (refusal) throw new Error(`new ${refusal}`);
    const parent = base ?? Object;
    if (new.target) return Reflect.construct(parent as never, args, new.target as never) as object;
    if (base) (base as unknown as (...all: never[]) => void).apply(this, args);
    return this;
  };
  Object.defineProperty(made, "name", { value: name });
  if (base) {
    Object.setPrototypeOf(made, base);
    made.prototype = Object.create(base.prototype as object, { constructor: { value: made, writable: true, configurable: true } });
  }
  return made;
}

const ready = new Map<string, Exports>();

function absent(module: string): Exports {
  const known = ready.get(module);
  if (known) return known;
  const row = TABLE[module]!, made: Exports = {};
  for (const word of row.classes?.split(" ") ?? []) {
    const [, name, base, quiet] = /^(\w+):?(\w+)?(!)?$/.exec(word)!;
    made[name!] = makeClass(name!, baseOf(base, made), quiet ? undefined : `${module}.${name!}() ${row.why}`);
  }
  for (const name of row.functions?.split(" ") ?? [])
    made[name] = Object.defineProperty(() => {
      throw new Error(`${module}.${name}() ${row.why}`);
    }, "name", { value: name });
  Object.assign(made, row.values?.());
  if (made["Agent"]) made["globalAgent"] = new (made["Agent"] as new () => object)();
  ready.set(module, made);
  return made;
}

for (const name of Object.keys(TABLE)) Object.defineProperty(host.node.modules, name, { enumerable: true, get: () => absent(name) });
