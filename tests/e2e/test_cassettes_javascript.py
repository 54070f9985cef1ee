"""`backlot test --net …` for tests in JavaScript, whose cassettes are those of .fiddle files: see test_cassettes.py."""

import os

from cassettes import MANIFEST, answer, entries_of, run, run_with_origin
from harness import Response, assert_equal, assert_in, assert_not_in, test
from results import Summary

IMPORTS = 'import { beforeAll, describe, expect, it, origin, service } from "backlot:test";\n'
TWO = IMPORTS + """it("one", async () => {
  const response = await service.fetch("/proxy?token=s3cret&x=1", { headers: { authorization: "Bearer s3cret" } });
  expect(await response.text()).toBe("asked for /proxy");
  await service.fetch("/proxy", { method: "POST", body: "the body" });
});
describe("group", () => {
  it("two", async () => expect(await (await service.fetch("/proxy?binary")).bytes()).toHaveLength(256));
  it("asks nobody", async () => void (await service.fetch("/env")));
});
"""


def asking(t, net, text=TWO, handler=answer, args=(), **options):
    return run_with_origin(t, net, "a.test.ts", text, handler, *args, **options)


def entries(t):
    return entries_of(t, "a.test.ts")


@test
def what_was_recorded_is_replayed_without_the_origin(t):
    for guest in ("rust-abi", "js-abi"):
        origin, _ = asking(t, "record", guest=guest, code=0)
        assert_equal(len(origin.requests), 3)
        assert_equal([(e["_test"], e["_backend"], e["request"]["method"], e["response"]["status"]) for e in entries(t)],
                     [("one", "origin", "GET", 200), ("one", "origin", "POST", 200), ("group > two", "origin", "GET", 200)])
        assert_equal(entries(t)[1]["request"]["postData"]["text"], "the body")
        assert_equal(Summary(run(t, "replay", guest=guest, code=0)).counts, (3, 0))  # nobody listens there any more
        assert_equal(Summary(run(t, "replay", "--jobs", "1", "--order", "random", guest=guest, code=0)).counts, (3, 0))


@test
def the_real_origins_are_asked_without_a_cassette(t):
    origin, done = asking(t, "real", code=0)
    assert_equal((len(origin.requests), Summary(done).counts), (3, (3, 0)))
    assert_equal(os.path.exists(t.path("a.test.ts.har")), False)


@test
def secrets_are_in_no_cassette(t):
    origin, _ = asking(t, "record", code=0)
    assert_equal(origin.requests[0].headers["Authorization"], "Bearer s3cret")
    text = t.read("a.test.ts.har")
    assert_not_in("s3cret", text)
    assert_in("token=REDACTED&x=1", text)
    t.write("a.test.ts", TWO.replace("s3cret", "another"))
    run(t, "replay", code=0)


@test
def more_can_be_kept_out_of_a_cassette(t):
    t.write("a.test.ts", IMPORTS + 'it("asks", async () => void (await service.fetch("/proxy?mine=s3cret", { headers: { "x-mine": "s3cret" } })));')
    with t.origin(lambda request: Response()) as origin:
        t.write("fastly.toml", MANIFEST % origin.url)
        run(t, "record", code=0)
        assert_in("s3cret", t.read("a.test.ts.har"))
        run(t, "record", "--redact", "x-mine, mine", code=0)
        assert_not_in("s3cret", t.read("a.test.ts.har"))


@test
def what_was_not_recorded_fails_and_names_the_nearest(t):
    asking(t, "record", code=0)
    t.write("a.test.ts", TWO.replace("x=1", "x=2").replace("the body", "other body"))
    done = run(t, "replay", code=1)
    assert_equal(Summary(done).counts, (2, 1))
    assert_in("a.test.ts.har has no answer to GET /proxy?token=REDACTED&x=2 of backend 'origin'\n", done.out)
    assert_in("    - query    token=REDACTED&x=1\n", done.out)


@test
def what_a_service_copes_with_is_told_of_all_the_same(t):
    text = IMPORTS + 'it("copes", async () => expect((await service.fetch("/proxy-log")).status).toBeGreaterThan(199));\n'
    asking(t, "record", text, code=0)
    t.write("a.test.ts", text.replace("proxy-log", "proxy-log?other"))
    done = run(t, "replay", code=1)
    assert_in("a.test.ts.har has no answer to GET /proxy-log?other of backend 'origin'", done.out)


@test
def a_verification_reports_what_has_changed(t):
    asking(t, "record", code=0)
    before = t.read("a.test.ts.har")
    asking(t, "verify", code=0)
    _, done = asking(t, "verify", handler=lambda request: Response(203, body=answer(request).body), code=1)
    assert_equal(Summary(done).counts, (1, 2))
    assert_in("a.test.ts.har:6: the answer to GET /proxy?token=REDACTED&x=1 of backend 'origin' has changed; "
              "it was (-), and is now (+):\n        - status   200\n        + status   203\n", done.out)
    assert_equal(t.read("a.test.ts.har"), before)
    _, done = asking(t, "verify", TWO.replace('  await service.fetch("/proxy", { method', '  if (0) await service.fetch("/proxy", { method'), code=1)
    assert_in("the service does not ask any more for POST /proxy of backend 'origin'", done.out)


