"""What tests in JavaScript read and write of their world: stores, lists, rates, the cache; and that it is theirs alone."""

from clients import Authority
from harness import assert_equal, assert_matches, test
from results import Summary

JS = """import { config, expect, kv, secret, service, test } from "backlot:test";
test("stores", async () => {
  config("config").set({ greeting: "hello", empty: "", own: "from the test" });
  expect(await (await service.fetch("/config-store?key=own")).text()).toContain('own: "from the test"');
  kv("things").set("existing", "old value");
  expect((await service.fetch("/kv-store")).status).toBe(200);
  expect(kv("things").entry("js/meta")).toMatchObject({ value: '{"deep":[1,2]}', metadata: "a note", ttl: 3600000 });
  secret("secrets").set("token", "s3cr3t");
  expect(await (await service.fetch("/secret-store")).text()).toContain("token: 6 bytes");
  secret("secrets").set("token", "another");
  expect((await service.fetch("/secret-store")).status).toBe(500);
});
"""


def state(t, guest, *files, **options):
    for file in files:
        t.copy("tests/e2e/state/" + file, file)
    return t.run("test", "--service", t.guest(guest), *options.pop("args", ()), *files, **options)


@test
def what_a_test_writes_the_service_reads_and_the_other_way_round(t):
    assert_equal(Summary(state(t, "rust-abi", "stores.test.ts", code=0)).counts, (3, 0))


@test
def the_same_over_the_javascript_sdk(t):
    t.write("a.test.ts", JS)
    done = t.run("test", "--service", t.guest("js-abi"), "a.test.ts", code=0)
    assert_equal((Summary(done).counts, Summary(done).requests), ((1, 0), 4))


@test
def the_cache_can_be_seen_filled_aged_and_purged(t):
    assert_equal(Summary(state(t, "rust-cache-proxy", "cache.test.ts", code=0)).counts, (7, 0))


@test
def what_is_written_is_gone_with_its_frame(t):
    assert_equal(Summary(state(t, "rust-noop", "frames.test.ts", code=0)).counts, (7, 0))


@test
def time_is_real_where_it_is_asked_for(t):
    assert_equal(Summary(state(t, "rust-noop", "time.test.ts", code=0)).counts, (3, 0))


@test
def in_any_order(t):
    for seed in "12345":
        state(t, "rust-noop", "frames.test.ts", args=("--order", "random", "--seed", seed), code=0)


@test
def files_at_the_same_time_and_one_after_the_other_are_apart(t):
    names = ["frames%d.test.ts" % i for i in range(4)]
    for name in names:
        t.copy("tests/e2e/state/frames.test.ts", name)
    for jobs in "14":
        done = state(t, "rust-noop", "outside.test.ts", args=("--jobs", jobs, *names), code=0)
        assert_equal(Summary(done).counts, (2 + 4 * 7, 0))


@test
def stores_of_the_manifest_are_there_and_can_be_changed(t):
    t.write("fastly.toml", '[local_server.kv_stores]\nthings = [{ key = "a", data = "1" }]\n'
            '[local_server.config_stores.settings]\nformat = "inline-toml"\ncontents = { b = "2" }\n'
            '[local_server.geolocation]\nformat = "inline-toml"\n[local_server.geolocation.addresses."192.0.2.1"]\ncity = "Oslo"\n')
    t.write("a.test.ts", 'import { config, expect, geo, kv, test } from "backlot:test";\n'
            'test("changes", () => {\n'
            '  expect(kv("things").get("a")).toBe("1");\n  expect(config("settings").entries()).toEqual({ b: "2" });\n'
            '  expect(geo.get("192.0.2.1")).toEqual({ city: "Oslo" });\n'
            '  kv("things").delete("a");\n  config("settings").delete("b");\n  geo.delete("192.0.2.1");\n'
            '  expect([kv("things").list(), config("settings").list(), geo.list()]).toEqual([[], [], []]);\n});\n'
            'test("they are there again", () => {\n'
            '  expect([kv("things").list(), config("settings").list(), geo.list()]).toEqual([["a"], ["b"], ["192.0.2.1"]]);\n'
            '  expect(() => config("setings").get("b")).toThrow(\'there is no config store "setings"; there are: "settings"\');\n});\n')
    done = t.run("test", "-C", "fastly.toml", "--service", t.guest("rust-noop"), "a.test.ts", code=0)
    assert_equal(Summary(done).counts, (2, 0))


@test
def an_error_stands_where_the_test_wrote_it(t):
    t.write("a.test.ts", 'import { kv, test } from "backlot:test";\n\ntest("reads", () => {\n  kv("nothing").get("a");\n});\n')
    done = t.run("test", "--service", t.guest("rust-noop"), "a.test.ts", code=1)
    assert_matches(r'a\.test\.ts:4:1[67]: there is no KV store "nothing"', done.out)


