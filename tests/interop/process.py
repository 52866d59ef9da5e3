"""The servers under test: the program itself, and OpenSSH's sshd as the host of our subsystem program."""

import os
import pathlib
import re
import signal
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SALLY_BUILD", ROOT / "build" / "asan")).resolve()
PROGRAM = BUILD / "cmd" / "sallyport"
SFTP_SERVER = BUILD / "cmd" / "sallyport-sftp-server"
SSHD = ROOT / ".deps" / "sshd"
LONG = bool(os.environ.get("SALLY_LONG"))

_SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|SUMMARY: \w+Sanitizer")
_LISTENING = re.compile(r"listening on sftp://(\S+):(\d+)")


def sanitizer_env():
    return {**os.environ, "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:quarantine_size_mb=1", "UBSAN_OPTIONS": "print_stacktrace=1",
            "TSAN_OPTIONS": "halt_on_error=1"}


def is_sanitized():
    cache = (BUILD / "CMakeCache.txt").read_text()
    return bool(re.search(r"^SALLY_SANITIZE:\w+=\S", cache, re.M))


def assert_no_report(text):
    match = _SANITIZER.search(text)
    assert not match, f"a sanitizer spoke:\n{text[match.start():match.start() + 6000]}"


class Process:
    """A server that runs in the foreground, with what it said."""

    def __init__(self, command, env, announcement, stop_signal=signal.SIGTERM):
        self.lines = []
        self.port = None
        self.stop_signal = stop_signal
        self._ready = threading.Event()
        self._announcement = announcement
        self._process = subprocess.Popen([str(word) for word in command], env=env, stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(30) or self.port is None:
            self._process.kill()
            self._reader.join(5)
            raise AssertionError(f"the server did not start:\n{self.output()}")

    def _read(self):
        for raw in self._process.stdout:
            line = raw.decode(errors="replace").rstrip("\n")
            self.lines.append(line)
            match = self._announcement.search(line)
            if match and self.port is None:
                self.port = int(match.group(match.lastindex))
                self._ready.set()
        self._ready.set()

    def output(self):
        return "\n".join(self.lines)

    def running(self):
        return self._process.poll() is None

    def rss(self):
        """Resident bytes."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self, seconds=30):
        """Asks the server to end; the exit code."""
        if self.running():
            self._process.send_signal(self.stop_signal)
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            code = None
        self._reader.join(10)
        assert_no_report(self.output())
        assert code is not None, f"the server did not stop within {seconds} s:\n{self.output()[-4000:]}"
        return code


class Server(Process):
    """`sallyport serve` on a loopback port of its own choice, with one user who has a password and keys."""

    user = "joe"
    password = "correct-horse"

    def __init__(self, work, keys, settings=None, arguments=(), host_keys=("ed25519",), root=None):
        self.keys = keys
        self.root = pathlib.Path(root or work / "root")
        self.root.mkdir(exist_ok=True)
        self.host_kinds = host_keys
        command = [PROGRAM, "serve", self.root, "--listen", "sftp://127.0.0.1:0", "--user",
                   f"{self.user}:{self.password}", "--authorized-keys", keys.authorized]
        for kind in host_keys:
            command += ["--host-key", keys.path("host", kind)]
        for name, value in (settings or {}).items():
            command += ["--set", f"{name}={value}"]
        if os.geteuid() != 0 and not is_sanitized():
            command.append("--no-sandbox")  # in which no one but root can count its descriptors
        super().__init__([*command, *arguments], sanitizer_env(), _LISTENING)

    def finish(self):
        code = self.stop()
        assert code == 0, f"the server ended with {code}:\n{self.output()[-4000:]}"

    def wait_idle(self, baseline, seconds=10):
        """Waits until no more than `baseline` descriptors are open."""
        deadline = time.monotonic() + seconds
        while self.descriptors() > baseline and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.descriptors()


class Sshd(Process):
    """OpenSSH's sshd from .deps, not installed and not a daemon. It insists on a user `sshd` and on /run/sshd when root
    starts it: it gets both in a mount namespace of its own, in which joe is root."""

    password = "correct-horse"

    def __init__(self, work, keys, subsystem, extra=()):
        self.keys = keys
        self.root = pathlib.Path(work) / "sshd-root"
        self.root.mkdir()
        config = pathlib.Path(work) / "sshd_config"
        port = free_port()
        lines = [f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {keys.path('host')}",
                 f"AuthorizedKeysFile {keys.authorized}", "StrictModes no", "UsePAM no", "PermitRootLogin yes",
                 "PidFile none", f"Subsystem sftp {subsystem}", *extra]
        config.write_text("\n".join(lines) + "\n")
        daemon = [str(SSHD / "usr/sbin/sshd"), "-D", "-e", "-f", str(config)]
        library = next((SSHD / "usr/lib").glob("*-linux-gnu"))
        env = {**os.environ, "LD_LIBRARY_PATH": str(library)}
        if os.getuid() == 0:
            self.user = "joe"
            daemon = self._in_namespace(pathlib.Path(work), daemon)
        else:
            self.user = os.environ.get("USER") or subprocess.run(["id", "-un"], capture_output=True, text=True,
                                                                 check=True).stdout.strip()
        super().__init__(daemon, env, re.compile(r"Server listening on 127\.0\.0\.1 port (\d+)"))

    def _in_namespace(self, work, daemon):
        hashed = subprocess.run(["openssl", "passwd", "-6", self.password], capture_output=True, text=True,
                                check=True).stdout.strip()
        passwd = work / "passwd"
        passwd.write_text("root:x:0:0:root:/root:/bin/sh\nsshd:x:74:74::/run/sshd:/usr/sbin/nologin\n"
                          f"joe:{hashed}:0:0:joe:{self.root}:/bin/sh\n")
        # A copy of the whole folder: a file that is mounted over goes when someone elsewhere puts a new one in its place.
        script = ("mount -t tmpfs tmpfs /run && mkdir /run/sshd && { cp -a /etc /run/etc || true; } && "
                  f"cp '{passwd}' /run/etc/passwd && mount --bind /run/etc /etc && exec \"$@\"")
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", *daemon]

    def finish(self):
        self.stop()


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
