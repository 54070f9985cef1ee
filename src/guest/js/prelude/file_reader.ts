// SPDX-License-Identifier: Apache-2.0
// FileReader (File API, 6), and the events of what goes on for a while.

import { Blob } from "./blob";
import { constants, idl, needs } from "./define";

type Result = string | ArrayBuffer | null;

export class ProgressEvent extends Event {
  #init: Record<string, unknown>;
  constructor(type: unknown, init: Record<string, unknown> = {}) {
    super(type as string, init);
    this.#init = { ...init };
  }
  get lengthComputable(): boolean {
    return !!this.#init["lengthComputable"];
  }
  get loaded(): number {
    return Number(this.#init["loaded"] ?? 0);
  }
  get total(): number {
    return Number(this.#init["total"] ?? 0);
  }
}
idl(ProgressEvent);

const EMPTY = 0, LOADING = 1, DONE = 2;

function dataUrl(bytes: Uint8Array, type: string): string {
  return `data:${type || "application/octet-stream"};base64,${btoa(binary(bytes))}`;
}

function binary(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return text;
}

/** By the label, else by the type's charset, else as UTF-8; a byte order mark goes before all. */
function textOf(bytes: Uint8Array, type: string, label: unknown): string {
  const marked = bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : undefined;
  for (const name of [marked, label, /;\s*charset="?([^";]+)/i.exec(type)?.[1]])
    if (name !== undefined) {
      try {
        return new TextDecoder(String(name)).decode(bytes);
      } catch {
        // The next one, then.
      }
    }
  return new TextDecoder().decode(bytes);
}

export class FileReader extends EventTarget {
  #state = EMPTY;
  #result: Result = null;
  #reading = 0;
  #read(blob: unknown, what: string, make: (bytes: Uint8Array, type: string) => Result): void {
    if (!(blob instanceof Blob)) throw new TypeError(`FileReader.${what}() reads a Blob`);
    if (this.#state === LOADING) throw new DOMException("the FileReader is reading already", "InvalidStateError");
    this.#state = LOADING;
    this.#result = null;
    const turn = ++this.#reading, bytes = blob.bytesNow();
    const say = (type: string): void => {
      this.dispatchEvent(new ProgressEvent(type, { lengthComputable: true, loaded: type === "loadstart" ? 0 : bytes.length, total: bytes.length }));
    };
    // Each is a task of its own; abort() ends those that are left.
    const later = (then: () => void): unknown => host.timers.start(() => void (turn === this.#reading && then()), 0, false);
    later(() => say("loadstart"));
    if (bytes.length) later(() => say("progress"));
    later(() => {
      this.#state = DONE;
      this.#result = make(bytes, blob.type);
      say("load");
      if (turn === this.#reading && this.#state !== LOADING) later(() => say("loadend"));
    });
  }
  readAsText(blob: unknown, label: unknown = undefined): void {
    needs(1, arguments.length, "FileReader.readAsText()");
    this.#read(blob, "readAsText", (bytes, type) => textOf(bytes, type, label));
  }
  readAsArrayBuffer(blob: unknown): void {
    needs(1, arguments.length, "FileReader.readAsArrayBuffer()");
    this.#read(blob, "readAsArrayBuffer", (bytes) => bytes.slice().buffer as ArrayBuffer);
  }
  readAsBinaryString(blob: unknown): void {
    needs(1, arguments.length, "FileReader.readAsBinaryString()");
    this.#read(blob, "readAsBinaryString", binary);
  }
  readAsDataURL(blob: unknown): void {
    needs(1, arguments.length, "FileReader.readAsDataURL()");
    this.#read(blob, "readAsDataURL", dataUrl);
  }
  abort(): void {
    const was = this.#state;
    this.#result = null;
    if (was !== LOADING) return;
    this.#reading++;
    this.#state = DONE;
    this.dispatchEvent(new ProgressEvent("abort"));
    if ((this.#state as number) !== LOADING) this.dispatchEvent(new ProgressEvent("loadend"));
  }
  get readyState(): number {
    return this.#state;
  }
  get result(): Result {
    return this.#result;
  }
  get error(): DOMException | null {
    void this.#result;
    return null; // what is in memory can be read
  }
}
idl(FileReader);
constants(FileReader, { EMPTY, LOADING, DONE });
for (const type of ["loadstart", "progress", "load", "abort", "error", "loadend"]) host.web.handler(FileReader, type);
