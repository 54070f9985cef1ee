// SPDX-License-Identifier: Apache-2.0
// What tests use of Vitest, for editors and `tsc` in a project that has not installed Vitest; Backlot needs no package to run
// them. Where `vitest` is in node_modules, its own types are the better ones: leave this file out then.

interface ImportMetaEnv {
  [name: string]: any;
}
interface ImportMeta {
  readonly env: ImportMetaEnv;
}

declare module "vitest" {
  type Awaitable<T> = T | PromiseLike<T>;
  type Fn = (...args: any[]) => any;

  // ---- tests ----

  export interface TestContext {
    readonly task: { readonly id: string; readonly name: string; [more: string]: any };
    readonly signal: AbortSignal;
    readonly expect: ExpectStatic;
    skip(note?: string): never;
    skip(condition: boolean, note?: string): void;
    onTestFailed(run: (context: TestContext) => unknown, timeout?: number): void;
    onTestFinished(run: (context: TestContext) => unknown, timeout?: number): void;
    annotate(message: string, type?: string): Promise<unknown>;
  }

  export interface TestOptions {
    /** ms of virtual time. */
    timeout?: number;
    retry?: number;
    repeats?: number;
    concurrent?: boolean;
    sequential?: boolean;
    skip?: boolean;
    only?: boolean;
    todo?: boolean;
    fails?: boolean;
  }

  export type TestFunction<Extra = object> = (context: TestContext & Extra) => Awaitable<unknown>;

  interface TestCall<Extra> {
    (name: string | Fn, run?: TestFunction<Extra>, timeout?: number): void;
    (name: string | Fn, options: TestOptions, run?: TestFunction<Extra>): void;
  }

  interface Each {
    <T extends any[] | [any]>(cases: readonly T[]): EachCall<T>;
    <T extends readonly any[]>(cases: readonly T[]): EachCall<[...T]>;
    <T>(cases: readonly T[]): EachCall<[T]>;
    (strings: TemplateStringsArray, ...values: any[]): EachCall<[any]>;
  }
  interface EachCall<Args extends any[]> {
    (name: string | Fn, run: (...args: Args) => Awaitable<unknown>, timeout?: number): void;
    (name: string | Fn, options: TestOptions, run: (...args: Args) => Awaitable<unknown>): void;
  }

  interface For<Extra> {
    <T>(cases: readonly T[]): {
      (name: string | Fn, run: (one: T, context: TestContext & Extra) => Awaitable<unknown>, timeout?: number): void;
      (name: string | Fn, options: TestOptions, run: (one: T, context: TestContext & Extra) => Awaitable<unknown>): void;
    };
    (strings: TemplateStringsArray, ...values: any[]): (
      name: string | Fn,
      run: (one: any, context: TestContext & Extra) => Awaitable<unknown>,
      timeout?: number,
    ) => void;
  }

  type Fixture<T, Extra> = T | ((context: TestContext & Extra, use: (value: T) => Promise<void>) => Awaitable<void>);
  interface FixtureOptions {
    auto?: boolean;
    injected?: boolean;
    scope?: "test" | "worker" | "file";
  }
  type Fixtures<T, Extra> = {
    [K in keyof T]: Fixture<T[K], Extra & T> | [value: Fixture<T[K], Extra & T>, options?: FixtureOptions];
  };

  /** What makes a fixture that is named by itself. */
  type FixtureMaker<T, Extra> = (context: TestContext & Extra, tools: { onCleanup(run: () => Awaitable<unknown>): void }) => Awaitable<T>;

