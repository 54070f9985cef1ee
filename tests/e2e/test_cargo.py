"""`backlot run` as cargo's runner of Rust test programs: libtest's arguments and reports, a test an instance, and tests
that die in every way there is."""

import json
import os
import re
import shutil
import signal
import subprocess
import xml.etree.ElementTree as ElementTree

import harness
from harness import ROOT, Failure, Response, assert_between, assert_equal, assert_in, assert_matches, assert_not_in, test

MANIFEST = """manifest_version = 3
name = "tests"
language = "rust"

[local_server.backends.origin]
url = "%s"

[local_server.config_stores.settings]
format = "inline-toml"
contents = { greeting = "the world" }

[local_server]
kv_stores.visits = []
secret_stores.secrets = [{ key = "key", data = "hidden" }]
"""

GOOD = 11  # of the tests in `tests`; three more are ignored
BAD = 13


def hello(_request):
    return Response(200, body=b"hello from the origin")


def write_manifest(t, url="http://127.0.0.1:9"):
    t.write("fastly.toml", MANIFEST % url)


def run_tests(t, *args, guest="rust-tests", code=None, options=(), env=None):
    if not os.path.exists(t.path("fastly.toml")):
        write_manifest(t)
    return t.run("run", "-C", "fastly.toml", *options, "--", t.guest(guest), *args, code=code, env=env)


def section(out, name):
    """What is shown below a failed test's name."""
    found = re.search(r"^---- %s stdout ----\n(.*?)(?=^---- |\nfailures:\n)" % re.escape(name), out, re.M | re.S)
    if not found:
        raise Failure("no section of %s in\n%s" % (name, out[:5000]))
    return found.group(1)


# ---- what is run ----


@test
def each_test_runs_and_is_reported_in_a_line(t):
    done = run_tests(t, "tests::", code=0)
    assert_in("\nrunning 14 tests\n", done.out)
    for name in ("divides", "prints", "returns_a_result", "takes_the_dummy_request", "counts_the_first_visit",
                 "counts_the_first_visit_again", "sees_no_environment_of_the_host"):
        assert_in("\ntest tests::%s ... ok\n" % name, done.out)
    assert_in("\ntest tests::ignored ... ignored\n", done.out)
    assert_in('\ntest tests::ignored_with_a_reason ... ignored, takes "long"\n', done.out)
    assert_matches(r"\ntest result: ok\. %d passed; 0 failed; 3 ignored; 0 measured; %d filtered out; finished in "
                   r"\d+\.\d\ds\n\n\Z" % (GOOD, BAD), done.out)
    assert_equal(done.err, "")


@test
def tests_that_should_panic_are_run_and_must_panic(t):
    done = run_tests(t, "panic", "--include-ignored", code=101)
    for name in ("tests::should_panic", "tests::should_panic_with_a_message", "tests::ignored_and_should_panic"):
        assert_in("\ntest %s - should panic ... ok\n" % name, done.out)
    assert_in("\ntest bad::does_not_panic - should panic ... FAILED\n", done.out)
    assert_equal(section(done.out, "bad::does_not_panic"), "note: test did not panic as expected\n")
    assert_in('note: panic did not contain expected string\n      panic message: "division of 1 by nothing"\n'
              ' expected substring: "something else"\n', section(done.out, "bad::panics_with_another_message"))
    assert_in("note: the test trapped: wasm `unreachable` instruction executed",
              section(done.out, "bad::traps_where_it_should_panic"))


@test
def a_test_that_dies_costs_itself_alone(t):
    done = run_tests(t, "--skip", "for_ever", code=101)
    assert_in("; %d failed; 3 ignored; 0 measured; 2 filtered out;" % (BAD - 2), done.out)
    assert_in(". %d passed;" % GOOD, done.out)
    assert_matches(r"before it fails\n.*panicked at src/lib\.rs:\d+:\d+:\nassertion `left == right` failed: the wrong "
                   r"number\n.*\nbacktrace:\n   0: backlot_guest_tests::bad::fails\n", section(done.out, "bad::fails"))
    assert_not_in("__rust_begin_short_backtrace", done.out)
    assert_in('Error: "returned by the test"\n', section(done.out, "bad::returns_an_error"))
    assert_in("the test ended the program (exit code 0) before it was over", section(done.out, "bad::exits_well"))
    assert_in("the test ended the program (exit code 3) before it was over", section(done.out, "bad::exits"))
    assert_in("the test trapped: call stack exhausted", section(done.out, "bad::recurses"))
    assert_in("memory allocation of 1048576 bytes failed", section(done.out, "bad::fills_the_memory"))
    flood = section(done.out, "bad::floods")
    assert_between(4 << 20, len(flood), 5 << 20)
    assert_matches(r"\n\(\d+ bytes of output more\)\n.*after the flood", flood[-20000:])


