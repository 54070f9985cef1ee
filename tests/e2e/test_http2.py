"""`serve` and clients of HTTP/2 that others have written; in the clear, and over TLS."""

import json
import os
import re
import shutil

from clients import Authority, debian, fetched, run
from harness import Response, assert_between, assert_equal, assert_in, assert_matches, test

MANIFEST = """
[local_server.backends.origin]
url = "%s"
%s
"""


def mirror(t, *args, **more):
    return t.serve(t.guest("rust-mirror"), *args, **more)


def curl(t, edge, *args, path="/"):
    out = run(t, debian(t, "curl", "curl"), "-sS", "-k", "-w", "\n%{http_version} %{http_code}", *args,
              edge.url + path)
    body, _, result = out.rpartition("\n")
    return body, result


@test
def curl_speaks_http2_by_prior_knowledge(t):
    with mirror(t) as edge:
        body, result = curl(t, edge, "--http2-prior-knowledge", "-H", "X-One: 1", "-d", "hello")
        assert_equal(result, "2 200")
        assert_in('"version":"HTTP/2"', body)
        assert_in('"bodyBytes":5', body)
        assert_in('"x-one"', body)
        assert_in('"url":"http://127.0.0.1:%d/"' % edge.port, body)


@test
def what_goes_out_over_http2_is_in_the_log(t):
    with t.serve(t.guest("rust-abi"), "--log-format=json", "--access-log=a.log") as edge:
        body, result = curl(t, edge, "--http2-prior-knowledge", path="/stream?lines=5000")
        assert_equal(result, "2 200")
        t.eventually(lambda: "\n" in t.read("a.log"))
        assert_equal(json.loads(t.read("a.log"))["bytes"], len(body.encode()))


@test
def curl_that_offers_an_upgrade_is_answered_over_http1(t):
    with mirror(t) as edge:
        assert_equal(curl(t, edge, "--http2")[1], "1.1 200")


@test
def curl_chooses_by_alpn(t):
    with mirror(t, "--tls") as edge:
        assert_equal(curl(t, edge, "--http2")[1], "2 200")
        assert_equal(curl(t, edge, "--http1.1")[1], "1.1 200")
        body, _ = curl(t, edge, "--http2")
        assert_in('"url":"https://127.0.0.1:%d/"' % edge.port, body)


@test
def a_big_body_goes_through_both_ways(t):
    big = b"0123456789abcdef" * 65536 * 2

    def echo(request):
        return Response(200, body=request.body)

    with t.origin(echo) as origin:
        t.write("fastly.toml", MANIFEST % (origin.url, ""))
        t.write("big", big)
        with mirror(t, "-C", "fastly.toml") as edge:
            run(t, debian(t, "curl", "curl"), "-sS", "--http2-prior-knowledge", "-T", "big", "-o", "got",
                edge.url + "/proxy/big")
            with open(t.path("got"), "rb") as f:
                assert_equal(f.read() == big, True)
            # What is not read waits at the client and at the origin, not here.
            assert_between(0, edge.memory_kb(), 400 * 1024)


@test
def nghttp_and_its_priorities(t):
    nghttp = debian(t, "nghttp", "nghttp2-client")
    with mirror(t) as edge:
        out = run(t, nghttp, "-v", edge.url + "/a", edge.url + "/b")
        assert_equal(len(re.findall(r":status: 200", out)), 2)
        # nghttp's own tree of priorities is part of what is known of it.
        assert_matches(r'"h2Fingerprint":"3:100;4:65535\|00\|3:0:0:201,5:0:0:101,[^"]*\|m,p,s,a"', out)


@test
def h2load_with_many_streams_at_once(t):
    h2load = debian(t, "h2load", "nghttp2-client")
    with mirror(t) as edge:
        out = run(t, h2load, "-n", "2000", "-c", "8", "-m", "50", edge.url + "/")
        assert_in("2000 succeeded, 0 failed, 0 errored", out)


@test
def h2load_over_tls(t):
    h2load = debian(t, "h2load", "nghttp2-client")
    with mirror(t, "--tls") as edge:
        out = run(t, h2load, "-n", "500", "-c", "4", "-m", "10", edge.url + "/")
        assert_in("500 succeeded, 0 failed, 0 errored", out)
        assert_in("Application protocol: h2", out)


# Of h2spec's 145 cases, those that are answered in another way: docs/reference/http.md says why.
KNOWN = [
    "http2/3.5|Sends invalid connection preface",
    "http2/5.1.1|Sends stream identifier that is numerically smaller than previous",
]


