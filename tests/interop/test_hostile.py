"""Clients that say nothing, too much, or nonsense: others do not notice, and memory and descriptors come back."""

import os
import socket
import struct
import threading
import time

import pytest

import pythonic
import raw_sftp
import trees
from openssh import sftp
from process import LONG
from raw_ssh import DEBUG, IGNORE, KEXINIT, Raw, kexinit

MIB = 1 << 20


def still_serves(server):
    with pythonic.paramiko_sftp(server) as client:
        client.listdir("/")


def settle(value, limit, seconds=20):
    """Waits until value() is at most limit; the last value."""
    deadline = time.monotonic() + seconds
    while value() > limit and time.monotonic() < deadline:
        time.sleep(0.1)
    return value()


def short(data):
    """A test's name from the bytes it sends."""
    return f"{len(data)}-{data[:12].hex()}"


class TestBeforeLogin:
    def test_silence_is_ended(self, start):
        server = start(settings={"limits.login_time": "1s"})
        silent = [Raw(server, hello=None), Raw(server), Raw(server, hello=b"SSH-2.0-half")]
        silent[1].line()
        still_serves(server)
        assert all(connection.closed(10) for connection in silent)

    def test_slow_dialogue_is_ended(self, start):
        """One byte now and then does not extend the time to log in."""
        server = start(settings={"limits.login_time": "2s"})
        connection = Raw(server, hello=None)
        begin = time.monotonic()
        with pytest.raises((ConnectionError, TimeoutError)):
            while time.monotonic() - begin < 15:
                connection.socket.sendall(b"S")
                time.sleep(0.2)
                connection.socket.settimeout(0.01)
                try:
                    if connection.socket.recv(4096) == b"":
                        raise ConnectionError
                except TimeoutError:
                    pass
            raise AssertionError("the server waits for ever")
        assert time.monotonic() - begin < 10

    @pytest.mark.parametrize("hello", [b"SSH-1.5-old\r\n", b"SSH-2.0\r\n", b"GET / HTTP/1.0\r\n\r\n", b"\0" * 300 + b"\r\n",
                                       b"SSH-2.0-" + b"x" * 3000, b"x" * 100_000, b"SSH-2.0-nul\0inside\r\n"], ids=short)
    def test_nonsense_instead_of_a_hello(self, server, hello):
        connection = Raw(server, hello=None)
        try:
            connection.socket.sendall(hello)
        except ConnectionError:
            pass
        assert connection.closed(10)
        still_serves(server)

    @pytest.mark.parametrize("data", [b"\xff" * 4096, struct.pack(">IB", 0, 0), struct.pack(">IB", 35001, 4) + b"\0" * 40000,
                                      struct.pack(">IB", 12, 255) + b"\0" * 20, struct.pack(">IB", 1, 0) + b"\0" * 20,
                                      struct.pack(">IB", 0x7fffffff, 4), struct.pack(">IB", 13, 4) + b"\0" * 20], ids=short)
    def test_nonsense_instead_of_a_packet(self, server, data):
        connection = Raw(server)
        connection.line()
        connection.receive()
        try:
            connection.socket.sendall(data)
        except ConnectionError:
            pass
        assert connection.closed(10)
        still_serves(server)

    def test_login_messages_before_keys(self, server):
        """S1: none of them gets anyone in."""
        for message in (bytes([52]), bytes([50]) + b"\0" * 40, bytes([5, 0, 0, 0, 0]), bytes([90]) + b"\0" * 30,
                        bytes([80]) + b"\0" * 30, bytes([94]) + b"\0" * 30, bytes([21]), bytes([31]), bytes([30]) + b"\0" * 10):
            connection = Raw(server)
            connection.line()
            connection.receive()
            connection.send(kexinit())
            try:
                connection.send(message)
            except ConnectionError:
                pass
            assert connection.closed(10), f"message {message[0]}"
        still_serves(server)

    @pytest.mark.release
    @pytest.mark.parametrize("kind", ["ignore", "debug", "kexinit"])
    def test_floods(self, server, kind):
        """S4: either it is ended, or it costs nothing."""
        messages = {"ignore": bytes([IGNORE]) + struct.pack(">I", 30000) + bytes(30000),
                    "debug": bytes([DEBUG, 1]) + struct.pack(">I", 30000) + bytes(30000) + bytes(4), "kexinit": kexinit()}
        before = server.rss()
        connection = Raw(server)
        connection.line()
        connection.receive()
        peak = before
        try:
            for number in range(2000):
                connection.send(messages[kind])
                if number % 100 == 0:
                    peak = max(peak, server.rss())
        except (ConnectionError, TimeoutError):
            pass
        peak = max(peak, server.rss())
        connection.close()
        assert peak - before < 4 * MIB
        still_serves(server)

    def test_limit_of_unauthenticated_connections(self, start):
        server = start(settings={"limits.unauthenticated": "5", "limits.unauthenticated_start": "100",
                                 "limits.unauthenticated_reserve": "0"})
        waiting = [Raw(server) for _ in range(5)]
        for connection in waiting:
            connection.line()
        refused = Raw(server, hello=None)
        assert refused.closed(5)
        for connection in waiting:
            connection.close()
        deadline = time.monotonic() + 10
        while True:
            try:
                still_serves(server)
                break
            except Exception:
                assert time.monotonic() < deadline
                time.sleep(0.1)

    def test_attempts_are_counted(self, start):
        import paramiko

        server = start(settings={"limits.auth_attempts": "3"})
        transport = paramiko.Transport(("127.0.0.1", server.port))
        transport.start_client(timeout=20)
        tried = 0
        try:
            for _ in range(10):
                transport.auth_password(server.user, "wrong", fallback=False)
        except paramiko.AuthenticationException:
            tried += 1
        try:
            for _ in range(10):
                try:
                    transport.auth_password(server.user, "wrong", fallback=False)
                except paramiko.AuthenticationException:
                    tried += 1
        except (paramiko.SSHException, EOFError, OSError):
            pass
        transport.close()
        assert tried <= 3