@test
def a_test_says_what_holds_for_every_request_of_its_frame(t):
    t.copy("tests/e2e/state/facts.test.ts", "facts.test.ts")
    done = t.run("test", "--service", t.guest("rust-abi"), "facts.test.ts", code=0)
    assert_equal(Summary(done).counts, (11, 0))


@test
def backends_can_be_looked_at_and_changed_and_registrations_have_a_say_in_them(t):
    t.copy("tests/guests/fastly.toml", "fastly.toml")
    t.copy("tests/guests/acl.json", "acl.json")
    done = state(t, "rust-abi", "backends.test.ts", args=("-C", "fastly.toml"), code=0)
    assert_equal(Summary(done).counts, (11, 0))


@test
def a_backends_client_certificate_is_shown_to_the_origin(t):
    ours = Authority(t, "ours")
    ours.issue("mine")
    ours.issue("other")
    t.fresh_cache()
    with t.serve(t.guest("rust-mirror"), "--tls", "--tls-client-ca", ours.pem) as edge:
        authority = edge.wait_for(r"curl --cacert (\S+),").group(1)
        t.write("fastly.toml", '[local_server.backends.origin]\nurl = "https://localhost:%d"\n' % edge.port)
        t.write("a.test.ts", """import { readFileSync } from "node:fs";
import { backends, expect, it, service } from "backlot:test";
const [clientCertificate, clientKey, another] = ["mine.pem", "mine.key", "other.key"].map((name) => readFileSync(name, "utf8"));
const ca = readFileSync("ca.pem", "utf8");
it("shows it", async () => {
  backends.set("origin", { caCertificate: ca, clientCertificate, clientKey });
  expect(backends.get("origin")).toMatchObject({ clientCertificate });
  expect(backends.get("origin")).not.toHaveProperty("clientKey");
  const text = await (await service.fetch("/proxy")).text();
  expect(JSON.parse(text.slice(text.indexOf("{"))).tls).toMatchObject({ certificate: clientCertificate, verdict: "Ok" });
});
it("has none in another test", async () => {
  backends.set("origin", { caCertificate: ca });
  expect(await (await service.fetch("/proxy")).text()).toContain("CertificateMissing");
});
it("takes no halves that do not belong together", () => {
  const words = "clientCertificate and clientKey, both PEM: ";
  expect(() => backends.set("origin", { clientCertificate })).toThrow(words);
  expect(() => backends.set("origin", { clientCertificate, clientKey: another })).toThrow(words);
});
""")
        with open(authority, encoding="ascii") as f:
            t.write("ca.pem", f.read())
        done = t.run("test", "--net", "real", "--service", t.guest("rust-abi"), "a.test.ts", code=0)
        assert_equal(Summary(done).counts, (3, 0))


REGISTERS = """import { backends, expect, inspect, limits, origin, service, test } from "backlot:test";
const text = async (url: string) => (await service.fetch(url)).text();
test("refused", async () => {
  backends.set("origin", { url: "http://127.0.0.1:8081" });
  origin("http://shop.example/*").respond("x");
  expect((await service.fetch("/dynamic-backend")).status).toBe(200);
  backends.onRegister((backend) => { if (backend.name === "made") backend.refuse(); });
  expect(await text("/dynamic-backend")).toContain("dynamic backends are unsupported on this service");
  expect(backends.registered).toMatchObject([{ tcpKeepaliveTime: 5000, refused: false }, { name: "made", refused: true }]);
});
test("a listener that breaks", async () => {
  backends.set("origin", { url: "http://127.0.0.1:8081" });
  backends.onRegister(() => { throw new Error("the listener broke"); });
  await service.fetch("/dynamic-backend");
});
test("one that never answers", async () => {
  backends.set("origin", { url: "http://127.0.0.1:8081" });
  backends.onRegister(() => new Promise(() => {}));
  await service.fetch("/dynamic-backend");
});
test("others go on", async () => {
  inspect.set({ verdict: "block" });
  expect(await text("/inspect")).toContain("block");
  limits.set({ subrequests: 0 });
  expect((await service.fetch("/dynamic-backend")).limits).toEqual([]);
});
"""


@test
def the_same_registrations_over_the_javascript_sdk_and_listeners_that_break(t):
    t.write("a.test.ts", REGISTERS)
    done = t.run("test", "--service", t.guest("js-abi"), "a.test.ts", code=1)
    assert_equal(Summary(done).counts, (2, 2))
    assert_matches(r"FAILED a\.test\.ts:11: a listener that breaks.*\na\.test\.ts:13:\d+: the listener broke", done.out)
    assert_matches(r"FAILED a\.test\.ts:16: one that never answers.*\n.*Test timed out in 60000ms", done.out)
