"""What clients of all kinds rely on, beyond what the drafts say: by hand, so that each is tried alone."""

import os
import stat
import struct
import subprocess

import pytest

import openssh
import pythonic
import raw_sftp
import trees
from process import SFTP_SERVER, SSHD, sanitizer_env
from raw_sftp import text
from test_versions import Session, attrs_of, get_text

(SETSTAT, FSETSTAT, REMOVE, MKDIR, RMDIR, RENAME, READLINK, SYMLINK, FSTAT) = (9, 10, 13, 14, 15, 18, 19, 20, 8)


@pytest.fixture
def connect(start):
    """Sessions of any version with servers of any settings."""
    clients = []

    def begin(version=3, server=None, **settings):
        transport = pythonic.paramiko_transport(server or start(settings={k.replace("_", ".", 1): v for k, v in settings.items()}))
        clients.append(transport)
        channel = transport.open_session()
        channel.invoke_subsystem("sftp")
        channel.settimeout(20)
        return Session(channel, version)

    yield begin
    for client in clients:
        client.close()


class TestWrite:
    """JSch makes its WRITEs as large as the channel's packets may be, less what it knows of heads."""

    @pytest.mark.parametrize("packet", ["257K", "34K", "1M"])
    def test_fills_the_channels_packet(self, connect, packet):
        session = connect(sftp_max_packet=packet, sftp_max_write="32K")
        most = session.stream.channel.out_max_packet_size
        handle = session.open("/file", access=3, flags=1)
        size = most - (5 + 13 + 21 + len(handle) + 128)
        assert session.write(handle, 0, bytes(size)) == raw_sftp.OK
        assert session.write(handle, 0, bytes(most)) == raw_sftp.OK
        assert session.stat("/file")["size"] == most

    def test_fills_the_largest_request(self, connect):
        session = connect(sftp_max_packet="300K")
        handle = session.open("/file", access=3, flags=1)
        most = 300 * 1024 - len(raw_sftp.packet(0, 0, text(handle) + bytes(12))) + 4
        assert session.write(handle, 0, bytes(most)) == raw_sftp.OK
        with pytest.raises((EOFError, OSError)):
            session.write(handle, 0, bytes(most + 1))

    def test_limits(self, connect):
        session = connect(sftp_max_packet="40K")
        packet, _, write, _ = struct.unpack(">4Q", session.extended("limits@openssh.com"))
        assert packet == 40 * 1024 and write == 39 * 1024


def u32(*numbers):
    return struct.pack(f">{len(numbers)}I", *numbers)


