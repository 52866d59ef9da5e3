"""scp and the digests, in the hands of someone who is logged in."""

import os
import struct
import time

import pytest

from server import wait_for
from wire import CHANNEL_CLOSE, CHANNEL_DATA, CHANNEL_EOF, CHANNEL_REQUEST, EXTENDED_DATA, WINDOW_ADJUST, Client, Ended, u32


def begin(server, command, **options):
    client = Client(server.port, **options.pop("connection", {})).login()
    channel = client.open(**options)
    client.send(client.exec(channel, command))
    return client, channel


def hear(client, channel, size=1 << 30):
    """Output, standard error, and exit status once the channel is closed."""
    out = error = b""
    status = None
    while len(out) < size:
        payload = client.receive(CHANNEL_DATA, EXTENDED_DATA, CHANNEL_REQUEST, CHANNEL_CLOSE)
        if payload[0] == CHANNEL_CLOSE:
            break
        if payload[0] == CHANNEL_REQUEST:
            status = struct.unpack(">I", payload[-4:])[0]
        elif payload[0] == CHANNEL_DATA:
            out += payload[9:]
        else:
            error += payload[13:]
    return out, error, status


@pytest.fixture(scope="module")
def loops(server):
    """A directory that is its own child, twice over."""
    directory = server.files / "loops"
    directory.mkdir()
    for name in "ab":
        (directory / name).symlink_to(".")
    return directory


@pytest.mark.parametrize("command", ["md5sum", "scp -f"])
def test_patterns_without_end(server, loops, command):
    """2^35 directories, and no output that anyone would have to take."""
    client, channel = begin(server, f"{command} /loops" + "/*" * 35 + "/none")
    client.send(client.data(channel, b"\0" * 10), bytes([CHANNEL_EOF]) + u32(channel))
    client.socket.settimeout(100)
    out, error, status = hear(client, channel)
    assert status == 1 and b"too complex" in out + error
    client.close()


def test_who_leaves_endless_work_leaves_none(server, loops):
    begin(server, "md5sum")[0].close()
    descriptors = server.descriptors()
    for _ in range(3):
        client, channel = begin(server, "md5sum /loops" + "/*" * 35 + "/none")
        time.sleep(0.1)
        client.close()
    assert wait_for(lambda: server.descriptors() <= descriptors)


def test_many_patterns_in_one_command(server, loops):
    """The bound is for all of them together."""
    client, channel = begin(server, "md5sum" + (" /loops" + "/*" * 20 + "/none") * 500)
    client.socket.settimeout(100)
    assert hear(client, channel)[2] == 1
    client.close()


def test_trees_without_end(server, loops):
    """They cost what the client takes, and a bounded amount of memory."""
    before = server.memory()
    client, channel = begin(server, "scp -r -f /loops")
    heard = 0
    for _ in range(2000):
        client.send(client.data(channel, b"\0"))
        while heard == 0:
            heard += client.receive(CHANNEL_DATA)[9:].count(b"\n")
        heard -= 1
    assert server.memory() < before + (8 << 20)
    client.close()


def test_brackets_that_never_end(server):
    (server.files / ("[" * 250)).touch()
    client, channel = begin(server, "md5sum /*" + "[" * 60000 + "\\]")
    began = time.monotonic()
    assert hear(client, channel)[2] == 1
    assert time.monotonic() - began < 10
    client.close()


@pytest.mark.parametrize("command", ["scp -t /new", "scp -f /small", "md5sum /small", "scp -f /missing", "uname"])
def test_input_that_nobody_asked_for(server, command):
    before = server.memory()
    client, channel = begin(server, command)
    left = client.server_window
    try:
        while left > 32768 and left > client.server_window - (20 << 20):
            client.send(client.data(channel, b"C" * 32768))
            left -= 32768
    except Ended:
        pass
    hear(client, channel, 1)
    assert server.memory() < before + (12 << 20)
    client.close()
    (server.files / "new").unlink(missing_ok=True)


@pytest.mark.parametrize("size", [b"9223372036854775807", b"9223372036854775808", b"18446744073709551616", b"-1", b"", b"0x10", b"1e9"])
def test_sizes_that_are_lies(server, size):
    client, channel = begin(server, "scp -t /lie")
    client.send(client.data(channel, b"C0644 " + size + b" lie\n" + b"x" * 100000), bytes([CHANNEL_EOF]) + u32(channel))
    assert hear(client, channel)[2] == 1
    path = server.files / "lie"
    if path.exists():
        assert size == b"9223372036854775807" and path.stat().st_blocks < 1000
        path.unlink()
    client.close()


