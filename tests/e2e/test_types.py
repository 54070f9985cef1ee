"""What editors and tsc know of `backlot:test`: the types are what the module is, and hold for the tests that there are."""

import glob
import json
import os
import re
import shutil
import subprocess

from harness import ROOT, Skip, assert_equal, assert_in, test
from results import Summary

OPTIONS = {"strict": True, "noEmit": True, "target": "ES2022", "module": "ESNext", "moduleResolution": "Bundler",
           "lib": ["ES2023", "DOM", "DOM.Iterable"], "types": [], "experimentalDecorators": True, "noUncheckedIndexedAccess": True}
TESTS = ("tests/e2e/state/*.ts", "tests/e2e/stellate/*.ts", "tests/e2e/origins/*.ts", "tests/e2e/services/*.ts", "examples/*/tests/*.ts",
         "tests/e2e/javascript/[a-l]*.test.ts", "tests/e2e/javascript/matchers.test.ts", "tests/e2e/javascript/vi.test.ts")


def packages():
    """Where tools/get-js has put TypeScript and Vitest."""
    found = sorted(glob.glob(os.path.join(ROOT, "build/deps/js-*/node_modules/typescript")), key=os.path.getmtime)
    if not found or not shutil.which("node"):
        raise Skip("there is no node, or no typescript: tools/get-js fetches it")
    return os.path.dirname(found[-1])


