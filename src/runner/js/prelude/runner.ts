// SPDX-License-Identifier: Apache-2.0
// Vitest's runner over our frames and results.

import { type File, getFn, getHooks, setFn, type Suite, type Task, type Test } from "@vitest/runner";
import { processError } from "@vitest/utils/error";
import { expect, TestRunner } from "vitest";
import type { Loader } from "../../../guest/js/prelude/modules";
import { endOfTest, traceOfTest } from "./backlot";
import { type Failure, Failures, indent, tellWhoIsStuck } from "./failures";
import { test as native } from "./host";
import { neededInside, reason } from "./inside";
import { strangeOrigins } from "./origins";
import { last } from "./patient_begin";
import { followFrames, Scope, scopeIfAny } from "./scope";
import { failedExchanges, timelines } from "./service";
import type { Config } from "./state";

const Base = TestRunner as unknown as new (config: Config) => {
  config: Config;
  onBeforeRunSuite(suite: Suite): Promise<void>;
  onAfterRunSuite(suite: Suite): Promise<void>;
  onBeforeTryTask(test: Test): void;
  onAfterTryTask(test: Test): void;
  __setTraces(traces: unknown): void;
  snapshotClient: { getSnapshotState(path: string): SnapshotState };
};

interface SnapshotState {
  _uncheckedKeys: Set<string>;
  markSnapshotsAsCheckedForTest(name: string): void;
}

interface Annotation {
  message: string;
  type: string;
}

interface Attempt {
  retry: number;
  repeats: number;
}

const noTraces = {
  $: (_name: string, options: unknown, run?: (span: unknown) => unknown) =>
    (typeof options === "function" ? options : run!)({ addEvent() {}, setAttribute() {}, setAttributes() {} }),
};

export class BacklotRunner extends Base {
  private readonly who = new Map<Task, TestWho>();
  private readonly frames = new Map<Task, Scope>();
  /** What a cassette calls them, each by a name of its own. */
  private readonly names = new Map<Task, string>();
  /** What hooks of groups have asked for of the inside of a service that is deployed. */
  private readonly needed = new Map<Suite, string>();
  private readonly sameName = new Map<string, number>();
  /** Those whose try came to its end. */
  private readonly settled = new Set<Task>();
  private count = 0;
  private again = false;
  private stopped = false;
  /** What is printed and thrown while no frame is open. */
  private readonly outside = { printed: "", late: [] as unknown[] };
  readonly failures: Failures;

  constructor(
    config: Config,
    private readonly loader: Loader,
    private readonly settings: Settings,
  ) {
    super(config);
    this.__setTraces(noTraces);
    this.failures = new Failures(loader, settings);
    native.printed = (level, text) => {
      (scopeIfAny() ?? this.outside).printed += indent(this.failures.printed(text), level === "log" ? "" : `${level}: `);
    };
    native.stopped = (message, stack) => {
      const frame = scopeIfAny();
      return this.failures.outcome([{ message, stack }]).text! + (frame ? takePrinted(frame) + timelines(frame) : "");
    };
    native.results.uncaught((error) => (scopeIfAny() ?? this.outside).late.push(error));
  }

  importFile(path: string): Promise<unknown> {
    return this.loader.import(path);
  }

  // ---- which tests run ----

  onCollected(files: File[]): void {
    const tests: Task[] = [];
    const walk = (task: Task): void => {
      if (task.type === "suite") task.tasks.forEach(walk);
      else tests.push(task);
    };
    files.forEach((file) => file.tasks.forEach(walk));
    this.count = tests.length;
    const list = tests.map((task, index) => this.identify(task, index));
    const broken = files.flatMap((file) => file.result?.errors ?? []);
    if (broken.length) {
      native.results.broken(this.failures.outcome(broken as Failure[]).text! + takePrinted(this.outside));
      files.forEach((file) => (file.mode = "skip"));
      return;
    }
    const planned = new Set(native.results.plan(list));
    tests.forEach((task, i) => {
      if (!planned.has(i)) {
        this.who.delete(task);
        task.mode = "skip";
      } else if (this.settings.listing || task.mode === "skip" || task.mode === "todo") {
        this.tellOf(task, list[i]!);
        task.mode = "skip";
      } else if (this.settings.retry && !(task as Test).retry) {
        (task as Test).retry = { count: this.settings.retry, condition: () => this.again } as never;
      }
    });
    this.skipEmpty(files);
    for (const task of tests) if (task.mode === "run" || task.mode === "queued") this.bindTest(task as Test);
    files.forEach((file) => this.bindHooks(file));
    if (tests.some((task) => task.concurrent)) followFrames();
  }

