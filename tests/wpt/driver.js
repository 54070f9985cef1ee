// SPDX-License-Identifier: Apache-2.0
// Runs one file of Web Platform Tests in a realm of Backlot's: run.py writes a test file for each, which calls run().
// Every subtest is a test.

import fs from "node:fs";
import { describe, it } from "vitest";

const STATUS = ["passed", "failed", "timed out", "never ran", "does not apply"];
const NOT_APPLICABLE = 4;

/** What waits so long, in virtual time, waits for ever. */
const PATIENCE_MS = 120_000;

/** @param file its path in the suite, with its variant behind it
 *  @param suite the folder that the suite is in */
export function run(file, suite) {
  describe(file, async () => {
    const { tests, harness } = await complete(file, suite);
    const missing = tests.length === 0 && "the file has no test";
    if (missing || harness.status !== 0) tests.push({ name: "(harness)", status: 1, message: missing || harness.message });
    for (const { name, status, message, stack } of tests) {
      if (status === NOT_APPLICABLE) continue;
      it(name || "(no name)", () => {
        if (status !== 0) throw Object.assign(new Error(`${STATUS[status]}: ${message}`), { stack: stack ?? "" });
      });
    }
  });
}

/** The suite's files are what fetch() finds: this stands for the server that gives them elsewhere. */
function provideServer(suite, folder) {
  const native = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const url = new URL(typeof input === "string" ? input : input.url, `https://wpt.test/${folder}/`);
    if (url.protocol !== "https:" || url.host !== "wpt.test") return native(input, init);
    if (url.pathname.endsWith("/echo-content.py")) return new Response(await new Request(url, init).arrayBuffer());
    return new Response(fs.readFileSync(suite + url.pathname));
  };
}

function provideGlobals(path, variant) {
  globalThis.GLOBAL = { isWindow: () => false, isWorker: () => true, isShadowRealm: () => false };
  const { href, origin, protocol, host, hostname, port, pathname, search, hash } = new URL(`https://wpt.test/${path}${variant}`);
  globalThis.location = { href, origin, protocol, host, hostname, port, pathname, search, hash };
}

/** The interfaces are those that a worker has. */
function provideWorker() {
  globalThis.WorkerGlobalScope = class WorkerGlobalScope {
    static [Symbol.hasInstance](value) {
      return value === globalThis;
    }
  };
  globalThis.DedicatedWorkerGlobalScope = class DedicatedWorkerGlobalScope extends WorkerGlobalScope {};
}

/** Which of the suite's files a script is; the parser of interfaces has another place in it than the server gives it. */
function fileOf(name, suite, folder) {
  if (name === "/resources/WebIDLParser.js") return `${suite}/resources/webidl2/lib/webidl2.js`;
  return name.startsWith("/") ? suite + name : `${suite}/${folder}/${name}`;
}

/** Runs the file behind the harness and what its META lines name, as one script: they share what they declare. */
function complete(file, suite) {
  const [, path, variant] = /^([^?]*)(.*)$/.exec(file);
  const folder = path.slice(0, path.lastIndexOf("/"));
  const read = (name) => fs.readFileSync(fileOf(name, suite, folder), "utf8");
  const text = read(`/${path}`);
  const scripts = [...text.matchAll(/^\/\/ META: script=(\S+)/gm)].map(([, name]) => read(name));
  provideGlobals(path, variant);
  provideServer(suite, folder);
  const evaluate = globalThis.eval;
  evaluate(`${read("/resources/testharness.js")}\n//# sourceURL=testharness.js`);
  if (path.includes("idlharness")) provideWorker();
  return new Promise((resolve) => {
    add_completion_callback((tests, harness) => resolve({ tests, harness }));
    setTimeout(timeout, PATIENCE_MS);
    evaluate(`${[...scripts, text].join("\n;\n")}\n//# sourceURL=${path}`);
  });
}
