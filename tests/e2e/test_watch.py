"""`backlot test --watch`: what a change runs again, and how soon."""

import contextlib
import os
import re
import signal
import time

from harness import assert_between, assert_equal, assert_in, assert_not_in, sanitized, test
from results import SUMMARY

HOLDS = "GET /\n  clientFetch.status is 200\n"
FAILS = "GET /\n  clientFetch.status is 201\n"
STORE = '[local_server.config_stores.config]\nformat = "json"\nfile = "config.json"\n'


class Watching:
    def __init__(self, t, running):
        self.t, self.running, self.runs = t, running, 0

    def result(self):
        """The text and the counts of the next run that ends."""
        before = self.runs
        self.t.eventually(lambda: len(re.findall(SUMMARY, self.running.out, re.MULTILINE)) > before, "a run")
        found = list(re.finditer(SUMMARY, self.running.out, re.MULTILINE))
        self.runs += 1
        begin = found[self.runs - 2].end() if self.runs > 1 else 0
        this = found[self.runs - 1]
        self.t.eventually(lambda: len(re.findall("^watching ", self.running.err, re.MULTILINE)) >= self.runs, "waiting")
        return self.running.out[begin:this.end()], (int(this.group(1)), int(this.group(2)), int(this.group(3) or 0))


@contextlib.contextmanager
def watching(t, *args, **options):
    with t.background("test", "--watch", *args, **options) as running:
        yield Watching(t, running)


@test
def a_changed_test_file_runs_again_and_no_other(t):
    t.write("a.fiddle", HOLDS)
    t.write("tests/b.fiddle", HOLDS)
    with watching(t, "--service", t.guest("rust-hello")) as w:
        assert_equal(w.result()[1], (2, 0, 0))
        t.write("tests/b.fiddle", FAILS)
        text, counts = w.result()
        assert_equal(counts, (0, 1, 0))
        assert_in("FAILED tests/b.fiddle:1", text)
        assert_in("\nchanged: tests/b.fiddle (1 of 2 test files)\n", w.running.err)
        t.write("tests/b.fiddle.new", HOLDS)
        os.rename(t.path("tests/b.fiddle.new"), t.path("tests/b.fiddle"))  # as editors save
        assert_equal(w.result()[1], (1, 0, 0))
        t.write("tests/b.fiddle", "GET /\n  oops\n")
        assert_equal(w.result()[1], (0, 0, 1))
        t.write("tests/b.fiddle", HOLDS)
        assert_equal(w.result()[1], (1, 0, 0))


@test
def new_files_run_and_removed_ones_are_forgotten(t):
    t.write("tests/a.fiddle", HOLDS)
    with watching(t, "--service", t.guest("rust-hello")) as w:
        assert_equal(w.result()[1], (1, 0, 0))
        t.write("tests/new.fiddle", HOLDS)
        assert_equal(w.result()[1], (1, 0, 0))
        t.write("tests/deep/er.fiddle", HOLDS)
        assert_equal(w.result()[1], (1, 0, 0))
        os.remove(t.path("tests/new.fiddle"))
        t.write("tests/a.fiddle", HOLDS + HOLDS)
        assert_equal(w.result()[1], (1, 0, 0))
        assert_in("changed: tests/a.fiddle (1 of 2 test files)\n", w.running.err)


@test
def a_changed_guest_manifest_or_fixture_runs_its_projects_tests(t):
    test_text = 'GET /config-store\n  clientFetch.bodyText notIncludes "failed"\n'
    for project in ("one", "two"):
        t.write(project + "/fastly.toml", STORE)
        t.write(project + "/config.json", '{"greeting": "hello", "empty": ""}')
        t.write(project + "/tests/a.fiddle", test_text)
        t.write(project + "/tests/b.fiddle", test_text)
        os.mkdir(t.path(project + "/bin"))
        os.symlink(t.guest("rust-abi"), t.path(project + "/bin/main.wasm"))
    with watching(t) as w:
        assert_equal(w.result()[1], (4, 0, 0))
        t.write("two/config.json", '{"greeting": "bye", "empty": ""}')
        assert_equal(w.result()[1], (0, 2, 0))
        t.write("two/fastly.toml", STORE + "[oops\n")
        assert_equal(w.result()[1], (0, 0, 2))
        t.write("two/fastly.toml", STORE)
        assert_equal(w.result()[1], (0, 2, 0))
        t.write("two/config.json", '{"greeting": "hello", "empty": ""}')
        assert_equal(w.result()[1], (2, 0, 0))
        os.remove(t.path("one/bin/main.wasm"))
        assert_equal(w.result()[1], (0, 0, 2))
        os.symlink(t.guest("rust-abi"), t.path("one/bin/main.wasm"))
        assert_equal(w.result()[1], (2, 0, 0))
        assert_in("changed: one/bin/main.wasm (2 of 4 test files)\n", w.running.err)