  export interface TestAPI<Extra = object> extends TestCall<Extra> {
    readonly each: Each;
    readonly for: For<Extra>;
    readonly concurrent: TestAPI<Extra>;
    readonly sequential: TestAPI<Extra>;
    readonly skip: TestAPI<Extra>;
    readonly only: TestAPI<Extra>;
    readonly todo: TestAPI<Extra>;
    readonly fails: TestAPI<Extra>;
    skipIf(condition: any): TestAPI<Extra>;
    runIf(condition: any): TestAPI<Extra>;
    extend<Name extends string, T>(name: Name, options: FixtureOptions, make: FixtureMaker<T, Extra>): TestAPI<Extra & { [K in Name]: T }>;
    extend<Name extends string, T>(name: Name, make: FixtureMaker<T, Extra>): TestAPI<Extra & { [K in Name]: T }>;
    extend<Name extends string, T>(name: Name, options: FixtureOptions, value: T extends Fn ? never : T): TestAPI<Extra & { [K in Name]: T }>;
    extend<Name extends string, T>(name: Name, value: T extends Fn ? never : T): TestAPI<Extra & { [K in Name]: T }>;
    extend<T extends Record<string, any>>(fixtures: Fixtures<T, Extra>): TestAPI<Extra & T>;
    override<Name extends keyof Extra & string>(name: Name, value: Extra[Name] | FixtureMaker<Extra[Name], Extra>): TestAPI<Extra>;
    override(fixtures: Partial<Fixtures<Extra, Extra>>): TestAPI<Extra>;
    scoped(fixtures: Partial<Fixtures<Extra, Extra>>): void;
    readonly describe: SuiteAPI;
    readonly suite: SuiteAPI;
    readonly beforeEach: EachHook<Extra>;
    readonly afterEach: EachHook<Extra>;
    readonly beforeAll: AllHook;
    readonly afterAll: AllHook;
  }

  interface SuiteCall {
    (name: string | Fn, run?: (test: TestAPI) => Awaitable<unknown>, options?: number): void;
    (name: string | Fn, options: TestOptions & { shuffle?: boolean }, run?: (test: TestAPI) => Awaitable<unknown>): void;
  }
  export interface SuiteAPI extends SuiteCall {
    readonly each: Each;
    readonly for: For<object>;
    readonly concurrent: SuiteAPI;
    readonly sequential: SuiteAPI;
    readonly shuffle: SuiteAPI;
    readonly skip: SuiteAPI;
    readonly only: SuiteAPI;
    readonly todo: SuiteAPI;
    skipIf(condition: any): SuiteAPI;
    runIf(condition: any): SuiteAPI;
  }

  export const test: TestAPI;
  export const it: TestAPI;
  export const describe: SuiteAPI;
  export const suite: SuiteAPI;
  export const bench: any;

  type AllHook = (run: (...context: any[]) => Awaitable<unknown>, timeout?: number) => void;
  type EachHook<Extra = object> = (run: (context: TestContext & Extra, ...more: any[]) => Awaitable<unknown>, timeout?: number) => void;
  type AroundHook = (run: (runTest: () => Promise<void>, ...context: any[]) => Awaitable<unknown>, timeout?: number) => void;
  export const beforeAll: AllHook;
  export const afterAll: AllHook;
  export const beforeEach: EachHook;
  export const afterEach: EachHook;
  export const aroundAll: AroundHook;
  export const aroundEach: AroundHook;
  export function onTestFailed(run: (context: TestContext) => Awaitable<unknown>, timeout?: number): void;
  export function onTestFinished(run: (context: TestContext) => Awaitable<unknown>, timeout?: number): void;
  export function inject(key: string): any;
  export function recordArtifact(task: any, artifact: any): Promise<any>;

  // ---- expectations ----

  interface SnapshotMatchers {
    toMatchSnapshot(shape: object, hint?: string): void;
    toMatchSnapshot(hint?: string): void;
    toMatchInlineSnapshot(shape: object, snapshot?: string, hint?: string): void;
    toMatchInlineSnapshot(snapshot?: string, hint?: string): void;
    toMatchFileSnapshot(path: string, hint?: string): Promise<void>;
    toThrowErrorMatchingSnapshot(hint?: string): void;
    toThrowErrorMatchingInlineSnapshot(snapshot?: string, hint?: string): void;
  }

