"""Every example does what its first lines say, to a real client."""

import contextlib
import hmac
import os
import socket
import stat
import struct
import subprocess
import time

import paramiko
import pytest

import raw_sftp
import test_versions
import trees
from keys import KINDS
from process import BUILD, ROOT, assert_no_report, free_port, sanitizer_env

EXAMPLES = BUILD / "examples"
SERVERS = {"smallest": False, "serve_folder": True, "own_memory": False, "late_storage": False, "hooks": True, "rights": True, "event_loop": True,
           "descriptors": True, "server": False, "virtual_files": False, "encrypted": True, "tenants": True,
           "watch": True, "commands": True}
ENVIRONMENT = {"encrypted": {"PASSPHRASE": "open sesame"}}


def launch(name, arguments, directory, place=EXAMPLES):
    """The process, its port, and a first connection, as soon as there can be one."""
    port = free_port()
    process = subprocess.Popen([str(place / name), *arguments, f"sftp://127.0.0.1:{port}"], cwd=directory,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.PIPE,
                               env={**sanitizer_env(), **ENVIRONMENT.get(name, {})})
    deadline = time.monotonic() + 20
    while True:
        try:
            return process, port, socket.create_connection(("127.0.0.1", port))
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, process.stderr.read()
            time.sleep(0.05)


class Example:
    """A running example; `client` is logged in as its one user, or its first."""

    def __init__(self, name, folder, place=EXAMPLES, user="demo"):
        arguments = [str(folder)] if SERVERS.get(name) else []
        self.process, self.port, connection = launch(name, arguments, folder.parent, place)
        self.transport = paramiko.Transport(connection)
        self.transport.connect(username=user, password=user)
        self.client = paramiko.SFTPClient.from_transport(self.transport)

    def stop(self):
        self.transport.close()
        self.process.terminate()
        output, errors = (text.decode(errors="replace") for text in self.process.communicate(timeout=20))
        assert_no_report(errors)
        return output


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "file").write_text("text")
    return path


@contextlib.contextmanager
def running(name, folder):
    example = Example(name, folder)
    try:
        yield example.client
    finally:
        example.stop()


def test_every_example_is_tried():
    found = {path.stem for path in (ROOT / "examples").glob("*.c*")}
    elsewhere = {"accounts", "admin", "check_uploads", "object_store", "sftp_socket"}  # test_programs.py
    assert found == set(SERVERS) | {"agent_key", "sftp_pipe", "test_storage", "two_factors"} | elsewhere



def test_every_example_is_in_the_readme():
    text = (ROOT / "README.md").read_text()
    missing = [path.name for path in sorted((ROOT / "examples").iterdir()) if path.suffix != ".txt" and f"(examples/{path.name})" not in text]
    assert not missing


def test_every_example_compiles_as_it_is_copied():
    """With the compiler's own flags, and none of this project's."""
    for standard, compiler, pattern in (("gnu17", "cc", "*.c"), ("c++17", "c++", "*.cpp")):
        sources = sorted((ROOT / "examples").glob(pattern))
        subprocess.run([compiler, f"-std={standard}", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'include'}", *sources], check=True,
                       timeout=120)


def test_smallest(folder):
    with running("smallest", folder) as client:
        assert client.listdir("/") == ["hello.txt"]
        with client.open("/hello.txt") as file:
            assert file.read() == b"Hello from Sallyport.\n"
        with pytest.raises(OSError):
            client.open("/other", "w")


@pytest.mark.parametrize("name", ["serve_folder", "event_loop"])
def test_folder(folder, name):
    with running(name, folder) as client:
        assert client.open("/file").read() == b"text"
        data = trees.random_bytes(1_000_000)
        with client.open("/new", "wb") as file:
            file.set_pipelined(True)
            file.write(data)
        assert (folder / "new").read_bytes() == data


