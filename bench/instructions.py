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


CLEARING = re.compile(r"^_*(memset|memcpy|memmove)_")


def kind_of(path, function, program):
    name = os.path.basename(path)
    if CLEARING.match(function):
        return "clearing"
    if name == program:
        return "backlot"
    if "wasmtime" in name:
        return "wasmtime"
    if name.endswith(".cwasm") or name in ("???", ""):
        return "guest"
    return "libraries"


def name_of(text, names):
    """Names are written once, as "(number) name", and then by their number."""
    number, _, name = text.strip().partition(" ")
    if name:
        names[number] = name
    return names.get(number, number)


def read(path, program, into):
    """Adds up the self cost by kind of place in a callgrind.out file."""
    objects, functions = {}, {}
    place, function, called = "???", "???", False
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            if line.startswith("ob="):
                place = name_of(line[3:], objects)
            elif line.startswith("fn="):
                function = name_of(line[3:], functions)
            elif line.startswith("cob="):
                name_of(line[4:], objects)
            elif line.startswith("cfn="):
                name_of(line[4:], functions)
            elif line.startswith("calls="):
                called = True  # the next line is the cost of what was called
            elif COST.match(line):
                if not called:
                    kind = kind_of(place, function, program)
                    into[kind] = into.get(kind, 0) + int(COST.match(line).group(1))
                called = False


def count(command, env, folder, program):
    """Instructions by kind of place, over all processes of the command."""
    into = {}
    with tempfile.TemporaryDirectory(dir=folder) as out:
        subprocess.run(["valgrind", "--tool=callgrind", "--trace-children=no", "--callgrind-out-file=%s/%%p" % out,
                        *command], cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       check=False)
        for name in os.listdir(out):
            read(os.path.join(out, name), program, into)
    if not into:
        raise SystemExit("callgrind left nothing behind: " + " ".join(command))
    return into
