"""Nothing in the tree belongs to one machine or is left over: no private paths, no mirrors, no marks of unfinished work."""

import re

from tree import finish, name_of, run_check, tracked

BINARY = {".png", ".ico", ".gz", ".bin"}
# The patterns are written so that this file does not match itself.
PATTERNS = [
    ("a path of one machine", re.compile(r"(?<![\w.])/wor[k]/\w")),
    ("a mirror or registry", re.compile(r"\b(?:deb\.debian\.org|snapshot\.debian|registry\.np[m]js|pypi\.or[g]|artifactor[y])")),
    ("unfinished work", re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X]|HAC[K])\b")),
]
# Where such words are what the file is about.
EXCEPT = {("scripts/deps.sh", "a mirror or registry"), ("tests/lint/words.py", "a mirror or registry")}


def check():
    problems = []
    looked_at = 0
    for path in tracked():
        name = name_of(path)
        if path.suffix in BINARY or "/corpus/" in name:
            continue
        looked_at += 1
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            for what, expression in PATTERNS:
                if expression.search(line) and (name, what) not in EXCEPT:
                    problems.append(f"{name}:{number}: {what}: {line.strip()[:100]}")
    return finish("words", problems, looked_at)


run_check(check)