NO_ATTRS, SIZE_0, SIZE_MODE = u32(0), u32(1) + bytes(8), u32(5) + bytes(8) + u32(0o640)
READ_ONLY, CREATE_NEW, EXISTING = u32(1, 0), u32(2 | 8 | 0x20, 0), u32(2, 0)
LONG, LOST = b"n" * 300, text(b"12345678")
# Requests, most of which fail, on: file, directory full/ with something in it, empty/, loop (a link to itself), dangling,
# to-full, to-file.
FAILURES = {
    "stat of nothing": (raw_sftp.STAT, text("none")),
    "stat below a file": (raw_sftp.STAT, text("file/x")),
    "lstat below a file": (raw_sftp.LSTAT, text("file/x")),
    "stat of a loop": (raw_sftp.STAT, text("loop")),
    "stat below a loop": (raw_sftp.STAT, text("loop/x")),
    "stat of a dangling link": (raw_sftp.STAT, text("dangling")),
    "stat of a long name": (raw_sftp.STAT, text(LONG)),
    "open of nothing": (raw_sftp.OPEN, text("none") + READ_ONLY),
    "open below a file": (raw_sftp.OPEN, text("file/x") + READ_ONLY),
    "open of a loop": (raw_sftp.OPEN, text("loop") + READ_ONLY),
    "open of a long name": (raw_sftp.OPEN, text(LONG) + CREATE_NEW),
    "open anew of a file": (raw_sftp.OPEN, text("file") + CREATE_NEW),
    "open below nothing": (raw_sftp.OPEN, text("none/x") + CREATE_NEW),
    "open of a directory to write": (raw_sftp.OPEN, text("full") + EXISTING),
    "opendir of nothing": (raw_sftp.OPENDIR, text("none")),
    "opendir of a file": (raw_sftp.OPENDIR, text("file")),
    "opendir of a loop": (raw_sftp.OPENDIR, text("loop")),
    "mkdir of a directory": (MKDIR, text("full") + NO_ATTRS),
    "mkdir below a file": (MKDIR, text("file/x") + NO_ATTRS),
    "mkdir below nothing": (MKDIR, text("none/x") + NO_ATTRS),
    "mkdir of a long name": (MKDIR, text(LONG) + NO_ATTRS),
    "rmdir of nothing": (RMDIR, text("none")),
    "rmdir of a file": (RMDIR, text("file")),
    "rmdir of a full one": (RMDIR, text("full")),
    "rmdir of a link": (RMDIR, text("to-full")),
    "remove of nothing": (REMOVE, text("none")),
    "remove below a file": (REMOVE, text("file/x")),
    "remove of a directory": (REMOVE, text("full")),
    "rename of nothing": (RENAME, text("none") + text("x")),
    "rename over a file": (RENAME, text("file") + text("full/file")),
    "rename to below a file": (RENAME, text("file") + text("full/file/x")),
    "rename to below nothing": (RENAME, text("file") + text("none/x")),
    "rename into itself": (RENAME, text("full") + text("full/sub")),
    "readlink of nothing": (READLINK, text("none")),
    "readlink of a file": (READLINK, text("file")),
    "readlink below a file": (READLINK, text("file/x")),
    "symlink over a file": (SYMLINK, text("target") + text("file")),
    "symlink of nothing": (SYMLINK, text("") + text("new")),
    "symlink below a file": (SYMLINK, text("target") + text("file/x")),
    "realpath below a file": (raw_sftp.REALPATH, text("file/x")),
    "realpath below nothing": (raw_sftp.REALPATH, text("none/x")),
    "realpath of a loop": (raw_sftp.REALPATH, text("loop")),
    "setstat of nothing": (SETSTAT, text("none") + SIZE_MODE),
    "setstat below a file": (SETSTAT, text("file/x") + SIZE_MODE),
    "setstat of a directory's size": (SETSTAT, text("full") + SIZE_0),
    "read by a lost handle": (raw_sftp.READ, LOST + bytes(8) + u32(1)),
    "write by a lost handle": (raw_sftp.WRITE, LOST + bytes(8) + text("x")),
    "close of a lost handle": (raw_sftp.CLOSE, LOST),
    "fstat by a lost handle": (FSTAT, LOST),
    "fsetstat by a lost handle": (FSETSTAT, LOST + SIZE_0),
    "readdir by a lost handle": (raw_sftp.READDIR, LOST),
    "posix-rename of nothing": (raw_sftp.EXTENDED, text("posix-rename@openssh.com") + text("none") + text("x")),
    "posix-rename over a directory": (raw_sftp.EXTENDED, text("posix-rename@openssh.com") + text("file") + text("empty")),
    "posix-rename of one over a file": (raw_sftp.EXTENDED, text("posix-rename@openssh.com") + text("empty") + text("file")),
    "posix-rename into itself": (raw_sftp.EXTENDED, text("posix-rename@openssh.com") + text("full") + text("full/sub")),
    "hardlink of nothing": (raw_sftp.EXTENDED, text("hardlink@openssh.com") + text("none") + text("x")),
    "hardlink over a file": (raw_sftp.EXTENDED, text("hardlink@openssh.com") + text("file") + text("full/file")),
    "statvfs of nothing": (raw_sftp.EXTENDED, text("statvfs@openssh.com") + text("none")),
    "statvfs below a file": (raw_sftp.EXTENDED, text("statvfs@openssh.com") + text("file/x")),
    "lsetstat of nothing": (raw_sftp.EXTENDED, text("lsetstat@openssh.com") + text("none") + u32(4, 0o600)),
    "fsync by a lost handle": (raw_sftp.EXTENDED, text("fsync@openssh.com") + LOST),
    "fstatvfs by a lost handle": (raw_sftp.EXTENDED, text("fstatvfs@openssh.com") + LOST),
    "copy-data by lost handles": (raw_sftp.EXTENDED, text("copy-data") + LOST + bytes(16) + LOST + bytes(8)),
    "stat of a file as a directory": (raw_sftp.STAT, text("file/")),
    "stat of a file as a directory's self": (raw_sftp.STAT, text("file/.")),
    "lstat of a file as a directory": (raw_sftp.LSTAT, text("file/")),
    "lstat of a directory as one": (raw_sftp.LSTAT, text("full//")),
    "lstat of a link to a file as a directory": (raw_sftp.LSTAT, text("to-file/")),
    "lstat of a dangling link as a directory": (raw_sftp.LSTAT, text("dangling/")),
    "stat of nothing as a directory": (raw_sftp.STAT, text("none/")),
    "open of a file as a directory": (raw_sftp.OPEN, text("file/") + READ_ONLY),
    "open of a file as a directory to write": (raw_sftp.OPEN, text("file/") + EXISTING),
    "open of a directory as one to write": (raw_sftp.OPEN, text("full/") + EXISTING),
    "open anew of a directory": (raw_sftp.OPEN, text("new/") + CREATE_NEW),
    "opendir of a file as a directory": (raw_sftp.OPENDIR, text("file/")),
    "opendir of a link as a directory": (raw_sftp.OPENDIR, text("to-full/")),
    "mkdir with a slash": (MKDIR, text("made/") + NO_ATTRS),
    "mkdir of a directory with a slash": (MKDIR, text("full/") + NO_ATTRS),
    "mkdir of a file with a slash": (MKDIR, text("file/") + NO_ATTRS),
    "mkdir of a dangling link with a slash": (MKDIR, text("dangling/") + NO_ATTRS),
    "rmdir with a slash": (RMDIR, text("made/")),
    "rmdir of a file with a slash": (RMDIR, text("file/")),
    "rmdir of a link with a slash": (RMDIR, text("to-full/")),
    "remove of a file as a directory": (REMOVE, text("file/")),
    "remove of a directory as one": (REMOVE, text("full/")),
    "remove of a link as a directory": (REMOVE, text("to-full/")),
    "rename of a file as a directory": (RENAME, text("file/") + text("new")),
    "rename of a file to a directory": (RENAME, text("file") + text("new/")),
    "rename of a file over a directory": (RENAME, text("file") + text("empty/")),
    "rename of a directory as one": (RENAME, text("empty/") + text("moved/")),
    "rename back": (RENAME, text("moved") + text("empty/")),
    "readlink of a file as a directory": (READLINK, text("to-file/")),
    "readlink of a directory": (READLINK, text("to-full/")),
    "symlink as a directory": (SYMLINK, text("target") + text("new/")),
    "symlink over a directory": (SYMLINK, text("target") + text("full/")),
    "setstat of a file as a directory": (SETSTAT, text("file/") + u32(4, 0o640)),
    "setstat of a directory as one": (SETSTAT, text("full/") + u32(4, 0o755)),
    "lsetstat of a link to a file as a directory": (raw_sftp.EXTENDED, text("lsetstat@openssh.com") + text("to-file/") + u32(4, 0o640)),
    "posix-rename of a file as a directory": (raw_sftp.EXTENDED, text("posix-rename@openssh.com") + text("file/") + text("new")),
    "posix-rename of a file to a directory": (raw_sftp.EXTENDED, text("posix-rename@openssh.com") + text("file") + text("new/")),
    "posix-rename of a directory as one": (raw_sftp.EXTENDED, text("posix-rename@openssh.com") + text("empty/") + text("moved/")),
    "posix-rename back": (raw_sftp.EXTENDED, text("posix-rename@openssh.com") + text("moved/") + text("empty")),
    "hardlink of a file as a directory": (raw_sftp.EXTENDED, text("hardlink@openssh.com") + text("file/") + text("new")),
    "hardlink of a file to a directory": (raw_sftp.EXTENDED, text("hardlink@openssh.com") + text("file") + text("new/")),
    "statvfs of a file as a directory": (raw_sftp.EXTENDED, text("statvfs@openssh.com") + text("file/")),
    "realpath of a file as a directory": (raw_sftp.REALPATH, text("file/")),
    "an unknown extension": (raw_sftp.EXTENDED, text("none@example.com")),
}


