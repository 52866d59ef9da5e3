"""What the shared library exports is exactly what the public headers declare.

Usage: exported.py LIBRARY"""

import re
import subprocess
import sys

from tree import finish, run_check, sources, without_comments

DECLARED = re.compile(r"SALLY_API\b[^;{]*?\b(sally_\w+)\s*\(", re.S)


def check():
    declared = set()
    for path in sources("include"):
        text = re.sub(r"^\s*#.*(?:\\\n.*)*$", "", without_comments(path.read_text()), flags=re.M)
        declared.update(DECLARED.findall(text))
    output = subprocess.run(["nm", "-D", "--defined-only", sys.argv[1]], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in output.splitlines()]
    exported = {row[2].split("@")[0] for row in rows if row[1] != "A"}
    problems = [f"declared, not exported: {name}" for name in sorted(declared - exported)]
    problems += [f"exported, not declared: {name}" for name in sorted(exported - declared)]
    return finish("exported symbols", problems, len(declared))


run_check(check)
