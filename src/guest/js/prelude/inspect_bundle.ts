// SPDX-License-Identifier: Apache-2.0
// The bundle `inspect`: what console needs for more than plain text; and how the platform's own objects are shown.

import { format, inspect, showClass, table } from "./inspect";

type Any = Record<string, unknown> & Iterable<[string, unknown]>;

const pick = (...names: string[]) => (value: object): [string, Record<string, unknown>] =>
  ["", Object.fromEntries(names.map((name) => [name, (value as Any)[name]]))];
const entries = (value: object): [string, Record<string, unknown>] => {
  const list: Record<string, unknown> = {};
  for (const [name, item] of value as Any) list[name] = name in list ? [list[name], item].flat() : item;
  return ["", list];
};

showClass("Headers", entries);
showClass("FormData", entries);
showClass("URLSearchParams", entries);
showClass("Request", pick("method", "url", "headers", "bodyUsed"));
showClass("Response", pick("status", "statusText", "headers", "url", "bodyUsed"));
showClass("URL", pick("href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"));
showClass("Blob", pick("size", "type"));
showClass("File", pick("name", "size", "type", "lastModified"));
showClass("AbortSignal", pick("aborted", "reason"));
showClass("Event", pick("type", "defaultPrevented", "cancelable", "timeStamp"));
showClass("CryptoKey", pick("type", "extractable", "algorithm", "usages"));

host.web.inspect = { format, inspect, table };
