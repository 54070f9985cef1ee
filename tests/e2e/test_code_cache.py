"""Compiled code that is kept between runs: nothing that happens to the folder makes a wrong, slow or failing start."""

import json
import os
import shutil
import signal
import subprocess
import time

import harness
from harness import Finished, assert_equal, assert_in, assert_matches, assert_not_in, test
from wasm import LOAD, call, constant, exits, guest, I32


def names(folder, ending):
    return sorted(name for name in os.listdir(folder) if name.endswith(ending))


def only(folder, ending):
    found = [name for name in names(folder, ending) if not name.startswith("source-")]
    assert_equal(len(found), 1, "%s in %r" % (ending, os.listdir(folder)))
    return os.path.join(folder, found[0])


def long_ago(path):
    """Makes a file look as if it had not been touched for two hours, but for its ctime, which nobody can set."""
    os.utime(path, (time.time() - 7200, time.time() - 7200))


def kept(t, code=5):
    """A cache folder that holds the code of the file exit.wasm and nothing else."""
    folder = t.fresh_cache()
    t.write("exit.wasm", exits(code))
    assert_equal(t.run("run", "exit.wasm").code, code)
    return folder


def runs(t, code=5):
    """It runs, with no word about it."""
    done = t.run("run", "exit.wasm")
    assert_equal((done.code, done.output), (code, ""))


# ---- the command ----


@test
def the_cache_can_be_listed_and_cleared(t):
    folder = t.fresh_cache()
    assert_equal(t.run("cache", "path", code=0).out, folder + "\n")
    assert_in("0 guests", t.run("cache", code=0).out)
    assert_in("0 guests", t.run("cache", "clear", code=0).out)
    t.write("one.wasm", exits(1))
    t.write("two.wasm", exits(2))
    for name in ("one", "two", "one"):
        t.run("run", name + ".wasm")
    assert_in("2 guests", t.run("cache", "ls", code=0).out)
    listed = json.loads(t.run("cache", "ls", "--json", code=0).out)
    assert_equal((listed["folder"], len(listed["entries"])), (folder, 2))
    assert_equal(listed["bytes"], sum(entry["bytes"] for entry in listed["entries"]))
    assert_equal(listed["bytes"], sum(os.path.getsize(os.path.join(folder, name)) for name in names(folder, ".cwasm")))
    t.write(os.path.join(folder, "notes.txt"), "not ours")
    assert_in("removed 2 guests", t.run("cache", "clear", code=0).out)
    assert_equal(os.listdir(folder), ["notes.txt"])
    assert_in("cache", t.run("cache", "frobnicate", code=2).err)


@test
def a_guest_is_compiled_once(t):
    folder = kept(t)
    code = only(folder, ".cwasm")
    before = os.stat(code)
    runs(t)
    shutil.copy(t.path("exit.wasm"), t.path("copy.wasm"))  # the same bytes under another name
    assert_equal(t.run("run", "copy.wasm").code, 5)
    after = os.stat(only(folder, ".cwasm"))
    assert_equal((after.st_ino, after.st_mtime_ns), (before.st_ino, before.st_mtime_ns))
    assert_equal(os.stat(folder).st_mode & 0o777, 0o700)
    assert_equal([os.stat(os.path.join(folder, name)).st_mode & 0o077 for name in os.listdir(folder)],
                 [0] * len(os.listdir(folder)))


@test
def a_guest_that_changes_is_noticed_at_once(t):
    """Of the same size, within the same second, again and again."""
    t.fresh_cache()
    for i in range(20):
        t.write("exit.wasm", exits(i))
        assert_equal(t.run("run", "exit.wasm").code, i)


@test
def a_guest_that_was_replaced_by_an_older_file_is_noticed(t):
    t.fresh_cache()
    for code in (1, 2):
        t.write("%d.wasm" % code, exits(code))
        long_ago(t.path("%d.wasm" % code))
    for code in (1, 2, 1):
        os.rename(t.path("%d.wasm" % code), t.path("exit.wasm"))
        for _ in range(2):
            assert_equal(t.run("run", "exit.wasm").code, code)
        os.rename(t.path("exit.wasm"), t.path("%d.wasm" % code))


# ---- entries that are not what they should be ----


def replaced(t, folder, content, ending=".cwasm"):
    path = only(folder, ending)
    with open(path, "r+b") as f:
        f.write(content)
        f.truncate()
    return path


