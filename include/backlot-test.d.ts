// SPDX-License-Identifier: Apache-2.0
// The module that tests in JavaScript and TypeScript import, for editors and `tsc`: docs/javascript-tests.md is its manual.
//
// `backlot types` puts it into a project. It has all that Vitest has, by the types of "vitest": those of the package where the
// project has it, else those of backlot-vitest.d.ts beside this file. Requests and responses are the web platform's, of the
// library "DOM" or another one.

declare module "backlot:test" {
  export * from "vitest";

  /** A number of ms, or "250ms", "1.5s", "2m", "1h", "30d". Virtual time: it takes none. */
  export type Duration = number | string;

  // ---- the service ----

  export const service: {
    /** The compiled service handles a request, in memory, in the world of this test. A path alone is of http://localhost. */
    fetch(input: RequestInfo | URL, init?: ServiceInit): Promise<ServiceResponse>;
  };

  export interface ServiceInit extends RequestInit {
    /** What is known of the client, for this request. */
    client?: ClientSettings;
  }

  export interface ServiceResponse extends Response {
    /** Messages of one log endpoint, or of all of them; "stdout" and "stderr" are such ones. */
    logs(endpoint?: string): Logs;
    /** All that happened, in its order. */
    readonly trace: TraceEvent[];
    readonly timing: Timing;
    /** Limits that were exceeded. */
    readonly limits: LimitBreach[];
    /** Interim responses (103). */
    readonly hints: { status: number; headers: Headers }[];
    /** Resolves when the service has ended, and rejects with what went wrong behind the response. */
    done(): Promise<void>;
  }

  export interface Logs extends Array<string> {
    /** Every message as JSON. */
    json(): any[];
    text(): string;
  }

  export interface TraceEvent {
    type: string;
    /** ms since 1970, on the world's clock. */
    time: number;
    [attribute: string]: unknown;
  }

  export interface Timing {
    virtualUs: number;
    realUs: number;
    /** Of the service's own code. */
    cpuUs: number;
    memoryBytes: number;
    hostcalls: number;
    subrequests: number;
    logBytes: number;
    cacheLookups: number;
    /** "ok", "trap", "exit", "limit", … */
    outcome: string;
  }

  // ---- origins ----

  /** Who answers what the service fetches: a backend by its name, a URL with `*` in it, a host, or a regular expression. */
  export function origin(target: string | RegExp): Origin;

  /** Later ones go before earlier ones, those of a test before those around it. */
  export interface Origin {
    readonly description: string;
    /** What the service asked it, in order. */
    readonly calls: readonly OriginCall[];
    /** Only requests with this method and path, which may hold `*`. */
    on(method: string, path: string): Origin;
    get(path: string): Origin;
    head(path: string): Origin;
    post(path: string): Origin;
    put(path: string): Origin;
    patch(path: string): Origin;
    delete(path: string): Origin;
    /** Answers by a function. */
    handle(run: OriginHandler): this;
    /** Answers with what another local service does: services.open(…), or its path. */
    service(other: OpenService | string): this;
    /** Answers with these, one after another; the last again and again. */
    respond(...answers: (Response | OriginAnswer | string)[]): this;
    /** No answer comes. */
    fail(fault: OriginFault): this;
    /** Before each answer. */
    delay(duration: Duration): this;
    /** The test fails unless exactly so many requests came. */
    expect(count: number): this;
  }

  export type OriginHandler = (
    request: Request,
    call: OriginCall,
  ) => Response | OriginAnswer | string | Promise<Response | OriginAnswer | string>;

  export interface OriginCall {
    readonly backend: string;
    readonly method: string;
    readonly url: string;
    /** With the query. */
    readonly path: string;
    readonly headers: Headers;
    readonly request: Request;
    text(): Promise<string>;
    json(): Promise<any>;
  }

  export interface OriginAnswer {
    status?: number;
    headers?: HeadersInit;
    body?: BodyInit | null;
    json?: unknown;
    /** Before anything is answered. */
    delay?: Duration;
    /** After so many bytes of the body … */
    after?: number;
    /** … the connection is reset, nothing more comes, the body ends though more was announced, or a chunk is malformed. */
    then?: "reset" | "stall" | "truncate" | "bad chunk";
    /** The body comes in pieces of so many bytes, one at a time. */
    drip?: { bytes: number; every: Duration };
  }

  export type OriginFault =
    | "refuse" | "connection refused" | "reset" | "connection reset" | "dns" | "dns error" | "dns timeout" | "tls" | "tls error"
    | "connect timeout" | "timeout" | "first byte timeout" | "incomplete response" | "unreachable" | "unavailable";

  // ---- time ----

