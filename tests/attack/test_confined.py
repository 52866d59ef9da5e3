"""What a user of one folder wants of the machine: the server's memory, the rights of the server's user, the names of accounts, and all
locks there are."""

import grp
import os
import pwd
import stat
import struct

import pytest

from wire import CHANNEL_CLOSE, CHANNEL_DATA, Client, begin, code, get_text, sftp, sftp_open, text, u32, u64

ARGUMENTS = ("--set", "sftp.max_version=6")
STATUS, HANDLE, DATA, NAME, ATTRS, REPLY = 101, 102, 103, 104, 105, 201
DENIED, UNKNOWN_PRINCIPAL, REFUSED, CONFLICT = 3, 16, 26, 25
PERMISSIONS, OWNER = 4, 0x80


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


# ---- the server's memory

KERNELS = ["/proc/self/mem", "/proc/self/maps", "/proc/self/environ", "/proc/thread-self/mem", "/proc/1/status", "/proc/version"]


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="needs /proc")
def test_memory_is_no_file(start):
    server = start(slow="late", milliseconds=0, folder="/")
    client, _, replies = begin(server)
    link = str(server.files / "link")
    for path in KERNELS:
        for flags in (1, 2, 3, 2 | 8, 2 | 8 | 16):  # read, write, both, and made or cut
            assert code(replies.request(sftp_open(1, path, flags))) == DENIED
        os.symlink(path, link)
        assert code(replies.request(sftp_open(1, link))) == DENIED
        os.unlink(link)
        copy = text("copy-file") + text(path) + text(str(server.files / "copy")) + b"\1"
        assert code(replies.request(sftp(200, u32(1) + copy))) not in (None, 0)
        assert code(replies.request(sftp(9, u32(1) + text(path) + u32(PERMISSIONS) + u32(0o666)))) == DENIED
    assert code(replies.request(sftp(11, u32(1) + text("/proc/self")))) == DENIED
    assert code(replies.request(sftp(19, u32(1) + text("/proc/self/exe")))) == DENIED  # READLINK
    assert code(replies.request(sftp(16, u32(1) + text("/proc/self/exe")))) == DENIED  # REALPATH
    assert replies.request(sftp(7, u32(1) + text("/proc")))[0] == ATTRS
    client.close()
    for command in ("md5sum /proc/self/maps", "scp -f /proc/self/maps", "scp -r -f /proc/self/fd"):
        client = Client(server.port).login()
        channel = client.open()
        client.send(client.exec(channel, command), client.data(channel, bytes(10)))
        out = b""
        while (payload := client.receive(CHANNEL_DATA, CHANNEL_CLOSE))[0] == CHANNEL_DATA:
            out += payload[9:]
        assert b"r-xp" not in out and not out.startswith(b"C0"), out[:200]
        client.close()


# ---- the rights of the server's user

def test_no_set_user_id_program_is_left_behind(server):
    client, _, replies = begin(server)
    top = server.files / "bits"
    top.mkdir()

    def mode(bits):
        return u32(PERMISSIONS) + u32(bits)

    handle = replies.handle(sftp(3, u32(1) + text("/bits/open") + u32(2 | 8) + mode(0o6755)))
    assert mode_of(top / "open") & 0o7000 == 0
    assert code(replies.request(sftp(10, u32(1) + text(handle) + mode(0o6755)))) == 0
    assert mode_of(top / "open") == 0o755
    assert code(replies.request(sftp(9, u32(1) + text("/bits/open") + mode(0o4777)))) == 0
    assert mode_of(top / "open") == 0o777
    assert code(replies.request(sftp(14, u32(1) + text("/bits/dir") + mode(0o6755)))) == 0
    assert code(replies.request(sftp(9, u32(1) + text("/bits/dir") + mode(0o6755)))) == 0
    assert mode_of(top / "dir") == 0o755
    os.chmod(top / "open", 0o6755)  # someone else's program
    replies.handle(sftp_open(1, "/bits/open", 2))
    assert mode_of(top / "open") == 0o755
    copied = text("copy-file") + text("/bits/program") + text("/bits/copy") + b"\1"
    (top / "program").write_bytes(b"x")
    os.chmod(top / "program", 0o4755)
    assert code(replies.request(sftp(200, u32(1) + copied))) == 0
    assert mode_of(top / "copy") & 0o7000 == 0
    client.close()
    client, _, replies = begin(server, 6)  # where modes are set past the umask
    attributes = u32(PERMISSIONS) + b"\1" + u32(0o6755)
    replies.handle(sftp(3, u32(1) + text("/bits/exact") + u32(2) + u32(1) + attributes))
    assert mode_of(top / "exact") == 0o755
    client.close()
    client = Client(server.port).login()
    channel = client.open()
    client.send(client.exec(channel, "scp -r -p -t /bits"),
                client.data(channel, b"C6755 4 scp\nabc\n\0D6755 0 scpdir\nC4755 1 inside\nx\0E\n"))
    for _ in range(6):
        client.receive(CHANNEL_DATA)
        if (top / "scpdir/inside").exists() and mode_of(top / "scpdir/inside") == 0o755:
            break
    assert mode_of(top / "scp") == 0o755 and mode_of(top / "scpdir/inside") == 0o755
    client.close()
    for name in os.listdir(top):
        assert mode_of(top / name) & 0o6000 == 0 or name == "program"


