"""Texts of strangers in the log: none of them makes a line of its own, or speaks to the terminal."""

import re
import subprocess

import pytest

from server import BUILD, wait_for
from wire import DISCONNECT, USERAUTH_FAILURE, Client, Ended, Sftp, sftp, sftp_open, text, u32

EVIL = "a;$(id)`id`|x\n2026-01-01T00:00:00.000Z info  auth.accepted user=root Logged in\r\x1b[2J\x1b]0;x\x07\"' \x7f\u2028\u202e"
PAIR = re.compile(r' ([\w.-]+)=(?:"((?:[^"\\]|\\.)*)"|([^ "=\\]+))')
LINE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [a-z]+ +[a-z_.]+ ")


@pytest.fixture(scope="module")
def verbose(start):
    return start("-v")


def check(server):
    lines = list(server.lines)
    first = next(i for i, line in enumerate(lines) if "connection.opened" in line)  # before that it greets its operator
    for line in lines[first:]:
        assert LINE.match(line), line
        assert not re.search(r"[\x00-\x1f\x7f]", line), line
        assert not line.startswith("2026-01-01"), line
        fields(line)


def fields(line):
    """Its fields as the documentation says they are written; nothing else may follow the event."""
    rest = line[LINE.match(line + " ").end() - 1:]
    pairs = [(name, quoted or plain) for name, quoted, plain in PAIR.findall(rest)]
    assert PAIR.sub("", rest) in ("", " "), line
    assert len({name for name, _ in pairs}) == len(pairs), line
    return dict(pairs)


def test_names_of_users(verbose):
    client = Client(verbose.port)
    client.rekey()
    client.service()
    for user in (EVIL, "x\0y", "../../etc", "a" * 20000, b"\xff\xfe\n"):
        client.send(client.password_request(user, "x"))
        client.receive(USERAUTH_FAILURE)
        if user == EVIL:
            assert wait_for(lambda: any("auth." in line and "$(id)" in line for line in verbose.lines))
    client.close()
    check(verbose)


def test_software(verbose):
    for software in ("evil \x1b[2J\x07x", "a\x7fb", "evil\u202eb"):
        try:
            client = Client(verbose.port, software=software.encode("utf-8").decode("latin-1"))
            client.version = b"SSH-2.0-" + software.encode()
            client.login().close()
        except (Ended, UnicodeEncodeError):
            pass
    check(verbose)


def test_fields_cannot_be_forged(verbose):
    before = len(verbose.lines)
    forged = 'bye" user=root address=192.0.2.1\n2026-01-01T00:00:00.000Z info  auth.accepted user=root'
    client = Client(verbose.port, software="evil user=root address=192.0.2.1 auth.accepted")
    client.rekey()
    client.service()
    client.send(client.password_request('x" address=192.0.2.1 y="', "no"))
    client.receive(USERAUTH_FAILURE)
    client.send(bytes([DISCONNECT]) + u32(11) + text(forged) + text(""))
    assert wait_for(lambda: any("connection.closed" in line and "bye" in line for line in verbose.lines[before:]))
    client.close()
    lines = [line for line in verbose.lines[before:] if "192.0.2.1" in line]
    assert len(lines) >= 4  # version, login, both of the end
    for line in lines:
        found = fields(line)
        assert found.get("address", "127.0.0.1") == "127.0.0.1" and found.get("user") != "root", line
    check(verbose)


def test_names_in_the_log_of_sftp_server(tmp_path):
    names = ["\u009b31mRED", "\u202etxt.exe", "\u200b", b"\x9b31m", b"\xff\xfe", "a\nb\x1b[2Jc", "back\\slash",
             'x" flags READ mode 0666 name "/etc/shadow']
    requests = sftp(1, u32(3)) + b"".join(sftp_open(1, name, 0x1A) for name in names)
    log = subprocess.run([BUILD / "cmd" / "sallyport-sftp-server", "-e", "-l", "INFO"], input=requests, capture_output=True,
                         timeout=60, cwd=tmp_path, check=True).stderr
    opened = [re.fullmatch(rb'open "((?:[^"\\]|\\.)*)" flags WRITE,CREATE,TRUNCATE mode 0666', line)
              for line in log.split(b"\r\n") if line.startswith(b"open ")]
    assert len(opened) == len(names) and all(opened), log
    assert not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\xff]", log)
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", log)


def test_paths(verbose):
    client = Client(verbose.port).login()
    channel = client.sftp()
    replies = Sftp(client, channel)
    replies.reply()
    assert replies.request(sftp(14, u32(1) + text("/" + EVIL.replace("/", "")[:60]) + u32(0)))[0] == 101
    replies.handle(sftp_open(2, "/new\nline\x1b[31m", 0x1A))
    for kind in (13, 15, 16, 17, 11):
        replies.request(sftp(kind, u32(3) + text("/none" + EVIL)))
    client.close()
    assert wait_for(lambda: any("file.closed" in line and "[31m" in line for line in verbose.lines))
    check(verbose)


def test_commands(verbose):
    for command in (EVIL, "md5sum '" + EVIL.replace("'", "") + "'", "scp -t '" + EVIL.replace("'", "") + "'"):
        client = Client(verbose.port).login()
        channel = client.open()
        client.send(client.exec(channel, command), client.data(channel, b"C0644 1 " + EVIL.encode() + b"\n"))
        client.send(bytes([96]) + u32(channel))
        client.receive(97)
        client.close()
    check(verbose)
