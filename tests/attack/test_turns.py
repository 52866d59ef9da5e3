"""One user keeps the network threads busy indefinitely, in every known way: others are still answered, work for clients that hang up
stops, and the server shuts down on request."""

import shutil
import signal
import tempfile

import pytest

from server import Server, wait_for
from wire import Ended, begin, sftp, text, u32, u64

ATTACKERS = 4
LINKS = 39
STAT, REALPATH, EXTENDED = 17, 16, 200
TEXT_MODE = 0x40


def flood(client, channel, request):
    """More requests than are done in any time, as far as the window allows."""
    for _ in range(min(client.server_window // 30000, 4)):
        client.send(client.data(channel, request * (30000 // len(request))))


def search(server, client, channel, replies):
    handle = replies.handle(sftp(3, u32(1) + text("/endless") + u32(1 | TEXT_MODE) + u32(0) + b"\1"))
    client.send(client.data(channel, sftp(EXTENDED, u32(9) + text("text-seek") + text(handle) + u64(1 << 40))))


def resolve(kind):
    def attack(server, client, channel, replies):
        flood(client, channel, sftp(kind, u32(9) + text("/l0")))
    return attack


def stat(server, client, channel, replies):
    flood(client, channel, sftp(STAT, u32(9) + text("/small")))


ATTACKS = {"search": (search, 4), "links": (resolve(STAT), 3), "realpath": (resolve(REALPATH), 3), "stat": (stat, 3)}


@pytest.fixture
def made(request):
    """A server over a folder in memory, where most is done at once, or on disk."""
    folder = tempfile.mkdtemp(dir="/dev/shm" if request.param == "memory" else None)
    server = Server(folder, "--user", "ann:pw")
    (server.files / "small").write_bytes(b"hello")
    with open(server.files / "endless", "wb") as file:
        file.truncate(1 << 40)
    (server.files / "a").mkdir()
    for i in range(LINKS):
        (server.files / f"l{i}").symlink_to("a/../" * 800 + (f"l{i + 1}" if i < LINKS - 1 else "a"))
    yield server
    if server.alive():
        server.finish()
    shutil.rmtree(folder)


def begin_attack(server, name):
    attack, version = ATTACKS[name]
    clients = []
    for _ in range(ATTACKERS):
        client, channel, replies = begin(server, version=version)
        attack(server, client, channel, replies)
        clients.append(client)
    return clients


def is_idle(server):
    """No thread is still working."""
    before = server.used_ticks()
    return not wait_for(lambda: server.used_ticks() != before, 0.5)


def is_refused(server):
    try:
        begin(server, user="ann")[0].close()
        return False
    except (OSError, Ended):
        return True


@pytest.mark.parametrize("made, name", [("memory", name) for name in ATTACKS] + [("disk", "links"), ("disk", "search")],
                         indirect=["made"])
def test_others_are_answered_and_nothing_is_left(made, name):
    ann = begin(made, user="ann")[2]
    attackers = begin_attack(made, name)
    for i in range(20):
        assert ann.request(sftp(7, u32(i) + text("/")))[1:5] == u32(i)
    late = begin(made, user="ann")[2]  # a login, too
    assert late.request(sftp(7, u32(7) + text("/small")))[0] == 105
    for client in attackers:
        client.close()
    assert wait_for(lambda: is_idle(made), 60)


@pytest.mark.parametrize("made, name", [("memory", "search"), ("memory", "stat"), ("disk", "links")], indirect=["made"])
def test_the_first_signal_stops_it(made, name):
    attackers = begin_attack(made, name)
    made.process.send_signal(signal.SIGTERM)
    # Operations in progress may finish, but no new client is accepted.
    assert wait_for(lambda: not made.alive() or "Stopping" in made.output(), 60), made.output()
    assert wait_for(lambda: is_refused(made), 60)
    for client in attackers:
        client.close()
    made.process.wait(60)
    assert made.process.returncode == 0, made.output()
