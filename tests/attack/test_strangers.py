"""Strangers who want all places, or guess, or break things: what that costs them, and that it costs no one else anything.
No penalty runs off meanwhile, and loopback, which is exempt by default, is not exempt here."""

import re
import socket

from server import wait_for
from wire import USERAUTH_FAILURE, Client, Ended

HONEST = ("127.0.0.9", "::1")  # next door to the attackers, and far away


def settings(**values):
    values = {"limits.penalty_exempt": "", "limits.penalty_max": "1d", **{f"limits.{k}": v for k, v in values.items()}}
    return [word for name, value in values.items() for word in ("--set", f"{name}={value}")]


def begin(start, **values):
    """A server on 127.0.0.1, and on ::1 where there is IPv6."""
    server = start("--listen", "sftp://[::1]:0", *settings(**values)) if has_ipv6() else start(*settings(**values))
    wait_for(lambda: not has_ipv6() or port(server, "::1"))
    return server


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


def port(server, source):
    host = r"\[::1\]" if ":" in source else r"127\.0\.0\.1"
    return next((int(found.group(1)) for found in (re.search(rf"listening on sftp://{host}:(\d+)", line)
                                                   for line in server.lines) if found), None)


def gets_in(server, source, tries=1):
    for _ in range(tries):
        try:
            client = Client(port(server, source), source=source)
            client.login()
            client.close()
            return True
        except Ended:
            continue
    return False


def honest_get_in(server, tries=1):
    for source in HONEST:
        if ":" not in source or has_ipv6():
            assert gets_in(server, source, tries), source


def silent(server, source):
    connection = socket.socket()
    connection.bind((source, 0))
    connection.connect(("127.0.0.1", port(server, source)))
    return connection


def is_open(connection):
    """Of one that was greeted, or hung up on."""
    connection.settimeout(10)
    try:
        return connection.recv(1000) != b""
    except ConnectionError:
        return False


def lines(server, event, *words):
    return [line for line in server.lines if event in line and all(word in line for word in words)]


def is_refused(server, source):
    connection = silent(server, source)
    refused = not is_open(connection)
    connection.close()
    return refused


def test_silent_connections_leave_room(start):
    server = begin(start, unauthenticated=256, penalty_no_login="0s")
    held = {"127.0.0.1": [], "127.0.0.2": []}
    for _ in range(256):
        for source, mine in held.items():
            mine.append(silent(server, source))
    have = [sum(map(is_open, mine)) for mine in held.values()]
    # Of 192 beside the reserve, each gets about a third; never more than are left after that.
    assert max(have) <= 96 and sum(have) <= 144, have
    honest_get_in(server, tries=10)  # one of 50 would be dropped early
    for connection in sum(held.values(), []):
        connection.close()


def test_a_crowd_leaves_the_reserve(start):
    server = begin(start, unauthenticated=16, unauthenticated_start=100, penalty_no_login="0s")
    assert gets_in(server, "127.0.0.9")
    crowd = [silent(server, f"127.{i}.0.1") for i in range(1, 30)]
    assert sum(map(is_open, crowd)) == 12
    assert is_refused(server, "127.0.0.3")
    assert gets_in(server, "127.0.0.9")
    for connection in crowd:
        connection.close()


def guess(server, source):
    client = Client(server.port, source=source)
    client.rekey()
    client.service()
    for number in range(3):
        client.send(client.password_request("joe", f"guess {number}"))
        client.receive(USERAUTH_FAILURE)
    client.close()


def test_guesses(start):
    server = begin(start, penalty_failed_login="1h", penalty_min="150m", failure_delay="100ms")
    for _ in range(3):
        guess(server, "127.0.0.1")
    for _ in range(100):
        assert is_refused(server, "127.0.0.1")
    honest_get_in(server)
    assert wait_for(lambda: lines(server, "address.penalized"))
    assert len(lines(server, "address.penalized", "address=127.0.0.1 ", "failed login")) == 1
    assert len(lines(server, "address.penalized")) == 1
    assert not lines(server, "connection.refused")


def test_who_mistypes_and_logs_in_is_not_refused(start):
    server = begin(start, penalty_failed_login="1h", penalty_min="90m", failure_delay="0s")
    for _ in range(5):
        client = Client(server.port)
        client.rekey()
        client.service()
        client.send(client.password_request("joe", "wrong"))
        client.receive(USERAUTH_FAILURE)
        client.send(client.password_request("joe", "pw"))
        client.receive(52)
        client.close()
    assert not lines(server, "address.penalized")


def break_protocol(server, source):
    connection = silent(server, source)
    connection.sendall(b"SSH-1.5-scanner\r\n")
    while is_open(connection):
        pass
    connection.close()


def test_protocol_errors_and_the_network_around(start):
    server = begin(start, penalty_protocol_error="1h", penalty_min="90m", penalty_no_login="0s")
    for number in range(10, 22):  # each bears two hours, and its network of 24 bits a 16th: 90 minutes in all
        assert not is_refused(server, f"127.0.0.{number}")
        for _ in range(2):
            break_protocol(server, f"127.0.0.{number}")
        assert is_refused(server, f"127.0.0.{number}")
    assert not is_refused(server, "127.0.0.99")
    break_protocol(server, "127.0.0.98")
    assert is_refused(server, "127.0.0.99")
    assert not is_refused(server, "127.0.1.1")
    assert wait_for(lambda: lines(server, "address.penalized", "address=127.0.0.0/24"))
    assert len(lines(server, "address.penalized")) == 13


def test_penalties_end(start):
    server = begin(start, penalty_protocol_error="2s", penalty_min="0s", penalty_no_login="0s")
    break_protocol(server, "127.0.0.1")
    assert wait_for(lambda: not is_refused(server, "127.0.0.1"))
    assert wait_for(lambda: lines(server, "address.penalty_ended", "address=127.0.0.1 "))
    assert gets_in(server, "127.0.0.1")
