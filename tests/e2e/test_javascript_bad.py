"""Tests in JavaScript that take too much, files that change under the compiler, and a machine that lacks what they need: one
test or one file is to blame, it is named, and all others run."""

import glob
import os
import signal

from harness import assert_between, assert_equal, assert_in, assert_matches, assert_not_in, sanitized, test
from results import Summary

IT = 'import { describe, expect, it, vi } from "vitest";\n'
OK = IT + 'it("holds", () => expect(1).toBe(1));\n'


def run(t, *args, **options):
    return t.run("test", "--service", t.guest("rust-hello"), *args, **options)


def one_fails(t, body, *words, args=()):
    """The test between two others fails, and they and those of another file do not."""
    t.write("a.test.ts", IT + 'it("before", () => {});\n' + body + 'it("after", () => {});\n')
    t.write("b.test.ts", OK)
    done = run(t, *args, "a.test.ts", "b.test.ts", code=1)
    assert_equal(Summary(done).counts, (3, 1))
    for one in words:
        assert_in(one, done.out)
    return done


def broken(t, *words, files=("a.test.ts", "b.test.ts"), **options):
    """The first file cannot be run and says why; the other one is run all the same."""
    t.write("b.test.ts", OK)
    done = run(t, *files, code=2, **options)
    assert_in("1 passed, 0 failed, 1 file could not be run", done.out)
    for one in words:
        assert_in(one, done.out)
    return done


# ---- tests that take too much ----


@test(alone=True)
def what_grows_without_end_is_stopped(t):
    one_fails(t, 'it("grows", () => { const all: unknown[] = []; for (;;) all.push(new Array(1000).fill(1.5)); });\n',
              "a.test.ts:3: the test took more than 512 MiB of memory and was stopped (--memory)",
              args=("--memory", "512", "--timeout", "1m"))


@test(alone=True)
def a_gigabyte_is_refused_where_it_is_more_than_may_be(t):
    for body in ('new Uint8Array(new ArrayBuffer(1 << 30)).fill(1)', 'Array.from({ length: 1 << 27 }, (_, i) => i + 0.5)',
                 'new Blob(Array.from({ length: 1024 }, () => "x".repeat(1 << 20)))'):
        one_fails(t, 'it("is large", async () => { await %s; });\n' % body, "the test took more than 512 MiB of memory",
                  args=("--memory", "512", "--timeout", "1m"))


@test
def lengths_that_nothing_has_are_errors(t):
    for body, words in (("let s = 'abc'; for (;;) s += s;", "RangeError: Out of memory"),
                        ("new ArrayBuffer(2 ** 40);", "RangeError: length too large"),
                        ("'x'.repeat(2 ** 31);", "RangeError"),
                        ("new Array(-1);", "RangeError")):
        one_fails(t, 'it("is too long", () => { %s });\n' % body, "a.test.ts:3:", words)


@test
def an_expression_that_looks_for_ever_is_stopped(t):
    # The engine gives one of them up after a while, so it takes several.
    looks = 'it("looks", () => { for (let i = 0; i < 100; i++) /^(a+)+$/.test("a".repeat(40) + "b" + i); });\n'
    one_fails(t, looks, "the test took longer than 1 s", args=("--timeout", "1"))


@test
def what_goes_on_asking_the_service_is_stopped(t):
    t.write("a.test.ts", 'import { it, service } from "backlot:test";\nit("asks", async () => { for (;;) await service.fetch("/"); });\n'
            'it("after", () => {});\n')
    done = run(t, "--timeout", "1", "a.test.ts", code=1)
    assert_equal(Summary(done).counts, (1, 1))
    assert_in("the test took longer than 1 s", done.out)


@test
def a_test_that_prints_much_is_cut_short(t):
    done = one_fails(t, 'it("prints", () => { for (let i = 0; i < 100; i++) console.log("x".repeat(1 << 20)); throw new Error("why"); });\n',
                     "a.test.ts:3:96: why\n", args=("--timeout", "60"))
    assert_between(1 << 19, len(done.out), 2 << 20)


@test
def messages_without_end_are_cut_short(t):
    done = one_fails(t, 'it("is long", () => { throw new Error("m".repeat(50 << 20)); });\n', "mmmm")
    assert_between(1 << 10, len(done.out), 3 << 20)


# ---- files that are wrong ----


@test
def modules_that_import_each_other_too_early(t):
    t.write("one.ts", 'import { two } from "./two";\nexport class One extends two() {}\n')
    t.write("two.ts", 'import { One } from "./one";\nexport const two = () => class {};\nexport class Two extends One {}\n')
    t.write("a.test.ts", IT + 'import "./two";\nit("x", () => {});\n')
    broken(t, "one.ts", "Cannot access uninitialized variable")
    broken(t, "one.ts runs before two.ts, for they import each other: one.ts → two.ts → one.ts")


