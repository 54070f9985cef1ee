"""Services that ask each other in one world: an origin that is another local service."""

import os

from harness import assert_equal, assert_in, assert_matches, test
from results import Summary

MANIFEST = 'manifest_version = 3\nname = "%s"\n[local_server.backends.origin]\nurl = "https://origin.example"\n'
HEAD = ('import { clock, expect, it, origin, service, services } from "backlot:test";\n'
        'const shop = services.open("../shop");\n')


def project(t, name, guest):
    os.makedirs(t.path(name + "/bin"))
    if not os.path.exists(t.path(name + "/fastly.toml")):
        t.write(name + "/fastly.toml", MANIFEST % name)
    os.symlink(t.guest(guest), t.path(name + "/bin/main.wasm"))


def projects(t, gateway="rust-proxy-log", shop="js"):
    t.write("shop/fastly.toml", open_manifest(shop))
    project(t, "gateway", gateway)
    project(t, "shop", "example-" + shop)
    project(t, "cache", "rust-cache-proxy")


def open_manifest(shop):
    path = os.path.join(os.path.dirname(__file__), "../../examples/fastly-%s/fastly.toml" % shop)
    with open(path, encoding="utf-8") as f:
        return f.read()


def chain(t, shop):
    projects(t, shop=shop)
    t.write("unbuilt/fastly.toml", MANIFEST % "unbuilt")
    t.write("broken/bin/main.wasm", "no wasm")
    os.makedirs(t.path("gateway/tests"))
    t.copy("tests/e2e/services/chain.test.ts", "gateway/tests/chain.test.ts")
    return t.run("test", "gateway", code=0)


@test
def a_gateway_and_two_services_behind_it(t):
    assert_equal(Summary(chain(t, "js")).counts, (10, 0))


@test
def the_same_over_the_shop_in_rust_in_any_order_and_twice_alike(t):
    chain(t, "rust")
    done = t.run("test", "--order", "random", "--check-determinism", "gateway", code=0)
    assert_equal(Summary(done).counts, (10, 0))


@test
def what_goes_wrong_in_another_service_fails_the_test_and_names_it(t):
    projects(t)
    t.write("gateway/a.test.ts", HEAD + """it("asks nobody", async () => {
  origin("origin").service(shop);
  await service.fetch("/products/mug");
});
it("expects more", async () => {
  shop.origin("catalog").get("/x").respond("x").expect(2);
});
it("runs in a circle", async () => {
  origin("origin").service(".");
  await service.fetch("/", { method: "POST", body: "x" });
});
it("holds", async () => {
  origin("origin").service("../shop");
  expect((await service.fetch("/")).status).toBe(200);
});
""")
    done = t.run("test", "gateway", code=1)
    assert_equal(Summary(done).counts, (1, 3))
    assert_matches(r'asks nobody.*\n.*GET https://catalog\.example\.com/products/mug to backend "catalog" of \.\./shop: nobody answers it', done.out)
    assert_in('origin("catalog").on("GET", "/x") of ../shop expected 2 requests and got 0', done.out)
    assert_in("as many guests run as may at the same time: do services ask each other in a circle?", done.out)


@test
def a_service_that_crashes_is_told_with_its_report(t):
    projects(t)
    project(t, "todo", "rust-todo")
    t.write("gateway/a.test.ts", HEAD + """it("crashes late", async () => {
  origin("origin").service("../todo");
  expect((await service.fetch("/late")).status).toBe(200);
});
it("crashes", async () => {
  origin("origin").service("../todo");
  await service.fetch("/graphql", { method: "POST", body: "no JSON" });
});
""")
    done = t.run("test", "gateway", code=1)
    assert_equal(Summary(done).counts, (0, 2))
    assert_in("/late (../todo): ", done.out)
    assert_in("a bug that shows when the client has its answer", done.out)
    assert_matches(r"FAILED gateway/a\.test\.ts:7: crashes ", done.out)


@test
def what_compiling_a_service_takes_is_not_the_tests_time(t):
    """A guest of the Go SDK takes seconds, and is compiled in the test that names it first."""
    projects(t)
    project(t, "go", "go-abi")
    t.write("gateway/a.test.ts", HEAD + """it("asks another", async () => {
  origin("origin").service("../go");
  expect((await service.fetch("/hello")).status).toBe(200);
});
""")
    new_cache = {"XDG_CACHE_HOME": t.path("new")}
    assert_equal(Summary(t.run("test", "--timeout", "1s", "gateway", env=new_cache, code=0)).counts, (1, 0))


@test
def services_of_several_files_are_apart_and_a_changed_manifest_is_seen(t):
    projects(t)
    for name in "ab":
        t.write("gateway/%s.test.ts" % name, HEAD + """it("is new here", async () => {
  expect([shop.kv("carts").list(), await clock.advance("1h")]).toEqual([[], undefined]);
  shop.kv("carts").set("ada", "1");
});
""")
    for jobs in "12":
        assert_equal(Summary(t.run("test", "--jobs", jobs, "gateway", code=0)).counts, (2, 0))
