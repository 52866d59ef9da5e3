"""The old scp protocol: OpenSSH's scp -O, PuTTY's pscp -scp, curl, AsyncSSH, paramiko by hand."""

import os
import stat
import time

import asyncssh
import pytest

import openssh
import putty
import pythonic
import test_curl
import trees


def scp(server, *arguments, **more):
    return openssh.scp(server, "-O", *arguments, **more)


def remote(server, path):
    return openssh.remote(server, path)


class TestOpenssh:
    @pytest.mark.parametrize("size", trees.SIZES)
    def test_up_and_down(self, server, work, size):
        source = trees.write(work / "source", size)
        scp(server, source, remote(server, "/file"))
        scp(server, remote(server, "/file"), work / "back")
        assert trees.digest(source) == trees.digest(server.root / "file") == trees.digest(work / "back")

    def test_large(self, server, work):
        source = trees.write(work / "source", 100_000_000)
        scp(server, source, remote(server, "file"))
        scp(server, remote(server, "file"), work / "back")
        assert trees.digest(source) == trees.digest(server.root / "file") == trees.digest(work / "back")

    def test_tree_both_ways(self, server, work):
        source = trees.make_tree(work / "source", links=False, bytes_names=True)
        scp(server, "-r", "-p", source, remote(server, "/"))
        trees.assert_same(source, server.root / "source", want=("mode", "mtime"))
        scp(server, "-r", "-p", remote(server, "/source"), work / "back")
        trees.assert_same(source, work / "back", want=("mode", "mtime"))

    def test_directories_keep_times_and_modes(self, server, work):
        (work / "source/inner").mkdir(parents=True)
        (work / "source/inner/file").write_text("x")
        for path, mode in ((work / "source/inner", 0o555), (work / "source", 0o750)):
            path.chmod(mode)
            os.utime(path, (1_000_000_000, 1_100_000_000))
        scp(server, "-rp", work / "source", remote(server, "/there"))
        scp(server, "-rp", remote(server, "/there"), work / "back")
        for top in (server.root / "there", work / "back"):
            for path, mode in ((top, 0o750), (top / "inner", 0o555)):
                assert stat.S_IMODE(path.stat().st_mode) == mode
                assert int(path.stat().st_mtime) == 1_100_000_000

    def test_without_p_the_time_is_now(self, server, work):
        source = trees.write(work / "source", 10)
        os.utime(source, (1, 1))
        scp(server, source, remote(server, "/file"))
        assert (server.root / "file").stat().st_mtime > 1_000_000_000

    def test_many_small_files(self, server, work):
        source = trees.make_many(work / "source", 400)
        scp(server, "-r", source, remote(server, "/there"))
        trees.assert_same(source, server.root / "there")
        scp(server, "-r", remote(server, "/there"), work / "back")
        trees.assert_same(source, work / "back")

    def test_a_directory_larger_than_one_listing(self, server, work):
        (server.root / "wide").mkdir()
        for number in range(3000):
            (server.root / "wide" / f"a-rather-long-name-{number:06}").write_text("")
        scp(server, "-r", remote(server, "/wide"), work)
        assert len(list((work / "wide").iterdir())) == 3000

    def test_limit(self, server, work):
        source = trees.write(work / "source", 400_000)
        scp(server, "-l", "16000", source, remote(server, "/file"))
        scp(server, "-l", "16000", remote(server, "/file"), work / "back")
        assert trees.digest(source) == trees.digest(work / "back")

    def test_an_existing_longer_file_is_replaced(self, server, work):
        (server.root / "file").write_bytes(b"x" * 100_000)
        (work / "source").write_text("short")
        scp(server, work / "source", remote(server, "/file"))
        assert (server.root / "file").read_text() == "short"

    def test_home_and_names_with_spaces(self, server, work):
        (work / "source").write_text("x")
        scp(server, work / "source", remote(server, "'with space'"))
        scp(server, work / "source", remote(server, "~/back\\ slash"))
        scp(server, work / "source", remote(server, ""))
        assert {path.name for path in server.root.iterdir()} == {"with space", "back slash", "source"}
        scp(server, "-T", remote(server, "'with space'"), work / "back")
        assert (work / "back").read_text() == "x"

    def test_patterns(self, server, work):
        for name in ("a.txt", "b.txt", "c.dat", ".hidden.txt", "star*"):
            (server.root / name).write_text(name)
        (server.root / "d").mkdir()
        (server.root / "d" / "e.txt").write_text("e")
        scp(server, remote(server, "*.txt"), work)
        assert {path.name for path in work.iterdir()} == {"a.txt", "b.txt"}
        scp(server, remote(server, "/*/[d-f].tx?"), work)
        assert (work / "e.txt").read_text() == "e"
        scp(server, "-T", remote(server, "'star*'"), work)
        assert (work / "star*").read_text() == "star*"

    def test_missing_and_denied(self, server, work):
        result = scp(server, remote(server, "/missing"), work, check=False)
        assert result.returncode == 1
        (server.root / "directory").mkdir()
        assert scp(server, remote(server, "/directory"), work, check=False).returncode == 1
        (work / "source").write_text("x")
        assert scp(server, work / "source", remote(server, "/no/such/directory"), check=False).returncode == 1
        (server.root / "file").write_text("x")
        assert scp(server, work / "source", work / "source", remote(server, "/file"), check=False).returncode == 1

    def test_one_bad_file_does_not_stop_the_others(self, server, work):
        tree = server.root / "tree"
        tree.mkdir()
        for name in ("a", "c"):
            (tree / name).write_text(name)
        (tree / "b").symlink_to("nowhere")
        result = scp(server, "-r", remote(server, "/tree"), work, check=False)
        assert result.returncode == 1
        assert {path.name for path in (work / "tree").iterdir()} == {"a", "c"}

    def test_nothing_outside_is_reached(self, server, work):
        scp(server, remote(server, "../../../../etc/passwd"), work, check=False)
        assert not (work / "passwd").exists()

    @pytest.mark.parametrize("setting", ["deny_requests=write", "deny_requests=open", "allow_requests=open,read,stat,close"])
    def test_what_is_denied_to_sftp_is_denied_here(self, start, work, setting):
        name, value = setting.split("=")
        server = start(settings={f"sftp.{name}": value})
        (work / "source").write_text("x")
        assert scp(server, work / "source", remote(server, "/file"), check=False).returncode == 1
        assert not (server.root / "file").exists()

    def test_between_two_places_of_the_server(self, server, work):
        (server.root / "file").write_text("x")
        scp(server, "-3", remote(server, "/file"), remote(server, "/copy"))
        assert (server.root / "copy").read_text() == "x"