  interface MockMatchers {
    toHaveBeenCalled(): void;
    toHaveBeenCalledTimes(count: number): void;
    toHaveBeenCalledOnce(): void;
    toHaveBeenCalledWith(...args: any[]): void;
    toHaveBeenCalledExactlyOnceWith(...args: any[]): void;
    toHaveBeenNthCalledWith(nth: number, ...args: any[]): void;
    toHaveBeenLastCalledWith(...args: any[]): void;
    toHaveBeenCalledBefore(other: Mock, failIfNoFirst?: boolean): void;
    toHaveBeenCalledAfter(other: Mock, failIfNoFirst?: boolean): void;
    toHaveReturned(): void;
    toHaveReturnedTimes(count: number): void;
    toHaveReturnedWith(value: any): void;
    toHaveLastReturnedWith(value: any): void;
    toHaveNthReturnedWith(nth: number, value: any): void;
    toHaveResolved(): void;
    toHaveResolvedTimes(count: number): void;
    toHaveResolvedWith(value: any): void;
    toHaveLastResolvedWith(value: any): void;
    toHaveNthResolvedWith(nth: number, value: any): void;
    toBeCalled(): void;
    toBeCalledTimes(count: number): void;
    toBeCalledWith(...args: any[]): void;
    nthCalledWith(nth: number, ...args: any[]): void;
    lastCalledWith(...args: any[]): void;
    toReturn(): void;
    toReturnTimes(count: number): void;
    toReturnWith(value: any): void;
    lastReturnedWith(value: any): void;
    nthReturnedWith(nth: number, value: any): void;
  }

  /** For matchers of your own: `declare module "vitest" { interface Matchers<T> { … } }`. */
  export interface Matchers<T = any> {}

  interface JestMatchers<T> {
    toBe<E>(expected: E): void;
    toEqual<E>(expected: E): void;
    toStrictEqual<E>(expected: E): void;
    toMatchObject<E extends object | any[]>(expected: E): void;
    toMatch(expected: string | RegExp): void;
    toContain(item: any): void;
    toContainEqual(item: any): void;
    toHaveLength(length: number): void;
    toHaveProperty(property: string | (string | number)[], value?: any): void;
    toBeCloseTo(number: number, digits?: number): void;
    toBeGreaterThan(number: number | bigint): void;
    toBeGreaterThanOrEqual(number: number | bigint): void;
    toBeLessThan(number: number | bigint): void;
    toBeLessThanOrEqual(number: number | bigint): void;
    toBeNaN(): void;
    toBeNull(): void;
    toBeNullable(): void;
    toBeUndefined(): void;
    toBeDefined(): void;
    toBeTruthy(): void;
    toBeFalsy(): void;
    toBeTypeOf(type: "bigint" | "boolean" | "function" | "number" | "object" | "string" | "symbol" | "undefined"): void;
    toBeInstanceOf(type: any): void;
    toBeOneOf(sample: any[] | Set<any>): void;
    toSatisfy(matches: (value: any) => boolean, message?: string): void;
    toThrow(expected?: any): void;
    toThrowError(expected?: any): void;
  }

  type Awaited_<M> = { [K in keyof M]: M[K] extends (...args: infer A) => any ? (...args: A) => Promise<void> : M[K] };

  /** Chai's words, too: `expect(x).to.equal(y)`. */
  interface ChaiWords {
    readonly to: any; readonly be: any; readonly been: any; readonly is: any; readonly that: any; readonly which: any; readonly and: any;
    readonly has: any; readonly have: any; readonly with: any; readonly at: any; readonly of: any; readonly same: any; readonly but: any;
    readonly does: any; readonly still: any; readonly also: any; readonly deep: any; readonly nested: any; readonly own: any;
    readonly ordered: any; readonly any: any; readonly all: any; readonly a: any; readonly an: any; readonly include: any;
    readonly contain: any; readonly ok: any; readonly true: any; readonly false: any; readonly null: any; readonly undefined: any;
    readonly NaN: any; readonly exist: any; readonly empty: any; readonly equal: any; readonly eql: any; readonly above: any;
    readonly below: any; readonly least: any; readonly most: any; readonly within: any; readonly instanceof: any; readonly property: any;
    readonly lengthOf: any; readonly match: any; readonly string: any; readonly keys: any; readonly throw: any; readonly throws: any;
    readonly satisfy: any; readonly closeTo: any; readonly members: any; readonly oneOf: any;
  }

