"""Line coverage of the fuzz targets by folder: of the seeds alone, or after some seconds of fuzzing.

    tests/fuzz/coverage.py [--seconds 60] [--jobs 2] [--corpus FOLDER]

Builds into build/fuzz-coverage with clang. FOLDER keeps new inputs for the next run."""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "fuzz-coverage"
SEEDS = ROOT / "tests" / "fuzz" / "corpus"
# The code that reads untrusted input: see docs/hacking.md.
COUNTED = ("base", "core", "ssh", "sftp", "scp", "auth", "crypto", "fs")


def tool(name):
    """Debian's have the version in their names."""
    for candidate in (f"{name}-14", name):
        if shutil.which(candidate):
            return candidate
    sys.exit(f"coverage.py: {name} is missing (make deps)")


def run(command, **options):
    done = subprocess.run([str(word) for word in command], check=False, capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"coverage.py: {command[0]} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def build(jobs):
    flags = "-O1 -fprofile-instr-generate -fcoverage-mapping"
    run(["cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_COMPILER=clang",
         "-DCMAKE_CXX_COMPILER=clang++", f"-DCMAKE_C_FLAGS={flags}", "-DSALLY_FUZZ=ON"])
    run(["cmake", "--build", BUILD, "-j", jobs, "--target", "fuzz_all"])
    return sorted(path for path in (BUILD / "tests" / "fuzz").glob("fuzz_*") if path.is_file() and os.access(path, os.X_OK))


def exercise(program, corpus, seconds, profile):
    """Fuzzes, then runs all that there is once more."""
    name = program.name.removeprefix("fuzz_")
    found = corpus / name
    found.mkdir(parents=True, exist_ok=True)
    inputs = [found] + [SEEDS / name] * (SEEDS / name).is_dir()
    quiet = {**os.environ, "LLVM_PROFILE_FILE": os.devnull}
    if seconds:
        subprocess.run([program, f"-max_total_time={seconds}", "-timeout=60", f"-artifact_prefix={found}/../{name}-", *inputs],
                       env=quiet, check=False, capture_output=True)
    run([program, "-runs=0", *inputs], env={**os.environ, "LLVM_PROFILE_FILE": str(profile)})


def table(programs, profiles, merged):
    run([tool("llvm-profdata"), "merge", "-o", merged, *profiles])
    objects = [word for program in programs[1:] for word in ("-object", program)]
    report = json.loads(run([tool("llvm-cov"), "export", "-summary-only", f"-instr-profile={merged}", programs[0], *objects]))
    lines = collections.defaultdict(lambda: [0, 0])
    for file in report["data"][0]["files"]:
        path = pathlib.Path(file["filename"])
        if path.is_relative_to(ROOT / "src"):
            count = file["summary"]["lines"]
            folder = lines[str(path.parent.relative_to(ROOT / "src"))]
            folder[0] += count["covered"]
            folder[1] += count["count"]
    return lines


def show(lines):
    print("| folder | lines | reached |\n|---|---:|---:|")
    for folder in sorted(lines):
        covered, count = lines[folder]
        print(f"| {folder} | {count:,} | {100 * covered / count:.1f} % |")
    covered, count = (sum(lines[folder][i] for folder in COUNTED) for i in (0, 1))
    print(f"| {', '.join(COUNTED)} | {count:,} | {100 * covered / count:.1f} % |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=0, help="of fuzzing, for each target")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--corpus", type=pathlib.Path)
    arguments = parser.parse_args()
    programs = build(arguments.jobs)
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        corpus = (arguments.corpus or work / "corpus").resolve()
        profiles = [work / f"{program.name}.profraw" for program in programs]
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            list(pool.map(lambda pair: exercise(pair[0], corpus, arguments.seconds, pair[1]), zip(programs, profiles)))
        show(table(programs, profiles, work / "merged.profdata"))


if __name__ == "__main__":
    main()
