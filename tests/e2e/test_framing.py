"""What a service says about the form of its messages: framing headers of its own, bodies that the host unpacks."""

import gzip

from harness import Response, assert_equal, test
from results import Summary

MANIFEST = '[local_server.backends.origin]\nurl = "%s"\n'
SDKS = ("rust-abi", "js-abi")


def framed(edge, target):
    """The framing headers of a response, and its body."""
    response = edge.get(target)
    names = ("content-length", "transfer-encoding")
    return [response.headers.get(name) for name in names], response.text


@test
def a_streamed_response_is_chunked_unless_the_service_frames_it(t):
    for guest in SDKS:
        with t.serve(t.guest(guest)) as edge:
            assert_equal(framed(edge, "/framing"), ([None, "chunked"], "12345"))
            assert_equal(framed(edge, "/framing?manual=1"), (["5", None], "12345"))
            # What is no framing makes it automatic again.
            assert_equal(framed(edge, "/framing?manual=1&length=five"), ([None, "chunked"], "12345"))


@test
def a_whole_response_has_its_length_unless_the_service_frames_it(t):
    with t.serve(t.guest("rust-abi")) as edge:
        assert_equal(framed(edge, "/framing?of=whole"), (["5", None], "12345"))
        assert_equal(framed(edge, "/framing?of=whole&manual=1"), ([None, "chunked"], "12345"))


def telling_origin(t):
    """Answers with the framing headers that it got, and the body."""
    origin = t.origin(lambda request: Response(200, body=("%s %s %s" % (
        request.headers.get("content-length"), request.headers.get("transfer-encoding"), request.text)).encode()))
    t.write("fastly.toml", MANIFEST % origin.url)


@test
def a_streamed_request_is_chunked_unless_the_service_frames_it(t):
    telling_origin(t)
    for guest in SDKS:
        with t.serve(t.guest(guest), "-C", "fastly.toml") as edge:
            def sent(more=""):
                return edge.get("/framing?of=request" + more).text.strip()
            assert_equal(sent(), "ok\nNone chunked 12345")
            assert_equal(sent("&manual=1"), "ok\n5 None 12345")
            assert_equal(sent("&manual=1&length=five"), "ok\nNone chunked 12345")
            if guest == "rust-abi":
                assert_equal(sent("&manual=1&chunked=1"), "ok\nNone chunked 12345")


@test
def a_streamed_request_must_be_as_long_as_the_service_said(t):
    telling_origin(t)
    with t.serve(t.guest("rust-abi"), "-C", "fastly.toml") as edge:
        short = edge.get("/framing?of=request&manual=1&length=6")
        assert short.status == 500 and "waiting" in short.text, short.text
        long = edge.get("/framing?of=request&manual=1&length=4")
        assert long.status == 500 and "FastlyStatus::ERROR" in long.text, long.text
        assert_equal(edge.get("/framing?of=request&manual=1&length=0&written=").text, "ok\n0 None \n")


@test
def so_it_must_where_origins_are_in_memory(t):
    t.write("a.test.ts", """import { expect, it, origin, service } from "backlot:test";
const asked = (query: string) => service.fetch("/framing?of=request&manual=1" + query);

it("as long as it said", async () => {
  const o = origin("origin").handle(async (request) => new Response(request.headers.get("content-length") + await request.text()));
  expect(await (await asked("")).text()).toBe("ok\\n512345\\n");
  expect(o.calls).toHaveLength(1);
});

it("longer", async () => {
  const o = origin("origin").respond("got it");
  expect((await asked("&length=4")).status).toBe(500);
  expect(await o.calls[0].text()).toBe("1234");
});

it("shorter", async () => {
  origin("origin").handle(async (request) => new Response(await request.text()));
  expect((await asked("&length=6")).status).toBe(500);
});
""")
    t.write("fastly.toml", MANIFEST % "https://origin.example")
    done = t.run("test", "--service", t.guest("rust-abi"), "a.test.ts", code=0)
    assert_equal(Summary(done).counts, (3, 0))


@test
def the_host_unpacks_what_the_service_asks_it_to(t):
    """The two fields that spoke of the packed body are gone."""
    packed = gzip.compress(b"unpacked " * 1000)
    origin = t.origin(lambda request: Response(200, {"Content-Encoding": "gzip"}, packed))
    t.write("fastly.toml", MANIFEST % origin.url)
    for guest, target in (("rust-abi", "/send-gzip"), ("js-abi", "/unpack")):
        with t.serve(t.guest(guest), "-C", "fastly.toml") as edge:
            text = edge.get(target).text
            assert_equal(text.removeprefix("ok\n").strip(), "body: " + ("unpacked " * 1000).strip())


@test
def a_body_that_is_not_what_it_says_breaks_and_no_more(t):
    origin = t.origin(lambda request: Response(200, {"Content-Encoding": "gzip"}, b"no gzip at all"))
    t.write("fastly.toml", MANIFEST % origin.url)
    with t.serve(t.guest("js-abi"), "-C", "fastly.toml") as edge:
        assert_equal(edge.get("/unpack").status, 500)
        assert_equal(edge.get("/hello").status, 200)
