"""Common misspellings, by codespell."""

import subprocess

from tree import ROOT, finish, run_check, tracked

SUFFIXES = {".c", ".h", ".py", ".sh", ".md", ".txt", ".cmake", ".in", ".1", ".3", ".5", ".7", ".8"}


def check():
    files = [str(path) for path in tracked()
             if path.suffix in SUFFIXES and "/corpus/" not in str(path) or path.name in ("Makefile", "run")]
    command = ["codespell", "--ignore-words", str(ROOT / "tests" / "lint" / "spelling.words"), *files]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return finish("spelling", result.stdout.splitlines() + result.stderr.splitlines(), len(files))


run_check(check)
