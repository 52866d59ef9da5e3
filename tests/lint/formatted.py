"""C code is formatted as .clang-format says; the examples, which are made to be read on a page, are set by hand."""

import shutil
import subprocess

from tree import finish, run_check, sources


def check():
    program = shutil.which("clang-format-14") or shutil.which("clang-format")
    files = list(sources("src", "cmd", "include", "tests", "bench"))
    result = subprocess.run([program, "--dry-run", "-Werror", "--ferror-limit=1", *map(str, files)], capture_output=True,
                            text=True, check=False)
    problems = [line for line in result.stderr.splitlines() if ": error: " in line]
    if result.returncode != 0 and not problems:
        problems = [result.stderr.strip() or "clang-format failed"]
    return finish("formatting", problems, len(files))


run_check(check)
