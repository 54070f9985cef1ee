"""The command line as a stranger meets it: help, mistakes, looking at guests, the code cache, manual and completion."""

import json
import os
import shutil
import socket
import subprocess

import harness
from harness import assert_equal, assert_in, assert_matches, assert_not_in, test

COMMANDS = ["test", "serve", "run", "inspect", "cache", "help"]


def tool(t, name):
    if not shutil.which(name):
        t.skip("there is no %s" % name)
    return name


def ask(*command, **options):
    """A program that is not ours; its output, and that it ended well."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, **options)
    assert_equal((done.returncode, done.stderr), (0, ""), " ".join(command))
    return done.stdout


def as_viceroy(t):
    link = t.path("viceroy")
    os.symlink(os.path.abspath(harness.settings.backlot), link)
    return link


# ---- help and version ----


@test
def the_version_is_one_line(t):
    done = t.run("--version", code=0)
    assert_matches(r"\Abacklot \d+\.\d+\.\d+ \(wasmtime \d+\.\d+\.\d+\)\n\Z", done.out)


@test
def help_lists_the_commands(t):
    done = t.run("--help", code=0)
    for command in COMMANDS:
        assert_matches(r"^  %s " % command, done.out)
    assert_equal(done.err, "")


@test
def every_command_has_help_by_three_ways(t):
    for command in COMMANDS:
        long = t.run("help", command, code=0).out
        assert_equal(t.run(command, "--help", code=0).out, long)
        assert_in("Usage: backlot %s " % command, t.run(command, "-h", code=0).out)


@test
def no_colours_into_a_pipe_unless_asked_for(t):
    assert_not_in("\033", t.run("help", env={"NO_COLOR": None}, code=0).out)
    assert_in("\033", t.run("help", "--color=always", code=0).out)


# ---- mistakes ----


@test
def nothing_at_all_shows_the_usage(t):
    done = t.run(code=2)
    assert_in("Usage:", done.err)
    assert_equal(done.out, "")


@test
def mistakes_name_what_is_wrong_and_what_was_meant(t):
    guest = t.write("a.wat", '(module (func (export "_start")))')
    for args, part in [
        (["serve", "--no-such-option", guest], "--no-such-option"),
        (["serve", "--log-stdou", guest], "did you mean '--log-stdout'?"),
        (["--addr", "999.0.0.1:7676", guest], "invalid socket address syntax"),
        (["--profile", "nonsense", guest], "profiling strategy"),
        (["test", "--reporter", "xml"], "possible values: pretty, tap, junit, json, github"),
        (["run", "--addr", "127.0.0.1:1", guest], "--addr is no option of 'run', but of 'serve'"),
        (["run", "--config"], "--config needs a value"),
        (["inspect"], "no Wasm file is given"),
        (["inspekt"], "did you mean the command 'inspect'?"),
    ]:
        done = t.run(*args, code=2)
        assert_in(part, done.err)
        assert_equal(done.out, "")


@test
def what_is_not_supported_is_refused(t):
    guest = t.write("a.wat", '(module (func (export "_start")))')
    for option in ["--wasm-cm-gc", "--experimental_modules=wasi-nn"]:
        for command in ["serve", "run"]:
            assert_in("is not supported yet: ", t.run(command, option, guest, code=2).err)
    t.run("run", "--enable-local-websocket-passthrough=false", "--local-pushpin-proxy-port=1", guest, code=0)


@test
def an_input_is_looked_at_before_anything_starts(t):
    t.write("bad.wat", "This is not a valid wat file\n")
    t.write("cut.wasm", b"\0asm")
    for command in [[], ["serve"], ["run"], ["inspect"]]:
        assert_in("No such file or directory", t.run(*command, "not/there", code=2).err)
        assert_in("Expected a valid Wasm file", t.run(*command, "bad.wat", code=2).err)
        assert_in("Expected a valid Wasm file", t.run(*command, "cut.wasm", code=2).err)
    assert_in("this is a folder", t.run("run", ".", code=2).err)


@test
def a_full_disk_behind_the_output_is_a_failure(t):
    if not os.path.exists("/dev/full"):
        t.skip("there is no /dev/full")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([harness.settings.backlot, "help", "--man"], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert_equal(done.returncode, 3)
    assert_in(b"could not be written", done.stderr)


# ---- by Viceroy's name ----


@test
def called_viceroy_it_answers_to_that_name(t):
    viceroy = as_viceroy(t)
    assert_matches(r"^viceroy \d+\.\d+", ask(viceroy, "--version"))
    assert_in("Usage: viceroy run ", ask(viceroy, "run", "--help"))
    assert_in("Usage: viceroy adapt ", ask(viceroy, "adapt", "--help"))


# ---- inspect ----


@test
def inspect_knows_every_sdk(t):
    for guest, sdk in [("rust-hello", "rust"), ("js-hello", "js"), ("go-abi", "go"), ("as-hello", "as"), ("c-hello", "c")]:
        done = t.run("inspect", "--json", t.guest(guest))
        report = json.loads(done.out)
        assert_equal(report["sdk"], sdk, guest)
        assert_equal((report["format"], report["start"], report["fastly_abi"]), ("module", "_start", 1), guest)
        assert_equal(report["states"]["unknown"] + report["states"]["mistyped"], 0, guest)
        assert_equal(len(report["imports"]), sum(report["states"].values()), guest)
        assert_equal(done.code, 1 if report["not_supported"] else 0, guest)


@test
def inspect_groups_imports_by_module(t):
    done = t.run("inspect", t.guest("c-hello"), code=0)
    assert_in("  fastly_http_resp\n    done      new\n", done.out)
    assert_in("All it needs is supported.", done.out)


@test
def inspect_agrees_with_run_about_what_is_refused(t):
    for guest in ["wat-unknown-import", "wat-wrong-import", "wat-no-start", "wat-huge-memory"]:
        path = t.guest(guest)
        assert_in("Not supported:", t.run("inspect", path, code=1).out)
        assert_equal(t.run("run", path).code == 0, False, guest)


@test
def inspect_says_what_a_damaged_file_lacks(t):
    with open(t.guest("rust-hello"), "rb") as f:
        whole = f.read()
    for size in [9, 100, 1000, len(whole) - 1]:
        with open(t.path("cut.wasm"), "wb") as f:
            f.write(whole[:size])
        assert_in("cut.wasm: damaged: ", t.run("inspect", t.path("cut.wasm"), code=2).err)


# ---- the code cache ----


@test
def the_cache_is_listed_and_cleared(t):
    folder = t.fresh_cache()
    assert_equal(t.run("cache", "path", code=0).out, folder + "\n")
    assert_in("0 guests", t.run("cache", code=0).out)
    t.run("run", t.guest("rust-noop"), code=0)
    listed = json.loads(t.run("cache", "ls", "--json", code=0).out)
    assert_equal((listed["folder"], len(listed["entries"])), (folder, 1))
    assert_in("1 guest", t.run("cache", code=0).out)
    assert_in("removed 1 guest", t.run("cache", "clear", code=0).out)
    assert_in("0 guests", t.run("cache", "ls", code=0).out)
    t.run("run", t.guest("rust-noop"), code=0)


@test
def without_a_home_there_is_no_cache_and_all_else_works(t):
    env = {"HOME": None, "XDG_CACHE_HOME": None}
    assert_in("neither XDG_CACHE_HOME nor HOME", t.run("cache", env=env, code=2).err)
    t.run("run", t.guest("wat-minimal"), env=env, code=0)


# ---- ports ----


@test
def an_ipv6_address_is_listened_on(t):
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
    except OSError:
        t.skip("there is no IPv6")
    with t.background("serve", "--addr", "[::1]:0", t.guest("wat-respond")) as running:
        running.wait_for(r"listening on http://\[::1\]:\d+")


# ---- manual and completion ----


@test
def the_manual_page_renders_without_warnings(t):
    man = tool(t, "man")
    t.write("backlot.1", t.run("help", "--man", code=0).out)
    page = ask(man, "--warnings", "-l", t.path("backlot.1"), env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
    for command in COMMANDS:
        assert_in("backlot %s" % command, page)
    assert_in("--unknown-import-behavior", page)


def completed(t, shell, script, line):
    """What a shell offers for a command line, in its own order."""
    words = line.split(" ")
    if shell == "bash":
        program = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _backlot; '
                   'printf "%s\\n" "${COMPREPLY[@]}"')
        return ask("bash", "--norc", "-c", program, "bash", script, *words, cwd=t.path(".")).split()
    offered = ask("fish", "--no-config", "-c", 'source $argv[1]; complete -C $argv[2]', script, line, cwd=t.path("."))
    return [row.split("\t")[0] for row in offered.splitlines()]


def completes(t, shell):
    tool(t, shell)
    t.write("script", t.run("help", "--completion", shell, code=0).out)
    script = t.path("script")
    t.write("guest.wasm", "")
    for line, expected in [
        ("backlot te", ["test"]),
        ("backlot test --st", ["--strict"]),
        ("backlot test --net ", ["none", "real", "record", "replay", "verify"]),
        ("backlot cache ", ["clear", "ls", "path"]),
        ("backlot help ins", ["inspect"]),
        ("backlot run gue", ["guest.wasm"]),
        ("backlot run -C gue", ["guest.wasm"]),
        ("backlot --add", ["--addr"]),
        ("backlot run --add", []),
        ("backlot run --wasm-cm", []),  # it is refused, so it is not offered
    ]:
        assert_equal(sorted(completed(t, shell, script, line)), expected, line)


@test
def bash_completes(t):
    completes(t, "bash")


@test
def fish_completes(t):
    completes(t, "fish")


@test
def zsh_can_read_its_completion(t):
    zsh = tool(t, "zsh")
    t.write("_backlot", t.run("help", "--completion", "zsh", code=0).out)
    ask(zsh, "-f", "-n", t.path("_backlot"))
    ask(zsh, "-f", "-c", 'fpath=($1 $fpath); autoload -U compinit; compinit -u -D; [[ $_comps[backlot] == _backlot ]]',
        "zsh", t.path("."))


@test
def commands_and_options_that_are_nearly_right_are_named(t):
    assert_in("tset: No such file or directory; did you mean the command 'test'?", t.run("tset", code=2).err)
    assert_in("unknown option '-t'; tests are chosen by their names with '--filter RE'", t.run("test", "-t", "x", code=2).err)
