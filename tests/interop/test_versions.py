"""SFTP 3 to 6 side by side: lftp, which speaks them all, and a client by hand."""

import hashlib
import os
import re
import stat
import struct

import pytest

import pythonic
import raw_sftp
import test_lftp
import trees
from raw_sftp import text

VERSIONS = (3, 4, 5, 6)
SIZE, PERMISSIONS, ACCESSED, CREATED, MODIFIED, OWNERS, NANOSECONDS = 1, 4, 8, 0x10, 0x20, 0x80, 0x100
BITS, ALLOCATION, LINKS, CHANGED = 0x200, 0x400, 0x2000, 0x8000
READ_DATA, WRITE_DATA = 1, 2
CREATE_NEW, CREATE_TRUNCATE, OPEN_EXISTING, OPEN_OR_CREATE, TRUNCATE_EXISTING = range(5)
APPEND, TEXT_MODE, NOFOLLOW, DELETE_ON_CLOSE = 8, 0x20, 0x400, 0x800


def lftp(server, version, *commands, **options):
    return test_lftp.lftp(server, f"set sftp:protocol-version {version}", "close -a", *commands, **options)


class TestLftp:
    @pytest.mark.parametrize("version", VERSIONS)
    def test_mirror_both_ways(self, server, work, version):
        source = trees.make_tree(work / "source", awkward=False)
        lftp(server, version, f"mirror -R --parallel=3 {source} /there", f"mirror --parallel=3 /there {work}/back")
        trees.assert_same(source, server.root / "there", want=("mtime",))
        trees.assert_same(source, work / "back", want=("mtime",))

    @pytest.mark.parametrize("version", VERSIONS)
    def test_continue(self, server, work, version):
        data = trees.random_bytes(3_000_000)
        (server.root / "down").write_bytes(data)
        (work / "down").write_bytes(data[:1_000_000])
        (work / "up").write_bytes(data)
        (server.root / "up").write_bytes(data[:1_000_000])
        lftp(server, version, f"get -c /down -o {work}/down", f"put -c {work}/up -o /up")
        assert (work / "down").read_bytes() == data and (server.root / "up").read_bytes() == data

    @pytest.mark.parametrize("version", VERSIONS)
    def test_commands(self, server, work, version):
        (work / "file").write_text("text\n")
        hard = "ln -s b/file a/hard" if version < 6 else "ln a/b/file a/hard"  # lftp has no hard links before
        result = lftp(server, version, f"put {work}/file", "mkdir -p a/b/c", "mv file a/b/file", "chmod 640 a/b/file",
                      "ln -s b a/link", hard, "cd a/b", "cat file", "cls -l", "du /", "rmdir c", "pwd")
        assert "text\n" in result.stdout
        assert stat.S_IMODE((server.root / "a/b/file").stat().st_mode) == 0o640
        assert os.readlink(server.root / "a/link") == "b"
        assert (server.root / "a/hard").samefile(server.root / "a/b/file")
        assert sorted(str(path.relative_to(server.root)) for path in server.root.rglob("*")) == [
            "a", "a/b", "a/b/file", "a/hard", "a/link"]


def attrs_of(version, body):
    """The attributes in front of some bytes, and what follows them."""
    found, at = {}, 4
    flags = found["flags"] = struct.unpack_from(">I", body)[0]

    def take(form):
        nonlocal at
        value = struct.unpack_from(form, body, at)[0]
        at += struct.calcsize(form)
        return value

    def take_text():
        nonlocal at
        size = take(">I")
        at += size
        return body[at - size:at]

    def take_time():
        return take(">q") * 10**9 + (take(">I") if flags & NANOSECONDS else 0)

    if version > 3:
        found["type"] = take(">B")
    for flag, name, get in (
            (SIZE, "size", lambda: take(">Q")), (ALLOCATION, "allocation", lambda: take(">Q")),
            (2, "ids", lambda: (take(">I"), take(">I"))), (OWNERS, "owners", lambda: (take_text(), take_text())),
            (PERMISSIONS, "permissions", lambda: take(">I")),
            (ACCESSED, "accessed", take_time if version > 3 else lambda: (take(">I"), take(">I"))),
            (CREATED, "created", take_time), (MODIFIED, "modified", take_time), (CHANGED, "changed", take_time),
            (0x40, "acl", take_text), (BITS, "bits", lambda: (take(">I"), take(">I") if version > 5 else None)),
            (0x800, "hint", lambda: take(">B")), (0x1000, "mime", take_text), (LINKS, "links", lambda: take(">I")),
            (0x4000, "untranslated", take_text)):
        if flags & flag:
            found[name] = get()
    return found, body[at:]


