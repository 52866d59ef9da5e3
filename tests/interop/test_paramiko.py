"""Paramiko's client: one call at a time, prefetched reads, pipelined writes."""

import errno
import os
import stat
import threading

import paramiko
import pytest

import pythonic
import trees


@pytest.fixture
def client(server):
    with pythonic.paramiko_sftp(server) as connected:
        yield connected


class TestFiles:
    def test_read_write_seek(self, client):
        with client.open("/file", "wb") as file:
            file.write(b"0123456789")
        with client.open("/file", "r+b") as file:
            file.seek(4)
            file.write(b"XY")
            file.seek(-2, os.SEEK_END)
            assert file.read() == b"89"
            file.seek(0)
            assert file.read(6) == b"0123XY"
            assert file.stat().st_size == 10

    def test_modes(self, client, server):
        with client.open("/new", "wx") as file:
            file.write(b"first")
        with pytest.raises(OSError):
            client.open("/new", "wx")
        with client.open("/new", "ab") as file:
            file.write(b" second")
        assert (server.root / "new").read_bytes() == b"first second"
        with client.open("/new", "wb") as file:
            file.write(b"x")
        assert (server.root / "new").read_bytes() == b"x"
        with pytest.raises(OSError) as failure:
            client.open("/missing", "rb")
        assert failure.value.errno == errno.ENOENT

    def test_append_ignores_offsets(self, client, server):
        (server.root / "log").write_bytes(b"start")
        with client.open("/log", "ab") as file:
            for number in range(100):
                file.write(b"%03d" % number)
        assert (server.root / "log").read_bytes() == b"start" + b"".join(b"%03d" % number for number in range(100))

    def test_past_the_end(self, client, server):
        (server.root / "file").write_bytes(b"abc")
        with client.open("/file", "rb") as file:
            file.seek(3)
            assert file.read(10) == b""
            file.seek(1 << 40)
            assert file.read(10) == b""

    def test_holes_and_high_offsets(self, client, server):
        with client.open("/sparse", "wb") as file:
            file.seek(5 << 30)
            file.write(b"end")
        info = (server.root / "sparse").stat()
        assert info.st_size == (5 << 30) + 3 and info.st_blocks * 512 < 1 << 20
        with client.open("/sparse", "rb") as file:
            file.seek((5 << 30) - 1)
            assert file.read() == b"\0end"

    def test_truncate(self, client, server):
        (server.root / "file").write_bytes(b"0123456789")
        client.truncate("/file", 4)
        with client.open("/file", "r+b") as file:
            file.truncate(6)
        assert (server.root / "file").read_bytes() == b"0123\0\0"

    @pytest.mark.parametrize("size", trees.SIZES)
    def test_get_and_put(self, client, work, size):
        source = trees.write(work / "source", size)
        client.put(str(source), "/file", confirm=True)
        client.get("/file", str(work / "back"))
        assert trees.digest(source) == trees.digest(work / "back")

    def test_prefetch_all_at_once(self, client, server):
        """Every READ of the file is on its way before the first answer is examined."""
        trees.write(server.root / "file", 30_000_000)
        with client.open("/file", "rb") as file:
            file.prefetch(30_000_000)
            assert file.read() == (server.root / "file").read_bytes()

    def test_prefetch_beyond_the_end(self, client, server):
        """More is asked for than there is: each request is answered, the last ones with an end of file."""
        trees.write(server.root / "file", 1_000_000)
        with client.open("/file", "rb") as file:
            file.prefetch(3_000_000)
            assert file.read(1_000_000) == (server.root / "file").read_bytes()

    def test_readv(self, client, server):
        data = trees.random_bytes(2_000_000)
        (server.root / "file").write_bytes(data)
        chunks = [(offset, 1000 + offset % 7) for offset in range(0, 1_900_000, 9999)]
        with client.open("/file", "rb") as file:
            for (offset, length), piece in zip(chunks, file.readv(chunks)):
                assert piece == data[offset:offset + length]

    def test_pipelined_writes(self, client, server):
        data = trees.random_bytes(5_000_000)
        with client.open("/file", "wb") as file:
            file.set_pipelined(True)
            for offset in range(0, len(data), 30_000):
                file.write(data[offset:offset + 30_000])
        assert (server.root / "file").read_bytes() == data


