"""The example of a wrapper that encrypts: what clients get back, what they see of sizes, and what is stored."""

import os

import pytest

import trees
from by_password import ByPassword

HEADER = 16


class Vault(ByPassword):
    def __init__(self, tmp_path):
        self.folder = tmp_path / "stored"
        self.folder.mkdir()
        super().__init__("encrypted", self.folder)

    def text(self, name):
        """As a client reads it; what is stored must differ, and be as long."""
        with self.client.open(name, "rb") as file:
            file.prefetch()
            text = file.read()
        stored = (self.folder / name.lstrip("/")).read_bytes()
        assert len(stored) == HEADER + len(text) == HEADER + self.client.stat(name).st_size
        if len(text) >= 16:
            assert text[:16] not in stored and text[-16:] not in stored
        return text


@pytest.fixture(scope="module")
def server_of_all(tmp_path_factory):
    made = Vault(tmp_path_factory.mktemp("vault"))
    yield made
    made.stop()


@pytest.fixture
def vault(server_of_all):
    """With nothing stored in it."""
    for path in server_of_all.folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink()
    return server_of_all


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 32768, 1_000_003])
def test_put_and_get(vault, tmp_path, size):
    source, back = trees.write(tmp_path / "source", size), tmp_path / "back"
    vault.sftp(f"put {source} /file\nget /file {back}")
    assert back.read_bytes() == source.read_bytes() == vault.text("/file")


def test_sizes_in_listings(vault, tmp_path):
    source = trees.write(tmp_path / "source", 12345)
    listing = vault.sftp(f"put {source} /file\nmkdir /folder\nln -s file /link\nls -ln").stdout
    assert " 12345 " in listing and f" {12345 + HEADER} " not in listing
    sizes = {entry.filename: entry.st_size for entry in vault.client.listdir_attr("/")}
    assert sizes["file"] == 12345 and sizes["link"] == len("file") and sizes["folder"] == (vault.folder / "folder").stat().st_size


def test_reput_and_reget(vault, tmp_path):
    data = trees.random_bytes(400_000)
    source, back = tmp_path / "source", tmp_path / "back"
    source.write_bytes(data[:123_457])
    vault.sftp(f"put {source} /file")
    source.write_bytes(data)
    vault.sftp(f"reput {source} /file")  # through a handle that only writes
    assert vault.text("/file") == data
    back.write_bytes(data[:100_001])
    vault.sftp(f"reget /file {back}")
    assert back.read_bytes() == data


@pytest.mark.parametrize("mode", [[], ["-O"]])
def test_scp_over_an_existing_file(vault, tmp_path, mode):
    target, back = "demo@127.0.0.1:/file", tmp_path / "back"
    for number, size in enumerate([70_000, 100_000, 5, 0]):
        source = trees.write(tmp_path / "source", size, seed=number)
        vault.scp(*mode, source, target)
        vault.scp(*mode, target, back)
        assert back.read_bytes() == source.read_bytes() == vault.text("/file")


def test_append(vault):
    pieces = [trees.random_bytes(size, seed=size) for size in (10, 40_000, 1, 33)]
    for piece in pieces:
        with vault.client.open("/file", "ab") as file:
            file.write(piece)
            file.write(piece)
    assert vault.text("/file") == b"".join(piece * 2 for piece in pieces)


def test_truncate(vault):
    data = trees.random_bytes(100_000)
    vault.client.open("/file", "wb").write(data)
    vault.client.truncate("/file", 54_321)
    assert vault.text("/file") == data[:54_321]
    with vault.client.open("/file", "r+b") as file:
        file.truncate(17)
        assert file.stat().st_size == 17
        with pytest.raises(OSError):  # a hole would not read as zeros
            file.truncate(31)
    with pytest.raises(OSError):
        vault.client.truncate("/file", 1 << 40)
    assert vault.text("/file") == data[:17]
    vault.client.truncate("/file", 0)
    assert vault.text("/file") == b""


def test_holes(vault):
    data = trees.random_bytes(1000)
    with vault.client.open("/file", "wb") as file:
        file.write(data)
        file.seek(1001)
        with pytest.raises(OSError):
            file.write(data)
            file.flush()
    assert vault.text("/file") == data


def test_overwritten_in_the_middle(vault):
    data = trees.random_bytes(50_000)
    with vault.client.open("/file", "wb") as file:
        file.write(data)
    with vault.client.open("/file", "r+b") as file:
        file.seek(12_345)
        file.write(b"other text")
        file.seek(12_340)
        assert file.read(20) == data[12_340:12_345] + b"other text" + data[12_355:12_360]
    assert vault.text("/file") == data[:12_345] + b"other text" + data[12_355:]


def test_copies_have_keys_of_their_own(vault):
    data = trees.random_bytes(300_000)
    with vault.client.open("/file", "wb") as file:
        file.write(data)
    vault.sftp("cp /file /copy")
    assert vault.text("/copy") == data
    assert (vault.folder / "copy").read_bytes() != (vault.folder / "file").read_bytes()


def test_what_is_not_ours_is_refused(vault):
    (vault.folder / "short").write_text("text")
    (vault.folder / "long").write_text("text " * 100)
    before = set(os.listdir(f"/proc/{vault.process.pid}/fd"))
    for name in ("/short", "/long"):
        for mode in ("rb", "r+b", "ab"):
            with pytest.raises(OSError):
                vault.client.open(name, mode)
    assert set(os.listdir(f"/proc/{vault.process.pid}/fd")) == before  # the storage inside has closed them
    assert (vault.folder / "short").read_text() == "text"
    (vault.folder / "empty").touch()
    assert vault.client.open("/empty").read() == b""
    assert (vault.folder / "empty").read_bytes() == b""