  export interface Assertion<T = any> extends JestMatchers<T>, MockMatchers, SnapshotMatchers, Matchers<T>, ChaiWords {
    readonly not: Assertion<T>;
    readonly resolves: PromiseAssertion;
    readonly rejects: PromiseAssertion;
  }
  interface PromiseAssertion extends Awaited_<JestMatchers<any> & MockMatchers & Matchers>, ChaiWords {
    readonly not: PromiseAssertion;
    toMatchSnapshot(shapeOrHint?: object | string, hint?: string): Promise<void>;
    toMatchInlineSnapshot(shapeOrSnapshot?: object | string, snapshot?: string, hint?: string): Promise<void>;
    toThrowErrorMatchingSnapshot(hint?: string): Promise<void>;
    toThrowErrorMatchingInlineSnapshot(snapshot?: string, hint?: string): Promise<void>;
  }

  interface Asymmetric {
    stringContaining(text: string): any;
    stringMatching(text: string | RegExp): any;
    objectContaining<T = any>(shape: T): any;
    arrayContaining<T = unknown>(items: readonly T[]): any;
    closeTo(number: number, digits?: number): any;
    schemaMatching(schema: any): any;
    toSatisfy(matches: (value: any) => boolean, message?: string): any;
    toBeOneOf(sample: any[] | Set<any>): any;
  }

  interface MatcherState {
    readonly isNot: boolean;
    readonly promise: string;
    readonly utils: any;
    equals(a: unknown, b: unknown, ...more: any[]): boolean;
    [more: string]: any;
  }
  type RawMatcher = (
    this: MatcherState,
    received: any,
    ...expected: any[]
  ) => Awaitable<{ pass: boolean; message: () => string; actual?: unknown; expected?: unknown }>;

  type SnapshotPrinter = (value: any, config: any, indentation: string, depth: number, refs: any[]) => string;
  export type SnapshotSerializer =
    | {
        test(value: any): boolean;
        serialize(value: any, config: any, indentation: string, depth: number, refs: any[], printer: SnapshotPrinter): string;
      }
    | { test(value: any): boolean; print(value: any, print: (value: any) => string, indent: (text: string) => string, options: any, colors: any): string };

  export interface ExpectStatic extends Asymmetric {
    <T>(actual: T, message?: string): Assertion<T>;
    readonly not: Asymmetric;
    any(type: any): any;
    anything(): any;
    extend(matchers: Record<string, RawMatcher>): void;
    soft<T>(actual: T, message?: string): Assertion<T>;
    poll<T>(actual: () => T, options?: { interval?: number; timeout?: number; message?: string }): PromiseAssertion;
    unreachable(message?: string): never;
    fail(...args: any[]): never;
    assertions(count: number): void;
    hasAssertions(): void;
    assert(condition: any, message?: string): asserts condition;
    addSnapshotSerializer(serializer: SnapshotSerializer): void;
    addEqualityTesters(testers: any[]): void;
    getState(): any;
    setState(state: any): void;
  }

  export const expect: ExpectStatic;
  export function createExpect(test?: any): ExpectStatic;
  export const expectTypeOf: {
    <T>(actual: T): any;
    <T>(): any;
  };
  export function assertType<T>(value: T): void;
  export const assert: {
    (condition: any, message?: string): asserts condition;
    [name: string]: any;
  };
  export const chai: any;
  export const should: any;

  // ---- mocks ----

