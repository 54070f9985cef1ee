"""What end-to-end tests are written with: the program under test, origins, and HTTP by hand. Python's own library only.

A test is a function with a promise for a name, in a file test_*.py beside this one:

    from harness import test, assert_equal

    @test
    def the_guest_answers(t):
        with t.origin(lambda request: Response(200, body=b"hi")) as origin:
            t.write("fastly.toml", MANIFEST % origin.url)
            with t.serve(t.guest("rust-hello"), "-C", "fastly.toml") as edge:
                assert_equal(edge.get("/").status, 200)

`t` is the test's own sandbox: an empty folder (the programs' current one), a HOME in it, no environment that could
reach in from outside, and everything it started is ended when it ends. Nothing here sleeps for a fixed time: what has to
be waited for is waited for by t.eventually(), or by reading.
"""

import contextlib
import functools
import inspect
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

WAIT_SECONDS = float(os.environ.get("BACKLOT_TEST_WAIT", "30"))
START_SECONDS = 4 * WAIT_SECONDS  # a guest may have to be compiled, by several tests at once, on a busy machine

registered = []  # (module name, function), in the order of definition


class Failure(AssertionError):
    """An assertion of a test that does not hold."""


class Skip(Exception):
    """Raised by t.skip(): what the test needs is not there."""


class OptionalSkip(Skip):
    """A skip that is none of CI's business."""


class Settings:
    """What run.py was told; the same for all tests."""

    backlot = "build/backlot"
    guests = "build/guests"
    cache = None  # a code cache that all tests share, so that a guest is compiled once


settings = Settings()


@functools.lru_cache
def sanitized():
    """Was the program built with AddressSanitizer? Then it is slower, and keeps what it has freed for a while."""
    with open(settings.backlot, "rb") as f:
        return b"__asan_init" in f.read()


def test(function=None, *, alone=False):
    """Registers a test. `alone`: it measures time or fills the machine, so nothing else runs beside it."""
    if function is None:
        return functools.partial(test, alone=alone)
    function.alone = alone
    registered.append((inspect.getmodule(function).__name__, function))
    return function


# ---- assertions ----


def assert_equal(actual, expected, what=""):
    if actual != expected:
        raise Failure("%sis       %r\nexpected %r" % (what + "\n" if what else "", actual, expected))


def assert_in(part, whole):
    if part not in whole:
        raise Failure("%r\nis not in\n%s" % (part, whole if isinstance(whole, str) else repr(whole)))


def assert_not_in(part, whole):
    if part in whole:
        raise Failure("%r\nis in\n%s" % (part, whole if isinstance(whole, str) else repr(whole)))


def assert_matches(pattern, text):
    if not re.search(pattern, text, re.MULTILINE | re.DOTALL):
        raise Failure("no match of %r in\n%s" % (pattern, text))


def assert_between(least, actual, most):
    if not least <= actual <= most:
        raise Failure("%r is not between %r and %r" % (actual, least, most))


# ---- HTTP by hand ----


class Headers:
    """Header lines in their order and with their case; looked up without case."""

    def __init__(self, lines=()):
        self.lines = list(lines)  # (name, value)

    def get(self, name, default=None):
        """The value of the only header of that name; more than one is a failure."""
        values = self.all(name)
        if len(values) > 1:
            raise Failure("%d headers %s: %r" % (len(values), name, values))
        return values[0] if values else default

    def all(self, name):
        return [value for key, value in self.lines if key.lower() == name.lower()]

    def names(self):
        return [name for name, _ in self.lines]

    def __contains__(self, name):
        return bool(self.all(name))

    def __getitem__(self, name):
        value = self.get(name)
        if value is None:
            raise Failure("no header %s in %r" % (name, self.lines))
        return value

    def __repr__(self):
        return repr(self.lines)


class Closed(Exception):
    """The peer closed before the message was whole; what came so far is in `.got`."""

    def __init__(self, got):
        super().__init__("closed after %r" % (got,))
        self.got = got


