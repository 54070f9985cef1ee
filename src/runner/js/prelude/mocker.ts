// SPDX-License-Identifier: Apache-2.0
// vi.mock() and its kin: what Vitest's `vi` asks of a module mocker, over our loader.

import { mockObject } from "@vitest/mocker";
import { createMockInstance } from "@vitest/spy";
import { asNamespace, keyOf, type Loader, type Mock, Module } from "../../../guest/js/prelude/modules";

type Factory = () => unknown;
type How = Factory | { spy?: boolean } | undefined;

const MOCK_ENDS = [".ts", ".js", ".mts", ".mjs", ".cts", ".cjs", ".tsx", ".jsx", "/index.ts", "/index.js"];
const primitives = { Object, Error, Function, RegExp, Symbol, Array, Map };

class ModuleMock implements Mock {
  private made: Promise<void> | undefined;
  private value: { exports: unknown } | undefined;
  constructor(private readonly make: () => Promise<unknown>) {}
  load(): Promise<void> {
    this.made ??= this.make().then((exports) => {
      this.value = { exports };
    });
    return this.made;
  }
  exports(): unknown {
    if (!this.value) throw new Error("a mocked module is used before what stands in for it was made");
    return this.value.exports;
  }
}

export class Mocker {
  constructor(private readonly loader: Loader) {}

  private target(name: string, importer: string): Module | string {
    const from = this.loader.modules.get(importer);
    const known = from?.target(name);
    if (known !== undefined) return known;
    try {
      return this.loader.find(name, importer);
    } catch {
      return name; // of something that is not installed, which only its mock makes up
    }
  }

  queueMock(name: string, importer: string, how: How): void {
    const target = this.target(name, importer);
    this.loader.mocks.set(keyOf(target), new ModuleMock(() => this.make(name, target, importer, how)));
  }

  queueUnmock(name: string, importer: string): void {
    this.loader.mocks.delete(keyOf(this.target(name, importer)));
  }

  private async make(name: string, target: Module | string, importer: string, how: How): Promise<unknown> {
    if (typeof how !== "function") return this.automock(name, target, importer, how?.spy ? "autospy" : "automock");
    const made = await how();
    if (made === null || (typeof made !== "object" && typeof made !== "function"))
      throw new TypeError(`vi.mock("${name}", factory): the factory must return an object of what the module exports`);
    return guard(made as Record<string, unknown>, name);
  }

  /** The file in __mocks__ that stands in: beside a file; for packages and what is built in beside node_modules, or in the project. */
  private besideOf(name: string, target: Module | string, importer: string): string | undefined {
    const path = target instanceof Module ? target.path : undefined;
    const packages = path?.indexOf("/node_modules/") ?? -1;
    const exists = (at: string): boolean => host.files.look(at, true)?.[0] === "file";
    if (path && packages < 0) return [path.replace(/([^/]+)$/, "__mocks__/$1")].find(exists);
    const roots = [...(path ? [path.slice(0, packages)] : []), ...foldersAbove(importer), host.node.folder];
    const bare = name.replace(/^node:/, "");
    return roots.flatMap((root) => MOCK_ENDS.map((end) => `${root}/__mocks__/${bare}${end}`)).find(exists);
  }

  private async automock(name: string, target: Module | string, importer: string, type: "automock" | "autospy"): Promise<unknown> {
    const beside = type === "automock" ? this.besideOf(name, target, importer) : undefined;
    if (beside) return this.loader.import(beside);
    return this.mockObject(await this.loader.importActual(target, importer), undefined, type);
  }

  mockObject(object: unknown, mockExports?: unknown, type: "automock" | "autospy" = "automock"): unknown {
    return mockObject({ globalConstructors: primitives, createMockInstance, type } as never, object as never,
      mockExports as never);
  }

  importActual(name: string, importer: string): Promise<unknown> {
    return this.loader.importActual(this.target(name, importer), importer);
  }

  importMock(name: string, importer: string): Promise<unknown> {
    const target = this.target(name, importer);
    const mock = this.loader.mocks.get(keyOf(target));
    if (mock) return mock.load().then(() => asNamespace(mock.exports()));
    return this.automock(name, target, importer, "automock");
  }

  getMockContext(): { callstack: null } {
    return { callstack: null };
  }

  async resolveMocks(): Promise<void> {}

  reset(): void {
    this.loader.mocks.clear();
  }
}

/** Those that packages are installed in. */
function foldersAbove(path: string): string[] {
  const found: string[] = [];
  for (let at = path; at; ) {
    at = at.slice(0, at.lastIndexOf("/"));
    if (host.files.look(`${at}/node_modules`, true)?.[0] === "folder") found.push(at);
  }
  return found;
}

type SpyOn = (object: object, key: PropertyKey, ...access: unknown[]) => unknown;

/** Says why vi.spyOn() cannot watch what `import * as` gives of a module that is not an ES module. */
export function explainSpies(vi: { spyOn: unknown }): void {
  const spyOn = vi.spyOn as SpyOn;
  vi.spyOn = (object: object, key: PropertyKey, ...access: unknown[]): unknown => {
    try {
      return spyOn(object, key, ...access);
    } catch (error) {
      const own = error instanceof TypeError ? Object.getOwnPropertyDescriptor(object, key) : undefined;
      if (!own?.get || own.configurable) throw error;
      throw new TypeError(`Cannot spy on export "${String(key)}": what "import * as" gives of a module of Node.js or of CommonJS is not ` +
        'configurable, as in Vitest. Import its default (import fs from "node:fs") and spy on that, or use vi.mock()', { cause: error });
    }
  };
}

/** Says so when something is asked of a mock that it does not have. */
function guard(made: Record<string, unknown>, name: string): unknown {
  if (!("__esModule" in made)) Object.defineProperty(made, "__esModule", { value: true });
  return new Proxy(made, {
    get(target, key) {
      if (key in target || typeof key === "symbol" || key === "then") return Reflect.get(target, key);
      throw new Error(`No "${key}" export is defined on the "${name}" mock. Did you forget to return it from vi.mock()?`);
    },
  });
}