  export const clock: {
    /** ms since 1970. */
    now(): number;
    /** Moves time on; what becomes due on the way happens. */
    advance(duration: Duration): Promise<void>;
    /** Sets the wall clock, backwards too. Timers keep their distance. */
    set(time: number | string | Date): void;
    /** Time goes by itself from now on, as fast as everywhere, until the test or group ends. */
    useRealTime(): void;
    /** Time stands still again while anything happens. */
    useVirtualTime(): void;
  };

  // ---- stores; what a test writes is gone with its frame ----

  /** KV stores. */
  export const kv: { (store: string): KVStore; names(): string[] };
  /** Config stores; dictionaries are the same ones. */
  export const config: { (store: string): Store; names(): string[] };
  export const dictionary: { (store: string): Store; names(): string[] };
  export const secret: { (store: string): Store; names(): string[] };
  export const acl: { (list: string): AccessControlList; names(): string[] };
  /** What is known of IP addresses. */
  export const geo: Records;
  /** What is known of User-Agents. */
  export const device: Records;
  export function rate(counter: string): RateCounter;
  export function penalty(box: string): PenaltyBox;

  export interface KVStore {
    readonly name: string;
    /** Makes it, empty, unless it is there; a first set() does so, too. */
    create(): this;
    /** Text; null: there is none. */
    get(key: string): string | null;
    json(key: string): any;
    bytes(key: string): Uint8Array | null;
    entry(key: string): { value: string; metadata: string | null; generation: bigint; ttl: number | null } | null;
    has(key: string): boolean;
    /** Text and bytes as they are, anything else as JSON. Gives back the new generation. */
    set(key: string, value: unknown, options?: KVOptions): bigint;
    /** Was it there? */
    delete(key: string): boolean;
    /** The keys, in their order. */
    list(prefix?: string): string[];
    clear(): void;
  }

  export interface KVOptions {
    metadata?: string;
    ttl?: Duration;
    /** "add" fails where the key is there; "append" and "prepend" join. */
    mode?: "overwrite" | "add" | "append" | "prepend";
    /** Fails unless the key has this generation; 0: unless it is not there. */
    ifGeneration?: bigint | number;
  }

  export interface Store {
    readonly name: string;
    create(): this;
    get(key: string): string | null;
    json(key: string): any;
    has(key: string): boolean;
    set(key: string, value: unknown): this;
    set(entries: Record<string, unknown>): this;
    delete(key: string): boolean;
    list(): string[];
    entries(): Record<string, string>;
    clear(): void;
  }

  export interface AccessControlList {
    readonly name: string;
    create(): this;
    /** For a network, as "192.0.2.0/24", or for one address. */
    set(prefix: string, action: "allow" | "block"): this;
    /** The entry that holds for an address. */
    get(address: string): AclEntry | null;
    delete(prefix: string): boolean;
    list(): AclEntry[];
    clear(): void;
  }

  export interface AclEntry {
    prefix: string;
    action: "allow" | "block";
  }

  export interface Records {
    get(of: string): Record<string, any> | null;
    /** As Fastly's records are; of a place, what is left out is filled in. */
    set(of: string, record: object): this;
    delete(of: string): boolean;
    list(): string[];
    clear(): void;
  }

  export interface RateCounter {
    readonly name: string;
    add(entry: string, delta?: number): this;
    /** What came within a window, in seconds or as "10s". */
    count(entry: string, window?: number | string): number;
    /** The average per second over a window. */
    rate(entry: string, window?: number | string): number;
    delete(entry: string): boolean;
    list(): string[];
    clear(): void;
  }

  export interface PenaltyBox {
    readonly name: string;
    /** For whole minutes, from 1 to 60: seconds, or "2m". */
    add(entry: string, ttl: number | string): this;
    has(entry: string): boolean;
    /** For how many ms it still is in the box. */
    left(entry: string): number;
    delete(entry: string): boolean;
    list(): string[];
    clear(): void;
  }

  // ---- the cache ----

  export const cache: {
    list(): CacheEntry[];
    /** By a key of the core cache, or by the URL that a backend was asked for. */
    get(key: string | URL): CacheEntry | undefined;
    /** An object of the core cache by its key; with a Response, what a backend answered to a request. */
    insert(key: string | URL | Request, content: unknown, options?: CacheOptions): Promise<void>;
    /** Makes all objects older, or those of one key or URL. How many? */
    age(duration: Duration, key?: string | URL): number;
    /** Takes away all objects with a surrogate key; `soft`: makes them stale. How many? */
    purge(surrogateKey: string, options?: { soft?: boolean }): number;
    delete(key: string | URL): number;
    clear(options?: { soft?: boolean }): number;
  };

