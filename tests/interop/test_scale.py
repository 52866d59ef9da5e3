"""Many sessions at once, and none forgotten."""

import asyncio
import resource

import pytest

import pythonic
import trees
from process import LONG

COUNT = 2000 if LONG else 200
PER_PROCESS = 250


@pytest.fixture(autouse=True, scope="module")
def enough_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 16384)), hard))


async def hold(server, count, use):
    """`count` sessions, opened a few at a time and all open together, then each used at the same time."""
    gate = asyncio.Semaphore(20)
    opened = []

    async def one():
        async with gate:
            connection = await pythonic.asyncssh_connect(server, login_timeout=120)
            opened.append((connection, await connection.start_sftp_client()))

    try:
        await asyncio.gather(*(one() for _ in range(count)))
        await asyncio.gather(*(use(number, client) for number, (_, client) in enumerate(opened)))
    finally:
        for connection, _ in opened:
            connection.close()
        await asyncio.gather(*(connection.wait_closed() for connection, _ in opened), return_exceptions=True)


async def nothing(number, client):
    await client.listdir("/")


@pytest.mark.release
@pytest.mark.timeout(900)
def test_sessions(start):
    # One user from one address; with compression, which this client prefers, each session takes half a megabyte.
    server = start(settings={"limits.connections_per_address": "0", "limits.unauthenticated": "0", "limits.memory": "4G",
                             "limits.memory_per_user": "1G"})
    trees.write(server.root / "file", 100_000)
    expected = (server.root / "file").read_bytes()
    pythonic.run(hold(server, 1, nothing))  # everything that is opened once is open now
    descriptors = server.descriptors()
    memory = server.rss()

    async def use(number, client):
        async with client.open("/file", "rb") as file:
            assert await file.read() == expected
        async with client.open(f"/up{number}", "wb") as file:
            await file.write(expected)

    async def peak(number, client):
        await use(number, client)
        if number == 0:
            assert server.descriptors() >= COUNT

    pythonic.run(hold(server, COUNT, peak), timeout=800)
    assert len(list(server.root.glob("up*"))) == COUNT
    assert server.wait_idle(descriptors + 4, seconds=30) <= descriptors + 4
    first = server.rss()
    assert first - memory < COUNT * 700 * 1024
    assert server.threads() < 400
    # What the allocator keeps is used again.
    pythonic.run(hold(server, COUNT, peak), timeout=800)
    assert server.rss() - first < COUNT * 150 * 1024


@pytest.mark.release
def test_connections_one_after_the_other(server):
    """Nothing grows with the number of logins."""
    async def some(count):
        for _ in range(count):
            async with pythonic.asyncssh_connect(server) as connection:
                async with connection.start_sftp_client() as client:
                    await client.listdir("/")

    pythonic.run(some(50))
    descriptors, memory = server.descriptors(), server.rss()
    pythonic.run(some(1000 if LONG else 200))
    assert server.wait_idle(descriptors) <= descriptors
    assert server.rss() - memory < 6 << 20


@pytest.mark.long
@pytest.mark.release
@pytest.mark.timeout(900)
def test_soak(server, work):
    """Ten minutes of transfers by eight clients."""
    import time

    source = trees.write(work / "source", 5_000_000)
    digest = trees.digest(source)
    deadline = time.monotonic() + 600

    async def client_loop(number):
        rounds = 0
        while time.monotonic() < deadline:
            async with pythonic.asyncssh_connect(server) as connection:
                async with connection.start_sftp_client() as client:
                    for _ in range(10):
                        await client.put(str(source), f"/f{number}")
                        await client.get(f"/f{number}", str(work / f"back{number}"))
                        assert trees.digest(work / f"back{number}") == digest
                        rounds += 1
        return rounds

    async def go():
        return await asyncio.gather(*(client_loop(number) for number in range(8)))

    pythonic.run(asyncio.wait_for(go(), 800), timeout=850)
    settled = server.rss()
    assert settled < 200 << 20