# ---- the names of accounts

def names_of(replies, users, groups):
    blobs = [b"".join(map(u32, ids)) for ids in (users, groups)]
    reply = replies.request(sftp(200, u32(1) + text("users-groups-by-id@openssh.com") + text(blobs[0]) + text(blobs[1])))
    assert reply[0] == REPLY
    found, at = [], 5
    for ids in (users, groups):
        blob, at = get_text(reply, at)
        names, place = {}, 0
        for number in ids:
            name, place = get_text(blob, place)
            if name:
                names[number] = name.decode()
        found.append(names)
    return found


def test_accounts_are_not_listed(server):
    client, _, replies = begin(server)
    users, groups = names_of(replies, range(1000), range(1000))
    for number, name in users.items():
        assert number == os.geteuid() and name == pwd.getpwuid(number).pw_name
    for number, name in groups.items():
        assert number == os.getegid() and name == grp.getgrgid(number).gr_name
    client.close()


def test_accounts_are_not_guessed(server):
    """An owner who exists and one who does not get the same answer."""
    client, _, replies = begin(server, 4)
    (server.files / "owned").write_bytes(b"")
    others = [entry.pw_name for entry in pwd.getpwall() if entry.pw_uid != os.geteuid()][:5]
    assert others

    def answer(owner, group):
        return replies.request(sftp(9, u32(1) + text("/owned") + u32(OWNER) + b"\1" + text(owner) + text(group)))[5:]

    for name in others:
        assert answer(name, "") == answer("no-such-user", "")
        assert answer("", name) == answer("", "no-such-group")
    assert struct.unpack_from(">I", answer(others[0], ""))[0] == struct.unpack_from(">I", answer("nobody-at-all", ""))[0]
    if os.geteuid() == 0:  # files of others are shown by number
        os.chown(server.files / "owned", 1, 1)
        reply = replies.request(sftp(7, u32(1) + text("/owned") + u32(OWNER)))
        assert reply[0] == ATTRS and text("1") + text("1") in reply
        listing = replies.handle(sftp(11, u32(1) + text("/")))
        reply = replies.request(sftp(12, u32(1) + text(listing)))
        assert reply[0] == NAME and text("daemon") not in reply
    client.close()


# ---- all locks there are

def test_locks_have_an_end(server):
    """A user's ranges are bounded over all his files, under whichever name he logs in next; the others have theirs."""
    client, channel, replies = begin(server, 6)

    def open_locked(number):
        return replies.handle(sftp(3, u32(1) + text(f"/locked{number}") + u32(3) + u32(3) + u32(0) + b"\1"))

    def lock(handle, offsets):
        client.send(client.data(channel, b"".join(
            sftp(22, u32(i) + text(handle) + u64(i * 10) + u64(5) + u32(0x40)) for i in offsets)))
        return [replies.reply() for _ in offsets]

    taken = 0
    for number in range(9):
        handle = open_locked(number)
        for part in range(0, 1024, 512):
            answers = lock(handle, range(part, part + 512))
            taken += sum(code(answer) == 0 for answer in answers)
    assert taken == 8192
    assert code(answers[-1]) == REFUSED and b"a user may have 8192" in answers[-1]
    client.close()