class TestConnections:
    @pytest.mark.release
    def test_connect_and_abort_gives_everything_back(self, server):
        """S15: at whatever point a client goes away."""
        cycles = 10_000 if LONG else 1_500

        def abort(connection):
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        def cycle(number):
            connection = Raw(server, hello=None if number % 4 == 0 else b"SSH-2.0-abort\r\n")
            if number % 4 >= 2:
                connection.line()
                connection.receive()
            if number % 4 == 3:
                connection.send(kexinit())
                connection.send(bytes([30]) + struct.pack(">I", 32) + os.urandom(32))
            (abort if number % 2 else Raw.close)(connection)

        for number in range(200):
            cycle(number)
        time.sleep(1)
        descriptors, memory = server.descriptors(), server.rss()
        for number in range(cycles):
            cycle(number)
        assert settle(server.descriptors, descriptors + 2) <= descriptors + 2
        assert server.rss() - memory < 8 * MIB
        still_serves(server)

    def test_sessions_that_break_off_give_everything_back(self, server):
        trees.write(server.root / "file", 3_000_000)
        still_serves(server)
        time.sleep(0.5)
        descriptors = server.descriptors()
        for number in range(20):
            transport = pythonic.paramiko_transport(server)
            channel = transport.open_session()
            channel.invoke_subsystem("sftp")
            stream = raw_sftp.Stream(channel)
            stream.start()
            handles = [stream.handle(raw_sftp.open_file(n, "/file"), n) for n in range(10)]
            stream.send(b"".join(raw_sftp.read(n, handles[n % 10], n * 1000, 32768) for n in range(200)))
            if number % 2:
                transport.sock.shutdown(socket.SHUT_RDWR)
            transport.close()
        assert settle(server.descriptors, descriptors) <= descriptors
        still_serves(server)

    def test_limit_per_address(self, start):
        server = start(settings={"limits.connections_per_address": "3"})
        open_ones = [pythonic.paramiko_transport(server) for _ in range(3)]
        assert Raw(server, hello=None).closed(5)
        open_ones.pop().close()
        deadline = time.monotonic() + 10
        while True:
            try:
                open_ones.append(pythonic.paramiko_transport(server))
                break
            except Exception:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        for transport in open_ones:
            transport.close()

    def test_idle_time(self, start):
        server = start(settings={"limits.idle_time": "1s", "ssh.keepalive_interval": "0s"})
        transport = pythonic.paramiko_transport(server)
        deadline = time.monotonic() + 15
        while transport.is_active() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not transport.is_active()
        transport.close()

    def test_silent_peer_is_given_up(self, start):
        """Keepalives that no one answers."""
        server = start(settings={"ssh.keepalive_interval": "1s", "ssh.keepalive_count": "2"})
        transport = pythonic.paramiko_transport(server)
        time.sleep(4)
        assert transport.is_active(), "a client that answers is kept"
        transport.close()
        assert settle(lambda: server.output().count("nothing"), 0) == 0


