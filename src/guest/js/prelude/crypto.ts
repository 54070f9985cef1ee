// SPDX-License-Identifier: Apache-2.0
// crypto.getRandomValues() and randomUUID() (Web Cryptography API): chance is the world's. `subtle` is a bundle of its own.

import { define, defineLazily, idl, needs } from "./define";
import { DOMException } from "./dom_exception";

const illegal = Symbol("new Crypto");

class Crypto {
  #own = true;
  constructor(...by: symbol[]) {
    if (by[0] !== illegal) throw new TypeError("Illegal constructor: it is crypto");
  }
  get subtle(): unknown {
    void this.#own;
    host.load("subtle");
    return host.web.subtle;
  }
  getRandomValues<T extends ArrayBufferView>(view: T): T {
    needs(1, arguments.length, "crypto.getRandomValues()");
    if (!ArrayBuffer.isView(view) || view instanceof DataView || view instanceof Float32Array || view instanceof Float64Array)
      throw new DOMException("crypto.getRandomValues() fills an array of whole numbers", "TypeMismatchError");
    if (view.byteLength > 65536)
      throw new DOMException(`crypto.getRandomValues() fills 65536 bytes at most, not ${view.byteLength}`, "QuotaExceededError");
    host.clock.fill(view);
    return view;
  }
  randomUUID(): string {
    const bytes = this.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }
}
idl(Crypto);

define({ Crypto, crypto: new Crypto(illegal) });
defineLazily("subtle", ["CryptoKey", "SubtleCrypto"]);
