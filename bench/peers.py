"""Programs that run while something is measured, and what the sections of run.py and served.py have in common."""

import contextlib
import os
import signal
import socket
import subprocess
import time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def manifest(origin_port, url="http://127.0.0.1:%d", more=""):
    return ('manifest_version = 3\nname = "bench"\nlanguage = "other"\n\n[local_server.backends.origin]\n'
            'url = "%s"\n%s\n' % (url % origin_port, more))


def serve_command(bench, program, guest, port, config=None, more=()):
    if config:
        more = ["-C", config, *more]
    return [program, "serve", bench.guest(guest), "--addr", "127.0.0.1:%d" % port, *more]


def of(measures, key):
    return [m[key] for m in measures]


@contextlib.contextmanager
def running(command, folder, env):
    process = subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def wait_for(port, seconds=120):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.01)
    raise SystemExit("nobody listens on port %d" % port)


def running_origin(bench, stack):
    """Something that answers everything, over HTTP/1; its port."""
    port = free_port()
    stack.enter_context(running([os.path.join(bench.programs, "bench-origin"), str(port)], bench.folder,
                                bench.environment()))
    wait_for(port)
    return port
