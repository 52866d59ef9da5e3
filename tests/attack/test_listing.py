"""Directories that change while they are listed."""

import shutil
import struct
import time

from test_sftp import begin, code
from wire import get_text, sftp, text, u32

NAMES = 4000


def names_of(reply):
    count, at, names = struct.unpack_from(">I", reply, 5)[0], 9, []
    for _ in range(count):
        name, at = get_text(reply, at)
        _, at = get_text(reply, at)
        flags = struct.unpack_from(">I", reply, at)[0]
        at += 4 + (8 if flags & 1 else 0) + (8 if flags & 2 else 0) + (4 if flags & 4 else 0) + (8 if flags & 8 else 0)
        names.append(name)
    return names


def listed(replies, handle, change):
    names, pages = [], 0
    while True:
        reply = replies.request(sftp(12, u32(7) + text(handle)))
        if reply[0] != 104:
            return sorted(names)
        names += names_of(reply)
        pages += 1
        if pages == 1:
            time.sleep(0.2)  # the next one is read meanwhile; it passes without that, too
            change()


def test_a_directory_keeps_its_entries_under_another_name(server):
    d = server.files / "d"
    d.mkdir()
    for i in range(NAMES):
        (d / f"a-name-of-some-length-{i:05}").touch()
    client, _, replies = begin(server)
    handle = replies.handle(sftp(11, u32(1) + text("/d")))

    def change():
        assert code(replies.request(sftp(18, u32(2) + text("/d") + text("/e")))) == 0

    names = listed(replies, handle, change)
    client.close()
    shutil.rmtree(server.files / "e")
    assert len([n for n in names if not n.startswith(b".")]) == NAMES
