"""Before the login: what a stranger may say, and what saying it costs us."""

import os
import pathlib
import socket
import struct
import subprocess
import time

import pytest

from server import BUILD, wait_for
from wire import (DEBUG, DISCONNECT, EXT_INFO, IGNORE, KEX_INIT, KEX_REPLY, KEXINIT, PING, SERVICE_REQUEST, UNIMPLEMENTED,
                  USERAUTH_FAILURE, USERAUTH_REQUEST, USERAUTH_SUCCESS, Client, Ended, text, u32)

TRANSPORT = {IGNORE, UNIMPLEMENTED, DEBUG}
NO_MEANING = set(range(8, 20)) | set(range(128, 192)) | set(range(194, 256))
NO_MEANING_AT_LOGIN = set(range(54, 60)) | set(range(62, 80))


def goes_on(step):
    try:
        step()
        return True
    except (Ended, TimeoutError):
        return False


def test_before_the_first_keys_nothing_passes_but_chatter(server):
    passed = set()
    for number in set(range(256)) - {KEXINIT}:
        client = Client(server.port, strict=False)
        client.send(bytes([number]) + u32(0) * 4)
        if goes_on(client.rekey):
            passed.add(number)
        client.close()
    assert passed == TRANSPORT


def test_a_strict_peer_may_not_even_chatter_there(server):
    for number in TRANSPORT:
        client = Client(server.port)
        client.start_rekey()
        client.send(bytes([number]) + u32(0) * 4)
        assert client.closed()


def test_before_the_service_nothing_passes_but_what_means_nothing(server):
    passed = set()
    for number in set(range(256)) - {KEXINIT}:
        client = Client(server.port)
        client.rekey()
        client.receive(EXT_INFO)
        client.send(bytes([number]) + u32(0) * 4)
        if goes_on(client.service):
            passed.add(number)
        client.close()
    assert passed == TRANSPORT | NO_MEANING


def test_at_the_login_nothing_passes_but_what_means_nothing(server):
    passed = set()
    for number in set(range(256)) - {KEXINIT}:
        client = Client(server.port)
        client.rekey()
        client.service()
        client.send(bytes([number]) + u32(0) * 4)

        def login():
            client.send(client.password_request())
            client.receive(USERAUTH_SUCCESS)

        if goes_on(login):
            passed.add(number)
        client.close()
    assert passed == TRANSPORT | NO_MEANING | NO_MEANING_AT_LOGIN


def test_ext_info_has_one_place(server):
    client = Client(server.port)
    client.rekey()
    client.send(bytes([EXT_INFO]) + u32(0))
    client.service()
    client.send(bytes([EXT_INFO]) + u32(0))
    assert client.closed()


def kexinits(client):
    for _ in range(100):
        client.rekey()


def large(payload):
    def flood(client):
        for _ in range(50):
            client.send(payload)
    return flood


def small(payload):
    def flood(client):
        for _ in range(200):
            client.send(*[payload] * 100)
    return flood


def names(client):
    client.service()
    for _ in range(100):
        client.send(client.password_request("x" * 30000, "y" * 30000))


def none(client):
    client.service()
    for i in range(2000):
        client.send(bytes([USERAUTH_REQUEST]) + text(f"user{i}") + text("ssh-connection") + text("none"))


def long_offer(client):
    many = text(b",".join(b"a%d" % i for i in range(1500)))
    client.send(bytes([KEXINIT]) + os.urandom(16) + many * 2 + text("x") * 8 + bytes(5))
    time.sleep(0.05)


