"""`serve` over TLS: certificates, clients' certificates, sessions, and what of the handshake reaches the guest."""

import contextlib
import hashlib
import json
import os
import re
import socket
import ssl
import subprocess

from clients import Authority, debian, run
from harness import Connection, assert_equal, assert_in, assert_matches, assert_not_in, test


def mirror(t, *args, **more):
    return t.serve(t.guest("rust-mirror"), *args, **more)


def context(ca=None, **options):
    made = ssl.create_default_context(cafile=ca) if ca else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not ca:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    for name, value in options.items():
        setattr(made, name, value)
    return made


def ask(edge, tls):
    """What the guest was told, and the socket."""
    with Connection("localhost" if edge.address == "127.0.0.1" else edge.address, edge.port, tls) as connection:
        return connection.request("GET", "/").json(), connection.sock.cipher()


# ---- certificates ----


@test
def a_certificate_of_its_own_is_made_once_and_can_be_trusted(t):
    t.fresh_cache()
    with mirror(t, "--tls") as edge:
        path = edge.wait_for(r"curl --cacert (\S+),").group(1)
        told, _ = ask(edge, context(path))
        assert_equal(told["tls"]["serverName"], "localhost")
        assert_equal(told["url"], "https://localhost:%d/" % edge.port)
        with open(path, encoding="ascii") as f:
            first = f.read()
    with mirror(t, "--tls") as edge:
        edge.wait_for(r"curl --cacert")
        with open(path, encoding="ascii") as f:
            assert_equal(f.read(), first)
        ask(edge, context(path))
    assert_equal(os.stat(os.path.join(os.path.dirname(path), "localhost.pem")).st_mode & 0o777, 0o600)


@test
def without_a_cache_it_is_made_for_the_run(t):
    with mirror(t, "--tls", env={"XDG_CACHE_HOME": None, "HOME": None}) as edge:
        edge.wait_for("made for this run alone")
        ask(edge, context())


@test
def a_certificate_can_be_given_with_its_chain_and_its_key(t):
    authority = Authority(t)
    certificate, key = authority.issue("server")
    with mirror(t, "--tls-cert", certificate, "--tls-key", key) as edge:
        ask(edge, context(authority.pem))
    with open(certificate, encoding="ascii") as a, open(key, encoding="ascii") as b:
        both = t.write("both.pem", b.read() + a.read())
    with mirror(t, "--tls-cert", both) as edge:
        ask(edge, context(authority.pem))


@test
def what_is_wrong_with_a_certificate_is_said(t):
    authority = Authority(t)
    certificate, key = authority.issue("one")
    _, other = authority.issue("two")
    old, old_key = authority.issue("old", ends="20210101000000Z")
    young, young_key = authority.issue("young", begins="20980101000000Z", ends="20990101000000Z")
    locked = t.path("locked.key")
    run(t, debian(t, "openssl", "openssl"), "pkey", "-in", key, "-out", locked, "-aes128", "-passout", "pass:x")
    t.write("no.pem", "nothing\n")
    guest = t.guest("rust-mirror")
    for args, words in [
        (["--tls-cert", certificate, "--tls-key", other], "two.key: the key does not belong to the certificate in"),
        (["--tls-cert", "absent.pem", "--tls-key", key], "--tls-cert: absent.pem: "),
        (["--tls-cert", certificate, "--tls-key", "absent.key"], "--tls-key: absent.key: "),
        (["--tls-cert", old, "--tls-key", old_key], "old.pem: the certificate expired on Jan  1 00:00:00 2021 GMT"),
        (["--tls-cert", young, "--tls-key", young_key], "young.pem: the certificate is not valid before Jan  1 "),
        (["--tls-cert", "no.pem", "--tls-key", key], "no.pem: there is no certificate in it"),
        (["--tls-cert", certificate, "--tls-key", "no.pem"], "no.pem: there is no private key in it"),
        (["--tls-cert", certificate], "one.pem: there is no private key in it"),
        (["--tls-cert", certificate, "--tls-key", locked], "locked.key: the key is encrypted"),
        (["--tls-key", key], "needs --tls-cert"),
        (["--tls", "--tls-client-ca", "no.pem"], "no.pem: there is no certificate in it"),
    ]:
        done = t.run("serve", guest, "--addr", "127.0.0.1:0", *args, code=2)
        assert_in(words, done.err)


# ---- the handshake ----