@test
def damaged_code_is_compiled_again(t):
    folder = kept(t)
    with open(only(folder, ".cwasm"), "rb") as f:
        good = f.read()
    middle = len(good) // 2
    for bad in (b"", b"\0" * len(good), good[:middle], good[:-1], good + b"x",
                good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1:]):
        replaced(t, folder, bad)
        runs(t)
        with open(only(folder, ".cwasm"), "rb") as f:
            assert_equal(f.read() == bad, False, "the damaged file is still there")
        runs(t)


@test
def code_of_another_guest_is_not_taken_for_this_one(t):
    folder = kept(t, 5)
    with open(only(folder, ".cwasm"), "rb") as f:
        other = f.read()
    shutil.rmtree(folder)
    folder = kept(t, 6)
    path = replaced(t, folder, other)
    runs(t, 6)
    # And not with a time stamp that says nothing has happened.
    stat = os.stat(path)
    with open(path, "r+b") as f:
        f.write(other)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    runs(t, 6)


@test
def damaged_notes_are_written_again(t):
    folder = kept(t)
    for content in (b"", b"garbage", b"\0" * 600, b"backlot-code 1\n" + b"0" * 64 + b"\n1:2:3\n"):
        replaced(t, folder, content, ".meta")
        runs(t)
        runs(t)
    os.unlink(only(folder, ".meta"))
    runs(t)
    for name in names(folder, ".meta"):
        if name.startswith("source-"):
            t.write(os.path.join(folder, name), "garbage")
    runs(t)


@test
def entries_that_are_no_files_are_compiled_around(t):
    folder = kept(t)
    code = only(folder, ".cwasm")
    with open(code, "rb") as f:
        t.write("elsewhere", f.read(), 0o600)
    os.unlink(code)
    os.symlink(t.path("elsewhere"), code)
    runs(t)
    os.unlink(code)
    os.mkdir(code)
    assert_equal(t.run("run", "exit.wasm").code, 5)


@test
def entries_that_others_may_write_to_are_not_trusted(t):
    folder = kept(t)
    before = os.stat(only(folder, ".cwasm")).st_ino
    os.chmod(only(folder, ".cwasm"), 0o666)
    runs(t)
    after = os.stat(only(folder, ".cwasm"))
    assert_equal((after.st_mode & 0o777, after.st_ino == before), (0o600, False))


@test
def the_memory_of_a_guest_is_kept_with_its_code_and_checked_like_it(t):
    folder = t.fresh_cache()
    exit_with_first_word = guest(constant(0) + LOAD + call(0), [("wasi_snapshot_preview1", "proc_exit", [I32], [])],
                                 data=b"\x07\0\0\0")
    t.write("exit.wasm", exit_with_first_word)
    for _ in range(2):
        runs(t, 7)
    path = only(folder, ".cwasm")
    with open(path, "rb") as f:
        good = f.read()
    at = len(good) - 65536  # the image is the end of the file
    assert_equal(good[at:at + 4], b"\x07\0\0\0")
    for bad in (good[:at] + b"\x08" + good[at + 1:], good[:at]):
        replaced(t, folder, bad)
        runs(t, 7)
        runs(t, 7)
    with open(path, "rb") as f:
        assert_equal(f.read()[-65536:], good[-65536:])
    # Places that are not in the file, or nothing that can be mapped.
    with open(only(folder, ".meta"), encoding="ascii") as f:
        lines = f.read().split("\n")
    for image in ("1 65536 65536000 0", "1 18446744073709486080 131072 0", "1 1 65536 0", "1 0 0 x", "2", ""):
        replaced(t, folder, "\n".join(lines[:3] + [image, ""]).encode(), ".meta")
        runs(t, 7)
        runs(t, 7)


# ---- folders that cannot be used ----


def works_with_a_warning(t, *words):
    t.write("exit.wasm", exits(5))
    done = t.run("run", "exit.wasm")
    assert_equal((done.code, done.out), (5, ""))
    assert_in("warning: compiled code is not kept", done.err)
    for word in words:
        assert_in(word, done.err)


@test
def a_folder_that_others_may_write_to_is_not_used(t):
    folder = kept(t)
    for mode in (0o777, 0o770):
        os.chmod(folder, mode)
        works_with_a_warning(t, "chmod 700", "XDG_CACHE_HOME")