@pytest.mark.parametrize("flood", [
    kexinits, large(bytes([IGNORE]) + text(b"x" * 60000)), large(bytes([DEBUG, 0]) + text(b"x" * 60000) + text("")),
    small(bytes([IGNORE]) + text("")), small(bytes([PING]) + text("")), small(bytes([SERVICE_REQUEST]) + text("ssh-userauth")),
    large(bytes([250])), names, none, long_offer,
], ids=["kexinit", "ignore", "debug", "ignore-small", "ping", "service", "unknown", "names", "none", "long-offer"])
def test_floods_cost_little(server, flood):
    clients, before = [], server.memory()
    for _ in range(20):
        client = Client(server.port)
        client.rekey()
        clients.append(client)
        try:
            flood(client)
        except Ended:
            pass
    grown = server.memory() - before
    for client in clients:
        client.close()
    assert grown < 20 << 20


def test_bad_public_values(server):
    for value in (b"", bytes(32), b"\1" + bytes(31), b"x" * 31, b"x" * 33, b"x" * 60000,
                  bytes.fromhex("ec" + "ff" * 30 + "7f"), bytes.fromhex("ed" + "ff" * 30 + "7f")):
        client = Client(server.port)
        client.start_rekey()
        client.receive(KEXINIT)
        client.send(bytes([KEX_INIT]) + text(value))
        assert client.receive(DISCONNECT, KEX_REPLY)[0] == DISCONNECT


def test_connections_that_end_leave_nothing(server):
    Client(server.port).login().close()
    assert wait_for(lambda: "reason=client" in server.lines[-1])
    descriptors, memory = server.descriptors(), 0
    for i in range(10000):
        sock = socket.create_connection(("127.0.0.1", server.port), 10)
        if i % 3 == 0:
            sock.sendall(b"SSH-2.0-x\r\n")
        if i % 3 == 1:
            sock.sendall(b"SSH-2.0-x\r\n" + struct.pack(">IB", 1000, 4) + b"\x14" * 50)
        if i % 2:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
        if i == 5000:
            memory = server.memory()
    assert wait_for(lambda: server.descriptors() <= descriptors)
    assert server.memory() < memory + (4 << 20)


def test_leaving_in_the_middle(server):
    descriptors = server.descriptors()
    for i in range(100):
        client = Client(server.port)
        client.start_rekey()
        client.receive(KEXINIT)
        client.send(bytes([KEX_INIT]) + text(os.urandom(32)))
        client.close()
        client = Client(server.port)
        client.rekey()
        client.service()
        client.send(client.password_request(password="pw" if i % 2 else "wrong"))
        client.close()
    assert wait_for(lambda: server.descriptors() <= descriptors)


@pytest.mark.parametrize("steps", range(3))
def test_half_closed(server, steps):
    client = Client(server.port)
    if steps >= 1:
        client.rekey()
    if steps >= 2:
        client.service()
        client.send(client.password_request())
    client.socket.shutdown(socket.SHUT_WR)
    assert client.closed()


def processor_ticks(server):
    """Those that all of its threads have used; unlike time, other processes do not change them much."""
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_nobody_learns_who_exists(start):
    """Users with a dear hash, a cheap one and none, and no one: the same answer, and the same work."""
    line = subprocess.run([BUILD / "cmd" / "sallyport", "hash-password"], input=b"pw\n", stdout=subprocess.PIPE, check=True)
    cheap = "$5$rounds=1000$aaaaaaaa$kt.eUFkQ8cWCf6zSTkcj2szVQ7jM2VNpkS.kSfEQoR3"
    server = start("--user", f"cheap:{cheap}", "--user", "clear:pw", user="joe:" + line.stdout.decode().strip().splitlines()[-1])
    work, answers = {"joe": 0, "cheap": 0, "clear": 0, "bob": 0}, {}
    for _ in range(3):
        for user in work:
            before = processor_ticks(server)
            client = Client(server.port)
            client.rekey()
            client.service()
            for _ in range(4):
                client.send(client.password_request(user, "wrong"))
                answers.setdefault(user, set()).add(client.receive(USERAUTH_FAILURE))
            work[user] += processor_ticks(server) - before
            client.close()
    assert len(set(map(frozenset, answers.values()))) == 1, answers
    assert min(work.values()) > 0.5 * max(work.values()), work