@test
def a_test_that_never_ends_is_stopped(t):
    done = run_tests(t, "for_ever", "divides", options=["--timeout", "1s"], code=101)
    assert_matches(r"before the loop\n(.*\n)*note: .*(CPU time of 1\.000 s|longer than 1 s)",
                   section(done.out, "bad::loops_for_ever"))
    assert_in("before the sleep\nnote: the guest used up its wall time of 1.000 s while it waited in "
              "wasi_snapshot_preview1.poll_oneoff\n", section(done.out, "bad::sleeps_for_ever"))
    assert_in("\ntest tests::divides ... ok\n", done.out)


@test
def filters_choose_as_libtest_s_do(t):
    def names(*args):
        return re.findall(r"^test (\S+) .*\.\.\. ", run_tests(t, *args).out, re.M)

    assert_equal(sorted(names("divides", "logs")), ["tests::divides", "tests::logs"])
    assert_equal(names("tests::should_panic", "--exact"), ["tests::should_panic"])
    assert_equal(names("nothing_like_this"), [])
    assert_equal(sorted(names("tests::ignored", "--skip", "reason")),
                 ["tests::ignored", "tests::ignored_and_should_panic"])
    assert_equal(len(names("tests::", "--ignored")), 3)
    assert_in("1 passed; 0 failed; 0 ignored", run_tests(t, "tests::ignored", "--exact", "--ignored", code=0).out)
    assert_in("running 0 tests", run_tests(t, "tests::divides", "--exact", "--ignored", code=0).out)


@test
def integration_tests_reach_backends_stores_and_logs(t):
    with t.origin(hello) as origin:
        write_manifest(t, origin.url)
        done = run_tests(t, guest="rust-tests-it", code=0)
        assert_in("3 passed; 0 failed", done.out)
        assert_equal([r.target for r in origin.requests], ["/greeting"])
    assert_in("visits :: logged by a test\n", run_tests(t, "tests::logs", "--show-output", code=0).out)


@test
def many_tests_take_little_time_and_a_lie_is_found(t):
    done = run_tests(t, "-q", guest="c-tests", code=101)
    assert_in("5000 passed; 1 failed;", done.out)
    assert_in("---- ghost stdout ----\nnote: the test program lists this test, but has none of that name", done.out)


# ---- what is printed ----


@test
def what_tests_print_is_shown_when_they_fail_or_when_it_is_asked_for(t):
    printed = "a line on stdout\na line on stderr\nno end of line"
    assert_not_in("a line on", run_tests(t, "tests::prints", "--exact", code=0).output)
    done = run_tests(t, "tests::prints", "--exact", "--show-output", code=0)
    assert_in("\nsuccesses:\n\n---- tests::prints stdout ----\n%s\n\nsuccesses:\n    tests::prints\n" % printed, done.out)
    done = run_tests(t, "tests::prints", "--exact", "--nocapture", code=0)
    assert_in("a line on stdout\nno end of line", done.out)
    assert_equal(done.err, "a line on stderr\n")
    done = run_tests(t, "tests::prints", "--exact", code=0, env={"RUST_TEST_NOCAPTURE": "1"})
    assert_in("a line on stdout\n", done.out)


@test
def what_looks_like_libtest_s_own_is_the_test_s_output(t):
    done = run_tests(t, "looks_like", "--show-output", code=0)
    assert_in("stdout ----\nok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored\n\nFAILED\n\nfailures:\n", done.out)
    assert_in("test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 26 filtered out;", done.out)


@test
def the_list_is_the_program_s_own(t):
    done = run_tests(t, "--list", code=0)
    assert_in("tests::divides: test\n", done.out)
    assert_matches(r"\n27 tests, 0 benchmarks\n\Z", done.out)
    terse = run_tests(t, "--list", "--format", "terse", code=0).out
    assert_equal(len(terse.splitlines()), 27)
    assert_equal(len(run_tests(t, "--list", "--format", "terse", "--ignored", code=0).out.splitlines()), 3)
    lines = [json.loads(line) for line in run_tests(t, "divides", "--list", "--format=json", code=0).out.splitlines()]
    assert_equal([line.get("name") for line in lines if line["event"] == "discovered"], ["tests::divides"])


