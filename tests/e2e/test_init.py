"""`backlot init`: the way to a first test that passes."""

import os

from harness import assert_equal, assert_in, assert_not_in, test
from results import Summary

MANIFEST = 'manifest_version = 3\nname = "shop"\n[local_server.backends.origin]\nurl = "http://127.0.0.1:1"\n'


def project(t, guest, manifest=MANIFEST):
    t.write("shop/fastly.toml", manifest)
    os.mkdir(t.path("shop/bin"))
    os.symlink(t.guest(guest), t.path("shop/bin/main.wasm"))


@test
def a_first_test_passes_and_is_found(t):
    project(t, "rust-hello")
    done = t.run("init", cwd=t.path("shop"), code=0)
    assert_in("tests/shop.test.ts is written: GET / of bin/main.wasm\n1 passed, 0 failed", done.out)
    text = t.read("shop/tests/shop.test.ts")
    assert_in("// A first test of shop. ", text)
    assert_in('  origin("origin").respond("Hello from origin");\n', text)
    summary = Summary(t.run("test", cwd=t.path("shop"), code=0))
    assert_equal((summary.counts, summary.requests, summary.checks), ((1, 0), 1, 1))
    assert_equal(sorted(os.listdir(t.path("shop"))), ["bin", "fastly.toml", "tests"])
    assert_equal(os.stat(t.path("shop/tests")).st_mode, os.stat(t.path("shop/bin")).st_mode)


@test
def it_passes_for_services_of_each_kind(t):
    for shop in ("rust", "js"):
        os.makedirs(t.path(shop + "/bin"))
        t.copy("examples/fastly-%s/fastly.toml" % shop, shop + "/fastly.toml")
        os.symlink(t.guest("example-" + shop), t.path(shop + "/bin/main.wasm"))
        for language in ("typescript", "fiddle"):
            done = t.run("init", "--language", language, shop, code=0)
            assert_equal(Summary(done).counts, (1, 0))
        assert_equal(Summary(t.run("test", shop, code=0)).counts, (2, 0))


@test
def it_answers_for_the_backend_that_the_service_asks(t):
    project(t, "rust-proxy-log")
    assert_equal(Summary(t.run("init", "shop", code=0)).counts, (1, 0))
    t.write("shop/tests/shop.test.ts", t.read("shop/tests/shop.test.ts").replace("// expect(", "expect("))
    assert_equal(Summary(t.run("test", "shop", code=0)).counts, (1, 0))


@test
def the_language_of_fiddles_can_be_had(t):
    project(t, "rust-hello")
    t.run("init", "--language", "fiddle", "shop", code=0)
    text = t.read("shop/tests/shop.fiddle")
    assert_in("# A first test of shop.\n", text)
    assert_in("origin origin\n  * /* -> 200 text/plain Hello from origin\n", text)
    assert_in("basic", t.run("init", "--language", "basic", "shop", code=2).err)


@test
def any_name_of_a_project_and_its_backends_will_do(t):
    for name, file in (("My shop!", "My-shop"), ("../../größe", "gr-e"), ("", "first"), ("a\\nb\\u2028", "a")):
        t.write("fastly.toml", 'name = "%s"\n[local_server.backends."it\'s \\"one\\""]\nurl = "http://127.0.0.1:1"\n' % name)
        done = t.run("init", "--service", t.guest("rust-hello"), code=0)
        assert_in("tests/%s.test.ts is written" % file, done.out)


@test
def it_asks_for_the_status_that_the_service_answers(t):
    project(t, "rust-abi")  # GET / is its list of families, or 404: whatever it is, it is what is written
    t.run("init", "shop", code=0)
    status = t.read("shop/tests/shop.test.ts").partition("expect(response.status).toBe(")[2].split(")")[0]
    t.write("other.fiddle", "GET /\n  clientFetch.status is %s\n" % status)
    assert_equal(Summary(t.run("test", "--service", t.guest("rust-abi"), "other.fiddle", code=0)).counts, (1, 0))


@test
def what_is_there_is_not_replaced(t):
    project(t, "rust-hello")
    for language, name in (("typescript", "shop.test.ts"), ("fiddle", "shop.fiddle")):
        t.write("shop/tests/" + name, "mine\n")
        done = t.run("init", "--language", language, "shop", code=2)
        assert_in("tests/%s is there already; nothing was written" % name, done.err)
        assert_equal(t.read("shop/tests/" + name), "mine\n")


@test
def a_project_that_is_not_built_gets_its_test_and_is_told_what_to_do(t):
    t.write("shop/fastly.toml", MANIFEST)
    done = t.run("init", "shop", code=0)
    assert_in("build the service (`fastly compute build`), then run `backlot test`", done.out)
    assert_in("expect(response.status).toBe(200);", t.read("shop/tests/shop.test.ts"))
    t.run("test", "--list", "shop", code=0)


@test
def without_a_project_it_says_where_it_looked(t):
    assert_in("no fastly.toml at or above .; run it in a project", t.run("init", code=2).err)
    assert_in("nope: No such file", t.run("init", "nope", code=2).err)
    t.write("shop/fastly.toml", "[local_server\n")
    assert_in("fastly.toml:1:", t.run("init", "shop", code=2).err)
    assert_equal(os.listdir(t.path("shop")), ["fastly.toml"])


@test
def a_folder_without_tests_says_how_to_begin(t):
    done = t.run("test", code=2)
    assert_in("    backlot init\n", done.err)
    assert_not_in("passed", done.out)
