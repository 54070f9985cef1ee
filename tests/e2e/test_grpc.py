"""gRPC calls of all four kinds, by Google's own client and server, through a guest that sends them on."""

from concurrent import futures
import contextlib
import threading
import time

from clients import Authority, grpc as load_grpc
from harness import WAIT_SECONDS, Failure, assert_equal, test

MANIFEST = """
[local_server.backends.grpc]
url = "http://127.0.0.1:%d"
grpc = true
"""


def plain(message):
    return message


@contextlib.contextmanager
def origin(grpc):
    """A service whose messages are bytes as they are."""

    def unary(request, context):
        if request == b"fail":
            context.set_trailing_metadata((("x-why", "because"),))
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "no such luck")
        context.set_trailing_metadata((("x-sum", str(len(request))),))
        return b"got " + request

    def counts(request, context):
        for i in range(int(request)):
            yield b"%d" % i

    def gathers(requests, context):
        return b"+".join(requests)

    def talks(requests, context):
        for request in requests:
            yield request.upper()

    def stops(requests, context):
        yield b"heard " + next(requests)
        # The status goes out in a piece of its own: docs/roadmap.md has what libcurl before 8.0 does else.
        time.sleep(0.05)
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "enough")

    kinds = {
        "Unary": grpc.unary_unary_rpc_method_handler(unary, plain, plain),
        "Counts": grpc.unary_stream_rpc_method_handler(counts, plain, plain),
        "Gathers": grpc.stream_unary_rpc_method_handler(gathers, plain, plain),
        "Stops": grpc.stream_stream_rpc_method_handler(stops, plain, plain),
        "Talks": grpc.stream_stream_rpc_method_handler(talks, plain, plain),
    }
    server = grpc.server(futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", kinds),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None)


@contextlib.contextmanager
def channel(t, tls=False):
    grpc = load_grpc(t)
    with origin(grpc) as port:
        t.write("fastly.toml", MANIFEST % port)
        args = ["-C", "fastly.toml"]
        if tls:
            authority = Authority(t)
            certificate, key = authority.issue("server")
            args += ["--tls-cert", certificate, "--tls-key", key]
        with t.serve(t.guest("rust-mirror"), *args) as edge:
            if tls:
                with open(authority.pem, "rb") as f:
                    made = grpc.secure_channel("localhost:%d" % edge.port, grpc.ssl_channel_credentials(f.read()))
            else:
                made = grpc.insecure_channel("127.0.0.1:%d" % edge.port)
            with made:
                yield grpc, made


def call(made, kind, name):
    return getattr(made, kind)("/test.Echo/" + name, plain, plain)


def try_all(grpc, made):
    response, state = call(made, "unary_unary", "Unary").with_call(b"hello", timeout=WAIT_SECONDS)
    assert_equal(response, b"got hello")
    assert_equal(("x-sum", "5") in [tuple(m) for m in state.trailing_metadata()], True)
    counted = list(call(made, "unary_stream", "Counts")(b"100", timeout=WAIT_SECONDS))
    assert_equal(counted, [b"%d" % i for i in range(100)])
    assert_equal(call(made, "stream_unary", "Gathers")(iter([b"a", b"b", b"c"]), timeout=WAIT_SECONDS), b"a+b+c")


@test
def calls_of_each_kind_go_through(t):
    with channel(t) as (grpc, made):
        try_all(grpc, made)


@test
def calls_go_through_over_tls(t):
    with channel(t, tls=True) as (grpc, made):
        try_all(grpc, made)


def expect_failure(grpc, made):
    try:
        call(made, "unary_unary", "Unary")(b"fail", timeout=WAIT_SECONDS)
    except grpc.RpcError as e:
        assert_equal(e.code(), grpc.StatusCode.FAILED_PRECONDITION)
        assert_equal(e.details(), "no such luck")
        assert_equal(("x-why", "because") in [tuple(m) for m in e.trailing_metadata()], True)
        return
    raise Failure("it did not fail")


@test
def a_status_and_its_trailers_reach_the_client(t):
    with channel(t) as (grpc, made):
        for _ in range(50):  # the head is all there is of it, and comes at any time
            expect_failure(grpc, made)


@test
def two_parties_talk_while_both_streams_are_open(t):
    with channel(t) as (_, made):
        may_send = threading.Semaphore(1)

        def requests():
            for word in (b"one", b"two", b"three"):
                may_send.acquire()
                yield word

        heard = []
        for answer in call(made, "stream_stream", "Talks")(requests(), timeout=WAIT_SECONDS):
            heard.append(answer)
            may_send.release()  # only now does the next word go out
        assert_equal(heard, [b"ONE", b"TWO", b"THREE"])


@test
def a_status_reaches_a_client_that_has_not_ended_its_request(t):
    with channel(t) as (grpc, made):
        over = threading.Event()

        def requests():
            yield b"one"
            over.wait(2 * WAIT_SECONDS)

        heard = []
        try:
            for answer in call(made, "stream_stream", "Stops")(requests(), timeout=WAIT_SECONDS):
                heard.append(answer)
        except grpc.RpcError as e:
            assert_equal((e.code(), e.details()), (grpc.StatusCode.RESOURCE_EXHAUSTED, "enough"))
        over.set()
        assert_equal(heard, [b"heard one"])
