"""`backlot test --net record|replay|verify`: real origins on a cassette, from outside."""

import base64
import os

from cassettes import MANIFEST, answer, entries_of, run, run_with_origin
from harness import Response, assert_between, assert_equal, assert_in, assert_not_in, test
from results import Summary

TWO = """test one
GET /proxy?token=s3cret&x=1
Authorization: Bearer s3cret
  clientFetch.status is 200

POST /proxy
"the body"
  clientFetch.status is 200
  originFetches[0].reqBody is "the body"

test two
GET /proxy?binary
  clientFetch.bodyBytesReceived is 256
"""


def record(t, handler=answer, text=TWO, **options):
    return run_with_origin(t, "record", "a.fiddle", text, handler, **options)


def entries(t):
    return entries_of(t, "a.fiddle")


@test
def what_was_recorded_is_replayed_without_the_origin(t):
    for guest in ("rust-abi", "js-abi"):
        origin, _ = record(t, guest=guest, code=0)
        assert_equal(len(origin.requests), 3)
        assert_equal([(e["_test"], e["_backend"], e["request"]["method"], e["response"]["status"]) for e in entries(t)],
                     [("one", "origin", "GET", 200), ("one", "origin", "POST", 200), ("two", "origin", "GET", 200)])
        assert_equal(entries(t)[1]["request"]["postData"]["text"], "the body")
        assert_equal(base64.b64decode(entries(t)[2]["response"]["content"]["text"]), bytes(range(256)))
        done = run(t, "replay", guest=guest, code=0)  # nobody listens there any more
        assert_equal(Summary(done).counts, (2, 0))
        assert_equal(len(origin.requests), 3)


@test
def secrets_are_in_no_cassette(t):
    origin, _ = record(t, code=0)
    assert_equal(origin.requests[0].headers["Authorization"], "Bearer s3cret")
    text = t.read("a.fiddle.har")
    assert_not_in("s3cret", text)
    assert_in("token=REDACTED&x=1", text)
    assert_in('{ "name": "Authorization", "value": "REDACTED" }', text)
    assert_in('{ "name": "Set-Cookie", "value": "REDACTED" }', text)
    t.write("a.fiddle", TWO.replace("s3cret", "another"))
    run(t, "replay", code=0)


@test
def more_can_be_kept_out_of_a_cassette(t):
    t.write("a.fiddle", "GET /proxy?mine=s3cret\nX-Mine: s3cret\n")
    with t.origin(lambda request: Response()) as origin:
        t.write("fastly.toml", MANIFEST % origin.url)
        run(t, "record", code=0)
        assert_in("s3cret", t.read("a.fiddle.har"))
        run(t, "record", "--redact", "x-mine, mine", code=0)
        assert_not_in("s3cret", t.read("a.fiddle.har"))


@test
def the_same_recording_is_the_same_file(t):
    with t.origin(answer) as origin:
        t.write("a.fiddle", TWO)
        t.write("fastly.toml", MANIFEST % origin.url)
        run(t, "record", code=0)
        first = t.read("a.fiddle.har")
        run(t, "record", code=0)
        assert_equal(t.read("a.fiddle.har"), first)
    assert_equal(sorted(os.listdir(t.work)), ["a.fiddle", "a.fiddle.har", "fastly.toml"])


@test
def what_was_not_recorded_fails_and_names_the_nearest(t):
    record(t, code=0)
    t.write("a.fiddle", TWO.replace("x=1", "x=2").replace("the body", "other body"))
    out = run(t, "replay", code=1).out
    assert_in("a.fiddle.har has no answer to GET /proxy?token=REDACTED&x=2 of backend 'origin'\n"
              "  the nearest one, a.fiddle.har:6, was (-), and what the service sent (+):\n"
              "      backend  origin\n"
              "      method   GET\n"
              "      path     /proxy\n"
              "    - query    token=REDACTED&x=1\n"
              "    + query    token=REDACTED&x=2\n", out)
    assert_in('    - body     "the body"\n    + body     "other body"\n', out)
    assert_not_in("s3cret", out.split("repeat:")[0].split("a.fiddle.har has")[1])


@test
def what_is_asked_more_often_than_recorded_fails(t):
    record(t, code=0)
    t.write("a.fiddle", TWO.replace("test two\n", "test two\nGET /proxy?binary\n"))
    assert_in("has no answer to GET /proxy?binary of backend 'origin': it was recorded 1 time, and is asked once more",
              run(t, "replay", code=1).out)


@test
def a_verification_reports_what_has_changed(t):
    record(t, code=0)

    def changed(request):
        if "binary" in request.target:
            return answer(request)
        return Response(203, headers={"Content-Type": "text/html", "Set-Cookie": "id=other"}, body=b"asked about " + request.path.encode())

    with t.origin(answer) as origin:
        t.write("fastly.toml", MANIFEST % origin.url)
        run(t, "verify", code=0)
    before = t.read("a.fiddle.har")
    with t.origin(changed) as origin:
        t.write("fastly.toml", MANIFEST % origin.url)
        done = run(t, "verify", code=1)
    assert_equal(Summary(done).counts, (1, 1))
    assert_in("a.fiddle.har:6: the answer to GET /proxy?token=REDACTED&x=1 of backend 'origin' has changed; "
              "it was (-), and is now (+):\n"
              "    - status   200\n"
              "    + status   203\n"
              "    - header   Content-Type: text/plain\n"
              "    + header   Content-Type: text/html\n"
              '    - body     "asked for /proxy"\n'
              '    + body     "asked about /proxy"\n', done.out)
    assert_equal(t.read("a.fiddle.har"), before)


