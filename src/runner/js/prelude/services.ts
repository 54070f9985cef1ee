// SPDX-License-Identifier: Apache-2.0
// services: other local services in the same world, which a test asks itself, or lets its service ask (origin().service()).

import { name, within } from "./about";
import { backends } from "./backends";
import { cache, CacheEntry } from "./cache";
import { client, Facts, fastlyKeys, inspect, limits, products } from "./facts";
import { test } from "./host";
import { type Call, type Handler, origin, type Rule } from "./origins";
import { scope, type Scope } from "./scope";
import { fetchFrom, type ServiceInit, type ServiceResponse } from "./service";
import {
  AccessControlList, acl, config, device, dictionary, geo, kv, KVStore, penalty, PenaltyBox, rate, RateCounter, Records, secret, Store,
} from "./stores";

/** What a service was asked by another one, and what it answered. */
export interface ServedCall {
  readonly method: string;
  readonly url: string;
  readonly path: string;
  readonly request: Request;
  readonly response: ServiceResponse;
}

const VIEWS = [AccessControlList, CacheEntry, Facts, KVStore, PenaltyBox, RateCounter, Records, Store];

function view(thing: unknown, service: number): unknown {
  if (Array.isArray(thing)) return thing.map((one) => view(one, service));
  return VIEWS.some((kind) => thing instanceof kind) ? of(thing as object, service) : thing;
}

/** The same thing, of the world of that service. */
function of<T extends object>(thing: T, service: number): T {
  return new Proxy(thing, {
    apply: (target, self, args) => view(within(service, () => Reflect.apply(target as never, self, args) as unknown), service),
    get(target, name) {
      const value = within(service, () => Reflect.get(target, name) as unknown);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => view(within(service, () => Reflect.apply(value, target, args) as unknown), service);
    },
  });
}

export class OpenService {
  readonly #number: number;
  readonly #served = new WeakMap<Scope, ServedCall[]>();
  readonly acl: typeof acl;
  readonly backends: typeof backends;
  readonly cache: typeof cache;
  readonly client: typeof client;
  readonly config: typeof config;
  readonly device: typeof device;
  readonly dictionary: typeof dictionary;
  readonly fastlyKeys: typeof fastlyKeys;
  readonly geo: typeof geo;
  readonly inspect: typeof inspect;
  readonly kv: typeof kv;
  readonly limits: typeof limits;
  readonly penalty: typeof penalty;
  readonly products: typeof products;
  readonly rate: typeof rate;
  readonly secret: typeof secret;

  constructor(number: number, readonly path: string) {
    this.#number = number;
    this.acl = of(acl, number);
    this.backends = of(backends, number);
    this.cache = of(cache, number);
    this.client = of(client, number);
    this.config = of(config, number);
    this.device = of(device, number);
    this.dictionary = of(dictionary, number);
    this.fastlyKeys = of(fastlyKeys, number);
    this.geo = of(geo, number);
    this.inspect = of(inspect, number);
    this.kv = of(kv, number);
    this.limits = of(limits, number);
    this.penalty = of(penalty, number);
    this.products = of(products, number);
    this.rate = of(rate, number);
    this.secret = of(secret, number);
  }

  fetch(input: RequestInfo | URL, init?: ServiceInit): Promise<ServiceResponse> {
    return fetchFrom(this.#number, ` (${this.path})`, input, init);
  }

  /** What this service fetches from. */
  origin(target: string | RegExp): Rule {
    return within(this.#number, () => origin(target));
  }

  /** What other services have asked it in this frame. */
  get calls(): readonly ServedCall[] {
    return [...(this.#served.get(scope()) ?? [])];
  }

  /** Answers what another service asks, as an origin does. */
  readonly handle: Handler = async (request: Request, { path }: Call): Promise<Response> => {
    const here = scope();
    const served = this.#served.get(here) ?? [];
    this.#served.set(here, served);
    const asked = new Request(new URL(path, request.url).href, request);
    const response = await this.fetch(asked.clone());
    served.push({ method: asked.method, url: asked.url, path, request: asked, response });
    return response.clone();
  };
}

let folder = ".";

export function openServicesIn(projectFolder: string): void {
  folder = projectFolder;
}

const opened = new Map<number, OpenService>();

export const services = {
  /** By the path of its compiled code, or of its project's folder, from the folder of this project on. */
  open(path: string): OpenService {
    if (typeof path !== "string" || path === "") throw new TypeError("services.open() takes the path of a service, or of the folder of its project");
    const number = test.services.open(path.startsWith("/") ? path : `${folder}/${path}`);
    const service = opened.get(number) ?? new OpenService(number, path);
    opened.set(number, service);
    if (number > 0) name(number, service.path);
    return service;
  },
};

/** The numbers of all that are open, the file's own included. */
export function openServices(): number[] {
  return [...new Set([0, ...opened.keys()])];
}
