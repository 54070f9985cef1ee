"""Small guests put together byte by byte, where none of build/guests will do."""


def leb(number):
    """An unsigned number as Wasm writes it."""
    out = b""
    while True:
        byte, number = number & 0x7F, number >> 7
        if not number:
            return out + bytes([byte])
        out += bytes([byte | 0x80])


def name(text):
    return leb(len(text)) + text.encode()


def vector(items):
    return leb(len(items)) + b"".join(items)


def section(number, content):
    return bytes([number]) + leb(len(content)) + content


HEAD = b"\0asm\x01\0\0\0"
COMPONENT_HEAD = b"\0asm\x0d\0\x01\0"
I32, I64 = 0x7F, 0x7E


def function_type(parameters, results=()):
    return b"\x60" + vector([bytes([t]) for t in parameters]) + vector([bytes([t]) for t in results])


def guest(code, imports=(), data=b""):
    """A guest whose entry point is `code`; `imports`: (module, name, parameters, results), functions from 0 on."""
    types = [function_type(parameters, results) for _, _, parameters, results in imports] + [function_type(())]
    body = b"\0" + code + b"\x0b"
    return b"".join([
        HEAD,
        section(1, vector(types)),
        section(2, vector([name(module) + name(function) + b"\0" + leb(i)
                           for i, (module, function, _, _) in enumerate(imports)])),
        section(3, vector([leb(len(imports))])),
        section(5, vector([b"\0\x01"])),
        section(7, vector([name("memory") + b"\x02\0", name("_start") + b"\0" + leb(len(imports))])),
        section(10, vector([leb(len(body)) + body])),
        section(11, vector([b"\0\x41\0\x0b" + leb(len(data)) + data])) if data else b"",
    ])


def constant(number):
    """Pushes a small i32."""
    assert 0 <= number < 64
    return b"\x41" + bytes([number])


def call(function):
    return b"\x10" + leb(function)


DROP, LOAD, UNREACHABLE = b"\x1a", b"\x28\x02\0", b"\0"


def exits(code):
    """A guest that ends with an exit code below 64."""
    return guest(constant(code) + call(0), [("wasi_snapshot_preview1", "proc_exit", [I32], [])])


def exits_with_bytes_of_arguments():
    """A guest whose exit code is the length of all its arguments, each with a zero byte behind it."""
    return guest(constant(0) + constant(4) + call(1) + DROP + constant(4) + LOAD + call(0),
                 [("wasi_snapshot_preview1", "proc_exit", [I32], []),
                  ("wasi_snapshot_preview1", "args_sizes_get", [I32, I32], [I32])])
