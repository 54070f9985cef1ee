"""What `backlot test` reports, read with parsers that others have written, and what becomes of a run that is interrupted."""

import json
import os
import re
import signal
import xml.etree.ElementTree

from harness import ROOT, assert_equal, assert_in, assert_matches, assert_not_in, test
from results import MANIFEST, Summary

ODD = 'test <odd> & "name" #1, 100% \\\\ é\n'
FILES = {
    "a.fiddle": "test one\nGET /\n  clientFetch.status is 200\n" + ODD +
                "GET /\n  clientFetch.status is 200\n  clientFetch.status is 201\n",
    "b.fiddle": "GET /\n  clientFetch.statsu is 1\n",
    "sub/c.fiddle": "GET /\n  clientFetch.status is 200\n",
}
TITLE = '<odd> & "name" #1, 100% \\\\ é'


def project(t):
    for name, text in FILES.items():
        t.write(name, text)


def hello(t, *args, **options):
    return t.run("test", "--service", t.guest("rust-hello"), *args, **options)


@test
def several_reports_are_made_of_one_run(t):
    project(t)
    done = hello(t, "--reporter", "junit=out.xml", "--reporter", "json=out.json", "--reporter", "tap=out.tap",
                 "--reporter=github=out.txt", "--seed", "7", code=2)
    assert_equal((Summary(done).counts, Summary(done).broken), ((2, 1), 1))  # pretty is there without being asked
    suites = xml.etree.ElementTree.parse(t.path("out.xml")).getroot()
    report = json.loads(t.read("out.json"))
    assert_equal([suite.get("name") for suite in suites], ["a.fiddle", "b.fiddle", "sub/c.fiddle"])
    assert_equal([file["file"] for file in report["files"]], ["a.fiddle", "b.fiddle", "sub/c.fiddle"])
    assert_equal(sorted(os.listdir(t.work)),
                 ["a.fiddle", "b.fiddle", "out.json", "out.tap", "out.txt", "out.xml", "sub"])
    assert_equal(len(t.read("out.txt").splitlines()), 2)
    assert_in("1..4\n# seed 7\n", t.read("out.tap"))


@test
def junit_is_xml_that_adds_up(t):
    project(t)
    root = xml.etree.ElementTree.fromstring(hello(t, "--reporter", "junit", code=2).out)
    assert_equal([root.get(n) for n in ("tests", "failures", "errors", "skipped")], ["4", "1", "1", "0"])
    for name in ("tests", "failures", "errors", "skipped"):
        assert_equal(sum(int(suite.get(name)) for suite in root), int(root.get(name)), name)
    case = root[0][1]
    assert_equal((case.get("name"), case.get("classname"), case.get("line")), (TITLE, "a.fiddle", "4"))
    assert_equal(case[0].tag, "failure")
    assert_equal(case[0].get("message"), "clientFetch.status is 201: actual 200")
    assert_in("    expected: is 201\n    actual:   200\n", case[0].text)
    assert_equal((root[1][0].get("name"), root[1][0][0].tag), ("b.fiddle", "error"))


@test
def json_has_one_schema(t):
    project(t)
    report = json.loads(hello(t, "--reporter", "json", "--seed", "18446744073709551615", code=2).out)
    assert_equal(report["schema"], "backlot-test/1")
    assert_equal((report["success"], report["interrupted"], report["seed"]), (False, False, "18446744073709551615"))
    assert_equal({name: report["totals"][name] for name in ("files", "broken", "passed", "failed", "checks")},
                 {"files": 3, "broken": 1, "passed": 2, "failed": 1, "checks": 4})
    one, odd = report["files"][0]["tests"]
    assert_equal((one["status"], one["text"], one["at"]), ("passed", None, None))
    assert_equal((odd["name"], odd["status"], odd["line"], odd["at"]),
                 (TITLE, "failed", 4, {"file": "a.fiddle", "line": 7, "column": 25}))
    assert_equal((odd["checks"], odd["checks_failed"]), (2, 1))
    assert_in("b.fiddle:2:15: clientFetch has no field statsu", report["files"][1]["error"])


@test
def tap_has_a_line_a_test_and_a_plan(t):
    project(t)
    lines = hello(t, "--reporter", "tap", code=2).out.splitlines()
    assert_equal(lines[0], "TAP version 14")
    assert_equal([line for line in lines if re.match(r"(not )?ok |\d+\.\.", line)],
                 ["ok 1 - a.fiddle: one", "not ok 2 - a.fiddle: <odd> & \"name\" \\#1, 100% \\\\\\\\ é", "not ok 3 - b.fiddle",
                  "ok 4 - sub/c.fiddle", "1..4"])


@test
def annotations_come_by_themselves_in_github_actions(t):
    project(t)
    there = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": t.dir}
    done = hello(t, env=there, code=2)
    assert_matches(r'^::error file=work/a\.fiddle,line=7,col=25,title=<odd> & "name" #1%2C 100%25 \\\\ é::a\.fiddle:7:25: .*%0A', done.out)
    assert_matches(r"^::error file=work/b\.fiddle,line=2,col=15,title=b\.fiddle::", done.out)
    assert_equal(Summary(done).counts, (2, 1))
    assert_not_in("::error", hello(t, code=2).out)
    assert_not_in("::error", hello(t, "--reporter", "tap", env=there, code=2).out)