@test
def a_verification_reports_what_is_not_asked_any_more(t):
    text = "test one\nGET /proxy?a\nGET /proxy?b\n"
    record(t, text=text, code=0)
    with t.origin(answer) as origin:
        t.write("fastly.toml", MANIFEST % origin.url)
        t.write("a.fiddle", text.replace("GET /proxy?b\n", ""))
        assert_in("the service does not ask any more for GET /proxy?b of backend 'origin'", run(t, "verify", code=1).out)


@test
def a_test_that_fails_while_recording_leaves_the_old_recording(t):
    record(t, code=0)
    before = t.read("a.fiddle.har")
    _, done = record(t, handler=lambda request: Response(500), code=1)
    assert_equal(Summary(done).counts, (0, 2))
    assert_equal(t.read("a.fiddle.har"), before)


@test
def recording_one_test_leaves_the_others(t):
    record(t, code=0)
    with t.origin(lambda request: Response(body=b"x" * 256)) as origin:
        t.write("fastly.toml", MANIFEST % origin.url)
        run(t, "record", "--filter", "two", code=0)
    assert_equal([e["_test"] for e in entries(t)], ["one", "one", "two"])
    assert_equal(entries(t)[2]["response"]["content"]["text"], "x" * 256)


@test
def failures_and_broken_bodies_are_recorded(t):
    def broken(reader):
        reader.line()
        reader.headers()
        reader.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123")

    text = "GET /proxy\n  clientFetch.complete is false\n  clientFetch.bodyText is \"0123\"\n"
    t.write("a.fiddle", text)
    with t.origin(broken, raw=True) as origin:
        t.write("fastly.toml", MANIFEST % origin.url)
        run(t, "record", code=0)
    run(t, "replay", code=0)
    assert_equal(entries(t)[0]["response"]["_ending"], "incomplete")
    t.write("a.fiddle", "GET /proxy-log\n  clientFetch.status is 502\n  originFetches[0].error is \"connection_refused\"\n")
    t.write("fastly.toml", MANIFEST % "http://127.0.0.1:1")  # nobody listens there
    run(t, "record", code=0)
    assert_equal(entries(t)[0]["response"]["_error"], "connection_refused")
    run(t, "replay", code=0)


@test
def rules_of_the_file_answer_before_the_cassette(t):
    origin, _ = record(t, text="origin origin\n  GET /proxy?mine -> 201\nGET /proxy?mine\n  clientFetch.status is 201\n"
                               "GET /proxy\n  clientFetch.status is 200\n", code=0)
    assert_equal(len(origin.requests), 1)
    assert_equal(len(entries(t)), 1)
    run(t, "replay", code=0)


@test
def a_cassette_that_is_not_there_or_broken_is_told_of(t):
    t.write("a.fiddle", "GET /proxy\n")
    t.write("fastly.toml", MANIFEST % "http://127.0.0.1:1")
    assert_in("a.fiddle.har: there is no cassette; record one with --net record", run(t, "replay", code=2).output)
    assert_in("a.fiddle.har: there is no cassette", run(t, "verify", code=2).output)
    t.write("a.fiddle.har", '{"log": {"entries": [\n\n{"request": {}}]}}')
    for net in ("record", "replay", "verify"):
        assert_in("a.fiddle.har:3: entry 1: request.method: a string is wanted here; record it anew with --net record, or take "
                  "the file away", run(t, net, code=2).output)
    t.write("a.fiddle.har", '{"log": {\n"entries": [')
    assert_in("a.fiddle.har:2:", run(t, "replay", code=2).output)
    t.write("a.fiddle.har", "")
    assert_in("a.fiddle.har:1: the file is empty", run(t, "replay", code=2).output)


@test
def a_cassette_that_cannot_be_written_fails_the_test(t):
    t.write("sub/a.fiddle", "GET /proxy\n  clientFetch.status is 200\n")
    os.makedirs(t.path("sub/a.fiddle.har/x"))
    with t.origin(answer) as origin:
        t.write("fastly.toml", MANIFEST % origin.url)
        assert_in("sub/a.fiddle.har", run(t, "record", code=2).output)


@test
def tests_without_requests_to_origins_make_no_cassette(t):
    record(t, text="GET /env\n", code=0)
    assert_equal("a.fiddle.har" in os.listdir(t.work), False)


@test
def a_replay_takes_no_time(t):
    record(t, handler=answer, text="".join("test %d\nGET /proxy?%d\n  clientFetch.status is 200\n" % (i, i) for i in range(200)),
           code=0)
    done = run(t, "replay", "--jobs", "1", code=0)
    assert_equal(Summary(done).counts, (200, 0))
    assert_between(200, len(entries(t)), 200)
