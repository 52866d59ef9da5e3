"""The comments of the public headers are well formed: clang's -Wdocumentation, for C and for C++."""

import shutil
import subprocess

from tree import ROOT, finish, name_of, run_check


def check():
    compiler = shutil.which("clang-14") or shutil.which("clang")
    include = ROOT / "include"
    headers = sorted([*include.rglob("*.h"), *include.rglob("*.hpp")])
    problems = []
    for path in headers:
        language = ["-x", "c++", "-std=c++17"] if path.suffix == ".hpp" else ["-x", "c", "-std=c17"]
        result = subprocess.run([compiler, *language, "-Wdocumentation", "-Werror", "-fsyntax-only", "-I", str(include), str(path)],
                                capture_output=True, text=True, check=False)
        problems += [line for line in result.stderr.splitlines() if ": error: " in line]
        if result.returncode != 0 and not result.stderr:
            problems.append(f"{name_of(path)}: {compiler} failed")
    return finish("comments", problems, len(headers))


run_check(check)
