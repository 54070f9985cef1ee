"""`backlot test` as a stranger meets it: what is found, what is said, what it ends with."""

import os
import re
import signal

from harness import Failure, assert_between, assert_equal, assert_in, assert_matches, assert_not_in, sanitized, test
from results import GUESTS, MANIFEST, Summary

HOLDS = "GET /\n  clientFetch.status is 200\n"
FAILS = "GET /\n  clientFetch.status is 201\n"


def hello(t, *args, **options):
    return t.run("test", "--service", t.guest("rust-hello"), *args, **options)


def abi(t, *args, **options):
    return t.run("test", "-C", MANIFEST, "--service", t.guest("rust-abi"), *args, **options)


# ---- finding tests ----


@test
def nothing_to_test_is_an_error_that_shows_a_first_test(t):
    done = t.run("test", code=2)
    assert_in("no tests here", done.err)
    assert_in("backlot init\n", done.err)
    assert_in("expect(response.status).toBe(200);\n", done.err)
    assert_equal(done.out, "")


@test
def a_path_that_is_not_there_is_an_error(t):
    t.write("a.fiddle", HOLDS)
    for path in ("nope", "nope.fiddle", "a.fiddle/b"):
        assert_in(path, hello(t, path, code=2).err)
        assert_in(path, hello(t, "a.fiddle", path, code=2).err)


@test
def a_folder_named_like_a_test_is_no_test(t):
    t.write("a.fiddle/b.fiddle", HOLDS)
    run = Summary(hello(t, code=0))
    assert_equal((run.counts, run.files), ((1, 0), 1))


@test
def tests_are_found_in_deep_folders_and_once(t):
    for path in ("one.fiddle", "deep/er/two.fiddle", "node_modules/no.fiddle", ".hidden/no.fiddle", "target/no.fiddle"):
        t.write(path, HOLDS)
    done = hello(t, ".", "deep", "deep/er/two.fiddle", code=0)
    run = Summary(done)
    assert_equal((run.counts, run.files), ((2, 0), 2))


@test
def the_list_names_each_test_and_runs_none(t):
    t.write("a.fiddle", "test one\n%stest two\n%s" % (FAILS, FAILS))
    t.write("b.fiddle", FAILS)
    assert_equal(t.run("test", "--list", code=0).out, "a.fiddle:1: one\na.fiddle:4: two\nb.fiddle:1\n")
    assert_equal(t.run("test", "--list", "--filter", "two", code=0).out, "a.fiddle:4: two\n")


@test
def a_filter_chooses_tests_by_name(t):
    t.write("a.fiddle", "test one\n%stest two\n%s" % (FAILS, HOLDS))
    assert_equal(Summary(hello(t, "--filter", "^a.*two$", code=0)).counts, (1, 0))
    assert_equal(Summary(hello(t, "--filter", "o", code=1)).counts, (1, 1))
    assert_in("--filter", hello(t, "--filter", "(", code=2).err)


@test
def a_filter_that_matches_nothing_is_an_error(t):
    t.write("a.fiddle", HOLDS)
    done = hello(t, "--filter", "misspelt", code=2)
    assert_in("no test matches --filter misspelt", done.err)


@test
def wrong_options_are_usage_errors(t):
    t.write("a.fiddle", HOLDS)
    for args in (["--jobs", "0"], ["--jobs", "many"], ["--timeout", "soon"], ["--frobnicate"], ["--seed", "-1"]):
        done = hello(t, *args, code=2)
        assert_in(args[0], done.err)
        assert_equal(done.out, "")


# ---- what is wrong with files, services, manifests ----


@test
def errors_in_a_file_point_at_their_place(t):
    t.write("a.fiddle", "GET /\n  clientFetch.statsu is 200\n  clientFetch.status isnt 3\n  clientFetch.status is two\nBROKEN\n")
    t.write("b.fiddle", HOLDS)
    done = hello(t, code=2)
    assert_in("BROKEN a.fiddle\n"
              "a.fiddle:2:15: clientFetch has no field statsu\n"
              "      clientFetch.statsu is 200\n"
              "                  ^^^^^^\n"
              "    did you mean status?\n", done.out)
    assert_in("a.fiddle:3:22: unknown comparison isnt\n", done.out)
    assert_in("a.fiddle:4:25: ", done.out)
    assert_in("a.fiddle:5:", done.out)
    run = Summary(done)
    assert_equal((run.counts, run.broken), ((1, 0), 1))


