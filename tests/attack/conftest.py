"""A server for each module, which must be alive and clean when the module's attacks are over."""

import pytest

from server import Server


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    started = []

    def begin(*arguments, **options):
        started.append(Server(tmp_path_factory.mktemp("server"), *arguments, **options))
        return started[-1]

    yield begin
    for server in started:
        server.finish()


@pytest.fixture(scope="module")
def server(start, request):
    server = start(*getattr(request.module, "ARGUMENTS", ()))
    with open(server.files / "big", "wb") as file:
        file.truncate(300 << 20)
    (server.files / "small").write_bytes(b"hello")
    (server.files / "folder").mkdir()
    return server


@pytest.fixture(autouse=True)
def survives(request):
    yield
    if "server" in request.fixturenames:
        server = request.getfixturevalue("server")
        assert server.alive(), server.output()[-4000:]
