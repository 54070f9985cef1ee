"""Sandboxes that handle one request after another, by the Rust and JavaScript SDKs, in memory and over HTTP."""

import os
import signal
import threading
import time

from harness import assert_between, assert_equal, assert_in, assert_matches, assert_not_in, test
from results import GUESTS
from test_guests import suite


@test
def the_rust_sdks_serve_handles_several_requests_in_one_sandbox(t):
    suite(t, "rust-reuse", "rust/reuse.fiddle", tests=11)


@test
def the_javascript_sdks_reusable_sandboxes_handle_several_requests(t):
    suite(t, "js-reuse", "js/reuse.fiddle", tests=4)


@test
def a_sandbox_is_used_again_over_http(t):
    for guest, limit in (("rust-reuse", 8), ("js-reuse", 4)):
        with t.serve(t.guest(guest)) as edge:
            for n in range(1, limit + 1):
                assert_equal(edge.post("/", str(n)).text, "request %d: %d" % (n, n))
            assert_equal(edge.get("/").text, "request 1: ")  # it has had enough: a new one


@test
def a_trap_costs_one_request_its_answer(t):
    with t.serve(t.guest("rust-reuse")) as edge:
        assert_equal(edge.get("/").text, "request 1: ")
        failed = edge.get("/trap")
        assert_equal(failed.status, 500)
        assert_in("wasm backtrace", failed.text)
        assert_equal(edge.get("/").text, "request 1: ")
        assert_equal(edge.get("/exit").status, 500)
        assert_equal(edge.get("/").text, "request 1: ")
        assert_equal(edge.get("/error").text, "this one went wrong")
        assert_equal(edge.get("/").text, "request 1: ")


@test
def requests_at_the_same_time_have_a_sandbox_each(t):
    with t.serve(t.guest("rust-reuse")) as edge:
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(edge.get("/after").text)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert_equal(answers, ["before 1"] * 4)
        edge.wait_for(r"(after 1[^\0]*){4}", where="out")
        assert_equal(edge.get("/").text, "request 2: ")  # all four wait, and the last of them is asked


@test
def a_sandbox_that_waits_does_not_keep_the_server(t):
    with t.serve(t.guest("rust-reuse")) as edge:
        assert_equal(edge.get("/").text, "request 1: ")
        begun = time.monotonic()
        assert_equal(edge.stop(signal.SIGTERM), 0)
        assert_between(0, time.monotonic() - begun, 4)  # it would wait five seconds for its next request


@test
def a_guest_that_goes_on_for_ever_keeps_nobody(t):
    """The seventh is the one that never ends (its eighth traps): the next one gets another sandbox."""
    with t.serve(t.guest("rust-reuse")) as edge:
        for n in range(1, 8):
            assert_equal(edge.get("/").text, "request %d: " % n)
        edge.wait_for("end after 7", where="out")  # nothing came within its five seconds
        assert_equal(edge.get("/").text, "request 1: ")
        assert_equal(edge.stop(signal.SIGTERM), 0)


@test
def a_verbose_server_says_how_often_an_instance_was_used(t):
    with t.serve(t.guest("rust-reuse"), "-v") as edge:
        edge.get("/")
        edge.get("/again")
        edge.wait_for(r"/again 200 .*request 2 of its instance")
        assert_not_in("request 1 of its instance", edge.err)
