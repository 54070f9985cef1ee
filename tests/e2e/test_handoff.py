"""Requests that a service hands over: WebSockets to a backend, and everything to the GRIP proxy."""

import contextlib
import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time

from clients import debian, run
from harness import (WAIT_SECONDS, Connection, Headers, Response, assert_between, assert_equal, assert_in,
                     assert_matches, assert_not_in, can_connect, test)

UPGRADE = "GET %s HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: test\r\nX-Own: 1\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: test\r\nConnection: Upgrade\r\nX-From: origin\r\n\r\n"
BACKEND = '[local_server.backends.origin]\nurl = "%s"\n%s\n'


def head_of(reader):
    """The lines of a request's head, and its fields."""
    line = reader.line().decode()
    return line, reader.headers()


def upgrading(then, head=SWITCHED, seen=None):
    """A raw origin that switches protocols and goes on by then(reader); ordinary requests, as the server's own look
    at the backend, get a 204."""

    def handler(reader):
        line, headers = head_of(reader)
        if "upgrade" not in headers:
            reader.sock.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            return
        if seen is not None:
            seen.append((line, headers))
        reader.sock.sendall(head)
        then(reader)

    return handler


def shout(reader):
    """Sends back what comes, in capitals, until that ends; then says so."""
    data = reader.buffer
    while data or (data := reader.sock.recv(65536)):
        reader.sock.sendall(data.upper())
        data = b""
    reader.sock.sendall(b"<end>")


def serve_handoff(t, origin, more="", *flags, guest="rust-abi"):
    t.write("fastly.toml", BACKEND % (origin.url if hasattr(origin, "url") else origin, more))
    return t.serve(t.guest(guest), "-C", "fastly.toml", *flags)


# ---- WebSockets, or whatever else upgrades ----


# Routes that hand over by the host calls of today, and by the older ones that name no request.
WEBSOCKETS = (("rust-abi", "/websocket"), ("js-abi", "/websocket"), ("go-abi", "/websocket"), ("go-handoff", "/websocket-old"))
GRIPS = (("rust-abi", "/fanout"), ("js-abi", "/fanout"), ("go-abi", "/fanout"), ("go-handoff", "/fanout-old"))


def goes_both_ways(t, guest, path):
    seen = []
    origin = t.origin(upgrading(shout, SWITCHED + b"first words", seen), raw=True)
    with serve_handoff(t, origin, guest=guest) as edge, edge.connect() as client:
        client.send(UPGRADE % (path + "?a=b") + "sent early ")
        response = client.read()
        assert_equal(response.status, 101, guest + path)
        assert_equal(response.headers["x-from"], "origin")
        assert_equal(response.headers["upgrade"], "test")
        assert_equal(response.headers["connection"].lower(), "upgrade")
        client.send("and later")
        wanted = b"first wordsSENT EARLY AND LATER"
        assert_equal(client.reader.exactly(len(wanted)), wanted)
        client.sock.shutdown(1)  # half of it goes on: the origin still answers
        assert_equal(client.reader.rest(), b"<end>")
    line, headers = seen[0]
    assert_equal(line, "GET %s?a=b HTTP/1.1" % path)
    assert_equal(headers["host"], origin.host)
    assert_equal(headers["x-own"], "1")
    assert_equal(headers["connection"], "Upgrade")


@test
def bytes_go_both_ways_after_an_upgrade(t):
    for guest, path in WEBSOCKETS:
        goes_both_ways(t, guest, path)


@test
def a_slow_reader_slows_the_writer_down(t):
    sent = []

    def flood(reader):
        reader.sock.setblocking(False)
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline and sum(sent) < 256 << 20:
            try:
                sent.append(reader.sock.send(b"x" * 65536))
            except BlockingIOError:
                time.sleep(0.01)
        reader.sock.setblocking(True)

    with serve_handoff(t, t.origin(upgrading(flood), raw=True)) as edge, edge.connect() as client:
        client.send(UPGRADE % "/websocket")
        assert_equal(client.read().status, 101)
        before = edge.memory_kb()
        time.sleep(1)  # reads nothing: the origin's bytes pile up where they came from
        assert_between(0, edge.memory_kb() - before, 20000)
        got = len(client.reader.rest())
        assert_equal(got, sum(sent))


