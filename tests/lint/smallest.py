"""The smallest server stays small: at most 40 lines, no cast, no lock, no thread."""

import re

from tree import ROOT, finish, run_check, without_comments

LINES = 40
CAST = re.compile(r"\(\s*(?:const\s+)?(?:struct\s+\w+|unsigned|signed|char|int|long|void|size_t|u?int\d+_t|sally_\w+)"
                  r"(?:\s+\w+)*\s*\**\s*\)\s*[\w(&*]")
LOCK = re.compile(r"pthread|mutex|atomic|thrd_|mtx_|uv_")


def check():
    path = ROOT / "examples" / "smallest.c"
    if not path.exists():
        print("examples/smallest.c is missing")
        return 1
    text = path.read_text()
    problems = []
    if len(text.splitlines()) > LINES:
        problems.append(f"{len(text.splitlines())} lines, more than {LINES}")
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        if CAST.search(line) and not re.match(r"^\s*(?:static\s+)?[\w\s*]+\(", line):
            problems.append(f"line {number}: a cast: {line.strip()}")
        if LOCK.search(line):
            problems.append(f"line {number}: a lock or thread: {line.strip()}")
    return finish("examples/smallest.c", problems, 1)


run_check(check)
