"""Which clients tell their users that CLOSE has failed, as sallyport/fs.h says."""

import asyncio

import asyncssh
import pytest

import by_password
import trees
from process import BUILD


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "unused"
    folder.mkdir()
    running = by_password.ByPassword("closing_server", folder, BUILD / "tests/interop")
    yield running
    running.stop()


async def by_asyncssh(port, data):
    async with asyncssh.connect("127.0.0.1", port, username="demo", password="demo", known_hosts=None) as connection:
        async with connection.start_sftp_client() as client:
            file = await client.open("/by-asyncssh", "wb")
            await file.write(data)
            with pytest.raises(asyncssh.SFTPError):
                await file.close()


def test_who_looks_at_it(server, tmp_path):
    source = trees.write(tmp_path / "source", 100_000)
    assert server.sftp(f"put {source} /by-sftp", check=False).returncode != 0
    assert server.scp(source, "demo@127.0.0.1:/by-scp", check=False).returncode != 0
    assert server.scp("-O", source, "demo@127.0.0.1:/by-old-scp", check=False).returncode != 0
    ssh = "ssh -a -x " + " ".join(by_password.OPTIONS)
    script = (f'set sftp:connect-program "{ssh}"\nset net:max-retries 1\nset net:timeout 20\nset cmd:fail-exit yes\n'
              f"open -u demo,demo -p {server.port} sftp://127.0.0.1\nput {source} -o /by-lftp\nexit\n")
    assert server.run("lftp", "-f", "/dev/stdin", text_in=script, check=False).returncode != 0
    asyncio.run(by_asyncssh(server.port, source.read_bytes()))
    # Those that do not.
    with server.client.open("/by-paramiko", "wb") as file:
        file.write(source.read_bytes())
    server.run("curl", "-sS", "--insecure", "-u", "demo:demo", "-T", source, f"sftp://127.0.0.1:{server.port}/by-curl")
    for name in ("by-sftp", "by-scp", "by-old-scp", "by-lftp", "by-asyncssh", "by-paramiko", "by-curl"):
        assert server.client.stat(f"/{name}").st_size == 100_000