@pytest.fixture
def greedy(server):
    """A session whose client asks much, with a window of its own size."""
    opened = []

    def begin(window):
        transport = pythonic.paramiko_transport(server)
        channel = transport.open_session(window_size=window)
        channel.invoke_subsystem("sftp")
        stream = raw_sftp.Stream(channel)
        opened.append(transport)
        return stream

    yield begin
    for transport in opened:
        transport.close()


class TestMemory:
    @pytest.mark.release
    def test_reads_without_a_window(self, server, greedy):
        """S8 of throughput: 400 MB are asked for, and the client takes none of it."""
        with open(server.root / "file", "wb") as out:
            out.truncate(400_000_000)
        stream = greedy(65536)
        stream.start()
        handle = stream.handle(raw_sftp.open_file(1, "/file"), 1)
        before = server.rss()
        count = 400_000_000 // 32768
        sender = threading.Thread(target=stream.send, daemon=True, args=(
            b"".join(raw_sftp.read(number, handle, number * 32768, 32768) for number in range(count)),))
        sender.start()
        peak = 0
        for _ in range(40):
            time.sleep(0.1)
            peak = max(peak, server.rss())
        assert peak - before < 24 * MIB
        with pythonic.paramiko_sftp(server) as other:
            with other.open("/file", "rb") as file:
                assert file.read(100) == bytes(100)
        # ... and when it does take them, all come, each once.
        seen = 0
        for _ in range(count):
            kind, _, body = stream.receive()
            assert kind == raw_sftp.DATA
            seen += len(body) - 4
        assert seen == count * 32768
        sender.join(10)

    @pytest.mark.release
    def test_requests_without_end(self, server, greedy):
        """A flood of small requests, answered or not, costs a bounded amount."""
        stream = greedy(65536)
        stream.start()
        before = server.rss()
        flood = b"".join(raw_sftp.packet(raw_sftp.STAT, number, raw_sftp.text("/")) for number in range(200_000))
        sender = threading.Thread(target=stream.send, daemon=True, args=(flood,))
        sender.start()
        peak = 0
        for _ in range(30):
            time.sleep(0.1)
            peak = max(peak, server.rss())
        assert peak - before < 24 * MIB
        for number in range(200_000):
            kind, answered, _ = stream.receive()
            assert kind == raw_sftp.ATTRS and answered == number
        sender.join(10)

    @pytest.mark.release
    def test_idle_sessions_are_cheap(self, server):
        """Tens of KiB for each, not MiB."""
        still_serves(server)
        before = server.rss()
        transports = [pythonic.paramiko_transport(server) for _ in range(50)]
        clients = [transport.open_sftp_client() for transport in transports]
        for client in clients:
            client.listdir("/")
        time.sleep(2)
        each = (server.rss() - before) / len(clients)
        for transport in transports:
            transport.close()
        assert each < 256 * 1024, f"{each / 1024:.0f} KiB for each"

    def test_handles_are_limited(self, start):
        server = start(settings={"limits.open_files": "16"})
        (server.root / "file").write_text("x")
        with pythonic.paramiko_sftp(server) as client:
            files = [client.open("/file") for _ in range(16)]
            with pytest.raises(OSError):
                client.open("/file")
            files.pop().close()
            files.append(client.open("/file"))
            for file in files:
                file.close()

    def test_channels_are_limited(self, start):
        import paramiko

        server = start(settings={"limits.channels": "4"})
        transport = pythonic.paramiko_transport(server)
        channels = [transport.open_session() for _ in range(4)]
        with pytest.raises(paramiko.ChannelException):
            transport.open_session()
        channels.pop().close()
        time.sleep(0.2)
        channels.append(transport.open_session())
        transport.close()


