// SPDX-License-Identifier: Apache-2.0
// Runs a file of tests.

import "./patient_begin";
import * as vitest from "vitest";
import { startTests } from "@vitest/runner";
import "./patient_end";
import { ENDS, Loader } from "../../../guest/js/prelude/modules";
import { installNodeGlobals, makeEnvironment } from "../../../guest/js/prelude/node/builtins";
import * as backlot from "./backlot";
import { shownAs } from "./failures";
import { test as native } from "./host";
import { closeInside } from "./inside";
import { explainSpies, Mocker } from "./mocker";
import { installPlatform } from "./platform";
import { BacklotRunner } from "./runner";
import { makeConfig, provideState } from "./state";

function exportsOf(module: object): Record<string, unknown> {
  const exports = { ...module };
  Object.defineProperty(exports, "__esModule", { value: true });
  return exports;
}

const builtinModules: Record<string, () => Record<string, unknown>> = {
  vitest: () => exportsOf(vitest),
  "backlot:test": () => exportsOf({ ...vitest, ...backlot.exported }),
};

const ENVIRONMENT = { NODE_ENV: "test", MODE: "test", TEST: "true", VITEST: "true", DEV: true, PROD: false, SSR: true, BASE_URL: "/" };

/** What Node's modules are to know: where the project is, and who wants to know what they read. */
function provideNode({ folder, path }: Settings, env: Record<string, unknown>): void {
  const roots = [folder, path.slice(0, path.lastIndexOf("/"))];
  host.node = { modules: {}, folder, roots, env, read: (file) => native.results.depends(file) };
  installNodeGlobals();
}

/** A file that is not there may come, with any end of its name, and with the one that TypeScript has for another. */
function dependsOnSought(path: string): void {
  for (const end of ENDS) native.results.depends(path + end);
  native.results.depends(path.replace(/\.([cm]?)jsx?$/, ".$1ts"));
}

async function runFile(settings: Settings): Promise<void> {
  const env = makeEnvironment({ ...ENVIRONMENT });
  provideNode(settings, env);
  const loader = new Loader({
    esbuild: settings.esbuild,
    cache: settings.cache,
    spare: settings.spare,
    warn: (text) => native.results.warn(text),
    folder: settings.folder,
    shown: (path) => shownAs(path, settings),
    builtins: Object.keys(builtinModules),
    conditions: ["node", "import"],
    builtinModules,
    env,
    loaded: (path) => native.results.depends(path),
    sought: dependsOnSought,
  });
  host.node.require = (importer) => loader.requireFrom(importer);
  const config = makeConfig(settings, loader.original);
  provideState(settings, config, loader);
  (globalThis as unknown as Record<string, unknown>)["__vitest_mocker__"] = new Mocker(loader);
  installPlatform();
  explainSpies(vitest.vi);
  backlot.begin(settings.folder);
  if (settings.closed) closeInside(settings.closed);
  const runner = new BacklotRunner(config, loader, settings);
  await startTests([settings.path], runner as never);
}

native.run = (settings) => {
  runFile(settings)
    .catch((error: unknown) => {
      const e = error as Error;
      native.results.broken(`${settings.shown}: ${e?.message ?? e}\n${e?.stack ?? ""}\n`);
    })
    .finally(() => native.results.over());
};