@test
def a_report_that_cannot_be_written_is_told_before_anything_runs(t):
    t.write("a.fiddle", "GET /\n  clientFetch.status is 200\n")
    t.write("read-only/x", "")
    os.chmod(t.path("read-only"), 0o500)
    paths = ["missing/out.xml", "a.fiddle/out.xml", "."] + (["read-only/out.xml"] if os.geteuid() else [])
    for path in paths:
        done = hello(t, "--reporter", "junit=" + path, code=2)
        assert_in("the report cannot be written: %s: " % path, done.err)
        assert_equal(done.out, "")
    done = hello(t, "--reporter", "junit=/dev/full", code=3)
    assert_in("the report was not written: /dev/full: No space left on device", done.err)
    assert_equal(Summary(done).counts, (1, 0))


@test
def reports_that_would_mix_are_refused(t):
    t.write("a.fiddle", "GET /\n")
    assert_in("would mix on standard output", hello(t, "--reporter", "tap", "--reporter", "json", code=2).err)
    assert_in("has another report already", hello(t, "--reporter", "tap=x", "--reporter", "json=x", code=2).err)


@test
def a_failing_test_prints_the_command_that_repeats_it(t):
    t.write("a b.fiddle", "test it's (one) $HOME\nGET /\n  clientFetch.status is 201\ntest two\nGET /\n")
    done = hello(t, "--strict", "--jobs", "1", code=1)
    command = re.search(r"^    repeat: backlot (.*)$", done.out, re.MULTILINE).group(1)
    words = __import__("shlex").split(command)
    assert_equal(words[:4], ["test", "--service", t.guest("rust-hello"), "--strict"])
    again = t.run(*words, code=1)
    assert_equal(Summary(again).counts, (0, 1))
    assert_in("repeat: backlot " + command, again.out)


@test
def a_test_that_passes_when_it_is_run_again_is_flaky_and_not_hidden(t):
    text = 'GET /wasi\n  clientFetch.bodyText matches /random: [0-7]/\n'
    t.write("a.fiddle", text)
    abi = lambda *args, **options: t.run("test", "-C", MANIFEST, "--service", t.guest("rust-abi"), *args, **options)
    bad = next(seed for seed in range(100) if abi("--seed", seed).code == 1 and abi("--seed", seed + 1).code == 0)
    done = abi("--seed", bad, "--retry", "3", "--reporter", "json=out.json", code=0)
    assert_matches(r"^FLAKY a\.fiddle:1 .*failed 1 of 2 times\n    repeat: backlot .*--seed %d " % bad, done.out)
    assert_in("1 passed, 0 failed, 1 flaky", done.out)
    result = json.loads(t.read("out.json"))["files"][0]["tests"][0]
    assert_equal((result["status"], result["flake"], result["runs"], result["runs_failed"], result["seed"]),
                 ("passed", "flaky", 2, 1, str(bad)))


def group(pid):
    """The processes of a process group."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % name, encoding="ascii", errors="replace") as f:
                fields = f.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == pid and fields[0] not in "ZX":
            found.append(int(name))
    return found


def interrupt(t, how, code):
    t.write("a.fiddle", "GET /acl\n  clientFetch.status is 200\n")
    t.run("test", "-C", MANIFEST, "--service", t.guest("rust-abi"), code=0)
    t.write("a.fiddle", "test one\nGET /acl\n  clientFetch.status is 200\ntest two\nGET /loop\ntest three\nGET /acl\n")
    t.write("out.xml", "as it was")
    with t.background("test", "-C", MANIFEST, "--service", t.guest("rust-abi"), "--timeout", "1m", "--jobs", "2",
                      "--reporter", "junit=out.xml") as running:
        pid = running.process.pid
        t.eventually(lambda: [p for p in group(pid) if p != pid and ticks(p) > 20], "a busy worker")
        os.killpg(pid, how)  # as a terminal does
        assert_equal(running.process.wait(30), code)
        for thread in running.threads:
            thread.join()
        running.process.returncode = 0  # for the harness
    assert_matches(r"interrupted: .*\n1 passed, 0 failed \(1 file, ", running.out)
    assert_equal(group(pid), [])
    root = xml.etree.ElementTree.parse(t.path("out.xml")).getroot()
    assert_equal(root.get("tests"), "1")
    assert_in("interrupted", root[-1][0].text)
    assert_equal(sorted(os.listdir(t.work)), ["a.fiddle", "out.xml"])


def ticks(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as f:
            return sum(int(field) for field in f.read().rpartition(")")[2].split()[11:13])
    except OSError:
        return 0


@test
def ctrl_c_ends_all_and_leaves_nothing_half_written(t):
    interrupt(t, signal.SIGINT, 130)


@test
def sigterm_does_so_too(t):
    interrupt(t, signal.SIGTERM, 143)


# ---- the pages ----


def documented(name):
    with open(os.path.join(ROOT, "docs", name), encoding="utf-8") as f:
        return f.read()


def members(value):
    """The names of all members of a JSON value, at whatever depth."""
    if isinstance(value, dict):
        return set(value).union(*map(members, value.values()))
    if isinstance(value, list):
        return set().union(*map(members, value))
    return set()


@test
def the_page_has_the_schema_that_is_printed(t):
    project(t)
    example = re.search(r"^## JSON\n\n```\n(.*?)^```", documented("reporters.md"), re.MULTILINE | re.DOTALL).group(1)
    example = json.loads(re.sub(r" +//.*", "", example))
    report = json.loads(hello(t, "--reporter", "json", code=2).out)
    assert_equal(sorted(members(example)), sorted(members(report)))


@test
def the_pages_name_no_option_that_is_not_there(t):
    help_text = "".join(t.run(command, "--help", code=0).out for command in ("test", "init"))
    options = set(re.findall(r"--[a-z][a-z-]+", help_text))
    for page in ("testing.md", "reporters.md"):
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", documented(page)))
        assert_equal(named - options, set(), page)
