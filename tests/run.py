"""Builds everything that is tested, runs all groups of tests, and ends with one line: "N passed, M failed".

A build that fails counts as one failed test, and so does a group that dies. Logs and results lie in build/results."""

import argparse
import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
RESULTS = BUILD / "results"
PYTHON = "/usr/bin/python3"
# What runs under the thread sanitizer: everything with threads in it.
THREADED = "^(unit_(server|auth|fs|core|os|embed|client)|fault_|script_|stress_|model_.*threads)"

# These make RSA keys, or try every message in every state, for which a processor that is emulated instruction by instruction
# needs more than a minute: the 32-bit machine runs them always, the big-endian one with --long.
SLOW_BY_EMULATION = "^unit_(crypto_(public_key|private_key)|ssh_messages)$"


@dataclasses.dataclass
class Tally:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


def call(name, command, timeout, env=None, directory=ROOT):
    """Runs a command with its output in a log; tells whether it ended well, and the log."""
    log = RESULTS / f"{name}.log"
    with log.open("wb") as out:
        try:
            code = subprocess.run([str(word) for word in command], stdout=out, stderr=subprocess.STDOUT, cwd=directory, env=env,
                                  stdin=subprocess.DEVNULL, timeout=timeout, check=False).returncode
        except subprocess.TimeoutExpired:
            out.write(f"\nstopped after {timeout} s\n".encode())
            code = -1
    return code == 0, log


def show_tail(log, lines=60):
    text = log.read_text(errors="replace").splitlines()
    print("\n".join("    " + line for line in text[-lines:]))
    print(f"    (all of it: {log.relative_to(ROOT)})", flush=True)


