"""Manual pages are well-formed, and list exactly the settings that the program knows, with their defaults; docs/protocol.md lists
exactly the names that lists may hold.

Usage: manual.py [PROGRAM]: the program whose `settings` are compared."""

import re
import subprocess
import sys

from tree import ROOT, finish, name_of, run_check

# mandoc's wishes that are not mistakes.
HARMLESS = re.compile(r"STYLE: (?:referenced manual not found|useless macro: Tn)|lists? referenced manual not found|"
                      r"outdated mandoc\.db lacks")


def lint(pages):
    problems = []
    for page in pages:
        result = subprocess.run(["mandoc", "-T", "lint", "-W", "style", str(page)], capture_output=True, text=True, check=False)
        problems += [line for line in (result.stdout + result.stderr).splitlines() if line and not HARMLESS.search(line)]
    return problems


def settings_of(program):
    """Names as `sallyport settings` prints them: the first word of each line that starts with one."""
    output = subprocess.run([program, "settings"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^([a-z]\w*(?:\.\w+)+)\b", output, re.M))


def settings_in(pages):
    found = set()
    for page in pages:
        found.update(re.findall(r"^\.It (?:Cm|Ic|Va|Cd) ([a-z]\w*(?:\.\w+)+)", page.read_text(), re.M))
    return found


def names_of(program):
    """The names that each list may hold, as `sallyport settings` prints them."""
    output = subprocess.run([program, "settings"], capture_output=True, text=True, check=True).stdout
    return {name: names.split(",") for name, names in re.findall(r"^([a-z]\S+)\n(?: .*\n)*?    names:   (\S+)$", output, re.M)}


def names_in(document):
    """Rows of a table: the setting in code, then names in code."""
    rows = re.findall(r"^\| `([a-z]\w*\.\w+)`(.*?) \| (.*) \|$", document.read_text(), re.M)
    found = {}
    for first, more, names in rows:
        for setting in (first, *re.findall(r"`(\S+?)`", more)):
            found[setting] = re.findall(r"`(\S+?)`", names)
    return found


def check_names(program):
    known, listed = names_of(program), names_in(ROOT / "docs" / "protocol.md")
    problems = [f"docs/protocol.md has no row of names for {name}" for name in sorted(known.keys() - listed.keys())]
    problems += [f"docs/protocol.md has names for {name}, which is no list" for name in sorted(listed.keys() - known.keys())]
    for name in sorted(known.keys() & listed.keys()):
        if known[name] != listed[name]:
            problems.append(f"docs/protocol.md has other names for {name} than the program: {', '.join(known[name])}")
    return problems if known else ["the program knows no names"]


def check():
    pages = sorted((ROOT / "man").glob("*.[1-9]"))
    problems = lint(pages)
    if len(sys.argv) > 1:
        known = settings_of(sys.argv[1])
        described = settings_in(pages)
        problems += [f"setting without a place in the manual: {name}" for name in sorted(known - described)]
        problems += [f"the manual describes a setting that is none: {name}" for name in sorted(described - known)]
        if not known:
            problems.append("the program knows no settings")
        problems += check_names(sys.argv[1])
    return finish("manual pages", problems, len([name_of(page) for page in pages]))


run_check(check)