  /** What the user wrote runs in its test's frame, whatever ran in between. */
  private bindTest(task: Test): void {
    const run = getFn(task) as () => unknown;
    setFn(task, (() => {
      this.frames.get(task)?.enter();
      return run();
    }) as never);
  }

  private bindHooks(suite: Suite): void {
    const hooks = getHooks(suite) as unknown as Record<string, ((...args: never[]) => unknown)[]>;
    for (const name of Object.keys(hooks)) {
      hooks[name] = hooks[name]!.map((hook) => {
        const bound = (...args: unknown[]): unknown => {
          // Those of a test are given its context, which is a function; those of a group the group.
          const tasks = args.map((arg) => (arg as { task?: Task } | null | undefined)?.task);
          (this.frames.get(tasks.find((task) => task && this.frames.has(task)) ?? suite))?.enter();
          return hook(...(args as never[]));
        };
        return copyHook(bound, hook);
      });
    }
    for (const inner of suite.tasks) if (inner.type === "suite") this.bindHooks(inner);
  }

  private tellOf(task: Task, who: TestWho): void {
    const status = this.settings.listing ? "passed" : task.mode === "todo" ? "todo" : "skipped";
    native.results.ended(who, { status, message: status === "skipped" ? "the file skips it" : "" });
    this.who.delete(task);
  }

  /** Hooks of groups that nothing runs in do not run either. */
  private skipEmpty(suites: Suite[]): void {
    for (const suite of suites) {
      this.skipEmpty(suite.tasks.filter((t) => t.type === "suite"));
      if (suite.tasks.every((t) => t.mode === "skip" || t.mode === "todo")) suite.mode = "skip";
    }
  }

  private identify(task: Task, index: number): TestWho {
    const suites: string[] = [];
    for (let s = task.suite; s && s !== (task.file as Suite); s = s.suite) suites.unshift(s.name);
    const { line, column } = task.location
      ? this.loader.original(this.settings.path, task.location.line, task.location.column)
      : { line: 0, column: 0 };
    const who = { index, name: task.name, suites, line, column };
    const name = [...suites, task.name].join(" > ");
    const before = this.sameName.get(name) ?? 0;
    this.sameName.set(name, before + 1);
    this.names.set(task, before ? `${name} (${before + 1})` : name);
    this.who.set(task, who);
    return who;
  }

  // ---- frames ----

  private open(task: Task): Scope {
    const around = task.suite ?? ("filepath" in task ? undefined : (task.file as Suite));
    const outer = around && this.frames.get(around);
    const frame = new Scope(outer, this.names.get(task) ?? hooksOf(task));
    this.frames.set(task, frame);
    return frame;
  }

  private close(task: Task): void {
    this.frames.get(task)?.close();
    this.frames.delete(task);
  }

  override async onBeforeRunSuite(suite: Suite): Promise<void> {
    await super.onBeforeRunSuite(suite);
    if (suite.mode !== "skip") this.open(suite);
  }

  /** Whether the cassette, where there is one, is as it should be; a recording is kept now. */
  private endNet(task: Task, passed: boolean): void {
    const frame = this.frames.get(task);
    const problems = (frame ? native.net.problems(frame.id, passed) : []).map((message) => ({ message, stack: "" }));
    if (problems.length === 0) return;
    if (task.type === "suite") return native.results.broken(this.failures.outcome(problems).text!);
    const result = (task.result ??= { state: "fail" });
    result.state = "fail";
    (result.errors ??= []).push(...problems);
  }

