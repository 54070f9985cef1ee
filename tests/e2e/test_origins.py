"""Origins as tests in JavaScript describe them: tests/e2e/origins says how, here is what their authors see."""

from harness import assert_equal, assert_in, test
from results import Summary

IMPORTS = 'import { beforeAll, describe, expect, it, origin, service } from "backlot:test";\n'


@test
def rules_answers_faults_and_calls(t):
    t.copy("tests/e2e/origins/origins.test.ts", "origins.test.ts")
    assert_equal(Summary(t.run("test", "--service", t.guest("rust-mirror"), "origins.test.ts", code=0)).counts, (22, 0))


@test
def clients_that_go_away_and_heads(t):
    t.copy("tests/e2e/origins/clients.test.ts", "clients.test.ts")
    assert_equal(Summary(t.run("test", "--service", t.guest("rust-mirror"), "clients.test.ts", code=0)).counts, (8, 0))
    t.write("a.fiddle", "# backlot-fiddle 1\nHEAD /\n  clientFetch.status is 200\n  clientFetch.bodyText is \"\"\n"
            "GET /\n  clientFetch.bodyText is \"Hello from rust!\"\n")
    t.run("test", "--service", t.guest("rust-hello"), "a.fiddle", code=0)


@test
def their_order_does_not_matter(t):
    t.copy("tests/e2e/origins/origins.test.ts", "origins.test.ts")
    done = t.run("test", "--service", t.guest("rust-mirror"), "--order", "random", "--check-determinism", "--filter", "group|what",
                 "origins.test.ts", code=0)
    assert_equal(Summary(done).counts, (17, 0))


@test
def an_expectation_of_a_group_holds_in_each_of_its_tests(t):
    t.write("a.test.ts", IMPORTS + """describe("group", () => {
  beforeAll(() => void origin("origin").respond("x").expect(1));
  it("asks once", async () => void (await service.fetch("/proxy/a")));
  it("does not ask", async () => void (await service.fetch("/")));
});
""")
    done = t.run("test", "--service", t.guest("rust-mirror"), "a.test.ts", code=1)
    assert_equal(Summary(done).counts, (1, 1))
    assert_in('a.test.ts: origin("origin") expected 1 request and got 0\n', done.out)


@test
def each_request_that_nobody_answers_is_told_of_once(t):
    t.write("a.test.ts", IMPORTS + """it("asks", async () => {
  origin("https://other.example/*").respond("x");
  origin("origin"); // which answers nothing yet
  origin(/never/).get("/proxy/x?y=1").respond("x");
  await service.fetch("/proxy/x?y=2");
  await service.fetch("/proxy/z");
});
it("asks nobody", async () => void (await service.fetch("/")));
""")
    done = t.run("test", "--service", t.guest("rust-mirror"), "a.test.ts", code=1)
    assert_equal(Summary(done).counts, (1, 1))
    assert_in('GET http://localhost/proxy/x?y=2 to backend "origin": nobody answers it; the nearest is '
              'origin("https://other.example/*"), but\n        backend: http://localhost/proxy/x?y=2, not https://other.example/*\n'
              '      all origins: origin("https://other.example/*"), origin(/never/).on("GET", "/proxy/x?y=1")\n', done.out)
    assert_equal(done.out.count("nobody answers it"), 2)
