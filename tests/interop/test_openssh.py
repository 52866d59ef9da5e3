"""OpenSSH's sftp, scp and ssh against the server."""

import os
import re
import stat
import subprocess
import threading
import time

import pytest

import openssh
import trees
from openssh import quoted, remote, scp, sftp, ssh
from process import PROGRAM

CIPHERS = ["chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr",
           "aes192-ctr", "aes256-ctr"]
MACS = ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"]
OLD_MACS = ["hmac-sha1-etm@openssh.com", "hmac-sha1"]
KEX = ["curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384",
       "ecdh-sha2-nistp521", "diffie-hellman-group-exchange-sha256", "diffie-hellman-group14-sha256",
       "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512"]
OLD_KEX = ["diffie-hellman-group14-sha1", "diffie-hellman-group-exchange-sha1"]
HOST_KEYS = ("ed25519", "ecdsa256", "ecdsa384", "ecdsa521", "rsa")
HOST_KEY_ALGORITHMS = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-256",
                       "rsa-sha2-512"]


class TestFiles:
    def test_put_and_get_a_tree(self, server, work):
        source = trees.make_tree(work / "source", links=False, awkward=False)
        sftp(server, f"put -r {source} /there\nget -r /there {work}/back")
        trees.assert_same(source, server.root / "there")
        trees.assert_same(source, work / "back")

    def test_preserved_modes_and_times(self, server, work):
        source = trees.make_tree(work / "source", links=False, awkward=False)
        sftp(server, f"put -pr {source} /there\nget -pr /there {work}/back")
        trees.assert_same(source, server.root / "there", want=("mode", "mtime"))
        trees.assert_same(source, work / "back", want=("mode", "mtime"))

    @pytest.mark.parametrize("name", trees.NAMES + trees.AWKWARD)
    def test_names(self, shared_server, work, name):
        (work / "plain").write_text(name)
        batch = (f"put {work}/plain {quoted('/' + name)}\nls -l /\nget {quoted('/' + name)} {work}/back\n"
                 f"rename {quoted('/' + name)} {quoted('/' + name[:200] + '.new')}\nrm {quoted('/' + name[:200] + '.new')}")
        sftp(shared_server, batch)
        assert (work / "back").read_text() == name
        assert not list(shared_server.root.iterdir())

    def test_names_that_are_not_utf8(self, server, work):
        for name in trees.NOT_UTF8:
            with open(os.path.join(os.fsencode(server.root), name), "wb") as out:
                out.write(name)
        sftp(server, f"get -r / {work}/back")
        trees.assert_same(server.root, work / "back")

    def test_listing(self, server):
        (server.root / "file").write_bytes(b"12345")
        (server.root / "file").chmod(0o640)
        (server.root / "directory").mkdir()
        (server.root / "link").symlink_to("file")
        output = sftp(server, "ls -la /\nls -n /\nls -1 /").stdout
        assert re.search(r"^-rw-r-----\s.*\s5\s.*/?file$", output, re.M)
        assert re.search(r"^drwx.*/?directory$", output, re.M)
        assert re.search(r"^lrwx.*/?link", output, re.M)

    def test_listing_sorted_by_time_and_size(self, server):
        for number, name in enumerate(["c", "a", "b"]):
            (server.root / name).write_bytes(b"x" * (number + 1))
            os.utime(server.root / name, (1_000_000 + number, 1_000_000 + number))
        output = sftp(server, "ls -1tr /\nls -1Sr /").stdout
        names = re.findall(r"^/?([abc])\s*$", output, re.M)
        assert names == ["c", "a", "b", "c", "a", "b"]

    def test_resumed_download(self, server, work):
        data = trees.random_bytes(3_000_000)
        (server.root / "file").write_bytes(data)
        (work / "file").write_bytes(data[:1_234_567])
        sftp(server, f"reget /file {work}/file")
        assert (work / "file").read_bytes() == data

    def test_resumed_upload(self, server, work):
        data = trees.random_bytes(3_000_000)
        (work / "file").write_bytes(data)
        (server.root / "file").write_bytes(data[:1_234_567])
        sftp(server, f"reput {work}/file /file")
        assert (server.root / "file").read_bytes() == data

    def test_interrupted_upload_leaves_what_arrived(self, server, work):
        trees.write(work / "file", 20_000_000)
        client = subprocess.Popen(["sftp", "-F", "none", "-q", "-b", "-", "-l", "20000", "-P", str(server.port),
                                   *map(str, openssh.options(server)), f"{server.user}@127.0.0.1"],
                                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client.stdin.write(f"put {work}/file /file\n".encode())
        client.stdin.flush()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if (server.root / "file").exists() and (server.root / "file").stat().st_size > 1_000_000:
                break
            time.sleep(0.05)
        client.kill()
        client.wait()
        client.stdin.close()
        time.sleep(0.2)
        arrived = (server.root / "file").read_bytes()
        assert len(arrived) > 1_000_000
        sftp(server, f"reput {work}/file /file")
        assert trees.digest(work / "file") == trees.digest(server.root / "file")

    @pytest.mark.parametrize("buffer,requests", [(1, 1), (1000, 64), (32768, 1), (32768, 256), (261120, 64), (262000, 64)])
    def test_buffer_sizes(self, shared_server, work, buffer, requests):
        size = 20_000 if buffer == 1 else 2_000_003
        source = trees.write(work / "file", size)
        name = f"buffer-{buffer}-{requests}"
        sftp(shared_server, f"put {source} /{name}\nget /{name} {work}/back\nrm /{name}", "-B", buffer, "-R", requests)
        assert trees.digest(source) == trees.digest(work / "back")

    def test_beyond_four_gigabytes(self, server, work):
        size = (5 << 30) + 7
        with open(server.root / "large", "wb") as out:
            out.truncate(size)
            out.seek(size - 4)
            out.write(b"tail")
        with open(work / "large", "wb") as out:
            out.truncate(size - 100_000)
        sftp(server, f"reget /large {work}/large")
        assert (work / "large").stat().st_size == size
        with open(work / "large", "rb") as back:
            back.seek(size - 4)
            assert back.read() == b"tail"
        os.truncate(server.root / "large", size - 100_000)
        sftp(server, f"reput {work}/large /large\nls -l /large")
        assert (server.root / "large").stat().st_size == size
        with open(server.root / "large", "rb") as back:
            back.seek(size - 4)
            assert back.read() == b"tail"

    def test_changing_things(self, server):
        (server.root / "file").write_text("one")
        sftp(server, "mkdir /d\nrename /file /d/renamed\nsymlink renamed /d/link\nln /d/renamed /d/hard\nln -s nowhere /d/dangling\n"
                     "chmod 600 /d/renamed\nmkdir /d/e\nrmdir /d/e\ncd /d\npwd")
        directory = server.root / "d"
        assert (directory / "renamed").read_text() == "one"
        assert os.readlink(directory / "link") == "renamed"
        assert os.readlink(directory / "dangling") == "nowhere"
        assert (directory / "hard").stat().st_ino == (directory / "renamed").stat().st_ino
        assert stat.S_IMODE((directory / "renamed").stat().st_mode) == 0o600
        assert not (directory / "e").exists()
        sftp(server, "rm /d/*\nrmdir /d")
        assert not directory.exists()

    def test_rename_replaces(self, server):
        (server.root / "a").write_text("new")
        (server.root / "b").write_text("old")
        sftp(server, "rename /a /b")  # posix-rename
        assert (server.root / "b").read_text() == "new"
        (server.root / "c").write_text("other")
        result = sftp(server, "rename -l /c /b", check=False)  # SSH_FXP_RENAME must not replace
        assert result.returncode != 0 and (server.root / "b").read_text() == "new"

    def test_copy_within_the_server(self, server):
        data = trees.random_bytes(3_000_001)
        (server.root / "from").write_bytes(data)
        sftp(server, "copy /from /to")
        assert (server.root / "to").read_bytes() == data

    def test_free_space(self, server):
        output = sftp(server, "df -h /\ndf -i /\ndf /").stdout
        assert re.search(r"^\s*Size\s+Used\s+Avail", output, re.M)
        info = os.statvfs(server.root)
        sizes = [int(value) for value in re.findall(r"^\s+(\d+)\s+\d+\s+\d+", output, re.M)]
        assert info.f_blocks * info.f_frsize // 1024 in sizes

    def test_limits_are_announced(self, server, work):
        (work / "file").write_bytes(b"x")
        result = sftp(server, f"put {work}/file /f", "-vvv", LogLevel="DEBUG3")
        assert "limits@openssh.com" in result.stderr
        extensions = re.findall(r'Server supports extension "([^"]+)"', result.stderr)
        for name in ("posix-rename@openssh.com", "statvfs@openssh.com", "hardlink@openssh.com", "fsync@openssh.com",
                     "lsetstat@openssh.com", "limits@openssh.com", "expand-path@openssh.com", "copy-data"):
            assert name in extensions

    def test_fsync(self, server, work):
        source = trees.write(work / "file", 100_000)
        sftp(server, f"put -f {source} /file")
        assert trees.digest(server.root / "file") == trees.digest(source)

    def test_errors_have_their_reason(self, server, work):
        (server.root / "directory").mkdir()
        (server.root / "directory/file").write_text("x")
        cases = {"get /missing": "No such file|not found", "cd /missing": "No such file", "rmdir /directory": "Failure|not empty",
                 "mkdir /directory": "Failure|exists", f"put {work} /x": "", "rm /missing": "No such file|not found",
                 "chmod 600 /missing": "No such file", "ls /missing": "not found|No such file"}
        for command, reason in cases.items():
            result = sftp(server, command, check=False)
            assert result.returncode != 0, command
            assert re.search(reason, result.stdout + result.stderr, re.I), f"{command}: {result.stderr}"

    def test_no_way_out(self, server, work):
        (server.root / "up").symlink_to("../../../../../../etc")
        (server.root / "absolute").symlink_to("/etc/passwd")
        result = sftp(server, f"-get /../../../../etc/passwd {work}/one\n-get /up/passwd {work}/two\n-get /absolute {work}/three\n"
                              f"-get /../../../../../..{work}/../server0/log {work}/four\npwd\ncd ..\ncd ../..\npwd")
        assert not [path for path in ("one", "two", "three", "four") if (work / path).exists() and (work / path).stat().st_size]
        assert result.stdout.count("Remote working directory: /\n") == 2

    def test_many_small_files(self, server, work):
        source = trees.make_many(work / "many", 1000)
        sftp(server, f"put -r {source} /many\nget -r /many {work}/back")
        trees.assert_same(source, work / "back")

    @pytest.mark.release
    def test_ten_thousand_small_files(self, server, work):
        source = trees.make_many(work / "many", 10_000)
        sftp(server, f"put -r {source} /many\nget -r /many {work}/back")
        trees.assert_same(source, work / "back")

    @pytest.mark.long
    @pytest.mark.release
    @pytest.mark.timeout(900)
    def test_all_of_five_gigabytes(self, server, work):
        size = (5 << 30) + 7
        with open(work / "source", "wb") as out:
            out.write(trees.random_bytes(1 << 20))
            out.truncate(size)
            out.seek(size - 4)
            out.write(b"tail")
        sftp(server, f"put {work}/source /file\nget /file {work}/back", timeout=800)
        assert trees.digest(work / "source") == trees.digest(work / "back")

    def test_expand_path(self, server, work):
        (server.root / "file").write_text("home")
        scp(server, remote(server, "~/file"), work / "back")
        assert (work / "back").read_text() == "home"


class TestScp:
    def test_tree_there_and_back(self, server, work):
        source = trees.make_tree(work / "source", links=False, awkward=False)
        scp(server, "-r", "-p", source, remote(server, "/there"))
        scp(server, "-r", "-p", remote(server, "/there"), work / "back")
        trees.assert_same(source, server.root / "there", want=("mode", "mtime"))
        trees.assert_same(source, work / "back", want=("mode", "mtime"))

    def test_several_sources_and_a_pattern(self, server, work):
        for name in ("one.txt", "two.txt", "three.dat"):
            (work / name).write_text(name)
        (server.root / "in").mkdir()
        scp(server, work / "one.txt", work / "two.txt", work / "three.dat", remote(server, "/in/"))
        (work / "back").mkdir()
        scp(server, remote(server, "/in/*.txt"), work / "back")
        assert sorted(path.name for path in (work / "back").iterdir()) == ["one.txt", "two.txt"]

    def test_relative_to_home(self, server, work):
        (work / "file").write_text("x")
        scp(server, work / "file", remote(server, ""))
        assert (server.root / "file").read_text() == "x"

    def test_missing_source(self, server, work):
        result = scp(server, remote(server, "/missing"), work / "x", check=False)
        assert result.returncode != 0 and "No such file" in result.stderr


class TestSsh:
    def test_command_and_shell_are_refused(self, server):
        for command in (["echo", "hello"], []):
            result = ssh(server, *command, check=False, timeout=30)
            assert result.returncode != 0
            assert "hello" not in result.stdout
        sftp(server, "ls /")  # and the server goes on

    def test_unknown_subsystem_is_refused(self, server):
        result = ssh(server, "-s", "netconf", check=False, timeout=30)
        assert result.returncode != 0 and "subsystem request failed" in result.stderr

    def test_forwarding_is_refused(self, server):
        result = openssh.run(["ssh", "-F", "none", "-p", server.port, *openssh.options(server), "-W", "127.0.0.1:1",
                              f"{server.user}@127.0.0.1"], check=False, timeout=30)
        assert result.returncode != 0
        assert "stdio forwarding failed" in result.stderr

    def test_many_sessions_over_one_connection(self, server, work):
        control = work / "control"
        options = openssh.options(server, ControlPath=control)
        master = subprocess.Popen(["ssh", "-F", "none", "-p", str(server.port), *map(str, options), "-M", "-N",
                                   f"{server.user}@127.0.0.1"], stdin=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 20
            while not control.exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            source = trees.write(work / "file", 300_000)
            failures = []

            def one(number):
                try:
                    sftp(server, f"put {source} /f{number}\nget /f{number} {work}/back{number}", ControlPath=control)
                except AssertionError as error:
                    failures.append(str(error))

            threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert not failures, failures[0]
            for number in range(8):
                assert trees.digest(work / f"back{number}") == trees.digest(source)
            # One after the other: channels are given back.
            for number in range(20):
                sftp(server, "pwd", ControlPath=control)
        finally:
            openssh.run(["ssh", "-F", "none", "-O", "exit", "-o", f"ControlPath={control}", "x"], check=False)
            master.wait(20)


class TestLogin:
    def password(self, server, password, *arguments):
        command = ["sshpass", "-p", password, "sftp", "-F", "none", "-P", server.port,
                   *openssh.options(server, BatchMode="no", PubkeyAuthentication="no", NumberOfPasswordPrompts="1"),
                   *arguments, f"{server.user}@127.0.0.1"]
        return openssh.run(command, text_in="pwd\n", check=False, timeout=60)

    def test_password(self, server):
        assert self.password(server, server.password).returncode == 0

    def test_wrong_password(self, server):
        # sshpass hangs up when it is asked a second time, as it would be by the other method.
        result = self.password(server, "wrong", "-o", "PreferredAuthentications=password")
        assert result.returncode != 0
        assert "ermission denied" in result.stderr

    @pytest.mark.parametrize("kind", ["ed25519", "ecdsa256", "ecdsa384", "ecdsa521", "rsa"])
    def test_key_types(self, shared_server, kind):
        sftp(shared_server, "pwd", key=kind)

    @pytest.mark.parametrize("algorithm", ["rsa-sha2-256", "rsa-sha2-512"])
    def test_rsa_signatures(self, shared_server, algorithm):
        sftp(shared_server, "pwd", key="rsa", PubkeyAcceptedAlgorithms=algorithm)

    def test_sha1_signature_is_refused(self, server):
        result = sftp(server, "pwd", key="rsa", PubkeyAcceptedAlgorithms="ssh-rsa", check=False)
        assert result.returncode != 0

    def test_a_stranger_key_is_refused(self, server):
        result = sftp(server, "pwd", role="stranger", PreferredAuthentications="publickey", check=False)
        assert result.returncode != 0 and "ermission denied" in result.stderr

    @pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
    def test_unknown_user_looks_like_a_wrong_password(self, server, method):
        command = ["sshpass", "-p", "x", "sftp", "-F", "none", "-P", server.port,
                   *openssh.options(server, BatchMode="no", PreferredAuthentications=method, NumberOfPasswordPrompts="1"),
                   "nobody-here@127.0.0.1"]
        unknown = openssh.run(command, check=False, timeout=60)
        known = self.password(server, "wrong", "-o", f"PreferredAuthentications={method}")
        assert unknown.returncode == known.returncode

        def said(result):
            """What ssh said; sftp's own "Connection closed" comes once or twice, as its child happens to end."""
            return [line.replace("nobody-here", server.user) for line in result.stderr.splitlines()
                    if line and "Connection closed" not in line]

        assert said(unknown) == said(known) != []


def uses(server, work, *arguments, **more):
    """A transfer both ways with the options given; large enough for many packets."""
    source = trees.write(work / "file", 1_500_000)
    name = f"f-{work.parent.name}"
    sftp(server, f"put {source} /{name}\nget /{name} {work}/back\nrm /{name}", *arguments, **more)
    assert trees.digest(source) == trees.digest(work / "back")


class TestAlgorithms:
    @pytest.mark.parametrize("cipher", CIPHERS)
    def test_cipher(self, shared_server, work, cipher):
        uses(shared_server, work, "-c", cipher)

    @pytest.mark.parametrize("mac", MACS)
    def test_mac(self, shared_server, work, mac):
        uses(shared_server, work, "-c", "aes128-ctr", MACs=mac)

    @pytest.mark.parametrize("kex", KEX)
    def test_kex(self, shared_server, work, kex):
        uses(shared_server, work, KexAlgorithms=kex)

    @pytest.mark.parametrize("algorithm", HOST_KEY_ALGORITHMS)
    def test_host_key(self, shared_server, work, algorithm):
        uses(shared_server, work, HostKeyAlgorithms=algorithm)

    @pytest.mark.parametrize("compression", ["yes", "no"])
    def test_compression(self, shared_server, work, compression):
        uses(shared_server, work, Compression=compression)

    @pytest.mark.parametrize("mac", OLD_MACS)
    def test_old_mac_when_named(self, start, work, mac):
        uses(start(settings={"ssh.macs": f"+{mac}"}), work, "-c", "aes128-ctr", MACs=mac)

    @pytest.mark.parametrize("kex", OLD_KEX)
    def test_old_kex_when_named(self, start, work, kex):
        uses(start(settings={"ssh.kex": f"+{kex}"}), work, KexAlgorithms=kex)

    @pytest.mark.parametrize("option,value", [("MACs", "hmac-sha1"), ("KexAlgorithms", "diffie-hellman-group14-sha1"),
                                              ("KexAlgorithms", "diffie-hellman-group1-sha1"), ("HostKeyAlgorithms", "ssh-rsa"),
                                              ("Ciphers", "aes128-cbc"), ("Ciphers", "3des-cbc")])
    def test_old_ones_are_off(self, shared_server, option, value):
        more = {"Ciphers": "aes128-ctr"} if option == "MACs" else {}
        result = sftp(shared_server, "pwd", check=False, LogLevel="INFO", **{**more, option: value})
        assert result.returncode != 0 and "no matching" in result.stderr

    def test_strict_key_exchange(self, shared_server):
        result = sftp(shared_server, "pwd", "-vvv", LogLevel="DEBUG3")
        assert "kex-strict-s-v00@openssh.com" in result.stderr
        assert "server-sig-algs" in result.stderr

    @pytest.mark.long
    @pytest.mark.parametrize("kex", KEX)
    @pytest.mark.parametrize("cipher", CIPHERS)
    @pytest.mark.parametrize("algorithm", HOST_KEY_ALGORITHMS)
    def test_every_combination(self, shared_server, work, kex, cipher, algorithm):
        uses(shared_server, work, "-c", cipher, KexAlgorithms=kex, HostKeyAlgorithms=algorithm)


def test_the_program_exists():
    assert PROGRAM.exists(), f"{PROGRAM} is missing: build it, or point SALLY_BUILD at a build"