  override async onAfterRunSuite(suite: Suite): Promise<void> {
    if ("filepath" in suite && suite.mode !== "skip") this.keepSnapshots(suite as File);
    const before = suite.result?.errors?.length ?? 0;
    const unsaved = await super.onAfterRunSuite(suite).then(() => undefined, (error: Error) => error);
    const obsolete = (suite.result?.errors?.splice(before) ?? []) as Failure[];
    if (obsolete.length) native.results.broken(this.failures.outcome(obsolete).text!);
    tellWhoIsStuck(suite.result?.errors as Failure[]);
    this.endNet(suite, !suite.result?.errors?.length);
    const needed = neededInside(this.frames.get(suite));
    if (needed) this.needed.set(suite, needed);
    this.close(suite);
    if (!("filepath" in suite)) return;
    this.tellOfSuite(suite);
    if (unsaved) this.tellOfEnd(suite, "(snapshots)", [{ message: unsaved.message, stack: "" }]);
    for (const who of this.stopped ? [] : this.who.values())
      native.results.ended(who, { status: "failed", message: "it never ended", text: `${this.settings.shown}:${who.line}: it never ended\n` });
    this.who.clear();
  }

  /** Snapshots of tests that did not run to their end are not obsolete. */
  private keepSnapshots(file: File): void {
    const state = this.snapshotClient.getSnapshotState(file.filepath);
    // As Vitest's own means it: it takes those of any test whose name is not shorter.
    state.markSnapshotsAsCheckedForTest = (name) => {
      for (const key of state._uncheckedKeys)
        if (key.startsWith(name) && /^( \d+$| > )/.test(key.slice(name.length))) state._uncheckedKeys.delete(key);
    };
    const walk = (task: Task, outer: string): void => {
      const name = outer ? `${outer} > ${task.name}` : task.name;
      if (task.type === "suite") task.tasks.forEach((inner) => walk(inner, name));
      else if (task.result?.state !== "pass") state.markSnapshotsAsCheckedForTest(name);
    };
    file.tasks.forEach((task) => walk(task, ""));
  }

  /** What went wrong in hooks of groups fails every test in them that did not run. */
  private tellOfSuite(suite: Suite): void {
    const errors = (suite.result?.errors ?? []) as Failure[];
    const rest = [...this.who].filter(([task]) => inside(task, suite));
    for (const inner of suite.tasks) if (inner.type === "suite") this.tellOfSuite(inner);
    if (errors.length === 0) return;
    const needed = this.needed.get(suite);
    const outcome: TestOutcome = needed
      ? { status: "skipped", message: reason(needed) }
      : { status: "failed", ...this.failures.outcome(errors) };
    const left = rest.filter(([task]) => this.who.has(task));
    for (const [task, who] of left) {
      native.results.ended(who, outcome);
      this.who.delete(task);
    }
    if (left.length === 0 && !needed) this.tellOfEnd(suite, "(afterAll)", errors);
  }

  /** What fails when the tests of a group have ended is a failure of its own: see run_command.c. */
  private tellOfEnd(suite: Suite, name: string, errors: Failure[]): void {
    const suites: string[] = [];
    for (let s: Suite | undefined = suite; s && !("filepath" in s); s = s.suite) suites.unshift(s.name);
    const outcome = this.failures.outcome(errors);
    const line = outcome.file === this.settings.shown ? outcome.line! : 1;
    const who = { index: this.count++, name, suites, line, column: 0 };
    while (native.results.ended(who, { status: "failed", ...outcome, text: outcome.text + takePrinted(this.outside) }));
  }

  override onBeforeTryTask(task: Test): void {
    super.onBeforeTryTask(task);
    last.idle = false;
    // Vitest asks for errors before it tries again, and keeps them.
    if (this.again) task.result!.errors = [];
    if (!native.results.starts(this.who.get(task)!)) {
      this.stopped = true;
      this.open(task);
      throw new Error("the run was stopped");
    }
    this.open(task);
  }

  async onAfterTryTask(task: Test): Promise<void> {
    super.onAfterTryTask(task);
    this.settled.add(task);
    await this.settle(task);
  }

  /** What a test says of itself is shown when it fails, with what it printed. */
  async onTestAnnotate(task: Test, annotation: Annotation): Promise<Annotation> {
    (this.frames.get(task) ?? this.outside).printed += indent(annotation.message, `${annotation.type}: `);
    return annotation;
  }

  /** A test that failed did not come to its end: what has gone wrong in its services by now may be why. */
  private async failedBeside(task: Test): Promise<Failure[]> {
    const frame = this.frames.get(task);
    if (this.settled.delete(task) || this.stopped || !frame || task.result?.state !== "fail") return [];
    frame.enter();
    await new Promise<void>((resolve) => void host.timers.start(resolve, 0, false));
    return [...failedExchanges(frame), ...frame.late.splice(0)].map((error) => processError(error) as Failure);
  }

