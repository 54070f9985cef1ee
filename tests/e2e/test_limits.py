"""Limits: profiles of the platform and of one's own, enforced or warned of, in tests and when serving; budgets."""

from harness import Response, assert_equal, assert_in, assert_matches, assert_not_in, test
from results import MANIFEST, Summary


def fiddle(t, text, *args, guest="rust-abi", code=0):
    t.write("limits.fiddle", text)
    return t.run("test", "-C", MANIFEST, "--service", t.guest(guest), "limits.fiddle", *args, code=code)


PARALLEL = """origin origin
  * /* -> 200 text/plain "slow"
origin other
  * /* -> 200 text/plain "fast"

GET /send-async
"""


@test
def nothing_is_limited_by_the_platform_unless_that_is_asked_for(t):
    done = fiddle(t, PARALLEL + "  limits.count() is 0\n  usage.subrequests is 3\n")
    assert_equal(Summary(done).counts, (1, 0))


@test
def a_profile_of_ones_own_is_enforced(t):
    t.write("own.toml", 'profile = "fastly"\nsubrequests = 1\n')
    done = fiddle(t, PARALLEL + "  limits.count() is 1\n  limits[0].name is \"subrequests\"\n  limits[0].bound is 1\n"
                  "  limits[0].reached is 2\n  limits[0].enforced isTrue\n  usage.subrequests is 1\n  clientFetch.status is 200\n",
                  "--limits-profile", "own.toml", code=1)
    assert_in("limits:\n      subrequests: 2, and the limit is 1", done.out)
    assert_equal(Summary(done).counts, (0, 1))
    assert_matches(r"clientFetch.status is 200", done.out)  # the only line that fails: the guest could not send
    assert_not_in("limits[0]", done.out)


@test
def a_warning_lets_everything_go_on(t):
    t.write("own.toml", "subrequests = 1\n")
    done = fiddle(t, PARALLEL + "  clientFetch.status is 200\n  usage.subrequests is 3\n  limits[0].enforced is false\n"
                  "  limits[0].reached is 3\n", "--limits", "warn", "--limits-profile", "own.toml")
    assert_equal(Summary(done).counts, (1, 0))


@test
def the_manifest_can_set_limits_and_an_option_overrides_them(t):
    t.write("fastly.toml", '[local_server.limits]\nmode = "enforce"\nprofile = "fastly-trial"\nlog = 3\n')
    t.write("a.fiddle", "GET /log\n  limits[0].name is \"log\"\n")
    t.run("test", "--service", t.guest("c-abi"), "a.fiddle", code=0)
    t.write("b.fiddle", "GET /log\n  limits.count() is 0\n")
    t.run("test", "--service", t.guest("c-abi"), "--limits=off", "b.fiddle", code=0)
    t.run("test", "--service", t.guest("c-abi"), "b.fiddle", code=1)


@test
def a_budget_is_a_test_line(t):
    done = fiddle(t, "GET /log\n  usage.cpuTime isBelow 5000000\n  usage.cpuTime isAbove 0\n  usage.memoryBytes isAtMost 134217728\n"
                  "  usage.memoryBytes isAbove 0\n  usage.hostcalls isAbove 3\n  usage.logEntries isAbove 1\n"
                  "  usage.logBytes isAbove 4\n  usage.wallTime isAtMost 1000000\n  usage.subrequests is 0\n")
    assert_equal(Summary(done).counts, (1, 0))
    done = fiddle(t, "GET /log\n  [fits] usage.hostcalls isBelow 2\n", code=1)
    assert_in("fits", done.out)


@test
def endless_loops_end_at_the_platforms_limit_with_503(t):
    done = fiddle(t, "GET /loop\n  clientFetch.status is 503\n  limits[0].name is \"cpu\"\n  limits[0].bound is 50000000\n"
                  "  limits[0].reached isAbove 50000000\n",
                  "--limits-profile", "fastly", code=1)
    assert_matches(r"the service was stopped\n.*the guest used up its CPU time of 0.050 s", done.out)
    assert_in("cpu: ", done.out)
    assert_not_in("expected:", done.out)  # every line held; the test fails because its service was stopped