class TestNames:
    def test_tree_of_operations(self, client, server):
        client.mkdir("/d", 0o750)
        assert stat.S_IMODE((server.root / "d").stat().st_mode) & 0o700 == 0o700
        client.mkdir("/d/e")
        with client.open("/d/file", "w") as file:
            file.write("text")
        client.symlink("file", "/d/link")
        assert client.readlink("/d/link") == "file"
        assert stat.S_ISLNK(client.lstat("/d/link").st_mode)
        assert stat.S_ISREG(client.stat("/d/link").st_mode)
        client.chmod("/d/file", 0o600)
        client.utime("/d/file", (1000, 2000))
        info = client.stat("/d/file")
        assert (stat.S_IMODE(info.st_mode), info.st_atime, info.st_mtime, info.st_size) == (0o600, 1000, 2000, 4)
        client.rename("/d/file", "/d/other")
        assert sorted(client.listdir("/d")) == ["e", "link", "other"]
        client.remove("/d/link")
        client.remove("/d/other")
        client.rmdir("/d/e")
        client.rmdir("/d")
        assert client.listdir("/") == []

    def test_rename_does_not_replace(self, client, server):
        (server.root / "a").write_text("a")
        (server.root / "b").write_text("b")
        with pytest.raises(OSError):
            client.rename("/a", "/b")
        client.posix_rename("/a", "/b")
        assert (server.root / "b").read_text() == "a" and not (server.root / "a").exists()

    def test_listing(self, client, server):
        trees.make_many(server.root / "many", 500, per_directory=500)
        attributes = client.listdir_attr("/many/d0000")
        assert len(attributes) == 500
        for entry in attributes:
            info = (server.root / "many/d0000" / entry.filename).stat()
            assert (entry.st_size, entry.st_mode, entry.st_mtime) == (info.st_size, info.st_mode, int(info.st_mtime))
            assert entry.filename in entry.longname
        assert len(list(client.listdir_iter("/many/d0000"))) == 500

    def test_normalize(self, client, server):
        (server.root / "d").mkdir()
        for given, expected in (("", "/"), (".", "/"), ("/d/../d/./", "/d"), ("/../..", "/"), ("d", "/d"), ("/missing", "/missing")):
            assert client.normalize(given) == expected
        client.chdir("/d")
        assert client.getcwd() == "/d"

    @pytest.mark.parametrize("name", [name for name in trees.NAMES + trees.AWKWARD if not name.startswith("..")])
    def test_names(self, client, server, name):
        path = "/" + name
        with client.open(path, "w") as file:
            file.write(name)
        assert client.listdir("/") == [name]
        assert (server.root / name).read_text() == name
        client.remove(path)

    def test_bytes_in_names(self, client, server):
        for name in trees.NOT_UTF8:
            with client.open(b"/" + name, "w") as file:
                file.write("x")
            assert os.path.exists(os.path.join(os.fsencode(server.root), name))
            client.remove(b"/" + name)

    @pytest.mark.parametrize("call,code", [
        (lambda c: c.stat("/missing"), errno.ENOENT), (lambda c: c.remove("/missing"), errno.ENOENT),
        (lambda c: c.rmdir("/missing"), errno.ENOENT), (lambda c: c.listdir("/missing"), errno.ENOENT),
        (lambda c: c.readlink("/missing"), errno.ENOENT), (lambda c: c.rename("/missing", "/x"), errno.ENOENT),
        (lambda c: c.mkdir("/missing/x"), errno.ENOENT), (lambda c: c.open("/missing/x", "w"), errno.ENOENT),
        (lambda c: c.chmod("/missing", 0o600), errno.ENOENT), (lambda c: c.stat("/file/x"), None),
        (lambda c: c.mkdir("/file"), None), (lambda c: c.rmdir("/full"), None), (lambda c: c.remove("/full"), None)])
    def test_errors(self, client, server, call, code):
        (server.root / "file").write_text("x")
        (server.root / "full").mkdir()
        (server.root / "full/x").write_text("x")
        with pytest.raises(OSError) as failure:
            call(client)
        if code is not None:
            assert failure.value.errno == code
        client.listdir("/")