class TestOtherClients:
    def pscp(self, server, *arguments, **more):
        return putty.run(["pscp", *putty.common(server), "-scp", *arguments], **more)

    def test_putty(self, server, work):
        source = trees.make_tree(work / "source", links=False, awkward=False, modes=False)
        self.pscp(server, "-r", "-p", source, "127.0.0.1:/there")
        trees.assert_same(source, server.root / "there", want=("mtime",))
        (work / "back").mkdir()
        self.pscp(server, "-r", "-p", "127.0.0.1:/there", work / "back")
        trees.assert_same(source, work / "back" / "there", want=("mtime",))

    @pytest.mark.parametrize("size", [0, 1, 32768, 261121, 20_000_000])
    def test_curl(self, server, work, size):
        source = trees.write(work / "source", size)
        login = ["-u", f"{server.user}:", "--key", server.keys.path("client"), "--pubkey", f"{server.keys.path('client')}.pub",
                 "--hostpubsha256", test_curl.fingerprint(server)]
        url = f"scp://127.0.0.1:{server.port}/with%20space%27s"
        openssh.run(["curl", "-sS", *login, "-T", source, url], timeout=120)
        assert trees.digest(source) == trees.digest(server.root / "with space's")
        openssh.run(["curl", "-sS", *login, "-o", work / "back", url], timeout=120)
        if size:
            assert trees.digest(source) == trees.digest(work / "back")

    def test_asyncssh(self, server, work):
        source = trees.make_tree(work / "source", links=False)

        async def both_ways():
            async with pythonic.asyncssh_connect(server) as connection:
                await asyncssh.scp(str(source), (connection, "/there"), recurse=True, preserve=True)
                await asyncssh.scp((connection, "/there"), str(work / "back"), recurse=True, preserve=True)

        pythonic.run(both_ways())
        trees.assert_same(source, server.root / "there", want=("mtime",))
        trees.assert_same(source, work / "back", want=("mtime",))