@test
def files_that_are_no_text_are_refused(t):
    for content in (b"\xff\xfe\0", b"GET /\n  clientFetch.status is 200\0\n", b"\0" * 1000):
        t.write("a.fiddle", content)
        assert_matches(r"^a\.fiddle:\d+:\d+: ", hello(t, code=2).out)
    t.write("a.fiddle", b"GET /\n" + b"#" * (5 << 20))
    assert_in("a.fiddle", hello(t, code=2).output)


@test
def a_service_that_is_not_there_is_named(t):
    t.write("a.fiddle", HOLDS)
    done = t.run("test", code=2)
    assert_in("no fastly.toml at or above", done.out)
    assert_in("--service", done.out)
    assert_in("nope.wasm: No such file", t.run("test", "--service", "nope.wasm", code=2).out)
    t.write("fastly.toml", "")
    assert_in("bin/main.wasm", t.run("test", code=2).out)
    t.write("bin/main.wasm", "no wasm")
    assert_in("bin/main.wasm: Expected a valid Wasm file", t.run("test", code=2).out)


@test
def a_project_is_found_by_its_manifest(t):
    t.write("tests/a.fiddle", 'GET /config-store\n  clientFetch.bodyText includes "hello"\n')
    t.write("fastly.toml", '[local_server.config_stores.config]\nformat = "inline-toml"\n'
            '[local_server.config_stores.config.contents]\ngreeting = "hello"\nempty = ""\n')
    os.mkdir(t.path("bin"))
    os.symlink(t.guest("rust-abi"), t.path("bin/main.wasm"))
    assert_equal(Summary(t.run("test", code=0)).counts, (1, 0))
    assert_equal(Summary(t.run("test", cwd=t.path("tests"), code=0)).counts, (1, 0))
    assert_equal(Summary(t.run("test", t.work, cwd=t.home, code=0)).counts, (1, 0))


@test
def a_broken_manifest_says_where(t):
    t.write("a.fiddle", HOLDS)
    t.write("fastly.toml", "[local_server]\nbackends = [\n")
    assert_matches(r"^fastly\.toml:\d+:\d+: ", hello(t, code=2).out)
    t.write("fastly.toml", "[local_server.backends.origin]\nurl = 7\n")
    assert_matches(r"^fastly\.toml:2:\d+: .*url", hello(t, code=2).out)
    assert_in("nope.toml", hello(t, "-C", "nope.toml", code=2).output)


# ---- results ----


@test
def a_failing_check_shows_what_was_and_what_was_expected(t):
    t.write("a.fiddle", 'test speaks\nGET /\n  clientFetch.status is 201\n  [Words] clientFetch.bodyText includes "Bye"\n')
    done = hello(t, code=1)
    assert_in("a.fiddle:1: speaks", done.out)
    assert_in("a.fiddle:3:25: clientFetch.status is 201\n"
              "      clientFetch.status is 201\n"
              "                            ^^^\n"
              "    expected: is 201\n"
              "    actual:   200\n", done.out)
    assert_in("a.fiddle:4:41: Words\n", done.out)
    assert_in('    actual:   "Hello from rust!"\n', done.out)
    assert_equal(done.err, "")


@test
def a_failure_shows_what_happened_in_virtual_time(t):
    t.write("a.fiddle", "origin origin\n  GET /* -> timeout\nGET /proxy\n  clientFetch.status is 200\n")
    done = abi(t, code=1)
    assert_matches(r"^    timeline:\n      \+0\.000000 s ecp-start .*\n      \+0\.000000 s fetch backend=\"origin\" method=\"GET\" ",
                   done.out)
    assert_matches(r"^      \+[1-9]\d*\.\d{6} s ecp-end outcome=", done.out)  # the time-out has passed
    t.write("a.fiddle", "GET /proxy\n")
    assert_not_in("timeline", hello(t, code=0).out)


@test
def nothing_is_coloured_for_a_file(t):
    t.write("a.fiddle", FAILS)
    assert_not_in("\x1b", hello(t, code=1).output)
    assert_in("\x1b", hello(t, "--color=always", code=1).output)


@test
def a_strict_run_fails_what_passes_vacuously(t):
    t.write("a.fiddle", "GET /\n  originFetches[3].status isNot 500\n")
    assert_equal(Summary(hello(t, code=0)).counts, (1, 0))
    done = hello(t, "--strict", code=1)
    assert_in("originFetches has 0 items", done.out)


