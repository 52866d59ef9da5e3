"""What is measured: groups of rows."""

import shutil
import time

import cpu
import load
from table import Figure, Row

AES = "aes128-gcm@openssh.com"
CHACHA = "chacha20-poly1305@openssh.com"
GIB = 1 << 30
MIXED_ENTRIES = 300

CPU_GIB = Figure("cpu_gib", "server CPU s/GiB")
RATE = Figure("rate", "MiB/s")


def short(cipher):
    return cipher.partition("@")[0]


def _transfer_figures(result, cpu_seconds):
    return {"cpu_gib": cpu_seconds * GIB / result["bytes"], "rate": result["mib_s"]}


def transfer(direction, cipher, request, sessions=1, depth=64, on_disk=False):
    """sally-load: one file per session, from the memory pattern or against it."""

    def run(bench, peer):
        size = bench.size // sessions // (2 if on_disk else 1)
        for number in range(sessions):
            path = peer.folder / f"file{number}"
            if direction == "get":
                load.write_pattern(bench.program, path, size, number)
        try:
            results, seconds = load.load(bench.program, peer, "--mode", f"{direction}:{depth}", "--path", peer.remote("file%"),
                                         "--size", size, "--request", request, "--cipher", cipher, "--sessions", sessions)
            for number in range(sessions):
                if direction == "put":
                    load.check_pattern(bench.program, peer.folder / f"file{number}", size, number)
        finally:
            for number in range(sessions):
                (peer.folder / f"file{number}").unlink(missing_ok=True)
        return _transfer_figures(results[direction], seconds)

    many = f", {sessions} sessions" if sessions > 1 else ""
    disk = ", files on a disk" if on_disk else ""
    return Row(f"{direction} {short(cipher)} {request >> 10} KiB{many}{disk}", (CPU_GIB, RATE), run, is_fresh=on_disk,
               on_disk=on_disk)


def client_transfer(client, direction, cipher, request=None):
    """Another client, its start and login included."""

    def run(bench, peer):
        served, local = peer.folder / "file", bench.work / "local"
        source, target = (served, local) if direction == "get" else (local, served)
        load.write_pattern(bench.program, source, bench.size)
        try:
            if client == "sftp":
                seconds, wall = load.sftp(peer, direction, local, peer.remote("file"), cipher, request)
            else:
                seconds, wall = load.lftp(peer, direction, local, peer.remote("file"), cipher)
            load.check_pattern(bench.program, target, bench.size)
        finally:
            served.unlink(missing_ok=True)
            local.unlink(missing_ok=True)
        return {"cpu_gib": seconds * GIB / bench.size, "rate": bench.size / (1 << 20) / wall}

    detail = f" {request >> 10} KiB" if request else ""
    return Row(f"{client}: {direction} {short(cipher)}{detail}", (CPU_GIB, RATE), run)


def stat(depth):
    def run(bench, peer):
        (peer.folder / "file").write_bytes(b"x")
        results, seconds = load.load(bench.program, peer, "--mode", f"stat:{depth}", "--path", peer.remote("file"), "--seconds",
                                     bench.seconds)
        result = results["stat"]
        return {"rate": result["ops_s"], "p50": result["p50_us"], "p99": result["p99_us"],
                "cpu": seconds * 1e6 / result["operations"]}

    figures = [Figure("rate", "ops/s"), Figure("cpu", "server CPU us/op")]
    if depth == 1:
        figures += [Figure("p50", "p50 us"), Figure("p99", "p99 us")]
    return Row(f"STAT, depth {depth}", figures, run)


def nagle(mode, pieces, request=32768, size=512 << 10):
    """A client that leaves Nagle's algorithm on and sends each request in pieces: all but the first wait until what was sent
    before is acknowledged."""

    def run(bench, peer):
        path = peer.folder / "file"
        load.write_pattern(bench.program, path, size)
        results, _ = load.load(bench.program, peer, "--mode", f"{mode}:1", "--path", peer.remote("file"), "--size", size,
                               "--request", request, "--cipher", AES, "--seconds", bench.seconds, "--nagle", "--pieces", pieces)
        if mode == "put":  # the last one is cut off when its time is over
            load.check_pattern(bench.program, path, path.stat().st_size)
        result = results[mode]
        figures = {"rate": result["ops_s"], "p50": result["p50_us"] / 1e3}
        return figures if mode == "stat" else figures | {"mib": result["mib_s"]}

    what = "STAT" if mode == "stat" else f"{mode} {request >> 10} KiB"
    figures = [Figure("rate", "requests/s"), Figure("p50", "p50 ms")] + ([] if mode == "stat" else [Figure("mib", "MiB/s")])
    return Row(f"Nagle, {what} in pieces of {pieces:,} bytes, depth 1", figures, run)


