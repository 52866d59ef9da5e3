"""Storages that are slow or stuck, and clients that do not wait for them."""

import socket
import struct
import time

import pytest

from server import wait_for
from wire import (CHANNEL_CLOSE, Client, Ended, Sftp, sftp, sftp_open, sftp_read, sftp_write, text, u32, u64)


def begin(server):
    client = Client(server.port).login()
    channel = client.sftp()
    replies = Sftp(client, channel)
    replies.reply()
    return client, channel, replies


def answers(server):
    client, _, replies = begin(server)
    start = time.monotonic()
    replies.request(sftp(16, u32(1) + text(".")))
    client.close()
    return time.monotonic() - start


def open_some(client, channel, replies):
    client.send(client.data(channel, b"".join(sftp_open(i, "/small") for i in range(10))))


def stat_some(client, channel, replies):
    client.send(client.data(channel, b"".join(sftp(17, u32(i) + text("/small")) for i in range(50))))


def list_some(client, channel, replies):
    handle = replies.handle(sftp(11, u32(1) + text("/")))
    client.send(client.data(channel, b"".join(sftp(12, u32(i) + text(handle)) for i in range(5))))


def read_some(client, channel, replies):
    handle = replies.handle(sftp_open(1, "/small"))
    client.send(client.data(channel, b"".join(sftp_read(i, handle, 0, 255 * 1024) for i in range(60))))


def write_some(client, channel, replies):
    handle = replies.handle(sftp_open(1, "/new", 0x1A))
    client.send(*[client.data(channel, sftp_write(i, handle, 0, bytes(30000))) for i in range(60)])
    half = u32(200000) + b"\6" + u32(9) + text(handle) + u64(0) + u32(199000) + b"abc"
    client.send(client.data(channel, half))


def close_behind(client, channel, replies):
    handle = replies.handle(sftp_open(1, "/small"))
    read = sftp_read(2, handle, 0, 100)
    client.send(client.data(channel, read + sftp(4, u32(3) + text(handle)) + read))


@pytest.mark.parametrize("mode", ["late", "delay"])
def test_leaving_what_is_on_its_way(start, mode):
    server = start(slow=mode, milliseconds=300)
    (server.files / "small").write_bytes(b"hello")
    for i in range(1500):
        (server.files / f"a-name-that-is-rather-long-{'x' * 60}-{i}").touch()
    begin(server)[0].close()
    time.sleep(0.2)
    descriptors = server.descriptors()
    for some in (open_some, stat_some, list_some, read_some, write_some, close_behind):
        for reset in (False, True):
            for pause in (0.05, 0.4):
                client, channel, replies = begin(server)
                some(client, channel, replies)
                time.sleep(pause)
                if reset:
                    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()
    assert wait_for(lambda: server.descriptors() <= descriptors, 60)  # what came is written all the same


def test_one_connection_does_not_hold_all_workers(start):
    server = start("limits.channels=10", slow="stuck", milliseconds=4000)
    (server.files / "small").write_bytes(b"hello")
    client = Client(server.port).login()
    for _ in range(300):
        channel = client.open()
        if not client.subsystem(channel):
            break
        client.send(client.data(channel, sftp(1, u32(3))))
        Sftp(client, channel).reply()
        client.send(client.data(channel, sftp(17, u32(1) + text("/small"))))
        time.sleep(0.005)
        client.send(bytes([CHANNEL_CLOSE]) + u32(channel))
        client.receive(CHANNEL_CLOSE)
    assert server.threads() < 40
    assert answers(server) < 2
    client.close()


def works(server, user, seconds):
    """Whether a user gets something done that a worker must do."""
    client = Client(server.port).login(user)
    channel = client.sftp()
    replies = Sftp(client, channel)
    replies.reply()
    start = time.monotonic()
    client.send(client.data(channel, sftp(14, u32(1) + text(f"/{user}-{start}") + u32(0))))
    client.socket.settimeout(seconds)
    try:
        replies.reply()
    except (TimeoutError, socket.timeout):
        return False
    finally:
        client.close()
    return True


def test_one_user_does_not_hold_all_workers(start):
    """Who connects again and again leaves something behind each time, which counts until the storage is done with it."""
    server = start("server.workers=8", slow="stuck", milliseconds=12000)
    (server.files / "small").write_bytes(b"hello")
    threads = server.threads()
    begin_at = time.monotonic()
    for i in range(8):
        try:
            client, channel, _ = begin(server)
        except Ended:
            assert i >= 6, server.output()[-2000:]
            break
        client.send(client.data(channel, sftp(17, u32(1) + text("/small"))))
        time.sleep(0.05)
        client.close()
    else:
        raise AssertionError("joe may connect as often as he likes")
    assert works(server, "ann", 3), server.output()[-2000:]
    assert server.threads() <= threads + 10
    assert time.monotonic() - begin_at < 11
    assert wait_for(lambda: "this user has too many unfinished operations" in server.output(), 5)
    # When the storage is done, all is as before.
    assert wait_for(lambda: "Connection ended" in server.output() and server.threads() <= threads + 10, 5)
    time.sleep(max(0, 13 - (time.monotonic() - begin_at)))
    assert works(server, "joe", 3)
