"""`serve` on several threads: what requests share is right whichever core they run on, and none waits for the others."""

import concurrent.futures
import signal
import threading
import time

from harness import Response, assert_equal, assert_in, can_connect, test

MANIFEST = """
[local_server.backends.origin]
url = "%s"

[local_server.kv_stores]
counters = []
"""

# More threads than the machine has cores, so that the kernel takes them off at every place there is.
JOBS = ("--jobs", "6")
HALF_A_SECOND = 200000000  # rounds of /spin, about


def many(edge, target, connections, requests):
    """The bodies of that many GETs on each of so many connections."""
    start = threading.Barrier(connections)

    def client():
        with edge.connect() as connection:
            start.wait()
            return [connection.request("GET", target).body.decode() for _ in range(requests)]

    with concurrent.futures.ThreadPoolExecutor(connections) as pool:
        done = [pool.submit(client) for _ in range(connections)]
        return [body for d in done for body in d.result()]


@test
def a_counter_in_a_store_counts_every_request(t):
    t.write("fastly.toml", MANIFEST % "http://127.0.0.1:1")
    for jobs in (("--jobs", "1"), JOBS):
        with t.serve(t.guest("rust-shared"), "-C", "fastly.toml", *jobs) as edge:
            seen = many(edge, "/count", 12, 40)
            assert_equal(sorted(map(int, seen)), list(range(1, 481)))


@test
def one_request_to_the_origin_serves_all_that_come_meanwhile(t):
    def answer(request):
        time.sleep(0.3)
        return Response(200, [], request.target.encode())

    with t.origin(answer) as origin:
        t.write("fastly.toml", MANIFEST % origin.url)
        with t.serve(t.guest("rust-shared"), "-C", "fastly.toml", *JOBS) as edge:
            for key in ("one", "two", "three"):
                assert_equal(set(many(edge, "/once?" + key, 40, 3)), {"/" + key})
            asked = [r.target for r in origin.requests if r.target != "/"]  # but for the probe at the start
            assert_equal(asked, ["/one", "/two", "/three"])


@test
def who_waits_inherits_from_guests_that_die(t):
    """The first three who are to fill the cache crash one after the other; the fourth does it for all."""
    t.write("fastly.toml", MANIFEST % "http://127.0.0.1:1")
    with t.serve(t.guest("rust-shared"), "-C", "fastly.toml", *JOBS) as edge:
        start = threading.Barrier(100)

        def client():
            with edge.connect() as connection:
                start.wait()
                response = connection.request("GET", "/once-after-deaths?key")
                return response.status, response.body if response.status == 200 else b""

        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            seen = [d.result() for d in [pool.submit(client) for _ in range(100)]]
        assert_equal(sorted(seen), [(200, b"4")] * 97 + [(500, b"")] * 3)


@test
def requests_are_answered_while_all_threads_compute(t):
    for jobs in ("1", "2"):
        with t.serve(t.guest("rust-shared"), "--jobs", jobs) as edge, \
                concurrent.futures.ThreadPoolExecutor(4) as pool:
            spins = [pool.submit(edge.get, "/spin?%d" % (HALF_A_SECOND)) for _ in range(4)]
            time.sleep(0.2)
            for _ in range(3):
                assert_equal(edge.get("/").body, b"hello")
            assert_equal([spin.done() for spin in spins], [False] * 4)
            assert_equal(len({spin.result().body for spin in spins}), 1)


@test
def an_answer_does_not_wait_for_the_guests_end(t):
    with t.serve(t.guest("rust-shared"), *JOBS) as edge:
        begun = time.monotonic()
        edge.get("/spin?%d" % (HALF_A_SECOND))
        spun = time.monotonic() - begun
        begun = time.monotonic()
        assert_equal(edge.get("/early?%d" % (HALF_A_SECOND)).body, b"early")
        answered = time.monotonic() - begun
        assert_equal(answered < spun / 2, True, "answered after %.3f s of %.3f" % (answered, spun))


@test
def it_ends_at_once_though_guests_compute(t):
    with t.serve(t.guest("rust-shared"), *JOBS) as edge:
        connections = [edge.connect() for _ in range(8)]
        for connection in connections:
            connection.send("GET /spin?%d HTTP/1.1\r\nHost: x\r\n\r\n" % (1000 * HALF_A_SECOND))
        time.sleep(0.3)
        begun = time.monotonic()
        edge.process.send_signal(signal.SIGTERM)  # it would wait for them
        # Signals of one kind that come before the first is taken are one signal, so it is waited for what it does.
        t.eventually(lambda: not can_connect(edge.port), "it stops listening")
        assert_equal(edge.process.poll(), None)
        edge.process.send_signal(signal.SIGTERM)
        assert_equal(edge.process.wait(20), 0)
        assert_equal(time.monotonic() - begun < 10, True, "it took long")


@test
def a_guest_over_its_time_is_ended_on_its_thread(t):
    t.write("own.toml", 'profile = "none"\nwall = "300ms"\n')
    with t.serve(t.guest("rust-shared"), "--limits=enforce", "--limits-profile=own.toml", *JOBS) as edge:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            spins = [pool.submit(edge.get, "/spin?%d" % (1000 * HALF_A_SECOND)) for _ in range(8)]
            hellos = [pool.submit(edge.get, "/") for _ in range(20)]
            assert_equal({spin.result().status for spin in spins}, {503})
            assert_equal({hello.result().body for hello in hellos}, {b"hello"})
        assert_in("wall time", edge.err)
