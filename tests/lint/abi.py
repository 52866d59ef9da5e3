"""What programs of this release were built with is still there: functions with their parameters, structures with their members, and
constants with their values. tests/api/symbols has them as the release did, one in a line.

Usage: abi.py COMPILER LIBRARY [--write]. --write writes the list anew."""

import re
import subprocess
import sys

from tree import ROOT, finish, run_check

LIST = ROOT / "tests/api/symbols"
HEADERS = "#include <sallyport.h>\n#include <sallyport/posix.h>\n"
# In place of export.h: its attributes would be in the way.
MARKS = ["-DSALLYPORT_EXPORT_H", "-DSALLY_API=SALLY_API", "-DSALLY_MUST_CHECK=", "-DSALLY_BEGIN_DECLS=", "-DSALLY_END_DECLS="]
FUNCTION = re.compile(r"\bSALLY_API\s+([^;{}]*?)\b(sally_\w+)\s*\(([^;{}]*)\)\s*;", re.S)
CALLBACK = re.compile(r"\btypedef\s+([^;{}()]*?)\b(sally_\w+)\s*\(([^;{}]*)\)\s*;", re.S)
STRUCTURE = re.compile(r"\bstruct (sally_\w+)\s*\{(.*?)\}\s*(?:\1)?\s*;", re.S)
CONSTANT = re.compile(r"\b(SALLY_\w+)\s*=\s*([^,{}]*?)\s*[,}]")
ADVICE = """\
Programs that were built with this ABI would break. Keep it: add a function, a member at the end of a structure with struct_size, or use
a reserved one. If it must be so, the next release needs another SONAME: a new minor version in include/sallyport/version.h before
1.0, a new major version after (docs/hacking.md, "Versions"). For a version that is not released yet, or where what changed is only a
name or a reserved member: write the list anew with
    {command}"""


def one_line(text):
    return re.sub(r"\s*([*(),;])\s*", r"\1", " ".join(text.split())).replace(",", ", ").replace(";", "; ").strip()


def without_name(parameter):
    """A parameter's type: names are not part of the ABI."""
    parameter = re.sub(r"\(\*\w+\)", "(*)", parameter.strip())
    return re.sub(r"(?<=[\s*])\w+$", "", parameter).strip() if "(" not in parameter and re.search(r"[\s*]", parameter) else parameter


def parameters(text):
    parts, depth, start = [], 0, 0
    for at, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return ", ".join(without_name(one_line(part)) for part in [*parts, text[start:]])


def declarations(compiler):
    command = [compiler, "-E", "-P", "-std=c17", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64", *MARKS, "-I", str(ROOT / "include"), "-x", "c", "-"]
    text = subprocess.run(command, input=HEADERS, text=True, capture_output=True, check=True).stdout
    found = {}
    for result, name, arguments in FUNCTION.findall(text):
        found[name] = f"{one_line(result)} ({parameters(arguments)})"
    for result, name, arguments in CALLBACK.findall(text):
        found[f"typedef {name}"] = f"{one_line(result)} ({parameters(arguments)})"
    for name, members in STRUCTURE.findall(text):
        found[f"struct {name}"] = one_line(members)
    for body in re.findall(r"\benum\s*\{(.*?\})", text, re.S):
        for name, value in CONSTANT.findall(body):
            found[name] = one_line(value).strip("()")
    # What grows with each release.
    found.pop("SALLY_OP_KINDS", None)
    return found


def exported(library):
    output = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
    return {line.split()[2].split("@")[0] for line in output.splitlines() if line.split()[1] != "A"}


def is_kept(name, old, new):
    """Structures with struct_size grow at the end, and the library's own sally_op in the union that is its last member."""
    if name.startswith("struct ") and old.startswith("size_t struct_size;"):
        return new.startswith(old)
    if name == "struct sally_op":
        return new.startswith(old.removesuffix("} u;"))
    return new == old


def check():
    compiler, library = sys.argv[1:3]
    found, there = declarations(compiler), exported(library)
    if "--write" in sys.argv:
        LIST.write_text("".join(f"{name}: {text}\n" for name, text in sorted(found.items())))
    listed = dict(line.split(": ", 1) for line in LIST.read_text().splitlines())
    broken = []
    for name, text in listed.items():
        if name not in found or (name.startswith("sally_") and name not in there):
            broken.append(f"gone: {name}: {text}")
        elif not is_kept(name, text, found[name]):
            broken.append(f"changed: {name}:\n    from {text}\n    to   {found[name]}")
    command = f"python3 tests/lint/abi.py {compiler} {library} --write"
    if broken:
        broken.append(ADVICE.format(command=command))
    new = [f"new: {name}; add it to the list with\n    {command}" for name in sorted(found.keys() - listed.keys())]
    if list(listed) != sorted(listed):
        new.append("tests/api/symbols is not sorted")
    return finish("declarations of the release", broken + new, len(listed))


run_check(check)
