"""The servers that are compared: each started on a loopback port of its own, with a folder, a user and a key."""

import pathlib
import re
import shutil
import subprocess
import sys

from cpu import Cpu

ROOT = pathlib.Path(__file__).resolve().parents[1]
DEPS = ROOT / ".deps"


def _process():
    """The starters of the interoperability tests. They look at SALLY_BUILD when they are imported."""
    sys.path.insert(0, str(ROOT / "tests" / "interop"))
    import process

    return process


class Peer:
    """One server that runs. `folder` is where its files lie, remote() what a client calls them."""

    name = None
    password = "correct-horse"

    def __init__(self, work, keys):
        self.keys = keys
        self.folder = pathlib.Path(work) / self.name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.server = self.start()
        self.port, self.pid, self.user = self.server.port, self.server.pid, getattr(self.server, "user", "joe")
        self.cpu = Cpu(self.name, self.pid)

    def start(self):
        raise NotImplementedError

    def remote(self, name):
        return f"/{name}"

    def stop(self):
        self.server.stop()
        self.cpu.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @classmethod
    def is_here(cls):
        return True

    @classmethod
    def version(cls):
        return ""


class Sallyport(Peer):
    name = "sallyport"

    def start(self):
        process = _process()
        return process.Server(self.folder, self.keys, root=self.folder, arguments=("-q",),
                              settings={"limits.connections": 0, "limits.connections_per_address": 0,
                                        "limits.unauthenticated": 0, "limits.buffered_bytes": "8G"})

    @classmethod
    def version(cls):
        commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True,
                                check=False).stdout.strip()
        return f"Sallyport {commit}"


class OpenSSH(Peer):
    name = "openssh"

    def start(self):
        return _process().Sshd(self.folder, self.keys, "internal-sftp",
                               extra=["MaxStartups 10000", "UseDNS no", "PrintMotd no"])

    def remote(self, name):
        return str(self.folder / name)

    @classmethod
    def version(cls):
        library = next((DEPS / "sshd/usr/lib").glob("*-linux-gnu"))
        said = subprocess.run([DEPS / "sshd/usr/sbin/sshd", "-V"], capture_output=True, text=True, check=False,
                              env={"LD_LIBRARY_PATH": str(library)}).stderr
        found = re.search(r"OpenSSH_\S+ \S+", said)
        return found.group(0).rstrip(",") if found else "OpenSSH"


ALL = [Sallyport, OpenSSH]