@test(alone=True)
def h2spec_finds_no_more_than_is_known(t):
    h2spec = fetched(t, "h2spec")
    with mirror(t) as edge:
        out = run(t, h2spec, "-h", "127.0.0.1", "-p", str(edge.port), "-o", "3", "-j", "report.xml", code=None,
                  seconds=300)
        report = t.read("report.xml")
        failed = set()
        for suite in re.findall(r"<testsuite .*?</testsuite>", report, re.DOTALL):
            for case in re.findall(r"<testcase .*?</testcase>|<testcase [^>]*/>", suite, re.DOTALL):
                if "<failure" in case or "<error" in case:
                    failed.add(re.search(r'package="([^"]*)"', case).group(1) + "|"
                               + re.search(r'classname="([^"]*)"', case).group(1))
        assert_matches(r"\d+ tests, \d+ passed, \d+ skipped, \d+ failed", out)
        assert_equal(sorted(failed), KNOWN)


@test
def a_browser_reads_a_page(t):
    chromium = debian(t, "chromium", "chromium")
    with mirror(t, "--tls") as edge:
        out = run(t, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--ignore-certificate-errors",
                  "--user-data-dir=" + t.path("profile"), "--virtual-time-budget=5000", "--dump-dom", edge.url + "/",
                  seconds=120)
        assert_in('"version":"HTTP/2"', out.replace("&quot;", '"'))
        assert_matches(r'"h2Fingerprint":"1:65536;2:0;4:6291456;6:262144\|15663105\|0\|m,a,s,p"', out)
        assert_matches(r'"ja4":"t13i\d{4}h2_[0-9a-f]{12}_[0-9a-f]{12}"', out)


@test
def requests_under_way_are_answered_when_the_server_stops(t):
    import threading

    began, go_on = threading.Event(), threading.Event()

    def slow(request):
        if not request.path.endswith("/slow"):
            return Response(200)
        began.set()
        go_on.wait(20)
        return Response(200, body=b"late")

    with t.origin(slow) as origin:
        t.write("fastly.toml", MANIFEST % (origin.url, ""))
        with mirror(t, "-C", "fastly.toml") as edge:
            got = {}

            def ask():
                got["result"] = curl(t, edge, "--http2-prior-knowledge", path="/proxy/slow")

            thread = threading.Thread(target=ask)
            thread.start()
            began.wait(20)
            edge.process.terminate()
            go_on.set()
            thread.join(30)
            assert_equal(got["result"], ("late", "2 200"))


# ---- origins ----


@test
def an_origin_with_tls_is_asked_over_http2(t):
    authority = Authority(t)
    certificate, key = authority.issue("origin")
    with mirror(t, "--tls-cert", certificate, "--tls-key", key) as origin:
        with open(authority.pem, encoding="ascii") as f:
            trusted = "ca_certificate.value = '''%s'''\ncert_host = 'localhost'" % f.read()
        t.write("fastly.toml", MANIFEST % (origin.url + "/seen", trusted))
        with mirror(t, "-C", "fastly.toml") as edge:
            seen = edge.get("/proxy/x").json()
            assert_equal(seen["version"], "HTTP/2")
            assert_equal(seen["method"], "GET")


@test
def an_origin_with_tls_and_http1_alone_is_asked_over_http1(t):
    import ssl

    authority = Authority(t)
    certificate, key = authority.issue("origin")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with t.origin(lambda request: Response(200, body=request.version.encode()), tls=context) as origin:
        with open(authority.pem, encoding="ascii") as f:
            trusted = "ca_certificate.value = '''%s'''" % f.read()
        t.write("fastly.toml", MANIFEST % (origin.url, trusted))
        with mirror(t, "-C", "fastly.toml") as edge:
            assert_equal(edge.get("/proxy/x").text, "HTTP/1.1")


@test
def authorities_may_come_from_the_environment(t):
    ours, strangers = Authority(t, "ours"), Authority(t, "strangers")
    certificate, key = ours.issue("origin")
    folder = t.path("authorities")
    os.mkdir(folder)
    digest = run(t, debian(t, "openssl", "openssl"), "x509", "-hash", "-noout", "-in", ours.pem).strip()
    shutil.copy(ours.pem, os.path.join(folder, digest + ".0"))
    with mirror(t, "--tls-cert", certificate, "--tls-key", key) as origin:
        t.write("fastly.toml", MANIFEST % (origin.url + "/seen", "cert_host = 'localhost'"))
        for env, code in (({}, 500), ({"SSL_CERT_FILE": ours.pem}, 200), ({"SSL_CERT_FILE": strangers.pem}, 500),
                          ({"SSL_CERT_DIR": folder}, 200), ({"SSL_CERT_FILE": strangers.pem, "SSL_CERT_DIR": folder}, 200)):
            with mirror(t, "-C", "fastly.toml", env=env) as edge:
                assert_equal((env, edge.get("/proxy/x").status), (env, code))
        t.write("a.fiddle", "GET /proxy/x\n  clientFetch.status is 200\n")
        for file, code in ((ours.pem, 0), (strangers.pem, 1)):
            t.run("test", "-C", "fastly.toml", "--service", t.guest("rust-mirror"), "--net", "real", "a.fiddle",
                  env={"SSL_CERT_FILE": file}, code=code)