@test
def modules_that_are_missing_when_they_are_asked_for(t):
    """The promise of that import() is rejected, and no more; what is saved later is found."""
    t.write("a.test.ts", IT + 'it("is fine", () => {});\n'
            'it("asks", async () => { const grüße = 1; await import("./nope"); });\n'
            'it("knows", () => expect(import(\n  "no-package/part"\n)).rejects.toThrow("which a.test.ts imports"));\n'
            'it("asks for what it computes", () => expect(import("./no" + "pe")).rejects.toThrow("which a.test.ts imports"));\n')
    done = run(t, "a.test.ts", code=1)
    assert_equal(Summary(done).counts, (3, 1))
    assert_in("a.test.ts:3:56: Cannot find module './nope', which a.test.ts imports\n", done.out)
    t.write("nope.ts", "export {};\n")
    t.write("node_modules/no-package/part.js", "module.exports = 1;\n")
    assert_equal(Summary(run(t, "a.test.ts", code=1)).counts, (2, 2))
    t.write("a.test.ts", IT + 'import "./gone";\nit("x", () => import("./gone_too"));\n')
    broken(t, 'a.test.ts:2:8: Could not resolve "./gone"\n')


@test
def modules_that_import_each_other_in_time(t):
    t.write("one.ts", 'import { two } from "./two";\nexport const one = 1;\nexport const both = () => one + two;\n')
    t.write("two.ts", 'import { one } from "./one";\nexport const two = 2;\nexport const again = () => one + two;\n')
    t.write("a.test.ts", IT + 'import { both } from "./one";\nimport { again } from "./two";\nit("x", () => expect([both(), again()]).toEqual([3, 3]));\n')
    run(t, "a.test.ts", code=0)


@test
def exports_that_are_not_there(t):
    t.write("one.ts", "export const one = 1;\n")
    t.write("a.test.ts", IT + 'import { onne } from "./one";\nit("x", () => expect(onne).toBe(1));\n')
    broken(t, 'a.test.ts:2:10: No matching export in "one.ts" for import "onne"\n')


@test
def an_error_of_types_is_none_of_the_runners(t):
    t.write("a.test.ts", IT + 'const n: number = "text" as string;\nit("is text", () => expect(n).toBe("text"));\n')
    assert_equal(Summary(run(t, "a.test.ts", code=0)).counts, (1, 0))


@test
def a_file_that_cannot_be_read(t):
    t.write("a.test.ts", OK, 0o000)
    if os.access(t.path("a.test.ts"), os.R_OK):
        os.unlink(t.path("a.test.ts"))
        os.symlink("nowhere", t.path("a.test.ts"))
    t.write("b.test.ts", OK)
    done = run(t, "a.test.ts", "b.test.ts")
    assert_equal(done.code, 2)
    assert_in("a.test.ts", done.output)


@test
def bytes_that_are_no_text(t):
    with open(t.path("a.test.ts"), "wb") as f:
        f.write(b"\0\xff\xfe\x80 not a program \xc3" * 100)
    broken(t, "a.test.ts:1:")


# ---- files that change under the compiler ----


def compiler(t, script):
    """An esbuild that runs the script around the real one ("$real" "$@"), counting its runs in $n."""
    # A build folder within another one (build/asan) has what that one fetched.
    folder = os.path.dirname(os.path.abspath(t.program))
    found = [path for at in (folder, os.path.dirname(folder)) for path in glob.glob(os.path.join(at, "deps/js-*/node_modules/@esbuild/*/bin/esbuild"))]
    real = os.path.realpath(found[0])
    t.write("esbuild", '#!/bin/sh\nreal=%s\necho >>"%s"\nn=$(wc -l <"%s")\n%s\n' % (real, t.path("runs"), t.path("runs"), script), 0o755)
    t.fresh_cache()
    return {"BACKLOT_ESBUILD": t.path("esbuild")}


def left(t):
    return [path for path in glob.glob(os.path.join(t.cache, "backlot/javascript/*")) if not path.endswith(".js")]


@test
def a_file_that_is_saved_while_it_is_compiled_is_compiled_anew(t):
    t.write("a.test.ts", IT + 'it("old", () => expect(1).toBe(2));\n')
    t.write("new.ts", IT + 'import { x } from "./x";\nit("is new", () => expect(x).toBe(1));\n')
    t.write("x.ts", "export const x = 1;\n")
    for at in (1, 2):
        t.write("a.test.ts", IT + 'it("old", () => expect(1).toBe(2));\n')
        t.write("runs", "")
        done = run(t, "a.test.ts", env=compiler(t, '"$real" "$@" || exit\n[ $n != %d ] || cp %s %s' % (at, t.path("new.ts"), t.path("a.test.ts"))))
        assert_equal(Summary(done).counts, (1, 0))
        assert_equal(left(t), [])


