// SPDX-License-Identifier: Apache-2.0
// The C functions of a realm, as its modules name them: src/guest/js/*.c and what a realm's owner adds.

declare const host: {
  /** Runs a bundle of Backlot's own (src/meson.build), once a realm. */
  load(bundle: string): void;
  clock: {
    wall(): number;
    monotonic(): number;
    random(): number;
    fill(view: ArrayBufferView | ArrayBuffer): void;
  };
  console: {
    print(level: string, text: string): void;
    uncaught(error: unknown): void;
  };
  /** What js_files_module has (files.c); realms of services do not. */
  files: {
    process(): number;
    read(path: string): string | null;
    bytes(path: string): ArrayBuffer | null;
    stamp(path: string): string | null;
    write(path: string, text: string): void;
    remove(path: string): void;
    sweep(folder: string): void;
    real(path: string): string | null;
    look(path: string, follow: boolean): [kind: string, size: number, mtimeMs: number, mode: number] | null;
    list(folder: string): [name: string, kind: string][] | null;
    environment(): string[];
    run(words: string[], folder: string): [status: number, said: string];
  };
  programs: {
    open(path: string): [program: unknown, json: string] | null;
    evaluate(program: unknown, from: number, length: number, url: string, line: number): unknown;
    text(program: unknown, from: number, length: number): string;
    version(): string;
  };
  /** Of the bundle `compile`. */
  compile?: (entry: string, out: string, options: import("./compile").CompileOptions) => void;
  encoding: {
    encode(text: string): ArrayBuffer;
    decode(bytes: ArrayBufferView | ArrayBuffer): string;
    valid(bytes: ArrayBufferView | ArrayBuffer): boolean;
    complete(bytes: ArrayBufferView | ArrayBuffer): number;
    base64(text: string): string | null;
    bytes(base64: string): string | null;
  };
  compression: {
    open(format: string, inflates: boolean): object | null;
    push(codec: object, bytes: Uint8Array, last: boolean): ArrayBuffer;
  };
  /* api/crypto_….c: null is that it cannot be done with these bytes; digests, ciphers and types by OpenSSL's names. */
  hash: {
    digest(digest: string, data: Uint8Array): ArrayBuffer | null;
    hmac(digest: string, key: Uint8Array, data: Uint8Array): ArrayBuffer | null;
    equal(a: Uint8Array | ArrayBuffer, b: Uint8Array | ArrayBuffer): boolean;
    pbkdf2(digest: string, password: Uint8Array, salt: Uint8Array, iterations: number, length: number): ArrayBuffer | null;
    hkdf(digest: string, key: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): ArrayBuffer | null;
  };
  ciphers: {
    cipher(
      name: string, encrypt: boolean, key: Uint8Array, iv: Uint8Array, data: Uint8Array, more: Uint8Array, tagBytes: number,
    ): ArrayBuffer | null;
  };
  keys: {
    makeRsa(bits: number, exponent: Uint8Array): object | null;
    make(type: string, curve: string): object | null;
    read(der: Uint8Array, secret: boolean): object | null;
    write(key: object, secret: boolean): ArrayBuffer | null;
    kind(key: object): [type: string, curve: string];
    part(key: object, part: string, length: number): ArrayBuffer | null;
    raw(key: object, secret: boolean): ArrayBuffer | null;
    fromRaw(type: string, bytes: Uint8Array, secret: boolean): object | null;
    fromParts(type: string, parts: (string | Uint8Array)[], secret: boolean): object | null;
  };
  signing: {
    sign(how: string, digest: string, key: object, data: Uint8Array, salt: number): ArrayBuffer | null;
    verify(how: string, digest: string, key: object, data: Uint8Array, salt: number, signature: Uint8Array): boolean | null;
    oaep(encrypt: boolean, digest: string, key: object, label: Uint8Array, data: Uint8Array): ArrayBuffer | null;
    agree(mine: object, theirs: object): ArrayBuffer | null;
  };
  /** What bundles know of the realm's Request and Response (fetch.ts). */
  web: import("./fetch").HostWeb;
  /** Modules of Node.js that are loaded (node/builtins.ts), and what they are to know; of realms that have any. */
  node: {
    modules: Record<string, Record<string, unknown>>;
    /** Where relative paths begin, and below which folders files are read; all without links. */
    folder: string;
    roots: string[];
    env: Record<string, unknown>;
    /** Is told of each file that is looked at. */
    read?: (path: string) => void;
    /** What `require` is in a file. */
    require?: (importer: string) => (specifier: string) => unknown;
  };
  timers: {
    start(callback: () => void, ms: number, repeat: boolean): number;
    stop(id: number): void;
  };
};