def test_descriptors(folder):
    (folder / "below").mkdir()
    (folder / "below" / "file").write_text("out of reach")
    (folder / "link").symlink_to("file")
    with running("descriptors", folder) as client:
        data = trees.random_bytes(1_000_000)
        with client.open("/new", "wb") as file:
            file.set_pipelined(True)
            file.write(data)
            file.chmod(0o4640)
        assert client.open("/new").read() == data and (folder / "new").read_bytes() == data
        client.truncate("/new", 10)
        client.utime("/new", (1000, 2000))
        client.chmod("/new", 0o4600)
        seen = client.stat("/new")
        assert (seen.st_size, seen.st_mtime, seen.st_mode) == (10, 2000, 0o100600)
        client.rename("/new", "/renamed")
        assert sorted(client.listdir("/")) == ["below", "file", "link", "renamed"]
        client.remove("/renamed")
        for path in ("/below/file", "/link", "/below", "/new"):
            with pytest.raises(OSError):
                client.open(path).read()
        with pytest.raises(OSError):
            client.listdir("/below/..//below")


def test_server_in_cpp(folder):
    with running("server", folder) as client:
        with client.open("/note", "wb") as file:
            file.write(b"one" * 1000)
        assert client.open("/note").read() == b"one" * 1000
        with client.open("/note", "w") as file:
            file.write("two")
        assert client.stat("/note").st_size == 3 and client.listdir("/") == ["note"]
        with pytest.raises(FileNotFoundError):
            client.open("/other")
        with client.open("/note", "r+") as file, pytest.raises(OSError, match="not a book"):
            file.seek(1_000_000)
            file.write("x")
            file.flush()


def test_own_memory(folder):
    with running("own_memory", folder) as client:
        with client.open("/note", "w") as file:
            file.write("remembered")
        assert client.open("/note").read() == b"remembered"
        assert "note" in client.listdir("/")
        client.remove("/note")
        assert "note" not in client.listdir("/")


def test_late_storage(folder):
    with running("late_storage", folder) as client:
        with client.open("/anything", "rb") as file:
            assert len(file.read(1_000_000)) == 1_000_000
            file.seek((1 << 30) - 10)
            assert len(file.read(100)) == 10


def test_hooks(folder):
    example = Example("hooks", folder)
    with example.client.open("/upload", "wb") as file:
        file.write(b"x" * 1000)
    assert example.client.open("/file").read() == b"text"
    cut = example.client.open("/cut", "wb")
    cut.write(b"half")
    cut.flush()
    example.client.close()  # in good order, but without closing the file
    assert example.process.stdout.readline() == b"complete upload of /upload by demo: 1000 bytes, 0 missing\n"
    assert example.process.stdout.readline() == b"broken upload of /cut by demo: 4 bytes, 0 missing\n"
    example.stop()


def test_virtual_files(folder):
    with running("virtual_files", folder) as client:
        assert sorted(client.listdir("/")) == ["greeting.txt", "visits.txt"]
        assert client.open("/greeting.txt").read() == b"Hello, demo.\n"
        assert client.open("/visits.txt").read() == b"1\n"
        assert client.open("/visits.txt").read() == b"2\n"
        assert stat.S_ISDIR(client.stat("/").st_mode) and client.stat("/visits.txt").st_size == 2
        for path, mode in (("/other", "r"), ("/greeting.txt", "w")):
            with pytest.raises(OSError):
                client.open(path, mode)
        with pytest.raises(OSError):
            client.remove("/visits.txt")


def test_watch(folder):
    example = Example("watch", folder)

    def await_line(text):
        seen = []
        while True:
            line = example.process.stdout.readline().decode()
            assert line, seen
            seen.append(line)
            if text in line:
                return line

    await_line("comes from: 127.0.0.1")
    await_line("client: SSH-2.0-paramiko")
    await_line("cipher: aes128-ctr")
    await_line("strict key exchange: ")
    await_line("logged in: demo")
    await_line("subsystem: sftp")
    with pytest.raises(paramiko.SSHException):
        example.transport.open_session().exec_command("md5sum /file")
    await_line("command refused: md5sum /file")
    with pytest.raises(paramiko.SSHException):
        example.transport.open_session().invoke_shell()
    await_line("command refused: ")
    file = example.client.open("/file")
    assert file.read() == b"text"
    example.process.stdin.write(b"\n")
    example.process.stdin.flush()
    assert "/file (4 bytes read, 0 written)" in await_line("has open")
    example.process.stdin.write(b"demo\n")
    example.process.stdin.flush()
    await_line("leaves after 3 sessions")
    await_line("ended: please leave")
    example.transport.join(20)
    assert not example.transport.is_active()
    example.stop()


