"""A struct, union or enum has a name of its own: no other file of src defines one of the same name, which a reader could
take for it. The programs are examined one by one, each with what they share."""

import re

from tree import finish, name_of, run_check, sources, without_comments

DEFINITION = re.compile(r"^[ \t]*(?:typedef )?((?:struct|union|enum) \w+)\s*\{", re.M)
PROGRAMS = [("src",), ("cmd/sallyport", "cmd/common"), ("cmd/sftp-server", "cmd/common")]


def check():
    problems = set()
    looked_at = 0
    for folders in PROGRAMS:
        first = {}
        for path in sources(*folders):
            looked_at += 1
            for name in DEFINITION.findall(without_comments(path.read_text(encoding="utf-8"))):
                if first.setdefault(name, path) != path:
                    problems.add(f"{name_of(path)}: {name} is also in {name_of(first[name])}")
    return finish("twice", sorted(problems), looked_at)


run_check(check)
