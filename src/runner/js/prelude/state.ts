// SPDX-License-Identifier: Apache-2.0
// What Vitest's packages expect to find of the worker that they run in.

import type { Loader } from "../../../guest/js/prelude/modules";
import { test } from "./host";

export interface SnapshotEnvironment {
  getVersion(): string;
  getHeader(): string;
  resolvePath(path: string): Promise<string>;
  resolveRawPath(testPath: string, rawPath: string): Promise<string>;
  prepareDirectory(): Promise<void>;
  saveSnapshotFile(path: string, text: string): Promise<void>;
  readSnapshotFile(path: string): Promise<string | null>;
  removeSnapshotFile(path: string): Promise<void>;
  processStackTrace?(stack: { file: string; line: number; column: number; method: string }): unknown;
}

function dirname(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** A file whose lines end with CRLF keeps them so: what is written into a test file is a part of it. */
function withLinesOf(path: string, text: string): string {
  return /^[^\n]*\r\n/.test(host.files.read(path) ?? "") ? text.replace(/\r?\n/g, "\r\n") : text;
}

function snapshots(place: Loader["original"]): SnapshotEnvironment {
  return {
    getVersion: () => "1",
    getHeader: () => "// Snapshot v1",
    resolvePath: async (path) => `${dirname(path)}/__snapshots__/${path.slice(path.lastIndexOf("/") + 1)}.snap`,
    resolveRawPath: async (testPath, rawPath) => (rawPath.startsWith("/") ? rawPath : `${dirname(testPath)}/${rawPath}`),
    prepareDirectory: async () => {},
    saveSnapshotFile: async (path, text) => host.files.write(path, withLinesOf(path, text)),
    readSnapshotFile: async (path) => host.files.read(path),
    removeSnapshotFile: async (path) => host.files.remove(path),
    processStackTrace: (stack) => ({ ...stack, ...place(stack.file, stack.line, stack.column) }),
  };
}

export function makeConfig(settings: Settings, place: Loader["original"]) {
  return {
    name: "",
    root: settings.folder,
    dir: settings.folder,
    globals: false,
    isolate: true,
    bail: 0,
    retry: 0,
    // Of virtual time, which costs nothing: longer than what services wait for. Real time is what --timeout limits.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10000,
    maxConcurrency: 5,
    passWithNoTests: true,
    allowOnly: true,
    includeTaskLocation: true,
    logHeapUsage: false,
    setupFiles: [],
    tags: [],
    strictTags: false,
    clearMocks: false,
    mockReset: false,
    restoreMocks: false,
    unstubEnvs: false,
    unstubGlobals: false,
    sequence: { shuffle: settings.shuffled, concurrent: false, seed: settings.seed, hooks: "stack", setupFiles: "list" },
    expect: { requireAssertions: false, poll: {} },
    fakeTimers: {
      loopLimit: 10000,
      shouldClearNativeTimers: true,
      toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "clearImmediate", "Date",
        "performance"],
    },
    snapshotOptions: {
      expand: false,
      snapshotFormat: { printBasicPrototype: false, escapeString: false },
      updateSnapshot: settings.snapshots as string,
      snapshotEnvironment: snapshots(place),
    },
    experimental: { viteModuleRunner: false, importDurations: { limit: 0 } },
    benchmark: undefined,
    diffOptions: undefined,
    chaiConfig: undefined,
  };
}

export type Config = ReturnType<typeof makeConfig>;

interface SavedSnapshots {
  added: number;
  updated: number;
  uncheckedKeys: string[];
}

function snapshotsSaved({ added, updated, uncheckedKeys }: SavedSnapshots, settings: Settings): void {
  // Where none may be written, obsolete ones are an error of their own: Vitest's runner has it.
  const removes = settings.snapshots === "all";
  const tells = settings.snapshots === "new";
  test.results.snapshots(added, updated, removes ? uncheckedKeys.length : 0, tells ? uncheckedKeys : []);
}

export function provideState(settings: Settings, config: Config, loader: Loader): void {
  Object.defineProperty(globalThis, "__vitest_worker__", {
    configurable: true,
    value: {
      ctx: { pool: "backlot", config },
      config,
      filepath: settings.path,
      current: undefined,
      environment: { name: "backlot" },
      evaluatedModules: {
        idToModuleMap: loader.modules,
        getModuleById: (id: string) => loader.modules.get(id),
      },
      resolvingModules: new Set(),
      moduleExecutionInfo: new Map(),
      providedContext: {},
      metaEnv: loader.env,
      durations: { environment: 0, prepare: 0 },
      onCleanup: () => {},
      rpc: { snapshotSaved: async (saved: SavedSnapshots) => snapshotsSaved(saved, settings) },
    },
  });
}
