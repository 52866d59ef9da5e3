"""Limits on bytes per second: what has passed never exceeds what the time allows, and all of it arrives."""

import asyncio
import time

import pytest

import openssh
import pythonic
import trees

RATE = 1_000_000
SIZE = 600_000  # with SSH's own bytes, the login and the unused eighth of a second: less than SIZE / RATE seconds, but not much less


async def download(server):
    async with pythonic.asyncssh_connect(server) as connection:
        async with connection.start_sftp_client() as client, client.open("/down", "rb") as file:
            return await file.read()


async def upload(server, name, data):
    async with pythonic.asyncssh_connect(server) as connection:
        async with connection.start_sftp_client() as client, client.open(name, "wb") as file:
            await file.write(data)


def timed(coroutine):
    async def go():
        began = time.monotonic()
        return await coroutine, time.monotonic() - began

    return pythonic.run(go())


@pytest.fixture
def content():
    return trees.random_bytes(SIZE)  # it cannot be compressed


def start_with(start, content, *names):
    server = start(settings={name: str(RATE) for name in names})
    (server.root / "down").write_bytes(content)
    return server


def test_download(start, content):
    server = start_with(start, content, "limits.rate_out")
    data, seconds = timed(download(server))
    assert data == content
    assert seconds > (SIZE - RATE / 4) / RATE


def test_upload(start, content):
    server = start_with(start, content, "limits.rate_in")
    _, seconds = timed(upload(server, "/up", content))
    assert (server.root / "up").read_bytes() == content
    assert seconds > (SIZE - RATE / 4) / RATE


def test_a_user_shares_his_rate(start, content):
    server = start_with(start, content, "limits.rate_out_per_user", "limits.rate_in_per_user")

    async def all_at_once():
        return await asyncio.gather(download(server), download(server), upload(server, "/a", content), upload(server, "/b", content))

    results, seconds = timed(all_at_once())
    assert results[:2] == [content, content]
    assert (server.root / "a").read_bytes() == content == (server.root / "b").read_bytes()
    assert seconds > (2 * SIZE - RATE / 4) / RATE


def test_slower_than_a_stalled_client(start):
    """The server holds the bytes back itself: the client is not at fault, however long they take."""
    server = start(settings={"limits.rate_out": "64K", "limits.stall_time": "1s"})
    content = trees.random_bytes(200_000)
    (server.root / "down").write_bytes(content)
    data, seconds = timed(download(server))
    assert data == content
    assert seconds > 2


def test_input_that_is_left_when_the_client_leaves(start, content):
    """What a client has sent before it disconnects is written, if it takes a while."""
    server = start(settings={"limits.rate_in": "200K"})
    path = trees.write(server.root.parent / "source", 300_000)
    openssh.sftp(server, f"put {path} /up")
    assert (server.root / "up").read_bytes() == path.read_bytes()