@test
def a_file_that_disappears_while_it_is_compiled(t):
    t.write("a.test.ts", OK)
    broken(t, "it does not compile", "a.test.ts", env=compiler(t, '"$real" "$@"; code=$?\n[ $n != 1 ] || rm %s\nexit $code' % t.path("a.test.ts")),
           files=("--jobs", "1", "a.test.ts", "b.test.ts"))


@test
def a_file_that_is_saved_again_and_again(t):
    t.write("a.test.ts", OK)
    done = run(t, "a.test.ts", env=compiler(t, '"$real" "$@" || exit\necho "// $n" >>%s' % t.path("a.test.ts")), code=2)
    assert_in("a.test.ts: it is changed again and again while it is read", done.out)


@test
def a_compiler_that_fails_says_so(t):
    t.write("a.test.ts", OK)
    done = run(t, "a.test.ts", env=compiler(t, "echo this machine is full >&2; exit 3"), code=2)
    assert_in("this machine is full", done.out)
    done = run(t, "a.test.ts", env=compiler(t, "kill -9 $$"), code=2)
    assert_in("a.test.ts", done.out)


# ---- what is not installed ----


@test
def without_esbuild_it_is_said_how_to_name_one(t):
    t.fresh_cache()
    t.write("a.test.ts", OK)
    t.write("no-program", "text")
    for path, why in (("/nowhere/esbuild", "No such file or directory"), (t.path("no-program"), "Permission denied")):
        done = run(t, "a.test.ts", env={"BACKLOT_ESBUILD": path}, code=2)
        assert_in("esbuild, which compiles JavaScript and TypeScript, cannot be executed: %s cannot be run: %s" % (path, why), done.out)
        assert_in("BACKLOT_ESBUILD names another one", done.out)


@test
def without_javascriptcore_it_is_said_what_to_install(t):
    for version in ("4.1.so.0", "6.0.so.1", "4.0.so.18"):
        t.write("lib/libjavascriptcoregtk-" + version, "no library")
    t.write("a.test.ts", OK)
    t.write("b.fiddle", "GET /\n  clientFetch.status is 200\n")
    done = run(t, "a.test.ts", "b.fiddle", env={"LD_LIBRARY_PATH": t.path("lib")}, code=2)
    assert_in("1 passed, 0 failed, 1 file could not be run", done.out)
    assert_in("a.test.ts: JavaScript needs JavaScriptCore, which is not installed; on Debian: apt-get install "
              "libjavascriptcoregtk-4.1-0", done.out)


# ---- snapshots of several writers ----


@test
def tests_with_one_name_have_a_snapshot_each(t):
    t.write("a.test.ts", IT + 'it("same", () => expect(1).toMatchSnapshot());\nit("same", () => expect(2).toMatchSnapshot());\n')
    for _ in range(2):
        assert_equal(Summary(run(t, "a.test.ts", code=0)).counts, (2, 0))
    assert_in("exports[`same 2`] = `2`;\n", t.read("__snapshots__/a.test.ts.snap"))


@test
def processes_that_write_one_file_of_snapshots_write_it_whole(t):
    t.write("a.test.ts", IT + 'for (let i = 0; i < 50; i++) it(`test ${i}`, () => expect("x".repeat(1000)).toMatchSnapshot());\n')
    run(t, "a.test.ts", "--repeat", "6", "--jobs", "3", code=0)
    assert_equal(os.listdir(t.path("__snapshots__")), ["a.test.ts.snap"])
    text = t.read("__snapshots__/a.test.ts.snap")
    assert_equal((text.count("exports["), text.count("x" * 1000)), (50, 50))
    assert_equal(Summary(run(t, "a.test.ts", env={"CI": "1"}, code=0)).counts, (50, 0))


@test
def a_damaged_file_of_snapshots(t):
    t.write("a.test.ts", IT + 'it("one", () => expect(1).toMatchSnapshot());\n')
    t.write("b.test.ts", OK)
    t.write("__snapshots__/a.test.ts.snap", "exports[`one 1`] = `1`;\nexports[`two")
    done = run(t, "a.test.ts", "b.test.ts")
    assert_in("1 passed" if done.code else "2 passed", done.out)


@test
def snapshots_where_nothing_can_be_written(t):
    t.write("a.test.ts", IT + 'it("one", () => expect(1).toMatchSnapshot());\n')
    t.write("b.test.ts", OK)
    t.write("__snapshots__", "a file where the folder should be")
    done = run(t, "a.test.ts", "b.test.ts", code=1)
    assert_in("__snapshots__/a.test.ts.snap cannot be written", done.out)


