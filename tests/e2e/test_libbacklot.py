"""libbacklot from outside: what it exports, how it is installed, and the examples in other languages, which are tests."""

import glob
import os
import re
import shutil
import subprocess
import sys

import harness
from harness import ROOT, Failure, assert_equal, assert_in, assert_matches, test

HEADER = os.path.join(ROOT, "include/backlot.h")
EXAMPLE = os.path.join(ROOT, "examples/embed-c/todo_test.c")
STRICT = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror"]


def build_folder():
    return os.path.dirname(os.path.abspath(harness.settings.backlot))


def library_folder(t):
    if harness.sanitized():
        t.skip("a library with a sanitizer is not for programs without", optional=True)
    folder = os.path.join(build_folder(), "src")
    if not os.path.exists(os.path.join(folder, "libbacklot.so")):
        raise Failure("there is no libbacklot.so in %s" % folder)
    return folder


def need(t, program):
    if not shutil.which(program):
        t.skip("there is no %s" % program)
    return program


def run(t, command, cwd=None, env=(), code=0):
    full = {"PATH": os.environ["PATH"], "HOME": t.work, "XDG_CACHE_HOME": t.cache or t.path("cache"), **dict(env)}
    for name in ("RUSTUP_TOOLCHAIN", "RUSTUP_HOME", "CARGO_HOME"):
        if name in os.environ:
            full[name] = os.environ[name]
    if "RUSTUP_HOME" not in full and "HOME" in os.environ:
        full.setdefault("CARGO_HOME", os.path.join(os.environ["HOME"], ".cargo"))
        full["RUSTUP_HOME"] = os.path.join(os.environ["HOME"], ".rustup")
    done = subprocess.run(command, cwd=cwd or t.work, env=full, capture_output=True, text=True, timeout=600, check=False)
    t.notes.append("%s: %r\n%s\n%s" % (" ".join(command), done.returncode, done.stdout, done.stderr))
    assert_equal(done.returncode, code, done.stdout[-3000:] + done.stderr[-3000:])
    return done


def wasmtime_folder():
    """Where the linker finds the library's own library, before anything is installed."""
    found = glob.glob(os.path.join(ROOT, "build/deps/wasmtime-*/lib")) + [os.environ.get("WASMTIME_C_API", "") + "/lib"]
    return next((folder for folder in found if os.path.exists(os.path.join(folder, "libwasmtime.so"))), "/usr/lib")


def compile_here(t, source, out):
    folder = library_folder(t)
    run(t, [need(t, "cc"), *STRICT, "-I" + os.path.join(ROOT, "include"), source, "-o", out, "-L" + folder, "-lbacklot",
            "-Wl,-rpath," + folder, "-Wl,-rpath-link," + wasmtime_folder()])
    return out


def declared():
    """The functions of the header."""
    with open(HEADER, encoding="utf-8") as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    return set(re.findall(r"\bBL_API\b[^;]*?\b(bl_\w+)\s*\(", text))


# ---- what it shows ----


@test
def exactly_what_the_header_declares_is_exported(t):
    folder = library_folder(t)
    out = run(t, [need(t, "nm"), "-D", "--defined-only", os.path.join(folder, "libbacklot.so")]).stdout
    exported = {line.split()[-1].split("@")[0] for line in out.splitlines() if " A " not in line}
    assert_equal(exported, declared())
    out = run(t, ["nm", "-g", "--defined-only", os.path.join(folder, "libbacklot.a")]).stdout
    assert_equal({line.split()[-1] for line in out.splitlines() if len(line.split()) == 3}, declared())


@test
def the_header_is_c99_and_cplusplus(t):
    source = t.write("only.c", '#include <backlot.h>\n#include <backlot.h>\nint main(void) { return bl_version() == 0; }\n')
    include = "-I" + os.path.join(ROOT, "include")
    run(t, [need(t, "cc"), *STRICT, include, "-fsyntax-only", source])
    run(t, [need(t, "c++"), "-std=c++11", "-pedantic", "-Wall", "-Wextra", "-Werror", include, "-fsyntax-only", "-x", "c++",
            source])


# ---- the examples ----


@test
def the_example_in_c_passes(t):
    program = compile_here(t, EXAMPLE, t.path("todo_test"))
    assert_in("5 tests, 0 failures", run(t, [program, t.guest("rust-todo")]).stdout)


@test
def the_example_in_python_passes(t):
    folder = library_folder(t)
    done = run(t, [sys.executable, "-B", "-m", "unittest", "-v"], cwd=os.path.join(ROOT, "examples/embed-python"),
               env={"BACKLOT_LIB": os.path.join(folder, "libbacklot.so"), "BACKLOT_TODO_WASM": t.guest("rust-todo")})
    assert_matches(r"Ran 8 tests .*\n\nOK", done.stderr)


@test
def the_example_in_rust_passes_by_cargo_test(t):
    folder = library_folder(t)
    done = run(t, [need(t, "cargo"), "test", "--offline", "--locked"], cwd=os.path.join(ROOT, "examples/embed-rust"),
               env={"BACKLOT_LIB_DIR": folder, "BACKLOT_TODO_WASM": t.guest("rust-todo"),
                    "CARGO_TARGET_DIR": os.path.join(build_folder(), "embed-rust")})
    assert_in("test result: ok. 6 passed; 0 failed;", done.stdout)


@test
def the_page_of_the_documentation_compiles_and_prints_what_it_says(t):
    with open(os.path.join(ROOT, "docs/libbacklot.md"), encoding="utf-8") as f:
        text = f.read()
    example = text[text.index("<!-- example: begin -->"):text.index("<!-- example: end -->")]
    source, output = re.findall(r"^```c?\n(.*?)^```$", example, re.M | re.S)
    program = compile_here(t, t.write("page.c", source), t.path("page"))
    assert_equal(run(t, [program, t.guest("rust-todo")]).stdout, output)


# ---- installed ----


@test
def installed_it_is_found_by_pkg_config_shared_and_static(t):
    library_folder(t)
    need(t, "pkg-config")
    root = t.path("root")
    run(t, [need(t, "meson"), "install", "-C", build_folder(), "--no-rebuild", "--quiet", "--destdir", root])
    (config,) = glob.glob(root + "/**/backlot.pc", recursive=True)
    env = {"PKG_CONFIG_PATH": os.path.dirname(config), "PKG_CONFIG_SYSROOT_DIR": root}
    libdir = os.path.dirname(os.path.dirname(config))
    for name in ("include/backlot.h", "lib/libbacklot.so.0", "lib/libbacklot.a"):
        assert_equal(len(glob.glob("%s/**/%s" % (root, name), recursive=True)), 1, name)
    flags = run(t, ["pkg-config", "--cflags", "--libs", "backlot"], env=env).stdout.split()
    run(t, [need(t, "cc"), *STRICT, EXAMPLE, "-o", "shared", *flags, "-Wl,-rpath," + libdir])
    assert_in("5 tests, 0 failures", run(t, [t.path("shared"), t.guest("rust-todo")]).stdout)
    flags = run(t, ["pkg-config", "--static", "--cflags", "--libs", "backlot"], env=env).stdout.split()
    flags = ["-l:libbacklot.a" if flag == "-lbacklot" else flag for flag in flags]
    run(t, ["cc", *STRICT, EXAMPLE, "-o", "static", *flags, "-Wl,-rpath," + os.path.join(libdir, "backlot")])
    assert_in("5 tests, 0 failures", run(t, [t.path("static"), t.guest("rust-todo")]).stdout)
