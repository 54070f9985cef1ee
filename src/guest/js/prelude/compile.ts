// SPDX-License-Identifier: Apache-2.0
// Compiles a file and all that it imports into one program (see program.h). esbuild finds the modules (a bundle, of which
// only the list of inputs is looked at), then turns each into CommonJS, whose `require` and getters keep cycles and
// live bindings right. A module with top-level await cannot be CommonJS: its imports and exports are rewritten here.

import { parse as parseScript, tokenizer } from "acorn";
import { init, parse } from "es-module-lexer/js";

export interface CompiledModule {
  path: string;
  /** Where its code is in the program, and its source map (length 0: none). */
  code: [from: number, length: number];
  map: [from: number, length: number];
  /** Its body is an async function: it awaits, or what it mocks must be there before its imports are. */
  async: boolean;
  /** What its import specifiers stand for: an index into the program's modules, or the name of a built-in one. */
  imports: Record<string, number | string>;
  /** Those of them that must be evaluated before it, in order. */
  statics: (number | string)[];
}

interface Metafile {
  inputs: Record<string, {
    format?: string;
    imports: { path: string; kind: string; external?: boolean; original?: string }[];
  }>;
  outputs: Record<string, { entryPoint?: string }>;
}

export interface CompileOptions {
  esbuild: string;
  /** Where programs are kept. */
  cache: string;
  /** Absolute; esbuild runs in it. */
  folder: string;
  /** A file of the user's, as messages name it. */
  shown: (path: string) => string;
  /** Import specifiers that are not looked for in files. */
  builtins: string[];
  conditions: string[];
  /** Is told of files that do not compile, and of those that are not there (the end of whose name may be left out). */
  sought?: (path: string) => void;
}

/** What the compiler says is wrong with the user's files, as people should see it. */
export class CompileError extends Error {}

/** The names that a module's body has for what is its own. */
export const PARAMETERS = "exports, require, module, __dynamic, __meta, __ready, __filename, __dirname";

const LOADERS = [".txt=text", ".html=text", ".sql=text", ".md=text", ".bin=binary", ".wasm=binary"];

function esbuild(options: CompileOptions, words: string[]): void {
  const [status, said] = host.files.run([options.esbuild, ...words], options.folder);
  if (status < 0)
    throw new Error(`esbuild, which compiles JavaScript and TypeScript, cannot be executed: ${said.trimEnd()}; it is installed beside ` +
      "backlot, and the variable BACKLOT_ESBUILD names another one");
  if (status !== 0) throw new CompileError(said.trimEnd());
}

function common(options: CompileOptions): string[] {
  return ["--log-level=error", "--log-limit=0", "--color=false", "--platform=node", "--target=es2022",
    "--charset=ascii", `--conditions=${options.conditions.join(",")}`, ...LOADERS.map((l) => `--loader:${l}`)];
}

/** Paths in a metafile are relative to where esbuild ran. */
function absolute(folder: string, path: string): string {
  if (path.startsWith("/")) return path;
  const parts = folder.split("/");
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** What an `import()` asks for that is not there: its promise rejects, when somebody asks. */
interface Missing {
  specifier: string;
  importer: string;
}

const UNRESOLVED = /✘ \[ERROR\] Could not resolve "([^"\n]+)"\n\n    (.+):(\d+):(\d+):\n/g;

/** What of a file is before a place; columns are bytes. */
function textBefore(path: string, line: number, column: number): string {
  const lines = (host.files.read(path) ?? "").split("\n");
  const last = new TextEncoder().encode(lines[line - 1] ?? "").subarray(0, column);
  return `${lines.slice(0, line - 1).join("\n")}\n${new TextDecoder().decode(last)}`;
}