@test
def real_websocket_peers_talk_through_it(t):
    python = next((p for p in (sys.executable, "/usr/bin/python3")
                   if subprocess.run([p, "-c", "import websockets"], capture_output=True).returncode == 0), None)
    if not python:
        t.skip("there is no Python library websockets")
    peer = os.path.join(os.path.dirname(os.path.abspath(__file__)), "websocket_peer.py")
    server = subprocess.Popen([python, peer, "serve"], stdout=subprocess.PIPE)
    t.started.append(server)
    port = int(server.stdout.readline())
    for guest, path in WEBSOCKETS:
        with serve_handoff(t, "http://127.0.0.1:%d" % port, guest=guest) as edge:
            done = subprocess.run([python, peer, "talk", edge.url.replace("http", "ws") + path], capture_output=True,
                                  timeout=WAIT_SECONDS, check=False)
            assert_equal(done.stdout, b"ok\n", done.stderr.decode())
    server.kill()


@test
def a_backend_over_tls_is_spoken_to_over_tls(t):
    make_certificate(t)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(t.path("cert.pem"), t.path("key.pem"))
    origin = t.origin(upgrading(shout), raw=True, tls=tls)
    trust = 'ca_certificate.file = "cert.pem"\ncert_host = "localhost"'
    with serve_handoff(t, origin, trust) as edge, edge.connect() as client:
        client.send(UPGRADE % "/websocket")
        assert_equal(client.read().status, 101)
        data = os.urandom(1 << 20).replace(b"\0", b"a")
        threading.Thread(target=client.send, args=(data,), daemon=True).start()
        assert_equal(client.reader.exactly(len(data)) == data.upper(), True)
        client.sock.shutdown(1)
        assert_equal(client.reader.rest(), b"<end>")
    with serve_handoff(t, origin) as edge, edge.connect() as client:  # nobody vouches for it
        client.send(UPGRADE % "/websocket")
        response = client.read()
        assert_equal(response.status, 503)
        assert_in("certificate", response.text)


def make_certificate(t):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", t.path("key.pem"), "-out",
                    t.path("cert.pem")], check=True, capture_output=True)


@test
def the_backends_no_is_the_clients(t):
    def handler(request):
        return Response(403, {"X-Why": "not you"}, "go away")

    with serve_handoff(t, t.origin(handler)) as edge, edge.connect() as client:
        client.send(UPGRADE % "/websocket")
        response = client.read()
        assert_equal((response.status, response.text, response.headers["x-why"]), (403, "go away", "not you"))
        assert_equal(response.headers["content-length"], "7")
        client.send(UPGRADE % "/websocket")  # the connection is an ordinary one still
        assert_equal(client.read().status, 403)


@test
def what_goes_wrong_is_a_502_or_503(t):
    def answers(data, wait=False):
        def handler(reader):
            _, headers = head_of(reader)
            if "upgrade" not in headers:
                return
            reader.sock.sendall(data)
            if wait:
                origin.stopping.wait(WAIT_SECONDS)
        return handler

    cases = [
        (b"", False, "ended before"),
        (b"\0\1\2garbage\r\n\r\n", False, "HTTP protocol"),
        (b"HTTP/1.1 101 Switching", False, "incomplete|ended before"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300000 + b"\r\n\r\n", False, "too large"),
        (b"", True, "took too long"),
    ]
    for data, wait, words in cases:
        origin = t.origin(answers(data, wait), raw=True)
        with serve_handoff(t, origin, "first_byte_timeout_ms = 300") as edge, edge.connect() as client:
            client.send(UPGRADE % "/websocket")
            response = client.read()
            assert_equal(response.status, 502, "%r: %s" % (data[:20], response.text))
            assert_matches(words, response.text)
    closed = t.origin(lambda request: None)
    closed.close()
    with serve_handoff(t, closed) as edge, edge.connect() as client:
        client.send(UPGRADE % "/websocket")
        response = client.read()
        assert_equal(response.status, 503)
        assert_in("connection refused", response.text)


@test
def nobody_is_switched_who_did_not_ask(t):
    def handler(reader):
        head_of(reader)
        reader.sock.sendall(SWITCHED)
        origin.stopping.wait(WAIT_SECONDS)

    origin = t.origin(handler, raw=True)
    with serve_handoff(t, origin, "first_byte_timeout_ms = 300") as edge:
        response = edge.get("/websocket")
        assert_equal(response.status, 502)
        assert_in("nobody asked", response.text)


