"""libbacklot for Python, by ctypes alone: as much of it as tests need. The C header is the reference.

    service = Service("bin/main.wasm")
    world = service.world()
    world.backend("todos", "https://todos.example")
    world.origin("todos", lambda call: Answer(200, b"..."))
    response = world.fetch("GET", "/")
    response.check()

The library is found by BACKLOT_LIB (its path), or where the system has it.
"""

import ctypes
import ctypes.util
import json
import os
from ctypes import POINTER, byref, c_bool, c_char_p, c_int, c_size_t, c_uint64, c_void_p


class Bytes(ctypes.Structure):
    _fields_ = [("data", c_void_p), ("len", c_size_t)]

    def get(self):
        """The bytes, copied; None where there are none."""
        return ctypes.string_at(self.data, self.len) if self.data else None


class CacheItem(ctypes.Structure):
    _fields_ = [("key", Bytes), ("url", Bytes), ("status", c_int), ("surrogate_keys", Bytes), ("metadata", Bytes),
                ("body", Bytes), ("age_ns", c_uint64), ("max_age_ns", c_uint64), ("swr_ns", c_uint64),
                ("sie_ns", c_uint64), ("hits", c_uint64), ("complete", c_bool), ("fresh", c_bool)]


OriginFn = ctypes.CFUNCTYPE(None, c_void_p, c_void_p)

lib = ctypes.CDLL(os.environ.get("BACKLOT_LIB") or ctypes.util.find_library("backlot") or "libbacklot.so.0")

ERROR = POINTER(c_void_p)  # bl_error **
for name, result, *arguments in [
    ("error_text", c_char_p, c_void_p), ("error_free", None, c_void_p),
    ("data_bytes", Bytes, c_void_p), ("data_free", None, c_void_p),
    ("service_open", c_void_p, c_char_p, c_void_p, ERROR), ("service_free", None, c_void_p),
    ("world_new", c_void_p, c_void_p, c_char_p, ERROR), ("world_fork", c_void_p, c_void_p, ERROR),
    ("world_free", None, c_void_p), ("clock_now", c_uint64, c_void_p),
    ("clock_advance", c_bool, c_void_p, c_uint64, ERROR),
    ("kv_put", c_bool, c_void_p, c_char_p, c_char_p, c_char_p, c_size_t, ERROR),
    ("kv_get", c_void_p, c_void_p, c_char_p, c_char_p, ERROR),
    ("config_put", c_bool, c_void_p, c_char_p, c_char_p, c_char_p, c_size_t, ERROR),
    ("backend_add", c_bool, c_void_p, c_char_p, c_char_p, ERROR),
    ("origin", c_bool, c_void_p, c_char_p, c_char_p, c_char_p, OriginFn, c_void_p, c_void_p, ERROR),
    ("on_register", c_bool, c_void_p, OriginFn, c_void_p, c_void_p, ERROR),
    ("registration_name", c_char_p, c_void_p), ("registration_url", c_char_p, c_void_p),
    ("registration_refuse", c_bool, c_void_p, c_char_p, ERROR),
    ("answer_new", c_void_p, c_int), ("answer_header", c_bool, c_void_p, c_char_p, c_char_p, ERROR),
    ("answer_body", c_bool, c_void_p, c_char_p, c_size_t, ERROR),
    ("answer_delay", c_bool, c_void_p, c_uint64, ERROR),
    ("answer_fault", c_bool, c_void_p, c_char_p, c_char_p, ERROR), ("answer_free", None, c_void_p),
    ("call_answer", c_bool, c_void_p, c_void_p, ERROR), ("call_method", c_char_p, c_void_p),
    ("call_url", c_char_p, c_void_p), ("call_path", c_char_p, c_void_p), ("call_backend", c_char_p, c_void_p),
    ("call_header", Bytes, c_void_p, c_char_p), ("call_body", Bytes, c_void_p),
    ("request_new", c_void_p, c_char_p, c_char_p, ERROR), ("request_free", None, c_void_p),
    ("request_header", c_bool, c_void_p, c_char_p, c_char_p, ERROR),
    ("request_body", c_bool, c_void_p, c_char_p, c_size_t, ERROR),
    ("request_client", c_bool, c_void_p, c_char_p, c_char_p, ERROR),
    ("fetch", c_void_p, c_void_p, c_void_p, ERROR), ("response_free", None, c_void_p),
    ("response_status", c_int, c_void_p), ("response_header", Bytes, c_void_p, c_char_p),
    ("response_body", Bytes, c_void_p), ("response_check", c_bool, c_void_p, ERROR),
    ("response_log", c_bool, c_void_p, c_char_p, c_size_t, POINTER(Bytes), POINTER(Bytes)),
    ("response_trace", c_void_p, c_void_p, ERROR),
    ("cache_look", c_void_p, c_void_p, ERROR), ("cache_list_count", c_size_t, c_void_p),
    ("cache_list_at", POINTER(CacheItem), c_void_p, c_size_t), ("cache_list_free", None, c_void_p),
    ("cache_purge", c_bool, c_void_p, c_char_p, c_bool, POINTER(c_uint64), ERROR),
]:
    function = getattr(lib, "bl_" + name)
    function.restype, function.argtypes = result, arguments


class BacklotError(Exception):
    pass


def call(name, *arguments):
    """A function of the library that takes an error last; what it fails with is raised."""
    error = c_void_p()
    result = getattr(lib, "bl_" + name)(*arguments, byref(error))
    if not result:
        text = lib.bl_error_text(error).decode()
        lib.bl_error_free(error)
        raise BacklotError(text)
    return result


