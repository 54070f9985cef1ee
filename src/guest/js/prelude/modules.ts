// SPDX-License-Identifier: Apache-2.0
// Loads compiled programs into a realm: what modules import, in the order and with the waiting that ECMAScript's modules
// have, the modules that are built in, and those that tests mock.

import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import type { CompiledModule, CompileOptions } from "./compile";
import { builtinName, fileUrl, insteadOf, isNodeModule, nodeModule } from "./node/builtins";

type Exports = Record<string, unknown>;

interface Program {
  handle: unknown;
  entry: number;
  modules: CompiledModule[];
}

/** What Vite has behind the name of a file. */
const QUERY = /\?(?:raw|url|inline|worker|sharedworker|init)$/;

export class Module {
  exports: Exports = {};
  /** It ran to its end. */
  evaluated = false;
  promise: Promise<unknown> | undefined;
  failure: { error: unknown } | undefined;
  readonly importers = new Set<string>();
  private begun = false;

  constructor(
    readonly loader: Loader,
    readonly program: Program,
    readonly record: CompiledModule,
  ) {}

  get path(): string {
    return this.record.path;
  }

  /** Vitest's vi.resetModules() takes away what it knows of; all else must go, too. */
  private noticeReset(): void {
    if (!this.begun || this.evaluated || this.exports !== undefined) return;
    this.exports = {};
    this.begun = false;
    this.promise = this.failure = undefined;
  }

  target(specifier: string): Module | string | undefined {
    const target = this.record.imports[specifier];
    return typeof target === "number" ? this.loader.module(this.program, target) : target && this.nameOf(target);
  }

  statics(): (Module | string)[] {
    return this.record.statics.map((t) => (typeof t === "number" ? this.loader.module(this.program, t) : this.nameOf(t)));
  }

  private nameOf(target: string): string {
    return QUERY.test(target) ? this.loader.queried(target, this.path) : builtinName(target);
  }

  /** Must it, or what it imports, be waited for? */
  waits(seen = new Set<Module>()): boolean {
    if (this.evaluated || seen.has(this)) return false;
    seen.add(this);
    return this.record.async || this.statics().some((m) => m instanceof Module && m.waits(seen));
  }

  /** As `require` does: now, and only once. */
  evaluateNow(): Exports {
    this.noticeReset();
    if (this.failure) throw this.failure.error;
    if (!this.begun) this.run();
    return this.exports;
  }

  /** As an import does; `above` are those that wait for it. */
  async evaluate(above: ReadonlySet<Module> = new Set()): Promise<void> {
    this.noticeReset();
    if (this.failure) throw this.failure.error;
    if (this.evaluated || above.has(this)) return;
    this.promise ??= this.evaluateOnce(new Set(above).add(this));
    await this.promise;
  }

  private async evaluateOnce(above: ReadonlySet<Module>): Promise<void> {
    if (!this.record.async) await this.ready(above);
    if (!this.begun) await this.run(above);
  }

  private async ready(above: ReadonlySet<Module>): Promise<void> {
    for (const target of this.statics()) {
      const mock = this.loader.mocks.get(keyOf(target));
      if (mock) await mock.load();
      else if (target instanceof Module && (this.loader.mocks.size > 0 || target.waits())) await target.evaluate(above);
      else if (target instanceof Module) target.evaluateNow();
    }
  }

  private run(above: ReadonlySet<Module> = new Set([this])): void | Promise<void> {
    this.begun = true;
    const module = { exports: this.exports, id: this.path, filename: this.path };
    const slash = this.path.lastIndexOf("/");
    const meta = {
      url: fileUrl(this.path),
      filename: this.path,
      dirname: this.path.slice(0, slash),
      env: this.loader.env,
      glob: () => {
        throw new TypeError("there is no import.meta.glob() here: import the files by their names, or list them with node:fs and import() them");
      },
      resolve: (specifier: string) => fileUrl(this.loader.locate(specifier, this.path)),
    };
    const require = (specifier: string): unknown => {
      this.exports = module.exports;
      return this.require(specifier);
    };
    require.resolve = (specifier: string): string => (this.loader.requireFrom(this.path) as unknown as typeof require).resolve(specifier);
    const done = (): void => {
      this.exports = module.exports;
      this.evaluated = true;
    };
    const failed = (error: unknown): never => {
      this.explainCycle(error);
      this.failure = { error };
      throw error;
    };
    try {
      if (this.path.endsWith(".json") && this.record.code[1] === 0) return done();
      const [from, length] = this.record.code;
      const body = host.programs.evaluate(this.program.handle, from, length, this.path, 1) as (...args: unknown[]) => unknown;
      const value = body.call(
        module.exports,
        module.exports,
        require,
        module,
        (specifier: unknown) => this.import(specifier),
        meta,
        () => this.ready(above),
        this.path,
        meta.dirname,
      );
      // What others see of it in a cycle is what it has given out so far.
      this.exports = module.exports;
      return this.record.async ? (value as Promise<void>).then(done, failed) : done();
    } catch (error) {
      failed(error);
    }
  }

