"""The test guests of all five SDKs: in memory by their .fiddle suites, over HTTP, and as programs."""

import json
import os
import re

from harness import WAIT_SECONDS, Response, assert_between, assert_equal, assert_in, assert_matches, assert_not_in, test
from results import GUESTS, MANIFEST, Summary
from wasm import exits_with_bytes_of_arguments

def suite(t, guest, *paths, tests):
    done = t.run("test", "-C", MANIFEST, "--service", t.guest(guest), "--strict",
                 *[os.path.join(GUESTS, path) for path in paths], code=0)
    run = Summary(done)
    assert_equal(run.failed, 0)
    assert_between(tests, run.passed, 1000)
    assert_between(len(paths), run.files, 100)
    assert_between(run.passed, run.requests, 1000)
    assert_between(run.passed, run.checks, 10000)


# ---- in memory ----


@test
def the_rust_sdks_guest_passes_its_suite(t):
    suite(t, "rust-abi", "rust/tests", tests=160)


@test
def the_javascript_sdks_guest_passes_its_suite(t):
    suite(t, "js-abi", "js/tests", tests=106)


@test
def the_javascript_sdks_http_cache_passes_its_suite(t):
    suite(t, "js-cache", "js/cache.fiddle", tests=14)


@test
def without_the_http_cache_every_request_goes_out_and_hooks_are_refused(t):
    body = t.write("without.fiddle", """origin origin
  GET /x -> 200 text/plain "hello"
GET /http-cache
  clientFetch.bodyText includes "x-cache: none none"
GET /http-cache
  originFetches.count() is 1
GET /http-cache?after=all
  clientFetch.bodyText includes "HttpCacheApiUnsupported"
""")
    run = ("test", "-C", MANIFEST, "--service", t.guest("rust-abi"))
    assert_equal(Summary(t.run(*run, "--http-cache", "off", body, code=0)).counts, (1, 0))
    assert_equal(Summary(t.run(*run, body, code=1)).counts, (0, 1))


@test
def the_go_sdks_guest_passes_its_suite(t):
    suite(t, "go-abi", "go/tests", tests=41)
    suite(t, "go-handoff", "go/handoff/handoff.fiddle", tests=2)


@test
def the_assemblyscript_sdks_guest_passes_its_suite(t):
    suite(t, "as-abi", "as/tests", tests=12)


@test
def the_guest_without_an_sdk_passes_its_suite(t):
    suite(t, "c-abi", "c/tests/abi.fiddle", tests=15)


@test
def the_guest_with_the_oldest_names_passes_its_suite(t):
    suite(t, "c-legacy", "c/tests/legacy.fiddle", tests=2)


@test
def small_guests_answer_in_memory(t):
    hello = [("rust-hello", "rust"), ("js-hello", "JavaScript"), ("as-hello", "AssemblyScript"), ("c-hello", "C"),
             ("wat-respond", "wat")]
    for guest, language in hello:
        t.write("hello.fiddle", 'GET /\n  clientFetch.status is 200\n  clientFetch.bodyText is "Hello from %s!"\n' % language)
        assert_equal(Summary(t.run("test", "--service", t.guest(guest), code=0)).counts, (1, 0))


@test
def the_smallest_guests_run_in_memory(t):
    t.write("empty.fiddle", "GET /\n  clientFetch.status is 200\n  clientFetch.bodyBytesReceived is 0\n")
    for guest in ("rust-noop", "wat-minimal", "wat-twice-imported"):
        assert_equal(Summary(t.run("test", "--service", t.guest(guest), code=0)).counts, (1, 0))


@test
def sleep_costs_no_time(t):
    """A hundred tests of nine virtual minutes each: fifteen hours."""
    t.write("sleep.fiddle", "".join("test %d\nGET /stream?lines=9&pause=60000\n  clientFetch.complete isTrue\n" % i
                                    for i in range(100)))
    done = t.run("test", "--service", t.guest("rust-abi"), seconds=WAIT_SECONDS, code=0)
    assert_equal(Summary(done).counts, (100, 0))


# ---- guests that fail ----