# Where our answer is not OpenSSH's: it makes a hard link of the new name, which finds a directory in its place.
OURS = {"rename of a file over a directory": 2}


def make_subjects(directory):
    for name in ("full", "full/sub", "empty"):
        (directory / name).mkdir(parents=True)
    for name in ("file", "full/file"):
        (directory / name).write_bytes(b"12345")
    for name, target in (("loop", "loop"), ("dangling", "none"), ("to-full", "full"), ("to-file", "file")):
        os.symlink(target, directory / name)


def codes_of(program, directory, requests):
    """What a program with pipes answers to each request: a status, or 0 for a reply of another kind."""
    make_subjects(directory)
    process = subprocess.Popen([str(program)], cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               env={**sanitizer_env(), "HOME": str(directory)})
    session = Session(raw_sftp.Pipe(process), 3)
    codes = {}
    for name, (kind, body) in requests.items():
        kind, body = session.ask(kind, body)
        codes[name] = struct.unpack_from(">I", body)[0] if kind == raw_sftp.STATUS else 0
    process.stdin.close()
    assert process.wait(20) == 0
    process.stdout.close()
    return codes


class TestStatusOfVersion3:
    def test_is_what_openssh_says(self, tmp_path):
        """Each failure, side by side with OpenSSH's own server."""
        for name in ("theirs", "ours"):
            (tmp_path / name).mkdir()
        theirs = codes_of(SSHD / "usr/lib/openssh/sftp-server", tmp_path / "theirs", FAILURES)
        ours = codes_of(SFTP_SERVER, tmp_path / "ours", FAILURES)
        assert ours == {**theirs, **OURS}


