"""Files of a folder depend on each other in one direction: computes which .c file of src uses functions and tables that
another one of its folder defines, and fails on a circle that is not in the list below."""

import fnmatch
import re

from tree import ROOT, finish, name_of, run_check, without_comments

# Files that may use each other, and why: names or patterns. A circle may be smaller than its entry.
ALLOWED = [
    ("core/copy.c core/op_run.c core/refresh.c core/session_close.c core/session_ops.c",
     "steps of an operation start operations of the library's own, and the end of one may start others"),
    ("core/fs_ask.c core/fs_call.c core/fs_defaults.c", "a slot asks for another operation; a missing one is answered by another slot"),
    ("crypto/crypto.c crypto/hash.c", "a hash holds its library context, which asks the hashes for their names"),
    ("fs/local*.c", "local.c has the table of slots and what all of them share"),
    ("fs/memory*.c", "memory.c has the table of slots and what all of them share"),
    ("loop/loop.c loop/workers.c", "a loop gives work to the workers, and they give it back"),
    ("scp/*.c", "engine.c has the table of modes, and the modes send through it"),
    ("server/*.c", "a connection, its channels and its loop call each other"),
    ("ssh/*.c", "messages.c has the table of messages, whose handlers send others and end the connection"),
]

# Both begin in the first column (clang-format), and are not static.
NOT_OURS = r"(?!static\b|extern\b|typedef\b|return\b|else\b)"
FUNCTION = re.compile(r"^" + NOT_OURS + r"[A-Za-z_][\w\s*]*?\b(\w+)\([^;{}]*\)\s*\n\{", re.M)
OBJECT = re.compile(r"^" + NOT_OURS + r"[A-Za-z_][\w \t*]*\b(\w+)(?:\[[^\]]*\])* =", re.M)
WORD = re.compile(r"\b[A-Za-z_]\w*\b")


def defined_in(text):
    return set(FUNCTION.findall(text)) | set(OBJECT.findall(text))


def uses_of(folder):
    """For each file of the folder, the files that it uses, and by which names."""
    texts = {path: without_comments(path.read_text()) for path in sorted(folder.glob("*.c"))}
    owner = {name: path for path, text in texts.items() for name in defined_in(text)}
    uses = {}
    for path, text in texts.items():
        uses[path] = {}
        for name in set(WORD.findall(text)):
            if owner.get(name, path) != path:
                uses[path].setdefault(owner[name], set()).add(name)
    return uses, len(owner)


def reached_from(start, uses):
    reached, ahead = set(), [start]
    while ahead:
        for path in uses[ahead.pop()]:
            if path not in reached:
                reached.add(path)
                ahead.append(path)
    return reached


def circles_of(uses):
    """Sets of files each of which reaches all others of its set."""
    reached = {path: reached_from(path, uses) for path in uses}
    found = {frozenset(b for b in reached[a] if a in reached[b]) for a in uses if a in reached[a]}
    return sorted(found, key=sorted)


def tell(circle, uses):
    names = sorted(name_of(path) for path in circle)
    problem = f"circle: {' '.join(names)}"
    for path in sorted(circle):
        for other in sorted(set(uses[path]) & circle):
            problem += f"\n    {path.name} -> {other.name}: {', '.join(sorted(uses[path][other]))}"
    return problem


def is_inside(files, entry):
    return all(any(fnmatch.fnmatch(name, "src/" + pattern) for pattern in entry.split()) for name in files)


def check():
    problems, looked_at, in_circles = [], 0, set()
    for folder in sorted(path for path in (ROOT / "src").rglob("*") if path.is_dir()):
        uses, names = uses_of(folder)
        looked_at += len(uses)
        if uses and not names:
            problems.append(f"{name_of(folder)}: no definitions were found: the check itself is broken")
        for circle in circles_of(uses):
            files = {name_of(path) for path in circle}
            in_circles |= files
            if not any(is_inside(files, entry) for entry, _ in ALLOWED):
                problems.append(tell(circle, uses))
    for entry, _ in ALLOWED:
        for pattern in entry.split():
            if not fnmatch.filter(in_circles, "src/" + pattern):
                problems.append(f"src/{pattern} is in no circle any more: take it off the list in tests/lint/circles.py")
    return finish("circles", problems, looked_at)


run_check(check)
