"""New keys in the middle of large transfers, asked for by either side, with every client that can."""

import subprocess
import threading
import time

import paramiko
import pytest

import openssh
import putty
import pythonic
import trees
from process import LONG, is_sanitized
from openssh import sftp

BYTES = 200_000_000
SETTINGS = {"ssh.rekey_bytes": "256K"}


def size():
    """A fifth under sanitizers, which are here for mistakes in memory and not for the amount."""
    return BYTES if LONG or not is_sanitized() else BYTES // 5


@pytest.fixture
def source(work):
    return trees.write(work / "source", size())


class TestOpenssh:
    @pytest.mark.parametrize("cipher", ["aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes128-ctr"])
    def test_client_asks(self, server, work, source, cipher):
        sftp(server, f"put {source} /file\nget /file {work}/back", "-c", cipher, RekeyLimit="1M")
        assert trees.digest(source) == trees.digest(server.root / "file") == trees.digest(work / "back")

    def test_server_asks(self, start, work, source):
        server = start(settings=SETTINGS)
        sftp(server, f"put {source} /file\nget /file {work}/back")
        assert trees.digest(source) == trees.digest(server.root / "file") == trees.digest(work / "back")

    def test_both_ask(self, start, work, source):
        server = start(settings=SETTINGS)
        sftp(server, f"put {source} /file\nget /file {work}/back", RekeyLimit="256K", KexAlgorithms="curve25519-sha256")
        assert trees.digest(source) == trees.digest(server.root / "file") == trees.digest(work / "back")

    def test_by_group_exchange(self, start, work):
        source = trees.write(work / "source", 3_000_000)
        server = start(settings=SETTINGS)
        sftp(server, f"put {source} /file\nget /file {work}/back", KexAlgorithms="diffie-hellman-group-exchange-sha256",
             RekeyLimit="1M")
        assert trees.digest(source) == trees.digest(work / "back")

    def test_compressed(self, start, work):
        source = work / "source"
        source.write_bytes(b"the same again and again\n" * 1_000_000)
        server = start(settings=SETTINGS)
        sftp(server, f"put {source} /file\nget /file {work}/back", "-C", RekeyLimit="256K", KexAlgorithms="curve25519-sha256")
        assert trees.digest(source) == trees.digest(work / "back")

    def test_both_ways_at_once(self, start, work):
        """Two channels of one connection, one up and one down, while both sides ask for new keys."""
        server = start(settings=SETTINGS)
        source = trees.write(work / "source", 20_000_000)
        trees.write(server.root / "down", 20_000_000, seed=2)
        control = work / "control"
        master = subprocess.Popen(["ssh", "-F", "none", "-p", str(server.port), "-M", "-N",
                                   *map(str, openssh.options(server, ControlPath=control, RekeyLimit="256K")),
                                   f"{server.user}@127.0.0.1"], stdin=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 20
            while not control.exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            up = threading.Thread(target=sftp, args=(server, f"put {source} /up"), kwargs={"ControlPath": control})
            up.start()
            sftp(server, f"get /down {work}/down", ControlPath=control)
            up.join()
        finally:
            openssh.run(["ssh", "-F", "none", "-O", "exit", "-o", f"ControlPath={control}", "x"], check=False)
            master.wait(20)
        assert trees.digest(source) == trees.digest(server.root / "up")
        assert trees.digest(work / "down") == trees.digest(server.root / "down")


class TestParamiko:
    def test_server_asks(self, start, work):
        server = start(settings={"ssh.rekey_bytes": "1M"})
        source = trees.write(work / "source", size() // 4)
        with pythonic.paramiko_sftp(server) as client:
            client.put(str(source), "/file")
            client.get("/file", str(work / "back"))
        assert trees.digest(source) == trees.digest(server.root / "file") == trees.digest(work / "back")

    def test_client_asks(self, server, work):
        source = trees.write(work / "source", size() // 4)
        transport = pythonic.paramiko_transport(server)
        try:
            transport.packetizer.REKEY_BYTES = 1 << 20
            client = paramiko.SFTPClient.from_transport(transport)
            client.put(str(source), "/file")
            client.get("/file", str(work / "back"))
        finally:
            transport.close()
        assert trees.digest(source) == trees.digest(server.root / "file") == trees.digest(work / "back")


class TestAsyncssh:
    @pytest.mark.parametrize("who", ["server", "client", "both"])
    def test_both_ways(self, start, work, who):
        server = start(settings=SETTINGS if who != "client" else {})
        source = trees.write(work / "source", size())
        options = {"rekey_bytes": 1 << 18} if who != "server" else {}

        async def go():
            async with pythonic.asyncssh_connect(server, **options) as connection:
                async with connection.start_sftp_client() as client:
                    await client.put(str(source), "/file")
                    await client.get("/file", str(work / "back"))

        pythonic.run(go())
        assert trees.digest(source) == trees.digest(server.root / "file") == trees.digest(work / "back")


class TestPutty:
    def test_server_asks(self, start, work):
        server = start(settings={"ssh.rekey_bytes": "1M"})
        source = trees.write(work / "source", size() // 2)
        putty.psftp(server, f"put {source} /file\nget /file {work}/back")
        assert trees.digest(source) == trees.digest(server.root / "file") == trees.digest(work / "back")
