"""Dependencies point downwards only: reads every #include of src, cmd, examples and the public headers."""

import re

from tree import LAYERS, PURE, ROOT, finish, name_of, run_check, sources, without_comments

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)

# Headers of the system that a pure folder may use: they only declare types and functions of memory and text.
PURE_SYSTEM = {
    "assert.h", "errno.h", "inttypes.h", "limits.h", "stdalign.h", "stdarg.h", "stdatomic.h", "stdbool.h", "stddef.h",
    "stdint.h", "stdio.h", "stdlib.h", "string.h",
}
# ... and who may use another one.
PURE_MORE = {
    "zlib.h": {"ssh"},
    "arpa/inet.h": {"base/ip.c"},  # addresses as text and back
}
# A folder that needs to know of some others only what may be set of them.
ONLY_SETTINGS = {"settings": {"ssh", "sftp", "scp"}}
# Libraries outside, each behind one folder.
LIBRARIES = [
    (re.compile(r"^openssl/"), {"crypto"}),
    (re.compile(r"^zlib\.h$"), {"ssh", "fs"}),
    (re.compile(r"^uv\.h$"), {"loop", "server"}),
    (re.compile(r"^crypt\.h$"), {"auth"}),
]
PUBLIC_SYSTEM = {"stdbool.h", "stddef.h", "stdint.h"}


def is_public(target):
    return target == "sallyport.h" or target.startswith("sallyport/")


def check_library(path, folder, target):
    """A file of src that includes something which is not ours."""
    for pattern, owners in LIBRARIES:
        if pattern.match(target) and folder not in owners:
            return f"{name_of(path)}: <{target}> belongs behind {', '.join(sorted(owners))}"
    if folder in PURE and target not in PURE_SYSTEM:
        inside = "/".join(path.parts[-2:])
        if not PURE_MORE.get(target, set()) & {folder, inside}:
            return f"{name_of(path)}: <{target}> in a pure folder"
    return None


def check_source(path, quote, target):
    folder = path.parent.relative_to(ROOT / "src").as_posix()
    if is_public(target):
        return None
    if quote == "<":
        return check_library(path, folder, target)
    other = target.rpartition("/")[0]
    if other not in LAYERS:
        return f'{name_of(path)}: "{target}" does not name its folder'
    if other != folder and other not in LAYERS[folder]:
        return f'{name_of(path)}: {folder} may not include "{target}"'
    if other in ONLY_SETTINGS.get(folder, ()) and target != f"{other}/settings.h":
        return f'{name_of(path)}: {folder} may include of {other} only "{other}/settings.h"'
    return None


def check_outside(path, quote, target):
    """Programs and examples: public headers, the system, files beside, and what the programs share."""
    shared = target.startswith("common/") and path.is_relative_to(ROOT / "cmd")
    if is_public(target) or (quote == '"' and (shared or (path.parent / target).exists())):
        return None
    if quote == '"' or target.split("/")[0] in LAYERS:
        return f'{name_of(path)}: "{target}" is not a public header'
    return None


def check_public(path, quote, target):
    if path.name == "posix.h" and quote == "<" and target == "sys/stat.h":
        return None
    if quote == '"' and target.startswith("sallyport/") or quote == "<" and target in PUBLIC_SYSTEM:
        return None
    return f"{name_of(path)}: {target} in a public header"


def check():
    problems = []
    looked_at = 0
    for folder, rule in (("src", check_source), ("cmd", check_outside), ("examples", check_outside),
                         ("include", check_public)):
        for path in sources(folder):
            for quote, target in INCLUDE.findall(without_comments(path.read_text(), keep_strings=True)):
                looked_at += 1
                problem = rule(path, quote, target)
                if problem:
                    problems.append(problem)
    return finish("includes", problems, looked_at)


run_check(check)
