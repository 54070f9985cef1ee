#!/usr/bin/env python3
"""Runs the Web Platform Tests that need no document through `backlot test`, and compares with what is known.

    tests/wpt/run.py BACKLOT SUITE WORK KNOWN [AREA…]

SUITE is the unpacked suite. WORK gets a test file for each of the suite's, whose subtests are its tests: see driver.js.
KNOWN says what does not pass, and why. A line with "=" begins a reason; under it stand files of the suite ("*" in them is any
text): alone when the file is not run at all; with ": " and a subtest, or a regular expression between slashes, when that fails;
with " ~ " in place of ": " when those subtests do not count, however they end.
What fails and is not there, and what is there and passes, or names nothing, is a failure. The last line is
"N passed, N failed".
"""

import collections
import fnmatch
import json
import os
import re
import subprocess
import sys

FILES = re.compile(r"\.(any|window)\.js$")
VARIANT = re.compile(r"^// META: variant=(\S+)", re.M)
# JavaScript of the suite that computes for longer than that has gone astray.
PATIENCE_S = 60


class Known:
    def __init__(self, path, areas):
        self.skipped, self.failing, self.ignored = [], [], []
        reason = None
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                line = line.rstrip("\n")
                if not line or line.startswith("#"):
                    continue
                if line.startswith("= "):
                    reason = line[2:]
                    continue
                where, how, what = re.fullmatch(r"(\S+?)(?:(: | ~ )(.+))?", line).groups()
                if reason is None:
                    raise SystemExit("%s:%d: a line with \"= REASON\" must come first" % (path, number))
                if areas and not where.startswith(tuple(area + "/" for area in areas) + ("*",)):
                    continue
                entry = {"line": "%s:%d" % (path, number), "file": re.compile(fnmatch.translate(where)), "used": 0, "what": what,
                         "regexp": re.compile(what[1:-1], re.S) if what and re.fullmatch("/.+/", what) else None, "text": line}
                {": ": self.failing, " ~ ": self.ignored, None: self.skipped}[how].append(entry)

    def skips(self, file):
        hits = [entry for entry in self.skipped if entry["file"].match(file)]
        for entry in hits:
            entry["used"] += 1
        return bool(hits)

    def ignores(self, file, subtest):
        return self.find(self.ignored, file, subtest)

    def fails(self, file, subtest):
        return self.find(self.failing, file, subtest)

    @staticmethod
    def find(entries, file, subtest):
        name = " ".join(subtest.split())
        hits = [entry for entry in entries if entry["file"].match(file) and
                (entry["regexp"].search(name) if entry["regexp"] else entry["what"] == name)]
        for entry in hits:
            entry["used"] += 1
        return bool(hits)

    def unused(self):
        return [entry for entry in self.failing + self.ignored + self.skipped if not entry["used"]]


def write_tests(suite, work, known, areas):
    """Test files below WORK/run; which file of the suite each is for, and how many are left out, by area."""
    files, left_out = {}, collections.Counter()
    for folder, _, names in sorted(os.walk(suite)):
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), suite)
            if not FILES.search(name) or (areas and not any(path.startswith(area + "/") for area in areas)):
                continue
            if known.skips(path):
                left_out[area_of(path)] += 1
                continue
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                variants = VARIANT.findall(file.read()) or [""]
            for variant in variants:
                test = os.path.join(work, "run", FILES.sub("", path) + re.sub(r"[^\w-]", "_", variant) + ".test.js")
                os.makedirs(os.path.dirname(test), exist_ok=True)
                with open(test, "w", encoding="utf-8") as file:
                    file.write("import { run } from %s;\nrun(%s, %s);\n" % tuple(map(json.dumps, (
                        os.path.abspath("tests/wpt/driver.js"), path + variant, os.path.abspath(suite)))))
                files[os.path.realpath(test)] = path + variant
    return files, left_out


def area_of(path):
    """The folder at the top, but for those that are only roofs over standards of their own."""
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] in ("dom", "html", "webidl", "webmessaging") else parts[0]


def main():
    backlot, suite, work, known_file = sys.argv[1:5]
    areas = sys.argv[5:]
    known = Known(known_file, areas)
    subprocess.run(["rm", "-rf", os.path.join(work, "run")], check=True)
    files, left_out = write_tests(suite, work, known, areas)
    # Its folder is the project's, below which tests may read files.
    with open(os.path.join(work, "fastly.toml"), "w", encoding="utf-8") as file:
        file.write('manifest_version = 3\nname = "wpt"\nlanguage = "other"\n')
    report = os.path.join(work, "report.json")
    ran = subprocess.run([backlot, "test", "--seed", "1", "--timeout", str(PATIENCE_S), "--reporter", "json=" + report, "--timings", os.path.join(work, "timings"),
                          os.path.join(work, "run")], stdout=subprocess.DEVNULL)
    if ran.returncode not in (0, 1, 2):
        raise SystemExit("backlot test ended with %d" % ran.returncode)
    with open(report, encoding="utf-8") as file:
        results = json.load(file)["files"]
    counts, problems = count(results, files, known)
    for entry in known.unused():
        problems.append("%s: names nothing that there is: %s" % (entry["line"], entry["text"]))
    print("%-28s %8s %8s %8s %14s" % ("area", "passed", "failed", "known", "files not run"))
    for area in sorted(set(counts) | set(left_out)):
        c = counts[area]
        print("%-28s %8d %8d %8d %14d" % (area, c["passed"], c["failed"], c["known"], left_out[area]))
    for problem in problems:
        print(problem)
    total = collections.Counter()
    for c in counts.values():
        total.update(c)
    print("\n%d subtests are known not to pass, %d files are not run: %s" % (total["known"], sum(left_out.values()), known_file))
    print("%d passed, %d failed" % (total["passed"], len(problems)))
    return 1 if problems or not total["passed"] else 0


def count(results, files, known):
    counts, problems = collections.defaultdict(collections.Counter), []
    missing = set(files.values())
    for result in results:
        file = files[os.path.realpath(result["file"])]
        path = file.split("?")[0]
        area = counts[area_of(path)]
        missing.discard(file)
        if result["error"]:
            area["failed"] += 1
            problems.append("%s: could not be run: %s" % (file, result["error"].strip()))
        for test in result["tests"]:
            if known.ignores(path, test["name"]):
                continue
            fails, expected = test["status"] != "passed", known.fails(path, test["name"])
            area["known" if fails and expected else "failed" if fails or expected else "passed"] += 1
            if fails and not expected:
                problems.append("%s: %s: %s" % (file, test["name"], (test["message"] or test["text"] or "").split("\n")[0]))
            elif expected and not fails:
                problems.append("%s: %s: passes, though it is known not to" % (file, test["name"]))
    problems += ["%s: was not run" % file for file in sorted(missing)]
    return counts, problems


sys.exit(main())
