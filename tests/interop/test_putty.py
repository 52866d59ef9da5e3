"""PuTTY's psftp and pscp."""

import re

import pytest

import putty
import trees
from openssh import run


def test_tree_there_and_back(server, work):
    source = trees.make_tree(work / "source", links=False, awkward=False, modes=False)
    (source / "names" / "-leading-dash").unlink()
    putty.psftp(server, f"put -r {source} /there\nget -r /there {work}/back")
    trees.assert_same(source, server.root / "there")
    trees.assert_same(source, work / "back")


def test_commands(server, work):
    (work / "file").write_text("text")
    result = putty.psftp(server, f"mkdir /d\ncd /d\nput {work}/file\nls\nmv file other\nchmod 600 other\nget other {work}/back\n"
                                 "rm other\ncd /\nrmdir d\npwd\nls")
    assert (work / "back").read_text() == "text"
    assert "Remote directory is /" in result.stdout
    assert not list(server.root.iterdir())


def test_resume(server, work):
    data = trees.random_bytes(2_000_000)
    (work / "file").write_bytes(data)
    (server.root / "file").write_bytes(data[:500_000])
    (server.root / "other").write_bytes(data)
    (work / "other").write_bytes(data[:500_000])
    putty.psftp(server, f"reput {work}/file /file\nreget /other {work}/other")
    assert (server.root / "file").read_bytes() == data and (work / "other").read_bytes() == data


@pytest.mark.parametrize("size", trees.SIZES)
def test_pscp(server, work, size):
    source = trees.write(work / "source", size)
    putty.pscp(server, source, f"{server.user}@127.0.0.1:/file")
    putty.pscp(server, f"{server.user}@127.0.0.1:/file", work / "back")
    assert trees.digest(source) == trees.digest(server.root / "file") == trees.digest(work / "back")


def test_pscp_tree(server, work):
    source = trees.make_many(work / "source", 50)
    putty.pscp(server, "-r", "-p", source, f"{server.user}@127.0.0.1:/")
    trees.assert_same(source, server.root / "source", want=("mtime",))
    listing = putty.pscp(server, "-ls", f"{server.user}@127.0.0.1:/source/d0000")
    assert "file-000049" in listing.stdout


def test_password(server):
    command = ["psftp", "-batch", "-noagent", "-hostkey", server.keys.fingerprint("host"), "-P", server.port, "-l", server.user]
    script = server.keys.directory / "pwd.txt"
    script.write_text("pwd\nquit\n")
    assert run([*command, "-pw", server.password, "-b", script, "127.0.0.1"]).returncode == 0
    assert run([*command, "-pw", "wrong", "-b", script, "127.0.0.1"], check=False).returncode != 0


def test_shell_is_refused(server):
    command = ["plink", "-batch", "-noagent", "-ssh", "-hostkey", server.keys.fingerprint("host"), "-P", server.port,
               "-i", putty.key(server), "-l", server.user, "127.0.0.1", "echo", "hello"]
    result = run(command, check=False, timeout=60)
    assert result.returncode != 0 and not re.search(r"^hello", result.stdout)