# ---- interruptions, and who reports ----


def processes_of(t):
    """Processes whose current folder is the test's."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink("/proc/%s/cwd" % name).startswith(t.work):
                found.append(int(name))
        except OSError:
            continue
    return found


@test
def ctrl_c_while_it_compiles_leaves_no_process_and_no_half_program(t):
    t.write("a.test.ts", OK)
    env = compiler(t, '"$real" "$@" || exit\n[ $n != 2 ] || { : >compiled; exec sleep 100; }')
    with t.background("test", "--service", t.guest("rust-hello"), "a.test.ts", env=env) as running:
        t.eventually(lambda: os.path.exists(t.path("compiled")), "the compiler's second run")
        running.process.send_signal(signal.SIGINT)
        assert_equal(running.process.wait(30), 130)
        running.process.returncode = 0  # for the harness
        t.eventually(lambda: not processes_of(t), "the end of all processes")
    assert_not_in(".js", [os.path.splitext(path)[1] for path in glob.glob(os.path.join(t.cache, "backlot/javascript/*"))])
    os.unlink(t.path("esbuild"))
    assert_equal(Summary(run(t, "a.test.ts", code=0)).counts, (1, 0))
    assert_equal(left(t), [])


@test
def ctrl_c_in_a_test_ends_all_and_leaves_snapshots_as_they_were(t):
    t.write("a.test.ts", IT + 'it("one", () => expect(1).toMatchSnapshot());\nit("loops", () => { for (;;) {} });\n')
    t.write("__snapshots__/a.test.ts.snap", "// Snapshot v1\n\nexports[`one 1`] = `1`;\n")
    with t.background("test", "--service", t.guest("rust-hello"), "--timeout", "1m", "-u", "--reporter", "tap", "--reporter", "json=out.json",
                      "a.test.ts") as running:
        t.eventually(lambda: "ok 1" in running.out or len(processes_of(t)) > 1, "a worker")
        running.process.send_signal(signal.SIGINT)
        assert_equal(running.process.wait(30), 130)
        running.process.returncode = 0  # for the harness
        t.eventually(lambda: not processes_of(t), "the end of all processes")
    assert_in("exports[`one 1`] = `1`;\n", t.read("__snapshots__/a.test.ts.snap"))
    assert_in('"interrupted": true', t.read("out.json"))
    assert_equal(sorted(os.listdir(t.work)), ["__snapshots__", "a.test.ts", "out.json"])


@test
def annotations_for_github_stand_where_it_failed(t):
    t.write("shop/lib/help.ts", 'export function fail(): never {\n  throw new TypeError("broken");\n}\n')
    t.write("shop/a.test.ts", IT + 'import { fail } from "./lib/help";\ndescribe("group", () => { it("fails, 100%", () => fail()); });\n'
            'it("differs", () => expect({ a: 1 }).toEqual({ a: 2 }));\n')
    t.write("shop/b.test.ts", "let = 1;;\n((\n")
    t.write("shop/c.test.ts", 'import "./lib/wrong";\n')
    t.write("shop/lib/wrong.ts", "\n\n  let let\n")
    t.write("shop/d.test.ts", 'throw new Error("at the top");\n')
    done = run(t, "shop", "--reporter", "json=out.json", "--reporter", "github", env={"GITHUB_WORKSPACE": t.work}, code=2)
    assert_in("::error file=shop/lib/wrong.ts,line=3,col=", done.out)
    assert_in("::error file=shop/lib/help.ts,line=2,col=", done.out)
    assert_in("::error file=shop/d.test.ts,line=1,col=", done.out)
    done = run(t, "a.test.ts", "b.test.ts", "--reporter", "github", cwd=t.path("shop"), env={"GITHUB_WORKSPACE": t.work}, code=2)
    assert_matches(r"^::error file=shop/lib/help.ts,line=2,col=\d+,title=group > fails%2C 100%25::lib/help.ts:2:\d+: TypeError: broken%0A", done.out)
    assert_matches(r"^::error file=shop/a.test.ts,line=4,col=\d+,title=differs::a.test.ts:4:\d+: expected { a: 1 }", done.out)
    assert_matches(r"^::error file=shop/b.test.ts,line=3,col=1,title=b.test.ts::b.test.ts: it does not compile%0A    b.test.ts:3:1: Unexpected end", done.out)


@test
def a_report_that_cannot_be_written_ends_the_run_before_it_begins(t):
    t.write("a.test.ts", IT + 'import { writeFile } from "./nowhere";\n')
    done = run(t, "a.test.ts", "--reporter", "json=no/such/folder/out.json", code=2)
    assert_in("no/such/folder/out.json", done.err)
    assert_not_in("nowhere", done.output)