@test
def bail_stops_at_the_first_failure(t):
    t.write("a.fiddle", "".join("test %d\n%s" % (i, FAILS) for i in range(5)))
    t.write("b.fiddle", FAILS)
    done = hello(t, "--bail", "--jobs", "1", code=1)
    assert_in("a.fiddle:1: 0", done.out)
    assert_not_in("a.fiddle:4", done.out)
    assert_not_in("b.fiddle:1 ", done.out)


@test
def an_origin_that_nobody_wrote_fails_the_test_and_names_those_there_are(t):
    t.write("a.fiddle", "origin origin\n  GET /other -> 200\nGET /proxy\n  clientFetch.status is 502\n")
    done = abi(t, code=1)
    assert_in("no origin answers GET /proxy of backend 'origin'", done.out)
    assert_in("    - path     /other\n    + path     /proxy\n", done.out)
    assert_in("origins with rules: origin\n", done.out)
    t.write("a.fiddle", "GET /proxy\n")
    assert_in("no origin is defined", abi(t, code=1).out)


@test
def the_examples_of_the_page_about_origins_pass(t):
    page = os.path.join(os.path.dirname(GUESTS), "..", "docs", "origins.md")
    with open(page, encoding="utf-8") as f:
        examples = re.findall(r"^````fiddle\n(.*?)^````$", f.read(), re.MULTILINE | re.DOTALL)
    for i, example in enumerate(examples):
        t.write("%d.fiddle" % i, example)
    run = Summary(abi(t, "--strict", code=0))
    assert_equal((run.counts, run.files), ((len(examples), 0), len(examples)))
    assert_between(4, len(examples), 20)


@test
def what_an_origin_expects_and_does_not_get_fails_the_test(t):
    t.write("a.fiddle", "origin origin\n  GET /proxy -> 200\n    expect %d\n"
                        "test twice\nGET /proxy\nGET /proxy\n  clientFetch.status is 200\ntest once\nGET /proxy\n" % 2)
    done = abi(t, code=1)
    assert_equal(Summary(done).counts, (1, 1))
    assert_in("a.fiddle:2: the rule GET /proxy of 'origin' was expected to be asked 2 times, and was asked 1 time\n",
              done.out)


@test
def a_request_beyond_what_an_origin_expects_fails_the_test(t):
    t.write("a.fiddle", "origin origin\n  GET /proxy -> 200\n    expect 0\nGET /proxy\n  clientFetch.status is 200\n")
    assert_in("was expected to be asked 0 times, and was asked 1 time", abi(t, code=1).out)


@test
def a_condition_that_does_not_hold_is_shown_field_by_field(t):
    t.write("a.fiddle", "origin origin\n  GET /proxy?v=1 -> 200\n    when header Accept: text/*\n    when query v: 2\n"
                        "GET /proxy?v=2\nAccept: image/png\n")
    out = abi(t, code=1).out
    assert_in("a.fiddle:5: no origin answers GET /proxy?v=2 of backend 'origin'\n"
              "  the nearest rule, a.fiddle:2, wants (-), and what the service sent (+):\n"
              "      backend  origin\n"
              "      method   GET\n"
              "      path     /proxy\n"
              "    - query    v=1\n"
              "    + query    v=2\n"
              "    - header   Accept: text/*\n"
              "    + header   Accept: image/png\n"
              "      query    v: 2\n"
              "  origins with rules: origin\n", out)


@test
def the_seed_of_a_run_repeats_it(t):
    t.write("a.fiddle", 'GET /wasi\n  clientFetch.bodyText is "?"\n')
    random = lambda done: re.search(r"random: ([0-9a-f]{16})", done.out).group(1)
    first = abi(t, code=1)
    seed = re.search(r"\bseed (\d+)", first.out)
    if not seed:
        raise Failure("no seed in\n" + first.out)
    assert_equal(random(abi(t, "--seed", seed.group(1), code=1)), random(first))
    assert_equal(random(abi(t, "--seed", str(int(seed.group(1)) + 1), code=1)) == random(first), False)


# ---- worlds ----

CART = 'POST /cart/ada\nContent-Type: application/json\n"{\\"product\\": \\"mug\\", \\"quantity\\": 1}"\n'