/** What esbuild has not found; empty: something else is wrong, too, or is imported by more than an `import()`. */
function missingOf(said: string, { folder }: CompileOptions): Missing[] {
  const places = [...said.matchAll(UNRESOLVED)];
  if (places.length !== said.split("✘ [ERROR]").length - 1) return [];
  const later = places.every(([, , file, line, column]) =>
    /\bimport\s*\(\s*$/.test(textBefore(absolute(folder, file!), Number(line), Number(column))));
  return later ? places.map(([, specifier, file]) => ({ specifier: specifier!, importer: absolute(folder, file!) })) : [];
}

const isRelative = (specifier: string): boolean => /^\.{0,2}\//.test(specifier);

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));

/** Where a package that is missing would be. */
function placesOf({ specifier, importer }: Missing): string[] {
  if (isRelative(specifier)) return []; // that is looked for when it is asked for
  const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  const places: string[] = [];
  for (let at = folderOf(importer); at; at = folderOf(at)) places.push(`${at}/node_modules/${name}`);
  return places;
}

/** A folder for what esbuild writes; several processes may compile the same file at the same time. */
const workOf = (out: string): string => `${out}.${host.files.process()}`;

const metaOf = (work: string): string => `${work}.meta.json`;

/** What Vite knows behind a file's name; Loader.builtin() has what there is of it. */
const QUERIES = ["raw", "url", "inline", "worker", "sharedworker", "init"];

function findModules(entry: string, options: CompileOptions, work: string): { meta: Metafile; missing: Missing[] } {
  const meta = metaOf(work);
  const words = [...common(options), "--bundle", "--format=esm", `--metafile=${meta}`, "--outfile=/dev/null",
    ...[...options.builtins, ...QUERIES.map((query) => `*?${query}`)].map((name) => `--external:${name}`), entry];
  let missing: Missing[] = [];
  try {
    esbuild(options, words);
  } catch (error) {
    missing = error instanceof CompileError ? missingOf(error.message, options) : [];
    if (missing.length === 0) throw error;
    esbuild(options, [...words, ...missing.map(({ specifier, importer }) =>
      `--external:${isRelative(specifier) ? absolute(folderOf(importer), specifier) : specifier}`)]);
  }
  const text = host.files.read(meta);
  host.files.remove(meta);
  if (text === null) throw new CompileError(`${meta} cannot be written`);
  return { meta: JSON.parse(text) as Metafile, missing };
}

const AWAIT_ERROR = /Top-level await is currently not supported with the "cjs" output format\s+(.+?):\d+:\d+:/g;

/**
 * Tests that run at the same time must know where they are behind each `await`. The engine does not tell, but generators
 * and promises do (followFrames() of the runner), and esbuild makes those of async functions.
 */
const WITHOUT_AWAIT = ["async-await", "async-generator", "for-await"].map((name) => `--supported:${name}=false`);

/** Turns every file into CommonJS, or into an ES module where that cannot be. */
function transform(entry: string, paths: string[], options: CompileOptions, work: string) {
  const awaits = /\bconcurrent\b/.test(host.files.read(entry) ?? "") ? WITHOUT_AWAIT : [];
  const words = (indexes: number[], format: string): string[] => [
    ...common(options), `--format=${format}`, `--outdir=${work}`, "--sourcemap=external", "--sources-content=false",
    "--supported:dynamic-import=true", "--define:import.meta=__meta", "--legal-comments=none",
    ...awaits, ...indexes.map((i) => `m${i}=${paths[i]}`),
  ];
  const all = paths.map((_, i) => i);
  const esm = new Set<number>();
  try {
    esbuild(options, words(all, "cjs"));
  } catch (error) {
    const said = String((error as Error).message);
    for (const [, path] of said.matchAll(AWAIT_ERROR)) {
      const index = paths.indexOf(absolute(options.folder, path!));
      if (index >= 0) esm.add(index);
    }
    if (esm.size === 0) throw error;
    const rest = all.filter((i) => !esm.has(i));
    if (rest.length) esbuild(options, words(rest, "cjs"));
    esbuild(options, words([...esm], "esm"));
  }
  const done = paths.map((_, i) => {
    const file = `${work}/m${i}.js`;
    const code = host.files.read(file) ?? "";
    const map = host.files.read(`${file}.map`) ?? "";
    host.files.remove(file);
    host.files.remove(`${file}.map`);
    return { code, map, esm: esm.has(i) };
  });
  host.files.remove(work);
  return done;
}

