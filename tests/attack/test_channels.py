"""Channels and compression, in the hands of someone who is logged in."""

import os
import struct
import zlib

import pytest

from wire import (CHANNEL_CLOSE, CHANNEL_EOF, CHANNEL_FAILURE, CHANNEL_OPEN, CHANNEL_REQUEST, CHANNEL_SUCCESS, DISCONNECT, EXT_INFO,
                  EXTENDED_DATA, GLOBAL_REQUEST, IGNORE, PING, REQUEST_FAILURE, REQUEST_SUCCESS, WINDOW_ADJUST, Client, Ended, Sftp, sftp, text, u32)


def log_in(server, **options):
    return Client(server.port, **options).login()


def ask(client, channel):
    """A sign of life."""
    return Sftp(client, channel).request(sftp(16, u32(1) + text(".")))[0]


@pytest.mark.parametrize("window", [0, 1, 2**32 - 1])
@pytest.mark.parametrize("packet", [0, 1, 2**32 - 1])
def test_extreme_windows_and_packets(server, window, packet):
    client = log_in(server)
    channel = client.open(window=window, packet=packet)
    if packet == 0:
        assert channel is None
        return
    assert client.subsystem(channel)
    client.send(client.data(channel, sftp(1, u32(3))))
    if window < 2:
        client.send(bytes([WINDOW_ADJUST]) + u32(channel) + u32(10000))
    assert Sftp(client, channel, adjust=False).reply()[0] == 2
    client.close()


@pytest.mark.parametrize("messages, detail", [
    (lambda c, ch: [bytes([WINDOW_ADJUST]) + u32(ch) + u32(2**32 - 1)], "window beyond"),
    (lambda c, ch: [c.data(ch, bytes(c.server_packet + 1))], "maximum packet size"),
    (lambda c, ch: [c.data(77, b"x")], "does not exist"),
    (lambda c, ch: [bytes([CHANNEL_CLOSE]) + u32(77)], "does not exist"),
    (lambda c, ch: [bytes([CHANNEL_CLOSE]) + u32(ch), c.data(ch, b"x")], "does not exist"),
    (lambda c, ch: [bytes([CHANNEL_EOF]) + u32(ch), c.data(ch, b"x")], "after EOF"),
], ids=["adjust", "packet", "unknown", "close", "closed", "eof"])
def test_what_breaks_the_rules_ends_the_connection(server, messages, detail):
    client = log_in(server)
    channel = client.sftp()
    client.send(*messages(client, channel))
    client.receive(DISCONNECT)
    assert detail in client.disconnect
    assert client.closed()


def test_messages_of_servers_are_refused(server):
    for number in (6, 31, 33, 51, 52, 53, 60, 91, 92):
        client = log_in(server)
        client.send(bytes([number]) + u32(0) * 8)
        assert client.closed(), number


def test_a_byte_beyond_the_window(server):
    client = log_in(server)
    channel = client.sftp(window=1 << 16)
    replies = Sftp(client, channel, adjust=False)
    replies.reply()
    requests = b"".join(sftp(11, u32(i) + text("/small" * 100)) for i in range(40))
    left = client.server_window - 9
    while left >= len(requests):  # its answers find no window, and so none of this is granted again
        client.send(client.data(channel, requests))
        left -= len(requests)
    client.skip.clear()
    for _ in range(10):  # one at a time: what the server has not read when it closes would reset the connection
        client.send(client.data(channel, bytes(32768)))
        if client.closed(1):
            break
    assert "window" in client.disconnect


def test_many_ends_of_data_are_one(server):
    client = log_in(server)
    channel = client.sftp()
    client.send(*[bytes([CHANNEL_EOF]) + u32(channel)] * 3)
    client.receive(CHANNEL_CLOSE)
    client.send(bytes([CHANNEL_CLOSE]) + u32(channel))
    assert ask(client, client.sftp()) in (2, 104)


def test_what_comes_late_or_unasked_means_nothing(server):
    """As from AsyncSSH 2.3 to 2.7, whose EXT_INFO comes behind the success."""
    client = log_in(server)
    client.send(bytes([EXT_INFO]) + u32(0))
    gone, open_one = client.open(), client.sftp()
    client.send(bytes([CHANNEL_CLOSE]) + u32(gone))
    client.receive(CHANNEL_CLOSE)
    for channel in (gone, open_one):
        client.send(bytes([CHANNEL_SUCCESS]) + u32(channel), bytes([CHANNEL_FAILURE]) + u32(channel),
                    bytes([WINDOW_ADJUST]) + u32(channel) + u32(1))
    client.send(bytes([CHANNEL_EOF]) + u32(gone), bytes([CHANNEL_CLOSE]) + u32(gone),
                bytes([CHANNEL_REQUEST]) + u32(gone) + text("env") + b"\1" + text("A") + text("B"),
                bytes([REQUEST_SUCCESS]), bytes([REQUEST_FAILURE]),
                bytes([GLOBAL_REQUEST]) + text("nothing@example.com") + b"\0")
    assert ask(client, open_one) in (2, 104)