def tsc(folder, *args):
    done = subprocess.run(["node", os.path.join(packages(), "typescript/bin/tsc"), *args], cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8", check=False)
    return done.stdout


def write_tests(t, folder):
    """All that there are: those of the end-to-end tests, of the shops, and what the pages show."""
    os.makedirs(t.path(folder), exist_ok=True)
    count = 0
    for file in sorted(path for pattern in TESTS for path in glob.glob(os.path.join(ROOT, pattern))):
        target = "%s/%d/%s" % (folder, count, os.path.basename(file))
        os.makedirs(os.path.dirname(t.path(target)))
        t.copy(os.path.relpath(file, ROOT), target)
        count += 1
    shutil.copytree(os.path.join(ROOT, "tests/e2e/javascript/lib"), t.path(folder + "/lib"))
    for page in ("docs/javascript-tests.md", "README.md"):
        with open(os.path.join(ROOT, page), encoding="utf-8") as f:
            for block in re.findall(r"^```ts\n(.*?)^```$", f.read(), re.MULTILINE | re.DOTALL):
                t.write("%s/page%d.test.ts" % (folder, count), block)
                count += 1
    return count


def check_tests(t, folder, **options):
    count = write_tests(t, folder)
    # What the tests about modules import stands beside them.
    for number in range(count):
        if os.path.isdir(t.path("%s/%d" % (folder, number))):
            os.symlink("../lib", t.path("%s/%d/lib" % (folder, number)))
    t.write(folder + "/tsconfig.json", json.dumps({"compilerOptions": dict(OPTIONS, **options), "include": ["**/*.ts"]}))
    assert_equal(tsc(t.path(folder)), "")
    t.write(folder + "/wrong.test.ts", 'import { kv, service } from "backlot:test";\nservice.fetsh("/");\nkv("a").set(1, 2);\n')
    told = tsc(t.path(folder))
    assert_in("wrong.test.ts(2,9): error TS2", told)
    assert_in("wrong.test.ts(3,13): error TS2345", told)


@test
def all_tests_there_are_fit_the_types(t):
    os.mkdir(t.path("tests"))
    t.run("types", "tests", code=0)
    os.remove(t.path("tests/tsconfig.json"))
    # Modules of Node.js have theirs from @types/node, as everywhere.
    check_tests(t, "tests", typeRoots=[os.path.join(packages(), "@types")], types=["node"])


@test
def and_so_they_do_with_vitests_own_where_it_is_installed(t):
    os.mkdir(t.path("tests"))
    os.symlink(packages(), t.path("node_modules"))
    t.write("tests/backlot-vitest.d.ts", "of an older version")
    done = t.run("types", "tests", code=0)
    assert_equal(done.out, "types for editors and tsc are written to tests: backlot-test.d.ts, tsconfig.json\n")
    assert_equal(sorted(os.listdir(t.path("tests"))), ["backlot-test.d.ts", "tsconfig.json"])
    os.remove(t.path("tests/tsconfig.json"))
    check_tests(t, "tests", skipLibCheck=True, types=["vite/client", "node"])


NAMES = """import * as ours from "backlot:test";
import * as vitests from "vitest";
import { expect, it, vi } from "vitest";
it("tells", () => {
  console.log("NAMES " + JSON.stringify({ ours: Object.keys(ours), vitests: Object.keys(vitests), vi: Object.keys(vi) }));
  const matchers = new Set<string>();
  for (let o: object = expect(1); o !== Object.prototype; o = Object.getPrototypeOf(o) as object)
    for (const name of Object.getOwnPropertyNames(o)) if (/^to[A-Z]|^(nth|last)/.test(name)) matchers.add(name);
  console.log("NAMES " + JSON.stringify({ matchers: [...matchers], expect: Object.getOwnPropertyNames(expect) }));
});
"""
DECLARED = """const ts = require(process.argv[2] + "/typescript");
const program = ts.createProgram(process.argv.slice(3), { types: [], lib: ["lib.es2023.d.ts", "lib.dom.d.ts"] });
const checker = program.getTypeChecker();
const modules = Object.fromEntries(checker.getAmbientModules().map((m) => [m.name.slice(1, -1), m]));
const exported = (name) => checker.getExportsOfModule(modules[name]);
const values = (name) => exported(name).filter((s) => s.flags & ts.SymbolFlags.Value).map((s) => s.name);
const members = (name) => checker.getDeclaredTypeOfSymbol(exported("vitest").find((s) => s.name === name)).getProperties().map((s) => s.name);
console.log(JSON.stringify({ ours: values("backlot:test"), vitests: values("vitest"), vi: members("VitestUtils"),
  matchers: members("Assertion").filter((name) => /^to[A-Z]|^(nth|last)/.test(name)), expect: members("ExpectStatic") }));
"""


LATER = """import { expect, test } from "vitest";
import { expect as ours, origin, test as mine } from "backlot:test";
const named = test.extend("port", 3000).extend("url", ({ port }) => `http://${port.toFixed()}`).extend("db", { scope: "file" }, async ({ url }, { onCleanup }) => {
  onCleanup(() => {});
  return url.length;
});
named("is typed", ({ url, db }) => expect(url.length).toBe(db.toFixed().length));
mine.extend("one", { auto: true }, [1])("lists", ({ one }) => ours(one.length).toBe(1));
test.extend<{ old: string }>({ old: async ({}, use) => use("a") })("as ever", ({ old }) => expect(old.length).toBe(1));
expect.addSnapshotSerializer({ test: (v) => typeof v === "string", serialize: (v, c, i, d, r, p) => p(v, c, i, d, r) });
expect.addSnapshotSerializer({ test: (v) => v === 1, print: (v, print, indent) => indent(print(v)) });
origin("a").fail("connect timeout");
origin("a").fail("nope");
named("is typed", ({ nope }) => nope);
"""


@test
def fixtures_by_name_serializers_and_faults_have_types(t):
    os.mkdir(t.path("tests"))
    t.run("types", "tests", code=0)
    os.remove(t.path("tests/tsconfig.json"))
    t.write("tests/a.test.ts", LATER)
    t.write("tests/tsconfig.json", json.dumps({"compilerOptions": OPTIONS, "include": ["**/*.ts"]}))
    told = tsc(t.path("tests"))
    assert_equal(re.findall(r"^\S+\((\d+),\d+\): error (TS\d+)", told, re.MULTILINE), [("13", "TS2345"), ("14", "TS2339")])


@test
def the_types_have_what_the_modules_have_and_nothing_else(t):
    t.write("a.test.ts", NAMES)
    done = t.run("test", "-v", "--service", t.guest("rust-noop"), "a.test.ts", code=0)
    there = {}
    for line in re.findall(r"NAMES (\{.*\})", done.out):
        there.update(json.loads(line))
    there["expect"] = [name for name in there["expect"] if name not in ("length", "name")]
    t.write("declared.cjs", DECLARED)
    files = [os.path.join(ROOT, "include", name) for name in ("backlot-test.d.ts", "backlot-vitest.d.ts")]
    out = subprocess.run(["node", t.path("declared.cjs"), packages(), *files], stdout=subprocess.PIPE, encoding="utf-8", check=True)
    declared = json.loads(out.stdout)
    assert_equal(sorted(declared), sorted(there))
    for kind, names in there.items():
        assert_equal((kind, sorted(declared[kind])), (kind, sorted(set(names))))


@test
def settings_and_limits_are_those_of_the_tables(t):
    with open(os.path.join(ROOT, "include/backlot-test.d.ts"), encoding="utf-8") as f:
        types = f.read()
    with open(os.path.join(ROOT, "docs/reference/fiddle.md"), encoding="utf-8") as f:
        rows = re.findall(r"^\| `(\S+)` \| (?:an IP address|text|hex.*?|32 hex.*?|true or false|a whole number|one of.*?) \|", f.read(), re.MULTILINE)
    assert len(rows) > 40
    for name in rows:
        group, _, last = name.rpartition(".")
        block = re.search(r"%s\?: \{(.*?)\n? *\};\n" % group, types, re.DOTALL).group(1) if group else types
        assert re.search(r"\b%s\?:" % last, block), name
    with open(os.path.join(ROOT, "src/world/limits.def"), encoding="utf-8") as f:
        names = re.findall(r'^LIMIT\(\w+, "([^"]+)"', f.read(), re.MULTILINE)
    listed = re.search(r"type LimitName =(.*?);", types, re.DOTALL).group(1)
    assert_equal(re.findall(r'"([^"]+)"', listed), names)


@test
def init_puts_them_beside_the_first_test_and_a_project_of_its_own_checks(t):
    t.write("shop/fastly.toml", 'manifest_version = 3\nname = "shop"\n[local_server.backends.origin]\nurl = "http://127.0.0.1:1"\n')
    os.mkdir(t.path("shop/bin"))
    os.symlink(t.guest("rust-hello"), t.path("shop/bin/main.wasm"))
    done = t.run("init", cwd=t.path("shop"), code=0)
    assert_in("types for editors and tsc are written to tests: backlot-test.d.ts, backlot-vitest.d.ts, tsconfig.json\n", done.out)
    assert_equal(sorted(os.listdir(t.path("shop/tests"))), ["backlot-test.d.ts", "backlot-vitest.d.ts", "shop.test.ts", "tsconfig.json"])
    assert_equal(tsc(t.path("shop/tests")), "")
    assert_equal(Summary(t.run("test", cwd=t.path("shop"), code=0)).counts, (1, 0))


@test
def a_tsconfig_that_is_there_stays_and_folders_are_named(t):
    t.write("p/tsconfig.json", "{}")
    os.mkdir(t.path("p/tests"))
    t.run("types", cwd=t.path("p/tests"), code=0)
    assert_equal((sorted(os.listdir(t.path("p/tests"))), t.read("p/tsconfig.json")), (["backlot-test.d.ts", "backlot-vitest.d.ts"], "{}"))
    assert_in("nowhere: No such file or directory", t.run("types", "nowhere", code=2).err)
    assert_in("tsconfig.json: Not a directory", t.run("types", "p/tsconfig.json", code=2).err)
