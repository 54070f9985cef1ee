"""`backlot test --target`: the same tests against a service that is deployed, here one that `serve` serves."""

import json

from harness import assert_equal, assert_in, assert_matches, assert_not_in, test
from results import Summary

TYPESCRIPT = """import { beforeAll, clock, describe, expect, it, kv, origin, service } from "backlot:test";
it("answers", async () => {
  const response = await service.fetch("/x?y=1", { method: "POST", body: "abc", headers: { "x-own": "1" } });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ method: "POST", bodyBytes: 3, url: expect.stringContaining("/x?y=1") });
  await response.done();
});
it("answers something else", async () => expect((await service.fetch("/")).status).toBe(418));
it("waits in real time", async () => {
  const before = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(Date.now() - before).toBeGreaterThanOrEqual(25);
});
it("has an origin", async () => { origin("catalog").respond("a"); await service.fetch("/"); });
it("looks at logs", async () => expect((await service.fetch("/")).logs()).toEqual([]));
it("hides that it does", async () => { try { (await service.fetch("/")).trace; } catch {} });
it("moves time", () => clock.advance("1h"));
it("is somebody", () => service.fetch("/", { client: { ip: "192.0.2.1" } }));
describe("of a group", () => {
  beforeAll(() => void kv("carts").set("ada", "1"));
  it("is one of them", () => {});
});
"""

FIDDLE = """test answers
POST /x?y=1
"abc"
  clientFetch.status is 200
  clientFetch.bodyText includes "\\"bodyBytes\\":3"

test is somebody
client
  ip 192.0.2.1
GET /
  clientFetch.status is 200

test looks at logs
GET /
  logs.count() is 0

test answers something else
GET /
  clientFetch.status is 418
"""

REASONS = {"has an origin": "origin()", "looks at logs": "response.logs()", "hides that it does": "response.trace",
           "moves time": "clock.advance()", "is somebody": "client", "is one of them": "kv"}


def reasons(report):
    return {t["name"]: t["message"] for file in report["files"] for t in file["tests"] if t["status"] == "skipped"}


@test
def tests_in_typescript_see_what_a_client_sees(t):
    t.write("a.test.ts", TYPESCRIPT)
    with t.serve(t.guest("rust-mirror")) as edge:
        url = "http://127.0.0.1:%d" % edge.port
        done = t.run("test", "--target", url, "a.test.ts", code=1)
        assert_in("2 passed, 1 failed, 6 skipped", done.out)
        assert_in("expected 200 to be 418", done.out)
        assert_in("skipped 1: needs the inside: response.logs()\n", done.out)
        assert_in("--target %s " % url, done.out.split("repeat: ")[1])
        report = json.loads(t.run("test", "--target", url, "--reporter", "json", "a.test.ts", code=1).out)
        assert_equal(reasons(report), {name: "needs the inside: " + what for name, what in REASONS.items()})


@test
def tests_in_fiddles_language_do_so_too_behind_a_path(t):
    t.write("a.fiddle", FIDDLE)
    with t.serve(t.guest("rust-mirror")) as edge:
        url = "http://127.0.0.1:%d/base" % edge.port
        done = t.run("test", "--target", url, "a.fiddle", code=1)
        assert_in("1 passed, 1 failed, 2 skipped", done.out)
        report = json.loads(t.run("test", "--target", url, "--reporter", "json", "a.fiddle", code=1).out)
        assert_equal(reasons(report), {"is somebody": "needs the inside: client", "looks at logs": "needs the inside: logs.count()"})
        t.write("b.test.ts", TYPESCRIPT.splitlines()[0] + """
it("is behind it", async () => expect((await (await service.fetch("/x")).json() as { url: string }).url).toContain("/base/x"));
""")
        assert_equal(Summary(t.run("test", "--target", url, "b.test.ts", code=0)).counts, (1, 0))


@test
def a_project_is_not_looked_at(t):
    t.write("fastly.toml", "this is no manifest")
    t.write("a.test.ts", TYPESCRIPT.splitlines()[0] + '\nit("answers", async () => expect((await service.fetch("/")).ok).toBe(true));\n')
    with t.serve(t.guest("rust-mirror")) as edge:
        assert_equal(Summary(t.run("test", "--target", "http://127.0.0.1:%d" % edge.port, "a.test.ts", code=0)).counts, (1, 0))


@test
def over_tls_authorities_are_heeded(t):
    t.fresh_cache()
    t.write("a.fiddle", FIDDLE.split("\ntest is")[0])
    with t.serve(t.guest("rust-mirror"), "--tls") as edge:
        url, authority = "https://localhost:%d" % edge.port, edge.wait_for(r"curl --cacert (\S+),").group(1)
        assert_equal(Summary(t.run("test", "--target", url, "--target-ca", authority, "a.fiddle", code=0)).counts, (1, 0))
        assert_matches("the service could not be asked.*\n?.*certificate", t.run("test", "--target", url, "a.fiddle", code=1).out)
        t.write("a.test.ts", TYPESCRIPT.splitlines()[0] + """
it("goes over HTTP/2", async () => {
  const body = "mug ".repeat(100000);
  const response = await service.fetch("/all?of=it", { method: "PUT", body, headers: { "x-own": "1" } });
  expect(await response.json()).toMatchObject({ method: "PUT", bodyBytes: body.length, version: "HTTP/2" });
});
""")
        assert_equal(Summary(t.run("test", "--target", url, "--target-ca", authority, "a.test.ts", code=0)).counts, (1, 0))


@test
def what_cannot_be_reached_fails_each_test_and_says_why(t):
    t.write("a.fiddle", FIDDLE)
    t.write("a.test.ts", TYPESCRIPT)
    done = t.run("test", "--target", "http://127.0.0.1:1", "a.fiddle", "a.test.ts", code=1)
    assert_in("the service could not be asked", done.out)
    assert_in("http://127.0.0.1:1: connection refused", done.out)
    assert_not_in("passed, 0 failed", done.out)


@test
def options_that_contradict_it_are_errors(t):
    t.write("a.fiddle", FIDDLE)
    for args, words in ((["--target", "nonsense"], "--target nonsense: it does not begin with http:// or https://"),
                        (["--target", "http://a.example", "--service", "x.wasm"], "--service is about a service that runs here"),
                        (["--target", "http://a.example", "--net", "record"], "--net is about a service that runs here"),
                        (["--target", "http://a.example", "--check-determinism"], "--check-determinism is about"),
                        (["--target-ca", "a.fiddle"], "--target-ca is for --target, which is not given"),
                        (["--target", "https://a.example", "--target-ca", "a.fiddle"], "--target-ca a.fiddle"),
                        (["--target", "https://a.example", "--target-ca", "none.pem"], "--target-ca")):
        assert_in(words, t.run("test", *args, "a.fiddle", code=2).err)
