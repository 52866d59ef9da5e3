"""One client's work for the server, before login and after it, leaves the others their turn. Positions and counts, no times."""

import os
import subprocess

import pytest

from server import BUILD, wait_for
from wire import (KEX_INIT, KEX_REPLY, KEXINIT, USERAUTH_FAILURE, USERAUTH_REQUEST, USERAUTH_SUCCESS, Client, Ended, Sftp,
                  begin, mpint, sftp, sftp_open, sftp_read, text, u32, u64)

FLOOD = 60
# However many processors there are: one or two threads for costly exchanges, one for passwords.
FEW_THREADS = ("--set", "server.workers_unauthenticated=4")
ARGUMENTS = FEW_THREADS


def answered(clients, *kinds):
    """How many of them have their answer by now."""
    count = 0
    for client in clients:
        client.socket.settimeout(0)
        try:
            client.receive(*kinds)
            count += 1
        except (BlockingIOError, Ended):
            pass
        client.socket.settimeout(30)
    return count


def ask_for_group(port, method, bits):
    """A key exchange that costs the client nothing: a random number for a public value."""
    client = Client(port)
    names = [method, "ssh-ed25519", "aes128-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256", "none", "none", "", ""]
    client.send(bytes([KEXINIT]) + os.urandom(16) + b"".join(text(name) for name in names) + bytes(5),
                bytes([KEX_INIT]) + text(b"\x7f" + os.urandom(bits // 8 - 1)))
    client.receive(KEXINIT)
    return client


@pytest.mark.parametrize("method,bits", [("diffie-hellman-group16-sha512", 4096), ("diffie-hellman-group18-sha512", 8192)])
def test_costly_exchanges_do_not_hold_up_logins(server, method, bits):
    flood = [ask_for_group(server.port, method, bits) for _ in range(FLOOD)]
    Client(server.port).login().close()
    assert answered(flood, KEX_REPLY) < FLOOD, "the login was the last one to be served"
    for client in flood:
        client.close()


def test_passwords_of_one_address_do_not_hold_up_another(start):
    line = subprocess.run([BUILD / "cmd" / "sallyport", "hash-password"], input=b"pw\n", stdout=subprocess.PIPE, check=True)
    server = start(*FEW_THREADS, user="joe:" + line.stdout.decode().strip().splitlines()[-1])
    flood = []
    for _ in range(FLOOD):
        client = Client(server.port)
        client.rekey()
        client.service()
        flood.append(client)
    honest = Client(server.port, source="127.0.0.2")
    honest.rekey()
    honest.service()
    for client in flood:
        client.send(client.password_request("joe", "wrong"))
    honest.send(honest.password_request("joe", "pw"))
    honest.receive(USERAUTH_SUCCESS)
    assert answered(flood, USERAUTH_FAILURE) < FLOOD // 2
    for client in [honest, *flood]:
        client.close()


def test_who_has_gone_waits_for_nothing(server):
    """Those who hang up while their key exchange is queued leave the queue, and are closed ahead of those who stay."""
    flood = [ask_for_group(server.port, "diffie-hellman-group18-sha512", 8192) for _ in range(FLOOD)]
    descriptors, staying, going = server.descriptors(), flood[:FLOOD * 2 // 3], flood[FLOOD * 2 // 3:]
    for client in going:
        client.close()
    assert wait_for(lambda: server.descriptors() <= descriptors - len(going))
    assert answered(staying, KEX_REPLY) < len(staying), "those before them had to be served first"
    for client in staying:
        client.close()


def test_digests_of_one_user_do_not_hold_up_another(start):
    server = start("--user", "ann:pw")
    with open(server.files / "big", "wb") as file:
        file.truncate(1 << 40)
    (server.files / "small").write_bytes(bytes(1 << 20))

    def check(name):
        return sftp(200, u32(1) + text("check-file-name") + text(name) + text("sha512") + u64(0) + u64(0) + u32(0))

    def version_6(client):
        channel = client.open()
        assert client.subsystem(channel)
        client.send(client.data(channel, sftp(1, u32(6))))
        answers = Sftp(client, channel)
        answers.reply()
        return answers

    joes = []
    for _ in range(8):
        client = Client(server.port).login()
        channel = version_6(client).channel
        client.send(*[client.data(channel, check("big"))] * 16)
        joes.append(client)
    ann = version_6(Client(server.port).login("ann"))
    for _ in range(5):
        assert ann.request(check("small"))[0] == 201
    # Two for each processor compute; the others are loops, and what else there is.
    assert server.threads() < 8 * os.cpu_count() + 16
    for client in joes + [ann.client]:
        client.close()


def test_digests_that_wait_hold_nothing(start):
    """Each that has begun holds a descriptor, and a quarter of a megabyte of digests."""
    server = start()
    with open(server.files / "file", "wb") as file:
        file.truncate(5 << 20)  # two pieces
    check = sftp(200, u32(1) + text("check-file-name") + text("/file") + text("md5") + u64(0) + u64(0) + u32(340))
    client = Client(server.port).login()
    channel = client.sftp()
    replies = Sftp(client, channel)
    replies.reply()
    before = server.descriptors()
    client.send(client.data(channel, check * 64))
    assert replies.reply()[0] == 201
    assert server.descriptors() < before + 24  # workers_per_connection, and some to spare
    client.close()


def test_unknown_keys_are_not_verified(server):
    """A signature by a key that no one may use is refused as fast as a question about it: nothing is computed."""
    client = Client(server.port)
    client.rekey()
    client.service()
    blob = text("ssh-rsa") + mpint(b"\1\0\1") + mpint(b"\xff" * 2048)
    body = (bytes([USERAUTH_REQUEST]) + text("joe") + text("ssh-connection") + text("publickey") + b"\1"
            + text("rsa-sha2-512") + text(blob) + text(text("rsa-sha2-512") + text(b"\1" * 2048)))
    client.send(body)
    assert client.receive(USERAUTH_FAILURE)
    assert wait_for(lambda: any("Login rejected" in line and "publickey" in line for line in server.lines))
    client.close()


def test_connections_of_a_user_take_turns_at_his_rate(start):
    """Those that always have more to move leave the others their turn."""
    server = start("--set", "limits.rate_out_per_user=256K")
    with open(server.files / "big", "wb") as file:
        file.truncate(64 << 20)
    hogs = [begin(server) for _ in range(4)]
    client, _, replies = begin(server)
    for hog, channel, sftp_of in hogs:
        handle = sftp_of.handle(sftp_open(1, "/big"))
        hog.send(*(hog.data(channel, sftp_read(2, handle, n << 15, 1 << 15)) for n in range(200)))
    for number in range(4):
        assert replies.request(sftp(17, u32(number) + text("/big")))[0] == 105
    for one in [client, *(hog for hog, _, _ in hogs)]:
        one.close()
