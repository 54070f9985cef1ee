// SPDX-License-Identifier: Apache-2.0
// Messages between C and the realm's Request and Response.

import type { Pieces } from "../../../guest/js/prelude/fetch";
import { test } from "./host";

function bodyOf(from: ArrayBuffer | HostBody | null, signal?: AbortSignal): Uint8Array | Pieces | null {
  if (from === null) return null;
  if (from instanceof ArrayBuffer) return new Uint8Array(from);
  const aborted = signal && new Promise<never>((_, reject) => whenAborted(signal, () => (test.bodies.cancel(from), reject(signal.reason))));
  aborted?.catch(() => {});
  return {
    async read() {
      const piece = await (aborted ? Promise.race([aborted, test.bodies.read(from)]) : test.bodies.read(from));
      return piece === null ? null : new Uint8Array(piece);
    },
    cancel: () => test.bodies.cancel(from),
  };
}

export function whenAborted(signal: AbortSignal, then: () => void): void {
  if (signal.aborted) then();
  else signal.addEventListener("abort", then, { once: true });
}

export interface Answered {
  status: number;
  reason: string;
  headers: Flat;
  body: ArrayBuffer | HostBody | null;
  url: string;
  /** Ends the reading of the body. */
  signal?: AbortSignal;
}

export const web = {
  response: ({ status, reason, headers, body, url, signal }: Answered, as: object): Response =>
    host.web.response(status, reason, headers, bodyOf(body, signal), url, as as never) as unknown as Response,

  request: (method: string, url: string, headers: Flat, body: ArrayBuffer | HostBody | null): Request =>
    host.web.request(method, url, headers, bodyOf(body)) as unknown as Request,

  headers(flat: Flat): Headers {
    const headers = new Headers();
    for (let i = 0; i + 1 < flat.length; i += 2) headers.append(flat[i]!, flat[i + 1]!);
    return headers;
  },

  flat: (of: Request | Response | Headers): Flat =>
    host.web.headers((of instanceof Headers ? { headers: of } : of) as never),

  /** Its bytes when they are here; undefined: they must be awaited, by read(). */
  bytes: (of: Request | Response): Uint8Array | null | undefined => host.web.take(of as never),

  async read(of: Request | Response): Promise<Uint8Array> {
    return new Uint8Array(await of.arrayBuffer());
  },

  /** What of a body nobody wants is read all the same, so that who sends it goes on. */
  async drain(body: ArrayBuffer | HostBody | null): Promise<void> {
    if (body === null || body instanceof ArrayBuffer) return;
    try {
      while ((await test.bodies.read(body)) !== null);
    } catch {
      // who sent it tells of it
    }
  },

  cancelBody(response: Response): void {
    if (!response.body?.locked) void response.body?.cancel().catch(() => {});
  },
};
