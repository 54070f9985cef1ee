"""How `backlot test` runs tests: again and again, in another order, in parts, the longest first."""

import json
import os
import re

from harness import assert_equal, assert_in, assert_matches, assert_not_in, test
from results import MANIFEST, Summary

HOLDS = "GET /\n  clientFetch.status is 200\n"
RANDOM = 'GET /wasi\n  clientFetch.bodyText matches /random: [0-7]/\n'


def hello(t, *args, **options):
    return t.run("test", "--service", t.guest("rust-hello"), *args, **options)


def abi(t, *args, **options):
    return t.run("test", "-C", MANIFEST, "--service", t.guest("rust-abi"), *args, **options)


@test
def repeated_tests_vary_the_seed_and_tell_what_depends_on_it(t):
    t.write("a.fiddle", "test steady\nGET /acl\n  clientFetch.status is 200\ntest random\n" + RANDOM)
    done = abi(t, "--repeat", "20", "--seed", "1", "--reporter", "json=out.json", code=1)
    assert_equal((Summary(done).counts, Summary(done).requests), ((1, 1), 40))
    found = re.search(r"seed-dependent: fails with --seed (\d+), passes with --seed (\d+)", done.out)
    assert_matches(r"failed \d+ of 20 times", done.out)
    steady, random = json.loads(t.read("out.json"))["files"][0]["tests"]
    assert_equal((steady["flake"], steady["runs"], random["flake"], random["runs"]), (None, 20, "seed-dependent", 20))
    assert_equal(random["seed"], found.group(1))
    assert_equal(abi(t, "--seed", found.group(1)).code, 1)
    assert_equal(abi(t, "--seed", found.group(2)).code, 0)


@test
def a_random_order_is_the_seeds_and_frames_stand_it(t):
    cart = 'POST /cart/ada\nContent-Type: application/json\n"{\\"product\\": \\"mug\\", \\"quantity\\": 1}"\n'
    t.copy("examples/fastly-rust/fastly.toml", "fastly.toml")
    t.write("a.fiddle", "origin catalog\n  * /* -> 200 application/json {\"name\": \"Mug\", \"prices\": {\"EUR\": 1, \"NOK\": 2}}\n" +
            "".join('test %d\nGET /cart/ada\n  clientFetch.bodyText notIncludes "mug"\n%s' % (i, cart) for i in range(8)))
    for seed in range(3):
        done = t.run("test", "--service", t.guest("example-rust"), "--order", "random", "--seed", seed, code=0)
        assert_equal(Summary(done).counts, (8, 0))


@test
def what_happens_is_the_same_every_time(t):
    t.write("a.fiddle", "origin origin\n  GET /* -> 200 text/plain hi\n" +
            "".join("test %s\nGET /%s\n" % (path, path) for path in ("proxy", "wasi", "acl", "hello")))
    done = abi(t, "--check-determinism", code=0)
    assert_equal((Summary(done).counts, Summary(done).requests), ((4, 0), 8))


@test
def what_differs_is_shown(t):
    """The network is no part of a world: what comes from there no seed repeats."""
    answers = iter(range(1000))
    from harness import Response
    with t.origin(lambda request: Response(200, body=b"answer %d" % next(answers))) as origin:
        t.write("fastly.toml", '[local_server.backends.origin]\nurl = "%s"\n' % origin.url)
        t.write("a.fiddle", "GET /proxy\n")
        done = t.run("test", "--service", t.guest("rust-abi"), "--net", "real", "--check-determinism", code=1)
    assert_matches(r"two runs with the same seed differ first in event \d+:\n +one: +.*answer \d.*\n +other: +.*answer \d", done.out)


# ---- parts and durations ----


def shards(t, count, *args):
    """The files that each shard runs, and the plan that all of them print."""
    parts, plans = [], set()
    for index in range(1, count + 1):
        done = hello(t, "--shard", "%d/%d" % (index, count), "--reporter", "json", *args, code=0)
        report = json.loads(done.out)
        assert_equal(report["shard"]["files_of_all"], 9)
        plans.add(report["shard"]["plan"])
        parts.append([file["file"] for file in report["files"]])
    assert_equal(len(plans), 1)
    return parts, plans.pop()


@test
def shards_share_the_files_by_how_long_they_take(t):
    for i in range(9):
        t.write("%d.fiddle" % i, HOLDS)
    t.fresh_cache()
    unknown, plan = shards(t, 2)
    assert_equal(sorted(len(part) for part in unknown), [4, 5])
    assert_equal(sorted(unknown[0] + unknown[1]), ["%d.fiddle" % i for i in range(9)])
    t.write("timings", "backlot timings 1\n" + "".join("%d %d.fiddle\n" % (1000 if i == 4 else 10, i) for i in range(9)))
    known, other = shards(t, 2, "--timings", "timings")
    assert_equal(known, [["4.fiddle"], ["%d.fiddle" % i for i in range(9) if i != 4]])
    assert_equal(plan == other, False)
    assert_in("1000 4.fiddle", t.read("timings"))  # a shard leaves them as they are, so that the next has the same plan
    done = hello(t, "--shard", "2/2", "--timings", "timings", code=0)
    assert_matches(r"^shard 2 of 2: 8 of 9 files, plan %s$" % other, done.out)


@test
def a_shard_without_a_file_is_fine(t):
    t.write("a.fiddle", HOLDS)
    done = hello(t, "--shard", "2/2", code=0)
    assert_equal((Summary(done).counts, Summary(done).files), ((0, 0), 0))
    for bad in ("0/2", "3/2", "1", "1/0", "a/b", "1/2/3", "1/1001"):
        assert_in("a part and the number of parts are wanted", hello(t, "--shard", bad, code=2).err)


@test
def durations_are_remembered_for_each_project(t):
    folder = os.path.join(t.fresh_cache(), "timings")
    t.write("one/fastly.toml", "")
    t.write("one/tests/a.fiddle", HOLDS)
    t.write("two/fastly.toml", "")
    t.write("two/b.fiddle", HOLDS)
    hello(t, "one", code=0)
    hello(t, "two", code=0)
    hello(t, code=0, cwd=t.path("one/tests"))
    texts = []
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            texts.append(re.sub(r"^\d+", "N", f.read(), flags=re.MULTILINE))
    assert_equal(sorted(texts), ["backlot timings 1\nN b.fiddle\n", "backlot timings 1\nN tests/a.fiddle\n"])


@test
def durations_that_are_broken_are_told_of_and_made_anew(t):
    t.write("a.fiddle", HOLDS)
    for broken in ("{}", "backlot timings 1\nten a.fiddle\n", b"\xff\0\xfe"):
        t.write("timings", broken)
        done = hello(t, "--timings", "timings", code=0)
        assert_matches(r"^warning: timings: .*; the durations in it are ignored$", done.err)
        assert_matches(r"\Abacklot timings 1\n\d+ a\.fiddle\n\Z", t.read("timings"))
        assert_not_in("warning", hello(t, "--timings", "timings", code=0).err)
    done = hello(t, "--timings", "/dev/full", code=0)
    assert_in("warning: /dev/full: ", done.err)


@test
def what_takes_longest_is_begun_first(t):
    t.write("a.fiddle", HOLDS)
    t.write("z.fiddle", "GET /loop\n")
    t.write("timings", "backlot timings 1\n5 a.fiddle\n1000 z.fiddle\n")
    done = t.run("test", "--service", t.guest("rust-abi"), "--jobs", "1", "--bail", "--timeout", "300ms", "--timings",
                 "timings", code=1)
    assert_equal(Summary(done).counts, (0, 1))
