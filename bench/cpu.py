"""CPU seconds and memory of a server with all its children."""

import os
import pathlib
import re
import time

_ROOT = pathlib.Path("/sys/fs/cgroup")


def _hierarchy():
    """Where groups that count CPU are made, and how the count is read: version 1's or version 2's."""
    if (_ROOT / "cpuacct" / "cgroup.procs").exists():
        return _ROOT / "cpuacct", _read_v1
    if (_ROOT / "cgroup.controllers").exists():
        return _ROOT, _read_v2
    return None, None


def _read_v1(group):
    return int((group / "cpuacct.usage").read_text()) / 1e9


def _read_v2(group):
    return int(re.search(r"^usage_usec (\d+)", (group / "cpu.stat").read_text(), re.M).group(1)) / 1e6


def tree(pid):
    """The process and its descendants."""
    pids = [pid]
    for one in pids:
        for path in pathlib.Path(f"/proc/{one}/task").glob("*/children"):
            try:
                pids += [int(child) for child in path.read_text().split()]
            except OSError:
                pass
    return pids


class Cpu:
    """Exact where a control group may be made; else the accounting of the processes that still run, in ticks."""

    def __init__(self, name, pid):
        self.pid = pid
        self.group = None
        root, self._read = _hierarchy()
        if root is None:
            return
        try:
            group = root / f"sallyport-bench-{name}-{pid}"
            group.mkdir()
            (group / "cgroup.procs").write_text(str(pid))
            self.group = group
        except OSError:
            pass

    @property
    def is_exact(self):
        return self.group is not None

    def seconds(self):
        if self.group:
            return self._read(self.group)
        total = 0
        for pid in tree(self.pid):
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                total += sum(int(field) for field in fields[11:15])
            except OSError:
                pass
        return total / os.sysconf("SC_CLK_TCK")

    def settled(self, quiet=0.1, limit=3.0):
        """Seconds once the server has stopped working: what it does to end sessions belongs to them."""
        before, end = self.seconds(), time.monotonic() + limit
        while time.monotonic() < end:
            time.sleep(quiet)
            now = self.seconds()
            if now - before < quiet / 50:
                return now
            before = now
        return before

    def close(self):
        for _ in range(50):
            if not self.group:
                return
            try:
                self.group.rmdir()
                self.group = None
            except OSError:
                time.sleep(0.1)


def memory(pid):
    """Bytes of the server and its children; pages that they share count once."""
    total = 0
    for one in tree(pid):
        try:
            total += int(re.search(r"^Pss:\s+(\d+)", pathlib.Path(f"/proc/{one}/smaps_rollup").read_text(), re.M).group(1))
        except (OSError, AttributeError):
            pass
    return total * 1024
