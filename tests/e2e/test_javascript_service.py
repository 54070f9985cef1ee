"""JavaScript tests of a service: what the page about them shows, the shop's suite over both shops, and what goes wrong."""

import filecmp
import os
import re

from harness import ROOT, assert_equal, assert_in, assert_matches, assert_not_in, test
from results import Summary

IMPORTS = 'import { expect, it, origin, service } from "backlot:test";\n'
SHOPS = ("rust", "js")
FILES = ["examples/fastly-%s/tests/shop.test.ts" % shop for shop in SHOPS]


def shop(t, kind, *args, **options):
    if not os.path.exists(t.path("fastly.toml")):
        t.copy("examples/fastly-%s/fastly.toml" % kind, "fastly.toml")
    return t.run("test", "-C", "fastly.toml", "--service", t.guest("example-" + kind), *args, **options)


@test
def the_shops_have_one_suite(t):
    assert filecmp.cmp(*[os.path.join(ROOT, file) for file in FILES], shallow=False)


@test
def the_shops_suite_holds_for_the_one_in_rust(t):
    t.copy(FILES[0], "shop.test.ts")
    assert_equal(Summary(shop(t, "rust", "shop.test.ts", code=0)).counts, (18, 0))


@test
def the_shops_suite_holds_for_the_one_in_javascript(t):
    t.copy(FILES[1], "shop.test.ts")
    assert_equal(Summary(shop(t, "js", "shop.test.ts", code=0)).counts, (18, 0))


@test
def what_the_page_shows_holds(t):
    with open(os.path.join(ROOT, "docs/javascript-tests.md"), encoding="utf-8") as f:
        page = f.read()
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        blocks = re.findall(r"^```ts\n(.*?)^```$", page + f.read(), re.MULTILINE | re.DOTALL)
    for i, block in enumerate(blocks):
        t.write("page%d.test.ts" % i, block)
    os.makedirs(t.path("warehouse/bin"))
    t.copy("examples/fastly-rust/fastly.toml", "warehouse/fastly.toml")
    os.symlink(t.guest("example-rust"), t.path("warehouse/bin/main.wasm"))
    assert_equal((len(blocks), Summary(shop(t, "rust", ".", code=0)).counts), (11, (22, 0)))


def fails(t, body, *words, args=()):
    """The test fails for that reason, and the one behind it does not."""
    t.write("a.test.ts", IMPORTS + 'it("fails", async () => {\n' + body + '\n});\n'
            'it("holds", async () => expect((await service.fetch("/")).status).toBe(200));\n')
    done = shop(t, "rust", *args, "a.test.ts", code=1)
    assert_equal(Summary(done).counts, (1, 1))
    for one in words:
        assert_in(one, done.out)
    return done


ASK = 'await service.fetch("/products/mug");'


@test
def a_request_that_nobody_answers(t):
    fails(t, 'origin("catalog").post("/products/*").respond("x");\n' + ASK,
          'GET https://catalog.example.com/products/mug to backend "catalog": nobody answers it',
          'the nearest is origin("catalog").on("POST", "/products/*"), but', "method: GET, not POST")


@test
def an_expectation_that_is_not_met(t):
    fails(t, 'origin("catalog").respond({ json: {} }).expect(2);\n' + ASK,
          'origin("catalog") expected 2 requests and got 1\n      GET https://catalog.example.com/products/mug\n')


@test
def handlers_that_throw_or_return_what_is_no_answer(t):
    fails(t, 'origin("catalog").handle(() => { throw new Error("the handler broke"); });\n' + ASK,
          "a.test.ts:3:", "the handler broke")
    for answer, told in (("undefined", "undefined"), ("7", "7"), ("null", "null")):
        fails(t, 'origin("catalog").handle((() => %s) as never);\n%s' % (answer, ASK),
              'origin("catalog"): the handler must return a Response, not ' + told)
    fails(t, 'origin("catalog").handle("text" as never);', 'origin("catalog").handle() takes a function')
    fails(t, 'origin("catalog").fail("sadness" as never);', 'there is no fault "sadness": refuse, ')


@test
def handlers_that_never_answer(t):
    fails(t, 'origin("catalog").handle(() => { for (;;) {} });\n' + ASK, "the test took longer than 1 s and was stopped",
          args=("--timeout", "1"))


@test
def what_outlives_its_test_does_no_harm(t):
    t.write("a.test.ts", IMPORTS + """let late: () => Promise<{ status: number }>;
it("leaves something behind", async () => {
  late = () => service.fetch("/");
  setTimeout(() => { throw new Error("never, as the frame is gone"); }, 1_000_000);
});
it("uses it", async () => expect((await late()).status).toBe(200));
""")
    assert_equal(Summary(shop(t, "rust", "a.test.ts", code=0)).counts, (2, 0))


@test
def the_same_seed_gives_the_same_trace(t):
    t.copy(FILES[0], "shop.test.ts")
    done = shop(t, "rust", "--check-determinism", "--order", "random", "shop.test.ts", code=0)
    assert_equal(Summary(done).counts, (18, 0))


@test
def without_a_service_it_is_said_what_is_missing(t):
    t.write("a.test.ts", IMPORTS + 'it("asks", async () => { await service.fetch("/"); });\n')
    done = t.run("test", "a.test.ts")
    assert done.code != 0
    assert_matches(r"a\.test\.ts.*--service", done.output)
    assert_not_in("undefined", done.output)


