"""A declaration is on one line: where a comment behind it would tear it apart, the comment goes above."""

import re

from tree import finish, name_of, run_check, sources

TYPE_ALONE = re.compile(r"^\s+(?:const |unsigned )?(?:char|int|bool|size_t|mode_t|sally_[a-z_]+|u?int\d+_t|struct [a-z_]+|_Atomic \w+)$")
STAR_ALONE = re.compile(r"^\s*\} \* \w+;")
POINTER_ALONE = re.compile(r"^\s+[\w *]+\(\*\w+\)\($")
# The end of a comment behind code, pushed into a line of its own.
END_ALONE = re.compile(r"^ {6,}\*/")
TORN = (TYPE_ALONE, STAR_ALONE, POINTER_ALONE, END_ALONE)


def check():
    problems = []
    looked_at = 0
    for path in sources("include", "src", "cmd", suffixes=(".c", ".h", ".hpp")):
        looked_at += 1
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if any(torn.match(line) for torn in TORN):
                problems.append(f"{name_of(path)}:{number}: a torn declaration: {line.strip()}")
    return finish("torn", problems, looked_at)


run_check(check)
