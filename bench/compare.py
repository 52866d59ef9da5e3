"""Measures the server against OpenSSH's sshd with internal-sftp: the same client, the same cipher, files in memory, in alternating order.

    bench/compare.py BUILD [--mib 1024] [--rounds 3]

Prints, per row, server CPU-seconds per GiB and wall seconds of both, as medians, and our figure as a ratio to OpenSSH's. Every file is compared
byte for byte; a wrong one has no time. The server's CPU is read from a cgroup of its own where the system lets us, else from the accounting
of its processes.
"""

import argparse
import filecmp
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "interop"))

CGROUPS = pathlib.Path("/sys/fs/cgroup/cpuacct")


class Cpu:
    """CPU seconds used by a server and all its children."""

    def __init__(self, name, pid):
        self.pid = pid
        self.group = None
        try:
            group = CGROUPS / f"sallyport-bench-{name}-{os.getpid()}"
            group.mkdir()
            (group / "cgroup.procs").write_text(str(pid))
            self.group = group
        except OSError:
            pass

    def seconds(self):
        if self.group:
            return int((self.group / "cpuacct.usage").read_text()) / 1e9
        total, ticks = 0, os.sysconf("SC_CLK_TCK")
        for pid in self._tree():
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                total += sum(int(field) for field in fields[11:15])
            except OSError:
                pass
        return total / ticks

    def _tree(self):
        pids = [self.pid]
        for pid in pids:
            for path in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                pids += [int(child) for child in path.read_text().split()]
        return pids

    def close(self):
        if self.group:
            for _ in range(50):
                try:
                    self.group.rmdir()
                    return
                except OSError:
                    time.sleep(0.1)


class Side:
    """One server, with what the client needs to reach it."""

    def __init__(self, name, server, user, folder):
        self.name, self.server, self.user, self.folder = name, server, user, folder
        self.cpu = Cpu(name, server.pid)

    def transfer(self, client, direction, local, remote, cipher, request):
        command = [client, "-q", "-b", "-", "-P", str(self.server.port), "-B", str(request), "-R", "64",
                   "-o", f"Ciphers={cipher}", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                   "-o", "LogLevel=ERROR", "-i", self.server.keys.path("client"), f"{self.user}@127.0.0.1"]
        before, begin = self.cpu.seconds(), time.monotonic()
        batch = f"{direction} {remote} {local}\n" if direction == "get" else f"{direction} {local} {remote}\n"
        done = subprocess.run([str(word) for word in command], input=batch, text=True, capture_output=True, check=False)
        wall = time.monotonic() - begin
        if done.returncode != 0:
            raise SystemExit(f"{self.name}: {direction} failed: {done.stderr}")
        time.sleep(0.2)  # what the server does to end the session belongs to it, and is no part of the wall time
        return self.cpu.seconds() - before, wall


def measure(sides, work, mib, rounds, cipher, request, direction):
    source = work / "source.bin"
    results = {side.name: [] for side in sides}
    for round_number in range(rounds):
        for side in sides if round_number % 2 == 0 else reversed(sides):
            served = side.folder / "file.bin"
            local = work / "local.bin"
            remote = side.remote / "file.bin"
            if direction == "get":
                shutil.copyfile(source, served)
                local.unlink(missing_ok=True)
                figures = side.transfer("sftp", "get", local, remote, cipher, request)
                good = filecmp.cmp(source, local, shallow=False)
            else:
                served.unlink(missing_ok=True)
                figures = side.transfer("sftp", "put", source, remote, cipher, request)
                good = filecmp.cmp(source, served, shallow=False)
            if not good:
                raise SystemExit(f"{side.name}: {direction}: the file differs")
            results[side.name].append((figures[0] * 1024 / mib, figures[1]))
            served.unlink()
    return {name: tuple(statistics.median(column) for column in zip(*rows)) for name, rows in results.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ciphers", default="aes128-gcm@openssh.com,chacha20-poly1305@openssh.com")
    arguments = parser.parse_args()
    os.environ["SALLY_BUILD"] = arguments.build

    import keys as key_module
    import process

    work = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-bench-", dir="/dev/shm"))
    sides = []
    try:
        keys = key_module.Keys(work)
        (work / "ours").mkdir()
        ours = process.Server(work, keys, root=work / "ours")
        sides.append(Side("sallyport", ours, ours.user, work / "ours"))
        sides[0].remote = pathlib.PurePosixPath("/")
        sshd = process.Sshd(work, keys, "internal-sftp")
        (work / "theirs").mkdir()
        sides.append(Side("openssh", sshd, sshd.user, work / "theirs"))
        sides[1].remote = work / "theirs"

        with (work / "source.bin").open("wb") as out:
            for _ in range(arguments.mib):
                out.write(os.urandom(1 << 20))
        print(f"{'':44} {'CPU s/GiB':>22} {'ratio':>7} {'wall s':>18} {'ratio':>7}")
        for cipher in arguments.ciphers.split(","):
            for request in (32768, 261120):
                for direction in ("get", "put"):
                    rows = measure(sides, work, arguments.mib, arguments.rounds, cipher, request, direction)
                    (cpu, wall), (their_cpu, their_wall) = rows["sallyport"], rows["openssh"]
                    name = f"{direction} {cipher.split('@')[0]} {request // 1024} KiB"
                    print(f"{name:44} {cpu:10.3f} {their_cpu:11.3f} {cpu / their_cpu:7.2f} {wall:8.2f} {their_wall:9.2f} "
                          f"{wall / their_wall:7.2f}", flush=True)
    finally:
        for side in sides:
            side.server.stop()
            side.cpu.close()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