@test
def a_client_that_hangs_up_takes_the_backends_connection_along(t):
    came, gone = threading.Event(), threading.Event()

    def handler(reader):
        _, headers = head_of(reader)
        if "upgrade" not in headers:
            return
        came.set()
        try:
            reader.sock.recv(1)  # asked, and never answered
        except ConnectionResetError:
            pass
        gone.set()

    with serve_handoff(t, t.origin(handler, raw=True)) as edge:
        client = edge.connect()
        client.send(UPGRADE % "/websocket")
        assert_equal(came.wait(WAIT_SECONDS), True)
        client.close()
        assert_equal(gone.wait(WAIT_SECONDS), True)
    ended = threading.Event()

    def switched(reader):
        try:
            while reader.sock.recv(65536):
                pass
        except OSError:
            pass
        ended.set()

    with serve_handoff(t, t.origin(upgrading(switched), raw=True)) as edge:
        client = edge.connect()
        client.send(UPGRADE % "/websocket")
        assert_equal(client.read().status, 101)
        client.reset()
        assert_equal(ended.wait(WAIT_SECONDS), True)


@test
def open_websockets_do_not_keep_a_server_that_stops(t):
    with serve_handoff(t, t.origin(upgrading(shout), raw=True)) as edge:
        clients = [edge.connect() for _ in range(20)]
        for client in clients:
            client.send(UPGRADE % "/websocket")
            assert_equal(client.read().status, 101)
        begun = time.monotonic()
        assert_equal(edge.stop(signal.SIGTERM), 0)
        assert_between(0, time.monotonic() - begun, 5)
        for client in clients:
            assert_equal(client.at_end(), True)


@test
def a_service_without_the_feature_is_told(t):
    origin = t.origin(lambda request: Response(200))
    with serve_handoff(t, origin, "", "--enable-local-websocket-passthrough=false") as edge:
        response = edge.get("/websocket")
        assert_equal(response.status, 500)
        assert_in("handing over to a websocket", response.text)
        response = edge.get("/fanout")
        assert_equal(response.status, 500)
        assert_in("handing over to fanout", response.text)
    for guest, status, paths in (("go-abi", 500, ("/websocket", "/fanout")),
                                 ("go-handoff", 200, ("/websocket-old", "/fanout-old"))):
        with serve_handoff(t, origin, "", "--enable-local-websocket-passthrough=false", guest=guest) as edge:
            for path in paths:
                response = edge.get(path)
                assert_equal((response.status, response.text), (status, "failed: Fastly error: Unsupported\n"), path)
    assert_equal([r.target for r in origin.requests], ["/", "/", "/"])  # the servers' own looks at it


# ---- GRIP ----


@test
def the_grip_proxy_gets_everything_with_the_backends_name(t):
    proxy = t.origin(lambda request: Response(200, {"X-Proxy": "1"}, "held: " + request.text))
    for guest, path in GRIPS:
        with serve_handoff(t, "http://127.0.0.1:9/", "", "--local-pushpin-proxy-port", str(proxy.port),
                           guest=guest) as edge:
            response = edge.post(path + "?x=1", "a body", {"Pushpin-Route": "forged", "X-Own": "kept"})
            assert_equal((response.status, response.headers["x-proxy"], response.text), (200, "1", "held: a body"))
            request = proxy.requests[-1]
            assert_equal((request.method, request.target), ("POST", path + "?x=1"))
            assert_equal(request.headers["pushpin-route"], "origin")
            assert_equal(request.headers["host"], proxy.host)
            assert_equal(request.headers["x-own"], "kept")


def curl_http2(t, edge, path, *args):
    return run(t, debian(t, "curl", "curl"), "-sS", "--http2-prior-knowledge", "-w", " %{http_version} %{http_code}", *args,
               edge.url + path)


@test
def a_client_over_http2_is_handed_to_the_grip_proxy_too(t):
    proxy = t.origin(lambda request: Response(200, {"X-Proxy": "1"}, "held: " + request.text))
    with serve_handoff(t, "http://127.0.0.1:9/", "", "--local-pushpin-proxy-port", str(proxy.port)) as edge:
        assert_equal(curl_http2(t, edge, "/fanout?x=1", "-d", "a body"), "held: a body 2 200")
        request = proxy.requests[-1]
        assert_equal((request.method, request.target), ("POST", "/fanout?x=1"))
        assert_equal(request.headers["pushpin-route"], "origin")


