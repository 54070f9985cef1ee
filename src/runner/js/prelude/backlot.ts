// SPDX-License-Identifier: Apache-2.0
// The module `backlot:test`, beside what it has of Vitest.

import { backends, listenForBackends } from "./backends";
import { cache } from "./cache";
import { clock } from "./clock";
import { client, fastlyKeys, inspect, limits, products } from "./facts";
import { test } from "./host";
import { listen, origin, originErrors } from "./origins";
import type { Scope } from "./scope";
import { listenForExchanges, service, settleExchanges } from "./service";
import { openServicesIn, services } from "./services";
import { acl, config, device, dictionary, geo, kv, penalty, rate, secret } from "./stores";

export const exported = {
  acl, backends, cache, client, clock, config, device, dictionary, fastlyKeys, geo, inspect, kv, limits, origin, penalty, products,
  rate, secret, service, services,
};

export function begin(folder: string): void {
  openServicesIn(folder);
  listen();
  listenForExchanges();
  listenForBackends();
}

/** What only shows when a test is over. */
export async function endOfTest(scope: Scope): Promise<Error[]> {
  return [...(await settleExchanges(scope)), ...originErrors(scope)];
}

/** All that happened in a frame, an event a line, the same every time. */
export function traceOfTest(scope: Scope): string {
  return scope.exchanges
    .flatMap((exchange) => [exchange.name, ...test.exchange.trace(exchange.handle).map(steady)])
    .join("\n");
}

/** An event without what real time has a part in. */
function steady(event: object): string {
  return JSON.stringify({ ...event, vcpu_us: undefined });
}
