// SPDX-License-Identifier: Apache-2.0
// What went wrong, for people: message, difference, the place with the code around it, the frames above.

import type { Loader } from "../../../guest/js/prelude/modules";
import { last } from "./patient_begin";

export interface Failure {
  name?: string;
  message?: string;
  stack?: string;
  diff?: string;
  cause?: unknown;
  /** Of the service: its backtrace. */
  report?: string;
}

export interface Frame {
  where: string;
  file: string;
  line: number;
  column: number;
}

/** What a file leaves out to import that was written for Vitest's `globals: true`. */
const GLOBALS = /^Can't find variable: (it|test|describe|suite|expect|vi|vitest|(?:before|after)(?:Each|All)|onTestFinished|onTestFailed|assert|chai)$/;

/** A line of JavaScriptCore's stacks. */
const FRAME = /^\s*(?:(.*?)@)?((?:\/|backlot:).*?):(\d+):(\d+)$/;

/** A stack that has overflown is longer than anybody reads. */
const FRAMES_SHOWN = 20;

export class Failures {
  constructor(
    private readonly loader: Loader,
    private readonly settings: Settings,
  ) {}

  /** Frames of the user's own files, innermost first, in places of those files. */
  frames(stack: string | undefined): Frame[] {
    const found: Frame[] = [];
    for (const line of (stack ?? "").split("\n")) {
      const frame = this.frame(line);
      if (frame) found.push(frame);
    }
    return found;
  }

  /** Null: it is of code that is not the user's; undefined: this is no line of a stack. */
  private frame(line: string): Frame | null | undefined {
    const match = FRAME.exec(line);
    if (!match) return /@\[native code\]$/.test(line) ? null : undefined;
    const [, where, file] = match as unknown as [string, string | undefined, string];
    if (file.startsWith("backlot:")) return null;
    if (!this.loader.modules.has(file)) return undefined;
    const place = this.loader.place(file, Number(match[3]), Number(match[4]));
    return place ? { where: where ?? "", file, ...place } : null;
  }

  /** A text that a test prints, with the stacks in it as its author knows the files. */
  printed(text: string): string {
    if (!/@.*:\d+:\d+$/m.test(text)) return text;
    return text.split("\n").flatMap((line) => {
      const frame = this.frame(line.replace(/^\s*at /, ""));
      return frame === undefined ? [line] : frame === null ? [] : [`    ${this.at(frame)}`];
    }).join("\n");
  }

