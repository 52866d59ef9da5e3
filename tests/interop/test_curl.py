"""curl, which brings libssh2."""

import base64
import hashlib
import os
import stat

import pytest

import openssh
import trees


def fingerprint(server, kind="ed25519"):
    """As curl wants it: base64 of the key's SHA-256."""
    blob = base64.b64decode(server.keys.public("host", kind).split()[1])
    return base64.b64encode(hashlib.sha256(blob).digest()).decode()


def curl(server, path, *arguments, check=True, key=True, timeout=120):
    login = ["-u", f"{server.user}:", "--key", server.keys.path("client"), "--pubkey", f"{server.keys.path('client')}.pub"]
    if not key:
        login = ["-u", f"{server.user}:{server.password}"]
    command = ["curl", "-sS", "--fail", "--hostpubsha256", fingerprint(server), *login, "--connect-timeout", "20", *arguments,
               f"sftp://127.0.0.1:{server.port}{path}"]
    return openssh.run(command, check=check, timeout=timeout)


@pytest.mark.parametrize("size", trees.SIZES)
def test_up_and_down(server, work, size):
    source = trees.write(work / "source", size)
    curl(server, "/file", "-T", source)
    curl(server, "/file", "-o", work / "back")
    assert trees.digest(source) == trees.digest(server.root / "file")
    if size:
        assert trees.digest(source) == trees.digest(work / "back")


def test_large(server, work):
    source = trees.write(work / "source", 50_000_000)
    curl(server, "/file", "-T", source)
    curl(server, "/file", "-o", work / "back")
    assert trees.digest(source) == trees.digest(server.root / "file") == trees.digest(work / "back")


def test_password(server, work):
    (server.root / "file").write_text("x")
    assert curl(server, "/file", key=False).stdout == "x"
    server.password += "wrong"
    assert curl(server, "/file", key=False, check=False).returncode == 67


def test_ranges_and_resume(server, work):
    data = trees.random_bytes(1_000_000)
    (server.root / "file").write_bytes(data)
    curl(server, "/file", "-r", "1000-1999", "-o", work / "range")
    assert (work / "range").read_bytes() == data[1000:2000]
    (work / "back").write_bytes(data[:123_456])
    curl(server, "/file", "-C", "-", "-o", work / "back")
    assert (work / "back").read_bytes() == data
    (work / "up").write_bytes(data)
    (server.root / "up").write_bytes(data[:123_456])
    curl(server, "/up", "-C", "-", "-T", work / "up")
    assert (server.root / "up").read_bytes() == data


def test_append(server, work):
    (server.root / "file").write_text("one ")
    (work / "more").write_text("two")
    curl(server, "/file", "-a", "-T", work / "more")
    assert (server.root / "file").read_text() == "one two"


def test_listing(server):
    trees.make_tree(server.root / "tree", links=False, awkward=False)
    text = curl(server, "/tree/").stdout
    for path in (server.root / "tree").iterdir():
        assert path.name in text
    names = curl(server, "/tree/names/", "-l").stdout.splitlines()
    assert set(names) - {".", ".."} == {path.name for path in (server.root / "tree/names").iterdir()}


def test_directories_are_made(server, work):
    (work / "file").write_text("x")
    curl(server, "/a/b/c/file", "--ftp-create-dirs", "-T", work / "file")
    assert (server.root / "a/b/c/file").read_text() == "x"


def test_quotes(server, work):
    (server.root / "file").write_text("x")
    # Debian's curl 7.88.1-10+deb12u15 takes the success of a symlink for a failure ("symlink command failed"), with OpenSSH's server
    # too, and stops there; with the asterisk it goes on. What counts is what the server has then.
    commands = ["mkdir /d", "rename /file /d/file", "chmod 0600 /d/file", "*symlink file /d/link", "*ln file /d/other", "rm /d/other", "pwd"]
    arguments = [word for command in commands for word in ("-Q", command)]
    curl(server, "/d/file", *arguments, "-o", work / "back")
    assert (work / "back").read_text() == "x"
    assert os.readlink(server.root / "d/link") == "file"
    assert sorted(path.name for path in (server.root / "d").iterdir()) == ["file", "link"]
    assert stat.S_IMODE((server.root / "d/file").stat().st_mode) == 0o600


def test_many_in_one_connection(server, work):
    trees.make_many(server.root / "many", 100)
    result = curl(server, "/many/d0000/file-[000000-000099]", "--remote-name", "--output-dir", work)
    assert result.returncode == 0
    assert len(list(work.iterdir())) >= 97  # curl leaves out the empty ones


def test_missing(server):
    result = curl(server, "/missing", check=False)
    assert result.returncode == 78
