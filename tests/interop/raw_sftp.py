"""SFTP written by hand over any byte stream: for clients that misbehave."""

import os
import struct

INIT, VERSION, OPEN, CLOSE, READ, WRITE = 1, 2, 3, 4, 5, 6
LSTAT, OPENDIR, READDIR, STAT, REALPATH = 7, 11, 12, 17, 16
STATUS, HANDLE, DATA, NAME, ATTRS = 101, 102, 103, 104, 105
EXTENDED, EXTENDED_REPLY = 200, 201
READ_FLAG, WRITE_FLAG, CREATE_FLAG = 1, 2, 8
OK, EOF = 0, 1


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(data)) + data


def packet(kind, number, body=b""):
    return struct.pack(">IBI", len(body) + 5, kind, number) + body


def init(version=3):
    return struct.pack(">IBI", 5, INIT, version)


def open_file(number, path, flags=READ_FLAG):
    return packet(OPEN, number, text(path) + struct.pack(">II", flags, 0))


def read(number, handle, offset, length):
    return packet(READ, number, text(handle) + struct.pack(">QI", offset, length))


class Stream:
    """Packets out of a paramiko channel or anything else with recv and sendall."""

    def __init__(self, channel):
        self.channel = channel
        self.buffer = b""

    def send(self, data):
        self.channel.sendall(data)

    def _need(self, size):
        pieces = [self.buffer]
        have = len(self.buffer)
        while have < size:
            piece = self.channel.recv(1 << 18)
            if not piece:
                raise EOFError("the server closed")
            pieces.append(piece)
            have += len(piece)
        self.buffer = b"".join(pieces)

    def receive(self):
        """The kind, the request's number (or the version), and the rest."""
        self._need(4)
        size = struct.unpack(">I", self.buffer[:4])[0]
        self._need(4 + size)
        body, self.buffer = self.buffer[4:4 + size], self.buffer[4 + size:]
        return body[0], struct.unpack(">I", body[1:5])[0], body[5:]

    def start(self, version=3):
        self.send(init(version))
        kind, version, _ = self.receive()
        assert kind == VERSION
        return version

    def handle(self, data, number=0):
        """Sends a request that is answered with a handle."""
        self.send(data)
        kind, answered, body = self.receive()
        assert kind == HANDLE and answered == number, (kind, answered, body)
        return body[4:]


class Pipe:
    """A program's pipes with a channel's face."""

    def __init__(self, process):
        self.process = process

    def sendall(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def recv(self, size):
        return os.read(self.process.stdout.fileno(), size)
