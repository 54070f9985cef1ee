"""Guests that are broken, greedy or hostile: each ends by its own, with a message, and nobody else notices."""

import contextlib
import os
import random

from harness import Closed, assert_between, assert_equal, assert_in, assert_matches, assert_not_in, test
from results import GUESTS, MANIFEST, Summary
from wasm import COMPONENT_HEAD, DROP, HEAD, I32, I64, call, constant, exits, guest

FAILED_TO_LOAD = (1, 2)


def says(done, *words):
    """An error for people: one that says which file, no crash, no word of our own insides."""
    assert_not_in("internal error", done.output.lower())
    assert_equal(done.code in FAILED_TO_LOAD, True, "the exit code of %r" % (done,))
    for word in words:
        assert_in(word, done.err)
    assert_equal(done.out, "")


def refused(t, path, *words):
    """Every command that loads a guest refuses it and says the same."""
    for command in (["run", path], ["serve", path, "--addr", "127.0.0.1:0"]):
        says(t.run(*command, seconds=60), os.path.basename(path), *words)
    t.write("one.fiddle", "GET /\n")
    done = t.run("test", "--service", path, code=2)
    assert_in(os.path.basename(path), done.out)
    assert_equal(Summary(done).broken, 1)


def left_behind(t):
    """Files that no finished program should leave."""
    return [name for folder, _, names in os.walk(t.dir) for name in names if name.endswith(".tmp")]


# ---- no guests at all ----


@test
def what_is_no_wasm_is_refused(t):
    t.write("empty.wasm", b"")
    t.write("random.wasm", random.Random(3).randbytes(4096))
    t.write("html.wasm", "<!doctype html><title>404</title>")
    t.write("old.wasm", b"\0asm\x02\0\0\0")
    t.write("short.wasm", b"\0as")
    for name in ("empty", "random", "html", "old", "short"):
        refused(t, name + ".wasm", "Expected a valid Wasm file")


@test
def a_folder_a_device_and_nothing_are_refused(t):
    os.mkdir(t.path("folder.wasm"))
    says(t.run("run", "folder.wasm"), "folder")
    says(t.run("run", "/dev/zero"), "/dev/zero")
    says(t.run("run", "/dev/null"), "/dev/null")
    refused(t, "nothing.wasm", "No such file")


@test
def components_are_named_for_what_they_are(t):
    t.write("component.wasm", COMPONENT_HEAD + b"\0" * 100)
    refused(t, "component.wasm", "component")


@test
def two_hundred_megabytes_that_begin_like_wasm_are_refused(t):
    with open(t.write("large.wasm", HEAD), "r+b") as f:
        f.truncate(200 << 20)
    refused(t, "large.wasm", "Expected a valid Wasm file")


@test
def two_hundred_megabytes_of_valid_wasm_run(t):
    """All but a few bytes of it a custom section, which says nothing."""
    size = 200 << 20
    head = exits(7) + b"\0"
    t.write("large.wasm", head + bytes([size & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size >> 14 & 0x7F | 0x80, size >> 21])
            + b"\x04data")
    with open(t.path("large.wasm"), "r+b") as f:
        f.truncate(len(head) + 4 + size)
    assert_equal(t.run("run", "large.wasm", seconds=60).code, 7)


