"""The harness itself: an origin and a client that did not do what they say would let other tests pass."""

from harness import Closed, Connection, Failure, Response, assert_equal, assert_in, test


def refuses(function, *args):
    try:
        function(*args)
    except (Failure, ValueError, Closed) as error:
        return str(error)
    raise Failure("%s%r did not fail" % (function.__name__, args))


@test
def an_origin_answers_and_remembers_what_it_was_asked(t):
    with t.origin(lambda request: Response(201, [("X-Echo", request.headers["x-ask"])], request.body)) as origin:
        with Connection("127.0.0.1", origin.port) as connection:
            first = connection.request("POST", "/a?b=c", {"X-Ask": "One"}, "body")
            second = connection.request("PUT", "/d", {"X-Ask": "Two"}, b"")
        assert_equal((first.status, first.headers["x-echo"], first.text), (201, "One", "body"))
        assert_equal((second.status, second.headers.get("X-ECHO")), (201, "Two"))
        assert_equal([(r.method, r.target, r.path) for r in origin.requests], [("POST", "/a?b=c", "/a"), ("PUT", "/d", "/d")])
        assert_equal(origin.connections, 1)


@test
def chunks_and_trailers_come_as_they_were_sent(t):
    answer = Response(200, chunks=[b"one", b"two"], trailers=[("X-Sum", "3")])
    with t.origin(lambda request: answer) as origin, Connection("127.0.0.1", origin.port) as connection:
        response = connection.request("GET", "/")
        assert_equal(response.chunks, [b"one", b"two"])
        assert_equal(response.trailers["x-sum"], "3")


@test
def responses_without_a_body_are_not_waited_for(t):
    with t.origin(lambda request: Response(204 if request.method == "GET" else 200, body=b"x" * 10)) as origin:
        with Connection("127.0.0.1", origin.port) as connection:
            assert_equal(connection.request("HEAD", "/").headers["content-length"], "10")
            assert_equal(connection.request("HEAD", "/").body, b"")


@test
def interim_responses_are_kept_apart(t):
    bytes_sent = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with t.origin(lambda request: bytes_sent) as origin, Connection("127.0.0.1", origin.port) as connection:
        response = connection.request("GET", "/")
        assert_equal([r.status for r in response.informational], [103])
        assert_equal(response.status, 200)


@test
def a_message_that_is_malformed_or_cut_off_is_refused(t):
    cases = [
        b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nBad Header : x\r\n\r\n",
        b"HTTP/9 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
    ]
    with t.origin(lambda request: cases.pop(0)) as origin:
        while cases:
            with Connection("127.0.0.1", origin.port) as connection:
                connection.sock.settimeout(0.2) if len(cases) == 2 else None
                try:
                    refuses(connection.request, "GET", "/")
                except TimeoutError:
                    pass  # the one that is cut off and stays open


@test
def a_raw_origin_does_what_it_likes(t):
    def slam(connection):
        connection.line()
        connection.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")

    with t.origin(slam, raw=True) as origin, Connection("127.0.0.1", origin.port) as connection:
        assert_in("closed after", refuses(connection.request, "GET", "/"))


@test
def two_headers_of_one_name_are_not_taken_for_one(t):
    answer = Response(200, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    with t.origin(lambda request: answer) as origin, Connection("127.0.0.1", origin.port) as connection:
        response = connection.request("GET", "/")
        assert_equal(response.headers.all("set-cookie"), ["a=1", "b=2"])
        assert_in("2 headers", refuses(response.headers.get, "Set-Cookie"))


@test
def a_sandbox_is_an_empty_folder_of_its_own(t):
    path = t.write("deep/er/file.txt", "text")
    assert_equal(t.read("deep/er/file.txt"), "text")
    assert_in(t.work, path)
