"""net-sftp of Ruby, which knows all versions, and in version 5 not all of it."""

import pathlib

import pytest

import openssh

SCRIPT = pathlib.Path(__file__).parent / "clients" / "net_sftp_list.rb"


@pytest.mark.parametrize("version", [3, 4, 5, 6])
def test_listing(start, version):
    server = start(host_keys=("ecdsa256",))
    (server.root / "dir/sub").mkdir(parents=True)
    for size in range(1, 60):
        file = server.root / f"dir/file-{size:02}"
        file.write_bytes(bytes(size))
        file.chmod(0o604)
    (server.root / "dir/.hidden").write_bytes(b"1")
    (server.root / "dir/.hidden").chmod(0o600)
    lines = openssh.run(["ruby", SCRIPT, server.port, server.user, server.password, version, "/dir"]).stdout.splitlines()
    assert lines[2] == f".hidden 1 1 {0o600}" and [line.split()[0] for line in lines[:2]] == [".", ".."]
    assert lines[3:62] == [f"file-{size:02} {size} {size} {0o604}" for size in range(1, 60)]
    assert lines[62].startswith("sub ") and len(lines) == 63
