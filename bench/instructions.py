"""Counts instructions by where they are executed, with callgrind: a figure that a busy machine does not change.

The processor that valgrind shows is not the real one, so Wasmtime compiles for it anew: give it a cache of its own.
"""

import os
import re
import shutil
import subprocess
import tempfile

COST = re.compile(r"^[+*\-0-9x]\S* (\d+)")


def there():
    return shutil.which("valgrind") is not None


def kind_of(path, program):
    name = os.path.basename(path)
    if name == program:
        return "backlot"
    if "wasmtime" in name:
        return "wasmtime"
    if name.endswith(".cwasm") or name in ("???", ""):
        return "guest"
    return "libraries"


def read(path, program, into):
    """Adds up the self cost of each object file in a callgrind.out file."""
    names, current, called = {}, "???", False
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            if line.startswith("ob="):
                number, _, name = line[3:].strip().partition(" ")
                if name:
                    names[number] = name
                current = names.get(number, number)
            elif line.startswith("calls="):
                called = True  # the next line is the cost of what was called
            elif line.startswith("cob="):
                number, _, name = line[4:].strip().partition(" ")
                if name:
                    names[number] = name
            elif COST.match(line):
                if not called:
                    kind = kind_of(current, program)
                    into[kind] = into.get(kind, 0) + int(COST.match(line).group(1))
                called = False


def count(command, env, folder, program):
    """Instructions by kind of place, over all processes of the command."""
    into = {}
    with tempfile.TemporaryDirectory(dir=folder) as out:
        subprocess.run(["valgrind", "--tool=callgrind", "--trace-children=no", "--callgrind-out-file=%s/%%p" % out,
                        *command], cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        for name in os.listdir(out):
            read(os.path.join(out, name), program, into)
    if not into:
        raise SystemExit("callgrind left nothing behind: " + " ".join(command))
    return into