def get_text(data):
    size = struct.unpack_from(">I", data)[0]
    return data[4:4 + size], data[4 + size:]


class Session:
    """One version, with the requests that differ between them."""

    def __init__(self, channel, version):
        self.stream = raw_sftp.Stream(channel)
        self.stream.send(raw_sftp.init(version))
        kind, self.version, pairs = self.stream.receive()
        assert kind == raw_sftp.VERSION
        self.pairs, self.number = {}, 0
        while pairs:
            name, pairs = get_text(pairs)
            self.pairs[name.decode()], pairs = get_text(pairs)

    def ask(self, kind, body=b""):
        """The kind and the body of the answer."""
        self.number += 1
        self.stream.send(raw_sftp.packet(kind, self.number, body))
        kind, number, body = self.stream.receive()
        assert number == self.number
        return kind, body

    def code(self, kind, body=b""):
        kind, body = self.ask(kind, body)
        assert kind == raw_sftp.STATUS, kind
        return struct.unpack_from(">I", body)[0]

    def extended(self, name, body=b""):
        kind, body = self.ask(raw_sftp.EXTENDED, text(name) + body)
        return struct.unpack_from(">I", body)[0] if kind == raw_sftp.STATUS else body

    def no_attrs(self):
        return struct.pack(">I", 0) + (b"\1" if self.version > 3 else b"")

    def open(self, path, access=READ_DATA, flags=OPEN_EXISTING):
        """A handle, or the code of the failure. By versions 5 and 6's words; the others' follow from them."""
        body = text(path)
        if self.version < 5:
            old = access | (4 if flags & APPEND else 0) | (0x40 if flags & TEXT_MODE else 0)
            old |= {CREATE_NEW: 0x28, CREATE_TRUNCATE: 0x18, OPEN_EXISTING: 0, OPEN_OR_CREATE: 8, TRUNCATE_EXISTING: 0x10}[flags & 7]
            body += struct.pack(">I", old)
        else:
            body += struct.pack(">II", access, flags)
        kind, body = self.ask(raw_sftp.OPEN, body + self.no_attrs())
        return body[4:] if kind == raw_sftp.HANDLE else struct.unpack_from(">I", body)[0]

    def read(self, handle, offset, size):
        kind, body = self.ask(raw_sftp.READ, text(handle) + struct.pack(">QI", offset, size))
        return body[4:] if kind == raw_sftp.DATA else struct.unpack_from(">I", body)[0]

    def write(self, handle, offset, data):
        return self.code(raw_sftp.WRITE, text(handle) + struct.pack(">Q", offset) + text(data))

    def close(self, handle):
        return self.code(raw_sftp.CLOSE, text(handle))

    def stat(self, path, flags=None, kind=raw_sftp.STAT):
        mask = struct.pack(">I", flags) if flags is not None and self.version > 3 else b""
        kind, body = self.ask(kind, text(path) + mask)
        if kind == raw_sftp.STATUS:
            return struct.unpack_from(">I", body)[0]
        found, rest = attrs_of(self.version, body)
        assert not rest
        return found


@pytest.fixture
def connect(server):
    """Sessions of any version with one server."""
    clients = []

    def begin(version, to=server):
        client = pythonic.paramiko_transport(to)
        clients.append(client)
        channel = client.open_session()
        channel.invoke_subsystem("sftp")
        channel.settimeout(20)
        return Session(channel, version)

    yield begin
    for client in clients:
        client.close()


class TestStart:
    @pytest.mark.parametrize("offer,agreed", [(0, 3), (2, 3), (3, 3), (4, 4), (5, 5), (6, 6), (7, 6), (2**32 - 1, 6)])
    def test_the_lower_version_counts(self, connect, offer, agreed):
        session = connect(offer)
        assert session.version == agreed
        assert session.pairs["versions"] == b"3,4,5,6"
        assert get_text(session.pairs["vendor-id"])[0] == b"Sallyport"
        assert session.pairs.get("newline") == (b"\n" if agreed > 3 else None)
        assert ("supported" in session.pairs, "supported2" in session.pairs) == (agreed == 5, agreed == 6)

    @pytest.mark.parametrize("version", VERSIONS)
    def test_version_select(self, connect, server, version):
        (server.root / "file").write_bytes(b"1234")
        session = connect(3)
        assert session.extended("version-select", text(str(version))) == raw_sftp.OK
        session.version = version
        assert session.stat("/file")["size"] == 4

    @pytest.mark.parametrize("wanted", ["2", "7", "", "6,5"])
    def test_version_select_of_what_was_not_offered(self, connect, wanted):
        session = connect(6)
        assert session.extended("version-select", text(wanted)) == 4
        with pytest.raises((EOFError, OSError)):
            session.stat("/")

    def test_version_select_too_late(self, connect):
        session = connect(3)
        session.stat("/")
        assert session.extended("version-select", text("6")) == 4
        with pytest.raises((EOFError, OSError)):
            session.stat("/")


