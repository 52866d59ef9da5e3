"""Users with roots in one storage try to reach each other's files through links."""

import contextlib
import ctypes
import os
import socket
import stat
import threading
import time

import paramiko
import pytest

LONG = bool(os.environ.get("SALLY_LONG"))
ROOTS = ("joe", "ann", "eve", "tom", "sue")
# Whose root came which way, and whose files are wanted.
PAIRS = [("joe", "ann"), ("eve", "tom"), ("sue", "ann")]


@pytest.fixture(scope="module")
def server(start):
    return start(roots=ROOTS)


@pytest.fixture
def files(server):
    """Fresh files for everyone."""
    for root in ROOTS:
        folder = server.files / root
        for name in ("secret", "marker"):
            (folder / name).write_text(f"{root}'s")
        (folder / "d").mkdir(exist_ok=True)
    return server.files


@contextlib.contextmanager
def login(server, user):
    transport = paramiko.Transport(socket.create_connection(("127.0.0.1", server.port)))
    try:
        transport.connect(username=user, password="pw")
        yield paramiko.SFTPClient.from_transport(transport)
    finally:
        transport.close()


def state_of(folder):
    return {path.relative_to(folder): (path.lstat().st_mode, path.lstat().st_nlink, path.lstat().st_mtime_ns,
                                       path.read_bytes() if path.is_file() else None)
            for path in [folder, *folder.rglob("*")]}


def every_way(sftp, link):
    """Uses a link to a folder in every way that might lead out of the root."""
    for path in (f"{link}/secret", f"{link}/planted", f"{link}/d/planted"):
        yield lambda path=path: sftp.open(path, "r").read()
        yield lambda path=path: sftp.open(path, "w").close()
        yield lambda path=path: sftp.open(path, "a").close()
        yield lambda path=path: sftp.stat(path)
        yield lambda path=path: sftp.lstat(path)
        yield lambda path=path: sftp.chmod(path, 0)
        yield lambda path=path: sftp.truncate(path, 0)
        yield lambda path=path: sftp.utime(path, (1, 1))
        yield lambda path=path: sftp.remove(path)
        yield lambda path=path: sftp.mkdir(path)
        yield lambda path=path: sftp.symlink("secret", path)
        yield lambda path=path: sftp.posix_rename(path, "/taken")
        yield lambda path=path: sftp.posix_rename("/marker", path)
        yield lambda path=path: sftp.rename("/marker", path)
        yield lambda path=path: sftp.readlink(path)
    yield lambda: sftp.rmdir(f"{link}/d")
    yield lambda: sftp.listdir(link)
    yield lambda: sftp.stat(link)


@pytest.mark.parametrize("user,other", PAIRS)
def test_links_lead_nowhere_else(server, files, user, other):
    before = state_of(files / other)
    with login(server, user) as sftp:
        texts = {"relative": f"../{other}", "absolute": f"/{other}", "machine": str(files / other), "up": f"../../../{other}",
                 "slash": f"../{other}/", "chain": "relative", "d/deep": f"../../{other}"}
        for link, text in texts.items():
            sftp.symlink(text, f"/{link}")
            assert sftp.readlink(f"/{link}") == text
        for link in texts:
            for attempt in every_way(sftp, f"/{link}"):
                with pytest.raises(OSError):
                    attempt()
        sftp.symlink(f"../{other}/secret", "/file")
        for attempt in (lambda: sftp.open("/file").read(), lambda: sftp.open("/file", "w"), lambda: sftp.stat("/file")):
            with pytest.raises(OSError):
                attempt()
        # One that leads to nothing makes what it leads to, in here.
        sftp.symlink("../new", "/dangling")
        with sftp.open("/dangling", "w") as file:
            file.write("mine")
        assert (files / user / "new").read_text() == "mine" and not (files / "new").exists()
        # Links inside do lead where they say; names from outside are never heard.
        sftp.symlink("/d/../secret", "/inner")
        assert sftp.open("/inner").read() == f"{user}'s".encode()
        assert sftp.normalize("/inner") == "/secret"
        sftp.symlink("../..", "/top")
        assert sftp.normalize("/top/d") == "/d" and "marker" in sftp.listdir("/top")
    assert state_of(files / other) == before
    assert not (files / "taken").exists()


def test_missing_root(server):
    """The user gets no session and is not told the path of the root; the log names it."""
    with pytest.raises((OSError, EOFError, paramiko.SSHException)), login(server, "gus") as sftp:
        sftp.listdir("/")
    deadline = time.monotonic() + 10
    while "session.no_root" not in server.output() and time.monotonic() < deadline:
        time.sleep(0.05)
    line = next(line for line in server.lines if "session.no_root" in line)
    assert "user=gus" in line and "root=/gus" in line and "No such file" in line


def exchange(folder, one, other):
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.renameat2(-100, os.fsencode(folder / one), -100, os.fsencode(folder / other), 2) == 0


@pytest.mark.parametrize("user,other", PAIRS)
def test_swapped_while_it_is_used(server, files, user, other):
    """A local process keeps replacing folders by links meanwhile."""
    folder, swaps, over = files / user, 0, threading.Event()
    (folder / "x").mkdir()
    (folder / "x" / "secret").write_text("inside")
    os.symlink(f"../{other}", folder / "x-link")
    before = state_of(files / other)

    def swap():
        nonlocal swaps
        while not over.is_set():
            swaps += exchange(folder, "x", "x-link")

    swapper = threading.Thread(target=swap)
    swapper.start()
    good = 0
    try:
        with login(server, user) as sftp:
            end = time.monotonic() + (60 if LONG else 1.5)
            while time.monotonic() < end:
                for attempt in (lambda: sftp.open("/x/secret", "r+"), lambda: sftp.open("/x/made", "w")):
                    with contextlib.suppress(OSError):
                        with attempt() as file:
                            if file.stat().st_size:
                                assert file.read() == b"inside"
                            good += 1
                for attempt in (lambda: sftp.chmod("/x/secret", 0o600), lambda: sftp.remove("/x/made"),
                                lambda: sftp.mkdir("/x/dir"), lambda: sftp.rmdir("/x/dir"),
                                lambda: sftp.rmdir("/x/d"), lambda: sftp.posix_rename("/x/marker", "/taken")):
                    with contextlib.suppress(OSError):
                        attempt()
                with contextlib.suppress(OSError):
                    assert "marker" not in sftp.listdir("/x")
    finally:
        over.set()
        swapper.join()
    assert swaps > 100 and good > 0
    assert state_of(files / other) == before
    assert not stat.S_ISREG((folder / "x-link").lstat().st_mode)