@test
def a_guest_that_is_cut_off_anywhere_is_refused(t):
    with open(t.guest("c-abi"), "rb") as f:
        whole = f.read()
    cuts = random.Random(5)
    places = [8, 9, 10, 100, len(whole) // 2, len(whole) - 1] + [cuts.randrange(8, len(whole)) for _ in range(10)]
    for place in places:
        t.write("cut.wasm", whole[:place])
        done = t.run("run", "cut.wasm")
        # Cut between two sections, what is left may be a module, without an entry point or the names of functions.
        if done.code not in (0, 134):
            says(done)
        assert_not_in("internal error", done.err.lower())
    with open(t.guest("rust-hello"), "rb") as f:
        t.write("cut.wasm", f.read()[:300000])
    refused(t, "cut.wasm", "Expected a valid Wasm file")


@test
def a_guest_with_flipped_bits_is_refused_or_run(t):
    with open(t.guest("c-hello"), "rb") as f:
        whole = bytearray(f.read())
    flips = random.Random(7)
    for _ in range(30):
        broken = bytearray(whole)
        for _ in range(flips.randrange(1, 4)):
            broken[flips.randrange(8, len(broken))] ^= 1 << flips.randrange(8)
        t.write("flipped.wasm", bytes(broken))
        t.write("one.fiddle", "GET /\n")
        done = t.run("test", "--service", "flipped.wasm", "--timeout", "2s")
        assert_between(0, done.code, 2)
        assert_not_in("worker process crash", done.out)


# ---- guests that do not fit ----


@test
def imports_that_nobody_has_are_listed(t):
    for name in ("wat-unknown-import", "wat-unknown-import-unused"):
        refused(t, t.guest(name), "unknown_module.unknown_function", "--unknown-import-behavior=trap")
    t.write("many.wasm", guest(b"", [("host", "function-%d" % i, [I32], []) for i in range(500)]))
    refused(t, "many.wasm", "host.function-0, host.function-1", "…")


@test
def unknown_imports_may_trap_when_they_are_called(t):
    done = t.run("run", "--unknown-import-behavior=trap", t.guest("wat-unknown-import"), code=134)
    assert_in("unknown_function", done.err)
    t.run("run", "--unknown-import-behavior=trap", t.guest("wat-unknown-import-unused"), code=0)


@test
def an_import_of_another_type_is_refused(t):
    refused(t, t.guest("wat-wrong-import"), "fastly_http_resp", "new")
    t.write("wrong.wasm", guest(b"", [("wasi_snapshot_preview1", "proc_exit", [I64], [I32])]))
    refused(t, "wrong.wasm", "proc_exit")


@test
def too_much_memory_and_too_large_tables_are_refused(t):
    refused(t, t.guest("wat-huge-memory"), "256 MiB", "128")
    refused(t, t.guest("wat-huge-table"), "1000000", "98765")


@test
def a_module_without_an_entry_point_is_no_guest(t):
    done = t.run("run", t.guest("wat-no-start"))
    says(done, "_start")
    for command in (["run"], ["serve", "--addr=127.0.0.1:0"]):
        done = t.run(*command, t.guest("wat-wrong-start"), code=2)
        assert_in("the guest's `_start` takes 1 parameters and gives 0 results", done.err)
    t.write("one.fiddle", "GET /\n")
    for name in ("wat-no-start", "wat-wrong-start"):
        assert_equal(t.run("test", "--service", t.guest(name)).code in (1, 2), True)


@test
def a_guest_without_memory_may_not_call_what_needs_it(t):
    assert_in("exports no memory", t.run("run", t.guest("wat-no-memory"), code=134).err)


@test
def a_trap_before_the_entry_point_is_a_trap(t):
    assert_in("unreachable", t.run("run", t.guest("wat-start-trap"), code=134).err)


EXCEPTION = """(module (memory (export "memory") 2) (data (i32.const 100) "hello") (tag $e (param i32))
  (func (export "_start")
    (block $b (result i32) (try_table (catch $e $b) (throw $e (i32.const 7))) (i32.const 0))
    (if (i32.ne (i32.const 7)) (then unreachable))))"""
COLLECTED = """(module (memory (export "memory") 2) (data (i32.const 100) "hello") (type $s (struct (field i32)))
  (func (export "_start") (local i32)
    (loop $l (drop (struct.new $s (i32.const 1)))
      (local.set 0 (i32.add (local.get 0) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get 0) (i32.const 100000))))))"""
REFERENCES = {
    "a global": """(module (memory (export "memory") 2) (data (i32.const 100) "hello")
        (global $g (mut externref) (ref.null extern))
        (func (export "_start") (global.set $g (ref.null extern))))""",
    "a table": """(module (memory (export "memory") 2) (data (i32.const 100) "hello") (table $t 10 externref)
        (func (export "_start") (table.set $t (i32.const 1) (ref.null extern))))""",
    "no memory": """(module (table $t 10 externref) (func (export "_start") (drop (table.get $t (i32.const 0)))))""",
}


@test
def exceptions_and_collected_objects_are_allowed_by_their_options(t):
    for text, option in ((EXCEPTION, "--wasm-exceptions"), (COLLECTED, "--wasm-gc")):
        name = t.write("guest.wat", text)
        assert_in(option + " allows it", t.run("run", name, code=2).err)
        t.run("run", option, name, code=0)
        with t.serve(name, option) as edge:
            assert_equal([edge.get("/").status for _ in range(3)], [200] * 3)


@test
def external_references_need_no_option(t):
    for text in REFERENCES.values():
        name = t.write("guest.wat", text)
        t.run("run", name, code=0)
        with t.serve(name) as edge:
            assert_equal([edge.get("/").status for _ in range(3)], [200] * 3)


# ---- guests that want too much ----


@test
def memory_has_an_end(t):
    """The guest itself checks that it got between 64 and 128 MiB, and is told -1 behind that."""
    t.run("run", t.guest("wat-grow"), code=0)


def fails(t, name, path, *options):
    t.write("one.fiddle", "GET %s\n" % path)
    return t.run("test", "-C", MANIFEST, "--service", t.guest(name), *options, "one.fiddle", code=1).out


@test
def languages_end_when_their_memory_does(t):
    out = fails(t, "rust-abi", "/grow")
    assert_in("memory allocation of", out)
    assert_in("failures::grow", out)


@test
def stacks_have_an_end(t):
    for name, function in (("rust-abi", "recurse::deeper"), ("go-abi", "main.deeper"), ("as-abi", "index/deeper")):
        out = fails(t, name, "/recurse")
        assert_in("the service crashed", out)
        assert_in(function, out)


@test
def every_kind_of_endless_loop_can_be_stopped(t):
    for name in ("rust-abi", "js-abi", "go-abi", "wat-loop"):
        assert_in("took longer than 0.3 s", fails(t, name, "/loop", "--timeout", "300ms"))


# ---- guests that lie ----

HOSTILE = ["/buffers", "/handles", "/values", "/pointers", "/many-headers/10000", "/many-headers/100", "/twice"] + \
    ["/pointers/%d" % i for i in range(10)] + ["/values/%d" % i for i in range(11)]


@test
def forged_handles_pointers_and_values_are_refused_in_memory(t):
    t.write("one.fiddle", "".join("test %s\nGET %s\n  clientFetch.status is 200\n" % (path, path) for path in HOSTILE))
    done = t.run("test", "-C", MANIFEST, "--service", t.guest("c-abi"), code=0)
    assert_equal(Summary(done).counts, (len(HOSTILE), 0))


@test
def forged_handles_pointers_and_values_are_refused_over_http(t):
    with t.serve(t.guest("c-abi"), "-C", MANIFEST, cwd=GUESTS) as edge, edge.connect() as connection:
        for path in HOSTILE:
            response = connection.request("GET", path)
            assert_equal(response.status, 200, "%s: %s" % (path, response.text))
            assert_not_in("accepted", response.text)
        assert_equal(len([name for name in connection.request("GET", "/many-headers/10000").headers.names()
                          if name.startswith("x-")]), 10000)


@test
def ten_thousand_handles_are_held_and_more_than_may_be_are_refused(t):
    with t.serve(t.guest("c-abi"), "-C", MANIFEST, cwd=GUESTS) as edge, edge.connect() as connection:
        assert_equal(connection.request("GET", "/hold/10000").text,
                     "10000 handles, then ok; 10000 held what was put into them\n")
        before = edge.memory_kb()
        for _ in range(20):
            assert_matches(r"655\d\d handles, then limitexceeded; (655\d\d) held", connection.request("GET", "/hold/99999").text)
        # Nothing of an invocation stays, or it would be a gigabyte; the room is for what a sanitizer keeps.
        assert_between(-before, edge.memory_kb() - before, 600 * 1024)
    t.write("one.fiddle", "GET /hold\n  clientFetch.bodyText is \"10000 handles, then ok; 10000 held what was put into them\\n\"\n")
    assert_equal(Summary(t.run("test", "-C", MANIFEST, "--service", t.guest("c-abi"), "one.fiddle", code=0)).counts, (1, 0))


@test
def a_body_that_was_sent_can_not_be_written_any_more(t):
    """wasm.py's guest: resp_new, body_new, send_downstream, then body_write's status is the exit code."""
    imports = [("wasi_snapshot_preview1", "proc_exit", [I32], []),
               ("fastly_http_resp", "new", [I32], [I32]),
               ("fastly_http_body", "new", [I32], [I32]),
               ("fastly_http_resp", "send_downstream", [I32, I32, I32], [I32]),
               ("fastly_http_body", "write", [I32, I32, I32, I32, I32], [I32])]
    load = lambda address: constant(address) + b"\x28\x02\0"
    code = (constant(0) + call(1) + DROP + constant(4) + call(2) + DROP
            + load(0) + load(4) + constant(0) + call(3) + DROP
            + load(4) + constant(8) + constant(1) + constant(0) + constant(12) + call(4) + call(0))
    t.write("late.wasm", guest(code, imports))
    bad_handle = 3
    assert_equal(t.run("run", "late.wasm").code, bad_handle)
    with t.serve("late.wasm") as edge:
        assert_equal(edge.get("/").status, 200)
        edge.wait_for("exit code|exited with code 3")


# ---- others do not notice ----


@test
def serving_goes_on_after_every_death(t):
    deaths = {
        "rust-abi": ["/panic", "/panic-after-response", "/recurse", "/grow", "/exit/3", "/exit/3?respond", "/silent",
                     "/stream-abandon", "/error"],
        "js-abi": ["/throw", "/reject", "/throw-after-response", "/silent", "/stream-error", "/recurse"],
        "go-abi": ["/panic", "/exit/3", "/recurse"],
        "as-abi": ["/abort", "/exit/3", "/recurse"],
        "c-abi": ["/trap", "/exit/3", "/silent", "/twice"],
    }
    for name, paths in deaths.items():
        with t.serve(t.guest(name), "-C", MANIFEST, cwd=GUESTS) as edge:
            for path in paths:
                with contextlib.suppress(OSError, Closed):
                    edge.get(path)
                assert_equal(edge.get("/").status, 200, "%s after %s\n%s" % (name, path, edge.err))
            assert_not_in("internal error", edge.err.lower())


@test
def a_guest_that_spins_holds_nobody_up(t):
    with t.serve(t.guest("rust-abi")) as edge:
        spinning = edge.connect()
        spinning.send("GET /loop HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in range(5):
            assert_equal(edge.get("/resp").text, "ok\n418\n")
        spinning.reset()
        for _ in range(5):
            assert_equal(edge.get("/resp").text, "ok\n418\n")
        # Nobody is left to hear the answer, yet the guest may go on: ending the server must not wait for it.
        edge.process.terminate()
        edge.process.terminate()


@test
def nothing_is_left_behind(t):
    t.fresh_cache()
    t.write("broken.wasm", exits(1)[:-1])
    t.write("good.wasm", exits(9))
    t.run("run", "broken.wasm")
    assert_equal(t.run("run", "good.wasm").code, 9)
    assert_equal(t.run("run", "good.wasm").code, 9)
    t.run("run", t.guest("wat-trap"), code=134)
    assert_equal(left_behind(t), [])
