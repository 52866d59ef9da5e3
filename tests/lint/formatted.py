"""C code is formatted as .clang-format says; the examples, which are made to be read on a page, are set by hand."""

import shutil
import subprocess

from tree import finish, name_of, run_check, sources


def check():
    program = shutil.which("clang-format-14") or shutil.which("clang-format")
    files = list(sources("src", "cmd", "include", "tests", "bench"))
    problems = []
    for path in files:
        result = subprocess.run([program, "--dry-run", "-Werror", "--ferror-limit=1", str(path)], capture_output=True,
                                text=True, check=False)
        if result.returncode != 0:
            problems.append(f"{name_of(path)}: {result.stderr.splitlines()[0] if result.stderr else 'not formatted'}")
    return finish("formatting", problems, len(files))


run_check(check)