@test
def endless_growth_ends_at_the_limit_with_500(t):
    t.write("own.toml", 'memory = "32MiB"\ncpu = "none"\n')
    done = fiddle(t, "GET /grow\n  clientFetch.status is 500\n", "--limits-profile", "own.toml", code=1)
    # It is looked at by the tick of the guest's time, so how far it got depends on how fast it grows.
    assert_matches(r"memory: (3[2-9]|[4-9]\d|1[0-2]\d)(\.\d+)? MiB, and the limit is 32 MiB", done.out)
    assert_not_in("expected:", done.out)


AT_ONCE = "GET /\n  clientFetch.status is %d\n  limits[0].name is \"memory\"\n  limits[0].reached is 268500992\n  limits[0].enforced isTrue\n"


@test
def growth_in_one_step_far_beyond_the_limit_is_told_of(t):
    t.write("own.toml", 'memory = "32MiB"\n')
    done = fiddle(t, AT_ONCE % 500, "--limits-profile", "own.toml", guest="wat-grow-at-once", code=1)
    assert_in("memory: 256.062 MiB, and the limit is 32 MiB", done.out)
    assert_in("the guest asked for 256.1 MiB of memory, and the limit is 32.0 MiB", done.out)
    assert_not_in("expected:", done.out)
    # Where nothing is enforced the guest learns of it by -1 and goes on, and it is told of all the same.
    fiddle(t, AT_ONCE % 200, guest="wat-grow-at-once")


CACHED = """origin origin
  GET * -> 200 text/plain "twenty bytes of text"
    Cache-Control: max-age=60

"""


@test
def an_object_that_is_too_large_for_the_cache_is_not_stored(t):
    t.write("own.toml", 'cache-object = "19B"\n')
    profile = ["--limits-profile", "own.toml"]
    # The SDK puts it into the cache itself, and has a name for the answer.
    text = CACHED + "GET /http-cache\n  clientFetch.bodyText includes \"%s\"\n  limits.count() is %d\n"
    fiddle(t, text % ("HttpCacheLimitExceeded", 1), *profile)
    fiddle(t, text % ("x-cache: MISS", 1), "--limits=warn", *profile)
    fiddle(t, text % ("x-cache: MISS", 0), "--limits=off", *profile)


VARIED = """origin origin
  GET /x -> 200 text/plain "one"
    when header X-Variant: 1
    Cache-Control: max-age=60
    Vary: X-Variant
  GET /x -> 200 text/plain "two"
    Cache-Control: max-age=60
    Vary: If-Range

GET /http-cache
X-Variant: 1
  limits.count() is 0
GET /http-cache
X-Variant: 2
  limits[0].name is "vary-rules"
  limits[0].reached is 2
  limits[0].enforced is %s
GET /http-cache
X-Variant: 1
If-Range: "a"
  clientFetch.bodyText includes "x-cache: %s"
"""


@test
def vary_rules_of_one_key_are_counted_and_the_oldest_is_forgotten(t):
    t.write("own.toml", "vary-rules = 1\n")
    fiddle(t, VARIED % ("true", "MISS"), "--limits-profile", "own.toml")
    fiddle(t, VARIED % ("false", "HIT"), "--limits=warn", "--limits-profile", "own.toml")


@test
def the_guests_file_may_be_too_large(t):
    t.write("own.toml", 'package = "64B"\n')
    done = fiddle(t, "GET /\n  clientFetch.status is 500\n  limits[0].name is \"package\"\n  limits[0].enforced isTrue\n  usage.hostcalls is 0\n",
                  "--limits-profile", "own.toml", code=1)
    assert_matches(r"The guest's file is too large \(package: [\d.]+ MiB, and the limit is 64 bytes\)", done.out)
    assert_not_in("expected:", done.out)
    fiddle(t, "GET /log\n  clientFetch.status is 200\n  limits[0].name is \"package\"\n  limits[0].enforced is false\n",
           "--limits=warn", "--limits-profile", "own.toml")