CONCURRENT = """import { clock, expect, it, kv, origin, service } from "backlot:test";
import { afterEach, beforeEach, describe } from "vitest";
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
let running = 0, most = 0;
describe("at the same time", () => {
  beforeEach(() => { running++; most = Math.max(most, running); });
  afterEach(() => { running--; });
  for (let i = 0; i < 6; i++)
    it.concurrent(`number ${i}`, async ({ expect }) => {
      const begun = clock.now();
      origin("origin").handle(async () => {
        await sleep(100 * (6 - i));
        return new Response(`from ${i}`);
      });
      kv("notes").set("who", String(i));
      await sleep(10 * i);
      const [one, two] = await Promise.all([service.fetch("/a"), sleep(7).then(() => service.fetch("/b"))]);
      expect([await one.text(), await two.text()]).toEqual([`from ${i}`, `from ${i}`]);
      await clock.advance(`${i}h`);
      expect(clock.now() - begun).toBe(10 * i + 100 * (6 - i) + 7 + 3600000 * i);
      expect(kv("notes").get("who")).toBe(String(i));
      expect(Math.round(i === 3 ? Number.NaN : 0)).toBe(0);
    });
});
it("is behind them", () => { expect([running, most]).toEqual([0, 5]); });
"""


@test
def tests_at_the_same_time_keep_their_worlds(t):
    t.write("a.test.ts", CONCURRENT)
    done = t.run("test", "--service", t.guest("rust-proxy-log"), "a.test.ts", code=1)
    assert_equal(Summary(done).counts, (6, 1))
    assert_matches(r"FAILED a.test.ts:9: at the same time > number 3 .*?\na.test.ts:22:", done.out)


@test
def a_test_that_failed_is_told_of_origins_without_a_backend(t):
    body = 'it("asks", async () => { origin("catalogue").respond({}); expect((await service.fetch("/products/mug")).status).toBe(200); });\n'
    t.write("a.test.ts", IMPORTS + body)
    done = shop(t, "rust", "a.test.ts", code=1)
    assert_in('note: nothing asked origin("catalogue"), and there is no backend of that name (there are: ', done.out)
    assert_in("catalog", done.out.split("there are: ")[1])


@test
def a_test_that_failed_shows_what_happened_in_its_last_requests(t):
    body = """it("asks", async () => {
  origin("catalog").respond({ status: 404 });
  for (const id of ["a", "b", "c", "d"]) await service.fetch("/products/" + id);
  expect(1).toBe(2);
});
"""
    t.write("a.test.ts", IMPORTS + body)
    done = shop(t, "rust", "a.test.ts", code=1)
    assert_matches(r"request: GET http://localhost/products/b\n    timeline:\n      \+0\.000000 s ecp-start .*\n(.*\n)*?.* s fetch backend=\"catalog\" ", done.out)
    assert_equal([word in done.out for word in ("products/a\n", "products/d\n")], [False, True])


@test
def what_broke_the_service_is_shown_where_an_assertion_fails(t):
    t.write("a.test.ts", IMPORTS + """
it("traps", async () => {
  const response = await service.fetch("/");
  expect(response.status).toBe(200);
});
""")
    done = t.run("test", "--service", t.guest("wat-trap"), "a.test.ts", code=1)
    assert_in("expected 500 to be 200", done.out)
    assert_in("a.test.ts: GET http://localhost/: wasm `unreachable` instruction executed\n    the service says:\n", done.out)
    assert_in("wasm backtrace:", done.out)


@test
def a_hundred_requests_may_run_at_the_same_time(t):
    t.write("fastly.toml", '[local_server.backends.origin]\nurl = "http://127.0.0.1:1"\n')
    t.write("a.test.ts", IMPORTS + """
const all = (count: number) => Promise.all(Array.from({ length: count }, () => service.fetch("/proxy")));

it("answers them", async () => {
  origin("origin").respond({ body: "late", delay: "1s" });
  for (const response of await all(100)) expect(response.status).toBe(200);
});

it("says of one more why it is not answered", async () => {
  origin("origin").respond({ body: "late", delay: "1s" });
  for (const response of await all(129)) expect(response.status).toBe(200);
});
""")
    done = t.run("test", "--service", t.guest("rust-abi"), "a.test.ts", code=1)
    assert_equal(Summary(done).counts, (1, 1))
    assert_in("as many guests run as may at the same time", done.out)


@test
def what_a_test_says_of_itself_is_shown(t):
    t.write("a.test.ts", IMPORTS + """
it("says something", async ({ annotate }) => {
  expect(await annotate("look here", "issue")).toMatchObject({ message: "look here", type: "issue" });
  await annotate("and there");
  expect(1).toBe(2);
});
""")
    done = t.run("test", "--service", t.guest("rust-hello"), "a.test.ts", code=1)
    assert_in("    it printed:\n      issue: look here\n      notice: and there\n", done.out)


@test
def without_a_service_a_file_that_asks_it_is_broken_once(t):
    t.write("a.test.ts", IMPORTS + """
it("asks nobody", () => {});
it("asks", () => service.fetch("/"));
it("asks again", () => service.fetch("/"));
""")
    t.write("b.test.ts", IMPORTS + 'it("asks nobody", () => {});\n')
    t.write("broken.wasm", "nonsense")
    for service in ("missing.wasm", "broken.wasm"):
        done = t.run("test", "--service", service, "a.test.ts", "b.test.ts", code=2)
        assert_equal(done.out.count("BROKEN"), 1)
        assert_in("BROKEN a.test.ts", done.out)
        assert_in(service, done.out)
        assert_in("2 passed, 0 failed, 1 file could not be run", done.out)
