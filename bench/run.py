#!/usr/bin/env python3
"""Measures whole programs: Backlot, and Viceroy beside it in the same run when there is one. `make bench` calls it.

    bench/run.py [--build DIR] [--guests DIR] [--viceroy FILE] [--only starts,invocation,shape,javascript,cargo,load,cache,frames]
                 [--rounds N] [--markdown FILE] [--json FILE]

Viceroy is $VICEROY, or `viceroy` on PATH. Rounds of the two take turns, so that what else the machine does hits both.
A figure is the best of its rounds and, in brackets, their median. --markdown writes the table
between the two `bench:` comments of FILE, or to FILE when it has none. What is compiled is kept in BUILD/bench-cache.
"""

import argparse
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import instructions
from peers import free_port, manifest, of, running, running_origin, serve_command, wait_for
from served import measure_load

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SECTIONS = ("starts", "invocation", "shape", "javascript", "cargo", "load", "cache", "frames")
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


class Bench:
    """Where things are, and the table."""

    def __init__(self, options):
        self.backlot = os.path.abspath(os.path.join(options.build, "backlot"))
        self.programs = os.path.abspath(os.path.join(options.build, "bench"))
        self.guests = os.path.abspath(options.guests)
        self.viceroy = options.viceroy or os.environ.get("VICEROY") or shutil.which("viceroy")
        self.viceroy_lib = options.viceroy_lib and os.path.abspath(options.viceroy_lib)
        self.cache = os.path.abspath(os.path.join(options.build, "bench-cache"))
        self.rounds = options.rounds
        self.folder = None
        self.rows = []  # (section, what, backlot, viceroy, ratio, goal, met or None)
        self.figures = {}

    def guest(self, name):
        return os.path.join(self.guests, name + ".wasm")

    def environment(self, cache=None):
        env = dict(os.environ, XDG_CACHE_HOME=cache or self.cache, LC_ALL="C")
        env.pop("RUST_LOG", None)
        return env

    def measure(self, program, *args, cache=None, check=True):
        """Runs one of bench/*.c, which print a line of JSON."""
        done = subprocess.run([os.path.join(self.programs, "bench-" + program), *map(str, args)], cwd=self.folder,
                              env=self.environment(cache), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if check and done.returncode != 0:
            raise SystemExit("bench-%s %s: %s%s" % (program, " ".join(map(str, args)), done.stdout, done.stderr))
        return json.loads(done.stdout) if done.stdout.strip() else None

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def row(self, section, what, ours, theirs=(), unit="ms", goal=None, times=None, more_is_better=False):
        """`ours`, `theirs`: the figures of all rounds, or one. `goal`: what the best of ours must reach; `times`: how
        many times better than theirs it must be."""
        ours, theirs = (Figures(f, more_is_better) for f in (ours, theirs))
        ratio = None
        if ours.best and theirs.best:
            ratio = ours.best / theirs.best if more_is_better else theirs.best / ours.best
        met = None
        if goal is not None and ours.best is not None:
            met = ours.best >= goal if more_is_better else ours.best < goal
        elif times is not None and ratio is not None:
            met = ratio >= times
        wanted = show(goal, unit, "≥ " if more_is_better else "< ") or ("%d×" % times if times else "")
        self.rows.append((section, what, ours.show(unit), theirs.show(unit),
                          "" if ratio is None else "%.*f×" % (0 if ratio >= 20 else 1, ratio), wanted, met))
        self.figures[section + ": " + what] = {"backlot": ours.all, "viceroy": theirs.all, "unit": unit}
        say("  %-44s %22s %22s %7s %8s" % (what, *self.rows[-1][2:6]))

    def note(self, section, what, text):
        """A row whose figure is words."""
        self.rows.append((section, what, text, "", "", "", None))
        say("  %-58s %s" % (what, text))


class Figures:
    """What was measured in several rounds: the best, and the median where there are enough to have one."""

    def __init__(self, figures, more_is_better):
        self.all = list(figures) if isinstance(figures, (list, tuple)) else [figures]
        self.best = (max if more_is_better else min)(self.all) if self.all else None
        self.median = statistics.median(self.all) if len(self.all) > 2 else None

    def show(self, unit):
        if self.median is None:
            return show(self.best, unit)
        return "%s (%s)" % (show(self.best, unit), show(self.median, ""))


def say(text):
    print(text, flush=True)


def show(value, unit, before=""):
    if value is None:
        return ""
    digits = 0 if value >= 1000 else 1 if value >= 100 else 2 if value >= 1 else 3
    if unit == "/s":
        digits = 0
    text = before + "{:,.{}f}".format(value, digits).replace(",", " ")
    return text + unit if unit.startswith("/") or not unit else text + " " + unit


# ---- cold start to the first response ----

PATHS = {"go-abi": "/hello"}


def start_once(bench, program, guest, cache=None):
    port = free_port()
    return bench.measure("spawn", "answer", port, PATHS.get(guest, "/"), *serve_command(bench, program, guest, port),
                         cache=cache)


def measure_starts(bench):
    say("cold start of `serve` to the first response")
    ours, fresh, theirs = {}, {}, {}
    guests = ("rust-hello", "js-hello", "go-abi")
    for guest in guests:
        for _ in range(2):  # what remembers the file comes with the second start, when the file is older
            start_once(bench, bench.backlot, guest)
        slow = guest != "rust-hello"
        ours[guest], fresh[guest], theirs[guest] = [], [], []
        for turn in range(bench.rounds):
            ours[guest] += [start_once(bench, bench.backlot, guest) for _ in range(5)]
            if turn < (1 if slow else 3):
                with tempfile.TemporaryDirectory(dir=bench.folder) as cache:
                    fresh[guest].append(start_once(bench, bench.backlot, guest, cache))
                if bench.viceroy:
                    theirs[guest].append(start_once(bench, bench.viceroy, guest))
        goal = {"rust-hello": 8, "js-hello": 10, "go-abi": 15}[guest]
        section = "Cold start to first response"
        bench.row(section, guest + ", code cached", of(ours[guest], "ms"), of(theirs[guest], "ms"), goal=goal)
        bench.row(section, guest + ", code not cached", of(fresh[guest], "ms"), of(theirs[guest], "ms"))
    for guest in guests:
        section = "Peak memory at the first response"
        mib = [[kib / 1024 for kib in of(m, "kib")] for m in (ours[guest], fresh[guest], theirs[guest])]
        bench.row(section, guest + ", code cached", min(mib[0]), mib[2], "MiB")
        bench.row(section, guest + ", code not cached", min(mib[1]), mib[2], "MiB")


# ---- invocations in memory ----

ORIGIN = "origin origin\n  GET /* -> 200 text/plain from the origin\n\n"
ONE_CHECK = "  clientFetch.status is 200\n"
THREE_CHECKS = ONE_CHECK + "  originFetches.count() is 1\n  logs[0] isJSON\n"


def fiddle(tests, requests, checks, path="/"):
    return "# backlot-fiddle 1\n" + ORIGIN + "\n".join(
        "test number %d\n" % t + "\n".join("GET %s?n=%d\n%s" % (path, r, checks) for r in range(requests))
        for t in range(tests))


def test_command(bench, guest, *files, jobs=1):
    more = ["--jobs", str(jobs)] if jobs else []
    return [bench.backlot, "test", *more, "--service", bench.guest(guest), *files]


def measure_invocations(bench):
    say("an invocation in memory, with its test's share: parsing, one check a request, report")
    few, many_requests = 20, {"rust-noop": 8020, "rust-hello": 8020, "rust-proxy-log": 4020, "js-hello": 1020}
    for guest, many in many_requests.items():
        path = PATHS.get(guest, "/")
        files = [bench.write("invocation/%s-%d.fiddle" % (guest, n), fiddle(n // 20, 20, ONE_CHECK, path))
                 for n in (few, many)]
        bench.measure("spawn", "end", *test_command(bench, guest, files[0]))
        costs, used = [], []
        for _ in range(bench.rounds):
            short, long = (bench.measure("spawn", "end", *test_command(bench, guest, f)) for f in files)
            costs.append((long["ms"] - short["ms"]) * 1000 / (many - few))
            used.append((long["cpu"] - short["cpu"]) * 1000 / (many - few))
        goal = 20 if guest == "rust-noop" else None
        bench.row("An invocation in memory, with its test's share", guest, costs, unit="µs", goal=goal)
        bench.row("An invocation in memory, with its test's share", guest + ", CPU time", used, unit="µs")
    count_instructions(bench, few)


WHERE = {"backlot": "Backlot", "wasmtime": "Wasmtime", "clearing": "clearing and copying memory",
         "libraries": "the rest of libc", "guest": "guest code"}


def count_instructions(bench, few):
    section, many = "Instructions an invocation", 320
    if not instructions.there():
        bench.note(section, "all guests", "needs valgrind")
        return
    for guest in ("rust-noop", "rust-hello", "rust-proxy-log"):
        files = [bench.write("instructions/%s-%d.fiddle" % (guest, n), fiddle(n // 20, 20, ONE_CHECK))
                 for n in (few, many)]
        env = bench.environment(os.path.join(bench.cache, "valgrind"))
        # Once for nothing: Wasmtime compiles for the processor that valgrind shows.
        _, short, long = (instructions.count(test_command(bench, guest, f), env, bench.folder, "backlot")
                          for f in (files[0], *files))
        for name, where in WHERE.items():
            cost = (long.get(name, 0) - short.get(name, 0)) / (many - few)
            bench.row(section, "%s, %s" % (guest, where), cost, unit="")


# ---- 200 tests of four invocations each, as one command ----

FILES, TESTS, REQUESTS = 20, 10, 4


def peer_shape(bench, guest, path):
    """What 800 requests take without tests: Viceroy's start, and a client with as many connections as cores."""
    port = free_port()
    with contextlib.ExitStack() as stack:
        config = bench.write("peer.toml", manifest(running_origin(bench, stack)))
        start = time.monotonic()
        with running(serve_command(bench, bench.viceroy, guest, port, config), bench.folder, bench.environment()):
            bench.measure("load", port, path, os.cpu_count() or 1, "requests", FILES * TESTS * REQUESTS)
            return (time.monotonic() - start) * 1000


def measure_shape(bench):
    say("200 tests × 4 invocations, one origin request and one log line each, 3 checks each, as one command")
    for guest, path, goal in (("rust-proxy-log", "/", 50), ("js-abi", "/proxy-log", 250)):
        for f in range(FILES):
            bench.write("shape-%s/%02d.fiddle" % (guest, f), fiddle(TESTS, REQUESTS, THREE_CHECKS, path))
        command = test_command(bench, guest, os.path.join(bench.folder, "shape-" + guest), jobs=0)
        bench.measure("spawn", "end", *command)
        runs = [bench.measure("spawn", "end", *command) for _ in range(4 * bench.rounds)]
        theirs = peer_shape(bench, guest, path) if bench.viceroy else ()
        section = "200 tests × 4 invocations, one command"
        bench.row(section, guest, of(runs, "ms"), theirs, goal=goal)
        bench.row(section, guest + ", CPU time", of(runs, "cpu"))
        bench.row(section, guest + ", peak memory of a worker", min(of(runs, "kib")) / 1024, unit="MiB")


# ---- tests in TypeScript ----

EMPTY_TEST = 'import { test } from "vitest";\ntest("nothing", () => {});\n'

MANY_TESTS = 'import { test } from "vitest";\nfor (let i = 0; i < %d; i++) test(`nothing ${i}`, () => {});\n'

SHAPE_TEST = """import { expect, origin, service, test } from "backlot:test";
for (let i = 0; i < %d; i++) {
  test(`test ${i}`, async () => {
    origin("origin").respond("hello");
    for (let n = 0; n < %d; n++) {
      const response = await service.fetch(`https://shop.example%s?n=${n}`);
      expect(response.status).toBe(200);
      expect(response.logs().json()).toMatchObject([{ status: 200 }]);
      await response.done();
      expect(await response.text()).toBe("hello");
    }
  });
}
"""


def library_shape(bench, guest, path):
    """The same tests as a program over viceroy-lib (bench/viceroy-lib), when it was built: ms, compiling included."""
    if not bench.viceroy_lib:
        return ()
    with contextlib.ExitStack() as stack:
        command = [bench.viceroy_lib, bench.guest(guest), path, str(running_origin(bench, stack)), str(FILES * TESTS), str(REQUESTS)]
        return [bench.measure("spawn", "end", *command)["ms"] for _ in range(3)]


def measure_javascript(bench):
    """The same shape in TypeScript, two files of 100 tests: a file runs in one process."""
    say("tests in TypeScript, as one command")
    section = "tests in TypeScript, one command"

    def row(what, command, goal, theirs=()):
        bench.measure("spawn", "end", *command)
        runs = [bench.measure("spawn", "end", *command) for _ in range(4 * bench.rounds)]
        bench.row(section, what, of(runs, "ms"), theirs, goal=goal)
        bench.row(section, what + ", CPU time", of(runs, "cpu"))
        return min(of(runs, "cpu"))

    row("one empty test", test_command(bench, "rust-proxy-log", bench.write("empty.test.ts", EMPTY_TEST)), 30)
    few, many = (row("%d empty tests" % n, test_command(bench, "rust-proxy-log", bench.write("%d.test.ts" % n, MANY_TESTS % n)), None)
                 for n in (1000, 3000))
    bench.row(section, "an empty test more: its frame, Vitest's runner, the report", (many - few) / 2000 * 1000, unit="µs")
    for guest, path, goal in (("rust-proxy-log", "/", 80), ("js-abi", "/proxy-log", 300)):
        theirs = library_shape(bench, guest, path)
        folder = os.path.join(bench.folder, "ts-" + guest)
        for f in range(2):
            bench.write("ts-%s/%d.test.ts" % (guest, f), SHAPE_TEST % (FILES * TESTS // 2, REQUESTS, path))
        row("200 × 4, " + guest, test_command(bench, guest, folder, jobs=0), goal, theirs)


# ---- cargo test ----

CARGO_MANIFEST = """manifest_version = 3
name = "bench"
language = "rust"

[local_server]
kv_stores.visits = []
config_stores.settings = { format = "inline-toml", contents = { greeting = "the world" } }
"""


def measure_cargo(bench):
    """A Rust test program with 200 tests, as cargo starts it, and as nextest does: a process a test."""
    say("cargo test of 200 tests, through `run`")
    config = bench.write("cargo/fastly.toml", CARGO_MANIFEST)
    program = bench.guest("rust-tests-many")
    section = "cargo test through `run`"

    def run(command, *args):
        return bench.measure("spawn", "end", command, "run", "-C", config, "--", program, *args)["ms"]

    one = ("a0::t0", "--exact", "--nocapture")
    for _ in range(2):
        run(bench.backlot)
    ours = {"all": [], "one": []}
    theirs = {"all": [], "one": []}
    for turn in range(bench.rounds):
        for figures, command in ((ours, bench.backlot), (theirs, bench.viceroy)):
            if command and (command == bench.backlot or turn < 2):
                figures["all"].append(run(command))
                figures["one"].append(run(command, *one))

    def further(figures):
        return [(a - o) / 199 for a, o in zip(figures["all"], figures["one"])]

    # Of Viceroy, which runs all tests in the one instance, the difference of the two is nothing but noise.
    bench.row(section, "200 tests, the whole command", ours["all"], theirs["all"])
    bench.row(section, "one test, the whole command (as nextest runs them)", ours["one"], theirs["one"])
    bench.row(section, "each test after the first", further(ours), goal=1)


# ---- the HTTP cache ----

MANY = 1000


def served_through(bench, stack):
    """A port of `serve` with the guest that passes everything through the cache, an origin behind it."""
    port = free_port()
    config = bench.write("cache/fastly.toml", manifest(running_origin(bench, stack)))
    stack.enter_context(running(serve_command(bench, bench.backlot, "rust-cache-proxy", port, config), bench.folder,
                                bench.environment()))
    wait_for(port)
    return port


def ask_together(port, path, many):
    """So many requests on connections of their own, all sent before any is answered; their X-Cache values."""
    sockets = [socket.create_connection(("127.0.0.1", port), 30) for _ in range(many)]
    for s in sockets:
        s.sendall(b"GET %s HTTP/1.1\r\nHost: cache.example\r\nConnection: close\r\n\r\n" % path.encode())
    answers = []
    for s in sockets:
        with s, s.makefile("rb") as f:
            head = f.read().split(b"\r\n\r\n", 1)[0].lower()
            answers.append(next((line.split(b":", 1)[1].strip().decode() for line in head.split(b"\r\n")
                                 if line.startswith(b"x-cache:")), head.split(b"\r\n", 1)[0].decode()))
    return answers


def measure_cache(bench):
    say("the HTTP cache")
    section = "HTTP cache, through a Rust guest"
    with contextlib.ExitStack() as stack:
        port = served_through(bench, stack)
        for connections in (1, 16):
            bench.measure("load", port, "/", 2, "requests", 100)
            results = [bench.measure("load", port, "/", connections, "seconds", 1) for _ in range(bench.rounds)]
            bench.row(section, "hits, %d connection%s" % (connections, "s" if connections > 1 else ""),
                      of(results, "per_second"), unit="/s", more_is_better=True)
        misses = []
        for n in range(bench.rounds):
            answers = ask_together(port, "/together/%d" % n, MANY)
            if set(answers) != {"hit", "miss"}:
                raise SystemExit("answers that are neither hit nor miss: %s" % sorted(set(answers)))
            misses.append(answers.count("miss"))
        bench.row(section, "misses of %d requests for the same at once" % MANY, max(misses), unit="", goal=2)


# ---- frames ----


def measure_frames(bench):
    say("frames of a world")
    done = subprocess.run([os.path.join(bench.programs, "bench-frames")], stdout=subprocess.PIPE, text=True,
                          check=False)
    for line in done.stdout.splitlines():
        words = line.partition(" (")[0].split()
        name, number, unit = " ".join(words[:-2]), float(words[-2]), words[-1]
        if unit == "bytes":
            bench.row("Memory of 1,000 worlds", name, number / 1024, unit="KiB")
        else:
            bench.row("A frame: fork and destroy", name, number / 1000, unit="µs", goal=20 if "100 MB" in name else None)


# ---- the table ----


def markdown(bench):
    lines, section = [], None
    for row in bench.rows:
        if row[0] != section:
            section = row[0]
            lines += ["", "| %s | Backlot | Viceroy | ratio | goal | |" % section, "|---|---:|---:|---:|---:|---|"]
        met = {True: "met", False: "**missed**", None: ""}[row[6]]
        lines.append("| %s | %s | %s | %s | %s | %s |" % (*row[1:6], met))
    return "\n".join(lines).strip() + "\n"


def write_markdown(path, text):
    old = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            old = f.read()
    if BEGIN in old and END in old:
        text = old[:old.index(BEGIN) + len(BEGIN)] + "\n" + text + old[old.index(END):]
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--guests", default=os.path.join(ROOT, "build/guests"))
    parser.add_argument("--viceroy")
    parser.add_argument("--viceroy-lib", default=os.environ.get("VICEROY_LIB"), help="bench/viceroy-lib, built")
    parser.add_argument("--only", default=",".join(SECTIONS))
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--markdown")
    parser.add_argument("--json")
    options = parser.parse_args()
    bench = Bench(options)
    wanted = options.only.split(",")
    unknown = set(wanted) - set(SECTIONS)
    if unknown:
        parser.error("--only takes %s" % ",".join(SECTIONS))
    if options.markdown and len(set(wanted)) < len(SECTIONS):
        parser.error("--markdown writes the whole table; leave out --only")
    say("%s%s" % (subprocess.check_output([bench.backlot, "--version"], text=True).strip(),
                  ", beside " + subprocess.check_output([bench.viceroy, "--version"], text=True).strip()
                  if bench.viceroy else "; no viceroy on PATH or in $VICEROY to compare with"))
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="backlot-bench-") as bench.folder:
        for section, measure in zip(SECTIONS, (measure_starts, measure_invocations, measure_shape, measure_javascript,
                                               measure_cargo, measure_load, measure_cache, measure_frames)):
            if section in wanted:
                measure(bench)
    missed = [row[1] for row in bench.rows if row[6] is False]
    say("%d goals met, %d missed%s (%.0f s)" % (sum(row[6] is True for row in bench.rows), len(missed),
                                                ": " + "; ".join(missed) if missed else "", time.monotonic() - begun))
    if options.markdown:
        write_markdown(options.markdown, markdown(bench))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump(bench.figures, f, indent=1)


if __name__ == "__main__":
    sys.exit(main())
