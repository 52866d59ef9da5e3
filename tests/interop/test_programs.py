"""What programs are built with the library, each tried by the clients that its users have: docs/embedding.md has the list."""

import asyncio
import contextlib
import os
import pathlib
import random
import re
import shlex
import socket
import subprocess
import sys
import time

import asyncssh
import paramiko
import pytest

import openssh
import trees
from by_password import OPTIONS
from process import BUILD, ROOT, assert_no_report, free_port, sanitizer_env
from test_examples import ENVIRONMENT, EXAMPLES, SECRET, launch, totp, two_factors

API = BUILD / "tests" / "api"


class Program:
    """A running server, and clients of it that log in by passwords, which are the users' names unless something else is said."""

    def __init__(self, name, arguments, directory, place=EXAMPLES):
        self.directory = directory
        self.process, self.port, connection = launch(name, [str(word) for word in arguments], directory, place)
        connection.close()

    def sftp(self, batch, user="demo", password=None, check=True):
        """OpenSSH's sftp; it stops at the first line that fails."""
        return self._openssh(["sftp", *OPTIONS, "-P", self.port, "-b", "-", f"{user}@127.0.0.1"], password or user, batch + "\n", check)

    def scp(self, *arguments, password="demo", check=True):
        return self._openssh(["scp", *OPTIONS, "-P", self.port, *arguments], password, None, check)

    def _openssh(self, command, password, text_in, check):
        ask = self.directory / "ask"
        ask.write_text('#!/bin/sh\necho "$ANSWER"\n')
        ask.chmod(0o700)
        env = {**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":", "ANSWER": password}
        return openssh.run(command, text_in=text_in, check=check, env=env)

    def curl(self, path, *arguments, user="demo", check=True):
        return openssh.run(["curl", "-sS", "--fail", "-k", "-u", f"{user}:{user}", *arguments, f"sftp://127.0.0.1:{self.port}{path}"],
                           check=check)

    def lftp(self, *commands, user="demo", check=True):
        connect = shlex.join(["ssh", "-a", "-x", *OPTIONS])
        script = [f"set sftp:connect-program '{connect}'", "set net:max-retries 1", "set net:timeout 20", "set cmd:fail-exit yes",
                  f"open -u {user},{user} -p {self.port} sftp://127.0.0.1", *commands, "exit"]
        return openssh.run(["lftp", "-f", "/dev/stdin"], text_in="\n".join(script) + "\n", check=check)

    @contextlib.contextmanager
    def paramiko(self, user="demo"):
        with paramiko.Transport(socket.create_connection(("127.0.0.1", self.port))) as transport:
            transport.connect(username=user, password=user)
            yield paramiko.SFTPClient.from_transport(transport)

    def asyncssh(self, work, user="demo"):
        """Runs `work(client)`."""

        async def go():
            async with asyncssh.connect("127.0.0.1", self.port, username=user, password=user, known_hosts=None, config=None,
                                        client_keys=None) as connection:
                async with connection.start_sftp_client() as client:
                    return await work(client)

        return asyncio.run(asyncio.wait_for(go(), 60))

    def says(self, line):
        """Waits for this line of its output."""
        seen = []
        while line not in seen:
            text = self.process.stdout.readline().decode()
            assert text, seen
            seen.append(text.rstrip("\n"))

    def tell(self, line):
        """What it prints up to a line with a period alone."""
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        answer = []
        while (text := self.process.stdout.readline().decode()) != ".\n":
            assert text, answer
            answer.append(text.rstrip("\n"))
        return answer

    def stop(self):
        self.process.terminate()
        self.end()

    def end(self):
        """Its input is over."""
        assert_no_report(self.process.communicate(timeout=20)[1].decode(errors="replace"))
        return self.process.returncode


@pytest.fixture
def run(tmp_path):
    """Starts programs: run(name, argument...)."""
    started = []

    def begin(name, *arguments, place=EXAMPLES):
        started.append(Program(name, arguments, tmp_path, place))
        return started[-1]

    yield begin
    for program in started:
        if program.process.returncode is None:
            program.stop()


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    return path


def make(path, size):
    path.write_bytes(trees.random_bytes(size))
    return path


