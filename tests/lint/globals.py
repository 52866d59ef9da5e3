"""The library has no mutable state of its own: no object has anything in .data or .bss.

Usage: globals.py OBJECT..."""

import re
import subprocess
import sys

from tree import finish, run_check

SECTION = re.compile(r"^[0-9a-f]+ .{7} (\.(?:data|bss|tdata|tbss)\S*)\s+([0-9a-f]+) (?:\.hidden )?(\S+)$")


def check():
    problems = []
    for path in sys.argv[1:]:
        table = subprocess.run(["objdump", "-t", path], capture_output=True, text=True, check=True).stdout
        for line in table.splitlines():
            match = SECTION.match(line)
            if not match or match.group(1).startswith(".data.rel.ro") or int(match.group(2), 16) == 0:
                continue
            source = re.sub(r"^.*/sally_(\w+)\.dir/", r"src/\1: ", path)
            problems.append(f"{source}: {match.group(3)} in {match.group(1)}")
    return finish("mutable globals", problems, len(sys.argv) - 1)


run_check(check)