def test_rights_end_with_a_large_upload(folder):
    with running("rights", folder) as client:
        client.open("/small", "wb").close()
        with pytest.raises(PermissionError), client.open("/large", "wb") as file:
            for _ in range(100):
                file.write(bytes(32768))
        assert 1_000_000 < (folder / "large").stat().st_size < 2_000_000
        assert client.open("/file").read() == b"text"
        with pytest.raises(PermissionError):
            client.remove("/small")


SETSTAT, REMOVE, RENAME = 9, 13, 18


def test_rights_names_who_has_a_lock(folder):
    with running("rights", folder) as client:
        sessions = []
        for _ in range(2):
            channel = client.get_channel().get_transport().open_session()
            channel.invoke_subsystem("sftp")
            sessions.append(test_versions.Session(channel, 6))
        holder, other = sessions
        mine, theirs = holder.open("/file", test_versions.WRITE_DATA), other.open("/file", test_versions.WRITE_DATA)
        assert test_versions.lock(holder, test_versions.BLOCK, mine, 1, 2, test_versions.BLOCK_WRITE) == 0

        def refusal(kind, fields):
            answer, body = other.ask(kind, fields)
            assert answer == raw_sftp.STATUS
            return test_versions.get_text(body[4:])[0]

        assert refusal(raw_sftp.WRITE, raw_sftp.text(theirs) + struct.pack(">Q", 0) + raw_sftp.text(b"xx")) == b"demo has locked 2 bytes at 1"
        to_the_end = test_versions.BLOCK_WRITE | test_versions.BLOCK_DELETE
        assert test_versions.lock(holder, test_versions.BLOCK, mine, 3, 0, to_the_end) == 0
        for kind, fields in (
                (SETSTAT, raw_sftp.text("/file") + struct.pack(">IBQ", 1, 1, 3)),
                (REMOVE, raw_sftp.text("/file")),
                (RENAME, raw_sftp.text("/file") + raw_sftp.text("/moved") + struct.pack(">I", 0))):
            assert refusal(kind, fields) == b"demo has locked all from byte 3 to the end"
        holder.close(mine)
        assert other.write(theirs, 0, b"xx") == 0


SECRET = b"12345678901234567890"


