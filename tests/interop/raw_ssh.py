"""SSH before the first keys, written by hand: for clients that misbehave before login."""

import os
import socket
import struct

KEXINIT, IGNORE, DEBUG, DISCONNECT, UNIMPLEMENTED, SERVICE_REQUEST = 20, 2, 4, 1, 3, 5


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(data)) + data


def packet(payload):
    padding = 8 - (len(payload) + 5) % 8
    padding += 8 if padding < 4 else 0
    return struct.pack(">IB", len(payload) + padding + 1, padding) + payload + bytes(padding)


def kexinit(kex="curve25519-sha256", guess=False):
    lists = [kex, "ssh-ed25519", "aes128-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256", "none", "none", "", ""]
    return bytes([KEXINIT]) + os.urandom(16) + b"".join(text(names) for names in lists) + bytes([guess]) + bytes(4)


class Raw:
    """A connection up to the exchange of the identification lines."""

    def __init__(self, server, hello=b"SSH-2.0-hostile\r\n", timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout)
        self.buffer = b""
        if hello is not None:
            self.socket.sendall(hello)

    def line(self):
        while b"\n" not in self.buffer:
            piece = self.socket.recv(4096)
            if not piece:
                raise EOFError
            self.buffer += piece
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def receive(self):
        """One packet's payload."""
        while len(self.buffer) < 5 or len(self.buffer) < 4 + struct.unpack(">I", self.buffer[:4])[0]:
            piece = self.socket.recv(65536)
            if not piece:
                raise EOFError
            self.buffer += piece
        size, padding = struct.unpack(">IB", self.buffer[:5])
        payload = self.buffer[5:4 + size - padding]
        self.buffer = self.buffer[4 + size:]
        return payload

    def send(self, payload):
        self.socket.sendall(packet(payload))

    def closed(self, seconds):
        """Whether the server hangs up within that time."""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(65536):
                pass
            return True
        except (ConnectionError, BrokenPipeError):
            return True
        except TimeoutError:
            return False

    def close(self):
        self.socket.close()