// ---- rewriting ----

/** Text pieces that replace parts of a text, which keep its lines: the source map goes on being right. */
class Rewriter {
  private edits: { from: number; to: number; text: string }[] = [];
  constructor(private readonly text: string) {}
  replace(from: number, to: number, text: string): void {
    const lines = this.text.slice(from, to).split("\n").length - text.split("\n").length;
    this.edits.push({ from, to, text: text + "\n".repeat(Math.max(lines, 0)) });
  }
  insert(at: number, text: string): void {
    this.edits.push({ from: at, to: at, text });
  }
  toString(): string {
    let out = "";
    let at = 0;
    for (const edit of this.edits.sort((a, b) => a.from - b.from || a.to - b.to)) {
      out += this.text.slice(at, edit.from) + edit.text;
      at = edit.to;
    }
    return out + this.text.slice(at);
  }
}

const MOCK = /^(?:(?:const|let|var) [^\n=]+ = (?:await )?)?(?:await )?(?:\w+\.)?(?:vi|vitest)\.(?:mock|unmock|hoisted)\(/;
const REQUIRE = /^(?:(?:var|const|let) [\w$]+ = )?(?:__\w+\()?require\("([^"\n]+)"\)/;

/** A statement of esbuild's making on one line: it ends every statement with a semicolon. */
function oneLine(text: string): string {
  let out = "";
  let at = 0;
  for (const token of tokenizer(text, { ecmaVersion: "latest", allowAwaitOutsideFunction: true })) {
    out += text.slice(at, token.start).replace(/\/\/.*/g, "").replace(/\n/g, " ");
    const own = text.slice(token.start, token.end);
    out += token.type.label === "template" ? own.replace(/\n/g, "\\n") : own;
    at = token.end;
  }
  return out;
}

/**
 * What `vi.mock()` says must be known before the modules it is about are asked for. So those statements go to the front,
 * behind the imports of what is built in (Vitest itself), as Vitest's own transform has it. All lines stay where they are,
 * so that the source map goes on being right: what moves goes onto the line of the first import of a file. False: there is
 * nothing to hoist.
 */
function hoistMocks(code: string, rewriter: Rewriter, builtins: Set<string>): boolean {
  if (!/\b(?:vi|vitest)\.(?:mock|unmock|hoisted)\(/.test(code)) return false;
  const body = parseScript(code, { ecmaVersion: "latest", allowAwaitOutsideFunction: true, allowReturnOutsideFunction: true })
    .body.map((node) => ({ from: node.start, to: node.end, text: code.slice(node.start, node.end) }));
  const mocks = body.filter((s) => MOCK.test(s.text));
  if (mocks.length === 0) return false;
  const requires = body.map((s) => ({ ...s, name: REQUIRE.exec(s.text)?.[1] })).filter((s) => s.name !== undefined);
  const place = requires.find((s) => !builtins.has(s.name!))?.from ?? mocks[0]!.from;
  const moved = [...requires.filter((s) => builtins.has(s.name!)), ...mocks].filter((s) => s.from >= place);
  for (const s of moved) rewriter.replace(s.from, s.to, "");
  rewriter.insert(place, `${moved.map((s) => oneLine(s.text)).join(" ")} await __ready(); `);
  return true;
}

/**
 * Below a package.json of type "module" esbuild takes all that is required for CommonJS, whose default export is the whole of it, as
 * Node.js does. But here ES modules are required, too.
 */
const NODE_MODE = /(__toESM\(require\("[^"\n]+"\)), 1\)/g;

/**
 * Whoever imports all of a module is given the same object, and its exports may be defined anew: so vi.spyOn() on what
 * `import * as` gives is seen by everybody, as in Vitest. What is CommonJS is copied, and cannot be spied on so.
 */
const SHARED: [from: string, to: string][] = [
  ["__defProp(target, name, { get: all[name], enumerable: true })", "__defProp(target, name, { get: all[name], enumerable: true, configurable: true })"],
  ["var __reExport = (target, mod, secondTarget) => (__copyProps(target, mod, \"default\"), secondTarget && __copyProps(secondTarget, mod, \"default\"))",
    "var __reExport = (target, mod, secondTarget) => (__share(target, mod, \"default\"), secondTarget && __share(secondTarget, mod, \"default\"))"],
  ["var __toESM = (mod, isNodeMode, target) => (target", "var __toESM = (mod, isNodeMode, target) => mod?.__esModule ? mod : (target"],
  ["var __toCommonJS = (mod) => __copyProps(", "var __toCommonJS = (mod) => __share("],
  ["var __copyProps = (to, from, except, desc) => {", "var __share = (to, from, except) => __copyProps(to, from, except, true);" +
    " var __copyProps = (to, from, except, configurable, desc) => {"],
  ["__defProp(to, key, { get: () => from[key], enumerable:", "__defProp(to, key, { get: () => from[key], configurable: !!configurable, enumerable:"],
];

/** For Node.js, which looks for names without running anything; a name may be one that code cannot have. */
const ANNOTATION = /^0 && \(module\.exports = \{[^}]*\}\);?$/m;

/** Vitest's form that types are known of: `vi.mock(import("./x"))` is about "./x", and imports nothing. */
const BY_IMPORT = /\b((?:vi|vitest)\.(?:mock|unmock|doMock|doUnmock|importActual|importMock)\()import\(("[^"\n]*")\)/g;

const named = (code: string): string => code.replace(BY_IMPORT, "$1       $2 "); // as long as it was, for the source map

function rewriteImports(code: string): string {
  if (!code.includes("import(")) return code;
  const rewriter = new Rewriter(code);
  for (const found of parse(code)[0]) {
    if (found.type === "dynamic") rewriter.replace(found.dynamicStart - "import".length, found.dynamicStart, "__dynamic");
  }
  return rewriter.toString();
}

function rewriteCommonJs(original: string, builtins: Set<string>): { code: string; async: boolean } {
  let code = named(original.replace(NODE_MODE, "$1   )").replace(ANNOTATION, ""));
  for (const [from, to] of SHARED) code = code.replace(from, () => to);
  code = rewriteImports(code); // before statements move
  const rewriter = new Rewriter(code);
  const async = hoistMocks(code, rewriter, builtins);
  return { code: rewriter.toString(), async };
}

const list = (names: string[]): string => names.join(", ");

/** An ES module of esbuild's making as the body of an async function. */
function rewriteModule(original: string, builtins: Set<string>): string {
  const code = named(original);
  const [imports, exports] = parse(code);
  const rewriter = new Rewriter(code);
  const head: string[] = [];
  for (const found of imports) {
    if (found.type === "dynamic") {
      rewriter.replace(found.dynamicStart - "import".length, found.dynamicStart, "__dynamic");
      continue;
    }
    if (found.type !== "static") continue;
    const statement = code.slice(found.importStart, found.importEnd);
    const from = `require(${JSON.stringify(found.specifier)})`;
    const end = code[found.importEnd] === ";" ? found.importEnd + 1 : found.importEnd;
    let text = `${from};`;
    if (/^import\b/.test(statement)) {
      const clause = statement.replace(/^import\s*/, "").replace(/\s*from\s*["'][^"']*["'][\s\S]*$/, "");
      if (!/^["']/.test(clause)) text = bind(clause, from);
    } else if (/^export\s*\*\s*as\s/.test(statement)) {
      text = `__star(exports, { ${/\*\s*as\s+(\S+)/.exec(statement)![1]}: ${from} });`;
    } else if (/^export\s*\*/.test(statement)) {
      text = `__star(exports, ${from});`;
    } else {
      const names = /\{([\s\S]*)\}/.exec(statement)![1]!;
      text = `{ const m = ${from}; ${getters(names, (name) => `__interop(m, ${JSON.stringify(name)})`)} }`;
    }
    rewriter.replace(found.importStart, end, text);
  }
  for (const match of code.matchAll(/^export default /gm)) {
    if (!exports.some((e) => e.name === "default")) continue;
    head.push('Object.defineProperty(exports, "default", { enumerable: true, configurable: true, get: () => __default });');
    rewriter.replace(match.index, match.index + match[0].length, "var __default = ");
  }
  for (const match of code.matchAll(/^export \{([^}]*)\};?(?!\s*from)/gm)) {
    if (imports.some((i) => i.type === "static" && i.importStart === match.index)) continue;
    head.push(getters(match[1]!, (name) => name));
    rewriter.replace(match.index, match.index + match[0].length, "");
  }
  const body = rewriter.toString();
  const moved = new Rewriter(body);
  const ready = hoistMocks(body, moved, builtins) ? "" : "await __ready(); ";
  return `${HELPERS} ${head.join(" ")} ${ready}${moved.toString()}`;
}

const HELPERS =
  'Object.defineProperty(exports, "__esModule", { value: true });' +
  " const __star = (to, from) => { for (const k of Object.keys(from)) if (k !== \"default\" && !(k in to))" +
  " Object.defineProperty(to, k, { enumerable: true, configurable: true, get: () => from[k] }); };" +
  " const __interop = (m, k) => k === \"default\" && !m?.__esModule ? m : m[k];" +
  " const __namespace = (m) => m?.__esModule ? m : { ...m, default: m };";

function bind(clause: string, from: string): string {
  const match = /^(?:([\w$]+)\s*,?\s*)?(?:\*\s*as\s+([\w$]+)|\{([\s\S]*)\})?$/.exec(clause.trim());
  if (!match) throw new CompileError(`an import that is not understood: ${clause}`);
  const [, whole, space, names] = match;
  const parts: string[] = [];
  if (whole) parts.push(`${whole} = __interop(${from}, "default")`);
  if (space) parts.push(`${space} = __namespace(${from})`);
  for (const [name, as] of pairs(names ?? "")) parts.push(`${as} = __interop(${from}, ${JSON.stringify(name)})`);
  return `const ${list(parts)};`;
}

function pairs(names: string): [string, string][] {
  return names.split(",").map((n) => n.trim()).filter(Boolean).map((n) => {
    const [name, as] = n.split(/\s+as\s+/);
    return [name!.replace(/^["']|["']$/g, ""), (as ?? name)!.replace(/^["']|["']$/g, "")];
  });
}

function getters(names: string, value: (name: string) => string): string {
  return pairs(names)
    .map(([name, as]) => `Object.defineProperty(exports, ${JSON.stringify(as)}, { enumerable: true, configurable: true, get: () => ${value(name)} });`)
    .join(" ");
}

// ---- the whole ----

/** Parts of a program are found by their place, so every character is one byte. */
function ascii(text: string): string {
  return text.replace(/[^\x00-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function linksOf(inputs: Metafile["inputs"][string]["imports"], index: Map<string, number>) {
  const imports: CompiledModule["imports"] = {};
  const statics = new Set<number | string>();
  for (const link of inputs) {
    const target = link.external ? link.path : index.get(link.path);
    if (target === undefined) continue;
    imports[link.original ?? link.path] = target;
    if (link.kind === "import-statement") statics.add(target);
  }
  return { imports, statics: [...statics] };
}

/** What esbuild says, each message behind its place, columns counted from 1. */
function readable(said: string, { folder, shown }: CompileOptions): string {
  return said
    .replace(/✘ \[ERROR\] (.*)\n\n    (.+):(\d+):(\d+):\n/g, (_, words: string, file: string, line: string, column: string) =>
      `${shown(absolute(folder, file))}:${line}:${Number(column) + 1}: ${words}\n`)
    .replace(/\n\n  You can mark the path .*/g, "");
}

const MESSAGE = /✘ \[ERROR\] (?:Could not resolve "([^"\n]+)")?.*\n\n    (.+):\d+:\d+:\n/g;

/** Tells of the files that are wrong, and of those that are not there. */
function tellOfSought(said: string, { folder, sought }: CompileOptions): void {
  for (const [, specifier, file] of said.matchAll(MESSAGE)) {
    const path = absolute(folder, file!);
    sought?.(path);
    if (specifier && isRelative(specifier)) sought?.(absolute(folderOf(path), specifier));
  }
}

/** Compiles `entry` (absolute) and writes the program to `out`. */
export function compile(entry: string, out: string, options: CompileOptions): void {
  try {
    compileAll(entry, out, options);
  } catch (error) {
    const work = workOf(out);
    host.files.remove(work);
    host.files.remove(metaOf(work));
    if (error instanceof CompileError) tellOfSought(error.message, options);
    throw error instanceof CompileError ? new CompileError(`it does not compile\n${readable(error.message, options)}`) : error;
  }
}

interface Stamp {
  path: string;
  stamp: string;
}

function stampsOf(paths: string[]): Stamp[] {
  return paths.map((path) => ({ path, stamp: host.files.stamp(path) ?? "-" }));
}

const ATTEMPTS = 3;

/** esbuild reads files twice; when one is saved in between, it is all done again. */
function readAll(entry: string, out: string, options: CompileOptions) {
  const work = workOf(out);
  for (let attempt = 1; ; attempt++) {
    const first = stampsOf([entry, ...configs(entry)]);
    const { meta, missing } = findModules(entry, options, work);
    const names = Object.keys(meta.inputs).filter((name) => !name.startsWith("(disabled)"));
    const paths = names.map((name) => absolute(options.folder, name));
    const stamps = [...stampsOf([...paths.filter((path) => path !== entry), ...missing.flatMap(placesOf)]), ...first];
    const changed = (): string | undefined => stamps.find(({ path, stamp }) => (host.files.stamp(path) ?? "-") !== stamp)?.path;
    try {
      const transformed = transform(entry, paths, options, work);
      const path = changed();
      if (!path) return { meta, names, paths, stamps, transformed };
      if (attempt === ATTEMPTS) throw new CompileError(`${options.shown(path)}: it is changed again and again while it is read\n`);
    } catch (error) {
      if (attempt === ATTEMPTS || !changed()) throw error;
    }
  }
}

function compileAll(entry: string, out: string, options: CompileOptions): void {
  init();
  host.files.sweep(options.cache);
  const builtins = new Set(options.builtins);
  const { meta, names, paths, stamps, transformed } = readAll(entry, out, options);
  const index = new Map(names.map((name, i) => [name, i]));
  let code = "";
  const modules = transformed.map((one, i): CompiledModule => {
    const input = meta.inputs[names[i]!]!;
    const body = one.esm ? { code: rewriteModule(one.code, builtins), async: true } : rewriteCommonJs(one.code, builtins);
    const strict = input.format === "esm" ? '"use strict";' : "";
    const text = ascii(`(${body.async ? "async " : ""}function (${PARAMETERS}) {${strict}\n${body.code}\n})`);
    const map = ascii(one.map);
    const from = code.length;
    code += text + map;
    return {
      path: paths[i]!,
      code: [from, text.length],
      map: [from + text.length, map.length],
      async: body.async,
      ...linksOf(input.imports, index),
    };
  });
  const json = ascii(JSON.stringify({ entry: paths.indexOf(entry), modules }));
  const stamped = stamps.map(({ path, stamp }) => `${stamp} ${path}\n`);
  const head = `backlot-program ${host.programs.version()} ${stamped.length} ${json.length} ${code.length}\n`;
  host.files.write(out, head + stamped.join("") + json + code);
}

/** Files that decide how esbuild reads the others: of every folder above. */
function configs(path: string): string[] {
  const found: string[] = [];
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
    for (const name of ["tsconfig.json", "package.json"]) found.push(`${path.slice(0, at)}/${name}`);
  }
  return found;
}

host.compile = compile;