  export interface MockResult<T> {
    type: "return" | "throw" | "incomplete";
    value: T;
  }
  export interface MockContext<F extends Fn> {
    calls: Parameters<F>[];
    lastCall: Parameters<F> | undefined;
    results: MockResult<any>[];
    settledResults: { type: "fulfilled" | "rejected" | "incomplete"; value: any }[];
    instances: any[];
    contexts: any[];
    invocationCallOrder: number[];
  }
  export interface MockInstance<F extends Fn = Fn> {
    readonly mock: MockContext<F>;
    getMockName(): string;
    mockName(name: string): this;
    mockClear(): this;
    mockReset(): this;
    mockRestore(): void;
    getMockImplementation(): F | undefined;
    mockImplementation(run: F): this;
    mockImplementationOnce(run: F): this;
    withImplementation<R>(run: F, within: () => R): R extends Promise<any> ? Promise<this> : this;
    mockReturnThis(): this;
    mockReturnValue(value: ReturnType<F>): this;
    mockReturnValueOnce(value: ReturnType<F>): this;
    mockThrow(error: unknown): this;
    mockThrowOnce(error: unknown): this;
    mockResolvedValue(value: Awaited<ReturnType<F>>): this;
    mockResolvedValueOnce(value: Awaited<ReturnType<F>>): this;
    mockRejectedValue(error: unknown): this;
    mockRejectedValueOnce(error: unknown): this;
  }
  export interface Mock<F extends Fn = Fn> extends MockInstance<F> {
    new (...args: Parameters<F>): any;
    (...args: Parameters<F>): ReturnType<F>;
  }
  export type MockedFunction<F extends Fn> = Mock<F> & F;
  export type Mocked<T> = { [K in keyof T]: T[K] extends Fn ? MockedFunction<T[K]> : T[K] } & T;

  type Module = string | Promise<any>;
  type Factory = (original: <T = any>() => Promise<T>) => any;

  export interface VitestUtils {
    fn<F extends Fn = Fn>(run?: F): Mock<F>;
    spyOn<T, K extends keyof T>(object: T, method: K, access: "get"): Mock<() => T[K]>;
    spyOn<T, K extends keyof T>(object: T, method: K, access: "set"): Mock<(value: T[K]) => void>;
    spyOn<T, K extends keyof T>(object: T, method: K): T[K] extends Fn ? Mock<T[K]> : Mock;
    mock(module: Module, factoryOrOptions?: Factory | { spy?: boolean }): void;
    unmock(module: Module): void;
    doMock(module: Module, factoryOrOptions?: Factory | { spy?: boolean }): any;
    doUnmock(module: Module): any;
    importActual<T = any>(path: string): Promise<T>;
    importMock<T = any>(path: string): Promise<Mocked<T>>;
    hoisted<T>(run: () => T): T;
    mocked<T>(item: T, options?: any): T extends Fn ? MockedFunction<T> : Mocked<T>;
    mockObject<T>(value: T, options?: { spy?: boolean }): Mocked<T>;
    isMockFunction(value: any): value is Mock;
    clearAllMocks(): this;
    resetAllMocks(): this;
    restoreAllMocks(): this;
    resetModules(): this;
    dynamicImportSettled(): Promise<void>;
    stubGlobal(name: string | symbol | number, value: unknown): this;
    unstubAllGlobals(): this;
    stubEnv(name: string, value: any): this;
    unstubAllEnvs(): this;
    useFakeTimers(options?: any): this;
    useRealTimers(): this;
    isFakeTimers(): boolean;
    setSystemTime(time: number | string | Date): this;
    getMockedSystemTime(): Date | null;
    getRealSystemTime(): number;
    setTimerTickMode(mode: any, interval?: number): this;
    getTimerCount(): number;
    clearAllTimers(): this;
    advanceTimersByTime(ms: number): this;
    advanceTimersByTimeAsync(ms: number): Promise<this>;
    advanceTimersToNextTimer(): this;
    advanceTimersToNextTimerAsync(): Promise<this>;
    advanceTimersToNextFrame(): this;
    runAllTicks(): this;
    runAllTimers(): this;
    runAllTimersAsync(): Promise<this>;
    runOnlyPendingTimers(): this;
    runOnlyPendingTimersAsync(): Promise<this>;
    waitFor<T>(run: () => T | Promise<T>, options?: number | { timeout?: number; interval?: number }): Promise<T>;
    waitUntil<T>(run: () => T | Promise<T>, options?: number | { timeout?: number; interval?: number }): Promise<T>;
    defineHelper<F extends Fn>(run: F): F;
    setConfig(config: any): void;
    resetConfig(): void;
  }
  export const vi: VitestUtils;
  export const vitest: VitestUtils;

  // ---- what is Vitest's own ----

  export const BenchmarkRunner: any;
  export const EvaluatedModules: any;
  export const Snapshots: any;
  export const TestRunner: any;
}
