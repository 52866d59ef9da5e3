"""OpenSSH's sftp through a proxy that tells who the client is (PROXY protocol, versions 1 and 2)."""

import time
import types

import pytest

import process
from openssh import sftp
from proxy import Proxy, binary, line, local

SETTINGS = {"server.proxy_protocol": "required", "server.proxy_trusted": "127.0.0.1"}
V6 = {"client": ("2001:db8::7", 40000), "server": ("2001:db8::9", 22)}


def through(proxy, server):
    """The server, as it is reached through the proxy."""
    return types.SimpleNamespace(port=proxy.port, keys=server.keys, user=server.user)


def logged(server, event, text=""):
    """Lines of the log with this event and text, as soon as there are any; what a server writes is read a moment later."""
    end = time.monotonic() + 10
    while True:
        found = [entry for entry in server.lines if event in entry and text in entry]
        if found or time.monotonic() > end:
            return found
        time.sleep(0.02)


@pytest.mark.parametrize("mode", ["required", "optional"])
@pytest.mark.parametrize("header, address, how", [
    (line(), "198.51.100.7", {}),
    (line(**V6), "2001:db8::7", {"joined": True}),
    (binary(), "198.51.100.7", {"joined": True}),
    (binary(more=b"\x04\x03\xe8" + bytes(1000)), "198.51.100.7", {"slow": True}),
    (binary(**V6), "2001:db8::7", {}),
    (local(), "127.0.0.1", {}),
    (b"PROXY UNKNOWN\r\n", "127.0.0.1", {"slow": True}),
], ids=["v1", "v1-ipv6", "v2", "v2-values", "v2-ipv6", "v2-local", "v1-unknown"])
def test_files_through_a_proxy(start, work, mode, header, address, how):
    server = start(settings={**SETTINGS, "server.proxy_protocol": mode})
    (work / "file").write_bytes(bytes(range(256)) * 4096)
    with Proxy(server.port, header, **how) as proxy:
        sftp(through(proxy, server), f"put {work}/file /file\nget /file {work}/back")
    assert (work / "back").read_bytes() == (work / "file").read_bytes()
    entry, = logged(server, "connection.opened")
    assert f"address={address} " in entry
    assert ("proxy=127.0.0.1" in entry) == (address != "127.0.0.1")


def test_without_a_header(start):
    """Only where it is optional."""
    server = start(settings={**SETTINGS, "server.proxy_protocol": "optional"})
    sftp(server, "ls")
    strict = start(settings=SETTINGS)
    assert sftp(strict, "ls", check=False).returncode != 0
    assert logged(strict, "connection.refused", "no PROXY header")
    assert not any("connection.opened" in entry for entry in strict.lines)


def test_authorized_keys_are_about_the_client(tmp_path, keys, work):
    """from= in authorized_keys."""
    allowed = work / "authorized_keys"
    allowed.write_text('from="198.51.100.0/24" ' + keys.public("client"))
    allowed.chmod(0o600)
    mine = types.SimpleNamespace(authorized=allowed, path=keys.path, known_hosts=keys.known_hosts)
    server = process.Server(tmp_path, mine, settings=SETTINGS)
    try:
        for client, succeeds in (("198.51.100.7", True), ("203.0.113.7", False)):
            with Proxy(server.port, binary(client=(client, 1))) as proxy:
                result = sftp(through(proxy, server), "ls", check=False)
                assert (result.returncode == 0) == succeeds, result.stderr
    finally:
        server.finish()


def test_what_to_do_is_said(keys, tmp_path):
    """A listener that would believe no one is not opened."""
    with pytest.raises(AssertionError, match="set server.proxy_trusted first"):
        process.Server(tmp_path, keys, settings={"server.proxy_protocol": "required"})