@test
def json_is_a_stream_of_events(t):
    for unlock in ([], ["-Z", "unstable-options"]):
        done = run_tests(t, "--format", "json", "--report-time", "--skip", "for_ever", "--skip", "floods", *unlock, code=101)
        events = [json.loads(line) for line in done.out.splitlines()]
        assert_equal(events[0], {"type": "suite", "event": "started", "test_count": 24})
        suite = events[-1]
        assert_equal((suite["type"], suite["event"], suite["passed"], suite["failed"], suite["ignored"],
                      suite["filtered_out"]), ("suite", "failed", GOOD, BAD - 3, 3, 3))
        begun, ended = set(), {}
        for event in events[1:-1]:
            if event["event"] == "started":
                begun.add(event["name"])
            else:
                assert_in(event["name"], begun)
                ended[event["name"]] = event
        assert_equal(len(ended), 24)
        assert_equal(ended["tests::ignored_with_a_reason"]["message"], 'takes "long"')
        assert_in("the wrong number", ended["bad::fails"]["stdout"])
        assert_between(0, ended["tests::divides"]["exec_time"], 60)


@test
def junit_is_a_document(t):
    done = run_tests(t, "--format=junit", "--skip", "for_ever", "--skip", "floods", code=101)
    suite = ElementTree.fromstring(done.out).find("testsuite")
    cases = {(case.get("classname"), case.get("name")): case for case in suite.findall("testcase")}
    assert_equal((suite.get("tests"), suite.get("failures"), suite.get("skipped"), len(cases)),
                 ("24", str(BAD - 3), "3", 24))
    assert_equal(cases["tests", "ignored_with_a_reason"].find("skipped").get("message"), 'takes "long"')
    assert_equal(list(cases["tests", "divides"]), [])
    failed = cases["bad", "panics_with_another_message"]
    assert_in('panic message: "division of 1', failed.find("failure").get("message"))
    assert_in("panicked at src/lib.rs", failed.find("system-out").text)


@test
def the_log_file_has_a_line_a_test(t):
    done = run_tests(t, "tests::", "--logfile", "log", code=0)
    assert_equal(done.err, "warning: `--logfile` is deprecated\n")
    lines = t.read("log").splitlines()
    assert_equal(len(lines), 14)
    assert_in("ok tests::divides", lines)
    assert_in('ignored: takes "long" tests::ignored_with_a_reason', lines)


@test
def a_log_file_that_cannot_be_written_is_an_error(t):
    done = run_tests(t, "divides", "--logfile", "no/such/folder", code=101)
    assert_in("error: --logfile no/such/folder: No such file or directory\n", done.err)
    if os.path.exists("/dev/full"):
        done = run_tests(t, "tests::", "--logfile", "/dev/full", code=101)
        assert_in("error: /dev/full: not all of the log could be written: No space left on device", done.err)


@test
def mistakes_are_told_as_libtest_tells_them(t):
    done = run_tests(t, "--no-such-option", code=101)
    assert_equal((done.out, done.err), ("", "error: Unrecognized option: 'no-such-option'\n"))
    assert_in("Usage: ", run_tests(t, "--help", code=0).out)


@test
def an_order_is_shuffled_by_its_seed(t):
    def order(*args):
        return re.findall(r"^test (\S+) .*\.\.\. ", run_tests(t, "tests::", "--test-threads=1", *args, code=0).out, re.M)

    assert_equal(order("--shuffle-seed", "5"), order("--shuffle-seed=5"))
    assert_equal(order(), sorted(order()))
    if order("--shuffle-seed", "5") == order():
        raise Failure("a seed does not shuffle")
    assert_matches(r"running 14 tests \(shuffle seed: \d+\)", run_tests(t, "tests::", "--shuffle", code=0).out)


@test
def fail_fast_starts_nothing_after_a_failure(t):
    done = run_tests(t, "bad::", "-Zunstable-options", "--fail-fast", "--test-threads=1", code=101)
    assert_in("test result: FAILED. 0 passed; 1 failed;", done.out)


# ---- what goes wrong around it ----


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
        return [int(word) for word in f.read().split()]


@test
def a_worker_that_is_killed_costs_its_test_and_is_replaced(t):
    write_manifest(t)
    with t.background("run", "-C", "fastly.toml", "--", t.guest("rust-tests"), "loops_for_ever", "divides",
                      "--test-threads=1", "--nocapture") as running:
        running.wait_for("before the loop", where="out")
        for pid in children(running.process.pid):
            os.kill(pid, signal.SIGKILL)
        running.wait_for("1 passed; 1 failed", where="out")
        assert_in("note: the test made its worker process end (Killed)", running.out)
        running.process.wait(harness.WAIT_SECONDS)
        assert_equal(running.process.returncode, 101)
        running.process.returncode = 0  # as the block wants it