  /** What it needs too early is of a module that waits for it, and has not run: says how they import each other. */
  private explainCycle(error: unknown): void {
    if (!(error instanceof ReferenceError) || !error.message.startsWith("Cannot access ") || error.message.includes("\n")) return;
    const circle = this.circle()?.map((m) => this.loader.shown(m.path));
    if (circle) error.message += `\n${circle[0]} runs before ${circle[1]}, for they import each other: ${circle.join(" → ")}`;
  }

  /** The shortest way of imports from here to here, over modules that have not run. */
  private circle(): Module[] | undefined {
    const ways: Module[][] = [[this]];
    const seen = new Set<Module>();
    for (const way of ways) {
      for (const next of way.at(-1)!.statics()) {
        if (next === this) return [...way, this];
        if (!(next instanceof Module) || next.evaluated || seen.has(next)) continue;
        seen.add(next);
        ways.push([...way, next]);
      }
    }
    return undefined;
  }

  private require(specifier: string): unknown {
    const target = this.target(specifier);
    if (target === undefined) return this.loader.requireFrom(this.path)(specifier); // a path that was made while it runs
    const mock = this.loader.mocks.get(keyOf(target));
    if (mock) return mock.exports();
    if (target instanceof Module) return target.evaluateNow();
    return this.loader.builtin(target, this.path);
  }

  private async import(specifier: unknown): Promise<unknown> {
    const name = String(specifier);
    const target = this.target(name) ?? this.loader.find(name, this.path);
    return this.loader.importTarget(target, this.path);
  }
}

export function keyOf(target: Module | string): string {
  return target instanceof Module ? target.path : target;
}

export function asNamespace(exports: unknown): Exports {
  const object = exports as Exports;
  if (object && (typeof object === "object" || typeof object === "function")) {
    if (object["__esModule"] || object["default"] !== undefined) return object;
    return { ...object, default: object };
  }
  return { default: object };
}

export interface Mock {
  /** Makes what its exports are, once. */
  load(): Promise<void>;
  exports(): unknown;
}

export interface LoaderOptions extends CompileOptions {
  /** What is built in, by name; called once each. */
  builtinModules: Record<string, () => Exports>;
  env: Record<string, unknown>;
  /** Is told of every module that is loaded. */
  loaded?: (path: string) => void;
  /** Where programs are kept when the cache cannot be written. */
  spare?: string;
  warn?: (text: string) => void;
}

/** Room for a file or two of tests. */
const ROOM_BYTES = 1 << 20;

/** Why a folder takes no more files; undefined: it does. */
function cannotHold(folder: string): string | undefined {
  const probe = `${folder}/room.js.${host.files.process()}`; // as what is swept away
  try {
    host.files.write(probe, " ".repeat(ROOM_BYTES));
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(probe, folder);
  } finally {
    host.files.remove(probe);
  }
}

/** A program that was kept; undefined: it is not there, is out of date, or somebody has damaged it. */
function openProgram(kept: string): Program | undefined {
  const found = host.programs.open(kept);
  if (!found) return undefined;
  try {
    const program: Program = { handle: found[0], ...(JSON.parse(found[1]) as Omit<Program, "handle">) };
    const whole = program.modules.every(({ path, code, map, imports, statics }) =>
      typeof path === "string" && [...code, ...map].every(Number.isInteger) && typeof imports === "object" &&
      [...Object.values(imports), ...statics].every((to) => typeof to === "string" || to in program.modules));
    return whole && program.entry in program.modules ? program : undefined;
  } catch {
    return undefined;
  }
}