def test_more_than_was_promised(server):
    client, channel = begin(server, "scp -t /more")
    client.send(client.data(channel, b"C0644 5 more\nhello, world\n\0\0\0"), bytes([CHANNEL_EOF]) + u32(channel))
    assert hear(client, channel)[2] == 1
    assert (server.files / "more").read_bytes() == b"hello"
    client.close()


@pytest.mark.parametrize("name", [b"..", b".", b"", b"/x", b"../x", b"a/../../x", b"x\0y", b"..\\x"])
@pytest.mark.parametrize("letter", [b"C", b"D"])
def test_names_that_lead_elsewhere(server, letter, name):
    (server.files / "in").mkdir(exist_ok=True)
    client, channel = begin(server, "scp -r -t /in")
    client.send(client.data(channel, letter + b"0755 0 " + name + b"\n\0"), bytes([CHANNEL_EOF]) + u32(channel))
    hear(client, channel)
    allowed = {"..\\x"}
    assert {path.name for path in (server.files / "in").iterdir()} <= allowed
    assert not (server.files / "x").exists() and not (server.files.parent / "x").exists()
    client.close()


def test_links_do_not_lead_out(server):
    outside = server.files.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (server.files / "way").symlink_to(outside)
    (server.files / "leak").symlink_to(outside / "secret")
    for command in ("scp -f /way/secret", "scp -f /leak", "scp -r -f /way", "md5sum /leak /way/*", "scp -f /../outside/secret"):
        client, channel = begin(server, command)
        client.send(client.data(channel, b"\0" * 10), bytes([CHANNEL_EOF]) + u32(channel))
        out, _, status = hear(client, channel)
        assert status == 1 and b"secret\0" not in out and b"C0" not in out
        client.close()
    for stream in (b"C0644 1 secret\nx\0", b"D0755 0 way\nC0644 1 new\nx\0E\n", b"D0755 0 way\nD0777 0 dir\nE\nE\n"):
        client, channel = begin(server, "scp -r -p -t /way" if stream.startswith(b"C") else "scp -r -p -t /")
        client.send(client.data(channel, stream), bytes([CHANNEL_EOF]) + u32(channel))
        hear(client, channel)
        client.close()
    assert [path.name for path in outside.iterdir()] == ["secret"] and (outside / "secret").read_text() == "secret"


def test_answers_that_nobody_reads(server):
    before = server.memory()
    client, channel = begin(server, "md5sum" + " /small" * 5000, window=100)
    time.sleep(1)
    assert server.memory() < before + (4 << 20)
    client.send(bytes([WINDOW_ADJUST]) + u32(channel) + u32(1 << 30))
    out, error, status = hear(client, channel)
    assert (out.count(b"  /small\n"), error, status) == (5000, b"", 0)
    client.close()


def test_errors_that_nobody_reads(server):
    """Standard error takes its part of the window, and no more."""
    client, channel = begin(server, "md5sum" + " /none" * 5000, window=1000, packet=100)
    time.sleep(0.5)
    got = 0
    while got < 1000:
        payload = client.receive(EXTENDED_DATA)
        assert payload[5:9] == u32(1) and len(payload) <= 113
        got += len(payload) - 13
    assert got == 1000
    client.send(bytes([WINDOW_ADJUST]) + u32(channel) + u32(1 << 30))
    out, error, status = hear(client, channel)
    assert out == b"" and status == 1
    assert got + len(error) == 5000 * len(b"md5sum: /none: No such file or directory\n")
    client.close()


def test_any_bytes_at_all(server):
    """No stream brings it down or out of its directory."""
    import random

    (server.files / "any").mkdir()
    outer = {path.name for path in server.files.iterdir()}
    random_ = random.Random(5)
    pieces = [b"\0", b"\1", b"\2", b"\n", b"C0644 3 f\n", b"D0755 0 d\n", b"E\n", b"T1 0 1 0\n", b"abc", b"C0644 99 g\n",
              b"D0000 0 e\n", b"C7777 0 h\n", b"C0644 3 ../f\n", os.urandom(20)]
    for command in ("scp -t /any", "scp -r -t /any", "scp -rp -t /any/new", "scp -rd -t /any", "scp -r -f /any", "scp -rp -f '/*'"):
        for _ in range(40):
            client, channel = begin(server, command)
            stream = b"".join(random_.choice(pieces) for _ in range(random_.randrange(30)))
            client.send(client.data(channel, stream), bytes([CHANNEL_EOF]) + u32(channel))
            hear(client, channel)
            client.close()
    assert {path.name for path in server.files.iterdir()} == outer