class TestSlashAtTheEnd:
    """It means a directory; what fails stands in FAILURES."""

    @pytest.mark.parametrize("version", [3, 4, 5, 6])
    def test_follows_links(self, connect, server, version):
        make_subjects(server.root)
        (server.root / "full").chmod(0o751)
        session = connect(version, server)
        for path in ("/to-full/", "/to-full/.", "/to-full//"):
            for kind in (raw_sftp.STAT, raw_sftp.LSTAT):
                assert session.stat(path, 4, kind)["permissions"] & 0o7777 == 0o751
        lost = 19 if version == 6 else 2
        for path in ("/file/", "/to-file/", "/file/."):
            assert session.stat(path, 4, raw_sftp.STAT) == session.stat(path, 4, raw_sftp.LSTAT) == lost
            assert session.open(path) == lost
            assert session.code(REMOVE, text(path)) == lost
        assert (server.root / "file").exists() and (server.root / "to-file").is_symlink()
        mode = u32(4) + (b"" if version == 3 else b"\2") + u32(0o700)
        assert session.extended("lsetstat@openssh.com", text("/to-full/") + mode) == raw_sftp.OK
        assert stat.S_IMODE((server.root / "full").stat().st_mode) == 0o700


class TestUnknownWishes:
    @pytest.mark.parametrize("version", [4, 5, 6])
    def test_are_answered_with_the_usual(self, connect, server, version):
        (server.root / "file").write_bytes(b"12345")
        session = connect(version, server)
        for kind in (raw_sftp.STAT, raw_sftp.LSTAT):
            found = session.stat("/file", 0xffffffff, kind)
            assert set(found) == {"flags", "type", "size", "owners", "permissions", "accessed", "modified"}
            assert found["modified"] == (server.root / "file").stat().st_mtime_ns
        handle = session.open("/file")
        kind, body = session.ask(FSTAT, text(handle) + u32(0xffffffff))
        assert kind == raw_sftp.ATTRS and attrs_of(version, body)[0] == found


