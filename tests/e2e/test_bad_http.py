"""Malformed HTTP, clients and origins that go away, stall and lie: each costs its own exchange and nobody else's."""

import contextlib
import signal
import socket
import threading
import time

from harness import Closed, Connection, Failure, Response, assert_equal, assert_in, assert_not_in, test

KEPT_KB_MAX = 150000  # what buffers on the way may hold of it, and much room for what a sanitizer keeps
HELLO = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = "POST /echo HTTP/1.1\r\nHost: a\r\n"


def status_of(data):
    """The status of the first response in what came back; None when there is none."""
    return int(data.split(b" ")[1]) if data.startswith(b"HTTP/1.1 ") else None


def told(edge, data, end=True):
    """All that the server answers to these bytes before it closes, the sending side being closed behind them."""
    with edge.connect() as connection:
        with contextlib.suppress(OSError):
            connection.send(data)
            if end:
                connection.sock.shutdown(socket.SHUT_WR)
        try:
            return connection.reader.rest()
        except ConnectionResetError:
            return connection.reader.buffer


def still_there(edge):
    assert_equal(edge.get("/hello").status, 200)


# ---- malformed requests ----

REFUSED = {  # what is wrong: the bytes and the statuses that answer them; None: the connection just ends
    "no HTTP at all": ("hello?\r\n\r\n", {400}),
    "a TLS handshake": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {400, None}),
    "an unknown version": ("GET / HTTP/3.7\r\nHost: a\r\n\r\n", {400, 505}),
    "no version": ("GET /\r\n\r\n", {400}),
    "a method that is no token": ("GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", {400}),
    "a space in the target": ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", {400}),
    "two different lengths": (POST + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", {400}),
    "two lengths in one header": (POST + "Content-Length: 3, 4\r\n\r\nabcd", {400}),
    "a length that is no number": (POST + "Content-Length: three\r\n\r\nabc", {400}),
    "a negative length": (POST + "Content-Length: -3\r\n\r\nabc", {400}),
    "a length with a plus": (POST + "Content-Length: +3\r\n\r\nabc", {400}),
    "a length that wraps": (POST + "Content-Length: 18446744073709551619\r\n\r\nabc", {400}),
    "an unknown transfer coding": (POST + "Transfer-Encoding: frob\r\n\r\nabc", {400, 501}),
    "chunked not at the end": (POST + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", {400, 501}),
    "a folded line": ("GET / HTTP/1.1\r\nHost: a\r\nX: one\r\n two\r\n\r\n", {400}),
    "a header line that begins with a blank": ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", {400}),
    "a blank before the colon": ("GET / HTTP/1.1\r\nHost: a\r\nX : one\r\n\r\n", {400}),
    "a header without a colon": ("GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", {400}),
    "a header without a name": ("GET / HTTP/1.1\r\nHost: a\r\n: value\r\n\r\n", {400}),
    "a bare CR in a value": ("GET / HTTP/1.1\r\nHost: a\r\nX: one\rtwo\r\n\r\n", {400}),
    "a bare CR for a line's end": ("GET / HTTP/1.1\rHost: a\r\r", {400, None}),
    "a NUL in a value": ("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", {400}),
    "a NUL in a name": ("GET / HTTP/1.1\r\nHost: a\r\nX\0: a\r\n\r\n", {400}),
    "a NUL in the target": ("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", {400}),
    "a control character in a value": ("GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", {400}),
    "no host": ("GET / HTTP/1.1\r\n\r\n", {400}),
    "two hosts": ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", {400}),
    "a host that is none": ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", {400}),
    "an endless request line": ("GET /" + "a" * 2000000 + " HTTP/1.1\r\nHost: a\r\n\r\n", {400, 414, 431}),
    "an endless header": ("GET / HTTP/1.1\r\nHost: a\r\nX: " + "a" * 20000000 + "\r\n\r\n", {400, 431, None}),
    "endless headers": ("GET / HTTP/1.1\r\nHost: a\r\n" + "".join("X-%d: a\r\n" % i for i in range(200000)) + "\r\n",
                        {400, 431, None}),
}


@test
def requests_that_are_malformed_are_refused(t):
    with t.serve(t.guest("c-abi")) as edge:
        for what, (data, statuses) in REFUSED.items():
            answer = told(edge, data)
            if status_of(answer) not in statuses:
                raise Failure("%s: %r" % (what, answer[:200]))
            if answer.count(b"HTTP/1.1") > 1:
                raise Failure("%s was answered twice: %r" % (what, answer))
        still_there(edge)


@test
def nothing_of_a_refused_request_is_taken_for_another(t):
    """Whoever gets the framing wrong sees a second request in the body of the first."""
    smuggled = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
    with t.serve(t.guest("c-abi")) as edge:
        for head in ("Content-Length: 0\r\nContent-Length: %d\r\n" % len(smuggled),
                     "Transfer-Encoding: identity, chunked\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n",
                     "Transfer-Encoding:\x0bchunked\r\n",
                     "Transfer-Encoding : chunked\r\n",
                     "Content-Length: 0x%x\r\n" % len(smuggled)):
            answer = told(edge, POST + head + "\r\n" + smuggled)
            assert_not_in(b"Hello from C!", answer)


CHUNKED = POST + "Transfer-Encoding: chunked\r\n\r\n"
BAD_CHUNKS = ["x\r\nabc\r\n0\r\n\r\n", "-3\r\nabc\r\n0\r\n\r\n", "3 \r\nabcd\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n",
              "ffffffffffffffffff\r\nabc\r\n", "\r\n\r\n", "3\nabc\n0\n\n", "0x3\r\nabc\r\n0\r\n\r\n"]


@test
def bad_chunks_fail_the_body_and_end_the_connection(t):
    with t.serve(t.guest("rust-abi")) as edge:
        for chunks in BAD_CHUNKS:
            answer = told(edge, CHUNKED.replace("/echo", "/body-streaming") + chunks + HELLO)
            if b"bytes: " in answer and b"bytes: 3\n" not in answer or answer.count(b"HTTP/1.1 ") > 1:
                raise Failure("%r: %r" % (chunks, answer))
        assert_equal(edge.get("/resp").status, 200)


# ---- what is borne ----


@test
def what_http_allows_is_understood(t):
    with t.serve(t.guest("rust-abi")) as edge:
        for data, body in (
            ("\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "abc"),
            (POST + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "abc"),
            (CHUNKED + "3;name=value\r\nabc\r\n00A\r\n0123456789\r\n0\r\nX-Trailer: a\r\n\r\n", "abc0123456789"),
            ("POST http://other/echo HTTP/1.1\r\nHost: a\r\ncontent-length:3\r\n\r\nabc", "abc"),
            ("POST /echo HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", "abc"),
        ):
            response = edge.raw(data, "POST")
            assert_equal((response.status, response.json()["body"]), (200, body), repr(data))


@test
def pipelined_requests_are_answered_in_order(t):
    with t.serve(t.guest("rust-abi")) as edge, edge.connect() as connection:
        connection.send("".join("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%d" % (len(str(i)), i)
                                for i in range(50)))
        for i in range(50):
            assert_equal(connection.read().json()["body"], str(i))


@test
def a_request_may_come_byte_by_byte(t):
    with t.serve(t.guest("rust-abi")) as edge, edge.connect() as connection:
        for byte in CHUNKED + "3\r\nabc\r\n0\r\n\r\n":
            connection.send(byte)
        assert_equal(connection.read().json()["body"], "abc")


@test
def a_client_that_waits_for_100_gets_it(t):
    with t.serve(t.guest("rust-abi")) as edge, edge.connect() as connection:
        connection.send(POST + "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert_equal(connection.reader.line(), b"HTTP/1.1 100 Continue")
        assert_equal(connection.reader.line(), b"")
        connection.send("abc")
        assert_equal(connection.read().json()["body"], "abc")


# ---- clients that go away ----


@test
def clients_that_vanish_harm_nobody(t):
    with t.serve(t.guest("rust-abi")) as edge:
        with edge.connect() as slow:  # this one sends nothing all the while
            for data in ("GET / HT", "GET / HTTP/1.1\r\nHost: a\r\nX-Half", POST + "Content-Length: 100\r\n\r\nhalf",
                         CHUNKED + "ffff\r\nhalf", "GET /stream?lines=100000 HTTP/1.1\r\nHost: a\r\n\r\n",
                         "GET /stream?lines=100000&pause=1 HTTP/1.1\r\nHost: a\r\n\r\n", HELLO * 100):
                for vanish in ("close", "reset"):
                    connection = edge.connect()
                    connection.send(data)
                    if "stream" in data:
                        connection.reader.line()
                    getattr(connection, vanish)()
            assert_equal(edge.get("/resp").text, "ok\n418\n")
            slow.send(HELLO)
            assert_equal(slow.read().status, 200)
        # The guest that streams to nobody is told, and says so.
        edge.wait_for("stopped at line", "out")


@test
def a_client_that_reads_nothing_does_not_fill_memory(t):
    """Half a gigabyte for somebody who does not read: the guest waits, and the body is not kept for it."""
    with t.serve(t.guest("rust-abi")) as edge:
        assert_equal(edge.get("/resp").status, 200)
        before = edge.memory_kb()
        deaf = edge.connect()
        deaf.send("GET /stream?lines=40000000 HTTP/1.1\r\nHost: a\r\n\r\n")
        deaf.reader.line()
        for _ in range(20):
            assert_equal(edge.get("/resp").status, 200)
        if edge.memory_kb() - before > KEPT_KB_MAX:
            raise Failure("%d KiB more than before" % (edge.memory_kb() - before))
        deaf.reset()


@test
def a_hundred_clients_at_once_are_all_answered(t):
    with t.serve(t.guest("rust-abi")) as edge:
        connections = [edge.connect() for _ in range(100)]
        for i, connection in enumerate(connections):
            connection.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n%04d" % i)
        for i, connection in enumerate(connections):
            connection.send("%04d" % i)
        for i, connection in enumerate(connections):
            assert_equal(connection.read().json()["body"], "%04d%04d" % (i, i))
            connection.close()


# ---- origins ----

MANIFEST = '[local_server.backends.origin]\nurl = "http://127.0.0.1:%d"\nfirst_byte_timeout_ms = 400\nbetween_bytes_timeout_ms = 400\n'


@contextlib.contextmanager
def proxied(t, port, guest="rust-abi"):
    t.write("fastly.toml", MANIFEST % port)
    with t.serve(t.guest(guest), "-C", "fastly.toml") as edge:
        yield edge


def asked(connection):
    """Reads the head of the request. Probes, which come before the server listens, get a plain answer."""
    line = connection.line()
    connection.headers()
    if b"/proxy" in line:
        return True
    connection.sock.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    return False


def says(data, then="close"):
    """An origin that answers these bytes, and then closes, resets or stalls."""
    def converse(connection):
        if not asked(connection):
            return
        connection.sock.sendall(data)
        if then == "stall":
            connection.stopping.wait(60)
        if then == "reset":
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    return converse


def raw_origin(t, converse):
    origin = None

    def handle(connection):
        connection.stopping = origin.stopping
        converse(connection)
    origin = t.origin(handle, raw=True)
    return origin


OK = b"HTTP/1.1 200 OK\r\n"
NO_ANSWER = {  # the guest is told that there is no response, and makes a 502 of it
    "closes": (b"", "close"),
    "resets": (b"", "reset"),
    "stalls": (b"", "stall"),
    "stalls in the status line": (b"HTTP/1.", "stall"),
    "stalls in the head": (OK + b"Content-Type: te", "stall"),
    "closes in the head": (OK + b"Content-Type: te", "close"),
    "sends garbage": (b"\0\1\2\3garbage\r\n\r\n", "close"),
    "sends no status": (b"HTTP/1.1 OK\r\n\r\n", "close"),
    "speaks another protocol": (b"220 smtp.example ready\r\n", "close"),
    "sends an endless head": (OK + b"X: " + b"a" * 3000000, "stall"),
}


@test
def an_origin_that_does_not_answer_makes_a_502(t):
    for what, (data, then) in NO_ANSWER.items():
        origin = raw_origin(t, says(data, then))
        with proxied(t, origin.port) as edge:
            response = edge.get("/proxy")
            assert_equal(response.status, 502, "%s: %r" % (what, response))
            assert_equal(edge.get("/resp").status, 200, what)
        origin.close()


BROKEN_BODY = {  # the head is through, so that the only way to tell is to break off
    "too short": (OK + b"Content-Length: 100\r\n\r\nhalf", "close"),
    "too short, reset": (OK + b"Content-Length: 100\r\n\r\nhalf", "reset"),
    "stalled": (OK + b"Content-Length: 100\r\n\r\nhalf", "stall"),
    "chunks cut": (OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n64\r\nha", "close"),
    "chunks without an end": (OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "close"),
    "chunks stalled": (OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "stall"),
    "chunks that are none": (OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\nxx\r\n", "close"),
}


@test
def an_origin_that_breaks_off_is_seen_by_the_client(t):
    for what, (data, then) in BROKEN_BODY.items():
        origin = raw_origin(t, says(data, then))
        with proxied(t, origin.port) as edge:
            try:
                response = edge.get("/proxy")
            except (Closed, ConnectionResetError):
                pass  # cut off, as it should be
            else:
                # What was broken before a byte of it was passed on may still be told in order.
                if response.status != 502:
                    raise Failure("%s came as if it were whole: %r" % (what, response))
            assert_equal(edge.get("/resp").status, 200, what)
        origin.close()


@test
def an_origin_that_says_more_than_it_announced_is_cut(t):
    origin = raw_origin(t, says(OK + b"Content-Length: 4\r\n\r\nhalf and more", "close"))
    with proxied(t, origin.port) as edge:
        assert_equal(edge.get("/proxy").body, b"half")


@test
def an_origin_that_drips_is_passed_on_as_it_drips(t):
    def drip(connection):
        if asked(connection):
            for byte in OK + b"Content-Length: 5\r\n\r\nslowly":
                connection.sock.sendall(bytes([byte]))
                connection.stopping.wait(0.005)
    origin = raw_origin(t, drip)
    with proxied(t, origin.port) as edge:
        response = edge.get("/proxy")
        assert_equal((response.status, response.body), (200, b"slowl"))


@test
def interim_responses_of_an_origin_are_no_answers(t):
    origin = raw_origin(t, says(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + OK + b"Content-Length: 2\r\n\r\nhi"))
    with proxied(t, origin.port) as edge:
        response = edge.get("/proxy")
        assert_equal((response.status, response.body), (200, b"hi"))


@test
def an_origin_that_refuses_makes_a_502(t):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with proxied(t, port) as edge:
        for guest_answer in (edge.get("/proxy"), edge.get("/proxy")):
            assert_equal(guest_answer.status, 502)
        assert_in("backend origin does not answer", edge.err)


@test
def a_slow_origin_holds_nobody_up(t):
    release = threading.Event()

    def handle(request):
        if request.path == "/proxy":
            release.wait(30)
        return Response(200, body="late")
    with t.origin(handle) as origin:
        t.write("fastly.toml", '[local_server.backends.origin]\nurl = "%s"\n' % origin.url)
        with t.serve(t.guest("rust-abi"), "-C", "fastly.toml") as edge, edge.connect() as slow:
            slow.send("GET /proxy HTTP/1.1\r\nHost: a\r\n\r\n")
            for _ in range(20):
                assert_equal(edge.get("/resp").status, 200)
            release.set()
            assert_equal(slow.read().text, "late")


@test
def four_hundred_at_once_are_all_answered(t):
    """More than there is room for guests: the others wait for theirs."""
    with t.origin(lambda request: Response(200, body="x")) as origin:
        t.write("fastly.toml", '[local_server.backends.origin]\nurl = "%s"\nfirst_byte_timeout_ms = 60000\n' % origin.url)
        with t.serve(t.guest("rust-abi"), "-C", "fastly.toml") as edge:
            connections = [edge.connect() for _ in range(400)]
            for connection in connections:
                connection.send("GET /proxy HTTP/1.1\r\nHost: a\r\n\r\n")
            assert_equal([connection.read().status for connection in connections], [200] * 400)
            for connection in connections:
                connection.send("GET /proxy HTTP/1.1\r\nHost: a\r\n\r\n")
            for connection in connections:
                connection.reset()
            assert_equal(edge.get("/resp").status, 200)


LARGE = 400 << 20


def comes_to_rest(t, counted):
    """Waits until the sender, who gives `counted`, is held up."""
    last = [0, None]

    def still():
        now, before = time.monotonic(), last[0]
        if counted() != before or not last[1]:
            last[:] = [counted(), now]
        return last[0] > 0 and now - last[1] > 0.3
    t.eventually(still, "the sender is held up")


@test
def what_a_client_does_not_read_is_left_with_the_origin(t):
    sent = [0]

    def flood(connection):
        if asked(connection):
            connection.sock.sendall(OK + b"Content-Length: %d\r\n\r\n" % LARGE)
            while sent[0] < LARGE:
                sent[0] += connection.sock.send(b"x" * 65536)
    origin = raw_origin(t, flood)
    t.write("fastly.toml", '[local_server.backends.origin]\nurl = "%s"\nbetween_bytes_timeout_ms = 60000\n' % origin.url)
    with t.serve(t.guest("rust-abi"), "-C", "fastly.toml") as edge:
        assert_equal(edge.get("/resp").status, 200)
        before = edge.memory_kb()
        deaf = edge.connect()
        deaf.send("GET /proxy HTTP/1.1\r\nHost: a\r\n\r\n")
        deaf.reader.line()
        comes_to_rest(t, lambda: sent[0])
        if sent[0] == LARGE or edge.memory_kb() - before > KEPT_KB_MAX:
            raise Failure("%d bytes taken, %d KiB more than before" % (sent[0], edge.memory_kb() - before))
        deaf.reset()
        assert_equal(edge.get("/resp").status, 200)


@test
def what_an_origin_does_not_read_is_left_with_the_client(t):
    def deaf(connection):
        if asked(connection):
            connection.stopping.wait(60)
    origin = raw_origin(t, deaf)
    t.write("fastly.toml", '[local_server.backends.origin]\nurl = "%s"\nfirst_byte_timeout_ms = 60000\n' % origin.url)
    with t.serve(t.guest("rust-abi"), "-C", "fastly.toml", "--shutdown-timeout=1h") as edge:
        assert_equal(edge.get("/resp").status, 200)
        before = edge.memory_kb()
        client = edge.connect()
        client.send("POST /proxy HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % LARGE)
        client.sock.settimeout(0.5)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < LARGE:
                sent += client.sock.send(b"x" * 65536)
        if sent == LARGE or edge.memory_kb() - before > KEPT_KB_MAX:
            raise Failure("%d bytes taken, %d KiB more than before" % (sent, edge.memory_kb() - before))
        client.reset()
        assert_equal(edge.get("/resp").status, 200)
    # The server has noticed, and told the guest, though the origin has not read on: else it would wait for both.


# ---- the server's beginning and end ----


@test
def a_port_that_is_taken_is_named(t):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = t.run("serve", t.guest("c-hello"), "--addr", "127.0.0.1:%d" % port, code=2)
        assert_in(str(port), done.err)
        assert_in("in use", done.err)
        assert_not_in("listening", done.err)


@test
def an_address_that_is_not_ours_is_named(t):
    assert_in("192.0.2.1", t.run("serve", t.guest("c-hello"), "--addr", "192.0.2.1:0", code=2).err)
    for address in ("localhost", "127.0.0.1:99999", "127.0.0.1", "nonsense:1", ":"):
        assert_in("--addr", t.run("serve", t.guest("c-hello"), "--addr", address, code=2).err)


@test
def a_signal_lets_a_request_end(t):
    for number in (signal.SIGINT, signal.SIGTERM):
        begun, release = threading.Event(), threading.Event()

        def handle(request):
            if request.path == "/proxy":
                begun.set()
                release.wait(30)
            return Response(200, body="to the end")
        with t.origin(handle) as origin:
            t.write("fastly.toml", '[local_server.backends.origin]\nurl = "%s"\n' % origin.url)
            with t.serve(t.guest("rust-abi"), "-C", "fastly.toml") as edge, edge.connect() as connection:
                connection.send("GET /proxy HTTP/1.1\r\nHost: a\r\n\r\n")
                begun.wait(30)
                edge.process.send_signal(number)
                t.eventually(lambda: refused(edge), "the port is closed")
                release.set()
                assert_equal(connection.read().text, "to the end")
                assert_equal(edge.process.wait(30), 0)


def refused(edge):
    try:
        Connection(edge.address, edge.port).close()
    except ConnectionError:
        return True
    return False


@test
def a_second_signal_does_not_wait(t):
    begun, release = threading.Event(), threading.Event()

    def handle(request):
        if request.path == "/proxy":
            begun.set()
            release.wait(60)
        return Response(200)
    with t.origin(handle) as origin:
        t.write("fastly.toml", '[local_server.backends.origin]\nurl = "%s"\n' % origin.url)
        with t.serve(t.guest("rust-abi"), "-C", "fastly.toml") as edge, edge.connect() as connection:
            connection.send("GET /proxy HTTP/1.1\r\nHost: a\r\n\r\n")
            begun.wait(30)
            edge.process.send_signal(signal.SIGTERM)
            t.eventually(lambda: refused(edge), "the port is closed")
            edge.process.send_signal(signal.SIGTERM)
            assert_equal(edge.process.wait(30), 0)
        release.set()
