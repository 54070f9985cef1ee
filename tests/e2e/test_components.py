"""Guests of the component model, made by an SDK or adapted from core modules: the same host calls behind another door."""

import os

from harness import assert_equal, assert_in, assert_matches, test
from results import MANIFEST
from test_guests import suite

START = '(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)'


def needs_adapter(t):
    """Skips the test where Backlot was built without Fastly's adapter."""
    t.write("least.wat", START + ' (func (export "_start")))')
    done = t.run("adapt", "-o", "least.wasm", "least.wat")
    if "built without Fastly's adapter" in done.err:
        t.skip("this Backlot was built without Fastly's adapter: tools/get-adapter")


def adapted(t, guest):
    needs_adapter(t)
    path = t.path("adapted.wasm")
    t.run("adapt", "-o", path, guest, code=0)
    return path


# ---- made by an SDK ----


@test
def the_component_guest_passes_its_suite(t):
    suite(t, "rust-component", "rust-component/tests", tests=22)


@test
def a_component_is_served(t):
    with t.serve("-C", MANIFEST, t.guest("rust-component"), cwd=os.path.dirname(MANIFEST)) as edge:
        assert_equal(edge.get("/hello").text, "Hello from a component!")
        assert_equal(edge.post("/echo", b"x" * 300000).text, "POST HttpVersion::Http11\n" + "x" * 300000)
        assert_in("wasm trap", edge.get("/panic").text)
        assert_in("the component answered with an error", edge.get("/fail").text)
        assert_in("the guest exited with code 1", edge.get("/exit").text)
        assert_equal(edge.get("/hello").status, 200)
        assert_in("first: LookupState(MUST_INSERT_OR_UPDATE)\npart: yte\n", edge.get("/cache").text)
        assert_in("first: LookupState(FOUND | USABLE)\npart: \n", edge.get("/cache").text)
        edge.wait_for("as it was told")


@test
def a_component_cannot_run_for_ever(t):
    t.write("fastly.toml", "manifest_version = 3\nname = \"x\"\n")
    t.write("few.toml", "cpu = \"100ms\"\n")
    with t.serve("-C", "fastly.toml", "--limits=enforce", "--limits-profile=./few.toml", t.guest("rust-component")) as edge:
        done = edge.get("/spin")
        assert_equal(done.status, 503)
        assert_in("CPU time", done.text)
        assert_equal(edge.get("/hello").status, 200)


@test
def a_component_is_compiled_once(t):
    t.fresh_cache()
    t.write("hello.fiddle", "GET /hello\n  clientFetch.status is 200\n")
    for _ in range(3):
        t.run("test", "--service", t.guest("rust-component"), "hello.fiddle", code=0)
    assert_in("1 guest", t.run("cache", "ls", code=0).out)


@test
def a_component_is_inspected(t):
    out = t.run("inspect", t.guest("rust-component"), code=0).out
    assert_in("exports  fastly:compute/http-incoming@0.1.0", out)
    assert_matches(r"done +fastly:compute/kv-store@0\.1\.0", out)
    assert_in("All it needs is supported.", out)


@test
def a_component_that_imports_what_there_is_not_is_refused(t):
    t.write("odd.wat", '(component (import "fastly:compute/log@0.1.0" (instance (export "no-such" (func))))'
                       ' (import "other:world/thing@1.0.0" (instance (export "f" (func)))))')
    err = t.run("run", "odd.wat", code=2).err
    assert_in("fastly:compute/log@0.1.0 no-such, other:world/thing@1.0.0 f", err)
    assert_in("--unknown-import-behavior=trap", err)
    t.write("empty.wat", "(component)")
    assert_in("exports neither fastly:compute/http-incoming@0.1.0 nor wasi:cli/run@0.2", t.run("run", "empty.wat", code=2).err)


# ---- adapted ----


@test
def an_adapted_go_guest_passes_its_suite(t):
    """But for what Fastly's adapter does not carry over: a response used again after hints, and the status of a name that
    is not there."""
    guest = adapted(t, t.guest("go-abi"))
    t.run("test", "-C", MANIFEST, "--service", guest, "--strict", "--filter", "^(?!.*(sends hints|is told what is wrong))",
          os.path.join(os.path.dirname(MANIFEST), "go/tests/guest.fiddle"), code=0)


