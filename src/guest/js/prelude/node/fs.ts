// SPDX-License-Identifier: Apache-2.0
// node:fs and node:fs/promises: files of the project are read, none is written.

type Path = string | URL | Uint8Array;
type Encoding = string | { encoding?: string | null; flag?: string } | null | undefined;
type Callback = (error: Error | null, value?: unknown) => void;

const ERRORS: Record<string, [number: number, words: string]> = {
  ENOENT: [-2, "no such file or directory"],
  EACCES: [-13, "permission denied"],
  EISDIR: [-21, "illegal operation on a directory"],
  ENOTDIR: [-20, "not a directory"],
  EROFS: [-30, "read-only file system"],
};

function failure(code: string, call: string, path: string, more = ""): Error {
  const [errno, words] = ERRORS[code]!;
  return Object.assign(new Error(`${code}: ${words}, ${call} '${path}'${more}`), { code, errno, syscall: call, path });
}

function pathOf(path: Path): string {
  if (path instanceof URL) {
    if (path.protocol !== "file:") throw new TypeError("The URL must be of scheme file");
    return decodeURIComponent(path.pathname);
  }
  const text = typeof path === "string" ? path : path instanceof Uint8Array ? host.encoding.decode(path) : undefined;
  if (text === undefined) throw new TypeError(`The "path" argument must be of type string or an instance of Buffer or URL. Received ${typeof path}`);
  if (text.includes("\0")) throw new TypeError('The argument "path" must be a string without null bytes');
  return text;
}

