"""What clients of all kinds rely on, beyond what the drafts say: by hand, so that each is tried alone."""

import struct

import pytest

import pythonic
import raw_sftp
from raw_sftp import text
from test_versions import Session


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
        with pytest.raises(EOFError):
            session.write(handle, 0, bytes(most + 1))

    def test_limits(self, connect):
        session = connect(sftp_max_packet="40K")
        packet, _, write, _ = struct.unpack(">4Q", session.extended("limits@openssh.com"))
        assert packet == 40 * 1024 and write == 39 * 1024
