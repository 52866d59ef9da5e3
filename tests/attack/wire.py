"""An SSH client without manners: it sends what it is told to, and reads only when it is asked to."""

import hashlib
import hmac
import os
import socket
import struct
import zlib

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

(DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, SERVICE_REQUEST, SERVICE_ACCEPT, EXT_INFO) = range(1, 8)
KEXINIT, NEWKEYS, KEX_INIT, KEX_REPLY = 20, 21, 30, 31
USERAUTH_REQUEST, USERAUTH_FAILURE, USERAUTH_SUCCESS, USERAUTH_BANNER = 50, 51, 52, 53
GLOBAL_REQUEST, REQUEST_SUCCESS, REQUEST_FAILURE = 80, 81, 82
(CHANNEL_OPEN, OPEN_CONFIRMATION, OPEN_FAILURE, WINDOW_ADJUST, CHANNEL_DATA, EXTENDED_DATA, CHANNEL_EOF,
 CHANNEL_CLOSE, CHANNEL_REQUEST, CHANNEL_SUCCESS, CHANNEL_FAILURE) = range(90, 101)
PING, PONG = 192, 193


def u32(value):
    return struct.pack(">I", value)


def u64(value):
    return struct.pack(">Q", value)


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return u32(len(data)) + data


def mpint(data):
    data = data.lstrip(b"\0")
    return text(b"\0" + data if data and data[0] & 0x80 else data)


def get_text(data, at):
    size = struct.unpack_from(">I", data, at)[0]
    return data[at + 4:at + 4 + size], at + 4 + size


class Ended(Exception):
    """The server has hung up; with its DISCONNECT when it sent one."""