/** Absolute, without "." and "..". */
function absolute(path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${host.node.folder}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

const within = (path: string): boolean => host.node.roots.some((root) => path === root || path.startsWith(`${root}/`));

/** The file that a path leads to, links followed; it throws when there is none, or tests may not look at it. */
function find(path: Path, call: string): string {
  const named = pathOf(path), full = absolute(named);
  const outside = (): Error => failure("EACCES", call, named, `: tests read files below ${host.node.folder} alone`);
  if (!within(full)) throw outside();
  const real = host.files.real(full);
  host.node.read?.(real ?? full); // one that is missing may come
  if (real === null) throw failure("ENOENT", call, named);
  if (!within(real)) throw outside();
  return real;
}

class Stats {
  readonly mtime: Date;
  readonly mtimeMs: number;
  readonly size: number;
  readonly mode: number;
  readonly #kind: string;
  readonly dev = 0;
  readonly ino = 0;
  readonly nlink = 1;
  readonly uid = 0;
  readonly gid = 0;
  constructor([kind, size, mtimeMs, mode]: [string, number, number, number]) {
    this.#kind = kind;
    this.size = size;
    this.mtimeMs = mtimeMs;
    this.mtime = new Date(mtimeMs);
    this.mode = mode;
  }
  isFile = (): boolean => this.#kind === "file";
  isDirectory = (): boolean => this.#kind === "folder";
  isSymbolicLink = (): boolean => this.#kind === "link";
  isBlockDevice = (): boolean => false;
  isCharacterDevice = (): boolean => false;
  isFIFO = (): boolean => false;
  isSocket = (): boolean => false;
}
for (const name of ["ctime", "atime", "birthtime"])
  for (const end of ["", "Ms"])
    Object.defineProperty(Stats.prototype, name + end, {
      configurable: true,
      get(this: Stats) {
        return end ? this.mtimeMs : this.mtime;
      },
    });

class Dirent {
  constructor(
    readonly name: string,
    readonly parentPath: string,
    private readonly kind: string,
  ) {
    Object.defineProperty(this, "kind", { enumerable: false });
  }
  get path(): string {
    return this.parentPath;
  }
  isFile = (): boolean => this.kind === "file";
  isDirectory = (): boolean => this.kind === "folder";
  isSymbolicLink = (): boolean => this.kind === "link";
}

// ---- reading ----

interface BufferClass {
  from(bytes: ArrayBuffer): { toString(encoding: string): string };
}

function bufferClass(): BufferClass {
  host.load("node_buffer");
  return host.node.modules["buffer"]!["Buffer"] as BufferClass;
}

function encodingOf(options: Encoding): string | undefined {
  if (typeof options === "string") return options;
  if (options?.flag !== undefined && !/^rs?$/.test(options.flag)) throw failure("EROFS", `open with flag ${options.flag}`, "");
  return options?.encoding ?? undefined;
}

function readFileSync(path: Path, options?: Encoding): unknown {
  const encoding = encodingOf(options), real = find(path, "open");
  const [kind] = host.files.look(real, true)!;
  if (kind === "folder") throw failure("EISDIR", "read", pathOf(path));
  const bytes = host.files.bytes(real)!;
  if (encoding === undefined || encoding === "buffer") return bufferClass().from(bytes);
  return /^utf-?8$/i.test(encoding) ? host.encoding.decode(bytes) : bufferClass().from(bytes).toString(encoding);
}

interface StatOptions {
  throwIfNoEntry?: boolean;
  bigint?: boolean;
}

function statOf(path: Path, call: string, follow: boolean, { throwIfNoEntry = true }: StatOptions = {}): Stats | undefined {
  try {
    return new Stats(host.files.look(follow ? find(path, call) : (find(path, call), absolute(pathOf(path))), follow)!);
  } catch (error) {
    if (!throwIfNoEntry && (error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  }
}

interface ListOptions {
  withFileTypes?: boolean;
  recursive?: boolean;
  encoding?: string;
}

function readdirSync(path: Path, options?: ListOptions | string | null): (string | Dirent)[] {
  const { withFileTypes = false, recursive = false } = typeof options === "object" ? options ?? {} : {};
  const named = pathOf(path).replace(/(.)\/+$/, "$1"), real = find(path, "scandir");
  const found: (string | Dirent)[] = [];
  const walk = (folder: string, shown: string, prefix: string): void => {
    const list = host.files.list(folder);
    if (!list) throw failure("ENOTDIR", "scandir", named);
    for (const [name, kind] of list.sort(([a], [b]) => (a < b ? -1 : 1))) {
      found.push(withFileTypes ? new Dirent(name, shown, kind) : prefix + name);
      if (recursive && kind === "folder") walk(`${folder}/${name}`, `${shown}/${name}`, `${prefix}${name}/`);
    }
  };
  walk(real, named, "");
  return found;
}

const calls: Record<string, (...args: never[]) => unknown> = {
  readFile: readFileSync,
  readdir: readdirSync,
  stat: (path: Path, options?: StatOptions) => statOf(path, "stat", true, options),
  lstat: (path: Path, options?: StatOptions) => statOf(path, "lstat", false, options),
  realpath: (path: Path) => find(path, "realpath"),
  access(path: Path, mode = 0): void {
    find(path, "access");
    if (mode & 2) throw failure("EROFS", "access", pathOf(path));
  },
};

// ---- writing ----

const WRITES = ["appendFile", "chmod", "chown", "copyFile", "cp", "fchmod", "fchown", "ftruncate", "futimes", "lchmod", "lchown", "link", "lutimes",
  "mkdir", "mkdtemp", "open", "opendir", "rename", "rm", "rmdir", "symlink", "truncate", "unlink", "utimes", "writeFile", "write", "writev"];

for (const name of WRITES)
  calls[name] = (path: Path) => {
    const what = name.startsWith("open") ? "files are read whole, by fs.readFile()" : "tests read files, and write none";
    throw failure("EROFS", name, typeof path === "number" ? "" : pathOf(path), `: ${what}`);
  };

// ---- the modules ----

const constants = { F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1, O_RDONLY: 0 };
const promises: Record<string, unknown> = { constants };
const fs: Record<string, unknown> = { constants, promises, Stats, Dirent, ...constants };
for (const [name, call] of Object.entries(calls) as [string, (...args: unknown[]) => unknown][]) {
  fs[`${name}Sync`] = call;
  promises[name] = async (...args: unknown[]) => call(...args);
  fs[name] = (...args: unknown[]): void => {
    const callback = args.pop() as Callback;
    if (typeof callback !== "function") throw new TypeError('The "cb" argument must be of type function');
    let outcome: [Error | null, unknown?];
    try {
      outcome = [null, call(...args)];
    } catch (error) {
      outcome = [error as Error];
    }
    queueMicrotask(() => callback(...outcome));
  };
}
const exists = (path: Path): boolean => {
  try {
    find(path, "access");
    return true;
  } catch {
    return false;
  }
};
fs["existsSync"] = exists;
fs["exists"] = (path: Path, callback: (there: boolean) => void) => queueMicrotask(() => callback(exists(path)));
(fs["realpathSync"] as unknown as Record<string, unknown>)["native"] = fs["realpathSync"];
for (const [name, what] of [["createReadStream", "fs.readFile()"], ["createWriteStream", "nothing"], ["watch", "backlot test --watch"], ["watchFile", "backlot test --watch"]])
  fs[name!] = () => {
    throw new Error(`fs.${name}() is not there; instead of it there is ${what}`);
  };
host.node.modules["fs"] = fs;
host.node.modules["fs/promises"] = promises;
