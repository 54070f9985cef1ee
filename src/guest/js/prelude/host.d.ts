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
  timers: {
    start(callback: () => void, ms: number, repeat: boolean): number;
    stop(id: number): void;
  };
};
