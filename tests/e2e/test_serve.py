"""Operating `backlot serve`: the log of requests, shutting down, the admin endpoint, watching, several POPs, its old name."""

import json
import os
import re
import signal
import socket
import threading

from harness import (WAIT_SECONDS, Connection, Response, assert_between, assert_equal, assert_in, assert_matches, assert_not_in,
                     settings, test)
from results import MANIFEST


def listening(edge, last="FRA"):
    """The ports of all POPs, in their order."""
    edge.wait_for(r"POP %s listening on .*$" % last)
    return [int(port) for port in re.findall(r"POP \w+ listening on http://127\.0\.0\.1:(\d+)", edge.err)]


def ask(port, method, target, body=None, headers=()):
    with Connection("127.0.0.1", port) as c:
        return c.request(method, target, [("Connection", "close"), *dict(headers).items()], body)


# ---- the log of requests ----


@test
def the_log_has_a_line_for_each_request_as_json(t):
    with t.origin(lambda request: Response(200, body=b"twelve bytes")) as origin:
        t.write("fastly.toml", '[local_server.backends.origin]\nurl = "%s"\n' % origin.url)
        with t.serve(t.guest("rust-abi"), "-C", "fastly.toml", "--log-format=json", "--access-log=requests.log") as edge:
            answer = edge.get("/proxy?a=1")
            assert_equal((answer.status, answer.body), (200, b"twelve bytes"))
            edge.get("/panic")
            edge.get("/state/cache/x")
            t.eventually(lambda: t.read("requests.log").count("\n") == 3)
        first, second, third = [json.loads(line) for line in t.read("requests.log").splitlines()]
    assert_matches(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", first["time"])
    assert_matches(r"^http://127\.0\.0\.1:\d+/proxy\?a=1$", first["url"])
    assert_equal([first[key] for key in ("client", "method", "status", "bytes", "subrequests", "outcome", "client_gone")],
                 ["127.0.0.1", "GET", 200, 12, 1, "ok", False])
    assert_between(0.001, first["ms"], 60000)
    assert_between(0.001, first["cpu_ms"], first["ms"] + 1000)
    assert_between(1 << 16, first["memory_bytes"], 1 << 27)
    assert_equal((second["status"], second["outcome"]), (500, "trap"))
    assert_equal((third["status"], third["cache_lookups"]), (404, 1))


@test
def the_log_goes_to_standard_error_as_text_with_v(t):
    with t.serve(t.guest("c-abi"), "-v") as edge:
        edge.get("/many-headers/3?\x01".replace("\x01", "%01"))
        t.eventually(lambda: "many-headers" in edge.err)
    assert_matches(r"\n\d{4}-\S+Z 127\.0\.0\.1 GET http://127\.0\.0\.1:\d+/many-headers/3\?%01 200 \d+ [\d.]+ ms "
                   r"\(guest [\d.]+ ms, [\d.]+ MiB, \d+ host calls, 0 subrequests, 0 cache lookups\) ok\n", edge.err)


@test
def a_log_that_was_moved_is_begun_anew_after_hangup(t):
    with t.serve(t.guest("c-hello"), "--access-log=a.log") as edge:
        edge.get("/one")
        t.eventually(lambda: "/one" in t.read("a.log"))
        os.rename(t.path("a.log"), t.path("b.log"))
        edge.process.send_signal(signal.SIGHUP)
        t.eventually(lambda: os.path.exists(t.path("a.log")))
        edge.get("/two")
        t.eventually(lambda: "/two" in t.read("a.log"))
        assert_not_in("/two", t.read("b.log"))


@test
def a_log_that_cannot_be_opened_is_an_error(t):
    assert_in("--access-log nowhere/a.log: No such file", t.run("serve", t.guest("c-hello"), "--access-log=nowhere/a.log", code=2).err)


@test
def bytes_and_time_are_those_of_the_whole_response(t):
    """The service has ended long before its client has everything: the line comes afterwards."""
    with t.serve(t.guest("rust-abi"), "--log-format=json", "--access-log=a.log") as edge:
        answer = edge.get("/stream?lines=5000")
        t.eventually(lambda: "\n" in t.read("a.log"))
        assert_equal(json.loads(t.read("a.log"))["bytes"], len(answer.body))
        with edge.connect() as c:
            c.send("GET /stream?lines=1000000 HTTP/1.1\r\nHost: x\r\n\r\n")
            c.reader.exactly(100)
            c.reset()
        t.eventually(lambda: t.read("a.log").count("\n") == 2)
        assert_equal(json.loads(t.read("a.log").splitlines()[1])["client_gone"], True)


# ---- the end ----


class SlowOrigin:
    """Answers when it is told to."""

    def __init__(self, t):
        self.asked, self.go = threading.Event(), threading.Event()
        self.origin = t.origin(self.answer)

    def answer(self, request):
        if request.path == "/":
            return Response(200)  # the probe at the start
        self.asked.set()
        self.go.wait(WAIT_SECONDS)
        return Response(200, body=b"late")


def slow_service(t):
    slow = SlowOrigin(t)
    t.write("fastly.toml", '[local_server.backends.origin]\nurl = "%s"\n' % slow.origin.url)
    return slow


@test
def sigterm_lets_requests_end_and_accepts_no_more(t):
    slow = slow_service(t)
    with t.serve(t.guest("rust-abi"), "-C", "fastly.toml") as edge:
        with edge.connect() as c:
            c.send("GET /proxy/x HTTP/1.1\r\nHost: x\r\n\r\n")
            slow.asked.wait(WAIT_SECONDS)
            edge.process.terminate()
            t.eventually(lambda: refused(edge))
            slow.go.set()
            answer = c.read()
            assert_equal((answer.status, answer.body), (200, b"late"))
        assert_equal(edge.process.wait(WAIT_SECONDS), 0)


def refused(edge):
    try:
        edge.connect().close()
        return False
    except OSError:
        return True


@test
def the_end_waits_no_longer_than_it_was_told_to(t):
    slow = slow_service(t)
    with t.serve(t.guest("rust-abi"), "-C", "fastly.toml", "--shutdown-timeout=100ms") as edge:
        with edge.connect() as c:
            c.send("GET /proxy/x HTTP/1.1\r\nHost: x\r\n\r\n")
            slow.asked.wait(WAIT_SECONDS)
            edge.process.terminate()
            assert_equal(edge.process.wait(WAIT_SECONDS), 0)
        t.eventually(lambda: "is cut off" in edge.err)
        slow.go.set()


@test
def a_second_signal_does_not_wait(t):
    slow = slow_service(t)
    with t.serve(t.guest("rust-abi"), "-C", "fastly.toml", "--shutdown-timeout=1h") as edge:
        with edge.connect() as c:
            c.send("GET /proxy/x HTTP/1.1\r\nHost: x\r\n\r\n")
            slow.asked.wait(WAIT_SECONDS)
            edge.process.terminate()
            t.eventually(lambda: refused(edge))
            edge.process.send_signal(signal.SIGINT)
            assert_equal(edge.process.wait(WAIT_SECONDS), 0)
        slow.go.set()


# ---- the admin endpoint ----


class Admin:
    def __init__(self, edge):
        found = edge.wait_for(r"admin endpoint on http://127\.0\.0\.1:(\d+)(?:, token (\w+))?$")
        self.port, self.token = int(found.group(1)), found.group(2)

    def ask(self, method, target, headers=None, token=True):
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = "Bearer " + (self.token if token is True else token)
        with Connection("127.0.0.1", self.port) as c:
            return c.request(method, target, headers)


@test
def the_admin_endpoint_purges_and_tells(t):
    with t.serve(t.guest("rust-abi"), "--admin=127.0.0.1:0") as edge:
        admin = Admin(edge)
        assert_equal(admin.ask("GET", "/health").json()["status"], "ok")
        for key, surrogates in (("one", "a+b"), ("two", "b"), ("three", "c")):
            assert_equal(edge.request("PUT", "/state/cache/%s?%s" % (key, surrogates), body=b"body of " + key.encode()).status, 200)
        assert_equal(edge.get("/state/cache/one").body, b"body of one")
        listed = admin.ask("GET", "/cache?limit=1000").json()
        assert_equal(listed["listed"], listed["cached"])
        one = [o for o in listed["objects"] if o["key"] == "one"][0]
        assert_equal([one[key] for key in ("pop", "bytes", "complete", "hits", "fresh", "max_age_s")], ["XXX", 11, True, 1, True, 3600])
        assert_equal(sorted(one["surrogate_keys"].split()), ["a", "b"])
        assert_equal(admin.ask("POST", "/purge/b?soft=1").json(), {"status": "ok", "purged": 2})
        fresh = {o["key"]: o["fresh"] for o in admin.ask("GET", "/cache").json()["objects"]}
        assert_equal(fresh, {"one": False, "two": False, "three": True})
        hard = admin.ask("POST", "/service/whatever/purge/a", {"Fastly-Key": admin.token}, token=False)
        assert_equal(hard.json(), {"status": "ok", "purged": 1})
        assert_equal(edge.get("/state/cache/one").status, 404)
        assert_equal(admin.ask("POST", "/purge", {"Surrogate-Key": "b nothing"}).json(), {"status": "ok", "purged": 1})
        assert_equal(admin.ask("POST", "/purge_all").json(), {"status": "ok", "purged": 1})
        assert_equal(admin.ask("GET", "/cache").json()["objects"], [])
        stats = admin.ask("GET", "/stats").json()["pops"][0]
        assert_equal([stats[k] for k in ("pop", "requests", "failed", "in_line", "under_way", "cached_objects")], ["XXX", 5, 0, 0, 0, 0])
        assert_equal([stats["statuses"][k] for k in ("2xx", "4xx")], [4, 1])


@test
def who_may_not_ask_the_admin_endpoint_learns_nothing(t):
    with t.serve(t.guest("c-hello"), "--admin=127.0.0.1:0") as edge:
        admin = Admin(edge)
        assert_equal(len(admin.token), 32)
        for token in (False, "x", admin.token[:-1], admin.token + "x", "x" * 32):
            answer = admin.ask("GET", "/health", token=token)
            assert_equal((answer.status, answer.headers["www-authenticate"]), (401, "Bearer"))
        own = "127.0.0.1:%d" % admin.port
        for host in ("evil.example", "evil.example:%d" % admin.port, "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:%d" % admin.port):
            assert_equal(admin.ask("GET", "/health", {"Host": host}).status, 421)
        for host in (own, "localhost:%d" % admin.port):
            assert_equal(admin.ask("GET", "/health", {"Host": host}).status, 200)
        for origin in ("http://" + own, "null", "https://evil.example"):
            answer = admin.ask("GET", "/health", {"Origin": origin})
            assert_equal(answer.status, 403)
            assert_equal([name for name in answer.headers.names() if name.lower().startswith("access-control")], [])
        assert_equal(admin.ask("OPTIONS", "/purge_all").status, 405)
        assert_equal(admin.ask("GET", "/purge_all").headers["allow"], "POST")
        assert_equal(admin.ask("GET", "/nothing").status, 404)
        assert_equal(admin.ask("POST", "/purge").status, 400)
        assert_equal(admin.ask("POST", "/purge/").status, 400)
        assert_equal(admin.ask("POST", "/purge/%00").status, 400)
        assert_equal(admin.ask("GET", "/cache?limit=x").status, 400)
        assert_equal(admin.ask("POST", "/purge_all?pop=NOWHERE").status, 404)


@test
def a_token_comes_from_a_file(t):
    t.write("token", "  a secret of mine \nsomething else\n")
    with t.serve(t.guest("c-hello"), "--admin=127.0.0.1:0", "--admin-token-file=token") as edge:
        admin = Admin(edge)
        assert_equal(admin.token, None)
        assert_not_in("secret", edge.err)
        assert_equal(admin.ask("GET", "/health", token="a secret of mine").status, 200)
    for name, content, why in (("empty", "\nx", "its first line is to be a token"), ("long", "x" * 300, "256 bytes at most")):
        t.write(name, content)
        assert_in(why, t.run("serve", t.guest("c-hello"), "--admin=127.0.0.1:0", "--admin-token-file", name, code=2).err)
    assert_in("No such file", t.run("serve", t.guest("c-hello"), "--admin=127.0.0.1:0", "--admin-token-file=nope", code=2).err)


@test
def the_admin_endpoint_is_for_this_machine(t):
    assert_in("this machine alone", t.run("serve", t.guest("c-hello"), "--addr=127.0.0.1:0", "--admin=0.0.0.0:0", code=2).err)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = t.run("serve", t.guest("c-hello"), "--addr=127.0.0.1:0", "--admin=127.0.0.1:%d" % port, code=2)
        assert_matches("--admin: .*:%d" % port, done.err)


@test
def hundreds_of_purges_a_second_are_no_trouble(t):
    with t.serve(t.guest("c-hello"), "--admin=127.0.0.1:0", "--pops=3", "--purge-delay=1h") as edge:
        admin = Admin(edge)
        with Connection("127.0.0.1", admin.port) as c:
            for i in range(1000):
                answer = c.request("POST", "/purge/k%d" % i, {"Authorization": "Bearer " + admin.token})
                assert_equal(answer.status, 200)
        assert_equal(admin.ask("GET", "/stats?pop=ams").json()["pops"][0]["purges_on_their_way"], 1000)


# ---- watching ----


def copy_guest(t, name, to):
    """As a build does: written beside, then renamed."""
    with open(t.guest(name), "rb") as f:
        t.write(to + ".new", f.read())
    os.rename(t.path(to + ".new"), t.path(to))


@test
def a_changed_guest_is_served_and_no_request_is_dropped(t):
    copy_guest(t, "c-hello", "main.wasm")
    with t.serve("main.wasm", "--watch") as edge:
        stop, statuses = threading.Event(), []

        def ask():
            while not stop.is_set():
                answer = edge.get("/")
                statuses.append((answer.status, answer.text))

        asking = threading.Thread(target=ask)
        asking.start()
        copy_guest(t, "rust-hello", "main.wasm")
        t.eventually(lambda: statuses and statuses[-1] == (200, "Hello from rust!"))
        stop.set()
        asking.join()
        assert_equal(set(statuses), {(200, "Hello from C!"), (200, "Hello from rust!")})
        edge.wait_for("serves the changed guest since now")


@test
def what_was_begun_ends_in_the_old_guest(t):
    slow = slow_service(t)
    copy_guest(t, "rust-abi", "main.wasm")
    with t.serve("main.wasm", "-C", "fastly.toml", "--watch") as edge:
        with edge.connect() as c:
            c.send("GET /proxy/x HTTP/1.1\r\nHost: x\r\n\r\n")
            slow.asked.wait(WAIT_SECONDS)
            copy_guest(t, "c-hello", "main.wasm")
            t.eventually(lambda: edge.get("/").text == "Hello from C!")
            slow.go.set()
            assert_equal(c.read().body, b"late")


@test
def a_sandbox_that_waits_for_another_request_goes_with_its_guest(t):
    copy_guest(t, "rust-reuse", "main.wasm")
    with t.serve("main.wasm", "--watch") as edge:
        assert_equal(edge.get("/").text, "request 1: ")
        assert_equal(edge.get("/").text, "request 2: ")
        copy_guest(t, "c-hello", "main.wasm")
        t.eventually(lambda: edge.get("/").text == "Hello from C!")
        copy_guest(t, "rust-reuse", "main.wasm")
        t.eventually(lambda: edge.get("/").text == "request 1: ")


@test
def a_guest_that_is_written_slowly_is_served_once_it_is_whole(t):
    copy_guest(t, "c-hello", "main.wasm")
    with open(t.guest("rust-hello"), "rb") as f:
        whole = f.read()
    with t.serve("main.wasm", "--watch") as edge:
        with open(t.path("main.wasm"), "wb") as f:
            f.write(whole[:len(whole) // 2])
            f.flush()
            edge.wait_for("warning: nothing is changed")  # it has paused for too long
            assert_equal(edge.get("/").text, "Hello from C!")
            f.write(whole[len(whole) // 2:])
        t.eventually(lambda: edge.get("/").text == "Hello from rust!")


@test
def a_broken_guest_or_manifest_is_told_of_and_the_old_one_goes_on(t):
    t.write("fastly.toml", 'name = "x"\n')
    copy_guest(t, "c-hello", "main.wasm")
    with t.serve("main.wasm", "-C", "fastly.toml", "--watch") as edge:
        t.write("main.wasm", b"\0asm\1\0\0\0 not at all")
        t.eventually(lambda: re.search(r"warning: nothing is changed, what was served before goes on: main.wasm: ", edge.err))
        t.write("fastly.toml", "[local_server\n")
        t.eventually(lambda: re.search(r"goes on: fastly.toml:1:\d+: ", edge.err))
        os.unlink(t.path("main.wasm"))
        assert_equal(edge.get("/").text, "Hello from C!")
        t.write("fastly.toml", 'name = "y"\n')
        t.eventually(lambda: re.search(r"goes on: main.wasm: No such file", edge.err))
        copy_guest(t, "rust-hello", "main.wasm")
        t.eventually(lambda: edge.get("/").text == "Hello from rust!")


@test
def a_folder_that_is_built_anew_is_seen(t):
    os.mkdir(t.path("bin"))
    copy_guest(t, "c-hello", "bin/main.wasm")
    t.write("fastly.toml", "")
    with t.serve("--watch") as edge:
        os.rename(t.path("bin"), t.path("old"))
        os.mkdir(t.path("bin"))
        copy_guest(t, "rust-hello", "bin/main.wasm")
        t.eventually(lambda: edge.get("/").text == "Hello from rust!")


@test
def a_changed_manifest_makes_a_new_world_that_keeps_what_is_cached(t):
    with t.origin(lambda request: Response(200, body=b"one")) as one, t.origin(lambda request: Response(200, body=b"two")) as two:
        manifest = '[local_server.backends.origin]\nurl = "%s"\n'
        t.write("fastly.toml", manifest % one.url)
        with t.serve(t.guest("rust-abi"), "-C", "fastly.toml", "--watch", "--admin=127.0.0.1:0") as edge:
            admin = Admin(edge)
            assert_equal(edge.get("/proxy").text, "one")
            edge.request("PUT", "/state/cache/k", body=b"kept")
            t.write("fastly.toml", manifest % two.url)
            t.eventually(lambda: edge.get("/proxy").text == "two")
            assert_equal(edge.get("/state/cache/k").body, b"kept")
            assert_equal(admin.ask("GET", "/health").json()["reloads"], 1)


# ---- several POPs ----


@test
def pops_have_ports_and_names_of_their_own(t):
    with t.serve(t.guest("rust-abi"), "--pops=3", "--log-format=json", "--access-log=a.log") as edge:
        ports = listening(edge, "LHR")
        assert_equal(len(set(ports)), 3)
        seen = [ask(port, "GET", "/env") for port in ports]
        for name, answer in zip(("AMS", "FRA", "LHR"), seen):
            env = answer.json()["env"]
            assert_equal((env["FASTLY_POP"], env["FASTLY_HOSTNAME"]), (name, "cache-%s1-%s" % (name.lower(), name)))
            assert_equal(answer.headers["x-served-by"], "cache-%s1-%s" % (name.lower(), name))
        t.eventually(lambda: t.read("a.log").count("\n") == 3)
        assert_equal([json.loads(line)["pop"] for line in t.read("a.log").splitlines()], ["AMS", "FRA", "LHR"])


@test
def one_pop_is_as_viceroy_has_it(t):
    with t.serve(t.guest("rust-abi")) as edge:
        answer = edge.get("/env")
        assert_equal(answer.json()["env"]["FASTLY_POP"], "XXX")
        assert_equal(answer.headers.get("x-served-by"), None)


@test
def pops_take_ports_in_a_row_and_say_when_there_are_none(t):
    done = t.run("serve", t.guest("c-hello"), "--pops=3", "--addr=127.0.0.1:65534", code=2)
    assert_in("there is no port 65536", done.err)
    assert_in("from 1 to 16", t.run("serve", t.guest("c-hello"), "--pops=17", code=2).err)


@test
def each_pop_has_its_own_cache_and_purges_travel(t):
    with t.serve(t.guest("rust-abi"), "--pops=2", "--admin=127.0.0.1:0", "--purge-delay=300ms") as edge:
        admin = Admin(edge)
        first, second = listening(edge)
        for port in (first, second):
            assert_equal(ask(port, "GET", "/state/cache/k").status, 404)
            ask(port, "PUT", "/state/cache/k?a", b"body")
            assert_equal(ask(port, "GET", "/state/cache/k").status, 200)
        ask(second, "POST", "/state/purge/a")  # by the guest: at once there, later at the other
        assert_equal(ask(second, "GET", "/state/cache/k").status, 404)
        t.eventually(lambda: ask(first, "GET", "/state/cache/k").status == 404)
        ask(first, "PUT", "/state/cache/k?a", b"body")
        ask(second, "PUT", "/state/cache/k?a", b"body")
        admin.ask("POST", "/purge/a?pop=ams")
        assert_equal(ask(first, "GET", "/state/cache/k").status, 404)
        t.eventually(lambda: ask(second, "GET", "/state/cache/k").status == 404)


@test
def a_kv_write_is_seen_at_once_where_it_was_made_and_later_elsewhere(t):
    t.write("fastly.toml", "[local_server]\nkv_stores.things = []\n")
    with t.serve(t.guest("rust-abi"), "-C", "fastly.toml", "--pops=2", "--kv-delay=300ms") as edge:
        first, second = listening(edge)
        ask(first, "PUT", "/state/kv/k", b"value")
        assert_equal(ask(first, "GET", "/state/kv/k").body, b"value")
        t.eventually(lambda: ask(second, "GET", "/state/kv/k").body == b"value")
    with t.serve(t.guest("rust-abi"), "-C", "fastly.toml", "--pops=2", "--kv-delay=1h") as edge:
        first, second = listening(edge)
        ask(first, "PUT", "/state/kv/k", b"value")
        assert_equal(ask(first, "GET", "/state/kv/k").body, b"value")
        assert_equal(ask(second, "GET", "/state/kv/k").status, 404)
    with t.serve(t.guest("rust-abi"), "-C", "fastly.toml", "--pops=2") as edge:
        first, second = listening(edge)
        ask(first, "PUT", "/state/kv/k", b"value")
        assert_equal(ask(second, "GET", "/state/kv/k").body, b"value")


# ---- the old name ----


@test
def the_program_answers_to_viceroys_name(t):
    link = t.path("viceroy")
    os.symlink(os.path.abspath(settings.backlot), link)
    t.program = link
    assert_in("Usage: viceroy", t.run("--help", code=0).out)
    assert_matches(r"^viceroy \S+ \(backlot", t.run("--version", code=0).out)
    assert_in("viceroy serve --help", t.run("serve", "--nope", "x.wasm", code=2).err)
    with t.serve(t.guest("c-hello")) as edge:
        assert_equal(edge.get("/").text, "Hello from C!")
    assert_in("viceroy: listening on", edge.err)
    with t.background(t.guest("c-hello"), "--addr=127.0.0.1:0") as edge:  # no command: serve
        edge.wait_for("viceroy: listening on")


@test
def under_viceroys_name_rust_log_decides_what_is_said(t):
    t.program = t.path("viceroy")
    os.symlink(os.path.abspath(settings.backlot), t.program)
    for level, flags, logged in (("viceroy=info,hyper=trace", [], True), ("error", ["-v"], False), ("hyper=trace", ["-v"], False), (None, ["-v"], True)):
        with t.serve(t.guest("c-hello"), "--admin=127.0.0.1:0", *flags, env={"RUST_LOG": level}) as edge:
            edge.get("/one")
            admin = Admin(edge)
            t.eventually(lambda: admin.ask("GET", "/stats").json()["pops"][0]["requests"] == 1)
            if logged:
                edge.wait_for("/one 200")
            else:
                assert_not_in("/one 200", edge.err)
    t.program = settings.backlot
    with t.serve(t.guest("c-hello"), "-v", env={"RUST_LOG": "error"}) as edge:
        edge.get("/one")
        t.eventually(lambda: "/one 200" in edge.err)


@test
def a_purge_request_that_the_service_sends_on_purges_its_url(t):
    """As at Fastly, where the host takes it; the origin never sees it."""
    origin = t.origin(lambda request: Response(200, {"Cache-Control": "max-age=100", "Vary": "X-Which"}, b"fresh"))
    t.write("fastly.toml", '[local_server.backends.origin]\nurl = "%s"\n' % origin.url)

    def seen():
        return [(r.method, r.target) for r in origin.requests if r.method != "HEAD"]

    host = {"Host": "a.example"}  # the ports are part of it, else

    def get(port, which):
        return ask(port, "GET", "/a", headers={**host, "X-Which": which})

    with t.serve(t.guest("rust-cache-proxy"), "-C", "fastly.toml", "--pops=2", "--purge-delay=300ms") as edge:
        first, second = listening(edge)
        for port in (first, first, second):
            for which in ("1", "2"):
                assert_equal(get(port, which).status, 200)
        ask(first, "GET", "/b", headers=host)
        before = len(seen())
        purged = ask(first, "PURGE", "/a", headers=host)
        assert_equal((purged.status, purged.headers["content-type"]), (200, "application/json"))
        assert_equal(purged.json()["status"], "ok")
        assert_equal(len(seen()), before)
        assert_equal(ask(first, "GET", "/b", headers=host).headers["x-cache"], "HIT")
        assert_equal(get(first, "1").headers["x-cache"], "MISS")
        assert_equal(get(first, "2").headers["x-cache"], "MISS")
        t.eventually(lambda: get(second, "1").headers["x-cache"] == "MISS")
        assert_equal(ask(first, "PURGE", "/a", headers={**host, "Fastly-Soft-Purge": "1"}).status, 200)
        before = len(seen())
        assert_equal(get(first, "1").headers["x-cache"], "HIT")  # stale, and renewed behind the client's back
        t.eventually(lambda: len(seen()) == before + 1)
    with t.serve(t.guest("rust-cache-proxy"), "-C", "fastly.toml", "--http-cache=off") as edge:
        assert_equal(ask(edge.port, "PURGE", "/a").text, "fresh")
        assert_equal(seen()[-1], ("PURGE", "/a"))


@test
def each_pop_counts_rates_of_its_own(t):
    with t.serve(t.guest("rust-abi"), "--pops=2") as edge:
        first, second = listening(edge)
        assert_in("blocked: true\nin the box: true\n", ask(first, "GET", "/rate?delta=700&window=60").text)
        assert_in("in the box: true\n", ask(first, "GET", "/rate?window=60").text)
        assert_in("blocked: false\nin the box: false\n", ask(second, "GET", "/rate?window=60").text)