def await_that(condition, seconds=20):
    """What happens soon, and is not told to clients."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class TestAccounts:
    """Users with hashed passwords of the program's own, and quotas."""

    @pytest.fixture
    def accounts(self, tmp_path):
        def write(**room):
            lines = []
            for user, size in room.items():
                hashed = subprocess.run(["openssl", "passwd", "-6", user], capture_output=True, text=True, check=True).stdout.strip()
                lines.append(f"{user}:{hashed}:{size}\n")
            (tmp_path / "accounts").write_text("".join(lines))
            return tmp_path / "accounts"

        return write

    def test_passwords(self, run, folder, accounts):
        (folder / "alice").mkdir()
        server = run("accounts", folder, accounts(alice=1000))
        assert server.sftp("ls", user="alice").returncode == 0
        for user, password in (("alice", "wrong"), ("mallory", "mallory"), ("alice", accounts(alice=1000).read_text().split(":")[1])):
            assert server.sftp("ls", user=user, password=password, check=False).returncode != 0

    def test_nothing_leads_to_others(self, run, folder, accounts, work):
        for user in ("alice", "bob"):
            (folder / user).mkdir()
        (folder / "bob" / "secret").write_text("bob's")
        server = run("accounts", folder, accounts(alice=1000, bob=1000))
        for target in ("../bob", "/../bob", folder / "bob"):
            assert server.sftp(f"-rm out\nln -s {target} out\nget out/secret {work}", user="alice", check=False).returncode != 0
        assert not list(work.iterdir())
        assert server.curl("/secret", user="bob").stdout == "bob's"

    def test_room(self, run, folder, accounts, work):
        (folder / "alice").mkdir()
        make(folder / "alice" / "old", 40_000)
        server = run("accounts", folder, accounts(alice=100_000))
        file = make(work / "file", 30_000)
        with server.paramiko("alice") as other:  # a session that goes on
            other.put(str(file), "/one")
            server.lftp(f"put {file} -o two", user="alice")
            assert server.sftp(f"put {file} three", user="alice", check=False).returncode != 0
            assert server.curl("/three", "-T", file, user="alice", check=False).returncode != 0
            with pytest.raises(OSError):
                other.put(str(file), "/three")
            accounts(alice=200_000)
            server.sftp(f"put {file} three", user="alice")
            other.put(str(file), "/four")  # one quota for all sessions
        server.says("alice leaves 160000 bytes of 200000")


class TestObjectStore:
    """A store that answers late and takes WRITEs in any order."""

    def test_clients(self, run, folder, work):
        server = run("object_store", folder, 5)
        file = make(work / "file", 2_000_003)
        server.sftp(f"put {file} /a\nget /a {work}/a\nls -l")
        server.scp(file, "demo@127.0.0.1:/b")
        server.scp("-O", file, "demo@127.0.0.1:/c")
        server.curl("/d", "-T", file)
        server.lftp(f"put {file} -o e", f"get a -o {work}/e")
        assert sorted(path.name for path in folder.iterdir()) == list("abcde")
        assert {trees.digest(path) for path in [*folder.iterdir(), work / "a", work / "e"]} == {trees.digest(file)}
        server.sftp(f"put {file} /a\nrm /b")
        assert sorted(server.curl("/", "-l").stdout.split()) == [".", "..", "a", "c", "d", "e"]

    def test_any_order(self, run, folder):
        server = run("object_store", folder, 20)
        data = trees.random_bytes(1_500_000)
        offsets = list(range(0, len(data), 30_000))
        random.Random(1).shuffle(offsets)

        async def go(client):
            async with client.open("/file", "wb", block_size=0) as file:
                await asyncio.gather(*(file.write(data[at:at + 30_000], at) for at in offsets))

        server.asyncssh(go)
        assert (folder / "file").read_bytes() == data

    def test_what_is_not_complete(self, run, folder):
        (folder / "file").write_text("before")
        server = run("object_store", folder, 1)

        async def gap(client):
            file = await client.open("/file", "wb")
            await file.write(b"x", 1000)
            with pytest.raises(asyncssh.SFTPError, match="not complete"):
                await file.close()

        server.asyncssh(gap)
        with server.paramiko() as client:  # cut off
            file = client.open("/file", "wb")
            file.write(b"half")
            file.flush()
        await_that(lambda: [path.name for path in folder.iterdir()] == ["file"])
        assert (folder / "file").read_text() == "before"


