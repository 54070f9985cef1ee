"""Profiles of guests, in the format of the Firefox profiler; and what native profilers and debuggers are told."""

import json
import os
import re

from harness import assert_between, assert_equal, assert_in, assert_matches, assert_not_in, test

BUSY = """(module
  (memory (export "memory") 1)
  (func $inner (local i32)
    (loop $more
      (local.set 0 (i32.add (local.get 0) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get 0) (i32.const 50000000)))))
  (func $outer (call $inner))
  (func (export "_start") (call $outer)))
"""


def stacks(profile):
    """How often each stack, its functions from the outside in, was seen; by what the profiler reads."""
    thread = profile["threads"][0]
    strings = thread["stringArray"]
    stack_table, frames, functions = thread["stackTable"], thread["frameTable"], thread["funcTable"]
    for table in (stack_table, frames, functions, thread["samples"]):
        for column in table.values():
            if isinstance(column, list):
                assert_equal(len(column), table["length"])

    def names(stack):
        if stack is None:
            return []
        function = frames["func"][stack_table["frame"][stack]]
        return names(stack_table["prefix"][stack]) + [strings[functions["name"][function]]]

    seen = {}
    for stack, weight in zip(thread["samples"]["stack"], thread["samples"]["weight"]):
        key = tuple(names(stack))
        seen[key] = seen.get(key, 0) + weight
    return seen


def check_profile(text, product):
    profile = json.loads(text)
    meta, thread = profile["meta"], profile["threads"][0]
    assert_equal(meta["product"], product)
    assert_between(20, meta["version"], 100)
    assert_between(40, meta["preprocessedProfileVersion"], 1000)
    assert_between(1.6e12, meta["startTime"], 1e13)  # ms since 1970
    samples = thread["samples"]
    times = samples["timeDeltas"] if "timeDeltas" in samples else samples["time"]
    assert_equal(len(times), samples["length"])
    assert_between(1, len(times), 1e9)
    assert_between(0, min(times), max(times))
    return profile


@test
def run_writes_one_profile_with_the_guest_s_functions(t):
    t.write("busy.wat", BUSY)
    t.run("run", "--profile=guest,out.json,200us", "busy.wat", code=0)
    profile = check_profile(t.read("out.json"), "busy")
    assert_equal(profile["meta"]["interval"], 0.2)
    seen = stacks(profile)
    inner = sum(n for names, n in seen.items() if names[-2:] == ("outer", "inner"))
    assert_between(0.8 * sum(seen.values()), inner, 1e9)


@test
def without_a_path_it_has_a_name(t):
    t.write("busy.wat", BUSY)
    t.run("run", "--profile", "guest", "busy.wat", code=0)
    check_profile(t.read("guest-profiles"), "busy")
    os.remove(t.path("guest-profiles"))
    os.mkdir(t.path("guest-profiles"))
    t.run("run", "--profile", "guest", "busy.wat", code=0)
    assert_matches(r"\A\d{10,}-0\.json\Z", os.listdir(t.path("guest-profiles"))[0])


@test
def serve_writes_a_profile_a_request(t):
    t.write("busy.wat", BUSY)
    with t.serve("--profile=guest,deep/profiles,100us", "busy.wat") as edge:
        for _ in range(3):
            assert_equal(edge.get("/").status, 200)
        t.eventually(lambda: len(os.listdir(t.path("deep/profiles"))) == 3)
    files = sorted(os.listdir(t.path("deep/profiles")), key=lambda name: int(re.split(r"[-.]", name)[1]))
    assert_equal([re.sub(r"^\d+", "", name) for name in files], ["-0.json", "-1.json", "-2.json"])
    for name in files:
        seen = stacks(check_profile(t.read("deep/profiles/" + name), "main"))
        assert_in("inner", [names[-1] for names in seen if names])


@test
def a_guest_that_dies_has_a_profile_as_well(t):
    t.write("dies.wat", BUSY.replace("(call $outer)))", "(call $outer) unreachable))"))
    t.run("run", "--profile=guest,out.json,100us", "dies.wat", code=134)
    check_profile(t.read("out.json"), "dies")


@test
def a_profile_that_cannot_be_written_is_an_error(t):
    t.write("busy.wat", BUSY)
    done = t.run("run", "--profile=guest,no/such/file", "busy.wat", code=1)
    assert_in("the profile is lost: no/such/file: No such file or directory", done.err)
    if os.path.exists("/dev/full"):
        done = t.run("run", "--profile=guest,/dev/full", "busy.wat", code=1)
        assert_in("the profile is lost: /dev/full: No space left on device", done.err)
    t.write("taken", "")
    done = t.run("serve", "--profile=guest,taken/x", "busy.wat", "--addr=127.0.0.1:0", code=2)
    assert_in("--profile: taken/x: Not a directory", done.err)


@test
def a_test_program_is_profiled_whole(t):
    done = t.run("run", "--profile=guest,out.json", "--", t.guest("rust-tests"), "divides", code=0)
    assert_in("test tests::divides ... ok\n", done.out)
    check_profile(t.read("out.json"), "rust-tests")


@test
def a_trap_names_the_lines_of_source(t):
    done = t.run("run", "--profile=guest,out.json", "--", t.guest("rust-tests"), "bad::traps", "--exact", code=134)
    assert_matches(r"backlot_guest_tests::bad::traps::h[0-9a-f]+\n\s+at \S*src/lib\.rs:\d+:\d+", done.err)
    assert_not_in("WASMTIME_BACKTRACE_DETAILS", done.err)


@test
def perf_is_told_of_the_guest_s_functions(t):
    t.write("busy.wat", BUSY)
    t.run("run", "--profile=jitdump", "busy.wat", code=0)
    dumps = [name for name in os.listdir(t.work) if name.startswith("jit-")]
    assert_equal(len(dumps), 1)
    with open(t.path(dumps[0]), "rb") as f:
        data = f.read()
    assert_equal(data[:4], b"DTiJ")
    assert_in(b"inner", data)
    process = t.start("run", "--profile=perfmap", "busy.wat")
    assert_equal(process.wait(60), 0)
    perf_map = "/tmp/perf-%d.map" % process.pid
    with open(perf_map, encoding="utf-8") as f:
        text = f.read()
    os.remove(perf_map)
    assert_in("inner", text)


@test
def debug_information_makes_other_code_and_runs(t):
    guest = t.guest("rust-noop")
    folder = t.fresh_cache()
    t.run("run", guest, code=0)
    t.run("run", "-g", guest, code=0)
    assert_equal(len([name for name in os.listdir(folder) if name.endswith(".cwasm")]), 2)