@pytest.mark.parametrize("version", [5, 6])
class TestAccess:
    def test_no_draft_defines_it(self, connect, server, version):
        (server.root / "file").write_bytes(b"12345")
        session = connect(version, server)
        invalid = 23 if version > 5 else 5
        for access, flags in ((0x201, 2), (0x200000, 2), (0xffffffff, 2), (1, 5), (1, 7), (1, 0x10002), (1, 0x80000002)):
            assert session.open("/file", access, flags) == invalid
        assert session.open("/file", 1, 0x8002) == 8  # OVERRIDE_OWNER: defined, and not here
        assert isinstance(session.open("/file", 0x1f01ff, 2), bytes)

    def test_it_cannot_be_granted(self, connect, start, version):
        server = start(arguments=["--read-only"])
        (server.root / "file").write_bytes(b"12345")
        session = connect(version, server)
        for access in (2, 4, 0x10, 0x100, 0x10000, 0x40000, 0x80000, 0x1f01ff):
            assert session.open("/file", access, 2) == 3
            assert session.open("/file", access | 1, 2) == 3
        for access in (1, 8, 0x81, 0x20000):
            assert isinstance(session.open("/file", access, 2), bytes)


class TestSetstat:
    """What can be set is set, whatever fails beside it."""

    SIZE_MODE_TIMES = u32(1 | 4 | 8) + bytes(8) + u32(0o711, 1000, 2000)

    @pytest.mark.parametrize("by_handle", [False, True])
    def test_a_directory_has_no_size(self, connect, server, by_handle):
        (server.root / "dir").mkdir()
        session = connect(3, server)
        if by_handle:
            kind, body = session.ask(raw_sftp.OPENDIR, text("/dir"))
            assert session.code(FSETSTAT, body + self.SIZE_MODE_TIMES) == 4
        else:
            assert session.code(SETSTAT, text("/dir") + self.SIZE_MODE_TIMES) == 4
        found = (server.root / "dir").stat()
        assert (found.st_mode & 0o7777, found.st_atime, found.st_mtime) == (0o711, 1000, 2000)

    def test_a_file_that_is_only_read_is_not_cut(self, connect, server):
        (server.root / "file").write_bytes(b"12345")
        session = connect(3, server)
        assert session.code(FSETSTAT, text(session.open("/file")) + self.SIZE_MODE_TIMES) == 5  # EINVAL
        found = (server.root / "file").stat()
        assert (found.st_size, found.st_mode & 0o7777, found.st_mtime) == (5, 0o711, 2000)

    def test_a_link_has_no_mode(self, connect, server):
        (server.root / "file").write_bytes(b"12345")
        os.symlink("file", server.root / "link")
        session = connect(3, server)
        assert session.extended("lsetstat@openssh.com", text("/link") + u32(4 | 8, 0o600, 1000, 2000)) == raw_sftp.OK
        found = (server.root / "link").lstat()
        assert (found.st_atime, found.st_mtime) == (1000, 2000)
        assert (server.root / "file").stat().st_mtime != 2000


