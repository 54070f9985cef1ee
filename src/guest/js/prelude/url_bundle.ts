// SPDX-License-Identifier: Apache-2.0
// The bundle `url`: the parser of the package whatwg-url, for URLs that are not plain (url.ts).

// @ts-expect-error it has no types of its own
import usm from "whatwg-url/lib/url-state-machine.js";
import type { Parts } from "./url";

interface Record {
  scheme: string;
  username: string;
  password: string;
  host: unknown;
  port: number | null;
  path: string | string[];
  query: string | null;
  fragment: string | null;
}

function partsOf(url: Record | null): Parts | null {
  if (!url) return null;
  const { scheme, username, password, query, fragment } = url;
  return {
    scheme, username, password, query, fragment,
    host: url.host === null ? null : (usm.serializeHost(url.host) as string),
    port: url.port === null ? "" : String(url.port),
    path: usm.serializePath(url) as string,
    opaque: usm.hasAnOpaquePath(url) as boolean,
  };
}

const over = (url: Record, value: string, stateOverride: string): unknown => usm.basicURLParse(value, { url, stateOverride });
const within = (value: string, mark: string): string => (value[0] === mark ? value.slice(1) : value);

const setters: { [member: string]: (url: Record, value: string) => void } = {
  protocol: (url, value) => over(url, `${value}:`, "scheme start"),
  username: (url, value) => usm.cannotHaveAUsernamePasswordPort(url) || usm.setTheUsername(url, value),
  password: (url, value) => usm.cannotHaveAUsernamePasswordPort(url) || usm.setThePassword(url, value),
  host: (url, value) => usm.hasAnOpaquePath(url) || over(url, value, "host"),
  hostname: (url, value) => usm.hasAnOpaquePath(url) || over(url, value, "hostname"),
  port(url, value) {
    if (usm.cannotHaveAUsernamePasswordPort(url)) return;
    if (value === "") url.port = null;
    else over(url, value, "port");
  },
  pathname(url, value) {
    if (usm.hasAnOpaquePath(url)) return;
    url.path = [];
    over(url, value, "path start");
  },
  search(url, value) {
    url.query = value === "" ? null : "";
    if (value !== "") over(url, within(value, "?"), "query");
  },
  hash(url, value) {
    url.fragment = value === "" ? null : "";
    if (value !== "") over(url, within(value, "#"), "fragment");
  },
};

host.web.url = {
  parse(input, base) {
    const from = base === undefined ? null : (usm.basicURLParse(base) as Record | null);
    return base !== undefined && !from ? null : partsOf(usm.basicURLParse(input, { baseURL: from }) as Record | null);
  },
  set(href, member, value) {
    const url = usm.basicURLParse(href) as Record;
    setters[member]!(url, value);
    return partsOf(url);
  },
  origin: (href) => usm.serializeURLOrigin(usm.basicURLParse(href)) as string,
};
