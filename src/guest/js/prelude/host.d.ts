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
  };
  /** What bundles know of the realm's Request and Response (fetch.ts). */
  web: import("./fetch").HostWeb;
  timers: {
    start(callback: () => void, ms: number, repeat: boolean): number;
    stop(id: number): void;
  };
};