class TestSftp:
    @pytest.mark.parametrize("data", [
        b"\0\0\0\0", b"\xff\xff\xff\xff", struct.pack(">IB", 300_000, 5), raw_sftp.packet(raw_sftp.STAT, 1, b"\xff\xff\xff\xff"),
        raw_sftp.packet(raw_sftp.STAT, 1), raw_sftp.packet(raw_sftp.OPEN, 1, raw_sftp.text("/x")),
        raw_sftp.packet(raw_sftp.READ, 1, struct.pack(">I", 0x7fffffff)), raw_sftp.packet(99, 1), raw_sftp.packet(250, 1),
        raw_sftp.packet(raw_sftp.EXTENDED, 1), raw_sftp.packet(raw_sftp.EXTENDED, 1, raw_sftp.text("")),
        raw_sftp.packet(raw_sftp.CLOSE, 1, raw_sftp.text(b"")), raw_sftp.packet(raw_sftp.CLOSE, 1, raw_sftp.text(b"x" * 257)),
        raw_sftp.packet(raw_sftp.WRITE, 1, raw_sftp.text(b"x" * 4) + struct.pack(">QI", 0, 0xffffffff)), raw_sftp.init(3),
    ], ids=short)
    def test_malformed_requests(self, shared_server, data):
        """S6: an error or a hang-up, and no one else notices."""
        transport = pythonic.paramiko_transport(shared_server)
        channel = transport.open_session()
        channel.invoke_subsystem("sftp")
        channel.settimeout(10)
        stream = raw_sftp.Stream(channel)
        stream.start()
        try:
            stream.send(data + raw_sftp.packet(raw_sftp.REALPATH, 77, raw_sftp.text(".")))
            channel.shutdown_write()
            while channel.recv(65536):
                pass
        except OSError:
            pass
        transport.close()
        still_serves(shared_server)

    @pytest.mark.parametrize("handle", [b"", b"x", b"\0" * 16, b"\xff" * 16, b"x" * 257, b"\0\0\0\0", b"\0\0\0\1"], ids=short)
    def test_handles_of_ones_own_making(self, shared_server, handle):
        transport = pythonic.paramiko_transport(shared_server)
        channel = transport.open_session()
        channel.invoke_subsystem("sftp")
        stream = raw_sftp.Stream(channel)
        stream.start()
        for number, kind in enumerate((raw_sftp.CLOSE, raw_sftp.READDIR, raw_sftp.READ, raw_sftp.WRITE, 8, 10)):
            body = raw_sftp.text(handle)
            body += {raw_sftp.READ: struct.pack(">QI", 0, 10), raw_sftp.WRITE: struct.pack(">QI", 0, 1) + b"x",
                     10: struct.pack(">I", 0)}.get(kind, b"")
            stream.send(raw_sftp.packet(kind, number, body))
            answer, answered, _ = stream.receive()
            assert (answer, answered) == (raw_sftp.STATUS, number)
        transport.close()

    @pytest.mark.parametrize("path", ["/../../etc/passwd", "//..//..//etc/passwd", "/./../etc/passwd", "/a/../../etc/passwd",
                                      "../../../../etc/passwd", "/%2e%2e/etc/passwd", "/..\\..\\etc\\passwd", "/up/passwd",
                                      "/up/../../etc/passwd", "/abs"])
    def test_no_path_leads_out(self, shared_server, path):
        """S9."""
        for name, target in (("up", "../../../../../../../etc"), ("abs", "/etc/passwd")):
            if not (shared_server.root / name).is_symlink():
                (shared_server.root / name).symlink_to(target)
        with pythonic.paramiko_sftp(shared_server) as client:
            with pytest.raises(OSError):
                client.open(path, "rb")

    def test_nul_in_a_path(self, shared_server):
        with pythonic.paramiko_sftp(shared_server) as client:
            for call in (client.stat, client.mkdir, client.remove, client.listdir):
                with pytest.raises(OSError):
                    call(b"/x\0/../etc")

    def test_before_the_version(self, shared_server):
        transport = pythonic.paramiko_transport(shared_server)
        channel = transport.open_session()
        channel.invoke_subsystem("sftp")
        channel.settimeout(10)
        try:
            channel.sendall(raw_sftp.packet(raw_sftp.REALPATH, 1, raw_sftp.text(".")))
            answer = channel.recv(4096)
        except OSError:
            answer = b""
        assert len(answer) < 5 or answer[4] != raw_sftp.NAME
        transport.close()

    def test_links_change_while_they_are_followed(self, server):
        """S10: a directory turns into a link that leads out, and back, all the time."""
        outside = server.root.parent / "outside"
        outside.mkdir()
        (outside / "secret").write_text("secret")
        (server.root / "real").mkdir()
        (server.root / "real/secret").write_text("public")
        stop = threading.Event()

        def swap():
            while not stop.is_set():
                for target in ("real", str(outside), "../outside"):
                    link = server.root / "next"
                    link.symlink_to(target)
                    link.rename(server.root / "d")

        thread = threading.Thread(target=swap)
        thread.start()
        try:
            with pythonic.paramiko_sftp(server) as client:
                deadline = time.monotonic() + (60 if LONG else 5)
                while time.monotonic() < deadline:
                    for action in (lambda: client.open("/d/secret", "rb").read(), lambda: client.open("/d/new", "wb").write(b"x"),
                                   lambda: client.mkdir("/d/dir"), lambda: client.chmod("/d/secret", 0o666),
                                   lambda: client.rename("/d/new", "/d/newer"), lambda: client.remove("/d/newer"),
                                   lambda: client.rmdir("/d/dir")):
                        try:
                            result = action()
                        except OSError:
                            continue
                        assert result != b"secret"
        finally:
            stop.set()
            thread.join()
        assert sorted(path.name for path in outside.iterdir()) == ["secret"]
        assert (outside / "secret").stat().st_mode & 0o777 != 0o666

    def test_one_blocked_reader_does_not_hold_up_others(self, server, greedy):
        trees.write(server.root / "file", 5_000_000)
        stream = greedy(32768)
        stream.start()
        handle = stream.handle(raw_sftp.open_file(1, "/file"), 1)
        stream.send(b"".join(raw_sftp.read(number, handle, number * 32768, 32768) for number in range(150)))
        begin = time.monotonic()
        sftp(server, "ls /\nget /file /dev/null")
        assert time.monotonic() - begin < 10


def test_the_first_answer_is_a_hello(server):
    """Clients that never speak first still see what this is."""
    connection = Raw(server, hello=None)
    assert connection.line().startswith(b"SSH-2.0-")
    payload = connection.receive()
    assert payload[0] == KEXINIT
    connection.close()