@test
def protocol_cipher_and_name_reach_the_guest(t):
    with mirror(t, "--tls") as edge:
        for version, name in [(ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")]:
            told, cipher = ask(edge, context(minimum_version=version, maximum_version=version))
            assert_equal(told["tls"]["protocol"], name)
            assert_equal(told["tls"]["cipher"], cipher[0])
            assert_equal(told["tls"]["serverName"], "localhost")
            assert_equal(told["tls"]["verdict"], None)
            assert_equal(told["h2Fingerprint"], None)


@test
def in_the_clear_nothing_of_tls_is_known(t):
    with mirror(t) as edge:
        told = edge.get("/").json()
        assert_equal([value for value in told["tls"].values() if value is not None], [])
        assert_matches(r"^[0-9a-f]{16}$", told["ohFingerprint"])
        assert_equal(edge.get("/", {"X": "1"}).json()["ohFingerprint"] == told["ohFingerprint"], False)


@test
def old_versions_and_other_protocols_are_refused(t):
    with mirror(t, "--tls") as edge:
        for tls in (context(maximum_version=ssl.TLSVersion.TLSv1_1), context()):
            if tls.maximum_version != ssl.TLSVersion.TLSv1_1:
                tls.set_alpn_protocols(["spdy/3"])
            else:
                tls.set_ciphers("ALL:@SECLEVEL=0")
            try:
                ask(edge, tls)
            except (ssl.SSLError, ConnectionResetError):
                continue
            raise AssertionError("that should have failed")
        with Connection(edge.address, edge.port) as connection:
            connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert_not_in(b"HTTP/1.1 200", connection.reader.rest())
        ask(edge, context())  # and the server goes on


@test
def a_client_that_agreed_on_http2_must_speak_it(t):
    with mirror(t, "--tls") as edge:
        tls = context()
        tls.set_alpn_protocols(["h2"])
        with Connection(edge.address, edge.port, tls) as connection:
            connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert_equal(connection.read().status, 400)


@test
def sessions_are_resumed(t):
    openssl = debian(t, "openssl", "openssl")
    with mirror(t, "--tls") as edge:
        at = "127.0.0.1:%d" % edge.port
        for version in ("-tls1_2", "-tls1_3"):
            request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            command = [openssl, "s_client", "-connect", at, version, "-ign_eof"]
            first = run(t, *command, "-sess_out", "session" + version, stdin=request, code=None)
            assert_in("New, TLSv1", first)
            again = run(t, *command, "-sess_in", "session" + version, stdin=request, code=None)
            assert_in("Reused, TLSv1", again)
            assert_in('"ja4":"t', again)  # from its own ClientHello


def client_hello():
    """The first flight of a client, as it goes over the wire."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


HELLO = client_hello()
BROKEN_HANDSHAKES = {
    "nothing": b"",
    "a byte": b"\x16",
    "half a record": HELLO[:100],
    "a record that promises too much": b"\x16\x03\x01\xff\xff" + bytes(70000),
    "an empty record": b"\x16\x03\x01\x00\x00" * 1000,
    "a hello that says it is longer": HELLO[:6] + b"\xff\xff\xff" + HELLO[9:],
    "a hello whose fields lie": HELLO[:43] + b"\xff" + HELLO[44:],
    "a hello of garbage": HELLO[:9] + bytes(range(256)) * 2,
    "data before the handshake": b"\x17\x03\x03\x00\x05hello",
    "an alert before the handshake": b"\x15\x03\x03\x00\x02\x02\x28",
    "a flood of alerts": b"\x15\x03\x03\x00\x02\x01\x00" * 10000,
    "a hello, then garbage": HELLO + b"\x16\x03\x03\x00\x10" + b"x" * 16,
    "a hello twice": HELLO + HELLO,
    "a hello, then an end": HELLO,
}


def sockets_of(process):
    folder, sockets = "/proc/%d/fd" % process.pid, 0
    for fd in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            sockets += os.readlink(os.path.join(folder, fd)).startswith("socket")
    return sockets


@test
def handshakes_that_break_off_harm_nobody(t):
    with mirror(t, "--tls") as edge:
        ask(edge, context())
        before = sockets_of(edge.process)
        for what, data in BROKEN_HANDSHAKES.items():
            for end in ("close", "reset", "stay"):
                connection = Connection(edge.address, edge.port)
                with contextlib.suppress(OSError):
                    connection.send(data)
                if end == "stay":
                    with contextlib.suppress(OSError):  # the server may have reset it already
                        connection.sock.shutdown(socket.SHUT_WR)
                        assert_not_in(b"HTTP/", connection.reader.rest())
                (connection.reset if end == "reset" else connection.close)()
            ask(edge, context())  # the server goes on
        t.eventually(lambda: sockets_of(edge.process) <= before, "no socket stays open")
        assert_not_in("internal", edge.err.lower())


@test
def connections_that_break_off_after_the_handshake_harm_nobody(t):
    with mirror(t, "--tls") as edge:
        ask(edge, context())
        before = sockets_of(edge.process)
        for sent in (b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf"):
            for raw in (b"", b"\x17\x03\x03\x00\x20" + b"x" * 32, b"garbage", b"\x15\x03\x03\x00\x02\x02\x28"):
                connection = Connection(edge.address, edge.port, context())
                if sent:
                    connection.sock.sendall(sent)
                plain = socket.socket(fileno=os.dup(connection.sock.fileno()))  # beside TLS, without a close_notify
                with contextlib.suppress(OSError):
                    plain.sendall(raw)
                    plain.shutdown(socket.SHUT_RDWR)
                plain.close()
                connection.close()
        ask(edge, context())
        t.eventually(lambda: sockets_of(edge.process) <= before, "no socket stays open")


@test
def a_client_without_a_cipher_in_common_is_told_so(t):
    with mirror(t, "--tls") as edge:
        tls = context(maximum_version=ssl.TLSVersion.TLSv1_2)
        tls.set_ciphers("NULL:@SECLEVEL=0")
        try:
            ask(edge, tls)
        except ssl.SSLError as e:
            assert_in("handshake failure", str(e).lower())
        else:
            raise AssertionError("that should have failed")
        ask(edge, context())


# ---- clients' certificates ----


@test
def a_clients_certificate_is_checked_and_reaches_the_guest(t):
    ours, strangers = Authority(t, "ours"), Authority(t, "strangers")
    good = ours.issue("good")
    unknown = strangers.issue("unknown")
    late = ours.issue("late", ends="20210101000000Z")
    with mirror(t, "--tls", "--tls-client-ca", ours.pem) as edge:
        for pair, verdict in [(good, "Ok"), (unknown, "UnknownCa"), (late, "CertificateExpired"),
                              (None, "CertificateMissing")]:
            tls = context()
            if pair:
                tls.load_cert_chain(*pair)
            told, _ = ask(edge, tls)
            assert_equal(told["tls"]["verdict"], verdict)
            if not pair:
                assert_equal(told["tls"]["certificate"], None)
                continue
            with open(pair[0], encoding="ascii") as f:
                assert_equal(told["tls"]["certificate"], f.read())


# ---- fingerprints, by a second implementation ----


def capture(t, edge, client):
    """What tshark makes of a handshake: fields of the ClientHello."""
    tshark = debian(t, "tshark", "tshark")
    process = subprocess.Popen(
        [tshark, "-i", "lo", "-f", "tcp port %d" % edge.port, "-w", t.path("seen.pcap"), "-a", "duration:20"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=t.environment({}))
    t.started.append(process)
    for line in process.stderr:
        if b"Capturing" in line:
            break
    else:
        t.skip("tshark cannot capture on lo: " + line.decode("utf-8", "replace"))

    def fields():
        told = client()
        out = run(t, tshark, "-r", "seen.pcap", "-d", "tcp.port==%d,tls" % edge.port, "-Y",
                  "tls.handshake.type == 1", "-T", "json", code=None)
        return (told, json.loads(out)) if "ja3" in out else None

    told, found = t.eventually(fields, "a ClientHello in tshark's file")
    process.terminate()
    return told, found[-1]["_source"]["layers"]["tls"]


def values_of(tree, name):
    """All values of that name, in order, at any depth."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == name:
                yield from value if isinstance(value, list) else [value]
            else:
                yield from values_of(value, name)
    elif isinstance(tree, list):
        for value in tree:
            yield from values_of(value, name)


@test
def ja3_is_what_tshark_says(t):
    with mirror(t, "--tls") as edge:
        tls = context()
        tls.set_alpn_protocols(["http/1.1"])
        told, seen = capture(t, edge, lambda: ask(edge, tls)[0])
        assert_equal(told["tls"]["ja3"], next(values_of(seen, "tls.handshake.ja3")))
        full = next(values_of(seen, "tls.handshake.ja3_full"))
        assert_equal(told["tls"]["ja3"], hashlib.md5(full.encode()).hexdigest())
        assert_equal(told["tls"]["ja4"], ja4_of(bytes.fromhex(told["tls"]["clientHello"])))


def ja4_of(hello):
    """JA4 from a ClientHello, written anew from its published description."""
    grease = {0x0A0A + 0x1010 * i for i in range(16)}
    at = 4 + 2 + 32
    at += 1 + hello[at]
    size = int.from_bytes(hello[at:at + 2], "big")
    ciphers = [int.from_bytes(hello[i:i + 2], "big") for i in range(at + 2, at + 2 + size, 2)]
    at += 2 + size
    at += 1 + hello[at] + 2
    extensions, bodies = [], {}
    while at < len(hello):
        kind, size = (int.from_bytes(hello[at + i:at + i + 2], "big") for i in (0, 2))
        extensions.append(kind)
        bodies[kind] = hello[at + 4:at + 4 + size]
        at += 4 + size
    ciphers = [c for c in ciphers if c not in grease]
    extensions = [e for e in extensions if e not in grease]
    versions = bodies.get(43)
    best = max(int.from_bytes(versions[i:i + 2], "big") for i in range(1, len(versions), 2)) if versions else 0x303
    alpn = bodies[16][3:3 + bodies[16][2]].decode() if 16 in bodies else ""
    algorithms = bodies.get(13, b"\0\0")[2:]
    algorithms = ["%02x%02x" % tuple(algorithms[i:i + 2]) for i in range(0, len(algorithms), 2)]
    head = "t%s%s%02d%02d%s" % ({0x304: "13", 0x303: "12"}[best], "d" if 0 in bodies else "i", len(ciphers),
                                len(extensions), alpn[0] + alpn[-1] if alpn else "00")
    second = hashlib.sha256(",".join("%04x" % c for c in sorted(ciphers)).encode()).hexdigest()[:12]
    kept = ",".join("%04x" % e for e in sorted(extensions) if e not in (0, 16)) + "_" + ",".join(algorithms)
    return "%s_%s_%s" % (head, second, hashlib.sha256(kept.encode()).hexdigest()[:12])
