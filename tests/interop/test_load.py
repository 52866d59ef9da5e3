"""Many sessions that do everything at once, with new keys all the time; every byte is compared."""

import json
import os
import subprocess

import pytest

import process

LOAD = process.BUILD / "bench" / "sally-load"
SECONDS = float(os.environ.get("SALLY_LOAD_SECONDS", "5"))
SESSIONS = 64
ENTRIES = 300
# What sessions do in turn, each with so many requests in flight, on files of this size.
MODES = ("get:16:3M", "put-get:16:2M", "stat:4", "readdir:2", "small:8:4K", "get:4:200K", "put-get:2:100K", "small:3:30000")

pytestmark = pytest.mark.skipif(not LOAD.exists(), reason="the build has no SALLY_BENCH")


def fill(root):
    """What is read: files that tell where each of their bytes belongs, and a folder."""
    for name in ("get", "put-get", "small", "stat", "readdir"):
        (root / name).mkdir()
    for number in range(SESSIONS):
        mode, _, size = (MODES[number % len(MODES)].split(":") + [""])[:3]
        path = root / mode / str(number)
        if mode == "get":
            subprocess.run([LOAD, "--write", path, "--size", size, "--seed", str(number)], check=True)
        elif mode == "stat":
            path.touch()
        elif mode != "put-get":
            path.mkdir()
        if mode == "readdir":
            for entry in range(ENTRIES):
                (path / f"entry-{entry}").touch()


@pytest.mark.timeout(SECONDS + 400)
@pytest.mark.parametrize("cipher", ["aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com"])
def test_everything_at_once(start, keys, cipher):
    server = start(settings={"ssh.rekey_bytes": "1M"})
    fill(server.root)
    command = [LOAD, "--port", server.port, "--user", server.user, "--key", keys.path("client"), "--json",
               "--mode", ",".join(MODES), "--sessions", SESSIONS, "--path", "/@/%", "--seconds", SECONDS / 2, "--count", 100,
               "--entries", ENTRIES, "--cipher", cipher, "--rekey", "1M"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False,
                          env=process.sanitizer_env(), timeout=SECONDS + 300)
    process.assert_no_report(done.stderr)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    print(done.stdout)
    for mode, result in zip(MODES, said["results"]):
        assert result["errors"] == 0, mode
        assert result["operations"] > 0, mode
    moved = sum(result["bytes"] for result in said["results"])
    assert said["rekeys"] >= moved / (4 << 20)