@test
def a_test_that_fails_while_recording_leaves_the_old_recording(t):
    asking(t, "record", code=0)
    before = t.read("a.test.ts.har")
    _, done = asking(t, "record", handler=lambda request: Response(500), code=1)
    assert_equal(Summary(done).counts, (1, 2))
    assert_equal(t.read("a.test.ts.har"), before)
    asking(t, "record", handler=lambda request: Response(body=b"x" * 256), code=1)
    assert_equal([e["_test"] for e in entries(t)], ["one", "one", "group > two"])
    assert_equal(entries(t)[2]["response"]["content"]["text"], "x" * 256)


@test
def origins_of_the_test_answer_first(t):
    text = IMPORTS + """it("asks", async () => {
  const mine = origin("origin").get("/proxy?mine").respond({ status: 201 }).expect(1);
  expect((await service.fetch("/proxy?mine")).status).toBe(201);
  expect((await service.fetch("/proxy")).status).toBe(200);
  expect(mine.calls).toHaveLength(1);
});
"""
    origin, _ = asking(t, "record", text, code=0)
    assert_equal((len(origin.requests), len(entries(t))), (1, 1))
    run(t, "replay", code=0)


@test
def hooks_and_tests_of_one_name_have_takes_of_their_own(t):
    text = IMPORTS + """beforeAll(async () => void (await service.fetch("/proxy?file")));
describe("group", () => {
  beforeAll(async () => void (await service.fetch("/proxy?group")));
  it.each([1, 2])("asks", async (n) => void (await service.fetch(`/proxy?${n}`)));
  it.concurrent("at once", async () => void (await service.fetch("/proxy?a")));
  it.concurrent("as another", async () => void (await service.fetch("/proxy?b")));
});
"""
    asking(t, "record", text, code=0)
    assert_equal(sorted((e["_test"], e["request"]["url"].split("?")[1]) for e in entries(t)),
                 [("(hooks)", "file"), ("group > (hooks)", "group"), ("group > as another", "b"), ("group > asks", "1"),
                  ("group > asks (2)", "2"), ("group > at once", "a")])
    assert_equal(Summary(run(t, "replay", code=0)).counts, (4, 0))
    t.write("a.test.ts", text.replace("?group", "?changed"))
    done = run(t, "replay", code=2)
    assert_in("a.test.ts.har has no answer to GET /proxy?changed of backend 'origin'", done.out)


@test
def retries_and_virtual_time_go_with_it(t):
    text = IMPORTS.replace("{ ", "{ clock, ", 1) + """let n = 0;
it("asks", async () => {
  await service.fetch("/proxy?1");
  await clock.advance("1h");
  await service.fetch("/proxy?2");
  expect(++n).toBe(2);
});
"""
    origin, done = asking(t, "record", text, args=("--retry", "1"), code=0)
    assert_equal((len(origin.requests), len(entries(t))), (4, 2))
    assert_in("FLAKY", done.out)
    assert_in("FLAKY", run(t, "replay", "--retry", "1", code=0).out)


@test
def a_cassette_that_is_not_there_or_broken_is_told_of(t):
    t.write("a.test.ts", TWO)
    t.write("fastly.toml", MANIFEST % "http://127.0.0.1:1")
    assert_in("a.test.ts.har: there is no cassette; record one with --net record", run(t, "replay", code=2).output)
    t.write("a.test.ts.har", '{"log": {"entries": [\n\n{"request": {}}]}}')
    for net in ("record", "replay", "verify"):
        assert_in("a.test.ts.har:3: entry 1: request.method: a string is wanted here", run(t, net, code=2).output)
    assert_equal(run(t, "replay", "--list", code=0).out.count("a.test.ts"), 3)


@test
def a_cassette_that_cannot_be_written_fails_the_test(t):
    t.write("sub/a.test.ts", TWO)
    os.makedirs(t.path("sub/a.test.ts.har/x"))
    with t.origin(answer) as origin:
        t.write("fastly.toml", MANIFEST % origin.url)
        assert_in("sub/a.test.ts.har", run(t, "record", code=2).output)


@test
def an_origin_that_does_not_answer_is_waited_for_in_real_time(t):
    t.write("a.test.ts", IMPORTS + 'it("asks", async () => expect((await service.fetch("/proxy-log")).status).toBe(502));\n')
    t.write("fastly.toml", MANIFEST % "http://127.0.0.1:1")  # nobody listens there
    run(t, "record", code=0)
    assert_equal(entries(t)[0]["response"]["_error"], "connection_refused")
    run(t, "replay", code=0)