class Reader:
    """Reads HTTP/1 messages from a socket, strictly: what is malformed raises ValueError."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""

    def more(self):
        data = self.sock.recv(65536)
        if not data:
            raise Closed(self.buffer)
        self.buffer += data

    def line(self):
        while b"\n" not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b"\n", 1)
        if not line.endswith(b"\r"):
            raise ValueError("a line that ends without CR: %r" % line)
        return line[:-1]

    def exactly(self, count):
        while len(self.buffer) < count:
            self.more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def rest(self):
        """All until the peer closes."""
        with contextlib.suppress(Closed):
            while True:
                self.more()
        data, self.buffer = self.buffer, b""
        return data

    def headers(self):
        lines = []
        while True:
            line = self.line()
            if not line:
                return Headers(lines)
            name, colon, value = line.partition(b":")
            if not colon or not name or name != name.strip():
                raise ValueError("a malformed header line: %r" % line)
            lines.append((name.decode("latin-1"), value.strip(b" \t").decode("latin-1")))

    def chunked(self):
        """A chunked body: the chunks as they came, and the trailers."""
        chunks = []
        while True:
            size = int(self.line().split(b";")[0], 16)
            if size == 0:
                return chunks, self.headers()
            chunks.append(self.exactly(size))
            if self.exactly(2) != b"\r\n":
                raise ValueError("no end of line behind a chunk")

    def body(self, message, until_close):
        if message.headers.get("transfer-encoding", "").lower() == "chunked":
            message.chunks, message.trailers = self.chunked()
            message.body = b"".join(message.chunks)
        elif "content-length" in message.headers:
            message.body = self.exactly(int(message.headers["content-length"]))
        elif until_close:
            message.body = self.rest()


class Message:
    def __init__(self):
        self.headers = Headers()
        self.body = b""
        self.chunks = None  # of a chunked body
        self.trailers = Headers()

    @property
    def text(self):
        return self.body.decode("utf-8")

    def json(self):
        import json

        return json.loads(self.body)


class Request(Message):
    """What an origin received."""

    def __init__(self, method, target, version):
        super().__init__()
        self.method, self.target, self.version = method, target, version

    @property
    def path(self):
        return self.target.split("?")[0]

    def __repr__(self):
        return "%s %s %r %r" % (self.method, self.target, self.headers.lines, self.body)


class Response(Message):
    """What a client received, or what an origin's handler answers. `informational`: the 1xx before it."""

    def __init__(self, status=200, headers=(), body=b"", reason=None, trailers=(), chunks=None):
        super().__init__()
        self.status, self.reason = status, reason
        self.headers = Headers(headers.items() if isinstance(headers, dict) else headers)
        self.body = body.encode() if isinstance(body, str) else body
        self.trailers = Headers(trailers)
        self.chunks = chunks
        self.informational = []

    def encode(self, head_only=False):
        lines = [("HTTP/1.1 %d %s" % (self.status, self.reason or "Status")).encode("latin-1")]
        headers = list(self.headers.lines)
        chunked = self.chunks is not None or self.trailers.lines
        if chunked:
            headers.append(("Transfer-Encoding", "chunked"))
        elif "content-length" not in self.headers and self.status >= 200 and self.status not in (204, 304):
            headers.append(("Content-Length", str(len(self.body))))
        lines += [("%s: %s" % header).encode("latin-1") for header in headers]
        head = b"\r\n".join(lines) + b"\r\n\r\n"
        if head_only:
            return head
        if not chunked:
            return head + self.body
        chunks = self.chunks if self.chunks is not None else [self.body]
        body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks if chunk)
        trailers = b"".join(("%s: %s\r\n" % trailer).encode("latin-1") for trailer in self.trailers.lines)
        return head + body + b"0\r\n" + trailers + b"\r\n"

    def __repr__(self):
        return "%d %r %r" % (self.status, self.headers.lines, self.body)


def read_response(reader, method="GET"):
    informational = []
    while True:
        version, status, *reason = reader.line().decode("latin-1").split(" ", 2)
        if version not in ("HTTP/1.1", "HTTP/1.0") or not re.fullmatch(r"\d{3}", status):
            raise ValueError("not a status line: %s %s" % (version, status))
        response = Response(int(status), reason=reason[0] if reason else "")
        response.version = version
        response.headers = reader.headers()
        if 100 <= response.status < 200 and response.status != 101:
            informational.append(response)
            continue
        response.informational = informational
        if method != "HEAD" and response.status not in (101, 204, 304):
            reader.body(response, until_close=True)
        return response


