"""SFTP requests that are no requests, or ask for what cannot be."""

import os
import random

import pytest

from server import wait_for
from wire import CHANNEL_CLOSE, Ended, begin, code, get_text, sftp, sftp_open, sftp_read, sftp_write, text, u32, u64

ARGUMENTS = ("--set", "sftp.max_version=6")
STATUS, HANDLE, DATA, NAME, ATTRS = range(101, 106)


def open_file(replies, version, path, flags):
    if version < 5:
        rest = u32(flags) + u32(0) + (b"\1" if version > 3 else b"")
    else:
        rest = u32(flags & 3) + u32(1 if flags & 8 else 2) + u32(0) + b"\1"
    return replies.handle(sftp(3, u32(1) + text(path) + rest))


@pytest.mark.parametrize("packet", [
    u32(0), u32(1) + b"\5", u32(4) + b"\5abc", u32(2**32 - 1) + b"\5", u32(300000) + b"\6", sftp(1, u32(3)),
])
def test_what_is_no_packet_ends_the_channel(server, packet):
    client, channel, _ = begin(server)
    client.send(client.data(channel, packet))
    client.receive(CHANNEL_CLOSE)
    client.close()


@pytest.mark.parametrize("handle", [b"", b"a", bytes(7), bytes(8), b"\xff" * 8, b"a" * 9, b"a" * 257, b"a" * 30000], ids=len)
def test_handles_that_are_none(server, handle):
    client, _, replies = begin(server)
    for kind in (4, 5, 6, 8, 10, 12):
        assert code(replies.request(sftp(kind, u32(1) + text(handle) + u64(0) + u32(0)))) == (2 if kind == 4 else 4)
    assert code(replies.request(sftp(4, u32(1) + u32(2**31) + bytes(100)))) == 5
    client.close()


@pytest.mark.parametrize("version", [3, 4, 5, 6])
def test_numbers_at_their_ends(server, version):
    client, _, replies = begin(server, version)
    source, target = open_file(replies, version, "/big", 1), open_file(replies, version, "/target", 0x1A)
    for offset in (2**63 - 1, 2**63, 2**64 - 1, 300 << 20):
        for length in (1, 2**31, 2**32 - 1):
            assert code(replies.request(sftp_read(1, source, offset, length))) in (1, 4, 23)
    assert len(replies.request(sftp_read(1, source, 0, 2**32 - 1))) < 256 * 1024
    for offset in (2**63 - 1, 2**63, 2**64 - 1):
        assert code(replies.request(sftp_write(1, target, offset, b"x"))) != 0
    for size in (2**63 - 1, 2**63, 2**64 - 1):
        attrs = u32(1) + (b"\1" if version > 3 else b"") + u64(size)
        assert code(replies.request(sftp(9, u32(1) + text("/target") + attrs))) != 0
    for offset, length, to in ((0, 0, 2**64 - 1), (2**63, 1, 0), (0, 2**64 - 1, 1), (2**64 - 1, 1, 0), (0, 0, 2**63)):
        rest = text(source) + u64(offset) + u64(length) + text(target) + u64(to)
        assert code(replies.request(sftp(200, u32(1) + text("copy-data") + rest))) != 0
    if version == 6:
        for offset, length in ((0, 0), (2**64 - 1, 1), (2**63, 2**63), (1, 2**64 - 1)):
            place = u32(1) + text(source) + u64(offset) + u64(length)
            assert code(replies.request(sftp(22, place + u32(0x40)))) in (0, 23, 26)  # past the end may be locked
            assert code(replies.request(sftp(23, place))) is not None
    assert (server.files / "target").stat().st_size == 0
    client.close()


def test_a_file_is_not_copied_into_itself(server):
    (server.files / "self").write_bytes(b"x" * 100000)
    client, _, replies = begin(server)
    source, target = open_file(replies, 3, "/self", 1), open_file(replies, 3, "/self", 2)
    for offset, length, to in ((0, 0, 100000), (0, 0, 50), (100, 0, 0)):
        rest = text(source) + u64(offset) + u64(length) + text(target) + u64(to)
        assert code(replies.request(sftp(200, u32(1) + text("copy-data") + rest))) != 0
    assert (server.files / "self").stat().st_size == 100000
    client.close()


