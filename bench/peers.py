"""The servers that are compared: each started on a loopback port of its own, with a folder, a user and a key."""

import importlib.util
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time

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
                                        "limits.unauthenticated": 0, "limits.memory": "8G", "limits.memory_per_user": "8G"})

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


class _Python(Peer):
    """A server in Python that says where it listens."""

    script = None
    env = {}

    def start(self):
        python = pathlib.Path(__file__).parent / "python"
        command = ["/usr/bin/python3", "-W", "ignore", python / self.script, _process().free_port(), self.folder,
                   self.keys.path("host"), self.keys.authorized]
        return _process().Process(command, {**os.environ, **self.env}, re.compile(r"listening on port (\d+)"))

    @classmethod
    def version(cls):
        said = subprocess.run(["/usr/bin/python3", "-W", "ignore", "-c", f"import {cls.name}; print({cls.name}.__version__)"],
                              env={**os.environ, **cls.env}, capture_output=True, text=True, check=False)
        return f"{cls.name} {said.stdout.strip()}"


class AsyncSSH(_Python):
    name = "asyncssh"
    script = "asyncssh_server.py"

    @classmethod
    def is_here(cls):
        return importlib.util.find_spec("asyncssh") is not None


class Twisted(_Python):
    name = "twisted"
    script = "twisted_server.py"
    env = {"PYTHONPATH": str(DEPS / "twisted/usr/lib/python3/dist-packages")}

    def remote(self, name):
        return str(self.folder / name)

    @classmethod
    def is_here(cls):
        return (DEPS / "twisted").exists()


class ProFTPD(Peer):
    """With mod_sftp, as root for all that it does: it would otherwise change to the user."""

    name = "proftpd"
    root = DEPS / "proftpd"

    def start(self):
        port = _process().free_port()
        aside = self.folder.with_name("proftpd-state")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        (aside / "passwd").write_text(f"joe:{'x' * 13}:{os.getuid()}:{os.getgid()}:joe:{self.folder}:/bin/sh\n")
        (aside / "group").write_text(f"joe:x:{os.getgid()}:\n")
        (aside / "passwd").chmod(0o600)
        (aside / "group").chmod(0o600)
        keys = aside / "keys"
        keys.mkdir()
        converted = subprocess.run(["ssh-keygen", "-e", "-m", "RFC4716", "-f", f"{self.keys.path('client')}.pub"],
                                   check=True, capture_output=True, text=True).stdout
        (keys / "joe").write_text(converted)
        modules = self.root / "usr/lib/proftpd"
        config = aside / "proftpd.conf"
        config.write_text(f"""
ModulePath {modules}
LoadModule mod_sftp.c
ServerType standalone
DefaultAddress 127.0.0.1
Port {port}
User root
Group root
RootLogin on
MaxInstances none
UseReverseDNS off
AuthOrder mod_auth_file.c
AuthUserFile {aside / 'passwd'}
AuthGroupFile {aside / 'group'}
RequireValidShell off
WtmpLog off
TransferLog none
PidFile {aside / 'pid'}
ScoreboardFile {aside / 'scoreboard'}
DelayEngine off
AllowOverwrite on
<IfModule mod_sftp.c>
SFTPEngine on
SFTPHostKey {self.keys.path('host')}
SFTPAuthorizedUserKeys file:{keys}/%u
SFTPAuthMethods publickey
</IfModule>
""")
        library = next((self.root / "usr/lib").glob("*-linux-gnu"))
        server = _Silent([self.root / "usr/sbin/proftpd", "-n", "-q", "-c", config],
                         {**os.environ, "LD_LIBRARY_PATH": str(library)}, port)
        return server

    def remote(self, name):
        return str(self.folder / name)

    @classmethod
    def is_here(cls):
        return cls.root.exists()

    @classmethod
    def version(cls):
        library = next((cls.root / "usr/lib").glob("*-linux-gnu"))
        said = subprocess.run([cls.root / "usr/sbin/proftpd", "-v"], capture_output=True, text=True, check=False,
                              env={"LD_LIBRARY_PATH": str(library)})
        return (said.stdout + said.stderr).strip()


class _Silent:
    """A server that does not say when it listens."""

    def __init__(self, command, env, port):
        self._process = subprocess.Popen([str(word) for word in command], env=env, stdin=subprocess.DEVNULL,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid, self.port = self._process.pid, port
        self._wait(time.monotonic() + 10)

    def _wait(self, deadline):
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    self.stop()
                    raise
                time.sleep(0.1)

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


# The first is what is measured, the second what it is measured against.
ALL = [Sallyport, OpenSSH, ProFTPD, AsyncSSH, Twisted]
