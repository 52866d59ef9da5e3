"""The two Python clients, connected and sure of the host key."""

import asyncio
import contextlib
import socket

import asyncssh
import paramiko


def paramiko_key(server, kind="ed25519", role="client"):
    classes = {"ed25519": paramiko.Ed25519Key, "rsa": paramiko.RSAKey}
    return classes.get(kind, paramiko.ECDSAKey).from_private_key_file(str(server.keys.path(role, kind)))


def host_key(server, kind="ed25519"):
    return paramiko_key(server, kind, "host")


def paramiko_transport(server, key="ed25519", password=None, window=None, packet=None, **disabled):
    """A Transport that is logged in."""
    sizes = {name: value for name, value in (("default_window_size", window), ("default_max_packet_size", packet)) if value}
    connection = socket.create_connection(("127.0.0.1", server.port))
    transport = paramiko.Transport(connection, **sizes, **disabled)
    try:
        if password is not None:
            transport.connect(hostkey=host_key(server), username=server.user, password=password)
        else:
            transport.connect(hostkey=host_key(server), username=server.user, pkey=paramiko_key(server, key))
    except BaseException:
        transport.close()
        raise
    return transport


def run_command(transport, command, text=b""):
    """Says all at once, and hears all: output, standard error and exit status."""
    channel = transport.open_session()
    channel.settimeout(20)
    channel.exec_command(command)
    channel.sendall(text)
    channel.shutdown_write()
    out = b""
    while piece := channel.recv(65536):
        out += piece
    error = b""
    while piece := channel.recv_stderr(65536):
        error += piece
    return out, error, channel.recv_exit_status()


@contextlib.contextmanager
def paramiko_sftp(server, **options):
    transport = paramiko_transport(server, **options)
    try:
        with paramiko.SFTPClient.from_transport(transport) as client:
            yield client
    finally:
        transport.close()


def asyncssh_connect(server, **options):
    host = asyncssh.import_public_key(server.keys.public("host"))
    settings = {"username": server.user, "known_hosts": ([host], [], []), "client_keys": [str(server.keys.path("client"))],
                "config": None, "agent_path": None}
    settings.update(options)
    return asyncssh.connect("127.0.0.1", server.port, **settings)


def run(coroutine, timeout=280):
    return asyncio.run(asyncio.wait_for(coroutine, timeout))