def totp(secret, step):
    """RFC 6238, six digits."""
    mac = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    at = mac[19] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def test_totp_is_the_standards():
    assert [totp(SECRET, time_ // 30) for time_ in (59, 1111111109, 2000000000)] == ["287082", "081804", "279037"]


@contextlib.contextmanager
def two_factors(keys):
    process, port, connection = launch("two_factors", [str(keys.authorized), SECRET.decode()], keys.directory)
    connection.close()
    try:
        yield port
    finally:
        process.terminate()
        assert_no_report(process.communicate(timeout=20)[1].decode(errors="replace"))


def log_in(port, keys, answer, role="client"):
    """A connection that is logged in by a key and the code that `answer` makes; what it was asked is in `prompts`."""
    transport = paramiko.Transport(socket.create_connection(("127.0.0.1", port)))
    transport.prompts = []

    def handler(_title, _instructions, prompts):
        transport.prompts += prompts
        return [answer() for _ in prompts]

    try:
        transport.start_client(timeout=20)
        key = paramiko.Ed25519Key.from_private_key_file(str(keys.path(role)))
        assert transport.auth_publickey("demo", key) == ["keyboard-interactive"]
        transport.auth_interactive("demo", handler)
    except Exception:
        transport.close()
        raise
    return transport


def test_two_factors(keys):
    now = int(time.time()) // 30  # the codes around it stay good for half a minute at least
    with two_factors(keys) as port:
        with pytest.raises(paramiko.BadAuthenticationType):  # no code without a key
            connection = paramiko.Transport(socket.create_connection(("127.0.0.1", port)))
            try:
                connection.start_client(timeout=20)
                connection.auth_interactive("demo", lambda *_: [totp(SECRET, now)])
            finally:
                connection.close()
        with pytest.raises(paramiko.AuthenticationException):
            log_in(port, keys, lambda: totp(SECRET, now), "stranger")
        with pytest.raises(paramiko.AuthenticationException):
            log_in(port, keys, lambda: totp(SECRET, now - 1000))
        transport = log_in(port, keys, lambda: totp(SECRET, now))
        assert transport.prompts == [("Code: ", True)]
        assert transport.get_banner() == b"Welcome.\r\n"
        client = paramiko.SFTPClient.from_transport(transport)
        with client.open("/note", "w") as file:
            file.write("text")
        assert client.listdir("/") == ["note"]
        transport.close()
        with pytest.raises(paramiko.AuthenticationException):  # the same code again
            log_in(port, keys, lambda: totp(SECRET, now))
        log_in(port, keys, lambda: totp(SECRET, now + 1)).close()


@contextlib.contextmanager
def agent(key, directory):
    """An agent that holds this key; its socket."""
    place = directory / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(place)], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        while subprocess.run(["ssh-add", "-q", str(key)], env={**os.environ, "SSH_AUTH_SOCK": str(place)}, check=False,
                             capture_output=True, stdin=subprocess.DEVNULL).returncode:
            assert process.poll() is None
            time.sleep(0.05)
        yield place, process
    finally:
        process.terminate()
        process.wait(timeout=20)


def ask_openssh(port, keys, kind, *more):
    """ssh with no way to log in: how far it came is in its complaint."""
    return subprocess.run(["ssh", "-F", "none", "-p", str(port), "-o", f"UserKnownHostsFile={keys.known_hosts}", "-o", "BatchMode=yes",
                           "-o", "StrictHostKeyChecking=yes", "-o", "PreferredAuthentications=publickey", "-o", "GlobalKnownHostsFile=/dev/null",
                           "-o", "IdentityFile=none", "-o", f"HostKeyAlgorithms={kind}", *more, "demo@127.0.0.1"], capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=60, check=False).stderr.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_agent_key(keys, tmp_path, monkeypatch, kind):
    algorithms = [KINDS[kind][1]] + (["rsa-sha2-256"] if kind == "rsa" else [])
    with agent(keys.path("host", kind), tmp_path) as (place, holder):
        monkeypatch.setenv("SSH_AUTH_SOCK", str(place))
        process, port, first = launch("agent_key", [], tmp_path)
        first.close()
        monkeypatch.delenv("SSH_AUTH_SOCK")
        try:
            for algorithm in algorithms:
                assert "Permission denied" in ask_openssh(port, keys, algorithm)
            transport = paramiko.Transport(socket.create_connection(("127.0.0.1", port)))
            transport.connect(username="demo", password="demo")
            transport.close()
            holder.terminate()
            holder.wait(timeout=20)
            assert "the host key could not sign" in ask_openssh(port, keys, algorithms[0])
        finally:
            process.terminate()
            output, errors = (text.decode() for text in process.communicate(timeout=20))
        assert output == f"host key {keys.fingerprint('host', kind)}\n"
        assert_no_report(errors)


def test_tenants(folder):
    for directory in ("alice/upload", "bob/upload", "library", "bob/.admin"):
        (folder / directory).mkdir(parents=True)
    (folder / "library" / "book").write_text("chapter")
    (folder / "bob" / "own").write_text("bob's")
    (folder / "alice" / "out").symlink_to("../bob")
    example = Example("tenants", folder, user="alice")
    try:
        alice = example.client
        assert sorted(alice.listdir("/")) == ["library", "out", "upload"]
        with pytest.raises(OSError):
            alice.open("/out/own")
        # The library can be read, and by no one be changed.
        assert alice.open("/library/book").read() == b"chapter"
        for change in (lambda: alice.open("/library/new", "w"), lambda: alice.remove("/library/book"), lambda: alice.rmdir("/library")):
            with pytest.raises(OSError):
                change()
        # An upload appears when it is closed.
        with alice.open("/upload/file", "w") as file:
            file.write("complete")
            file.flush()
            assert not (folder / "alice" / "upload" / "file").exists()
        assert (folder / "alice" / "upload" / "file").read_text() == "complete"
        assert alice.listdir("/upload") == ["file"]
        with pytest.raises(OSError):
            alice.open("/upload/program.exe", "w")
        # There is room for a million bytes.
        with pytest.raises(OSError), alice.open("/large", "wb") as file:
            for _ in range(40):
                file.write(bytes(32768))
                file.flush()
        assert (folder / "alice" / "large").stat().st_size <= 1_000_000
        alice.remove("/large")

        # The other user.
        with paramiko.Transport(socket.create_connection(("127.0.0.1", example.port))) as other:
            other.connect(username="bob", password="bob")
            bob = paramiko.SFTPClient.from_transport(other)
            assert sorted(bob.listdir("/")) == ["library", "own", "upload"]
            with pytest.raises(FileNotFoundError):
                bob.stat("/.admin")
            # What is cut off leaves nothing.
            lost = bob.open("/upload/lost", "w")
            lost.write("half of i")
            lost.flush()
        assert example.process.stdout.readline() == b"bob: 0 bytes in 0 files\n"
        assert list((folder / "bob" / "upload").iterdir()) == []
        example.transport.close()
        assert example.process.stdout.readline() == b"alice: 8 bytes in 1 files\n"
    finally:
        example.stop()


def test_sftp_pipe(folder, tmp_path):
    result = subprocess.run(["sftp", "-b", "-", "-D", f"{EXAMPLES / 'sftp_pipe'} {folder}"],
                            input=f"get /file {tmp_path}/back\nput {tmp_path}/back /again\nls -l /\n".encode(), capture_output=True,
                            timeout=60, env=sanitizer_env(), check=False)
    assert_no_report(result.stderr.decode(errors="replace"))
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "back").read_text() == "text" and (folder / "again").read_text() == "text"


