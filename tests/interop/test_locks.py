"""Reservations, locks, ACLs and the storage's own extensions, between sessions of different versions and with other programs."""

import fcntl
import os
import struct
import time

import pytest

import raw_sftp
from raw_sftp import text
from test_versions import OPEN_EXISTING, READ_DATA, WRITE_DATA, connect, get_text  # noqa: F401

BLOCK, UNBLOCK, REMOVE, RENAME, SETSTAT = 22, 23, 13, 18, 9
NO_READ, NO_WRITE, NO_DELETE = 0x40, 0x80, 0x100
FAILURE, LOCK_CONFLICT, RANGE_CONFLICT, RANGE_REFUSED, NO_RANGE = 4, 17, 25, 26, 31
ACL = 0x40


@pytest.fixture
def file(server):
    path = server.root / "file"
    path.write_bytes(b"0123456789")
    return path


def block(session, handle, offset, length, mask):
    return session.code(BLOCK, text(handle) + struct.pack(">QQI", offset, length, mask))


def unblock(session, handle, offset, length):
    return session.code(UNBLOCK, text(handle) + struct.pack(">QQ", offset, length))


def test_reservations(connect, file):  # noqa: F811
    keeper = connect(6)
    others = {version: connect(version) for version in (3, 4, 5, 6)}
    handle = keeper.open("/file", READ_DATA, OPEN_EXISTING | NO_WRITE | NO_DELETE)
    assert isinstance(handle, bytes)
    for version, other in others.items():
        conflict = LOCK_CONFLICT if version > 4 else FAILURE
        assert other.open("/file", WRITE_DATA) == conflict
        assert other.code(REMOVE, text("/file")) == conflict
        assert other.close(other.open("/file")) == 0
    assert keeper.close(handle) == 0
    for other in others.values():
        assert other.close(other.open("/file", WRITE_DATA)) == 0
    assert file.read_bytes() == b"0123456789"


def test_a_lost_session_holds_nothing(connect, file):  # noqa: F811
    keeper, other = connect(5), connect(3)
    assert isinstance(keeper.open("/file", READ_DATA, OPEN_EXISTING | NO_READ | NO_WRITE), bytes)
    assert other.open("/file") == FAILURE
    keeper.stream.channel.get_transport().close()
    deadline = time.monotonic() + 20
    while (handle := other.open("/file")) == FAILURE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert other.close(handle) == 0


def test_ranges(connect, file):  # noqa: F811
    keeper, other, old = connect(6), connect(6), connect(3)
    handles = [session.open("/file", READ_DATA | WRITE_DATA) for session in (keeper, other, old)]
    assert block(keeper, handles[0], 2, 3, NO_WRITE) == 0
    assert block(other, handles[1], 4, 1, NO_READ) == RANGE_REFUSED
    assert other.write(handles[1], 4, b"x") == RANGE_CONFLICT
    assert old.write(handles[2], 0, b"xxx") == FAILURE
    assert other.read(handles[1], 0, 10) == b"0123456789"
    assert keeper.write(handles[0], 2, b"two") == 0
    assert block(other, handles[1], 5, 0, NO_READ) == 0
    assert old.read(handles[2], 5, 1) == FAILURE
    assert unblock(keeper, handles[0], 2, 2) == NO_RANGE
    assert unblock(keeper, handles[0], 2, 3) == 0
    assert other.write(handles[1], 0, b"ok") == 0
    assert other.close(handles[1]) == 0
    assert old.read(handles[2], 0, 10) == b"oktwo56789"


def test_other_programs_see_locks(connect, file):  # noqa: F811
    session = connect(6)
    handle = session.open("/file", READ_DATA | WRITE_DATA)
    with open(file, "r+b") as here:
        assert block(session, handle, 2, 3, NO_READ | NO_WRITE) == 0
        with pytest.raises(OSError):
            fcntl.lockf(here, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, 4)
        fcntl.lockf(here, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 8)
        assert block(session, handle, 6, 0, NO_WRITE) == RANGE_REFUSED
        assert unblock(session, handle, 2, 3) == 0
        fcntl.lockf(here, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 4)


@pytest.mark.parametrize("version", (4, 5, 6))
def test_acls(connect, file, version):  # noqa: F811
    session = connect(version)
    file.chmod(0o600)
    entries = [(0, 0, 6, "OWNER@"), (0, 0, 1, "GROUP@"), (1, 0, 1, "EVERYONE@")]
    acl = b"".join(struct.pack(">III", *entry[:3]) + text(entry[3]) for entry in entries)
    acl = (struct.pack(">I", 3) if version > 5 else b"") + struct.pack(">I", len(entries)) + acl
    assert session.code(SETSTAT, text("/file") + struct.pack(">IB", ACL, 1) + text(acl)) == 0
    assert file.stat().st_mode & 0o777 == 0o240
    told = session.stat("/file", ACL)["acl"]
    if version > 5:
        assert struct.unpack_from(">I", told)[0] & 3 == 3
        told = told[4:]
    count, told = struct.unpack_from(">I", told)[0], told[4:]
    names = []
    for _ in range(count):
        name, told = get_text(told[12:])
        names.append(name)
    assert not told and {b"OWNER@", b"GROUP@", b"EVERYONE@"} == set(names)


def test_attributes_of_users(connect, file):  # noqa: F811
    session = connect(3)
    assert session.pairs["xattr@proftpd.org"] == b"1"
    try:
        os.setxattr(file, "user.here", b"1")
    except OSError:
        pytest.skip("no user attributes here")
    value = text("user.there") + text(b"\0\1") + struct.pack(">I", 1)
    assert session.extended("setxattr@proftpd.org", text("/file") + value) == 0
    assert os.getxattr(file, "user.there") == b"\0\1"
    handle = session.open("/file")
    assert session.extended("fgetxattr@proftpd.org", text(handle) + text("user.here") + struct.pack(">I", 10)) == text("1")
    names = session.extended("listxattr@proftpd.org", text("/file"))
    assert names == struct.pack(">I", 2) + text("user.here") + text("user.there") or \
        names == struct.pack(">I", 2) + text("user.there") + text("user.here")
    assert session.extended("removexattr@proftpd.org", text("/file") + text("user.here")) == 0
    assert os.listxattr(file) == ["user.there"]
    assert session.extended("setxattr@proftpd.org", text("/file") + text("trusted.x") + text("") + bytes(4)) == 3
    assert session.extended("fgetxattr@proftpd.org", text("junk") + text("user.here") + bytes(4)) == FAILURE


def test_sparse_files(connect, file):  # noqa: F811
    session = connect(3)
    with open(file, "r+b") as here:
        here.truncate(16 << 20)
    handle = session.open("/file")
    answer = session.extended("ranges@asyncssh.com", text(handle) + struct.pack(">QQ", 0, 16 << 20))
    count = struct.unpack_from(">I", answer)[0]
    assert len(answer) == 4 + 16 * count + 1 and answer[-1] == 1
    assert struct.unpack_from(">Q", answer, 4)[0] == 0
    assert session.extended("ranges@asyncssh.com", text(handle) + struct.pack(">QQ", 32 << 20, 1)) == 1
