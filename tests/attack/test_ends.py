"""Clients that say what they want and are gone: what has come is done, and nothing is held for it."""

import os
import socket
import struct
import time

import pytest

from server import Server, wait_for
from wire import (CHANNEL_CLOSE, CHANNEL_DATA, CHANNEL_EOF, CHANNEL_REQUEST, DISCONNECT, Client, Ended, Sftp, sftp, sftp_open,
                  sftp_read, sftp_write, text, u32)


def eof_and_stay(client, channel):
    client.send(bytes([CHANNEL_EOF]) + u32(channel))


def close_and_stay(client, channel):
    client.send(bytes([CHANNEL_CLOSE]) + u32(channel))


def eof_and_close(client, channel):  # phpseclib
    client.send(bytes([CHANNEL_EOF]) + u32(channel), bytes([CHANNEL_CLOSE]) + u32(channel))
    client.leave()


def disconnect(client, channel):
    client.send(bytes([DISCONNECT]) + u32(11) + text("bye") + text(""))
    client.leave()


def hang_up(client, channel):
    client.leave()


def half_close(client, channel):
    client.socket.shutdown(socket.SHUT_WR)


def talk_nonsense(client, channel):
    client.send(client.data(channel, u32(0) + b"nonsense"))


ENDS = [eof_and_stay, close_and_stay, eof_and_close, disconnect, hang_up, half_close]


@pytest.fixture(scope="module")
def slow(start):
    return start(slow="delay", milliseconds=10)


def begin(server):
    client = Client(server.port).login()
    channel = client.sftp()
    replies = Sftp(client, channel)
    replies.reply()
    return client, channel, replies


def size(path):
    return path.stat().st_size if path.exists() else None


@pytest.mark.parametrize("end", [*ENDS, talk_nonsense])
def test_all_writes_that_came_are_done(slow, end):
    """More of them than run at once: some are still bytes in a window when the client leaves."""
    client, channel, replies = begin(slow)
    path = slow.files / end.__name__
    handle = replies.handle(sftp_open(1, f"/{end.__name__}", 0x1A))
    data = os.urandom(1 << 20)
    count = 128
    writes = [sftp_write(i, handle, i * 8192, data[i * 8192:][:8192]) for i in range(count)]
    rename = sftp(18, u32(999) + text(f"/{end.__name__}") + text(f"/{end.__name__}.done"))
    client.send(*[client.data(channel, write) for write in writes], client.data(channel, sftp(4, u32(998) + text(handle))),
                client.data(channel, rename))
    end(client, channel)
    if end is eof_and_stay:
        answered = [struct.unpack_from(">I", replies.reply(), 1)[0] for _ in range(count + 2)]
        assert sorted(answered) == [*range(count), 998, 999]
        client.receive(CHANNEL_CLOSE)
    done = path.with_name(path.name + ".done")
    assert wait_for(done.exists)
    assert done.read_bytes() == data
    client.close()


@pytest.mark.parametrize("end", ENDS)
def test_half_a_request_is_none(slow, end):
    client, channel, replies = begin(slow)
    name = f"half-{end.__name__}"
    handle = replies.handle(sftp_open(1, f"/{name}", 0x1A))
    client.send(client.data(channel, sftp_write(1, handle, 0, b"x" * 1000)),
                client.data(channel, sftp_write(2, handle, 1000, b"y" * 1000)[:-1]))
    descriptors = slow.descriptors()
    end(client, channel)
    assert wait_for(lambda: size(slow.files / name) == 1000)
    assert wait_for(lambda: slow.descriptors() < descriptors)
    assert size(slow.files / name) == 1000
    client.close()


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("status", [b"", b"\0"], ids=["no-status", "status"])
def test_all_that_came_by_scp_is_written(slow, end, status):
    """phpseclib waits for the answers to the command and the line, sends the file, and closes the channel."""
    name = f"scp-{end.__name__}-{len(status)}"
    data = os.urandom(1_500_000)
    client = Client(slow.port).login()
    channel = client.open()
    client.send(client.exec(channel, f"scp -t /{name}"), client.data(channel, b"C0644 %d x\n" % len(data)))
    heard = b""
    while len(heard) < 2:
        heard += client.receive(CHANNEL_DATA)[9:]
    assert heard == b"\0\0"
    stream = data + status
    client.send(*[client.data(channel, stream[at:at + 32768]) for at in range(0, len(stream), 32768)])
    end(client, channel)
    assert wait_for(lambda: size(slow.files / name) == len(data))
    assert wait_for(lambda: (slow.files / name).read_bytes() == data)
    if end is eof_and_stay:
        reply = client.receive(CHANNEL_REQUEST)
        assert b"exit-status" in reply and reply[-1] == (0 if status else 1)
    client.close()