  export interface CacheOptions {
    ttl?: Duration;
    age?: Duration;
    staleWhileRevalidate?: Duration;
    staleIfError?: Duration;
    surrogateKeys?: string | string[];
    /** Names of the headers of the request that the object is for, and that request's headers. */
    vary?: string | string[];
    headers?: HeadersInit;
    /** The user metadata of an object of the core cache. */
    metadata?: string;
  }

  /** As it was when it was looked at. Times are in ms. */
  export interface CacheEntry {
    readonly key: string;
    /** Of a cached response. */
    readonly url: string | undefined;
    readonly status: number | undefined;
    readonly headers: Headers | undefined;
    readonly metadata: string | undefined;
    /** "stale": it may be used while it is renewed, or when that fails, or it was purged softly. */
    readonly state: "fresh" | "stale" | "expired";
    readonly age: number;
    readonly ttl: number;
    readonly staleWhileRevalidate: number;
    readonly staleIfError: number;
    readonly hits: number;
    readonly purged: boolean;
    /** A mark that what is asked for is not to be cached. */
    readonly pass: boolean;
    readonly sensitive: boolean;
    readonly complete: boolean;
    readonly length: number | undefined;
    readonly vary: string[];
    readonly surrogateKeys: string[];
    bytes(): Uint8Array;
    text(): string;
    json(): any;
    makeOlder(duration: Duration): void;
    delete(): void;
  }

  // ---- what holds for every request of the frame ----

  /** What is known of clients. */
  export const client: Facts<ClientSettings>;
  /** What the firewall says of what it is asked to inspect. */
  export const inspect: Facts<InspectSettings>;
  /** Which products the service has. */
  export const products: Facts<ProductSettings>;

  export interface Facts<Settings> {
    /** From now on, for every request of this frame. */
    set(settings: Settings): this;
    /** What is set, by name, as text: `{ "tls.ja3": "…" }` */
    all(): Record<string, string>;
  }

  /** The settings of `client` blocks in .fiddle files; groups may be written with a dot, too: "tls.ja3". */
  export interface ClientSettings {
    ip?: string;
    serverIp?: string;
    requestId?: string;
    region?: string;
    ddosDetected?: boolean;
    fastlyKeyValid?: boolean;
    /** A record of geolocation for its address, and one of device detection for its User-Agent. */
    geo?: object;
    device?: object;
    h2Fingerprint?: string;
    ohFingerprint?: string;
    visitsThisService?: number;
    visitsThisPop?: number;
    tls?: {
      protocol?: string;
      cipher?: string;
      serverName?: string;
      /** Hexadecimal digits. */
      clientHello?: string;
      ja3?: string;
      ja4?: string;
      /** PEM. */
      certificate?: string;
      certificateVerdict?:
        | "ok" | "bad-certificate" | "certificate-revoked" | "certificate-expired" | "unknown-ca" | "certificate-missing"
        | "certificate-unknown";
    };
    bot?: { analyzed?: boolean; detected?: boolean; name?: string; category?: string | number; verified?: boolean };
    proxy?: {
      anonymous?: boolean;
      anonymousVpn?: boolean;
      hostingProvider?: boolean;
      overVpn?: boolean;
      public?: boolean;
      relay?: boolean;
      residential?: boolean;
      smartDns?: boolean;
      torExit?: boolean;
      vpnDatacenter?: boolean;
      vpnService?: string;
    };
    [name: `${"tls" | "bot" | "proxy"}.${string}`]: string | number | boolean | undefined;
  }

  export interface InspectSettings {
    /** "allow", "block", "unauthorized", or a word that the SDKs do not know. */
    verdict?: string;
    status?: number;
    tags?: string | string[];
    redirectUrl?: string;
    decisionMs?: number;
  }

  export interface ProductSettings {
    domainInspector?: boolean;
    imageOptimizer?: boolean;
    originInspector?: boolean;
  }

  /** API keys that count as valid. */
  export const fastlyKeys: {
    add(...keys: string[]): void;
    has(key: string): boolean;
    /** Was it valid? */
    delete(key: string): boolean;
    list(): string[];
    clear(): void;
  };

  /** What one invocation may use. Numbers are bytes, ms, or counts. */
  export const limits: {
    /** `warn`: what exceeds them is only told of. */
    set(bounds: Partial<Record<LimitName, number | string>>, options?: { warn?: boolean }): void;
    /** All of them, as a profile has them. */
    use(profile: "fastly" | "fastly-trial" | "none", options?: { warn?: boolean }): void;
    get(name: LimitName): number;
  };

