// Runs the public suite for HTTP caches (http-cache-tests, unpacked in a folder) against `backlot serve` with a guest that
// passes every request to the suite's own origin through the HTTP cache.
//
//   node run.mjs SUITE_DIR BACKLOT GUEST WORK_DIR KNOWN
//
// KNOWN: a line for each test that does not pass, with the reason behind its name. What fails and stands not there, and
// what stands there and passes, is a failure. The last line is "N passed, N failed".

import { spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [suite, backlot, guest, work, knownFile] = process.argv.slice(2);
const load = (file) => import(pathToFileURL(path.join(path.resolve(suite), file)).href);

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

async function answers(port) {
  for (let tries = 0; tries < 600; tries++) {
    const open = await new Promise((resolve) => {
      const socket = net.connect(port, "127.0.0.1", () => socket.end(() => resolve(true)));
      socket.on("error", () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nobody listens on port ${port}`);
}

function readKnown() {
  const lines = fs.readFileSync(knownFile, "utf8").split("\n");
  return new Map(lines.filter((line) => line && !line.startsWith("#")).map((line) => line.split(/\s+(.*)/, 2)));
}

const [originPort, port] = [await freePort(), await freePort()];
fs.mkdirSync(work, { recursive: true });
const manifest = path.join(work, "fastly.toml");
fs.writeFileSync(
  manifest,
  `manifest_version = 3\nname = "cache-tests"\nlanguage = "rust"\n` +
    `[local_server.backends.origin]\nurl = "http://127.0.0.1:${originPort}"\n`,
);
const origin = spawn(process.execPath, ["server/server.mjs"], {
  cwd: suite,
  stdio: "ignore",
  env: {
    ...process.env,
    npm_config_protocol: "http",
    npm_config_port: String(originPort),
    npm_config_pidfile: path.join(work, "origin.pid"),
  },
});
await answers(originPort);
const edge = spawn(backlot, ["serve", "-C", manifest, "--addr", `127.0.0.1:${port}`, guest], { stdio: "ignore" });
const stop = () => [origin, edge].forEach((child) => child.kill());
process.on("exit", stop);
await answers(port);

const tests = (await load("tests/index.mjs")).default;
tests.push((await load("tests/surrogate-control.mjs")).default);
const { runTests, getResults } = await load("client/runner.mjs");
await runTests(tests, fetch, false, `http://127.0.0.1:${port}`);
stop();

// "required": must hold of every cache; "optimal": of a good one; "check": a question, whose answer is neither.
const results = getResults();
const known = readKnown();
const counts = { required: [0, 0], optimal: [0, 0], check: [0, 0] };
const surprises = [];
for (const { id, kind = "required" } of tests.flatMap((set) => set.tests)) {
  if (!(id in results)) continue;
  const passed = results[id] === true;
  counts[kind][passed ? 0 : 1]++;
  if (kind === "check") continue;
  if (!passed && !known.has(id)) surprises.push(`${id} (${kind}) does not pass: ${results[id]}`);
  if (passed && known.has(id)) surprises.push(`${id} (${kind}) passes, and stands in ${knownFile}`);
}
console.log("| kind | holds | does not |\n|---|---:|---:|");
for (const [kind, [yes, no]] of Object.entries(counts)) console.log(`| ${kind} | ${yes} | ${no} |`);
for (const surprise of surprises) console.log(`FAILED ${surprise}`);
const all = counts.required[0] + counts.required[1] + counts.optimal[0] + counts.optimal[1];
console.log(`${all - surprises.length} passed, ${surprises.length} failed`);
process.exit(surprises.length ? 1 : 0);