def test_mounts(run, folder, work):
    """Storages in one tree: copies between them are made, and renames are not."""
    for directory in ("alice/upload", "bob/upload", "library"):
        (folder / directory).mkdir(parents=True)
    book = make(folder / "library" / "book", 300_000)
    server = run("tenants", folder)
    server.sftp(f"cp /library/book /upload/copy\ncp /library/book /own\nget /library/book {work}\nls /library", user="alice")
    assert book.read_bytes() == (folder / "alice/upload/copy").read_bytes() == (folder / "alice/own").read_bytes()
    assert server.sftp("rename /own /upload/own", user="alice", check=False).returncode != 0
    assert server.sftp("rm /library/book", user="alice", check=False).returncode != 0
    assert server.curl("/upload/copy", user="alice", check=True).returncode == 0
    server.lftp(f"mirror / {work}/all", user="alice")
    assert sorted(path.name for path in (work / "all").rglob("*")) == ["book", "copy", "library", "own", "upload"]


class TestCheckUploads:
    """Uploads are visible when they are closed, if they may be."""

    VIRUS = b"X5O!P%@AP"

    def test_good_ones(self, run, folder, work):
        server = run("check_uploads", folder)
        file = make(work / "file", 500_000)
        server.sftp(f"put {file} /a\nmkdir /d")
        server.scp(file, "demo@127.0.0.1:/a")
        server.scp("-O", file, "demo@127.0.0.1:/b")
        server.curl("/d/c", "-T", file)
        server.lftp(f"put {file} -o /d/e")
        with server.paramiko() as client:
            with client.open("/f", "wb") as upload:
                upload.write(b"x")
                upload.flush()
                assert not (folder / "f").exists()
            assert client.open("/f").read() == b"x"
        assert {trees.digest(folder / name) for name in ("a", "b", "d/c", "d/e")} == {trees.digest(file)}
        (work / "empty").write_bytes(b"")
        server.sftp(f"put {work}/empty /empty")
        assert (folder / "empty").stat().st_size == 0

    @pytest.mark.parametrize("at", [0, 65530, 131072 - 8, 300_000])
    def test_bad_ones(self, run, folder, work, at):
        (folder / "file").write_text("before")
        server = run("check_uploads", folder)
        bad = work / "file"
        bad.write_bytes(bytes(at) + self.VIRUS + bytes(1000))
        assert server.sftp(f"put {bad} /file", check=False).returncode != 0
        with pytest.raises(asyncssh.SFTPError, match="There is a virus in it"):
            server.asyncssh(lambda client: client.put(str(bad), "/file"))
        assert server.scp("-O", bad, "demo@127.0.0.1:/file", check=False).returncode != 0
        assert server.lftp(f"put {bad} -o /new", check=False).returncode != 0
        server.curl("/other", "-T", bad)  # does not look at CLOSE
        assert [path.name for path in folder.iterdir()] == ["file"] and (folder / "file").read_text() == "before"

    def test_what_is_not_staged(self, run, folder, work):
        (folder / "file").write_bytes(self.VIRUS[:4])
        server = run("check_uploads", folder)
        (work / "file").write_bytes(self.VIRUS)
        assert server.sftp(f"reput {work}/file /file", check=False).returncode != 0
        assert list(folder.iterdir()) == []
        (folder / "file").write_bytes(bytes(10))
        with server.paramiko() as client:  # who leaves without CLOSE
            file = client.open("/file", "r+")
            file.write(self.VIRUS)
            file.flush()
        await_that(lambda: list(folder.iterdir()) == [])


