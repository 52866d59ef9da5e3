"""Peers that do not read, or read late: bounded memory, and no one is lost."""

import struct
import time

from wire import CHANNEL_DATA, WINDOW_ADJUST, Client, Sftp, sftp, sftp_open, sftp_read, sftp_write, text, u32

ARGUMENTS = ("--set", "ssh.window_start=2M")  # the attacks send as much as that at once
READ_DATA, STATUS = 103, 101


def begin(server, window, **options):
    client = Client(server.port, **options).login()
    channel = client.sftp(window=window)
    replies = Sftp(client, channel, adjust=False)
    replies.reply()
    return client, channel, replies


def peak(server, seconds=1.0):
    most, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        most = max(most, server.memory())
        time.sleep(0.02)
    return most


def test_gigabytes_that_are_asked_for_and_never_taken(server):
    before = server.memory()
    client, channel, replies = begin(server, 1 << 20)
    handle = replies.handle(sftp_open(1, "/big"))
    requests = b"".join(sftp_read(i, handle, i * 262144, 255 * 1024) for i in range(500))
    left, count = client.server_window - 200, 0
    while left > len(requests):
        client.send(client.data(channel, requests))
        left -= len(requests)
        count += 500
    assert count > 10000
    assert peak(server) < before + (24 << 20)
    client.rekey()
    for _ in range(300):
        client.send(bytes([WINDOW_ADJUST]) + u32(channel) + u32(1 << 20))
        assert replies.reply()[0] == READ_DATA
    client.close()


def test_all_requests_then_keys_then_window(server):
    client, channel, replies = begin(server, 1 << 16)
    handle = replies.handle(sftp_open(1, "/big"))
    count, seen = 3000, set()
    for first in range(0, count, 50):
        client.send(client.data(channel, b"".join(sftp_read(i, handle, i * 32768, 32768) for i in range(first, first + 50))))
    client.start_rekey()
    client.rekey()
    client.send(bytes([WINDOW_ADJUST]) + u32(channel) + u32(1 << 31))
    for i in range(count):
        reply = replies.reply()
        assert reply[0] == READ_DATA
        seen.add(struct.unpack_from(">I", reply, 1)[0])
        if i in (500, 1000):
            client.rekey()
    assert seen == set(range(count))


def test_new_keys_with_data_both_ways(server):
    client, channel, replies = begin(server, 1 << 31)
    source, target = replies.handle(sftp_open(1, "/big")), replies.handle(sftp_open(2, "/up", 0x1A))
    offset = 0
    for _ in range(20):
        for i in range(20):
            client.send(client.data(channel, sftp_read(i, source, i * 32768, 32768)))
            client.send(client.data(channel, sftp_write(i, target, offset, b"y" * 30000)))
            offset += 30000
        client.rekey()
        kinds = [replies.reply()[0] for _ in range(40)]
        assert kinds.count(READ_DATA) == kinds.count(STATUS) == 20
    assert (server.files / "up").read_bytes() == b"y" * offset


def test_answers_that_nobody_reads(server):
    for path, window in (("/a/b/c" * 20, 2**32 - 1), ("/small", 1000)):
        before = server.memory()
        client, channel, replies = begin(server, window, receive_buffer=4096)
        requests = b"".join(sftp(17, u32(7) + text(path)) for _ in range(200))
        left = client.server_window - 9
        while left > len(requests):
            client.send(client.data(channel, requests))
            left -= len(requests)
        assert peak(server) < before + (24 << 20)
        client.close()


def test_packets_of_one_byte(server):
    client = Client(server.port).login()
    channel = client.open(window=1 << 20, packet=1)
    assert client.subsystem(channel)
    client.send(client.data(channel, sftp(1, u32(3))))
    replies = Sftp(client, channel, adjust=False)
    replies.reply()
    handle = replies.handle(sftp_open(1, "/big"))
    client.send(client.data(channel, sftp_read(1, handle, 0, 20000)))
    assert len(replies.reply()) == 20009
    assert all(payload[0] != CHANNEL_DATA or len(payload) == 10 for payload in client.skip)
