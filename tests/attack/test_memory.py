"""One user takes all the memory or all the descriptors that he can get: it is his share, and the others go on."""

import os
import struct

import pytest
from server import Server, wait_for
from wire import CHANNEL_OPEN, CHANNEL_REQUEST, OPEN_CONFIRMATION, OPEN_FAILURE, WINDOW_ADJUST, Client, Ended, Sftp, sftp, sftp_open, text, u32

HANDLE, STATUS = 102, 101
MIB = 1 << 20


@pytest.fixture
def serve(tmp_path):
    started = []

    def begin(*settings):
        arguments = [word for setting in settings for word in ("--set", setting)]
        started.append(Server(tmp_path, *arguments, "--user", "ann:pw"))
        os.symlink("a/" * 2040 + "x", started[-1].files / "link")
        (started[-1].files / "file").write_bytes(b"hello")
        return started[-1]

    yield begin
    for server in started:
        server.finish()


def open_channels(client, count, window=0):
    """The server's numbers of those that it opens, and the texts of the refusals."""
    client.send(*[bytes([CHANNEL_OPEN]) + text("session") + u32(i) + u32(window) + u32(1 << 15) for i in range(count)])
    numbers, refusals = [], []
    for _ in range(count):
        reply = client.receive(OPEN_CONFIRMATION, OPEN_FAILURE)
        if reply[0] == OPEN_CONFIRMATION:
            numbers.append(struct.unpack_from(">I", reply, 5)[0])
        else:
            refusals.append(reply[13:].decode(errors="replace"))
    return numbers, refusals


def ask_for_links(client, channel, count=140):
    """Answers of 8 KB each, for 25 bytes."""
    client.send(bytes([CHANNEL_REQUEST]) + u32(channel) + text("subsystem") + b"\0" + text("sftp"),
                client.data(channel, sftp(1, u32(3)) + sftp(19, u32(3) + text("link")) * count))


def another_user_works(server):
    ann = Client(server.port).login("ann")
    replies = Sftp(ann, ann.sftp())
    replies.reply()
    replies.handle(sftp_open(1, "file"))
    ann.close()


def lines_of(server, event):
    return [line for line in server.lines if f" {event} " in line]


def test_idle_channels(serve):
    server = serve("limits.channels=1000", "limits.memory=64M")
    clients, channels, texts = [], 0, []
    for _ in range(11):
        clients.append(Client(server.port).login())
        numbers, refusals = open_channels(clients[-1], 1000)
        channels += len(numbers)
        texts += refusals
    assert 64 < channels <= 32 * MIB // (64 << 10)  # each window has at least 64 KiB of the user's half
    assert all("limits.memory_per_user" in refusal for refusal in texts)
    another_user_works(server)
    assert wait_for(lambda: len(lines_of(server, "channel.refused")) == 11)  # one for each connection, not for each attempt
    assert all("setting=limits.memory_per_user" in line for line in lines_of(server, "channel.refused"))
    for client in clients:
        client.close()


def test_more_channels_than_allowed(serve):
    server = serve()
    client = Client(server.port).login()
    numbers, refusals = open_channels(client, 30)
    assert len(numbers) == 10
    assert all("limits.channels" in refusal for refusal in refusals)
    assert wait_for(lambda: len(lines_of(server, "channel.refused")) == 1)
    client.close()


def test_answers_that_nobody_takes(serve):
    """1 MiB for each of 150 channels that the client gives no window."""
    server = serve("limits.channels=1000", "limits.memory_per_connection=24M", "limits.memory_per_user=32M")
    before, clients = server.memory(), []
    for _ in range(2):
        client = Client(server.port).login()
        clients.append(client)
        numbers, _ = open_channels(client, 150)
        for number in numbers:
            ask_for_links(client, number)
    assert wait_for(lambda: lines_of(server, "memory.refused"))
    another_user_works(server)
    assert server.memory() < before + 200 * MIB  # with what the sanitizers take; it was more than 300
    for client in clients:
        client.close()


def test_descriptors(serve):
    server = serve("limits.channels=100", "limits.open_files_total=200")
    another_user_works(server)
    before = server.descriptors()
    client = Client(server.port).login()
    made, why = 0, ""
    for number in range(20):
        channel = client.sftp(number=number)
        replies = Sftp(client, channel, adjust=False)
        replies.reply()
        client.send(client.data(channel, sftp_open(1, "file") * 20))
        for _ in range(20):
            reply = replies.reply()
            made += reply[0] == HANDLE
            why = why if reply[0] == HANDLE else reply[13:].decode(errors="replace")
    assert made == 100
    assert "limits.open_files_per_user" in why
    assert server.descriptors() <= before + 100 + 8
    another_user_works(server)
    assert wait_for(lambda: lines_of(server, "file.refused"))
    client.close()
    assert wait_for(lambda: server.descriptors() <= before + 4)


def is_ended(client):
    try:
        client.receive_any()
    except Ended:
        return True
    return False


def test_no_window_for_answers(serve):
    server = serve("limits.stall_time=1s")
    client = Client(server.port).login()
    (channel,), _ = open_channels(client, 1)
    ask_for_links(client, channel)
    assert wait_for(lambda: any("stopped reading" in line for line in lines_of(server, "connection.closed")))
    client.close()


def test_a_trickle_of_window(serve):
    """Ten bytes of 1 MiB at a time, as long as the server takes that."""
    server = serve("limits.stall_time=1s")
    client = Client(server.port).login()
    (channel,), _ = open_channels(client, 1)
    ask_for_links(client, channel)

    def trickle():
        try:
            client.send(bytes([WINDOW_ADJUST]) + u32(channel) + u32(10))
        except OSError:
            pass
        return lines_of(server, "connection.closed")

    assert wait_for(trickle)
    assert "stopped reading" in lines_of(server, "connection.closed")[0]
    client.close()


def test_a_slow_reader_is_left_alone(serve):
    """Most of what waits, but slowly: for several times the stall time."""
    server = serve("limits.stall_time=1s")
    client = Client(server.port).login()
    (channel,), _ = open_channels(client, 1, window=1000)
    ask_for_links(client, channel, 100)
    steps = iter(range(150))

    def read_a_little():
        client.send(bytes([WINDOW_ADJUST]) + u32(channel) + u32(5000))
        return next(steps, None) is None or lines_of(server, "connection.closed")

    assert wait_for(read_a_little)
    assert not lines_of(server, "connection.closed")
    client.close()