def test_channels_come_and_go(server):
    client = log_in(server)
    for i in range(2000):
        channel = client.open()
        assert channel == 0
        if i % 3 == 0:
            assert client.subsystem(channel)
        client.send(bytes([CHANNEL_CLOSE]) + u32(channel))
        client.receive(CHANNEL_CLOSE)


def test_data_that_nobody_reads_is_granted_again(server):
    client = log_in(server)
    channel = client.open()
    left = client.server_window
    for _ in range(600):
        while left < 32768:
            left += struct.unpack_from(">I", client.receive(WINDOW_ADJUST), 5)[0]
        client.send(client.data(channel, bytes(32768)))
        left -= 32768
    channel = client.sftp(number=1)
    Sftp(client, channel).reply()
    left = client.server_window - 100
    for _ in range(200):
        while left < 30000:
            number, more = struct.unpack_from(">II", client.receive(WINDOW_ADJUST), 1)
            left += more if number == 1 else 0  # the client's number of this channel
        client.send(bytes([EXTENDED_DATA]) + u32(channel) + u32(1) + text(bytes(30000)))
        left -= 30000
    assert ask(client, channel) == 104


@pytest.mark.parametrize("message", [
    bytes([GLOBAL_REQUEST]) + text("x") + b"\1", bytes([CHANNEL_OPEN]) + text("direct-tcpip") + u32(0) * 3,
    bytes([PING]) + text(bytes(16000)),
], ids=["request", "open", "ping"])
def test_answers_that_nobody_reads_are_bounded(server, message):
    before = server.memory()
    client = log_in(server, receive_buffer=4096, timeout=2)
    count = 1000 if len(message) < 1000 else 20
    with pytest.raises(TimeoutError):
        for _ in range(1000):
            client.send(*[message] * count)
    assert server.memory() < before + (12 << 20)
    client.close()


def test_a_second_offer_of_keys_is_refused(server):
    client = log_in(server)
    client.start_rekey()
    client.start_rekey()
    assert client.closed()


def test_a_message_between_offer_and_keys_is_refused(server):
    client = log_in(server)
    client.start_rekey()
    client.send(bytes([PING]) + text("x"))
    assert client.closed()


@pytest.mark.parametrize("message", [
    bytes([GLOBAL_REQUEST]) + text("x") + b"\1", bytes([CHANNEL_OPEN]) + text("session") + u32(0) * 2 + u32(1),
], ids=["request", "open"])
def test_who_may_talk_in_between_may_not_talk_for_ever(server, message):
    before = server.memory()
    client = log_in(server, software="AsyncSSH_2.10.1", timeout=10)
    client.start_rekey()
    with pytest.raises(Ended):
        for _ in range(400):
            client.send(*[message] * 1000)
    assert server.memory() < before + (8 << 20)


def test_keys_may_change_often(server):
    client = log_in(server)
    channel = client.sftp()
    Sftp(client, channel).reply()
    for _ in range(100):
        client.rekey()
    assert ask(client, channel) == 104


def test_a_bomb(server):
    client = log_in(server, compression="zlib@openssh.com")
    before = server.memory()
    bomb = client.deflate.compress(bytes([IGNORE]) + text(bytes(100 << 20))) + client.deflate.flush(zlib.Z_PARTIAL_FLUSH)
    client.put(client.seal_raw(bomb))
    assert client.closed()
    assert server.memory() < before + (8 << 20)


@pytest.mark.parametrize("packet", [b"", b"\0", bytes(1000), os.urandom(1000)], ids=["empty", "zero", "zeros", "random"])
def test_what_does_not_inflate(server, packet):
    client = log_in(server, compression="zlib@openssh.com")
    client.put(client.seal_raw(packet))
    assert client.closed()


def test_compressed_floods(server):
    client = log_in(server, compression="zlib@openssh.com")
    before = server.memory()
    for _ in range(200):
        client.send(bytes([IGNORE]) + text(bytes(250000)))
    channel = client.sftp()
    assert Sftp(client, channel).reply()[0] == 2
    assert server.memory() < before + (8 << 20)


def test_logins_after_the_login_mean_nothing(server):
    client = log_in(server)
    client.send(*[client.password_request("root", "x")] * 1000)
    assert Sftp(client, client.sftp()).reply()[0] == 2
