"""A log that no one reads stops no one: a full pipe, a terminal that Ctrl-S has stopped."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading

import pytest

from server import BUILD, wait_for
from wire import Client, Sftp, sftp, sftp_open, sftp_write, text, u32

QUIET = {"ASAN_OPTIONS": "detect_leaks=1:exitcode=99:quarantine_size_mb=1", "TERM": "xterm", "LANG": "C.UTF-8"}
UNLIMITED = ("--set", "limits.log_lines=0", "--set", "limits.log_lines_per_address=0")


def command(directory, *arguments):
    key = directory / "host_key"
    (directory / "files").mkdir()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], stdin=subprocess.DEVNULL, check=True)
    return [BUILD / "cmd" / "sallyport", "serve", directory / "files", "--listen", "sftp://127.0.0.1:0", "--user", "joe:pw",
            "--host-key", key, *arguments]


def environment(directory):
    return {**os.environ, **QUIET, "HOME": str(directory), "XDG_STATE_HOME": str(directory)}


class Piped:
    """`sallyport serve`, whose standard error is a small pipe that is read when the test wants it."""

    def __init__(self, directory, *arguments):
        self.process = subprocess.Popen(command(directory, *arguments), env=environment(directory), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        fcntl.fcntl(self.process.stderr, fcntl.F_SETPIPE_SZ, 4096)
        self.port = int(self.process.stdout.readline().rsplit(b":", 1)[1])
        self.lines, self.reader = [], None

    def read(self):
        self.reader = threading.Thread(target=lambda: self.lines.extend(line.decode() for line in self.process.stderr), daemon=True)
        self.reader.start()

    def end_it(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def clean_up(self):
        self.process.kill()
        self.process.wait()
        if self.reader:
            self.reader.join(10)
        self.process.stdout.close()
        self.process.stderr.close()


@pytest.fixture
def piped(tmp_path):
    server = Piped(tmp_path, "-v", *UNLIMITED)
    yield server
    server.clean_up()


def session(port):
    client = Client(port).login()
    replies = Sftp(client, client.sftp())
    replies.reply()
    return client, replies


def is_served(replies):
    return replies.request(sftp(17, u32(1) + text("/")))[0] == 105


def come_and_go(port, times):
    """A hundred bytes of log for each, and more."""
    for _ in range(times):
        Client(port).close()  # it has read the greeting


def flood(replies, times):
    """A line of 500 bytes for each; all are answered."""
    for _ in range(times // 50):
        replies.client.send(*[replies.client.data(replies.channel, sftp(17, u32(1) + text("/" + "n" * 400)))] * 50)
        for _ in range(50):
            assert replies.reply()[0] == 101


def test_a_full_pipe(piped):
    client, replies = session(piped.port)
    come_and_go(piped.port, 100)  # more than the pipe takes
    flood(replies, 6000)  # more than waits for it
    come_and_go(piped.port, 20)
    assert is_served(replies)
    session(piped.port)[0].close()
    piped.read()
    assert wait_for(lambda: any(" log.lost " in line for line in piped.lines)), piped.lines[-3:]
    lost = [int(re.search(r" log\.lost lines=(\d+) ", line).group(1)) for line in piped.lines if " log.lost " in line]
    assert min(lost) > 0
    client.close()
    assert wait_for(lambda: any("connection.closed conn=1 " in line for line in piped.lines))
    assert piped.end_it() == 0
    piped.reader.join(10)
    assert " server.ended " in piped.lines[-1]
    numbers = [int(n) for line in piped.lines for n in re.findall(r"connection\.opened conn=(\d+) ", line)]
    assert numbers == sorted(numbers)


def test_the_end_waits_for_no_reader(piped):
    come_and_go(piped.port, 100)  # more than the pipe takes
    assert piped.end_it() == 0


class Terminal:
    """`sallyport serve` on a terminal."""

    def __init__(self, directory):
        words = [str(word) for word in command(directory, *UNLIMITED)]
        self.files = directory / "files"
        self.seen = b""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.execve(words[0], words, environment(directory))
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("4H", 24, 200, 0, 0))
        assert wait_for(lambda: self.read() and b"Ctrl-C stops" in self.seen), self.seen
        self.port = int(re.search(rb"listening on sftp://127\.0\.0\.1:(\d+)", self.seen).group(1))
        self.status = None

    def read(self):
        with contextlib.suppress(OSError):
            while select.select([self.master], [], [], 0)[0]:
                self.seen += os.read(self.master, 65536)
        return True

    def has_ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def clean_up(self):
        if not self.has_ended():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)


@pytest.fixture
def terminal(tmp_path):
    server = Terminal(tmp_path)
    yield server
    server.clean_up()


def put(replies, number, name):
    handle = replies.handle(sftp_open(number, name, 0x1A))
    replies.request(sftp_write(number, handle, 0, b"x" * 1000))


def test_a_stopped_terminal(terminal):
    client, replies = session(terminal.port)
    put(replies, 1, "/shown")
    assert wait_for(lambda: terminal.read() and b"put /shown" in terminal.seen)
    os.write(terminal.master, b"\x13")  # Ctrl-S
    for number in range(2, 40):  # what is shown changes
        put(replies, number, f"/{number}")
        come_and_go(terminal.port, 3)
    assert is_served(replies)
    os.write(terminal.master, b"\x11")  # Ctrl-Q
    assert wait_for(lambda: terminal.read() and terminal.seen.count(b"connection.opened") == 1 + 38 * 3)
    assert b"log.lost" not in terminal.seen
    os.write(terminal.master, b"\x13")
    come_and_go(terminal.port, 3)
    client.close()
    os.kill(terminal.pid, signal.SIGTERM)
    assert wait_for(terminal.has_ended) and terminal.status == 0


def test_names_on_a_terminal(terminal):
    client, replies = session(terminal.port)
    bad = ("\x1b]0;", "\x1b[2J", "\u009b", "\u202e", "\nFAKE", "\u200b", "\u2066")
    put(replies, 1, "/" + "".join(bad) + "txt.exe")
    assert wait_for(lambda: terminal.read() and b"txt.exe" in terminal.seen)
    client.close()
    assert wait_for(lambda: terminal.read() and b"connection.closed" in terminal.seen)
    assert b"put /\\u001b]0;" in terminal.seen
    for piece in bad:
        assert piece.encode() not in terminal.seen
    os.kill(terminal.pid, signal.SIGTERM)
    assert wait_for(lambda: terminal.read() and terminal.has_ended()) and terminal.status == 0


def test_the_log_of_sftp_server(tmp_path):
    """No one reads it, and every request is answered."""
    requests = sftp(1, u32(3)) + b"".join(sftp(17, u32(number) + text("/" + "n" * 200)) for number in range(4000))
    log, end = os.pipe()
    fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, 4096)
    process = subprocess.Popen([BUILD / "cmd" / "sallyport-sftp-server", "-e", "-l", "DEBUG"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=end, cwd=tmp_path)
    os.close(end)
    output, _ = process.communicate(requests, timeout=60)
    os.close(log)
    assert process.returncode == 0
    answers = 0
    while output:
        size = int.from_bytes(output[:4], "big")
        answers += output[4] == 101
        output = output[4 + size:]
    assert answers == 4000