@test
def a_file_that_a_test_in_javascript_read_runs_it(t):
    t.write("fixture.json", '{"ok": true}')
    t.write("a.test.ts", 'import { readFileSync } from "node:fs";\nimport { expect, it } from "vitest";\n'
            'it("reads", () => expect(JSON.parse(readFileSync("fixture.json", "utf8")).ok).toBe(true));\n')
    t.write("b.test.ts", 'import { it } from "vitest";\nit("reads nothing", () => {});\n')
    with watching(t, "--service", t.guest("rust-hello")) as w:
        assert_equal(w.result()[1], (2, 0, 0))
        t.write("fixture.json", '{"ok": false}')
        assert_equal(w.result()[1], (0, 1, 0))
        t.write("fixture.json", '{"ok": true}')
        assert_equal(w.result()[1], (1, 0, 0))


@test
def what_a_run_needed_that_failed_runs_it_again(t):
    helper = "export const answer = 42;\n"
    t.write("tests/h.ts", helper)
    t.write("tests/f.txt", "42")
    t.write("tests/a.test.ts", 'import { readFileSync } from "node:fs";\nimport { expect, it } from "vitest";\n'
            'import { answer } from "./h";\n'
            'it("reads", () => expect(readFileSync("tests/f.txt", "utf8")).toBe(String(answer)));\n')
    t.write("b.test.ts", 'import { it } from "vitest";\nit("reads nothing", () => {});\n')
    with watching(t, "--service", t.guest("rust-hello")) as w:
        assert_equal(w.result()[1], (2, 0, 0))
        for file, text, failed in (("tests/h.ts", helper, (0, 0, 1)), ("tests/f.txt", "42", (0, 1, 0))):
            for spoil in (lambda f: t.write(f, "export const = ;\n"), lambda f: os.remove(t.path(f))):
                spoil(file)
                assert_equal(w.result()[1], failed)
                t.write(file, text)
                assert_equal(w.result()[1], (1, 0, 0))
    assert_in("\nchanged: tests/f.txt (1 of 2 test files)\n", w.running.err)


@test
def what_the_first_run_needed_and_did_not_find_runs_it_again(t):
    t.write("a.test.ts", 'import { readFileSync } from "node:fs";\nimport { expect, it } from "vitest";\n'
            'import { answer } from "./h";\n'
            'it("reads", () => expect(readFileSync("f.txt", "utf8")).toBe(String(answer)));\n')
    with watching(t, "--service", t.guest("rust-hello")) as w:
        assert_equal(w.result()[1], (0, 0, 1))
        t.write("h.ts", "export const = ;\n")
        assert_equal(w.result()[1], (0, 0, 1))
        t.write("h.ts", "export const answer = 42;\n")
        assert_equal(w.result()[1], (0, 1, 0))
        t.write("f.txt", "42")
        assert_equal(w.result()[1], (1, 0, 0))


@test
def a_saved_test_in_javascript_is_told_of_once(t):
    text = 'import { it } from "vitest";\nit("holds", () => {});\n'
    t.write("tests/a.test.ts", text)
    with watching(t, "--service", t.guest("rust-hello")) as w:
        assert_equal(w.result()[1], (1, 0, 0))
        t.write("tests/a.test.ts", text + "\n")
        assert_equal(w.result()[1], (1, 0, 0))
        assert_in("\nchanged: tests/a.test.ts (1 of 1 test files)\n", w.running.err)
        t.write("tests/b.test.ts", text)
        assert_equal(w.result()[1], (1, 0, 0))
        assert_in("(1 of 2 test files)\nwatching 2 test files;", w.running.err)