class TestDots:
    """"." and ".." stand in listings as in OpenSSH's, with the attributes of what they name."""

    def list(self, session, path):
        """Names, long names and attributes, in the order in which they come."""
        kind, body = session.ask(raw_sftp.OPENDIR, text(path))
        assert kind == raw_sftp.HANDLE
        handle, found = body[4:], []
        while True:
            kind, body = session.ask(raw_sftp.READDIR, text(handle))
            if kind == raw_sftp.STATUS:
                return found
            body = body[4:]
            while len(body) > 1:
                name, body = get_text(body)
                line = b""
                if session.version == 3:
                    line, body = get_text(body)
                attrs, body = attrs_of(session.version, body)
                found.append((name.decode(), line.decode(), attrs))

    @pytest.mark.parametrize("version", [3, 4, 5, 6])
    def test_say_what_they_are(self, connect, server, version):
        (server.root / "dir/sub").mkdir(parents=True)
        (server.root / "dir").chmod(0o751)
        (server.root / "dir/sub").chmod(0o2705)
        (server.root / "dir/sub/file").write_bytes(b"12345")
        session = connect(version, server)
        found = self.list(session, "/dir/sub")
        assert [name for name, _, _ in found] == [".", "..", "file"]
        assert [attrs["permissions"] & 0o7777 for _, _, attrs in found[:2]] == [0o2705, 0o751]
        if version == 3:
            assert found[0][1].startswith("drwx---r-x ") or found[0][1].startswith("drwx--Sr-x ")
            assert found[1][1].startswith("drwxr-x--x ") and found[1][1].split()[2:4] == found[2][1].split()[2:4]
        else:
            assert [attrs["type"] for _, _, attrs in found] == [2, 2, 1]
        top = self.list(session, "/")
        assert [name for name, _, _ in top] == [".", "..", "dir"] and top[0][2] == top[1][2]

    def test_are_those_of_openssh(self, tmp_path):
        """The same names and modes from its server and from ours."""
        answers = []
        for name, program in (("theirs", SSHD / "usr/lib/openssh/sftp-server"), ("ours", SFTP_SERVER)):
            (tmp_path / name).mkdir()
            make_subjects(tmp_path / name)
            process = subprocess.Popen([str(program)], cwd=tmp_path / name, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       env=sanitizer_env())
            session = Session(raw_sftp.Pipe(process), 3)
            answers.append({path: {name: attrs["permissions"] for name, _, attrs in self.list(session, path)}
                            for path in (".", "full", "empty", "to-full")})
            process.stdin.close()
            assert process.wait(20) == 0
            process.stdout.close()
        assert answers[0] == answers[1] and set(answers[0]["empty"]) == {".", ".."}

    def test_can_be_left_out(self, connect, start):
        server = start(settings={"sftp.list_dots": "no"})
        (server.root / "file").write_bytes(b"12345")
        assert [name for name, _, _ in self.list(connect(3, server), "/")] == ["file"]

    def test_no_walk_goes_in_circles(self, server, work):
        source = trees.make_tree(work / "source", awkward=False)
        openssh.sftp(server, f"put -r {source} /there\nget -r /there {work}/by-sftp")
        openssh.scp(server, "-r", openssh.remote(server, "/there"), work / "by-scp")
        for name in ("by-sftp", "by-scp"):
            trees.assert_same(server.root / "there", work / name)
        assert openssh.sftp(server, "ls -la /there").stdout.splitlines()[1].endswith("/.")


class TestUmask:
    """draft-13 section 7.6: permissions that are given in version 6 are what is set."""

    def make(self, session, root):
        """The modes of a directory and a file that were to be open to all, and of a file about which nothing was said."""
        kind = b"" if session.version == 3 else b"\2"
        assert session.code(MKDIR, text("/dir") + u32(4) + kind + u32(0o777)) == raw_sftp.OK
        how = u32(2 | 8) if session.version < 5 else u32(2, 0)
        kind = b"" if session.version == 3 else b"\1"
        assert session.ask(raw_sftp.OPEN, text("/file") + how + u32(4) + kind + u32(0o666))[0] == raw_sftp.HANDLE
        assert session.ask(raw_sftp.OPEN, text("/plain") + how + session.no_attrs())[0] == raw_sftp.HANDLE
        return [stat.S_IMODE((root / name).stat().st_mode) for name in ("dir", "file", "plain")]

    @pytest.mark.parametrize("version,last", [(3, None), (4, None), (5, None), (6, None), (6, 6), (3, 2)])
    def test_goes_by_the_version(self, connect, start, version, last):
        before = os.umask(0o027)
        try:
            server = start(settings={} if last is None else {"sftp.umask_version": last})
        finally:
            os.umask(before)
        exact = version > (last or 5)
        assert self.make(connect(version, server), server.root) == ([0o777, 0o666, 0o640] if exact else [0o750, 0o640, 0o640])

    def test_keeps_what_the_directory_hands_on(self, connect, server):
        (server.root / "above").mkdir()
        (server.root / "above").chmod(0o2755)
        session = connect(6, server)
        assert session.code(MKDIR, text("/above/dir") + u32(4) + b"\2" + u32(0o777)) == raw_sftp.OK
        assert stat.S_IMODE((server.root / "above/dir").stat().st_mode) == 0o2777

    def test_leaves_files_that_exist_alone(self, connect, server):
        (server.root / "file").write_bytes(b"12345")
        (server.root / "file").chmod(0o600)
        session = connect(6, server)
        body = text("/file") + u32(2, 3, 4) + b"\1" + u32(0o666)
        assert session.ask(raw_sftp.OPEN, body)[0] == raw_sftp.HANDLE
        assert stat.S_IMODE((server.root / "file").stat().st_mode) == 0o600