class TestConnections:
    @pytest.mark.parametrize("kind", ["ed25519", "ecdsa256", "ecdsa384", "ecdsa521", "rsa"])
    def test_keys(self, server, kind):
        with pythonic.paramiko_sftp(server, key=kind) as client:
            assert client.listdir("/") == []

    def test_password(self, server):
        with pythonic.paramiko_sftp(server, password=server.password) as client:
            assert client.listdir("/") == []

    @pytest.mark.parametrize("password", ["wrong", "", "correct-hors", "correct-horse ", "x" * 5000, "null\0byte"])
    def test_wrong_password(self, server, password):
        with pytest.raises(paramiko.AuthenticationException):
            pythonic.paramiko_transport(server, password=password)

    def test_no_method_at_all(self, server):
        transport = paramiko.Transport(("127.0.0.1", server.port))
        try:
            transport.start_client(timeout=20)
            with pytest.raises(paramiko.BadAuthenticationType) as failure:
                transport.auth_none(server.user)
            assert {"password", "publickey"} <= set(failure.value.allowed_types)
        finally:
            transport.close()

    def test_channel_before_login_is_refused(self, server):
        transport = paramiko.Transport(("127.0.0.1", server.port))
        try:
            transport.start_client(timeout=20)
            with pytest.raises(Exception):
                transport.open_session(timeout=5)
        finally:
            transport.close()
        with pythonic.paramiko_sftp(server) as client:
            client.listdir("/")

    def test_several_sessions_on_one_transport(self, server):
        transport = pythonic.paramiko_transport(server)
        try:
            clients = [paramiko.SFTPClient.from_transport(transport) for _ in range(5)]
            for number, client in enumerate(clients):
                with client.open(f"/f{number}", "w") as file:
                    file.write(str(number))
            assert all(len(client.listdir("/")) == 5 for client in clients)
            clients[2].close()
            assert len(clients[3].listdir("/")) == 5
        finally:
            transport.close()

    def test_parallel_clients(self, server, work):
        source = trees.write(work / "source", 2_000_000)
        failures = []

        def one(number):
            try:
                with pythonic.paramiko_sftp(server) as client:
                    client.put(str(source), f"/f{number}")
                    client.get(f"/f{number}", str(work / f"back{number}"))
            except Exception as error:  # noqa: whatever it is, it is the test's to tell
                failures.append(repr(error))

        threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        assert all(trees.digest(work / f"back{number}") == trees.digest(source) for number in range(8))

    def test_small_window(self, server, work):
        trees.write(server.root / "file", 2_000_000)
        with pythonic.paramiko_sftp(server, window=32768, packet=4096) as client:
            client.get("/file", str(work / "back"))
        assert trees.digest(server.root / "file") == trees.digest(work / "back")

    def test_compression(self, server, work):
        transport = paramiko.Transport(("127.0.0.1", server.port))
        try:
            transport.use_compression(True)
            transport.connect(hostkey=pythonic.host_key(server), username=server.user, pkey=pythonic.paramiko_key(server))
            client = paramiko.SFTPClient.from_transport(transport)
            source = trees.write(work / "source", 500_000)
            client.put(str(source), "/file")
            client.get("/file", str(work / "back"))
            assert trees.digest(source) == trees.digest(work / "back")
        finally:
            transport.close()

    def test_unknown_requests_are_answered(self, server):
        transport = pythonic.paramiko_transport(server)
        try:
            with pytest.raises(paramiko.SSHException):
                channel = transport.open_session()
                channel.get_pty()
                channel.invoke_shell()
            transport.global_request("nonsense@example.org", wait=False)
            assert transport.global_request("nonsense@example.org", wait=True) is None
            transport.send_ignore()
            client = paramiko.SFTPClient.from_transport(transport)
            assert client.listdir("/") == []
        finally:
            transport.close()