/** What may be left out of a path that code asks for. */
export const ENDS = ["", ".ts", ".tsx", ".mts", ".js", ".mjs", ".cjs", ".json", "/index.ts", "/index.js"];

export class Loader {
  readonly modules = new Map<string, Module>();
  readonly mocks = new Map<string, Mock>();
  readonly env: Record<string, unknown>;
  private readonly builtins = new Map<string, Exports>();
  private readonly programs = new Map<string, Program>();

  constructor(private readonly options: LoaderOptions) {
    this.env = options.env;
  }

  /** A file of the user's, as messages name it. */
  shown(path: string): string {
    return this.options.shown(path);
  }

  /** A file with a query behind it, by its path: what it is to importers does not depend on them. */
  queried(specifier: string, importer: string): string {
    const at = specifier.lastIndexOf("?");
    return this.locate(specifier.slice(0, at), importer) + specifier.slice(at);
  }

  private raw(name: string, importer: string): Exports {
    const at = name.lastIndexOf("?"), path = name.slice(0, at);
    if (name.slice(at) !== "?raw")
      throw new Error(`${this.shown(importer)} imports '${this.shown(path)}${name.slice(at)}', and of such there is only "?raw" here, a file's text`);
    const text = host.files.read(path);
    if (text === null) throw new Error(`Cannot find file '${this.shown(path)}', which ${this.shown(importer)} imports`);
    this.options.loaded?.(path);
    return Object.defineProperty({ default: text }, "__esModule", { value: true });
  }

  builtin(name: string, importer: string): Exports {
    if (QUERY.test(name)) return this.raw(name, importer);
    let exports = this.builtins.get(name);
    if (!exports) {
      exports = this.options.builtinModules[name]?.() ?? nodeModule(name);
      if (!exports) throw new Error(`There is no module '${name}' here, which ${this.options.shown(importer)} imports${insteadOf(name)}`);
      this.builtins.set(name, exports);
    }
    return exports;
  }

  /** One module a path in this realm, whichever program it came with. */
  module(program: Program, index: number): Module {
    const record = program.modules[index]!;
    let module = this.modules.get(record.path);
    if (!module) {
      this.modules.set(record.path, (module = new Module(this, program, record)));
      this.options.loaded?.(record.path);
    }
    return module;
  }

  /** The program of a file, compiled when it has changed. */
  private open(path: string): Program {
    let program = this.programs.get(path);
    if (!program) {
      const name = `${hash(`${path}\n${this.options.conditions}\n${this.options.builtins}`)}.js`;
      program = openProgram(`${this.options.cache}/${name}`) ?? this.compile(path, name);
      this.programs.set(path, program);
    }
    return program;
  }

  /** Where the cache cannot be written, programs are kept where temporary files are. */
  private compile(path: string, name: string): Program {
    const { cache, spare } = this.options;
    host.load("compile");
    try {
      return this.compileIn(cache, path, name);
    } catch (error) {
      const why = spare && spare !== cache ? cannotHold(cache) : undefined;
      if (!why) throw error;
      this.options.warn?.(`compiled JavaScript is kept in ${spare}: ${why}`);
      return openProgram(`${spare}/${name}`) ?? this.compileIn(spare!, path, name);
    }
  }

  private compileIn(cache: string, path: string, name: string): Program {
    const kept = `${cache}/${name}`;
    host.compile!(path, kept, { ...this.options, cache });
    const program = openProgram(kept);
    if (!program) throw new Error(`${path} changed while it was compiled, or ${kept} cannot be written`);
    return program;
  }

  /** Where a specifier leads that no compiler saw. */
  locate(specifier: string, importer: string): string {
    if (specifier.startsWith("file://")) return decodeURIComponent(specifier.slice("file://".length));
    if (specifier.startsWith("/")) return specifier;
    const inPackages = /^\.\.?(?:\/|$)/.test(specifier) ? undefined : packagePath(specifier, importer);
    if (inPackages) return inPackages;
    const parts = importer.split("/").slice(0, -1);
    for (const part of specifier.split("/")) {
      if (part === "..") parts.pop();
      else if (part !== ".") parts.push(part);
    }
    return parts.join("/");
  }

