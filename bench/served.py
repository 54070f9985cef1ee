"""`serve` under load: HTTP/1 and HTTP/2, requests that are passed through to an origin, and what connections and
invocations hold of memory. Each row is the same for Viceroy, in turns."""

import contextlib
import os
import shutil
import socket
import subprocess
import time

from peers import free_port, manifest, of, running, running_origin, serve_command, wait_for

CONNECTIONS = (1, 16, 64, 512)
STREAMS = 8  # at once on each connection of HTTP/2
IDLE_CONNECTIONS, HELD_REQUESTS = 500, 50


class Hosts:
    """Backlot and, when there is one, Viceroy: each serves the same guest, until the end of a `with`."""

    def __init__(self, bench, guest, config=None, warm=True):
        self.bench, self.warm, self.ports, self.processes = bench, warm, {}, {}
        self.stack = contextlib.ExitStack()
        self.command = {"backlot": [bench.backlot, "--http-cache=off"]}
        if bench.viceroy:
            self.command["viceroy"] = [bench.viceroy]
        for name, (program, *more) in self.command.items():
            port = self.ports[name] = free_port()
            command = serve_command(bench, program, guest, port, config, more)
            self.processes[name] = self.stack.enter_context(running(command, bench.folder, bench.environment()))

    def __enter__(self):
        self.stack.__enter__()
        for port in self.ports.values():
            wait_for(port)
            if self.warm:
                self.bench.measure("load", port, "/", 2, "requests", 100)
        return self

    def __exit__(self, *why):
        return self.stack.__exit__(*why)

    def rounds(self, measure):
        """measure(port) of each host in turns: a list for each, with none for one that is not there."""
        results = {"backlot": [], "viceroy": []}
        for _ in range(self.bench.rounds):
            for name, port in self.ports.items():
                results[name].append(measure(port))
        return results["backlot"], results["viceroy"]

    def memory(self, key):
        return [memory_mib(self.processes[name].pid, key) if name in self.processes else ()
                for name in ("backlot", "viceroy")]


def memory_mib(pid, key):
    """VmRSS: at the moment; VmHWM: the most there was."""
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return next(int(line.split()[1]) / 1024 for line in f if line.startswith(key + ":"))


def times(bench, section, text, ours, theirs, goal=None):
    bench.row(section, text, of(ours, "per_second"), of(theirs, "per_second"), "/s", times=goal, more_is_better=True)
    for key in ("p50", "p99"):
        bench.row(section, text + ", " + key, of(ours, key), of(theirs, key), "µs")


def plural(connections):
    return "%d connection%s" % (connections, "s" if connections > 1 else "")


def measure_load(bench):
    measure_http1(bench)
    measure_http2(bench)
    measure_pass_through(bench)
    measure_memory(bench)


def measure_http1(bench):
    print("served requests a second", flush=True)
    for guest in ("rust-hello", "js-hello"):
        with Hosts(bench, guest) as hosts:
            for connections in CONNECTIONS:
                times(bench, "Served, connections kept alive", "%s, %s" % (guest, plural(connections)),
                      *hosts.rounds(lambda port: bench.measure("load", port, "/", connections, "seconds", 1)), goal=5)
            bench.row("Peak memory after the load", guest, *hosts.memory("VmHWM"), "MiB")


# ---- HTTP/2 ----


