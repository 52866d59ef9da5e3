"""Clients that leave Nagle's algorithm on, as Trilead and libssh do: the rest of what they have to say waits until what they have said is
acknowledged, which TCP puts off by 40 ms or more when no answer carries it."""

import json
import subprocess

import pytest

import process

LOAD = process.BUILD / "bench" / "sally-load"
REQUESTS = 32
SIZE = 32768

pytestmark = pytest.mark.skipif(not LOAD.exists(), reason="the build has no SALLY_BENCH")


@pytest.mark.parametrize("mode, pieces", [("get", 64), ("put", 16384), ("put", 20000), ("stat", 64)])
def test_no_request_waits_for_an_acknowledgement(start, keys, mode, pieces):
    server = start()
    subprocess.run([LOAD, "--write", server.root / "file", "--size", str(REQUESTS * SIZE)], check=True)
    command = [LOAD, "--port", server.port, "--user", server.user, "--key", keys.path("client"), "--json", "--mode", f"{mode}:1",
               "--path", "/file", "--size", REQUESTS * SIZE, "--request", SIZE, "--nagle", "--pieces", pieces,
               "--count", REQUESTS if mode == "stat" else 1]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False,
                          env=process.sanitizer_env(), timeout=300)
    process.assert_no_report(done.stderr)
    assert done.returncode == 0, done.stderr
    result, = json.loads(done.stdout)["results"]
    assert result["operations"] >= REQUESTS
    assert result["p50_us"] < 30000, result