@test
def an_adapted_c_guest_passes_its_suite(t):
    """But for what it may not do: there the adapter reads a bad pointer or number before the host can."""
    guest = adapted(t, t.guest("c-abi"))
    t.run("test", "-C", MANIFEST, "--service", guest, "--strict", "--filter", "^(?!.*may not)",
          os.path.join(os.path.dirname(MANIFEST), "c/tests/abi.fiddle"), code=0)


@test
def guests_are_adapted_as_they_start(t):
    needs_adapter(t)
    for guest, said in (("rust-hello", "Hello from rust!"), ("as-hello", "Hello from AssemblyScript!"), ("c-hello", "Hello from C!")):
        with t.serve("--adapt", t.guest(guest)) as edge:
            assert_equal(edge.get("/").text, said)


@test
def run_adapts_and_gives_the_exit_code(t):
    needs_adapter(t)
    t.write("a.wat", START + ' (func (export "_start") (call $exit (i32.const 0))))')
    t.run("run", "--adapt", "a.wat", code=0)
    t.write("b.wat", START + ' (func (export "_start") unreachable))')
    t.run("run", "--adapt", "b.wat", code=134)
    # What is a component already runs as it is.
    t.run("adapt", "a.wat", code=0)
    t.run("run", "--adapt", "a.component.wasm", code=0)


@test
def adapt_names_its_output_and_what_is_wrong(t):
    needs_adapter(t)
    t.write("in/a.wat", START + ' (func (export "_start")))')
    done = t.run("adapt", "-v", "in/a.wat", code=0)
    assert_in("a.component.wasm: a component of", done.err)
    assert_in("a.component.wasm", os.listdir(t.path("")))
    assert_in("this is a component already", t.run("adapt", "a.component.wasm", code=2).err)
    for module, why in (
            ("(module)", "exports no function `_start`"),
            ('(module (func (export "_start")))', "no memory of its own"),
            ('(module (import "fastly_x" "y" (func)) (memory (export "memory") 1) (func (export "_start")))', "fastly_x.y"),
            ('(module (memory (export "memory") 1) (memory 1) (func (export "_start")))', "several memories"),
            ('(module (memory (export "memory") i64 1) (func (export "_start")))', "a 64-bit memory")):
        t.write("bad.wat", module)
        assert_in(why, t.run("adapt", "bad.wat", code=2).err)
    assert_in("Expected a valid Wasm file", t.run("adapt", t.write("c.wasm", "nothing") or "c.wasm", code=2).err)
    assert_in("/no/where", t.run("adapt", "-o", "/no/where/a.wasm", "in/a.wat", code=2).err)


@test
def an_adapted_guest_does_not_see_that_its_memory_was_moved(t):
    """Loads, stores, data, sizes, growth, copies and fills are as before; the guest says 7 when all are."""
    needs_adapter(t)
    t.write("memory.wat", START + """
      (data (i32.const 8) "data") (data $passive "passive")
      (func $check (param i32) (if (i32.eqz (local.get 0)) (then (call $exit (i32.const 9)))))
      (func (export "_start")
        (call $check (i32.eq (memory.size) (i32.const 1)))
        (call $check (i32.eq (i32.load (i32.const 8)) (i32.const 0x61746164)))
        (call $check (i32.eq (memory.grow (i32.const 2)) (i32.const 1)))
        (call $check (i32.eq (memory.size) (i32.const 3)))
        (call $check (i32.eq (memory.grow (i32.const 65000)) (i32.const -1)))
        (memory.fill (i32.const 100000) (i32.const 7) (i32.const 10))
        (call $check (i32.eq (i32.load8_u (i32.const 100009)) (i32.const 7)))
        (memory.copy (i32.const 100100) (i32.const 8) (i32.const 4))
        (call $check (i32.eq (i32.load offset=100000 (i32.const 100)) (i32.const 0x61746164)))
        (memory.init $passive (i32.const 200) (i32.const 0) (i32.const 7))
        (call $check (i32.eq (i32.load8_u (i32.const 206)) (i32.const 0x65)))
        (v128.store (i32.const 304) (v128.const i64x2 1 2))
        (call $check (i64.eq (i64x2.extract_lane 1 (v128.load (i32.const 304))) (i64.const 2)))
        (call $exit (i32.const 0))))""")
    t.run("run", "memory.wat", code=0)
    t.run("run", "--adapt", "memory.wat", code=0)
