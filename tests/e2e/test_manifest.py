"""fastly.toml through the command line: what is wrong is told with file, line, column and the way out."""

import os

from harness import assert_equal, assert_in, assert_matches, assert_not_in, test

WRONG = [  # the manifest, the place, and words of the message
    ("[local_server\n", "1:", ["]"]),
    ("a = 1\na = 2\n", "2:", ["a"]),
    ("local_server = 3\n", "1:", ["local_server"]),
    ("[local_server.backends.origin]\n", "1:", ["url"]),
    ("[local_server.backends.origin]\nurl = 7\n", "2:", ["url"]),
    ("[local_server.backends.origin]\nurl = \"ftp://a\"\n", "2:7:", ["ftp://a", "http://"]),
    ("[local_server.backends.origin]\nurl = \"not a url\"\n", "2:", ["url"]),
    ("[local_server.backends.origin]\nurl = \"http://a\"\nurI = \"http://b\"\n", "3:1:", ["urI", "did you mean"]),
    ("[local_server.backends.origin]\nurl = \"http://a\"\nfirst_byte_timeout = 1\n", "3:1:", ["first_byte_timeout_ms"]),
    ("[local_server.config_stores.c]\nformat = \"yaml\"\n", "2:", ["yaml", "inline-toml"]),
    ("[local_server.config_stores.c]\nformat = \"json\"\n", "1:", ["file"]),
    ("[local_server.config_stores.c]\nformat = \"json\"\nfile = \"nope.json\"\n", "3:", ["nope.json", "No such file"]),
    ("[local_server.config_stores.c]\nformat = \"inline-toml\"\nfile = \"x.json\"\n", "", ["c"]),
    ("[local_server.kv_stores]\nk = [{ key = \"a\" }]\n", "2:", ["data"]),
    ("[local_server.kv_stores]\nk = [{ key = \"a\", data = \"1\", file = \"x\" }]\n", "2:", ["data", "file"]),
    ("[local_server.kv_stores]\nk = [{ data = \"1\" }]\n", "2:", ["key"]),
    ("[local_server.acls]\nl = \"nope.json\"\n", "2:", ["nope.json", "No such file"]),
]


def says(t, place, words, *args):
    done = t.run(*args)
    assert_equal(done.code in (1, 2), True, "the exit code of %r" % (done,))
    assert_matches(r"fastly\.toml:%s" % place, done.output)
    for word in words:
        assert_in(word, done.output)
    assert_not_in("internal error", done.output.lower())


@test
def mistakes_are_told_with_their_place(t):
    guest = t.guest("c-hello")
    for content, place, words in WRONG:
        t.write("fastly.toml", content)
        says(t, place, words, "run", "-C", "fastly.toml", guest)


@test
def what_may_be_meant_is_warned_of(t):
    for content, place, words in (
        ("[local_server]\nfrobnicate = 1\n", "2:1:", ["frobnicate", "backends"]),
        ("[local_server.secret_stores]\ns = [{ key = \"a\", env = \"NOT_THERE\" }]\n", "2:", ["NOT_THERE"]),
    ):
        t.write("fastly.toml", content)
        done = t.run("run", "-C", "fastly.toml", t.guest("c-hello"), code=0)
        assert_matches(r"warning: fastly\.toml:%s" % place, done.err)
        for word in words:
            assert_in(word, done.err)


@test
def every_command_tells_them(t):
    guest = t.guest("c-hello")
    t.write("one.fiddle", "GET /\n")
    t.write("fastly.toml", "[local_server.backends.origin]\nurl = 7\n")
    for command in (["run", "-C", "fastly.toml", guest], ["serve", "-C", "fastly.toml", guest, "--addr", "127.0.0.1:0"],
                    ["test", "--service", guest], ["test", "-C", "fastly.toml", "--service", guest]):
        says(t, "2:", ["url"], *command)


@test
def files_that_are_no_manifests_are_refused(t):
    guest = t.guest("c-hello")
    for content in (b"\xff\xfe\0\0", b"\0" * 1000, b"\0asm\x01\0\0\0"):
        t.write("fastly.toml", content)
        says(t, "", [], "run", "-C", "fastly.toml", guest)
    assert_in("nope.toml", t.run("run", "-C", "nope.toml", guest).err)
    os.mkdir(t.path("folder.toml"))
    assert_in("folder.toml", t.run("run", "-C", "folder.toml", guest).err)


@test
def files_that_a_manifest_names_are_checked_too(t):
    manifest = '[local_server.config_stores.config]\nformat = "json"\nfile = "config.json"\n'
    t.write("fastly.toml", manifest)
    for content in ("", "[1, 2]", '{"a": 1}', '{"a": "1",}', "\xff"):
        t.write("config.json", content.encode("latin-1"))
        says(t, "3:", ["config.json"], "run", "-C", "fastly.toml", t.guest("c-hello"))
    t.write("fastly.toml", '[local_server.acls]\nlist = "acl.json"\n')
    for content in ('{"entries": [{"op": "create", "prefix": "300.0.0.0/8", "action": "BLOCK"}]}', "{", "[]"):
        t.write("acl.json", content)
        says(t, "2:", ["acl.json"], "run", "-C", "fastly.toml", t.guest("c-hello"))


@test
def paths_are_relative_to_the_manifest_in_tests(t):
    """Wherever the tests are started from."""
    t.write("project/data/config.json", '{"greeting": "hello", "empty": ""}')
    t.write("project/fastly.toml", '[local_server.config_stores.config]\nformat = "json"\nfile = "data/config.json"\n')
    t.write("project/tests/one.fiddle", "GET /config-store\n  clientFetch.status is 200\n")
    for cwd in (t.work, t.path("project"), t.path("project/tests")):
        t.run("test", "--service", t.guest("rust-abi"), t.path("project"), cwd=cwd, code=0)


@test
def a_secret_may_come_from_the_environment(t):
    t.write("fastly.toml", '[local_server.secret_stores]\nsecrets = [{ key = "token", env = "TOKEN" }]\n')
    t.write("one.fiddle", "GET /secret-store\n  clientFetch.status is %d\n" % 200)
    t.run("test", "--service", t.guest("rust-abi"), env={"TOKEN": "s3cr3t"}, code=0)
    t.run("test", "--service", t.guest("rust-abi"), env={"TOKEN": "another"}, code=1)


@test
def an_unknown_backend_is_told_to_the_guest_and_not_to_the_host(t):
    t.write("fastly.toml", "manifest_version = 3\nname = \"empty\"\n")
    with t.serve(t.guest("rust-abi"), "-C", "fastly.toml") as edge:
        assert_equal(edge.get("/proxy").status, 502)
        assert_equal(edge.get("/resp").status, 200)