@pytest.mark.parametrize("version", VERSIONS)
class TestEachVersion:
    def test_open_write_read(self, connect, server, version):
        session = connect(version)
        handle = session.open("/new", READ_DATA | WRITE_DATA, CREATE_NEW)
        assert session.write(handle, 0, b"Hello") == 0 and session.write(handle, 5, b", world") == 0
        assert session.read(handle, 0, 100) == b"Hello, world" and session.read(handle, 12, 1) == raw_sftp.EOF
        assert session.close(handle) == 0
        assert session.close(handle) == (9 if version > 3 else 2)
        assert session.open("/new", WRITE_DATA, CREATE_NEW) == (11 if version > 3 else 4)
        assert session.open("/none", READ_DATA, OPEN_EXISTING) == 2
        assert session.open("/none", WRITE_DATA, TRUNCATE_EXISTING) == 2
        assert session.close(session.open("/new", WRITE_DATA, CREATE_TRUNCATE)) == 0
        assert (server.root / "new").read_bytes() == b""

    def test_append(self, connect, server, version):
        (server.root / "log").write_bytes(b"first\n")
        session = connect(version)
        handle = session.open("/log", WRITE_DATA, OPEN_EXISTING | APPEND)
        assert session.write(handle, 0, b"second\n") == 0 and session.write(handle, 3, b"third\n") == 0
        session.close(handle)
        assert (server.root / "log").read_bytes() == b"first\nsecond\nthird\n"

    def test_stat_says_what_is_asked_for(self, connect, server, version):
        path = server.root / "file"
        path.write_bytes(b"x" * 5000)
        path.chmod(0o640)
        os.utime(path, ns=(1_500_000_000_123_456_789, 978_307_200_987_654_321))
        session = connect(version)
        found = session.stat("/file")
        assert found["size"] == 5000 and found["permissions"] & 0o7777 == 0o640
        if version == 3:
            assert found["accessed"] == (1_500_000_000, 978_307_200) and found["permissions"] & 0o170000 == 0o100000
            return
        assert found["type"] == 1 and found["modified"] == 978_307_200_987_654_321
        assert found["owners"][0] and found["owners"][1]
        for flags in (SIZE, PERMISSIONS, MODIFIED, MODIFIED | NANOSECONDS, OWNERS, SIZE | ACCESSED, LINKS | BITS | SIZE):
            possible = SIZE | PERMISSIONS | ACCESSED | MODIFIED | OWNERS | NANOSECONDS
            possible |= BITS if version > 4 else 0
            possible |= LINKS if version > 5 else 0
            if flags & ~possible:  # of another version: the usual
                flags = SIZE | PERMISSIONS | ACCESSED | MODIFIED | OWNERS | NANOSECONDS
            assert session.stat("/file", flags)["flags"] == flags
        if version == 6:
            assert found["links"] == 1 and found["allocation"] >= 5000 and found["changed"] > 0

    def test_a_directory(self, connect, server, version):
        for name in ("a", ".hidden", "b"):
            (server.root / name).write_bytes(name.encode())
        session = connect(version)
        kind, body = session.ask(raw_sftp.OPENDIR, text("/"))
        assert kind == raw_sftp.HANDLE
        handle, names = body[4:], {}
        kind, body = session.ask(raw_sftp.READDIR, text(handle))
        assert kind == raw_sftp.NAME
        count, body = struct.unpack_from(">I", body)[0], body[4:]
        for _ in range(count):
            name, body = get_text(body)
            if version == 3:
                _, body = get_text(body)
            names[name], body = attrs_of(version, body)
        for dots in (b".", b".."):
            assert names.pop(dots)["permissions"] & 0o7777 == stat.S_IMODE(server.root.stat().st_mode)
        assert {name: found["size"] for name, found in names.items()} == {b"a": 1, b".hidden": 7, b"b": 1}
        assert body in (b"", b"\1") and (version > 5 or not body)
        if version > 4:
            assert names[b".hidden"]["bits"][0] == 4 and names[b"a"]["bits"][0] == 0
        assert session.code(raw_sftp.READDIR, text(handle)) == raw_sftp.EOF

    def test_rename_and_links(self, connect, server, version):
        (server.root / "a").write_text("a")
        (server.root / "b").write_text("b")
        session = connect(version)

        def rename(old, new, flags=0):
            return session.code(18, text(old) + text(new) + (struct.pack(">I", flags) if version > 4 else b""))

        assert rename("/a", "/b") == (11 if version > 3 else 4)
        assert rename("/none", "/c") == 2
        assert rename("/a", "/c") == 0
        if version > 4:
            assert rename("/c", "/b", 1) == 0 and (server.root / "b").read_text() == "a"
            (server.root / "c").write_text("c")
            assert rename("/c", "/b", 2) == 0 and (server.root / "b").read_text() == "c"
            assert rename("/b", "/c", 64) == 8
        if version < 6:
            assert session.code(20, text("b") + text("/link")) == 0
        else:
            assert session.code(21, text("/link") + text("b") + b"\1") == 0
            assert session.code(21, text("/hard") + text("/b") + b"\0") == 0
            assert (server.root / "hard").samefile(server.root / "b")
            assert session.open("/link", READ_DATA, OPEN_EXISTING | NOFOLLOW) == 21
            handle = session.open("/hard", READ_DATA, OPEN_EXISTING | DELETE_ON_CLOSE)
            session.close(handle)
            assert not (server.root / "hard").exists()
        assert os.readlink(server.root / "link") == "b"
        kind, body = session.ask(19, text("/link"))
        assert kind == raw_sftp.NAME and get_text(body[4:])[0] == b"b"

    def test_times_are_set(self, connect, server, version):
        path = server.root / "file"
        path.write_text("x")
        session = connect(version)
        if version == 3:
            attrs = struct.pack(">III", 8, 100, 200)
            wanted = (100 * 10**9, 200 * 10**9)
        else:
            attrs = struct.pack(">IBqIqI", ACCESSED | MODIFIED | NANOSECONDS, 1, -100, 5, 2**33, 999_999_999)
            wanted = (-100 * 10**9 + 5, 2**33 * 10**9 + 999_999_999)
        assert session.code(9, text("/file") + attrs) == 0
        assert (path.stat().st_atime_ns, path.stat().st_mtime_ns) == wanted

    def test_realpath(self, connect, server, version):
        (server.root / "d").mkdir()
        (server.root / "link").symlink_to("d")
        session = connect(version)

        def real(path, rest=b""):
            kind, body = session.ask(raw_sftp.REALPATH, text(path) + rest)
            if kind == raw_sftp.STATUS:
                return struct.unpack_from(">I", body)[0], None
            name, body = get_text(body[4:])
            return name.decode(), attrs_of(version, body)[0] if version > 3 else None

        if version < 6:
            assert real("/link/../x")[0] == "/x"
            return
        assert real("/link")[0] == "/link" and real("/link", b"\1")[0] == "/link"
        assert real("/none/x", b"\1")[0] == "/none/x"
        name, found = real("/link", b"\2")
        assert name == "/d" and found["type"] == 2
        name, found = real("/none/at/all", b"\2")
        assert name == "/none/at/all" and found["type"] == 5
        assert real("/none", b"\3")[0] == 2
        assert real("/d", b"\1" + text("..") + text("e") + text("f"))[0] == "/e/f"

    def test_copy_file(self, connect, server, version):
        (server.root / "a").write_bytes(b"short")
        (server.root / "a").chmod(0o750)
        (server.root / "b").write_bytes(b"something longer")
        session = connect(version)

        def copy(old, new, overwrite):
            return session.extended("copy-file", text(old) + text(new) + bytes([overwrite]))

        assert copy("/a", "/new", False) == 0 and copy("/a", "/b", True) == 0
        assert copy("/a", "/b", False) == (11 if version > 3 else 4) and copy("/none", "/x", True) == 2
        os.link(server.root / "a", server.root / "same")
        copy("/a", "/same", True)
        for name in ("a", "b", "new", "same"):
            assert (server.root / name).read_bytes() == b"short"
        assert stat.S_IMODE((server.root / "new").stat().st_mode) & 0o700 == 0o700
        assert not (server.root / "x").exists()

    def test_space_and_folders(self, connect, server, version):
        session = connect(version)
        space = os.statvfs(server.root)
        total, _, mine, _, unit = struct.unpack(">QQQQI", session.extended("space-available", text("/")))
        assert total == space.f_blocks * space.f_frsize and unit == space.f_frsize and mine <= total
        kind, body = session.ask(raw_sftp.EXTENDED, text("get-temp-folder"))
        assert kind == raw_sftp.NAME and get_text(body[4:])[0] == b"/"
        (server.root / "tmp").mkdir()
        kind, body = session.ask(raw_sftp.EXTENDED, text("make-temp-folder"))
        made = get_text(body[4:])[0].decode()
        assert re.match("/tmp/.", made) and stat.S_IMODE((server.root / made[1:]).stat().st_mode) == 0o700

    def test_digests(self, connect, server, version):
        session = connect(version)
        data = trees.random_bytes(200_000)
        (server.root / "file").write_bytes(data)
        (server.root / "empty").write_bytes(b"")
        for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512"):
            for offset, length, block in ((0, 0, 0), (0, 0, 256), (100, 1000, 0), (1, 0, 65537), (199_999, 0, 0)):
                answer = session.extended("check-file-name", text("/file") + text(name) + struct.pack(">QQI", offset, length, block))
                kind, rest = get_text(answer)
                used, digests = get_text(rest)
                piece = data[offset:offset + length] if length else data[offset:]
                blocks = [piece[at:at + block] for at in range(0, len(piece), block)] if block else [piece]
                assert (kind, used) == (b"check-file", name.encode())
                assert digests == b"".join(hashlib.new(name, block).digest() for block in blocks)
        answer = session.extended("check-file-name", text("/empty") + text("md5") + struct.pack(">QQI", 0, 0, 0))
        assert answer.endswith(hashlib.md5(b"").digest())
        assert session.extended("check-file-name", text("/file") + text("md5") + struct.pack(">QQI", 0, 0, 255)) in (5, 23)
        first, whole = hashlib.md5(data[:2048]).digest(), hashlib.md5(data).digest()
        for quick, wanted in ((first, whole), (b"", whole), (bytes(16), b"")):
            answer = session.extended("md5-hash", text("/file") + struct.pack(">QQ", 0, 0) + text(quick))
            assert get_text(get_text(answer)[1])[0] == wanted


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_announced_to_those_who_may_only_look(connect, start, version):
    everything, looking = connect(version), connect(version, start(arguments=["--read-only"]))
    hidden = {"posix-rename@openssh.com", "hardlink@openssh.com", "fsync@openssh.com", "lsetstat@openssh.com", "copy-data", "copy-file",
              "make-temp-folder", "xattr@proftpd.org", "ranges@asyncssh.com"}
    assert set(everything.pairs) - set(looking.pairs) == hidden
    assert set(looking.pairs) <= set(everything.pairs)
    assert looking.extended("posix-rename@openssh.com", text("/a") + text("/b")) == 3