def readdir(entries, depth=1):
    def run(bench, peer):
        folder = peer.folder / "many"
        if not folder.exists():
            folder.mkdir()
            for number in range(entries):
                (folder / f"entry-{number:06}").touch()
        results, seconds = load.load(bench.program, peer, "--mode", f"readdir:{depth}", "--path", peer.remote("many"),
                                     "--entries", entries, "--seconds", bench.seconds)
        result = results["readdir"]
        return {"rate": result["ops_s"], "cpu": seconds * 1e6 / result["operations"]}

    return Row(f"READDIR, {entries:,} entries, depth {depth}", (Figure("rate", "entries/s"), Figure("cpu", "server CPU us/entry")),
               run)


def small_files(mode, depth=32, size=4096):
    def run(bench, peer):
        folder = peer.folder / "small"
        folder.mkdir(exist_ok=True)
        arguments = ("--path", peer.remote("small"), "--size", size, "--count", bench.files)
        if mode == "small-get":
            load.load(bench.program, peer, "--mode", f"small-put:{depth}", *arguments)
        else:
            for path in folder.iterdir():
                path.unlink()
        results, seconds = load.load(bench.program, peer, "--mode", f"{mode}:{depth}", *arguments)
        result = results[mode]
        for number in range(0, bench.files, max(1, bench.files // 64)):
            load.check_pattern(bench.program, folder / f"f0-{number}", size, number)
        return {"rate": result["ops_s"], "cpu": seconds * 1e3 / result["operations"]}

    what = {"small-put": "open write close", "small-get": "open read close"}[mode]
    return Row(f"{size >> 10} KiB files, {depth} in flight, {what}", (Figure("rate", "files/s"), Figure("cpu", "server CPU ms/file")),
               run)


def connect(at_once, kex=None):
    def run(bench, peer):
        count = bench.connections * (4 if peer.name == "sallyport" else 1)
        extra = ("--kex", kex) if kex else ()
        results, seconds = load.load(bench.program, peer, "--mode", "connect", "--sessions", at_once, "--count", count, *extra,
                                     settle=True)
        result = results["connect"]
        return {"rate": result["ops_s"], "cpu": seconds * 1e3 / result["operations"], "p50": result["p50_us"] / 1e3,
                "p99": result["p99_us"] / 1e3}

    figures = (Figure("rate", "sessions/s"), Figure("cpu", "server CPU ms"), Figure("p50", "p50 ms"), Figure("p99", "p99 ms"))
    detail = f", {kex.partition('@')[0]}" if kex else ""
    return Row(f"connect, ed25519 login, subsystem, quit; {at_once} at a time{detail}", figures, run)


def idle(sessions, only=(), busy=False):
    """Sessions that wait: their memory; and how fast one is that works among them."""

    def run(bench, peer):
        warm = load.Load(bench.program, peer, "--mode", "idle")
        warm.finish()
        before = cpu.memory(peer.pid)
        client = load.Load(bench.program, peer, "--mode", "idle", "--sessions", sessions)
        time.sleep(3)  # buffers are given back after a second
        figures = {"memory": (cpu.memory(peer.pid) - before) / sessions / 1024,
                   "rate": sessions / float(client.ready.split()[4])}
        if busy:
            (peer.folder / "file").write_bytes(b"x")
            results, _ = load.load(bench.program, peer, "--mode", "stat:1", "--path", peer.remote("file"), "--seconds",
                                   bench.seconds)
            figures |= {"p50": results["stat"]["p50_us"], "p99": results["stat"]["p99_us"]}
        client.finish()
        return figures

    figures = [Figure("memory", "KiB per session"), Figure("rate", "accepted sessions/s")]
    if busy:
        figures += [Figure("p50", "STAT among them, p50 us"), Figure("p99", "STAT among them, p99 us")]
    return Row(f"{sessions:,} idle sessions", figures, run, only=only, rounds=1 if sessions > 1000 else 2, is_fresh=True)


def fairness():
    def run(bench, peer):
        load.write_pattern(bench.program, peer.folder / "file", bench.size)
        results, _ = load.load(bench.program, peer, "--mode", "get:64,stat:1", "--sessions", 2, "--path", peer.remote("file"),
                               "--size", bench.size, "--request", 261120, "--cipher", AES, "--seconds", 2 * bench.seconds)
        return {"rate": results["get"]["mib_s"], "p50": results["stat"]["p50_us"] / 1e3,
                "p99": results["stat"]["p99_us"] / 1e3, "max": results["stat"]["max_us"] / 1e3}

    return Row("STAT while another session downloads", (RATE, Figure("p50", "p50 ms"), Figure("p99", "p99 ms"), Figure("max", "max ms")),
               run)


def mixed(sessions, modes):
    """Sessions that are all busy, each with one kind of work: how far the slowest falls behind the others of its kind."""

    def run(bench, peer):
        root = peer.folder / "mixed"
        for number in range(sessions):
            mode, _, size = (modes[number % len(modes)].split(":") + ["0"])[:3]
            path = root / mode / str(number)
            path.parent.mkdir(parents=True, exist_ok=True)
            if mode == "get":
                load.write_pattern(bench.program, path, size, number)
            elif mode == "stat":
                path.touch()
            elif mode != "put":
                path.mkdir(exist_ok=True)
            if mode == "readdir":
                for entry in range(MIXED_ENTRIES):
                    (path / f"entry-{entry}").touch()
        try:
            results, _ = load.load(bench.program, peer, "--mode", ",".join(modes), "--sessions", sessions, "--cipher", AES,
                                   "--path", peer.remote("mixed/@/%"), "--entries", MIXED_ENTRIES, "--count", 100,
                                   "--seconds", 4 * bench.seconds)
        finally:
            shutil.rmtree(root)
        return {"share": min(result["least_share"] for result in results.values()),
                "rate": sum(result["mib_s"] for result in results.values()),
                "requests": sum(result["ops_s"] for result in results.values()), "p99": results["stat"]["p99_us"] / 1e3}

    figures = (Figure("share", "least share of a session, 1: the mean"), RATE, Figure("requests", "ops/s"),
               Figure("p99", "STAT, p99 ms"))
    return Row(f"{sessions:,} sessions of mixed load", figures, run, rounds=1, is_fresh=True)


def far(client, direction, request, depth, round_trip_ms=100, mbit=1000):
    """Over a long line. The ssh channel's windows and the requests in flight are what counts here, not TCP's."""

    def run(bench, peer):
        served, local, size = peer.folder / "file", bench.work / "local", bench.size if depth > 64 else min(bench.size, 256 << 20)
        source, target = (served, local) if direction == "get" else (local, served)
        load.write_pattern(bench.program, source, size)
        try:
            with load.line(bench.build / "bench" / "sally-relay", peer, round_trip_ms / 2, mbit) as port:
                if client == "sftp":
                    _, wall = load.sftp(peer, direction, local, peer.remote("file"), AES, request, depth, port=port)
                else:
                    results, _ = load.load(bench.program, peer, "--mode", f"{direction}:{depth}", "--path", peer.remote("file"),
                                           "--size", size, "--request", request, "--cipher", AES, port=port)
                    wall = results[direction]["seconds"]
            if direction == "put" or client == "sftp":
                load.check_pattern(bench.program, target, size)
        finally:
            served.unlink(missing_ok=True)
            local.unlink(missing_ok=True)
        return {"rate": size / 1e6 / wall}

    return Row(f"{client}: {direction}, {round_trip_ms} ms, {mbit} Mbit/s, {request >> 10} KiB x {depth}",
               (Figure("rate", "MB/s"),), run, rounds=3)


def groups(quick):
    """Name -> rows."""
    both = ("get", "put")
    requests = (32768, 261120)
    all_groups = {
        "transfers": [transfer(d, AES, r) for d in both for r in requests],
        "disk": [transfer(d, AES, r, on_disk=True) for d in both for r in requests],
        "chacha": [transfer(d, CHACHA, 32768) for d in both],
        "idle": [idle(1000), idle(2000, only=("sallyport", "openssh"))] if not quick else [idle(200)],
        "requests": [stat(64), stat(1), readdir(50000), small_files("small-put"), small_files("small-get")],
        "nagle": [nagle("put", 16384), nagle("get", 64), nagle("stat", 64)],
        "sessions": [connect(1), connect(8)],
        "many": [transfer(d, AES, 32768, sessions=8) for d in both] + [fairness()],
        "clients": [client_transfer("sftp", d, AES, r) for d in both for r in requests],
    }
    all_groups["shares"] = [mixed(64, ("get:16:3M", "put:16:2M", "stat:4", "readdir:2", "small:8:4K", "small-put:3:30000"))]
    all_groups["line"] = [far("sftp", d, 32768, 1024) for d in both]
    if not quick:
        all_groups["shares"] += [mixed(2000, ("get:2:200K", "put:2:200K", "stat:2", "small:2:4K"))]
        all_groups["line"] += [far("sftp", d, 32768, 64) for d in both] + [far("sally-load", d, 261120, 128) for d in both]
    if quick:
        all_groups["clients"] = [client_transfer("sftp", d, AES, 32768) for d in both]
        all_groups["disk"] = [transfer(d, AES, 32768, on_disk=True) for d in both]
    else:
        all_groups["clients"] += [client_transfer("lftp", d, AES) for d in both]
        all_groups["idle"].append(idle(10000, only=("sallyport",), busy=True))
        all_groups["chacha"] += [transfer(d, "aes256-ctr", 32768) for d in both]
        all_groups["sessions"] += [connect(1, kex="ecdh-sha2-nistp256")]
    return all_groups
