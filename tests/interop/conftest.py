"""Fixtures: keys, and servers of the program under test."""

import os
import pathlib
import signal

import pytest

import process
from keys import Keys


# A shell that starts the tests in the background has their children ignore Ctrl-C, which some tests send.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config, items):
    """What is only for long runs is left out otherwise; not skipped, since nothing is missing."""
    if process.LONG:
        return
    long = [item for item in items if item.get_closest_marker("long")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    directory = tmp_path_factory.mktemp("keys")
    directory.chmod(0o700)
    return Keys(directory)


@pytest.fixture
def work(tmp_path):
    """A directory of the test's own for the client's side."""
    path = tmp_path / "client"
    path.mkdir()
    return path


def make_server(directory, keys, **options):
    """The program; or, to try the tests themselves, OpenSSH's own server (SALLY_STANDIN=1)."""
    if os.environ.get("SALLY_STANDIN"):
        directory.chmod(0o755)
        pathlib.Path(directory / "sshd-root").parent.chmod(0o755)
        server = process.Sshd(directory, keys, "internal-sftp", extra=[f"ChrootDirectory {directory / 'sshd-root'}"])
        return server
    return process.Server(directory, keys, **options)


@pytest.fixture
def start(tmp_path, keys):
    """Starts servers with settings of the test's own: start(settings={...}, arguments=[...], host_keys=[...])."""
    started = []

    def begin(**options):
        directory = tmp_path / f"server{len(started)}"
        directory.mkdir()
        server = make_server(directory, keys, **options)
        started.append(server)
        return server

    yield begin
    for server in started:
        server.finish()


@pytest.fixture
def server(start):
    """A server with default settings for this test alone."""
    return start()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory, keys, request):
    """A server with default settings for all tests of a module that leave it as it was."""
    directory = tmp_path_factory.mktemp("shared")
    running = make_server(directory, keys, host_keys=getattr(request.module, "HOST_KEYS", ("ed25519",)))
    yield running
    running.finish()