  private at({ where, file, line, column }: Frame): string {
    return `at ${where ? `${where} (` : ""}${this.shown(file)}:${line}:${column}${where ? ")" : ""}`;
  }

  shown(file: string): string {
    return shownAs(file, this.settings);
  }

  private codeFrame(frame: Frame): string {
    const lines = (host.files.read(frame.file) ?? "").split("\n");
    const from = Math.max(frame.line - 3, 0);
    const to = Math.min(frame.line + 2, lines.length);
    const width = String(to).length;
    let out = "";
    for (let i = from; i < to; i++) {
      const here = i === frame.line - 1;
      const line = lines[i]!.replace(/\t/g, "  ");
      out += `    ${here ? ">" : " "} ${String(i + 1).padStart(width)} | ${line}`.trimEnd() + "\n";
      if (!here) continue;
      const before = lines[i]!.slice(0, frame.column - 1).replace(/\t/g, "  ").length;
      out += `      ${" ".repeat(width)} | ${" ".repeat(before)}^\n`;
    }
    return out;
  }

  private one(error: Failure, why: string): string {
    const frames = this.frames(error.stack);
    const own = frames.find((f) => !f.file.includes("/node_modules/")) ?? frames[0];
    const name = error.name && error.name !== "Error" && error.name !== "AssertionError" ? `${error.name}: ` : "";
    const [first, ...more] = shortened(plain(`${why}${name}${words(error)}`)).split("\n");
    const message = first + more.map((line) => `\n    ${line}`).join("");
    let out = own ? `${this.shown(own.file)}:${own.line}:${own.column}: ${message}\n` : `${this.settings.shown}: ${message}\n`;
    if (error.diff) out += indent(shortened(plain(error.diff)));
    if (own) out += this.codeFrame(own);
    for (const f of frames.slice(1, FRAMES_SHOWN))
      out += `    ${this.at(f)}\n`;
    if (frames.length > FRAMES_SHOWN) out += `    … and ${frames.length - FRAMES_SHOWN} more\n`;
    if (error.report) out += `    the service says:\n${indent(error.report, "      ")}`;
    if (error.cause && typeof error.cause === "object") out += this.one(error.cause as Failure, "caused by ");
    return out;
  }

  outcome(errors: Failure[]): Pick<TestOutcome, "message" | "text" | "file" | "line" | "column"> {
    const first = this.frames(errors[0]?.stack);
    const place = first.find((f) => !f.file.includes("/node_modules/")) ?? first[0];
    return {
      message: errors.length ? words(errors[0]!).split("\n", 1)[0] : "",
      text: errors.map((e) => this.one(e, "")).join(""),
      file: place ? this.shown(place.file) : undefined,
      line: place?.line,
      column: place?.column,
    };
  }
}

/** As the test's own file is named: from where the user is, when it is below that. */
export function shownAs(file: string, { path, shown, folder }: Settings): string {
  if (file === path) return shown;
  const base = path.endsWith(`/${shown}`) ? path.slice(0, -shown.length) : `${folder}/`;
  return file.startsWith(base) ? file.slice(base.length) : file;
}

/** Time jumps only when nothing else can happen: that somebody is slow who waits for what never comes would be wrong. */
export function tellWhoIsStuck(errors: Failure[] | undefined): void {
  for (const error of last.idle ? errors ?? [] : []) {
    const late = /^(Test|Hook) timed out in \d+ms\.\n/.exec(error?.message ?? "");
    if (late)
      error.message = `the ${late[1]!.toLowerCase()} waits for what never comes: nothing is under way that could settle it, now or later`;
  }
}

/** What was thrown need not be an error. */
function words(error: Failure): string {
  if (typeof error !== "object" || error === null) return String(error);
  const missing = error.name === "ReferenceError" ? GLOBALS.exec(error.message ?? "")?.[1] : undefined;
  if (missing)
    return `${error.message}; Vitest's functions are no globals here: import { ${missing} } from "vitest". ` +
      "A vitest.config file is not read, neither its globals nor its setupFiles";
  return typeof error.message === "string" ? error.message : `it threw ${JSON.stringify(error)}`;
}

/** Without the colours that Vitest's packages put into texts: reports have their own. */
function plain(text: string): string {
  return text.replace(/\x1b\[[0-9;]*m/g, "");
}

const LINES_SHOWN = 1000;
const LINE_SHOWN = 2000;
/** Before the place from where on two long lines differ. */
const ALIKE_SHOWN = 100;

/** Texts of megabytes hide everything else: of a line that is too long the part that differs from the line it stands against. */
function shortened(text: string): string {
  const lines = text.split("\n"), shown = lines.slice(0, LINES_SHOWN).map((line, i) => shortLine(line, lines, i));
  return shown.join("\n") + (lines.length > LINES_SHOWN ? `\n… and ${lines.length - LINES_SHOWN} more lines` : "");
}

function shortLine(line: string, lines: string[], i: number): string {
  if (line.length <= LINE_SHOWN) return line;
  const other = line.startsWith("-") ? lines[i + 1] : line.startsWith("+") ? lines[i - 1] : undefined;
  let from = 1;
  while (other && from < line.length && line[from] === other[from]) from++;
  from = other && from < line.length ? Math.max(from - ALIKE_SHOWN, 1) : 1;
  const after = line.length - from - LINE_SHOWN;
  return `${line[0]}${from > 1 ? ` (${from - 1} characters) …` : ""}${line.slice(from, from + LINE_SHOWN)}${after > 0 ? `… (${after} more characters)` : ""}`;
}

export function indent(text: string, by = "    "): string {
  return text.trimEnd().split("\n").map((line) => (line ? by + line : "")).join("\n") + "\n";
}