def test_a_file_cut_short_is_kept_as_far_as_it_came(slow):
    for end in ENDS:
        client = Client(slow.port).login()
        channel = client.open()
        client.send(client.exec(channel, "scp -t /short"), client.data(channel, b"C0644 1000000 x\n" + b"s" * 30000))
        end(client, channel)
        assert wait_for(lambda: size(slow.files / "short") == 30000)
        client.close()
        (slow.files / "short").unlink()


def test_who_is_gone_gets_nothing_read(start):
    """Thousands of requests that only look cost nothing once no one hears the answers."""
    server = start("ssh.window_start=1M", slow="delay", milliseconds=100)  # the client keeps no account of the window
    (server.files / "small").write_bytes(b"hello" * 10000)
    begin(server)[0].close()
    descriptors = server.descriptors()
    for end in (close_and_stay, hang_up):
        client, channel, replies = begin(server)
        handle = replies.handle(sftp_open(1, "/small"))
        client.send(*[client.data(channel, b"".join(sftp_read(i, handle, 0, 255 * 1024) for i in range(500)))] * 8)
        end(client, channel)
        client.close()
    assert wait_for(lambda: server.descriptors() <= descriptors, 10)


def test_what_is_still_to_be_done_does_not_stop_a_shutdown(tmp_path):
    server = Server(tmp_path, "limits.stall_time=1m", slow="delay", milliseconds=1000)
    client, channel, replies = begin(server)
    handle = replies.handle(sftp_open(1, "/much", 0x1A))
    client.send(*[client.data(channel, sftp_write(i, handle, i, b"x")) for i in range(60)])
    client.close()
    time.sleep(0.5)
    began = time.monotonic()
    server.finish()  # its grace is 2 s
    assert time.monotonic() - began < 15


def test_what_is_still_to_be_done_has_its_time(start):
    server = start("limits.stall_time=1s", slow="delay", milliseconds=1000)
    begin(server)[0].close()
    descriptors = server.descriptors()
    client, channel, replies = begin(server)
    handle = replies.handle(sftp_open(1, "/much", 0x1A))
    client.send(*[client.data(channel, sftp_write(i, handle, i, b"x")) for i in range(60)])
    client.close()
    assert wait_for(lambda: server.descriptors() <= descriptors, 10)
    assert size(server.files / "much") < 10


def test_who_leaves_and_comes_back_counts(start):
    """What connections leave behind takes memory and files: they count until it is over."""
    server = start("limits.connections=20", slow="late", milliseconds=3000)
    refused = None
    for count in range(60):
        try:
            client = Client(server.port).login()
            channel = client.sftp()
            client.send(client.data(channel, sftp_open(1, "/late", 0x1A)))
            client.close()
        except (Ended, OSError):
            refused = count
            break
    assert refused is not None and refused >= 19
    assert wait_for(lambda: "limits.connections" in server.output())

    def is_welcome():
        try:
            Client(server.port).login().close()
        except (Ended, OSError):
            return False
        return True

    assert wait_for(is_welcome)


def test_what_a_broken_engine_leaves_is_done(start):
    """What came before the nonsense is written; unit/server/conn_session tells that it stays charged until then."""
    server = start(slow="delay", milliseconds=300)
    client = Client(server.port).login()
    descriptors, whole = server.descriptors(), []
    for i in range(3):
        channel = client.sftp()
        replies = Sftp(client, channel)
        replies.reply()
        handle = replies.handle(sftp_open(1, f"/broken{i}", 0x1A))
        count = (client.server_window - 2000) // 25100
        writes = [sftp_write(n, handle, n * 25000, bytes(25000)) for n in range(count)]
        client.send(*[client.data(channel, write) for write in writes], client.data(channel, u32(0) + b"nonsense"))
        client.receive(CHANNEL_CLOSE)
        client.send(bytes([CHANNEL_CLOSE]) + u32(channel))
        whole.append(count * 25000)
    assert wait_for(lambda: server.descriptors() <= descriptors)
    assert [size(server.files / f"broken{i}") for i in range(3)] == whole
    client.close()
