#!/usr/bin/env python3
"""Runs the end-to-end tests: Backlot as its users meet it, from outside.

    tests/e2e/run.py [--backlot PATH] [--guests DIR] [--filter REGEX] [--jobs N] [--list] [-v]

One line a test; a test that fails shows why, and what the programs it ran have printed. The last line is
"N passed, N failed"; the exit code is 0 when nothing failed and something ran. With BACKLOT_REQUIRE_GUESTS=1, as in CI,
a test that is skipped has failed.
"""

import argparse
import concurrent.futures
import importlib
import os
import re
import shutil
import sys
import tempfile
import threading
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import harness  # noqa: E402

printing = threading.Lock()


def load(folder):
    for name in sorted(os.listdir(folder)):
        if name.startswith("test_") and name.endswith(".py"):
            importlib.import_module(name[:-3])


def explain(error):
    """The assertion's words and the lines of the test that led to it, without those of the harness."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.endswith(("run.py", "harness.py", "contextlib.py"))
    ]
    lines = ["%s:%d: %s" % (os.path.relpath(frame.filename), frame.lineno, frame.line) for frame in frames]
    words = str(error) if isinstance(error, harness.Failure) else "%s: %s" % (type(error).__name__, error)
    return "\n".join(lines + [words])


def run_one(module, function):
    """What happened ("ok", "FAIL" or "skip"), and the words for it."""
    name = "%s.%s" % (module.removeprefix("test_"), function.__name__)
    sandbox = harness.Sandbox(name)
    begun = time.monotonic()
    try:
        function(sandbox)
        verdict, words = "ok", ""
    except harness.Skip as why:
        verdict, words = "skip", str(why)
        if os.environ.get("BACKLOT_REQUIRE_GUESTS") and not isinstance(why, harness.OptionalSkip):
            verdict = "FAIL"
    except Exception as error:  # whatever a test runs into is its failure
        verdict, words = "FAIL", "\n".join([explain(error), *sandbox.notes])
    finally:
        sandbox.close()
    with printing:
        print("%-4s %s (%.2f s)%s" % (verdict, name, time.monotonic() - begun, ": " + words if verdict == "skip" else ""))
        if verdict == "FAIL":
            print("".join("    %s\n" % line for line in words.splitlines()), end="")
        sys.stdout.flush()
    return verdict


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backlot", default=os.path.join(harness.ROOT, "build/backlot"))
    parser.add_argument("--guests", default=os.path.join(harness.ROOT, "build/guests"))
    parser.add_argument("--filter", default="")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()

    harness.settings.backlot = os.path.abspath(args.backlot)
    harness.settings.guests = os.path.abspath(args.guests)
    load(os.path.dirname(os.path.abspath(__file__)))
    chosen = [(module, function) for module, function in harness.registered
              if re.search(args.filter, "%s.%s" % (module.removeprefix("test_"), function.__name__))]
    if args.list:
        for module, function in chosen:
            print("%s.%s" % (module.removeprefix("test_"), function.__name__))
        return 0

    # One code cache for all of a run, so that each guest is compiled once; it goes with the run.
    harness.settings.cache = tempfile.mkdtemp(prefix="backlot-e2e-cache-")
    try:
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            verdicts = list(pool.map(lambda pair: run_one(*pair), [p for p in chosen if not p[1].alone]))
        verdicts += [run_one(*pair) for pair in chosen if pair[1].alone]
    finally:
        shutil.rmtree(harness.settings.cache, ignore_errors=True)
    passed, failed, skipped = (verdicts.count(verdict) for verdict in ("ok", "FAIL", "skip"))
    print("%d passed, %d failed%s" % (passed, failed, ", %d skipped" % skipped if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
