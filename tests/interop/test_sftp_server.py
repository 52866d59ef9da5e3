"""The subsystem program: under a real sshd, under `sftp -D`, and alone with its pipes."""

import os
import stat
import struct
import subprocess

import pytest

import openssh
import raw_sftp
import test_versions
import trees
from openssh import quoted, run, sftp
from process import SFTP_SERVER, SSHD, Sshd, assert_no_report, sanitizer_env

OP_UNSUPPORTED = 8


@pytest.fixture
def sshd(tmp_path, keys):
    if not (SSHD / "usr/sbin/sshd").exists():
        pytest.fail("there is no sshd in .deps: run make deps")
    running = Sshd(tmp_path, keys, SFTP_SERVER)
    yield running
    running.finish()


@pytest.fixture
def alone():
    """The program with pipes, as a stream of packets."""
    process = subprocess.Popen([str(SFTP_SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=sanitizer_env())
    yield raw_sftp.Stream(raw_sftp.Pipe(process))
    process.stdin.close()
    code = process.wait(20)
    errors = process.stderr.read().decode(errors="replace")
    assert_no_report(errors)
    assert code == 0, errors


@pytest.mark.parametrize("version", [5, 6])
def test_no_reservation_is_granted_that_other_processes_would_not_see(alone, work, version):
    """Nor announced: neither blocking flags of OPEN nor vectors of them."""
    (work / "file").write_bytes(b"0123456789")
    session = test_versions.Session(alone.channel, version)
    bits, flags = struct.unpack_from(">4xII", session.pairs["supported" if version == 5 else "supported2"])
    assert flags & 0x3c0 == 0
    if version == 6:
        assert struct.unpack_from(">HH", session.pairs["supported2"], 20) == (1, 1)
    path = str(work / "file")
    for blocks in (0x40, 0x80, 0x100, 0x1c0) + ((0x240, 0x280) if version == 6 else ()):
        assert session.open(path, flags=test_versions.OPEN_EXISTING | blocks) == OP_UNSUPPORTED, hex(blocks)
    handle = session.open(path)
    if version == 6:
        assert session.code(22, raw_sftp.text(handle) + struct.pack(">QQI", 0, 1, 0x80)) == OP_UNSUPPORTED
    assert session.close(handle) == 0


class TestUnderSshd:
    def test_tree_there_and_back(self, sshd, work):
        source = trees.make_tree(work / "source", links=False, awkward=False)
        sftp(sshd, f"put -pr {source} {sshd.root}/there\nget -pr {sshd.root}/there {work}/back")
        trees.assert_same(source, sshd.root / "there", want=("mode", "mtime"))
        trees.assert_same(source, work / "back", want=("mode", "mtime"))

    def test_operations(self, sshd):
        top = quoted(sshd.root)
        (sshd.root / "file").write_text("one")
        sftp(sshd, f"cd {top}\nmkdir d\nrename file d/renamed\nsymlink renamed d/link\nln d/renamed d/hard\nchmod 600 d/renamed\ndf -h .\n"
                   "copy d/renamed d/copied\nls -la d\nrm d/hard\nmkdir d/e\nrmdir d/e")
        assert stat.S_IMODE((sshd.root / "d/renamed").stat().st_mode) == 0o600
        assert os.readlink(sshd.root / "d/link") == "renamed"
        assert (sshd.root / "d/copied").read_text() == "one"

    def test_scp_both_ways(self, sshd, work):
        source = trees.make_many(work / "source", 60)
        openssh.scp(sshd, "-r", source, openssh.remote(sshd, f"{sshd.root}/there"))
        openssh.scp(sshd, "-r", openssh.remote(sshd, f"{sshd.root}/there"), work / "back")
        trees.assert_same(source, work / "back")

    def test_large(self, sshd, work):
        source = trees.write(work / "source", 50_000_000)
        sftp(sshd, f"put {source} {sshd.root}/file\nget {sshd.root}/file {work}/back")
        assert trees.digest(source) == trees.digest(work / "back")

    def test_relative_to_the_directory_it_starts_in(self, sshd, work):
        (work / "file").write_text("x")
        result = sftp(sshd, "pwd")
        home = result.stdout.split(": ", 1)[1].splitlines()[0]
        assert os.path.isdir(home)


def direct(batch, directory, check=True, arguments=""):
    command = ["sftp", "-b", "-", "-D", f"{SFTP_SERVER}{arguments}"]
    return subprocess.run(command, input=batch.encode(), capture_output=True, cwd=directory, env=sanitizer_env(), check=check,
                          timeout=240)


class TestDirect:
    def test_tree(self, work):
        source = trees.make_tree(work / "source", links=False, awkward=False)
        (work / "server").mkdir()
        direct(f"put -pr {source} {work}/server/there\nget -pr {work}/server/there {work}/back\n", work)
        trees.assert_same(source, work / "server/there", want=("mode", "mtime"))
        trees.assert_same(source, work / "back", want=("mode", "mtime"))

    def test_starts_in_the_current_directory(self, work):
        (work / "here").write_text("x")
        result = direct("pwd\nls\n", work)
        assert str(work).encode() in result.stdout and b"here" in result.stdout


class TestAlone:
    def test_version_and_extensions(self, alone):
        alone.send(raw_sftp.init(3))
        kind, version, body = alone.receive()
        assert (kind, version) == (raw_sftp.VERSION, 3)
        assert b"posix-rename@openssh.com" in body and b"limits@openssh.com" in body

    def test_processes_are_no_files(self, alone, work):
        """Its own memory neither, though paths are not confined."""
        alone.start()
        (work / "link").symlink_to("/proc/self/maps")
        for number, path in enumerate(["/proc/self/mem", "/proc/self/maps", "/proc/self/exe", "/proc/version", f"{work}/link"], 10):
            for flags in (raw_sftp.READ_FLAG, raw_sftp.READ_FLAG | raw_sftp.WRITE_FLAG):
                alone.send(raw_sftp.open_file(number, path, flags))
                kind, answered, _ = alone.receive()
                assert (kind, answered) == (raw_sftp.STATUS, number)
        alone.send(raw_sftp.packet(raw_sftp.OPENDIR, 1, raw_sftp.text("/proc/self")))
        assert alone.receive()[0] == raw_sftp.STATUS

    def test_every_request_is_answered_once(self, alone, work):
        (work / "file").write_bytes(b"x" * 100_000)
        alone.start()
        handle = alone.handle(raw_sftp.open_file(7, str(work / "file")), 7)
        count = 2000
        alone.send(b"".join(raw_sftp.read(number, handle, (number * 1000) % 200_000, 1000) for number in range(count)))
        seen = set()
        for _ in range(count):
            kind, number, _ = alone.receive()
            assert kind in (raw_sftp.DATA, raw_sftp.STATUS) and number not in seen
            seen.add(number)
        assert seen == set(range(count))

    def test_end_of_input_in_the_middle_of_a_request(self, alone):
        alone.start()
        alone.send(raw_sftp.packet(raw_sftp.STAT, 1, raw_sftp.text("/"))[:-1])

    @pytest.mark.parametrize("data", [b"\0\0\0\0", b"\xff\xff\xff\xff\x01", b"\0\0\0\1\x01", b"GET / HTTP/1.0\r\n\r\n"])
    def test_nonsense_ends_it(self, data):
        process = subprocess.run([str(SFTP_SERVER)], input=data, capture_output=True, timeout=20, env=sanitizer_env(), check=False)
        assert_no_report(process.stderr.decode(errors="replace"))
        assert process.returncode >= 0

    def test_output_that_nobody_reads(self, work):
        """A client that hangs up silently."""
        (work / "file").write_bytes(b"x" * 300_000)
        process = subprocess.Popen([str(SFTP_SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=sanitizer_env())
        stream = raw_sftp.Stream(raw_sftp.Pipe(process))
        stream.start()
        handle = stream.handle(raw_sftp.open_file(1, str(work / "file")), 1)
        stream.send(b"".join(raw_sftp.read(number, handle, 0, 200_000) for number in range(20)))
        process.stdout.close()
        process.stdin.close()
        process.wait(20)
        assert_no_report(process.stderr.read().decode(errors="replace"))
        assert process.returncode >= 0

    def test_read_only(self, work):
        (work / "file").write_text("x")
        result = direct(f"get {work}/file {work}/copy\n-put {work}/copy {work}/new\n-rm {work}/file\n", work, check=False,
                        arguments=" -R")
        assert (work / "copy").read_text() == "x", result.stderr
        assert (work / "file").exists() and not (work / "new").exists()


def test_it_explains_itself():
    result = run([SFTP_SERVER, "-h"], check=False)
    assert "sage" in result.stdout + result.stderr