@test
def a_file_that_is_saved_in_the_run_that_first_reads_it_runs_it_again(t):
    t.write("fixture.json", '{"ok": false}')
    t.write("a.test.ts", 'import { readFileSync } from "node:fs";\nimport { expect, it } from "vitest";\n'
            'import { service } from "backlot:test";\n'
            'it("reads", async () => {\n'
            '  const text = readFileSync("fixture.json", "utf8");\n'
            '  await service.fetch("/loop");\n'
            '  expect(JSON.parse(text).ok).toBe(true);\n});\n')
    with watching(t, "--service", t.guest("rust-abi"), "--limits", "enforce", "--timeout", "2s") as w:
        time.sleep(1)  # the guest loops by now, and the test has read
        t.write("fixture.json", '{"ok": true}')
        text, counts = w.result()
        assert_equal(counts[1], 1)
        assert_in("changed: fixture.json (1 of 1 test files)", (w.result(), w.running.err)[1])


@test(alone=True)
def the_result_is_there_within_100_ms_of_the_save(t):
    t.write("a.fiddle", HOLDS)
    for i in range(50):
        t.write("tests/%02d.fiddle" % i, HOLDS)
    taken = []
    with watching(t, "--service", t.guest("rust-hello")) as w:
        w.result()
        for i in range(10):
            begun = time.monotonic()
            t.write("a.fiddle", HOLDS * (i + 2))
            w.result()
            taken.append(time.monotonic() - begun)
    if not sanitized():
        assert_between(0, sorted(taken)[5], 0.1)


@test
def a_change_during_a_run_is_not_lost(t):
    t.write("a.fiddle", HOLDS)
    t.write("b.fiddle", "GET /loop\n")
    with watching(t, "--service", t.guest("rust-abi"), "--timeout", "700ms", "--jobs", "2") as w:
        # While b takes its time, a changes.
        t.eventually(lambda: os.path.exists("/proc/%d" % w.running.process.pid), "the process")
        time.sleep(0.3)
        t.write("a.fiddle", FAILS)
        text, counts = w.result()
        if "FAILED a.fiddle" not in text:  # else it was read only after the change
            assert_in("FAILED a.fiddle", w.result()[0])


@test
def ctrl_c_ends_watching(t):
    t.write("a.fiddle", HOLDS)
    for how in (signal.SIGINT, signal.SIGTERM):
        with watching(t, "--service", t.guest("rust-hello"), "--reporter", "tap") as w:
            w.running.wait_for("^watching 1 test file;")
            assert_equal(w.running.stop(how), 0)
            assert_not_in("watching", w.running.out)


@test
def what_cannot_be_watched_is_refused(t):
    t.write("a.fiddle", HOLDS)
    assert_in("--watch and --list are no pair", t.run("test", "--watch", "--list", code=2).err)
    assert_in("--watch and --shard are no pair", t.run("test", "--watch", "--shard", "1/2", code=2).err)
    assert_in("nope: No such file", t.run("test", "--watch", "nope", code=2).err)


@test
def a_changed_cassette_runs_its_test_file(t):
    har = '{"log":{"entries":[{"request":{"method":"GET","url":"http://127.0.0.1:1/proxy"},"response":{"status":%d}}]}}'
    t.write("fastly.toml", '[local_server.backends.origin]\nurl = "http://127.0.0.1:1"\n')
    t.write("a.fiddle", "GET /proxy\n  clientFetch.status is 200\n")
    t.write("a.fiddle.har", har % 200)
    with watching(t, "--net", "replay", "--service", t.guest("rust-abi")) as w:
        assert_equal(w.result()[1], (1, 0, 0))
        t.write("a.fiddle.har", har % 404)
        assert_equal(w.result()[1], (0, 1, 0))
        t.write("a.fiddle.har", "{")
        assert_equal(w.result()[1], (0, 0, 1))
        t.write("a.fiddle.har", har % 200)
        assert_equal(w.result()[1], (1, 0, 0))
