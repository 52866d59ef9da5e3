"""Work that the end of a turn keeps from starting, with nothing else under way that would bring it up again."""

import struct

import pytest

from wire import CHANNEL_DATA, IGNORE, WINDOW_ADJUST, Client, Sftp, sftp_open, sftp_read, text, u32

READ_DATA = 103
AT_ONCE = 64  # limits.operations


@pytest.fixture(scope="module")
def late(start):
    server = start(slow="late", milliseconds=20)
    (server.files / "file").write_bytes(b"f" * 6000)
    return server


@pytest.mark.parametrize("before", (400, 600, 900))
def test_requests_that_wait_for_answers_to_leave(late, before):
    """The first READs take all of limits.session_bytes until their answers have left, for which there is no window. It comes
    amid so many small packets that the turn is over when they leave."""
    client = Client(late.port).login()
    channel = client.sftp(window=4096)
    replies = Sftp(client, channel, adjust=False)
    replies.reply()
    handle = replies.handle(sftp_open(1, "/file"))
    client.send(client.data(channel, b"".join(sftp_read(i, handle, 0, 255 << 10) for i in range(AT_ONCE))))
    replies.buffer += client.receive(CHANNEL_DATA)[9:]
    small = [bytes([IGNORE]) + text(b"")]
    client.send(*small * before, bytes([WINDOW_ADJUST]) + u32(channel) + u32(1 << 30), *small * 2000)
    answers = [replies.reply() for _ in range(AT_ONCE)]
    assert all(answer[0] == READ_DATA for answer in answers)
    assert {struct.unpack_from(">I", answer, 1)[0] for answer in answers} == set(range(AT_ONCE))
    client.close()