@pytest.mark.parametrize("version", (4, 5, 6))
def test_text_mode(connect, server, version):
    (server.root / "text").write_bytes(b"one\r\ntwo\nthree")
    session = connect(version)
    handle = session.open("/text", READ_DATA, OPEN_EXISTING | TEXT_MODE)
    assert [session.read(handle, 999, 4) for _ in range(5)] == [b"one\r", b"\ntwo", b"\nthr", b"ee", raw_sftp.EOF]
    assert session.extended("text-seek", text(handle) + struct.pack(">Q", 2)) == 0
    assert session.read(handle, 0, 100) == b"three"
    assert session.extended("text-seek", text(handle) + struct.pack(">Q", 3)) == raw_sftp.EOF


def test_what_must_not_be_set(connect, server):
    (server.root / "file").write_text("x")
    session = connect(6)
    assert session.code(9, text("/file") + struct.pack(">IBI", LINKS, 1, 2)) == 23
    assert session.code(9, text("/file") + struct.pack(">IBB", 0x800, 1, 0)) == 23


def lock(session, kind, handle, offset, length, flags=None):
    return session.code(kind, text(handle) + struct.pack(">QQ", offset, length) + (b"" if flags is None else struct.pack(">I", flags)))


BLOCK, UNBLOCK, BLOCK_READ, BLOCK_WRITE, BLOCK_DELETE = 22, 23, 0x40, 0x80, 0x100