class Client:
    def __init__(self, port, strict=True, compression="none", timeout=30, receive_buffer=None, hello=True,
                 software="attack"):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.sent_sequence = self.got_sequence = 0
        self.cipher_out = self.cipher_in = None
        self.mac_out = self.mac_in = None
        self.deflate = self.inflate = None
        self.compression = compression
        self.strict = strict
        self.markers = ",ext-info-c" + (",kex-strict-c-v00@openssh.com" if strict else "")
        self.is_strict = False
        self.session_id = None
        self.version = b"SSH-2.0-" + software.encode()
        self.pending_init = None
        self.disconnect = None
        self.skip = []
        if hello:
            self.hello()

    # ---- packets

    def hello(self):
        self.socket.sendall(self.version + b"\r\n")
        while b"\n" not in self.buffer:
            self._more()
        line, _, rest = bytes(self.buffer).partition(b"\n")
        self.server_version = line.rstrip(b"\r")
        self.buffer = bytearray(rest)

    def _more(self):
        try:
            piece = self.socket.recv(1 << 20)
        except (ConnectionError, BrokenPipeError) as error:
            raise Ended(str(error)) from error
        if not piece:
            raise Ended(self.disconnect or "end of the connection")
        self.buffer += piece

    def seal(self, payload):
        if self.deflate:
            payload = self.deflate.compress(payload) + self.deflate.flush(zlib.Z_PARTIAL_FLUSH)
        return self.seal_raw(payload)

    def seal_raw(self, payload):
        block = 16 if self.cipher_out else 8
        padding = block - (len(payload) + 5) % block
        padding += block if padding < 4 else 0
        packet = struct.pack(">IB", len(payload) + padding + 1, padding) + payload + bytes(padding)
        tag = b""
        if self.cipher_out:
            tag = hmac.new(self.mac_out, u32(self.sent_sequence) + packet, hashlib.sha256).digest()
            packet = self.cipher_out.update(packet)
        self.sent_sequence = (self.sent_sequence + 1) & 0xFFFFFFFF
        return packet + tag

    def put(self, data):
        try:
            self.socket.sendall(data)
        except (ConnectionError, BrokenPipeError) as error:
            raise Ended(str(error)) from error

    def send(self, *payloads):
        self.put(b"".join(self.seal(p) for p in payloads))

    def receive_any(self):
        """The next message, whatever it is."""
        block = 16 if self.cipher_in else 4
        while len(self.buffer) < block:
            self._more()
        if self.cipher_in:
            if not self.first:
                self.first = self.cipher_in.update(bytes(self.buffer[:16]))
            size = struct.unpack(">I", self.first[:4])[0]
            total = 4 + size + 32
            while len(self.buffer) < total:
                self._more()
            packet = self.first + self.cipher_in.update(bytes(self.buffer[16:4 + size]))
            want = hmac.new(self.mac_in, u32(self.got_sequence) + packet, hashlib.sha256).digest()
            assert want == self.buffer[4 + size:total], "the server's MAC is wrong"
            self.first = b""
        else:
            size = struct.unpack(">I", self.buffer[:4])[0]
            total = 4 + size
            while len(self.buffer) < total:
                self._more()
            packet = bytes(self.buffer[:total])
        del self.buffer[:total]
        self.got_sequence = (self.got_sequence + 1) & 0xFFFFFFFF
        payload = packet[5:4 + size - packet[4]]
        return self.inflate.decompress(payload) if self.inflate else payload

    def receive(self, *wanted):
        """The next message of the wanted kinds; others are kept in self.skip, and key exchanges answered."""
        for i, payload in enumerate(self.skip):
            if payload[0] in wanted:
                return self.skip.pop(i)
        while True:
            payload = self.receive_any()
            if payload[0] == DISCONNECT:
                self.disconnect = payload[5:].decode(errors="replace")
                if DISCONNECT in wanted:
                    return payload
                raise Ended("DISCONNECT: " + self.disconnect)
            if payload[0] == KEXINIT and KEXINIT not in wanted:
                self.rekey(payload)
                continue
            if not wanted or payload[0] in wanted:
                return payload
            self.skip.append(payload)

    # ---- keys

    def kexinit(self):
        names = ["curve25519-sha256" + (self.markers if self.session_id is None else ""), "ssh-ed25519", "aes128-ctr",
                 "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256", self.compression, self.compression, "", ""]
        return bytes([KEXINIT]) + os.urandom(16) + b"".join(text(n) for n in names) + bytes(5)

    def start_rekey(self):
        self.pending_init = self.kexinit()
        self.send(self.pending_init)

    def rekey(self, server_init=None):
        """A whole key exchange, from either side's KEXINIT."""
        if self.pending_init is None:
            self.start_rekey()
        ours = self.pending_init
        theirs = server_init or self.receive(KEXINIT)
        if self.session_id is None:
            self.is_strict = self.strict and b"kex-strict-s-v00@openssh.com" in theirs
        key = X25519PrivateKey.generate()
        public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.send(bytes([KEX_INIT]) + text(public))
        reply = self.receive(KEX_REPLY)
        host_key, at = get_text(reply, 1)
        server_public, at = get_text(reply, at)
        secret = mpint(key.exchange(X25519PublicKey.from_public_bytes(server_public)))
        h = hashlib.sha256(text(self.version) + text(self.server_version) + text(ours) + text(theirs) + text(host_key)
                           + text(public) + text(server_public) + secret).digest()
        self.session_id = self.session_id or h

        def derive(letter, size):
            out = hashlib.sha256(secret + h + letter + self.session_id).digest()
            while len(out) < size:
                out += hashlib.sha256(secret + h + out).digest()
            return out[:size]

        self.send(bytes([NEWKEYS]))
        if self.is_strict:
            self.sent_sequence = 0
        self.cipher_out = Cipher(algorithms.AES(derive(b"C", 16)), modes.CTR(derive(b"A", 16))).encryptor()
        self.mac_out = derive(b"E", 32)
        if self.deflate:
            self.deflate = zlib.compressobj()
        self.receive(NEWKEYS)
        if self.is_strict:
            self.got_sequence = 0
        self.cipher_in = Cipher(algorithms.AES(derive(b"D", 16)), modes.CTR(derive(b"B", 16))).decryptor()
        self.mac_in = derive(b"F", 32)
        if self.inflate:
            self.inflate = zlib.decompressobj()
        self.first = b""
        self.pending_init = None

    # ---- further on

    def service(self):
        self.send(bytes([SERVICE_REQUEST]) + text("ssh-userauth"))
        self.receive(SERVICE_ACCEPT)

    def password_request(self, user="joe", password="pw"):
        return bytes([USERAUTH_REQUEST]) + text(user) + text("ssh-connection") + text("password") + b"\0" + text(password)

    def login(self, user="joe", password="pw"):
        self.rekey()
        self.service()
        self.send(self.password_request(user, password))
        self.receive(USERAUTH_SUCCESS)
        if self.compression != "none":
            self.deflate, self.inflate = zlib.compressobj(), zlib.decompressobj()
        return self

    def open(self, window=1 << 31, packet=1 << 15, number=0):
        self.send(bytes([CHANNEL_OPEN]) + text("session") + u32(number) + u32(window) + u32(packet))
        answer = self.receive(OPEN_CONFIRMATION, OPEN_FAILURE)
        if answer[0] == OPEN_FAILURE:
            return None
        self.server_window, self.server_packet = struct.unpack_from(">II", answer, 9)
        return struct.unpack_from(">I", answer, 5)[0]

    def subsystem(self, channel, name="sftp"):
        self.send(bytes([CHANNEL_REQUEST]) + u32(channel) + text("subsystem") + b"\1" + text(name))
        return self.receive(CHANNEL_SUCCESS, CHANNEL_FAILURE)[0] == CHANNEL_SUCCESS

    def data(self, channel, data):
        return bytes([CHANNEL_DATA]) + u32(channel) + text(data)

    def sftp(self, **options):
        """A channel with SFTP version 3 under way; its number."""
        channel = self.open(**options)
        assert self.subsystem(channel)
        self.send(self.data(channel, sftp(1, u32(3))))
        return channel

    def closed(self, seconds=20):
        """Whether the server hangs up in time."""
        self.socket.settimeout(seconds)
        try:
            while True:
                self.receive()
        except Ended:
            return True
        except socket.timeout:
            return False

    def close(self):
        self.socket.close()


