"""The PROXY protocol in the hands of attackers: those who may not send headers, and those who send something else, or nothing, through a
proxy that is trusted. What clients do behind the proxy costs them, and neither the proxy nor its other clients."""

import socket

import pytest

from server import wait_for
from wire import USERAUTH_FAILURE, Client, Ended

TRUSTED, STRANGER = "127.0.0.1", "127.0.0.66"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL = SIGNATURE + b"\x20\0\0\0"
PENALTIES = {"limits.penalty_exempt": "", "limits.penalty_max": "1d", "limits.penalty_min": "90m", "limits.penalty_failed_login": "1h",
             "limits.penalty_protocol_error": "1h", "limits.penalty_no_login": "1h", "limits.failure_delay": "0s"}


def begin(start, mode="required", **more):
    values = {"server.proxy_trusted": TRUSTED, "server.proxy_protocol": mode, **PENALTIES,
              **{name.replace("__", "."): value for name, value in more.items()}}
    return start(*[word for name, value in values.items() for word in ("--set", f"{name}={value}")])


def header(client):
    return f"PROXY TCP4 {client} 203.0.113.1 40000 22\r\n".encode()


def connect(server, first=b"", source=TRUSTED):
    connection = socket.socket()
    connection.bind((source, 0))
    connection.connect(("127.0.0.1", server.port))
    connection.settimeout(10)
    if first:
        connection.sendall(first)
    return connection


def is_greeted(connection):
    try:
        return connection.recv(8) == b"SSH-2.0-"
    except ConnectionError:
        return False


def comes_in(server, first, source=TRUSTED):
    with connect(server, first, source) as connection:
        return is_greeted(connection)


def gets_in(server, client):
    """All the way, with the password."""
    session = Client(server.port, hello=False)
    session.put(header(client))
    try:
        session.hello()
        session.login()
    except Ended:
        return False
    session.close()
    return True


def lines(server, event, *words):
    return [entry for entry in server.lines if event in entry and all(word in entry for word in words)]


def test_spoofed_headers(start):
    """A stranger's header is no header, whatever it says."""
    server = begin(start)
    for claim in (TRUSTED, "198.51.100.1"):
        assert not comes_in(server, header(claim), STRANGER)
    assert not lines(server, "connection.opened")
    assert wait_for(lambda: len(lines(server, "connection.refused", f"address={STRANGER} ", "proxy_trusted")) == 2)
    server = begin(start, "optional")
    for _ in range(2):
        with connect(server, header("198.51.100.1"), STRANGER) as connection:
            while is_greeted(connection):
                pass
            while connection.recv(4096):
                pass
    assert wait_for(lambda: lines(server, "address.penalized", f"address={STRANGER} ", "protocol error"))
    assert not lines(server, "address=198.51.100.1")
    assert gets_in(server, "198.51.100.1")


def test_a_flood_of_strangers_does_not_fill_the_log(start):
    server = begin(start, limits__log_lines="10", limits__log_lines_per_address="2")
    for _ in range(300):
        connect(server, source=STRANGER).close()
    assert gets_in(server, "198.51.100.1")
    assert wait_for(lambda: lines(server, "connection.refused"))
    assert len(lines(server, "connection.refused")) <= 40


def test_a_flood_of_silent_connections(start):
    """No more wait than may, for no longer than they may; those who speak are served meanwhile."""
    server = begin(start, limits__unauthenticated="400", limits__unauthenticated_per_address="200", limits__proxy_header_time="3s")
    assert gets_in(server, "198.51.100.1")
    descriptors, memory = server.descriptors(), server.memory()
    silent = [connect(server, b"PROXY TCP4 1" if number % 2 else b"") for number in range(190)]
    assert wait_for(lambda: server.descriptors() >= descriptors + 180)  # some of the one before may have been counted
    assert server.memory() - memory < 8 << 20
    for _ in range(5):
        assert gets_in(server, "198.51.100.1")
    silent += [connect(server) for _ in range(60)]
    assert wait_for(lambda: lines(server, "connection.refused", "limits.unauthenticated_per_address"))
    assert not any(map(is_greeted, silent))
    assert wait_for(lambda: server.descriptors() <= descriptors + 2)
    assert not lines(server, "address.penalized")
    for connection in silent:
        connection.close()
    assert gets_in(server, "198.51.100.1")


@pytest.mark.parametrize("garbage", [
    b"GET / HTTP/1.1\r\n\r\n", b"\0" * 5000, b"PROXY " + b"A" * 5000, b"PROXY TCP4 1.2.3.4 5.6.7.8 1 99999\r\n", b"\r\n\r\n\0\r\nQUIX\n",
    SIGNATURE + b"\x21\x11\xff\xff" + b"x" * 65535, SIGNATURE + b"\x21\x11\0\x04abcd", SIGNATURE + b"\x2f\x11\0\x0c" + b"x" * 12,
    b"SSH-2.0-none\r\n",
], ids=["http", "zeros", "endless-line", "port", "signature", "65535", "short", "command", "ssh"])
def test_garbage(start, garbage):
    server = begin(start)
    with connect(server) as connection:
        try:
            connection.sendall(garbage)
        except ConnectionError:
            pass
        assert not is_greeted(connection)
    assert wait_for(lambda: lines(server, "connection.refused", "PROXY"))
    assert not lines(server, "connection.opened")
    assert gets_in(server, "198.51.100.1")


def test_penalties_are_for_the_client(start):
    server = begin(start)
    for _ in range(2):
        session = Client(server.port, hello=False)
        session.put(header("198.51.100.66"))
        session.hello()
        session.rekey()
        session.service()
        session.send(session.password_request("joe", "guess"))
        session.receive(USERAUTH_FAILURE)
        session.close()
    assert wait_for(lambda: lines(server, "address.penalized", "address=198.51.100.66 "))
    assert not comes_in(server, header("198.51.100.66"))
    assert gets_in(server, "198.51.100.1")
    for _ in range(5):
        assert comes_in(server, LOCAL)
    assert len(lines(server, "address.penalized")) == 1