@test
def a_folder_of_somebody_else_is_not_used(t):
    folder = t.fresh_cache()
    os.makedirs(os.path.dirname(folder))
    if os.geteuid() == 0:  # who alone can give one away; others have enough that is not theirs
        os.mkdir(folder, 0o700)
        os.chown(folder, 65534, 65534)
    else:
        os.symlink("/usr", folder)
    works_with_a_warning(t, "belongs to somebody else")


@test
def a_folder_that_cannot_be_made_is_done_without(t):
    t.cache = "/proc/none"
    works_with_a_warning(t, "/proc/none")
    t.write("file", "")
    t.cache = t.path("file")
    works_with_a_warning(t, "Not a directory")
    t.cache = t.path("folder")
    t.write("folder/backlot", "a file")
    works_with_a_warning(t, "not a folder")


def run_under(t, *before):
    """`backlot run exit.wasm` behind another command."""
    done = subprocess.run([*before, harness.settings.backlot, "run", "exit.wasm"], cwd=t.work, env=t.environment({}),
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
    return Finished(done.returncode, done.stdout, done.stderr, 0)


@test
def a_folder_that_is_read_only_is_done_without(t):
    folder = kept(t)
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))
    os.chmod(folder, 0o500)
    # Root may write to it all the same, unless that power is taken away.
    root = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"] if os.geteuid() == 0 else []
    done = run_under(t, *root)
    assert_equal((done.code, done.out), (5, ""))
    assert_matches("warning: .*cannot be kept.*(Permission denied|Read-only)", done.err)
    os.chmod(folder, 0o700)
    assert_equal(os.listdir(folder), [])


@test
def code_in_a_folder_that_is_read_only_is_used(t):
    folder = kept(t)
    os.chmod(folder, 0o500)
    root = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"] if os.geteuid() == 0 else []
    done = run_under(t, *root)
    assert_equal((done.code, done.output), (5, ""))


@test
def a_disk_that_is_full_is_borne(t):
    """No file may grow beyond four kilobytes: writing fails half-way, as on a disk that has no more room."""
    folder = t.fresh_cache()
    t.write("exit.wasm", exits(5))
    done = run_under(t, "sh", "-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "sh")
    assert_equal((done.code, done.out), (5, ""))
    assert_in("warning: the compiled code cannot be kept", done.err)
    assert_equal(names(folder, ".tmp") + names(folder, ".cwasm"), [])
    runs(t)  # there is room again
    only(folder, ".cwasm")


# ---- many, and killed ones ----


@test
def whoever_is_killed_while_compiling_leaves_nothing_in_the_way(t):
    folder = t.fresh_cache()
    process = t.start("run", t.guest("go-abi"))
    t.eventually(lambda: os.path.isdir(folder) and names(folder, ".lock"), "it compiles")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert_equal(names(folder, ".cwasm"), [])
    # What it would have left had it been killed while it wrote.
    temporary = t.write(os.path.join(folder, names(folder, ".lock")[0].replace(".lock", ".cwasm.1.tmp")), "half", 0o600)
    long_ago(temporary)
    assert_equal(t.run("run", t.guest("go-abi")).output, "")
    assert_equal(names(folder, ".tmp"), [])
    only(folder, ".cwasm")


@test
def two_at_once_compile_once(t):
    folder = t.fresh_cache()
    both = [t.start("run", t.guest("rust-abi")) for _ in range(4)]
    for process in both:
        out, err = process.communicate(timeout=120)
        assert_equal((process.returncode, out, err), (0, b"", b""))
    only(folder, ".cwasm")
    assert_equal(names(folder, ".tmp"), [])


@test
def many_guests_at_once_do_not_meet(t):
    folder = t.fresh_cache()
    for i in range(20):
        t.write("%d.wasm" % i, exits(i))
    started = [(i % 20, t.start("run", "%d.wasm" % (i % 20))) for i in range(40)]
    for code, process in started:
        out, err = process.communicate(timeout=120)
        assert_equal((process.returncode, out, err), (code, b"", b""))
    assert_equal((len(names(folder, ".cwasm")), names(folder, ".tmp")), (20, []))


@test
def clearing_while_others_run_harms_nobody(t):
    t.fresh_cache()
    t.write("exit.wasm", exits(5))
    for _ in range(5):
        running = [t.start("run", "exit.wasm") for _ in range(4)]
        t.run("cache", "clear", code=0)
        for process in running:
            out, err = process.communicate(timeout=120)
            assert_equal((process.returncode, out), (5, b""))
            assert_not_in(b"error", err)
