"""Running the clients: sally-load, OpenSSH's sftp. What they transfer is compared, or the run fails."""

import contextlib
import json
import socket
import subprocess
import threading
import time

PATIENCE = 300  # seconds that no client needs


class Failed(Exception):
    """A wrong or broken transfer: it has no time."""


class Load:
    """sally-load, held at its two gates: connected but not begun, and finished but still connected."""

    def __init__(self, program, peer, *arguments, port=None):
        self._process = subprocess.Popen(
            [str(word) for word in (program, "--port", port or peer.port, "--user", peer.user, "--key",
                                    peer.keys.path("client"), "--gated", "--json", *arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._patience = threading.Timer(PATIENCE, self._process.kill)  # or a server that hangs would hold up all the others
        self._patience.start()
        self.ready = self._line()

    def _line(self):
        line = self._process.stdout.readline()
        if not line:
            self._patience.cancel()
            raise Failed(self._process.communicate()[1].strip() or "it was stopped: nothing moved any more")
        return line

    def measure(self):
        """The results, by mode."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        results = json.loads(self._line())
        self.client_cpu = results["client_cpu_s"]
        return {one["mode"]: one for one in results["results"]}

    def finish(self):
        said = self._process.communicate()[1]
        self._patience.cancel()
        if self._process.returncode != 0:
            raise Failed(said.strip())


def load(program, peer, *arguments, settle=False, port=None):
    """Runs it once. The results by mode, and the server's CPU seconds meanwhile, without those of the logins; with `settle`,
    with what the server does until it is silent."""
    client = Load(program, peer, *arguments, port=port)
    before = peer.cpu.settled() if settle else peer.cpu.seconds()
    results = client.measure()
    cpu = (peer.cpu.settled() if settle else peer.cpu.seconds()) - before
    client.finish()
    return results, cpu


def write_pattern(program, path, size, seed=0):
    subprocess.run([program, "--write", path, "--size", str(size), "--seed", str(seed)], check=True)


def check_pattern(program, path, size, seed=0):
    done = subprocess.run([program, "--check", path, "--size", str(size), "--seed", str(seed)], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise Failed(done.stderr.strip())


def _run(command, **options):
    try:
        return subprocess.run(command, text=True, capture_output=True, check=False, timeout=PATIENCE, **options)
    except subprocess.TimeoutExpired as error:
        raise Failed("it was stopped: nothing moved any more") from error


def sftp(peer, direction, local, remote, cipher, request, depth=64, port=None):
    """OpenSSH's client, from its start to its end. CPU seconds of the server, and seconds."""
    command = ["sftp", "-q", "-b", "-", "-P", port or peer.port, "-B", request, "-R", depth, "-o", f"Ciphers={cipher}",
               "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-i",
               peer.keys.path("client"), f"{peer.user}@127.0.0.1"]
    batch = f"get {remote} {local}\n" if direction == "get" else f"put {local} {remote}\n"
    before, begin = peer.cpu.seconds(), time.monotonic()
    done = _run([str(word) for word in command], input=batch)
    seconds = time.monotonic() - begin
    if done.returncode != 0:
        raise Failed(done.stderr.strip())
    return peer.cpu.settled() - before, seconds


def lftp(peer, direction, local, remote, cipher):
    """CPU seconds of the server, and seconds."""
    ssh = (f"ssh -a -x -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -c {cipher} "
           f"-i {peer.keys.path('client')}")
    task = f"get {remote} -o {local}" if direction == "get" else f"put {local} -o {remote}"
    script = (f"set sftp:connect-program '{ssh}'; set net:max-retries 1; set cmd:fail-exit yes; set xfer:clobber yes; "
              f"open -u {peer.user},x -p {peer.port} sftp://127.0.0.1; {task}; bye")
    before, begin = peer.cpu.seconds(), time.monotonic()
    done = _run(["lftp", "-c", script], stdin=subprocess.DEVNULL)
    seconds = time.monotonic() - begin
    if done.returncode != 0:
        raise Failed(done.stderr.strip())
    return peer.cpu.settled() - before, seconds


@contextlib.contextmanager
def line(program, peer, delay_ms, mbit):
    """A line to the peer, with this delay in either direction and this rate: its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    relay = subprocess.Popen([str(word) for word in (program, port, peer.port, delay_ms, mbit)], stdout=subprocess.PIPE)
    try:
        if relay.stdout.readline() != b"ready\n":
            raise Failed("the relay did not start")
        yield port
    finally:
        relay.kill()
        relay.communicate()


def limits(program, folder, mib, piece_kib):
    """The machine's own figures, by name."""
    done = subprocess.run([str(word) for word in (program, folder, mib, piece_kib)], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise Failed(done.stderr.strip())
    return {one["name"]: one for one in map(json.loads, done.stdout.splitlines())}
