"""The server under attack, and what it costs the machine."""

import os
import pathlib
import re
import signal
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SALLY_BUILD", ROOT / "build" / "asan")).resolve()
_REPORT = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|SUMMARY: \w+Sanitizer")
# The thread sanitizer keeps about so many bytes for each of ours.
_SHADOW = 5 if re.search(r"^SALLY_SANITIZE:\w+=thread", (BUILD / "CMakeCache.txt").read_text(), re.M) else 1
_LISTENING = re.compile(r"listening on sftp://(\S+):(\d+)")


def wait_for(condition, seconds=20):
    """Whether it comes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class Server:
    """`sallyport serve`, or slow_server in one of its modes, or roots_server, for the user joe with the password pw. slow_server
    can serve another folder than its own."""

    def __init__(self, directory, *arguments, user="joe:pw", slow=None, milliseconds=1000, roots=(), folder=None):
        self.files = pathlib.Path(directory) / "files"
        self.files.mkdir()
        for root in roots:
            (self.files / root).mkdir()
        if roots:
            command = [BUILD / "tests" / "attack" / "roots_server", self.files]
        elif slow:
            command = [BUILD / "tests" / "attack" / "slow_server", folder or self.files, slow, milliseconds, *arguments]
        else:
            key = pathlib.Path(directory) / "host_key"  # its own would be three, and RSA takes a while to make
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], stdin=subprocess.DEVNULL, check=True)
            command = [BUILD / "cmd" / "sallyport", "serve", self.files, "--listen", "sftp://127.0.0.1:0", "--user", user,
                       "--host-key", key, *arguments]
        env = {**os.environ, "HOME": str(directory), "XDG_STATE_HOME": str(directory),
               "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:quarantine_size_mb=1", "UBSAN_OPTIONS": "print_stacktrace=1",
               "TSAN_OPTIONS": "halt_on_error=1"}
        self.lines, self.port, self._ready = [], None, threading.Event()
        self.process = subprocess.Popen([str(word) for word in command], env=env, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._ready.wait(30) and self.port, self.output()

    def _read(self):
        for raw in self.process.stdout:
            line = raw.decode(errors="replace").rstrip("\n")
            self.lines.append(line)
            match = _LISTENING.search(line)
            if match and self.port is None:
                self.port = int(match.group(2))
                self._ready.set()
        self._ready.set()

    def output(self):
        return "\n".join(self.lines)

    def memory(self):
        """Bytes that are really used."""
        pages = int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // _SHADOW

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def used_ticks(self):
        """Of processor time, by all threads so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def alive(self):
        return self.process.poll() is None

    def finish(self, patience=20):
        """Ends it; it must not have died before, and no sanitizer may have spoken."""
        was_alive = self.alive()
        for _ in range(2):
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(patience)
                break
            except subprocess.TimeoutExpired:
                continue
        else:
            self.process.kill()
            self.process.wait()
        self._reader.join(10)
        match = _REPORT.search(self.output())
        assert not match, self.output()[match.start():match.start() + 6000]
        assert was_alive, "the server had died:\n" + self.output()[-4000:]
        assert self.process.returncode == 0, self.output()[-4000:]
