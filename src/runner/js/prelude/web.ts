// SPDX-License-Identifier: Apache-2.0
// Messages between C and the realm's Request and Response.

export interface Parts {
  method: string;
  url: string;
  headers: Flat;
  body: ArrayBuffer | Uint8Array | string | null;
}

interface HostWeb {
  responseFromHost(status: number, reason: string, headers: Flat, body: unknown, url: string): Response;
}

const hostWeb = (): HostWeb => (host as unknown as { web: HostWeb }).web;

export const web = {
  responseFromHost: (...parts: Parameters<HostWeb["responseFromHost"]>): Response => hostWeb().responseFromHost(...parts),
  headersFromFlat(flat: Flat): Headers {
    const headers = new Headers();
    for (let i = 0; i + 1 < flat.length; i += 2) headers.append(flat[i]!, flat[i + 1]!);
    return headers;
  },
  flat(headers: Headers): Flat {
    const flat: Flat = [];
    headers.forEach((value, name) => flat.push(name, value));
    return flat;
  },
  async partsOf(request: Request): Promise<Parts> {
    const body = request.body === null ? null : new Uint8Array(await request.arrayBuffer());
    return { method: request.method, url: request.url, headers: web.flat(request.headers), body };
  },
  cancelBody(response: Response): void {
    void response.body?.cancel().catch(() => {});
  },
};
