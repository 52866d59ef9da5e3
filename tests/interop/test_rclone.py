"""rclone: sync and check."""

import os

import openssh
import trees


def rclone(server, *arguments, check=True, timeout=280, commands=None):
    """`remote:` in an argument is the server. `commands`: it asks for commands, finds out which there are, and notes that in this
    file."""
    known_hosts = server.keys.directory / f"known_hosts-{server.port}"  # it does not support patterns
    known_hosts.write_text("".join(f"[127.0.0.1]:{server.port} {server.keys.public('host', kind)}" for kind in server.host_kinds))
    settings = {"TYPE": "sftp", "HOST": "127.0.0.1", "PORT": server.port, "USER": server.user, "SHELL_TYPE": "none",
                "KEY_FILE": server.keys.path("client"), "KNOWN_HOSTS_FILE": known_hosts,
                "SET_MODTIME": "true", "MD5SUM_COMMAND": "none", "SHA1SUM_COMMAND": "none"}
    if commands:
        for name in ("SHELL_TYPE", "MD5SUM_COMMAND", "SHA1SUM_COMMAND"):
            del settings[name]
    env = {**os.environ, "RCLONE_CONFIG": str(commands or "/dev/null"),
           **{f"RCLONE_CONFIG_REMOTE_{name}": str(value) for name, value in settings.items()}}
    return openssh.run(["rclone", "--retries", "1", "--low-level-retries", "1", *arguments], check=check, timeout=timeout, env=env)


def test_sync_and_check(server, work):
    source = trees.make_tree(work / "source", links=False, awkward=False)
    rclone(server, "sync", source, "remote:/there", "--transfers", "4", "--create-empty-src-dirs")
    rclone(server, "check", "--download", source, "remote:/there")
    rclone(server, "sync", "remote:/there", work / "back", "--create-empty-src-dirs")
    trees.assert_same(source, server.root / "there", want=("mtime",))
    trees.assert_same(source, work / "back", want=("mtime",))
    again = rclone(server, "sync", source, "remote:/there", "-v")
    assert "Copied" not in again.stderr


def test_many_small_files(server, work):
    source = trees.make_many(work / "source", 500)
    rclone(server, "copy", source, "remote:/there", "--transfers", "8", "--checkers", "8")
    trees.assert_same(source, server.root / "there")


def test_large_file(server, work):
    source = trees.write(work / "source", 60_000_000)
    rclone(server, "copyto", source, "remote:/file")
    rclone(server, "copyto", "remote:/file", work / "back")
    assert trees.digest(source) == trees.digest(server.root / "file") == trees.digest(work / "back")


def test_operations(server):
    trees.make_many(server.root / "tree", 20)
    rclone(server, "moveto", "remote:/tree/d0000/file-000001", "remote:/moved")
    rclone(server, "mkdir", "remote:/a/b/c")
    rclone(server, "delete", "remote:/tree/d0000/file-000002")
    assert "moved" in rclone(server, "lsf", "remote:/").stdout
    assert rclone(server, "cat", "remote:/moved").stdout == "1\n"
    rclone(server, "touch", "remote:/moved", "-t", "010203")
    assert int((server.root / "moved").stat().st_mtime) == 981_158_400
    rclone(server, "purge", "remote:/tree")
    assert not (server.root / "tree").exists()
    assert '"total"' in rclone(server, "about", "remote:", "--json").stdout
