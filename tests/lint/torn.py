"""A declaration is on one line: where a comment behind it would tear it apart, the comment goes above."""

import re

from tree import finish, name_of, run_check, sources

TYPE_ALONE = re.compile(r"^\s+(?:const |unsigned )?(?:char|int|bool|size_t|mode_t|sally_[a-z_]+|u?int\d+_t|struct [a-z_]+|_Atomic \w+)$")
STAR_ALONE = re.compile(r"^\s*\} \* \w+;")


def check():
    problems = []
    looked_at = 0
    for path in sources("include", "src", "cmd", suffixes=(".c", ".h", ".hpp")):
        looked_at += 1
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if TYPE_ALONE.match(line) or STAR_ALONE.match(line):
                problems.append(f"{name_of(path)}:{number}: a torn declaration: {line.strip()}")
    return finish("torn", problems, looked_at)


run_check(check)
