#!/usr/bin/env python3
"""A storage in Python, by ctypes alone: first the binding, for any storage, then notes that live in memory. Everything runs on the
thread that polls the server, so that nothing needs a lock:    ./python_storage.py [sftp://127.0.0.1:2222]"""

import ctypes
import errno
import signal
import sys
import traceback
from ctypes import POINTER, byref, c_bool, c_char_p, c_int32, c_size_t, c_uint32, c_uint64, c_void_p

OK, EOF, FAILURE = 0, 1, 4
OPEN_CREATE, OPEN_TRUNCATE = 0x8, 0x10
SLOTS = """session_start session_end open close read write fsync lock unlock fstat fsetstat opendir readdir closedir stat setstat
    remove rename mkdir rmdir readlink symlink link realpath statvfs copy hash lookup_ids extended cancel destroy""".split()


def structure(name, *fields):
    return type(name, (ctypes.Structure,), {"_fields_": fields})


Methods = structure("sally_fs_methods", ("struct_size", c_size_t), ("traits", c_uint32), ("reserved", c_uint32),
                    *((slot, c_void_p) for slot in SLOTS))
Attrs = structure("sally_attrs", ("opaque", c_uint64 * 64))  # more than it has: filled by functions alone
Open = structure("sally_op_open", ("flags", c_uint32), ("desired_access", c_uint32), ("attrs", c_void_p))
Io = structure("sally_op_io", ("offset", c_uint64), ("data", c_void_p), ("length", c_uint32), ("done", c_uint32))
Stat = structure("sally_op_stat", ("flags", c_uint32), ("wanted", c_uint32), ("attrs", Attrs))
Request = type("u", (ctypes.Union,), {"_fields_": [("open", Open), ("io", Io), ("stat", Stat)]})  # and whatever else a storage needs
Op = structure("sally_op", ("kind", c_uint32), ("flags", c_uint32), ("session", c_void_p), ("path", c_char_p), ("file", c_void_p),
               ("status", c_int32), ("reserved0", c_uint32), ("id", c_uint64), ("reserved", c_uint64 * 4), ("u", Request))
Slot = ctypes.CFUNCTYPE(c_int32, c_void_p, POINTER(Op))

lib = ctypes.CDLL("libsallyport.so.0.2")
lib.sally_strerror.restype = lib.sally_server_error.restype = c_char_p
lib.sally_server_error.argtypes = lib.sally_server_free.argtypes = lib.sally_fs_unref.argtypes = [c_void_p]
lib.sally_server_poll.argtypes = [c_void_p, ctypes.c_int]
lib.sally_server_add_user.argtypes = [c_void_p, c_char_p, c_char_p, c_void_p]
lib.sally_server_add_listener.argtypes = [c_void_p, c_char_p]
lib.sally_attrs_set_file.argtypes = [POINTER(Attrs), c_uint32, c_uint64]
lib.sally_attrs_set_directory.argtypes = [POINTER(Attrs), c_uint32]
lib.sally_op_read_from.argtypes = [POINTER(Op), c_char_p, c_size_t]
lib.sally_op_add_entry.argtypes, lib.sally_op_add_entry.restype = [POINTER(Op), c_char_p, POINTER(Attrs)], c_bool


def as_slot(method):
    """A method that takes an operation and returns a status, None for OK; OSError is what the client is told, by its errno."""

    def slot(_fs, op):
        try:
            return method(op.contents) or OK
        except OSError as error:
            return lib.sally_status_from_errno(error.errno)
        except Exception:  # none may get into C
            traceback.print_exc()
            return FAILURE

    return Slot(slot)


class Storage:
    """Methods that are named as slots are these slots."""

    def __init__(self):
        self._slots = {name: as_slot(getattr(self, name)) for name in SLOTS if hasattr(self, name)}  # kept: C has their addresses
        pointers = {name: ctypes.cast(slot, c_void_p) for name, slot in self._slots.items()}
        self.fs = c_void_p()
        if error := lib.sally_fs_new(byref(self.fs), byref(Methods(ctypes.sizeof(Methods), **pointers)), None):
            raise RuntimeError(lib.sally_strerror(error).decode())


class Server:
    def __init__(self):
        self.server = c_void_p()
        if error := lib.sally_server_new(byref(self.server)):
            raise RuntimeError(lib.sally_strerror(error).decode())

    def call(self, name, *arguments):
        """sally_server_NAME()."""
        result = getattr(lib, f"sally_server_{name}")(self.server, *arguments)
        if result < 0:
            raise RuntimeError(lib.sally_server_error(self.server).decode())
        return result

    def run(self):
        while self.call("poll", 500):  # in between, Python looks whether a signal has come
            pass
        self.call("free")


class Notes(Storage):
    def __init__(self):
        super().__init__()
        self.notes, self.lists = {}, {}

    def find(self, path):
        if path not in self.notes:
            raise FileNotFoundError(errno.ENOENT, path)
        return self.notes[path]

    def stat(self, op):
        if op.path == b"/":
            lib.sally_attrs_set_directory(byref(op.u.stat.attrs), 0o755)
        else:
            lib.sally_attrs_set_file(byref(op.u.stat.attrs), 0o644, len(self.find(op.path)))

    def open(self, op):
        if op.u.open.flags & OPEN_CREATE:
            self.notes.setdefault(op.path, bytearray())
        if op.u.open.flags & OPEN_TRUNCATE:
            self.find(op.path).clear()
        self.find(op.path)

    def read(self, op):
        note = self.find(op.path)
        return lib.sally_op_read_from(byref(op), bytes(note), len(note))

    def write(self, op):
        io, note = op.u.io, self.find(op.path)
        if io.offset > 1_000_000:
            raise OSError(errno.EFBIG, op.path)
        note.extend(bytes(max(0, io.offset - len(note))))
        note[io.offset:io.offset + io.length] = ctypes.string_at(io.data, io.length)
        io.done = io.length

    def readdir(self, op):
        names = self.lists.setdefault(op.file, sorted(self.notes))
        while names:
            attrs, name = Attrs(), names.pop(0)
            lib.sally_attrs_set_file(byref(attrs), 0o644, len(self.notes.get(name, b"")))
            if not lib.sally_op_add_entry(byref(op), name[1:], byref(attrs)):
                return OK  # full: READDIR comes again
        return EOF

    def closedir(self, op):
        self.lists.pop(op.file, None)

    def remove(self, op):
        self.find(op.path)
        del self.notes[op.path]


if __name__ == "__main__":
    server = Server()
    server.call("add_user", b"demo", b"demo", (notes := Notes()).fs)
    server.call("add_listener", (sys.argv[1] if len(sys.argv) > 1 else "sftp://127.0.0.1:2222").encode())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: server.call("shutdown", c_uint64(2000)))
    server.run()
