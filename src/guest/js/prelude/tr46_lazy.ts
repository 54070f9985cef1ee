// SPDX-License-Identifier: Apache-2.0
// What the URL standard's library asks of international domain names (UTS #46). Their table is larger than all the rest
// and seldom needed, so it is in a bundle of its own.

interface Idna {
  toASCII(domain: string, options: object): string | null;
  toUnicode(domain: string, options: object): { domain: string; error: boolean };
}

const idna = (): Idna => {
  host.load("idna");
  return (host as unknown as { idna: Idna }).idna;
};

export function toASCII(domain: string, options: object): string | null {
  // eslint-disable-next-line no-control-regex
  if (/^[\x00-\x7f]*$/.test(domain) && !/xn--/i.test(domain)) return domain.toLowerCase();
  return idna().toASCII(domain, options);
}

export const toUnicode: Idna["toUnicode"] = (domain, options) => idna().toUnicode(domain, options);