class TestByHand:
    """What no honest client sends."""

    @pytest.fixture
    def run(self, server):
        with pythonic.paramiko_transport(server) as transport:
            yield lambda command, text=b"": pythonic.run_command(transport, command, text)[::2]

    def test_exchange(self, run, server):
        assert run("scp -t /file", b"C0640 5 file\nhello\0") == (b"\0\0\0", 0)
        assert (server.root / "file").read_bytes() == b"hello"
        assert stat.S_IMODE((server.root / "file").stat().st_mode) == 0o640
        assert run("scp -f /file", b"\0\0\0") == (b"C0640 5 file\nhello\0", 0)

    @pytest.mark.parametrize("name", [b"../evil", b"/tmp/evil", b"..", b".", b"", b"a/b"])
    @pytest.mark.parametrize("letter", [b"C", b"D"])
    def test_names_stay_inside(self, run, server, letter, name):
        (server.root / "in").mkdir()
        out, status = run("scp -r -t /in", letter + b"0755 0 " + name + b"\n\0")
        assert status == 1 and out.startswith(b"\0\1scp: protocol error: unexpected filename")
        assert [path.name for path in server.root.rglob("*")] == ["in"]

    def test_a_file_cut_short_is_not_called_good(self, run, server):
        assert run("scp -t /file", b"C0644 100000 file\n" + b"x" * 40_000)[1] == 1
        assert (server.root / "file").stat().st_size == 40_000


