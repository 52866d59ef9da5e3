"""The few commands that are no scp: what ssh and rclone hear when they ask for one."""

import hashlib
import os

import pytest

import openssh
import pythonic
import test_rclone
import trees

ONLY = "This service allows sftp and scp only.\n"


class TestOpenssh:
    """What a person sees."""

    def ssh(self, server, command):
        result = openssh.ssh(server, command, check=False)
        return result.stdout, result.stderr, result.returncode

    def test_other_commands(self, server):
        assert self.ssh(server, "uname -a") == ("", ONLY, 127)
        assert self.ssh(server, "cat /etc/passwd | sh") == ("", ONLY, 127)

    def test_digests_with_a_file_that_is_missing(self, server):
        (server.root / "there").write_text("x")
        digest = hashlib.sha256(b"x").hexdigest()
        assert self.ssh(server, "sha256sum there gone there") == (
            f"{digest}  there\n{digest}  there\n", "sha256sum: gone: No such file or directory\n", 1)

    def test_thousands_of_errors(self, server):
        """They take the window's turns like everything else."""
        out, error, status = self.ssh(server, "md5sum " + " ".join(f"no-{n:05}" for n in range(5000)))
        assert (out, status) == ("", 1)
        assert error.splitlines() == [f"md5sum: no-{n:05}: No such file or directory" for n in range(5000)]

    def test_shell(self, server):
        result = openssh.ssh(server, check=False)
        assert (result.stdout, result.stderr, result.returncode) == ("", ONLY, 127)

    def test_scp_keeps_to_its_protocol(self, server):
        assert self.ssh(server, "scp -t") == ("\2scp: exactly one target is required\n", "", 1)


class TestSwitchedOff:
    def test_scp(self, start, work):
        server = start(settings={"ssh.commands": "-scp"})
        (server.root / "file").write_text("x")
        result = openssh.scp(server, "-O", openssh.remote(server, "/file"), work, check=False)
        assert result.returncode == 1 and "scp: disabled on this server; use sftp" in result.stderr
        assert openssh.ssh(server, "md5sum /file").stdout == hashlib.md5(b"x").hexdigest() + "  /file\n"
        openssh.scp(server, openssh.remote(server, "/file"), work)  # by SFTP
        assert (work / "file").read_text() == "x"

    def test_all(self, start):
        server = start(settings={"ssh.commands": "none"})
        for command, text in (("sha1sum", "This command is disabled on this server.\n"), ("ls", "This service allows sftp only.\n")):
            result = openssh.ssh(server, command, check=False)
            assert (result.stdout, result.stderr, result.returncode) == ("", text, 127)


class TestByHand:
    @pytest.fixture
    def run(self, server):
        with pythonic.paramiko_transport(server) as transport:
            yield lambda command, text=b"": pythonic.run_command(transport, command, text)

    @pytest.mark.parametrize("command", ["id", "sh -c id", "/bin/sh", "scp -t /x; id", "scp -f `id`", "scp -f $(id)",
                                         "scp -S id -t /x", "md5sum /x | sh", "echo hi", "df -h", "", "scp", "rsync --server"])
    def test_there_is_no_shell(self, run, command):
        out, error, status = run(command)
        assert status != 0
        assert bool(out) == command.startswith("scp") and bool(error) != bool(out)
        assert b"uid=" not in out + error

    def test_digest_of_nothing(self, run):
        assert run("md5sum") == (hashlib.md5().hexdigest().encode() + b"  -\n", b"", 0)
        assert run("b2sum") == (hashlib.blake2b().hexdigest().encode() + b"  -\n", b"", 0)

    @pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha512"])
    def test_digests(self, run, server, name):
        data = trees.random_bytes(300_000)
        (server.root / "with space").write_bytes(data)
        (server.root / "back\\slash").write_bytes(b"")
        digest = hashlib.new(name, data).hexdigest().encode()
        assert run(f"{name}sum 'with space'") == (digest + b"  with space\n", b"", 0)
        assert run(f"{name}sum /back*") == (b"\\" + hashlib.new(name).hexdigest().encode() + b"  /back\\\\slash\n", b"", 0)
        assert run(f"{name}sum /missing") == (b"", f"{name}sum: /missing: No such file or directory\n".encode(), 1)


class TestRclone:
    """It finds out by itself what there is: `md5sum` without a path must be that of nothing."""

    NAMES = ("plain", "with space", "it's", 'say "hi"', "$HOME", "`id`", "a;b|c&d", "star*[x]?", "~tilde", "#hash", "line\nend",
             "\u00fcml\u00e4ut", "(round) {curly}", "-dash", "back\\slash")

    @pytest.fixture
    def rclone(self, server, work):
        config = work / "rclone.conf"
        config.touch()
        yield lambda *arguments, **more: test_rclone.rclone(server, *arguments, commands=config, **more)

    @pytest.fixture
    def source(self, work):
        directory = work / "source"
        directory.mkdir()
        for number, name in enumerate(self.NAMES):
            (directory / name).write_bytes(trees.random_bytes(1000 + number, seed=number))
        return directory

    def test_check(self, server, work, rclone, source):
        rclone("copy", source, "remote:/there dir")
        config = (work / "rclone.conf").read_text()
        assert "md5sum_command = md5sum" in config and "sha1sum_command = sha1sum" in config
        result = rclone("check", "-v", source, "remote:/there dir")
        assert f"{len(self.NAMES)} matching files" in result.stderr and "hashes could not be checked" not in result.stderr
        (server.root / "there dir" / "it's").write_bytes(b"y" * 1002)
        os.utime(server.root / "there dir" / "it's", (1, 1))
        assert rclone("check", source, "remote:/there dir", check=False).returncode == 1

    @pytest.mark.parametrize("name", ["md5", "sha1"])
    def test_hashsum(self, server, rclone, source, name):
        rclone("copy", source, "remote:/")
        sums = rclone("hashsum", name, "remote:/").stdout
        for path in source.iterdir():
            if "\n" not in path.name:
                assert f"{hashlib.new(name, path.read_bytes()).hexdigest()}  {path.name}\n" in sums

    def test_about(self, start, work):
        """By the extension; and where that is not, df must not say it either."""
        def about(server):
            return test_rclone.rclone(server, "about", "remote:/", "-vv", commands=config, check=False)

        config = work / "rclone.conf"
        config.touch()
        result = about(start())
        assert result.returncode == 0 and "Free:" in result.stdout
        assert about(start(settings={"sftp.deny_requests": "statvfs"})).returncode != 0

    def test_as_old_versions_ask(self, server):
        with pythonic.paramiko_transport(server) as transport:
            for name in ("md5", "sha1"):
                answer = hashlib.new(name, b"abc\n").hexdigest().encode() + b"  -\n"
                assert pythonic.run_command(transport, f"echo 'abc' | {name}sum") == (answer, b"", 0)
            out, error, status = pythonic.run_command(transport, "df -k /")
        fields = out.decode().splitlines()[1].split()
        space = os.statvfs(server.root)
        assert (error, status, len(fields)) == (b"", 0, 6)
        assert int(fields[1]) == space.f_blocks * space.f_frsize // 1024
        assert abs(int(fields[3]) - space.f_bavail * space.f_frsize // 1024) < 1 << 20
