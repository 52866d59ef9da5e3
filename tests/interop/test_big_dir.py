"""A directory with very many entries: the first answer comes at once, and the server keeps none of it."""

import os
import time

import pytest

import pythonic
import raw_sftp
from process import LONG

COUNT = 1_000_000 if LONG else 50_000


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """Hard links to a few files, since they are the cheapest to make."""
    path = tmp_path_factory.mktemp("big")
    os.makedirs(path / "d")
    descriptor = os.open(path / "d", os.O_RDONLY)
    for number in range(COUNT):
        if number % 50_000 == 0:
            with open(path / f"origin{number}", "w", encoding="ascii"):
                pass
        os.link(path / f"origin{number - number % 50_000}", f"entry-{number:08}", dst_dir_fd=descriptor)
    os.close(descriptor)
    return path


@pytest.mark.release
@pytest.mark.timeout(900)
def test_listing(start, directory):
    server = start(root=directory)
    transport = pythonic.paramiko_transport(server)
    channel = transport.open_session()
    channel.invoke_subsystem("sftp")
    stream = raw_sftp.Stream(channel)
    stream.start()
    before = server.rss()
    begin = time.monotonic()
    handle = stream.handle(raw_sftp.packet(raw_sftp.OPENDIR, 1, raw_sftp.text("/d")), 1)
    stream.send(raw_sftp.packet(raw_sftp.READDIR, 2, raw_sftp.text(handle)))
    kind, _, body = stream.receive()
    first = time.monotonic() - begin
    assert kind == raw_sftp.NAME
    assert first < 0.25, f"the first names came after {first * 1000:.0f} ms"
    names, peak, number = 0, 0, 3
    while kind == raw_sftp.NAME:
        names += int.from_bytes(body[:4], "big")
        assert len(body) <= 256 * 1024
        stream.send(raw_sftp.packet(raw_sftp.READDIR, number, raw_sftp.text(handle)))
        kind, answered, body = stream.receive()
        assert answered == number
        number += 1
        if number % 50 == 0:
            peak = max(peak, server.rss())
    assert kind == raw_sftp.STATUS and int.from_bytes(body[:4], "big") == raw_sftp.EOF
    assert names in (COUNT, COUNT + 2)
    assert peak - before < 8 << 20
    took = time.monotonic() - begin
    transport.close()
    assert took < COUNT / 5000, f"{names / took:.0f} names a second"