@test
def an_interrupt_leaves_no_process(t):
    write_manifest(t)
    process = t.start("run", "-C", "fastly.toml", "--", t.guest("rust-tests"), "for_ever", "--nocapture")
    running = harness.Running(process)
    running.wait_for("before the loop", where="out")
    running.wait_for("before the sleep", where="out")
    workers = children(process.pid)
    assert_between(1, len(workers), 2)
    # A shell's background jobs have interrupts ignored, and whoever they start inherits that.
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    how = signal.SIGTERM if ignored else signal.SIGINT
    assert_equal(running.stop(how), -how)
    t.eventually(lambda: not any(os.path.exists("/proc/%d" % pid) and "Z" not in state(pid) for pid in workers))


def state(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"


@test
def what_only_looks_like_a_test_program_is_run_as_it_is(t):
    t.write("odd.wat", """(module
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "\\08\\00\\00\\00\\06\\00\\00\\00hello\\n")
      (data (i32.const 64) "exclude-should-panic force-run-in-process RUST_TEST_THREADS")
      (func (export "_start")
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))
        (call $exit (i32.const 0))))""")
    if not shutil.which("wat2wasm"):
        t.skip("there is no wat2wasm")
    subprocess.run(["wat2wasm", t.path("odd.wat"), "-o", t.path("odd.wasm")], check=True)
    done = t.run("run", "odd.wasm", code=0)
    assert_equal(done.out, "hello\n")
    assert_in("odd.wasm: it looks like a Rust test program, but it answers --list with the line 'hello'; it is run as it "
              "is, whole", done.err)


# ---- the real tools ----


def cargo(t, *args, env=()):
    """`cargo ARGS` of the crate of tests, with Backlot as the runner; offline, on what tools/build-guests has built."""
    t.guest("rust-tests")
    home = os.path.expanduser("~")
    full = {
        "HOME": home,
        "PATH": os.environ["PATH"],
        "CARGO_TARGET_DIR": os.path.abspath(os.path.join(harness.settings.guests, ".cache/cargo")),
        "CARGO_TARGET_WASM32_WASIP1_RUNNER": "%s run -C %s --" % (os.path.abspath(harness.settings.backlot),
                                                                 t.path("fastly.toml")),
        "XDG_CACHE_HOME": t.cache or t.path("cache"),
        **dict(env),
    }
    for name in ("RUSTUP_TOOLCHAIN", "RUSTUP_HOME", "CARGO_HOME"):
        if name in os.environ:
            full[name] = os.environ[name]
    if not shutil.which("cargo"):
        t.skip("there is no cargo")
    words = args[:2] if args[0] == "nextest" else args[:1]
    done = subprocess.run(["cargo", *words, "--offline", "--locked", "--target", "wasm32-wasip1", *args[len(words):]],
                          cwd=os.path.join(ROOT, "tests/guests/rust-tests"), env=full, capture_output=True, text=True,
                          timeout=600, check=False)
    t.notes.append("cargo %s: %r\n%s\n%s" % (" ".join(args), done.returncode, done.stdout, done.stderr))
    return done


@test
def cargo_test_runs_through_it(t):
    with t.origin(hello) as origin:
        write_manifest(t, origin.url)
        done = cargo(t, "test", "--", "--skip", "bad::")
        assert_equal(done.returncode, 0)
        assert_in("test result: ok. %d passed; 0 failed; 3 ignored;" % GOOD, done.stdout)
        assert_in("test result: ok. 3 passed; 0 failed; 0 ignored;", done.stdout)
    done = cargo(t, "test", "--lib", "--", "bad::fails")
    assert_equal(done.returncode, 101)
    assert_in("assertion `left == right` failed: the wrong number", done.stdout)


@test
def nextest_runs_through_it(t):
    if not shutil.which("cargo-nextest"):
        t.skip("there is no cargo-nextest: make nextest", optional=True)
    with t.origin(hello) as origin:
        write_manifest(t, origin.url)
        env = {"CARGO_TERM_COLOR": "never"}
        done = cargo(t, "nextest", "run", "-E", "not test(/^bad::/) and not binary(many)", env=env)
        assert_equal(done.returncode, 0)
        assert_matches(r"Summary .* 14 tests run: 14 passed, 16 skipped", done.stderr)
        done = cargo(t, "nextest", "run", "-E", "test(bad::fails) + test(tests::divides)", env=env)
        assert_equal(done.returncode, 100)
        assert_in("2 tests run: 1 passed, 1 failed", done.stderr)
        assert_in("the wrong number", done.stderr)