def test_test_storage():
    result = subprocess.run([str(EXAMPLES / "test_storage")], capture_output=True, timeout=60, env=sanitizer_env(), check=False)
    assert_no_report(result.stderr.decode(errors="replace"))
    assert result.returncode == 0 and result.stdout == b"all well\n"


def test_commands(folder):
    """By OpenSSH's ssh: options of its own, in front of the rest."""
    import by_password  # imports this module
    example = by_password.ByPassword("commands", folder)
    try:
        def ssh(*arguments, text_in=None, check=True, options=()):
            return example.run("ssh", *by_password.OPTIONS, "-p", example.port, *options, "demo@127.0.0.1", *arguments,
                               text_in=text_in, check=check)

        said = ssh("uptime", options=["-o", "SetEnv=LANG=xx_YY"]).stdout
        assert said.startswith("up ") and said.endswith(" seconds; hello demo (xx_YY)\n")
        data = trees.random_bytes(3_000_000)  # larger than window and queue
        command = ["ssh", *by_password.OPTIONS, "-p", example.port, "-s", "demo@127.0.0.1", "echo"]
        path = folder / "large"
        path.write_bytes(data)
        example.run("sh", "-c", f'{" ".join(map(str, command))} < "{path}" > "{path}.back"')
        assert (folder / "large.back").read_bytes() == data
        # What is none of its own is the library's as before.
        assert example.sftp("ls -1 /file").stdout.split()[-1] == "/file"
        assert ssh("md5sum /file").stdout.endswith("/file\n")
        assert ssh("rm /file", check=False).returncode != 0
        assert ssh(options=["-T"], check=False).returncode != 0  # no shell
    finally:
        example.stop()