def test_a_pipe_stops_nobody(server):
    os.mkfifo(server.files / "pipe")
    client, _, replies = begin(server)
    for flags in (1, 2, 3):
        assert code(replies.request(sftp_open(1, "/pipe", flags))) not in (None, 0)
    assert replies.request(sftp(17, u32(1) + text("/pipe")))[0] == ATTRS
    client.close()


def test_paths(server):
    client, _, replies = begin(server)
    replies.request(sftp(20, u32(1) + text("/loop") + text("/loop")))
    replies.request(sftp(20, u32(1) + text("/../../../../etc/passwd") + text("/outside")))
    for path in ("/loop", "/outside", "/a" * 2048, "/a" * 2049, "x" * 5000, "/folder/" + "../" * 1300 + "etc/passwd",
                 "folder\0/x", "/proc/self/root/etc/passwd", "/../etc/passwd"):
        assert code(replies.request(sftp(17, u32(1) + text(path)))) not in (None, 0), path
        assert code(replies.request(sftp_open(1, path))) not in (None, 0), path
    for path in ("/" * 4096, "", ".", "/folder/./../small"):
        assert replies.request(sftp(17, u32(1) + text(path)))[0] == ATTRS
    for path, to in (("/", "/folder/y"), ("/folder", "/folder/z"), ("/../..", "/x"), ("/folder/..", "/q")):
        assert code(replies.request(sftp(18, u32(1) + text(path) + text(to)))) not in (None, 0)
    for kind in (13, 15):
        assert code(replies.request(sftp(kind, u32(1) + text("/")))) not in (None, 0)
    client.close()


def test_handles_left_open_are_closed(server):
    descriptors = server.descriptors()
    client, channel, replies = begin(server)
    client.send(client.data(channel, b"".join(sftp_open(i, "/small") for i in range(500))))
    assert all(replies.reply()[0] == HANDLE for _ in range(500))
    for _ in range(4):
        client.send(client.data(channel, b"".join(sftp(11, u32(i) + text("/folder")) for i in range(300))))
    kinds = [replies.reply()[0] for _ in range(1200)]
    assert STATUS in kinds  # there is a bound
    client.close()
    assert wait_for(lambda: server.descriptors() <= descriptors)


def test_lists_that_are_too_long(server):
    client, _, replies = begin(server)

    def extended(name, rest):
        return replies.request(sftp(200, u32(1) + text(name) + rest))

    assert extended("users-groups-by-id@openssh.com", text(bytes(16384)) * 2)[0] == 201
    assert code(extended("users-groups-by-id@openssh.com", text(bytes(16388)) + text(""))) == 5
    assert code(extended("users-groups-by-id@openssh.com", text(bytes(3)) + text(""))) == 5
    assert code(extended("x" * 30000, b"")) == 8
    many = u32(0x80000000) + u32(2**32 - 1) + bytes(100)
    assert code(replies.request(sftp(9, u32(1) + text("/small") + many))) == 5
    client.close()


def test_anything_at_all(server):
    random_ = random.Random(7)
    pieces = [
        lambda: random_.choice([text(b"\0\0\0\0\0\0\0\1"), text(random_.randbytes(8))]),
        lambda: text(random_.choice(["/", "/folder", "/small", "/big", "..", "/folder/x", "new"])),
        lambda: u32(random_.choice([0, 1, 2, 3, 0x10, 0xFFFF, 2**31, 2**32 - 1])),
        lambda: u64(random_.choice([0, 1, 2**40, 2**63])),
        lambda: bytes([random_.randrange(256)]),
    ]
    kinds = [*range(3, 24), 200]
    for version in (3, 4, 5, 6):
        for _ in range(10):
            client, _, replies = begin(server, version)
            try:
                replies.request(sftp(3, u32(1) + text("/small") + u32(1) + u32(2) + u32(0) + b"\1"))
                for i in range(100):
                    body = b"".join(random_.choice(pieces)() for _ in range(random_.randrange(1, 6)))
                    reply = replies.request(sftp(random_.choice(kinds), u32(i) + body))
                    assert get_text(u32(4) + reply[1:5], 0)[0] == u32(i)  # one answer to each, with its id
            except Ended:
                pass
            client.close()