def failing(t, guest, path, status=200):
    """What `backlot test` says of a request whose guest fails, though every check holds."""
    t.write("fails.fiddle", "test it fails\nGET %s\n  clientFetch.status is %d\n" % (path, status))
    done = t.run("test", "-C", MANIFEST, "--service", t.guest(guest), code=1)
    assert_equal(Summary(done).counts, (0, 1))
    assert_in("it fails", done.out)
    return done.out


@test
def a_panic_fails_a_test_with_the_functions_that_led_to_it(t):
    out = failing(t, "rust-abi", "/panic", 500)
    assert_in("fails.fiddle:2: the service crashed", out)
    assert_matches(r"abi::failures::panic\b", out)
    assert_matches(r"abi::main\b", out)
    assert_in("this guest panics on purpose", out)


@test
def a_panic_behind_the_response_fails_a_test(t):
    out = failing(t, "rust-abi", "/panic-after-response", 200)
    assert_in("the service crashed", out)
    assert_in("abi::failures::panic_after_response", out)
    assert_in("this guest panics after its response", out)


@test
def a_trap_behind_the_response_fails_a_test(t):
    out = failing(t, "wat-trap-after-response", "/", 200)
    assert_in("the service crashed", out)
    assert_in("!late", out)


@test
def a_go_panic_fails_a_test_and_shows_its_words(t):
    out = failing(t, "go-abi", "/panic", 500)
    assert_in("the guest exited with code 2", out)
    assert_in("this guest panics on purpose", out)


@test
def an_assemblyscript_error_fails_a_test_and_shows_its_words(t):
    out = failing(t, "as-abi", "/abort", 500)
    assert_in("the guest exited with code 255", out)
    assert_in("abort: this guest throws on purpose", out)


@test
def a_c_trap_fails_a_test_with_its_functions(t):
    out = failing(t, "c-abi", "/trap", 500)
    assert_in("the service crashed", out)
    assert_in("!trap", out)
    assert_in("unreachable", out)


@test
def an_exit_code_fails_a_test(t):
    for guest in ("rust-abi", "go-abi", "as-abi", "c-abi"):
        assert_in("the guest exited with code 3", failing(t, guest, "/exit/3", 500))


@test
def an_exit_code_behind_the_response_fails_a_test(t):
    assert_in("the guest exited with code 3", failing(t, "rust-abi", "/exit/3?respond", 200))


# ---- over HTTP ----


def serves_hello(t, guest, language, target="/"):
    with t.serve(t.guest(guest)) as edge:
        for _ in range(2):
            response = edge.get(target)
            assert_equal((response.status, response.text), (200, "Hello from %s!" % language))
        with edge.connect() as connection:  # and both on one connection
            assert_equal(connection.request("GET", target).text, "Hello from %s!" % language)
            assert_equal(connection.request("HEAD", target).body, b"")
            assert_equal(connection.request("POST", target, body="ignored").text, "Hello from %s!" % language)


@test
def early_hints_come_before_the_response(t):
    for guest in ("rust-abi", "js-abi"):
        with t.serve(t.guest(guest), "-C", MANIFEST, cwd=GUESTS) as edge:
            response = edge.get("/early-hints")
            assert_equal((response.status, response.text), (200, "ok\nafter two hints\n"))
            assert_equal([(hint.status, hint.headers["link"]) for hint in response.informational],
                         [(103, "</one.css>; rel=preload; as=style"), (103, "</two.js>; rel=preload; as=script")])
            old = edge.raw("GET /early-hints HTTP/1.0\r\nHost: a\r\n\r\n")  # who cannot know what a 103 is
            assert_equal((old.status, old.informational), (200, []))


@test
def the_rust_sdks_guest_answers_over_http(t):
    serves_hello(t, "rust-hello", "rust")


@test
def the_javascript_sdks_guest_answers_over_http(t):
    serves_hello(t, "js-hello", "JavaScript")


@test
def the_go_sdks_guest_answers_over_http(t):
    serves_hello(t, "go-abi", "Go", "/hello")


@test
def the_assemblyscript_sdks_guest_answers_over_http(t):
    serves_hello(t, "as-hello", "AssemblyScript")


@test
def the_c_guest_answers_over_http(t):
    serves_hello(t, "c-hello", "C")


