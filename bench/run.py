"""Measures the server side by side with others: the same client, files in memory, in alternating order, medians.

    bench/run.py BUILD [--quick] [--groups transfers,idle] [--rounds 5] [--json FILE]

BUILD is a build with SALLY_BENCH=ON. See docs/benchmarks.md.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import groups as group_module
import load
import peers
import table

ROOT = pathlib.Path(__file__).resolve().parents[1]


class Bench:
    """What every row may want to know, and the servers that run."""

    def __init__(self, arguments):
        build = pathlib.Path(arguments.build)
        self.build = build.resolve()
        self.program = self.build / "bench" / "sally-load"
        self.rounds = arguments.rounds or (3 if arguments.quick else 5)
        self.end = time.monotonic() + 60 * (arguments.minutes or (3 if arguments.quick else 20))
        self.rows_left = 1
        self.size = (arguments.mib or (256 if arguments.quick else 1024)) << 20
        self.seconds = 0.5 if arguments.quick else 1.5
        self.files = 20000 if arguments.quick else 50000
        self.connections = 30 if arguments.quick else 150
        self.kinds = [kind for kind in peers.ALL if kind.is_here() and (not arguments.peers or kind.name in arguments.peers)]
        self.running = {}
        base = arguments.folder or "/dev/shm"
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-bench-", dir=base))
        self.disk = pathlib.Path(tempfile.mkdtemp(prefix="sallyport-bench-", dir=arguments.disk))
        os.environ["SALLY_BUILD"] = str(self.build)
        sys.path.insert(0, str(ROOT / "tests" / "interop"))
        self.have_keys()

    def have_keys(self):
        """Again, when somebody has tidied up where they lay: the servers that run are of no use then."""
        import keys

        self.stop()
        self.work.mkdir(exist_ok=True)
        self.keys = keys.Keys(self.work)

    def names(self):
        return [kind.name for kind in self.kinds]

    def peer(self, kind):
        if kind.name not in self.running:
            self.running[kind.name] = kind(self.work, self.keys)
        return self.running[kind.name]

    def stop(self, kind=None):
        """One server, or all."""
        for name in [kind.name] if kind else list(self.running):
            if name in self.running:
                self.running.pop(name).stop()

    def close(self):
        self.stop()
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.rmtree(self.disk, ignore_errors=True)


def run_once(bench, row, kind):
    if not row.is_fresh:
        return row.run(bench, bench.peer(kind))
    peer = kind((bench.disk if row.on_disk else bench.work) / "fresh", bench.keys)
    try:
        return row.run(bench, peer)
    finally:
        peer.stop()


def run_twice(bench, row, kind):
    """Once more with a fresh server when it fails: something outside may have broken it. None: it failed again."""
    for is_last in (False, True):
        try:
            return run_once(bench, row, kind)
        except (load.Failed, AssertionError, OSError, subprocess.SubprocessError) as error:  # also of a server that does not start
            print(f"{kind.name}: {row.name}: {error}", file=sys.stderr)
            bench.stop(kind)
            if not pathlib.Path(bench.keys.path("client")).exists():
                bench.have_keys()
            if is_last or "no common" in str(error):  # it will not learn that
                return None


def run_row(bench, row):
    """Peer's name -> what each run brought. A peer that fails has no figures."""
    kinds = [kind for kind in bench.kinds if not row.only or kind.name in row.only]
    runs, failed = {kind.name: [] for kind in kinds}, set()
    begin = time.monotonic()
    share = (bench.end - begin) / bench.rows_left
    for number in range(row.rounds or bench.rounds):
        if number > 0 and (time.monotonic() - begin) * (number + 1) / number > share:
            break  # a busy machine: what has no time is another round, not another row
        for kind in kinds if number % 2 == 0 else reversed(kinds):
            figures = run_twice(bench, row, kind) if kind.name not in failed else None
            if figures:
                runs[kind.name].append(figures)
            else:
                failed.add(kind.name)
                runs[kind.name] = []
    bench.rows_left -= 1
    return runs


def file_system(path):
    return subprocess.run(["stat", "-f", "-c", "%T", path], capture_output=True, text=True, check=False).stdout.strip()


def describe(bench):
    cpu = next((line.partition(":")[2].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    print(f"{datetime.date.today()}, {os.cpu_count()} x {cpu}, Linux {platform.release()}, load {os.getloadavg()[0]:.1f}")
    for kind in bench.kinds:
        print(f"- {kind.name}: {kind.version()}")
    print(f"- files in {bench.work.parent} ({file_system(bench.work)}), those of the group \"disk\" in {bench.disk.parent} "
          f"({file_system(bench.disk)})")
    if not bench.peer(bench.kinds[0]).cpu.is_exact:
        print("- no control group may be made here: CPU is read from the processes, in ticks")


def show_limits(bench, quick):
    """What the machine could do at best, for the same sizes of requests; no server takes part."""
    sizes = (32, 255)
    figures = [load.limits(bench.build / "bench" / "sally-limits", bench.work, 256 if quick else 512, size) for size in sizes]
    print("\n### limits of the machine, one core\n\n| what | CPU s/GiB, 32 KiB | MiB/s | CPU s/GiB, 255 KiB | MiB/s |\n"
          "|---|---:|---:|---:|---:|")
    for name in figures[0]:
        cells = " | ".join(f"{table.shown(one[name]['cpu_gib'])} | {table.shown(one[name]['rate'])}" for one in figures)
        print(f"| {name} | {cells} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--quick", action="store_true", help="smaller and fewer, in about two minutes")
    parser.add_argument("--groups", help="names with commas")
    parser.add_argument("--peers", help="names with commas; sallyport and openssh should be among them [all; with --quick these two]")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--mib", type=int, help="size of a large file")
    parser.add_argument("--folder", help="where the files lie [/dev/shm]")
    parser.add_argument("--disk", default="/var/tmp", help="where those of the group \"disk\" lie [/var/tmp]")
    parser.add_argument("--minutes", type=float, help="after which rows get by with fewer rounds [20; with --quick 3]")
    parser.add_argument("--json", help="write every single figure to this file")
    arguments = parser.parse_args()
    arguments.peers = arguments.peers.split(",") if arguments.peers else ["sallyport", "openssh"] if arguments.quick else []
    wanted = group_module.groups(arguments.quick)
    names = arguments.groups.split(",") if arguments.groups else ["limits", *wanted]
    record = {}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # what was started ends, and what was made goes
    bench = Bench(arguments)
    bench.rows_left = sum(len(wanted[name]) for name in names if name != "limits")
    try:
        describe(bench)
        if "limits" in names:
            show_limits(bench, arguments.quick)
        for name in [name for name in names if name != "limits"]:
            begin = time.monotonic()
            print(f"\n### {name}\n\n{table.header(bench.names())}", flush=True)
            for row in wanted[name]:
                runs = run_row(bench, row)
                record[row.name] = runs
                print("\n".join(table.lines(row, bench.names(), runs)), flush=True)
            print(f"{name}: {time.monotonic() - begin:.0f} s", file=sys.stderr)
    finally:
        bench.close()
        if arguments.json:
            pathlib.Path(arguments.json).write_text(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