@pytest.mark.parametrize("version", VERSIONS)
def test_locks_hold_against_other_versions(connect, server, version):
    (server.root / "file").write_bytes(bytes(1000))
    holder, other = connect(6), connect(version)
    mine, theirs = holder.open("/file", READ_DATA | WRITE_DATA), other.open("/file", READ_DATA | WRITE_DATA)
    conflict = 25 if version == 6 else 4
    assert lock(holder, BLOCK, mine, 100, 100, BLOCK_WRITE) == 0
    assert other.write(theirs, 150, b"x") == conflict and other.write(theirs, 99, b"xx") == conflict
    assert other.write(theirs, 99, b"x") == 0 and other.write(theirs, 200, b"x") == 0
    assert other.read(theirs, 100, 100) == bytes(100)
    assert holder.write(mine, 150, b"y") == 0
    if version == 6:
        assert lock(other, BLOCK, theirs, 199, 1, BLOCK_WRITE) in (25, 26)
        assert lock(other, UNBLOCK, theirs, 100, 100) == 31
    assert lock(holder, UNBLOCK, mine, 100, 99) == 31
    assert lock(holder, UNBLOCK, mine, 100, 100) == 0
    assert other.write(theirs, 150, b"x") == 0
    assert lock(holder, BLOCK, mine, 0, 10, BLOCK_READ | BLOCK_WRITE) == 0
    assert other.read(theirs, 0, 1) == conflict
    holder.close(mine)
    assert other.read(theirs, 0, 1) == b"\0"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("holds", (5, 6))
