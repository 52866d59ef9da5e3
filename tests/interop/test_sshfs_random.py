"""Random reads, writes, truncations and looks through sshfs, with every cache it has or without, compared with what they would
do to a file in memory. sshfs sends WRITEs without waiting for their answers and then asks for the size by path or handle: a server
that lets the question overtake them shows a size that was."""

import os
import random
import subprocess
import time
from contextlib import contextmanager

import pytest

import openssh
from process import LONG

if not os.access("/dev/fuse", os.R_OK | os.W_OK):
    pytest.skip("this machine lets nobody mount: /dev/fuse is missing or closed", allow_module_level=True)

MOST_BYTES = 300_000
MOST_AT_ONCE = 70_000  # more than one WRITE of sshfs

# The mode in which a stale size shows first, and its operations, are the first ones.
MODES = {
    "default": [],
    "no-dir-cache": ["dir_cache=no"],
    "kernel-cache": ["kernel_cache"],
    "auto-cache": ["auto_cache"],
    "direct-io": ["direct_io"],
    "no-attributes": ["dir_cache=no", "attr_timeout=0", "entry_timeout=0"],
    "no-readahead": ["no_readahead", "dir_cache=no"],
    "synchronous": ["sshfs_sync"],
    "single-thread": ["dir_cache=no", "-s"],
    "connections": ["max_conns=3"],
    "connections-no-cache": ["max_conns=3", "dir_cache=no"],
}


@contextmanager
def mounted(server, point, options):
    point.mkdir()
    words = [word for option in options for word in ([option] if option.startswith("-") else ["-o", option])]
    command = ["sshfs", f"{server.user}@127.0.0.1:/", point, "-f", "-F", "none", "-p", server.port,
               "-o", "workaround=none", *words, *openssh.options(server)]
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while not os.path.ismount(point):
            assert process.poll() is None and time.monotonic() < deadline, "sshfs did not mount"
            time.sleep(0.02)
        yield point
    finally:
        subprocess.run(["fusermount3", "-u", str(point)], check=False)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            subprocess.run(["fusermount3", "-u", "-z", str(point)], check=False)


class Exerciser:
    """One file, through two descriptors and two names, and what it must hold."""

    def __init__(self, directory, seed):
        self.random = random.Random(seed)
        self.names = [directory / "file", directory / "other"]
        self.model = bytearray()
        self.history = []
        self.files = [os.open(self.names[0], os.O_RDWR | os.O_CREAT), os.open(self.names[0], os.O_RDWR)]

    def close(self):
        for file in self.files:
            os.close(file)

    def note(self, *what):
        self.history = [*self.history[-15:], what]

    def same(self, found, wanted, what):
        if found != wanted:
            lines = "\n".join(" ".join(str(word) for word in entry) for entry in self.history)
            short = [value if isinstance(value, int) else f"{len(value)} bytes" for value in (found, wanted)]
            pytest.fail(f"{what}: {short[0]} instead of {short[1]}, after\n{lines}")

    def write(self):
        offset = self.random.randrange(min(MOST_BYTES - MOST_AT_ONCE, len(self.model) + 20_000) + 1)
        data = self.random.randbytes(self.random.randint(1, self.random.choice([50, 5000, MOST_AT_ONCE])))
        self.note("write", offset, len(data))
        assert os.pwrite(self.random.choice(self.files), data, offset) == len(data)
        if offset > len(self.model):
            self.model.extend(bytes(offset - len(self.model)))
        self.model[offset:offset + len(data)] = data

    def read(self):
        offset = self.random.randrange(len(self.model) + 1000)
        size = self.random.randint(1, self.random.choice([50, 5000, MOST_AT_ONCE]))
        self.note("read", offset, size)
        self.same(os.pread(self.random.choice(self.files), size, offset), bytes(self.model[offset:offset + size]), "read")

    def truncate(self):
        size = self.random.randrange(min(MOST_BYTES, len(self.model) + 20_000) + 1)
        by_path = self.random.random() < 0.5
        self.note("truncate", "path" if by_path else "handle", size)
        os.truncate(self.names[0] if by_path else self.random.choice(self.files), size)
        del self.model[size:]
        self.model.extend(bytes(size - len(self.model)))

    def fstat(self):
        self.note("fstat")
        self.same(os.fstat(self.random.choice(self.files)).st_size, len(self.model), "size by handle")

    def stat(self):
        self.note("stat")
        self.same(os.stat(self.names[0]).st_size, len(self.model), "size by path")

    def reopen(self):
        index = self.random.randrange(2)
        self.note("reopen", index)
        os.close(self.files[index])
        self.files[index] = os.open(self.names[0], os.O_RDWR)
        self.same(os.lseek(self.files[index], 0, os.SEEK_END), len(self.model), "size after opening")

    def sync(self):
        self.note("fsync")
        os.fsync(self.random.choice(self.files))

    def rename(self):
        self.note("rename")
        os.rename(*self.names)
        self.names.reverse()
        self.stat()

    def run(self, count):
        actions = [self.write] * 6 + [self.read] * 4 + [self.truncate] * 2 + [self.fstat] * 4 + [self.stat] * 2 + [self.reopen, self.sync, self.rename]
        for _ in range(count):
            self.random.choice(actions)()


def operations(mode):
    if LONG:
        return 5000
    return 1500 if mode == "default" else 500


@pytest.mark.timeout(1800 if LONG else 300)
@pytest.mark.parametrize("mode", MODES)
def test_as_in_memory(server, work, mode):
    for seed in range(5 if LONG else 1):
        with mounted(server, work / f"mnt{seed}", MODES[mode]) as point:
            exerciser = Exerciser(point, seed)
            try:
                exerciser.run(operations(mode))
            finally:
                exerciser.close()
        assert (server.root / exerciser.names[0].name).read_bytes() == bytes(exerciser.model)
        (server.root / exerciser.names[0].name).unlink()