# ---- SFTP

def sftp(kind, rest):
    return u32(len(rest) + 1) + bytes([kind]) + rest


def sftp_open(number, path, flags=1):
    return sftp(3, u32(number) + text(path) + u32(flags) + u32(0))


def sftp_read(number, handle, offset, size):
    return sftp(5, u32(number) + text(handle) + u64(offset) + u32(size))


def sftp_write(number, handle, offset, data):
    return sftp(6, u32(number) + text(handle) + u64(offset) + text(data))


class Sftp:
    """The replies of one channel, cut out of its data."""

    def __init__(self, client, channel, adjust=True):
        self.client, self.channel, self.adjust = client, channel, adjust
        self.buffer = bytearray()

    def reply(self):
        while len(self.buffer) < 4 or len(self.buffer) < 4 + struct.unpack_from(">I", self.buffer)[0]:
            payload = self.client.receive(CHANNEL_DATA)
            self.buffer += payload[9:]
            if self.adjust:
                self.client.send(bytes([WINDOW_ADJUST]) + u32(self.channel) + u32(len(payload) - 9))
        size = struct.unpack_from(">I", self.buffer)[0]
        packet = bytes(self.buffer[4:4 + size])
        del self.buffer[:4 + size]
        return packet

    def request(self, packet):
        self.client.send(self.client.data(self.channel, packet))
        return self.reply()

    def handle(self, packet):
        reply = self.request(packet)
        assert reply[0] == 102, reply
        return get_text(reply, 5)[0]