@test
def over_http2_nobody_is_switched(t):
    def handler(reader):
        head_of(reader)
        reader.sock.sendall(SWITCHED)
        origin.stopping.wait(WAIT_SECONDS)

    origin = t.origin(handler, raw=True)
    with serve_handoff(t, origin, "first_byte_timeout_ms = 300") as edge:
        assert_matches(r"nobody asked.* 2 502$", curl_http2(t, edge, "/websocket"))


@test
def a_body_that_the_guest_closes_is_read_no_more_once_it_has_answered(t):
    with t.serve(t.guest("rust-hello")) as edge:
        assert_equal(edge.post("/", b"x" * 3000000).text, "Hello from rust!")
        assert_equal(edge.get("/").text, "Hello from rust!")


PUSHPIN = """[global]
include=/usr/lib/pushpin/internal.conf
rundir={dir}
ipc_prefix=t-
[runner]
services=condure,zurl,pushpin-proxy,pushpin-handler
http_port=127.0.0.1:{port}
logdir={dir}
client_maxconn=100
client_buffer_size=8192
condure_bin=condure
zurl_bin=zurl
[proxy]
routesfile={dir}/routes
accept_pushpin_route=true
sig_iss=pushpin
sig_key=changeme
zurl_out_specs=ipc://{dir}/t-zurl-in
zurl_out_stream_specs=ipc://{dir}/t-zurl-in-stream
zurl_in_specs=ipc://{dir}/t-zurl-out
[handler]
push_in_spec=ipc://{dir}/t-push
push_in_sub_specs=ipc://{dir}/t-push-sub
push_in_http_addr=127.0.0.1
push_in_http_port={publish}
command_spec=ipc://{dir}/t-command
"""


@contextlib.contextmanager
def pushpin(t):
    """It ends what it started when it is asked to end, and leaves it behind when it is killed."""
    process = subprocess.Popen(["pushpin", "--config=" + t.path("p/pushpin.conf")], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(WAIT_SECONDS)


def free_port():
    import socket
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@test
def pushpin_itself_holds_a_request_and_publishes_to_it(t):
    """Fanout as it is at Fastly: the service hands over, the backend says "hold", a message goes to who waits."""
    if not shutil.which("pushpin") or not shutil.which("zurl"):
        t.skip("there is no pushpin")
    held = threading.Event()

    def handler(request):
        if "grip-sig" not in request.headers:  # the server's own look at the backend
            return Response(204)
        held.set()
        return Response(200, {"Content-Type": "text/plain", "Grip-Hold": "stream", "Grip-Channel": "news"}, "open\n")

    origin = t.origin(handler)
    port, publish = free_port(), free_port()
    t.write("p/pushpin.conf", PUSHPIN.format(dir=t.path("p"), port=port, publish=publish))
    t.write("p/routes", "*,id=origin %s\n" % origin.host)
    with pushpin(t), serve_handoff(t, origin, "", "--local-pushpin-proxy-port", str(port)) as edge:
        t.eventually(lambda: can_connect(port) and can_connect(publish), "pushpin listens")
        t.eventually(lambda: holds(edge), "pushpin holds")  # it listens before all of its parts have found each other
        publish_to_held(t, edge, held, publish)


def holds(edge):
    with edge.connect() as client:
        client.sock.settimeout(1)
        client.send("GET /fanout HTTP/1.1\r\nHost: example.com\r\n\r\n")
        try:
            return client.reader.line().split()[1] == b"200"
        except TimeoutError:
            return False


def publish_to_held(t, edge, held, publish):
    with edge.connect() as client:
        client.send("GET /fanout HTTP/1.1\r\nHost: example.com\r\n\r\n")
        assert_equal(held.wait(WAIT_SECONDS), True)
        line = client.reader.line()
        assert_equal(line.split()[1], b"200", line.decode())
        headers = client.reader.headers()
        assert_not_in("grip-hold", headers)
        assert_equal(headers["transfer-encoding"], "chunked")
        item = '{"items": [{"channel": "news", "formats": {"http-stream": {"content": "hello\\n"}}}]}'
        with Connection("127.0.0.1", publish) as publisher:
            assert_equal(publisher.request("POST", "/publish", {"Content-Type": "application/json"}, item).status, 200)
        got = b""
        while b"hello\n" not in got:
            size = int(client.reader.line(), 16)
            got += client.reader.exactly(size)
            client.reader.exactly(2)
        assert_equal(got, b"open\nhello\n")