def can_connect(port):
    try:
        Connection("127.0.0.1", port).close()
        return True
    except OSError:
        return False


class Connection:
    """A client's connection, for sending bytes as they are."""

    def __init__(self, host, port, tls=None):
        self.sock = socket.create_connection((host, port), timeout=WAIT_SECONDS)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname=host)
        self.host = "%s:%d" % (host, port)
        self.reader = Reader(self.sock)

    def send(self, data):
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def read(self, method="GET"):
        return read_response(self.reader, method)

    def request(self, method, target, headers=(), body=None):
        headers = list(headers.items() if isinstance(headers, dict) else headers)
        names = [name.lower() for name, _ in headers]
        if "host" not in names:
            headers.insert(0, ("Host", self.host))
        if body is not None:
            body = body.encode() if isinstance(body, str) else body
            if "content-length" not in names and "transfer-encoding" not in names:
                headers.append(("Content-Length", str(len(body))))
        head = "%s %s HTTP/1.1\r\n%s\r\n" % (method, target, "".join("%s: %s\r\n" % header for header in headers))
        self.send(head.encode("latin-1") + (body or b""))
        return self.read(method)

    def at_end(self):
        """True once the peer has closed and nothing was left unread; False when there are bytes."""
        if self.reader.buffer:
            return False
        try:
            return self.sock.recv(1, socket.MSG_PEEK) == b""
        except ConnectionResetError:
            return True

    def reset(self):
        """Goes away without a goodbye."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.sock.close()

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# ---- origins ----


class Origin:
    """A server in threads of this process. `handler(request)` gives a Response; None closes without an answer.

    With raw=True, `handler(connection)` gets each connection as a Reader with `.sock`, to do with as it likes: answer
    half, lie, stall (wait for `origin.stopping`), or go away.
    """

    def __init__(self, handler, raw=False, tls=None):
        self.handler, self.raw, self.tls = handler, raw, tls
        self.requests = []
        self.connections = 0
        self.stopping = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.host = "127.0.0.1:%d" % self.port
        self.url = "%s://%s" % ("https" if tls else "http", self.host)
        self.open = set()
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                self.open.add(sock)
            threading.Thread(target=self.converse, args=(sock,), daemon=True).start()

    def converse(self, sock):
        try:
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            reader = Reader(sock)
            if self.raw:
                self.handler(reader)
            else:
                while self.answer(reader):
                    pass
        except (OSError, Closed, ValueError):
            pass
        finally:
            with self.lock:
                self.open.discard(sock)
            sock.close()

    def read_request(self, reader):
        method, target, version = reader.line().decode("latin-1").split(" ")
        request = Request(method, target, version)
        request.headers = reader.headers()
        if request.headers.get("expect", "").lower() == "100-continue":
            reader.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        reader.body(request, until_close=False)
        with self.lock:
            self.requests.append(request)
        return request

    def answer(self, reader):
        request = self.read_request(reader)
        response = self.handler(request)
        if response is None:
            return False
        reader.sock.sendall(response if isinstance(response, bytes) else response.encode(request.method == "HEAD"))
        return request.headers.get("connection", "").lower() != "close"

    def close(self):
        self.stopping.set()
        self.listener.close()
        with self.lock:
            left = list(self.open)
        for sock in left:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# ---- the program under test ----


class Finished:
    """A command that has ended."""

    def __init__(self, code, out, err, seconds):
        self.code, self.seconds = code, seconds
        self.out = out.decode("utf-8", "replace")
        self.err = err.decode("utf-8", "replace")

    @property
    def output(self):
        return self.out + self.err

    def __repr__(self):
        return "exit code %d\n--- out\n%s--- err\n%s" % (self.code, self.out, self.err)


class Running:
    """A command that runs, and all it has printed so far."""

    def __init__(self, process):
        self.process = process
        self.printed = {"out": "", "err": ""}
        self.changed = threading.Condition()
        self.threads = [
            threading.Thread(target=self.collect, args=(name, stream), daemon=True)
            for name, stream in (("out", process.stdout), ("err", process.stderr))
        ]
        for thread in self.threads:
            thread.start()

    def collect(self, name, stream):
        for line in stream:
            with self.changed:
                self.printed[name] += line.decode("utf-8", "replace")
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    @property
    def out(self):
        return self.printed["out"]

    @property
    def err(self):
        return self.printed["err"]

    def wait_for(self, pattern, where="err", seconds=WAIT_SECONDS):
        """The first match of `pattern` in what was printed there, waiting for it."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while True:
                found = re.search(pattern, self.printed[where], re.MULTILINE)
                if found:
                    return found
                ended = self.process.poll() is not None and not any(t.is_alive() for t in self.threads)
                left = deadline - time.monotonic()
                if ended or left <= 0:
                    raise Failure(
                        "%s without %r\n--- out\n%s--- err\n%s"
                        % ("ended" if ended else "still running", pattern, self.out, self.err)
                    )
                self.changed.wait(min(left, 0.1))

    def stop(self, how=signal.SIGTERM):
        """Ends it and gives the exit code, negative for a signal."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            code = self.process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            kill_group(self.process)
            raise Failure("did not end within %g s after %s\n%s" % (WAIT_SECONDS, how, self.err)) from None
        for thread in self.threads:
            thread.join(WAIT_SECONDS)
        return code


class Edge(Running):
    """`backlot serve` that listens."""

    def __init__(self, process):
        super().__init__(process)
        found = self.wait_for(r"listening on (https?)://(\[[0-9a-f:]+\]|[0-9.]+):(\d+)", seconds=START_SECONDS)
        self.scheme, self.address, self.port = found.group(1), found.group(2).strip("[]"), int(found.group(3))
        self.url = "%s://%s:%d" % (self.scheme, found.group(2), self.port)

    def connect(self):
        return Connection(self.address, self.port, insecure_tls() if self.scheme == "https" else None)

    def request(self, method, target, headers=(), body=None):
        with self.connect() as connection:
            headers = list(headers.items() if isinstance(headers, dict) else headers)
            if "connection" not in [name.lower() for name, _ in headers]:
                headers.append(("Connection", "close"))
            return connection.request(method, target, headers, body)

    def get(self, target, headers=()):
        return self.request("GET", target, headers)

    def post(self, target, body, headers=()):
        return self.request("POST", target, headers, body)

    def raw(self, data, method="GET"):
        """Sends the bytes as they are and reads one response."""
        with self.connect() as connection:
            connection.send(data)
            return connection.read(method)

    def memory_kb(self):
        """What the process holds in memory now."""
        with open("/proc/%d/status" % self.process.pid, encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def insecure_tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def kill_group(process):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


# ---- a test's sandbox ----


class Sandbox:
    def __init__(self, name):
        self.name = name
        self.dir = tempfile.mkdtemp(prefix="backlot-e2e-")
        self.work = os.path.join(self.dir, "work")
        self.home = os.path.join(self.dir, "home")
        os.mkdir(self.work)
        os.mkdir(self.home)
        self.cache = settings.cache
        self.program = settings.backlot
        self.started = []
        self.origins = []
        self.notes = []  # printed when the test fails

    # -- files --

    def path(self, name):
        return os.path.join(self.work, name)

    def write(self, name, content, mode=None):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content.encode() if isinstance(content, str) else content)
        if mode is not None:
            os.chmod(path, mode)
        return path

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def guest(self, name):
        """The path of a test guest that tools/build-guests has made; the test is skipped when it is not there."""
        path = os.path.join(settings.guests, name + ".wasm")
        if not os.path.exists(path):
            self.skip("there is no guest %s: tools/build-guests %s" % (path, name))
        return path

    def copy(self, source, name):
        """A file or folder of the repository, copied into the test's folder."""
        here = os.path.join(ROOT, source)
        if os.path.isdir(here):
            shutil.copytree(here, self.path(name), ignore=shutil.ignore_patterns("node_modules", "target"))
        else:
            shutil.copy(here, self.path(name))
        return self.path(name)

    # -- conditions --

    def skip(self, why, optional=False):
        """`optional`: it is no failure either where all guests are required, because it is tested elsewhere."""
        raise (OptionalSkip if optional else Skip)(why)

    def fresh_cache(self):
        """From here on, programs find no compiled code but what they compile themselves."""
        self.cache = os.path.join(self.dir, "cache")
        return os.path.join(self.cache, "backlot")

    def eventually(self, condition, what="the condition"):
        """Waits until condition() is true, and returns what it gave."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise Failure("%s did not become true within %g s" % (what, WAIT_SECONDS))
            time.sleep(0.005)

    # -- programs --

    def environment(self, extra):
        env = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS") or name == "PATH"}
        env.update(HOME=self.home, XDG_CACHE_HOME=self.cache or os.path.join(self.dir, "cache"), LC_ALL="C.UTF-8",
                   TMPDIR=self.dir, NO_COLOR="1")
        env.update(extra or {})
        return {name: value for name, value in env.items() if value is not None}

    def start(self, *args, env=None, stdin=None, cwd=None):
        process = subprocess.Popen(
            [self.program, *[str(arg) for arg in args]], cwd=cwd or self.work, env=self.environment(env),
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True)
        self.started.append(process)
        return process

    def run(self, *args, env=None, stdin=None, cwd=None, code=None, seconds=120):
        """Runs `backlot ARGS` to its end. With `code`, another exit code is a failure."""
        begun = time.monotonic()
        process = self.start(*args, env=env, stdin=stdin, cwd=cwd)
        try:
            out, err = process.communicate(stdin.encode() if isinstance(stdin, str) else stdin, seconds)
        except subprocess.TimeoutExpired:
            kill_group(process)
            out, err = process.communicate()
            raise Failure("backlot %s did not end within %g s\n%s%s"
                          % (" ".join(map(str, args)), seconds, out.decode("utf-8", "replace"),
                             err.decode("utf-8", "replace"))) from None
        done = Finished(process.returncode, out, err, time.monotonic() - begun)
        self.notes.append("backlot %s: %r" % (" ".join(map(str, args)), done))
        check_sanitizers(done.err)
        if code is not None and done.code != code:
            raise Failure("backlot %s\nexpected exit code %d, was %r" % (" ".join(map(str, args)), code, done))
        return done

    @contextlib.contextmanager
    def background(self, *args, env=None, cwd=None):
        """Runs `backlot ARGS` beside the test, until the block ends."""
        with self.beside(Running, *args, env=env, cwd=cwd) as running:
            yield running

    @contextlib.contextmanager
    def serve(self, *args, env=None, cwd=None):
        """`backlot serve ARGS` on a free port; the block runs once it listens."""
        with self.beside(Edge, "serve", *args, "--addr", "127.0.0.1:0", env=env, cwd=cwd) as edge:
            yield edge

    @contextlib.contextmanager
    def beside(self, kind, *args, env, cwd):
        process = self.start(*args, env=env, cwd=cwd)
        running = None
        try:
            running = kind(process)
            yield running
            code = running.stop()
            # Whoever is told to end may say so by its exit code or by the signal; a crash is neither.
            if code not in (0, -signal.SIGTERM, 128 + signal.SIGTERM):
                raise Failure("backlot %s ended with %d\n%s" % (" ".join(map(str, args)), code, running.err))
            check_sanitizers(running.err)
        finally:
            kill_group(process)
            if running:
                self.notes.append("backlot %s printed\n--- out\n%s--- err\n%s"
                                  % (" ".join(map(str, args)), running.out, running.err))

    def origin(self, handler, raw=False, tls=None):
        origin = Origin(handler, raw, tls)
        self.origins.append(origin)
        return origin

    # -- the end --

    def close(self):
        for origin in self.origins:
            origin.close()
        for process in self.started:
            kill_group(process)
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    with contextlib.suppress(OSError, ValueError):
                        stream.close()
        for folder, _, _ in os.walk(self.dir):
            with contextlib.suppress(OSError):
                os.chmod(folder, 0o700)  # a test may have made one that nobody can write to
        shutil.rmtree(self.dir, ignore_errors=True)


def check_sanitizers(err):
    """What a sanitizer has found fails the test, whatever the program made of it."""
    if re.search(r"ERROR: (Address|Leak)Sanitizer|runtime error: ", err):
        raise Failure("a sanitizer reports\n" + err)


ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
