// SPDX-License-Identifier: Apache-2.0
// Ciphers of node:crypto: AES in the modes CBC, CTR, ECB and GCM. update() of CTR gives its bytes at once; that of the others
// keeps them, and final() gives all.

import { secretOf, type KeyObject } from "./crypto_keys";
import { as, bytesOf, failed, join, type Buffered, type Data } from "./crypto_values";

const MODES = ["cbc", "ctr", "ecb", "gcm"];
export const getCiphers = (): string[] => [128, 192, 256].flatMap((bits) => MODES.map((mode) => `aes-${bits}-${mode}`));

class Cipher {
  private readonly pieces: Uint8Array[] = [];
  private readonly more: Uint8Array[] = [];
  private given = 0;
  private tag: Uint8Array | undefined;
  private readonly name: string;
  private readonly key: Uint8Array;
  private readonly iv: Uint8Array;
  private readonly gcm: boolean;
  private readonly tagBytes: number;

  constructor(private readonly encrypt: boolean, name: string, key: KeyObject | Data, iv: Data | null, options: { authTagLength?: number } = {}) {
    this.name = name.toUpperCase();
    if (!getCiphers().includes(name.toLowerCase())) failed("ERR_CRYPTO_UNKNOWN_CIPHER", `Unknown cipher: there are ${getCiphers().join(", ")}, not ${name}`);
    this.key = secretOf(key).slice();
    this.iv = iv === null ? new Uint8Array() : bytesOf(iv).slice();
    this.gcm = this.name.endsWith("GCM");
    this.tagBytes = options.authTagLength ?? 16;
    if (this.key.length * 8 !== Number(this.name.split("-")[1])) failed("ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length");
    if (this.gcm ? !this.iv.length : this.iv.length !== (this.name.endsWith("ECB") ? 0 : 16)) failed("ERR_CRYPTO_INVALID_IV", "Invalid initialization vector");
  }

  update(data: Data, encoding?: string, to?: string): Buffered | string {
    this.pieces.push(bytesOf(data, encoding).slice());
    return as(this.name.endsWith("CTR") ? this.rest() : new Uint8Array(), to);
  }

  final(to?: string): Buffered | string {
    if (this.gcm && !this.encrypt && !this.tag) failed("ERR_CRYPTO_INVALID_STATE", "Unsupported state or unable to authenticate data");
    return as(this.rest(), to);
  }

  /** What was not given out yet. */
  private rest(): Uint8Array {
    const data = join(this.gcm && !this.encrypt ? [...this.pieces, this.tag!] : this.pieces);
    const tagBytes = this.encrypt ? this.tagBytes : (this.tag?.length ?? 0);
    const made = host.ciphers.cipher(this.name, this.encrypt, this.key, this.iv, data, join(this.more), tagBytes);
    if (!made) failed("ERR_OSSL_BAD_DECRYPT", this.gcm ? "Unsupported state or unable to authenticate data" : "error:1C800064:Provider routines::bad decrypt");
    let all = new Uint8Array(made);
    if (this.gcm && this.encrypt) {
      this.tag = all.slice(-tagBytes);
      all = all.subarray(0, -tagBytes);
    }
    const rest = all.slice(this.given);
    this.given = all.length;
    return rest;
  }

  setAAD(data: Data): this {
    this.more.push(bytesOf(data).slice());
    return this;
  }

  getAuthTag(): Buffered {
    return this.gcm && this.encrypt && this.tag ? (as(this.tag) as Buffered) : failed("ERR_CRYPTO_INVALID_STATE", "Invalid state for operation getAuthTag");
  }

  setAuthTag(tag: Data, encoding?: string): this {
    this.tag = bytesOf(tag, encoding).slice();
    if (this.tag.length < 4 || this.tag.length > 16) failed("ERR_CRYPTO_INVALID_AUTH_TAG", `Invalid authentication tag length: ${this.tag.length}`);
    return this;
  }

  setAutoPadding(on = true): this {
    return on ? this : failed("ERR_CRYPTO_INVALID_STATE", "ciphers always pad here");
  }
}

export const createCipheriv = (name: string, key: KeyObject | Data, iv: Data | null, options?: object): Cipher => new Cipher(true, name, key, iv, options);
export const createDecipheriv = (name: string, key: KeyObject | Data, iv: Data | null, options?: object): Cipher => new Cipher(false, name, key, iv, options);
