// SPDX-License-Identifier: Apache-2.0
// URLs. The whole standard is in a bundle of its own (whatwg-url), loaded when `URL` is touched or a URL is not plain.

import { defineLazily } from "./define";

defineLazily("url", ["URL", "URLSearchParams"]);

/* What the URL standard leaves as it is, so that it need not be asked. */
const PLAIN = /^https?:\/\/[a-z][a-z0-9-]*(?:\.[a-z0-9-]*[a-z][a-z0-9-]*)*(?::(?!80\b|443\b)[1-9]\d{1,3})?(\/[\w\-.~!$&()*+,;=:@%/]*)?(?:\?[\w\-.~!$&()*+,;=:@%/?]*)?$/;

/** The text of a URL as the standard writes it, without its fragment; it throws a TypeError for what is none. */
export function normalize(input: string): string {
  const match = PLAIN.exec(input);
  if (match && match[1] !== undefined && !/\/\.|%2e/i.test(match[1]) && !input.includes("xn--")) return input;
  const url = new URL(input);
  if (url.username || url.password) throw new TypeError(`${input}: the URL of a request has no user name or password in it`);
  url.hash = "";
  return url.href;
}