@test
def waiting_too_long_ends_at_the_limit_with_503(t):
    t.write("own.toml", 'wall = "100ms"\n')
    done = fiddle(t, "origin origin\n  * /* -> timeout\n\nGET /send\n  clientFetch.status is 503\n", "--limits-profile", "own.toml", code=1)
    assert_in("the guest used up its wall time of 0.100 s", done.out)
    assert_not_in("expected:", done.out)


@test
def too_large_a_request_never_reaches_the_guest(t):
    long = "GET /echo?%s\n  clientFetch.status is 414\n  usage.hostcalls is 0\n" % ("x" * 8300)
    assert_in("URI Too Long", fiddle(t, long, "--limits-profile", "fastly", code=1).out)
    many = "GET /echo\n%s  clientFetch.status is 503\n  clientFetch.bodyText includes \"Header overflow\"\n  usage.hostcalls is 0\n" % (
        "".join("X-%d: y\n" % i for i in range(256)))
    done = fiddle(t, many, "--limits-profile", "fastly", code=1)
    assert_in("request-headers: 257, and the limit is 255", done.out)
    assert_not_in("expected:", done.out)


@test
def serving_warns_of_each_breach_with_the_request(t):
    with t.origin(lambda request: Response(200, body=b"hi")) as origin:
        t.write("fastly.toml", "[local_server.backends.origin]\nurl = \"%s\"\n[local_server.backends.other]\nurl = \"%s\"\n"
                % (origin.url, origin.url))
        t.write("own.toml", "subrequests = 1\n")
        with t.serve(t.guest("rust-abi"), "-C", "fastly.toml", "--limits=warn", "--limits-profile=own.toml") as edge:
            assert_equal(edge.get("/send-async").status, 200)
            t.eventually(lambda: "subrequests: 3, and the limit is 1" in edge.err)
            assert_matches(r"backlot: warning: GET http://\S+/send-async: subrequests: 3, and the limit is 1\n", edge.err)
            assert_equal(edge.get("/log").status, 200)
            assert_equal(edge.err.count("the limit is"), 1)
        with t.serve(t.guest("rust-abi"), "-C", "fastly.toml", "--limits-profile=own.toml") as edge:
            assert_equal(edge.get("/send-async").status, 500)


@test
def too_many_headers_of_a_response_are_an_overflow(t):
    with t.serve(t.guest("c-abi"), "--limits-profile=fastly") as edge:
        assert_equal(edge.get("/many-headers/90").status, 200)
        answer = edge.get("/many-headers/97")
        assert_equal((answer.status, answer.text), (503, "Header overflow"))


@test
def what_is_wrong_with_a_profile_is_said_with_its_place(t):
    t.write("own.toml", "\nsubrequest = 3\n")
    for command in (["serve", t.guest("rust-noop")], ["run", t.guest("rust-noop")], ["test", "--service", t.guest("rust-noop")]):
        if command[0] == "test":
            t.write("a.fiddle", "GET /\n")
        done = t.run(command[0], "--limits-profile", "own.toml", *command[1:], code=2)
        assert_in("own.toml:2:1: there is no limit 'subrequest'; did you mean 'subrequests'?", done.err)
    assert_in("did you mean 'fastly'?", t.run("run", "--limits-profile", "fastly-", t.guest("rust-noop"), code=2).err)
    assert_in("possible values: enforce, warn, off", t.run("run", "--limits", "on", t.guest("rust-noop"), code=2).err)


@test
def a_guest_may_have_more_memory_than_the_platform_gives(t):
    t.write("a.fiddle", "GET /\n  clientFetch.status is 200\n")
    assert_in("may have 128", t.run("test", "--service", t.guest("wat-huge-memory"), "a.fiddle", code=2).out)
    t.run("test", "--service", t.guest("wat-huge-memory"), "--limits-profile=none", "a.fiddle", code=0)


@test
def run_tells_of_breaches_too(t):
    t.write("own.toml", 'cpu = "1us"\n')
    done = t.run("run", "--limits", "warn", "--limits-profile", "own.toml", t.guest("rust-abi"), code=0)
    assert_matches(r"warning: cpu: .*, and the limit is 1 us", done.err)