  export type LimitName =
    | "memory" | "table-elements" | "cpu" | "wall" | "subrequests" | "dynamic-backends" | "config-lookups" | "url"
    | "method" | "request-headers" | "request-header-bytes" | "response-headers" | "response-header-bytes" | "headers"
    | "header-bytes" | "body-held" | "body" | "log" | "log-line" | "kv-value" | "kv-key" | "kv-metadata"
    | "instance-requests" | "cache-object" | "vary-rules" | "package" | "handles";

  export interface LimitBreach {
    name: LimitName;
    bound: number;
    reached: number;
    /** False: it was only told of. */
    enforced: boolean;
  }

  // ---- backends ----

  /** Other local services, each with a world of its own in every frame, on the same clock. */
  export const services: {
    /** By the path of its compiled code, or of its project's folder, from the folder of this project on. */
    open(path: string): OpenService;
  };

  export interface OpenService {
    readonly path: string;
    fetch(input: RequestInfo | URL, init?: ServiceInit): Promise<ServiceResponse>;
    /** Who answers what it fetches. */
    origin(target: string | RegExp): Origin;
    /** What other services have asked it in this frame. */
    readonly calls: readonly ServedCall[];
    /** Answers what another service asks, as a function of an origin does. */
    readonly handle: OriginHandler;
    /** The same as this module has them, of its world. */
    readonly acl: typeof acl;
    readonly backends: typeof backends;
    readonly cache: typeof cache;
    readonly client: typeof client;
    readonly config: typeof config;
    readonly device: typeof device;
    readonly dictionary: typeof dictionary;
    readonly fastlyKeys: typeof fastlyKeys;
    readonly geo: typeof geo;
    readonly inspect: typeof inspect;
    readonly kv: typeof kv;
    readonly limits: typeof limits;
    readonly penalty: typeof penalty;
    readonly products: typeof products;
    readonly rate: typeof rate;
    readonly secret: typeof secret;
  }

  /** What a service was asked by another one, and what it answered. */
  export interface ServedCall {
    readonly method: string;
    readonly url: string;
    /** With the query. */
    readonly path: string;
    readonly request: Request;
    readonly response: ServiceResponse;
  }

  export const backends: {
    /** Those that are there before the service registers any. */
    list(): Backend[];
    names(): string[];
    /** One of them, or what the service registered last under that name. */
    get(name: string): Backend | null;
    /** Changes one; makes one where there is none of that name, which takes its `url`. */
    set(name: string, settings: BackendSettings): void;
    /** Was it there? */
    delete(name: string): boolean;
    /** Is called with each backend that the service is about to register; the service waits. */
    onRegister(listener: (backend: BackendRegistration) => void | Promise<void>): void;
    /** What the service wanted to register in this frame, in order. */
    readonly registered: RegisteredBackend[];
  };

  /** What was not given is not there. */
  export interface BackendSettings {
    url?: string;
    hostOverride?: string;
    health?: "unknown" | "healthy" | "unhealthy";
    connectTimeout?: Duration;
    firstByteTimeout?: Duration;
    betweenBytesTimeout?: Duration;
    keepaliveTime?: Duration;
    pooled?: boolean;
    grpc?: boolean;
    preferIPv4?: boolean;
    tcpKeepalive?: boolean;
    tcpKeepaliveTime?: Duration;
    tcpKeepaliveInterval?: Duration;
    tcpKeepaliveProbes?: number;
    useSNI?: boolean;
    sni?: string;
    certificateHost?: string;
    caCertificate?: string;
    /** PEM, with the `clientKey` that belongs to it, which is not shown. */
    clientCertificate?: string;
    clientKey?: string;
    ciphers?: string;
    tlsMin?: TlsVersion;
    tlsMax?: TlsVersion;
  }

  export type TlsVersion = "1.0" | "1.1" | "1.2" | "1.3";

  /** Times are in ms. */
  export interface Backend extends Readonly<Omit<BackendSettings, "clientKey">> {
    readonly name: string;
    readonly url: string;
    readonly host: string;
    readonly port: number;
    readonly tls: boolean;
    /** Registered by the service. */
    readonly dynamic: boolean;
    readonly health: "unknown" | "healthy" | "unhealthy";
    readonly connectTimeout?: number;
    readonly firstByteTimeout?: number;
    readonly betweenBytesTimeout?: number;
    readonly keepaliveTime?: number;
    readonly tcpKeepaliveTime?: number;
    readonly tcpKeepaliveInterval?: number;
  }

  export interface RegisteredBackend extends Backend {
    readonly refused: boolean;
  }

  export interface BackendRegistration extends Backend {
    /** The SDK is told that the service may have no dynamic backends, or something else. */
    refuse(why?: "disallowed" | "name-in-use" | "invalid" | "too-many"): void;
    /** The service gets it as it is then. */
    change(settings: BackendSettings): void;
  }
}
