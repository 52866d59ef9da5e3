"""A TCP proxy that tells whose connections it passes on, as HAProxy does, and says of each whatever the test wants."""

import selectors
import socket
import struct
import threading

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def line(client=("198.51.100.7", 40000), server=("203.0.113.9", 22)):
    """Version 1."""
    family = "TCP6" if ":" in client[0] else "TCP4"
    return f"PROXY {family} {client[0]} {server[0]} {client[1]} {server[1]}\r\n".encode()


def binary(client=("198.51.100.7", 40000), server=("203.0.113.9", 22), more=b""):
    """Version 2; `more`: TLVs."""
    family = socket.AF_INET6 if ":" in client[0] else socket.AF_INET
    body = (socket.inet_pton(family, client[0]) + socket.inet_pton(family, server[0]) + struct.pack(">HH", client[1], server[1]) +
            more)
    return SIGNATURE + bytes([0x21, 0x21 if family == socket.AF_INET6 else 0x11]) + struct.pack(">H", len(body)) + body


def local():
    return SIGNATURE + b"\x20\0\0\0"


class Proxy:
    """Listens on the loopback, and puts `header` in front of each connection to `port`: with the client's first bytes if `joined`,
    in pieces of one byte if `slow`."""

    def __init__(self, port, header, joined=False, slow=False):
        self._to, self._header, self._joined, self._slow = port, header, joined, slow
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._pass_on, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _pass_on(self, client):
        with client, socket.create_connection(("127.0.0.1", self._to)) as server:
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                first = self._header + (client.recv(1 << 16) if self._joined else b"")
                for piece in [first[i:i + 1] for i in range(len(first))] if self._slow else [first]:
                    server.sendall(piece)
                self._relay(client, server)
            except ConnectionError:
                pass

    @staticmethod
    def _relay(client, server):
        with selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while ready.get_map():
                for key, _ in ready.select():
                    data = key.fileobj.recv(1 << 16)
                    if data:
                        key.data.sendall(data)
                        continue
                    ready.unregister(key.fileobj)
                    if key.fileobj is server:
                        return
                    key.data.shutdown(socket.SHUT_WR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
