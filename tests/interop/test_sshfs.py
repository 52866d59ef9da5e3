"""sshfs: the server as a file system, under programs that know nothing of it."""

import os
import pathlib
import sqlite3
import subprocess
import time

import pytest

import openssh
import trees
from openssh import run

if not os.access("/dev/fuse", os.R_OK | os.W_OK):
    pytest.skip("this machine lets nobody mount: /dev/fuse is missing or closed", allow_module_level=True)


@pytest.fixture
def mount(server, work):
    """The server's root, mounted."""
    point = work / "mnt"
    point.mkdir()
    command = ["sshfs", f"{server.user}@127.0.0.1:/", point, "-f", "-F", "none", "-p", server.port, "-o", "workaround=none",
               *openssh.options(server)]
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not os.path.ismount(point):
        assert process.poll() is None and time.monotonic() < deadline, "sshfs did not mount"
        time.sleep(0.05)
    yield point
    subprocess.run(["fusermount3", "-u", str(point)], check=False)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        subprocess.run(["fusermount3", "-u", "-z", str(point)], check=False)


def make_tree(work, **options):
    """Without a dangling link: sshfs cannot set the times of a link itself."""
    source = trees.make_tree(work / "source", **options)
    (source / "dangling").unlink()
    return source


def git(directory, *arguments):
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "HOME": str(directory)}
    identity = ["-c", "user.name=Joe", "-c", "user.email=joe@example.org", "-c", "safe.directory=*"]
    return run(["git", *identity, "-C", directory, *arguments], env=env).stdout


def test_copy_there_and_back(mount, server, work):
    source = make_tree(work, bytes_names=True)
    run(["cp", "-a", source, mount / "there"])
    run(["cp", "-a", mount / "there", work / "back"])
    trees.assert_same(source, server.root / "there", want=("mode", "mtime"))
    trees.assert_same(source, work / "back", want=("mode", "mtime"))


def test_git(mount, server, work):
    source = trees.make_many(work / "source", 60)
    git(source, "init", "-q")
    git(source, "add", ".")
    git(source, "commit", "-q", "-m", "first")
    git(mount, "clone", "-q", source, mount / "clone")
    (mount / "clone/new").write_text("new\n")
    git(mount / "clone", "add", "new")
    git(mount / "clone", "commit", "-q", "-m", "second")
    git(mount / "clone", "gc", "-q")
    git(mount / "clone", "fsck", "--strict")
    assert git(mount / "clone", "log", "--oneline").count("\n") == 2
    assert git(mount / "clone", "status", "--porcelain") == ""


def test_tar(mount, server, work):
    source = make_tree(work)
    run(["tar", "-C", source, "-cf", mount / "archive.tar", "."])
    (mount / "unpacked").mkdir()
    run(["tar", "-C", mount / "unpacked", "-xf", mount / "archive.tar"])
    trees.assert_same(source, server.root / "unpacked", want=("mtime",))


def test_sqlite(mount, server):
    database = sqlite3.connect(mount / "data.sqlite", timeout=30)
    database.execute("create table t (n integer, text text)")
    for batch in range(5):
        with database:
            database.executemany("insert into t values (?, ?)", [(n, "x" * (n % 300)) for n in range(batch * 200, batch * 200 + 200)])
    assert database.execute("select count(*), sum(n) from t").fetchone() == (1000, 499_500)
    database.close()
    check = sqlite3.connect(server.root / "data.sqlite")
    assert check.execute("pragma integrity_check").fetchone() == ("ok",)
    check.close()


def test_file_system_calls(mount, server):
    path = mount / "file"
    path.write_bytes(b"0123456789")
    with open(path, "r+b") as file:
        file.seek(3)
        file.write(b"XY")
        file.truncate(7)
        file.flush()
        os.fsync(file.fileno())
    assert path.read_bytes() == b"012XY56"
    os.link(path, mount / "hard")
    os.symlink("file", mount / "soft")
    assert os.readlink(mount / "soft") == "file"
    with pytest.raises(FileExistsError):
        os.mkdir(path)
    with pytest.raises(FileNotFoundError):
        os.stat(mount / "missing")
    (mount / "d").mkdir()
    (mount / "d/x").write_text("x")
    with pytest.raises(OSError):
        os.rmdir(mount / "d")
    (mount / "other").write_text("other")
    os.replace(mount / "other", path)
    assert path.read_text() == "other"
    os.utime(path, (1, 2))
    assert int((server.root / "file").stat().st_mtime) == 2
    assert os.statvfs(mount).f_blocks > 0
    with open(path, "rb") as kept:
        os.unlink(path)
        assert not (server.root / "file").exists() or kept.read() in (b"other", b"")
    assert pathlib.Path(mount / "hard").read_bytes() == b"012XY56"