def h2load(bench, port, connections):
    log = os.path.join(bench.folder, "h2load.log")
    with contextlib.suppress(FileNotFoundError):
        os.remove(log)
    command = [shutil.which("h2load"), "-c", str(connections), "-m", str(STREAMS), "-t", "1", "-D", "1",
               "--warm-up-time", "100ms", "--log-file", log, "http://127.0.0.1:%d/" % port]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    took, failed = [], 0
    with open(log, encoding="ascii") as f:
        for line in f:
            start, status, us = map(int, line.split())
            if status == 200:
                took.append((start + us, us))
            else:
                failed += 1
    if failed * 100 > len(took):  # Viceroy resets one stream now and then when it has just started
        raise SystemExit("h2load: %d of %d requests failed" % (failed, failed + len(took)))
    seconds = (max(took)[0] - min(took)[0]) / 1e6
    us = sorted(t for _, t in took)
    return {"per_second": len(us) / seconds, "p50": us[len(us) // 2], "p99": us[len(us) * 99 // 100]}


def measure_http2(bench):
    section = "Served over HTTP/2, %d requests at a time on each connection" % STREAMS
    if not shutil.which("h2load"):
        bench.note(section, "rust-hello", "needs h2load (Debian: nghttp2-client)")
        return
    with Hosts(bench, "rust-hello") as hosts:
        for connections in (1, 16):
            times(bench, section, "rust-hello, " + plural(connections),
                  *hosts.rounds(lambda port: h2load(bench, port, connections)), goal=5)


# ---- through to an origin ----


def running_tls_origin(bench, stack):
    """An origin with TLS that offers HTTP/2 and HTTP/1: a server of ours. Its port, and its certificate."""
    port = free_port()
    certificate, key = os.path.join(bench.folder, "origin.pem"), os.path.join(bench.folder, "origin.key")
    subprocess.run(["openssl", "req", "-x509", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext",
                    "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", certificate],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    stack.enter_context(running(serve_command(bench, bench.backlot, "rust-noop", port,
                                              more=("--tls-cert", certificate, "--tls-key", key)),
                                bench.folder, bench.environment()))
    wait_for(port)
    with open(certificate, encoding="ascii") as f:
        return port, f.read()


def measure_pass_through(bench):
    """Viceroy asks origins over HTTP/1 unless they are said to be gRPC's."""
    section, guest = "Passed through to an origin on this machine", "rust-proxy-log"
    with contextlib.ExitStack() as stack:
        clear = bench.write("through/clear.toml", manifest(running_origin(bench, stack)))
        port, certificate = running_tls_origin(bench, stack)
        secure = bench.write("through/secure.toml", manifest(port, "https://localhost:%d",
                                                             "ca_certificate = '''%s'''" % certificate))
        for config, how in ((clear, "over HTTP/1"), (secure, "over TLS, HTTP/2 offered")):
            with Hosts(bench, guest, config) as hosts:
                for connections in (1, 16):
                    times(bench, section, "%s, %s" % (how, plural(connections)),
                          *hosts.rounds(lambda port: bench.measure("load", port, "/", connections, "seconds", 1)), goal=5)


# ---- memory ----


class Silence:
    """An origin that takes requests and answers none."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.taken = []

    def take(self, many):
        """So many requests; their connections."""
        self.listener.settimeout(30)
        return [self.listener.accept()[0] for _ in range(many)]

    def close(self):
        self.listener.close()


def open_and_ask(port, path, many, answered):
    request = b"GET %s HTTP/1.1\r\nHost: bench.example\r\n\r\n" % path.encode()
    sockets = [socket.create_connection(("127.0.0.1", port), 30) for _ in range(many)]
    for s in sockets:
        s.sendall(request)
        if answered and not s.recv(65536).startswith(b"HTTP/1.1 200"):
            raise SystemExit("port %d: no answer" % port)
    return sockets


def held(hosts, many, occupy):
    """KiB that each of so many things holds while it is there: occupy(port) makes them, and gives what to close."""
    figures = []
    for name in ("backlot", "viceroy"):
        if name not in hosts.processes:
            figures.append(())
            continue
        pid = hosts.processes[name].pid
        before = memory_mib(pid, "VmRSS")
        with contextlib.ExitStack() as stack:
            for thing in occupy(hosts.ports[name]):
                stack.callback(thing.close)
            time.sleep(0.3)  # what is under way settles
            figures.append(max(memory_mib(pid, "VmRSS") - before, 0) * 1024 / many)
    return figures


def measure_memory(bench):
    section = "Memory that is held, of the server"
    with Hosts(bench, "rust-hello") as hosts:
        bench.row(section, "an idle connection", *held(hosts, IDLE_CONNECTIONS, lambda port: open_and_ask(
            port, "/", IDLE_CONNECTIONS, True)), "KiB")
    for guest, path in (("rust-proxy-log", "/"), ("js-abi", "/proxy-log")):
        origin = Silence()
        config = bench.write("memory/fastly.toml", manifest(origin.port))

        def occupy(port, many=HELD_REQUESTS, path=path, origin=origin):
            return open_and_ask(port, path, many, False) + origin.take(many)

        with contextlib.closing(origin), Hosts(bench, guest, config, warm=False) as hosts:
            for port in hosts.ports.values():
                for thing in occupy(port, 2):
                    thing.close()
            bench.row(section, "an invocation that waits for its origin, " + guest, *held(hosts, HELD_REQUESTS, occupy),
                      "KiB")