@test
def a_guest_talks_to_real_origins(t):
    with t.origin(lambda request: Response(201, [("X-From", "origin")], request.body[::-1])) as origin:
        t.write("fastly.toml", '[local_server.backends.origin]\nurl = "%s"\n' % origin.url)
        for guest in ("rust-abi", "js-abi", "go-abi", "as-abi", "c-abi"):
            origin.requests.clear()
            with t.serve(t.guest(guest), "-C", "fastly.toml") as edge:
                response = edge.post("/proxy-log?a=b", b"abc", {"X-Client": "Backlot"})
                assert_equal((response.status, response.headers["x-from"], response.body), (201, "origin", b"cba"), guest)
                # Without the probes that the backends get before anybody is served.
                asked = [request for request in origin.requests if request.path == "/proxy-log"]
                assert_equal([(r.method, r.target, r.headers["x-client"], r.body) for r in asked],
                             [("POST", "/proxy-log?a=b", "Backlot", b"abc")], guest)
                line = edge.wait_for(r'access.*?(\{.*\})', "out").group(1)
                assert_equal(json.loads(line), {"method": "POST", "path": "/proxy-log", "status": 201}, guest)


@test
def a_guest_is_told_which_address_answered(t):
    with t.origin(lambda request: Response(200)) as origin:
        t.write("fastly.toml", '[local_server.backends.origin]\nurl = "%s"\n' % origin.url)
        for guest in ("rust-abi", "js-abi"):
            with t.serve(t.guest(guest), "-C", "fastly.toml") as edge:
                assert_equal(edge.get("/backend-address").text, "ok\n127.0.0.1:%d\n" % origin.port, guest)


# ---- all host calls ----


def fastlys(text, heading, row):
    """The host calls that stand in rows below the headings of their modules."""
    found, module = set(), ""
    for line in text.splitlines():
        if match := re.match(heading, line):
            module = match[1]
        elif (match := re.match(row, line)) and module.startswith("fastly_"):
            found.add("%s.%s" % (module, match[1]))
    return found


@test
def every_host_call_is_made_by_a_guest_of_an_sdk(t):
    calls = fastlys(t.run("inspect", "--abi", code=0).out, r"## (\w+)", r"\| `(\w+)` \|")
    assert_between(255, len(calls), 1000)
    for guest in ("rust-abi", "js-abi", "js-cache", "go-abi", "go-handoff", "as-abi"):
        calls -= fastlys(t.run("inspect", t.guest(guest)).out, r"  (\w+)$", r"    \w+ +(\w+)$")
    assert_equal(calls, set())


# ---- as programs ----


@test
def a_program_ends_with_its_own_exit_code(t):
    assert_equal(t.run("run", t.guest("wat-minimal")).code, 0)
    assert_equal(t.run("run", t.guest("wat-exit")).code, 4)
    assert_equal(t.run("run", t.guest("rust-noop")).code, 0)


@test
def a_trap_ends_a_program_with_134_and_its_functions(t):
    done = t.run("run", t.guest("wat-trap"), code=134)
    assert_equal(done.out, "")
    assert_matches(r"inner\n.*outer", done.err)
    assert_in("unreachable", done.err)
    assert_not_in("internal error", done.err)


@test
def a_stack_that_ends_is_a_trap(t):
    done = t.run("run", t.guest("wat-recurse"), code=134)
    assert_in("call stack exhausted", done.err)
    assert_in("deeper", done.err)


@test
def a_program_sees_its_arguments(t):
    """All that stands behind its name, even when it looks like an option."""
    t.write("count.wasm", exits_with_bytes_of_arguments())
    assert_equal(t.run("run", "count.wasm").code, len("count") + 1)
    arguments = ["--list", "-v", "two words", ""]
    assert_equal(t.run("run", "count.wasm", *arguments).code, sum(len(text) + 1 for text in ["count", *arguments]))


@test
def a_program_logs_to_standard_output(t):
    done = t.run("run", "-C", MANIFEST, t.guest("c-legacy"), cwd=GUESTS, code=0)
    assert_in("a line", done.out)
    assert_equal(done.err, "")
