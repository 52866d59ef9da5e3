"""Pure folders call nothing that reads the outside: compares `nm -u` of their objects with a list of allowed names.

Usage: symbols.py OBJECT..., all objects of the library; those of a pure folder are told by their path."""

import re
import subprocess
import sys

from tree import PURE, finish, run_check

# Memory, text and arithmetic; what the compiler puts in by itself.
ALLOWED = {
    "memcpy", "memmove", "memset", "memcmp", "memchr", "memrchr", "memmem", "explicit_bzero",
    "strlen", "strnlen", "strcmp", "strncmp", "strchr", "strrchr", "strspn", "strcspn", "strstr", "strpbrk",
    "strcasecmp", "strncasecmp", "strtoul", "strtoull", "strtol", "strtoll",
    "__isoc23_strtoul", "__isoc23_strtoull", "__isoc23_strtol", "__isoc23_strtoll",
    "snprintf", "vsnprintf", "malloc", "calloc", "realloc", "free", "qsort", "bsearch",
    "__assert_fail", "_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail",
    "__memcpy_chk", "__memmove_chk", "__memset_chk", "__snprintf_chk", "__vsnprintf_chk", "__explicit_bzero_chk",
    "bcmp",
}
# A folder, or one file of it, that may do more.
MORE = {
    "ssh": {"deflate", "deflateInit_", "deflateInit2_", "deflateEnd", "deflateBound", "deflateReset", "inflate",
            "inflateInit_", "inflateInit2_", "inflateEnd", "inflateReset"},
    # Addresses as text and back: no one is asked.
    "base/ip.c": {"inet_ntop", "inet_pton"},
    # The one place where memory comes from tells the allocator's failures; errno is a thread's own variable.
    "core/status.c": {"__errno_location"},
}


def names(objects, *options):
    result = subprocess.run(["nm", *options, *objects], capture_output=True, text=True, check=True)
    return {line.split()[-1].split("@")[0] for line in result.stdout.splitlines() if len(line.split()) >= 2}


def check():
    objects = {}
    for argument in sys.argv[1:]:
        match = re.search(r"/sally_(\w+)\.dir/(?:.*/)?(\w+)\.c\.o(?:bj)?$", argument)
        if match:
            objects[argument] = (match.group(1), f"{match.group(1)}/{match.group(2)}.c")
    ours = names(list(objects), "--defined-only", "-g")
    problems = []
    pure = {path: place for path, place in objects.items() if place[0] in PURE}
    for path, (folder, file) in sorted(pure.items()):
        allowed = ALLOWED | MORE.get(folder, set()) | MORE.get(file, set())
        for name in sorted(names([path], "-u") - allowed - ours):
            problems.append(f"src/{file}: calls {name}")
    return finish("symbols of the pure folders", problems, len(pure))


run_check(check)