  /** What only shows at the end: services that failed late, requests that nobody answered, uncaught errors. */
  private async settle(task: Test): Promise<void> {
    const frame = this.frames.get(task)!;
    const ended = await endOfTest(frame);
    // The engine tells of rejections that nobody handles only when it has nothing else to do.
    frame.enter();
    await new Promise<void>((resolve) => void host.timers.start(resolve, 0, false));
    const errors = [...ended, ...frame.late.splice(0)];
    if (errors.length === 0) return;
    const result = task.result!;
    result.errors ??= [];
    for (const error of errors.slice(1)) result.errors.push(processError(error) as never);
    throw errors[0];
  }

  async onAfterRetryTask(task: Test, attempt: Attempt): Promise<void> {
    try {
      this.tellOfAttempt(task, attempt, await this.failedBeside(task));
    } finally {
      this.close(task);
    }
  }

  private tellOfAttempt(task: Test, attempt: Attempt, beside: Failure[]): void {
    this.endNet(task, task.result!.state === "pass");
    const who = this.who.get(task)!;
    const result = task.result!;
    tellWhoIsStuck(result.errors as Failure[]);
    const frame = this.frames.get(task)!;
    const trace = this.settings.trace ? traceOfTest(frame) : undefined;
    frame.enter();
    this.again = false;
    if (this.stopped) {
      this.who.delete(task);
      return;
    }
    const needed = neededInside(frame);
    if (needed) {
      result.state = "skip"; // so that Vitest does not try again
      this.finish(task, who, { status: "skipped", message: reason(needed) });
      return;
    }
    if (result.state !== "fail") {
      if (result.state === "pass" && attempt.repeats < (task.repeats ?? 0)) return;
      const skipped = result.state === "skip" || result.pending;
      const surprise = "it was expected to fail (it.fails), and passed";
      const failed = !skipped && task.fails;
      this.finish(task, who, {
        status: skipped ? "skipped" : failed ? "failed" : "passed",
        message: skipped ? result.note ?? "" : failed ? surprise : "",
        text: (failed ? `${this.settings.shown}:${who.line}: ${surprise}\n` : "") + takePrinted(frame),
        trace,
      });
      return;
    }
    if (task.fails) {
      this.finish(task, who, { status: "passed", trace });
      return;
    }
    const own = task.retry as unknown;
    if (typeof own === "number" && attempt.retry < own) return; // Vitest's own retries: the last one counts
    const outcome = this.failures.outcome([...((result.errors ?? []) as Failure[]), ...beside]);
    outcome.text += takePrinted(frame) + strangeOrigins(frame) + timelines(frame);
    this.again = native.results.ended(who, { status: "failed", ...outcome, checks: checksOf(task), trace });
    if (!this.again) this.who.delete(task);
  }

  private finish(task: Test, who: TestWho, outcome: TestOutcome): void {
    native.results.ended(who, { ...outcome, checks: checksOf(task) });
    this.who.delete(task);
  }
}

/** What a cassette calls the requests that hooks of a group, or of the file, bring about. */
function hooksOf(task: Task): string {
  const names: string[] = [];
  for (let t: Task | undefined = task; t && !("filepath" in t); t = t.suite) names.unshift(t.name);
  return [...names, "(hooks)"].join(" > ");
}

/** How often a test has called `expect`, its own or everybody's. */
function checksOf(test: Test): number {
  const context = test.context as unknown as { _local?: boolean; expect: typeof expect };
  return (context._local ? context.expect : expect).getState().assertionCalls ?? 0; // asked for, its own is made
}

function takePrinted(from: { printed: string }): string {
  const { printed } = from;
  from.printed = "";
  return printed ? `    it printed:\n${indent(printed, "      ")}` : "";
}

/** Vitest keeps what a hook's time-out and cleanup are by the function itself. */
function copyHook<F extends (...args: never[]) => unknown>(to: F, from: (...args: never[]) => unknown): F {
  for (const key of Reflect.ownKeys(from))
    if (key !== "length" && key !== "name" && key !== "prototype")
      Object.defineProperty(to, key, Object.getOwnPropertyDescriptor(from, key)!);
  return to;
}

function inside(task: Task, suite: Suite): boolean {
  for (let s: Suite | undefined = task.suite ?? task.file; s; s = s.suite ?? (s === s.file ? undefined : s.file))
    if (s === suite) return true;
  return false;
}