def test_two_factors_by_openssh(keys, work):
    ask = work / "ask"
    ask.write_text('#!/bin/sh\necho "$ANSWER"\n')
    ask.chmod(0o700)
    (work / "file").write_text("text")
    with two_factors(keys) as port:
        def sftp(code):
            options = ["-o", "PreferredAuthentications=publickey,keyboard-interactive", "-o", "IdentitiesOnly=yes", *OPTIONS]
            return openssh.run(["sftp", "-i", keys.path("client"), *options, "-P", port, "-b", "-", "demo@127.0.0.1"],
                               text_in=f"put {work}/file\nget file {work}/back\n", check=False,
                               env={**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force", "ANSWER": code})
        now = int(time.time()) // 30
        assert sftp("000000").returncode != 0 and not (work / "back").exists()
        assert sftp(totp(SECRET, now + 1)).returncode == 0 and (work / "back").read_text() == "text"


@pytest.mark.parametrize("name", ["loop_epoll", "loop_uv"])
def test_loops(run, folder, work, name):
    server = run(name, folder, place=API)
    file = make(work / "file", 3_000_000)
    with server.paramiko():  # one that stays, and does nothing
        server.sftp(f"put {file} /a\nget /a {work}/a")
        server.lftp(f"put {file} -o b", f"pget -n 4 b -o {work}/b")
        server.curl("/a", "-o", work / "c")

        async def many(client):
            await asyncio.gather(*(client.put(str(file), f"/many{number}") for number in range(5)))

        server.asyncssh(many)
        assert {trees.digest(path) for path in [*folder.iterdir(), *work.iterdir()]} == {trees.digest(file)}
    assert server.end() == 0


def test_cpp_by_openssh(run, folder, work):
    server = run("server")
    (work / "note").write_text("three")
    server.sftp(f"put {work}/note\nput {work}/note b\nls -l\nget note {work}/back")
    assert (work / "back").read_text() == "three" and server.curl("/b").stdout == "three"


RELAY = """
import os, socket, sys, threading
line = socket.socket(socket.AF_UNIX)
line.connect(sys.argv[1])
def up():
    while data := os.read(0, 65536):
        line.sendall(data)
    line.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while data := line.recv(65536):
    while data:
        data = data[os.write(1, data):]
"""


@pytest.fixture
def over_socket(folder, work):
    """OpenSSH's sftp over the socket of the example: over_socket(batch)."""
    address, relay = work / "socket", work / "relay.py"
    relay.write_text(RELAY)
    process = subprocess.Popen([str(EXAMPLES / "sftp_socket"), str(folder), str(address)], stderr=subprocess.PIPE, env=sanitizer_env())
    await_that(lambda: address.exists() or process.poll() is not None)

    def sftp(batch, check=True):
        return openssh.run(["sftp", "-b", "-", "-D", f"{sys.executable} {relay} {address}"], text_in=batch + "\n", check=check, timeout=60)

    yield sftp
    process.terminate()
    assert_no_report(process.communicate(timeout=20)[1].decode(errors="replace"))


def test_engine_over_a_socket(over_socket, folder, work):
    file = make(work / "file", 3_000_000)
    over_socket(f"put {file} /a\ncp /a /b\nget /b {work}/back\nls -l")
    assert file.read_bytes() == (folder / "a").read_bytes() == (folder / "b").read_bytes() == (work / "back").read_bytes()
    assert over_socket("get /missing", check=False).returncode == 1
    clients = [over_socket(f"get /a {work}/back{number}") for number in range(2)]
    assert [client.returncode for client in clients] == [0, 0]


@pytest.mark.skipif(not (API / "engine_libssh").exists(), reason="libssh was not there when this was built")
def test_engine_over_libssh(folder, work, keys):
    file = make(work / "file", 3_000_000)
    port = free_port()
    with subprocess.Popen([str(API / "engine_libssh"), str(folder), str(keys.path("host")), str(port)], stderr=subprocess.PIPE,
                          env=sanitizer_env()) as process:
        # It takes one client alone, so no one may knock before.
        await_that(lambda: f":{port:04X} 00000000:0000 0A" in pathlib.Path("/proc/net/tcp").read_text() or process.poll() is not None)
        ask = work / "ask"
        ask.write_text("#!/bin/sh\necho demo\n")
        ask.chmod(0o700)
        openssh.run(["sftp", *OPTIONS, "-P", port, "-b", "-", "demo@127.0.0.1"], text_in=f"put {file} /a\ncp /a /b\nget /b {work}/back\n",
                    env={**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":"})
        assert_no_report(process.communicate(timeout=20)[1].decode(errors="replace"))
    assert process.returncode == 0
    assert file.read_bytes() == (folder / "b").read_bytes() == (work / "back").read_bytes()


def test_virtual_files(run, work):
    server = run("virtual_files")
    server.sftp(f"get greeting.txt {work}\nls -l")
    assert (work / "greeting.txt").read_text() == server.curl("/greeting.txt").stdout == "Hello, demo.\n"
    server.scp("demo@127.0.0.1:/greeting.txt", work / "again")
    server.lftp(f"mirror / {work}/all")
    assert sorted(path.name for path in (work / "all").iterdir()) == ["greeting.txt", "visits.txt"]
    assert server.sftp(f"put {work}/again /new", check=False).returncode != 0
    assert server.sftp("rm /visits.txt", check=False).returncode != 0


def test_admin(run, folder):
    server = run("admin", folder)
    with server.paramiko() as client:
        file = client.open("/upload", "wb")
        file.set_pipelined(True)
        file.write(bytes(100_000))
        file.stat()  # all that came before is done
        number = server.tell("list")[0].split()[0]
        assert server.tell("files") == [f"{number} /upload: 0 read, 100000 written"]
        start = f"{number} demo@127.0.0.1 open, 1 open files, in "
        await_that(lambda: server.tell("list")[0].startswith(start) and server.tell("list")[0].endswith(", put /upload: 100000 of 0"))
        assert server.tell("totals")[0].endswith("0 bytes read, 100000 written")
        assert server.tell(f"rate {number} 100K") == [] and server.tell(f"rate {number} fast") != []
        began = time.monotonic()
        file.write(bytes(150_000))
        file.stat()
        assert time.monotonic() - began > 0.5  # 1.5 seconds, less what may come at once
        assert server.tell("help")[0].startswith("list, files")
        assert server.tell("end 999999") != []
        assert server.tell(f"end {number}") == []
        client.get_channel().get_transport().join(20)
        assert not client.get_channel().get_transport().is_active()
    await_that(lambda: server.tell("list") == [])
    assert server.end() == 0


def runtime_of_sanitizers():
    """What must be loaded into a program that was built without them, before a library that was built with them."""
    linked = subprocess.run(["ldd", BUILD / "src" / "libsallyport.so"], capture_output=True, text=True, check=True).stdout
    return " ".join(line.split("=>")[1].split()[0] for line in linked.splitlines() if re.search(r"lib(a|t|ub)san", line))


def test_python_by_ctypes(folder, work, monkeypatch):
    runtime = runtime_of_sanitizers()
    if "libtsan" in runtime:
        pytest.skip("Python does not bear the thread sanitizer, and there is one thread")
    python = pathlib.Path(sys.executable)
    monkeypatch.setitem(ENVIRONMENT, python.name, {"LD_LIBRARY_PATH": str(BUILD / "src"), "LD_PRELOAD": runtime,
                                                   "ASAN_OPTIONS": "detect_leaks=0"})  # Python's own
    server = Program(python.name, [ROOT / "examples" / "python_storage.py"], work, python.parent)
    file = make(work / "file", 500_000)
    server.sftp(f"put {file} /a\nget /a {work}/a\nput {file} /b\nrm /a\nls -l")
    server.scp(file, "demo@127.0.0.1:/c")
    server.lftp(f"put {file} -o d", f"get b -o {work}/d", "rm d")
    server.curl("/c", "-o", work / "c")
    assert {trees.digest(work / name) for name in "acd"} == {trees.digest(file)}
    with server.paramiko() as client:
        assert client.listdir("/") == ["b", "c"] and client.stat("/b").st_size == 500_000
        with pytest.raises(FileNotFoundError):
            client.stat("/a")
        with pytest.raises(OSError), client.open("/c", "r+") as note:
            note.seek(2_000_000)
            note.write(b"x")
            note.flush()
        for number in range(1000):
            client.open(f"/many{number}", "w").close()
        assert len(client.listdir("/")) == 1002
    server.stop()
    assert server.process.returncode == 0
