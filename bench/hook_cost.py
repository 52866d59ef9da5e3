"""Instructions per READ with 0 and with 8 sets of hooks that ask for no READ and no WRITE, counted by callgrind: in an engine, and in a
server that sally-load reads from. Both programs are those of build/bench or of the directory given.

Usage: hook_cost.py [BUILD]"""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
FEW, MANY = 1000, 6000


def callgrind(*words, **options):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *map(str, words)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def counted(process):
    _, text = process.communicate("" if process.stdin else None, timeout=600)
    if process.returncode:
        sys.exit(text)
    return int(re.search(r"refs:\s*([\d,]+)", text)[1].replace(",", ""))


def in_engine(build, sets, length):
    process = callgrind("--toggle-collect=read_again_and_again", build / "bench/sally-hook-cost", "engine", sets, length, MANY)
    return counted(process) / MANY


def in_server(build, folder, sets, length):
    """What 5000 READs add, one at a time, so that start, login and end do not count."""
    totals = []
    for count in (FEW, MANY):
        file = folder / f"file-{length}-{count}"
        subprocess.run([build / "bench/sally-load", "--write", file, "--size", str(count * length)], check=True)
        with callgrind(build / "bench/sally-hook-cost", "server", sets, file, stdin=subprocess.PIPE) as server:
            port = server.stdout.readline().strip()
            subprocess.run([build / "bench/sally-load", "--port", port, "--user", "joe", "--key", folder / "key", "--mode", "get:1",
                            "--path", "/file", "--size", str(count * length), "--request", str(length)], check=True,
                           stdout=subprocess.DEVNULL)
            totals.append(counted(server))
    return (totals[1] - totals[0]) / (MANY - FEW)


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/bench")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        folder = pathlib.Path(name)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True)
        print("| READs of | in | no hooks | 8 sets | more |\n|---|---|---:|---:|---:|")
        for length, text in ((1, "1 byte"), (32768, "32 KiB")):
            for place, count in (("an engine", lambda sets: in_engine(build, sets, length)),
                                 ("a server", lambda sets: in_server(build, folder, sets, length))):
                none, eight = count(0), count(8)
                print(f"| {text} | {place} | {none:,.0f} | {eight:,.0f} | {100 * (eight / none - 1):.2f} % |", flush=True)


if __name__ == "__main__":
    main()