@test
def requests_of_a_test_share_a_world_and_tests_do_not(t):
    t.copy("examples/fastly-rust/fastly.toml", "fastly.toml")
    read = "GET /cart/ada\n  clientFetch.bodyText %s \"mug\"\n"
    t.write("a.fiddle", "origin catalog\n  * /* -> 200 application/json {\"name\": \"Mug\", \"prices\": {\"EUR\": 1, \"NOK\": 2}}\n"
            "test one\n" + read % "notIncludes" + CART + read % "includes" +
            "test two\n" + read % "notIncludes" + CART + read % "includes")
    t.write("b.fiddle", read % "notIncludes")
    done = t.run("test", "--service", t.guest("example-rust"), "--jobs", "1", code=0)
    run = Summary(done)
    assert_equal((run.counts, run.files, run.requests), ((3, 0), 2, 7))


@test
def many_files_run_at_once_and_are_reported_in_their_order(t):
    for i in range(40):
        t.write("%02d.fiddle" % i, FAILS if i % 10 == 0 else HOLDS)
    for jobs in ("1", "2", "64"):
        done = hello(t, "--jobs", jobs, code=1)
        assert_equal(Summary(done).counts, (36, 4))
        assert_equal(re.findall(r"^FAILED (\d+)", done.out, re.MULTILINE), ["00", "10", "20", "30"])


# ---- guests that do not end, and workers that do ----


@test
def a_guest_that_spins_costs_its_test_and_no_other(t):
    t.write("a.fiddle", "test one\nGET /hello\ntest spins\nGET /loop\ntest three\nGET /acl\n  clientFetch.status is 200\n")
    t.write("b.fiddle", "GET /acl\n  clientFetch.status is 200\n")
    done = abi(t, "--timeout", "1s", code=1)
    assert_equal(Summary(done).counts, (3, 1))
    assert_matches(r"^FAILED a\.fiddle:3: spins", done.out)
    assert_in("a.fiddle:4: the service was stopped\n", done.out)
    assert_matches(r"wasm backtrace:(.*\n)+.*abi::failures::spin(.*\n)+.*the test took longer than 1 s and was stopped \(--timeout\)", done.out)


@test
def a_guest_without_a_single_call_can_be_stopped(t):
    t.write("a.fiddle", "GET /\n")
    done = t.run("test", "--service", t.guest("wat-loop"), "--timeout", "200ms", code=1)
    assert_in("was stopped", done.out)


@test
def a_guest_that_waits_for_ever_is_stopped_at_once(t):
    """Ten virtual minutes are the limit, and they cost nothing."""
    t.write("a.fiddle", "GET /stream?lines=2&pause=86400000\n")
    done = abi(t, "--timeout", "60s", code=1)
    assert_in("wall time", done.out)
    assert_in("poll_oneoff", done.out)


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
        return [int(child) for child in f.read().split()]


def cpu_ticks(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as f:
        return sum(int(field) for field in f.read().rpartition(")")[2].split()[11:13])


@test
def a_worker_that_is_killed_costs_its_test_and_no_other(t):
    assert_not_in("backtrace", worker_dies(t, signal.SIGKILL, "Killed"))


@test
def a_worker_that_crashes_tells_where_it_was(t):
    if sanitized():
        t.skip("AddressSanitizer has the signal, and tells of it in its own way", optional=True)
    out = worker_dies(t, signal.SIGABRT, "Aborted")
    assert_matches(r"\(Aborted\)\n    backtrace of the process:\n(      .+\n)*      .*backlot\(", out)


def worker_dies(t, how, called):
    t.write("a.fiddle", "GET /acl\n")
    abi(t, code=0)  # from here on its code is there, so a busy worker is one that runs a guest
    t.write("a.fiddle", "test one\nGET /acl\n  clientFetch.status is 200\ntest two\nGET /loop\n"
            "test three\nGET /acl\n  clientFetch.status is 200\n")
    with t.background("test", "-C", MANIFEST, "--service", t.guest("rust-abi"), "--timeout", "1m") as running:
        pid = running.process.pid
        busy = t.eventually(lambda: [child for child in children(pid) if cpu_ticks(child) > 20], "a busy worker")
        os.kill(busy[0], how)
        running.wait_for(r"^2 passed, 1 failed", "out")
        assert_matches(r"FAILED a\.fiddle:4: two", running.out)
        assert_in("made its worker process crash (%s)" % called, running.out)
        assert_equal(running.process.wait(), 1)
        running.process.returncode = 0  # for the harness: this one was meant to fail
        return running.out