class TestLibraries:
    """What libraries send that are not here, message by message: each answer is awaited as they do."""

    @pytest.fixture
    def dialogue(self, server):
        """dialogue(command, (say, hear), ...): what is heard in the end, and the exit status."""
        with pythonic.paramiko_transport(server) as transport:
            def talk(command, *turns, end=True):
                channel = transport.open_session()
                channel.settimeout(20)
                channel.exec_command(command)
                for say, hear in turns:
                    channel.sendall(say)
                    heard = b""
                    while len(heard) < len(hear):
                        heard += channel.recv(len(hear) - len(heard))
                    assert heard == hear
                if not end:
                    return channel
                channel.shutdown_write()
                rest = channel.recv(65536)
                status = channel.recv_exit_status()
                channel.close()
                return rest, status

            yield talk

    @pytest.mark.parametrize("times", [False, True])
    def test_jsch_up(self, dialogue, server, times):
        command = "scp " + ("-p" if times else "") + " -t 'it'\"'\"'s here'"
        turns = [(b"", b"\0"), (b"C0644 5 local.txt\n", b"\0"), (b"hello\0", b"\0")]
        if times:
            turns.insert(1, (b"T 1000000000 0 1000000000 0\n", b"\0"))
        assert dialogue(command, *turns) == (b"", 0)
        path = server.root / "it's here"
        assert path.read_bytes() == b"hello" and (path.stat().st_mtime == 1_000_000_000) == times

    def test_jsch_down(self, dialogue, server):
        (server.root / "file").write_bytes(b"hello")
        (server.root / "file").chmod(0o640)
        assert dialogue("scp -f file", (b"\0", b"C0640 5 file\n"), (b"\0", b"hello\0"), (b"\0", b"")) == (b"", 0)

    def test_ganymed_and_trilead_up(self, dialogue, server):
        (server.root / "in").mkdir()
        assert dialogue("scp -t -d in", (b"", b"\0"), (b"C0600 5 file\n", b"\0"), (b"hello\0", b"\0"), (b"E\n", b"\0")) == (b"", 0)
        assert (server.root / "in/file").read_bytes() == b"hello"

    def test_ganymed_down(self, dialogue, server):
        for name in "ab":
            (server.root / name).write_bytes(name.encode())
            (server.root / name).chmod(0o644)
        assert dialogue("scp -f a b", (b"\0", b"C0644 1 a\n"), (b"\0", b"a\0"), (b"\0", b"C0644 1 b\n"), (b"\0", b"b\0"),
                        (b"\0", b"")) == (b"", 0)

    def test_sshj_up(self, dialogue, server):
        turns = [(b"", b"\0"), (b"T1000000000 0 1000000001 0\n", b"\0"), (b"D0755 0 top\n", b"\0"),
                 (b"T1000000000 0 1000000001 0\n", b"\0"), (b"C0600 3 a\n", b"\0"), (b"abc\0", b"\0"), (b"E\n", b"\0")]
        assert dialogue("scp -l 8000 -t -r -p 'new'", *turns) == (b"", 0)
        assert (server.root / "new/a").stat().st_mtime == (server.root / "new").stat().st_mtime == 1_000_000_000

    def test_phpseclib_up(self, dialogue, server):
        """It closes the channel behind the last byte, and never says that all is well."""
        data = trees.random_bytes(700_000)
        channel = dialogue("scp -t 'file'", (b"", b"\0"), (b"C0644 %d file\n" % len(data), b"\0"), end=False)
        channel.sendall(data)
        channel.close()
        deadline = time.monotonic() + 10
        while not (server.root / "file").exists() or (server.root / "file").read_bytes() != data:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def test_winscp_after_its_shell(self, dialogue, server):
        """Its SCP mode types this into a shell, which is not here; the commands themselves are."""
        (server.root / "some dir").mkdir()
        turns = [(b"", b"\0"), (b"T1000000000 0 1000000000 0\n", b"\0"), (b"C0644 5 a;b\n", b"\0"), (b"hello\0", b"\0")]
        assert dialogue('scp -r -p -d -t "some dir"', *turns) == (b"", 0)
        assert dialogue('scp -r -p -d -f "some dir/a;b"', (b"\0", b"T1000000000 0 1000000000 0\n"), (b"\0", b"C0644 5 a;b\n"),
                        (b"\0", b"hello\0"), (b"\0", b"")) == (b"", 0)

    def test_odd_names(self, dialogue, server):
        """Whatever bytes a name has, both ways: but a line end cannot travel."""
        names = [b"with space", b"\xff\xfe\x80", b"tab\there", b"-dash", b"'\"`$", b"*", b"\\", b"\x01\x7f", b"caf\xc3\xa9", b"x" * 255]
        turns = [(b"", b"\0")]
        for name in names:
            turns += [(b"C0644 1 " + name + b"\n", b"\0"), (b"x\0", b"\0")]
        assert dialogue("scp -t .", *turns) == (b"", 0)
        assert sorted(os.listdir(os.fsencode(server.root))) == sorted(names)
        for name in names:
            quoted = b"'" + name.replace(b"'", b"'\"'\"'") + b"'"
            assert dialogue(b"scp -f -- " + quoted, (b"\0", b"C0644 1 " + name + b"\n"), (b"\0", b"x\0"), (b"\0", b"")) == (b"", 0)
        (server.root / "line\nend").touch()
        assert dialogue("scp -f 'line\nend'", (b"\0", b"C0644 0 line\\^Jend\n"), (b"\0", b"\0"), (b"\0", b"")) == (b"", 0)