def test_share_reservations_hold_against_other_versions(connect, server, version, holds):
    (server.root / "file").write_bytes(b"text")
    holder, other = connect(holds), connect(version)
    conflict = 17 if version > 4 else 4
    mine = holder.open("/file", READ_DATA, OPEN_EXISTING | BLOCK_WRITE | BLOCK_DELETE)
    assert other.open("/file", WRITE_DATA) == conflict
    assert other.code(13, text("/file")) == conflict
    theirs = other.open("/file", READ_DATA)
    assert other.read(theirs, 0, 4) == b"text"
    assert holder.open("/file", READ_DATA, OPEN_EXISTING | BLOCK_READ) == 17
    holder.close(mine)
    assert other.close(other.open("/file", WRITE_DATA)) == 0
    assert other.code(13, text("/file")) == 0


def test_paramiko_checks_files(server):
    with pythonic.paramiko_sftp(server) as client:
        (server.root / "file").write_bytes(b"x" * 1000)
        with client.open("/file") as file:
            assert file.check("md5", block_size=500) == hashlib.md5(b"x" * 500).digest() * 2


def acl(version, *entries):
    """As an attribute: entries that allow, of an access mask and who."""
    body = struct.pack(">I", 3) if version > 5 else b""
    body += struct.pack(">I", len(entries)) + b"".join(struct.pack(">III", 0, 0, access) + text(who) for access, who in entries)
    return struct.pack(">IB", 0x40, 1) + text(body)


@pytest.mark.parametrize("version", (4, 5, 6))
def test_acl_of_what_is_made(connect, server, version):
    session = connect(version)
    mine = acl(version, (3, "OWNER@"), (1, "GROUP@"))
    wanted = struct.pack(">I", 0x1a) if version < 5 else struct.pack(">II", WRITE_DATA, CREATE_NEW)
    kind, _ = session.ask(raw_sftp.OPEN, text("/file") + wanted + mine)
    assert kind == raw_sftp.HANDLE
    assert session.code(14, text("/dir") + acl(version, (0x23, "OWNER@"))) == 0
    assert stat.S_IMODE((server.root / "file").stat().st_mode) == 0o640
    assert stat.S_IMODE((server.root / "dir").stat().st_mode) == 0o700
    nobody = acl(version, (1, "no-such-user"), (3, "OWNER@"), (1, "nor-this-one"))
    for kind, body in ((raw_sftp.OPEN, text("/x") + wanted), (14, text("/x")), (9, text("/file"))):
        kind, body = session.ask(kind, body + nobody)
        assert (kind, struct.unpack_from(">I", body)[0]) == (raw_sftp.STATUS, 16 if version > 4 else 4)
        _, rest = get_text(get_text(body[4:])[1])
        assert rest == (text("no-such-user") + text("nor-this-one") if version > 4 else b"")
    assert not (server.root / "x").exists()
    owners = struct.pack(">IB", OWNERS, 1) + text("no-such-user") + text("")
    assert session.code(9, text("/file") + owners) == (16 if version > 4 else 4)