def text(value):
    return None if value is None else value.encode()


def take_data(data):
    try:
        return lib.bl_data_bytes(data).get()
    finally:
        lib.bl_data_free(data)


class Handle:
    """An object of the library, freed with this one; they may go in any order."""

    free = None

    def __init__(self, handle):
        self.handle = handle

    def __del__(self):
        if getattr(self, "handle", None):
            getattr(lib, self.free)(self.handle)


class Service(Handle):
    free = "bl_service_free"

    def __init__(self, path):
        super().__init__(call("service_open", text(path), None))

    def world(self, manifest=None):
        return World(call("world_new", self.handle, text(manifest)), [])


class Answer:
    """What an origin answers: a status with headers and a body, or a fault by its name."""

    def __init__(self, status=200, body=b"", headers=(), delay_ns=0, fault=None):
        self.status, self.body, self.headers, self.delay_ns, self.fault = status, body, headers, delay_ns, fault

    def make(self):
        answer = lib.bl_answer_new(self.status)
        for name, value in dict(self.headers).items():
            call("answer_header", answer, text(name), text(value))
        call("answer_body", answer, self.body, len(self.body))
        call("answer_delay", answer, self.delay_ns)
        if self.fault:
            call("answer_fault", answer, text(self.fault), None)
        return answer


class Call:
    """A request that the service sent to an origin."""

    def __init__(self, handle):
        self.backend, self.method, self.url, self.path = (
            getattr(lib, "bl_call_" + part)(handle).decode() for part in ("backend", "method", "url", "path"))
        self.body = lib.bl_call_body(handle).get() or b""
        self.header = lambda name: lib.bl_call_header(handle, text(name)).get()


class World(Handle):
    free = "bl_world_free"

    def __init__(self, handle, callbacks):
        super().__init__(handle)
        self.callbacks = callbacks  # must live as long as the library may call them

    def fork(self):
        return World(call("world_fork", self.handle), list(self.callbacks))

    def backend(self, name, url):
        call("backend_add", self.handle, text(name), text(url))

    def kv_put(self, store, key, value):
        call("kv_put", self.handle, text(store), text(key), value, len(value))

    def kv_get(self, store, key):
        return take_data(call("kv_get", self.handle, text(store), text(key)))

    def config_put(self, store, key, value):
        call("config_put", self.handle, text(store), text(key), text(value), len(text(value)))

    def advance(self, seconds):
        call("clock_advance", self.handle, int(seconds * 1e9))

    def origin(self, backend, answer, method=None, path=None):
        """`answer` gets a Call and gives an Answer. What it raises, the service is told of as a broken origin."""

        def respond(_, handle):
            try:
                made = answer(Call(handle)).make()
            except Exception as raised:  # must not get into the library
                made = Answer(fault="internal_error").make()
                call("answer_fault", made, b"internal_error", text(repr(raised)))
            call("call_answer", handle, made)

        function = OriginFn(respond)
        self.callbacks.append(function)
        call("origin", self.handle, text(backend), text(method), text(path), function, None, None)

    def on_register(self, registered):
        """Gets name and URL of each backend that the service registers; False refuses it."""

        def tell(_, handle):
            name, url = (getattr(lib, "bl_registration_" + part)(handle).decode() for part in ("name", "url"))
            if registered(name, url) is False:
                call("registration_refuse", handle, None)

        function = OriginFn(tell)
        self.callbacks.append(function)
        call("on_register", self.handle, function, None, None)

    def fetch(self, method, url, body=None, headers=(), client=()):
        request = call("request_new", text(method), text(url))
        try:
            for name, value in dict(headers).items():
                call("request_header", request, text(name), text(value))
            for name, value in dict(client).items():
                call("request_client", request, text(name), text(value))
            if body is not None:
                call("request_body", request, body, len(body))
            return Response(call("fetch", self.handle, request))
        finally:
            lib.bl_request_free(request)

    def cached(self):
        """What is in the cache: a list of dictionaries."""
        found = call("cache_look", self.handle)
        try:
            items = (lib.bl_cache_list_at(found, i).contents for i in range(lib.bl_cache_list_count(found)))
            return [{"key": i.key.get(), "url": i.url.get(), "status": i.status, "body": i.body.get(),
                     "surrogate_keys": i.surrogate_keys.get().decode().split(), "age_ns": i.age_ns, "hits": i.hits,
                     "fresh": i.fresh} for i in items]
        finally:
            lib.bl_cache_list_free(found)

    def purge(self, key=None, soft=False):
        count = c_uint64()
        call("cache_purge", self.handle, text(key), soft, byref(count))
        return count.value


class Response(Handle):
    free = "bl_response_free"

    @property
    def status(self):
        return lib.bl_response_status(self.handle)

    @property
    def body(self):
        return lib.bl_response_body(self.handle).get() or b""

    def json(self):
        return json.loads(self.body)

    def header(self, name):
        value = lib.bl_response_header(self.handle, text(name)).get()
        return None if value is None else value.decode()

    def logs(self, endpoint=None):
        """The messages of one log endpoint, or of all."""
        found, message = [], Bytes()
        while lib.bl_response_log(self.handle, text(endpoint), len(found), byref(message), None):
            found.append(message.get().decode())
        return found

    def logs_json(self, endpoint):
        return [json.loads(line) for line in self.logs(endpoint)]

    def trace(self):
        return json.loads(take_data(call("response_trace", self.handle)))

    def check(self):
        """Raises when anything went wrong, behind the response, too."""
        call("response_check", self.handle)