class Runner:
    def __init__(self, arguments):
        self.jobs = arguments.jobs
        self.long = arguments.long
        self.only = arguments.only
        self.fuzz_seconds = arguments.fuzz_seconds
        self.load_seconds = arguments.load_seconds
        self.model_seconds = arguments.model_seconds
        self.stress_seconds = arguments.stress_seconds
        self.total = Tally()
        self.failures = []

    def wants(self, name):
        return not self.only or any(name.startswith(prefix) for prefix in self.only)

    def report(self, name, tally, begin, failures=()):
        self.total.add(tally)
        self.failures += [f"{name}: {failure}" for failure in failures]
        skipped = f", {tally.skipped} skipped" if tally.skipped else ""
        print(f"{name}: {tally.passed} passed, {tally.failed} failed{skipped} ({time.monotonic() - begin:.0f} s)", flush=True)

    def build(self, name, configure, target="all"):
        """Configures and builds; a failure is one failed test, and what needs the build is left out."""
        begin = time.monotonic()
        options = ["-DSALLY_WERROR=ON"]
        if shutil.which("ccache"):
            options += ["-DCMAKE_C_COMPILER_LAUNCHER=ccache", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"]
        good, log = call(f"configure-{name}", ["cmake", *configure, *options], 300)
        if good:
            good, log = call(f"build-{name}", ["cmake", "--build", BUILD / name, "-j", str(self.jobs), "--target", target], 1800)
        if not good:
            show_tail(log)
        self.report(f"build {name}", Tally(int(good), int(not good)), begin, () if good else ["does not build"])
        return good

    def preset(self, name, target="all"):
        return self.build(name, ["--preset", name], target)

    def junit(self, name, path, begin, log):
        """Counts the cases of a results file, and shows what failed."""
        try:
            root = xml.etree.ElementTree.parse(path).getroot()
        except (OSError, xml.etree.ElementTree.ParseError):
            show_tail(log)
            self.report(name, Tally(0, 1), begin, ["left no results"])
            return
        tally, failures, reasons = Tally(), [], []
        for case in root.iter("testcase"):
            title = case.get("name")
            if case.get("classname") not in (None, "", title):
                title = f"{case.get('classname')}::{title}"
            bad = [child for child in case if child.tag in ("failure", "error")]
            skipped = case.find("skipped") is not None or case.get("status") in ("notrun", "disabled")
            if bad or case.get("status") == "fail":
                tally.failed += 1
                failures.append(title)
                text = "\n".join(f"{child.get('message') or ''}\n{child.text or ''}" for child in bad)
                text += case.findtext("system-out") or ""
                print(f"  FAILED {name}: {title}")
                print("\n".join("    " + line for line in text.strip().splitlines()[-50:]), flush=True)
            elif skipped:
                tally.skipped += 1
                reason = case.find("skipped")
                reasons.append(f"{title}: {reason.get('message') if reason is not None else ''}")
            else:
                tally.passed += 1
        for reason in reasons:
            print(f"  skipped {reason}")
        if tally == Tally():
            tally.failed, failures = 1, ["ran no test"]
        self.report(name, tally, begin, failures)

    def ctest(self, name, *selection, env=None, timeout=1500, directory=None):
        begin = time.monotonic()
        results = RESULTS / f"ctest-{name.replace(' ', '-')}.xml"
        results.unlink(missing_ok=True)
        if self.long:
            env = {**(env or os.environ), "SALLY_LONG": "1"}
        command = ["ctest", "--test-dir", BUILD / (directory or name), "-j", str(self.jobs), "--output-on-failure",
                   "--output-junit", results, "--timeout", "300", *selection]
        _, log = call(f"ctest-{name.replace(' ', '-')}", command, timeout, env=env)
        self.junit(f"ctest {name}", results, begin, log)

    def pytest(self, folder, build, *selection, workers, timeout=2400, file="", variables=None):
        begin = time.monotonic()
        name = f"{folder}-{build}" + (f"-{file}" if file else "")
        results = RESULTS / f"pytest-{name}.xml"
        results.unlink(missing_ok=True)
        env = {**os.environ, "SALLY_BUILD": str(BUILD / build), "PYTHONDONTWRITEBYTECODE": "1", **(variables or {})}
        if self.long:
            env["SALLY_LONG"] = "1"
        command = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junit-xml={results}", f"tests/{folder}/{file}", *selection]
        if workers > 1:
            command += ["-n", str(workers), "--dist", "loadscope"]
        _, log = call(f"pytest-{name}", command, timeout, env=env)
        self.junit(name.replace("-", " "), results, begin, log)

    def fuzz(self):
        begin = time.monotonic()
        tally, failures = Tally(), []
        corpus_root = ROOT / "tests" / "fuzz" / "corpus"
        for program in sorted((BUILD / "fuzz" / "tests" / "fuzz").glob("fuzz_*")):
            if not os.access(program, os.X_OK) or not program.is_file():
                continue
            name = program.name.removeprefix("fuzz_")
            work = RESULTS / "fuzz" / name
            work.mkdir(parents=True, exist_ok=True)
            command = [program, f"-max_total_time={self.fuzz_seconds}", "-rss_limit_mb=2048", "-timeout=20", "-print_final_stats=1",
                       f"-jobs={self.jobs}", f"-workers={self.jobs}", f"-artifact_prefix={work}/", work]
            if (corpus_root / name).is_dir():
                command.append(corpus_root / name)
            good, log = call(f"fuzz-{name}", command, self.fuzz_seconds * 3 + 120, directory=work)
            tally.add(Tally(int(good), int(not good)))
            if not good:
                failures.append(name)
                show_tail(log)
        self.report("fuzz", tally, begin, failures)

    def cross(self):
        for arch in ("i386", "s390x"):
            name = f"cross-{arch}"
            configure = ["-S", ROOT / "tests" / "cross", "-B", BUILD / name, "-G", "Ninja", "--toolchain",
                         ROOT / "cmake" / f"toolchain-{arch}.cmake"]
            if self.build(name, configure):
                left_out = arch == "s390x" and not self.long
                self.ctest(name, *(["-E", SLOW_BY_EMULATION] if left_out else []))

    def run(self):
        groups = [("release", self.run_release), ("asan", self.run_asan), ("tsan", self.run_tsan), ("clang", self.run_clang),
                  ("cross", self.cross), ("interop", self.run_interop)]
        if self.long:
            groups += [("load", self.run_load), ("model", self.run_model), ("stress", self.run_stress), ("fuzz", self.run_fuzz)]
        for name, group in groups:
            if self.wants(name):
                group()

    def but(self, *labels):
        """Leaves out these labels, and what --long runs in a group of its own."""
        left_out = [*labels, *(["model"] if self.long else [])]
        return ["-LE", "|".join(left_out)] if left_out else []

    def run_release(self):
        if self.preset("release"):
            self.ctest("release", *self.but())

    def run_asan(self):
        if self.preset("asan"):
            self.ctest("asan", *self.but("lint", "api", "package"))

    def run_tsan(self):
        if self.preset("tsan"):
            env = {**os.environ, "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"}
            self.ctest("tsan", "-R", THREADED, *self.but(), env=env)

    def run_clang(self):
        self.preset("clang")

    def run_interop(self):
        if not self.preset("release") or not self.preset("asan"):
            return
        self.pytest("interop", "asan", "-m", "not release", workers=self.jobs)
        # Those that measure run alone, so that nothing beside disturbs the figures.
        self.pytest("interop", "release", "-m", "release", workers=1)
        if list((ROOT / "tests" / "attack").glob("test_*.py")):
            self.pytest("attack", "asan", workers=self.jobs)
        if self.preset("tsan"):
            busy = [] if self.long else ["-k", "rekey or asyncssh or hostile or example or parallel or many"]
            self.pytest("interop", "tsan", "-m", "not release", *busy, workers=self.jobs)

    def run_load(self):
        """The file of tests that also runs with the others, for a few seconds there."""
        seconds = {"SALLY_LOAD_SECONDS": str(self.load_seconds)}
        for build in ("asan", "tsan"):
            if self.preset(build):
                self.pytest("interop", build, workers=1, timeout=3 * self.load_seconds + 600, file="test_load.py", variables=seconds)

    def run_model(self):
        """The model checker that also runs with the others, for some hundred sequences there."""
        if self.preset("release"):
            self.ctest("model release", "-L", "model", env={**os.environ, "SALLY_LONG": "1"}, timeout=4 * 3600, directory="release")
        if self.preset("tsan"):
            env = {**os.environ, "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1", "SALLY_MODEL_SECONDS": str(self.model_seconds)}
            self.ctest("model tsan", "-R", "^model_.*threads", env=env, timeout=4 * self.model_seconds + 600, directory="tsan")

    def run_stress(self):
        """The stress tests that also run with the others, for some ten thousand operations there."""
        for build in ("asan", "tsan"):
            if self.preset(build):
                env = {**os.environ, "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
                       "SALLY_STRESS_SECONDS": str(self.stress_seconds)}
                self.ctest(f"stress {build}", "-L", "stress", env=env, timeout=4 * self.stress_seconds + 600, directory=build)

    def run_fuzz(self):
        if self.preset("fuzz", "fuzz_all"):
            self.fuzz()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="fuzz, soak, full matrices")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--fuzz-seconds", type=int, default=300, help="for each target, with --long")
    parser.add_argument("--load-seconds", type=int, default=300, help="of mixed load under each sanitizer, with --long")
    parser.add_argument("--model-seconds", type=int, default=600, help="of each model test under the thread sanitizer, with --long")
    parser.add_argument("--stress-seconds", type=int, default=120, help="of each stress test under each sanitizer, with --long")
    parser.add_argument("--only", action="append", metavar="GROUP", help="release, asan, tsan, clang, cross, interop, load, model, stress, fuzz")
    # A shell that starts this in the background has its children ignore Ctrl-C, and nohup has them ignore a lost terminal: some tests
    # send both.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    runner = Runner(parser.parse_args())
    RESULTS.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    runner.run()
    print(f"took {(time.monotonic() - begin) / 60:.1f} minutes, {runner.total.skipped} skipped")
    for failure in runner.failures:
        print(f"FAILED {failure}")
    print(f"{runner.total.passed} passed, {runner.total.failed} failed")
    return 1 if runner.total.failed or not runner.total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
