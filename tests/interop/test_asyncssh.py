"""AsyncSSH's client, which asks for many things at once."""

import asyncio
import os

import asyncssh
import pytest

import pythonic
import trees

OURS = ["curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521",
        "diffie-hellman-group-exchange-sha256", "diffie-hellman-group14-sha256", "diffie-hellman-group16-sha512",
        "diffie-hellman-group18-sha512"]
CIPHERS = ["chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr",
           "aes192-ctr", "aes256-ctr"]


def with_client(server, work, **options):
    """Runs `work(client)` over a connection."""

    async def go():
        async with pythonic.asyncssh_connect(server, **options) as connection:
            async with connection.start_sftp_client() as client:
                return await work(client)

    return pythonic.run(go())


def test_tree(server, work):
    source = trees.make_tree(work / "source", bytes_names=True)
    (source / "dangling").unlink()  # asyncssh itself stumbles over it

    async def go(client):
        await client.put(os.fsencode(source), b"/there", recurse=True, preserve=True)
        await client.get(b"/there", os.fsencode(work / "back"), recurse=True, preserve=True)

    with_client(server, go)
    trees.assert_same(source, server.root / "there", want=("mode", "mtime"))
    trees.assert_same(source, work / "back", want=("mode", "mtime"))


def test_many_at_once(server, work):
    async def go(client):
        async def one(number):
            async with client.open(f"/f{number}", "w") as file:
                await file.write(str(number))
            assert (await client.stat(f"/f{number}")).size == len(str(number))

        await asyncio.gather(*(one(number) for number in range(300)))
        assert len(await client.listdir("/")) in (300, 302)

    with_client(server, go)


def test_large_parallel_requests(server, work):
    source = trees.write(work / "source", 30_000_000)

    async def go(client):
        await client.put(str(source), "/file", block_size=200_000, max_requests=64)
        await client.get("/file", str(work / "back"), block_size=200_000, max_requests=64)

    with_client(server, go)
    assert trees.digest(source) == trees.digest(work / "back")


def test_operations(server):
    async def go(client):
        await client.mkdir("/d")
        async with client.open("/d/f", "wb") as file:
            await file.write(b"abc", 100)
            await file.fsync()
            assert (await file.stat()).size == 103
            vfs = await file.statvfs()
            assert vfs.bsize > 0
        assert (await client.statvfs("/")).namemax > 0
        await client.link("/d/f", "/d/hard")
        await client.symlink("f", "/d/soft")
        assert await client.readlink("/d/soft") == "f"
        assert (await client.stat("/d/hard")).size == 103
        await client.posix_rename("/d/hard", "/d/f")  # two names of one file: POSIX leaves both
        await client.remove("/d/hard")
        await client.symlink("x", "/d/other")
        await client.posix_rename("/d/other", "/d/soft")
        with pytest.raises(asyncssh.SFTPError):
            await client.rename("/d/soft", "/d/f")
        await client.setstat("/d/f", asyncssh.SFTPAttrs(permissions=0o604, atime=1, mtime=2))
        attributes = await client.stat("/d/f")
        assert (attributes.permissions & 0o777, attributes.atime, attributes.mtime) == (0o604, 1, 2)
        assert await client.realpath("/d/../d/./f") == "/d/f"
        assert sorted(await client.glob("/d/*")) == ["/d/f", "/d/soft"]
        await client.truncate("/d/f", 10)
        assert await client.getsize("/d/f") == 10
        await client.rmtree("/d")
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await client.stat("/d")

    with_client(server, go)


@pytest.mark.parametrize("kex", OURS)
def test_kex(shared_server, kex):
    with_client(shared_server, lambda client: client.listdir("/"), kex_algs=[kex])


@pytest.mark.parametrize("cipher", CIPHERS)
def test_cipher(shared_server, work, cipher):
    source = trees.write(work / "source", 500_000)

    async def go(client):
        await client.put(str(source), f"/{cipher}")
        await client.get(f"/{cipher}", str(work / "back"))

    with_client(shared_server, go, encryption_algs=[cipher])
    assert trees.digest(source) == trees.digest(work / "back")


@pytest.mark.parametrize("compression", ["none", "zlib@openssh.com"])
def test_compression(shared_server, work, compression):
    source = trees.write(work / "source", 500_000)

    async def go(client):
        await client.put(str(source), "/compressed")
        await client.get("/compressed", str(work / "back"))

    with_client(shared_server, go, compression_algs=[compression])
    assert trees.digest(source) == trees.digest(work / "back")


def test_password_and_wrong_password(server):
    with_client(server, lambda client: client.listdir("/"), client_keys=None, password=server.password)
    with pytest.raises(asyncssh.PermissionDenied):
        with_client(server, lambda client: client.listdir("/"), client_keys=None, password="wrong")


def test_closing_with_requests_on_their_way(server):
    trees.write(server.root / "file", 3_000_000)

    async def go():
        for _ in range(10):
            connection = await pythonic.asyncssh_connect(server)
            client = await connection.start_sftp_client()
            file = await client.open("/file", "rb")
            reads = [asyncio.ensure_future(file.read(200_000, offset)) for offset in range(0, 3_000_000, 200_000)]
            await asyncio.sleep(0)
            connection.abort()
            await asyncio.gather(*reads, return_exceptions=True)
            await connection.wait_closed()

    pythonic.run(go())
    with_client(server, lambda client: client.listdir("/"))
