// SPDX-License-Identifier: Apache-2.0
// backends: where the service's requests go. Those of the manifest can be looked at and changed; those that the service
// registers itself are told of, and may be changed or refused.

import { about, within } from "./about";
import { milliseconds } from "./duration";
import { test } from "./host";
import { scope, type Scope, scopes } from "./scope";

/** Times are in ms; what was not given is not there. */
export interface Backend {
  readonly name: string;
  readonly url: string;
  readonly dynamic: boolean;
  readonly [setting: string]: unknown;
}

export type BackendSettings = Record<string, unknown>;

export interface Registered extends Backend {
  readonly refused: boolean;
}

const TIMES = ["connectTimeout", "firstByteTimeout", "betweenBytesTimeout", "keepaliveTime", "tcpKeepaliveTime", "tcpKeepaliveInterval"];
const CHANGEABLE = [
  "url", "hostOverride", "health", ...TIMES, "pooled", "grpc", "preferIPv4", "tcpKeepalive", "tcpKeepaliveProbes",
  "useSNI", "sni", "certificateHost", "caCertificate", "clientCertificate", "clientKey", "ciphers", "tlsMin", "tlsMax",
];
const REFUSALS = ["disallowed", "name-in-use", "invalid", "too-many"];

function checked(settings: BackendSettings): BackendSettings {
  if (settings === null || typeof settings !== "object") throw new TypeError('what a backend is to be is an object, as { url: "https://host" }');
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => {
      if (!CHANGEABLE.includes(name)) throw new TypeError(`${JSON.stringify(name)} of a backend cannot be set; ${CHANGEABLE.join(", ")} can`);
      return [name, value !== undefined && TIMES.includes(name) ? milliseconds(value as number | string) : value];
    }),
  );
}

/** A backend that the service is about to register, for whoever may have a say in it. */
class Registration {
  refused = false;
  why: string | null = null;
  changes: BackendSettings | null = null;
  constructor(backend: Backend) {
    Object.assign(this, backend);
  }
  /** What the service is told: that it may have no dynamic backends, or something else. */
  refuse(why = "disallowed"): void {
    if (!REFUSALS.includes(why)) throw new TypeError(`a backend is not refused for ${JSON.stringify(why)}; ${REFUSALS.join(", ")} are reasons`);
    this.refused = true;
    this.why = why;
  }
  /** It gets another one under that name. */
  change(settings: BackendSettings): void {
    this.changes = { ...this.changes, ...checked(settings) };
  }
}

type Listener = (backend: Backend & Registration) => void | Promise<void>;

/** What belongs to a service in a frame. */
interface Watch {
  listeners: Listener[];
  registered: Registered[];
}

const watches = new WeakMap<Scope, Map<number, Watch>>();

/** Of the service that is meant. */
function watch(of: Scope): Watch {
  const all = watches.get(of) ?? new Map<number, Watch>();
  const found = all.get(about()) ?? { listeners: [], registered: [] };
  watches.set(of, all.set(about(), found));
  return found;
}

export const backends = {
  list(): Backend[] {
    return test.backends.list();
  },
  names(): string[] {
    return test.backends.list().map((backend) => backend.name);
  },
  /** One of the manifest, of a test, or what the service registered last under that name. */
  get(name: string): Backend | null {
    const there = test.backends.get(name);
    if (there) return there;
    for (const s of scopes()) {
      const last = watch(s).registered.findLast((backend) => backend.name === name && !backend.refused);
      if (last) return last;
    }
    return null;
  },
  /** Changes a backend; makes one where there is none of that name, which takes its `url`. */
  set(name: string, settings: BackendSettings): void {
    test.backends.set(name, checked(settings));
  },
  /** Was it there? */
  delete(name: string): boolean {
    return test.backends.remove(name);
  },
  /** Is called with every backend that the service is about to register, in this frame and those inside of it. */
  onRegister(listener: Listener): void {
    if (typeof listener !== "function") throw new TypeError("backends.onRegister() takes a function");
    watch(scope()).listeners.push(listener);
  },
  /** What the service wanted to register in this frame, in the order in which it did. */
  get registered(): Registered[] {
    return [...watch(scope()).registered];
  },
};

/** Asks the listeners, those of the test first; one that refuses is the last. */
async function decide(backend: Backend, listeners: Listener[]): Promise<Registration> {
  const registration = new Registration(backend);
  for (const listener of listeners) {
    await listener(registration as Backend & Registration);
    if (registration.refused) break;
  }
  return registration;
}

export function listenForBackends(): void {
  test.backends.listen((handle, backend, service) => {
    const here = within(service, () => watch(scope()));
    const listeners = within(service, () => [...scopes()].flatMap((s) => watch(s).listeners));
    const at = here.registered.push({ ...backend, refused: false }) - 1;
    const settle = (refusal: string | null, changes: BackendSettings | null): void => {
      const now = test.backends.settle(handle, refusal, changes);
      here.registered[at] = { ...(now ?? backend), refused: refusal !== null };
    };
    // Without anybody to ask there is nothing to wait for.
    if (listeners.length === 0) return settle(null, null);
    decide(backend, listeners)
      .then((registration) => settle(registration.why, registration.refused ? null : registration.changes))
      .catch((error: unknown) => {
        settle("disallowed", null);
        host.console.uncaught(error);
      });
  });
}
