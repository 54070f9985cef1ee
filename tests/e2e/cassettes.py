"""What the tests of cassettes share: an origin that is real, and runs with it and without."""

import json

from harness import Response

MANIFEST = """[local_server.backends.origin]
url = "%s"
"""


def answer(request):
    if "binary" in request.target:
        return Response(body=bytes(range(256)))
    return Response(headers={"Content-Type": "text/plain", "Set-Cookie": "id=s3cret"}, body=b"asked for " + request.path.encode())


def run(t, net, *args, guest="rust-abi", **options):
    return t.run("test", "--service", t.guest(guest), "--net", net, *args, **options)


def run_with_origin(t, net, file, text, handler, *args, **options):
    """Runs the file of this text while the origin is there: that, and what was printed."""
    t.write(file, text)
    with t.origin(handler) as origin:
        t.write("fastly.toml", MANIFEST % origin.url)
        return origin, run(t, net, *args, **options)


def entries_of(t, file):
    return json.loads(t.read(file + ".har"))["log"]["entries"]