  find(specifier: string, importer: string): Module | string {
    if (QUERY.test(specifier)) return this.queried(specifier, importer);
    if (this.options.builtinModules[specifier] || specifier.startsWith("node:") || isNodeModule(specifier)) return builtinName(specifier);
    const path = this.locate(specifier, importer);
    for (const end of ENDS) {
      const known = this.modules.get(path + end);
      if (known) return known;
    }
    const file = fileAt(path);
    if (file === undefined) {
      this.options.sought?.(path);
      throw Object.assign(new Error(`Cannot find module '${specifier}', which ${this.shown(importer)} imports`), { code: "MODULE_NOT_FOUND" });
    }
    const known = this.modules.get(file);
    if (known) return known;
    const program = this.open(file);
    return this.module(program, program.entry);
  }

  async importTarget(target: Module | string, importer: string): Promise<unknown> {
    const mock = this.mocks.get(keyOf(target));
    if (mock) {
      await mock.load();
      return asNamespace(mock.exports());
    }
    return this.importActual(target, importer);
  }

  async importActual(target: Module | string, importer: string): Promise<Exports> {
    if (!(target instanceof Module)) return this.builtin(target, importer);
    if (this.mocks.size > 0 || target.waits()) await target.evaluate();
    else target.evaluateNow();
    return asNamespace(target.exports);
  }

  /** What `require` is in a file, for module.createRequire(): modules are compiled when they are asked for. */
  requireFrom(importer: string): (specifier: string) => unknown {
    const find = (specifier: string): Module | string => {
      const target = this.find(specifier, importer);
      if (target instanceof Module && target.waits()) throw new Error(`'${specifier}' awaits at its top: import() it`);
      return target;
    };
    const require = (specifier: string): unknown => {
      const target = find(specifier), mock = this.mocks.get(keyOf(target));
      return mock ? mock.exports() : target instanceof Module ? target.evaluateNow() : this.builtin(target, importer);
    };
    return Object.assign(require, { resolve: (specifier: string) => keyOf(find(specifier)) });
  }

  private readonly maps = new Map<Module, TraceMap | null>();

  /**
   * Where a place in a module's compiled code stands in its file; lines and columns count from 1. Undefined: nowhere, it is
   * code of the compiler's.
   */
  place(path: string, line: number, column: number): { line: number; column: number } | undefined {
    const module = this.modules.get(path);
    if (!module) return { line, column };
    let map = this.maps.get(module);
    if (map === undefined) {
      const [from, length] = module.record.map;
      map = length ? new TraceMap(host.programs.text(module.program.handle, from, length)) : null;
      this.maps.set(module, map);
    }
    // The function around the code is a line of its own.
    if (!map) return { line: Math.max(line - 1, 1), column };
    const found = line > 1 ? originalPositionFor(map, { line: line - 1, column: Math.max(column - 1, 0) }) : null;
    return found && found.line !== null ? { line: found.line, column: found.column + 1 } : undefined;
  }

  /** Some place of the file in any case. */
  original = (path: string, line: number, column: number): { line: number; column: number } =>
    this.place(path, line, column) ?? { line: Math.max(line - 1, 1), column };

  /** Imports a file by its absolute path. */
  async import(path: string): Promise<unknown> {
    const program = this.open(path);
    return this.importTarget(this.module(program, program.entry), path);
  }
}

/** The file that a path without its end leads to, or a package's folder by its `main`. */
function fileAt(path: string): string | undefined {
  const isFile = (at: string): boolean => host.files.look(at, true)?.[0] === "file";
  const first = (at: string): string | undefined => ENDS.map((end) => at + end).find(isFile);
  let main: unknown;
  try {
    main = (JSON.parse(host.files.read(`${path}/package.json`) ?? "{}") as { main?: unknown }).main;
  } catch {
    // Then it has none.
  }
  return (typeof main === "string" ? first(`${path}/${main.replace(/^\.\//, "")}`) : undefined) ?? first(path);
}

/** Where a package is installed, for whoever asks while the program runs: in the nearest node_modules that has it. */
function packagePath(specifier: string, importer: string): string | undefined {
  for (let folder = importer; folder; ) {
    folder = folder.slice(0, folder.lastIndexOf("/"));
    const path = `${folder}/node_modules/${specifier}`;
    if (host.files.look(path, true)) return path;
  }
  return undefined;
}

/** FNV-1a in two halves: names files of the cache, nothing more. */
function hash(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x1234567;
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ text.charCodeAt(i), 0x01000197) + i;
  }
  return (a >>> 0).toString(16).padStart(8, "0") + (b >>> 0).toString(16).padStart(8, "0");
}
